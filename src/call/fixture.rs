//! Calls from the text form of flows, for tests.

use super::assemble::{Group, assemble};
use super::{Call, CallNumber, CapturedMessage, IcmpReport, Leg};
use crate::net::{Decoded, TcpReassembly, decode};
use crate::provenance::{FrameNumber, FrameRef, Timestamp};
use crate::sample::Flow;
use crate::sip::messages;
use crate::stream::{Messages, StreamEvent};
use crate::transaction::match_messages;

/// The calls of a flow, one per Call-ID, observed until a minute after the last datagram of the flow.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    let all = captured(text);
    let end = all.iter().map(|m| m.provenance.time).max().unwrap_or_default();
    let mut ids: Vec<Option<Vec<u8>>> = Vec::new();
    for message in &all {
        let id = message.message.call_id().map(<[u8]>::to_vec);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let until = Timestamp(end.0 + 60_000_000_000);
    ids.into_iter()
        .map(|id| {
            let own = all.iter().filter(|m| m.message.call_id() == id.as_deref()).cloned().collect();
            one(vec![Leg { call_id: id }], own, until)
        })
        .collect()
}

/// The one call of a flow with all its Call-IDs joined, observed until `seconds` after the last datagram.
pub(crate) fn joined(text: &str, seconds: f64) -> Call {
    let mut all = captured(text);
    let end = all.iter().map(|m| m.provenance.time).max().unwrap_or_default();
    let mut legs: Vec<Leg> = Vec::new();
    for message in &mut all {
        let call_id = message.message.call_id().map(<[u8]>::to_vec);
        message.leg = legs.iter().position(|leg| leg.call_id == call_id).unwrap_or(legs.len());
        if message.leg == legs.len() {
            legs.push(Leg { call_id });
        }
    }
    one(legs, all, end.plus(std::time::Duration::from_secs_f64(seconds)))
}

/// The same, a minute later.
pub(crate) fn call(text: &str) -> Call {
    joined(text, 60.0)
}

pub(crate) fn one(legs: Vec<Leg>, messages: Vec<CapturedMessage>, observed_until: Timestamp) -> Call {
    let transactions = match_messages(&messages);
    *assemble(Group {
        number: CallNumber(1),
        legs,
        messages,
        transactions,
        icmp: Vec::<IcmpReport>::new(),
        observed_until,
    })
}

pub(crate) fn captured(text: &str) -> Vec<CapturedMessage> {
    let flow = Flow::parse(text).unwrap();
    let mut all = over_tcp(&flow);
    for datagram in flow.datagrams() {
        for framed in messages(&datagram.payload, false) {
            let provenance = datagram.provenance(u32::try_from(framed.offset).unwrap());
            all.push(CapturedMessage::new(framed.message, provenance));
        }
    }
    all.sort_by_key(|captured| captured.provenance.frame);
    all
}

/// The messages of TCP connections.
fn over_tcp(flow: &Flow) -> Vec<CapturedMessage> {
    let mut table = TcpReassembly::<Messages>::default();
    let mut events = Vec::new();
    for (number, frame) in (1..).zip(flow.frames()) {
        let place = FrameRef { file: 0, number: FrameNumber(number) };
        if let Decoded::Tcp(segment) = decode(flow.link_type(), &frame.bytes, frame.original_length) {
            table.push(&segment, (place, &[], frame.time), frame.time, &mut events);
        }
    }
    table.flush(&mut events);
    let message = |event| match event {
        StreamEvent::Message(message, provenance) => Some(CapturedMessage::new(message, provenance)),
        _ => None,
    };
    events.into_iter().filter_map(message).collect()
}
