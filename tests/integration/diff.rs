//! `sipscan diff`: before and after a change.
#![expect(clippy::unwrap_used, reason = "tests read files and fail by panicking")]

use std::process::{Command, Stdio};

use serde_json::Value;

use super::common::root;

fn diff(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    command.arg("diff").args(arguments).arg("--no-config").current_dir(root()).stdin(Stdio::null());
    let run = command.output().unwrap();
    assert!(run.status.code() == Some(2) || run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    (run.status.code(), String::from_utf8(run.stdout).unwrap())
}

fn changes(arguments: &[&str]) -> Value {
    serde_json::from_str(&diff(&[arguments, &["--format", "json"]].concat()).1).unwrap()
}

const LOOP: &str = "samples/redirect-loop/capture.pcap";
const CLEAN: &str = "samples/clean/answered.pcap";
const MIXED: &str = "samples/mixed.pcap";

#[test]
fn a_capture_differs_in_nothing_from_itself() {
    let (code, text) = diff(&[MIXED, MIXED, "--fail-on", "info", "--fail-on", "2xx"]);
    assert_eq!(code, Some(0), "{text}");
    for word in ["new ", "gone ", "higher", "lower", "unclear ", "longer ", "shorter "] {
        let lines = text.lines().take_while(|line| !line.starts_with("A share or delay"));
        assert!(!lines.clone().any(|line| line.contains(&format!("  {word}"))), "{word}: {text}");
    }
    let all = changes(&[MIXED, MIXED]);
    for list in ["findings", "outcomes", "final_responses", "rates", "delays"] {
        let rows = all[list].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["change"] == "same"), "{list}: {rows:?}");
    }
    assert!(all["findings"].as_array().unwrap().iter().all(|row| row["problems"]["new"] == 0));
}

#[test]
fn what_is_new_on_one_side_is_gone_on_the_other() {
    let change = |all: &Value, code: &str| {
        let rows = all["findings"].as_array().unwrap();
        rows.iter().find(|row| row["code"] == code).unwrap()["change"].as_str().unwrap().to_owned()
    };
    assert_eq!(change(&changes(&[CLEAN, LOOP]), "redirect-loop"), "new");
    assert_eq!(change(&changes(&[LOOP, CLEAN]), "redirect-loop"), "gone");
    let (code, text) = diff(&[CLEAN, LOOP, "--fail-on", "redirect-loop"]);
    assert!(code == Some(1) && text.contains("first: capture.pcap, call 1, frame "), "{text}");
    assert!(text.contains("problems: 1 new, 0 gone, 0 as before"), "{text}");
    assert_eq!(diff(&[LOOP, CLEAN, "--fail-on", "redirect-loop"]).0, Some(0));
    assert_eq!(diff(&[CLEAN, LOOP, "--fail-on", "301"]).0, Some(1));
    assert_eq!(diff(&[LOOP, CLEAN, "--fail-on", "301"]).0, Some(0));
    let (code, text) = diff(&[CLEAN, LOOP, "--format", "markdown"]);
    assert!(code == Some(0) && text.starts_with("# Comparison by sipscan\n"), "{text}");
    let (_, text) = diff(&[CLEAN, LOOP, "--lang", "zh-CN"]);
    assert!(text.contains("【诊断结果】") && text.contains("新增"), "{text}");
}

#[test]
fn a_side_is_a_directory_or_a_selection_of_calls_too() {
    let all = changes(&["samples/redirect-loop", MIXED, "--where", "status == 301"]);
    assert_eq!(all["old"]["captures"].as_array().unwrap().len(), 2);
    let selected = all["new"]["calls"].as_u64().unwrap();
    assert!(selected > 0 && selected < changes(&[MIXED, MIXED])["new"]["calls"].as_u64().unwrap());
    assert_eq!(diff(&[MIXED, "samples/missing.pcap"]).0, Some(2));
    assert_eq!(diff(&[MIXED]).0, Some(2), "two sides are needed");
}

#[test]
fn a_capture_without_frames_is_a_side_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("empty.pcap");
    let header = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 1, 0, 1, 0, 0, 0]].concat();
    std::fs::write(&path, header).unwrap();
    let empty = path.to_str().unwrap();
    for (arguments, change) in [([empty, MIXED], "new"), ([MIXED, empty], "gone")] {
        let all = changes(&arguments);
        for list in ["findings", "outcomes", "final_responses"] {
            let rows = all[list].as_array().unwrap();
            assert!(!rows.is_empty() && rows.iter().all(|row| row["change"] == change), "{list}: {rows:?}");
        }
        for list in ["rates", "delays"] {
            assert!(
                all[list].as_array().unwrap().iter().all(|row| row["change"] == "same"),
                "of nothing there is no share"
            );
        }
        assert_eq!(diff(&arguments).0, Some(0));
    }
    let (code, text) = diff(&[empty, empty, "--fail-on", "info"]);
    assert!(code == Some(0) && !text.contains("NaN"), "{text}");
    assert_eq!(diff(&["-", "-"]).0, Some(2), "standard input cannot be both sides");
}

#[test]
fn the_order_in_which_captures_are_read_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let side = |name: &str, first: &str, second: &str| {
        let folder = directory.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        for (capture, sample) in [("1.pcap", first), ("2.pcap", second)] {
            std::fs::copy(root().join(sample), folder.join(capture)).unwrap();
        }
        folder.to_str().unwrap().to_owned()
    };
    let (one, other) = (side("one", LOOP, MIXED), side("other", MIXED, LOOP));
    let all = changes(&[&one, &other]);
    for list in ["findings", "outcomes", "final_responses", "rates", "delays"] {
        let rows = all[list].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["change"] == "same"), "{list}: {rows:?}");
    }
    let threads = |n| diff(&[&one, MIXED, "--threads", n]);
    assert_eq!(threads("1"), threads("4"));
}
