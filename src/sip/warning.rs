//! Warning header field values (RFC 3261 §20.43).

use super::params;

/// One value, such as `399 proxy.example.com "Route unavailable"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The code; three digits in valid values.
    pub code: u16,
    /// Who warns: a host with or without port, or a pseudonym.
    pub agent: String,
    /// The text, without quotes; empty where it is missing.
    pub text: String,
}

impl Warning {
    /// Reads one value; `None` if it does not begin with a number.
    pub fn read(value: &str) -> Option<Self> {
        let (code, rest) = value.trim().split_once(char::is_whitespace).unwrap_or((value.trim(), ""));
        let (agent, text) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        let code = code.parse().ok().filter(|_| digits)?;
        Some(Self { code, agent: agent.to_owned(), text: params::unquote(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_and_without_their_parts() {
        for (value, expected) in [
            (r#"399 p.example:5070 "No \"route\"""#, Some((399, "p.example:5070", r#"No "route""#))),
            (r#"  370   proxy   "Too little""#, Some((370, "proxy", "Too little"))),
            ("399 p.example", Some((399, "p.example", ""))),
            ("399", Some((399, "", ""))),
            ("70000 p.example \"x\"", None),
            ("+99 p.example \"x\"", None),
            ("", None),
        ] {
            let read = Warning::read(value);
            assert_eq!(read.as_ref().map(|w| (w.code, w.agent.as_str(), w.text.as_str())), expected, "{value}");
        }
    }
}
