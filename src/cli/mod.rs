//! The command line: what all commands share; each has its arguments in a file of its own.

mod analysis;
mod check;
mod comparison;
mod configuration;
mod diff;
mod explain;
mod extract;
mod inputs;
mod ladder;
mod passport;
mod redact;
mod scan;
mod selection;
mod shell;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::lang::Lang;

pub use analysis::{Basis, Home, ProjectFile, Secrets, Trust, country_code};
pub use check::{Check, CheckFormat};
pub use comparison::Comparison;
pub use configuration::ConfigCommand;
pub use diff::{Diff, DiffFormat};
pub use explain::{Explain, PageFormat};
pub use extract::Extract;
pub use inputs::{Inputs, Joining};
pub use ladder::{Ladder, LadderFormat};
pub use passport::Passport;
pub use redact::{Redact, Redaction};
pub use scan::{Colour, Format, Links, Scan};
pub use selection::Selection;
pub use shell::{Completions, Man};

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
  3  with --strict: the result is incomplete (a cut file, lost packets, missing fragments, limits,
     no SIP but frames that could not be read)

Examples:
  sipscan trace.pcap
  tcpdump -i any -w - udp port 5060 | sipscan -
  sipscan trace.pcap -o calls.csv -o responses:responses.csv -o report.json
  sipscan trace.pcap -o report.html --tz Europe/Berlin
  sipscan trace.pcap -o moves:moves.csv -o complaints:complaints.csv
  sipscan trace.pcap --where 'status == 607 and caller ~ \"^\\+1212\"' --since '2026-03-30 14:00'
  sipscan trace.pcap --call 13 -v
  sipscan redact trace.pcap -o shareable.pcapng
  sipscan tls.pcap --keylog keys.log
  sipscan trace.pcap --kpi -o kpi:kpi.csv
  sipscan --fail-on error --fail-on 607 samples/ -o junit:results.xml -o scan.sarif
  sipscan extract trace.pcap --call 13 --media -o call13.pcapng
  sipscan trace.pcap --baseline known.json --fail-on warning
  sipscan check samples/
  sipscan diff before.pcap after.pcap --fail-on error
  sipscan ladder trace.pcap --call 13 -o call13.svg
  sipscan explain 301 607
  sipscan explain 607 --lang zh-CN
  sipscan passport eyJhbGciOi… --stir-cert signer.pem --at 2026-03-30T14:00:00Z";

/// Jobs beside analysing captures.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain a status code, two of them side by side, or a diagnosis.
    Explain(Explain),
    /// Cut calls out of captures, into a pcapng file: all frames of them, with comments at those that findings cite.
    Extract(Box<Extract>),
    /// Compare captures with what they must show, in a file NAME.expect.toml beside each.
    Check(Check),
    /// Compare two captures, from before and after a change: findings, outcomes, final responses, rates, delays.
    Diff(Box<Diff>),
    /// Draw the ladder of a call for documents: as text, SVG, Mermaid or PlantUML.
    Ladder(Box<Ladder>),
    /// Show what is in force of sipscan.toml and the defaults, and where each value comes from.
    Config(ConfigCommand),
    /// Decode an Identity header field value, or a bare PASSporT, and check it: form, freshness, certificate URL, signature.
    Passport(Passport),
    /// Write a capture that can be shown to others: SIP alone, with numbers, names, addresses and credentials replaced, and every
    /// diagnosis the same.
    Redact(Redact),
    /// Print the manual page, or write those of all commands.
    Man(Man),
    /// Print the completions of a shell.
    Completions(Completions),
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
}
