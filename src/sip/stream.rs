//! The messages of a stream: where each begins and ends (RFC 3261 §18.3), however the octets arrive.

use std::ops::Range;

use super::{HeaderName, Method, number, probe};
use crate::anomaly::Anomaly;
use crate::limits::{STREAM_MESSAGE_OCTETS, STREAM_PROBE};

/// Longer methods than this, in octets, are not taken for any in a stream.
const METHOD_MAX: usize = 64;

/// What stands at the beginning of octets that have come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// More octets are needed.
    More,
    /// A message of so many octets, and what is odd about its framing.
    Message {
        /// Octets from the start line to the end of the body.
        length: usize,
        /// What only the stream shows.
        odd: Option<Anomaly>,
    },
    /// No SIP.
    Other,
}

/// What is known of the message at the beginning, so that octets are looked at once however few come at a time.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Lines before this place were read.
    scanned: usize,
    has_start_line: bool,
    head: Head,
    /// Where the header block ends.
    head_end: Option<usize>,
}

/// What the header block says of the body.
#[derive(Debug, Clone, Default)]
struct Head {
    content_length: ContentLength,
    has_type: bool,
    is_sdp: bool,
}

/// The first Content-Length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ContentLength {
    #[default]
    Missing,
    /// No number.
    Unreadable,
    Octets(usize),
}

impl Progress {
    /// Where the message ends, if its header block says so.
    pub fn end(&self) -> Option<usize> {
        match self.head.content_length {
            ContentLength::Octets(length) => self.head_end?.checked_add(length),
            ContentLength::Missing | ContentLength::Unreadable => None,
        }
    }

    /// Whether there is a whole start line.
    pub fn has_start_line(&self) -> bool {
        self.has_start_line
    }

    /// Looks at the beginning of `bytes`, at which a message is expected; line ends in front of it were taken away.
    pub fn next(&mut self, bytes: &[u8]) -> Next {
        if !self.has_start_line {
            match self.start_line(bytes) {
                Some(true) => {}
                Some(false) => return Next::Other,
                None => return Next::More,
            }
        }
        let Some(head_end) = self.head_end.or_else(|| self.header_block(bytes)) else { return Next::More };
        match self.head.content_length {
            ContentLength::Octets(length) if length <= STREAM_MESSAGE_OCTETS => {
                self.known(bytes, head_end, head_end + length)
            }
            // What is wrong with the value shows when the message is read.
            ContentLength::Octets(_) | ContentLength::Unreadable => {
                Next::Message { length: self.rest(bytes), odd: None }
            }
            ContentLength::Missing => {
                let length = if self.head.has_type { self.rest(bytes) } else { head_end };
                Next::Message { length, odd: Some(Anomaly::ContentLengthMissing) }
            }
        }
    }

    /// How many octets belong to the message if no more come: up to the next start line, or all.
    pub fn rest(&self, bytes: &[u8]) -> usize {
        let from = self.head_end.unwrap_or(self.scanned).max(1);
        find_start_line(bytes, from..bytes.len()).unwrap_or(bytes.len())
    }

    /// Whether there is a start line; `None` if nobody can tell yet.
    fn start_line(&mut self, bytes: &[u8]) -> Option<bool> {
        let Some(end) = memchr::memchr(b'\n', bytes.get(self.scanned..)?) else {
            let goes_on = bytes.len() < STREAM_PROBE && may_begin(bytes);
            self.scanned = bytes.len();
            return if goes_on { None } else { Some(false) };
        };
        self.has_start_line = is_start(bytes);
        self.scanned += end + 1;
        Some(self.has_start_line)
    }

    /// Reads lines up to the blank one; returns where the body begins.
    fn header_block(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(rest) = bytes.get(self.scanned..) {
            let length = memchr::memchr(b'\n', rest)?;
            let line = rest.get(..length).unwrap_or_default();
            self.scanned += length + 1;
            if line.is_empty() || line == b"\r" {
                self.head_end = Some(self.scanned);
                break;
            }
            self.head.line(line);
        }
        self.head_end
    }

    /// A message whose end is known.
    fn known(&mut self, bytes: &[u8], head_end: usize, end: usize) -> Next {
        let message = |length| Next::Message { length, odd: None };
        let body_end = end.min(bytes.len());
        // No line of SDP looks like a start line: one that does belongs to the next message.
        let is_strict = self.head.is_sdp || !self.head.has_type;
        let scanned = self.scanned.max(head_end);
        if is_strict && let Some(inner) = find_start_line(bytes, scanned..body_end) {
            return message(inner);
        }
        if bytes.len() < end {
            self.scanned = last_line(bytes, scanned);
            return Next::More;
        }
        let last = last_line(bytes, scanned);
        if is_strict && last < end && bytes.get(last..).is_some_and(begins_like_sip) && bytes.len() < end + STREAM_PROBE
        {
            // The next message may begin there: its line will tell.
            return Next::More;
        }
        // Other bodies may hold start lines. They count where the stream does not go on behind the claimed end.
        let behind = bytes.get(end..).unwrap_or_default();
        let goes_on = matches!(behind, [] | [b'\r' | b'\n', ..]) || may_begin(behind);
        let inner = if goes_on { None } else { find_start_line(bytes, head_end..body_end) };
        message(inner.unwrap_or(end))
    }
}

impl Head {
    fn line(&mut self, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
        let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        match HeaderName::read(name) {
            HeaderName::ContentLength if self.content_length == ContentLength::Missing => {
                self.content_length = number::whole(value).map_or(ContentLength::Unreadable, |length| {
                    ContentLength::Octets(usize::try_from(length).unwrap_or(usize::MAX))
                });
            }
            HeaderName::ContentType if !self.has_type => {
                self.has_type = true;
                let sdp = b"application/sdp";
                self.is_sdp = value.get(..sdp.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(sdp));
            }
            _ => {}
        }
    }
}

/// Finds the first line that begins in a range and holds a whole start line: at its beginning, or behind a body that has no line
/// end.
fn find_start_line(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let mut at = range.start;
    // The range begins behind the line end of the header block, or with a line.
    while at < range.end {
        let rest = bytes.get(at..)?;
        let length = memchr::memchr(b'\n', rest)?;
        if let Some(inner) = rest.get(..=length).and_then(start_in_line).filter(|inner| at + inner < range.end) {
            return Some(at + inner);
        }
        at += length + 1;
    }
    None
}

/// Where a start line begins in a line.
fn start_in_line(line: &[u8]) -> Option<usize> {
    let whole = is_start(line);
    if whole && (probe::is_status_line(line) || has_known_method(line)) {
        return Some(0);
    }
    let status =
        memchr::memmem::find(line, b"SIP/2.0 ").filter(|at| line.get(*at..).is_some_and(probe::is_status_line));
    let request = || {
        let known = Method::KNOWN.iter().filter_map(|known| memchr::memmem::find(line, known.name().as_bytes()));
        known.filter(|at| line.get(*at..).is_some_and(is_start)).min()
    };
    let ends_like_one = line.trim_ascii_end().ends_with(b" SIP/2.0");
    status.or_else(|| if ends_like_one { request() } else { None }).or_else(|| whole.then_some(0))
}

fn has_known_method(line: &[u8]) -> bool {
    let method = line.iter().position(|b| *b == b' ').and_then(|end| line.get(..end)).unwrap_or_default();
    Method::KNOWN.iter().any(|known| known.name().as_bytes() == method)
}

/// Where the last line begins.
fn last_line(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memrchr(b'\n', rest).map_or(from, |at| from + at + 1)
}

/// What was found in octets among which a message may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A start line at that place.
    StartLine(usize),
    /// None; the last line, which may become one, begins at that place.
    Line(usize),
    /// None, and no line begins in them.
    Nothing,
}

/// Looks for the first start line; the first octet counts as the beginning of a line if `at_line` says so.
pub fn search(bytes: &[u8], at_line: bool) -> Found {
    let first = if at_line { Some(0) } else { memchr::memchr(b'\n', bytes).map(|at| at + 1) };
    let Some(first) = first else { return Found::Nothing };
    match find_start_line(bytes, first..bytes.len()) {
        Some(at) => Found::StartLine(at),
        None => Found::Line(last_line(bytes, first)),
    }
}

/// Whether octets with a line end begin with a start line. The end of one, behind a gap, is none: what is not known for a method
/// has a URI with a scheme behind it.
pub fn is_start(bytes: &[u8]) -> bool {
    let has_uri = || {
        let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
        bytes.get(..end).is_some_and(|line| memchr::memchr(b':', line).is_some())
    };
    probe::is_sip(bytes) && may_begin(bytes) && (probe::is_status_line(bytes) || has_known_method(bytes) || has_uri())
}

/// Whether octets, with or without a line end, may begin with a start line: a method of bearable length and a blank, or the name of
/// the version.
pub fn may_begin(bytes: &[u8]) -> bool {
    let begin = bytes.get(..METHOD_MAX).unwrap_or(bytes);
    let token = begin.iter().position(|b| !probe::is_token(*b)).unwrap_or(begin.len());
    match begin.get(token) {
        None => begin.len() < METHOD_MAX,
        Some(b' ') => token > 0,
        Some(b'/') => begin.get(..token).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP")),
        Some(_) => false,
    }
}

/// Whether a line that has no end yet looks like a start line: a status line as far as the version, or a method and a URI.
fn begins_like_sip(bytes: &[u8]) -> bool {
    if bytes.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"SIP/2")) {
        return true;
    }
    let token = bytes.iter().position(|b| !probe::is_token(*b)).unwrap_or(0);
    let uri = bytes.get(token..).unwrap_or_default();
    token > 0 && [&b" sip:"[..], b" sips:", b" tel:"].iter().any(|scheme| uri.starts_with(scheme))
}
