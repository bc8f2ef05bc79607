//! Request lines and status lines (RFC 3261 §7.1, §7.2), read tolerantly.

use super::memo::Memo;
use super::method::Code;
use super::places::Span;
use super::{Method, StatusCode, octets, plain, probe};
use crate::anomaly::Anomaly;

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartLine {
    /// A request, with its Request-URI.
    Request { method: Code, uri: Span },
    /// A response, with its reason phrase.
    Response { status: StatusCode, phrase: Span },
}

/// Kinds of messages, for those who remember what messages of each had.
pub(super) const KINDS: usize = 64;

impl StartLine {
    /// One of [`KINDS`]: those of different methods differ, and most of different statuses.
    pub(super) fn kind(self) -> usize {
        match self {
            Self::Request { method, .. } => method.place() % (KINDS / 2),
            Self::Response { status, .. } => {
                KINDS / 2 + (usize::from(status.0 / 10) + usize::from(status.0)) % (KINDS / 2)
            }
        }
    }
}

/// A start line with its surroundings.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) start: StartLine,
    /// The method, if it is no known one.
    pub(super) other: Option<Method>,
    /// The octets of the line without its end.
    pub(super) length: usize,
    /// Where the next line begins.
    pub(super) next: usize,
    /// Whether nothing is wrong with its Request-URI, if it has one.
    pub(super) is_plain: bool,
}

/// The octets of the longest known method with the blank behind it, at least.
const LONGEST_METHOD: usize = 16;

/// A start line that came lately.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    start: StartLine,
    /// The octets of the line without its end.
    length: usize,
}

impl From<Start> for Begin {
    fn from(Start { start, length }: Start) -> Self {
        Self { start, other: None, length, next: length + 2, is_plain: true }
    }
}

/// A start line as nearly all are, which is one for [`probe::is_sip`] too and has nothing odd; `None` says nothing.
pub(super) fn usual(bytes: &[u8], memo: &mut Memo<Start>) -> Option<Begin> {
    if let Some((start, _)) = memo.find(bytes) {
        return Some((*start).into());
    }
    let start = if bytes.starts_with(b"SIP/") { usual_response(bytes) } else { usual_request(bytes) }?;
    let rest = bytes.get(start.length..)?;
    if !rest.starts_with(b"\r\n") {
        return None;
    }
    memo.note(bytes, start.length + 2, start);
    Some(start.into())
}

/// The line without its end, if that is what comes next; so of the others.
fn usual_response(bytes: &[u8]) -> Option<Start> {
    let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', phrase @ ..] = bytes.strip_prefix(b"SIP/2.0 ")?
    else {
        return None;
    };
    let digit = |digit: &u8| u16::from(digit - b'0');
    let status = StatusCode(digit(a) * 100 + digit(b) * 10 + digit(c));
    phrase.first().filter(|first| first.is_ascii_graphic())?;
    let from = bytes.len() - phrase.len();
    let length = from + octets::printable(phrase);
    Some(Start { start: StartLine::Response { status, phrase: Span::new(from, length) }, length })
}

fn usual_request(bytes: &[u8]) -> Option<Start> {
    let blank = octets::find(bytes.get(..LONGEST_METHOD)?, b' ')?;
    let method = Code::known(bytes.get(..blank)?)?;
    let behind = plain::behind_uri(bytes.get(blank + 1..)?)?;
    let end = bytes.len() - behind.len();
    let version = b" SIP/2.0";
    behind.strip_prefix(version)?;
    let start = StartLine::Request { method, uri: Span::new(blank + 1, end) };
    let length = end + version.len();
    (length < probe::LINE_MAX).then_some(Start { start, length })
}

/// The start line at the beginning, if there is one.
pub(super) fn begin(bytes: &[u8], odd: &mut Vec<Anomaly>) -> Option<Begin> {
    let (line, next) = line(bytes, odd);
    let (start, other) = read(line, odd)?;
    Some(Begin { start, other, length: line.len(), next, is_plain: false })
}

/// The first line without its end, and where the next one begins. A bare CR ends it too, as it cannot be part of it.
fn line<'a>(bytes: &'a [u8], odd: &mut Vec<Anomaly>) -> (&'a [u8], usize) {
    let end = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
    let behind = bytes.get(end..).unwrap_or_default();
    let length = match behind {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => {
            odd.push(Anomaly::BareLineFeed);
            1
        }
        [b'\r', ..] => {
            odd.push(Anomaly::StartLineMalformed);
            1
        }
        _ => 0,
    };
    (bytes.get(..end).unwrap_or_default(), end + length)
}

/// Reads a start line without its line end, with a method that is not known, and says what is odd about it.
fn read(line: &[u8], odd: &mut Vec<Anomaly>) -> Option<(StartLine, Option<Method>)> {
    if probe::is_status_line(line) {
        return read_response(line, odd).map(|response| (response, None));
    }
    read_request(line, odd)
}

fn read_response(line: &[u8], odd: &mut Vec<Anomaly>) -> Option<StartLine> {
    let blank = line.iter().position(u8::is_ascii_whitespace)?;
    version(line.get(..blank)?, odd);
    let from = blank + line.get(blank..)?.iter().position(|b| !b.is_ascii_whitespace())?;
    let (status, rest) = super::number::leading(line.get(from..)?)?;
    let status = u16::try_from(status).unwrap_or(u16::MAX);
    if from != blank + 1 || !(rest.is_empty() || rest.starts_with(b" ")) {
        odd.push(Anomaly::StartLineMalformed);
    }
    if !(100..700).contains(&status) {
        odd.push(Anomaly::StatusOutOfRange);
    }
    let phrase = Span::new(line.len() - rest.trim_ascii_start().len(), line.len());
    Some(StartLine::Response { status: StatusCode(status), phrase })
}

fn read_request(line: &[u8], odd: &mut Vec<Anomaly>) -> Option<(StartLine, Option<Method>)> {
    let blank = memchr::memchr(b' ', line)?;
    let trimmed = line.trim_ascii_end();
    let version_at = memchr::memrchr(b' ', trimmed)? + 1;
    version(trimmed.get(version_at..)?, odd);
    let uri = line.get(blank..version_at)?;
    let text = uri.trim_ascii();
    let from = blank + (uri.len() - uri.trim_ascii_start().len());
    if trimmed.len() < line.len() || uri.len() != text.len() + 2 || text.iter().any(u8::is_ascii_whitespace) {
        odd.push(Anomaly::StartLineMalformed);
    }
    let (method, other) = Method::coded(line.get(..blank)?);
    Some((StartLine::Request { method, uri: Span::new(from, from + text.len()) }, other))
}

fn version(text: &[u8], odd: &mut Vec<Anomaly>) {
    if !text.eq_ignore_ascii_case(b"SIP/2.0") {
        odd.push(Anomaly::VersionUnsupported);
    }
}
