//! What a message says of the party that sends it, beside From: asserted identities, privacy, signed identities, date.

use std::sync::Arc;

use super::{HeaderName, Message, NameAddr};
use crate::stir::{Identity, TelephoneNumber, date};

impl Message {
    /// P-Asserted-Identity values that can be read (RFC 3325 §9.1).
    pub fn asserted_identities(&self) -> Vec<NameAddr> {
        if !self.has(HeaderName::PAssertedIdentity) {
            return Vec::new();
        }
        self.values(HeaderName::PAssertedIdentity).iter().filter_map(|v| NameAddr::read(v)).collect()
    }

    /// Identity values with their `PASSporTs`, in order (RFC 8224 §4).
    pub fn identities(&self) -> &[Arc<Identity>] {
        let read = || {
            // Most calls are signed once.
            let mut all = Vec::with_capacity(1);
            for list in self.headers(HeaderName::Identity) {
                all.extend(Identity::split_list(&list).map(|value| Arc::new(Identity::read(value))));
            }
            all.into_boxed_slice()
        };
        if self.has(HeaderName::Identity) { self.identities_or(read) } else { &[] }
    }

    /// The Date header field in seconds since the Unix epoch; `None` where there is none that can be read.
    pub fn date(&self) -> Option<i64> {
        date::read(&self.header(HeaderName::Date)?)
    }

    /// The calling number: that of P-Asserted-Identity where there is one, else that of From. `None` where neither holds a
    /// number. `country` is the country code of numbers without one.
    pub fn calling_number(&self, country: &str) -> Option<TelephoneNumber> {
        let own = || TelephoneNumber::read(self.party(HeaderName::From)?.user?, country);
        self.asserted_number(country).or_else(own)
    }

    /// The first number among the values of P-Asserted-Identity.
    pub(crate) fn asserted_number(&self, country: &str) -> Option<TelephoneNumber> {
        let number = |address: &NameAddr| TelephoneNumber::read(address.uri.user.as_deref()?, country);
        self.asserted_identities().iter().find_map(number)
    }

    /// What a verification service of the callee's network says of the calling number: the `verstat` parameter of
    /// P-Asserted-Identity and From, with the header field that holds it. It belongs to the user part (3GPP TS 24.229
    /// §7.2A.20); some put it behind the host.
    pub fn verification_statuses(&self) -> Vec<(HeaderName, String)> {
        if !self.may_have_verification_statuses() {
            return Vec::new();
        }
        let asserted = self.asserted_identities().into_iter().map(|party| (HeaderName::PAssertedIdentity, party));
        let parties = asserted.chain(self.from().map(|party| (HeaderName::From, party)));
        let status = |party: &NameAddr| {
            let inside = party.uri.user_params().value("verstat").map(str::to_owned);
            inside.or_else(|| party.uri.params.value("verstat").or(party.params.value("verstat")).map(str::to_owned))
        };
        parties.filter_map(|(name, party)| Some((name, status(&party)?))).collect()
    }

    /// Whether [`Self::verification_statuses`] may find one: most values have no parameter that could be it.
    pub(crate) fn may_have_verification_statuses(&self) -> bool {
        let from = self.first_value(HeaderName::From);
        from.is_some_and(|value| mentions(value, b"verstat"))
            || self.has(HeaderName::PAssertedIdentity)
                && self.raw_values(HeaderName::PAssertedIdentity).any(|value| mentions(value, b"verstat"))
    }

    /// The words of Privacy (RFC 3323 §4.2), in lower case.
    pub fn privacy(&self) -> Vec<String> {
        self.headers(HeaderName::Privacy)
            .flat_map(|v| v.split([';', ',']).map(|word| word.trim().to_ascii_lowercase()).collect::<Vec<_>>())
            .filter(|word| !word.is_empty())
            .collect()
    }
}

/// Whether a word that begins with `v` occurs, in any case.
fn mentions(value: &[u8], word: &[u8]) -> bool {
    let at = |at: usize| value.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word));
    memchr::memchr2_iter(b'v', b'V', value).any(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &str) -> Message {
        let text = format!("INVITE sip:b@b.example SIP/2.0\r\n{fields}\r\n");
        Message::read(text.as_bytes(), false).unwrap().0
    }

    #[test]
    fn the_asserted_number_comes_before_from() {
        let from = "From: <sip:+12125550101@a.example>;tag=1\r\n";
        for (more, expected) in [
            ("", Some("12125550101")),
            ("P-Asserted-Identity: \"A, B\" <sip:alice@a.example>, <tel:+12125550102>\r\n", Some("12125550102")),
            ("P-Asserted-Identity: <sip:alice@a.example>\r\n", Some("12125550101")),
        ] {
            let number = message(&format!("{from}{more}")).calling_number("1");
            assert_eq!(number.as_ref().map(TelephoneNumber::digits), expected, "{more}");
        }
        assert_eq!(message("From: <sip:alice@a.example>;tag=1\r\n").calling_number("1"), None);
    }

    #[test]
    fn the_status_of_a_verification_is_read_at_either_place() {
        for (fields, expected) in [
            (
                "From: <sip:+12125550101;verstat=TN-Validation-Failed@a.example;user=phone>;tag=1\r\n",
                "TN-Validation-Failed",
            ),
            ("From: <sip:+12125550101@a.example;user=phone;verstat=No-TN-Validation>;tag=1\r\n", "No-TN-Validation"),
            ("P-Asserted-Identity: <tel:+12125550101;verstat=TN-Validation-Passed>\r\n", "TN-Validation-Passed"),
            ("From: <sip:+12125550101@a.example>;tag=1\r\n", ""),
        ] {
            let read: Vec<String> = message(fields).verification_statuses().into_iter().map(|(_, s)| s).collect();
            assert_eq!(read.join(","), expected, "{fields}");
        }
    }

    #[test]
    fn privacy_is_a_list_of_words() {
        assert_eq!(message("Privacy: ID; user,header\r\n").privacy(), ["id", "user", "header"]);
        assert!(message("").privacy().is_empty());
    }

    #[test]
    fn several_identities_and_the_date_are_read() {
        let m = message(
            "y: a.b.c;info=<https://x.example/1,2>\r\nIdentity: d.e.f\r\nDate: Mon, 30 Mar 2026 14:00:00 GMT\r\n",
        );
        assert_eq!((m.identities().len(), m.date()), (2, Some(1_774_879_200)));
        assert_eq!(message("Date: today\r\n").date(), None);
    }
}
