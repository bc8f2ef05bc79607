//! What each stage costs alone, in nanoseconds a SIP message: `cargo bench --bench stages [-- CAPTURE]`.
//!
//! Without a capture one is generated. Each stage gets what the one before it made, all of it in memory; the fastest of several runs
//! counts. Where the sum of the stages is above what a whole run takes on one thread, that is because the caches hold more of a
//! message that goes through all stages at once: what the first stages take together, message by message, follows. What comes last is no stage: the least work of its kind that can be thought of.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, Cursor, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use sipscan::call::tracker::Tracker;
use sipscan::capture::Capture;
use sipscan::diagnosis::{CallReport, Engine, Settings};
use sipscan::lang::Lang;
use sipscan::net::{Decoded, peel};
use sipscan::provenance::{Flow, FrameRef, Frames, Provenance, Timestamp};
use sipscan::report::csv::{CsvOptions, CsvSink, Table};
use sipscan::report::json::JsonSink;
use sipscan::report::text::{TextOptions, TextSink};
use sipscan::report::{Sink, Summary};
use sipscan::sip::probe::is_sip;
use sipscan::sip::{Message, messages};

mod least;
#[expect(dead_code, reason = "floods are for the example")]
mod load;

const RUNS: usize = 5;

/// A frame with its octets.
struct Held {
    reference: FrameRef,
    time: Timestamp,
    link_type: u16,
    original_length: u32,
    bytes: Vec<u8>,
}

/// Calls that are diagnosed together, as a run does.
const AT_ONCE: usize = 32;

/// A payload and where it was.
struct Payload<'a> {
    provenance: Provenance,
    octets: &'a [u8],
}

fn main() -> Result<(), Box<dyn Error>> {
    let capture = capture()?;
    let frames = frames(&capture)?;
    let payloads: Vec<Payload<'_>> = frames.iter().filter_map(payload).collect();
    let read: Vec<(Message, Provenance)> = payloads.iter().flat_map(read).collect();
    let calls = tracked(read.clone());
    let mut engine = Engine::new(Settings::default());
    let reports: Vec<CallReport> = engine.diagnose(calls.clone()).collect();
    let table = Stages { messages: read.len() };
    let mut out = io::stdout();
    writeln!(out, "{} frames, {} messages, {} calls", frames.len(), read.len(), calls.len())?;
    let file = || Cursor::new(capture.clone());
    table.line("frames out of the file", file, frames_read)?;
    table.line("decoding", || (), |()| frames.iter().filter_map(payload).count())?;
    table.line("is it SIP", || (), |()| payloads.iter().filter(|payload| is_sip(payload.octets)).count())?;
    let all = || payloads.iter().map(|payload| messages(payload.octets, false).len()).sum();
    table.line("messages: start line, header fields, storage", || (), |()| all())?;
    table.line("tracking, legs, transactions, outcome", || read.clone(), |read| tracked(read).len())?;
    let fresh = || (Engine::new(Settings::default()), calls.clone());
    table.line("diagnosis", fresh, |(mut engine, calls)| {
        let (mut calls, mut found) = (calls.into_iter(), 0);
        while !calls.as_slice().is_empty() {
            let some = calls.by_ref().take(AT_ONCE).collect();
            found += engine.diagnose(some).map(|report| report.findings.len()).sum::<usize>();
        }
        found
    })?;
    let count = || {
        reports.iter().fold(Summary::default(), |mut summary, report| {
            summary.call(report);
            summary
        })
    };
    table.line("counting", || (), |()| count().calls.try_into().unwrap_or_default())?;
    let text = || Box::new(TextSink::new(Box::new(io::sink()), TextOptions::default())) as Box<dyn Sink>;
    table.line("report: text", text, |sink| told(sink, &reports))?;
    let json = || Box::new(JsonSink::new(Box::new(io::sink()), Lang::En)) as Box<dyn Sink>;
    table.line("report: JSON", json, |sink| told(sink, &reports))?;
    let csv = || Box::new(CsvSink::new(Box::new(io::sink()), Table::Responses, CsvOptions::default())) as Box<dyn Sink>;
    table.line("report: CSV", csv, |sink| told(sink, &reports))?;
    for (upto, name) in Upto::ALL {
        table.line(name, file, |capture| together(capture, upto).unwrap_or_default())?;
    }
    floor(&table, &capture)
}

/// How far a capture is taken, message by message as one thread does it; what came out of the last stage is thrown away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Upto {
    Decoding,
    Messages,
    Calls,
    Findings,
    Report,
}

impl Upto {
    const ALL: [(Self, &str); 5] = [
        (Self::Decoding, "together: frames, decoding"),
        (Self::Messages, "together: and messages"),
        (Self::Calls, "together: and tracking, legs, transactions, outcome"),
        (Self::Findings, "together: and diagnosis"),
        (Self::Report, "together: and counting, report: text"),
    ];
}

/// Takes a capture through the first stages, all of them for a message before the next message.
fn together(capture: Cursor<Vec<u8>>, upto: Upto) -> Result<usize, Box<dyn Error>> {
    let mut frames = Capture::from_reader(PathBuf::from("load"), capture)?;
    let (mut tracker, mut engine, mut summary) =
        (Tracker::default(), Engine::new(Settings::default()), Summary::default());
    let mut sink = TextSink::new(Box::new(io::sink()), TextOptions::default());
    sink.begin_capture(0, &["load".to_owned()])?;
    let mut seen = 0;
    let mut end = |call, now| -> io::Result<()> {
        if upto < Upto::Findings {
            return Ok(());
        }
        engine.diagnose(vec![(call, now)]).filter(|_| upto == Upto::Report).try_for_each(|report| {
            summary.call(&report);
            sink.take_call(report)
        })
    };
    let mut now = Timestamp::default();
    while let Ok(Some(frame)) = frames.next_frame() {
        now = frame.time;
        let peeled = peel(frame.link_type, frame.bytes, frame.original_length, frame.time);
        let Decoded::Udp(datagram) = peeled.content else { continue };
        seen += 1;
        if upto == Upto::Decoding {
            continue;
        }
        for framed in messages(datagram.payload, false) {
            if upto == Upto::Messages {
                continue;
            }
            let place = place(frame.reference, frame.time, datagram.flow, datagram.ip_id, datagram.ttl);
            tracker.push(framed.message, place);
            tracker.advance(now).into_iter().try_for_each(|call| end(call, now))?;
        }
    }
    tracker.finish(now).try_for_each(|call| end(call, now))?;
    Ok(seen)
}

/// What any program of this kind would take.
fn floor(table: &Stages, capture: &[u8]) -> Result<(), Box<dyn Error>> {
    let octets = || least::payloads(capture);
    table.line(
        "the least: frames, each octet looked at",
        || (),
        |()| octets().filter(|octets| least::is_usual(octets)).count(),
    )?;
    table.line("the least: frames, lines", || (), |()| octets().map(|octets| least::lines(octets).count()).sum())?;
    table.line("the least: frames, lines, storage, groups by Call-ID", least::Calls::default, |mut calls| {
        octets().map(|octets| calls.push(octets)).sum()
    })
}

/// The octets of the capture that was named, or of a generated one.
fn capture() -> Result<Vec<u8>, Box<dyn Error>> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if let Some(path) = named {
        #[expect(clippy::disallowed_methods, reason = "likewise")]
        return Ok(fs::read(path)?);
    }
    let mut capture = Vec::new();
    load::Load::default().write(&mut capture)?;
    Ok(capture)
}

struct Stages {
    messages: usize,
}

impl Stages {
    /// Prints what a stage takes for each message; `fresh` makes what it uses up, which does not count.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn line<T>(&self, name: &str, fresh: impl Fn() -> T, run: impl Fn(T) -> usize) -> Result<(), Box<dyn Error>> {
        let mut best = f64::INFINITY;
        for _ in 0..RUNS {
            let input = fresh();
            let begin = Instant::now();
            black_box(run(input));
            best = best.min(begin.elapsed().as_secs_f64());
        }
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let nanoseconds = best * 1e9 / self.messages.max(1) as f64;
        writeln!(io::stdout(), "{nanoseconds:8.0} ns  {name}")?;
        Ok(())
    }
}

fn frames(capture: &[u8]) -> Result<Vec<Held>, Box<dyn Error>> {
    let mut frames = Capture::from_reader(PathBuf::from("load"), Cursor::new(capture.to_vec()))?;
    let mut held = Vec::new();
    // A capture that ends inside a frame is good up to there.
    while let Ok(Some(frame)) = frames.next_frame() {
        held.push(Held {
            reference: frame.reference,
            time: frame.time,
            link_type: frame.link_type,
            original_length: frame.original_length,
            bytes: frame.bytes.to_vec(),
        });
    }
    Ok(held)
}

/// Reads all frames, and leaves them.
fn frames_read(capture: Cursor<Vec<u8>>) -> usize {
    let Ok(mut frames) = Capture::from_reader(PathBuf::from("load"), capture) else { return 0 };
    let mut octets = 0;
    while let Ok(Some(frame)) = frames.next_frame() {
        octets += frame.bytes.len();
    }
    octets
}

fn payload(frame: &Held) -> Option<Payload<'_>> {
    let peeled = peel(frame.link_type, &frame.bytes, frame.original_length, frame.time);
    let Decoded::Udp(datagram) = peeled.content else { return None };
    let provenance = place(frame.reference, frame.time, datagram.flow, datagram.ip_id, datagram.ttl);
    Some(Payload { provenance, octets: datagram.payload })
}

fn place(frame: FrameRef, time: Timestamp, flow: Flow, ip_id: Option<u16>, ttl: u8) -> Provenance {
    Provenance { frame, other_frames: Frames::new(), time, flow, ip_id, ttl, carrier: None, offset: 0 }
}

fn read<'a>(payload: &'a Payload<'_>) -> impl Iterator<Item = (Message, Provenance)> + 'a {
    messages(payload.octets, false).into_iter().map(|framed| (framed.message, payload.provenance.clone()))
}

/// All calls, each with the time at which it was over.
fn tracked(read: Vec<(Message, Provenance)>) -> Vec<(Box<sipscan::call::Call>, Timestamp)> {
    let mut tracker = Tracker::default();
    let mut calls = Vec::new();
    let mut now = Timestamp::default();
    for (message, provenance) in read {
        now = provenance.time;
        tracker.push(message, provenance);
        calls.extend(tracker.advance(now).into_iter().map(|call| (call, now)));
    }
    calls.extend(tracker.finish(now).map(|call| (call, now)));
    calls
}

/// Has a report written; returns something that depends on it.
fn told(mut sink: Box<dyn Sink>, reports: &[CallReport]) -> usize {
    let begun = sink.begin_capture(0, &["load".to_owned()]).is_ok();
    usize::from(begun) + reports.iter().filter(|report| sink.call(report).is_ok()).count()
}
