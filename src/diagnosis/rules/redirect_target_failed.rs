//! A redirect that was followed in vain.

use crate::call::{Call, CapturedMessage, Follow, Origin, Outcome, Transaction};
use crate::catalog;
use crate::diagnosis::redirect_case::{End, FOLLOW_WINDOW, RedirectCase, is_visible_on_udp, last_try, times_sent};
use crate::diagnosis::{
    Actor, Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, platform,
};
use crate::lang::span;
use crate::sip::{StatusCode, Uri};

use super::failed_response::advice_of_catalogue;
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
    detect: Detect::Compared(Facts::FOLLOWED, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.outcome == Outcome::Answered {
        return;
    }
    out.extend(RedirectCase::of_invites(call).filter_map(|case| finding(&case, cx)));
}

fn finding(case: &RedirectCase<'_>, cx: &Compared<'_>) -> Option<Finding> {
    let ends = case.ends(cx);
    let all_failed = ends.iter().all(|(follow, end)| match end {
        End::Failure(_, status) => !case.is_word_of_the_callee(follow, *status),
        End::Silence => true,
        _ => false,
    });
    let (follow, end) = ends.last().filter(|_| all_failed)?;
    let mut finding = match end {
        End::Failure(answer, status) if went_back(case, follow) => turned_away(case, follow, answer, *status)?,
        End::Failure(answer, status) => rejected(case, follow, answer, *status)?,
        _ => silent(case, follow)?,
    };
    finding.consequence_of = cause(case, cx);
    // A request that was repeated with credentials ends where its last try does.
    let cited: Vec<_> = finding.evidence.iter().map(|e| e.frame).collect();
    let earlier = ends.iter().rev().skip(1).rev().filter_map(|(_, end)| match end {
        End::Failure(answer, _) if !cited.contains(&answer.provenance.frame) => {
            Some(Evidence::of(answer, "an earlier target's answer"))
        }
        _ => None,
    });
    let finding = finding.evidence([case.evidence()]).evidence(earlier);
    if went_back(case, follow) {
        return Some(finding.verify("Call again: the second INVITE goes to the address in the Contact."));
    }
    let is_right = matches!(end, End::Failure(_, status) if refuses_the_request(*status));
    let finding = if is_right {
        finding
    } else {
        finding.fix(
            Text::new("At {server}: check why it advertises a target that does not take the call.")
                .with("server", case.redirector()),
        )
    };
    let finding = untried(case, end, cx).into_iter().fold(finding, Finding::fix);
    Some(finding.verify("Call the target directly from the same client, then the old address: both must get through."))
}

/// Advice to call the next Contact, where the last failure left one that nobody called; a 6xx ends the list.
fn untried(case: &RedirectCase<'_>, last: &End<'_>, cx: &Context<'_>) -> Option<Text> {
    let End::Failure(answer, StatusCode(400..=599)) = last else { return None };
    let was_called = |uri: &Uri| case.end_at(uri).is_some();
    let left: Vec<_> = case.targets().filter(|uri| is_visible_on_udp(uri) && !was_called(uri)).collect();
    let proven = cx.absence_is_proven(case.client().address, answer.provenance.time, FOLLOW_WINDOW);
    if left.is_empty() || !proven || case.call.outcome == Outcome::Cancelled {
        return None;
    }
    let text = Text::new(
        "At the client: call the next Contact when one fails (RFC 3261 §8.1.3.4). The redirect names {contacts} as well, where nothing went \
         within {window}.",
    );
    let names = left.into_iter().map(Text::verbatim).collect::<Vec<_>>();
    Some(text.with("contacts", Text::list(" and ", names)).with("window", span(FOLLOW_WINDOW)))
}

/// Whether the client sent the follow-up to the redirecting server once more, though the Contact names another address: as clients
/// do that send everything to one outbound proxy.
fn went_back(case: &RedirectCase<'_>, follow: &Follow) -> bool {
    let target = case.target_of(follow).and_then(Uri::ip);
    let sent = case.call.transaction(follow.transaction);
    sent.zip(target).is_some_and(|(sent, target)| {
        sent.server.address == case.redirector().address && target != sent.server.address && sent.downstream.is_empty()
    })
}

/// The redirecting server refused what was meant for the target.
fn turned_away(
    case: &RedirectCase<'_>,
    follow: &Follow,
    answer: &CapturedMessage,
    status: StatusCode,
) -> Option<Finding> {
    let message = Text::new(
        "{server} redirected the call to {contact}, but the client sent its second request to {server} as well, which answered {status} \
         {phrase}: it did not go to the target.",
    )
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("status", status)
    .with("phrase", answer.message.reason_phrase().unwrap_or_default());
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(answer, "the answer of the redirecting server"))
        .evidence(case.follow_evidence(follow))
        .actor(case.client_operator())
        .fix("At the client: send the second INVITE to the address in the Contact, and not to the outbound proxy that redirected the call.");
    let setting = finding.actor.as_ref().and_then(|actor| platform::keep_host(actor.software.as_deref()));
    let finding = setting
        .into_iter()
        .fold(finding, Finding::fix)
        .fix(Text::new("Or at {server}: relay requests for that address.").with("server", case.redirector()));
    Some(finding)
}

/// The last target answered with a failure: what its status means decides the remedy.
fn rejected(case: &RedirectCase<'_>, follow: &Follow, answer: &CapturedMessage, status: StatusCode) -> Option<Finding> {
    let last = case.call.transaction(last_try(case.call, follow.transaction))?;
    let (transaction, source) = behind(case, follow).unwrap_or((last, answer));
    let status = source.message.status().unwrap_or(status);
    let was_passed_on = source.provenance.frame != answer.provenance.frame;
    let entry = catalog::entry_or_class(status.0)?.entry();
    let follower = case.follower_on_the_way(follow).filter(|_| !was_passed_on);
    let message = Text::new(if follower.is_some() {
        "{follower} followed the redirect of {server} to {contact}, and the target answered {status} {phrase}."
    } else if was_passed_on {
        "The client followed the redirect of {server} to {contact}, and {source}, to which that request went on, answered {status} {phrase}."
    } else {
        "The client followed the redirect of {server} to {contact}, and the target answered {status} {phrase}."
    })
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("status", status)
    .with("phrase", source.message.reason_phrase().unwrap_or_default());
    let message = if was_passed_on { message.with("source", source.provenance.flow.source) } else { message };
    let message = follower.into_iter().fold(message, |message, follower| message.with("follower", follower));
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(source, "the target's answer"))
        .evidence(was_passed_on.then(|| Evidence::of(answer, "what the client received")))
        .evidence(case.follow_evidence(follow))
        .actor(if refuses_the_request(status) {
            case.client_operator()
        } else {
            Actor::sender(source, "operator of the redirect target")
        });
    let advice = advice_of_catalogue(entry, transaction, source, case.call);
    Some(advice.take(FIXES).fold(finding, Finding::fix))
}

/// Whether the status is about what the client put into its request: the target may well be the right one.
fn refuses_the_request(status: StatusCode) -> bool {
    matches!(status.0, 406 | 413 | 415 | 420 | 421 | 505 | 513)
}

/// The response of an element behind the one that answered the client, which only passed it on.
fn behind<'a>(case: &RedirectCase<'a>, follow: &Follow) -> Option<(&'a Transaction, &'a CapturedMessage)> {
    match case.call.origin_of_failure(last_try(case.call, follow.transaction))? {
        Origin::Response(id, message) => case.call.transaction(id).zip(case.call.message(message)),
        Origin::Silence(_) => None,
    }
}

/// Remedies of the catalogue that are quoted; `sipscan explain STATUS` has them all.
const FIXES: usize = 2;

/// Nothing came back from the last target.
fn silent(case: &RedirectCase<'_>, follow: &Follow) -> Option<Finding> {
    let transaction = case.call.transaction(follow.transaction)?;
    let follower = case.follower_on_the_way(follow);
    let message = Text::new(if follower.is_some() {
        "{follower} followed the redirect of {server} to {contact} and sent its request to {endpoint} {times}; nothing came back."
    } else {
        "The client followed the redirect of {server} to {contact} and sent its request to {endpoint} {times}; nothing came \
         back."
    })
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("times", times_sent(case.call, transaction))
    .with("endpoint", transaction.server);
    let message = follower.into_iter().fold(message, |message, follower| message.with("follower", follower));
    let icmp = case.call.icmp.iter().filter(|i| i.unreachable == transaction.server).map(Evidence::icmp);
    let finding = Finding::new(&RULE, Certainty::Strong, message, case.follow_evidence(follow)?)
        .evidence(icmp)
        .actor(Actor::at(transaction.server, "operator of the redirect target"))
        .fix("Check whether the target is up, listens on this port, and lets the client through its firewall.");
    Some(finding)
}

/// What made the target fail, where another rule knows it.
fn cause(case: &RedirectCase<'_>, cx: &Compared<'_>) -> Option<&'static str> {
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
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected, with_code};

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
        let refused = only(&one(&challenged.replace("{}", "403 Forbidden")), RULE.code);
        assert!(refused.evidence.iter().all(|e| e.what.to_string() != "an earlier target's answer"), "one target");
        let finding = only(&two("404 Not Found"), RULE.code);
        assert!(finding.message.to_string().ends_with("the target answered 404 Not Found."));
        assert!(finding.evidence.iter().any(|e| e.text.contains("503 Down")), "{:?}", finding.evidence);
    }

    #[test]
    fn a_request_that_is_refused_for_what_it_carries_is_the_clients() {
        let of = |response: &str| {
            let follow = followed("sip:bob@pbx.corp.example", response);
            let finding = only(&redirected("302 Moved\nContact: <sip:bob@pbx.corp.example>", &follow), RULE.code);
            let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            let actor = finding.actor.as_ref().unwrap().address.unwrap().to_string();
            (actor, advice.join(" ").contains("check why it advertises"))
        };
        assert_eq!(of("420 Bad Extension\nUnsupported: 100rel"), ("192.0.2.10:5060".to_owned(), false));
        assert_eq!(of("404 Not Found"), ("203.0.113.40:5060".to_owned(), true));
    }

    #[test]
    fn a_contact_that_nobody_called_is_told() {
        let told = |contacts: &str, response: &str, later: &str| {
            let flow = redirected(
                &format!("302 Moved\nContact: {contacts}"),
                &(followed("sip:bob@a.corp.example", response) + later),
            );
            let advice: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
            advice.join(" ").contains("names sip:bob@b.corp.example as well, where nothing went within 5 s")
        };
        let two = "<sip:bob@a.corp.example>, <sip:bob@b.corp.example>";
        assert!(told(two, "503 Down", LATER));
        assert!(!told(two, "503 Down", ""), "the capture ends");
        assert!(!told("<sip:bob@a.corp.example>, <mailto:bob@b.corp.example>", "503 Down", LATER));
        assert!(!told("<sip:bob@a.corp.example>, <sip:bob@a.corp.example:5060>", "503 Down", LATER), "the same");
        assert!(!told(two, "604 Nowhere", LATER), "a 6xx is about all of them");
    }

    #[test]
    fn whoever_answered_behind_the_target_acts() {
        let flow = redirected(
            "302 Moved\nContact: <sip:bob@pbx.corp.example>",
            "host end 203.0.113.60\n\n0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n+0.01 new > end forward\n\
             INVITE sip:bob@203.0.113.60\n\n+0.1 end > new\n404 Not Found\n\n+0.001 new > end\nACK\n\n\
             +0.001 new > pbx re=INVITE\n480 Nobody\n\n+0.001 pbx > new\nACK\n\n",
        );
        let flow = flow.replace("host end 203.0.113.60\n\n", "").replacen("\n\n", "\nhost end 203.0.113.60\n\n", 1);
        let finding = only(&flow, RULE.code);
        let said = finding.message.to_string();
        assert!(said.contains("203.0.113.60:5060, to which that request went on, answered 404 Not Found"), "{said}");
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.60:5060");
        assert!(finding.remediation.iter().any(|fix| fix.to_string().contains("Request-URI")), "advice of the 404");
    }

    #[test]
    fn a_client_that_asks_the_redirecting_server_again_is_told_so() {
        let to = |contact: &str, host: &str| {
            let follow =
                followed(&format!("sip:bob@{contact}"), "404 Not Found").replace("pbx > new", &format!("pbx > {host}"));
            let flow = redirected(
                &format!("302 Moved\nContact: <sip:bob@{contact}>"),
                &follow.replace("new > pbx", &format!("{host} > pbx")),
            );
            only(&flow, RULE.code).message.to_string().contains("did not go to the target")
        };
        assert!(to("203.0.113.40", "old"));
        assert!(!to("203.0.113.40", "new"));
        assert!(!to("pbx.corp.example", "old"), "the name may be that of the same host");
    }

    #[test]
    fn a_proxy_that_follows_in_vain_says_so_by_its_408() {
        let flow = |end: &str| {
            format!(
                "host pbx 192.0.2.10\nhost old 198.51.100.30\nhost a 192.0.2.50\n\n0.0 a > pbx\nINVITE sip:bob@corp.example\n\n\
                 0.01 pbx > old forward\nINVITE sip:bob@corp.example\n\n0.02 old > pbx\n302 Moved\nContact: <sip:bob@203.0.113.40>\n\n\
                 0.021 pbx > old\nACK\n\n0.03 pbx > 203.0.113.40 forward branch=r2 repeat=0.5,1.5,3.5\nINVITE sip:bob@203.0.113.40\n\n\
                 5 pbx > a\n{end}\n\n5.1 a > pbx\nACK\n"
            )
        };
        let finding = only(&flow("408 Request Timeout"), RULE.code);
        assert!(
            finding.message.to_string().starts_with("192.0.2.10:5060 followed the redirect of"),
            "{}",
            finding.message
        );
        assert!(with_code(&flow("480 Gone"), RULE.code).is_empty(), "that may have another reason");
    }

    #[test]
    fn whoever_was_to_replace_a_call_is_told_of_that() {
        let of = |uri: &str, lines: &str| {
            let flow = redirected(
                &format!("302 Moved\nContact: <{uri}>"),
                &followed(&format!("sip:bob@203.0.113.40{lines}"), "481 No"),
            );
            let fixes: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
            fixes.join(" ")
        };
        let replaced = of(
            "sip:bob@203.0.113.40?Replaces=x%40p%3Bto-tag%3D1%3Bfrom-tag%3D2",
            "\nReplaces: x@p;to-tag=1;from-tag=2",
        );
        assert!(
            replaced.contains("in Replaces with the dialog") && !replaced.contains("answered INVITE"),
            "{replaced}"
        );
        assert!(!of("sip:bob@203.0.113.40", "").contains("Replaces"));
    }

    #[test]
    fn a_client_that_went_back_is_told_how_to_go_on() {
        let of = |software: &str| {
            let flow = redirected("302 Moved\nContact: <sip:carol@203.0.113.40>", &back_to("sip:carol@198.51.100.30"))
                .replace(
                    "INVITE sip:bob@corp.example\n",
                    &format!("INVITE sip:bob@corp.example\nUser-Agent: {software}\n"),
                );
            only(&flow, RULE.code).remediation.iter().any(|fix| fix.to_string().contains("redirect_method"))
        };
        assert!(of("Asterisk PBX 18.9.0") && !of("ExamplePBX/1"));
    }

    fn back_to(uri: &str) -> String {
        followed(uri, "404 Not Found").replace("> new", "> old").replace("new >", "old >")
    }

    #[test]
    fn advice_has_its_ground_in_the_response() {
        let of = |response: &str| {
            let flow = redirected(
                "302 Moved\nContact: <sip:bob@pbx.corp.example>",
                &followed("sip:bob@pbx.corp.example", response),
            );
            let fixes: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
            fixes.join(" ").contains("Retry-After")
        };
        assert_eq!((of("503 Down"), of("503 Down\nRetry-After: 20")), (false, true));
    }
}
