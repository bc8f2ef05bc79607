//! What a dialog shows of a call: whether a request stands inside one, ringing, talk time, who hung up (RFC 3261 §12, §15).

use std::time::Duration;

use super::{Call, CapturedMessage, MessageId, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::Method;

impl Call {
    /// Whether a transaction begins something new rather than happening inside a dialog. Besides requests without To tag
    /// these are requests that wrongly keep the To tag of a failed response (no dialog came of it), and requests that were
    /// not captured, unless the dialog is known to have existed before.
    pub fn is_initial(&self, id: TransactionId) -> bool {
        let Some(transaction) = self.transaction(id) else { return false };
        match transaction.request {
            Some(_) => !transaction.in_dialog || self.keeps_tag_of_failure(transaction),
            None => !self.dialog_existed_before(transaction),
        }
    }

    fn keeps_tag_of_failure(&self, transaction: &Transaction) -> bool {
        let tag_of = |id: MessageId| self.message(id).and_then(|m| m.message.to_tag());
        let Some(tag) = transaction.request.and_then(tag_of) else { return false };
        let mut failed = false;
        for earlier in self.transactions.iter().filter(|t| t.leg == transaction.leg && t.start < transaction.start) {
            let dialog = |id: &MessageId| tag_of(*id) == Some(tag);
            if earlier.in_dialog || earlier.method != transaction.method || earlier.provisionals.iter().any(dialog) {
                continue;
            }
            for last in earlier.finals.iter().filter(|f| dialog(&f.message)) {
                if last.status.is_success() {
                    return false;
                }
                failed = true;
            }
        }
        failed
    }

    fn dialog_existed_before(&self, transaction: &Transaction) -> bool {
        let inside = |t: &&Transaction| {
            t.leg == transaction.leg && t.start < transaction.start && t.method != Method::Cancel && t.in_dialog
        };
        self.transactions.iter().any(|t| inside(&t))
    }

    /// When it began to ring in a transaction: the first 180, or 183 (ringing or an announcement in early media).
    pub fn ringing_since(&self, id: TransactionId) -> Option<Timestamp> {
        self.ringing_response(id).map(|m| m.provenance.time)
    }

    /// The first 180 or 183 of a transaction.
    pub fn ringing_response(&self, id: TransactionId) -> Option<&CapturedMessage> {
        self.provisionals(id).find(|m| m.message.status().is_some_and(|s| matches!(s.0, 180 | 183)))
    }

    /// The provisional responses of a transaction, in order.
    pub fn provisionals(&self, id: TransactionId) -> impl Iterator<Item = &CapturedMessage> {
        self.transaction(id).into_iter().flat_map(|t| &t.provisionals).filter_map(|id| self.message(*id))
    }

    /// How long it rang in a transaction, up to its final response or, without one, up to its CANCEL or what was seen last.
    pub fn ringing(&self, id: TransactionId) -> Option<Duration> {
        let since = self.ringing_since(id)?;
        let until = self.final_time(id).or_else(|| self.cancel_time(id)).unwrap_or(self.end);
        Some(until.since(since))
    }

    /// When the CANCEL of an INVITE transaction was first seen.
    pub fn cancel_time(&self, id: TransactionId) -> Option<Timestamp> {
        let cancel = self.transaction(id)?.cancelled_by?;
        self.transaction(cancel).map(|t| t.start)
    }

    /// The first BYE of the leg nearest the caller, or else of any.
    pub fn bye(&self) -> Option<TransactionId> {
        let byes = || (0..self.transactions.len()).map(TransactionId).filter(|id| self.is_bye(*id));
        byes().find(|id| self.transaction(*id).is_some_and(|t| t.leg == 0)).or_else(|| byes().next())
    }

    fn is_bye(&self, id: TransactionId) -> bool {
        self.transaction(id).is_some_and(|t| t.method == Method::Bye)
    }

    /// Time between the 2xx and the BYE, the session duration of RFC 6076 §4.5. `None` unless answered and hung up.
    pub fn talk_time(&self) -> Option<Duration> {
        let answered = self.answered_at()?;
        let bye = self.transaction(self.bye()?)?;
        (bye.start >= answered).then(|| bye.start.since(answered))
    }

    /// When the call was answered: the time of the first 2xx, however late its ACK came.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.final_time(self.answered_transaction()?)
    }

    /// The attempt that was answered with a 2xx.
    pub fn answered_transaction(&self) -> Option<TransactionId> {
        let answered = |id: &TransactionId| self.final_status(*id).is_some_and(crate::sip::StatusCode::is_success);
        self.attempts.iter().map(|a| a.transaction).find(answered)
    }
}
