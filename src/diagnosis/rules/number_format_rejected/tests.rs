use super::RULE;
use crate::diagnosis::reports::{codes, reports};
use crate::diagnosis::testing::{call, only, with_code};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost b 192.0.2.11\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";

/// INVITEs, each from a client to a server for a user, and what it gets.
fn flow(rows: &[(&str, &str, &str)]) -> String {
    flow_every(100.0, rows)
}

/// The same with so many seconds from call to call.
fn flow_every(seconds: f64, rows: &[(&str, &str, &str)]) -> String {
    let calls = rows.iter().zip(0_u32..).map(|((way, called, got), n)| {
        call(f64::from(n) * seconds, n as usize, way, &format!("sip:{called}@p.example"), got)
    });
    format!("{HOSTS}{}", calls.collect::<String>())
}

const OK: &str = "200 OK";
const NO: &str = "404 Not Found";

/// Three accepted calls to that number, and a refused one.
fn beside<'a>(accepted: &'a str, refused: &'a str, got: &'a str) -> Vec<(&'a str, &'a str, &'a str)> {
    let accepted = ("a>p", accepted, OK);
    vec![accepted, accepted, accepted, ("a>p", refused, got)]
}

#[test]
fn a_number_that_is_written_in_another_way_is_told() {
    for (accepted, refused, got, words) in [
        (
            "12125550101",
            "+12125550102",
            NO,
            "+12125550102 is written with + and country code.|as 11 digits that begin with 1, such as 12125550101",
        ),
        (
            "+12125550101",
            "2125550102",
            NO,
            "2125550102 is written as 10 digits.|with + and country code, such as +12125550101",
        ),
        (
            "+442079460101",
            "00442079460102",
            "484 Address Incomplete",
            "00442079460102 is written with 00 in front.|with + and country code, such as +442079460101",
        ),
        (
            "+442079460101",
            "442079460102",
            NO,
            "442079460102 is written as digits without + or 0 in front.|with + and country code, such as +442079460101",
        ),
        (
            "+442079460101",
            "02079460102",
            NO,
            "02079460102 is written as a national number with 0 in front.|with + and country code, such as +442079460101",
        ),
        (
            "442079460101",
            "+442079460102",
            NO,
            "+442079460102 is written with + and country code.|as digits without + or 0 in front, such as 442079460101",
        ),
    ] {
        let flow = flow(&beside(accepted, refused, got));
        let finding = only(&flow, RULE.code);
        let (this, those) = words.split_once('|').unwrap();
        let expected = format!(
            "198.51.100.5:5060 answered INVITE with {got}. The called number {this} None of the numbers of the 3 calls of this client that it accepted \
             in this capture is: they are written {those}."
        );
        assert_eq!(finding.message.to_string(), expected);
        assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong));
        let last = reports(&flow).pop().unwrap();
        assert_eq!((last.root_cause, codes(&last)[0].as_str()), (Some(RULE.code), "number-format-rejected error"));
        assert!(last.findings.iter().all(|f| f.code != "failed-response"), "{:?}", codes(&last));
    }
}

#[test]
fn one_call_to_compare_leaves_doubt() {
    let finding = only(&flow(&[("a>p", "12125550101", OK), ("a>p", "+12125550102", NO)]), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.ends_with(
            "is written as 11 digits that begin with 1: 12125550101. With so few calls to compare that may be chance."
        ),
        "{text}"
    );
    assert_eq!(finding.certainty, Certainty::Weak);
}

#[test]
fn what_the_form_does_not_explain_is_left_to_the_catalogue() {
    for (name, rows) in [
        ("nothing to compare", vec![("a>p", "+12125550102", NO)]),
        ("the same form works", beside("+12125550101", "+12125550102", NO)),
        ("the same form works for another client", {
            let mut rows = beside("12125550101", "+12125550102", NO);
            rows.insert(0, ("b>p", "+12125550101", OK));
            rows
        }),
        ("only another client was accepted", vec![("b>p", "12125550101", OK), ("a>p", "+12125550102", NO)]),
        ("accepted by another server", vec![("a>q", "12125550101", OK), ("a>p", "+12125550102", NO)]),
        ("a name", beside("+12125550101", "alice", NO)),
        ("names work", beside("alice", "+12125550102", NO)),
        ("a short number", beside("+12125550101", "1001", NO)),
        ("another country", beside("12125550101", "+442079460102", NO)),
        ("it may be another country", beside("02079460101", "+442079460102", NO)),
        ("a Chinese mobile number like the others", beside("13822345678", "13800138000", NO)),
        ("an impossible number in the same form", beside("12125550101", "12121550101", NO)),
        ("the first digits of a number", beside("+442079460101", "0207946", "484 Address Incomplete")),
        ("another status", beside("12125550101", "+12125550102", "480 Temporarily Unavailable")),
    ] {
        assert!(with_code(&flow(&rows), RULE.code).is_empty(), "{name}");
    }
}

#[test]
fn calls_behind_it_count_where_the_capture_ends_with_all_of_them() {
    let mut rows = beside("+442079460101", "442079460102", NO);
    rows.rotate_right(1);
    let text = only(&flow_every(1.0, &rows), RULE.code).message.to_string();
    assert!(text.contains("of the 3 calls of this client that it accepted in this capture is"), "{text}");
    rows.push(("a>p", "442079460103", OK));
    assert!(with_code(&flow_every(1.0, &rows), RULE.code).is_empty());
    let mut rows = beside("+442079460101", "442079460102", NO);
    rows.push(("a>p", "442079460103", OK));
    let text = only(&flow(&rows), RULE.code).message.to_string();
    assert!(text.contains("of the 3 calls of this client that it accepted before in this capture is"), "{text}");
}

#[test]
fn a_scanner_is_not_told_how_numbers_are_written() {
    let usual = flow(&beside("12125550101", "+12125550102", NO));
    let line = "INVITE sip:+12125550102@p.example\n";
    let scan = usual.replace(line, &format!("{line}User-Agent: friendly-scanner\n"));
    assert_eq!([usual, scan].map(|flow| with_code(&flow, RULE.code).len()), [1, 0]);
}
