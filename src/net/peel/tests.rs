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
    for port in [1701, 2152, 4500, 4789, 6081, 8472, 37008] {
        for payload in [MESSAGE, b"\r\n\r\n", b"\0\0\0\0", b"0 SIP over any port", b"", &[0xff; 60], &[0x30; 60]] {
            let packet = to_port(port, payload);
            let peeled = whole(101, &packet, Timestamp(0));
            let Decoded::Udp(datagram) = peeled.content else { panic!("{port} {payload:?}") };
            assert_eq!((datagram.payload, datagram.flow.destination.port), (payload, port));
            assert_eq!(peeled.carrier, None);
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
