//! INVITEs of the same caller to the same callee after a 607: over another route, or again.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::super::super::Evidence;
use super::{callee, caller, initial_invites};
use crate::call::{AttemptCause, Call, CallNumber, CapturedMessage, TransactionId};
use crate::limits::{REJECTED_PAIRS, REJECTIONS_PER_PAIR, SENDS_AFTER_REJECTION, UNWANTED_RECENT_INVITES};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::StatusCode;

/// An element that tries the next route does so while the caller waits: within the time of a transaction, 64 T1.
pub const ADVANCE: Duration = Duration::from_secs(32);
/// A call on the next day may have another reason.
pub const RETRY: Duration = Duration::from_hours(24);

/// A client, a caller and a callee.
type Key = (IpAddr, String, String);

/// INVITEs after a 607 in the whole capture.
#[derive(Debug, Default)]
pub struct Again {
    rejected: BTreeMap<Key, Rejected>,
    /// The latest INVITEs, since a call with a 607 may close after the one that follows it.
    recent: VecDeque<(Key, Sent)>,
    /// 607s that found no room.
    forgotten: u64,
}

/// 607s that a client received about one caller and one callee, and what it sent.
#[derive(Debug, Default)]
struct Rejected {
    rejections: Vec<Rejection>,
    sent: Vec<Sent>,
    /// INVITEs that found no room.
    more: u64,
}

/// A 607.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// When it came.
    pub time: Timestamp,
    /// Its call.
    pub call: CallNumber,
    /// The next hop that it came from.
    pub server: Endpoint,
    /// The response.
    pub evidence: Evidence,
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
}

/// An INVITE with the 607 that it follows.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// The latest 607 before it.
    pub rejection: &'a Rejection,
    /// The INVITE.
    pub sent: &'a Sent,
    /// The caller.
    pub caller: &'a str,
    /// The callee.
    pub callee: &'a str,
}

impl After<'_> {
    /// From the 607 to the INVITE.
    pub fn gap(self) -> Duration {
        self.sent.time.since(self.rejection.time)
    }

    /// Whether the same element tried another next hop on its own.
    fn is_advance(self) -> bool {
        let forwards_retry = self.sent.received.is_some_and(|received| received > self.rejection.time);
        self.sent.server != self.rejection.server
            && self.gap() <= ADVANCE
            && !forwards_retry
            && !matches!(self.sent.because, Some(AttemptCause::Redirect(_)))
    }

    /// Whether the caller called once more.
    fn is_retry(self) -> bool {
        let own = matches!(self.sent.because, Some(AttemptCause::First | AttemptCause::Again(_)));
        own && self.gap() <= RETRY && !self.is_advance()
    }
}

impl Again {
    pub(super) fn observe(&mut self, call: &Call, is_unwanted: bool, country: &str) {
        for (id, request) in initial_invites(call) {
            let Some(key) = key(request, country) else { continue };
            if is_unwanted {
                self.reject(call, id, &key);
            }
            let sent = sent(call, id, request);
            if let Some(rejected) = self.rejected.get_mut(&key) {
                rejected.push(sent.clone());
            }
            if self.recent.len() >= UNWANTED_RECENT_INVITES {
                self.recent.pop_front();
            }
            self.recent.push_back((key, sent));
        }
    }

    fn reject(&mut self, call: &Call, id: TransactionId, key: &Key) {
        let Some(last) = call.decisive_final(id).filter(|last| last.status == StatusCode(607)) else { return };
        let Some(response) = call.message(last.message) else { return };
        let rejection = Rejection {
            time: response.provenance.time,
            call: call.number,
            server: call.transaction(id).map_or(response.provenance.flow.source, |t| t.server),
            evidence: Evidence::of(response, "the 607"),
        };
        if !self.rejected.contains_key(key) {
            if self.rejected.len() >= REJECTED_PAIRS {
                self.forgotten += 1;
                return;
            }
            let mut rejected = Rejected::default();
            for (_, sent) in self.recent.iter().filter(|(other, _)| other == key) {
                rejected.push(sent.clone());
            }
            self.rejected.insert(key.clone(), rejected);
        }
        if let Some(rejected) = self.rejected.get_mut(key) {
            rejected.rejections.push(rejection);
            rejected.rejections.sort_by_key(|r| (r.time, r.call));
            rejected.rejections.truncate(REJECTIONS_PER_PAIR);
        }
    }

    /// INVITEs to another next hop shortly after a 607, the earliest for each pair of caller and callee, by client.
    pub fn advances(&self) -> BTreeMap<IpAddr, Vec<After<'_>>> {
        self.by_client(After::is_advance)
    }

    /// INVITEs by which a caller tried again, by client.
    pub fn retries(&self) -> BTreeMap<IpAddr, Vec<After<'_>>> {
        self.by_client(After::is_retry)
    }

    /// How many 607s, and INVITEs after one, found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten + self.rejected.values().map(|r| r.more).sum::<u64>()
    }

    fn by_client<'a>(&'a self, wanted: fn(After<'a>) -> bool) -> BTreeMap<IpAddr, Vec<After<'a>>> {
        let mut clients: BTreeMap<IpAddr, Vec<After<'_>>> = BTreeMap::new();
        for ((client, caller, callee), rejected) in &self.rejected {
            let after = rejected.sent.iter().filter_map(|sent| {
                let before = |r: &&Rejection| r.time < sent.time;
                let rejection = rejected.rejections.iter().rfind(before)?;
                Some(After { rejection, sent, caller, callee }).filter(|after| wanted(*after))
            });
            clients.entry(*client).or_default().extend(after);
        }
        clients.retain(|_, after| !after.is_empty());
        for after in clients.values_mut() {
            after.sort_by_key(|a| (a.sent.time, a.sent.call));
        }
        clients
    }
}

impl Rejected {
    fn push(&mut self, sent: Sent) {
        self.sent.push(sent);
        self.sent.sort_by_key(|s| (s.time, s.call));
        if self.sent.len() > SENDS_AFTER_REJECTION {
            // The earliest stay, but none that came before the first 607.
            let first = self.rejections.first().map(|r| r.time);
            let useless = self.sent.first().is_some_and(|s| first.is_none_or(|first| s.time < first));
            if useless {
                self.sent.remove(0);
            } else {
                self.sent.pop();
                self.more += 1;
            }
        }
    }
}

fn key(request: &CapturedMessage, country: &str) -> Option<Key> {
    let client = request.provenance.flow.source.address;
    Some((client, caller(&request.message, country)?, callee(&request.message, country)?))
}

fn sent(call: &Call, id: TransactionId, request: &CapturedMessage) -> Sent {
    let flow = request.provenance.flow;
    let time = request.provenance.time;
    let received = initial_invites(call)
        .map(|(_, other)| &other.provenance)
        .filter(|other| other.flow.destination.address == flow.source.address && other.time <= time)
        .map(|other| other.time)
        .max();
    Sent {
        time,
        call: call.number,
        client: flow.source,
        software: request.message.software(),
        server: flow.destination,
        evidence: Evidence::of(request, "the INVITE after it"),
        because: call.attempts.iter().find(|a| a.transaction == id).map(|a| a.because),
        received,
    }
}
