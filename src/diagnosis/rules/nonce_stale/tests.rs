use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::testing::{only, with_code};

const HOSTS: &str = "host a 192.0.2.10\nhost c 192.0.2.11\nhost p 198.51.100.5\n\n";

/// One request of a call: its number, the nonce and nonce count of its credentials, and the nonce of the challenge that it gets, or its success.
fn request(at: f64, call: &str, cseq: u32, sent: Option<(&str, u32)>, got: Result<&str, &str>) -> String {
    let credentials = sent.map_or(String::new(), |(nonce, count)| {
        format!("Authorization: Digest username=\"alice\", realm=\"r\", nonce=\"{nonce}\", uri=\"sip:p\", qop=auth, nc={count:08}, response=\"0\"\n")
    });
    let got = match got {
        Ok(status) => status.to_owned(),
        Err(challenge) => format!("401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", {challenge}"),
    };
    format!(
        "{at:.3} a > p call={call} cseq={cseq}\nREGISTER sip:p\nFrom: <sip:alice@p>\nContact: <sip:alice@192.0.2.10>\n{credentials}\n\
         +0.01 p > a call={call} cseq={cseq}\n{got}\n\n"
    )
}

/// A registration whose first nonce is refused as stale after `age` seconds; `again` is what the next one gets.
fn stale(at: f64, call: &str, age: f64, again: Result<&str, &str>) -> String {
    [
        request(at, call, 1, None, Err("nonce=\"n1\"")),
        request(at + age, call, 2, Some(("n1", 1)), Err("nonce=\"n2\", stale=true")),
        request(at + age + 0.1, call, 3, Some(("n2", 1)), again),
    ]
    .concat()
}

fn flow(times: u32, one: impl Fn(f64, &str) -> String) -> String {
    let mut flow = HOSTS.to_owned();
    for n in 0..times {
        flow += &one(f64::from(n) * 60.0, &format!("c{n}"));
    }
    flow
}

#[test]
fn nonces_that_are_stale_at_once_again_and_again_are_told() {
    let finding = only(&flow(4, |at, call| stale(at, call, 0.1, Ok("200 OK"))), RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.5:5060 refused 4 nonces of realm \"r\" as stale that it had issued less than 1 s before, all of 1 client, and accepted the same requests with \
         the next nonce. It had not accepted most of them before: several servers behind that address that do not share the secret of their nonces look like this, or \
         nonces that live for a moment only."
    );
    assert_eq!((finding.severity, finding.calls_total), (Severity::Notice, 4));
}

#[test]
fn a_nonce_that_is_taken_once_is_told_from_one_that_is_sent_again() {
    for (count, said) in [(2, "takes each nonce once only"), (1, "with the same nonce count (nc)")] {
        let one = |at: f64, call: &str| {
            [
                request(at, call, 1, None, Err("nonce=\"n1\"")),
                request(at + 0.1, call, 2, Some(("n1", 1)), Ok("200 OK")),
                request(at + 3.0, call, 3, Some(("n1", count)), Err("nonce=\"n2\", stale=true")),
                request(at + 3.1, call, 4, Some(("n2", 1)), Ok("200 OK")),
            ]
            .concat()
        };
        let text = only(&flow(3, one), RULE.code).message.to_string();
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn many_clients_are_one_finding() {
    let mut steps = HOSTS.to_owned();
    for n in 0..10 {
        let _ = write!(steps, "host h{n} 192.0.2.{}\n\n", 100 + n);
    }
    let mut calls = String::new();
    for n in 0..10 {
        let one = stale(f64::from(n) * 5.0, &format!("c{n}"), 0.1, Ok("200 OK"));
        calls += &one.replace(" a > p", &format!(" h{n} > p")).replace(" p > a", &format!(" p > h{n}"));
    }
    let text = only(&format!("{}{calls}", steps.replace("\n\n", "\n") + "\n"), RULE.code).message.to_string();
    assert!(text.contains("of 10 clients"), "{text}");
}

#[test]
fn what_is_ordinary_or_told_elsewhere_is_none() {
    let alone = |at: f64, call: &str| {
        // The nonce is that of an earlier registration, which is over.
        [
            request(at, call, 1, Some(("old", 2)), Err("nonce=\"n2\", stale=true")),
            request(at + 0.1, call, 2, Some(("n2", 1)), Ok("200 OK")),
        ]
        .concat()
    };
    let wrong = |at: f64, call: &str| stale(at, call, 0.1, Ok("200 OK")).replace(", stale=true", "");
    let users = flow(6, |at, call| stale(at, call, 0.1, Ok("200 OK")).replace("\"alice\"", &format!("\"{call}\"")));
    for (name, steps) in [
        ("many users behind one address", users),
        ("refused behind it", flow(6, |at, call| stale(at, call, 0.1, Ok("403 Forbidden")))),
        ("an outage behind it", flow(6, |at, call| stale(at, call, 0.1, Ok("503 Service Unavailable")))),
        ("twice", flow(2, |at, call| stale(at, call, 0.1, Ok("200 OK")))),
        ("one for each registration", flow(6, alone)),
        ("not stale", flow(6, wrong)),
        ("refused all the same", flow(6, |at, call| stale(at, call, 0.1, Err("nonce=\"n3\", stale=true")))),
        ("old", flow(6, |at, call| stale(at, call, 35.0, Ok("200 OK")))),
        (
            "no new credentials",
            flow(6, |at, call| {
                let whole = stale(at, call, 0.1, Ok("200 OK"));
                whole.split_inclusive("\n\n").take(4).collect()
            }),
        ),
    ] {
        assert!(with_code(&steps, RULE.code).is_empty(), "{name}");
    }
}

#[test]
fn the_server_behind_a_proxy_is_named_where_the_capture_shows_it() {
    let forwarded = |steps: String| {
        let mut all = String::new();
        for step in steps.split_inclusive("\n\n") {
            // Each request goes on, and each response comes from behind.
            let hop = step.replace("a > p", "p > q forward").replace("+0.01 p > a", "+0.005 q > p");
            let is_request = step.contains("a > p");
            let hop = if is_request { hop.replacen(step.split(' ').next().unwrap(), "+0.001", 1) } else { hop };
            let back = step.replace("p > a", "p > a forward").replace("+0.01", "+0.001");
            let (first, second) = if is_request { (step, hop.as_str()) } else { (hop.as_str(), back.as_str()) };
            all.extend([first, second]);
        }
        all
    };
    let steps = flow(4, |at, call| forwarded(stale(at, call, 0.1, Ok("200 OK"))));
    let finding = only(&steps.replacen("host p", "host q 198.51.100.9\nhost p", 1), RULE.code);
    assert!(finding.message.to_string().starts_with("198.51.100.9:5060 refused 4 nonces"), "{}", finding.message);
}
