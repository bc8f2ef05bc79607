//! One Identity header field value looked at by hand: what it holds, and the verdict of each check (`sipscan passport`).

use std::borrow::Cow;

use crate::lang::{Fill as _, Lang, Text};
use crate::report::escape::terminal;
use crate::stir::passport::claim_meaning;
use crate::stir::{Freshness, Identity, Subject, Surroundings, TrustStore, Verdict, certificate_url, verify};
use crate::wrap::{display_width, pad, wrap};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The report, with a line end after each line.
    pub text: String,
    /// Whether a check failed. What was not checked, and what is merely untidy, is no fault.
    pub faulty: bool,
}

/// How an inspection is shown.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The language of its words.
    pub lang: Lang,
    /// Cells of a line; what a token holds is not broken.
    pub width: usize,
}

/// Decodes and checks the values in `text`: those of an Identity header field, with or without its name, or a bare token.
/// `moment`: when a verifier would look, in seconds since the Unix epoch; without it freshness is not checked.
///
/// `None` where the text holds nothing at all.
pub fn inspect(text: &str, moment: Option<i64>, trust: &TrustStore, options: Options) -> Option<Inspection> {
    let identities = Identity::read_list(value(text).trim());
    if identities.is_empty() {
        return None;
    }
    let mut page = Page { options, text: String::new(), faulty: false };
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
    fn text(self, lang: Lang) -> &'static str {
        match self {
            Self::Ok => lang.tr("ok"),
            Self::Fault => lang.tr("FAULT"),
            Self::Note => lang.tr("note"),
            Self::Unchecked => "-",
        }
    }
}

/// What is checked.
#[derive(Clone, Copy)]
enum Check {
    Form,
    Freshness,
    Certificate,
    Signature,
}

impl Check {
    fn name(self, lang: Lang) -> &'static str {
        lang.tr(match self {
            Self::Form => "form",
            Self::Freshness => "freshness",
            Self::Certificate => "certificate",
            Self::Signature => "signature",
        })
    }
}

/// Cells of a check in front of its words.
const MARGIN: usize = 22;

struct Page {
    options: Options,
    text: String,
    faulty: bool,
}

impl Page {
    fn identity(&mut self, identity: &Identity, moment: Option<i64>, trust: &TrustStore) {
        for (part, text) in identity.decoded() {
            self.sentence(&Text::new("{part}: {text}").with("part", part.text()).with("text", text));
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
            let text = Text::new("attestation {level}: {meaning}").with("level", level.letter());
            self.sentence(&text.with("meaning", Text::new(level.meaning())));
        }
        let nobody = || Text::new("nobody").fill();
        let orig = claims.orig.as_ref().map_or_else(nobody, |orig| orig.text().fill());
        let called = Text::list(", ", claims.dest.iter().map(Subject::text));
        let dest = if claims.dest.is_empty() { nobody() } else { called.fill() };
        let mut text = Text::new("from {orig} to {dest}").with("orig", orig).with("dest", dest);
        if let Some(div) = &claims.div {
            text = Text::new("{claims}, diverted by {div}").with("claims", text).with("div", div.text());
        }
        if let Some(time) = claims.iat.and_then(|iat| jiff::Timestamp::from_second(iat).ok()) {
            text = Text::new("{claims}, signed at {time}").with("claims", text).with("time", time.to_string());
        }
        self.sentence(&text);
        for (name, value) in &claims.further {
            let meaning = claim_meaning(name).unwrap_or("a claim of a kind that is not known here");
            let text = Text::new("{name}, {meaning}: {value}").with("name", name).with("meaning", Text::new(meaning));
            self.sentence(&text.with("value", value));
        }
    }

    fn form(&mut self, identity: &Identity) {
        if identity.legacy {
            let text = Text::new("the bare signature of RFC 4474, which RFC 8224 replaced");
            return self.check(Mark::Fault, Check::Form, &text);
        }
        // A bare token has no parameters that could be missing.
        let bare = identity.raw() == identity.token();
        let faults = if bare { Cow::Borrowed(identity.passport.faults.as_slice()) } else { identity.faults() };
        for fault in faults.iter() {
            let mark = if fault.kind.is_lint() { Mark::Note } else { Mark::Fault };
            self.check(mark, Check::Form, &fault.text());
        }
        if faults.is_empty() {
            let what = if bare { "the token is well formed" } else { "token and parameters are well formed" };
            self.check(Mark::Ok, Check::Form, &Text::new(what));
        }
    }

    fn freshness(&mut self, identity: &Identity, moment: Option<i64>) {
        let issued_at = identity.passport.claims.as_ref().and_then(|claims| claims.iat);
        let (mark, text) = match (issued_at, moment) {
            (_, None) => (Mark::Unchecked, Text::new("not checked: no --at TIME")),
            (None, _) => (Mark::Unchecked, Text::new("not checked: no time of signing")),
            (Some(issued_at), Some(moment)) => {
                let difference = Freshness::of(issued_at, moment);
                (if difference.is_fresh() { Mark::Ok } else { Mark::Fault }, compared(difference))
            }
        };
        self.check(mark, Check::Freshness, &text);
    }

    fn certificate(&mut self, identity: &Identity) {
        let Some(url) = identity.certificate_url() else { return };
        let faults = certificate_url::faults(url);
        for fault in &faults {
            let text = Text::new("{url}: {fault}").with("url", url).with("fault", fault.text());
            self.check(Mark::Fault, Check::Certificate, &text);
        }
        if faults.is_empty() {
            let text = Text::new("{url}: nothing in it hinders verifiers").with("url", url);
            self.check(Mark::Ok, Check::Certificate, &text);
        }
    }

    fn signature(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::NotVerified(_) => self.check(Mark::Unchecked, Check::Signature, &verdict.text()),
            Verdict::Verified(_) => self.check(Mark::Ok, Check::Signature, &verdict.text()),
            Verdict::Failed(objections) => {
                for objection in objections {
                    self.check(Mark::Fault, Check::Signature, &objection.text());
                }
            }
        }
    }

    fn check(&mut self, mark: Mark, check: Check, text: &Text) {
        self.faulty |= mark == Mark::Fault;
        let Options { lang, width } = self.options;
        let margin = format!("  {} {} ", pad(mark.text(lang), 6), pad(check.name(lang), 12));
        let shown = text.in_lang(lang).to_string();
        for (at, line) in wrap(&terminal(&shown), width.saturating_sub(MARGIN).max(20)).iter().enumerate() {
            let margin = if at == 0 { margin.clone() } else { " ".repeat(display_width(&margin)) };
            self.line(&format!("{margin}{line}"));
        }
    }

    fn sentence(&mut self, text: &Text) {
        let shown = text.in_lang(self.options.lang).to_string();
        self.line(&terminal(&shown));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// The time of signing against the one of `--at`.
fn compared(difference: Freshness) -> Text {
    let seconds = difference.seconds.unsigned_abs();
    match difference.seconds {
        0 => Text::new("signed in the second of --at; verifiers allow 60 s in either direction"),
        n if n < 0 => Text::new("signed {seconds} s before --at; verifiers allow 60 s in either direction")
            .with("seconds", seconds),
        _ => Text::new("signed {seconds} s after --at; verifiers allow 60 s in either direction")
            .with("seconds", seconds),
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

    fn options(width: usize) -> Options {
        Options { lang: Lang::En, width }
    }

    fn value_of(token: &str) -> String {
        format!("Identity: {token};info=<https://cert.orig.example/shaken.pem>;alg=ES256;ppt=\"shaken\"\r\n")
    }

    #[test]
    fn everything_is_shown_with_the_verdict_of_each_check() {
        let found = inspect(&value_of(V1), AT, &trust(), options(100)).unwrap();
        assert!(!found.faulty);
        assert_eq!(
            found.text,
            "PASSporT header: {\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"https://cert.orig.example/shaken.pem\"}\n\
             PASSporT claims: {\"attest\":\"A\",\"dest\":{\"tn\":[\"12155550113\"]},\"iat\":1774879200,\"orig\":{\"tn\":\"12125550101\"},\"origid\":\"5e3f1c62-8d0a-4e55-9f0e-2b7a6c1d4a10\"}\n\
             attestation A: the signer knows the customer and the customer's right to the number\n\
             from 12125550101 to 12155550113, signed at 2026-03-30T14:00:00Z\n\
             \n\
             \x20 ok     form         token and parameters are well formed\n\
             \x20 ok     freshness    signed in the second of --at; verifiers allow 60 s in either direction\n\
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
            ("no claims", "e30.e30.AA".to_owned(), None, trust(), true, "from nobody to nobody\n"),
            ("hostile", "a.\x1b[31m.c".to_owned(), None, trust(), true, "FAULT  form"),
        ] {
            let found = inspect(&text, moment, &trust, options(100)).unwrap();
            assert_eq!(found.faulty, faulty, "{name}: {}", found.text);
            assert!(found.text.contains(says) && !found.text.contains('\x1b'), "{name}: {}", found.text);
        }
    }

    #[test]
    fn claims_of_extensions_are_shown_with_their_meaning() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
        let header = r#"{"alg":"ES256","ppt":"rcd","typ":"passport","x5u":"https://c.example/x"}"#;
        let claims = r#"{"dest":{"tn":["12155550113"]},"iat":1774879200,"orig":{"tn":"12125550101"},"rcd":{"nam":"Example"},"x":1}"#;
        let token = [header, claims].map(|part| BASE64.encode(part)).join(".") + "." + &BASE64.encode([7; 64]);
        let found = inspect(&token, None, &TrustStore::default(), options(100)).unwrap();
        for line in [
            "rcd, how the caller presents itself: rich call data (RFC 9795): {\"nam\":\"Example\"}\n",
            "x, a claim of a kind that is not known here: 1\n",
        ] {
            assert!(found.text.contains(line), "{}", found.text);
        }
    }

    #[test]
    fn several_values_and_folded_lines_are_read() {
        let folded = value_of(V1).replacen(";info", "\r\n ;info", 1);
        assert!(!inspect(&folded, AT, &trust(), options(100)).unwrap().faulty);
        let two = format!("{},{}", value_of(V1).trim(), value_of(V2).trim().trim_start_matches("Identity: "));
        let found = inspect(&two, AT, &trust(), options(100)).unwrap();
        assert!(found.faulty && found.text.matches("verifies with").count() == 2, "{}", found.text);
        assert_eq!(inspect(" \n", AT, &trust(), options(100)), None);
    }
}
