//! TCP connections: the octets of steps to segments, with handshakes, acknowledgements, losses, and ends.

use std::collections::BTreeMap;

use crate::provenance::Endpoint;

use super::step::Tcp;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Longest payload where the text does not say: Ethernet with IPv4.
const USUAL: usize = 1460;
/// Nanoseconds between the segments of one step, and to the acknowledgement of them.
const GAP: i64 = 10_000;
const ACKNOWLEDGED_AFTER: i64 = 100_000;
/// And until a lost segment is sent again.
const RESENT_AFTER: i64 = 250_000_000;

/// One segment of a step.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Nanoseconds from the time of the step.
    pub(super) offset: i64,
    /// Whether it goes from the receiver of the step to its sender.
    pub(super) is_back: bool,
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) bits: u8,
    pub(super) payload: Vec<u8>,
}

/// The next sequence number of each direction, by sender and receiver.
#[derive(Debug, Default)]
pub(super) struct Streams {
    next: BTreeMap<(Endpoint, Endpoint), u32>,
}

impl Streams {
    /// The segments that carry the octets of a step, in the order in which they were captured.
    pub(super) fn send(&mut self, ends: (Endpoint, Endpoint), tcp: &Tcp, payload: &[u8]) -> Vec<Segment> {
        let back = (ends.1, ends.0);
        let mut sent = Vec::new();
        if !self.next.contains_key(&ends) {
            self.next.insert(ends, first(ends.0));
            self.next.insert(back, first(ends.1));
            if !tcp.open {
                sent.extend(self.handshake(ends));
            }
        }
        let data = self.data(ends, tcp, payload);
        let last = data.iter().map(|segment| segment.offset).max().unwrap_or(0);
        sent.extend(data);
        sent.push(self.segment(ends, true, last + ACKNOWLEDGED_AFTER, ACK));
        if tcp.close {
            sent.extend(self.close(ends, last + 2 * ACKNOWLEDGED_AFTER));
        }
        sent.sort_by_key(|segment| segment.offset);
        sent
    }

    /// A segment without octets that takes no room in the stream.
    fn segment(&self, ends: (Endpoint, Endpoint), is_back: bool, offset: i64, bits: u8) -> Segment {
        let next = |ends| self.next.get(&ends).copied().unwrap_or(0);
        let (there, here) = (next(ends), next((ends.1, ends.0)));
        let (sequence, acknowledged) = if is_back { (here, there) } else { (there, here) };
        Segment { offset, is_back, sequence, acknowledged, bits, payload: Vec::new() }
    }

    /// One that takes the room of one octet: SYN and FIN.
    fn control(&mut self, ends: (Endpoint, Endpoint), is_back: bool, offset: i64, bits: u8) -> Segment {
        let segment = self.segment(ends, is_back, offset, bits);
        self.advance(if is_back { (ends.1, ends.0) } else { ends }, 1);
        segment
    }

    fn advance(&mut self, ends: (Endpoint, Endpoint), octets: usize) {
        if let Some(next) = self.next.get_mut(&ends) {
            *next = next.wrapping_add(u32::try_from(octets).unwrap_or(u32::MAX));
        }
    }

    fn handshake(&mut self, ends: (Endpoint, Endpoint)) -> [Segment; 3] {
        let mut syn = self.control(ends, false, -3 * ACKNOWLEDGED_AFTER, SYN);
        syn.acknowledged = 0;
        let answer = self.control(ends, true, -2 * ACKNOWLEDGED_AFTER, SYN | ACK);
        [syn, answer, self.segment(ends, false, -ACKNOWLEDGED_AFTER, ACK)]
    }

    /// Both sides say FIN; the next step between the two begins another connection.
    fn close(&mut self, ends: (Endpoint, Endpoint), at: i64) -> [Segment; 3] {
        let fin = self.control(ends, false, at, FIN | ACK);
        let answer = self.control(ends, true, at + ACKNOWLEDGED_AFTER, FIN | ACK);
        let last = self.segment(ends, false, at + 2 * ACKNOWLEDGED_AFTER, ACK);
        self.next.remove(&ends);
        self.next.remove(&(ends.1, ends.0));
        [fin, answer, last]
    }

    /// The octets, in the order and with the losses that the text asks for.
    fn data(&mut self, ends: (Endpoint, Endpoint), tcp: &Tcp, payload: &[u8]) -> Vec<Segment> {
        let mut all = Vec::new();
        for part in payload.chunks(tcp.segments.unwrap_or(USUAL)) {
            let segment = self.segment(ends, false, 0, ACK);
            all.push(Segment { payload: part.to_vec(), ..segment });
            self.advance(ends, part.len());
        }
        if let Some(last) = all.last_mut() {
            last.bits |= PSH;
        }
        let mut order: Vec<usize> = tcp.order.clone();
        order.extend((1..=all.len()).filter(|number| !tcp.order.contains(number)));
        let mut sent = Vec::new();
        let mut offset = 0;
        for number in order {
            let Some(segment) = all.get(number - 1) else { continue };
            if !tcp.lost.contains(&number) {
                sent.push(Segment { offset, ..segment.clone() });
            }
            if tcp.resent.contains(&number) {
                sent.push(Segment { offset: offset + RESENT_AFTER, ..segment.clone() });
            }
            offset += GAP;
        }
        sent
    }
}

/// The initial sequence number: somewhere else for every port.
fn first(end: Endpoint) -> u32 {
    u32::from(end.port).wrapping_mul(0x0101_6b43).wrapping_add(0x1234_5678)
}
