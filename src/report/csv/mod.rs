//! The report as CSV: one row a call, a final response, or a finding; and the lists of moves and complaints over a whole run.
//! Columns in `docs/csv.md`.
//!
//! RFC 4180 with CRLF, UTF-8; an absent value is an empty cell. Times are UTC in a form that spreadsheets take for a time, with
//! a column of epoch seconds beside it. Parties are URIs, so that `sip:+12155550100@…` stays text in a spreadsheet.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use ::csv::{Terminator, Writer, WriterBuilder};

use super::escape;
use super::{CaptureFacts, Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::{Lang, Text};
use crate::provenance::FrameRef;

mod attestation;
mod calls;
mod complaints;
mod findings;
mod kpi;
mod list;
mod moves;
mod responses;

pub use list::ListSink;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A call or a group of other requests.
    Calls,
    /// A distinct final response.
    Responses,
    /// A finding.
    Findings,
    /// Calls that ended with one response and are signed in one way.
    Attestation,
    /// What was measured on all calls, on those of a host, or of an hour.
    Kpi,
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether to begin with a byte order mark.
    pub bom: bool,
    /// What separates cells: an ASCII character that is neither a quotation mark nor a line end.
    pub delimiter: u8,
    /// The language of sentences; columns, names and codes have none.
    pub lang: Lang,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { bom: false, delimiter: b',', lang: Lang::En }
    }
}

/// A column: its name, what it holds, and the function that makes a cell of what a row is made of.
struct Column<C> {
    name: &'static str,
    /// For the documentation, which a test compares.
    #[cfg_attr(not(test), expect(dead_code, reason = "the text of docs/csv.md"))]
    meaning: &'static str,
    cell: C,
}

const fn column<C: Copy>(name: &'static str, meaning: &'static str, cell: C) -> Column<C> {
    Column { name, meaning, cell }
}

/// The files of a capture, and which of them a frame is in.
struct Files(Vec<String>);

impl Files {
    fn name(&self, frame: FrameRef) -> String {
        self.0.get(usize::from(frame.file)).or(self.0.first()).cloned().unwrap_or_default()
    }
}

/// Writes one table.
pub struct CsvSink {
    out: Writer<Box<dyn Write>>,
    table: Table,
    files: Files,
    lang: Lang,
    bom: bool,
    begun: bool,
}

impl CsvSink {
    /// Makes a sink; nothing is written yet.
    pub fn new(out: Box<dyn Write>, table: Table, options: CsvOptions) -> Self {
        Self {
            out: writer(out, options),
            table,
            files: Files(Vec::new()),
            lang: options.lang,
            bom: options.bom,
            begun: false,
        }
    }

    /// The byte order mark and the row of names, once.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.table {
            Table::Calls => write_names(&mut self.out, self.bom, calls::COLUMNS),
            Table::Responses => write_names(&mut self.out, self.bom, responses::COLUMNS),
            Table::Findings => write_names(&mut self.out, self.bom, findings::COLUMNS),
            Table::Attestation => write_names(&mut self.out, self.bom, attestation::COLUMNS),
            Table::Kpi => write_names(&mut self.out, self.bom, kpi::COLUMNS),
        }
    }

    fn finding(&mut self, finding: &Finding, report: Option<&CallReport>) -> io::Result<()> {
        let row = findings::Row::new(finding, report, &self.files, self.lang);
        write_row(&mut self.out, findings::COLUMNS, |cell| cell(&row))
    }
}

fn writer(out: Box<dyn Write>, options: CsvOptions) -> Writer<Box<dyn Write>> {
    WriterBuilder::new().terminator(Terminator::CRLF).delimiter(options.delimiter).from_writer(out)
}

/// Writes the byte order mark, where it is wanted, and the row of names.
fn write_names<C>(out: &mut Writer<Box<dyn Write>>, bom: bool, columns: &[Column<C>]) -> io::Result<()> {
    let mark = if bom { "\u{feff}" } else { "" };
    let names = columns
        .iter()
        .enumerate()
        .map(|(at, column)| if at == 0 { format!("{mark}{}", column.name) } else { column.name.to_owned() });
    out.write_record(names).map_err(io_error)
}

/// The error of the writer itself: whoever reads it must be able to tell a broken pipe.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes one row.
fn write_row<C: Copy>(
    out: &mut Writer<Box<dyn Write>>,
    columns: &[Column<C>],
    cell: impl Fn(C) -> String,
) -> io::Result<()> {
    for column in columns {
        out.write_field(escape::csv(&cell(column.cell)).as_bytes()).map_err(io_error)?;
    }
    out.write_record(None::<&[u8]>).map_err(io_error)
}

/// An absent value is an empty cell.
fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Sentences of one cell. Chinese ones end with a full stop that has its own space.
fn sentences(texts: &[Text], lang: Lang) -> String {
    let glue = if lang == Lang::ZhCn { "" } else { " " };
    joined(&texts.iter().map(|text| text.in_lang(lang)).collect::<Vec<_>>(), glue)
}

/// Texts of one cell.
fn joined<T: fmt::Display>(values: &[T], glue: &str) -> String {
    let mut cell = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            cell.push_str(glue);
        }
        // Writing to a String cannot fail.
        let _ = write!(cell, "{value}");
    }
    cell
}

impl Sink for CsvSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.files = Files(files.to_vec());
        self.begin()
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        match self.table {
            Table::Calls => {
                let row = calls::Row::new(report, &self.files, self.lang);
                write_row(&mut self.out, calls::COLUMNS, |cell| cell(&row))
            }
            Table::Responses => responses::rows(report, &self.files)
                .iter()
                .try_for_each(|row| write_row(&mut self.out, responses::COLUMNS, |cell| cell(row))),
            Table::Findings => report.findings.iter().try_for_each(|finding| self.finding(finding, Some(report))),
            Table::Attestation | Table::Kpi => Ok(()),
        }
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        if self.table == Table::Attestation {
            return attestation::rows(&facts.path, &summary.attestations)
                .iter()
                .try_for_each(|row| write_row(&mut self.out, attestation::COLUMNS, |cell| cell(row)));
        }
        if let (Table::Kpi, Some(kpis)) = (self.table, &summary.kpis) {
            let mut rows = kpi::rows(&facts.path, kpis).into_iter();
            return rows.try_for_each(|row| write_row(&mut self.out, kpi::COLUMNS, |cell| cell(&row)));
        }
        if self.table != Table::Findings {
            return Ok(());
        }
        findings.iter().try_for_each(|finding| self.finding(finding, None))?;
        for reason in facts.incomplete_reasons() {
            let reason = reason.in_lang(self.lang).to_string();
            for cell in findings::incomplete(&facts.path, &reason) {
                self.out.write_field(escape::csv(cell).as_bytes()).map_err(io_error)?;
            }
            self.out.write_record(None::<&[u8]>).map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
