//! Makes a [`Call`] of the messages and transactions of one group: legs in order, redirects, attempts, outcome.

use super::element::Elements;
use super::{
    Call, CallNumber, CapturedMessage, IcmpReport, Leg, Outcome, Transaction, attempt, finals, outcome_of, redirect,
};
use crate::provenance::Timestamp;

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

/// Assembles a call.
pub fn assemble(group: Group) -> Call {
    let Group { number, legs, messages, transactions, icmp, observed_until } = group;
    let start = messages.first().map_or(observed_until, |m| m.provenance.time);
    let end = messages.iter().map(|m| m.provenance.time).max().unwrap_or(start);
    let mut call = Call {
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
        possible_legs: Vec::new(),
    };
    order_legs(&mut call);
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
