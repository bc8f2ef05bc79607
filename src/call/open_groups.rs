//! The open groups where they lie: in slots that are used again, found by place rather than by name.

use std::collections::VecDeque;

use super::CallNumber;
use super::open_group::OpenGroup;
use super::open_leg::OpenLeg;

/// An open group. Sorts by number, which is the order of first messages; the slot tells where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupId {
    pub(super) number: u64,
    slot: u32,
}

/// A leg of an open group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LegId {
    number: u64,
    pub(super) slot: u32,
    /// Its index in the group.
    pub(super) leg: u32,
}

impl GroupId {
    pub(super) fn leg(self, leg: u32) -> LegId {
        LegId { number: self.number, slot: self.slot, leg }
    }
}

impl LegId {
    pub(super) fn group(self) -> GroupId {
        GroupId { number: self.number, slot: self.slot }
    }
}

/// A place for a group, with the number of the group that is or was there last: whether a group is gone is told without looking
/// for it in memory.
#[derive(Debug)]
struct Slot {
    number: u64,
    group: Option<Box<OpenGroup>>,
}

/// Numbers of groups that are gone may stand in the order while they are no more than those that are open, and these.
const GONE: usize = 256;

/// The groups that are open.
#[derive(Debug, Default)]
pub(super) struct OpenGroups {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// All of them in the order of their numbers, and some that are gone.
    order: VecDeque<GroupId>,
    open: usize,
}

impl OpenGroups {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn get(&self, id: GroupId) -> Option<&OpenGroup> {
        self.slots.get(id.slot as usize).filter(|slot| slot.number == id.number)?.group.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: GroupId) -> Option<&mut OpenGroup> {
        self.slots.get_mut(id.slot as usize).filter(|slot| slot.number == id.number)?.group.as_deref_mut()
    }

    /// A leg of whichever group lies there.
    pub(super) fn leg(&self, slot: u32, leg: u32) -> Option<(LegId, &OpenLeg)> {
        let Slot { number, group } = self.slots.get(slot as usize)?;
        Some((LegId { number: *number, slot, leg }, group.as_deref()?.leg(leg)?))
    }

    /// Opens a group, whose number is higher than that of any before it. `None` when there is no slot left, which no limit lets
    /// happen.
    pub(super) fn insert(&mut self, number: CallNumber) -> Option<GroupId> {
        let group = Box::new(OpenGroup::new(number));
        let number = number.0;
        let slot = if let Some(slot) = self.free.pop() {
            slot
        } else {
            self.slots.push(Slot { number, group: None });
            u32::try_from(self.slots.len() - 1).ok()?
        };
        *self.slots.get_mut(slot as usize)? = Slot { number, group: Some(group) };
        self.open += 1;
        if self.order.len() > 2 * self.open + GONE {
            self.forget_gone();
        }
        let id = GroupId { number, slot };
        self.order.push_back(id);
        Some(id)
    }

    pub(super) fn remove(&mut self, id: GroupId) -> Option<Box<OpenGroup>> {
        let group = self.slots.get_mut(id.slot as usize).filter(|slot| slot.number == id.number)?.group.take()?;
        self.free.push(id.slot);
        self.open -= 1;
        Some(group)
    }

    /// The first of them by number.
    pub(super) fn first(&mut self) -> Option<GroupId> {
        while let Some(first) = self.order.front().copied() {
            if self.get(first).is_some() {
                return Some(first);
            }
            self.order.pop_front();
        }
        None
    }

    /// The latest of them, newest first.
    pub(super) fn latest(&mut self) -> impl Iterator<Item = (GroupId, &OpenGroup)> {
        if self.order.len() > self.open + GONE {
            self.forget_gone();
        }
        self.order.iter().rev().filter_map(|id| Some((*id, self.get(*id)?)))
    }

    fn forget_gone(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        order.retain(|id| self.get(*id).is_some());
        self.order = order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_the_order_is_that_of_numbers() {
        let mut groups = OpenGroups::default();
        let add = |groups: &mut OpenGroups, number| groups.insert(CallNumber(number)).unwrap();
        let ids: Vec<_> = (1..=3).map(|number| add(&mut groups, number)).collect();
        assert!(groups.remove(ids[0]).is_some() && groups.remove(ids[0]).is_none());
        let fourth = add(&mut groups, 4);
        assert_eq!((groups.len(), groups.slots.len()), (3, 3));
        assert!(groups.get(ids[0]).is_none() && groups.get(fourth).is_some_and(|group| group.number.0 == 4));
        assert_eq!(groups.latest().map(|(id, _)| id.number).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!(groups.first(), Some(ids[1]));
    }

    #[test]
    fn what_is_gone_does_not_add_up() {
        let mut groups = OpenGroups::default();
        let long = groups.insert(CallNumber(1)).unwrap();
        for number in 2..5000 {
            let id = groups.insert(CallNumber(number)).unwrap();
            groups.remove(id);
        }
        assert!(groups.order.len() < 2 * GONE && groups.slots.len() == 2);
        assert_eq!((groups.first(), groups.latest().count()), (Some(long), 1));
    }
}
