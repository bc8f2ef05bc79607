//! Failures that came from further on, or that an element on the way made of another.

use super::*;
use crate::diagnosis::Severity;

#[test]
fn a_607_that_became_an_ordinary_end_is_told_once() {
    let of = |inner: &str, outer: &str| {
        flow(&format!(
            "0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.60\n\n1 b > p tag=t\n180 Ringing\n\n\
             5 b > p tag=t re=INVITE\n{inner}\n\n5.1 p > a tag=t re=INVITE\n{outer}\n\n5.2 a > p\nACK\n"
        ))
    };
    let told = |report: &CallReport| {
        let of = |code| report.findings.iter().filter(|f| f.code == code).count();
        (of("failed-response"), of("unwanted-origin"))
    };
    for outer in ["603 Decline", "600 Busy Everywhere", "486 Busy Here"] {
        assert_eq!(told(&of("607 Unwanted", outer)), (0, 1), "{outer}");
        assert_eq!(told(&of(outer, outer)), (1, 0), "{outer}");
    }
}

#[test]
fn whoever_hid_a_redirect_is_the_client_that_was_redirected() {
    let of = |outer: &str| {
        let found = diagnose(&format!(
            "{HOSTS}0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
             0.2 b > p tag=t\n301 Moved Permanently\nContact: <sip:bob@q.example>\n\n0.21 p > b\nACK\n\n\
             4.2 p > a tag=t re=INVITE\n{outer}\n\n4.3 a > p\nACK\n"
        ));
        let finding = found.calls[0].findings.iter().find(|f| f.code == "failed-response").unwrap();
        finding.actor.as_ref().unwrap().address.unwrap().to_string()
    };
    let (hidden, passed_on) = (of("480 Gone"), of("301 Moved Permanently\nContact: <sip:bob@q.example>"));
    assert_eq!((hidden.as_str(), passed_on.as_str()), ("198.51.100.5:5060", "192.0.2.10:5060"));
}

#[test]
fn a_block_by_a_network_that_became_another_failure_is_no_smaller() {
    for (status, expected) in
        [("603 Network Blocked", "failed-response error"), ("603 Decline", "failed-response warning")]
    {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:+12155550113@p.example\n\n0.01 p > b forward\nINVITE sip:+12155550113@203.0.113.60\n\n\
             0.1 b > p tag=t\n{status}\n\n0.11 p > b\nACK\n\n0.12 p > a re=INVITE\n503 Service Unavailable\n\n0.13 a > p\nACK\n"
        ));
        assert!(codes(&report).iter().any(|code| code == expected), "{status}: {:?}", codes(&report));
    }
}

#[test]
fn a_607_that_the_response_speaks_of_is_named() {
    for (response, said) in [
        ("600 Busy Everywhere\nReason: SIP;cause=607;text=\"Unwanted\"", true),
        ("600 Busy Everywhere\nReason: SIP;cause=600", false),
        ("600 Busy Everywhere\nReason: Preemption;cause=607", false),
    ] {
        let message = only(&invite(response, true)).message.to_string();
        assert_eq!(message.ends_with("The response itself gives the reason 607 Unwanted."), said, "{message}");
    }
}

/// A proxy in the middle, which turns `behind` into `received`.
fn relayed(behind: &str, received: &str) -> CallReport {
    flow(&format!(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a\n100 Trying\n\n0.02 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
         0.5 b > p tag=b1\n{behind}\n\n0.51 p > b\nACK\n\n0.52 p > a {received}\n\n0.53 a > p\nACK\n"
    ))
}

#[test]
fn the_deepest_response_is_explained() {
    let same = relayed("404 Not Found", "forward\n404 Not Found");
    let message = only(&same).message.to_string();
    assert!(
        message
            .starts_with("203.0.113.60:5060 answered INVITE with 404 Not Found, and 198.51.100.5:5060 passed it on."),
        "{message}"
    );
    let turned = relayed("404 Not Found", "tag=p1\n500 Server Internal Error");
    let finding = only(&turned);
    let message = finding.message.to_string();
    assert!(
        message.starts_with(
            "203.0.113.60:5060 answered INVITE with 404 Not Found, which 198.51.100.5:5060 turned into 500 Server Internal Error for the caller."
        ),
        "{message}"
    );
    assert_eq!((turned.call.outcome, turned.root_cause), (Outcome::ServerFailure, Some("failed-response")));
    assert_eq!(what(finding)[..2], ["404 response", "what the caller received"]);
}

#[test]
fn a_branch_without_answer_is_named_and_silence_is_claimed_only_with_proof() {
    for (repeat, expected) in [
        (" repeat=0.5,1.5", "the request went on to 203.0.113.60:5060, which did not answer."),
        ("", "The request went on to 203.0.113.60:5060; what came back from there is not in this capture."),
    ] {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a\n100 Trying\n\n\
             0.02 p > b forward{repeat}\nINVITE sip:bob@203.0.113.60\n\n2.0 p > a tag=p1\n480 Temporarily Unavailable\n\n2.1 a > p\nACK\n",
        ));
        let message = only(&report).message.to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_branch_that_rang_beside_the_silent_one_is_named_as_well() {
    let said = |repeat: &str, progress: &str| {
        let report = flow(&format!(
            "host c 203.0.113.61\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a\n100 Trying\n\n\
             0.02 p > b branch=f1 forward{repeat}\nINVITE sip:bob@203.0.113.60\n\n0.02 p > c branch=f2 forward\nINVITE sip:bob@203.0.113.61\n\n\
             0.3 c > p tag=c1\n{progress}\n\n0.31 p > a tag=c1\n180 Ringing\n\n20 p > c branch=f2\nCANCEL\n\n20.01 c > p re=CANCEL\n200 OK\n\n\
             20.02 c > p re=INVITE tag=c1\n487 Request Terminated\n\n20.03 p > c branch=f2\nACK\n\n20.1 p > a tag=own re=INVITE\n408 Request Timeout\n\n\
             20.2 a > p\nACK\n",
        ));
        only(&report).message.to_string()
    };
    let rang = "went on to 203.0.113.61:5060, which rang, and to 203.0.113.60:5060, which did not answer.";
    let unseen = "went on to 203.0.113.61:5060, which rang, and to 203.0.113.60:5060; what came back from there is not";
    let text = said(" repeat=0.5,1.5", "180 Ringing");
    assert!(text.contains(rang), "{text}");
    let text = said("", "180 Ringing");
    assert!(text.contains(unseen), "{text}");
    let text = said(" repeat=0.5,1.5", "183 Session Progress");
    assert!(!text.contains("which rang"), "{text}");
}

#[test]
fn a_decline_that_became_another_failure_has_no_words_of_blocks() {
    let of = |inner: &str| {
        let report = flow(&format!(
            "0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.60\n\n1 b > p tag=t\n180 Ringing\n\n\
             5 b > p tag=t re=INVITE\n{inner}\n\n5.1 p > a tag=t re=INVITE\n480 Temporarily Unavailable\n\n5.2 a > p\nACK\n"
        ));
        let finding = only_failed(&report);
        let advice = finding.remediation.iter().chain(&finding.verification).map(ToString::to_string);
        [finding.message.to_string()].into_iter().chain(advice).collect::<Vec<_>>().join(" ")
    };
    let text = of("603 Decline");
    assert!(text.contains("does not want to take the call now") && !text.contains("603+"), "{text}");
    // Near miss: a block has them.
    let text = of("603 Network Blocked");
    assert!(text.contains("marks of 603+") && text.contains("redress"), "{text}");
}

#[test]
fn where_nobody_picked_up_a_silent_branch_needs_no_repair() {
    let report = report(&format!(
        "host c 203.0.113.61\n{HOSTS}0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward repeat=0.5,1.5,3.5\nINVITE sip:bob@203.0.113.60\n\n\
         0.1 p > c forward\nINVITE sip:bob@203.0.113.61\n\n1 c > p tag=c\n180 Ringing\n\n1.1 p > a forward\n180 Ringing\n\n\
         20 p > a re=INVITE\n408 Request Timeout\n\n20.1 a > p\nACK\n"
    ));
    let finding = only_failed(&report);
    assert_eq!((report.call.outcome, finding.severity), (Outcome::NoAnswer, Severity::Info));
    assert!(finding.remediation.is_empty() && finding.actor.is_none(), "{:?}", finding.remediation);
}
