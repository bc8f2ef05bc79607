//! Requests that were refused with a certain status: each once, however many hops and legs passed the refusal on.

use super::rules::{weight_of_failure, what_was_refused};
use super::{Actor, Certainty, Evidence, Finding, Rule, Severity, Text, response_facts};
use crate::call::{Call, CapturedMessage, Origin, Transaction, TransactionId};
use crate::sip::Method;

/// A refused request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    pub(super) call: &'a Call,
    pub(super) id: TransactionId,
    /// At the hop of who sent it first.
    pub(super) transaction: &'a Transaction,
    /// At the hop of who refused it.
    pub(super) deepest: &'a Transaction,
    /// The refusal there.
    pub(super) response: &'a CapturedMessage,
    /// The refusal as its sender received it.
    received: &'a CapturedMessage,
    /// Whether `deepest` is where the failure began: behind it no request is seen that went on, and was not answered.
    is_origin: bool,
}

/// What came of a request that the client sent again in another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Accepted,
    /// With that status.
    Refused(u16),
    /// The capture does not show it.
    Unknown,
}

/// The transactions of a call in which one was refused with one of these; none of the usual call.
fn ids(call: &Call, statuses: &[u16]) -> impl Iterator<Item = TransactionId> + use<> {
    let has = call.transactions.iter().flat_map(|t| &t.finals).any(|f| statuses.contains(&f.status.0));
    (0..if has { call.transactions.len() } else { 0 }).map(TransactionId)
}

impl<'a> Refused<'a> {
    /// Requests refused with that status, in order of time.
    pub(super) fn all(call: &'a Call, status: u16) -> Vec<Self> {
        Self::each_once(ids(call, &[status]).filter_map(|id| Self::of(call, id, &[status])))
    }

    /// Requests refused with one of these, where the capture shows by whom; CANCEL and ACK left out, which are refused for their INVITE.
    pub(super) fn by_whom(call: &'a Call, statuses: &[u16]) -> Vec<Self> {
        let all = ids(call, statuses).filter_map(|id| Self::of(call, id, statuses)).filter(|this| this.is_origin);
        let all: Vec<_> = all.filter(|this| !matches!(this.transaction.method, Method::Ack | Method::Cancel)).collect();
        // Of what one response refused on several legs the first is kept: there is the client that can do something about it.
        let is_first = |this: &&Self| {
            !all.iter().any(|o| std::ptr::eq(o.response, this.response) && o.transaction.leg < this.transaction.leg)
        };
        Self::each_once(all.iter().filter(is_first).copied())
    }

    fn each_once(all: impl Iterator<Item = Self>) -> Vec<Self> {
        let all: Vec<_> = all.collect();
        all.iter().filter(|this| !all.iter().any(|other| this.passes_on(other))).copied().collect()
    }

    fn of(call: &'a Call, id: TransactionId, statuses: &[u16]) -> Option<Self> {
        let transaction = call.transaction(id).filter(|t| t.upstream.is_none())?;
        if transaction.finals.iter().any(|f| f.status.is_success()) {
            return None;
        }
        let received = call.message(transaction.failed_final()?.message)?;
        let (deepest, response, is_origin) = match call.origin_of_failure(id) {
            Some(Origin::Response(deep, message)) => (call.transaction(deep)?, call.message(message)?, true),
            _ => (transaction, received, false),
        };
        let is_this = response.message.status().is_some_and(|s| statuses.contains(&s.0));
        is_this.then_some(Self { call, id, transaction, deepest, response, received, is_origin })
    }

    /// Whether this refusal passes on that of a request on another leg, behind who sent this one.
    fn passes_on(&self, other: &Self) -> bool {
        other.transaction.leg != self.transaction.leg
            && other.transaction.method == self.transaction.method
            && other.transaction.client.address == self.transaction.server.address
            && other.transaction.start >= self.transaction.start
            && other.response.provenance.time <= self.response.provenance.time
    }

    /// The request as it was sent first.
    pub(super) fn sent(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.transaction.request?)
    }

    /// The request as it reached who refused it.
    pub(super) fn request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.deepest.request?)
    }

    /// The request there, or else the refusal, which has the same Call-ID, tags and CSeq.
    pub(super) fn known(&self) -> &'a CapturedMessage {
        self.request().unwrap_or(self.response)
    }

    pub(super) fn status(&self) -> u16 {
        self.response.message.status().map_or(0, |s| s.0)
    }

    /// What came of the next attempts, where the client sent the request again in another form.
    pub(super) fn again(&self) -> Option<Again> {
        if !self.call.is_step(self.id) {
            return None;
        }
        let finals: Vec<_> = self.later().into_iter().flat_map(|t| &t.finals).map(|f| f.status).collect();
        if finals.iter().any(|status| status.is_success()) {
            return Some(Again::Accepted);
        }
        // A challenge is a step as well, and says nothing of this.
        let refused = finals.iter().map(|status| status.0).find(|status| !matches!(status, 401 | 407));
        Some(refused.map_or(Again::Unknown, Again::Refused))
    }

    /// What the client sent afterwards, of the same method.
    fn later(&self) -> Vec<&'a Transaction> {
        let this = self.transaction;
        let later = self.call.transactions.iter().filter(|t| {
            t.leg == this.leg
                && t.method == this.method
                && t.upstream.is_none()
                && t.client.address == this.client.address
                && t.start >= self.response.provenance.time
        });
        later.collect()
    }

    /// The next requests of the client that were accepted, where this one was a step.
    pub(super) fn accepted_later(&self) -> impl Iterator<Item = &'a CapturedMessage> {
        let later = if self.call.is_step(self.id) { self.later() } else { Vec::new() };
        let accepted = later.into_iter().filter(|t| t.finals.iter().any(|f| f.status.is_success()));
        let call = self.call;
        accepted.filter_map(move |t| call.message(t.request?))
    }

    /// A sentence about a refused offer, with what came of the next one.
    pub(super) fn with_next_offer(&self, text: Text) -> Text {
        match self.again() {
            None => text,
            Some(Again::Accepted) => {
                Text::new("{sentence} The client made another offer, and it was accepted.").with("sentence", text)
            }
            Some(Again::Refused(status)) => Text::new("{sentence} The client made another offer, and got {other}.")
                .with("sentence", text)
                .with("other", status),
            Some(Again::Unknown) => Text::new("{sentence} The client made another offer.").with("sentence", text),
        }
    }

    /// Whether the next attempt was refused alike: that one tells it.
    pub(super) fn is_refused_again(&self) -> bool {
        self.again() == Some(Again::Refused(self.status()))
    }

    /// How bad it is by method and status; no more than a warning where the call did not fail for it.
    pub(super) fn severity(&self) -> Severity {
        let weight = weight_of_failure(self.transaction, self.status());
        let call = self.call;
        // Who decided the call may have passed this on from another leg.
        let passed_on = |by| Self::of(call, by, &[self.status()]).is_some_and(|deciding| deciding.passes_on(self));
        let decides = call.decided_by.is_some_and(|by| by == self.id || passed_on(by)) && call.outcome.is_failure();
        match () {
            () if call.is_step(self.id) => Severity::Info,
            () if decides => weight,
            () => weight.min(Severity::Warning),
        }
    }

    /// Whoever runs the client nearest the caller that was captured.
    pub(super) fn client(&self, role: &'static str) -> Actor {
        match self.sent() {
            Some(request) => Actor::sender(request, role),
            None => Actor::at(self.transaction.client, role),
        }
    }

    /// The response as the client got it, where another hop passed it on.
    pub(super) fn passed_on(&self) -> Option<Evidence> {
        let is_other = self.received.provenance.frame != self.response.provenance.frame;
        is_other.then(|| Evidence::of(self.received, "what the client received"))
    }

    /// A finding about it: what refused it, and what of it was refused.
    pub(super) fn finding(&self, rule: &Rule, certainty: Certainty, message: Text) -> Finding {
        let primary = Evidence::of(self.response, Text::new("{status} response").with("status", self.status()));
        let finding = Finding::new(rule, certainty, message, primary)
            .severity(self.severity())
            .evidence(response_facts::evidence(self.response));
        let Some(request) = self.request() else { return finding };
        finding.evidence([Evidence::of(request, "the request")]).evidence(what_was_refused(request, self.status()))
    }

    /// That it was refused, and what that means.
    pub(super) fn text(&self, meaning: Text) -> Text {
        response_facts::answered(self.transaction, self.response, self.received, meaning)
    }
}
