//! What is wrong with the core header fields of a message: the oddities that need more than finding things.
//!
//! Everything here is about telling, nothing about refusing: the message is read as far as sense goes in any case.

use std::net::Ipv6Addr;

use super::headers;
use super::line::Doubts;
use super::message::Facts;
use super::places::Names;
use super::plain::{self, Plain};
use super::{HeaderName, Message, NameAddr, Uri, Via, number, params, probe};
use crate::anomaly::Anomaly;

/// Header fields that may occur once (RFC 3261 table 2, and what the defining documents of the others say).
const ONCE: Names = Names::of(&[
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Date,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::ReferTo,
    HeaderName::Event,
    HeaderName::RetryAfter,
    HeaderName::RSeq,
    HeaderName::RAck,
]);

/// Whether a header field holds one address (`false`) or a list of them (`true`); `None` of others.
fn addresses_of(name: HeaderName) -> Option<bool> {
    match name {
        HeaderName::From | HeaderName::To | HeaderName::ReferTo | HeaderName::ReferredBy => Some(false),
        HeaderName::Contact | HeaderName::Route | HeaderName::RecordRoute | HeaderName::PAssertedIdentity => Some(true),
        _ => None,
    }
}

/// Header fields that hold a number of at most that value.
const NUMBERS: &[(HeaderName, u64)] = &[
    (HeaderName::MaxForwards, 255),
    (HeaderName::Expires, u32::MAX as u64),
    (HeaderName::MinExpires, u32::MAX as u64),
    (HeaderName::RetryAfter, u32::MAX as u64),
];

/// What may hold a number that is out of range, or a date.
pub(super) const RANGED: Names = Names::of(&[
    HeaderName::MaxForwards,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::RetryAfter,
    HeaderName::Warning,
    HeaderName::Date,
]);

/// What is looked into unless it is plain.
pub(super) const LOOKED_INTO: Names = Names::of(&[
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
    HeaderName::Contact,
    HeaderName::Route,
    HeaderName::RecordRoute,
    HeaderName::PAssertedIdentity,
]);

/// Whether a header field may occur once only.
pub(crate) fn is_single(name: HeaderName) -> bool {
    ONCE.has(name)
}

/// What is wrong with one value of a header field that is looked into.
pub(crate) fn of_value(name: HeaderName, value: &str) -> Option<Anomaly> {
    let mut odd = Vec::new();
    values(name, value.as_bytes(), &mut odd);
    odd.into_iter().next()
}

/// What is wrong with the message, in no particular order, with repetitions. What is known to be plain is left out.
pub(super) fn find(message: &Message, facts: &Facts, odd: &mut Vec<Anomaly>) {
    let head = message.head();
    if facts.doubts.has(Doubts::ASCII) && !head.is_ascii() && std::str::from_utf8(head).is_err() {
        odd.push(Anomaly::NotUtf8);
    }
    if !facts.uri_is_plain {
        request_uri(message, odd);
    }
    if facts.repeated.has_any(ONCE) {
        odd.push(Anomaly::HeaderFieldRepeated);
    }
    if facts.doubts.has(Doubts::PLAIN) {
        message.raw_fields().for_each(|(name, value)| values(name, value, odd));
    }
    if message.branch().is_none_or(|branch| !branch.starts_with(b"z9hG4bK") || branch.len() == 7)
        && message.has(HeaderName::Via)
    {
        odd.push(Anomaly::BranchNotUnique);
    }
    if message.cseq().is_some_and(|cseq| cseq.number > i32::MAX as u32) {
        odd.push(Anomaly::CSeqInvalid);
    }
    if facts.doubts.has(Doubts::RANGE) || facts.doubts.has(Doubts::EXPIRES) {
        numbers(message, facts, odd);
        date(message, odd);
    }
}

fn date(message: &Message, odd: &mut Vec<Anomaly>) {
    let Some(date) = message.header(HeaderName::Date) else { return };
    if !date.trim_end().ends_with("GMT") || crate::stir::date::read(&date).is_none() {
        odd.push(Anomaly::DateMalformed);
    }
}

/// Most values are plain; the others are unfolded and looked at.
fn values(name: HeaderName, value: &[u8], odd: &mut Vec<Anomaly>) {
    let unfolded = || String::from_utf8_lossy(&headers::unfold(value)).into_owned();
    let is_other = |plain: Option<Plain>| plain.is_none_or(|plain| !plain.is_all_of(value));
    if name == HeaderName::Via {
        if is_other(plain::via(value, plain::NONE)) {
            via(&unfolded(), odd);
        }
    } else if let Some(is_list) = addresses_of(name)
        && is_other(plain::address(value, plain::NONE))
    {
        addresses(&unfolded(), is_list, odd);
    }
}

fn request_uri(message: &Message, odd: &mut Vec<Anomaly>) {
    if message.request_uri_bytes().is_some_and(plain::uri) {
        return;
    }
    let Some(text) = message.request_uri_text() else { return };
    let legal = Uri::read(&text).is_some_and(|uri| {
        // RFC 3261 §19.1.1 table 1: no header parts in a Request-URI.
        host_is_legal(&uri) && uri.headers.is_none()
    });
    if !legal || text.contains(['<', '>', '"', ' ', '\t']) {
        odd.push(Anomaly::RequestUriMalformed);
    }
}

fn addresses(value: &str, is_list: bool, odd: &mut Vec<Anomaly>) {
    let values = if is_list { params::split(value, ',') } else { vec![value] };
    for value in values {
        if !quotes_are_closed(value) {
            odd.push(Anomaly::QuoteUnbalanced);
            continue;
        }
        if value == "*" {
            continue;
        }
        match NameAddr::read(value) {
            Some(address) if address_is_legal(value, &address) => {}
            _ => odd.push(Anomaly::AddressMalformed),
        }
        let rest = value.rsplit_once('>').map_or_else(|| value.split_once(';').map_or("", |(_, r)| r), |(_, r)| r);
        parameters(rest, odd);
    }
}

fn address_is_legal(value: &str, address: &NameAddr) -> bool {
    if !host_is_legal(&address.uri) {
        return false;
    }
    if !address.bracketed {
        // RFC 3261 §20.10: a URI with a comma, question mark or semicolon must stand in brackets.
        return address.uri.headers.is_none() && !address.uri.raw().contains([',', ' ', '<', '>']);
    }
    let name = params::find(value, '<').and_then(|at| value.get(..at)).unwrap_or_default().trim();
    let inside = params::find(value, '<').and_then(|at| value.get(at + 1..)).unwrap_or_default();
    let inside = inside.split_once('>').map(|(uri, _)| uri);
    let name_is_legal = name.starts_with('"') || name.bytes().all(|b| probe::is_token(b) || b == b' ' || b == b'\t');
    // Names in other scripts without quotes are common, and no harm to reading.
    (name_is_legal || !name.is_ascii()) && inside.is_some_and(|uri| !uri.contains(char::is_whitespace))
}

/// Whether the host is one: an IPv6 reference must hold an IPv6 address (RFC 5118 §4.10 shows the three colons that the first
/// grammar allowed).
fn host_is_legal(uri: &Uri) -> bool {
    if !uri.is_sip() {
        return true;
    }
    match uri.host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !uri.host.contains([':', '[', ']', '%']),
    }
}

fn quotes_are_closed(value: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

/// Parameters behind a value: none may be empty, or be there twice (RFC 3261 §7.3.1).
fn parameters(text: &str, odd: &mut Vec<Anomaly>) {
    let text = text.trim().strip_prefix(';').unwrap_or(text.trim());
    if text.is_empty() {
        return;
    }
    let mut names: Vec<String> =
        text.split(';').map(|p| p.split('=').next().unwrap_or_default().trim().to_ascii_lowercase()).collect();
    let quoted = text.contains('"');
    // There may be thousands.
    names.sort_unstable();
    let twice = names.array_windows().any(|[name, next]| name == next);
    if !quoted && (twice || names.iter().any(String::is_empty)) {
        odd.push(Anomaly::ParameterMalformed);
    }
}

fn via(value: &str, odd: &mut Vec<Anomaly>) {
    let parts = params::split(value, ',');
    let empty = value.split(',').count() > parts.len() && !value.contains('"');
    if empty || parts.iter().any(|part| Via::read(part).is_none()) {
        odd.push(Anomaly::ViaMalformed);
    }
    parts.iter().filter_map(|part| part.split_once(';')).for_each(|(_, rest)| parameters(rest, odd));
}

fn numbers(message: &Message, facts: &Facts, odd: &mut Vec<Anomaly>) {
    for (name, most) in NUMBERS {
        // Retry-After may have a comment and parameters behind its number; Expires was a date once (RFC 2543 §6.20).
        let wrong = |value: &[u8]| {
            let value = value.trim_ascii();
            value.first().is_some_and(u8::is_ascii_digit) && number::leading(value).is_none_or(|(n, _)| n > *most)
        };
        if message.has(*name) && message.raw_values(*name).next().is_some_and(wrong) {
            odd.push(Anomaly::NumberOutOfRange);
        }
    }
    let warning = |value: &String| value.trim().bytes().take_while(u8::is_ascii_digit).count() != 3;
    let expires = |contact: &NameAddr| contact.params.value("expires").is_some_and(|e| e.parse::<u32>().is_err());
    // Contacts are read only where the word occurs.
    let wrong_expires = facts.doubts.has(Doubts::EXPIRES)
        && message.raw_values(HeaderName::Contact).any(has_expires)
        && message.contacts().iter().any(expires);
    let has_warning = message.has(HeaderName::Warning);
    if wrong_expires || has_warning && message.values(HeaderName::Warning).iter().any(warning) {
        odd.push(Anomaly::NumberOutOfRange);
    }
}

/// Whether the word occurs, which it does around an X.
fn has_expires(value: &[u8]) -> bool {
    let word = |x: usize| value.get(x.checked_sub(1)?..).and_then(|from| from.get(..7));
    memchr::memchr2_iter(b'x', b'X', value).filter_map(word).any(|word| word.eq_ignore_ascii_case(b"expires"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_is_wrong_with_plain_values(
            text in r#"("[ a"<>\\]{0,3}"|[a ,;]{0,3})? ?<?sips?:([a-b.;]{0,2}@)?[a-b.:0-9%]{0,8}[:;?]?[a=;]{0,4}>?(;[aA=b"]{0,3}){0,3}"#,
        ) {
            let mut odd = Vec::new();
            addresses(&text, true, &mut odd);
            prop_assert!(odd.is_empty() || plain::address(text.as_bytes(), plain::NONE).is_none(), "{} {:?}", text, odd);
            let uri_is_legal = Uri::read(&text).is_some_and(|uri| host_is_legal(&uri) && uri.headers.is_none());
            prop_assert!(uri_is_legal || !plain::uri(text.as_bytes()), "{}", text);
        }

        #[test]
        fn nothing_is_wrong_with_plain_vias(text in r#"SIP/2.0/[A-B]{0,2} ?[a.:0-9,]{0,7}(;[aA=b"]{0,3}){0,3}"#) {
            let mut odd = Vec::new();
            via(&text, &mut odd);
            prop_assert!(odd.is_empty() || plain::via(text.as_bytes(), plain::NONE).is_none(), "{} {:?}", text, odd);
        }
    }
}
