//! The way of a request through the hops that were captured: where a failure began, and what only passed it on.

use super::{Call, FinalResponse, MessageId, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::StatusCode;

/// Among so many transactions the other sides of a translation of addresses are looked for.
pub(crate) const NEARBY: usize = 8;

/// Where the failure of a transaction began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This response, the deepest that was captured on its way.
    Response(TransactionId, MessageId),
    /// The deepest request on its way, which nobody answered in the end.
    Silence(TransactionId),
}

impl Origin {
    /// The transaction in which it began.
    pub fn transaction(self) -> TransactionId {
        match self {
            Self::Response(id, _) | Self::Silence(id) => id,
        }
    }
}

impl Call {
    /// Follows a failed transaction to where its failure began: over the hops of a proxy to the branch whose response was
    /// passed on (RFC 3261 §16.7), and over a B2BUA to the leg behind it. `None` if it has not failed.
    pub fn origin_of_failure(&self, id: TransactionId) -> Option<Origin> {
        let mut origin = self.failure(id)?;
        // Each step goes one transaction deeper; more steps than transactions would be a circle.
        for _ in 0..self.transactions.len() {
            let Some(deeper) = self.deeper_failure(origin) else { break };
            origin = deeper;
        }
        Some(origin)
    }

    /// How many captured hops lie between the caller and a transaction; a later leg counts as a hop.
    pub fn depth(&self, id: TransactionId) -> usize {
        let mut at = id;
        for depth in 0..self.transactions.len() {
            match self.transaction(at).and_then(|t| t.upstream) {
                Some(upstream) => at = upstream,
                None => return depth + self.transaction(id).map_or(0, |t| t.leg),
            }
        }
        self.transactions.len()
    }

    /// Whether a request provably got no answer: it was sent again, or ICMP says why. A single request without a visible
    /// response may have been answered on a way that the capture does not show.
    pub fn is_unanswered(&self, transaction: &Transaction) -> bool {
        let silent = transaction.provisionals.is_empty() && transaction.finals.is_empty();
        let unreachable = || self.icmp.iter().any(|r| r.unreachable.address == transaction.server.address);
        silent && (self.requests_again(transaction).next().is_some() || unreachable())
    }

    /// The other branches of a fork that rang (180).
    pub fn rang_beside(&self, branch: &Transaction) -> impl Iterator<Item = &Transaction> {
        let rang = |t: &&Transaction| {
            let mut provisionals = t.provisionals.iter().filter_map(|id| self.message(*id)?.message.status());
            provisionals.any(|status| status.0 == 180)
        };
        let others = self.transactions.iter().filter(|t| branch.upstream.is_some() && t.upstream == branch.upstream);
        others.filter(|t| !std::ptr::eq(*t, branch) && t.method == branch.method).filter(rang)
    }

    /// The transaction that a message belongs to.
    pub fn transaction_of(&self, message: MessageId) -> Option<TransactionId> {
        self.transactions.iter().position(|t| t.holds(message)).map(TransactionId)
    }

    /// The failed end of one transaction, silence included.
    fn failure(&self, id: TransactionId) -> Option<Origin> {
        let transaction = self.transaction(id)?;
        if transaction.finals.iter().any(|f| f.status.is_success()) {
            return None;
        }
        Some(match transaction.failed_final() {
            Some(failed) => Origin::Response(id, failed.message),
            None => Origin::Silence(id),
        })
    }

    fn deeper_failure(&self, origin: Origin) -> Option<Origin> {
        let here = self.transaction(origin.transaction())?;
        let translated = if here.downstream.is_empty() { self.translated(origin) } else { None };
        let here = translated.unwrap_or(here);
        if here.downstream.is_empty() && self.transactions.iter().all(|t| t.leg <= here.leg) {
            // Nothing lies behind it, as in most calls.
            debug_assert!(self.legs_behind(here, self.end_of(origin)).is_empty());
            return None;
        }
        let by = self.end_of(origin);
        let mut behind: Vec<TransactionId> = here.downstream.clone();
        if behind.is_empty() {
            behind.extend(self.legs_behind(here, by));
        }
        let failures: Vec<Origin> = behind.into_iter().filter_map(|id| self.cause(id, by)).collect();
        let status = match origin {
            Origin::Response(id, _) => self.transaction(id).and_then(Transaction::failed_final).map(|f| f.status),
            Origin::Silence(_) => None,
        };
        let same = |o: &&Origin| match o {
            Origin::Response(id, _) => {
                self.transaction(*id).and_then(Transaction::failed_final).map(|f| f.status) == status
            }
            Origin::Silence(_) => status.is_none(),
        };
        // An element that answers with another status than it got waited for all it tried, and answers for the last.
        failures.iter().find(same).or_else(|| failures.iter().max_by_key(|o| self.rank(**o, status))).copied()
    }

    /// The same request on the other side of a translation of addresses, where that is the one whose way goes on.
    fn translated(&self, origin: Origin) -> Option<&Transaction> {
        let Origin::Response(id, message) = origin else { return None };
        let mut others = self.transactions.iter().skip(id.0 + 1).take(NEARBY).filter(|t| !t.downstream.is_empty());
        others.find(|t| t.finals.iter().any(|f| self.is_translated(f.message, message)))
    }

    /// How well a failure explains an answer with another status: a proxy turns 503 into 500 (RFC 3261 §16.7 step 6).
    fn rank(&self, failure: Origin, answer: Option<StatusCode>) -> (bool, Timestamp) {
        let status = match failure {
            Origin::Response(id, _) => self.final_status(id),
            Origin::Silence(_) => None,
        };
        (answer == Some(StatusCode(500)) && status == Some(StatusCode(503)), self.end_of(failure))
    }

    /// The failure of a transaction unless it is a consequence: ended by CANCEL, or later than what it should explain.
    fn cause(&self, id: TransactionId, by: Timestamp) -> Option<Origin> {
        let cancelled = self.transaction(id)?.cancelled_by.is_some();
        let provisionals = &self.transaction(id)?.provisionals;
        let failed = self.failure(id)?;
        match failed {
            Origin::Response(..) if self.is_step(id) => None,
            Origin::Response(..) => (self.end_of(failed) <= by).then_some(failed),
            // A branch that was given up by CANCEL may still be the one that never answered.
            Origin::Silence(_) => (!cancelled || provisionals.is_empty()).then_some(failed),
        }
    }

    /// Initial transactions of deeper legs that the server of `here` may have begun because of it.
    fn legs_behind(&self, here: &Transaction, by: Timestamp) -> Vec<TransactionId> {
        self.transactions
            .iter()
            .enumerate()
            .filter(|(_, t)| t.leg > here.leg && !t.in_dialog && t.method == here.method && t.upstream.is_none())
            // The caller itself may have tried another Call-ID; that leg lies beside this one.
            .filter(|(_, t)| t.client.address != here.client.address && t.start >= here.start && t.start <= by)
            .map(|(at, _)| TransactionId(at))
            .collect()
    }

    fn end_of(&self, origin: Origin) -> Timestamp {
        match origin {
            Origin::Response(_, message) => self.message(message).map_or(self.end, |m| m.provenance.time),
            Origin::Silence(_) => self.end,
        }
    }
}

impl Transaction {
    /// The first final response that is no success.
    pub fn failed_final(&self) -> Option<&FinalResponse> {
        self.finals.iter().find(|f| !f.status.is_success())
    }

    /// Whether a message belongs to it.
    pub fn holds(&self, message: MessageId) -> bool {
        self.request == Some(message)
            || self.retransmissions.contains(&message)
            || self.provisionals.contains(&message)
            || self.acks.contains(&message)
            || self.finals.iter().any(|f| f.message == message || f.retransmissions.contains(&message))
    }
}
