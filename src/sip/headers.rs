//! The header block: lines, folding, names, values; on bytes, without allocation per field.

use std::borrow::Cow;
use std::ops::Range;

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

/// The header fields of a message. Places in a datagram fit into 16 bits each, which halves what the messages of open calls take.
#[derive(Debug, Clone)]
pub(super) enum Fields {
    /// Those of a message below 64 KiB.
    Short(Box<[ShortField]>),
    /// Those of a longer one.
    Long(Box<[Field]>),
}

/// As [`Field`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortField {
    name: HeaderName,
    start: u16,
    name_end: u16,
    value_start: u16,
    value_end: u16,
}

impl Fields {
    /// Keeps fields of a message of `length` octets, in an allocation of the right size.
    pub(super) fn new(fields: &[Field], length: usize) -> Self {
        if u16::try_from(length).is_ok() {
            Self::Short(fields.iter().map(ShortField::new).collect())
        } else {
            Self::Long(fields.into())
        }
    }

    /// The first one of that name.
    pub(super) fn first(&self, name: HeaderName) -> Option<Field> {
        match self {
            Self::Short(fields) => fields.iter().find(|f| f.name == name).map(ShortField::widened),
            Self::Long(fields) => fields.iter().find(|f| f.name == name).copied(),
        }
    }

    /// All of them in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Field> {
        let (short, long): (&[ShortField], &[Field]) = match self {
            Self::Short(fields) => (fields, &[]),
            Self::Long(fields) => (&[], fields),
        };
        short.iter().map(ShortField::widened).chain(long.iter().copied())
    }
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

/// The header block of a message.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) fields: Vec<Field>,
    /// Where the body begins.
    pub(super) end: usize,
}

/// Reads the header fields from `start` on, up to the blank line or the end of the octets.
pub(super) fn read(bytes: &[u8], start: usize, odd: &mut Vec<Anomaly>) -> Block {
    let mut fields: Vec<Field> = Vec::with_capacity(16);
    let mut at = start;
    let mut bare_line_feed = false;
    loop {
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
            odd.push(Anomaly::HeadersUnterminated);
            break;
        };
        let (length, next) = memchr::memchr(b'\n', rest).map_or((rest.len(), rest.len()), |lf| (lf, lf + 1));
        let line = rest.get(..length).unwrap_or(rest);
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        bare_line_feed |= text.len() == line.len() && next > length;
        if text.is_empty() && next > length {
            at += next;
            break;
        }
        line_read(bytes, at, text, &mut fields, odd);
        at += next;
    }
    if bare_line_feed {
        odd.push(Anomaly::BareLineFeed);
    }
    Block { fields, end: at }
}

fn line_read(bytes: &[u8], at: usize, text: &[u8], fields: &mut Vec<Field>, odd: &mut Vec<Anomaly>) {
    if matches!(text.first(), Some(b' ' | b'\t')) {
        match fields.last_mut() {
            // An empty continuation line changes nothing.
            Some(field) => field.value_end = offset(at + text.trim_ascii_end().len()).max(field.value_end),
            None => odd.push(Anomaly::HeaderFieldMalformed),
        }
        return;
    }
    let colon = memchr::memchr(b':', text);
    let name = text.get(..colon.unwrap_or(0)).unwrap_or_default().trim_ascii_end();
    if name.is_empty() || !name.iter().all(|b| super::probe::is_token(*b)) {
        odd.push(Anomaly::HeaderFieldMalformed);
        return;
    }
    let value = bytes.get(at + colon.unwrap_or(0) + 1..at + text.len()).unwrap_or_default();
    let value_start = at + text.len() - value.trim_ascii_start().len();
    fields.push(Field {
        name: HeaderName::read(name),
        start: offset(at),
        name_end: offset(at + name.len()),
        value_start: offset(value_start),
        value_end: offset(value_start + value.trim_ascii().len()),
    });
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
pub(super) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
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
