//! A PASSporT for another callee than the one that the call goes to.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::identity_claims::{Destination, claimed_destinations, destination};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;

use super::redirect_breaks_passport;

pub(super) static RULE: Rule = Rule {
    code: "passport-dest-mismatch",
    summary: "The called number in the PASSporT is not the one that the call goes to.",
    severity: Severity::Error,
    references: &["RFC 8224 §6.2", "RFC 8225 §5.2.1", "RFC 8946 §4"],
    explanation: Explanation {
        what_it_means: "`dest` of the PASSporT names neither the number in To nor that in the Request-URI. Or it names To \
            alone, and the call was sent on to another number without a signed diversion (a `div` PASSporT).",
        why_it_matters: "A token for another callee may be a copy from another call, so verifiers reject it (438). RFC 8224 \
            compares with To; some verifiers use the Request-URI.",
        likely_causes: "- The called number was translated after the call was signed.\n\
            - The call was forwarded or redirected, and nobody signed the diversion.\n\
            - A token was copied from another call.",
        how_to_fix: "- Sign after the last translation of the called number.\n\
            - Whoever forwards the call adds a `div` PASSporT (RFC 8946).",
        how_to_confirm: "In the next INVITE `dest` is the number of To, and a diversion is signed.",
        when_this_is_wrong: "- The numbers differ only in their writing: canonical forms are compared.\n\
            - A `div` PASSporT leads from the old number to the new one: the chain is complete.\n\
            - The Request-URI holds an extension or a contact instead of a number: nothing can be compared with it.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity else { return };
    let Some(mut finding) = finding(case, cx) else { return };
    if redirect_breaks_passport::applies(call, case.request.provenance.frame, cx) {
        finding.consequence_of = Some(redirect_breaks_passport::RULE.code);
        // How the call ended is for the rule about the redirect to say.
        let end = case.rejection.map(|m| m.provenance.frame);
        finding.evidence.retain(|evidence| Some(evidence.frame) != end);
    }
    out.push(finding);
}

fn finding(case: &IdentityCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let identity = case.origins().next().or_else(|| case.identities.first().map(AsRef::as_ref))?;
    let found = destination(case, &cx.settings.country);
    if *found == Destination::Fits {
        return None;
    }
    let claimed = claimed_destinations(identity).collect::<Vec<_>>().join(", ");
    let primary = case.evidence(identity, "the Identity header field");
    let finding = match found {
        Destination::Fits => return None,
        Destination::Retargeted(target) => {
            let message = Text::new(
                "The PASSporT is for {claimed}, as To says, but the INVITE goes to {target}: the call was sent on, and the \
                 diversion is not signed.",
            )
            .with("claimed", claimed)
            .with("target", target);
            Finding::new(&RULE, Certainty::Strong, message, primary)
                .severity(Severity::Warning)
                .actor(Actor::sender(case.request, "operator of the element that sent the call on"))
                .fix("Add a `div` PASSporT when the call is sent on to another number (RFC 8946).")
                .verify("The next forwarded INVITE carries a `div` PASSporT for its new number.")
        }
        Destination::Differs => {
            let message = Text::new(
                "The PASSporT is for the called number {claimed}, which is neither in To nor in the Request-URI of the INVITE.",
            )
            .with("claimed", claimed);
            Finding::new(&RULE, Certainty::Certain, message, primary)
                .severity(case.severity(Severity::Error))
                .actor(IdentityCase::signer(identity))
                .fix("Sign after the last translation of the called number.")
                .fix("If the call was forwarded or redirected: add a `div` PASSporT there (RFC 8946).")
                .verify("In the next INVITE `dest` is the number of To, and a diversion is signed.")
        }
    };
    let related = [
        Evidence::header(case.request, HeaderName::To, Text::verbatim("To")),
        Evidence::of(case.request, "the INVITE"),
    ];
    Some(finding.evidence(related).evidence(case.rejection_evidence()))
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::check;

    #[test]
    fn to_request_uri_and_diversions_count() {
        let (v1, v4) = (flow(&["V1"], "438 Invalid Identity Header"), flow(&["V4"], "438 Invalid Identity Header"));
        let error = Some(Severity::Error);
        check(
            "passport-dest-mismatch",
            &[
                ("the same", &v1, None),
                ("neither", &v4, error),
                ("in an answered call", &flow(&["V4"], "200 OK"), Some(Severity::Warning)),
                ("a signed diversion", &flow(&["V4", "V9"], "607 Unwanted"), None),
                (
                    "sent on",
                    &v1.replace(
                        "INVITE sip:+12155550113@198.51.100.50",
                        "INVITE sip:+12155550150@198.51.100.50\nTo: <sip:+12155550113@198.51.100.50>",
                    ),
                    Some(Severity::Warning),
                ),
                (
                    "To was kept, the Request-URI fits",
                    &v1.replace(
                        "INVITE sip:+12155550113@198.51.100.50",
                        "INVITE sip:+12155550113@198.51.100.50\nTo: <sip:+12155550150@198.51.100.50>",
                    ),
                    None,
                ),
                (
                    "to a contact",
                    &v1.replace(
                        "INVITE sip:+12155550113@198.51.100.50",
                        "INVITE sip:line1@198.51.100.50\nTo: <sip:+12155550113@198.51.100.50>",
                    ),
                    None,
                ),
                ("separators", &v1.replace("+12155550113@", "+1-215-555-0113@"), None),
            ],
        );
    }
}
