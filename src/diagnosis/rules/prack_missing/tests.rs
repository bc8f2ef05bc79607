use super::*;
use crate::diagnosis::CallReport;
use crate::diagnosis::reports::{codes, report, report_after};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";
const INVITE: &str = "0.0 a > p\nINVITE sip:bob@p.example\nSupported: 100rel\n\n";
const ALL: &str = "0.5,1.5,3.5,7.5,15.5,31.5";
const REFUSED: &str = "33.0 p > a tag=t re=INVITE\n504 Server Time-out\n\n33.1 a > p\nACK\n\n";

/// A 183 after a second, with these header fields and repetitions.
fn progress(fields: &str, repeat: &str) -> String {
    let repeat = if repeat.is_empty() { String::new() } else { format!(" repeat={repeat}") };
    format!("1.0 p > a tag=t{repeat}\n183 Session Progress\nContact: <sip:bob@198.51.100.5>\n{fields}\n\n")
}

fn reliable(repeat: &str) -> String {
    progress("Require: 100rel\nRSeq: 7", repeat)
}

fn flow(steps: &str) -> CallReport {
    report(&format!("{HOSTS}{steps}"))
}

fn told(steps: &str) -> (Severity, String) {
    let report = flow(steps);
    let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
    assert_eq!(own.len(), 1, "{:?}", codes(&report));
    (own[0].severity, own[0].message.to_string())
}

fn is_silent(name: &str, steps: &str) {
    let report = flow(steps);
    assert!(report.findings.iter().all(|f| f.code != RULE.code), "{name}: {:?}", codes(&report));
}

#[test]
fn a_server_that_gives_up_for_want_of_a_prack_is_the_root_cause() {
    let report = flow(&(INVITE.to_owned() + &reliable(ALL) + REFUSED));
    assert_eq!((report.root_cause, codes(&report)), (Some(RULE.code), vec!["prack-missing error".to_owned()]));
    let text = report.findings[0].message.to_string();
    assert_eq!(
        text,
        "198.51.100.5:5060 sent its 183 to INVITE 7 times in 31.5 s, as the PRACK that it asks for (Require: 100rel, RSeq 7) did not come. 32 s after \
         the first it refused the INVITE with 504."
    );
    assert_eq!(report.findings[0].actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
}

#[test]
fn what_the_call_survives_is_a_warning() {
    let answered = "6.0 p > a tag=t re=INVITE\n200 OK\nContact: <sip:bob@198.51.100.5>\n\n6.1 a > p\nACK\n\n";
    let (severity, text) = told(&(INVITE.to_owned() + &reliable("0.5,1.5,3.5") + answered));
    assert_eq!(severity, Severity::Warning);
    assert!(text.ends_with("5 s after the first it answered with 200 all the same."), "{text}");
    let cancelled = "9.0 a > p\nCANCEL\n\n9.1 p > a\n200 OK\n\n9.2 p > a tag=t re=INVITE\n487 Request Terminated\n\n9.3 a > p\nACK\n\n";
    let (severity, text) = told(&(INVITE.to_owned() + &reliable("0.5,1.5,3.5,7.5") + cancelled));
    assert_eq!(severity, Severity::Warning);
    assert!(text.ends_with("8 s after the first the caller cancelled."), "{text}");
    // A refusal for another reason.
    let busy = "9.0 p > a tag=t re=INVITE\n403 Forbidden\n\n9.1 a > p\nACK\n\n";
    let report = flow(&(INVITE.to_owned() + &reliable("0.5,1.5,3.5,7.5") + busy));
    assert_eq!(report.root_cause, Some("failed-response"), "{:?}", codes(&report));
    assert!(codes(&report).contains(&"prack-missing warning".to_owned()), "{:?}", codes(&report));
}

#[test]
fn what_asks_for_no_prack_and_what_got_one_is_none() {
    let prack = |rack: &str, got: &str| {
        format!("1.6 a > p to-tag=t\nPRACK sip:bob@198.51.100.5\nRAck: {rack}\n\n1.7 p > a re=PRACK\n{got}\n\n")
    };
    let all = reliable(ALL);
    for (name, steps) in [
        ("not reliable", progress("Supported: 100rel", ALL) + REFUSED),
        ("without RSeq", progress("Require: 100rel", ALL) + REFUSED),
        ("acknowledged", reliable("0.5") + &prack("7 1 INVITE", "200 OK")),
        ("refused", all.clone() + &prack("7 1 INVITE", "481 Gone") + REFUSED),
        ("refused for its RAck", all.clone() + &prack("8 1 INVITE", "481 Gone") + REFUSED),
        ("twice only", reliable("0.5,1.5") + "4.0 p > a tag=t re=INVITE\n200 OK\n\n4.1 a > p\nACK\n\n"),
        ("it stopped by itself", reliable("0.5,1.5,3.5") + "40.0 p > a tag=t re=INVITE\n200 OK\n\n40.1 a > p\nACK\n\n"),
        ("at once", reliable("0.001,0.002,0.003,0.004") + REFUSED),
    ] {
        is_silent(name, &(INVITE.to_owned() + &steps));
    }
}

#[test]
fn what_the_capture_shows_of_the_reason_is_said() {
    let all = reliable(ALL) + REFUSED;
    let (_, text) = told(&(INVITE.replace("Supported: 100rel\n", "") + &all));
    assert!(text.contains("The INVITE offers no 100rel"), "{text}");
    let stray = "1.6 a > p to-tag=t\nPRACK sip:bob@198.51.100.5\nRAck: 8 1 INVITE\n\n";
    let (_, text) = told(&(INVITE.to_owned() + &reliable(ALL) + stray + REFUSED));
    assert!(text.ends_with("its RAck is 8 1 INVITE, and that of this response is 7 1 INVITE."), "{text}");
    let again = INVITE.replace("a > p", "a > p repeat=0.5,1.5,3.5,7.5,15.5");
    let (_, text) = told(&(again + &all));
    assert!(text.contains("The client goes on to send the INVITE, last 14.5 s after"), "{text}");
    let (_, text) = told(&(INVITE.to_owned() + &all.replace("Contact: <sip:bob@198.51.100.5>\n", "")));
    assert!(text.contains("neither Contact nor Record-Route"), "{text}");
}

#[test]
fn over_a_proxy_it_is_told_once_and_of_the_client() {
    let steps = |relayed: &str| {
        format!(
            "{INVITE}0.1 p > a\n100 Trying\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
             1.0 b > p tag=t repeat={ALL}\n183 Session Progress\nRequire: 100rel\nRSeq: 7\nContact: <sip:bob@203.0.113.60>\n\n{relayed}\
             33.0 b > p tag=t re=INVITE\n500 Gone\n\n33.1 p > b\nACK\n\n33.2 p > a forward\n500 Gone\n\n33.3 a > p\nACK\n\n"
        )
    };
    let passed = format!("1.01 p > a forward repeat={ALL}\n183 Session Progress\n\n");
    let report = flow(&steps(&passed));
    assert_eq!((report.root_cause, codes(&report)), (Some(RULE.code), vec!["prack-missing error".to_owned()]));
    let address = |report: &CallReport| report.findings[0].actor.as_ref().unwrap().address.unwrap().to_string();
    assert_eq!(address(&report), "192.0.2.10:5060");
    let report = flow(&steps(""));
    let text = report.findings[0].message.to_string();
    assert!(
        text.ends_with(
            "On the hop in front of 198.51.100.5:5060 the response is not seen: that element does not pass it on."
        ),
        "{text}"
    );
    assert_eq!(address(&report), "198.51.100.5:5060");
}

#[test]
fn a_capture_that_ends_meanwhile_leaves_it_open() {
    let steps = format!("{HOSTS}{INVITE}{}", reliable("0.5,1.5,3.5,7.5"));
    let report = report_after(&steps, 2.0);
    let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
    assert!(matches!(&own[..], [one] if one.severity == Severity::Notice), "{:?}", codes(&report));
    assert!(own[0].message.to_string().contains("whether one came is unknown: the capture ends"), "{}", own[0].message);
}

#[test]
fn the_prack_of_another_branch_is_no_mismatch() {
    let other = reliable("").replace("tag=t", "tag=u").replace("1.0 p", "0.9 p");
    let prack = "1.2 a > p to-tag=u\nPRACK sip:bob@198.51.100.5\nRAck: 7 1 INVITE\n\n1.3 p > a re=PRACK\n200 OK\n\n";
    let (_, text) = told(&(INVITE.to_owned() + &other + &reliable(ALL) + prack + REFUSED));
    assert!(!text.contains("does not match"), "{text}");
}
