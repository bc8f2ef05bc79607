//! Requests that were refused with a certain status: each once, however many hops and legs passed the refusal on.

use super::{Text, response_facts};
use crate::call::{Call, CapturedMessage, Origin, Transaction, TransactionId};

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
}

impl<'a> Refused<'a> {
    /// Requests refused with that status, in order of time.
    pub(super) fn all(call: &'a Call, status: u16) -> Vec<Self> {
        let ids = (0..call.transactions.len()).map(TransactionId);
        let all: Vec<_> = ids.filter_map(|id| Self::of(call, id, status)).collect();
        all.iter().filter(|this| !all.iter().any(|other| this.passes_on(other))).copied().collect()
    }

    fn of(call: &'a Call, id: TransactionId, status: u16) -> Option<Self> {
        let transaction = call.transaction(id).filter(|t| t.upstream.is_none())?;
        if transaction.finals.iter().any(|f| f.status.is_success()) {
            return None;
        }
        let received = call.message(transaction.failed_final()?.message)?;
        let (deepest, response) = match call.origin_of_failure(id) {
            Some(Origin::Response(deep, message)) => (call.transaction(deep)?, call.message(message)?),
            _ => (transaction, received),
        };
        let is_this = response.message.status().is_some_and(|s| s.0 == status);
        is_this.then_some(Self { call, id, transaction, deepest, response, received })
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

    /// That it was refused, and what that means.
    pub(super) fn text(&self, meaning: Text) -> Text {
        response_facts::answered(self.transaction, self.response, self.received, meaning)
    }
}
