//! Octets of one direction that came before their predecessors.

use std::collections::BTreeMap;

use super::Origin;
use crate::net::pieces::{self, Length};

/// Rough cost of a piece beside its octets: tree node, vector, origin.
const PIECE_OVERHEAD: usize = 128;

/// A run of octets that no other one overlaps.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) octets: Vec<u8>,
    /// Length on the wire: above that of `octets` when the frame was cut.
    pub(super) length: u64,
    pub(super) origin: Origin,
}

impl Length<u64> for Piece {
    fn length(&self) -> u64 {
        self.length
    }
}

/// Pieces by position in the stream. What is there is never overwritten: the first to arrive wins.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pieces: BTreeMap<u64, Piece>,
    cost: usize,
}

impl Pending {
    /// Memory taken, in octets.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Where the first piece begins.
    pub(super) fn start(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(at, _)| *at)
    }

    /// Adds what is new in a segment. Says whether it contradicts what is there.
    pub(super) fn insert(&mut self, start: u64, octets: &[u8], length: u64, origin: &Origin) -> bool {
        let stop = start + length;
        let contradicts =
            pieces::overlapping(&self.pieces, start, stop).any(|(at, piece)| differs(at, &piece.octets, start, octets));
        for (from, to) in pieces::gaps(&self.pieces, start, stop) {
            let here = octets.get(offset(from - start)..).unwrap_or_default();
            let here = here.get(..offset(to - from)).unwrap_or(here).to_vec();
            self.cost += here.len() + PIECE_OVERHEAD;
            self.pieces.insert(from, Piece { octets: here, length: to - from, origin: origin.clone() });
        }
        contradicts
    }

    /// Takes the first piece if it lies at `at`.
    pub(super) fn take(&mut self, at: u64) -> Option<Piece> {
        let piece = self.pieces.remove(&at)?;
        self.cost -= piece.octets.len() + PIECE_OVERHEAD;
        Some(piece)
    }
}

/// Whether two runs of octets, each at its place, differ where both are known.
fn differs(at: u64, octets: &[u8], other_at: u64, other: &[u8]) -> bool {
    let from = at.max(other_at);
    let octets = octets.get(offset(from - at)..).unwrap_or_default();
    let other = other.get(offset(from - other_at)..).unwrap_or_default();
    octets.iter().zip(other).any(|(a, b)| a != b)
}

/// A distance within one segment.
pub(super) fn offset(distance: u64) -> usize {
    usize::try_from(distance).unwrap_or(usize::MAX)
}
