//! An answer that lists other codecs than its offer.

use std::sync::LazyLock;
use std::time::Duration;

use memchr::memmem::Finder;

use super::RULE;
use super::offer::{Mismatch, disjoint};
use crate::call::{Call, CapturedMessage, Outcome, Transaction};
use crate::diagnosis::rules::what_was_refused;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Severity, Text};
use crate::lang::span;
use crate::provenance::Timestamp;
use crate::sip::{Method, Sdp};

/// Who hears nothing hangs up before.
const BRIEF: Duration = Duration::from_secs(30);
/// Whoever hangs up sooner does so for the answer.
const AT_ONCE: Duration = Duration::from_secs(2);

static AUDIO: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("m=audio"));

/// Whether the first answer begins with a codec number that its offer has not, in a call that was over soon.
pub(in crate::diagnosis) fn answers_otherwise(call: &Call) -> bool {
    if call.outcome != Outcome::Answered || !call.is_invite() || call.end.since(call.start) >= BRIEF {
        return false;
    }
    let Some((_, request, response)) = answer(call) else { return false };
    let (offered, accepted) = (numbers(request.message.body()), numbers(response.message.body()));
    let Some(first) = words(accepted).next() else { return false };
    // As a rule the answer takes the first one of the offer.
    if words(offered).next() == Some(first) {
        return false;
    }
    let mut offered = words(offered).peekable();
    offered.peek().is_some() && offered.all(|number| number != first)
}

/// The first INVITE that was accepted, where the capture shows who accepted it, with its answer.
fn answer(call: &Call) -> Option<(&Transaction, &CapturedMessage, &CapturedMessage)> {
    let success = |t: &Transaction| t.finals.iter().find(|last| last.status.is_success()).map(|last| last.message);
    let accepted = call.transactions.iter().filter(|t| t.method == Method::Invite && !t.in_dialog);
    let mut accepted = accepted.filter(|t| t.downstream.is_empty());
    let (transaction, success) = accepted.find_map(|t| Some((t, success(t)?)))?;
    Some((transaction, call.message(transaction.request?)?, call.message(success)?))
}

/// The codec numbers of the first section of audio, with blanks between them.
fn numbers(body: &[u8]) -> &[u8] {
    let from = AUDIO.find(body).and_then(|at| body.get(at + AUDIO.needle().len()..)).unwrap_or_default();
    let end = from.iter().position(|octet| *octet < b' ').unwrap_or(from.len());
    let line = from.get(..end).unwrap_or_default();
    // Port and protocol stand in front of them, each behind a blank.
    let mut blanks = line.iter().enumerate().filter(|(_, octet)| **octet == b' ');
    blanks.nth(2).and_then(|(at, _)| line.get(at..)).unwrap_or_default()
}

/// The words of such a list.
fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|octet| *octet == b' ').filter(|word| !word.is_empty())
}

/// What is said of such an answer.
pub(super) fn finding(call: &Call) -> Option<Finding> {
    let (transaction, request, response) = answer(call).filter(|_| answers_otherwise(call))?;
    if request.message.is_cut() || response.message.is_cut() {
        return None;
    }
    let offer = request.message.sdp()?;
    let mut own: Sdp = response.message.sdp()?;
    // What is refused with port 0 names no codec.
    own.media.retain(|media| media.port != Some(0));
    let Mismatch::Lists { kind, offered, accepted } = disjoint(&offer, &own)? else { return None };
    let ended = hung_up(call, transaction, response.provenance.time);
    let text = Text::new(if ended.is_some() {
        "{server} answered INVITE with {status}, and its answer lists codecs for {kind} that were not offered: {accepted}, where the offer has {offered}. \
         Nothing is agreed on then (RFC 3264 §6.1), and the client hung up {after} later."
    } else {
        "{server} answered INVITE with {status}, and its answer lists codecs for {kind} that were not offered: {accepted}, where the offer has {offered}. \
         Nothing is agreed on then (RFC 3264 §6.1): the two sides may not hear each other."
    });
    let text = text
        .with("server", element(response))
        .with("status", response.message.status()?)
        .with("kind", kind)
        .with("accepted", accepted.join(", "))
        .with("offered", offered.join(", "));
    let text = ended.into_iter().fold(text, |text, after| text.with("after", span(after)));
    let severity = if ended.is_some() { Severity::Error } else { Severity::Warning };
    let primary = Evidence::at(&response.provenance, "what the answer lists", accepted.join(" "));
    Some(
        Finding::new(&RULE, Certainty::Certain, text, primary)
            .severity(severity)
            .evidence(what_was_refused(request, 488))
            .actor(Actor::sender(response, "operator of the element that answered"))
            .fix(
                Text::new("Let {server} answer with codecs of the offer alone, or refuse the call with 488.")
                    .with("server", response.provenance.flow.source),
            )
            .fix("Look at the codec filter and the transcoding of every element between the two: one may change offers and leave answers as they are, or the other way round.")
            .verify("The 200 carries an SDP answer with a codec from the offer."),
    )
}

/// How soon after the answer the client ended the call, where that was for the answer.
fn hung_up(call: &Call, invite: &Transaction, answered: Timestamp) -> Option<Duration> {
    let own = |t: &&Transaction| t.method == Method::Bye && t.client.address == invite.client.address;
    let bye = call.transactions.iter().filter(own).map(|t| t.start).min()?;
    Some(bye.since(answered)).filter(|after| *after <= AT_ONCE)
}
