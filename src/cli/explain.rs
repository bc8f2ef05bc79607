//! Arguments of `sipscan explain`.

use clap::{Args, ValueEnum};

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
