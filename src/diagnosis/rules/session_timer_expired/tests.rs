use super::*;
use crate::diagnosis::reports::{codes, report};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n";

/// A call answered after a second with that Session-Expires.
fn answered(interval: &str) -> String {
    format!(
        "{HOSTS}0.0 a > p\nINVITE sip:bob@p.example\nSupported: timer\nSession-Expires: 90\n\n1.0 p > a tag=t\n200 OK\n{interval}\n\n1.1 a > p\nACK\n\n"
    )
}

/// The same, and no ACK comes.
fn unacknowledged() -> String {
    let repeated = "tag=t repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5\n";
    answered(BY_CALLER).replace("tag=t\n", repeated).replace("1.1 a > p\nACK\n\n", "")
}

fn by_caller(at: f32) -> String {
    format!("{at} a > p to-tag=t\nBYE sip:bob@p\n\n+0.1 p > a\n200 OK\n\n")
}

fn by_callee(at: f32, reason: &str) -> String {
    format!("{at} p > a from-tag=t\nBYE sip:a@192.0.2.10\n{reason}\n+0.1 a > p\n200 OK\n\n")
}

/// An UPDATE of the caller with what it gets.
fn update(at: f32, got: &str) -> String {
    format!("{at} a > p to-tag=t cseq=9\nUPDATE sip:bob@p\n\n+0.05 p > a re=UPDATE cseq=9\n{got}\n\n")
}

fn told(steps: &str) -> Option<(Severity, String)> {
    let report = report(steps);
    let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
    assert!(own.len() <= 1, "{:?}", codes(&report));
    own.first().map(|f| (f.severity, f.message.to_string()))
}

const BY_CALLER: &str = "Session-Expires: 90;refresher=uac";
const BY_CALLEE: &str = "Session-Expires: 1800;refresher=uas";

#[test]
fn a_call_that_nobody_refreshed_is_ended_with_its_interval() {
    let (severity, text) = told(&(answered(BY_CALLER) + &by_callee(91.0, ""))).unwrap();
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        text,
        "198.51.100.5:5060 ended the call 90 s after it was answered, when the session interval of 90 seconds was over, and no refresh came in \
         between. By refresher=uac of the 200 it had to come from the side of 192.0.2.10:5060. That the timer was the reason is told by the time \
         alone: the BYE itself gives none."
    );
    let (_, text) = told(&(answered(BY_CALLER) + &by_callee(61.0, ""))).unwrap();
    assert!(text.contains("as long before the end of the session interval of 90 seconds as RFC 4028"), "{text}");
    let (_, text) = told(&(answered(BY_CALLEE) + &by_caller(1769.5))).unwrap();
    assert!(text.contains("from the side of 198.51.100.5:5060"), "{text}");
}

#[test]
fn the_interval_begins_with_each_refresh() {
    let refreshed = update(46.0, "200 OK\nSession-Expires: 90;refresher=uac");
    let (_, text) = told(&(answered(BY_CALLER) + &refreshed + &by_callee(136.0, ""))).unwrap();
    assert!(text.contains("s after its last refresh, when the session interval"), "{text}");
    assert_eq!(told(&(answered(BY_CALLER) + &refreshed + &by_callee(91.0, ""))), None);
}

#[test]
fn what_ends_a_call_otherwise_is_none() {
    for (name, steps) in [
        ("at another time", answered(BY_CALLER) + &by_callee(75.0, "")),
        ("by the refresher itself", answered(BY_CALLER) + &by_caller(91.0)),
        ("nobody has to refresh", answered("Session-Expires: 90") + &by_callee(91.0, "")),
        ("a user who hung up", answered(BY_CALLER) + &by_callee(91.0, "Reason: Q.850;cause=16\n")),
        (
            "a limit of its length",
            answered(BY_CALLER) + &by_callee(80.0, "Reason: SIP;cause=200;text=\"Maximum session duration expired\"\n"),
        ),
        ("no ACK", unacknowledged() + &by_callee(91.0, "")),
        ("no interval", answered("Supported: timer") + &by_callee(91.0, "")),
        ("switched off by the last refresh", answered(BY_CALLER) + &update(46.0, "200 OK") + &by_callee(136.0, "")),
        (
            "a refresh that was refused",
            answered(BY_CALLER) + &update(46.0, "488 Not Acceptable Here") + &by_callee(91.0, ""),
        ),
        (
            "begun before the capture",
            format!("{HOSTS}91.0 p > a from-tag=t to-tag=u\nBYE sip:a@192.0.2.10\n\n+0.1 a > p\n200 OK\n\n"),
        ),
    ] {
        assert_eq!(told(&steps), None, "{name}");
    }
}

#[test]
fn a_reason_that_names_the_timer_proves_it() {
    let reason = "Reason: SIP;cause=408;text=\"Session timer expired\"\n";
    let steps = answered("Session-Expires: 90") + &by_callee(80.0, reason);
    let report = report(&steps);
    assert_eq!(codes(&report), ["session-timer-expired error", "(bye-with-abnormal-reason warning)"]);
    let text = report.findings[0].message.to_string();
    assert!(text.ends_with("and no refresh came in between. The Reason of the BYE names the timer."), "{text}");
}

#[test]
fn a_reason_of_another_timer_agrees() {
    let (severity, text) = told(&(answered(BY_CALLER) + &by_callee(91.0, "Reason: Q.850;cause=102\n"))).unwrap();
    assert_eq!(severity, Severity::Error);
    assert!(text.ends_with("The Reason of the BYE speaks of a timer as well."), "{text}");
}
