//! Call-IDs of calls that were settled and handed on, so that what comes late for them does not look like something new.

use std::collections::VecDeque;

use crate::hashing::HashMap;
use crate::limits::{ENDED_IDLE, SETTLED_CALLS};
use crate::provenance::Timestamp;
use crate::sip::{Message, Method};

/// Hashes of Call-IDs, each until a time. At most [`SETTLED_CALLS`]; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct Settled {
    until: HashMap<u64, Timestamp>,
    in_order: VecDeque<(Timestamp, u64)>,
}

impl Settled {
    /// Remembers a call whose last message came when the clock showed `last`.
    pub(super) fn add(&mut self, call_id: u64, last: Timestamp) {
        if self.until.len() >= SETTLED_CALLS {
            self.forget_first();
        }
        let until = last.plus(ENDED_IDLE);
        self.until.insert(call_id, until);
        self.in_order.push_back((until, call_id));
    }

    /// Forgets what is old enough.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while self.in_order.front().is_some_and(|(until, _)| *until < now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((until, call_id)) = self.in_order.pop_front() else { return };
        // It may have been settled again since.
        if self.until.get(&call_id) == Some(&until) {
            self.until.remove(&call_id);
        }
    }

    /// Whether a message comes late for a call that was settled: anything but a request that begins something new.
    pub(super) fn is_late(&self, call_id: u64, message: &Message, now: Timestamp) -> bool {
        let begins = message.is_request()
            && message.to_tag().is_none()
            && !matches!(message.method(), Some(Method::Ack | Method::Cancel));
        !begins && self.until.get(&call_id).is_some_and(|until| *until >= now)
    }
}
