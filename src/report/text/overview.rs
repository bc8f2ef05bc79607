//! The head and the foot of a capture's report: completeness, facts, numbers; what was not looked at.

use std::collections::BTreeMap;

use super::View;
use super::numbers::{count, duration, number, percent};
use super::page::{Page, Tone, cut};
use crate::catalog;
use crate::diagnosis::Severity;
use crate::report::{CaptureFacts, Summary};
use crate::sip::StatusClass;
use crate::wrap::{display_width, pad};

/// Cells of the column of labels.
pub(super) const LABEL: usize = 10;
/// Methods shown, and cells of a name.
const METHODS: usize = 12;
const METHOD: usize = 20;
/// Cells of the longest bar.
const BAR: usize = 24;

/// The head: everything before causes and calls.
pub(super) fn write(page: &mut Page, view: &View, facts: &CaptureFacts, summary: &Summary) {
    for reason in facts.incomplete_reasons() {
        page.hanging("INCOMPLETE", 12, Tone::Level(Severity::Warning), &reason);
    }
    if facts.error.is_some() && facts.frames == 0 {
        // Nothing could be read: the reason says it all.
        return;
    }
    if !facts.is_complete() {
        page.blank();
    }
    capture(page, view, facts);
    page.hanging("SIP", LABEL, Tone::Plain, &read(summary));
    if summary.messages == 0 {
        page.hanging("", LABEL, Tone::Strong, "There is no SIP over UDP in it.");
    }
    assumed_countries(page, summary);
    final_responses(page, summary);
    outcomes(page, summary);
}

/// Which numbers were completed, so that nobody takes a guess for a fact.
fn assumed_countries(page: &mut Page, summary: &Summary) {
    for (country, calls) in &summary.assumed_countries {
        let calls = count(*calls, "call", "calls");
        let text = match country.as_str() {
            "1" => format!("+1 was assumed for ten-digit numbers without a country code in {calls} (see --country)"),
            _ => {
                format!("+{country} was assumed for national numbers without a country code in {calls} (see --country)")
            }
        };
        page.hanging("Numbers", LABEL, Tone::Plain, &text);
    }
}

/// The numbers of all captures together.
pub(super) fn total(page: &mut Page, captures: usize, summary: &Summary) {
    let heading = format!("All {captures} captures together");
    page.paragraph(0, Tone::Strong, &heading);
    page.blank();
    page.hanging("SIP", LABEL, Tone::Plain, &read(summary));
    assumed_countries(page, summary);
    final_responses(page, summary);
    outcomes(page, summary);
}

fn capture(page: &mut Page, view: &View, facts: &CaptureFacts) {
    page.hanging("Capture", LABEL, Tone::Strong, &facts.path);
    let links: Vec<_> = facts.link_types.iter().map(|(_, name)| name.as_str()).collect();
    let link = if links.is_empty() { String::new() } else { format!("; {}", links.join(", ")) };
    let mut frames = count(facts.frames, "frame", "frames");
    if facts.dropped > 0 {
        frames = format!("{frames} ({} lost while capturing)", number(facts.dropped));
    }
    page.hanging("", LABEL, Tone::Plain, &format!("{}{link}; {frames}", facts.format));
    if let (Some(first), Some(last)) = (facts.first_time, facts.last_time) {
        let span = duration(last.since(first));
        let zone = view.zone(first);
        page.hanging("", LABEL, Tone::Plain, &format!("{} ({span}); all times are {zone}", view.span(first, last)));
    }
}

fn read(summary: &Summary) -> String {
    let messages = count(summary.messages, "message", "messages");
    let calls = count(summary.calls, "call", "calls");
    let requests = by_count(&summary.requests);
    let mut parts: Vec<_> =
        requests.iter().take(METHODS).map(|(name, n)| format!("{} {}", cut(name, METHOD), number(*n))).collect();
    parts.extend((requests.len() > METHODS).then(|| "…".to_owned()));
    let requests = if parts.is_empty() { String::new() } else { format!("; requests: {}", parts.join(", ")) };
    let others = match summary.other_groups {
        0 => String::new(),
        n => format!(" and {} of other requests (registrations, keep-alives, …)", count(n, "group", "groups")),
    };
    format!("{messages}: {calls}{others}{requests}")
}

fn by_count(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut sorted: Vec<_> = counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    sorted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    sorted
}

fn final_responses(page: &mut Page, summary: &Summary) {
    let all: u64 = summary.final_by_status.values().sum();
    if all == 0 {
        return;
    }
    let repeated = match summary.retransmitted_finals {
        0 => String::new(),
        n => format!(" ({} not counted)", count(n, "retransmission", "retransmissions")),
    };
    page.heading("Final responses", &format!("{}{repeated}", number(all)));
    let rows = status_rows(summary);
    let width = rows.iter().map(|(_, label, _)| display_width(label)).max().unwrap_or(0).clamp(24, 44);
    let most = summary.final_by_status.values().copied().max().unwrap_or(1);
    for (tone, label, n) in rows {
        let of_status = tone == Tone::Plain;
        bar_line(page, tone, &pad(&label, width), n, if of_status { Some(most) } else { None });
    }
}

/// A row a class, followed by those of its statuses.
fn status_rows(summary: &Summary) -> Vec<(Tone, String, u64)> {
    let mut rows = Vec::new();
    for class in StatusClass::ALL {
        let Some(n) = summary.final_by_class.get(class) else { continue };
        rows.push((Tone::Strong, format!("{} {}", class.digits(), class.name()), *n));
        let statuses =
            summary.final_by_status.iter().filter(|(s, _)| class.digits().starts_with(&(*s / 100).to_string()));
        for (status, n) in statuses {
            let phrase = catalog::lookup(*status).map_or("(unknown)", |entry| entry.phrase);
            rows.push((Tone::Plain, format!("  {status:03} {phrase}"), *n));
        }
    }
    rows
}

fn outcomes(page: &mut Page, summary: &Summary) {
    if summary.calls == 0 {
        return;
    }
    page.heading("Outcomes", &format!("of {}", count(summary.calls, "call", "calls")));
    let mut rows: Vec<_> = summary.outcomes.iter().collect();
    rows.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let most = rows.first().map_or(1, |(_, n)| **n);
    for (outcome, n) in rows {
        let tone = if outcome.is_failure() { Tone::Level(Severity::Warning) } else { Tone::Plain };
        let label = format!("{} {:>5}", pad(outcome.name(), 24), percent(*n, summary.calls));
        bar_line(page, tone, &label, *n, Some(most));
    }
}

fn bar_line(page: &mut Page, tone: Tone, label: &str, n: u64, most: Option<u64>) {
    let bar = most.map_or(String::new(), |most| bar(n, most));
    page.line(2, &[(tone, label), (tone, &format!(" {:>9}  ", number(n))), (Tone::Quiet, &bar)]);
}

/// At least one block for anything above zero.
fn bar(n: u64, most: u64) -> String {
    let scaled = u128::from(n) * BAR as u128 / u128::from(most.max(1));
    let blocks = usize::try_from(scaled).unwrap_or(BAR).max(usize::from(n > 0));
    "█".repeat(blocks)
}

/// The foot: what sipscan passed over, and what is odd about the rest.
pub(super) fn not_looked_at(page: &mut Page, facts: &CaptureFacts) {
    let skipped: Vec<_> = facts.skipped.iter().map(|(reason, n)| (reason.code(), *n)).collect();
    let others: Vec<_> = facts.other_payloads.iter().map(|(kind, n)| (kind.code(), *n)).collect();
    let odd: Vec<_> = facts.anomalies.iter().map(|(anomaly, n)| (anomaly.code(), *n)).collect();
    let rows = [
        ("frames skipped", "frame skipped", skipped),
        ("UDP datagrams that are not SIP", "UDP datagram that is not SIP", others),
        ("oddities", "oddity", odd),
    ];
    if rows.iter().all(|(_, _, counts)| counts.is_empty()) && facts.duplicates == 0 {
        return;
    }
    page.heading("Not looked at, and odd", "");
    for (many, one, counts) in rows.iter().filter(|(_, _, counts)| !counts.is_empty()) {
        let sum = counts.iter().map(|(_, n)| n).sum();
        let parts: Vec<_> = counts.iter().map(|(code, n)| format!("{code} {}", number(*n))).collect();
        page.paragraph(2, Tone::Plain, &format!("{}: {}", count(sum, one, many), parts.join(", ")));
    }
    if facts.duplicates > 0 {
        let twice = count(facts.duplicates, "datagram was", "datagrams were");
        page.paragraph(
            2,
            Tone::Plain,
            &format!("{twice} captured twice; the copies are not counted as retransmissions"),
        );
    }
}
