//! Is a value so plain that nothing can be wrong with it? Asked of every message, so it looks at bytes and allocates nothing.
//!
//! [`Plain`] is a promise that [`super::lint`] would find nothing; `None` only means that it must look. The same pass finds the parameter
//! that every message is asked for, and where the line ends: what is read here may go on behind the value.

use std::ops::Range;

use super::octets::{self, DIGIT, GRAPHIC, HOST, LETTER, NAME, PARAMETER, QUOTED, TOKEN, USER, VALUE, take};

/// More parameters than this are not plain.
const PARAMETERS_MAX: usize = 8;

/// A plain value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// The place of the parameter that was asked for; `None` if it is not there.
    pub(super) parameter: Option<Range<usize>>,
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
pub(super) fn via(value: &[u8], wanted: &[u8]) -> Option<Plain> {
    let (transport, rest) = take(value.strip_prefix(b"SIP/2.0/")?, LETTER);
    let rest = rest.strip_prefix(b" ").filter(|_| !transport.is_empty())?;
    parameters(value, host(rest)?, wanted)
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
pub(super) fn address(value: &[u8], wanted: &[u8]) -> Option<Plain> {
    let rest = match value.strip_prefix(b"\"") {
        Some(quoted) => octets::behind(quoted, QUOTED).strip_prefix(b"\"")?,
        None => value,
    };
    let (name, bracketed) = take(rest, NAME);
    if let Some(inside) = bracketed.strip_prefix(b"<") {
        return parameters(value, behind_bracket(hostpart(inside)?)?, wanted);
    }
    // Without brackets there is no name, and the parameters are the header field's.
    let is_alone = rest.len() == value.len() && !name.contains(&b' ');
    parameters(value, hostpart(value).filter(|_| is_alone)?, wanted)
}

/// A `sip:` URI with user, host, port and parameters.
pub(super) fn uri(value: &[u8]) -> bool {
    hostpart(value).is_some_and(|rest| {
        rest.is_empty() || rest.first() == Some(&b';') && octets::behind(rest, PARAMETER).is_empty()
    })
}

/// Words with single blanks between them, up to the end of the line.
pub(super) fn words(value: &[u8]) -> Option<Plain> {
    let (mut word, mut rest) = take(value, GRAPHIC);
    while let (Some(behind), false) = (rest.strip_prefix(b" "), word.is_empty()) {
        (word, rest) = take(behind, GRAPHIC);
    }
    let length = value.len() - rest.len();
    (!word.is_empty()).then_some(Plain { parameter: None, begin: length, length })
}

/// What follows the bracket that ends a URI, of which the parameters are left.
fn behind_bracket(value: &[u8]) -> Option<&[u8]> {
    let inside = if value.first() == Some(&b';') { octets::behind(value, PARAMETER) } else { value };
    inside.strip_prefix(b">")
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

/// Parameters at the end of `value`, with different names and without quotes, and the place of the wanted one. Names count as different if
/// their lengths, first or last letters are: it is quicker, and hardly ever wrong.
fn parameters(value: &[u8], mut rest: &[u8], wanted: &[u8]) -> Option<Plain> {
    let mut keys = [0_u32; PARAMETERS_MAX];
    let begin = value.len() - rest.len();
    let mut parameter = None;
    for count in 0..=PARAMETERS_MAX {
        let [b';', text @ ..] = rest else {
            let is_end = matches!(rest, [] | [b'\r', b'\n', ..]);
            return is_end.then_some(Plain { parameter, begin, length: value.len() - rest.len() });
        };
        let (name, behind) = take(text, TOKEN);
        let key = key(name)?;
        if keys.get(..count)?.contains(&key) {
            return None;
        }
        *keys.get_mut(count)? = key;
        let [b'=', text @ ..] = behind else {
            rest = behind;
            continue;
        };
        rest = octets::behind(text, VALUE);
        if name.len() == wanted.len() && name.eq_ignore_ascii_case(wanted) {
            let place = value.len() - text.len()..value.len() - rest.len();
            // Whether an empty value is one is for others to say.
            parameter = Some(place).filter(|place| !place.is_empty());
            parameter.as_ref()?;
        }
    }
    None
}

/// What tells most names apart, in any case; `None` of an empty one.
fn key(name: &[u8]) -> Option<u32> {
    let letter = |octet: &u8| u32::from(octet | 0x20);
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX >> 16);
    Some(length << 16 | letter(name.first()?) << 8 | letter(name.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_values_are_plain() {
        for value in ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", "SIP/2.0/TLS a-b.example;received=192.0.2.1"]
        {
            assert!(via(value.as_bytes(), b"").is_some(), "{value}");
        }
        for value in [
            "\"A. B <c>\" <sip:+12155550100@a.example:5070;user=phone>;tag=x.1",
            "Alice  <sips:a.example>",
            "<sip:a@192.0.2.1>;q=0.5;expires=60",
            "sip:a@a.example:65535;tag=1",
        ] {
            assert!(address(value.as_bytes(), b"").is_some(), "{value}");
        }
        for value in ["SIP/2.0/UDP a;;", "SIP/2.0/UDP a;x=1;X=2", "SIP/2.0/UDP a, SIP/2.0/UDP b", "SIP/2.0/UDP [::1]"] {
            assert!(via(value.as_bytes(), b"").is_none(), "{value}");
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
            assert!(address(value.as_bytes(), b"").is_none(), "{value}");
        }
    }
}
