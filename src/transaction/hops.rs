//! Which transaction forwards which: a proxy puts its own Via on top of those of the request (RFC 3261 §16.6). Some B2BUAs keep
//! the Call-ID and begin a Via stack of their own; what they send at once after a request is taken for its continuation.

use std::time::Duration;

use super::key::is_unique;
use crate::call::{CapturedMessage, Transaction, TransactionId};
use crate::hashing::HashMap;
use crate::sip::Method;

/// Identifies a request by a branch somewhere in its Via stack.
type Name = (usize, Vec<u8>, Method, Option<u32>);

/// A B2BUA sends its own request within this time of receiving one.
const SOON: Duration = Duration::from_secs(2);
/// Transactions before one that are looked at for the one it continues.
const LOOK_BACK: usize = 16;

/// Sets `upstream` and `downstream`. Of the Vias below the topmost, the nearest that was captured on top of a request counts: proxies
/// between taps do not break the chain.
pub(super) fn link(messages: &[CapturedMessage], transactions: &mut [Transaction]) {
    if transactions.len() < 2 {
        return;
    }
    let has_hops = |t: &Transaction| sample(messages, t).is_some_and(|m| m.message.has_several_vias());
    // Where nobody put a Via on top of another one, no proxy forwarded anything.
    if transactions.iter().any(has_hops) {
        link_by_via(messages, transactions);
    }
    link_renewed(messages, transactions);
}

fn link_by_via(messages: &[CapturedMessage], transactions: &mut [Transaction]) {
    let mut by_top: HashMap<Name, Vec<usize>> = HashMap::default();
    let mut stacks = Vec::with_capacity(transactions.len());
    for (at, transaction) in transactions.iter().enumerate() {
        let stack = stack(messages, transaction);
        if let Some(top) = stack.first() {
            by_top.entry(name(transaction, top.clone(), messages)).or_default().push(at);
        }
        stacks.push(stack);
    }
    for (at, stack) in stacks.into_iter().enumerate() {
        let Some(transaction) = transactions.get(at) else { continue };
        let above = stack.into_iter().skip(1).find_map(|branch| by_top.get(&name(transaction, branch, messages)));
        // The same branch on several hops: the latest before this one.
        let upstream =
            above.and_then(|found| found.iter().copied().rfind(|up| *up < at).or_else(|| found.first().copied()));
        if let Some(upstream) = upstream.filter(|up| *up != at) {
            join(transactions, upstream, at);
        }
    }
}

/// Links initial requests of an element that had just received one under the same Call-ID, and answers that one later.
fn link_renewed(messages: &[CapturedMessage], transactions: &mut [Transaction]) {
    for at in 1..transactions.len() {
        let Some((before, [lower, ..])) = transactions.split_at_checked(at) else { break };
        let alone = || sample(messages, lower).is_some_and(|m| !m.message.has_several_vias());
        if lower.upstream.is_some() || lower.in_dialog || lower.request.is_none() || !alone() {
            continue;
        }
        let near = before.len().saturating_sub(LOOK_BACK);
        if let Some(upstream) = before.iter().skip(near).rposition(|upper| continues(messages, upper, lower)) {
            join(transactions, near + upstream, at);
        }
    }
}

/// Whether the server of `upper` sent `lower` on in place of it, to somebody else.
fn continues(messages: &[CapturedMessage], upper: &Transaction, lower: &Transaction) -> bool {
    let answer = upper.finals.first().and_then(|f| messages.get(f.message.0)).map(|m| m.provenance.time);
    let hosts = [upper.client.address, upper.server.address, lower.server.address];
    let begins = matches!(lower.method, Method::Invite | Method::Message | Method::Subscribe | Method::Refer);
    begins
        && upper.method == lower.method
        && upper.leg == lower.leg
        && !upper.in_dialog
        && upper.request.is_some()
        && upper.server.address == lower.client.address
        // On one machine the addresses do not tell who is who.
        && hosts.iter().enumerate().all(|(n, host)| !hosts.iter().skip(n + 1).any(|other| other == host))
        && lower.start.since(upper.start) <= SOON
        && answer.is_none_or(|answer| answer > lower.start)
}

fn join(transactions: &mut [Transaction], upstream: usize, at: usize) {
    if let Some(lower) = transactions.get_mut(at) {
        lower.upstream = Some(TransactionId(upstream));
    }
    if let Some(upper) = transactions.get_mut(upstream) {
        upper.downstream.push(TransactionId(at));
    }
}

fn name(transaction: &Transaction, branch: Vec<u8>, messages: &[CapturedMessage]) -> Name {
    (transaction.leg, branch, transaction.method.clone(), cseq(messages, transaction))
}

/// A message of the transaction that shows its Via stack.
fn sample<'m>(messages: &'m [CapturedMessage], transaction: &Transaction) -> Option<&'m CapturedMessage> {
    let any = transaction.request.or_else(|| transaction.finals.first().map(|f| f.message));
    messages.get(any.or_else(|| transaction.provisionals.first().copied())?.0)
}

fn cseq(messages: &[CapturedMessage], transaction: &Transaction) -> Option<u32> {
    sample(messages, transaction)?.message.cseq().map(|c| c.number)
}

/// The unique branches of the Via stack, topmost first.
fn stack(messages: &[CapturedMessage], transaction: &Transaction) -> Vec<Vec<u8>> {
    let Some(captured) = sample(messages, transaction) else { return Vec::new() };
    let branches = captured.message.vias();
    branches.iter().filter_map(|v| v.branch()).map(|b| b.as_bytes().to_vec()).filter(|b| is_unique(b)).collect()
}
