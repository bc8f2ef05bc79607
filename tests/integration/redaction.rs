//! After redaction every diagnosis is the same, and nothing that names anybody is left.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sipscan::capture::{Capture, Input, announces_losses};
use sipscan::diagnosis::{CallReport, Finding, Settings};
use sipscan::pipeline::{Analysis, rewrite};
use sipscan::redact::{Key, Redactor, Written};
use sipscan::report::{CaptureFacts, Sink, Summary};
use sipscan::sip::{Message, Uri};

use super::common::root;

/// Longer captures take too long in a build for tests.
const LONGEST: u64 = 400_000;

/// What must stay the same.
#[derive(Default)]
struct Essence(Vec<String>);

impl Essence {
    fn findings(&mut self, findings: &[Finding]) {
        let mut lines: Vec<String> = findings
            .iter()
            .map(|f| format!("  {} {:?} {:?} {:?}", f.code, f.severity, f.certainty, f.calls_total))
            .collect();
        lines.sort();
        self.0.extend(lines);
    }
}

impl Sink for Essence {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let call = &report.call;
        let status = call.final_response.and_then(|id| call.message(id)).and_then(|m| m.message.status());
        self.0.push(format!("{:?} {:?} {status:?} {:?}", call.number, call.outcome, report.root_cause));
        self.findings(&report.findings);
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.0.push(format!("{} {:?}", summary.messages, summary.responses));
        self.findings(findings);
        Ok(())
    }
}

fn essence(path: &Path, redactor: Option<Redactor>) -> Option<Vec<String>> {
    let mut capture = Capture::open(&Input::File(path.to_owned())).ok()?;
    let mut analysis = Analysis::new(Settings::default()).redacting(redactor.map(Arc::new));
    let mut sink = Essence::default();
    analysis.run(&mut capture, 1, &mut sink, &mut |_| {}).unwrap();
    let dropped = capture.info().dropped;
    analysis.finish(|facts| facts.dropped = dropped, &mut sink).unwrap();
    Some(sink.0)
}

/// All captures below a directory, in order.
fn captures(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { captures(&path) } else { vec![path] };
    // What is said of handshakes and certificates is left out after redaction.
    let is_of_tls = |path: &PathBuf| path.to_string_lossy().contains("/samples/tls-");
    let is_one = |path: &PathBuf| {
        let known = path.extension().is_some_and(|e| ["pcap", "pcapng", "cap"].iter().any(|known| e == *known));
        known && !is_of_tls(path) && path.metadata().is_ok_and(|m| m.len() < LONGEST)
    };
    paths.into_iter().flat_map(below).filter(is_one).collect()
}

/// A redacted copy of a capture.
fn copy(path: &Path, redactor: Redactor) -> Option<(Vec<u8>, Written)> {
    let input = Input::File(path.to_owned());
    let lossy = announces_losses(&input);
    let mut capture = Capture::open(&input).ok()?;
    let mut out = Vec::new();
    let written = rewrite(&mut capture, lossy, Arc::new(redactor), &mut out, &mut |_| {}).unwrap();
    Some((out, written))
}

fn compare_copies(paths: &[PathBuf]) {
    let directory = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (path, n) in paths.iter().zip(0..) {
        let Some(old) = essence(path, None) else { continue };
        let (octets, written) = copy(path, Redactor::new(key(n % 3), "1")).unwrap();
        let file = directory.path().join("copy.pcapng");
        fs::write(&file, octets).unwrap();
        let new = essence(&file, None).unwrap();
        // In which order calls end that end at one time, and are numbered where octets are missing, may depend on more than SIP.
        let unnumbered = |lines: Vec<String>| {
            let bare = |line: String| line.split_once(") ").map_or(line.clone(), |(_, rest)| rest.to_owned());
            let mut lines: Vec<String> = lines.into_iter().map(bare).collect();
            lines.sort();
            lines
        };
        let (old, new) = (unnumbered(old), unnumbered(new));
        if old != new || written.refused > 0 {
            wrong.push(format!("{} {written:?}\n{}", path.display(), differences(&old, &new)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
}

fn differences(old: &[String], new: &[String]) -> String {
    let only = |a: &[String], b: &[String], sign: &str| {
        a.iter().filter(|line| !b.contains(line)).map(|line| format!("{sign} {line}\n")).collect::<Vec<_>>().concat()
    };
    only(old, new, "-") + &only(new, old, "+")
}

#[test]
fn redacted_copies_of_the_samples_find_the_same() {
    compare_copies(&captures(&root().join("samples")));
}

#[test]
fn redacted_copies_of_captures_from_elsewhere_find_the_same() {
    compare_copies(&captures(&root().join("../shared/captures")));
}

fn key(n: usize) -> Key {
    Key::of(format!("key {n} of the tests").as_bytes())
}

fn compare(paths: &[PathBuf]) {
    let mut wrong = Vec::new();
    for (path, n) in paths.iter().zip(0..) {
        let Some(old) = essence(path, None) else { continue };
        let new = essence(path, Some(Redactor::new(key(n % 3), "1"))).unwrap();
        if old != new {
            wrong.push(format!("{}\n{}", path.display(), differences(&old, &new)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
}

#[test]
fn reports_of_the_samples_find_the_same_after_redaction() {
    let paths = captures(&root().join("samples"));
    assert!(paths.len() > 100, "{}", paths.len());
    compare(&paths);
}

#[test]
fn reports_of_captures_from_elsewhere_find_the_same_after_redaction() {
    compare(&captures(&root().join("../shared/captures")));
}

/// What the messages of a capture tell of anybody, and what they say of software and protocol.
#[derive(Default)]
struct Telling {
    values: BTreeSet<String>,
    harmless: String,
}

impl Telling {
    fn uri(&mut self, uri: &Uri) {
        self.values.extend(uri.user_name().map(str::to_owned));
        if uri.ip().is_some() {
            self.values.insert(uri.host.clone());
        } else {
            let labels: Vec<&str> = uri.host.split('.').collect();
            self.values.extend(labels.iter().take(labels.len().saturating_sub(1)).map(|label| (*label).to_owned()));
        }
    }

    fn message(&mut self, message: &Message) {
        let parties = [message.from(), message.to()].into_iter().flatten().chain(message.contacts());
        for party in parties.chain(message.asserted_identities()) {
            self.uri(&party.uri);
            self.values.extend(party.display_name);
        }
        message.request_uri().iter().for_each(|uri| self.uri(uri));
        self.values.extend(message.vias().into_iter().map(|via| via.host));
        let identifiers = [message.call_id(), message.from_tag(), message.to_tag(), message.branch()];
        let texts = identifiers.into_iter().flatten().map(|id| String::from_utf8_lossy(id).into_owned());
        self.values.extend(texts.map(|text| text.trim_start_matches("z9hG4bK").to_owned()));
        for (name, value) in message.fields() {
            self.harmless.push_str(&name.to_lowercase());
            if ["user-agent", "server", "allow", "supported"].contains(&name.to_lowercase().as_str()) {
                self.harmless.push_str(&value.to_lowercase());
            }
        }
        for token in message.identities().iter().filter_map(|identity| identity.passport.claims.clone()) {
            let subjects = token.orig.into_iter().chain(token.dest).chain(token.div);
            self.values.extend(subjects.map(|subject| subject.text().to_owned()));
        }
    }

    /// What can be told from chance: long enough, and no word of the protocol.
    fn wanted(&self) -> impl Iterator<Item = &String> {
        let words = "sipvicious anonymous unknown unavailable invalid localhost 127.0.0.1 0.0.0.0 tcp udp pcap sdp invite message service call example domain branch scam likely 255.255.255.255 +10000000000";
        self.values.iter().filter(move |value| {
            let small = value.to_lowercase();
            // Names of codecs, which stand in SDP too, and loopback stay.
            let is_protocol = value.contains("/8000")
                || value.contains("000/")
                || value.contains("/16000")
                || value.contains("/32000");
            let stays = is_protocol || value.starts_with("127.") || value.starts_with("%00");
            value.len() >= 6 && !stays && !words.contains(&small) && !self.harmless.contains(&small)
        })
    }
}

impl Sink for Telling {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        for captured in &report.call.messages {
            let flow = captured.provenance.flow;
            self.values.extend([flow.source, flow.destination].map(|end| end.address.to_string()));
            self.message(&captured.message);
        }
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// What a capture tells; nothing if it is none.
fn told_by(path: &Path) -> Telling {
    let mut telling = Telling::default();
    if let Ok(mut capture) = Capture::open(&Input::File(path.to_owned())) {
        let mut analysis = Analysis::new(Settings::default());
        analysis.run(&mut capture, 1, &mut telling, &mut |_| {}).unwrap();
        analysis.finish(|_| {}, &mut telling).unwrap();
    }
    telling
}

/// The octets of a capture, with the tokens in it decoded behind them.
fn with_tokens(octets: Vec<u8>) -> Vec<u8> {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let parts = octets.split(|byte| !is_of_token(byte)).filter(|part| part.starts_with(b"eyJ"));
    let decoded: Vec<Vec<u8>> = parts.filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok()).collect();
    let addresses = decoded.concat();
    [octets, addresses].concat().to_ascii_lowercase()
}

#[test]
fn nothing_that_names_anybody_is_left_in_the_octets() {
    let folders = ["samples", "../shared/captures"].map(|folder| captures(&root().join(folder)));
    let (mut left, mut looked_for) = (Vec::new(), 0);
    for path in folders.concat() {
        let telling = told_by(&path);
        if telling.values.is_empty() {
            continue;
        }
        // By chance something may be replaced by what stood elsewhere, but not with every key.
        let copies: Vec<Vec<u8>> =
            (0..3).map(|n| with_tokens(copy(&path, Redactor::new(key(n), "1")).unwrap().0)).collect();
        for value in telling.wanted() {
            looked_for += 1;
            let small = value.to_lowercase();
            if copies.iter().all(|octets| memchr::memmem::find(octets, small.as_bytes()).is_some()) {
                left.push(format!("{}: {value}", path.display()));
            }
        }
    }
    assert!(looked_for > 1000, "{looked_for}");
    assert!(left.is_empty(), "{} of {looked_for}:\n{}", left.len(), left.join("\n"));
}

/// The formats of reports, as `-o` takes them.
const FORMATS: [&str; 15] = [
    "text",
    "json",
    "ndjson",
    "csv",
    "responses",
    "findings",
    "attestation",
    "moves",
    "complaints",
    "kpi",
    "junit",
    "sarif",
    "markdown",
    "html",
    "github",
];

/// Users and domains of samples whose names are words that reports say of themselves.
const OWN_WORDS: [&str; 7] = ["accepted", "callee", "challenge", "elsewhere", "partner", "provider", "second"];

/// Everything that reports of a capture say with `--redact`, by format.
#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn redacted_reports(path: &Path, n: usize) -> Vec<(&'static str, Vec<u8>)> {
    let directory = tempfile::tempdir().unwrap();
    let file = |format: &str| directory.path().join(format);
    let outputs = FORMATS.iter().flat_map(|format| ["-o".to_owned(), format!("{format}:{}", file(format).display())]);
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .arg(path)
        .args(["--no-config", "--all", "--kpi", "--redact", "--redact-key", &format!("key {n} of the tests")])
        .args(outputs)
        .env_remove("GITHUB_STEP_SUMMARY")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{}: {errors}", path.display());
    let said = [run.stdout, errors.into_bytes()].concat();
    let read = |format: &&'static str| (*format, fs::read(file(format)).unwrap());
    FORMATS.iter().map(read).chain([("standard output", said)]).collect()
}

#[test]
fn nothing_that_names_anybody_is_left_in_reports_of_any_format() {
    let (mut left, mut looked_for) = (Vec::new(), 0);
    // Reports of handshakes as well.
    let tls = ["tls-certificate-expired", "tls-certificate-self-signed", "tls-handshake-failed"];
    let tls = tls.map(|name| root().join("samples").join(name).join("capture.pcap"));
    for path in captures(&root().join("samples")).into_iter().chain(tls) {
        let telling = told_by(&path);
        let mut again: Option<Vec<_>> = None;
        for (format, octets) in redacted_reports(&path, 0) {
            let octets = with_tokens(octets);
            assert!(memchr::memmem::find(&octets, root().to_string_lossy().to_lowercase().as_bytes()).is_none());
            for value in telling.wanted().filter(|value| !OWN_WORDS.contains(&value.to_lowercase().as_str())) {
                looked_for += 1;
                let small = value.to_lowercase();
                let is_in = |octets: &[u8]| memchr::memmem::find(octets, small.as_bytes()).is_some();
                if !is_in(&octets) {
                    continue;
                }
                // As below: not with every key.
                let others = again.get_or_insert_with(|| (1..3).map(|n| redacted_reports(&path, n)).collect());
                let mut same = others.iter().flatten().filter(|(other, _)| *other == format);
                if same.all(|(_, octets)| is_in(&with_tokens(octets.clone()))) {
                    left.push(format!("{} as {format}: {value}", path.display()));
                }
            }
        }
    }
    assert!(looked_for > 10_000, "{looked_for}");
    assert!(left.is_empty(), "{} of {looked_for}:\n{}", left.len(), left.join("\n"));
}

#[test]
fn wireshark_finds_every_checksum_of_a_copy_right() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.pcapng");
    // Sections of pcapng may follow one another.
    let folders = ["samples", "tests/data", "../shared/captures/more"].map(|folder| captures(&root().join(folder)));
    let copies =
        folders.concat().into_iter().zip(0..).filter_map(|(path, n)| copy(&path, Redactor::new(key(n % 3), "1")));
    fs::write(&file, copies.map(|(octets, _)| octets).collect::<Vec<_>>().concat()).unwrap();
    let lines = |filter: &str| {
        let checked = ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE"];
        let run = Command::new("tshark")
            .arg("-r")
            .arg(&file)
            .args(checked.iter().flat_map(|option| ["-o", *option]))
            .args(["-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info"])
            .output()
            .ok()?;
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        Some(String::from_utf8_lossy(&run.stdout).lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let bad = "ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || icmp.checksum.status == 0 || \
               icmpv6.checksum.status == 0";
    // What an ICMP error quotes is cut off.
    let Some(bad) = lines(&format!("({bad}) && !(icmp.type || icmpv6.type)")) else { return };
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    let right = lines("ip.checksum.status == 1 || udp.checksum.status == 1 || tcp.checksum.status == 1").unwrap();
    assert!(right.len() > 1000, "{}", right.len());
    let icmp = lines("icmp.checksum.status == 0 || icmpv6.checksum.status == 0").unwrap();
    assert!(icmp.is_empty(), "{}", icmp.join("\n"));
}

#[test]
fn drawings_can_be_redacted_like_reports() {
    let draw = |format: &str, more: &[&str]| {
        let capture = root().join("samples/mixed.pcap");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
        command.arg("ladder").arg(capture).args(["--no-config", "--call", "13", "--format", format]).args(more);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    for format in ["text", "svg", "mermaid", "plantuml"] {
        let (open, redacted) = (draw(format, &[]), draw(format, &["--redact"]));
        assert!(open.contains("192.0.2.10") && open.contains("partner.example"), "{format}: {open}");
        assert!(redacted.contains("301 Moved Permanently"), "{format}: {redacted}");
        for secret in ["192.0.2.10", "partner.example", "corp.example", "5d13af54dbc0", "mixed.pcap"] {
            assert!(!redacted.contains(secret), "{format}: {secret} in {redacted}");
        }
    }
}
