//! Files that servers read, against what their formats allow: the members of SARIF 2.1.0 that sipscan writes, and the elements and
//! attributes of JUnit XML. Both are closed, so that nothing new gets in unnoticed.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::common::root;
use super::schema;

/// What is to be read: clean and failed calls, oddities, a file that is no capture, one that is absent, one that is named twice.
const RUNS: &[&[&str]] = &[
    &["samples/mixed.pcap", "--kpi"],
    &["samples/mixed.pcap", "samples/redirect-loop/capture.pcap", "samples/mixed.pcap", "--lang", "zh-CN"],
    &["samples/mixed.pcap", "--where", "status == 607"],
    &["samples/torture", "samples/malformed", "--strict", "--fail-on", "notice"],
    &["samples/scenarios", "samples/clean"],
    &["--merge", "samples/clean/busy.pcap", "samples/clean/busy.pcap"],
    &["Cargo.toml", "samples/absent.pcap"],
    &["samples/mixed.pcap", "--redact", "--redact-key", "test"],
];

fn written(format: &str, directory: &Path, arguments: &[&str]) -> String {
    let path = directory.join("report");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    let output = format!("{format}:{}", path.display());
    command.args(arguments).args(["--no-config", "--summary", "-o", &output]);
    command.current_dir(root()).stdin(Stdio::null()).output().unwrap();
    fs::read_to_string(path).unwrap()
}

/// An object with these members and no others.
fn object(members: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": members, "required": required, "additionalProperties": false})
}

fn list(items: &Value, unique: bool) -> Value {
    json!({"type": "array", "items": items, "uniqueItems": unique})
}

/// The part of SARIF that is written, by §3 of the standard. Property bags (§3.8) are open.
fn sarif() -> Value {
    let text = || json!({"type": "string"});
    let of = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let level = || json!({"enum": ["none", "note", "warning", "error"]});
    let count = |least: i64| json!({"type": "integer", "minimum": least});
    let open = || json!({"type": "object"});
    json!({
        "$defs": {
            "message": object(&json!({"text": text()}), &["text"]),
            "multiformat": object(&json!({"text": text(), "markdown": text()}), &["text"]),
            "configuration": object(&json!({"level": level()}), &["level"]),
            "rule": object(&json!({
                "id": text(), "shortDescription": of("multiformat"), "fullDescription": of("multiformat"), "help": of("multiformat"),
                "defaultConfiguration": of("configuration"), "properties": open(),
            }), &["id", "shortDescription", "fullDescription", "help"]),
            "driver": object(&json!({"name": text(), "semanticVersion": text(), "rules": list(&of("rule"), true)}), &["name", "rules"]),
            "tool": object(&json!({"driver": of("driver")}), &["driver"]),
            "artifactLocation": object(&json!({"uri": text(), "index": count(0)}), &["uri", "index"]),
            "artifact": object(&json!({
                "location": object(&json!({"uri": text()}), &["uri"]),
                "roles": list(&json!({"enum": ["analysisTarget"]}), true),
            }), &["location"]),
            "region": object(&json!({"startLine": count(1)}), &["startLine"]),
            "physical": object(&json!({"artifactLocation": of("artifactLocation"), "region": of("region")}), &["artifactLocation"]),
            "logical": object(&json!({"name": text(), "fullyQualifiedName": text(), "kind": text()}), &["fullyQualifiedName"]),
            "location": object(&json!({
                "physicalLocation": of("physical"), "logicalLocations": list(&of("logical"), true), "message": of("message"),
            }), &["physicalLocation"]),
            "prints": {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
            "result": object(&json!({
                "ruleId": text(), "ruleIndex": count(0), "level": level(), "message": of("message"),
                "locations": list(&of("location"), false), "relatedLocations": list(&of("location"), true),
                "partialFingerprints": of("prints"), "properties": open(),
            }), &["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"]),
            "notification": object(&json!({
                "level": level(), "message": of("message"), "locations": list(&of("location"), true),
            }), &["message"]),
            "invocation": object(&json!({
                "executionSuccessful": {"type": "boolean"}, "toolExecutionNotifications": list(&of("notification"), false),
            }), &["executionSuccessful"]),
            "run": object(&json!({
                "tool": of("tool"), "language": {"enum": ["en-US", "zh-CN"]}, "columnKind": {"enum": ["utf16CodeUnits"]},
                "results": list(&of("result"), false), "artifacts": list(&of("artifact"), true),
                "invocations": list(&of("invocation"), false), "properties": open(),
            }), &["tool", "results", "artifacts", "invocations"]),
        },
        "type": "object",
        "properties": {
            "$schema": {"type": "string"}, "version": {"const": "2.1.0"}, "runs": list(&of("run"), false),
        },
        "required": ["$schema", "version", "runs"],
        "additionalProperties": false,
    })
}

#[test]
fn sarif_has_what_the_standard_demands_and_nothing_that_it_does_not_know() {
    let directory = tempfile::tempdir().unwrap();
    for run in RUNS {
        let document: Value = serde_json::from_str(&written("sarif", directory.path(), run)).unwrap();
        assert_eq!(schema::errors(&sarif(), &document), [""; 0], "{run:?}");
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let artifacts = run["artifacts"].as_array().unwrap();
        let at = |list: &[Value], index: &Value| list[usize::try_from(index.as_u64().unwrap()).unwrap()].clone();
        for result in run["results"].as_array().unwrap() {
            assert_eq!(at(rules, &result["ruleIndex"])["id"], result["ruleId"]);
            let related = result["relatedLocations"].as_array();
            for location in result["locations"].as_array().unwrap().iter().chain(related.into_iter().flatten()) {
                let place = &location["physicalLocation"]["artifactLocation"];
                assert_eq!(at(artifacts, &place["index"])["location"]["uri"], place["uri"]);
            }
        }
    }
    let twice = written("sarif", directory.path(), RUNS[1]);
    let twice: Value = serde_json::from_str(&twice).unwrap();
    assert_eq!(twice["runs"][0]["artifacts"].as_array().unwrap().len(), 2, "a file that is read twice is one artifact");
}

/// Elements with their attributes and what may be in them: those of `junit-10.xsd`, by which the xUnit plugin of Jenkins judges, and
/// three of others, marked with `+`: the sum of what was skipped, the file of a case (GitLab), and properties of a case (pytest).
const JUNIT: &[(&str, &str, &str)] = &[
    ("testsuites", "name time tests failures errors +skipped", "testsuite"),
    (
        "testsuite",
        "name tests failures errors group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    ("properties", "", "property"),
    ("property", "name value", ""),
    ("testcase", "name time classname group +file", "skipped error failure system-out system-err +properties"),
    ("failure", "type message", ""),
    ("error", "type message", ""),
    ("skipped", "type message", ""),
];

/// What is in the file beside that. Enough of a reader for what quick-junit writes, which escapes `<` and `>` in values.
fn strangers(text: &str) -> Vec<String> {
    let allowed = |list: &str, name: &str| list.split_whitespace().any(|known| known.trim_start_matches('+') == name);
    let (mut open, mut odd) = (vec![String::new()], Vec::new());
    let tags = text.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(tag, _)| tag);
    for tag in tags.filter(|tag| !tag.starts_with('?')) {
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), tag.get(1..));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let parent = open.last().cloned().unwrap_or_default();
        let place = JUNIT.iter().find(|(element, ..)| *element == parent);
        if !place.map_or(name == "testsuites", |(_, _, inner)| allowed(inner, name)) {
            odd.push(format!("{name} in {parent}"));
        }
        let attributes =
            JUNIT.iter().find(|(element, ..)| *element == name).map_or("", |(_, attributes, _)| attributes);
        let mut quoted = tag.split('"');
        while let (Some(before), Some(_value)) = (quoted.next(), quoted.next()) {
            let attribute = before.trim_end_matches('=').rsplit(' ').next().unwrap_or_default();
            odd.extend((!allowed(attributes, attribute)).then(|| format!("{attribute} of {name}")));
        }
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, [""], "every element ends");
    odd
}

#[test]
fn junit_has_no_element_or_attribute_that_servers_do_not_know() {
    let directory = tempfile::tempdir().unwrap();
    for run in RUNS {
        let text = written("junit", directory.path(), run);
        assert_eq!(strangers(&text), [""; 0], "{run:?}");
        assert!(text.contains("<testsuite name="), "{run:?}");
    }
    let odd = "<testsuites name=\"a\" odd=\"1\"><testsuite name=\"b\"><failure/><case/></testsuite></testsuites>";
    assert_eq!(strangers(odd), ["odd of testsuites", "failure in testsuite", "case in testsuite"]);
}
