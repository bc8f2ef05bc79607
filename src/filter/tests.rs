use super::*;
use crate::report::sample;

fn read(text: &str) -> Result<Filter, String> {
    let expressions = [text.to_owned()];
    let asked = Asked { expressions: &expressions, ..Asked::default() };
    Filter::read(asked, &TimeZone::UTC).map(Option::unwrap).map_err(|error| error.to_string())
}

/// Numbers of the sample's calls that a filter selects.
fn selected(filter: &Filter) -> Vec<u64> {
    sample::calls().iter().filter(|report| filter.selects(report)).map(|report| report.call.number.0).collect()
}

fn every() -> Vec<u64> {
    sample::calls().iter().map(|report| report.call.number.0).collect()
}

#[test]
fn opposites_select_the_rest() {
    for (text, opposite) in [
        ("status == 301", "status != 301"),
        ("class == 3xx", "not class == 3"),
        ("outcome in (answered, busy)", "outcome not in (answered, busy)"),
        ("host == 192.0.2.0/24", "host != 192.0.2.0/24"),
        ("caller ~ \"^sip:\"", "caller !~ \"^sip:\""),
        ("messages > 3", "! messages > 3"),
        ("duration >= 1s and severity >= error", "not (duration >= 1s && severity >= error)"),
        ("finding ~ redirect || root_cause == no-response", "not (finding ~ 'redirect' or root_cause == no-response)"),
    ] {
        let (chosen, others) = (selected(&read(text).unwrap()), selected(&read(opposite).unwrap()));
        assert!(chosen.iter().all(|n| !others.contains(n)), "{text}");
        let mut all = [chosen, others].concat();
        all.sort_unstable();
        assert_eq!(all, every(), "{text}");
    }
}

#[test]
fn fields_hold_what_reports_show() {
    let report = &sample::calls()[1];
    for text in [
        "call == 2",
        "status == 301 and class == 3xx",
        "method == invite",
        "host == 10.20.30.40 or host ~ \":5060$\"",
        "finding == redirect-contact-not-routable",
        "root_cause ~ redirect",
        "severity >= error",
        "retransmissions == 6",
        "messages > 5 and messages < 20",
        "start >= 2026-03-30 and start < 2026-04-01",
        "duration > 30s",
    ] {
        assert!(read(text).unwrap().selects(report), "{text}");
    }
    for text in ["status == 607", "ring_time > 0", "duration < 1ms", "user_agent ~ \"^$\"", "final_status >= 400"] {
        assert!(!read(text).unwrap().selects(report), "{text}");
    }
}

#[test]
fn mistakes_are_told_with_column_and_caret() {
    let rows = [
        (
            "statsu == 607",
            "--where: column 1: there is no field `statsu`; did you mean `status`?\n  statsu == 607\n  ^^^^^^",
        ),
        (
            "status == 60x",
            "--where: column 11: `60x` is not what this field holds: a status from 100 to 699, such as 607\n  status == 60x\n            ^^^",
        ),
        (
            "status 607",
            "--where: column 8: behind `status` a comparison is expected: ==, !=, <, <=, >, >=, ~, !~ or `in (…)`\n  status 607\n         ^^^",
        ),
        (
            "outcome == answerd",
            "--where: column 12: there is no outcome `answerd`; did you mean `answered`?\n  outcome == answerd\n             ^^^^^^^",
        ),
        (
            "caller ~ \"(\"",
            "--where: column 10: not a regular expression: unclosed group\n  caller ~ \"(\"\n           ^^^",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(read(text).unwrap_err(), expected);
    }
    for (text, part) in [
        ("", "there is no expression"),
        ("status == ", "a value is expected here"),
        ("(status == 607", "never closed"),
        ("status == 607)", "closes none"),
        ("status == 607 caller == 1", "`and` or `or` is missing"),
        ("status ~ \"6..\"", "patterns look at text"),
        ("caller > 5", "has no order"),
        ("caller not == 5", "`not` stands in front of it"),
        ("status in 607", "a list in parentheses"),
        ("status in (607 608)", "`,` or `)`"),
        ("finding == redirect-lop", "did you mean `redirect-loop`"),
        ("severity == bad", "info, notice"),
        ("and", "there is no field `and`"),
        ("caller ~ \"(a{1000}){1000}\"", "too large"),
        ("== 607", "a field is expected"),
        ("host == example", "192.0.2.0/24"),
    ] {
        let message = read(text).unwrap_err();
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let deep = format!("{}status == 607{}", "(".repeat(100_000), ")".repeat(100_000));
    let long = vec!["status == 607"; 20_000].join(" or ");
    for text in [deep.get(..60_000).unwrap(), &"not ".repeat(10_000), &deep, &long] {
        assert!(read(text).is_err());
    }
    assert!(read(&vec!["status == 607"; 2000].join(" or ")).is_ok());
}

#[test]
fn shortcuts_and_expressions_must_all_hold() {
    let report = &sample::calls()[1];
    let start = report.call.start.epoch_seconds();
    let filter = |since: i64, until: i64, calls: &[&str]| {
        let (since, until) = (since.to_string(), until.to_string());
        let calls: Vec<String> = calls.iter().map(|call| (*call).to_owned()).collect();
        let expressions = ["status == 301".to_owned(), "messages > 1".to_owned()];
        let asked = Asked {
            expressions: &expressions,
            since: Some(&since),
            until: Some(&until),
            calls: &calls,
            ..Asked::default()
        };
        Filter::read(asked, &TimeZone::UTC).unwrap().unwrap()
    };
    assert!(filter(start, start + 1, &["2"]).selects(report) && filter(start, start + 1, &[]).selects(report));
    assert!(filter(start, start + 1, &["7", "#2"]).selects(report));
    assert!(!filter(start + 1, start + 2, &[]).selects(report) && !filter(start - 2, start - 1, &[]).selects(report));
    assert!(!filter(start, start + 1, &["3"]).selects(report));
    let id = String::from_utf8(report.call.legs[0].call_id.clone().unwrap()).unwrap();
    assert!(filter(start, start + 1, &[&id]).selects(report));
    assert_eq!(
        filter(1, 2, &["2"]).text(),
        "(status == 301) and (messages > 1) and --since 1 and --until 2 and --call 2"
    );
    let asked = Asked { since: Some("soon"), ..Asked::default() };
    let message = Filter::read(asked, &TimeZone::UTC).unwrap_err().to_string();
    assert!(
        message.starts_with("--since: column 1: `soon` is not") && message.ends_with("\n  soon\n  ^^^^"),
        "{message}"
    );
    assert!(Filter::read(Asked::default(), &TimeZone::UTC).unwrap().is_none());
}

#[test]
fn the_manual_has_every_field() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/filter.md");
    let manual = std::fs::read_to_string(path).unwrap();
    for field in field::FIELDS {
        let row = format!("| `{}` | {} |", field.name, field.help);
        assert!(manual.contains(&row), "docs/filter.md lacks this row:\n{row}");
    }
}
