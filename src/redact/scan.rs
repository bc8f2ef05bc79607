//! Octets of a value in parts, as SIP separates them; nothing is left out, so that the parts make the whole again.

use crate::sip::params::position;

/// Parts between separators, which are given to `part` without them; what it makes of them is joined again.
pub(super) fn each(text: &[u8], separator: u8, mut part: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = position(rest, |byte| byte == separator) {
        let (one, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend(part(one));
        out.push(separator);
        rest = behind.get(1..).unwrap_or_default();
    }
    out.extend(part(rest));
    out
}

/// What stands in front of the first such octet, and from it on.
pub(super) fn before(text: &[u8], separator: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = text.iter().position(|byte| separator(*byte)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, &[]))
}

/// The text without blanks around it, which `inner` sees; they are put back.
pub(super) fn trimmed(text: &[u8], inner: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let core = text.trim_ascii();
    let lead = text.len() - text.trim_ascii_start().len();
    let (front, rest) = text.split_at_checked(lead).unwrap_or((&[], text));
    let tail = rest.get(core.len()..).unwrap_or_default();
    [front, &inner(core), tail].concat()
}

/// The content of a quoted string, which `inner` sees without its escapes; other text goes to it as it is.
pub(super) fn unquoted(text: &[u8], inner: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let Some(content) = text.strip_prefix(b"\"") else { return inner(text) };
    let (content, end): (_, &[u8]) = content.strip_suffix(b"\"").map_or((content, b""), |content| (content, b"\""));
    if !content.contains(&b'\\') {
        return [b"\"", inner(content).as_slice(), end].concat();
    }
    let mut plain = Vec::with_capacity(content.len());
    let mut escaped = false;
    for byte in content {
        escaped = *byte == b'\\' && !escaped;
        if !escaped {
            plain.push(*byte);
        }
    }
    let mut out = vec![b'"'];
    for byte in inner(&plain) {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.extend(end);
    out
}

/// What `%41` stands for; text without such escapes as it is. What comes out of `inner` is escaped where the text in front was or
/// `plain` does not hold.
pub(super) fn unescaped(text: &[u8], plain: impl Fn(u8) -> bool, inner: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    if !text.contains(&b'%') {
        return inner(text);
    }
    let mut raw = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            raw.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            raw.push(*first);
            rest = behind;
        }
    }
    let mut out = Vec::with_capacity(text.len());
    for byte in inner(&raw) {
        if byte.is_ascii_alphanumeric() || plain(byte) {
            out.push(byte);
        } else {
            out.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole_again() {
        let text = br#""a,b" <x,y>;z , c,,"d"#;
        let mut parts = Vec::new();
        let same = each(text, b',', |part| {
            parts.push(String::from_utf8_lossy(part).into_owned());
            part.to_vec()
        });
        assert_eq!(same, text);
        assert_eq!(parts, [r#""a,b" <x,y>;z "#, " c", "", "\"d"]);
        assert_eq!(trimmed(b"  a b ", |inner| [b"<", inner, b">"].concat()), b"  <a b> ");
        assert_eq!(trimmed(b"   ", <[u8]>::to_vec), b"   ");
    }

    #[test]
    fn escapes_are_undone_and_done_again() {
        let seen = |text: &[u8]| {
            let mut seen = Vec::new();
            let out = unquoted(text, |inner| {
                seen = inner.to_vec();
                inner.to_vec()
            });
            (seen, out)
        };
        assert_eq!(seen(br#""a\"b\\c""#), (br#"a"b\c"#.to_vec(), br#""a\"b\\c""#.to_vec()));
        assert_eq!(seen(b"plain"), (b"plain".to_vec(), b"plain".to_vec()));
        assert_eq!(seen(b"\"open"), (b"open".to_vec(), b"\"open".to_vec()));
        assert_eq!(
            unescaped(
                b"%2B1%zz 5",
                |b| b == b'-',
                |raw| {
                    assert_eq!(raw, b"+1%zz 5");
                    raw.to_vec()
                }
            ),
            b"%2B1%25zz%205"
        );
    }
}
