//! One TLS connection: records in, octets of the application out, with facts on the way.

use super::facts::{Alert, Ended, Place, Reading, TlsStream, Version};
use super::handshake::Handshake;
use super::opener::APPLICATION_DATA;
use super::secrets::Keys;
use super::side::{Next, Record, Side};
use crate::limits::{STREAM_PENDING_OCTETS, STREAM_PROBE, TLS_ALERTS};
use crate::net::tcp::{Direction, End, Marked, Origin, Seen};
use crate::provenance::{Flow, FrameRef, Timestamp};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// Octets of a sealed alert of TLS 1.3: level, description, type, and tag. Finished is longer by far.
const SEALED_ALERT: usize = 2 + 1 + 16;
/// Records without a `ClientHello` among them, after which the beginning is taken to be missing.
const RECORDS_WITHOUT_HELLO: u64 = 4;

/// What comes out of a connection.
#[derive(Debug)]
pub(crate) enum Plain {
    /// Octets of the application, with the frames of their record.
    Octets(Flow, Vec<u8>, Origin),
    /// Octets of that direction are missing, or cannot be read.
    Gap(Flow),
}

/// The state of a connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) keys: Keys,
    pub(super) sides: [Side; 2],
    pub(super) client: Option<Direction>,
    pub(super) handshake: Handshake,
    pub(super) facts: TlsStream,
    /// Whether what waits for the hello of the server goes on without.
    impatient: bool,
}

impl Session {
    /// Begins a connection, of which `flow` is one direction.
    pub(crate) fn new(keys: Keys, flow: &Flow) -> Self {
        let place = Place { frame: FrameRef::default(), time: Timestamp::default(), flow: *flow };
        // Until a hello tells: servers have the lower port.
        let source_is_client = flow.source.port >= flow.destination.port;
        let (client, server) =
            if source_is_client { (flow.source, flow.destination) } else { (flow.destination, flow.source) };
        let mut facts = TlsStream::new(client, server, place);
        facts.asks_for_sip = [client.port, server.port].contains(&5061);
        Self {
            keys,
            sides: [Side::default(), Side::default()],
            client: None,
            handshake: Handshake::default(),
            facts,
            impatient: false,
        }
    }

    pub(super) fn side(&mut self, direction: Direction) -> &mut Side {
        let [up, down] = &mut self.sides;
        if direction == Direction::Up { up } else { down }
    }

    /// Takes over what was read of a direction before it was known to be TLS.
    pub(crate) fn take_over(&mut self, flow: &Flow, waiting: Marked) {
        if let Some(seen) = waiting.seen(0..waiting.octets().len()) {
            self.note(&place(flow, &seen));
        }
        self.side(Direction::of(flow)).waiting = waiting;
    }

    /// Adds octets; [`Self::read`] reads them.
    pub(crate) fn push(&mut self, flow: &Flow, octets: &[u8], origin: &Origin) {
        self.note(&Place { frame: origin.frame, time: origin.time, flow: *flow });
        self.side(Direction::of(flow)).waiting.push(octets, origin);
    }

    fn note(&mut self, place: &Place) {
        if self.facts.first.time == Timestamp::default() {
            self.facts.first = *place;
        }
        self.facts.last = *place;
    }

    /// Reads as far as it goes.
    pub(crate) fn read(&mut self, flow: &Flow, out: &mut Vec<Plain>) {
        loop {
            let mut goes_on = false;
            for flow in [*flow, flow.reversed()] {
                while self.step(&flow, out) {
                    goes_on = true;
                }
            }
            if !goes_on {
                return;
            }
        }
    }

    /// Reads the next record of a direction; says whether there was one.
    fn step(&mut self, flow: &Flow, out: &mut Vec<Plain>) -> bool {
        let direction = Direction::of(flow);
        match self.side(direction).next() {
            Next::More => false,
            Next::Other => {
                self.other(flow, out);
                false
            }
            Next::Record(kind, length) => {
                if self.has_to_wait(direction, kind) {
                    return false;
                }
                let Some(record) = self.side(direction).take(length) else { return false };
                self.record(flow, &record, out);
                true
            }
        }
    }

    /// Whether a client's sealed records came in front of the server's hello, without which nothing can be told of them.
    fn has_to_wait(&mut self, direction: Direction, kind: u8) -> bool {
        let waits = !self.impatient
            && self.client == Some(direction)
            && self.handshake.server.is_none()
            && matches!(kind, CHANGE_CIPHER_SPEC | APPLICATION_DATA);
        let is_long = self.side(direction).cost() > STREAM_PENDING_OCTETS;
        self.impatient |= waits && is_long;
        waits && !is_long
    }

    /// Something else stands where a record should.
    fn other(&mut self, flow: &Flow, out: &mut Vec<Plain>) {
        let direction = Direction::of(flow);
        let side = self.side(direction);
        let seen = side.waiting.seen(0..side.waiting.octets().len());
        let is_first = side.records == 0;
        side.gap();
        let is_server = self.client.is_some_and(|client| client != direction);
        if let (true, true, Some(seen)) = (is_server, is_first, seen) {
            self.facts.not_tls.get_or_insert(place(flow, &seen));
        }
        out.push(Plain::Gap(*flow));
    }

    fn record(&mut self, flow: &Flow, record: &Record, out: &mut Vec<Plain>) {
        let direction = Direction::of(flow);
        let at = place(flow, &record.seen);
        let kind = record.header[0];
        let is_tls13 = self.facts.version == Some(Version::Tls13);
        if self.side(direction).is_sealed {
            match kind {
                // It means nothing there (RFC 8446 §5).
                CHANGE_CIPHER_SPEC if is_tls13 => {}
                ALERT if is_tls13 && record.body.len() == 2 => self.alert(&record.body, at),
                _ => self.sealed(flow, record, at, out),
            }
            return;
        }
        match kind {
            CHANGE_CIPHER_SPEC if is_tls13 || self.handshake.may_be_tls13() => {}
            CHANGE_CIPHER_SPEC => self.seal(direction),
            ALERT => self.alert(&record.body, at),
            HANDSHAKE => self.messages(direction, &record.body, at),
            _ => {
                // Data without a handshake: it was open before.
                self.seal(direction);
                self.sealed(flow, record, at, out);
            }
        }
    }

    fn sealed(&mut self, flow: &Flow, record: &Record, at: Place, out: &mut Vec<Plain>) {
        let direction = Direction::of(flow);
        let side = self.side(direction);
        let had_keys = side.has_keys();
        let Some((kind, content)) = side.open(record) else {
            if had_keys {
                side.expect_gap();
                self.unread(Reading::Failed);
                out.push(Plain::Gap(*flow));
            }
            self.guess(direction, record, at);
            return;
        };
        self.facts.reading = Reading::Decrypted;
        match kind {
            CHANGE_CIPHER_SPEC => self.seal(direction),
            ALERT => self.alert(&content, at),
            HANDSHAKE => self.messages(direction, &content, at),
            APPLICATION_DATA => {
                self.facts.is_complete = true;
                let Seen { frame, other_frames, time, ttl, arrival, carrier, .. } = record.seen.clone();
                let origin = Origin { frame, other_frames: other_frames.into(), time, ttl, arrival, carrier };
                if !content.is_empty() {
                    out.push(Plain::Octets(*flow, content, origin));
                }
            }
            _ => {}
        }
    }

    /// What the type and length of a record tell that cannot be opened.
    fn guess(&mut self, direction: Direction, record: &Record, at: Place) {
        let is_tls13 = self.facts.version == Some(Version::Tls13);
        let is_client = self.client == Some(direction);
        let is_first = self.side(direction).sealed_records <= 1;
        let kind = record.header[0];
        if self.facts.is_complete {
            return;
        }
        let is_alert =
            if is_tls13 { is_client && is_first && record.body.len() == SEALED_ALERT } else { kind == ALERT };
        if is_alert {
            self.push_alert(Alert { code: None, is_fatal: true, in_handshake: true, place: at });
        } else if is_tls13 {
            self.facts.is_complete = is_client;
        } else {
            self.side(direction).is_finished |= kind == HANDSHAKE;
            let [up, down] = &self.sides;
            self.facts.is_complete = kind == APPLICATION_DATA || (up.is_finished && down.is_finished);
        }
    }

    fn alert(&mut self, body: &[u8], at: Place) {
        let [level, code] = *body else { return };
        let is_tls13 = self.facts.version == Some(Version::Tls13);
        // TLS 1.3 has no warnings but two.
        let is_fatal = level == 2 || (is_tls13 && !matches!(code, 0 | 90));
        let in_handshake = !self.facts.is_complete;
        self.push_alert(Alert { code: Some(code), is_fatal: is_fatal && code != 0, in_handshake, place: at });
    }

    fn push_alert(&mut self, alert: Alert) {
        if self.facts.alerts.len() < TLS_ALERTS {
            self.facts.alerts.push(alert);
        }
    }

    /// Says why what is sealed is not read, unless something was.
    pub(super) fn unread(&mut self, why: Reading) {
        if self.facts.reading != Reading::Decrypted {
            self.facts.reading = why;
        }
    }

    /// Octets of a direction are missing.
    pub(crate) fn gap(&mut self, flow: &Flow, out: &mut Vec<Plain>) {
        let direction = Direction::of(flow);
        self.side(direction).gap();
        // The server's hello may have been in it.
        self.impatient |= self.client.is_some_and(|client| client != direction);
        out.push(Plain::Gap(*flow));
        self.read(flow, out);
    }

    /// Nothing more comes in a direction.
    pub(crate) fn end(&mut self, flow: &Flow, end: End, out: &mut Vec<Plain>) {
        let ended = match end {
            End::Finished => Some(Ended::Finished(flow.source)),
            End::Reset => Some(Ended::Reset(flow.source)),
            End::Broken | End::Limit => None,
        };
        if let (Some(ended), None) = (ended, &self.facts.ended) {
            self.facts.ended = Some((ended, Place { flow: *flow, ..self.facts.last }));
        }
        if end != End::Finished {
            self.impatient = true;
            self.read(flow, out);
            if end == End::Limit {
                self.side(Direction::of(flow)).gap();
            }
        }
    }

    /// Gives up what waits: nobody will read it.
    pub(crate) fn forget(&mut self) {
        self.sides.iter_mut().for_each(Side::gap);
        self.handshake.forget();
    }

    /// Memory held, in octets.
    pub(crate) fn held(&self) -> usize {
        self.sides.iter().map(Side::cost).sum::<usize>() + self.handshake.cost()
    }

    /// Whether there is anything to be learnt from further octets: those of connections that carry SIP, by appearance or because
    /// their secrets are known, until nothing but sealed data is left.
    pub(crate) fn is_wanted(&self) -> bool {
        let has_keys = self.sides.iter().any(Side::has_keys);
        if self.facts.is_complete && !has_keys {
            return false;
        }
        self.facts.asks_for_sip || has_keys || self.may_be_opened() || self.is_undecided()
    }

    fn is_undecided(&self) -> bool {
        let [up, down] = &self.sides;
        let probed = up.waiting.octets().len().max(down.waiting.octets().len());
        let is_lost = up.is_lost() || down.is_lost();
        self.facts.client_hello.is_none()
            && !is_lost
            && up.records + down.records < RECORDS_WITHOUT_HELLO
            && probed < STREAM_PROBE
    }

    /// What is known of it, once it is over.
    pub(crate) fn facts(&self) -> &TlsStream {
        &self.facts
    }
}

fn place(flow: &Flow, seen: &Seen) -> Place {
    Place { frame: seen.frame, time: seen.time, flow: *flow }
}
