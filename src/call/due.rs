//! What must still come in a leg: final responses to requests, ACKs to final responses of INVITEs (RFC 3261 §17).
//!
//! Tells the tracker when a call is settled, so that it need not be kept for as long as one that may go on.

use smallvec::SmallVec;

use super::CapturedMessage;
use super::open_group::place_behind;
use crate::limits::LEG_DUE;
use crate::sip::{Message, Method, StatusCode};

/// Messages of the group, by their places in it.
pub(super) type Places = SmallVec<[u32; 4]>;

/// What is due. Messages that lack what it takes to match them make it wait for ever.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Requests without final response.
    responses: Places,
    /// Final responses of INVITEs without ACK, which has the branch where the response is no 2xx, To tag and CSeq number where it is one.
    acks: Places,
    /// A response invites to try again under the same Call-ID, or something cannot be matched.
    is_unclear: bool,
    pub(super) troubles: Troubles,
}

/// What did not go smoothly.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Troubles {
    /// A request was sent again that waits for a response, or a final response that waits for an ACK.
    has_repeats: bool,
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

    /// Takes the next message of the leg; the others of the group lie in front of it.
    pub(super) fn follow(&mut self, message: &Message, others: &[CapturedMessage]) {
        let (Some(branch), Some(cseq)) = (message.branch(), message.cseq()) else {
            self.is_unclear = true;
            return;
        };
        let at = |place: &u32| others.get(*place as usize).map(|other| &other.message);
        let same_request = |other: &Message| {
            other.branch() == Some(branch) && other.cseq().is_some_and(|known| known.method == cseq.method)
        };
        let same_dialog = |other: &Message| {
            other.to_tag() == message.to_tag() && other.cseq().is_some_and(|known| known.number == cseq.number)
        };
        let is_success = |message: &Message| message.status().is_some_and(StatusCode::is_success);
        match (message.status(), cseq.method) {
            (None, Method::Ack) => {
                let acknowledged = |answer: &Message| {
                    if is_success(answer) { same_dialog(answer) } else { answer.branch() == Some(branch) }
                };
                settle(&mut self.acks, |due| at(due).is_some_and(acknowledged));
            }
            (None, _) => {
                let is_known = self.responses.iter().filter_map(at).any(same_request);
                self.troubles.has_repeats |= is_known;
                self.is_unclear |= !expect(&mut self.responses, is_known, place_behind(others));
            }
            (Some(status), method) if status.is_final() => {
                settle(&mut self.responses, |due| at(due).is_some_and(same_request));
                if self.wants_ack(status, method) {
                    let same = |answer: &Message| {
                        is_success(answer) == status.is_success()
                            && if status.is_success() { same_dialog(answer) } else { answer.branch() == Some(branch) }
                    };
                    let is_known = self.acks.iter().filter_map(at).any(same);
                    self.troubles.has_repeats |= is_known;
                    self.is_unclear |= !expect(&mut self.acks, is_known, place_behind(others));
                }
            }
            _ => {}
        }
    }

    /// Takes note of a final response; whether an ACK must follow.
    fn wants_ack(&mut self, status: StatusCode, method: &Method) -> bool {
        if *method != Method::Invite {
            self.is_unclear |= !status.is_success();
            return false;
        }
        self.is_unclear |= may_be_tried_again(status);
        let Troubles { is_redirected, has_failed, .. } = &mut self.troubles;
        *has_failed |= if status.is_redirection() { *is_redirected } else { !status.is_success() };
        *is_redirected |= status.is_redirection();
        true
    }
}

/// Adds the next message to those that wait, unless it is known; `false` if there is no room for more.
fn expect(waiting: &mut Places, is_known: bool, place: u32) -> bool {
    let is_full = waiting.len() >= LEG_DUE;
    if !is_known && !is_full {
        waiting.push(place);
    }
    !is_full
}

/// Takes out what waits no longer: as a rule nothing or one waits.
fn settle(waiting: &mut Places, is_settled: impl Fn(&u32) -> bool) {
    match waiting.as_slice() {
        [] => {}
        [only] => {
            if is_settled(only) {
                waiting.clear();
            }
        }
        _ => waiting.retain(|due| !is_settled(due)),
    }
}

/// Whether a client may repeat its request under the same Call-ID, some time later: corrected (RFC 3261 §8.1.3.5), or
/// when the server has recovered. What says no for good is left alone; who redials takes another Call-ID. The group knows of challenges that wait for credentials.
fn may_be_tried_again(status: StatusCode) -> bool {
    matches!(status.0, 408 | 411..=439 | 469 | 488..=494 | 500..=599)
}
