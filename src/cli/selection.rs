//! Arguments that select calls, alike for reports and for commands that cut calls out.

use clap::Args;

/// Which calls are meant. Several options must all hold.
#[derive(Debug, Default, Args)]
pub struct Selection {
    /// Only calls for which this holds, such as `status == 607 and caller ~ "^\+1212" and not outcome == answered`; may be
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
    /// Only this call: its number in the report, its Call-ID, or the number, user or URI of a party; may be repeated.
    #[arg(long = "call", value_name = "ID|CALL-ID|NUMBER")]
    pub calls: Vec<String>,
}
