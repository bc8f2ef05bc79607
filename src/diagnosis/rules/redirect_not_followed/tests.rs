//! Which redirects should have been followed, and the words where nobody could.

use super::*;
use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only, redirected};

fn to(contact: &str, rest: &str) -> String {
    redirected(&format!("301 Moved Permanently\nContact: <{contact}>"), rest)
}

/// The redirect alone, as where the tap does not see what the client sends.
fn responses_only(contact: &str) -> String {
    let redirect = "301 Moved Permanently\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq\nFrom: <sip:a@192.0.2.10>;tag=f\n\
        To: <sip:bob@corp.example>;tag=t\nCSeq: 1 INVITE";
    let ping = "50 old > pbx call=ping re=OPTIONS\n200 OK\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKp\n\
        From: <sip:a@192.0.2.10>;tag=g\nTo: <sip:old>;tag=u\nCSeq: 1 OPTIONS\n";
    format!("{HOSTS}0 old > pbx re=INVITE\n{redirect}\nContact: <{contact}>\n\n{ping}")
}

#[test]
fn only_proven_absence_without_another_cause_counts() {
    let usual = "sip:bob@pbx.corp.example";
    check(
        RULE.code,
        &[
            ("nobody goes", &to(usual, LATER), Some(Severity::Error)),
            ("the capture ends", &to(usual, ""), None),
            ("followed", &to(usual, &followed(usual, "404 Not Found")), None),
            ("its user at an address", &to(usual, &(followed("sip:bob@203.0.113.40", "404 Not Found") + LATER)), None),
            (
                "another user there",
                &to(usual, &(followed("sip:carol@203.0.113.40", "404 Not Found") + LATER)),
                Some(Severity::Error),
            ),
            (
                "its user at an address, in a call of its own",
                &to(
                    usual,
                    &format!(
                        "{}{LATER}",
                        followed("sip:bob@203.0.113.40", "404 Not Found")
                            .replace(" new\n", " new call=2\n")
                            .replace(" pbx\n", " pbx call=2\n")
                    ),
                ),
                None,
            ),
            (
                "a redirect of which a fragment is missing",
                &to(usual, LATER).replacen("\n301", " fragment=200 lose-fragment=2\n301", 1),
                None,
            ),
            ("over TCP it might not be seen", &to("sip:bob@pbx.corp.example;transport=tcp", LATER), None),
            ("sips means TLS", &to("sips:bob@pbx.corp.example", LATER), None),
            ("no Contact", &redirected("301 Moved Permanently", LATER), None),
            ("to itself", &to("sip:bob@corp.example", LATER), None),
            ("only the other direction was captured", &responses_only(usual), None),
            ("380", &redirected("380 Alternative Service\nContact: <sip:bob@pbx.corp.example>", LATER), None),
            (
                "followed with the old To tag",
                &to(usual, &followed(usual, "481 No").replace("> new\nINV", "> new to-tag=r1\nINV")),
                None,
            ),
        ],
    );
}

#[test]
fn a_capture_at_the_redirecting_server_does_not_tell() {
    let usual = to("sip:bob@pbx.corp.example", LATER);
    let (beside, rest) = LATER.split_once("50.0").unwrap();
    let at_server = usual.replace(beside, "3.0 new > old call=x\nOPTIONS sip:o\n\n+0.01 old > new call=x\n200 OK\n\n");
    let two_hosts = usual.replace(beside, "");
    assert!(rest.contains("ping") && at_server != usual && two_hosts != usual);
    for flow in [at_server, two_hosts] {
        let finding = only(&flow, RULE.code);
        assert_eq!((finding.severity, finding.certainty), (Severity::Warning, Certainty::Weak));
        assert!(finding.message.to_string().contains("went from or to 198.51.100.30"), "{}", finding.message);
        assert!(finding.remediation[0].to_string().starts_with("Capture at the client"));
    }
    let finding = only(&usual, RULE.code);
    assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong));
    assert!(!finding.message.to_string().contains("filtered"), "{}", finding.message);
}

#[test]
fn a_client_that_follows_others_refuses_this_one() {
    let alone = only(&to("sip:bob@pbx.corp.example", LATER), RULE.code);
    assert!(
        alone
            .message
            .to_string()
            .ends_with("nor did it follow a redirect in any call of this capture that had ended by then.")
    );
    let earlier = "host x 198.51.100.99\n-300.0 pbx > x call=c0\nINVITE sip:carol@corp.example\n\n+0.01 x > pbx call=c0\n\
        302 Moved\nContact: <sip:carol@pbx.corp.example>\n\n+0.001 pbx > x call=c0\nACK\n\n+0.01 pbx > x call=c0\n\
        INVITE sip:carol@pbx.corp.example\n\n+0.01 x > pbx call=c0\n486 Busy Here\n\n+0.001 pbx > x call=c0\nACK\n\n";
    let flow = to("sip:bob@pbx.corp.example", LATER)
        .replace("\n\n0.0 pbx", &format!("\n{}600.0 pbx", earlier.replace("-300.0", "0.0")));
    let flow = flow.replace("\n0.015", "\n600.015").replace("\n0.016", "\n600.016").replace("\n50.0", "\n650.0");
    assert!(only(&flow, RULE.code).message.to_string().ends_with("it refuses this target."), "{flow}");
}

#[test]
fn a_proxy_that_passed_it_on_may_follow_it() {
    let flow = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.60\n\n0 a > p\nINVITE sip:bob@p.example\n\n\
        0.02 p > b forward\nINVITE sip:bob@203.0.113.60\n\n0.1 b > p tag=q\n302 Moved\nContact: <sip:carol@p.example>\n\n\
        0.13 p > a forward\n302 Moved\n\n0.2 a > p\nACK\n\n60 a > p call=z\nOPTIONS sip:p.example\n\n60.1 p > a call=z\n200 OK\n";
    let advice = |flow: &str| {
        let finding = only(flow, RULE.code);
        finding.remediation.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let (passed_on, direct) = (advice(flow), advice(&to("sip:bob@pbx.corp.example", LATER)));
    assert!(
        passed_on.ends_with("Or let 198.51.100.50:5060, which passed the redirect on, follow it for its clients."),
        "{passed_on}"
    );
    assert!(direct.ends_with("Or let 198.51.100.30:5060 relay the call instead of redirecting it."), "{direct}");
}

#[test]
fn an_address_of_another_family_is_told_first() {
    let first = |contact: &str| only(&to(contact, LATER), RULE.code).remediation[0].to_string();
    assert!(first("sip:bob@[2001:db8::40]").starts_with("See first whether the client has IPv6 at all"));
    for near in ["sip:bob@192.0.2.77", "sip:bob@pbx.corp.example"] {
        assert!(first(near).starts_with("Turn on redirect handling"), "{near}");
    }
}

#[test]
fn behind_a_proxy_the_request_uri_stays() {
    let told = |status: &str| {
        let flow = to("sip:proxy.corp.example", LATER).replace("301 Moved Permanently", status);
        only(&flow, RULE.code).verification.as_ref().unwrap().to_string()
    };
    assert!(told("305 Use Proxy").contains("with the same Request-URI goes to sip:proxy.corp.example"));
    assert!(told("302 Moved").contains("with the Request-URI sip:proxy.corp.example"));
}

#[test]
fn settings_are_named_for_the_platform_of_the_client() {
    let flow = to("sip:bob@pbx.corp.example", LATER)
        .replace("INVITE sip:bob@corp.example", "INVITE sip:bob@corp.example\nUser-Agent: FreeSWITCH");
    let finding = only(&flow, RULE.code);
    assert!(finding.remediation.iter().any(|t| t.to_string().starts_with("FreeSWITCH")), "{:?}", finding.remediation);
    assert_eq!(finding.actor.as_ref().unwrap().software.as_deref(), Some("FreeSWITCH"));
}

#[test]
fn who_is_at_home_at_the_target_is_told() {
    let of = |contact: &str| {
        let flow = to(contact, LATER).replace("\n\n0.015", "\nFrom: <sip:alice@corp.example>\n\n0.015");
        let finding = only(&flow, RULE.code);
        let actor = finding.actor.as_ref().unwrap().address.unwrap().to_string();
        (finding.message.to_string(), actor, finding.remediation[0].to_string())
    };
    let (server, client) = ("198.51.100.30:5060", "192.0.2.10:5060");
    for (contact, who, said, advice) in [
        ("sip:alice@192.0.2.10", server, "is the address of the caller", "look for where the Contact comes from"),
        ("sip:alice@corp.example", server, "is the address of the caller", "look for where the Contact comes from"),
        ("sip:carol@192.0.2.10", client, "or finds nobody under that address.", "See whether 192.0.2.10:5060 knows"),
        ("sip:alice@new.example", client, "nor did it follow a redirect", "Turn on redirect handling"),
    ] {
        let (message, actor, first) = of(contact);
        assert!(message.contains(said) && first.contains(advice), "{contact}: {message} {first}");
        assert_eq!(actor, who, "{contact}");
    }
    let both = of("sip:alice@corp.example>, <sip:bob@new.example").0;
    assert!(both.contains("redirected the call to sip:bob@new.example"), "{both}");
}

#[test]
fn an_exchange_may_know_the_target_under_another_name() {
    let flow = |contact: &str, next: &str| {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.60\nhost c 203.0.113.61\n\n0 a > p\nINVITE sip:200@p.example\n\n\
             0.02 p > b forward branch=k1\nINVITE sip:200@203.0.113.60\n\n0.1 b > p branch=k1 tag=q\n302 Moved\nContact: <{contact}>\n\n\
             0.11 p > b branch=k1\nACK\n\n{next}9 p > a tag=x\n480 Away\n\n9.1 a > p\nACK\n\n\
             60 a > p call=z\nOPTIONS sip:p.example\n\n60.1 p > a call=z\n200 OK\n"
        )
    };
    let next = |uri: &str| {
        format!(
            "0.12 p > c forward branch=k2\nINVITE {uri}\n\n8 c > p branch=k2 tag=y\n480 Away\n\n8.1 p > c branch=k2\nACK\n\n"
        )
    };
    let (own, foreign, telephone) = ("sip:300@p.example", "sip:300@other.example", next("sip:k7fq@203.0.113.61"));
    check(
        RULE.code,
        &[
            ("the telephone of the user", &flow(own, &telephone), None),
            ("at the address of the proxy", &flow("sip:300@198.51.100.50", &telephone), None),
            ("the user elsewhere", &flow(foreign, &next("sip:300@203.0.113.61")), None),
            ("nobody", &flow(own, ""), Some(Severity::Error)),
            ("somebody else, whatever the redirect says", &flow(foreign, &telephone), Some(Severity::Error)),
        ],
    );
}

#[test]
fn of_a_fork_that_is_captured_behind_it_nobody_knows_what_was_returned() {
    let fork = |second: &str| {
        format!(
            "host p 198.51.100.5\nhost b 203.0.113.60\nhost c 203.0.113.61\n\n0.01 p > b branch=k1\nINVITE sip:bob@203.0.113.60\n\n\
             0.02 p > c branch=k2 cseq=1\nINVITE sip:bob@203.0.113.61\n\n0.1 b > p branch=k1 tag=x\n302 Moved\nContact: <sip:bob@203.0.113.77>\n\n\
             0.11 p > b branch=k1\nACK\n\n{second}90 p > c call=o\nOPTIONS sip:c\n\n90.1 c > p call=o\n200 OK\n"
        )
    };
    let ended = |status: &str| fork(&format!("3 c > p branch=k2 tag=y\n{status}\n\n3.01 p > c branch=k2\nACK\n\n"));
    let finding = only(&ended("486 Busy Here"), RULE.code);
    assert_eq!((finding.severity, finding.certainty), (Severity::Warning, Certainty::Weak));
    let text = finding.message.to_string();
    assert!(text.contains("another branch, at 203.0.113.61:5060, got 486"), "{text}");
    // Cancelled for the redirect, or not answered at all: then it was the redirect.
    let finding = only(&ended("487 Request Terminated"), RULE.code);
    assert!(!finding.message.to_string().contains("another branch"), "{}", finding.message);
}

#[test]
fn a_client_that_is_sent_back_to_itself_is_asked_who_owns_the_user() {
    for (contact, is_circle) in
        [("sip:bob@192.0.2.10:5060", true), ("sip:carol@192.0.2.10", false), ("sip:bob@192.0.2.10:5071", false)]
    {
        let finding = only(&to(contact, LATER), RULE.code);
        let (said, first) = (finding.message.to_string(), finding.remediation[0].to_string());
        assert_eq!(said.ends_with("takes the other for the place where the user is."), is_circle, "{said}");
        assert_eq!(
            first.starts_with("Decide which of 192.0.2.10:5060 and 198.51.100.30:5060 owns"),
            is_circle,
            "{first}"
        );
    }
}

#[test]
fn a_request_to_the_server_that_redirected_would_be_there() {
    let of = |contact: &str| only(&to(contact, &responses_only_later()), RULE.code).certainty;
    assert_eq!(of("sip:carol@198.51.100.30"), Certainty::Strong);
    assert_eq!(of("sip:carol@198.51.100.30:5090"), Certainty::Weak);
    assert_eq!(of("sip:carol@203.0.113.40"), Certainty::Weak);
}

/// [`LATER`] without what goes past the server that redirects.
fn responses_only_later() -> String {
    LATER.split_inclusive("\n\n").filter(|step| !step.contains("203.0.113.99")).collect()
}
