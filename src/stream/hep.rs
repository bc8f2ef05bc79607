//! HEP over TCP: packets that follow one another, each with its length; the copies in them are messages of other flows.

use std::sync::Arc;

use super::StreamEvent;
use crate::net::hep::{self, Hep};
use crate::net::tcp::{Marked, Origin, Seen};
use crate::net::{Carrier, PayloadKind};
use crate::provenance::{Flow, Provenance};
use crate::sip;

/// The copies of one direction.
#[derive(Debug, Default)]
pub(super) struct Copies {
    waiting: Marked,
    /// Whether the beginning of a packet has to be looked for.
    is_lost: bool,
}

impl Copies {
    /// Begins with what waited.
    pub(super) fn new(waiting: Marked) -> Self {
        Self { waiting, is_lost: false }
    }

    /// Memory held, in octets.
    pub(super) fn cost(&self) -> usize {
        self.waiting.cost()
    }

    pub(super) fn push(&mut self, octets: &[u8], origin: &Origin) {
        self.waiting.push(octets, origin);
    }

    /// Octets are missing here.
    pub(super) fn lose(&mut self) {
        self.waiting.consume(self.waiting.octets().len());
        self.is_lost = true;
    }

    /// Reads as far as it goes.
    pub(super) fn read(&mut self, flow: &Flow, out: &mut Vec<StreamEvent>) {
        loop {
            if self.is_lost {
                self.search();
            }
            let bytes = self.waiting.octets();
            match hep::length(bytes) {
                Some(length) if bytes.len() >= length => {
                    self.take(length, flow, out);
                    self.waiting.consume(length);
                }
                None if bytes.len() >= hep::HEADER_V3 => self.is_lost = true,
                _ => return,
            }
        }
    }

    /// Passes over everything in front of what may begin a packet.
    fn search(&mut self) {
        let bytes = self.waiting.octets();
        // Its length may not have come yet.
        let begins = hep::length(bytes).is_some() || (bytes.len() < hep::HEADER_V3 && hep::is_magic(bytes));
        let found = memchr::memmem::find(bytes.get(1..).unwrap_or_default(), hep::MAGIC).map(|at| at + 1);
        let at = if begins { Some(0) } else { found };
        self.is_lost = at.is_none();
        let keep = hep::MAGIC.len() - 1;
        self.waiting.consume(at.unwrap_or(bytes.len().saturating_sub(keep)));
    }

    fn take(&self, length: usize, flow: &Flow, out: &mut Vec<StreamEvent>) {
        let bytes = self.waiting.octets().get(..length).unwrap_or_default();
        let Some((copy, seen)) = hep::read(bytes, false).zip(self.waiting.seen(0..length)) else {
            return out.push(StreamEvent::Other(PayloadKind::HepOther, None));
        };
        if let Some(kind) = copy.other_kind() {
            return out.push(StreamEvent::Other(kind, copy.agent));
        }
        messages(&copy, &seen, flow, out);
    }
}

/// The messages in a copy; whoever calls something SIP that is none has it counted.
fn messages(copy: &Hep<'_>, seen: &Seen, flow: &Flow, out: &mut Vec<StreamEvent>) {
    let carrier = carrier(copy, seen, flow);
    let inflated = carrier.is_compressed.then(|| hep::inflate(copy.payload)).flatten();
    let framed = sip::messages(inflated.as_deref().unwrap_or(copy.payload), copy.cut);
    if framed.is_empty() {
        return out.push(StreamEvent::Other(PayloadKind::HepOther, copy.agent));
    }
    let carrier = Some(Arc::new(carrier));
    for framed in framed {
        let provenance = Provenance {
            frame: seen.frame,
            other_frames: seen.other_frames.as_slice().into(),
            time: copy.time_before(seen.time).unwrap_or(seen.time),
            flow: copy.flow(),
            ip_id: None,
            ttl: 0,
            carrier: carrier.clone(),
            offset: u32::try_from(framed.offset).unwrap_or(u32::MAX),
        };
        out.push(StreamEvent::Message(framed.message, provenance));
    }
}

/// The way of the copy: that of the stream, and HEP.
fn carrier(copy: &Hep<'_>, seen: &Seen, flow: &Flow) -> Carrier {
    let mut carrier = seen.carrier.as_deref().cloned().unwrap_or_default();
    carrier.note("TCP");
    carrier.note(copy.name());
    carrier.outer.push((flow.source.address, flow.destination.address));
    copy.describe(&mut carrier);
    carrier
}
