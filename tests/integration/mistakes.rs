//! Mistakes on the command line cost nothing and are named: no capture is overwritten, no name of a file speaks for the program.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files and fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::root;

/// Exit code, standard output, and standard error.
fn sipscan(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    let run = command.args(arguments).arg("--no-config").current_dir(directory).stdin(Stdio::null()).output().unwrap();
    (
        run.status.code(),
        String::from_utf8_lossy(&run.stdout).into_owned(),
        String::from_utf8_lossy(&run.stderr).into_owned(),
    )
}

#[test]
fn no_output_replaces_a_capture_or_another_output() {
    let directory = tempfile::tempdir().unwrap();
    let capture = directory.path().join("in.pcap");
    fs::copy(root().join("samples/mixed.pcap"), &capture).unwrap();
    let before = fs::read(&capture).unwrap();
    for arguments in [
        &["in.pcap", "-o", "json:in.pcap"][..],
        &[".", "-o", "json:./in.pcap"],
        &["in.pcap", "--write-baseline", "in.pcap"],
        &["check", ".", "-o", "junit:in.pcap"],
        &["ladder", "in.pcap", "--call", "13", "--format", "text", "-o", "in.pcap"],
        &["extract", "in.pcap", "--call", "13", "-o", "in.pcap"],
        &["redact", "in.pcap", "-o", "in.pcap"],
    ] {
        let (code, _, errors) = sipscan(directory.path(), arguments);
        assert!(code == Some(2) && errors.contains("this is one of the captures"), "{arguments:?}: {errors}");
        assert!(fs::read(&capture).unwrap() == before, "{arguments:?}");
    }
    let (code, _, errors) = sipscan(directory.path(), &["in.pcap", "-o", "html:one", "-o", "json:one"]);
    assert!(code == Some(2) && errors.contains("two reports cannot go into one file"), "{errors}");
    let (code, _, errors) = sipscan(directory.path(), &["in.pcap", "-o", "json:-"]);
    assert!(code == Some(2) && errors.contains("--format") && !directory.path().join("-").exists(), "{errors}");
    assert_eq!(sipscan(directory.path(), &["in.pcap", "-o", "json:/dev/null", "-o", "csv:/dev/null"]).0, Some(0));
}

#[cfg(unix)]
#[test]
fn names_of_files_can_neither_begin_a_line_nor_colour_it() {
    let directory = tempfile::tempdir().unwrap();
    let name = "x\n::error::pwned \u{1b}[31m.pcap";
    fs::write(directory.path().join(name), [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]).unwrap();
    for arguments in [&[".", "--format", "github"][..], &["check", "."], &[name], &["y\n::error::z.pcap"]] {
        let (_, text, errors) = sipscan(directory.path(), arguments);
        let begins = |text: &str| text.lines().any(|line| line.starts_with("::error::"));
        assert!(!begins(&errors) && !errors.contains('\u{1b}'), "{arguments:?}: {errors}");
        assert!(!begins(&text) && !text.contains('\u{1b}'), "{arguments:?}: {text}");
    }
}

#[test]
fn a_selection_that_holds_for_no_call_is_told() {
    let run = |arguments: &[&str]| sipscan(&root(), &[&["samples/mixed.pcap", "--summary"], arguments].concat());
    let (code, _, errors) = sipscan(&root(), &["samples/mixed.pcap", "--call", "nobody"]);
    assert!(code == Some(2) && errors.contains("no call is selected by --call nobody"), "{errors}");
    let (code, _, errors) = run(&["--where", "status == 699"]);
    assert!(code == Some(0) && errors.contains("no call is selected by status == 699"), "{errors}");
    for (arguments, fault) in [
        (&["--from", ""][..], "--from: the value is empty"),
        (&["--since", "2026-03-31T00:00:00Z", "--until", "2026-03-30T00:00:00Z"], "--since is later than --until"),
    ] {
        let (code, _, errors) = run(arguments);
        assert!(code == Some(2) && errors.contains(fault), "{errors}");
    }
}
