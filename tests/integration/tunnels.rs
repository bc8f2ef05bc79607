//! Every sample wrapped in every tunnel: what is said of its calls is the same as of the bare frames.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use sipscan::diagnosis::Settings;
use sipscan::provenance::Timestamp;
use sipscan::sample::Flow;

use crate::common::{Analysed, samples};

/// A frame on its way into layers: its octets, and how many of them the snap length took away behind those.
#[derive(Clone)]
struct Wrapped {
    link_type: u16,
    bytes: Vec<u8>,
    missing: usize,
}

impl Wrapped {
    /// The same with a header in front.
    fn behind(self, header: &[u8]) -> Self {
        Self { bytes: [header, &self.bytes].concat(), ..self }
    }

    /// As the frame of a link type.
    fn of_link_type(self, link_type: u16) -> Self {
        Self { link_type, ..self }
    }

    fn length(&self, more: usize) -> [u8; 2] {
        u16::try_from(self.bytes.len() + self.missing + more).unwrap().to_be_bytes()
    }

    fn is_v6(&self) -> bool {
        self.bytes.first().is_some_and(|octet| octet >> 4 == 6)
    }

    fn ether_type(&self) -> [u8; 2] {
        if self.is_v6() { [0x86, 0xdd] } else { [8, 0] }
    }

    /// An IP packet as Ethernet frame.
    fn ethernet(self) -> Self {
        let ether_type = self.ether_type();
        self.typed(ether_type)
    }

    /// Ethernet with that type.
    fn typed(self, ether_type: [u8; 2]) -> Self {
        self.behind(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &ether_type].concat()).of_link_type(1)
    }

    /// IPv4 between two routers.
    fn v4(self, protocol: u8) -> Self {
        let [high, low] = self.length(20);
        let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2];
        self.behind(&header).of_link_type(101)
    }

    fn v6(self, protocol: u8) -> Self {
        let [high, low] = self.length(0);
        let mut header = vec![0x60, 0, 0, 0, high, low, protocol, 64];
        header.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        header.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        self.behind(&header).of_link_type(101)
    }

    fn udp(self, port: u16) -> Self {
        let [high, low] = self.length(8);
        let [first, second] = port.to_be_bytes();
        self.behind(&[0xc0, 0, first, second, high, low, 0, 0])
    }

    /// ESP with the NULL cipher in tunnel mode.
    fn esp(mut self, check: usize) -> Self {
        let protocol = if self.is_v6() { 41 } else { 4 };
        let padding = u8::try_from((self.bytes.len() + 2).next_multiple_of(4) - self.bytes.len() - 2).unwrap();
        self.bytes.extend(1..=padding);
        self.bytes.extend([padding, protocol]);
        self.bytes.extend(vec![0xc5; check]);
        self.behind(&[0, 0, 0x10, 1, 0, 0, 0, 1])
    }

    /// Nothing can be said of the end of what is cut.
    fn is_cut(&self) -> bool {
        self.missing > 0
    }
}

/// A way to wrap an IP packet.
type Wrap = fn(Wrapped) -> Wrapped;

const LLC: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// The link layers.
const LINKS: &[(&str, Wrap)] = &[
    ("Ethernet > VLAN 7 > VLAN 42", |p| {
        let inner = p.ether_type();
        p.behind(&[&[0, 7, 0x81, 0, 0xe0, 42][..], &inner].concat()).typed([0x88, 0xa8])
    }),
    ("Ethernet > MPLS > MPLS", |p| p.behind(&[0, 1, 0, 64, 0, 2, 1, 64]).typed([0x88, 0x47])),
    ("Ethernet > MPLS > Ethernet", |p| p.ethernet().behind(&[0, 2, 1, 64, 0, 0, 0, 0]).typed([0x88, 0x47])),
    ("Ethernet > PPPoE", |p| {
        let [high, low] = p.length(2);
        let protocol = if p.is_v6() { 0x57 } else { 0x21 };
        p.behind(&[0x11, 0, 0, 1, high, low, 0, protocol]).typed([0x88, 0x64])
    }),
    ("PPP", |p| {
        let protocol = if p.is_v6() { 0x57 } else { 0x21 };
        p.behind(&[0xff, 3, 0, protocol]).of_link_type(9)
    }),
    ("LLC", |p| {
        let inner = p.ether_type();
        p.behind(&[&LLC[..], &inner].concat()).of_link_type(100)
    }),
    ("802.11", |p| {
        let inner = p.ether_type();
        let radiotap = [0, 0, 9, 0, 2, 0, 0, 0, 0x20];
        // A data frame with quality of service; its 26 octets are padded to 28.
        let header = [&[0x88, 1][..], &[0; 22], &[0, 0], &[0, 0]].concat();
        p.behind(&[&radiotap[..], &header, &LLC, &inner].concat()).of_link_type(127)
    }),
    ("PKTAP > Ethernet", |p| {
        let header = [&16_u32.to_le_bytes()[..], &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]].concat();
        p.ethernet().behind(&header).of_link_type(258)
    }),
    ("NFLOG", |p| {
        let length = u16::try_from(p.bytes.len() + p.missing + 4).unwrap().to_le_bytes();
        p.behind(&[2, 0, 0, 0, 8, 0, 1, 0, 0, 8, 3, 0, length[0], length[1], 9, 0]).of_link_type(239)
    }),
    ("Juniper > Ethernet", |p| p.ethernet().behind(b"MGC\x81\0\x02\x06\0").of_link_type(178)),
    ("Cisco HDLC", |p| {
        let inner = p.ether_type();
        p.behind(&[&[0x0f, 0][..], &inner].concat()).of_link_type(104)
    }),
    ("Ethernet", |p| {
        // A number above 1500 is a type: longer frames cannot go like this, and go tagged.
        let (length, inner) = (p.length(8), p.ether_type());
        match u16::from_be_bytes(length) {
            0..=1500 => p.behind(&[&LLC[..], &inner].concat()).typed(length),
            _ => p.behind(&[&[0, 7][..], &inner].concat()).typed([0x81, 0]),
        }
    }),
    // What is no more than a link layer is not told of.
    ("", |p| {
        let mut frame = p.ethernet();
        // The check sequence is the first that the snap length takes away.
        if frame.is_cut() {
            frame.missing += 4;
        } else {
            frame.bytes.extend([0xde, 0xad, 0xbe, 0xef]);
        }
        frame
    }),
    ("", |p| {
        let inner = p.ether_type();
        p.behind(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &inner].concat()).of_link_type(113)
    }),
    ("", |p| {
        let inner = p.ether_type();
        p.behind(&[&inner[..], &[0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]].concat()).of_link_type(276)
    }),
    ("exported PDU", |p| p.behind(&[0, 12, 0, 4, b'i', b'p', 0, 0, 0, 0, 0, 0]).of_link_type(252)),
];

/// Tunnels through IP.
const TUNNELS: &[(&str, Wrap)] = &[
    ("IP in IP", |p| {
        let protocol = if p.is_v6() { 41 } else { 4 };
        p.v4(protocol)
    }),
    ("IP in IP", |p| {
        let protocol = if p.is_v6() { 41 } else { 4 };
        p.v6(protocol)
    }),
    ("GRE", |p| {
        let [high, low] = p.ether_type();
        p.behind(&[0, 0, high, low]).v4(47)
    }),
    ("GRE", |p| {
        let [high, low] = p.ether_type();
        p.behind(&[0xb0, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1]).v6(47)
    }),
    ("GRE > Ethernet", |p| p.ethernet().behind(&[0x20, 0, 0x65, 0x58, 0, 0, 0, 5]).v4(47)),
    ("GRE > ERSPAN I > Ethernet", |p| p.ethernet().behind(&[0, 0, 0x88, 0xbe]).v4(47)),
    ("GRE > ERSPAN II > Ethernet", |p| {
        p.ethernet().behind(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0]).v4(47)
    }),
    ("GRE > ERSPAN III > Ethernet", |p| {
        let header =
            [&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1][..], &[0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], &[0; 8]].concat();
        p.ethernet().behind(&header).v4(47)
    }),
    ("UDP > VXLAN 5 > Ethernet", |p| p.ethernet().behind(&[8, 0, 0, 0, 0, 0, 5, 0]).udp(4789).v4(17)),
    ("UDP > Geneve 5 > Ethernet", |p| {
        p.ethernet().behind(&[1, 0, 0x65, 0x58, 0, 0, 5, 0, 0, 1, 0, 0]).udp(6081).v6(17)
    }),
    ("UDP > GTP-U", |p| {
        let [high, low] = p.length(0);
        p.behind(&[0x30, 0xff, high, low, 0, 0, 0, 9]).udp(2152).v4(17)
    }),
    ("UDP > GTP-U", |p| {
        let [high, low] = p.length(8);
        p.behind(&[0x34, 0xff, high, low, 0, 0, 0, 9, 0, 0, 0, 0x85, 1, 0, 0, 0]).udp(2152).v4(17)
    }),
    ("L2TPv3 > Ethernet", |p| p.ethernet().behind(&[0, 0, 0, 7, 1, 2, 3, 4]).v4(115)),
    ("UDP > L2TPv3 > Ethernet", |p| p.ethernet().behind(&[0, 3, 0, 0, 0, 0, 0, 7]).udp(1701).v4(17)),
    ("UDP > TZSP > Ethernet", |p| p.ethernet().behind(&[1, 0, 0, 1, 13, 1, 60, 1]).udp(37008).v4(17)),
    ("ESP", |p| if p.is_cut() { p } else { p.esp(12).v4(50) }),
    ("UDP > ESP", |p| if p.is_cut() { p } else { p.esp(16).udp(4500).v4(17) }),
];

/// The IP packet of a sample's frame, whose link layer is known.
fn packet(link_type: u16, bytes: &[u8], original_length: usize) -> Wrapped {
    let mut at = match link_type {
        0 => 4,
        1 => 14,
        113 => 16,
        276 => 20,
        _ => 0,
    };
    while matches!(link_type, 1 | 113) && matches!(bytes.get(at - 2..at), Some([0x81, 0] | [0x88, 0xa8])) {
        at += 4;
    }
    let missing = original_length - bytes.len();
    Wrapped { link_type: 101, bytes: bytes.get(at..).unwrap_or_default().to_vec(), missing }
}

fn analysed(frames: &[(Timestamp, Wrapped)]) -> Analysed {
    let frames = frames.iter().map(|(time, frame)| {
        let original = u32::try_from(frame.bytes.len() + frame.missing).unwrap();
        (*time, frame.link_type, original, &frame.bytes[..])
    });
    Analysed::frames(Settings::default(), frames)
}

/// What is said of a capture, in all detail but of its layers.
fn said(found: &Analysed) -> String {
    let mut calls = found.calls.clone();
    for report in &mut calls {
        report.call.messages.iter_mut().for_each(|message| message.provenance.carrier = None);
        report.call.icmp.iter_mut().for_each(|error| error.provenance.carrier = None);
    }
    format!("{:?}\n{:?}\n{:?}\n{:?}", calls, found.capture, found.summary.findings, found.facts.other_payloads)
}

/// A sample as IP packets, and what is said of it.
struct Bare {
    name: String,
    frames: Vec<(Timestamp, Wrapped)>,
    said: String,
}

static BARE: LazyLock<Vec<Bare>> =
    LazyLock::new(|| samples().into_iter().map(|(name, text)| bare(name, &text)).collect());

fn bare(name: String, text: &str) -> Bare {
    let flow = Flow::parse(text).unwrap();
    let frames = flow.frames().into_iter().map(|frame| {
        let original = usize::try_from(frame.original_length).unwrap();
        (frame.time, packet(flow.link_type(), &frame.bytes, original))
    });
    // What is cut inside the IP header has no version to be told by.
    let fits = |frame: &Wrapped| frame.bytes.len() >= 40 && frame.bytes.len() + frame.missing < 65_000;
    let frames: Vec<_> = frames.filter(|(_, frame)| fits(frame)).collect();
    let said = said(&analysed(&frames));
    Bare { name, frames, said }
}

fn assert_same(wrap: &dyn Fn(Wrapped) -> Wrapped, layers: &str) {
    for Bare { name, frames, said: expected } in BARE.iter() {
        let wrapped: Vec<_> = frames.iter().map(|(time, frame)| (*time, wrap(frame.clone()))).collect();
        let found = analysed(&wrapped);
        assert!(said(&found) == *expected, "{name} in {layers}:\n{expected}\n---\n{}", said(&found));
        assert!(
            found.facts.layers.keys().all(|way| way.to_string().contains(layers)),
            "{name}: {:?}",
            found.facts.layers
        );
    }
}

#[test]
fn any_link_layer_gives_the_same_report() {
    for (layers, wrap) in LINKS {
        assert_same(wrap, layers);
    }
}

#[test]
fn any_tunnel_gives_the_same_report() {
    for (layers, wrap) in TUNNELS {
        assert_same(wrap, layers);
    }
}

#[test]
fn tunnels_in_tunnels_give_the_same_report() {
    for (at, (_, inner)) in TUNNELS.iter().enumerate() {
        let (layers, outer) = TUNNELS[(at * 5 + 3) % TUNNELS.len()];
        let (_, link) = LINKS[at % LINKS.len()];
        assert_same(&|packet| link(outer(inner(packet))), if layers.contains("ESP") { "" } else { layers });
    }
}

#[test]
fn what_is_seen_inside_and_outside_a_tunnel_is_a_duplicate() {
    let (_, text) = samples().into_iter().find(|(name, _)| name == "clean/busy").unwrap();
    let flow = Flow::parse(&text).unwrap();
    let bare: Vec<_> = flow
        .frames()
        .into_iter()
        .map(|frame| (frame.time, packet(flow.link_type(), &frame.bytes, frame.bytes.len())))
        .collect();
    let plain = analysed(&bare);
    for (layers, wrap) in TUNNELS.iter().copied().chain([("VLAN", LINKS[0].1), ("UDP > HEPv3", hep as Wrap)]) {
        // The copy comes first where the tunnel is seen in front of the host.
        for copy_first in [false, true] {
            let both: Vec<_> = bare
                .iter()
                .flat_map(|(time, frame)| {
                    let late = Timestamp(time.0 + 1_000_000);
                    let (first, second) = (frame.clone(), wrap(frame.clone()));
                    let (first, second) = if copy_first { (second, first) } else { (first, second) };
                    [(*time, first), (late, second)]
                })
                .collect();
            let found = analysed(&both);
            assert_eq!(found.facts.duplicates, u64::try_from(both.len() / 2).unwrap(), "{layers}");
            let outcomes = |found: &Analysed| found.calls.iter().map(|report| report.call.outcome).collect::<Vec<_>>();
            assert_eq!((outcomes(&found), found.codes()), (outcomes(&plain), plain.codes()), "{layers}");
            assert_eq!(found.summary.retransmitted_finals, plain.summary.retransmitted_finals, "{layers}");
        }
    }
}

/// A copy of a UDP datagram in IPv4, sent to a collector.
fn hep(p: Wrapped) -> Wrapped {
    let chunk = |kind: u8, value: &[u8]| {
        let length = u16::try_from(value.len() + 6).unwrap().to_be_bytes();
        [&[0, 0, 0, kind][..], &length, value].concat()
    };
    let chunks = [
        chunk(1, &[2]),
        chunk(2, &[17]),
        chunk(3, &p.bytes[12..16]),
        chunk(4, &p.bytes[16..20]),
        chunk(7, &p.bytes[20..22]),
        chunk(8, &p.bytes[22..24]),
        chunk(11, &[1]),
        chunk(12, &[0, 0, 7, 0xd1]),
        chunk(15, &p.bytes[28..]),
    ]
    .concat();
    let length = u16::try_from(chunks.len() + 6).unwrap().to_be_bytes();
    let bytes = [&b"HEP3"[..], &length, &chunks].concat();
    Wrapped { bytes, ..p }.udp(9060).v4(17)
}

/// The same datagram as a collector gets it by HEP 1 or 2. Addresses of both families have their own number.
fn hep_binary(p: Wrapped, time: Option<Timestamp>) -> Wrapped {
    let (family, addresses, at) = if p.is_v6() { (10, 8..40, 40) } else { (2, 12..20, 20) };
    let version = if time.is_some() { 2 } else { 1 };
    let length = u8::try_from(8 + addresses.len()).unwrap();
    let mut bytes = vec![version, length, family, 17];
    bytes.extend([&p.bytes[at..at + 4], &p.bytes[addresses], &[][..]].concat());
    if let Some(time) = time {
        let (seconds, micros) = (time.0 / 1_000_000_000, time.0 % 1_000_000_000 / 1000);
        bytes.extend(u32::try_from(seconds).unwrap().to_le_bytes());
        bytes.extend([&u32::try_from(micros).unwrap().to_le_bytes()[..], &[1, 0, 0, 0]].concat());
    }
    bytes.extend(&p.bytes[at + 8..]);
    Wrapped { bytes, ..p }.udp(9060).v4(17)
}

#[test]
fn copies_for_a_collector_give_the_same_calls() {
    let told = |found: &Analysed| {
        let message = |message: &sipscan::call::CapturedMessage| {
            let flow = message.provenance.flow;
            (message.message.raw().to_vec(), flow, message.provenance.time.0 / 1000)
        };
        let call = |report: &sipscan::diagnosis::CallReport| {
            (report.call.outcome, report.call.messages.iter().map(message).collect::<Vec<_>>())
        };
        (found.calls.iter().map(call).collect::<Vec<_>>(), found.codes())
    };
    let mut compared = 0;
    for Bare { name, frames, .. } in BARE.iter() {
        let bare = analysed(frames);
        // HEP carries whole SIP messages; that a frame was seen twice is told by what only the frame has.
        let all_sip = bare.facts.udp_frames == bare.facts.frames && bare.facts.other_payloads.is_empty();
        if !all_sip || bare.facts.duplicates > 0 || frames.iter().any(|(_, frame)| frame.is_cut()) {
            continue;
        }
        compared += 1;
        let is_v4 = frames.iter().all(|(_, frame)| !frame.is_v6());
        for version in 1..=3 {
            let copy = |(time, frame): &(Timestamp, Wrapped)| {
                let copied = match version {
                    1 => hep_binary(frame.clone(), None),
                    2 => hep_binary(frame.clone(), Some(*time)),
                    _ => hep(frame.clone()),
                };
                (*time, copied)
            };
            if version < 3 || is_v4 {
                let copies = analysed(&frames.iter().map(copy).collect::<Vec<_>>());
                assert_eq!(told(&copies), told(&bare), "{name} in HEP {version}");
            }
        }
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn inner_and_outer_addresses_are_known_of_every_message() {
    let (_, text) = samples().into_iter().find(|(name, _)| name == "clean/busy").unwrap();
    let flow = Flow::parse(&text).unwrap();
    let frames =
        flow.frames().into_iter().map(|frame| (frame.time, packet(flow.link_type(), &frame.bytes, frame.bytes.len())));
    let frames: Vec<_> = frames.map(|(time, p)| (time, LINKS[0].1(TUNNELS[8].1(TUNNELS[2].1(p))))).collect();
    let found = analysed(&frames);
    let (first, second) = ("203.0.113.1".parse().unwrap(), "203.0.113.2".parse().unwrap());
    for message in found.calls.iter().flat_map(|report| &report.call.messages) {
        let carrier = message.provenance.carrier.as_deref().unwrap();
        let expected = "Ethernet > VLAN 7 > VLAN 42 > IPv4 > UDP > VXLAN 5 > Ethernet > IPv4 > GRE > IPv4";
        assert_eq!((carrier.layers.to_string().as_str(), &carrier.outer[..]), (expected, &[(first, second); 2][..]));
        assert_ne!(message.provenance.flow.source.address, first);
    }
    let copies = analysed(&frames_of_copies(&flow));
    assert_eq!(copies.facts.capture_agents, [(2001, u64::try_from(flow.frames().len()).unwrap())].into());
    let carrier = copies.calls[0].call.messages[0].provenance.carrier.as_deref().unwrap();
    assert_eq!((carrier.agent, &carrier.outer[..]), (Some(2001), &[(first, second)][..]));
}

fn frames_of_copies(flow: &Flow) -> Vec<(Timestamp, Wrapped)> {
    let frames = flow.frames().into_iter();
    frames.map(|frame| (frame.time, hep(packet(flow.link_type(), &frame.bytes, frame.bytes.len())))).collect()
}

#[test]
fn nested_tunnels_end_somewhere() {
    let (_, text) = samples().into_iter().find(|(name, _)| name == "clean/busy").unwrap();
    let flow = Flow::parse(&text).unwrap();
    let frame = flow.frames().remove(0);
    let deep = (0..200).fold(packet(flow.link_type(), &frame.bytes, frame.bytes.len()), |packet, _| packet.v4(4));
    let found = analysed(&[(frame.time, deep)]);
    assert_eq!(
        found.facts.skipped.iter().map(|(reason, n)| (reason.code(), *n)).collect::<Vec<_>>(),
        [("too-many-layers", 1)]
    );
}
