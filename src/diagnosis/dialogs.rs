//! Dialogs as the capture shows them (RFC 3261 §12): how they began, which messages are of them, what ended them.

use super::repeated::is_in_vain;
use crate::call::{Call, CapturedMessage, FinalResponse, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::{Message, Method, StatusCode};

/// A dialog, early or confirmed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialog<'a> {
    call: &'a Call,
    /// Index of its leg.
    pub(super) leg: usize,
    /// The request that began it.
    pub(super) beginning: &'a Transaction,
    /// The first response with its To tag.
    pub(super) began: &'a CapturedMessage,
    /// The 2xx that confirmed it.
    pub(super) answer: Option<&'a CapturedMessage>,
}

impl<'a> Dialog<'a> {
    /// The dialogs of a leg, in the order in which they began.
    pub(super) fn all(call: &'a Call, leg: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let ids = (0..call.transactions.len()).map(TransactionId).filter(|id| call.is_initial(*id));
        let begins =
            |t: &&Transaction| t.leg == leg && matches!(t.method, Method::Invite | Method::Subscribe | Method::Refer);
        for transaction in ids.filter_map(|id| call.transaction(id)).filter(begins) {
            let last = transaction.finals.iter().filter(|f| f.status.is_success()).map(|f| f.message);
            for response in transaction.provisionals.iter().copied().chain(last).filter_map(|id| call.message(id)) {
                let Some(tag) = response.message.to_tag() else { continue };
                let is_answer = response.message.status().is_some_and(StatusCode::is_success);
                let same = |d: &&mut Self| d.tags() == [response.message.from_tag(), Some(tag)];
                if let Some(known) = all.iter_mut().find(same) {
                    known.answer = known.answer.or(is_answer.then_some(response));
                } else {
                    let answer = is_answer.then_some(response);
                    all.push(Self { call, leg, beginning: transaction, began: response, answer });
                }
            }
        }
        all.sort_by_key(|dialog| dialog.began.provenance.time);
        all
    }

    /// The tag of who began it, and that of the other end.
    pub(super) fn tags(&self) -> [Option<&'a [u8]>; 2] {
        [self.began.message.from_tag(), self.began.message.to_tag()]
    }

    /// Whether a message has both tags, from either end.
    pub(super) fn holds(&self, message: &Message) -> bool {
        let [beginner, other] = self.tags();
        let own = [message.from_tag(), message.to_tag()];
        own == [beginner, other] || own == [other, beginner]
    }

    /// Whether a request inside it comes from the end that began it.
    pub(super) fn is_from_caller(&self, request: &Message) -> bool {
        request.from_tag() == self.tags()[0]
    }

    /// The requests of that method inside it.
    pub(super) fn requests(&self, method: Method) -> impl Iterator<Item = (TransactionId, &'a Transaction)> {
        let this = *self;
        let all = self.call.transactions.iter().enumerate().map(|(at, t)| (TransactionId(at), t));
        let of = move |t: &Transaction| {
            let any = t.request.or_else(|| t.finals.first().map(|f| f.message));
            any.and_then(|id| this.call.message(id)).is_some_and(|m| this.holds(&m.message))
        };
        all.filter(move |(_, t)| t.leg == this.leg && t.method == method && of(t))
    }

    /// The last BYE inside it: one that was challenged comes again with credentials.
    pub(super) fn last_bye(&self) -> Option<&'a Transaction> {
        self.byes().map(|(bye, _)| bye).max_by_key(|bye| bye.start)
    }

    /// Those inside it, and when each was answered with a 2xx.
    pub(super) fn byes(&self) -> impl Iterator<Item = (&'a Transaction, Option<Timestamp>)> {
        let call = self.call;
        let answered = move |t: &Transaction| {
            t.finals.iter().filter(|f| f.status.is_success()).filter_map(|f| call.time(f.message)).min()
        };
        self.requests(Method::Bye).map(move |(_, bye)| (bye, answered(bye)))
    }

    /// Whether its answer was sent again and again, and got no ACK.
    pub(super) fn was_not_acknowledged(&self) -> bool {
        let mut finals = self.beginning.finals.iter();
        let tag = |f: &FinalResponse| self.call.message(f.message).and_then(|m| m.message.to_tag());
        finals.any(|f| f.status.is_success() && tag(f) == self.tags()[1] && is_in_vain(self.call, self.beginning, f))
    }

    /// The failure of the request that began it, which ends an early dialog.
    pub(super) fn failure(&self) -> Option<&'a CapturedMessage> {
        let failed = self.beginning.failed_final().filter(|_| self.answer.is_none())?;
        self.call.message(failed.message)
    }
}
