//! The head of a capture's part: completeness, what was read, charts, causes; and its foot.

use maud::{Markup, html};

use super::chart::{self, Bar, Kind};
use super::tally::{STEPS, Tally, Top};
use super::{capture, heading};
use crate::catalog;
use crate::diagnosis::Signing;
use crate::lang::{Text, grouped, span};
use crate::report::clusters::{Cluster, Clusters};
use crate::report::text::numbers::percent;
use crate::report::text::{View, causes, overview};
use crate::report::{CaptureFacts, Summary, encrypted, phrases, without_sip};

/// Entries of a list of who takes part, and causes.
const TOP: usize = 8;
const CAUSES: usize = 10;

/// Everything before findings and calls.
pub(super) fn write(view: &View, facts: &CaptureFacts, summary: &Summary, tally: &Tally) -> Markup {
    html! {
        @for reason in facts.incomplete_reasons() {
            p.incomplete { strong { (view.say("INCOMPLETE")) } " " (view.say(reason)) }
        }
        (heading(&format!("overview-{}", capture(view)), &view.say("Overview"), ""))
        (facts_of(view, facts, summary))
        @if summary.messages > 0 {
            div.charts {
                (final_responses(view, summary))
                (outcomes(view, summary))
                (delays(view, tally))
            }
            (chart::timeline(view, &tally.time))
            (who(view, tally))
            (list_of_causes(view, &summary.clusters))
            (attestation(view, summary))
            (super::kpi::write(view, summary))
        }
    }
}

fn facts_of(view: &View, facts: &CaptureFacts, summary: &Summary) -> Markup {
    let links = Text::list(", ", facts.link_types.iter().map(|(_, name)| name));
    let lost = match facts.dropped {
        0 => Text::default(),
        n => Text::new(" ({n} lost while capturing)").with("n", grouped(n)),
    };
    let frames = Text::count(facts.frames, "{n} frame{lost}", "{n} frames{lost}").with("lost", lost);
    let times = facts.first_time.zip(facts.last_time).map(|(first, last)| {
        let text = Text::new("{times} ({span}); all times are {zone}").with("times", view.span(first, last));
        view.say(text.with("span", span(last.since(first))).with("zone", view.zone(first)))
    });
    html! {
        dl.facts {
            dt { (view.say("Capture")) }
            dd { (view.say(facts.format.clone())) "; " (view.say(links)) "; " (view.say(frames)) }
            @for text in overview::layers(facts) { dd.more { (view.say(text)) } }
            @if let Some(times) = times { dt { (view.say("Time")) } dd { (times) } }
            dt { "SIP" }
            dd { @if summary.messages == 0 { (view.say(without_sip::nothing_read(facts))) } @else { (view.say(overview::read(summary))) } }
            @if summary.messages == 0 {
                @for text in without_sip::instead(facts) { dd.more { (view.say(text)) } }
            }
            @for text in encrypted::sentences(facts) { dd.more { (view.say(text)) } }
            @if let Some(filtered) = &summary.filtered {
                dt { (view.say("Filter")) }
                dd { strong { (view.say(phrases::filtered(filtered, summary))) } }
            }
            @if let Some(text) = phrases::by_settings(summary) { dt { (view.say("Ignored")) } dd { (view.say(text)) } }
            @if let Some(text) = phrases::known(summary) { dt { (view.say("Known")) } dd { (view.say(text)) } }
            @for (country, calls) in &summary.assumed_countries {
                dt { (view.say("Numbers")) }
                dd { (view.say(overview::assumed_words(country, *calls))) }
            }
        }
    }
}

fn final_responses(view: &View, summary: &Summary) -> Markup {
    let mut rows = Vec::new();
    for (class, n) in summary.final_by_class() {
        let kind = Kind::Response(Some(class));
        let label = format!("{} {}", class.digits(), view.say(class.name()));
        rows.push(Bar { sign: Some(kind), label, class: kind.class(), n, failures: None });
    }
    html! {
        @if !rows.is_empty() {
            div {
                (chart::bars(view, &view.say("Final responses"), &rows))
                details { summary { (view.say("by status")) } (by_status(view, summary)) }
            }
        }
    }
}

fn by_status(view: &View, summary: &Summary) -> Markup {
    html! {
        table {
            tbody {
                @for (status, n) in &summary.final_by_status {
                    tr { th scope="row" { (status_words(view, *status)) } td.n { (grouped(*n)) } }
                }
            }
        }
    }
}

fn status_words(view: &View, status: u16) -> String {
    let phrase = catalog::lookup(status).map_or_else(|| view.say("(unknown)"), |entry| entry.phrase.to_owned());
    format!("{status:03} {phrase}")
}

fn outcomes(view: &View, summary: &Summary) -> Markup {
    let mut counts: Vec<_> = summary.outcomes.iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let bar = |(outcome, n): (&crate::call::Outcome, &u64)| {
        let class = if outcome.is_failure() { "bad" } else { "plain" };
        Bar { sign: None, label: view.say(outcome.name()), class, n: *n, failures: None }
    };
    let rows: Vec<_> = counts.into_iter().map(bar).collect();
    html! { @if !rows.is_empty() { div { (chart::bars(view, &view.say("Outcomes of calls"), &rows)) } } }
}

/// How long callers waited for a first sign.
fn delays(view: &View, tally: &Tally) -> Markup {
    let ends: Vec<String> = STEPS.iter().map(|end| span(std::time::Duration::from_millis(*end)).to_string()).collect();
    let label = |at: usize| match (at.checked_sub(1).and_then(|i| ends.get(i)), ends.get(at)) {
        (None, Some(end)) => format!("< {end}"),
        (Some(start), Some(end)) => format!("{start} – {end}"),
        (Some(start), None) => format!("≥ {start}"),
        (None, None) => String::new(),
    };
    let last = tally.delays.iter().rposition(|n| *n > 0).map_or(0, |last| last + 1);
    let bar = |(at, n): (usize, &u64)| Bar { sign: None, label: label(at), class: "plain", n: *n, failures: None };
    let rows: Vec<_> = tally.delays.iter().enumerate().take(last).skip_while(|(_, n)| **n == 0).map(bar).collect();
    let without =
        Text::count(tally.without_delay, "{n} call without such a response", "{n} calls without such a response");
    html! {
        @if !rows.is_empty() {
            div {
                (chart::bars(view, &view.say("Response time: from the first INVITE to ringing or the end"), &rows))
                @if tally.without_delay > 0 { p.less { (view.say(without)) } }
            }
        }
    }
}

fn who(view: &View, tally: &Tally) -> Markup {
    html! {
        div.charts {
            (top(view, &view.say("Callers"), &tally.callers))
            (top(view, &view.say("Callees"), &tally.callees))
            (top(view, &view.say("Peers of first requests"), &tally.peers))
            (top(view, "User-Agent", &tally.software))
        }
    }
}

fn top(view: &View, caption: &str, top: &Top) -> Markup {
    let ranked = top.ranked();
    let bar = |(key, count): &(&str, super::tally::Count)| Bar {
        sign: None,
        label: (*key).to_owned(),
        class: "plain",
        n: count.calls,
        failures: Some(count.failures),
    };
    let rows: Vec<_> = ranked.iter().take(TOP).map(bar).collect();
    let more = ranked.len().saturating_sub(TOP) as u64;
    html! {
        @if !rows.is_empty() {
            div {
                (chart::bars(view, caption, &rows))
                (super::left_out(view, more, Text::new("and {n} more")))
                (super::left_out(view, top.beyond, Text::new("{n} more calls are beyond the limit on this list")))
            }
        }
    }
}

fn list_of_causes(view: &View, clusters: &Clusters) -> Markup {
    let ranked = clusters.ranked();
    let shared: Vec<_> = ranked.iter().filter(|cluster| cluster.calls() > 1).collect();
    let shown = shared.get(..CAUSES).unwrap_or(&shared);
    let failures = clusters.failures();
    html! {
        @if !shown.is_empty() {
            h4 { (view.say("Causes")) " " small { (view.say(causes::headline(shown, failures))) } }
            ol.causes { @for cluster in shown { li { (cause(view, cluster, failures)) } } }
        }
    }
}

fn cause(view: &View, cluster: &Cluster<'_>, failures: u64) -> Markup {
    let head = Text::count(cluster.calls(), "{n} failure ({share}): {what}", "{n} failures ({share}): {what}");
    let head = head.with("share", percent(cluster.calls(), failures)).with("what", causes::what(cluster));
    let frames: Vec<_> = cluster.examples().iter().map(|e| view.frame(e.capture, e.frame)).collect();
    let place = Text::new(if frames.len() == 1 { "{span}; frame {frames}" } else { "{span}; frames {frames}" });
    let place = place.with("span", view.span(cluster.first_time(), cluster.last_time()));
    html! {
        strong { (view.say(head)) }
        @if let Some(remedy) = cluster.remedy() { br; (view.say(remedy)) }
        br;
        small { (view.say(place.with("frames", Text::list(", ", frames)))) }
    }
}

/// Final responses by attestation, where a capture has signed calls or verdicts on callers.
fn attestation(view: &View, summary: &Summary) -> Markup {
    let all = &summary.attestations;
    if !all.is_relevant() {
        return html! {};
    }
    let cells: Vec<_> = all.cells().collect();
    let columns: Vec<Signing> =
        Signing::ALL.into_iter().filter(|s| cells.iter().any(|(cell, _)| cell.signing == *s)).collect();
    let mut statuses: Vec<Option<u16>> = cells.iter().map(|(cell, _)| cell.status).collect();
    statuses.dedup();
    statuses.sort_by_key(Option::is_none);
    let n = |status, signing| {
        let of = cells.iter().filter(|(cell, _)| cell.status == status && cell.signing == signing);
        of.map(|(_, tally)| tally.calls).sum::<u64>()
    };
    let name =
        |status: Option<u16>| status.map_or_else(|| view.say("no final response"), |status| status_words(view, status));
    html! {
        div.wide {
            table {
                caption { (view.say("Final responses by attestation")) }
                thead { tr { td {} @for signing in &columns { th.n scope="col" { (view.say(signed(*signing))) } } } }
                tbody {
                    @for status in &statuses {
                        tr {
                            th scope="row" { (name(*status)) }
                            @for signing in &columns { td.n { (grouped(n(*status, *signing))) } }
                        }
                    }
                }
            }
        }
    }
}

/// How a call is signed, in words.
pub(super) fn signed(signing: Signing) -> Text {
    match signing {
        Signing::Level(level) => Text::verbatim(level.letter()),
        Signing::NoLevel => Text::new("no level"),
        other => Text::new(other.name()),
    }
}

/// The foot: what sipscan passed over, and what is odd about the rest.
pub(super) fn passed_over(view: &View, facts: &CaptureFacts) -> Markup {
    let texts = overview::passed_over(facts);
    html! {
        @if !texts.is_empty() {
            h3 { (view.say("Not analysed, and odd")) }
            ul { @for text in texts { li { (view.say(text)) } } }
        }
    }
}

/// All captures together.
pub(super) fn total(view: &View, summary: &Summary) -> Markup {
    let captures = view.files.len();
    html! {
        section.capture id="total" {
            h2 { (view.say(Text::new("All {n} captures together").with("n", captures))) }
            dl.facts { dt { "SIP" } dd { (view.say(overview::read(summary))) } }
            div.charts { (final_responses(view, summary)) (outcomes(view, summary)) }
            (list_of_causes(view, &summary.clusters))
            (super::kpi::write(view, summary))
            h4 { (view.say("Captures")) }
            ol.captures {
                @for (at, files) in view.files.iter().enumerate() {
                    li { a href={ "#capture-" (at) } { (files.join(", ")) } }
                }
            }
        }
    }
}
