//! Makes a [`Call`] of the messages and transactions of one group: legs in order, redirects, attempts, outcome.

use std::borrow::Cow;

use super::element::Elements;
use super::{
    Call, CallNumber, CapturedMessage, IcmpReport, Leg, Outcome, Transaction, attempt, finals, outcome_of, redirect,
};
use crate::provenance::Timestamp;
use crate::sip::HeaderName;

/// What is known of a group when the capture clock, or the end of the capture, closes it.
#[derive(Debug)]
pub struct Group {
    /// Its number.
    pub number: CallNumber,
    /// Its legs; messages and transactions point to them by index.
    pub legs: Vec<Leg>,
    /// Messages of all legs in capture order.
    pub messages: Vec<CapturedMessage>,
    /// Transactions of all legs by time of their first message.
    pub transactions: Vec<Transaction>,
    /// ICMP errors about its datagrams.
    pub icmp: Vec<IcmpReport>,
    /// The capture clock.
    pub observed_until: Timestamp,
}

/// Assembles a call, which lies in one place from then on: it is large, and goes through several stages.
pub fn assemble(group: Group) -> Box<Call> {
    let Group { number, legs, messages, transactions, icmp, observed_until } = group;
    let start = messages.first().map_or(observed_until, |m| m.provenance.time);
    let end = messages.iter().map(|m| m.provenance.time).max().unwrap_or(start);
    let mut call = Box::new(Call {
        number,
        legs,
        messages,
        transactions,
        attempts: Vec::new(),
        redirects: Vec::new(),
        icmp,
        outcome: Outcome::Incomplete,
        outcome_detail: None,
        decided_by: None,
        final_response: None,
        start,
        end,
        observed_until: observed_until.max(end),
        media: Vec::new(),
        media_elsewhere: Vec::new(),
        possible_legs: Vec::new(),
        may_be_followed: false,
        next_attempt: None,
        registered: None,
        referral: None,
        taken_over: None,
    });
    order_legs(&mut call);
    find_own_software(&mut call);
    finals::acknowledge(&call.messages, &mut call.transactions);
    let elements = Elements::of(&call.transactions);
    call.redirects = redirect::find(&call, &elements);
    call.attempts = attempt::find(&call, &elements);
    let verdict = outcome_of::decide(&call);
    call.outcome = verdict.outcome;
    call.outcome_detail = verdict.detail;
    call.decided_by = verdict.decided_by;
    call.final_response = verdict.final_response;
    call
}

/// Finds who is named by responses that have header fields of requests.
fn find_own_software(call: &mut Call) {
    if !call.messages.iter().any(|m| m.message.has_fields_of_request()) {
        return;
    }
    let Call { transactions, messages, .. } = call;
    for transaction in transactions {
        let Some(request) = transaction.request.and_then(|id| messages.get(id.0)) else { continue };
        let agent = request.message.header(HeaderName::UserAgent).map(Cow::into_owned);
        let finals = transaction.finals.iter().flat_map(|f| std::iter::once(&f.message).chain(&f.retransmissions));
        for id in finals.chain(&transaction.provisionals) {
            let response = messages.get_mut(id.0).map(|m| &mut m.message).filter(|m| m.has_fields_of_request());
            if let Some(response) = response {
                response.find_own_software(agent.as_deref());
            }
        }
    }
}

/// Puts the leg whose messages came first to the front: it is the one nearest the caller (diagnosis §D7).
fn order_legs(call: &mut Call) {
    if call.legs.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = Vec::with_capacity(call.legs.len());
    for leg in call.messages.iter().map(|m| m.leg).chain(0..call.legs.len()) {
        if leg < call.legs.len() && !order.contains(&leg) {
            order.push(leg);
        }
    }
    if order.is_sorted() {
        return;
    }
    let place = |leg: usize| order.iter().position(|old| *old == leg).unwrap_or(leg);
    call.legs = order.iter().filter_map(|old| call.legs.get(*old).cloned()).collect();
    for message in &mut call.messages {
        message.leg = place(message.leg);
    }
    for transaction in &mut call.transactions {
        transaction.leg = place(transaction.leg);
    }
}

#[cfg(test)]
mod tests {
    use crate::call::fixture::calls;

    #[test]
    fn a_response_with_header_fields_of_its_request_names_its_sender_only_where_it_differs() {
        let forwards = "\nMax-Forwards: 70";
        for (request, response, named) in [
            ("\nUser-Agent: Phone", "\nUser-Agent: Phone".to_owned() + forwards, None),
            ("\nUser-Agent: Phone", "\nUser-Agent: Box".to_owned() + forwards, Some("Box")),
            ("", "\nUser-Agent: Box".to_owned() + forwards, Some("Box")),
            ("\nUser-Agent: Phone", "\nUser-Agent: Phone".to_owned(), Some("Phone")),
            ("\nUser-Agent: Phone", forwards.to_owned(), None),
        ] {
            let text = format!(
                "host a 192.0.2.10\nhost b 203.0.113.40\n\n0 a > b\nOPTIONS sip:b.example{request}\n\n0.1 b > a\n200 OK{response}\n"
            );
            let calls = calls(&text);
            let answer = calls[0].messages.last().unwrap();
            assert_eq!(answer.message.software().as_deref(), named, "{request}, {response}");
        }
        // Without the request nothing says that it is not copied.
        let text = format!(
            "host a 192.0.2.10\nhost b 203.0.113.40\n\n0.1 b > a\n200 OK\nCSeq: 1 OPTIONS\nUser-Agent: Box{forwards}\n"
        );
        assert_eq!(calls(&text)[0].messages[0].message.software(), None);
    }
}
