//! What is cut out: every frame that belongs to the calls, nothing else, and an analysis of it that says the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::tz::TimeZone;

use super::*;
use crate::call::CallNumber;
use crate::diagnosis::{CallReport, Finding};
use crate::filter::Asked;
use crate::report::{CaptureFacts, Sink, Summary};
use crate::sample::Flow;

/// What matters of a call, without numbers of frames and of the call itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    call_ids: Vec<Vec<u8>>,
    messages: usize,
    outcome: String,
    root_cause: Option<&'static str>,
    findings: Vec<String>,
}

#[derive(Default)]
struct Calls(Vec<(CallNumber, Seen)>);

impl Sink for Calls {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let call = &report.call;
        let finding = |f: &Finding| {
            format!(
                "{} {} {} {:?} {}",
                f.code,
                f.severity.name(),
                f.certainty.name(),
                f.consequence_of,
                f.evidence.len()
            )
        };
        let seen = Seen {
            call_ids: call.legs.iter().filter_map(|leg| leg.call_id.clone()).collect(),
            messages: call.messages.len(),
            outcome: format!("{:?} {:?}", call.outcome, call.outcome_detail),
            root_cause: report.root_cause,
            findings: report.findings.iter().map(finding).collect(),
        };
        self.0.push((call.number, seen));
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// The calls of a file in the order of their first messages, and whether all of it could be read.
fn calls(path: &Path) -> (Vec<(CallNumber, Seen)>, bool) {
    let input = Input::File(path.to_owned());
    let mut capture = Capture::open(&input).unwrap();
    let mut analysis = Analysis::new(Settings::default());
    analysis.set_lossy(capture::announces_losses(&input));
    let mut calls = Calls::default();
    let mut faults = 0;
    analysis.run(&mut capture, 1, &mut calls, &mut |_| faults += 1).unwrap();
    analysis.finish(|facts| app::describe(facts, &[capture.info()], Vec::new()), &mut calls).unwrap();
    calls.0.sort_by_key(|(number, _)| *number);
    (calls.0, faults == 0)
}

/// Frame numbers, and comments of the frames, in a capture.
fn frames(path: &Path) -> Vec<(i64, Vec<u8>, Vec<String>)> {
    let mut capture = Capture::open(&Input::File(path.to_owned())).unwrap();
    let mut frames = Vec::new();
    while capture.next_frame().unwrap().is_some() {
        let record = capture.record().unwrap();
        let comments = record.comments.iter().map(|comment| String::from_utf8(comment.to_vec()).unwrap()).collect();
        frames.push((record.frame.time.0, record.frame.bytes.to_vec(), comments));
    }
    frames
}

fn job(paths: Vec<PathBuf>, output: &Path, expression: &str) -> Job {
    let expressions = [expression.to_owned()];
    let asked = Asked { expressions: if expression.is_empty() { &[] } else { &expressions }, ..Asked::default() };
    Job {
        paths,
        merge: false,
        threads: NonZeroUsize::new(1),
        settings: Settings::default(),
        filter: Filter::read(asked, &TimeZone::UTC).unwrap().map(Arc::new),
        media: false,
        output: output.to_owned(),
        lang: Lang::En,
    }
}

fn run(job: &Job) -> (Result<ExitStatus, String>, String) {
    let mut talk = Vec::new();
    let result = extract(job, &mut talk).map_err(|error| error.to_string());
    (result, String::from_utf8(talk).unwrap())
}

/// A capture of a text, and what was cut out of it; gives the numbers of the frames that were taken.
struct Cut {
    directory: tempfile::TempDir,
}

impl Cut {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("in.pcap"), Flow::parse(text).unwrap().to_pcap()).unwrap();
        Self { directory }
    }

    fn input(&self) -> PathBuf {
        self.directory.path().join("in.pcap")
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("out.pcapng")
    }

    fn job(&self, expression: &str) -> Job {
        job(vec![self.input()], &self.output(), expression)
    }

    fn of(&self, job: &Job) -> Vec<usize> {
        let (result, talk) = run(job);
        assert!(matches!(result, Ok(ExitStatus::Clean)), "{result:?} {talk}");
        let all = frames(&self.input());
        let mut from = 0;
        let taken = frames(&self.output()).into_iter().map(|(time, bytes, _)| {
            let at = all.iter().skip(from).position(|frame| (frame.0, &frame.1) == (time, &bytes)).unwrap();
            from += at + 1;
            from
        });
        taken.collect()
    }
}

fn samples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")];
    while let Some(directory) = directories.pop() {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|e| e.to_str()) {
                _ if path.is_dir() => directories.push(path),
                Some("pcap" | "pcapng") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(found.len() > 100);
    found
}

#[test]
fn what_is_cut_out_of_the_samples_says_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.pcapng");
    for sample in samples() {
        let (whole, is_sound) = calls(&sample);
        if whole.is_empty() || !is_sound {
            continue;
        }
        let (result, talk) = run(&job(vec![sample.clone()], &output, ""));
        assert!(matches!(result, Ok(ExitStatus::Clean)), "{}: {result:?} {talk}", sample.display());
        let seen = |calls: &[(CallNumber, Seen)]| calls.iter().map(|(_, seen)| seen.clone()).collect::<Vec<_>>();
        assert_eq!(seen(&calls(&output).0), seen(&whole), "{}", sample.display());
        // Each call alone; a few are enough where there are many.
        for (number, expected) in whole.iter().take(3).filter(|_| whole.len() > 1) {
            run(&job(vec![sample.clone()], &output, &format!("call == {}", number.0))).0.unwrap();
            let (alone, _) = calls(&output);
            // A datagram with messages of two calls is kept as it is.
            let found = alone.iter().find(|(_, seen)| seen.call_ids == expected.call_ids);
            assert_eq!(found.map(|(_, seen)| seen), Some(expected), "{} {number:?}", sample.display());
            assert!(alone.len() == 1 || sample.ends_with("torture/valid.pcap"), "{} {number:?}", sample.display());
        }
    }
}

const HOSTS: &str = "host a 192.0.2.10\nhost b 198.51.100.5\nhost c 203.0.113.7\n\n";
const OTHER: &str = "0.001 a > c call=other\nINVITE sip:carol@c.example\n\n0.9 c > a call=other\n486 Busy Here\n\n";

#[test]
fn fragments_retransmissions_and_copies_go_with_the_call() {
    let body = format!("Subject: {}\n\n", "x".repeat(1200));
    let text = format!(
        "{HOSTS}{OTHER}0.002 a > b call=one fragment=576 dup=0.001 repeat=0.5\nINVITE sip:bob@b.example\n{body}\
         0.003 a > b call=two fragment=576\nINVITE sip:bob@b.example\n{body}\
         0.7 b > a call=one dup=0.0002,0.0003\n100 Trying\n\n0.8 b > a icmp=port-unreachable quote=3\n\n"
    );
    let cut = Cut::new(&text);
    let taken = cut.of(&cut.job("call_id ~ '^one@'"));
    // Three fragments, sent twice and each time captured twice; a response and its two copies; the error.
    assert_eq!((taken.len(), frames(&cut.input()).len()), (16, 21), "{taken:?}");
    let (seen, _) = calls(&cut.output());
    assert_eq!((seen.len(), &seen[0].1.call_ids), (1, &vec![b"one@192.0.2.10".to_vec()]));
}

#[test]
fn a_connection_keeps_its_beginning_its_end_and_what_was_sent_again() {
    let text = format!(
        "{HOSTS}0.1 a > b call=other tcp\nINVITE sip:carol@b.example\n\n0.2 b > a call=other tcp\n486 Busy Here\n\n\
         0.3 a > b call=other tcp\nACK\n\n\
         0.4 a > b call=one tcp segments=200 lose-segment=1 resend-segment=2\nINVITE sip:bob@b.example\n\n\
         0.9 b > a call=one tcp\n404 Not Found\n\n1.0 a > b call=one tcp close\nACK\n\n"
    );
    let text = text.replace(" lose-segment=1", "");
    let cut = Cut::new(&text);
    let job = cut.job("call_id ~ '^one@'");
    cut.of(&job);
    let (one, _) = calls(&cut.output());
    assert_eq!((one.len(), one[0].1.messages), (1, 3));
    let flags = frames(&cut.output()).iter().map(|(_, bytes, _)| bytes[14 + 20 + 13] & 0x17).collect::<Vec<_>>();
    // SYN and its answer, then the ACK that confirms it; FIN of both at the end.
    assert_eq!(flags[..3], [2, 0x12, 0x10], "{flags:?}");
    assert_eq!(flags.iter().filter(|flags| *flags & 1 != 0).count(), 2, "{flags:?}");
    let payloads: Vec<Vec<u8>> = frames(&cut.output()).iter().map(|(_, bytes, _)| bytes[54..].to_vec()).collect();
    let different: BTreeSet<_> = payloads.iter().filter(|payload| !payload.is_empty()).collect();
    let with_octets = payloads.iter().filter(|payload| !payload.is_empty()).count();
    assert_eq!(with_octets, different.len() + 1, "one segment was sent again");
    assert!(payloads.iter().all(|payload| memchr::memmem::find(payload, b"carol").is_none()));
}

#[test]
fn media_go_where_the_descriptions_say_and_as_long_as_the_call() {
    let sdp = |address: &str, port: u16| {
        format!(".\nv=0\no=- 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\nm=audio {port} RTP/AVP 0\n\n")
    };
    let rtp =
        |time: &str, from: &str, to: &str| format!("{time} {from} > {to}\nhex 80 00 00 01 00 00 00 00 00 00 00 01\n\n");
    let text = format!(
        "{HOSTS}{OTHER}0.01 a > b\nINVITE sip:bob@b.example\n{}0.5 b > a\n200 OK\n{}0.6 a > b\nACK\n\n\
         5.0 a > b\nINVITE sip:bob@b.example\n{}5.1 b > a re=INVITE\n200 OK\n{}5.2 a > b\nACK\n\n9.0 a > b\nBYE\n\n9.1 b > a\n200 OK\n\n\
         {}{}{}{}{}{}{}{}",
        sdp("192.0.2.10", 4000),
        sdp("198.51.100.5", 5000),
        sdp("192.0.2.77", 4100),
        sdp("198.51.100.5", 5000),
        rtp("0.7", "192.0.2.10:4000", "198.51.100.5:5000"),
        rtp("0.8", "198.51.100.5:5000", "192.0.2.10:4000"),
        rtp("0.9", "198.51.100.5:5001", "192.0.2.10:4001"), // RTCP
        rtp("1.0", "192.0.2.10:6000", "203.0.113.7:5000"),  // of others
        rtp("2.0", "203.0.113.7:1111", "192.0.2.77:4100"),  // before it was said
        rtp("6.0", "203.0.113.7:1111", "192.0.2.77:4100"),  // after a NAT
        rtp("10.0", "192.0.2.77:4100", "203.0.113.7:1111"),
        rtp("30.0", "192.0.2.10:4000", "198.51.100.5:5000"), // of a later call
    );
    let cut = Cut::new(&text);
    let job = cut.job("call_id == '1@192.0.2.10'");
    let without = cut.of(&job).len();
    let taken = cut.of(&Job { media: true, ..job });
    let seconds: Vec<i64> = frames(&cut.output())
        .iter()
        .filter(|(_, bytes, _)| bytes[42] == 0x80)
        .map(|(time, ..)| (time / 100_000_000) % 1000)
        .collect();
    assert_eq!((without, taken.len()), (8, 13));
    let start = frames(&cut.input())[0].0 / 100_000_000 % 1000;
    assert_eq!(seconds.iter().map(|s| s - start).collect::<Vec<_>>(), [7, 8, 9, 60, 100]);
}

#[test]
fn evidence_carries_the_finding_and_hostile_text_does_no_harm() {
    let text = format!(
        "{HOSTS}{OTHER}0.01 a > b\nINVITE sip:bob@b.example\nFrom: \"\\x1b[31m\" <sip:alice@a.example>\n\n\
         0.02 b > a\n404 Not\u{202e}Found\n\n0.03 a > b\nACK\n\n"
    );
    let cut = Cut::new(&text);
    cut.of(&cut.job("call_id == '1@192.0.2.10'"));
    let frames = frames(&cut.output());
    let comments: Vec<_> = frames.iter().map(|(.., comments)| comments.len()).collect();
    assert_eq!((frames.len(), comments[2]), (3, 0), "{comments:?}");
    let comment = frames[1].2.concat();
    assert!(comment.starts_with("sipscan: failed-response: "), "{comment}");
    assert!(comment.ends_with(" (Call-ID 1@192.0.2.10)") && !comment.contains(char::is_control), "{comment}");
    assert!(!comment.contains('\u{202e}'), "{comment}");
    // Cut out of what was cut out, it says everything once.
    let again = cut.directory.path().join("again.pcapng");
    run(&job(vec![cut.output()], &again, "")).0.unwrap();
    let count = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(count(&again) <= count(&cut.output()), "{} {}", count(&again), count(&cut.output()));
    let zh = Job { lang: Lang::ZhCn, ..cut.job("call_id == '1@192.0.2.10'") };
    assert!(run(&zh).1.contains("已写入"));
}

#[test]
fn several_captures_go_into_one_file_with_an_interface_each() {
    let (one, two) = (
        Cut::new(&format!("{HOSTS}{OTHER}")),
        Cut::new(&format!("link raw\nstart 2026-03-30T14:00:00.5Z\n{HOSTS}{OTHER}")),
    );
    let output = one.output();
    for (merge, expected) in [(false, [0, 0, 1, 1]), (true, [0, 1, 0, 1])] {
        let job = Job { merge, ..job(vec![one.input(), two.input()], &output, "") };
        assert!(matches!(run(&job).0, Ok(ExitStatus::Clean)));
        let mut capture = Capture::open(&Input::File(output.clone())).unwrap();
        let mut seen = Vec::new();
        while capture.next_frame().unwrap().is_some() {
            let record = capture.record().unwrap();
            seen.push(record.interface_number);
            assert_eq!(record.frame.link_type == 101, record.interface_number == 1);
        }
        assert_eq!(seen, expected, "{merge}");
    }
}

#[test]
fn mistakes_are_told_and_leave_everything_as_it_was() {
    let cut = Cut::new(&format!("{HOSTS}{OTHER}"));
    let (result, _) = run(&cut.job("status == 607"));
    assert_eq!(result.unwrap_err(), "no call is selected by status == 607; nothing was written");
    assert!(!cut.output().exists());
    fs::write(cut.output(), "precious").unwrap();
    assert!(run(&cut.job("status == 607")).0.is_err());
    assert_eq!(fs::read_to_string(cut.output()).unwrap(), "precious");
    let missing = job(vec![cut.directory.path().join("absent.pcap"), cut.input()], &cut.output(), "");
    let (result, talk) = run(&missing);
    assert!(matches!(result, Ok(ExitStatus::Failed)) && talk.contains("absent.pcap"), "{talk}");
    let before = frames(&cut.input());
    for (job, expected) in [
        (Job { output: cut.input(), ..cut.job("") }, "this is one of the captures"),
        (Job { output: "out.pcapng.gz".into(), ..cut.job("") }, "not compressed"),
        (Job { paths: vec!["-".into()], ..cut.job("") }, "read twice"),
        (Job { paths: vec!["/dev/null".into()], ..cut.job("") }, "read twice"),
        (Job { output: cut.directory.path().join("no/such.pcapng"), ..cut.job("") }, "cannot write"),
    ] {
        let message = run(&job).0.unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(frames(&cut.input()), before);
}

/// Wireshark's programs, where they are installed.
fn wireshark(program: &str, arguments: &[&str]) -> Option<(String, String)> {
    let output = Command::new(program).args(arguments).output().ok()?;
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr)))
}

#[test]
fn wireshark_reads_it_without_complaint() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.pcapng");
    let path = output.to_str().unwrap();
    for sample in ["mixed.pcap", "redirect-loop/capture.pcap", "clean/tcp-segments.pcap", "malformed"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample);
        run(&job(vec![sample], &output, "")).0.unwrap();
        let Some((about, complaints)) = wireshark("capinfos", &["-M", path]) else { return };
        let written = frames(&output);
        assert!(about.contains(&format!("Number of packets:   {}\n", written.len())), "{about}");
        assert!(complaints.is_empty() && !about.contains("truncated"), "{about} {complaints}");
        let fields =
            ["-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.comment"];
        let Some((lines, _)) = wireshark("tshark", &fields) else { return };
        assert_eq!(lines.lines().count(), written.len());
        for (line, (time, _, comments)) in lines.lines().zip(&written) {
            let mut cells = line.split('\t').skip(1);
            let shown: String = cells.next().unwrap().chars().filter(char::is_ascii_digit).collect();
            assert_eq!(shown, time.to_string());
            assert_eq!(cells.next().unwrap_or_default().is_empty(), comments.is_empty(), "{line}");
        }
        let (odd, _) = wireshark("tshark", &["-r", path, "-Y", "_ws.malformed && !sip"]).unwrap();
        assert!(odd.is_empty(), "{odd}");
    }
}
