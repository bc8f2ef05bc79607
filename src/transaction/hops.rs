//! Which transaction forwards which: a proxy puts its own Via on top of those of the request (RFC 3261 §16.6).

use std::collections::HashMap;

use super::key::is_unique;
use crate::call::{CapturedMessage, Transaction, TransactionId};
use crate::sip::Method;

/// Identifies a request by a branch somewhere in its Via stack.
type Name = (usize, Vec<u8>, Method, Option<u32>);

/// Sets `upstream` and `downstream`. Of the Vias below the topmost, the nearest that was captured on top of a request counts: proxies
/// between taps do not break the chain.
pub(super) fn link(messages: &[CapturedMessage], transactions: &mut [Transaction]) {
    let has_hops = |t: &Transaction| sample(messages, t).is_some_and(|m| m.message.has_several_vias());
    // Where nobody put a Via on top of another one, nothing was forwarded.
    if transactions.len() < 2 || !transactions.iter().any(has_hops) {
        return;
    }
    let mut by_top: HashMap<Name, Vec<usize>> = HashMap::new();
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
        let Some(upstream) = upstream.filter(|up| *up != at) else { continue };
        if let Some(lower) = transactions.get_mut(at) {
            lower.upstream = Some(TransactionId(upstream));
        }
        if let Some(upper) = transactions.get_mut(upstream) {
            upper.downstream.push(TransactionId(at));
        }
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
