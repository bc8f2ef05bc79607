use crate::call::Outcome;
use crate::diagnosis::reports::{codes, report, reports};
use crate::diagnosis::testing::diagnose;
use crate::diagnosis::{CallReport, Finding, Severity};

mod dialog;
mod hops;

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";

fn flow(steps: &str) -> CallReport {
    report(&format!("{HOSTS}{steps}"))
}

fn only(report: &CallReport) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:?}", codes(report));
    &report.findings[0]
}

fn only_failed(report: &CallReport) -> &Finding {
    report.findings.iter().find(|f| f.code == "failed-response").expect("a failed response")
}

fn what(finding: &Finding) -> Vec<String> {
    finding.evidence.iter().map(|e| e.what.to_string()).collect()
}

/// An INVITE with one final response, after ringing if `rang`.
fn invite(response: &str, rang: bool) -> CallReport {
    let ringing = if rang { "1.0 p > a tag=t\n180 Ringing\n\n" } else { "" };
    flow(&format!("0.0 a > p\nINVITE sip:bob@p.example\n\n{ringing}12.5 p > a tag=t\n{response}\n\n12.6 a > p\nACK\n"))
}

#[test]
fn severity_and_outcome_follow_from_the_response() {
    for (response, rang, outcome, expected) in [
        ("404 Not Found", false, Outcome::Rejected, "failed-response error"),
        ("410 Gone", false, Outcome::Rejected, "failed-response warning"),
        ("480 Temporarily Unavailable", false, Outcome::Rejected, "failed-response warning"),
        ("480 Temporarily Unavailable", true, Outcome::NoAnswer, "failed-response info"),
        ("486 Busy Here", true, Outcome::Busy, "failed-response info"),
        ("603 Decline", true, Outcome::Declined, "failed-response info"),
        ("503 Service Unavailable", false, Outcome::Overload, "failed-response error"),
        ("500 Oops", false, Outcome::ServerFailure, "failed-response error"),
        ("603 Network Blocked", false, Outcome::BlockedByNetwork, "failed-response error"),
        ("699 Odd", false, Outcome::Rejected, "failed-response warning"),
    ] {
        let report = invite(response, rang);
        let own: Vec<_> = codes(&report).into_iter().filter(|c| c.starts_with("failed-response")).collect();
        assert_eq!((report.call.outcome, own), (outcome, vec![expected.to_owned()]), "{response}");
        let root = outcome.is_failure().then_some("failed-response");
        assert_eq!(report.root_cause, root, "{response}");
    }
}

#[test]
fn a_time_is_told_where_the_request_is_there() {
    let [alone, whole] = ["", "0.0 a > p\nREGISTER sip:p.example\n\n"].map(|request| {
        let report = flow(&format!("{request}1.0 p > a\n504 Server Timeout\nCSeq: 1 REGISTER\n"));
        let found = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        found.remediation.iter().any(|fix| fix.to_string().contains("equals its timeout"))
    });
    assert_eq!((alone, whole), (false, true));
}

#[test]
fn the_phrase_is_quoted_where_it_is_not_the_usual_one() {
    for (response, expected) in [
        ("404 Not Found", "198.51.100.5:5060 answered INVITE with 404 Not Found. The server"),
        ("404 No such number", "answered INVITE with 404 \"No such number\" (Not Found)."),
        ("404", "answered INVITE with 404 (Not Found)."),
        (
            "499 Private",
            "answered INVITE with 499 Private. The code is not registered; clients treat it as 400 Bad Request. What it means here only its \
             sender knows.",
        ),
        ("699 Odd", "treat it as 600 Busy Everywhere. What it means here only its sender knows."),
    ] {
        let message = only(&invite(response, false)).message.to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_redirect_at_the_end_of_the_capture_is_left_open() {
    let found = diagnose(&format!(
        "{HOSTS}0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n301 Moved\nContact: <sip:bob@q.example>\n\n0.6 a > p\nACK\n"
    ));
    let finding = found.calls[0].findings.iter().find(|f| f.code == "failed-response").unwrap();
    let message = finding.message.to_string();
    let end = "The capture ends 100 ms later: whether anybody called the address in Contact is not in it.";
    assert!(message.ends_with(end), "{message}");
    let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
    for absent in ["No Contact, or one", "that points back", "was called and failed", "If the call is signed"] {
        assert!(advice.iter().all(|fix| !fix.contains(absent)), "{advice:#?}");
    }
}

#[test]
fn what_a_301_means_is_told_by_its_contact() {
    let said = |contact: &str| {
        let text = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:+12155550100@p.example\n\n0.01 p > a\n301 Moved Permanently\n\
             Contact: <{contact}>\n\n0.02 a > p\nACK\n\n90.0 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        let found = report(&text).findings;
        found.iter().find(|f| f.code == "failed-response").map(|f| f.message.to_string()).unwrap_or_default()
    };
    let (hidden, routed) = ("asks for a connection (TCP, TLS or WebSocket)", "the answer of a routing database");
    for (contact, is_hidden, is_routed) in [
        ("sips:+12155550144@p.example", true, false),
        ("sip:+12155550144@p.example;transport=tcp", true, false),
        ("sip:+12155550144@p.example;transport=WS", true, false),
        ("sips:+12155550100;rn=+12154100000@p.example", true, true),
        // Nobody went there: another finding says so.
        ("sip:+12155550144@p.example", false, false),
    ] {
        let message = said(contact);
        assert_eq!(
            (message.contains(hidden), message.contains(routed)),
            (is_hidden, is_routed),
            "{contact}: {message}"
        );
        assert_eq!(message.contains("has left this address for good"), is_hidden && !is_routed, "{contact}: {message}");
        assert!(!message.contains("replace the stored address"), "{message}");
    }
}

#[test]
fn a_redirect_that_was_cut_off_is_not_said_to_lack_a_contact() {
    let said = |cut: &str| {
        let text = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a{cut}\n301 Moved Permanently\n\
             Server: ExampleRedirect/1\n\n0.02 a > p\nACK\n\n90.0 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        let found = diagnose(&text).calls.into_iter().flat_map(|call| call.findings);
        let finding = found.into_iter().find(|f| f.code == "failed-response");
        finding.map(|f| (f.message.to_string(), f.remediation.iter().map(ToString::to_string).collect::<String>()))
    };
    assert_eq!(said(""), None, "redirect-without-contact");
    let (message, advice) = said(" cut=260").unwrap();
    assert!(message.ends_with("and so what its Contact names."), "{message}");
    assert!(!advice.contains("No Contact, or one"), "{advice}");
}

#[test]
fn a_verdict_about_a_signature_that_is_not_there_says_so() {
    let signed = include_str!("../../../../samples/scenarios/s08.txt");
    let unsigned = signed.split_inclusive('\n').filter(|line| !line.starts_with("Identity:")).collect();
    for (text, is_signed) in [(signed.to_owned(), true), (unsigned, false)] {
        for status in ["436", "437", "438"] {
            let found = diagnose(&text.replace("607 Unwanted", &format!("{status} No")));
            let finding = found.calls[0].findings.iter().find(|f| f.code == "failed-response").unwrap();
            let message = finding.message.to_string();
            assert_eq!(message.contains("carries no Identity header field"), !is_signed, "{message}");
            assert!(is_signed || !message.contains("header fields are present"), "{message}");
        }
    }
}

#[test]
fn header_fields_of_the_response_are_evidence() {
    let report = invite("480 Gone away\nReason: Q.850;cause=20\nServer: Example/1\nRetry-After: 90", true);
    assert_eq!(report.call.outcome, Outcome::NoAnswer);
    let report = invite("500 x\nReason: Q.850;cause=41\nServer: Example/1\nRetry-After: 90", true);
    let finding = only(&report);
    assert!(finding.message.to_string().starts_with("198.51.100.5:5060 (Example/1) answered"), "{}", finding.message);
    assert_eq!(
        what(finding),
        [
            "500 response",
            "reason given: Q.850 cause 41: Temporary failure",
            "asks to wait 90 s",
            "rang before, with the same To tag: the answer comes from the same user agent",
            "the request",
        ]
    );
    assert!(finding.remediation[0].to_string().starts_with("Do not try again sooner than 90 s"));
    let actor = finding.actor.as_ref().unwrap();
    assert_eq!(actor.address.unwrap().to_string(), "198.51.100.5:5060");
    assert_eq!(actor.software.as_deref(), Some("Example/1"));
    assert!(finding.verification.is_some());
}

#[test]
fn a_call_that_names_who_referred_it_is_told_as_a_transfer() {
    let transfers = |method: &str, field: &str| {
        let report =
            flow(&format!("0.0 a > p\n{method} sip:bob@p.example{field}\n\n0.1 p > a tag=t\n404 Not Found\n\n"));
        let evidence = &only(&report).evidence;
        evidence
            .iter()
            .filter(|e| e.what.to_string().starts_with("marks the call as a transfer"))
            .map(|e| e.text.to_string())
            .collect::<Vec<_>>()
    };
    let by = "\nReferred-By: <sip:carol@c.example>";
    assert_eq!(transfers("INVITE", by), ["Referred-By: <sip:carol@c.example>"]);
    assert!(transfers("INVITE", "").is_empty());
    assert!(transfers("MESSAGE", by).is_empty());
}

#[test]
fn steps_are_no_failures() {
    let text = include_str!("../../../../samples/failed-response/near-miss.txt");
    for report in reports(text) {
        assert!(report.findings.iter().all(|f| f.code != "failed-response"), "{:?}", codes(&report));
    }
}

#[test]
fn other_methods_count_less() {
    for (request, response, expected) in [
        ("OPTIONS sip:p.example", "404 Not Found", "failed-response info"),
        ("OPTIONS sip:p.example", "503 Service Unavailable", "failed-response warning"),
        ("REGISTER sip:p.example", "403 Forbidden", "failed-response error"),
        ("SUBSCRIBE sip:bob@p.example", "489 Bad Event", "failed-response warning"),
    ] {
        let report = flow(&format!("0.0 a > p\n{request}\n\n0.1 p > a\n{response}\n"));
        assert!(codes(&report).contains(&expected.to_owned()), "{request} {response}: {:?}", codes(&report));
        assert_eq!(report.root_cause, Some("failed-response"), "{request} {response}");
    }
}

#[test]
fn a_decline_from_the_telephone_network_may_be_a_block() {
    for (response, expected) in [
        ("603 Decline\nReason: Q.850;cause=21", true),
        ("603 Decline\nReason: Q.850;cause=17", false),
        ("603 Decline", false),
        ("603 Network Blocked\nReason: Q.850;cause=21;text=\"v=analytics1;url=https://x.example/r\"", false),
    ] {
        let report = invite(response, false);
        let finding = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        assert_eq!(
            finding.message.to_string().contains("behind a gateway the two look the same"),
            expected,
            "{response}"
        );
    }
}

#[test]
fn after_a_block_there_is_somebody_to_ask_or_nobody_is_named() {
    for (response, first) in [
        (
            "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://x.example/r;id=7\"",
            "Ask the blocking provider for redress at https://x.example/r, and quote 7.",
        ),
        (
            "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://x.example/r;tel=+12155550100;email=u@x.example\"",
            "Ask the blocking provider for redress at https://x.example/r or +12155550100 or u@x.example.",
        ),
        (
            "603 Network Blocked",
            "Ask the provider that answered, by the contact that it publishes: the response names nobody.",
        ),
        (
            "608 Rejected\nCall-Info: <https://x.example/c>;purpose=jwscard",
            "Fetch the contact card at https://x.example/c,",
        ),
        (
            "608 Rejected",
            "Ask the provider that answered, by the contact that it publishes: the response names nobody.",
        ),
    ] {
        let report = invite(response, false);
        let finding = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        assert!(finding.remediation[0].to_string().starts_with(first), "{response}: {}", finding.remediation[0]);
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
        assert_eq!(report.root_cause, Some("failed-response"), "{response}");
    }
}

#[test]
fn a_decline_that_no_person_can_have_given_says_so() {
    let said = |between: &str, response: &str| {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a\n100 Trying\n\n{between}{response}\n\n12.6 a > p\nACK\n"
        ));
        only_failed(&report).message.to_string()
    };
    let text = said("", "0.017 p > a\n603 Decline");
    assert!(text.contains("It came 17 ms after the request, and nothing had rung"), "{text}");
    assert!(!text.contains("was reached"), "{text}");
    // Near misses: time to decide, a device that rang, a block that says what it is, a reason that is given.
    for (between, response) in [
        ("", "4.0 p > a\n603 Decline"),
        ("0.1 p > a tag=t\n180 Ringing\n\n", "0.9 p > a tag=t\n603 Decline"),
        ("", "0.017 p > a\n603 Network Blocked"),
        ("", "0.017 p > a\n603 Decline\nReason: Q.850;cause=21"),
    ] {
        let text = said(between, response);
        assert!(!text.contains("nothing had rung"), "{response}: {text}");
    }
}

#[test]
fn a_607_that_became_another_status_is_obeyed_like_one() {
    for (response, told) in [
        ("503 Service Unavailable\nReason: SIP;cause=607;text=\"Unwanted\"", true),
        ("480 Temporarily Unavailable\nReason: FreeSWITCH;cause=819;text=\"UNWANTED\"", true),
        ("503 Service Unavailable\nReason: SIP;cause=500", false),
    ] {
        let report = invite(response, false);
        let finding = only(&report);
        assert_eq!(finding.message.to_string().contains("it was 607 Unwanted before"), told, "{}", finding.message);
        let first = finding.remediation[0].to_string();
        assert_eq!(first.starts_with("Take it for the 607 that it was"), told, "{first}");
    }
}

#[test]
fn a_608_that_became_another_status_is_no_word_of_the_called_party() {
    for (response, told) in [
        ("603 Decline\nReason: SIP;cause=608;text=\"Rejected\"", true),
        ("480 Temporarily Unavailable\nReason: SIP;cause=608", true),
        ("603 Decline\nReason: SIP;cause=603", false),
        ("603 Decline\nReason: Q.850;cause=21", false),
    ] {
        let report = invite(response, false);
        let said = only(&report).message.to_string();
        assert_eq!(said.contains("it was 608 Rejected before"), told, "{said}");
        assert!(!(told && said.contains("called user was reached")), "{said}");
    }
}

#[test]
fn what_starts_no_call_gets_words_of_its_own() {
    for (request, response, meaning) in [
        ("REGISTER sip:p.example", "403 Wrong password", "refuses this registration"),
        ("REGISTER sip:p.example", "404 Not Found", "no such address of record"),
        ("REGISTER sip:p.example", "480 No DNS results", "cannot take the registration at the moment"),
        ("REGISTER sip:p.example", "503 Service Unavailable", "overloaded or in maintenance"),
        ("REGISTER sip:p.example", "410 Gone", "no such address of record"),
        ("REGISTER sip:p.example", "486 Busy Here", "refuses this registration"),
        ("REGISTER sip:p.example", "603 Decline", "refuses this registration"),
        ("REGISTER sip:p.example", "603 Network Blocked", "refuses this registration"),
        ("REGISTER sip:p.example", "606 Not Acceptable", "refuses this registration"),
        ("REGISTER sip:p.example", "608 Rejected", "refuses this registration"),
        ("MESSAGE sip:bob@p.example", "608 Rejected", "rejected the request on behalf of the addressee"),
        ("MESSAGE sip:bob@p.example", "603 Network Blocked", "blocked the request, and the addressee never saw it"),
        ("SUBSCRIBE sip:bob@p.example", "404 Not Found", "nothing under this address"),
        ("SUBSCRIBE sip:bob@p.example", "480 Temporarily Unavailable", "at this address at the moment"),
        ("SUBSCRIBE sip:bob@p.example", "603 Decline", "does not take this request"),
        ("SUBSCRIBE sip:bob@p.example", "400 Bad Request", "could not be understood"),
        ("PUBLISH sip:bob@p.example", "489 Bad Event", "does not know the event package"),
        ("MESSAGE sip:bob@p.example", "403 Forbidden", "refuses it as a matter of policy"),
        ("OPTIONS sip:p.example", "503 Service Unavailable", "overloaded or in maintenance"),
    ] {
        let report = flow(&format!("0.0 a > p\n{request}\n\n0.1 p > a\n{response}\n"));
        let finding = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        assert!(finding.message.to_string().contains(meaning), "{request} {response}: {}", finding.message);
        let said = finding.remediation.iter().chain(&finding.verification).map(ToString::to_string);
        for text in said.chain([finding.message.to_string()]) {
            // Some words say themselves that they are not of a call.
            let text = text.replace("says nothing of a called user or of a call", "").replace("a status for calls", "");
            let words = ["callee", "called user", "called device", " call ", " calls ", "rings", "trunk"];
            assert!(words.iter().all(|word| !text.contains(word)), "{request} {response}: {text}");
        }
    }
}

#[test]
fn a_refused_registration_is_no_ordinary_end() {
    for (request, expected) in [
        ("REGISTER sip:p.example", "failed-response warning"),
        // Near miss: who is asked may decline.
        ("SUBSCRIBE sip:bob@p.example", "failed-response info"),
    ] {
        let report = flow(&format!("0.0 a > p\n{request}\n\n0.1 p > a\n603 Decline\n"));
        assert_eq!(codes(&report), [expected], "{request}");
    }
}

#[test]
fn a_busy_device_that_answers_the_ack_as_well_stays_busy() {
    let report = flow(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n1 p > a tag=t\n486 Busy Here\n\n1.1 a > p\nACK\n\n1.2 p > a tag=t re=ACK\n200 OK\n",
    );
    assert_eq!((report.call.outcome, codes(&report)), (Outcome::Busy, vec!["failed-response info".to_owned()]));
}

#[test]
fn a_408_that_was_captured_is_not_made_up() {
    let report = flow(
        "0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a tag=t\n200 OK\n\n0.2 a > p tag=t\nACK\n\n9 a > p tag=t\nBYE\n\n\
         41 p > a tag=t\n408 Request Timeout\n",
    );
    let finding = only(&report);
    let message = finding.message.to_string();
    assert!(message.ends_with("with 408 Request Timeout. No final response could be had in time."), "{message}");
    assert!(finding.remediation.iter().all(|fix| !fix.to_string().contains("rang")), "{:?}", finding.remediation);
}

#[test]
fn progress_is_no_ringing_and_the_reason_of_the_response_is_told() {
    let with = |progress: &str| {
        flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n{progress}\n\n\
             1.5 p > a tag=t\n480 Error\nReason: q.850;cause=21\n\n1.6 a > p\nACK\n"
        ))
    };
    let progress = with("183 Session Progress");
    let finding = only(&progress);
    assert!(what(finding).iter().any(|w| w.starts_with("told of progress before")), "{:?}", what(finding));
    let message = finding.message.to_string();
    assert!(message.ends_with("The response itself gives the reason Q.850 cause 21: Call rejected."), "{message}");
    assert!(what(only(&with("180 Ringing"))).iter().any(|w| w.starts_with("rang before")));
}

#[test]
fn a_server_that_found_no_address_is_taken_at_its_word() {
    for (status, of_dns) in [("480 No DNS results", true), ("480 Temporarily Unavailable", false), ("480 Sdnsx", false)]
    {
        let all = invite(status, false);
        let finding = only(&all);
        let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        let speaks =
            |word: &str| finding.message.to_string().contains(word) || advice.iter().any(|fix| fix.contains(word));
        assert_eq!((speaks("DNS"), speaks("registration")), (of_dns, !of_dns), "{status}: {advice:?}");
    }
}

#[test]
fn a_request_that_ended_without_visible_cancel_says_so() {
    let message = only(&invite("487 Request Terminated", true)).message.to_string();
    assert!(message.ends_with("ended by a CANCEL or a BYE, and neither is in this capture."), "{message}");
}

#[test]
fn a_challenge_to_a_request_that_was_not_captured_is_a_notice() {
    let report = flow(
        "0.0 p > a raw\nSIP/2.0 401 Unauthorized\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\n\
         From: <sip:u@p.example>;tag=1\nTo: <sip:u@p.example>;tag=2\nCall-ID: x@192.0.2.10\nCSeq: 1 REGISTER\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\nContent-Length: 0\n",
    );
    let finding = only(&report);
    assert_eq!(
        (report.call.outcome, codes(&report)),
        (Outcome::ChallengeUnanswered, vec!["failed-response notice".to_owned()])
    );
    let role = finding.actor.as_ref().unwrap().role.to_string();
    assert_eq!(role, "the owner of the calling account (user name, password, realm)");
}

#[test]
fn a_403_after_credentials_may_mean_the_credentials() {
    let with = |field: &str| {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n{field}\n0.1 p > a\n403 Wrong password\n\n0.2 a > p\nACK\n"
        ));
        let finding = only(&report);
        (finding.message.to_string(), finding.remediation[0].to_string())
    };
    let (message, first) = with("Proxy-Authorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"\n");
    assert!(message.contains("which carried credentials") && !message.contains("do not help"), "{message}");
    assert!(first.starts_with("Check user name and password first"), "{first}");
    let (message, first) = with("");
    assert!(message.contains("Credentials do not help") && first.starts_with("Ask the refusing"), "{message} {first}");
}

#[test]
fn who_answers_with_the_fields_of_the_request_is_not_named_by_them() {
    for (field, named) in [("", true), ("Max-Forwards: 70\n", false)] {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\nUser-Agent: ExamplePhone/4.2\n\n\
             0.1 p > a\n400 Bad Request\nUser-Agent: ExamplePhone/4.2\n{field}\n0.2 a > p\nACK\n"
        ));
        let message = only(&report).message.to_string();
        assert_eq!(message.contains("(ExamplePhone/4.2) answered INVITE"), named, "{message}");
    }
}

#[test]
fn who_rang_and_then_says_busy_was_not_in_use() {
    for (tag, rang) in [("b1", true), ("b2", false)] {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a tag={tag}\n180 Ringing\n\n40.1 p > a tag=b1\n486 Busy Here\n\n\
             40.2 a > p\nACK\n"
        ));
        let message = only(&report).message.to_string();
        assert_eq!(message.contains("It had rung for 40 s, with the same To tag"), rang, "{message}");
        assert_eq!(message.contains("The device that was reached is busy"), !rang, "{message}");
    }
}

#[test]
fn codes_of_methods_and_of_changes_say_something_else_of_calls() {
    for (response, words) in [
        ("501 Not Implemented\nReason: Q.850;cause=79", "lacks a service or a feature"),
        ("501 Not Implemented", "lacks a service or a feature"),
        ("491 Request Pending", "this INVITE begins a dialog"),
    ] {
        let flow = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a\n{response}\n\n0.6 a > p\nACK\n\n"
        );
        let report = report(&flow);
        let said: Vec<_> = report.findings.iter().map(|f| (f.code, f.message.to_string())).collect();
        assert!(matches!(&said[..], [("failed-response", text)] if text.contains(words)), "{response}: {said:#?}");
        let fixes: Vec<_> = report.findings[0].remediation.iter().map(ToString::to_string).collect();
        assert!(
            fixes.iter().all(|fix| !fix.contains("the method")) && fixes[0].contains("look into its log"),
            "{fixes:#?}"
        );
    }
}

#[test]
fn a_481_to_replaces_is_about_the_dialog_to_be_taken_over() {
    let said = |lines: &str| {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example{lines}\n\n0.1 p > a\n481 Call/Transaction Does Not Exist\n\n0.2 a > p\nACK\n"
        ));
        let finding = only(&report).clone();
        let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        (finding.message.to_string(), advice.join(" "), what(&finding).join(" "), format!("{:?}", finding.actor))
    };
    let (message, advice, cited, actor) = said("\nReplaces: x@p;to-tag=1;from-tag=2");
    assert!(message.contains("asks in Replaces to take over another dialog"), "{message}");
    assert!(advice.contains("to-tag and from-tag in Replaces") && !advice.contains("answered INVITE"), "{advice}");
    assert!(cited.contains("the dialog that it is to take over"), "{cited}");
    assert!(actor.contains("192.0.2.10"), "{actor}");
    let (message, advice, cited, actor) = said("");
    assert!(!message.contains("Replaces") && advice.contains("answered INVITE"), "{message} {advice}");
    assert!(!cited.contains("take over") && actor.contains("198.51.100.5"), "{cited} {actor}");
}

#[test]
fn a_notify_that_nobody_asked_for_lost_no_dialog() {
    let of = |to: &str| {
        let text = format!(
            "host p 198.51.100.5\nhost a 192.0.2.10\n\n0 p > a to-tag={to}\nNOTIFY sip:1001@192.0.2.10\nEvent: message-summary\n\n0.01 a > p\n\
             481 Subscription does not exist\n\n90.0 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        let finding = report(&text).findings.remove(0);
        let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        (finding.message.to_string(), fixes.join(" "))
    };
    let (message, fixes) = of("-");
    assert!(message.contains("belongs to no subscription") && fixes.contains("let it subscribe"), "{message} {fixes}");
    let (message, fixes) = of("t");
    assert!(
        !message.contains("belongs to no subscription") && fixes.contains("with those of the SUBSCRIBE"),
        "{message} {fixes}"
    );
    assert!(!fixes.contains("INVITE"), "{fixes}");
}

#[test]
fn a_publication_that_is_made_anew_is_none_that_failed() {
    let of = |later: &str| {
        let text = format!(
            "host p 198.51.100.5\nhost a 192.0.2.10\n\n0 a > p\nPUBLISH sip:bob@p.example\nSIP-If-Match: x\n\n0.01 p > a\n\
             412 Conditional Request Failed\n\n{later}90 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        report(&text).findings.len()
    };
    assert_eq!(of("0.02 a > p\nPUBLISH sip:bob@p.example\n\n0.03 p > a\n200 OK\n\n"), 0);
    assert_eq!(of(""), 1);
}

#[test]
fn nobody_is_told_to_do_without_messages() {
    let of = |request: &str| {
        let text =
            format!("host p 198.51.100.5\nhost a 192.0.2.10\n\n0 a > p\n{request}\n\n0.01 p > a\n404 Not Found\n");
        let finding = report(&text).findings.remove(0);
        finding.remediation.iter().any(|fix| fix.to_string().contains("switch it off at the client"))
    };
    assert!(of("SUBSCRIBE sip:bob@p.example\nEvent: presence"));
    assert!(!of("MESSAGE sip:bob@p.example"));
}

/// A REGISTER with these header fields that gets that.
fn register(fields: &str, got: &str) -> CallReport {
    flow(&format!(
        "0.0 a > p\nREGISTER sip:p.example\n{fields}Contact: <sip:bob@192.0.2.10>\n\n0.1 p > a\n{got}\n\n9 a > p call=o\nOPTIONS sip:p\n\n9.1 p > a call=o\n200 OK\n"
    ))
}

#[test]
fn a_scanner_has_no_account_that_needs_repair() {
    let scan = "From: <sip:100@p.example>\nTo: <sip:100@p.example>\nUser-Agent: friendly-scanner\n";
    for got in ["403 Forbidden", "404 Not Found"] {
        let report = register(scan, got);
        let finding = only_failed(&report);
        assert!(finding.message.to_string().contains("The request names a scanner"), "{got}: {}", finding.message);
        assert_eq!(
            (finding.severity, finding.remediation.len(), finding.actor.is_none()),
            (Severity::Info, 0, true),
            "{got}"
        );
        assert!(what(finding).iter().any(|what| what == "the name of a scanner"), "{got}");
    }
    // What fails for the server, and what calls itself like others, is told as ever.
    let is_told = |fields: &str, got: &str| {
        let found = register(fields, got).findings;
        found.iter().any(|f| f.message.to_string().contains("names a scanner"))
    };
    assert!(
        !is_told(scan, "500 Server Internal Error")
            && !is_told(&scan.replace("friendly-scanner", "sipcli/1.8"), "404 Not Found")
    );
}

#[test]
fn who_registers_somebody_else_is_not_asked_for_a_password() {
    let of = |from: &str, got: &str| {
        let report = register(&format!("From: <sip:{from}>\nTo: <sip:bob@p.example>\n"), got);
        let text = report
            .findings
            .iter()
            .map(|f| format!("{} {:?}", f.message, f.remediation.iter().map(ToString::to_string).collect::<Vec<_>>()));
        text.collect::<String>()
    };
    for got in ["403 Forbidden", "404 Not Found", "480 Temporarily Unavailable"] {
        let (third, own) = (of("scscf.p.example", got), of("bob@p.example", got));
        assert!(third.contains("registers somebody else") && third.contains("may register others"), "{third}");
        assert!(!third.contains("password") && !third.contains("create the account"), "{third}");
        assert!(!own.contains("registers somebody else"), "{own}");
        // The same user, and one who signs with an account.
        let signed = "scscf.p.example>\nAuthorization: Digest username=\"bob\", realm=\"p\", nonce=\"n\", uri=\"sip:p\", response=\"0\"\nSubject: <x";
        for from in ["b%6Fb@p.example", signed] {
            let other = of(from, got);
            assert!(!other.contains("registers somebody else"), "{from}: {other}");
        }
    }
}
