use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::testing::{call, findings, only, with_code};
use crate::diagnosis::{Finding, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost b 192.0.2.11\nhost p 198.51.100.5\nhost q 198.51.100.6\n\n";
const FORBIDDEN: &str = "403 Forbidden";

/// A call for each row: when, who, what is dialled, and what it gets.
fn flow<'a>(rows: impl IntoIterator<Item = (f64, &'a str, String, &'a str)>) -> String {
    let calls = rows.into_iter().enumerate().map(|(n, (at, who, dialled, got))| {
        let (user, way) = who.split_once('@').unwrap();
        call(at, n, way, &format!("sip:{dialled}@p.example\nFrom: <sip:{user}@p.example>"), got)
    });
    format!("{HOSTS}{}", calls.collect::<String>())
}

/// One number behind each of these prefixes, one attempt each twenty seconds.
fn guessed(prefixes: &[&str], number: &str, got: &str) -> String {
    flow(
        prefixes
            .iter()
            .zip(0_u32..)
            .map(|(prefix, n)| (f64::from(n) * 20.0, "100@a>p", format!("{prefix}{number}"), got)),
    )
}

const GUESSES: [&str; 12] = ["+", "00", "011", "", "9", "900", "9011", "90", "99", "000", "8", "800"];

#[test]
fn whoever_guesses_how_to_dial_abroad_is_told() {
    let finding = only(&guessed(&GUESSES, "441632960012", FORBIDDEN), RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "192.0.2.10 dialled +441632960012 at 198.51.100.5:5060 in 12 ways within 3 min 40 s, with this in front of it: +, 00, 011, no prefix, 9, 900, \
         9011, 90, 99, 000, 8, 800. Users know how their exchange dials abroad; whoever goes through so many ways looks for one that is let \
         through. Of 12 attempts that the same callers made in that time to numbers abroad or of premium rates 12 were turned away, 0 answered."
    );
    assert_eq!((finding.severity, finding.calls.len(), finding.calls_total), (Severity::Warning, 12, 12));
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
}

#[test]
fn where_one_of_them_leads_out_it_is_critical() {
    let mut rows: Vec<_> = GUESSES
        .iter()
        .zip(0_u32..)
        .map(|(p, n)| (f64::from(n), "100@a>p", format!("{p}441632960012"), FORBIDDEN))
        .collect();
    rows.extend((20..22).map(|at| (f64::from(at), "100@a>p", "90441632960012".to_owned(), "200 OK")));
    let finding = only(&flow(rows), RULE.code);
    let text = finding.message.to_string();
    assert!(text.contains("14 attempts") && text.contains("12 were turned away, 2 answered."), "{text}");
    assert!(text.ends_with("12 were turned away before the first was answered."), "{text}");
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.remediation.iter().any(|fix| fix.to_string().contains("carried no credentials")));
}

/// Calls of one caller to a block of premium numbers of Britain, two seconds apart.
fn block(calls: u32, numbers: u32, got: &'static str) -> String {
    flow((0..calls).map(|n| (f64::from(n * 2), "1001@a>p", format!("+44909879{:04}", n % numbers), got)))
}

#[test]
fn whoever_calls_one_block_of_costly_numbers_is_told() {
    let finding = only(&block(12, 8, "200 OK"), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.starts_with(
            "1001@p.example called 8 different numbers of one block, +449098790…, through 198.51.100.5:5060 in 12 calls within 22 s."
        ),
        "{text}"
    );
    assert!(
        text.contains("Most of these numbers follow each other. Of 12 attempts") && text.contains("12 answered."),
        "{text}"
    );
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(only(&block(12, 8, FORBIDDEN), RULE.code).severity, Severity::Error);
    assert_eq!(with_code(&block(9, 8, "200 OK"), RULE.code), []);
    assert_eq!(with_code(&block(12, 5, "200 OK"), RULE.code), []);
}

fn sequence(prefix: &'static str, who: impl Fn(u32) -> &'static str, got: impl Fn(u32) -> &'static str) -> String {
    flow((0..24).map(|n| (f64::from(n) * 5.0, who(n), format!("{prefix}{:04}", n * 37), got(n))))
}

#[test]
fn calls_abroad_are_none() {
    let users = ["2001@a>p", "2002@a>p", "2003@a>p", "2004@a>p"];
    let own = GUESSES
        .iter()
        .zip(0_u32..)
        .map(|(p, n)| (f64::from(n), "+441632960077@a>p", format!("{p}441632960012"), FORBIDDEN));
    let mixed = |n: u32| if n.is_multiple_of(3) { "486 Busy Here" } else { "200 OK" };
    let twice = (0..12_u32).map(|n| {
        let prefix = if n.is_multiple_of(2) { "00" } else { "+" };
        (f64::from(n), "100@a>p", format!("{prefix}441632960012"), FORBIDDEN)
    });
    let formats = (0..12_u32).map(|n| {
        let prefix = ["+", "00", "011", "", "0"][n as usize % 5];
        (f64::from(n), "100@a>p", format!("{prefix}441632960012"), FORBIDDEN)
    });
    let carriers = (0..12_u32).map(|n| {
        let way = ["100@a>p", "100@a>q", "100@b>q"][n as usize % 3];
        (f64::from(n), way, format!("{}00441632960012", 1001 + n % 6), FORBIDDEN)
    });
    let mut turn = 0_u32..;
    let codes = ["1001", "1002", "1003", "1004", "1005"]
        .repeat(3)
        .into_iter()
        .map(|code| (f64::from(turn.next().unwrap()), "100@a>p", format!("{code}441632960012"), FORBIDDEN));
    for (name, flow) in [
        ("a trunk of many users", sequence("+4416329600", |n| users[n as usize % 4], mixed)),
        ("a dialler over one country", sequence("+44163296", |_| "2001@a>p", mixed)),
        ("many users of one address to costly numbers", sequence("+449098790", |n| users[n as usize % 4], mixed)),
        ("an operator without names", sequence("+449098790", |_| "anonymous@a>p", mixed)),
        ("at home with +", guessed(&GUESSES, "12125550101", FORBIDDEN)),
        ("the caller's own country", flow(own)),
        ("with 00 and then with +", flow(twice)),
        ("all ways to write a number", flow(formats)),
        ("carriers with codes of their own", flow(carriers)),
        ("carriers behind one server", flow(codes)),
        ("few attempts", guessed(&GUESSES[..9], "441632960012", FORBIDDEN)),
        ("an outage", guessed(&GUESSES, "441632960012", "503 Service Unavailable")),
        ("every way leads there", guessed(&GUESSES, "441632960012", "200 OK")),
    ] {
        assert_eq!(with_code(&flow, RULE.code), [], "{name}");
    }
}

#[test]
fn attempts_over_hours_are_none() {
    let slow = GUESSES
        .iter()
        .zip(0_u32..)
        .map(|(p, n)| (f64::from(n) * 90.0, "100@a>p", format!("{p}441632960012"), FORBIDDEN));
    assert_eq!(with_code(&flow(slow), RULE.code), []);
}

#[test]
fn one_account_from_many_addresses_is_told_as_that() {
    let hosts: String = (20..32).fold(String::new(), |mut all, n| {
        let _ = writeln!(all, "host h{n} 203.0.113.{n}");
        all
    });
    let calls = (20_u32..32).zip(GUESSES).map(|(n, prefix)| {
        let invite = format!("sip:{prefix}441632960012@p.example\nFrom: <sip:100@p.example>");
        call(f64::from(n), n as usize, &format!("h{n}>p"), &invite, FORBIDDEN)
    });
    let finding = only(&format!("{hosts}{HOSTS}{}", calls.collect::<String>()), RULE.code);
    assert!(finding.message.to_string().starts_with("100@p.example dialled +441632960012"));
}

#[test]
fn nothing_else_is_said_of_the_same_calls() {
    let mut flow = HOSTS.to_owned();
    for (n, prefix) in (0_u32..).zip(GUESSES) {
        let _ = write!(
            flow,
            "{n} a > p call=c{n}\nINVITE sip:{prefix}441632960012@p.example\nUser-Agent: friendly-scanner\n\n+0.01 p > a call=c{n}\n{FORBIDDEN}\n\n"
        );
    }
    flow += "60 b > p call=x\nOPTIONS sip:p\n\n+0.01 p > b call=x\n200 OK\n\n";
    let told: Vec<Finding> = findings(&flow);
    let codes: Vec<_> = told.iter().map(|f| f.code).filter(|code| ["scanner", RULE.code].contains(code)).collect();
    assert_eq!(codes, [RULE.code]);
}

/// A trunk with calls abroad that are answered, of `users` in turn, and beside them `others`.
fn trunk<'a>(users: &[&'a str], others: Vec<(f64, &'a str, String, &'a str)>) -> String {
    let calls = (0..30_u32).map(|n| {
        let user = users[n as usize % users.len()];
        (f64::from(n) * 10.0, user, format!("+4416329601{:02}", n * 37 % 90 + 10), "200 OK")
    });
    flow(calls.chain(others))
}

#[test]
fn a_number_that_goes_through_all_carriers_is_none() {
    let once = |start: f64| {
        let codes = ["+", "100200", "1003", "00", "1005011"].into_iter().zip(0_u32..);
        codes.map(move |(code, n)| {
            (start + f64::from(n) * 0.3, "2001@a>p", format!("{code}441632960012"), "404 Not Found")
        })
    };
    let again: Vec<_> = once(100.0).chain(once(130.0)).chain(once(160.0)).collect();
    for users in [&["2001@a>p"][..], &["2001@a>p", "2002@a>p", "2003@a>p"]] {
        for others in [once(100.0).collect(), again.clone()] {
            assert_eq!(with_code(&trunk(users, others), RULE.code), [], "{users:?}");
        }
    }
}

#[test]
fn what_others_of_one_address_call_is_none_of_it() {
    let guesses = GUESSES.iter().zip(0_u32..);
    let guesses =
        guesses.map(|(p, n)| (f64::from(n) * 5.0, "100@a>p", format!("{p}441632960012"), FORBIDDEN)).collect();
    let finding = only(&trunk(&["2002@a>p", "2003@a>p"], guesses), RULE.code);
    assert!(finding.message.to_string().ends_with("12 were turned away, 0 answered."), "{}", finding.message);
    assert_eq!((finding.severity, finding.calls_total), (Severity::Warning, 12));
}

#[test]
fn a_test_of_a_dial_plan_is_not_critical() {
    let tries = GUESSES[..9].iter().chain(&GUESSES[..9]).zip(0_u32..);
    let tries = tries.map(|(p, n)| {
        let got = if *p == "9011" { "200 OK" } else { FORBIDDEN };
        (f64::from(n) * 5.0, "100@a>p", format!("{p}441632960012"), got)
    });
    assert_eq!(only(&flow(tries), RULE.code).severity, Severity::Warning);
}

#[test]
fn people_who_are_busy_are_no_numbers_that_earn_money() {
    let people = (0..14_u32).map(|n| {
        let got = if n.is_multiple_of(4) { "486 Busy Here" } else { "200 OK" };
        (f64::from(n * 25), "2001@a>p", format!("+960770{}", 1000 + n * 3), got)
    });
    assert_eq!(with_code(&flow(people), RULE.code), []);
}

/// Calls of one caller to seven satellite numbers in turn, each after so many seconds, all answered.
fn load(start: impl Fn(u32) -> f64) -> String {
    flow((0..21_u32).map(|n| (start(n), "1001@a>p", format!("+8816250001{:02}", n % 7 + 10), "200 OK")))
}

#[test]
fn a_load_test_is_no_critical_fraud() {
    let even = load(|n| f64::from(n) * 2.0);
    let uneven = load(|n| f64::from(n) * 2.0 + f64::from(n * 37 % 11) * 0.1);
    let sipp = uneven.replace("From: <sip:1001", "User-Agent: SIPp v3.7\nFrom: <sip:1001");
    for (name, flow, words, severity) in [
        ("even", &even, Some("at even intervals"), Severity::Warning),
        ("SIPp", &sipp, Some("marks of SIPp"), Severity::Warning),
        ("uneven", &uneven, None, Severity::Critical),
    ] {
        let finding = only(flow, RULE.code);
        let text = finding.message.to_string();
        assert_eq!(
            (text.contains("fraud.") && text.contains("test"), finding.severity),
            (words.is_some(), severity),
            "{name}: {text}"
        );
        assert!(words.is_none_or(|words| text.contains(words)), "{text}");
    }
    // Numbers that are called once or twice are no list that is gone round.
    let block = only(&block(14, 8, "200 OK"), RULE.code);
    assert_eq!(block.severity, Severity::Critical);
}
