//! A connection with TLS: the session that opens it, and the reader of what is in it.

use super::{Messages, StreamEvent, StreamKind};
use crate::net::tcp::{End, Gap, Marked, Origin, StreamReader as _};
use crate::provenance::{Flow, FrameRef, Timestamp, Transport};
use crate::tls::{Keys, Plain, Session};

/// The state of such a connection.
#[derive(Debug)]
pub(super) struct Tunnel {
    session: Session,
    inner: Box<Messages>,
    /// What the content is, once it is known.
    kind: Option<StreamKind>,
}

impl Tunnel {
    /// Begins with what waited of each direction.
    pub(super) fn new(keys: Keys, flow: &Flow, waiting: [(Flow, Marked); 2]) -> Self {
        let mut session = Session::new(keys, flow);
        for (flow, octets) in waiting {
            session.take_over(&flow, octets);
        }
        Self { session, inner: Box::new(Messages::inside()), kind: None }
    }

    /// Reads what was taken over.
    pub(super) fn begin(&mut self, flow: &Flow, out: &mut Vec<StreamEvent>) {
        self.with(out, |session, plain| session.read(flow, plain));
    }

    pub(super) fn octets(&mut self, flow: &Flow, octets: &[u8], origin: &Origin, out: &mut Vec<StreamEvent>) {
        self.with(out, |session, plain| {
            session.push(flow, octets, origin);
            session.read(flow, plain);
        });
    }

    pub(super) fn gap(&mut self, flow: &Flow, out: &mut Vec<StreamEvent>) {
        self.with(out, |session, plain| session.gap(flow, plain));
    }

    pub(super) fn end(&mut self, flow: &Flow, end: End, out: &mut Vec<StreamEvent>) {
        self.with(out, |session, plain| session.end(flow, end, plain));
        let mut events = Vec::new();
        self.inner.end(&inside(flow), end, &mut events);
        self.take(events, out);
    }

    pub(super) fn time_out(&mut self, flow: &Flow, now: Timestamp, out: &mut Vec<StreamEvent>) {
        let mut events = Vec::new();
        self.inner.time_out(&inside(flow), now, &mut events);
        self.take(events, out);
    }

    /// Lets the session do something, and reads what comes out of it.
    fn with(&mut self, out: &mut Vec<StreamEvent>, act: impl FnOnce(&mut Session, &mut Vec<Plain>)) {
        let (mut plain, mut events) = (Vec::new(), Vec::new());
        act(&mut self.session, &mut plain);
        for piece in plain {
            match piece {
                Plain::Octets(flow, octets, origin) => {
                    self.inner.octets(&inside(&flow), &octets, &origin, &mut events);
                }
                // How much of the content is missing, nobody knows.
                Plain::Gap(flow) => self.inner.gap(&inside(&flow), Gap::Missing(u64::MAX), &mut events),
            }
        }
        self.take(events, out);
    }

    fn take(&mut self, events: Vec<StreamEvent>, out: &mut Vec<StreamEvent>) {
        for event in events {
            match event {
                StreamEvent::Kind(StreamKind::Sip) => self.kind = Some(StreamKind::SipInTls),
                StreamEvent::Kind(StreamKind::SipWebSocket) => self.kind = Some(StreamKind::SipWebSocketInTls),
                StreamEvent::Kind(_) => self.kind = Some(StreamKind::Tls),
                other => out.push(other),
            }
        }
    }

    /// What the connection is as a whole, once that is clear.
    pub(super) fn kind(&self) -> Option<StreamKind> {
        let looks = || if self.session.facts().asks_for_sip { StreamKind::SipTls } else { StreamKind::Tls };
        match self.kind {
            // What was decrypted is no SIP, whatever it looks like.
            Some(kind) => Some(kind),
            None => (!self.session.is_wanted()).then(looks),
        }
    }

    /// The same when nothing more comes, with what is told of connections that carry SIP.
    pub(super) fn close(mut self, out: &mut Vec<StreamEvent>) -> StreamKind {
        let decided = self.kind;
        let mut events = Vec::new();
        self.inner.close(&mut events);
        self.take(events, out);
        let facts = self.session.facts();
        let looks = if facts.asks_for_sip { StreamKind::SipTls } else { StreamKind::Tls };
        let kind = decided.unwrap_or(looks);
        if kind != StreamKind::Tls {
            out.push(StreamEvent::Tls(Box::new(facts.clone())));
        }
        kind
    }

    /// Whether further octets are of use.
    pub(super) fn is_wanted(&self) -> bool {
        self.session.is_wanted() && self.inner.is_interested()
    }

    /// Gives up what waits.
    pub(super) fn forget(&mut self) {
        self.session.forget();
    }

    pub(super) fn held(&self) -> usize {
        self.session.held() + self.inner.held()
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.inner.deadline()
    }

    pub(super) fn last_frame(&self) -> FrameRef {
        self.session.facts().last.frame
    }
}

/// The flow of what is inside.
fn inside(flow: &Flow) -> Flow {
    Flow { transport: Transport::Tls, ..*flow }
}
