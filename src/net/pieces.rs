//! Pieces of octets by their place, some of which are still missing: what reassembly of datagrams and of streams have in common.

use std::collections::BTreeMap;
use std::ops::Add;

/// Something that covers so many octets from its place on.
pub(super) trait Length<T> {
    /// How many.
    fn length(&self) -> T;
}

/// The pieces that lie wholly or partly between `start` and `stop`, in order.
pub(super) fn overlapping<T, P>(pieces: &BTreeMap<T, P>, start: T, stop: T) -> impl Iterator<Item = (T, &P)>
where
    T: Copy + Ord + Add<Output = T>,
    P: Length<T>,
{
    let before = pieces.range(..start).next_back().filter(|(at, piece)| **at + piece.length() > start);
    before.into_iter().chain(pieces.range(start..stop.max(start))).map(|(at, piece)| (*at, piece))
}

/// What no piece covers between `start` and `stop`.
pub(super) fn gaps<T, P>(pieces: &BTreeMap<T, P>, start: T, stop: T) -> Vec<(T, T)>
where
    T: Copy + Ord + Add<Output = T>,
    P: Length<T>,
{
    let mut gaps = Vec::new();
    let mut from = start;
    for (at, piece) in overlapping(pieces, start, stop) {
        if at > from {
            gaps.push((from, at));
        }
        from = from.max(at + piece.length());
    }
    if from < stop {
        gaps.push((from, stop));
    }
    gaps
}
