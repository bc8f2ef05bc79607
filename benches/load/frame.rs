//! Octets of frames and of their records.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes a frame at a time in microseconds.
pub(super) fn record(out: &mut dyn Write, time: u64, frame: &[u8]) -> io::Result<()> {
    let [seconds, micros] = [time / 1_000_000, time % 1_000_000].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    for field in [seconds, micros, length, length] {
        out.write_all(&field.to_le_bytes())?;
    }
    out.write_all(frame)
}

/// The address of an element: 0 is the caller, 9 the callee, others are on the way.
fn address(element: usize) -> [u8; 4] {
    match element {
        0 => [192, 0, 2, 10],
        9 => [198, 51, 100, 30],
        on_the_way => [203, 0, 113, u8::try_from(on_the_way).unwrap_or(0)],
    }
}

/// A datagram between two elements, in one direction or the other.
pub(super) fn frame((near, far): (usize, usize), away: bool, port: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = if away { (near, far) } else { (far, near) };
    let mut bytes = Vec::with_capacity(42 + payload.len());
    bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
    let length = |more: usize| u16::try_from(payload.len() + more).unwrap_or(u16::MAX).to_be_bytes();
    bytes.extend(length(28));
    bytes.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    bytes.extend(address(source));
    bytes.extend(address(destination));
    bytes.extend(port.to_be_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend(length(8));
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

/// Gives a frame of the caller another address for each of 2^24 callers.
pub(super) fn from_client(frame: &mut [u8], away: bool, number: u64) {
    let [.., a, b, c] = number.to_be_bytes();
    let at = if away { 26 } else { 30 };
    if let Some(place) = frame.get_mut(at..at + 4) {
        place.copy_from_slice(&[10, a, b, c]);
    }
}

/// The first fragment of a datagram of its own, whose rest never comes.
pub(super) fn fragment(number: u64) -> Vec<u8> {
    let mut bytes = frame((0, 9), true, 5060, &[b'x'; 1400]);
    let [.., a, b, high, low] = number.to_be_bytes();
    // Identification and more-fragments; the sender changes when the identifications are used up.
    for (at, octet) in [(18, high), (19, low), (20, 0x20), (21, 0), (28, b), (27, a)] {
        if let Some(place) = bytes.get_mut(at) {
            *place = octet;
        }
    }
    bytes
}

/// Octets of a TCP segment on Ethernet, with time stamps.
const SEGMENT: usize = 1448;
/// Octets in front of the payload of a UDP datagram: Ethernet, IPv4, UDP.
const IN_FRONT: usize = 42;

/// Connections that carry what datagrams would: one between any two elements, open all the time, whose beginnings were not captured.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Sequence number of the next octet, by source and destination.
    next: BTreeMap<Vec<u8>, u32>,
}

impl Connections {
    /// Writes the payload of a UDP frame as segments of one time.
    pub(super) fn record(&mut self, out: &mut dyn Write, time: u64, datagram: &[u8]) -> io::Result<()> {
        let (head, payload) = datagram.split_at(IN_FRONT.min(datagram.len()));
        let (Some(link), Some(addresses)) = (head.get(..14), head.get(26..34)) else { return Ok(()) };
        let reversed: Vec<u8> = addresses.iter().cycle().skip(4).take(8).copied().collect();
        let acknowledged = self.next.get(&reversed).copied().unwrap_or(1);
        let next = self.next.entry(addresses.to_vec()).or_insert(1);
        for part in payload.chunks(SEGMENT) {
            let length = u32::try_from(part.len()).unwrap_or(0);
            let mut frame = link.to_vec();
            frame.extend([0x45, 0]);
            frame.extend(u16::try_from(part.len() + 40).unwrap_or(u16::MAX).to_be_bytes());
            frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            frame.extend(addresses);
            frame.extend([5060_u16.to_be_bytes(), 5060_u16.to_be_bytes()].concat());
            frame.extend(next.to_be_bytes());
            frame.extend(acknowledged.to_be_bytes());
            frame.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
            frame.extend(part);
            record(out, time, &frame)?;
            *next = next.wrapping_add(length);
        }
        Ok(())
    }
}
