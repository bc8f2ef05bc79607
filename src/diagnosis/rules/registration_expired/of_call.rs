//! What the refusal of one call means where the registration of its user was over: the status alone sends people after the number.

use super::{RULE, fix, is_captured};
use crate::call::{Call, Transaction};
use crate::diagnosis::patterns::registered::Expired;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Compared, Evidence, Finding, Text};
use crate::lang::span;

/// A refused call to a user whose registration was over.
#[derive(Debug)]
pub(in crate::diagnosis::rules) struct OfCall<'a> {
    expired: Expired<'a>,
    /// Whether nothing at all was captured while it should have been renewed.
    is_doubtful: bool,
}

impl<'a> OfCall<'a> {
    /// Where the capture shows that of the user of a request that was refused.
    pub(in crate::diagnosis::rules) fn of(call: &Call, refused: &Transaction, cx: &Compared<'a>) -> Option<Self> {
        let expired = cx.earlier.registered.over_before(call, refused)?;
        let Expired { period, attempt, failure, .. } = expired;
        let is_told = is_captured(period, attempt, failure.seen.source.address, cx);
        let is_doubtful = attempt.is_none() && cx.earlier.registered.silence(period.half(), period.until).is_some();
        is_told.then_some(Self { expired, is_doubtful })
    }

    /// Whether the words of the catalogue need not be said.
    pub(in crate::diagnosis::rules) fn is_sure(&self) -> bool {
        !self.is_doubtful
    }

    /// What the refusal means; `meaning` is what its status means.
    pub(in crate::diagnosis::rules) fn meaning(&self, meaning: Text) -> Text {
        let Expired { user, period, failure, .. } = self.expired;
        let text = if self.is_doubtful {
            "The registration of {user} by {client}, for {granted}, was over {late} before this call, unless it was renewed while nothing was captured \
             ({code})."
        } else {
            "Nobody was registered as {user} any more: {client} had done so for {granted}, which was over {late} before this call ({code})."
        };
        let text = Text::new(text)
            .with("user", user)
            .with("client", period.client)
            .with("granted", span(period.granted))
            .with("late", span(failure.time.since(period.until)))
            .with("code", RULE.code);
        if self.is_doubtful { with_reason(meaning, Some(text)) } else { text }
    }

    /// What shows it.
    pub(in crate::diagnosis::rules) fn evidence(&self) -> Evidence {
        self.expired.period.last.evidence("the registration is accepted for the last time")
    }

    /// What to do first.
    pub(in crate::diagnosis::rules) fn fix(&self) -> Text {
        let Expired { period, attempt, failure, .. } = self.expired;
        fix(attempt, false, period.client.address, failure.seen.source.address)
    }

    /// The advice for that in place of that of the catalogue.
    pub(in crate::diagnosis::rules) fn advise(&self, finding: Finding) -> Finding {
        finding
            .fix(self.fix())
            .actor(Actor::at(self.expired.period.client, "operator of the client that registered"))
            .verify("The called device is registered and the next call rings.")
    }
}
