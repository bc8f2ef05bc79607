//! The lines below a step line: a SIP message as far as it is written, or other octets.

use super::FlowError;
use super::fields::Field;
use super::loops::Line;
use super::step::{Content, StartLine, Words, Written};

/// What the lines below a step line send.
pub(super) fn read(words: &Words, block: &[&Line], line: usize) -> Result<Content, FlowError> {
    if let (Some(icmp), Some(quote)) = (words.icmp, words.quote) {
        return match block.first() {
            None => Ok(Content::Icmp(icmp, quote)),
            Some(extra) => Err(FlowError::new(extra.number, "an ICMP step has no lines")),
        };
    }
    let Some((first, rest)) = block.split_first() else {
        return Err(FlowError::new(line, "a step without a message"));
    };
    if words.raw {
        return raw(block).map(Content::Raw);
    }
    if first.text.starts_with("hex ") || first.text.starts_with("text ") {
        return octets(block).map(Content::Octets);
    }
    let start = start_line(&first.text)
        .ok_or_else(|| FlowError::new(first.number, "expected `METHOD URI` or `STATUS PHRASE`"))?;
    let dot = rest.iter().position(|line| line.text == ".");
    let (head, body) = rest.split_at(dot.unwrap_or(rest.len()));
    Ok(Content::Message(Written { start, fields: fields(head)?, body: dot.map(|_| body_text(body)) }))
}

/// A status is all digits; anything else is a method.
fn start_line(text: &str) -> Option<StartLine> {
    let text = text.strip_prefix("SIP/2.0 ").unwrap_or(text);
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(StartLine::Response { status: first.to_owned(), phrase: rest.to_owned() });
    }
    let uri = rest.strip_suffix(" SIP/2.0").unwrap_or(rest).trim();
    let may_lack = matches!(first, "ACK" | "CANCEL" | "BYE");
    if first.is_empty() || (uri.is_empty() && !may_lack) {
        return None;
    }
    Some(StartLine::Request { method: first.to_owned(), uri: Some(uri.to_owned()).filter(|uri| !uri.is_empty()) })
}

/// Header field lines; a line that begins with white space continues the one above (RFC 3261 §7.3.1).
fn fields(lines: &[&Line]) -> Result<Vec<Field>, FlowError> {
    let mut fields: Vec<Field> = Vec::new();
    for line in lines {
        if let (true, Some(above)) = (line.text.starts_with([' ', '\t']), fields.last_mut()) {
            above.value.push_str("\r\n");
            above.value.push_str(&line.text);
            continue;
        }
        let (name, value) = line
            .text
            .split_once(':')
            .filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace))
            .ok_or_else(|| FlowError::new(line.number, "expected a header field, `Name: value`"))?;
        fields.push(Field::new(name, value.trim()));
    }
    Ok(fields)
}

/// The body behind its dot. A further dot is an empty line. Every line of SDP has its line end (RFC 8866 §5).
fn body_text(lines: &[&Line]) -> String {
    let lines: Vec<&str> =
        lines.iter().skip(1).map(|line| if line.text == "." { "" } else { line.text.as_str() }).collect();
    let mut body = lines.join("\r\n");
    if lines.first() == Some(&"v=0") {
        body.push_str("\r\n");
    }
    body
}

/// Lines with escapes: each gets CRLF unless it ends in `\n` or in a lone `\`; the first dot is the empty line; behind it, as in any
/// body, CRLF stands between lines only.
fn raw(lines: &[&Line]) -> Result<Vec<u8>, FlowError> {
    let dot = lines.iter().position(|line| line.text == ".");
    let (head, body) = lines.split_at(dot.unwrap_or(lines.len()));
    let mut octets = Vec::new();
    for line in head {
        octets.extend(unescape(&line.text, true, line.number)?);
    }
    if dot.is_some() {
        octets.extend(b"\r\n");
    }
    let last = body.len().saturating_sub(1);
    for (index, line) in body.iter().enumerate().skip(1) {
        let text = if line.text == "." { "" } else { line.text.as_str() };
        octets.extend(unescape(text, index < last, line.number)?);
    }
    Ok(octets)
}

/// Reads a raw message back, as far as it is one.
pub(super) fn written(text: &str) -> Option<Written> {
    let mut lines = text.lines();
    let start = start_line(lines.next()?)?;
    let fields = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| Field::new(name.trim(), value.trim())).collect();
    Some(Written { start, fields, body: None })
}

/// `hex 80 00` and `text …` lines, one behind the other.
fn octets(lines: &[&Line]) -> Result<Vec<u8>, FlowError> {
    let mut octets = Vec::new();
    for line in lines {
        if let Some(digits) = line.text.strip_prefix("hex ") {
            let digits: String = digits.split_whitespace().collect();
            octets.extend(hex(&digits).ok_or_else(|| FlowError::new(line.number, "expected pairs of hex digits"))?);
        } else if let Some(text) = line.text.strip_prefix("text ") {
            octets.extend(unescape(text, false, line.number)?);
        } else {
            return Err(FlowError::new(line.number, "expected `hex` or `text`"));
        }
    }
    Ok(octets)
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Resolves `\xNN`, `\r`, `\n`, `\t`, `\\`.
fn unescape(text: &str, line_end: bool, number: usize) -> Result<Vec<u8>, FlowError> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend(before.as_bytes());
        let mut chars = after.chars();
        let escaped = match chars.next() {
            None => return Ok(out),
            Some('r') => Some(b'\r'),
            Some('n') => Some(b'\n'),
            Some('t') => Some(b'\t'),
            Some('\\') => Some(b'\\'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                hex(&digits).and_then(|octets| octets.first().copied())
            }
            Some(_) => None,
        };
        out.push(escaped.ok_or_else(|| FlowError::new(number, "escapes are \\xNN, \\r, \\n, \\t and \\\\"))?);
        rest = chars.as_str();
    }
    out.extend(rest.as_bytes());
    if line_end && !text.ends_with("\\n") {
        out.extend(b"\r\n");
    }
    Ok(out)
}
