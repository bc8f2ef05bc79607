//! Tokens signed with a throw-away key, and what is read from them.

use base64::engine::general_purpose::URL_SAFE_NO_PAD_INDIFFERENT;
use proptest::prelude::*;

use super::*;

/// Full form, attestation A, signed at 2026-03-30 14:00:00 UTC, from 12125550101 to 12155550113.
pub(crate) const V1: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.bD6RN89cIJmWg_T6gbSWto-3oCD1ejfIh_EAcat7mtYapYbwdu3fq0qD2r1naThSISUo4jokXDmRHqGRXMphwg";
/// As [`V1`], 900 s older.
pub(crate) const V2: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc4MzAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.1ddAVY2ng3N14vKnk7BKSiULl7RE90cORwq6iDOUpk5eqStuAvjdgm507eIiphQqF5ZANPoI0H8yutOKlOVSEA";
/// As [`V1`], 300 s later.
pub(crate) const V3: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5NTAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.2a_dxdv2MJryoh-BAdLepWEYOEGiWZxg2FQtqLeyBM98NcppRtSRkofE7z-sGckw8E44zoPyNypkmXh2YFoUKg";
/// As [`V1`], to 12155550199.
pub(crate) const V4: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDE5OSJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.xRBDjiMiPgeEB7dEQbNBvLaA-Bxnj4JcWEyyo-GpeZ2hcRJRkI7KtlcddpZ7Rqq0BbCFCUVyJpW5Fz4VIR14Fg";
/// Attestation B, from 12125550177.
pub(crate) const V5: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJCIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxNzcifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.Dm6MH3r_dGspR9oFqrnek7hhhaQQ168fOxBznbCFjhgqTIqpzRrCGUfw-UgRQ_-nJyEVhT0TL5r2LAQaLKaNFQ";
/// As [`V1`] with one bit of the signature changed.
pub(crate) const V6: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.bD6RN89cIJmWg_X6gbSWto-3oCD1ejfIh_EAcat7mtYapYbwdu3fq0qD2r1naThSISUo4jokXDmRHqGRXMphwg";
/// Compact form of [`V1`].
pub(crate) const V7: &str = "..bD6RN89cIJmWg_T6gbSWto-3oCD1ejfIh_EAcat7mtYapYbwdu3fq0qD2r1naThSISUo4jokXDmRHqGRXMphwg";
/// Attestation C; `iat` is a string.
pub(crate) const V8: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0Lm9yaWcuZXhhbXBsZS9zaGFrZW4ucGVtIn0.eyJhdHRlc3QiOiJDIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoiMTc3NDg3OTIwMCIsIm9yaWciOnsidG4iOiIxMjEyNTU1MDEwMSJ9LCJvcmlnaWQiOiI1ZTNmMWM2Mi04ZDBhLTRlNTUtOWYwZS0yYjdhNmMxZDRhMTAifQ.emdA0aq1KvXyynBcq4k6HT-W3GmB_gWLvWE3FUUmuVYPnp3_paU16bMFs_IMhv0zneKc04PAjxcA54KIR1r6fQ";
/// A diversion from 12155550199 to 12155550113.
pub(crate) const V9: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6ImRpdiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmZ3ZC5leGFtcGxlL2Rpdi5wZW0ifQ.eyJkZXN0Ijp7InRuIjpbIjEyMTU1NTUwMTEzIl19LCJkaXYiOnsidG4iOiIxMjE1NTU1MDE5OSJ9LCJpYXQiOjE3NzQ4NzkyMDAsIm9yaWciOnsidG4iOiIxMjEyNTU1MDEwMSJ9fQ.pcz1b2-_hxXXfzLE4Z1MlYCaW2PerBMvKXk0BYkOCREcrSipx6WI6NU24UK0DDFD5-aqXeCKI6euUOM_WKli7Q";
/// As [`V1`] with an `http` URL.
pub(crate) const V10: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cDovL2NlcnQub3JpZy5leGFtcGxlL3NoYWtlbi5wZW0ifQ.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.pxmEnEyVBHz6P-IJyqKDHbf-03bukexD208-jFp9adSNnrd2YNEJZ5Kz3_jyML2WCcePbidCyiI2UB771gsrBg";
/// As [`V1`] with `alg` none and no signature.
pub(crate) const V11: &str = "eyJhbGciOiJub25lIiwicHB0Ijoic2hha2VuIiwidHlwIjoicGFzc3BvcnQiLCJ4NXUiOiJodHRwczovL2NlcnQub3JpZy5leGFtcGxlL3NoYWtlbi5wZW0ifQ.eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxMjE1NTU1MDExMyJdfSwiaWF0IjoxNzc0ODc5MjAwLCJvcmlnIjp7InRuIjoiMTIxMjU1NTAxMDEifSwib3JpZ2lkIjoiNWUzZjFjNjItOGQwYS00ZTU1LTlmMGUtMmI3YTZjMWQ0YTEwIn0.";

/// Builds an unsigned token of a header and claims in JSON, with a signature of 64 zero octets.
pub(crate) fn token(header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64.encode(text);
    format!("{}.{}.{}", encode(header), encode(claims), BASE64.encode([0_u8; 64]))
}

proptest! {
    #[test]
    fn usual_parts_are_decoded_as_any_other(text in "[A-Za-z0-9_-]{0,200}[A-Za-z0-9_+/=!é-]{0,4}", after in 0..3_usize) {
        let read = |how: fn(&mut Passport, Part, &str, usize) -> Option<Range<usize>>| {
            let mut passport = Passport { faults: Vec::new(), octets: vec![7; after], ..Passport::read("") };
            let place = how(&mut passport, Part::Header, &text, 0);
            (place, passport.octets, passport.faults)
        };
        let (place, octets, faults) = read(Passport::decode);
        prop_assert_eq!((place.clone(), &octets, &faults), {
            let (place, octets, faults) = read(Passport::decode_at_leisure);
            (place, &octets.clone(), &faults.clone())
        });
        // The library without the instructions of the processor finds the same.
        let tidy = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let decoded = URL_SAFE_NO_PAD_INDIFFERENT.decode(tidy).ok();
        prop_assert_eq!(place.and_then(|place| octets.get(place)), decoded.as_deref());
    }

    #[test]
    fn uuids_are_told(text in "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA-F]{12}", at in 0..36_usize, other in "[-g0é]") {
        prop_assert!(is_uuid(&text));
        let mut changed = text.clone();
        changed.replace_range(at..=at, &other);
        let is_same_kind = (other == "0" && !matches!(at, 8 | 13 | 18 | 23)) || changed == text;
        prop_assert_eq!(is_uuid(&changed), is_same_kind, "{}", changed);
        prop_assert!(!is_uuid(text.get(1..).unwrap()));
    }
}

const HEADER: &str = r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://c.example/p.pem"}"#;

fn faults(token: &str) -> Vec<String> {
    Passport::read(token).faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_full_token_is_read_completely() {
    let passport = Passport::read(V1);
    assert_eq!(passport.faults, []);
    assert_eq!(passport.header.x5u.as_deref(), Some("https://cert.orig.example/shaken.pem"));
    let claims = passport.claims.as_ref().unwrap();
    assert_eq!(claims.attest, Some(Attestation::Full));
    assert_eq!(claims.dest, [Subject::Number("12155550113".to_owned())]);
    assert_eq!(claims.orig, Some(Subject::Number("12125550101".to_owned())));
    assert_eq!(claims.iat, Some(1_774_879_200));
    assert_eq!(claims.origid.as_deref(), Some("5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10"));
    assert_eq!(passport.signature().map(<[u8]>::len), Some(64));
}

#[test]
fn tokens_differ_where_they_should() {
    let claims = |token| Passport::read(token).claims.unwrap();
    assert_eq!(claims(V2).iat, Some(1_774_878_300));
    assert_eq!(claims(V3).iat, Some(1_774_879_500));
    assert_eq!(claims(V4).dest, [Subject::Number("12155550199".to_owned())]);
    assert_eq!(claims(V5).attest, Some(Attestation::Partial));
    assert_eq!(claims(V9).div, Some(Subject::Number("12155550199".to_owned())));
    assert_eq!(claims(V9).attest, None);
    assert_eq!(Passport::read(V10).header.x5u.as_deref(), Some("http://cert.orig.example/shaken.pem"));
    for token in [V1, V2, V3, V4, V5, V6, V9, V10] {
        assert_eq!(faults(token), [""; 0]);
    }
}

#[test]
fn untidy_tokens_are_read_and_noted() {
    let passport = Passport::read(V8);
    assert_eq!(faults(V8), ["PASSporT claims: iat is a string in place of a number"]);
    assert_eq!(passport.fatal().count(), 0);
    assert_eq!(passport.claims.unwrap().iat, Some(1_774_879_200));

    let bare = token(
        HEADER,
        r#"{"attest":"A","dest":{"tn":"+12155550113"},"iat":1774879200,"orig":{"tn":"12125550101"},"origid":"x"}"#,
    );
    assert_eq!(
        faults(&bare),
        [
            "PASSporT claims: dest is a single value in place of an array",
            "PASSporT claims: dest holds more than the digits of a number",
            "PASSporT claims: origid is not a UUID"
        ]
    );
    let spaced = token(HEADER, r#"{"orig":{"uri":"sip:a@b.example"}, "dest":{"uri":["sip:c@b.example"]},"iat":1}"#);
    assert!(faults(&spaced).contains(&"PASSporT claims: white space or keys out of order".to_owned()));
    let padded = V1.replace('.', "=.");
    assert!(Passport::read(&padded).claims.is_some());
}

#[test]
fn compact_and_unsigned_tokens_are_told_apart() {
    let compact = Passport::read(V7);
    assert!(compact.compact && compact.claims.is_none() && compact.faults.is_empty());
    assert_eq!(
        faults(V11),
        ["PASSporT header: alg is \"none\"; only ES256 may be used", "signature: it is empty (at byte 307)"]
    );
}

#[test]
fn broken_tokens_say_what_and_where() {
    let claims = r#"{"attest":"D","dest":{"tn":[]},"iat":true}"#;
    for (token, expected) in [
        ("abc".to_owned(), "token: 1 parts where there must be three"),
        ("a.b.c.d".to_owned(), "token: 4 parts where there must be three"),
        (
            V1.replacen("Jhb", "J!b", 1),
            "PASSporT header: not base64url: a character that does not belong there (at byte 3)",
        ),
        (token("{\"alg\":", claims), "PASSporT header: not JSON: EOF while parsing a value (at byte 6)"),
        (token("[]", claims), "PASSporT header: not JSON: no object (at byte 0)"),
        (token("{}", claims), "PASSporT header: typ is missing"),
        (token(HEADER, claims), "PASSporT claims: attest is \"D\", not A, B or C"),
        (token(HEADER, claims), "PASSporT claims: a party in dest is missing"),
        (token(HEADER, claims), "PASSporT claims: iat has the wrong type"),
        (token(HEADER, claims), "PASSporT claims: orig is missing"),
        (token(HEADER, claims), "PASSporT claims: origid is missing"),
        (
            format!("{}.{}", V1.rsplit_once('.').unwrap().0, BASE64.encode([0x30_u8; 70])),
            "signature: 70 octets of DER where ES256 has 64 plain octets (at byte 308)",
        ),
        (format!("{}.AAAA", V1.rsplit_once('.').unwrap().0), "signature: 3 octets where ES256 has 64 (at byte 308)"),
    ] {
        let found = faults(&token);
        assert!(found.iter().any(|f| f == expected), "{expected:?} is not among {found:?}");
    }
}

#[test]
fn further_claims_are_kept_and_those_of_the_extension_are_asked_for() {
    for (ppt, more, further, fault) in [
        ("rph", r#","rph":{"auth":["ets.0"]}"#, vec![("rph", r#"{"auth":["ets.0"]}"#)], None),
        ("rph", "", vec![], Some("rph is missing")),
        (
            "rcd",
            r#","rcd":{"nam":"Example Clinic"},"rcdi":{}"#,
            vec![("rcd", r#"{"nam":"Example Clinic"}"#), ("rcdi", "{}")],
            None,
        ),
        ("rcd", "", vec![], Some("rcd is missing")),
        ("msg", r#","msgi":"sha256-AAAA""#, vec![("msgi", "\"sha256-AAAA\"")], None),
        ("div-o", "", vec![], Some("div is missing")),
    ] {
        let header = format!(r#"{{"alg":"ES256","ppt":"{ppt}","typ":"passport","x5u":"https://c.example/x"}}"#);
        let claims =
            format!(r#"{{"dest":{{"tn":["12155550113"]}},"iat":1774879200{more},"orig":{{"tn":"12125550101"}}}}"#);
        let token = format!("{}.{}.{}", BASE64.encode(header), BASE64.encode(claims), BASE64.encode([7; 64]));
        let read = Passport::read(&token);
        let found = read.claims.as_ref().unwrap();
        let pairs: Vec<_> = found.further.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, further, "{ppt}");
        let said: Vec<String> = read.fatal().map(ToString::to_string).collect();
        assert_eq!(said.len(), usize::from(fault.is_some()), "{ppt}: {said:?}");
        assert!(fault.is_none_or(|fault| said[0].ends_with(fault)), "{ppt}: {said:?}");
    }
}
