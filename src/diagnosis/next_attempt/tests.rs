use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::diagnosis::testing::{diagnose, diagnose_with};

const HOSTS: &str = "host a 192.0.2.10\nhost b 192.0.2.11\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";

/// A call at a time, from and to these hosts, for a user, and what it gets; one that is answered goes on for as long.
fn call(at: f64, way: &str, user: &str, got: &str, talk: f64) -> String {
    let (client, server) = way.split_once('>').unwrap();
    let name = format!("{at}");
    let set_up = format!(
        "{at} {client} > {server} call=c{name}\nINVITE sip:{user}@{server}.example\nFrom: <sip:alice@corp.example>\nTo: <sip:{user}@corp.example>\n\n\
         +0.02 {server} > {client} call=c{name}\n{got}\n\n+0.01 {client} > {server} call=c{name}\nACK\n\n"
    );
    if !got.starts_with('2') {
        return set_up;
    }
    format!(
        "{set_up}+{talk} {client} > {server} call=c{name}\nBYE\n\n+0.01 {server} > {client} call=c{name}\n200 OK\n\n"
    )
}

/// Later traffic of others, for the clock.
fn later(until: u32) -> String {
    (20..until).step_by(5).fold(String::new(), |mut flow, at| {
        let _ = write!(flow, "{at} b > q call=o{at}\nOPTIONS sip:q\n\n+0.01 q > b call=o{at}\n200 OK\n\n");
        flow
    })
}

/// Severity and words of what is said of the first call that failed.
fn said(steps: &[String], until: u32) -> (Severity, String) {
    let found = diagnose(&format!("{HOSTS}{}{}", steps.concat(), later(until)));
    let report = found.calls.into_iter().find(|report| report.root_cause.is_some()).unwrap();
    (report.findings[0].severity, report.findings[0].message.to_string())
}

const NO: &str = "415 Unsupported Media Type";

#[test]
fn a_caller_that_gets_through_at_once_is_told_with_the_call_that_was_answered() {
    // Whether the capture ends soon, or the next call goes on for longer than the refused one is waited for.
    for (talk, until) in [(3.0, 0), (3.0, 200), (150.0, 200)] {
        for got in [NO, "503 Service Unavailable", "404 Not Found", "488 Not Acceptable Here"] {
            let (severity, text) =
                said(&[call(0.0, "a>p", "bob", got, 0.0), call(0.5, "a>p", "bob", "200 OK", talk)], until);
            let told = "The same caller called the same party again 480 ms later, under another Call-ID, and call 2 was answered.";
            assert!(text.ends_with(told), "{got} {talk} {until}: {text}");
            assert_eq!(severity, Severity::Warning, "{got}");
        }
    }
}

#[test]
fn the_next_route_of_an_element_is_no_call_of_its_caller() {
    let of = |got: &str, at: f64, way: &str| {
        said(&[call(0.0, "a>p", "bob", got, 0.0), call(at, way, "bob", "200 OK", 3.0)], 60)
    };
    let route = "192.0.2.10:5060 sent the same call to another server, 198.51.100.6:5060, 80 ms later and under another Call-ID, and call 2 was \
        answered: its next route worked.";
    let again = "The same caller called the same party again";
    let overloaded = "503 Service Unavailable";
    for (got, at, way, severity, words) in [
        (overloaded, 0.1, "a>q", Severity::Notice, route),
        (NO, 0.1, "a>q", Severity::Warning, route),
        // Whoever takes longer may be a person at the telephone, whichever server its telephone takes.
        (overloaded, 3.0, "a>q", Severity::Warning, again),
        // The same server, which had not been as overloaded as that.
        (overloaded, 0.1, "a>p", Severity::Warning, again),
    ] {
        let (found, text) = of(got, at, way);
        assert!(found == severity && text.contains(words), "{got} {at} {way}: {found:?} {text}");
    }
    // Where that one was overloaded as well, nothing helped.
    assert_eq!(
        said(&[call(0.0, "a>p", "bob", overloaded, 0.0), call(0.1, "a>q", "bob", overloaded, 0.0)], 60).0,
        Severity::Error
    );
}

#[test]
fn what_helped_is_not_said_to_be_of_no_use() {
    let credentials = "Authorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"\nFrom:";
    let refused = || call(0.0, "a>p", "bob", "403 Forbidden", 0.0);
    for first in [refused(), refused().replace("From:", credentials)] {
        let found = |steps: &str| {
            let report = diagnose(&format!("{HOSTS}{steps}{}", later(60))).calls.remove(0);
            let finding = report.findings[0].clone();
            let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            (finding.message.to_string(), fixes.join("\n"))
        };
        let (text, fixes) = found(&first);
        assert!(text.contains("help") || text.contains("repeating"), "{text}");
        assert!(!fixes.contains("Compare the INVITE with"), "{fixes}");
        let (text, fixes) = found(&format!("{first}{}", call(0.5, "a>p", "bob", "200 OK", 3.0)));
        assert!(
            text.contains("call 2 was answered") && !text.contains("help") && !text.contains("repeating"),
            "{text}"
        );
        assert!(fixes.starts_with("Compare the INVITE with"), "{fixes}");
        assert!(!fixes.contains("Source address") && !fixes.contains("password"), "{fixes}");
    }
}

#[test]
fn other_calls_leave_it_an_error() {
    let refused = || call(10.0, "a>p", "bob", NO, 0.0);
    for (name, steps) in [
        ("another callee", vec![refused(), call(10.5, "a>p", "carol", "200 OK", 3.0)]),
        ("answered before", vec![call(9.0, "a>p", "bob", "200 OK", 0.3), refused()]),
        ("a long gap", vec![refused(), call(16.0, "a>p", "bob", "200 OK", 3.0)]),
        ("another client", vec![refused(), call(10.5, "b>p", "bob", "200 OK", 3.0)]),
        ("refused again", vec![refused(), call(10.5, "a>p", "bob", NO, 0.0)]),
        (
            "the same extension of another customer",
            vec![refused(), call(10.5, "a>p", "bob", "200 OK", 3.0).replace("alice@corp", "alice@other")],
        ),
        (
            "a load test",
            [refused(), call(10.5, "a>p", "bob", "200 OK", 3.0)]
                .iter()
                .map(|s| s.replace("From:", "User-Agent: SIPp\nFrom:"))
                .collect(),
        ),
        ("another caller", vec![refused(), call(10.5, "a>p", "bob", "200 OK", 3.0).replace("alice", "dave")]),
        (
            "withheld",
            [refused(), call(10.5, "a>p", "bob", "200 OK", 3.0)]
                .iter()
                .map(|s| s.replace("alice", "anonymous"))
                .collect(),
        ),
    ] {
        let (severity, text) = said(&steps, 60);
        assert!(severity == Severity::Error && !text.contains("called the same party again"), "{name}: {text}");
    }
}

#[test]
fn all_attempts_in_front_of_the_one_that_gets_through_are_told_of_it() {
    for talk in [3.0, 150.0] {
        let steps = [
            call(0.0, "a>p", "bob", NO, 0.0),
            call(0.5, "a>q", "bob", "503 Service Unavailable", 0.0),
            call(1.0, "a>p", "bob", "200 OK", talk),
            // Nor does a later call take its place.
            call(3.5, "a>p", "bob", "200 OK", 1.0),
        ];
        let mut found = diagnose(&format!("{HOSTS}{}{}", steps.concat(), later(200))).calls;
        found.sort_by_key(|report| report.call.number);
        let said: Vec<_> = found.iter().filter(|r| r.root_cause.is_some()).map(|r| &r.findings[0]).collect();
        assert_eq!(said.len(), 2);
        for finding in said {
            let text = finding.message.to_string();
            assert!(finding.severity <= Severity::Warning && text.contains("and call 3 was answered"), "{text}");
        }
    }
}

#[test]
fn a_whole_number_calls_from_any_domain() {
    let steps =
        [call(0.0, "a>p", "bob", NO, 0.0), call(0.5, "a>p", "bob", "200 OK", 3.0).replace("alice@corp", "alice@x")];
    let steps = steps.map(|step| step.replace("alice", "+12125550101"));
    assert_eq!(said(&steps, 60).0, Severity::Warning);
}

#[test]
fn what_the_user_sets_stays() {
    let settings = Settings {
        severities: BTreeMap::from([("failed-response", Severity::Critical)].map(|(code, s)| (code.into(), s))),
        ..Settings::default()
    };
    let flow = format!("{HOSTS}{}{}", call(0.0, "a>p", "bob", NO, 0.0), call(0.5, "a>p", "bob", "200 OK", 3.0));
    let found = diagnose_with(&flow, settings);
    assert_eq!(found.calls[0].findings[0].severity, Severity::Critical);
}
