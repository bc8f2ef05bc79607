//! Redirects and authentication: a target that does not know the client, and a server that tells new addresses to everybody.

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::redirect_case::{End, RedirectCase};
use crate::diagnosis::{
    Actor, Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::{Challenge, HeaderName, Method, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "redirect-target-challenges",
    summary: "The target of a redirect asks for credentials that the client lacks, or new addresses are told without asking for any.",
    severity: Severity::Error,
    references: &["RFC 3261 §22.1", "RFC 3261 §22.3", "RFC 3261 §8.1.3.4"],
    explanation: Explanation {
        what_it_means: "The client followed the redirect, and the target answered 401 or 407. The client has credentials for \
            its own server, if any, but none for the realm of the target, or the target did not accept them. So the call \
            ends at a door to which nobody has a key.\n\n\
            Or, as a notice: a server that asks other calls for credentials answered 301 to one without any.",
        why_it_matters: "The redirect works for those clients that have an account at the target, and for no others. The \
            failure looks like a wrong password, although no password is wrong. And whoever may ask for redirects without \
            credentials can try numbers one by one and learn where their owners went.",
        likely_causes: "- The redirecting server trusts the client (by address or after a challenge of its own), the target \
            does not.\n\
            - The target is an access server for subscribers, where an interconnection address should be returned.\n\
            - The client answers challenges of its own realm only.",
        how_to_fix: "- At the target: accept calls for this user from this client, by address, trunk or certificate.\n\
            - Or at the redirecting server: relay such calls, or return an address that takes calls from outside.\n\
            - Or give the client an account at the target, with the realm of the challenge.\n\
            - At a server that redirects without asking: challenge first (401), redirect then.",
        how_to_confirm: "Call again: the target answers the follow-up with 100 or 180, or the client answers its challenge \
            and gets through.",
        when_this_is_wrong: "- The client answers the challenge with credentials and gets on: an ordinary step.\n\
            - The capture ends right after the challenge, or loses packets: whether credentials followed is unknown.\n\
            - Another target took the call.\n\
            - The client whose call was redirected at once is trusted by its address.",
    },
    detect: Detect::Compared(Facts::REDIRECT, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_invites(call).find_map(|case| told_to_anybody(&case, cx)));
    // Any answer to OPTIONS, a challenge too, is what its sender wants.
    let counts = |case: &RedirectCase<'_>| case.transaction.method != Method::Options;
    if call.outcome.is_failure() {
        out.extend(RedirectCase::of_initial_requests(call).filter(counts).filter_map(|case| finding(&case, cx)));
    }
}

/// A 301 without credentials from a server that asked other calls for them.
fn told_to_anybody(case: &RedirectCase<'_>, cx: &Compared<'_>) -> Option<Finding> {
    let challenge = cx.earlier.challengers.get(&case.transaction.server.address)?;
    let names_address = case.redirect.status.0 == 301 && case.targets().next().is_some();
    if !names_address || case.redirector() != case.transaction.server || case.call.has_credentials(case.transaction) {
        return None;
    }
    let message = Text::new(
        "{server} told the client at {client} the new address without asking for credentials, although it asks other calls for \
         them. Unless it trusts that address, anybody can learn new addresses there by trying numbers.",
    )
    .with("server", case.redirector())
    .with("client", case.client().address);
    let finding = Finding::new(&RULE, Certainty::Weak, message, case.evidence())
        .severity(Severity::Notice)
        .evidence(case.request_evidence())
        .evidence([challenge.clone()])
        .actor(case.operator())
        .fix(
            "Challenge requests from outside with 401 before redirecting them; a redirect server may (RFC 3261 §22.1).",
        )
        .verify("Call from an address without an account: the server asks for credentials before it says anything.");
    Some(finding)
}

/// The challenge that the last follow-up ended with.
struct Refused<'a> {
    answer: &'a CapturedMessage,
    status: StatusCode,
    transaction: &'a Transaction,
    request: &'a CapturedMessage,
}

fn refused<'a>(case: &RedirectCase<'a>, cx: &Context<'_>) -> Option<Refused<'a>> {
    let ends = case.ends(cx);
    let (_, End::Failure(answer, status)) = ends.last()? else { return None };
    if !status.is_challenge() {
        return None;
    }
    let transaction =
        case.call.transactions.iter().find(|t| {
            t.finals.iter().any(|f| case.call.message(f.message).is_some_and(|m| std::ptr::eq(m, *answer)))
        })?;
    Some(Refused { answer, status: *status, transaction, request: case.call.message(transaction.request?)? })
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let refused = refused(case, cx)?;
    let client = refused.transaction.client;
    let sent = case.call.has_credentials(refused.transaction);
    // Credentials may still have come where the capture does not show it.
    if !sent && cx.doubt(client.address, refused.answer.provenance.time, cx.settings.t1 * 64).is_some() {
        return None;
    }
    let challenges = refused.answer.message.challenges();
    let realm = match challenges.iter().find_map(Challenge::realm) {
        Some(realm) => Text::new("for realm \"{realm}\"").with("realm", realm),
        None => Text::new("without naming a realm"),
    };
    let message = Text::new(if sent {
        "{server} redirected the call to {contact}; the target asks for credentials {realm} ({status}) and does not accept \
         those that the client at {client} has."
    } else {
        "{server} redirected the call to {contact}; the target asks for credentials {realm} ({status}), and the client at \
         {client} never sent any."
    })
    .with("server", case.redirector())
    .with("contact", case.redirect.follows.last().and_then(|f| case.target_of(f))?)
    .with("realm", realm)
    .with("status", refused.status)
    .with("client", client);
    let certainty = if sent { Certainty::Certain } else { Certainty::Strong };
    let finding = Finding::new(&RULE, certainty, message, challenge_evidence(refused.answer))
        .evidence([Evidence::of(refused.request, "the follow-up"), case.evidence()])
        .actor(Actor::sender(refused.answer, "operator of the redirect target"))
        .fix(
            Text::new("Let the target accept calls from {client} without an account, if it shall.")
                .with("client", client.address),
        )
        .fix(
            Text::new("Or at {server}: relay such calls, or return a target that takes them.")
                .with("server", case.redirector()),
        )
        .fix("Or give the client an account at the target, with the realm of the challenge.")
        .verify(
            "Call again: the target answers the follow-up without a challenge, or accepts the client's credentials.",
        );
    Some(finding)
}

fn challenge_evidence(answer: &CapturedMessage) -> Evidence {
    let names = [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate];
    let what = "the target's challenge";
    match names.into_iter().find(|name| answer.message.has(*name)) {
        Some(name) => Evidence::header(answer, name, what),
        None => Evidence::of(answer, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Outcome;
    use crate::diagnosis::testing::{HOSTS, LATER, check, diagnose, followed, only, redirected};

    fn flow(rest: &str) -> String {
        redirected("302 Moved\nContact: <sip:bob@pbx.corp.example>", rest)
    }

    const CHALLENGE: &str = "407 Proxy Authentication Required\nProxy-Authenticate: Digest realm=\"new\", nonce=\"n\"";

    fn challenged(then: &str) -> String {
        let first = followed("sip:bob@pbx.corp.example", CHALLENGE);
        let second = followed(
            "sip:bob@pbx.corp.example\nProxy-Authorization: Digest username=\"a\", realm=\"new\", nonce=\"n\"",
            then,
        )
        .replace("0.03 pbx", "+0.01 pbx");
        if then.is_empty() { first } else { first + &second }
    }

    #[test]
    fn only_a_challenge_at_the_end_counts() {
        let error = Some(Severity::Error);
        check(
            RULE.code,
            &[
                ("never answered", &flow(&(challenged("") + LATER)), error),
                ("refused", &flow(&(challenged(CHALLENGE) + LATER)), error),
                ("accepted", &flow(&(challenged("200 OK") + LATER)), None),
                ("accepted, then another failure", &flow(&(challenged("404 Not Found") + LATER)), None),
                ("the capture ends", &flow(&challenged("")), None),
                (
                    "an OPTIONS",
                    &flow(&(challenged("") + LATER))
                        .replace("INVITE", "OPTIONS")
                        .replace("> old\nACK", "> old\ntext x")
                        .replace("> new\nACK", "> new\ntext x"),
                    None,
                ),
                ("another failure", &flow(&(followed("sip:bob@pbx.corp.example", "403 Forbidden") + LATER)), None),
            ],
        );
        let finding = only(&flow(&(challenged("") + LATER)), RULE.code);
        assert!(finding.message.to_string().contains("realm \"new\" (407)"), "{}", finding.message);
    }

    #[test]
    fn a_server_that_asks_others_should_ask_before_it_tells() {
        let challenge = |server: &str| {
            format!(
                "{HOSTS}0.0 new > {server} call=c\nINVITE sip:carol@corp.example\n\n0.01 {server} > new call=c\n{CHALLENGE}\n\n\
                 0.02 new > {server} call=c\nACK\n\n"
            )
        };
        let moved = |fields: &str, status: &str| {
            format!(
                "70.0 pbx > old\nINVITE sip:bob@corp.example{fields}\n\n+0.01 old > pbx tag=r\n{status}\nContact: \
                 <sip:bob@pbx.corp.example>\n\n+0.01 pbx > old\nACK\n\n"
            )
        };
        let credentials = "\nProxy-Authorization: Digest username=\"a\", realm=\"new\", nonce=\"n\"";
        let notice = Some(Severity::Notice);
        check(
            RULE.code,
            &[
                ("told at once", &(challenge("old") + &moved("", "301 Moved")), notice),
                ("told to somebody with credentials", &(challenge("old") + &moved(credentials, "301 Moved")), None),
                ("another server asks", &(challenge("pbx") + &moved("", "301 Moved")), None),
                ("a route for one call", &(challenge("old") + &moved("", "302 Moved")), None),
            ],
        );
    }

    #[test]
    fn it_is_why_the_call_fails() {
        for (rest, outcome) in
            [(challenged(""), Outcome::ChallengeUnanswered), (challenged(CHALLENGE), Outcome::AuthFailed)]
        {
            let report = diagnose(&flow(&(rest + LATER))).calls.remove(0);
            assert_eq!((report.call.outcome, report.root_cause), (outcome, Some(RULE.code)));
            assert!(
                report.findings.iter().skip(1).all(|f| f.consequence_of == Some(RULE.code)),
                "{:#?}",
                report.findings
            );
        }
    }
}
