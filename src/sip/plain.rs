//! Is a value so plain that nothing can be wrong with it? Asked of every message, so it looks at bytes and allocates nothing.
//!
//! [`Plain`] is a promise that [`super::lint`] would find nothing; `None` only means that it must look. The same pass finds the parameter
//! that every message is asked for, and where the line ends: what is read here may go on behind the value.

use std::ops::Range;

use super::octets::{self, DIGIT, HOST, LETTER, NAME, PARAMETER, QUOTED, TOKEN, USER, VALUE, take};

/// More parameters than this are not plain.
const PARAMETERS_MAX: usize = 8;

/// A plain value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// The place of the parameter that was asked for; empty if it is not there.
    pub(super) parameter: Range<usize>,
    /// The octets in front of its parameters.
    pub(super) begin: usize,
    /// The octets of the value. It ends with those that were given, or with the line.
    pub(super) length: usize,
}

impl Plain {
    /// Whether nothing follows it.
    pub(super) fn is_all_of(&self, value: &[u8]) -> bool {
        self.length == value.len()
    }
}

/// `SIP/2.0/UDP host:port;name=value`, once.
pub(super) fn via(value: &[u8], wanted: Key) -> Option<Plain> {
    let rest = behind_sent_by(value)?;
    wanted_alone(value, rest, wanted).or_else(|| parameters(value, rest, wanted))
}

/// What follows protocol and sent-by of a Via value.
fn behind_sent_by(value: &[u8]) -> Option<&[u8]> {
    let (transport, rest) = take(value.strip_prefix(b"SIP/2.0/")?, LETTER);
    host(rest.strip_prefix(b" ").filter(|_| !transport.is_empty())?)
}

/// Host, port, and whether the transport is a secure one, of a Via value that begins with `SIP/2.0/UDP host:port;` or so and has no
/// quotes and brackets in front of that.
pub(super) fn sent_by(value: &[u8]) -> Option<(&[u8], Option<u16>, bool)> {
    let (transport, rest) = take(value.strip_prefix(b"SIP/2.0/")?, LETTER);
    let rest = rest.strip_prefix(b" ").filter(|_| !transport.is_empty())?;
    let (name, behind) = take(rest, HOST);
    let end = host(rest).filter(|end| end.is_empty() || end.first() == Some(&b';'))?;
    let mut port = None;
    if behind.len() > end.len() {
        let digits = behind.get(1..behind.len() - end.len())?;
        port = u16::try_from(number(digits)).ok();
    }
    let secure = [&b"TLS"[..], b"WSS"].iter().any(|name| transport.eq_ignore_ascii_case(name));
    Some((name, port, secure))
}

/// `"Name" <uri>;name=value` or `uri;name=value`, once.
pub(super) fn address(value: &[u8], wanted: Key) -> Option<Plain> {
    let rest = behind_address(value)?;
    wanted_alone(value, rest, wanted).or_else(|| parameters(value, rest, wanted))
}

/// What follows name and URI.
fn behind_address(value: &[u8]) -> Option<&[u8]> {
    let rest = match value.strip_prefix(b"\"") {
        Some(quoted) => octets::behind(quoted, QUOTED).strip_prefix(b"\"")?,
        None => value,
    };
    let (name, bracketed) = take(rest, NAME);
    if let Some(inside) = bracketed.strip_prefix(b"<") {
        return behind_uri(inside)?.strip_prefix(b">");
    }
    // Without brackets there is no name, and the parameters are the header field's.
    let is_alone = rest.len() == value.len() && !name.contains(&b' ');
    hostpart(value).filter(|_| is_alone)
}

/// A `sip:` URI with user, host, port and parameters.
pub(super) fn uri(value: &[u8]) -> bool {
    behind_uri(value).is_some_and(<[u8]>::is_empty)
}

/// What follows such a URI.
pub(super) fn behind_uri(value: &[u8]) -> Option<&[u8]> {
    let rest = hostpart(value)?;
    Some(if rest.first() == Some(&b';') { octets::behind(rest, PARAMETER) } else { rest })
}

/// How many octets are those of a value of anything that can be printed, up to the end of the line.
#[inline]
pub(super) fn words(value: &[u8]) -> Option<usize> {
    let length = octets::printable(value);
    // White space at the end does not belong to it.
    let last = *value.get(length.checked_sub(1)?)?;
    (last != b' ').then_some(length)
}

/// What follows the host and the port of a `sip:` URI.
fn hostpart(value: &[u8]) -> Option<&[u8]> {
    let rest = value.strip_prefix(b"sip:").or_else(|| value.strip_prefix(b"sips:"))?;
    let (_, behind) = take(rest, USER);
    host(behind.strip_prefix(b"@").unwrap_or(rest))
}

/// What follows a host name or IPv4 address and a port.
fn host(value: &[u8]) -> Option<&[u8]> {
    let (name, rest) = take(value, HOST);
    if name.is_empty() {
        return None;
    }
    let Some(port) = rest.strip_prefix(b":") else { return Some(rest) };
    let (digits, rest) = take(port, DIGIT);
    ((1..=4).contains(&digits.len()) || digits.len() == 5 && u16::try_from(number(digits)).is_ok()).then_some(rest)
}

/// The value of at most nine digits.
fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

/// Parameters at the end of `value`, with different names and without quotes, and the place of the wanted one. Names count as different
/// if their [`key`]s are: it is quicker, and hardly ever wrong.
fn parameters(value: &[u8], mut rest: &[u8], wanted: Key) -> Option<Plain> {
    let mut keys = [0; PARAMETERS_MAX];
    let begin = value.len() - rest.len();
    let mut parameter = 0..0;
    for count in 0..=PARAMETERS_MAX {
        let [b';', text @ ..] = rest else {
            let is_end = matches!(rest, [] | [b'\r', b'\n', ..]);
            return is_end.then_some(Plain { parameter, begin, length: value.len() - rest.len() });
        };
        let length = text.iter().position(|octet| !octets::is(*octet, TOKEN)).unwrap_or(text.len());
        let key = key(text, length)?;
        if keys.get(..count)?.contains(&key) {
            return None;
        }
        *keys.get_mut(count)? = key;
        rest = text.get(length..)?;
        let mut place = 0..0;
        if let [b'=', text @ ..] = rest {
            rest = octets::behind(text, VALUE);
            place = value.len() - text.len()..value.len() - rest.len();
        }
        if key == wanted {
            // Whether an empty value is one is for others to say.
            parameter = Some(place).filter(|place| !place.is_empty())?;
        }
    }
    None
}

/// No parameter, or the wanted one and no other: as nearly all values have it.
#[inline]
pub(super) fn wanted_alone(value: &[u8], rest: &[u8], wanted: Key) -> Option<Plain> {
    let begin = value.len() - rest.len();
    let text = match wanted {
        _ if rest.starts_with(b"\r\n") => return Some(Plain { parameter: 0..0, begin, length: begin }),
        TAG => rest.strip_prefix(b";tag=")?,
        BRANCH => rest.strip_prefix(b";branch=")?,
        _ => return None,
    };
    let end = octets::behind(text, VALUE);
    let (start, length) = (value.len() - text.len(), value.len() - end.len());
    (end.starts_with(b"\r\n") && length > start).then_some(Plain { parameter: start..length, begin, length })
}

/// What tells most names apart, in any case: up to eight octets of which that of a shorter name has all.
pub(super) type Key = u64;

/// The octets of a key.
const KEY: usize = size_of::<Key>();
/// The bit that letters of either case have, in each octet.
const LOWER_CASE: Key = Key::MAX / 255 * 0x20;

/// The key of no name.
pub(super) const NONE: Key = 0;
pub(super) const BRANCH: Key = key_of(b"branch");
pub(super) const EXPIRES: Key = key_of(b"expires");
pub(super) const TAG: Key = key_of(b"tag");

/// The key of a name of at most eight octets.
const fn key_of(mut name: &[u8]) -> Key {
    let (mut key, mut shift) = (0, 0);
    while let [octet, rest @ ..] = name {
        key |= (*octet as Key | 0x20) << shift;
        (name, shift) = (rest, shift + 8);
    }
    key
}

/// The key of a name of that length at the beginning of a text: its last octets. `None` of an empty one.
#[inline]
fn key(text: &[u8], length: usize) -> Option<Key> {
    if length == 0 {
        return None;
    }
    if length >= KEY {
        let (_, last) = text.get(..length)?.split_last_chunk()?;
        return Some(Key::from_le_bytes(*last) | LOWER_CASE);
    }
    let Some(first) = text.first_chunk() else { return text.get(..length).map(key_of) };
    Some((Key::from_le_bytes(*first) | LOWER_CASE) & (Key::MAX >> (8 * (KEY - length))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_values_are_plain() {
        for value in ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", "SIP/2.0/TLS a-b.example;received=192.0.2.1"]
        {
            assert!(via(value.as_bytes(), NONE).is_some(), "{value}");
        }
        for value in [
            "\"A. B <c>\" <sip:+12155550100@a.example:5070;user=phone>;tag=x.1",
            "Alice  <sips:a.example>",
            "<sip:a@192.0.2.1>;q=0.5;expires=60",
            "sip:a@a.example:65535;tag=1",
        ] {
            assert!(address(value.as_bytes(), NONE).is_some(), "{value}");
        }
        for value in ["SIP/2.0/UDP a;;", "SIP/2.0/UDP a;x=1;X=2", "SIP/2.0/UDP a, SIP/2.0/UDP b", "SIP/2.0/UDP [::1]"] {
            assert!(via(value.as_bytes(), NONE).is_none(), "{value}");
        }
        for value in [
            "\"A <sip:a@b>",
            "<sip:a@b?x=y>",
            "<tel:1>",
            "A, B <sip:a@b>",
            "<sip:a@b",
            "A sip:a@b",
            "sip:a@b:65536",
            "",
        ] {
            assert!(address(value.as_bytes(), NONE).is_none(), "{value}");
        }
    }
}
