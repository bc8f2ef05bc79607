//! IPv4, IPv6 and UDP headers, read with etherparse's lax slices, which go on where a frame was cut or a length is zero.

use std::net::IpAddr;

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::err::ipv6_exts::HeaderSliceError;
use etherparse::{
    IpNumber, Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, LaxIpSlice, LaxIpv6Slice, LenSource,
    UdpHeaderSlice, ip_number,
};

use super::decode::{Datagram, Decoded, Fragment, FragmentKey};
use super::icmp;
use super::skip::SkipReason;
use super::vlan::Vlans;
use super::{sctp, tcp};
use crate::provenance::{Endpoint, Flow, Transport};

/// What the IP header says of the payload behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct IpInfo {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ip_id: Option<u16>,
    pub(super) ttl: u8,
    pub(super) vlan: Vlans,
    /// Whether octets of the payload are known to be missing.
    pub(super) cut: bool,
    /// How many, as far as the IP header says; 0 where nothing does.
    pub(super) missing: u16,
}

impl IpInfo {
    /// The flow between two ports of the addresses.
    pub(super) fn flow(&self, transport: Transport, source_port: u16, destination_port: u16) -> Flow {
        Flow {
            source: Endpoint { address: self.source, port: source_port },
            destination: Endpoint { address: self.destination, port: destination_port },
            transport,
        }
    }
}

/// Length of a UDP header, in octets (RFC 768).
pub(super) const UDP_HEADER: usize = 8;

/// Protocols that carry packets or frames.
pub(super) const IP_IN_IP: u8 = 4;
pub(super) const IPV6_IN_IP: u8 = 41;
pub(super) const GRE: u8 = 47;
pub(super) const ESP: u8 = 50;
pub(super) const ETHER_IP: u8 = 97;
pub(super) const L2TP: u8 = 115;
pub(super) const MPLS_IN_IP: u8 = 137;

/// What UDP may carry as well.
pub(super) const SCTP: u8 = 132;

/// What stands behind an IP header.
#[derive(Debug)]
pub(super) enum Opened<'a> {
    /// The innermost thing, but for what UDP may carry.
    Content(Decoded<'a>),
    /// A tunnel: its protocol, and what stands behind the IP header.
    Inside(u8, &'a [u8], IpInfo),
}

impl From<SkipReason> for Opened<'_> {
    fn from(reason: SkipReason) -> Self {
        Self::Content(Decoded::Skipped(reason))
    }
}

/// Opens an IP packet. `frame_cut` says that the frame held more octets than were captured.
pub(super) fn open(packet: &[u8], vlan: Vlans, frame_cut: bool) -> Opened<'_> {
    let (ip, stopped) = match LaxIpSlice::from_slice(packet) {
        Ok(read) => read,
        Err(LaxHeaderSliceError::Len(_)) => return SkipReason::IpHeaderCut.into(),
        Err(LaxHeaderSliceError::Content(_)) => return SkipReason::IpHeaderMalformed.into(),
    };
    let payload = ip.payload();
    // Fragments first: behind the first fragment of a datagram there are no extension headers to be read, so what
    // etherparse made of those octets does not matter.
    if payload.fragmented {
        let fragment = match &ip {
            LaxIpSlice::Ipv4(v4) => ipv4_fragment(packet, v4.header(), vlan),
            LaxIpSlice::Ipv6(v6) => ipv6_fragment(packet, v6, vlan),
        };
        return Opened::Content(fragment.map_or_else(Decoded::Skipped, Decoded::Fragment));
    }
    match stopped {
        Some((HeaderSliceError::Len(_), _)) => return SkipReason::IpHeaderCut.into(),
        Some((HeaderSliceError::Content(_), _)) => return SkipReason::IpHeaderMalformed.into(),
        None => {}
    }
    let info = IpInfo { missing: missing(&ip, packet), ..info(&ip, vlan, frame_cut) };
    transport(payload.ip_number.0, payload.payload, &info)
}

/// What the header of an unfragmented packet says. Without a usable length in it (zero, as segmentation offload leaves it)
/// the packet is as complete as its frame.
pub(super) fn info(ip: &LaxIpSlice<'_>, vlan: Vlans, frame_cut: bool) -> IpInfo {
    let payload = ip.payload();
    let (ip_id, ttl) = match ip {
        LaxIpSlice::Ipv4(v4) => (Some(v4.header().identification()), v4.header().ttl()),
        LaxIpSlice::Ipv6(v6) => (None, v6.header().hop_limit()),
    };
    IpInfo {
        source: ip.source_addr(),
        destination: ip.destination_addr(),
        ip_id,
        ttl,
        vlan,
        cut: payload.incomplete || (frame_cut && payload.len_source == LenSource::Slice),
        missing: 0,
    }
}

/// How many octets the packet lacks of what its header announces.
fn missing(ip: &LaxIpSlice<'_>, packet: &[u8]) -> u16 {
    let announced = match ip {
        LaxIpSlice::Ipv4(v4) => usize::from(v4.header().total_len()),
        LaxIpSlice::Ipv6(v6) => v6.header().slice().len() + usize::from(v6.header().payload_length()),
    };
    u16::try_from(announced.saturating_sub(packet.len())).unwrap_or(u16::MAX)
}

/// Opens the payload of a datagram put together from fragments, which may begin with further extension headers.
pub(super) fn open_reassembled<'a>(protocol: u8, payload: &'a [u8], info: &IpInfo) -> Opened<'a> {
    match Ipv6ExtensionsSlice::from_slice_lax(IpNumber(protocol), payload) {
        // Fragments of fragments exist only to confuse.
        (extensions, ..) if extensions.is_fragmenting_payload() => SkipReason::FragmentMalformed.into(),
        (_, number, rest, None) => transport(number.0, rest, info),
        (_, _, _, Some((HeaderSliceError::Len(_), _))) => SkipReason::IpHeaderCut.into(),
        (_, _, _, Some((HeaderSliceError::Content(_), _))) => SkipReason::IpHeaderMalformed.into(),
    }
}

/// Opens what lies behind the IP header and its extensions.
pub(super) fn transport<'a>(protocol: u8, payload: &'a [u8], info: &IpInfo) -> Opened<'a> {
    Opened::Content(match IpNumber(protocol) {
        ip_number::UDP => udp(payload, info).map_or(Decoded::Skipped(SkipReason::UdpHeaderCut), Decoded::Udp),
        ip_number::TCP => tcp::read(payload, info).map_or(Decoded::Skipped(SkipReason::TcpHeaderCut), Decoded::Tcp),
        ip_number::SCTP => sctp::read(payload, info).map_or(Decoded::Skipped(SkipReason::SctpHeaderCut), Decoded::Sctp),
        ip_number::ICMP => icmp::read_v4(payload, info),
        ip_number::IPV6_ICMP => icmp::read_v6(payload, info),
        _ if is_tunnel(protocol) => return Opened::Inside(protocol, payload, *info),
        other => Decoded::Skipped(unread(other)),
    })
}

fn is_tunnel(protocol: u8) -> bool {
    matches!(protocol, IP_IN_IP | IPV6_IN_IP | GRE | ESP | ETHER_IP | L2TP | MPLS_IN_IP)
}

/// Reads a UDP datagram; `None` when its header is cut. A length below that of the header (zero in jumbograms and
/// offloaded segments) means all there is.
pub(super) fn udp<'a>(bytes: &'a [u8], info: &IpInfo) -> Option<Datagram<'a>> {
    let header = UdpHeaderSlice::from_slice(bytes).ok()?;
    let length = usize::from(header.length());
    let (payload, cut) = match bytes.get(UDP_HEADER..length) {
        Some(payload) => (payload, false),
        None => (bytes.get(UDP_HEADER..)?, info.cut || length > bytes.len()),
    };
    let flow = info.flow(Transport::Udp, header.source_port(), header.destination_port());
    Some(Datagram { flow, payload, cut, ip_id: info.ip_id, ttl: info.ttl, vlan: info.vlan })
}

/// The reason to skip a protocol that is none of UDP, TCP, SCTP and ICMP.
fn unread(protocol: IpNumber) -> SkipReason {
    match protocol {
        ip_number::ICMP | ip_number::IPV6_ICMP => SkipReason::Icmp,
        ip_number::IGMP => SkipReason::Igmp,
        _ => SkipReason::OtherIpProtocol,
    }
}

/// Reads a fragment of an IPv4 datagram. Only UDP, TCP, SCTP and tunnels are kept, and the authentication header, behind which they may lie.
fn ipv4_fragment<'a>(packet: &'a [u8], header: Ipv4HeaderSlice<'_>, vlan: Vlans) -> Result<Fragment<'a>, SkipReason> {
    let protocol = header.protocol();
    let is_read = matches!(protocol, ip_number::UDP | ip_number::TCP | ip_number::SCTP | ip_number::AUTH);
    if !is_read && !is_tunnel(protocol.0) {
        return Err(unread(protocol));
    }
    let key = FragmentKey {
        vlan,
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        id: header.identification().into(),
        protocol: protocol.0,
    };
    let rest = packet.get(header.slice().len()..).unwrap_or_default();
    let length = usize::from(header.total_len()).checked_sub(header.slice().len());
    let place = Place { offset: header.fragments_offset().byte_offset(), more: header.more_fragments() };
    place.fragment(key, protocol, rest, length, header.ttl())
}

/// Reads a fragment of an IPv6 packet: what lies behind the first fragment header that does fragment.
fn ipv6_fragment<'a>(packet: &'a [u8], ip: &LaxIpv6Slice<'a>, vlan: Vlans) -> Result<Fragment<'a>, SkipReason> {
    let header = ip.header();
    let mut before = 0;
    for extension in ip.extensions().clone() {
        before += extension_len(&extension);
        let Ipv6ExtensionSlice::Fragment(fragment) = extension else { continue };
        if !fragment.is_fragmenting_payload() {
            continue;
        }
        let protocol = fragment.next_header();
        if !may_be_read(protocol) {
            return Err(unread(protocol));
        }
        let key = FragmentKey {
            vlan,
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            id: fragment.identification(),
            protocol: 0,
        };
        let rest = packet.get(header.slice().len() + before..).unwrap_or_default();
        let length = usize::from(header.payload_length()).checked_sub(before);
        let place = Place { offset: fragment.fragment_offset().byte_offset(), more: fragment.more_fragments() };
        return place.fragment(key, protocol, rest, length, header.hop_limit());
    }
    Err(SkipReason::IpHeaderMalformed)
}

/// Whether a fragmented IPv6 packet may be UDP, TCP, SCTP or a tunnel: at once, or behind extension headers that are peeled.
fn may_be_read(protocol: IpNumber) -> bool {
    is_tunnel(protocol.0)
        || matches!(
            protocol,
            ip_number::UDP
                | ip_number::TCP
                | ip_number::SCTP
                | ip_number::AUTH
                | ip_number::IPV6_HOP_BY_HOP
                | ip_number::IPV6_ROUTE
                | ip_number::IPV6_FRAG
                | ip_number::IPV6_DEST_OPTIONS
        )
}

/// Length of an extension header, in octets.
fn extension_len(extension: &Ipv6ExtensionSlice<'_>) -> usize {
    match extension {
        Ipv6ExtensionSlice::HopByHop(raw)
        | Ipv6ExtensionSlice::Routing(raw)
        | Ipv6ExtensionSlice::DestinationOptions(raw) => raw.slice().len(),
        Ipv6ExtensionSlice::Fragment(fragment) => fragment.slice().len(),
        Ipv6ExtensionSlice::Authentication(authentication) => authentication.slice().len(),
    }
}

/// Where a fragment belongs.
struct Place {
    offset: u16,
    more: bool,
}

impl Place {
    /// Makes a fragment of the octets behind the header, of which `length` were on the wire (where the header tells).
    fn fragment(
        self,
        key: FragmentKey,
        protocol: IpNumber,
        rest: &[u8],
        length: Option<usize>,
        ttl: u8,
    ) -> Result<Fragment<'_>, SkipReason> {
        let length = length.unwrap_or(rest.len());
        let payload = rest.get(..length).unwrap_or(rest);
        let fits = u16::try_from(length).ok().filter(|length| self.offset.checked_add(*length).is_some());
        // An empty last fragment is odd but harmless; an empty one in the middle never moves anything forward.
        match fits {
            Some(length) if length > 0 || !self.more => {
                let Self { offset, more } = self;
                Ok(Fragment { key, protocol: protocol.0, offset, more, payload, length, ttl })
            }
            _ => Err(SkipReason::FragmentMalformed),
        }
    }
}
