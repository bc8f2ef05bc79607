//! What is cut out: every frame that belongs to the calls, nothing else, and an analysis of it that says the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::tz::TimeZone;

use super::*;
use crate::call::CallNumber;
use crate::capture::{Frame, Interface, Packet, Writer};
use crate::diagnosis::{CallReport, Finding};
use crate::filter::Asked;
use crate::provenance::Timestamp;
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
        key_log: Vec::new(),
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
            let rests_on_others = |finding: &String| finding.starts_with("message-too-large-for-udp ");
            // What a request to a port of a NAT means is told by the REGISTER from there.
            let is_registered = sample.parent().is_some_and(|folder| folder.ends_with("nat-binding-lost"));
            if !is_registered && !expected.findings.iter().any(rests_on_others) {
                assert_eq!(found.map(|(_, seen)| seen), Some(expected), "{} {number:?}", sample.display());
            }
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

/// A capture of IPv4 packets without link layer, a hundredth of a second apart.
fn raw_packets(path: &Path, protocol: u8, packets: &[(bool, Vec<u8>)]) {
    let mut writer = Writer::new(Vec::new(), "a test", &[]).unwrap();
    let raw = Interface { link_type: 101, snap_length: 0, resolution: 9, offset: 0, options: Vec::new() };
    let interface = writer.interface(&raw).unwrap();
    for ((is_answer, payload), n) in packets.iter().zip(0..) {
        let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let [mut from, mut to] = [[192, 0, 2, 10], [198, 51, 100, 5]];
        if *is_answer {
            std::mem::swap(&mut from, &mut to);
        }
        let mut header = [&[0x45, 0][..], &length, &[0, 0, 0, 0, 64, protocol, 0, 0], &from, &to].concat();
        let sum: u32 = header.as_chunks::<2>().0.iter().map(|two| u32::from(u16::from_be_bytes(*two))).sum();
        let sum = !u16::try_from(sum % 0xffff).unwrap();
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        let bytes = [header, payload.clone()].concat();
        let original_length = u32::try_from(bytes.len()).unwrap();
        let time = Timestamp(1_774_880_000_000_000_000 + n * 10_000_000);
        let packet = Packet { interface, time, original_length, bytes: &bytes, flags: None, comments: &[] };
        writer.packet(&packet).unwrap();
    }
    fs::write(path, writer.finish().unwrap()).unwrap();
}

#[test]
fn an_association_keeps_its_beginning_its_end_and_what_acknowledges_the_messages() {
    let chunk = |kind: u8, value: &[u8]| {
        let length = u16::try_from(4 + value.len()).unwrap().to_be_bytes();
        let mut chunk = [&[kind, if kind == 0 { 3 } else { 0 }][..], &length, value].concat();
        chunk.resize(chunk.len().next_multiple_of(4), 0);
        chunk
    };
    let packet = |is_answer: bool, chunk: Vec<u8>| {
        let (from, to, tag) = if is_answer { (5070_u16, 5060_u16, 7_u32) } else { (5060, 5070, 9) };
        let head = [&from.to_be_bytes()[..], &to.to_be_bytes(), &tag.to_be_bytes(), &[0; 4]].concat();
        (is_answer, [head, chunk].concat())
    };
    let data = |is_answer, number: u32, line: &str, call: &str, cseq: &str| {
        let text = format!(
            "{line}\r\nVia: SIP/2.0/SCTP 192.0.2.10;branch=z9hG4bK{call}\r\nFrom: <sip:alice@a.example>;tag=a\r\n\
             To: <sip:bob@b.example>;tag=b\r\nCall-ID: {call}\r\nCSeq: {cseq}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let order = u16::try_from(number).unwrap() - 1;
        let head = [&number.to_be_bytes()[..], &[0, 0], &order.to_be_bytes(), &[0; 4]].concat();
        packet(is_answer, chunk(0, &[&head[..], text.as_bytes()].concat()))
    };
    let sack = |is_answer, number: u32| {
        packet(is_answer, chunk(3, &[&number.to_be_bytes()[..], &[0, 1, 0, 0, 0, 0, 0, 0]].concat()))
    };
    let init = |tag: u32| [&tag.to_be_bytes()[..], &[0, 1, 0, 0, 0, 9, 0, 9, 0, 0, 0, 1]].concat();
    let (invite, not_found) = ("INVITE sip:bob@b.example SIP/2.0", "SIP/2.0 404 Not Found");
    let packets = [
        packet(false, chunk(1, &init(7))),
        packet(true, chunk(2, &init(9))),
        packet(false, chunk(10, &[1; 8])),
        packet(true, chunk(11, &[])),
        data(false, 1, invite, "other", "1 INVITE"),
        sack(true, 1),
        data(false, 2, invite, "one", "1 INVITE"),
        data(true, 1, not_found, "other", "1 INVITE"),
        sack(true, 2),
        sack(true, 2),
        sack(false, 1),
        data(true, 2, not_found, "one", "1 INVITE"),
        sack(false, 2),
        packet(false, chunk(4, &[0, 1, 0, 8, 1, 1, 1, 1])),
        packet(true, chunk(5, &[0, 1, 0, 8, 1, 1, 1, 1])),
        data(false, 3, "ACK sip:bob@b.example SIP/2.0", "one", "1 ACK"),
        packet(true, chunk(9, &[0, 6, 0, 4])),
        sack(true, 3),
        data(false, 4, "ACK sip:bob@b.example SIP/2.0", "other", "1 ACK"),
        sack(true, 4),
        packet(false, chunk(7, &[0, 0, 0, 2])),
        packet(true, chunk(8, &[])),
        packet(false, chunk(14, &[])),
    ];
    let directory = tempfile::tempdir().unwrap();
    let (input, output) = (directory.path().join("in.pcapng"), directory.path().join("out.pcapng"));
    raw_packets(&input, 132, &packets);
    run(&job(vec![input.clone()], &output, "call_id == 'one'")).0.unwrap();
    let (all, kept) = (frames(&input), frames(&output));
    let kept: Vec<usize> =
        all.iter().zip(0..).filter(|(frame, _)| kept.iter().any(|k| k.0 == frame.0)).map(|(_, n)| n).collect();
    assert_eq!(kept, [0, 1, 2, 3, 6, 8, 11, 12, 15, 16, 17, 20, 21, 22]);
    let (one, _) = calls(&output);
    assert_eq!((one.len(), one[0].1.messages), (1, 3));
    let messages =
        ["-r", output.to_str().unwrap(), "-Y", "sip && !_ws.malformed", "-T", "fields", "-e", "frame.number"];
    if let Some((lines, complaints)) = wireshark("tshark", &messages) {
        assert_eq!((lines.lines().count(), complaints.contains("tshark:")), (3, false), "{complaints}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn secrets_of_a_key_log_go_with_the_connections_that_they_open() {
    for (name, messages) in [("tls12-gcm", 4), ("tls12-rsa", 4), ("tls13-gcm", 4), ("tls13-websocket", 4)] {
        let directory = tempfile::tempdir().unwrap();
        let (input, output) = (directory.path().join("in.pcapng"), directory.path().join("out.pcapng"));
        let with_secrets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(format!("{name}.pcapng"));
        let mut capture = Capture::open(&Input::File(with_secrets)).unwrap();
        capture.keep_secrets();
        let mut writer = Writer::new(Vec::new(), "a test", &[]).unwrap();
        let mut interface = None;
        while capture.next_frame().unwrap().is_some() {
            let record = capture.record().unwrap();
            let interface = *interface.get_or_insert_with(|| writer.interface(record.interface).unwrap());
            let Frame { time, original_length, bytes, .. } = record.frame;
            writer.packet(&Packet { interface, time, original_length, bytes, flags: None, comments: &[] }).unwrap();
        }
        fs::write(&input, writer.finish().unwrap()).unwrap();
        let mine = capture.take_secrets().iter().flat_map(|secrets| secrets.bytes.clone()).collect::<Vec<u8>>();
        let other = format!("CLIENT_RANDOM {} {}\n", "5a".repeat(32), "5b".repeat(48));
        let key_log = [other.as_bytes(), &mine].concat();
        let mut secrets = crate::tls::Secrets::default();
        assert!(secrets.add_lines(&key_log) > 1, "{name}");
        let keys = crate::tls::Keys::new(secrets);
        let cut = Job { settings: Settings { keys, ..Settings::default() }, key_log, ..job(vec![input], &output, "") };
        run(&cut).0.unwrap();
        let written = fs::read(&output).unwrap();
        assert!(memchr::memmem::find(&written, "5a".repeat(32).as_bytes()).is_none(), "{name}");
        // They stand in the file itself.
        let (seen, _) = calls(&output);
        assert_eq!(seen.iter().map(|(_, call)| call.messages).sum::<usize>(), messages, "{name}");
        let shown = ["-r", output.to_str().unwrap(), "-Y", "sip", "-T", "fields", "-e", "sip.Call-ID"];
        if let Some((lines, complaints)) = wireshark("tshark", &shown) {
            assert!(!lines.trim().is_empty() && !complaints.contains("tshark:"), "{name}: {lines} {complaints}");
        }
    }
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
