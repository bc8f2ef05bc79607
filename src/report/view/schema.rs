//! The JSON Schemas of both formats, generated from the views and their comments; the files in `docs/` must equal them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{CallView, CaptureView, FindingView, Incomplete, Record, SummaryView};
use crate::report::docs::{self, schema};

/// What sipscan read in its captures, and what it says of every call. Times are UTC; frames are numbered as Wireshark numbers
/// them. Fields may be added within one `schema_version`; the schema of a release is closed.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "sipscan report")]
struct Document<'a> {
    /// Version of the format: 1.
    #[schemars(extend("const" = super::SCHEMA_VERSION))]
    schema_version: u32,
    /// Language of messages, roles, evidence labels, remedies and reasons: en or zh-CN. Names and codes are the same in each.
    lang: &'static str,
    /// Every call and every group of requests that is no call, in the order in which they were over.
    calls: Vec<CallView<'a>>,
    /// Findings about captures as a whole.
    findings: Vec<FindingView<'a>>,
    /// What was read.
    captures: Vec<CaptureView>,
    /// The numbers.
    summary: SummaryView<'a>,
    /// Whether everything was captured, read, and analysed.
    complete: bool,
    /// What makes the report incomplete; empty when it is complete.
    incomplete: Vec<Incomplete>,
}

/// The schema of lines: what each type of line has beside `type` is written out, because a reference to a closed object cannot
/// add a field.
fn lines() -> Value {
    let mut schema = schema::<Record<'_>>();
    let definitions = schema["$defs"].clone();
    for line in schema["oneOf"].as_array_mut().unwrap() {
        let name = line["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut whole = definitions[&name].clone();
        whole["description"] = line["description"].clone();
        whole["properties"]["type"] = line["properties"]["type"].clone();
        whole["properties"]["type"]["description"] = "What the line holds.".into();
        whole["required"].as_array_mut().unwrap().push("type".into());
        *line = whole;
    }
    schema
}

#[test]
fn the_published_schemas_are_those_of_the_views() {
    docs::check("report.schema.json", &format!("{:#}\n", schema::<Document<'_>>()));
    docs::check("ndjson.schema.json", &format!("{:#}\n", lines()));
}
