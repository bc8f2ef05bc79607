use super::*;
use crate::wrap::display_width;

fn page(names: &[&str], width: usize) -> String {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    explain(&names, width).unwrap_or_else(|error| panic!("{names:?}: {error}"))
}

fn headings(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with(|c: char| c.is_alphanumeric())).skip(1).collect()
}

#[test]
fn a_status_code_has_its_headings() {
    assert_eq!(
        headings(&page(&["301"], 100)),
        [
            "Description",
            "When it occurs",
            "How to fix",
            "Who acts",
            "Retry",
            "Header fields",
            "In calls and networks",
            "How to confirm",
            "Misconceptions",
            "Further reading",
        ]
    );
}

#[test]
fn what_was_often_said_wrong_is_said_right() {
    let flat = |names: &[&str]| page(names, 100).split_whitespace().collect::<Vec<_>>().join(" ");
    let moved = flat(&["301"]);
    assert!(moved.contains("should try that address at once, for this very call"));
    let unwanted = flat(&["607"]);
    let fix = unwanted.split("How to fix").nth(1).unwrap();
    let attestation = fix.find("ttestation").unwrap_or(usize::MAX);
    assert!(fix.find("other").unwrap() < attestation, "attestation is not the first remedy");
    let both = flat(&["301", "607"]);
    assert!(both.contains("never alternatives"));
    assert_eq!(both.find("301").unwrap(), 0);
}

#[test]
fn two_codes_are_compared_under_the_headings_of_a_comparison() {
    let expected = [
        "Description",
        "When it occurs",
        "How to fix",
        "Key differences",
        "When to use which",
        "Misconceptions",
        "Further reading",
    ];
    assert_eq!(headings(&page(&["301", "607"], 100)), expected);
    // Nobody wrote a comparison of these two; the facts of the catalogue make one.
    let built = page(&["404", "607"], 100);
    assert!(headings(&built).starts_with(&expected[..5]), "{built}");
    assert!(built.contains("cancels all other branches"));
}

#[test]
fn unregistered_codes_are_explained_as_their_class() {
    assert!(page(&["499"], 80).contains("Clients treat it as 400 Bad Request"));
    assert!(page(&["498", "499"], 80).contains("Clients treat both as 400 Bad Request"));
}

#[test]
fn a_class_lists_its_codes() {
    let text = page(&["6XX"], 80);
    for code in ["600 Busy Everywhere", "607 Unwanted", "687"] {
        assert!(text.contains(code), "{code}");
    }
    assert!(!text.contains("503 Service"));
}

#[test]
fn a_diagnosis_has_its_headings() {
    let text = page(&["failed-response"], 80);
    assert_eq!(
        headings(&text),
        [
            "What it means",
            "Why it matters",
            "Likely causes",
            "How to fix",
            "How to confirm",
            "When this is wrong",
            "References",
            "Sample",
        ]
    );
    assert!(text.contains("Severity: error") && text.contains("samples/failed-response/capture.pcap"));
}

#[test]
fn no_line_is_wider_than_the_page() {
    for width in [60, 80, 100] {
        for names in
            [&["301"][..], &["607"], &["301", "607"], &["486", "603"], &["no-response"], &["4xx"], &["301", "4xx"]]
        {
            let text = page(names, width);
            let widest = text.lines().map(display_width).max().unwrap();
            assert!(widest <= width, "{names:?} {width}: {widest}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{names:?}: blanks at a line's end");
        }
        assert!(list(width).lines().all(|line| display_width(line) <= width));
    }
}

#[test]
fn every_code_and_diagnosis_can_be_explained() {
    for entry in catalog::entries() {
        assert!(page(&[&entry.code.to_string()], 80).contains(entry.phrase));
        assert!(list(100).contains(&format!("\n{}  {}", entry.code, entry.phrase)));
    }
    for rule in RULES {
        assert!(page(&[rule.code], 80).starts_with(rule.code));
        assert!(list(80).contains(rule.code));
    }
}

#[test]
fn unknown_names_get_a_suggestion() {
    for (name, expected) in [
        ("no-respons", "nothing is called no-respons; did you mean no-response?"),
        ("Unwnted", "nothing is called Unwnted; did you mean 607 (Unwanted)?"),
        ("qqqqqq", "nothing is called qqqqqq; `sipscan explain --list` shows what can be explained"),
        ("99", "99 is no status code: they run from 100 to 699"),
        ("7xx", "nothing is called 7xx; `sipscan explain --list` shows what can be explained"),
    ] {
        assert_eq!(explain(&[name.to_owned()], 80).unwrap_err().to_string(), expected);
    }
    assert!(explain(&[], 80).is_err());
}
