//! The page of one diagnosis.

use super::page::Page;
use super::view::{Diagnosis, Scope};
use crate::diagnosis::Severity;
use crate::lang::{Lang, Text};

pub(super) fn write(rule: &Diagnosis, page: &mut Page) {
    text(rule, page);
    let samples =
        Text::new("`samples/{code}/capture.pcap` shows it; `samples/{code}/near-miss.pcap` looks alike and is none.");
    page.heading(page.lang().tr("Sample"));
    page.paragraph(samples.with("code", rule.code).in_lang(page.lang()).to_string());
}

/// All but the samples.
pub(super) fn text(rule: &Diagnosis, page: &mut Page) {
    let lang = page.lang();
    page.title(rule.code);
    page.paragraph(rule.summary);
    let severity = Text::new(match rule.scope {
        Scope::Call => "Severity: {severity} by default; looks at one call.",
        Scope::Capture => "Severity: {severity} by default; looks at the whole capture.",
    });
    page.paragraph(severity.with("severity", severity_name(rule.severity, lang)).in_lang(lang).to_string());
    page.prose(lang.tr("What it means"), rule.what_it_means);
    page.prose(lang.tr("Why it matters"), rule.why_it_matters);
    page.prose(lang.tr("Likely causes"), rule.likely_causes);
    page.prose(lang.tr("How to fix"), rule.how_to_fix);
    page.prose(lang.tr("How to confirm"), rule.how_to_confirm);
    page.prose(lang.tr("When this is wrong"), rule.when_this_is_wrong);
    page.heading(lang.tr("References"));
    page.bullet(rule.references.join(lang.tr(", ")));
}

/// The word that reports use.
pub(super) fn severity_name(severity: Severity, lang: Lang) -> &'static str {
    lang.tr(match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    })
}
