use super::*;
use crate::diagnosis::testing::{LATER, check, followed, only, redirected, with_code};

#[test]
fn every_target_must_have_failed() {
    let one = |rest: &str| redirected("302 Moved\nContact: <sip:bob@pbx.corp.example>", rest);
    let usual = "sip:bob@pbx.corp.example";
    let two = |last: &str| {
        redirected(
            "302 Moved\nContact: <sip:bob@a.corp.example>, <sip:bob@b.corp.example>",
            &(followed("sip:bob@a.corp.example", "503 Down")
                + &followed("sip:bob@b.corp.example", last).replace("0.03", "+0.03")),
        )
    };
    let challenged = "0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n+0.01 new > pbx\n407 No\n\
         Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\n\n+0.001 pbx > new\nACK\n\n+0.01 pbx > new\n\
         INVITE sip:bob@pbx.corp.example\nProxy-Authorization: Digest username=\"a\", realm=\"x\", nonce=\"n\", \
         uri=\"sip:x\", response=\"0\"\n\n+0.01 new > pbx\n{}\n\n+0.001 pbx > new\nACK\n\n";
    check(
        RULE.code,
        &[
            ("404", &one(&followed(usual, "404 Not Found")), Some(Severity::Error)),
            ("busy", &one(&followed(usual, "486 Busy Here")), None),
            ("nobody goes", &one(LATER), None),
            ("silence", &one(&format!("0.03 pbx > new\nINVITE {usual}\n\n{LATER}")), Some(Severity::Error)),
            ("silence until the capture ends", &one(&format!("0.03 pbx > new\nINVITE {usual}\n\n")), None),
            ("two fail", &two("404 Not Found"), Some(Severity::Error)),
            ("the second answers", &two("200 OK"), None),
            ("credentials help", &one(&challenged.replace("{}", "200 OK")), None),
            ("credentials do not help", &one(&challenged.replace("{}", "403 Forbidden")), Some(Severity::Error)),
        ],
    );
    let refused = only(&one(&challenged.replace("{}", "403 Forbidden")), RULE.code);
    assert!(refused.evidence.iter().all(|e| e.what.to_string() != "an earlier target's answer"), "one target");
    let finding = only(&two("404 Not Found"), RULE.code);
    assert!(finding.message.to_string().ends_with("the target answered 404 Not Found."));
    assert!(finding.evidence.iter().any(|e| e.text.contains("503 Down")), "{:?}", finding.evidence);
}

#[test]
fn a_request_that_is_refused_for_what_it_carries_is_the_clients() {
    let of = |response: &str| {
        let follow = followed("sip:bob@pbx.corp.example", response);
        let finding = only(&redirected("302 Moved\nContact: <sip:bob@pbx.corp.example>", &follow), RULE.code);
        let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        let actor = finding.actor.as_ref().unwrap().address.unwrap().to_string();
        (actor, advice.join(" ").contains("check why it advertises"))
    };
    assert_eq!(of("420 Bad Extension\nUnsupported: 100rel"), ("192.0.2.10:5060".to_owned(), false));
    assert_eq!(of("404 Not Found"), ("203.0.113.40:5060".to_owned(), true));
}

#[test]
fn a_contact_that_nobody_called_is_told() {
    let told = |contacts: &str, response: &str, later: &str| {
        let flow = redirected(
            &format!("302 Moved\nContact: {contacts}"),
            &(followed("sip:bob@a.corp.example", response) + later),
        );
        let advice: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
        advice.join(" ").contains("names sip:bob@b.corp.example as well, where nothing went within 5 s")
    };
    let two = "<sip:bob@a.corp.example>, <sip:bob@b.corp.example>";
    assert!(told(two, "503 Down", LATER));
    assert!(!told(two, "503 Down", ""), "the capture ends");
    assert!(!told("<sip:bob@a.corp.example>, <mailto:bob@b.corp.example>", "503 Down", LATER));
    assert!(!told("<sip:bob@a.corp.example>, <sip:bob@a.corp.example:5060>", "503 Down", LATER), "the same");
    assert!(!told(two, "604 Nowhere", LATER), "a 6xx is about all of them");
}

#[test]
fn whoever_answered_behind_the_target_acts() {
    let flow = redirected(
        "302 Moved\nContact: <sip:bob@pbx.corp.example>",
        "host end 203.0.113.60\n\n0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n+0.01 new > end forward\n\
         INVITE sip:bob@203.0.113.60\n\n+0.1 end > new\n404 Not Found\n\n+0.001 new > end\nACK\n\n\
         +0.001 new > pbx re=INVITE\n480 Nobody\n\n+0.001 pbx > new\nACK\n\n",
    );
    let flow = flow.replace("host end 203.0.113.60\n\n", "").replacen("\n\n", "\nhost end 203.0.113.60\n\n", 1);
    let finding = only(&flow, RULE.code);
    let said = finding.message.to_string();
    assert!(said.contains("203.0.113.60:5060, to which that request went on, answered 404 Not Found"), "{said}");
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.60:5060");
    assert!(finding.remediation.iter().any(|fix| fix.to_string().contains("Request-URI")), "advice of the 404");
}

#[test]
fn a_client_that_asks_the_redirecting_server_again_is_told_so() {
    let to = |contact: &str, host: &str| {
        let follow =
            followed(&format!("sip:bob@{contact}"), "404 Not Found").replace("pbx > new", &format!("pbx > {host}"));
        let flow = redirected(
            &format!("302 Moved\nContact: <sip:bob@{contact}>"),
            &follow.replace("new > pbx", &format!("{host} > pbx")),
        );
        only(&flow, RULE.code).message.to_string().contains("did not go to the target")
    };
    assert!(to("203.0.113.40", "old"));
    assert!(!to("203.0.113.40", "new"));
    assert!(!to("pbx.corp.example", "old"), "the name may be that of the same host");
}

#[test]
fn a_proxy_that_follows_in_vain_says_so_by_its_408() {
    let flow = |end: &str| {
        format!(
            "host pbx 192.0.2.10\nhost old 198.51.100.30\nhost a 192.0.2.50\n\n0.0 a > pbx\nINVITE sip:bob@corp.example\n\n\
             0.01 pbx > old forward\nINVITE sip:bob@corp.example\n\n0.02 old > pbx\n302 Moved\nContact: <sip:bob@203.0.113.40>\n\n\
             0.021 pbx > old\nACK\n\n0.03 pbx > 203.0.113.40 forward branch=r2 repeat=0.5,1.5,3.5\nINVITE sip:bob@203.0.113.40\n\n\
             5 pbx > a\n{end}\n\n5.1 a > pbx\nACK\n"
        )
    };
    let finding = only(&flow("408 Request Timeout"), RULE.code);
    assert!(finding.message.to_string().starts_with("192.0.2.10:5060 followed the redirect of"), "{}", finding.message);
    assert!(with_code(&flow("480 Gone"), RULE.code).is_empty(), "that may have another reason");
}

#[test]
fn whoever_was_to_replace_a_call_is_told_of_that() {
    let of = |uri: &str, lines: &str| {
        let flow = redirected(
            &format!("302 Moved\nContact: <{uri}>"),
            &followed(&format!("sip:bob@203.0.113.40{lines}"), "481 No"),
        );
        let fixes: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
        fixes.join(" ")
    };
    let replaced =
        of("sip:bob@203.0.113.40?Replaces=x%40p%3Bto-tag%3D1%3Bfrom-tag%3D2", "\nReplaces: x@p;to-tag=1;from-tag=2");
    assert!(replaced.contains("in Replaces with the dialog") && !replaced.contains("answered INVITE"), "{replaced}");
    assert!(!of("sip:bob@203.0.113.40", "").contains("Replaces"));
}

#[test]
fn a_client_that_went_back_is_told_how_to_go_on() {
    let of = |software: &str| {
        let flow = redirected("302 Moved\nContact: <sip:carol@203.0.113.40>", &back_to("sip:carol@198.51.100.30"))
            .replace(
                "INVITE sip:bob@corp.example\n",
                &format!("INVITE sip:bob@corp.example\nUser-Agent: {software}\n"),
            );
        only(&flow, RULE.code).remediation.iter().any(|fix| fix.to_string().contains("redirect_method"))
    };
    assert!(of("Asterisk PBX 18.9.0") && !of("ExamplePBX/1"));
}

fn back_to(uri: &str) -> String {
    followed(uri, "404 Not Found").replace("> new", "> old").replace("new >", "old >")
}

#[test]
fn advice_has_its_ground_in_the_response() {
    let of = |response: &str| {
        let flow = redirected(
            "302 Moved\nContact: <sip:bob@pbx.corp.example>",
            &followed("sip:bob@pbx.corp.example", response),
        );
        let fixes: Vec<_> = only(&flow, RULE.code).remediation.iter().map(ToString::to_string).collect();
        fixes.join(" ").contains("Retry-After")
    };
    assert_eq!((of("503 Down"), of("503 Down\nRetry-After: 20")), (false, true));
}
