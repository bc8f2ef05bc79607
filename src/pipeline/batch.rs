//! Frames on their way from the reader to the threads that prepare them: many at a time, in one buffer.

use super::prepare::{Prepared, prepare};
use crate::capture::{Frame, Secrets};
use crate::error::Error;
use crate::provenance::{FrameRef, Timestamp};

/// A batch is full with so many octets: enough to make handing it on cheap, few enough to stay in the caches.
const FULL_OCTETS: usize = 192 << 10;
/// And with so many frames.
const FULL_FRAMES: usize = 1024;

/// Frames in order, and what became known behind the last of them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    heads: Vec<Head>,
    octets: Vec<u8>,
    pub(super) after: After,
}

/// What became known behind the frames of a batch.
#[derive(Debug, Default)]
pub(super) struct After {
    /// A place that could not be read.
    pub(super) error: Option<Error>,
    /// Packets are known to be missing.
    pub(super) lossy: bool,
    /// Secrets that the capture holds.
    pub(super) secrets: Vec<Secrets>,
}

#[derive(Debug)]
struct Head {
    reference: FrameRef,
    time: Timestamp,
    link_type: u16,
    original_length: u32,
    length: usize,
}

impl Batch {
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        self.octets.extend_from_slice(frame.bytes);
        self.heads.push(Head {
            reference: frame.reference,
            time: frame.time,
            link_type: frame.link_type,
            original_length: frame.original_length,
            length: frame.bytes.len(),
        });
    }

    pub(super) fn is_full(&self) -> bool {
        self.octets.len() >= FULL_OCTETS || self.heads.len() >= FULL_FRAMES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.after.error.is_none() && !self.after.lossy && self.after.secrets.is_empty()
    }

    /// Prepares its frames.
    pub(super) fn prepare(&self) -> Vec<Prepared> {
        let mut rest = self.octets.as_slice();
        let mut prepared = Vec::with_capacity(self.heads.len());
        for head in &self.heads {
            let (bytes, behind) = rest.split_at_checked(head.length).unwrap_or((rest, &[]));
            rest = behind;
            let Head { reference, time, link_type, original_length, .. } = *head;
            prepared.push(prepare(&Frame { reference, time, link_type, original_length, bytes }));
        }
        prepared
    }

    /// Empties it, for its memory to be used again; returns what was behind its frames.
    pub(super) fn reset(&mut self) -> After {
        self.heads.clear();
        self.octets.clear();
        std::mem::take(&mut self.after)
    }
}
