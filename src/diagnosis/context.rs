//! What a rule may know beside the call in front of it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::exceptions::Exception;
use super::finding::Evidence;
use super::identity_case::IdentityCase;
use super::thresholds::Thresholds;
use super::unwanted_case::UnwantedCase;
use super::{CheckedIdentity, Severity};
use crate::call::{Call, Transaction, Waits};
use crate::lang::{Text, span};
use crate::limits::{ACKNOWLEDGED_FLOWS, ACKNOWLEDGEMENTS};
use crate::provenance::{Endpoint, FrameRef, Provenance, Timestamp};
use crate::stir::TrustStore;
use crate::tls::Keys;

/// Facts about the capture and the settings in force, at the moment a call is diagnosed.
#[derive(Debug)]
pub struct Context<'a> {
    /// Time of the first frame.
    pub capture_start: Timestamp,
    /// The capture clock now: time of the latest frame so far.
    pub now: Timestamp,
    /// Whether the capture is known to have lost packets.
    pub(super) is_capture_lossy: bool,
    /// Frames of responses of which the words of the catalogue would be dropped: closer findings explain them.
    pub(super) explained: &'a [FrameRef],
    /// The call in question; `None` where it is the whole capture.
    pub(super) call: Option<&'a Call>,
    /// Whether messages of that call are known to be missing; found out when somebody asks.
    pub(super) is_call_lossy: OnceCell<bool>,
    /// What is known of the hosts.
    pub hosts: &'a Hosts,
    /// Thresholds.
    pub settings: &'a Settings,
    /// The Identity values of the call in question with what is known of their signatures.
    pub identities: &'a [CheckedIdentity],
    /// What the rules about the caller's identity look at.
    pub(super) identity: Option<&'a IdentityCase<'a>>,
    /// Every 607 of the call in question.
    pub(super) unwanted: &'a [UnwantedCase<'a>],
}

impl<'a> Context<'a> {
    /// What is known of a capture whose clock went from the first of these times to the second.
    pub(super) fn of_capture(
        hosts: &'a Hosts,
        settings: &'a Settings,
        (capture_start, now): (Timestamp, Timestamp),
        is_capture_lossy: bool,
    ) -> Self {
        Self {
            capture_start,
            now,
            is_capture_lossy,
            explained: &[],
            call: None,
            is_call_lossy: OnceCell::new(),
            hosts,
            settings,
            identities: &[],
            identity: None,
            unwanted: &[],
        }
    }

    /// What the rules about the caller's identity look at, where the call ended with a response that may speak of it.
    pub(super) fn rejected_identity(&self) -> Option<&'a IdentityCase<'a>> {
        self.identity.filter(|case| case.rejection.is_some())
    }

    /// The 607s to requests outside of a dialog that a 607 may answer: the ones that speak of the caller.
    pub(super) fn unwanted_requests(&self) -> impl Iterator<Item = &'a UnwantedCase<'a>> {
        self.unwanted.iter().filter(|case| case.is_about_the_caller())
    }
}

impl Context<'_> {
    /// Whether the capture, or what it has of the call in question, is known to lack packets: absence then proves nothing.
    pub fn lossy(&self) -> bool {
        let of_call =
            |call: &Call| call.messages.iter().any(|m| m.message.is_cut()) || !call.proofs_of_loss().is_empty();
        self.is_capture_lossy || *self.is_call_lossy.get_or_init(|| self.call.is_some_and(of_call))
    }

    /// Whether something that should have happened to `address` within `deadline` after `since` would be in the capture:
    /// the clock ran on past the deadline, nothing was lost, and the tap sees traffic towards that address.
    pub fn absence_is_proven(&self, address: IpAddr, since: Timestamp, deadline: Duration) -> bool {
        !self.lossy()
            && self.now >= since.plus(deadline)
            && self.hosts.receives(address)
            && !self.hosts.gaps.contains(&address)
    }
}

impl Context<'_> {
    /// Whether the host that a request went to is known to be up: it sends SIP. An address that is the client's own tells nothing.
    pub(super) fn is_up(&self, asked: &Transaction) -> bool {
        asked.client.address != asked.server.address && self.hosts.senders.contains(&asked.server.address)
    }

    /// Why the absence of something that should have reached `address` within `deadline` after `since` proves nothing;
    /// `None` where it is proven.
    pub fn doubt(&self, address: IpAddr, since: Timestamp, deadline: Duration) -> Option<Text> {
        self.doubt_of_capture(address, since, deadline).or_else(|| {
            (!self.hosts.receives(address)).then(|| {
                Text::new("the capture holds no SIP message to {address} at all: it may show one direction only")
                    .with("address", address)
            })
        })
    }

    /// The same where something else shows that the capture sees what is sent to `address`.
    pub(super) fn doubt_of_capture(&self, address: IpAddr, since: Timestamp, deadline: Duration) -> Option<Text> {
        if self.lossy() {
            return Some(Text::new("packets are missing from the capture"));
        }
        if self.now < since.plus(deadline) {
            return Some(Text::new("the capture ends {after} later").with("after", span(self.now.since(since))));
        }
        self.hosts.gaps.contains(&address).then(|| {
            let text = Text::new("octets of a TCP stream to {address} are missing from the capture");
            text.with("address", address)
        })
    }
}

/// That the TCP of a host has the requests that were sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When the connection began, or the first octets of it that were captured.
    pub began: Timestamp,
    /// The time of the frame that shows it.
    pub time: Timestamp,
    /// That frame.
    pub frame: FrameRef,
}

/// What the capture shows of hosts, but for what calls that are over say of them; capped (see [`crate::limits`]).
#[derive(Debug, Default)]
pub struct Hosts {
    /// Addresses that SIP messages were sent to.
    pub receivers: BTreeSet<IpAddr>,
    /// Addresses that SIP messages came from.
    pub senders: BTreeSet<IpAddr>,
    /// Those that every SIP message so far went from or to; `None` before the first.
    everywhere: Option<SmallVec<[IpAddr; 2]>>,
    /// Addresses to which octets of a stream with SIP are known to be missing from the capture.
    pub gaps: BTreeSet<IpAddr>,
    /// The latest acknowledgements of requests by TCP, by whom they came from and whom they went to.
    acknowledged: BTreeMap<(Endpoint, Endpoint), Vec<Acknowledgement>>,
    /// All addresses in documentation ranges that carry SIP traffic exist: the capture is a test capture.
    pub documentation_traffic: bool,
    /// Host names whose lookup failed inside the capture, with the DNS response.
    pub failed_lookups: BTreeMap<String, (&'static str, Evidence)>,
}

impl Hosts {
    /// Takes note that TCP acknowledged requests from the first of the two to the second.
    pub(crate) fn acknowledge(&mut self, ends: (Endpoint, Endpoint), acknowledgement: Acknowledgement) {
        if self.acknowledged.len() >= ACKNOWLEDGED_FLOWS && !self.acknowledged.contains_key(&ends) {
            return;
        }
        let known = self.acknowledged.entry(ends).or_default();
        if known.len() >= ACKNOWLEDGEMENTS {
            known.remove(0);
        }
        known.push(acknowledgement);
    }

    /// The frame that shows that the other end of the connection has a request, as far as TCP goes.
    pub(super) fn acknowledgement(&self, request: &Provenance) -> Option<Evidence> {
        let flow = request.flow;
        let known = self.acknowledged.get(&(flow.source, flow.destination))?;
        let first = known.iter().find(|a| a.began <= request.time && request.time <= a.time)?;
        Some(Evidence {
            frame: first.frame,
            time: first.time,
            source: flow.destination,
            destination: flow.source,
            what: Text::new("its octets are acknowledged by TCP"),
            text: String::new().into(),
        })
    }

    /// Takes note of the ends of a message.
    pub(crate) fn met(&mut self, source: IpAddr, destination: IpAddr) {
        match &mut self.everywhere {
            None => self.everywhere = Some(SmallVec::from_buf([source, destination])),
            Some(all) => all.retain(|address| *address == source || *address == destination),
        }
    }

    /// Takes it that the messages are some of a capture in which all went from or to these hosts.
    pub(crate) fn met_all_at(&mut self, hosts: &BTreeSet<IpAddr>) {
        self.everywhere = Some(hosts.iter().copied().collect());
    }

    /// The hosts that every message so far went from or to.
    pub(crate) fn everywhere(&self) -> BTreeSet<IpAddr> {
        self.everywhere.iter().flatten().copied().collect()
    }

    /// Whether the capture holds SIP between others than that host: if not, it may have been taken there, or filtered for it.
    pub(super) fn goes_past(&self, host: IpAddr) -> bool {
        self.everywhere.as_ref().is_none_or(|all| !all.contains(&host))
    }

    /// Whether the capture holds SIP sent to that address.
    pub fn receives(&self, address: IpAddr) -> bool {
        self.receivers.contains(&address)
    }
}

/// Thresholds of the heuristic rules and other settings, with the defaults of the documentation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Country code prefixed to national numbers when they are compared; `1` only for ten-digit NANP-looking ones.
    pub country: String,
    /// SIP T1 (RFC 3261 §17.1.1.1).
    pub t1: Duration,
    /// How long calls are waited for.
    pub waits: Waits,
    /// Lines of the rules about many calls.
    pub thresholds: Thresholds,
    /// Severities in place of those of the rules, by code.
    pub severities: BTreeMap<String, Severity>,
    /// Findings that are left out.
    pub exceptions: Vec<Exception>,
    /// Registered domains, in lower case, to which redirects may lead without being suspicious.
    pub trusted_redirect_domains: Vec<String>,
    /// What signatures are verified with; nothing by default.
    pub trust: Arc<TrustStore>,
    /// What TLS is decrypted with; nothing by default.
    pub keys: Keys,
}

impl Settings {
    /// Whether redirects may lead to that registered domain.
    pub(super) fn trusts(&self, domain: &str) -> bool {
        self.trusted_redirect_domains.iter().any(|trusted| trusted.eq_ignore_ascii_case(domain))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            country: "1".to_owned(),
            t1: Duration::from_millis(500),
            waits: Waits::default(),
            thresholds: Thresholds::default(),
            severities: BTreeMap::new(),
            exceptions: Vec::new(),
            trusted_redirect_domains: Vec::new(),
            trust: Arc::default(),
            keys: Keys::default(),
        }
    }
}
