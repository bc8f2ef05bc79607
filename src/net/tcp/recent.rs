//! The latest segments of one direction: what tells a segment that was captured twice from one that was sent twice, and a
//! retransmission from one that brings something else.

use super::Segment;
use crate::limits::{DUPLICATE_IP_ID_SPACING, DUPLICATE_SPACING};
use crate::provenance::Timestamp;

/// Segments remembered.
const REMEMBERED: usize = 8;

/// What a segment is in the light of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// None of them.
    New,
    /// Another capture of one of them.
    Duplicate,
    /// One of them sent again.
    Retransmission,
    /// The same place as one of them, and other octets.
    Contradiction,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    start: u64,
    length: usize,
    hash: u64,
    ip_id: Option<u16>,
    time: Timestamp,
}

/// A ring of segments; allocated with the first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: Vec<Known>,
    next: usize,
}

impl Recent {
    /// Remembers a segment with octets that begins at `start`, and says what it is.
    pub(super) fn note(&mut self, start: u64, segment: &Segment<'_>, time: Timestamp) -> Repeat {
        let new = Known {
            start,
            length: segment.payload.len(),
            hash: hash(segment.payload),
            ip_id: segment.ip_id.filter(|id| *id != 0),
            time,
        };
        let repeat = self.known.iter().rev().map(|known| new.repeats(known)).find(|r| *r != Repeat::New);
        if self.known.len() < REMEMBERED {
            self.known.push(new);
        } else if let Some(oldest) = self.known.get_mut(self.next) {
            *oldest = new;
            self.next = (self.next + 1) % REMEMBERED;
        }
        repeat.unwrap_or(Repeat::New)
    }
}

impl Known {
    fn repeats(&self, known: &Self) -> Repeat {
        if (known.start, known.length) != (self.start, self.length) {
            return Repeat::New;
        }
        if known.hash != self.hash {
            return Repeat::Contradiction;
        }
        // One of the two is zero; the times of two taps may be out of order.
        let spacing = self.time.since(known.time).max(known.time.since(self.time));
        let same_packet = match (self.ip_id, known.ip_id) {
            (Some(a), Some(b)) => a == b && spacing < DUPLICATE_IP_ID_SPACING,
            // Retransmission timers of TCP are above 200 ms as a rule.
            _ => spacing < DUPLICATE_SPACING,
        };
        if same_packet { Repeat::Duplicate } else { Repeat::Retransmission }
    }
}

/// Good enough to tell octets apart that nobody chose for it to fail: FNV-1a over eight octets at a time.
fn hash(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<8>();
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, octet| mix(hash, u64::from(*octet)))
}
