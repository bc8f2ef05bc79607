//! The common case in front of the general way: what most frames with signalling and media are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::be16;
use super::decode::Datagram;
use super::ip::{IpInfo, UDP_HEADER};
use super::vlan::Vlans;
use crate::provenance::Transport;

/// Reads a complete UDP datagram in IPv4 without options and fragments or
/// in IPv6 without extension headers. `None` says nothing but that the general way has to look.
#[inline]
pub(super) fn fast_udp(packet: &[u8], vlan: Vlans) -> Option<Datagram<'_>> {
    let (source, destination, ip_id, ttl, udp): (IpAddr, IpAddr, _, _, _) = match packet.first()? {
        0x45 => {
            let header: &[u8; 20] = packet.first_chunk()?;
            // Neither more-fragments nor an offset; the don't-fragment and reserved bits are left out of account.
            if be16(header, 6)? & 0x3fff != 0 || header.get(9)? != &17 {
                return None;
            }
            let udp = packet.get(20..usize::from(be16(header, 2)?))?;
            let source = Ipv4Addr::from(*header.get(12..)?.first_chunk()?);
            let destination = Ipv4Addr::from(*header.get(16..)?.first_chunk()?);
            (source.into(), destination.into(), Some(be16(header, 4)?), *header.get(8)?, udp)
        }
        0x60..=0x6f => {
            let header: &[u8; 40] = packet.first_chunk()?;
            if header.get(6)? != &17 {
                return None;
            }
            let udp = packet.get(40..40 + usize::from(be16(header, 4)?))?;
            let source = Ipv6Addr::from(*header.get(8..)?.first_chunk()?);
            let destination = Ipv6Addr::from(*header.get(24..)?.first_chunk()?);
            (source.into(), destination.into(), None, *header.get(7)?, udp)
        }
        _ => return None,
    };
    let payload = udp.get(UDP_HEADER..usize::from(be16(udp, 4)?))?;
    let info = IpInfo { source, destination, ip_id, ttl, vlan, cut: false, missing: 0 };
    Some(Datagram {
        flow: info.flow(Transport::Udp, be16(udp, 0)?, be16(udp, 2)?),
        payload,
        cut: false,
        ip_id,
        ttl,
        vlan,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::Path;

    use pcap_parser::traits::PcapNGPacketBlock as _;
    use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
    use proptest::prelude::*;

    use super::super::decode::Decoded;
    use super::super::frames::{extension, ipv4, ipv4_part, ipv6, udp};
    use super::super::ip::{self, Opened};
    use super::super::link;
    use super::*;

    /// A UDP packet of either version, in which some octets are then changed.
    fn damaged_packet() -> impl Strategy<Value = Vec<u8>> {
        let payload = prop::collection::vec(any::<u8>(), 0..64);
        let changes = prop::collection::vec((0..64_usize, any::<u8>()), 0..4);
        (any::<bool>(), payload, changes, 0..16_usize).prop_map(|(v6, payload, changes, padding)| {
            let mut packet = if v6 { ipv6(17, &udp(&payload)) } else { ipv4(17, &udp(&payload)) };
            packet.extend(vec![0; padding]);
            for (at, octet) in changes {
                if let Some(place) = packet.get_mut(at) {
                    *place = octet;
                }
            }
            packet
        })
    }

    /// What the general way reads, where that is no tunnel.
    fn decode(packet: &[u8], vlan: Vlans, frame_cut: bool) -> Decoded<'_> {
        match ip::open(packet, vlan, frame_cut) {
            Opened::Content(content) => content,
            Opened::Inside(protocol, ..) => panic!("{protocol}"),
        }
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_general_one(packet in damaged_packet(), frame_cut: bool) {
            if let Some(datagram) = fast_udp(&packet, Vlans::default()) {
                prop_assert_eq!(decode(&packet, Vlans::default(), frame_cut), Decoded::Udp(datagram));
            }
        }

        #[test]
        fn no_octets_panic(protocol: u8, bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            ip::open(&bytes, Vlans::default(), true);
            ip::open(&ipv4(protocol, &bytes), Vlans::default(), true);
            ip::open(&ipv6(protocol, &bytes), Vlans::default(), true);
        }
    }

    #[test]
    fn the_fast_path_takes_the_common_case_only() {
        let datagram = udp(b"x");
        for (packet, taken) in [
            (ipv4(17, &datagram), true),
            (ipv6(17, &datagram), true),
            (ipv4_part(17, 1, 0x2000, &datagram), false),
            (ipv4_part(17, 1, 0x0001, &datagram), false),
            (ipv4(6, &datagram), false),
            (ipv6(0, &extension(17, &datagram)), false),
        ] {
            assert_eq!(fast_udp(&packet, Vlans::default()).is_some(), taken);
        }
    }

    #[test]
    fn both_ways_agree_on_every_frame_of_real_captures() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures");
        for folder in ["udp", "more", "negative"] {
            let Ok(files) = root.join(folder).read_dir() else { continue };
            for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
                for_each_frame(&file, |link_type, bytes| {
                    let Ok((packet, vlan)) = link::ip_packet(link_type, bytes) else { return };
                    if let Some(datagram) = fast_udp(packet, vlan) {
                        assert_eq!(decode(packet, vlan, false), Decoded::Udp(datagram), "{}", file.display());
                    }
                });
            }
        }
    }

    /// Calls `look` with link type and octets of each frame of a capture, as far as pcap-parser reads it.
    fn for_each_frame(path: &Path, mut look: impl FnMut(u16, &[u8])) {
        let file = OpenOptions::new().read(true).open(path).unwrap();
        let Ok(mut reader) = create_reader(1 << 20, file) else { return };
        let mut links = Vec::new();
        loop {
            match reader.next() {
                Ok((length, block)) => {
                    match block {
                        PcapBlockOwned::LegacyHeader(header) => links = vec![header.network],
                        PcapBlockOwned::NG(Block::SectionHeader(_)) => links.clear(),
                        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => links.push(interface.linktype),
                        PcapBlockOwned::Legacy(record) => look(link_number(links[0]), record.data),
                        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                            look(link_number(links[usize::try_from(packet.if_id).unwrap()]), packet.packet_data());
                        }
                        PcapBlockOwned::NG(_) => {}
                    }
                    reader.consume(length);
                }
                Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
                Err(_) => return,
            }
        }
    }

    /// The number of a link type, without the bits that tell of a frame check sequence.
    fn link_number(link_type: Linktype) -> u16 {
        u16::try_from(link_type.0 & 0xffff).unwrap()
    }
}
