//! Lists and parameters: commas and semicolons outside of quotes and angle brackets.

use super::octets::{self, TOKEN, VALUE};

/// Splits at a separator that stands outside of quoted strings and `<>`; parts come trimmed, empty ones left out.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    each(text, separator, |part| parts.push(part));
    parts
}

/// The same for whoever keeps none of the parts.
pub(super) fn each<'a>(text: &'a str, separator: char, mut found: impl FnMut(&'a str)) {
    let mut add = |part: &'a str| {
        let part = trim(part);
        if !part.is_empty() {
            found(part);
        }
    };
    let mut rest = text;
    while let Some(at) = find(rest, separator) {
        let (part, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        add(part);
        rest = tail.get(separator.len_utf8()..).unwrap_or_default();
    }
    add(rest);
}

/// The place of the first `wanted`, an ASCII character, outside of quoted strings and `<>`.
pub fn find(text: &str, wanted: char) -> Option<usize> {
    let wanted = u8::try_from(wanted).ok().filter(u8::is_ascii)?;
    let first = memchr::memchr3(wanted, b'"', b'<', text.as_bytes())?;
    let rest = text.as_bytes().get(first..)?;
    // As a rule nothing is quoted, or there is none at all.
    if rest.first() == Some(&wanted) {
        return Some(first);
    }
    memchr::memchr(wanted, rest)?;
    position(rest, |b| b == wanted).map(|at| first + at)
}

/// The place of the first octet for which `wanted` holds outside of quoted strings and `<>`.
pub(crate) fn position(text: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, byte) in text.iter().copied().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if !angle && wanted(byte) {
            return Some(at);
        }
        match byte {
            b'"' if !angle => quoted = true,
            b'<' => angle = true,
            b'>' => angle = false,
            _ => {}
        }
    }
    None
}

/// As [`str::split_once`] with an ASCII character, faster.
pub(super) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = octets::find(text.as_bytes(), at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// As [`str::trim`], which takes longer where there is nothing to trim.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [one] if one.is_ascii_graphic() => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Removes the quotes of a quoted string and undoes its escapes; other texts stay as they are.
pub fn unquote(text: &str) -> String {
    let text = trim(text);
    let Some(inner) = text.strip_prefix('"').map(|t| t.strip_suffix('"').unwrap_or(t)) else {
        return text.to_owned();
    };
    if octets::find(inner.as_bytes(), b'\\').is_none() {
        return inner.to_owned();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            plain.push(c);
        }
    }
    plain
}

/// Parameters behind a value: `;name=value`, in order; names in lower case, values without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(pub Vec<(String, Option<String>)>);

impl Params {
    /// Reads what stands behind the first semicolon (with or without it).
    pub fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        Self::plain(text).unwrap_or_else(|| Self::any(text))
    }

    /// The same of such without blanks, quotes and empty ones; `None` says nothing.
    fn plain(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix(';').unwrap_or(text);
        let count = 1 + rest.bytes().filter(|b| *b == b';').count();
        let mut found = Vec::with_capacity(count);
        loop {
            let (name, behind) = octets::split(rest, TOKEN)?;
            let mut value = None;
            rest = behind;
            if let Some(behind) = behind.strip_prefix('=') {
                let (text, behind) = octets::split(behind, VALUE)?;
                value = Some(text.to_owned());
                rest = behind;
            }
            if name.is_empty() {
                return None;
            }
            found.push((name.to_ascii_lowercase(), value));
            if rest.is_empty() {
                return Some(Self(found));
            }
            rest = rest.strip_prefix(';')?;
        }
    }

    fn any(text: &str) -> Self {
        let one = |part: &str| match cut(part, b'=') {
            Some((name, value)) => (trim(name).to_ascii_lowercase(), Some(unquote(value))),
            None => (part.to_ascii_lowercase(), None),
        };
        Self(split(text, ';').into_iter().map(one).collect())
    }

    /// The value of a parameter; `Some("")` when it has none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// Whether the parameter is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_parameters_are_read_as_any_other(text in r#"([;=]|A|b1| |"|<|>|,|é){0,12}"#) {
            prop_assert!(Params::plain(&text).is_none_or(|plain| plain == Params::any(&text)), "{}", text);
        }
    }

    #[test]
    fn separators_in_quotes_and_brackets_do_not_split() {
        let list = r#""A, \"B" <sip:a@b;x=1,2>;q=0.5, <sip:c@d>, sip:e@f"#;
        assert_eq!(split(list, ','), [r#""A, \"B" <sip:a@b;x=1,2>;q=0.5"#, "<sip:c@d>", "sip:e@f"]);
        let reason = Params::read(r#";cause=603;text="v=analytics1;url=https://example.com;id=1";location=LN"#);
        assert_eq!(reason.value("text"), Some("v=analytics1;url=https://example.com;id=1"));
        assert_eq!(reason.value("location"), Some("LN"));
        assert_eq!((reason.has("lr"), reason.value("nothing")), (false, None));
        assert_eq!(unquote(r#""a\"b\\c""#), r#"a"b\c"#);
    }
}
