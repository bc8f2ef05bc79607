//! SIP on other wires than UDP: what is said of the calls is the same.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use sipscan::call::Outcome;
use sipscan::diagnosis::Settings;
use sipscan::net::{PayloadKind, SctpKind};
use sipscan::provenance::{Flow, Timestamp, Transport};
use sipscan::sample;
use sipscan::stream::StreamKind;

use crate::common::{Analysed, names, samples};

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

/// A datagram as UDP.
fn bare(datagram: &sample::SampleDatagram) -> (Timestamp, Vec<u8>) {
    let length = u16::try_from(8 + datagram.payload.len()).unwrap().to_be_bytes();
    let ports = [datagram.flow.source.port.to_be_bytes(), datagram.flow.destination.port.to_be_bytes()].concat();
    (datagram.time, ip(&datagram.flow, 17, &[&ports[..], &length, &[0, 0], &datagram.payload].concat()))
}

fn chunk(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 6).unwrap().to_be_bytes();
    [&[0, 0, 0, kind][..], &length, value].concat()
}

/// A packet of HEP version 3; `payload` is its chunk.
fn copy(flow: &Flow, time: Timestamp, kind: u8, payload: &[u8]) -> Vec<u8> {
    let (v4, v6) = ((3, 4), (5, 6));
    let address = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (source, destination) = if flow.source.address.is_ipv4() { v4 } else { v6 };
    let seconds = u32::try_from(time.0 / 1_000_000_000).unwrap();
    let micros = u32::try_from(time.0 / 1000 % 1_000_000).unwrap();
    let chunks = [
        chunk(2, &[17]),
        chunk(source, &address(flow.source.address)),
        chunk(destination, &address(flow.destination.address)),
        chunk(7, &flow.source.port.to_be_bytes()),
        chunk(8, &flow.destination.port.to_be_bytes()),
        chunk(9, &seconds.to_be_bytes()),
        chunk(10, &micros.to_be_bytes()),
        chunk(11, &[kind]),
        chunk(12, &2001_u32.to_be_bytes()),
        payload.to_vec(),
    ]
    .concat();
    let total = u16::try_from(chunks.len() + 6).unwrap().to_be_bytes();
    [&b"HEP3"[..], &total, &chunks].concat()
}

/// How a message stands in a copy: as it is, or compressed.
fn payloads(octets: &[u8]) -> [Vec<u8>; 3] {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(octets).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(octets).unwrap();
    [chunk(15, octets), chunk(16, &zlib.finish().unwrap()), chunk(16, &gzip.finish().unwrap())]
}

/// Octets of a stream to a collector, in segments.
fn segments(octets: &[(Timestamp, Vec<u8>)], size: usize) -> Vec<(Timestamp, Vec<u8>)> {
    let end = |last, port| sipscan::provenance::Endpoint { address: IpAddr::from([203, 0, 113, last]), port };
    let flow = Flow { source: end(1, 40_000), destination: end(2, 9060), transport: Transport::Tcp };
    let mut sequence = 1_u32;
    let mut frames = Vec::new();
    for (time, part) in octets.iter().flat_map(|(time, octets)| octets.chunks(size).map(move |part| (*time, part))) {
        let mut segment = [flow.source.port.to_be_bytes(), flow.destination.port.to_be_bytes()].concat();
        segment.extend(sequence.to_be_bytes());
        segment.extend([0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(part);
        sequence = sequence.wrapping_add(u32::try_from(part.len()).unwrap());
        frames.push((time, ip(&flow, 6, &segment)));
    }
    frames
}

#[test]
fn samples_in_hep_over_tcp_give_the_same_calls() {
    for (name, text) in samples() {
        let datagrams = datagrams(&text);
        let plain = analysed(&datagrams.iter().map(bare).collect::<Vec<_>>());
        for (form, size) in [(0, 100), (1, 5000), (2, 700)] {
            let mut stream: Vec<_> = Vec::new();
            for datagram in &datagrams {
                let payload = &payloads(&datagram.payload)[form];
                stream.push((datagram.time, copy(&datagram.flow, datagram.time, 1, payload)));
                stream.push((datagram.time, copy(&datagram.flow, datagram.time, 5, &chunk(15, b"{}"))));
                stream.push((datagram.time, copy(&datagram.flow, datagram.time, 100, &chunk(15, b"started"))));
            }
            let found = analysed(&segments(&stream, size));
            assert!(said(&found) == said(&plain), "{name} {form}:\n{}\n---\n{}", said(&plain), said(&found));
            let n = u64::try_from(datagrams.len()).unwrap();
            if n == 0 {
                continue;
            }
            assert_eq!(found.facts.streams, [(StreamKind::Hep, 1)].into(), "{name}");
            assert_eq!(found.facts.other_payloads.get(&PayloadKind::HepRtcp), Some(&n), "{name}");
            assert_eq!(found.facts.other_payloads.get(&PayloadKind::HepLog), Some(&n), "{name}");
            let messages = found.calls.iter().flat_map(|report| &report.call.messages);
            let carriers: Vec<_> = messages.map(|m| m.provenance.carrier.as_deref().unwrap()).collect();
            assert!(
                carriers.iter().all(|carrier| carrier.layers.to_string() == "TCP > HEPv3" && carrier.outer.len() == 1)
            );
        }
    }
}

#[test]
fn a_stream_of_copies_goes_on_behind_a_gap_and_from_its_middle() {
    let end = |last| sipscan::provenance::Endpoint { address: IpAddr::from([192, 0, 2, last]), port: 5060 };
    let flow = Flow { source: end(1), destination: end(2), transport: Transport::Udp };
    let message = |n: u32| {
        format!(
            "OPTIONS sip:b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@a.example>;tag=1\r\n\
             To: <sip:b.example>\r\nCall-ID: {n}@a.example\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let time = |n: u32| Timestamp(1_700_000_000_000_000_000 + i64::from(n) * 1_000_000_000);
    let stream: Vec<_> =
        (0..20).map(|n| (time(n), copy(&flow, time(n), 1, &chunk(15, message(n).as_bytes())))).collect();
    let all = segments(&stream, 200);
    let ids = |frames: &[(Timestamp, Vec<u8>)]| analysed(frames).calls.len();
    assert_eq!(ids(&all), 20);
    // One message is lost with a segment of it.
    let lossy: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != 10).map(|(_, frame)| frame.clone()).collect();
    assert_eq!(ids(&lossy), 19);
    // The first copy that is seen from its beginning is the first that is read.
    let per_copy = all.len() / 20;
    assert_eq!(ids(&all[per_copy * 3..]), 17);
}

#[test]
fn a_correlation_identifier_joins_legs() {
    let end = |last| sipscan::provenance::Endpoint { address: IpAddr::from([192, 0, 2, last]), port: 5060 };
    let legs = |first: &str, second: &str| {
        let invite = |id: &str, via: u8| {
            format!(
                "INVITE sip:+15555550123@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.{via};branch=z9hG4bK{id}\r\n\
                 From: <sip:+15555550100@a.example>;tag={id}\r\nTo: <sip:+15555550123@b.example>\r\nCall-ID: {id}\r\n\
                 CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
        };
        let flow = |from, to| Flow { source: end(from), destination: end(to), transport: Transport::Udp };
        let time = |n: i64| Timestamp(1_700_000_000_000_000_000 + n * 100_000_000);
        let copy = |n, flow: Flow, text: String, correlation: &str| {
            let payload = [chunk(15, text.as_bytes()), chunk(17, correlation.as_bytes())].concat();
            (time(n), copy(&flow, time(n), 1, &payload))
        };
        let stream = [copy(0, flow(1, 2), invite("first", 1), first), copy(1, flow(2, 3), invite("second", 2), second)];
        analysed(&segments(&stream, 9000))
    };
    let joined = legs("one-call", "one-call");
    assert_eq!(joined.calls.iter().map(|report| report.call.legs.len()).collect::<Vec<_>>(), [2]);
    let named = legs("", "first");
    assert_eq!(named.calls.iter().map(|report| report.call.legs.len()).collect::<Vec<_>>(), [2]);
}

/// Every frame ends in exactly one counter.
fn assert_counted(name: &str, found: &Analysed) {
    let facts = &found.facts;
    let skipped: u64 = facts.skipped.values().sum();
    let read = facts.udp_frames + facts.tcp_frames + facts.sctp_frames + facts.fragments + facts.icmp_errors;
    assert_eq!(facts.frames, read + skipped, "{name}");
}

#[test]
fn every_frame_is_counted_once() {
    for (name, text) in samples() {
        assert_counted(&name, &Analysed::of(&name, &text));
    }
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/captures"));
    for folder in ["udp", "more", "negative", "torture"].map(|name| shared.join(name)) {
        if !folder.is_dir() {
            continue;
        }
        for name in names(&folder) {
            let file = folder.join(&name);
            if let Some(found) = file.is_file().then(|| Analysed::capture(&file)).flatten() {
                assert_counted(&name, &found);
            }
        }
    }
}
