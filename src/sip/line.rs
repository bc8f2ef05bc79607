//! One line of the header block: its name, its value, and the parts of it that every message is asked for.
//!
//! There are three ways to read one, each of which finds what the next one would: as a line that came lately ([`Known`]), as nearly all
//! are written ([`usual`]), and at leisure.

use super::memo::Memo;
use super::method::Code;
use super::places::{Span, offset};
use super::plain::{self, Plain};
use super::{HeaderName, octets};

/// What is not known of a line or of a header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Doubts(u8);

impl Doubts {
    /// Nothing is in doubt.
    pub(super) const NONE: Self = Self(0);
    /// A value that [`super::lint`] looks into may not be plain.
    pub(super) const PLAIN: Self = Self(1);
    /// There may be octets that are not ASCII.
    pub(super) const ASCII: Self = Self(2);
    /// A Contact value may have a parameter `expires`.
    pub(super) const EXPIRES: Self = Self(4);
    /// A number may be out of range, or what only lists hold malformed.
    pub(super) const RANGE: Self = Self(8);

    /// Everything is.
    pub(super) const ALL: Self = Self(15);

    /// Adds others.
    pub(super) fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Adds one if it is one.
    fn add_if(&mut self, is_one: bool, other: Self) {
        if is_one {
            self.add(other);
        }
    }

    /// Whether that is in doubt.
    pub(super) fn has(self, one: Self) -> bool {
        self.0 & one.0 != 0
    }
}

/// A line. Places count from its beginning; messages hold none of 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: HeaderName,
    pub(super) doubts: Doubts,
    /// The method of CSeq, if that is as usual.
    pub(super) method: Option<Code>,
    /// The number of CSeq or Content-Length, if that is as usual.
    pub(super) number: Option<u32>,
    pub(super) name_end: u32,
    pub(super) value_start: u32,
    pub(super) end: End,
}

/// The end of a value: what may be new of a line of which the beginning is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where it is.
    pub(super) at: u32,
    /// Where the parameters of a plain value with an address or a sent-by begin; 0 of others.
    pub(super) parameters: u32,
    /// The one of them that every message is asked for; `None` if nobody looked.
    pub(super) parameter: Option<Span>,
}

/// A line that came lately.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// The whole of it, with its end.
    Whole(Line),
    /// The part in front of the parameters.
    Begun(Line),
}

/// A line with what stands behind it.
type Read<'t> = (Line, &'t [u8]);

/// The end of a value of which the part in front of the parameters came lately, and what stands behind its line: no parameter may follow,
/// or the one that is asked for and no other.
#[inline]
pub(super) fn ended<'t>(name: HeaderName, text: &'t [u8], rest: &[u8]) -> Option<(End, &'t [u8])> {
    let plain = plain::wanted_alone(text, rest, wanted(name))?;
    let next = behind_line_end(text.get(plain.length..)?)?;
    Some((End::of(&plain, 0), next))
}

/// A line as nearly all are, name, value and line end in one pass; others are to be read at leisure.
pub(super) fn usual<'t>(text: &'t [u8], memo: &mut Memo<Known>) -> Option<Read<'t>> {
    let (name, name_length) = HeaderName::usual(text)?;
    let (line, value) = begun(text, name, name_length)?;
    let plain = match name {
        HeaderName::Via => plain::via(value, plain::BRANCH)?,
        HeaderName::From
        | HeaderName::To
        | HeaderName::Contact
        | HeaderName::Route
        | HeaderName::RecordRoute
        | HeaderName::PAssertedIdentity => plain::address(value, wanted(name))?,
        _ => {
            let (line, next) = words(line, value)?;
            note_whole(text, &line, next, memo);
            return Some((line, next));
        }
    };
    let next = behind_line_end(value.get(plain.length..)?)?;
    let whole = line.with(&plain, text.len() - value.len());
    let behind = value.get(plain.begin..)?;
    if plain::wanted_alone(behind, behind, wanted(name)).is_some() {
        memo.note(text, text.len() - behind.len(), Known::Begun(line));
    } else {
        note_whole(text, &whole, next, memo);
    }
    Some((whole, next))
}

/// A line as messages have it that never comes again.
#[inline]
pub(super) fn call_id(text: &[u8]) -> Option<Read<'_>> {
    let value = text.strip_prefix(b"Call-ID: ").filter(|value| value.first() != Some(&b' '))?;
    words(Line::new(HeaderName::CallId, "Call-ID".len(), "Call-ID: ".len()), value)
}

/// Any line, given without its end, unless it goes on with the one before it. `None` if it is no header field.
pub(super) fn leisurely(text: &[u8]) -> Option<Line> {
    let token = text.iter().position(|b| !super::probe::is_token(*b)).unwrap_or(text.len());
    // Blanks may stand in front of the colon.
    let is_next = text.get(token) == Some(&b':');
    let colon = if is_next { token } else { memchr::memchr(b':', text)? };
    if text.get(..colon)?.trim_ascii_end().len() != token || token == 0 {
        return None;
    }
    let value = text.get(colon + 1..)?.trim_ascii_start();
    let name = HeaderName::read(text.get(..token)?);
    let mut line = Line::new(name, token, text.len() - value.len());
    line.end.at = line.value_start + offset(value.trim_ascii_end().len());
    line.doubts = doubts_of(name);
    line.doubts.add_if(!text.is_ascii(), Doubts::ASCII);
    Some(line)
}

/// The same of a line with its end, where that is all, and what stands behind it.
pub(super) fn whole(text: &[u8]) -> Option<Read<'_>> {
    let (line, next) = text.split_at_checked(memchr::memchr(b'\n', text)? + 1)?;
    let line = leisurely(line.strip_suffix(b"\r\n").filter(|text| !goes_on(text))?)?;
    (!goes_on(next)).then_some((line, next))
}

/// Takes note of a line that is to be known when it comes again.
pub(super) fn note_whole(text: &[u8], line: &Line, next: &[u8], memo: &mut Memo<Known>) {
    // What never comes again takes no place.
    if line.name != HeaderName::CallId {
        memo.note(text, text.len() - next.len(), Known::Whole(*line));
    }
}

impl Line {
    pub(super) fn new(name: HeaderName, name_end: usize, value_start: usize) -> Self {
        Self {
            name,
            doubts: Doubts::NONE,
            method: None,
            number: None,
            name_end: offset(name_end),
            value_start: offset(value_start),
            end: End { at: offset(value_start), parameters: 0, parameter: None },
        }
    }

    /// The place of the value with that end.
    pub(super) fn value(&self, end: End) -> Span {
        Span::new(self.value_start as usize, end.at as usize)
    }

    /// The same with a plain value, of which places count from there.
    #[inline]
    fn with(mut self, plain: &Plain, from: usize) -> Self {
        self.end = End::of(plain, from);
        self.doubts.add_if(self.name == HeaderName::Contact && !plain.parameter.is_empty(), Doubts::EXPIRES);
        self
    }
}

impl End {
    /// That of a plain value, of which places count from there.
    #[inline]
    fn of(Plain { parameter, begin, length }: &Plain, from: usize) -> Self {
        let is_there = !parameter.is_empty();
        let place = if is_there { Span::new(from + parameter.start, from + parameter.end) } else { Span::NONE };
        Self {
            at: offset(from + length),
            parameters: if begin < length { offset(from + begin) } else { 0 },
            parameter: Some(place),
        }
    }
}

/// What may be wrong with a header field whose value nobody looked at.
pub(super) fn doubts_of(name: HeaderName) -> Doubts {
    let mut doubts = Doubts::NONE;
    doubts.add_if(super::lint::LOOKED_INTO.has(name), Doubts::PLAIN);
    doubts.add_if(super::lint::RANGED.has(name), Doubts::RANGE);
    doubts.add_if(name == HeaderName::Contact, Doubts::EXPIRES);
    doubts
}

/// The parameter behind an address or a sent-by that is asked for.
#[inline]
fn wanted(name: HeaderName) -> plain::Key {
    match name {
        HeaderName::Via => plain::BRANCH,
        HeaderName::From | HeaderName::To => plain::TAG,
        HeaderName::Contact => plain::EXPIRES,
        _ => plain::NONE,
    }
}

/// A line with a name of that length, and its value with all that follows.
#[inline]
fn begun(text: &[u8], name: HeaderName, name_length: usize) -> Option<(Line, &[u8])> {
    let value = match text.get(name_length + 1..)? {
        [b' ', value @ ..] if value.first() != Some(&b' ') => value,
        value => without_blanks(value),
    };
    let mut line = Line::new(name, name_length, text.len() - value.len());
    // Nothing but names in quotes may have octets that are not ASCII.
    line.doubts.add_if(value.first() == Some(&b'"'), Doubts::ASCII);
    Some((line, value))
}

/// What stands behind blanks.
fn without_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ', behind @ ..] = value {
        value = behind;
    }
    value
}

/// A value of anything that can be printed. Numbers that every message is asked for are kept.
#[inline]
pub(super) fn words(mut line: Line, text: &[u8]) -> Option<Read<'_>> {
    let (value, rest) = text.split_at_checked(plain::words(text)?)?;
    let next = behind_line_end(rest)?;
    line.end.at = line.value_start + offset(value.len());
    match line.name {
        HeaderName::CSeq => (line.number, line.method) = cseq(value).unzip(),
        HeaderName::ContentLength => line.number = small_number(value),
        HeaderName::MaxForwards => line.doubts.add_if(value.len() > 2, Doubts::RANGE),
        HeaderName::Expires => line.doubts.add_if(small_number(value).is_none(), Doubts::RANGE),
        _ => {}
    }
    Some((line, next))
}

/// What stands behind a line end; `None` if there is none, or a blank behind it goes on with the value.
#[inline]
fn behind_line_end(rest: &[u8]) -> Option<&[u8]> {
    rest.strip_prefix(b"\r\n").filter(|next| !goes_on(next))
}

/// Whether the line goes on with the one before it.
#[inline]
pub(super) fn goes_on(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Places of name and value.
    fn places((line, next): Read<'_>) -> (HeaderName, [u32; 3], usize) {
        (line.name, [line.name_end, line.value_start, line.end.at], next.len())
    }

    proptest! {
        #[test]
        fn all_ways_to_read_a_line_find_the_same(
            beginnings in prop::collection::vec(
                prop::sample::select(vec![
                    "Via: SIP/2.0/UDP host.example:5060", "Via:  SIP/2.0/UDP host.example", "From: \"A\" <sip:a@host.example;x=y>",
                    "To: sip:somebody@host.example", "To: sip:somebody@host", "Contact: <sip:somebody@host.example>", "CSeq: 1 INVITE",
                    "Call-ID: 1@host.example", "Content-Length:   ", "Max-Forwards: 7", "X-Other : something", "Date: now",
                    "Route: <sip:proxy.example;lr>", "Subject: what is said at length", "\u{e9}: somebody, who is it?",
                ]),
                1..4,
            ),
            lines in prop::collection::vec(
                (any::<prop::sample::Index>(), prop::collection::vec(
                    prop::sample::select(vec![";tag=1", ";branch=z9hG4bK", ";expires=1", ";", "=", " ", "0", ".example", "\r", "\n", "\u{e9}", ">"]),
                    0..3,
                ), prop::sample::select(vec!["\r\n", "\r\n ", "\r\n\t", "\n", "", "\r\nTo: sip:a@b.example\r\n", "\r\n\r\nand a body of some length"])),
                1..30,
            ),
        ) {
            let mut memo = Memo::default();
            for (index, parts, end) in lines {
                let text = format!("{}{}{end}", index.get(&beginnings), parts.concat());
                let text = text.as_bytes();
                let known = memo.find(text).and_then(|(known, rest)| match known {
                    Known::Whole(line) => (!goes_on(rest)).then_some((*line, rest)),
                    Known::Begun(line) => ended(line.name, text, rest).map(|(end, next)| (Line { end, ..*line }, next)),
                });
                let read = usual(text, &mut memo);
                prop_assert!(known.is_none_or(|known| Some(known) == read));
                prop_assert!(call_id(text).is_none_or(|call_id| Some(call_id) == read));
                if let Some(read) = read {
                    prop_assert_eq!(Some(places(read)), whole(text).map(places));
                }
            }
        }
    }
}
