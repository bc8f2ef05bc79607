//! Link layers: from a frame to the IP packet inside it.
//!
//! Peeled by hand, because etherparse knows neither Linux SLL2 nor NULL/LOOP, and no more than three VLAN tags.

use super::bytes::be16;
use super::peel::{Peeler, Step};
use super::skip::SkipReason;
use super::vlan::Vlans;
use super::{exported, wlan};

/// Link types as pcap and pcapng number them (the LINKTYPE registry).
mod link_type {
    pub(super) const NULL: u16 = 0;
    pub(super) const PPP: u16 = 9;
    pub(super) const FDDI: u16 = 10;
    /// Raw IP as tcpdump writes it on systems where the DLT number was never mapped (`DLT_RAW` of BSD and OpenBSD).
    pub(super) const RAW_BSD: u16 = 12;
    pub(super) const RAW_OPENBSD: u16 = 14;
    pub(super) const PPP_HDLC: u16 = 50;
    pub(super) const PPP_ETHER: u16 = 51;
    pub(super) const ATM_LLC: u16 = 100;
    pub(super) const CISCO_HDLC: u16 = 104;
    pub(super) const LOOP: u16 = 108;
    pub(super) const ENC: u16 = 109;
    pub(super) const LINUX_SLL: u16 = 113;
    pub(super) const PFLOG: u16 = 117;
    pub(super) const PRISM: u16 = 119;
    pub(super) const RADIOTAP: u16 = 127;
    pub(super) const AVS: u16 = 163;
    pub(super) const PPP_PPPD: u16 = 166;
    pub(super) const JUNIPER_ETHER: u16 = 178;
    pub(super) const JUNIPER_PPP: u16 = 179;
    pub(super) const JUNIPER_CHDLC: u16 = 181;
    pub(super) const PPI: u16 = 192;
    pub(super) const PPP_WITH_DIRECTION: u16 = 204;
    pub(super) const IPV4: u16 = 228;
    pub(super) const IPV6: u16 = 229;
    pub(super) const NFLOG: u16 = 239;
    pub(super) const EXPORTED_PDU: u16 = 252;
    pub(super) const PKTAP: u16 = 258;
    pub(super) const LINUX_SLL2: u16 = 276;
}

/// What the BSDs put in front of packets that they are about to encrypt or have decrypted: address family, index of the security association,
/// flags.
const ENC_HEADER: usize = 12;

/// Ethernet, which tunnels carry as well.
pub(super) const ETHERNET: u16 = 1;
/// IEEE 802.11 without a header in front.
pub(super) const WLAN: u16 = 105;
/// IP without a link header.
pub(super) const RAW: u16 = 101;

/// Finds the IP packet of a plain frame and the VLANs it travelled in. Whatever else there may be is left to [`open`].
pub(super) fn ip_packet(link_type: u16, bytes: &[u8]) -> Result<(&[u8], Vlans), SkipReason> {
    match link_type {
        ETHERNET => by_ether_type(bytes, 12, 14),
        link_type::LINUX_SLL => by_ether_type(bytes, 14, 16),
        link_type::LINUX_SLL2 => by_ether_type(bytes, 0, 20),
        link_type::NULL | link_type::LOOP => by_address_family(bytes),
        RAW | link_type::RAW_BSD | link_type::RAW_OPENBSD | link_type::IPV4 | link_type::IPV6 => raw(bytes),
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
            _ => return Err(SkipReason::NotIp),
        }
    }
}

/// Opens a link header of any type.
pub(super) fn open<'a>(peeler: &mut Peeler<'a>, link_type: u16, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    match link_type {
        ETHERNET => typed(peeler, "Ethernet", bytes, 12, 14),
        link_type::LINUX_SLL => typed(peeler, "Linux cooked v1", bytes, 14, 16),
        link_type::LINUX_SLL2 => typed(peeler, "Linux cooked v2", bytes, 0, 20),
        link_type::CISCO_HDLC => typed(peeler, "Cisco HDLC", bytes, 2, 4),
        link_type::NULL | link_type::LOOP => peeler.common("loopback").and(by_address_family(bytes)).map(ip),
        RAW | link_type::RAW_BSD | link_type::RAW_OPENBSD | link_type::IPV4 | link_type::IPV6 => raw(bytes).map(ip),
        link_type::PPP | link_type::PPP_HDLC => peeler.layer("PPP", None).map(|()| Step::Ppp(bytes)),
        link_type::PPP_PPPD | link_type::PPP_WITH_DIRECTION => with_direction(peeler, bytes),
        link_type::PPP_ETHER => Ok(Step::EtherType(0x8864, bytes)),
        link_type::FDDI => peeler.layer("FDDI", None).and(fddi(bytes)),
        link_type::ENC => peeler.layer("enc", None).and(behind(bytes, ENC_HEADER)),
        link_type::PFLOG => peeler.layer("pflog", None).and(pflog(bytes)),
        link_type::ATM_LLC => peeler.layer("LLC", None).map(|()| Step::Llc(bytes)),
        WLAN => peeler.layer("802.11", None).and(wlan::open(bytes, false)),
        link_type::RADIOTAP => peeler.layer("802.11", None).and(wlan::radiotap(bytes)),
        link_type::PRISM | link_type::AVS => peeler.layer("802.11", None).and(wlan::prism(bytes)),
        link_type::PPI => peeler.layer("PPI", None).and(wlan::ppi(bytes)),
        link_type::PKTAP => peeler.layer("PKTAP", None).and(wlan::pktap(bytes)),
        link_type::NFLOG => peeler.layer("NFLOG", None).and(wlan::nflog(bytes)),
        link_type::EXPORTED_PDU => exported::open(peeler, bytes),
        link_type::JUNIPER_ETHER => juniper(peeler, bytes, ETHERNET),
        link_type::JUNIPER_PPP => juniper(peeler, bytes, link_type::PPP),
        link_type::JUNIPER_CHDLC => juniper(peeler, bytes, link_type::CISCO_HDLC),
        _ => Err(SkipReason::UnsupportedLinkType),
    }
}

/// An IP packet behind a header of so many octets.
fn behind(bytes: &[u8], length: usize) -> Result<Step<'_>, SkipReason> {
    bytes.get(length..).ok_or(SkipReason::LinkHeaderCut).and_then(raw).map(ip)
}

/// LLC behind frame control and two addresses.
fn fddi(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    bytes.get(13..).ok_or(SkipReason::LinkHeaderCut).map(Step::Llc)
}

/// The log of the packet filter of the BSDs: a header that begins with its length without what fills it up to words.
fn pflog(bytes: &[u8]) -> Result<Step<'_>, SkipReason> {
    let length = usize::from(*bytes.first().ok_or(SkipReason::LinkHeaderCut)?);
    behind(bytes, length.next_multiple_of(4))
}

fn ip((packet, _): (&[u8], Vlans)) -> Step<'_> {
    Step::Ip(packet)
}

/// A header of `length` octets that names an Ethernet type at `at`.
fn typed<'a>(
    peeler: &mut Peeler<'a>,
    name: &'static str,
    bytes: &'a [u8],
    at: usize,
    length: usize,
) -> Result<Step<'a>, SkipReason> {
    peeler.common(name)?;
    let (header, rest) = bytes.split_at_checked(length).ok_or(SkipReason::LinkHeaderCut)?;
    Ok(Step::EtherType(be16(header, at).ok_or(SkipReason::LinkHeaderCut)?, rest))
}

/// PPP behind an octet that says which way the frame went.
fn with_direction<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    peeler.layer("PPP", None)?;
    Ok(Step::Ppp(bytes.get(1..).ok_or(SkipReason::LinkHeaderCut)?))
}

/// Juniper: a magic number, flags, extensions where a flag says so; then a frame, or where another flag says so a protocol number
/// and the packet.
fn juniper<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8], inner: u16) -> Result<Step<'a>, SkipReason> {
    peeler.layer("Juniper", None)?;
    let [b'M', b'G', b'C', flags, rest @ ..] = bytes else { return Err(SkipReason::LinkHeaderCut) };
    let rest = match flags & 0x80 {
        0 => Some(rest),
        _ => be16(rest, 0).and_then(|length| rest.get(2 + usize::from(length)..)),
    };
    let rest = rest.ok_or(SkipReason::LinkHeaderCut)?;
    if flags & 2 == 0 {
        return Ok(Step::Link(inner, rest));
    }
    Ok(Step::Link(RAW, rest.get(4..).ok_or(SkipReason::LinkHeaderCut)?))
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
