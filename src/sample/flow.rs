//! A flow: what was sent and captured, in capture order, in the forms that its users want.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::provenance::{self, Endpoint, FrameNumber, FrameRef, Provenance, Timestamp, Transport};

use super::FlowError;
use super::fill::Filler;
use super::frames::{self, Header, Piece, SampleFrame};
use super::step::{Content, Format, Link, Script, Shape, Step, Unreachable};
use super::{parse, pcap};

/// Longest UDP payload in IPv4 and IPv6 alike.
const MAX_PAYLOAD: usize = 65_507;
const DEFAULT_TTL: u8 = 64;
/// Time between the frames of one fragmented datagram.
const FRAGMENT_GAP: Duration = Duration::from_micros(10);

/// A call flow, or several, as captured.
#[derive(Debug)]
pub struct Flow {
    format: Format,
    link: Link,
    /// In capture order.
    captured: Vec<Captured>,
}

/// A UDP datagram as the net layer would hand it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleDatagram {
    /// Capture time of the frame that completes it.
    pub time: Timestamp,
    /// Addresses.
    pub flow: provenance::Flow,
    /// IPv4 identification; none in IPv6.
    pub ip_id: Option<u16>,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
    /// What was captured of the payload.
    pub payload: Vec<u8>,
    /// Length of the payload on the wire, in octets.
    pub wire_length: usize,
    /// Number of the frame that completes it, in [`Flow::frames`] and in the capture.
    pub frame: FrameNumber,
    /// Numbers of the other frames that carry parts of it, in ascending order.
    pub other_frames: Vec<FrameNumber>,
}

impl SampleDatagram {
    /// Where the message at that offset of the payload was captured.
    pub fn provenance(&self, offset: u32) -> Provenance {
        Provenance {
            frame: FrameRef { file: 0, number: self.frame },
            other_frames: self.other_frames.iter().map(|number| FrameRef { file: 0, number: *number }).collect(),
            time: self.time,
            flow: self.flow,
            ip_id: self.ip_id,
            ttl: self.ttl,
            offset,
        }
    }
}

/// One frame, or the fragments of one datagram.
#[derive(Debug)]
struct Captured {
    time: Timestamp,
    source: Endpoint,
    destination: Endpoint,
    header: Header,
    protocol: u8,
    /// From the UDP or ICMP header on.
    ip_payload: Vec<u8>,
    is_udp: bool,
    shape: Shape,
}

/// A step with its octets.
struct Built {
    /// Place of the step.
    step: usize,
    payload: Payload,
}

enum Payload {
    Udp(Vec<u8>),
    /// Quotes the built step at that place.
    Icmp(Unreachable, usize),
}

/// One sending of a step.
struct Sending {
    time: i64,
    built: usize,
}

impl Flow {
    /// Reads the text form. The error names the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, FlowError> {
        let script = parse::script(text)?;
        let built = build(&script)?;
        let mut sendings = Vec::new();
        for (place, one) in built.iter().enumerate() {
            let Some(step) = script.steps.get(one.step) else { continue };
            for offset in [0].iter().chain(&step.words.repeat) {
                sendings.push(Sending { time: step.time.saturating_add(*offset), built: place });
            }
        }
        sendings.sort_by_key(|sending| sending.time);
        Ok(Self { format: script.format, link: script.link, captured: capture(&script, &built, &sendings) })
    }

    /// The format that the text asks for.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The number of the link type of the frames, as in the capture.
    pub fn link_type(&self) -> u16 {
        pcap::link_type(self.link)
    }

    /// All frames, in the order of their times.
    pub fn frames(&self) -> Vec<SampleFrame> {
        self.numbered().0
    }

    /// The capture file, in the format that the text asks for (classic pcap if it does not).
    pub fn to_pcap(&self) -> Vec<u8> {
        pcap::write(&self.frames(), self.format, self.link)
    }

    /// The UDP datagrams whose fragments were all captured, in the order in which they were complete. ICMP errors are in
    /// the frames only. Duplicates of fragmented datagrams are given too, although reassembly drops them.
    pub fn datagrams(&self) -> Vec<SampleDatagram> {
        self.numbered().1
    }

    fn numbered(&self) -> (Vec<SampleFrame>, Vec<SampleDatagram>) {
        let mut pieces: Vec<(Timestamp, usize, Piece)> = Vec::new();
        for (place, captured) in self.captured.iter().enumerate() {
            let mut time = captured.time;
            let all =
                frames::pieces(captured.header, captured.protocol, &captured.ip_payload, self.link, &captured.shape);
            for piece in all {
                pieces.push((time, place, piece));
                time = time.plus(FRAGMENT_GAP);
            }
        }
        pieces.sort_by_key(|(time, _, _)| *time);
        let datagrams = self.reassembled(&pieces);
        let frames = pieces.into_iter().map(|(time, _, piece)| SampleFrame {
            time,
            original_length: u32::try_from(piece.original_length).unwrap_or(u32::MAX),
            bytes: piece.bytes,
        });
        (frames.collect(), datagrams)
    }

    fn reassembled(&self, pieces: &[(Timestamp, usize, Piece)]) -> Vec<SampleDatagram> {
        let mut numbers: BTreeMap<usize, Vec<(u64, Timestamp, &Piece)>> = BTreeMap::new();
        for (number, (time, place, piece)) in (1..).zip(pieces) {
            numbers.entry(*place).or_default().push((number, *time, piece));
        }
        let mut datagrams: Vec<SampleDatagram> = Vec::new();
        for (place, captured) in self.captured.iter().enumerate() {
            let Some(parts) = numbers.get(&place) else { continue };
            if captured.is_udp && captured.shape.lost_fragments.is_empty() {
                datagrams.extend(datagram(captured, parts));
            }
        }
        datagrams.sort_by_key(|datagram| datagram.frame);
        datagrams
    }
}

/// One datagram from all its frames.
fn datagram(captured: &Captured, parts: &[(u64, Timestamp, &Piece)]) -> Option<SampleDatagram> {
    let (number, time, _) = parts.last()?;
    let mut known = 0;
    for (_, _, piece) in parts {
        known += piece.captured;
        if piece.is_cut {
            break;
        }
    }
    let others = parts.iter().map(|(other, _, _)| *other).filter(|other| other != number);
    let end = known.max(8);
    Some(SampleDatagram {
        time: *time,
        flow: provenance::Flow {
            source: captured.source,
            destination: captured.destination,
            transport: Transport::Udp,
        },
        ip_id: captured.header.source.is_ipv4().then_some(captured.header.id),
        ttl: captured.header.ttl,
        payload: captured.ip_payload.get(8..end).unwrap_or_default().to_vec(),
        wire_length: captured.ip_payload.len().saturating_sub(8),
        frame: FrameNumber(*number),
        other_frames: others.map(FrameNumber).collect(),
    })
}

/// Fills in all messages, in the order of the text, and joins those of one datagram.
fn build(script: &Script) -> Result<Vec<Built>, FlowError> {
    let mut filler = Filler::default();
    let mut built: Vec<Built> = Vec::new();
    for (place, step) in script.steps.iter().enumerate() {
        let octets = match &step.content {
            Content::Message(written) => filler.message(step, written)?,
            Content::Raw(octets) => {
                filler.note_raw(step, octets);
                octets.clone()
            }
            Content::Octets(octets) => octets.clone(),
            Content::Icmp(what, quoted) => {
                let quoted = quoted_step(script, &built, step, *quoted)?;
                built.push(Built { step: place, payload: Payload::Icmp(*what, quoted) });
                continue;
            }
        };
        if step.words.same_datagram {
            match built.last_mut() {
                Some(Built { payload: Payload::Udp(before), .. }) => before.extend(octets),
                _ => return Err(FlowError::new(step.line, "there is no datagram to append to")),
            }
        } else {
            built.push(Built { step: place, payload: Payload::Udp(octets) });
        }
        if let Some(Built { payload: Payload::Udp(payload), .. }) = built.last()
            && payload.len() > MAX_PAYLOAD
        {
            return Err(FlowError::new(step.line, format!("more than {MAX_PAYLOAD} octets in a datagram")));
        }
    }
    check_links(script)?;
    Ok(built)
}

/// The place in `built` of the step that an ICMP error quotes.
fn quoted_step(script: &Script, built: &[Built], step: &Step, number: usize) -> Result<usize, FlowError> {
    let place = number - 1;
    let found = built.iter().position(|one| one.step == place && matches!(one.payload, Payload::Udp(_)));
    let same_family = |quoted: &&Step| quoted.source.address.is_ipv4() == step.source.address.is_ipv4();
    found
        .filter(|_| script.steps.get(place).as_ref().is_some_and(same_family))
        .ok_or_else(|| FlowError::new(step.line, format!("step {number} is no earlier datagram to quote")))
}

fn check_links(script: &Script) -> Result<(), FlowError> {
    let tagged = script.steps.iter().find(|step| !step.words.shape.vlan.is_empty());
    match (script.link, tagged) {
        (Link::Raw | Link::Null | Link::Sll2, Some(step)) => {
            Err(FlowError::new(step.line, "this link type has no VLAN tags"))
        }
        _ => Ok(()),
    }
}

/// Gives every sending its IP identification and adds the duplicates.
fn capture(script: &Script, built: &[Built], sendings: &[Sending]) -> Vec<Captured> {
    let mut identifications: BTreeMap<IpAddr, u16> = BTreeMap::new();
    let mut first_headers: BTreeMap<usize, Header> = BTreeMap::new();
    let mut captured = Vec::new();
    for sending in sendings {
        let Some((one, step)) = built.get(sending.built).and_then(|one| Some((one, script.steps.get(one.step)?)))
        else {
            continue;
        };
        let header = Header {
            source: step.source.address,
            destination: step.destination.address,
            id: next_id(&mut identifications, step.source.address),
            ttl: step.words.ttl.unwrap_or(DEFAULT_TTL),
        };
        first_headers.entry(sending.built).or_insert(header);
        let quoted = |place: usize| {
            let quoted = built.get(place)?;
            let Payload::Udp(payload) = &quoted.payload else { return None };
            let step = script.steps.get(quoted.step)?;
            let quoted = frames::udp(step.source, step.destination, payload);
            Some((first_headers.get(&place).copied()?, quoted))
        };
        let (protocol, ip_payload) = match &one.payload {
            Payload::Udp(payload) => frames::udp(step.source, step.destination, payload),
            Payload::Icmp(what, place) => match quoted(*place) {
                Some((of, (protocol, payload))) => frames::icmp(header, *what, of, protocol, &payload),
                None => continue,
            },
        };
        let is_udp = matches!(one.payload, Payload::Udp(_));
        for (index, offset) in [0].iter().chain(&step.words.duplicate).enumerate() {
            let time = script.start.0.saturating_add(sending.time).saturating_add(*offset);
            let hops = u8::try_from(index).unwrap_or(u8::MAX);
            captured.push(Captured {
                time: Timestamp(time),
                source: step.source,
                destination: step.destination,
                header: Header { ttl: header.ttl.saturating_sub(hops), ..header },
                protocol,
                ip_payload: ip_payload.clone(),
                is_udp,
                shape: step.words.shape.clone(),
            });
        }
    }
    captured.sort_by_key(|one| one.time);
    captured
}

/// The next identification of that sender: a counter that starts somewhere else for every address.
fn next_id(identifications: &mut BTreeMap<IpAddr, u16>, address: IpAddr) -> u16 {
    let start = || match address {
        IpAddr::V4(address) => u16::from(address.octets()[3]).wrapping_mul(257),
        IpAddr::V6(address) => address.segments()[7].wrapping_mul(257),
    };
    let id = identifications.entry(address).or_insert_with(start);
    *id = id.wrapping_add(1);
    *id
}
