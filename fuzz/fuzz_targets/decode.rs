//! Any sequence of frames of any link type: no panic, each frame ends as exactly one thing, and every fragment is accounted
//! for in the end.
//!
//! Input: frames of one octet of link type (an index), one of capture time to pass (in seconds), one of snap length to
//! take off, one of length, then the octets.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sipscan::net::{Datagram, Decoded, IpReassembly, classify, decode, failed_lookup};
use sipscan::provenance::{FrameNumber, FrameRef, Timestamp};

const LINK_TYPES: [u16; 27] = [
    1, 0, 12, 14, 101, 108, 113, 228, 229, 276, 147, 9, 50, 51, 100, 104, 105, 119, 127, 163, 178, 179, 181, 192, 239,
    252, 258,
];

fn look_into(datagram: &Datagram<'_>, captured: usize) {
    assert!(datagram.payload.len() <= captured);
    classify(&datagram.flow, datagram.payload);
    failed_lookup(datagram.flow.source.port, datagram.payload);
}

fuzz_target!(|input: &[u8]| {
    let (mut rest, mut now, mut fragments, mut total) = (input, Timestamp(0), 0, 0);
    let mut table = IpReassembly::new();
    let mut delivered = Vec::new();
    for number in 1.. {
        let [link_type, wait, cut, length, behind @ ..] = rest else { break };
        let (bytes, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        rest = behind;
        now = now.plus(Duration::from_secs((*wait).into()));
        let link_type = LINK_TYPES[usize::from(*link_type) % LINK_TYPES.len()];
        let original = u32::try_from(bytes.len()).unwrap() + u32::from(*cut);
        match decode(link_type, bytes, original) {
            Decoded::Udp(datagram) => look_into(&datagram, bytes.len()),
            Decoded::Fragment(fragment) => {
                fragments += 1;
                total += fragment.payload.len();
                assert!(fragment.payload.len() <= usize::from(fragment.length));
                let frame = FrameRef { file: 0, number: FrameNumber(number) };
                delivered.extend(table.push(&fragment, frame, now));
            }
            Decoded::Tcp(segment) => assert!(segment.payload.len() < bytes.len()),
            Decoded::Sctp(packet) => assert!(packet.chunks.len() < bytes.len()),
            Decoded::Icmp(error) => assert!(error.quoted_payload.len() < bytes.len()),
            Decoded::Skipped(reason) => assert!(!reason.code().is_empty()),
        }
        delivered.extend(table.expire(now));
    }
    delivered.extend(table.flush());
    let counts = table.counts();
    let held: u64 = delivered.iter().map(|one| 1 + u64::try_from(one.other_frames.len()).unwrap()).sum();
    assert_eq!(counts.fragments, fragments);
    assert!(counts.duplicates + held <= fragments);
    assert!(delivered.len() <= usize::try_from(counts.completed + counts.incomplete).unwrap());
    for one in &delivered {
        assert!(one.other_frames.is_sorted());
        match one.decode().content {
            Decoded::Udp(datagram) => look_into(&datagram, total),
            Decoded::Fragment(fragment) => assert!(fragment.payload.len() < total),
            Decoded::Tcp(segment) => assert!(segment.payload.len() < total),
            Decoded::Sctp(packet) => assert!(packet.chunks.len() < total),
            Decoded::Icmp(_) | Decoded::Skipped(_) => {}
        }
    }
});
