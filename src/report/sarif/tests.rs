//! The shape that SARIF 2.1.0 asks for, and what must never be in it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::report::sample::{Buffer, calls, facts, hostile, play, silent_with};

fn document(act: impl FnOnce(&mut SarifSink)) -> Value {
    let out = Buffer::default();
    act(&mut SarifSink::new(Box::new(out.clone()), Lang::En));
    check(serde_json::from_str(&out.text()).unwrap_or_else(|e| panic!("{e}: {}", out.text())))
}

/// The members that §3 requires, with their types.
fn check(document: Value) -> Value {
    assert_eq!(document["version"], "2.1.0");
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "sipscan");
    let rules = driver["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "ids are unique (§3.19.23)");
    for rule in rules {
        for text in [&rule["shortDescription"]["text"], &rule["fullDescription"]["text"], &rule["help"]["text"]] {
            assert!(!text.as_str().unwrap().is_empty());
        }
        assert!(["note", "warning", "error"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let artifacts = runs[0]["artifacts"].as_array().unwrap();
    for result in runs[0]["results"].as_array().unwrap() {
        check_result(result, rules, artifacts);
    }
    for invocation in runs[0]["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
        for notification in invocation["toolExecutionNotifications"].as_array().unwrap() {
            assert!(notification["message"]["text"].is_string());
        }
    }
    document
}

fn check_result(result: &Value, rules: &[Value], artifacts: &[Value]) {
    if let Some(index) = result["ruleIndex"].as_u64() {
        assert_eq!(rules[usize::try_from(index).unwrap()]["id"], result["ruleId"], "§3.27.6");
    }
    assert!(result["message"]["text"].is_string());
    let related = result.get("relatedLocations").and_then(Value::as_array);
    for location in result["locations"].as_array().unwrap().iter().chain(related.into_iter().flatten()) {
        let artifact = &location["physicalLocation"]["artifactLocation"];
        let index = usize::try_from(artifact["index"].as_u64().unwrap()).unwrap();
        assert_eq!(artifacts[index]["location"]["uri"], artifact["uri"], "§3.4.5");
        let uri = artifact["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)), "{uri}");
        let logical = location["logicalLocations"].as_array().unwrap();
        assert!(logical.iter().all(|l| l["fullyQualifiedName"].is_string()) && !logical.is_empty());
    }
    for (_, print) in result["partialFingerprints"].as_object().unwrap() {
        assert!(print.is_string());
    }
}

fn results(document: &Value) -> &Vec<Value> {
    document["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn the_sample_report_as_sarif() {
    let document = document(|sink| play(sink));
    let results = results(&document);
    assert_eq!(results.len(), 7);
    insta::assert_snapshot!(serde_json::to_string_pretty(&results[1]).unwrap());
    let invocation = &document["runs"][0]["invocations"][0];
    assert!(invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap().contains("frame 1234"));
}

#[test]
fn the_same_problem_has_the_same_fingerprint_in_other_frames_and_calls() {
    let prints = |report: &CallReport| {
        let document = document(|sink| {
            sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
            sink.call(report).unwrap();
            sink.finish(&Summary::default()).unwrap();
        });
        results(&document)[0]["partialFingerprints"].clone()
    };
    let calls = calls();
    let (first, second) = (prints(&calls[1]), prints(&calls[3]));
    assert_eq!(first["sipscanCause/v1"], second["sipscanCause/v1"], "call 4 repeats call 2");
    assert_ne!(first["sipscanCall/v1"], second["sipscanCall/v1"], "under another Call-ID");
    let mut moved = calls[1].clone();
    moved.call.number.0 = 77;
    for evidence in moved.findings.iter_mut().flat_map(|f| &mut f.evidence) {
        evidence.frame.number.0 += 1000;
        evidence.time.0 += 1_000_000_000;
    }
    assert_eq!(prints(&moved), first);
    assert_ne!(prints(&calls[2])["sipscanCause/v1"], first["sipscanCause/v1"]);
}

#[test]
fn hostile_text_is_neither_link_nor_control() {
    let out = Buffer::default();
    let mut sink = SarifSink::new(Box::new(out.clone()), Lang::En);
    sink.begin_capture(0, &["a\" <b>.pcap".to_owned()]).unwrap();
    sink.call(&hostile("[x](http://evil.example)\x1b[2J\u{202e}\"]]><script>\n")).unwrap();
    sink.finish(&Summary::default()).unwrap();
    assert!(!out.text().contains(['\x1b', '\u{202e}']));
    let document = check(serde_json::from_str(&out.text()).unwrap());
    let message = results(&document)[0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[x\\](http") && !message.contains("[x]("), "{message}");
}

#[test]
fn two_captures_none_and_one_that_cannot_be_read() {
    let document = document(|sink| {
        for (index, path) in ["a.pcap", "b.pcap"].into_iter().enumerate() {
            sink.begin_capture(index, &[path.to_owned()]).unwrap();
            sink.call(&calls()[1]).unwrap();
            sink.end_capture(&facts(), &Summary::default(), &[]).unwrap();
        }
        sink.finish(&Summary::default()).unwrap();
    });
    let of = |at: usize| &results(&document)[at]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((of(0), of(2)), (&"a.pcap".into(), &"b.pcap".into()));
    let empty = self::document(|sink| sink.finish(&Summary::default()).unwrap());
    assert!(results(&empty).is_empty());
}

#[test]
fn a_limit_that_is_hit_is_in_the_file() {
    let document = document(|sink| {
        sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
        sink.written = Written { all: 3, small: limits::SARIF_RESULTS / 5, beyond: 0 };
        sink.call(&silent_with(1, "192.0.2.1", Severity::Notice)).unwrap();
        sink.written.all = limits::SARIF_RESULTS;
        sink.call(&silent_with(2, "192.0.2.1", Severity::Error)).unwrap();
        sink.finish(&Summary::default()).unwrap();
    });
    assert!(results(&document).is_empty());
    let said = &document["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(
        said.as_str().unwrap().starts_with("2 more findings are not in this file: it holds at most 25,000"),
        "{said}"
    );
}
