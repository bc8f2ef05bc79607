//! Key performance indicators: the metrics of RFC 6076 and the classic ones of ITU-T E.411 and E.425, in all, by peer, and by hour.
//!
//! Made from calls that are over, beside the summary, and only where they are asked for. What counts:
//!
//! - An attempt is an initial INVITE at the hop nearest the caller. Retransmissions, further copies, hops behind it, legs of a
//!   B2BUA, and branches of a fork are no attempts of their own.
//! - RFC 6076 counts INVITE requests, so that one with credentials would count beside the one that was challenged, and a trunk with
//!   digest authentication would have half its ratio. Here an answered 401 or 407 is a step of the same request.
//! - What follows a 3xx is a request of its own; the one with the 3xx is taken out of SER and SEER, as §4.6 says. ASR and
//!   NER count calls: for them the redirect belongs to the same call.
//! - Requests and calls whose end the capture does not show count nowhere, and how many they are is told.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::call::Call;
use crate::limits;
use crate::provenance::Timestamp;
use crate::sip::Method;

mod metrics;
mod request;
mod spread;
#[cfg(test)]
mod tests;

pub use metrics::{Metrics, Ratio};
use request::requests;
pub use spread::Spread;

/// The metrics of a capture, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kpis {
    /// All calls and registrations.
    pub total: Metrics,
    /// By the host that sent the requests, on the hop nearest the caller.
    pub sources: Breakdown<IpAddr>,
    /// By the host that they were sent to, on that hop. Each request counts at its own, a call at the one that decided it.
    pub destinations: Breakdown<IpAddr>,
    /// By the hour (UTC) in which the call began, or the REGISTER was sent.
    pub hours: Breakdown<Hour>,
}

/// An hour, in hours since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour of a time.
    pub fn of(time: Timestamp) -> Self {
        Self(time.epoch_seconds().div_euclid(3600))
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(3_600_000_000_000))
    }
}

/// What was measured for each of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown<K> {
    rows: BTreeMap<K, Metrics>,
    /// What found no room: [`limits::KPI_ROWS`].
    other: Metrics,
}

impl<K> Default for Breakdown<K> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), other: Metrics::default() }
    }
}

impl<K: Ord + Copy> Breakdown<K> {
    /// What was measured for each, in order.
    pub fn rows(&self) -> impl Iterator<Item = (K, &Metrics)> {
        self.rows.iter().map(|(key, metrics)| (*key, metrics))
    }

    /// What was measured for all that found no room; `None` where there was room for all.
    pub fn other(&self) -> Option<&Metrics> {
        (!self.other.is_empty()).then_some(&self.other)
    }

    fn of(&mut self, key: K) -> &mut Metrics {
        if self.rows.len() >= limits::KPI_ROWS && !self.rows.contains_key(&key) {
            return &mut self.other;
        }
        self.rows.entry(key).or_default()
    }

    fn add(&mut self, more: &Self) {
        self.other.add(&more.other);
        for (key, metrics) in &more.rows {
            self.of(*key).add(metrics);
        }
    }
}

impl Kpis {
    /// Takes note of a call, or another group of requests, that is over.
    pub fn call(&mut self, call: &Call) {
        let first = call.attempts.first().and_then(|attempt| call.transaction(attempt.transaction));
        let Some(first) = first else {
            // The capture begins inside of the call.
            self.total.open_calls += u64::from(call.is_invite());
            return;
        };
        match first.method {
            Method::Invite => self.session(call, first.client.address, first.start),
            Method::Register => self.registrations(call, first.client.address),
            _ => {}
        }
    }

    fn session(&mut self, call: &Call, source: IpAddr, start: Timestamp) {
        let server = |id| call.transaction(id).map(|transaction| transaction.server.address);
        for request in requests(call) {
            let Some(server) = server(request.transaction) else { continue };
            self.each(source, server, start, |metrics| metrics.session_request(call, &request));
        }
        let last = call.decided_by.or_else(|| call.attempts.last().map(|attempt| attempt.transaction));
        if let Some(server) = last.and_then(server) {
            self.each(source, server, start, |metrics| metrics.call(call));
        }
    }

    fn registrations(&mut self, call: &Call, source: IpAddr) {
        for request in requests(call) {
            let Some(transaction) = call.transaction(request.transaction) else { continue };
            let server = transaction.server.address;
            self.each(source, server, request.start, |metrics| metrics.registration(call, &request));
        }
    }

    fn each(&mut self, source: IpAddr, destination: IpAddr, time: Timestamp, count: impl Fn(&mut Metrics)) {
        count(&mut self.total);
        count(self.sources.of(source));
        count(self.destinations.of(destination));
        count(self.hours.of(Hour::of(time)));
    }

    /// Adds what was measured on another capture.
    pub fn add(&mut self, other: &Self) {
        self.total.add(&other.total);
        self.sources.add(&other.sources);
        self.destinations.add(&other.destinations);
        self.hours.add(&other.hours);
    }
}
