//! Calls from flows to outcomes.

use super::fixture::{call, calls, captured, joined, one};
use super::{AttemptCause, Call, Origin, Outcome, OutcomeDetail, TransactionId};

/// Hosts of the small flows below.
const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.30\nhost b 203.0.113.40\nhost c 203.0.113.41\n\n";

pub(super) fn flow(steps: &str) -> String {
    format!("{HOSTS}{steps}")
}

pub(super) fn name(call: &Call) -> &'static str {
    call.outcome.name()
}

fn statuses(call: &Call) -> Vec<u16> {
    call.attempts.iter().map(|a| call.final_status(a.transaction).map_or(0, |s| s.0)).collect()
}

pub(super) fn scenario(name: &str) -> String {
    let path = format!("{}/samples/scenarios/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Keep-alives in a scenario only show that the capture goes on.
fn counts(call: &Call) -> bool {
    call.messages.iter().all(|m| m.message.method() != Some(&crate::sip::Method::Options))
}

#[test]
fn scenarios_end_as_they_should() {
    for (file, expected) in [
        ("s01", &["answered", "busy"][..]),
        ("s03", &["redirected-unfollowed"]),
        ("s04", &["no-response"]),
        ("s05", &["answered", "rejected", "answered"]),
        ("s06a", &["answered"]),
        ("s06b", &["answered"]),
        ("s06c", &["answered"]),
        ("s08", &["unwanted-by-callee"]),
        ("s09", &["blocked-by-network"; 30]),
        ("s10", &["unwanted-by-callee", "declined", "unwanted-by-callee"]),
        ("s11a", &["blocked-by-network"]),
        ("s11b", &["blocked-by-network"]),
        ("s11c", &["declined"]),
        ("s11d", &["blocked-by-network"]),
        ("s11e", &["blocked-by-network"]),
        ("s11f", &["declined"]),
    ] {
        let outcomes: Vec<_> = calls(&scenario(file)).iter().filter(|c| counts(c)).map(name).collect();
        assert_eq!(outcomes, expected, "{file}");
    }
    for (file, expected) in
        [("s02", "rejected"), ("s07a", "identity-rejected"), ("s07b", "answered"), ("s07c", "answered")]
    {
        assert_eq!(name(&call(&scenario(file))), expected, "{file}");
    }
    let noise = calls(&scenario("s12"));
    let invites: Vec<_> = noise.iter().filter(|c| c.is_invite()).map(name).collect();
    assert_eq!(invites, ["answered"]);
}

/// An INVITE with what comes back: `STATUS PHRASE` with more header fields.
fn answered_by(more: &str) -> String {
    flow(&format!("0 a > b\nINVITE sip:bob@b.example\n{more}"))
}

#[test]
fn every_outcome_has_its_mark() {
    let final_response = |text: &str| format!("\n1.0 b > a tag=t\n{text}\n\n1.1 a > b\nACK\n");
    for (expected, text) in [
        ("answered", "200 OK"),
        ("answered", "299 Fine"),
        ("redirected-unfollowed", "302 Moved Temporarily\nContact: <sip:x@c.example>"),
        ("redirected-unfollowed", "380 Alternative Service"),
        (
            "challenge-unanswered",
            "407 Proxy Authentication Required\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"",
        ),
        ("busy", "486 Busy Here"),
        ("busy", "600 Busy Everywhere"),
        ("no-answer", "500 Server Internal Error\nReason: Q.850;cause=19"),
        ("rejected", "480 Temporarily Unavailable"),
        ("rejected", "408 Request Timeout"),
        ("declined", "603 Decline"),
        ("declined", "603 Decline\nReason: Q.850;cause=21"),
        ("blocked-by-network", "603 Network Blocked"),
        ("blocked-by-network", "608 Rejected"),
        ("unwanted-by-callee", "607 Unwanted"),
        ("blocked-by-network", "607 Unwanted\nReason: SIP;cause=607;text=\"v=analytics1;url=https://x.example\""),
        ("identity-rejected", "428 Use Identity Header"),
        ("identity-rejected", "436 Bad Identity Info"),
        ("identity-rejected", "437 Unsupported Credential"),
        ("identity-rejected", "438 Invalid Identity Header"),
        ("identity-rejected", "403 stale date"),
        ("rejected", "403 Forbidden"),
        ("rejected", "404 Not Found"),
        ("rejected", "487 Request Terminated"),
        ("rejected", "499 Odd"),
        ("rejected", "604 Does Not Exist Anywhere"),
        ("rejected", "699 Odd"),
        ("overload", "503 Service Unavailable"),
        ("server-failure", "500 Server Internal Error"),
        ("server-failure", "599 Odd"),
    ] {
        assert_eq!(name(&call(&answered_by(&final_response(text)))), expected, "{text}");
    }
}

#[test]
fn a_607_to_a_registration_is_no_word_of_a_callee() {
    for (method, expected) in [("REGISTER", "rejected"), ("MESSAGE", "unwanted-by-callee")] {
        let call = call(&flow(&format!("0 a > b\n{method} sip:b.example\n\n1.0 b > a tag=t\n607 Unwanted\n")));
        assert_eq!(name(&call), expected, "{method}");
    }
}

#[test]
fn a_redirect_that_crosses_the_cancel_ends_a_cancelled_call() {
    for (cancel, expected) in [("0.9", "cancelled"), ("1.1", "redirected-unfollowed")] {
        let text = answered_by(&format!(
            "\n0.5 b > a tag=t\n180 Ringing\n\n{cancel} a > b\nCANCEL\n\n1.0 b > a tag=t re=INVITE\n302 Moved\nContact: <sip:x@c.example>\n"
        ));
        assert_eq!(name(&call(&text)), expected, "{cancel}");
    }
}

#[test]
fn a_final_response_at_the_end_of_the_capture_counts() {
    let call = joined(&answered_by("\n1.0 b > a\n486 Busy Here\n"), 0.0);
    assert_eq!((call.outcome, call.final_response.is_some()), (Outcome::Busy, true));
}

#[test]
fn ringing_makes_an_unanswered_call() {
    for (at, status, expected) in [
        ("10.9", "480 Temporarily Unavailable", "rejected"),
        ("11.0", "480 Temporarily Unavailable", "no-answer"),
        ("20.0", "408 Request Timeout", "no-answer"),
        ("20.0", "404 Not Found", "rejected"),
    ] {
        let text = answered_by(&format!("\n1.0 b > a tag=t\n180 Ringing\n\n{at} b > a tag=t\n{status}\n"));
        assert_eq!(name(&call(&text)), expected, "{at} {status}");
    }
}

#[test]
fn a_cancelled_call_is_no_failure() {
    let cancelled = |at: f64, rest: &str| {
        answered_by(&format!(
            "\n0.1 b > a\n100 Trying\n\n1.0 b > a tag=t\n180 Ringing\n\n{at} a > b\nCANCEL\n\n+0.01 b > a re=CANCEL\n200 OK\n{rest}"
        ))
    };
    let ended = "\n+0.01 b > a re=INVITE tag=t\n487 Request Terminated\n\n+0.01 a > b\nACK\n";
    for (at, rest, until, expected, detail) in [
        (3.0, ended, 0.0, Outcome::Cancelled, None),
        (11.0, ended, 0.0, Outcome::Cancelled, Some(OutcomeDetail::Abandoned)),
        (3.0, "", 40.0, Outcome::Cancelled, None),
        (3.0, "", 10.0, Outcome::Incomplete, None),
        (3.0, "\n+0.01 b > a re=INVITE tag=t\n200 OK\n", 60.0, Outcome::Answered, None),
        (3.0, "\n+0.01 b > a re=INVITE tag=t\n486 Busy Here\n", 60.0, Outcome::Busy, None),
        (200.0, "", 60.0, Outcome::Stalled, None),
    ] {
        let call = joined(&cancelled(at, rest), until);
        assert_eq!((call.outcome, call.outcome_detail), (expected, detail), "{at} {rest} {until}");
    }
}

#[test]
fn silence_needs_time() {
    let sent = "repeat=0.5,1.5,3.5,7.5,15.5,31.5";
    let invite = |words: &str, rest: &str| flow(&format!("0 a > b {words}\nINVITE sip:bob@b.example\n{rest}"));
    let trying = "\n0.1 b > a\n100 Trying\n";
    for (words, rest, until, expected) in [
        (sent, "", 0.0, "no-response"),
        ("repeat=0.5,1.5", "", 0.0, "incomplete"),
        ("repeat=0.5,1.5", "", 31.0, "no-response"),
        ("", "", 2.0, "incomplete"),
        ("", trying, 60.0, "incomplete"),
        ("", trying, 179.0, "incomplete"),
        ("", trying, 181.0, "stalled"),
        // Acknowledged, so there was a response that the capture does not show.
        ("", "\n0.5 a > b branch=q1 to-tag=x\nACK\n", 60.0, "incomplete"),
        ("", "\n9.0 a > b to-tag=x\nBYE\n", 60.0, "incomplete"),
        // The client gave up by timer B, and said so.
        (sent, "\n32.0 a > b\nCANCEL\n", 60.0, "no-response"),
        ("repeat=0.5,1.5", "\n3.0 a > b\nCANCEL\n", 60.0, "cancelled"),
    ] {
        assert_eq!(name(&joined(&invite(words, rest), until)), expected, "{words} {rest} {until}");
    }
}

#[test]
fn a_capture_that_begins_inside_a_call_is_incomplete() {
    for text in [
        "0 a > b from-tag=x to-tag=y\nBYE sip:bob@b.example\n\n0.1 b > a\n200 OK\n",
        "0 a > b from-tag=x to-tag=y\nINVITE sip:bob@b.example\n\n0.1 b > a\n488 Not Acceptable Here\n\n0.2 a > b\nACK\n",
        "0 a > b from-tag=x to-tag=y\nBYE sip:bob@b.example\n\n0.1 b > a\n481 Gone\n",
    ] {
        let call = call(&flow(text));
        assert_eq!((call.outcome, call.attempts.len(), call.final_response), (Outcome::Incomplete, 0, None), "{text}");
    }
}

#[test]
fn the_refresh_of_a_subscription_stands_for_itself() {
    for (text, expected) in [
        ("0 a > b from-tag=x to-tag=y\nSUBSCRIBE sip:bob@b.example\n\n0.1 b > a\n200 OK\n", Outcome::Answered),
        ("0 a > b from-tag=x to-tag=y\nSUBSCRIBE sip:bob@b.example\n\n0.1 b > a\n489 Bad Event\n", Outcome::Rejected),
        ("0 a > b from-tag=x to-tag=y\nNOTIFY sip:bob@b.example\n\n0.1 b > a\n200 OK\n", Outcome::Answered),
        (
            "0 a > b from-tag=x to-tag=y\nNOTIFY sip:bob@b.example\n\n0.1 b > a\n200 OK\n\n1 a > b\nBYE\n",
            Outcome::Incomplete,
        ),
    ] {
        assert_eq!(call(&flow(text)).outcome, expected, "{text}");
    }
}

#[test]
fn a_clock_that_is_set_back_proves_no_silence() {
    let text = flow("100 a > b\nINVITE sip:bob@b.example\n\n100.1 b > a\n100 Trying\n");
    assert_eq!(joined(&text, 600.0).outcome, Outcome::Stalled);
    let mut messages = captured(&text);
    messages[1].provenance.time = crate::provenance::Timestamp(messages[0].provenance.time.0 - 50_000_000_000);
    let end = messages[0].provenance.time.plus(std::time::Duration::from_mins(10));
    let legs = vec![super::Leg { call_id: messages[0].message.call_id().map(<[u8]>::to_vec) }];
    assert_eq!(one(legs, messages, end).outcome, Outcome::Incomplete);
}

#[test]
fn a_2xx_that_is_never_acknowledged_is_told() {
    let text = |words: &str, rest: &str| answered_by(&format!("\n1.0 b > a tag=t {words}\n200 OK\n{rest}"));
    let repeated = "repeat=0.5,1.5,3.5";
    let all = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
    for (words, rest, until, expected) in [
        (all, "", 60.0, Some(OutcomeDetail::AnsweredNoAck)),
        (repeated, "\n6.0 a > b\nBYE\n", 60.0, Some(OutcomeDetail::AnsweredNoAck)),
        (repeated, "\n6.0 b > a\nBYE\n", 60.0, Some(OutcomeDetail::AnsweredNoAck)),
        (repeated, "", 5.0, None),
        (repeated, "\n5.0 a > b\nACK\n", 60.0, None),
        (all, "\n5.0 a > b\nACK\n", 60.0, None),
        // The callee was content: the ACK took another way.
        (repeated, "", 60.0, None),
        (repeated, "\n30.0 a > b\nBYE\n", 60.0, None),
        ("repeat=0.5", "", 60.0, None),
        ("", "", 60.0, None),
    ] {
        let call = joined(&text(words, rest), until);
        assert_eq!((call.outcome, call.outcome_detail), (Outcome::Answered, expected), "{words} {rest} {until}");
    }
}

#[test]
fn failures_inside_the_dialog_do_not_decide() {
    let text = answered_by(
        "\n1.0 b > a tag=t\n200 OK\n\n1.1 a > b\nACK\n\n5.0 a > b to-tag=t\nINVITE sip:bob@b.example\n\n5.1 b > a tag=t\n488 Not Acceptable Here\n\n\
         5.2 a > b\nACK\n\n9.0 a > b\nBYE\n\n9.1 b > a\n481 Call/Transaction Does Not Exist\n",
    );
    let call = call(&text);
    assert_eq!((name(&call), call.attempts.len()), ("answered", 1));
    assert_eq!(call.talk_time(), Some(std::time::Duration::from_secs(8)));
}

#[test]
fn challenges_and_corrections_are_steps() {
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    let credentials = "Proxy-Authorization: Digest realm=\"r\", nonce=\"n\", response=\"0\"";
    let invite = "INVITE sip:bob@b.example";
    let two = |first: &str, second: &str, last: &str| {
        flow(&format!(
            "0 a > b\n{invite}\n\n0.1 b > a tag=t\n{first}\n\n0.11 a > b\nACK\n\n0.2 a > b\n{invite}\n{second}\n\n0.3 b > a tag=u\n{last}\n"
        ))
    };
    let proxy = format!("407 Proxy Authentication Required\n{challenge}");
    for (text, cause, expected) in [
        (two(&proxy, credentials, "200 OK"), "challenge", "answered"),
        (two(&proxy, credentials, &proxy), "challenge", "auth-failed"),
        (
            two(&proxy, credentials, "401 Unauthorized\nWWW-Authenticate: Digest realm=\"q\", nonce=\"m\""),
            "challenge",
            "challenge-unanswered",
        ),
        (two(&proxy, credentials, &proxy.replace("\"r\"", "\"other\"")), "challenge", "challenge-unanswered"),
        (two(&proxy, "Subject: no credentials", "407 Proxy Authentication Required"), "again", "challenge-unanswered"),
        (
            two("422 Session Interval Too Small\nMin-SE: 90", "Session-Expires: 90", "486 Busy Here"),
            "corrected",
            "busy",
        ),
        (two("503 Service Unavailable", "", "200 OK"), "again", "answered"),
        (two("486 Busy Here", "", "404 Not Found"), "again", "rejected"),
    ] {
        let call = call(&text);
        let found = match call.attempts[1].because {
            AttemptCause::Challenge(_) => "challenge",
            AttemptCause::Corrected(_) => "corrected",
            AttemptCause::Again(_) => "again",
            _ => "another",
        };
        assert_eq!((found, name(&call), call.attempts.len()), (cause, expected, 2), "{text}");
    }
}

#[test]
fn of_two_final_responses_the_acknowledged_one_decides() {
    let both = |first: &str, second: &str, acked: &str| {
        answered_by(&format!(
            "\n1.0 b > a tag=x\n{first}\n\n1.2 b > a tag=y\n{second}\n\n1.3 a > b to-tag={acked}\nACK\n"
        ))
    };
    for (first, second, acked, expected) in [
        ("600 Busy Everywhere", "500 Server Internal Error", "x", "busy"),
        ("600 Busy Everywhere", "500 Server Internal Error", "y", "server-failure"),
        ("299 Fine", "486 Busy Here", "x", "answered"),
        ("486 Busy Here", "404 Not Found", "z", "busy"),
        ("486 Busy Here", "200 OK", "z", "answered"),
    ] {
        let call = call(&both(first, second, acked));
        assert_eq!((name(&call), call.transactions[0].finals.len()), (expected, 2), "{first} {second} {acked}");
    }
}

#[test]
fn other_requests_end_by_the_same_table() {
    for (text, expected) in [
        ("0 a > b\nOPTIONS sip:b.example\n\n0.1 b > a\n200 OK\n", "answered"),
        ("0 a > b repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5\nOPTIONS sip:b.example\n", "no-response"),
        (
            "0 a > b\nREGISTER sip:b.example\n\n0.1 b > a\n401 Unauthorized\n\n0.2 a > b cseq=2\nREGISTER sip:b.example\n\
          Authorization: Digest realm=\"r\"\n\n0.3 b > a\n200 OK\n",
            "answered",
        ),
        (
            "0 a > b\nREGISTER sip:b.example\n\n0.1 b > a\n200 OK\n\n60 a > b cseq=2\nREGISTER sip:b.example\n\n60.1 b > a\n403 Forbidden\n",
            "rejected",
        ),
        ("0 a > b\nMESSAGE sip:bob@b.example\n\n0.1 b > a\n607 Unwanted\n", "unwanted-by-callee"),
        (
            "0 a > b\nSUBSCRIBE sip:bob@b.example\n\n0.1 b > a tag=t\n200 OK\n\n0.2 b > a from-tag=t to-tag=x\nNOTIFY sip:a@192.0.2.10\n\n0.3 a > b\n481 Gone\n",
            "answered",
        ),
    ] {
        let call = call(&flow(text));
        assert_eq!((name(&call), call.is_invite()), (expected, false), "{text}");
    }
}

/// A proxy forks; the caller's hop is captured or not.
fn forked(with_caller: bool, one: &str, two: &str, up: &str) -> String {
    let above = if with_caller { "0 a > p branch=up\nINVITE sip:bob@p.example\n\n" } else { "" };
    let via = if with_caller {
        "Via: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bK{n}\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup\n"
    } else {
        ""
    };
    let branch = |n: &str, to: &str, uri: &str| {
        format!(
            "0.01 p > {to} branch={n} cseq=1 from-tag=f\nINVITE {uri}\nMax-Forwards: 69\n{}\n",
            via.replace("{n}", n)
        )
    };
    let answer = |at: &str, from: &str, tag: &str, status: &str| format!("{at} {from} > p tag={tag}\n{status}\n\n");
    let end = if with_caller { format!("0.3 p > a tag=u re=INVITE\n{up}\n") } else { String::new() };
    flow(&format!(
        "{above}{}{}{}{}{end}",
        branch("f1", "b", "sip:bob@203.0.113.40"),
        branch("f2", "c", "sip:bob@203.0.113.41"),
        answer("0.1", "b", "b1", one),
        answer("0.2", "c", "c1", two),
    ))
}

#[test]
fn a_fork_is_one_attempt_of_the_caller() {
    let call = call(&forked(true, "603 Decline", "487 Request Terminated", "603 Decline"));
    assert_eq!((name(&call), call.attempts.len()), ("declined", 1));
}

#[test]
fn a_fork_seen_only_behind_the_proxy_ends_by_its_best_branch() {
    for (one, two, expected) in [
        ("603 Decline", "487 Request Terminated", "declined"),
        ("487 Request Terminated", "600 Busy Everywhere", "busy"),
        ("486 Busy Here", "200 OK", "answered"),
        ("503 Service Unavailable", "404 Not Found", "rejected"),
        ("404 Not Found", "302 Moved Temporarily", "redirected-unfollowed"),
    ] {
        let call = call(&forked(false, one, two, ""));
        assert_eq!((name(&call), call.attempts.len()), (expected, 2), "{one} {two}");
        assert_eq!(call.attempts[1].because, AttemptCause::Fork(call.attempts[0].transaction));
    }
}

#[test]
fn a_request_that_comes_back_to_its_sender_is_no_attempt() {
    // A B2BUA that keeps the Call-ID answers through the PBX that asked it.
    let text = flow(
        "0 a > p branch=one\nINVITE sip:bob@p.example\n\n0.1 a > b branch=two cseq=1\nINVITE sip:bob@b.example\nMax-Forwards: 60\n\n\
         1 b > a\n404 Not Found\n\n1.1 p > a\n480 Temporarily Unavailable\n",
    );
    let call = call(&text);
    assert_eq!((statuses(&call), name(&call)), (vec![480], "rejected"));
}

#[test]
fn a_request_after_a_failure_that_keeps_its_tag_is_another_attempt() {
    let text = answered_by(
        "\n0.1 b > a tag=t\n302 Moved Temporarily\nContact: <sip:bob@c.example>\n\n0.11 a > b\nACK\n\n0.2 a > c to-tag=t\nINVITE sip:bob@c.example\n\n\
         0.3 c > a tag=t\n481 Call/Transaction Does Not Exist\n",
    );
    let call = call(&text);
    assert_eq!((statuses(&call), name(&call)), (vec![302, 481], "rejected"));
    assert!(call.redirects[0].follows.is_empty(), "a follow-up has no To tag");
}

#[test]
fn times_are_those_of_the_caller() {
    let millis = |n| Some(std::time::Duration::from_millis(n));
    let all = calls(&scenario("s01"));
    assert_eq!((all[0].setup_delay(), all[0].talk_time()), (millis(1220), millis(60_010)));
    assert_eq!((all[1].setup_delay(), all[1].talk_time()), (millis(1000), None));
    let sbc = call(&scenario("s02"));
    let server = sbc.transaction(sbc.attempts[0].transaction).unwrap().server;
    assert_eq!(sbc.software_of(server).as_deref(), Some("ExampleSBC/9.3"));
}

/// A proxy that tried two targets one after the other, and its answer; the status of the response that it stems from.
fn origin(first: &str, second: &str, answer: &str) -> Option<u16> {
    let call = call(&format!(
        "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\nhost c 203.0.113.61\n\n\
         0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward branch=one\nINVITE sip:bob@203.0.113.60\n\n\
         1.0 b > p tag=b1\n{first}\n\n1.1 p > c forward branch=two\nINVITE sip:bob@203.0.113.61\n\n\
         2.0 c > p tag=c1\n{second}\n\n2.1 p > a\n{answer}\n"
    ));
    match call.origin_of_failure(TransactionId(0))? {
        Origin::Response(_, message) => call.message(message)?.message.status().map(|s| s.0),
        Origin::Silence(_) => None,
    }
}

#[test]
fn an_answer_stems_from_the_branch_with_its_status_or_else_from_the_last() {
    for (first, second, answer, expected) in [
        ("486 Busy Here", "503 Service Unavailable", "486 Busy Here", 486),
        ("486 Busy Here", "503 Service Unavailable", "500 Server Error", 503),
        ("503 Service Unavailable", "486 Busy Here", "500 Server Error", 503),
        ("404 Not Found", "486 Busy Here", "480 Temporarily Unavailable", 486),
    ] {
        assert_eq!(origin(first, second, answer), Some(expected), "{first}, {second}: {answer}");
    }
}

#[test]
fn a_cancelled_call_that_began_before_the_capture_is_cancelled() {
    let call = call(&flow(
        "0.0 a > b branch=i\nCANCEL sip:bob@b.example\nCSeq: 1 CANCEL\n\n0.01 b > a\n200 OK\n\n\
         0.02 b > a raw\nSIP/2.0 487 Request Terminated\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKi\n\
         From: <sip:alice@192.0.2.10>;tag=1\nTo: <sip:bob@b.example>;tag=x\nCall-ID: 1@192.0.2.10\nCSeq: 1 INVITE\n\
         Content-Length: 0\n.\n",
    ));
    assert_eq!((call.messages.len(), name(&call)), (3, "cancelled"));
}
