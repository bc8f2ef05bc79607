//! Headers and claims as nearly all are: in canonical form, with the members of SHAKEN and diversions and nothing odd about them.
//! They are read without a tree of JSON values; `None` says nothing, and the tree is to be looked at.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::{Attestation, Claims, JoseHeader, Subject, is_number, is_uuid};

/// Members in the order of the canonical form (RFC 8225 §9).
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    ppt: Option<&'a str>,
    typ: &'a str,
    x5u: &'a str,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    attest: Option<&'a str>,
    #[serde(borrow)]
    dest: Many<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    div: Option<One<'a>>,
    iat: i64,
    #[serde(borrow)]
    orig: One<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    origid: Option<&'a str>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct One<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tn: Option<&'a str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Many<'a> {
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    tn: Vec<&'a str>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    uri: Vec<&'a str>,
}

/// What remains of the octets that something has to be equal to.
struct Expected<'a>(&'a [u8]);

impl io::Write for Expected<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(octets).ok_or(io::ErrorKind::InvalidData)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JOSE header.
pub(super) fn header(octets: &[u8]) -> Option<JoseHeader> {
    let Header { alg, ppt, typ, x5u } =
        canonical(octets).filter(|header: &Header<'_>| header.alg == "ES256" && header.typ == "passport")?;
    let keep = |text: &str| Some(text.to_owned());
    Some(JoseHeader { alg: keep(alg), ppt: ppt.map(str::to_owned), typ: keep(typ), x5u: keep(x5u) })
}

/// The claims of a token with that extension.
pub(super) fn claims(octets: &[u8], ppt: Option<&str>) -> Option<Claims> {
    let members: Members<'_> = canonical(octets)?;
    let is_complete = match ppt {
        None => true,
        Some("shaken") => members.attest.is_some() && members.origid.is_some(),
        Some("div" | "div-o") => members.div.is_some(),
        Some(_) => return None,
    };
    if !is_complete || !members.origid.is_none_or(is_uuid) {
        return None;
    }
    Some(Claims {
        attest: members.attest.map(|letter| Attestation::read(letter).ok_or(())).transpose().ok()?,
        dest: members.dest.subjects()?,
        div: members.div.map(|div| div.subject().ok_or(())).transpose().ok()?,
        iat: Some(members.iat),
        orig: Some(members.orig.subject()?),
        origid: members.origid.map(str::to_owned),
        further: BTreeMap::new(),
    })
}

/// Reads a value that is written with exactly these octets.
fn canonical<'a, T: Deserialize<'a> + Serialize>(octets: &'a [u8]) -> Option<T> {
    let value = serde_json::from_slice(octets).ok()?;
    let mut rest = Expected(octets);
    (serde_json::to_writer(&mut rest, &value).is_ok() && rest.0.is_empty()).then_some(value)
}

impl One<'_> {
    fn subject(&self) -> Option<Subject> {
        self.tn.map_or_else(|| Some(Subject::Uri(self.uri?.to_owned())), number)
    }
}

impl Many<'_> {
    fn subjects(&self) -> Option<Vec<Subject>> {
        let numbers = self.tn.iter().map(|text| number(text));
        let uris = self.uri.iter().map(|text| Some(Subject::Uri((*text).to_owned())));
        numbers.chain(uris).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
    }
}

fn number(text: &str) -> Option<Subject> {
    is_number(text).then(|| Subject::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
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
            prop_assert!(header(&octets).is_none_or(|header| header == slow.header && slow.faults.is_empty()));
        }

        #[test]
        fn usual_claims_are_read_as_any_other(
            members in prop::collection::vec(
                prop::sample::select(vec![
                    r#""attest":"A""#, r#""attest":"D""#, r#""dest":{"tn":["1"]}"#, r#""dest":{"tn":["1"],"uri":["sip:a@b"]}"#,
                    r#""dest":{"tn":"1"}"#, r#""dest":{"tn":[]}"#, r#""dest":{"tn":["+1"]}"#, r#""div":{"tn":"2"}"#, r#""div":{}"#,
                    r#""iat":5"#, r#""iat":-5"#, r#""iat":05"#, r#""iat":5.5"#, r#""iat":"5""#, r#""orig":{"tn":"3"}"#,
                    r#""orig":{"uri":"sip:a@b"}"#, r#""orig":{"tn":"3","uri":"sip:a@b"}"#, r#""orig":{"uri":"x","tn":"3"}"#,
                    r#""origid":"5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10""#, r#""origid":"x""#, r#""rcd":{}"#,
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
                passport.header.ppt = ppt.map(str::to_owned);
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
