//! The latest of something in a capture, found by a key: what belongs together is told of calls in the order in which they close,
//! which is not that in which they began.
//!
//! Every call is noted here and next to none is ever asked for, so a note is a few numbers and a piece of one long text: nothing is
//! allocated for it.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hash};

use crate::diagnosis::Evidence;
use crate::hashing::shared;
use crate::lang::Text;
use crate::provenance::{Endpoint, FrameRef, Provenance, Timestamp};

/// The latest items, each with `N` texts, in the order in which they came.
#[derive(Debug)]
pub(super) struct Recent<T, const N: usize> {
    /// The marks of the keys of `items`: to look through them takes no look at the items themselves.
    marks: VecDeque<Mark>,
    items: VecDeque<Item<T, N>>,
    /// The texts of all items, one behind the other.
    texts: VecDeque<u8>,
    /// Octets of texts that have been given up.
    given_up: u64,
    room: usize,
}

#[derive(Debug)]
struct Item<T, const N: usize> {
    item: T,
    /// Where its texts begin, counted from the first that ever was.
    begin: u64,
    lengths: [u32; N],
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
        Evidence { frame, time, source, destination, what: Text::new(what), text }
    }
}

impl<T: Copy, const N: usize> Recent<T, N> {
    /// Room for that many.
    pub(super) fn with_room(room: usize) -> Self {
        let (marks, items, texts) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { marks, items, texts, given_up: 0, room }
    }

    /// Takes note of one more, in place of the oldest where there is no room.
    pub(super) fn push(&mut self, mark: Mark, item: T, texts: [&str; N]) {
        if self.items.len() >= self.room {
            self.forget_oldest();
        }
        let begin = self.given_up + self.texts.len() as u64;
        for text in texts {
            self.texts.extend(text.as_bytes());
        }
        // No text is longer than its message.
        let lengths = texts.map(|text| u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.marks.push_back(mark);
        self.items.push_back(Item { item, begin, lengths });
    }

    fn forget_oldest(&mut self) {
        self.marks.pop_front();
        if let Some(Item { lengths, .. }) = self.items.pop_front() {
            let octets: usize = lengths.iter().map(|length| *length as usize).sum();
            self.texts.drain(..octets.min(self.texts.len()));
            self.given_up += octets as u64;
        }
    }

    /// Those with that mark, the oldest first, with their texts; some may have another key.
    pub(super) fn with_mark(&self, mark: Mark) -> Vec<(T, [String; N])> {
        let mut found = Vec::new();
        let (older, newer) = self.marks.as_slices();
        for (begin, marks) in [(0, older), (older.len(), newer)] {
            for (number, some) in marks.chunks(MARKS_AT_ONCE).enumerate() {
                // Nearly always there is none, and that is seen of many marks at once.
                if some.iter().fold(false, |any, of| any | (*of == mark)) {
                    let places = some.iter().enumerate().filter(|(_, of)| **of == mark);
                    found.extend(places.map(|(at, _)| begin + number * MARKS_AT_ONCE + at));
                }
            }
        }
        found.into_iter().filter_map(|at| self.items.get(at)).map(|item| (item.item, self.texts_of(item))).collect()
    }

    fn texts_of(&self, item: &Item<T, N>) -> [String; N] {
        let mut at = usize::try_from(item.begin - self.given_up).unwrap_or(usize::MAX);
        item.lengths.map(|length| {
            let begin = at;
            at += length as usize;
            let octets: Vec<u8> = self.texts.iter().skip(begin).take(length as usize).copied().collect();
            // They were texts before.
            String::from_utf8(octets).unwrap_or_default()
        })
    }
}

/// Marks that are compared before anything is decided.
const MARKS_AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_found_in_order_with_their_texts() {
        let mut recent = Recent::with_room(3);
        for (key, item) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)] {
            recent.push(Mark::of(&key), item, [key, &"é".repeat(item)]);
        }
        let found = |key: &str| recent.with_mark(Mark::of(&key));
        let with = |key: &str, item: usize| (item, [key.to_owned(), "é".repeat(item)]);
        assert_eq!(
            (found("a"), found("b"), found("c")),
            (vec![with("a", 3), with("a", 4)], vec![with("b", 2)], vec![])
        );
    }

    #[test]
    fn each_of_many_is_found() {
        let mut recent = Recent::with_room(1000);
        for n in 0..2500_usize {
            recent.push(Mark::of(&(n % 500)), n, [&n.to_string()]);
        }
        for n in 0..500 {
            let found = recent.with_mark(Mark::of(&n)).into_iter().filter(|(item, _)| item % 500 == n);
            let found: Vec<_> = found.map(|(item, [text])| (item, text)).collect();
            assert_eq!(found, [(1500 + n, (1500 + n).to_string()), (2000 + n, (2000 + n).to_string())]);
        }
    }
}
