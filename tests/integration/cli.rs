//! The program as its users call it: arguments, streams, exit codes.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests read files and fail by panicking"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sipscan::sample::Flow;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn sipscan(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("COLUMNS").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    sipscan(arguments).output().unwrap()
}

fn code(arguments: &[&str]) -> i32 {
    run(arguments).status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}

const MIXED: &str = "samples/mixed.pcap";

#[test]
fn without_conditions_a_capture_full_of_failures_is_no_failure_of_the_run() {
    let output = run(&[MIXED]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(stdout(&output).contains("607 Unwanted"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_text_that_cannot_be_written_is_a_failure() {
    for arguments in [&["--help"][..], &["--version"], &["extract", "--help"], &["explain", "607"], &["man"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sipscan(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("standard output"), "{arguments:?}: {}", stderr(&output));
        assert_eq!(code(arguments), 0, "{arguments:?}");
    }
}

#[test]
fn fail_on_looks_at_severities_codes_statuses_and_classes() {
    for (value, expected) in [
        ("error", 1),
        ("redirect-loop", 1),
        ("607", 1),
        ("5xx", 1),
        ("redirect-contact-not-routable", 0),
        ("606", 0),
        ("nonsense", 2),
        ("redirect-lop", 2),
    ] {
        assert_eq!(code(&[MIXED, "--fail-on", value]), expected, "{value}");
    }
    assert_eq!(code(&["samples/clean/answered.pcap", "--fail-on", "warning", "--fail-on", "3xx"]), 0);
}

#[test]
fn what_is_no_capture_is_named_and_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    fs::write(&text, "these are my notes about the outage\n").unwrap();
    let empty = dir.path().join("empty.pcap");
    fs::write(&empty, "").unwrap();
    for (path, expected) in
        [(text.as_path(), "text"), (empty.as_path(), "empty"), (Path::new("no/such/file"), "no/such/file")]
    {
        let output = run(&[path.to_str().unwrap(), MIXED]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(stdout(&output).contains("607 Unwanted"));
        let report = json(&[path.to_str().unwrap(), MIXED]);
        assert_eq!((&report["complete"], report["captures"].as_array().unwrap().len()), (&false.into(), 2));
        assert!(report["captures"][0]["error"].as_str().unwrap().contains(expected), "{}", report["captures"][0]);
    }
    fs::remove_file(&empty).unwrap();
    let output = run(&[dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no capture"), "{}", stderr(&output));
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["--no-such-option"]), 2);
}

#[test]
fn a_cut_capture_is_noted_and_strict_makes_it_count() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(root(MIXED)).unwrap();
    let cut = dir.path().join("cut.pcap");
    fs::write(&cut, &whole[..whole.len() - 5]).unwrap();
    let cut = cut.to_str().unwrap();
    assert_eq!((code(&[cut]), code(&[cut, "--strict"]), code(&[MIXED, "--strict"])), (0, 3, 0));
    assert!(stdout(&run(&[cut])).to_lowercase().contains("incomplete"));
    let report = json(&[cut]);
    assert_eq!(report["complete"], false);
    assert_eq!(report["captures"][0]["truncated"], true);
    assert_eq!(json(&[MIXED])["complete"], true);
    // Frames of a merged capture are numbered per file, so the reason names the file.
    let frames = report["captures"][0]["frames"].as_u64().unwrap();
    let merged = json(&["samples/clean/answered.pcap", cut, "--merge"]);
    assert_eq!(merged["incomplete"][0]["reason"], format!("{cut} ends inside a frame, after frame {frames}"));
    assert_eq!(merged["incomplete"].as_array().unwrap().len(), 1);
}

#[test]
fn a_capture_is_incomplete_if_no_sip_was_found_where_frames_could_not_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(root(MIXED)).unwrap();
    let count = u64::try_from(frames(&whole)).unwrap();
    // Link type 147 is anybody's own; 1 is Ethernet.
    let unknown = dir.path().join("unknown.pcap");
    fs::write(&unknown, [&whole[..20], &[147, 0, 0, 0], &whole[24..]].concat()).unwrap();
    let unknown = unknown.to_str().unwrap();
    assert_eq!((code(&[unknown]), code(&[unknown, "--strict"])), (0, 3));
    let reason = format!("no SIP was found, and {count} frames have a link type that is not read");
    assert_eq!(json(&[unknown])["incomplete"][0]["reason"], reason);
    // Beside SIP such frames may be of an interface that is no network.
    assert_eq!(json(&[unknown, "samples/clean/answered.pcap", "--merge"])["complete"], true);
    // And a capture without frames says all that it holds.
    let empty = dir.path().join("empty.pcap");
    fs::write(&empty, &whole[..24]).unwrap();
    assert_eq!(code(&[empty.to_str().unwrap(), "--strict"]), 0);
}

/// How many frames a pcap file holds.
fn frames(pcap: &[u8]) -> usize {
    let mut at = 24;
    let lengths = std::iter::from_fn(|| {
        let length = u32::from_le_bytes(pcap.get(at + 8..at + 12)?.try_into().unwrap());
        at += 16 + usize::try_from(length).unwrap();
        Some(length)
    });
    lengths.count()
}

#[test]
fn a_corrupt_capture_is_analysed_up_to_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(root(MIXED)).unwrap();
    // The captured length of the record behind the middle becomes impossible.
    let mut at = 24;
    while at < bytes.len() / 2 {
        at += 16 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    bytes[at + 8..at + 12].copy_from_slice(&[0xff; 4]);
    let path = dir.path().join("corrupt.pcap");
    fs::write(&path, bytes).unwrap();
    let output = run(&[path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(
        message.contains("corrupt.pcap") && message.contains(&format!("byte {at}")) && message.contains("frame"),
        "{message}"
    );
    assert!(stdout(&output).contains("INVITE"));
}

#[test]
fn standard_input_compressed_or_not_gives_the_same_report() {
    let expected = json(&[MIXED]);
    let plain = fs::read(root(MIXED)).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    for bytes in [plain, gzip.finish().unwrap()] {
        let mut child =
            sipscan(&["-", "--format", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let report: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!((&report["calls"], &report["summary"]), (&expected["calls"], &expected["summary"]));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for format in ["text", "json", "ndjson", "csv", "responses", "findings"] {
        let arguments = ["samples", "--format", format];
        let mut child = sipscan(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_fails_at_once() {
    let output = run(&[MIXED, "-o", "no/such/directory/report.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("report.json") && stdout(&output).is_empty());
    assert_eq!(code(&[MIXED, "-o", "report.unknown"]), 2);
}

#[test]
fn several_outputs_are_written_in_one_pass() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let outputs =
        [path("r.json"), path("r.ndjson"), path("calls.csv"), format!("responses:{}", path("x.csv")), path("r.txt")];
    let mut arguments = vec![MIXED];
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    assert_eq!(code(&arguments), 0);
    let report: Value = serde_json::from_slice(&fs::read(path("r.json")).unwrap()).unwrap();
    assert_eq!(report, json(&[MIXED]));
    let calls = fs::read_to_string(path("calls.csv")).unwrap();
    assert_eq!(calls.lines().count(), 1 + report["calls"].as_array().unwrap().len());
    let responses = fs::read_to_string(path("x.csv")).unwrap();
    let finals: usize =
        report["calls"].as_array().unwrap().iter().map(|c| c["final_responses"].as_array().unwrap().len()).sum();
    assert_eq!(responses.lines().count(), 1 + finals);
    assert_eq!(fs::read_to_string(path("r.txt")).unwrap(), stdout(&run(&[MIXED])));
    assert!(fs::read_to_string(path("r.ndjson")).unwrap().lines().all(|l| serde_json::from_str::<Value>(l).is_ok()));
}

#[test]
fn the_files_of_a_rolling_capture_are_one_with_merge() {
    let dir = tempfile::tempdir().unwrap();
    let text = "host a 192.0.2.10\nhost b 203.0.113.40\n\n0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=x\n200 OK\n\n1.1 a > b\nACK\n\n\
                9.0 a > b\nBYE\n\n9.1 b > a\n200 OK\n";
    let whole = Flow::parse(text).unwrap().to_pcap();
    let mut at = 24;
    for _ in 0..2 {
        at += 16 + u32::from_le_bytes(whole[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    let (first, second) = (dir.path().join("1.pcap"), dir.path().join("2.pcap"));
    fs::write(&first, &whole[..at]).unwrap();
    fs::write(&second, [&whole[..24], &whole[at..]].concat()).unwrap();
    // Named in the wrong order: time decides.
    let files = [second.to_str().unwrap(), first.to_str().unwrap()];
    let merged = json(&[files[0], files[1], "--merge"]);
    assert_eq!((merged["calls"].as_array().unwrap().len(), &merged["calls"][0]["outcome"]), (1, &"answered".into()));
    let apart = json(&["-r", files[1], "-I", files[0]]);
    assert_eq!(apart["captures"].as_array().unwrap().len(), 2);
    assert_eq!(apart["calls"].as_array().unwrap().len(), 2);
}

#[test]
fn a_directory_stands_for_all_captures_in_it() {
    let report = json(&["samples/clean"]);
    let pcaps = fs::read_dir(root("samples/clean"))
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "pcap"));
    assert_eq!(report["captures"].as_array().unwrap().len(), pcaps.count());
}

#[test]
fn the_same_input_gives_the_same_octets() {
    for format in ["text", "json", "ndjson", "csv", "responses", "findings"] {
        let arguments = ["samples", "--format", format, "--all"];
        assert_eq!(run(&arguments).stdout, run(&arguments).stdout, "{format}");
    }
}

#[test]
fn colour_comes_only_where_it_is_asked_for() {
    assert!(!stdout(&run(&[MIXED])).contains('\x1b'));
    assert!(stdout(&run(&[MIXED, "--color", "always"])).contains('\x1b'));
}

#[test]
fn times_are_shown_in_the_zone_that_was_asked_for() {
    assert!(stdout(&run(&[MIXED])).contains("14:00:00"));
    assert!(stdout(&run(&[MIXED, "--tz", "Europe/Berlin"])).contains("16:00:00"));
    assert_eq!(code(&[MIXED, "--tz", "Europe/Berlim"]), 2);
}

#[test]
fn explain_prints_pages_and_names_what_is_close() {
    let both = stdout(&run(&["explain", "301", "607"]));
    assert!(both.contains("Key differences") && both.contains("When to use which"));
    assert!(stdout(&run(&["explain", "redirect-loop"])).to_lowercase().contains("when this is wrong"));
    assert!(stdout(&run(&["explain", "--list"])).contains("redirect-without-contact"));
    let wrong = run(&["explain", "redirect-lop"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("redirect-loop"));
    assert!(stderr(&run(&["explian", "301"])).contains("`sipscan explain`"));
    assert!(!stderr(&run(&["traces/monday.pcap"])).contains("sipscan explain"));
    assert_eq!(code(&["explain"]), 2);
    let chinese = stdout(&run(&["explain", "301", "607", "--lang", "zh-CN"]));
    for heading in ["描述", "何时出现", "如何修复", "主要区别", "何时使用哪个", "了解更多"] {
        assert!(chinese.contains(&format!("\n{heading}\n")), "{heading}");
    }
    assert!(stdout(&run(&["explain", "301", "--format", "markdown"])).starts_with("# 301 Moved Permanently\n"));
}

#[test]
fn signatures_are_verified_with_what_is_supplied_and_with_nothing_else() {
    let capture = "samples/passport-signature-invalid/capture.pcap";
    for (arguments, verification, code) in [
        (&[capture][..], "not-verified", "failed-response"),
        (&[capture, "--stir-cert", "samples/stir"], "failed", "passport-signature-invalid"),
        (&["samples/scenarios/s08.pcap", "--stir-cert", "samples/stir/signer.pem"], "verified", "unwanted-origin"),
    ] {
        let report = json(arguments);
        let call = &report["calls"][0];
        assert_eq!(call["identities"][0]["verification"], verification, "{arguments:?}");
        assert_eq!(call["identities"][0]["attestation"], "A");
        assert_eq!(call["root_cause"], code, "{arguments:?}");
    }
    assert_eq!(code(&[capture, "--stir-cert", "samples/stir", "--fail-on", "passport-signature-invalid"]), 1);
    assert_eq!(code(&[capture, "--stir-cert", "samples/README.md"]), 2);
    assert_eq!(code(&[capture, "--stir-root", "samples/stir/signer.pem"]), 2);
    let s08 = stdout(&run(&["samples/scenarios/s08.pcap", "--all", "--stir-cert", "samples/stir"]));
    assert!(!s08.contains("not verified"), "{s08}");
}

#[test]
fn a_token_is_looked_at_by_hand() {
    let sample = fs::read_to_string(root("samples/identity-clean/capture.txt")).unwrap();
    let value = sample.lines().find(|line| line.starts_with("Identity: ")).unwrap();
    let token = value.trim_start_matches("Identity: ").split(';').next().unwrap();
    let at = ["--at", "2026-03-30T14:00:30Z", "--stir-cert", "samples/stir"];
    let with = |token: &str, more: &[&str]| run(&[&["passport", token][..], more].concat());

    let output = with(token, &at);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let text = stdout(&output);
    assert!(text.contains("\"orig\":{\"tn\":\"12125550101\"}") && text.contains("signed 30 s before --at"), "{text}");
    assert!(text.contains("verifies with the supplied key in samples/stir/signer.pem"), "{text}");

    let output = with(token, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("not verified") && !stdout(&output).contains("verifies"));

    assert_eq!(with(token, &["--at", "1774879261"]).status.code(), Some(1));
    assert_eq!(with(&token.replacen("eyJhbGci", "eyJhbGcj", 1), &at).status.code(), Some(1));
    for (token, more) in [("absent.txt", &[][..]), (token, &["--at", "noon"]), (token, &["--stir-cert", "absent.pem"])]
    {
        assert_eq!(with(token, more).status.code(), Some(2), "{token} {more:?}");
    }

    let mut child = sipscan(&["passport", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn sipscan_toml_decides_over_severities_exceptions_and_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sipscan.toml");
    let sample = "samples/no-response/capture.pcap";
    let exception = |until: &str| {
        format!(
            "[[ignore]]\ncode = \"no-response\"\nhost = \"192.0.2.10\"\nreason = \"it is switched off\"\nuntil = {until}\n"
        )
    };
    let with = |text: &str| {
        fs::write(&file, text).unwrap();
        run(&[sample, "--fail-on", "error", "--config", file.to_str().unwrap()])
    };
    let plain = with("[hosts]\n\"203.0.113.90\" = \"Old switch\"\n");
    assert_eq!(plain.status.code(), Some(1));
    assert!(stdout(&plain).contains("Old switch [203.0.113.90"), "{}", stdout(&plain));
    assert_eq!(with("[severity]\nno-response = \"warning\"\n").status.code(), Some(0));
    let ignored = with(&exception("9999-12-31"));
    assert_eq!(ignored.status.code(), Some(0));
    assert!(stdout(&ignored).contains("2 findings are left out"), "{}", stdout(&ignored));
    let over = with(&exception("2020-12-31"));
    assert_eq!(over.status.code(), Some(1));
    assert!(stderr(&over).contains("warning: no-response is no longer ignored"), "{}", stderr(&over));
    let wrong = with("[treshold]\n");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("unknown key `treshold`; did you mean `thresholds`?"), "{}", stderr(&wrong));
}

#[test]
fn a_filter_selects_what_is_counted_and_shown_and_what_fails() {
    let all = json(&[MIXED]);
    let some = json(&[MIXED, "--where", "status == 607"]);
    let (before, after) = (&all["summary"], &some["summary"]);
    assert_eq!((&before["messages"], &before["filter"]), (&after["messages"], &Value::Null));
    assert_eq!(
        (&after["filter"]["calls"], &after["filter"]["expression"]),
        (&before["calls"], &"status == 607".into())
    );
    assert_eq!(after["final_responses"]["by_status"]["607"], before["final_responses"]["by_status"]["607"]);
    let calls = some["calls"].as_array().unwrap();
    assert_eq!(Some(calls.len() as u64), after["calls"].as_u64());
    let known = |call: &&Value| all["calls"].as_array().unwrap().contains(call);
    assert!(!calls.is_empty() && calls.iter().all(|call| known(&call)));
    let kept =
        |finding: &Value| finding["calls"].as_array().is_some_and(|c| calls.iter().any(|x| c.contains(&x["id"])));
    let findings = some["findings"].as_array().unwrap();
    let left_out = after["filter"]["findings_left_out"].as_u64().unwrap();
    assert!(findings.iter().all(kept));
    assert_eq!(findings.len() as u64 + left_out, all["findings"].as_array().unwrap().len() as u64);
    let page = stdout(&run(&[MIXED, "--where", "status == 607", "--format", "html"]));
    assert!(page.contains("<dt>Filter</dt><dd><strong>4 of 24 calls"), "the page says so as well");
    let text = stdout(&run(&[MIXED, "--where", "status == 607"]));
    assert!(
        text.contains(&format!("{} of 24 calls", calls.len())) && text.contains("filtered by status == 607"),
        "{text}"
    );
    let answered = ["--where", "outcome == answered"];
    assert_eq!(code(&[&[MIXED, "--fail-on", "607", "--fail-on", "error"], &answered[..]].concat()), 0);
    assert_eq!(code(&[MIXED, "--fail-on", "607", "--where", "status == 607"]), 1);
}

#[test]
fn a_mistake_in_a_filter_is_shown_at_its_place() {
    let output = run(&[MIXED, "--where", "statsu==607"]);
    let manual = fs::read_to_string(root("docs/filter.md")).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(manual.contains(&stderr(&output)), "{}", stderr(&output));
}

#[test]
fn one_call_is_shown_in_full_within_the_width() {
    let text = stdout(&run(&[MIXED, "--call", "13"]));
    assert!(text.contains("1 of 24 calls") && text.contains("redirect-loop") && text.contains("─→│"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for frame in 105..=116 {
        assert!(
            text.lines()
                .any(|l| l.split_whitespace().nth(1).is_some_and(|w| w.trim_end_matches('*') == frame.to_string())),
            "{frame} {text}"
        );
    }
    assert!(!text.contains("CSeq:"));
    let verbose = stdout(&run(&[MIXED, "--call", "5d13af54dbc0@192.0.2.10", "-v"]));
    assert!(verbose.contains("CSeq: ") && verbose.contains("redirect-loop") && verbose.contains("1 of 24 calls"));
    assert!(stdout(&run(&[MIXED, "--call", "999"])).contains("0 of 24 calls"));
}

#[test]
fn verbose_lists_every_counter_and_they_add_up() {
    let text = stdout(&run(&[MIXED, "-v"]));
    let counters = text.split("ALL COUNTERS").nth(1).unwrap();
    let of = |label: &str| -> u64 {
        let line = counters.lines().find(|line| line.trim_start().starts_with(&format!("{label}  "))).unwrap();
        line.split_whitespace().last().unwrap().replace(',', "").parse().unwrap()
    };
    let kinds = ["UDP datagram", "TCP segment", "SCTP packet", "IP fragment", "ICMP error"];
    let sorts: u64 = ["a ", "a ", "an ", "an ", "an "]
        .iter()
        .zip(kinds)
        .map(|(a, kind)| of(&format!("frames with {a}{kind}")))
        .sum();
    let skipped: u64 = counters
        .lines()
        .filter(|line| line.trim_start().starts_with("frame skipped: "))
        .map(|line| line.split_whitespace().last().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!((sorts + skipped, of("frames") > 100), (of("frames"), true), "{counters}");
}

#[test]
fn ladders_use_the_columns_there_are_and_sentences_stay_readable() {
    let sample = root("samples/mixed.pcap");
    let sample = sample.to_str().unwrap();
    let widest = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(widest(&[sample, "--call", "13"]) <= 100, "a pipe has 100 columns");
    for (width, least, most) in [("80", 60, 80), ("120", 90, 120), ("200", 121, 200)] {
        for command in [&[sample, "--call", "13"][..], &["ladder", sample, "--call", "13"]] {
            let found = widest(&[command, &["--width", width]].concat());
            assert!((least..=most).contains(&found), "{width}: {found} of {command:?}");
        }
    }
    assert!(widest(&[sample, "--width", "200"]) <= 120, "no sentence is as wide as that");
    for bad in ["59", "401", "x"] {
        assert_eq!(code(&[sample, "--width", bad]), 2);
    }
}

#[test]
fn links_come_only_where_they_are_asked_for() {
    let sample = root("samples/mixed.pcap");
    let sample = sample.to_str().unwrap();
    let links = |arguments: &[&str]| {
        let mut command = sipscan(arguments);
        // What makes programs write links into a pipe as well.
        let output = command.env("FORCE_HYPERLINK", "1").env("TERM_PROGRAM", "iTerm.app").output().unwrap();
        stdout(&output)
    };
    let plain = links(&[sample]);
    assert!(!plain.contains('\u{1b}'));
    let linked = links(&[sample, "--hyperlinks", "always"]);
    assert!(linked.contains("/manual/diagnoses/index.html#redirect-loop\u{1b}\\redirect-loop\u{1b}]8;;\u{1b}\\,"));
    let mut visible = String::new();
    for (at, part) in linked.split("\u{1b}]8;;").enumerate() {
        visible.push_str(if at == 0 { part } else { part.split_once("\u{1b}\\").unwrap().1 });
    }
    assert_eq!(visible, plain, "links take no cells, and nothing else changes");
    assert_eq!(links(&[sample, "--hyperlinks", "never"]), plain);
    for format in ["json", "csv", "markdown", "github"] {
        assert!(!links(&[sample, "--hyperlinks", "always", "--format", format]).contains('\u{1b}'), "{format}");
    }
}
