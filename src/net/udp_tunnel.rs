//! What UDP carries for others: VXLAN, Geneve, GTP-U, L2TP, Teredo, TZSP, SCTP, and ESP behind NAT. A port alone never makes a tunnel: SIP uses any
//! port, so the header has to be plausible as well. HEP is told by its magic, on any port.

use super::bytes::{be16, be32};
use super::decode::Datagram;
use super::ether;
use super::ip::IpInfo;
use super::link::{ETHERNET, WLAN};
use super::peel::Step;
use super::{esp, hep, ip, l2tp, sctp};
use crate::sip::probe;

/// Registered ports, and those that are used without.
mod port {
    pub(super) const L2TP: u16 = 1701;
    pub(super) const GTP_U: u16 = 2152;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const ESP: u16 = 4500;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    /// VXLAN as Linux had it before the port was assigned.
    pub(super) const VXLAN_LINUX: u16 = 8472;
    pub(super) const GENEVE: u16 = 6081;
    pub(super) const SCTP: u16 = 9899;
    pub(super) const TZSP: u16 = 37008;
}

/// A tunnel in UDP.
pub(super) struct Carried<'a> {
    pub(super) name: &'static str,
    pub(super) number: Option<u32>,
    pub(super) step: Step<'a>,
}

/// Whether a datagram may carry something else, by ports and first octets; cheap, for every datagram.
pub(super) fn may_carry(datagram: &Datagram<'_>) -> bool {
    is_tunnel_port(datagram.flow.destination.port)
        || is_tunnel_port(datagram.flow.source.port)
        || hep::may_be(datagram.payload)
}

pub(super) fn is_tunnel_port(port: u16) -> bool {
    matches!(
        port,
        port::L2TP
            | port::GTP_U
            | port::TEREDO
            | port::ESP
            | port::VXLAN
            | port::VXLAN_GPE
            | port::VXLAN_LINUX
            | port::GENEVE
            | port::SCTP
            | port::TZSP
    )
}

/// Reads the header of a tunnel; `None` where the datagram is none.
pub(super) fn read<'a>(datagram: &Datagram<'a>) -> Option<Carried<'a>> {
    if probe::is_sip(datagram.payload) {
        return None;
    }
    let ports = [datagram.flow.destination.port, datagram.flow.source.port];
    ports.iter().find_map(|port| by_port(*port, datagram))
}

fn by_port<'a>(port: u16, datagram: &Datagram<'a>) -> Option<Carried<'a>> {
    let payload = datagram.payload;
    match port {
        port::VXLAN | port::VXLAN_LINUX => vxlan(payload),
        port::VXLAN_GPE => vxlan_gpe(payload),
        port::GENEVE => geneve(payload),
        port::GTP_U => gtp_u(payload, datagram.cut),
        port::L2TP => l2tp::over_udp(payload).map(|(name, step)| Carried { name, number: None, step }),
        port::TEREDO => teredo(payload, datagram.cut),
        port::ESP => udp_esp(datagram),
        port::SCTP => udp_sctp(datagram),
        port::TZSP => tzsp(payload),
        _ => None,
    }
}

/// VXLAN (RFC 7348), with or without the group policy bits.
fn vxlan(payload: &[u8]) -> Option<Carried<'_>> {
    let (header, frame) = payload.split_at_checked(8)?;
    let ([0x08, 0, 0, 0, ..] | [0x88, ..]) = header else { return None };
    let network = be32(header, 4)?;
    // The last octet is reserved.
    let is_plausible = network.trailing_zeros() >= 8 && frame.len() >= 14;
    is_plausible.then_some(Carried { name: "VXLAN", number: Some(network >> 8), step: Step::Link(ETHERNET, frame) })
}

/// VXLAN with the Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe): the header says what is behind it.
fn vxlan_gpe(payload: &[u8]) -> Option<Carried<'_>> {
    let (header, inner) = payload.split_at_checked(8)?;
    let [0x0c..=0x0f, 0, 0, protocol, ..] = header else { return None };
    let network = be32(header, 4)?;
    let step = match (protocol, inner.first()? >> 4) {
        (1, 4) | (2, 6) => Step::Ip(inner),
        (3, _) if inner.len() >= 14 => Step::Link(ETHERNET, inner),
        _ => return None,
    };
    (network.trailing_zeros() >= 8).then_some(Carried { name: "VXLAN-GPE", number: Some(network >> 8), step })
}

/// Teredo (RFC 4380 §5.1.1): an IPv6 packet, behind indications of authentication and origin where there are any.
fn teredo(payload: &[u8], cut: bool) -> Option<Carried<'_>> {
    let mut packet = payload;
    if let [0, 1, identifier, value, rest @ ..] = packet {
        // Nonce and confirmation take nine octets.
        packet = rest.get(usize::from(*identifier) + usize::from(*value) + 9..)?;
    }
    if let [0, 0, rest @ ..] = packet {
        packet = rest.get(6..)?;
    }
    let end = 40 + usize::from(be16(packet, 4)?);
    let is_plausible = packet.first()? >> 4 == 6 && (end == packet.len() || cut && end > packet.len());
    is_plausible.then_some(Carried { name: "Teredo", number: None, step: Step::Ip(packet) })
}

/// Geneve (RFC 8926) with its options.
fn geneve(payload: &[u8]) -> Option<Carried<'_>> {
    let (first, second) = (*payload.first()?, *payload.get(1)?);
    let protocol = be16(payload, 2)?;
    let network = be32(payload, 4)?;
    let inner = payload.get(8 + 4 * usize::from(first & 0x3f)..)?;
    let is_plausible = first >> 6 == 0
        && second.trailing_zeros() >= 6
        && network.trailing_zeros() >= 8
        && matches!(protocol, 0x6558 | 0x0800 | 0x86dd);
    is_plausible.then_some(Carried {
        name: "Geneve",
        number: Some(network >> 8),
        step: Step::EtherType(protocol, inner),
    })
}

/// A G-PDU of GTP-U version 1 (3GPP TS 29.281) with its extension headers.
fn gtp_u(payload: &[u8], cut: bool) -> Option<Carried<'_>> {
    let (first, kind) = (*payload.first()?, *payload.get(1)?);
    let end = 8 + usize::from(be16(payload, 2)?);
    if first & 0xf0 != 0x30 || kind != 0xff || (end > payload.len() && !cut) {
        return None;
    }
    let payload = payload.get(..end).unwrap_or(payload);
    let mut at = 8;
    if first & 7 != 0 {
        let mut next = *payload.get(11)?;
        at = 12;
        while first & 4 != 0 && next != 0 {
            let length = 4 * usize::from(*payload.get(at)?);
            if length == 0 {
                return None;
            }
            at += length;
            next = *payload.get(at - 1)?;
        }
    }
    let packet = payload.get(at..)?;
    let step = match packet.first()? >> 4 {
        4 | 6 => Step::Ip(packet),
        // Sessions of Ethernet (3GPP TS 23.501).
        _ if ether::looks_like_ethernet(packet) => Step::Link(ETHERNET, packet),
        _ => return None,
    };
    Some(Carried { name: "GTP-U", number: None, step })
}

/// ESP behind NAT (RFC 3948), where it can be read. A null index marks key exchange, a single octet keeps the binding.
fn udp_esp<'a>(datagram: &Datagram<'a>) -> Option<Carried<'a>> {
    let payload = datagram.payload;
    let (protocol, inner) = esp::null(payload, datagram.cut).filter(|_| be32(payload, 0) != Some(0))?;
    Some(Carried { name: "ESP", number: None, step: Step::Transport(protocol, inner, behind_udp(datagram)) })
}

/// SCTP in UDP (RFC 6951).
fn udp_sctp<'a>(datagram: &Datagram<'a>) -> Option<Carried<'a>> {
    let payload = datagram.payload;
    let step = || Step::Transport(ip::SCTP, payload, behind_udp(datagram));
    sctp::is_plausible(payload, datagram.cut).then(|| Carried { name: "SCTP", number: None, step: step() })
}

/// What the headers in front say of what UDP carries in place of IP.
fn behind_udp(datagram: &Datagram<'_>) -> IpInfo {
    IpInfo {
        source: datagram.flow.source.address,
        destination: datagram.flow.destination.address,
        ip_id: datagram.ip_id,
        ttl: datagram.ttl,
        vlan: datagram.vlan,
        cut: datagram.cut,
        missing: 0,
    }
}

/// TZSP, by which access points and routers mirror to an analyser: a header, tags, then the frame.
fn tzsp(payload: &[u8]) -> Option<Carried<'_>> {
    let (header, mut rest) = payload.split_at_checked(4)?;
    let [1, 0 | 1, ..] = header else { return None };
    let link_type = match be16(header, 2)? {
        1 => ETHERNET,
        18 => WLAN,
        _ => return None,
    };
    loop {
        rest = match rest {
            [0, behind @ ..] => behind,
            [1, frame @ ..] => return Some(Carried { name: "TZSP", number: None, step: Step::Link(link_type, frame) }),
            [_, length, behind @ ..] => behind.get(usize::from(*length)..)?,
            _ => return None,
        };
    }
}
