//! A window on a stream of octets that grows to what a record needs, and knows its offset in the stream.

use std::io::{self, BufRead, Read};
use std::mem;

/// Octets read but not yet consumed, in front of a reader.
pub(super) struct Buffer {
    reader: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// The size it gets once it was full, which short inputs never come to.
    usual: usize,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    reading: Reading,
}

/// Whether the reader may be asked for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Permitted,
    Forbidden,
    /// Forbidden, and it would have been necessary.
    Missed,
}

impl Buffer {
    pub(super) fn new(reader: Box<dyn Read + Send>, size: usize) -> Self {
        Self {
            reader,
            bytes: vec![0; size.max(1)],
            usual: size,
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            reading: Reading::Permitted,
        }
    }

    /// Makes the buffer at least so large as soon as its present size has been of use.
    pub(super) fn expect(&mut self, size: usize) {
        self.usual = size;
    }

    /// Makes the buffer at least so large.
    fn grow(&mut self, size: usize) {
        if size > self.bytes.len() {
            // New and not resized: fresh zeros cost nothing until they are written to.
            let mut bytes = vec![0; size];
            if let Some(to) = bytes.get_mut(..self.end - self.start) {
                to.copy_from_slice(self.data());
            }
            (self.bytes, self.end, self.start) = (bytes, self.end - self.start, 0);
        }
    }

    /// What was read and not yet consumed.
    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Position of the first octet of [`Self::data`] in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until at least `wanted` octets are there, and no further than that: a live capture must not wait for the next
    /// frame. False when the stream ends before; what there is stays.
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        while self.end - self.start < wanted {
            if self.ended {
                return Ok(false);
            }
            if self.reading != Reading::Permitted {
                self.reading = Reading::Missed;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.make_room(wanted);
            self.read_once()?;
        }
        Ok(true)
    }

    /// From here on [`Self::fill`] fails rather than read on.
    pub(super) fn forbid_reading(&mut self) {
        self.reading = Reading::Forbidden;
    }

    /// Ends [`Self::forbid_reading`]; returns whether there was a need to read.
    pub(super) fn permit_reading(&mut self) -> bool {
        mem::replace(&mut self.reading, Reading::Permitted) == Reading::Missed
    }

    /// Gives up the first `count` octets.
    pub(super) fn consume_octets(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += u64::try_from(count).unwrap_or(u64::MAX);
    }

    fn make_room(&mut self, wanted: usize) {
        // By steps: a short input should not pay for the buffer of a long one.
        let full = if self.end == self.bytes.len() { self.usual.min(2 * self.end) } else { 0 };
        self.grow(wanted.max(full));
        if self.start == self.end || self.start + wanted > self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.end, self.start) = (self.end - self.start, 0);
        }
    }

    fn read_once(&mut self) -> io::Result<()> {
        let space = self.bytes.get_mut(self.end..).unwrap_or_default();
        match self.reader.read(space) {
            Ok(0) => self.ended = true,
            Ok(count) => self.end += count.min(space.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.ended = true;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Read for Buffer {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume_octets(count);
        Ok(count)
    }
}

impl BufRead for Buffer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill(1)?;
        Ok(self.data())
    }

    fn consume(&mut self, amount: usize) {
        self.consume_octets(amount);
    }
}
