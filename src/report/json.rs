//! The report as one JSON document, described by `docs/report.schema.json`.
//!
//! Calls are written as they close, so memory does not grow with the capture; what is known only at the end follows them.

use std::io::{self, Write};

use serde::Serialize;

use super::escape::{self, JsonBuffer};
use super::view::{CallView, CaptureView, FindingView, Incomplete, Place, SCHEMA_VERSION, SummaryView};
use super::{CaptureFacts, Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::Lang;

/// Writes one JSON document.
pub struct JsonSink {
    out: Box<dyn Write>,
    text: JsonBuffer,
    lang: Lang,
    place: Place,
    files: Vec<String>,
    captures: Vec<CaptureView>,
    findings: Vec<Vec<u8>>,
    begun: bool,
    empty: bool,
}

impl JsonSink {
    /// Makes a sink whose sentences are in `lang`; nothing is written yet.
    pub fn new(out: Box<dyn Write>, lang: Lang) -> Self {
        Self {
            out,
            text: JsonBuffer::default(),
            lang,
            place: Place::default(),
            files: Vec::new(),
            captures: Vec::new(),
            findings: Vec::new(),
            begun: false,
            empty: true,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            write!(self.out, "{{\"schema_version\":{SCHEMA_VERSION},\n\"lang\":\"{}\",\n\"calls\":[", self.lang.tag())?;
        }
        Ok(())
    }

    fn list<T: Serialize>(&mut self, name: &str, values: &[T]) -> io::Result<()> {
        write!(self.out, ",\n\"{name}\":[")?;
        for (at, value) in values.iter().enumerate() {
            self.out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            escape::json(&mut self.out, value)?;
        }
        self.out.write_all(b"]")
    }
}

impl Sink for JsonSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.place = Place { capture: index, merged: files.len() > 1, lang: self.lang };
        self.files = files.to_vec();
        self.begin()
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        self.text.write(&mut self.out, &CallView::new(report, self.place))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.captures.push(CaptureView::new(facts, self.place, &self.files));
        for finding in findings {
            let mut line = Vec::new();
            escape::json(&mut line, &FindingView::of_capture(finding, self.place))?;
            self.findings.push(line);
        }
        Ok(())
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        self.begin()?;
        self.out.write_all(b"],\n\"findings\":[")?;
        for (at, finding) in std::mem::take(&mut self.findings).into_iter().enumerate() {
            self.out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            self.out.write_all(&finding)?;
        }
        self.out.write_all(b"]")?;
        let captures = std::mem::take(&mut self.captures);
        let incomplete: Vec<Incomplete> = captures.iter().flat_map(CaptureView::reasons).collect();
        self.list("captures", &captures)?;
        self.out.write_all(b",\n\"summary\":")?;
        escape::json(&mut self.out, &SummaryView::new(total, self.lang))?;
        write!(self.out, ",\n\"complete\":{}", incomplete.is_empty())?;
        self.list("incomplete", &incomplete)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, play};

    #[test]
    fn the_sample_report_as_json() {
        let out = Buffer::default();
        play(&mut JsonSink::new(Box::new(out.clone()), Lang::En));
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(document["calls"][1]["final_responses"][0]["frame"], 12);
        insta::assert_snapshot!(out.text());
    }

    #[test]
    fn without_captures_it_is_a_document_still() {
        let out = Buffer::default();
        JsonSink::new(Box::new(out.clone()), Lang::En).finish(&Summary::default()).unwrap();
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!((&document["schema_version"], &document["complete"]), (&1.into(), &true.into()));
    }
}
