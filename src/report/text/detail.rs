//! A call with everything needed to act on it, and findings about a capture as a whole.

use std::collections::BTreeSet;

use super::View;
use super::identity;
use super::ladder;
use super::overview::LABEL;
use super::page::{Page, Tone};
use crate::diagnosis::{CallReport, Evidence, Finding, Severity};
use crate::lang::Text;
use crate::provenance::{FrameRef, Timestamp};
use crate::report::{facts, phrases};
use crate::wrap::display_width;

/// Characters of an evidence text that are shown; JSON has all of it.
const QUOTED: usize = 800;
/// Pieces of evidence, and other findings of a call, that are shown.
const EVIDENCE: usize = 10;
const OTHERS: usize = 12;
/// Ways through tunnels that are shown, and frames named of each.
const CARRIERS: usize = 3;
const CARRIER_FRAMES: usize = 6;

/// Everything about one call. `lead` is the finding that comes first.
pub(super) fn of_call(page: &mut Page, view: &View, report: &CallReport, lead: Option<&Finding>) {
    sentence(page, report, lead);
    ladder::write(page, view, report);
    if let Some(lead) = lead {
        body(page, view, lead, report.call.start);
    }
    carried(page, view, report);
    redress(page, report);
    identity::write(page, view, report);
    let others = || report.findings.iter().filter(|f| !lead.is_some_and(|l| std::ptr::eq(l, *f)));
    for finding in others().take(OTHERS) {
        let label = if finding.consequence_of.is_some() { Text::new("Follows") } else { Text::new("Also") };
        page.entry(label, Tone::Plain, tagged(finding));
    }
    page.more(2 + LABEL, others().count(), OTHERS, "{n} more finding", "{n} more findings");
    perhaps(page, report);
}

/// Every finding about a call with its evidence, the lead first, and what else is known of it.
pub(super) fn about_call(page: &mut Page, view: &View, report: &CallReport, lead: Option<&Finding>) {
    if let Some(lead) = lead {
        body(page, view, lead, report.call.start);
    }
    carried(page, view, report);
    redress(page, report);
    identity::write(page, view, report);
    perhaps(page, report);
    for finding in report.findings.iter().filter(|f| !lead.is_some_and(|l| std::ptr::eq(l, *f))) {
        page.blank();
        page.paragraph(2, Tone::Level(finding.severity), tagged(finding));
        body(page, view, finding, report.call.start);
    }
}

/// The tunnels, tags and copies of collectors that frames of the evidence came in, once for the call.
fn carried(page: &mut Page, view: &View, report: &CallReport) {
    let cited: BTreeSet<FrameRef> = report.findings.iter().flat_map(|f| &f.evidence).map(|e| e.frame).collect();
    let mut ways = facts::carriers(&report.call);
    for (_, frames) in &mut ways {
        frames.retain(|frame| cited.contains(frame));
    }
    ways.retain(|(_, frames)| !frames.is_empty());
    let mut label = Text::new("Carried");
    for (carrier, frames) in ways.iter().take(CARRIERS) {
        let list = Text::list(", ", frames.iter().take(CARRIER_FRAMES).map(|frame| view.frame_here(*frame)));
        let text = if frames.len() == 1 {
            Text::new("frame {list} in {carrier}")
        } else {
            let more = if frames.len() > CARRIER_FRAMES { Text::verbatim(" …") } else { Text::default() };
            Text::new("frames {list}{more} in {carrier}").with("more", more)
        };
        let text = text.with("list", list).with("carrier", phrases::carrier(carrier));
        page.entry(std::mem::take(&mut label), Tone::Plain, text);
    }
    page.more(2 + LABEL, ways.len(), CARRIERS, "{n} more way through layers", "{n} more ways through layers");
}

/// Legs that may belong to the call.
fn perhaps(page: &mut Page, report: &CallReport) {
    if !report.call.possible_legs.is_empty() {
        let legs = phrases::numbers(&report.call.possible_legs, report.call.possible_legs.len() as u64);
        let text = Text::new("another leg of it: {legs} (the evidence is ambiguous)").with("legs", legs);
        page.entry("Perhaps", Tone::Plain, text);
    }
}

/// Whom a blocked caller may ask, each contact whole and on a line of its own.
fn redress(page: &mut Page, report: &CallReport) {
    let Some(contact) = facts::redress(&report.call) else { return };
    let mut label = Text::new("Redress");
    for text in contact.places() {
        if 2 + LABEL + display_width(text) <= page.width() {
            page.entry(&label, Tone::Quote, Text::verbatim(text));
        } else {
            let label = page.say(&label);
            if !label.is_empty() {
                page.line(2, &[(Tone::Strong, &label)]);
            }
            page.whole(Tone::Quote, text);
        }
        label = Text::default();
    }
    if let Some(id) = &contact.id {
        page.entry("", Tone::Plain, Text::new("quote {id}").with("id", id));
    }
}

pub(super) fn sentence(page: &mut Page, report: &CallReport, lead: Option<&Finding>) {
    match lead {
        Some(f) => page.paragraph(2, Tone::Level(f.severity), tagged(f)),
        None => page.paragraph(2, Tone::Level(Severity::Error), phrases::sentence(report, None)),
    }
}

/// What a finding says, and `[redirect-loop, error, certain]`.
fn tagged(finding: &Finding) -> Text {
    Text::new("{message} [{code}, {severity}, {certainty}]")
        .with("message", &finding.message)
        .with("code", finding.code)
        .with("severity", Text::new(finding.severity.name()))
        .with("certainty", Text::new(finding.certainty.name()))
}

/// Evidence, who, what to change, how to verify.
fn body(page: &mut Page, view: &View, finding: &Finding, start: Timestamp) {
    let mut before = None;
    for evidence in finding.evidence.iter().take(EVIDENCE) {
        let label = if before.is_none() { Text::new("Evidence") } else { Text::default() };
        let same = before == Some((evidence.frame, evidence.source));
        let text = if same { Text::new("Same frame: {what}") } else { place(view, evidence, start) };
        before = Some((evidence.frame, evidence.source));
        page.entry(label, Tone::Plain, text.with("what", &evidence.what));
        if !evidence.text.is_empty() {
            page.paragraph(4 + LABEL, Tone::Quote, quoted(&evidence.text));
        }
    }
    page.more(2 + LABEL, finding.evidence.len(), EVIDENCE, "{n} more frame", "{n} more frames");
    if let Some(who) = &finding.actor {
        page.entry("Who", Tone::Plain, phrases::actor(who, |address| view.endpoint(address)));
    }
    let several = finding.remediation.len() > 1;
    for (at, text) in finding.remediation.iter().enumerate() {
        let label = if at == 0 { Text::new("Change") } else { Text::default() };
        let text = if several { Text::new("{n}. {text}").with("n", at + 1).with("text", text) } else { text.clone() };
        page.entry(label, Tone::Plain, text);
    }
    if let Some(text) = &finding.verification {
        page.entry("Verify", Tone::Plain, text);
    }
}

/// `Frame 12, 14:00:02.015 UTC, 192.0.2.1:5060 → 192.0.2.2:5060: 301 response`; `{what}` is still open.
fn place(view: &View, evidence: &Evidence, start: Timestamp) -> Text {
    Text::new("Frame {frame}, {at}, {source} → {destination}: {what}")
        .with("frame", view.frame_here(evidence.frame))
        .with("at", view.moment(evidence.time, start))
        .with("source", view.endpoint(evidence.source))
        .with("destination", view.endpoint(evidence.destination))
}

fn quoted(text: &str) -> Text {
    match text.char_indices().nth(QUOTED) {
        None => Text::verbatim(text),
        Some((at, _)) => {
            let more = text.chars().count() - QUOTED;
            Text::count(more as u64, "{text}… ({n} more character)", "{text}… ({n} more characters)")
                .with("text", text.get(..at).unwrap_or(text))
        }
    }
}

/// Findings about a capture as a whole.
pub(super) fn about_capture(page: &mut Page, view: &View, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    page.heading("About the capture as a whole", "");
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.severity));
    for (at, finding) in sorted.into_iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        page.paragraph(2, Tone::Level(finding.severity), tagged(finding));
        let start = finding.evidence.first().map_or(Timestamp::default(), |e| e.time);
        body(page, view, finding, start);
        if finding.calls_total > 0 {
            page.entry("Calls", Tone::Plain, phrases::numbers(&finding.calls, finding.calls_total));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_evidence_says_that_it_is_cut() {
        let token = "x".repeat(QUOTED + 1200);
        assert!(quoted(&token).to_string().ends_with("x… (1,200 more characters)"));
        assert_eq!(quoted("short").to_string(), "short");
    }
}
