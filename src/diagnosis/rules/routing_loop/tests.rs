use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, only};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 203.0.113.7\n\n";

/// A request with these header fields from one server to another that refuses it.
fn refused(start: &str, fields: &str, status: &str) -> String {
    format!("{HOSTS}0.0 a > p\n{start}\n{fields}\n0.1 p > a\n{status}\n\n0.2 a > p\nACK\n\n")
}

const INVITE: &str = "INVITE sip:5001@corp.example";

/// Via header fields of a request that passed two servers so many times; the topmost is that of the client.
fn vias(times: usize) -> String {
    let via = |n: usize, host: &str| format!("Via: SIP/2.0/UDP {host};branch=z9hG4bK{host}{n}\n");
    let top = "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKtop\n".to_owned();
    top + &(0..times).flat_map(|n| [via(n, "p.example"), via(n, "q.example:5070")]).collect::<String>()
}

#[test]
fn only_requests_that_go_round_are_told() {
    let error = Some(Severity::Error);
    check(
        RULE.code,
        &[
            ("hops were left", &refused(INVITE, "", "483 Too Many Hops"), error),
            ("twenty hops are too many for one server", &refused(INVITE, "Max-Forwards: 20\n", "483 x"), error),
            ("nineteen may be a long way", &refused(INVITE, "Max-Forwards: 19\n", "483 x"), None),
            ("none was left", &refused(INVITE, "Max-Forwards: 0\n", "483 x"), None),
            ("a way found step by step", &refused("OPTIONS sip:p", "Max-Forwards: 0\n", "483 x"), None),
            ("a spiral", &refused(INVITE, &format!("Max-Forwards: 0\n{}", vias(2)), "483 x"), None),
            ("servers in Via", &refused(INVITE, &format!("Max-Forwards: 0\n{}", vias(3)), "483 x"), error),
            ("a loop that was found", &refused(INVITE, &vias(2), "482 x"), error),
            ("nothing of a loop in sight", &refused(INVITE, "", "482 x"), None),
            ("one server on the way", &refused(INVITE, &vias(1), "482 x"), None),
            ("another status", &refused(INVITE, &vias(3), "404 x"), None),
            ("no call", &refused("OPTIONS sip:p", "", "483 x"), Some(Severity::Warning)),
            ("a registration", &refused("REGISTER sip:p", "", "483 x"), error),
        ],
    );
}

#[test]
fn it_names_the_servers_that_the_request_passed() {
    let fields = format!("Max-Forwards: 0\n{}", vias(3));
    let finding = only(&refused(INVITE, &fields, "483 Too Many Hops"), RULE.code);
    let expected = "198.51.100.5:5060 answered INVITE with 483: the request goes round in a loop. By its Via header fields it passed \
        q.example:5070 3 times, p.example 3 times.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.certainty, Certainty::Certain);
}

#[test]
fn who_is_not_in_via_may_have_had_the_request_before() {
    let finding = only(&refused(INVITE, &vias(2), "482 Loop Detected"), RULE.code);
    assert_eq!(finding.certainty, Certainty::Weak);
    assert!(finding.message.to_string().ends_with("which is a merged request and no loop (RFC 3261 §8.2.2.2)."));
}

#[test]
fn captured_hops_are_followed_to_the_one_that_refuses() {
    let flow = format!(
        "{HOSTS}0.0 a > p\n{INVITE}\n\n0.1 p > q forward\n{INVITE}\n\n0.2 q > p forward\n{INVITE}\n\n\
         0.3 p > q\n482 Loop Detected\n\n0.31 q > p\nACK\n\n0.4 q > p forward\n482 Loop Detected\n\n0.41 p > q\nACK\n\n\
         0.5 p > a forward\n482 Loop Detected\n\n0.6 a > p\nACK\n\n"
    );
    let report = report(&flow);
    assert_eq!(codes(&report), ["routing-loop error"]);
    assert_eq!(report.root_cause, Some("routing-loop"));
    let finding = report.findings.first().unwrap();
    let expected = "198.51.100.5:5060 answered INVITE with 482: the request came back to it. Its Via header fields name \
        198.51.100.5, which is that server itself.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.evidence.first().map(|e| e.frame.number.0), Some(4));
}

#[test]
fn a_server_that_sends_to_itself_is_told() {
    let flow = "host p 198.51.100.5\n\n0.0 p > p\nINVITE sip:5001@corp.example\n\n0.1 p > p\n482 Loop Detected\n\n0.2 p > p\nACK\n\n";
    let finding = only(flow, RULE.code);
    assert!(
        finding.message.to_string().starts_with("198.51.100.5:5060 sent the INVITE to itself"),
        "{}",
        finding.message
    );
}

#[test]
fn a_merged_request_is_no_loop() {
    let flow = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n0.0 a > p\nINVITE sip:bob@p\n\n\
        0.01 p > b forward branch=b1\nINVITE sip:bob@b\n\n0.02 p > b forward branch=b2\nINVITE sip:bob@b\n\n\
        0.03 b > p branch=b2\n482 Loop Detected\n\n0.04 p > b branch=b2\nACK\n\n0.05 p > a forward branch=a\n482 Loop Detected\n\n\
        0.06 a > p\nACK\n\n";
    let flow = flow.replace("0.0 a > p\n", "0.0 a > p branch=a\n");
    let report = report(&flow);
    assert_eq!(codes(&report), ["failed-response error"], "{:#?}", report.findings);
    let said = report.findings.first().map(|f| f.message.to_string()).unwrap_or_default();
    assert!(said.contains("had reached it on another way before"), "{said}");
    assert!(report.findings.iter().all(|f| f.actor.is_none()), "{:?}", report.findings);
}

#[test]
fn branches_that_meet_behind_a_spiral_are_no_loop() {
    // Both passed q twice, as in networks with a server for each service.
    let request = |at: f32, branch: &str| {
        format!(
            "{at} p > b branch={branch} from-tag=f cseq=1\nINVITE sip:bob@203.0.113.60\nVia: SIP/2.0/UDP 198.51.100.5;branch=z9hG4bK{branch}\n\
             Via: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bKq2{branch}\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKs\n\
             Via: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bKq1\n\n"
        )
    };
    let flow = format!(
        "{HOSTS}host b 203.0.113.60\n\n{}0.1 b > p branch=f1 tag=m\n180 Ringing\n\n{}0.3 b > p branch=f2 tag=n\n482 Merged\n\n\
         0.4 p > b branch=f2\nACK\n\n9.0 b > p branch=f1 tag=m\n486 Busy\n\n9.1 p > b branch=f1\nACK\n\n",
        request(0.0, "f1"),
        request(0.2, "f2"),
    );
    check(RULE.code, &[("merged", &flow, None)]);
}

#[test]
fn a_request_that_led_to_itself_is_not_merged() {
    let flow = format!(
        "{HOSTS}0.0 a > p branch=a1\nINVITE sip:bob@p.example\n\n0.01 p > q forward branch=p1\nINVITE sip:bob@q.example\nVia: SIP/2.0/UDP p.example;branch=z9hG4bKp1\n\
         Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1\n\n\
         0.02 q > p forward branch=q1\nINVITE sip:bob@p.example\nVia: SIP/2.0/UDP q.example;branch=z9hG4bKq1\nVia: SIP/2.0/UDP p.example;branch=z9hG4bKp1\n\
         Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1\n\n\
         0.03 p > q branch=q1 tag=l\n482 Loop Detected\n\n0.04 q > p branch=q1\nACK\n\n0.05 q > p forward branch=p1\n482 Loop Detected\n\n\
         0.06 p > q branch=p1\nACK\n\n0.07 p > a forward branch=a1\n482 Loop Detected\n\n0.08 a > p branch=a1\nACK\n\n"
    );
    let report = report(&flow);
    assert!(
        report.findings.iter().all(|f| !f.message.to_string().contains("this is no loop")),
        "{:#?}",
        report.findings
    );
}
