use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::testing::{diagnose, only};
use crate::diagnosis::{Certainty, Finding, Severity};

/// A call that is answered and acknowledged, and ended so many milliseconds after the answer by one side.
fn call(n: u32, talked: u32, ended_by_answerer: bool) -> String {
    let (from, to) = if ended_by_answerer { ("b", "a") } else { ("a", "b") };
    let start = n * 100;
    let (seconds, millis) = (start + 2 + talked / 1000, talked % 1000);
    format!(
        "{start} a > b call={n}\nINVITE sip:bob{n}@b.example\n\n+1 b > a call={n}\n180 Ringing\n\n{answered} b > a call={n}\n200 OK\n\n+0.05 a > b call={n}\nACK\n\n\
         {seconds}.{millis:03} {from} > {to} call={n}\nBYE\n\n+0.01 {to} > {from} call={n}\n200 OK\n\n",
        answered = start + 2
    )
}

fn told(calls: &[(u32, bool)]) -> Vec<Finding> {
    let mut flow = "host a 192.0.2.10\nhost b 198.51.100.5\n\n".to_owned();
    for (n, (talked, by_answerer)) in (0..).zip(calls) {
        let _ = write!(flow, "{}", call(n, *talked, *by_answerer));
    }
    let found = diagnose(&flow).capture;
    found.into_iter().filter(|finding| finding.code == RULE.code).collect()
}

#[test]
fn calls_that_die_in_time_of_a_missing_ack_are_told() {
    let found = told(&[(32_010, true), (32_100, true), (31_900, true), (40_000, false), (12_000, true)]);
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.5:5060 ended 3 calls by BYE 31.9 s to 32.1 s after it had answered, though an ACK of each answer was captured. That is how long an answer waits for its \
         ACK (32 s): most likely the ACK is lost behind 198.51.100.5, on a leg that was not captured. 1 acknowledged call that it answered lasted longer."
    );
    assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong));
    assert_eq!((finding.calls.len(), finding.calls_total), (3, 3));
    let alike = told(&[(32_000, true); 3]);
    assert!(
        alike
            .iter()
            .all(|finding| finding.message.to_string().contains("ended 3 calls by BYE 32 s after it had answered"))
    );
}

#[test]
fn few_calls_are_chance() {
    let weight = |calls: &[(u32, bool)]| told(calls).first().map(|f| (f.severity, f.certainty));
    for (calls, expected) in [
        (&[(32_000, true); 2][..], None),
        (&[(32_000, true); 3], Some((Severity::Error, Certainty::Strong))),
        (&[(32_000, false); 3], None),
        (&[(31_000, true); 3], None),
        (&[(33_500, true); 3], None),
    ] {
        assert_eq!(weight(calls), expected, "{calls:?}");
    }
    let mut many = vec![(32_000, true); 3];
    many.extend([(90_000, true); 3]);
    assert_eq!(weight(&many), Some((Severity::Warning, Certainty::Weak)));
    many.extend([(90_000, true); 10]);
    assert_eq!(weight(&many), None);
}

#[test]
fn answers_that_are_repeated_tell_it_themselves() {
    let copies: String = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        .map(|after| format!("{} b > a call=1\n200 OK\n\n", 1.0 + after))
        .concat();
    let flow = format!(
        "host a 192.0.2.10\nhost b 198.51.100.5\n\n0.0 a > b call=1\nINVITE sip:bob@b.example\n\n1.0 b > a call=1\n200 OK\n\n{copies}33.0 b > a call=1\nBYE\n\n+0.01 a > b call=1\n\
         200 OK\n\n"
    );
    let diagnosed = diagnose(&flow);
    assert!(diagnosed.capture.iter().all(|finding| finding.code != RULE.code));
    assert!(!diagnosed.calls.is_empty());
    let _ = only(&flow, "answer-not-acknowledged");
}

#[test]
fn calls_to_one_party_may_be_an_announcement() {
    let calls: String = (0..4).map(|n| call(n, 32_400, true).replace(&format!("bob{n}@"), "news@")).collect();
    let found = diagnose(&format!("host a 192.0.2.10\nhost b 198.51.100.5\n\n{calls}")).capture;
    let finding = found.iter().find(|finding| finding.code == RULE.code).unwrap();
    assert_eq!((finding.severity, finding.certainty), (Severity::Warning, Certainty::Weak));
    assert!(
        finding.message.to_string().ends_with("an announcement of that length ends its calls alike."),
        "{}",
        finding.message
    );
}

#[test]
fn whoever_passes_a_bye_on_from_another_leg_did_not_end_the_call() {
    let legs = |n: u32| {
        let id = format!("Session-ID: ab30317f1a784dc48ff824d0d3715d8{n}");
        let at = |millis: u32| format!("{}.{:03}", n * 100 + millis / 1000, millis % 1000);
        format!(
            "{} a > p call=A{n}\nINVITE sip:{n}@p.example\nFrom: <sip:1@a.example>\n{id}\n\n{} p > b call=B{n}\nINVITE sip:{n}@b.example\nFrom: <sip:1@p.example>\n{id}\n\n\
             {} b > p call=B{n}\n200 OK\n\n{} p > b call=B{n}\nACK\n\n{} p > a call=A{n} re=INVITE\n200 OK\n\n{} a > p call=A{n}\nACK\n\n\
             {} b > p call=B{n}\nBYE\n\n{} p > b call=B{n} re=BYE\n200 OK\n\n{} p > a call=A{n}\nBYE\n\n{} a > p call=A{n} re=BYE\n200 OK\n\n",
            at(0),
            at(10),
            at(3000),
            at(3010),
            at(3020),
            at(3050),
            at(35_020),
            at(35_030),
            at(35_040),
            at(35_050)
        )
    };
    let calls: String = (0..3).map(legs).collect();
    let found = diagnose(&format!("host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n{calls}")).capture;
    let told: Vec<_> =
        found.iter().filter(|finding| finding.code == RULE.code).map(|f| f.message.to_string()).collect();
    assert!(matches!(told.as_slice(), [one] if one.starts_with("203.0.113.60:5060 ended 3 calls")), "{told:?}");
}

#[test]
fn two_answers_of_one_leg_are_no_two_calls() {
    let twice = |n: u32, tag: &str| {
        let at = |seconds: u32| n * 100 + seconds;
        format!(
            "{} a > b call={n}\nINVITE sip:bob{n}@b.example\n\n{} b > a call={n} tag=x\n200 OK\n\n+0.05 a > b call={n}\nACK\n\n\
             {} a > b call={n} to-tag=-\nINVITE sip:bob{n}@b.example\n\n+0.1 b > a call={n} tag={tag}\n200 OK\n\n+0.05 a > b call={n} to-tag={tag}\nACK\n\n\
             {} b > a call={n} tag={tag}\nBYE\n\n+0.01 a > b call={n}\n200 OK\n\n",
            at(0),
            at(1),
            at(1),
            at(33)
        )
    };
    for tag in ["x", "y"] {
        let told = |count: u32| {
            let calls: String = (0..count).map(|n| twice(n, tag)).collect();
            let found = diagnose(&format!("host a 192.0.2.10\nhost b 198.51.100.5\n\n{calls}")).capture;
            found.into_iter().find(|finding| finding.code == RULE.code).map(|finding| finding.calls_total)
        };
        assert_eq!((told(2), told(3)), (None, Some(3)), "{tag}");
    }
}
