//! Challenges and credentials of Digest and other schemes.

use super::Redactor;
use super::scan::{before, each, trimmed, unquoted};

impl Redactor {
    /// Replaces the values of Authorization, WWW-Authenticate and their like. Hexadecimal values stay hexadecimal, so that
    /// whether a nonce is new can still be seen; hashes no longer fit anything.
    pub(super) fn credentials(&self, text: &[u8]) -> Vec<u8> {
        let core = text.trim_ascii_start();
        let lead = text.get(..text.len() - core.len()).unwrap_or_default();
        let (scheme, rest) = before(core, |byte| byte.is_ascii_whitespace());
        let known = ["digest", "basic", "bearer", "ntlm", "kerberos", "negotiate", "tls-dsk"];
        if !known.iter().any(|name| scheme.eq_ignore_ascii_case(name.as_bytes())) {
            return self.free(text);
        }
        let params = if scheme.eq_ignore_ascii_case(b"basic")
            || scheme.eq_ignore_ascii_case(b"bearer") && !rest.contains(&b',')
        {
            self.secret(rest)
        } else {
            each(rest, b',', |part| self.credential(part))
        };
        [lead, scheme, &params].concat()
    }

    pub(super) fn credential(&self, part: &[u8]) -> Vec<u8> {
        let (name, value) = before(part, |byte| byte == b'=');
        let Some(value) = value.strip_prefix(b"=") else { return self.free(part) };
        let new = trimmed(value, |value| match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"username" => unquoted(value, |inner| self.user(inner)),
            b"realm" | b"domain" | b"targetname" | b"gssapi-data" => unquoted(value, |inner| self.realm(inner)),
            b"uri" => unquoted(value, |inner| self.uri(inner)),
            b"nonce" | b"nextnonce" => unquoted(value, |inner| self.identifier(inner)),
            b"response" | b"cnonce" | b"opaque" | b"rspauth" | b"ck" | b"ik" | b"auts" | b"integrity-key" => {
                unquoted(value, |inner| self.identifier(inner))
            }
            name => self.param_value(name, value),
        });
        [name, b"=", &new].concat()
    }

    /// A realm: as a rule a host name, or a URI, or words.
    fn realm(&self, text: &[u8]) -> Vec<u8> {
        let is_host = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte));
        if self.literal(text).is_some() || is_host && text.contains(&b'.') {
            self.host_port(text)
        } else {
            self.free(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;

    #[test]
    fn nothing_that_names_or_proves_anybody_is_left() {
        for text in [
            r#"Digest username="alice", realm="corp.example", nonce="f84f1cec41e6cbe5aea9c8e88d359", uri="sip:alice@corp.example", response="7587245234b3434cc3412213e5f113a5", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001, opaque="5ccc069c403eba""#,
            r#"Digest realm="corp.example", nonce="f84f1cec41e6cbe5aea9c8e88d359", algorithm=MD5, qop="auth,auth-int", stale=FALSE"#,
            "Basic YWxpY2U6c2VjcmV0",
            "alice f84f1cec41e6cbe5aea9c8e88d359",
        ] {
            let new = String::from_utf8(redactor().credentials(text.as_bytes())).unwrap();
            assert_eq!(new.len(), text.len(), "{new}");
            for gone in ["alice", "corp", "f84f1c", "758724", "0a4f", "5ccc06", "YWxpY2U"] {
                assert!(!new.contains(gone), "{new}");
            }
            for kept in [
                "Digest ",
                "algorithm=MD5",
                "qop=auth",
                "nc=00000001",
                "stale=FALSE",
                "qop=\"auth,auth-int\"",
                ".example\"",
            ] {
                assert_eq!(new.contains(kept), text.contains(kept), "{kept} in {new}");
            }
        }
    }
}
