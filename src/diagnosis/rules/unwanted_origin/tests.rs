use crate::call::Outcome;
use crate::diagnosis::testing::{check, diagnose, only};
use crate::diagnosis::{Certainty, Severity};

const CODE: &str = "unwanted-origin";
#[test]
fn where_another_branch_was_answered_the_607_did_not_decide() {
    let hosts = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\nhost c 203.0.113.62\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n";
    let at_caller = "4 p > a tag=x\n607 Unwanted\n\n4.01 a > p\nACK\n\n5 p > a tag=y re=INVITE\n200 OK\n\n5.1 a > p to-tag=y\nACK\n\n9 a > p to-tag=y\nBYE\n\n9.1 p > a\n200 OK\n";
    let fork = |second: &str| {
        format!(
            "0.01 p > b forward branch=k1\nINVITE sip:b@203.0.113.61\n\n4 b > p branch=k1 tag=x\n607 Unwanted\n\n4.01 p > b branch=k1\nACK\n\n\
             {second} p > c forward branch=k2\nINVITE sip:c@203.0.113.62\n\n5 c > p branch=k2 tag=y\n200 OK\n\n5.01 p > a tag=y\n200 OK\n\n\
             5.1 a > c to-tag=y\nACK sip:c@203.0.113.62\n\n9 a > c to-tag=y\nBYE sip:c@203.0.113.62\n\n9.1 c > a to-tag=y\n200 OK\n"
        )
    };
    let said = |rest: &str| {
        let found = diagnose(&format!("{hosts}{rest}")).calls.remove(0).findings;
        let all: Vec<_> = found.iter().filter(|f| f.code == CODE).map(|f| f.message.to_string()).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all.concat()
    };
    for beside in [at_caller, &fork("0.02")] {
        assert!(said(beside).contains("another branch of the same INVITE was answered 1 s later"), "{}", said(beside));
    }
    // The proxy cancelled as it must, and the answer was on its way already.
    let cancelled = format!("{}\n4.015 p > c branch=k2\nCANCEL sip:c@203.0.113.62\n", fork("0.02"));
    let crossed = said(&cancelled.replace("\n5 c > p branch=k2 tag=y\n", "\n5 c > p branch=k2 tag=y re=INVITE\n"));
    assert!(crossed.contains("was answered 1 s later: answer and CANCEL crossed"), "{crossed}");
    // It had the answer when the 607 came, though it had not passed it on yet.
    let after = said(&fork("0.02").replace("\n4 b > p", "\n5.002 b > p").replace("\n4.01 p > b", "\n5.003 p > b"));
    assert!(after.contains("answered 607 2 ms after another branch"), "{after}");
    let legs = |second: &str| {
        format!(
            "0.01 p > b call=B branch=k1\nINVITE sip:+12155550113@203.0.113.61\n\n{second} p > c call=C branch=k2\n\
             INVITE sip:+12155550113@203.0.113.62\n\n0.5 c > p call=C tag=y\n180 Ringing\n\n0.51 p > a\n180 Ringing\n\n\
             4 b > p call=B tag=x\n607 Unwanted\n\n4.01 p > b call=B\nACK\n\n5 c > p call=C tag=y\n200 OK\n\n5.01 p > c call=C\nACK\n\n\
             5.02 p > a re=INVITE\n200 OK\n\n5.1 a > p\nACK\n\n9 a > p\nBYE\n\n9.1 p > a\n200 OK\n\n9.2 p > c call=C\nBYE\n\n9.3 c > p call=C\n200 OK\n"
        )
    };
    assert!(
        said(&legs("0.02")).contains("another leg of the same call was answered 1 s later"),
        "{}",
        said(&legs("0.02"))
    );
    // Called only when the first one had rejected the call.
    let hunted = said(&legs("4.02").replace("0.5 c > p", "4.5 c > p").replace("0.51 p > a", "4.51 p > a"));
    assert!(!hunted.contains("another leg"), "{hunted}");
    // One that took the call before, and passed it on to whoever says so.
    let before = legs("0.02")
        .replace("0.01 p > b", "3 p > b")
        .replace("\n5 c > p", "\n2 c > p")
        .replace("\n5.01 p > c", "\n2.01 p > c");
    assert!(!said(&before).contains("another leg"), "{}", said(&before));
    let advanced = said(&fork("4.02"));
    assert!(!advanced.contains("another branch"), "{advanced}");
}

const BEGIN: &str = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\n\n\
    0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: <sip:+12125550101@192.0.2.10>\nUser-Agent: ExampleDialler/6\n\n\
    0.03 p > a\n100 Trying\n\n";

fn flow(rest: &str) -> String {
    format!("{BEGIN}{rest}\n\n9 a > p\nACK\n")
}

#[test]
fn every_607_to_a_request_outside_of_a_dialog_gets_a_verdict() {
    let rang = "0.9 p > a tag=t\n180 Ringing\n\n";
    check(
        CODE,
        &[
            ("a person", &flow(&format!("{rang}7.4 p > a tag=t\n607 Unwanted")), Some(Severity::Info)),
            ("another phrase", &flow("0.1 p > a tag=t\n607 Go away"), Some(Severity::Info)),
            (
                "MESSAGE",
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nMESSAGE sip:b@198.51.100.50\n\n0.1 p > a\n607 Unwanted\n",
                Some(Severity::Info),
            ),
            (
                "REGISTER has another rule",
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nREGISTER sip:198.51.100.50\n\n0.1 p > a\n607 Unwanted\n",
                None,
            ),
            ("declined", &flow(&format!("{rang}7.4 p > a tag=t\n603 Decline")), None),
            ("608", &flow("0.1 p > a tag=t\n608 Rejected"), None),
            ("the phrase alone", &flow("0.1 p > a tag=t\n603 Unwanted"), None),
        ],
    );
}

#[test]
fn a_607_that_became_another_failure_is_why_the_call_failed() {
    let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n180 Ringing\n\n5 b > p tag=z\n{}\n\n\
        5.1 p > a re=INVITE tag=z\n480 Gone\n\n5.2 p > b branch=f1\nACK";
    let report = |status: &str| diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
    let (unwanted, other) = (report("607 Unwanted"), report("404 Not Found"));
    assert_eq!((unwanted.root_cause, other.root_cause), (Some(CODE), Some("failed-response")));
    let actor = unwanted.findings[0].actor.as_ref().unwrap();
    assert_eq!(actor.address.unwrap().to_string(), "192.0.2.10:5060", "and not who passed the call on");
}

#[test]
fn a_607_that_was_made_of_another_failure_is_nobodys_word() {
    let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n{}\n\n\
        0.51 p > a re=INVITE tag=z\n607 Unwanted\n\n0.52 p > b branch=f1\nACK";
    let report = |status: &str| diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
    for (status, root, outcome) in [
        ("607 Unwanted", CODE, Outcome::UnwantedByCallee),
        ("608 Rejected", "failed-response", Outcome::BlockedByNetwork),
        ("603 Network Blocked", "failed-response", Outcome::BlockedByNetwork),
        ("603 Decline", "", Outcome::Declined),
        ("603 Decline\nReason: SIP;cause=607", CODE, Outcome::UnwantedByCallee),
        ("600 Busy Everywhere", "", Outcome::Busy),
        ("604 Does Not Exist Anywhere", "failed-response", Outcome::Rejected),
        ("404 Not Found", CODE, Outcome::UnwantedByCallee),
    ] {
        let report = report(status);
        assert_eq!((report.root_cause.unwrap_or_default(), report.call.outcome), (root, outcome), "{status}");
        assert_eq!(report.findings.iter().any(|f| f.code == CODE), root == CODE, "{status}");
        let altered = report.findings.iter().find(|f| f.code == "rejection-code-altered");
        let fixes: Vec<_> = altered.iter().flat_map(|f| &f.remediation).map(ToString::to_string).collect();
        let is_told = fixes.iter().any(|fix| fix.starts_with("Let 198.51.100.50:5060 pass the 60"));
        assert_eq!(is_told, root != CODE, "{status}: {fixes:?}");
    }
}

#[test]
fn a_603_that_was_made_of_a_607_is_the_word_of_the_607() {
    let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n{}\n\n\
        0.51 p > a re=INVITE tag=z\n603 Decline\n\n0.52 p > b branch=f1\nACK";
    for (status, root, outcome) in [
        ("607 Unwanted", Some(CODE), Outcome::UnwantedByCallee),
        ("607 Unwanted\nServer: ScoreGate/2.1", Some(CODE), Outcome::BlockedByNetwork),
        ("608 Rejected", Some("failed-response"), Outcome::BlockedByNetwork),
        ("603 Network Blocked", Some("failed-response"), Outcome::BlockedByNetwork),
        ("603 Decline", None, Outcome::Declined),
        ("404 Not Found", None, Outcome::Declined),
    ] {
        let report = diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
        assert_eq!((report.root_cause, report.call.outcome), (root, outcome), "{status}");
    }
}

#[test]
fn whoever_tells_what_came_of_the_verification_is_not_the_calling_side() {
    let of = |parameter: &str| {
        let flow = flow("0.1 p > a tag=t\n607 Unwanted").replace("+12125550101@", &format!("+12125550101{parameter}@"));
        let found = diagnose(&flow).calls[0].findings.iter().find(|f| f.code == CODE).cloned().unwrap();
        found.actor.as_ref().unwrap().address.is_some()
    };
    assert!(of("") && !of(";verstat=TN-Validation-Passed"));
}

#[test]
fn words_are_those_of_the_method_and_of_the_contact() {
    let of = |flow: &str| diagnose(flow).calls[0].findings.iter().find(|f| f.code == CODE).cloned().unwrap();
    let said = |finding: &crate::diagnosis::Finding| {
        let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        format!("{} {}", advice.join(" "), finding.verification.as_ref().unwrap())
    };
    let message =
        "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nMESSAGE sip:b@198.51.100.50\n\n0.1 p > a\n607 Unwanted\n";
    let text = said(&of(message));
    assert!(!text.contains("rings") && !text.contains("calling") && !text.contains("calls"), "{text}");
    for (fields, told) in
        [("", "answered MESSAGE with 607 after 100 ms"), ("\nUser-Agent: ExamplePhone/1", "like a phone")]
    {
        let said = of(&message.replace("Unwanted", &format!("Unwanted{fields}"))).message.to_string();
        assert!(said.contains(told) && !said.contains("ring"), "{said}");
    }
    let options = said(&of(&message.replace("MESSAGE", "OPTIONS")));
    assert!(options.contains("an OPTIONS disturbs nobody") && !options.contains("off the list"), "{options}");
    let card = "\nCall-Info: <https://block.example.net/j>;purpose=jwscard";
    for (fields, named) in [(card, true), ("\nServer: ScoreGate/2.1", false)] {
        let text = said(&of(&flow(&format!("0.1 p > a tag=t\n607 Unwanted{fields}"))));
        assert_eq!(text.contains("https://block.example.net/j"), named, "{text}");
        assert_eq!(text.contains("that it publishes"), !named, "{text}");
        assert!(text.contains("a call rings"), "{text}");
    }
}

#[test]
fn it_is_the_first_word_on_the_call_and_nothing_repeats_it() {
    let found = diagnose(include_str!("../../../../samples/scenarios/s08.txt"));
    let report = &found.calls[0];
    assert_eq!((report.call.outcome, report.root_cause), (Outcome::UnwantedByCallee, Some(CODE)));
    let first = &report.findings[0];
    assert_eq!((first.code, first.certainty), (CODE, Certainty::Strong));
    assert_eq!(
        first.message.to_string(),
        "The called party rejected this caller as unwanted: 203.0.113.50:5060 (ExamplePhone/4.2) rang for 6.5 s and then \
         answered 607 under the same To tag, so a person most likely decided."
    );
    assert_eq!(
        first.remediation[0].to_string(),
        "Take +12155550113 off the calling list of this caller, and stop automatic retries."
    );
    assert!(first.remediation.iter().all(|fix| !fix.to_string().contains("ttestation")));
    let actor = first.actor.as_ref().unwrap();
    assert_eq!(
        (actor.role.to_string().as_str(), actor.address.unwrap().to_string().as_str()),
        ("the calling side", "198.51.100.20:5060")
    );
    assert!(report.findings.iter().all(|f| f.code != "failed-response"));
}

#[test]
fn the_deepest_hop_is_named_and_counted_once() {
    let found = diagnose(include_str!("../../../../samples/scenarios/s10.txt"));
    let origins: Vec<_> = found.calls[0].findings.iter().filter(|f| f.code == CODE).collect();
    assert_eq!(origins.len(), 1);
    assert!(origins[0].message.to_string().contains("203.0.113.62:5060 (ExamplePhone/4.2) rang for 3.1 s"));
}

#[test]
fn each_verdict_has_its_words() {
    let rang = "0.9 p > a tag=t\n180 Ringing\n\n";
    for (rest, words, who) in [
        (format!("{rang}1.4 p > a tag=t\n607 Unwanted"), "too fast for a person", "another channel"),
        (
            format!("{rang}9 p > a tag=t\n607 Unwanted").replace("180 Ringing", "183 Session Progress"),
            "answered 607, 8.1 s after its 183 and under the same To tag",
            "another channel",
        ),
        (
            format!("{rang}1.4 p > a tag=t\n607 Unwanted").replace("180 Ringing", "183 Session Progress"),
            "only 500 ms after its 183",
            "another channel",
        ),
        ("0.1 p > a tag=t\n607 Unwanted\nUser-Agent: ExamplePhone/1".into(), "names itself like a phone", "another channel"),
        ("0.1 p > a tag=t\n607 Unwanted".into(), "a list or policy", "another channel"),
        ("0.1 p > a tag=t\n607 Unwanted\nReason: SIP;cause=607".into(), "a list or policy", "another channel"),
        (
            "0.1 p > a tag=t\n607 Unwanted\nReason: STIR;cause=438".into(),
            "the caller's identity could not be verified. Most likely",
            "another channel",
        ),
        ("0.1 p > a tag=t\n607 Unwanted\nServer: ScoreGate/2.1".into(), "marks of analytics", "contact for blocked callers"),
        (
            "0.1 p > b branch=f1\nINVITE sip:x@203.0.113.61\n\n0.2 b > p tag=z\n180 Ringing\n\n0.3 p > a tag=d1 re=INVITE\n180 Ringing\n\n\
             5 p > b branch=f1\nCANCEL\nReason: SIP;cause=607\n\n5.1 p > a re=INVITE tag=own\n607 Unwanted".into(),
            "the proxy 198.51.100.50:5060 answered 607 for one of its branches",
            "another channel",
        ),
        ("5 p > a tag=t\n607 Unwanted".into(), "is not in this capture", "another channel"),
    ] {
        let found = diagnose(&flow(&rest));
        let finding = found.calls[0].findings.iter().find(|f| f.code == CODE).unwrap();
        let message = finding.message.to_string();
        assert!(message.contains(words), "{message}");
        let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        let first = fixes[0].starts_with("Take +12155550113 off") && fixes[1].contains(who);
        let of_a_network = fixes[0].contains(who) && fixes[1].starts_with("Stop automatic retries");
        assert!(if words == "marks of analytics" { of_a_network } else { first }, "{fixes:?}");
    }
}

#[test]
fn what_was_captured_on_both_sides_of_nat_is_told_once() {
    let via = "Via: SIP/2.0/UDP 192.168.1.20:5060;rport;branch=z9hG4bKn";
    let both = |status: &str| {
        format!(
            "host phone 192.168.1.20\nhost nat 203.0.113.9:34567\nhost p 198.51.100.50\n\n\
             0 phone > p\nINVITE sip:bob@p.example\nCSeq: 1 INVITE\n{via}\n\n0.001 nat > p\nINVITE sip:bob@p.example\nCSeq: 1 INVITE\n{via}\n\n\
             0.1 p > nat tag=t\n{status}\n{via}\n\n0.101 p > phone tag=t\n{status}\n{via}\n"
        )
    };
    for (status, code) in [("607 Unwanted", CODE), ("608 Rejected", "rejected-without-capability")] {
        let found = diagnose(&both(status)).calls.remove(0).findings;
        let found: Vec<_> = found.iter().filter(|f| f.code == code).collect();
        assert_eq!(found.len(), 1, "{status}");
    }
    // A hop behind, too.
    let own = "Via: SIP/2.0/UDP 198.51.100.50;branch=z9hG4bKp";
    let behind = format!(
        "{}\n0.05 p > d\nINVITE sip:bob@203.0.113.61\n{own}\n{via}\nCSeq: 1 INVITE\n\n0.09 d > p tag=t\n607 Unwanted\n{own}\n{via}\n",
        both("607 Unwanted").replace("host p ", "host d 203.0.113.61\nhost p ")
    );
    let finding = only(&behind, CODE);
    assert!(finding.message.to_string().contains("203.0.113.61:5060 answered 607"), "{}", finding.message);
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "192.168.1.20:5060");
}
