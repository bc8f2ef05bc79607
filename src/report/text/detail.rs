//! A call with everything needed to act on it, and findings about a capture as a whole.

use std::borrow::Cow;

use super::View;
use super::ladder;
use super::numbers::{count, number};
use super::overview::LABEL;
use super::page::{Page, Tone};
use crate::call::{Call, CallNumber};
use crate::diagnosis::{Actor, CallReport, Evidence, Finding, Severity};
use crate::provenance::Timestamp;
use crate::report::{facts, words};

/// Characters of an evidence text that are shown; JSON has all of it.
const QUOTED: usize = 800;
/// Pieces of evidence, and other findings of a call, that are shown.
const EVIDENCE: usize = 10;
const OTHERS: usize = 12;

/// Everything about one call. `lead` is the finding that comes first.
pub(super) fn of_call(page: &mut Page, view: &View, report: &CallReport, lead: Option<&Finding>) {
    sentence(page, report, lead);
    ladder::write(page, view, report);
    if let Some(lead) = lead {
        body(page, view, lead, report.call.start);
    }
    let others = || report.findings.iter().filter(|f| !lead.is_some_and(|l| std::ptr::eq(l, *f)));
    for finding in others().take(OTHERS) {
        let label = if finding.consequence_of.is_some() { "Follows" } else { "Also" };
        page.hanging(&format!("  {label}"), 2 + LABEL, Tone::Plain, &format!("{} {}", finding.message, tags(finding)));
    }
    page.more(2 + LABEL, others().count(), OTHERS, "more finding", "more findings");
    if !report.call.possible_legs.is_empty() {
        let legs = numbers(&report.call.possible_legs, report.call.possible_legs.len() as u64);
        page.hanging(
            "  Perhaps",
            2 + LABEL,
            Tone::Plain,
            &format!("another leg of it: {legs} (the evidence is ambiguous)"),
        );
    }
}

/// `Call 4`, or `Group 5 (OPTIONS)`.
pub(super) fn name(call: &Call) -> String {
    match (call.is_invite(), facts::method(call)) {
        (true, _) => format!("Call {}", call.number.0),
        (false, Some(method)) => format!("Group {} ({method})", call.number.0),
        (false, None) => format!("Group {}", call.number.0),
    }
}

/// `sip:alice@a.example → sip:bob@b.example`.
pub(super) fn parties(call: &Call) -> String {
    let party = |uri: Option<String>| uri.unwrap_or_else(|| "?".to_owned());
    format!("{} → {}", party(facts::caller(call)), party(facts::callee(call)))
}

fn sentence(page: &mut Page, report: &CallReport, lead: Option<&Finding>) {
    match lead {
        Some(f) => page.paragraph(2, Tone::Level(f.severity), &format!("{} {}", f.message, tags(f))),
        None => page.paragraph(2, Tone::Level(Severity::Error), &unexplained(&report.call)),
    }
}

fn unexplained(call: &Call) -> String {
    match facts::final_response(call) {
        Some(answer) => {
            format!("It ended with {}.", answer.message.start_line().trim_start_matches("SIP/2.0 "))
        }
        None => "It ended without a final response.".to_owned(),
    }
}

/// `[redirect-loop, error, certain]`.
fn tags(finding: &Finding) -> String {
    format!("[{}, {}, {}]", finding.code, words::severity(finding.severity), words::certainty(finding.certainty))
}

/// Evidence, who, what to change, how to verify.
fn body(page: &mut Page, view: &View, finding: &Finding, start: Timestamp) {
    let mut before = None;
    for evidence in finding.evidence.iter().take(EVIDENCE) {
        let label = if before.is_none() { "  Evidence" } else { "" };
        let same = before == Some((evidence.frame, evidence.source));
        let text = if same { format!("Same frame: {}", evidence.what) } else { place(view, evidence, start) };
        before = Some((evidence.frame, evidence.source));
        page.hanging(label, 2 + LABEL, Tone::Plain, &text);
        if !evidence.text.is_empty() {
            page.paragraph(4 + LABEL, Tone::Quote, &quoted(&evidence.text));
        }
    }
    page.more(2 + LABEL, finding.evidence.len(), EVIDENCE, "more frame", "more frames");
    if let Some(who) = &finding.actor {
        page.hanging("  Who", 2 + LABEL, Tone::Plain, &actor(who));
    }
    let several = finding.remediation.len() > 1;
    for (at, text) in finding.remediation.iter().enumerate() {
        let label = if at == 0 { "  Change" } else { "" };
        let text = if several { format!("{}. {text}", at + 1) } else { text.to_string() };
        page.hanging(label, 2 + LABEL, Tone::Plain, &text);
    }
    if let Some(text) = &finding.verification {
        page.hanging("  Verify", 2 + LABEL, Tone::Plain, &text.to_string());
    }
}

/// `Frame 12, 14:00:02.015 UTC, 192.0.2.1:5060 → 192.0.2.2:5060: 301 response`.
fn place(view: &View, evidence: &Evidence, start: Timestamp) -> String {
    let (frame, at) = (view.frame_here(evidence.frame), view.moment(evidence.time, start));
    format!("Frame {frame}, {at}, {} → {}: {}", evidence.source, evidence.destination, evidence.what)
}

fn quoted(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let more = text.chars().count() - QUOTED;
            Cow::Owned(format!("{}… ({} more characters)", text.get(..at).unwrap_or(text), number(more as u64)))
        }
    }
}

fn actor(actor: &Actor) -> String {
    let place: Vec<_> = actor.address.map(|a| a.to_string()).into_iter().chain(actor.software.clone()).collect();
    if place.is_empty() { actor.role.to_string() } else { format!("{} ({})", actor.role, place.join(", ")) }
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
        page.paragraph(2, Tone::Level(finding.severity), &format!("{} {}", finding.message, tags(finding)));
        let start = finding.evidence.first().map_or(Timestamp::default(), |e| e.time);
        body(page, view, finding, start);
        if finding.calls_total > 0 {
            page.hanging("  Calls", 2 + LABEL, Tone::Plain, &numbers(&finding.calls, finding.calls_total));
        }
    }
}

/// `14 calls: 4, 9, 12–20`.
pub(super) fn numbers(calls: &[CallNumber], total: u64) -> String {
    let mut sorted: Vec<u64> = calls.iter().map(|call| call.0).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for n in sorted {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    let parts: Vec<_> = ranges
        .iter()
        .map(|(a, b)| match b - a {
            0 => a.to_string(),
            1 => format!("{a}, {b}"),
            _ => format!("{a}–{b}"),
        })
        .collect();
    let more = if (calls.len() as u64) < total { ", …" } else { "" };
    format!("{}: {}{more}", count(total, "call", "calls"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_calls_are_folded_into_ranges() {
        let calls: Vec<_> = [4, 9, 12, 13, 14, 20, 21].map(CallNumber).to_vec();
        assert_eq!(numbers(&calls, 7), "7 calls: 4, 9, 12–14, 20, 21");
        assert_eq!(numbers(&calls, 12_000), "12,000 calls: 4, 9, 12–14, 20, 21, …");
    }

    #[test]
    fn long_evidence_says_that_it_is_cut() {
        let token = "x".repeat(QUOTED + 1200);
        assert!(quoted(&token).ends_with("x… (1,200 more characters)"));
        assert_eq!(quoted("short"), "short");
    }
}
