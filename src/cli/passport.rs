//! Arguments of `sipscan passport`.

use clap::Args;

use super::Trust;

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
