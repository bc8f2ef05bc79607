//! Final responses of a transaction: which one counts, and when it came.

use super::{Call, FinalResponse, MessageId, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::StatusCode;

impl Call {
    /// The final response of a transaction that its client acted on: of several, the one that was acknowledged (a 2xx before
    /// others), else a 2xx, else the first.
    pub fn decisive_final(&self, id: TransactionId) -> Option<&FinalResponse> {
        let transaction = self.transaction(id)?;
        let finals = &transaction.finals;
        if finals.len() < 2 {
            return finals.first();
        }
        let success = |f: &&FinalResponse| f.status.is_success();
        let acknowledged: Vec<_> = finals.iter().filter(|f| self.is_acknowledged(transaction, f)).collect();
        acknowledged
            .iter()
            .copied()
            .find(success)
            .or_else(|| acknowledged.first().copied())
            .or_else(|| finals.iter().find(success))
            .or_else(|| finals.first())
    }

    /// The status of [`Call::decisive_final`].
    pub fn final_status(&self, id: TransactionId) -> Option<StatusCode> {
        self.decisive_final(id).map(|f| f.status)
    }

    /// When the decisive final response of a transaction came.
    pub fn final_time(&self, id: TransactionId) -> Option<Timestamp> {
        self.time(self.decisive_final(id)?.message)
    }

    /// When a message was captured.
    pub fn time(&self, id: MessageId) -> Option<Timestamp> {
        self.message(id).map(|m| m.provenance.time)
    }

    /// Whether an ACK to this final response was captured: to a non-2xx on the same hop, to a 2xx anywhere in the leg
    /// (RFC 3261 §13.2.2.4: it travels end to end, and may pass by the elements that the INVITE went through).
    pub fn is_acknowledged(&self, transaction: &Transaction, response: &FinalResponse) -> bool {
        let Some(answer) = self.message(response.message) else { return false };
        let tag = answer.message.to_tag();
        let own = transaction.acks.iter().filter_map(|id| self.message(*id));
        if own.into_iter().any(|ack| tag.is_none() || ack.message.to_tag() == tag) {
            return true;
        }
        response.status.is_success() && self.messages.iter().any(|m| is_ack_to(m, answer, transaction.leg))
    }
}

fn is_ack_to(ack: &super::CapturedMessage, answer: &super::CapturedMessage, leg: usize) -> bool {
    ack.leg == leg
        && ack.message.is_request()
        && ack.message.method() == Some(&crate::sip::Method::Ack)
        && ack.message.to_tag() == answer.message.to_tag()
        && ack.message.cseq().map(|c| c.number) == answer.message.cseq().map(|c| c.number)
}
