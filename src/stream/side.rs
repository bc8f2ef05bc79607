//! One direction of a connection that carries SIP, or may.

use super::Events;
use super::kind::{self, ProxyHeader, StreamKind};
use super::websocket::{self, Frames, Upgrade};
use crate::anomaly::Anomaly;
use crate::limits::{STREAM_MESSAGE_OCTETS, STREAM_PROBE, STREAM_SEARCH};
use crate::net::tcp::{Gap, Marked, Origin};
use crate::provenance::Timestamp;
use crate::sip::stream::{self, Found, Next, Progress};
use crate::sip::{self, Message};

/// Where reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// At the first octet of the stream.
    #[default]
    Start,
    /// Somewhere: the next start line is looked for, which may stand at the first octet if `at_line`.
    Search { at_line: bool },
    /// Where a message begins, or in it.
    Sip,
    /// Among the frames of WebSocket.
    WebSocket,
    /// Behind something that hides where the next frame of WebSocket begins, unless octets come that are one with SIP.
    Lost,
}

/// A message, and what the stream alone shows of it.
pub(super) struct Taken {
    pub(super) message: Message,
    pub(super) odd: Option<Anomaly>,
}

/// The state of a direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    state: State,
    waiting: Marked,
    progress: Progress,
    frames: Frames,
    /// Whether messages over WebSocket may be compressed.
    pub(super) deflate: bool,
    /// Octets that belong to a message that was taken without them.
    rest: u64,
    /// Octets in which a start line was looked for.
    searched: u64,
    /// Whether there was anything but blank lines.
    pub(super) has_octets: bool,
    pub(super) has_blank_lines: bool,
}

impl Side {
    /// Memory held, in octets.
    pub(super) fn cost(&self) -> usize {
        self.waiting.cost() + self.frames.cost()
    }

    /// Whether it has asked for SIP over WebSocket.
    pub(super) fn is_websocket(&self) -> bool {
        self.state == State::WebSocket
    }

    /// When the last octets came of a message that is not whole.
    pub(super) fn waits_since(&self) -> Option<Timestamp> {
        self.waiting.last_time().filter(|_| self.state == State::Sip)
    }

    /// Gives up what was not read, for somebody else to read.
    pub(super) fn hand_over(&mut self) -> Marked {
        std::mem::take(&mut self.waiting)
    }

    /// Adds octets.
    pub(super) fn push(&mut self, octets: &[u8], origin: &Origin) {
        let skip = usize::try_from(self.rest).unwrap_or(usize::MAX).min(octets.len());
        self.rest -= skip as u64;
        let octets = octets.get(skip..).unwrap_or_default();
        if !octets.is_empty() {
            self.waiting.push(octets, origin);
        }
    }

    /// Reads as far as it goes. Gives what the stream is, when that is clear; `is_sip` says that it is SIP for sure.
    pub(super) fn read(&mut self, is_sip: bool, events: &mut Events<'_>) -> Option<StreamKind> {
        let mut decided = None;
        loop {
            if matches!(self.state, State::Start | State::Search { at_line: true } | State::Sip) {
                self.skip_blank_lines();
            }
            if self.waiting.octets().is_empty() {
                return decided;
            }
            let is_sip = is_sip || decided.is_some();
            self.has_octets = true;
            match self.at_websocket() {
                None => return decided,
                Some(true) => decided = Some(StreamKind::SipWebSocket),
                Some(false) => {}
            }
            let goes_on = match self.state {
                State::Start => match self.begin(is_sip, events) {
                    Some(kind @ (StreamKind::Sip | StreamKind::SipWebSocket)) => {
                        decided = Some(kind);
                        true
                    }
                    Some(other) => return Some(other),
                    None => self.state != State::Start,
                },
                State::Search { at_line } => {
                    match self.named().filter(|_| !is_sip) {
                        // It may be an upgrade to WebSocket.
                        Some(StreamKind::Http) => {
                            self.searched = 1;
                            self.state = State::Start;
                            continue;
                        }
                        Some(kind) => return Some(kind),
                        None => {}
                    }
                    let found = self.search(at_line);
                    if found {
                        decided = Some(StreamKind::Sip);
                    } else if !is_sip && self.searched > STREAM_SEARCH {
                        return Some(StreamKind::OtherTcp);
                    }
                    found
                }
                State::Sip => self.message(events),
                State::WebSocket => self.frame(events),
                State::Lost => {
                    self.consume(self.waiting.octets().len());
                    false
                }
            };
            if !goes_on {
                return decided;
            }
        }
    }

    /// Looks at the first octets of the stream; `None` if there are not enough, or if the state is another now.
    fn begin(&mut self, is_sip: bool, events: &mut Events<'_>) -> Option<StreamKind> {
        match kind::proxy_header(self.waiting.octets()) {
            ProxyHeader::Absent => {}
            ProxyHeader::Incomplete => return None,
            ProxyHeader::Octets(length) => {
                self.consume(length);
                self.skip_blank_lines();
            }
        }
        let kind = kind::recognise(self.waiting.octets())?;
        if kind == StreamKind::Http {
            match websocket::upgrade(self.waiting.octets()) {
                Upgrade::Incomplete if self.waiting.octets().len() < STREAM_PROBE => return None,
                Upgrade::Sip { length, agreed, deflate } => {
                    self.deflate |= agreed && deflate;
                    self.consume(length);
                    self.state = State::WebSocket;
                    // The other end may refuse what a request asks for.
                    return agreed.then_some(StreamKind::SipWebSocket);
                }
                Upgrade::Incomplete | Upgrade::Other => {}
            }
        }
        if kind == StreamKind::Sip {
            self.state = State::Sip;
        } else if is_sip {
            events.odd(Anomaly::TrailingOctets);
            self.state = State::Search { at_line: true };
            return None;
        }
        Some(kind)
    }

    /// Goes on among the frames of WebSocket where one with SIP begins, though nothing showed the place; `None` while that is open.
    fn at_websocket(&mut self) -> Option<bool> {
        if !matches!(self.state, State::Search { .. } | State::Lost) {
            return Some(false);
        }
        let begins = websocket::begins_with_sip(self.waiting.octets())?;
        if begins {
            self.state = State::WebSocket;
        }
        Some(begins)
    }

    /// Looks for a start line; what is in front of it is passed over. Says whether it found one.
    fn search(&mut self, at_line: bool) -> bool {
        let bytes = self.waiting.octets();
        let (state, at) = match stream::search(bytes, at_line) {
            Found::StartLine(at) => (State::Sip, at),
            // A line that is too long for a start line is none.
            Found::Line(at) if bytes.len() - at <= STREAM_PROBE => (State::Search { at_line: true }, at),
            Found::Line(_) | Found::Nothing => (State::Search { at_line: false }, bytes.len()),
        };
        self.state = state;
        self.searched += at as u64;
        self.consume(at);
        state == State::Sip
    }

    /// Whether a stream whose beginning was not captured is known by the first octets of it that were.
    fn named(&self) -> Option<StreamKind> {
        let kind = kind::recognise(self.waiting.octets()).filter(|_| self.searched == 0)?;
        (!matches!(kind, StreamKind::Sip | StreamKind::OtherTcp)).then_some(kind)
    }

    /// Takes the message at the beginning; returns whether there may be more.
    fn message(&mut self, events: &mut Events<'_>) -> bool {
        match self.progress.next(self.waiting.octets()) {
            Next::More if self.waiting.octets().len() > STREAM_MESSAGE_OCTETS => {
                self.take(self.progress.rest(self.waiting.octets()), false, None, events);
                true
            }
            Next::More => false,
            Next::Message { length, odd } => {
                self.take(length, false, odd, events);
                true
            }
            Next::Other => {
                events.odd(Anomaly::ContentLengthTooShort);
                self.state = State::Search { at_line: false };
                true
            }
        }
    }

    /// Reads the next frames of WebSocket; returns whether there may be more.
    fn frame(&mut self, events: &mut Events<'_>) -> bool {
        match self.frames.next(self.waiting.octets(), self.deflate) {
            websocket::Next::More => false,
            websocket::Next::Nothing(length) => {
                self.consume(length);
                true
            }
            websocket::Next::Message(octets, length) => {
                if let Some(seen) = self.waiting.seen(0..length) {
                    for framed in sip::messages(&octets, false) {
                        events.over_websocket(framed.message, seen.clone());
                    }
                }
                self.consume(length);
                true
            }
            websocket::Next::Broken => {
                events.odd(Anomaly::TrailingOctets);
                // All of it goes: its first frame may be one with SIP, which would be found, and be broken, again and again.
                self.consume(self.waiting.octets().len());
                self.frames = Frames::default();
                self.state = State::Lost;
                false
            }
        }
    }

    /// Takes a message of so many octets.
    fn take(&mut self, length: usize, cut: bool, odd: Option<Anomaly>, events: &mut Events<'_>) {
        let octets = self.waiting.octets().get(..length).unwrap_or_default();
        let read = Message::read(octets, cut).zip(self.waiting.seen(0..length));
        if let Some(((message, _), seen)) = read {
            events.message(Taken { message, odd }, seen);
        }
        self.consume(length.max(1));
    }

    fn consume(&mut self, count: usize) {
        self.waiting.consume(count);
        self.progress = Progress::default();
    }

    /// Line ends between messages, such as the pings of RFC 5626 §3.5.1.
    fn skip_blank_lines(&mut self) {
        let bytes = self.waiting.octets();
        if self.progress.has_start_line() || !matches!(bytes.first(), Some(b'\r' | b'\n')) {
            return;
        }
        let blank = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
        self.has_blank_lines = true;
        self.consume(blank);
    }

    /// Octets are missing here.
    pub(super) fn gap(&mut self, gap: Gap, is_sip: bool, events: &mut Events<'_>) {
        let missing = match gap {
            Gap::Missing(count) | Gap::Cut(count) => Some(count),
            Gap::Start | Gap::Jump => None,
        };
        if let Some(missing) = missing.filter(|missing| *missing <= self.rest) {
            self.rest -= missing;
            return;
        }
        self.rest = 0;
        if matches!(self.state, State::WebSocket | State::Lost) {
            self.consume(self.waiting.octets().len());
            self.frames = Frames::default();
            self.state = State::Lost;
            return;
        }
        let wanted = self.progress.end().map(|end| end.saturating_sub(self.waiting.octets().len()) as u64);
        let begun = self.state == State::Sip && !self.waiting.octets().is_empty();
        self.give_up(true, events);
        self.state = State::Search { at_line: true };
        if let (true, Some(wanted), Some(missing)) = (begun, wanted, missing)
            && missing <= wanted
        {
            self.rest = wanted - missing;
            self.state = State::Sip;
        }
        if !is_sip {
            self.searched = 0;
        }
    }

    /// Takes what there is of messages that are not whole; `cut`: because it is missing, not because it was never sent.
    pub(super) fn give_up(&mut self, cut: bool, events: &mut Events<'_>) {
        while self.state == State::Sip && self.progress.has_start_line() && !self.waiting.octets().is_empty() {
            let length = self.progress.rest(self.waiting.octets());
            let is_last = length == self.waiting.octets().len();
            self.take(length, cut && is_last, None, events);
            if !is_last {
                self.read(true, events);
            }
        }
        let left = self.waiting.octets().len();
        self.consume(left);
        if matches!(self.state, State::WebSocket) && (left > 0 || self.frames.cost() > 0) {
            self.frames = Frames::default();
            self.state = State::Lost;
        }
    }
}
