//! Assigns each message to its transaction.

use super::hops;
use super::key::{Index, Key, LatestVia};
use super::usual;
use crate::call::{CapturedMessage, FinalResponse, Finals, MessageId, MessageIds, Transaction, TransactionId};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{Method, StatusCode};

/// The transactions of a group, by time of their first message. `messages` are in capture order, without duplicates.
///
/// Requests belong together by topmost branch, sent-by, method and CSeq number on one hop (§17.2.3, with the RFC 2543 fallback);
/// responses by topmost Via and CSeq (§17.1.3), on the reverse hop where there is one, else on any, as address
/// translation and hosts with several addresses change it. A response whose request was not captured makes a transaction of its own.
pub fn match_messages(messages: &[CapturedMessage]) -> Vec<Transaction> {
    let mut transactions = usual::transactions(messages).unwrap_or_else(|| by_keys(messages));
    hops::link(messages, &mut transactions);
    transactions
}

/// The transactions of any group, before it is known which forwards which.
pub(super) fn by_keys(messages: &[CapturedMessage]) -> Vec<Transaction> {
    let mut matcher = Matcher {
        messages,
        transactions: Vec::new(),
        by_key: Index::new(),
        by_dialog: Index::new(),
        latest: LatestVia::default(),
    };
    for (index, captured) in messages.iter().enumerate() {
        let id = MessageId(index);
        match (captured.message.status(), captured.message.method()) {
            (Some(status), _) => matcher.response(id, captured, status),
            (None, Some(Method::Ack)) => matcher.ack(id, captured),
            (None, _) => matcher.request(id, captured),
        }
    }
    matcher.transactions
}

/// What an ACK to a 2xx has in common with it: leg, To tag, From tag, CSeq number.
type Dialog<'m> = (usize, Option<&'m [u8]>, Option<&'m [u8]>, Option<u32>);

fn dialog(captured: &CapturedMessage) -> Dialog<'_> {
    let message = &captured.message;
    (captured.leg, message.to_tag(), message.from_tag(), message.cseq().map(|c| c.number))
}

struct Matcher<'m> {
    messages: &'m [CapturedMessage],
    transactions: Vec<Transaction>,
    /// Transactions of a key, one per hop, in order.
    by_key: Index<Key<'m>>,
    /// INVITE transactions by the dialogs of their final responses.
    by_dialog: Index<Dialog<'m>>,
    latest: LatestVia<'m>,
}

impl<'m> Matcher<'m> {
    fn request(&mut self, id: MessageId, captured: &'m CapturedMessage) {
        let key = Key::of(captured, &mut self.latest);
        let (client, server) = (captured.provenance.flow.source, captured.provenance.flow.destination);
        if let Some(known) = self.on_hop(&key, client, server).and_then(|at| self.transactions.get_mut(at)) {
            if known.request.is_none() {
                // Its response was captured first, on a tap that sees both directions out of order.
                known.request = Some(id);
                known.in_dialog = captured.message.to_tag().is_some();
            } else {
                known.retransmissions.push(id);
            }
            return;
        }
        let at = self.open(&key, captured, client, server);
        let invite = (key.method_is_cancel()).then(|| {
            let invite = key.of_invite();
            self.on_hop(&invite, client, server).or_else(|| self.first(&invite))
        });
        if let Some(new) = self.transactions.get_mut(at) {
            new.request = Some(id);
            new.in_dialog = captured.message.to_tag().is_some();
        }
        if let Some(invite) = invite.flatten().and_then(|i| self.transactions.get_mut(i)) {
            invite.cancelled_by.get_or_insert(TransactionId(at));
        }
    }

    fn response(&mut self, id: MessageId, captured: &'m CapturedMessage, status: StatusCode) {
        let key = Key::of(captured, &mut self.latest);
        // The response travels from the server to the client.
        let (client, server) = (captured.provenance.flow.destination, captured.provenance.flow.source);
        let at = self
            .on_hop(&key, client, server)
            .or_else(|| key.without_sent_by().and_then(|key| self.on_hop(&key, client, server)))
            .or_else(|| self.on_any_hop(&key, captured, status))
            .or_else(|| self.on_hop_without_names(captured, client, server));
        let at = at.unwrap_or_else(|| self.open(&key, captured, client, server));
        let messages = self.messages;
        let Some(transaction) = self.transactions.get_mut(at) else { return };
        if !status.is_final() {
            if status.is_provisional() {
                transaction.provisionals.push(id);
            }
            return;
        }
        if let Some(known) = FinalResponse::of(&mut transaction.finals, messages, status, captured) {
            known.retransmissions.push(id);
            return;
        }
        transaction.finals.push(FinalResponse::new(id, status));
        if transaction.method == Method::Invite {
            self.by_dialog.add(dialog(captured), at);
        }
    }

    /// ACK to a non-2xx belongs to the transaction of its INVITE; to a 2xx it has a branch of its own and is matched by dialog and
    /// CSeq number (§13.2.2.4, §17.1.1.3).
    fn ack(&mut self, id: MessageId, captured: &'m CapturedMessage) {
        let key = Key::of(captured, &mut self.latest);
        let (client, server) = (captured.provenance.flow.source, captured.provenance.flow.destination);
        let same_branch = self.on_hop(&key, client, server).or_else(|| self.first(&key));
        let at = same_branch.or_else(|| self.acknowledged(captured));
        if let Some(transaction) = at.and_then(|at| self.transactions.get_mut(at)) {
            transaction.acks.push(id);
        }
    }

    /// The INVITE transaction with a final response that has the tags and the CSeq number of this ACK: on the hop of its
    /// sender where there is one, else the last.
    fn acknowledged(&self, ack: &CapturedMessage) -> Option<usize> {
        let dialog = dialog(ack);
        let known = || self.by_dialog.of(&dialog);
        let sender = ack.provenance.flow.source;
        let sent_by = |fits: &dyn Fn(Endpoint) -> bool| {
            known().rev().find(|at| self.transactions.get(*at).is_some_and(|t| fits(t.client)))
        };
        let same_hop = sent_by(&|client| client == sender);
        same_hop.or_else(|| sent_by(&|client| client.address == sender.address)).or_else(|| known().next_back())
    }

    fn open(&mut self, key: &Key<'m>, captured: &CapturedMessage, client: Endpoint, server: Endpoint) -> usize {
        let at = self.transactions.len();
        self.transactions.push(Transaction {
            in_dialog: key.method_is_in_dialog(),
            ..Transaction::new(captured.leg, key.method(), (client, server), captured.provenance.time)
        });
        self.by_key.add(key.clone(), at);
        if let Some(by_branch) = key.without_sent_by() {
            self.by_key.add(by_branch, at);
        }
        at
    }

    fn on_hop(&self, key: &Key<'m>, client: Endpoint, server: Endpoint) -> Option<usize> {
        self.by_key
            .of(key)
            .find(|at| self.transactions.get(*at).is_some_and(|t| t.client == client && t.server == server))
    }

    /// The latest request on the hop, for a response that says nothing of what it answers (no CSeq), as the request did.
    fn on_hop_without_names(&self, captured: &CapturedMessage, client: Endpoint, server: Endpoint) -> Option<usize> {
        let nameless = |id: MessageId| self.messages.get(id.0).is_some_and(|m| m.message.cseq().is_none());
        self.transactions.iter().rposition(|t| {
            let hop = t.leg == captured.leg && t.client == client && t.server == server;
            hop && captured.message.cseq().is_none() && t.request.is_some_and(nameless)
        })
    }

    /// The transaction of the key that a response from elsewhere answers: the last one whose client host or server host it
    /// shares, else the last. A second copy of a final response stays with the first.
    fn on_any_hop(&self, key: &Key<'m>, captured: &CapturedMessage, status: StatusCode) -> Option<usize> {
        let known = || self.by_key.of(key);
        let flow = captured.provenance.flow;
        let shares = |at: &usize| {
            self.transactions.get(*at).is_some_and(|t| {
                t.client.address == flow.destination.address || t.server.address == flow.source.address
            })
        };
        let has_it =
            |at: &usize| self.transactions.get(*at).is_some_and(|t| t.finals.iter().any(|f| f.status == status));
        known().rev().find(shares).or_else(|| known().find(has_it)).or_else(|| known().next_back())
    }

    fn first(&self, key: &Key<'m>) -> Option<usize> {
        self.by_key.of(key).next()
    }
}

impl Transaction {
    /// One without messages so far, between a client and a server.
    pub(super) fn new(leg: usize, method: Method, (client, server): (Endpoint, Endpoint), start: Timestamp) -> Self {
        Self {
            leg,
            method,
            client,
            server,
            request: None,
            retransmissions: MessageIds::new(),
            provisionals: MessageIds::new(),
            finals: Finals::new(),
            acks: MessageIds::new(),
            cancelled_by: None,
            upstream: None,
            downstream: Vec::new(),
            in_dialog: false,
            start,
        }
    }
}

impl FinalResponse {
    /// One that came once so far.
    pub(super) fn new(message: MessageId, status: StatusCode) -> Self {
        Self { message, status, retransmissions: MessageIds::new(), acknowledged: false }
    }

    /// That of several which a response repeats: the same status and To tag.
    pub(super) fn of<'f>(
        finals: &'f mut [Self],
        messages: &[CapturedMessage],
        status: StatusCode,
        response: &CapturedMessage,
    ) -> Option<&'f mut Self> {
        let tag = response.message.to_tag();
        finals.iter_mut().find(|known| {
            let other = messages.get(known.message.0).map(|m| m.message.to_tag());
            known.status == status && other == Some(tag)
        })
    }
}
