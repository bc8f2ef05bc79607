//! Reason header field values (RFC 3326, with RFC 8606's location and the 603+ text).

use super::Params;
use super::params;

/// One value, such as `Q.850;cause=22;text="Number changed";location=LN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The protocol as written: `SIP`, `Q.850`, `STIR`, …
    pub protocol: String,
    /// Its cause.
    pub cause: Option<u32>,
    /// Its text, without quotes.
    pub text: Option<String>,
    /// All parameters.
    pub params: Params,
    /// The value as captured.
    pub raw: String,
}

impl Reason {
    /// Reads one value; `None` if it is empty.
    pub fn read(value: &str) -> Option<Self> {
        let at = params::find(value, ';').unwrap_or(value.len());
        let (protocol, rest) = value.split_at_checked(at)?;
        let protocol = protocol.trim();
        if protocol.is_empty() {
            return None;
        }
        let params = Params::read(rest);
        Some(Self {
            protocol: protocol.to_owned(),
            cause: params.value("cause").and_then(|c| c.trim().parse().ok()),
            text: params.value("text").map(str::to_owned),
            params,
            raw: value.trim().to_owned(),
        })
    }

    /// Whether it is of that protocol (case does not matter).
    pub fn is(&self, protocol: &str) -> bool {
        self.protocol.eq_ignore_ascii_case(protocol)
    }
}
