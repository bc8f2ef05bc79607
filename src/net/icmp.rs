//! ICMP errors that quote a UDP datagram: evidence that a host or port was not reachable, never a message.

use std::net::IpAddr;

use etherparse::{LaxIpSlice, ip_number};

use super::bytes::be16;
use super::decode::Decoded;
use super::ip::{self, IpInfo, UDP_HEADER};
use super::skip::SkipReason;
use super::vlan::Vlans;
use crate::provenance::{Flow, Transport};

/// Length of the header in front of the quoted packet, in octets (RFC 792, RFC 4443 §3).
const HEADER: usize = 8;

/// Quotations with extensions behind them have at least this length, in octets (RFC 4884 §3).
const EXTENDED_QUOTATION: usize = 128;

/// An ICMP or `ICMPv6` error about a UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError<'a> {
    /// The host or router that reports the error.
    pub from: IpAddr,
    /// To whom: as a rule the sender of the quoted datagram.
    pub to: IpAddr,
    /// What is wrong, such as `port unreachable`.
    pub kind: &'static str,
    /// The flow of the quoted datagram; `None` if its ports are not in the quotation.
    pub quoted_flow: Option<Flow>,
    /// As much of the quoted UDP payload as was quoted and captured; often empty.
    pub quoted_payload: &'a [u8],
}

/// Reads an ICMP message of IPv4.
pub(super) fn read_v4<'a>(message: &'a [u8], info: &IpInfo) -> Decoded<'a> {
    let kind = message.first_chunk().and_then(|[kind, code]| kind_v4(*kind, *code));
    // RFC 4884 §3: the sixth octet counts the quoted packet in units of 32 bits where extensions follow behind it.
    error(message, kind, 5, 4, info)
}

/// Reads an ICMP message of IPv6.
pub(super) fn read_v6<'a>(message: &'a [u8], info: &IpInfo) -> Decoded<'a> {
    let kind = message.first_chunk().and_then(|[kind, code]| kind_v6(*kind, *code));
    // In ICMPv6 it is the fifth octet, in units of 64 bits; `packet too big` has its MTU there, with a first octet of 0.
    error(message, kind, 4, 8, info)
}

fn error<'a>(
    message: &'a [u8],
    kind: Option<&'static str>,
    length_at: usize,
    unit: usize,
    info: &IpInfo,
) -> Decoded<'a> {
    let quoted = message.get(HEADER..).unwrap_or_default();
    let announced = message.get(length_at).map_or(0, |length| usize::from(*length) * unit);
    let quoted = match quoted.get(..announced) {
        Some(quoted) if announced >= EXTENDED_QUOTATION => quoted,
        _ => quoted,
    };
    match (kind, quote(quoted)) {
        (Some(kind), Some((quoted_flow, quoted_payload))) => {
            Decoded::Icmp(IcmpError { from: info.source, to: info.destination, kind, quoted_flow, quoted_payload })
        }
        _ => Decoded::Skipped(SkipReason::Icmp),
    }
}

/// Flow and payload of the quoted datagram; `None` when it is not UDP, or nobody can tell.
fn quote(packet: &[u8]) -> Option<(Option<Flow>, &[u8])> {
    let (ip, _) = LaxIpSlice::from_slice(packet).ok()?;
    let payload = ip.payload();
    if payload.ip_number != ip_number::UDP {
        return None;
    }
    if payload.fragmented && fragment_offset(&ip) != 0 {
        return Some((None, &[]));
    }
    let info = ip::info(&ip, Vlans::default(), false);
    let bytes = payload.payload;
    // Four octets of UDP header are enough for the ports.
    let (Some(source), Some(destination)) = (be16(bytes, 0), be16(bytes, 2)) else { return Some((None, &[])) };
    let length = be16(bytes, 4).map_or(0, usize::from);
    let quoted = bytes.get(UDP_HEADER..length).or_else(|| bytes.get(UDP_HEADER..)).unwrap_or_default();
    Some((Some(info.flow(Transport::Udp, source, destination)), quoted))
}

/// Position of a quoted fragment, in units of eight octets.
fn fragment_offset(ip: &LaxIpSlice<'_>) -> u16 {
    match ip {
        LaxIpSlice::Ipv4(v4) => v4.header().fragments_offset().value(),
        LaxIpSlice::Ipv6(v6) => v6
            .extensions()
            .clone()
            .into_iter()
            .find_map(|extension| match extension {
                etherparse::Ipv6ExtensionSlice::Fragment(fragment) => Some(fragment.fragment_offset().value()),
                _ => None,
            })
            .unwrap_or(0),
    }
}

/// The errors of ICMP (RFC 792, RFC 1122 §3.2.2, RFC 1812 §5.2.7), by type and code. Redirects (type 5) are no errors: the
/// datagram was forwarded.
/// Type and code of a kind of error, as [`IcmpError::kind`] names it.
pub(crate) fn numbers(kind: &str, is_v6: bool) -> Option<[u8; 2]> {
    let named = |number, code| if is_v6 { kind_v6(number, code) } else { kind_v4(number, code) };
    let pairs = (0..=u8::MAX).flat_map(|number| (0..=u8::MAX).map(move |code| [number, code]));
    let mut fitting = pairs.into_iter().filter(|[number, code]| named(*number, *code) == Some(kind));
    fitting.next()
}

fn kind_v4(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 8) => "source host isolated",
        (3, 9) => "network administratively prohibited",
        (3, 10) => "host administratively prohibited",
        (3, 11) => "network unreachable for this type of service",
        (3, 12) => "host unreachable for this type of service",
        (3, 13) => "administratively prohibited",
        (3, 14) => "host precedence violation",
        (3, 15) => "precedence cutoff in effect",
        (3, _) => "destination unreachable",
        (4, _) => "source quench",
        (11, 0) => "time to live exceeded in transit",
        (11, 1) => "fragment reassembly time exceeded",
        (11, _) => "time exceeded",
        (12, _) => "parameter problem",
        _ => return None,
    })
}

/// The errors of `ICMPv6` (RFC 4443 §3), by type and code.
fn kind_v6(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (1, 0) => "no route to destination",
        (1, 1) => "administratively prohibited",
        (1, 2) => "beyond scope of source address",
        (1, 3) => "host unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address failed policy",
        (1, 6) => "route to destination rejected",
        (1, _) => "destination unreachable",
        (2, _) => "packet too big",
        (3, 0) => "hop limit exceeded in transit",
        (3, 1) => "fragment reassembly time exceeded",
        (3, _) => "time exceeded",
        (4, _) => "parameter problem",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode;
    use super::super::frames::*;
    use super::*;

    const QUOTED: &[u8] = b"INVITE sip:bob@old.example SIP/2.0\r\n";

    fn icmp_v4(kind: u8, code: u8, length: u8, quoted: &[u8]) -> Vec<u8> {
        ipv4(1, &[&[kind, code, 0xba, 0xd0, 0, length, 0, 0][..], quoted].concat())
    }

    fn icmp_v6(kind: u8, code: u8, length: u8, quoted: &[u8]) -> Vec<u8> {
        ipv6(58, &[&[kind, code, 0xba, 0xd0, length, 0, 0, 0][..], quoted].concat())
    }

    fn error(packet: &[u8]) -> Option<IcmpError<'_>> {
        match decode(101, packet, u32::try_from(packet.len()).unwrap()) {
            Decoded::Icmp(error) => Some(error),
            Decoded::Skipped(SkipReason::Icmp) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_name_reporter_kind_and_quoted_flow() {
        let (quoted_v4, quoted_v6) = (ipv4(17, &udp(QUOTED)), ipv6(17, &udp(QUOTED)));
        for (packet, v6, expected) in [
            (icmp_v4(3, 3, 0, &quoted_v4), false, "port unreachable"),
            (icmp_v4(3, 1, 0, &quoted_v4), false, "host unreachable"),
            (icmp_v4(3, 13, 0, &quoted_v4), false, "administratively prohibited"),
            (icmp_v4(3, 99, 0, &quoted_v4), false, "destination unreachable"),
            (icmp_v4(11, 0, 0, &quoted_v4), false, "time to live exceeded in transit"),
            (icmp_v6(1, 4, 0, &quoted_v6), true, "port unreachable"),
            (icmp_v6(1, 0, 0, &quoted_v6), true, "no route to destination"),
            (icmp_v6(2, 0, 0, &quoted_v6), true, "packet too big"),
        ] {
            let flow = flow(v6);
            let error = error(&packet).unwrap();
            assert_eq!((error.kind, error.quoted_flow, error.quoted_payload), (expected, Some(flow), QUOTED));
            assert_eq!((error.from, error.to), (flow.source.address, flow.destination.address));
        }
    }

    #[test]
    fn queries_redirects_and_other_quotations_are_no_evidence() {
        let quoted = ipv4(17, &udp(QUOTED));
        let garbled = [0x15; 40];
        for packet in [
            icmp_v4(8, 0, 0, &quoted),
            icmp_v4(5, 1, 0, &quoted),
            icmp_v4(3, 3, 0, &ipv4(6, &[0; 20])),
            icmp_v4(3, 3, 0, &garbled),
            icmp_v4(3, 3, 0, &[]),
            icmp_v6(128, 0, 0, &quoted),
        ] {
            assert_eq!(error(&packet), None);
        }
    }

    #[test]
    fn a_quotation_is_read_as_far_as_it_goes() {
        let whole = icmp_v4(3, 3, 0, &ipv4(17, &udp(QUOTED)));
        for length in 48..whole.len() {
            let Decoded::Icmp(error) = decode(101, &whole[..length], 1500) else { panic!("{length}") };
            assert_eq!(error.quoted_flow, (length >= 52).then(|| flow(false)), "{length}");
            assert_eq!(error.quoted_payload, whole.get(56..length).unwrap_or_default());
        }
        for length in 20..48 {
            assert_eq!(decode(101, &whole[..length], 1500), Decoded::Skipped(SkipReason::Icmp));
        }
    }

    #[test]
    fn fragments_are_quoted_with_their_ports_if_they_have_them() {
        let first = icmp_v4(11, 1, 0, &ipv4_part(17, 1, 0x2000, &udp(QUOTED)));
        assert_eq!(error(&first).unwrap().quoted_flow, Some(flow(false)));
        let later = icmp_v4(11, 1, 0, &ipv4_part(17, 1, 0x2001, QUOTED));
        assert_eq!(error(&later).unwrap().quoted_flow, None);
        let later = icmp_v6(3, 1, 0, &ipv6(44, &fragment_header(17, 8 | 1, 1, QUOTED)));
        assert_eq!(error(&later).unwrap().quoted_flow, None);
    }

    #[test]
    fn extensions_behind_the_quotation_are_left_out() {
        // 128 octets of a datagram that was longer, then an extension.
        let mut quoted = ipv4(17, &udp(&[b'x'; 300]));
        quoted.truncate(128);
        quoted.extend([0x20, 0, 0, 0, 0, 8, 1, 1]);
        assert_eq!(error(&icmp_v4(3, 3, 32, &quoted)).unwrap().quoted_payload, [b'x'; 100]);
        // A length below the minimum is what some host left in an unused field.
        assert_eq!(error(&icmp_v4(3, 3, 8, &quoted)).unwrap().quoted_payload.len(), 108);
    }
}
