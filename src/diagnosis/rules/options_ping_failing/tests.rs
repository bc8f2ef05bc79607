use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::reports::{codes, reports};
use crate::diagnosis::testing::with_code;

/// Traffic that shows that the capture sees both directions.
const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\nhost z 203.0.113.9\n\n\
    0 q > a call=q\nOPTIONS sip:192.0.2.10\n\n0.1 a > q call=q\n200 OK\n\n";

/// OPTIONS of `a` to `p`, one each minute, and what each gets (nothing where that is empty).
fn flow(all: &[&str]) -> String {
    let mut flow = HOSTS.to_owned();
    for (n, got) in all.iter().enumerate() {
        let at = n * 60 + 1;
        let _ = write!(flow, "{at} a > p call=c{n}\nOPTIONS sip:p.example\n\n");
        if !got.is_empty() {
            let _ = write!(flow, "+0.1 p > a call=c{n}\n{got}\n\n");
        }
    }
    // The capture goes on.
    flow + "+60 q > z call=end\nOPTIONS sip:z.example\n\n+0.1 z > q call=end\n200 OK\n\n"
}

fn texts(flow: &str) -> Vec<(Severity, String)> {
    with_code(flow, RULE.code).iter().map(|f| (f.severity, f.message.to_string())).collect()
}

#[test]
fn from_the_third_on_they_are_told_with_their_beginning_and_end() {
    let all = flow(&["200 OK", "", "", "", "503 Service Unavailable", "404 Not Found", "200 OK"]);
    let found = texts(&all);
    assert_eq!(found, [
        (Severity::Warning, "198.51.100.5:5060 did not answer OPTIONS of 192.0.2.10: number 3 in a row that failed, the first of which was sent 2 min before. 1 had been answered before that.".to_owned()),
        (Severity::Warning, "198.51.100.5:5060 answered OPTIONS of 192.0.2.10 with 503 Service Unavailable: number 4 in a row that failed, the first of which was sent 3 min before. 1 had been answered before that.".to_owned()),
        (Severity::Notice, "198.51.100.5:5060 answers OPTIONS of 192.0.2.10 again: 4 in a row had failed, the first of which was sent 4 min before.".to_owned()),
    ]);
    let reports = reports(&all);
    for report in &reports[4..6] {
        assert_eq!(
            (report.root_cause, codes(report)),
            (Some(RULE.code), vec!["options-ping-failing warning".to_owned()])
        );
    }
}

#[test]
fn a_server_that_accepts_calls_meanwhile_works() {
    let call = "70 a > p call=i\nINVITE sip:bob@p.example\n\n+0.1 p > a call=i\n200 OK\n\n+0.1 a > p call=i\nACK\n\n+5 a > p call=i\nBYE\n\n+0.1 p > a call=i\n200 OK\n\n";
    let third = "121 a > p";
    let found = texts(&flow(&["", "", ""]).replace(third, &[call, third].concat()));
    assert!(
        matches!(&found[..], [(_, text)] if text.ends_with("None of them was answered before in this capture. Meanwhile it accepted a call: the server works, and only OPTIONS fail.")),
        "{found:?}"
    );
}

#[test]
fn what_is_alive_or_not_proven_is_not_told() {
    for (name, flow) in [
        ("any other response", flow(&["404 Not Found", "405 Not Allowed", "500 Down", "486 Busy Here"])),
        ("two in a row", flow(&["", "", "200 OK", "", "503 Down", "200 OK"])),
        ("one direction", flow(&["", "", ""]).replace(HOSTS.split_once("\n\n").unwrap().1, "")),
    ] {
        assert!(texts(&flow).is_empty(), "{name}: {:?}", texts(&flow));
    }
    // Each of several servers has its own row.
    let several = flow(&["", "", ""]).replace("61 a > p", "61 a > q");
    assert!(texts(&several).is_empty());
}

#[test]
fn one_group_of_all_of_them_is_told_once() {
    let mut flow = HOSTS.to_owned();
    for n in 0..5 {
        let _ = write!(
            flow,
            "{} a > p call=c cseq={}\nOPTIONS sip:p.example\n\n+0.1 p > a call=c cseq={}\n503 Down\n\n",
            n * 3 + 1,
            n + 1,
            n + 1
        );
    }
    assert_eq!(texts(&flow).len(), 1, "{:?}", texts(&flow));
}

#[test]
fn a_client_behind_nat_that_is_asked_in_vain_is_told_as_that() {
    let nat = |via: &str, got: &str| {
        let mut flow = HOSTS.to_owned()
            + &format!(
                "1 z > p call=r\nREGISTER sip:p.example\nVia: SIP/2.0/UDP {via}:5060;rport;branch=z9hG4bKr\nFrom: <sip:b@p.example>\nTo: <sip:b@p.example>\n\
             Contact: <sip:b@{via}>\n\n+0.1 p > z call=r\n200 OK\n\n"
            );
        for n in 1..4 {
            let _ = write!(
                flow,
                "{} p > z call=c{n}\nOPTIONS sip:b@{via}\n\n{}",
                n * 60,
                got.replace("{n}", &n.to_string())
            );
        }
        flow + "+60 q > a call=end\nOPTIONS sip:a.example\n\n+0.1 a > q call=end\n200 OK\n\n"
    };
    let is_told = |flow: &str| {
        let found = texts(flow);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].1.contains("the NAT may have given it up")
    };
    assert!(is_told(&nat("192.168.1.20", "")));
    assert!(!is_told(&nat("203.0.113.9", "")));
    assert!(!is_told(&nat("192.168.1.20", "+0.1 z > p call=c{n}\n503 Down\n\n")));
}
