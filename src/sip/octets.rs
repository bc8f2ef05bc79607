//! Classes of octets, by table: what every header field of every message is compared with.

/// Of a token (RFC 3261 §25.1).
pub(super) const TOKEN: u16 = 1;
/// Of a host name or IPv4 address.
pub(super) const HOST: u16 = 2;
/// Of the user part of a plain URI.
pub(super) const USER: u16 = 4;
/// Of parameters without quotes, with what separates them.
pub(super) const PARAMETER: u16 = 8;
/// Of a display name without quotes.
pub(super) const NAME: u16 = 16;
/// Of the value of a parameter without quotes.
pub(super) const VALUE: u16 = 32;
/// Between quotes, without escapes and line ends.
pub(super) const QUOTED: u16 = 64;
/// Decimal digits.
pub(super) const DIGIT: u16 = 128;
/// Letters.
pub(super) const LETTER: u16 = 256;

static CLASSES: [u16; 256] = classes();

const fn classes() -> [u16; 256] {
    let mut table = with([0; 256], b"-.!%*_+`'~", TOKEN | PARAMETER | NAME | VALUE);
    table = with(table, b" ", NAME);
    table = with(table, b";=:", PARAMETER);
    table = with(table, b"=:", VALUE);
    table = with(table, b"-.", HOST);
    table = with(table, b"-_.+*", USER);
    table = with(table, b"0123456789", DIGIT);
    table = with(table, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", LETTER);
    let all = TOKEN | HOST | USER | PARAMETER | NAME | VALUE;
    table = with(table, b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", all);
    with_ranges(table)
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index out of bounds does not compile")]
const fn with_ranges(mut table: [u16; 256]) -> [u16; 256] {
    let mut at = 0;
    while at < table.len() {
        if !matches!(at, 0x0a | 0x0d | 0x22 | 0x5c) {
            table[at] |= QUOTED;
        }
        at += 1;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index out of bounds does not compile")]
const fn with(mut table: [u16; 256], octets: &[u8], class: u16) -> [u16; 256] {
    let mut at = 0;
    while at < octets.len() {
        table[octets[at] as usize] |= class;
        at += 1;
    }
    table
}

/// Whether an octet belongs to a class.
pub(super) fn is(octet: u8, class: u16) -> bool {
    classes_of(octet) & class != 0
}

fn classes_of(octet: u8) -> u16 {
    CLASSES.get(usize::from(octet)).copied().unwrap_or_default()
}

/// Splits behind the octets of a class.
#[inline]
pub(super) fn take(value: &[u8], class: u16) -> (&[u8], &[u8]) {
    let rest = behind(value, class);
    (value.get(..value.len() - rest.len()).unwrap_or_default(), rest)
}

/// The same of a text and a class of ASCII characters.
#[inline]
pub(super) fn split(text: &str, class: u16) -> Option<(&str, &str)> {
    text.split_at_checked(text.len() - behind(text.as_bytes(), class).len())
}

/// What stands behind the octets of a class.
#[inline]
pub(super) fn behind(value: &[u8], class: u16) -> &[u8] {
    let mut rest = value;
    // Four at a time: one branch for all of them.
    while let [a, b, c, d, tail @ ..] = rest {
        if classes_of(*a) & classes_of(*b) & classes_of(*c) & classes_of(*d) & class == 0 {
            break;
        }
        rest = tail;
    }
    while let [octet, tail @ ..] = rest {
        if !is(*octet, class) {
            break;
        }
        rest = tail;
    }
    rest
}

/// One in each octet.
const ONES: u64 = u64::MAX / 255;

/// The number of octets in front of the first that is a control character, or not ASCII.
#[inline]
pub(crate) fn printable(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, tail)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // What a difference borrows changes no octet in front of the one that is too small.
        let odd = (word.wrapping_sub(ONES * u64::from(b' ')) | word) & (ONES << 7);
        if odd != 0 {
            return text.len() - rest.len() + odd.trailing_zeros() as usize / 8;
        }
        rest = tail;
    }
    let odd = rest.iter().position(|octet| !(b' '..0x80).contains(octet)).unwrap_or(rest.len());
    text.len() - rest.len() + odd
}

/// Longer texts are searched by the instructions of the machine, which take longer to set out.
const SHORT: usize = 64;

/// The place of the first octet of that kind.
#[inline]
pub(crate) fn find(text: &[u8], wanted: u8) -> Option<usize> {
    if text.len() > SHORT {
        return memchr::memchr(wanted, text);
    }
    let mut rest = text;
    while let Some((word, tail)) = rest.split_first_chunk() {
        let differences = u64::from_le_bytes(*word) ^ (ONES * u64::from(wanted));
        // The lowest of the highest bits that are set is that of the first octet without difference.
        let equal = differences.wrapping_sub(ONES) & !differences & (ONES << 7);
        if equal != 0 {
            return Some(text.len() - rest.len() + equal.trailing_zeros() as usize / 8);
        }
        rest = tail;
    }
    let at = rest.iter().position(|octet| *octet == wanted)?;
    Some(text.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_can_be_printed_ends_where_it_does(text in prop::collection::vec(prop_oneof![Just(b' '), Just(0x7f), 0x1f_u8..0x82], 0..40)) {
            let end = text.iter().position(|octet| !(b' '..0x80).contains(octet)).unwrap_or(text.len());
            prop_assert_eq!(printable(&text), end);
        }

        #[test]
        fn octets_are_found(text in prop::collection::vec(prop::sample::select(vec![0, 1, b';', b'<', 0x80, 0xbb, 0xff]), 0..80)) {
            for wanted in [0, b';', 0xff, b'x'] {
                prop_assert_eq!(find(&text, wanted), text.iter().position(|octet| *octet == wanted));
            }
        }
    }

    #[test]
    fn octets_of_a_class_are_taken() {
        for length in 0..10 {
            let value = [&b"0123456789"[..length], b"x4444"].concat();
            assert_eq!(take(&value, DIGIT), value.split_at(length));
            assert_eq!(take(&value[..length], DIGIT), (&value[..length], &b""[..]));
        }
    }

    #[test]
    fn classes_are_those_of_the_grammar() {
        for octet in 0..=u8::MAX {
            let common = |others: &[u8]| octet.is_ascii_alphanumeric() || others.contains(&octet);
            assert_eq!(is(octet, TOKEN), common(b"-.!%*_+`'~"));
            assert_eq!(is(octet, HOST), common(b"-."));
            assert_eq!(is(octet, USER), common(b"-_.+*"));
            assert_eq!(is(octet, PARAMETER), common(b"-.!%*_+`'~;=:"));
            assert_eq!(is(octet, VALUE), common(b"-.!%*_+`'~=:"));
            assert_eq!(is(octet, NAME), common(b"-.!%*_+`'~ "));
            assert_eq!(is(octet, QUOTED), !b"\"\\\r\n".contains(&octet));
            assert_eq!(is(octet, DIGIT), octet.is_ascii_digit());
            assert_eq!(is(octet, LETTER), octet.is_ascii_alphabetic());
        }
    }
}
