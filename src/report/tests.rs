//! What holds in every format, whatever the captured text is.

use proptest::prelude::*;

use super::csv::{CsvOptions, CsvSink, Table};
use super::json::JsonSink;
use super::junit::{JunitOptions, JunitSink};
use super::ndjson::NdjsonSink;
use super::sample::{self, Buffer};
use super::sarif::SarifSink;
use super::text::{TextOptions, TextSink};
use super::{Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::Lang;
use crate::wrap::display_width;

type Make = fn(Box<dyn std::io::Write>) -> Box<dyn Sink>;

const CSV: CsvOptions = CsvOptions { bom: false, delimiter: b',', lang: Lang::ZhCn };

static FORMATS: &[(&str, Make)] = &[
    ("text", |out| Box::new(TextSink::new(out, TextOptions { width: 80, all: true, ..TextOptions::default() }))),
    ("json", |out| Box::new(JsonSink::new(out, Lang::ZhCn))),
    ("ndjson", |out| Box::new(NdjsonSink::new(out, Lang::ZhCn))),
    ("calls", |out| Box::new(CsvSink::new(out, Table::Calls, CSV))),
    ("responses", |out| Box::new(CsvSink::new(out, Table::Responses, CSV))),
    ("findings", |out| Box::new(CsvSink::new(out, Table::Findings, CSV))),
    ("attestation", |out| Box::new(CsvSink::new(out, Table::Attestation, CSV))),
    ("junit", |out| Box::new(JunitSink::new(out, JunitOptions::default()))),
    ("sarif", |out| Box::new(SarifSink::new(out, Lang::En))),
];

fn written(make: Make, report: &CallReport, findings: &[Finding]) -> String {
    let out = Buffer::default();
    let mut sink = make(Box::new(out.clone()));
    let mut summary = Summary::default();
    report.call.messages.iter().for_each(|m| summary.message(&m.message));
    summary.call(report);
    sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
    sink.call(report).unwrap();
    sink.end_capture(&sample::facts(), &summary, findings).unwrap();
    sink.finish(&summary).unwrap();
    out.text()
}

fn check(name: &str, text: &str) {
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\r' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(obeyed), "{name}: {text:?}");
    match name {
        "text" => assert!(text.lines().all(|line| display_width(line) <= 80), "{text}"),
        "json" | "sarif" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
        "ndjson" => assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())),
        "junit" => drop(quick_junit::Report::deserialize_from_str(text).unwrap()),
        _ => {
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            for cell in reader.records().map(Result::unwrap).collect::<Vec<_>>().iter().flatten() {
                assert!(!cell.trim_start().starts_with(['=', '@']), "{name}: {cell:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_capture_gets_through_unharmed(hostile in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f\u{202e}=+@;,\"<>-]){0,60}") {
        let report = sample::hostile(&hostile);
        for (name, make) in FORMATS {
            check(name, &written(*make, &report, &report.findings));
        }
    }
}
