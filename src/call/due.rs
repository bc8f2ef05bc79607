//! What must still come in a leg: final responses to requests, ACKs to final responses of INVITEs (RFC 3261 §17).
//!
//! Tells the tracker when a call is settled, so that it need not be kept for as long as one that may go on.

use std::hash::BuildHasher as _;

use crate::hashing::Hashing;
use crate::limits::LEG_DUE;
use crate::sip::{Message, Method, StatusCode};

/// What is due. Messages that lack what it takes to match them make it wait for ever.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Hashes of branch and method of requests without final response.
    responses: Vec<u64>,
    /// Hashes of what ACKs will match: the branch where the response is no 2xx, To tag and CSeq number where it is one.
    acks: Vec<u64>,
    /// A response invites to try again under the same Call-ID, or something cannot be matched.
    is_unclear: bool,
    /// An INVITE was redirected.
    pub(super) is_redirected: bool,
    /// An INVITE failed otherwise, or was redirected more than once.
    pub(super) has_failed: bool,
}

impl Due {
    /// Whether all is settled.
    pub(super) fn is_nothing(&self) -> bool {
        !self.is_unclear && self.responses.is_empty() && self.acks.is_empty()
    }

    /// Takes the next message of the leg.
    pub(super) fn follow(&mut self, message: &Message, hasher: &Hashing) {
        let (Some(branch), Some(cseq)) = (message.branch(), message.cseq()) else {
            self.is_unclear = true;
            return;
        };
        let end_to_end = hasher.hash_one((message.to_tag(), cseq.number));
        match (message.status(), cseq.method) {
            (None, Method::Ack) => {
                let hop = hasher.hash_one(branch);
                self.acks.retain(|due| *due != hop && *due != end_to_end);
            }
            (None, method) => self.expect(hasher.hash_one((branch, method)), |due| &mut due.responses),
            (Some(status), method) if status.is_final() => {
                let answered = hasher.hash_one((branch, method));
                self.responses.retain(|due| *due != answered);
                self.answered(status, method, if status.is_success() { end_to_end } else { hasher.hash_one(branch) });
            }
            _ => {}
        }
    }

    fn answered(&mut self, status: StatusCode, method: &Method, ack: u64) {
        if *method != Method::Invite {
            self.is_unclear |= !status.is_success();
            return;
        }
        self.is_unclear |= may_be_tried_again(status);
        self.has_failed |= if status.is_redirection() { self.is_redirected } else { !status.is_success() };
        self.is_redirected |= status.is_redirection();
        self.expect(ack, |due| &mut due.acks);
    }

    fn expect(&mut self, what: u64, place: fn(&mut Self) -> &mut Vec<u64>) {
        let waiting = place(self);
        let known = waiting.contains(&what);
        let is_full = waiting.len() >= LEG_DUE;
        if !known && !is_full {
            waiting.push(what);
        }
        self.is_unclear |= is_full;
    }
}

/// Whether a client may repeat its request under the same Call-ID, some time later: corrected (RFC 3261 §8.1.3.5), or
/// when the server has recovered. What says no for good is left alone; who redials takes another Call-ID. The group knows of challenges that wait for credentials.
fn may_be_tried_again(status: StatusCode) -> bool {
    matches!(status.0, 408 | 411..=439 | 469 | 488..=494 | 500..=599)
}
