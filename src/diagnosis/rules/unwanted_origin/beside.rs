//! A 607 from one branch of a call that another branch answered.

use std::time::Duration;

use super::RULE;
use crate::call::{Call, CapturedMessage, MessageId, Outcome, Transaction};
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Text};
use crate::lang::span;
use crate::provenance::Endpoint;
use crate::sip::{Method, StatusCode};

/// How long an answer may be on its way that was sent before the CANCEL came: T1, the usual estimate of a round trip.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

/// A 607 that did not decide the call.
struct Beside<'a> {
    response: &'a CapturedMessage,
    answer: &'a CapturedMessage,
    /// Who forks the call, or passed on what came of it.
    fork: Endpoint,
    /// Whether that branch was being cancelled when it was answered.
    was_cancelled: bool,
    /// Whether the two are legs of their own, as B2BUAs make them.
    are_legs: bool,
}

/// Whether another branch of the INVITE that a transaction is one of was answered.
pub(super) fn is_beside(call: &Call, transaction: &Transaction) -> bool {
    of(call, transaction).is_some()
}

/// What there is to tell of the first.
pub(super) fn detect(call: &Call) -> Option<Finding> {
    if call.outcome != Outcome::Answered {
        return None;
    }
    // The copies of the hops behind are the same 607.
    let all = || call.transactions.iter().filter(|t| !t.in_dialog).filter_map(|t| of(call, t));
    let first = all().min_by_key(|b| b.response.provenance.time)?;
    Some(finding(call, &first))
}

fn of<'a>(call: &'a Call, transaction: &'a Transaction) -> Option<Beside<'a>> {
    if call.outcome != Outcome::Answered || transaction.method != Method::Invite {
        return None;
    }
    let unwanted = transaction.finals.iter().find(|f| f.status == StatusCode(607))?;
    let (answer, fork, are_legs) = match of_branch(call, transaction, unwanted.message)? {
        Branch::Answered(answer, fork) => (answer, fork, false),
        Branch::Alone => {
            let (answer, fork) = of_leg(call, transaction, unwanted.message)?;
            (answer, fork, true)
        }
    };
    let (response, answer) = (call.message(unwanted.message)?, call.message(answer)?);
    let meanwhile = response.provenance.time..=answer.provenance.time;
    let was_cancelled = call.transactions.iter().any(|t| {
        let answers = t.method == Method::Invite && t.finals.iter().any(|f| f.status.is_success());
        let cancel = || t.cancelled_by.and_then(|id| call.transaction(id));
        answers && cancel().is_some_and(|cancel| meanwhile.contains(&cancel.start))
    });
    Some(Beside { response, answer, fork, was_cancelled, are_legs })
}

/// What became of the branches beside one that was answered 607.
enum Branch {
    /// One was answered: by which message, and who forked.
    Answered(MessageId, Endpoint),
    /// Under this Call-ID none was.
    Alone,
}

/// `None` where another route was tried after the 607, which is another matter.
fn of_branch(call: &Call, transaction: &Transaction, unwanted: MessageId) -> Option<Branch> {
    if let Some(answer) = success(transaction) {
        return Some(Branch::Answered(answer, transaction.server));
    }
    let Some(upstream) = transaction.upstream.and_then(|id| call.transaction(id)) else { return Some(Branch::Alone) };
    if is_advance(call, upstream, unwanted) {
        return None;
    }
    // Who forks had it from the branch before the caller had it.
    let branches = upstream.downstream.iter().filter_map(|id| call.transaction(*id)).filter_map(success);
    let first = branches.chain(success(upstream)).min_by_key(|answer| call.time(*answer));
    Some(first.map_or(Branch::Alone, |answer| Branch::Answered(answer, upstream.server)))
}

/// The answer of another leg that the same element had sent before the 607, and that element.
fn of_leg(call: &Call, transaction: &Transaction, unwanted: MessageId) -> Option<(MessageId, Endpoint)> {
    let rejected = call.time(unwanted)?;
    let mut nearest = transaction;
    for _ in &call.transactions {
        let Some(upstream) = nearest.upstream.and_then(|id| call.transaction(id)) else { break };
        nearest = upstream;
    }
    let is_beside = |t: &&Transaction| {
        t.leg != nearest.leg
            && t.client.address == nearest.client.address
            && t.method == Method::Invite
            && !t.in_dialog
            && t.start <= rejected
    };
    // What was answered before this leg began is another step of the call.
    let is_meanwhile = |answer: &MessageId| call.time(*answer).is_some_and(|time| nearest.start <= time);
    let others = call.transactions.iter().filter(is_beside).filter_map(success).filter(is_meanwhile);
    Some((others.min_by_key(|answer| call.time(*answer))?, nearest.client))
}

fn success(transaction: &Transaction) -> Option<MessageId> {
    transaction.finals.iter().find(|f| f.status.is_success()).map(|f| f.message)
}

/// Whether the branch that was answered began only after the 607: another route was tried, which is another matter.
fn is_advance(call: &Call, upstream: &Transaction, unwanted: MessageId) -> bool {
    let mut answered = upstream.downstream.iter().filter_map(|id| call.transaction(*id));
    let answered = answered.find(|t| t.finals.iter().any(|f| f.status.is_success()));
    answered.zip(call.time(unwanted)).is_some_and(|(answered, rejected)| answered.start > rejected)
}

fn finding(call: &Call, beside: &Beside<'_>) -> Finding {
    let Beside { response, answer, fork, was_cancelled, are_legs } = *beside;
    let (rejected, answered) = (response.provenance.time, answer.provenance.time);
    let (template, between) = if was_cancelled && answered >= rejected {
        (
            "{sender} answered 607, and {another}, which was cancelled for it, was answered {between} later: answer and CANCEL \
             crossed, and an answer is passed on whatever came before (RFC 3261 §16.7).",
            answered.since(rejected),
        )
    } else if answered >= rejected {
        (
            "{sender} answered 607, and {another} was answered {between} later: one device of the called party \
             rejected this caller as unwanted, and another took the call.",
            answered.since(rejected),
        )
    } else {
        (
            "{sender} answered 607 {between} after {another} had been answered: one device of the called party \
             rejected this caller as unwanted, when another had taken the call.",
            rejected.since(answered),
        )
    };
    let another = if are_legs { "another leg of the same call" } else { "another branch of the same INVITE" };
    let message = Text::new(template)
        .with("sender", element(response))
        .with("between", span(between))
        .with("another", Text::new(another));
    let request = call.initial_request().map(|m| Evidence::of(m, "the request"));
    let fix = "Let {fork}, or the element behind it that forks, cancel the other branches as soon as one answers 6xx, and return that response \
               (RFC 3261 §16.7).";
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "607 response"))
        .evidence([Evidence::of(
            answer,
            if are_legs { "the answer of another leg" } else { "the answer of another branch" },
        )])
        .evidence(request)
        .actor(Actor::at(fork, "operator of the element that forks the call"));
    // An answer that was on its way already comes whatever is cancelled.
    let had_time = answered >= rejected && answered.since(rejected) >= ON_ITS_WAY;
    // What calls several users is no proxy, and may let each speak for itself.
    let finding =
        if had_time && !was_cancelled && !are_legs { finding.fix(Text::new(fix).with("fork", fork)) } else { finding };
    let finding = finding
        .fix("Before the next call, ask the called party whether it is wanted: that device will reject it again.");
    if are_legs {
        return finding.verify("In the next call no device answers 607.");
    }
    finding.verify("The next call that one device answers with 607 ends with 607 for the caller.")
}
