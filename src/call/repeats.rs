//! How often something was sent again by a timer, of which silence can be told.

use super::{Call, CapturedMessage, MessageId, Transaction};
use crate::limits::DUPLICATE_SPACING;

impl Call {
    /// The requests of a transaction that a timer sent again.
    pub(crate) fn requests_again(&self, transaction: &Transaction) -> impl Iterator<Item = &CapturedMessage> {
        transaction.request.into_iter().flat_map(|first| self.timed_repeats(first, &transaction.retransmissions))
    }

    /// Those of `again`, which are later copies of `first`, that a timer sent: what a program sends twice at once does not say that nothing
    /// came back meanwhile.
    pub(crate) fn timed_repeats(
        &self,
        first: MessageId,
        again: &[MessageId],
    ) -> impl Iterator<Item = &CapturedMessage> {
        let mut last = self.time(first);
        again.iter().filter_map(|id| self.message(*id)).filter(move |copy| {
            let time = copy.provenance.time;
            let is_timed = last.is_none_or(|last| time.since(last) >= DUPLICATE_SPACING);
            if is_timed {
                last = Some(time);
            }
            is_timed
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::call::fixture::calls;

    #[test]
    fn what_is_sent_twice_at_once_is_no_repetition_of_a_timer() {
        for (again, all, timed) in
            [("repeat=0.0002,0.03", 2, 0), ("repeat=0.5,1.5", 2, 2), ("repeat=0.0002,0.5,0.5002,1.5", 4, 2), ("", 0, 0)]
        {
            let text = format!("host a 192.0.2.10\nhost b 203.0.113.40\n\n0 a > b {again}\nOPTIONS sip:b.example\n");
            let calls = calls(&text);
            let transaction = &calls[0].transactions[0];
            assert_eq!(transaction.retransmissions.len(), all, "{again}");
            assert_eq!(calls[0].requests_again(transaction).count(), timed, "{again}");
            assert_eq!(calls[0].is_unanswered(transaction), timed > 0, "{again}");
        }
    }
}
