//! Several captures as one, in time order: the files of a rolling capture, or captures of several hosts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::announced::Announced;
use super::info::CaptureInfo;
use super::reader::{Capture, Frame};
use super::record::{Record, Secrets};
use super::source::Input;
use crate::error::{Error, shown};
use crate::provenance::{FrameRef, Timestamp};
use crate::tally::Tally;

/// Several captures read as one. Frames come in the order of their times; those of one file keep their order, and where
/// times are equal the file that was named first comes first.
///
/// A file is open only from its first frame to its last, so that a thousand files of a rolling capture take the memory of
/// one or two.
pub struct Merged {
    parts: Vec<Part>,
    /// The time of the next frame of every file that has one.
    queue: BinaryHeap<Reverse<(Timestamp, u16)>>,
    current: Option<u16>,
    /// Whether decryption secrets are wanted, and those of captures that have ended.
    secrets: Option<Vec<Secrets>>,
    announced: Option<Announced>,
    tally: Arc<Tally>,
}

enum Part {
    /// Not yet reached; looked into for its first frame, and closed again.
    Waiting(Input, CaptureInfo),
    Open(Box<Capture>),
    Ended(CaptureInfo),
}

impl Merged {
    /// Opens captures. Those that cannot be opened are left out, and are among the errors; the others are counted from 0 in
    /// [`FrameRef::file`] and in [`Self::infos`], in the order of `inputs`.
    pub fn open(inputs: &[Input]) -> (Self, Vec<Error>) {
        Self::open_watched(inputs, &Arc::default())
    }

    /// As [`Self::open`]; what is read of the inputs is counted.
    pub fn open_watched(inputs: &[Input], tally: &Arc<Tally>) -> (Self, Vec<Error>) {
        let tally = Arc::clone(tally);
        let mut merged =
            Self { parts: Vec::new(), queue: BinaryHeap::new(), current: None, secrets: None, announced: None, tally };
        let errors = inputs.iter().filter_map(|input| merged.add(input).err()).collect();
        (merged, errors)
    }

    fn add(&mut self, input: &Input) -> Result<(), Error> {
        let index = u16::try_from(self.parts.len())
            .map_err(|_| Error::Usage(format!("{}: too many captures to merge", shown(&input.path()))))?;
        // A file that is opened again is counted then.
        let mut capture =
            if input.can_be_read_again() { Capture::open(input)? } else { Capture::open_watched(input, &self.tally)? };
        let announced = capture.announced();
        let all = self.announced.get_or_insert(announced.clone());
        all.add(announced.start, announced.end, announced.is_lossy);
        all.is_extract &= announced.is_extract;
        // What all SIP of one went from or to, that of another need not.
        if all.receivers.is_empty() {
            all.everywhere = announced.everywhere;
        } else if !announced.receivers.is_empty() {
            all.everywhere.retain(|host| announced.everywhere.contains(host));
        }
        all.receivers.extend(announced.receivers);
        all.senders.extend(announced.senders);
        let first = capture.advance();
        let part = match capture.frame() {
            Some(frame) => {
                self.queue.push(Reverse((frame.time, index)));
                let info = capture.info().clone();
                if input.can_be_read_again() {
                    Part::Waiting(input.clone(), info)
                } else {
                    Part::Open(Box::new(capture))
                }
            }
            None => Part::Ended(capture.info().clone()),
        };
        self.parts.push(part);
        first.map(|_| ())
    }

    /// What is known of each capture: complete once [`Self::next_frame`] returned `None`.
    pub fn infos(&self) -> impl Iterator<Item = &CaptureInfo> {
        self.parts.iter().map(|part| match part {
            Part::Waiting(_, info) | Part::Ended(info) => info,
            Part::Open(capture) => capture.info(),
        })
    }

    /// Returns the next frame of all captures; `None` when all have ended.
    ///
    /// # Errors
    /// As [`Capture::next_frame`], once for each capture; the others go on.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(file) = self.current.take() {
            self.advance(file)?;
        }
        let file = loop {
            let Some(Reverse((_, file))) = self.queue.pop() else { return Ok(None) };
            if self.wake(file)? {
                break file;
            }
        };
        self.current = Some(file);
        let Some(Part::Open(capture)) = self.parts.get(usize::from(file)) else { return Ok(None) };
        Ok(capture.frame().map(|frame| Frame { reference: FrameRef { file, ..frame.reference }, ..frame }))
    }

    /// As [`Capture::announced`], of all captures together.
    pub fn announced(&self) -> Announced {
        self.announced.clone().unwrap_or_default()
    }

    /// As [`Capture::record`].
    pub fn record(&self) -> Option<Record<'_>> {
        let file = self.current?;
        let Part::Open(capture) = self.parts.get(usize::from(file))? else { return None };
        let mut record = capture.record()?;
        record.frame.reference.file = file;
        Some(record)
    }

    /// As [`Capture::keep_secrets`].
    pub fn keep_secrets(&mut self) {
        self.secrets.get_or_insert_default();
        for part in &mut self.parts {
            if let Part::Open(capture) = part {
                capture.keep_secrets();
            }
        }
    }

    /// As [`Capture::has_secrets`], of all captures.
    pub fn has_secrets(&self) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| !secrets.is_empty())
    }

    /// As [`Capture::take_secrets`], of all captures.
    pub fn take_secrets(&mut self) -> Vec<Secrets> {
        self.secrets.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Goes on in a capture whose frame was used.
    fn advance(&mut self, file: u16) -> Result<(), Error> {
        let Some(part) = self.parts.get_mut(usize::from(file)) else { return Ok(()) };
        let Part::Open(capture) = part else { return Ok(()) };
        let result = capture.advance();
        if let Some(secrets) = &mut self.secrets {
            secrets.append(&mut capture.take_secrets());
        }
        match capture.frame() {
            Some(frame) => self.queue.push(Reverse((frame.time, file))),
            None => *part = Part::Ended(capture.info().clone()),
        }
        result.map(|_| ())
    }

    /// Opens a capture whose first frame is the next. False when it has none any more.
    fn wake(&mut self, file: u16) -> Result<bool, Error> {
        let Some(part) = self.parts.get_mut(usize::from(file)) else { return Ok(false) };
        let Part::Waiting(input, info) = part else { return Ok(true) };
        let mut opened = Capture::open_watched(input, &self.tally);
        if let (Ok(capture), true) = (&mut opened, self.secrets.is_some()) {
            capture.keep_secrets();
        }
        let found = opened.as_mut().map_or(Ok(false), Capture::advance);
        if let (Ok(capture), Some(secrets)) = (&mut opened, &mut self.secrets) {
            secrets.append(&mut capture.take_secrets());
        }
        let (next, result) = match opened {
            Ok(capture) => (Part::Open(Box::new(capture)), found),
            Err(error) => (Part::Ended(CaptureInfo { frames: 0, corrupt: true, ..info.clone() }), Err(error)),
        };
        *part = next;
        result
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::files::{START, Written, pcap, pcapng};
    use super::super::octets::ByteOrder::{Big, Little};
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: &[i64]) -> Vec<Written> {
        let frame = |second| Written { time: START + second * SECOND, bytes: vec![1, 2, 3], original_length: 3 };
        seconds.iter().map(|second| frame(*second)).collect()
    }

    fn written(folder: &Path, files: &[&[u8]]) -> Vec<Input> {
        let write = |(index, bytes): (usize, &&[u8])| {
            let path = folder.join(index.to_string());
            std::fs::write(&path, bytes).unwrap();
            Input::File(path)
        };
        files.iter().enumerate().map(write).collect()
    }

    /// File, frame number and second of every frame; `None` for an error.
    fn read(merged: &mut Merged) -> Vec<Option<(u16, u64, i64)>> {
        let mut read = Vec::new();
        loop {
            read.push(match merged.next_frame() {
                Ok(None) => return read,
                Ok(Some(frame)) => {
                    Some((frame.reference.file, frame.reference.number.0, (frame.time.0 - START) / SECOND))
                }
                Err(_) => None,
            });
        }
    }

    #[test]
    fn frames_come_in_time_order_with_their_own_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            pcap(Little, 0xa1b2_c3d4, &at(&[10, 20, 30])),
            pcapng(Big, &at(&[])),
            pcapng(Big, &at(&[0, 10, 10, 40])),
            pcap(Big, 0xa1b2_3c4d, &at(&[50, 60])),
        ];
        let inputs = written(folder.path(), &files.each_ref().map(Vec::as_slice));
        let (mut merged, errors) = Merged::open(&inputs);
        assert!(errors.is_empty());
        let expected =
            [(2, 1, 0), (0, 1, 10), (2, 2, 10), (2, 3, 10), (0, 2, 20), (0, 3, 30), (2, 4, 40), (3, 1, 50), (3, 2, 60)];
        assert_eq!(read(&mut merged), expected.map(Some));
        assert!(merged.next_frame().unwrap().is_none());
        let frames: Vec<_> = merged.infos().map(|info| (info.path.clone(), info.frames)).collect();
        let expected: Vec<_> = inputs.iter().map(Input::path).zip([3, 0, 4, 2]).collect();
        assert_eq!(frames, expected);
    }

    #[test]
    fn a_bad_capture_does_not_stop_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let whole = pcap(Little, 0xa1b2_c3d4, &at(&[1, 2, 3, 4]));
        let mut corrupt = whole.clone();
        corrupt[24 + 2 * 19 + 11] = 0x7f;
        let mut corrupt_at_once = whole.clone();
        corrupt_at_once[24 + 11] = 0x7f;
        let files: [&[u8]; 5] = [b"text", &corrupt, &whole, &whole[..24 + 19 + 5], &corrupt_at_once];
        let mut inputs = written(folder.path(), &files);
        inputs.push(Input::File(folder.path().join("absent")));
        let (mut merged, errors) = Merged::open(&inputs);
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(matches!(errors[0], Error::NotACapture { .. }));
        assert!(matches!(errors[1], Error::Corrupt { .. }));
        assert!(matches!(errors[2], Error::Read { .. }));
        let read = read(&mut merged);
        assert_eq!(read.iter().filter(|frame| frame.is_none()).count(), 1);
        let of = |file| read.iter().flatten().filter(|(of, ..)| *of == file).count();
        assert_eq!([of(0), of(1), of(2), of(3)], [2, 4, 1, 0]);
        let infos: Vec<_> = merged.infos().map(|info| (info.frames, info.truncated, info.corrupt)).collect();
        assert_eq!(infos, [(2, false, true), (4, false, false), (1, true, false), (0, false, true)]);
    }

    #[test]
    fn files_that_vanished_or_shrank_meanwhile_do_not_stop_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let [early, late, later, last] = [1, 2, 3, 4].map(|second| pcap(Little, 0xa1b2_c3d4, &at(&[second])));
        let inputs = written(folder.path(), &[&early, &late, &later, &last]);
        let (mut merged, _) = Merged::open(&inputs);
        std::fs::remove_file(inputs[1].path()).unwrap();
        std::fs::write(inputs[2].path(), &later[..30]).unwrap();
        assert_eq!(read(&mut merged), [Some((0, 1, 1)), None, Some((3, 1, 4))]);
        let infos: Vec<_> = merged.infos().map(|info| (info.frames, info.corrupt, info.truncated)).collect();
        assert_eq!(infos, [(1, false, false), (0, true, false), (0, false, true), (1, false, false)]);
    }
}
