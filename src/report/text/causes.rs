//! "3 causes explain 97 % of 12,000 failures".

use super::View;
use super::page::{Page, Tone, count, number, percent};
use crate::catalog;
use crate::diagnosis::Severity;
use crate::report::clusters::{Cluster, Clusters};

/// Causes shown; the rest is counted.
const SHOWN: usize = 10;

/// The table of causes; only where failures share some.
pub(super) fn write(page: &mut Page, view: &View, clusters: &Clusters) {
    let ranked = clusters.ranked();
    if ranked.first().is_none_or(|largest| largest.calls() == 1) {
        return;
    }
    page.heading("Causes", &headline(&ranked, clusters.failures()));
    for (at, cluster) in ranked.iter().take(SHOWN).enumerate() {
        entry(page, view, at + 1, cluster, clusters.failures());
    }
    let more: u64 = ranked.iter().skip(SHOWN).map(Cluster::calls).sum::<u64>() + clusters.unclustered();
    if more > 0 {
        let causes = count(ranked.len().saturating_sub(SHOWN) as u64, "more cause", "more causes");
        let unclustered = match clusters.unclustered() {
            0 => String::new(),
            n => format!(", {} of them beyond the limit on causes", number(n)),
        };
        page.paragraph(2, Tone::Quiet, &format!("{causes} with {}{unclustered}", count(more, "failure", "failures")));
    }
}

/// As many causes as it takes to explain nine failures in ten, but not more than are shown.
fn headline(ranked: &[Cluster<'_>], failures: u64) -> String {
    let (mut causes, mut explained) = (0, 0);
    for cluster in ranked.iter().take(SHOWN) {
        causes += 1;
        explained += cluster.calls();
        if explained * 10 >= failures * 9 {
            break;
        }
    }
    let explain = if causes == 1 { "explains" } else { "explain" };
    let share = if explained == failures { "all".to_owned() } else { format!("{} of", percent(explained, failures)) };
    format!("{} {explain} {share} {}", count(causes, "cause", "causes"), count(failures, "failure", "failures"))
}

fn entry(page: &mut Page, view: &View, rank: usize, cluster: &Cluster<'_>, failures: u64) {
    let calls = count(cluster.calls(), "failure", "failures");
    let head = format!("{calls} ({}): {}", percent(cluster.calls(), failures), what(cluster));
    page.hanging(&format!("  {rank:>2}."), 6, Tone::Level(Severity::Error), &head);
    if let Some(remedy) = cluster.remedy() {
        page.paragraph(6, Tone::Plain, &format!("Change: {remedy}"));
    }
    let frames: Vec<_> = cluster.examples().iter().map(|e| view.frame(e.capture, e.frame)).collect();
    let word = if frames.len() == 1 { "frame" } else { "frames" };
    page.paragraph(
        6,
        Tone::Quiet,
        &format!("{}; {word} {}", view.span(cluster.first_time(), cluster.last_time()), frames.join(", ")),
    );
}

/// `redirect-loop; 301 Moved Permanently from 192.0.2.1 (Server/1.0), Q.850;cause=22; called +1215555xxxx`.
fn what(cluster: &Cluster<'_>) -> String {
    let cause = cluster.cause;
    let mut parts: Vec<String> = cause.code.map(str::to_owned).into_iter().collect();
    let answer = match cause.status {
        Some(status) => format!("{status:03} {}", catalog::lookup(status).map_or("", |entry| entry.phrase)),
        None => "no answer".to_owned(),
    };
    let host = cause.host.map_or(String::new(), |host| format!(" from {host}"));
    let software = cause.software.as_ref().map_or(String::new(), |software| format!(" ({software})"));
    let reason = cause.reason.as_ref().map_or(String::new(), |reason| format!(", {reason}"));
    parts.push(format!("{}{host}{software}{reason}", answer.trim_end()));
    parts.extend(cluster.number_pattern().map(|pattern| format!("called {pattern}")));
    parts.join("; ")
}
