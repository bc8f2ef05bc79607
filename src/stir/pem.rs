//! The text form of certificates and keys (RFC 7468), read with tolerance: whatever stands around the blocks is overlooked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// What it holds, such as `CERTIFICATE` or `PUBLIC KEY`.
    pub(super) label: String,
    /// Its octets; `None` where the base64 is broken.
    pub(super) der: Option<Vec<u8>>,
}

/// The blocks of a text, in order. A block without its end is left out.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(text);
    let mut found = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = boundary(line, "-----BEGIN ") {
            open = Some((label, String::new()));
        } else if let Some(label) = boundary(line, "-----END ") {
            if let Some((begun, body)) = open.take()
                && begun == label
            {
                found.push(Block { label: label.to_owned(), der: BASE64.decode(body).ok() });
            }
        } else if let Some((_, body)) = &mut open {
            body.extend(line.chars().filter(|c| !c.is_whitespace()));
        }
    }
    found
}

fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "subject=a\r\n-----BEGIN CERTIFICATE-----\r\nAAEC\r\nAw==\r\n-----END CERTIFICATE-----\r\nnote\n\
            -----BEGIN PUBLIC KEY-----\nA!==\n-----END PUBLIC KEY-----\n-----BEGIN X-----\nAAEC\n-----END Y-----\n\
            -----BEGIN CERTIFICATE-----\nAAEC";
        let block = |label: &str, der: Option<Vec<u8>>| Block { label: label.to_owned(), der };
        assert_eq!(blocks(text.as_bytes()), [block("CERTIFICATE", Some(vec![0, 1, 2, 3])), block("PUBLIC KEY", None)]);
        assert_eq!(blocks(b"\xff\x00 nothing"), []);
    }
}
