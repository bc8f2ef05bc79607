//! Findings by severity with the calls that they are about, and findings about a capture as a whole.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{call, capture, heading, left_out};
use crate::call::CallNumber;
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Text, grouped};
use crate::limits;
use crate::provenance::Timestamp;
use crate::report::phrases;
use crate::report::text::View;

/// Numbers kept of the calls of one kind.
const CALLS: usize = 200;
/// Links to calls that are shown with everything.
const LINKS: usize = 5;

/// Kinds of findings about calls.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kinds: BTreeMap<(Reverse<Severity>, &'static str), Kind>,
    uncounted: u64,
}

#[derive(Debug)]
struct Kind {
    calls: u64,
    numbers: Vec<CallNumber>,
    /// What the first one says.
    message: Text,
    remedy: Option<Text>,
}

impl Findings {
    /// Takes note of the findings of a call; what follows from another one is told there.
    pub(super) fn call(&mut self, report: &CallReport) {
        let mut seen = BTreeSet::new();
        for finding in report.findings.iter().filter(|f| f.consequence_of.is_none()) {
            let key = (Reverse(finding.severity), finding.code);
            if !seen.insert(key) {
                continue;
            }
            if self.kinds.len() >= limits::NOTE_CODES && !self.kinds.contains_key(&key) {
                self.uncounted += 1;
                continue;
            }
            let kind = self.kinds.entry(key).or_insert_with(|| Kind {
                calls: 0,
                numbers: Vec::new(),
                message: finding.message.clone(),
                remedy: finding.remediation.first().cloned(),
            });
            kind.calls += 1;
            if kind.numbers.len() < CALLS {
                kind.numbers.push(report.call.number);
            }
        }
    }

    /// `about` are the findings about the capture; `shown` the calls that can be linked to.
    pub(super) fn write(&self, view: &View, about: &[Finding], shown: &BTreeSet<CallNumber>) -> Markup {
        let mut about: Vec<_> = about.iter().collect();
        about.sort_by_key(|f| Reverse(f.severity));
        html! {
            @if !self.kinds.is_empty() || !about.is_empty() {
                (heading(&format!("findings-{}", capture(view)), &view.say("Findings"), ""))
            }
            @if !about.is_empty() {
                h4 { (view.say("About the capture as a whole")) }
                @for finding in about { (about_capture(view, finding)) }
            }
            @if !self.kinds.is_empty() {
                h4 { (view.say("About calls")) }
                div.wide { table.findings {
                    thead { tr {
                        th scope="col" { (view.say("Severity")) }
                        th scope="col" { (view.say("Code")) }
                        th scope="col" { (view.say("Calls")) }
                        th scope="col" { (view.say("What happened, and what to change (of the first call)")) }
                    } }
                    tbody { @for ((Reverse(severity), code), kind) in &self.kinds { (kind.row(view, *severity, code, shown)) } }
                } }
                (left_out(view, self.uncounted, Text::new("{n} more of further kinds")))
            }
        }
    }
}

impl Kind {
    fn row(&self, view: &View, severity: Severity, code: &str, shown: &BTreeSet<CallNumber>) -> Markup {
        let links: Vec<_> = self.numbers.iter().filter(|number| shown.contains(number)).take(LINKS).collect();
        html! {
            tr {
                td { (chip(view, severity)) }
                td { code { (code) } }
                td.n { (grouped(self.calls)) }
                td {
                    p { (view.say(&self.message)) }
                    @if let Some(remedy) = &self.remedy { p { strong { (view.say("Change")) } " " (view.say(remedy)) } }
                    p.less {
                        @for number in links {
                            a href={ "#call-" (capture(view)) "-" (number.0) } {
                                (view.say(Text::new("Call {n}").with("n", number.0)))
                            }
                            " "
                        }
                        @if self.calls > 1 { (view.say(phrases::numbers(&self.numbers, self.calls))) }
                    }
                }
            }
        }
    }
}

/// The severity as a word, with a colour that repeats it.
pub(super) fn chip(view: &View, severity: Severity) -> Markup {
    html! { span.chip.{ "s-" (severity.name()) } { (view.say(severity.name())) } }
}

fn about_capture(view: &View, finding: &Finding) -> Markup {
    let start = finding.evidence.first().map_or(Timestamp::default(), |e| e.time);
    html! {
        article.about {
            (call::finding(view, finding, start))
            @if finding.calls_total > 0 { p { (view.say(phrases::numbers(&finding.calls, finding.calls_total))) } }
        }
    }
}
