//! Snapshots of the whole report, and what holds for every one.

use super::*;
use crate::report::sample::{self, Buffer, play};
use crate::wrap::display_width;

fn report(options: TextOptions) -> String {
    let out = Buffer::default();
    play(&mut TextSink::new(Box::new(out.clone()), options));
    out.text()
}

/// A view of a capture in one file.
pub(super) fn view() -> View {
    let sink = TextSink::new(Box::new(Buffer::default()), TextOptions::default());
    View { files: vec![vec!["a.pcap".to_owned()]], ..sink.view }
}

#[test]
fn the_sample_report_as_markdown() {
    insta::assert_snapshot!(report(TextOptions { markup: Markup::Markdown, ..TextOptions::default() }));
}

#[test]
fn the_sample_report_as_text() {
    insta::assert_snapshot!(report(TextOptions::default()));
}

#[test]
fn the_sample_report_in_eighty_columns_with_everything() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let text = report(TextOptions { width: 80, all: true, time_zone: zone, ..TextOptions::default() });
    insta::assert_snapshot!(text);
}

#[test]
fn lines_fit_the_width_and_none_ends_in_blanks() {
    for width in [0, 80, 97, 120, 1000] {
        for all in [false, true] {
            let text = report(TextOptions { width, all, ..TextOptions::default() });
            let limit = width.clamp(80, 120);
            assert!(text.lines().all(|line| display_width(line) <= limit), "{text}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let coloured = report(TextOptions { colour: true, ..TextOptions::default() });
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert!(plain.len() + rest.len() < coloured.len());
    assert_eq!(plain + rest, report(TextOptions::default()));
}

#[test]
fn frames_of_merged_files_are_named_with_their_file() {
    let out = Buffer::default();
    let mut sink = TextSink::new(Box::new(out.clone()), TextOptions::default());
    sink.begin_capture(0, &["a.pcap".to_owned(), "b.pcap".to_owned()]).unwrap();
    let mut report = sample::silent_with(1, "203.0.113.99", crate::diagnosis::Severity::Error);
    report.findings[0].evidence[0].frame.file = 1;
    sink.call(&report).unwrap();
    sink.end_capture(&sample::facts(), &Summary::default(), &[]).unwrap();
    sink.finish(&Summary::default()).unwrap();
    assert!(out.text().contains("Frame 1 of b.pcap, 14:00:00.000 UTC"), "{}", out.text());
}

#[test]
fn several_captures_end_with_their_sum() {
    let out = Buffer::default();
    let mut sink = TextSink::new(Box::new(out.clone()), TextOptions::default());
    let mut total = Summary::default();
    for (index, name) in ["a.pcap", "b.pcap"].iter().enumerate() {
        let mut summary = Summary { capture: index, ..Summary::default() };
        sink.begin_capture(index, &[(*name).to_owned()]).unwrap();
        for report in sample::calls() {
            summary.call(&report);
            sink.call(&report).unwrap();
        }
        sink.end_capture(&sample::facts(), &summary, &[]).unwrap();
        total.add(summary.clone());
    }
    sink.finish(&total).unwrap();
    let text = out.text();
    let sum = text.split("All 2 captures together").nth(1).unwrap();
    assert!(sum.contains("of 8 calls") && sum.contains("frames 12 of a.pcap, 42 of a.pcap, 12 of b.pcap"), "{sum}");
    assert_eq!(text.matches("CALLS THAT NEED ATTENTION  3 of 5: 4 calls and 1 group").count(), 2, "{text}");
}

#[test]
fn what_could_not_be_read_is_not_told_twice_on_a_terminal() {
    for (errors_are_told, frames, is_there) in [(false, 0, true), (true, 0, false), (true, 7, true)] {
        let options = || TextOptions { errors_are_told, ..TextOptions::default() };
        let error = Some(Text::verbatim("a.pcap: no such file"));
        let facts = CaptureFacts { frames, error, ..CaptureFacts::default() };
        let (all, calls) = (Buffer::default(), Buffer::default());
        let sinks: [Box<dyn Sink>; 2] = [
            Box::new(TextSink::new(Box::new(all.clone()), options())),
            Box::new(CallSink::new(Box::new(calls.clone()), options(), false)),
        ];
        for mut sink in sinks {
            sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
            sink.end_capture(&facts, &Summary::default(), &[]).unwrap();
            sink.finish(&Summary::default()).unwrap();
        }
        for text in [all.text(), calls.text()] {
            assert_eq!(text.contains("no such file"), is_there, "{errors_are_told} {frames}: {text}");
            assert_eq!(text.is_empty(), !is_there, "{text}");
        }
    }
}

#[test]
fn files_of_one_name_are_told_apart_by_their_paths() {
    let files = ["x/a.pcap", "y/a.pcap", "y/b.pcap"].map(|path| vec![path.to_owned()]).to_vec();
    let view = View { files, name_captures: true, ..view() };
    let frame = sample::silent(1, "203.0.113.99").call.messages[0].provenance.frame;
    let names: Vec<_> = (0..3).map(|capture| view.frame(capture, frame)).collect();
    assert_eq!(names, ["1 of x/a.pcap", "1 of y/a.pcap", "1 of b.pcap"]);
}

#[test]
fn long_lists_of_evidence_and_findings_are_cut_and_say_so() {
    let mut report = sample::silent_with(1, "203.0.113.99", crate::diagnosis::Severity::Error);
    let finding = report.findings[0].clone();
    report.findings[0].evidence = vec![finding.evidence[0].clone(); 15];
    report.findings.extend(vec![finding; 20]);
    let (mut page, view) = (view().page(), view());
    detail::of_call(&mut page, &view, &report, report.findings.first());
    let text = page.into_text();
    assert!(text.contains("… and 5 more frames (JSON has them)"), "{text}");
    assert!(text.contains("… and 8 more findings (JSON has them)"), "{text}");
}
