//! Failures of requests inside a dialog.

use super::*;

const ANSWERED: &str = "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n1.1 a > p\nACK\n\n";

#[test]
fn requests_inside_an_answered_call_are_weighed_by_what_they_end() {
    for (steps, expected) in [
        ("5.0 a > p\nBYE\n\n5.1 p > a\n200 OK\n", &[][..]),
        ("5.0 a > p\nBYE\n\n5.1 p > a\n481 Call/Transaction Does Not Exist\n", &["dialog-unknown notice"]),
        ("5.0 a > p\nBYE\n\n5.1 p > a\n500 Oops\n", &["failed-response warning"]),
        ("5.0 a > p\nBYE\n\n5.05 p > a\nBYE\n\n5.1 p > a re=BYE\n481 Gone\n\n5.1 a > p re=BYE\n200 OK\n", &[]),
        (
            "5.0 a > p\nINFO sip:bob@p.example\n\n5.1 p > a\n415 Unsupported Media Type\nAccept: application/sdp\n",
            &["failed-response notice"],
        ),
        ("5.0 a > p\nUPDATE sip:bob@p.example\n\n5.1 p > a\n481 Gone\n", &["dialog-unknown error"]),
        ("5.0 a > p\nUPDATE sip:bob@p.example\n\n5.1 p > a\n500 Oops\n", &["failed-response notice"]),
    ] {
        let report = flow(&format!("{ANSWERED}{steps}"));
        assert_eq!(codes(&report), expected, "{steps}");
        assert_eq!((report.call.outcome, report.root_cause), (Outcome::Answered, None), "{steps}");
    }
}

#[test]
fn a_404_inside_a_dialog_speaks_of_the_way_and_not_of_a_user() {
    let said = |request: &str| {
        let report = flow(&format!("{ANSWERED}5.0 a > p\n{request}\n\n5.1 p > a\n404 Not here\n"));
        let finding = report.findings.iter().find(|f| f.code == "failed-response").expect(request);
        [finding.message.to_string(), finding.remediation[0].to_string()].join(" ")
    };
    for request in [
        "BYE",
        "INVITE sip:bob@p.example\nTo: <sip:bob@p.example>;tag=t",
        "UPDATE sip:bob@p.example",
        "INFO sip:bob@p.example",
    ] {
        let text = said(request);
        assert!(text.contains("does not know where to send the request on"), "{request}: {text}");
        assert!(text.contains("Compare Route of the request with Record-Route"), "{request}: {text}");
    }
    // A mailbox may be gone while its subscription lasts.
    assert!(said("SUBSCRIBE sip:bob@p.example").contains("nothing under this address"));
}

#[test]
fn a_refused_change_of_a_session_is_no_rejected_call() {
    let said = |response: &str| {
        let report = flow(&format!(
            "{ANSWERED}5.0 a > p\nINVITE sip:bob@p.example\nTo: <sip:bob@p.example>;tag=t\n\n5.1 p > a\n{response}\n\n5.2 a > p\nACK\n"
        ));
        assert_eq!(report.findings.len(), 1, "{response}: {:?}", codes(&report));
        let finding = &report.findings[0];
        let advice = finding.remediation.iter().chain(&finding.verification).map(ToString::to_string);
        [finding.message.to_string()].into_iter().chain(advice).collect::<Vec<_>>().join(" ")
    };
    for (response, meaning) in [
        ("603 Decline", "does not reject the call, and does not end it"),
        ("603 Network Blocked", "does not reject the call, and does not end it"),
        ("608 Rejected", "does not reject the call, and does not end it"),
        ("600 Busy Everywhere", "does not reject the call, and does not end it"),
        ("486 Busy Here", "does not reject the call, and does not end it"),
        ("480 Temporarily Unavailable", "says nothing of a registration"),
        ("403 Forbidden", "refuses it as a matter of policy"),
        ("503 Service Unavailable", "could not take this request at the moment"),
        ("410 Gone", "does not know where to send the request on"),
        ("484 Address Incomplete", "does not know where to send the request on"),
        ("604 Does Not Exist Anywhere", "does not know where to send the request on"),
    ] {
        let text = said(response);
        assert!(text.contains(meaning), "{response}: {text}");
        for words in [
            "called user",
            "called party",
            "redress",
            "the number",
            "directories",
            "is busy",
            "take the call",
            "trunk",
            "barred",
            "next server",
            "same call",
        ] {
            assert!(!text.contains(words), "{response}: {text}");
        }
    }
    // Near miss: what begins a call is rejected.
    for (response, meaning) in [
        ("486 Busy Here", "device that was reached is busy"),
        ("603 Network Blocked", "analytics"),
        ("403 Forbidden", "repeating the request does not either"),
        ("503 Service Unavailable", "overloaded, in maintenance"),
    ] {
        let text = only_failed(&invite(response, false)).message.to_string();
        assert!(text.contains(meaning), "{response}: {text}");
    }
}

#[test]
fn a_487_is_not_explained_by_the_end_of_the_call_much_later() {
    let refused = "5.0 a > p\nINVITE sip:bob@p.example\nTo: <sip:bob@p.example>;tag=t\n\n";
    let answer = "5.1 p > a\n487 Request Terminated\n\n5.2 a > p\nACK\n\n";
    for (steps, seen) in [
        (format!("{refused}{answer}50 a > p\nBYE\n\n50.1 p > a\n200 OK\n"), false),
        (
            format!(
                "{refused}5.05 a > p\nBYE\n\n5.06 p > a\n200 OK\n\n5.1 p > a re=INVITE\n487 Request Terminated\n\n5.2 a > p\nACK\n"
            ),
            true,
        ),
    ] {
        let report = flow(&format!("{ANSWERED}{steps}"));
        let found = report.findings.iter().find(|f| f.message.to_string().contains("487"));
        let text = found.map(|f| f.message.to_string()).unwrap_or_default();
        assert_eq!(!text.contains("neither is in this capture"), seen, "{text}");
    }
}

#[test]
fn a_fax_whose_t38_is_refused_goes_on_as_audio() {
    let offer = |media: &str| {
        format!(
            "\nContent-Type: application/sdp\n.\nv=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\nm={media}"
        )
    };
    let answered = "0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a tag=t\n200 OK\n\n0.2 a > p tag=t\nACK\n\n";
    for (media, is_fax) in [("image 4000 udptl t38", true), ("audio 4000 RTP/AVP 0", false)] {
        let report = flow(&format!(
            "{answered}5 a > p tag=t\nINVITE sip:bob@p.example{}\n\n5.1 p > a tag=t\n488 Not Acceptable Here\n\n5.2 a > p tag=t\nACK\n",
            offer(media)
        ));
        let advice: Vec<_> = only(&report).remediation.iter().map(ToString::to_string).collect();
        let has = |word: &str| advice.iter().any(|fix| fix.contains(word));
        assert_eq!((has("run over audio"), has("codec"), has("SRTP")), (is_fax, !is_fax, !is_fax), "{advice:?}");
        let verification = only(&report).verification.as_ref().map(ToString::to_string);
        assert_eq!(verification.is_some_and(|text| text.contains("fax")), is_fax);
    }
}

#[test]
fn whoever_does_not_answer_a_bye_that_was_passed_on_is_named() {
    let set_up = "0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.60\n\n1.0 b > p tag=t\n200 OK\n\n\
        1.1 p > a forward\n200 OK\n\n1.2 a > p\nACK\n\n1.3 p > b forward\nACK\n\n20 a > p\nBYE\n\n";
    let of = |passed_on: &str, end: &str| flow(&format!("{set_up}{passed_on}{end}"));
    let (passed_on, end) =
        ("20.1 p > b forward repeat=0.5,1.5,3.5\nBYE\n\n", "52 p > a re=BYE\n408 Request Timeout\n\n");
    let report = of(passed_on, end);
    let finding = only(&report);
    let actor = finding.actor.as_ref().unwrap();
    assert_eq!(actor.address.map(|at| at.to_string()), Some("203.0.113.60:5060".to_owned()));
    let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
    assert!(advice[0].starts_with("Find out why 203.0.113.60:5060 does not answer"), "{advice:?}");
    assert!(advice[1].contains("see whether 203.0.113.60:5060 still holds it"), "{advice:?}");
    // Where the capture does not show who is silent nobody is named.
    let unseen = of("", end);
    assert_eq!(only(&unseen).actor.as_ref().unwrap().address, None);
    // What was answered is no failure.
    let answered = of("20.1 p > b forward\nBYE\n\n20.2 b > p re=BYE\n200 OK\n\n", "20.3 p > a re=BYE\n200 OK\n\n");
    assert_eq!(codes(&answered), Vec::<String>::new());
}
