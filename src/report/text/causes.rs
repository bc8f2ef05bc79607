//! "3 causes explain 97 % of 12,000 failures".

use super::numbers::percent;
use super::page::{Page, Tone};
use super::{Markup, View};
use crate::catalog;
use crate::diagnosis::Severity;
use crate::lang::{Fill, Text, grouped};
use crate::report::clusters::{Cause, Cluster, Clusters};

/// Causes shown; the rest is counted.
const SHOWN: usize = 10;

/// The table of causes; only where failures share some.
pub(super) fn write(page: &mut Page, view: &View, clusters: &Clusters) {
    let (failures, ranked) = (clusters.failures(), clusters.ranked());
    let shared: Vec<_> = ranked.iter().filter(|cluster| cluster.calls() > 1).collect();
    if shared.is_empty() {
        return;
    }
    let shown = shared.get(..SHOWN).unwrap_or(&shared);
    page.heading("Causes", headline(shown, failures));
    for (at, cluster) in shown.iter().enumerate() {
        entry(page, view, at + 1, cluster, failures);
    }
    let more = failures - shown.iter().map(|cluster| cluster.calls()).sum::<u64>();
    if more > 0 {
        let others = Text::count(
            more,
            "{n} more failure has another cause{beyond}",
            "{n} more failures have other causes{beyond}",
        );
        let beyond = match clusters.unclustered() {
            0 => Text::default(),
            n => Text::new(" ({n} of them beyond the limit on causes)").with("n", grouped(n)),
        };
        page.paragraph(2, Tone::Quiet, others.with("beyond", beyond));
    }
}

/// What the causes that are shown explain together.
pub(in crate::report) fn headline(shown: &[&Cluster<'_>], failures: u64) -> Text {
    let explained: u64 = shown.iter().map(|cluster| cluster.calls()).sum();
    let of = Text::count(failures, "{n} failure", "{n} failures");
    let n = shown.len() as u64;
    // What is a guess explains nothing yet.
    let text = match (explained == failures, shown.iter().all(|cluster| cluster.is_guess())) {
        (true, false) => Text::count(n, "{n} cause explains all {failures}", "{n} causes explain all {failures}"),
        (true, true) => Text::count(n, "{n} cause may explain all {failures}", "{n} causes may explain all {failures}"),
        (false, false) => {
            Text::count(n, "{n} cause explains {share} of {failures}", "{n} causes explain {share} of {failures}")
        }
        (false, true) => Text::count(
            n,
            "{n} cause may explain {share} of {failures}",
            "{n} causes may explain {share} of {failures}",
        ),
    };
    let text = if explained == failures { text } else { text.with("share", percent(explained, failures)) };
    text.with("failures", of)
}

fn entry(page: &mut Page, view: &View, rank: usize, cluster: &Cluster<'_>, failures: u64) {
    let head = Text::count(cluster.calls(), "{n} failure ({share}): {what}", "{n} failures ({share}): {what}");
    let head = head.with("share", percent(cluster.calls(), failures)).with("what", what(cluster));
    page.hanging(Text::verbatim(format!("  {rank:>2}.")), 6, Tone::Level(Severity::Error), head);
    let frames: Vec<_> = cluster.examples().iter().map(|e| view.frame(e.capture, e.frame)).collect();
    if let (Some(remedy), Some(first)) = (cluster.remedy(), frames.first()) {
        let text = Text::new("Change (at frame {frame}): {text}").with("frame", first);
        let said = page.say(remedy);
        let text = match view.paper.markup {
            Markup::Plain => text.with("text", first_sentence(&said)),
            // Words and values must stay apart.
            Markup::Markdown => text.with("text", remedy),
        };
        page.paragraph(6, Tone::Plain, text);
    }
    let text = Text::new(if frames.len() == 1 { "{span}; frame {frames}" } else { "{span}; frames {frames}" });
    let text = text.with("span", view.span(cluster.first_time(), cluster.last_time()));
    page.paragraph(6, Tone::Quiet, text.with("frames", Text::list(", ", frames)));
}

/// The details have the rest.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map(|at| at + 1).or_else(|| text.find('。').map(|at| at + '。'.len_utf8()));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// `redirect-loop; 301 Moved Permanently from 192.0.2.1 (Server/1.0), Q.850;cause=22; called +1215555xxxx`.
pub(in crate::report) fn what(cluster: &Cluster<'_>) -> Text {
    let cause = cluster.cause;
    let called = cluster.number_pattern().map(|pattern| Text::new("called {pattern}").with("pattern", pattern).fill());
    let parts = cause.code.map(Fill::fill).into_iter().chain([answer(cause).fill()]).chain(called);
    Text::list("; ", parts)
}

fn answer(cause: &Cause) -> Text {
    let answer = match (cause.status, cause.host) {
        (Some(_), Some(_)) => Text::new("{status}{method} from {host}{software}{reason}"),
        (Some(_), None) => Text::new("{status}{method}{software}{reason}"),
        (None, Some(_)) => Text::new("no answer{method} from {host}"),
        (None, None) => Text::new("no answer{method}"),
    };
    let method = cause.method.as_deref().filter(|method| *method != "INVITE");
    let mut answer =
        answer.with("method", optional(method.map(|method| Text::new(" to {method}").with("method", method))));
    if let Some(status) = cause.status {
        let phrase = catalog::lookup(status).map_or("", |entry| entry.phrase);
        let software = cause.software.as_ref().map(|name| Text::new(" ({software})").with("software", name));
        let reason = cause.reason.as_ref().map(|reason| Text::new(", {reason}").with("reason", reason));
        answer = answer.with("status", format!("{status:03} {phrase}").trim_end());
        answer = answer.with("software", optional(software)).with("reason", optional(reason));
    }
    match cause.host {
        Some(host) => answer.with("host", host),
        None => answer,
    }
}

fn optional(text: Option<Text>) -> Text {
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{first_sentence, headline};
    use crate::diagnosis::reports::reports;
    use crate::report::clusters::Clusters;

    #[test]
    fn who_decided_may_be_a_guess_where_the_response_is_none() {
        let mut clusters = Clusters::default();
        for report in &reports(include_str!("../../../samples/blanket-607/near-miss.txt")) {
            clusters.call(report, 0);
        }
        let ranked = clusters.ranked();
        let shared: Vec<_> = ranked.iter().filter(|cluster| cluster.calls() > 1).collect();
        assert_eq!(headline(&shared, clusters.failures()).to_string(), "1 cause explains all 6 failures");
    }

    #[test]
    fn a_guess_explains_nothing_yet() {
        // One INVITE without a visible response may have been answered elsewhere; one that was repeated to the end was not.
        for (again, other, expected) in [
            ("", "", "1 cause may explain all 2 failures"),
            ("", "2 a > c call=3\nINVITE sip:c\n\n", "1 cause may explain 67 % of 3 failures"),
            (" repeat=0.5,1.5,3.5,7.5,15.5,31.5", "", "1 cause explains all 2 failures"),
        ] {
            let call = |number: u8| format!("{number} a > b call={number}{again}\nINVITE sip:b\n\n");
            let hosts = "host a 192.0.2.10\nhost b 203.0.113.40\nhost c 203.0.113.41\n\n";
            let known = "40 b > a call=known\nOPTIONS sip:a\n\n40.1 a > b call=known\n200 OK\n\n";
            let mut clusters = Clusters::default();
            for report in &reports(&format!("{hosts}{}{}{other}{known}", call(0), call(1))) {
                clusters.call(report, 0);
            }
            let ranked = clusters.ranked();
            let shared: Vec<_> = ranked.iter().filter(|cluster| cluster.calls() > 1).collect();
            assert_eq!(headline(&shared, clusters.failures()).to_string(), expected);
        }
    }

    #[test]
    fn the_first_sentence_ends_with_its_full_stop() {
        for (text, first) in [
            ("Remove it from 192.0.2.1. Then call.", "Remove it from 192.0.2.1."),
            ("从 192.0.2.1 删除该路由。然后重新呼叫。", "从 192.0.2.1 删除该路由。"),
            ("no end", "no end"),
        ] {
            assert_eq!(first_sentence(text), first);
        }
    }
}
