//! The command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::lang::Lang;

/// Explains what happened to every SIP call in a capture: each final response, why it failed, who must act.
#[derive(Debug, Parser)]
#[command(name = "sipscan", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = AFTER_HELP)]
pub struct Cli {
    /// Another job than analysing captures.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to analyse, and how to report it.
    #[command(flatten)]
    pub scan: Scan,
    /// Language of reports and explanations [default: on a terminal that of the locale, else en]. Codes, names of header
    /// fields and values stay as they are.
    #[arg(long, global = true, value_enum, ignore_case = true, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
}

/// The arguments with a `--lang` in front of a command behind it. An option in front of a command makes clap take the command
/// for a capture, which is right for all others: they belong to captures.
pub fn reordered(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = arguments.into_iter().collect();
    let length = match all.get(1).and_then(|first| first.to_str()) {
        Some("--lang") => 2,
        Some(first) if first.starts_with("--lang=") => 1,
        _ => return all,
    };
    let command = all.get(1 + length).is_some_and(|word| Cli::command().find_subcommand(word).is_some());
    if let (true, Some(words)) = (command, all.get_mut(1..2 + length)) {
        words.rotate_left(length);
    }
    all
}

/// A language of `--lang`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Chinese, simplified characters.
    #[value(name = "zh-CN", aliases = ["zh", "zh_CN", "zh-Hans"])]
    ZhCn,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::ZhCn => Self::ZhCn,
        }
    }
}

const AFTER_HELP: &str = "\
Exit codes:
  0  analysed; nothing at or above --fail-on
  1  something at or above --fail-on
  2  sipscan failed, wholly or in part: usage, unreadable file, not a capture, report not written
  3  with --strict: the result is incomplete (a cut file, lost packets, missing fragments, limits)

Examples:
  sipscan trace.pcap
  tcpdump -i any -w - udp port 5060 | sipscan -
  sipscan trace.pcap -o calls.csv -o responses:responses.csv -o report.json
  sipscan trace.pcap -o report.html --tz Europe/Berlin
  sipscan trace.pcap -o moves:moves.csv -o complaints:complaints.csv
  sipscan trace.pcap --where 'status == 607 and caller ~ \"^\\+1212\"' --since '2026-03-30 14:00'
  sipscan trace.pcap --call 13 -v
  sipscan --fail-on error --fail-on 607 samples/ -o junit:results.xml -o scan.sarif
  sipscan explain 301 607
  sipscan explain 607 --lang zh-CN
  sipscan passport eyJhbGciOi… --stir-cert signer.pem --at 2026-03-30T14:00:00Z";

/// Jobs beside analysing captures.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain a status code, two of them side by side, or a diagnosis.
    Explain(Explain),
    /// Show what is in force of sipscan.toml and the defaults, and where each value comes from.
    Config(ConfigCommand),
    /// Decode an Identity header field value, or a bare PASSporT, and check it: form, freshness, certificate URL, signature.
    Passport(Passport),
}

/// Which configuration to show.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// Print it; the only thing there is to do.
    #[arg(long)]
    pub print: bool,
    /// The file, in place of the nearest sipscan.toml upwards from the working directory.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Show the defaults alone.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
}

/// Which token to look at, and what to check it against.
#[derive(Debug, Args)]
pub struct Passport {
    /// The value or token, a file that holds it, or - for standard input.
    #[arg(value_name = "TOKEN|FILE|-")]
    pub token: String,
    /// When a verifier would look: 2026-03-30T14:00:00Z, or seconds since 1970; without it freshness is not checked.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// What the signature is verified with.
    #[command(flatten)]
    pub trust: Trust,
}

const EXPLAIN_HELP: &str = "\
Examples:
  sipscan explain 301
  sipscan explain 301 607
  sipscan explain redirect-loop --lang zh-CN
  sipscan explain 480 486 --format markdown
  sipscan explain 4xx";

/// What to explain.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_HELP)]
pub struct Explain {
    /// Status codes (301, 607), classes of them (4xx), or codes of diagnoses (redirect-loop); two status codes are compared.
    #[arg(value_name = "CODE", required_unless_present = "list")]
    pub names: Vec<String>,
    /// List all diagnoses and status codes.
    #[arg(long)]
    pub list: bool,
    /// Format of the explanation.
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    pub format: PageFormat,
}

/// A format of explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// For people.
    Text,
    /// One document; its schema is docs/explain.schema.json.
    Json,
    /// With headings, lists and tables.
    #[value(alias = "md")]
    Markdown,
}

/// Inputs, outputs, and settings of an analysis.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Scan {
    /// Captures (pcap, pcapng; plain, gzip, zstd, lz4, xz), directories of them, or - for standard input.
    #[arg(value_name = "CAPTURE")]
    pub inputs: Vec<PathBuf>,
    /// A capture to read, as tcpdump and sngrep spell it; may be repeated.
    #[arg(short = 'r', short_alias = 'I', long = "read", value_name = "CAPTURE")]
    pub read: Vec<PathBuf>,
    /// Read all captures as one, in time order: for captures that were split into several files.
    #[arg(long)]
    pub merge: bool,
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
    /// With --call: the text of every message as well.
    #[arg(short, long, requires = "calls")]
    pub verbose: bool,
    /// List the calls that need no attention as well (text and Markdown).
    #[arg(long)]
    pub all: bool,
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
    /// Colour of the text report; meaning never depends on it.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Country code for telephone numbers that are written without one and look national: with 1 only ten digits that can be a
    /// North American number; the report says how many calls that was.
    /// [default: that of sipscan.toml, or 1]
    #[arg(long, value_name = "DIGITS", value_parser = country_code)]
    pub country: Option<String>,
    /// Thresholds, severities and exceptions of the team [default: the nearest sipscan.toml upwards from the working directory].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no sipscan.toml.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
    /// What signatures are verified with.
    #[command(flatten)]
    pub trust: Trust,
    /// How many threads analyse; the result is the same with any number [default: one a core].
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Begin CSV files with a byte order mark, which some versions of Excel need.
    #[arg(long)]
    pub csv_bom: bool,
    /// What separates the fields of CSV files: one character, or `tab`.
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub csv_delimiter: String,
}

/// Which calls are meant. Several options must all hold.
#[derive(Debug, Default, Args)]
pub struct Selection {
    /// Report only calls for which this holds, such as `status == 607 and caller ~ "^\+1212" and not outcome == answered`; may be
    /// repeated. docs/filter.md has the fields.
    #[arg(long = "where", value_name = "EXPR")]
    pub conditions: Vec<String>,
    /// Only calls from this number, user or URI.
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
    /// Only calls to this number, user or URI.
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<String>,
    /// Only calls that begin at this time or later: 2026-03-30T14:00:00Z, `2026-03-30 14:00` in the zone of --tz, or seconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only calls that begin at this time or earlier.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Show this call in full, with its ladder and all findings: its number in the report, its Call-ID, or the number, user or URI of
    /// a party; may be repeated.
    #[arg(long = "call", value_name = "ID|CALL-ID|NUMBER")]
    pub calls: Vec<String>,
}

/// A country code of E.164: one to three digits, the first of them no 0; a `+` in front is tolerated.
///
/// # Errors
/// What to give, for anything else.
pub fn country_code(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits =
        (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if fits { Ok(digits.to_owned()) } else { Err("give one to three digits such as 1, 49 or 852".to_owned()) }
}

/// What signatures of Identity header fields are verified with.
#[derive(Debug, Args)]
pub struct Trust {
    /// Certificates or public keys (PEM) to verify signatures of callers' identities with, or a directory of them; may be
    /// repeated. Lines of a file urls.tsv beside them, `URL<TAB>FILE`, say which one is published where; without one, all are
    /// tried in turn.
    #[arg(long, value_name = "FILE|DIR")]
    pub stir_cert: Vec<PathBuf>,
    /// Certificates (PEM) of the authorities that those of --stir-cert must lead to; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub stir_root: Vec<PathBuf>,
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
    /// CSV with one row a calling number that was rejected with 607: how often, whom not to call again, who decided.
    Complaints,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_may_stand_in_front_of_a_command() {
        for (line, lang, command) in [
            ("sipscan --lang zh-CN explain 480", Some(Language::ZhCn), true),
            ("sipscan --lang=en explain 480", Some(Language::En), true),
            ("sipscan explain 480 --lang zh", Some(Language::ZhCn), true),
            ("sipscan --lang ZH-cn a.pcap", Some(Language::ZhCn), false),
            ("sipscan a.pcap explain", None, false),
        ] {
            let cli = Cli::parse_from(reordered(line.split(' ').map(OsString::from)));
            assert_eq!((cli.lang, cli.command.is_some()), (lang, command), "{line}");
        }
        assert!(Cli::try_parse_from(reordered(["sipscan", "--lang"].map(OsString::from))).is_err());
    }

    #[test]
    fn country_codes_are_one_to_three_digits() {
        for (text, expected) in [
            ("1", Some("1")),
            ("+49", Some("49")),
            ("852", Some("852")),
            ("0", None),
            ("", None),
            ("4455", None),
            ("de", None),
        ] {
            assert_eq!(country_code(text).ok().as_deref(), expected, "{text}");
        }
    }
}
