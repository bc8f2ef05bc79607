//! What came before the end of a call.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::sip::{Method, Reason};

/// Whoever ends a call for what it got does so at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The answer that a BYE ends, or the INVITE that a CANCEL is about.
pub(super) fn before<'a>(call: &'a Call, this: &Transaction) -> Option<&'a CapturedMessage> {
    let invites = || {
        call.transactions
            .iter()
            .filter(|t| t.method == Method::Invite && t.leg == this.leg && !t.in_dialog && t.start <= this.start)
    };
    if this.method == Method::Cancel {
        return invites().filter_map(|t| call.message(t.request?)).max_by_key(|m| m.provenance.time);
    }
    let answers = invites().flat_map(|t| &t.finals).filter(|f| f.status.is_success());
    answers
        .filter_map(|f| call.message(f.message))
        .filter(|m| m.provenance.time <= this.start)
        .min_by_key(|m| m.provenance.time)
}

/// What a BYE repeats in its Reason: the response to a request inside the call, or, for a timeout, the request that got none.
pub(super) fn repeated<'a>(call: &'a Call, bye: &Transaction, reason: &Reason) -> Option<&'a CapturedMessage> {
    let cause = reason.cause.filter(|_| bye.method == Method::Bye && reason.is("SIP"))?;
    let inside = call.transactions.iter().filter(|t| {
        t.leg == bye.leg && t.in_dialog && t.start < bye.start && !matches!(t.method, Method::Bye | Method::Ack)
    });
    let what = |t: &Transaction| {
        let finals = t.finals.iter().filter(|f| u32::from(f.status.0) == cause);
        let mut just_before = finals
            .filter_map(|f| call.message(f.message))
            .filter(|m| m.provenance.time <= bye.start && bye.start.since(m.provenance.time) < AT_ONCE);
        let unanswered = || call.message(t.request?).filter(|_| cause == 408 && t.finals.is_empty());
        just_before.next().or_else(unanswered)
    };
    inside.filter_map(what).max_by_key(|m| m.provenance.time)
}
