//! The Identity header field (RFC 8224 §4): `token;info=<uri>;alg=ES256;ppt=shaken`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::iter;
use std::ops::Range;

use super::lately::Lately;
use super::passport::{Fault, FaultKind, Part, Passport, Word, word};

/// How the header field begins.
const NAME: &str = "Identity: ";

/// One Identity value with its PASSporT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The header field: its name, and the value as captured.
    line: Box<str>,
    /// The algorithm, ES256 where it is left out.
    pub alg: Option<Word>,
    /// The extension, without quotes.
    pub ppt: Option<Word>,
    /// Whether it is the bare signature of RFC 4474, which RFC 8224 replaced.
    pub legacy: bool,
    /// The token; of a legacy value an unreadable one.
    pub passport: Passport,
    /// Where the token stands in the value.
    token: Range<usize>,
    /// Where the parameter `info` stands there.
    info: Option<Range<usize>>,
}

/// What stands behind the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parameters {
    alg: Option<Word>,
    ppt: Option<Word>,
    /// Where the value of `info` stands in their text.
    info: Option<Range<usize>>,
}

thread_local! {
    /// Parameters that this thread read, by their text. What is found there is what reading would find.
    static LATELY: RefCell<Lately<Parameters>> = const { RefCell::new(Lately::new()) };
}

impl Parameters {
    /// Reads them, unless they came lately.
    fn of(text: &str, lately: &mut Lately<Self>) -> Self {
        if let Some(known) = lately.find(text) {
            return known.clone();
        }
        let read = Self::read(text);
        lately.note(text, read.clone());
        read
    }

    fn read(text: &str) -> Self {
        let mut parameters = Self::default();
        for field in split_outside(text, b';') {
            let end = memchr::memchr(b'=', field.as_bytes()).unwrap_or(field.len());
            let (name, value) = field.split_at_checked(end).unwrap_or((field, ""));
            let (name, value) = (name.trim(), value.get(1..).unwrap_or_default().trim());
            if name.eq_ignore_ascii_case("info") {
                parameters.info = Some(place(value.trim_matches(['<', '>', '"']), text));
            } else if name.eq_ignore_ascii_case("alg") {
                parameters.alg = Some(word(value.trim_matches('"')));
            } else if name.eq_ignore_ascii_case("ppt") {
                parameters.ppt = Some(word(value.trim_matches('"')));
            }
        }
        parameters
    }
}

impl Identity {
    /// Reads one value of the header field. Never fails; see [`Identity::faults`].
    pub fn read(value: &str) -> Self {
        let value = value.trim();
        let end = outside(value.as_bytes(), b';').unwrap_or(value.len());
        let (first, behind) = value.split_at_checked(end).unwrap_or((value, ""));
        let first = first.trim();
        let token = first.trim_matches('"').trim();
        let Parameters { alg, ppt, info } = match behind.get(1..) {
            Some(text) => LATELY.with_borrow_mut(|lately| Parameters::of(text, lately)),
            None => Parameters::default(),
        };
        Self {
            line: [NAME, value].concat().into_boxed_str(),
            alg,
            ppt,
            legacy: first.starts_with('"') || (first.len() > 64 && memchr::memchr(b'.', first.as_bytes()).is_none()),
            passport: Passport::read(token),
            token: place(token, value),
            info: info.map(|info| end + 1 + info.start..end + 1 + info.end),
        }
    }

    /// The header field with one value: its name, and the value as captured.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The value as captured.
    pub fn raw(&self) -> &str {
        self.line.get(NAME.len()..).unwrap_or_default()
    }

    /// The token as captured.
    pub fn token(&self) -> &str {
        self.raw().get(self.token.clone()).unwrap_or_default()
    }

    /// Where the certificate is published, without the angle brackets.
    pub fn info(&self) -> Option<&str> {
        Some(self.raw().get(self.info.clone()?).unwrap_or_default())
    }

    /// Header and claims of the token in plain text, where they decode; octets that are not UTF-8 replaced.
    pub fn decoded(&self) -> impl Iterator<Item = (Part, Cow<'_, str>)> {
        self.passport.decoded(self.token())
    }

    /// Reads one header field that may hold a list: commas inside `<>` and quotes do not separate.
    pub fn read_list(value: &str) -> Vec<Self> {
        Self::split_list(value).map(Self::read).collect()
    }

    /// The values of such a list, as they are written.
    pub(crate) fn split_list(value: &str) -> impl Iterator<Item = &str> {
        split_outside(value, b',').map(str::trim).filter(|value| !value.is_empty())
    }

    /// The extension, from the parameter or from within.
    pub fn ppt(&self) -> Option<&str> {
        self.ppt.as_deref().or(self.passport.header.ppt.as_deref())
    }

    /// Whether it records a diversion (RFC 8946) rather than the origin of the call.
    pub fn is_diversion(&self) -> bool {
        matches!(self.ppt(), Some("div" | "div-o"))
    }

    /// The address of the certificate, as the PASSporT says or else the parameter.
    pub fn certificate_url(&self) -> Option<&str> {
        self.passport.header.x5u.as_deref().or_else(|| self.info())
    }

    /// Everything wrong with the token and its parameters. A legacy value has none: it is another thing altogether.
    pub fn faults(&self) -> Cow<'_, [Fault]> {
        if self.legacy {
            return Cow::Borrowed(&[]);
        }
        let of_parameters = self.faults_of_parameters();
        if of_parameters.is_empty() {
            return Cow::Borrowed(&self.passport.faults);
        }
        Cow::Owned([self.passport.faults.clone(), of_parameters].concat())
    }

    fn faults_of_parameters(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |kind| faults.push(Fault { part: Part::Parameters, position: None, kind });
        let info = self.info();
        if info.is_none() {
            add(FaultKind::NoInfo);
        }
        let ppt = self.ppt.as_deref();
        if self.passport.compact
            && let Some(ppt @ ("shaken" | "div" | "div-o")) = ppt
        {
            add(FaultKind::CompactForbidden(ppt.to_owned()));
        }
        let header = &self.passport.header;
        let pairs = [
            ("alg", self.alg.as_deref(), header.alg.as_deref()),
            ("ppt", ppt, header.ppt.as_deref()),
            ("info", info, header.x5u.as_deref()),
        ];
        for (parameter, outside, inside) in pairs {
            if let (Some(outside), Some(inside)) = (outside, inside)
                && outside != inside
            {
                add(FaultKind::Differs { parameter, outside: outside.to_owned(), inside: inside.to_owned() });
            }
        }
        if let (None, Some(inside)) = (ppt, header.ppt.as_deref()) {
            add(FaultKind::Differs { parameter: "ppt", outside: String::new(), inside: inside.to_owned() });
        }
        faults
    }
}

/// Where a part of a text stands in it.
fn place(part: &str, whole: &str) -> Range<usize> {
    // One that is left out may be empty elsewhere.
    if part.is_empty() {
        return 0..0;
    }
    let begin = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    begin..begin.saturating_add(part.len())
}

/// Splits at a separator that stands outside quoted strings and angle brackets.
fn split_outside(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest?;
        let end = outside(text.as_bytes(), separator);
        rest = end.and_then(|end| text.get(end + 1..));
        Some(end.and_then(|end| text.get(..end)).unwrap_or(text))
    })
}

/// The place of the first separator outside quoted strings and angle brackets.
fn outside(text: &[u8], separator: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr3(separator, b'"', b'<', text.get(at..)?)?;
        let found = *text.get(at)?;
        if found == separator {
            return Some(at);
        }
        at += 1;
        let inside = text.get(at..)?;
        at += 1 + if found == b'<' { memchr::memchr(b'>', inside)? } else { quoted(inside)? };
    }
}

/// The octets of a quoted string behind its first quote, without the last one.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        // The octet behind a backslash stands for itself.
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stir::passport::tests::{V1, V7, V9};

    const INFO: &str = ";info=<https://cert.orig.example/shaken.pem>";

    /// As [`split_outside`] octet by octet.
    fn split_slowly(text: &str, separator: u8) -> Vec<&str> {
        let mut parts = Vec::new();
        let (mut start, mut quoted, mut bracketed, mut escaped) = (0, false, false, false);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if !bracketed => quoted = !quoted,
                b'<' if !quoted => bracketed = true,
                b'>' if !quoted => bracketed = false,
                _ if byte == separator && !quoted && !bracketed => {
                    parts.extend(text.get(start..index));
                    start = index + 1;
                }
                _ => {}
            }
        }
        parts.extend(text.get(start..));
        parts
    }

    proptest! {
        #[test]
        fn separators_are_found_as_octet_by_octet(text in r#"[<>"\\;,aé]{0,12}"#) {
            for separator in [b';', b','] {
                prop_assert_eq!(split_outside(&text, separator).collect::<Vec<_>>(), split_slowly(&text, separator));
            }
        }
    }

    proptest! {
        #[test]
        fn parameters_are_the_same_whatever_was_read_before(
            texts in prop::collection::vec("(info|alg|ppt|x)?=?[<\"]?(ES256|shaken|a|b|é)?[>\"]?(; ?(PPT|info)=(div|<c>))?", 0..20),
        ) {
            let mut lately = Lately::new();
            for text in &texts {
                prop_assert_eq!(Parameters::of(text, &mut lately), Parameters::read(text), "{}", text);
            }
        }
    }

    #[test]
    fn parameters_are_read_with_and_without_quotes() {
        for tail in [";alg=ES256;ppt=shaken", ";alg=\"ES256\" ; ppt=\"shaken\"", ";PPT=shaken;alg=ES256"] {
            let identity = Identity::read(&format!("{V1}{INFO}{tail}"));
            assert_eq!(identity.info(), Some("https://cert.orig.example/shaken.pem"));
            assert_eq!((identity.alg.as_deref(), identity.ppt()), (Some("ES256"), Some("shaken")));
            assert_eq!(*identity.faults(), []);
        }
    }

    #[test]
    fn token_and_info_are_found_in_the_value() {
        for (value, token, info) in [
            ("a.b.c", "a.b.c", None),
            (" a.b.c ; info = <https://c.example/x> ;alg=ES256", "a.b.c", Some("https://c.example/x")),
            ("\" a.b.c \";info=\"https://c.example/x\"", "a.b.c", Some("https://c.example/x")),
            (";info", "", Some("")),
            ("\"\";info=<>", "", Some("")),
            ("é.b.c;info=é", "é.b.c", Some("é")),
        ] {
            let identity = Identity::read(value);
            assert_eq!((identity.token(), identity.info()), (token, info), "{value}");
        }
    }

    #[test]
    fn commas_in_the_uri_do_not_separate() {
        let list = format!(
            "{V1};info=<https://a.example/x,y;z>;ppt=shaken, {V9};info=<https://cert.fwd.example/div.pem>;ppt=div"
        );
        let read = Identity::read_list(&list);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].info(), Some("https://a.example/x,y;z"));
        assert!(read[1].is_diversion() && read[1].faults().is_empty());
    }

    #[test]
    fn parameters_must_repeat_what_the_token_says() {
        let read = |tail: &str| {
            Identity::read(&format!("{V1}{tail}")).faults().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(read(";ppt=shaken"), ["header field parameters: info is missing"]);
        assert_eq!(
            read(&format!("{INFO};ppt=div;alg=ES256")),
            ["header field parameters: ppt is \"div\" in the header field and \"shaken\" in the PASSporT"]
        );
        assert_eq!(read(INFO).len(), 1, "ppt must be repeated outside");
    }

    #[test]
    fn the_compact_form_is_no_shaken() {
        let identity = Identity::read(&format!("{V7}{INFO};ppt=shaken"));
        assert!(identity.passport.compact);
        assert_eq!(identity.faults().len(), 1);
        assert_eq!(*Identity::read(&format!("{V7}{INFO}")).faults(), []);
    }

    #[test]
    fn the_old_form_is_told_apart() {
        let old = Identity::read("\"c2lnbmF0dXJlIG9mIGFuIG9sZCBraW5kIGFuZCBub3RoaW5nIGVsc2U=\"");
        assert!(old.legacy && old.faults().is_empty());
    }
}
