//! Datagrams out of IPv4 and IPv6 fragments, in any order, with bounded memory and a timeout in capture time.

use std::mem;

use super::aged::Aged;
use super::decode::{Fragment, FragmentKey};
use super::parts::Parts;
use super::reassembled::{Reassembled, Waiting};
use crate::anomaly::Anomaly;
use crate::limits::{COMPLETED_DATAGRAMS, FRAGMENT_ID_REUSE, FRAGMENT_OCTETS, FRAGMENT_TIMEOUT, FRAGMENTED_DATAGRAMS};
use crate::provenance::{FrameRef, Timestamp};

/// What became of the fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FragmentCounts {
    /// Fragments that came in.
    pub fragments: u64,
    /// Fragments that added nothing: captured twice, or come again after their datagram was complete.
    pub duplicates: u64,
    /// Datagrams completed.
    pub completed: u64,
    /// Datagrams given up: by the timeout, by a limit, or because the capture ended.
    pub incomplete: u64,
}

/// A datagram that was completed, kept to recognise late duplicates of its fragments.
#[derive(Debug)]
struct Completed {
    parts: Parts,
    time: Timestamp,
}

/// Puts datagrams together from fragments that come in capture order.
///
/// - Overlapping fragments: the octets that came first are kept; if they differ, that is [`Anomaly::FragmentOverlap`].
/// - Datagrams that stay incomplete are given up after [`FRAGMENT_TIMEOUT`] of capture time ([`Anomaly::FragmentsMissing`]),
///   or earlier when a limit on memory is reached ([`Anomaly::FragmentLimit`]), the oldest first. What came from the
///   beginning to the first gap is still delivered, as cut.
/// - A fragment of a datagram that is already complete is a late duplicate if its octets agree, and ignored; otherwise it
///   begins a new datagram that reuses the identification.
#[derive(Debug)]
pub struct IpReassembly {
    waiting: Aged<Waiting>,
    completed: Aged<Completed>,
    /// Memory taken by both tables, in octets.
    cost: usize,
    given_up: Vec<Reassembled>,
    anomalies: Vec<(Anomaly, FrameRef)>,
    counts: FragmentCounts,
}

impl Default for IpReassembly {
    fn default() -> Self {
        Self::new()
    }
}

impl IpReassembly {
    /// An empty table.
    pub fn new() -> Self {
        Self {
            waiting: Aged::new(),
            completed: Aged::new(),
            cost: 0,
            given_up: Vec::new(),
            anomalies: Vec::new(),
            counts: FragmentCounts::default(),
        }
    }

    /// Takes a fragment and returns the datagram that it completes.
    pub fn push(&mut self, fragment: &Fragment<'_>, frame: FrameRef, time: Timestamp) -> Option<Reassembled> {
        self.counts.fragments += 1;
        self.time_out(time);
        if self.is_late_duplicate(fragment) {
            self.counts.duplicates += 1;
            return None;
        }
        let key = fragment.key;
        let contradicts = self.waiting.get(&key).is_some_and(|waiting| waiting.parts.contradicts(fragment));
        if contradicts && !self.give_up_if_reused(key, time) {
            self.note_overlap(key, fragment, frame, time);
        }
        let waiting = self.waiting.entry(key, || Waiting::new(fragment, time));
        let cost_before = waiting.parts.cost();
        if !waiting.add(fragment, frame, time) {
            self.counts.duplicates += 1;
            return None;
        }
        self.cost += waiting.parts.cost() - cost_before;
        let completed = if waiting.parts.is_complete() { self.complete(key) } else { None };
        self.keep_limits();
        completed
    }

    /// Gives up what has waited too long at `now` and returns the cut datagrams, also those that a limit gave up. Cheap if
    /// there are none.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Reassembled> {
        self.time_out(now);
        mem::take(&mut self.given_up)
    }

    /// Gives up everything, at the end of the capture, and returns the cut datagrams.
    pub fn flush(&mut self) -> Vec<Reassembled> {
        while let Some((key, waiting)) = self.waiting.pop_oldest_if(|_| true) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        while let Some((_, completed)) = self.completed.pop_oldest_if(|_| true) {
            self.cost -= completed.parts.cost();
        }
        mem::take(&mut self.given_up)
    }

    /// The anomalies since the last call, each with the last frame concerned.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// What became of the fragments so far.
    pub fn counts(&self) -> FragmentCounts {
        self.counts
    }

    /// Whether the fragment belongs to a datagram that is complete already. One that contradicts it is of a new datagram
    /// under the same identification, so the old one is forgotten.
    fn is_late_duplicate(&mut self, fragment: &Fragment<'_>) -> bool {
        let Some(completed) = self.completed.get(&fragment.key) else { return false };
        if !completed.parts.contradicts(fragment) {
            return true;
        }
        if let Some(completed) = self.completed.remove(&fragment.key) {
            self.cost -= completed.parts.cost();
        }
        false
    }

    /// Gives up the incomplete datagram of `key` if it is so old that a contradicting fragment is one of a new datagram.
    fn give_up_if_reused(&mut self, key: FragmentKey, time: Timestamp) -> bool {
        let reused = self.waiting.get(&key).is_some_and(|waiting| time.since(waiting.last_time) >= FRAGMENT_ID_REUSE);
        if reused && let Some(waiting) = self.waiting.remove(&key) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        reused
    }

    /// Reports an overlap, once for each datagram.
    fn note_overlap(&mut self, key: FragmentKey, fragment: &Fragment<'_>, frame: FrameRef, time: Timestamp) {
        let waiting = self.waiting.entry(key, || Waiting::new(fragment, time));
        if !mem::replace(&mut waiting.overlapped, true) {
            self.anomalies.push((Anomaly::FragmentOverlap, frame));
        }
    }

    /// Delivers a complete datagram and remembers it.
    fn complete(&mut self, key: FragmentKey) -> Option<Reassembled> {
        let waiting = self.waiting.remove(&key)?;
        self.counts.completed += 1;
        let delivered = waiting.deliver(key);
        let Waiting { parts, last_time: time, .. } = waiting;
        self.completed.entry(key, || Completed { parts, time });
        delivered
    }

    /// Gives up datagrams, and forgets completed ones, that are older than the timeout.
    fn time_out(&mut self, now: Timestamp) {
        let is_over = |time| now.since(time) > FRAGMENT_TIMEOUT;
        while let Some((key, waiting)) = self.waiting.pop_oldest_if(|waiting| is_over(waiting.first_time)) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        while let Some((_, completed)) = self.completed.pop_oldest_if(|completed| is_over(completed.time)) {
            self.cost -= completed.parts.cost();
        }
    }

    /// Makes room: completed datagrams are forgotten before waiting ones are given up.
    fn keep_limits(&mut self) {
        while self.completed.len() > COMPLETED_DATAGRAMS || self.cost > FRAGMENT_OCTETS {
            let Some((_, completed)) = self.completed.pop_oldest_if(|_| true) else { break };
            self.cost -= completed.parts.cost();
        }
        while self.waiting.len() > FRAGMENTED_DATAGRAMS || self.cost > FRAGMENT_OCTETS {
            let Some((key, waiting)) = self.waiting.pop_oldest_if(|_| true) else { break };
            self.give_up(key, &waiting, Anomaly::FragmentLimit);
        }
    }

    /// Takes leave of an incomplete datagram, already out of the table.
    fn give_up(&mut self, key: FragmentKey, waiting: &Waiting, anomaly: Anomaly) {
        self.cost -= waiting.parts.cost();
        self.counts.incomplete += 1;
        self.anomalies.push((anomaly, waiting.last_frame()));
        self.given_up.extend(waiting.deliver(key));
    }
}
