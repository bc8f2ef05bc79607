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
