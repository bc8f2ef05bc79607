//! What a capture says of the interfaces that its frames come from, kept so that frames can be written again as they are.

use pcap_parser::{InterfaceDescriptionBlock, PcapNGOption};

use super::octets::ByteOrder;
use super::time_unit::TimeUnit;

/// The options that mean the same in every byte order: comment, name, description, addresses of the interface (IPv4, IPv6, MAC,
/// EUI), filter, operating system, length of the frame check sequence, hardware.
const OPAQUE: [u16; 11] = [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15];

/// An interface, as the section that describes it or the header of a classic pcap says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Number of the LINKTYPE registry.
    pub link_type: u16,
    /// Octets of a frame that were captured at most; 0 for no limit.
    pub snap_length: u32,
    /// The unit of its timestamps, as `if_tsresol` has it: a negative power of ten, or of two with the top bit set.
    pub resolution: u8,
    /// Seconds between the epoch of its timestamps and that of Unix (`if_tsoffset`).
    pub offset: i64,
    /// Further options of pcapng whose values are octets, with their codes: names (2), descriptions (3), filters (11), …
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Interface {
    /// The only interface of a classic pcap.
    pub(super) fn of_pcap(link_type: u16, snap_length: u32, nanoseconds: bool) -> Self {
        let resolution = if nanoseconds { 9 } else { 6 };
        Self { link_type, snap_length, resolution, offset: 0, options: Vec::new() }
    }

    /// That of an interface description; `room` is for octets of further options, and shrinks.
    pub(super) fn of_block(block: &InterfaceDescriptionBlock<'_>, order: ByteOrder, room: &mut usize) -> Self {
        let option = |code| super::pcapng::option(&block.options, code);
        // pcap-parser reads this option in little-endian order always.
        let offset = option(14).and_then(|value| order.u64(value)).map_or(0, u64::cast_signed);
        Self {
            link_type: u16::try_from(block.linktype.0).unwrap_or(u16::MAX),
            snap_length: block.snaplen,
            resolution: option(9).and_then(|value| value.first().copied()).unwrap_or(6),
            offset,
            options: kept(&block.options, room),
        }
    }

    pub(super) fn time_unit(&self) -> TimeUnit {
        TimeUnit::new(Some(self.resolution), self.offset)
    }
}

fn kept(options: &[PcapNGOption<'_>], room: &mut usize) -> Vec<(u16, Vec<u8>)> {
    let mut kept = Vec::new();
    for option in options.iter().filter(|option| OPAQUE.contains(&option.code.0)) {
        let Ok(value) = option.as_bytes() else { continue };
        if let Some(left) = room.checked_sub(value.len()) {
            *room = left;
            kept.push((option.code.0, value.to_vec()));
        }
    }
    kept
}
