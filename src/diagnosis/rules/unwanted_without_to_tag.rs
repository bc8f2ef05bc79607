//! A 607 without To tag: an intermediary that does not keep to the rules.

use crate::call::Call;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;

pub(super) static RULE: Rule = Rule {
    code: "unwanted-without-to-tag",
    summary: "A 607 has no tag in its To header field.",
    severity: Severity::Warning,
    references: &["RFC 3261 §8.2.6.2", "RFC 8197 §4"],
    explanation: Explanation {
        what_it_means: "Every response but 100 gets a tag in To (RFC 3261 §8.2.6.2). This 607 has none, so it was not made by \
            an ordinary user agent: phones and apps add the tag without thinking.",
        why_it_matters: "The missing tag shows where the rejection comes from: an intermediary that answers for the callee. \
            Without the tag a client that forked cannot tell answers apart, and strict clients drop the response.",
        likely_causes: "- A blocking service or firewall answers with a copy of the request's To.\n\
            - The script of a proxy sends a stateless reply without tag.",
        how_to_fix: "- At the element that answers: add a tag to To, a new one for each request.",
        how_to_confirm: "The next 607 of that element carries a To tag.",
        when_this_is_wrong: "- The To header field was cut by the snap length; the rule is silent then.\n\
            - The request already had a To tag, which every response repeats: then the 607 has it too.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let tagless = |case: &UnwantedCase<'_>| case.response.message.to_tag().is_none() && !case.response.message.is_cut();
    out.extend(cx.unwanted.iter().filter(|case| tagless(case)).map(finding));
}

fn finding(case: &UnwantedCase<'_>) -> Finding {
    let message = Text::new(
        "{sender} answered 607 without a tag in To, so an intermediary rather than a telephone made the response.",
    )
    .with("sender", case.sender());
    let primary = Evidence::header(case.response, HeaderName::To, "To of the 607, without tag");
    Finding::new(&RULE, Certainty::Certain, message, primary)
        .evidence([case.evidence()])
        .actor(case.operator("operator of the element that answered"))
        .fix("Add a tag to To in every response but 100 (RFC 3261 §8.2.6.2).")
        .verify("The next 607 of that element carries a To tag.")
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::check;

    #[test]
    fn only_a_607_without_tag_is_named() {
        let flow = |response: &str| {
            format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n0.1 p > a {response}\n"
            )
        };
        check(
            "unwanted-without-to-tag",
            &[
                ("without", &flow("tag=-\n607 Unwanted"), Some(Severity::Warning)),
                ("with", &flow("tag=x\n607 Unwanted"), None),
                ("another status", &flow("tag=-\n603 Decline"), None),
                ("cut", &flow("tag=- cut=120\n607 Unwanted"), None),
            ],
        );
    }
}
