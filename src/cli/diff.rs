//! Arguments of `sipscan diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Basis, Colour, Joining, Selection};

const HELP: &str = "\
What is compared: diagnoses (new, more or less frequent, gone, as before), outcomes of calls, final responses, the shares of --kpi
(ASR, NER, SER …) and delays (PDD, SRD …). A difference is called one when chance brings it about in fewer than 1 of 100 such
comparisons; what is new or gone is named in any case, with whether it may be chance. docs/diff.md says how.

Exit codes:
  0  compared
  1  something that --fail-on names is new, or has a clearly greater share
  2  a capture could not be read, wholly or in part, or sipscan failed otherwise
  3  with --strict: a result is incomplete

Examples:
  sipscan diff before.pcap after.pcap
  sipscan diff before/ after/ --fail-on error --fail-on 5xx
  sipscan diff monday.pcap tuesday.pcap --where 'host == 192.0.2.10' --format markdown > change.md";

/// Which captures to compare, and how to say it.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Diff {
    /// The capture from before the change, or a directory of captures that are taken together.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The capture from after it, or a directory.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How the captures of a directory are read.
    #[command(flatten)]
    pub joining: Joining,
    /// Format of the comparison on standard output.
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// Which calls of both sides.
    #[command(flatten)]
    pub selection: Selection,
    /// Exit with 1 if findings of at least this severity, findings of this code, or final responses of this status or class are new
    /// or have a clearly greater share: error, redirect-loop, 607, 5xx; may be repeated.
    #[arg(long, value_name = "SEVERITY|CODE|STATUS")]
    pub fail_on: Vec<String>,
    /// Exit with 3 if a result is incomplete.
    #[arg(long)]
    pub strict: bool,
    /// Time zone of times, an IANA name such as Europe/Berlin; JSON is always in UTC.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Colour of the text; meaning never depends on it.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// What the analysis goes by.
    #[command(flatten)]
    pub basis: Basis,
}

/// A format of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people.
    Text,
    /// One document for programs; docs/diff.md has its fields.
    Json,
    /// For tickets and wikis.
    #[value(alias = "md")]
    Markdown,
}
