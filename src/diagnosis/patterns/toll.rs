//! Calls abroad and to premium rates, by the address and by the caller that they come from: what fraud at the cost of an exchange looks like.

mod dialled;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

pub use pattern::{Mark, Pattern, Test};

use super::super::accepted::form::country_code;
use super::super::names::Names;
use super::software_of_sender;
use super::unwanted::Invite;
use crate::call::{Call, CallNumber, CapturedMessage, Outcome};
use crate::hashing;
use crate::limits::{PATTERN_NAME, TOLL_ACCOUNTS, TOLL_ATTEMPTS, TOLL_ATTEMPTS_PER_PARTY, TOLL_SOURCES};
use crate::provenance::{Endpoint, FrameRef, Timestamp};
use crate::sip::uri::address_of;
use crate::sip::{Message, Method};
use crate::stir::telephone_number::NumberView;

/// The time in which attempts belong together.
pub(super) const WINDOW: Duration = Duration::from_mins(10);
/// How often it is looked who called too long ago, where there is no room.
const SWEEP: Duration = Duration::from_mins(1);

/// Such calls of the whole capture. Nearly all calls stay at home, and are none.
#[derive(Debug, Default)]
pub struct Toll {
    sources: BTreeMap<IpAddr, Party>,
    accounts: BTreeMap<Box<str>, Party>,
    /// Attempts of all of them.
    held: usize,
    /// When room was made last.
    swept: Option<Timestamp>,
    /// Calls that found no room.
    forgotten: u64,
}

/// Whoever makes such calls.
#[derive(Debug, Default)]
pub struct Party {
    /// The latest ones, or those of the pattern and what came soon after it, in order of time.
    attempts: Vec<Attempt>,
    /// Whether it is one caller, rather than an address.
    is_account: bool,
    /// Whether they hold a pattern.
    is_told: bool,
    /// Whose calls made that pattern.
    callers: BTreeSet<u64>,
    /// Further ones of these callers behind them.
    pub later: u64,
    /// Those of them that were answered.
    pub answered_later: u64,
    /// The User-Agent value of the first.
    pub software: Option<String>,
}

/// A call to such a number, or to digits that may be one.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it began.
    pub time: Timestamp,
    /// Where it stands.
    pub frame: FrameRef,
    /// Who asked.
    pub client: Endpoint,
    /// Whom.
    pub server: Endpoint,
    /// The call.
    pub call: CallNumber,
    /// The caller, as a hash.
    caller: u64,
    /// What was dialled.
    pub dialled: Box<str>,
    /// How many digits at the end of it are a number abroad, or of a premium rate, with country code; 0 where that is not known.
    abroad: usize,
    /// What became of it.
    pub fate: Fate,
    /// Whether the server took credentials that came with it.
    pub is_admitted: bool,
    /// Whether its sender had it from somebody else.
    pub was_forwarded: bool,
    /// Whether it bears the marks of SIPp, which makes calls for tests.
    pub is_of_sipp: bool,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A 2xx, and how long people talked where that is known.
    Answered(Option<Duration>),
    /// A challenge, 403, 404, 484 or the like: this number, or this caller, gets no call. Or no answer at all.
    TurnedAway,
    /// Something else: busy, cancelled, an outage.
    Other,
}

impl Toll {
    /// Takes note of a closed call. `home` is the country code of numbers without one.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>], home: &str) {
        let Some(invite) = invites.first() else { return };
        let Some(dialled) = costly(&invite.names, home) else { return };
        let is_first = call.initial_request().is_some_and(|request| std::ptr::eq(request, invite.request));
        if !is_first {
            return;
        }
        let caller = invite.names.caller.as_deref();
        let mut attempt = Attempt::of(call, invite.request, dialled, home);
        // Of callers who withhold their names there may be many.
        let hashing = hashing::shared();
        attempt.caller = caller.map_or_else(|| hashing.hash_one(attempt.call.0), |name| hashing.hash_one(name));
        let source = attempt.client.address;
        let name = caller.filter(|name| name.len() <= PATTERN_NAME);
        if self.held >= TOLL_ATTEMPTS || self.sources.len() >= TOLL_SOURCES || self.accounts.len() >= TOLL_ACCOUNTS {
            self.make_room(attempt.time);
        }
        let has_room = self.held < TOLL_ATTEMPTS;
        let known = self.sources.contains_key(&source);
        let by_source = (known || self.sources.len() < TOLL_SOURCES) && has_room;
        let by_account =
            name.filter(|name| has_room && (self.accounts.len() < TOLL_ACCOUNTS || self.accounts.contains_key(*name)));
        if !by_source || name.is_some() && by_account.is_none() {
            self.forgotten += 1;
        }
        let software = || software_of_sender(&invite.request.message);
        if let Some(name) = by_account {
            if !self.accounts.contains_key(name) {
                self.accounts.insert(name.into(), Party { is_account: true, software: software(), ..Party::default() });
            }
            if let Some(account) = self.accounts.get_mut(name) {
                account.add(attempt.clone(), home, &mut self.held);
            }
        }
        if by_source {
            let source =
                self.sources.entry(source).or_insert_with(|| Party { software: software(), ..Party::default() });
            source.add(attempt, home, &mut self.held);
        }
    }

    /// Forgets whoever called so long ago that nothing further belongs to it.
    fn make_room(&mut self, now: Timestamp) {
        if self.swept.is_some_and(|swept| now.since(swept) < SWEEP) {
            return;
        }
        self.swept = Some(now);
        let held = &mut self.held;
        let mut stays = |party: &Party| {
            let stays = party.is_told || party.attempts.last().is_some_and(|last| now.since(last.time) <= WINDOW);
            *held = held.saturating_sub(if stays { 0 } else { party.attempts.len() });
            stays
        };
        self.sources.retain(|_, party| stays(party));
        self.accounts.retain(|_, party| stays(party));
    }

    /// Addresses with the patterns in their calls, in the order of addresses.
    pub fn sources<'a>(&'a self, home: &'a str) -> impl Iterator<Item = (IpAddr, &'a Party, Pattern<'a>)> {
        self.sources.iter().filter_map(move |(address, party)| Some((*address, party, party.pattern(home)?)))
    }

    /// Callers with the patterns in their calls, in the order of names.
    pub fn accounts<'a>(&'a self, home: &'a str) -> impl Iterator<Item = (&'a str, &'a Party, Pattern<'a>)> {
        self.accounts.iter().filter_map(move |(name, party)| Some((name.as_ref(), party, party.pattern(home)?)))
    }

    /// How many calls found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Party {
    fn pattern(&self, home: &str) -> Option<Pattern<'_>> {
        Pattern::of(&self.attempts, home, self.is_account)
    }

    fn add(&mut self, attempt: Attempt, home: &str, held: &mut usize) {
        if self.attempts.len() >= TOLL_ATTEMPTS_PER_PARTY {
            if !self.is_told {
                let callers = self.pattern(home).map(|p| p.marked.iter().map(|attempt| attempt.caller).collect());
                self.is_told = callers.is_some();
                self.callers = callers.unwrap_or_default();
            }
            if self.is_told {
                let is_of_these = self.callers.contains(&attempt.caller);
                self.later += u64::from(is_of_these);
                self.answered_later += u64::from(is_of_these && matches!(attempt.fate, Fate::Answered(_)));
                return;
            }
            // At least a quarter of them makes room.
            let quarter = self.attempts.get(TOLL_ATTEMPTS_PER_PARTY / 4).map_or(attempt.time, |at| at.time);
            let before = self.attempts.len();
            self.attempts.retain(|known| known.time > quarter && attempt.time.since(known.time) <= WINDOW);
            *held = held.saturating_sub(before - self.attempts.len());
        }
        // Calls are over in another order than they begin.
        let place = self.attempts.partition_point(|known| (known.time, known.frame) <= (attempt.time, attempt.frame));
        if self.attempts.is_empty() {
            self.attempts.reserve_exact(1);
        }
        self.attempts.insert(place, attempt);
        *held += 1;
    }
}

impl Attempt {
    fn of(call: &Call, request: &CapturedMessage, dialled: &str, home: &str) -> Self {
        let provenance = &request.provenance;
        let is_challenged = |status: u16| matches!(status, 401 | 403 | 407);
        let mut authenticated =
            call.transactions.iter().filter(|t| t.method == Method::Invite && call.has_credentials(t));
        let is_admitted = authenticated.any(|t| t.finals.first().is_some_and(|last| !is_challenged(last.status.0)));
        Self {
            time: provenance.time,
            frame: provenance.frame,
            client: provenance.flow.source,
            server: provenance.flow.destination,
            call: call.number,
            caller: 0,
            dialled: dialled.into(),
            abroad: dialled::abroad(dialled, home).map_or(0, str::len),
            fate: Fate::of(call),
            is_admitted,
            was_forwarded: request.message.has_several_vias(),
            is_of_sipp: is_of_sipp(&request.message),
        }
    }

    /// The number abroad, where it is one as it was written.
    fn number(&self) -> Option<&str> {
        self.dialled
            .len()
            .checked_sub(self.abroad)
            .and_then(|at| self.dialled.get(at..))
            .filter(|number| !number.is_empty())
    }
}

impl Fate {
    fn of(call: &Call) -> Self {
        let status = call.final_response.and_then(|id| call.message(id)).and_then(|last| last.message.status());
        match (call.outcome, status.map(|s| s.0)) {
            (Outcome::Answered, _) => Self::Answered(call.talk_time()),
            (_, Some(401 | 403 | 404 | 407 | 484 | 604)) | (Outcome::NoResponse, None) => Self::TurnedAway,
            _ => Self::Other,
        }
    }
}

/// Whether a request names SIPp, or has a Call-ID as SIPp writes it: the number of the call, that of the process, and an address.
pub(in crate::diagnosis) fn is_of_sipp(request: &Message) -> bool {
    let names_it = |software: &str| software.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"sipp"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let own = || {
        let id = std::str::from_utf8(request.call_id()?).ok()?;
        let (numbers, host) = id.split_once('@')?;
        let (call, process) = numbers.split_once('-')?;
        Some(is_number(call) && is_number(process) && address_of(host).is_some())
    };
    request.software_in_place().is_some_and(|name| names_it(&name)) || own().unwrap_or_default()
}

/// What was dialled, unless it surely leads to somebody at home.
fn costly<'n>(names: &'n Names<'_>, home: &str) -> Option<&'n str> {
    let number = names.dialled.as_ref()?;
    if dialled::is_at_home(number, home) {
        return None;
    }
    let dialled = names.target.as_ref()?.user_name().filter(|user| dialled::is_dialled(user))?;
    // At home is also where the caller is.
    let own = names.calling.as_ref().filter(|own| own.is_international()).and_then(|own| country_code(&own.digits));
    let is_own = |number: &NumberView<'_>| {
        let code = own.filter(|own| number.is_international() && country_code(&number.digits) == Some(*own));
        code.is_some_and(|code| dialled::is_at_home(number, &code.to_string()))
    };
    (!is_own(number)).then_some(dialled)
}

#[cfg(test)]
mod tests;
