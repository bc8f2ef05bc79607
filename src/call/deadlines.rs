//! The deadlines of open groups, the earliest first.
//!
//! Nearly all of them lie [`HUNG_UP_IDLE`], [`SETTLED_IDLE`] or [`ENDED_IDLE`] behind the clock, which never runs backwards: those of
//! one kind come in order. So they wait in three rows, and what would break the order of its row is sorted by a heap. Between them, rows
//! and heap give back what one heap would: the smallest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::open_groups::{GroupId, OpenGroups};
#[cfg(doc)]
use crate::limits::ENDED_IDLE;
use crate::limits::{HUNG_UP_IDLE, SETTLED_IDLE};
use crate::provenance::Timestamp;

/// A moment at or before the end of a group, which may be gone.
pub(super) type Deadline = (Timestamp, GroupId);

/// The deadlines.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Those that are at most [`HUNG_UP_IDLE`] away when they come, at most [`SETTLED_IDLE`], and further.
    rows: [VecDeque<Deadline>; 3],
    odd: BinaryHeap<Reverse<Deadline>>,
    /// The earliest of all: it is asked for with every frame.
    first: Option<Deadline>,
    /// How many there may be until those of groups that are gone are looked for.
    most: usize,
}

/// As many may be of groups that are gone, beside as many as there are of others.
const GONE: usize = 256;

impl Deadlines {
    /// Adds one while the clock shows `now`.
    pub(super) fn push(&mut self, deadline: Deadline, now: Timestamp) {
        let away = deadline.0.since(now);
        let [near, settled, far] = &mut self.rows;
        let row = if away <= HUNG_UP_IDLE {
            near
        } else if away <= SETTLED_IDLE {
            settled
        } else {
            far
        };
        if row.back().is_none_or(|last| *last <= deadline) {
            row.push_back(deadline);
        } else {
            self.odd.push(Reverse(deadline));
        }
        self.first = Some(self.first.map_or(deadline, |first| first.min(deadline)));
    }

    /// Forgets those of groups that are gone, when they may be half of all: most calls are over long before the first of their deadlines.
    pub(super) fn forget_gone(&mut self, groups: &OpenGroups) {
        let count = |all: &Self| all.rows.iter().map(VecDeque::len).sum::<usize>() + all.odd.len();
        if count(self) <= self.most {
            return;
        }
        let is_open = |(_, id): &Deadline| groups.get(*id).is_some();
        for row in &mut self.rows {
            row.retain(is_open);
        }
        self.odd.retain(|Reverse(odd)| is_open(odd));
        self.most = count(self) + count(self) / 2 + GONE;
        self.first = self.find_first();
    }

    /// The earliest.
    pub(super) fn first(&self) -> Option<Deadline> {
        self.first
    }

    /// The group at that place of the row of those that a BYE ended, as it does most.
    pub(super) fn near(&self, place: usize) -> Option<GroupId> {
        let [near, ..] = &self.rows;
        near.get(place).map(|(_, id)| *id)
    }

    fn find_first(&self) -> Option<Deadline> {
        let odd = self.odd.peek().map(|Reverse(odd)| odd);
        self.rows.iter().filter_map(VecDeque::front).chain(odd).min().copied()
    }

    /// Takes the earliest away.
    pub(super) fn pop(&mut self) -> Option<Deadline> {
        let first = self.first?;
        match self.rows.iter_mut().find(|row| row.front() == Some(&first)) {
            Some(row) => drop(row.pop_front()),
            None => drop(self.odd.pop()),
        }
        self.first = self.find_first();
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::call::CallNumber;
    use crate::limits::ENDED_IDLE;

    const SECOND: i64 = 1_000_000_000;

    fn group(number: u64) -> GroupId {
        OpenGroups::default().insert(CallNumber(number)).unwrap()
    }

    #[test]
    fn what_is_usual_needs_no_sorting() {
        let mut deadlines = Deadlines::default();
        for second in 0_u32..200 {
            let now = Timestamp(i64::from(second) * SECOND);
            for wait in [ENDED_IDLE, HUNG_UP_IDLE, SETTLED_IDLE] {
                deadlines.push((now.plus(wait), group(u64::from(second))), now);
            }
            while deadlines.first().is_some_and(|(due, _)| due < now) {
                deadlines.pop();
            }
        }
        assert_eq!((deadlines.rows.each_ref().map(VecDeque::len), deadlines.odd.len()), ([1, 7, 41], 0));
        let next = [0, 1].map(|place| deadlines.near(place).map(|id| id.number));
        assert_eq!(next, [Some(199), None]);
    }

    #[test]
    fn those_of_groups_that_are_gone_do_not_add_up() {
        let (mut groups, mut deadlines) = (OpenGroups::default(), Deadlines::default());
        let now = Timestamp::default();
        let long = groups.insert(CallNumber(1)).unwrap();
        let earliest = (now.plus(SETTLED_IDLE), long);
        deadlines.push(earliest, now);
        for number in 2..5000 {
            let id = groups.insert(CallNumber(number)).unwrap();
            deadlines.push((now.plus(ENDED_IDLE), id), now);
            deadlines.push((now.plus(Duration::from_secs(20)), id), now);
            groups.remove(id);
            deadlines.forget_gone(&groups);
        }
        assert!({
            let [near, settled, far] = deadlines.rows.each_ref().map(VecDeque::len);
            near == 0 && settled == 1 && far + deadlines.odd.len() < 2 * GONE
        });
        assert_eq!(deadlines.first(), Some(earliest));
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
