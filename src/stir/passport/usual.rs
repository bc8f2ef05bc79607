//! Headers and claims as nearly all are: in canonical form (RFC 8225 §9), with the members of SHAKEN and diversions and nothing odd
//! about them. They are read from front to back, without a tree of JSON values; `None` says nothing, and the tree is to be looked at.

use std::collections::BTreeMap;

use crate::sip::octets;

use super::{Attestation, Claims, JoseHeader, Subject, Word, is_number, is_uuid, word};

/// The JOSE header.
pub(super) fn header(octets: &[u8]) -> Option<JoseHeader> {
    let mut rest = Rest::of(octets)?;
    rest.skip(r#"{"alg":"ES256","#)?;
    let ppt = rest.member(r#""ppt":""#)?;
    if ppt.is_some() {
        rest.skip(",")?;
    }
    rest.skip(r#""typ":"passport","#)?;
    let x5u = rest.member(r#""x5u":""#)??;
    rest.end()?;
    let constant = |text| Some(Word::Borrowed(text));
    Some(JoseHeader {
        alg: constant("ES256"),
        ppt: ppt.map(word),
        typ: constant("passport"),
        x5u: Some(x5u.to_owned()),
    })
}

/// The claims of a token with that extension.
pub(super) fn claims(octets: &[u8], ppt: Option<&str>) -> Option<Claims> {
    let mut rest = Rest::of(octets)?;
    rest.skip("{")?;
    let attest = match rest.member(r#""attest":""#)? {
        Some(letter) => Some(rest.skip(",").and_then(|()| Attestation::read(letter))?),
        None => None,
    };
    rest.skip(r#""dest":{"#)?;
    let dest = rest.parties()?;
    let div = if rest.has(r#","div":{"#) { Some(rest.party()?) } else { None };
    rest.skip(r#","iat":"#)?;
    let iat = rest.number()?;
    rest.skip(r#","orig":{"#)?;
    let orig = rest.party()?;
    let origid = rest.member(r#","origid":""#)?;
    rest.end()?;
    let is_complete = match ppt {
        None => true,
        Some("shaken") => attest.is_some() && origid.is_some(),
        Some("div" | "div-o") => div.is_some(),
        // What other extensions ask for is none of these.
        Some(_) => false,
    };
    let (iat, orig, origid) = (Some(iat), Some(orig), origid.map(str::to_owned));
    let claims = Claims { attest, dest, div, iat, orig, origid, further: BTreeMap::new() };
    Some(claims).filter(|claims| is_complete && claims.origid.as_deref().is_none_or(is_uuid))
}

/// What has not been read yet of a text in JSON that is printable ASCII without escapes: each of its strings ends with the next quote.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn of(octets: &'a [u8]) -> Option<Self> {
        let is_plain = octets.iter().fold(true, |plain, octet| plain & !matches!(*octet, 0..b' ' | b'\\' | 0x7f..));
        std::str::from_utf8(octets).ok().filter(|_| is_plain).map(Self)
    }

    /// Goes behind a text that must be next.
    fn skip(&mut self, text: &str) -> Option<()> {
        self.has(text).then_some(())
    }

    /// Goes behind a text if it is next.
    fn has(&mut self, text: &str) -> bool {
        let behind = self.0.strip_prefix(text);
        self.0 = behind.unwrap_or(self.0);
        behind.is_some()
    }

    /// Whether the last brace is all that is left.
    fn end(&self) -> Option<()> {
        (self.0 == "}").then_some(())
    }

    /// A member whose name with the quote that begins its value is next, if it is.
    #[expect(clippy::option_option, reason = "the outer one is of the text, the inner one of the member")]
    fn member(&mut self, name: &str) -> Option<Option<&'a str>> {
        if self.has(name) { self.string().map(Some) } else { Some(None) }
    }

    /// A string behind its first quote.
    fn string(&mut self) -> Option<&'a str> {
        let end = octets::find(self.0.as_bytes(), b'"')?;
        let text = self.0.get(..end)?;
        self.0 = self.0.get(end + 1..)?;
        Some(text)
    }

    /// A number that is none of the odd ones.
    fn number(&mut self) -> Option<i64> {
        let end = self.0.bytes().position(|octet| !octet.is_ascii_digit())?;
        let digits = self.0.get(..end).filter(|digits| !digits.starts_with('0'))?;
        self.0 = self.0.get(end..)?;
        digits.parse().ok()
    }

    /// `orig` or `div` behind its brace.
    fn party(&mut self) -> Option<Subject> {
        let party = match self.member(r#""tn":""#)? {
            Some(text) => number(text)?,
            None => Subject::Uri(self.member(r#""uri":""#)??.to_owned()),
        };
        self.skip("}")?;
        Some(party)
    }

    /// `dest` behind its brace.
    fn parties(&mut self) -> Option<Vec<Subject>> {
        let mut all = Vec::with_capacity(1);
        let has_numbers = self.has(r#""tn":["#);
        if has_numbers {
            self.list(&mut all, number)?;
        }
        if !has_numbers || self.has(",") {
            self.skip(r#""uri":["#)?;
            self.list(&mut all, |text| Some(Subject::Uri(text.to_owned())))?;
        }
        self.skip("}")?;
        Some(all)
    }

    /// A list of strings behind its bracket, of at least one.
    fn list(&mut self, all: &mut Vec<Subject>, make: impl Fn(&str) -> Option<Subject>) -> Option<()> {
        loop {
            self.skip("\"")?;
            all.push(make(self.string()?)?);
            if !self.has(",") {
                return self.skip("]");
            }
        }
    }
}

fn number(text: &str) -> Option<Subject> {
    is_number(text).then(|| Subject::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::super::{Part, Passport};
    use super::*;

    /// As [`Passport::read`] reads what is not as usual.
    fn at_leisure(octets: &[u8], read: impl Fn(&mut Passport, &Map<String, Value>)) -> Passport {
        let mut passport = Passport::read("..");
        passport.faults.clear();
        if let Some(object) = passport.object(Part::Claims, octets) {
            read(&mut passport, &object);
        }
        passport
    }

    proptest! {
        #[test]
        fn usual_headers_are_read_as_any_other(
            members in prop::collection::vec(
                prop::sample::select(vec![
                    r#""alg":"ES256""#, r#""alg":"none""#, r#""ppt":"shaken""#, r#""ppt":null"#, r#""typ":"passport""#, r#""typ":"JWT""#,
                    r#""x5u":"https://c.example/p.pem""#, r#""x5u":"\u0041""#, r#""x5u":7"#, r#""é":1"#,
                ]),
                2..6,
            ),
            separator in prop::sample::select(vec![",", ",", ",", ", ", ",,"]),
            sorted: bool,
        ) {
            let mut members = members;
            if sorted {
                members.sort_unstable();
                members.dedup_by_key(|member| member.get(..4).map(str::to_owned));
            }
            let octets = format!("{{{}}}", members.join(separator)).into_bytes();
            let slow = at_leisure(&octets, Passport::read_header);
            prop_assert!(header(&octets).is_none_or(|header| header == *slow.header && slow.faults.is_empty()));
        }

        #[test]
        fn usual_claims_are_read_as_any_other(
            members in prop::collection::vec(
                prop::sample::select(vec![
                    r#""attest":"A""#, r#""attest":"D""#, r#""dest":{"tn":["1"]}"#, r#""dest":{"tn":["1"],"uri":["sip:a@b"]}"#,
                    r#""dest":{"tn":"1"}"#, r#""dest":{"tn":[]}"#, r#""dest":{"tn":["+1"]}"#, r#""div":{"tn":"2"}"#, r#""div":{}"#,
                    r#""iat":5"#, r#""iat":-5"#, r#""iat":05"#, r#""iat":5.5"#, r#""iat":"5""#, r#""orig":{"tn":"3"}"#,
                    r#""orig":{"uri":"sip:a@b"}"#, r#""orig":{"tn":"3","uri":"sip:a@b"}"#, r#""orig":{"uri":"x","tn":"3"}"#,
                    r#""origid":"5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10""#, r#""origid":"x""#, r#""rcd":{}"#, r#""orig":{"uri":"\u0041"}"#, r#""orig":{"uri":"é"}"#, "\"orig\":{\"uri\":\"\u{7f}\"}",
                    "\"orig\":{\"uri\":\"\t\"}",
                ]),
                3..9,
            ),
            ppt in prop::sample::select(vec![None, Some("shaken"), Some("div"), Some("rph")]),
            sorted in prop::bool::weighted(0.8),
        ) {
            let mut members = members;
            if sorted {
                members.sort_unstable();
                members.dedup_by_key(|member| member.split(':').next().map(str::to_owned));
            }
            let octets = format!("{{{}}}", members.join(",")).into_bytes();
            let slow = at_leisure(&octets, |passport, object| {
                passport.header = Arc::new(JoseHeader { ppt: ppt.map(word), ..JoseHeader::default() });
                passport.read_claims(object);
            });
            let is_same = |claims| Some(claims) == slow.claims && slow.faults.is_empty();
            prop_assert!(claims(&octets, ppt).is_none_or(is_same));
        }
    }

    #[test]
    fn canonical_claims_are_usual() {
        let header_text = r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://c.example/p.pem"}"#;
        assert!(header(header_text.as_bytes()).is_some());
        let origid = "5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10";
        for (text, ppt, expected) in [
            (
                format!(r#"{{"attest":"B","dest":{{"tn":["1"]}},"iat":5,"orig":{{"tn":"2"}},"origid":"{origid}"}}"#),
                "shaken",
                true,
            ),
            (r#"{"dest":{"uri":["sip:a@b"]},"div":{"tn":"3"},"iat":5,"orig":{"tn":"2"}}"#.to_owned(), "div", true),
            (r#"{"dest":{"tn":["1"]}, "div":{"tn":"3"},"iat":5,"orig":{"tn":"2"}}"#.to_owned(), "div", false),
            (
                r#"{"dest":{"tn":["1"]},"dest":{"tn":["1"]},"div":{"tn":"3"},"iat":5,"orig":{"tn":"2"}}"#.to_owned(),
                "div",
                false,
            ),
        ] {
            assert_eq!(claims(text.as_bytes(), Some(ppt)).is_some(), expected, "{text}");
        }
    }
}
