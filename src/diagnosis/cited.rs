//! The text of a citation.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::shorten;
use crate::sip::message::unfolded;
use crate::sip::{HeaderName, Message, lossy, octets};
use crate::stir::Identity;
use crate::stir::passport::Part;

/// What stands in a frame. Of most citations nobody reads the text, so octets become text when it is asked for.
#[derive(Clone)]
pub enum Cited {
    /// A text of its own.
    Text(String),
    /// A start line or header field as captured: printable ASCII.
    Plain(Box<[u8]>),
    /// An Identity header field as captured: it is long, and several findings of a call share it.
    Identity(Arc<Identity>),
    /// A part of its token, decoded.
    Decoded(Arc<Identity>, Part),
}

impl Cited {
    /// The start line of a message.
    pub fn line(message: &Message) -> Self {
        Self::of(message.start_line_octets(), lossy)
    }

    /// The first header field of that name.
    pub fn field(message: &Message, name: HeaderName) -> Option<Self> {
        message.header_line(name).map(|line| Self::of(line, unfolded))
    }

    fn of(octets: &[u8], text: impl FnOnce(&[u8]) -> Cow<'_, str>) -> Self {
        let is_plain = octets::printable(octets) == octets.len();
        if is_plain { Self::Plain(octets.into()) } else { Self::Text(text(octets).into_owned()) }
    }

    /// The text by itself.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => (*other).to_owned(),
        }
    }

    /// The same for keeps, cut to so many octets.
    pub(super) fn kept(self, octets: usize) -> Self {
        match self {
            Self::Plain(plain) if plain.len() <= octets => Self::Plain(plain),
            other => Self::Text(shorten::kept(other.into_text(), octets)),
        }
    }
}

impl Default for Cited {
    /// Nothing.
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Deref for Cited {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Plain(octets) => std::str::from_utf8(octets).unwrap_or_default(),
            Self::Identity(identity) => identity.line(),
            Self::Decoded(identity, part) => identity.passport.plain_text(*part).unwrap_or_default(),
        }
    }
}

impl From<String> for Cited {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl PartialEq for Cited {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Cited {}

impl<T: AsRef<str>> PartialEq<T> for Cited {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl fmt::Debug for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_captured_reads_as_text_of_its_octets(
            text in prop::collection::vec(prop::sample::select(b"a: Zz~".to_vec()), 0..20),
            odd in prop::option::weighted(0.5, any::<u8>()),
            end in "[ \r\n\té]{0,3}",
        ) {
            let octets = [text.as_slice(), odd.as_slice(), end.as_bytes()].concat();
            for long in [lossy, unfolded] {
                let cited = Cited::of(&octets, long);
                prop_assert_eq!(&*cited, long(&octets));
                prop_assert_eq!(cited.clone().into_text(), long(&octets));
                for room in [0, 4, 9, 30] {
                    prop_assert_eq!(&*cited.clone().kept(room), shorten::kept(long(&octets).into_owned(), room));
                }
            }
        }
    }
}
