//! Classic pcap: a header of 24 octets, then records.
//!
//! Read are microseconds and nanoseconds, both byte orders, the "modified" format (records with eight more octets of
//! header) in both, and files before version 2.4 with the lengths the other way round.

use pcap_parser::parse_pcap_header;

use super::buffer::Buffer;
use super::interface::Interface;
use super::octets::ByteOrder;
use super::reader::Frame;
use super::record::{Fault, Located, Record, to_usize};
use crate::limits::{FRAME_OCTETS, FRAME_OCTETS_USUAL};
use crate::provenance::Timestamp;

/// Octets of the file header.
pub(super) const HEADER: usize = 24;

/// The kinds of classic pcap, by magic number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) order: ByteOrder,
    pub(super) nanoseconds: bool,
    /// Alexey Kuznetzov's format, of old Linux distributions.
    pub(super) modified: bool,
}

impl Variant {
    /// Recognises the magic number.
    pub(super) fn of(magic: [u8; 4]) -> Option<Self> {
        use ByteOrder::{Big, Little};
        let (order, nanoseconds, modified) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (Little, false, false),
            [0xa1, 0xb2, 0xc3, 0xd4] => (Big, false, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Little, true, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Big, true, false),
            [0x34, 0xcd, 0xb2, 0xa1] => (Little, false, true),
            [0xa1, 0xb2, 0xcd, 0x34] => (Big, false, true),
            _ => return None,
        };
        Some(Self { order, nanoseconds, modified })
    }
}

/// In which order a record gives captured and original length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    /// Captured length first.
    Standard,
    /// Original length first: before version 2.3.
    Swapped,
    /// Version 2.3 has both; the captured length is the smaller one.
    Either,
}

/// An open classic pcap file.
#[derive(Debug)]
pub(super) struct Pcap {
    variant: Variant,
    lengths: Lengths,
    pub(super) link_type: u16,
    interface: Interface,
    longest: u32,
}

impl Pcap {
    /// Reads the file header. `None` where it is cut or not of version 2.
    pub(super) fn new(variant: Variant, header: &[u8; HEADER]) -> Option<Self> {
        // The parser knows the modified format in little-endian order only; the header is the same in all.
        let mut header = *header;
        let magic: [u8; 4] =
            if variant.order == ByteOrder::Little { [0xd4, 0xc3, 0xb2, 0xa1] } else { [0xa1, 0xb2, 0xc3, 0xd4] };
        *header.first_chunk_mut()? = magic;
        let (_, header) = parse_pcap_header(&header).ok()?;
        let lengths = match (header.version_major, header.version_minor) {
            (2, 0..=2) => Lengths::Swapped,
            (2, 3) => Lengths::Either,
            (2, _) => Lengths::Standard,
            _ => return None,
        };
        // The upper half tells the length of a frame check sequence, which the layers above take for padding.
        let [low, high, ..] = header.network.0.to_le_bytes();
        let link_type = u16::from_le_bytes([low, high]);
        Some(Self {
            variant,
            lengths,
            link_type,
            interface: Interface::of_pcap(link_type, header.snaplen, variant.nanoseconds),
            longest: header.snaplen.clamp(FRAME_OCTETS_USUAL, FRAME_OCTETS),
        })
    }

    /// Finds the next frame; `None` at the end of the file.
    pub(super) fn locate(&self, buffer: &mut Buffer) -> Result<Option<Located>, Fault> {
        let header = if self.variant.modified { 24 } else { 16 };
        if buffer.data().len() < header && !buffer.fill(header)? {
            return if buffer.data().is_empty() { Ok(None) } else { Err(Fault::Cut) };
        }
        let unreadable = || Fault::Corrupt("a record that cannot be read".into());
        let fields = self.fields(buffer.data()).ok_or_else(unreadable)?;
        let located = self.located(header, fields);
        let captured = located.length;
        if captured > to_usize(self.longest) {
            return Err(Fault::Corrupt(format!("a record of {captured} octets, more than {} allow", self.longest)));
        }
        if buffer.data().len() < located.record_length && !buffer.fill(located.record_length)? {
            return Err(Fault::Cut);
        }
        Ok(Some(located))
    }

    /// A frame with what the file says of all of them.
    pub(super) fn record<'a>(&'a self, frame: Frame<'a>) -> Record<'a> {
        Record { frame, interface: &self.interface, interface_number: 0, comments: Vec::new(), flags: None }
    }

    /// The frame behind a header of so many octets: seconds, fraction, and two lengths.
    fn located(&self, header: usize, [seconds, fraction, first, second]: [u32; 4]) -> Located {
        let nanoseconds = i64::from(fraction) * if self.variant.nanoseconds { 1 } else { 1000 };
        let captured = match self.lengths {
            Lengths::Standard => first,
            Lengths::Swapped => second,
            Lengths::Either => first.min(second),
        };
        Located {
            record_length: header + to_usize(captured),
            start: header,
            length: to_usize(captured),
            original_length: first.max(second),
            // A fraction of more than a second (a fault of old writers) is carried over.
            time: Some(Timestamp(i64::from(seconds) * 1_000_000_000 + nanoseconds)),
            link_type: self.link_type,
            interface: 0,
        }
    }

    /// The fields that the headers of all kinds of records begin with.
    fn fields(&self, data: &[u8]) -> Option<[u32; 4]> {
        let header: &[u8; 16] = data.first_chunk()?;
        let (fields, _) = header.as_chunks();
        let fields: &[[u8; 4]; 4] = fields.first_chunk()?;
        Some(match self.variant.order {
            ByteOrder::Little => fields.map(u32::from_le_bytes),
            ByteOrder::Big => fields.map(u32::from_be_bytes),
        })
    }
}
