//! INVITEs to a callee that has rejected the caller with 607, or whose network has blocked the call (603+): over another
//! route, again, or under another calling number.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::super::super::Evidence;
use super::super::super::thresholds::Thresholds;
use super::super::recent::{self, Mark, Place, Recent};
use super::super::{Texts, add, cited, line_cited, line_to_cite};
use super::Invite;
use crate::call::network_block::NetworkBlock;
use crate::call::{AttemptCause, Call, CallNumber, CapturedMessage, Outcome, TransactionId};
use crate::hashing::{HashMap, HashSet};
use crate::limits::{
    PATTERN_NAME, PATTERN_SOFTWARE, REJECTED_PAIRS, REJECTIONS_PER_PAIR, ROTATION_SENDS, SENDS_AFTER_REJECTION,
    UNWANTED_RECENT_INVITES,
};
use crate::provenance::{Endpoint, Timestamp};
use crate::shorten;
use crate::sip::uri::UserAtHost;
use crate::sip::{HeaderName, Message, NameAddr, StatusCode};

/// Elements that try another route do so within this time; people who dial again take longer.
const ON_ITS_OWN: Duration = Duration::from_secs(3);

/// A client, a caller and a callee.
type Key = (IpAddr, Arc<str>, Arc<str>);

/// INVITEs with their callers.
type Sends = Vec<(Arc<str>, Sent)>;

/// What an INVITE was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejecting {
    /// 607.
    Unwanted,
    /// 603+: 603 Network Blocked.
    NetworkBlock,
}

/// INVITEs after a 607 or a 603+ in the whole capture.
#[derive(Debug)]
pub struct Again {
    rejected: HashMap<Key, Rejected>,
    /// The latest INVITEs by client and callee, since a call with a 607 may close after the one that follows it.
    recent: Recent<Noted, 2, 4>,
    /// For each client and callee with a 607: INVITEs with their callers, whoever they are.
    to_callee: HashMap<(IpAddr, Arc<str>), Sends>,
    /// Marks of what is in the tables, of callees and of callers: of other INVITEs nothing is looked up.
    known: HashSet<Mark>,
    texts: Texts,
    /// 607s that found no room, or whose parties have names that find none.
    forgotten: u64,
}

impl Default for Again {
    fn default() -> Self {
        let recent = Recent::with_room(UNWANTED_RECENT_INVITES);
        let (rejected, to_callee, known) = (HashMap::default(), HashMap::default(), HashSet::default());
        Self { rejected, recent, to_callee, known, texts: Texts::default(), forgotten: 0 }
    }
}

/// 607s that a client received about one caller and one callee, and what it sent.
#[derive(Debug, Default)]
struct Rejected {
    rejections: Vec<Rejection>,
    sent: Vec<Sent>,
    /// INVITEs that found no room.
    more: u64,
}

/// A 607 or 603+.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// Which of the two.
    pub kind: Rejecting,
    /// When it came.
    pub time: Timestamp,
    /// Its call.
    pub call: CallNumber,
    /// The next hop that it came from.
    pub server: Endpoint,
    /// The response, or the BYE.
    pub evidence: Evidence,
    /// Whether it is the Reason of the BYE by which the called side ended the call (RFC 8197 §4).
    pub after_answer: bool,
}

/// An INVITE.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When it was sent.
    pub time: Timestamp,
    /// Its call.
    pub call: CallNumber,
    /// Its sender.
    pub client: Endpoint,
    /// Its sender's User-Agent.
    pub software: Option<String>,
    /// The next hop.
    pub server: Endpoint,
    /// The request.
    pub evidence: Evidence,
    /// Why it was sent: `None` at hops behind the one nearest the caller.
    because: Option<AttemptCause>,
    /// When its sender had received the call itself, if the capture shows that.
    received: Option<Timestamp>,
    /// Whether it says that it diverts the call to somebody else, such as a voicemail, and the first INVITE of its call does not.
    diverts: bool,
    /// Whether its call was answered, and the called side did not complain then.
    pub answered: bool,
}

/// An INVITE as it is noted in case that a call with a 607 closes later. Its texts are caller, callee, software and start line.
#[derive(Debug, Clone, Copy)]
struct Noted {
    call: CallNumber,
    place: Place,
    because: Option<AttemptCause>,
    received: Option<Timestamp>,
    diverts: bool,
    answered: bool,
}

impl Noted {
    /// The same for keeps.
    fn sent(self, software: String, start_line: String) -> Sent {
        let Self { call, place, because, received, diverts, answered } = self;
        Sent {
            time: place.time,
            call,
            client: place.source,
            software: Some(software).filter(|software| !software.is_empty()),
            server: place.destination,
            evidence: place.evidence("the INVITE after it", line_cited(start_line)),
            because,
            received,
            diverts,
            answered,
        }
    }
}

/// An INVITE with the 607 that it follows.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// The latest 607 before it.
    pub rejection: &'a Rejection,
    /// The INVITE.
    pub sent: &'a Sent,
    /// The caller of the INVITE.
    pub caller: &'a str,
    /// The callee.
    pub callee: &'a str,
}

impl After<'_> {
    /// From the 607 to the INVITE.
    pub fn gap(self) -> Duration {
        self.sent.time.since(self.rejection.time)
    }

    /// Whether the caller itself may have called again: the capture does not show who gave the later call to the element, and routes
    /// are tried sooner.
    pub fn may_be_a_new_call(self) -> bool {
        self.sent.call != self.rejection.call && self.sent.received.is_none() && self.gap() > ON_ITS_OWN
    }

    /// Whether the same element tried another next hop on its own.
    fn is_advance(self, lines: &Thresholds) -> bool {
        let forwards_retry = self.sent.received.is_some_and(|received| received > self.rejection.time);
        self.sent.server != self.rejection.server
            && self.gap() <= lines.advance_window
            && !forwards_retry
            // The called side's own voicemail, or whom it forwards calls to, is no route to the one who rejected it.
            && !self.sent.diverts
            // A call that was answered is over: the next one is a decision to call.
            && !self.rejection.after_answer
            && !matches!(self.sent.because, Some(AttemptCause::Redirect(_)))
    }

    /// Whether the caller called once more.
    fn is_retry(self, lines: &Thresholds) -> bool {
        self.sent.is_own() && self.gap() <= lines.retry_window && !self.is_advance(lines)
    }
}

/// An INVITE under another calling number than the one that was rejected.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    /// The INVITE, with the 607 before it.
    pub after: After<'a>,
    /// The calling number that had been rejected.
    pub former: &'a str,
}

impl Sent {
    /// Octets of its texts.
    fn octets(&self) -> usize {
        self.evidence.text.len() + self.software.as_ref().map_or(0, String::len)
    }

    /// Whether it was the caller's own decision to call: neither a hop nor a step of a call.
    fn is_own(&self) -> bool {
        matches!(self.because, Some(AttemptCause::First | AttemptCause::Again(_)))
    }
}

impl Again {
    /// Takes note of a closed call; `complaint` is the BYE by which the called side said 607.
    pub(super) fn observe(
        &mut self,
        call: &Call,
        invites: &[Invite<'_>],
        is_unwanted: bool,
        complaint: Option<&CapturedMessage>,
    ) {
        for invite in invites {
            let (Some(from), Some(to)) = (&invite.names.caller, &invite.names.callee) else { continue };
            if from.len().max(to.len()) > PATTERN_NAME {
                self.forgotten += u64::from(rejecting(call, invite.id, is_unwanted).is_some());
                continue;
            }
            let client = invite.request.provenance.flow.source.address;
            // Of most INVITEs nothing is looked up.
            let key: LazyCell<Key, _> = LazyCell::new(|| (client, from.as_ref().into(), to.as_ref().into()));
            if let Some(kind) = rejecting(call, invite.id, is_unwanted) {
                self.reject(call, invite.id, &key, kind);
            } else if let Some(bye) = complaint.filter(|_| call.answered_transaction() == Some(invite.id)) {
                let evidence = Evidence::header(bye, HeaderName::Reason, "the BYE with Reason 607");
                self.note(&key, rejection(call, invite.id, Rejecting::Unwanted, bye, evidence));
            }
            let message = &invite.request.message;
            let answered = call.outcome == Outcome::Answered && complaint.is_none();
            let noted = Noted { answered, ..noted(call, invites, invite) };
            let software = shorten::to_octets(message.software_of_sender().unwrap_or_default(), PATTERN_SOFTWARE);
            let sent = || noted.sent(software.clone().into_owned(), message.start_line().into_owned());
            let marks @ [of_callee, of_caller] = marks(client, from, to);
            if self.known.contains(&of_callee) {
                self.calls(&key, (noted.place.time, call.number), sent);
            }
            if self.known.contains(&of_caller)
                && let Some(rejected) = self.rejected.get_mut(&*key)
            {
                rejected.push(sent(), &mut self.texts);
            }
            self.recent.push(
                marks,
                noted,
                [from.as_bytes(), to.as_bytes(), software.as_bytes(), line_to_cite(message)],
            );
        }
    }

    /// Takes note of an INVITE to a callee that may have rejected somebody.
    fn calls(&mut self, (client, from, to): &Key, (time, call): (Timestamp, CallNumber), sent: impl Fn() -> Sent) {
        let sends = self.to_callee.get_mut(&(*client, to.clone()));
        if let Some(sends) = sends.filter(|sends| self.texts.has_room() && has_room(sends, time, call)) {
            push_caller(sends, from.clone(), sent(), &mut self.texts);
        }
    }

    /// INVITEs of that client to that callee that were noted lately: those that share a kind of mark.
    fn noted<'r>(&'r self, kind: usize, key: &'r Key) -> impl Iterator<Item = recent::Noted<'r, Noted, 2, 4>> {
        let (client, from, to) = key;
        let mark = marks(*client, from, to).get(kind).copied();
        let noted = mark.into_iter().flat_map(move |mark| self.recent.with_mark(kind, mark));
        noted.filter(move |noted| noted.item().place.source.address == *client && noted.is(1, to))
    }

    fn reject(&mut self, call: &Call, id: TransactionId, key: &Key, kind: Rejecting) {
        let Some(response) = call.decisive_final(id).and_then(|last| call.message(last.message)) else { return };
        let what = match kind {
            Rejecting::Unwanted => "the 607",
            Rejecting::NetworkBlock => "the block by a network",
        };
        self.note(key, rejection(call, id, kind, response, Evidence::of(response, what)));
    }

    fn note(&mut self, key: &Key, rejection: Rejection) {
        let kind = rejection.kind;
        if !self.texts.has_room() {
            self.forgotten += 1;
            return;
        }
        if !self.rejected.contains_key(key) {
            if self.rejected.len() >= REJECTED_PAIRS {
                self.forgotten += 1;
                return;
            }
            let (mut rejected, mut texts) = (Rejected::default(), std::mem::take(&mut self.texts));
            for noted in self.noted(CALLER, key).filter(|noted| noted.is(0, &key.1)) {
                rejected.push(sent(&noted), &mut texts);
            }
            texts.add(key.1.len() + key.2.len());
            self.texts = texts;
            let [_, of_caller] = marks(key.0, &key.1, &key.2);
            self.known.insert(of_caller);
            self.rejected.insert(key.clone(), rejected);
        }
        if kind == Rejecting::Unwanted {
            self.watch_callee(key);
        }
        if let Some(rejected) = self.rejected.get_mut(key) {
            self.texts.add(rejection.evidence.text.len());
            add(&mut rejected.rejections, rejection);
            rejected.rejections.sort_by_key(|r| (r.time, r.call));
            if rejected.rejections.len() > REJECTIONS_PER_PAIR {
                let last = rejected.rejections.pop();
                self.texts.remove(last.map_or(0, |last| last.evidence.text.len()));
            }
        }
    }

    /// Remembers what its client sends to a callee from now on, and what it sent lately.
    fn watch_callee(&mut self, key: &Key) {
        let (client, _, callee) = key;
        let watched = (*client, callee.clone());
        if self.to_callee.contains_key(&watched) || self.to_callee.len() >= REJECTED_PAIRS {
            return;
        }
        let (mut sends, mut texts) = (Vec::new(), std::mem::take(&mut self.texts));
        for noted in self.noted(CALLEE, key) {
            if has_room(&sends, noted.item().place.time, noted.item().call) {
                push_caller(&mut sends, noted.text(0).into(), sent(&noted), &mut texts);
            }
        }
        self.texts = texts;
        let [of_callee, _] = marks(*client, "", callee);
        self.known.insert(of_callee);
        self.to_callee.insert(watched, sends);
    }

    /// INVITEs to another next hop shortly after a 607, the earliest for each pair of caller and callee, by client.
    pub fn advances(&self, lines: &Thresholds) -> BTreeMap<IpAddr, Vec<After<'_>>> {
        self.by_client(Rejecting::Unwanted, |after| after.is_advance(lines))
    }

    /// INVITEs by which a caller tried again, by client.
    pub fn retries(&self, lines: &Thresholds) -> BTreeMap<IpAddr, Vec<After<'_>>> {
        self.by_client(Rejecting::Unwanted, |after| after.is_retry(lines))
    }

    /// INVITEs after a block by a network: to another next hop, or again at once, by client.
    pub fn after_blocks(&self, lines: &Thresholds) -> BTreeMap<IpAddr, Vec<After<'_>>> {
        let at_once = |after: After<'_>| after.is_retry(lines) && after.gap() <= lines.retry_at_once;
        let soon = |after: After<'_>| after.is_advance(lines) || at_once(after);
        self.by_client(Rejecting::NetworkBlock, soon)
    }

    /// INVITEs to a callee that had rejected another number of the same client within `window`, each with the latest such
    /// 607, by client. Only telephone numbers count; a callee with as many different callers as `crowd` is left out.
    pub fn rotations(&self, window: Duration, crowd: usize) -> BTreeMap<IpAddr, Vec<Rotation<'_>>> {
        let is_number = |party: &str| party.bytes().all(|b| b.is_ascii_digit());
        let mut rejected: HashMap<(IpAddr, &str), Vec<(&str, &Rejection)>> = HashMap::default();
        for ((client, caller, callee), known) in self.rejected.iter().filter(|((_, caller, _), _)| is_number(caller)) {
            let unwanted = known.rejections.iter().filter(|r| r.kind == Rejecting::Unwanted);
            rejected.entry((*client, callee)).or_default().extend(unwanted.map(|r| (caller.as_ref(), r)));
        }
        let mut clients: BTreeMap<IpAddr, Vec<Rotation<'_>>> = BTreeMap::new();
        let is_crowd = |sends: &[(Arc<str>, Sent)]| {
            sends.len() >= crowd && sends.iter().map(|(c, _)| c).collect::<BTreeSet<_>>().len() >= crowd
        };
        for ((client, callee), sends) in self.to_callee.iter().filter(|(_, sends)| !is_crowd(sends)) {
            let rejections = rejected.get(&(*client, callee.as_ref())).map(Vec::as_slice).unwrap_or_default();
            for (caller, sent) in sends.iter().filter(|(caller, sent)| is_number(caller) && sent.is_own()) {
                let before = |(other, r): &&(&str, &Rejection)| {
                    *other != caller.as_ref() && r.time < sent.time && sent.time.since(r.time) <= window
                };
                let latest = rejections.iter().filter(before).max_by_key(|(former, r)| (r.time, *former));
                if let Some((former, rejection)) = latest {
                    let after = After { rejection, sent, caller, callee };
                    clients.entry(*client).or_default().push(Rotation { after, former });
                }
            }
        }
        for rotations in clients.values_mut() {
            rotations.sort_by_key(|r| (r.after.sent.time, r.after.sent.call, r.after.callee));
        }
        clients
    }

    /// How many 607s, and INVITEs after one, found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten + self.rejected.values().map(|r| r.more).sum::<u64>()
    }

    fn by_client<'a>(
        &'a self,
        kind: Rejecting,
        wanted: impl Fn(After<'a>) -> bool,
    ) -> BTreeMap<IpAddr, Vec<After<'a>>> {
        let mut clients: BTreeMap<IpAddr, Vec<After<'_>>> = BTreeMap::new();
        // In any order: what is found is sorted, by the parties last.
        let followed = self.rejected.iter().filter(|(_, rejected)| !rejected.sent.is_empty());
        for ((client, caller, callee), rejected) in followed {
            let after = rejected.sent.iter().filter_map(|sent| {
                let before = |r: &&Rejection| r.kind == kind && r.time < sent.time;
                let rejection = rejected.rejections.iter().rfind(before)?;
                Some(After { rejection, sent, caller, callee }).filter(|after| wanted(*after))
            });
            clients.entry(*client).or_default().extend(after);
        }
        clients.retain(|_, after| !after.is_empty());
        for after in clients.values_mut() {
            after.sort_by_key(|a| (a.sent.time, a.sent.call, a.caller, a.callee));
        }
        clients
    }
}

impl Rejected {
    fn push(&mut self, sent: Sent, texts: &mut Texts) {
        if !texts.has_room() {
            self.more += 1;
            return;
        }
        texts.add(sent.octets());
        add(&mut self.sent, sent);
        self.sent.sort_by_key(|s| (s.time, s.call));
        if self.sent.len() > SENDS_AFTER_REJECTION {
            // The earliest stay, but none that came before the first 607.
            let first = self.rejections.first().map(|r| r.time);
            let useless = self.sent.first().is_some_and(|s| first.is_none_or(|first| s.time < first));
            let gone = if useless { Some(self.sent.remove(0)) } else { self.sent.pop() };
            self.more += u64::from(!useless);
            texts.remove(gone.map_or(0, |gone| gone.octets()));
        }
    }
}

fn rejection(call: &Call, id: TransactionId, kind: Rejecting, said: &CapturedMessage, evidence: Evidence) -> Rejection {
    Rejection {
        kind,
        time: said.provenance.time,
        call: call.number,
        server: call.transaction(id).map_or(said.provenance.flow.source, |t| t.server),
        evidence: cited(evidence),
        after_answer: said.message.is_request(),
    }
}

/// Whether a transaction was rejected; `is_unwanted` says that its call was rejected with a 607 that counts.
fn rejecting(call: &Call, id: TransactionId, is_unwanted: bool) -> Option<Rejecting> {
    let last = call.decisive_final(id)?;
    match last.status {
        StatusCode(607) => is_unwanted.then_some(Rejecting::Unwanted),
        StatusCode(603) => NetworkBlock::of(&call.message(last.message)?.message).map(|_| Rejecting::NetworkBlock),
        _ => None,
    }
}

/// Whether an INVITE is among the earliest ones to a callee.
fn has_room(sends: &Sends, time: Timestamp, call: CallNumber) -> bool {
    sends.len() < ROTATION_SENDS || sends.last().is_none_or(|(_, last)| (time, call) < (last.time, last.call))
}

/// Keeps the earliest INVITEs to a callee.
fn push_caller(sends: &mut Sends, caller: Arc<str>, sent: Sent, texts: &mut Texts) {
    texts.add(caller.len() + sent.octets());
    add(sends, (caller, sent));
    sends.sort_by_key(|(_, s)| (s.time, s.call));
    if sends.len() > ROTATION_SENDS
        && let Some((caller, last)) = sends.pop()
    {
        texts.remove(caller.len() + last.octets());
    }
}

/// The marks of INVITEs: what those of a client to a callee have in common, whoever calls, and what those of one caller have.
fn marks(client: IpAddr, from: &str, to: &str) -> [Mark; 2] {
    let all = Mark::of(&(client, to));
    [all, Mark::of(&(all, from))]
}

/// The kind of mark that INVITEs to one callee share.
const CALLEE: usize = 0;
/// The kind that those of one caller to it share.
const CALLER: usize = 1;

/// A noted INVITE for keeps.
fn sent(noted: &recent::Noted<'_, Noted, 2, 4>) -> Sent {
    noted.item().sent(noted.text(2), noted.text(3))
}

fn noted(call: &Call, invites: &[Invite<'_>], invite: &Invite<'_>) -> Noted {
    let place = Place::of(&invite.request.provenance);
    let received = invites
        .iter()
        .map(|other| &other.request.provenance)
        .filter(|other| other.flow.destination.address == place.source.address && other.time <= place.time)
        .map(|other| other.time)
        .max();
    let because = call.attempts.iter().find(|a| a.transaction == invite.id).map(|a| a.because);
    // One that came diverted already is still the same call wherever it goes on.
    let came = || invites.first().is_some_and(|first| diverts(&first.request.message));
    let diverts = diverts(&invite.request.message) && !came();
    Noted { call: call.number, place, because, received, diverts, answered: false }
}

/// Whether a request names who diverts the call (RFC 5806, RFC 7044), or why a voicemail or another service gets it (RFC 4458).
fn diverts(request: &Message) -> bool {
    request.has(HeaderName::Diversion)
        || request.request_uri_text().is_some_and(|uri| uri.contains(";cause="))
        || names_several(request)
}

/// Whether the history of a request names more than one user whom it was for.
fn names_several(request: &Message) -> bool {
    let (mut first, mut differs) = (None::<String>, false);
    request.each_value(HeaderName::HistoryInfo, |value| {
        let user = NameAddr::uri_of(value).and_then(UserAtHost::read).and_then(|uri| uri.user);
        let Some(user) = user else { return };
        differs |= first.as_deref().is_some_and(|first| first != user);
        first.get_or_insert_with(|| user.to_owned());
    });
    differs
}
