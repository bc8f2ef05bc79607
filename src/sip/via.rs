//! Via values (RFC 3261 §20.42).

use super::Params;
use super::params;

/// One Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// Such as `UDP`, in upper case.
    pub transport: String,
    /// The sent-by host, in lower case; IPv6 in brackets.
    pub host: String,
    /// The sent-by port.
    pub port: Option<u16>,
    /// Parameters.
    pub params: Params,
    /// The value as captured.
    pub raw: String,
}

impl Via {
    /// Reads one value; `None` if it has no sent-by.
    pub fn read(value: &str) -> Option<Self> {
        let at = params::find(value, ';').unwrap_or(value.len());
        let (head, rest) = value.split_at_checked(at)?;
        // `SIP / 2.0 / UDP first.example.com : 4000` is legal: blanks may stand around the slashes and the colon.
        let slash = head.rfind('/')?;
        let tail = head.get(slash + 1..)?.trim_start();
        let blank = tail.find(char::is_whitespace)?;
        let (transport, sent_by) = tail.split_at_checked(blank)?;
        let (host, port) = super::uri::host_port(sent_by.trim())?;
        Some(Self {
            transport: transport.to_ascii_uppercase(),
            host,
            port,
            params: Params::read(rest),
            raw: value.trim().to_owned(),
        })
    }

    /// The branch.
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// The port, or the default of its transport (RFC 3261 §18.2.1).
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if matches!(self.transport.as_str(), "TLS" | "TLS-SCTP" | "WSS") { 5061 } else { 5060 })
    }
}
