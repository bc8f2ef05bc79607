//! Which users are registered until when, and calls to them that found no registration any more.

mod user;

use std::net::IpAddr;
use std::time::Duration;

pub use self::user::{Attempt, Expired, Failure, Lapse, Period, Seen, User};
use super::{Texts, add};
use crate::call::{Call, CapturedMessage, Origin, Outcome, Transaction, TransactionId};
use crate::diagnosis::own_words::OwnWords;
use crate::hashing::HashMap;
use crate::limits::{PATTERN_NAME, REGISTERED_USERS, SILENCES};
use crate::provenance::Timestamp;
use crate::sip::{HeaderName, Message, Method, Reason, StatusCode, UriView};

/// What a registrar that says nothing of it grants (RFC 3261 §10.2.1.1: its own choice; most take this).
const USUAL: Duration = Duration::from_hours(1);
/// Without any message for so long, the capture may have been stopped meanwhile.
const SILENCE: Duration = Duration::from_secs(20);

/// A server that knows that nobody is registered says so at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Registrations of the whole capture, by address of record.
#[derive(Debug, Default)]
pub struct Registered {
    users: HashMap<String, User>,
    texts: Texts,
    /// Users that found no room.
    forgotten: u64,
    /// When the latest message came.
    heard: Option<Timestamp>,
    /// Times in which nothing was captured.
    silences: Vec<(Timestamp, Timestamp)>,
}

impl Registered {
    /// Takes note of a call or group of requests that is over, in which a request failed or not.
    pub(in crate::diagnosis) fn observe(&mut self, call: &Call, fails: bool) {
        self.note_silence(call.start, call.end);
        if !call.is_invite() {
            let registers = call.transactions.iter().enumerate().filter(|(_, t)| t.method == Method::Register);
            for (at, transaction) in registers {
                self.register(call, TransactionId(at), transaction);
            }
        } else if !self.users.is_empty() {
            if call.outcome == Outcome::Answered {
                self.reach(call);
            } else if fails {
                self.fail(call);
            }
        }
    }

    fn note_silence(&mut self, start: Timestamp, end: Timestamp) {
        let Some(heard) = self.heard else {
            self.heard = Some(end);
            return;
        };
        if start.since(heard) >= SILENCE {
            if self.silences.len() >= SILENCES {
                self.silences.remove(0);
            }
            self.silences.push((heard, start));
        } else if start < heard {
            // A call that began before others shows that the capture ran on.
            for (from, until) in self.silences.iter_mut().rev().take_while(|(_, until)| *until > start) {
                if *from < start {
                    *until = start;
                }
            }
        }
        self.heard = Some(heard.max(end));
    }

    /// The time without any message that covers all of these times.
    pub fn silence(&self, from: Timestamp, until: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.silences.iter().copied().find(|(begin, end)| *begin <= from && until <= *end)
    }

    fn register(&mut self, call: &Call, id: TransactionId, transaction: &Transaction) {
        let Some(request) = transaction.request.and_then(|id| call.message(id)) else { return };
        let Some(name) = record_of(&request.message) else { return };
        let accepted = transaction.finals.iter().find(|f| StatusCode::is_success(f.status));
        let Some(response) = accepted.and_then(|f| call.message(f.message)) else {
            // What was corrected, or sent again with credentials, is told by what came of it.
            let renews = matches!(Wanted::of(&request.message), Some(Wanted::Binding(_))) && !call.is_step(id);
            if let Some(user) = self.users.get_mut(&name).filter(|_| renews) {
                user.attempt(Attempt {
                    seen: Seen::of(request),
                    status: transaction.failed_final().map(|f| f.status.0),
                    answer: transaction.failed_final().and_then(|f| call.message(f.message)).map(Seen::of),
                });
            }
            return;
        };
        let Some(wanted) = Wanted::of(&request.message) else {
            // Whoever only asks is told what is registered.
            let left = granted(&response.message).filter(|_| !response.message.contacts().is_empty());
            if let Some((user, left)) = self.users.get_mut(&name).zip(left) {
                user.hold(response.provenance.time, left);
            }
            return;
        };
        if !self.users.contains_key(&name) {
            let has_room = self.users.len() < REGISTERED_USERS && name.len() <= PATTERN_NAME && self.texts.has_room();
            if wanted == Wanted::Removal || !has_room {
                self.forgotten += u64::from(!has_room);
                return;
            }
            self.texts.add(name.len());
        }
        let user = self.users.entry(name).or_default();
        match wanted {
            Wanted::Removal => user.remove(response.provenance.time),
            Wanted::Binding(asked) => {
                let granted = granted(&response.message).or(asked).unwrap_or(USUAL);
                user.accept(transaction, Seen::of(response), granted);
            }
        }
    }

    /// Whoever is called in vain may have been reached before, by a registration that the capture does not show.
    fn reach(&mut self, call: &Call) {
        let Some(request) = call.initial_request() else { return };
        let user = request.message.target().and_then(|uri| self.users.get_mut(&record(&uri)?));
        if let Some(user) = user {
            user.reach(request.provenance.time);
        }
    }

    fn fail(&mut self, call: &Call) {
        for (at, transaction) in call.transactions.iter().enumerate() {
            let Some((name, failure)) = failure(call, TransactionId(at), transaction) else { continue };
            if let Some(user) = self.users.get_mut(&name) {
                user.fail(failure);
            }
        }
    }

    /// The registration that was over when a request of a call was refused at once, as far as it is known by now.
    pub fn over_before(&self, call: &Call, refused: &Transaction) -> Option<Expired<'_>> {
        // As a rule nobody registers.
        if self.users.is_empty() {
            return None;
        }
        let at = call.transactions.iter().position(|t| std::ptr::eq(t, refused))?;
        let (name, failure) = failure(call, TransactionId(at), refused)?;
        let (user, known) = self.users.get_key_value(&name)?;
        let (period, attempt) = known.over_before(&failure)?;
        // One that goes on is known only when it is over.
        if call.is_invite() && call.registered.is_some_and(|time| time > period.last.time.plus(user::GRACE)) {
            return None;
        }
        Some(Expired { user, period, attempt, failure })
    }

    /// Users to whom calls failed while they were not registered any more, with these calls, in the order of names.
    pub fn lapsed(&self) -> Vec<(&str, Lapse<'_>)> {
        let mut lapsed: Vec<_> = self.users.iter().filter_map(|(name, user)| Some((&**name, user.lapse()?))).collect();
        lapsed.sort_unstable_by_key(|(name, _)| *name);
        lapsed
    }

    /// The latest registration of a user that was accepted before that time.
    pub(in crate::diagnosis) fn accepted_before(&self, user: &str, time: Timestamp) -> Option<Seen> {
        self.users.get(user)?.accepted_before(time)
    }

    /// How many registrations found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// A call to a user that was refused at once, and the user.
fn failure(call: &Call, id: TransactionId, transaction: &Transaction) -> Option<(String, Failure)> {
    let response = no_registration(call, id, transaction)?;
    let request = transaction.request.and_then(|id| call.message(id))?;
    let name = record(&request.message.target()?)?;
    let failure = Failure {
        seen: Seen::of(response),
        time: transaction.start,
        status: response.message.status().map_or(0, |status| status.0),
        call: call.number,
    };
    Some((name, failure))
}

/// What a REGISTER asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnosis) enum Wanted {
    /// That contacts are taken away.
    Removal,
    /// That contacts are registered for a time.
    Binding(Option<Duration>),
}

impl Wanted {
    /// `None` of one that only asks what is registered.
    pub(in crate::diagnosis) fn of(request: &Message) -> Option<Self> {
        let contacts = request.contacts();
        if contacts.is_empty() {
            let is_star = request.header(HeaderName::Contact).is_some_and(|value| value.trim() == "*");
            return is_star.then_some(Self::Removal);
        }
        let of_all = seconds(request.header(HeaderName::Expires).as_deref());
        let asked = contacts.iter().map(|contact| seconds(contact.params.value("expires")).or(of_all));
        let longest = asked.max().flatten();
        Some(if longest == Some(Duration::ZERO) { Self::Removal } else { Self::Binding(longest) })
    }
}

/// For how long the longest of the bindings in a 200 is still there.
fn granted(response: &Message) -> Option<Duration> {
    let of_all = seconds(response.header(HeaderName::Expires).as_deref());
    let each = response.contacts().into_iter().map(|contact| seconds(contact.params.value("expires")).or(of_all));
    each.max().flatten().or(of_all)
}

fn seconds(value: Option<&str>) -> Option<Duration> {
    value?.trim().parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

/// The address of record that a REGISTER is for.
pub(in crate::diagnosis) fn record_of(request: &Message) -> Option<String> {
    record(&request.party(HeaderName::To)?)
}

/// The address of record that a URI names.
pub(super) fn record(uri: &UriView<'_>) -> Option<String> {
    let user = uri.user_name().filter(|user| !user.is_empty() && !uri.host.is_empty())?;
    Some(format!("sip:{user}@{}", uri.lower_host()))
}

/// The response by which a server says at once that nobody is registered: it began there, and nobody was asked behind.
fn no_registration<'a>(call: &'a Call, id: TransactionId, transaction: &Transaction) -> Option<&'a CapturedMessage> {
    let is_new = transaction.method == Method::Invite && !transaction.in_dialog && transaction.downstream.is_empty();
    if !is_new || transaction.cancelled_by.is_some() {
        return None;
    }
    let last = transaction.failed_final().filter(|f| matches!(f.status.0, 404 | 410 | 480))?;
    // Who looks elsewhere, or waits for a telephone that is woken up, takes longer.
    let response = call.message(last.message)?;
    let is_at_once = response.provenance.time.since(transaction.start) <= AT_ONCE;
    let has_rung = transaction.provisionals.iter().filter_map(|id| call.message(*id)).any(|m| {
        let status = m.message.status();
        status.is_some_and(|status| status != StatusCode(100))
    });
    let began_there = match call.origin_of_failure(id) {
        Some(Origin::Response(deepest, _)) => deepest == id,
        _ => true,
    };
    (is_at_once && !has_rung && began_there && !wants_no_calls(response)).then_some(response)
}

/// Whether a refusal says itself that the user was reached: it does not want to be disturbed, or is busy.
fn wants_no_calls(response: &CapturedMessage) -> bool {
    response.message.reasons().iter().any(was_reached) || OwnWords::of(&response.message).is_some()
}

/// Whether a reason is that of a called party that is busy, or rejects the call: it was reached.
fn was_reached(reason: &Reason) -> bool {
    reason.is("Q.850") && matches!(reason.cause, Some(17 | 21))
        || reason.is("SIP") && matches!(reason.cause, Some(486 | 600 | 603 | 607))
}

/// Adds a registrar to those of a user.
fn add_server(servers: &mut Vec<IpAddr>, server: IpAddr) {
    if !servers.contains(&server) && servers.len() < user::SERVERS {
        add(servers, server);
    }
}
