//! Is it SIP? Told by the start line, on any port.

use super::octets;

/// Longest start line that is looked at, in octets.
pub(super) const LINE_MAX: usize = 8192;

/// Whether the octets begin with a SIP start line: a status line, or a request line that ends in a SIP version.
pub fn is_sip(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else { return false };
    if !first.is_ascii_graphic() {
        return false;
    }
    is_status_line(bytes) || is_request_line(bytes)
}

/// `SIP/`, a version, blanks, and three digits.
pub(super) fn is_status_line(bytes: &[u8]) -> bool {
    let Some(rest) = after_version(bytes) else { return false };
    let digits = rest.trim_ascii_start();
    digits.len() < rest.len() && digits.get(..3).is_some_and(|d| d.iter().all(u8::is_ascii_digit))
}

/// The octets behind `SIP/x.y`.
fn after_version(bytes: &[u8]) -> Option<&[u8]> {
    let (name, rest) = bytes.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"SIP/") {
        return None;
    }
    let (_, rest) = super::number::leading(rest)?;
    let (_, rest) = super::number::leading(rest.strip_prefix(b".")?)?;
    Some(rest)
}

/// A token, a blank, something, and a SIP version at the end of the line.
fn is_request_line(bytes: &[u8]) -> bool {
    let window = bytes.get(..LINE_MAX).unwrap_or(bytes);
    let Some(blank) = window.iter().position(|b| !is_token(*b)) else { return false };
    if blank == 0 || window.get(blank) != Some(&b' ') {
        return false;
    }
    // A bare CR ends the start line as well: what stands behind it cannot be part of a version.
    let end = memchr::memchr2(b'\n', b'\r', window).unwrap_or(window.len());
    let Some(line) = window.get(blank..end) else { return false };
    let line = line.trim_ascii_end();
    let Some(at) = memchr::memrchr(b' ', line) else { return false };
    line.get(at + 1..).and_then(after_version).is_some_and(<[u8]>::is_empty)
}

/// Whether the octet may stand in a token (RFC 3261 §25.1).
pub(super) fn is_token(byte: u8) -> bool {
    octets::is(byte, octets::TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_lines_are_recognised() {
        for line in [
            "INVITE sip:a@b SIP/2.0\r\n",
            "SIP/2.0 607 Unwanted\r\n",
            "SIP/2.0 200",
            "sip/2.0 200 OK\n",
            "NEWMETHOD  urn:x   SIP/2.0  \r\n",
            "INVITE sip:a@b SIP/7.0\r\n",
        ] {
            assert!(is_sip(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "\r\n\r\n",
            "HTTP/1.1 200 OK\r\n",
            "GET / HTTP/1.1\r\n",
            "DESCRIBE rtsp://a RTSP/1.0\r\n",
            "M-SEARCH * HTTP/1.1\r\n",
            "SIP/2.0\r\n",
            "SIPS/2.0 200 OK\r\n",
            "INVITE SIP/2.0",
        ] {
            assert_eq!(is_sip(line.as_bytes()), line == "INVITE SIP/2.0", "{line}");
        }
    }
}
