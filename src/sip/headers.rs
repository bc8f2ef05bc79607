//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use super::HeaderName;
use super::plain::{self, Plain};
use crate::anomaly::Anomaly;

/// One header field; offsets are places in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: HeaderName,
    pub(super) start: u32,
    pub(super) name_end: u32,
    pub(super) value_start: u32,
    pub(super) value_end: u32,
}

/// The header fields of a message.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// One bit a name that occurs: most questions are about names that do not.
    present: u128,
    places: Places,
}

/// One bit for each name.
const _: () = assert!(HeaderName::ALL.len() < 128, "more names than bits");

/// The bit of a name.
pub(super) const fn bit(name: HeaderName) -> u128 {
    1 << (name as u32)
}

/// Places in a datagram fit into 16 bits each, which halves what the messages of open calls take.
#[derive(Debug, Clone)]
enum Places {
    /// Those of a message below 64 KiB; the usual number of them needs no allocation of its own.
    Short(SmallVec<[ShortField; USUAL_FIELDS]>),
    /// Those of a longer one.
    Long(Vec<Field>),
}

/// Most messages have no more.
const USUAL_FIELDS: usize = 12;

/// As [`Field`].
#[derive(Debug, Clone, Copy)]
struct ShortField {
    name: HeaderName,
    start: u16,
    name_end: u16,
    value_start: u16,
    value_end: u16,
}

impl Fields {
    /// None yet, of a message of at most `length` octets.
    pub(super) fn within(length: usize) -> Self {
        let places =
            if u16::try_from(length).is_ok() { Places::Short(SmallVec::new()) } else { Places::Long(Vec::new()) };
        Self { present: 0, places }
    }

    /// Appends one, with where it, its name's end, its value and its value's end are; whether there was one of that name.
    #[inline]
    fn push(&mut self, name: HeaderName, places: [usize; 4]) -> bool {
        let is_repeated = self.present & bit(name) != 0;
        self.present |= bit(name);
        let [start, name_end, value_start, value_end] = places.map(offset);
        let field = Field { name, start, name_end, value_start, value_end };
        match &mut self.places {
            Places::Short(fields) => fields.push(ShortField::new(&field)),
            Places::Long(fields) => fields.push(field),
        }
        is_repeated
    }

    /// The end of the last value becomes this, if it is behind it; `false` where there is none.
    fn extend_last(&mut self, end: usize) -> bool {
        match &mut self.places {
            Places::Short(fields) => {
                fields.last_mut().map(|field| field.value_end = field.value_end.max(short(offset(end)))).is_some()
            }
            Places::Long(fields) => {
                fields.last_mut().map(|field| field.value_end = field.value_end.max(offset(end))).is_some()
            }
        }
    }

    /// To be kept: takes as little memory as may be, of a message that turned out to have `length` octets.
    pub(super) fn settle(&mut self, length: usize) {
        if let Places::Long(fields) = &mut self.places {
            if u16::try_from(length).is_ok() {
                self.places = Places::Short(fields.iter().map(ShortField::new).collect());
            } else {
                fields.shrink_to_fit();
            }
        }
    }

    /// Octets outside of it.
    pub(super) fn cost(&self) -> usize {
        match &self.places {
            Places::Short(fields) if fields.spilled() => size_of::<ShortField>() * fields.capacity(),
            Places::Short(_) => 0,
            Places::Long(fields) => size_of::<Field>() * fields.len(),
        }
    }

    /// The bits of all names that occur.
    pub(super) fn present(&self) -> u128 {
        self.present
    }

    /// Whether there is one of that name.
    pub(super) fn has(&self, name: HeaderName) -> bool {
        self.present & bit(name) != 0
    }

    /// The first one of that name.
    pub(super) fn first(&self, name: HeaderName) -> Option<Field> {
        if !self.has(name) {
            return None;
        }
        match &self.places {
            Places::Short(fields) => fields.iter().find(|f| f.name == name).map(ShortField::widened),
            Places::Long(fields) => fields.iter().find(|f| f.name == name).copied(),
        }
    }

    /// All of that name in order.
    pub(super) fn named(&self, name: HeaderName) -> impl Iterator<Item = Field> {
        let fields = if self.has(name) { self.slices() } else { (&[][..], &[][..]) };
        both(fields, move |found| found == name)
    }

    /// All of them in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Field> {
        both(self.slices(), |_| true)
    }

    fn slices(&self) -> (&[ShortField], &[Field]) {
        match &self.places {
            Places::Short(fields) => (fields, &[]),
            Places::Long(fields) => (&[], fields),
        }
    }
}

/// The fields of either kind whose name is wanted.
fn both<'a>(
    (short, long): (&'a [ShortField], &'a [Field]),
    wanted: impl Fn(HeaderName) -> bool + Copy + 'a,
) -> impl Iterator<Item = Field> + 'a {
    let short = short.iter().filter(move |f| wanted(f.name)).map(ShortField::widened);
    short.chain(long.iter().filter(move |f| wanted(f.name)).copied())
}

impl ShortField {
    fn new(field: &Field) -> Self {
        Self {
            name: field.name,
            start: short(field.start),
            name_end: short(field.name_end),
            value_start: short(field.value_start),
            value_end: short(field.value_end),
        }
    }

    fn widened(&self) -> Field {
        Field {
            name: self.name,
            start: self.start.into(),
            name_end: self.name_end.into(),
            value_start: self.value_start.into(),
            value_end: self.value_end.into(),
        }
    }
}

/// Places that fit.
#[inline]
fn short(at: u32) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

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
    pub(super) from_tag: Parameter,
    pub(super) to_tag: Parameter,
    pub(super) branch: Parameter,
    /// Where the parameters of a plain first Via value begin; 0 of others.
    pub(super) via_parameters: u32,
}

/// A parameter of the first header field of a name, as far as it was found on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Parameter {
    /// Nobody looked.
    #[default]
    Unknown,
    /// Its place; `None` where it is not there.
    Known(Option<Range<u32>>),
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
            from_tag: Parameter::Unknown,
            to_tag: Parameter::Unknown,
            branch: Parameter::Unknown,
            via_parameters: 0,
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
        self.note(name, &plain, value_start, is_repeated);
        Some(())
    }

    /// Keeps the parameters that every message is asked for, of the first header field of a name.
    #[inline]
    fn note(&mut self, name: HeaderName, plain: &Plain, value_start: usize, is_repeated: bool) {
        let kept = match name {
            HeaderName::Contact => {
                self.may_expire |= !plain.parameter.is_empty();
                // It may be a list on several lines.
                return;
            }
            _ if is_repeated => return,
            HeaderName::Via => {
                let begin = Some(plain.begin).filter(|begin| *begin < plain.length);
                self.via_parameters = begin.map_or(0, |begin| offset(value_start + begin));
                &mut self.branch
            }
            HeaderName::From => &mut self.from_tag,
            HeaderName::To => &mut self.to_tag,
            _ => return,
        };
        let place = offset(value_start + plain.parameter.start)..offset(value_start + plain.parameter.end);
        *kept = Parameter::Known(Some(place).filter(|place| !place.is_empty()));
    }

    /// Reads any line.
    fn line(&mut self, text: &[u8], fields: &mut Fields, odd: &mut Vec<Anomaly>) {
        self.is_ascii = false;
        let at = self.end;
        if matches!(text.first(), Some(b' ' | b'\t')) {
            // What it goes on with may not be plain any more. An empty continuation line changes nothing.
            self.is_plain = false;
            self.may_expire = true;
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

/// Messages are shorter than 4 GiB; a datagram even than 64 KiB.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Field {
    /// The value as captured, folding included, without white space around it.
    pub(super) fn value(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.value_range()).unwrap_or_default()
    }

    pub(super) fn value_range(self) -> Range<usize> {
        self.value_start as usize..self.value_end as usize
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
