//! An answer with another number of media sections than its offer: which of them belong together is their order (RFC 3264 §6).

use std::sync::LazyLock;
use std::time::Duration;

use memchr::memmem::Finder;

use super::super::RULE;
use crate::call::CapturedMessage;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Severity, Text};
use crate::lang::span;
use crate::sip::Sdp;

/// Whether the bodies of the two differ in the number of their media sections, as far as a glance tells.
pub(super) fn differ(offer: &CapturedMessage, answer: &CapturedMessage) -> bool {
    let [offered, answered] = [offer, answer].map(|captured| count(captured.message.body()));
    offered != answered && offered > 0 && answered > 0
}

static SECTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\nm="));

/// Whether a section begins in a part of a description.
pub(super) fn has_one(part: &[u8]) -> bool {
    SECTION.find(part).is_some()
}

/// How many lines begin a section; the first line of a description begins none.
fn count(body: &[u8]) -> usize {
    SECTION.find_iter(body).count()
}

/// What is said of such an answer; `ended`: how soon the client hung up for it.
pub(super) fn finding(offer: &CapturedMessage, answer: &CapturedMessage, ended: Option<Duration>) -> Option<Finding> {
    let (offered, answered) = (offer.message.sdp()?, answer.message.sdp()?);
    // Lines that are none of a section, or are more than are read, leave open how many there are.
    let is_read = |captured: &CapturedMessage, sdp: &Sdp| sdp.media.len() == count(captured.message.body());
    if !differ(offer, answer) || !is_read(offer, &offered) || !is_read(answer, &answered) {
        return None;
    }
    let text = Text::new(if ended.is_some() {
        "{server} answered INVITE with {status}, and its answer has {answered} media sections (m=) where the offer has {offered}. Each section of an \
         offer needs its own in the answer, at the same place, with port 0 if it is not wanted (RFC 3264 §6); the client hung up {after} later."
    } else {
        "{server} answered INVITE with {status}, and its answer has {answered} media sections (m=) where the offer has {offered}. Each section of an \
         offer needs its own in the answer, at the same place, with port 0 if it is not wanted (RFC 3264 §6). Many clients take it all the same."
    });
    let text = text
        .with("server", element(answer))
        .with("status", answer.message.status()?)
        .with("answered", answered.media.len())
        .with("offered", offered.media.len());
    let text = ended.into_iter().fold(text, |text, after| text.with("after", span(after)));
    let (severity, certainty) =
        if ended.is_some() { (Severity::Warning, Certainty::Strong) } else { (Severity::Notice, Certainty::Certain) };
    Some(
        Finding::new(&RULE, certainty, text, cited(answer, &answered, "the sections of the answer"))
            .severity(severity)
            .evidence([cited(offer, &offered, "the sections of the offer")])
            .actor(Actor::sender(answer, "operator of the element that answered"))
            .fix(
                Text::new("Let {server} answer each section of the offer, those that it does not want with port 0.")
                    .with("server", answer.provenance.flow.source),
            )
            .fix("Look at every element between the two that changes session descriptions: one may take sections out of offers, and not put them back into answers.")
            .verify("The answer has as many m= lines as the offer, in the same order."),
    )
}

fn cited(captured: &CapturedMessage, sdp: &Sdp, what: &'static str) -> Evidence {
    let lines: Vec<_> = sdp.media.iter().map(|media| [&*media.kind, " ", &*media.protocol].concat()).collect();
    Evidence::at(&captured.provenance, what, lines.join(", "))
}
