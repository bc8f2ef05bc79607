//! Classes of octets, by table: what every header field of every message is compared with.

/// Of a token (RFC 3261 §25.1).
pub(super) const TOKEN: u8 = 1;
/// Of a host name or IPv4 address.
pub(super) const HOST: u8 = 2;
/// Of the user part of a plain URI.
pub(super) const USER: u8 = 4;
/// Of parameters without quotes, with what separates them.
pub(super) const PARAMETER: u8 = 8;
/// Of a display name without quotes.
pub(super) const NAME: u8 = 16;

/// Of the value of a parameter without quotes.
pub(super) const VALUE: u8 = 32;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = with([0; 256], b"-.!%*_+`'~", TOKEN | PARAMETER | NAME | VALUE);
    table = with(table, b" ", NAME);
    table = with(table, b";=:", PARAMETER);
    table = with(table, b"=:", VALUE);
    table = with(table, b"-.", HOST);
    table = with(table, b"-_.+*", USER);
    let all = TOKEN | HOST | USER | PARAMETER | NAME | VALUE;
    with(table, b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", all)
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index out of bounds does not compile")]
const fn with(mut table: [u8; 256], octets: &[u8], class: u8) -> [u8; 256] {
    let mut at = 0;
    while at < octets.len() {
        table[octets[at] as usize] |= class;
        at += 1;
    }
    table
}

/// Whether an octet belongs to a class.
pub(super) fn is(octet: u8, class: u8) -> bool {
    CLASSES.get(usize::from(octet)).is_some_and(|classes| classes & class != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }
}
