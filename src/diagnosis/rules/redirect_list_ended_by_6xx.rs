//! A list of redirect targets that a 6xx ended.

use crate::call::Call;
use crate::diagnosis::redirect_case::{End, RedirectCase};
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{StatusClass, Uri};

pub(super) static RULE: Rule = Rule {
    code: "redirect-list-ended-by-6xx",
    summary: "One target of a redirect answered 6xx, and the remaining targets were rightly not tried.",
    severity: Severity::Info,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §21.6", "RFC 3261 §16.7"],
    explanation: Explanation {
        what_it_means: "The redirect offered several targets. One of them answered with a 6xx, which speaks for the user \
            everywhere (RFC 3261 §21.6), so the client stopped there. Targets that were left are no fault of the client.",
        why_it_matters: "Without knowing this rule one looks for the reason why the client did not go on, and turns on hunting \
            that must not be.",
        likely_causes: "- The user declined at one device (603), is busy everywhere (600), or does not want this caller (607).\n\
            - A device or gateway uses 6xx for what is true of itself only, where 486, 480 or 404 would be right.",
        how_to_fix: "- Nothing at the client.\n\
            - If another target should have been tried: the device that answered 6xx must answer 4xx.",
        how_to_confirm: "With a 4xx in its place the client goes on to the next target.",
        when_this_is_wrong: "- The failure was a 4xx or 5xx and the client stopped all the same: then it does not try \
            further targets.\n\
            - The target with the 6xx was the last of the list: nothing was left.",
    },
    detect: Detect::of_followed_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter_map(|case| finding(&case, cx)));
}

/// SIP targets that no request went to.
fn left<'a>(case: &RedirectCase<'a>) -> Vec<&'a Uri> {
    let tried = |index: usize| case.redirect.follows.iter().any(|f| f.contact == index);
    let untried = case.redirect.contacts.iter().enumerate().filter(|(index, _)| !tried(*index));
    untried.filter_map(|(_, c)| c.address.as_ref()).map(|a| &a.uri).filter(|uri| uri.is_sip()).collect()
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let ends = case.ends(cx);
    let (follow, End::Failure(answer, status)) = ends.last()? else { return None };
    let left = left(case);
    if status.class() != Some(StatusClass::GlobalFailure) || left.is_empty() {
        return None;
    }
    let left: Vec<String> = left.iter().map(ToString::to_string).collect();
    let message = Text::new(
        "The target {contact} answered {status} {phrase}, which ends the call everywhere: the client rightly left out {left}.",
    )
    .with("contact", case.target_of(follow)?)
    .with("status", status)
    .with("phrase", answer.message.reason_phrase().unwrap_or_default())
    .with("left", left.join(", "));
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(answer, "the 6xx of a target"))
        .evidence([case.evidence()])
        .evidence(case.follow_evidence(follow));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    fn two(rest: &str) -> String {
        redirected(
            "302 Moved\nContact: <sip:bob@a.corp.example>;q=1.0, <sip:bob@b.corp.example>;q=0.5",
            &format!("{rest}{LATER}"),
        )
    }

    #[test]
    fn only_a_6xx_with_targets_left_counts() {
        let first = |status: &str| followed("sip:bob@a.corp.example", status);
        let second = |status: &str| followed("sip:bob@b.corp.example", status).replace("0.03", "+0.03");
        check(
            RULE.code,
            &[
                ("603", &two(&first("603 Decline")), Some(Severity::Info)),
                ("607", &two(&first("607 Unwanted")), Some(Severity::Info)),
                ("486", &two(&first("486 Busy Here")), None),
                ("went on", &two(&(first("603 Decline") + &second("404 Not Found"))), None),
                ("at the last", &two(&(first("404 Not Found") + &second("603 Decline"))), None),
            ],
        );
        let finding = only(&two(&first("603 Decline")), RULE.code);
        assert!(finding.message.to_string().ends_with("left out sip:bob@b.corp.example."), "{}", finding.message);
        assert!(finding.remediation.is_empty());
    }
}
