//! The result is the same with any number of threads, and comes as early.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use sipscan::capture::{Capture, Frames, Input, Merged};
use sipscan::diagnosis::{CallReport, Finding, Settings};
use sipscan::lang::Lang;
use sipscan::pipeline::Analysis;
use sipscan::report::json::JsonSink;
use sipscan::report::outputs::Outputs;
use sipscan::report::text::{TextOptions, TextSink};
use sipscan::report::{CaptureFacts, Sink, Summary};

use super::common::root;

/// Longer captures take too long in a build for tests.
const LONGEST: u64 = 400_000;

/// What the sinks write to.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both reports of a capture, and the errors on the way.
fn reports(frames: &mut dyn Frames, threads: usize) -> (Vec<u8>, Vec<u8>, Vec<String>) {
    let (text, json) = (Shared::default(), Shared::default());
    let mut outputs = Outputs::default();
    let options = TextOptions { all: true, ..TextOptions::default() };
    outputs.add(PathBuf::from("text"), Box::new(TextSink::new(Box::new(text.clone()), options)));
    outputs.add(PathBuf::from("json"), Box::new(JsonSink::new(Box::new(json.clone()), Lang::En)));
    let mut analysis = Analysis::new(Settings::default());
    let mut errors = Vec::new();
    outputs.begin_capture(0, &["capture".to_owned()]).unwrap();
    analysis.run(frames, threads, &mut outputs, &mut |error| errors.push(error.to_string())).unwrap();
    let dropped = frames.dropped();
    let (_, summary) = analysis.finish(|facts| facts.dropped = dropped, &mut outputs).unwrap();
    outputs.finish(&summary).unwrap();
    (text.0.take(), json.0.take(), errors)
}

/// All files below a directory, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn captures() -> Vec<PathBuf> {
    let all = ["samples", "../shared/captures"].map(|folder| files(&root().join(folder))).concat();
    all.into_iter().filter(|path| fs::metadata(path).unwrap().len() <= LONGEST).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_reports() {
    let mut compared = 0;
    for path in captures() {
        let open = || Capture::open(&Input::File(path.clone())).ok();
        let Some(mut capture) = open() else { continue };
        let expected = reports(&mut capture, 1);
        for threads in [2, 3, 8] {
            let found = reports(&mut open().unwrap(), threads);
            assert!(found == expected, "{} differs with {threads} threads: {:?}", path.display(), found.2);
        }
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn any_number_of_threads_reads_merged_captures_alike() {
    let of_samples = captures().into_iter().filter(|path| path.starts_with(root().join("samples")));
    let inputs: Vec<_> = of_samples.filter(|path| path.extension().is_some_and(|e| e == "pcap")).collect();
    let inputs: Vec<_> = inputs.into_iter().map(Input::File).collect();
    let expected = reports(&mut Merged::open(&inputs).0, 1);
    for threads in [2, 3, 8] {
        assert!(reports(&mut Merged::open(&inputs).0, threads) == expected, "{threads}");
    }
}

/// A capture whose octets come one message at a time from elsewhere.
struct Live {
    pieces: Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Read for Live {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.pieces.recv().unwrap_or_default();
        }
        let count = self.rest.as_slice().read(out)?;
        self.rest.drain(..count);
        Ok(count)
    }
}

/// Tells of every call.
struct Told(Sender<u64>);

impl Sink for Told {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.0.send(report.call.number.0).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// A classic pcap header, and a frame of raw IPv4 with an OPTIONS request.
fn header() -> Vec<u8> {
    let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0xffff, 101];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn frame(second: u32, call: &str) -> Vec<u8> {
    let sip = format!(
        "OPTIONS sip:b@198.51.100.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call}\r\n\
         From: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@198.51.100.2>\r\nCall-ID: {call}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let length = u16::try_from(sip.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend((length + 28).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 0x13, 0xc4, 0x13, 0xc4]);
    packet.extend((length + 8).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(sip.bytes());
    let size = u32::try_from(packet.len()).unwrap();
    let head = [second, 0, size, size].map(u32::to_le_bytes).concat();
    [head, packet].concat()
}

#[test]
fn a_call_is_reported_while_the_capture_goes_on() {
    for threads in [1, 2, 3] {
        let (octets, pieces) = channel();
        let (told, calls) = channel();
        let run = thread::spawn(move || {
            let live = Live { pieces, rest: Vec::new() };
            let mut capture = Capture::from_reader(PathBuf::from("-"), live).unwrap();
            let (mut analysis, mut told) = (Analysis::new(Settings::default()), Told(told));
            analysis.run(&mut capture, threads, &mut told, &mut |error| panic!("{error}")).unwrap();
            analysis.finish(|_| (), &mut told).unwrap();
        });
        octets.send([header(), frame(1, "first")].concat()).unwrap();
        octets.send(frame(1000, "second")).unwrap();
        // The input stays open: nothing more comes, and the first call is over all the same.
        let first = calls.recv_timeout(Duration::from_mins(1));
        drop(octets);
        assert_eq!((first, calls.recv()), (Ok(1), Ok(2)));
        run.join().unwrap();
    }
}

#[test]
fn calls_that_are_open_at_the_end_are_reported_in_order() {
    const CALLS: u64 = 1000;
    let octets: Vec<u8> =
        header().into_iter().chain((1..=CALLS).flat_map(|call| frame(1, &format!("c{call}")))).collect();
    for threads in [1, 2, 3, 8] {
        let (told, calls) = channel();
        let mut capture = Capture::from_reader(PathBuf::from("-"), io::Cursor::new(octets.clone())).unwrap();
        let mut analysis = Analysis::new(Settings::default());
        let mut told = Told(told);
        analysis.run(&mut capture, threads, &mut told, &mut |error| panic!("{error}")).unwrap();
        analysis.finish(|_| (), &mut told).unwrap();
        drop(told);
        assert!(calls.into_iter().eq(1..=CALLS), "{threads} threads");
    }
}

/// A capture without an end.
struct Again(u32);

impl Read for Again {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let next = if self.0 == 0 { header() } else { frame(self.0 * 100, &format!("c{}", self.0)) };
        self.0 += 1;
        next.as_slice().read(out)
    }
}

fn endless(threads: usize, sink: &mut dyn Sink) -> io::Result<()> {
    let mut capture = Capture::from_reader(PathBuf::from("-"), Again(0)).unwrap();
    let mut errors = Vec::new();
    let ended =
        Analysis::new(Settings::default()).run(&mut capture, threads, sink, &mut |e| errors.push(e.to_string()));
    assert_eq!(errors, [""; 0]);
    ended
}

#[test]
fn a_report_that_nobody_reads_ends_all_threads() {
    for threads in [2, 3] {
        let (told, calls) = channel();
        drop(calls);
        assert_eq!(endless(threads, &mut Told(told)).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_report_that_panics_ends_all_threads() {
    struct Broken;
    impl Sink for Broken {
        fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
            Ok(())
        }

        fn call(&mut self, _: &CallReport) -> io::Result<()> {
            panic!("a report is broken")
        }

        fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> io::Result<()> {
            Ok(())
        }

        fn finish(&mut self, _: &Summary) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(thread::spawn(|| endless(3, &mut Broken)).join().is_err());
}

/// What a run over several inputs prints: its report, its errors, its exit code.
fn printed(format: &str, threads: &str, inputs: &[&str]) -> (Vec<u8>, String, Option<i32>) {
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_sipscan"));
    run.current_dir(root()).args(["--format", format, "--threads", threads, "--fail-on", "607"]).args(inputs);
    let output = run.output().unwrap();
    (output.stdout, String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn many_inputs_give_the_same_with_any_number_of_threads() {
    let inputs = ["samples/torture", "README.md", "samples/absent.pcap", "samples", "samples/mixed.pcap"];
    for format in ["text", "ndjson", "csv", "junit"] {
        let alone = printed(format, "1", &inputs);
        assert!(alone.1.contains("README.md") && alone.1.contains("absent.pcap") && !alone.0.is_empty());
        for threads in ["2", "8"] {
            assert!(printed(format, threads, &inputs) == alone, "{format} with {threads} threads");
        }
    }
}
