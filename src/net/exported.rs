//! PDUs that Wireshark exported: tags with the name of the dissector, addresses and ports, then the payload.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::{be16, be32};
use super::decode::{Datagram, Decoded};
use super::link::ETHERNET;
use super::peel::{Peeler, Step};
use super::skip::SkipReason;
use super::vlan::Vlans;
use crate::provenance::{Endpoint, Flow, Transport};

/// The tags that matter.
#[derive(Default)]
struct Tags<'a> {
    dissector: &'a [u8],
    addresses: [Option<IpAddr>; 2],
    ports: [u16; 2],
    is_tcp: bool,
}

impl<'a> Tags<'a> {
    fn take(&mut self, tag: u16, value: &'a [u8]) {
        let [source, destination] = &mut self.addresses;
        let [source_port, destination_port] = &mut self.ports;
        let v4 = || Some(Ipv4Addr::from(*value.first_chunk::<4>()?).into());
        let v6 = || Some(Ipv6Addr::from(*value.first_chunk::<16>()?).into());
        let port = || be32(value, 0).and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        match tag {
            // The dissector, by name; and heuristic dissectors, whose names begin with it.
            12 | 13 => {
                let end = value.iter().position(|octet| *octet == 0).unwrap_or(value.len());
                self.dissector = value.get(..end).unwrap_or(value);
            }
            20 => *source = v4(),
            21 => *destination = v4(),
            22 => *source = v6(),
            23 => *destination = v6(),
            24 => self.is_tcp = be32(value, 0) == Some(2),
            25 => *source_port = port(),
            26 => *destination_port = port(),
            _ => {}
        }
    }
}

/// Reads the tags. Of addresses that were not exported the unspecified one stands.
pub(super) fn open<'a>(peeler: &mut Peeler<'a>, bytes: &'a [u8]) -> Result<Step<'a>, SkipReason> {
    peeler.layer("exported PDU", None)?;
    let mut tags = Tags::default();
    let mut rest = bytes;
    loop {
        let (Some(tag), Some(length)) = (be16(rest, 0), be16(rest, 2)) else { return Err(SkipReason::LinkHeaderCut) };
        let (value, behind) = rest
            .get(4..)
            .and_then(|rest| rest.split_at_checked(usize::from(length)))
            .ok_or(SkipReason::LinkHeaderCut)?;
        rest = behind;
        if tag == 0 {
            break;
        }
        tags.take(tag, value);
    }
    match tags.dissector {
        b"ip" | b"ipv6" => Ok(Step::Ip(rest)),
        [b'e', b't', b'h', ..] => Ok(Step::Link(ETHERNET, rest)),
        _ => Ok(Step::Done(Decoded::Udp(datagram(&tags, rest, peeler.is_cut())))),
    }
}

fn datagram<'a>(tags: &Tags<'_>, payload: &'a [u8], cut: bool) -> Datagram<'a> {
    let [source, destination] = tags.addresses.map(|address| address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
    let [source_port, destination_port] = tags.ports;
    let flow = Flow {
        source: Endpoint { address: source, port: source_port },
        destination: Endpoint { address: destination, port: destination_port },
        transport: if tags.is_tcp { Transport::Tcp } else { Transport::Udp },
    };
    Datagram { flow, payload, cut, ip_id: None, ttl: 0, vlan: Vlans::default() }
}
