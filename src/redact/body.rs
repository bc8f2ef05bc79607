//! Bodies: session descriptions and messages in messages are read; of all others only the length stays.

use super::Redactor;
use super::scan::{before, trimmed};
use crate::sip::{Message, Params};

/// Parts of parts deeper than this are replaced as a whole.
const DEPTH: u8 = 4;

impl Redactor {
    /// Replaces a body of that Content-Type.
    pub(super) fn content(&self, content_type: &[u8], body: &[u8]) -> Vec<u8> {
        self.content_at(content_type, body, 0)
    }

    fn content_at(&self, content_type: &[u8], body: &[u8], depth: u8) -> Vec<u8> {
        let kind = before(content_type, |byte| byte == b';').0.trim_ascii().to_ascii_lowercase();
        if depth >= DEPTH {
            return filler(body);
        }
        if kind.starts_with(b"multipart/") {
            let text = String::from_utf8_lossy(content_type);
            let params = text.split_once(';').map_or("", |(_, params)| params);
            return match Params::read(params).value("boundary").filter(|boundary| !boundary.is_empty()) {
                Some(boundary) => self.parts(body, boundary.as_bytes(), depth),
                None => filler(body),
            };
        }
        match kind.as_slice() {
            // What is taken for a session description by others is one for this purpose too.
            b"application/sdp" => self.sdp(body),
            b"message/sipfrag" | b"message/sip" => self.fragment(body),
            _ if body.starts_with(b"v=0") => self.sdp(body),
            _ => filler(body),
        }
    }

    /// A multipart body (RFC 2046 §5.1.1).
    fn parts(&self, body: &[u8], boundary: &[u8], depth: u8) -> Vec<u8> {
        let delimiter = [b"--", boundary].concat();
        let new_delimiter = [b"--", self.identifier(boundary).as_slice()].concat();
        let mut places: Vec<usize> = memchr::memmem::find_iter(body, &delimiter).collect();
        places.push(body.len());
        let mut out = filler(body.get(..places.first().copied().unwrap_or(0)).unwrap_or_default());
        for pair in places.windows(2) {
            let [start, end] = pair else { continue };
            let part = body.get(start + delimiter.len()..*end).unwrap_or_default();
            out.extend(&new_delimiter);
            out.extend(if part.starts_with(b"--") { filler_keeping(part, b"-") } else { self.part(part, depth) });
        }
        out
    }

    /// What stands between two delimiters: the rest of the line, header fields, a body.
    fn part(&self, part: &[u8], depth: u8) -> Vec<u8> {
        let start = part.iter().position(|byte| *byte == b'\n').map_or(part.len(), |at| at + 1);
        let (line, rest) = part.split_at_checked(start).unwrap_or((part, &[]));
        let (head, body) = rest.split_at_checked(head_length(rest)).unwrap_or((rest, &[]));
        let kind = header_of(head, b"content-type");
        let new = self.content_at(kind, body, depth + 1);
        [filler(line), self.header_lines(head, new.len(), body.len()), new].concat()
    }

    /// A message in a message, whole or in part; its start line may be missing.
    fn fragment(&self, body: &[u8]) -> Vec<u8> {
        if let Some((message, length)) = Message::read(body, false) {
            return [self.rewritten(&message), filler(body.get(length..).unwrap_or_default())].concat();
        }
        let (head, rest) = body.split_at_checked(head_length(body)).unwrap_or((body, &[]));
        let new = self.content(header_of(head, b"content-type"), rest);
        [self.header_lines(head, new.len(), rest.len()), new].concat()
    }

    /// Header fields that are not those of a message, line by line.
    fn header_lines(&self, head: &[u8], new_length: usize, old_length: usize) -> Vec<u8> {
        let line = |line: &[u8]| {
            let text = line.trim_ascii_end();
            let end = line.get(text.len()..).unwrap_or_default();
            let (name, value) = before(text, |byte| byte == b':');
            let Some(value) = value.strip_prefix(b":") else { return [self.free(text), end.to_vec()].concat() };
            let known = crate::sip::HeaderName::read(name.trim_ascii());
            let new = if known == crate::sip::HeaderName::ContentLength {
                super::message::length_changed(value, old_length, new_length)
            } else {
                trimmed(value, |value| self.field(known, name, value))
            };
            [&self.field_name(known, name), &b":"[..], &new, end].concat()
        };
        head.split_inclusive(|byte| *byte == b'\n').map(line).collect::<Vec<_>>().concat()
    }
}

/// Where the blank line behind header fields ends; all of the text if there is none.
fn head_length(text: &[u8]) -> usize {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.trim_ascii().is_empty() && line.ends_with(b"\n") {
            return at;
        }
    }
    text.len()
}

fn header_of<'a>(head: &'a [u8], wanted: &[u8]) -> &'a [u8] {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = before(line, |byte| byte == b':');
        name.trim_ascii().eq_ignore_ascii_case(wanted).then(|| value.get(1..).unwrap_or_default())
    });
    value.unwrap_or_default().trim_ascii()
}

/// As many octets as before that tell nothing; line ends and blanks stay.
fn filler(body: &[u8]) -> Vec<u8> {
    filler_keeping(body, b"")
}

fn filler_keeping(body: &[u8], kept: &[u8]) -> Vec<u8> {
    let new = |byte: &u8| if byte.is_ascii_whitespace() || kept.contains(byte) { *byte } else { b'x' };
    body.iter().map(new).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;

    fn new(kind: &str, body: &str) -> String {
        String::from_utf8(redactor().content(kind.as_bytes(), body.as_bytes())).unwrap()
    }

    #[test]
    fn of_unknown_bodies_only_the_shape_stays() {
        assert_eq!(new("text/plain", "Hello Alice,\r\ncall 911"), "xxxxx xxxxxx\r\nxxxx xxx");
        assert_eq!(new("", "alice"), "xxxxx");
        assert!(new("text/plain", "v=0\r\nc=IN IP4 192.0.2.77\r\n").starts_with("v=0\r\nc=IN IP4 192.0.2."));
    }

    #[test]
    fn parts_are_read_one_by_one() {
        let body = "pre alice\r\n--unique-b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2.77\r\n\r\n--unique-b\r\n\
            Content-Type: text/plain\r\nContent-ID: <alice@corp.example>\r\n\r\nAlice\r\n--unique-b--\r\nalice";
        let written = new("multipart/mixed;boundary=\"unique-b\"", body);
        assert_eq!(written.len(), body.len(), "{written}");
        for gone in ["alice", "Alice", "corp", "192.0.2.77", "unique"] {
            assert!(!written.contains(gone), "{written}");
        }
        assert!(written.contains("Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2."), "{written}");
        assert_eq!(new("multipart/mixed", "--x\r\nalice"), "xxx\r\nxxxxx");
    }

    #[test]
    fn messages_in_messages_are_messages() {
        for body in [
            "SIP/2.0 486 Busy Here\r\n",
            "SIP/2.0 603 Decline\r\nTo: <sip:alice@corp.example>;tag=abc\r\n\r\n",
            "From: <sip:alice@corp.example>\r\n",
        ] {
            let written = new("message/sipfrag;version=2.0", body);
            assert_eq!(written.len(), body.len(), "{written}");
            assert!(!written.contains("alice") && !written.contains("corp"), "{written}");
            assert_eq!(written.lines().next().unwrap().starts_with("SIP/2.0 "), body.starts_with("SIP"), "{written}");
        }
    }
}
