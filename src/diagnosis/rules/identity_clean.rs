//! A 607 beside an identity without visible fault.

use crate::call::Call;
use crate::call::unwanted::Verdict;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::identity_claims::{Age, Destination, claims, destination, wrong_origin};
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::stir::{Attestation, Identity, certificate_url, chain};

pub(super) static RULE: Rule = Rule {
    code: "identity-clean",
    summary: "A call was rejected with 607 although no fault of the caller's identity is visible.",
    severity: Severity::Info,
    references: &["RFC 8197 §4", "RFC 8224 §6.2", "RFC 8588 §4"],
    explanation: Explanation {
        what_it_means: "The called party or device rejected the caller with 607, and the INVITE that reached it is signed \
            with attestation A, is well formed and fresh, and names the numbers of the call. There is no identity fault to \
            repair. The finding says whether the signature was verified: that takes a certificate or key of --stir-cert, since \
            sipscan fetches nothing.",
        why_it_matters: "Attestation says how well the originating provider knows its customer's right to the number. It \
            does not say that anybody wants the call. Work on signatures is lost here.",
        likely_causes: "- The called person does not want the call.\n\
            - The number stands on the block list of the called person or device.",
        how_to_fix: "- Nothing at the signature.\n\
            - Take the callee off the calling list, or reach them by another way.\n\
            - If the caller is wanted after all, only the callee can lift a personal block.",
        how_to_confirm: "No further call goes to this callee; or, after the block was lifted, a call with the same \
            signature rings.",
        when_this_is_wrong: "- The signature may be broken or its certificate revoked. Such failures have codes of their \
            own (437, 438) and do not show as 607.\n\
            - The INVITE was captured in front of an element that changes numbers or removes the Identity header field.\n\
            - Attestation B or C, a stale or contradicting PASSporT, or a 607 that a network's analytics sent: then other \
            findings speak.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(unwanted) =
        cx.unwanted_requests().find(|case| Some(case.id) == call.decided_by && !case.was_made_of_another())
    else {
        return;
    };
    let by_callee = matches!(unwanted.origin.verdict, Verdict::Human | Verdict::Device | Verdict::ForkingProxy);
    let Some(case) = cx.identity.filter(|_| by_callee) else { return };
    out.extend(signed(case, cx).map(|identity| finding(unwanted, case, identity, cx)));
}

/// The PASSporT with attestation A, where nothing contradicts any of them.
fn signed<'c>(case: &'c IdentityCase<'_>, cx: &Context<'_>) -> Option<&'c Identity> {
    let country = &cx.settings.country;
    let full = |i: &&Identity| claims(i).is_some_and(|c| c.attest == Some(Attestation::Full));
    let faulty = |i: &Identity| {
        i.legacy
            || i.faults().iter().any(|fault| !fault.kind.is_lint())
            || i.certificate_url().is_some_and(|url| !certificate_url::faults(url).is_empty())
            || cx.verdict(i).is_failed()
            || wrong_origin(case, i, country).is_some()
            || !Age::of(case, i).is_some_and(|age| !age.is_stale_by_capture() && age.is_stale_by_date() != Some(true))
    };
    if case.identities.iter().any(|identity| faulty(identity)) || *destination(case, country) != Destination::Fits {
        return None;
    }
    let verified = |(_, status): &(_, String)| status.to_ascii_lowercase().starts_with("tn-validation-passed");
    let doubted = !case.request.message.verification_statuses().iter().all(verified);
    if doubted || chain::faults(case.identities).iter().any(|fault| !fault.is_lint()) {
        return None;
    }
    case.origins().find(full)
}

fn finding(unwanted: &UnwantedCase<'_>, case: &IdentityCase<'_>, identity: &Identity, cx: &Context<'_>) -> Finding {
    let template = if cx.verdict(identity).is_verified() {
        "No identity fault is visible: the INVITE from {hop} carries attestation A, its signature verifies with the supplied key, \
         it is fresh, and names the caller and the callee of this call. Better attestation will not change this rejection."
    } else {
        "No identity fault is visible: the INVITE from {hop} carries attestation A, is fresh, and names the caller and the \
         callee of this call. The signature was not verified here. Better attestation will not change this rejection."
    };
    let message = Text::new(template).with("hop", case.hop());
    let callee = unwanted.callee(&cx.settings.country);
    Finding::new(&RULE, Certainty::Strong, message, case.evidence(identity, "the Identity header field"))
        .evidence([case.caller_evidence(), checklist(case, identity, cx), unwanted.evidence()])
        .actor(unwanted.caller())
        .fix(
            Text::new("Take {callee} off the calling list, or reach the called party by another way.")
                .with("callee", callee),
        )
        .fix("If the caller is wanted after all: only the called party can lift a personal block.")
        .verify(
            "No further call goes to this callee; or, once the block is lifted, a call with the same signature rings.",
        )
}

/// What was looked at.
fn checklist(case: &IdentityCase<'_>, identity: &Identity, cx: &Context<'_>) -> Evidence {
    let claims = claims(identity).cloned().unwrap_or_default();
    let orig = claims.orig.as_ref().map(|o| o.text().to_owned()).unwrap_or_default();
    let dest: Vec<&str> = claims.dest.iter().map(crate::stir::Subject::text).collect();
    let age = Age::of(case, identity).map(|age| age.date.unwrap_or(age.capture).to_string()).unwrap_or_default();
    let text = format!(
        "attest A; orig {orig}; dest {}; iat {age} Date; certificate {}; signature {}",
        dest.join(", "),
        identity.certificate_url().unwrap_or("not named"),
        cx.verdict(identity)
    );
    Evidence::at(&case.request.provenance, "what the PASSporT claims", text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnosis::testing::{check, findings_with, with_code};
    use crate::diagnosis::{Settings, Severity};
    use crate::stir::TrustStore;
    use crate::stir::passport::tests::{V1, V6};
    use crate::stir::verify::tests::KEY;

    const CODE: &str = "identity-clean";
    const S08: &str = include_str!("../../../samples/scenarios/s08.txt");

    #[test]
    fn only_a_flawless_identity_is_called_clean() {
        let unsigned: String = S08.split_inclusive('\n').filter(|l| !l.starts_with("Identity:")).collect();
        check(
            CODE,
            &[
                ("flawless", S08, Some(Severity::Info)),
                ("unsigned", &unsigned, None),
                ("another caller", &S08.replace("+12125550101@", "+12125550199@"), None),
                ("another callee", &S08.replace("+12155550113@", "+12155550114@"), None),
                ("stale by Date", &S08.replace("14:00:00 GMT", "14:02:00 GMT"), None),
                (
                    "verification failed",
                    &S08.replace("From: <sip:+12125550101@", "From: <sip:+12125550101;verstat=TN-Validation-Failed@"),
                    None,
                ),
                ("other parameters", &S08.replace("ppt=\"shaken\"", "ppt=\"div\""), None),
                ("declined", &S08.replace("607 Unwanted", "603 Decline"), None),
                (
                    "analytics",
                    &S08.replace("607 Unwanted", "607 Unwanted\nReason: SIP;cause=607;text=\"v=analytics1\""),
                    None,
                ),
                ("at once", &S08.replace("7.400 proxy", "0.910 proxy"), Some(Severity::Info)),
            ],
        );
    }

    #[test]
    fn a_signature_is_verified_with_a_supplied_key_alone() {
        let mut trust = TrustStore::default();
        trust.add_file("signer.pem", KEY.as_bytes()).unwrap();
        let with_key = |flow: &str, trust: &TrustStore| {
            let settings = Settings { trust: Arc::new(trust.clone()), ..Settings::default() };
            findings_with(flow, settings).into_iter().filter(|f| f.code == CODE).collect::<Vec<_>>()
        };
        let found = with_key(S08, &trust);
        let message = found[0].message.to_string();
        assert!(message.contains("its signature verifies with the supplied key") && !message.contains("not verified"));
        assert!(found[0].evidence[2].text.ends_with("signature verifies with the supplied key in signer.pem"));
        let changed = S08.replace(V1, V6);
        let message = with_key(&changed, &trust)[0].message.to_string();
        assert!(message.contains("not verified"), "nothing says that the key is the signer's");
        assert!(trust.map_url("https://cert.orig.example/shaken.pem", "signer.pem"));
        assert!(with_key(&changed, &trust).is_empty(), "a signature that fails is not clean");
    }

    #[test]
    fn without_a_key_it_never_claims_a_verified_signature() {
        let found = with_code(S08, CODE);
        let message = found[0].message.to_string();
        assert!(
            message.contains("not verified") && message.contains("Better attestation will not change"),
            "{message}"
        );
        assert!(
            found[0].evidence[2]
                .text
                .starts_with("attest A; orig 12125550101; dest 12155550113; iat at the same second")
        );
        assert!(found[0].remediation[0].to_string().starts_with("Take +12155550113 off the calling list"));
    }
}
