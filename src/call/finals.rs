//! Final responses of a transaction: which one counts, and when it came.

use super::{Call, CapturedMessage, FinalResponse, MessageId, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::{Method, StatusCode};
use crate::transaction::Places;
use smallvec::SmallVec;

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
        let acknowledged: Vec<_> = finals.iter().filter(|f| f.acknowledged).collect();
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
}

/// What an ACK to a 2xx has in common with it: leg, To tag, CSeq number.
type Dialog<'m> = (usize, Option<&'m [u8]>, Option<u32>);

/// Marks the final responses whose ACK was captured: to a non-2xx on the same hop, to a 2xx anywhere in the leg
/// (RFC 3261 §13.2.2.4: it travels end to end, and may pass by the elements that the INVITE went through).
pub(super) fn acknowledge(messages: &[CapturedMessage], transactions: &mut [Transaction]) {
    let mut elsewhere: Option<Places<Dialog<'_>>> = None;
    for Transaction { leg, acks, finals, .. } in transactions {
        for response in finals {
            let Some(answer) = messages.get(response.message.0) else { continue };
            let tag = answer.message.to_tag();
            let mut own = acks.iter().filter_map(|id| messages.get(id.0));
            response.acknowledged = own.any(|ack| tag.is_none() || ack.message.to_tag() == tag)
                || response.status.is_success()
                    && elsewhere.get_or_insert_with(|| acknowledgements(messages)).has(&dialog(*leg, answer));
        }
    }
}

/// Every ACK of the group.
fn acknowledgements(messages: &[CapturedMessage]) -> Places<Dialog<'_>> {
    let mut acks = Places::new();
    for (at, captured) in messages.iter().enumerate() {
        let message = &captured.message;
        if message.method() == Some(&Method::Ack) && message.is_request() {
            acks.add(dialog(captured.leg, captured), at);
        }
    }
    acks
}

fn dialog(leg: usize, captured: &CapturedMessage) -> Dialog<'_> {
    (leg, captured.message.to_tag(), captured.message.cseq().map(|c| c.number))
}

/// A final response as it is counted: once per Call-ID, CSeq number and method, topmost branch, status and To tag, on however
/// many hops and taps it was captured.
#[derive(Debug, Clone)]
pub struct CountedFinal {
    /// The transaction of its first copy.
    pub transaction: TransactionId,
    /// The first copy, with the later ones as its retransmissions.
    pub response: FinalResponse,
}

/// Up to so many responses are few.
const FEW: usize = 8;

impl Call {
    /// The distinct final responses, in the order of their first copies.
    pub fn counted_finals(&self) -> Vec<CountedFinal> {
        let mut all: SmallVec<[(TransactionId, &FinalResponse); 4]> = SmallVec::new();
        for (at, transaction) in self.transactions.iter().enumerate() {
            all.extend(transaction.finals.iter().map(|f| (TransactionId(at), f)));
        }
        all.sort_by_key(|(_, f)| f.message.0);
        let mut counted: Vec<CountedFinal> = Vec::with_capacity(all.len());
        // Of few, as they are in most calls, each is compared with all before it.
        let mut few: SmallVec<[FinalKey<'_>; 4]> = SmallVec::new();
        let mut many = (all.len() > FEW).then(Places::new);
        for &(transaction, response) in &all {
            let Some(key) = self.final_key(response) else { continue };
            let at = match &many {
                Some(known) => known.of(&key).next(),
                None => few.iter().position(|known| *known == key),
            };
            if let Some(first) = at.and_then(|at| counted.get_mut(at)) {
                first.response.retransmissions.push(response.message);
                first.response.retransmissions.extend_from_slice(&response.retransmissions);
                continue;
            }
            match &mut many {
                Some(known) => known.add(key, counted.len()),
                None => few.push(key),
            }
            counted.push(CountedFinal { transaction, response: response.clone() });
        }
        counted
    }

    /// The statuses of [`Self::counted_finals`] one after the other, and how often they were sent again: without the rest.
    pub(crate) fn count_finals(&self, mut each: impl FnMut(StatusCode)) -> usize {
        let mut retransmissions = 0;
        let mut known: SmallVec<[FinalKey<'_>; 4]> = SmallVec::new();
        if self.transactions.iter().map(|t| t.finals.len()).sum::<usize>() > FEW {
            for CountedFinal { response, .. } in self.counted_finals() {
                each(response.status);
                retransmissions += response.retransmissions.len();
            }
            return retransmissions;
        }
        for response in self.transactions.iter().flat_map(|t| &t.finals) {
            let Some(key) = self.final_key(response) else { continue };
            retransmissions += response.retransmissions.len();
            if known.contains(&key) {
                retransmissions += 1;
            } else {
                each(response.status);
                known.push(key);
            }
        }
        retransmissions
    }

    fn final_key(&self, response: &FinalResponse) -> Option<FinalKey<'_>> {
        let captured = self.message(response.message)?;
        let message = &captured.message;
        let cseq = message.cseq().map(|c| (c.number, c.method));
        Some((captured.leg, cseq, message.branch(), response.status, message.to_tag()))
    }
}

/// Leg (which stands for the Call-ID), CSeq, topmost branch, status, To tag.
type FinalKey<'m> = (usize, Option<(u32, &'m Method)>, Option<&'m [u8]>, StatusCode, Option<&'m [u8]>);
