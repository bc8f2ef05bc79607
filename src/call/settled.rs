//! Call-IDs of calls that were settled and handed on, so that what comes late for them does not look like something new.

use std::collections::VecDeque;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::limits::{ENDED_IDLE, SETTLED_CALLS};
use crate::provenance::Timestamp;
use crate::sip::{Message, Method};

/// Hashes of Call-IDs, each until a time. At most [`SETTLED_CALLS`]; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// In the order in which they came.
    in_order: VecDeque<(Timestamp, u64)>,
    /// How many came before those.
    gone: u32,
    /// Where each of them stands, the latest time: what has to be small here, as it is looked into at random.
    places: HashTable<u32>,
}

impl Settled {
    /// Remembers a call whose last message came when the clock showed `last`.
    pub(super) fn add(&mut self, call_id: u64, last: Timestamp) {
        if self.places.len() >= SETTLED_CALLS {
            self.forget_first();
        }
        let Ok(before) = u32::try_from(self.in_order.len()) else { return };
        let place = self.gone.wrapping_add(before);
        self.in_order.push_back((last.plus(ENDED_IDLE), call_id));
        let Self { in_order, gone, places } = self;
        let hash = |place: &u32| at(in_order, *gone, *place).map_or(0, |(_, known)| known);
        match places.entry(call_id, |place| hash(place) == call_id, hash) {
            Entry::Occupied(mut known) => *known.get_mut() = place,
            Entry::Vacant(vacant) => drop(vacant.insert(place)),
        }
    }

    /// Forgets what is old enough.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while self.in_order.front().is_some_and(|(until, _)| *until < now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((_, call_id)) = self.in_order.pop_front() else { return };
        let place = self.gone;
        self.gone = place.wrapping_add(1);
        // It may have been settled again since, and stand elsewhere.
        if let Ok(known) = self.places.find_entry(call_id, |known| *known == place) {
            known.remove();
        }
    }

    /// Whether a message comes late for a call that was settled: anything but a request that begins something new.
    pub(super) fn is_late(&self, call_id: u64, message: &Message, now: Timestamp) -> bool {
        let begins = message.is_request()
            && message.to_tag().is_none()
            && !matches!(message.method(), Some(Method::Ack | Method::Cancel));
        !begins && self.until(call_id).is_some_and(|until| until >= now)
    }

    fn until(&self, call_id: u64) -> Option<Timestamp> {
        let known = |place: &u32| at(&self.in_order, self.gone, *place);
        let place = self.places.find(call_id, |place| known(place).is_some_and(|(_, known)| known == call_id))?;
        known(place).map(|(until, _)| until)
    }
}

/// What stands at a place that is counted from the first one ever.
fn at(in_order: &VecDeque<(Timestamp, u64)>, gone: u32, place: u32) -> Option<(Timestamp, u64)> {
    in_order.get(place.wrapping_sub(gone) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_remembered_from_the_last_time_that_it_was_settled() {
        let second = |second: i64| Timestamp(second * 1_000_000_000);
        let mut settled = Settled { gone: u32::MAX - 1, ..Settled::default() };
        for (call_id, last) in [(7, 1), (8, 2), (7, 3), (9, 3)] {
            settled.add(call_id, second(last));
        }
        settled.expire(second(42));
        assert_eq!(
            [7, 8, 9].map(|call_id| settled.until(call_id)),
            [Some(second(43)), Some(second(42)), Some(second(43))]
        );
        settled.expire(second(43));
        assert_eq!([7, 8, 9].map(|call_id| settled.until(call_id).is_some()), [true, false, true]);
        settled.expire(second(44));
        assert!(settled.places.is_empty() && settled.in_order.is_empty());
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut settled = Settled::default();
        for call_id in 0..=SETTLED_CALLS as u64 {
            settled.add(call_id, Timestamp(0));
        }
        assert_eq!(settled.places.len(), SETTLED_CALLS);
        assert!(settled.until(0).is_none() && settled.until(1).is_some());
    }
}
