//! SIP on other wires than UDP: what is said of the calls is the same.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use sipscan::call::Outcome;
use sipscan::diagnosis::Settings;
use sipscan::net::SctpKind;
use sipscan::provenance::{Flow, Timestamp, Transport};
use sipscan::sample;

use crate::common::{Analysed, samples};

/// An IP packet between the ends of a flow.
fn ip(flow: &Flow, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match (flow.source.address, flow.destination.address) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let [high, low] = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
            let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0];
            [&header[..], &source.octets(), &destination.octets(), payload].concat()
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let [high, low] = u16::try_from(payload.len()).unwrap().to_be_bytes();
            let header = [0x60, 0, 0, 0, high, low, protocol, 64];
            [&header[..], &source.octets(), &destination.octets(), payload].concat()
        }
        _ => panic!("{flow:?}"),
    }
}

/// Numbers of one direction of an association.
#[derive(Default)]
struct Direction {
    tsn: u32,
    number: u16,
}

/// How datagrams become packets of SCTP.
#[derive(Clone, Copy)]
struct Wrap {
    /// Octets of a message in each chunk.
    size: usize,
    unordered: bool,
    /// Whether the fragments of a message come in reverse.
    reversed: bool,
    /// Behind UDP.
    in_udp: bool,
}

fn packets(flow: &Flow, payload: &[u8], direction: &mut Direction, wrap: Wrap) -> Vec<Vec<u8>> {
    let parts: Vec<&[u8]> = payload.chunks(wrap.size).collect();
    let mut packets = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let flags = u8::from(wrap.unordered) << 2 | u8::from(at == 0) << 1 | u8::from(at + 1 == parts.len());
        let length = u16::try_from(16 + part.len()).unwrap();
        let mut packet = [flow.source.port.to_be_bytes(), flow.destination.port.to_be_bytes()].concat();
        packet.extend([0xa5, 0, 0, 1, 0, 0, 0, 0, 0, flags]);
        packet.extend(length.to_be_bytes());
        packet.extend(direction.tsn.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(direction.number.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend(*part);
        packet.resize(packet.len().next_multiple_of(4), 0);
        direction.tsn += 1;
        if wrap.in_udp {
            let length = u16::try_from(8 + packet.len()).unwrap().to_be_bytes();
            packet = [&[0x26, 0xab, 0x26, 0xab][..], &length, &[0, 0], &packet].concat();
        }
        packets.push(ip(flow, if wrap.in_udp { 17 } else { 132 }, &packet));
    }
    if !wrap.unordered {
        direction.number = direction.number.wrapping_add(1);
    }
    if wrap.reversed {
        packets.reverse();
    }
    packets
}

/// What does not depend on the transport: outcomes, final responses, and every message to the octet.
fn said(found: &Analysed) -> String {
    let calls = found.calls.iter().map(|report| {
        let messages = report.call.messages.iter();
        let octets: Vec<_> = messages.map(|m| String::from_utf8_lossy(m.message.raw()).into_owned()).collect();
        (report.call.outcome, report.call.legs.clone(), octets)
    });
    format!("{:#?}\n{:?}", calls.collect::<Vec<(Outcome, _, _)>>(), found.summary.final_by_status)
}

/// The datagrams of a sample that are whole, without copies of the same datagram, which a stream does not have.
fn datagrams(text: &str) -> Vec<sample::SampleDatagram> {
    let flow = sample::Flow::parse(text).unwrap();
    let mut known: Vec<sample::SampleDatagram> = Vec::new();
    for datagram in flow.datagrams() {
        let is_copy = known.iter().rev().take(8).any(|before| {
            before.flow == datagram.flow
                && before.payload == datagram.payload
                && datagram.time.0 - before.time.0 < 1_000_000_000
        });
        let is_v4 = |address: IpAddr| address.is_ipv4();
        let (source, destination) = (datagram.flow.source.address, datagram.flow.destination.address);
        if !is_copy
            && is_v4(source) == is_v4(destination)
            && !datagram.payload.is_empty()
            && datagram.payload.len() < 60_000
        {
            known.push(datagram);
        }
    }
    known
}

fn analysed(packets: &[(Timestamp, Vec<u8>)]) -> Analysed {
    let frames = packets.iter().map(|(time, bytes)| (*time, 101, u32::try_from(bytes.len()).unwrap(), &bytes[..]));
    Analysed::frames(Settings::default(), frames)
}

#[test]
fn samples_in_sctp_give_the_same_calls() {
    let wraps =
        [(1400, false, false, false), (90, true, true, false), (300, false, true, true), (5000, true, false, true)];
    for (name, text) in samples() {
        let datagrams = datagrams(&text);
        let bare = |datagram: &sample::SampleDatagram| {
            let length = u16::try_from(8 + datagram.payload.len()).unwrap().to_be_bytes();
            let ports =
                [datagram.flow.source.port.to_be_bytes(), datagram.flow.destination.port.to_be_bytes()].concat();
            (datagram.time, ip(&datagram.flow, 17, &[&ports[..], &length, &[0, 0], &datagram.payload].concat()))
        };
        let bare = analysed(&datagrams.iter().map(bare).collect::<Vec<_>>());
        for (size, unordered, reversed, in_udp) in wraps {
            let wrap = Wrap { size, unordered, reversed, in_udp };
            let mut directions: BTreeMap<_, Direction> = BTreeMap::new();
            let mut frames = Vec::new();
            for datagram in &datagrams {
                let flow = datagram.flow;
                let direction = directions.entry((flow.source.port, flow.destination.port)).or_default();
                let packets = packets(&flow, &datagram.payload, direction, wrap);
                frames.extend(packets.into_iter().map(|packet| (datagram.time, packet)));
            }
            let found = analysed(&frames);
            assert!(said(&found) == said(&bare), "{name}:\n{}\n---\n{}", said(&bare), said(&found));
            assert_eq!(found.facts.sctp_frames, u64::try_from(frames.len()).unwrap(), "{name}");
            let sip = found.facts.sctp_messages.get(&SctpKind::Sip).copied().unwrap_or(0);
            assert_eq!(sip, bare.facts.sip_datagrams, "{name}");
            let messages = found.calls.iter().flat_map(|report| &report.call.messages);
            assert!(messages.map(|m| m.provenance.flow.transport).all(|transport| transport == Transport::Sctp));
            assert_eq!(found.facts.layers.is_empty(), !in_udp || frames.is_empty(), "{name}");
        }
    }
}
