//! How far a run is, for whoever watches it: written by the stages, read by the display of progress.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only grow. They are approximate while a run lasts, and no result depends on them.
#[derive(Debug, Default)]
pub struct Tally {
    octets: AtomicU64,
    messages: AtomicU64,
    calls: AtomicU64,
}

impl Tally {
    /// Octets were read from an input.
    pub fn read(&self, octets: usize) {
        self.octets.fetch_add(octets as u64, Ordering::Relaxed);
    }

    /// A call with so many messages is over.
    pub fn call(&self, messages: usize) {
        self.messages.fetch_add(messages as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Octets that were read of all inputs, as they lie on the disk.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }

    /// Messages of the calls that are over.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Calls (and registrations and the like) that are over.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}
