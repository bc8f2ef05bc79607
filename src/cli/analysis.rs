//! Arguments of whatever analyses captures.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// What an analysis goes by.
#[derive(Debug, Args)]
pub struct Basis {
    /// Where numbers are at home.
    #[command(flatten)]
    pub home: Home,
    /// Settings of the team.
    #[command(flatten)]
    pub file: ProjectFile,
    /// What signatures are verified with.
    #[command(flatten)]
    pub trust: Trust,
    /// What TLS is decrypted with.
    #[command(flatten)]
    pub secrets: Secrets,
    /// How many threads analyse, at least 1; the result is the same with any number [default: one a core].
    #[arg(long, value_name = "N", value_parser = number_of_threads)]
    pub threads: Option<NonZeroUsize>,
}

fn number_of_threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it is a whole number from 1".to_owned())
}

/// Where numbers are at home that are written without a country code.
#[derive(Debug, Default, Args)]
pub struct Home {
    /// Country code for telephone numbers that are written without one and look national: with 1 only ten digits that can be a
    /// North American number; the report says how many calls that was.
    /// [default: that of sipscan.toml, or 1]
    #[arg(long, value_name = "DIGITS", value_parser = country_code)]
    pub country: Option<String>,
}

/// Which `sipscan.toml` is in force.
#[derive(Debug, Default, Args)]
pub struct ProjectFile {
    /// Thresholds, severities and exceptions of the team [default: the nearest sipscan.toml upwards from the working directory].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no sipscan.toml.
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
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

/// What TLS is decrypted with, beside the secrets that captures hold themselves.
#[derive(Debug, Default, Args)]
pub struct Secrets {
    /// Secrets of TLS connections, as programs write them to the file that `SSLKEYLOGFILE` names; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,
    /// RSA private keys (PEM, without a password) of servers, for connections whose key exchange is RSA; may be repeated. Others, and
    /// all of TLS 1.3, need a key log.
    #[arg(long, value_name = "FILE")]
    pub tls_key: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
