use proptest::prelude::*;

use super::super::frames::{SOURCE_V4, ethernet, flow, ipv4, udp};
use super::super::hep::tests::packet_v3;
use super::*;

const MESSAGE: &[u8] = b"OPTIONS sip:pbx.example SIP/2.0\r\n\r\n";

fn whole(link_type: u16, frame: &[u8], time: Timestamp) -> Peeled<'_> {
    peel(link_type, frame, u32::try_from(frame.len()).unwrap(), time)
}

/// A UDP packet to a port.
fn to_port(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = udp(payload);
    datagram[2..4].copy_from_slice(&port.to_be_bytes());
    ipv4(17, &datagram)
}

#[test]
fn a_mirrored_message_has_its_own_addresses_and_time() {
    let (now, then) = (Timestamp(1_700_000_005_000_000_000), Timestamp(1_700_000_000_250_000_000));
    let wrap = |kind, payload: &[u8]| {
        let mut packet = ipv4(17, &udp(&packet_v3(kind, payload)));
        packet[12..16].copy_from_slice(&[203, 0, 113, 7]);
        ethernet(&[], 0x0800, &packet)
    };
    let frame = wrap(1, MESSAGE);
    let peeled = whole(1, &frame, now);
    let Decoded::Udp(datagram) = peeled.content else { panic!("{peeled:?}") };
    assert_eq!((datagram.flow, datagram.flow.source.address), (flow(false), SOURCE_V4.into()));
    assert_eq!((datagram.payload, datagram.cut), (MESSAGE, false));
    assert_eq!((peeled.time, peeled.kind), (Some(then), None));
    assert_eq!(peeled.carrier.unwrap().layers.to_string(), "Ethernet > IPv4 > UDP > HEPv3");

    let frame = wrap(5, b"{}");
    let peeled = whole(1, &frame, then);
    assert_eq!((peeled.time, peeled.kind), (Some(then), Some(PayloadKind::HepRtcp)));
}

#[test]
fn sip_on_the_port_of_a_tunnel_is_sip() {
    for port in [1701, 2152, 3544, 4500, 4789, 4790, 6081, 8472, 37008] {
        for payload in [MESSAGE, b"\r\n\r\n", b"\0\0\0\0", b"0 SIP over any port", b"", &[0xff; 60], &[0x30; 60]] {
            let packet = to_port(port, payload);
            let peeled = whole(101, &packet, Timestamp(0));
            let Decoded::Udp(datagram) = peeled.content else { panic!("{port} {payload:?}") };
            assert_eq!((datagram.payload, datagram.flow.destination.port), (payload, port));
            assert_eq!(peeled.carrier, None);
        }
    }
}

/// An IPv6 packet with a message.
fn ipv6() -> Vec<u8> {
    let datagram = udp(MESSAGE);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(datagram.len()).unwrap().to_be_bytes());
    packet.extend([17, 64]);
    packet.extend([0x20; 32]);
    packet.extend(datagram);
    packet
}

#[test]
fn what_tunnels_hold_is_found() {
    let packet = ipv4(17, &udp(MESSAGE));
    let frame = ethernet(&[], 0x0800, &packet);
    let behind = |header: &[u8], inner: &[u8]| [header, inner].concat();
    let authenticated = [&[0, 1, 2, 3][..], &[7; 5], &[0; 9], &[0, 0, 1, 2, 3, 4, 5, 6]].concat();
    for (link_type, bytes, layers) in [
        (101, to_port(4790, &behind(&[0x0c, 0, 0, 1, 0, 0, 9, 0], &packet)), "IPv4 > UDP > VXLAN-GPE 9 > IPv4"),
        (101, to_port(4790, &behind(&[0x0c, 0, 0, 2, 0, 0, 9, 0], &ipv6())), "IPv4 > UDP > VXLAN-GPE 9 > IPv6"),
        (
            101,
            to_port(4790, &behind(&[0x0c, 0, 0, 3, 0, 0, 9, 0], &frame)),
            "IPv4 > UDP > VXLAN-GPE 9 > Ethernet > IPv4",
        ),
        (101, to_port(3544, &ipv6()), "IPv4 > UDP > Teredo > IPv6"),
        (101, to_port(3544, &behind(&[0, 0, 1, 2, 3, 4, 5, 6], &ipv6())), "IPv4 > UDP > Teredo > IPv6"),
        (101, to_port(3544, &behind(&authenticated, &ipv6())), "IPv4 > UDP > Teredo > IPv6"),
        (101, ipv4(97, &behind(&[0x30, 0], &frame)), "IPv4 > EtherIP > Ethernet > IPv4"),
        (10, behind(&[&[0x50; 13][..], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat(), &packet), "FDDI > IPv4"),
        (51, behind(&[&[0x11, 0, 0, 1, 0, 0], &[0, 0x21][..]].concat(), &packet), "PPPoE > IPv4"),
        (109, behind(&[0; 12], &packet), "enc > IPv4"),
        (117, behind(&[&[61][..], &[0; 63]].concat(), &packet), "pflog > IPv4"),
        (117, behind(&[&[100][..], &[0; 99]].concat(), &ipv6()), "pflog > IPv6"),
    ] {
        let peeled = whole(link_type, &bytes, Timestamp(0));
        let Decoded::Udp(datagram) = peeled.content else { panic!("{layers}: {peeled:?}") };
        assert_eq!((datagram.payload, datagram.cut), (MESSAGE, false), "{layers}");
        assert_eq!(peeled.carrier.unwrap().layers.to_string(), layers);
        for length in 0..bytes.len() {
            peel(link_type, &bytes[..length], u32::try_from(bytes.len()).unwrap(), Timestamp(0));
        }
    }
}

#[test]
fn plain_frames_have_no_layers_to_tell_of() {
    let frame = ethernet(&[], 0x0800, &ipv4(17, &udp(MESSAGE)));
    assert_eq!(whole(1, &frame, Timestamp(0)).carrier, None);
    let frame = ethernet(&[(0x8100, 42)], 0x0800, &ipv4(17, &udp(MESSAGE)));
    assert_eq!(whole(1, &frame, Timestamp(0)).carrier.unwrap().layers.to_string(), "Ethernet > VLAN 42 > IPv4");
}

#[test]
fn tags_and_labels_without_end_are_given_up() {
    let labels = ethernet(&[], 0x8847, &[0; 4 * 200]);
    let tags: Vec<_> = (0..200).map(|id| (0x8100, id)).collect();
    for frame in [labels, ethernet(&tags, 0x0800, &ipv4(17, &udp(MESSAGE)))] {
        let peeled = whole(1, &frame, Timestamp(0));
        assert_eq!(peeled.content, Decoded::Skipped(SkipReason::TooManyLayers));
        assert_eq!(peeled.carrier.unwrap().layers.all().len(), LAYERS);
    }
}

proptest! {
    #[test]
    fn no_octets_panic(link_type in 0..300_u16, cut: bool, bytes in prop::collection::vec(any::<u8>(), 0..160)) {
        let original = u32::try_from(bytes.len()).unwrap() + u32::from(cut);
        peel(link_type, &bytes, original, Timestamp(0));
    }

    #[test]
    fn no_tunnel_panics(
        protocol in prop::sample::select(vec![4_u8, 41, 47, 50, 115, 137]),
        port in prop::sample::select(vec![1701_u16, 2152, 4500, 4789, 6081, 8472, 37008, 9060]),
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), 0..9_u8, any::<u8>()], 0..160),
    ) {
        whole(101, &ipv4(protocol, &bytes), Timestamp(0));
        whole(101, &to_port(port, &bytes), Timestamp(0));
        whole(101, &to_port(port, &[&b"HEP3"[..], &bytes].concat()), Timestamp(0));
    }
}
