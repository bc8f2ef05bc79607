use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{only, with_code};
use crate::diagnosis::{Certainty, Severity};

fn refused(request: &str, response: &str) -> String {
    format!("host a 192.0.2.10\nhost p 198.51.100.5\n\n0 a > p\n{request}\n\n0.1 p > a\n{response}\n\n0.2 a > p\nACK\n")
}

const INVITE: &str = "INVITE sip:bob@gw.carrier.example";

#[test]
fn it_says_what_failed_and_which_host_the_request_names() {
    let elsewhere =
        "gw.carrier.example of the Request-URI, or, if that is a domain of its own, what it found for the user there.";
    for (request, response, words) in [
        (INVITE, "478 Unresolvable destination (478/TM)", format!("It cannot resolve the next hop: {elsewhere}")),
        (INVITE, "476 Unresolvable Destination", format!("It cannot resolve the next hop: {elsewhere}")),
        (
            "INVITE sip:bob@gw.carrier.example\nRoute: <sip:198.51.100.5;lr>, <sip:edge.example;lr>",
            "477 Unfortunately error on sending to next hop occurred (477/TM)",
            "It could not send to the next hop, edge.example of the Route header field.".to_owned(),
        ),
        (
            INVITE,
            "500 I'm terribly sorry, server error occurred (7/TM)",
            format!("It has no socket of the transport or address family that leads to the next hop: {elsewhere}"),
        ),
        (
            INVITE,
            "500 I'm terribly sorry, server error occurred (520/TM)",
            format!("Its list of blocked destinations holds the next hop: {elsewhere}"),
        ),
        (INVITE, "503 DNS failure", format!("It cannot resolve the next hop: {elsewhere}")),
        (INVITE, "502 Bad Gateway\nWarning: 399 p.example \"DNS lookup failed\"", format!("It cannot resolve the next hop: {elsewhere}")),
        (
            "INVITE tel:+12155550113",
            "478 Unresolvable destination (478/TM)",
            "It cannot resolve the next hop: the Request-URI is a tel: URI, which names no host, and its routing has to set one.".to_owned(),
        ),
        (
            "INVITE sip:bob@198.51.100.5",
            "478 Unresolvable destination (478/TM)",
            "It cannot resolve the next hop that its routing or a registration led to: the request names no other host.".to_owned(),
        ),
    ] {
        let flow = refused(request, response);
        let finding = only(&flow, RULE.code);
        let text = finding.message.to_string();
        assert!(text.ends_with(&words), "{response}: {text}");
        assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong), "{response}");
        let report = report(&flow);
        assert_eq!((report.root_cause, codes(&report)), (Some(RULE.code), vec!["next-hop-unresolvable error".to_owned()]));
    }
}

#[test]
fn what_is_no_matter_of_the_next_hop_is_left_to_the_catalogue() {
    for (request, response) in [
        (INVITE, "500 I'm terribly sorry, server error occurred (2/TM)"),
        (INVITE, "500 Server Internal Error"),
        (INVITE, "503 Service Unavailable"),
        (INVITE, "480 Sdnsx"),
        (INVITE, "404 Not Found"),
        ("REGISTER sip:p.example", "480 No DNS results"),
    ] {
        let flow = refused(request, response);
        assert!(with_code(&flow, RULE.code).is_empty(), "{response}");
        assert_eq!(report(&flow).root_cause, Some("failed-response"), "{response}");
    }
}

#[test]
fn who_takes_another_way_is_warned() {
    let flow = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n0 a > p\nINVITE sip:bob@gw.carrier.example\n\n\
        0.1 p > a\n478 Unresolvable destination (478/TM)\n\n0.2 a > p\nACK\n\n0.3 a > q cseq=2\nINVITE sip:bob@gw.carrier.example\n\n\
        0.4 q > a cseq=2\n200 OK\n\n0.5 a > q cseq=2\nACK\n\n9 a > q cseq=3\nBYE\n\n9.1 q > a cseq=3\n200 OK\n";
    assert_eq!(only(flow, RULE.code).severity, Severity::Warning);
}
