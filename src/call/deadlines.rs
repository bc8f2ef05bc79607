//! The deadlines of open groups, the earliest first.
//!
//! Nearly all of them lie [`SETTLED_IDLE`] or [`ENDED_IDLE`] behind the clock, which never runs backwards: those of one kind come in
//! order. So they wait in two rows, and what would break the order of its row is sorted by a heap. Between them, rows and heap give
//! back what one heap would: the smallest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::open_groups::GroupId;
#[cfg(doc)]
use crate::limits::ENDED_IDLE;
use crate::limits::SETTLED_IDLE;
use crate::provenance::Timestamp;

/// A moment at or before the end of a group, which may be gone.
pub(super) type Deadline = (Timestamp, GroupId);

/// The deadlines.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Those that are at most [`SETTLED_IDLE`] away when they come.
    near: VecDeque<Deadline>,
    far: VecDeque<Deadline>,
    odd: BinaryHeap<Reverse<Deadline>>,
}

/// Where one lies.
enum Place {
    Near,
    Far,
    Odd,
}

impl Deadlines {
    /// Adds one while the clock shows `now`.
    pub(super) fn push(&mut self, deadline: Deadline, now: Timestamp) {
        let is_near = deadline.0.since(now) <= SETTLED_IDLE;
        let row = if is_near { &mut self.near } else { &mut self.far };
        if row.back().is_none_or(|last| *last <= deadline) {
            row.push_back(deadline);
        } else {
            self.odd.push(Reverse(deadline));
        }
    }

    /// The earliest.
    pub(super) fn first(&self) -> Option<Deadline> {
        Some(self.place_of_first()?.0)
    }

    /// Takes the earliest away.
    pub(super) fn pop(&mut self) -> Option<Deadline> {
        match self.place_of_first()?.1 {
            Place::Near => self.near.pop_front(),
            Place::Far => self.far.pop_front(),
            Place::Odd => self.odd.pop().map(|Reverse(odd)| odd),
        }
    }

    fn place_of_first(&self) -> Option<(Deadline, Place)> {
        let near = self.near.front().map(|first| (*first, Place::Near));
        let far = self.far.front().map(|first| (*first, Place::Far));
        let odd = self.odd.peek().map(|Reverse(first)| (*first, Place::Odd));
        [near, far, odd].into_iter().flatten().min_by_key(|(first, _)| *first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::call::CallNumber;
    use crate::call::open_group::OpenGroup;
    use crate::call::open_groups::OpenGroups;
    use crate::limits::ENDED_IDLE;

    const SECOND: i64 = 1_000_000_000;

    fn group(number: u64) -> GroupId {
        OpenGroups::default().insert(OpenGroup::new(CallNumber(number))).unwrap()
    }

    #[test]
    fn what_is_usual_needs_no_sorting() {
        let mut deadlines = Deadlines::default();
        for second in 0_u32..200 {
            let now = Timestamp(i64::from(second) * SECOND);
            for wait in [ENDED_IDLE, SETTLED_IDLE] {
                deadlines.push((now.plus(wait), group(u64::from(second))), now);
            }
            while deadlines.first().is_some_and(|(due, _)| due < now) {
                deadlines.pop();
            }
        }
        assert_eq!((deadlines.near.len(), deadlines.far.len(), deadlines.odd.len()), (7, 41, 0));
    }

    proptest! {
        #[test]
        fn they_come_out_in_order_however_they_came(
            steps in prop::collection::vec((0_i64..9, 0_i64..60, 0_u64..4, 0_usize..3), 0..200),
        ) {
            let (mut deadlines, mut sorted) = (Deadlines::default(), BinaryHeap::new());
            for (now, due, number, taken) in steps {
                let deadline = (Timestamp(due * SECOND), group(number));
                deadlines.push(deadline, Timestamp(now * SECOND));
                sorted.push(Reverse(deadline));
                for _ in 0..taken {
                    prop_assert_eq!(deadlines.first(), sorted.peek().map(|Reverse(first)| *first));
                    prop_assert_eq!(deadlines.pop(), sorted.pop().map(|Reverse(first)| first));
                }
            }
            while let Some(Reverse(first)) = sorted.pop() {
                prop_assert_eq!(deadlines.pop(), Some(first));
            }
            prop_assert_eq!(deadlines.pop(), None);
        }
    }
}
