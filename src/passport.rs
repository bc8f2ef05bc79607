//! One Identity header field value looked at by hand: what it holds, and the verdict of each check (`sipscan passport`).

use crate::report::escape::terminal;
use crate::stir::{Fault, Freshness, Identity, Subject, Surroundings, TrustStore, Verdict, certificate_url, verify};
use crate::wrap::wrap;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The report, with a line end after each line.
    pub text: String,
    /// Whether a check failed. What was not checked, and what is merely untidy, is no fault.
    pub faulty: bool,
}

/// Decodes and checks the values in `text`: those of an Identity header field, with or without its name, or a bare token.
/// `moment`: when a verifier would look, in seconds since the Unix epoch; without it freshness is not checked.
///
/// `None` where the text holds nothing at all.
pub fn inspect(text: &str, moment: Option<i64>, trust: &TrustStore, width: usize) -> Option<Inspection> {
    let identities = Identity::read_list(value(text).trim());
    if identities.is_empty() {
        return None;
    }
    let mut page = Page { width, text: String::new(), faulty: false };
    for identity in &identities {
        if !page.text.is_empty() {
            page.text.push('\n');
        }
        page.identity(identity, moment, trust);
    }
    Some(Inspection { text: page.text, faulty: page.faulty })
}

/// Takes the name of the header field off, and joins folded lines.
fn value(text: &str) -> String {
    let text = text.trim();
    let named = text.split_once(':').filter(|(name, _)| {
        let name = name.trim();
        name.eq_ignore_ascii_case("identity") || name.eq_ignore_ascii_case("y")
    });
    named.map_or(text, |(_, value)| value).lines().map(str::trim).collect()
}

/// The verdict of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ok,
    Fault,
    Note,
    Unchecked,
}

impl Mark {
    fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault => "FAULT",
            Self::Note => "note",
            Self::Unchecked => "-",
        }
    }
}

/// Columns of a check in front of its words.
const MARGIN: usize = 22;

struct Page {
    width: usize,
    text: String,
    faulty: bool,
}

impl Page {
    fn identity(&mut self, identity: &Identity, moment: Option<i64>, trust: &TrustStore) {
        for (part, text) in identity.passport.decoded() {
            self.line(&format!("{part}: {}", terminal(&text)));
        }
        self.claims(identity);
        self.text.push('\n');
        self.form(identity);
        self.freshness(identity, moment);
        self.certificate(identity);
        self.signature(&verify(identity, &Surroundings::default(), trust));
    }

    /// What the token says in words that need explaining.
    fn claims(&mut self, identity: &Identity) {
        let Some(claims) = &identity.passport.claims else { return };
        if let Some(level) = claims.attest {
            self.line(&format!("attestation {}: {}", level.letter(), level.meaning()));
        }
        let text = |subject: Option<&Subject>| subject.map_or_else(|| "nobody".to_owned(), |s| s.text().to_owned());
        let dest: Vec<&str> = claims.dest.iter().map(Subject::text).collect();
        let mut sentence = format!("from {} to {}", text(claims.orig.as_ref()), dest.join(", "));
        if let Some(div) = &claims.div {
            sentence.extend([", diverted by ", div.text()]);
        }
        if let Some(time) = claims.iat.and_then(|iat| jiff::Timestamp::from_second(iat).ok()) {
            sentence.extend([", signed at ", &time.to_string()]);
        }
        self.line(&terminal(&sentence));
    }

    fn form(&mut self, identity: &Identity) {
        if identity.legacy {
            self.check(Mark::Fault, "form", "the bare signature of RFC 4474, which RFC 8224 replaced");
            return;
        }
        // A bare token has no parameters that could be missing.
        let bare = identity.raw == identity.passport.token;
        let faults: Vec<Fault> = if bare { identity.passport.faults.clone() } else { identity.faults() };
        for fault in &faults {
            let mark = if fault.kind.is_lint() { Mark::Note } else { Mark::Fault };
            self.check(mark, "form", &fault.to_string());
        }
        if faults.is_empty() {
            let what = if bare { "the token is well formed" } else { "token and parameters are well formed" };
            self.check(Mark::Ok, "form", what);
        }
    }

    fn freshness(&mut self, identity: &Identity, moment: Option<i64>) {
        let issued_at = identity.passport.claims.as_ref().and_then(|claims| claims.iat);
        let (mark, text) = match (issued_at, moment) {
            (_, None) => (Mark::Unchecked, "not checked: no --at TIME".to_owned()),
            (None, _) => (Mark::Unchecked, "not checked: no time of signing".to_owned()),
            (Some(issued_at), Some(moment)) => {
                let difference = Freshness::of(issued_at, moment);
                let mark = if difference.is_fresh() { Mark::Ok } else { Mark::Fault };
                (mark, format!("signed {difference} --at; verifiers allow 60 s in either direction"))
            }
        };
        self.check(mark, "freshness", &text);
    }

    fn certificate(&mut self, identity: &Identity) {
        let Some(url) = identity.certificate_url() else { return };
        let faults = certificate_url::faults(url);
        for fault in &faults {
            self.check(Mark::Fault, "certificate", &format!("{url}: {fault}"));
        }
        if faults.is_empty() {
            self.check(Mark::Ok, "certificate", &format!("{url}: nothing in it hinders verifiers"));
        }
    }

    fn signature(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::NotVerified(_) => self.check(Mark::Unchecked, "signature", &verdict.to_string()),
            Verdict::Verified(_) => self.check(Mark::Ok, "signature", &verdict.to_string()),
            Verdict::Failed(objections) => {
                for objection in objections {
                    self.check(Mark::Fault, "signature", &objection.to_string());
                }
            }
        }
    }

    fn check(&mut self, mark: Mark, name: &str, text: &str) {
        self.faulty |= mark == Mark::Fault;
        let words = terminal(text);
        let mut lines = wrap(&words, self.width.saturating_sub(MARGIN).max(20)).into_iter();
        let first = lines.next().unwrap_or_default();
        self.line(&format!("  {:<6} {name:<12} {first}", mark.text()));
        for line in lines {
            self.line(&format!("{:MARGIN$}{line}", ""));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stir::passport::tests::{V1, V2, V6, V7, V8, V10, V11};
    use crate::stir::verify::tests::KEY;

    const AT: Option<i64> = Some(1_774_879_200);

    fn trust() -> TrustStore {
        let mut trust = TrustStore::default();
        trust.add_file("signer.pem", KEY.as_bytes()).unwrap();
        trust
    }

    fn value_of(token: &str) -> String {
        format!("Identity: {token};info=<https://cert.orig.example/shaken.pem>;alg=ES256;ppt=\"shaken\"\r\n")
    }

    #[test]
    fn everything_is_shown_with_the_verdict_of_each_check() {
        let found = inspect(&value_of(V1), AT, &trust(), 100).unwrap();
        assert!(!found.faulty);
        assert_eq!(
            found.text,
            "PASSporT header: {\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"https://cert.orig.example/shaken.pem\"}\n\
             PASSporT claims: {\"attest\":\"A\",\"dest\":{\"tn\":[\"12155550113\"]},\"iat\":1774879200,\"orig\":{\"tn\":\"12125550101\"},\"origid\":\"5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10\"}\n\
             attestation A: the signer knows the customer and the customer's right to the number\n\
             from 12125550101 to 12155550113, signed at 2026-03-30T14:00:00Z\n\
             \n\
             \x20 ok     form         token and parameters are well formed\n\
             \x20 ok     freshness    signed at the same second --at; verifiers allow 60 s in either direction\n\
             \x20 ok     certificate  https://cert.orig.example/shaken.pem: nothing in it hinders verifiers\n\
             \x20 ok     signature    verifies with the supplied key in signer.pem\n"
        );
    }

    #[test]
    fn faults_decide_and_what_was_not_checked_does_not() {
        for (name, text, moment, trust, faulty, says) in [
            ("bare", V1.to_owned(), None, TrustStore::default(), false, "not verified: no certificate or key"),
            ("stale", value_of(V2), AT, trust(), true, "FAULT  freshness    signed 900 s before --at"),
            ("changed", value_of(V6), AT, trust(), true, "FAULT  signature    the supplied key does not verify it"),
            (
                "changed, without key",
                value_of(V6),
                AT,
                TrustStore::default(),
                false,
                "-      signature    not verified",
            ),
            ("compact", value_of(V7), AT, trust(), true, "FAULT  form"),
            ("untidy", value_of(V8), AT, trust(), false, "note   form"),
            ("http", V10.to_owned(), AT, trust(), true, "FAULT  certificate  http://cert.orig.example"),
            ("alg none", V11.to_owned(), AT, trust(), true, "alg is \"none\""),
            ("no token", "nothing".to_owned(), None, trust(), true, "1 parts where there must be three"),
            ("hostile", "a.\x1b[31m.c".to_owned(), None, trust(), true, "FAULT  form"),
        ] {
            let found = inspect(&text, moment, &trust, 100).unwrap();
            assert_eq!(found.faulty, faulty, "{name}: {}", found.text);
            assert!(found.text.contains(says) && !found.text.contains('\x1b'), "{name}: {}", found.text);
        }
    }

    #[test]
    fn several_values_and_folded_lines_are_read() {
        let folded = value_of(V1).replacen(";info", "\r\n ;info", 1);
        assert!(!inspect(&folded, AT, &trust(), 100).unwrap().faulty);
        let two = format!("{},{}", value_of(V1).trim(), value_of(V2).trim().trim_start_matches("Identity: "));
        let found = inspect(&two, AT, &trust(), 100).unwrap();
        assert!(found.faulty && found.text.matches("verifies with").count() == 2, "{}", found.text);
        assert_eq!(inspect(" \n", AT, &trust(), 100), None);
    }
}
