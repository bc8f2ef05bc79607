//! `sipscan check`: the scenarios are as their expectations say, and what is not is told.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files and fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::common::root;

fn check(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    command
        .arg("check")
        .args(arguments)
        .arg("--no-config")
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A directory with two captures that have no expectation yet.
fn captures() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (sample, name) in [("redirect-loop/capture", "loop"), ("clean/answered", "answered")] {
        let capture = root().join(format!("samples/{sample}.pcap"));
        fs::copy(capture, directory.path().join(format!("{name}.pcap"))).unwrap();
    }
    directory
}

#[test]
fn the_scenarios_are_as_expected() {
    if std::env::var_os("SIPSCAN_BLESS").is_some() {
        check(&root(), &["samples/scenarios", "--write"]);
    }
    let (code, text, errors) = told(&check(&root(), &["samples/scenarios"]));
    assert_eq!((code, errors.as_str()), (Some(0), ""), "SIPSCAN_BLESS=1 cargo test brings them up to date\n{text}");
    assert!(!text.contains("no expectation"), "{text}");
}

#[test]
fn expectations_are_made_hold_and_are_missed() {
    let directory = captures();
    let (code, text, errors) = told(&check(directory.path(), &["."]));
    assert_eq!(code, Some(2), "{text}");
    assert!(errors.contains("nothing was checked"), "{errors}");
    let (code, text, _) = told(&check(directory.path(), &[".", "--write"]));
    assert_eq!(code, Some(0), "{text}");
    let made = fs::read_to_string(directory.path().join("loop.expect.toml")).unwrap();
    assert!(made.contains("\"redirect-loop\"") && made.contains("must-not-find = [\"*\"]"), "{made}");
    assert_eq!(told(&check(directory.path(), &["."])).0, Some(0));
    check(directory.path(), &[".", "--write"]);
    assert_eq!(fs::read_to_string(directory.path().join("loop.expect.toml")).unwrap(), made, "nothing to update");

    fs::copy(directory.path().join("answered.pcap"), directory.path().join("loop.pcap")).unwrap();
    let (code, text, _) = told(&check(directory.path(), &[".", "-o", "junit:results.xml"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("  must-find\n    - expected redirect-loop\n    + found    it is not found\n"), "{text}");
    assert!(text.contains("1 as expected, 1 not") && !text.contains('\u{1b}'), "{text}");
    let report = fs::read_to_string(directory.path().join("results.xml")).unwrap();
    assert!(report.contains("tests=\"2\"") && report.contains("failures=\"1\""), "{report}");
    let (_, text, _) = told(&check(directory.path(), &[".", "--format", "github", "--lang", "zh-CN"]));
    assert!(text.starts_with("::error file=") && text.contains("期望"), "{text}");

    fs::remove_file(directory.path().join("loop.pcap")).unwrap();
    let (code, text, _) = told(&check(directory.path(), &["."]));
    assert_eq!(code, Some(1));
    assert!(text.contains("loop.expect.toml: there is no capture of this name"), "{text}");
}

#[test]
fn what_cannot_be_read_is_a_failure() {
    let directory = captures();
    fs::write(directory.path().join("loop.expect.toml"), "call = 1\n").unwrap();
    let (code, text, errors) = told(&check(directory.path(), &["."]));
    assert_eq!(code, Some(2), "{text}");
    assert!(errors.contains("`call` is no key; did you mean `calls`?"), "{errors}");
    assert_eq!(told(&check(directory.path(), &["missing.pcap"])).0, Some(2));
}
