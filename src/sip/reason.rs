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

    /// The attributes inside its text, as 603+ writes them: `v=analytics1;url=https://…;id=…`.
    pub fn attributes(&self) -> Params {
        Params::read(self.text.as_deref().unwrap_or_default())
    }

    /// Whether it reports a block by a provider's analytics (603+, ATIS-1000099): SIP cause 603 or Q.850 cause 21 with the
    /// attribute `v=analytics…`.
    pub fn is_network_block(&self) -> bool {
        let cause = (self.is("SIP") && self.cause == Some(603)) || (self.is("Q.850") && self.cause == Some(21));
        cause && self.attributes().value("v").is_some_and(|v| v.to_ascii_lowercase().starts_with("analytics"))
    }

    /// Whether it is of that protocol (case does not matter).
    pub fn is(&self, protocol: &str) -> bool {
        self.protocol.eq_ignore_ascii_case(protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_block_needs_its_attributes() {
        let read = |text| Reason::read(text).unwrap();
        let block = read(r#"SIP;cause=603;text="v=analytics1;url=https://example.com/a=1;id=12345";location=LN"#);
        assert!(block.is_network_block());
        let attributes = block.attributes();
        assert_eq!((attributes.value("url"), attributes.value("id")), (Some("https://example.com/a=1"), Some("12345")));
        for plain in ["SIP;cause=603", r#"SIP;cause=603;text="Decline""#, r#"SIP;cause=608;text="v=analytics1""#] {
            assert!(!read(plain).is_network_block(), "{plain}");
        }
    }
}
