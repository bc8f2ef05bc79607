//! Frames on their way from the reader to the tracker: many at a time. Where threads prepare them, their octets lie in one buffer
//! meanwhile; one thread alone prepares each where it was read.

use std::hint::black_box;
use std::mem;

use super::front::{Front, Step};
use super::prepare::{Prepared, prepare};
use crate::capture::{Frame, Secrets};
use crate::error::Error;
use crate::media::Heard;
use crate::net::{PayloadKind, media_ends, without_sip};
use crate::provenance::{FrameRef, Timestamp};
use crate::sip::Reader;

/// A batch is full with so many octets: enough to make handing it on cheap, few enough to stay in the caches.
const FULL_OCTETS: usize = 192 << 10;
/// And with so many frames.
const FULL_FRAMES: usize = 1024;
/// And with so many skipped ones, of which only the times are kept.
const FULL_SKIPPED: usize = 32 * FULL_FRAMES;
/// As many are prepared before they are looked at where one thread does everything in turn: each stage finds its code in the caches of the
/// processor then, and the messages are still in them.
const READY_FRAMES: usize = 64;

/// The messages of so many frames are fetched together before they are tracked.
const FETCHED_FRAMES: usize = 16;

/// Frames in order, and what became known behind the last of them: read, then prepared, then tracked, then empty again. Frames that
/// hold no SIP and need no state are told as they come, and leave nothing but their times.
#[derive(Debug, Default)]
pub(super) struct Batch {
    heads: Vec<Head>,
    octets: Vec<u8>,
    /// Those of `heads`, once they are prepared, each with the number of skipped frames in front of it; and places for others.
    frames: Vec<(usize, Prepared)>,
    /// How many of them are frames.
    prepared: usize,
    /// The octets of those of them that were prepared where they were read.
    prepared_octets: usize,
    skipped: Skipped,
    pub(super) after: After,
}

/// What is left of frames without SIP.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    times: Vec<Timestamp>,
    octets: u64,
    kinds: Vec<(PayloadKind, u64)>,
    /// The packets of RTP among them.
    media: Heard,
}

impl Skipped {
    fn add(&mut self, frame: &Frame<'_>, kind: PayloadKind) {
        if kind == PayloadKind::Rtp
            && let Some(ends) = media_ends(frame.bytes)
        {
            self.media.add(self.times.len(), frame.reference, ends);
        }
        self.times.push(frame.time);
        self.octets += frame.bytes.len() as u64;
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((kind, 1)),
        }
    }
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
    /// Skipped frames of the batch in front of it.
    skipped: usize,
}

impl Batch {
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        if let Some(kind) = without_sip(frame.link_type, frame.bytes, frame.original_length) {
            self.skipped.add(frame, kind);
            return;
        }
        self.octets.extend_from_slice(frame.bytes);
        self.heads.push(Head {
            reference: frame.reference,
            time: frame.time,
            link_type: frame.link_type,
            original_length: frame.original_length,
            length: frame.bytes.len(),
            skipped: self.skipped.times.len(),
        });
    }

    /// Takes the next frame and prepares it at once.
    pub(super) fn push_prepared(&mut self, frame: &Frame<'_>, reader: &mut Reader) {
        if let Some(kind) = without_sip(frame.link_type, frame.bytes, frame.original_length) {
            self.skipped.add(frame, kind);
            return;
        }
        self.prepared_octets += frame.bytes.len();
        let skipped = self.skipped.times.len();
        if let Some(place) = next_place(&mut self.frames, &mut self.prepared, skipped) {
            prepare(frame, reader, place);
        }
    }

    /// Whether so many frames are prepared that it is time to look at what they hold.
    pub(super) fn is_ready(&self) -> bool {
        self.prepared >= READY_FRAMES || self.prepared_octets >= FULL_OCTETS || self.skipped.times.len() >= FULL_SKIPPED
    }

    pub(super) fn is_full(&self) -> bool {
        self.octets.len() >= FULL_OCTETS || self.heads.len() >= FULL_FRAMES || self.skipped.times.len() >= FULL_SKIPPED
    }

    pub(super) fn is_empty(&self) -> bool {
        let after = &self.after;
        let nothing_behind = after.error.is_none() && !after.lossy && after.secrets.is_empty();
        self.heads.is_empty() && self.skipped.times.is_empty() && nothing_behind
    }

    /// Prepares its frames.
    pub(super) fn prepare(&mut self, reader: &mut Reader) {
        let mut rest = self.octets.as_slice();
        self.frames.reserve(self.heads.len());
        for head in self.heads.drain(..) {
            let (bytes, behind) = rest.split_at_checked(head.length).unwrap_or((rest, &[]));
            rest = behind;
            let Head { reference, time, link_type, original_length, skipped, .. } = head;
            let frame = Frame { reference, time, link_type, original_length, bytes };
            if let Some(place) = next_place(&mut self.frames, &mut self.prepared, skipped) {
                prepare(&frame, reader, place);
            }
        }
        self.octets.clear();
    }

    /// Takes all frames, which are prepared, through the stages that need them in order; `hand_on` may take the steps behind each. The batch is
    /// empty then, for its memory to be used again.
    pub(super) fn track(&mut self, front: &mut Front, steps: &mut Vec<Step>, mut hand_on: impl FnMut(&mut Vec<Step>)) {
        let Skipped { times, media, .. } = &mut self.skipped;
        let mut taken = 0;
        let prepared = self.frames.get_mut(..mem::take(&mut self.prepared)).unwrap_or_default();
        for frames in prepared.chunks_mut(FETCHED_FRAMES) {
            fetch(frames);
            for (before, frame) in frames {
                if *before > taken {
                    front.skipped(times, taken..*before, media, steps);
                    taken = *before;
                }
                front.frame(frame, steps);
                hand_on(steps);
            }
        }
        self.prepared_octets = 0;
        front.skipped(times, taken..times.len(), media, steps);
        times.clear();
        media.clear();
        front.count_skipped(mem::take(&mut self.skipped.octets), self.skipped.kinds.drain(..));
    }
}

/// Fetches what the tracker asks of messages. Those that another thread prepared lie in the caches of its core, and the others have left the
/// nearest one. The tracker would wait for each place, as it needs one to find the next; those of several messages come together.
fn fetch(frames: &[(usize, Prepared)]) {
    let messages = || frames.iter().flat_map(|(_, frame)| &frame.messages).map(|captured| &captured.message);
    black_box(messages().fold(0, |sum, message| sum ^ message.touch_places()));
    black_box(messages().fold(0, |sum, message| sum ^ message.touch_identifiers()));
}

/// The place for the next frame, which has so many skipped ones in front of it.
fn next_place<'f>(
    frames: &'f mut Vec<(usize, Prepared)>,
    prepared: &mut usize,
    skipped: usize,
) -> Option<&'f mut Prepared> {
    if *prepared == frames.len() {
        frames.push(Default::default());
    }
    let (before, place) = frames.get_mut(*prepared)?;
    (*before, *prepared) = (skipped, *prepared + 1);
    Some(place)
}
