//! Identity header fields: tokens are opened, their claims replaced like the rest of the message, and closed again. What is odd about
//! their JSON stays as odd. The signature fits nothing any more; another one of the same length stands for it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD, URL_SAFE_NO_PAD_INDIFFERENT};

use super::Redactor;
use super::key::Kind;
use super::scan::{before, each, trimmed, unquoted};

/// Passports within passports (RFC 8946 §5) deeper than this are replaced as a whole.
const DEPTH: u8 = 3;

impl Redactor {
    /// Replaces the values of Identity.
    pub(super) fn identities(&self, text: &[u8]) -> Vec<u8> {
        each(text, b',', |value| {
            let (token, params) = before(value, |byte| byte == b';');
            let token = trimmed(token, |token| unquoted(token, |token| self.token(token, 0)));
            [token, self.params(params)].concat()
        })
    }

    /// Replaces a PASSporT, in full or in compact form.
    pub(super) fn token(&self, token: &[u8], depth: u8) -> Vec<u8> {
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let signature = |text: &[u8]| self.recoded(text, |bytes| self.noise(bytes));
        let [header, claims, rest @ ..] = parts.as_slice() else { return signature(token) };
        let open = |text: &[u8]| self.recoded(text, |json| self.json(json, depth));
        let mut new = vec![open(header), open(claims)];
        new.extend(rest.iter().map(|part| signature(part)));
        new.join(&b'.')
    }

    /// Base64 with its content replaced; text that is none is replaced as an identifier.
    fn recoded(&self, text: &[u8], inner: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let bare = before(text, |byte| byte == b'=').0;
        let padding = text.get(bare.len()..).unwrap_or_default();
        let padding_only = padding.iter().all(|byte| *byte == b'=');
        let is_standard = bare.iter().any(|byte| matches!(byte, b'+' | b'/'));
        let decoded = if is_standard { STANDARD_NO_PAD.decode(bare) } else { URL_SAFE_NO_PAD_INDIFFERENT.decode(bare) };
        let Ok(content) = decoded.map_err(|_| ()).and_then(|content| if padding_only { Ok(content) } else { Err(()) })
        else {
            return self.identifier(text);
        };
        let new = inner(&content);
        let encoded = if is_standard { STANDARD_NO_PAD.encode(new) } else { URL_SAFE_NO_PAD.encode(new) };
        [encoded.as_bytes(), padding].concat()
    }

    /// As many octets without any meaning.
    fn noise(&self, bytes: &[u8]) -> Vec<u8> {
        let mut path = self.key.start(Kind::Secret);
        for byte in bytes {
            path.push(*byte);
        }
        let mut noise = Vec::with_capacity(bytes.len() + 8);
        while noise.len() < bytes.len() {
            noise.extend(path.value(0).to_le_bytes());
            path.push(0);
        }
        noise.truncate(bytes.len());
        noise
    }

    /// JSON text with the values replaced by what their names say they are; blanks, order and mistakes stay.
    pub(super) fn json(&self, json: &[u8], depth: u8) -> Vec<u8> {
        let mut out = Vec::with_capacity(json.len());
        let mut key = Vec::new();
        let mut rest = json;
        while let [first, ..] = rest {
            if *first == b'"' {
                let (string, behind) = string_in_front(rest);
                if behind.trim_ascii_start().starts_with(b":") {
                    key = string.trim_ascii().to_vec();
                    out.extend(if is_plain_key(&key) { key.clone() } else { self.free(string) });
                } else {
                    out.extend(self.json_string(&key, string, depth));
                }
                rest = behind;
                continue;
            }
            let (bare, behind) = before(rest, |byte| b"\"{}[]:, \t\r\n".contains(&byte));
            if bare.is_empty() {
                out.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            } else {
                out.extend(self.json_bare(&key, bare));
                rest = behind;
            }
        }
        out
    }

    /// A string with its quotes.
    fn json_string(&self, key: &[u8], string: &[u8], depth: u8) -> Vec<u8> {
        let Ok(text) = serde_json::from_slice::<String>(string) else {
            // A string that is none: its letters and digits go all the same.
            return self.name(string);
        };
        let old = text.as_bytes();
        let new = match key.trim_ascii_start().strip_prefix(b"\"").and_then(|k| k.strip_suffix(b"\"")).unwrap_or(key) {
            b"tn" => self.number(old).unwrap_or_else(|| self.free(old)),
            b"uri" | b"x5u" | b"jcl" | b"icn" | b"url" | b"jrd" => self.uri(old),
            b"attest" | b"alg" | b"ppt" | b"typ" | b"auth" | b"hi" if is_word_of_protocol(old) => old.to_vec(),
            b"iat" | b"exp" | b"nbf" if old.len() <= 12 && old.iter().all(|b| b.is_ascii_digit() || *b == b'.') => {
                old.to_vec()
            }
            b"origid" | b"jti" => self.identifier(old),
            b"nam" | b"crn" => self.display(old),
            b"opt" if depth < DEPTH => self.token(old, depth + 1),
            b"opt" | b"rcdi" | b"msgi" | b"mky" | b"dig" | b"sig" => self.secret(old),
            _ => self.free(old),
        };
        if new == old {
            return string.to_vec();
        }
        serde_json::to_vec(&String::from_utf8_lossy(&new)).unwrap_or_default()
    }

    /// A number, or `true`, `false`, `null`.
    fn json_bare(&self, key: &[u8], bare: &[u8]) -> Vec<u8> {
        let is_time = matches!(key, b"\"iat\"" | b"\"exp\"" | b"\"nbf\"");
        let is_number = bare.iter().all(u8::is_ascii_digit);
        let is_moment = is_time && bare.iter().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(byte));
        if matches!(bare, b"true" | b"false" | b"null") || is_number && bare.len() < 4 || is_moment {
            bare.to_vec()
        } else if is_number {
            self.number(bare).unwrap_or_else(|| self.digits(bare))
        } else {
            self.name(bare)
        }
    }
}

/// A string with its quotes at the beginning of JSON text, and what stands behind it.
fn string_in_front(text: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    text.split_at_checked(end.map_or(text.len(), |end| end + 2)).unwrap_or((text, &[]))
}

fn is_plain_key(key: &[u8]) -> bool {
    let inner = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
    inner.len() <= 24
        && inner.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/'))
        && inner.iter().filter(|b| b.is_ascii_digit()).count() < 4
}

fn is_word_of_protocol(text: &[u8]) -> bool {
    text.len() <= 24 && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "texts of tests are ASCII")]
mod tests {
    use super::super::testing::redactor;
    use super::*;
    use crate::stir::Identity;

    fn token(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims),
            URL_SAFE_NO_PAD.encode([7; 64])
        )
    }

    fn new(value: &str) -> String {
        String::from_utf8(redactor().identities(value.as_bytes())).unwrap()
    }

    #[test]
    fn claims_are_replaced_like_the_rest_of_the_message() {
        let header = r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.orig.example/shaken.pem"}"#;
        let claims = r#"{"attest":"A","dest":{"tn":["12155550113"],"uri":["sip:bob@corp.example"]},"iat":1774879200,"orig":{"tn":"12125550101"},"origid":"123e4567-e89b-12d3-a456-426655440000"}"#;
        let value =
            format!("{};info=<https://cert.orig.example/shaken.pem>;alg=ES256;ppt=shaken", token(header, claims));
        let (old, read) = (Identity::read(&value), Identity::read(&new(&value)));
        assert_eq!(read.faults(), old.faults());
        assert_eq!(read.passport.header.x5u.as_deref(), read.info());
        assert!(read.info().is_some_and(|url| url.contains(".example/")));
        let (new_claims, old_claims) = (read.passport.claims.clone().unwrap(), old.passport.claims.unwrap());
        assert_eq!((new_claims.attest, new_claims.iat), (old_claims.attest, old_claims.iat));
        let number = String::from_utf8(redactor().user(b"+12125550101")).unwrap();
        assert_eq!(new_claims.orig.unwrap().text(), &number[1..]);
        let dest: Vec<&str> = new_claims.dest.iter().map(crate::stir::Subject::text).collect();
        assert_eq!(dest[1].as_bytes(), redactor().uri(b"sip:bob@corp.example"));
        assert_ne!(new_claims.origid, old_claims.origid);
        assert_eq!(read.passport.signature().unwrap().len(), 64);
    }

    #[test]
    fn what_is_odd_stays_as_odd() {
        let header = r#"{"typ":"passport", "alg":"ES256","x5u":"https://c.example/x"}"#;
        for value in [
            token(header, r#"{"orig":{"tn":"12125550101"},"dest":{"tn":["1"]}, "iat":1}"#),
            token(header, r#"{"orig":{"tn":12125550101},"iat":"x"}"#),
            token(header, "{\"orig\":"),
            token("no json for alice", "[]"),
            "a.b.c".to_owned(),
            "..QUJD;info=<https://c.example/p.pem>".to_owned(),
            "\"QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\"".to_owned(),
            String::new(),
            "$$$.!!".to_owned(),
        ] {
            let (old, read) = (Identity::read(&value), Identity::read(&new(&value)));
            let kinds =
                |i: &Identity| i.faults().iter().map(|f| (f.part, std::mem::discriminant(&f.kind))).collect::<Vec<_>>();
            assert_eq!(kinds(&read), kinds(&old), "{value}\n{}", new(&value));
            assert_eq!((read.legacy, read.passport.compact), (old.legacy, old.passport.compact), "{value}");
        }
    }
}
