//! Messages that must have been sent, and are not in the capture: signs that it is lossy, or that the tap sees a part only.

use super::{Call, CapturedMessage, MessageId, MessageIds};
use crate::sip::Method;

impl Call {
    /// Messages that prove that another one is missing: responses whose request was not captured, and ACKs whose response was not. A call
    /// that was under way when the capture began proves nothing, nor does its first message.
    pub fn proofs_of_loss(&self) -> Vec<MessageId> {
        let begins_inside = self.messages.first().is_some_and(is_initial);
        if !begins_inside {
            return Vec::new();
        }
        let mut proofs = Vec::new();
        let mut acknowledging = MessageIds::new();
        for transaction in &self.transactions {
            acknowledging.extend_from_slice(&transaction.acks);
            if transaction.method == Method::Ack {
                // A response to an ACK, which is no request of a transaction.
                continue;
            }
            if transaction.request.is_none() {
                let responses = transaction.provisionals.iter().copied();
                proofs.extend(responses.chain(transaction.finals.iter().map(|f| f.message)).min());
            } else if transaction.finals.is_empty() {
                proofs.extend(transaction.acks.first().copied());
            }
        }
        acknowledging.sort_unstable();
        let lonely = |(at, captured): (usize, &CapturedMessage)| {
            (captured.message.is_ack() && acknowledging.binary_search(&MessageId(at)).is_err()).then_some(MessageId(at))
        };
        proofs.extend(self.messages.iter().enumerate().filter_map(lonely));
        proofs.sort_unstable();
        proofs.dedup();
        proofs
    }
}

/// A request outside of a dialog that can be the first message of a call.
fn is_initial(captured: &CapturedMessage) -> bool {
    captured.message.is_request() && captured.message.to_tag().is_none() && !captured.message.is_ack()
}

#[cfg(test)]
mod tests {
    use crate::call::fixture::call;

    #[test]
    fn a_response_without_request_and_an_ack_without_response_prove_a_loss() {
        let hosts = "host a 192.0.2.10\nhost b 203.0.113.40\n\n";
        let invite = "0.0 a > b branch=i\nINVITE sip:bob@b.example\n\n";
        let busy = "1.0 b > a tag=x\n486 Busy Here\n\n";
        let ack = "1.1 a > b branch=i\nACK sip:bob@b.example\n\n";
        let options = "2.0 b > a raw\nSIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKo\nFrom: <sip:alice@192.0.2.10>;tag=1\n\
                       To: <sip:bob@b.example>;tag=x\nCall-ID: 1@192.0.2.10\nCSeq: 7 OPTIONS\nContent-Length: 0\n.\n\n";
        let to_ack = "1.2 b > a tag=x re=ACK\n405 Method Not Allowed\n\n";
        for (steps, proofs) in [
            (format!("{invite}{busy}{ack}"), 0),
            (format!("{invite}{ack}"), 1),
            (format!("{invite}{busy}{ack}{options}"), 1),
            (format!("{invite}{busy}{ack}{to_ack}"), 0),
            // The capture began late: nothing is proven.
            (options.to_owned(), 0),
        ] {
            assert_eq!(call(&format!("{hosts}{steps}")).proofs_of_loss().len(), proofs, "{steps}");
        }
    }
}
