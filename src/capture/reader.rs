//! An open capture, frame by frame.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use super::announced::Announced;
use super::buffer::Buffer;
use super::compression::{Damage, damage};
use super::info::CaptureInfo;
use super::open::{Layout, Opened, open};
use super::record::{Fault, Located, Record, Secrets};
use super::source::{Counted, Input};
use crate::error::Error;
use crate::limits::TIME_STEP_BACK;
use crate::provenance::{FrameNumber, FrameRef, Timestamp};
use crate::tally::Tally;

/// One captured link-layer unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its file (0 but for [`Merged`](super::Merged)) and number.
    pub reference: FrameRef,
    /// When it was captured. A simple packet of pcapng has no time, others may have an impossible one: they get that of the frame before.
    pub time: Timestamp,
    /// Number of the LINKTYPE registry.
    pub link_type: u16,
    /// Octets on the wire; more than `bytes` has when the snap length cut it. May include a frame check sequence.
    pub original_length: u32,
    /// The octets that were captured.
    pub bytes: &'a [u8],
}

/// An open capture. Memory is one buffer, however long the capture is.
pub struct Capture {
    buffer: Buffer,
    layout: Layout,
    info: CaptureInfo,
    /// The frame at the beginning of the buffer.
    current: Option<Located>,
    /// What [`Self::is_at_hand`] found behind it.
    ahead: Option<Result<Option<Located>, Fault>>,
    time: Timestamp,
    /// That of the last frame.
    link_type: Option<u16>,
    /// Whether more can be read at any time, as of files: then nobody ever waits for a frame.
    is_there: bool,
    ended: bool,
}

impl Capture {
    /// Opens an input and recognises its format; reads no frame yet.
    ///
    /// # Errors
    /// [`Error::Read`] when it cannot be opened or read, [`Error::NotACapture`] when it is something else.
    pub fn open(input: &Input) -> Result<Self, Error> {
        let reader = input.reader().map_err(|source| Error::Read { path: input.path(), source })?;
        Self::from_opened(open(input.path(), reader), input.can_be_read_again())
    }

    /// As [`Self::open`]; what is read of the input is counted.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_watched(input: &Input, tally: &Arc<Tally>) -> Result<Self, Error> {
        let reader = input.reader().map_err(|source| Error::Read { path: input.path(), source })?;
        let counted = Counted { reader, tally: Arc::clone(tally) };
        Self::from_opened(open(input.path(), Box::new(counted)), input.can_be_read_again())
    }

    /// As [`Self::open`], for any source of octets; `path` is what reports and errors call it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_reader(path: PathBuf, reader: impl Read + Send + 'static) -> Result<Self, Error> {
        Self::from_opened(open(path, Box::new(reader)), false)
    }

    fn from_opened(opened: Result<Opened, Error>, is_there: bool) -> Result<Self, Error> {
        let Opened { buffer, layout, info } = opened?;
        Ok(Self {
            buffer,
            layout,
            info,
            current: None,
            ahead: None,
            time: Timestamp::default(),
            link_type: None,
            is_there,
            ended: false,
        })
    }

    /// What is known of the capture: complete once [`Self::next_frame`] returned `None`.
    pub fn info(&self) -> &CaptureInfo {
        &self.info
    }

    /// Returns the next frame, as soon as it is complete; `None` at the end. A capture cut inside a frame just ends, with
    /// [`CaptureInfo::truncated`] set.
    ///
    /// # Errors
    /// [`Error::Corrupt`] at a place that cannot be read, [`Error::Read`] when the system fails to; once, then `None`.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        self.advance()?;
        Ok(self.frame())
    }

    /// Goes to the next frame, which [`Self::frame`] then returns; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        self.leave();
        if self.ended {
            return Ok(false);
        }
        let next = self.ahead.take().unwrap_or_else(|| self.locate());
        match next {
            Ok(Some(located)) => self.note(located),
            Ok(None) => self.end(),
            Err(fault) => {
                self.end();
                return self.fault(fault).map(|()| false);
            }
        }
        Ok(self.current.is_some())
    }

    /// Whether [`Self::next_frame`] need not read on, which may mean waiting, as it never does where files are read. The frame before is
    /// given up.
    pub fn is_at_hand(&mut self) -> bool {
        self.leave();
        if self.is_there || self.ended || self.ahead.is_some() {
            return true;
        }
        self.buffer.forbid_reading();
        let next = self.locate();
        let is_at_hand = !self.buffer.permit_reading();
        self.ahead = is_at_hand.then_some(next);
        is_at_hand
    }

    /// What the file says in front of its first frame; reads on to it, if need be. Call it before the first frame is read.
    pub fn announced(&mut self) -> Announced {
        if self.info.frames == 0 && !self.ended && self.ahead.is_none() {
            self.ahead = Some(self.locate());
        }
        match &self.layout {
            Layout::Pcap(_) => Announced::default(),
            Layout::Pcapng(pcapng) => pcapng.announced.clone(),
        }
    }

    /// Leaves the current frame.
    fn leave(&mut self) {
        if let Some(previous) = self.current.take() {
            self.buffer.consume_octets(previous.record_length);
        }
    }

    fn locate(&mut self) -> Result<Option<Located>, Fault> {
        match &mut self.layout {
            Layout::Pcap(pcap) => pcap.locate(&mut self.buffer),
            Layout::Pcapng(pcapng) => pcapng.locate(&mut self.buffer),
        }
    }

    /// The frame that [`Self::advance`] went to.
    pub(super) fn frame(&self) -> Option<Frame<'_>> {
        let located = self.current?;
        Some(Frame {
            reference: FrameRef { file: 0, number: self.number() },
            time: self.time,
            link_type: located.link_type,
            original_length: located.original_length,
            bytes: self.buffer.data().get(located.start..located.start + located.length)?,
        })
    }

    /// The frame that [`Self::next_frame`] returned last, with what the file says beside its octets; `None` where there is none.
    pub fn record(&self) -> Option<Record<'_>> {
        let (located, frame) = (self.current?, self.frame()?);
        match &self.layout {
            Layout::Pcap(pcap) => Some(pcap.record(frame)),
            Layout::Pcapng(pcapng) => pcapng.record(frame, &located, self.buffer.data().get(..located.record_length)?),
        }
    }

    /// Says that decryption secrets are wanted from here on.
    pub fn keep_secrets(&mut self) {
        if let Layout::Pcapng(pcapng) = &mut self.layout {
            pcapng.keep_secrets();
        }
    }

    /// Whether [`Self::take_secrets`] has any.
    pub fn has_secrets(&self) -> bool {
        match &self.layout {
            Layout::Pcap(_) => false,
            Layout::Pcapng(pcapng) => pcapng.has_secrets(),
        }
    }

    /// The secrets that were found since they were last taken, at most [`SECRET_OCTETS`](crate::limits::SECRET_OCTETS) of them.
    pub fn take_secrets(&mut self) -> Vec<Secrets> {
        match &mut self.layout {
            Layout::Pcap(_) => Vec::new(),
            Layout::Pcapng(pcapng) => pcapng.take_secrets(),
        }
    }

    /// The number of the last frame.
    fn number(&self) -> FrameNumber {
        let others = match &self.layout {
            Layout::Pcap(_) => 0,
            Layout::Pcapng(pcapng) => pcapng.other_records,
        };
        FrameNumber(self.info.frames + others)
    }

    fn note(&mut self, located: Located) {
        self.info.frames += 1;
        if let Some(time) = located.time {
            let known = self.info.last_time.is_some();
            if known && self.time.since(time) > TIME_STEP_BACK {
                self.info.steps_back += 1;
            }
            self.time = time;
            self.info.first_time = Some(self.info.first_time.map_or(time, |first| first.min(time)));
            self.info.last_time = self.info.last_time.max(Some(time));
        } else {
            self.info.timeless += 1;
        }
        if self.link_type != Some(located.link_type) {
            self.link_type = Some(located.link_type);
            self.info.link_types.insert(located.link_type);
        }
        self.current = Some(located);
    }

    fn end(&mut self) {
        self.ended = true;
        if let Layout::Pcapng(pcapng) = &self.layout {
            self.info.dropped = pcapng.drops.total();
        }
    }

    /// What a fault means: the end of a capture that was cut, or an error.
    fn fault(&mut self, fault: Fault) -> Result<(), Error> {
        let what = match fault {
            Fault::Cut => None,
            Fault::Corrupt(what) => Some(what),
            Fault::Io(source) => match damage(&source) {
                Some(Damage::Cut(_)) => None,
                Some(damage) => Some(damage.to_string()),
                None => {
                    self.info.corrupt = true;
                    return Err(Error::Read { path: self.info.path.clone(), source });
                }
            },
        };
        let Some(what) = what else {
            self.info.truncated = true;
            return Ok(());
        };
        self.info.corrupt = true;
        Err(Error::Corrupt { path: self.info.path.clone(), frame: self.number().0, offset: self.buffer.offset(), what })
    }
}
