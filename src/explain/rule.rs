//! The page of one diagnosis.

use super::page::Page;
use crate::diagnosis::{Detect, Explanation, Rule, Severity};

pub(super) fn write(rule: &Rule, page: &mut Page) {
    page.title(rule.code);
    page.paragraph(rule.summary);
    let scope = match rule.detect {
        Detect::Call(_) => "looks at one call",
        Detect::Capture(_) => "looks at the whole capture",
    };
    page.paragraph(&format!("Severity: {} by default; {scope}.", severity(rule.severity)));
    for (heading, text) in headings(&rule.explanation) {
        page.heading(heading);
        page.prose(text);
    }
    page.heading("References");
    page.bullet(&rule.references.join(", "));
    page.heading("Sample");
    page.paragraph(&format!(
        "samples/{0}/capture.pcap shows it; samples/{0}/near-miss.pcap looks alike and is none.",
        rule.code
    ));
}

/// The fixed headings of an explanation with their texts, in order.
pub(super) fn headings(explanation: &Explanation) -> [(&'static str, &'static str); 6] {
    [
        ("What it means", explanation.what_it_means),
        ("Why it matters", explanation.why_it_matters),
        ("Likely causes", explanation.likely_causes),
        ("How to fix", explanation.how_to_fix),
        ("How to confirm", explanation.how_to_confirm),
        ("When this is wrong", explanation.when_this_is_wrong),
    ]
}

/// The word that reports use.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}
