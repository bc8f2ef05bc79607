//! pcapng: sections, each with a byte order and interfaces of its own, made of blocks.
//!
//! Read are section headers, interfaces, interface statistics, and enhanced, simple and (obsolete) packet blocks; all other
//! blocks are skipped. The lengths of a block are checked here before pcap-parser sees it: it relies on them.

use pcap_parser::{
    Block, InterfaceDescriptionBlock, InterfaceStatisticsBlock, PcapNGOption, SectionHeaderBlock, SimplePacketBlock,
    parse_block_be, parse_block_le,
};

use super::announced::Announced;
use super::buffer::Buffer;
use super::drops::Drops;
use super::interface;
use super::octets::ByteOrder;
use super::reader::Frame;
use super::record::{Fault, Located, Record, Secrets, to_usize};
use super::time_unit::TimeUnit;
use super::writer::EXTRACT;
use crate::limits::{BLOCK_OCTETS, INTERFACE_OPTION_OCTETS, INTERFACES, SECRET_OCTETS};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// Blocks without a frame that Wireshark counts as one all the same: systemd journal entries, sysdig events, custom blocks.
const NUMBERED: [u32; 4] = [9, 0x204, 0x0bad, 0x4000_0bad];

/// Octets of an enhanced or obsolete packet, behind type and length, before the frame.
const PACKET_HEADER: usize = 20;
/// Where the octets of a frame begin in the blocks that have some.
const PACKET_DATA: usize = 8 + PACKET_HEADER;
const SIMPLE_PACKET_DATA: usize = 12;

/// An interface of the current section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: u16,
    /// 0: without limit.
    snap_length: u32,
    time_unit: TimeUnit,
}

/// An open pcapng file.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    /// The same interfaces with all that is said of them.
    described: Vec<interface::Interface>,
    /// Interfaces of the sections before.
    interfaces_before: usize,
    /// Octets of options that may still be kept in this section.
    option_room: usize,
    /// Where decryption secrets are kept, if somebody wants them.
    secrets: Option<Vec<Secrets>>,
    pub(super) drops: Drops,
    /// What stands in front of the first frame.
    pub(super) announced: Announced,
    has_frames: bool,
    /// Blocks so far that are no frames, but have frame numbers in Wireshark.
    pub(super) other_records: u64,
}

/// The byte order that the octets behind type and length of a section header tell.
pub(super) fn byte_order(magic: &[u8]) -> Option<ByteOrder> {
    match magic {
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(ByteOrder::Little),
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(ByteOrder::Big),
        _ => None,
    }
}

impl Pcapng {
    pub(super) fn new() -> Self {
        Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            described: Vec::new(),
            interfaces_before: 0,
            option_room: INTERFACE_OPTION_OCTETS,
            secrets: None,
            drops: Drops::default(),
            announced: Announced::default(),
            has_frames: false,
            other_records: 0,
        }
    }

    /// Finds the next frame, reading the blocks on the way; `None` at the end of the file.
    pub(super) fn locate(&mut self, buffer: &mut Buffer) -> Result<Option<Located>, Fault> {
        loop {
            if !buffer.fill(12)? {
                return if buffer.data().is_empty() { Ok(None) } else { Err(Fault::Cut) };
            }
            let length = self.block_length(buffer.data())?;
            if !buffer.fill(length)? {
                return Err(Fault::Cut);
            }
            let block = buffer.data().get(..length).unwrap_or_default();
            if let Some(located) = self.block(block)? {
                self.has_frames = true;
                return Ok(Some(located));
            }
            buffer.consume_octets(length);
        }
    }

    /// Reads the head of a block; a section header sets the byte order.
    fn block_length(&mut self, head: &[u8]) -> Result<usize, Fault> {
        if self.order.u32(head, 0) == Some(SECTION_HEADER) {
            let magic = head.get(8..12).unwrap_or_default();
            self.order =
                byte_order(magic).ok_or_else(|| Fault::Corrupt("a section header without byte-order magic".into()))?;
        }
        match self.order.u32(head, 4) {
            Some(length @ 12..=BLOCK_OCTETS) if length % 4 == 0 => Ok(to_usize(length)),
            length => Err(Fault::Corrupt(format!("a block with an impossible length of {}", length.unwrap_or(0)))),
        }
    }

    /// Reads one whole block.
    fn block(&mut self, bytes: &[u8]) -> Result<Option<Located>, Fault> {
        let end = bytes.len().saturating_sub(4);
        if self.order.u32(bytes, 4) != self.order.u32(bytes, end) {
            return Err(Fault::Corrupt("a block whose two lengths differ".into()));
        }
        let body = bytes.get(8..end).unwrap_or_default();
        match self.order.u32(bytes, 0).unwrap_or(0) {
            ENHANCED_PACKET => self.enhanced_packet(body, bytes.len()).map(Some),
            PACKET => self.obsolete_packet(body, bytes.len()).map(Some),
            kind @ (SECTION_HEADER | INTERFACE_DESCRIPTION | SIMPLE_PACKET | INTERFACE_STATISTICS) => {
                self.parsed_block(kind, bytes)
            }
            DECRYPTION_SECRETS => {
                self.decryption_secrets(body);
                Ok(None)
            }
            kind => {
                self.other_records += u64::from(NUMBERED.contains(&kind));
                Ok(None)
            }
        }
    }

    /// Reads the blocks that pcap-parser does well. It knows enhanced packets too, but at three times the time of the frame,
    /// and with an allocation for their options.
    fn parsed_block(&mut self, kind: u32, bytes: &[u8]) -> Result<Option<Located>, Fault> {
        let parsed = if self.order == ByteOrder::Little { parse_block_le(bytes) } else { parse_block_be(bytes) };
        let Ok((_, block)) = parsed else {
            return Err(Fault::Corrupt(format!("a block of type {kind} that contradicts its length")));
        };
        match block {
            Block::SimplePacket(packet) => return self.simple_packet(&packet, bytes.len()).map(Some),
            Block::InterfaceDescription(interface) => self.interface(&interface)?,
            Block::InterfaceStatistics(statistics) => self.statistics(&statistics),
            Block::SectionHeader(section) => self.section(&section)?,
            _ => {}
        }
        Ok(None)
    }

    fn section(&mut self, section: &SectionHeaderBlock<'_>) -> Result<(), Fault> {
        if section.major_version != 1 {
            return Err(Fault::Corrupt(format!("a section of pcapng version {}", section.major_version)));
        }
        if let (false, Some(application)) = (self.has_frames, option(&section.options, 4)) {
            self.announced.is_extract = application.starts_with(EXTRACT.as_bytes());
            if self.announced.is_extract {
                let comments = section.options.iter().filter(|option| option.code.0 == 1);
                comments
                    .filter_map(|option| option.as_bytes().ok())
                    .for_each(|comment| self.announced.comment(comment));
            }
        }
        self.interfaces_before += self.interfaces.len();
        self.interfaces.clear();
        self.described.clear();
        self.option_room = INTERFACE_OPTION_OCTETS;
        self.drops.end_section();
        Ok(())
    }

    fn interface(&mut self, block: &InterfaceDescriptionBlock<'_>) -> Result<(), Fault> {
        if self.interfaces.len() >= INTERFACES {
            return Err(Fault::Corrupt(format!("more than {INTERFACES} interfaces in one section")));
        }
        let described = interface::Interface::of_block(block, self.order, &mut self.option_room);
        self.interfaces.push(Interface {
            link_type: described.link_type,
            snap_length: described.snap_length,
            time_unit: described.time_unit(),
        });
        self.described.push(described);
        Ok(())
    }

    fn statistics(&mut self, block: &InterfaceStatisticsBlock<'_>) {
        let counter = |code| option(&block.options, code).and_then(|value| self.order.u64(value));
        let (interface, system) = (counter(5), counter(7));
        let Some(of) = self.interfaces.get(to_usize(block.if_id)) else { return };
        self.drops.interface_statistics(block.if_id, interface, system);
        if !self.has_frames {
            let moment = |code| {
                let value = option(&block.options, code)?;
                of.time_unit.timestamp(self.order.u32(value, 0)?, self.order.u32(value, 4)?)
            };
            self.announced.add(moment(2), moment(3), self.drops.total() > 0);
        }
    }

    /// Says that decryption secrets are wanted.
    pub(super) fn keep_secrets(&mut self) {
        self.secrets.get_or_insert_default();
    }

    /// The secrets that were found since they were last taken.
    pub(super) fn has_secrets(&self) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| !secrets.is_empty())
    }

    pub(super) fn take_secrets(&mut self) -> Vec<Secrets> {
        self.secrets.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn decryption_secrets(&mut self, body: &[u8]) {
        let (Some(kind), Some(length)) = (self.order.u32(body, 0), self.order.u32(body, 4)) else { return };
        let (Some(kept), Some(bytes)) =
            (&mut self.secrets, body.get(8..).and_then(|rest| rest.get(..to_usize(length))))
        else {
            return;
        };
        if kept.iter().map(|secrets| secrets.bytes.len()).sum::<usize>() + bytes.len() <= SECRET_OCTETS {
            kept.push(Secrets { kind, bytes: bytes.to_vec() });
        }
    }

    /// A frame with what its block says beside its octets.
    pub(super) fn record<'a>(&'a self, frame: Frame<'a>, located: &Located, block: &'a [u8]) -> Option<Record<'a>> {
        let index = to_usize(located.interface);
        let mut record = Record {
            frame,
            interface: self.described.get(index)?,
            interface_number: self.interfaces_before + index,
            comments: Vec::new(),
            flags: None,
        };
        if located.start == PACKET_DATA {
            let end = block.len().saturating_sub(4);
            let options = block.get(located.start + located.length.next_multiple_of(4)..end).unwrap_or_default();
            for (code, value) in self.options(options) {
                match code {
                    1 => record.comments.push(value),
                    2 => record.flags = self.order.u32(value, 0).or(record.flags),
                    _ => {}
                }
            }
        }
        Some(record)
    }

    fn interface_of(&self, index: u32) -> Result<&Interface, Fault> {
        self.interfaces
            .get(to_usize(index))
            .ok_or_else(|| Fault::Corrupt(format!("a frame of interface {index}, which is not described")))
    }

    fn enhanced_packet(&mut self, body: &[u8], record_length: usize) -> Result<Located, Fault> {
        let index = self.order.u32(body, 0).ok_or_else(contradiction)?;
        let located = self.packet(index, body, record_length)?;
        let options = located.length.next_multiple_of(4).saturating_add(PACKET_HEADER);
        if let Some(options) = body.get(options..).filter(|options| !options.is_empty()) {
            self.drops.between_frames(self.drop_count(options));
        }
        Ok(located)
    }

    /// The packet block of the first drafts of pcapng: an enhanced one whose interface number shares its field with a
    /// count of lost packets. pcap-parser does not know it.
    fn obsolete_packet(&mut self, body: &[u8], record_length: usize) -> Result<Located, Fault> {
        let index = self.order.u16(body, 0).ok_or_else(contradiction)?;
        let located = self.packet(index.into(), body, record_length)?;
        let lost = self.order.u16(body, 2).filter(|lost| *lost != u16::MAX);
        self.drops.between_frames(lost.unwrap_or(0).into());
        Ok(located)
    }

    /// What enhanced and obsolete packets have in common.
    fn packet(&self, index: u32, body: &[u8], record_length: usize) -> Result<Located, Fault> {
        let field = |at| self.order.u32(body, at).ok_or_else(contradiction);
        let interface = self.interface_of(index)?;
        let (captured, original_length) = (field(12)?, field(16)?);
        if to_usize(captured) > body.len().saturating_sub(PACKET_HEADER) {
            return Err(contradiction());
        }
        Ok(Located {
            record_length,
            start: PACKET_DATA,
            length: to_usize(captured),
            original_length: original_length.max(captured),
            time: interface.time_unit.timestamp(field(4)?, field(8)?),
            link_type: interface.link_type,
            interface: index,
        })
    }

    /// The option of an enhanced packet that counts the packets lost before it; 0 where there is none.
    fn drop_count(&self, options: &[u8]) -> u64 {
        let count = self.options(options).find(|(code, _)| *code == 4);
        count.and_then(|(_, value)| self.order.u64(value)).unwrap_or(0)
    }

    /// The options of a packet, with their codes.
    fn options<'a>(&self, mut options: &'a [u8]) -> impl Iterator<Item = (u16, &'a [u8])> {
        let order = self.order;
        std::iter::from_fn(move || {
            let code = order.u16(options, 0).filter(|code| *code != 0)?;
            let length = usize::from(order.u16(options, 2)?);
            let value = options.get(4..4 + length)?;
            options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }

    /// A simple packet has no time, and belongs to the first interface, whose snap length says how much of it is there.
    fn simple_packet(&self, packet: &SimplePacketBlock<'_>, record_length: usize) -> Result<Located, Fault> {
        let interface = self.interface_of(0)?;
        let snap_length = if interface.snap_length == 0 { usize::MAX } else { to_usize(interface.snap_length) };
        Ok(Located {
            record_length,
            start: SIMPLE_PACKET_DATA,
            length: to_usize(packet.origlen).min(snap_length).min(packet.data.len()),
            original_length: packet.origlen,
            time: None,
            link_type: interface.link_type,
            interface: 0,
        })
    }
}

fn contradiction() -> Fault {
    Fault::Corrupt("a packet block that contradicts its length".into())
}

/// The value of the first option of that code.
pub(super) fn option<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> Option<&'a [u8]> {
    options.iter().find(|option| option.code.0 == code)?.as_bytes().ok()
}
