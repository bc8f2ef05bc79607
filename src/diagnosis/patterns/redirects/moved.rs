//! What a client was told by a 301 about an address, and what it sent there later.

use std::time::Duration;

use super::super::super::Evidence;
use super::super::recent::{Place, Recent};
use super::super::{Texts, add, line_cited};
use super::{Pair, mark};
use crate::call::CallNumber;
use crate::limits::MOVED_ADDRESS_EXAMPLES;
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::Uri;

/// What one client was told about one address, and what it did later.
#[derive(Debug)]
pub struct MovedAddress {
    /// The address as dialled.
    pub address: Uri,
    /// The client.
    pub client: Endpoint,
    /// Its User-Agent.
    pub software: Option<String>,
    /// The earliest 301.
    pub told: Told,
    pub(super) uses: Vec<Use>,
    pub(super) total: u64,
    pub(super) last_call: Option<CallNumber>,
}

/// A 301 that a client received.
#[derive(Debug)]
pub struct Told {
    /// In this call.
    pub call: CallNumber,
    /// At this time.
    pub time: Timestamp,
    /// The response.
    pub evidence: Evidence,
    /// Its first Contact.
    pub contact: String,
}

/// A later request for the old address.
#[derive(Debug, Clone)]
pub struct Use {
    /// Its call.
    pub call: CallNumber,
    /// When it was sent.
    pub time: Timestamp,
    /// The request.
    pub evidence: Evidence,
    /// Time lost until the redirect came, where one came again.
    pub lost: Option<Duration>,
}

/// A redirected call as it is noted; its texts are the key of the address and the start line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialled {
    pub(super) call: CallNumber,
    pub(super) place: Place,
    pub(super) lost: Option<Duration>,
}

/// What a later request is called.
pub(super) const OLD_ADDRESS: &str = "a request for the old address";

impl Told {
    /// Octets of its texts.
    pub(super) fn octets(&self) -> usize {
        self.evidence.text.len() + self.contact.len()
    }
}

impl MovedAddress {
    /// Takes note of a call to the old address.
    pub(super) fn dialled(&mut self, call: CallNumber, texts: &mut Texts, used: impl FnOnce() -> Use) {
        if self.last_call == Some(call) {
            return;
        }
        self.last_call = Some(call);
        self.total += 1;
        if !texts.has_room() {
            return;
        }
        let used = used();
        texts.add(used.evidence.text.len());
        add(&mut self.uses, used);
        self.uses.sort_by_key(|u| (u.time, u.call));
        // The first may turn out to be the call that was told.
        if self.uses.len() > MOVED_ADDRESS_EXAMPLES + 1 {
            let latest = self.uses.pop();
            texts.remove(latest.map_or(0, |latest| latest.evidence.text.len()));
        }
    }

    /// Requests for the old address more than `soon` after the 301, in order of time (the first ones only), and how many
    /// there were. A client may have sent its next request before it read the redirect, and what comes sooner is a retry.
    pub fn later_uses(&self, soon: Duration) -> (Vec<&Use>, u64) {
        let after = self.told.time.plus(soon);
        let later: Vec<_> = self.uses.iter().filter(|u| u.call != self.told.call && u.time > after).collect();
        let others = self.uses.len() - later.len();
        (later, self.total - u64::try_from(others).unwrap_or(0))
    }
}

/// What a client dialled before it was known to be told that this address moved: calls close in another order than they begin.
pub(super) fn dialled_before<'a>(
    dialled: &'a Recent<Dialled, 1, 2>,
    (client, key): &'a Pair,
) -> impl Iterator<Item = (CallNumber, Use)> + 'a {
    let noted = dialled.with_mark(0, mark(*client, key));
    let same = noted.filter(|noted| noted.item().place.source.address == *client && noted.is(0, key));
    same.map(|noted| {
        let Dialled { call, place, lost } = noted.item();
        (call, Use { call, time: place.time, evidence: place.evidence(OLD_ADDRESS, line_cited(noted.text(1))), lost })
    })
}
