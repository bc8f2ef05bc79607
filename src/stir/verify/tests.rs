//! Verdicts about tokens of a throw-away key, about published examples, and with certificates that the tests make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Signer as _;

use super::*;
use crate::stir::Freshness;
use crate::stir::certificate::tests::{Recipe, key, numbers, pem, public_key};
use crate::stir::passport::tests::{V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11};

/// The key that signed the tokens of the tests.
pub(crate) const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMX9TqQpE3t4azCTQyLybUWhlrhTP
pZBZrFNWurMT2ElnZ2VS8VFCbPj3WMb7yGPE4vdJXTDVHrVVbvGX6Q2itw==
-----END PUBLIC KEY-----
";
/// RFC 8225 §7.1, and the public key of its appendix A.2. (The signature in appendix A itself belongs to another key.)
const RFC_8225: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9.eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0.rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w";
const RFC_8225_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH
78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==
-----END PUBLIC KEY-----
";
/// RFC 8946 §3, and the public key of its appendix.
const RFC_8946: &str = "eyJhbGciOiJFUzI1NiIsInBwdCI6ImRpdiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20vY2VydC5jZXIifQ.eyJkZXN0Ijp7InRuIjpbIjEyMTU1NTUxMjE0Il19LCJkaXYiOnsidG4iOiIxMjE1NTU1NTEyMTMifSwiaWF0IjoxNDQzMjA4MzQ1LCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0.xBHWipDEEJ8a6TsdX6xUXAnblsFiGUiAxwLiv0HLC9IICj6eG9jQd6WzeSSjHRBwxmChHhVIiMTSqIlk3yCNkg";
const RFC_8946_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmzGM1VsO+3IqbMF54rQMaYKQftO4
hUYm9wv5wutLgEd9FsiTy3+4+Wa2O7pffOXPC0QzO+yD8hGEXGP/2mZo6w==
-----END PUBLIC KEY-----
";

fn store(files: &[(&str, &str)]) -> TrustStore {
    let mut trust = TrustStore::default();
    for (name, text) in files {
        trust.add_file(name, text.as_bytes()).unwrap();
    }
    trust
}

fn read(token: &str) -> Identity {
    Identity::read(&format!("{token};info=<https://cert.orig.example/shaken.pem>"))
}

fn verdict(token: &str, trust: &TrustStore) -> String {
    verify(&read(token), &Surroundings::default(), trust).to_string()
}

/// A token over these claims, signed with the key of seed 1.
fn signed(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature: p256::ecdsa::Signature = key(1).sign(input.as_bytes());
    format!("{input}.{}", BASE64.encode(signature.to_bytes()))
}

const HEADER: &str = r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.orig.example/shaken.pem"}"#;

fn claims(orig: &str) -> String {
    format!(
        r#"{{"attest":"A","dest":{{"tn":["12155550113"]}},"iat":1774879200,"orig":{{"tn":"{orig}"}},"origid":"5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10"}}"#
    )
}

#[test]
fn our_tokens_have_the_verdicts_that_they_were_made_for() {
    let trust = store(&[("signer.pem", KEY)]);
    let verified = "verifies with the supplied key in signer.pem";
    for (name, token, expected) in [
        ("V1", V1, verified),
        ("V2", V2, verified),
        ("V3", V3, verified),
        ("V4", V4, verified),
        ("V5", V5, verified),
        ("V6", V6, "fails: the supplied key does not verify it"),
        ("V7", V7, "fails: the supplied key does not verify it (header and claims rebuilt from Date, From and To)"),
        ("V8", V8, verified),
        ("V9", V9, verified),
        ("V10", V10, verified),
        ("V11", V11, "fails: alg is \"none\"; only ES256 may be used"),
    ] {
        let around = Surroundings {
            orig: Some(Subject::Number("12125550101".to_owned())),
            dest: Some(Subject::Number("12155550113".to_owned())),
            date: Some(1_774_879_200),
        };
        assert_eq!(verify(&read(token), &around, &trust).to_string(), expected, "{name}");
    }
    let shaken = Identity::read(&format!("{V7};info=<https://cert.orig.example/shaken.pem>;ppt=shaken"));
    let not = verify(&shaken, &Surroundings::default(), &trust);
    assert_eq!(not, Verdict::NotVerified(Unverified::Compact));
    assert!(shaken.faults().iter().any(|f| matches!(f.kind, FaultKind::CompactForbidden(_))));
}

#[test]
fn a_verified_signature_does_not_make_a_token_right() {
    // What the other checks say of the same tokens against a call at 14:00:00 from 12125550101 to 12155550113.
    let claims = |token| read(token).passport.claims.unwrap();
    let fresh = |token| Freshness::of(claims(token).iat.unwrap(), 1_774_879_200);
    assert!(fresh(V1).is_fresh() && fresh(V8).is_fresh());
    assert_eq!((fresh(V2).to_string(), fresh(V3).to_string()), ("900 s before".to_owned(), "300 s after".to_owned()));
    assert!(!fresh(V2).is_fresh() && !fresh(V3).is_fresh());
    assert_eq!(claims(V4).dest, [Subject::Number("12155550199".to_owned())]);
    assert_eq!(claims(V5).orig, Some(Subject::Number("12125550177".to_owned())));
    assert_eq!(read(V8).passport.faults.len(), 1);
    assert_eq!(claims(V9).div.as_ref(), claims(V4).dest.first(), "V4 and V9 are a chain");
    assert_eq!(claims(V9).dest, claims(V1).dest);
    assert!(read(V10).certificate_url().unwrap().starts_with("http://"));
}

#[test]
fn published_examples_verify_with_their_keys_and_no_others() {
    for (token, own, other) in
        [(RFC_8225, RFC_8225_KEY, RFC_8946_KEY), (RFC_8946, RFC_8946_KEY, KEY), (V1, KEY, RFC_8225_KEY)]
    {
        assert_eq!(verdict(token, &store(&[("k.pem", own)])), "verifies with the supplied key in k.pem");
        assert_eq!(verdict(token, &store(&[("k.pem", other)])), "fails: the supplied key does not verify it");
    }
}

#[test]
fn without_keys_nothing_is_said() {
    let nothing = TrustStore::default();
    for token in [V1, V6, V7, V11] {
        assert_eq!(verdict(token, &nothing), "not verified: no certificate or key was supplied");
    }
    let old = Identity::read("\"c2lnbmF0dXJlIG9mIGFuIG9sZCBraW5kIGFuZCBub3RoaW5nIGVsc2U=\"");
    let verdict = verify(&old, &Surroundings::default(), &store(&[("k.pem", KEY)]));
    assert_eq!(verdict, Verdict::NotVerified(Unverified::Legacy));
}

#[test]
fn files_are_chosen_by_url_or_tried_in_turn() {
    let mut trust = store(&[("a.pem", RFC_8225_KEY), ("b.pem", KEY)]);
    assert_eq!(verdict(V1, &trust), "verifies with the supplied key in b.pem");
    assert_eq!(verdict(V6, &trust), "fails: none of the 2 supplied keys verifies it");
    assert!(!trust.map_url("https://cert.orig.example/shaken.pem", "c.pem"));
    assert!(trust.map_url("https://cert.orig.example/shaken.pem", "a.pem"));
    assert_eq!(verdict(V1, &trust), "fails: the key in a.pem does not verify it");
    assert!(trust.map_url("https://cert.orig.example/shaken.pem", "b.pem"));
    assert_eq!(verdict(V1, &trust), "verifies with the supplied key in b.pem");
}

#[test]
fn der_is_recognised_as_the_signers_mistake() {
    let token = signed(HEADER, &claims("12125550101"));
    let (input, plain) = token.rsplit_once('.').unwrap();
    let plain = p256::ecdsa::Signature::from_slice(&BASE64.decode(plain).unwrap()).unwrap();
    let der = format!("{input}.{}", BASE64.encode(plain.to_der().as_bytes()));
    let trust = store(&[("k.pem", &pem("PUBLIC KEY", &public_key(1)))]);
    assert_eq!(verdict(&token, &trust), "verifies with the supplied key in k.pem");
    assert_eq!(
        verdict(&der, &trust),
        "fails: the key in k.pem verifies it, but it is written as DER in place of 64 plain octets"
    );
}

#[test]
fn the_compact_form_is_rebuilt_where_that_is_legal() {
    let header = r#"{"alg":"ES256","typ":"passport","x5u":"https://cert.orig.example/shaken.pem"}"#;
    let full = signed(header, r#"{"dest":{"tn":["12155550113"]},"iat":1774879200,"orig":{"tn":"12125550101"}}"#);
    let compact = read(&format!("..{}", full.rsplit_once('.').unwrap().1));
    let around = Surroundings {
        orig: Some(Subject::Number("12125550101".to_owned())),
        dest: Some(Subject::Number("12155550113".to_owned())),
        date: Some(1_774_879_200),
    };
    let trust = store(&[("k.pem", &pem("PUBLIC KEY", &public_key(1)))]);
    assert!(matches!(verify(&compact, &around, &trust), Verdict::Verified(_)));
    let later = Surroundings { date: Some(1_774_879_201), ..around.clone() };
    assert!(matches!(verify(&compact, &later, &trust), Verdict::Failed(_)));
    let unknown = Surroundings { date: None, ..around };
    assert_eq!(verify(&compact, &unknown, &trust), Verdict::NotVerified(Unverified::Compact));
}

#[test]
fn certificates_must_fit_the_token() {
    let root = Recipe::authority(("CA", "CA"), (2, 2)).pem();
    let other = Recipe::authority(("CA", "CA"), (5, 5)).pem();
    let signer = Recipe::signer();
    let token = signed(HEADER, &claims("12125550101"));
    let verdict = |recipe: &Recipe, root: Option<&str>| {
        let mut trust = store(&[("c.pem", &recipe.pem())]);
        if let Some(root) = root {
            trust.add_roots(root.as_bytes()).unwrap();
        }
        verdict(&token, &trust)
    };
    let own = |list: &[&str]| Recipe { numbers: Some(numbers(list)), ..signer.clone() };
    for (recipe, root, expected) in [
        (
            &signer,
            None,
            "verifies with the supplied certificate in c.pem (CN=SHAKEN 709J; TNAuthList names provider 709J; no root supplied)",
        ),
        (
            &own(&["12125550101"]),
            Some(root.as_str()),
            "verifies with the supplied certificate in c.pem (CN=SHAKEN 709J; TNAuthList holds the number; chain to a supplied root)",
        ),
        (
            &own(&["12125550102"]),
            Some(root.as_str()),
            "fails: the TNAuthList of the certificate in c.pem does not hold 12125550101",
        ),
        (
            &Recipe { numbers: None, ..signer.clone() },
            None,
            "fails: the certificate in c.pem has no TNAuthList and so no right to any number",
        ),
        (
            &Recipe { validity: ("250101000000Z", "260330135959Z"), ..signer.clone() },
            None,
            "fails: the certificate in c.pem is valid from 2025-01-01T00:00:00Z to 2026-03-30T13:59:59Z, and the token was made at 2026-03-30T14:00:00Z",
        ),
        (
            &signer,
            Some(other.as_str()),
            "fails: no chain leads from the certificate in c.pem (issued by CN=CA) to a supplied root",
        ),
        (&Recipe { keys: (7, 2), ..signer.clone() }, None, "fails: the supplied key does not verify it"),
    ] {
        assert_eq!(verdict(recipe, root), expected);
    }
}

#[test]
fn of_certificates_with_one_key_the_best_counts() {
    let old = Recipe { validity: ("250101000000Z", "251231235959Z"), ..Recipe::signer() };
    let token = signed(HEADER, &claims("12125550101"));
    let trust = store(&[("old.pem", &old.pem()), ("new.pem", &Recipe::signer().pem())]);
    assert!(verdict(&token, &trust).starts_with("verifies with the supplied certificate in new.pem"));
}

#[test]
fn a_diversion_is_measured_by_the_number_that_diverts() {
    let header = HEADER.replace("shaken\"", "div\"").replacen("shaken", "div", 1);
    let header = header.replace("orig.example/div.pem", "orig.example/shaken.pem");
    let diverted =
        r#"{"dest":{"tn":["12155550113"]},"div":{"tn":"12155550199"},"iat":1774879200,"orig":{"tn":"12125550101"}}"#;
    let token = signed(&header, diverted);
    for (number, passes) in [("12155550199", true), ("12125550101", false)] {
        let recipe = Recipe { numbers: Some(numbers(&[number])), ..Recipe::signer() };
        let verdict = verdict(&token, &store(&[("c.pem", &recipe.pem())]));
        assert_eq!(verdict.starts_with("verifies"), passes, "{number}: {verdict}");
    }
}

#[test]
fn a_file_must_hold_something_of_use() {
    let mut trust = TrustStore::default();
    let private = pem("PRIVATE KEY", b"\x30\x00");
    for text in ["", "nothing", private.as_str()] {
        assert_eq!(trust.add_file("x", text.as_bytes()), Err(crate::stir::certificate::Unusable::Nothing));
    }
    assert!(trust.add_roots(KEY.as_bytes()).is_err(), "a root must be a certificate");
    assert!(trust.is_empty());
    // The signer's file may hold its issuers as well; they are no signers.
    let chain = Recipe::signer().pem() + &Recipe::authority(("CA", "Root"), (2, 3)).pem();
    trust.add_file("chain.pem", chain.as_bytes()).unwrap();
    trust.add_roots(Recipe::authority(("Root", "Root"), (3, 3)).pem().as_bytes()).unwrap();
    let token = signed(HEADER, &claims("12125550101"));
    assert!(verdict(&token, &trust).ends_with("chain to a supplied root)"));
    let by_authority = trust.candidates(None);
    assert_eq!((by_authority.signers.len(), by_authority.by_url), (1, false));
}
