//! Frames built by hand, for the tests of this layer. All go from 192.0.2.10 (`2001:db8::10`) port 5060 to 198.51.100.30
//! (`2001:db8::30`) port 5080, with TTL or hop limit 63 and IPv4 identification 0x1234.

use crate::provenance::{Endpoint, Flow, Transport};

pub(super) const SOURCE_V4: [u8; 4] = [192, 0, 2, 10];
pub(super) const DESTINATION_V4: [u8; 4] = [198, 51, 100, 30];
pub(super) const IP_ID: u16 = 0x1234;
pub(super) const TTL: u8 = 63;

/// An address in `2001:db8::/64` with that last octet.
pub(super) fn address_v6(last: u8) -> [u8; 16] {
    [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
}

/// The flow of all frames.
pub(super) fn flow(v6: bool) -> Flow {
    let (source, destination) =
        if v6 { (address_v6(0x10).into(), address_v6(0x30).into()) } else { (SOURCE_V4.into(), DESTINATION_V4.into()) };
    Flow {
        source: Endpoint { address: source, port: 5060 },
        destination: Endpoint { address: destination, port: 5080 },
        transport: Transport::Udp,
    }
}

fn len16(bytes: &[u8], more: usize) -> [u8; 2] {
    u16::try_from(bytes.len() + more).unwrap().to_be_bytes()
}

pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    [&[0x13, 0xc4, 0x13, 0xd8][..], &len16(payload, 8), &[0xba, 0xd0], payload].concat()
}

/// An IPv4 packet; `flags_and_offset` is the field of RFC 791 §3.1 that says which fragment it is.
pub(super) fn ipv4_part(protocol: u8, id: u16, flags_and_offset: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(len16(payload, 20));
    packet.extend(id.to_be_bytes());
    packet.extend(flags_and_offset.to_be_bytes());
    packet.extend([TTL, protocol, 0xba, 0xd0]);
    packet.extend(SOURCE_V4);
    packet.extend(DESTINATION_V4);
    packet.extend(payload);
    packet
}

pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_part(protocol, IP_ID, 0x4000, payload)
}

pub(super) fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(len16(payload, 0));
    packet.extend([next_header, TTL]);
    packet.extend(address_v6(0x10));
    packet.extend(address_v6(0x30));
    packet.extend(payload);
    packet
}

/// An extension header of eight octets (hop-by-hop, routing, destination options), which all have the same layout.
pub(super) fn extension(next_header: u8, payload: &[u8]) -> Vec<u8> {
    [&[next_header, 0, 1, 4, 0, 0, 0, 0][..], payload].concat()
}

/// A fragment header; `offset_and_more` is the field of RFC 8200 §4.5.
pub(super) fn fragment_header(next_header: u8, offset_and_more: u16, id: u32, payload: &[u8]) -> Vec<u8> {
    [&[next_header, 0][..], &offset_and_more.to_be_bytes(), &id.to_be_bytes(), payload].concat()
}

/// An Ethernet frame; `tags` are VLAN tags, each with its type and identifier.
pub(super) fn ethernet(tags: &[(u16, u16)], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &tagged(tags, ether_type, payload)].concat()
}

/// What follows the addresses of an Ethernet frame, or stands behind a cooked header without its protocol.
pub(super) fn tagged(tags: &[(u16, u16)], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag_type, id) in tags {
        bytes.extend(tag_type.to_be_bytes());
        bytes.extend((0xe000 | id).to_be_bytes());
    }
    bytes.extend(ether_type.to_be_bytes());
    bytes.extend(payload);
    bytes
}
