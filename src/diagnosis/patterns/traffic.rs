//! Who calls whom in the whole capture, how fast, and how the calls end: by the element that sends the calls, and by calling
//! number.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::super::Evidence;
use super::super::names::Names;
use super::unwanted::Invite;
use crate::call::{Call, CallNumber, CapturedMessage, Outcome};
use crate::hashing::{self, HashMap, HashSet};
use crate::lang::Text;
use crate::limits::{
    PATTERN_NAME, TRAFFIC_ATTEMPTS, TRAFFIC_ATTEMPTS_PER_CALLER, TRAFFIC_CALLERS, TRAFFIC_EXAMPLES, TRAFFIC_SOURCES,
    TRAFFIC_SOURCES_PER_CALLER,
};
use crate::provenance::{Endpoint, Timestamp};

/// Whoever hangs up by then has hardly listened.
const SHORT_TALK: Duration = Duration::from_secs(6);

/// Calls of the whole capture.
#[derive(Debug, Default)]
pub struct Traffic {
    sources: BTreeMap<IpAddr, Source>,
    callers: HashMap<Box<str>, Caller>,
    /// Calls of sources or callers that found no room, or whose name has none.
    forgotten: u64,
}

/// One element that sends calls, at the hop nearest the caller.
#[derive(Debug)]
pub struct Source {
    /// Where it is.
    pub client: Endpoint,
    /// The User-Agent value of its first call.
    pub software: Option<String>,
    /// What became of its calls.
    pub counts: Counts,
    /// Its calls to telephone numbers, the first ones that ended.
    attempts: Vec<Attempt>,
    /// Its first calls.
    pub examples: Examples,
}

/// One calling number or other identity that is no secret.
#[derive(Debug)]
pub struct Caller {
    /// The element that sent its first call.
    pub client: Endpoint,
    /// The User-Agent value of that call.
    pub software: Option<String>,
    /// What became of its calls.
    pub counts: Counts,
    /// Other elements that sent its calls (the first ones): as a rule none did.
    others: BTreeSet<IpAddr>,
    /// Its calls to telephone numbers, the first ones that ended.
    attempts: Vec<Attempt>,
    /// Its first calls.
    pub examples: Examples,
}

/// What became of a number of calls.
#[derive(Debug, Default)]
pub struct Counts {
    /// All of them.
    pub calls: u64,
    /// Those that reached the called side, or a network that decided for it: no failure of servers, no silence.
    pub reached: u64,
    /// Those with a 2xx.
    pub answered: u64,
    /// Those of a known talk time.
    pub talked: u64,
    /// Those of them that ended within six seconds.
    pub short: u64,
    /// All talk time.
    pub talk_time: Duration,
    /// Those whose caller is known, by number or otherwise.
    pub named: u64,
    /// Those of them that ended with 607.
    pub unwanted: u64,
    /// Hashes of the called parties that answered 607 (the first ones).
    unwanted_callees: HashSet<u64>,
    /// The calls (the first ones) that ended with 607.
    pub unwanted_calls: Vec<CallNumber>,
}

/// The first calls and the first 607s as evidence.
#[derive(Debug, Default)]
pub struct Examples {
    requests: Vec<Evidence>,
    rejections: Vec<Evidence>,
}

/// A call to a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// When it began.
    pub time: Timestamp,
    /// The call.
    pub call: CallNumber,
    /// The calling number; `None` if there is none.
    pub caller: Option<u64>,
    /// The called number.
    pub callee: u64,
}

impl Traffic {
    /// Takes note of a closed call. `country` is the country code of numbers without one.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>], country: &str) {
        let Some(request) = call.initial_request() else { return };
        let client = request.provenance.flow.source;
        let known = invites.iter().find(|invite| std::ptr::eq(invite.request, request));
        let others;
        let names = if let Some(invite) = known {
            &invite.names
        } else {
            others = Names::of(&request.message, country);
            &others
        };
        let (from, to) = (names.caller.as_deref(), names.callee.as_deref());
        let seen = Seen::of(call, request, from, to);
        let mut is_forgotten = true;
        if let Some(source) = self.source(client, request) {
            is_forgotten = false;
            let room = Room { attempts: TRAFFIC_ATTEMPTS, examples: TRAFFIC_EXAMPLES };
            seen.note(&mut source.counts, &mut source.attempts, &mut source.examples, room);
        }
        if let Some(from) = from {
            is_forgotten |= !self.called_by(from, client, &seen);
        }
        self.forgotten += u64::from(is_forgotten);
    }

    /// What is known of an element; `None` if there is no room for a new one.
    fn source(&mut self, client: Endpoint, request: &CapturedMessage) -> Option<&mut Source> {
        let has_room = self.sources.len() < TRAFFIC_SOURCES;
        match self.sources.entry(client.address) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => has_room.then(|| place.insert(Source::new(client, request))),
        }
    }

    /// Takes note of a call of that caller; whether there is room for it. The name, which may also be too long, is copied only where
    /// it is new.
    fn called_by(&mut self, name: &str, client: Endpoint, seen: &Seen<'_>) -> bool {
        if let Some(known) = self.callers.get_mut(name) {
            known.add(client.address, seen);
            return true;
        }
        let has_room = self.callers.len() < TRAFFIC_CALLERS && name.len() <= PATTERN_NAME;
        if has_room {
            let mut new = Caller::new(client, seen.request);
            new.add(client.address, seen);
            self.callers.insert(name.into(), new);
        }
        has_room
    }

    /// Elements in a fixed order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// Those callers that are wanted, in a fixed order: of thousands hardly any are.
    pub fn callers(&self, wanted: impl Fn(&Caller) -> bool) -> impl Iterator<Item = (&str, &Caller)> {
        let callers = super::sorted(self.callers.iter().filter(|(_, caller)| wanted(caller)));
        callers.into_iter().map(|(name, caller)| (name.as_ref(), caller))
    }

    /// Numbers that somebody calls in the capture (as far as they are remembered).
    pub fn called(&self) -> BTreeSet<u64> {
        self.sources.values().flat_map(|source| source.attempts.iter().map(|attempt| attempt.callee)).collect()
    }

    /// How many calls found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// How much is remembered of one source or caller.
#[derive(Debug, Clone, Copy)]
struct Room {
    attempts: usize,
    examples: usize,
}

/// A call as it is noted.
struct Seen<'a> {
    call: &'a Call,
    request: &'a CapturedMessage,
    callee: Option<&'a str>,
    /// From the answer to the end of an answered call.
    talk_time: Option<Duration>,
    /// The call, where it goes to a telephone number.
    attempt: Option<Attempt>,
    /// Whether the caller may be told.
    named: bool,
    /// The 607 that ended the call, of a caller that may be told.
    rejection: Option<&'a CapturedMessage>,
}

impl<'a> Seen<'a> {
    fn of(call: &'a Call, request: &'a CapturedMessage, from: Option<&str>, callee: Option<&'a str>) -> Self {
        let last = call.final_response.filter(|_| from.is_some()).and_then(|id| call.message(id));
        // A 607 that an element made of a 603 is no word of the called party about the caller.
        let is_rejected = matches!(call.outcome, Outcome::UnwantedByCallee | Outcome::BlockedByNetwork);
        let rejection = last.filter(|last| is_rejected && last.message.status().is_some_and(|s| s.0 == 607));
        let (time, number) = (request.provenance.time, call.number);
        let attempt =
            callee.and_then(digits).map(|callee| Attempt { time, call: number, caller: from.and_then(digits), callee });
        let talk_time = if call.outcome == Outcome::Answered { call.talk_time() } else { None };
        Self { call, request, callee, talk_time, attempt, named: from.is_some(), rejection }
    }

    fn note(&self, counts: &mut Counts, attempts: &mut Vec<Attempt>, examples: &mut Examples, room: Room) {
        counts.add(self, room.attempts);
        if let Some(attempt) = self.attempt
            && attempts.len() < room.attempts
        {
            attempts.push(attempt);
        }
        keep(&mut examples.requests, self.request, || Text::new("an INVITE"), room.examples);
        if let Some(rejection) = self.rejection {
            keep(&mut examples.rejections, rejection, || Text::new("a 607"), room.examples);
        }
    }
}

/// Keeps the earliest ones: calls close in another order than they begin.
fn keep(kept: &mut Vec<Evidence>, message: &CapturedMessage, what: impl FnOnce() -> Text, room: usize) {
    let key = |e: &Evidence| (e.time, e.frame);
    let place = (message.provenance.time, message.provenance.frame);
    if kept.len() >= room && kept.last().is_some_and(|last| key(last) <= place) {
        return;
    }
    let evidence = super::cited(Evidence::of(message, what()));
    match kept.last_mut().filter(|_| room == 1) {
        Some(only) => *only = evidence,
        None => super::add(kept, evidence),
    }
    kept.sort_by_key(key);
    kept.truncate(room);
}

/// A party that is a telephone number.
fn digits(party: &str) -> Option<u64> {
    let digits = party.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // No such number is too large.
    if (1..=19).contains(&digits.len()) {
        return Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
    }
    party.parse().ok()
}

impl Counts {
    fn add(&mut self, seen: &Seen<'_>, room: usize) {
        self.calls += 1;
        self.reached += u64::from(reached(seen.call.outcome));
        self.answered += u64::from(seen.call.outcome == Outcome::Answered);
        if let Some(talk) = seen.talk_time {
            self.talked += 1;
            self.talk_time += talk;
            self.short += u64::from(talk <= SHORT_TALK);
        }
        self.named += u64::from(seen.named);
        if seen.rejection.is_some() {
            self.unwanted += 1;
            if self.unwanted_calls.len() < room {
                self.unwanted_calls.push(seen.call.number);
                self.unwanted_callees.extend(seen.callee.map(|callee| hashing::shared().hash_one(callee)));
            }
        }
    }

    /// Called parties that answered 607 (as far as they are remembered).
    pub fn unwanted_callees(&self) -> usize {
        self.unwanted_callees.len()
    }

    /// Answered calls among those that reached the called side, in percent (the answer-seizure ratio).
    pub fn answered_percent(&self) -> Option<u64> {
        (self.answered * 100).checked_div(self.reached)
    }

    /// Mean talk time.
    pub fn mean_talk_time(&self) -> Option<Duration> {
        self.talk_time.checked_div(u32::try_from(self.talked).ok()?)
    }
}

/// Whether the way a call ended says something about the called side.
fn reached(outcome: Outcome) -> bool {
    use Outcome::{
        Answered, BlockedByNetwork, Busy, Cancelled, Declined, IdentityRejected, NoAnswer, Rejected, UnwantedByCallee,
    };
    matches!(
        outcome,
        Answered
            | BlockedByNetwork
            | Busy
            | Cancelled
            | Declined
            | IdentityRejected
            | NoAnswer
            | Rejected
            | UnwantedByCallee
    )
}

impl Source {
    fn new(client: Endpoint, request: &CapturedMessage) -> Self {
        let (counts, examples) = (Counts::default(), Examples::default());
        Self { client, software: super::software_of_sender(&request.message), counts, attempts: Vec::new(), examples }
    }

    /// Its calls to telephone numbers in order of time; of very many the first ones.
    pub fn attempts(&self) -> Vec<Attempt> {
        sorted(&self.attempts)
    }
}

impl Caller {
    /// Elements that sent its calls (the first ones).
    pub fn sources(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.client.address).chain(self.others.iter().copied())
    }

    fn new(client: Endpoint, request: &CapturedMessage) -> Self {
        let (counts, examples) = (Counts::default(), Examples::default());
        let (software, others) = (super::software_of_sender(&request.message), BTreeSet::new());
        Self { client, software, counts, others, attempts: Vec::new(), examples }
    }

    fn add(&mut self, client: IpAddr, seen: &Seen<'_>) {
        if client != self.client.address && self.others.len() + 1 < TRAFFIC_SOURCES_PER_CALLER {
            self.others.insert(client);
        }
        let room = Room { attempts: TRAFFIC_ATTEMPTS_PER_CALLER, examples: 1 };
        seen.note(&mut self.counts, &mut self.attempts, &mut self.examples, room);
    }

    /// Its calls to telephone numbers in order of time; of very many the first ones.
    pub fn attempts(&self) -> Vec<Attempt> {
        sorted(&self.attempts)
    }
}

fn sorted(attempts: &[Attempt]) -> Vec<Attempt> {
    let mut sorted = attempts.to_vec();
    sorted.sort_unstable();
    sorted
}

impl Examples {
    /// The first calls.
    pub fn requests(&self) -> &[Evidence] {
        &self.requests
    }

    /// The first 607s.
    pub fn rejections(&self) -> &[Evidence] {
        &self.rejections
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::patterns::Patterns;
    use crate::diagnosis::testing::diagnose;

    fn calls(flow: &str) -> Vec<CallReport> {
        diagnose(&format!("host a 192.0.2.10\nhost b 198.51.100.30\n\n{flow}")).calls
    }

    #[test]
    fn calls_are_counted_by_source_and_by_caller() {
        let mut flow = String::new();
        for (n, (from, status)) in [
            ("+12125550101", "200 OK"),
            ("+12125550101", "607 Unwanted"),
            ("anonymous", "607 Unwanted"),
            ("+12125550102", "503 Down"),
        ]
        .into_iter()
        .enumerate()
        {
            let _ = write!(
                flow,
                "{n} a > b call=c{n}\nINVITE sip:+1215555010{n}@b.example\nFrom: <sip:{from}@a.example>\n\n+0.1 b > a call=c{n}\n\
                 {status}\n\n+0.01 a > b call=c{n}\nACK\n\n"
            );
        }
        flow += "5 a > b call=c0\nBYE\n\n+0.1 b > a call=c0\n200 OK\n\n";
        let patterns = Patterns::of_calls(&calls(&flow));
        let source = patterns.traffic.sources().next().unwrap();
        let counts = &source.counts;
        assert_eq!((counts.calls, counts.reached, counts.answered, counts.named, counts.unwanted), (4, 3, 1, 3, 1));
        assert_eq!((counts.talked, counts.short, counts.answered_percent()), (1, 1, Some(33)));
        assert_eq!(source.attempts().len(), 4);
        let callers: Vec<_> = patterns.traffic.callers(|_| true).map(|(name, c)| (name, c.counts.calls)).collect();
        assert_eq!(callers, [("12125550101", 2), ("12125550102", 1)]);
        assert!(patterns.traffic.called().contains(&12_155_550_103));
    }

    #[test]
    fn the_tables_stay_within_their_limits_and_say_so() {
        let calls = calls("0 a > b\nINVITE sip:+12155550100@b.example\n\n0.1 b > a\n486 Busy Here\n\n0.2 a > b\nACK\n");
        let mut patterns = Patterns::of_calls(&calls);
        assert_eq!(patterns.limits_hit(), []);
        let client = calls[0].call.transactions[0].client;
        let request = calls[0].call.initial_request().unwrap();
        patterns.traffic = Traffic::default();
        for n in 0..TRAFFIC_SOURCES {
            let address = IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
            patterns.traffic.sources.insert(address, Source::new(client, request));
        }
        patterns.observe_call(&calls[0].call);
        assert_eq!((patterns.traffic.sources.len(), patterns.traffic.forgotten()), (TRAFFIC_SOURCES, 1));
        assert_eq!(patterns.limits_hit().len(), 1);
    }

    #[test]
    fn of_many_calls_the_first_ones_are_remembered_and_all_are_counted() {
        let calls = calls("0 a > b\nINVITE sip:+12155550100@b.example\n\n0.1 b > a\n486 Busy Here\n\n0.2 a > b\nACK\n");
        let again: Vec<CallReport> = (0..TRAFFIC_ATTEMPTS + 5).map(|_| calls[0].clone()).collect();
        let patterns = Patterns::of_calls(&again);
        let source = patterns.traffic.sources().next().unwrap();
        assert_eq!((source.attempts().len(), source.examples.requests().len()), (TRAFFIC_ATTEMPTS, TRAFFIC_EXAMPLES));
        assert_eq!(source.counts.calls, u64::try_from(TRAFFIC_ATTEMPTS + 5).unwrap());
    }
}
