//! What can be told of a call at a glance. A rule says which of it must hold for it to have anything to say, so that the usual call
//! is not looked at by the many rules about unusual ones.

use std::time::Duration;

use super::repeated::{is_in_spite_of_ack, is_in_vain};
use super::rules::{answers_otherwise, is_asked_on, names_an_odd_address};
use crate::call::referred::reported_final;
use crate::call::{COPIES_IN_VAIN, Call, Outcome, Transaction};
use crate::sip::{HeaderName, Method, StatusCode};

/// No session interval that makes sense is over sooner.
pub(super) const SHORTEST_SESSION: Duration = Duration::from_secs(28);

/// A set of facts. Each is a necessary condition: it may hold of a call that the rule has nothing to say of, never the other way
/// round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Facts(u32);

impl Facts {
    /// No fact.
    pub const NONE: Self = Self(0);
    /// It has a redirect.
    pub const REDIRECT: Self = Self(1);
    /// A request got a 607.
    pub const UNWANTED: Self = Self(1 << 1);
    /// A request got a final response that may have to do with who calls.
    pub const REJECTED: Self = Self(1 << 2);
    /// A message has an Identity header field.
    pub const IDENTITY: Self = Self(1 << 3);
    /// A response has a Reason header field.
    pub const REASON: Self = Self(1 << 4);
    /// A final response to INVITE was sent again and again, and no ACK of it came; or another request was, although it had a final response.
    pub const IN_VAIN: Self = Self(1 << 5);
    /// The call failed, or a request got no final response, or another than a success, or a NOTIFY tells of such a one.
    pub const FAILURE: Self = Self(1 << 6);
    /// A request has a Reason header field.
    pub const REASON_OF_REQUEST: Self = Self(1 << 7);
    /// It has more than one transaction.
    pub const FURTHER: Self = Self(1 << 8);
    /// A redirect was followed.
    pub const FOLLOWED: Self = Self(1 << 9);
    /// A success to INVITE was sent again and again, and an ACK of it was captured.
    pub const IN_SPITE_OF_ACK: Self = Self(1 << 10);
    /// A request got several final responses.
    pub const SEVERAL_FINALS: Self = Self(1 << 11);
    /// A request got more than three provisional responses, repetitions counted.
    pub const MANY_PROVISIONALS: Self = Self(1 << 12);
    /// It lasted long enough for a session interval to end, and a message names one.
    pub const SESSION_INTERVAL: Self = Self(1 << 13);
    /// RTP of it was captured, or none, and RTP of its hosts with others.
    pub const MEDIA: Self = Self(1 << 14);
    /// RTP of it was captured, or it lasted, and a session description names an address at which nobody else can receive, or they name such of IPv4 and of IPv6.
    pub const MEDIA_ADDRESS: Self = Self(1 << 15);
    /// It is no call, and has an OPTIONS.
    pub const OPTIONS: Self = Self(1 << 16);
    /// A request got an error (RFC 3261 §7.2: 4xx, 5xx, 6xx) that neither asks for credentials nor is a 607.
    pub const REFUSED: Self = Self(1 << 17);
    /// A request got no response at all.
    pub const SILENT: Self = Self(1 << 18);
    /// A request got 488 or 606, or the answer to an INVITE begins with a codec number that the offer has not.
    pub const CODEC: Self = Self(1 << 19);
    /// A request was sent again three times or more.
    pub const ASKED_AGAIN: Self = Self(1 << 20);

    /// The facts of a call.
    pub fn of(call: &Call) -> Self {
        let mut facts = Self::NONE.and(Self::REDIRECT, !call.redirects.is_empty());
        facts = facts.and(Self::FOLLOWED, call.redirects.iter().any(|redirect| !redirect.follows.is_empty()));
        facts = facts.and(Self::FURTHER, call.transactions.len() > 1);
        facts = facts.and(Self::SEVERAL_FINALS, call.transactions.iter().any(|t| t.finals.len() > 1));
        facts = facts.and(Self::MANY_PROVISIONALS, call.transactions.iter().any(|t| t.provisionals.len() > 3));
        let names_an_interval = || call.messages.iter().any(|m| m.message.has(HeaderName::SessionExpires));
        facts =
            facts.and(Self::SESSION_INTERVAL, call.end.since(call.start) >= SHORTEST_SESSION && names_an_interval());
        facts = facts.and(Self::MEDIA, !call.media.is_empty() || !call.media_elsewhere.is_empty());
        facts = facts.and(Self::MEDIA_ADDRESS, !call.media.is_empty() || names_an_odd_address(call));
        let asks = || call.transactions.iter().any(|t| t.method == Method::Options);
        facts = facts.and(Self::OPTIONS, !call.is_invite() && asks());
        facts = facts.and(Self::CODEC, answers_otherwise(call));
        let again = |t: &Transaction| t.retransmissions.len() >= COPIES_IN_VAIN;
        facts = facts.and(Self::ASKED_AGAIN, call.transactions.iter().any(again));
        let mut open = call.transactions.iter().filter(|t| t.finals.is_empty()).peekable();
        let is_open = open.peek().is_some();
        facts = facts.and(Self::SILENT, open.any(|t| t.provisionals.is_empty()));
        facts = facts.and(Self::FAILURE, is_open || call.outcome != Outcome::Answered);
        for (transaction, last) in call.transactions.iter().flat_map(|t| t.finals.iter().map(move |f| (t, f))) {
            facts = facts.and(Self::IN_VAIN, is_in_vain(call, transaction, last) || is_asked_on(call, transaction));
            facts = facts.and(Self::IN_SPITE_OF_ACK, is_in_spite_of_ack(call, transaction, last));
            if !last.status.is_success() {
                facts = facts.with(Self::FAILURE);
                facts = facts.and(Self::CODEC, matches!(last.status.0, 488 | 606));
                facts = facts.and(Self::UNWANTED, last.status == StatusCode(607));
                facts = facts.and(Self::REFUSED, is_refusal(last.status));
                facts = facts.and(Self::REJECTED, speaks_of_the_caller(last.status));
            } else if transaction.method == Method::Notify {
                facts = facts.and(Self::FAILURE, tells_of_a_failure(call, transaction));
            }
        }
        for captured in &call.messages {
            let message = &captured.message;
            facts = facts.and(Self::IDENTITY, message.has(HeaderName::Identity));
            if message.has(HeaderName::Reason) {
                facts = facts.with(if message.is_request() { Self::REASON_OF_REQUEST } else { Self::REASON });
            }
        }
        facts
    }

    /// Whether all of these are among them.
    pub fn hold(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, fact: Self, holds: bool) -> Self {
        if holds { self.with(fact) } else { self }
    }
}

/// Whether a NOTIFY says that what a REFER asked for failed.
fn tells_of_a_failure(call: &Call, notify: &Transaction) -> bool {
    let request = notify.request.and_then(|id| call.message(id));
    request.and_then(|m| reported_final(&m.message)).is_some_and(|(status, _)| !status.is_success())
}

/// Whether that status is an error of which the rules about 607, redirects and credentials say nothing.
fn is_refusal(status: StatusCode) -> bool {
    status.0 >= 400 && !matches!(status.0, 401 | 407 | 607)
}

/// Whether a final response of that status may reject a call for its caller (see [`super::identity_case`]).
fn speaks_of_the_caller(status: StatusCode) -> bool {
    matches!(status.0, 403 | 428 | 436 | 437 | 438 | 603 | 607 | 608)
}
