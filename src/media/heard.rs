//! RTP packets in a batch of frames: who sent each to whom, in as few octets as that takes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::MediaEnds;
use crate::provenance::{Endpoint, FrameNumber, FrameRef};

/// Packets in the order of the capture, each told by its place among the frames of the batch that hold no SIP.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    v4: Vec<(usize, PackedV4)>,
    v6: Vec<(usize, PackedV6)>,
    /// Where numbers of frames do not follow one another: from that place on they count from that frame.
    numbers: Vec<(usize, FrameRef)>,
    /// How many of each were taken.
    taken: (usize, usize),
}

/// Addresses and ports of source and destination, as they stand in a packet.
pub(super) type PackedV4 = [u8; 12];
/// The same for IPv6.
pub(super) type PackedV6 = [u8; 36];

impl Heard {
    /// Takes note of a packet.
    pub(crate) fn add(&mut self, at: usize, frame: FrameRef, ends: MediaEnds) {
        let follows = self.numbers.last().is_some_and(|base| numbered(*base, at) == frame);
        if !follows {
            self.numbers.push((at, frame));
        }
        match ends {
            MediaEnds::V4(ends) => self.v4.push((at, ends)),
            MediaEnds::V6(ends) => self.v6.push((at, ends)),
        }
    }

    /// The next packet of IPv4 in front of that place. Streams of IPv4 and of IPv6 have nothing to do with one another.
    pub(super) fn next_v4(&mut self, until: usize) -> Option<(usize, PackedV4)> {
        let next = self.v4.get(self.taken.0).copied().filter(|(at, _)| *at < until)?;
        self.taken.0 += 1;
        Some(next)
    }

    /// The next packet of IPv6 in front of that place.
    pub(super) fn next_v6(&mut self, until: usize) -> Option<(usize, PackedV6)> {
        let next = self.v6.get(self.taken.1).copied().filter(|(at, _)| *at < until)?;
        self.taken.1 += 1;
        Some(next)
    }

    /// The frame of a packet.
    pub(super) fn frame(&self, at: usize) -> FrameRef {
        let behind = self.numbers.partition_point(|(from, _)| *from <= at);
        let base = behind.checked_sub(1).and_then(|index| self.numbers.get(index));
        base.map_or_else(FrameRef::default, |base| numbered(*base, at))
    }

    /// Forgets all packets.
    pub(crate) fn clear(&mut self) {
        self.v4.clear();
        self.v6.clear();
        self.numbers.clear();
        self.taken = (0, 0);
    }
}

fn numbered((from, first): (usize, FrameRef), at: usize) -> FrameRef {
    let behind = u64::try_from(at.saturating_sub(from)).unwrap_or(u64::MAX);
    FrameRef { number: FrameNumber(first.number.0.saturating_add(behind)), ..first }
}

/// Source and destination of a packet of IPv4.
pub(super) fn ends_v4(packed: PackedV4) -> (Endpoint, Endpoint) {
    ends(&packed, |octets: [u8; 4]| Ipv4Addr::from(octets).into())
}

/// Source and destination of a packet of IPv6.
pub(super) fn ends_v6(packed: PackedV6) -> (Endpoint, Endpoint) {
    ends(&packed, |octets: [u8; 16]| Ipv6Addr::from(octets).into())
}

/// Two addresses of so many octets, then two ports.
fn ends<const N: usize>(packed: &[u8], address: fn([u8; N]) -> IpAddr) -> (Endpoint, Endpoint) {
    let (addresses, ports) = packed.split_at_checked(2 * N).unwrap_or_default();
    let (addresses, ports) = (addresses.as_chunks::<N>().0, ports.as_chunks::<2>().0);
    let endpoint = |at: usize| Endpoint {
        address: address(addresses.get(at).copied().unwrap_or([0; N])),
        port: u16::from_be_bytes(ports.get(at).copied().unwrap_or_default()),
    };
    (endpoint(0), endpoint(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64) -> FrameRef {
        FrameRef { file: 0, number: FrameNumber(number) }
    }

    #[test]
    fn frames_are_found_again_by_their_places() {
        let mut heard = Heard::default();
        // Frames 10, 11, then one with SIP, 13, then one of another kind at place 3, then 15.
        for (at, number) in [(0, 10), (1, 11), (2, 13), (4, 15)] {
            heard.add(at, frame(number), MediaEnds::V4([1; 12]));
        }
        assert_eq!(heard.numbers.len(), 2);
        assert_eq!([0, 1, 2, 4].map(|at| heard.frame(at).number.0), [10, 11, 13, 15]);
        assert_eq!(heard.next_v4(1).map(|(at, _)| at), Some(0));
        assert_eq!(heard.next_v4(1), None);
        assert_eq!(heard.next_v4(9).map(|(at, _)| at), Some(1));
    }

    #[test]
    fn ends_are_unpacked() {
        let (source, destination) = ends_v4([192, 0, 2, 1, 192, 0, 2, 2, 0x0f, 0xa0, 0x13, 0x88]);
        assert_eq!((source.to_string(), destination.to_string()), ("192.0.2.1:4000".into(), "192.0.2.2:5000".into()));
        let mut packed = [0; 36];
        packed[..2].copy_from_slice(&[0x20, 1]);
        packed[31..].copy_from_slice(&[7, 0x0f, 0xa0, 0x13, 0x88]);
        let (source, destination) = ends_v6(packed);
        assert_eq!((source.to_string(), destination.to_string()), ("[2001::]:4000".into(), "[::7]:5000".into()));
    }
}
