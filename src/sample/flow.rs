//! A flow: what was sent and captured, in capture order, in the forms that its users want.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::provenance::{self, FrameNumber, FrameRef, Provenance, Timestamp, Transport};

use super::FlowError;
use super::build::{self, Captured};
use super::frames::{self, Piece, SampleFrame};
use super::step::{Format, Link};
use super::{parse, pcap};

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
            carrier: None,
            ttl: self.ttl,
            offset,
        }
    }
}

impl Flow {
    /// Reads the text form. The error names the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, FlowError> {
        let script = parse::script(text)?;
        let captured = build::captured(&script)?;
        Ok(Self { format: script.format, link: script.link, captured })
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
