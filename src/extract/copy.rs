//! Frames into the file, with their interfaces and comments.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::key_log::TLS_KEY_LOG;
use crate::capture::{Announced, EXTRACT, Packet, Record, Secrets, Statistics, Writer};
use crate::report::escape;

/// What is known of a capture whose frames are copied.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// What it is said to be in front of the frames.
    pub(super) announced: Announced,
    /// Packets that were lost.
    pub(super) dropped: u64,
    /// What was asked for.
    pub(super) filter: String,
}

/// Writes frames of one capture after the other.
pub(super) struct Copier<W: Write> {
    writer: Writer<W>,
    /// The numbers of interfaces of the capture at hand, by file and number there.
    interfaces: BTreeMap<(u16, usize), u32>,
    statistics: Statistics,
    written: u64,
}

impl<W: Write> Copier<W> {
    /// Begins the file.
    pub(super) fn new(out: W, about: &About) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        let is_extract = about.announced.is_extract;
        let application = if is_extract { format!("{EXTRACT} {version}") } else { format!("sipscan {version}") };
        let filter = format!("sipscan extract: {}", escape::terminal(&about.filter));
        let mut comments = if about.filter.is_empty() { Vec::new() } else { vec![filter] };
        if is_extract {
            comments.append(&mut about.announced.comments());
        }
        let comments: Vec<&str> = comments.iter().map(String::as_str).collect();
        let writer = Writer::new(out, &application, &comments)?;
        Ok(Self { writer, interfaces: BTreeMap::new(), statistics: Statistics::default(), written: 0 })
    }

    /// What follows comes from another capture.
    pub(super) fn next_capture(&mut self, about: &About) {
        self.interfaces.clear();
        let Announced { start, end, .. } = about.announced;
        self.statistics = Statistics { start, end, dropped: Some(about.dropped).filter(|lost| *lost > 0) };
    }

    pub(super) fn secrets(&mut self, secrets: &Secrets) -> io::Result<()> {
        self.writer.secrets(secrets.kind, &secrets.bytes)
    }

    /// Writes lines of a key log in front of the frames that they are for, if there are any.
    pub(super) fn key_log(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() { Ok(()) } else { self.writer.secrets(TLS_KEY_LOG, lines) }
    }

    /// Copies a frame, with further comments.
    pub(super) fn frame(&mut self, record: &Record<'_>, more: &[String]) -> io::Result<()> {
        let interface = self.interface(record)?;
        let known = record.comments.iter().copied();
        // A file that was cut out of another has some of them already.
        let new = more.iter().map(String::as_bytes).filter(|comment| !record.comments.contains(comment));
        let comments: Vec<&[u8]> = known.chain(new).collect();
        let frame = &record.frame;
        self.written += 1;
        self.writer.packet(&Packet {
            interface,
            time: frame.time,
            original_length: frame.original_length,
            bytes: frame.bytes,
            flags: record.flags,
            comments: &comments,
        })
    }

    /// Describes an interface before its first frame; behind the first of them, the capture itself.
    fn interface(&mut self, record: &Record<'_>) -> io::Result<u32> {
        let key = (record.frame.reference.file, record.interface_number);
        if let Some(number) = self.interfaces.get(&key) {
            return Ok(*number);
        }
        let number = self.writer.interface(record.interface)?;
        if self.interfaces.is_empty() {
            self.writer.statistics(number, self.statistics.end.unwrap_or(record.frame.time), self.statistics)?;
        }
        self.interfaces.insert(key, number);
        Ok(number)
    }

    /// Ends the file; returns the number of frames.
    pub(super) fn finish(self) -> io::Result<u64> {
        self.writer.finish()?;
        Ok(self.written)
    }
}
