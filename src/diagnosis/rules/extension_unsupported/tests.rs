use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, only};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n";

fn refused(request: &str, response: &str) -> String {
    format!("{HOSTS}0.0 a > p\n{request}\n\n0.1 p > a\n{response}\n\n")
}

#[test]
fn it_names_what_was_asked_for_and_what_the_other_side_has() {
    for (request, response, expected) in [
        (
            "SUBSCRIBE sip:p\nEvent: dialog;id=7",
            "489 Bad Event\nAllow-Events: presence, message-summary",
            "198.51.100.5:5060 does not know the event package dialog of the SUBSCRIBE (489). It has presence, message-summary.",
        ),
        (
            "PUBLISH sip:p\nEvent: presence",
            "489 Bad Event",
            "198.51.100.5:5060 does not know the event package presence of the PUBLISH (489), and does not say which it has.",
        ),
        (
            "SUBSCRIBE sip:p\no: dialog",
            "489 Bad Event\nu: dialog",
            "198.51.100.5:5060 refused the event package dialog of the SUBSCRIBE (489), although it lists it in Allow-Events: what it \
             refuses is narrower, such as the address.",
        ),
        (
            "REFER sip:p",
            "501 Not Implemented\nAllow: INVITE, ACK\nAllow: BYE",
            "198.51.100.5:5060 does not know the method REFER (501). It knows INVITE, ACK, BYE.",
        ),
        (
            "REFER sip:p",
            "405 Method Not Allowed",
            "198.51.100.5:5060 does not allow REFER for this address (405), and does not say which methods it allows.",
        ),
        (
            "SUBSCRIBE sip:p",
            "405 Method Not Allowed\nAllow: INVITE, SUBSCRIBE",
            "198.51.100.5:5060 answered SUBSCRIBE with 405, although it lists that method in Allow.",
        ),
        (
            "INVITE sip:p\nRequire: 100rel\nProxy-Require: sec-agree",
            "420 Bad Extension\nUnsupported: sec-agree",
            "198.51.100.5:5060 does not support sec-agree, which the INVITE requires (420).",
        ),
        (
            "INVITE sip:p\nRequire: 100rel",
            "420 Bad Extension",
            "198.51.100.5:5060 answered INVITE with 420 and does not say which extension it lacks. The request requires 100rel.",
        ),
        (
            "INVITE sip:p\nSupported: timer",
            "420 Bad Extension\nUnsupported: timer",
            "198.51.100.5:5060 answered INVITE with 420: it does not support timer, and the request as captured does not require that. \
             Another element added it on the way, or the server errs.",
        ),
        (
            "INVITE sip:p\nSupported: timer",
            "421 Extension Required\nRequire: 100rel",
            "198.51.100.5:5060 demands 100rel of the INVITE (421), and the request does not offer that in Supported.",
        ),
        (
            "INVITE sip:p\nk: timer, 100rel",
            "421 Extension Required\nRequire: 100rel",
            "198.51.100.5:5060 demands 100rel of the INVITE (421), although the request has it in Supported or Require.",
        ),
    ] {
        let finding = only(&refused(request, response), RULE.code);
        assert_eq!(finding.message.to_string(), expected);
        assert_eq!(finding.certainty, Certainty::Certain);
        assert!(!finding.remediation.is_empty(), "{finding:?}");
        let told = codes(&report(&refused(request, response)));
        assert!(!told.iter().any(|code| code.starts_with("failed-response")), "{told:?}");
    }
}

#[test]
fn it_weighs_as_much_as_the_request() {
    let (error, warning, info) = (Some(Severity::Error), Some(Severity::Warning), Some(Severity::Info));
    check(
        RULE.code,
        &[
            ("a call", &refused("INVITE sip:p\nRequire: x", "420 x\nUnsupported: x"), error),
            ("a registration", &refused("REGISTER sip:p", "405 x\nAllow: INVITE"), error),
            ("a subscription", &refused("SUBSCRIBE sip:p", "501 x"), warning),
            ("a keep-alive is answered by any response", &refused("OPTIONS sip:p", "405 x\nAllow: INVITE"), info),
            ("another status", &refused("INVITE sip:p\nRequire: x", "404 x\nUnsupported: x"), None),
            ("a gateway has no such service", &refused("REFER sip:p", "501 x\nReason: Q.850;cause=79"), None),
            ("every element knows INVITE", &refused("INVITE sip:p", "501 x"), None),
            ("a server without calls", &refused("INVITE sip:p", "501 x\nAllow: REGISTER"), error),
            ("a body", &refused("MESSAGE sip:p", "415 x\nAccept: text/plain"), None),
            ("nothing is named", &refused("INVITE sip:p", "420 x"), None),
        ],
    );
}

#[test]
fn a_client_that_goes_on_without_it_only_informs() {
    let flow = format!(
        "{}0.11 a > p\nACK\n\n0.2 a > p\nINVITE sip:p\nSupported: 100rel\n\n0.3 p > a\n200 OK\n\n0.31 a > p\nACK\n\n5.0 a > p\nBYE\n\n\
         5.1 p > a\n200 OK\n",
        refused("INVITE sip:p\nRequire: 100rel", "420 Bad Extension\nUnsupported: 100rel")
    );
    let report = report(&flow);
    assert_eq!(codes(&report), ["extension-unsupported info"]);
    let said = report.findings.first().map(|f| f.message.to_string()).unwrap_or_default();
    assert!(said.ends_with("(420). The client repeated the request, and it was accepted."), "{said}");
}

#[test]
fn inside_an_answered_call_it_is_told_once() {
    let flow = format!(
        "{HOSTS}0.0 a > p\nINVITE sip:p\n\n0.1 p > a tag=t\n200 OK\n\n0.2 a > p\nACK\n\n1.0 a > p\nUPDATE sip:p\n\n\
         1.1 p > a\n501 Not Implemented\nAllow: INVITE, ACK, BYE\n\n5.0 a > p\nBYE\n\n5.1 p > a\n200 OK\n"
    );
    assert_eq!(codes(&report(&flow)), ["extension-unsupported notice"]);
}

#[test]
fn behind_a_proxy_the_client_acts_and_the_last_server_is_named() {
    let flow = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n0.0 a > p\nSUBSCRIBE sip:bob@p.example\n\
        User-Agent: ExamplePhone/4.1\nEvent: dialog\n\n0.01 p > b forward\nSUBSCRIBE sip:bob@b\n\n0.02 b > p\n501 Not Implemented\n\n\
        0.03 p > a forward\n501 Not Implemented\n";
    let finding = only(flow, RULE.code);
    assert!(finding.message.to_string().starts_with("203.0.113.60:5060 does not know the method SUBSCRIBE"));
    let actor = finding.actor.as_ref().and_then(|actor| actor.address).map(|address| address.to_string());
    assert_eq!(actor.as_deref(), Some("192.0.2.10:5060"));
}

#[test]
fn what_came_of_the_next_attempt_is_said() {
    let first = refused("INVITE sip:p\nRequire: 100rel", "420 Bad Extension\nUnsupported: 100rel");
    let flow = format!(
        "{first}0.11 a > p\nACK\n\n0.2 a > p\nINVITE sip:p\nSupported: 100rel\n\n0.3 p > a\n403 Forbidden\n\n0.31 a > p\nACK\n\n"
    );
    let report = report(&flow);
    assert_eq!(codes(&report), ["failed-response error", "extension-unsupported info"]);
    let said = report.findings[1].message.to_string();
    assert!(said.ends_with("(420). The client repeated the request, and got 403."), "{said}");
}

#[test]
fn what_a_request_offers_is_not_known_without_it() {
    let flow = format!(
        "{HOSTS}0.0 p > a from-tag=x to-tag=y re=INVITE cseq=7\n421 Extension Required\nRequire: sec-agree\n\n"
    );
    let said = only(&flow, RULE.code).message.to_string();
    assert_eq!(said, "198.51.100.5:5060 demands sec-agree of the INVITE (421).");
}

#[test]
fn over_two_legs_it_is_told_once_and_the_first_client_acts() {
    for passed_on in ["420 Bad Extension\nUnsupported: x", "503 Service Unavailable"] {
        let flow = format!(
            "{HOSTS}host b 203.0.113.60\n\n0.0 a > p call=1\nINVITE sip:bob@p.example\nRequire: x\n\n0.01 p > b call=2\nINVITE sip:bob@b\nRequire: x\n\n\
             0.1 b > p call=2\n420 Bad Extension\nUnsupported: x\n\n0.11 p > b call=2\nACK\n\n0.12 p > a call=1\n{passed_on}\n\n0.13 a > p call=1\nACK\n\n"
        );
        assert_eq!(codes(&report(&flow)), ["extension-unsupported error"], "{passed_on}");
        let actor =
            only(&flow, RULE.code).actor.clone().and_then(|actor| actor.address).map(|address| address.to_string());
        assert_eq!(actor.as_deref(), Some("192.0.2.10:5060"));
    }
}
