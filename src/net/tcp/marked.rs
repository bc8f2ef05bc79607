//! Octets that wait to be read, with where each of them was captured.

use std::ops::Range;

use crate::limits::MESSAGE_FRAMES;
use crate::net::CarrierRef;
use crate::provenance::{FrameRef, Timestamp};

/// Where octets were captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The frame, or the last of several fragments.
    pub frame: FrameRef,
    /// The other fragments; as a rule none.
    pub other_frames: Box<[FrameRef]>,
    /// Capture time of `frame`.
    pub time: Timestamp,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
    /// A number that grows with every frame, in capture order: frame numbers of several files do not compare.
    pub arrival: u64,
    /// What carried the frame.
    pub carrier: CarrierRef,
}

/// Where a packet was captured.
#[derive(Debug)]
pub struct Arrived<'a> {
    /// The frame, or the last of several fragments.
    pub frame: FrameRef,
    /// The other fragments; as a rule none.
    pub other_frames: &'a [FrameRef],
    /// Capture time of `frame`.
    pub time: Timestamp,
    /// What carried it.
    pub carrier: CarrierRef,
}

impl<'a> From<(FrameRef, &'a [FrameRef], Timestamp)> for Arrived<'a> {
    fn from((frame, other_frames, time): (FrameRef, &'a [FrameRef], Timestamp)) -> Self {
        Self { frame, other_frames, time, carrier: None }
    }
}

impl<'a, const N: usize> From<(FrameRef, &'a [FrameRef; N], Timestamp)> for Arrived<'a> {
    fn from((frame, other_frames, time): (FrameRef, &'a [FrameRef; N], Timestamp)) -> Self {
        Self { frame, other_frames, time, carrier: None }
    }
}

impl Arrived<'_> {
    /// As the origin of octets.
    pub(in crate::net) fn origin(self, ttl: u8, arrival: u64) -> Origin {
        let Self { frame, other_frames, time, carrier } = self;
        Origin { frame, other_frames: other_frames.into(), time, ttl, arrival, carrier }
    }
}

/// A run of octets of one origin; positions count from the beginning of the buffer's life.
#[derive(Debug)]
struct Mark {
    start: u64,
    end: u64,
    origin: Origin,
}

/// The frames that carry a run of octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The frame that completed it: the last to arrive.
    pub frame: FrameRef,
    /// All others, ascending.
    pub other_frames: Vec<FrameRef>,
    /// Capture time of `frame`.
    pub time: Timestamp,
    /// TTL of `frame`.
    pub ttl: u8,
    /// Where the run begins in the octets that its first frame brought.
    pub offset: u64,
    /// When `frame` arrived, as [`Origin::arrival`].
    pub arrival: u64,
    /// What carried `frame`.
    pub carrier: CarrierRef,
}

/// A buffer that is filled at its end and emptied at its beginning.
#[derive(Debug, Default)]
pub struct Marked {
    octets: Vec<u8>,
    /// How many octets at the beginning are used up.
    used: usize,
    /// Position of the first octet of `octets`.
    base: u64,
    marks: Vec<Mark>,
}

impl Marked {
    /// The octets that wait.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(self.used..).unwrap_or_default()
    }

    /// Memory that is held, in octets.
    pub fn cost(&self) -> usize {
        self.octets.len() + self.marks.len() * size_of::<Mark>()
    }

    /// Time at which the last octets came.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.marks.last().map(|mark| mark.origin.time)
    }

    /// Adds octets at the end. Frames of one octet each would cost more than what they bring, so that behind
    /// [`MESSAGE_FRAMES`] of them the last mark stands for all that follow.
    pub fn push(&mut self, octets: &[u8], origin: &Origin) {
        let start = self.base + self.octets.len() as u64;
        let end = start + octets.len() as u64;
        self.octets.extend_from_slice(octets);
        let is_full = self.marks.len() >= MESSAGE_FRAMES;
        match self.marks.last_mut().filter(|_| is_full) {
            Some(last) => {
                last.end = end;
                if last.origin.arrival < origin.arrival {
                    last.origin = origin.clone();
                }
            }
            None => self.marks.push(Mark { start, end, origin: origin.clone() }),
        }
    }

    /// Uses up octets at the beginning.
    pub fn consume(&mut self, count: usize) {
        self.used = (self.used + count).min(self.octets.len());
        if self.used == self.octets.len() {
            // Most connections are idle most of the time, and there are many: nothing is kept.
            *self = Self { base: self.base + self.octets.len() as u64, ..Self::default() };
        } else if self.used > self.octets.len() / 2 {
            self.octets.drain(..self.used);
            self.base += self.used as u64;
            self.used = 0;
            let base = self.base;
            self.marks.retain(|mark| mark.end > base);
        }
    }

    /// Where the octets of a range were captured; `None` of an empty range.
    pub fn seen(&self, range: Range<usize>) -> Option<Seen> {
        let first = self.base + self.used as u64;
        let (start, end) = (first + range.start as u64, first + range.end as u64);
        let marks = || self.marks.iter().filter(|mark| mark.start < end && mark.end > start);
        let last = marks().max_by_key(|mark| mark.origin.arrival)?;
        let Origin { frame, time, ttl, arrival, ref carrier, .. } = last.origin;
        let all = marks().flat_map(|mark| mark.origin.other_frames.iter().copied().chain([mark.origin.frame]));
        let mut other_frames: Vec<FrameRef> = all.filter(|other| *other != frame).collect();
        other_frames.sort_unstable();
        other_frames.dedup();
        let offset = marks().next().map_or(0, |mark| start.saturating_sub(mark.start));
        Some(Seen { frame, other_frames, time, ttl, offset, arrival, carrier: carrier.clone() })
    }
}
