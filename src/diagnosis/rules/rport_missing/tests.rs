use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, only};

/// A telephone behind NAT, as the server sees it; `listens` is where its Via leads.
const HOSTS: &str =
    "host phone 192.0.2.10:40001\nhost listens 192.0.2.10:5060\nhost proxy 198.51.100.5\nhost bob 203.0.113.9\n\n";
const VIA: &str = "Via: SIP/2.0/UDP 10.1.1.2:5060;branch=z9hG4bKn1";
const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
const TIMER_A: &str = "repeat=0.5,1.5,3.5,7.5,15.5,31.5";
const LATER: &str = "90.0 bob > proxy call=ping\nOPTIONS sip:b\n\n+0.1 proxy > bob call=ping\n200 OK\n\n";

/// A request with these copies, and what comes to it.
fn flow(method: &str, via: &str, copies: &str, to: &str, response: &str) -> String {
    format!(
        "{HOSTS}0.0 phone > proxy {copies}\n{method} sip:example.net\n{via}\n\n0.02 proxy > {to} re={method} tag=t {copies}\n{response}\n\n{LATER}"
    )
}

#[test]
fn responses_to_the_port_in_via_are_told_where_they_do_not_arrive() {
    let some = "repeat=0.5,1.5,3.5,7.5";
    let rport = format!("{VIA};rport");
    let other = VIA.replace(":5060", ":40001");
    let ack = flow("INVITE", VIA, TIMER_A, "listens", "486 Busy Here").replace(
        LATER,
        "32 phone > proxy\nACK\n\n90.0 bob > proxy call=ping\nOPTIONS sip:b\n\n+0.1 proxy > bob call=ping\n200 OK\n\n",
    );
    check(
        RULE.code,
        &[
            ("a registration", &flow("REGISTER", VIA, ALL, "listens", "200 OK"), Some(Severity::Error)),
            ("its challenge", &flow("REGISTER", VIA, ALL, "listens", "401 Unauthorized"), Some(Severity::Error)),
            ("another request", &flow("OPTIONS", VIA, ALL, "listens", "200 OK"), Some(Severity::Warning)),
            ("a call", &flow("INVITE", VIA, TIMER_A, "listens", "200 OK"), Some(Severity::Error)),
            ("a call that fails", &flow("INVITE", VIA, TIMER_A, "listens", "486 Busy Here"), Some(Severity::Warning)),
            ("ringing only", &flow("INVITE", VIA, TIMER_A, "listens", "180 Ringing"), Some(Severity::Error)),
            ("rport", &flow("REGISTER", &rport, ALL, "listens", "200 OK"), None),
            ("the port that it sends from", &flow("REGISTER", &other, ALL, "phone", "200 OK"), None),
            ("to where it came from all the same", &flow("REGISTER", VIA, ALL, "phone", "200 OK"), None),
            ("taken at once", &flow("REGISTER", VIA, "", "listens", "200 OK"), None),
            ("taken soon", &flow("REGISTER", VIA, some, "listens", "200 OK"), None),
            ("keep-alives that are all alike", &flow("OPTIONS", VIA, "repeat=10,20,30", "listens", "200 OK"), None),
            ("an ACK", &ack, None),
            ("a redirect", &flow("INVITE", VIA, TIMER_A, "listens", "302 Moved"), None),
        ],
    );
}

#[test]
fn it_names_both_ports_and_the_nat() {
    let found = only(&flow("REGISTER", VIA, ALL, "listens", "200 OK"), RULE.code);
    assert_eq!(
        found.message.to_string(),
        "192.0.2.10:40001 sent REGISTER with port 5060 in Via and no rport, so that 198.51.100.5:5060 sent its responses (200) to port 5060. The client \
         went on to send the request, 11 times in 31.5 s: it did not get them. Via names 10.1.1.2, and the request came from another address: most likely \
         there is NAT in between, which lets responses in at the port that the request came from, 40001."
    );
    let direct = only(&flow("REGISTER", &VIA.replace("10.1.1.2", "192.0.2.10"), ALL, "listens", "200 OK"), RULE.code);
    assert!(direct.message.to_string().ends_with("it did not get them.") && direct.remediation.len() == 3);
    let role = |finding: &crate::diagnosis::Finding| finding.actor.as_ref().unwrap().role.to_string();
    assert!(role(&found).ends_with("and of the NAT in front of it") && !role(&direct).contains("NAT"));
}

#[test]
fn nothing_else_says_the_same() {
    for (flow, expected) in [
        (flow("INVITE", VIA, TIMER_A, "listens", "200 OK"), vec!["rport-missing error"]),
        (flow("INVITE", VIA, TIMER_A, "listens", "180 Ringing"), vec!["rport-missing error"]),
        (
            flow("INVITE", VIA, TIMER_A, "listens", "486 Busy Here"),
            vec!["rport-missing warning", "failed-response info"],
        ),
        (
            flow(
                "REGISTER",
                VIA,
                ALL,
                "listens",
                "401 Unauthorized\nWWW-Authenticate: Digest realm=\"a\", nonce=\"n\"",
            ),
            vec!["rport-missing error", "(credentials-withheld error)"],
        ),
    ] {
        assert_eq!(codes(&report(&flow)), expected, "{flow}");
    }
}
