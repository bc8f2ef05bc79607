//! URIs of any scheme, read or not: every part goes to what replaces its like.

use super::Redactor;
use super::scan::{before, trimmed, unescaped};
use crate::sip::HeaderName;

/// What may stand in a user part unescaped (RFC 3261 §25.1), and the marks of everything.
const USER: &[u8] = b"-_.!~*'()&=+$,;?/";
const HEADER: &[u8] = b"-_.!~*'()[]/?:+$";

impl Redactor {
    /// Replaces a URI; text without a scheme as free text.
    pub(super) fn uri(&self, text: &[u8]) -> Vec<u8> {
        trimmed(text, |text| {
            let (scheme, rest) = before(text, |byte| byte == b':');
            let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
                && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
            let Some(behind) = rest.strip_prefix(b":").filter(|_| is_scheme) else { return self.free(text) };
            let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
            let new = if is("sip") || is("sips") {
                self.sip_uri(behind)
            } else if is("tel") {
                self.with_user_parameters(behind)
            } else if is("urn") {
                self.urn(behind)
            } else if ["http", "https", "ws", "wss", "ftp", "msrp", "msrps", "stun", "turn", "xmpp"]
                .iter()
                .any(|n| is(n))
            {
                self.location(behind)
            } else if ["mailto", "im", "pres", "h323", "cid", "mid"].iter().any(|n| is(n)) {
                self.mailbox(behind)
            } else {
                return self.free(text);
            };
            [scheme, b":", &new].concat()
        })
    }

    fn sip_uri(&self, rest: &[u8]) -> Vec<u8> {
        let (user, rest) = split_at_host(rest);
        let mut out = Vec::with_capacity(rest.len() + 32);
        if let Some(user) = user {
            let (name, password) = before(user, |byte| byte == b':');
            out.extend(self.with_user_parameters(name));
            if let Some(password) = password.strip_prefix(b":") {
                out.push(b':');
                out.extend(self.secret(password));
            }
            out.push(b'@');
        }
        let (rest, headers) = before(rest, |byte| byte == b'?');
        let (host, params) = before(rest, |byte| byte == b';');
        out.extend(self.host_port(host));
        out.extend(self.params(params));
        if let Some(headers) = headers.strip_prefix(b"?") {
            out.push(b'?');
            out.extend(self.embedded(headers));
        }
        out
    }

    /// A user part, or the number of `tel:`, with parameters in it.
    fn with_user_parameters(&self, text: &[u8]) -> Vec<u8> {
        let (name, params) = before(text, |byte| byte == b';');
        [self.user(name), self.params(params)].concat()
    }

    /// Replaces a user: a number as such, else a name.
    pub(super) fn user(&self, text: &[u8]) -> Vec<u8> {
        unescaped(
            text,
            |byte| USER.contains(&byte),
            |raw| {
                if let Some(number) = self.number(raw) {
                    return number;
                }
                if let Some(literal) = self.literal(raw) {
                    return literal;
                }
                // `alice@corp.example` as a user, or `+12125550101@corp.example` with an escaped `@`.
                if let Some(at) = raw.iter().rposition(|byte| *byte == b'@') {
                    let (user, host) = raw.split_at_checked(at).unwrap_or((raw, &[]));
                    return [&self.user(user), &b"@"[..], &self.host_port(host.get(1..).unwrap_or_default())].concat();
                }
                self.name(raw)
            },
        )
    }

    /// Header fields embedded in a URI.
    fn embedded(&self, headers: &[u8]) -> Vec<u8> {
        let one = |header: &[u8]| {
            let (name, value) = before(header, |byte| byte == b'=');
            let Some(value) = value.strip_prefix(b"=") else { return self.free(header) };
            let known = HeaderName::read(name);
            let new = unescaped(
                value,
                |byte| HEADER.contains(&byte),
                |raw| {
                    if name.eq_ignore_ascii_case(b"body") {
                        self.content(b"", raw)
                    } else {
                        self.field(known, name, raw)
                    }
                },
            );
            [&self.field_name(known, name), &b"="[..], &new].concat()
        };
        headers.split(|byte| *byte == b'&').map(one).collect::<Vec<_>>().join(&b'&')
    }

    /// `//user@host:port/path?query`: the end of its last name tells what is there, and stays.
    fn location(&self, rest: &[u8]) -> Vec<u8> {
        let Some(rest) = rest.strip_prefix(b"//") else { return self.mailbox(rest) };
        let (authority, path) = before(rest, |byte| matches!(byte, b'/' | b'?' | b'#'));
        let mut out = b"//".to_vec();
        let host = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) => {
                out.extend(self.secret(authority.get(..at).unwrap_or_default()));
                out.push(b'@');
                authority.get(at + 1..).unwrap_or_default()
            }
            None => authority,
        };
        out.extend(self.host_port(host));
        let ends = [&b".pem"[..], b".crt", b".cer", b".der", b".json", b".xml", b".html"];
        let end = ends.iter().find(|end| path.to_ascii_lowercase().ends_with(end)).map_or(0, |end| end.len());
        let (path, end) = path.split_at_checked(path.len() - end).unwrap_or((path, &[]));
        out.extend(self.path(path));
        out.extend(end);
        out
    }

    /// What stands behind the host of a location: words, numbers, and anything between.
    fn path(&self, path: &[u8]) -> Vec<u8> {
        let part = |part: &[u8]| self.number_in(part).unwrap_or_else(|| self.name(part));
        let mut out = Vec::with_capacity(path.len());
        let mut rest = path;
        while !rest.is_empty() {
            let (one, behind) = before(rest, |byte| b"/?&=#;".contains(&byte));
            out.extend(unescaped(one, |byte| b"-_.~+@:!$,".contains(&byte), part));
            out.extend(behind.first());
            rest = behind.get(1..).unwrap_or_default();
        }
        out
    }

    fn urn(&self, rest: &[u8]) -> Vec<u8> {
        let (space, name) = before(rest, |byte| byte == b':');
        let is = |names: &[&str]| names.iter().any(|known| space.eq_ignore_ascii_case(known.as_bytes()));
        if is(&["service", "urn-7", "alert"]) {
            rest.to_vec()
        } else if is(&["uuid", "gsma", "imei", "nena", "emergency"]) {
            [space, &self.identifier(name)].concat()
        } else {
            self.free(rest)
        }
    }

    /// `user@host;parameters`.
    pub(super) fn mailbox(&self, text: &[u8]) -> Vec<u8> {
        let (address, params) = before(text, |byte| matches!(byte, b';' | b'?'));
        let params = if params.starts_with(b";") { self.params(params) } else { self.free(params) };
        let new = match address.iter().rposition(|byte| *byte == b'@') {
            Some(at) => {
                let (user, host) = address.split_at_checked(at).unwrap_or((address, &[]));
                [&self.user(user), &b"@"[..], &self.host_port(host.get(1..).unwrap_or_default())].concat()
            }
            None => self.host_port(address),
        };
        [new, params].concat()
    }
}

/// Splits user information and host as [`crate::sip::Uri`] does: the last `@` in front of the header parts decides.
fn split_at_host(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(first) = text.iter().position(|byte| *byte == b'@') else { return (None, text) };
    let headers = text.iter().skip(first).position(|byte| *byte == b'?').map_or(text.len(), |at| first + at);
    let at = text.get(..headers).and_then(|head| head.iter().rposition(|byte| *byte == b'@')).unwrap_or(first);
    (text.get(..at), text.get(at + 1..).unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "texts of tests are ASCII")]
mod tests {
    use super::super::testing::redactor;
    use crate::sip::Uri;

    fn new(text: &str) -> String {
        String::from_utf8(redactor().uri(text.as_bytes())).unwrap()
    }

    #[test]
    fn parts_are_replaced_by_their_like() {
        let number = new("tel:+12125550101")[4..].to_owned();
        let uri = new(
            "sip:+12125550101;npdi;rn=+12125550101:secret@PBX.corp.example:5070;transport=tcp;user=phone;maddr=192.0.2.7",
        );
        assert!(uri.starts_with(&format!("sip:{number};npdi;rn={number}:")), "{uri}");
        assert!(uri.contains(".example:5070;transport=tcp;user=phone;maddr=192.0.2."), "{uri}");
        for gone in ["secret", "PBX", "corp", "192.0.2.7"] {
            assert!(!uri.contains(gone), "{uri}");
        }
        assert_eq!(new("sip:anonymous@anonymous.invalid"), "sip:anonymous@anonymous.invalid");
        assert_eq!(new("urn:service:sos"), "urn:service:sos");
        assert_eq!(new("sip:911@example")[..8], *"sip:911@");
    }

    #[test]
    fn embedded_header_fields_are_read_as_such() {
        let uri = new("sip:bob@corp.example?Replaces=c1%40corp.example%3Bto-tag%3Dabc&Subject=call%20Alice&X=1");
        assert!(
            uri.contains("?Replaces=") && uri.contains("%3Bto-tag%3D") && uri.contains("&Subject=call%20"),
            "{uri}"
        );
        assert!(!uri.contains("Alice") && !uri.contains("corp") && !uri.contains("abc"), "{uri}");
    }

    #[test]
    fn escapes_do_not_hide_numbers() {
        let plain = new("sip:+12125550101@a.example");
        assert_eq!(new("sip:%2B12125550101@a.example").replace("%2B", "+"), plain);
    }

    #[test]
    fn other_schemes_and_none() {
        for (text, gone) in [
            (
                "https://cert.orig.example/acme/shaken.pem?tn=12125550101",
                &["orig", "acme", "shaken", "12125550101"][..],
            ),
            ("mailto:alice@corp.example", &["alice", "corp"]),
            ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", &["f81d4fae"]),
            ("foo:bar-alice", &["alice"]),
            ("alice@corp.example", &["alice", "corp"]),
            ("sip:", &[]),
            ("sip:@", &[]),
        ] {
            let uri = new(text);
            assert!(gone.iter().all(|word| !uri.contains(word)), "{text} {uri}");
            assert_eq!(Uri::read(text).is_some(), Uri::read(&uri).is_some(), "{text} {uri}");
        }
        assert!(new("https://cert.orig.example/a/b.pem").ends_with("b.pem".get(1..).unwrap()));
    }
}
