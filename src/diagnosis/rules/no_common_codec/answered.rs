//! An answer that lists other codecs than its offer, or does not answer each medium of it.

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

mod sections;

/// Who hears nothing hangs up before.
const BRIEF: Duration = Duration::from_secs(30);
/// Whoever hangs up sooner does so for the answer.
const AT_ONCE: Duration = Duration::from_secs(2);

static AUDIO: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("m=audio"));

/// Whether the first answer begins with a codec number that its offer has not, or has another number of media sections, in a call that was
/// over soon.
pub(in crate::diagnosis) fn answers_otherwise(call: &Call) -> bool {
    if call.outcome != Outcome::Answered || !call.is_invite() || call.end.since(call.start) >= BRIEF {
        return false;
    }
    let Some((_, request, response)) = answer(call) else { return false };
    let [offer, own] = [request, response].map(|captured| audio(captured.message.body()));
    // As a rule there is none behind that of audio.
    if sections::has_one(offer) && sections::differ(request, response) {
        return true;
    }
    // As a rule the answer takes the first one of the offer.
    let first = begin(offer);
    if !first.is_empty() && first == begin(own) {
        return false;
    }
    let (mut offered, mut accepted) = (numbers(offer).peekable(), numbers(own));
    accepted.next().is_some_and(|first| offered.peek().is_some() && offered.all(|number| number != first))
}

/// The first INVITE that was accepted, where the capture shows who accepted it, with its answer.
fn answer(call: &Call) -> Option<(&Transaction, &CapturedMessage, &CapturedMessage)> {
    let success = |t: &Transaction| t.finals.iter().find(|last| last.status.is_success()).map(|last| last.message);
    let accepted = call.transactions.iter().filter(|t| t.method == Method::Invite && !t.in_dialog);
    let mut accepted = accepted.filter(|t| t.downstream.is_empty());
    let (transaction, success) = accepted.find_map(|t| Some((t, success(t)?)))?;
    Some((transaction, call.message(transaction.request?)?, call.message(success)?))
}

/// What stands behind the name of the first section of audio: port, protocol, codec numbers, and all other lines.
fn audio(body: &[u8]) -> &[u8] {
    AUDIO.find(body).and_then(|at| body.get(at + AUDIO.needle().len()..)).unwrap_or_default()
}

/// The codec numbers of such a section.
fn numbers(audio: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = audio.split(|octet| *octet < b' ').next().unwrap_or_default();
    line.split(|octet| *octet == b' ').filter(|word| !word.is_empty()).skip(2)
}

/// The first of them where single blanks stand in front of it, and more than the line where it has none: found at a glance.
fn begin(audio: &[u8]) -> &[u8] {
    let mut blanks = 0;
    let is_third = |octet: &u8| {
        blanks += u8::from(*octet == b' ');
        blanks == 3
    };
    let number = audio.iter().position(is_third).and_then(|at| audio.get(at + 1..)).unwrap_or_default();
    let end = number.iter().position(|octet| *octet <= b' ').unwrap_or(number.len());
    number.get(..end).unwrap_or_default()
}

/// What is said of such an answer.
pub(super) fn finding(call: &Call) -> Option<Finding> {
    let (transaction, request, response) = answer(call).filter(|_| answers_otherwise(call))?;
    if request.message.is_cut() || response.message.is_cut() {
        return None;
    }
    let ended = hung_up(call, transaction, response.provenance.time);
    other_codecs(request, response, ended).or_else(|| sections::finding(request, response, ended))
}

/// The same of one that lists other codecs.
fn other_codecs(request: &CapturedMessage, response: &CapturedMessage, ended: Option<Duration>) -> Option<Finding> {
    let offer = request.message.sdp()?;
    let mut own: Sdp = response.message.sdp()?;
    // What is refused with port 0 names no codec.
    own.media.retain(|media| media.port != Some(0));
    let Mismatch::Lists { kind, offered, accepted } = disjoint(&offer, &own)? else { return None };
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
