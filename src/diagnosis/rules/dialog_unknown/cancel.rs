//! A CANCEL that gets 481 although its INVITE is still pending.

use super::RULE;
use crate::call::{Call, CapturedMessage, Transaction, TransactionId};
use crate::diagnosis::refused::Refused;
use crate::diagnosis::{Actor, Certainty, Context, Evidence, Finding, Severity, Text, response_facts};
use crate::sip::{Message, Method};

pub(super) struct Cancelled<'a> {
    refused: Refused<'a>,
    /// The INVITE that it was to end; `None` where none was captured.
    invite: Option<&'a Transaction>,
}

impl<'a> Cancelled<'a> {
    /// `None` where the CANCEL came too late: after the answer there is nothing to cancel, and both may be on their way at one time.
    pub(super) fn of(refused: Refused<'a>) -> Option<Self> {
        let call = refused.call;
        let refused_at = refused.response.provenance.time;
        let is_pending =
            |t: &&Transaction| t.finals.iter().filter_map(|f| call.time(f.message)).all(|time| time > refused_at);
        let mut meant = invites(call, refused.id).peekable();
        if meant.peek().is_none() && call.is_invite() {
            return None;
        }
        let is_seen = meant.peek().is_some();
        let invite = meant.find(is_pending);
        (invite.is_some() || !is_seen).then_some(Self { refused, invite })
    }

    pub(super) fn finding(&self, cx: &Context<'_>) -> Finding {
        let refused = &self.refused;
        let primary = Evidence::of(refused.response, Text::new("{status} response").with("status", 481));
        let certainty = if self.invite.is_some() && !cx.lossy() { Certainty::Certain } else { Certainty::Weak };
        let request = self.invite.and_then(|t| refused.call.message(t.request?));
        Finding::new(&RULE, certainty, refused.text(self.text()), primary)
            .severity(Severity::Notice)
            .evidence(response_facts::evidence(refused.response))
            .evidence(refused.request().map(|m| Evidence::of(m, "the CANCEL")))
            .evidence(request.map(|m| Evidence::of(m, "the INVITE that it was to end")))
            .fix(
                "Compare CANCEL and INVITE: Request-URI, Call-ID, From, To, CSeq number, Route and the topmost Via with its branch must be the same \
                 (RFC 3261 §9.1).",
            )
            .fix(
                "See that the CANCEL reaches the server that has the INVITE: a load balancer may send the two to different ones.",
            )
            .actor(Actor::role("the operator of the client, and of what distributes requests in front of the server"))
            .verify("A call that is given up while it rings ends with 200 to the CANCEL and 487 to the INVITE.")
    }

    fn text(&self) -> Text {
        let Some(invite) = self.invite else {
            return Text::new(
                "The server knows no INVITE that is pending and that this CANCEL belongs to. The INVITE is not in this capture: if it was answered \
                 before, nothing is wrong.",
            );
        };
        let meaning = Text::new(
            "The server knows no INVITE that this CANCEL belongs to, though the INVITE was not answered yet: the CANCEL had no effect.",
        );
        let request = invite.request.and_then(|id| self.refused.call.message(id));
        let differs = request.zip(self.refused.request()).and_then(|(invite, cancel)| difference(invite, cancel));
        if let Some(what) = differs {
            return Text::new("{meaning} The two differ in {what}.")
                .with("meaning", meaning)
                .with("what", Text::new(what));
        }
        if invite.server != self.refused.deepest.server {
            return Text::new("{meaning} The INVITE went to {server}, and the CANCEL to {other}.")
                .with("meaning", meaning)
                .with("server", invite.server)
                .with("other", self.refused.deepest.server);
        }
        if invite.provisionals.is_empty() && invite.finals.is_empty() {
            return Text::new("{meaning} The INVITE had no response at all: the server may never have had it.")
                .with("meaning", meaning);
        }
        meaning
    }
}

/// The INVITEs that a CANCEL is about: those of its branch, or else what its client sent last before it.
fn invites(call: &Call, cancel: TransactionId) -> impl Iterator<Item = &Transaction> {
    let own = call.transaction(cancel);
    let all = move || call.transactions.iter().filter(|t| t.method == Method::Invite);
    let matched = all().any(|t| t.cancelled_by == Some(cancel));
    let mut last =
        all().filter(move |t| own.is_some_and(|c| t.leg == c.leg && t.client == c.client && t.start <= c.start));
    let last = last.next_back().filter(|t| !matched && t.cancelled_by.is_none());
    all().filter(move |t| t.cancelled_by == Some(cancel)).chain(last)
}

/// In what a CANCEL differs from its INVITE and must not (RFC 3261 §9.1).
fn difference(invite: &CapturedMessage, cancel: &CapturedMessage) -> Option<&'static str> {
    let (invite, cancel) = (&invite.message, &cancel.message);
    let number = |m: &Message| m.cseq().map(|c| c.number);
    if invite.branch() != cancel.branch() {
        Some("the branch of the topmost Via")
    } else if number(invite) != number(cancel) {
        Some("the CSeq number")
    } else if invite.request_uri_text() != cancel.request_uri_text() {
        Some("the Request-URI")
    } else if invite.from_tag() != cancel.from_tag() {
        Some("the tag of From")
    } else if invite.to_tag() != cancel.to_tag() {
        Some("the tag of To")
    } else {
        None
    }
}
