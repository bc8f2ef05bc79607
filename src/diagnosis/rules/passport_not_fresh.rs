//! A PASSporT that was not made when the call was.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::identity_claims::Age;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;
use crate::stir::{Freshness, Identity};

pub(super) static RULE: Rule = Rule {
    code: "passport-not-fresh",
    summary: "The time of signing lies more than a minute before or after the call.",
    severity: Severity::Error,
    references: &["RFC 8224 §4.1", "RFC 8224 §6.2", "RFC 8946 §4.2"],
    explanation: Explanation {
        what_it_means: "The PASSporT says when it was made (`iat`), and that moment differs from Date, from the clock of the \
            capture, or from both by more than sixty seconds. Verifiers compare in both directions: a token from the \
            future is no fresher than an old one. Where five or more calls of one signer differ from the capture by the same \
            time, within five seconds, and Date does not contradict, a clock is wrong (notice).",
        why_it_matters: "Freshness keeps others from using a captured token again. Verifiers reject such calls with 403 \
            Stale Date or 438, or take them as unsigned.",
        likely_causes: "- The clock of the signing service is wrong (no NTP).\n\
            - The call was signed before it waited in a queue, or was forwarded after a long time of ringing.\n\
            - An SBC kept the token of an earlier call.\n\
            - Only the clock of the capturing host is wrong: then Date and iat agree.",
        how_to_fix: "- Set the clock of the signing service by NTP.\n\
            - Sign when the call is sent, not when it is queued.\n\
            - After forwarding: sign the diversion (RFC 8946), or sign again.",
        how_to_confirm: "In the next INVITE iat, Date and the time of the frame lie within a few seconds.",
        when_this_is_wrong: "- The clock of the capturing host is wrong: where iat and Date agree, the finding is a warning \
            and says so.\n\
            - Beside a signed diversion the first PASSporT may be up to three hours old.\n\
            - Sixty seconds are a recommendation; a verifier may allow more.",
    },
    detect: Detect::Compared(Facts::IDENTITY, detect),
};

fn detect(_: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity else { return };
    out.extend(case.identities.iter().filter_map(|identity| finding(case, identity, cx)));
}

fn finding(case: &IdentityCase<'_>, identity: &Identity, cx: &Compared<'_>) -> Option<Finding> {
    let age = Age::of(case, identity)?;
    let (by_date, by_capture) = (age.is_stale_by_date(), age.is_stale_by_capture());
    let is_called_stale = case.is_called_stale();
    let (template, severity, certainty) = match (by_date, by_capture) {
        (Some(false) | None, false) => return None,
        (Some(false) | None, true) if !is_called_stale && cx.earlier.has_constant_skew(identity, age.capture) => (
            "The PASSporT was made {capture} the INVITE was captured, as those of this signer's calls before: the clock of the \
             capturing host or of the signer is wrong.",
            Severity::Notice,
            Certainty::Strong,
        ),
        (Some(true), true) => (
            "The PASSporT was made {date} Date and {capture} the INVITE was captured; verifiers allow 60 s in either \
             direction.",
            Severity::Error,
            Certainty::Certain,
        ),
        (Some(true), false) => (
            "The PASSporT was made {date} Date, although it agrees with the clock of the capture: Date is wrong, or the call \
             was sent on with an old one.",
            Severity::Warning,
            Certainty::Strong,
        ),
        (Some(false), true) => (
            "The PASSporT was made {capture} the INVITE was captured, while Date agrees with it: either the clock of the \
             capturing host is wrong, or both are old.",
            Severity::Warning,
            Certainty::Weak,
        ),
        (None, true) => (
            "The PASSporT was made {capture} the INVITE was captured, and there is no Date to compare; verifiers allow 60 s \
             in either direction.",
            Severity::Warning,
            Certainty::Strong,
        ),
    };
    let mut message = Text::new(template);
    // Each clock that says so is named.
    if let Some(date) = age.date.filter(|_| by_date == Some(true)) {
        message = message.with("date", date.to_string());
    }
    if by_capture {
        message = message.with("capture", age.capture);
    }
    // Its clock is another one.
    let agreed = is_called_stale.then(|| Text::new("The verifier says the same: 403 Stale Date."));
    let message = with_reason(message, agreed);
    let (severity, certainty) =
        if is_called_stale { (Severity::Error, certainty.max(Certainty::Strong)) } else { (severity, certainty) };
    let date = case.request.message.header_bytes(HeaderName::Date);
    let finding = Finding::new(&RULE, certainty, message, case.evidence(identity, "the Identity header field"))
        .severity(case.severity(severity))
        .evidence(date.map(|_| Evidence::header(case.request, HeaderName::Date, "Date of the INVITE")))
        .evidence(case.rejection_evidence())
        .actor(IdentityCase::signer(identity))
        .fix(advice(age.capture))
        .fix("Check the clocks of the signing service and of the capturing host (NTP).")
        .verify("In the next INVITE iat, Date and the time of the frame lie within a few seconds.");
    Some(finding)
}

fn advice(difference: Freshness) -> &'static str {
    if difference.seconds < 0 {
        "Sign when the call is sent, not before it is queued; after a long forwarding sign the diversion or sign again."
    } else {
        "Set the clock of the signing service: it runs ahead."
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "passport-not-fresh";

    #[test]
    fn both_clocks_and_both_directions_count() {
        let (v1, v2, v3) =
            (flow(&["V1"], "403 Stale Date"), flow(&["V2"], "403 Stale Date"), flow(&["V3"], "403 Stale Date"));
        let no_date: String = v2.split_inclusive('\n').filter(|l| !l.starts_with("Date:")).collect();
        let unwanted = |flow: &str| flow.replace("403 Stale Date", "607 Unwanted");
        let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
        check(
            CODE,
            &[
                ("fresh", &v1, None),
                ("old", &v2, error),
                ("from the future", &v3, error),
                ("only Date differs", &v1.replace("14:00:00 GMT", "14:05:00 GMT"), error),
                ("only the capture differs", &format!("start 2026-03-30T15:00:00Z\n{v1}"), error),
                ("no Date", &no_date, error),
                // Without the word of the verifier one clock alone proves less.
                ("only Date differs, 607", &unwanted(&v1.replace("14:00:00 GMT", "14:05:00 GMT")), warning),
                ("only the capture differs, 607", &unwanted(&format!("start 2026-03-30T15:00:00Z\n{v1}")), warning),
                ("no Date, 607", &unwanted(&no_date), warning),
                ("no Date, 403 without a reason", &no_date.replace("403 Stale Date", "403 Forbidden"), warning),
                ("answered", &flow(&["V2"], "200 OK"), warning),
                ("within the minute", &v1.replace("14:00:00 GMT", "14:01:00 GMT"), None),
                ("forwarded, with a signed diversion", &flow(&["V2", "V9"], "607 Unwanted"), None),
                ("from the future beside a diversion", &flow(&["V3", "V9"], "607 Unwanted"), error),
            ],
        );
    }

    #[test]
    fn what_the_verifier_says_as_well_is_why_the_call_failed() {
        let text: String =
            flow(&["V2"], "403 Stale Date").split_inclusive('\n').filter(|l| !l.starts_with("Date:")).collect();
        let report = crate::diagnosis::reports::report(&text);
        assert_eq!(report.root_cause, Some(CODE));
        let found = with_code(&text, CODE);
        assert!(found[0].message.to_string().ends_with("The verifier says the same: 403 Stale Date."));
    }

    #[test]
    fn the_difference_is_told_with_its_direction() {
        let found = with_code(&flow(&["V2"], "403 Stale Date"), CODE);
        assert!(
            found[0]
                .message
                .to_string()
                .starts_with("The PASSporT was made 900 s before Date and 900 s before the INVITE")
        );
        let found = with_code(&flow(&["V3"], "403 Stale Date"), CODE);
        assert!(found[0].message.to_string().starts_with("The PASSporT was made 300 s after Date"));
        assert!(found[0].remediation[0].to_string().contains("runs ahead"));
    }

    #[test]
    fn the_same_difference_in_every_call_is_a_clock() {
        let one = flow(&["V1"], "607 Unwanted");
        let (hosts, steps) = one.split_once("\n\n").unwrap();
        let calls: String = (0..6)
            .map(|n| {
                let steps = steps.replace(" a > p\n", &format!(" a > p call=c{n}\n"));
                steps.replace(" p > a ", &format!(" p > a call=c{n} ")) + "\n"
            })
            .collect();
        let found = with_code(&format!("start 2026-03-30T15:00:00Z\n{hosts}\n\n{calls}"), CODE);
        let severities: Vec<_> = found.iter().map(|f| f.severity).collect();
        assert_eq!(severities, [[Severity::Warning; 4].as_slice(), &[Severity::Notice; 2]].concat());
        let message = found[5].message.to_string();
        assert!(
            message.starts_with("The PASSporT was made 3600 s before the INVITE was captured, as those"),
            "{message}"
        );
    }
}
