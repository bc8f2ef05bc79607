//! What holds in every format, whatever the captured text is.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::csv::{CsvOptions, CsvSink, Table};
use super::github::GithubSink;
use super::html::{HtmlOptions, HtmlSink};
use super::json::JsonSink;
use super::junit::{JunitOptions, JunitSink};
use super::ndjson::NdjsonSink;
use super::sample::{self, Buffer};
use super::sarif::SarifSink;
use super::text::{Markup, TextOptions, TextSink};
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
    ("github", |out| Box::new(GithubSink::new(out, Lang::En))),
    ("markdown", |out| {
        let options = TextOptions { markup: Markup::Markdown, all: true, ..TextOptions::default() };
        Box::new(TextSink::new(out, options))
    }),
    ("html", |out| Box::new(HtmlSink::new(out, HtmlOptions::default()))),
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
        "github" => assert!(text.lines().all(is_log_line), "{text}"),
        "markdown" => check_markdown(text),
        "html" => drop(super::html::tests::check(text)),
        "junit" => drop(quick_junit::Report::deserialize_from_str(text).unwrap()),
        _ => {
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            for cell in reader.records().map(Result::unwrap).collect::<Vec<_>>().iter().flatten() {
                assert!(!cell.trim_start().starts_with(['=', '@']), "{name}: {cell:?}");
            }
        }
    }
}

/// No command but those of the program.
fn is_log_line(line: &str) -> bool {
    let own = ["::error file=", "::warning file=", "::notice file="].iter().any(|start| line.starts_with(start));
    own || !(line.trim_start().starts_with("::") || line.contains("##["))
}

/// As a host reads it: no HTML, no link, and nothing outside of code that it makes a mention or a link of itself.
fn check_markdown(text: &str) {
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(words) if !in_code => {
                let linked = ["@", "://", "www.", "<"].iter().any(|sign| words.to_lowercase().contains(sign));
                assert!(!linked, "{words:?} in {text}");
            }
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                panic!("{event:?} in {text}")
            }
            _ => {}
        }
    }
    assert!(!in_code);
}

#[test]
fn markup_in_captures_stays_text_in_every_format() {
    for attack in [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "[x](javascript:alert(1)) ![y](http://evil.example/p.png) <http://evil.example>",
        "http://evil.example www.evil.example bob@evil.example @octocat #1",
        "```\n~~~\n</details><!--",
        "` `` ``` ```` a` |a|b|\n|-|-|",
        "]]> \\` \\\\ &lt;script&gt; &#60;b>",
        "\n\n# Title\n\n---\n- x\n1. y\n> z\n\n    code",
        "\"\r\n::error::x\r\n##[add-mask]y",
    ] {
        let report = sample::hostile(attack);
        for (name, make) in FORMATS {
            check(name, &written(*make, &report, &report.findings));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_capture_gets_through_unharmed(hostile in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f\u{202e}=+@;,\"<>`*|:/#&()!-]){0,60}") {
        let report = sample::hostile(&hostile);
        for (name, make) in FORMATS {
            check(name, &written(*make, &report, &report.findings));
        }
    }
}
