//! A 607 with header fields that mean nothing there.

use crate::call::Call;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::Fill as _;
use crate::sip::HeaderName;

/// Header fields that other responses need.
const MEANINGLESS: [HeaderName; 2] = [HeaderName::RetryAfter, HeaderName::Contact];

pub(super) static RULE: Rule = Rule {
    code: "unwanted-with-meaningless-headers",
    summary: "A 607 carries Retry-After, Contact or a body, which mean nothing there.",
    severity: Severity::Notice,
    references: &["RFC 8197 §3", "RFC 3261 §20.33", "RFC 3261 §20.10"],
    explanation: Explanation {
        what_it_means: "RFC 8197 gives 607 no header fields of its own. Retry-After would invite the caller to come again, \
            Contact would name another address: both contradict \"unwanted\". A body has no reader.",
        why_it_matters: "Nothing breaks, but a client that heeds Retry-After calls again, which confirms the complaint; and \
            it shows that the response was built from another one, a 486 or 603 for instance.",
        likely_causes: "- The element maps an inner status to 607 and keeps the rest of the response.\n\
            - A script answers with one template for all rejections.",
        how_to_fix: "- At the element that sends the 607: leave Retry-After, Contact and the body out; if the called party may be \
            reached later, answer 486 or 603 with Retry-After instead.\n\
            - At the caller: do not come again because of Retry-After.",
        how_to_confirm: "The next 607 carries none of them.",
        when_this_is_wrong: "- Retry-After belongs to 480, 486, 503, 600 and 603.\n\
            - Reason, Call-Info, Server, Warning and Date may stand on any response.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(cx.unwanted.iter().filter_map(finding));
}

fn finding(case: &UnwantedCase<'_>) -> Option<Finding> {
    let message = &case.response.message;
    let there = MEANINGLESS.into_iter().filter(|name| message.has(*name));
    let fields = there.clone().map(|name| Evidence::header(case.response, name, "means nothing on a 607"));
    let has_body = !message.body().is_empty();
    let body =
        has_body.then(|| Evidence::header(case.response, HeaderName::ContentType, "the body means nothing on a 607"));
    let mut evidence = fields.chain(body);
    let primary = evidence.next()?;
    let parts = there.map(|name| name.name().fill()).chain(has_body.then(|| Text::new("a body").fill()));
    let text = Text::new("The 607 of {sender} carries {parts}, which has no meaning there.")
        .with("sender", case.sender())
        .with("parts", Text::list(" and ", parts));
    Some(
        Finding::new(&RULE, Certainty::Certain, text, primary)
            .evidence(evidence)
            .actor(case.operator("operator of the element that answers 607"))
            .fix("Leave Retry-After, Contact and the body out of a 607; if the called party may be reached later, answer 486 or 603.")
            .verify("The next 607 carries none of them."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    fn flow(response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:bob@198.51.100.50\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn three_things_mean_nothing() {
        let notice = Some(Severity::Notice);
        for (response, expected) in [
            ("607 Unwanted\nRetry-After: 60", notice),
            ("607 Unwanted\nContact: <sip:bob@b.example>", notice),
            ("607 Unwanted\nContent-Type: text/plain\n.\nGo away", notice),
            ("607 Unwanted\nReason: SIP;cause=607\nServer: Example/1\nDate: Mon, 30 Mar 2026 14:00:00 GMT", None),
            ("603 Decline\nRetry-After: 60", None),
        ] {
            check(RULE.code, &[(response, &flow(response), expected)]);
        }
    }

    #[test]
    fn one_response_is_one_finding() {
        let finding = only(&flow("607 Unwanted\nRetry-After: 60\nContact: <sip:bob@b.example>"), RULE.code);
        assert!(finding.message.to_string().contains("Retry-After and Contact"), "{}", finding.message);
        assert_eq!(finding.evidence.len(), 2);
    }
}
