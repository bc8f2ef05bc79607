//! Where things stand in a message: header fields and parts of them. Kept as small as may be, since the messages of all open calls are.

use std::mem;
use std::ops::Range;

use super::HeaderName;
use super::line::Line;

/// A part of a message that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// That of what is not there: a start line is in front of everything else.
    pub(super) const NONE: Self = Self { start: 0, end: 0 };

    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: offset(start), end: offset(end) }
    }

    /// The same behind so many octets, if it is there.
    pub(super) fn behind(self, octets: usize) -> Self {
        if self.is_there() { Self::new(octets + self.start as usize, octets + self.end as usize) } else { self }
    }

    pub(super) fn is_there(self) -> bool {
        self.end > 0
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Its octets; none if it does not lie in them.
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }

    /// The same, if it is there.
    pub(super) fn found_in(self, bytes: &[u8]) -> Option<&[u8]> {
        self.is_there().then(|| self.of(bytes))
    }
}

/// Messages are shorter than 4 GiB; a datagram even than 64 KiB.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// One header field; offsets are places in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: HeaderName,
    pub(super) start: u32,
    pub(super) name_end: u32,
    pub(super) value_start: u32,
    pub(super) value_end: u32,
}

impl Field {
    /// The value as captured, folding included, without white space around it.
    pub(super) fn value(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.value_range()).unwrap_or_default()
    }

    pub(super) fn value_range(self) -> Range<usize> {
        self.value_start as usize..self.value_end as usize
    }

    /// The place of the value.
    pub(super) fn value_span(self) -> Span {
        Span { start: self.value_start, end: self.value_end }
    }

    /// The place of the name.
    pub(super) fn name_range(self) -> Range<usize> {
        self.start as usize..self.name_end as usize
    }
}

/// A field of a message below 64 KiB whose name has less than 256 octets: the number of the name, the length of the name, start, start
/// of the value, end of the value.
pub(super) type Word = [u8; size_of::<u64>()];

/// The number of a name in a [`Word`].
fn number_of(name: HeaderName) -> u8 {
    name as u8
}

/// The field that a word stands for.
fn widened(word: Word) -> Field {
    let word = u64::from_le_bytes(word);
    let [number, name_length, ..] = word.to_le_bytes();
    let place = |at: u32| (word >> at & u64::from(u16::MAX)).try_into().unwrap_or(u32::MAX);
    let (start, value_start, value_end) = (place(16), place(32), place(48));
    let name = HeaderName::ALL.get(usize::from(number)).copied().unwrap_or(HeaderName::Other);
    Field { name, start, name_end: start + u32::from(name_length), value_start, value_end }
}

/// The word of a field that stands elsewhere.
#[inline]
fn shifted(word: Word, shift: usize) -> u64 {
    u64::from_le_bytes(word).wrapping_add((shift as u64).wrapping_mul(AT_ONCE))
}

/// Names of header fields, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Names([u64; 2]);

const _: () = assert!(HeaderName::ALL.len() < 2 * 64, "more names than bits");

impl Names {
    #[expect(clippy::indexing_slicing, reason = "for constants: an index out of bounds does not compile")]
    pub(super) const fn of(names: &[HeaderName]) -> Self {
        let (mut bits, mut at) = ([0; 2], 0);
        while at < names.len() {
            bits[names[at] as usize / 64] |= 1 << (names[at] as usize % 64);
            at += 1;
        }
        Self(bits)
    }

    #[inline]
    pub(super) fn has(self, name: HeaderName) -> bool {
        let Self([low, high]) = self;
        let (half, at) = (if (name as u32) < 64 { low } else { high }, name as u32 % 64);
        half >> at & 1 != 0
    }

    pub(super) fn has_all(self, others: Self) -> bool {
        let (Self([a, b]), Self([c, d])) = (self, others);
        a & c == c && b & d == d
    }

    pub(super) fn has_any(self, others: Self) -> bool {
        let (Self([a, b]), Self([c, d])) = (self, others);
        a & c != 0 || b & d != 0
    }

    /// Adds one; whether it is there already.
    #[inline]
    pub(super) fn add(&mut self, name: HeaderName) -> bool {
        let Self([low, high]) = self;
        let (half, bit) = (if (name as u32) < 64 { low } else { high }, 1 << (name as u32 % 64));
        let is_there = *half & bit != 0;
        *half |= bit;
        is_there
    }
}

/// What adds a place to each of the three of a word at once.
const AT_ONCE: u64 = 0x0001_0001_0001_0000;

/// More fields than nearly all messages have.
const USUAL_FIELDS: usize = 40;

/// The header fields of a message that is being read.
#[derive(Debug)]
pub(super) struct Fields {
    /// The names that occur: most questions are about names that do not.
    present: Names,
    words: [Word; USUAL_FIELDS],
    /// How many of the words are fields; more than there are as soon as they are all in `wide`.
    count: usize,
    /// All of them, as soon as there is one that does not fit into a word, or one too many.
    wide: Vec<Field>,
}

impl Fields {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { present: Names::of(&[]), words: [[0; size_of::<Word>()]; USUAL_FIELDS], count: 0, wide: Vec::new() }
    }

    /// Forgets those of the message before.
    #[inline]
    pub(super) fn clear(&mut self) {
        (self.present, self.count) = (Names::default(), 0);
        self.wide.clear();
    }

    /// Appends one whose line begins `at` that place, and its value ends at `end` of the line; whether there was one of that name.
    #[inline]
    pub(super) fn push(&mut self, line: &Line, end: u32, at: usize) -> bool {
        // No other place is behind the end of the value.
        let fits = u16::try_from(at + end as usize).is_ok() && u8::try_from(line.name_end).is_ok();
        match self.words.get_mut(self.count) {
            Some(free) if fits => {
                let front = u64::from(number_of(line.name)) | u64::from(line.name_end) << 8;
                let value = u64::from(line.value_start) << 32 | u64::from(end) << 48;
                *free = ((front | value) + (at as u64) * AT_ONCE).to_le_bytes();
                self.count += 1;
            }
            _ => self.push_wide(line, end, at),
        }
        self.present.add(line.name)
    }

    /// Appends one of another message that differs by `shift` in its places. It fits if that does and the message has less than 64 KiB. Its
    /// name is told in the end.
    #[inline]
    pub(super) fn push_like(&mut self, word: Word, shift: usize) {
        if let Some(free) = self.words.get_mut(self.count) {
            *free = shifted(word, shift).to_le_bytes();
            self.count += 1;
        }
    }

    /// The same of one with a value that ends elsewhere.
    #[inline]
    pub(super) fn push_with_end(&mut self, word: Word, shift: usize, end: usize) {
        if let Some(free) = self.words.get_mut(self.count) {
            *free = (shifted(word, shift) << 16 >> 16 | (end as u64) << 48).to_le_bytes();
            self.count += 1;
        }
    }

    /// Says which names there are by now.
    pub(super) fn set_present(&mut self, names: Names) {
        self.present = names;
    }

    /// The last one, and the names of all, if all are words.
    pub(super) fn last(&self) -> Option<(Word, Names)> {
        let word = self.words.get(..self.count)?.last()?;
        Some((*word, self.present))
    }

    #[cold]
    fn push_wide(&mut self, line: &Line, end: u32, at: usize) {
        self.widen();
        let behind = |place: u32| offset(at + place as usize);
        self.wide.push(Field {
            name: line.name,
            start: behind(0),
            name_end: behind(line.name_end),
            value_start: behind(line.value_start),
            value_end: behind(end),
        });
    }

    /// Goes over to fields of any size.
    fn widen(&mut self) {
        let words = self.words.get(..self.count).unwrap_or_default();
        self.wide.extend(words.iter().copied().map(widened));
        self.count = usize::MAX;
    }

    /// The end of the last value, if there is one, becomes this, if it is behind it.
    pub(super) fn extend_last(&mut self, end: usize) {
        self.widen();
        if let Some(field) = self.wide.last_mut() {
            field.value_end = field.value_end.max(offset(end));
        }
    }

    /// The places of all of them.
    pub(super) fn places(&self) -> Places<'_> {
        Places { present: self.present, words: self.words.get(..self.count).unwrap_or_default(), wide: &self.wide }
    }

    /// To be kept: the octets of a message with the places behind them, in one piece, and the fields that are to be kept beside it, which
    /// are gone from here.
    #[inline]
    pub(super) fn behind(&mut self, raw: &[u8]) -> (Box<[u8]>, Vec<Field>) {
        let words = self.words.get(..self.count).unwrap_or_default().as_flattened();
        let mut held = Vec::with_capacity(raw.len() + words.len());
        held.extend_from_slice(raw);
        held.extend_from_slice(words);
        (held.into_boxed_slice(), mem::take(&mut self.wide))
    }
}

/// The header fields of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'m> {
    present: Names,
    words: &'m [Word],
    wide: &'m [Field],
}

impl<'m> Places<'m> {
    /// Those of these names, which stand in octets as [`Fields::behind`] leaves them, or beside them.
    #[inline]
    pub(super) fn kept(present: Names, words: &'m [u8], wide: &'m [Field]) -> Self {
        Self { present, words: words.as_chunks().0, wide }
    }

    /// All names that occur.
    pub(super) fn present(self) -> Names {
        self.present
    }

    /// Whether there is one of that name.
    pub(super) fn has(self, name: HeaderName) -> bool {
        self.present.has(name)
    }

    /// The first one of that name.
    #[inline]
    pub(super) fn first(self, name: HeaderName) -> Option<Field> {
        if !self.has(name) {
            return None;
        }
        let word = self.words.iter().find(|[number, ..]| *number == number_of(name));
        word.copied().map(widened).or_else(|| self.wide.iter().find(|field| field.name == name).copied())
    }

    /// All of that name in order.
    pub(super) fn named(self, name: HeaderName) -> impl Iterator<Item = Field> + use<'m> {
        let (words, wide) = if self.has(name) { (self.words, self.wide) } else { (&[][..], &[][..]) };
        let words = words.iter().filter(move |[number, ..]| *number == number_of(name)).copied().map(widened);
        words.chain(wide.iter().filter(move |field| field.name == name).copied())
    }

    /// All of them in order.
    pub(super) fn iter(self) -> impl Iterator<Item = Field> + use<'m> {
        self.words.iter().copied().map(widened).chain(self.wide.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(fields: &mut Fields, name: HeaderName, [start, name_end, value_start, value_end]: [usize; 4]) -> bool {
        let line = Line::new(name, name_end - start, value_start - start);
        fields.push(&line, offset(value_end - start), start)
    }

    #[test]
    fn fields_of_any_size_are_kept_in_order() {
        let field = |name, start: usize, length: usize, value: usize| {
            (name, [start, start + length, start + length + 2, value])
        };
        let small = [
            field(HeaderName::Via, 20, 3, 40),
            field(HeaderName::Other, 42, 255, 400),
            field(HeaderName::Via, 402, 1, 65_535),
        ];
        for large in
            [None, Some(field(HeaderName::To, 65_530, 2, 65_536)), Some(field(HeaderName::Other, 500, 256, 900))]
        {
            let all: Vec<_> = small.into_iter().chain(large).collect();
            let mut fields = Fields::new();
            let repeated: Vec<_> = all.iter().map(|(name, places)| push(&mut fields, *name, *places)).collect();
            assert_eq!(repeated[..3], [false, false, true]);
            let read = |places: Places<'_>| {
                let field =
                    |f: Field| (f.name, [f.start, f.name_end, f.value_start, f.value_end].map(|at| at as usize));
                assert_eq!(places.named(HeaderName::Via).map(field).collect::<Vec<_>>(), [all[0], all[2]]);
                assert_eq!(
                    (places.first(HeaderName::Other).map(field), places.first(HeaderName::From)),
                    (Some(all[1]), None)
                );
                places.iter().map(field).collect::<Vec<_>>()
            };
            assert_eq!(read(fields.places()), all);
            let present = fields.places().present();
            let (held, wide) = fields.behind(b"abc");
            assert_eq!((&held[..3], wide.len()), (&b"abc"[..], if large.is_some() { 4 } else { 0 }));
            assert_eq!(read(Places::kept(present, &held[3..], &wide)), all);
        }
    }

    #[test]
    fn the_last_value_grows() {
        let mut fields = Fields::new();
        push(&mut fields, HeaderName::Subject, [1, 8, 10, 12]);
        fields.extend_last(20);
        fields.extend_last(15);
        assert_eq!(fields.places().first(HeaderName::Subject).unwrap().value_range(), 10..20);
    }
}
