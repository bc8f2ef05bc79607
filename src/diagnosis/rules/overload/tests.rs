use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::testing::{only, with_code};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";

/// A call for each row: when, from whom to whom, and what it gets.
fn flow<'a>(rows: impl IntoIterator<Item = (f64, &'a str, &'a str)>) -> String {
    let mut flow = HOSTS.to_owned();
    for (n, (at, way, got)) in rows.into_iter().enumerate() {
        let (client, server) = way.split_once('>').unwrap();
        let _ = write!(
            flow,
            "{at} {client} > {server} call=c{n}\nINVITE sip:bob{n}@p.example\n\n+0.05 {server} > {client} call=c{n}\n{got}\n\n\
             +0.01 {client} > {server} call=c{n}\nACK\n\n"
        );
        if got.starts_with('2') {
            let _ = write!(
                flow,
                "+0.1 {client} > {server} call=c{n}\nBYE\n\n+0.01 {server} > {client} call=c{n}\n200 OK\n\n"
            );
        }
    }
    flow
}

/// Calls to `p`, one each second, of which these get 503.
fn share(calls: u32, refused: u32) -> String {
    let got = |n: u32| if n < refused { "503 Service Unavailable" } else { "200 OK" };
    flow((0..calls).map(|n| (f64::from(n), "a>p", got(n))))
}

#[test]
fn a_server_that_refuses_more_than_one_in_twenty_is_told() {
    let finding = only(&share(40, 4), RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.5:5060 answered 4 of 40 INVITEs with 503 (10 %), within 3 s. 503 says that it cannot take requests for now: it is overloaded \
         or in maintenance, or lacks a channel or gateway behind it."
    );
    assert_eq!((finding.severity, finding.calls.len(), finding.calls_total), (Severity::Error, 4, 4));
    for (calls, refused) in [(19, 4), (80, 4), (20, 2), (40, 0)] {
        assert!(with_code(&share(calls, refused), RULE.code).is_empty(), "{refused} of {calls}");
    }
}

const WAIT: &str = "503 Service Unavailable\nRetry-After: 30";

#[test]
fn a_client_that_does_not_wait_is_told() {
    let finding = only(
        &flow([(0.0, "a>p", WAIT), (5.0, "a>p", WAIT), (10.0, "a>p", "200 OK"), (50.0, "a>p", "200 OK")]),
        RULE.code,
    );
    assert_eq!(
        finding.message.to_string(),
        "192.0.2.10 sent 2 new requests to 198.51.100.5:5060 in the time for which 503 asked it to wait (Retry-After of 30 s)."
    );
    assert_eq!((finding.severity, finding.calls_total), (Severity::Warning, 2));
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
}

#[test]
fn whoever_waits_or_goes_elsewhere_is_not() {
    let options = "3 a > p call=o\nOPTIONS sip:p.example\n\n+0.1 p > a call=o\n200 OK\n\n4 a > p call=o2\nOPTIONS sip:p.example\n\n+0.1 p > a call=o2\n200 OK\n\n";
    for (name, flow) in [
        ("fail-over", flow([(0.0, "a>p", WAIT), (0.1, "a>q", "200 OK"), (3.0, "a>q", "200 OK")])),
        ("afterwards", flow([(0.0, "a>p", WAIT), (31.0, "a>p", "200 OK"), (33.0, "a>p", "200 OK")])),
        ("on their way", flow([(0.0, "a>p", WAIT), (0.2, "a>p", WAIT), (0.4, "a>p", WAIT)])),
        ("no time is named", flow([(0.0, "a>p", "503 Down"), (2.0, "a>p", "503 Down"), (4.0, "a>p", "503 Down")])),
        ("no time at all", flow((0..3).map(|n| (f64::from(n), "a>p", "503 Down\nRetry-After: 0")))),
        ("another status", flow((0..3).map(|n| (f64::from(n), "a>p", "480 Gone\nRetry-After: 30")))),
        ("keep-alives", flow([(0.0, "a>p", WAIT)]) + options),
        ("one call", flow([(0.0, "a>p", WAIT), (5.0, "a>p", "200 OK")])),
    ] {
        assert!(with_code(&flow, RULE.code).is_empty(), "{name}");
    }
}
