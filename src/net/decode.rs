//! One frame to what it holds: a UDP datagram, a fragment, an ICMP error, or nothing for us. Stateless.

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::skip::SkipReason;
use super::vlan::Vlans;
use super::{ip, link};
use crate::provenance::Flow;

/// What a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole UDP datagram (or what the snap length left of it).
    Udp(Datagram<'a>),
    /// An IP fragment that may be part of a UDP datagram.
    Fragment(Fragment<'a>),
    /// An ICMP error about a UDP datagram.
    Icmp(IcmpError<'a>),
    /// Nothing that sipscan looks into.
    Skipped(SkipReason),
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Addresses and ports.
    pub flow: Flow,
    /// The UDP payload, without Ethernet padding.
    pub payload: &'a [u8],
    /// Whether the payload is known to be incomplete: the frame or one of the fragments was cut, fragments are missing,
    /// or the UDP length announces more than IP carries.
    pub cut: bool,
    /// IPv4 identification; IPv6 has none outside of fragments.
    pub ip_id: Option<u16>,
    /// IPv4 TTL or IPv6 hop limit (of the first fragment).
    pub ttl: u8,
    /// VLAN tags.
    pub vlan: Vlans,
}

/// A fragment of an IPv4 datagram, or of an IPv6 packet with a fragment header, whose payload is or may be UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// What its siblings have in common.
    pub key: FragmentKey,
    /// Protocol behind the fragment header (UDP, or a further extension header); that of the first fragment counts.
    pub protocol: u8,
    /// Position of the payload in the datagram's, in octets.
    pub offset: u16,
    /// Whether more fragments follow behind this one.
    pub more: bool,
    /// The octets that were captured.
    pub payload: &'a [u8],
    /// Number of octets that were on the wire; above `payload.len()` when the frame was cut. `offset` + `length` is at
    /// most 65,535.
    pub length: u16,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
}

/// What all fragments of one datagram have in common (RFC 791 §3.2, RFC 8200 §4.5), and the VLANs they travelled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FragmentKey {
    /// VLAN tags.
    pub vlan: Vlans,
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// Identification: 16 bits in IPv4, 32 in IPv6.
    pub id: u32,
    /// IPv4 protocol; 0 for IPv6, where it is no part of the key.
    pub protocol: u8,
}

/// Decodes one frame. `link_type` is a number of the LINKTYPE registry; `original_length` is the length of the frame on
/// the wire, in octets: more than `bytes` when the snap length cut it.
///
/// Read are Ethernet, Linux SLL and SLL2 (each with any number of VLAN tags), NULL and LOOP, and raw IP; then IPv4 and IPv6
/// with extension headers. Checksums are not looked at, because network cards fill them in behind the capture.
pub fn decode(link_type: u16, bytes: &[u8], original_length: u32) -> Decoded<'_> {
    let frame_cut = u32::try_from(bytes.len()).is_ok_and(|captured| captured < original_length);
    match link::ip_packet(link_type, bytes) {
        Ok((packet, vlan)) => {
            ip::fast_udp(packet, vlan).map_or_else(|| ip::decode(packet, vlan, frame_cut), Decoded::Udp)
        }
        Err(reason) => Decoded::Skipped(reason),
    }
}
