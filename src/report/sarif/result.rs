//! A finding as a SARIF result.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rules;
use crate::diagnosis::{CallReport, Evidence, Finding};
use crate::lang::{Lang, Text};
use crate::report::phrases::{self, Place};
use crate::report::{facts, fingerprint};

/// Places of further evidence in a result; JSON has all of them.
const RELATED: usize = 10;
/// Characters of an evidence text.
const QUOTED: usize = 800;

/// What a result needs to know of its capture.
pub(super) struct Context<'a> {
    pub(super) place: &'a Place,
    /// Indices of the capture's files among all artifacts.
    pub(super) files: &'a [usize],
    pub(super) lang: Lang,
}

impl Context<'_> {
    pub(super) fn result(&self, finding: &Finding, report: Option<&CallReport>) -> Value {
        let location = |evidence: &Evidence| self.location(evidence, report);
        let locations: Vec<Value> = finding.evidence.iter().take(1).map(location).collect();
        let mut related: Vec<Value> = Vec::new();
        for other in finding.evidence.iter().skip(1).map(location) {
            // The same frame may prove the same thing twice, and places are told once (§3.27.22).
            if related.len() < RELATED && !related.contains(&other) {
                related.push(other);
            }
        }
        object([
            ("ruleId", Some(finding.code.into())),
            ("ruleIndex", rules::index(finding.code).map(Value::from)),
            ("level", Some(rules::level(finding.severity).into())),
            ("message", Some(json!({ "text": unlinked(&self.message(finding, report)) }))),
            ("locations", Some(locations.into())),
            ("relatedLocations", (!related.is_empty()).then(|| related.into())),
            ("partialFingerprints", Some(fingerprints(finding, report))),
            ("properties", Some(self.properties(finding, report))),
        ])
    }

    fn say(&self, text: &Text) -> String {
        text.in_lang(self.lang).to_string()
    }

    /// What happened in which call, and the lines that every format for people has.
    fn message(&self, finding: &Finding, report: Option<&CallReport>) -> String {
        let mut lines = vec![self.say(&finding.message)];
        if let Some(call) = report.map(|report| &report.call) {
            let text = Text::new("{call}: {parties}").with("call", phrases::name(call));
            lines.push(self.say(&text.with("parties", phrases::parties(call))));
        }
        lines.extend(self.place.told(finding, self.lang));
        lines.join("\n")
    }

    fn location(&self, evidence: &Evidence, report: Option<&CallReport>) -> Value {
        let frame = evidence.frame;
        let path = self.place.file(frame);
        let index = self.files.get(usize::from(frame.file)).or_else(|| self.files.first());
        let mut logical = Vec::new();
        if let Some(call) = report.map(|report| &report.call) {
            logical.push(json!({ "kind": "call", "name": call.number.0.to_string(), "fullyQualifiedName": format!("{path}/call/{}", call.number.0) }));
            let id = call.legs.first().and_then(|leg| facts::lossy(leg.call_id.as_deref()));
            logical.extend(id.map(
                |id| json!({ "kind": "Call-ID", "name": id, "fullyQualifiedName": format!("{path}/Call-ID/{id}") }),
            ));
        }
        logical.push(json!({ "kind": "frame", "name": frame.number.0.to_string(), "fullyQualifiedName": format!("{path}/frame/{}", frame.number) }));
        let mut text = self.say(&self.place.evidence(evidence));
        if !evidence.text.is_empty() {
            text = format!("{text}\n{}", phrases::shortened(&evidence.text, QUOTED));
        }
        json!({
            "physicalLocation": {
                "artifactLocation": { "uri": uri(path), "index": index },
                // A capture has no lines, but GitHub takes no result without one.
                "region": { "startLine": 1 },
            },
            "logicalLocations": logical,
            "message": { "text": unlinked(&text) },
        })
    }

    fn properties(&self, finding: &Finding, report: Option<&CallReport>) -> Value {
        let root = |report: &CallReport| report.root_cause == Some(finding.code) && finding.consequence_of.is_none();
        object([
            ("severity", Some(finding.severity.name().into())),
            ("certainty", Some(finding.certainty.name().into())),
            ("outcome", report.map(|report| report.call.outcome.name().into())),
            ("rootCause", report.map(|report| root(report).into())),
            ("consequenceOf", finding.consequence_of.map(Value::from)),
            (
                "actor",
                finding
                    .actor
                    .as_ref()
                    .map(|actor| self.say(&phrases::actor(actor, |address| address.to_string())).into()),
            ),
        ])
    }
}

fn fingerprints(finding: &Finding, report: Option<&CallReport>) -> Value {
    let cause = fingerprint::cause(finding, report);
    object([
        // The only one that GitHub reads; without it, it would look for a line of text in the capture.
        ("primaryLocationLineHash", Some(format!("{cause}:1").into())),
        ("sipscanCause/v1", Some(cause.into())),
        ("sipscanCall/v1", report.map(|report| fingerprint::call(finding, report).into())),
    ])
}

/// An object of the members that there are.
pub(super) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A path as a URI reference (RFC 3986): a relative one stays relative, so that hosts find it in their checkout.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    let relative = path.strip_prefix("./").unwrap_or(path);
    for byte in relative.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

/// Messages may hold links, `[text](target)` (§3.11.6); text of a capture must not.
pub(super) fn unlinked(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        for (path, expected) in [
            ("samples/mixed.pcap", "samples/mixed.pcap"),
            ("./a b#c?.pcap", "a%20b%23c%3F.pcap"),
            ("/var/tmp/x.pcap", "file:///var/tmp/x.pcap"),
            ("通话.pcap", "%E9%80%9A%E8%AF%9D.pcap"),
            ("c:x\".pcap", "c%3Ax%22.pcap"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn captured_text_makes_no_links() {
        assert_eq!(unlinked("[x](http://evil.example)"), "\\[x\\](http://evil.example)");
        assert_eq!(unlinked("[2001:db8::1]:5060"), "[2001:db8::1]:5060");
    }
}
