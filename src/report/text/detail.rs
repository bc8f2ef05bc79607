//! A call with everything needed to act on it, and findings about a capture as a whole.

use super::View;
use super::ladder;
use super::overview::LABEL;
use super::page::{Page, Tone};
use crate::call::{Call, CallNumber};
use crate::diagnosis::{Actor, CallReport, Evidence, Finding, Severity};
use crate::lang::{Fill, Text};
use crate::provenance::Timestamp;
use crate::report::facts;
use crate::wrap::display_width;

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
    redress(page, report);
    let others = || report.findings.iter().filter(|f| !lead.is_some_and(|l| std::ptr::eq(l, *f)));
    for finding in others().take(OTHERS) {
        let label = if finding.consequence_of.is_some() { "Follows" } else { "Also" };
        page.entry(label, Tone::Plain, tagged(finding));
    }
    page.more(2 + LABEL, others().count(), OTHERS, "{n} more finding", "{n} more findings");
    if !report.call.possible_legs.is_empty() {
        let legs = numbers(&report.call.possible_legs, report.call.possible_legs.len() as u64);
        let text = Text::new("another leg of it: {legs} (the evidence is ambiguous)").with("legs", legs);
        page.entry("Perhaps", Tone::Plain, text);
    }
}

/// Whom a blocked caller may ask, each contact whole and on a line of its own.
fn redress(page: &mut Page, report: &CallReport) {
    let Some(contact) = facts::redress(&report.call) else { return };
    let mut label = "Redress";
    for text in contact.places() {
        if 2 + LABEL + display_width(text) <= page.width() {
            page.entry(label, Tone::Quote, Text::verbatim(text));
        } else {
            if !label.is_empty() {
                let label = page.say(label);
                page.line(2, &[(Tone::Strong, &label)]);
            }
            page.whole(Tone::Quote, text);
        }
        label = "";
    }
    if let Some(id) = &contact.id {
        page.entry("", Tone::Plain, Text::new("quote {id}").with("id", id));
    }
}

/// `Call 4`, or `Group 5 (OPTIONS)`.
pub(super) fn name(call: &Call) -> Text {
    let name = match (call.is_invite(), facts::method(call)) {
        (true, _) => Text::new("Call {n}"),
        (false, Some(method)) => Text::new("Group {n} ({method})").with("method", method),
        (false, None) => Text::new("Group {n}"),
    };
    name.with("n", call.number.0)
}

/// `sip:alice@a.example → sip:bob@b.example`.
pub(super) fn parties(call: &Call) -> String {
    let party = |uri: Option<String>| uri.unwrap_or_else(|| "?".to_owned());
    format!("{} → {}", party(facts::caller(call)), party(facts::callee(call)))
}

fn sentence(page: &mut Page, report: &CallReport, lead: Option<&Finding>) {
    match lead {
        Some(f) => page.paragraph(2, Tone::Level(f.severity), tagged(f)),
        None => page.paragraph(2, Tone::Level(Severity::Error), unexplained(&report.call)),
    }
}

fn unexplained(call: &Call) -> Text {
    match facts::final_response(call) {
        Some(answer) => {
            let status = answer.message.start_line();
            Text::new("It ended with {status}.").with("status", status.trim_start_matches("SIP/2.0 "))
        }
        None => Text::new("It ended without a final response."),
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
        let label = if before.is_none() { "Evidence" } else { "" };
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
        page.entry("Who", Tone::Plain, actor(who));
    }
    let several = finding.remediation.len() > 1;
    for (at, text) in finding.remediation.iter().enumerate() {
        let label = if at == 0 { "Change" } else { "" };
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
        .with("source", evidence.source)
        .with("destination", evidence.destination)
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

fn actor(actor: &Actor) -> Text {
    let place: Vec<_> =
        actor.address.map(|a| a.fill()).into_iter().chain(actor.software.as_ref().map(Fill::fill)).collect();
    if place.is_empty() {
        return actor.role.clone();
    }
    Text::new("{role} ({place})").with("role", &actor.role).with("place", Text::list(", ", place))
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
            page.entry("Calls", Tone::Plain, numbers(&finding.calls, finding.calls_total));
        }
    }
}

/// `14 calls: 4, 9, 12–20`.
pub(super) fn numbers(calls: &[CallNumber], total: u64) -> Text {
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
    let text = Text::count(total, "{n} call: {list}", "{n} calls: {list}");
    text.with("list", format!("{}{more}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_calls_are_folded_into_ranges() {
        let calls: Vec<_> = [4, 9, 12, 13, 14, 20, 21].map(CallNumber).to_vec();
        assert_eq!(numbers(&calls, 7).to_string(), "7 calls: 4, 9, 12–14, 20, 21");
        assert_eq!(numbers(&calls, 12_000).to_string(), "12,000 calls: 4, 9, 12–14, 20, 21, …");
    }

    #[test]
    fn contacts_for_redress_are_whole() {
        use crate::diagnosis::reports::report;
        use crate::report::text::page::Paper;
        let url = format!("https://redress.example.com/{}", "x".repeat(120));
        let flow = format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n0.1 p > a tag=t\n\
             603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url={url};tel=+12155550100;id=AB12\";location=LN\n\n\
             0.2 a > p\nACK\n"
        );
        let mut page = Page::new(Paper { width: 80, colour: false, lang: crate::lang::Lang::En });
        redress(&mut page, &report(&flow));
        assert_eq!(page.into_text(), format!("  Redress\n{url}\n            +12155550100\n            quote AB12\n"));
    }

    #[test]
    fn long_evidence_says_that_it_is_cut() {
        let token = "x".repeat(QUOTED + 1200);
        assert!(quoted(&token).to_string().ends_with("x… (1,200 more characters)"));
        assert_eq!(quoted("short").to_string(), "short");
    }
}
