//! One call in full: how it went across all its hosts, every finding, and, if asked for, every message. Written as calls close.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::diagram::Diagram;
use super::overview::LABEL;
use super::page::{Page, Tone};
use super::{TextOptions, View, detail, ladder};
use crate::call::CapturedMessage;
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::Text;
use crate::provenance::FrameRef;
use crate::report::{CaptureFacts, Sink, Summary, facts, phrases};

/// Writes the calls that the filter selects, each in full.
pub struct CallSink {
    out: Box<dyn Write>,
    view: View,
    /// Whether the text of the messages is shown.
    verbose: bool,
}

impl CallSink {
    /// Makes a sink; nothing is written yet.
    pub fn new(out: Box<dyn Write>, options: TextOptions, verbose: bool) -> Self {
        let (view, _) = View::new(options);
        Self { out, view, verbose }
    }

    fn whole(&self, page: &mut Page, report: &CallReport) {
        title(page, report);
        let lead = facts::root_finding(report).or(report.findings.first());
        detail::sentence(page, report, lead);
        page.blank();
        drawn(page, &self.view, report);
        if self.verbose {
            report.call.messages.iter().for_each(|captured| self.message(page, captured));
        }
        detail::about_call(page, &self.view, report, lead);
    }

    fn message(&self, page: &mut Page, captured: &CapturedMessage) {
        let provenance = &captured.provenance;
        let text = Text::new("Frame {frame}, {at}, {source} → {destination}")
            .with("frame", self.view.frame_here(provenance.frame))
            .with("at", self.view.moment(provenance.time, provenance.time))
            .with("source", self.view.endpoint(provenance.flow.source))
            .with("destination", self.view.endpoint(provenance.flow.destination));
        page.paragraph(2, Tone::Strong, text);
        if let Some(carrier) = provenance.carrier.as_deref() {
            page.paragraph(2, Tone::Quiet, phrases::carrier(carrier));
        }
        let raw = String::from_utf8_lossy(captured.message.raw());
        for line in raw.trim_end().split('\n').map(|line| line.trim_end_matches('\r')) {
            if line.is_empty() {
                page.blank();
            } else {
                page.paragraph(4, Tone::Quote, Text::verbatim(line));
            }
        }
        page.blank();
    }
}

fn title(page: &mut Page, report: &CallReport) {
    let title = Text::new("{name}: {parties}").with("name", phrases::name(&report.call));
    page.title(title.with("parties", phrases::parties(&report.call)));
}

/// When it was, under which Call-IDs, and how it went across its hosts.
fn drawn(page: &mut Page, view: &View, report: &CallReport) {
    ladder::head(page, view, report, 0);
    for id in report.call.legs.iter().filter_map(|leg| facts::lossy(leg.call_id.as_deref())) {
        page.paragraph(2, Tone::Quiet, Text::new("Call-ID {id}").with("id", &*id));
    }
    page.blank();
    let cited: BTreeSet<FrameRef> = report.findings.iter().flat_map(|f| &f.evidence).map(|e| e.frame).collect();
    page.across(|page| Diagram::new(view, &report.call, &cited).write(page));
}

/// The ladder of a call without its findings.
pub(in crate::report) fn ladder(view: &View, report: &CallReport) -> String {
    let mut page = view.page();
    title(&mut page, report);
    drawn(&mut page, view, report);
    page.into_text()
}

impl Sink for CallSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.view.begin_capture(index, files);
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let mut page = self.view.page();
        self.whole(&mut page, report);
        self.out.write_all(page.into_text().as_bytes())?;
        self.out.flush()
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, _findings: &[Finding]) -> io::Result<()> {
        if self.view.is_told(facts) {
            return Ok(());
        }
        let mut page = self.view.page();
        page.blank();
        page.hanging("Capture", LABEL, Tone::Strong, Text::verbatim(&facts.path));
        for reason in facts.incomplete_reasons() {
            page.hanging("INCOMPLETE", 12, Tone::Level(Severity::Warning), reason);
        }
        if let Some(filtered) = &summary.filtered {
            page.hanging("Shown", LABEL, Tone::Plain, phrases::filtered(filtered, summary));
        }
        self.out.write_all(page.into_text().as_bytes())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::report::sample::{Buffer, calls, hostile};
    use crate::wrap::display_width;

    fn shown(report: &CallReport, width: usize, lang: Lang, verbose: bool) -> String {
        let out = Buffer::default();
        let options = TextOptions { width, lang, ..TextOptions::default() };
        let mut sink = CallSink::new(Box::new(out.clone()), options, verbose);
        sink.begin_capture(0, &["trace.pcap".to_owned()]).unwrap();
        sink.call(report).unwrap();
        out.text()
    }

    #[test]
    fn arrows_lead_from_host_to_host_and_copies_are_folded() {
        let text = shown(&calls()[1], 100, Lang::En, false);
        let line = |frame: &str| {
            let is = |l: &&str| l.split_whitespace().nth(1).is_some_and(|word| word.trim_end_matches('*') == frame);
            text.lines().find(is).unwrap_or_else(|| panic!("{frame}: {text}")).to_owned()
        };
        assert!(line("11").contains("│─INVITE") && line("11").contains("→│"), "{text}");
        assert!(line("12").contains("│←301 Moved Perma"), "{text}");
        assert!(line("14").contains("×7 in"), "{text}");
        assert!(text.contains("*: evidence of a finding"), "{text}");
        for finding in &calls()[1].findings {
            assert!(text.contains(finding.code), "{}", finding.code);
        }
    }

    #[test]
    fn whatever_is_in_it_lines_keep_within_the_width() {
        let mut all = calls();
        all.push(hostile("\x1b[2J\n王王王\u{202e}"));
        for (report, width, lang) in
            all.iter().flat_map(|r| [(r, 80, Lang::En), (r, 120, Lang::En), (r, 80, Lang::ZhCn)])
        {
            let text = shown(report, width, lang, true);
            assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
            let ladder = text.lines().filter(|line| line.contains('│'));
            assert!(ladder.clone().count() > 0 || text.contains(" → "), "{text}");
            assert!(ladder.clone().all(|line| display_width(line) <= width), "{text}");
        }
    }

    #[test]
    fn messages_are_shown_when_asked_for() {
        let report = &calls()[1];
        assert!(!shown(report, 100, Lang::En, false).contains("CSeq"));
        let text = shown(report, 100, Lang::En, true);
        assert_eq!(text.matches("CSeq:").count(), report.call.messages.len(), "{text}");
    }
}
