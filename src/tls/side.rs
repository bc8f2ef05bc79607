//! One direction of a TLS connection: its octets cut into records, and the keys that open them.

use super::digest::Hash;
use super::opener::Opener;
use super::suite::Suite;
use crate::limits::{TLS_FAILURES, TLS_HANDSHAKE_OCTETS, TLS_RECORD};
use crate::net::tcp::{Marked, Seen};

/// Octets of the header of a record.
const HEADER: usize = 5;

/// A record.
pub(super) struct Record {
    pub(super) header: [u8; HEADER],
    pub(super) body: Vec<u8>,
    pub(super) seen: Seen,
}

/// What stands at the beginning of the octets that wait.
pub(super) enum Next {
    /// Not enough.
    More,
    /// No record.
    Other,
    /// A record of that type, so many octets with its header.
    Record(u8, usize),
}

/// The parts of a connection of TLS 1.3, each with keys of its own (RFC 8446 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Early,
    Handshake,
    Application,
}

/// Keys of a part.
#[derive(Debug)]
struct Part {
    phase: Phase,
    opener: Opener,
    /// The traffic secret that the next one is made of.
    secret: Vec<u8>,
}

/// The state of a direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) waiting: Marked,
    /// A handshake message that is not whole.
    handshake: Vec<u8>,
    /// Octets of one that is too long to be kept.
    skip: usize,
    /// Whether a gap hides where the next record begins.
    is_lost: bool,
    /// Whether its records are sealed from here on.
    pub(super) is_sealed: bool,
    parts: Vec<Part>,
    /// Records in a row that could not be opened.
    failures: usize,
    /// Records that were sealed.
    pub(super) sealed_records: u64,
    /// Records of all kinds.
    pub(super) records: u64,
    /// Whether its part of the handshake is over.
    pub(super) is_finished: bool,
}

impl Side {
    /// Memory held, in octets.
    pub(super) fn cost(&self) -> usize {
        self.waiting.cost() + self.handshake.len()
    }

    /// Whether a gap, or something else than records, hides where the next one begins.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Looks at what stands at the beginning.
    pub(super) fn next(&mut self) -> Next {
        if self.is_lost && !self.find_record() {
            return Next::More;
        }
        let octets = self.waiting.octets();
        let Some(header) = octets.first_chunk::<HEADER>() else { return Next::More };
        match length(*header) {
            Some(length) if octets.len() >= HEADER + length => Next::Record(header[0], HEADER + length),
            Some(_) => Next::More,
            None => Next::Other,
        }
    }

    /// Takes the record of so many octets.
    pub(super) fn take(&mut self, length: usize) -> Option<Record> {
        let octets = self.waiting.octets();
        let header = *octets.first_chunk::<HEADER>()?;
        let body = octets.get(HEADER..length)?.to_vec();
        let seen = self.waiting.seen(0..length)?;
        self.waiting.consume(length);
        self.records += 1;
        self.sealed_records += u64::from(self.is_sealed);
        Some(Record { header, body, seen })
    }

    /// Behind a gap: goes to the next place where a record may begin. Says whether there is one.
    fn find_record(&mut self) -> bool {
        let octets = self.waiting.octets();
        let begins = |at: usize| {
            let header = octets.get(at..).and_then(|rest| rest.first_chunk::<HEADER>());
            header.and_then(|header| length(*header)).is_some_and(|length| {
                let next = octets.get(at + HEADER + length..).and_then(|rest| rest.first_chunk::<HEADER>());
                next.is_none_or(|next| self::length(*next).is_some())
            })
        };
        let found = (0..octets.len()).find(|at| begins(*at));
        let skipped = found.unwrap_or(octets.len().saturating_sub(HEADER - 1));
        self.waiting.consume(skipped);
        self.is_lost = found.is_none();
        found.is_some()
    }

    /// Octets are missing here; what waits for them is given up.
    pub(super) fn gap(&mut self) {
        self.waiting.consume(self.waiting.octets().len());
        self.handshake = Vec::new();
        self.skip = 0;
        self.is_lost = true;
        self.parts.iter_mut().for_each(|part| part.opener.expect_gap());
    }

    /// Sets the keys of TLS up to 1.2, or takes them away.
    pub(super) fn seal(&mut self, opener: Option<Opener>) {
        self.is_sealed = true;
        self.failures = 0;
        let part = |opener| Part { phase: Phase::Application, opener, secret: Vec::new() };
        self.parts = opener.map(part).into_iter().collect();
    }

    /// Adds the keys of a part of TLS 1.3.
    pub(super) fn add(&mut self, phase: Phase, suite: Suite, secret: Vec<u8>) {
        self.is_sealed = true;
        if let Some(opener) = Opener::of_secret(suite, &secret) {
            self.parts.push(Part { phase, opener, secret });
        }
    }

    /// Whether there are keys.
    pub(super) fn has_keys(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Opens a record with the keys of the current part, or of one behind it: what ends a part may not have been captured.
    pub(super) fn open(&mut self, record: &Record) -> Option<(u8, Vec<u8>)> {
        let opened = self.parts.iter_mut().enumerate().find_map(|(at, part)| {
            let opened = part.opener.open(record.header, &record.body)?;
            Some((at, opened))
        });
        let Some((at, opened)) = opened else {
            self.failures += 1;
            if self.failures > TLS_FAILURES {
                self.parts.clear();
            }
            return None;
        };
        self.failures = 0;
        self.parts.drain(..at);
        Some(opened)
    }

    /// Records may be missing: one could not be opened.
    pub(super) fn expect_gap(&mut self) {
        self.parts.iter_mut().for_each(|part| part.opener.expect_gap());
    }

    /// Goes on to a part of TLS 1.3.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.parts.retain(|part| part.phase >= phase);
    }

    /// Goes on to the next keys of the application (RFC 8446 §7.2).
    pub(super) fn update(&mut self, suite: Suite) {
        let hash: Hash = suite.hash;
        if let Some(part) = self.parts.iter_mut().find(|part| part.phase == Phase::Application)
            && let Some(secret) = hash.expand_label(&part.secret, "traffic upd", hash.length())
            && let Some(opener) = Opener::of_secret(suite, &secret)
        {
            *part = Part { phase: Phase::Application, opener, secret };
        }
    }

    /// Adds octets of handshake messages; gives the messages that are whole: type, and octets with their header.
    pub(super) fn messages(&mut self, octets: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let skipped = self.skip.min(octets.len());
        self.skip -= skipped;
        self.handshake.extend_from_slice(octets.get(skipped..).unwrap_or_default());
        let mut messages = Vec::new();
        while let Some(&[kind, high, middle, low]) = self.handshake.first_chunk::<4>() {
            let length = 4 + usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
            if length > TLS_HANDSHAKE_OCTETS {
                self.skip = length.saturating_sub(self.handshake.len());
                self.handshake.drain(..length.min(self.handshake.len()));
                continue;
            }
            if self.handshake.len() < length {
                break;
            }
            let rest = self.handshake.split_off(length);
            messages.push((kind, std::mem::replace(&mut self.handshake, rest)));
        }
        messages
    }
}

/// Octets of a record behind its header; `None` if it is none.
fn length(header: [u8; HEADER]) -> Option<usize> {
    let [kind, major, minor, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    (matches!(kind, 20..=24) && major == 3 && minor <= 4 && length <= TLS_RECORD).then_some(length)
}
