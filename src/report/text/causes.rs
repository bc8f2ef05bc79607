//! "3 causes explain 97 % of 12,000 failures".

use super::View;
use super::numbers::{count, number, percent};
use super::page::{Page, Tone};
use crate::catalog;
use crate::diagnosis::Severity;
use crate::report::clusters::{Cluster, Clusters};

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
    page.heading("Causes", &headline(shown, failures));
    for (at, cluster) in shown.iter().enumerate() {
        entry(page, view, at + 1, cluster, failures);
    }
    let more = failures - shown.iter().map(|cluster| cluster.calls()).sum::<u64>();
    if more > 0 {
        let failures = count(more, "more failure has another cause", "more failures have other causes");
        let beyond = match clusters.unclustered() {
            0 => String::new(),
            n => format!(" ({} of them beyond the limit on causes)", number(n)),
        };
        page.paragraph(2, Tone::Quiet, &format!("{failures}{beyond}"));
    }
}

/// What the causes that are shown explain together.
fn headline(shown: &[&Cluster<'_>], failures: u64) -> String {
    let explained: u64 = shown.iter().map(|cluster| cluster.calls()).sum();
    let explain = if shown.len() == 1 { "explains" } else { "explain" };
    let share = if explained == failures { "all".to_owned() } else { format!("{} of", percent(explained, failures)) };
    format!(
        "{} {explain} {share} {}",
        count(shown.len() as u64, "cause", "causes"),
        count(failures, "failure", "failures")
    )
}

fn entry(page: &mut Page, view: &View, rank: usize, cluster: &Cluster<'_>, failures: u64) {
    let calls = count(cluster.calls(), "failure", "failures");
    let head = format!("{calls} ({}): {}", percent(cluster.calls(), failures), what(cluster));
    page.hanging(&format!("  {rank:>2}."), 6, Tone::Level(Severity::Error), &head);
    let frames: Vec<_> = cluster.examples().iter().map(|e| view.frame(e.capture, e.frame)).collect();
    if let (Some(remedy), Some(first)) = (cluster.remedy(), frames.first()) {
        page.paragraph(6, Tone::Plain, &format!("Change (at frame {first}): {}", first_sentence(remedy)));
    }
    let word = if frames.len() == 1 { "frame" } else { "frames" };
    page.paragraph(
        6,
        Tone::Quiet,
        &format!("{}; {word} {}", view.span(cluster.first_time(), cluster.last_time()), frames.join(", ")),
    );
}

/// The details have the rest.
fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|end| text.get(..=end)).unwrap_or(text)
}

/// `redirect-loop; 301 Moved Permanently from 192.0.2.1 (Server/1.0), Q.850;cause=22; called +1215555xxxx`.
fn what(cluster: &Cluster<'_>) -> String {
    let cause = cluster.cause;
    let mut parts: Vec<String> = cause.code.map(str::to_owned).into_iter().collect();
    let answer = match cause.status {
        Some(status) => format!("{status:03} {}", catalog::lookup(status).map_or("", |entry| entry.phrase)),
        None => "no answer".to_owned(),
    };
    let method = cause.method.as_deref().filter(|method| *method != "INVITE");
    let method = method.map_or(String::new(), |method| format!(" to {method}"));
    let host = cause.host.map_or(String::new(), |host| format!(" from {host}"));
    let software = cause.software.as_ref().map_or(String::new(), |software| format!(" ({software})"));
    let reason = cause.reason.as_ref().map_or(String::new(), |reason| format!(", {reason}"));
    parts.push(format!("{}{method}{host}{software}{reason}", answer.trim_end()));
    parts.extend(cluster.number_pattern().map(|pattern| format!("called {pattern}")));
    parts.join("; ")
}
