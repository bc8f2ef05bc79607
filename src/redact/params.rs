//! Parameters of URIs and header fields: names stay, values go by what the name says they are.

use super::Redactor;
use super::scan::{before, each, trimmed, unquoted};

/// What a value is.
enum Meaning {
    /// Of the protocol: it stays.
    Protocol,
    Identifier,
    Branch,
    Host,
    Number,
    User,
    Uri,
    Secret,
    /// Whatever it may be.
    Free,
}

/// Parameters whose values are of the protocol, in order.
const PROTOCOL: &[&str] = &[
    "+g.3gpp.icsi-ref",
    "+sip.ice",
    "alert",
    "alg",
    "algorithm",
    "alias",
    "attest",
    "audio",
    "automata",
    "cause",
    "charset",
    "comp",
    "control",
    "counter",
    "cpc",
    "duration",
    "duplex",
    "early-only",
    "events",
    "expires",
    "extensions",
    "handling",
    "id-type",
    "index",
    "isfocus",
    "isup-oli",
    "keep",
    "level",
    "limit",
    "location",
    "lr",
    "methods",
    "mobility",
    "mp",
    "nc",
    "noa",
    "np",
    "npdi",
    "npi",
    "ob",
    "oli",
    "party",
    "ppt",
    "preq",
    "priority",
    "privacy",
    "protocol",
    "purpose",
    "q",
    "qop",
    "rate",
    "rc",
    "reason",
    "refresher",
    "reg-id",
    "required",
    "retry-after",
    "rport",
    "screen",
    "screen-ind",
    "sigcomp",
    "stale",
    "text-encoding",
    "timeout",
    "transport",
    "ttl",
    "type",
    "user",
    "verstat",
    "video",
    "version",
    "ver",
    "v",
];

/// Valueless ones and such that are easily taken for them.
const FLAGS: &[&str] =
    &["lr", "ob", "npdi", "rport", "alias", "hide", "isfocus", "automata", "keep", "early-only", "gr"];

fn meaning(name: &[u8]) -> Meaning {
    let name = name.to_ascii_lowercase();
    match name.as_slice() {
        b"branch" => Meaning::Branch,
        b"tag" | b"from-tag" | b"to-tag" | b"icid-value" | b"call-id" | b"nonce" | b"boundary" | b"id" | b"remote"
        | b"logme" | b"sigcomp-id" | b"origid" => Meaning::Identifier,
        b"ccf"
        | b"ecf"
        | b"maddr"
        | b"received"
        | b"domain"
        | b"icid-generated-at"
        | b"orig-ioi"
        | b"term-ioi"
        | b"transit-ioi"
        | b"phone-context-host" => Meaning::Host,
        b"rn" | b"isub" | b"ext" | b"cn" | b"tn" => Meaning::Number,
        b"phone-context" | b"context" | b"otg" | b"dtg" | b"tgrp" | b"trunk-context" | b"cic" => Meaning::User,
        b"+sip.instance" | b"gr" | b"pub-gruu" | b"temp-gruu" | b"url" | b"info" | b"uri" | b"cuid" | b"icon" => {
            Meaning::Uri
        }
        b"password" | b"k" => Meaning::Secret,
        _ if PROTOCOL.iter().any(|known| known.as_bytes() == name) => Meaning::Protocol,
        _ => Meaning::Free,
    }
}

impl Redactor {
    /// Replaces the values of `;name=value;flag`; anything in front of the first semicolon is free text.
    pub(super) fn params(&self, text: &[u8]) -> Vec<u8> {
        each(text, b';', |part| self.param(part))
    }

    fn param(&self, part: &[u8]) -> Vec<u8> {
        let (name, value) = before(part, |byte| byte == b'=');
        let Some(value) = value.strip_prefix(b"=") else { return self.flag(part) };
        let name_new = if is_name(name.trim_ascii()) { name.to_vec() } else { self.free(name) };
        let new = trimmed(value, |value| self.param_value(name.trim_ascii(), value));
        [name_new.as_slice(), b"=", &new].concat()
    }

    /// Replaces the value of a parameter, in quotes or not.
    pub(super) fn param_value(&self, name: &[u8], value: &[u8]) -> Vec<u8> {
        match meaning(name) {
            // Even there only what looks like a value of a protocol.
            Meaning::Protocol if is_protocol_value(value) && !self.holds_address(value) => value.to_vec(),
            Meaning::Protocol | Meaning::Free => unquoted(value, |inner| self.generic(inner)),
            Meaning::Identifier => unquoted(value, |inner| self.identifier_at_host(inner)),
            Meaning::Branch => self.branch(value),
            Meaning::Host => unquoted(value, |inner| self.host_port(inner)),
            Meaning::Number => unquoted(value, |inner| self.number(inner).unwrap_or_else(|| self.free(inner))),
            Meaning::User => unquoted(value, |inner| {
                let is_host = inner.contains(&b'.') && !inner.starts_with(b"+");
                if is_host { self.host_port(inner) } else { self.user(inner) }
            }),
            Meaning::Uri => unquoted(value, |inner| self.bracketed_uri(inner)),
            Meaning::Secret => unquoted(value, |inner| self.secret(inner)),
        }
    }

    /// A value that may be anything: a URI in brackets, or free text.
    pub(super) fn generic(&self, text: &[u8]) -> Vec<u8> {
        if text.starts_with(b"<") { self.bracketed_uri(text) } else { self.free(text) }
    }

    /// `<uri>`, or a URI without brackets.
    pub(super) fn bracketed_uri(&self, text: &[u8]) -> Vec<u8> {
        let Some(inner) = text.strip_prefix(b"<") else { return self.uri(text) };
        let (uri, end) = before(inner, |byte| byte == b'>');
        let rest = end.get(1..).unwrap_or_default();
        [b"<", self.uri(uri).as_slice(), end.get(..1).unwrap_or_default(), &self.params(rest)].concat()
    }

    /// An identifier that may have a host behind `@`, as Call-IDs do.
    pub(super) fn identifier_at_host(&self, text: &[u8]) -> Vec<u8> {
        if let Some(address) = self.literal(text) {
            return address;
        }
        match text.iter().rposition(|byte| *byte == b'@') {
            Some(at) => {
                let (id, host) = text.split_at_checked(at).unwrap_or((text, &[]));
                [&self.identifier(id), &b"@"[..], &self.host_port(host.get(1..).unwrap_or_default())].concat()
            }
            None => self.identifier(text),
        }
    }

    /// A branch, whose cookie stays (RFC 3261 §8.1.1.7).
    fn branch(&self, value: &[u8]) -> Vec<u8> {
        const COOKIE: &[u8] = b"z9hG4bK";
        let (cookie, rest) = match value.split_at_checked(COOKIE.len()) {
            Some((cookie, rest)) if cookie.eq_ignore_ascii_case(COOKIE) => (cookie, rest),
            _ => (&[][..], value),
        };
        [cookie, &self.identifier(rest)].concat()
    }

    /// A parameter without a value.
    fn flag(&self, part: &[u8]) -> Vec<u8> {
        let name = part.trim_ascii();
        let is_known = name.starts_with(b"+") && is_name(name)
            || FLAGS.iter().chain(PROTOCOL).any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if is_known { part.to_vec() } else { self.free(part) }
    }
}

/// Whether a name looks like one that software uses.
fn is_name(name: &[u8]) -> bool {
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    name.len() <= 40
        && digits < 4
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'))
}

/// Whether a value can be one of a protocol: no number of anybody, no address, nothing long.
fn is_protocol_value(value: &[u8]) -> bool {
    let inner = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
    let digits = inner.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_number = inner.iter().all(u8::is_ascii_digit);
    let few_digits = digits < 5 || is_number && digits <= 10;
    inner.len() <= 80 && few_digits && !inner.contains(&b'@') && inner.iter().all(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;

    fn new(text: &str) -> String {
        String::from_utf8(redactor().params(text.as_bytes())).unwrap()
    }

    #[test]
    fn values_of_the_protocol_stay() {
        for text in [
            ";transport=udp;lr;user=phone",
            ";q=0.5;expires=3600",
            ";cause=603",
            ";rport=5070;ttl=1",
            ";verstat=TN-Validation-Passed",
            ";index=1.1.2",
            ";privacy=full;screen=yes;reason=unconditional;counter=1",
            " ; lr = on",
            "",
        ] {
            assert_eq!(new(text), text);
        }
    }

    #[test]
    fn all_others_go_by_their_names() {
        for (text, gone) in [
            (";tag=as4711abc", "4711"),
            (";branch=z9hG4bKabc123", "abc123"),
            (";received=192.0.2.77", "192.0.2.77"),
            (";rn=+12125550142", "5550142"),
            (";phone-context=corp.example", "corp"),
            (";phone-context=+12125551", "2125551"),
            (";text=\"call of Alice\"", "Alice"),
            (";+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"", "f81d4fae"),
            (";alice", "alice"),
            (";x-account=alice", "alice"),
            (";user=alice@corp.example", "alice"),
            (";expires=\"192.0.2.77 now\"", "192.0.2.77"),
        ] {
            let written = new(text);
            assert!(!written.contains(gone) && written.len() == text.len(), "{text}: {written}");
        }
        assert!(new(";branch=z9hG4bKabc").starts_with(";branch=z9hG4bK"));
    }
}
