//! What the pipeline wants of captures, be it one or several.

use super::announced::Announced;
use super::info::CaptureInfo;
use super::merge::Merged;
use super::reader::{Capture, Frame};
use super::record::{Record, Secrets};
use crate::error::Error;

/// What frames come from.
pub trait Frames: Send {
    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// As [`Capture::next_frame`].
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error>;

    /// Whether the next frame, or the end, can be told without waiting for input. Of several captures that is not known, and taken
    /// for granted.
    fn is_at_hand(&mut self) -> bool;

    /// What is said in front of the first frame, which is read if need be.
    fn announced(&mut self) -> Announced;

    /// Packets that the capturing program lost, as far as is known yet.
    fn dropped(&self) -> u64;

    /// What is known of each capture.
    fn infos(&self) -> Vec<&CaptureInfo>;

    /// The frame that was returned last, with what its file says beside its octets.
    fn record(&self) -> Option<Record<'_>>;

    /// Says that decryption secrets are wanted from here on.
    fn keep_secrets(&mut self);

    /// Whether there are any to take; asked behind every frame.
    fn has_secrets(&self) -> bool;

    /// The secrets that were found since they were last taken.
    fn take_secrets(&mut self) -> Vec<Secrets>;
}

impl Frames for Capture {
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        self.next_frame()
    }

    fn is_at_hand(&mut self) -> bool {
        self.is_at_hand()
    }

    fn announced(&mut self) -> Announced {
        self.announced()
    }

    fn dropped(&self) -> u64 {
        self.info().dropped
    }

    fn infos(&self) -> Vec<&CaptureInfo> {
        vec![self.info()]
    }

    fn record(&self) -> Option<Record<'_>> {
        self.record()
    }

    fn keep_secrets(&mut self) {
        self.keep_secrets();
    }

    fn has_secrets(&self) -> bool {
        self.has_secrets()
    }

    fn take_secrets(&mut self) -> Vec<Secrets> {
        self.take_secrets()
    }
}

impl Frames for Merged {
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        self.next_frame()
    }

    fn is_at_hand(&mut self) -> bool {
        true
    }

    fn announced(&mut self) -> Announced {
        Self::announced(self)
    }

    fn dropped(&self) -> u64 {
        self.infos().map(|info| info.dropped).sum()
    }

    fn infos(&self) -> Vec<&CaptureInfo> {
        self.infos().collect()
    }

    fn record(&self) -> Option<Record<'_>> {
        self.record()
    }

    fn keep_secrets(&mut self) {
        self.keep_secrets();
    }

    fn has_secrets(&self) -> bool {
        self.has_secrets()
    }

    fn take_secrets(&mut self) -> Vec<Secrets> {
        self.take_secrets()
    }
}
