//! From an input to the reader of its format, through one or two layers of compression.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::PathBuf;

use super::buffer::Buffer;
use super::compression::{Compression, Decompressor, damage};
use super::detect::{Kind, detect};
use super::info::{CaptureInfo, Format, PCAPNG};
use super::octets::ByteOrder;
use super::pcap::{self, Pcap, Variant};
use super::pcapng::Pcapng;
use crate::error::Error;
use crate::limits::{CAPTURE_BUFFER_OCTETS, COMPRESSION_LAYERS};

/// Inputs are read in pieces of this size until one of them is full.
const FIRST_BUFFER_OCTETS: usize = 64 << 10;
/// The same where only the format is asked for.
const PROBE_OCTETS: usize = 4 << 10;

/// The reader of a format.
#[derive(Debug)]
pub(super) enum Layout {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// An input whose format is known, read up to its first frame or block.
pub(super) struct Opened {
    pub(super) buffer: Buffer,
    pub(super) layout: Layout,
    pub(super) info: CaptureInfo,
}

/// Recognises the format of an input and reads its header.
pub(super) fn open(path: PathBuf, reader: Box<dyn Read + Send>) -> Result<Opened, Error> {
    open_by(FIRST_BUFFER_OCTETS, path, reader)
}

/// Whether it would [`open`]; what is read for that is thrown away, so it is little.
pub(super) fn probe(path: PathBuf, reader: Box<dyn Read + Send>) -> Result<(), Error> {
    open_by(PROBE_OCTETS, path, reader).map(drop)
}

fn open_by(pieces: usize, path: PathBuf, reader: Box<dyn Read + Send>) -> Result<Opened, Error> {
    let mut buffer = Buffer::new(reader, pieces);
    let mut compression = Vec::new();
    loop {
        match detect(&mut buffer) {
            Err(source) => return Err(unreadable(path, source)),
            Ok(Kind::Compressed(_)) if compression.len() >= COMPRESSION_LAYERS => {
                return Err(not_a_capture(path, "data compressed several times", &compression));
            }
            Ok(Kind::Compressed(kind)) => match Decompressor::new(kind, buffer) {
                Ok(inner) => {
                    compression.push(kind);
                    buffer = Buffer::new(Box::new(inner), pieces);
                }
                Err(source) => return Err(Error::Read { path, source }),
            },
            Ok(Kind::Other(what)) => return Err(not_a_capture(path, &what, &compression)),
            Ok(Kind::Pcap(variant)) => return open_pcap(path, buffer, variant, compression),
            Ok(Kind::Pcapng) => return Ok(open_pcapng(path, buffer, compression)),
        }
    }
}

fn open_pcap(
    path: PathBuf,
    mut buffer: Buffer,
    variant: Variant,
    compression: Vec<Compression>,
) -> Result<Opened, Error> {
    let pcap = buffer.data().first_chunk().and_then(|header| Pcap::new(variant, header));
    let Some(pcap) = pcap else {
        return Err(not_a_capture(path, "a pcap file of an unknown version", &compression));
    };
    buffer.consume_octets(pcap::HEADER);
    buffer.expect(CAPTURE_BUFFER_OCTETS);
    let mut variants = Vec::new();
    variants.extend(variant.modified.then_some("modified"));
    variants.extend(variant.nanoseconds.then_some("nanoseconds"));
    variants.extend((variant.order == ByteOrder::Big).then_some("big-endian"));
    let mut info = info(path, Format { name: "pcap", variants, compression });
    info.link_types.insert(pcap.link_type);
    Ok(Opened { buffer, layout: Layout::Pcap(pcap), info })
}

fn open_pcapng(path: PathBuf, mut buffer: Buffer, compression: Vec<Compression>) -> Opened {
    buffer.expect(CAPTURE_BUFFER_OCTETS);
    let info = info(path, Format { name: PCAPNG, variants: Vec::new(), compression });
    Opened { buffer, layout: Layout::Pcapng(Pcapng::new()), info }
}

fn info(path: PathBuf, format: Format) -> CaptureInfo {
    CaptureInfo {
        path,
        format,
        link_types: BTreeSet::new(),
        frames: 0,
        truncated: false,
        corrupt: false,
        dropped: 0,
        steps_back: 0,
        timeless: 0,
        first_time: None,
        last_time: None,
    }
}

fn not_a_capture(path: PathBuf, what: &str, compression: &[Compression]) -> Error {
    let what = match compression.last() {
        Some(kind) => format!("{} data that hold {what}", kind.name()),
        None => what.into(),
    };
    Error::NotACapture { path, what }
}

/// Compressed data that are damaged at their very beginning are no capture.
fn unreadable(path: PathBuf, source: io::Error) -> Error {
    match damage(&source) {
        Some(damage) => Error::NotACapture { path, what: damage.to_string() },
        None => Error::Read { path, source },
    }
}
