//! Redacted captures: each message in packets of its own, with the time it had; whatever else there was shows as the passing of time alone.
//!
//! Diagnosis goes by the clock of the capture, which frames without SIP move as well. So the last of them in front of
//! each message, and at least one a second, leave an empty datagram from the machine to itself behind.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::packet::{self, Marks, Place};
use crate::capture::{Interface, Packet, Statistics, Writer};
use crate::pipeline::Told;
use crate::provenance::{Endpoint, Flow, Provenance, Timestamp, Transport};
use crate::sip::{HeaderName, Message};

/// Packets without a link layer: there are no hardware addresses, tags or tunnels.
const RAW: u16 = 101;
/// Time passes visibly at least so often.
const TICK: Duration = Duration::from_secs(1);
/// The first octet of a direction.
const FIRST: u32 = 1;
/// What stands for every RTP packet: a header (RFC 3550 §5.1), and nothing behind it.
const RTP: &[u8] = &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Of packets that no frame lent its own.
const TTL: u8 = 64;
/// Connections whose places are remembered; messages of further ones are not written.
const CONNECTIONS: usize = 1 << 20;

/// What was written, and what was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Frames read.
    pub frames: u64,
    /// Of them those that held something that was written, or completed it.
    pub kept: u64,
    /// SIP messages written.
    pub messages: u64,
    /// ICMP errors and failed lookups written.
    pub others: u64,
    /// RTP packets written, without what they carried.
    pub media: u64,
    /// Of the messages those from SCTP or TLS, which are written as TCP.
    pub as_tcp: u64,
    /// Messages that could not be redacted or written.
    pub refused: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, kept, messages, others, media, as_tcp, .. } = self;
        write!(
            f,
            "redacted {messages} SIP messages and {others} ICMP errors and failed lookups, from {kept} of {frames} frames"
        )?;
        if *media > 0 {
            write!(f, ", and {media} RTP packets without what they carried")?;
        }
        write!(f, "; left out all others: other protocols, link layers, comments")?;
        if *as_tcp > 0 {
            write!(f, "; {as_tcp} messages over TLS or SCTP are written as TCP")?;
        }
        Ok(())
    }
}

/// A redacted capture in the making.
#[derive(Debug)]
pub struct Paper<W: Write> {
    writer: Writer<W>,
    interface: u32,
    /// The next octet of each direction of a connection.
    next: BTreeMap<(Endpoint, Endpoint), u32>,
    /// The time of the last packet, which may lie before that of others.
    last: Option<Timestamp>,
    /// The time of the last frame that left nothing behind.
    passed: Option<Timestamp>,
    /// A datagram whose messages are being collected.
    datagram: Option<(Vec<u8>, Provenance, usize)>,
    written: Written,
}

impl<W: Write> Paper<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// Those of the output, as of all that follow.
    pub fn new(out: W) -> io::Result<Self> {
        let application = concat!("sipscan ", env!("CARGO_PKG_VERSION"));
        let note = "Redacted by sipscan: numbers, names, addresses, identifiers and credentials are replaced.";
        let mut writer = Writer::new(out, application, &[note])?;
        let interface = Interface { link_type: RAW, snap_length: 0, resolution: 9, offset: 0, options: Vec::new() };
        let interface = writer.interface(&interface)?;
        let written = Written::default();
        Ok(Self { writer, interface, next: BTreeMap::new(), last: None, passed: None, datagram: None, written })
    }

    /// Takes what one frame told; nothing, as a rule.
    ///
    /// # Errors
    /// Those of the output.
    pub fn frame(&mut self, time: Timestamp, told: Vec<Told>) -> io::Result<()> {
        self.written.frames += 1;
        if told.is_empty() {
            // Clocks that jump, either way, do so in the copy as well.
            let is_due = self.last.is_none_or(|last| time.since(last).max(last.since(time)) >= TICK);
            self.passed = Some(time);
            return if is_due { self.tick() } else { Ok(()) };
        }
        self.written.kept += 1;
        self.tick()?;
        self.rest(told)
    }

    /// Takes what was told behind the last frame.
    ///
    /// # Errors
    /// Those of the output.
    pub fn rest(&mut self, told: Vec<Told>) -> io::Result<()> {
        for one in told {
            self.told(one)?;
        }
        self.end_datagram()
    }

    /// Ends the capture, with what else is known of it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self, last: Timestamp, dropped: u64, refused: u64) -> io::Result<Written> {
        self.tick()?;
        self.written.refused += refused;
        if dropped > 0 {
            let statistics = Statistics { dropped: Some(dropped), ..Statistics::default() };
            self.writer.statistics(self.interface, last, statistics)?;
        }
        self.writer.finish()?;
        Ok(self.written)
    }

    fn told(&mut self, told: Told) -> io::Result<()> {
        match told {
            Told::Message(told) => {
                let (message, provenance) = *told;
                self.message(&message, provenance)
            }
            Told::Icmp { flow, time, kind, quoted, payload } => {
                self.end_datagram()?;
                self.other(time, packet::icmp_error(&flow, kind, &quoted, &payload))
            }
            Told::Lookup { flow, time, name, record, code } => {
                self.end_datagram()?;
                self.other(time, packet::failed_lookup(&flow, &name, record, code))
            }
            Told::Media(flow, time) => {
                self.end_datagram()?;
                let Some(packet) = packet::udp(&flow, Marks { ttl: TTL, id: None }, RTP) else { return Ok(()) };
                self.written.media += 1;
                self.packet(time, &packet, 0)
            }
            Told::Acknowledged(flow, time) => {
                self.end_datagram()?;
                self.acknowledgement(&flow.reversed(), time)
            }
            Told::Gap(flow) => {
                self.end_datagram()?;
                self.skip(&flow, 1);
                Ok(())
            }
        }
    }

    fn other(&mut self, time: Timestamp, packet: Option<Vec<u8>>) -> io::Result<()> {
        self.written.others += u64::from(packet.is_some());
        packet.map_or(Ok(()), |packet| self.packet(time, &packet, 0))
    }

    fn message(&mut self, message: &Message, provenance: Provenance) -> io::Result<()> {
        let missing = missing(message);
        if provenance.flow.transport != Transport::Udp {
            self.end_datagram()?;
            return self.streamed(message.raw(), missing, &provenance);
        }
        self.written.messages += 1;
        match &mut self.datagram {
            // Messages of one datagram stay in one.
            Some((octets, first, cut)) if first.frame == provenance.frame && first.flow == provenance.flow => {
                octets.extend(message.raw());
                *cut = missing;
            }
            _ => {
                self.end_datagram()?;
                self.datagram = Some((message.raw().to_vec(), provenance, missing));
            }
        }
        Ok(())
    }

    fn end_datagram(&mut self) -> io::Result<()> {
        let Some((mut octets, provenance, cut)) = self.datagram.take() else { return Ok(()) };
        // What the capture lacks was on the wire.
        octets.resize(octets.len() + cut, 0);
        let marks = Marks { ttl: provenance.ttl, id: provenance.ip_id };
        let Some(packet) = packet::udp(&provenance.flow, marks, &octets) else {
            self.written.refused += 1;
            return Ok(());
        };
        self.packet(provenance.time, &packet, cut)
    }

    /// A message of a stream: one segment, behind the one before it.
    fn streamed(&mut self, octets: &[u8], missing: usize, provenance: &Provenance) -> io::Result<()> {
        let flow = &provenance.flow;
        let ends = (flow.source, flow.destination);
        let is_new = !self.next.contains_key(&ends);
        if is_new && self.next.len() >= CONNECTIONS {
            self.written.refused += 1;
            return Ok(());
        }
        if is_new {
            self.next.insert(ends, FIRST);
            self.next.insert((ends.1, ends.0), FIRST);
        }
        let is_web = matches!(flow.transport, Transport::WebSocket | Transport::SecureWebSocket);
        if is_new && is_web {
            self.segment(UPGRADE, flow, provenance)?;
            self.segment(AGREED, &flow.reversed(), provenance)?;
        }
        let is_written = if is_web {
            self.segment(&web_frame(octets), flow, provenance)?
        } else {
            self.segment(octets, flow, provenance)?
        };
        if is_written {
            self.written.messages += 1;
            self.written.as_tcp += u64::from(!matches!(flow.transport, Transport::Tcp | Transport::WebSocket));
        } else {
            self.written.refused += 1;
        }
        if missing > 0 && !is_web {
            self.skip(flow, missing);
        }
        Ok(())
    }

    fn segment(&mut self, octets: &[u8], flow: &Flow, provenance: &Provenance) -> io::Result<bool> {
        let next = |from, to| self.next.get(&(from, to)).copied().unwrap_or(FIRST);
        let (source, destination) = (flow.source, flow.destination);
        let place = Place { sequence: next(source, destination), acknowledged: next(destination, source) };
        let Some(packet) = packet::tcp(flow, provenance.ttl, place, octets) else { return Ok(false) };
        self.packet(provenance.time, &packet, 0)?;
        self.skip(flow, octets.len());
        Ok(true)
    }

    /// Says that all octets were received that came the other way.
    fn acknowledgement(&mut self, flow: &Flow, time: Timestamp) -> io::Result<()> {
        let (source, destination) = (flow.source, flow.destination);
        let next = |from, to| self.next.get(&(from, to)).copied();
        let Some((sequence, acknowledged)) = next(source, destination).zip(next(destination, source)) else {
            return Ok(());
        };
        let packet = packet::tcp(flow, TTL, Place { sequence, acknowledged }, &[]);
        self.other(time, packet)
    }

    /// Goes on in a stream without writing.
    fn skip(&mut self, flow: &Flow, octets: usize) {
        if let Some(next) = self.next.get_mut(&(flow.source, flow.destination)) {
            *next = next.wrapping_add(u32::try_from(octets).unwrap_or(u32::MAX));
        }
    }

    /// Shows that time passed in front of what comes next.
    fn tick(&mut self) -> io::Result<()> {
        let Some(time) = self.passed.take() else { return Ok(()) };
        let here = Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 9 };
        let flow = Flow { source: here, destination: here, transport: Transport::Udp };
        let packet = packet::udp(&flow, Marks { ttl: 1, id: None }, &[]).unwrap_or_default();
        self.packet(time, &packet, 0)
    }

    /// Writes a packet of which the last octets were not captured.
    fn packet(&mut self, time: Timestamp, octets: &[u8], cut: usize) -> io::Result<()> {
        self.last = Some(time);
        let original_length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let bytes = octets.get(..octets.len().saturating_sub(cut)).unwrap_or(octets);
        let interface = self.interface;
        self.writer.packet(&Packet { interface, time, original_length, bytes, flags: None, comments: &[] })
    }
}

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: redacted.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: cmVkYWN0ZWQgYnkgc2lwcw==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
const AGREED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Protocol: sip\r\n\r\n";

/// A text frame of WebSocket (RFC 6455 §5.2), not masked.
fn web_frame(octets: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match (u8::try_from(octets.len()), u16::try_from(octets.len())) {
        (Ok(length @ 0..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((octets.len() as u64).to_be_bytes());
        }
    }
    frame.extend(octets);
    frame
}

/// How many octets a message lacks at its end: as many as its Content-Length says, and at least one if it is known to be cut.
fn missing(message: &Message) -> usize {
    if !message.is_cut() {
        return 0;
    }
    let said = message.header(HeaderName::ContentLength).and_then(|length| length.trim().parse::<usize>().ok());
    said.map_or(1, |said| said.saturating_sub(message.body().len())).clamp(1, 60_000)
}
