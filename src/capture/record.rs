//! What both capture formats give: where the next frame lies, or why there is none.

use std::io;

use super::interface::Interface;
use super::reader::Frame;
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
    /// `None` where the format has no time (simple packet blocks), or one that lies too far away.
    pub(super) time: Option<Timestamp>,
    pub(super) link_type: u16,
    /// Its number in the section.
    pub(super) interface: u32,
}

/// A frame with what the capture says of it beside its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Where it was captured.
    pub interface: &'a Interface,
    /// Which interface of the file that is, counted from 0 over all sections.
    pub interface_number: usize,
    /// Comments (pcapng).
    pub comments: Vec<&'a [u8]>,
    /// Direction, kind of reception, errors of the link layer (pcapng `epb_flags`).
    pub flags: Option<u32>,
}

/// Secrets that a pcapng file holds for the decryption of its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// What they are, such as 0x544c534b for a key log of TLS.
    pub kind: u32,
    /// As they stand in the file.
    pub bytes: Vec<u8>,
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
