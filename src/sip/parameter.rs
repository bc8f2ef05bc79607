//! Where a parameter of a header field stands, in octets as captured and outside of quotes and brackets: for values that
//! [`plain`](super::plain) does not know.

use std::ops::Range;

/// The place of `;name=value` behind the URI of a header field value, ending at the next `;`, `,` or blank. Of a list only the
/// first value counts; elsewhere a comma is part of a display name that lacks its quotes.
pub(super) fn find(value: &[u8], name: &[u8], is_list: bool) -> Option<Range<usize>> {
    let Some(quote) = memchr::memchr(b'"', value) else { return scan_unquoted(value, name, is_list) };
    if let Some(behind) = behind_display_name(value, quote) {
        let place = scan_unquoted(value.get(behind..)?, name, is_list)?;
        return Some(behind + place.start..behind + place.end);
    }
    let in_order = scan_parameters(value, name, is_list, true);
    // A quote that is never closed would hide everything behind it.
    in_order.or_else(|| scan_parameters(value, name, is_list, false))
}

/// Where a value goes on behind a display name in quotes that begins it, if these are its only ones.
fn behind_display_name(value: &[u8], quote: usize) -> Option<usize> {
    let rest = value.get(1..).filter(|_| quote == 0)?;
    let end = memchr::memchr2(b'"', b'\\', rest).filter(|at| rest.get(*at) == Some(&b'"'))?;
    let behind = rest.get(end + 1..)?;
    memchr::memchr(b'"', behind).is_none().then_some(end + 2)
}

/// As [`scan_parameters`] where there are no quotes.
fn scan_unquoted(value: &[u8], name: &[u8], is_list: bool) -> Option<Range<usize>> {
    let mut at = 0;
    loop {
        let rest = value.get(at..)?;
        let found = memchr::memchr3(b'<', b';', b',', rest)?;
        at += found + 1;
        match rest.get(found)? {
            b'<' => at += memchr::memchr(b'>', value.get(at..)?)? + 1,
            b',' if is_list => return None,
            b';' => {
                if let Some(range) = value.get(at..).and_then(|rest| named(rest, name)) {
                    return Some(at + range.start..at + range.end);
                }
            }
            _ => {}
        }
    }
}

fn scan_parameters(value: &[u8], name: &[u8], is_list: bool, heed_quotes: bool) -> Option<Range<usize>> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !angle && heed_quotes => quoted = !quoted,
            _ if quoted => {}
            b'<' => angle = true,
            b'>' => angle = false,
            b',' if !angle && is_list => return None,
            b';' if !angle => {
                if let Some(range) = value.get(at + 1..).and_then(|rest| named(rest, name)) {
                    return Some(at + 1 + range.start..at + 1 + range.end);
                }
            }
            _ => {}
        }
    }
    None
}

fn named(rest: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let blank = |b: &u8| b.is_ascii_whitespace();
    let start = rest.iter().position(|b| !blank(b))?;
    let (found, tail) = rest.get(start..)?.split_at_checked(name.len())?;
    if !found.eq_ignore_ascii_case(name) {
        return None;
    }
    let equals = tail.iter().position(|b| !blank(b)).filter(|at| tail.get(*at) == Some(&b'='))?;
    let value = tail.get(equals + 1..)?;
    let from = value.iter().position(|b| !blank(b))?;
    let length = value.get(from..)?.iter().position(|b| blank(b) || *b == b';' || *b == b',');
    let from = start + name.len() + equals + 1 + from;
    Some(from..length.map_or(rest.len(), |length| from + length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plain;
    use super::*;

    proptest! {
        #[test]
        fn plain_values_have_the_same_parameter(
            address in r#"("[ a;]{0,2}" ?|[a ]{0,2})<?sips?:(a@)?[a-b.]{1,2}(:[0-9]{1,5})?(;[a=]{0,2})?>?(;(tag|TAG|b)?=?[a=:]{0,2}){0,3}"#,
            via in r"SIP/2.0/[A-B]{1,2} [a.:0-9]{1,3}(;(branch|Branch|b)?=?[a=:]{0,2}){0,3}",
        ) {
            for (value, name, is_via) in [(address.as_bytes(), &b"tag"[..], false), (via.as_bytes(), b"branch", true)] {
                let plain = if is_via {
                    plain::via(value, plain::BRANCH)
                } else {
                    plain::address(value, plain::TAG)
                };
                if let Some(plain) = plain {
                    prop_assert!(plain.is_all_of(value));
                    prop_assert_eq!(Some(plain.parameter).filter(|place| !place.is_empty()), find(value, name, is_via));
                }
            }
        }

        #[test]
        fn behind_a_display_name_both_ways_find_the_same_parameter(value in r#""[a;<\\]{0,2}"([a-c<>;,= "]|tag|tag=){0,12}"#) {
            let value = value.as_bytes();
            if let Some(behind) = behind_display_name(value, 0) {
                let found = scan_unquoted(&value[behind..], b"tag", false);
                let whole = scan_parameters(value, b"tag", false, true);
                prop_assert_eq!(found.map(|r| r.start + behind..r.end + behind), whole);
            }
        }

        #[test]
        fn without_quotes_both_ways_find_the_same_parameter(value in "([a-c<>;,= ]|tag|tag=){0,12}", is_list: bool) {
            let value = value.as_bytes();
            for name in [&b"tag"[..], b"a"] {
                prop_assert_eq!(scan_unquoted(value, name, is_list), scan_parameters(value, name, is_list, true));
            }
        }
    }
}
