use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::reports::{codes, reports};
use crate::diagnosis::testing::{call, only, with_code};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost b 192.0.2.11\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";

/// An INVITE for each row (who sends it to whom, the called user, From, more header fields), accepted or with that response.
fn flow(rows: &[(&str, &str, &str, &str, &str)]) -> String {
    flow_every(100.0, rows)
}

/// The same with so many seconds from call to call.
fn flow_every(seconds: f64, rows: &[(&str, &str, &str, &str, &str)]) -> String {
    let calls = rows.iter().zip(0_u32..).map(|((way, called, from, more, got), n)| {
        let more = if more.is_empty() { String::new() } else { format!("\n{more}") };
        let invite = format!("sip:{called}@p.example\nFrom: <sip:{from}>{more}");
        call(f64::from(n) * seconds, n as usize, way, &invite, got)
    });
    format!("{HOSTS}{}", calls.collect::<String>())
}

const OK: &str = "200 OK";
const NO: &str = "403 Forbidden";
const CALLER: &str = "+12125550101@corp.example";

/// A row that three calls make which were accepted.
fn beside<'a>(
    refused: (&'a str, &'a str, &'a str, &'a str, &'a str),
) -> Vec<(&'a str, &'a str, &'a str, &'a str, &'a str)> {
    let accepted = ("a>p", "+12155550113", CALLER, "", OK);
    vec![accepted, accepted, accepted, refused]
}

#[test]
fn what_no_accepted_call_has_is_told() {
    for (refused, words, fix) in [
        (
            ("b>p", "+12155550114", CALLER, "", NO),
            "it came from 192.0.2.11, they from 192.0.2.10",
            "If 192.0.2.11 is to place calls here",
        ),
        (
            ("a>p", "+12155550114", "+12125550101@other.example", "", NO),
            "the domain of its From is other.example, of theirs corp.example",
            "Send From with the domain of the accepted calls (corp.example)",
        ),
        (
            ("a>p", "+12155550114", "+12125550101@192.0.2.10", "", NO),
            "the domain of its From is the address that it came from, of theirs corp.example",
            "Send From with the domain",
        ),
        (
            ("a>p", "+12155550114", "1001@corp.example", "", NO),
            "the user of its From is 1001, written as a short number, and theirs is written with + and country code",
            "Send the user of From as in the accepted calls: written with + and country code.",
        ),
        (
            ("a>p", "+12155550114", "+12125550199@corp.example", "", NO),
            "its calling number is +12125550199, theirs always +12125550101",
            "Send +12125550101 as the calling number",
        ),
        (
            ("a>p", "+12155550114", CALLER, "P-Asserted-Identity: <sip:+12125550101@corp.example>", NO),
            "it has P-Asserted-Identity, and none of them has",
            "Leave P-Asserted-Identity out",
        ),
        (
            ("a>p", "+442079460100", CALLER, "", NO),
            "it goes to a number with country code 44, they to a number with country code 1",
            "Ask the operator of 198.51.100.5:5060 whether this account may place calls to a number with country code 44.",
        ),
    ] {
        let flow = flow(&beside(refused));
        let finding = only(&flow, RULE.code);
        let text = finding.message.to_string();
        let expected = format!(
            "198.51.100.5:5060 answered INVITE with 403 Forbidden. It accepted 3 calls in this capture, and this one differs from all \
             of them: {words}."
        );
        assert_eq!(text, expected);
        assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong));
        assert!(finding.remediation[0].to_string().starts_with(fix), "{}", finding.remediation[0]);
        let last = reports(&flow).pop().unwrap();
        assert_eq!((last.root_cause, codes(&last)[0].as_str()), (Some(RULE.code), "forbidden-explained error"));
        assert!(last.findings.iter().all(|f| f.code != "failed-response"), "{:?}", codes(&last));
    }
}

#[test]
fn few_calls_and_several_differences_leave_doubt() {
    let one = [("a>p", "+12155550113", CALLER, "", OK), ("b>p", "+12155550114", CALLER, "", NO)];
    let finding = only(&flow(&one), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.ends_with(
            "It accepted 1 call in this capture, which differs from this one: it came from 192.0.2.11, they from 192.0.2.10. \
             With so few calls to compare that may be chance."
        ),
        "{text}"
    );
    assert_eq!(finding.certainty, Certainty::Weak);
    let both = flow(&beside(("b>p", "+12155550114", "+12125550101@other.example", "", NO)));
    let finding = only(&both, RULE.code);
    assert!(finding.message.to_string().ends_with("Which of these it refuses is not known."), "{}", finding.message);
    assert_eq!(finding.certainty, Certainty::Weak);
}

#[test]
fn a_reason_that_says_no_more_is_told_as_well() {
    let refused = ("b>p", "+12155550114", CALLER, "", "403 Forbidden\nReason: Q.850;cause=21");
    let text = only(&flow(&beside(refused)), RULE.code).message.to_string();
    assert!(
        text.ends_with("they from 192.0.2.10. The response itself gives the reason Q.850 cause 21: Call rejected."),
        "{text}"
    );
}

#[test]
fn what_is_no_difference_is_left_to_the_catalogue() {
    let other = ("b>p", "+12155550114", CALLER, "", NO);
    let credentials = "Authorization: Digest username=\"u\", realm=\"r\", nonce=\"1\", uri=\"sip:p\", response=\"0\"";
    for (name, rows) in [
        ("no accepted call", vec![other]),
        ("accepted by another server", vec![("a>q", "+12155550113", CALLER, "", OK), other]),
        (
            "an accepted call has it as well",
            vec![("a>p", "+12155550113", CALLER, "", OK), ("b>p", "+12155550113", CALLER, "", OK), other],
        ),
        ("nothing differs", beside(("a>p", "+12155550114", CALLER, "", NO))),
        ("with credentials", beside(("b>p", "+12155550114", CALLER, credentials, NO))),
        ("a limit", beside(("b>p", "+12155550114", CALLER, "", "403 Call limit exceeded"))),
        ("a reason", beside(("b>p", "+12155550114", CALLER, "", "403 Forbidden\nReason: Q.850;cause=17"))),
        ("a signature", beside(("b>p", "+12155550114", CALLER, "", "403 Stale Date"))),
        ("another status", beside(("b>p", "+12155550114", CALLER, "", "404 Not Found"))),
        ("a registration", beside(("b>p", "+12155550114", CALLER, "", "403 User not registered"))),
        ("a number with separators", beside(("a>p", "+12155550114", "+1-212-555-0101@corp.example", "", NO))),
        (
            "each accepted call came from another address",
            vec![("a>p", "+12155550113", CALLER, "", OK), ("q>p", "+12155550113", CALLER, "", OK), other],
        ),
        (
            "each had another domain",
            vec![
                ("a>p", "+12155550113", "x@one.example", "", OK),
                ("a>p", "+12155550113", "x@two.example", "", OK),
                ("a>p", "+12155550113", "x@three.example", "", NO),
            ],
        ),
    ] {
        assert!(with_code(&flow(&rows), RULE.code).is_empty(), "{name}");
    }
    // People call as themselves.
    let people = [
        ("a>p", "carol", "alice@corp.example", "", OK),
        ("a>p", "carol", "alice@corp.example", "", OK),
        ("a>p", "carol", "bob@corp.example", "", NO),
    ];
    assert!(with_code(&flow(&people), RULE.code).is_empty());
}

#[test]
fn a_number_behind_00_may_be_a_national_one() {
    let at_home = ("a>p", "+12155550113", CALLER, "", OK);
    for (called, is_open) in [("0044207946010", true), ("+44207946010", false)] {
        let rows = [at_home, at_home, at_home, ("a>p", called, CALLER, "", NO)];
        let finding = only(&flow(&rows), RULE.code);
        let text = finding.message.to_string();
        assert!(text.contains("it goes to a number with country code 44"), "{text}");
        let certainty = if is_open { Certainty::Weak } else { Certainty::Strong };
        assert_eq!((text.contains("where 0 takes an outside line"), finding.certainty), (is_open, certainty), "{text}");
    }
    // Nothing is said of it where the destination is no difference.
    let abroad = ("a>p", "0044207946010", CALLER, "", OK);
    let rows = [abroad, abroad, abroad, ("b>p", "0044207946011", CALLER, "", NO)];
    let text = only(&flow(&rows), RULE.code).message.to_string();
    assert!(text.contains("it came from") && !text.contains("outside line"), "{text}");
}

#[test]
fn what_belongs_to_a_withheld_number_is_told_with_it() {
    let asserted = "P-Asserted-Identity: <sip:+12125550101@corp.example>\nPrivacy: id";
    let flow = flow(&beside(("a>p", "+12155550114", "anonymous@anonymous.invalid", asserted, NO)));
    let finding = only(&flow, RULE.code);
    let text = finding.message.to_string();
    let told = "from all of them: the user of its From is anonymous, written as anonymous, and theirs is written with + and country code.";
    assert!(text.ends_with(told), "{text}");
    assert_eq!(finding.certainty, Certainty::Strong);
}

#[test]
fn calls_of_many_are_few_of_each() {
    let rows = [
        ("a>p", "+12155550113", CALLER, "", OK),
        ("a>p", "+12155550113", CALLER, "", OK),
        ("q>p", "+12155550113", CALLER, "", OK),
        ("b>p", "+12155550114", CALLER, "", NO),
    ];
    let finding = only(&flow(&rows), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.ends_with("they from 192.0.2.10 or 198.51.100.6. With so few calls to compare that may be chance."),
        "{text}"
    );
    assert_eq!(finding.certainty, Certainty::Weak);
}

#[test]
fn a_tel_uri_and_a_service_are_compared_by_what_they_have() {
    let plain = flow(&beside(("a>p", "+12155550114", CALLER, "", NO)));
    let last = plain.rfind("INVITE sip").unwrap();
    for (from, to) in [
        ("<sip:+12125550101@corp.example>", "<tel:+12125550101>"),
        ("INVITE sip:+12155550114@p.example", "INVITE urn:service:sos"),
    ] {
        let (before, refused) = plain.split_at(last);
        let changed = [before, &refused.replace(from, to)].concat();
        assert_ne!(changed, plain);
        assert!(with_code(&changed, RULE.code).is_empty(), "{to}");
    }
}

#[test]
fn calls_behind_it_count_where_the_capture_ends_with_all_of_them() {
    let refused = ("b>p", "+12155550114", CALLER, "", NO);
    let mut rows = beside(refused);
    rows.rotate_right(1);
    let finding = only(&flow_every(1.0, &rows), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.contains("It accepted 3 calls in this capture, and this one differs from all of them: it came from"),
        "{text}"
    );
    // One that looks the same is accepted later.
    rows.push(("b>p", "+12155550115", CALLER, "", OK));
    assert!(with_code(&flow_every(1.0, &rows), RULE.code).is_empty());
    // Nobody knows what comes when a call is over long before the capture is.
    let mut rows = beside(refused);
    rows.push(("b>p", "+12155550115", CALLER, "", OK));
    let text = only(&flow(&rows), RULE.code).message.to_string();
    assert!(text.contains("It accepted 3 calls before in this capture, and this one differs"), "{text}");
}

#[test]
fn what_the_next_call_has_as_well_is_no_reason() {
    let invite = |at: f64, name: &str, more: &str, rest: &str| {
        format!(
            "{at} a > p call={name}\nINVITE sip:+12155550114@p.example\nFrom: <sip:{more}\n\n+0.1 p > a call={name} tag=t{name}\n{rest}\n\n\
             +0.01 a > p call={name}\nACK\n\n"
        )
    };
    let bye =
        |after: u32, name: &str| format!("+{after} a > p call={name}\nBYE\n\n+0.01 p > a call={name}\n200 OK\n\n");
    let (mut usual, mut ticks) = (String::new(), String::new());
    for n in 0..3 {
        let name = format!("k{n}");
        usual += &invite(f64::from(n) * 2.0, &name, &format!("{CALLER}>"), OK);
        usual += &bye(1, &name);
    }
    for at in (20..160).step_by(5) {
        let _ = write!(ticks, "{at} b > q call=o{at}\nOPTIONS sip:q\n\n+0.01 q > b call=o{at}\n200 OK\n\n");
    }
    let said = |refused: &str, next: &str| {
        let again =
            if next.is_empty() { String::new() } else { format!("{}{}", invite(30.5, "n", next, OK), bye(120, "n")) };
        let flow = format!("{HOSTS}{usual}{}{again}{ticks}", invite(30.0, "r", refused, NO));
        with_code(&flow, RULE.code).len()
    };
    let (other, asserted) =
        ("+12125550199@corp.example>", "+12125550101@corp.example>\nP-Asserted-Identity: <sip:x@corp.example>");
    assert_eq!((said(other, ""), said(other, other)), (1, 0));
    // It may be gone in the next call.
    assert_eq!((said(asserted, ""), said(asserted, &format!("{CALLER}>"))), (1, 1));
}

#[test]
fn a_scanner_is_not_told_how_to_get_through() {
    let told = |software: &str| {
        with_code(&flow(&beside(("b>p", "+12155550114", CALLER, software, NO))), RULE.code)
            .iter()
            .any(|finding| finding.message.to_string().contains("it came from 192.0.2.11"))
    };
    assert!(told("") && !told("User-Agent: friendly-scanner"));
}
