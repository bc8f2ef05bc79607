//! The latest of something in a capture, found by a key: what belongs together is told of calls in the order in which they close,
//! which is not that in which they began.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hash};

use crate::hashing::shared;

/// The latest items, in the order in which they came.
#[derive(Debug)]
pub(super) struct Recent<T> {
    /// The marks of the keys of `items`: to look through them takes no look at the items themselves.
    marks: VecDeque<Mark>,
    items: VecDeque<T>,
    room: usize,
}

/// Stands for a key. Others may have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    pub(super) fn of(key: &impl Hash) -> Self {
        Self(shared().hash_one(key))
    }
}

impl<T> Recent<T> {
    /// Room for that many.
    pub(super) fn with_room(room: usize) -> Self {
        Self { marks: VecDeque::new(), items: VecDeque::new(), room }
    }

    /// Takes note of one more, in place of the oldest where there is no room.
    pub(super) fn push(&mut self, mark: Mark, item: T) {
        if self.items.len() >= self.room {
            self.marks.pop_front();
            self.items.pop_front();
        }
        self.marks.push_back(mark);
        self.items.push_back(item);
    }

    /// Those with that mark, the oldest first; some may have another key.
    pub(super) fn with_mark(&self, mark: Mark) -> impl Iterator<Item = &T> {
        let mut found = Vec::new();
        let (older, newer) = self.marks.as_slices();
        // This loop sees every mark, so it is as plain as can be.
        for (begin, marks) in [(0, older), (older.len(), newer)] {
            for (at, of) in marks.iter().enumerate() {
                if *of == mark {
                    found.push(begin + at);
                }
            }
        }
        found.into_iter().filter_map(|at| self.items.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_found_in_order() {
        let mut recent = Recent::with_room(3);
        for (key, item) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)] {
            recent.push(Mark::of(&key), item);
        }
        let found = |key: &str| recent.with_mark(Mark::of(&key)).copied().collect::<Vec<_>>();
        assert_eq!((found("a"), found("b"), found("c")), (vec![3, 4], vec![2], vec![]));
    }
}
