//! What arrives in pieces or tells of others: fragments, segments and packets of SCTP on their way to messages, ICMP errors, failed lookups.

use super::{Front, Step};
use crate::anomaly::Anomaly;
use crate::call::{CapturedMessage, IcmpReport};
use crate::diagnosis::{Acknowledgement, Evidence, Text};
use crate::limits;
use crate::net::{Datagram, Decoded, IcmpError, PayloadKind, Reassembled, Segment, classify, failed_lookup, peel};
use crate::pipeline::prepare::{Found, Place, Prepared, Stateful, messages};
use crate::pipeline::redaction::{Redaction, Told};
use crate::provenance::{Endpoint, Flow, Provenance, Transport};
use crate::stream::StreamEvent;

impl Front {
    pub(super) fn stateful(&mut self, held: &Stateful, frame: &Prepared, steps: &mut Vec<Step>) {
        let place =
            Place { frame: frame.reference, other_frames: &[], time: frame.time, carrier: frame.carrier.clone() };
        let peeled = peel(held.link_type, &held.bytes, held.original_length, frame.time);
        match peeled.content {
            Decoded::Fragment(fragment) => {
                self.facts.fragments += 1;
                if let Some(whole) = self.reassembly.push(&fragment, frame.reference, frame.time) {
                    self.reassembled(whole, steps);
                }
            }
            Decoded::Skipped(reason) => *self.facts.skipped.entry(reason).or_default() += 1,
            Decoded::Udp(datagram) => {
                self.facts.udp_frames += 1;
                self.datagram(&datagram, peeled.kind, &place, steps);
            }
            Decoded::Tcp(segment) => {
                self.facts.tcp_frames += 1;
                self.segment(&segment, &place, steps);
            }
            Decoded::Sctp(packet) => {
                self.facts.sctp_frames += 1;
                self.packet(&packet, &place, steps);
            }
            Decoded::Icmp(error) => {
                self.facts.icmp_errors += 1;
                self.icmp(&error, &place);
            }
        }
    }

    /// What a datagram out of fragments holds: it may be a tunnel, with a fragment in it again.
    pub(super) fn reassembled(&mut self, whole: Reassembled, steps: &mut Vec<Step>) {
        let mut next = Some(whole);
        for _ in 0..limits::LAYERS {
            let Some(whole) = next else { return };
            let peeled = whole.decode();
            self.layers(peeled.carrier.as_deref());
            let time = peeled.time.unwrap_or(whole.time);
            let carrier = peeled.carrier.clone();
            let place = Place { frame: whole.frame, other_frames: &whole.other_frames, time, carrier };
            next = match &peeled.content {
                Decoded::Fragment(fragment) => {
                    self.reassembly.push_inner(fragment, whole.frame, &whole.other_frames, whole.time)
                }
                Decoded::Udp(datagram) => {
                    self.datagram(datagram, peeled.kind, &place, steps);
                    None
                }
                Decoded::Tcp(segment) => {
                    self.segment(segment, &place, steps);
                    None
                }
                Decoded::Sctp(packet) => {
                    self.packet(packet, &place, steps);
                    None
                }
                Decoded::Icmp(error) => {
                    self.icmp(error, &place);
                    None
                }
                Decoded::Skipped(_) => None,
            };
        }
    }

    pub(super) fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        kind: Option<PayloadKind>,
        place: &Place<'_>,
        steps: &mut Vec<Step>,
    ) {
        if let Some(kind) = kind {
            *self.facts.other_payloads.entry(kind).or_default() += 1;
            return;
        }
        let mut found = Found::new();
        messages(datagram, place, &mut self.reader, &mut found);
        if found.is_empty() {
            *self.facts.other_payloads.entry(classify(&datagram.flow, datagram.payload)).or_default() += 1;
            steps.extend(lookup(datagram, place, &mut self.redaction));
        } else {
            self.sip(&datagram.flow, &mut found, steps);
        }
    }

    /// A segment of a stream, with what can be read once it is there.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, place: &Place<'_>, steps: &mut Vec<Step>) {
        let mut events = Vec::new();
        self.streams.push(segment, place.arrived(), self.now, &mut events);
        self.events(events, steps);
    }

    pub(super) fn events(&mut self, events: Vec<StreamEvent>, steps: &mut Vec<Step>) {
        for event in events {
            match event {
                StreamEvent::Message(message, provenance) => {
                    self.hosts(&provenance.flow, steps);
                    self.message(CapturedMessage::new(message, provenance));
                }
                // What an extract leaves out is of other calls.
                StreamEvent::Odd { anomaly: Anomaly::TcpGap, .. } if self.announced.is_extract => {}
                StreamEvent::Odd { anomaly, flow, .. } => {
                    self.anomaly(anomaly);
                    if anomaly == Anomaly::TcpGap {
                        steps.push(Step::Gap(self.redaction.gap(flow).destination.address));
                    }
                }
                StreamEvent::Other(kind, agent) => {
                    *self.facts.other_payloads.entry(kind).or_default() += 1;
                    self.agent(agent);
                }
                StreamEvent::Acknowledged { flow, began, time, frame } => {
                    let flow = self.redaction.acknowledged(flow, time);
                    steps.push(Step::Acknowledged(flow, Acknowledgement { began, time, frame }));
                }
                StreamEvent::Kind(kind) => *self.facts.streams.entry(kind).or_default() += 1,
                // Names of servers and certificates have no replacements.
                StreamEvent::Tls(_) if self.redaction.redactor.is_some() => {}
                StreamEvent::Tls(stream) => {
                    self.facts.tls.note(&stream);
                    steps.push(Step::Tls(stream));
                }
            }
        }
    }

    pub(super) fn icmp(&mut self, error: &IcmpError<'_>, place: &Place<'_>) {
        let Some(quoted) = error.quoted_flow else { return };
        let endpoint = |address| Endpoint { address, port: 0 };
        let flow = Flow { source: endpoint(error.from), destination: endpoint(error.to), transport: Transport::Udp };
        let (flow, quoted) = (self.redaction.flow(flow), self.redaction.flow(quoted));
        let replaced = self.redaction.quoted(error.quoted_payload);
        let payload = replaced.as_deref().unwrap_or(error.quoted_payload);
        if let (Some(told), Some(payload)) = (&mut self.redaction.told, &replaced) {
            let payload = payload.clone();
            told.push(Told::Icmp { flow, time: place.time, kind: error.kind, quoted, payload });
        }
        let provenance = Provenance {
            frame: place.frame,
            other_frames: place.other_frames.into(),
            time: place.time,
            flow,
            ip_id: None,
            ttl: 0,
            carrier: self.redaction.carrier(place.carrier.clone()),
            offset: 0,
        };
        let report = IcmpReport { provenance, kind: error.kind, unreachable: quoted.destination };
        self.tracker.icmp(report, payload);
    }
}

/// The name that a DNS response could not resolve.
fn lookup(datagram: &Datagram<'_>, place: &Place<'_>, redaction: &mut Redaction) -> Option<Step> {
    let lookup = failed_lookup(datagram.flow.source.port, datagram.payload)?;
    let evidence = Evidence {
        frame: place.frame,
        time: place.time,
        source: datagram.flow.source,
        destination: datagram.flow.destination,
        what: Text::new("DNS response {code}").with("code", lookup.code),
        text: format!("{} {}: {}", lookup.name, lookup.record, lookup.code).into(),
    };
    let (name, evidence) = redaction.lookup(lookup.name, lookup.record, lookup.code, evidence);
    Some(Step::Lookup { name, code: lookup.code, evidence: Box::new(evidence) })
}
