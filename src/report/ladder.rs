//! The messages of a call that matter, in order: what a reader needs to see what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::call::referred::{reported, reported_final};
use crate::call::{Call, CapturedMessage, MessageId, Transaction};
use crate::diagnosis::Finding;
use crate::lang::Text;
use crate::provenance::{Endpoint, FrameRef, Timestamp};
use crate::sip::Method;

/// One line of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time: Timestamp,
    pub(super) frame: FrameRef,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    /// Such as `INVITE sip:bob@b.example` or `301 Moved Permanently`.
    pub(super) what: Text,
    /// How often it was sent in all, and over which time.
    pub(super) times: usize,
    pub(super) span: Duration,
    /// The message; `None` for ICMP errors.
    pub(super) message: Option<MessageId>,
}

/// The rows of a call with the number of messages that are left out. Messages that findings cite are always there.
pub(super) fn rows(call: &Call, findings: &[Finding]) -> (Vec<Row>, usize) {
    let cited: BTreeSet<FrameRef> = findings.iter().flat_map(|f| &f.evidence).map(|e| e.frame).collect();
    let matters = mattering(call);
    select(call, |id, captured| matters.contains(&id) || cited.contains(&captured.provenance.frame))
}

/// The rows of a call with all its messages, retransmissions folded.
pub(super) fn every_row(call: &Call) -> Vec<Row> {
    select(call, |_, _| true).0
}

fn select(call: &Call, wanted: impl Fn(MessageId, &CapturedMessage) -> bool) -> (Vec<Row>, usize) {
    let copies = copies(call);
    let folded: BTreeSet<MessageId> = copies.values().flatten().copied().collect();
    let mut rows = Vec::new();
    let mut left_out = 0;
    for (at, captured) in call.messages.iter().enumerate() {
        let id = MessageId(at);
        if folded.contains(&id) {
            continue;
        }
        let again = copies.get(&id).map_or(&[][..], Vec::as_slice);
        if wanted(id, captured) {
            rows.push(row(call, id, captured, again));
        } else {
            left_out += 1 + again.len();
        }
    }
    rows.extend(call.icmp.iter().map(|report| {
        Row {
            time: report.provenance.time,
            frame: report.provenance.frame,
            source: report.provenance.flow.source,
            destination: report.provenance.flow.destination,
            what: Text::new("ICMP {kind} ({unreachable})")
                .with("kind", Text::new(report.kind))
                .with("unreachable", report.unreachable),
            times: 1,
            span: Duration::ZERO,
            message: None,
        }
    }));
    rows.sort_by_key(|row| (row.time, row.frame));
    (rows, left_out)
}

fn row(call: &Call, id: MessageId, captured: &CapturedMessage, again: &[MessageId]) -> Row {
    let line = captured.message.start_line();
    let what = line.strip_prefix("SIP/2.0 ").or_else(|| line.strip_suffix(" SIP/2.0")).unwrap_or(&line).trim();
    let last = again.iter().filter_map(|id| call.message(*id)).map(|m| m.provenance.time).max();
    Row {
        time: captured.provenance.time,
        frame: captured.provenance.frame,
        source: captured.provenance.flow.source,
        destination: captured.provenance.flow.destination,
        what: match reported(&captured.message) {
            Some((_, status)) => Text::new("NOTIFY of REFER: {status}").with("status", status),
            None => Text::verbatim(what),
        },
        times: 1 + again.len(),
        span: last.map_or(Duration::ZERO, |last| last.since(captured.provenance.time)),
        message: Some(id),
    }
}

/// Messages with the later copies of them: retransmissions, and provisional responses that were repeated.
fn copies(call: &Call) -> BTreeMap<MessageId, Vec<MessageId>> {
    let mut copies: BTreeMap<MessageId, Vec<MessageId>> = BTreeMap::new();
    for transaction in &call.transactions {
        if let Some(request) = transaction.request {
            copies.entry(request).or_default().extend(&transaction.retransmissions);
        }
        for answer in &transaction.finals {
            copies.entry(answer.message).or_default().extend(&answer.retransmissions);
        }
        let mut firsts: BTreeMap<(Option<u16>, Option<&[u8]>), MessageId> = BTreeMap::new();
        for id in &transaction.provisionals {
            let Some(captured) = call.message(*id) else { continue };
            let key = (captured.message.status().map(|status| status.0), captured.message.to_tag());
            match firsts.get(&key) {
                Some(first) => copies.entry(*first).or_default().push(*id),
                None => drop(firsts.insert(key, *id)),
            }
        }
    }
    copies
}

fn mattering(call: &Call) -> BTreeSet<MessageId> {
    let in_transactions: BTreeSet<MessageId> = call.transactions.iter().flat_map(ids).collect();
    let mut matters: BTreeSet<MessageId> = call.transactions.iter().flat_map(|t| of_transaction(call, t)).collect();
    // What no transaction claims is odd enough to be shown, but for stray ACKs.
    matters.extend((0..call.messages.len()).map(MessageId).filter(|id| {
        let ack = call.message(*id).is_some_and(|m| m.message.method() == Some(&Method::Ack));
        !ack && !in_transactions.contains(id)
    }));
    matters
}

fn ids(transaction: &Transaction) -> impl Iterator<Item = MessageId> {
    let finals = transaction.finals.iter().flat_map(|f| std::iter::once(&f.message).chain(&f.retransmissions));
    transaction
        .request
        .iter()
        .chain(&transaction.retransmissions)
        .chain(&transaction.provisionals)
        .chain(&transaction.acks)
        .chain(finals)
        .copied()
}

/// The request, provisional responses that say more than 100, and final responses. Of requests inside a dialog that went
/// well only BYE, REFER, and the NOTIFY that tells how that ended; of these and of CANCEL only the request.
fn of_transaction(call: &Call, transaction: &Transaction) -> Vec<MessageId> {
    let failed = transaction.finals.iter().any(|f| !f.status.is_success());
    let aside =
        matches!(transaction.method, Method::Ack | Method::Prack | Method::Update | Method::Info | Method::Notify);
    let tells_the_end = |id| call.message(id).is_some_and(|m| reported_final(&m.message).is_some());
    let is_of_transfer = match transaction.method {
        Method::Refer => transaction.in_dialog,
        Method::Notify => transaction.request.is_some_and(tells_the_end),
        _ => false,
    };
    if !failed && !is_of_transfer && (aside || (transaction.in_dialog && transaction.method != Method::Bye)) {
        return Vec::new();
    }
    let mut ids: Vec<_> = transaction.request.into_iter().collect();
    let says_more =
        |id: &&MessageId| call.message(**id).and_then(|m| m.message.status()).is_some_and(|status| status.0 != 100);
    ids.extend(transaction.provisionals.iter().filter(says_more));
    let ends = is_of_transfer || matches!(transaction.method, Method::Cancel | Method::Bye);
    if failed || !ends {
        ids.extend(transaction.finals.iter().map(|f| f.message));
    }
    ids
}

#[cfg(test)]
mod tests {
    use crate::report::sample;

    #[test]
    fn retransmissions_are_folded_and_acks_left_out() {
        let report = &sample::calls()[1];
        let (rows, left_out) = super::rows(&report.call, &report.findings);
        let lines: Vec<_> = rows.iter().map(|r| (r.frame.number.0, r.what.to_string(), r.times)).collect();
        let lines: Vec<_> = lines.iter().map(|(frame, what, times)| (*frame, what.as_str(), *times)).collect();
        assert_eq!(
            lines,
            [
                (11, "INVITE sip:+12155550100@pbx.corp.example", 1),
                (12, "301 Moved Permanently", 1),
                (14, "INVITE sip:1001@10.20.30.40:5060", 7),
                (21, "ICMP host unreachable (10.20.30.40:5060)", 1),
            ]
        );
        assert_eq!((rows[2].span.as_millis(), left_out), (31_500, 1));
    }
}
