//! Captures built by hand, octet by octet, for the tests of this layer.

use super::octets::ByteOrder;

/// A frame to write: time in nanoseconds since the epoch, octets, length on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) time: i64,
    pub(super) bytes: Vec<u8>,
    pub(super) original_length: u32,
}

/// 2026-03-30 14:00:00 UTC.
pub(super) const START: i64 = 1_774_879_200_000_000_000;

/// Some frames of various lengths, one of them cut, a millisecond apart.
pub(super) fn frames(count: u8) -> Vec<Written> {
    (0..count)
        .map(|index| {
            let bytes = vec![index; usize::from(index) * 7 % 90];
            let original_length = u32::try_from(bytes.len()).unwrap() + u32::from(index == 3) * 1000;
            Written { time: START + i64::from(index) * 1_000_000, bytes, original_length }
        })
        .collect()
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// Writes numbers in a byte order.
#[derive(Debug, Clone)]
pub(super) struct File {
    order: ByteOrder,
    pub(super) bytes: Vec<u8>,
}

impl File {
    pub(super) fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(super) fn u16(&mut self, number: u16) -> &mut Self {
        let octets = number.to_be_bytes();
        self.bytes.extend(if self.order == ByteOrder::Big { octets } else { number.to_le_bytes() });
        self
    }

    pub(super) fn u32(&mut self, number: u32) -> &mut Self {
        let octets = number.to_be_bytes();
        self.bytes.extend(if self.order == ByteOrder::Big { octets } else { number.to_le_bytes() });
        self
    }

    pub(super) fn u64(&mut self, number: u64) -> &mut Self {
        let octets = number.to_be_bytes();
        self.bytes.extend(if self.order == ByteOrder::Big { octets } else { number.to_le_bytes() });
        self
    }

    /// A block of pcapng around what `body` writes.
    pub(super) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::new(self.order);
        body(&mut inner);
        inner.bytes.resize(inner.bytes.len().next_multiple_of(4), 0);
        let length = len(&inner.bytes) + 12;
        self.u32(kind).u32(length);
        self.bytes.extend(inner.bytes);
        self.u32(length)
    }

    pub(super) fn section(&mut self, order: ByteOrder) -> &mut Self {
        self.order = order;
        self.block(0x0a0d_0d0a, |block| {
            block.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
        })
    }

    /// An option: code, length, value, padding.
    pub(super) fn option(&mut self, code: u16, value: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::new(self.order);
        value(&mut inner);
        self.u16(code).u16(u16::try_from(inner.bytes.len()).unwrap());
        inner.bytes.resize(inner.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(inner.bytes);
        self
    }

    pub(super) fn interface(&mut self, link_type: u16, snap_length: u32, options: impl FnOnce(&mut Self)) -> &mut Self {
        self.block(1, |block| {
            block.u16(link_type).u16(0).u32(snap_length);
            options(block);
        })
    }

    /// An enhanced packet block; `units` is its timestamp.
    pub(super) fn enhanced(&mut self, interface: u32, units: u64, frame: &Written) -> &mut Self {
        self.enhanced_with(interface, units, frame, |_| {})
    }

    pub(super) fn enhanced_with(
        &mut self,
        interface: u32,
        units: u64,
        frame: &Written,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let [high, low] = [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
        self.block(6, |block| {
            block.u32(interface).u32(high).u32(low).u32(len(&frame.bytes)).u32(frame.original_length);
            block.bytes.extend(&frame.bytes);
            block.bytes.resize(block.bytes.len().next_multiple_of(4), 0);
            options(block);
        })
    }
}

/// A classic pcap file of Ethernet frames; the magic number tells the variant.
pub(super) fn pcap(order: ByteOrder, magic: u32, frames: &[Written]) -> Vec<u8> {
    let mut file = File::new(order);
    file.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(262_144).u32(1);
    for frame in frames {
        let seconds = u32::try_from(frame.time / 1_000_000_000).unwrap();
        let nanoseconds = u32::try_from(frame.time % 1_000_000_000).unwrap();
        let fraction = if magic == 0xa1b2_3c4d { nanoseconds } else { nanoseconds / 1000 };
        file.u32(seconds).u32(fraction).u32(len(&frame.bytes)).u32(frame.original_length);
        if magic == 0xa1b2_cd34 {
            file.u32(7).u16(0x0800).u16(0);
        }
        file.bytes.extend(&frame.bytes);
    }
    file.bytes
}

/// A pcapng file with one section and interface, in microseconds, and statistics at the end.
pub(super) fn pcapng(order: ByteOrder, frames: &[Written]) -> Vec<u8> {
    let mut file = File::new(order);
    file.section(order).interface(1, 0, |_| {});
    for frame in frames {
        file.enhanced(0, u64::try_from(frame.time / 1000).unwrap(), frame);
    }
    file.block(5, |block| {
        block.u32(0).u32(0).u32(0).option(5, |value| {
            value.u64(4);
        });
    });
    file.bytes
}

/// Every variant of both formats, with its name, holding the same frames.
pub(super) fn variants(frames: &[Written]) -> Vec<(&'static str, Vec<u8>)> {
    use ByteOrder::{Big, Little};
    vec![
        ("pcap", pcap(Little, 0xa1b2_c3d4, frames)),
        ("pcap, big-endian", pcap(Big, 0xa1b2_c3d4, frames)),
        ("pcap, nanoseconds", pcap(Little, 0xa1b2_3c4d, frames)),
        ("pcap, nanoseconds, big-endian", pcap(Big, 0xa1b2_3c4d, frames)),
        ("pcap, modified", pcap(Little, 0xa1b2_cd34, frames)),
        ("pcap, modified, big-endian", pcap(Big, 0xa1b2_cd34, frames)),
        ("pcapng", pcapng(Little, frames)),
        ("pcapng", pcapng(Big, frames)),
    ]
}
