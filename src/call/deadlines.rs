//! The deadlines of open groups, the earliest first.
//!
//! Nearly all of them lie [`SETTLED_IDLE`] or [`ENDED_IDLE`] behind the clock, which never runs backwards: those of one kind come in
//! order. So they wait in two rows, and what would break the order of its row is sorted by a heap. Between them, rows and heap give
//! back what one heap would: the smallest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::open_groups::{GroupId, OpenGroups};
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
        let is_near = deadline.0.since(now) <= SETTLED_IDLE;
        let row = if is_near { &mut self.near } else { &mut self.far };
        if row.back().is_none_or(|last| *last <= deadline) {
            row.push_back(deadline);
        } else {
            self.odd.push(Reverse(deadline));
        }
        self.first = Some(self.first.map_or(deadline, |first| first.min(deadline)));
    }

    /// Forgets those of groups that are gone, when they may be half of all: most calls are over long before the first of their deadlines.
    pub(super) fn forget_gone(&mut self, groups: &OpenGroups) {
        let count = |all: &Self| all.near.len() + all.far.len() + all.odd.len();
        if count(self) <= self.most {
            return;
        }
        let is_open = |(_, id): &Deadline| groups.get(*id).is_some();
        self.near.retain(is_open);
        self.far.retain(is_open);
        self.odd.retain(|Reverse(odd)| is_open(odd));
        self.most = count(self) + count(self) / 2 + GONE;
        self.first = self.find_first();
    }

    /// The earliest.
    pub(super) fn first(&self) -> Option<Deadline> {
        self.first
    }

    /// The group at that place among those whose deadlines were near when they came, as most are.
    pub(super) fn near(&self, place: usize) -> Option<GroupId> {
        self.near.get(place).map(|(_, id)| *id)
    }

    fn find_first(&self) -> Option<Deadline> {
        let first = earlier(self.near.front(), self.far.front());
        earlier(first, self.odd.peek().map(|Reverse(odd)| odd)).copied()
    }

    /// Takes the earliest away.
    pub(super) fn pop(&mut self) -> Option<Deadline> {
        let first = self.first?;
        if self.near.front() == Some(&first) {
            self.near.pop_front();
        } else if self.far.front() == Some(&first) {
            self.far.pop_front();
        } else {
            self.odd.pop();
        }
        self.first = self.find_first();
        Some(first)
    }
}

fn earlier<'a>(a: Option<&'a Deadline>, b: Option<&'a Deadline>) -> Option<&'a Deadline> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        _ => a.or(b),
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
            for wait in [ENDED_IDLE, SETTLED_IDLE] {
                deadlines.push((now.plus(wait), group(u64::from(second))), now);
            }
            while deadlines.first().is_some_and(|(due, _)| due < now) {
                deadlines.pop();
            }
        }
        assert_eq!((deadlines.near.len(), deadlines.far.len(), deadlines.odd.len()), (7, 41, 0));
        let next = [0, 6, 7].map(|place| deadlines.near(place).map(|id| id.number));
        assert_eq!(next, [Some(193), Some(199), None]);
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
        assert!(deadlines.near.len() == 1 && deadlines.far.len() + deadlines.odd.len() < 2 * GONE);
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
