//! What is known of a capture beside its frames.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::compression::Compression;
use super::link_type::link_type_name;
use crate::anomaly::Anomaly;
use crate::lang::{Fill as _, Text, phrase};
use crate::provenance::Timestamp;

/// The name of that format.
pub(super) const PCAPNG: &str = "pcapng";

/// The format of a capture file. Its display, such as `pcap, nanoseconds, big-endian, gzip`, names what is unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// `pcap` or `pcapng`.
    pub name: &'static str,
    /// Variants of classic pcap, in words; empty for the usual one, in microseconds and little-endian order.
    pub variants: Vec<&'static str>,
    /// Compression, the outer one first.
    pub compression: Vec<Compression>,
}

impl Format {
    /// Whether it is pcapng, however compressed.
    pub fn is_pcapng(&self) -> bool {
        self.name == PCAPNG
    }

    /// As a phrase.
    pub fn text(&self) -> Text {
        let variants = self.variants.iter().map(|word| Text::new(word).fill());
        let compression = self.compression.iter().map(|kind| kind.name().fill());
        Text::list(", ", std::iter::once(self.name.fill()).chain(variants).chain(compression))
    }
}

phrase!(Format);

/// Facts of a capture; of the part that was read so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInfo {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// Link types (numbers of the LINKTYPE registry) of the frames; a classic pcap has one, also without frames.
    pub link_types: BTreeSet<u16>,
    /// Frames read. Frame numbers go further where Wireshark numbers blocks that are none, such as entries of a journal.
    pub frames: u64,
    /// Whether the file ends inside a frame or block, or its compressed data end early.
    pub truncated: bool,
    /// Whether reading ended at a place that is corrupt or unreadable, which [`Error`](crate::error::Error) told.
    pub corrupt: bool,
    /// Packets that the capturing program says it lost (pcapng only).
    pub dropped: u64,
    /// Frames whose time lies more than [`TIME_STEP_BACK`](crate::limits::TIME_STEP_BACK) before the frame in front.
    pub steps_back: u64,
    /// Frames that the format gives no time (simple packet blocks), or a time before 1677 or behind 2262.
    pub timeless: u64,
    /// The earliest time of a frame.
    pub first_time: Option<Timestamp>,
    /// The latest time of a frame.
    pub last_time: Option<Timestamp>,
}

impl CaptureInfo {
    /// The anomalies of the capture file itself, with their counts, which are above 0.
    pub fn anomalies(&self) -> impl Iterator<Item = (Anomaly, u64)> {
        [
            (Anomaly::CaptureTruncated, u64::from(self.truncated)),
            (Anomaly::TimeWentBackwards, self.steps_back),
            (Anomaly::PacketsDropped, self.dropped),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
    }

    /// What makes the result incomplete beside lost packets and errors, in words. Files of a merged capture are `named`: frames
    /// are numbered per file.
    pub fn incomplete(&self, named: bool) -> Vec<Text> {
        let file = if named { Text::verbatim(self.path.display()) } else { Text::new("the file") };
        let mut reasons = Vec::new();
        if self.truncated {
            let text = Text::new("{file} ends inside a frame, after frame {frame}");
            reasons.push(text.with("file", &file).with("frame", self.frames));
        }
        if self.timeless > 0 {
            let text = Text::count(
                self.timeless,
                "{file} has {n} frame without a usable time: nothing that is said of durations is proven",
                "{file} has {n} frames without a usable time: nothing that is said of durations is proven",
            );
            reasons.push(text.with("file", file));
        }
        reasons
    }

    /// The names of the link types, in the order of their numbers.
    pub fn link_type_names(&self) -> impl Iterator<Item = String> {
        self.link_types.iter().map(|number| link_type_name(*number))
    }
}
