//! The acceptance scenarios: situations of the field, each with what must be found in it and what must not be said.

use std::collections::BTreeSet;
use std::time::Duration;

use sipscan::call::Outcome;
use sipscan::diagnosis::rules::RULES;
use sipscan::diagnosis::{CallReport, Certainty, Finding, Severity, Text};
use sipscan::sip::Method;

use crate::common::Analysed;

/// What must come out of one scenario.
struct Scenario {
    name: &'static str,
    /// Outcome and root cause of each call or registration, in order; OPTIONS are left out.
    calls: &'static [(Outcome, Option<&'static str>)],
    /// Codes that must be found, with their severity. Those that sipscan has no rule for yet are passed over.
    found: &'static [(&'static str, Severity)],
    /// Codes that must not be found.
    not: &'static [&'static str],
    /// Words that must not be said in any finding, in small letters.
    unsaid: &'static [&'static str],
}

const BASE: Scenario = Scenario { name: "", calls: &[], found: &[], not: &[], unsaid: &[] };

use Outcome::{
    Answered, BlockedByNetwork, Busy, Declined, IdentityRejected, NoResponse, RedirectedUnfollowed, Rejected,
    UnwantedByCallee,
};
use Severity::{Critical, Error, Info, Notice, Warning};

const IDENTITY_FAULTS: &[&str] = &[
    "unwanted-from-analytics",
    "call-not-signed",
    "attestation-below-full",
    "identity-malformed",
    "passport-not-fresh",
    "passport-orig-mismatch",
    "passport-dest-mismatch",
    "passport-chain-inconsistent",
    "passport-signature-invalid",
    "passport-certificate-url",
    "verification-failed-verstat",
    "stir-reason-reported",
];

static SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "s01",
        calls: &[(Answered, None), (Busy, None)],
        found: &[("redirect-followed", Info), ("old-address-still-used", Warning)],
        not: &["redirect-target-suspicious", "redirect-not-followed", "redirect-target-failed"],
        ..BASE
    },
    Scenario {
        name: "s02",
        calls: &[(Rejected, Some("redirect-without-contact"))],
        found: &[("redirect-without-contact", Error), ("redirect-hidden-by-b2bua", Warning)],
        not: &["redirect-not-followed"],
        unsaid: &["enable redirect"],
    },
    Scenario {
        name: "s03",
        calls: &[(RedirectedUnfollowed, Some("redirect-loop"))],
        found: &[("redirect-loop", Error)],
        not: &["redirect-to-itself"],
        ..BASE
    },
    Scenario {
        name: "s04",
        calls: &[(NoResponse, Some("redirect-contact-not-routable"))],
        found: &[("redirect-contact-not-routable", Error), ("redirect-target-failed", Error)],
        not: &["request-timeout"],
        unsaid: &["408"],
    },
    Scenario {
        name: "s05",
        calls: &[(Answered, None), (Rejected, Some("number-portability-data-lost")), (Answered, None)],
        found: &[("routing-dip-as-301", Warning), ("permanent-redirect-changes", Warning)],
        not: &["old-address-still-used"],
        unsaid: &["subscriber moved", "update the address book", "update your address book"],
    },
    Scenario {
        name: "s06a",
        calls: &[(Answered, None)],
        found: &[("redirect-target-suspicious", Critical)],
        unsaid: &["update your address book", "update the address", "update directories"],
        ..BASE
    },
    Scenario {
        name: "s06b",
        calls: &[(Answered, None)],
        found: &[("register-redirected", Critical)],
        unsaid: &["update your address book", "update the address", "update directories"],
        ..BASE
    },
    Scenario {
        name: "s06c",
        calls: &[(Answered, None)],
        found: &[("redirect-sips-downgrade", Warning), ("redirect-followed", Info)],
        not: &["redirect-target-suspicious", "redirect-not-followed", "old-address-still-used"],
        unsaid: &["update your address book", "update the address", "update directories", "correct the directory"],
    },
    Scenario {
        name: "s07a",
        calls: &[(IdentityRejected, Some("redirect-breaks-passport"))],
        found: &[("redirect-breaks-passport", Error)],
        not: &["attestation-below-full", "identity-malformed", "passport-not-fresh", "passport-orig-mismatch"],
        unsaid: &["attestation a", "raise"],
    },
    Scenario {
        name: "s07b",
        calls: &[(Answered, None)],
        found: &[("redirect-followed", Info)],
        not: &[
            "redirect-breaks-passport",
            "passport-dest-mismatch",
            "passport-chain-inconsistent",
            "identity-malformed",
        ],
        ..BASE
    },
    Scenario {
        name: "s07c",
        calls: &[(Answered, None)],
        found: &[("redirect-breaks-passport", Warning), ("redirect-followed", Info)],
        not: &["attestation-below-full", "identity-malformed", "redirect-target-failed"],
        unsaid: &["attestation a"],
    },
    Scenario {
        name: "s08",
        calls: &[(UnwantedByCallee, Some("unwanted-origin"))],
        found: &[("unwanted-origin", Info), ("identity-clean", Info)],
        not: IDENTITY_FAULTS,
        unsaid: &["raise", "server failure"],
    },
    Scenario {
        name: "s09",
        calls: &[(BlockedByNetwork, Some("unwanted-origin")); 30],
        found: &[
            ("blanket-607", Warning),
            ("unwanted-from-analytics", Warning),
            ("high-complaint-rate", Warning),
            ("robocall-traffic-pattern", Warning),
            ("sequential-dialling", Warning),
            ("neighbour-spoofing-pattern", Warning),
            ("caller-number-impossible", Error),
            ("call-not-signed", Warning),
            ("unwanted-without-to-tag", Warning),
        ],
        not: &["caller-id-rotation-after-607", "caller-retries-after-607", "identity-clean"],
        unsaid: &["human", "a person most likely decided"],
    },
    Scenario {
        name: "s10",
        calls: &[
            (UnwantedByCallee, Some("unwanted-origin")),
            (Declined, None),
            (UnwantedByCallee, Some("unwanted-origin")),
        ],
        found: &[
            ("branches-cancelled-by-607", Info),
            ("route-advance-after-607", Error),
            ("caller-retries-after-607", Error),
        ],
        not: &["caller-id-rotation-after-607", "rejection-code-altered", "high-complaint-rate", "blanket-607"],
        unsaid: &["487 request terminated is the cause"],
    },
    Scenario {
        name: "s11a",
        calls: &[(BlockedByNetwork, Some("failed-response"))],
        not: &["network-blocked-incomplete", "network-blocked-phrase-rewritten"],
        unsaid: &["607 unwanted"],
        ..BASE
    },
    Scenario {
        name: "s11b",
        calls: &[(BlockedByNetwork, Some("failed-response"))],
        not: &["rejected-without-redress", "rejected-without-capability"],
        unsaid: &["607 unwanted"],
        ..BASE
    },
    Scenario {
        name: "s11c",
        calls: &[(Declined, None)],
        found: &[("failed-response", Info)],
        not: &["network-blocked-incomplete", "network-blocked-phrase-rewritten", "route-advance-after-network-block"],
        unsaid: &["603+"],
    },
    Scenario {
        name: "s11d",
        calls: &[(BlockedByNetwork, Some("failed-response"))],
        found: &[("network-blocked-phrase-rewritten", Warning)],
        not: &["network-blocked-incomplete"],
        ..BASE
    },
    Scenario {
        name: "s11e",
        calls: &[(BlockedByNetwork, Some("failed-response"))],
        found: &[("rejected-without-redress", Warning), ("rejected-without-capability", Notice)],
        ..BASE
    },
    Scenario {
        name: "s11f",
        calls: &[(Declined, None)],
        found: &[("failed-response", Info)],
        not: &["network-blocked-incomplete", "network-blocked-phrase-rewritten"],
        unsaid: &["603+)"],
    },
    Scenario {
        name: "s12",
        calls: &[(Answered, None), (Answered, None)],
        found: &[("unwanted-after-answer", Warning)],
        not: &["answer-not-acknowledged", "failed-response", "unwanted-origin"],
        ..BASE
    },
];

/// Codes of rules that the scenarios describe and that do not exist yet; what is expected of them is left aside.
const WITHOUT_RULE: &[&str] =
    &["high-complaint-rate", "neighbour-spoofing-pattern", "robocall-traffic-pattern", "sequential-dialling"];

#[test]
fn no_expectation_is_left_aside_unseen() {
    let causes = SCENARIOS.iter().flat_map(|s| s.calls.iter().filter_map(|(_, cause)| *cause));
    let expected = causes.chain(SCENARIOS.iter().flat_map(|s| s.found.iter().map(|(code, _)| *code)));
    let unknown: BTreeSet<_> = expected.filter(|code| !has_rule(code) && !WITHOUT_RULE.contains(code)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn has_rule(code: &str) -> bool {
    RULES.iter().any(|rule| rule.code == code)
}

/// Calls and registrations in order.
fn counted(analysed: &Analysed) -> Vec<&CallReport> {
    let options = |report: &CallReport| report.call.transactions.iter().all(|t| t.method == Method::Options);
    analysed.calls.iter().filter(|report| !options(report)).collect()
}

fn words(finding: &Finding) -> String {
    let sentences = [&finding.message].into_iter().chain(&finding.remediation).chain(&finding.verification);
    let roles = finding.actor.iter().map(|actor| &actor.role);
    sentences.chain(roles).map(Text::to_string).collect::<Vec<_>>().join(" ")
}

fn said(analysed: &Analysed) -> String {
    analysed.findings().map(words).collect::<Vec<_>>().join("\n")
}

fn with_code<'a>(analysed: &'a Analysed, code: &str) -> Vec<&'a Finding> {
    analysed.findings().filter(|finding| finding.code == code).collect()
}

fn evidence(findings: &[&Finding]) -> String {
    let all = findings.iter().flat_map(|f| &f.evidence).map(|e| format!("{} {} {}", e.what, e.source, e.text));
    all.collect::<Vec<_>>().join("\n")
}

/// Everything that is wrong with the outcome of a scenario.
fn faults(scenario: &Scenario) -> Vec<String> {
    let analysed = Analysed::sample(&format!("scenarios/{}", scenario.name));
    let mut faults = Vec::new();
    let calls: Vec<_> = counted(&analysed).iter().map(|r| (r.call.outcome, r.root_cause)).collect();
    let expected: Vec<_> = scenario.calls.to_vec();
    let same = calls.len() == expected.len()
        && calls.iter().zip(&expected).all(|((outcome, root), (wanted, cause))| {
            outcome == wanted && (root == cause || cause.is_some_and(|code| !has_rule(code) && root.is_some()))
        });
    if !same {
        faults.push(format!("calls are {calls:?}, should be {expected:?}"));
    }
    let codes: BTreeSet<_> = analysed.findings().map(|f| (f.code, f.severity)).collect();
    for (code, severity) in scenario.found.iter().filter(|(code, _)| has_rule(code)) {
        if !codes.contains(&(*code, *severity)) {
            faults.push(format!("{code} as {severity:?} is missing; there are {codes:?}"));
        }
    }
    faults.extend(
        scenario.not.iter().filter(|code| analysed.codes().contains(*code)).map(|code| format!("{code} is found")),
    );
    let text = said(&analysed).to_lowercase();
    faults
        .extend(scenario.unsaid.iter().filter(|words| text.contains(*words)).map(|words| format!("it says {words:?}")));
    faults
}

#[test]
fn every_scenario_is_told_as_it_was() {
    let wrong: Vec<String> = SCENARIOS
        .iter()
        .flat_map(|scenario| faults(scenario).into_iter().map(|fault| format!("{}: {fault}", scenario.name)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_scenario_has_its_expectations() {
    let names: BTreeSet<String> = SCENARIOS.iter().map(|s| format!("scenarios/{}", s.name)).collect();
    let samples = crate::common::samples().into_iter().map(|(name, _)| name);
    assert_eq!(names, samples.filter(|name| name.starts_with("scenarios/")).collect());
}

fn sample(name: &str) -> Analysed {
    Analysed::sample(&format!("scenarios/{name}"))
}

fn near(actual: Option<Duration>, seconds: f64) -> bool {
    actual.is_some_and(|actual| (actual.as_secs_f64() - seconds).abs() <= 0.02)
}

#[test]
fn s01_talk_time_setup_delay_and_responses() {
    let analysed = sample("s01");
    let call = &analysed.calls[0].call;
    assert!(near(call.talk_time(), 60.0), "{:?}", call.talk_time());
    assert!(near(call.setup_delay(), 1.22), "{:?}", call.setup_delay());
    assert_eq!(
        analysed.summary.final_by_status.clone().into_iter().collect::<Vec<_>>(),
        [(200, 2), (301, 2), (486, 1)]
    );
    let old = with_code(&analysed, "old-address-still-used");
    assert_eq!((old.len(), old[0].calls_total), (1, 2));
}

#[test]
fn s02_is_one_call_of_two_legs_and_names_both_actors() {
    let analysed = sample("s02");
    assert_eq!((analysed.summary.calls, analysed.calls[0].call.legs.len()), (1, 2));
    let text = said(&analysed);
    for words in ["203.0.113.70", "number", "410"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(evidence(&with_code(&analysed, "redirect-hidden-by-b2bua")).contains("192.0.2.20"));
}

#[test]
fn s03_chain_and_both_route_tables() {
    let analysed = sample("s03");
    assert_eq!(analysed.calls[0].call.redirects.len(), 3);
    let text = with_code(&analysed, "redirect-loop").into_iter().map(words).collect::<String>();
    assert!(text.contains("a.corp.example") && text.contains("b.corp.example"), "{text}");
}

#[test]
fn s04_icmp_is_cited_and_the_silence_is_a_consequence() {
    let analysed = sample("s04");
    let report = &analysed.calls[0];
    assert_eq!((report.call.attempts.len(), report.call.redirects.len()), (2, 1));
    let last = report.call.transaction(report.call.attempts[1].transaction).map(|t| t.retransmissions.len());
    assert_eq!(last, Some(6));
    assert!(evidence(&with_code(&analysed, "redirect-contact-not-routable")).contains("ICMP host unreachable"));
    for symptom in ["no-response", "redirect-target-failed"] {
        for finding in with_code(&analysed, symptom) {
            assert_eq!(finding.consequence_of, Some("redirect-contact-not-routable"), "{symptom}");
        }
    }
    assert!(words(&report.findings[0]).contains("Do not store"), "{}", words(&report.findings[0]));
}

#[test]
fn s05_recommends_302() {
    let text = said(&sample("s05"));
    assert!(text.contains("302"), "{text}");
}

#[test]
fn s06_contacts_must_not_be_stored() {
    for (name, code) in
        [("s06a", "redirect-target-suspicious"), ("s06b", "register-redirected"), ("s06c", "redirect-sips-downgrade")]
    {
        let analysed = sample(name);
        let text = with_code(&analysed, code).into_iter().map(words).collect::<String>().to_lowercase();
        assert!(text.contains("do not"), "{name}: {text}");
    }
    let exposed = said(&sample("s06b")).to_lowercase();
    assert!(exposed.contains("credentials"), "{exposed}");
}

#[test]
fn s07_destination_to_and_request_uri_are_printed() {
    for (name, to) in [("s07a", "sip:+12155550113@203.0.113.40"), ("s07c", "sip:+12155550199@198.51.100.30")] {
        let analysed = sample(name);
        assert_eq!(analysed.summary.calls, 1, "{name}");
        let broken = with_code(&analysed, "redirect-breaks-passport");
        let text = words(broken[0]);
        for expected in ["for 12155550199", to, "the Request-URI", "sip:+12155550113@203.0.113.40;user=phone"] {
            assert!(text.contains(expected), "{name}: {expected}: {text}");
        }
        // One cause, one finding: what else speaks of it follows from it.
        for code in ["passport-dest-mismatch", "redirect-target-failed", "stir-reason-reported", "failed-response"] {
            let others = with_code(&analysed, code);
            assert!(others.iter().all(|f| f.consequence_of == Some("redirect-breaks-passport")), "{name}: {code}");
        }
    }
}

#[test]
fn s08_a_person_decided_and_the_first_remedy_is_to_stop() {
    if !has_rule("unwanted-origin") {
        return;
    }
    let analysed = sample("s08");
    let origin = with_code(&analysed, "unwanted-origin")[0];
    assert_eq!(origin.certainty, Certainty::Strong);
    assert!(words(origin).contains("6.5 s"), "{}", words(origin));
    let first = origin.remediation[0].to_string().to_lowercase();
    assert!(["stop", "suppress", "calling list"].iter().any(|word| first.contains(word)), "{first}");
    assert!(!said(&analysed).to_lowercase().contains("attestation a only"));
    let clean = with_code(&analysed, "identity-clean")[0];
    assert!(words(clean).contains("signature verifies with the supplied key"), "{}", words(clean));
}

#[test]
fn s09_groups_what_thirty_calls_share() {
    let analysed = sample("s09");
    assert_eq!(analysed.summary.calls, 30);
    for (code, calls) in [("caller-number-impossible", 5), ("unwanted-without-to-tag", 3)] {
        let found = with_code(&analysed, code);
        assert!(found.is_empty() != has_rule(code), "{code}");
        let total: u64 = found.iter().map(|f| f.calls_total.max(1)).sum();
        assert!(found.is_empty() || total == calls, "{code}: {total}");
    }
    // The neighbours are those that show a number of the same exchange: all but the five of the impossible number.
    for (code, calls) in [
        ("blanket-607", 30),
        ("unwanted-from-analytics", 30),
        ("high-complaint-rate", 30),
        ("robocall-traffic-pattern", 30),
        ("sequential-dialling", 30),
        ("neighbour-spoofing-pattern", 25),
    ] {
        let found = with_code(&analysed, code);
        assert_eq!(found.iter().map(|f| f.calls_total).collect::<Vec<_>>(), [calls], "{code}");
        assert_eq!(u64::try_from(found[0].calls.len()), Ok(calls), "{code}");
    }
    for finding in analysed.findings().filter(|f| f.code == "caller-number-impossible" && f.severity > Notice) {
        assert!(
            !evidence(&[finding]).contains("+12155550"),
            "numbers for fiction are no fault: {:?}",
            finding.evidence
        );
    }
}

#[test]
fn s09_has_a_remedy_for_both_parties_and_says_what_is_a_heuristic() {
    let analysed = sample("s09");
    let text = said(&analysed);
    for words in ["100 %", "15.2 s", "0 % answered", "603 Network Blocked", "assigned to"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for code in ["robocall-traffic-pattern", "sequential-dialling", "neighbour-spoofing-pattern"] {
        let finding = with_code(&analysed, code)[0];
        assert_eq!(finding.certainty, Certainty::Weak, "{code}");
        assert!(finding.message.to_string().contains("heuristic"), "{code}: {}", finding.message);
    }
}

#[test]
fn s10_names_who_went_on() {
    let analysed = sample("s10");
    assert_eq!(counted(&analysed).len(), 3);
    let first = counted(&analysed)[0];
    // The device that decided is the cause; its siblings' 487 and the later 603 are none.
    let cause = evidence(&[&first.findings[0]]);
    assert!(cause.contains("203.0.113.62") && cause.contains("SIP/2.0 607"), "{cause}");
    assert!(!cause.contains("SIP/2.0 487") && !cause.contains("SIP/2.0 603"), "{cause}");
    assert_eq!(first.findings[0].certainty, Certainty::Strong);
    assert_eq!(with_code(&analysed, "failed-response").len(), 1, "of the 603 alone");
    for code in ["route-advance-after-607", "caller-retries-after-607"].into_iter().filter(|code| has_rule(code)) {
        let text = format!("{} {}", with_code(&analysed, code).into_iter().map(words).collect::<String>(), {
            evidence(&with_code(&analysed, code))
        });
        assert!(text.contains("198.51.100.20"), "{code}: {text}");
    }
}

#[test]
fn s11_redress_data_are_printed_whole() {
    for (name, expected) in [
        ("s11a", &["https://redress.example.com/r", "AB12"][..]),
        ("s11b", &["https://block.example.net/complaint-jws", "verify", "JWS"]),
        ("s11c", &["1 h"]),
        ("s11d", &["redress@example.com", "\"Decline\"", "Network Blocked"]),
        ("s11e", &["sip.608", "jwscard"]),
        ("s11f", &["\"Spam\""]),
    ] {
        let text = said(&sample(name));
        for words in expected {
            assert!(text.contains(words), "{name}: {words} is missing in {text}");
        }
    }
    for name in ["s11a", "s11b", "s11c", "s11d", "s11e", "s11f"] {
        let found = sample(name).codes();
        assert!(found.iter().all(|code| !code.contains("607") && !code.starts_with("unwanted")), "{name}: {found:?}");
    }
}

#[test]
fn s12_counts_each_message_once() {
    let analysed = sample("s12");
    let calls = counted(&analysed);
    let call = &calls.iter().find(|r| r.call.is_invite()).map(|r| &r.call);
    let talked = call.and_then(|call| call.talk_time());
    assert!(near(talked, 8.0), "{talked:?}");
    let statuses = &analysed.summary.final_by_status;
    assert!(!statuses.contains_key(&301) && !statuses.contains_key(&607), "{statuses:?}");
    assert_eq!((analysed.summary.calls, analysed.summary.retransmitted_finals), (1, 1));
    assert_eq!(analysed.facts.duplicates * 2, analysed.facts.sip_datagrams);
}
