//! What TCP connections carry: told by their first octets; of SIP, the messages, also out of TLS where it can be decrypted. Everything
//! else is counted under its name and passed over from there on.
//!
//! [`StreamReader`] is how reassembly below hands octets over; [`Messages`] is the reader that
//! the pipeline uses.

mod hep;
mod kind;
mod side;
mod tunnel;
mod websocket;

use hep::Copies;
pub use kind::StreamKind;
use side::{Side, Taken};
use tunnel::Tunnel;

use crate::anomaly::Anomaly;
use crate::limits::STREAM_MESSAGE_WAIT;
use crate::net::PayloadKind;
use crate::net::tcp::{Direction, End, Gap, Origin, Seen, StreamReader};
use crate::provenance::{Flow, FrameRef, Provenance, Timestamp, Transport};
use crate::sip::{Message, Method};
use crate::tls::{Keys, TlsStream};

/// What came out of a connection.
#[derive(Debug)]
pub enum StreamEvent {
    /// A SIP message.
    Message(Message, Provenance),
    /// Something odd.
    Odd {
        /// What.
        anomaly: Anomaly,
        /// The direction concerned.
        flow: Flow,
        /// The last frame concerned.
        frame: FrameRef,
    },
    /// What the connection carries; said once, at the latest when it is forgotten.
    Kind(StreamKind),
    /// A copy of something else than SIP (HEP), with the capture agent that made it.
    Other(PayloadKind, Option<u32>),
    /// The other end has the octets of the requests that were sent to it.
    Acknowledged {
        /// The direction of the requests.
        flow: Flow,
        /// When the connection began, or the first octets of it that were captured.
        began: Timestamp,
        /// The time of the frame that shows it.
        time: Timestamp,
        /// That frame.
        frame: FrameRef,
    },
    /// What is known of a connection with TLS that carries SIP, or seems to; said when it is forgotten.
    Tls(Box<TlsStream>),
}

/// Reads the SIP messages of a connection, in both directions.
#[derive(Debug, Default)]
pub struct Messages {
    kind: Option<StreamKind>,
    sides: [Side; 2],
    /// Whether messages over WebSocket may be compressed.
    deflate: bool,
    last_frame: FrameRef,
    /// When the first octets came.
    began: Option<Timestamp>,
    /// Whether a direction has requests that the other end has not acknowledged.
    is_owed: [bool; 2],
    keys: Keys,
    /// Whether it reads what is in TLS; there is no TLS in TLS.
    is_inside: bool,
    /// The connection, if it turned out to be TLS.
    tunnel: Option<Box<Tunnel>>,
    /// The copies in both directions, if it turned out to be HEP.
    copies: Option<Box<[Copies; 2]>>,
}

impl StreamReader for Messages {
    type Output = StreamEvent;
    type Context = Keys;

    fn new(keys: &Keys) -> Self {
        Self { keys: keys.clone(), ..Self::default() }
    }

    /// A start line, blank lines, a record of TLS, HTTP of WebSocket, a frame of it, or HEP.
    fn may_begin(octets: &[u8]) -> bool {
        let token = octets.split(|byte| *byte == b' ').next().unwrap_or_default();
        matches!(octets, [b'\r' | b'\n', ..] | [0x14..=0x17, 3, ..])
            || websocket::begins_with_sip(octets) == Some(true)
            || [&b"SIP/2.0 "[..], b"GET ", b"HTTP/1.", b"HEP3"].iter().any(|start| octets.starts_with(start))
            || (token.len() < octets.len() && Method::known(token).is_some())
    }

    fn octets(&mut self, flow: &Flow, octets: &[u8], origin: &Origin, out: &mut Vec<StreamEvent>) {
        if !self.is_interested() {
            // What waited for the octets that told comes behind them.
            return;
        }
        self.began.get_or_insert(origin.time);
        let before = out.len();
        self.read(flow, octets, origin, out);
        if out.iter().skip(before).any(|event| is_request(event, flow)) {
            *self.owed(flow) = true;
        }
    }

    fn acknowledged(&mut self, flow: &Flow, origin: &Origin, out: &mut Vec<StreamEvent>) {
        if !std::mem::take(self.owed(flow)) {
            return;
        }
        let (time, frame) = (origin.time, origin.frame);
        out.push(StreamEvent::Acknowledged { flow: *flow, began: self.began.unwrap_or(time), time, frame });
    }

    fn gap(&mut self, flow: &Flow, gap: Gap, out: &mut Vec<StreamEvent>) {
        if let Some(tunnel) = &mut self.tunnel {
            // Where a direction begins is no gap in it.
            if gap != Gap::Start {
                tunnel.gap(flow, out);
            }
            return self.look_at_tunnel(out);
        }
        if let Some(copies) = self.copies(flow) {
            return copies.lose();
        }
        let is_sip = self.is_sip();
        if is_sip && matches!(gap, Gap::Missing(_)) {
            out.push(StreamEvent::Odd { anomaly: Anomaly::TcpGap, flow: *flow, frame: self.last_frame });
        }
        let mut events = Events { flow, frame: self.last_frame, out };
        self.side(flow).gap(gap, is_sip, &mut events);
    }

    fn end(&mut self, flow: &Flow, end: End, out: &mut Vec<StreamEvent>) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.end(flow, end, out);
            return self.look_at_tunnel(out);
        }
        let mut events = Events { flow, frame: self.last_frame, out };
        // Who says FIN in the middle of a message meant to say no more.
        self.side(flow).give_up(end != End::Finished, &mut events);
    }

    fn close(&mut self, out: &mut Vec<StreamEvent>) {
        if let Some(tunnel) = self.tunnel.take() {
            let kind = tunnel.close(out);
            self.decide(kind, out);
        }
        if self.kind.is_none() {
            let spoke = self.sides.iter().any(|side| side.has_octets);
            let kept_alive = self.sides.iter().any(|side| side.has_blank_lines);
            let asked = self.sides.iter().any(Side::is_websocket);
            self.decide(
                match (spoke, kept_alive) {
                    (true, _) if asked => StreamKind::SipWebSocket,
                    (true, _) => StreamKind::OtherTcp,
                    (false, true) => StreamKind::KeepAlive,
                    (false, false) => StreamKind::NoData,
                },
                out,
            );
        }
    }

    fn is_interested(&self) -> bool {
        match &self.tunnel {
            Some(tunnel) => tunnel.is_wanted(),
            None => self.kind.is_none() || self.is_sip() || self.copies.is_some(),
        }
    }

    fn held(&self) -> usize {
        let copies = self.copies.iter().flat_map(|both| both.iter()).map(Copies::cost).sum::<usize>();
        copies
            + self.sides.iter().map(Side::cost).sum::<usize>()
            + self.tunnel.as_ref().map_or(0, |tunnel| tunnel.held())
    }

    fn deadline(&self) -> Option<Timestamp> {
        if let Some(tunnel) = &self.tunnel {
            return tunnel.deadline();
        }
        let since = self.sides.iter().filter_map(Side::waits_since).min()?;
        Some(since.plus(STREAM_MESSAGE_WAIT))
    }

    fn time_out(&mut self, flow: &Flow, now: Timestamp, out: &mut Vec<StreamEvent>) {
        if let Some(tunnel) = &mut self.tunnel {
            return tunnel.time_out(flow, now, out);
        }
        for flow in [*flow, flow.reversed()] {
            let mut events = Events { flow: &flow, frame: self.last_frame, out };
            let side = self.side(&flow);
            if side.waits_since().is_some_and(|since| since.plus(STREAM_MESSAGE_WAIT) <= now) {
                side.give_up(false, &mut events);
            }
        }
    }
}

impl Messages {
    /// A reader of what is in TLS.
    fn inside() -> Self {
        Self { is_inside: true, ..Self::default() }
    }

    /// Takes octets.
    fn read(&mut self, flow: &Flow, octets: &[u8], origin: &Origin, out: &mut Vec<StreamEvent>) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.octets(flow, octets, origin, out);
            return self.look_at_tunnel(out);
        }
        self.last_frame = origin.frame;
        if let Some(copies) = self.copies(flow) {
            copies.push(octets, origin);
            return copies.read(flow, out);
        }
        let is_sip = self.is_sip();
        let mut events = Events { flow, frame: origin.frame, out };
        let deflate = self.deflate;
        let side = self.side(flow);
        side.deflate = deflate;
        side.push(octets, origin);
        let kind = side.read(is_sip, &mut events);
        // What the response to the upgrade says holds for both directions.
        self.deflate |= side.deflate;
        match kind {
            Some(StreamKind::Tls) if !self.is_inside => self.enter_tunnel(flow, out),
            Some(StreamKind::Hep) => self.read_copies(flow, out),
            Some(kind) => self.decide(kind, out),
            None => {}
        }
    }

    fn owed(&mut self, flow: &Flow) -> &mut bool {
        let [up, down] = &mut self.is_owed;
        if Direction::of(flow) == Direction::Up { up } else { down }
    }

    /// Goes on with TLS; what waits of both directions belongs to it.
    fn enter_tunnel(&mut self, flow: &Flow, out: &mut Vec<StreamEvent>) {
        let waiting = [*flow, flow.reversed()].map(|flow| (flow, self.side(&flow).hand_over()));
        self.sides = [Side::default(), Side::default()];
        let mut tunnel = Box::new(Tunnel::new(self.keys.clone(), flow, waiting));
        tunnel.begin(flow, out);
        self.tunnel = Some(tunnel);
        self.look_at_tunnel(out);
    }

    /// Goes on with HEP.
    fn read_copies(&mut self, flow: &Flow, out: &mut Vec<StreamEvent>) {
        let up = if Direction::of(flow) == Direction::Up { *flow } else { flow.reversed() };
        let mut both = [up, up.reversed()].map(|flow| (flow, Copies::new(self.side(&flow).hand_over())));
        self.decide(StreamKind::Hep, out);
        for (flow, copies) in &mut both {
            copies.read(flow, out);
        }
        self.copies = Some(Box::new(both.map(|(_, copies)| copies)));
    }

    fn copies(&mut self, flow: &Flow) -> Option<&mut Copies> {
        let [up, down] = self.copies.as_deref_mut()?;
        Some(if Direction::of(flow) == Direction::Up { up } else { down })
    }

    /// Says what it is, once that is clear. What is no SIP by any appearance is not followed further.
    fn look_at_tunnel(&mut self, out: &mut Vec<StreamEvent>) {
        let Some(tunnel) = &mut self.tunnel else { return };
        self.last_frame = tunnel.last_frame();
        if !tunnel.is_wanted() {
            tunnel.forget();
        }
        let Some(kind) = tunnel.kind() else { return };
        self.decide(kind, out);
        if kind == StreamKind::Tls {
            self.tunnel = None;
        }
    }

    fn is_sip(&self) -> bool {
        self.kind.is_some_and(StreamKind::is_readable_sip)
    }

    fn side(&mut self, flow: &Flow) -> &mut Side {
        let [up, down] = &mut self.sides;
        if Direction::of(flow) == Direction::Up { up } else { down }
    }

    fn decide(&mut self, kind: StreamKind, out: &mut Vec<StreamEvent>) {
        if self.kind.is_none() {
            self.kind = Some(kind);
            out.push(StreamEvent::Kind(kind));
            if !self.is_sip() && self.tunnel.is_none() {
                self.sides = [Side::default(), Side::default()];
            }
        }
    }
}

/// Whether it is a request that went this way itself, and not a copy of one.
fn is_request(event: &StreamEvent, flow: &Flow) -> bool {
    let StreamEvent::Message(message, provenance) = event else { return false };
    let own = (provenance.flow.source, provenance.flow.destination) == (flow.source, flow.destination);
    own && message.is_request()
}

/// Where a side puts what it reads.
struct Events<'a> {
    flow: &'a Flow,
    frame: FrameRef,
    out: &'a mut Vec<StreamEvent>,
}

impl Events<'_> {
    fn odd(&mut self, anomaly: Anomaly) {
        self.out.push(StreamEvent::Odd { anomaly, flow: *self.flow, frame: self.frame });
    }

    fn over_websocket(&mut self, message: Message, seen: Seen) {
        let Seen { frame, other_frames, time, ttl, carrier, .. } = seen;
        let is_secure = self.flow.transport == Transport::Tls;
        let transport = if is_secure { Transport::SecureWebSocket } else { Transport::WebSocket };
        let flow = Flow { transport, ..*self.flow };
        let provenance =
            Provenance { frame, other_frames: other_frames.into(), time, flow, ip_id: None, ttl, carrier, offset: 0 };
        self.out.push(StreamEvent::Message(message, provenance));
    }

    fn message(&mut self, Taken { mut message, odd }: Taken, seen: Seen) {
        let Seen { frame, other_frames, time, ttl, offset, carrier, .. } = seen;
        if let Some(odd) = odd {
            message.note(odd);
        }
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let provenance = Provenance {
            frame,
            other_frames: other_frames.into(),
            time,
            flow: *self.flow,
            ip_id: None,
            ttl,
            carrier,
            offset,
        };
        self.out.push(StreamEvent::Message(message, provenance));
    }
}

#[cfg(test)]
mod tests;
