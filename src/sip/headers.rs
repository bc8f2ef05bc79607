//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;

use super::method::Code;
use super::places::{Fields, Span, bit, offset};
use super::plain::{self, Plain};
use super::{HeaderName, octets};
use crate::anomaly::Anomaly;

/// The header block of a message, without its fields.
#[derive(Debug)]
pub(super) struct Block {
    /// Where the body begins.
    pub(super) end: usize,
    /// The bits of the names that occur more than once.
    pub(super) repeated: u128,
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
pub(super) fn read(bytes: &[u8], start: usize, fields: &mut Fields, odd: &mut Vec<Anomaly>) -> Block {
    let mut block = Block::at(start);
    let mut bare_line_feed = false;
    loop {
        let rest = bytes.get(block.end..).unwrap_or_default();
        if block.usual_line(rest, fields).is_some() {
            continue;
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
            repeated: 0,
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

    /// Reads a line as nearly all are, name, value and line end in one pass; `None` of others, which are to be read at leisure.
    fn usual_line(&mut self, rest: &[u8], fields: &mut Fields) -> Option<()> {
        let (name, length) = HeaderName::usual(rest)?;
        let mut value = rest.get(length + 1..)?;
        while let [b' ', behind @ ..] = value {
            value = behind;
        }
        let first = value.first().filter(|first| first.is_ascii_graphic())?;
        // Nothing but names in quotes may have other octets.
        self.is_ascii &= *first != b'"';
        let plain = usual_value(name, value)?;
        // A blank behind the line end would go on with the value.
        let [b'\r', b'\n', behind @ ..] = value.get(plain.length..)? else { return None };
        if matches!(behind, [b' ' | b'\t', ..]) {
            return None;
        }
        let start = self.end;
        let value_start = start + rest.len() - value.len();
        let value_end = value_start + plain.length;
        self.end = value_end + 2;
        let is_repeated = fields.push(name, [start, start + length, value_start, value_end]);
        if is_repeated {
            self.repeated |= bit(name);
        }
        self.note(name, &plain, value.get(..plain.length)?, value_start, is_repeated);
        Some(())
    }

    /// Keeps what every message is asked for, of the first header field of a name.
    #[inline]
    fn note(&mut self, name: HeaderName, plain: &Plain, value: &[u8], value_start: usize, is_repeated: bool) {
        match name {
            HeaderName::Via if !is_repeated => {
                let begin = Some(plain.begin).filter(|begin| *begin < plain.length);
                self.via_parameters = begin.map_or(0, |begin| offset(value_start + begin));
                self.branch = Some(parameter(plain, value_start));
            }
            HeaderName::From if !is_repeated => self.from_tag = Some(parameter(plain, value_start)),
            HeaderName::To if !is_repeated => self.to_tag = Some(parameter(plain, value_start)),
            HeaderName::CSeq if !is_repeated => self.cseq = cseq(value),
            HeaderName::ContentLength if !is_repeated => self.content_length = small_number(value),
            // It may be a list on several lines.
            HeaderName::Contact => self.may_expire |= !plain.parameter.is_empty(),
            HeaderName::MaxForwards => self.may_exceed |= value.len() > 2,
            HeaderName::Expires => self.may_exceed |= small_number(value).is_none(),
            _ => {}
        }
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
        self.is_plain &= bit(name) & super::lint::LOOKED_INTO == 0;
        self.may_expire |= name == HeaderName::Contact;
        if fields.push(name, places) {
            self.repeated |= bit(name);
        }
    }
}

/// The value at the beginning of `rest`, if it is as usual.
fn usual_value(name: HeaderName, rest: &[u8]) -> Option<Plain> {
    match name {
        HeaderName::Via => plain::via(rest, plain::BRANCH),
        HeaderName::From | HeaderName::To => plain::address(rest, plain::TAG),
        HeaderName::Contact => plain::address(rest, plain::EXPIRES),
        HeaderName::Route | HeaderName::RecordRoute | HeaderName::PAssertedIdentity => {
            plain::address(rest, plain::NONE)
        }
        _ => plain::words(rest),
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
