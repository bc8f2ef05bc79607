//! Every sample in every format: the schemas hold, the formats agree with one another, and nothing hostile comes through.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::schema;

fn captures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "pcap" || e == "pcapng") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

fn report(capture: &Path, arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan")).arg(capture).args(arguments).output().unwrap();
    String::from_utf8(run.stdout).unwrap()
}

fn published(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn json_keeps_to_its_schema_and_adds_up() {
    let schema = published("report.schema.json");
    for capture in captures() {
        let text = report(&capture, &["--format", "json"]);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema::errors(&schema, &document), [""; 0], "{}", capture.display());
        let (calls, summary) = (document["calls"].as_array().unwrap(), &document["summary"]);
        let number = |value: &Value| value.as_u64().unwrap();
        assert_eq!(number(&summary["calls"]) + number(&summary["other_groups"]), calls.len() as u64);
        let finals: usize = calls.iter().map(|call| call["final_responses"].as_array().unwrap().len()).sum();
        let sum = |counts: &Value| counts.as_object().unwrap().values().map(number).sum::<u64>();
        assert_eq!(sum(&summary["final_responses"]["by_status"]), finals as u64, "{}", capture.display());
        assert_eq!(sum(&summary["final_responses"]["by_class"]), finals as u64, "{}", capture.display());
        assert_eq!(sum(&summary["outcomes"]), number(&summary["calls"]), "{}", capture.display());
        let clustered: u64 = summary["clusters"].as_array().unwrap().iter().map(|c| number(&c["calls"])).sum();
        assert_eq!(clustered + number(&summary["unclustered"]), number(&summary["failures"]), "{}", capture.display());
    }
}

#[test]
fn explanations_keep_to_their_schema_in_both_languages() {
    let schema = published("explain.schema.json");
    for names in [
        &["301"][..],
        &["499"],
        &["301", "607"],
        &["404", "486"],
        &["498", "499"],
        &["6xx"],
        &["--list"],
        &["redirect-loop", "607", "3xx"],
    ] {
        for lang in ["en", "zh-CN"] {
            let explain = |format| {
                let arguments = ["--format", format, "--lang", lang];
                let run =
                    Command::new(env!("CARGO_BIN_EXE_sipscan")).arg("explain").args(names).args(arguments).output();
                String::from_utf8(run.unwrap().stdout).unwrap()
            };
            let document: Value = serde_json::from_str(&explain("json")).unwrap();
            assert_eq!(schema::errors(&schema, &document), [""; 0], "{names:?}");
            assert_eq!(document["lang"], lang);
            let markdown = explain("markdown");
            assert!(markdown.starts_with("# "), "{names:?}");
            let chinese = markdown.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert_eq!(chinese, lang == "zh-CN", "{names:?}");
        }
    }
}

#[test]
fn ndjson_says_the_same_as_json() {
    let schema = published("ndjson.schema.json");
    for capture in captures() {
        let document: Value = serde_json::from_str(&report(&capture, &["--format", "json"])).unwrap();
        let mut calls = Vec::new();
        for line in report(&capture, &["--format", "ndjson"]).lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(schema::errors(&schema, &line), [""; 0], "{}", capture.display());
            match line.as_object_mut().unwrap().remove("type").unwrap().as_str().unwrap() {
                "call" => calls.push(line),
                "summary" => assert_eq!(line, document["summary"]),
                "capture" => assert_eq!(line, document["captures"][0]),
                _ => assert!(document["findings"].as_array().unwrap().contains(&line)),
            }
        }
        assert_eq!(&calls, document["calls"].as_array().unwrap(), "{}", capture.display());
    }
}

#[test]
fn tables_have_a_row_for_everything_in_json() {
    for capture in captures() {
        let document: Value = serde_json::from_str(&report(&capture, &["--format", "json"])).unwrap();
        let calls = document["calls"].as_array().unwrap();
        let inner = |name: &str| calls.iter().map(|call| call[name].as_array().unwrap().len()).sum::<usize>();
        let others = ["findings", "incomplete"].map(|name| document[name].as_array().unwrap().len());
        let findings = inner("findings") + others.iter().sum::<usize>();
        for (format, rows) in [("csv", calls.len()), ("responses", inner("final_responses")), ("findings", findings)] {
            let text = report(&capture, &["--format", format]);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            // The reader refuses rows of different lengths.
            let records: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert_eq!(records.len(), rows, "{format} of {}", capture.display());
            assert!(records.iter().flatten().all(|cell| !cell.starts_with(['=', '@'])), "{}", capture.display());
        }
    }
}

#[test]
fn nothing_that_a_terminal_obeys_comes_through() {
    for capture in captures() {
        for format in ["text", "json", "ndjson", "csv", "responses", "findings", "moves", "complaints"] {
            let text = report(&capture, &["--format", format, "--all"]);
            let obeyed = |c: char| (c.is_control() && c != '\n' && c != '\r') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(obeyed), "{format} of {}", capture.display());
        }
    }
}
