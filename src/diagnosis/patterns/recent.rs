//! The latest of something in a capture, found by a key: what belongs together is told of calls in the order in which they close,
//! which is not that in which they began.
//!
//! Every call is noted here and next to none is ever asked for, so a note is a few numbers and a piece of one long text: nothing is
//! allocated for it.

use std::hash::{BuildHasher as _, Hash};

use crate::diagnosis::Evidence;
use crate::hashing::shared;
use crate::lang::Text;
use crate::provenance::{Endpoint, FrameRef, Provenance, Timestamp};

/// The latest items, each with `M` marks and `N` texts.
#[derive(Debug)]
pub(super) struct Recent<T, const M: usize, const N: usize> {
    /// The marks of the keys of `items`, by kind: to look through them takes no look at the items themselves.
    marks: [Vec<Mark>; M],
    /// Which of them there may be: nearly always the one that is asked for is not.
    filter: Filter,
    /// In the order in which they came, from the oldest on and around the end.
    items: Vec<Item<T, N>>,
    /// The place of the oldest item, which the next one takes where there is no room.
    oldest: usize,
    /// The texts of all items, one behind the other, behind those of items that are gone.
    texts: Vec<u8>,
    /// How many octets of `texts` belong to items that are gone.
    unused: usize,
    /// Octets of texts that have been given up for good.
    given_up: u64,
    room: usize,
}

#[derive(Debug)]
struct Item<T, const N: usize> {
    what: T,
    /// Where its texts begin, counted from the first that ever was.
    begin: u64,
    lengths: [u32; N],
}

/// Marks of the latest items, and of some that are gone. It may take others for them.
#[derive(Debug)]
struct Filter {
    /// A bit for each mark since it was emptied last, and for those in the same time before.
    latest: Box<[u64]>,
    before: Box<[u64]>,
    /// How many items `latest` is about.
    items: usize,
}

/// Its words: some thousand marks take a small part of the bits.
const FILTER_WORDS: usize = 1024;

impl Filter {
    fn new() -> Self {
        let empty = || vec![0; FILTER_WORDS].into_boxed_slice();
        Self { latest: empty(), before: empty(), items: 0 }
    }

    /// Takes note of the marks of an item, where so many items stay.
    fn note(&mut self, marks: &[Mark], room: usize) {
        if self.items >= room {
            std::mem::swap(&mut self.latest, &mut self.before);
            self.latest.fill(0);
            self.items = 0;
        }
        self.items += 1;
        for mark in marks {
            let (word, bit) = mark.place();
            if let Some(word) = self.latest.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Whether one of the latest items may have that mark.
    fn may_have(&self, mark: Mark) -> bool {
        let (word, bit) = mark.place();
        [&self.latest, &self.before].into_iter().filter_map(|bits| bits.get(word)).any(|bits| bits & bit != 0)
    }
}

/// Stands for a key. Others may have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark(u32);

impl Mark {
    pub(super) fn of(key: &impl Hash) -> Self {
        let hash = shared().hash_one(key);
        // The half that tables of the same hash do not begin with.
        Self(u32::try_from(hash >> u32::BITS).unwrap_or_default())
    }

    /// Its word in a filter, and its bit there.
    fn place(self) -> (usize, u64) {
        (self.0 as usize / 64 % FILTER_WORDS, 1 << (self.0 % 64))
    }
}

/// A message that may be cited later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) frame: FrameRef,
    pub(super) time: Timestamp,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
}

impl Place {
    pub(super) fn of(provenance: &Provenance) -> Self {
        let flow = &provenance.flow;
        Self { frame: provenance.frame, time: provenance.time, source: flow.source, destination: flow.destination }
    }

    /// The citation.
    pub(super) fn evidence(self, what: &'static str, text: String) -> Evidence {
        let Self { frame, time, source, destination } = self;
        Evidence { frame, time, source, destination, what: Text::new(what), text: text.into() }
    }
}

impl<T: Copy, const M: usize, const N: usize> Recent<T, M, N> {
    /// Room for that many.
    pub(super) fn with_room(room: usize) -> Self {
        let marks = [const { Vec::new() }; M];
        Self {
            marks,
            filter: Filter::new(),
            items: Vec::new(),
            oldest: 0,
            texts: Vec::new(),
            unused: 0,
            given_up: 0,
            room,
        }
    }

    /// Takes note of one more, in place of the oldest where there is no room.
    pub(super) fn push(&mut self, marks: [Mark; M], item: T, texts: [&[u8]; N]) {
        self.filter.note(&marks, self.room);
        let begin = self.given_up + self.texts.len() as u64;
        for text in texts {
            self.texts.extend_from_slice(text);
        }
        // No text is longer than its message.
        let lengths = texts.map(|text| u32::try_from(text.len()).unwrap_or(u32::MAX));
        let item = Item { what: item, begin, lengths };
        if self.items.len() < self.room {
            self.items.push(item);
            self.marks.iter_mut().zip(marks).for_each(|(kind, mark)| kind.push(mark));
        } else {
            self.replace_oldest(marks, item);
        }
    }

    fn replace_oldest(&mut self, marks: [Mark; M], item: Item<T, N>) {
        let at = self.oldest;
        self.oldest = if at + 1 < self.room { at + 1 } else { 0 };
        for (place, mark) in self.marks.iter_mut().filter_map(|kind| kind.get_mut(at)).zip(marks) {
            *place = mark;
        }
        if let Some(place) = self.items.get_mut(at) {
            self.unused += place.lengths.iter().map(|length| *length as usize).sum::<usize>();
            *place = item;
        }
        // Then and now, not each time: the others move to the beginning.
        if self.unused * 4 > self.texts.len() {
            self.texts.drain(..self.unused.min(self.texts.len()));
            self.given_up += self.unused as u64;
            self.unused = 0;
        }
    }

    /// Those with that mark of a kind, the oldest first; some may have another key.
    pub(super) fn with_mark(&self, kind: usize, mark: Mark) -> impl Iterator<Item = Noted<'_, T, M, N>> {
        let mut found = Vec::new();
        let marks = self.marks.get(kind).filter(|_| self.filter.may_have(mark));
        let (newer, older) = marks.and_then(|marks| marks.split_at_checked(self.oldest)).unwrap_or_default();
        for (begin, marks) in [(newer.len(), older), (0, newer)] {
            for (number, some) in marks.chunks(MARKS_AT_ONCE).enumerate() {
                // Nearly always there is none, and that is seen of many marks at once.
                if some.iter().map(|of| u32::from(*of == mark)).sum::<u32>() > 0 {
                    let places = some.iter().enumerate().filter(|(_, of)| **of == mark);
                    found.extend(places.map(|(at, _)| begin + number * MARKS_AT_ONCE + at));
                }
            }
        }
        found.into_iter().filter_map(|at| Some(Noted { of: self, item: self.items.get(at)? }))
    }

    /// The octets of a text of an item.
    fn octets(&self, item: &Item<T, N>, number: usize) -> &[u8] {
        let before = item.lengths.iter().take(number).map(|length| *length as usize).sum::<usize>();
        let begin = usize::try_from(item.begin - self.given_up).unwrap_or(usize::MAX).saturating_add(before);
        let end = begin.saturating_add(item.lengths.get(number).map_or(0, |length| *length as usize));
        self.texts.get(begin..end).unwrap_or_default()
    }
}

/// One of the items.
pub(super) struct Noted<'r, T, const M: usize, const N: usize> {
    of: &'r Recent<T, M, N>,
    item: &'r Item<T, N>,
}

impl<T: Copy, const M: usize, const N: usize> Noted<'_, T, M, N> {
    /// What was noted.
    pub(super) fn item(&self) -> T {
        self.item.what
    }

    /// Whether one of its texts is this one.
    pub(super) fn is(&self, number: usize, text: &str) -> bool {
        self.of.octets(self.item, number) == text.as_bytes()
    }

    /// One of its texts; what is not UTF-8 is replaced.
    pub(super) fn text(&self, number: usize) -> String {
        String::from_utf8_lossy(self.of.octets(self.item, number)).into_owned()
    }
}

/// Marks that are compared before anything is decided.
const MARKS_AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(of: impl Hash) -> Mark {
        Mark::of(&of)
    }

    #[test]
    fn the_latest_are_found_in_order_with_their_texts() {
        let mut recent = Recent::with_room(3);
        for (key, item) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)] {
            recent.push([mark(key), mark(item % 2)], item, [key, &"é".repeat(item)].map(str::as_bytes));
        }
        let found = |kind: usize, mark: Mark| {
            let all = recent.with_mark(kind, mark);
            all.map(|noted| (noted.item(), noted.text(1))).collect::<Vec<_>>()
        };
        let with = |item: usize| (item, "é".repeat(item));
        assert_eq!(
            (found(0, mark("a")), found(0, mark("b")), found(0, mark("c"))),
            (vec![with(3), with(4)], vec![with(2)], vec![])
        );
        assert_eq!((found(1, mark(0)), found(1, mark(1))), (vec![with(2), with(4)], vec![with(3)]));
    }

    #[test]
    fn each_of_many_is_found() {
        let mut recent = Recent::with_room(1000);
        for n in 0..2500_usize {
            recent.push([mark(n % 500)], n, [n.to_string().as_bytes()]);
        }
        for n in 0..500 {
            let found: Vec<_> = recent.with_mark(0, mark(n)).filter(|noted| noted.item() % 500 == n).collect();
            let numbers = [1500 + n, 2000 + n];
            assert_eq!(found.iter().map(Noted::item).collect::<Vec<_>>(), numbers);
            for (noted, number) in found.iter().zip(numbers) {
                let text = number.to_string();
                assert!(noted.is(0, &text) && !noted.is(0, &n.to_string()) && noted.text(0) == text, "{number}");
            }
        }
    }
}
