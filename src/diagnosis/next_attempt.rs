//! A refused call whose caller called the same party again at once, and got through: nobody went without that call.

use std::mem;

use super::patterns::toll::is_of_sipp;
use super::repeated::with_reason;
use super::{Evidence, Finding, Settings, Severity, Text};
use crate::call::{Call, Outcome};
use crate::lang::span;

/// Says so in what explains the failure, which then is no error any more.
pub(super) fn tell(call: &Call, root: &mut Finding, settings: &Settings) {
    let Some(next) = call.next_attempt.as_ref().filter(|_| may_be_tried_again(call)) else { return };
    let refused = call.final_response.and_then(|id| call.message(id));
    let Some(refused) = refused.filter(|m| !speaks_of_the_caller(m.message.status().map_or(0, |s| s.0))) else {
        return;
    };
    // Whoever makes calls for tests uses the same two names in all of them.
    if call.initial_request().is_none_or(|request| is_of_sipp(&request.message)) {
        return;
    }
    let text = Text::new("The same caller called the same party again {after} later, under another Call-ID, and call {call} was answered.")
        .with("after", span(next.sent.time.since(refused.provenance.time)))
        .with("call", next.call.0);
    root.message = with_reason(mem::take(&mut root.message), Some(text));
    root.evidence.push(Evidence::at(&next.sent, "the next call of the same caller", String::new()));
    root.evidence.push(Evidence::at(&next.answered, "it is answered", next.line.clone()));
    // What the user set stays.
    if !settings.severities.contains_key(root.code) {
        root.severity = root.severity.min(Severity::Warning);
    }
}

/// Whether the failure is none that is decided for good, and none of the caller's credentials.
fn may_be_tried_again(call: &Call) -> bool {
    call.is_invite() && matches!(call.outcome, Outcome::Rejected | Outcome::ServerFailure | Outcome::Overload)
}

/// Whoever calls again in spite of such a response has findings of its own.
fn speaks_of_the_caller(status: u16) -> bool {
    matches!(status, 603 | 607 | 608)
}

#[cfg(test)]
mod tests;
