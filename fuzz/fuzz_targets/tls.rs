//! Any octets as a TLS connection whose secrets are known: no panic, bounded memory that is all given back, and as many messages as
//! there is room for.
//!
//! Input: an octet that says how many octets a segment has, then pieces: an octet that says which end sends (even: the client) or that
//! octets are missing (above 250), two octets of length, and the octets.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sipscan::net::TcpReassembly;
use sipscan::net::tcp::{Flags, Segment};
use sipscan::net::vlan::Vlans;
use sipscan::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Timestamp, Transport};
use sipscan::stream::{Messages, StreamEvent};
use sipscan::tls::{Keys, Secrets};

const FLOW: Flow = Flow {
    source: Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), port: 40_000 },
    destination: Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 30)), port: 5061 },
    transport: Transport::Tcp,
};

/// Those of the seeds.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let mut secrets = Secrets::default();
    secrets.add_lines(include_bytes!("../seeds/tls.keys"));
    secrets.add_pem(include_str!("../../tests/data/tls/rsa-key.pem"));
    Keys::new(secrets)
});

fuzz_target!(|input: &[u8]| {
    let Some((size, mut rest)) = input.split_first() else { return };
    let mut table = TcpReassembly::<Messages>::new(KEYS.for_capture());
    let mut events = Vec::new();
    let mut sequences = [1_u32, 1];
    let mut frames = 0;
    while let Some((&[who, high, low], behind)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(behind.len());
        let (octets, behind) = behind.split_at(length);
        rest = behind;
        let flow = if who % 2 == 0 { FLOW } else { FLOW.reversed() };
        for payload in octets.chunks(usize::from(*size) * 8 + 1) {
            let sequence = sequences[usize::from(who % 2)];
            sequences[usize::from(who % 2)] = sequence.wrapping_add(u32::try_from(payload.len()).unwrap());
            if who > 250 {
                continue;
            }
            frames += 1;
            let frame = FrameRef { file: 0, number: FrameNumber(frames) };
            let time = Timestamp(i64::try_from(frames).unwrap() * 1_000_000_000);
            let segment = Segment {
                flow,
                sequence,
                acknowledged: None,
                flags: Flags::default(),
                payload,
                missing: 0,
                ip_id: None,
                ttl: 64,
                vlan: Vlans::default(),
            };
            table.expire(time, &mut events);
            table.push(&segment, (frame, &[], time), time, &mut events);
            let (connections, held) = table.load();
            assert!(connections <= 1 && held <= 8 << 20);
        }
    }
    table.flush(&mut events);
    assert_eq!(table.load(), (0, 0));
    let messages = events.iter().filter_map(|event| match event {
        StreamEvent::Message(message, _) => Some(message.raw().len()),
        _ => None,
    });
    assert!(messages.sum::<usize>() <= input.len() * 1100, "no more than what inflating may make of it");
});
