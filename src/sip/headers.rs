//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use super::HeaderName;
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
    Long(Box<[Field]>),
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
    /// Keeps fields of a message of `length` octets, in an allocation of the right size.
    pub(super) fn new(fields: &[Field], length: usize) -> Self {
        let present = fields.iter().fold(0, |present, field| present | bit(field.name));
        let places = if u16::try_from(length).is_ok() {
            Places::Short(fields.iter().map(ShortField::new).collect())
        } else {
            Places::Long(fields.into())
        };
        Self { present, places }
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
        let short = |at: u32| u16::try_from(at).unwrap_or(u16::MAX);
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

/// Header fields while they are found.
pub(super) type Found = SmallVec<[Field; 24]>;

/// The header block of a message.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) fields: Found,
    /// Where the body begins.
    pub(super) end: usize,
}

/// Reads the header fields from `start` on, up to the blank line or the end of the octets.
pub(super) fn read(bytes: &[u8], start: usize, odd: &mut Vec<Anomaly>) -> Block {
    let mut block = Block { fields: Found::new(), end: start };
    let mut bare_line_feed = false;
    let rest = bytes.get(start..).unwrap_or_default();
    let mut terminated = false;
    for line_feed in memchr::memchr_iter(b'\n', rest) {
        let line = bytes.get(block.end..start + line_feed).unwrap_or_default();
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        bare_line_feed |= text.len() == line.len();
        terminated = text.is_empty();
        if !terminated {
            line_read(block.end, text, &mut block.fields, odd);
        }
        block.end = start + line_feed + 1;
        if terminated {
            break;
        }
    }
    if !terminated {
        last_line(bytes, &mut block, odd);
    }
    if bare_line_feed {
        odd.push(Anomaly::BareLineFeed);
    }
    block
}

/// Reads what stands behind the last line end of a block that lacks its blank line.
fn last_line(bytes: &[u8], block: &mut Block, odd: &mut Vec<Anomaly>) {
    if let Some(line) = bytes.get(block.end..).filter(|line| !line.is_empty()) {
        line_read(block.end, line.strip_suffix(b"\r").unwrap_or(line), &mut block.fields, odd);
        block.end = bytes.len();
    }
    odd.push(Anomaly::HeadersUnterminated);
}

fn line_read(at: usize, text: &[u8], fields: &mut Found, odd: &mut Vec<Anomaly>) {
    if matches!(text.first(), Some(b' ' | b'\t')) {
        match fields.last_mut() {
            // An empty continuation line changes nothing.
            Some(field) => field.value_end = offset(at + text.trim_ascii_end().len()).max(field.value_end),
            None => odd.push(Anomaly::HeaderFieldMalformed),
        }
        return;
    }
    if let Some((name, length)) = HeaderName::usual(text) {
        fields.push(Field::new(name, at, length, text.get(length + 1..).unwrap_or_default(), text.len()));
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
    fields.push(Field::new(HeaderName::read(name), at, name.len(), value, text.len()));
}

/// Messages are shorter than 4 GiB; a datagram even than 64 KiB.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Field {
    /// The field of a line of `length` octets at `at`, which ends with the value.
    fn new(name: HeaderName, at: usize, name_length: usize, value: &[u8], length: usize) -> Self {
        let value = match value {
            // Most values stand behind one blank.
            [b' ', rest @ ..] if rest.first().is_some_and(u8::is_ascii_graphic) => rest,
            _ => value.trim_ascii_start(),
        };
        let value_start = at + length - value.len();
        Self {
            name,
            start: offset(at),
            name_end: offset(at + name_length),
            value_start: offset(value_start),
            value_end: offset(value_start + value.trim_ascii_end().len()),
        }
    }

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
