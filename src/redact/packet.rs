//! Packets without a link layer, with lengths and checksums that fit.

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;
use etherparse::{IpHeaders, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, PacketBuilder};

use crate::net::icmp;
use crate::provenance::Flow;

/// Longest message in one packet.
const MOST: usize = 65_000;

/// What IP headers say beside addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) ttl: u8,
    pub(super) id: Option<u16>,
}

/// A TCP segment beside its ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
}

/// An IP header; `None` between an address of IPv4 and one of IPv6.
fn ip(flow: &Flow, marks: Marks, protocol: IpNumber) -> Option<IpHeaders> {
    match (flow.source.address, flow.destination.address) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = Ipv4Header::new(0, marks.ttl, protocol, source.octets(), destination.octets()).ok()?;
            header.identification = marks.id.unwrap_or(0);
            header.dont_fragment = true;
            Some(IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let header = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: 0,
                next_header: protocol,
                hop_limit: marks.ttl,
                source: source.octets(),
                destination: destination.octets(),
            };
            Some(IpHeaders::Ipv6(header, etherparse::Ipv6Extensions::default()))
        }
        _ => None,
    }
}

/// A datagram; `None` where it is too long.
pub(super) fn udp(flow: &Flow, marks: Marks, payload: &[u8]) -> Option<Vec<u8>> {
    let builder = PacketBuilder::ip(ip(flow, marks, IpNumber::UDP)?).udp(flow.source.port, flow.destination.port);
    let mut packet = Vec::with_capacity(payload.len() + 48);
    if payload.len() > MOST {
        return None;
    }
    builder.write(&mut packet, payload).ok()?;
    Some(packet)
}

/// A segment with data; `None` where it is too long.
pub(super) fn tcp(flow: &Flow, ttl: u8, place: Place, payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() > MOST {
        return None;
    }
    let header = ip(flow, Marks { ttl, id: None }, IpNumber::TCP)?;
    let builder = PacketBuilder::ip(header).tcp(flow.source.port, flow.destination.port, place.sequence, 64_000);
    let mut packet = Vec::with_capacity(payload.len() + 60);
    builder.ack(place.acknowledged).psh().write(&mut packet, payload).ok()?;
    Some(packet)
}

/// An ICMP error that quotes a datagram.
pub(super) fn icmp_error(flow: &Flow, kind: &str, quoted: &Flow, payload: &[u8]) -> Option<Vec<u8>> {
    let is_v6 = flow.source.address.is_ipv6();
    let quotation = udp(quoted, Marks { ttl: 64, id: None }, payload)?;
    let mut message = icmp::numbers(kind, is_v6)?.to_vec();
    message.extend([0; 6]);
    // As much as fits into the smallest packet that every host takes (RFC 1812 §4.3.2.3, RFC 4443 §2.4).
    message.extend(quotation.iter().take(if is_v6 { 1280 - 48 } else { 576 - 28 }));
    let mut sum = Sum16BitWords::new();
    if let (IpAddr::V6(source), IpAddr::V6(destination)) = (flow.source.address, flow.destination.address) {
        let length = u32::try_from(message.len()).ok()?;
        sum = sum.add_16bytes(source.octets()).add_16bytes(destination.octets());
        sum = sum.add_4bytes(length.to_be_bytes()).add_2bytes([0, IpNumber::IPV6_ICMP.0]);
    }
    let sum = sum.add_slice(&message).ones_complement().to_be_bytes();
    // etherparse sums up in the byte order of the machine, as RFC 1071 allows.
    let sum = if cfg!(target_endian = "little") { [sum[1], sum[0]] } else { sum };
    message.splice(2..4, sum);
    let protocol = if is_v6 { IpNumber::IPV6_ICMP } else { IpNumber::ICMP };
    let mut packet = Vec::with_capacity(message.len() + 48);
    PacketBuilder::ip(ip(flow, Marks { ttl: 64, id: None }, protocol)?).write(&mut packet, protocol, &message).ok()?;
    Some(packet)
}

/// A DNS response that there is no such name, or that nobody knows (RFC 1035 §4.1).
pub(super) fn failed_lookup(flow: &Flow, name: &str, record: &str, code: &str) -> Option<Vec<u8>> {
    let rcode = match code {
        "SERVFAIL" => 2,
        "NXDOMAIN" => 3,
        _ => 5,
    };
    let record: u16 = match record {
        "A" => 1,
        "CNAME" => 5,
        "AAAA" => 28,
        "SRV" => 33,
        "NAPTR" => 35,
        _ => 16,
    };
    let mut message = vec![0, 0, 0x81, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).ok().filter(|length| *length < 64)?);
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(record.to_be_bytes());
    message.extend([0, 1]);
    udp(flow, Marks { ttl: 64, id: None }, &message)
}
