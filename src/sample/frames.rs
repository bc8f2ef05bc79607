//! Datagrams to frames: UDP and ICMP headers, IP with fragments, link layer. All checksums are right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::provenance::{Endpoint, Timestamp};

use super::checksum;
use super::step::{Link, Shape, Unreachable};
use super::streams::Segment;

const UDP: u8 = 17;
const TCP: u8 = 6;
const ICMP_V4: u8 = 1;
const ICMP_V6: u8 = 58;
const FRAGMENT_HEADER: u8 = 44;
/// An ICMP error is at most 576 octets long (RFC 1812 §4.3.2.3), in IPv6 1280 (RFC 4443 §2.4).
const QUOTED_V4: usize = 576 - 20 - 8;
const QUOTED_V6: usize = 1280 - 40 - 8;

/// A captured frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFrame {
    /// Capture time.
    pub time: Timestamp,
    /// Length on the wire, in octets; above that of `bytes` with the word `cut`.
    pub original_length: u32,
    /// The captured octets, from the link-layer header on.
    pub bytes: Vec<u8>,
}

/// The IP header fields that do not follow from the payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) id: u16,
    pub(super) ttl: u8,
}

/// What is captured of one IP datagram.
#[derive(Debug)]
pub(super) struct Piece {
    /// The frame, cut.
    pub(super) bytes: Vec<u8>,
    pub(super) original_length: usize,
    /// How many octets of the IP payload are in the frame, from which place on, and whether the frame was cut within.
    pub(super) captured: usize,
    pub(super) is_cut: bool,
}

/// Puts an IP payload into one frame, or several with the word `fragment`. Fragments that were lost are left out.
pub(super) fn pieces(header: Header, protocol: u8, payload: &[u8], link: Link, shape: &Shape) -> Vec<Piece> {
    let step = shape.fragment.map_or(payload.len().max(1), |most| (most / 8 * 8).max(8));
    let is_whole = payload.len() <= step;
    let mut pieces = Vec::new();
    for (index, part) in payload.chunks(step).enumerate() {
        if shape.lost_fragments.contains(&(index + 1)) {
            continue;
        }
        let fragment = (!is_whole).then(|| {
            let offset = index * step;
            Fragment { offset: word(offset / 8), more: offset + part.len() < payload.len() }
        });
        let head = [link_header(link, header, shape), ip_header(header, protocol, part.len(), fragment)].concat();
        let original_length = head.len() + part.len();
        let length = shape.cut.unwrap_or(original_length).min(original_length);
        let captured = length.saturating_sub(head.len());
        let mut bytes = head;
        bytes.extend(part);
        bytes.truncate(length);
        pieces.push(Piece { bytes, original_length, captured, is_cut: captured < part.len() });
    }
    pieces
}

/// Position of a fragment.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    /// In units of eight octets.
    offset: u16,
    more: bool,
}

/// A UDP header with its payload (RFC 768); the protocol number beside it.
pub(super) fn udp(source: Endpoint, destination: Endpoint, payload: &[u8]) -> (u8, Vec<u8>) {
    let length = word(payload.len() + 8);
    let mut head = [source.port.to_be_bytes(), destination.port.to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
    let pseudo = pseudo_header(source.address, destination.address, UDP, length);
    let sum = match checksum::internet(&[&pseudo, &head, payload]) {
        0 => u16::MAX,
        sum => sum,
    };
    put(&mut head, 6, sum);
    head.extend(payload);
    (UDP, head)
}

/// A TCP header without options, with its payload (RFC 9293 §3.1); the protocol number beside it.
pub(super) fn tcp(source: Endpoint, destination: Endpoint, segment: &Segment) -> (u8, Vec<u8>) {
    let mut head = [source.port.to_be_bytes(), destination.port.to_be_bytes()].concat();
    head.extend(segment.sequence.to_be_bytes());
    head.extend(segment.acknowledged.to_be_bytes());
    head.extend([0x50, segment.bits, 0xfa, 0xf0, 0, 0, 0, 0]);
    let length = word(head.len() + segment.payload.len());
    let pseudo = pseudo_header(source.address, destination.address, TCP, length);
    let sum = checksum::internet(&[&pseudo, &head, &segment.payload]);
    put(&mut head, 16, sum);
    head.extend(&segment.payload);
    (TCP, head)
}

/// An ICMP error about a datagram (RFC 792, RFC 4443 §3.1); the protocol number beside it.
pub(super) fn icmp(
    header: Header,
    what: Unreachable,
    quoted: Header,
    protocol: u8,
    quoted_payload: &[u8],
) -> (u8, Vec<u8>) {
    let v6 = header.source.is_ipv6();
    let mut quote = ip_header(quoted, protocol, quoted_payload.len(), None);
    quote.extend(quoted_payload);
    quote.truncate(if v6 { QUOTED_V6 } else { QUOTED_V4 });
    let (kind, code) = match (v6, what) {
        (false, Unreachable::Net) => (3, 0),
        (false, Unreachable::Host) => (3, 1),
        (false, Unreachable::Port) => (3, 3),
        (false, Unreachable::AdminProhibited) => (3, 13),
        (true, Unreachable::Net) => (1, 0),
        (true, Unreachable::AdminProhibited) => (1, 1),
        (true, Unreachable::Host) => (1, 3),
        (true, Unreachable::Port) => (1, 4),
    };
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend(quote);
    let pseudo = pseudo_header(header.source, header.destination, ICMP_V6, word(message.len()));
    let sum = if v6 { checksum::internet(&[&pseudo, &message]) } else { checksum::internet(&[&message]) };
    put(&mut message, 2, sum);
    (if v6 { ICMP_V6 } else { ICMP_V4 }, message)
}

/// The pseudo header of RFC 768 and RFC 8200 §8.1; of a form that both sum up alike.
fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, length: u16) -> Vec<u8> {
    let mut pseudo = [octets(source), octets(destination)].concat();
    pseudo.extend([0, protocol]);
    pseudo.extend(length.to_be_bytes());
    pseudo
}

fn ip_header(header: Header, protocol: u8, length: usize, fragment: Option<Fragment>) -> Vec<u8> {
    match (header.source, header.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            ipv4_header(header, (source, destination), protocol, length, fragment)
        }
        _ => ipv6_header(header, protocol, length, fragment),
    }
}

/// RFC 791 §3.1; unfragmented datagrams carry "don't fragment", as Linux sends them.
fn ipv4_header(
    header: Header,
    (source, destination): (Ipv4Addr, Ipv4Addr),
    protocol: u8,
    length: usize,
    fragment: Option<Fragment>,
) -> Vec<u8> {
    let flags_and_offset = fragment.map_or(0x4000, |part| part.offset | if part.more { 0x2000 } else { 0 });
    let mut bytes = vec![0x45, 0];
    bytes.extend(word(length + 20).to_be_bytes());
    bytes.extend(header.id.to_be_bytes());
    bytes.extend(flags_and_offset.to_be_bytes());
    bytes.extend([header.ttl, protocol, 0, 0]);
    bytes.extend(source.octets());
    bytes.extend(destination.octets());
    let sum = checksum::internet(&[&bytes]);
    put(&mut bytes, 10, sum);
    bytes
}

/// RFC 8200 §3, with a fragment header (§4.5) where needed.
fn ipv6_header(header: Header, protocol: u8, length: usize, fragment: Option<Fragment>) -> Vec<u8> {
    let (next, more) = if fragment.is_some() { (FRAGMENT_HEADER, 8) } else { (protocol, 0) };
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(word(length + more).to_be_bytes());
    bytes.extend([next, header.ttl]);
    bytes.extend(octets(header.source));
    bytes.extend(octets(header.destination));
    if let Some(part) = fragment {
        bytes.extend([protocol, 0]);
        bytes.extend((part.offset << 3 | u16::from(part.more)).to_be_bytes());
        bytes.extend([0x5a, 0x10]);
        bytes.extend(header.id.to_be_bytes());
    }
    bytes
}

fn link_header(link: Link, header: Header, shape: &Shape) -> Vec<u8> {
    let ether_type: u16 = if header.source.is_ipv4() { 0x0800 } else { 0x86dd };
    match link {
        Link::Raw => Vec::new(),
        Link::Null => vec![if header.source.is_ipv4() { 2 } else { 30 }, 0, 0, 0],
        Link::Ethernet => {
            let addresses = [mac(header.destination), mac(header.source)].concat();
            [addresses, tags(&shape.vlan, ether_type)].concat()
        }
        Link::Sll => {
            let mut bytes = vec![0, 0, 0, 1, 0, 6];
            bytes.extend(mac(header.source));
            bytes.extend([0, 0]);
            [bytes, tags(&shape.vlan, ether_type)].concat()
        }
        Link::Sll2 => {
            let mut bytes = ether_type.to_be_bytes().to_vec();
            bytes.extend([0, 0, 0, 0, 0, 2, 0, 1, 0, 6]);
            bytes.extend(mac(header.source));
            bytes.extend([0, 0]);
            bytes
        }
    }
}

/// IEEE 802.1Q tags, the outer of two as 802.1ad has it, then the type of the payload.
fn tags(vlan: &[u16], ether_type: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, id) in vlan.iter().enumerate() {
        let is_outer = index + 1 < vlan.len();
        bytes.extend(if is_outer { [0x88, 0xa8] } else { [0x81, 0x00] });
        bytes.extend(id.to_be_bytes());
    }
    bytes.extend(ether_type.to_be_bytes());
    bytes
}

/// A locally administered address made of the last octets of the IP address.
fn mac(address: IpAddr) -> [u8; 6] {
    let low = match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => Ipv4Addr::from(u32::try_from(last_bits(address)).unwrap_or(0)).octets(),
    };
    let [a, b, c, d] = low;
    [0x02, 0x00, a, b, c, d]
}

fn last_bits(address: Ipv6Addr) -> u128 {
    address.to_bits() & 0xffff_ffff
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// A length as a header field has it; [`super::build`] refuses longer datagrams.
fn word(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Writes a checksum into a header.
fn put(bytes: &mut [u8], at: usize, sum: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
