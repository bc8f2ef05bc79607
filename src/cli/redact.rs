//! Arguments of redaction: of captures, and of reports.

use std::path::PathBuf;

use clap::Args;

use super::{Home, ProjectFile};

/// Whether reports are redacted.
#[derive(Debug, Default, Args)]
pub struct Redaction {
    /// Replace numbers, users, names, addresses, domains, Call-IDs, credentials and tokens in all reports, each always by the same;
    /// findings stay what they are. docs/redaction.md says what stays.
    #[arg(long, conflicts_with_all = ["stir_cert", "stir_root"])]
    pub redact: bool,
    /// What the replacements depend on, or @ and a file with it: with the same key they are the same in the next run, and whoever has it
    /// can undo them by trying [default: a random one, which is forgotten].
    #[arg(long, value_name = "TEXT|@FILE", requires = "redact")]
    pub redact_key: Option<String>,
}

const REDACT_HELP: &str = "\
Examples:
  sipscan redact trace.pcap -o shareable.pcapng
  sipscan redact trace.pcap -o shareable.pcapng --redact-key @ticket-4711.key";

const COUNTRY: &str =
    "Country code for telephone numbers that are written without one [default: that of sipscan.toml, or 1]";
const FILE: &str =
    "The file with the country code [default: the nearest sipscan.toml upwards from the working directory]";

/// Which capture to redact, and where to.
#[derive(Debug, Args)]
#[command(
    after_help = REDACT_HELP,
    mut_arg("country", |country| country.help(COUNTRY).long_help(COUNTRY)),
    mut_arg("config", |file| file.help(FILE).long_help(FILE))
)]
pub struct Redact {
    /// The capture, or - for standard input.
    #[arg(value_name = "CAPTURE")]
    pub input: PathBuf,
    /// Where to write the redacted capture, as pcapng; a file that is there is replaced.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: PathBuf,
    /// What the replacements depend on, or @ and a file with it: with the same key they are the same for the next capture, and whoever has
    /// it can undo them by trying [default: a random one, which is forgotten].
    #[arg(long, value_name = "TEXT|@FILE")]
    pub redact_key: Option<String>,
    /// Where numbers are at home.
    #[command(flatten)]
    pub home: Home,
    /// The file with the country code.
    #[command(flatten)]
    pub file: ProjectFile,
}
