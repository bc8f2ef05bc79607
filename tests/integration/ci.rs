//! What the program writes for CI, and the recipes of docs/ci.md.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests read files and fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use quick_junit::Report;
use serde_json::Value;

use super::common::root;

fn sipscan(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    command.args(arguments).current_dir(directory).env_remove("COLUMNS").stdin(Stdio::null());
    command.env("GITHUB_STEP_SUMMARY", directory.join("step.md")).output().unwrap()
}

/// A directory with `test/captures`: one where a call fails, and one where none does.
fn project() -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    let captures = project.path().join("test/captures");
    fs::create_dir_all(&captures).unwrap();
    fs::copy(root().join("samples/redirect-loop/capture.pcap"), captures.join("loop.pcap")).unwrap();
    fs::copy(root().join("samples/clean/answered.pcap"), captures.join("answered.pcap")).unwrap();
    project
}

fn recipes() -> String {
    fs::read_to_string(root().join("docs/ci.md")).unwrap()
}

/// The arguments of each command of the recipes.
fn commands(recipes: &str) -> Vec<Vec<&str>> {
    let blocks = recipes.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.split_once("sipscan -"));
    lines.map(|(_, rest)| rest.trim_end_matches('\'').split(' ').collect()).collect()
}

#[test]
fn the_commands_of_the_recipes_do_what_they_are_there_for() {
    let recipes = recipes();
    let commands = commands(&recipes);
    assert_eq!(commands.len(), 5, "{commands:?}");
    for command in commands {
        let project = project();
        let first = format!("-{}", command[0]);
        let mut arguments = vec![first.as_str()];
        arguments.extend(&command[1..]);
        if !command.contains(&"test/captures") {
            arguments.push("test/captures/loop.pcap");
        }
        let output = sipscan(project.path(), &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), errors.as_ref()), (Some(1), ""), "{arguments:?}");
        for path in ["results.xml", "scan.sarif", "report.md"] {
            let wanted = arguments.iter().any(|argument| argument.ends_with(path));
            assert_eq!(project.path().join(path).exists(), wanted, "{path} of {arguments:?}");
        }
        assert_eq!(project.path().join("step.md").exists(), arguments.contains(&"github"), "{arguments:?}");
    }
}

#[test]
fn the_hook_lets_no_failure_pass() {
    let project = project();
    let git = |arguments: &[&str]| {
        let bin = Path::new(env!("CARGO_BIN_EXE_sipscan")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("git");
        let identity = ["-c", "user.name=Example", "-c", "user.email=ci@corp.example", "-c", "commit.gpgsign=false"];
        command.args(identity).args(arguments).current_dir(project.path()).env("PATH", path);
        command.output().map(|output| output.status.success())
    };
    if !git(&["init", "-q"]).is_ok_and(|done| done) {
        return;
    }
    let recipes = recipes();
    let hook = recipes.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let path = project.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, hook).unwrap();
    Command::new("chmod").arg("+x").arg(&path).status().unwrap();
    for (file, passes) in [("answered.pcap", true), ("loop.pcap", false)] {
        git(&["add", &format!("test/captures/{file}")]).unwrap();
        assert_eq!(git(&["commit", "-q", "-m", file]).unwrap(), passes, "{file}");
    }
    fs::write(project.path().join("notes.txt"), "no capture").unwrap();
    git(&["reset", "-q"]).unwrap();
    git(&["add", "notes.txt"]).unwrap();
    assert!(git(&["commit", "-q", "-m", "notes"]).unwrap(), "without captures there is nothing to look at");
}

fn junit(directory: &Path, arguments: &[&str]) -> (Option<i32>, Report) {
    let output = sipscan(directory, &[&["--summary", "-o", "junit:r.xml"], arguments].concat());
    let text = fs::read_to_string(directory.join("r.xml")).unwrap();
    (output.status.code(), Report::deserialize_from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
}

#[test]
fn junit_has_failures_where_the_exit_code_says_so() {
    let project = project();
    for condition in ["error", "warning", "critical", "redirect-loop", "607", "3xx", "2xx", "404"] {
        let (code, report) = junit(project.path(), &["--fail-on", condition, "test/captures"]);
        assert_eq!(code == Some(1), report.failures > 0, "{condition}");
        assert_eq!((report.test_suites.len(), report.errors), (2, 0));
    }
    let (code, report) = junit(project.path(), &["test/captures"]);
    assert_eq!((code, report.failures), (Some(0), 1), "without --fail-on errors are failures, but not of the run");
}

#[test]
fn what_could_not_be_read_is_no_success() {
    let project = project();
    let captures = project.path().join("test/captures");
    let whole = fs::read(captures.join("loop.pcap")).unwrap();
    fs::write(captures.join("cut.pcap"), &whole[..whole.len() - 7]).unwrap();
    fs::write(project.path().join("note.txt"), "no capture").unwrap();
    let (code, report) = junit(project.path(), &["--strict", "test/captures/cut.pcap", "note.txt"]);
    assert_eq!((code, report.errors, report.test_suites.len()), (Some(2), 2, 2));
    let (_, report) = junit(project.path(), &["test/captures/cut.pcap"]);
    assert_eq!((report.errors, report.skipped), (0, 1));
    let output = sipscan(project.path(), &["--format", "sarif", "test/captures/cut.pcap", "note.txt"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let invocation = &document["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 2);
    let output = sipscan(project.path(), &["--format", "github", "test/captures/cut.pcap", "note.txt"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("::error file=note.txt,title=The capture is incomplete::"), "{text}");
    assert!(text.contains("::warning file=test/captures/cut.pcap,title=The capture is incomplete::"), "{text}");
}

#[test]
fn the_summary_of_a_step_is_added_to_what_is_there() {
    let project = project();
    fs::write(project.path().join("step.md"), "before\n").unwrap();
    let output = sipscan(project.path(), &["--format", "github", "test/captures"]);
    assert_eq!(output.status.code(), Some(0));
    let summary = fs::read_to_string(project.path().join("step.md")).unwrap();
    assert!(summary.starts_with("before\n\n\n# SIP report: test/captures/answered.pcap\n"), "{summary}");
    assert!(summary.contains("# SIP report: test/captures/loop.pcap\n"), "{summary}");
}

#[test]
fn ten_lines_take_the_place_of_the_report() {
    let project = project();
    let output = sipscan(project.path(), &["--summary", "test/captures"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() <= 10 && text.contains("redirect-loop") && text.contains("2 captures"), "{text}");
    assert_eq!(sipscan(project.path(), &["--summary", "--format", "json", "test/captures"]).status.code(), Some(2));
}

#[test]
fn reports_for_ci_are_the_same_with_any_number_of_threads() {
    for format in ["junit", "sarif", "markdown", "github"] {
        let with = |threads: &str| {
            let arguments = ["--format", format, "--threads", threads, "samples/mixed.pcap", "samples/torture"];
            let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
            let output =
                command.args(arguments).current_dir(root()).env_remove("GITHUB_STEP_SUMMARY").output().unwrap();
            assert!(!output.stdout.is_empty());
            output.stdout
        };
        assert!(with("1") == with("4"), "{format}");
    }
}
