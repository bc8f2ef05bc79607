use super::*;
use crate::wrap::display_width;

fn found(names: &[&str], lang: Lang) -> Explanations {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    explain(&names, lang).unwrap_or_else(|error| panic!("{names:?}: {error}"))
}

fn page(names: &[&str], width: usize) -> String {
    found(names, Lang::En).plain(width)
}

fn english_list(width: usize) -> String {
    list(Lang::En).plain(width)
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
            "Learn more",
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
        "Learn more",
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
        assert!(english_list(width).lines().all(|line| display_width(line) <= width));
    }
}

#[test]
fn every_code_and_diagnosis_can_be_explained() {
    for entry in catalog::entries() {
        assert!(page(&[&entry.code.to_string()], 80).contains(entry.phrase));
        assert!(english_list(100).contains(&format!("\n{} {}", entry.code, entry.phrase)));
    }
    for rule in RULES {
        assert!(page(&[rule.code], 80).starts_with(rule.code));
        assert!(english_list(80).contains(rule.code));
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
        assert_eq!(explain(&[name.to_owned()], Lang::En).unwrap_err().to_string(), expected);
    }
    assert!(explain(&[], Lang::En).is_err());
}

/// Everything that can be explained, a comparison of each two neighbours and each pair that people confuse among it.
fn everything(lang: Lang) -> Vec<(String, Explanations)> {
    let codes: Vec<String> = catalog::entries().map(|entry| entry.code.to_string()).chain(["499".to_owned()]).collect();
    let two = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
    let neighbours = codes.windows(2).map(|pair| two(&pair[0], &pair[1]));
    let written = catalog::pairs::pairs().iter().map(|pair| two(&pair.low.to_string(), &pair.high.to_string()));
    let classes = (1..=6).map(|digit| vec![format!("{digit}xx")]);
    let rules = RULES.iter().map(|rule| vec![rule.code.to_owned()]);
    let all = codes.iter().map(|code| vec![code.clone()]).chain(neighbours).chain(written).chain(classes).chain(rules);
    let pages = all.map(|names| (names.join(" "), explain(&names, lang).unwrap()));
    pages.chain([("list".to_owned(), list(lang))]).collect()
}

/// Three words in a row that are neither a reason phrase nor code.
fn english(text: &str) -> Option<String> {
    let mut prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" … ");
    for entry in catalog::entries() {
        for phrase in entry.aliases.iter().chain([&entry.phrase]) {
            prose = prose.replace(phrase, " … ");
        }
    }
    let words: Vec<&str> = prose.split_whitespace().collect();
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    words.windows(3).find(|three| three.iter().all(is_word)).map(|three| three.join(" "))
}

#[test]
fn chinese_pages_keep_within_the_width_and_hold_no_english() {
    for (name, found) in everything(Lang::ZhCn) {
        for width in [60, 80, 100] {
            let text = found.plain(width);
            let widest = text.lines().map(display_width).max().unwrap();
            assert!(widest <= width, "{name} {width}: {widest}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{name}: blanks at a line's end");
        }
        assert_eq!(english(&found.markdown()), None, "{name}");
    }
    assert!(english(&found(&["301"], Lang::En).markdown()).is_some());
}

#[test]
fn chinese_headings_are_those_that_readers_expect() {
    let both = found(&["301", "607"], Lang::ZhCn).plain(80);
    assert_eq!(headings(&both), ["描述", "何时出现", "如何修复", "主要区别", "何时使用哪个", "常见误解", "了解更多"]);
}

#[test]
fn pages_in_chinese() {
    for (name, names) in [
        ("301", &["301"][..]),
        ("607", &["607"]),
        ("301_607", &["301", "607"]),
        ("derived", &["404", "486"]),
        ("redirect_loop", &["redirect-loop"]),
    ] {
        insta::assert_snapshot!(format!("chinese_{name}"), found(names, Lang::ZhCn).plain(80));
    }
}

#[test]
fn pages_as_markdown() {
    insta::assert_snapshot!("markdown_301_302", found(&["301", "302"], Lang::En).markdown());
    insta::assert_snapshot!("markdown_redirect_loop", found(&["redirect-loop"], Lang::ZhCn).markdown());
}
