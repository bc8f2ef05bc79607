//! name-addr and addr-spec values, one or a list of them, read as tolerantly as [`crate::sip::NameAddr`] does.

use super::Redactor;
use super::scan::{before, each, trimmed, unquoted};
use crate::sip::params::position;

impl Redactor {
    /// Replaces the values of From, To, Contact, Route, P-Asserted-Identity and the like.
    pub(super) fn parties(&self, text: &[u8]) -> Vec<u8> {
        each(text, b',', |value| trimmed(value, |value| self.party(value)))
    }

    fn party(&self, value: &[u8]) -> Vec<u8> {
        if value == b"*" {
            return value.to_vec();
        }
        let bracket = position(value, |byte| byte == b'<')
            .or_else(|| value.contains(&b'"').then(|| value.iter().rposition(|byte| *byte == b'<')).flatten());
        let Some((name, rest)) = bracket.and_then(|at| value.split_at_checked(at)) else {
            let end = position(value, |byte| byte == b';').unwrap_or(value.len());
            let (uri, params) = value.split_at_checked(end).unwrap_or((value, &[]));
            return [self.uri(uri), self.params(params)].concat();
        };
        let (uri, end) = before(rest.get(1..).unwrap_or_default(), |byte| byte == b'>');
        let params = end.get(1..).unwrap_or_default();
        let name = trimmed(name, |name| unquoted(name, |name| self.display(name)));
        [&name, &b"<"[..], &self.uri(uri), end.get(..1).unwrap_or_default(), &self.params(params)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;
    use crate::sip::{NameAddr, Params};

    #[test]
    fn whatever_can_be_read_can_be_read_afterwards() {
        for text in [
            r#""Alice \"A\" Smith" <sip:alice@corp.example;transport=tcp>;tag=abc"#,
            "sip:alice@corp.example;tag=abc",
            "Alice Smith <sip:alice@corp.example>",
            "<tel:+12125550142>",
            "<sip:alice@corp.example",
            r#""Alice <sip:alice@corp.example>;tag=abc"#,
        ] {
            let new = String::from_utf8(redactor().parties(text.as_bytes())).unwrap();
            let (old, read) = (NameAddr::read(text).unwrap(), NameAddr::read(&new).unwrap());
            assert_eq!(new.len(), text.len(), "{text}: {new}");
            let names = |p: &Params| p.0.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert_eq!(names(&read.params), names(&old.params));
            assert_eq!(read.display_name.is_some(), old.display_name.is_some());
            for gone in ["lice", "Smith", "corp", "abc", "5550142"] {
                assert!(!new.contains(gone), "{text}: {new}");
            }
        }
    }

    #[test]
    fn lists_stay_lists() {
        let list = "\"A, B\" <sip:a,b@corp.example>;q=0.5 , <sip:c@corp.example>,sip:d@corp.example, *";
        let new = String::from_utf8(redactor().parties(list.as_bytes())).unwrap();
        assert_eq!(crate::sip::params::split(&new, ',').len(), 4);
        assert!(new.contains(">;q=0.5 , <sip:") && new.ends_with(", *"), "{new}");
    }
}
