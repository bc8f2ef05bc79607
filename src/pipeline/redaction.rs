//! Redaction on the way from messages to the tracker: what comes behind sees replacements alone.

use std::sync::Arc;

use crate::call::CapturedMessage;
use crate::diagnosis::Evidence;
use crate::net::{Carrier, CarrierRef};
use crate::provenance::{Endpoint, Flow, Timestamp};
use crate::redact::Redactor;
use crate::sip::{self, Message};

/// What a capture told, after redaction, for whoever writes it down.
#[derive(Debug)]
pub enum Told {
    /// A message.
    Message(Box<(Message, crate::provenance::Provenance)>),
    /// An ICMP error about a datagram.
    Icmp {
        /// From whom to whom.
        flow: Flow,
        /// When.
        time: Timestamp,
        /// What is wrong, as [`crate::net::IcmpError`] has it.
        kind: &'static str,
        /// The flow of the datagram.
        quoted: Flow,
        /// As much of its payload as is a message.
        payload: Vec<u8>,
    },
    /// A DNS response that a name cannot be resolved.
    Lookup {
        /// From whom to whom.
        flow: Flow,
        /// When.
        time: Timestamp,
        /// The name.
        name: String,
        /// The type of record asked for.
        record: &'static str,
        /// Such as `NXDOMAIN`.
        code: &'static str,
    },
    /// An RTP packet.
    Media(Flow, Timestamp),
    /// Octets of a stream are missing.
    Gap(Flow),
    /// The other end has what was sent this way by then.
    Acknowledged(Flow, Timestamp),
}

/// Redaction at work.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    /// Without one everything stays as it is.
    pub(super) redactor: Option<Arc<Redactor>>,
    /// What was told since somebody asked; nothing if nobody does.
    pub(super) told: Option<Vec<Told>>,
    /// Messages that could not be redacted, and were left out.
    pub(super) refused: u64,
}

impl Redaction {
    /// Replaces what names anybody in a message; `false` if it may not be shown.
    #[inline]
    pub(super) fn message(&mut self, captured: &mut CapturedMessage) -> bool {
        self.redactor.is_none() || self.replaced(captured)
    }

    fn replaced(&mut self, captured: &mut CapturedMessage) -> bool {
        let Some(redactor) = &self.redactor else { return true };
        let Some(message) = redactor.message(&captured.message) else {
            self.refused += 1;
            return false;
        };
        let mut provenance = captured.provenance.clone();
        provenance.flow = redactor.flow(provenance.flow);
        provenance.carrier = provenance.carrier.map(|carrier| Arc::new(redactor.carrier(&carrier)));
        if let Some(told) = &mut self.told {
            told.push(Told::Message(Box::new((message.clone(), provenance.clone()))));
        }
        (captured.message, captured.provenance) = (message, provenance);
        true
    }

    #[inline]
    pub(super) fn flow(&self, flow: Flow) -> Flow {
        self.redactor.as_ref().map_or(flow, |redactor| redactor.flow(flow))
    }

    /// Tells of an RTP packet.
    pub(super) fn media(&mut self, flow: &Flow, time: Timestamp) {
        let flow = self.flow(*flow);
        if let Some(told) = &mut self.told {
            told.push(Told::Media(flow, time));
        }
    }

    pub(super) fn carrier(&self, carrier: CarrierRef) -> CarrierRef {
        let Some(redactor) = &self.redactor else { return carrier };
        carrier.map(|carrier| Arc::new(redactor.carrier(&carrier)))
    }

    pub(super) fn gap(&mut self, flow: Flow) -> Flow {
        let flow = self.flow(flow);
        if let (Some(told), Some(_)) = (&mut self.told, &self.redactor) {
            told.push(Told::Gap(flow));
        }
        flow
    }

    pub(super) fn acknowledged(&mut self, flow: Flow, time: Timestamp) -> Flow {
        let flow = self.flow(flow);
        if let (Some(told), Some(_)) = (&mut self.told, &self.redactor) {
            told.push(Told::Acknowledged(flow, time));
        }
        flow
    }

    /// The quoted payload of an ICMP error: what is no message is left out.
    pub(super) fn quoted(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let redactor = self.redactor.as_ref()?;
        let message = sip::messages(payload, true).into_iter().next().map(|framed| framed.message);
        let new = message.and_then(|message| redactor.message(&message));
        Some(new.map_or_else(Vec::new, |message| message.raw().to_vec()))
    }

    /// A name that could not be resolved, and the evidence of it.
    pub(super) fn lookup(
        &mut self,
        name: String,
        record: &'static str,
        code: &'static str,
        mut evidence: Evidence,
    ) -> (String, Evidence) {
        let Some(redactor) = &self.redactor else { return (name, evidence) };
        let name = redactor.host_name(&name);
        evidence.source = redactor.endpoint(evidence.source);
        evidence.destination = redactor.endpoint(evidence.destination);
        evidence.text = format!("{name} {record}: {code}").into();
        let flow = Flow {
            source: evidence.source,
            destination: evidence.destination,
            transport: crate::provenance::Transport::Udp,
        };
        if let Some(told) = &mut self.told {
            told.push(Told::Lookup { flow, time: evidence.time, name: name.clone(), record, code });
        }
        (name, evidence)
    }
}

impl Redactor {
    /// Replaces the addresses of a flow.
    pub fn flow(&self, flow: Flow) -> Flow {
        Flow { source: self.endpoint(flow.source), destination: self.endpoint(flow.destination), ..flow }
    }

    /// Replaces the addresses around a packet, and what a collector calls it.
    fn carrier(&self, carrier: &Carrier) -> Carrier {
        let outer = carrier.outer.iter().map(|(from, to)| (self.address(*from), self.address(*to))).collect();
        let correlation = carrier.correlation.as_deref().map(|id| self.call_name(id));
        Carrier { outer, correlation, ..carrier.clone() }
    }

    /// Replaces the address of an endpoint.
    pub fn endpoint(&self, endpoint: Endpoint) -> Endpoint {
        Endpoint { address: self.address(endpoint.address), ..endpoint }
    }
}
