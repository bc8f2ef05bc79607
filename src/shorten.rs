//! Texts of a capture cut to a length: whoever wrote them may have written a megabyte, and what is kept or shown of them must not
//! depend on that.

use std::borrow::Cow;

/// Stands for what was cut off.
const MORE: &str = "…";

/// The longest beginning of at most so many octets that ends between two characters.
pub(crate) fn beginning(text: &str, octets: usize) -> &str {
    text.get(..text.floor_char_boundary(octets)).unwrap_or(text)
}

/// A text of at most so many octets, and `…` where it was longer.
pub(crate) fn to_octets<'a>(text: impl Into<Cow<'a, str>>, octets: usize) -> Cow<'a, str> {
    let text = text.into();
    if text.len() <= octets { text } else { Cow::Owned([beginning(&text, octets), MORE].concat()) }
}

/// The same of a text to keep; what it does not need any more is freed.
pub(crate) fn kept(mut text: String, octets: usize) -> String {
    in_place(&mut text, octets);
    text
}

/// The same.
pub(crate) fn in_place(text: &mut String, octets: usize) {
    if text.len() > octets {
        *text = [beginning(text, octets), MORE].concat();
    }
}

/// A text of at most so many characters, and `…` where it was longer: for the eye.
pub(crate) fn to_characters(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}{MORE}", text.get(..at).unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_only_where_they_are_longer() {
        for (text, octets, expected) in
            [("", 0, ""), ("abc", 3, "abc"), ("abc", 2, "ab"), ("王伟", 6, "王伟"), ("王伟", 5, "王"), ("王伟", 2, "")]
        {
            assert_eq!(beginning(text, octets), expected, "{text} {octets}");
            let more = if expected == text { "" } else { "…" };
            assert_eq!(to_octets(text, octets), format!("{expected}{more}"));
            assert_eq!(kept(text.to_owned(), octets), format!("{expected}{more}"));
        }
        assert_eq!((to_characters("王伟王伟", 2), to_characters("王伟", 2)), ("王伟…".to_owned(), "王伟".to_owned()));
    }
}
