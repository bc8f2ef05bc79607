//! Arguments of `sipscan check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Basis, Colour};

const CHECK_HELP: &str = "\
Exit codes:
  0  every capture that has an expectation is as expected
  1  one is not, or an expectation has no capture
  2  something could not be read or written, an expectation makes no sense, or there is none at all

Examples:
  sipscan check test/captures --write
  sipscan check test/captures
  sipscan check test/captures --format github -o junit:results.xml";

/// Which captures to compare with the expectations beside them.
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub struct Check {
    /// Captures, or directories of them; NAME.expect.toml beside NAME.pcap says what must be found in it.
    #[arg(value_name = "DIR|CAPTURE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Make the expectations of captures that have none, and bring the others up to date.
    #[arg(long)]
    pub write: bool,
    /// Format of the result on standard output.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Write the result as JUnit XML to a file as well.
    #[arg(short = 'o', long = "output", value_name = "junit:PATH")]
    pub output: Option<String>,
    /// Colour of the text; meaning never depends on it.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// What the analysis goes by.
    #[command(flatten)]
    pub basis: Basis,
}

/// A format of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// Annotations for GitHub Actions.
    Github,
}
