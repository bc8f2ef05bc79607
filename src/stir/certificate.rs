//! Certificates and public keys that the user supplies for `PASSporTs` (RFC 8226): only what verification asks of them.
//!
//! Checked are names, signatures (ECDSA with P-256 and SHA-256, the only ones that SHAKEN knows), validity at the time of signing, the
//! rights of CAs, and the `TNAuthList`. Not checked: revocation, policies, and name constraints.

use std::collections::BTreeSet;
use std::fmt;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use x509_cert::Certificate as X509;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::tn_auth_list::{self, Coverage, TnEntry};

/// Longest chain between a signer and a root, the signer included.
const LONGEST_CHAIN: usize = 8;
/// The algorithm of the key: an elliptic curve.
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
/// The curve P-256.
const P256: &str = "1.2.840.10045.3.1.7";
/// ECDSA with SHA-256.
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// Why an input is no certificate or key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// No block of PEM with a certificate or public key.
    Nothing,
    /// The base64 of a block is broken.
    Base64,
    /// A block is not what its label says.
    Malformed,
    /// The key is none for ES256.
    OtherKey,
    /// The `TNAuthList` cannot be read.
    TnAuthList,
    /// A root must be a certificate.
    NoCertificate,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "no certificate or public key in PEM",
            Self::Base64 => "the base64 of a PEM block is broken",
            Self::Malformed => "a PEM block is not what its label says",
            Self::OtherKey => "a key that is none for ES256 (P-256)",
            Self::TnAuthList => "a certificate whose TNAuthList cannot be read",
            Self::NoCertificate => "no certificate in PEM",
        })
    }
}

/// A public key for ES256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn from_der(der: &[u8]) -> Result<Self, Unusable> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| Unusable::Malformed)?;
        let curve = info.algorithm.parameters_oid().map_err(|_| Unusable::OtherKey)?;
        if info.algorithm.oid.to_string() != EC_PUBLIC_KEY || curve.to_string() != P256 {
            return Err(Unusable::OtherKey);
        }
        let point = info.subject_public_key.as_bytes().ok_or(Unusable::Malformed)?;
        VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| Unusable::Malformed)
    }

    /// Whether the 64 octets R and S are this key's signature over `message` (RFC 7518 §3.4).
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|s| self.0.verify(message, &s).is_ok())
    }

    /// The same with a signature in DER, as certificates have it, and as some signers write it into tokens by mistake.
    pub fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|s| self.0.verify(message, &s).is_ok())
    }
}

/// The right to issue certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority {
    /// How many other authorities may stand below this one; `None`: any number.
    below: Option<u8>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The holder.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// First second of its validity, since the Unix epoch.
    pub not_before: i64,
    /// Last second of its validity.
    pub not_after: i64,
    /// For whom the holder may sign; `None` where it has no `TNAuthList`.
    pub numbers: Option<Vec<TnEntry>>,
    /// The holder's key.
    pub key: PublicKey,
    /// Its right to issue certificates.
    authority: Option<Authority>,
    /// Names as encoded: issuers are found by comparing them octet by octet.
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    /// What the issuer signed, and its signature; `None` where that is no ECDSA with SHA-256.
    signed: Vec<u8>,
    signature: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, Unusable> {
        let x509 = X509::from_der(der).map_err(|_| Unusable::Malformed)?;
        let tbs = x509.tbs_certificate();
        let encoded = |octets: Result<Vec<u8>, x509_cert::der::Error>| octets.map_err(|_| Unusable::Malformed);
        let key = encoded(tbs.subject_public_key_info().to_der())?;
        let ecdsa = x509.signature_algorithm().oid.to_string() == ECDSA_SHA256;
        let validity = tbs.validity();
        Ok(Self {
            subject: tbs.subject().to_string(),
            issuer: tbs.issuer().to_string(),
            not_before: seconds(validity.not_before),
            not_after: seconds(validity.not_after),
            numbers: numbers(&x509)?,
            key: PublicKey::from_der(&key)?,
            authority: authority(&x509)?,
            subject_der: encoded(tbs.subject().to_der())?,
            issuer_der: encoded(tbs.issuer().to_der())?,
            signed: encoded(tbs.to_der())?,
            signature: x509.signature().as_bytes().filter(|_| ecdsa).map(<[u8]>::to_vec),
        })
    }

    /// Whether it was valid at that second.
    pub fn is_valid_at(&self, second: i64) -> bool {
        (self.not_before..=self.not_after).contains(&second)
    }

    /// Whether it may issue certificates.
    pub fn is_authority(&self) -> bool {
        self.authority.is_some()
    }

    /// Whether the holder may sign for a number; `None` where the certificate does not say.
    pub fn coverage(&self, number: &str) -> Option<Coverage> {
        self.numbers.as_deref().map(|entries| tn_auth_list::coverage(entries, number))
    }

    /// Whether `issuer` issued it: names and signature fit. `below`: how many CAs stand between the issuer and the end.
    fn is_issued_by(&self, issuer: &Self, below: usize) -> bool {
        let Some(authority) = issuer.authority else { return false };
        let allowed = authority.below.is_none_or(|limit| below <= usize::from(limit));
        let signed = |signature| issuer.key.verifies_der(&self.signed, signature);
        allowed && self.issuer_der == issuer.subject_der && self.signature.as_deref().is_some_and(signed)
    }

    /// Looks for a chain from here to one of the roots, over any of `others`. All certificates above this one must be
    /// valid at that second.
    pub fn chains_to(&self, roots: &[Self], others: &[&Self], second: Option<i64>) -> bool {
        if roots.contains(self) {
            return true;
        }
        let valid = |c: &Self| second.is_none_or(|second| c.is_valid_at(second));
        // Breadth first; every certificate is tried once, so that loops of cross-certificates end.
        let mut tried = BTreeSet::new();
        let mut level = vec![self];
        for below in 0..LONGEST_CHAIN {
            let issued = |issuer: &Self| valid(issuer) && level.iter().any(|c| c.is_issued_by(issuer, below));
            if roots.iter().any(issued) {
                return true;
            }
            let next: Vec<_> =
                others.iter().enumerate().filter(|(index, c)| !tried.contains(index) && issued(c)).collect();
            tried.extend(next.iter().map(|(index, _)| *index));
            let next: Vec<&Self> = next.into_iter().map(|(_, c)| *c).collect();
            if next.is_empty() {
                return false;
            }
            level = next;
        }
        false
    }
}

fn seconds(time: x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

fn numbers(x509: &X509) -> Result<Option<Vec<TnEntry>>, Unusable> {
    let all = x509.tbs_certificate().extensions().map(Vec::as_slice).unwrap_or_default();
    let Some(list) = all.iter().find(|e| e.extn_id.to_string() == tn_auth_list::OID) else { return Ok(None) };
    tn_auth_list::read(list.extn_value.as_bytes()).map(Some).ok_or(Unusable::TnAuthList)
}

/// Whether it may issue certificates: basicConstraints says so, and keyUsage, where there is one, does not forbid it.
fn authority(x509: &X509) -> Result<Option<Authority>, Unusable> {
    let tbs = x509.tbs_certificate();
    let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| Unusable::Malformed)?;
    let usage = tbs.get_extension::<KeyUsage>().map_err(|_| Unusable::Malformed)?;
    let may_sign = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    Ok(constraints.filter(|(_, c)| c.ca && may_sign).map(|(_, c)| Authority { below: c.path_len_constraint }))
}

#[cfg(test)]
pub(crate) mod tests;
