//! Both ends change a session at one time, and 491 tells them so.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;
use crate::provenance::Timestamp;
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "glare",
    summary: "491 to a re-INVITE or UPDATE: both sides changed the session at one time.",
    severity: Severity::Notice,
    references: &["RFC 3261 §14.1", "RFC 3261 §14.2", "RFC 3311 §5.2"],
    explanation: Explanation {
        what_it_means: "Of a session only one change can be under way at a time. Whoever gets a re-INVITE or UPDATE while one of its own is open \
            refuses it with 491, and the two sides try again after waiting times that keep them apart: 2.1 to 4 seconds for the side that chose \
            the Call-ID, 0 to 2 seconds for the other. The finding says which requests crossed, whether the next attempt was accepted, and \
            whether one came too early.",
        why_it_matters: "Once is normal, and heals itself. Where a side does not wait, or both wait alike, they collide again and again: hold, \
            transfer, fax or the refresh of the session fail, and media may stay in one direction.",
        likely_causes: "- Both ends react to the same event, such as a transfer, a fax tone, or the answer itself.\n\
            - A client that tries again at once, or after a fixed time.\n\
            - A back-to-back user agent that answers for a change on its other side.\n\
            - A client that sends a re-INVITE before the ACK of the one before, or while its own is open.",
        how_to_fix: "- Let each side wait as RFC 3261 §14.1 says, by a new random time after each 491.\n\
            - Let only one of the two ends begin the change, where both react to one event.",
        how_to_confirm: "Repeat what both ends reacted to: after at most one 491 each change is accepted.",
        when_this_is_wrong: "- A single 491 after which the next attempt is accepted needs no repair; the finding only informs.\n\
            - What the other side had under way may be on a leg that the capture does not show.",
    },
    detect: Detect::of_refusals(detect),
};

/// The least time that the side waits which chose the Call-ID, in units of 10 ms, and the most that either waits (RFC 3261 §14.1).
const OWNER_LEAST: Duration = Duration::from_millis(2100);
const OWNER_MOST: Duration = Duration::from_secs(4);
const OTHER_MOST: Duration = Duration::from_secs(2);
/// What clocks and the way may take away.
const TOLERANCE: Duration = Duration::from_millis(100);
/// Refusals that are quoted.
const QUOTED: usize = 4;

/// Whether this rule tells what there is to tell of the failure of a request.
pub(super) fn tells(transaction: &Transaction, status: u16) -> bool {
    status == 491 && transaction.in_dialog && is_change(transaction)
}

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let refused: Vec<_> = Refused::all(call, 491).into_iter().filter(|r| tells(r.transaction, 491)).collect();
    let mut told = Vec::new();
    for first in &refused {
        if !told.contains(&first.transaction.leg) {
            told.push(first.transaction.leg);
            let all: Vec<_> = refused.iter().copied().filter(|r| r.transaction.leg == first.transaction.leg).collect();
            out.push(Glare::of(*first, &all, cx).finding(&all));
        }
    }
}

fn is_change(transaction: &Transaction) -> bool {
    matches!(transaction.method, Method::Invite | Method::Update)
}

/// What the server had under way when it refused.
#[derive(Debug)]
enum Pending<'a> {
    /// A change of its own.
    Crossed(&'a Transaction),
    /// The INVITE by which it began the dialog.
    Beginning(&'a Transaction),
    /// An earlier one of the client itself.
    Own(&'a Transaction),
    /// Its answer to an earlier one waited for its ACK.
    NotAcknowledged(&'a Transaction),
    /// Nothing that the capture shows.
    Unseen,
}

/// How it went on for a side.
#[derive(Debug)]
enum Next {
    /// A later attempt was accepted, so long after the refusal.
    Accepted(Duration),
    /// No attempt came, though there was the time.
    None,
    Unknown,
}

/// An attempt that came too early or too late after a refusal.
#[derive(Debug)]
struct Untimely<'a> {
    request: &'a CapturedMessage,
    delay: Duration,
    is_owner: bool,
}

#[derive(Debug)]
struct Glare<'a> {
    first: Refused<'a>,
    pending: Pending<'a>,
    next: Next,
    untimely: Option<Untimely<'a>>,
    /// Refusals of requests of one side.
    most: usize,
}

impl<'a> Glare<'a> {
    fn of(first: Refused<'a>, all: &[Refused<'a>], cx: &Context<'_>) -> Self {
        let of_client = |r: &Refused<'_>| {
            all.iter().filter(|other| other.transaction.client.address == r.transaction.client.address).count()
        };
        let most = all.iter().map(of_client).max().unwrap_or_default();
        let dialogs = Dialog::all(first.call, first.transaction.leg);
        let untimely = all.iter().find_map(|refused| untimely(refused, all, &dialogs));
        let last = all.iter().rev().find(|r| r.transaction.client.address == first.transaction.client.address);
        Self { first, pending: pending(&first), next: next(last.unwrap_or(&first), cx), untimely, most }
    }

    fn finding(&self, all: &[Refused<'a>]) -> Finding {
        let severity = match (&self.next, &self.untimely) {
            _ if self.most > 1 => Severity::Warning,
            (Next::Accepted(_), None) => Severity::Info,
            _ => Severity::Notice,
        };
        let what = || Text::new("{status} response").with("status", 491);
        let mut finding =
            Finding::new(&RULE, Certainty::Certain, self.message(all), Evidence::of(self.first.response, what()))
                .severity(severity)
                .evidence(self.first.request().map(|m| Evidence::of(m, "the request")))
                .evidence(self.pending_evidence())
                .evidence(all.iter().skip(1).take(QUOTED).map(|r| Evidence::of(r.response, what())))
                .evidence(self.untimely.as_ref().map(|u| Evidence::of(u.request, "the next attempt")));
        if severity == Severity::Info {
            return finding;
        }
        if let Pending::Own(_) | Pending::NotAcknowledged(_) = self.pending {
            finding = finding
                .fix("Let the client wait with the next change until the one before was answered, and its answer acknowledged.")
                .actor(Actor::at(self.first.transaction.client, "the operator of the element that sent the request"));
        } else if let Some(untimely) = &self.untimely {
            finding = finding
                .fix("Let the client wait a random time after 491: 2.1 to 4 seconds where it chose the Call-ID, 0 to 2 seconds where not (RFC 3261 §14.1).")
                .actor(Actor::sender(untimely.request, "the vendor of the client that does not back off"));
        } else if self.most > 1 {
            finding = finding.fix("Compare the waiting times of both sides with RFC 3261 §14.1; where both react to one event, let only one of them begin the change.");
        }
        if matches!(self.next, Next::None) {
            finding = finding.fix("See why the client did not try again: what the request was for did not happen.");
        }
        finding.verify("The repeated request is accepted.")
    }

    fn pending_evidence(&self) -> Option<Evidence> {
        let (transaction, what) = match self.pending {
            Pending::Crossed(other) => (other, "the change of the other side that was under way"),
            Pending::Beginning(other) => (other, "the INVITE of the other side, not answered yet"),
            Pending::Own(other) => (other, "its own change that was under way"),
            Pending::NotAcknowledged(other) => (other, "the change before it, whose answer was not acknowledged yet"),
            Pending::Unseen => return None,
        };
        Some(Evidence::of(self.first.call.message(transaction.request?)?, what))
    }

    fn message(&self, all: &[Refused<'a>]) -> Text {
        let meaning = match self.pending {
            Pending::Crossed(other) => Text::new(
                "Both sides changed the session at one time: the request crossed {method} of the other side.",
            )
            .with("method", &other.method),
            Pending::Beginning(_) => Text::new(
                "The INVITE of the other side, which began the dialog, was not answered yet: while an offer of its own is open it takes no other \
                 (RFC 3311 §5.2).",
            ),
            Pending::Own(other) => Text::new(
                "The client itself had a change of the session under way: its {method} before was not answered yet (RFC 3261 §14.1).",
            )
            .with("method", &other.method),
            Pending::NotAcknowledged(_) => {
                Text::new("The answer to the INVITE before had not been acknowledged yet: until then no other change may begin.")
            }
            Pending::Unseen => Text::new(
                "It says that another change of the session was under way; none of the other side is in this capture.",
            ),
        };
        let count =
            (all.len() > 1).then(|| Text::new("In all {n} requests got 491 in this dialog.").with("n", all.len()));
        let next = match self.next {
            Next::Accepted(after) => {
                Some(Text::new("The next attempt was accepted, {after} after the refusal.").with("after", span(after)))
            }
            Next::None => Some(Text::new("It was not tried again.")),
            Next::Unknown => None,
        };
        let untimely = self.untimely.as_ref().map(|u| {
            Text::new(if u.is_owner {
                "{client}, which chose the Call-ID, tried again after {delay}: it has to wait 2.1 to 4 seconds."
            } else {
                "{client}, which did not choose the Call-ID, tried again after {delay}: it has to wait no more than 2 seconds."
            })
            .with("client", u.request.provenance.flow.source)
            .with("delay", span(u.delay))
        });
        let meaning = [count, untimely, next].into_iter().fold(meaning, with_reason);
        self.first.text(meaning)
    }
}

/// What was under way at the server when it refused.
fn pending<'a>(refused: &Refused<'a>) -> Pending<'a> {
    let call = refused.call;
    let this = refused.deepest;
    let at = refused.response.provenance.time;
    let over = |t: &Transaction| t.finals.iter().filter_map(|f| call.time(f.message)).min();
    let others = || {
        let all = call.transactions.iter().filter(|t| t.leg == this.leg && is_change(t) && !std::ptr::eq(*t, this));
        all.filter(|t| t.request.is_some())
    };
    let is_open = |t: &&Transaction| t.start <= at && over(t).is_none_or(|end| end >= this.start);
    let from_server = |t: &&Transaction| t.client.address == this.server.address;
    if let Some(other) = others().filter(from_server).find(is_open) {
        return if other.in_dialog { Pending::Crossed(other) } else { Pending::Beginning(other) };
    }
    let from_client =
        |t: &&Transaction| t.client.address == this.client.address && t.server.address == this.server.address;
    let before = || others().filter(from_client).filter(|t| t.start < this.start);
    // UPDATE is there to change what the INVITE began before that is answered (RFC 3311 §1).
    let forbids = |t: &&Transaction| t.in_dialog || this.method == Method::Invite;
    if let Some(own) = before().filter(forbids).find(|t| over(t).is_none_or(|end| end > at)) {
        return Pending::Own(own);
    }
    let waits = |t: &&Transaction| {
        let answered = t.finals.iter().find(|f| f.status.is_success()).and_then(|f| call.time(f.message));
        let acked = t.acks.iter().filter_map(|id| call.time(*id)).min();
        t.method == Method::Invite && answered.is_some_and(|end| end <= at) && acked.is_some_and(|ack| ack > at)
    };
    before().find(waits).map_or(Pending::Unseen, Pending::NotAcknowledged)
}

/// The attempts of the same side after a refusal.
fn attempts<'a>(refused: &Refused<'a>) -> impl Iterator<Item = &'a Transaction> {
    let (this, at) = (refused.transaction, refused.response.provenance.time);
    let all = refused.call.transactions.iter();
    all.filter(move |t| t.leg == this.leg && is_change(t) && t.client.address == this.client.address && t.start >= at)
}

fn next(refused: &Refused<'_>, cx: &Context<'_>) -> Next {
    let at = refused.response.provenance.time;
    let accepted = |t: &&Transaction| t.finals.iter().any(|f| f.status.is_success());
    if let Some(accepted) = attempts(refused).find(accepted) {
        return Next::Accepted(accepted.start.since(at));
    }
    let ends: Option<Timestamp> =
        refused.call.transactions.iter().filter(|t| t.method == Method::Bye).map(|t| t.start).min();
    let had_time = ends.unwrap_or(refused.call.observed_until).since(at) >= OWNER_MOST * 2;
    let server = refused.transaction.server.address;
    let is_proven = cx.absence_is_proven(server, at, OWNER_MOST * 2);
    if had_time && is_proven && attempts(refused).next().is_none() { Next::None } else { Next::Unknown }
}

/// The next attempt after a refusal, where it did not keep to the waiting time. Who is too late collides only with who waits as long, so
/// that it counts only where another refusal followed.
fn untimely<'a>(refused: &Refused<'a>, all: &[Refused<'a>], dialogs: &[Dialog<'a>]) -> Option<Untimely<'a>> {
    let sent = refused.sent()?;
    let dialog = dialogs.iter().find(|dialog| dialog.holds(&sent.message))?;
    let is_owner = dialog.is_from_caller(&sent.message);
    let next = attempts(refused).next()?;
    let request = refused.call.message(next.request?)?;
    let delay = request.provenance.time.since(refused.response.provenance.time);
    let is_refused = all.iter().any(|other| std::ptr::eq(other.transaction, next));
    let is_untimely =
        if is_owner { delay + TOLERANCE < OWNER_LEAST } else { is_refused && delay > OTHER_MOST + TOLERANCE };
    is_untimely.then_some(Untimely { request, delay, is_owner })
}

#[cfg(test)]
mod tests;
