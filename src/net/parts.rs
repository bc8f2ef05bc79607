//! The octets of one fragmented datagram, as far as they have come.

use std::collections::BTreeMap;

use super::decode::Fragment;
use super::pieces::{self, Length};

/// Rough cost of a piece beside its octets: tree node, vector, frame reference.
const PIECE_OVERHEAD: usize = 96;

/// A piece of the datagram that no other piece overlaps.
#[derive(Debug)]
struct Piece {
    octets: Vec<u8>,
    /// Length on the wire: above that of `octets` when the frame was cut.
    length: usize,
}

impl Length<usize> for Piece {
    fn length(&self) -> usize {
        self.length
    }
}

/// Pieces by position. They hold what was captured and nothing between, so memory follows the octets that came, not the
/// offsets that were claimed. What is there is never overwritten: the first to arrive wins.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pieces: BTreeMap<usize, Piece>,
    /// Sum of the lengths of all pieces.
    covered: usize,
    /// Length of the datagram, known from its last fragment.
    end: Option<usize>,
    cost: usize,
}

impl Parts {
    /// Whether the last fragment came and nothing in front of it is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.end == Some(self.covered)
    }

    /// Memory taken, in octets.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Whether the fragment contradicts what came before it: other octets at the same place, or another end.
    pub(super) fn contradicts(&self, fragment: &Fragment<'_>) -> bool {
        let (start, stop) = range(fragment);
        let ends_differ = match self.end {
            Some(end) => stop > end || (!fragment.more && stop != end),
            None => !fragment.more && self.reach() > stop,
        };
        ends_differ
            || pieces::overlapping(&self.pieces, start, stop)
                .any(|(at, piece)| differs(at, &piece.octets, start, fragment.payload))
    }

    /// Adds what is new in the fragment; `false` if nothing is.
    pub(super) fn insert(&mut self, fragment: &Fragment<'_>) -> bool {
        let (start, stop) = range(fragment);
        let stop = self.end.map_or(stop, |end| stop.min(end));
        let ends_now = !fragment.more && self.end.is_none();
        if ends_now {
            self.end = Some(stop.max(self.reach()));
        }
        let gaps = pieces::gaps(&self.pieces, start, stop);
        for (from, to) in &gaps {
            let octets = fragment.payload.get(from - start..).unwrap_or_default();
            let octets = octets.get(..to - from).unwrap_or(octets).to_vec();
            self.covered += to - from;
            self.cost += octets.len() + PIECE_OVERHEAD;
            self.pieces.insert(*from, Piece { octets, length: to - from });
        }
        ends_now || !gaps.is_empty()
    }

    /// The octets from the beginning up to the first gap, and whether that is the whole datagram.
    pub(super) fn contiguous(&self) -> (Vec<u8>, bool) {
        let mut octets = Vec::with_capacity(self.covered.min(usize::from(u16::MAX)));
        for (at, piece) in &self.pieces {
            if *at != octets.len() {
                break;
            }
            octets.extend_from_slice(&piece.octets);
        }
        let whole = self.end == Some(octets.len());
        (octets, whole)
    }

    /// Where the last piece ends.
    fn reach(&self) -> usize {
        self.pieces.last_key_value().map_or(0, |(at, piece)| at + piece.length)
    }
}

/// Where the fragment begins and ends in the datagram.
fn range(fragment: &Fragment<'_>) -> (usize, usize) {
    let start = usize::from(fragment.offset);
    (start, start + usize::from(fragment.length))
}

/// Whether two runs of octets, each at its place, differ where both are known.
fn differs(at: usize, octets: &[u8], other_at: usize, other: &[u8]) -> bool {
    let from = at.max(other_at);
    let octets = octets.get(from - at..).unwrap_or_default();
    let other = other.get(from - other_at..).unwrap_or_default();
    octets.iter().zip(other).any(|(a, b)| a != b)
}
