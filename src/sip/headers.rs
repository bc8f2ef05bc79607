//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;

use super::memo::Memo;
use super::method::Code;
use super::places::{Fields, Names, Span, offset};
use super::plain::{self, Plain};
use super::{HeaderName, octets};
use crate::anomaly::Anomaly;

/// The header block of a message, without its fields.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "none of them follows from another")]
pub(super) struct Block {
    /// Where the body begins.
    pub(super) end: usize,
    /// The names that occur more than once.
    pub(super) repeated: Names,
    /// Whether every value that [`super::lint`] would look into is plain.
    pub(super) is_plain: bool,
    /// Whether all octets are known to be ASCII.
    pub(super) is_ascii: bool,
    /// Whether a Contact value may have a parameter `expires`.
    pub(super) may_expire: bool,
    /// A number may be out of range, or what only lists hold malformed.
    pub(super) may_exceed: bool,
    /// The tag of From; `None` if nobody looked.
    pub(super) from_tag: Option<Span>,
    /// That of To.
    pub(super) to_tag: Option<Span>,
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
pub(super) fn read(bytes: &[u8], start: usize, fields: &mut Fields, odd: &mut Vec<Anomaly>, memo: &mut Memo) -> Block {
    let mut block = Block::at(start);
    let mut bare_line_feed = false;
    loop {
        block.usual_lines(bytes, fields, memo);
        let rest = bytes.get(block.end..).unwrap_or_default();
        if rest.starts_with(b"\r\n") {
            block.end += 2;
            break;
        }
        let Some(line_feed) = memchr::memchr(b'\n', rest) else {
            last_line(bytes, &mut block, fields, odd);
            break;
        };
        let line = rest.get(..line_feed).unwrap_or_default();
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        bare_line_feed |= text.len() == line.len();
        if !text.is_empty() {
            block.line(text, fields, odd);
        }
        block.end += line_feed + 1;
        if text.is_empty() {
            break;
        }
    }
    if bare_line_feed {
        odd.push(Anomaly::BareLineFeed);
    }
    block
}

/// Reads what stands behind the last line end of a block that lacks its blank line.
fn last_line(bytes: &[u8], block: &mut Block, fields: &mut Fields, odd: &mut Vec<Anomaly>) {
    if let Some(line) = bytes.get(block.end..).filter(|line| !line.is_empty()) {
        block.line(line.strip_suffix(b"\r").unwrap_or(line), fields, odd);
        block.end = bytes.len();
    }
    odd.push(Anomaly::HeadersUnterminated);
}

impl Block {
    fn at(start: usize) -> Self {
        Self {
            end: start,
            repeated: Names::default(),
            is_plain: true,
            is_ascii: true,
            may_expire: false,
            may_exceed: false,
            from_tag: None,
            to_tag: None,
            branch: None,
            via_parameters: 0,
            cseq: None,
            content_length: None,
        }
    }

    /// Reads lines as long as they are as nearly all are.
    fn usual_lines(&mut self, bytes: &[u8], fields: &mut Fields, memo: &mut Memo) {
        let mut rest = bytes.get(self.end..).unwrap_or_default();
        while let Some(next) = self.usual_line(bytes.len() - rest.len(), rest, fields, memo) {
            rest = next;
        }
        self.end = bytes.len() - rest.len();
    }

    /// Reads a line that begins `at` that place as nearly all are, name, value and line end in one pass, and returns what stands behind
    /// it; `None` of others, which are to be read at leisure.
    #[inline]
    fn usual_line<'b>(&mut self, at: usize, rest: &'b [u8], fields: &mut Fields, memo: &mut Memo) -> Option<&'b [u8]> {
        let (name, length) = HeaderName::usual(rest)?;
        let value = match rest.get(length + 1..)? {
            [b' ', value @ ..] if value.first() != Some(&b' ') => value,
            value => without_blanks(value),
        };
        let value_start = at + rest.len() - value.len();
        let is_repeated = fields.announce(name);
        let read = match name {
            HeaderName::Via => self.via(value, value_start, is_repeated, memo),
            HeaderName::From
            | HeaderName::To
            | HeaderName::Contact
            | HeaderName::Route
            | HeaderName::RecordRoute
            | HeaderName::PAssertedIdentity => self.address(name, value, value_start, is_repeated, memo),
            _ => self.words(name, value, is_repeated),
        };
        let Some((value, next)) = read else {
            if !is_repeated {
                fields.take_back(name);
            }
            return None;
        };
        if is_repeated {
            self.repeated.add(name);
        }
        fields.push_announced(name, [at, at + length, value_start, value_start + value.len()]);
        Some(next)
    }

    /// A value of anything that can be printed, and what stands behind its line. Numbers that every message is asked for are kept.
    #[inline]
    fn words<'b>(&mut self, name: HeaderName, value: &'b [u8], is_repeated: bool) -> Option<(&'b [u8], &'b [u8])> {
        let (value, next) = line_end(value, plain::words(value)?)?;
        match name {
            HeaderName::CSeq if !is_repeated => self.cseq = cseq(value),
            HeaderName::ContentLength if !is_repeated => self.content_length = small_number(value),
            HeaderName::MaxForwards => self.may_exceed |= value.len() > 2,
            HeaderName::Expires => self.may_exceed |= small_number(value).is_none(),
            _ => {}
        }
        Some((value, next))
    }

    /// The same of a Via value, of which the branch is kept.
    #[inline]
    fn via<'b>(
        &mut self,
        value: &'b [u8],
        at: usize,
        is_repeated: bool,
        memo: &mut Memo,
    ) -> Option<(&'b [u8], &'b [u8])> {
        let plain = plain::via(value, plain::BRANCH, memo)?;
        let (value, next) = line_end(value, plain.length)?;
        if !is_repeated {
            self.via_parameters = if plain.begin < plain.length { offset(at + plain.begin) } else { 0 };
            self.branch = Some(parameter(&plain, at));
        }
        Some((value, next))
    }

    /// The same of a value with an address, of which a tag is kept.
    #[inline]
    fn address<'b>(
        &mut self,
        name: HeaderName,
        value: &'b [u8],
        at: usize,
        is_repeated: bool,
        memo: &mut Memo,
    ) -> Option<(&'b [u8], &'b [u8])> {
        let plain = plain::address(value, wanted(name), memo)?;
        // Nothing but names in quotes may have other octets.
        self.is_ascii &= value.first() != Some(&b'"');
        let (value, next) = line_end(value, plain.length)?;
        match name {
            // It may be a list on several lines.
            HeaderName::Contact => self.may_expire |= !plain.parameter.is_empty(),
            HeaderName::From if !is_repeated => self.from_tag = Some(parameter(&plain, at)),
            HeaderName::To if !is_repeated => self.to_tag = Some(parameter(&plain, at)),
            _ => {}
        }
        Some((value, next))
    }

    /// Reads any line.
    fn line(&mut self, text: &[u8], fields: &mut Fields, odd: &mut Vec<Anomaly>) {
        self.is_ascii = false;
        self.may_exceed = true;
        let at = self.end;
        if matches!(text.first(), Some(b' ' | b'\t')) {
            // What it goes on with may not be plain any more. An empty continuation line changes nothing.
            self.is_plain = false;
            self.may_expire = true;
            (self.cseq, self.content_length) = (None, None);
            if !fields.extend_last(at + text.trim_ascii_end().len()) {
                odd.push(Anomaly::HeaderFieldMalformed);
            }
            return;
        }
        let token = text.iter().position(|b| !super::probe::is_token(*b)).unwrap_or(text.len());
        // Blanks may stand in front of the colon.
        let is_next = text.get(token) == Some(&b':');
        let colon = if is_next { token } else { memchr::memchr(b':', text).unwrap_or(0) };
        let name = text.get(..colon).unwrap_or_default().trim_ascii_end();
        let name = if name.len() == token { name } else { &[] };
        if name.is_empty() {
            odd.push(Anomaly::HeaderFieldMalformed);
            return;
        }
        let value = text.get(colon + 1..).unwrap_or_default();
        let value = value.trim_ascii_start();
        let value_start = at + text.len() - value.len();
        let places = [at, at + name.len(), value_start, value_start + value.trim_ascii_end().len()];
        let name = HeaderName::read(name);
        self.is_plain &= !super::lint::LOOKED_INTO.has(name);
        self.may_expire |= name == HeaderName::Contact;
        if fields.push(name, places) {
            self.repeated.add(name);
        }
    }
}

/// The parameter behind an address that is asked for.
#[inline]
fn wanted(name: HeaderName) -> plain::Key {
    match name {
        HeaderName::From | HeaderName::To => plain::TAG,
        HeaderName::Contact => plain::EXPIRES,
        _ => plain::NONE,
    }
}

/// What stands behind blanks.
fn without_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ', behind @ ..] = value {
        value = behind;
    }
    value
}

/// A value of that length, and what stands behind its line; `None` if the line does not end there, or a blank behind its end goes on with
/// the value.
#[inline]
fn line_end(value: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (value, rest) = value.split_at_checked(length)?;
    match rest {
        [b'\r', b'\n', b' ' | b'\t', ..] => None,
        [b'\r', b'\n', next @ ..] => Some((value, next)),
        _ => None,
    }
}

/// The place of the parameter of a value that begins there.
fn parameter(plain: &Plain, value_start: usize) -> Span {
    if plain.parameter.is_empty() {
        return Span::NONE;
    }
    Span::new(value_start + plain.parameter.start, value_start + plain.parameter.end)
}

/// A number, one blank, and a known method.
#[inline]
fn cseq(value: &[u8]) -> Option<(u32, Code)> {
    let (digits, rest) = octets::take(value, octets::DIGIT);
    let [b' ', method @ ..] = rest else { return None };
    Some((small_number(digits)?, Code::known(method)?))
}

/// The value of one to nine digits; `None` says nothing.
#[inline]
fn small_number(digits: &[u8]) -> Option<u32> {
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    let mut number = 0;
    for digit in digits {
        number = number * 10 + u32::from(Some(digit.wrapping_sub(b'0')).filter(|digit| *digit < 10)?);
    }
    Some(number)
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
