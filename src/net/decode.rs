//! One frame to what it holds: a UDP datagram, a TCP segment, an SCTP packet, a fragment, an ICMP error, or nothing for us. Stateless.

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::peel::peel;
use super::sctp::Packet;
use super::skip::SkipReason;
use super::tcp::Segment;
use super::vlan::Vlans;
use crate::provenance::{Flow, Timestamp};

/// What a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole UDP datagram (or what the snap length left of it).
    Udp(Datagram<'a>),
    /// A TCP segment (or what the snap length left of it).
    Tcp(Segment<'a>),
    /// An SCTP packet (or what the snap length left of it).
    Sctp(Packet<'a>),
    /// An IP fragment that may be part of a UDP datagram, a TCP segment or an SCTP packet.
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

/// A fragment of an IPv4 datagram, or of an IPv6 packet with a fragment header, whose payload is or may be UDP,
/// TCP or SCTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// What its siblings have in common.
    pub key: FragmentKey,
    /// Protocol behind the fragment header (UDP, TCP, or a further extension header); that of the first fragment counts.
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
/// Link layers and tunnels are peeled in any order; [`peel`] tells them as well. Checksums are not looked at, because network cards fill them in behind the capture.
pub fn decode(link_type: u16, bytes: &[u8], original_length: u32) -> Decoded<'_> {
    peel(link_type, bytes, original_length, Timestamp::default()).content
}

#[cfg(test)]
mod tests {
    use super::super::frames::*;
    use super::*;

    const PAYLOAD: &[u8] = b"OPTIONS sip:pbx.example SIP/2.0\r\n\r\n";

    fn decode_whole(link_type: u16, frame: &[u8]) -> Decoded<'_> {
        decode(link_type, frame, u32::try_from(frame.len()).unwrap())
    }

    fn datagram<'a>(decoded: &Decoded<'a>) -> Datagram<'a> {
        match decoded {
            Decoded::Udp(datagram) => *datagram,
            other => panic!("{other:?}"),
        }
    }

    /// Asserts that the frame holds the datagram of these tests, and returns its VLANs.
    fn assert_holds_payload(link_type: u16, frame: &[u8], v6: bool) -> Vec<u16> {
        let datagram = datagram(&decode_whole(link_type, frame));
        assert_eq!(datagram.flow, flow(v6));
        assert_eq!((datagram.payload, datagram.cut, datagram.ttl), (PAYLOAD, false, TTL));
        assert_eq!(datagram.ip_id, (!v6).then_some(IP_ID));
        datagram.vlan.ids().to_vec()
    }

    fn v4() -> Vec<u8> {
        ipv4(17, &udp(PAYLOAD))
    }

    fn v6() -> Vec<u8> {
        ipv6(17, &udp(PAYLOAD))
    }

    #[test]
    fn every_link_type_leads_to_the_datagram() {
        let sll = |behind: Vec<u8>| [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &behind].concat();
        let sll2 = |protocol: u16, behind: &[u8]| {
            [&protocol.to_be_bytes()[..], &[0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], behind].concat()
        };
        let family = |family: [u8; 4], packet: &[u8]| [&family[..], packet].concat();
        let pppoe = |protocol: u16, packet: &[u8]| {
            let session = [&[0x11, 0, 0, 1, 0, 0][..], &protocol.to_be_bytes(), packet].concat();
            ethernet(&[], 0x8864, &session)
        };
        for (link_type, frame, is_v6) in [
            (1, ethernet(&[], 0x0800, &v4()), false),
            (1, ethernet(&[], 0x86dd, &v6()), true),
            (1, pppoe(0x0021, &v4()), false),
            (1, pppoe(0x0057, &v6()), true),
            (113, sll(tagged(&[], 0x0800, &v4())), false),
            (113, sll(tagged(&[], 0x86dd, &v6())), true),
            (276, sll2(0x0800, &v4()), false),
            (276, sll2(0x86dd, &v6()), true),
            (0, family([2, 0, 0, 0], &v4()), false),
            (0, family([0, 0, 0, 2], &v4()), false),
            (0, family([30, 0, 0, 0], &v6()), true),
            (0, family([24, 0, 0, 0], &v6()), true),
            (108, family([0, 0, 0, 2], &v4()), false),
            (108, family([0, 0, 0, 28], &v6()), true),
            (12, v4(), false),
            (14, v6(), true),
            (101, v4(), false),
            (101, v6(), true),
            (228, v4(), false),
            (229, v6(), true),
        ] {
            assert_eq!(assert_holds_payload(link_type, &frame, is_v6), [0; 0], "link type {link_type}");
        }
        // The protocol of a cooked frame may be that of a VLAN tag, which then stands behind the header.
        let behind = [&[0, 7][..], &tagged(&[], 0x0800, &v4())].concat();
        assert_eq!(assert_holds_payload(276, &sll2(0x8100, &behind), false), [7]);
        assert_eq!(assert_holds_payload(113, &sll(tagged(&[(0x8100, 9)], 0x0800, &v4())), false), [9]);
    }

    #[test]
    fn any_number_of_vlan_tags_is_peeled() {
        for depth in 0..=9_u16 {
            let tags: Vec<_> = (1..=depth).map(|id| ([0x88a8, 0x9100, 0x8100][usize::from(id) % 3], id)).collect();
            let frame = ethernet(&tags, 0x86dd, &v6());
            let ids = assert_holds_payload(1, &frame, true);
            assert_eq!(ids, (1..=depth.min(4)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn padding_offload_and_options_do_not_matter() {
        let mut padded = ethernet(&[], 0x0800, &v4());
        padded.extend([0xee; 9]);
        assert_holds_payload(1, &padded, false);

        let mut offloaded = v4();
        offloaded[2..4].fill(0);
        assert_holds_payload(101, &offloaded, false);
        // Then the UDP length alone says where padding begins.
        offloaded.extend([0xee; 9]);
        assert_holds_payload(101, &offloaded, false);

        let mut with_options = v4();
        with_options[0] = 0x46;
        with_options[3] += 4;
        with_options.splice(20..20, [1, 1, 1, 0]);
        assert_holds_payload(101, &with_options, false);
    }

    #[test]
    fn ipv6_extension_headers_are_passed() {
        // Hop-by-hop, routing, destination options, and a fragment header of a packet that is none (RFC 6946).
        let atomic = fragment_header(17, 0, 7, &udp(PAYLOAD));
        let packet = ipv6(0, &extension(43, &extension(60, &extension(44, &atomic))));
        assert_holds_payload(229, &packet, true);
    }

    #[test]
    fn the_udp_length_decides_where_it_can() {
        for (length, payload, cut) in [
            (8 + 4, &PAYLOAD[..4], false), // octets behind the datagram
            (8 + 40, PAYLOAD, true),       // more than IP carries
            (0, PAYLOAD, false),           // segmentation offload
            (7, PAYLOAD, false),           // impossible
        ] {
            let mut packet = v4();
            packet[24..26].copy_from_slice(&u16::to_be_bytes(length));
            let datagram = datagram(&decode_whole(101, &packet));
            assert_eq!((datagram.payload, datagram.cut), (payload, cut), "{length}");
        }
    }

    #[test]
    fn a_cut_frame_is_read_as_far_as_it_goes() {
        let extended = ipv6(0, &extension(43, &extension(60, &extension(17, &udp(PAYLOAD)))));
        for (ether_type, packet, headers) in [(0x0800, v4(), 28), (0x86dd, v6(), 48), (0x86dd, extended, 72)] {
            let frame = ethernet(&[(0x8100, 5)], ether_type, &packet);
            let original = u32::try_from(frame.len()).unwrap();
            for length in 0..frame.len() {
                let decoded = decode(1, &frame[..length], original);
                let payload_at = 18 + headers;
                if length >= payload_at {
                    let datagram = datagram(&decoded);
                    assert_eq!((datagram.payload, datagram.cut), (&frame[payload_at..length], true));
                } else {
                    let expected = match length {
                        ..18 => SkipReason::LinkHeaderCut,
                        _ if length < payload_at - 8 => SkipReason::IpHeaderCut,
                        _ => SkipReason::UdpHeaderCut,
                    };
                    assert_eq!(decoded, Decoded::Skipped(expected), "{length}");
                }
            }
        }
    }

    #[test]
    fn a_cut_frame_without_any_length_in_it_is_known_to_be_cut() {
        let mut packet = v4();
        packet[2..4].fill(0);
        packet[24..26].fill(0);
        assert!(!datagram(&decode(101, &packet, u32::try_from(packet.len()).unwrap())).cut);
        assert!(datagram(&decode(101, &packet, 1500)).cut);
        // Lost padding is no loss.
        assert!(!datagram(&decode(101, &v4(), 1500)).cut);
    }

    #[test]
    fn everything_else_is_skipped_for_one_reason() {
        let mut wrong_version = v4();
        wrong_version[0] = 0x55;
        let mut short_header = v4();
        short_header[0] = 0x44;
        let late_hop_by_hop = ipv6(60, &extension(0, &extension(17, &udp(PAYLOAD))));
        for (link_type, frame, expected) in [
            (147, v4(), "unsupported-link-type"),
            (1, vec![], "link-header-cut"),
            (1, ethernet(&[], 0x0806, &[0; 28]), "arp"),
            (1, ethernet(&[], 0x8847, &[0; 28]), "mpls"),
            (1, ethernet(&[], 0x8847, &[0, 0, 1, 0, 0x50]), "mpls"),
            (105, vec![0x80; 40], "wlan-management"),
            (105, [&[0x88, 0x41][..], &[0; 40]].concat(), "wlan-encrypted"),
            (1, ethernet(&[], 0x8863, &[0; 28]), "pppoe"),
            (1, ethernet(&[], 0x8864, &[0x11, 0, 0, 1, 0, 4, 0xc0, 0x21, 1]), "pppoe"),
            (1, ethernet(&[], 0x88cc, &[0; 28]), "not-ip"),
            (1, ethernet(&[], 38, &[0; 38]), "not-ip"), // 802.3 with a length
            (0, vec![16, 0, 0, 0, 1, 2], "not-ip"),
            (101, vec![0x50; 40], "not-ip"),
            (101, vec![], "ip-header-cut"),
            (1, ethernet(&[], 0x0800, &wrong_version), "ip-header-malformed"),
            (101, short_header, "ip-header-malformed"),
            (101, late_hop_by_hop, "ip-header-malformed"),
            (101, ipv4(6, &[0; 19]), "tcp-header-cut"),
            (101, ipv6(6, &[0; 20]), "tcp-header-cut"), // a header length of 0
            (101, ipv4(132, &[0; 11]), "sctp-header-cut"),
            (101, ipv4(1, &[8, 0, 0, 0, 0, 0, 0, 0]), "icmp"),
            (101, ipv6(58, &[135, 0, 0, 0, 0, 0, 0, 0]), "icmp"),
            (101, ipv4(2, &[0; 8]), "igmp"),
            (101, ipv4(50, &[0; 20]), "esp"),
            (101, ipv4(47, &[0; 20]), "gre"),
            (101, ipv4(89, &[0; 20]), "other-ip-protocol"),
            (101, ipv6(59, &[]), "other-ip-protocol"),
            (101, ipv4(17, &[0; 7]), "udp-header-cut"),
            (101, ipv4_part(89, 1, 0x2000, &[0; 16]), "other-ip-protocol"),
            (101, ipv6(44, &fragment_header(89, 1, 1, &[0; 16])), "other-ip-protocol"),
            (101, ipv4_part(17, 1, 0x2000, &[]), "fragment-malformed"),
            (101, ipv4_part(17, 1, 0x1fff, &[0; 8]), "fragment-malformed"), // ends behind octet 65,535
        ] {
            match decode_whole(link_type, &frame) {
                Decoded::Skipped(reason) => assert_eq!(reason.code(), expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn fragments_say_where_they_belong() {
        let packet = ethernet(&[(0x8100, 5)], 0x0800, &ipv4_part(17, 77, 0x2000 | 3, &[1; 16]));
        let Decoded::Fragment(fragment) = decode_whole(1, &packet) else { panic!() };
        assert_eq!((fragment.offset, fragment.more, fragment.payload, fragment.length), (24, true, &[1; 16][..], 16));
        assert_eq!((fragment.key.id, fragment.key.protocol, fragment.key.vlan.ids()), (77, 17, &[5][..]));

        // Cut by four octets, and behind another extension header; what follows a later fragment is no header.
        let packet = ipv6(0, &extension(44, &fragment_header(60, 24, 0x0102_0304, &[0xff; 16])));
        let Decoded::Fragment(fragment) = decode(229, &packet[..packet.len() - 4], 72) else { panic!() };
        assert_eq!(
            (fragment.offset, fragment.more, fragment.payload, fragment.length),
            (24, false, &[0xff; 12][..], 16)
        );
        assert_eq!((fragment.key.id, fragment.key.protocol, fragment.protocol), (0x0102_0304, 0, 60));
    }
}
