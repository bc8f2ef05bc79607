//! SCTP on its way from packets to messages.

use super::{Front, Step};
use crate::anomaly::Anomaly;
use crate::call::CapturedMessage;
use crate::net::SctpKind;
use crate::net::sctp::{Packet, SctpEvent, UserMessage};
use crate::pipeline::prepare::Place;
use crate::provenance::Provenance;
use crate::sip;

impl Front {
    /// A packet of an association, with what can be read once it is there.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, place: &Place<'_>, steps: &mut Vec<Step>) {
        let mut events = Vec::new();
        self.associations.push(packet, place.arrived(), self.now, &mut events);
        self.sctp_events(events, steps);
    }

    /// Reads what is not waited for any longer. Cheap if there is nothing.
    pub(super) fn expire_associations(&mut self, steps: &mut Vec<Step>) {
        let mut events = Vec::new();
        self.associations.expire(self.now, &mut events);
        self.sctp_events(events, steps);
    }

    /// Reads what is left, at the end of the capture.
    pub(super) fn flush_associations(&mut self, steps: &mut Vec<Step>) {
        let mut events = Vec::new();
        self.associations.flush(&mut events);
        self.sctp_events(events, steps);
    }

    fn sctp_events(&mut self, events: Vec<SctpEvent>, steps: &mut Vec<Step>) {
        for event in events {
            match event {
                SctpEvent::Message(message) => self.user_message(message, steps),
                SctpEvent::Other(kind) => *self.facts.sctp_messages.entry(kind).or_default() += 1,
                // What an extract leaves out is of other calls.
                SctpEvent::Gap(_) if self.announced.is_extract => {}
                SctpEvent::Gap(flow) => {
                    self.anomaly(Anomaly::SctpGap);
                    steps.push(Step::Gap(self.redaction.gap(flow).destination.address));
                }
            }
        }
    }

    /// A user message is one SIP message (RFC 4168 §5); who puts several into one is read all the same.
    fn user_message(&mut self, message: UserMessage, steps: &mut Vec<Step>) {
        let UserMessage { octets, cut, flow, seen } = message;
        let framed = sip::messages(&octets, cut);
        let kind = if framed.is_empty() { SctpKind::of_octets(&octets) } else { SctpKind::Sip };
        *self.facts.sctp_messages.entry(kind).or_default() += 1;
        if !framed.is_empty() {
            self.hosts(&flow, steps);
        }
        for framed in framed {
            let provenance = Provenance {
                frame: seen.frame,
                other_frames: seen.other_frames.as_slice().into(),
                time: seen.time,
                flow,
                ip_id: None,
                ttl: seen.ttl,
                carrier: seen.carrier.clone(),
                offset: u32::try_from(framed.offset).unwrap_or(u32::MAX),
            };
            self.message(CapturedMessage::new(framed.message, provenance));
        }
    }
}
