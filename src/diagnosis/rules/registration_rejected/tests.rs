use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{only, with_code};

const HOSTS: &str = "host a 192.0.2.10\nhost r 198.51.100.5\n\n";
const CREDENTIALS: &str = "Authorization: Digest username=\"bob\", realm=\"r.example\", nonce=\"n\", uri=\"sip:r.example\", response=\"0123456789abcdef0123456789abcdef\"";

/// A REGISTER of bob at a time under a Call-ID, with further header fields, and what it gets.
fn register(at: u32, call: &str, more: &str, got: &str) -> String {
    format!(
        "{at} a > r call={call}\nREGISTER sip:r.example\nFrom: <sip:bob@r.example>\nTo: <sip:bob@r.example>\nContact: <sip:bob@192.0.2.10>\n{more}\n\n\
         +0.01 r > a call={call}\n{got}\n\n"
    )
}

fn flow(parts: &[String]) -> String {
    format!("{HOSTS}{}99 a > r call=o\nOPTIONS sip:r.example\n\n+0.01 r > a call=o\n200 OK\n\n", parts.concat())
}

fn one(more: &str, got: &str) -> String {
    flow(&[register(0, "1", more, got)])
}

#[test]
fn it_says_who_is_not_registered_and_why() {
    for (more, got, said) in [
        (
            CREDENTIALS,
            "403 Forbidden",
            "sip:bob@r.example was not registered: the request carried credentials, and many registrars answer wrong ones so; others mean an account that is blocked, or \
             may not register from 192.0.2.10.",
        ),
        (
            CREDENTIALS,
            "403 Wrong password",
            "sip:bob@r.example was not registered: the reason phrase names the credentials that the request carried.",
        ),
        (
            "",
            "403 Forbidden",
            "sip:bob@r.example was not registered, and no password was looked at, as the request carried no credentials: the registrar refuses the account, its domain, or \
             the address 192.0.2.10.",
        ),
        (
            "",
            "404 Not Found",
            "sip:bob@r.example was not registered: the registrar knows no such user, or does not serve r.example.",
        ),
        (
            "Expires: 60",
            "423 Interval Too Brief\nMin-Expires: 600",
            "sip:bob@r.example was not registered: the client asked for 60 seconds, and the registrar grants no less than 600. Under this Call-ID the client did not ask for \
             longer.",
        ),
        (
            "",
            "423 Interval Too Brief\nMin-Expires: 600",
            "sip:bob@r.example was not registered: the registrar grants no less than 600 seconds. Under this Call-ID the client did not ask for longer.",
        ),
        (
            "Expires: 60",
            "423 Interval Too Brief",
            "sip:bob@r.example was not registered: the client asked for too short a time. The registrar does not say for how long it would, as it has to in Min-Expires (RFC \
             3261 §10.3).",
        ),
        (
            "",
            "603 Decline",
            "sip:bob@r.example was not registered: the registrar refuses, and the status gives no reason that fits a registration.",
        ),
    ] {
        let finding = only(&one(more, got), RULE.code);
        let text = finding.message.to_string();
        let phrase = got.lines().next().unwrap_or_default();
        let phrase = if phrase.contains("Wrong") { "403 \"Wrong password\" (Forbidden)" } else { phrase };
        assert_eq!(text, format!("198.51.100.5:5060 answered REGISTER with {phrase}. {said}"));
        // A 603 is how users decline: servers take it for all sorts of things.
        let expected = if got.starts_with("603") { Severity::Warning } else { Severity::Error };
        assert_eq!(finding.severity, expected, "{got}");
    }
}

#[test]
fn it_takes_the_place_of_the_catalogue() {
    let report = report(&one("", "403 Forbidden"));
    assert_eq!((codes(&report), report.root_cause), (vec!["registration-rejected error".to_owned()], Some(RULE.code)));
}

#[test]
fn what_a_client_tries_again_and_again_is_said_once() {
    let parts = [0, 10, 20].map(|at| register(at, "1", CREDENTIALS, "403 Forbidden"));
    let finding = only(&flow(&parts), RULE.code);
    assert!(finding.message.to_string().ends_with("The client tried 3 times in 20 s, and got the same each time."));
    assert!(finding.remediation.iter().any(|fix| fix.to_string().starts_with("Let the client wait longer")));
    assert_eq!(finding.evidence.first().map(|e| e.frame.number.0), Some(6));
}

#[test]
fn what_is_known_of_other_registrations_of_the_user_is_said() {
    let accepted = |at, call| register(at, call, "", "200 OK\nContact: <sip:bob@192.0.2.10>;expires=60");
    let refused = register(50, "1", CREDENTIALS, "403 Forbidden");
    for call in ["1", "2"] {
        let finding = only(&flow(&[accepted(0, call), refused.clone()]), RULE.code);
        assert!(
            finding.message.to_string().ends_with("and something has changed since."),
            "{call}: {}",
            finding.message
        );
        assert!(finding.evidence.iter().any(|e| e.frame.number.0 == 2), "{call}");
    }
    let finding = only(&flow(&[refused, accepted(60, "1")]), RULE.code);
    assert!(finding.message.to_string().ends_with("A later REGISTER of the same user was accepted."));
    assert_eq!(finding.severity, Severity::Warning);
}

#[test]
fn credentials_of_another_name_are_compared() {
    let other = CREDENTIALS.replace("\"bob\"", "\"carol\"");
    let fixes = |more: &str| {
        only(&one(more, "403 Forbidden"), RULE.code).remediation.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(fixes(&other).iter().any(|fix| fix.contains("carol")));
    assert!(fixes(CREDENTIALS).iter().all(|fix| !fix.contains("credentials, ")));
}

#[test]
fn what_is_no_refusal_of_a_user_is_not_told() {
    let silent = |text: &str| assert_eq!(with_code(text, RULE.code).len(), 0, "{text}");
    for got in [
        "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"",
        "405 Method Not Allowed",
        "503 Service Unavailable",
    ] {
        silent(&one("", got));
    }
    // Who is told that it is too brief and asks for longer does what it should.
    let longer = register(1, "1", "Expires: 600", "200 OK");
    silent(&flow(&[register(0, "1", "Expires: 60", "423 Interval Too Brief\nMin-Expires: 600"), longer]));
    // What takes a contact away registers nobody.
    silent(&one("Expires: 0", "403 Forbidden"));
    silent(&format!(
        "{HOSTS}0.0 a > r\nREGISTER sip:r.example\nFrom: <sip:bob@r.example>\nTo: <sip:bob@r.example>\n\n0.01 r > a\n403 Forbidden\n\n"
    ));
}

#[test]
fn a_client_that_is_accepted_under_another_call_id_is_told_so() {
    let said = |later: &str, more: &str, got: &str| {
        let next = register(2, "2", more, "200 OK\nContact: <sip:bob@192.0.2.10>;expires=600").replace("bob", later);
        let finding = only(&flow(&[register(0, "1", "Expires: 60", got), next]), RULE.code);
        (finding.severity, finding.message.to_string(), finding.remediation.len())
    };
    let brief = "423 Interval Too Brief\nMin-Expires: 600";
    let (severity, text, fixes) = said("bob", "Expires: 600", brief);
    assert!(
        text.ends_with("a REGISTER of the same client for that user, under another Call-ID, was accepted."),
        "{text}"
    );
    assert_eq!((severity, fixes), (Severity::Warning, 2));
    let (severity, text, _) = said("bob", "", "403 Forbidden");
    assert!(severity == Severity::Warning && text.contains("under another Call-ID, was accepted"), "{text}");
    let (severity, text, fixes) = said("carol", "Expires: 600", brief);
    assert!(severity == Severity::Error && !text.contains("was accepted") && fixes == 3, "{text}");
}

#[test]
fn a_423_at_the_end_of_the_capture_is_not_said_to_be_unheeded() {
    let flow = |last: &str| {
        format!("{HOSTS}{}{last}", register(0, "1", "Expires: 60", "423 Interval Too Brief\nMin-Expires: 600"))
    };
    assert!(with_code(&flow(""), RULE.code).is_empty());
    assert_eq!(with_code(&flow("9 a > r call=o\nOPTIONS sip:r\n\n9.1 r > a call=o\n200 OK\n"), RULE.code).len(), 1);
}

#[test]
fn who_registers_somebody_else_or_scans_is_told_elsewhere() {
    let usual = one("", "404 Not Found");
    let third = usual.replace("From: <sip:bob@r.example>", "From: <sip:scscf.r.example>");
    let scan = usual.replace("To: <sip:bob@r.example>", "To: <sip:bob@r.example>\nUser-Agent: friendly-scanner");
    assert_eq!([usual, third, scan].map(|flow| with_code(&flow, RULE.code).len()), [1, 0, 0]);
}

#[test]
fn of_many_users_under_one_call_id_the_last_are_told() {
    let parts: Vec<String> =
        (0..30).map(|n| register(n, "1", "", "404 Not Found").replace("bob", &format!("user{n}"))).collect();
    let report = report(&flow(&parts));
    let told: Vec<_> = report.findings.iter().filter(|finding| finding.code == RULE.code).collect();
    assert_eq!((told.len(), report.findings.len(), report.root_cause), (8, 8, Some(RULE.code)));
    assert!(told.iter().any(|finding| finding.message.to_string().contains("sip:user29@")));
}
