//! Verification of signatures with what the user supplied (RFC 8225 §6, RFC 8224 §6.2, RFC 8226). Nothing is fetched, and
//! without supplied keys the verdict is "not verified".

use crate::lang::{Text, phrase};
use std::fmt;

use super::certificate::Certificate;
use super::passport::{Part, Subject};
use super::tn_auth_list::Coverage;
use super::trust::{Candidates, Signer, TrustStore};
use super::{FaultKind, Identity, TelephoneNumber, compact};

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody looked; the reason.
    NotVerified(Unverified),
    /// A supplied key verifies it, and nothing speaks against the certificate.
    Verified(Proof),
    /// It must not be accepted; why, in the order of the checks.
    Failed(Vec<Objection>),
}

impl Verdict {
    /// Whether a supplied key verifies it, and nothing speaks against its certificate.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }

    /// Whether it must not be accepted.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// Why nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unverified {
    /// No certificate and no key was supplied.
    NothingSupplied,
    /// The bare signature of RFC 4474.
    Legacy,
    /// The capture holds the message in part only.
    Cut,
    /// None of so many keys verifies it, and nothing tells whether one of them is the signer's.
    NoKeyFits(usize),
    /// Compact form whose header and claims cannot be rebuilt: an extension, or Date, From or To are missing.
    Compact,
}

/// What verified a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The file with the key.
    pub file: String,
    /// What its certificate says, where it is one and not a bare key.
    pub certificate: Option<Credentials>,
}

/// What a certificate says that has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The holder.
    pub subject: String,
    /// Whether the `TNAuthList` holds the number, or names a provider; `None` where no number was claimed.
    pub coverage: Option<Coverage>,
    /// Whether a chain leads to a supplied root; `false` where no root was supplied.
    pub chained: bool,
}

/// Why a signature must not be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The token cannot be read, or is signed with something else than ES256.
    Unusable(Text),
    /// No key verifies it.
    NoKeyVerifies {
        /// How many were tried.
        tried: usize,
        /// The file, where one belongs to the URL of the certificate; else all were tried in turn.
        file: Option<String>,
        /// Whether header and claims were rebuilt from the SIP message.
        rebuilt: bool,
    },
    /// It verifies, but is written as DER in place of the 64 octets of ES256: no verifier accepts it.
    Der {
        /// The file with the key.
        file: String,
    },
    /// The certificate was not valid when the token was made.
    NotValidAt {
        /// The file.
        file: String,
        /// The first and the last second of its validity, since the Unix epoch.
        validity: (i64, i64),
        /// When the token was made.
        issued_at: i64,
    },
    /// The certificate has no `TNAuthList`: it gives no right to any number.
    NoTnAuthList {
        /// The file.
        file: String,
    },
    /// The `TNAuthList` does not hold the number.
    NotCovered {
        /// The file.
        file: String,
        /// The number that its holder signed for.
        number: String,
    },
    /// No chain leads from the certificate to a supplied root.
    NoChain {
        /// The file.
        file: String,
        /// Who issued the certificate.
        issuer: String,
    },
}

/// What stands in the SIP message around a token in compact form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The caller.
    pub orig: Option<Subject>,
    /// The called party.
    pub dest: Option<Subject>,
    /// Date, in seconds since the Unix epoch.
    pub date: Option<i64>,
}

/// Verifies an Identity value. `around` is only needed for the compact form.
pub fn verify(identity: &Identity, around: &Surroundings, trust: &TrustStore) -> Verdict {
    if trust.is_empty() {
        return Verdict::NotVerified(Unverified::NothingSupplied);
    }
    if identity.legacy {
        return Verdict::NotVerified(Unverified::Legacy);
    }
    if let Some(objection) = unusable(identity) {
        return Verdict::Failed(vec![objection]);
    }
    let (input, issued_at) = if identity.passport.compact {
        let Some(input) = compact::signing_input(identity, around) else {
            return Verdict::NotVerified(Unverified::Compact);
        };
        (input, around.date)
    } else {
        let signed = identity.token().rsplit_once('.').map_or("", |(signed, _)| signed);
        (signed.to_owned(), identity.passport.claims.as_ref().and_then(|claims| claims.iat))
    };
    let signature = identity.passport.signature().unwrap_or_default();
    let claim = Claim { input: input.as_bytes(), signature, issued_at, number: number(identity, around) };
    claim.check(trust, &trust.candidates(identity.certificate_url()), identity.passport.compact)
}

/// What keeps any verifier from looking at the signature.
fn unusable(identity: &Identity) -> Option<Objection> {
    let passport = &identity.passport;
    let alg = [&passport.header.alg, &identity.alg].into_iter().flatten().find(|alg| *alg != "ES256");
    if let Some(alg) = alg {
        return Some(Objection::Unusable(FaultKind::Algorithm(alg.to_string()).text()));
    }
    let unread = passport.signature().is_none()
        || (!passport.compact && (passport.claims.is_none() || passport.header.alg.is_none()));
    let fault = passport.fatal().find(|fault| fault.part != Part::Parameters);
    unread.then(|| {
        Objection::Unusable(fault.map_or_else(|| Text::new("it cannot be read"), super::passport::Fault::text))
    })
}

/// The number that the signer must have a right to: the caller's, or of a diversion that of whoever diverted (RFC 8946 §4.1).
/// A resource priority (RFC 8443) is no matter of numbers.
fn number(identity: &Identity, around: &Surroundings) -> Option<String> {
    let claims = identity.passport.claims.as_ref();
    let subject = match identity.ppt() {
        Some("rph") => None,
        Some("div" | "div-o") => claims.and_then(|claims| claims.div.as_ref()),
        _ if identity.passport.compact => around.orig.as_ref(),
        _ => claims.and_then(|claims| claims.orig.as_ref()),
    };
    match subject? {
        Subject::Number(number) => TelephoneNumber::of_claim(number).map(|n| n.digits().to_owned()),
        Subject::Uri(_) => None,
    }
}

/// One signature with what it stands for.
struct Claim<'a> {
    input: &'a [u8],
    signature: &'a [u8],
    issued_at: Option<i64>,
    number: Option<String>,
}

impl Claim<'_> {
    fn check(&self, trust: &TrustStore, candidates: &Candidates<'_>, rebuilt: bool) -> Verdict {
        // The same key may stand in several certificates, of which one is out of date: the best one counts.
        let mut best: Option<Verdict> = None;
        for (file, signer) in &candidates.signers {
            let plain = signer.key().verifies(self.input, self.signature);
            if !plain && !signer.key().verifies_der(self.input, self.signature) {
                continue;
            }
            let mut objections: Vec<Objection> = Vec::new();
            if !plain {
                objections.push(Objection::Der { file: (*file).to_owned() });
            }
            let certificate = match signer {
                Signer::Key(_) => None,
                Signer::Certificate(certificate) => Some(self.examine(file, certificate, trust, &mut objections)),
            };
            if objections.is_empty() {
                return Verdict::Verified(Proof { file: (*file).to_owned(), certificate });
            }
            if best.as_ref().is_none_or(|best| matches!(best, Verdict::Failed(all) if all.len() > objections.len())) {
                best = Some(Verdict::Failed(objections));
            }
        }
        best.unwrap_or_else(|| {
            let file = candidates.signers.first().filter(|_| candidates.by_url).map(|(file, _)| (*file).to_owned());
            Verdict::Failed(vec![Objection::NoKeyVerifies { tried: candidates.signers.len(), file, rebuilt }])
        })
    }

    /// Looks at the certificate of a key that verifies the signature.
    fn examine(
        &self,
        file: &str,
        certificate: &Certificate,
        trust: &TrustStore,
        objections: &mut Vec<Objection>,
    ) -> Credentials {
        let named = || file.to_owned();
        if let Some(issued_at) = self.issued_at.filter(|at| !certificate.is_valid_at(*at)) {
            let validity = (certificate.not_before, certificate.not_after);
            objections.push(Objection::NotValidAt { file: named(), validity, issued_at });
        }
        let coverage = self.number.as_deref().map(|number| (number, certificate.coverage(number)));
        match &coverage {
            Some((_, None)) => objections.push(Objection::NoTnAuthList { file: named() }),
            Some((number, Some(Coverage::NotCovered))) => {
                objections.push(Objection::NotCovered { file: named(), number: (*number).to_owned() });
            }
            _ => {}
        }
        let chained = certificate.chains_to(trust.roots(), &trust.certificates(), self.issued_at);
        if !chained && !trust.roots().is_empty() {
            objections.push(Objection::NoChain { file: named(), issuer: certificate.issuer.clone() });
        }
        let coverage = coverage.and_then(|(_, coverage)| coverage);
        Credentials { subject: certificate.subject.clone(), coverage, chained }
    }
}

impl Unverified {
    /// Why it was not verified.
    pub fn text(&self) -> Text {
        Text::new(match self {
            Self::NoKeyFits(1) => "the supplied key does not fit, and nothing tells whether it is the signer's",
            Self::NoKeyFits(tried) => {
                return Text::new(
                    "none of the {tried} supplied keys fits, and nothing tells whether one is the signer's",
                )
                .with("tried", tried);
            }
            Self::NothingSupplied => "no certificate or key was supplied",
            Self::Legacy => "the form of RFC 4474 is obsolete",
            Self::Cut => "the message was captured in part only",
            Self::Compact => "the compact form cannot be rebuilt here",
        })
    }
}

phrase!(Unverified);

impl Objection {
    /// What speaks against the signature.
    pub fn text(&self) -> Text {
        match self {
            Self::Unusable(why) => why.clone(),
            Self::NoKeyVerifies { tried, file, rebuilt } => {
                let text = match (file, tried) {
                    (Some(file), _) => Text::new("the key in {file} does not verify it").with("file", file),
                    (None, 1) => Text::new("the supplied key does not verify it"),
                    (None, tried) => Text::new("none of the {tried} supplied keys verifies it").with("tried", tried),
                };
                if !*rebuilt {
                    return text;
                }
                Text::new("{objection} (header and claims rebuilt from Date, From and To)").with("objection", text)
            }
            Self::Der { file } => {
                Text::new("the key in {file} verifies it, but it is written as DER in place of 64 plain octets")
                    .with("file", file)
            }
            Self::NotValidAt { file, validity: (first, last), issued_at } => Text::new(
                "the certificate in {file} is valid from {first} to {last}, and the token was made at {issued_at}",
            )
            .with("file", file)
            .with("first", Second(*first).to_string())
            .with("last", Second(*last).to_string())
            .with("issued_at", Second(*issued_at).to_string()),
            Self::NoTnAuthList { file } => {
                Text::new("the certificate in {file} has no TNAuthList and so no right to any number")
                    .with("file", file)
            }
            Self::NotCovered { file, number } => {
                Text::new("the TNAuthList of the certificate in {file} does not hold {number}")
                    .with("file", file)
                    .with("number", number)
            }
            Self::NoChain { file, issuer } => {
                Text::new("no chain leads from the certificate in {file} (issued by {issuer}) to a supplied root")
                    .with("file", file)
                    .with("issuer", issuer)
            }
        }
    }
}

phrase!(Objection);

impl Proof {
    /// With what it verifies.
    pub fn text(&self) -> Text {
        let Some(certificate) = &self.certificate else {
            return Text::new("verifies with the supplied key in {file}").with("file", &self.file);
        };
        let right = match &certificate.coverage {
            Some(Coverage::Number) => Some(Text::new("TNAuthList holds the number")),
            Some(Coverage::Provider(code)) => Some(Text::new("TNAuthList names provider {code}").with("code", code)),
            Some(Coverage::NotCovered) | None => None,
        };
        let chain = Text::new(if certificate.chained { "chain to a supplied root" } else { "no root supplied" });
        let facts = std::iter::once(Text::verbatim(&certificate.subject)).chain(right).chain([chain]);
        Text::new("verifies with the supplied certificate in {file} ({facts})")
            .with("file", &self.file)
            .with("facts", Text::list("; ", facts))
    }
}

phrase!(Proof);

impl Verdict {
    /// The verdict with its reason.
    pub fn text(&self) -> Text {
        match self {
            Self::NotVerified(why) => Text::new("not verified: {why}").with("why", why),
            Self::Verified(proof) => proof.text(),
            Self::Failed(objections) => {
                Text::new("fails: {objections}").with("objections", Text::list("; ", objections))
            }
        }
    }
}

phrase!(Verdict);

/// A second since the Unix epoch as date and time in UTC.
pub(super) struct Second(pub(super) i64);

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "second {}", self.0),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
