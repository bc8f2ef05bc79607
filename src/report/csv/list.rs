//! The lists over a whole run as CSV: moves and complaints. Everything is written at the end.

use std::io::{self, Write};

use ::csv::Writer;
use jiff::tz::TimeZone;

use super::{CaptureFacts, CsvOptions, Sink, Summary, complaints, moves, write_names, write_row, writer};
use crate::diagnosis::lists::{Complaints, Moves, Seen};
use crate::diagnosis::{CallReport, Finding, Settings};
use crate::lang::{Lang, Text};
use crate::provenance::Timestamp;
use crate::report::time;

/// What a list is of.
#[derive(Debug)]
enum List {
    Moves(Box<Moves>),
    Complaints(Box<Complaints>),
}

/// Writes a list.
pub struct ListSink {
    out: Writer<Box<dyn Write>>,
    list: List,
    /// The files of all captures.
    files: Vec<String>,
    bom: bool,
    lang: Lang,
}

impl ListSink {
    /// Addresses that moved; nothing is written yet.
    pub fn moves(out: Box<dyn Write>, options: CsvOptions) -> Self {
        Self::new(out, options, List::Moves(Box::default()))
    }

    /// Callers that were complained about; `country` is the country code of numbers without one.
    pub fn complaints(out: Box<dyn Write>, options: CsvOptions, settings: &Settings) -> Self {
        Self::new(out, options, List::Complaints(Box::new(Complaints::new(settings))))
    }

    fn new(out: Box<dyn Write>, options: CsvOptions, list: List) -> Self {
        Self { out: writer(out, options), list, files: Vec::new(), bom: options.bom, lang: options.lang }
    }
}

impl Sink for ListSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.files.extend_from_slice(files);
        match &mut self.list {
            List::Moves(moves) => moves.begin_capture(files.len()),
            List::Complaints(complaints) => complaints.begin_capture(files.len()),
        }
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        match &mut self.list {
            List::Moves(moves) => moves.observe(report),
            List::Complaints(complaints) => complaints.observe(report),
        }
        Ok(())
    }

    fn end_capture(&mut self, _facts: &CaptureFacts, _summary: &Summary, _findings: &[Finding]) -> io::Result<()> {
        if let List::Complaints(complaints) = &mut self.list {
            complaints.end_capture();
        }
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        let (out, files, lang) = (&mut self.out, &self.files, self.lang);
        match &self.list {
            List::Moves(list) => {
                write_names(out, self.bom, moves::COLUMNS)?;
                for row in list.rows() {
                    let row = moves::Row::Move { row: &row, files, lang };
                    write_row(out, moves::COLUMNS, |cell| cell(&row))?;
                }
                if list.left_out() > 0 {
                    write_row(out, moves::COLUMNS, |cell| cell(&moves::Row::LeftOut(list.left_out(), lang)))?;
                }
            }
            List::Complaints(list) => {
                write_names(out, self.bom, complaints::COLUMNS)?;
                for row in list.rows() {
                    let row = complaints::Row::Caller { row: &row, files, lang };
                    write_row(out, complaints::COLUMNS, |cell| cell(&row))?;
                }
                if list.left_out() > 0 {
                    write_row(out, complaints::COLUMNS, |cell| cell(&complaints::Row::LeftOut(list.left_out(), lang)))?;
                }
            }
        }
        self.out.flush()
    }

    fn limit_hit(&self) -> Option<Text> {
        let (left_out, text) = match &self.list {
            List::Moves(list) => (list.left_out(), Text::new("{count} 301s found no room in the list of moves")),
            List::Complaints(list) => {
                (list.left_out(), Text::new("{count} calls found no room in the list of complaints"))
            }
        };
        (left_out > 0).then(|| text.with("count", left_out))
    }
}

/// The code of the row that says that the list is incomplete.
pub(super) const LIMIT: &str = "limit";

/// Frames of a run: the file and the number of each.
pub(super) fn frames(seen: &Seen, files: &[String]) -> String {
    let name = |file: usize| files.get(file).map(String::as_str).unwrap_or_default();
    let frames: Vec<String> = seen.frames().map(|at| format!("{}:{}", name(at.file), at.frame)).collect();
    frames.join(" ")
}

/// The file of the first frame.
pub(super) fn first_file(seen: &Seen, files: &[String]) -> String {
    seen.frames().next().and_then(|at| files.get(at.file)).cloned().unwrap_or_default()
}

/// The number of the first frame.
pub(super) fn first_frame(seen: &Seen) -> String {
    seen.frames().next().map(|at| at.frame.to_string()).unwrap_or_default()
}

/// A time for spreadsheets.
pub(super) fn utc(at: Timestamp) -> String {
    time::date_and_time(at, &TimeZone::UTC)
}

/// A time for programs.
pub(super) fn epoch(at: Timestamp) -> String {
    time::Epoch(at).to_string()
}
