//! `--baseline`: what is known is left out everywhere, and told.
#![expect(clippy::unwrap_used, reason = "tests read files and fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::root;

fn sipscan(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    let run = command.args(arguments).arg("--no-config").current_dir(directory).stdin(Stdio::null()).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

#[test]
fn only_what_is_new_is_reported_and_counts() {
    let directory = tempfile::tempdir().unwrap();
    for (sample, name) in [("redirect-loop/capture", "a"), ("redirect-without-contact/capture", "b")] {
        fs::copy(root().join(format!("samples/{sample}.pcap")), directory.path().join(format!("{name}.pcap"))).unwrap();
    }
    let run = |arguments: &[&str]| sipscan(directory.path(), arguments);
    let (code, before, _) = run(&["a.pcap", "--write-baseline", "known.json", "--fail-on", "info"]);
    assert!(code == Some(1) && before.contains("redirect-loop"), "{before}");
    let file = fs::read_to_string(directory.path().join("known.json")).unwrap();
    assert!(file.contains("{\"code\":\"redirect-loop\",\"count\":1}") && !file.contains("sip:"), "{file}");

    let (code, text, errors) = run(&["a.pcap", "--baseline", "known.json", "--fail-on", "info"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1 known finding is left out") && !text.contains("[redirect-loop"), "{text}");
    assert!(errors.contains("1 known finding is left out"), "{errors}");
    for format in ["json", "markdown", "html", "junit", "sarif"] {
        let (_, text, _) = run(&["a.pcap", "--baseline", "known.json", "--format", format]);
        assert!(
            text.contains("known finding") || text.contains("\"baseline\":{\"known\":1,\"gone\":{}}"),
            "{format}: {text}"
        );
    }

    let (code, text, errors) = run(&["b.pcap", "--baseline", "known.json", "--fail-on", "redirect-without-contact"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(errors.contains("1 finding of the baseline is gone: redirect-loop 1"), "{errors}");
    let (_, _, errors) = run(&["a.pcap", "b.pcap", "--baseline", "known.json"]);
    assert!(errors.contains("1 known finding is left out") && !errors.contains("gone"), "{errors}");
    assert_eq!(run(&["a.pcap", "--baseline", "a.pcap"]).0, Some(2));
    assert_eq!(run(&["a.pcap", "--baseline", "missing.json"]).0, Some(2));
}

#[test]
fn what_is_known_is_called_known() {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(root().join("samples/redirect-loop/capture.pcap"), directory.path().join("a.pcap")).unwrap();
    let run = |arguments: &[&str]| sipscan(directory.path(), arguments);
    run(&["a.pcap", "--write-baseline", "known.json"]);
    for (lang, known, ignored) in [("en", "Known", "Ignored"), ("zh-CN", "已知", "忽略")] {
        let (_, text, _) = run(&["a.pcap", "--baseline", "known.json", "--lang", lang]);
        assert!(text.lines().any(|line| line.starts_with(known)) && !text.contains(ignored), "{text}");
    }
    let (_, page, _) = run(&["a.pcap", "--baseline", "known.json", "--format", "html"]);
    assert!(page.contains("<dt>Known</dt>") && !page.contains("<dt>Ignored</dt>"));
}

#[test]
fn a_baseline_of_redacted_findings_is_for_redacted_ones_with_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(root().join("samples/redirect-loop/capture.pcap"), directory.path().join("a.pcap")).unwrap();
    let run = |arguments: &[&str]| sipscan(directory.path(), arguments);
    let redacted = |key: &str, more: &[&str]| {
        let all = ["a.pcap", "--redact", "--redact-key", key, "--fail-on", "info"];
        run(&[&all[..], more].concat())
    };
    let (code, _, errors) = run(&["a.pcap", "--redact", "--write-baseline", "r.json"]);
    assert!(code == Some(2) && errors.contains("--redact-key"), "{errors}");
    assert!(!directory.path().join("r.json").exists(), "nothing is written by a command that cannot be");
    assert_eq!(redacted("ours", &["--write-baseline", "r.json"]).0, Some(1));
    let (code, text, errors) = redacted("ours", &["--baseline", "r.json"]);
    assert!(code == Some(0) && text.contains("known finding"), "{text}{errors}");
    assert!(!text.contains("corp.example"), "{text}");
    let (code, _, errors) = redacted("theirs", &["--baseline", "r.json"]);
    assert!(code == Some(1) && errors.contains("gone"), "another key knows nothing: {errors}");
    let (code, _, errors) = run(&["a.pcap", "--baseline", "r.json"]);
    assert!(code == Some(2) && errors.contains("--redact"), "{errors}");
    run(&["a.pcap", "--write-baseline", "plain.json"]);
    assert!(!fs::read_to_string(directory.path().join("plain.json")).unwrap().contains("redacted"));
    let (code, _, errors) = redacted("ours", &["--baseline", "plain.json"]);
    assert!(code == Some(2) && errors.contains("without --redact"), "{errors}");
}
