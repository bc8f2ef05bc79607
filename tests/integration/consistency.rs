//! The conventions: rule files, registry, samples and documentation agree, and names follow the rules for names.

use std::collections::BTreeSet;

use sipscan::diagnosis::rules::RULES;
use sipscan::diagnosis::{Rule, Severity};
use sipscan::explain::docs;

use crate::common::{Analysed, bless, names, root, samples, text};

/// The codes that diagnoses may have, with their default severities: a diagnosis that is added later takes its name from here.
const CODES: &[(&str, &str)] = &[
    ("failed-response", "error"),
    ("redirect-without-contact", "error"),
    ("redirect-contact-malformed", "error"),
    ("redirect-to-itself", "error"),
    ("redirect-to-itself-in-effect", "error"),
    ("redirect-loop", "error"),
    ("redirect-chain-long", "warning"),
    ("redirect-contact-not-routable", "error"),
    ("redirect-contact-unresolvable", "error"),
    ("redirect-contact-not-sip", "error"),
    ("redirect-sips-downgrade", "warning"),
    ("redirect-transport-unreachable", "error"),
    ("redirect-target-suspicious", "warning"),
    ("redirect-not-followed", "error"),
    ("redirect-followed", "info"),
    ("redirect-target-failed", "error"),
    ("old-address-still-used", "warning"),
    ("permanent-redirect-changes", "warning"),
    ("permanent-redirect-expires", "notice"),
    ("routing-dip-as-301", "warning"),
    ("number-portability-data-lost", "warning"),
    ("redirect-embedded-headers", "warning"),
    ("register-redirected", "warning"),
    ("redirect-in-dialog", "warning"),
    ("redirect-of-other-method", "notice"),
    ("redirect-after-ringing", "notice"),
    ("redirect-and-fork", "info"),
    ("redirect-target-challenges", "error"),
    ("redirect-breaks-passport", "error"),
    ("redirect-follow-up-malformed", "error"),
    ("redirect-hidden-by-b2bua", "warning"),
    ("redirect-not-acknowledged", "warning"),
    ("redirect-q-values-wrong", "notice"),
    ("redirect-list-ended-by-6xx", "info"),
    ("unwanted-origin", "info"),
    ("unwanted-from-analytics", "warning"),
    ("unwanted-without-to-tag", "warning"),
    ("unwanted-in-dialog", "warning"),
    ("unwanted-for-wrong-method", "error"),
    ("branches-cancelled-by-607", "info"),
    ("route-advance-after-607", "error"),
    ("caller-retries-after-607", "error"),
    ("caller-id-rotation-after-607", "critical"),
    ("high-complaint-rate", "warning"),
    ("robocall-traffic-pattern", "warning"),
    ("sequential-dialling", "warning"),
    ("neighbour-spoofing-pattern", "warning"),
    ("caller-number-impossible", "error"),
    ("caller-anonymous", "notice"),
    ("caller-identities-disagree", "warning"),
    ("display-name-suspicious", "notice"),
    ("call-not-signed", "warning"),
    ("attestation-below-full", "notice"),
    ("identity-malformed", "error"),
    ("passport-not-fresh", "error"),
    ("passport-orig-mismatch", "error"),
    ("passport-dest-mismatch", "error"),
    ("passport-chain-inconsistent", "warning"),
    ("passport-signature-invalid", "error"),
    ("passport-certificate-url", "warning"),
    ("verification-failed-verstat", "error"),
    ("stir-reason-reported", "error"),
    ("unwanted-after-answer", "warning"),
    ("identity-clean", "info"),
    ("rejection-code-altered", "warning"),
    ("unwanted-with-meaningless-headers", "notice"),
    ("unwanted-message", "info"),
    ("blanket-607", "warning"),
    ("rejected-without-redress", "warning"),
    ("rejected-without-capability", "notice"),
    ("network-blocked-incomplete", "warning"),
    ("network-blocked-phrase-rewritten", "warning"),
    ("route-advance-after-network-block", "error"),
    ("required-header-field-missing", "warning"),
    ("answer-not-acknowledged", "error"),
    ("ack-misrouted", "error"),
    ("call-drops-at-32-seconds", "error"),
    ("failure-not-acknowledged", "warning"),
    ("tls-handshake-failed", "error"),
    ("tls-certificate-expired", "warning"),
    ("tls-certificate-self-signed", "notice"),
    ("no-response", "error"),
    ("stalled-after-100", "error"),
    ("several-answers", "warning"),
    ("dialog-unknown", "error"),
    ("cseq-out-of-order", "error"),
    ("glare", "notice"),
    ("session-interval-loop", "error"),
    ("request-timeout", "error"),
    ("bye-with-abnormal-reason", "warning"),
    ("session-timer-expired", "error"),
    ("authentication-loop", "error"),
    ("nonce-stale", "notice"),
    ("credentials-withheld", "error"),
    ("registration-rejected", "error"),
    ("registration-storm", "warning"),
    ("registration-expired", "error"),
    ("private-address-behind-nat", "warning"),
    ("rport-missing", "warning"),
    ("nat-binding-lost", "error"),
    ("response-from-other-address", "warning"),
    ("sip-alg-damage", "error"),
    ("message-too-large-for-udp", "warning"),
    ("bad-request-explained", "error"),
    ("routing-loop", "error"),
    ("number-format-rejected", "error"),
    ("forbidden-explained", "error"),
    ("no-common-codec", "error"),
    ("srtp-mismatch", "error"),
    ("overload", "error"),
    ("next-hop-unresolvable", "error"),
    ("prack-missing", "error"),
    ("early-media-fault", "warning"),
    ("one-way-media", "error"),
    ("media-address-wrong", "error"),
    ("route-set-broken", "error"),
    ("dialog-contact-unreachable", "error"),
    ("options-ping-failing", "warning"),
    ("scanner", "warning"),
    ("toll-fraud-pattern", "critical"),
    ("ghost-call", "notice"),
    ("extension-unsupported", "error"),
    ("quick-hang-up", "notice"),
];

/// Folders of samples that belong to no rule.
const OTHER_SAMPLES: &[&str] = &["clean", "malformed", "scenarios", "stir", "torture"];

fn codes() -> BTreeSet<String> {
    RULES.iter().map(|rule| rule.code.to_owned()).collect()
}

fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

#[test]
fn the_registry_holds_every_rule_file_once() {
    let files = names(&root().join("src/diagnosis/rules"));
    let stems = files.iter().filter_map(|file| file.strip_suffix(".rs")).filter(|stem| *stem != "mod");
    assert_eq!(codes(), stems.map(|stem| stem.replace('_', "-")).collect());
    assert_eq!(codes().len(), RULES.len(), "a rule is registered twice");
}

#[test]
fn every_rule_file_has_exactly_its_rule() {
    for rule in RULES {
        let source = text(&root().join(format!("src/diagnosis/rules/{}.rs", rule.code.replace('-', "_"))));
        assert_eq!(source.matches("static RULE: Rule").count(), 1, "{}", rule.code);
        assert!(source.contains(&format!("code: \"{}\"", rule.code)), "{}", rule.code);
        assert!(source.contains("#[cfg(test)]"), "{} has no tests", rule.code);
    }
}

#[test]
fn codes_and_severities_are_those_that_were_agreed() {
    for rule in RULES {
        let expected = CODES.iter().find(|(code, _)| *code == rule.code);
        let expected = expected.unwrap_or_else(|| panic!("{} is not among the agreed codes", rule.code));
        assert_eq!(severity(rule), expected.1, "{}", rule.code);
    }
}

#[test]
fn codes_name_patterns_in_kebab_case() {
    for rule in RULES {
        assert!(
            rule.code
                .split('-')
                .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())),
            "{}",
            rule.code
        );
        // A name says what is found, not what should be done.
        for verb in ["avoid-", "use-", "fix-", "check-", "no-more-", "do-not-"] {
            assert!(!rule.code.starts_with(verb), "{}", rule.code);
        }
    }
}

#[test]
fn explanations_are_complete() {
    for rule in RULES {
        let e = &rule.explanation;
        let texts = [
            rule.summary,
            e.what_it_means,
            e.why_it_matters,
            e.likely_causes,
            e.how_to_fix,
            e.how_to_confirm,
            e.when_this_is_wrong,
        ];
        for words in texts {
            assert!(words.len() > 20 && words.ends_with('.'), "{}: {words:?}", rule.code);
            assert!(!words.contains("  "), "{}: two blanks in {words:?}", rule.code);
        }
        assert!(!rule.summary.contains('\n'), "{}", rule.code);
        assert!(!rule.references.is_empty() && rule.references.iter().all(|r| !r.is_empty()), "{}", rule.code);
    }
}

#[test]
fn every_rule_has_a_sample_and_a_near_miss() {
    let folder = root().join("samples");
    let folders: BTreeSet<String> = names(&folder)
        .into_iter()
        .filter(|name| folder.join(name).is_dir() && !OTHER_SAMPLES.contains(&name.as_str()))
        .collect();
    assert_eq!(folders, codes());
    for code in folders {
        let stems: BTreeSet<String> =
            names(&folder.join(&code)).iter().map(|name| name.split('.').next().unwrap().to_owned()).collect();
        for wanted in ["capture", "near-miss"] {
            assert!(stems.contains(wanted), "samples/{code}/ has no {wanted}");
        }
    }
}

#[test]
fn clean_calls_are_told_nothing_above_info() {
    for (name, flow) in samples().iter().filter(|(name, _)| name.starts_with("clean/")) {
        let analysed = Analysed::of(name, flow);
        for finding in analysed.findings() {
            assert!(finding.severity <= Severity::Info, "{name}: {}: {}", finding.code, finding.message);
        }
        assert!(analysed.calls.iter().all(|report| report.root_cause.is_none()), "{name}");
    }
}

/// Every failed call has a root cause, which comes first; no other call has one; consequences follow from something.
fn check_root_causes(name: &str, analysed: &Analysed) {
    for report in &analysed.calls {
        let what = format!("{name}, call {}: {:?}", report.call.number.0, report.call.outcome);
        assert_eq!(report.root_cause.is_some(), report.call.outcome.is_failure(), "{what}");
        let first = report.findings.first();
        if let Some(root) = report.root_cause {
            assert_eq!(first.map(|f| (f.code, f.consequence_of)), Some((root, None)), "{what}");
        }
        for finding in &report.findings {
            let known = finding.consequence_of.is_none_or(|code| report.findings.iter().any(|f| f.code == code));
            assert!(known, "{what}: {} follows from nothing", finding.code);
            assert!(!finding.evidence.is_empty(), "{what}: {} has no evidence", finding.code);
        }
    }
}

#[test]
fn every_failed_call_of_a_sample_has_one_root_cause_and_no_other_call_has_any() {
    for (name, flow) in samples() {
        check_root_causes(&name, &Analysed::of(&name, &flow));
    }
}

/// Small captures of other projects, where they are there; larger ones would make the tests slow.
#[test]
fn every_failed_call_of_a_real_capture_has_one_root_cause_and_no_other_call_has_any() {
    let folder = root().join("../shared/captures/udp");
    let Ok(entries) = std::fs::read_dir(&folder) else { return };
    let mut calls = 0;
    for entry in entries.map(Result::unwrap).filter(|e| e.metadata().unwrap().len() < 32 << 10) {
        let name = entry.file_name().into_string().unwrap();
        let Some(analysed) = Analysed::capture(&entry.path()) else { continue };
        check_root_causes(&name, &analysed);
        calls += analysed.calls.len();
    }
    assert!(calls > 100, "{calls}");
}

#[test]
fn every_sentence_has_its_values() {
    for (name, flow) in samples() {
        for finding in Analysed::of(&name, &flow).findings() {
            let sentences = [&finding.message].into_iter().chain(&finding.remediation).chain(&finding.verification);
            let others = finding.actor.iter().map(|a| &a.role).chain(finding.evidence.iter().map(|e| &e.what));
            for sentence in sentences.chain(others).map(ToString::to_string) {
                assert!(!sentence.trim().is_empty(), "{name}: {}", finding.code);
            }
            if finding.severity >= Severity::Error {
                assert!(!finding.remediation.is_empty(), "{name}: {} tells no remedy", finding.code);
            }
        }
    }
}

#[test]
fn the_documentation_is_what_the_program_says() {
    bless("docs/diagnoses.md", &docs::diagnoses());
    bless("docs/codes.md", &docs::codes());
}

#[test]
fn measured_numbers_are_rows_of_the_script_that_measures() {
    let script = text(&root().join("benches/compare.sh"));
    let page = text(&root().join("docs/performance.md"));
    let output = page.split("<!-- benches/compare.sh -->").nth(1).and_then(|rest| rest.split("<!-- end -->").next());
    let rows = output.unwrap().lines().filter(|line| line.starts_with('|') && !line.starts_with("| ---"));
    let names: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names.into_iter().filter(|name| !["what", "ratio"].contains(name)) {
        // The script adds remarks in parentheses, and the numbers of calls are those of a loop.
        let name = name.split(" (").next().unwrap().trim_start_matches("sipscan, 72000").trim_start_matches('0');
        // Both builds go through one loop.
        let is_there =
            script.replace("$build", "").contains(name) || script.contains(&name.replace(", guided build", "$build"));
        assert!(is_there, "{name}: not measured by benches/compare.sh");
    }
}
