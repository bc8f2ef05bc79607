//! One frame through all its layers to what it holds, whatever tunnels and copies of collectors it travelled in.
//!
//! Plain frames (a link header, IP, UDP or TCP) take a short way without any allocation. All others go through [`Peeler`]: one
//! [`Step`] after the other, in any order, at most [`LAYERS`] deep.

use std::net::IpAddr;
use std::sync::Arc;

use super::carrier::{Carrier, CarrierRef};
use super::classify::PayloadKind;
use super::decode::{Datagram, Decoded};
use super::ip::{self, IpInfo, Opened};
use super::skip::SkipReason;
use super::vlan::Vlans;
use super::{esp, ether, fast_path, gre, hep, l2tp, link, udp_tunnel};
use crate::limits::LAYERS;
use crate::provenance::Timestamp;

/// What a frame holds, and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeled<'a> {
    /// The innermost thing.
    pub content: Decoded<'a>,
    /// What is around it; `None` where there is nothing to tell: a link layer, IP, and the transport.
    pub carrier: CarrierRef,
    /// When the message was captured, if what carries it says so and that may be.
    pub time: Option<Timestamp>,
    /// What the payload is, if what carries it says that it is no SIP.
    pub kind: Option<PayloadKind>,
}

impl<'a> From<Decoded<'a>> for Peeled<'a> {
    fn from(content: Decoded<'a>) -> Self {
        Self { content, carrier: None, time: None, kind: None }
    }
}

/// What comes next, from the outside in.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A frame of a link type.
    Link(u16, &'a [u8]),
    /// What stands behind an Ethernet type.
    EtherType(u16, &'a [u8]),
    /// A frame of PPP, from its protocol or from the address field in front of that.
    Ppp(&'a [u8]),
    /// LLC (IEEE 802.2).
    Llc(&'a [u8]),
    /// MPLS labels.
    Mpls(&'a [u8]),
    /// An IP packet.
    Ip(&'a [u8]),
    /// What stands behind an IP header.
    Transport(u8, &'a [u8], IpInfo),
    /// The end.
    Done(Decoded<'a>),
}

/// Peels a frame that was captured at `time`. `link_type` is a number of the LINKTYPE registry; `original_length` is the length of
/// the frame on the wire, in octets: more than `bytes` when the snap length cut it.
pub fn peel(link_type: u16, bytes: &[u8], original_length: u32, time: Timestamp) -> Peeled<'_> {
    let frame_cut = u32::try_from(bytes.len()).is_ok_and(|captured| captured < original_length);
    plain(link_type, bytes, frame_cut)
        .map_or_else(|| Peeler::new(frame_cut).run(Step::Link(link_type, bytes), time), Peeled::from)
}

/// What a plain frame holds; `None` says nothing but that layers have to be looked at.
fn plain(link_type: u16, bytes: &[u8], frame_cut: bool) -> Option<Decoded<'_>> {
    let (packet, vlan) = link::ip_packet(link_type, bytes).ok().filter(|(_, vlan)| vlan.depth() == 0)?;
    let content = match fast_path::fast_udp(packet, vlan) {
        Some(datagram) => Decoded::Udp(datagram),
        None => match ip::open(packet, vlan, frame_cut) {
            Opened::Content(content) => content,
            Opened::Inside(..) => return None,
        },
    };
    let may_carry = matches!(&content, Decoded::Udp(datagram) if udp_tunnel::may_carry(datagram));
    (!may_carry).then_some(content)
}

/// Looks into a datagram that was put together from fragments.
pub(super) fn reassembled(protocol: u8, payload: &[u8], info: IpInfo, time: Timestamp) -> Peeled<'_> {
    let mut peeler = Peeler { vlan: info.vlan, ..Peeler::new(info.cut) };
    peeler.carrier.layers.push(if info.source.is_ipv4() { "IPv4" } else { "IPv6" }, None);
    let step = match ip::open_reassembled(protocol, payload, &info) {
        Opened::Content(content) => peeler.content(content),
        Opened::Inside(protocol, payload, info) => {
            peeler.around = Some((info.source, info.destination));
            Step::Transport(protocol, payload, info)
        }
    };
    peeler.run(step, time)
}

/// A frame on its way in.
pub(super) struct Peeler<'a> {
    carrier: Carrier,
    /// The addresses of the IP packet that was opened last.
    around: Option<(IpAddr, IpAddr)>,
    /// Tags since the last tunnel.
    vlan: Vlans,
    /// Whether octets at the end of what is left are known to be missing.
    cut: bool,
    /// Whether there is anything worth telling of.
    is_wrapped: bool,
    hep: Option<hep::Hep<'a>>,
}

impl<'a> Peeler<'a> {
    fn new(cut: bool) -> Self {
        Self { carrier: Carrier::default(), around: None, vlan: Vlans::default(), cut, is_wrapped: false, hep: None }
    }

    /// Notes a layer that every frame has: a link layer, IP.
    pub(super) fn common(&mut self, name: &'static str) -> Result<(), SkipReason> {
        if self.carrier.layers.push(name, None) { Ok(()) } else { Err(SkipReason::TooManyLayers) }
    }

    /// Notes a layer that is worth telling of.
    pub(super) fn layer(&mut self, name: &'static str, number: Option<u32>) -> Result<(), SkipReason> {
        self.is_wrapped = true;
        if self.carrier.layers.push(name, number) { Ok(()) } else { Err(SkipReason::TooManyLayers) }
    }

    /// Whether octets at the end of what is left are known to be missing.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Notes a VLAN tag, given as its tag control information.
    pub(super) fn tag(&mut self, tag_control: u16) -> Result<(), SkipReason> {
        self.vlan.push(tag_control);
        self.layer("VLAN", Some(u32::from(tag_control & 0x0fff)))
    }

    fn run(mut self, first: Step<'a>, time: Timestamp) -> Peeled<'a> {
        let mut step = first;
        // A layer takes a few steps at most.
        for _ in 0..4 * LAYERS {
            step = match step {
                Step::Done(content) => return self.finish(content, time),
                step => self.next(step).unwrap_or_else(|reason| Step::Done(Decoded::Skipped(reason))),
            };
        }
        self.finish(Decoded::Skipped(SkipReason::TooManyLayers), time)
    }

    fn finish(self, content: Decoded<'a>, time: Timestamp) -> Peeled<'a> {
        Peeled {
            content,
            carrier: self.is_wrapped.then(|| Arc::new(self.carrier)),
            time: self.hep.and_then(|hep| hep.time_before(time)),
            kind: self.hep.and_then(|hep| hep.other_kind()),
        }
    }

    fn next(&mut self, step: Step<'a>) -> Result<Step<'a>, SkipReason> {
        match step {
            Step::Link(link_type, bytes) => link::open(self, link_type, bytes),
            Step::EtherType(ether_type, bytes) => ether::open(self, ether_type, bytes),
            Step::Ppp(bytes) => ether::ppp(bytes),
            Step::Llc(bytes) => ether::llc(bytes),
            Step::Mpls(bytes) => ether::mpls(self, bytes),
            Step::Ip(packet) => self.ip(packet),
            Step::Transport(protocol, payload, info) => self.transport(protocol, payload, info),
            Step::Done(content) => Ok(Step::Done(content)),
        }
    }

    fn ip(&mut self, packet: &'a [u8]) -> Result<Step<'a>, SkipReason> {
        self.common(if packet.first().is_some_and(|first| first >> 4 == 6) { "IPv6" } else { "IPv4" })?;
        Ok(match ip::open(packet, self.vlan, self.cut) {
            Opened::Content(content) => self.content(content),
            Opened::Inside(protocol, payload, info) => {
                self.cut = info.cut;
                self.around = Some((info.source, info.destination));
                Step::Transport(protocol, payload, info)
            }
        })
    }

    /// A tunnel right behind an IP header.
    fn transport(&mut self, protocol: u8, payload: &'a [u8], info: IpInfo) -> Result<Step<'a>, SkipReason> {
        match protocol {
            ip::IP_IN_IP | ip::IPV6_IN_IP => {
                self.layer("IP in IP", None)?;
                self.go_inside();
                self.vlan = Vlans::default();
                Ok(Step::Ip(payload))
            }
            ip::GRE => {
                self.go_inside();
                self.vlan = Vlans::default();
                gre::open(self, payload)
            }
            ip::MPLS_IN_IP => {
                self.go_inside();
                Ok(Step::Mpls(payload))
            }
            ip::ETHER_IP => {
                // Version 3 and twelve bits of nothing (RFC 3378).
                let [0x30, 0, frame @ ..] = payload else { return Err(SkipReason::OtherIpProtocol) };
                self.layer("EtherIP", None)?;
                self.go_inside();
                self.vlan = Vlans::default();
                Ok(Step::Link(link::ETHERNET, frame))
            }
            ip::L2TP => {
                let inner = l2tp::version_3(payload).ok_or(SkipReason::OtherIpProtocol)?;
                self.layer("L2TPv3", None)?;
                self.go_inside();
                self.vlan = Vlans::default();
                Ok(inner)
            }
            ip::ESP => {
                let (protocol, inner) = esp::null(payload, info.cut).ok_or(SkipReason::Esp)?;
                self.layer("ESP", None)?;
                Ok(self.behind_esp(protocol, inner, info))
            }
            _ => Err(SkipReason::OtherIpProtocol),
        }
    }

    /// What comes next lies inside the IP packet that was opened last.
    fn go_inside(&mut self) {
        self.carrier.outer.extend(self.around.take());
    }

    /// What ESP with the NULL cipher holds: a packet (tunnel mode) or its payload (transport mode).
    fn behind_esp(&mut self, protocol: u8, inner: &'a [u8], info: IpInfo) -> Step<'a> {
        self.is_wrapped = true;
        self.around = Some((info.source, info.destination));
        match ip::transport(protocol, inner, &info) {
            Opened::Content(content) => self.content(content),
            Opened::Inside(protocol, payload, info) => Step::Transport(protocol, payload, info),
        }
    }

    /// What UDP may carry for others; anything else is the end.
    fn content(&mut self, content: Decoded<'a>) -> Step<'a> {
        let Decoded::Udp(datagram) = content else { return Step::Done(content) };
        if !udp_tunnel::may_carry(&datagram) {
            return Step::Done(content);
        }
        if let Some(hep) = hep::read(datagram.payload, datagram.cut) {
            self.around = Some((datagram.flow.source.address, datagram.flow.destination.address));
            return self.mirrored(hep);
        }
        let vlan = self.vlan;
        self.vlan = Vlans::default();
        match self.tunnel(&datagram) {
            Some(Ok(step)) => step,
            Some(Err(reason)) => Step::Done(Decoded::Skipped(reason)),
            None => {
                self.vlan = vlan;
                Step::Done(content)
            }
        }
    }

    fn tunnel(&mut self, datagram: &Datagram<'a>) -> Option<Result<Step<'a>, SkipReason>> {
        let carried = udp_tunnel::read(datagram)?;
        // ESP and SCTP in UDP have the addresses of the packet that they are in.
        if !matches!(carried.step, Step::Transport(..)) {
            self.around = Some((datagram.flow.source.address, datagram.flow.destination.address));
            self.go_inside();
        }
        let noted = self.layer("UDP", None).and_then(|()| self.layer(carried.name, carried.number));
        self.cut = datagram.cut;
        Some(match (noted, carried.step) {
            (Err(reason), _) => Err(reason),
            (Ok(()), Step::Transport(protocol, inner, info)) => Ok(self.behind_esp(protocol, inner, info)),
            (Ok(()), step) => Ok(step),
        })
    }

    /// A message that a capture agent sent to its collector.
    fn mirrored(&mut self, hep: hep::Hep<'a>) -> Step<'a> {
        let noted = self.layer("UDP", None).and_then(|()| self.layer(hep.name(), None));
        self.go_inside();
        hep.describe(&mut self.carrier);
        self.hep = Some(hep);
        Step::Done(noted.map_or_else(Decoded::Skipped, |()| Decoded::Udp(hep.datagram())))
    }
}

#[cfg(test)]
mod tests;
