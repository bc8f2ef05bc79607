//! Is a value so plain that nothing can be wrong with it? Asked of every message, so it looks at bytes and allocates nothing.
//!
//! [`Plain`] is a promise that [`super::lint`] would find nothing; `None` only means that it must look. The same pass finds the parameter
//! that every message is asked for, and where the line ends: what is read here may go on behind the value.

use std::ops::Range;

use super::marks::{self, Mark, Marks};
use super::octets::{self, DIGIT, HOST, LETTER, NAME, PARAMETER, TOKEN, USER, VALUE, take};

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
pub(super) fn via(value: &[u8], wanted: &[u8]) -> Option<Plain> {
    let begin = b"SIP/2.0/";
    value.strip_prefix(begin)?;
    let mut marks = Marks::behind(value, begin.len());
    let (blank, _) = Some(marks.next()).filter(|(at, octet)| *octet == b' ' && *at > begin.len())?;
    let end = host(&mut marks, blank + 1)?;
    parameters(&mut marks, end, wanted)
}

/// Host, port, and whether the transport is a secure one, of a Via value that begins with `SIP/2.0/UDP host:port;` or so and has no
/// quotes and brackets in front of that.
pub(super) fn sent_by(value: &[u8]) -> Option<(&[u8], Option<u16>, bool)> {
    let (transport, rest) = take(value.strip_prefix(b"SIP/2.0/")?, LETTER);
    let rest = rest.strip_prefix(b" ").filter(|_| !transport.is_empty())?;
    let (name, mut rest) = take(rest, HOST);
    let mut port_number = None;
    if let Some(behind) = rest.strip_prefix(b":") {
        let (digits, behind) = take(behind, DIGIT);
        port_number = Some(port(digits)?);
        rest = behind;
    }
    if name.is_empty() || !matches!(rest.first(), None | Some(b';')) {
        return None;
    }
    let secure = [&b"TLS"[..], b"WSS"].iter().any(|name| transport.eq_ignore_ascii_case(name));
    Some((name, port_number, secure))
}

/// `"Name" <uri>;name=value` or `uri;name=value`, once.
pub(super) fn address(value: &[u8], wanted: &[u8]) -> Option<Plain> {
    // Without brackets there is no name, and the parameters are the header field's.
    if value.starts_with(b"sip:") || value.starts_with(b"sips:") {
        let mut marks = Marks::behind(value, 0);
        let end = hostpart(&mut marks, 0)?;
        return parameters(&mut marks, end, wanted);
    }
    let is_quoted = value.first() == Some(&b'"');
    let mut marks = Marks::behind(value, usize::from(is_quoted));
    if is_quoted && !marks.quoted() {
        return None;
    }
    let (bracket, _) = Some(marks.behind_class(NAME)).filter(|(_, octet)| *octet == b'<')?;
    let end = uri_at(&mut marks, bracket + 1)?;
    let behind = Some(end).filter(|(_, octet)| *octet == b'>').map(|(at, _)| at + 1)?;
    let next = Some(marks.next()).filter(|(at, _)| *at == behind)?;
    parameters(&mut marks, next, wanted)
}

/// A `sip:` URI with user, host, port and parameters.
pub(super) fn uri(value: &[u8]) -> bool {
    uri_at(&mut Marks::behind(value, 0), 0).is_some_and(|(at, _)| at == value.len())
}

/// The mark behind such a URI at that place, of which no mark has been passed.
pub(super) fn uri_at(marks: &mut Marks<'_>, at: usize) -> Option<Mark> {
    let end = hostpart(marks, at)?;
    Some(if end.1 == b';' { marks.behind_class(PARAMETER) } else { end })
}

/// Anything that can be printed, up to the end of the line.
pub(super) fn words(value: &[u8]) -> Option<Plain> {
    let length = marks::printable(value);
    // White space at the end does not belong to it.
    let last = *value.get(length.checked_sub(1)?)?;
    (last != b' ').then_some(Plain { parameter: 0..0, begin: length, length })
}

/// The mark behind the host and the port of a `sip:` URI at that place, of which no mark has been passed.
#[inline]
fn hostpart(marks: &mut Marks<'_>, at: usize) -> Option<Mark> {
    let uri = marks.text().get(at..)?;
    let scheme = if uri.starts_with(b"sip:") {
        4
    } else if uri.starts_with(b"sips:") {
        5
    } else {
        return None;
    };
    marks.next();
    let mark = marks.next();
    let end = if octets::is(mark.1, USER) { marks.behind_class(USER) } else { mark };
    if end.1 == b'@' {
        return host(marks, end.0 + 1);
    }
    // A host has none of the marks that users may have.
    if end == mark { behind_host(marks, at + scheme, mark) } else { None }
}

/// The mark behind a host name or IPv4 address and a port at that place, up to which all marks have been passed.
#[inline]
fn host(marks: &mut Marks<'_>, at: usize) -> Option<Mark> {
    let mark = marks.next();
    behind_host(marks, at, mark)
}

/// The same of a host that ends at a mark.
#[inline]
fn behind_host(marks: &mut Marks<'_>, at: usize, mark: Mark) -> Option<Mark> {
    if mark.0 <= at {
        return None;
    }
    if mark.1 != b':' {
        return Some(mark);
    }
    let end = marks.next();
    port(marks.text().get(mark.0 + 1..end.0)?)?;
    Some(end)
}

/// A port in at most five digits.
#[inline]
fn port(digits: &[u8]) -> Option<u16> {
    if !(1..=5).contains(&digits.len()) {
        return None;
    }
    let mut number = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    u16::try_from(number).ok()
}

/// Parameters from a mark on up to the end, with different names and without quotes, and the place of the wanted one. Names count as
/// different if their lengths, first or last letters are: it is quicker, and hardly ever wrong.
fn parameters(marks: &mut Marks<'_>, first: Mark, wanted: &[u8]) -> Option<Plain> {
    let mut keys = [0_u32; PARAMETERS_MAX];
    let (mut parameter, mut mark) = (0..0, first);
    for count in 0..=PARAMETERS_MAX {
        let (at, octet) = mark;
        if octet != b';' {
            return is_end(marks.text(), at).then_some(Plain { parameter, begin: first.0, length: at });
        }
        mark = marks.behind_class(TOKEN);
        let name = marks.text().get(at + 1..mark.0)?;
        let key = key(name)?;
        if keys.get(..count)?.contains(&key) {
            return None;
        }
        *keys.get_mut(count)? = key;
        let is_wanted = name.len() == wanted.len() && name.eq_ignore_ascii_case(wanted);
        let from = mark.0 + 1;
        if mark.1 == b'=' {
            mark = marks.behind_class(VALUE);
        }
        if is_wanted {
            // Whether an empty value is one is for others to say.
            parameter = Some(from..mark.0).filter(|value| !value.is_empty())?;
        }
    }
    None
}

/// Whether a text, or its line, ends at that place.
fn is_end(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..), Some([] | [b'\r', b'\n', ..]))
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
