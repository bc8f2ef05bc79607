//! A request that was refused, as captured on the hop nearest the client and on the deepest one.

use super::rules::weight_of_failure;
use super::{Actor, Evidence, Severity};
use crate::call::{Call, CapturedMessage, Origin, Transaction, TransactionId};
use crate::sip::Method;

/// A refused request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefusedCase<'a> {
    /// The call that it belongs to.
    pub(super) call: &'a Call,
    /// Its transaction nearest the client.
    pub(super) near: &'a Transaction,
    /// The deepest one that was captured.
    pub(super) deep: &'a Transaction,
    /// The request as the server got it that refused it, if it was captured.
    pub(super) request: Option<&'a CapturedMessage>,
    /// The response of that server.
    pub(super) response: &'a CapturedMessage,
    /// Its status.
    pub(super) status: u16,
    /// Whether the client sent the request again in another form.
    pub(super) is_step: bool,
    /// Whether it is why the call failed.
    pub(super) decides: bool,
}

impl<'a> RefusedCase<'a> {
    /// All of a call that a server refused, each once however many hops passed the response on.
    pub(super) fn all(call: &'a Call) -> impl Iterator<Item = Self> {
        (0..call.transactions.len()).map(TransactionId).filter_map(|id| Self::of(call, id))
    }

    fn of(call: &'a Call, id: TransactionId) -> Option<Self> {
        let near = call.transaction(id)?;
        let counts = near.upstream.is_none() && !matches!(near.method, Method::Ack | Method::Cancel);
        if !counts || near.failed_final().is_none() {
            return None;
        }
        let Some(Origin::Response(deep, response)) = call.origin_of_failure(id) else { return None };
        let (deep, response) = (call.transaction(deep)?, call.message(response)?);
        Some(Self {
            call,
            near,
            deep,
            request: deep.request.and_then(|id| call.message(id)),
            response,
            status: response.message.status()?.0,
            is_step: call.is_step(id),
            decides: call.decided_by == Some(id) && call.outcome.is_failure(),
        })
    }

    /// How bad it is by method and status; no more than a warning where the call did not fail for it.
    pub(super) fn severity(&self) -> Severity {
        let weight = weight_of_failure(self.near, self.status);
        match self {
            _ if self.is_step => Severity::Info,
            _ if !self.decides => weight.min(Severity::Warning),
            _ => weight,
        }
    }

    /// Whoever runs the client nearest the caller that was captured.
    pub(super) fn client(&self, role: &'static str) -> Actor {
        match self.near.request.and_then(|id| self.call.message(id)) {
            Some(request) => Actor::sender(request, role),
            None => Actor::at(self.near.client, role),
        }
    }

    /// The response as the client got it, where another hop passed it on.
    pub(super) fn received(&self) -> Option<Evidence> {
        let received = self.call.message(self.near.failed_final()?.message)?;
        let is_other = received.provenance.frame != self.response.provenance.frame;
        is_other.then(|| Evidence::of(received, "what the client received"))
    }
}
