//! A failure response to INVITE that its server had to send again and again.

use super::{response_from_other_address, rport_missing};
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::repeated::{Repeated, once_a_response, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::StatusCode;

pub(super) static RULE: Rule = Rule {
    code: "failure-not-acknowledged",
    summary: "A 4xx, 5xx or 6xx response to INVITE that was sent again and again because no ACK of it came.",
    severity: Severity::Warning,
    references: &["RFC 3261 §17.2.1", "RFC 3261 §17.1.1.3", "RFC 3261 §18.2.2"],
    explanation: Explanation {
        what_it_means: "Whoever gets a failure response to INVITE must acknowledge it to the hop that sent it, with an ACK \
            on the branch of the INVITE. Over UDP the server repeats the response until that ACK comes: 0.5, 1.5, 3.5, 7.5, \
            11.5 … seconds after the first, for 32 seconds (64 times T1). Here none came.",
        why_it_matters: "As a rule the response did not reach the client: then it knows nothing of the failure, waits \
            until its own timer runs out, and does not try the next target. A client that never acknowledges costs the \
            server eleven messages and half a minute of memory for each call.",
        likely_causes: "- The response goes to the address in Via, which NAT or a firewall does not let through (no \
            `rport`), or to the wrong port.\n\
            - The client is gone: restarted, or its connection changed.\n\
            - The ACK carries another branch than the INVITE, so that the server does not recognise it, or goes elsewhere.\n\
            - A scanner sent the INVITE, and does not care for answers.",
        how_to_fix: "- Compare Via of the INVITE with where it came from: with a difference, use `rport` at the client, and \
            let the server answer to where the request came from.\n\
            - Capture at the client: whether the response arrives, and whether an ACK leaves.\n\
            - Check that the ACK has the branch and Request-URI of the INVITE.",
        how_to_confirm: "Call again: one final response, and its ACK within a round trip.",
        when_this_is_wrong: "- The ACK came late, or was lost once: the repetition stops before its timer, and the rule is \
            silent.\n\
            - The capture ends inside, or shows one direction only: then the finding is a notice, and says so.\n\
            - The same datagram was captured twice: that is a duplicate, which sipscan tells by its IP identification and \
            distance in time.\n\
            - Redirects have a diagnosis of their own.",
    },
    detect: Detect::Given(Facts::IN_VAIN, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let all = once_a_response(Repeated::all(call, |response| is_failure(response.status)));
    let is_told = |r: &Repeated<'_>| response_from_other_address::tells(r, cx) || rport_missing::tells_of(r, cx);
    let all = all.iter().filter(|repeated| !is_told(repeated));
    out.extend(all.filter_map(|repeated| finding(repeated, cx)));
}

fn is_failure(status: StatusCode) -> bool {
    (400..700).contains(&status.0)
}

fn finding(repeated: &Repeated<'_>, cx: &Context<'_>) -> Option<Finding> {
    let is_over = repeated.to_the_end(cx);
    // It stopped in time: the ACK came by a way that the capture does not show.
    if !is_over && cx.now >= repeated.next_due(cx) {
        return None;
    }
    let doubt = repeated.doubt(cx, cx.settings.t1 * 64);
    if !is_over && (doubt.is_none() || repeated.is_answered_astray()) {
        return None;
    }
    let request = repeated.transaction.request.and_then(|id| repeated.call.message(id));
    let (severity, certainty) = match doubt {
        Some(_) => (Severity::Notice, Certainty::Weak),
        None => (Severity::Warning, Certainty::Strong),
    };
    let stray = repeated.stray_ack(cx);
    let finding = Finding::new(
        &RULE,
        certainty,
        message(repeated, doubt, stray),
        Evidence::of(repeated.first, "the first final response"),
    )
    .severity(severity)
    .evidence(repeated.quoted_copies())
    .evidence(stray.map(|m| Evidence::of(m, "an ACK that does not match")))
    .evidence(request.map(|m| Evidence::of(m, "the request")))
    .actor(actor(repeated, request))
    .fix("Check that responses reach the client: Via of the INVITE against its source, `rport`, firewalls on the way.")
    .fix("Check that the ACK carries the branch and Request-URI of the INVITE and reaches the server.")
    .verify("Call again: one final response, and its ACK within a round trip.");
    Some(finding)
}

fn message(repeated: &Repeated<'_>, doubt: Option<Text>, stray: Option<&CapturedMessage>) -> Text {
    let template = match (&doubt, stray) {
        (Some(_), _) => {
            "{server} sent its {status} to INVITE {count} times in {took}, and no ACK is visible. Whether one came is \
             unknown: {doubt}."
        }
        (None, Some(_)) => {
            "{server} sent its {status} to INVITE {count} times in {took}, to the end of its timer, in spite of an ACK from \
             {client}."
        }
        (None, None) => {
            "{server} sent its {status} to INVITE {count} times in {took}, to the end of its timer, and got no ACK from \
             {client}."
        }
    };
    let text = match doubt {
        Some(doubt) => Text::new(template).with("doubt", doubt),
        None => Text::new(template).with("client", repeated.transaction.client),
    };
    let unseen = || {
        let unseen = repeated.transaction.request.is_none();
        unseen.then(|| Text::new("The INVITE itself is not in this capture."))
    };
    with_reason(repeated.fill(text), stray.map(|ack| repeated.mismatch_text(ack)).or_else(unseen))
}

fn actor(repeated: &Repeated<'_>, request: Option<&CapturedMessage>) -> Actor {
    let role = "operator of the network in front of the server, and of the client";
    request.map_or_else(|| Actor::at(repeated.transaction.client, role), |request| Actor::sender(request, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::{codes, report};
    use crate::diagnosis::testing::{check, only};

    const HOSTS: &str = "host alice 192.0.2.10\nhost proxy 198.51.100.5\n\n";
    const INVITE: &str = "0.0 alice > proxy\nINVITE sip:bob@example.net\n\n";
    const ASTRAY: &str = "ACK\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq9";
    const LATER: &str = "90.0 alice > proxy call=ping\nOPTIONS sip:b\n\n+0.1 proxy > alice call=ping\n200 OK\n\n";
    const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";

    fn flow(words: &str, status: &str, rest: &str) -> String {
        format!("{HOSTS}{INVITE}2.0 proxy > alice tag=p1 {words}\n{status}\n\n{rest}{LATER}")
    }

    #[test]
    fn a_failure_without_ack_is_found_and_what_looks_alike_is_not() {
        let ack = |at: &str| format!("{at} alice > proxy\nACK\n\n");
        let other = |at: &str| ack(at).replace("ACK", ASTRAY);
        let cut = flow("repeat=0.5,1.5,3.5", "486 Busy Here", "").replace(LATER, "");
        check(
            RULE.code,
            &[
                ("to the end of its timer", &flow(ALL, "486 Busy Here", ""), Some(Severity::Warning)),
                ("5xx as well", &flow(ALL, "503 Service Unavailable", ""), Some(Severity::Warning)),
                ("6xx as well", &flow(ALL, "607 Unwanted", ""), Some(Severity::Warning)),
                ("the capture ends", &cut, Some(Severity::Notice)),
                ("a late ACK", &flow("repeat=0.5,1.5,3.5", "486 Busy Here", &ack("5.6")), None),
                ("it stopped in time", &flow("repeat=0.5,1.5,3.5", "486 Busy Here", ""), None),
                ("an ACK that did not help", &flow(ALL, "486 Busy Here", &ack("2.1")), None),
                ("an ACK on another branch", &flow(ALL, "486 Busy Here", &other("2.1")), Some(Severity::Warning)),
                (
                    "one on another branch, and silence",
                    &flow("repeat=0.5,1.5,3.5", "486 Busy Here", &other("5.6")),
                    None,
                ),
                ("one on another branch, and the capture ends", &(cut.clone() + "\n\n" + &other("2.1")), None),
                ("sent once", &flow("", "486 Busy Here", ""), None),
                ("captured twice", &flow("dup=0.0002", "486 Busy Here", ""), None),
                ("redirects are for another rule", &flow(ALL, "302 Moved", ""), None),
            ],
        );
    }

    #[test]
    fn the_sentence_names_both_and_an_ack_that_does_not_match() {
        let said = |rest: &str| only(&flow(ALL, "486 Busy Here", rest), RULE.code).message.to_string();
        assert_eq!(
            said(""),
            "198.51.100.5:5060 sent its 486 to INVITE 11 times in 31.5 s, to the end of its timer, and got no ACK from \
             192.0.2.10:5060."
        );
        let stray = said("2.1 alice > proxy to-tag=other\nACK\n\n");
        assert!(stray.ends_with("An ACK came that does not match: its To tag is other, not p1."), "{stray}");
        let branch = said(&format!("2.1 alice > proxy\n{ASTRAY}\n\n"));
        assert!(
            branch.contains("in spite of an ACK from 192.0.2.10:5060. An ACK came that does not match: its branch is"),
            "{branch}"
        );
        let unseen = only(
            &flow(ALL, "486 Busy Here", "").replace(INVITE, "").replace("tag=p1", "tag=p1 re=INVITE cseq=1"),
            RULE.code,
        );
        assert!(
            unseen.message.to_string().ends_with("The INVITE itself is not in this capture."),
            "{}",
            unseen.message
        );
    }

    #[test]
    fn a_challenge_that_does_not_arrive_is_why_nobody_answers_it() {
        let challenge = "401 Unauthorized\nWWW-Authenticate: Digest realm=\"example.net\", nonce=\"n1\"";
        let lost = report(&flow(ALL, challenge, ""));
        assert_eq!(lost.root_cause, Some(RULE.code), "{:?}", codes(&lost));
        let seen = report(&flow("", challenge, "2.1 alice > proxy\nACK\n\n"));
        assert_eq!(seen.root_cause, Some("credentials-withheld"));
    }
}
