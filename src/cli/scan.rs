//! Arguments of an analysis with its reports, which needs no command.

use clap::{Args, ValueEnum};

use super::{Basis, Comparison, Inputs, Redaction, Selection};
use crate::config::Terminal;
use crate::error::Error;

const CALLS: &str = "Only this call: its number in the report, its Call-ID, or the number, user or URI of a party; may be repeated. \
    The text report shows it in full, with its ladder and all findings";

/// Inputs, outputs, and settings of an analysis.
#[derive(Debug, Args)]
#[command(mut_arg("calls", |calls| calls.help(CALLS)))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Scan {
    /// What is read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Format of the report on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write a report to a file beside the one on standard output; may be repeated. FORMAT is one of those of --format, by
    /// default the one of the extension: .txt, .html, .json, .ndjson or .jsonl, .csv, .sarif, .md.
    #[arg(short = 'o', long = "output", value_name = "[FORMAT:]PATH")]
    pub output: Vec<String>,
    /// Ten lines on standard output in place of the whole report.
    #[arg(long, conflicts_with_all = ["format", "calls"])]
    pub summary: bool,
    /// Every counter of each capture (text and Markdown); with --call, the text of every message instead.
    #[arg(short, long)]
    pub verbose: bool,
    /// Show no progress on standard error. By default, runs that take longer than a second show it there if it is a terminal.
    #[arg(short, long)]
    pub quiet: bool,
    /// List the calls that need no attention as well (text and Markdown).
    #[arg(long)]
    pub all: bool,
    /// Measure key performance indicators in all, by host, and by hour: ASR, NER, ACD, PDD, and those of RFC 6076 (SER, SEER, ISA, SCR,
    /// SRD, SDD, SDT, RRD, IRA). docs/kpi.md says what is counted.
    #[arg(long)]
    pub kpi: bool,
    /// What to compare with.
    #[command(flatten)]
    pub comparison: Comparison,
    /// Which calls the reports show.
    #[command(flatten)]
    pub selection: Selection,
    /// Exit with 1 if there is a finding of at least this severity, a finding of this code, or a final response of this
    /// status or class: error, redirect-loop, 607, 5xx; may be repeated.
    #[arg(long, value_name = "SEVERITY|CODE|STATUS")]
    pub fail_on: Vec<String>,
    /// Exit with 3 if the result is incomplete.
    #[arg(long)]
    pub strict: bool,
    /// Time zone of the reports for people (text, Markdown, HTML, --summary), an IANA name such as Europe/Berlin; other formats are always in UTC.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Columns of the text, 60 to 400 [default: those of the terminal; 100 in files and pipes]. Sentences take 120 at most, ladders all of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(60..=400))]
    pub width: Option<u16>,
    /// Colour of the text report; meaning never depends on it.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Links from codes of diagnoses to their explanations, in the text report on standard output.
    #[arg(long, value_enum, default_value_t = Links::Auto)]
    pub hyperlinks: Links,
    /// What the analysis goes by.
    #[command(flatten)]
    pub basis: Basis,
    /// Whether the reports are redacted.
    #[command(flatten)]
    pub redaction: Redaction,
    /// Begin CSV files with a byte order mark, which some versions of Excel need.
    #[arg(long)]
    pub csv_bom: bool,
    /// What separates the fields of CSV files: one character, or `tab`.
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub csv_delimiter: String,
}

impl Scan {
    /// A random key would make other fingerprints in each run.
    ///
    /// # Errors
    /// [`Error::Usage`] for a baseline of redacted findings without a key.
    pub fn comparison_fits(&self) -> Result<(), Error> {
        let Comparison { baseline, write_baseline } = &self.comparison;
        let keyless = self.redaction.redact && self.redaction.redact_key.is_none();
        if keyless && (baseline.is_some() || write_baseline.is_some()) {
            let text = "a baseline with --redact needs --redact-key: with a random key every finding is new each time";
            return Err(Error::Usage(text.to_owned()));
        }
        Ok(())
    }
}

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One document; its schema is docs/report.schema.json.
    Json,
    /// One JSON object a line, written as calls end.
    Ndjson,
    /// One row a call.
    #[value(alias = "calls")]
    Csv,
    /// CSV with one row a final response.
    Responses,
    /// CSV with one row a finding.
    Findings,
    /// CSV of final responses by attestation (STIR/SHAKEN): in all, by caller, by prefix, by source.
    Attestation,
    /// CSV with one row an address that a 301 says has moved: where to, and whether to adopt the new one.
    Moves,
    /// CSV with one row a calling number that was rejected with 607, 608 or 603 Network Blocked: how often, whom not to call again, who decided.
    Complaints,
    /// CSV of the key performance indicators of --kpi: one row for all calls, and one a host and an hour.
    Kpi,
    /// JUnit XML for CI servers: a suite a capture, a case a call, a failure a finding at or above --fail-on.
    Junit,
    /// SARIF 2.1.0 for code hosts and editors.
    Sarif,
    /// The text report as Markdown, for tickets and wikis.
    #[value(alias = "md")]
    Markdown,
    /// One page to look at, to sort and to fold, in one file that loads nothing: charts, findings, ladders.
    #[value(alias = "htm")]
    Html,
    /// Annotations for GitHub Actions; the Markdown report goes to the file that `GITHUB_STEP_SUMMARY` names.
    Github,
}

/// When to write links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Links {
    /// On a terminal that shows them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Links {
    /// Whether to write links on a terminal like this.
    pub fn are_wanted(self, terminal: Terminal) -> bool {
        match self {
            Self::Auto => terminal.links,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Whether to use colour on a terminal.
    pub fn is_wanted(self, terminal: Terminal) -> bool {
        match self {
            Self::Auto => terminal.colour,
            Self::Always => true,
            Self::Never => false,
        }
    }
}
