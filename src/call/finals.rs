//! Final responses of a transaction: which one counts, and when it came.

use super::{Call, CapturedMessage, FinalResponse, MessageId, MessageIds, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sip::{Method, StatusCode};
use crate::transaction::Index;
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
    let mut elsewhere = None;
    // Nothing else is acknowledged.
    for Transaction { leg, acks, finals, .. } in transactions.iter_mut().filter(|t| t.method == Method::Invite) {
        for response in finals {
            let Some(answer) = messages.get(response.message.0) else { continue };
            let tag = answer.message.to_tag();
            let mut own = acks.iter().filter_map(|id| messages.get(id.0));
            response.acknowledged = own.any(|ack| tag.is_none() || ack.message.to_tag() == tag)
                || response.status.is_success()
                    && elsewhere.get_or_insert_with(|| acks_of(messages)).has(&dialog(*leg, answer));
        }
    }
}

/// Every ACK of a group.
fn acks_of(messages: &[CapturedMessage]) -> Index<Dialog<'_>> {
    let mut acks = Index::new();
    let all = messages.iter().enumerate().filter(|(_, captured)| captured.message.is_ack());
    all.for_each(|(at, ack)| acks.add(dialog(ack.leg, ack), at));
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
    /// The first copy, with the later ones between the same addresses as its retransmissions.
    pub response: FinalResponse,
    /// Copies between other addresses: in front of and behind a translation of addresses, or of a generator of traffic that sends the same
    /// messages to many hosts.
    pub elsewhere: MessageIds,
}

/// How often final responses were seen again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SeenAgain {
    /// Between the same addresses.
    pub(crate) retransmissions: u64,
    /// Between others.
    pub(crate) elsewhere: u64,
}

/// A distinct final response, its status, and how often it was sent again between the same addresses.
pub(crate) type FirstFinal = (MessageId, StatusCode, usize);

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
        let mut known = Index::new();
        for &(transaction, response) in &all {
            let Some(key) = self.final_key(response) else { continue };
            let first = known.of(&key).next();
            if let Some(first) = first.and_then(|at| counted.get_mut(at)) {
                first.response.retransmissions.push(response.message);
                first.response.retransmissions.extend_from_slice(&response.retransmissions);
                continue;
            }
            known.add(key, counted.len());
            counted.push(CountedFinal { transaction, response: response.clone(), elsewhere: MessageIds::new() });
        }
        for CountedFinal { response, elsewhere, .. } in &mut counted {
            let first = response.message;
            elsewhere.extend(response.retransmissions.iter().copied().filter(|copy| !self.same_way(first, *copy)));
            response.retransmissions.retain(|copy| self.same_way(first, *copy));
        }
        counted
    }

    /// Of [`Self::counted_finals`] the first copies, each with how often it was sent again, without lists of these.
    pub(crate) fn first_finals(&self) -> SmallVec<[FirstFinal; 4]> {
        let mut all: SmallVec<[&FinalResponse; FEW]> = self.transactions.iter().flat_map(|t| &t.finals).collect();
        if all.len() > FEW {
            let counted = self.counted_finals().into_iter().map(|counted| counted.response);
            return counted.map(|f| (f.message, f.status, f.retransmissions.len())).collect();
        }
        all.retain(|f| self.message(f.message).is_some());
        all.sort_by_key(|f| f.message.0);
        let mut firsts: SmallVec<[FirstFinal; 4]> = SmallVec::new();
        for (at, response) in all.iter().enumerate() {
            let known = all.iter().take(at).find(|known| self.is_same_final(known, response));
            let first = known.map_or(response.message, |known| known.message);
            if known.is_none() {
                firsts.push((first, response.status, 0));
            }
            let again = known.map(|_| response.message);
            let again = again.iter().chain(&response.retransmissions).filter(|copy| self.same_way(first, **copy));
            let again = again.count();
            if let Some((.., count)) = firsts.iter_mut().find(|(message, ..)| *message == first) {
                *count += again;
            }
        }
        firsts
    }

    /// The statuses of [`Self::counted_finals`] one after the other, and how often they were seen again: without the rest.
    pub(crate) fn count_finals(&self, mut each: impl FnMut(StatusCode)) -> SeenAgain {
        let mut seen = SeenAgain::default();
        let all = self.transactions.iter().flat_map(|t| &t.finals).filter(|f| self.message(f.message).is_some());
        if self.transactions.iter().map(|t| t.finals.len()).sum::<usize>() > FEW {
            for CountedFinal { response, elsewhere, .. } in self.counted_finals() {
                each(response.status);
                seen.retransmissions += response.retransmissions.len() as u64;
                seen.elsewhere += elsewhere.len() as u64;
            }
            return seen;
        }
        for response in all.clone() {
            // The first copy is the one that was captured first, in whichever transaction.
            let earlier = all.clone().filter(|known| known.message.0 < response.message.0);
            let known = earlier.filter(|known| self.is_same_final(known, response)).min_by_key(|known| known.message.0);
            let again = known.map(|_| response.message);
            let first = known.map_or(response.message, |known| known.message);
            for copy in again.iter().chain(&response.retransmissions) {
                let same_way = self.same_way(first, *copy);
                *(if same_way { &mut seen.retransmissions } else { &mut seen.elsewhere }) += 1;
            }
            if known.is_none() {
                each(response.status);
            }
        }
        seen
    }

    /// Whether two messages went from the same host to the same receiver; a sender may take another port in between.
    fn same_way(&self, a: MessageId, b: MessageId) -> bool {
        let way = |id| self.message(id).map(|m| (m.provenance.flow.source.address, m.provenance.flow.destination));
        way(a) == way(b)
    }

    /// Whether two final responses are one, captured on several hops. What most differ in is compared first.
    fn is_same_final(&self, one: &FinalResponse, other: &FinalResponse) -> bool {
        let number = |f: &FinalResponse| self.message(f.message).and_then(|m| m.message.cseq()).map(|c| c.number);
        one.status == other.status && number(one) == number(other) && self.final_key(one) == self.final_key(other)
    }

    /// Whether two messages are one response, in front of and behind a translation of addresses: one end of the way is the same.
    pub(crate) fn is_translated(&self, one: MessageId, other: MessageId) -> bool {
        let ends = |id| self.message(id).map(|m| m.provenance.flow).map(|flow| (flow.source, flow.destination));
        let is_one_end = ends(one).zip(ends(other)).is_some_and(|(a, b)| a != b && (a.0 == b.0 || a.1 == b.1));
        is_one_end && self.key_of(one).is_some_and(|key| key.2.is_some() && self.key_of(other) == Some(key))
    }

    fn final_key(&self, response: &FinalResponse) -> Option<FinalKey<'_>> {
        self.key_of(response.message)
    }

    fn key_of(&self, response: MessageId) -> Option<FinalKey<'_>> {
        let captured = self.message(response)?;
        let message = &captured.message;
        let cseq = message.cseq().map(|c| (c.number, c.method));
        Some((captured.leg, cseq, message.branch(), message.status()?, message.to_tag()))
    }
}

/// Leg (which stands for the Call-ID), CSeq, topmost branch, status, To tag.
type FinalKey<'m> = (usize, Option<(u32, &'m Method)>, Option<&'m [u8]>, StatusCode, Option<&'m [u8]>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::fixture::calls;

    /// A host that sends a 200 so often, and others that do so with the same messages.
    fn flow(pairs: usize, again: &str) -> String {
        let hosts = (0..pairs).map(|n| format!("host a{n} 192.0.2.{n}\nhost b{n} 203.0.113.{n}\n"));
        let steps = (0..pairs).map(|n| {
            format!(
                "\n{n}.0 a{n} > b{n} call=c\nOPTIONS sip:b.example\nCSeq: 1 OPTIONS\nVia: SIP/2.0/UDP client.example;branch=z9hG4bKx\n\n\
                 {n}.1 b{n} > a{n} call=c {again}\n200 OK\nVia: SIP/2.0/UDP client.example;branch=z9hG4bKx\n\
                 CSeq: 1 OPTIONS\nTo: <sip:b.example>;tag=t\n"
            )
        });
        hosts.chain(steps).collect()
    }

    #[test]
    fn copies_between_other_hosts_are_no_retransmissions() {
        for (pairs, again, retransmissions, elsewhere) in
            [(1, "", 0, 0), (1, "repeat=0.5", 1, 0), (3, "", 0, 2), (2, "repeat=0.5", 1, 2), (12, "", 0, 11)]
        {
            let calls = calls(&flow(pairs, again));
            assert_eq!(calls.len(), 1, "{pairs} {again}");
            let mut statuses = Vec::new();
            let seen = calls[0].count_finals(|status| statuses.push(status.0));
            assert_eq!(
                (statuses.as_slice(), seen),
                (&[200][..], SeenAgain { retransmissions, elsewhere }),
                "{pairs} {again}"
            );
            let counted = calls[0].counted_finals();
            let counts: Vec<_> =
                counted.iter().map(|c| (c.response.retransmissions.len() as u64, c.elsewhere.len() as u64)).collect();
            assert_eq!(counts, [(retransmissions, elsewhere)], "{pairs} {again}");
            let firsts = counted.iter().map(|c| &c.response).map(|f| (f.message, f.status, f.retransmissions.len()));
            assert_eq!(calls[0].first_finals().into_vec(), firsts.collect::<Vec<_>>(), "{pairs} {again}");
        }
    }

    #[test]
    fn the_first_copy_is_the_one_that_was_captured_first() {
        // The request is captured in front of a translation of addresses first, its response behind it, and sent again there.
        let hop = |from: &str, to: &str, at: &str, answer: &str| {
            format!(
                "{at} {from} > {to} call=c\nOPTIONS sip:b.example\nCSeq: 1 OPTIONS\nVia: SIP/2.0/UDP client.example;branch=z9hG4bKx\n\n\
                 {answer} {to} > {from} call=c AGAIN\n200 OK\nVia: SIP/2.0/UDP client.example;branch=z9hG4bKx\nCSeq: 1 OPTIONS\n\
                 To: <sip:b.example>;tag=t\n\n"
            )
        };
        let hosts = "host a 192.0.2.1\nhost n 198.51.100.1\nhost b 203.0.113.1\nhost c 203.0.113.2\n\n";
        let front = hop("a", "b", "0.0", "0.4").replace("AGAIN", "");
        let behind = hop("n", "c", "0.1", "0.3").replace("AGAIN", "repeat=0.5,1.5");
        let calls = calls(&format!("{hosts}{front}{behind}"));
        assert_eq!(calls.len(), 1);
        let counted = calls[0].counted_finals();
        assert_eq!(counted.len(), 1);
        let long = SeenAgain {
            retransmissions: counted[0].response.retransmissions.len() as u64,
            elsewhere: counted[0].elsewhere.len() as u64,
        };
        assert_eq!((calls[0].count_finals(|_| {}), long), (long, SeenAgain { retransmissions: 2, elsewhere: 1 }));
    }

    #[test]
    fn a_sender_that_takes_another_port_sends_again() {
        let again = "\n0.6 other > a0 call=c\n200 OK\nVia: SIP/2.0/UDP client.example;branch=z9hG4bKx\nCSeq: 1 OPTIONS\n\
                     To: <sip:b.example>;tag=t\n";
        for (other, seen) in [
            ("203.0.113.0:5070", SeenAgain { retransmissions: 1, elsewhere: 0 }),
            ("203.0.113.9:5060", SeenAgain { retransmissions: 0, elsewhere: 1 }),
        ] {
            let calls = calls(&format!("host other {other}\n{}{again}", flow(1, "")));
            assert_eq!(calls.len(), 1, "{other}");
            assert_eq!(calls[0].count_finals(|_| {}), seen, "{other}");
        }
    }
}
