//! A callee's network that says of the calling number that its verification failed.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;

/// Values of `verstat`; some networks append a level, so the beginning decides.
const FAILED: &str = "TN-Validation-Failed";
const NONE: &str = "No-TN-Validation";

pub(super) static RULE: Rule = Rule {
    code: "verification-failed-verstat",
    summary: "The callee's network says in verstat that the verification of the calling number failed.",
    severity: Severity::Error,
    references: &["3GPP TS 24.229 §7.2A.20", "ATIS-1000074", "RFC 8224 §6.2"],
    explanation: Explanation {
        what_it_means: "The network of the callee verified the caller's identity, and wrote the result as `verstat` into From \
            or P-Asserted-Identity of the INVITE that it sent to the callee. `TN-Validation-Failed` says that there was a \
            signature and that it did not hold; `No-TN-Validation` that there was nothing to verify.",
        why_it_matters: "Devices show a warning for such calls, and users or their devices reject them. Beside a rejection \
            this is the one case in which the capture proves that the identity counted against the call.",
        likely_causes: "- Numbers were rewritten after the call was signed.\n\
            - The PASSporT was stale, malformed, or its certificate could not be had.\n\
            - An element on the way removed or altered the Identity header field.",
        how_to_fix: "- Compare the numbers of the INVITE with those in the PASSporT on the hop in front of the verifier: the \
            other findings about the identity say what differs.\n\
            - Sign after the last change of numbers, at the time of the call.\n\
            - Ask the operator of the verifier for its reason (RFC 9410 has a Reason header field for it).",
        how_to_confirm: "The next INVITE on the callee's side says `verstat=TN-Validation-Passed`.",
        when_this_is_wrong: "- Only the callee's own network may set verstat. One that came with the call from outside means \
            nothing; a network must remove it.\n\
            - `TN-Validation-Passed` is no fault.",
    },
    detect: Detect::Call(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if let Some(case) = cx.identity.filter(|case| case.request.message.may_have_verification_statuses()) {
        out.extend(finding(case));
    }
}

fn finding(case: &IdentityCase<'_>) -> Option<Finding> {
    let begins = |status: &str, with: &str| status.get(..with.len()).is_some_and(|s| s.eq_ignore_ascii_case(with));
    let statuses = case.request.message.verification_statuses();
    let with = |value: &str| statuses.iter().find(|(_, status)| begins(status, value));
    if let Some((field, status)) = with(FAILED) {
        let message = Text::new(
            "{verifier} passed the call on with verstat={status} in {field}: the callee's network could not verify the calling \
             number.",
        );
        return Some(told(case, *field, status, message).severity(case.severity(Severity::Error)));
    }
    let (field, status) = with(NONE).filter(|_| case.rejection.is_some())?;
    let message = Text::new(
        "{verifier} passed the call on with verstat={status} in {field}: there was no signature that the callee's network \
         could verify.",
    );
    Some(told(case, *field, status, message).severity(Severity::Notice))
}

fn told(case: &IdentityCase<'_>, field: HeaderName, status: &str, message: Text) -> Finding {
    let message = message.with("verifier", element(case.request)).with("status", status).with("field", field.name());
    Finding::new(&RULE, Certainty::Strong, message, Evidence::header(case.request, field, "what the verifier says"))
        .evidence(case.identities.first().map(|identity| case.evidence(identity, "the Identity header field")))
        .evidence(case.rejection_evidence())
        .actor(Actor::sender(case.nearest, "the calling organisation, with the provider that signs its calls"))
        .fix("Compare the numbers and times of the PASSporT with the INVITE in front of the verifier, and sign after the last change of numbers.")
        .fix("Ask the operator of the verifier why the verification failed.")
        .verify("The next INVITE on the callee's side says verstat=TN-Validation-Passed.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::check;

    #[test]
    fn the_status_of_the_hop_nearest_the_callee_counts() {
        let flow = |user: &str, response: &str| {
            format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 p > a\nINVITE sip:+12155550113@192.0.2.10\n\
                 From: <sip:{user}@198.51.100.50;user=phone>\n\n0.1 a > p tag=t\n{response}\n\n0.2 p > a\nACK\n"
            )
        };
        let failed = "+12125550101;verstat=TN-Validation-Failed";
        let none = "+12125550101;verstat=No-TN-Validation";
        check(
            RULE.code,
            &[
                ("rejected", &flow(failed, "607 Unwanted"), Some(Severity::Error)),
                ("with a level", &flow(&format!("{failed}-B"), "607 Unwanted"), Some(Severity::Error)),
                ("answered", &flow(failed, "200 OK"), Some(Severity::Warning)),
                ("busy", &flow(failed, "486 Busy Here"), Some(Severity::Warning)),
                ("none", &flow(none, "607 Unwanted"), Some(Severity::Notice)),
                ("none, answered", &flow(none, "200 OK"), None),
                ("passed", &flow("+12125550101;verstat=TN-Validation-Passed", "607 Unwanted"), None),
                ("without", &flow("+12125550101", "607 Unwanted"), None),
            ],
        );
        let outside =
            flow("+12125550101", "607 Unwanted").replace("user=phone>", "user=phone;verstat=TN-Validation-Failed>");
        check(RULE.code, &[("behind the host", &outside, Some(Severity::Error))]);
    }
}
