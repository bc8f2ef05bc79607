//! IEEE 802.11: data frames that are not encrypted, with the headers that capturing programs put in front.

use super::bytes::be32;
use super::link;
use super::peel::Step;
use super::skip::SkipReason;

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A frame behind a radiotap header.
pub(super) fn radiotap(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    let frame = le16(bytes, 2).and_then(|length| bytes.get(usize::from(length).max(8)..));
    open(frame.ok_or(SkipReason::LinkHeaderCut)?, is_padded(bytes).unwrap_or(false))
}

/// Whether the hardware padded the 802.11 header to a multiple of four octets: a bit of the flags field, which stands behind the
/// words of the present fields and the timer.
fn is_padded(bytes: &[u8]) -> Option<bool> {
    let present = le32(bytes, 4)?;
    let mut at = 8;
    let mut word = present;
    while word & 0x8000_0000 != 0 {
        word = le32(bytes, at)?;
        at += 4;
    }
    if present & 2 == 0 {
        return Some(false);
    }
    if present & 1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    Some(bytes.get(at)? & 0x20 != 0)
}

/// A frame behind a PPI header, which names the link type of what follows.
pub(super) fn ppi(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    let (Some(length), Some(link_type)) = (le16(bytes, 2), le32(bytes, 4)) else {
        return Err(SkipReason::LinkHeaderCut);
    };
    let frame = bytes.get(usize::from(length).max(8)..).ok_or(SkipReason::LinkHeaderCut)?;
    let link_type = u16::try_from(link_type).map_err(|_| SkipReason::UnsupportedLinkType)?;
    Ok(Step::Link(link_type, frame))
}

/// A frame behind a Prism or AVS header, each of which says its length.
pub(super) fn prism(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    const AVS: u32 = 0x8021_1001;
    let length = if be32(bytes, 0).is_some_and(|magic| magic & 0xffff_fff0 == AVS & 0xffff_fff0) {
        be32(bytes, 4)
    } else {
        le32(bytes, 4)
    };
    let frame = length.and_then(|length| bytes.get(usize::try_from(length).ok()?.max(8)..));
    open(frame.ok_or(SkipReason::LinkHeaderCut)?, false)
}

/// A frame of 802.11.
pub(super) fn open(frame: &[u8], is_padded: bool) -> Result<Step<'_>, SkipReason> {
    let (Some(first), Some(flags)) = (frame.first(), frame.get(1)) else { return Err(SkipReason::LinkHeaderCut) };
    // Management and control frames, and data frames without data, carry nothing for us.
    if first & 0x0c != 0x08 || first & 0x40 != 0 {
        return Err(SkipReason::WlanManagement);
    }
    if flags & 0x40 != 0 {
        return Err(SkipReason::WlanEncrypted);
    }
    let mut length = if flags & 3 == 3 { 30 } else { 24 };
    let mut is_aggregated = false;
    if first & 0x80 != 0 {
        is_aggregated = frame.get(length).ok_or(SkipReason::LinkHeaderCut)? & 0x80 != 0;
        length += if flags & 0x80 == 0 { 2 } else { 6 };
    }
    if is_padded {
        length = length.next_multiple_of(4);
    }
    // Of several frames in one the first is read.
    if is_aggregated {
        length += 14;
    }
    Ok(Step::Llc(frame.get(length..).ok_or(SkipReason::LinkHeaderCut)?))
}

/// PKTAP of macOS: a header that says its length and the link type of what follows.
pub(super) fn pktap(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    let (Some(length), Some(link_type)) = (le32(bytes, 0), le32(bytes, 8)) else {
        return Err(SkipReason::LinkHeaderCut);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX).max(12);
    let frame = bytes.get(length..).ok_or(SkipReason::LinkHeaderCut)?;
    let link_type = u16::try_from(link_type).map_err(|_| SkipReason::UnsupportedLinkType)?;
    Ok(Step::Link(link_type, frame))
}

/// NFLOG of Linux: attributes in the byte order of the host, one of which is the packet.
pub(super) fn nflog(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    const PAYLOAD: u16 = 9;
    let mut rest = bytes.get(4..).ok_or(SkipReason::LinkHeaderCut)?;
    loop {
        let (length, kind) = (le16(rest, 0), le16(rest, 2));
        let (Some(length), Some(kind)) = (length, kind) else { return Err(SkipReason::NotIp) };
        // Lengths are small, so the byte order shows by itself: types are below 256.
        let swapped = kind > 0xff;
        let (length, kind) = if swapped { (length.swap_bytes(), kind.swap_bytes()) } else { (length, kind) };
        let length = usize::from(length);
        if length < 4 {
            return Err(SkipReason::LinkHeaderCut);
        }
        if kind == PAYLOAD {
            return Ok(Step::Link(link::RAW, rest.get(4..length).or_else(|| rest.get(4..)).unwrap_or_default()));
        }
        rest = rest.get(length.next_multiple_of(4)..).ok_or(SkipReason::LinkHeaderCut)?;
    }
}
