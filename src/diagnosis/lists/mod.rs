//! Lists over a whole run, however many captures it reads: what to act on, one row an address or a number. They are fed with
//! diagnosed calls and keep to what the rules said of them.

use std::collections::BTreeSet;

use crate::limits::LIST_FRAMES;
use crate::provenance::{FrameRef, Provenance, Timestamp};

pub mod complaints;
pub mod moves;

pub use complaints::Complaints;
pub use moves::Moves;

/// A frame of the run: its file, counted from 0 over all captures, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the file in the order in which the captures begin.
    pub file: usize,
    /// As Wireshark numbers it.
    pub frame: u64,
}

/// How the files of the captures are counted.
#[derive(Debug, Default)]
struct Files {
    before: usize,
    current: usize,
}

impl Files {
    /// A capture of so many files begins.
    fn begin(&mut self, files: usize) {
        self.before += std::mem::replace(&mut self.current, files);
    }

    fn place(&self, frame: FrameRef) -> Place {
        Place { file: self.before + usize::from(frame.file), frame: frame.number.0 }
    }
}

/// Responses that say the same: where and when they were seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Time of the earliest one.
    pub first: Timestamp,
    /// Time of the latest one.
    pub last: Timestamp,
    frames: BTreeSet<Place>,
    total: u64,
}

impl Seen {
    fn new(at: &Provenance, place: Place) -> Self {
        Self { first: at.time, last: at.time, frames: BTreeSet::from([place]), total: 1 }
    }

    fn again(&mut self, at: &Provenance, place: Place) {
        self.first = self.first.min(at.time);
        self.last = self.last.max(at.time);
        self.total += 1;
        self.frames.insert(place);
        if self.frames.len() > LIST_FRAMES {
            self.frames.pop_last();
        }
    }

    /// Their frames, the first ones of the run.
    pub fn frames(&self) -> impl Iterator<Item = Place> {
        self.frames.iter().copied()
    }

    /// How many more there are.
    pub fn more(&self) -> u64 {
        self.total.saturating_sub(u64::try_from(self.frames.len()).unwrap_or(u64::MAX))
    }
}
