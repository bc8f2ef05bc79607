use super::*;
use crate::call::Outcome;
use crate::diagnosis::CallReport;
use crate::diagnosis::reports::{codes, report};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\nhost b 203.0.113.60\n\n";
const ANSWERED: &str = "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n1.1 a > p\nACK\n\n";
const BYE: &str = "8.0 a > p to-tag=t\nBYE sip:bob@198.51.100.5\n\n8.1 p > a\n200 OK\n\n";

fn flow(steps: &str) -> CallReport {
    report(&format!("{HOSTS}{steps}"))
}

/// What is said of a request inside the answered call that gets 481.
fn told(steps: &str) -> Vec<(Severity, String)> {
    let report = flow(&format!("{ANSWERED}{steps}"));
    assert!(report.findings.iter().all(|f| f.code == RULE.code), "{steps}: {:?}", codes(&report));
    assert_eq!((report.call.outcome, report.root_cause), (Outcome::Answered, None), "{steps}");
    report.findings.iter().map(|f| (f.severity, f.message.to_string())).collect()
}

#[test]
fn the_request_is_compared_with_the_dialog_as_it_began() {
    let refused = |request: &str| format!("5.0 {request}\n\n5.1 p > a to-tag=t\n481 Gone\n\n");
    for (steps, severity, words) in [
        (refused("a > p to-tag=t\nUPDATE sip:bob@p"), Severity::Error, "the server lost it"),
        (
            refused("a > p to-tag=t\nBYE sip:bob@p"),
            Severity::Notice,
            "began 4 s before, and nothing in the capture ended it",
        ),
        (
            refused("a > p to-tag=other\nUPDATE sip:bob@p"),
            Severity::Error,
            "that of To is other here, and in the dialog as it began it was t.",
        ),
        (refused("a > p to-tag=other\nBYE sip:bob@p"), Severity::Warning, "that of To is other here"),
        (refused("a > p to-tag=t from-tag=x\nINFO sip:bob@p"), Severity::Notice, "that of From is x here"),
        (refused("a > p to-tag=y from-tag=x\nINFO sip:bob@p"), Severity::Notice, "none of them is one of the dialogs"),
        (
            format!("{BYE}9.0 a > p to-tag=t\nINFO sip:bob@p\n\n9.1 p > a\n481 Gone\n\n"),
            Severity::Notice,
            "its BYE had been answered 900 ms before",
        ),
        (
            "5.0 a > q to-tag=t\nBYE sip:bob@198.51.100.5\n\n5.1 q > a\n481 Gone\n\n".to_owned(),
            Severity::Warning,
            "it began with 198.51.100.5, and 198.51.100.6 had no part in it",
        ),
    ] {
        let found = told(&steps);
        assert!(matches!(&found[..], [(s, text)] if *s == severity && text.contains(words)), "{steps}: {found:#?}");
    }
}

#[test]
fn what_comes_from_the_other_end_is_compared_as_well() {
    let from_callee = |tags: &str| format!("5.0 p > a {tags}\nBYE sip:alice@192.0.2.10\n\n5.1 a > p\n481 Gone\n\n");
    let report = flow(&format!("{ANSWERED}{}", from_callee("from-tag=other")));
    let finding = &report.findings[0];
    assert!(
        finding.message.to_string().contains("that of From is other here, and in the dialog as it began it was t.")
    );
    let cited: Vec<_> = finding.evidence.iter().map(|e| e.text.to_string()).collect();
    assert!(cited.iter().any(|text| text.starts_with("From:") && text.ends_with("tag=other")), "{cited:?}");
    assert!(cited.iter().any(|text| text.starts_with("To:") && text.ends_with("tag=t")), "{cited:?}");
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
}

#[test]
fn who_changed_a_tag_on_the_way_is_named() {
    let steps = "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
        1.0 b > p tag=t\n200 OK\n\n1.01 p > a forward\n200 OK\n\n1.1 a > p\nACK\n\n1.11 p > b forward\nACK\n\n\
        5.0 a > p to-tag=t\nUPDATE sip:bob@203.0.113.60\n\n\
        5.01 p > b forward\nUPDATE sip:bob@203.0.113.60\nTo: <sip:bob@p.example>;tag=changed\n\n\
        5.1 b > p\n481 Gone\n\n5.11 p > a forward\n481 Gone\n\n";
    let report = flow(steps);
    assert_eq!(codes(&report), ["dialog-unknown error"]);
    let finding = &report.findings[0];
    let text = finding.message.to_string();
    assert!(text.contains("198.51.100.5:5060 changed them on the way"), "{text}");
    assert!(text.contains("198.51.100.5:5060 passed it on"), "{text}");
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
}

#[test]
fn a_contact_that_names_the_server_makes_it_the_other_end() {
    for (contact, words) in [
        ("<sip:bob@198.51.100.6>", "lost it"),
        ("<sip:bob@phone.example>", "lost it"),
        ("<sip:bob@198.51.100.5>", "no part in it"),
    ] {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\nContact: {contact}\n\n1.1 a > p\nACK\n\n\
             5.0 a > q to-tag=t\nBYE sip:bob@198.51.100.6\n\n5.1 q > a\n481 Gone\n\n"
        ));
        let text = report.findings[0].message.to_string();
        assert!(text.contains(words), "{contact}: {text}");
    }
}

#[test]
fn requests_that_cross_the_end_are_no_fault() {
    for (name, steps) in [
        ("a BYE that is answered", BYE.to_owned()),
        ("BYEs of both ends, one refused", "5.0 a > p\nBYE\n\n5.05 p > a\nBYE\n\n5.1 p > a re=BYE cseq=2\n481 Gone\n\n5.1 a > p re=BYE\n200 OK\n\n".to_owned()),
        ("a BYE sent once more", format!("{BYE}9.0 a > p to-tag=t\nBYE sip:bob@p\n\n9.1 p > a\n481 Gone\n\n")),
        (
            "a re-INVITE that crosses the BYE",
            "5.0 p > a\nBYE sip:alice@192.0.2.10\n\n5.01 a > p to-tag=t\nUPDATE sip:bob@p\n\n5.05 a > p re=BYE\n200 OK\n\n\
             5.06 p > a re=UPDATE\n481 Gone\n\n"
                .to_owned(),
        ),
        ("a NOTIFY of a subscription that began in the session", format!("{BYE}9.0 p > a from-tag=t\nNOTIFY sip:alice@192.0.2.10\n\n9.1 a > p\n481 Gone\n\n")),
    ] {
        assert!(told(&steps).is_empty(), "{name}: {:#?}", told(&steps));
    }
}

#[test]
fn an_early_dialog_ends_with_its_invite_or_with_the_answer_of_another_branch() {
    let early = "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n180 Ringing\n\n";
    let busy = "2.0 p > a tag=t re=INVITE\n486 Busy Here\n\n2.01 a > p\nACK\n\n";
    let update = |at: f32| format!("{at} a > p to-tag=t\nUPDATE sip:bob@p\n\n2.2 p > a re=UPDATE\n481 Gone\n\n");
    let late = flow(&format!("{early}{busy}{}", update(2.1)));
    let own: Vec<_> = late.findings.iter().filter(|f| f.code == RULE.code).collect();
    assert!(
        matches!(&own[..], [one] if one.severity == Severity::Notice && one.message.to_string().contains("answered with 486 100 ms before")),
        "{own:#?}"
    );
    assert!(late.findings.iter().any(|f| f.code == "failed-response"), "{:?}", codes(&late));
    // It was on its way when the call ended.
    let crossed = flow(&format!("{early}{}{busy}", update(1.99)));
    assert!(crossed.findings.iter().all(|f| f.code != RULE.code), "{:?}", codes(&crossed));

    let other = "2.0 p > a tag=u re=INVITE\n200 OK\n\n2.01 a > p to-tag=u\nACK\n\n";
    let branch = flow(&format!("{early}{other}{}", update(2.1)));
    let text = branch.findings[0].message.to_string();
    assert!(text.contains("a branch that did not take the call") && text.contains("the To tag u"), "{text}");
}

#[test]
fn the_tag_of_a_failure_begins_no_dialog() {
    let report = flow(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a tag=f1\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\n\n\
         0.11 a > p\nACK\n\n0.2 a > p to-tag=f1\nINVITE sip:bob@p.example\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"\n\n\
         0.3 p > a\n481 Gone\n\n0.31 a > p\nACK\n",
    );
    assert_eq!(report.root_cause, Some(RULE.code), "{:?}", codes(&report));
    let text = report.findings[0].message.to_string();
    assert!(text.contains("Its To tag is that of the 401 before it"), "{text}");
}

#[test]
fn what_a_dialog_was_before_is_not_known_where_it_began_elsewhere() {
    let unknown = |f: &Finding| f.message.to_string().contains("How that dialog began is not known here");
    for (steps, severity) in [
        ("0.0 a > p from-tag=x to-tag=y\nBYE sip:bob@p.example\n\n0.1 p > a\n481 Gone\n", Severity::Notice),
        (
            "0.0 a > p from-tag=x to-tag=y\nINVITE sip:bob@p.example\n\n0.1 p > a to-tag=y\n481 Gone\n\n0.2 a > p to-tag=y\nACK\n\n\
             0.3 p > a to-tag=y re=ACK\n405 No\n",
            Severity::Error,
        ),
        // Its request was not captured.
        ("0.1 p > a\n481 Gone\nFrom: <sip:a@a>;tag=x\nTo: <sip:b@b>;tag=y\nCSeq: 3 BYE\n", Severity::Notice),
    ] {
        let report = flow(steps);
        let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
        assert!(
            matches!(&own[..], [one] if unknown(one) && one.severity == severity),
            "{steps}: {:#?}",
            report.findings
        );
        assert!(report.findings.iter().all(|f| !f.message.to_string().contains("481") || f.code == RULE.code));
    }
}

#[test]
fn a_cancel_is_told_of_while_its_invite_is_pending() {
    let invite = "0.0 a > p branch=i\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n180 Ringing\n\n";
    let cancel = |more: &str| format!("2.0 a > p branch=i\nCANCEL{more}\n\n2.1 p > a re=CANCEL\n481 Gone\n\n");
    let end = "20.0 p > a tag=t re=INVITE\n486 Busy Here\n\n20.1 a > p\nACK\n\n";
    let own = |steps: String| -> Vec<String> {
        let report = flow(&steps);
        report.findings.iter().filter(|f| f.code == RULE.code).map(|f| f.message.to_string()).collect()
    };
    for (more, words) in [
        ("", "the CANCEL had no effect."),
        (" sip:carol@p.example", "The two differ in the Request-URI."),
        (
            " sip:bob@p.example\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKother",
            "The two differ in the branch of the topmost Via.",
        ),
    ] {
        let found = own(format!("{invite}{}{end}", cancel(more)));
        assert!(matches!(&found[..], [one] if one.ends_with(words)), "{more}: {found:?}");
    }
    let elsewhere = own(format!("{invite}2.0 a > q branch=i\nCANCEL\n\n2.1 q > a re=CANCEL\n481 Gone\n\n{end}"));
    assert!(
        matches!(&elsewhere[..], [one] if one.ends_with("went to 198.51.100.5:5060, and the CANCEL to 198.51.100.6:5060.")),
        "{elsewhere:?}"
    );
    // After the answer there is nothing to cancel.
    let answered = "1.9 p > a tag=t re=INVITE\n200 OK\n\n";
    let late = own(format!("{invite}{answered}{}2.2 a > p to-tag=t\nACK\n\n", cancel("")));
    assert!(late.is_empty(), "{late:?}");
    let accepted = own(format!("{invite}{}{end}", cancel("").replace("481 Gone", "200 OK")));
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn a_cancel_that_fits_nothing_is_told_while_its_invite_is_pending() {
    let ringing = "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n180 Ringing\n\n";
    let refused = "2.0 a > p\nCANCEL\n\n2.1 p > a\n481 Call/Transaction Does Not Exist\n\n";
    let answer = |at: &str| format!("{at} p > a re=INVITE cseq=1 tag=t\n200 OK\n\n9.0 a > p cseq=1\nACK\n\n");
    for (steps, expected) in [
        (refused.to_owned(), &["dialog-unknown notice"][..]),
        (refused.to_owned() + &answer("4.0"), &["dialog-unknown notice"]),
        // Both were on their way at one time.
        (answer("1.9") + refused, &[]),
        (answer("2.05") + refused, &[]),
        (refused.replace("481 Call/Transaction Does Not Exist", "200 OK"), &[]),
    ] {
        let report = flow(&format!("{ringing}{steps}"));
        assert_eq!(codes(&report), expected, "{steps}");
        for finding in &report.findings {
            let said = finding.message.to_string();
            assert!(said.contains("knows no INVITE that this CANCEL belongs to") && !said.contains("at all"), "{said}");
        }
    }
    let early = flow(&format!("0.0 a > p\nINVITE sip:bob@p.example\n\n{refused}"));
    assert!(early.findings[0].message.to_string().ends_with("the server may never have had it."));
}

#[test]
fn the_same_again_is_told_once() {
    let again =
        [5, 6, 7].map(|n| format!("{n}.0 a > p to-tag=t\nINFO sip:bob@p\n\n{n}.1 p > a\n481 Gone\n\n")).concat();
    assert_eq!(told(&again).len(), 1);
}

#[test]
fn requests_of_one_dialog_that_is_lost_are_told_once() {
    let refused = |at: u32, request: &str| {
        let ack = if request.starts_with("INVITE") { format!("{at}.2 a > p\nACK\n\n") } else { String::new() };
        format!("{at}.0 a > p to-tag=t\n{request} sip:bob@p\n\n{at}.1 p > a\n481 Gone\n\n{ack}")
    };
    // Whoever gets 481 ends the call with a BYE, which gets 481 as well.
    for steps in [
        [refused(5, "INVITE"), refused(6, "BYE")].concat(),
        [refused(5, "OPTIONS"), refused(6, "UPDATE"), refused(7, "BYE")].concat(),
    ] {
        let found = told(&steps);
        assert!(matches!(&found[..], [(Severity::Error, text)] if text.contains("lost it")), "{steps}: {found:#?}");
    }
}

#[test]
fn a_challenge_to_a_bye_does_not_end_the_dialog() {
    let found = told(
        "5.0 a > p to-tag=t\nBYE sip:bob@p\n\n5.1 p > a\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\n\n\
         5.2 a > p to-tag=t\nBYE sip:bob@p\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"\n\n5.3 p > a\n481 Gone\n\n",
    );
    assert!(matches!(&found[..], [(Severity::Notice, text)] if text.contains("lost it")), "{found:#?}");
}

#[test]
fn a_proxy_that_recorded_its_route_has_part_in_the_dialog() {
    for (route, words) in [("198.51.100.6", "lost it"), ("q.example", "lost it"), ("198.51.100.5", "no part in it")] {
        let report = flow(&format!(
            "0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\nRecord-Route: <sip:{route};lr>\nContact: <sip:bob@10.0.0.9>\n\n\
             1.1 a > p\nACK sip:bob@10.0.0.9\n\n5.0 a > q to-tag=t\nBYE sip:bob@10.0.0.9\nRoute: <sip:{route};lr>\n\n5.1 q > a\n481 Gone\n\n"
        ));
        let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).collect();
        assert!(matches!(&own[..], [one] if one.message.to_string().contains(words)), "{route}: {own:#?}");
    }
}

#[test]
fn a_branch_of_a_fork_may_end_unseen() {
    let answer = "8.0 p > a tag=u re=INVITE\n200 OK\n\n8.1 a > p to-tag=u\nACK\n\n";
    for (name, steps) in [
        (
            "another branch rings",
            "2.0 p > a tag=u\n180 Ringing\n\n2.1 a > p to-tag=t\nUPDATE sip:bob@p\n\n2.2 p > a re=UPDATE\n481 Gone\n\n",
        ),
        (
            "it crosses the answer",
            "7.99 a > p to-tag=t\nPRACK sip:bob@p\nRAck: 1 1 INVITE\n\n8.02 p > a re=PRACK\n481 Gone\n\n",
        ),
    ] {
        let report =
            flow(&format!("0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n180 Ringing\n\n{steps}{answer}"));
        assert!(report.findings.iter().all(|f| f.code != RULE.code), "{name}: {:#?}", report.findings);
    }
}

#[test]
fn a_subscriber_may_refuse_what_a_fork_reached() {
    let report = flow(
        "0.0 a > p\nSUBSCRIBE sip:bob@p.example\nEvent: presence\n\n0.1 p > a tag=t\n200 OK\nExpires: 600\n\n\
         0.2 b > a from-tag=u cseq=1\nNOTIFY sip:a@192.0.2.10\nEvent: presence\nSubscription-State: active\n\n0.3 a > b\n481 Gone\n\n",
    );
    assert!(report.findings.iter().all(|f| f.code != RULE.code), "{:#?}", report.findings);
}

#[test]
fn who_gets_no_ack_gives_the_call_up() {
    let report = flow(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5\n200 OK\n\n\
         45.0 a > p to-tag=t\nBYE sip:bob@p\n\n45.1 p > a\n481 Gone\n\n",
    );
    assert_eq!(codes(&report), ["answer-not-acknowledged error"]);
}

#[test]
fn a_dialog_that_goes_on_is_not_lost() {
    for (steps, severity, words) in [
        (
            "5.0 a > p to-tag=t\nINFO sip:bob@p\n\n5.1 p > a\n481 Gone\n\n",
            Severity::Notice,
            "What it lacks has to do with this request",
        ),
        (
            "5.0 a > p to-tag=t\nNOTIFY sip:bob@p\n\n5.1 p > a\n481 Gone\n\n",
            Severity::Notice,
            "no subscription for this NOTIFY",
        ),
        (
            "5.0 a > p to-tag=t\nUPDATE sip:bob@p\n\n5.1 p > a\n481 Gone\n\n",
            Severity::Error,
            "The dialog itself goes on",
        ),
    ] {
        let found = told(&format!("{steps}{BYE}"));
        assert!(matches!(&found[..], [(s, text)] if *s == severity && text.contains(words)), "{steps}: {found:#?}");
    }
    // The INVITE is answered in the same early dialog.
    let report = flow(&format!(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n183 Progress\nRequire: 100rel\nRSeq: 7\n\n0.6 a > p to-tag=t\nPRACK sip:bob@p\n\
         RAck: 9 1 INVITE\n\n0.7 p > a re=PRACK\n481 Gone\n\n2.0 p > a tag=t re=INVITE\n200 OK\n\n2.1 a > p\nACK\n\n{BYE}"
    ));
    let text = report.findings[0].message.to_string();
    assert!(text.contains("no provisional response waits for this PRACK"), "{text}");
}

#[test]
fn who_passed_the_refusal_on_to_another_leg_ended_the_dialog_there() {
    let report = flow(
        "0.0 a > p call=1\nINVITE sip:bob@p.example\n\n0.01 p > b call=2\nINVITE sip:bob@203.0.113.60\n\n0.5 b > p call=2 tag=u\n200 OK\n\n\
         0.51 p > b call=2\nACK\n\n0.52 p > a call=1 tag=t\n200 OK\n\n0.53 a > p call=1\nACK\n\n9.0 a > p call=1 to-tag=t\nINVITE sip:bob@p.example\n\n\
         9.01 p > b call=2 to-tag=u\nINVITE sip:bob@203.0.113.60\n\n9.1 b > p call=2\n481 Gone\n\n9.11 p > b call=2\nACK\n\n\
         9.12 p > a call=1\n481 Gone\n\n9.13 a > p call=1\nACK\n\n9.2 a > p call=1\nBYE\n\n9.21 p > a call=1\n481 Gone\n\n",
    );
    assert_eq!(codes(&report), ["dialog-unknown error"], "{:#?}", report.findings);
}

#[test]
fn a_bye_that_a_proxy_passes_on_is_one() {
    let report = flow(
        "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > b forward\nINVITE sip:bob@203.0.113.60\n\n0.5 b > p tag=t\n200 OK\n\n\
         0.51 p > a forward\n200 OK\n\n0.52 a > p\nACK\n\n0.53 p > b forward\nACK\n\n20.0 a > p to-tag=t repeat=0.5\nBYE sip:bob@p.example\n\n\
         20.01 p > b forward repeat=0.5\nBYE sip:bob@203.0.113.60\n\n22.0 b > p\n481 Gone\n\n22.01 p > a forward\n481 Gone\n\n",
    );
    assert_eq!(codes(&report), ["dialog-unknown notice"]);
    assert!(report.findings[0].message.to_string().contains("203.0.113.60:5060 answered BYE"));
}

#[test]
fn a_dialog_that_another_call_took_over_is_over() {
    let hosts = "host a 192.0.2.10\nhost b 192.0.2.11\nhost c 192.0.2.12\n\n";
    let two = "0 a > b call=AB\nINVITE sip:bob@192.0.2.11\n\n1 b > a call=AB tag=b1\n200 OK\n\n1.1 a > b call=AB\nACK\n\n\
        10 b > c call=BC from-tag=bc1\nINVITE sip:carol@192.0.2.12\nFrom: <sip:bob@192.0.2.11>\n\n11 c > b call=BC tag=c1\n200 OK\n\n11.1 b > c call=BC\nACK\n\n";
    let refer = |got: &str| {
        format!(
            "20 b > a call=AB\nREFER sip:alice@192.0.2.10\nRefer-To: <sip:carol@192.0.2.12?Replaces=BC%40192.0.2.11%3Bto-tag%3Dc1%3Bfrom-tag%3Dbc1>\n\n\
             20.01 a > b call=AB\n{got}\n\n"
        )
    };
    let taken = |at: &str, got: &str| {
        format!(
            "{at} a > c call=AC\nINVITE sip:carol@192.0.2.12\nReplaces: BC@192.0.2.11;to-tag=c1;from-tag=bc1\n\n+0.05 c > a call=AC tag=c9\n{got}\n\n\
             +0.01 a > c call=AC\nACK\n\n"
        )
    };
    let challenged = "407 Proxy Authentication Required\nProxy-Authenticate: Digest realm=\"c\", nonce=\"1\"";
    let bye = "20.5 b > c call=BC\nBYE\n\n20.51 c > b call=BC\n481 Gone\n\n";
    let count = |steps: &str| {
        let reports = crate::diagnosis::reports::reports(&format!("{hosts}{two}{steps}{bye}"));
        reports.iter().flat_map(|report| &report.findings).filter(|f| f.code == RULE.code).count()
    };
    for (name, steps, expected) in [
        ("nothing", String::new(), 1),
        ("REFER", refer("202 Accepted"), 0),
        ("REFER that was refused", refer("403 Forbidden"), 1),
        ("INVITE", taken("20.1", "200 OK"), 0),
        ("INVITE with credentials", format!("{}{}", taken("20.1", challenged), taken("20.2", "200 OK")), 0),
        ("INVITE that was refused", taken("20.1", "486 Busy Here"), 1),
        ("REFER, and its INVITE was refused", format!("{}{}", refer("202 Accepted"), taken("20.1", "481 Gone")), 1),
        ("REFER, and its INVITE", format!("{}{}", refer("202 Accepted"), taken("20.1", "200 OK")), 0),
        ("later", taken("20.6", "200 OK"), 1),
        ("another dialog", taken("20.1", "200 OK").replace("BC@", "BX@"), 1),
    ] {
        assert_eq!(count(&steps), expected, "{name}");
    }
}
