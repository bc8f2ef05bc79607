//! Fragments of user messages, until all of a message are there.

use std::collections::BTreeMap;

use super::super::tcp::{Origin, Seen};
use crate::limits::MESSAGE_FRAMES;
use crate::provenance::{Flow, Timestamp};

/// Rough cost of a fragment, or of a message that waits, beside its octets: tree nodes, vectors, origin, flow.
const OVERHEAD: usize = 320;

/// Which fragments follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    /// All DATA chunks of a direction, by transmission sequence number.
    All,
    /// The I-DATA chunks of one message, by fragment sequence number.
    Message { stream: u16, unordered: bool, message: u32 },
}

/// A place in a row.
type Place = (Row, u64);

/// Number of a message in its stream, in as many bits as the chunk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Of DATA.
    Short(u16),
    /// Of I-DATA.
    Long(u32),
}

/// What all fragments of a message say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) stream: u16,
    pub(super) unordered: bool,
    pub(super) number: Number,
    /// Of the first fragment.
    pub(super) protocol: u32,
}

/// A fragment.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) head: Head,
    /// Unwrapped.
    pub(super) tsn: u64,
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) octets: Vec<u8>,
    pub(super) cut: bool,
    pub(super) flow: Flow,
    pub(super) origin: Origin,
}

impl Piece {
    fn cost(&self) -> usize {
        self.octets.len() + OVERHEAD
    }
}

/// A user message, whole or given up.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) head: Head,
    pub(super) octets: Vec<u8>,
    /// Whether octets are missing at its end.
    pub(super) cut: bool,
    /// The highest transmission sequence number of its fragments, unwrapped.
    pub(super) tsn: u64,
    /// Of the frame that completes it.
    pub(super) flow: Flow,
    pub(super) seen: Seen,
}

impl Whole {
    /// Memory taken, in octets.
    pub(super) fn cost(&self) -> usize {
        self.octets.len() + self.seen.other_frames.len() * size_of::<Origin>() + OVERHEAD
    }

    /// Joins fragments that follow one another, the first of which begins the message.
    fn of(pieces: Vec<Piece>) -> Option<Self> {
        let head = pieces.first()?.head;
        let latest = pieces.iter().max_by_key(|piece| piece.origin.arrival)?;
        let (Origin { frame, time, ttl, arrival, carrier, .. }, flow) = (&latest.origin, latest.flow);
        let frames = pieces.iter().take(MESSAGE_FRAMES).map(|piece| &piece.origin);
        let (frame, time, ttl, arrival, carrier) = (*frame, *time, *ttl, *arrival, carrier.clone());
        let all = frames.flat_map(|origin| origin.other_frames.iter().copied().chain([origin.frame]));
        let mut other_frames: Vec<_> = all.filter(|other| *other != frame).collect();
        other_frames.sort_unstable();
        other_frames.dedup();
        let tsn = pieces.iter().map(|piece| piece.tsn).max()?;
        let is_whole = pieces.last().is_some_and(|piece| piece.last);
        let (mut octets, mut cut) = (Vec::new(), false);
        for piece in pieces {
            if cut {
                break;
            }
            cut = piece.cut;
            octets.extend_from_slice(&piece.octets);
        }
        let seen = Seen { frame, other_frames, time, ttl, offset: 0, arrival, carrier };
        Some(Self { head, octets, cut: cut || !is_whole, tsn, flow, seen })
    }
}

/// Fragments without a gap between them, of one message.
#[derive(Debug)]
struct Run {
    /// Behind the last of them.
    end: u64,
    /// When the last of them came.
    since: Timestamp,
}

/// The fragments of a direction. A place that was taken is not taken again.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pieces: BTreeMap<Place, Piece>,
    /// By their beginnings.
    runs: BTreeMap<Place, Run>,
    /// When the run came that waits longest, or a little earlier.
    oldest: Option<Timestamp>,
    cost: usize,
}

impl Assembly {
    /// Memory taken, in octets.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Adds a fragment; gives the message that it completes.
    pub(super) fn insert(&mut self, row: Row, at: u64, piece: Piece, now: Timestamp) -> Option<Whole> {
        if piece.first && piece.last {
            return Whole::of(vec![piece]);
        }
        if self.pieces.contains_key(&(row, at)) {
            return None;
        }
        let joins_left = !piece.first && at.checked_sub(1).is_some_and(|left| self.goes_on(row, left));
        let joins_right = !piece.last && self.pieces.get(&(row, at + 1)).is_some_and(|right| !right.first);
        self.cost += piece.cost();
        self.oldest.get_or_insert(now);
        self.pieces.insert((row, at), piece);
        let start = match self.runs.range(..(row, at)).next_back() {
            Some((place, _)) if joins_left => *place,
            _ => (row, at),
        };
        let right = if joins_right { self.runs.remove(&(row, at + 1)) } else { None };
        let end = right.map_or(at + 1, |right| right.end);
        self.runs.insert(start, Run { end, since: now });
        if self.is_complete(start, end) { Whole::of(self.take(start)) } else { None }
    }

    /// Gives up what waits for fragments that are not going to come: those of DATA in front of `tsn`, and those of any kind whose last
    /// fragment came before `since`.
    pub(super) fn give_up(&mut self, tsn: u64, since: Timestamp) -> Vec<Whole> {
        let is_over = |((row, _), run): &(&Place, &Run)| run.since <= since || (*row == Row::All && run.end < tsn);
        let over: Vec<Place> = self.runs.iter().filter(is_over).map(|(place, _)| *place).collect();
        let begins = |pieces: &Vec<Piece>| pieces.first().is_some_and(|piece| piece.first);
        let given = over.into_iter().map(|start| self.take(start)).filter(begins).filter_map(Whole::of).collect();
        self.oldest = self.runs.values().map(|run| run.since).min();
        given
    }

    /// When the run came that waits longest, or a little earlier.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.oldest.filter(|_| !self.runs.is_empty())
    }

    /// Whether a fragment is there whose message goes on behind it.
    fn goes_on(&self, row: Row, at: u64) -> bool {
        self.pieces.get(&(row, at)).is_some_and(|piece| !piece.last)
    }

    fn is_complete(&self, start: Place, end: u64) -> bool {
        let is_last = || self.pieces.get(&(start.0, end - 1)).is_some_and(|piece| piece.last);
        self.pieces.get(&start).is_some_and(|piece| piece.first) && is_last()
    }

    /// Takes a run out.
    fn take(&mut self, start: Place) -> Vec<Piece> {
        let Some(run) = self.runs.remove(&start) else { return Vec::new() };
        let taken: Vec<Piece> = (start.1..run.end).filter_map(|at| self.pieces.remove(&(start.0, at))).collect();
        self.cost -= taken.iter().map(Piece::cost).sum::<usize>();
        taken
    }
}
