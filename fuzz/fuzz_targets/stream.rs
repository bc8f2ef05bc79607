//! Any octets as TCP connections: no panic, bounded memory that is all given back, messages that lie in what was sent, and the same
//! ones however a stream falls into segments.
//!
//! Input: eight octets that choose sizes, order and faults, then the octets of one direction.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sipscan::net::TcpReassembly;
use sipscan::net::tcp::{Flags, Segment};
use sipscan::net::vlan::Vlans;
use sipscan::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Timestamp, Transport};
use sipscan::stream::{Messages, StreamEvent, StreamKind};

const FLOW: Flow = Flow {
    source: Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), port: 40_000 },
    destination: Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 30)), port: 5060 },
    transport: Transport::Tcp,
};

#[derive(Default)]
struct Tap {
    table: TcpReassembly<Messages>,
    events: Vec<StreamEvent>,
    frames: u64,
    now: Timestamp,
}

impl Tap {
    fn push(&mut self, sequence: u32, flags: Flags, missing: u16, payload: &[u8]) {
        self.frames += 1;
        let frame = FrameRef { file: 0, number: FrameNumber(self.frames) };
        let segment = Segment {
            flow: FLOW,
            sequence,
            acknowledged: None,
            flags,
            payload,
            missing,
            ip_id: None,
            ttl: 64,
            vlan: Vlans::default(),
        };
        self.table.expire(self.now, &mut self.events);
        self.table.push(&segment, (frame, &[], self.now), self.now, &mut self.events);
        let (connections, held) = self.table.load();
        assert!(connections <= 1 && held <= 4 << 20);
    }

    fn syn(&mut self, sequence: u32) {
        self.push(sequence, Flags { syn: true, ..Flags::default() }, 0, b"");
    }

    /// Octets of each message, and whether anything was odd.
    fn finish(mut self) -> (Vec<Vec<u8>>, bool) {
        self.table.flush(&mut self.events);
        assert_eq!(self.table.load(), (0, 0));
        let mut odd = !self.table.take_anomalies().is_empty();
        let mut messages = Vec::new();
        let (mut kinds, mut is_wrapped) = (0, false);
        for event in self.events {
            match event {
                StreamEvent::Message(message, provenance) => {
                    assert!(provenance.frame.number.0 <= self.frames);
                    assert!(
                        provenance.other_frames.is_sorted() && !provenance.other_frames.contains(&provenance.frame)
                    );
                    let codes = message.anomalies().iter().map(|anomaly| anomaly.code());
                    is_wrapped |= provenance.flow.transport == Transport::WebSocket;
                    odd |= codes.into_iter().any(|code| code.starts_with("content-length") || code == "message-cut");
                    messages.push(message.raw().to_vec());
                }
                StreamEvent::Odd { .. } => odd = true,
                StreamEvent::Other(..) => {}
                StreamEvent::Kind(kind) => {
                    kinds += 1;
                    is_wrapped |= kind == StreamKind::Hep;
                }
                StreamEvent::Tls(_) | StreamEvent::Acknowledged { .. } => {}
            }
        }
        assert!(kinds > 0);
        // Copies may be compressed, and what a WebSocket client sends is masked, so that they are not found in the stream.
        if is_wrapped { (Vec::new(), true) } else { (messages, odd) }
    }
}

/// Messages lie in the stream, one behind the other.
fn assert_in_order(mut stream: &[u8], messages: &[Vec<u8>]) {
    for message in messages {
        let at = stream.windows(message.len()).position(|part| part == &message[..]);
        stream = &stream[at.expect("octets of the stream") + message.len()..];
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, stream)) = input.split_first_chunk::<8>() else { return };
    let initial = u32::from_be_bytes([choice[0], choice[1], choice[2], choice[3]]);
    let at = |offset: usize| initial.wrapping_add(1).wrapping_add(u32::try_from(offset).unwrap());
    let mut whole = Tap::default();
    whole.syn(initial);
    whole.push(at(0), Flags::default(), 0, stream);
    let (messages, odd) = whole.finish();
    assert_in_order(stream, &messages);

    // In pieces, every other one in front of the one before it.
    let size = usize::from(choice[4]) + 1;
    let mut pieces: Vec<(usize, &[u8])> = stream.chunks(size).enumerate().map(|(n, part)| (n * size, part)).collect();
    if choice[5] & 1 == 1 {
        pieces.chunks_mut(2).for_each(<[_]>::reverse);
    }
    let mut split = Tap::default();
    split.syn(initial);
    for (offset, part) in &pieces {
        split.push(at(*offset), Flags::default(), 0, part);
    }
    let (again, _) = split.finish();
    assert_in_order(stream, &again);
    if !odd {
        assert_eq!(messages, again);
    }

    // With losses, cuts, repetitions, ends and time, and without a beginning.
    let mut faulty = Tap::default();
    for (n, (offset, part)) in pieces.iter().enumerate() {
        let fault = choice[5 + n % 3].rotate_left(u32::try_from(n % 8).unwrap());
        let flags = Flags { fin: fault == 3, rst: fault == 7, syn: fault == 11 };
        match fault & 0xf0 {
            0x10 => {}
            0x20 => faulty.push(at(*offset), flags, 9, &part[..part.len() / 2]),
            0x30 => {
                faulty.push(at(*offset), flags, 0, part);
                faulty.push(at(offset / 2), flags, 0, part);
            }
            0x40 => faulty.push(at(offset * 65_537), flags, 0, part),
            _ => faulty.push(at(*offset), flags, 0, part),
        }
        faulty.now = faulty.now.plus(Duration::from_millis(u64::from(fault) * 50));
    }
    faulty.table.flush(&mut faulty.events);
    assert_eq!(faulty.table.load(), (0, 0));
});
