use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::testing::{call, only, with_code};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";

/// A call for each row: when, from whom to whom, and what it gets.
fn flow<'a>(rows: impl IntoIterator<Item = (f64, &'a str, &'a str)>) -> String {
    let calls =
        rows.into_iter().enumerate().map(|(n, (at, way, got))| call(at, n, way, &format!("sip:bob{n}@p.example"), got));
    format!("{HOSTS}{}", calls.collect::<String>())
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

#[test]
fn a_refusal_that_is_passed_on_is_that_of_the_server_behind() {
    let mut flow = HOSTS.to_owned();
    for n in 0..24 {
        let from = "From: <sip:+12125550101@a.example>";
        let _ = write!(
            flow,
            "{n} a > p call=x{n}\nINVITE sip:+12155550113@p.example\n{from}\n\n+0.01 p > q call=y{n}\nINVITE sip:+12155550113@q.example\n{from}\n\n\
             +0.05 q > p call=y{n}\n503 Down\n\n+0.001 p > q call=y{n}\nACK\n\n+0.01 p > a call=x{n}\n503 Down\n\n+0.01 a > p call=x{n}\nACK\n\n"
        );
    }
    let text = only(&flow, RULE.code).message.to_string();
    assert!(text.starts_with("198.51.100.6:5060 answered 24 of 24 INVITEs"), "{text}");
}

#[test]
fn another_server_may_take_the_call_under_a_new_call_id() {
    // `call` ends calls of its own: those that were refused are over later than those that were answered.
    let each = |after: f64, other: u32, way: &str| {
        let rows = (0..24).map(|n| {
            let (at, user) = (f64::from(n) * 10.0, format!("sip:bob{n}@p.example"));
            let again = format!("sip:bob{}@q.example", n + other);
            [call(at, n as usize, "a>p", &user, "503 Down"), call(at + after, 100 + n as usize, way, &again, "200 OK")]
                .concat()
        });
        only(&format!("{HOSTS}host c 192.0.2.77\n\n{}", rows.collect::<String>()), RULE.code)
    };
    let taken = each(0.5, 0, "a>q");
    let text = taken.message.to_string();
    assert!(text.ends_with("Each of these calls was answered by another server."), "{text}");
    assert_eq!(taken.severity, Severity::Warning);
    // Too late, another callee, the same server, another client.
    for (after, other, way) in [(6.0, 0, "a>q"), (0.5, 1000, "a>q"), (0.5, 0, "a>p"), (0.5, 0, "c>q")] {
        assert_eq!(each(after, other, way).severity, Severity::Error, "{after} {other} {way}");
    }
}

#[test]
fn where_another_server_took_each_call_it_is_a_warning() {
    let mut flow = HOSTS.to_owned();
    for n in 0..24 {
        let invite = format!("call=c{n}\nINVITE sip:bob@p.example\n\n");
        let _ = write!(
            flow,
            "{n} a > p branch=p{n} {invite}+0.05 p > a branch=p{n} tag=p call=c{n}\n503 Down\n\n+0.01 a > p branch=p{n} call=c{n}\nACK\n\n\
             +0.01 a > q branch=q{n} {invite}+0.05 q > a branch=q{n} tag=q call=c{n}\n200 OK\n\n+0.01 a > q call=c{n}\nACK\n\n\
             +0.2 a > q call=c{n}\nBYE\n\n+0.01 q > a call=c{n}\n200 OK\n\n"
        );
    }
    let finding = only(&flow, RULE.code);
    let text = finding.message.to_string();
    assert!(text.ends_with("Each of these calls was answered by another server."), "{text}");
    assert_eq!((finding.severity, finding.remediation.len()), (Severity::Warning, 2));
}
