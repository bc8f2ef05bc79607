//! A permanent redirect with an end.

use crate::call::Call;
use crate::diagnosis::permanence::Validity;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "permanent-redirect-expires",
    summary: "A 301 whose Contact is valid for less than a day.",
    severity: Severity::Notice,
    references: &["RFC 3261 §21.3.2", "RFC 3261 §21.3.3", "RFC 3261 §20.10"],
    explanation: Explanation {
        what_it_means: "301 says that the address moved for good and that clients should change their directories. The \
            same response limits the validity of the new address, by an `expires` parameter of the Contact or an Expires \
            header field, to less than a day. The two contradict each other.",
        why_it_matters: "A client that obeys the status stores the address for ever; one that obeys the validity asks again \
            soon. Which of them happens depends on the make of the client.",
        likely_causes: "- The redirect server copies the registered contacts with the rest of their lifetime out of its \
            location service.\n\
            - A forwarding that a user switched on for some time, on a system that knows 301 only.\n\
            - A template that was written for 302 and got another status.",
        how_to_fix: "- At the redirecting server: answer 302 with the validity (RFC 3261 §21.3.3), or 301 without one.",
        how_to_confirm: "Call again: the response is a 302 with `expires`, or a 301 without it.",
        when_this_is_wrong: "- A 302 with `expires` is as it should be.\n\
            - A 301 that is valid for a day or longer: the server only asks to be asked again now and then.\n\
            - The answer of a routing database coded as 301: routing-dip-as-301 says so already.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let permanent = |case: &RedirectCase<'_>| case.redirect.status.0 == 301 && !case.is_routing_dip();
    out.extend(RedirectCase::of_initial_requests(call).filter(permanent).filter_map(|case| finding(&case)));
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let validity = Validity::short(case)?;
    let message = match (validity.readable, validity.time.is_zero()) {
        (true, true) => Text::new(
            "{server} says by 301 that the address moved for good, and lets the new address expire at once.",
        ),
        (true, false) => {
            Text::new("{server} says by 301 that the address moved for good, and limits the new address to {time}.")
                .with("time", span(validity.time))
        }
        (false, _) => Text::new(
            "{server} says by 301 that the address moved for good, and limits the new address by `expires={text}`, which \
             counts as {time}.",
        )
        .with("time", span(validity.time))
        .with("text", &validity.text),
    };
    let message = message.with("server", case.redirector());
    let primary = Evidence::header(case.response, validity.header, "the validity in the 301");
    let finding = Finding::new(&RULE, Certainty::Certain, message, primary)
        .evidence(case.request_evidence())
        .actor(case.operator())
        .fix("Answer 302 for what holds for a while; a 301 carries no validity.")
        .verify("Call again: the response is a 302 with `expires`, or a 301 without it.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, only, redirected};

    #[test]
    fn validities_below_a_day_count_in_301_only() {
        let flow = |response: &str| redirected(response, LATER);
        let usual = "<sip:bob@pbx.corp.example>";
        let notice = Some(Severity::Notice);
        check(
            RULE.code,
            &[
                ("an hour", &flow(&format!("301 Moved\nContact: {usual};expires=3600")), notice),
                ("an hour in Expires", &flow(&format!("301 Moved\nContact: {usual}\nExpires: 3600")), notice),
                ("not at all", &flow(&format!("301 Moved\nContact: {usual};expires=0")), notice),
                ("unreadable", &flow(&format!("301 Moved\nContact: {usual};expires=soon")), notice),
                (
                    "the second of two",
                    &flow(&format!("301 Moved\nContact: {usual}, <sip:b@x.example>;expires=60")),
                    notice,
                ),
                ("a day", &flow(&format!("301 Moved\nContact: {usual};expires=86400")), None),
                ("no validity", &flow(&format!("301 Moved\nContact: {usual}")), None),
                ("302", &flow(&format!("302 Moved\nContact: {usual};expires=60")), None),
                (
                    "a routing answer",
                    &flow("301 Moved\nContact: <sip:bob;rn=+12155550100@pbx.corp.example>;expires=60"),
                    None,
                ),
            ],
        );
        let none = only(&flow(&format!("301 Moved\nContact: {usual};expires=0")), RULE.code);
        assert!(none.message.to_string().ends_with("expire at once."), "{}", none.message);
        let unreadable = only(&flow(&format!("301 Moved\nContact: {usual};expires=soon")), RULE.code);
        assert!(
            unreadable.message.to_string().ends_with("by `expires=soon`, which counts as 1 h."),
            "{}",
            unreadable.message
        );
    }
}
