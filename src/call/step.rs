//! Steps: final responses that look like failures and are none, because what they ask for was done.

use super::{AttemptCause, Call, Transaction, TransactionId};
use crate::sip::{HeaderName, StatusCode};

impl Call {
    /// Whether the failure of a transaction is only a step on the way: an answered challenge, a followed redirect, a
    /// corrected request, the 487 that a CANCEL asks for.
    pub fn is_step(&self, id: TransactionId) -> bool {
        let Some(transaction) = self.transaction(id) else { return false };
        let Some(status) = transaction.failed_final().map(|f| f.status) else { return false };
        match status.0 {
            487 => transaction.cancelled_by.is_some(),
            300..=399 => self.was_followed(id),
            401 | 407 => self.led_to_another_attempt(id) || self.repeated(transaction, true),
            _ => self.led_to_another_attempt(id) || (may_be_corrected(status) && self.repeated(transaction, false)),
        }
    }

    fn was_followed(&self, id: TransactionId) -> bool {
        self.redirects.iter().any(|r| !r.follows.is_empty() && (r.transaction == id || r.relayed.contains(&id)))
    }

    fn led_to_another_attempt(&self, id: TransactionId) -> bool {
        let reason = |cause| matches!(cause, AttemptCause::Challenge(by) | AttemptCause::Corrected(by) if by == id);
        self.attempts.iter().any(|a| reason(a.because))
    }

    /// Whether the same client sent the method again later, on the same leg and with a higher CSeq number.
    fn repeated(&self, failed: &Transaction, with_credentials: bool) -> bool {
        let number = |t: &Transaction| {
            let any = t.request.or_else(|| t.finals.first().map(|f| f.message))?;
            self.message(any)?.message.cseq().map(|c| c.number)
        };
        let Some(before) = number(failed) else { return false };
        self.transactions.iter().any(|t| {
            t.leg == failed.leg
                && t.method == failed.method
                && t.client.address == failed.client.address
                && t.start >= failed.start
                && number(t).is_some_and(|n| n > before)
                && (!with_credentials || self.has_credentials(t))
        })
    }

    /// Whether the request of a transaction carries credentials.
    pub fn has_credentials(&self, transaction: &Transaction) -> bool {
        let request = transaction.request.and_then(|id| self.message(id)).map(|m| &m.message);
        let names = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        // Most requests have none: nothing is read for them.
        request.is_some_and(|m| names.iter().any(|name| m.header_bytes(*name).is_some()) && !m.credentials().is_empty())
    }
}

/// Statuses after which the client changes its request and sends it again (RFC 3261 §8.1.3.5 and later ones).
fn may_be_corrected(status: StatusCode) -> bool {
    matches!(
        status.0,
        412 | 413 | 415 | 416 | 420 | 421 | 422 | 423 | 428 | 429 | 436 | 437 | 438 | 439 | 469 | 488 | 489 | 491 | 494
    )
}
