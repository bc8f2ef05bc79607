//! Final responses to INVITE that their server sent again and again because no ACK of them came.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::{Context, Evidence, Text};
use crate::call::{
    COPIES_IN_VAIN as COPIES, Call, CapturedMessage, FinalResponse, MessageId, Transaction, TransactionId,
};
use crate::lang::span;
use crate::provenance::Timestamp;
use crate::sip::{Message, Method};
use crate::transaction::is_unique;

/// Copies that are quoted; more say nothing new.
const QUOTED: usize = 2;

/// Whether a final response of a transaction was repeated in vain. An ACK of a failure on another branch than that of the INVITE is
/// none to its server (RFC 3261 §17.1.1.3, §17.2.3).
pub(super) fn is_in_vain(call: &Call, transaction: &Transaction, response: &FinalResponse) -> bool {
    transaction.method == Method::Invite
        && call.timed_repeats(response.message, &response.retransmissions).count() >= COPIES
        && (!response.acknowledged || ack_on_another_branch(call, transaction, response).is_some())
}

/// Whether a 2xx was repeated often enough although an ACK of it was captured. It may have come late, which times tell.
pub(super) fn is_in_spite_of_ack(call: &Call, transaction: &Transaction, response: &FinalResponse) -> bool {
    response.retransmissions.len() >= COPIES
        && response.acknowledged
        && response.status.is_success()
        && transaction.method == Method::Invite
        && call.timed_repeats(response.message, &response.retransmissions).count() >= COPIES
}

/// The first ACK of a failure, where none is on the branch of the INVITE. Branches without the cookie of RFC 3261 tell nothing.
fn ack_on_another_branch<'a>(
    call: &'a Call,
    transaction: &Transaction,
    response: &FinalResponse,
) -> Option<&'a CapturedMessage> {
    let branch = call.message(response.message)?.message.branch().filter(|branch| is_unique(branch))?;
    let acks = || transaction.acks.iter().filter_map(|id| call.message(*id));
    let is_other = |ack: &CapturedMessage| ack.message.branch().is_some_and(|b| is_unique(b) && b != branch);
    acks().next().filter(|_| !response.status.is_success() && acks().all(is_other))
}

/// A response that was repeated in vain.
#[derive(Debug)]
pub(super) struct Repeated<'a> {
    pub(super) call: &'a Call,
    pub(super) id: TransactionId,
    pub(super) transaction: &'a Transaction,
    /// The first copy.
    pub(super) first: &'a CapturedMessage,
    /// How often it was sent again.
    again: usize,
    /// Those copies that a timer sent.
    copies: Vec<&'a CapturedMessage>,
    /// The ACK that its server does not recognise by its branch.
    astray: Option<&'a CapturedMessage>,
}

impl<'a> Repeated<'a> {
    /// The responses of a kind that were repeated in vain.
    pub(super) fn all(call: &'a Call, kind: fn(&FinalResponse) -> bool) -> Vec<Self> {
        Self::those(call, |transaction, response| kind(response) && is_in_vain(call, transaction, response))
    }

    /// The 2xx responses that were repeated although an ACK of them was captured.
    pub(super) fn in_spite_of_ack(call: &'a Call) -> Vec<Self> {
        Self::those(call, |transaction, response| is_in_spite_of_ack(call, transaction, response))
    }

    /// None where the clock was set back, as times then tell nothing.
    fn those(call: &'a Call, wanted: impl Fn(&Transaction, &FinalResponse) -> bool) -> Vec<Self> {
        if call.clock_was_set_back() {
            return Vec::new();
        }
        let all = call.transactions.iter().enumerate().flat_map(|(at, t)| t.finals.iter().map(move |f| (at, t, f)));
        let wanted = all.filter(|(_, t, f)| wanted(t, f));
        wanted.filter_map(|(at, t, f)| Self::of(call, TransactionId(at), t, f)).collect()
    }

    fn of(call: &'a Call, id: TransactionId, transaction: &'a Transaction, response: &FinalResponse) -> Option<Self> {
        let first = call.message(response.message)?;
        // What was captured between other hosts is no repetition, but the same response on another hop.
        let hop = |m: &CapturedMessage| (m.provenance.flow.source.address, m.provenance.flow.destination.address);
        let on_hop = |id: &MessageId| call.message(*id).is_some_and(|copy| hop(copy) == hop(first));
        let again: Vec<_> = response.retransmissions.iter().copied().filter(on_hop).collect();
        let copies: Vec<_> = call.timed_repeats(response.message, &again).collect();
        let astray = ack_on_another_branch(call, transaction, response);
        (copies.len() >= COPIES).then_some(Self { call, id, transaction, first, again: again.len(), copies, astray })
    }

    /// How often it was sent.
    pub(super) fn count(&self) -> usize {
        self.again + 1
    }

    /// The copies that a timer sent.
    pub(super) fn copies(&self) -> &[&'a CapturedMessage] {
        &self.copies
    }

    /// When the last copy came.
    pub(super) fn last(&self) -> Timestamp {
        self.copies.iter().map(|m| m.provenance.time).max().unwrap_or(self.first.provenance.time)
    }

    /// Time from the first to the last copy.
    pub(super) fn took(&self) -> Duration {
        self.last().since(self.first.provenance.time)
    }

    /// Whether it was repeated for as long as the standard asks for, 64 times T1 but for the last pause (T2): a server that is content
    /// with an ACK that the capture does not show stops before.
    pub(super) fn to_the_end(&self, cx: &Context<'_>) -> bool {
        self.took() >= cx.settings.t1 * 56
    }

    /// When the next copy would be there at the latest: pauses double up to T2 (RFC 3261 §13.3.1.4, §17.2.1).
    pub(super) fn next_due(&self, cx: &Context<'_>) -> Timestamp {
        let before = self.copies.iter().rev().nth(1).map_or(self.first.provenance.time, |m| m.provenance.time);
        let t1 = cx.settings.t1;
        self.last().plus((self.last().since(before) * 2).clamp(t1, t1 * 8) + t1)
    }

    /// Why an ACK may have come all the same. Who repeats a response to the end had none, so that lost packets do not count then.
    pub(super) fn doubt(&self, cx: &Context<'_>, within: Duration) -> Option<Text> {
        let server = self.first.provenance.flow.source.address;
        if self.to_the_end(cx) && cx.hosts.receives(server) {
            return None;
        }
        cx.doubt(server, self.first.provenance.time, within)
    }

    /// An ACK of the same client that came meanwhile and would belong to the response, but for its branch, To tag or CSeq number.
    pub(super) fn stray_ack(&self, cx: &Context<'_>) -> Option<&'a CapturedMessage> {
        let meanwhile = self.first.provenance.time..self.next_due(cx);
        self.astray.filter(|ack| meanwhile.contains(&ack.provenance.time)).or_else(|| self.mistaken_ack(&meanwhile))
    }

    fn mistaken_ack(&self, meanwhile: &Range<Timestamp>) -> Option<&'a CapturedMessage> {
        self.call.messages.iter().find(|m| {
            m.leg == self.first.leg
                && m.message.is_request()
                && m.message.method() == Some(&Method::Ack)
                && meanwhile.contains(&m.provenance.time)
                && m.message.from_tag() == self.first.message.from_tag()
                && self.is_meant(m)
        })
    }

    /// Whether an ACK of it was captured that is on another branch.
    pub(super) fn is_answered_astray(&self) -> bool {
        self.astray.is_some()
    }

    /// Whether an ACK fits no INVITE of the call and shares To tag or CSeq number with the response.
    fn is_meant(&self, ack: &CapturedMessage) -> bool {
        let number = |m: &CapturedMessage| m.message.cseq().map(|c| c.number);
        let invites = self.call.transactions.iter().filter(|t| t.leg == ack.leg && t.method == Method::Invite);
        let mut known = invites.flat_map(|t| t.request.into_iter().chain(t.finals.iter().map(|f| f.message)));
        if number(ack) != number(self.first) {
            let same_tag = ack.message.to_tag() == self.first.message.to_tag();
            return same_tag && !known.any(|id| self.call.message(id).and_then(number) == number(ack));
        }
        !known.any(|id| self.call.message(id).is_some_and(|m| m.message.to_tag() == ack.message.to_tag()))
            || ack.message.to_tag().is_none()
    }

    /// That an ACK came which does not match the response, and in what.
    pub(super) fn mismatch_text(&self, ack: &CapturedMessage) -> Text {
        Text::new("An ACK came that does not match: {mismatch}.").with("mismatch", self.mismatch(ack))
    }

    fn mismatch(&self, ack: &CapturedMessage) -> Text {
        let tag = |m: &CapturedMessage| String::from_utf8_lossy(m.message.to_tag().unwrap_or_default()).into_owned();
        let number = |m: &CapturedMessage| m.message.cseq().map_or(0, |c| c.number);
        if tag(ack) != tag(self.first) {
            return Text::new("its To tag is {tag}, not {expected}")
                .with("tag", quoted(&tag(ack)))
                .with("expected", quoted(&tag(self.first)));
        }
        if number(ack) == number(self.first) {
            let branch =
                |m: &CapturedMessage| String::from_utf8_lossy(m.message.branch().unwrap_or_default()).into_owned();
            return Text::new("its branch is {branch}, not {expected}")
                .with("branch", quoted(&branch(ack)))
                .with("expected", quoted(&branch(self.first)));
        }
        Text::new("its CSeq number is {number}, not {expected}")
            .with("number", number(ack))
            .with("expected", number(self.first))
    }

    /// The copies that are worth quoting: the second one and the last.
    pub(super) fn quoted_copies(&self) -> impl Iterator<Item = Evidence> {
        let last = self.copies.len().saturating_sub(1);
        let kept = self.copies.iter().enumerate().filter(move |(at, _)| *at == 0 || *at == last).take(QUOTED);
        let what = |at| if at == 0 { "the same response again" } else { "the last copy of the response" };
        kept.map(move |(at, m)| Evidence::of(m, what(at)))
    }

    /// The BYEs of the dialog that it began, since then.
    pub(super) fn byes(&self) -> Vec<&'a CapturedMessage> {
        let answer = &self.first.message;
        let tags = [answer.to_tag(), answer.from_tag()];
        let inside = |m: &&CapturedMessage| {
            m.leg == self.first.leg
                && m.message.is_request()
                && m.message.method() == Some(&Method::Bye)
                && m.provenance.time >= self.first.provenance.time
                && tags.contains(&m.message.to_tag())
                && tags.contains(&m.message.from_tag())
        };
        self.call.messages.iter().filter(inside).collect()
    }

    /// Whether who sent the response sent a BYE.
    pub(super) fn is_from_answerer(&self, bye: &CapturedMessage) -> bool {
        bye.message.from_tag() == self.first.message.to_tag()
    }

    /// Fills in what all sentences about it say.
    pub(super) fn fill(&self, text: Text) -> Text {
        text.with("server", self.first.provenance.flow.source)
            .with("status", self.first.message.status().map_or(0, |s| s.0))
            .with("count", self.count())
            .with("took", span(self.took()))
    }
}

/// A sentence, and the next one where there is a reason to tell.
pub(super) fn with_reason(what: Text, reason: Option<Text>) -> Text {
    match reason {
        Some(reason) => Text::new("{what} {reason}").with("what", what).with("reason", reason),
        None => what,
    }
}

/// The first of those that are one response between two hosts, captured before and behind a translation of addresses.
pub(super) fn once_a_response(all: Vec<Repeated<'_>>) -> Vec<Repeated<'_>> {
    let mut seen = BTreeSet::new();
    let mut once = all;
    once.retain(|repeated| {
        let message = &repeated.first.message;
        let branch = message.branch().map(<[u8]>::to_vec);
        branch.is_none() || seen.insert((repeated.first.leg, branch, message.cseq().map(|c| c.number), tag_of(message)))
    });
    once
}

fn tag_of(message: &Message) -> Option<Vec<u8>> {
    message.to_tag().map(<[u8]>::to_vec)
}

/// Of several hops on which one response was captured the one nearest its server.
pub(super) fn nearest_the_server(all: Vec<Repeated<'_>>) -> Vec<Repeated<'_>> {
    let mut by_dialog: BTreeMap<_, Repeated<'_>> = BTreeMap::new();
    for repeated in all {
        let message = &repeated.first.message;
        let dialog = (repeated.first.leg, message.cseq().map(|c| c.number), tag_of(message));
        let depth = |r: &Repeated<'_>| r.call.depth(r.id);
        match by_dialog.get(&dialog) {
            Some(known) if depth(known) >= depth(&repeated) => {}
            _ => {
                by_dialog.insert(dialog, repeated);
            }
        }
    }
    by_dialog.into_values().collect()
}

fn quoted(tag: &str) -> Text {
    if tag.is_empty() { Text::new("missing") } else { Text::verbatim(tag) }
}
