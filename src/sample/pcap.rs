//! Frames to a capture file.

use super::frames::SampleFrame;
use super::step::{Format, Link};

const SNAPLEN: u32 = 262_144;

/// The bytes of the file, little-endian.
pub(super) fn write(frames: &[SampleFrame], format: Format, link: Link) -> Vec<u8> {
    match format {
        Format::Pcap => classic(frames, link, 0xa1b2_c3d4, 1_000),
        Format::PcapNanoseconds => classic(frames, link, 0xa1b2_3c4d, 1),
        Format::Pcapng => pcapng(frames, link),
    }
}

/// The number of the link type, as <https://www.tcpdump.org/linktypes.html> lists them.
pub(super) fn link_type(link: Link) -> u16 {
    match link {
        Link::Null => 0,
        Link::Ethernet => 1,
        Link::Raw => 101,
        Link::Sll => 113,
        Link::Sll2 => 276,
    }
}

/// Classic pcap; `unit` is the number of nanoseconds of the fraction's unit.
fn classic(frames: &[SampleFrame], link: Link, magic: u32, unit: i64) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(magic.to_le_bytes());
    out.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(SNAPLEN.to_le_bytes());
    out.extend(u32::from(link_type(link)).to_le_bytes());
    for frame in frames {
        let fraction = frame.time.0.rem_euclid(1_000_000_000) / unit;
        for value in [frame.time.epoch_seconds(), fraction] {
            out.extend(u32::try_from(value).unwrap_or(0).to_le_bytes());
        }
        out.extend(length(&frame.bytes).to_le_bytes());
        out.extend(frame.original_length.to_le_bytes());
        out.extend(&frame.bytes);
    }
    out
}

/// pcapng with a section header, one interface with nanoseconds, and an enhanced packet block for every frame.
fn pcapng(frames: &[SampleFrame], link: Link) -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &(-1_i64).to_le_bytes()].concat();
    let mut interface = [&link_type(link).to_le_bytes()[..], &[0, 0], &SNAPLEN.to_le_bytes()].concat();
    interface.extend([9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    let mut out = [block(0x0a0d_0d0a, &section), block(1, &interface)].concat();
    for frame in frames {
        let time = u64::try_from(frame.time.0).unwrap_or(0).to_be_bytes();
        let (high, low) = (time.first_chunk::<4>(), time.last_chunk::<4>());
        let mut body = vec![0; 4];
        for half in [high, low].into_iter().flatten() {
            body.extend(u32::from_be_bytes(*half).to_le_bytes());
        }
        body.extend(length(&frame.bytes).to_le_bytes());
        body.extend(frame.original_length.to_le_bytes());
        body.extend(&frame.bytes);
        body.resize(body.len().next_multiple_of(4), 0);
        out.extend(block(6, &body));
    }
    out
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let total = (length(body) + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &total, body, &total].concat()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
