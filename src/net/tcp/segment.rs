//! The header of a segment (RFC 9293 §3.1).

use super::super::bytes::{be16, be32};
use super::super::ip::IpInfo;
use super::super::vlan::Vlans;
use crate::provenance::{Flow, Transport};

/// Length of a header without options, in octets.
const HEADER: usize = 20;

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Addresses and ports.
    pub flow: Flow,
    /// Sequence number of the first octet, or of SYN.
    pub sequence: u32,
    /// The next octet that the sender expects, where it says so.
    pub acknowledged: Option<u32>,
    /// Control bits.
    pub flags: Flags,
    /// The octets that were captured, without Ethernet padding.
    pub payload: &'a [u8],
    /// Number of octets that were on the wire behind them.
    pub missing: u16,
    /// IPv4 identification.
    pub ip_id: Option<u16>,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
    /// VLAN tags.
    pub vlan: Vlans,
}

/// The control bits that matter for reassembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// The connection begins.
    pub syn: bool,
    /// The sender has said everything.
    pub fin: bool,
    /// The connection is no more.
    pub rst: bool,
}

/// Reads a segment; `None` when its header is cut or impossible. Options are not looked at.
pub(in crate::net) fn read<'a>(bytes: &'a [u8], info: &IpInfo) -> Option<Segment<'a>> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let length = 4 * usize::from(header.get(12)? >> 4);
    if length < HEADER {
        return None;
    }
    let bits = *header.get(13)?;
    Some(Segment {
        flow: info.flow(Transport::Tcp, be16(header, 0)?, be16(header, 2)?),
        sequence: be32(header, 4)?,
        acknowledged: if bits & 0x10 == 0 { None } else { be32(header, 8) },
        flags: Flags { syn: bits & 2 != 0, fin: bits & 1 != 0, rst: bits & 4 != 0 },
        payload: bytes.get(length..)?,
        missing: info.missing,
        ip_id: info.ip_id,
        ttl: info.ttl,
        vlan: info.vlan,
    })
}
