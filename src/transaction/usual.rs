//! The transactions of usual groups: a few, whose messages are all named as RFC 3261 §8.1.1.7 wants it. What is told of them is what
//! [`super::matcher`] tells; whatever is odd is left to that.

use smallvec::SmallVec;

use super::key::is_unique;
use crate::call::{CapturedMessage, FinalResponse, MessageId, Transaction, TransactionId};
use crate::provenance::Endpoint;
use crate::sip::{Method, StatusCode};

/// More transactions than this take less time in tables; and so do more final responses to INVITEs.
const MOST: usize = 16;

/// Says that the group is left to the other matcher.
struct Odd;

/// What names the transaction of a message within its group.
#[derive(Clone, Copy)]
struct Name<'m> {
    leg: usize,
    number: u32,
    /// INVITE for ACK (§17.2.3), but not for a response to one.
    method: &'m Method,
    branch: &'m [u8],
    /// The topmost Via up to its parameters, which holds sent-by.
    via: &'m [u8],
}

impl Name<'_> {
    /// Whether both name the same, but for sent-by.
    fn is_like(&self, other: &Self) -> bool {
        self.number == other.number
            && self.leg == other.leg
            && self.branch == other.branch
            && self.method == other.method
    }

    fn of_invite(self) -> Self {
        Self { method: &Method::Invite, ..self }
    }
}

/// Client and server.
type Hop<'m> = (&'m Endpoint, &'m Endpoint);

/// A transaction of a name: between the ends that were asked for, or the first between others.
#[derive(Clone, Copy)]
enum Found {
    There(usize),
    Elsewhere(usize),
}

impl Found {
    fn at(self) -> usize {
        let (Self::There(at) | Self::Elsewhere(at)) = self;
        at
    }
}

struct Usual<'m> {
    messages: &'m [CapturedMessage],
    transactions: Vec<Transaction>,
    /// Their names.
    names: SmallVec<[Name<'m>; 4]>,
    /// Final responses to INVITEs with their transactions, in order.
    answers: SmallVec<[(&'m CapturedMessage, usize); 2]>,
    /// The Via whose sent-by was found to be readable last.
    readable: &'m [u8],
}

/// The transactions of a usual group, by time of their first message; `None` if it is not one.
pub(super) fn transactions(messages: &[CapturedMessage]) -> Option<Vec<Transaction>> {
    let mut usual = Usual {
        messages,
        // A request, a provisional response, a final one; or with an ACK.
        transactions: Vec::with_capacity(messages.len().div_ceil(3).min(MOST)),
        names: SmallVec::new(),
        answers: SmallVec::new(),
        readable: &[],
    };
    for (index, captured) in messages.iter().enumerate() {
        usual.take(MessageId(index), captured).ok()?;
    }
    Some(usual.transactions)
}

impl<'m> Usual<'m> {
    fn take(&mut self, id: MessageId, captured: &'m CapturedMessage) -> Result<(), Odd> {
        let name = self.name(captured).ok_or(Odd)?;
        let flow = &captured.provenance.flow;
        match captured.message.status() {
            Some(status) => self.response(id, captured, name, status),
            None if captured.message.method() == Some(&Method::Ack) => self.ack(id, captured, &name),
            None => self.request(id, captured, name, (&flow.source, &flow.destination)),
        }
    }

    fn name(&mut self, captured: &'m CapturedMessage) -> Option<Name<'m>> {
        let message = &captured.message;
        let branch = message.branch().filter(|branch| is_unique(branch))?;
        let via = message.start_of_top_via()?;
        if !message.has_plain_via() && via != self.readable {
            message.sent_by()?;
            self.readable = via;
        }
        let method = match message.method()? {
            Method::Ack if message.is_request() => &Method::Invite,
            other => other,
        };
        Some(Name { leg: captured.leg, number: message.cseq()?.number, method, branch, via })
    }

    fn request(
        &mut self,
        id: MessageId,
        captured: &'m CapturedMessage,
        name: Name<'m>,
        hop: Hop<'_>,
    ) -> Result<(), Odd> {
        let in_dialog = captured.message.to_tag().is_some();
        if let Some(Found::There(at)) = self.found(&name, hop)? {
            let Some(known) = self.transactions.get_mut(at) else { return Ok(()) };
            if known.request.is_none() {
                // Its response was captured first.
                (known.request, known.in_dialog) = (Some(id), in_dialog);
            } else {
                known.retransmissions.push(id);
            }
            return Ok(());
        }
        let at = self.transactions.len();
        if *name.method == Method::Cancel {
            let aimed_at = self.found(&name.of_invite(), hop)?.map(Found::at);
            if let Some(invite) = aimed_at.and_then(|at| self.transactions.get_mut(at)) {
                invite.cancelled_by.get_or_insert(TransactionId(at));
            }
        }
        self.open(name, captured, hop, (Some(id), in_dialog))
    }

    fn response(
        &mut self,
        id: MessageId,
        captured: &'m CapturedMessage,
        name: Name<'m>,
        status: StatusCode,
    ) -> Result<(), Odd> {
        let flow = &captured.provenance.flow;
        let hop = (&flow.destination, &flow.source);
        let at = match self.found(&name, hop)? {
            Some(Found::There(at)) => at,
            Some(Found::Elsewhere(_)) => return Err(Odd),
            None => {
                let in_dialog = matches!(name.method, Method::Bye | Method::Prack | Method::Info | Method::Update);
                self.open(name, captured, hop, (None, in_dialog))?;
                self.transactions.len() - 1
            }
        };
        let messages = self.messages;
        let Some(transaction) = self.transactions.get_mut(at) else { return Ok(()) };
        if !status.is_final() {
            if status.is_provisional() {
                transaction.provisionals.push(id);
            }
            return Ok(());
        }
        if let Some(known) = FinalResponse::of(&mut transaction.finals, messages, status, captured) {
            known.retransmissions.push(id);
            return Ok(());
        }
        transaction.finals.push(FinalResponse::new(id, status));
        if transaction.method == Method::Invite {
            if self.answers.len() >= MOST {
                return Err(Odd);
            }
            self.answers.push((captured, at));
        }
        Ok(())
    }

    /// As for the other matcher: to a non-2xx by branch, to a 2xx by dialog and CSeq number.
    fn ack(&mut self, id: MessageId, captured: &'m CapturedMessage, name: &Name<'m>) -> Result<(), Odd> {
        let flow = &captured.provenance.flow;
        let same_branch = self.found(name, (&flow.source, &flow.destination))?.map(Found::at);
        let at = same_branch.or_else(|| self.acknowledged(captured, name));
        if let Some(transaction) = at.and_then(|at| self.transactions.get_mut(at)) {
            transaction.acks.push(id);
        }
        Ok(())
    }

    /// The INVITE transaction that an ACK to a 2xx is for: on the hop of its sender where there is one, else the last.
    fn acknowledged(&self, ack: &CapturedMessage, name: &Name<'m>) -> Option<usize> {
        let sender = ack.provenance.flow.source;
        let fits = |answer: &CapturedMessage| {
            answer.leg == ack.leg
                && answer.message.cseq().is_some_and(|cseq| cseq.number == name.number)
                && answer.message.to_tag() == ack.message.to_tag()
                && answer.message.from_tag() == ack.message.from_tag()
        };
        let known = || self.answers.iter().rev().filter(|(answer, _)| fits(answer)).map(|(_, at)| *at);
        let client = |at: &usize| self.transactions.get(*at).map(|t| t.client);
        known()
            .find(|at| client(at) == Some(sender))
            .or_else(|| known().find(|at| client(at).is_some_and(|client| client.address == sender.address)))
            .or_else(|| known().next())
    }

    fn open(
        &mut self,
        name: Name<'m>,
        captured: &CapturedMessage,
        hop: Hop<'_>,
        (request, in_dialog): (Option<MessageId>, bool),
    ) -> Result<(), Odd> {
        if self.names.len() >= MOST {
            return Err(Odd);
        }
        self.names.push(name);
        self.transactions.push(Transaction::new(
            captured.leg,
            name.method.clone(),
            (*hop.0, *hop.1),
            captured.provenance.time,
        ));
        if let Some(new) = self.transactions.last_mut() {
            (new.request, new.in_dialog) = (request, in_dialog);
        }
        Ok(())
    }

    /// The transaction of that name between these ends, or else the first of that name. Those that are alike and have another sent-by,
    /// or the same in another spelling, are left to the other matcher.
    fn found(&self, name: &Name<'m>, hop: Hop<'_>) -> Result<Option<Found>, Odd> {
        let mut elsewhere = None;
        for (at, known) in self.names.iter().enumerate().filter(|(_, known)| known.is_like(name)) {
            if known.via != name.via {
                return Err(Odd);
            }
            if self.transactions.get(at).is_some_and(|t| t.client == *hop.0 && t.server == *hop.1) {
                return Ok(Some(Found::There(at)));
            }
            elsewhere = elsewhere.or(Some(Found::Elsewhere(at)));
        }
        Ok(elsewhere)
    }
}
