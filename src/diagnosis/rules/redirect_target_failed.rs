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
mod tests;
