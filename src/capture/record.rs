//! What both capture formats give: where the next frame lies, or why there is none.

use std::io;

use crate::provenance::Timestamp;

/// The next frame, by its place in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    /// Octets of the whole record or block.
    pub(super) record_length: usize,
    /// Where the octets of the frame begin in it.
    pub(super) start: usize,
    /// How many were captured.
    pub(super) length: usize,
    pub(super) original_length: u32,
    /// `None` where the format has no time (simple packet blocks).
    pub(super) time: Option<Timestamp>,
    pub(super) link_type: u16,
}

/// Why there is no next frame.
#[derive(Debug)]
pub(super) enum Fault {
    /// The input ends inside a record.
    Cut,
    /// The record is impossible.
    Corrupt(String),
    /// The input could not be read.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Lengths of the file are 32 bits wide.
pub(super) fn to_usize(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
