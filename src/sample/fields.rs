//! Header fields of the messages that are written, and the few values of them that later messages copy.

/// A header field as it stands in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
}

impl Field {
    pub(super) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }

    /// Whether this is the header field of that name, in its long or compact form (RFC 3261 §7.3.3).
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || compact(name).is_some_and(|letter| self.name.eq_ignore_ascii_case(letter))
    }
}

/// The compact form of the names that are looked for.
fn compact(name: &str) -> Option<&'static str> {
    Some(match name {
        "Via" => "v",
        "From" => "f",
        "To" => "t",
        "Call-ID" => "i",
        "Contact" => "m",
        "Content-Type" => "c",
        "Content-Length" => "l",
        _ => return None,
    })
}

/// The value of the first field of that name.
pub(super) fn first<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.is(name)).map(|field| field.value.as_str())
}

/// All fields of that name.
pub(super) fn all(fields: &[Field], name: &str) -> Vec<Field> {
    fields.iter().filter(|field| field.is(name)).cloned().collect()
}

/// The parameter of a From, To or Via value: what follows `;name=`, outside the angle brackets.
pub(super) fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let outside = value.rsplit_once('>').map_or(value, |(_, outside)| outside);
    outside.split(';').skip(1).find_map(|parameter| {
        let (found, value) = parameter.split_once('=')?;
        let end = value.find([',', ' ']).unwrap_or(value.len());
        found.trim().eq_ignore_ascii_case(name).then(|| value.split_at(end).0)
    })
}

/// A From or To value without its tag.
pub(super) fn without_tag(value: &str) -> String {
    let (inside, outside) = match value.rsplit_once('>') {
        Some((inside, outside)) => (format!("{inside}>"), outside),
        None => (String::new(), value),
    };
    let kept: Vec<&str> =
        outside.split(';').filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("tag=")).collect();
    inside + &kept.join(";")
}

/// A From or To value with that tag in place of its own.
pub(super) fn with_tag(value: &str, tag: &str) -> String {
    format!("{};tag={tag}", without_tag(value))
}

/// The URI of a From, To or Contact value.
pub(super) fn uri(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => value.split(';').next().unwrap_or_default().trim(),
    }
}

/// The user of a URI, with the `@` behind it, or nothing.
pub(super) fn user_at(uri: &str) -> String {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    match rest.split_once('@') {
        Some((user, _)) => format!("{user}@"),
        None if uri.starts_with("tel:") => format!("{}@", rest.split(';').next().unwrap_or_default()),
        None => String::new(),
    }
}

/// Number and method of a CSeq value.
pub(super) fn cseq(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.trim().split_once(' ')?;
    Some((number.parse().ok()?, method.trim()))
}

#[cfg(test)]
mod tests {
    use super::{Field, parameter, uri, user_at, with_tag, without_tag};

    #[test]
    fn names_match_in_any_case_and_compact() {
        assert!(Field::new("cALL-id", "x").is("Call-ID"));
        assert!(Field::new("I", "x").is("Call-ID"));
        assert!(!Field::new("i", "x").is("Via"));
    }

    #[test]
    fn tags_are_found_and_replaced_outside_the_brackets_only() {
        for (value, tag, bare) in [
            ("<sip:a@x>;tag=1", Some("1"), "<sip:a@x>"),
            ("\"A;tag=9\" <sip:a@x;tag=8>;x=y;TAG=1", Some("1"), "\"A;tag=9\" <sip:a@x;tag=8>;x=y"),
            ("sip:a@x;tag=1", Some("1"), "sip:a@x"),
            ("<sip:a@x>", None, "<sip:a@x>"),
        ] {
            assert_eq!(parameter(value, "tag"), tag, "{value}");
            assert_eq!(without_tag(value), bare);
        }
        assert_eq!(with_tag("<sip:a@x>;tag=1", "2"), "<sip:a@x>;tag=2");
        assert_eq!(
            parameter("SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2", "branch"),
            Some("z9hG4bK1")
        );
    }

    #[test]
    fn users() {
        for (value, user) in [
            ("<sip:bob@x:5070;lr>;q=1", "bob@"),
            ("sip:x", ""),
            ("<tel:+12155550100;phone-context=x>", "+12155550100@"),
            ("sips:a@x;tag=3", "a@"),
        ] {
            assert_eq!(user_at(uri(value)), user, "{value}");
        }
    }
}
