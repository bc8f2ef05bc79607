//! Any octets as HEP of each version, in a datagram and in a stream: no panic, messages that lie in what was sent, where nothing is
//! compressed, and a time that the clock of the capture allows.
//!
//! Input: one octet that chooses how much the snap length cuts off, one that chooses the size of segments, then the packet.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sipscan::net::tcp::{Flags, Segment};
use sipscan::net::vlan::Vlans;
use sipscan::net::{Decoded, TcpReassembly, peel};
use sipscan::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Timestamp, Transport};
use sipscan::stream::{Messages, StreamEvent};

/// LINKTYPE_RAW: IP without anything in front.
const RAW: u16 = 101;
/// When everything is captured.
const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// An IPv4 packet with a UDP datagram to a collector.
fn packet(payload: &[u8]) -> Vec<u8> {
    let [total, udp] = [28, 8].map(|header| u16::try_from(header + payload.len()).unwrap().to_be_bytes());
    let ip = [0x45, 0, total[0], total[1], 0, 1, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    [&ip[..], &[0xc0, 0, 0x23, 0x64], &udp, &[0, 0], payload].concat()
}

fn datagram(octets: &[u8], length: usize) {
    let peeled = peel(RAW, octets, u32::try_from(length).unwrap(), NOW);
    // A clock that goes a little ahead is believed.
    assert!(peeled.time.is_none_or(|time| time <= NOW.plus(Duration::from_mins(10))));
    if let Decoded::Udp(datagram) = &peeled.content {
        assert!(datagram.payload.len() <= octets.len());
    }
}

/// Octets of the messages in a stream of packets.
fn stream(octets: &[u8], size: usize) -> Vec<Vec<u8>> {
    let end = |last| Endpoint { address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port: 9060 };
    let flow = Flow { source: end(1), destination: end(2), transport: Transport::Tcp };
    let (mut table, mut events) = (TcpReassembly::<Messages>::default(), Vec::new());
    let mut push = |number: u64, sequence: usize, syn: bool, payload: &[u8]| {
        let (sequence, flags) = (u32::try_from(sequence).unwrap(), Flags { syn, ..Flags::default() });
        let vlan = Vlans::default();
        let segment =
            Segment { flow, sequence, acknowledged: None, flags, payload, missing: 0, ip_id: None, ttl: 64, vlan };
        let place = (FrameRef { file: 0, number: FrameNumber(number) }, &[][..], NOW);
        table.push(&segment, place, NOW, &mut events);
        assert!(table.load().1 <= 4 << 20);
    };
    push(1, 0, true, b"");
    for (number, part) in (2..).zip(octets.chunks(size)) {
        push(number, 1 + (usize::try_from(number).unwrap() - 2) * size, false, part);
    }
    table.flush(&mut events);
    assert_eq!(table.load(), (0, 0));
    let raw = |event| if let StreamEvent::Message(message, _) = event { Some(message.raw().to_vec()) } else { None };
    events.into_iter().filter_map(raw).collect()
}

fuzz_target!(|input: &[u8]| {
    let [cut, size, payload @ ..] = input else { return };
    let payload = &payload[..payload.len().min(60_000)];
    let whole = packet(payload);
    datagram(&whole, whole.len());
    datagram(&whole[..whole.len() - usize::from(*cut).min(whole.len() - 28)], whole.len());
    let (once, again) = (stream(payload, payload.len().max(1)), stream(payload, usize::from(*size) + 1));
    if payload.starts_with(b"HEP3") {
        assert_eq!(once, again);
    }
});
