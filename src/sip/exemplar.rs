//! Header blocks that came lately, as exemplars of those to come. The messages of a hop are mostly alike, line by line: what differs from
//! one to the next of its kind are a branch, tags, the Call-ID, and numbers. So lines are compared with those of the exemplar, as many at
//! a time as never differed, and of those that did it is read how they differ.
//!
//! What is found is what reading would find, whatever the exemplar.

use std::ops::Range;

use super::HeaderName;
use super::headers::{self, Block};
use super::line::{self, Doubts, End, Known, Line};
use super::memo::{Memo, is_same};
use super::octets;
use super::places::{Fields, Names, Span, Word, offset};
use super::plain;
use super::start_line::{KINDS, StartLine};

/// Exemplars of each kind of messages, since those of a kind differ from hop to hop, and the responses to one method from those to others.
const VARIANTS: usize = 8;
/// The octets at the beginning of a block that tell the hop: of a Via, what does not differ from message to message.
const HOP_OCTETS: usize = 32;
/// What differs less in length is mostly alike, as answers are with a body, and those without.
const SIMILAR_LENGTH: usize = 128;
/// Longer blocks are no exemplars,
const OCTETS_MAX: usize = 2048;
/// nor are those of more lines.
const ROWS_MAX: usize = 32;
/// After so many lines that were not like it an exemplar gives way: soon where blocks are made otherwise, and seldom where each has some
/// lines of its own.
const PATIENCE: usize = 192;
/// A block that goes on otherwise counts as so many.
const UNLIKE_BLOCK: usize = 4;

/// Of what a [`Block`] has parts.
const ASKED_FOR: Names = Names::of(&[
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::ContentLength,
]);

/// The exemplars of all kinds.
#[derive(Debug)]
pub(super) struct Exemplars {
    /// Those of each kind behind one another; none if nothing is remembered.
    all: Vec<Exemplar>,
}

/// A header block.
#[derive(Debug, Clone, Default)]
pub(super) struct Exemplar {
    /// Its octets with the blank line.
    octets: Vec<u8>,
    rows: Vec<Row>,
    /// How many lines were not like it.
    unlike: usize,
}

/// A line of an exemplar.
#[derive(Debug, Clone)]
struct Row {
    /// Its places.
    word: Word,
    /// Where it begins.
    start: u32,
    /// Where the next one does.
    next: u32,
    manner: Manner,
    /// What it may be as soon as it differed.
    other: Manner,
    /// Whether it is one of the lines of which every message is asked for something.
    is_asked_for: bool,
    line: Line,
    /// The names up to here.
    present: Names,
    /// Those of them that occur more than once.
    repeated: Names,
}

/// How lines in that place differ.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Not so far, and so do as many lines from here on.
    Same(u8),
    /// By the parameter that is asked for, which stands there.
    Parameter(Span),
    /// By words.
    Words,
    /// By words of which something is asked; what is in doubt of such a line.
    Numbers(Doubts),
    /// By more than that.
    Otherwise,
}

impl Exemplars {
    /// Such as remember.
    pub(super) fn new() -> Self {
        Self { all: vec![Exemplar { unlike: PATIENCE, ..Exemplar::default() }; KINDS * VARIANTS] }
    }

    /// Such as do not: for whoever reads one message.
    pub(super) const fn none() -> Self {
        Self { all: Vec::new() }
    }

    /// The exemplar for a block with what follows it; `None` if nothing is remembered.
    #[inline]
    pub(super) fn of(&mut self, start: StartLine, block: &[u8]) -> Option<&mut Exemplar> {
        self.all.get_mut(start.kind() * VARIANTS + variant(block))
    }
}

/// Which of the exemplars of a kind is that of a block with what follows it.
#[inline]
fn variant(block: &[u8]) -> usize {
    let Some(first) = block.first_chunk::<HOP_OCTETS>() else { return 0 };
    let words = first.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let sum = words.fold(0, |sum: u64, word| sum.rotate_left(17) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (usize::try_from(sum >> 60).unwrap_or_default() + block.len() / SIMILAR_LENGTH) % VARIANTS
}

impl Exemplar {
    /// That of a block with its blank line; `None` of one with lines that have more to them than what stands in them.
    fn new(block: &[u8]) -> Option<Self> {
        if block.len() > OCTETS_MAX || !block.ends_with(b"\r\n\r\n") {
            return None;
        }
        let (mut rows, mut rest) = (Vec::new(), block);
        let (mut fields, mut repeated) = (Fields::new(), Names::default());
        while rest != b"\r\n" && rows.len() < ROWS_MAX {
            let start = block.len() - rest.len();
            let (line, doubts, next) = match line::usual(rest, &mut Memo::none()) {
                Some((line, next)) => (line, Doubts::NONE, next),
                None => line::whole(rest).map(|(line, next)| (line, line::doubts_of(line.name), next))?,
            };
            let is_again = fields.push(&line, line.end.at, start);
            if is_again {
                repeated.add(line.name);
            }
            let ((word, present), is_asked_for) = (fields.last()?, !is_again && ASKED_FOR.has(line.name));
            let other = Manner::of(&line, doubts);
            let varies = line.name == HeaderName::CallId || matches!(other, Manner::Parameter(_));
            let manner = if varies { other } else { Manner::Same(0) };
            rest = next;
            let (start, next) = (offset(start), offset(block.len() - rest.len()));
            rows.push(Row { word, start, next, manner, other, is_asked_for, line, present, repeated });
        }
        let mut new = Self { octets: block.to_vec(), rows, unlike: 0 };
        new.count_same();
        (rest == b"\r\n").then_some(new)
    }

    /// Counts how many lines from each on never differed.
    fn count_same(&mut self) {
        let mut count = 0;
        for row in self.rows.iter_mut().rev() {
            count = if matches!(row.manner, Manner::Same(_)) { count + 1 } else { 0 };
            if count > 0 {
                row.manner = Manner::Same(count);
            }
        }
    }

    /// Reads lines as long as they have the names that those of the exemplar have.
    pub(super) fn follow(&mut self, bytes: &[u8], block: &mut Block, fields: &mut Fields, memo: &mut Memo<Known>) {
        // Places behind that do not fit into words.
        if u16::try_from(bytes.len()).is_err() {
            return;
        }
        let mut count = 0;
        while let Some(row) = self.rows.get(count)
            && let Some(text) = bytes.get(block.end..)
        {
            let octets = self.octets.get(row.start as usize..row.next as usize).unwrap_or_default();
            let length = match row.manner {
                Manner::Same(lines) => {
                    let lines = usize::from(lines);
                    let rows = self.rows.get(count..count + lines).unwrap_or_default();
                    if self.is_same(rows, text) {
                        take_same(rows, block, fields);
                        count += lines;
                    } else {
                        self.differs(count, text);
                    }
                    continue;
                }
                Manner::Parameter(place) => row.take_parameter(place, octets, text, block, fields),
                Manner::Words => row.take_words(octets, text, block, fields),
                Manner::Numbers(doubts) => row.take_numbers(doubts, octets, text, block, fields),
                Manner::Otherwise => row.take_again(octets, text, block, fields),
            };
            let Some(length) = length.or_else(|| {
                self.unlike += 1;
                row.take_other(text, block, fields, memo)
            }) else {
                break;
            };
            block.end += length;
            count += 1;
        }
        if let Some(last) = count.checked_sub(1).and_then(|last| self.rows.get(last)) {
            fields.set_present(last.present);
            block.repeated = last.repeated;
        }
        if count < self.rows.len() || self.rows.is_empty() {
            self.unlike += UNLIKE_BLOCK;
        }
    }

    /// Whether a text begins with these lines of the exemplar.
    #[inline]
    fn is_same(&self, rows: &[Row], text: &[u8]) -> bool {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return false };
        let octets = self.octets.get(first.start as usize..last.next as usize).unwrap_or_default();
        text.strip_prefix(octets).is_some_and(|next| !line::goes_on(next))
    }

    /// Takes note that of the lines that never differed the first that is not that of this text does.
    #[cold]
    fn differs(&mut self, first: usize, text: &[u8]) {
        let rows = self.rows.get_mut(first..).unwrap_or_default();
        let start = rows.first().map_or(0, |row| row.start as usize);
        let octets = self.octets.get(start..).unwrap_or_default();
        let common = text.iter().zip(octets).take_while(|(octet, other)| octet == other).count();
        // The octet behind a line tells whether the line goes on.
        if let Some(row) = rows.iter_mut().find(|row| row.next as usize - start >= common) {
            row.manner = row.other;
        }
        self.count_same();
    }

    /// That was the block: it becomes the exemplar if the one there was is of little use.
    #[inline]
    pub(super) fn end(&mut self, block: &[u8]) {
        if self.unlike > PATIENCE {
            self.unlike = 0;
            if let Some(new) = Self::new(block) {
                *self = new;
            }
        }
    }
}

impl Manner {
    /// How a line may differ of which that is in doubt if its value is other words.
    fn of(line: &Line, doubts: Doubts) -> Self {
        let is_one = [HeaderName::CSeq, HeaderName::ContentLength, HeaderName::MaxForwards, HeaderName::Expires];
        match line.end.parameter {
            Some(place) if place.is_there() => Self::Parameter(place),
            Some(_) => Self::Otherwise,
            None if super::lint::LOOKED_INTO.has(line.name) => Self::Otherwise,
            None if is_one.contains(&line.name) || doubts != Doubts::NONE => Self::Numbers(doubts),
            None => Self::Words,
        }
    }
}

/// Takes lines that are those of the exemplar.
#[inline]
fn take_same(rows: &[Row], block: &mut Block, fields: &mut Fields) {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    let shift = block.end.wrapping_sub(first.start as usize);
    for row in rows {
        fields.push_like(row.word, shift);
        block.doubts.add(row.line.doubts);
        if row.is_asked_for {
            block.note(&row.line, row.line.end, (row.start as usize).wrapping_add(shift));
        }
    }
    block.end = (last.next as usize).wrapping_add(shift);
}

/// Each takes the line at the beginning of a text, if it is one of that manner, and returns its length.
impl Row {
    /// A line that is the same after all, of which these are the octets.
    fn take_again(&self, octets: &[u8], text: &[u8], block: &mut Block, fields: &mut Fields) -> Option<usize> {
        text.strip_prefix(octets).filter(|next| !line::goes_on(next))?;
        fields.push_like(self.word, block.end.wrapping_sub(self.start as usize));
        block.doubts.add(self.line.doubts);
        if self.is_asked_for {
            block.note(&self.line, self.line.end, block.end);
        }
        Some(octets.len())
    }

    /// A line that is the same, of which these are the octets, but for the value of the parameter that is asked for.
    #[inline]
    fn take_parameter(
        &self,
        place: Span,
        octets: &[u8],
        text: &[u8],
        block: &mut Block,
        fields: &mut Fields,
    ) -> Option<usize> {
        let Range { start, end } = place.range();
        let (front, value) = text.split_at_checked(start)?;
        if !is_same(front, octets.get(..start)?) {
            return None;
        }
        let behind = octets::behind(value, octets::VALUE);
        let (new_end, tail) = (text.len() - behind.len(), octets.get(end..)?);
        let next = if tail.len() == 2 { behind.strip_prefix(b"\r\n") } else { behind.strip_prefix(tail) };
        next.filter(|next| new_end > start && !line::goes_on(next))?;
        let at = self.line.end.at as usize - end + new_end;
        fields.push_with_end(self.word, block.end.wrapping_sub(self.start as usize), block.end + at);
        block.doubts.add(self.line.doubts);
        if self.is_asked_for {
            let parameter = Some(Span::new(start, new_end));
            block.note(&self.line, End { at: offset(at), parameter, ..self.line.end }, block.end);
        }
        Some(new_end + tail.len())
    }

    /// The value of such a line, but for its value.
    #[inline]
    fn value<'t>(&self, octets: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
        let (name, value) = text.split_at_checked(self.line.value_start as usize)?;
        (octets.starts_with(name) && value.first() != Some(&b' ')).then_some(value)
    }

    /// A line with other words for a value.
    #[inline]
    fn take_words(&self, octets: &[u8], text: &[u8], block: &mut Block, fields: &mut Fields) -> Option<usize> {
        let value = self.value(octets, text)?;
        let (_, behind) = value.split_at_checked(plain::words(value)?)?;
        behind.strip_prefix(b"\r\n").filter(|next| !line::goes_on(next))?;
        let end = text.len() - behind.len();
        fields.push_with_end(self.word, block.end.wrapping_sub(self.start as usize), block.end + end);
        if self.is_asked_for {
            // Of what is asked for no other line is nothing but words.
            block.call_id = Span::new(block.end + self.line.value_start as usize, block.end + end);
        }
        Some(end + 2)
    }

    /// The same where something is asked of them.
    fn take_numbers(
        &self,
        doubts: Doubts,
        octets: &[u8],
        text: &[u8],
        block: &mut Block,
        fields: &mut Fields,
    ) -> Option<usize> {
        let value = self.value(octets, text)?;
        let Line { name, name_end, value_start, .. } = self.line;
        let line = Line { doubts, ..Line::new(name, name_end as usize, value_start as usize) };
        let (line, next) = line::words(line, value)?;
        fields.push_with_end(self.word, block.end.wrapping_sub(self.start as usize), block.end + line.end.at as usize);
        block.doubts.add(line.doubts);
        if self.is_asked_for {
            block.note(&line, line.end, block.end);
        }
        Some(text.len() - next.len())
    }

    /// Any line of that name.
    fn take_other(&self, text: &[u8], block: &mut Block, fields: &mut Fields, memo: &mut Memo<Known>) -> Option<usize> {
        // Of others the names are of any length.
        let (line, next) = headers::usual_line(text, memo)
            .filter(|(line, _)| line.name == self.line.name && line.name != HeaderName::Other)?;
        fields.push(&line, line.end.at, block.end);
        block.doubts.add(line.doubts);
        if self.is_asked_for {
            block.note(&line, line.end, block.end);
        }
        Some(text.len() - next.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "SIP/2.0 200 OK\r\n";
    const BLOCK: &str = "Via: SIP/2.0/UDP a.example:5060;rport=5060;branch=z9hG4bK1;received=192.0.2.1\r\n\
        Via: SIP/2.0/UDP b.example;branch=z9hG4bK0\r\nFrom: \"A\" <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>;tag=22\r\n\
        Call-ID: one@a.example\r\nCSeq: 1 INVITE\r\nX-Any: thing\r\nDate: now\r\nContact: <sip:b@192.0.2.7>\r\n\
        Content-Length:   0\r\n\r\n";

    /// How many octets of a block are read along the exemplar, which lines were read without it, and all that was found.
    fn follow(exemplar: &mut Exemplar, block: &str) -> (usize, usize, String) {
        let text = format!("{START}{block}");
        let mut read = Block::at(START.len());
        let (mut fields, before) = (Fields::new(), exemplar.unlike);
        exemplar.follow(text.as_bytes(), &mut read, &mut fields, &mut Memo::none());
        let found =
            format!("{read:?} {:?} {:?}", fields.places().present(), fields.places().iter().collect::<Vec<_>>());
        (read.end - START.len(), exemplar.unlike - before, found)
    }

    /// What is found of a block without any exemplar.
    fn alone(block: &str) -> String {
        let (text, mut fields) = (format!("{START}{block}"), Fields::new());
        let mut read =
            headers::read(text.as_bytes(), START.len(), &mut fields, &mut Vec::new(), &mut Memo::none(), None);
        read.end -= 2;
        format!("{read:?} {:?} {:?}", fields.places().present(), fields.places().iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_differs_in_the_usual_places_is_read_along_the_exemplar() {
        let mut exemplar = Exemplar::new(BLOCK.as_bytes()).unwrap();
        let (mut block, end) = (BLOCK.to_owned(), BLOCK.len() - 2);
        for (old, new) in [
            ("", ""),
            ("z9hG4bK1", "z9hG4bK-another"),
            ("z9hG4bK0", "z9hG4bK"),
            ("tag=1\r", "tag=a-longer-one.1\r"),
            ("tag=22", "tag=2"),
            ("one@", "two-and-more@"),
            ("1 INVITE", "20 INVITE"),
            ("thing", "any \"thing\""),
            ("  0", "  12"),
        ] {
            block = block.replace(old, new);
            assert_eq!(follow(&mut exemplar, &block), (end + block.len() - BLOCK.len(), 0, alone(&block)), "{new}");
        }
        // What differed may be the same again.
        assert_eq!(follow(&mut exemplar, BLOCK), (end, 0, alone(BLOCK)));
    }

    #[test]
    fn what_differs_elsewhere_is_read_without_it() {
        for (old, new, lines) in [("b@192", "c@192", 1), ("sip:b@b", "sip:c@b", 1), ("rport=5060", "rport", 1)] {
            let (mut exemplar, block) = (Exemplar::new(BLOCK.as_bytes()).unwrap(), BLOCK.replace(old, new));
            let end = block.len() - 2;
            assert_eq!(follow(&mut exemplar, &block), (end, lines, alone(&block)), "{new}");
            assert_eq!(follow(&mut exemplar, BLOCK), (BLOCK.len() - 2, 0, alone(BLOCK)));
        }
        for (old, new) in
            [("CSeq", "X: y\r\nCSeq"), ("CSeq: 1 INVITE\r\n", ""), ("thing\r\n", "thing\r\n and\r\n"), ("X-A", "Y-A")]
        {
            let (mut exemplar, block) = (Exemplar::new(BLOCK.as_bytes()).unwrap(), BLOCK.replace(old, new));
            let (end, unlike, _) = follow(&mut exemplar, &block);
            assert!(end < block.len() - 2 && unlike > 0, "{new}");
        }
    }

    #[test]
    fn an_exemplar_gives_way_to_the_next_after_a_while() {
        let mut all = Exemplars::new();
        let other = BLOCK.replace("CSeq", "X: y\r\nCSeq");
        let start = StartLine::Response { status: crate::sip::StatusCode(200), phrase: Span::NONE };
        let mut turns = 0;
        for block in [BLOCK, &other] {
            let exemplar = all.of(start, BLOCK.as_bytes()).unwrap();
            while follow(exemplar, block).0 < block.len() - 2 {
                exemplar.end(block.as_bytes());
                turns += 1;
                assert!(turns <= PATIENCE);
            }
        }
        assert!(turns > 2);
        // What cannot be one is not tried each time.
        let mut exemplar = Exemplar { unlike: PATIENCE, ..Exemplar::default() };
        let folded = BLOCK.replace("thing", "thing\r\n and");
        let _ = follow(&mut exemplar, &folded);
        exemplar.end(folded.as_bytes());
        assert_eq!((exemplar.rows.len(), exemplar.unlike), (0, 0));
    }
}
