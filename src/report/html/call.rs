//! A call with everything needed to act on it.

use maud::{Markup, html};

use super::findings::chip;
use super::{ladder, left_out, overview, passport, redirects};
use crate::call::Call;
use crate::diagnosis::{CallReport, Evidence, Finding, Severity};
use crate::lang::{Text, span};
use crate::provenance::Timestamp;
use crate::report::text::View;
use crate::report::{facts, phrases};

/// Characters of an evidence text, pieces of evidence, other findings, Call-IDs, and final responses that are shown.
const QUOTED: usize = 800;
const EVIDENCE: usize = 10;
const OTHERS: usize = 12;
const CALL_IDS: usize = 4;
const FINALS: usize = 12;

/// Everything about one call. `lead` is the finding that comes first.
pub(super) fn write(view: &View, report: &CallReport, lead: Option<&Finding>) -> Markup {
    let start = report.call.start;
    let others: Vec<_> = report.findings.iter().filter(|f| !lead.is_some_and(|l| std::ptr::eq(l, *f))).collect();
    html! {
        @match lead {
            Some(lead) => (finding(view, lead, start)),
            None => p.says { (chip(view, Severity::Error)) " " (view.say(phrases::sentence(report, None))) },
        }
        (facts_of(view, report))
        (ladder::write(view, report))
        (redirects::write(view, &report.call))
        (redress(view, report))
        (passport::write(view, report))
        @for other in others.iter().take(OTHERS) { (folded(view, other, start)) }
        (left_out(view, others.len().saturating_sub(OTHERS) as u64, Text::new("{n} more findings")))
    }
}

fn facts_of(view: &View, report: &CallReport) -> Markup {
    let call = &report.call;
    let request = facts::opening(call).filter(|m| m.message.is_request()).map(|m| m.message.start_line().into_owned());
    let answers = facts::final_responses(call);
    html! {
        dl.facts {
            dt { (view.say("Begin")) } dd { (view.span(call.start, call.start)) }
            dt { (view.say("Outcome")) } dd { (view.say(outcome(call))) }
            @if let Some(request) = request { dt { (view.say("Request")) } dd { code { (phrases::shortened(&request, QUOTED)) } } }
            @if !answers.is_empty() {
                dt { (view.say("Final responses")) }
                dd {
                    @for (_, answer, captured) in answers.iter().take(FINALS) {
                        @let line = captured.message.start_line();
                        span.answer {
                            code { (phrases::shortened(line.trim_start_matches("SIP/2.0 "), QUOTED)) }
                            " " (view.say(from(view, answer.retransmissions.len(), captured)))
                        }
                    }
                    (left_out(view, answers.len().saturating_sub(FINALS) as u64, Text::new("{n} more final responses")))
                }
            }
            (call_ids(view, call))
            @if let Some(origin) = &report.origin { dt { (view.say("Signed")) } dd { (view.say(overview::signed(origin.signing))) } }
            @if !call.possible_legs.is_empty() {
                dt { (view.say("Perhaps")) }
                dd { (view.say(Text::new("another leg of it: {legs} (the evidence is ambiguous)").with(
                    "legs", phrases::numbers(&call.possible_legs, call.possible_legs.len() as u64)
                ))) }
            }
        }
    }
}

/// Where a final response came from, and how often.
fn from(view: &View, again: usize, captured: &crate::call::CapturedMessage) -> Text {
    let repeated = match again as u64 {
        0 => Text::default(),
        n => Text::count(n, ", sent again {n} time", ", sent again {n} times"),
    };
    let software = captured.message.software();
    let software = software.map(|name| Text::new(" ({software})").with("software", phrases::shortened(&name, QUOTED)));
    Text::new("from {host}{software}, frame {frame}{repeated}")
        .with("host", view.endpoint(captured.provenance.flow.source))
        .with("software", software.unwrap_or_default())
        .with("frame", view.frame_here(captured.provenance.frame))
        .with("repeated", repeated)
}

fn call_ids(view: &View, call: &Call) -> Markup {
    let ids: Vec<_> = call.legs.iter().filter_map(|leg| facts::lossy(leg.call_id.as_deref())).collect();
    html! {
        @if !ids.is_empty() {
            dt { "Call-ID" }
            dd {
                @for id in ids.iter().take(CALL_IDS) { code { (phrases::shortened(id, QUOTED)) } " " }
                (left_out(view, ids.len().saturating_sub(CALL_IDS) as u64, Text::new("and {n} more")))
            }
        }
    }
}

fn outcome(call: &Call) -> Text {
    let outcome = Text::new(call.outcome.name());
    let outcome = match call.outcome_detail {
        None => outcome,
        Some(detail) => {
            Text::new("{outcome} ({detail})").with("outcome", outcome).with("detail", Text::new(detail.name()))
        }
    };
    let outcome = match facts::duration(call) {
        Some(duration) => {
            Text::new("{outcome} after {duration}").with("outcome", outcome).with("duration", span(duration))
        }
        None => outcome,
    };
    match phrases::transfer(call) {
        Some(transfer) => Text::new("{outcome}; {transfer}").with("outcome", outcome).with("transfer", transfer),
        None => outcome,
    }
}

/// What a finding says, its evidence, who must act, what to change, how to verify.
pub(super) fn finding(view: &View, finding: &Finding, start: Timestamp) -> Markup {
    html! { p.says { (says(view, finding)) } (body(view, finding, start)) }
}

fn says(view: &View, finding: &Finding) -> Markup {
    html! {
        (chip(view, finding.severity)) " " (view.say(&finding.message)) " "
        span.tags { code { (finding.code) } ", " (view.say(finding.certainty.name())) }
    }
}

fn body(view: &View, finding: &Finding, start: Timestamp) -> Markup {
    let more = finding.evidence.len().saturating_sub(EVIDENCE) as u64;
    html! {
        dl.finding {
            dt { (view.say("Evidence")) }
            dd {
                ul {
                    @for evidence in finding.evidence.iter().take(EVIDENCE) { li { (cited(view, evidence, start)) } }
                }
                (left_out(view, more, Text::new("and {n} more")))
            }
            @if let Some(who) = &finding.actor {
                dt { (view.say("Who")) } dd { (view.say(phrases::actor(who, |address| view.endpoint(address)))) }
            }
            @if !finding.remediation.is_empty() {
                dt { (view.say("Change")) }
                dd { ol { @for text in &finding.remediation { li { (view.say(text)) } } } }
            }
            @if let Some(text) = &finding.verification { dt { (view.say("Verify")) } dd { (view.say(text)) } }
        }
    }
}

/// `Frame 12, 14:00:02.015 UTC, 192.0.2.1:5060 → 192.0.2.2:5060: 301 response`, and its text.
fn cited(view: &View, evidence: &Evidence, start: Timestamp) -> Markup {
    let place = Text::new("Frame {frame}, {at}, {source} → {destination}: {what}")
        .with("frame", view.frame_here(evidence.frame))
        .with("at", view.moment(evidence.time, start))
        .with("source", view.endpoint(evidence.source))
        .with("destination", view.endpoint(evidence.destination))
        .with("what", &evidence.what);
    html! {
        (view.say(place))
        @if !evidence.text.is_empty() { br; code { (phrases::shortened(&evidence.text, QUOTED)) } }
    }
}

fn folded(view: &View, finding: &Finding, start: Timestamp) -> Markup {
    let label = if finding.consequence_of.is_some() { "Follows" } else { "Also" };
    html! {
        details.also {
            summary { (view.say(Text::new(label))) " " (says(view, finding)) }
            (body(view, finding, start))
        }
    }
}

/// Whom a blocked caller may ask.
fn redress(view: &View, report: &CallReport) -> Markup {
    let Some(contact) = facts::redress(&report.call) else { return html! {} };
    html! {
        dl.facts {
            dt { (view.say("Redress")) }
            dd {
                @for place in contact.places() { code { (phrases::shortened(place, QUOTED)) } br; }
                @if let Some(id) = &contact.id { (view.say(Text::new("quote {id}").with("id", phrases::shortened(id, QUOTED)))) }
            }
        }
    }
}
