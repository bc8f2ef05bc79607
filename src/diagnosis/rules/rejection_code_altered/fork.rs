//! A rejection by one branch of a fork of which the caller learned nothing: another branch's answer was passed on instead.

use super::{RULE, is_rejection, status_line};
use crate::call::{Call, CapturedMessage, Transaction, TransactionId};
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Text};
use crate::sip::Method;

/// The rejection as the forking element received it, and what it passed on instead.
struct Chosen<'a> {
    rejection: &'a CapturedMessage,
    /// The answer of the branch that was preferred; `None` where the element made up its own.
    other: Option<&'a CapturedMessage>,
    passed: &'a CapturedMessage,
}

/// The finding about the first such branch.
pub(super) fn finding(call: &Call) -> Option<Finding> {
    let mut branches = (0..call.transactions.len()).map(TransactionId);
    branches.find_map(|id| chosen(call, id)).map(|case| told(&case))
}

fn chosen(call: &Call, id: TransactionId) -> Option<Chosen<'_>> {
    let branch = call.transaction(id).filter(|t| t.method == Method::Invite && !t.in_dialog)?;
    let rejection = call.message(branch.failed_final()?.message).filter(|m| is_rejection(m))?;
    let fork = call.transaction(branch.upstream?)?;
    let passed = call.message(call.decisive_final(branch.upstream?)?.message)?;
    let status = passed.message.status()?;
    // A success goes before it, another 6xx may; and a caller who gives up ends the call as well.
    if status.is_success() || status.0 >= 600 || fork.cancelled_by.is_some() {
        return None;
    }
    let said = rejection.provenance.time;
    let others: Vec<&Transaction> = fork
        .downstream
        .iter()
        .filter(|other| **other != id)
        .filter_map(|other| call.transaction(*other))
        .filter(|other| other.method == Method::Invite)
        .collect();
    // A branch alone is an element that alters what it passes on; one that was begun later is a route advance.
    if others.is_empty() || others.iter().any(|other| other.start > said) || passed.provenance.time < said {
        return None;
    }
    // What crossed a CANCEL came too late, and branches that had been cancelled before tell of a caller that gave up.
    let is_cancelled = |t: &Transaction| {
        let cancel = t.cancelled_by.and_then(|id| call.message(call.transaction(id)?.request?));
        cancel.is_some_and(|cancel| cancel.provenance.time <= said)
    };
    if is_cancelled(branch) || (status.0 == 487 && others.iter().any(|other| is_cancelled(other))) {
        return None;
    }
    let answers = others.iter().filter_map(|other| call.message(other.failed_final()?.message));
    let other = answers.filter(|m| m.message.status() == Some(status)).max_by_key(|m| m.provenance.time);
    Some(Chosen { rejection, other, passed })
}

fn told(case: &Chosen<'_>) -> Finding {
    let proxy = case.passed.provenance.flow.source;
    let text = match case.other {
        Some(other) => Text::new(
            "{proxy} received \"{received}\" from {sender}, one branch of the call, and passed \"{passed}\" of {other} on instead: \
             the caller does not learn that the call was rejected. A 6xx goes before all other failures, and ends the other branches.",
        )
        .with("other", element(other)),
        None => Text::new(
            "{proxy} received \"{received}\" from {sender}, one branch of the call, and answered \"{passed}\" instead: the caller \
             does not learn that the call was rejected. A 6xx goes before all other failures, and ends the other branches.",
        ),
    };
    let message = text
        .with("proxy", proxy)
        .with("received", status_line(case.rejection))
        .with("sender", element(case.rejection))
        .with("passed", status_line(case.passed));
    Finding::new(&RULE, Certainty::Strong, message, Evidence::of(case.passed, "what was passed on"))
        .evidence([Evidence::of(case.rejection, "what had been received")])
        .evidence(case.other.map(|other| Evidence::of(other, "the answer of the other branch")))
        .actor(Actor::sender(case.passed, "operator of the element that chose between the branches"))
        .fix(
            Text::new(
                "At {proxy}: as soon as one branch answers 6xx, cancel the others, and pass that answer on (RFC 3261 §16.7).",
            )
            .with("proxy", proxy),
        )
        .fix("At the caller: take the call for rejected, as that branch says, and do not call again or over another route.")
        .verify("The next call that one branch rejects ends at the caller with that rejection, and the other branches are cancelled.")
}
