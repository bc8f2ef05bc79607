//! The report for people: what makes it incomplete, what was read, numbers, causes, the calls that need attention with
//! everything needed to act on them, and what was not looked at. One part per capture, written when it is over.
//!
//! What is shown of calls is written down as they close and bounded: groups of calls with one cause keep the details of
//! their first call, the worst groups stay.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::{CaptureFacts, Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::provenance::FrameRef;

mod attention;
mod causes;
mod detail;
mod overview;
mod page;
mod rest;

use attention::Attention;
use page::{Page, Paper, Tone};
use rest::Rest;

/// How the text report is to look.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// Display cells in a line; taken as 80 to 120.
    pub width: usize,
    /// Whether to use colour.
    pub colour: bool,
    /// Whether to list the calls that need no attention.
    pub all: bool,
    /// Zone of all times.
    pub time_zone: TimeZone,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { width: 100, colour: false, all: false, time_zone: TimeZone::UTC }
    }
}

/// Writes the text report.
pub struct TextSink {
    out: Box<dyn Write>,
    view: View,
    captures: usize,
    attention: Attention,
    rest: Rest,
}

/// What every part of the report needs to know of how to show things.
struct View {
    paper: Paper,
    zone: TimeZone,
    all: bool,
    /// Names of the captures so far, for each those of its files.
    files: Vec<Vec<String>>,
    /// Whether frames are named with their capture: in what is said of all captures together.
    name_captures: bool,
}

impl TextSink {
    /// Makes a sink; nothing is written yet.
    pub fn new(out: Box<dyn Write>, options: TextOptions) -> Self {
        let paper = Paper { width: options.width.clamp(80, 120), colour: options.colour };
        let view = View { paper, zone: options.time_zone, all: options.all, files: Vec::new(), name_captures: false };
        Self { out, view, captures: 0, attention: Attention::default(), rest: Rest::default() }
    }
}

impl View {
    fn page(&self) -> Page {
        Page::new(self.paper)
    }

    /// `12`, or `12 of b.pcap` where the number alone is ambiguous.
    fn frame(&self, capture: usize, frame: FrameRef) -> String {
        let files = self.files.get(capture).map_or(&[][..], Vec::as_slice);
        match files.get(usize::from(frame.file)) {
            Some(file) if files.len() > 1 || self.name_captures => format!("{} of {file}", frame.number),
            _ => frame.number.to_string(),
        }
    }

    /// The frame of a call or finding of the capture at hand.
    fn frame_here(&self, frame: FrameRef) -> String {
        self.frame(self.files.len().saturating_sub(1), frame)
    }
}

impl Sink for TextSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.captures = self.captures.max(index + 1);
        self.view.files.resize_with(index, Vec::new);
        self.view.files.push(files.to_vec());
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let detailed = self.attention.call(report, &self.view);
        self.rest.call(report, detailed, &self.view);
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        let view = &self.view;
        let mut page = view.page();
        if self.captures > 1 {
            page.blank();
            page.line(0, &[(Tone::Quiet, &"─".repeat(view.paper.width))]);
        }
        overview::write(&mut page, view, facts, summary);
        causes::write(&mut page, view, &summary.clusters);
        detail::about_capture(&mut page, view, findings);
        std::mem::take(&mut self.attention).write(&mut page, view, summary);
        std::mem::take(&mut self.rest).write(&mut page, view);
        overview::not_looked_at(&mut page, facts);
        self.out.write_all(page.into_text().as_bytes())?;
        self.out.flush()
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        if self.captures > 1 {
            self.view.name_captures = true;
            let mut page = self.view.page();
            page.blank();
            page.line(0, &[(Tone::Quiet, &"─".repeat(self.view.paper.width))]);
            overview::total(&mut page, self.captures, total);
            causes::write(&mut page, &self.view, &total.clusters);
            self.out.write_all(page.into_text().as_bytes())?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, play};
    use crate::wrap::display_width;

    fn report(options: TextOptions) -> String {
        let out = Buffer::default();
        play(&mut TextSink::new(Box::new(out.clone()), options));
        out.text()
    }

    #[test]
    fn the_sample_report_as_text() {
        insta::assert_snapshot!(report(TextOptions::default()));
    }

    #[test]
    fn the_sample_report_in_eighty_columns_with_everything() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let text = report(TextOptions { width: 80, all: true, time_zone: zone, ..TextOptions::default() });
        assert!(text.lines().all(|line| display_width(line) <= 80), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let coloured = report(TextOptions { colour: true, ..TextOptions::default() });
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            plain += before;
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(plain + rest, report(TextOptions::default()));
    }
}
