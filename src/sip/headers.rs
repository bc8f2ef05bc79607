//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;

use super::HeaderName;
use super::exemplar::Exemplar;
use super::line::{self, Doubts, End, Known, Line};
use super::memo::Memo;
use super::method::Code;
use super::places::{Fields, Names, Span, offset};
use crate::anomaly::Anomaly;

/// The header block of a message, without its fields.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Where the body begins.
    pub(super) end: usize,
    /// Where the last line ends that is no header field, with those that go on with it.
    other_end: usize,
    /// The names that occur more than once.
    pub(super) repeated: Names,
    /// What is not known of its lines.
    pub(super) doubts: Doubts,
    /// The tag of From; `None` if nobody looked.
    pub(super) from_tag: Option<Span>,
    /// That of To.
    pub(super) to_tag: Option<Span>,
    /// The first Call-ID; none if nobody looked as well.
    pub(super) call_id: Span,
    /// The branch of the first Via value.
    pub(super) branch: Option<Span>,
    /// Where the parameters of a plain first Via value begin; 0 of others.
    pub(super) via_parameters: u32,
    /// CSeq, if it is as usual.
    pub(super) cseq: Option<(u32, Code)>,
    /// Content-Length, if it is as usual.
    pub(super) content_length: Option<u32>,
}

/// Reads the header fields from `start` on, up to the blank line or the end of the octets.
pub(super) fn read(
    bytes: &[u8],
    start: usize,
    fields: &mut Fields,
    odd: &mut Vec<Anomaly>,
    memo: &mut Memo<Known>,
    mut exemplar: Option<&mut Exemplar>,
) -> Block {
    let mut block = Block::at(start);
    let mut bare_line_feed = false;
    if let Some(exemplar) = exemplar.as_deref_mut() {
        exemplar.follow(bytes, &mut block, fields, memo);
    }
    loop {
        let rest = block.usual_lines(bytes, fields, memo);
        if rest.starts_with(b"\r\n") {
            block.end += 2;
            break;
        }
        let Some(line_feed) = memchr::memchr(b'\n', rest) else {
            last_line(rest, &mut block, fields, odd);
            break;
        };
        let (line, next) = rest.split_at_checked(line_feed + 1).unwrap_or_default();
        let text = line.strip_suffix(b"\r\n").unwrap_or(line.get(..line_feed).unwrap_or_default());
        let is_bare = line.len() - text.len() == 1;
        bare_line_feed |= is_bare;
        if text.is_empty() {
            block.end += line.len();
            break;
        }
        let read = block.line(text, line.len(), fields, odd);
        if let Some(line) = read.filter(|_| !is_bare && !line::goes_on(next)) {
            line::note_whole(rest, &line, next, memo);
        }
    }
    if bare_line_feed {
        odd.push(Anomaly::BareLineFeed);
    }
    if let Some(exemplar) = exemplar {
        exemplar.end(bytes.get(start..block.end).unwrap_or_default());
    }
    block
}

/// The lines of a header block that the capture has whole, where it lacks the end of the block: half a value is another one.
pub(super) fn whole_lines(bytes: &[u8], start: usize) -> &[u8] {
    let block = bytes.get(start..).unwrap_or_default();
    let is_blank =
        |at: usize| block.get(at + 1..).is_some_and(|next| next.starts_with(b"\n") || next.starts_with(b"\r\n"));
    // Of its line end one octet is enough.
    if block.ends_with(b"\r")
        || block.starts_with(b"\n")
        || block.starts_with(b"\r\n")
        || memchr::memchr_iter(b'\n', block).any(is_blank)
    {
        return bytes;
    }
    let mut end = memchr::memrchr(b'\n', block).map_or(0, |last| last + 1);
    // The half line may continue the one in front of it.
    while let Some(before) = end.checked_sub(1).filter(|_| matches!(block.get(end), Some(b' ' | b'\t'))) {
        end = block.get(..before).and_then(|block| memchr::memrchr(b'\n', block)).map_or(0, |last| last + 1);
    }
    bytes.get(..start + end).unwrap_or(bytes)
}

/// A line that came lately or is as nearly all are, and what stands behind it.
#[inline]
pub(super) fn usual_line<'b>(text: &'b [u8], memo: &mut Memo<Known>) -> Option<(Line, &'b [u8])> {
    // What never comes again is not looked for.
    if let Some(read) = line::call_id(text) {
        return Some(read);
    }
    match memo.find(text) {
        Some((Known::Whole(line), next)) if !line::goes_on(next) => return Some((*line, next)),
        Some((Known::Begun(line), behind)) => {
            if let Some((end, next)) = line::ended(line.name, text, behind) {
                return Some((Line { end, ..*line }, next));
            }
        }
        _ => {}
    }
    line::usual(text, memo)
}

/// Reads what stands behind the last line end of a block that lacks its blank line.
fn last_line(rest: &[u8], block: &mut Block, fields: &mut Fields, odd: &mut Vec<Anomaly>) {
    if !rest.is_empty() {
        block.line(rest.strip_suffix(b"\r").unwrap_or(rest), rest.len(), fields, odd);
    }
    odd.push(Anomaly::HeadersUnterminated);
}

impl Block {
    /// That whose first line begins there.
    pub(super) fn at(start: usize) -> Self {
        Self { end: start, other_end: start, ..Self::default() }
    }

    /// Reads lines as long as they are as nearly all are, and returns what stands behind them.
    fn usual_lines<'b>(&mut self, bytes: &'b [u8], fields: &mut Fields, memo: &mut Memo<Known>) -> &'b [u8] {
        let mut rest = bytes.get(self.end..).unwrap_or_default();
        while !rest.starts_with(b"\r\n")
            && let Some((line, next)) = usual_line(rest, memo)
        {
            self.take(&line, bytes.len() - rest.len(), fields);
            rest = next;
        }
        self.end = bytes.len() - rest.len();
        rest
    }

    /// Takes a line that begins `at` that place.
    fn take(&mut self, line: &Line, at: usize, fields: &mut Fields) {
        self.doubts.add(line.doubts);
        if fields.push(line, line.end.at, at) {
            self.repeated.add(line.name);
        } else {
            self.note(line, line.end, at);
        }
    }

    /// Takes note of what every message is asked for: of the first line of a name, with that end, that begins `at` that place.
    #[inline]
    pub(super) fn note(&mut self, line: &Line, end: End, at: usize) {
        let parameter = || end.parameter.map(|place| place.behind(at));
        match line.name {
            HeaderName::Via => {
                self.branch = parameter();
                self.via_parameters = if end.parameters > 0 { offset(at) + end.parameters } else { 0 };
            }
            HeaderName::CallId => self.call_id = line.value(end).behind(at),
            HeaderName::From => self.from_tag = parameter(),
            HeaderName::To => self.to_tag = parameter(),
            HeaderName::CSeq => self.cseq = line.number.zip(line.method),
            HeaderName::ContentLength => self.content_length = line.number,
            _ => {}
        }
    }

    /// Reads any line, of so many octets with its end, and returns it if it is a header field.
    fn line(&mut self, text: &[u8], length: usize, fields: &mut Fields, odd: &mut Vec<Anomaly>) -> Option<Line> {
        let start = self.end;
        self.end += length;
        let read = if line::goes_on(text) { None } else { line::leisurely(text) };
        if let Some(line) = read {
            self.take(&line, start, fields);
        } else if line::goes_on(text) && start > self.other_end {
            // What it goes on with may be anything. An empty continuation line changes nothing.
            self.doubts = Doubts::ALL;
            (self.call_id, self.cseq, self.content_length) = (Span::NONE, None, None);
            fields.extend_last(start + text.trim_ascii_end().len());
        } else {
            self.other_end = self.end;
            self.doubts.add(Doubts::ASCII);
            odd.push(Anomaly::HeaderFieldMalformed);
        }
        read
    }
}

/// Undoes folding: a line end with the white space around it stands for one space (RFC 3261 §7.3.1).
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut text = Vec::with_capacity(value.len());
    for part in value.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(part);
    }
    Cow::Owned(text)
}
