//! A redirect that was followed in vain.

use crate::call::{Call, CapturedMessage, Follow, Outcome};
use crate::catalog;
use crate::diagnosis::redirect_case::{End, RedirectCase, times_sent};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};

use crate::sip::StatusCode;

use super::{
    number_portability_data_lost, redirect_breaks_passport, redirect_contact_not_routable,
    redirect_contact_unresolvable, redirect_follow_up_malformed, redirect_transport_unreachable,
};

pub(super) static RULE: Rule = Rule {
    code: "redirect-target-failed",
    summary: "A redirect that was followed, but every target that was tried failed.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §16.7"],
    explanation: Explanation {
        what_it_means: "The client did what the redirect asks for and called the new address; the target answered with a \
            failure, or not at all, and no other target helped. The redirect itself worked, the place that it names did \
            not.",
        why_it_matters: "The call failed because of the last target. The caller's server only shows the final status, so \
            the fault is easily looked for at the wrong end.",
        likely_causes: "- The target does not know the user or number (404), does not accept this client (403, 401, 407), \
            or is overloaded or down (5xx, silence).\n\
            - The redirecting server's data are out of date: it advertises a dead target.\n\
            - The follow-up lost a part of the Contact that the target needs.",
        how_to_fix: "- Act on the failure of the last target: the finding says what its status means.\n\
            - At the redirecting server: check why it returns this target, and let it test targets or return several.",
        how_to_confirm: "Call the target directly, from the same client: it must answer without the detour. Then call \
            the old address again.",
        when_this_is_wrong: "- The callee at the target was busy, declined, or did not answer: the redirect reached its \
            goal, and the outcome of the call says so.\n\
            - A first target failed and a later one took the call: that is how a list of Contacts is meant to work.",
    },
    detect: Detect::of_followed_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.outcome == Outcome::Answered {
        return;
    }
    out.extend(RedirectCase::of_invites(call).filter_map(|case| finding(&case, cx)));
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let ends = case.ends(cx);
    let all_failed = ends.iter().all(|(follow, end)| match end {
        End::Failure(_, status) => !case.is_word_of_the_callee(follow, *status),
        End::Silence => true,
        _ => false,
    });
    let (follow, end) = ends.last().filter(|_| all_failed)?;
    let mut finding = match end {
        End::Failure(answer, status) => rejected(case, follow, answer, *status)?,
        _ => silent(case, follow)?,
    };
    finding.consequence_of = cause(case, cx);
    let earlier = ends.iter().rev().skip(1).rev().filter_map(|(_, end)| match end {
        End::Failure(answer, _) => Some(Evidence::of(answer, "an earlier target's answer")),
        _ => None,
    });
    let finding = finding.evidence([case.evidence()]).evidence(earlier).fix(
        Text::new("At {server}: check why it advertises a target that does not take the call.")
            .with("server", case.redirector()),
    );
    Some(finding.verify("Call the target directly from the same client, then the old address: both must get through."))
}

/// The last target answered with a failure: what its status means decides the remedy.
fn rejected(case: &RedirectCase<'_>, follow: &Follow, answer: &CapturedMessage, status: StatusCode) -> Option<Finding> {
    let entry = catalog::entry_or_class(status.0)?.entry();
    let message = Text::new(
        "The client followed the redirect of {server} to {contact}, and the target answered {status} {phrase}.",
    )
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("status", status)
    .with("phrase", answer.message.reason_phrase().unwrap_or_default());
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(answer, "the target's answer"))
        .evidence(case.follow_evidence(follow))
        .actor(Actor::sender(answer, "operator of the redirect target"));
    Some(entry.how_to_fix.iter().take(FIXES).fold(finding, |finding, fix| finding.fix(*fix)))
}

/// Remedies of the catalogue that are quoted; `sipscan explain STATUS` has them all.
const FIXES: usize = 2;

/// Nothing came back from the last target.
fn silent(case: &RedirectCase<'_>, follow: &Follow) -> Option<Finding> {
    let transaction = case.call.transaction(follow.transaction)?;
    let message = Text::new(
        "The client followed the redirect of {server} to {contact} and sent its request to {endpoint} {times}; nothing came \
         back.",
    )
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("times", times_sent(case.call, transaction))
    .with("endpoint", transaction.server);
    let icmp = case.call.icmp.iter().filter(|i| i.unreachable == transaction.server).map(Evidence::icmp);
    let finding = Finding::new(&RULE, Certainty::Strong, message, case.follow_evidence(follow)?)
        .evidence(icmp)
        .actor(Actor::at(transaction.server, "operator of the redirect target"))
        .fix("Check whether the target is up, listens on this port, and lets the client through its firewall.");
    Some(finding)
}

/// What made the target fail, where another rule knows it.
fn cause(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<&'static str> {
    if redirect_follow_up_malformed::fault(case, cx).is_some() {
        return Some(redirect_follow_up_malformed::RULE.code);
    }
    if redirect_contact_not_routable::explains(case, cx) {
        return Some(redirect_contact_not_routable::RULE.code);
    }
    if redirect_contact_unresolvable::explains(case, cx) {
        return Some(redirect_contact_unresolvable::RULE.code);
    }
    if redirect_transport_unreachable::explains(case, cx) {
        return Some(redirect_transport_unreachable::RULE.code);
    }
    if redirect_breaks_passport::explains(case, cx) {
        return Some(redirect_breaks_passport::RULE.code);
    }
    number_portability_data_lost::applies(case).then_some(number_portability_data_lost::RULE.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    #[test]
    fn every_target_must_have_failed() {
        let one = |rest: &str| redirected("302 Moved\nContact: <sip:bob@pbx.corp.example>", rest);
        let usual = "sip:bob@pbx.corp.example";
        let two = |last: &str| {
            redirected(
                "302 Moved\nContact: <sip:bob@a.corp.example>, <sip:bob@b.corp.example>",
                &(followed("sip:bob@a.corp.example", "503 Down")
                    + &followed("sip:bob@b.corp.example", last).replace("0.03", "+0.03")),
            )
        };
        let challenged = "0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n+0.01 new > pbx\n407 No\n\
             Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\n\n+0.001 pbx > new\nACK\n\n+0.01 pbx > new\n\
             INVITE sip:bob@pbx.corp.example\nProxy-Authorization: Digest username=\"a\", realm=\"x\", nonce=\"n\", \
             uri=\"sip:x\", response=\"0\"\n\n+0.01 new > pbx\n{}\n\n+0.001 pbx > new\nACK\n\n";
        check(
            RULE.code,
            &[
                ("404", &one(&followed(usual, "404 Not Found")), Some(Severity::Error)),
                ("busy", &one(&followed(usual, "486 Busy Here")), None),
                ("nobody goes", &one(LATER), None),
                ("silence", &one(&format!("0.03 pbx > new\nINVITE {usual}\n\n{LATER}")), Some(Severity::Error)),
                ("silence until the capture ends", &one(&format!("0.03 pbx > new\nINVITE {usual}\n\n")), None),
                ("two fail", &two("404 Not Found"), Some(Severity::Error)),
                ("the second answers", &two("200 OK"), None),
                ("credentials help", &one(&challenged.replace("{}", "200 OK")), None),
                ("credentials do not help", &one(&challenged.replace("{}", "403 Forbidden")), Some(Severity::Error)),
            ],
        );
        let finding = only(&two("404 Not Found"), RULE.code);
        assert!(finding.message.to_string().ends_with("the target answered 404 Not Found."));
        assert!(finding.evidence.iter().any(|e| e.text.contains("503 Down")), "{:?}", finding.evidence);
    }
}
