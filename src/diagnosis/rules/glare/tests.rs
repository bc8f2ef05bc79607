use super::*;
use crate::diagnosis::CallReport;
use crate::diagnosis::reports::{codes, report};

const ANSWERED: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n\
    1.1 a > p\nACK\n\n";

fn flow(steps: &str) -> CallReport {
    report(&format!("{ANSWERED}{steps}"))
}

fn told(steps: &str) -> (Severity, String) {
    let report = flow(steps);
    assert!(codes(&report).iter().all(|code| !code.starts_with("failed-response")), "{:?}", codes(&report));
    let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
    assert_eq!(own.len(), 1, "{:?}", codes(&report));
    (own[0].severity, own[0].message.to_string())
}

/// An UPDATE of the caller and what it gets.
fn update(at: f32, number: u32, response: &str) -> String {
    format!("{at} a > p cseq={number}\nUPDATE sip:bob@p\n\n{} p > a re=UPDATE cseq={number}\n{response}\n\n", at + 0.05)
}

/// One of the callee.
fn update_back(at: f32, number: u32, response: &str) -> String {
    format!(
        "{at} p > a cseq={number}\nUPDATE sip:alice@192.0.2.10\n\n{} a > p re=UPDATE cseq={number}\n{response}\n\n",
        at + 0.05
    )
}

#[test]
fn once_and_resolved_it_only_informs() {
    let steps = update(5.0, 12, "491 Request Pending") + &update_back(5.01, 7, "200 OK") + &update(8.0, 13, "200 OK");
    let (severity, text) = told(&steps);
    assert_eq!(severity, Severity::Info, "{text}");
    assert!(
        text.contains("crossed UPDATE of the other side") && text.ends_with("accepted, 3 s after the refusal."),
        "{text}"
    );
}

#[test]
fn who_does_not_wait_is_named() {
    let (refused, back) = (update(5.0, 12, "491 Request Pending"), update_back(5.01, 7, "200 OK"));
    let (severity, text) = told(&(refused.clone() + &back + &update(5.5, 13, "200 OK")));
    assert_eq!(severity, Severity::Notice);
    assert!(
        text.contains("192.0.2.10:5060, which chose the Call-ID, tried again after 450 ms: it has to wait 2.1"),
        "{text}"
    );
    // The other side may try again at once, and late where it does not collide again.
    for later in [5.2, 9.0] {
        let steps =
            update(5.0, 12, "200 OK") + &update_back(5.01, 7, "491 Request Pending") + &update_back(later, 8, "200 OK");
        assert_eq!(told(&steps).0, Severity::Info, "{later}");
    }
    let report = flow(&(refused + &back + &update(5.5, 13, "200 OK")));
    assert!(report.findings[0].actor.as_ref().unwrap().role.to_string().contains("does not back off"));
}

#[test]
fn colliding_again_and_again_is_a_warning() {
    let both =
        |at: f32, n: u32| update(at, n, "491 Request Pending") + &update_back(at + 0.01, n, "491 Request Pending");
    let (severity, text) = told(&(both(5.0, 12) + &both(8.0, 13)));
    assert_eq!(severity, Severity::Warning);
    assert!(text.contains("In all 4 requests got 491"), "{text}");
    assert!(text.contains("which did not choose the Call-ID, tried again after 2.9"), "{text}");
}

#[test]
fn what_was_under_way_may_be_the_clients_own_or_unseen() {
    let (_, text) = told(&update(5.0, 12, "491 Request Pending"));
    assert!(
        text.contains("none of the other side is in this capture") && text.ends_with("It was not tried again."),
        "{text}"
    );
    let (_, own) = told(&format!(
        "5.0 a > p cseq=12 to-tag=t branch=i\nINVITE sip:bob@p\n\n{}6.0 p > a re=INVITE cseq=12 to-tag=t\n200 OK\n\n6.1 a > p cseq=12 to-tag=t\nACK\n\n",
        update(5.2, 13, "491 Request Pending")
    ));
    assert!(own.contains("its INVITE before was not answered yet"), "{own}");
}

#[test]
fn a_call_that_ends_soon_had_no_time_to_try_again() {
    let (_, text) = told(&(update(5.0, 12, "491 Request Pending") + "7.0 a > p\nBYE\n\n7.1 p > a\n200 OK\n\n"));
    assert!(!text.contains("not tried again"), "{text}");
}

#[test]
fn a_491_to_what_begins_a_call_is_none() {
    let report = report(
        "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a\n491 Request Pending\n\n0.2 a > p\nACK\n",
    );
    assert!(report.findings.iter().all(|f| f.code != RULE.code), "{:?}", codes(&report));
}

#[test]
fn before_the_answer_the_invite_of_the_client_forbids_no_update() {
    let begun = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n180 Ringing\n\n";
    let answered =
        "8.0 p > a tag=t re=INVITE\n200 OK\n\n8.1 a > p\nACK\n\n20.0 a > p to-tag=t\nBYE\n\n20.1 p > a\n200 OK\n\n";
    for (update, words) in [
        (
            "1.0 a > p to-tag=t\nUPDATE sip:bob@p\n\n1.1 p > a re=UPDATE\n491 x\n\n",
            "none of the other side is in this capture",
        ),
        (
            "1.0 p > a from-tag=t\nUPDATE sip:alice@192.0.2.10\n\n1.1 a > p re=UPDATE\n491 x\n\n",
            "The INVITE of the other side, which began the dialog, was not answered yet",
        ),
    ] {
        let report = report(&[begun, update, answered].concat());
        let said: Vec<_> = report.findings.iter().map(|f| f.message.to_string()).collect();
        assert!(matches!(&said[..], [one] if one.contains(words)), "{said:#?}");
        assert!(report.findings[0].actor.is_none());
    }
}
