//! The few ways in which sipscan itself fails. Odd traffic is an [`Anomaly`](crate::anomaly::Anomaly), not an error.

use std::path::{Path, PathBuf};

use crate::lang::Text;
use crate::report::escape;

/// What went wrong, with the place. Messages are lower-case fragments; `main` adds a `help:` line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or standard input could not be opened or read.
    #[error("{path}: {source}", path = shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The input is not a capture; `what` says what it is instead.
    #[error("{path}: not a capture: {what}", path = shown(path))]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What was found in its place, such as `a text file` or `a Microsoft Network Monitor capture`.
        what: String,
    },
    /// The capture is corrupt from this place on; what came before was analysed.
    #[error("{path}: corrupt at byte {offset}, after frame {frame}: {what}", path = shown(path))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Number of the last good frame.
        frame: u64,
        /// Byte offset (in the decompressed data) of the block or record that could not be read.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A directory holds no capture.
    #[error("{path}: no capture in this directory", path = shown(path))]
    EmptyDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A report could not be written.
    #[error("{path}: cannot write the report: {source}", path = shown(path))]
    Write {
        /// The file, or `standard output`.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
}

/// A path in a message of one line: the names of files are anybody's, and may hold line ends and escape sequences.
pub(crate) fn shown(path: &Path) -> String {
    escape::terminal(&path.display().to_string()).into_owned()
}

impl Error {
    /// The same for a report, which has languages. What the operating system and the readers of formats say stays English.
    pub fn text(&self) -> Text {
        self.text_named(None)
    }

    /// The same with another name for the file.
    pub fn text_named(&self, name: Option<&str>) -> Text {
        let of = |template, path: &Path| {
            Text::new(template).with("path", name.map_or_else(|| path.display().to_string(), str::to_owned))
        };
        match self {
            Self::Read { path, source } => of("{path}: {source}", path).with("source", source.to_string()),
            Self::NotACapture { path, what } => of("{path}: not a capture: {what}", path).with("what", what),
            Self::Corrupt { path, frame, offset, what } => {
                let text = of("{path}: corrupt at byte {offset}, after frame {frame}: {what}", path);
                text.with("offset", offset).with("frame", frame).with("what", what)
            }
            Self::EmptyDirectory { path } => of("{path}: no capture in this directory", path),
            Self::Write { path, source } => {
                of("{path}: cannot write the report: {source}", path).with("source", source.to_string())
            }
            Self::Usage(text) => Text::verbatim(name.unwrap_or(text)),
        }
    }

    /// A next step for the user, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotACapture { .. } => Some(
                "sipscan reads pcap and pcapng, plain or as gzip, zstd, lz4 or xz; convert other formats with `editcap -F pcapng IN OUT`",
            ),
            Self::Corrupt { .. } => {
                Some("everything before that place was analysed; `editcap` or `pcapfix` may recover the rest")
            }
            Self::EmptyDirectory { .. } => {
                Some("captures are recognised by content or by their names, in all subdirectories")
            }
            Self::Read { .. } | Self::Write { .. } | Self::Usage(_) => None,
        }
    }
}
