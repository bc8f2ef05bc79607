//! What a UDP payload is when it is not SIP. Used for counting only, so it prefers `other-udp` to a guess.

use std::fmt;

use super::bytes::{be16, be32};
use super::dns;
use crate::provenance::Flow;

/// A kind of UDP payload beside SIP. The kebab-case [`PayloadKind::code`] is stable and appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PayloadKind {
    /// No payload at all; also used to keep NAT bindings open.
    Empty,
    /// What user agents send between messages to keep NAT bindings open: blank lines, null octets, `jaK`.
    KeepAlive,
    /// STUN or TURN (RFC 8489, RFC 3489).
    Stun,
    /// RTP (RFC 3550).
    Rtp,
    /// RTCP (RFC 3550).
    Rtcp,
    /// DNS, multicast DNS included.
    Dns,
    /// DTLS (RFC 9147, RFC 6347).
    Dtls,
    /// T.38 fax over UDPTL.
    T38,
    /// What a capture agent sent by HEP of RTCP.
    HepRtcp,
    /// And of RTP.
    HepRtp,
    /// And of MGCP or Megaco.
    HepMediaControl,
    /// And of DNS.
    HepDns,
    /// A line of a log, sent by HEP.
    HepLog,
    /// Anything else that was sent by HEP.
    HepOther,
    /// Anything else.
    OtherUdp,
}

impl PayloadKind {
    /// Every kind, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::Empty,
        Self::KeepAlive,
        Self::Stun,
        Self::Rtp,
        Self::Rtcp,
        Self::Dns,
        Self::Dtls,
        Self::T38,
        Self::HepRtcp,
        Self::HepRtp,
        Self::HepMediaControl,
        Self::HepDns,
        Self::HepLog,
        Self::HepOther,
        Self::OtherUdp,
    ];

    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::KeepAlive => "keep-alive",
            Self::Stun => "stun",
            Self::Rtp => "rtp",
            Self::Rtcp => "rtcp",
            Self::Dns => "dns",
            Self::Dtls => "dtls",
            Self::T38 => "t38",
            Self::HepRtcp => "hep-rtcp",
            Self::HepRtp => "hep-rtp",
            Self::HepMediaControl => "hep-media-control",
            Self::HepDns => "hep-dns",
            Self::HepLog => "hep-log",
            Self::HepOther => "hep-other",
            Self::OtherUdp => "other-udp",
        }
    }
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Tells what a payload is that is known not to be SIP, by its content and, for DNS and RTP, its ports.
pub fn classify(flow: &Flow, payload: &[u8]) -> PayloadKind {
    classify_ports(flow.source.port, flow.destination.port, payload)
}

/// As [`classify`], of ports alone.
pub(super) fn classify_ports(source: u16, destination: u16, payload: &[u8]) -> PayloadKind {
    let unprivileged = source.min(destination) >= 1024;
    match payload.first() {
        None => PayloadKind::Empty,
        Some(_) if is_keep_alive(payload) => PayloadKind::KeepAlive,
        Some(_) if (dns::is_dns_port(source) || dns::is_dns_port(destination)) && payload.len() >= 12 => {
            PayloadKind::Dns
        }
        // The ranges of the first octet are those of RFC 7983, by which such packets share one port.
        Some(0..=3) if is_stun(payload) => PayloadKind::Stun,
        Some(20..=63) if is_dtls(payload) => PayloadKind::Dtls,
        Some(128..=191) if unprivileged && is_rtcp(payload) => PayloadKind::Rtcp,
        Some(128..=191) if unprivileged && is_rtp(payload) => PayloadKind::Rtp,
        Some(_) if unprivileged && is_t38(payload) => PayloadKind::T38,
        Some(_) => PayloadKind::OtherUdp,
    }
}

/// CRLF once or twice (RFC 5626 §3.5.1), one to four null octets, or the `jaK` of some soft phones.
fn is_keep_alive(payload: &[u8]) -> bool {
    payload.len() <= 4
        && (payload.iter().all(|octet| matches!(octet, b'\r' | b'\n' | 0)) || payload.starts_with(b"jaK"))
}

/// A STUN message: its length agrees, and it has the magic cookie or (RFC 3489 knew none) is a binding.
fn is_stun(payload: &[u8]) -> bool {
    let (Some(kind), Some(length), Some(cookie)) = (be16(payload, 0), be16(payload, 2), be32(payload, 4)) else {
        return false;
    };
    let fits = length % 4 == 0 && usize::from(length) + 20 == payload.len();
    fits && (cookie == 0x2112_a442 || matches!(kind, 0x0001 | 0x0101 | 0x0111))
}

/// A DTLS record of version 1.0 or 1.2 (1.3 calls itself 1.2) that lies within the payload.
fn is_dtls(payload: &[u8]) -> bool {
    let (Some(content), Some(version), Some(length)) = (payload.first(), be16(payload, 1), be16(payload, 11)) else {
        return false;
    };
    matches!(content, 20..=26) && matches!(version, 0xfeff | 0xfefd) && usize::from(length) + 13 <= payload.len()
}

/// An RTCP packet: one of the registered packet types, and its length lies within the payload (behind it come further
/// ones, or what SRTCP adds).
fn is_rtcp(payload: &[u8]) -> bool {
    let (Some(kind), Some(words)) = (payload.get(1), be16(payload, 2)) else { return false };
    matches!(kind, 192..=195 | 200..=211) && (usize::from(words) + 1) * 4 <= payload.len()
}

/// An RTP packet: a payload type that is assigned statically or dynamically (RFC 3551 §6), and room for the header with its
/// contributing sources and extension.
fn is_rtp(payload: &[u8]) -> bool {
    let (Some(first), Some(second)) = (payload.first(), payload.get(1)) else { return false };
    let sources = 12 + 4 * usize::from(first & 0x0f);
    let header = if first & 0x10 == 0 {
        Some(sources)
    } else {
        be16(payload, sources + 2).map(|words| sources + 4 + 4 * usize::from(words))
    };
    matches!(second & 0x7f, 0..=34 | 96..=127) && header.is_some_and(|header| header <= payload.len())
}

/// A UDPTL packet of T.38 §9.1 whose error recovery is by repetition. It has no mark of its own, so its whole structure must
/// hold: sequence number, primary packet, and as many earlier packets as it announces, up to the last octet.
fn is_t38(payload: &[u8]) -> bool {
    let primary = payload.get(2..).and_then(fax_packet);
    let Some([0, count, rest @ ..]) = primary else { return false };
    let mut rest = rest;
    for _ in 0..*count {
        match fax_packet(rest) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Skips one internet fax packet with its length in front: an indicator, which is alone, or data with a field.
fn fax_packet(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match bytes {
        [high @ 0x80..=0xbf, low, rest @ ..] => (usize::from(high & 0x3f) << 8 | usize::from(*low), rest),
        [length @ 1..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    let (packet, behind) = rest.split_at_checked(length)?;
    let has_data_field = packet.first()? & 0x80 != 0;
    let may_be_long = packet.first()? & 0x40 != 0;
    (has_data_field == (length > 1) && may_be_long >= has_data_field).then_some(behind)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::provenance::{Endpoint, Transport};

    fn flow(source: u16, destination: u16) -> Flow {
        let endpoint = |port| Endpoint { address: [192, 0, 2, 1].into(), port };
        Flow { source: endpoint(source), destination: endpoint(destination), transport: Transport::Udp }
    }

    fn media(payload: &[u8]) -> &'static str {
        classify(&flow(16_384, 20_000), payload).code()
    }

    #[test]
    fn codes_are_distinct() {
        let codes: BTreeSet<_> = PayloadKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), PayloadKind::ALL.len());
    }

    #[test]
    fn kinds_are_told_by_content() {
        let stun = [&[0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42][..], &[7; 16]].concat();
        let classic_stun = [&[1, 1, 0, 0][..], &[7; 16]].concat();
        let dtls = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &[1, 2]].concat();
        let rtp = [&[0x80, 0][..], &[1; 170]].concat();
        let rtp_with_extension = [&[0x90, 0xe0][..], &[1; 10], &[0xbe, 0xde, 0, 1], &[0; 4]].concat();
        let report = [&[0x81, 200, 0, 6][..], &[1; 24]].concat();
        for (payload, expected) in [
            (&b""[..], "empty"),
            (b"\r\n", "keep-alive"),
            (b"\r\n\r\n", "keep-alive"),
            (b"\0", "keep-alive"),
            (b"\0\0\0\0", "keep-alive"),
            (b"jaK", "keep-alive"),
            (&stun, "stun"),
            (&stun[..20], "other-udp"), // shorter than it says
            (&classic_stun, "stun"),
            (&dtls, "dtls"),
            (&dtls[..14], "other-udp"),
            (&rtp, "rtp"),
            (&rtp[..11], "other-udp"),
            (&rtp_with_extension, "rtp"),
            (&rtp_with_extension[..19], "other-udp"),
            (&report, "rtcp"),
            (&[0, 1, 1, 6, 0, 0], "t38"), // an indicator without repetitions
            (&[0, 2, 3, 0xc0, 1, 0x80, 0, 1, 1, 6], "t38"), // data, then the indicator again
            (&[0, 2, 3, 0xc0, 1, 0x80, 0, 2, 1, 6], "other-udp"), // the second repetition is missing
            (b"hello, world", "other-udp"),
        ] {
            assert_eq!(media(payload), expected, "{payload:02x?}");
        }
    }

    #[test]
    fn dns_is_told_by_port() {
        let query = [0x80, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(classify(&flow(40_000, 53), &query), PayloadKind::Dns);
        assert_eq!(classify(&flow(5353, 5353), &query), PayloadKind::Dns);
    }

    #[test]
    fn media_never_uses_privileged_ports() {
        let rtp = [&[0x80, 0][..], &[1; 170]].concat();
        assert_eq!(classify(&flow(443, 20_000), &rtp), PayloadKind::OtherUdp);
    }
}
