//! Lists and parameters: commas and semicolons outside of quotes and angle brackets.

/// Splits at a separator that stands outside of quoted strings and `<>`; parts come trimmed, empty ones left out.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = find(rest, separator) {
        let (part, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        parts.push(part);
        rest = tail.get(separator.len_utf8()..).unwrap_or_default();
    }
    parts.push(rest);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The place of the first `wanted` outside of quoted strings and `<>`.
pub fn find(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if c == wanted && !angle {
            return Some(at);
        }
        match c {
            '"' if !angle => quoted = true,
            '<' => angle = true,
            '>' => angle = false,
            _ => {}
        }
    }
    None
}

/// Removes the quotes of a quoted string and undoes its escapes; other texts stay as they are.
pub fn unquote(text: &str) -> String {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('"').map(|t| t.strip_suffix('"').unwrap_or(t)) else {
        return text.to_owned();
    };
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
        Self(
            split(text, ';')
                .into_iter()
                .map(|part| match part.split_once('=') {
                    Some((name, value)) => (name.trim().to_ascii_lowercase(), Some(unquote(value))),
                    None => (part.to_ascii_lowercase(), None),
                })
                .collect(),
        )
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
    use super::*;

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
