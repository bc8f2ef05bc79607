//! GRE (RFC 2784, RFC 2890, version 1 of RFC 2637) and the mirrors of switches in it (ERSPAN).

use super::bytes::{be16, be32};
use super::ether;
use super::link::ETHERNET;
use super::peel::{Peeler, Step};
use super::skip::SkipReason;

/// Opens a GRE header with whatever of checksum, routing, key and sequence number it has.
pub(super) fn open<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    let (flags, protocol) = (be16(bytes, 0).ok_or(SkipReason::Gre)?, be16(bytes, 2).ok_or(SkipReason::Gre)?);
    // Checksum and routing share a word; routing entries (RFC 1701) were never used, and are not read.
    if flags & 0x4000 != 0 || flags & 7 > 1 {
        return Err(SkipReason::Gre);
    }
    let has = |bit: u16| flags & bit != 0;
    let words = [has(0x8000), has(0x2000), has(0x1000), flags & 7 == 1 && has(0x0080)];
    let length = 4 + 4 * words.iter().filter(|has| **has).count();
    let rest = bytes.get(length..).ok_or(SkipReason::Gre)?;
    peeler.layer("GRE", None)?;
    match protocol {
        0x88be => erspan(peeler, rest, has(0x1000)),
        0x22eb => erspan_3(peeler, rest),
        0x0800 | 0x86dd | 0x6558 | 0x8100 | 0x88a8 | 0x8847 | 0x8848 => ether::open(peeler, protocol, rest),
        // Cisco's keep-alive and PPP of PPTP; what PPP compresses or encrypts is not read.
        0x880b => ether::ppp(rest).map_err(|_| SkipReason::Gre),
        _ => Err(SkipReason::Gre),
    }
}

/// ERSPAN of type I, which has no header, or II, which has eight octets; the sequence number of GRE tells them apart.
fn erspan<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8], has_sequence: bool) -> Result<Step<'a>, SkipReason> {
    if !has_sequence {
        peeler.layer("ERSPAN I", None)?;
        return Ok(Step::Link(ETHERNET, bytes));
    }
    let frame = bytes.get(8..).ok_or(SkipReason::Gre)?;
    peeler.layer("ERSPAN II", None)?;
    Ok(Step::Link(ETHERNET, frame))
}

/// ERSPAN of type III: twelve octets, eight more where a bit says so, then Ethernet or, rarely, IP.
fn erspan_3<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    let bits = be32(bytes, 8).ok_or(SkipReason::Gre)?;
    let length = if bits & 1 == 0 { 12 } else { 20 };
    let frame = bytes.get(length..).ok_or(SkipReason::Gre)?;
    peeler.layer("ERSPAN III", None)?;
    // Five bits that say what the frame is: 0 Ethernet, 2 IP.
    match bits >> 10 & 0x1f {
        2 => Ok(Step::Ip(frame)),
        _ => Ok(Step::Link(ETHERNET, frame)),
    }
}
