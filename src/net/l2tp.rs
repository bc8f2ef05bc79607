//! L2TP: version 2 over UDP (RFC 2661), version 3 over UDP or IP (RFC 3931). What a session of version 3 carries, and how long its
//! cookie is, was agreed elsewhere, so that the octets have to tell.

use super::bytes::{be16, be32};
use super::ether;
use super::link::ETHERNET;
use super::peel::Step;

/// Cookies of 0, 4 or 8 octets, with or without the four octets of the default sublayer.
const OFFSETS: [usize; 4] = [0, 4, 8, 12];

/// A data message over IP: session, cookie, frame. Session 0 is control.
pub(super) fn version_3(bytes: &[u8]) -> Option<Step<'_>> {
    let session = be32(bytes, 0)?;
    let rest = bytes.get(4..).filter(|_| session != 0)?;
    let ethernet = OFFSETS.iter().filter_map(|at| rest.get(*at..)).find(|frame| ether::looks_like_ethernet(frame));
    if let Some(frame) = ethernet {
        return Some(Step::Link(ETHERNET, frame));
    }
    OFFSETS.iter().filter_map(|at| rest.get(*at..)).find(|packet| is_whole_ip(packet)).map(Step::Ip)
}

/// A data message over UDP.
pub(super) fn over_udp(bytes: &[u8]) -> Option<(&'static str, Step<'_>)> {
    let flags = be16(bytes, 0)?;
    match flags & 0x000f {
        // All bits but the version are reserved in data messages of version 3.
        3 if flags == 3 && be16(bytes, 2) == Some(0) => Some(("L2TPv3", version_3(bytes.get(4..)?)?)),
        2 if flags & 0x8000 == 0 => Some(("L2TPv2", version_2(bytes, flags)?)),
        _ => None,
    }
}

/// Version 2: length, tunnel and session, sequence numbers, offset; then PPP.
fn version_2(bytes: &[u8], flags: u16) -> Option<Step<'_>> {
    if flags & 0x34f0 != 0 {
        return None;
    }
    let mut at = 2;
    if flags & 0x4000 != 0 {
        let length = usize::from(be16(bytes, at)?);
        at += 2;
        if length > bytes.len() {
            return None;
        }
    }
    at += 4;
    if flags & 0x0800 != 0 {
        at += 4;
    }
    if flags & 0x0200 != 0 {
        at += 2 + usize::from(be16(bytes, at)?);
    }
    let frame = bytes.get(at..)?;
    match ether::ppp(frame) {
        Ok(Step::Ip(packet)) if is_whole_ip(packet) => Some(Step::Ip(packet)),
        _ => None,
    }
}

/// Whether the octets begin with an IP header whose length agrees.
fn is_whole_ip(bytes: &[u8]) -> bool {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => be16(bytes, 2).is_some_and(|length| (20..=bytes.len()).contains(&usize::from(length))),
        Some(6) => be16(bytes, 4).is_some_and(|length| usize::from(length) + 40 <= bytes.len()),
        _ => false,
    }
}
