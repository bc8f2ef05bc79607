//! Arguments of `sipscan ladder`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Basis, Inputs, Redaction, Selection};

const HELP: &str = "\
Exit codes:
  0  written
  2  sipscan failed, wholly or in part; no call was selected, or several for a format that holds one

Examples:
  sipscan ladder trace.pcap --call 13
  sipscan ladder trace.pcap --call 13 -o call13.svg
  sipscan ladder trace.pcap --call 13 --format mermaid
  sipscan ladder trace.pcap --call 13 --redact -o call13.svg
  sipscan ladder trace.pcap --where 'finding == redirect-loop' -o loops.puml";

/// Which calls to draw, and how.
#[derive(Debug, Args)]
#[command(after_help = HELP, mut_arg("inputs", |captures| captures.required_unless_present("read")))]
pub struct Ladder {
    /// What is read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Format of the drawing [default: the one of the extension of --output (.txt, .svg, .mmd, .puml), else text].
    #[arg(long, value_enum)]
    pub format: Option<LadderFormat>,
    /// The file to write; - is standard output [default: -].
    #[arg(short = 'o', long = "output", value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Columns of the text [default: those of the terminal; 100 in files and pipes]. Sentences take 120 at most, ladders all of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(60..=400))]
    pub width: Option<u16>,
    /// Which calls; without any of these, all of them.
    #[command(flatten)]
    pub selection: Selection,
    /// Time zone of the text format and of --since and --until, an IANA name such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Whether the drawing is redacted.
    #[command(flatten)]
    pub redaction: Redaction,
    /// What the analysis goes by.
    #[command(flatten)]
    pub basis: Basis,
}

/// A format of ladders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LadderFormat {
    /// For terminals and fixed-width type, any number of calls.
    Text,
    /// A drawing for documents and browsers, one call.
    Svg,
    /// A sequence diagram in the language of Mermaid, one call.
    #[value(alias = "mmd")]
    Mermaid,
    /// Sequence diagrams in the language of PlantUML, any number of calls.
    #[value(name = "plantuml", alias = "puml")]
    PlantUml,
}
