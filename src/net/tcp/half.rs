//! One direction of a connection: sequence numbers to positions in the stream, and what may be read now.

use super::pending::{Pending, Piece, offset};
use super::recent::{Recent, Repeat};
use super::{Origin, Segment};
use crate::limits::{STREAM_EARLY_OCTETS, STREAM_EARLY_WAIT, STREAM_GAP_ACKNOWLEDGED, STREAM_GAP_SILENT, STREAM_OLD};
use crate::provenance::Timestamp;

/// Position of the first octet: positions count on where sequence numbers begin again, and may fall back a little.
const FIRST: u64 = 1 << 40;

/// What was passed over because it did not come.
#[derive(Debug, Clone, Copy)]
struct PassedOver {
    start: u64,
    end: u64,
}

/// The state of a direction.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Sequence number of SYN, where it was captured.
    pub(super) initial: Option<u32>,
    /// Whether it began in the middle of a stream, and octets in front of the first ones may still come.
    pub(super) is_open_ended: bool,
    /// Sequence number and position of the next octet to be read.
    expected: Option<(u32, u64)>,
    /// What came too early.
    pub(super) pending: Pending,
    /// When the first octets were missing.
    waits_since: Option<Timestamp>,
    /// Position up to which the other end acknowledged.
    acknowledged: u64,
    /// Position at which the sender said that it has said everything.
    finish: Option<u64>,
    /// Whether the reader was told.
    pub(super) ended: bool,
    passed_over: Option<PassedOver>,
    /// The highest position that was read.
    high: u64,
    /// Whether reading went on elsewhere, and the reader has to be told.
    jumped: bool,
    recent: Recent,
}

/// What to do with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accept {
    /// Nothing in it is new.
    Old,
    /// Read it at once, without so many octets at its beginning.
    Read(usize),
    /// It has to wait, or goes between what waits: [`Half::hold`] it, then [`Half::ready`].
    Hold,
    /// Its place does not follow on what was read: tell the reader, then ask again.
    Jump,
}

impl Half {
    /// Begins at a SYN.
    pub(super) fn begin(&mut self, initial: u32) {
        *self = Self { initial: Some(initial), ..Self::default() };
        self.expect(initial.wrapping_add(1));
    }

    fn expect(&mut self, sequence: u32) {
        self.expected = Some((sequence, FIRST));
        self.acknowledged = FIRST;
    }

    /// Begins in the middle of a stream, at an octet that nothing is read in front of.
    /// Returns whether that is so.
    pub(super) fn begin_unless_begun(&mut self, sequence: u32) -> bool {
        let begins = self.expected.is_none();
        if begins {
            self.expect(sequence);
        }
        begins
    }

    /// Begins in the middle of a stream with octets that may have overtaken others: for a moment these are waited for. Returns whether
    /// that is so.
    pub(super) fn begin_early_unless_begun(&mut self, sequence: u32) -> bool {
        let begins = self.expected.is_none();
        if begins {
            self.expect(sequence.wrapping_sub(STREAM_EARLY_OCTETS));
            self.is_open_ended = true;
        }
        begins
    }

    /// The position of a sequence number: the one that is nearest to what is expected.
    pub(super) fn position(&self, sequence: u32) -> Option<u64> {
        let (expected, at) = self.expected?;
        let distance = sequence.wrapping_sub(expected).cast_signed();
        Some(at.saturating_add_signed(i64::from(distance)))
    }

    fn next(&self) -> u64 {
        self.expected.map_or(FIRST, |(_, at)| at)
    }

    /// Sets the position of the next octet to be read.
    fn set_next(&mut self, to: u64) {
        if let Some((sequence, at)) = self.expected {
            // The difference modulo 2^32, whichever of the two is the greater.
            let [.., a, b, c, d] = to.wrapping_sub(at).to_be_bytes();
            self.expected = Some((sequence.wrapping_add(u32::from_be_bytes([a, b, c, d])), to));
        }
    }

    /// Takes note of an acknowledgement of the other end.
    pub(super) fn acknowledge(&mut self, sequence: u32) {
        if let Some(at) = self.position(sequence) {
            self.acknowledged = self.acknowledged.max(at);
        }
    }

    /// Whether the other end has all that was sent, as far as it was captured.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.pending.is_empty() && self.acknowledged >= self.next()
    }

    /// Whether a sequence number lies where a reset may have it; others are forged, or of another connection.
    pub(super) fn is_near(&self, sequence: u32) -> bool {
        self.position(sequence).is_none_or(|at| at.abs_diff(self.next()) <= STREAM_OLD)
    }

    /// Takes note of FIN behind the octet at `at`.
    pub(super) fn finish_at(&mut self, at: u64) {
        self.finish.get_or_insert(at);
    }

    /// Whether everything was read up to FIN, and the reader was not told yet.
    pub(super) fn is_finished(&self) -> bool {
        !self.ended && self.finish.is_some_and(|at| self.next() >= at)
    }

    /// What to do with octets at a position, `length` of them on the wire.
    pub(super) fn accept(&mut self, start: u64, length: u64) -> Accept {
        if self.has_jumped() {
            return Accept::Jump;
        }
        if let Some(gap) = self.passed_over {
            if start != self.next() && (gap.start..gap.end).contains(&start) {
                // What was given up comes after all: it is read late rather than never.
                self.passed_over = Some(PassedOver { start, ..gap });
                self.set_next(start);
                return Accept::Jump;
            }
            if self.next() < gap.end && start >= gap.end {
                self.set_next(self.high);
                return Accept::Jump;
            }
        }
        let next = self.next();
        if start.saturating_add(STREAM_OLD) < next {
            // Too old for a retransmission: another connection between the same ports.
            *self = Self { expected: self.expected, high: start, acknowledged: start, ..Self::default() };
            self.set_next(start);
            return Accept::Jump;
        }
        match (start <= next, start + length > next) {
            (true, false) => Accept::Old,
            (true, true) if self.pending.is_empty() => Accept::Read(offset(next - start)),
            _ => Accept::Hold,
        }
    }

    /// Says that octets were read, up to a position.
    pub(super) fn advance(&mut self, to: u64) {
        let mut next = to;
        if let Some(gap) = self.passed_over.filter(|gap| self.next() < gap.end) {
            // Behind what came late, reading goes on where it stood.
            next = if to < gap.end { to } else { to.max(self.high) };
            self.jumped = next != to;
            self.passed_over = (to < gap.end).then_some(PassedOver { start: to, ..gap });
        }
        self.set_next(next);
        self.high = self.high.max(next);
        self.waits_since = None;
        self.is_open_ended = false;
    }

    /// Whether reading went on elsewhere since this was last asked.
    pub(super) fn has_jumped(&mut self) -> bool {
        std::mem::take(&mut self.jumped)
    }

    /// Keeps a segment that cannot be read at once. Says whether it contradicts what is there.
    pub(super) fn hold(&mut self, start: u64, segment: &Segment<'_>, origin: &Origin) -> bool {
        let skip = self.next().saturating_sub(start);
        let octets = segment.payload.get(offset(skip)..).unwrap_or_default();
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        self.pending.insert(start + skip, octets, length.saturating_sub(skip), origin)
    }

    /// The next piece that can be read now. Reading stands behind it afterwards.
    pub(super) fn ready(&mut self) -> Option<Piece> {
        let piece = self.pending.take(self.next())?;
        self.advance(self.next() + piece.length);
        Some(piece)
    }

    /// Waits from now on if it does not wait already.
    pub(super) fn wait(&mut self, now: Timestamp) {
        if !self.pending.is_empty() {
            self.waits_since.get_or_insert(now);
        }
    }

    /// When what is missing is given up. The other end acknowledged it: the capture lacks it for sure, and a moment is left for
    /// frames out of order. Otherwise it is being sent again.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let since = self.waits_since?;
        if self.is_open_ended {
            return Some(since.plus(STREAM_EARLY_WAIT));
        }
        let is_acknowledged = self.pending.start().is_some_and(|start| self.acknowledged >= start);
        Some(since.plus(if is_acknowledged { STREAM_GAP_ACKNOWLEDGED } else { STREAM_GAP_SILENT }))
    }

    /// Gives up what is missing and returns how much that is; `None` if nothing waits. At an open beginning nothing is missing.
    pub(super) fn pass_over(&mut self) -> Option<u64> {
        let end = self.pending.start()?;
        if std::mem::take(&mut self.is_open_ended) {
            self.set_next(end);
            self.waits_since = None;
            return Some(0);
        }
        let start = self.next();
        self.set_next(end);
        self.waits_since = None;
        self.passed_over = Some(PassedOver { start, end });
        Some(end.saturating_sub(start))
    }

    /// Frees what nobody will read.
    pub(super) fn forget(&mut self) {
        self.pending = Pending::default();
        self.recent = Recent::default();
        self.waits_since = None;
    }

    /// What a segment with octets is in the light of those before it.
    pub(super) fn repeat(&mut self, start: u64, segment: &Segment<'_>, time: Timestamp) -> Repeat {
        self.recent.note(start, segment, time)
    }
}
