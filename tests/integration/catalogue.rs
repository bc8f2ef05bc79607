//! The catalogue agrees with the registry of IANA and is complete.

use sipscan::catalog::{self, Failure, Kind, Registration, Retry, StatusEntry};

/// The SIP response codes that IANA has registered, with their phrases.
const REGISTRY: &[(u16, &str)] = &[
    (100, "Trying"),
    (180, "Ringing"),
    (181, "Call Is Being Forwarded"),
    (182, "Queued"),
    (183, "Session Progress"),
    (199, "Early Dialog Terminated"),
    (200, "OK"),
    (202, "Accepted"),
    (204, "No Notification"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Moved Temporarily"),
    (305, "Use Proxy"),
    (380, "Alternative Service"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (412, "Conditional Request Failed"),
    (413, "Request Entity Too Large"),
    (414, "Request-URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Unsupported URI Scheme"),
    (417, "Unknown Resource-Priority"),
    (420, "Bad Extension"),
    (421, "Extension Required"),
    (422, "Session Interval Too Small"),
    (423, "Interval Too Brief"),
    (424, "Bad Location Information"),
    (425, "Bad Alert Message"),
    (428, "Use Identity Header"),
    (429, "Provide Referrer Identity"),
    (430, "Flow Failed"),
    (433, "Anonymity Disallowed"),
    (436, "Bad Identity Info"),
    (437, "Unsupported Credential"),
    (438, "Invalid Identity Header"),
    (439, "First Hop Lacks Outbound Support"),
    (440, "Max-Breadth Exceeded"),
    (469, "Bad Info Package"),
    (470, "Consent Needed"),
    (480, "Temporarily Unavailable"),
    (481, "Call/Transaction Does Not Exist"),
    (482, "Loop Detected"),
    (483, "Too Many Hops"),
    (484, "Address Incomplete"),
    (485, "Ambiguous"),
    (486, "Busy Here"),
    (487, "Request Terminated"),
    (488, "Not Acceptable Here"),
    (489, "Bad Event"),
    (491, "Request Pending"),
    (493, "Undecipherable"),
    (494, "Security Agreement Required"),
    (500, "Server Internal Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Server Time-out"),
    (505, "Version Not Supported"),
    (513, "Message Too Large"),
    (555, "Push Notification Service Not Supported"),
    (580, "Precondition Failure"),
    (600, "Busy Everywhere"),
    (603, "Decline"),
    (604, "Does Not Exist Anywhere"),
    (606, "Not Acceptable"),
    (607, "Unwanted"),
    (608, "Rejected"),
];

#[test]
fn registered_codes_are_those_of_the_registry() {
    let registered = catalog::entries().filter(|entry| entry.registration == Registration::Iana);
    let found: Vec<(u16, &str)> = registered.map(|entry| (entry.code, entry.phrase)).collect();
    assert_eq!(found, REGISTRY);
    assert_eq!(REGISTRY.len(), 75);
}

#[test]
fn other_codes_are_marked_as_such() {
    let others = catalog::entries().filter(|entry| entry.registration != Registration::Iana);
    let found: Vec<u16> = others.map(|entry| entry.code).collect();
    assert_eq!(found, [303, 409, 411, 473, 474, 475, 476, 477, 478, 479, 687]);
}

#[test]
fn every_entry_is_complete() {
    for entry in catalog::entries() {
        let code = entry.code;
        assert!((100..=699).contains(&code) && !entry.phrase.is_empty(), "{code}");
        assert!(!entry.references.is_empty() && entry.references.iter().all(|text| !text.is_empty()), "{code}");
        assert!(!entry.when_it_occurs.is_empty() && !entry.how_to_fix.is_empty(), "{code}");
        assert!(!entry.who_acts.is_empty() && !entry.who_acts.ends_with('.'), "{code}");
        for sentence in sentences(entry) {
            assert!(is_a_sentence(sentence), "{code}: {sentence:?}");
        }
        if code >= 300 {
            assert!(!entry.q850_note.is_empty(), "{code}");
            assert!(entry.q850.is_some() || code == 487, "{code}");
        }
    }
}

fn sentences(entry: &'static StatusEntry) -> impl Iterator<Item = &'static str> {
    let lists = [entry.details, entry.when_it_occurs, entry.how_to_fix, entry.misconceptions];
    let verify = Some(entry.verify).filter(|text| !text.is_empty());
    [entry.meaning, entry.retry_note].into_iter().chain(verify).chain(lists.into_iter().flatten().copied())
}

fn is_a_sentence(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '"' | '`'));
    begins && text.ends_with(['.', '?']) && !text.contains("  ") && text.matches('`').count().is_multiple_of(2)
}

#[test]
fn every_failure_says_how_to_confirm_the_remedy() {
    for entry in catalog::entries().filter(|entry| entry.failure != Failure::No) {
        assert!(!entry.verify.is_empty(), "{}", entry.code);
    }
}

#[test]
fn classes_and_kinds_agree() {
    for entry in catalog::entries() {
        let expected = match entry.code / 100 {
            1 => entry.kind == Kind::Provisional,
            2 => entry.kind == Kind::Success,
            3 => entry.kind == Kind::Redirect,
            _ => !matches!(entry.kind, Kind::Provisional | Kind::Success | Kind::Redirect),
        };
        assert!(expected, "{} {:?}", entry.code, entry.kind);
        assert_eq!(entry.code < 300, entry.retry == Retry::NotApplicable && entry.code != 487, "{}", entry.code);
    }
}

#[test]
fn mandatory_header_fields_are_those_of_the_standards() {
    let found: Vec<(u16, Vec<&str>)> = catalog::entries()
        .filter(|entry| !entry.required_headers.is_empty())
        .map(|entry| (entry.code, entry.required_headers.iter().flat_map(|any| any.iter().copied()).collect()))
        .collect();
    let expected: Vec<(u16, Vec<&str>)> = vec![
        (401, vec!["WWW-Authenticate"]),
        (405, vec!["Allow"]),
        (407, vec!["Proxy-Authenticate"]),
        (415, vec!["Accept", "Accept-Encoding", "Accept-Language"]),
        (420, vec!["Unsupported"]),
        (421, vec!["Require"]),
        (422, vec!["Min-SE"]),
        (423, vec!["Min-Expires"]),
        (424, vec!["Geolocation-Error"]),
        (425, vec!["AlertMsg-Error"]),
        (469, vec!["Recv-Info"]),
        (494, vec!["Security-Server"]),
        (608, vec!["Call-Info"]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_texts_on_301_and_607_contradict_the_common_errors() {
    let text = |code| sentences(catalog::lookup(code).expect("an entry")).collect::<Vec<_>>().join(" ");
    for needed in ["for this very call", "Never store a Contact", "\"The repair is to store the Contact.\" Only if"] {
        assert!(text(301).contains(needed), "{needed}");
    }
    for needed in [
        "\"Attestation A cures a 607.\" It does not",
        "nothing to do with the verification of caller identity",
        "428, 436, 437, 438",
        "Nobody but the callee can lift the block",
    ] {
        assert!(text(607).contains(needed), "{needed}");
    }
    let entry = catalog::lookup(607).expect("an entry");
    assert!(!entry.how_to_fix.first().is_some_and(|step| step.contains("ttestation")));
}

#[test]
fn gateways_send_the_causes_of_rfc_3398() {
    let listed = [
        (1, &[404, 485, 604][..]),
        (17, &[486, 600]),
        (18, &[480]),
        (21, &[401, 402, 403, 407, 603]),
        (22, &[410]),
        (23, &[300, 301, 302, 305, 380]),
        (25, &[482, 483]),
        (28, &[484]),
        (38, &[502]),
        (41, &[400, 481, 500, 503]),
        (63, &[405]),
        (79, &[406, 415, 501]),
        (102, &[408, 504]),
        (127, &[413, 414, 416, 420, 421, 423, 505, 513]),
    ];
    for entry in catalog::entries().filter(|entry| entry.code >= 300 && entry.code != 487) {
        let cause = listed.iter().find(|(_, codes)| codes.contains(&entry.code)).map_or(31, |(cause, _)| *cause);
        assert_eq!(entry.q850, Some(cause), "{}", entry.code);
    }
}
