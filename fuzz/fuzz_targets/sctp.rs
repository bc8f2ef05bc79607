//! Any packets of SCTP: no panic, bounded memory that is all given back, and no more octets than were sent, also where every packet comes
//! twice.
//!
//! Input: packets of one octet that chooses tag, direction and whether the packet is cut, one of capture time to pass (in tenths of a
//! second), one of length, then the chunks.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sipscan::net::SctpReassembly;
use sipscan::net::sctp::{Packet, SctpEvent};
use sipscan::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Timestamp, Transport};

const fn end(last: u8) -> Endpoint {
    Endpoint { address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port: 5060 }
}

const FLOW: Flow = Flow { source: end(1), destination: end(2), transport: Transport::Sctp };

/// Octets of the user messages, and the number of other events.
fn read(input: &[u8], copies: usize) -> (Vec<Vec<u8>>, usize) {
    let (mut table, mut events) = (SctpReassembly::default(), Vec::new());
    let (mut rest, mut now, mut frames) = (input, Timestamp(0), 0);
    while let [choice, wait, length, behind @ ..] = rest {
        let (chunks, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        rest = behind;
        now = now.plus(Duration::from_millis(u64::from(*wait) * 100));
        let flow = if choice & 4 == 0 { FLOW } else { FLOW.reversed() };
        let packet = Packet { flow, tag: u32::from(choice & 3), chunks, cut: choice & 8 != 0, ip_id: None, ttl: 64 };
        table.expire(now, &mut events);
        for _ in 0..copies {
            frames += 1;
            let frame = FrameRef { file: 0, number: FrameNumber(frames) };
            table.push(&packet, (frame, &[], now), now, &mut events);
            let (directions, held) = table.load();
            assert!(directions <= 16 + input.len() && held <= 16 << 20);
        }
    }
    table.flush(&mut events);
    assert_eq!(table.load(), (0, 0));
    assert_eq!(table.counts().packets, frames);
    let (mut messages, mut others) = (Vec::new(), 0);
    for event in events {
        let SctpEvent::Message(message) = event else {
            others += 1;
            continue;
        };
        assert!(message.seen.frame.number.0 <= frames && message.seen.other_frames.is_sorted());
        assert!(!message.seen.other_frames.contains(&message.seen.frame));
        messages.push(message.octets);
    }
    (messages, others)
}

fuzz_target!(|input: &[u8]| {
    let (messages, _) = read(input, 1);
    let total: usize = messages.iter().map(Vec::len).sum();
    assert!(total <= input.len());
    // Every packet is captured twice.
    read(input, 2);
});
