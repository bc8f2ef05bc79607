//! What stands behind Ethernet types, in LLC, in PPP and behind MPLS labels.

use super::bytes::{be16, be32};
use super::peel::{Peeler, Step};
use super::skip::SkipReason;

/// Ethernet types below are lengths (IEEE 802.3), and LLC follows.
const LEAST_TYPE: u16 = 0x0600;

/// Opens what an Ethernet type announces.
pub(super) fn open<'a>(peeler: &mut Peeler<'a>, ether_type: u16, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    match ether_type {
        0x0800 | 0x86dd => Ok(Step::Ip(bytes)),
        0x8100 | 0x88a8 | 0x9100 => {
            let (tag, inner) = bytes.split_at_checked(4).ok_or(SkipReason::LinkHeaderCut)?;
            peeler.tag(be16(tag, 0).ok_or(SkipReason::LinkHeaderCut)?)?;
            Ok(Step::EtherType(be16(tag, 2).ok_or(SkipReason::LinkHeaderCut)?, inner))
        }
        0x0806 | 0x8035 => Err(SkipReason::Arp),
        0x8847 | 0x8848 => Ok(Step::Mpls(bytes)),
        0x8863 => Err(SkipReason::Pppoe),
        0x8864 => {
            peeler.layer("PPPoE", None)?;
            let (_, frame) = bytes.split_at_checked(6).ok_or(SkipReason::LinkHeaderCut)?;
            match ppp(frame) {
                Err(SkipReason::NotIp) => Err(SkipReason::Pppoe),
                step => step,
            }
        }
        // Transparent Ethernet bridging (RFC 1701, RFC 7637).
        0x6558 => Ok(Step::Link(super::link::ETHERNET, bytes)),
        0x880b => Ok(Step::Ppp(bytes)),
        // 802.3 in Linux cooked frames, and any length.
        ..LEAST_TYPE => llc(bytes),
        _ => Err(SkipReason::NotIp),
    }
}

/// LLC, of which SNAP (RFC 1042) names an Ethernet type.
pub(super) fn llc(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    match bytes {
        [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, high, low, rest @ ..] => {
            Ok(Step::EtherType(u16::from_be_bytes([*high, *low]), rest)).and_then(no_llc_again)
        }
        [6, 6, 3, rest @ ..] => Ok(Step::Ip(rest)),
        _ => Err(SkipReason::NotIp),
    }
}

/// SNAP names types, not lengths.
fn no_llc_again(step: Step<'_>) -> Result<Step<'_>, SkipReason> {
    match step {
        Step::EtherType(..LEAST_TYPE, _) => Err(SkipReason::NotIp),
        step => Ok(step),
    }
}

/// PPP (RFC 1661, RFC 1662): an address and control field that may be left out, a protocol of one or two octets.
pub(super) fn ppp(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    let bytes = bytes.strip_prefix(&[0xff, 3]).unwrap_or(bytes);
    let first = *bytes.first().ok_or(SkipReason::LinkHeaderCut)?;
    let (protocol, at) = match first & 1 {
        1 => (u16::from(first), 1),
        _ => (be16(bytes, 0).ok_or(SkipReason::LinkHeaderCut)?, 2),
    };
    let rest = bytes.get(at..).unwrap_or_default();
    match protocol {
        0x0021 | 0x0057 => Ok(Step::Ip(rest)),
        0x0281 | 0x0283 => Ok(Step::Mpls(rest)),
        _ => Err(SkipReason::NotIp),
    }
}

/// MPLS (RFC 3032): labels down to the bottom of the stack, then IP, or Ethernet with or without a control word (RFC 4448).
pub(super) fn mpls<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    let label = be32(bytes, 0).ok_or(SkipReason::Mpls)?;
    peeler.layer("MPLS", None)?;
    let rest = bytes.get(4..).unwrap_or_default();
    if label & 0x100 == 0 {
        return Ok(Step::Mpls(rest));
    }
    match rest.first().map(|first| first >> 4) {
        Some(4 | 6) if !looks_like_ethernet(rest) => Ok(Step::Ip(rest)),
        Some(0) if rest.get(4..).is_some_and(looks_like_ethernet) => {
            Ok(Step::Link(super::link::ETHERNET, rest.get(4..).unwrap_or_default()))
        }
        _ if looks_like_ethernet(rest) => Ok(Step::Link(super::link::ETHERNET, rest)),
        _ => Err(SkipReason::Mpls),
    }
}

/// Whether the octets may be an Ethernet frame: its type is one that is read, and what follows does not contradict it.
pub(super) fn looks_like_ethernet(bytes: &[u8]) -> bool {
    let Some(ether_type) = be16(bytes, 12) else { return false };
    let version = bytes.get(14).map(|first| first >> 4);
    match ether_type {
        0x0800 => version == Some(4),
        0x86dd => version == Some(6),
        0x0806 | 0x8100 | 0x88a8 | 0x9100 | 0x8847 | 0x8864 => true,
        _ => false,
    }
}
