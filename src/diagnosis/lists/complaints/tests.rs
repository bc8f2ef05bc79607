//! What is counted against whom, and who decided.

use std::fmt::Write as _;

use super::*;
use crate::diagnosis::testing::diagnose;

const HOSTS: &str = "host a 192.0.2.10\nhost b 198.51.100.30\n\n";
const FROM: &str = "sip:+12125550101@a.example";

/// A call that rings for `ringing` seconds (not at all for 0) and ends with `status`.
fn call(n: usize, from: &str, ringing: u32, status: &str) -> String {
    let at = n * 60;
    let mut flow = format!(
        "{at} a > b call=c{n}\nINVITE sip:+121555501{n:02}@b.example\nFrom: <{from}>\nTo: <sip:+121555501{n:02}@b.example>\n\n"
    );
    if ringing > 0 {
        let _ = write!(flow, "+0.1 b > a call=c{n} tag=t\n180 Ringing\n\n");
    }
    let wait = if ringing > 0 { f64::from(ringing) } else { 0.1 };
    let _ = write!(flow, "+{wait} b > a call=c{n} tag=t\n{status}\n\n+0.001 a > b call=c{n}\nACK\n\n");
    flow
}

fn list(captures: &[String]) -> Complaints {
    let mut complaints = Complaints::new(&Settings::default());
    for capture in captures {
        complaints.begin_capture(1);
        for report in diagnose(&format!("{HOSTS}{capture}")).calls {
            complaints.observe(&report);
        }
        complaints.end_capture();
    }
    complaints
}

fn rows(capture: &str) -> Vec<Row> {
    list(&[capture.to_owned()]).rows()
}

fn only(capture: &str) -> Row {
    let mut rows = rows(capture);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0)
}

fn callees(row: &Row) -> Vec<String> {
    row.against.callees.iter().map(ToString::to_string).collect()
}

#[test]
fn shares_and_callees_are_counted_by_calling_number() {
    let statuses = ["607 Unwanted", "486 Busy Here", "607 Unwanted", "200 OK"];
    let flow: String = statuses.iter().enumerate().map(|(n, status)| call(n, FROM, 4, status)).collect();
    let row = only(&format!("{flow}{}", call(9, "sip:+12125550102@a.example", 4, "486 Busy Here")));
    assert_eq!((row.caller.to_string().as_str(), row.attempts, row.against.unwanted), ("tel:+12125550101", 4, 2));
    assert_eq!(callees(&row), ["tel:+12155550100", "tel:+12155550102"]);
    assert_eq!((row.against.decided.name(), row.against.decided.human), ("human", 2));
    assert_eq!(Action::of(&row.caller, &row.against), Action::SuppressCallees);
}

#[test]
fn a_caller_without_complaint_is_not_listed() {
    for status in ["200 OK", "486 Busy Here", "603 Decline", "600 Busy Everywhere", "403 Forbidden"] {
        assert_eq!(rows(&call(1, FROM, 4, status)), [], "{status}");
    }
    assert_eq!(rows(&call(1, FROM, 4, "607 Unwanted").replace("INVITE", "MESSAGE")), []);
}

#[test]
fn who_decided_is_told_by_the_signs_of_each_607() {
    let marked = "607 Unwanted\nReason: SIP;cause=607;text=\"v=analytics1;url=https://redress.example\"";
    for (ringing, status, expected) in [
        (4, "607 Unwanted", "human"),
        (0, "607 Unwanted", "policy"),
        (0, "607 Unwanted\nServer: ExamplePhone/1", "policy"),
        (0, marked, "network"),
        (4, marked, "network"),
    ] {
        assert_eq!(only(&call(1, FROM, ringing, status)).against.decided.name(), expected, "{ringing} {status}");
    }
    let mixed = only(&format!("{}{}", call(1, FROM, 4, "607 Unwanted"), call(2, FROM, 0, marked)));
    assert_eq!((mixed.against.decided.name(), mixed.against.decided.human), ("mixed", 1));
    assert_eq!(Action::of(&mixed.caller, &mixed.against), Action::SuppressAndAsk);
}

#[test]
fn an_element_that_answers_everybody_alike_is_a_network_as_the_finding_says() {
    let flow: String = (0..10).map(|n| call(n, FROM, 0, "607 Unwanted")).collect();
    let found = diagnose(&format!("{HOSTS}{flow}")).capture;
    assert!(found.iter().any(|f| f.code == "unwanted-from-analytics"));
    let decided = only(&flow).against.decided;
    assert_eq!((decided.name(), decided.network), ("network", 10));
    let few: String = (0..9).map(|n| call(n, FROM, 0, "607 Unwanted")).collect();
    assert_eq!(only(&few).against.decided.name(), "policy");
    // Of two captures neither shows it.
    assert_eq!(list(&[few.clone(), few]).rows()[0].against.decided.policy, 18);
}

#[test]
fn blocks_by_networks_are_listed_without_callees() {
    let block =
        "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://redress.example\";location=LN";
    for (status, counts) in [("608 Rejected", (1, 0)), (block, (0, 1))] {
        let row = only(&call(1, FROM, 0, status));
        assert_eq!((row.against.rejected, row.against.blocked), counts, "{status}");
        assert_eq!((row.against.decided.name(), callees(&row).len(), row.against.unwanted), ("network", 0, 0));
        assert_eq!(Action::of(&row.caller, &row.against), Action::AskNetwork);
    }
}

#[test]
fn a_bye_of_the_called_side_counts_and_one_of_the_caller_does_not() {
    let bye = |from: &str, to: &str| {
        format!(
            "{}90 {from} > {to} call=c1\nBYE\nReason: SIP;cause=607\n\n+0.1 {to} > {from} call=c1\n200 OK\n",
            call(1, FROM, 4, "200 OK")
        )
    };
    let row = only(&bye("b", "a"));
    assert_eq!((row.against.after_answer, row.against.unwanted, row.against.decided.human), (1, 0, 1));
    assert_eq!(callees(&row), ["tel:+12155550101"]);
    assert_eq!(rows(&bye("a", "b")), []);
}

#[test]
fn callers_that_withhold_their_number_are_nobody() {
    let flow = ["sip:anonymous@anonymous.invalid", "sip:anonymous@a.example"];
    let flow: String = flow.iter().enumerate().map(|(n, from)| call(n, from, 4, "607 Unwanted")).collect();
    let row = only(&flow);
    assert_eq!((row.caller.to_string().as_str(), row.attempts, row.against.unwanted), ("anonymous", 2, 2));
    assert_eq!(Action::of(&row.caller, &row.against), Action::NobodyKnown);
    // A number that only the network sees is one.
    let asserted = call(1, "sip:anonymous@anonymous.invalid", 4, "607 Unwanted")
        .replace("To: ", "P-Asserted-Identity: <sip:+12125550144@a.example>\nTo: ");
    assert_eq!(only(&asserted).caller.to_string(), "tel:+12125550144");
}

#[test]
fn names_cannot_break_the_list_of_callees() {
    let flow =
        call(1, "sip:=cmd()%20x@a.example", 4, "607 Unwanted").replace("To: <sip:+12155550101", "To: <sip:a%20b%0A");
    let row = only(&flow);
    assert_eq!(
        (row.caller.to_string().as_str(), callees(&row)),
        ("sip:=cmd()%20x@a.example", vec!["sip:a%20b%0A@b.example".to_owned()])
    );
    for (party, text) in [("5550100", "tel:5550100"), ("4930123456", "tel:+4930123456"), ("ü@a", "sip:%C3%BC@a")] {
        assert_eq!(Party::called(party.to_owned()).to_string(), text);
    }
}

#[test]
fn captures_add_up() {
    let one = call(1, FROM, 4, "607 Unwanted");
    let row = list(&[one.clone(), format!("{one}{}", call(2, FROM, 4, "200 OK"))]).rows().remove(0);
    assert_eq!((row.attempts, row.against.unwanted, callees(&row).len()), (3, 2, 1));
    assert_eq!(row.against.seen.frames().map(|at| (at.file, at.frame)).collect::<Vec<_>>(), [(0, 3), (1, 3)]);
}

#[test]
fn the_worst_come_first() {
    let flow = [("01", 1), ("02", 3), ("03", 2)].map(|(from, count)| {
        let of = |n: usize| {
            call(n + from.parse::<usize>().unwrap() * 10, &format!("sip:+121255501{from}@a.example"), 4, "607 Unwanted")
        };
        (0..count).map(of).collect::<String>()
    });
    let order: Vec<_> = rows(&flow.concat()).iter().map(|row| row.caller.to_string()).collect();
    assert_eq!(order, ["tel:+12125550102", "tel:+12125550103", "tel:+12125550101"]);
}

#[test]
fn tables_keep_to_their_limits_and_say_so() {
    let mut complaints = list(&[call(1, FROM, 4, "607 Unwanted")]);
    for n in complaints.callers.len()..COMPLAINT_CALLERS {
        complaints.callers.insert(Party::Number(format!("9{n}")), Caller::default());
    }
    let observe = |complaints: &mut Complaints, from: &str| {
        for report in diagnose(&format!("{HOSTS}{}", call(2, from, 4, "607 Unwanted"))).calls {
            complaints.observe(&report);
        }
    };
    observe(&mut complaints, "sip:+12125550199@a.example");
    assert_eq!((complaints.callers.len(), complaints.left_out()), (COMPLAINT_CALLERS, 1));
    observe(&mut complaints, "sip:anonymous@anonymous.invalid");
    assert_eq!(complaints.left_out(), 1);
    complaints.callees = COMPLAINT_CALLEES;
    observe(&mut complaints, FROM);
    let rows = complaints.rows();
    let known = rows.iter().find(|row| row.caller.to_string() == "tel:+12125550101").unwrap();
    assert_eq!((known.against.callees.len(), known.against.more_callees, complaints.left_out()), (1, 1, 2));
}

#[test]
fn a_607_that_was_made_of_a_608_is_the_word_of_a_network() {
    let flow = "0 a > b call=A\nINVITE sip:+12155550199@b.example\nFrom: <sip:+12125550101@a.example>\n\n\
        0.02 b > 203.0.113.40 call=B\nINVITE sip:+12155550199@203.0.113.40\nFrom: <sip:+12125550101@a.example>\n\n\
        0.1 203.0.113.40 > b call=B\n608 Rejected\n\n0.101 b > 203.0.113.40 call=B\nACK\n\n0.102 b > a call=A\n607 Unwanted\n\n0.11 a > b call=A\nACK\n";
    let row = only(flow);
    assert_eq!((row.against.unwanted, row.against.rejected, row.against.decided.network), (0, 1, 1), "{row:#?}");
}

#[test]
fn a_607_to_a_scanner_or_to_a_call_back_of_an_emergency_call_centre_is_no_complaint() {
    let with = |field: &str| call(1, FROM, 0, "607 Unwanted").replace(">\nTo:", &format!(">\n{field}\nTo:"));
    for (field, counted) in [
        ("User-Agent: friendly-scanner", 0),
        ("Priority: psap-callback", 0),
        ("Priority: emergency", 1),
        ("User-Agent: ExamplePBX", 1),
    ] {
        assert_eq!(rows(&with(field)).len(), counted, "{field}");
    }
}
