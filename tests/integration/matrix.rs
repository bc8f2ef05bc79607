//! Every rule over every sample: what is found where, in one file, `matrix.txt`. A rule that begins to fire in somebody else's sample, or
//! to be silent in its own, shows as a difference.

use std::fmt::Write as _;

use sipscan::diagnosis::rules::RULES;
use sipscan::diagnosis::{CallReport, Finding};

use crate::common::{Analysed, bless, samples};

fn described(finding: &Finding) -> String {
    let code = format!("{} {:?}", finding.code, finding.severity).to_lowercase();
    let calls = if finding.calls_total > 0 { format!(" [{} calls]", finding.calls_total) } else { String::new() };
    let root = finding.consequence_of.map(|root| format!(" (from {root})")).unwrap_or_default();
    format!("{code}{calls}{root}")
}

fn call(report: &CallReport) -> String {
    let call = &report.call;
    let method = call.transactions.first().map_or("?", |t| t.method.name());
    let detail = call.outcome_detail.map(|detail| format!(" ({})", detail.name())).unwrap_or_default();
    let root = report.root_cause.map(|root| format!(", because of {root}")).unwrap_or_default();
    let head = format!("  {} {method} {}{detail}{root}", call.number.0, call.outcome.name());
    let findings = report.findings.iter().map(described);
    [head].into_iter().chain(findings).collect::<Vec<_>>().join("\n      ")
}

/// One block a sample: its calls with outcome, root cause and findings, then what was found about the capture.
fn block(name: &str, analysed: &Analysed) -> String {
    let mut text = format!("{name}\n");
    let mut calls: Vec<String> = analysed.calls.iter().map(call).collect();
    // Thirty calls of one kind need not fill the page.
    let all = calls.len();
    calls.truncate(12);
    for line in &calls {
        let _ = writeln!(text, "{line}");
    }
    if all > calls.len() {
        let _ = writeln!(text, "  … {} more calls", all - calls.len());
    }
    for finding in &analysed.capture {
        let _ = writeln!(text, "  capture: {}", described(finding));
    }
    text
}

#[test]
fn every_rule_over_every_sample() {
    let blocks: Vec<String> = samples().iter().map(|(name, flow)| block(name, &Analysed::of(name, flow))).collect();
    bless("tests/integration/matrix.txt", &blocks.join("\n"));
}

#[test]
fn every_rule_finds_its_sample_and_lets_its_near_miss_alone() {
    let samples = samples();
    for rule in RULES {
        for (kind, expected) in [("capture", true), ("near-miss", false)] {
            let prefix = format!("{}/{kind}", rule.code);
            let mut seen = 0;
            for (name, flow) in samples.iter().filter(|(name, _)| name.starts_with(&prefix)) {
                seen += 1;
                let found = Analysed::of(name, flow).codes().contains(rule.code);
                assert!(found == expected, "{name}: {}", if expected { "not found" } else { "found" });
            }
            assert!(seen > 0, "{prefix} is missing");
        }
    }
}

#[test]
fn the_same_flow_gives_the_same_report() {
    for (name, flow) in samples() {
        assert!(block(&name, &Analysed::of(&name, &flow)) == block(&name, &Analysed::of(&name, &flow)), "{name}");
    }
}
