//! gzip, zstd, lz4 and xz, recognised by content and read as a stream, with a bound on how much they may expand.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::bufread::GzDecoder;

use super::buffer::Buffer;
use crate::limits::{EXPANSION_FREE_OCTETS, EXPANSION_RATIO, XZ_MEMORY_KIB, ZSTD_WINDOW_LOG};

/// A kind of compression that sipscan undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// gzip, of one or several members.
    Gzip,
    /// Zstandard, of one or several frames.
    Zstd,
    /// LZ4 frames.
    Lz4,
    /// xz, of one or several streams.
    Xz,
}

impl Compression {
    /// The name, as in `gzip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }

    /// Recognises the first octets.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }
}

/// What is wrong with compressed data; travels inside an [`io::Error`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// They end before their end.
    Cut(Compression),
    /// They cannot be decompressed further; with the decoder's words.
    Corrupt(Compression, String),
    /// They expand beyond the limit.
    Expansion(Compression),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(kind) => write!(f, "the {} data end early", kind.name()),
            Self::Corrupt(kind, why) => write!(f, "the {} data are corrupt: {why}", kind.name()),
            Self::Expansion(kind) => {
                write!(f, "the {} data expand more than {EXPANSION_RATIO} times (limit)", kind.name())
            }
        }
    }
}

impl std::error::Error for Damage {}

/// What is wrong with compressed data, if the error is about that.
pub(super) fn damage(error: &io::Error) -> Option<&Damage> {
    error.get_ref()?.downcast_ref()
}

/// What the decoder took from its source; decoders do not let one look after an error.
#[derive(Debug, Default)]
struct Taken {
    octets: AtomicU64,
    failed: AtomicBool,
    /// Whether the source has no more.
    ended: AtomicBool,
    /// The last eight octets, as a big-endian number.
    last: AtomicU64,
}

/// The compressed data, observed.
struct Source {
    buffer: Buffer,
    taken: Arc<Taken>,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.buffer.fill(1) {
            Ok(more) => self.taken.ended.store(!more, Ordering::Relaxed),
            Err(error) => {
                self.taken.failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(self.buffer.data())
    }

    fn consume(&mut self, amount: usize) {
        let octets = self.buffer.data().get(..amount).unwrap_or_default();
        let tail = octets.get(amount.saturating_sub(8)..).unwrap_or_default();
        let last =
            tail.iter().fold(self.taken.last.load(Ordering::Relaxed), |last, octet| last << 8 | u64::from(*octet));
        self.taken.last.store(last, Ordering::Relaxed);
        self.taken.octets.fetch_add(u64::try_from(amount).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.buffer.consume_octets(amount);
    }
}

/// The decoder of gzip is asked for so many octets at once: what it made of them is lost when it then meets damage.
const GZIP_PIECE: usize = 4096;

/// Reads the members of a gzip file one after the other. Zeros behind them (of tapes and block devices) are the end.
struct Gzip {
    member: Option<GzDecoder<Source>>,
}

impl Read for Gzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = out.len().min(GZIP_PIECE);
        let out = out.get_mut(..size).unwrap_or_default();
        while let Some(mut member) = self.member.take() {
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                self.member = Some(member);
                return Ok(count);
            }
            let mut source = member.into_inner();
            match source.fill_buf()? {
                [] | [0, ..] => break,
                [0x1f, ..] => self.member = Some(GzDecoder::new(source)),
                _ => return Err(io::Error::other("something else follows behind their end")),
            }
        }
        Ok(0)
    }
}

/// Reads the decompressed data; after an error, nothing more.
pub(super) struct Decompressor {
    kind: Compression,
    /// `None` after an error, when decoders may panic.
    decoder: Option<Box<dyn Read + Send>>,
    taken: Arc<Taken>,
    given: u64,
}

impl Decompressor {
    pub(super) fn new(kind: Compression, buffer: Buffer) -> io::Result<Self> {
        let taken = Arc::new(Taken::default());
        let source = Source { buffer, taken: Arc::clone(&taken) };
        let decoder: Box<dyn Read + Send> = match kind {
            Compression::Gzip => Box::new(Gzip { member: Some(GzDecoder::new(source)) }),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(source)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(source)),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(source, true, XZ_MEMORY_KIB)),
        };
        Ok(Self { kind, decoder: Some(decoder), taken, given: 0 })
    }

    fn read_decoder(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let before = self.taken.octets.load(Ordering::Relaxed);
        let count = decoder.read(out)?;
        if count > 0 || out.is_empty() || self.kind != Compression::Lz4 {
            return Ok(count);
        }
        // The decoder ends after each frame, and where the data end early between two blocks.
        if self.taken.ended.load(Ordering::Relaxed) {
            let last = self.taken.last.load(Ordering::Relaxed);
            let ended_well = last.trailing_zeros() >= 32 || last >> 32 == 0;
            return if ended_well { Ok(0) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if self.taken.octets.load(Ordering::Relaxed) == before {
            return Ok(0);
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    fn check_expansion(&mut self, count: usize) -> io::Result<()> {
        self.given = self.given.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let taken = self.taken.octets.load(Ordering::Relaxed);
        if self.given > EXPANSION_FREE_OCTETS && self.given / EXPANSION_RATIO > taken {
            self.decoder = None;
            return Err(io::Error::other(Damage::Expansion(self.kind)));
        }
        Ok(())
    }

    fn damage(&self, error: io::Error) -> io::Error {
        if self.taken.failed.load(Ordering::Relaxed) {
            return error;
        }
        // The decoder of xz has other words for some cuts.
        let wanted_more = self.kind == Compression::Xz && self.taken.ended.load(Ordering::Relaxed);
        io::Error::other(if wanted_more || error.kind() == io::ErrorKind::UnexpectedEof {
            Damage::Cut(self.kind)
        } else {
            Damage::Corrupt(self.kind, error.to_string())
        })
    }
}

impl Read for Decompressor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.read_decoder(out) {
            Ok(count) => self.check_expansion(count).map(|()| count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.decoder = None;
                Err(self.damage(error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
