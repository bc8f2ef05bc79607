//! A refused call whose caller called the same party again at once, and got through: nobody went without that call.

use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use super::patterns::toll::is_of_sipp;
use super::repeated::with_reason;
use super::{Evidence, Finding, Settings, Severity, Text};
use crate::call::{Call, CapturedMessage, NextAttempt, Outcome};
use crate::lang::span;
use crate::sip::StatusCode;

/// Elements that go on to their next route do so at once; clients that call again, or people, need not.
const ROUTE: Duration = Duration::from_secs(1);

/// The call that was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct GotThrough<'a> {
    next: &'a NextAttempt,
    refused: &'a CapturedMessage,
    /// Whether it went to a host that the refused call did not go to.
    is_elsewhere: bool,
}

impl<'a> GotThrough<'a> {
    /// That of a refused call; `None` as well where the later call says nothing of the refusal.
    pub(super) fn of(call: &'a Call) -> Option<Self> {
        let next = call.next_attempt.as_deref().filter(|_| may_be_tried_again(call))?;
        let refused = call.message(call.final_response?)?;
        let speaks_of_the_caller = refused.message.status().is_some_and(|s| speaks_of_the_caller(s.0));
        // Whoever makes calls for tests uses the same two names in all of them.
        if speaks_of_the_caller || call.initial_request().is_none_or(|request| is_of_sipp(&request.message)) {
            return None;
        }
        let asked = next.sent.flow.destination.address;
        let is_elsewhere =
            call.attempts.iter().filter_map(|a| call.transaction(a.transaction)).all(|t| t.server.address != asked);
        Some(Self { next, refused, is_elsewhere })
    }

    /// Whether the host took the later call that had refused the first one, from the same client.
    pub(super) fn is_at(self, server: IpAddr) -> bool {
        self.next.sent.flow.destination.address == server
    }

    /// From the refusal to the next call.
    fn after(self) -> Duration {
        self.next.sent.time.since(self.refused.provenance.time)
    }

    /// Whether an element in front went on to its next route, as nobody dials that fast.
    pub(super) fn is_next_route(self) -> bool {
        self.is_elsewhere && self.after() <= ROUTE
    }

    fn text(self) -> Text {
        let text = if self.is_next_route() {
            Text::new(
                "{client} sent the same call to another server, {server}, {after} later and under another Call-ID, and call {call} was answered: its \
                 next route worked.",
            )
            .with("client", self.next.sent.flow.source)
            .with("server", self.next.sent.flow.destination)
        } else {
            Text::new(
                "The same caller called the same party again {after} later, under another Call-ID, and call {call} was answered.",
            )
        };
        text.with("after", span(self.after())).with("call", self.next.call.0)
    }

    /// How bad the refusal still is: to take another server is what a 503 asks for (RFC 3261 §21.5.4).
    fn most(self) -> Severity {
        let asks_for_another = self.refused.message.status() == Some(StatusCode(503));
        if asks_for_another && self.is_next_route() { Severity::Notice } else { Severity::Warning }
    }
}

/// Says so in what explains the failure, which then is no error any more.
pub(super) fn tell(call: &Call, root: &mut Finding, settings: &Settings) {
    let Some(through) = GotThrough::of(call) else { return };
    root.message = with_reason(mem::take(&mut root.message), Some(through.text()));
    root.evidence.push(Evidence::at(&through.next.sent, "the next call of the same caller", String::new()));
    root.evidence.push(Evidence::at(&through.next.answered, "it is answered", through.next.line.clone()));
    // What the user set stays.
    if !settings.severities.contains_key(root.code) {
        root.severity = root.severity.min(through.most());
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
