//! The report as SARIF 2.1.0, the format in which code hosts and editors take findings: each diagnosis is a rule with its
//! explanation, each finding a result. Written as calls close; at most [`limits::SARIF_RESULTS`], and the file says when there were more.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::phrases::{self, Place};
use super::view::KpiView;
use super::{CaptureFacts, Sink, Summary, escape};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Fill, Lang, Text, grouped};
use crate::limits;

mod result;
mod rules;
#[cfg(test)]
mod tests;

/// Writes SARIF.
pub struct SarifSink {
    out: Box<dyn Write>,
    lang: Lang,
    begun: bool,
    place: Place,
    /// All files so far, each once: one that is read twice is one artifact (§3.14.15).
    files: Vec<String>,
    /// The place of each in that list.
    places: BTreeMap<String, usize>,
    /// The places of the files of the capture at hand.
    here: Vec<usize>,
    written: Written,
    notifications: Vec<Value>,
    failed: bool,
}

/// Results that are in the file, and those that are not.
#[derive(Debug, Default)]
struct Written {
    all: u64,
    small: u64,
    beyond: u64,
}

impl Written {
    /// Whether there is room for one more; what is below warning must leave some.
    fn has_room(&mut self, severity: Severity) -> bool {
        let small = severity < Severity::Warning;
        let room = self.all < limits::SARIF_RESULTS && !(small && self.small >= limits::SARIF_RESULTS / 5);
        self.all += u64::from(room);
        self.small += u64::from(room && small);
        self.beyond += u64::from(!room);
        room
    }
}

impl SarifSink {
    /// Makes a sink whose sentences are in `lang`; nothing is written yet.
    pub fn new(out: Box<dyn Write>, lang: Lang) -> Self {
        Self {
            out,
            lang,
            begun: false,
            place: Place::utc(),
            files: Vec::new(),
            places: BTreeMap::new(),
            here: Vec::new(),
            written: Written::default(),
            notifications: Vec::new(),
            failed: false,
        }
    }

    /// What stands in front of the results: the tool and its rules.
    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
        write!(self.out, "{{\"$schema\":\"{schema}\",\"version\":\"2.1.0\",\"runs\":[{{\n\"tool\":")?;
        escape::json(&mut self.out, &json!({ "driver": rules::driver(self.lang) }))?;
        let language = match self.lang {
            Lang::En => "en-US",
            Lang::ZhCn => self.lang.tag(),
        };
        write!(self.out, ",\n\"language\":\"{language}\",\"columnKind\":\"utf16CodeUnits\",\n\"results\":[")
    }

    fn result(&mut self, finding: &Finding, report: Option<&CallReport>) -> io::Result<()> {
        if !self.written.has_room(finding.severity) {
            return Ok(());
        }
        self.out.write_all(if self.written.all == 1 { b"\n" } else { b",\n" })?;
        let context = result::Context { place: &self.place, files: &self.here, lang: self.lang };
        escape::json(&mut self.out, &context.result(finding, report))
    }

    fn say(&self, text: impl Fill) -> String {
        Text::new("{}").with("", text).in_lang(self.lang).to_string()
    }

    fn notify(&mut self, level: &str, text: &str, file: Option<usize>) {
        let locations = file.and_then(|index| self.files.get(index).map(|path| (index, path))).map(|(index, path)| {
            json!([{ "physicalLocation": { "artifactLocation": { "uri": result::uri(path), "index": index } } }])
        });
        self.notifications.push(result::object([
            ("level", Some(level.into())),
            ("message", Some(json!({ "text": result::unlinked(text) }))),
            ("locations", locations),
        ]));
    }
}

impl Sink for SarifSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.here.clear();
        for file in files {
            let next = self.files.len();
            let place = *self.places.entry(file.clone()).or_insert(next);
            if place == next {
                self.files.push(file.clone());
            }
            self.here.push(place);
        }
        self.place.files = files.to_vec();
        self.begin()
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        report.findings.iter().try_for_each(|finding| self.result(finding, Some(report)))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        findings.iter().try_for_each(|finding| self.result(finding, None))?;
        self.failed |= facts.error.is_some();
        let level = if facts.error.is_some() { "error" } else { "warning" };
        for reason in &facts.incomplete_reasons() {
            let text = self.say(reason);
            self.notify(level, &text, self.here.first().copied());
        }
        if let Some(ignored) = phrases::ignored(summary) {
            let text = self.say(ignored);
            self.notify("note", &text, self.here.first().copied());
        }
        if let Some(filtered) = &summary.filtered {
            let text = self.say(phrases::filtered(filtered, summary));
            self.notify("note", &text, self.here.first().copied());
        }
        Ok(())
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        self.begin()?;
        if self.written.beyond > 0 {
            let text = Text::count(
                self.written.beyond,
                "{n} more finding is not in this file: it holds at most {limit} results (SARIF_RESULTS); JSON and CSV have all.",
                "{n} more findings are not in this file: it holds at most {limit} results (SARIF_RESULTS); JSON and CSV have all.",
            );
            let text = self.say(text.with("limit", grouped(limits::SARIF_RESULTS)));
            self.notify("warning", &text, None);
        }
        let artifact = |path: &String| json!({ "location": { "uri": result::uri(path) }, "roles": ["analysisTarget"] });
        let artifacts: Vec<Value> = self.files.iter().map(artifact).collect();
        let invocation = json!({
            "executionSuccessful": !self.failed,
            "toolExecutionNotifications": std::mem::take(&mut self.notifications),
        });
        self.out.write_all(b"],\n\"artifacts\":")?;
        escape::json(&mut self.out, &artifacts)?;
        self.out.write_all(b",\n\"invocations\":")?;
        escape::json(&mut self.out, &[invocation])?;
        if let Some(kpis) = &total.kpis {
            self.out.write_all(b",\n\"properties\":")?;
            escape::json(&mut self.out, &json!({ "kpi": KpiView::new(kpis) }))?;
        }
        self.out.write_all(b"}]}\n")?;
        self.out.flush()
    }
}
