//! The languages of reports and explanations. English texts stand in the code, as templates with named places, and are the
//! keys of the tables of other languages; a test fails for every text that a table lacks. Codes, names of header fields and
//! everything that comes from a capture are never translated.

mod span;
mod text;
mod zh_cn;

/// Makes a type with a method `text` stand in sentences as a phrase, and shows it in English.
macro_rules! phrase {
    ($type:ty) => {
        impl $crate::lang::Fill for &$type {
            fn fill(self) -> $crate::lang::Value {
                self.text().fill()
            }
        }

        impl $crate::lang::Fill for $type {
            fn fill(self) -> $crate::lang::Value {
                self.text().fill()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.text().fmt(f)
            }
        }
    };
}
pub(crate) use phrase;

pub use span::{Span, span};
pub use text::{Fill, Part, Text, Value, grouped};

/// What was asked for in another language on this thread and is in no table: what tests of whole reports look at.
#[cfg(test)]
pub(crate) mod missing {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::Lang;

    thread_local! {
        static MISSING: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    /// Texts without letters outside their places need no translation.
    pub(super) fn note(lang: Lang, english: &str) {
        let mut rest = english.split('{');
        let first = rest.next().unwrap_or_default();
        let between = rest.filter_map(|part| part.split_once('}')).map(|(_, between)| between);
        if lang != Lang::En && std::iter::once(first).chain(between).any(|part| part.contains(char::is_alphabetic)) {
            MISSING.with_borrow_mut(|missing| missing.insert(english.to_owned()));
        }
    }

    /// Takes the texts that were missing so far.
    pub(crate) fn take() -> BTreeSet<String> {
        MISSING.take()
    }
}

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese in simplified characters, as used in mainland China.
    ZhCn,
}

impl Lang {
    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language of a locale such as `zh_CN.UTF-8` or `zh-Hans`, where there is a table for it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let tag = locale.split(['.', '@']).next()?.replace('_', "-").to_ascii_lowercase();
        let mut parts = tag.split('-');
        match (parts.next()?, parts.next()) {
            ("en", _) => Some(Self::En),
            // Traditional characters are another table.
            ("zh", Some("tw" | "hk" | "mo" | "hant")) => None,
            ("zh", _) => Some(Self::ZhCn),
            _ => None,
        }
    }

    /// A text of the program in this language; English where the table lacks it.
    pub fn tr(self, english: &str) -> &str {
        let found = self.translation(english);
        #[cfg(test)]
        if found.is_none() {
            missing::note(self, english);
        }
        found.unwrap_or(english)
    }

    /// What the table has for a text; `None` in English, whose texts are their own keys.
    pub fn translation(self, english: &str) -> Option<&'static str> {
        match self {
            Self::En => None,
            Self::ZhCn => zh_cn::lookup(english),
        }
    }

    /// Every text of the table with its translation, in no particular order; none in English.
    pub fn table(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = match self {
            Self::En => None,
            Self::ZhCn => Some(zh_cn::all()),
        };
        all.into_iter().flatten()
    }

    /// A number of things: `one` where it is 1, `many` for all others; both are templates with `{n}`.
    pub fn count(self, n: u64, one: &'static str, many: &'static str) -> String {
        Text::count(n, one, many).in_lang(self).to_string()
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod locales {
    use super::*;

    #[test]
    fn locales_have_their_language() {
        for (locale, lang) in [
            ("zh_CN.UTF-8", Some(Lang::ZhCn)),
            ("zh", Some(Lang::ZhCn)),
            ("zh-Hans-SG", Some(Lang::ZhCn)),
            ("zh_TW.UTF-8", None),
            ("zh-Hant", None),
            ("en_GB.UTF-8", Some(Lang::En)),
            ("de_DE@euro", None),
            ("C", None),
            ("", None),
        ] {
            assert_eq!(Lang::of_locale(locale), lang, "{locale}");
        }
    }
}
