//! Whole reports in Chinese: nothing that the program says stays English, and lines keep within their width.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::brief::{BriefOptions, BriefSink};
use super::csv::{CsvOptions, CsvSink, ListSink, Table};
use super::github::GithubSink;
use super::html::{HtmlOptions, HtmlSink};
use super::json::JsonSink;
use super::junit::{JunitOptions, JunitSink};
use super::outputs::Outputs;
use super::sample::Buffer;
use super::sarif::SarifSink;
use super::text::{Markup, TextOptions, TextSink};
use crate::app::{self, Job};
use crate::diagnosis::Settings;
use crate::lang::{Lang, missing};
use crate::wrap::display_width;

/// The sample captures, and what is no capture among them.
fn samples(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let is_capture = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|e| e != "txt" && e != "md");
    let captures = found.into_iter().filter(is_capture);
    captures.flat_map(|path| if path.is_dir() { samples(&path) } else { vec![path] }).collect()
}

/// Reports of the captures into outputs, on this thread.
fn scan(captures: &[PathBuf], outputs: Outputs) {
    let job = Job { paths: captures.to_vec(), threads: NonZeroUsize::new(1), ..Job::default() };
    let _ = app::scan(job, outputs, &mut Vec::new());
}

fn text(captures: &[PathBuf], options: TextOptions) -> String {
    let out = Buffer::default();
    let mut outputs = Outputs::default();
    let options = TextOptions { lang: Lang::ZhCn, ..options };
    outputs.add(PathBuf::from("text"), Box::new(TextSink::new(Box::new(out.clone()), options)));
    scan(captures, outputs);
    out.text()
}

#[test]
fn every_text_of_every_sample_is_translated() {
    let outs: Vec<Buffer> = (0..14).map(|_| Buffer::default()).collect();
    let mut writers = outs.iter().map(|out| Box::new(out.clone()));
    let mut writer = || writers.next().unwrap();
    let options = CsvOptions { lang: Lang::ZhCn, ..CsvOptions::default() };
    let mut outputs = Outputs::default();
    let mut add = |sink| outputs.add(PathBuf::from("out"), sink);
    let all = TextOptions { all: true, lang: Lang::ZhCn, ..TextOptions::default() };
    add(Box::new(TextSink::new(writer(), all)));
    add(Box::new(JsonSink::new(writer(), Lang::ZhCn)));
    for table in [Table::Calls, Table::Findings, Table::Responses, Table::Attestation] {
        add(Box::new(CsvSink::new(writer(), table, options)));
    }
    add(Box::new(ListSink::moves(writer(), options)));
    add(Box::new(ListSink::complaints(writer(), options, &Settings::default())));
    let junit = JunitOptions { lang: Lang::ZhCn, ..JunitOptions::default() };
    add(Box::new(JunitSink::new(writer(), junit)));
    add(Box::new(SarifSink::new(writer(), Lang::ZhCn)));
    add(Box::new(GithubSink::new(writer(), Lang::ZhCn)));
    let ticket = TextOptions { markup: Markup::Markdown, lang: Lang::ZhCn, ..TextOptions::default() };
    add(Box::new(TextSink::new(writer(), ticket)));
    let brief = BriefOptions { width: 100, time_zone: TimeZone::UTC, lang: Lang::ZhCn };
    add(Box::new(BriefSink::new(writer(), brief)));
    let page = HtmlOptions { lang: Lang::ZhCn, ..HtmlOptions::default() };
    add(Box::new(HtmlSink::new(writer(), page)));
    scan(&[PathBuf::from("samples")], outputs);
    assert_eq!(missing::take().into_iter().collect::<Vec<_>>(), Vec::<String>::new());
    let report: Value = serde_json::from_str(&outs[1].text()).unwrap();
    assert!(report["calls"].as_array().unwrap().len() > 300, "all samples were read");
    let mut english = Vec::new();
    prose(&report, "", &mut english);
    assert!(english.is_empty(), "{}", english.join("\n"));
}

/// Collects sentences of a report that have no Chinese in them.
fn prose(value: &Value, name: &str, english: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| prose(value, name, english)),
        Value::Array(values) => values.iter().for_each(|value| prose(value, name, english)),
        Value::String(text) => {
            let says = ["message", "what", "role", "remediation", "verification", "verification_text", "remedy"];
            // One word is the name of a method, a header field or a verdict.
            if says.contains(&name) && text.contains(' ') && !text.contains(|c| ('一'..='鿿').contains(&c)) {
                english.push(format!("{name}: {text}"));
            }
        }
        _ => {}
    }
}

#[test]
fn lines_keep_within_their_width() {
    let captures = samples(Path::new("samples"));
    for width in [80, 100, 120] {
        let report = text(&captures, TextOptions { width, all: true, ..TextOptions::default() });
        let long: Vec<_> = report.lines().filter(|line| display_width(line) > width).collect();
        assert!(long.is_empty(), "{width}: {long:#?}");
        assert!(report.lines().all(|line| line.trim_end() == line));
    }
}

#[test]
fn reports_in_chinese() {
    for name in ["mixed.pcap", "redirect-contact-not-routable/capture.pcap", "unwanted-origin/capture.pcap"] {
        let report = text(&[Path::new("samples").join(name)], TextOptions { width: 80, ..TextOptions::default() });
        let name = name.split(['.', '/']).next().unwrap();
        insta::assert_snapshot!(format!("chinese_{}", name.replace('-', "_")), report);
    }
}
