//! A rejected call whose attestation is B or C.

use crate::call::Call;
use crate::diagnosis::checked_identity::signature;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::identity_claims::claims;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::stir::{Attestation, Identity};

pub(super) static RULE: Rule = Rule {
    code: "attestation-below-full",
    summary: "A rejected call is signed with attestation B or C.",
    severity: Severity::Notice,
    references: &["RFC 8588 §4", "ATIS-1000074"],
    explanation: Explanation {
        what_it_means: "The signer of the call says that it knows its customer but not the customer's right to the number \
            (B), or only where the call entered its network (C). The finding says whether the signature was verified.",
        why_it_matters: "Analytics weigh B and C against a call, among many other things. It is a circumstance and rarely \
            the cause: full attestation (A) does not guarantee delivery, and nobody's wish not to be called depends on it.",
        likely_causes: "- B: the number belongs to another provider, and the signer has no proof that the customer may use \
            it.\n\
            - C: the call came from a gateway or a foreign network.\n\
            - The provider signs everything of a trunk with one level.",
        how_to_fix: "- Look at the finding about who rejected the call first; if a person did, nothing is to be gained \
            here.\n\
            - Where a network did: ask the originating provider why it gives that level, and prove the right to the number \
            to the provider that signs (a letter of authorization, or moving the number).\n\
            - The caller cannot choose the level; the provider sets it.",
        how_to_confirm: "The Identity header field of the next call shows the level that the provider agreed to give.",
        when_this_is_wrong: "- An answered call needs no such remark; the rule is silent there.\n\
            - Calls that rightly pass a gateway carry C for good.\n\
            - Another PASSporT of the same INVITE may give A.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.rejected_identity() else { return };
    let attested = |identity: &Identity| claims(identity).and_then(|claims| claims.attest);
    // The best one counts; attestations are ordered from A.
    let best =
        case.origins().filter_map(|identity| Some((attested(identity)?, identity))).min_by_key(|(level, _)| *level);
    if let Some((level, identity)) = best.filter(|(level, _)| *level != Attestation::Full) {
        out.push(finding(case, identity, level, signature(cx.verdict(identity))));
    }
}

fn finding(case: &IdentityCase<'_>, identity: &Identity, level: Attestation, signature: &'static str) -> Finding {
    let origid = claims(identity).and_then(|claims| claims.origid.clone()).unwrap_or_else(|| "none".to_owned());
    let message = Text::new(
        "The call is signed with attestation {level}: {means} (origid {origid}; {signature}). Attestation A would \
         not guarantee delivery.",
    )
    .with("level", level.letter())
    .with("means", level.meaning())
    .with("origid", origid)
    .with("signature", signature);
    Finding::new(&RULE, Certainty::Certain, message, case.evidence(identity, "the Identity header field"))
        .evidence(case.rejection_evidence())
        .actor(IdentityCase::signer(identity))
        .fix("Look at who rejected the call first: if the called party did, nothing is to be gained here.")
        .fix(
            "If a network did: ask the originating provider why it gives that level, and prove the right to the number to \
             the provider that signs.",
        )
        .verify("The next call's Identity header field shows the level that the provider agreed to give.")
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "attestation-below-full";

    #[test]
    fn b_and_c_are_noticed_where_the_call_was_rejected() {
        let notice = Some(Severity::Notice);
        check(
            CODE,
            &[
                ("B", &flow(&["V5"], "607 Unwanted"), notice),
                ("C", &flow(&["V8"], "608 Rejected"), notice),
                ("A", &flow(&["V1"], "607 Unwanted"), None),
                ("the better one counts", &flow(&["V8", "V1"], "607 Unwanted"), None),
                ("answered", &flow(&["V8"], "200 OK"), None),
                ("unsigned", &flow(&[], "607 Unwanted"), None),
            ],
        );
    }

    #[test]
    fn raising_it_is_never_the_first_remedy() {
        let found = with_code(&flow(&["V8"], "607 Unwanted"), CODE);
        assert!(
            found[0].message.to_string().contains("attestation C")
                && found[0].message.to_string().contains("not verified")
        );
        assert!(found[0].remediation[0].to_string().starts_with("Look at who rejected the call first"));
    }
}
