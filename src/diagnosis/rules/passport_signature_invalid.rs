//! A signature that fails, or a certificate that does not allow it, where the user supplied something to verify with.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::stir::{Identity, Objection, Unverified, Verdict};

pub(super) static RULE: Rule = Rule {
    code: "passport-signature-invalid",
    summary: "The signature of a PASSporT fails with the supplied key, or the supplied certificate does not allow it.",
    severity: Severity::Error,
    references: &["RFC 8224 §6.2", "RFC 8225 §6", "RFC 8226 §9", "RFC 8946 §4.1"],
    explanation: Explanation {
        what_it_means: "The signature was verified with what --stir-cert supplies, and must not be accepted: no key verifies \
            it; or its certificate was not valid at the time of signing (iat), has a TNAuthList that does not hold the \
            number that it signed for, has none at all (warning), or does not lead to a root of --stir-root. Without \
            supplied certificates or keys the rule is silent. Where no file belongs to the signer's URL and no signature of \
            that signer was verified before, a key that does not fit may be another signer's (notice).",
        why_it_matters: "Verifiers reject such calls with 438 or 437, or take them as unsigned.",
        likely_causes: "- A number was rewritten after signing, and somebody wrote the new one into the token, or the token was \
            damaged on the way.\n\
            - The signing service uses another key than the one that is published.\n\
            - The certificate has expired and was not renewed.\n\
            - The certificate is for other numbers, or the root belongs to another authority.",
        how_to_fix: "- Signing service: publish the certificate of the key that signs; renew it in time.\n\
            - Elements on the way: pass Identity on unaltered; change numbers before signing.\n\
            - Use a certificate whose TNAuthList holds the number or names the provider.",
        how_to_confirm: "`sipscan --stir-cert FILE` no longer has the finding for new calls; \
            `sipscan passport TOKEN --stir-cert FILE` shows every check of one token.",
        when_this_is_wrong: "- The supplied file is not the certificate that the signer published at the time: fetch the one \
            at the URL of info, and name it in urls.tsv.\n\
            - A certificate was renewed: supply both, the one that fits counts.\n\
            - Revocation, policies and name constraints of certificates are not checked.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity else { return };
    out.extend(case.identities.iter().filter_map(|identity| finding(case, identity, cx)));
}

fn finding(case: &IdentityCase<'_>, identity: &Identity, cx: &Context<'_>) -> Option<Finding> {
    let objections = match cx.verdict(identity) {
        Verdict::Failed(objections) => objections,
        Verdict::NotVerified(why @ Unverified::NoKeyFits(_)) => return Some(unknown(case, identity, *why)),
        _ => return None,
    };
    // What cannot be read, and what is written as DER, is identity-malformed.
    let told = |o: &&Objection| !matches!(o, Objection::Unusable(_) | Objection::Der { .. });
    let objections: Vec<&Objection> = objections.iter().filter(told).collect();
    let first = *objections.first()?;
    let (severity, certainty) = weigh(first);
    let template = if matches!(first, Objection::NoKeyVerifies { .. }) {
        "The signature of the PASSporT from {hop} fails: {reasons}."
    } else {
        "The PASSporT from {hop} is signed with a key that gives no right to it: {reasons}."
    };
    let message = Text::new(template).with("hop", case.hop()).with("reasons", Text::list("; ", objections));
    let finding = Finding::new(&RULE, certainty, message, case.evidence(identity, "the Identity header field"))
        .severity(case.severity(severity))
        .evidence(case.decoded(identity))
        .evidence(case.rejection_evidence())
        .actor(IdentityCase::signer(identity));
    Some(advised(finding, first).verify("New calls of this signer verify with the certificate at the URL of info."))
}

/// How bad, and how sure.
fn weigh(objection: &Objection) -> (Severity, Certainty) {
    match objection {
        Objection::NoKeyVerifies { file: None, .. } => (Severity::Error, Certainty::Strong),
        Objection::NoTnAuthList { .. } => (Severity::Warning, Certainty::Certain),
        _ => (Severity::Error, Certainty::Certain),
    }
}

/// Keys were tried in turn, and none is known to be the signer's.
fn unknown(case: &IdentityCase<'_>, identity: &Identity, why: Unverified) -> Finding {
    let message = Text::new("The signature of the PASSporT from {hop} was not verified: {why}.")
        .with("hop", case.hop())
        .with("why", why);
    Finding::new(&RULE, Certainty::Weak, message, case.evidence(identity, "the Identity header field"))
        .severity(Severity::Notice)
        .actor(IdentityCase::signer(identity))
        .fix("Supply the certificate at the URL of info, and name URL and file in urls.tsv beside it.")
        .fix("If it is supplied: the token was changed after signing, or signed with another key.")
        .verify("With the signer's certificate the signature verifies, or fails for certain.")
}

fn advised(finding: Finding, objection: &Objection) -> Finding {
    match objection {
        Objection::NotValidAt { .. } => finding.fix("Renew the certificate, and publish it before the service signs with it."),
        Objection::NotCovered { .. } | Objection::NoTnAuthList { .. } => {
            finding.fix("Sign with a certificate whose TNAuthList holds the number or names the provider of the number.")
        }
        Objection::NoChain { .. } => finding
            .fix("Use a certificate of an approved authority.")
            .fix("If the authority is approved: publish its certificate together with the signer's, so that the chain is whole."),
        _ => finding
            .fix("Compare the token where it is signed with the one captured here: an element on the way may have changed it.")
            .fix("If they are equal: publish the certificate of the key that the signing service uses."),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::{findings_with, with_code};
    use crate::diagnosis::{Certainty, Finding, Settings, Severity};
    use crate::stir::TrustStore;
    use crate::stir::certificate::tests::Recipe;
    use crate::stir::verify::tests::KEY;

    const CODE: &str = "passport-signature-invalid";
    const URL: &str = "https://cert.orig.example/shaken.pem";

    fn found(trust: TrustStore, flow: &str) -> Vec<Finding> {
        let settings = Settings { trust: Arc::new(trust), ..Settings::default() };
        findings_with(flow, settings).into_iter().filter(|f| f.code == CODE).collect()
    }

    fn supplied(text: &str, url: Option<&str>) -> TrustStore {
        let mut trust = TrustStore::default();
        trust.add_file("signer.pem", text.as_bytes()).unwrap();
        assert!(url.is_none_or(|url| trust.map_url(url, "signer.pem")));
        trust
    }

    #[test]
    fn only_a_supplied_key_makes_a_signature_fail() {
        let other = Recipe::signer().pem();
        let rejected = |token| flow(&[token], "438 Invalid Identity Header");
        let (error, certain) = (Severity::Error, Certainty::Certain);
        for (name, trust, flow, expected) in [
            ("nothing supplied", TrustStore::default(), rejected("V6"), None),
            ("verifies", supplied(KEY, Some(URL)), rejected("V1"), None),
            ("changed", supplied(KEY, Some(URL)), rejected("V6"), Some((error, certain))),
            (
                "changed, answered",
                supplied(KEY, Some(URL)),
                flow(&["V6"], "200 OK"),
                Some((Severity::Warning, certain)),
            ),
            ("another's key", supplied(&other, Some(URL)), rejected("V1"), Some((error, certain))),
            ("whose key?", supplied(KEY, None), rejected("V6"), Some((Severity::Notice, Certainty::Weak))),
            (
                "whose key, answered",
                supplied(KEY, None),
                flow(&["V6"], "200 OK"),
                Some((Severity::Notice, Certainty::Weak)),
            ),
            ("alg none", supplied(KEY, Some(URL)), rejected("V11"), None),
            ("compact form of shaken", supplied(KEY, Some(URL)), rejected("V7"), None),
            ("diversion of another signer", supplied(KEY, Some(URL)), rejected("V9"), None),
        ] {
            let found: Vec<_> = found(trust, &flow).iter().map(|f| (f.severity, f.certainty)).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn a_key_that_verified_an_earlier_call_is_the_signers() {
        let (first, second) = (flow(&["V1"], "200 OK"), flow(&["V6"], "438 Invalid Identity Header"));
        let (hosts, steps) = first.split_once("\n\n").unwrap();
        let later = second.split_once("\n\n").unwrap().1.replacen("0 a > p\n", "100 a > p call=c\n", 1);
        let later =
            later.replacen("0.1 p > a ", "100.1 p > a call=c ", 1).replacen("0.2 a > p\n", "100.2 a > p call=c\n", 1);
        let steps = steps.to_owned() + "\n0.3 a > p\nBYE\n\n0.4 p > a\n200 OK\n\n";
        let found = found(supplied(KEY, None), &format!("{hosts}\n\n{steps}{later}"));
        let weights: Vec<_> = found.iter().map(|f| (f.severity, f.certainty)).collect();
        assert_eq!(weights, [(Severity::Error, Certainty::Strong)]);
        let message = found[0].message.to_string();
        assert!(message.ends_with("fails: the supplied key does not verify it."), "{message}");
        assert!(found[0].evidence[2].text.contains("\"attest\":\"A\""));
    }

    #[test]
    fn without_a_key_no_verdict_is_claimed() {
        assert!(with_code(&flow(&["V6"], "438 Invalid Identity Header"), CODE).is_empty());
    }
}
