//! A redirect that its server had to send again.

use crate::call::{COPIES_IN_VAIN, Call, CapturedMessage, FinalResponse};
use crate::diagnosis::redirect_case::{GIVING_UP, RedirectCase};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "redirect-not-acknowledged",
    summary: "A 3xx response that was sent again because its ACK was missing or late.",
    severity: Severity::Warning,
    references: &["RFC 3261 §17.1.1.3", "RFC 3261 §17.2.1", "RFC 3261 §18.2.2"],
    explanation: Explanation {
        what_it_means: "A client must acknowledge every final response to INVITE, redirects included, with an ACK on the \
            branch of the INVITE. Without it the server repeats the response over UDP after 0.5, 1.5, 3.5 … seconds, for \
            up to 32 seconds. Here the response was repeated.",
        why_it_matters: "Either the response does not reach the client, which then cannot follow it, or the ACK does not \
            reach the server. Both point to the network between them, and both delay the call.",
        likely_causes: "- The response goes to the address in Via, which NAT or a firewall does not let through (no \
            `rport`).\n\
            - The ACK carries another branch or Request-URI than the INVITE, so that the server does not recognise it.\n\
            - A packet was lost once.\n\
            - The client is slow or overloaded.",
        how_to_fix: "- Compare Via of the INVITE with where it came from: with a difference, use `rport` at the client, and \
            let the server answer to where the request came from.\n\
            - Check that the ACK has the branch and Request-URI of the INVITE.\n\
            - Look for packet loss on the path.",
        how_to_confirm: "Call again: one 3xx, and its ACK within a round trip.",
        when_this_is_wrong: "- The client follows all the same: then it had the response, and only the ACK was lost.\n\
            - The same datagram was captured twice (two interfaces, a mirror port): that is a duplicate, and \
            sipscan tells it by its IP identification and distance in time.\n\
            - The capture lost packets: then a missing ACK proves nothing, and the finding rests on the repetition alone.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let invites = RedirectCase::all(call).filter(|case| case.transaction.method == Method::Invite);
    out.extend(invites.filter_map(|case| finding(&case, cx)));
}

/// Whether the client never had the redirect, so that it could not follow: no ACK came of all its copies. It is an error then.
pub(super) fn explains(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    let copies = answer(case).map_or(0, |f| case.call.timed_repeats(f.message, &f.retransmissions).count());
    copies >= COPIES_IN_VAIN && case.transaction.acks.is_empty() && missing_is_proven(case, cx)
}

fn answer<'a>(case: &RedirectCase<'a>) -> Option<&'a FinalResponse> {
    case.transaction.finals.iter().find(|f| f.message == case.redirect.response)
}

/// Where the request is missing as well, the tap may not see what this client sends.
fn missing_is_proven(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    case.request().is_some()
        && cx.absence_is_proven(case.redirector().address, case.response.provenance.time, GIVING_UP)
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let answer = answer(case)?;
    let copies: Vec<_> = case.call.timed_repeats(answer.message, &answer.retransmissions).collect();
    let (first, last) = (copies.first()?, copies.last()?);
    let ack = case.transaction.acks.iter().find_map(|id| case.call.message(*id));
    let missing_is_proven = missing_is_proven(case, cx);
    let template = match ack {
        Some(ack) if ack.provenance.time < first.provenance.time => {
            "{server} sent its {status} {count} times over {took} although {client} had acknowledged it: the ACK did not \
             arrive, or the server did not recognise it."
        }
        Some(_) => "{server} sent its {status} {count} times over {took} before the ACK of {client} came.",
        None if missing_is_proven => {
            "{server} sent its {status} {count} times over {took}, and {client} never acknowledged it."
        }
        None => {
            "{server} sent its {status} {count} times over {took}; no ACK from {client} is in the capture, which may not \
             show it."
        }
    };
    let certainty = match ack {
        Some(_) => Certainty::Certain,
        None if missing_is_proven => Certainty::Strong,
        None => Certainty::Weak,
    };
    let message = Text::new(template)
        .with("server", case.redirector())
        .with("status", case.redirect.status)
        .with("count", answer.retransmissions.len() + 1)
        .with("took", span(last.provenance.time.since(case.response.provenance.time)))
        .with("client", case.transaction.client);
    let follow = follow_up(case);
    let arrived = follow.is_some().then(|| Text::new("The response did arrive: the client followed it."));
    let message = with_reason(message, arrived);
    let ends_the_call = explains(case, cx) && case.redirect.follows.is_empty();
    let finding = Finding::new(&RULE, certainty, message, case.evidence())
        .severity(if ends_the_call { Severity::Error } else { Severity::Warning })
        .evidence(copies.iter().take(QUOTED).map(|m| Evidence::of(m, "the same response again")))
        .evidence(ack.map(|m| Evidence::of(m, Text::verbatim("ACK"))))
        .evidence(follow.map(|m| Evidence::of(m, "the follow-up")))
        .evidence(case.request_evidence())
        .actor(actor(case))
        .fix(if follow.is_some() {
            "Capture at both ends: there it is seen whether the client sends its ACK, and on which way it is lost."
        } else {
            "Check that responses reach the client: Via of the INVITE against its source, `rport`, firewalls on the way."
        })
        .fix("Check that the ACK carries the branch and Request-URI of the INVITE and reaches the server.")
        .verify("Call again: one 3xx, and its ACK within a round trip.");
    Some(finding)
}

/// The request with which the client that was asked for an ACK followed: it had the response.
fn follow_up<'a>(case: &RedirectCase<'a>) -> Option<&'a CapturedMessage> {
    let follows = case.redirect.follows.iter().filter_map(|follow| case.call.request(follow.transaction));
    follows.into_iter().find(|m| m.provenance.flow.source.address == case.transaction.client.address)
}

/// Copies that are quoted; more say nothing new.
const QUOTED: usize = 3;

fn actor(case: &RedirectCase<'_>) -> Actor {
    match case.request() {
        Some(request) => Actor::sender(request, "operator of the network in front of the server, and of the client"),
        None => Actor::at(case.transaction.client, "operator of the network in front of the server, and of the client"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::report;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only};

    fn flow(words: &str, ack: &str) -> String {
        format!(
            "{HOSTS}0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.02 old > pbx {words}\n302 Moved\n\
             Contact: <sip:bob@pbx.corp.example>\n\n{ack}{LATER}"
        )
    }

    #[test]
    fn repeated_redirects_count_and_duplicates_do_not() {
        let ack = |at: &str| format!("{at} pbx > old\nACK\n\n");
        let repeated = "repeat=0.5,1.5,3.5";
        check(
            RULE.code,
            &[
                ("late ACK", &flow(repeated, &ack("4.0")), Some(Severity::Warning)),
                ("no ACK", &flow(repeated, ""), Some(Severity::Error)),
                ("no ACK of two", &flow("repeat=0.5", ""), Some(Severity::Warning)),
                ("ACK that did not help", &flow(repeated, &ack("0.03")), Some(Severity::Warning)),
                ("sent once", &flow("", &ack("0.03")), None),
                ("captured twice", &flow("dup=0.0002", &ack("0.03")), None),
                ("sent twice at once", &flow("repeat=0.0002", &ack("0.03")), None),
            ],
        );
    }

    #[test]
    fn the_three_cases_have_their_sentences() {
        let sentence = |ack: &str| only(&flow("repeat=0.5", ack), RULE.code).message.to_string();
        assert!(sentence("4.0 pbx > old\nACK\n\n").ends_with("before the ACK of 192.0.2.10:5060 came."));
        assert!(sentence("0.1 pbx > old\nACK\n\n").contains("although 192.0.2.10:5060 had acknowledged it"));
        assert!(sentence("").ends_with("and 192.0.2.10:5060 never acknowledged it."));
        // Another call shows the client's side, and this one nothing of it.
        let unseen = flow("repeat=0.5", "").replace(
            "0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.02 old > pbx repeat=0.5\n302 Moved\n",
            "0.02 old > pbx repeat=0.5 re=INVITE cseq=1\n302 Moved\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq\n\
             From: <sip:a@192.0.2.10>;tag=f\nTo: <sip:bob@corp.example>;tag=t\n",
        );
        let said = only(&unseen, RULE.code);
        assert!(said.message.to_string().ends_with("is in the capture, which may not show it."), "{}", said.message);
        assert_eq!(said.certainty, Certainty::Weak);
    }

    #[test]
    fn who_follows_had_the_response() {
        let said = |rest: &str| {
            let finding = only(&flow("repeat=0.5,1.5,3.5", rest), RULE.code);
            let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            (
                finding.message.to_string().ends_with("the client followed it."),
                fixes.join(" ").contains("responses reach"),
            )
        };
        assert_eq!(said(""), (false, true));
        assert_eq!(said(&followed("sip:bob@pbx.corp.example", "486 Busy Here")), (true, false));
    }

    #[test]
    fn a_client_that_never_had_it_is_not_told_to_follow() {
        let root = |words: &str, ack: &str| report(&flow(words, ack)).findings[0].code;
        assert_eq!(root("repeat=0.5,1.5,3.5", ""), RULE.code);
        assert_eq!(root("repeat=0.5,1.5,3.5", "4.0 pbx > old\nACK\n\n"), "redirect-not-followed");
    }
}
