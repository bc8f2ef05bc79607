use super::RULE;
use crate::diagnosis::testing::{only, with_code};
use crate::diagnosis::{Certainty, Severity};

/// An INVITE on both sides of a router.
struct Seen<'a> {
    via: &'a str,
    hops: u32,
    contact: &'a str,
    media: &'a str,
    length: &'a str,
    branch: &'a str,
}

const INSIDE: Seen<'_> =
    Seen { via: "192.168.1.10", hops: 70, contact: "192.168.1.10", media: "192.168.1.10", length: "", branch: "one" };

fn invite(seen: &Seen<'_>) -> String {
    let Seen { via, hops, contact, media, length, branch } = seen;
    format!(
        "INVITE sip:bob@pbx.example\nVia: SIP/2.0/UDP {via}:5060;branch=z9hG4bK{branch};rport\nMax-Forwards: {hops}\nFrom: <sip:alice@pbx.example>;tag=1\n\
         To: <sip:bob@pbx.example>\nContact: <sip:alice@{contact}>\n{length}\n.\nv=0\no=- 1 1 IN IP4 {media}\ns=-\nc=IN IP4 {media}\nt=0 0\nm=audio 4000 RTP/AVP 8\n"
    )
    .replace("\n\n.", "\n.")
}

fn both(outside: &Seen<'_>, response: &str) -> String {
    format!(
        "host a 192.168.1.10\nhost out 203.0.113.7:40000\nhost pbx 198.51.100.5\n\n0.0 a > pbx call=1\n{}\n0.001 out > pbx call=1 cseq=1\n{}\n0.02 pbx > out call=1\n{response}\n\n\
         0.021 pbx > a call=1\n{response}\n\n0.03 a > pbx call=1\nACK\n\n0.031 out > pbx call=1\nACK\n\n",
        invite(&INSIDE),
        invite(outside)
    )
}

const RIGHT: Seen<'_> = Seen { via: "203.0.113.7", contact: "203.0.113.7", media: "203.0.113.7", ..INSIDE };

#[test]
fn it_says_what_was_rewritten_and_what_is_broken() {
    for (outside, said, severity) in [
        (RIGHT, "What it changed fits together here.", Severity::Notice),
        (
            Seen { media: "192.168.1.10", ..RIGHT },
            "The session description still asks for media at 192.168.1.10: behind the router nobody can send there.",
            Severity::Warning,
        ),
        (
            Seen { contact: "192.168.1.10", ..RIGHT },
            "Contact still names 192.168.1.10: behind the router requests cannot be sent there.",
            Severity::Warning,
        ),
        (
            Seen { length: "Content-Length: 111", ..RIGHT },
            "Behind it Content-Length says 111, and the body has 91 octets.",
            Severity::Error,
        ),
        (
            Seen { length: "Content-Length: 80", ..RIGHT },
            "Behind it Content-Length says 80, and the body goes on: its end is not read.",
            Severity::Error,
        ),
        (
            Seen { contact: "203.0.113.7>, <sip:alice@192.168.1.10", ..RIGHT },
            "Behind it there is a Contact more than before.",
            Severity::Error,
        ),
    ] {
        let finding = only(&both(&outside, "480 Temporarily Unavailable"), RULE.code);
        let text = finding.message.to_string();
        assert!(text.ends_with(said), "{text}");
        assert!(text.starts_with("Something between 192.168.1.10:5060 and 203.0.113.7:40000 rewrote Via"), "{text}");
        assert_eq!((finding.severity, finding.certainty), (severity, Certainty::Certain), "{text}");
    }
}

#[test]
fn it_is_why_a_broken_request_is_refused() {
    let flow = both(&Seen { length: "Content-Length: 111", ..RIGHT }, "400 Bad Request");
    let report = crate::diagnosis::reports::report(&flow);
    assert_eq!(report.root_cause, Some(RULE.code));
}

#[test]
fn hops_and_plain_nat_are_none() {
    for outside in [
        INSIDE,
        Seen { hops: 69, ..RIGHT },
        Seen { branch: "two", ..RIGHT },
        Seen { via: "203.0.113.7:5060;branch=z9hG4bKnew\nVia: SIP/2.0/UDP 192.168.1.10", ..RIGHT },
    ] {
        assert_eq!(with_code(&both(&outside, "480 Temporarily Unavailable"), RULE.code).len(), 0);
    }
}

#[test]
fn a_client_that_goes_on_from_another_address_is_no_gateway() {
    let (first, second) = (invite(&INSIDE), invite(&RIGHT));
    let told = |server: &str, after: &str| {
        let flow = format!(
            "host a 192.168.1.10\nhost out 203.0.113.7\nhost pbx 198.51.100.5\nhost other 198.51.100.6\n\n0.0 a > pbx call=1\n{first}\n{after} out > {server} call=1 cseq=1\n{second}\n\
             +0.02 {server} > out call=1\n486 Busy Here\n\n+0.01 out > {server} call=1\nACK\n\n"
        );
        with_code(&flow, RULE.code).len()
    };
    // Only the second one is answered; it goes to another address of the server; it comes when a client sends again.
    assert_eq!((told("pbx", "0.1"), told("other", "0.1"), told("pbx", "0.5")), (0, 0, 0));
}
