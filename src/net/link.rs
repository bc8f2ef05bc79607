//! Link layers: from a frame to the IP packet inside it.
//!
//! Peeled by hand, because etherparse knows neither Linux SLL2 nor NULL/LOOP, and no more than three VLAN tags.

use super::bytes::be16;
use super::skip::SkipReason;
use super::vlan::Vlans;

/// Link types as pcap and pcapng number them (the LINKTYPE registry).
mod link_type {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    /// Raw IP as tcpdump writes it on systems where the DLT number was never mapped (`DLT_RAW` of BSD and OpenBSD).
    pub(super) const RAW_BSD: u16 = 12;
    pub(super) const RAW_OPENBSD: u16 = 14;
    pub(super) const RAW: u16 = 101;
    pub(super) const LOOP: u16 = 108;
    pub(super) const LINUX_SLL: u16 = 113;
    pub(super) const IPV4: u16 = 228;
    pub(super) const IPV6: u16 = 229;
    pub(super) const LINUX_SLL2: u16 = 276;
}

/// Finds the IP packet of a frame and the VLANs it travelled in.
pub(super) fn ip_packet(link_type: u16, bytes: &[u8]) -> Result<(&[u8], Vlans), SkipReason> {
    match link_type {
        link_type::ETHERNET => by_ether_type(bytes, 12, 14),
        link_type::LINUX_SLL => by_ether_type(bytes, 14, 16),
        link_type::LINUX_SLL2 => by_ether_type(bytes, 0, 20),
        link_type::NULL | link_type::LOOP => by_address_family(bytes),
        link_type::RAW | link_type::RAW_BSD | link_type::RAW_OPENBSD | link_type::IPV4 | link_type::IPV6 => raw(bytes),
        _ => Err(SkipReason::UnsupportedLinkType),
    }
}

/// A link header of `header_len` octets that names the protocol at `protocol_at`, then any number of VLAN tags.
fn by_ether_type(bytes: &[u8], protocol_at: usize, header_len: usize) -> Result<(&[u8], Vlans), SkipReason> {
    let (header, mut rest) = bytes.split_at_checked(header_len).ok_or(SkipReason::LinkHeaderCut)?;
    let mut ether_type = be16(header, protocol_at).ok_or(SkipReason::LinkHeaderCut)?;
    let mut vlans = Vlans::default();
    loop {
        match ether_type {
            0x0800 | 0x86dd => return Ok((rest, vlans)),
            0x8100 | 0x88a8 | 0x9100 => {
                let (tag, inner) = rest.split_at_checked(4).ok_or(SkipReason::LinkHeaderCut)?;
                vlans.push(be16(tag, 0).ok_or(SkipReason::LinkHeaderCut)?);
                ether_type = be16(tag, 2).ok_or(SkipReason::LinkHeaderCut)?;
                rest = inner;
            }
            0x0806 | 0x8035 => return Err(SkipReason::Arp),
            0x8847 | 0x8848 => return Err(SkipReason::Mpls),
            0x8863 => return Err(SkipReason::Pppoe),
            0x8864 => return Ok((pppoe_session(rest)?, vlans)),
            _ => return Err(SkipReason::NotIp),
        }
    }
}

/// A session of PPP over Ethernet (RFC 2516 §4): six octets, then the PPP protocol (RFC 1661 §2). Home gateways are
/// captured like this.
fn pppoe_session(bytes: &[u8]) -> Result<&[u8], SkipReason> {
    let (header, packet) = bytes.split_at_checked(8).ok_or(SkipReason::LinkHeaderCut)?;
    match be16(header, 6) {
        Some(0x0021 | 0x0057) => Ok(packet),
        _ => Err(SkipReason::Pppoe),
    }
}

/// NULL and LOOP: four octets of address family, in the byte order of the capturing host or (LOOP) of the network. No
/// family is above 255, so the order shows by itself.
fn by_address_family(bytes: &[u8]) -> Result<(&[u8], Vlans), SkipReason> {
    let (family, rest) = bytes.split_first_chunk().ok_or(SkipReason::LinkHeaderCut)?;
    match (u32::from_le_bytes(*family), u32::from_be_bytes(*family)) {
        // 2 is IPv4 everywhere; IPv6 is 10 (Linux), 23 (Windows), 24, 28 and 30 (the BSDs and macOS).
        (2 | 10 | 23 | 24 | 28 | 30, _) | (_, 2 | 10 | 23 | 24 | 28 | 30) => Ok((rest, Vlans::default())),
        _ => Err(SkipReason::NotIp),
    }
}

/// No link header: the version of the IP header tells IPv4 from IPv6.
fn raw(bytes: &[u8]) -> Result<(&[u8], Vlans), SkipReason> {
    match bytes.first().map(|first| first >> 4) {
        Some(4 | 6) => Ok((bytes, Vlans::default())),
        Some(_) => Err(SkipReason::NotIp),
        None => Err(SkipReason::IpHeaderCut),
    }
}
