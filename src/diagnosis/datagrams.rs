//! Which requests over UDP were answered between two hosts, by their size: where large ones get lost, smaller ones do not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Evidence;
use super::patterns::cited;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::limits::DATAGRAM_PAIRS;
use crate::provenance::{Endpoint, Transport};

/// Above this size RFC 3261 §18.1.1 asks for a transport with congestion control, since datagrams may get fragmented on the way.
pub(super) const LARGE: usize = 1300;

/// How often it is noted that a pair still answers.
const SELDOM: Duration = Duration::from_secs(10);

/// The requests of a client to a server that were answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    /// Octets of the one that was answered last, or nearly so.
    pub(super) octets: usize,
    /// Its first response.
    pub(super) response: Evidence,
    /// Octets of the largest.
    pub(super) most: usize,
    /// Whether one goes in IP fragments.
    pub(super) in_fragments: bool,
}

/// The same of all calls that are over, but of usual ones: an INVITE of usual size that succeeded tells nothing that others do not.
#[derive(Debug, Default)]
pub(super) struct Datagrams(BTreeMap<(IpAddr, Endpoint), Answered>);

/// What a packet of 1500 octets has room for, behind the headers of IP and UDP.
const ROOM: usize = 1472;

/// Whether a message goes in several packets: it did so here, or is too large for one of the usual length, even where the capture has it
/// whole, as on the host of its sender.
pub(super) fn is_fragmented(message: &CapturedMessage) -> bool {
    !message.provenance.other_frames.is_empty() || message.message.raw().len() > ROOM
}

/// Whether a call of no failure may have something to add: by its first message, for one comparison a call.
pub(super) fn is_unusual(call: &Call) -> bool {
    !call.is_invite() || call.messages.first().is_some_and(|first| first.message.raw().len() > LARGE)
}

impl Answered {
    /// What a call shows of the requests from a host to a server.
    pub(super) fn in_call(call: &Call, client: IpAddr, server: Endpoint) -> Option<Self> {
        let of_pair = call.transactions.iter().filter(|t| t.client.address == client && t.server == server);
        of_pair.filter_map(|t| Self::of(call, t)).reduce(Self::with)
    }

    fn of(call: &Call, transaction: &Transaction) -> Option<Self> {
        let request = call.message(transaction.request?)?;
        if request.provenance.flow.transport != Transport::Udp || request.message.is_cut() {
            return None;
        }
        let finals = transaction.finals.first().map(|f| f.message);
        let response = call.message(transaction.provisionals.first().copied().or(finals)?)?;
        let octets = request.message.raw().len();
        let what = "the response to a smaller request, which was answered";
        let in_fragments = is_fragmented(request);
        Some(Self { octets, response: Evidence::of(response, what), most: octets, in_fragments })
    }

    /// Both together.
    pub(super) fn with(self, other: Self) -> Self {
        let (most, in_fragments) = (self.most.max(other.most), self.in_fragments || other.in_fragments);
        let later = if other.response.time > self.response.time { other } else { self };
        Self { most, in_fragments, ..later }
    }
}

impl Datagrams {
    /// Takes note of what was answered in a call that is over.
    pub(super) fn observe(&mut self, call: &Call) {
        for transaction in &call.transactions {
            let pair = (transaction.client.address, transaction.server);
            let known = self.0.get(&pair);
            // Next to all say what is known.
            let octets = transaction.request.and_then(|id| call.message(id)).map_or(0, |m| m.message.raw().len());
            let is_news =
                |known: &Answered| octets > known.most || transaction.start.since(known.response.time) > SELDOM;
            let adds = known.map_or(self.0.len() < DATAGRAM_PAIRS, is_news);
            let Some(mut one) = adds.then(|| Answered::of(call, transaction)).flatten() else { continue };
            one.response = cited(one.response);
            let all = known.cloned().map_or_else(|| one.clone(), |known| known.with(one.clone()));
            self.0.insert(pair, all);
        }
    }

    /// What is known of the requests from a host to a server.
    pub(super) fn of(&self, client: IpAddr, server: Endpoint) -> Option<&Answered> {
        self.0.get(&(client, server))
    }
}
