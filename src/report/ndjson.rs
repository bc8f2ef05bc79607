//! The report as one JSON object a line, described by `docs/ndjson.schema.json`: each call as it closes, then the findings
//! about its capture and the capture itself, at the very end the summary. `type` says which it is.

use std::io::{self, Write};

use super::escape::JsonBuffer;
use super::view::{CallView, CaptureView, FindingView, Place, Record, SummaryView};
use super::{CaptureFacts, Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::Lang;

/// Writes JSON lines.
pub struct NdjsonSink {
    out: Box<dyn Write>,
    text: JsonBuffer,
    lang: Lang,
    place: Place,
    files: Vec<String>,
}

impl NdjsonSink {
    /// Makes a sink whose sentences are in `lang`; nothing is written yet.
    pub fn new(out: Box<dyn Write>, lang: Lang) -> Self {
        Self { out, text: JsonBuffer::default(), lang, place: Place::default(), files: Vec::new() }
    }

    fn line(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.text.write(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }
}

impl Sink for NdjsonSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.place = Place { capture: index, merged: files.len() > 1, lang: self.lang };
        self.files = files.to_vec();
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let place = self.place;
        self.line(&Record::Call(CallView::new(report, place)))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        let place = self.place;
        for finding in findings {
            self.line(&Record::Finding(FindingView::of_capture(finding, place)))?;
        }
        let capture = CaptureView::new(facts, place, &self.files);
        self.line(&Record::Capture(capture))
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        let lang = self.lang;
        self.line(&Record::Summary(SummaryView::new(total, lang)))?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, play};

    #[test]
    fn the_sample_report_as_lines() {
        let out = Buffer::default();
        play(&mut NdjsonSink::new(Box::new(out.clone()), Lang::En));
        let text = out.text();
        let types: Vec<_> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(types, ["call", "call", "call", "call", "call", "finding", "capture", "summary"]);
        insta::assert_snapshot!(text);
    }
}
