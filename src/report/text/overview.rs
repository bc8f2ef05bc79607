//! The head and the foot of a capture's report: completeness, facts, numbers; what was not looked at.

use std::collections::BTreeMap;

use super::View;
use super::numbers::{duration, percent};
use super::page::{Page, Tone, cut};
use crate::catalog;
use crate::diagnosis::Severity;
use crate::lang::{Text, grouped};
use crate::net::SctpKind;
use crate::report::{CaptureFacts, Summary, encrypted, phrases, without_sip};
use crate::wrap::{display_width, pad};

/// Cells of the column of labels.
pub(super) const LABEL: usize = 10;
/// Ways through tunnels and tags shown.
const WAYS: usize = 5;
/// Methods shown, and cells of a name.
const METHODS: usize = 12;
const METHOD: usize = 20;
/// Cells of the longest bar.
const BAR: usize = 24;

/// The head: everything before causes and calls.
pub(super) fn write(page: &mut Page, view: &View, facts: &CaptureFacts, summary: &Summary) {
    for reason in facts.incomplete_reasons() {
        page.hanging("INCOMPLETE", 12, Tone::Level(Severity::Warning), reason);
    }
    if is_unread(facts) {
        // The reason says it all.
        return;
    }
    if !facts.is_complete() {
        page.blank();
    }
    capture(page, view, facts);
    page.hanging("SIP", LABEL, Tone::Plain, read(summary));
    if summary.messages == 0 {
        page.hanging("", LABEL, Tone::Strong, without_sip::nothing_read(facts));
        for text in without_sip::instead(facts) {
            page.hanging("", LABEL, Tone::Plain, text);
        }
    }
    for (place, text) in encrypted::sentences(facts).into_iter().enumerate() {
        page.hanging("", LABEL, if place == 0 { Tone::Strong } else { Tone::Plain }, text);
    }
    filtered(page, summary);
    assumed_countries(page, summary);
    ignored(page, summary);
    final_responses(page, summary);
    outcomes(page, summary);
}

/// Whether nothing of the capture could be read.
pub(super) fn is_unread(facts: &CaptureFacts) -> bool {
    facts.error.is_some() && facts.frames == 0
}

/// What is hidden must be said.
fn ignored(page: &mut Page, summary: &Summary) {
    if let Some(text) = phrases::by_settings(summary) {
        page.hanging("Ignored", LABEL, Tone::Plain, text);
    }
    if let Some(text) = phrases::known(summary) {
        page.hanging("Known", LABEL, Tone::Plain, text);
    }
}

/// What the numbers below are about.
fn filtered(page: &mut Page, summary: &Summary) {
    let Some(filtered) = &summary.filtered else { return };
    page.hanging("Filter", LABEL, Tone::Strong, phrases::filtered(filtered, summary));
    let (one, many) = (
        "{n} finding about the capture as a whole is left out: it names none of these calls",
        "{n} findings about the capture as a whole are left out: they name none of these calls",
    );
    if filtered.findings_left_out > 0 {
        page.hanging("", LABEL, Tone::Plain, Text::count(filtered.findings_left_out, one, many));
    }
}

/// Which numbers were completed, so that nobody takes a guess for a fact.
fn assumed_countries(page: &mut Page, summary: &Summary) {
    for (country, calls) in &summary.assumed_countries {
        page.hanging("Numbers", LABEL, Tone::Plain, assumed_words(country, *calls));
    }
}

/// That numbers of so many calls got a country code.
pub(in crate::report) fn assumed_words(country: &str, calls: u64) -> Text {
    let text = match country {
        "1" => Text::new("+{code} was assumed for ten-digit numbers without a country code in {calls} (see --country)"),
        _ => Text::new("+{code} was assumed for national numbers without a country code in {calls} (see --country)"),
    };
    text.with("code", country).with("calls", Text::count(calls, "{n} call", "{n} calls"))
}

/// The numbers of all captures together.
pub(super) fn total(page: &mut Page, captures: usize, summary: &Summary) {
    let heading = Text::new("All {n} captures together").with("n", captures);
    page.paragraph(0, Tone::Strong, heading);
    page.blank();
    page.hanging("SIP", LABEL, Tone::Plain, read(summary));
    filtered(page, summary);
    assumed_countries(page, summary);
    ignored(page, summary);
    final_responses(page, summary);
    outcomes(page, summary);
}

fn capture(page: &mut Page, view: &View, facts: &CaptureFacts) {
    page.hanging("Capture", LABEL, Tone::Strong, Text::verbatim(&facts.path));
    let lost = match facts.dropped {
        0 => Text::default(),
        n => Text::new(" ({n} lost while capturing)").with("n", grouped(n)),
    };
    let frames = Text::count(facts.frames, "{n} frame{lost}", "{n} frames{lost}").with("lost", lost);
    let links = Text::list(", ", facts.link_types.iter().map(|(_, name)| name));
    let links = (!facts.link_types.is_empty()).then_some(links);
    page.hanging(
        "",
        LABEL,
        Tone::Plain,
        Text::list("; ", [facts.format.clone()].into_iter().chain(links).chain([frames])),
    );
    if let Some(text) = contents(facts) {
        page.hanging("", LABEL, Tone::Plain, text);
    }
    for text in layers(facts) {
        page.hanging("", LABEL, Tone::Plain, text);
    }
    if let (Some(first), Some(last)) = (facts.first_time, facts.last_time) {
        let span = duration(last.since(first));
        let zone = view.zone(first);
        let text = Text::new("{times} ({span}); all times are {zone}").with("times", view.span(first, last));
        page.hanging("", LABEL, Tone::Plain, text.with("span", span).with("zone", zone));
    }
}

/// What became of the frames: each of them is counted once. Nothing where all hold UDP.
fn contents(facts: &CaptureFacts) -> Option<Text> {
    let kinds = [
        (Text::new("UDP {n}"), facts.udp_frames),
        (Text::new("TCP {n}"), facts.tcp_frames),
        (Text::new("SCTP {n}"), facts.sctp_frames),
        (Text::new("IP fragments {n}"), facts.fragments),
        (Text::new("ICMP errors {n}"), facts.icmp_errors),
        (Text::new("skipped {n}"), facts.skipped.values().sum()),
    ];
    let some: Vec<_> = kinds.into_iter().filter(|(_, n)| *n > 0).collect();
    let list = some.iter().map(|(text, n)| text.clone().with("n", grouped(*n)));
    let is_usual = some.is_empty() || (some.len() == 1 && facts.udp_frames > 0);
    (!is_usual).then(|| Text::new("Frames: {list}").with("list", Text::list(", ", list)))
}

/// The tunnels, tags and labels that frames travelled in, the most frequent first.
pub(in crate::report) fn layers(facts: &CaptureFacts) -> Vec<Text> {
    let mut ways: Vec<_> = facts.layers.iter().map(|(layers, n)| (layers.to_string(), *n)).collect();
    ways.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let way = |(layers, n): &(String, u64)| {
        Text::count(*n, "{n} frame as {layers}", "{n} frames as {layers}").with("layers", layers)
    };
    let mut texts: Vec<_> = ways.iter().take(WAYS).map(way).collect();
    let more = ways.iter().skip(WAYS).map(|(_, n)| n).sum::<u64>() + facts.other_layers;
    if more > 0 {
        let text = Text::count(more, "{n} frame in other layers (see JSON)", "{n} frames in other layers (see JSON)");
        texts.push(text);
    }
    texts
}

pub(in crate::report) fn read(summary: &Summary) -> Text {
    let requests = by_count(&summary.requests);
    let mut parts: Vec<_> =
        requests.iter().take(METHODS).map(|(name, n)| format!("{} {}", cut(name, METHOD), grouped(*n))).collect();
    parts.extend((requests.len() > METHODS).then(|| "…".to_owned()));
    let requests = match parts.len() {
        0 => Text::default(),
        _ => Text::new("; requests: {list}").with("list", Text::list(", ", parts)),
    };
    let filtered = summary.filtered.as_ref();
    let (calls, others) = filtered.map_or((summary.calls, summary.other_groups), |f| (f.calls, f.other_groups));
    let others = match others {
        0 => Text::default(),
        n => Text::count(
            n,
            " and {n} group of other requests (registrations, keep-alives, …)",
            " and {n} groups of other requests (registrations, keep-alives, …)",
        ),
    };
    let (one, many) =
        ("{n} message{copies}: {calls}{others}{requests}", "{n} messages{copies}: {calls}{others}{requests}");
    Text::count(summary.messages, one, many)
        .with("copies", phrases::copies(summary))
        .with("calls", Text::count(calls, "{n} call", "{n} calls"))
        .with("others", others)
        .with("requests", requests)
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
    let again = |n| Text::count(n, "{n} retransmission", "{n} retransmissions");
    let elsewhere = |n| Text::count(n, "{n} copy between other addresses", "{n} copies between other addresses");
    let repeated = match (summary.retransmitted_finals, summary.finals_elsewhere) {
        (0, 0) => Text::default(),
        (n, 0) => Text::new(" ({copies} not counted)").with("copies", again(n)),
        (0, n) => Text::new(" ({copies} not counted)").with("copies", elsewhere(n)),
        (n, other) => {
            Text::new(" ({copies} and {others} not counted)").with("copies", again(n)).with("others", elsewhere(other))
        }
    };
    page.heading("Final responses", Text::new("{n}{repeated}").with("n", grouped(all)).with("repeated", repeated));
    let rows = status_rows(page, summary);
    let width = rows.iter().map(|(_, label, _)| display_width(label)).max().unwrap_or(0).clamp(24, 44);
    let most = summary.final_by_status.values().copied().max().unwrap_or(1);
    for (tone, label, n) in rows {
        let of_status = tone == Tone::Plain;
        bar_line(page, tone, &pad(&label, width), n, if of_status { Some(most) } else { None });
    }
}

/// A row a class, followed by those of its statuses.
fn status_rows(page: &Page, summary: &Summary) -> Vec<(Tone, String, u64)> {
    let mut rows = Vec::new();
    for (class, n) in summary.final_by_class() {
        rows.push((Tone::Strong, format!("{} {}", class.digits(), page.say(class.name())), n));
        let statuses =
            summary.final_by_status.iter().filter(|(s, _)| class.digits().starts_with(&(*s / 100).to_string()));
        for (status, n) in statuses {
            let phrase =
                catalog::lookup(*status).map_or_else(|| page.say("(unknown)"), |entry| entry.phrase.to_owned());
            rows.push((Tone::Plain, format!("  {status:03} {phrase}"), *n));
        }
    }
    rows
}

fn outcomes(page: &mut Page, summary: &Summary) {
    if summary.calls == 0 {
        return;
    }
    page.heading("Outcomes", Text::count(summary.calls, "of {n} call", "of {n} calls"));
    let mut rows: Vec<_> = summary.outcomes.iter().collect();
    rows.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let most = rows.first().map_or(1, |(_, n)| **n);
    for (outcome, n) in rows {
        let tone = if outcome.is_failure() { Tone::Level(Severity::Warning) } else { Tone::Plain };
        let label = format!("{} {:>5}", pad(&page.say(outcome.name()), 24), percent(*n, summary.calls));
        bar_line(page, tone, &label, *n, Some(most));
    }
}

fn bar_line(page: &mut Page, tone: Tone, label: &str, n: u64, most: Option<u64>) {
    let bar = most.map_or(String::new(), |most| bar(n, most));
    page.line(2, &[(tone, label), (tone, &format!(" {:>9}  ", grouped(n))), (Tone::Quiet, &bar)]);
}

/// At least one block for anything above zero.
fn bar(n: u64, most: u64) -> String {
    let scaled = u128::from(n) * BAR as u128 / u128::from(most.max(1));
    let blocks = usize::try_from(scaled).unwrap_or(BAR).max(usize::from(n > 0));
    "█".repeat(blocks)
}

/// The foot: what sipscan passed over, and what is odd about the rest.
pub(super) fn not_looked_at(page: &mut Page, facts: &CaptureFacts) {
    let texts = passed_over(facts);
    if texts.is_empty() {
        return;
    }
    page.heading("Not analysed, and odd", "");
    for text in texts {
        page.paragraph(2, Tone::Plain, text);
    }
}

/// The same as sentences.
pub(in crate::report) fn passed_over(facts: &CaptureFacts) -> Vec<Text> {
    let skipped: Vec<_> = facts.skipped.iter().map(|(reason, n)| (reason.code(), *n)).collect();
    let others: Vec<_> = facts.other_payloads.iter().map(|(kind, n)| (kind.code(), *n)).collect();
    let streams = facts.streams.iter().filter(|(kind, _)| !kind.is_readable_sip());
    let streams: Vec<_> = streams.map(|(kind, n)| (kind.code(), *n)).collect();
    let user_messages = facts.sctp_messages.iter().filter(|(kind, _)| **kind != SctpKind::Sip);
    let user_messages: Vec<_> = user_messages.map(|(kind, n)| (kind.code(), *n)).collect();
    let odd: Vec<_> = facts.anomalies.iter().map(|(anomaly, n)| (anomaly.code(), *n)).collect();
    let rows = [
        ("{n} frame skipped: {list}", "{n} frames skipped: {list}", skipped),
        ("{n} UDP datagram that is not SIP: {list}", "{n} UDP datagrams that are not SIP: {list}", others),
        (
            "{n} TCP connection without readable SIP: {list}",
            "{n} TCP connections without readable SIP: {list}",
            streams,
        ),
        ("{n} SCTP message that is not SIP: {list}", "{n} SCTP messages that are not SIP: {list}", user_messages),
        ("{n} oddity: {list}", "{n} oddities: {list}", odd),
    ];
    let mut texts = Vec::new();
    for (one, many, counts) in rows.iter().filter(|(_, _, counts)| !counts.is_empty()) {
        let sum = counts.iter().map(|(_, n)| n).sum();
        let list = Text::list(", ", counts.iter().map(|(code, n)| format!("{code} {}", grouped(*n))));
        texts.push(Text::count(sum, one, many).with("list", list));
    }
    if facts.duplicates > 0 {
        texts.push(Text::count(
            facts.duplicates,
            "{n} datagram or segment was seen twice almost at once; the copies are not counted as retransmissions",
            "{n} datagrams or segments were seen twice almost at once; the copies are not counted as retransmissions",
        ));
    }
    texts
}
