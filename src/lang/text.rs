//! A sentence with named values: the template is what gets translated, the values stay as they are.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::net::IpAddr;

use super::{Lang, Span};
use crate::address_text::AddressText;
use crate::limits::{VALUE_ITEMS, VALUE_OCTETS};
use crate::provenance::Endpoint;
use crate::shorten;
use crate::sip::{StatusCode, Uri};
use crate::stir::TelephoneNumber;

/// More octets than an address with a port and two brackets take.
const ENDPOINT_OCTETS: usize = 64;

/// A sentence or phrase: a template such as `"{server} answered {status}"` with its values, or several such joined.
/// `Display` gives English, [`Text::in_lang`] the other languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    template: &'static str,
    values: Vec<(&'static str, Value)>,
}

/// What stands at a place of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text of the capture, or another that is the same in every language.
    Verbatim(String),
    /// A number. It is written when somebody reads the text: of most findings nobody does.
    Number(u64),
    /// The same of a status.
    Status(StatusCode),
    /// The same of an address.
    Address(IpAddr),
    /// The same of an address with a port.
    Endpoint(Endpoint),
    /// The same of a span of time.
    Span(Span),
    /// The same of an address with the software that is there.
    Element(Endpoint, String),
    /// A phrase of its own.
    Phrase(Text),
    /// Phrases with a separator, which is a text of the program too (`" and "`).
    List(&'static str, Vec<Self>),
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words of the program.
    Words(&'a str),
    /// A value, which may come from a capture.
    Value(&'a str),
}

/// What can stand at a place of a template. Implemented for what is the same in every language, and for [`Text`]; whatever else
/// has words must give a `Text`.
pub trait Fill {
    /// As a value.
    fn fill(self) -> Value;
}

impl Text {
    /// Starts a sentence; bind its placeholders with [`Text::with`].
    pub fn new(template: &'static str) -> Self {
        Self { template, values: Vec::new() }
    }

    /// What is the same in every language, where a phrase could stand as well.
    pub fn verbatim(value: impl fmt::Display) -> Self {
        Self::new("{}").with("", value.to_string())
    }

    /// A number of things: `one` where it is 1, `many` for all others; both are templates with `{n}`.
    pub fn count(n: u64, one: &'static str, many: &'static str) -> Self {
        Self::new(if n == 1 { one } else { many }).with("n", grouped(n))
    }

    /// Phrases with a separator.
    pub fn list(separator: &'static str, items: impl IntoIterator<Item = impl Fill>) -> Self {
        let items = items.into_iter().map(Fill::fill).collect();
        Self { template: "{}", values: vec![("", Value::List(separator, items))] }
    }

    /// Binds `{name}` to a value.
    #[must_use]
    #[inline]
    pub fn with(mut self, name: &'static str, value: impl Fill) -> Self {
        debug_assert!(self.template.contains(&format!("{{{name}}}")), "no {{{name}}} in {:?}", self.template);
        if self.values.capacity() == 0 {
            // As a vector that grows would begin, in fewer steps. Of the old one there is nothing to drop.
            mem::forget(mem::replace(&mut self.values, Vec::with_capacity(4)));
        }
        self.values.push((name, value.fill()));
        self
    }

    /// Cuts values to [`VALUE_OCTETS`] and lists to [`VALUE_ITEMS`].
    #[inline]
    pub(crate) fn shorten(&mut self) {
        for (_, value) in &mut self.values {
            value.shorten();
        }
    }

    /// The template, which is the key of translations.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// Its parts in a language, one after the other: formats with markup must tell words from values.
    pub fn parts(&self, lang: Lang, mut each: impl FnMut(Part<'_>)) {
        let visited = visit(self, lang, &mut |part| {
            each(part);
            Ok(())
        });
        debug_assert!(visited.is_ok(), "only writing can fail");
    }

    /// The whole text in a language where it has no values, as most phrases have none.
    pub(crate) fn words(&self, lang: Lang) -> Option<&'static str> {
        self.values.is_empty().then(|| lang.tr(self.template))
    }

    /// The text in a language.
    pub fn in_lang(&self, lang: Lang) -> impl fmt::Display {
        InLang { text: self, lang }
    }
}

impl Value {
    #[inline]
    fn shorten(&mut self) {
        match self {
            // Nearly all are short.
            Self::Verbatim(text) if text.len() <= VALUE_OCTETS => {}
            Self::Element(_, software) if software.len() <= VALUE_OCTETS - ENDPOINT_OCTETS => {}
            Self::Phrase(text) if text.values.is_empty() => {}
            Self::Verbatim(_) | Self::Element(..) | Self::Phrase(_) | Self::List(..) => self.shorten_parts(),
            Self::Number(_) | Self::Status(_) | Self::Address(_) | Self::Endpoint(_) | Self::Span(_) => {}
        }
    }

    fn shorten_parts(&mut self) {
        match self {
            Self::Verbatim(text) => shorten::in_place(text, VALUE_OCTETS),
            Self::Element(endpoint, software) if software.len() > VALUE_OCTETS - ENDPOINT_OCTETS => {
                *self = Self::Verbatim(shorten::kept(element(*endpoint, software), VALUE_OCTETS));
            }
            Self::Phrase(text) => text.shorten(),
            Self::List(_, items) => {
                if items.len() > VALUE_ITEMS {
                    items.truncate(VALUE_ITEMS);
                    items.shrink_to_fit();
                    items.push(Self::Verbatim("…".to_owned()));
                }
                items.iter_mut().for_each(Self::shorten);
            }
            _ => {}
        }
    }
}

impl From<&'static str> for Text {
    fn from(template: &'static str) -> Self {
        Self::new(template)
    }
}

impl From<&Self> for Text {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl Default for Text {
    /// Nothing.
    fn default() -> Self {
        Self::new("")
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, Lang::En, f)
    }
}

struct InLang<'a> {
    text: &'a Text,
    lang: Lang,
}

impl fmt::Display for InLang<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.text, self.lang, f)
    }
}

fn write(text: &Text, lang: Lang, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    visit(text, lang, &mut |part| match part {
        Part::Words(text) | Part::Value(text) => f.write_str(text),
    })
}

type Visitor<'v> = &'v mut dyn FnMut(Part<'_>) -> fmt::Result;

fn visit(text: &Text, lang: Lang, each: Visitor<'_>) -> fmt::Result {
    let mut rest = lang.tr(text.template);
    // Values are mostly bound in the order of their places.
    let mut next = 0;
    while let Some((before, after)) = split(rest, b'{') {
        each(Part::Words(before))?;
        let Some((name, tail)) = split(after, b'}') else {
            each(Part::Words("{"))?;
            rest = after;
            continue;
        };
        let expected = text.values.get(next).filter(|(bound, _)| *bound == name);
        if let Some((_, value)) = expected.or_else(|| text.values.iter().find(|(bound, _)| *bound == name)) {
            visit_value(value, lang, each)?;
        } else {
            debug_assert!(false, "{{{name}}} is not bound in {:?}", text.template);
            each(Part::Words("{"))?;
            each(Part::Words(name))?;
            each(Part::Words("}"))?;
        }
        next += 1;
        rest = tail;
    }
    each(Part::Words(rest))
}

/// What stands before and behind the first of such an ASCII character.
fn split(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, behind) = text.split_at_checked(memchr::memchr(at, text.as_bytes())?)?;
    Some((before, behind.get(1..)?))
}

fn visit_value(value: &Value, lang: Lang, each: Visitor<'_>) -> fmt::Result {
    match value {
        Value::Verbatim(value) => each(Part::Value(value)),
        Value::Number(number) => each(Part::Value(&number.to_string())),
        Value::Status(status) => each(Part::Value(&status.to_string())),
        Value::Address(address) => each(Part::Value(&address.to_string())),
        Value::Endpoint(Endpoint { address: IpAddr::V4(address), port: port @ 1.. }) => {
            each(Part::Value(AddressText::with_port(*address, *port).as_str()))
        }
        Value::Endpoint(endpoint) => each(Part::Value(&endpoint.to_string())),
        Value::Span(span) => each(Part::Value(&span.to_string())),
        Value::Element(endpoint, software) => each(Part::Value(&element(*endpoint, software))),
        Value::Phrase(text) => visit(text, lang, each),
        Value::List(separator, items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    each(Part::Words(lang.tr(separator)))?;
                }
                visit_value(item, lang, each)?;
            }
            Ok(())
        }
    }
}

/// What stands in texts for whoever sits at an address and names the software.
fn element(endpoint: Endpoint, software: &str) -> String {
    format!("{endpoint} ({software})")
}

impl Fill for Value {
    fn fill(self) -> Value {
        self
    }
}

impl Fill for Text {
    fn fill(self) -> Value {
        Value::Phrase(self)
    }
}

impl Fill for &Text {
    fn fill(self) -> Value {
        Value::Phrase(self.clone())
    }
}

impl Fill for &str {
    fn fill(self) -> Value {
        Value::Verbatim(self.to_owned())
    }
}

impl Fill for &String {
    fn fill(self) -> Value {
        Value::Verbatim(self.clone())
    }
}

impl Fill for Cow<'_, str> {
    fn fill(self) -> Value {
        Value::Verbatim(self.into_owned())
    }
}

impl Fill for String {
    fn fill(self) -> Value {
        Value::Verbatim(self)
    }
}

macro_rules! verbatim {
    ($($type:ty),* $(,)?) => {$(
        impl Fill for $type {
            fn fill(self) -> Value {
                Value::Verbatim(self.to_string())
            }
        }

        impl Fill for &$type {
            fn fill(self) -> Value {
                Value::Verbatim(self.to_string())
            }
        }
    )*};
}

macro_rules! plain {
    ($($value:ident: $($type:ty),+;)*) => {$($(
        impl Fill for $type {
            fn fill(self) -> Value {
                Value::$value(self.into())
            }
        }

        impl Fill for &$type {
            fn fill(self) -> Value {
                Value::$value((*self).into())
            }
        }
    )+)*};
}

plain! {
    Number: u8, u16, u32, u64;
    Status: StatusCode;
    Address: IpAddr;
    Endpoint: Endpoint;
    Span: Span;
}
verbatim!(u128, usize, i32, i64, char);
verbatim!(crate::provenance::FrameNumber);
verbatim!(crate::sip::Method);

impl Fill for &Uri {
    fn fill(self) -> Value {
        Value::Verbatim(self.raw().to_owned())
    }
}

impl Fill for &TelephoneNumber {
    fn fill(self) -> Value {
        Value::Verbatim(self.told())
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_split_as_by_the_standard_library(text in "[{}aé]{0,6}") {
            for at in ['{', '}'] {
                prop_assert_eq!(split(&text, at as u8), text.split_once(at));
            }
        }
    }

    #[test]
    fn placeholders_are_replaced_and_values_are_not_scanned() {
        let text = Text::new("{a} told {b}.").with("a", "{b}").with("b", 7);
        assert_eq!(text.to_string(), "{b} told 7.");
    }

    #[test]
    fn long_values_and_long_lists_are_cut() {
        let usual = Text::new("{a} {b}").with("a", "x".repeat(VALUE_OCTETS)).with("b", Text::list(", ", ["y"; 5]));
        let mut same = usual.clone();
        same.shorten();
        assert_eq!(same, usual);
        let long = Text::new("{a}").with("a", Text::new("{b}").with("b", "é".repeat(VALUE_OCTETS)));
        let mut text = Text::new("{a} {b}").with("a", long).with("b", Text::list("", vec!["y"; VALUE_ITEMS + 2]));
        text.shorten();
        let expected = format!("{}… {}…", "é".repeat(VALUE_OCTETS / 2), "y".repeat(VALUE_ITEMS));
        assert_eq!(text.to_string(), expected);
    }

    #[test]
    fn software_stands_behind_its_address_and_both_are_cut_as_one_value() {
        for (address, port) in
            [("192.0.2.1", 5060), ("192.0.2.1", 0), ("2001:db8:1111:2222:3333:4444:5555:6666", 65535)]
        {
            let endpoint = Endpoint { address: address.parse().unwrap(), port };
            for length in
                [3, VALUE_OCTETS - 70, VALUE_OCTETS - 60, VALUE_OCTETS - 18, VALUE_OCTETS - 10, 2 * VALUE_OCTETS]
            {
                let software = "x".repeat(length);
                let mut text = Text::new("{a}").with("a", Value::Element(endpoint, software.clone()));
                let mut same = Text::new("{a}").with("a", format!("{endpoint} ({software})"));
                assert_eq!(text.to_string(), same.to_string());
                text.shorten();
                same.shorten();
                assert_eq!(text.to_string(), same.to_string());
            }
        }
    }

    #[test]
    fn phrases_stand_in_sentences_and_lists() {
        let text = Text::new("{a} and {b}.").with("a", Text::list("; ", ["x", "y"])).with("b", Text::verbatim(12));
        assert_eq!(text.to_string(), "x; y and 12.");
        let mut parts = Vec::new();
        text.parts(Lang::En, |part| parts.push(format!("{part:?}")));
        let expected = ["Words(\"\")", "Words(\"\")", "Value(\"x\")", "Words(\"; \")", "Value(\"y\")"];
        assert_eq!(parts[..5], expected, "values can be told from words");
        let counted = |n| Text::count(n, "{n} call", "{n} calls").to_string();
        assert_eq!((counted(1), counted(12_000)), ("1 call".to_owned(), "12,000 calls".to_owned()));
    }
}
