//! Challenges and credentials: WWW-Authenticate, Proxy-Authenticate, Authorization, Proxy-Authorization (RFC 3261 §22).

use super::{HeaderName, Message, Params, params};

/// One challenge, or the credentials that answer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The header field that carries it.
    pub header: HeaderName,
    /// Such as `Digest`.
    pub scheme: String,
    /// Its parameters: realm, nonce, algorithm, stale, username, …
    pub params: Params,
    /// Scheme and parameters as captured, but for blanks around the commas.
    pub raw: String,
}

impl Challenge {
    /// Reads a value; some put several challenges into one, though each should have a line of its own (RFC 3261 §7.3.1).
    pub fn read(header: HeaderName, value: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for part in params::split(value, ',') {
            let (scheme, parameter) = with_scheme(part);
            if let Some(scheme) = scheme {
                found.push(Self { header, scheme: scheme.to_owned(), params: Params::default(), raw: String::new() });
            }
            if let Some(challenge) = found.last_mut() {
                challenge.raw.push_str(if challenge.raw.is_empty() { "" } else { ", " });
                challenge.raw.push_str(part);
                challenge.params.0.extend(Params::read(parameter).0);
            }
        }
        found
    }

    /// The realm: which account is asked for. Compared as it is (RFC 3261 §22.3 quotes it to the user).
    pub fn realm(&self) -> Option<&str> {
        self.params.value("realm")
    }

    /// Whether it is for Digest and lacks what every answer needs, realm and nonce, in a form that can be read (RFC 3261 §25.1):
    /// a backslash in front of a quotation mark makes no quoted string.
    pub fn is_unreadable(&self) -> bool {
        let reads = |name| self.params.value(name).is_some_and(|value| !value.starts_with("\\\""));
        self.scheme.eq_ignore_ascii_case("Digest") && !(reads("realm") && reads("nonce"))
    }

    /// Whether only the nonce was too old: the password was right (RFC 7616 §3.3).
    pub fn is_stale(&self) -> bool {
        self.params.value("stale").is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// The digest algorithm; without the parameter MD5 (RFC 7616 §3.3).
    pub fn algorithm(&self) -> &str {
        self.params.value("algorithm").unwrap_or("MD5")
    }

    /// Whether these credentials answer that challenge: same scheme and realm.
    pub fn answers(&self, challenge: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(&challenge.scheme) && self.realm() == challenge.realm()
    }
}

impl Message {
    /// The challenges of a 401 or 407.
    pub fn challenges(&self) -> Vec<Challenge> {
        self.read_challenges(&[HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate])
    }

    /// The credentials of a request. Digest parameters without nonce or response are none: an IMS client names its identity
    /// in this way before it was challenged (3GPP TS 24.229 §5.1.1.2).
    pub fn credentials(&self) -> Vec<Challenge> {
        let mut found = self.read_challenges(&[HeaderName::Authorization, HeaderName::ProxyAuthorization]);
        found.retain(|sent| ["nonce", "response"].iter().all(|name| sent.params.value(name) != Some("")));
        found
    }

    fn read_challenges(&self, names: &[HeaderName]) -> Vec<Challenge> {
        names
            .iter()
            .flat_map(|name| self.headers(*name).flat_map(|v| Challenge::read(*name, &v)).collect::<Vec<_>>())
            .collect()
    }
}

/// `Digest realm="x"` begins a challenge; `nonce="y"` goes on with it.
fn with_scheme(part: &str) -> (Option<&str>, &str) {
    let end = part.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(part.len());
    let (word, rest) = part.split_at_checked(end).unwrap_or((part, ""));
    let rest = rest.trim_start();
    if rest.starts_with('=') { (None, part) } else { (Some(word), rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_without_nonce_or_response_is_no_credentials() {
        for (parameters, count) in [
            ("nonce=\"\", response=\"\"", 0),
            ("nonce=\"n\", response=\"\"", 0),
            ("nonce=\"n\", response=\"00\"", 1),
            ("nonce=\"n\"", 1),
        ] {
            let text = format!(
                "REGISTER sip:ims.example SIP/2.0\r\nAuthorization: Digest username=\"u\", realm=\"r\", {parameters}\r\n\r\n"
            );
            let (m, _) = Message::read(text.as_bytes(), false).unwrap();
            assert_eq!(m.credentials().len(), count, "{parameters}");
        }
    }

    #[test]
    fn a_challenge_that_nobody_can_answer_is_unreadable() {
        for (value, expected) in [
            (r#"Digest realm=\"a\",nonce=\"b\""#, true),
            (r#"Digest realm="a""#, true),
            (r#"Digest nonce="b""#, true),
            (r#"Digest realm="a", nonce="b""#, false),
            (r#"Digest realm="\"a\"", nonce="b""#, false),
            ("Digest realm=a, nonce=b", false),
            (r#"Basic realm="a""#, false),
        ] {
            let read = Challenge::read(HeaderName::WwwAuthenticate, value);
            assert_eq!(read[0].is_unreadable(), expected, "{value}");
        }
    }

    #[test]
    fn challenges_are_read_alone_and_in_one_line() {
        let text = "SIP/2.0 401 Unauthorized\r\n\
            WWW-Authenticate: Digest realm=\"a, b\", nonce=\"n1\", stale=TRUE, algorithm=SHA-256, Digest realm=\"a, b\",nonce = \"n2\"\r\n\
            Proxy-Authenticate: Basic realm=\"p\"\r\n\r\n";
        let (m, _) = Message::read(text.as_bytes(), false).unwrap();
        let all = m.challenges();
        let rows: Vec<_> = all
            .iter()
            .map(|c| (c.scheme.as_str(), c.realm(), c.params.value("nonce"), c.is_stale(), c.algorithm()))
            .collect();
        assert_eq!(
            rows,
            [
                ("Digest", Some("a, b"), Some("n1"), true, "SHA-256"),
                ("Digest", Some("a, b"), Some("n2"), false, "MD5"),
                ("Basic", Some("p"), None, false, "MD5"),
            ]
        );
        assert!(all[0].answers(&all[1]) && !all[0].answers(&all[2]) && m.credentials().is_empty());
    }
}
