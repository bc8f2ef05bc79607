//! What is written and what was filled in, put together to one message.

use super::fields::{self, Field};
use super::step::{StartLine, Step, Written};

/// The header fields that come first, in this order.
const LEADING: [&str; 6] = ["Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"];
/// The word value that stands for no tag.
const NO_TAG: &str = "-";

/// The value as `word` asks: another tag, none (`-`), or as it is.
pub(super) fn tagged(value: &str, word: Option<&str>) -> String {
    match word {
        None => value.to_owned(),
        Some(NO_TAG) => fields::without_tag(value),
        Some(tag) => fields::with_tag(value, tag),
    }
}

/// The written value, else the one filled in.
pub(super) fn written_or(written: &Written, filled: &[Field], name: &str) -> String {
    fields::first(&written.fields, name).or_else(|| fields::first(filled, name)).unwrap_or_default().to_owned()
}

/// Fields in their order: the leading ones, the others filled in, those written, the ones about the body. Written ones
/// replace filled ones, but a written From or To gets the tag that a word gives, and a written From never lacks one by accident.
pub(super) fn merge(filled: &[Field], step: &Step, written: &Written, body: Option<&str>) -> Vec<Field> {
    let is_leading = |field: &Field| LEADING.iter().any(|name| field.is(name));
    let is_replaced = |field: &Field| written.fields.iter().any(|new| field.is(&new.name) || new.is(&field.name));
    let others = |field: &&Field| !is_leading(field) && !is_replaced(field) && !is_omitted(step, &field.name);
    let mut merged: Vec<Field> = LEADING.iter().flat_map(|name| leading(name, filled, step, written)).collect();
    merged.extend(filled.iter().filter(others).cloned());
    merged.extend(written.fields.iter().filter(|field| !is_leading(field)).cloned());
    let has = |merged: &[Field], name: &str| merged.iter().any(|field| field.is(name)) || is_omitted(step, name);
    if body.is_some_and(|body| body.starts_with("v=0")) && !has(&merged, "Content-Type") {
        merged.push(Field::new("Content-Type", "application/sdp"));
    }
    if !has(&merged, "Content-Length") {
        merged.push(Field::new("Content-Length", body.map_or(0, str::len).to_string()));
    }
    merged
}

/// The fields of one of the leading names.
fn leading(name: &str, filled: &[Field], step: &Step, written: &Written) -> Vec<Field> {
    let mut fields = fields::all(&written.fields, name);
    if fields.is_empty() && !is_omitted(step, name) {
        return fields::all(filled, name);
    }
    let is_request = matches!(written.start, StartLine::Request { .. });
    for field in &mut fields {
        match name {
            "From" => field.value = from_value(&field.value, filled, step, is_request),
            "To" => field.value = tagged(&field.value, step.words.to_tag.as_deref()),
            _ => {}
        }
    }
    fields
}

fn is_omitted(step: &Step, name: &str) -> bool {
    step.words.omit.iter().any(|omit| omit.eq_ignore_ascii_case(name))
}

/// A written From: with the tag of the word, its own, or the one that would have been filled in.
fn from_value(value: &str, filled: &[Field], step: &Step, is_request: bool) -> String {
    let word = step.words.from_tag.as_deref();
    if word.is_some() || !is_request || fields::parameter(value, "tag").is_some() {
        return tagged(value, word);
    }
    let tag = fields::first(filled, "From").and_then(|from| fields::parameter(from, "tag"));
    tagged(value, tag)
}

/// The octets of the message.
pub(super) fn serialize(start: &StartLine, fields: &[Field], body: Option<&str>) -> Vec<u8> {
    let mut text = match start {
        StartLine::Request { method, uri } => format!("{method} {} SIP/2.0\r\n", uri.as_deref().unwrap_or_default()),
        StartLine::Response { status, phrase } => format!("SIP/2.0 {status} {phrase}\r\n"),
    };
    for field in fields {
        text.push_str(&field.name);
        text.push_str(": ");
        text.push_str(&field.value);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}
