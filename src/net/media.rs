//! Frames that cannot hold SIP, told by a few octets: most of what captures with media are made of.
//!
//! Stands in front of everything else in the pipeline, and agrees with it: what it knows is what the long way would find.

use super::bytes::be16;
use super::classify::{PayloadKind, classify_ports};
use super::udp_tunnel::is_tunnel_port;
use super::{dns, link};

const ETHERNET_HEADER: usize = 14;
const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// What a frame holds, where that is certainly no SIP and needs no state: a whole UDP datagram of Ethernet and IP without tags,
/// options and fragments whose payload begins with what no message begins with. `None` says nothing but that one has to look.
///
/// `link_type` is a number of the LINKTYPE registry; `original_length` is the length of the frame on the wire, in octets.
pub fn without_sip(link_type: u16, bytes: &[u8], original_length: u32) -> Option<PayloadKind> {
    if link_type != link::ETHERNET || (bytes.len() as u64) < u64::from(original_length) {
        return None;
    }
    let (header, packet) = bytes.split_first_chunk::<ETHERNET_HEADER>()?;
    let udp = match be16(header, 12)? {
        // Without options that is the first octet of the payload.
        0x0800 if may_begin_message(*packet.get(IPV4_HEADER + UDP_HEADER)?) => return None,
        0x0800 => ipv4_udp(packet)?,
        0x86dd => ipv6_udp(packet)?,
        _ => return None,
    };
    let payload = udp.get(UDP_HEADER..usize::from(be16(udp, 4)?))?;
    if may_begin_message(*payload.first()?) {
        return None;
    }
    let (source, destination) = (be16(udp, 0)?, be16(udp, 2)?);
    let is_special = |port| is_tunnel_port(port) || dns::is_dns_port(port);
    (!is_special(source) && !is_special(destination)).then(|| classify_ports(source, destination, payload))
}

/// Source and destination of a datagram, as they stand in the frame: addresses, then ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaEnds {
    V4([u8; 12]),
    V6([u8; 36]),
}

/// Source and destination of the datagram of a frame of which [`without_sip`] knows the kind.
#[inline]
pub(crate) fn media_ends(bytes: &[u8]) -> Option<MediaEnds> {
    let packet = bytes.get(ETHERNET_HEADER..)?;
    // Addresses end where the ports begin, as there are neither options nor extension headers.
    if packet.first()? >> 4 == 4 {
        packet.get(12..)?.first_chunk().copied().map(MediaEnds::V4)
    } else {
        packet.get(8..)?.first_chunk().copied().map(MediaEnds::V6)
    }
}

/// Start lines begin with a graphic character, line ends may precede them; HEP begins with a letter, 1 or 2.
fn may_begin_message(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~' | b'\r' | b'\n' | 1 | 2)
}

fn ipv4_udp(packet: &[u8]) -> Option<&[u8]> {
    let header: &[u8; IPV4_HEADER] = packet.first_chunk()?;
    let is_plain = header[0] == 0x45 && header[9] == 17 && be16(header, 6)?.trailing_zeros() >= 14;
    if is_plain { packet.get(IPV4_HEADER..usize::from(be16(header, 2)?)) } else { None }
}

fn ipv6_udp(packet: &[u8]) -> Option<&[u8]> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let is_plain = header[0] >> 4 == 6 && header[6] == 17;
    if is_plain { packet.get(40..40 + usize::from(be16(header, 4)?)) } else { None }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::super::frames::{ethernet, ipv4, ipv4_part, ipv6, udp};
    use super::super::{Decoded, classify, failed_lookup, peel};
    use super::*;
    use crate::provenance::{Flow, Timestamp};
    use crate::sip;

    fn rtp() -> Vec<u8> {
        [&[0x80, 0][..], &[1; 170]].concat()
    }

    fn known(frame: &[u8]) -> Option<PayloadKind> {
        without_sip(1, frame, u32::try_from(frame.len()).unwrap())
    }

    /// What the long way finds: a kind of payload beside SIP, and nothing that needs state or is worth telling of.
    fn long_way(frame: &[u8]) -> Option<PayloadKind> {
        let peeled = peel(1, frame, u32::try_from(frame.len()).unwrap(), Timestamp::default());
        let Decoded::Udp(datagram) = peeled.content else { return None };
        let is_other = sip::messages(datagram.payload, datagram.cut).is_empty()
            && failed_lookup(datagram.flow.source.port, datagram.payload).is_none()
            && peeled.carrier.is_none()
            && peeled.kind.is_none();
        is_other.then(|| classify(&datagram.flow, datagram.payload))
    }

    #[test]
    fn media_are_known_at_once_and_nothing_else() {
        let datagram = udp(&rtp());
        for (frame, expected) in [
            (ethernet(&[], 0x0800, &ipv4(17, &datagram)), Some(PayloadKind::Rtp)),
            (ethernet(&[], 0x86dd, &ipv6(17, &datagram)), Some(PayloadKind::Rtp)),
            (ethernet(&[(0x8100, 5)], 0x0800, &ipv4(17, &datagram)), None),
            (ethernet(&[], 0x0800, &ipv4(6, &datagram)), None),
            (ethernet(&[], 0x0800, &ipv4_part(17, 1, 0x2000, &datagram)), None),
            (ethernet(&[], 0x0800, &ipv4(17, &udp(b"OPTIONS sip:a@b.example SIP/2.0\r\n\r\n"))), None),
            (ethernet(&[], 0x0800, &ipv4(17, &udp(b"\r\n\r\n"))), None),
            (ethernet(&[], 0x0800, &ipv4(17, &udp(b"HEP3\0\x06"))), None),
        ] {
            assert_eq!(known(&frame), expected, "{frame:x?}");
        }
        let frame = ethernet(&[], 0x0800, &ipv4(17, &datagram));
        assert_eq!(without_sip(1, &frame[..60], 200), None);
        assert_eq!(without_sip(113, &frame, 200), None);
    }

    #[test]
    fn ends_stand_where_they_are_expected() {
        let datagram = udp(&rtp());
        let frames = [ethernet(&[], 0x0800, &ipv4(17, &datagram)), ethernet(&[], 0x86dd, &ipv6(17, &datagram))];
        for frame in frames {
            let Decoded::Udp(long_way) =
                peel(1, &frame, u32::try_from(frame.len()).unwrap(), Timestamp::default()).content
            else {
                panic!()
            };
            let Flow { source, destination, .. } = long_way.flow;
            let octets = |address| match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            let ports = [source.port, destination.port].map(u16::to_be_bytes).concat();
            let expected = [octets(source.address), octets(destination.address), ports].concat();
            match media_ends(&frame) {
                Some(MediaEnds::V4(ends)) => assert_eq!(ends.to_vec(), expected),
                Some(MediaEnds::V6(ends)) => assert_eq!(ends.to_vec(), expected),
                None => panic!(),
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_long_way(
            v6: bool,
            ports in prop::sample::select(vec![[53, 4000], [4000, 5353], [2152, 2152], [4000, 4789], [10, 4000], [4000, 4002]]),
            first: u8,
            rest in prop::collection::vec(any::<u8>(), 0..40),
            changes in prop::collection::vec((0..64_usize, any::<u8>()), 0..3),
        ) {
            let mut datagram = udp(&[&[first][..], &rest].concat());
            for (at, port) in ports.into_iter().enumerate() {
                datagram[2 * at..2 * at + 2].copy_from_slice(&u16::to_be_bytes(port));
            }
            let mut frame =
                if v6 { ethernet(&[], 0x86dd, &ipv6(17, &datagram)) } else { ethernet(&[], 0x0800, &ipv4(17, &datagram)) };
            for (at, octet) in changes {
                if let Some(place) = frame.get_mut(at) {
                    *place = octet;
                }
            }
            if let Some(kind) = known(&frame) {
                prop_assert_eq!(Some(kind), long_way(&frame));
            }
        }
    }
}
