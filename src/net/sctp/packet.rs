//! The common header of a packet (RFC 9260 §3.1).

use super::super::bytes::{be16, be32};
use super::super::ip::IpInfo;
use super::chunk::{Chunk, Chunks};
use crate::provenance::{Flow, Transport};

/// Length of the common header, in octets.
const HEADER: usize = 12;

/// An SCTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Addresses and ports. Of an association with several addresses those of this packet.
    pub flow: Flow,
    /// The verification tag, which the receiver chose: it tells associations apart, whatever address they use.
    pub tag: u32,
    /// The chunks, as far as they were captured.
    pub chunks: &'a [u8],
    /// Whether octets behind them are known to be missing.
    pub cut: bool,
    /// IPv4 identification.
    pub ip_id: Option<u16>,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
}

impl Packet<'_> {
    /// The transmission sequence numbers of the chunks with data in it.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        Chunks::new(self.chunks).filter_map(|chunk| match chunk {
            Chunk::Data(data) => Some(data.tsn),
            _ => None,
        })
    }

    /// The number up to which it acknowledges all chunks, or says that they are not going to come.
    pub fn acknowledged(&self) -> Option<u32> {
        Chunks::new(self.chunks).find_map(|chunk| match chunk {
            Chunk::Acknowledged(number) => Some(number),
            _ => None,
        })
    }

    /// Whether it tells of an error (ERROR).
    pub fn reports_error(&self) -> bool {
        self.chunks.first() == Some(&9)
    }

    /// Whether the association begins or ends with it: INIT, INIT ACK, ABORT, SHUTDOWN and its answers, COOKIE ECHO and COOKIE ACK
    /// stand at the beginning of a packet.
    pub fn begins_or_ends(&self) -> bool {
        self.chunks.first().is_some_and(|kind| matches!(kind, 1 | 2 | 6 | 7 | 8 | 10 | 11 | 14))
    }
}

/// Reads a packet; `None` when its header is cut. The checksum is not looked at: network cards fill it in behind the capture.
pub(in crate::net) fn read<'a>(bytes: &'a [u8], info: &IpInfo) -> Option<Packet<'a>> {
    Some(Packet {
        flow: info.flow(Transport::Sctp, be16(bytes, 0)?, be16(bytes, 2)?),
        tag: be32(bytes, 4)?,
        chunks: bytes.get(HEADER..)?,
        cut: info.cut,
        ip_id: info.ip_id,
        ttl: info.ttl,
    })
}

/// Whether octets look like a packet: ports, and chunks whose lengths lead to the end. For UDP, of which a port is no proof.
pub(in crate::net) fn is_plausible(bytes: &[u8], cut: bool) -> bool {
    let has_ports = be16(bytes, 0).is_some_and(|port| port > 0) && be16(bytes, 2).is_some_and(|port| port > 0);
    let mut chunks = Chunks::new(bytes.get(HEADER..).unwrap_or_default());
    has_ports && chunks.by_ref().count() > 0 && (cut || chunks.is_at_end())
}
