//! A PASSporT for another caller than the one that the INVITE names.

use crate::call::Call;
use crate::diagnosis::identity_case::{IdentityCase, is_complete, same_number};
use crate::diagnosis::identity_claims::wrong_origin;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;
use crate::stir::Identity;
use crate::stir::telephone_number::NumberView;

pub(super) static RULE: Rule = Rule {
    code: "passport-orig-mismatch",
    summary: "The caller in the PASSporT is not the caller in P-Asserted-Identity or From.",
    severity: Severity::Error,
    references: &["RFC 8224 §6.2", "RFC 8224 §8.3", "RFC 8225 §5.2.1"],
    explanation: Explanation {
        what_it_means: "A verifier takes the calling number from the SIP header fields (P-Asserted-Identity where there is \
            one, else From), brings it into canonical form and compares it with `orig` of the PASSporT. Here the two are \
            different numbers.",
        why_it_matters: "Verification fails (438), or the call counts as unsigned: the signature protects another number \
            than the one that is shown.",
        likely_causes: "- The calling number was rewritten after the call was signed.\n\
            - A prefix was added downstream, or a country code is missing.\n\
            - The signer signs the main number of the trunk instead of the presented one.",
        how_to_fix: "- Sign after the last change of the calling number.\n\
            - Remove rules downstream that rewrite it.\n\
            - Send one number in From and P-Asserted-Identity.",
        how_to_confirm: "In the next INVITE `orig` and the calling number are the same in canonical form.",
        when_this_is_wrong: "- The numbers differ only in their writing (`+`, separators, a missing country code): sipscan \
            compares canonical forms.\n\
            - Some verifiers look at From where P-Asserted-Identity differs; the finding says where From fits.\n\
            - The caller is anonymous, so that no number is there to compare: the rule is silent.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity else { return };
    out.extend(case.origins().filter_map(|identity| finding(case, identity, cx)));
}

fn finding(case: &IdentityCase<'_>, identity: &Identity, cx: &Context<'_>) -> Option<Finding> {
    let country = &cx.settings.country;
    let (claimed, named) = wrong_origin(case, identity, country)?;
    let message = &case.request.message;
    let asserted = message.has(HeaderName::PAssertedIdentity);
    let from = || NumberView::read(case.from()?.user?, country).filter(is_complete);
    let from_fits = asserted && from().is_some_and(|from| same_number(claimed, &from));
    let template = if from_fits {
        "The PASSporT is for the caller {claimed}, but {header} names {named}; From fits the PASSporT, so that verifiers \
         that look there accept it."
    } else {
        "The PASSporT is for the caller {claimed}, but {header} names {named}: the signature protects another number than \
         the one shown."
    };
    let text = Text::new(template)
        .with("claimed", claimed)
        .with("header", if asserted { "P-Asserted-Identity" } else { "From" })
        .with("named", named.told());
    let finding = Finding::new(&RULE, Certainty::Certain, text, case.evidence(identity, "the Identity header field"))
        .severity(case.severity(if from_fits { Severity::Warning } else { Severity::Error }))
        .evidence([case.caller_evidence()])
        .evidence(case.rejection_evidence())
        .actor(IdentityCase::signer(identity))
        .fix("Sign after the last change of the calling number.")
        .fix("Remove rules downstream that rewrite it or add prefixes, and send one number in From and P-Asserted-Identity.")
        .verify("In the next INVITE `orig` and the calling number are the same.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::check;

    #[test]
    fn canonical_numbers_are_compared() {
        let (v1, v5) = (flow(&["V1"], "438 Invalid Identity Header"), flow(&["V5"], "438 Invalid Identity Header"));
        let from = "From: <sip:+12125550101@192.0.2.10>";
        let error = Some(Severity::Error);
        check(
            "passport-orig-mismatch",
            &[
                ("the same", &v1, None),
                ("another", &v5, error),
                ("without country code", &v1.replace("+12125550101", "2125550101"), None),
                ("separators", &v1.replace("+12125550101", "+1-212-555-0101"), None),
                ("asserted", &v5.replace(from, &format!("{from}\nP-Asserted-Identity: <tel:+12125550177>")), None),
                (
                    "asserted another",
                    &v1.replace(from, &format!("{from}\nP-Asserted-Identity: <tel:+12125550177>")),
                    Some(Severity::Warning),
                ),
                ("a name", &v5.replace("+12125550101", "alice"), None),
                ("answered", &flow(&["V5"], "200 OK"), Some(Severity::Warning)),
            ],
        );
    }
}
