//! Calls that whoever answered them ended as long after its answer as an answer waits for its ACK, although an ACK was captured.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use super::super::Evidence;
use super::{cited, software_of_sender};
use crate::call::{Call, CallNumber, CapturedMessage, Outcome, Transaction};
use crate::hashing;
use crate::limits::{DROP_CALLS, DROP_SERVERS};
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Method, StatusCode};

/// An answer waits so many T1 for its ACK (RFC 3261 §13.3.1.4).
pub const WAIT: u32 = 64;
/// It began to wait a little before it was captured, where an element behind the capture passed it on.
const EARLIER: Duration = Duration::from_millis(500);
/// Timers of servers are late, and the BYE takes its way.
const LATER: Duration = Duration::from_secs(1);

/// Who ends calls so.
#[derive(Debug, Default)]
pub struct Drops {
    servers: BTreeMap<IpAddr, Server>,
    /// Calls of servers that found no room.
    forgotten: u64,
}

/// Whoever answers calls, as far as these lasted half a minute.
#[derive(Debug, Default)]
pub struct Server {
    /// Calls that it ended then.
    pub dropped: u64,
    /// Calls that lasted longer.
    pub outlived: u64,
    /// The shortest and the longest of the former.
    pub took: Option<(Duration, Duration)>,
    /// Where it sent the answer of the first of them from.
    pub endpoint: Option<Endpoint>,
    /// What it calls itself.
    pub software: Option<String>,
    /// The answer, the ACK and the BYE of the first of them.
    pub shown: Vec<Evidence>,
    /// The calls, the first ones.
    pub calls: Vec<CallNumber>,
    /// Whom the first of them went to, as a hash.
    callee: Option<u64>,
    /// Whether all of them went there: an announcement ends its calls alike.
    pub has_one_callee: bool,
}

/// A call that lasted half a minute or longer.
struct Long<'a> {
    answer: &'a CapturedMessage,
    /// From the answer to the BYE, or to the last message of a call without one.
    took: Duration,
    /// The BYE, if it came from whoever answered.
    bye: Option<&'a CapturedMessage>,
    ack: &'a CapturedMessage,
}

impl Drops {
    /// Takes note of a call that is over. Where the answer was sent again, in vain or in spite of an ACK, `is_told` says that the call tells
    /// it by itself.
    pub(super) fn observe(&mut self, call: &Call, is_told: bool, t1: Duration) {
        let wait = t1 * WAIT;
        // Most calls are shorter.
        if call.end.since(call.start) + EARLIER < wait || call.outcome != Outcome::Answered || is_told {
            return;
        }
        for long in Long::all(call).filter(|long| long.took + EARLIER >= wait) {
            let source = long.answer.provenance.flow.source;
            if !self.servers.contains_key(&source.address) && self.servers.len() >= DROP_SERVERS {
                self.forgotten += 1;
                continue;
            }
            let server = self.servers.entry(source.address).or_default();
            if long.took > wait + LATER {
                server.outlived += 1;
            } else if let Some(bye) = long.bye {
                server.add(call.number, &long, bye);
            }
        }
    }

    /// The servers in the order of their addresses.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    /// How many calls found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Server {
    fn add(&mut self, call: CallNumber, long: &Long<'_>, bye: &CapturedMessage) {
        let to = long.answer.message.party(HeaderName::To);
        let callee = to.and_then(|to| Some(hashing::shared().hash_one(to.user_name()?)));
        if self.dropped == 0 {
            self.callee = callee;
        }
        self.has_one_callee = callee.is_some() && callee == self.callee && (self.dropped == 0 || self.has_one_callee);
        self.dropped += 1;
        let (shortest, longest) = self.took.unwrap_or((long.took, long.took));
        self.took = Some((shortest.min(long.took), longest.max(long.took)));
        if self.shown.is_empty() {
            self.endpoint = Some(long.answer.provenance.flow.source);
            self.software = software_of_sender(&long.answer.message);
            let answer = &long.answer.message;
            let way = [HeaderName::RecordRoute, HeaderName::Contact].into_iter().find(|name| answer.has(*name));
            self.shown = [
                Some(Evidence::of(bye, "the BYE that ended the call")),
                Some(Evidence::of(long.answer, "the answer")),
                way.map(|name| Evidence::header(long.answer, name, "where the ACK has to go first")),
                Some(Evidence::of(long.ack, "its ACK")),
            ]
            .into_iter()
            .flatten()
            .map(cited)
            .collect();
        }
        if self.calls.len() < DROP_CALLS {
            self.calls.push(call);
        }
    }
}

impl<'a> Long<'a> {
    /// On each leg, as whoever answered one may end another that was captured as well.
    fn all(call: &'a Call) -> impl Iterator<Item = Self> {
        let begun = |t: &&Transaction| t.method == Method::Invite && !t.in_dialog && t.upstream.is_none();
        let mut once: SmallVec<[Self; 1]> = SmallVec::new();
        for long in call.transactions.iter().filter(begun).filter_map(|t| Self::of(call, t)) {
            // A dialog has one end, however many INVITEs of it were answered, or captured beside each other.
            if !once.iter().any(|known| known.is_of_dialog(&long)) {
                once.push(long);
            }
        }
        once.into_iter()
    }

    fn is_of_dialog(&self, other: &Self) -> bool {
        let (one, other) = (self.answer, other.answer);
        one.leg == other.leg && one.message.to_tag() == other.message.to_tag()
    }

    fn of(call: &'a Call, answered: &Transaction) -> Option<Self> {
        let last = answered.finals.iter().find(|f| StatusCode::is_success(f.status) && f.acknowledged)?;
        let answer = call.message(last.message)?;
        let ack = answered.acks.first().and_then(|id| call.message(*id))?;
        let since = |m: &CapturedMessage| m.provenance.time.since(answer.provenance.time);
        let byes = call.transactions.iter().filter(|t| t.method == Method::Bye && t.upstream.is_none());
        // Of two dialogs of one leg each has its own BYE.
        let is_of_dialog = |t: &&Transaction| {
            let request = t.request.and_then(|id| call.message(id));
            let tags = request.map(|m| [m.message.from_tag(), m.message.to_tag()]);
            t.leg == answered.leg && tags.is_none_or(|tags| tags.contains(&answer.message.to_tag()))
        };
        let bye = byes.clone().filter(is_of_dialog).min_by_key(|t| t.start);
        let Some(bye) = bye.and_then(|bye| call.message(bye.request?)) else {
            let took = call.end.since(answer.provenance.time);
            return Some(Self { answer, took, bye: None, ack });
        };
        let (flow, other) = (bye.provenance.flow, answer.provenance.flow);
        let is_of_answerer =
            flow.source.address == other.source.address && flow.destination.address == other.destination.address;
        // Whoever had one on another leg only passes it on.
        let had_one = |t: &Transaction| {
            t.leg != answered.leg && t.server.address == flow.source.address && t.start <= bye.provenance.time
        };
        let is_of_answerer = is_of_answerer && !byes.clone().any(had_one);
        Some(Self { answer, took: since(bye), bye: Some(bye).filter(|_| is_of_answerer), ack })
    }
}
