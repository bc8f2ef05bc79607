//! The lists of moves and complaints: what they say of the samples, that they never contradict the findings, and how they look
//! to whoever reads the file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sipscan::diagnosis::lists::Moves;
use sipscan::sample::Flow;

use super::common::{Analysed, root, samples};

type Row = BTreeMap<String, String>;

/// Runs sipscan in the root of the project and reads one list that it writes.
fn list(name: &str, arguments: &[&str]) -> (Vec<Row>, Output) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("list.csv");
    let output = format!("{name}:{}", path.display());
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .current_dir(root())
        .args(arguments)
        .args(["-o", &output])
        .output()
        .unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let read = |record: csv::StringRecord| names.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    (reader.records().map(Result::unwrap).map(read).collect(), run)
}

/// Some cells of each row, with blanks between them.
fn cells(rows: &[Row], columns: &[&str]) -> Vec<String> {
    let of = |row: &Row| columns.iter().map(|name| row[*name].as_str()).collect::<Vec<_>>().join(" ");
    rows.iter().map(of).collect()
}

fn written(directory: &Path, name: &str, flow: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, Flow::parse(flow).unwrap().to_pcap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn samples_of_redirects_are_judged_as_their_findings_say() {
    for (sample, expected) in [
        ("redirect-followed/capture", "yes answered"),
        ("redirect-followed/near-miss", "no failed"),
        ("redirect-not-followed/capture", "no not-called"),
        ("redirect-loop/capture", "no loop, no loop"),
        ("redirect-loop/near-miss", "no moves-on, yes answered"),
        ("redirect-to-itself/capture", "no to-itself"),
        ("redirect-to-itself-in-effect/capture", "no to-itself"),
        ("redirect-without-contact/capture", "no no-contact"),
        ("redirect-contact-malformed/capture", "no no-usable-contact"),
        ("redirect-contact-not-sip/capture", "no not-called"),
        ("redirect-contact-not-sip/near-miss", "yes answered"),
        ("redirect-contact-not-routable/capture", "no not-routable"),
        ("redirect-target-suspicious/capture", "no suspicious"),
        ("redirect-target-suspicious/near-miss", "yes answered"),
        ("redirect-target-failed/capture", "no failed"),
        ("redirect-target-failed/near-miss", "no not-answered"),
        ("redirect-sips-downgrade/capture", "no less-secure"),
        ("redirect-after-ringing/capture", "no after-ringing"),
        ("redirect-after-ringing/near-miss", "yes answered"),
        ("routing-dip-as-301/capture", "no routing-dip"),
        ("routing-dip-as-301/near-miss", "yes answered"),
        ("permanent-redirect-changes/capture", "no changing-target"),
        ("permanent-redirect-expires/capture", "no short-validity"),
        ("permanent-redirect-expires/near-miss", ""),
        ("register-redirected/capture", ""),
        ("scenarios/s01", "yes answered"),
        ("scenarios/s02", "no no-contact"),
        ("scenarios/s03", "no loop, no loop"),
        ("scenarios/s04", "no not-routable"),
        ("scenarios/s05", "no routing-dip, no routing-dip, no routing-dip"),
        ("scenarios/s06a", "no suspicious"),
        ("scenarios/s06c", "no less-secure"),
    ] {
        let (rows, _) = list("moves", &[&format!("samples/{sample}.pcap")]);
        assert_eq!(cells(&rows, &["adopt", "reason_code"]).join(", "), expected, "{sample}");
    }
}

/// What speaks against storing the Contact of a redirect, whatever became of the call.
const AGAINST: [&str; 15] = [
    "redirect-loop",
    "redirect-to-itself",
    "redirect-to-itself-in-effect",
    "redirect-without-contact",
    "redirect-contact-not-sip",
    "redirect-contact-not-routable",
    "redirect-contact-unresolvable",
    "redirect-not-followed",
    "redirect-target-suspicious",
    "redirect-sips-downgrade",
    "redirect-embedded-headers",
    "redirect-after-ringing",
    "routing-dip-as-301",
    "permanent-redirect-expires",
    "permanent-redirect-changes",
];

fn captures(directory: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let inner = |path: std::path::PathBuf| if path.is_dir() { captures(&path) } else { vec![path] };
    paths.into_iter().flat_map(inner).filter(|path| fs::metadata(path).unwrap().len() < 4_000_000).collect()
}

#[test]
fn no_adopted_address_is_one_that_a_finding_speaks_against() {
    let mut adopted = 0;
    let of_samples = samples().into_iter().map(|(name, text)| (name.clone(), Analysed::of(&name, &text)));
    let shared = captures(&root().join("../shared/captures")).into_iter();
    let shared = shared.filter_map(|path| Some((path.display().to_string(), Analysed::capture(&path)?)));
    for (name, found) in of_samples.chain(shared) {
        let mut moves = Moves::default();
        moves.begin_capture(1);
        found.calls.iter().for_each(|report| moves.observe(report));
        // Frames of all findings that speak against it; a call that another client did not follow is no such thing.
        let against = |answered: bool| -> BTreeSet<u64> {
            let codes = AGAINST.iter().filter(|code| !answered || **code != "redirect-not-followed");
            let codes: BTreeSet<_> = codes.copied().collect();
            let findings = found.findings().filter(|f| codes.contains(f.code));
            findings.flat_map(|f| &f.evidence).map(|e| e.frame.number.0).collect()
        };
        for row in moves.rows().into_iter().filter(|row| row.reason.adopts()) {
            assert!(row.answered > 0, "{name}: {row:?}");
            let cited = against(row.calls > row.answered);
            assert!(row.seen.frames().all(|at| !cited.contains(&at.frame)), "{name}: {row:?}");
            adopted += 1;
        }
    }
    assert!(adopted > 10, "{adopted}");
}

#[test]
fn samples_of_607_are_judged_as_their_findings_say() {
    for (sample, expected) in [
        ("unwanted-origin/capture", "tel:+12125550101 1 of 1 human suppress-callees"),
        ("unwanted-origin/near-miss", ""),
        ("high-complaint-rate/capture", "tel:+12125550101 6 of 12 human suppress-callees"),
        ("blanket-607/capture", "tel:+12125550101 20 of 24 network suppress-and-ask"),
        ("blanket-607/near-miss", "tel:+12125550101 6 of 19 policy suppress-callees"),
        ("unwanted-from-analytics/capture", "tel:+12125550101 2 of 2 network suppress-and-ask"),
        ("unwanted-from-analytics/near-miss", "tel:+12125550101 3 of 3 policy suppress-callees"),
        ("unwanted-after-answer/capture", "tel:+12125550101 0 of 1 human suppress-callees"),
        ("unwanted-after-answer/near-miss", ""),
        ("unwanted-message/capture", ""),
        ("rejected-without-redress/capture", "tel:+12125550101 0 of 1 network ask-network"),
        ("network-blocked-incomplete/capture", "tel:+12125550101 0 of 2 network ask-network"),
        ("network-blocked-incomplete/near-miss", "tel:+12125550101 0 of 2 network ask-network"),
        ("scenarios/s08", "tel:+12125550101 1 of 1 human suppress-callees"),
        ("scenarios/s12", "sip:alice@corp.example 0 of 1 human suppress-callees"),
    ] {
        let (rows, _) = list("complaints", &[&format!("samples/{sample}.pcap")]);
        let found = cells(&rows, &["calling_number", "share_607", "verdict", "action_code"]).join(", ");
        assert_eq!(found, expected, "{sample}");
    }
}

#[test]
fn blocks_by_networks_are_told_from_declined_calls() {
    for (sample, blocked) in
        [("network-blocked-incomplete/capture", "2 2 0"), ("network-blocked-incomplete/near-miss", "2 1 0")]
    {
        let (rows, _) = list("complaints", &[&format!("samples/{sample}.pcap")]);
        assert_eq!(cells(&rows, &["attempts", "calls_603_plus", "calls_608"]), [blocked], "{sample}");
    }
}

#[test]
fn the_calling_number_is_proven_only_by_a_supplied_key() {
    let identity = |arguments: &[&str]| cells(&list("complaints", arguments).0, &["identity"]).join(", ");
    for (sample, without, with) in [
        ("identity-clean/capture", "not-verified", "verified"),
        ("identity-clean/near-miss", "invalid", "invalid"),
        ("verification-failed-verstat/capture", "invalid", "invalid"),
        ("unwanted-origin/capture", "unsigned", "unsigned"),
        ("scenarios/s08", "not-verified", "verified"),
    ] {
        let path = format!("samples/{sample}.pcap");
        assert_eq!(identity(&[&path]), without, "{sample}");
        assert_eq!(identity(&[&path, "--stir-cert", "samples/stir"]), with, "{sample}");
    }
    let both = ["samples/identity-clean/capture.pcap", "samples/unwanted-origin/capture.pcap"];
    let (rows, _) = list("complaints", &both);
    assert_eq!(cells(&rows, &["attempts", "identity", "not_verified", "unsigned"]), ["2 mixed 1 1"]);
}

#[test]
fn captures_of_one_run_share_their_rows() {
    let (first, second) = ("samples/redirect-followed/capture.pcap", "samples/redirect-followed/near-miss.pcap");
    let (rows, run) = list("moves", &[first, second, "--strict"]);
    let expected = format!("2 1 {first} {first}:2 {second}:2");
    let found = cells(&rows, &["calls", "answered_calls", "file", "frames"]);
    assert_eq!((found, run.status.code()), (vec![expected.clone()], Some(0)));
    assert_eq!(rows[0]["reason_code"], "answered", "the times are the same");
    let (merged, _) = list("moves", &[first, second, "--merge"]);
    assert!(merged.iter().all(|row| row["frames"].split(' ').all(|at| at.starts_with("samples/redirect-followed/"))));
    let (rows, _) = list("complaints", &["samples/unwanted-origin/capture.pcap", "samples/scenarios/s08.pcap"]);
    assert_eq!(cells(&rows, &["share_607", "share_607_percent", "callees"]), ["2 of 2 100.00 1"]);
}

#[test]
fn any_number_of_threads_gives_the_same_octets() {
    for name in ["moves", "complaints"] {
        let of = |threads: &str| {
            let mut run = Command::new(env!("CARGO_BIN_EXE_sipscan"));
            run.current_dir(root()).args(["samples", "--format", name, "--threads", threads]).output().unwrap().stdout
        };
        let expected = of("1");
        assert!(expected.split(|octet| *octet == b'\n').count() > 12, "{name}");
        for threads in ["2", "3"] {
            assert!(of(threads) == expected, "{name} with {threads}");
        }
    }
}

/// `count` redirects of one address to as many new ones.
fn restless(count: usize) -> String {
    let mut flow = "host a 192.0.2.10\nhost b 198.51.100.30\n\n".to_owned();
    for n in 0..count {
        let _ = write!(
            flow,
            "{n}.0 a > b call=c{n}\nINVITE sip:bob@corp.example\n\n+0.1 b > a call=c{n}\n301 Moved\n\
             Contact: <sip:bob@n{n}.corp.example>\n\n+0.001 a > b call=c{n}\nACK\n\n"
        );
    }
    flow
}

#[test]
fn a_list_that_is_full_says_so_in_every_way() {
    let directory = tempfile::tempdir().unwrap();
    let talk = |run: &Output| String::from_utf8(run.stderr.clone()).unwrap();
    let full = written(directory.path(), "full.pcap", &restless(8));
    let (rows, run) = list("moves", &[&full, "--strict"]);
    assert_eq!((rows.len(), run.status.code(), talk(&run)), (8, Some(0), String::new()));
    let over = written(directory.path(), "over.pcap", &restless(11));
    let (rows, run) = list("moves", &[&over]);
    assert_eq!(run.status.code(), Some(0));
    assert!(talk(&run).starts_with("warning: ") && talk(&run).contains("list.csv: 3 301s"), "{}", talk(&run));
    let last = cells(&rows, &["old_address", "adopt", "reason_code", "calls", "frames"]).pop();
    assert_eq!((rows.len(), last.as_deref()), (9, Some(" no limit 3 ")));
    assert_eq!(list("moves", &[&over, "--strict"]).1.status.code(), Some(3));
    // The other list is not concerned.
    assert_eq!(list("complaints", &[&over, "--strict"]).1.status.code(), Some(0));
}

#[test]
fn hostile_texts_stay_in_their_cells() {
    let directory = tempfile::tempdir().unwrap();
    let flow = "host a 192.0.2.10\nhost b 198.51.100.30\n\n0 a > b call=1\nINVITE urn:x\nFrom: <sip:=cmd()%0d%0a@a.example>\n\
        To: <sip:=1+1%20\x1bx@b.example>\n\n+0.1 b > a call=1 tag=x\n301 Moved\nContact: <sip:=cmd()\x1b[2J,\"\"@b.example>\n\n\
        +0.01 a > b call=1\nACK\n\n5 a > b call=2\nINVITE sip:y@b.example\nFrom: <sip:=cmd()%0d%0a@a.example>\n\
        To: <sip:=1+1%20\x1bx@b.example>\n\n+0.1 b > a call=2 tag=x\n607 Unwanted\n\n+0.01 a > b call=2\nACK\n";
    let path = written(directory.path(), "=cmd().pcap", flow);
    for name in ["moves", "complaints"] {
        let (rows, _) = list(name, &[&path]);
        assert_eq!(rows.len(), 1, "{name}");
        for cell in rows.iter().flat_map(BTreeMap::values) {
            assert!(!cell.contains(char::is_control) && !cell.starts_with(['=', '@', '+', '-']), "{cell:?}");
        }
        if name == "complaints" {
            assert_eq!(rows[0]["calling_number"], "sip:=cmd()%0D%0A@a.example");
            assert_eq!(rows[0]["callees_to_suppress"], "sip:=1+1%20%1Bx@b.example");
        }
    }
    let relative = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .current_dir(directory.path())
        .args(["=cmd().pcap", "--format", "moves"])
        .output()
        .unwrap();
    let text = String::from_utf8(relative.stdout).unwrap();
    assert!(text.contains(",'=cmd().pcap,2,'=cmd().pcap:2,"), "{text}");
}

#[test]
fn lists_have_their_names_even_without_rows() {
    for name in ["moves", "complaints"] {
        let (rows, run) = list(name, &["samples/clean"]);
        assert_eq!((rows.len(), run.status.code()), (0, Some(0)), "{name}");
    }
}

#[test]
fn sentences_are_in_the_language_asked_for_and_codes_in_none() {
    let sample = "samples/redirect-followed/capture.pcap";
    let (english, _) = list("moves", &[sample]);
    let (chinese, _) = list("moves", &[sample, "--lang", "zh-CN"]);
    assert_eq!(cells(&english, &["adopt", "reason_code"]), cells(&chinese, &["adopt", "reason_code"]));
    assert!(english[0]["reason"].is_ascii() && chinese[0]["reason"].starts_with("新地址"));
    let (chinese, _) = list("complaints", &["samples/unwanted-origin/capture.pcap", "--lang", "zh-CN"]);
    assert!(chinese[0]["action"].starts_with("不要再") && chinese[0]["action_code"].is_ascii());
}
