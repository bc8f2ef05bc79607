//! Certificates that the tests make themselves, octet by octet, and what is read from them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;

use super::*;

/// A certificate to be made.
#[derive(Clone)]
pub(crate) struct Recipe {
    /// Names of holder and issuer.
    pub(crate) names: (&'static str, &'static str),
    /// Seeds of the keys of holder and issuer.
    pub(crate) keys: (u8, u8),
    /// Validity, as `UTCTime`.
    pub(crate) validity: (&'static str, &'static str),
    /// Whether it is an authority, and how many may follow below it.
    pub(crate) authority: Option<Authority>,
    /// The value of its `TNAuthList`.
    pub(crate) numbers: Option<Vec<u8>>,
}

impl Recipe {
    /// The certificate of a signer, issued by "CA", for all numbers of a provider, valid in 2026.
    pub(crate) fn signer() -> Self {
        Self {
            names: ("SHAKEN 709J", "CA"),
            keys: (1, 2),
            validity: ("260101000000Z", "261231235959Z"),
            authority: None,
            numbers: Some(providers("709J")),
        }
    }

    /// An authority.
    pub(crate) fn authority(names: (&'static str, &'static str), keys: (u8, u8)) -> Self {
        Self { names, keys, authority: Some(Authority { below: None }), numbers: None, ..Self::signer() }
    }

    /// Its octets.
    pub(crate) fn der(&self) -> Vec<u8> {
        let algorithm = tlv(0x30, &[oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])]);
        let time = |text: &str| tlv(0x17, &[text.into()]);
        let mut extensions = Vec::new();
        if let Some(Authority { below }) = self.authority {
            let limit = below.map(|n| tlv(0x02, &[vec![n]])).unwrap_or_default();
            let constraints = tlv(0x30, &[tlv(0x01, &[vec![0xff]]), limit]);
            extensions.push(extension(&[0x55, 0x1d, 0x13], constraints));
        }
        if let Some(numbers) = &self.numbers {
            extensions.push(extension(&[0x2b, 6, 1, 5, 5, 7, 1, 26], numbers.clone()));
        }
        let extensions = if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &[tlv(0x30, &extensions)]) };
        let tbs = tlv(
            0x30,
            &[
                tlv(0xa0, &[tlv(0x02, &[vec![2]])]),
                tlv(0x02, &[vec![self.keys.0]]),
                algorithm.clone(),
                name(self.names.1),
                tlv(0x30, &[time(self.validity.0), time(self.validity.1)]),
                name(self.names.0),
                public_key(self.keys.0),
                extensions,
            ],
        );
        let signature: Signature = key(self.keys.1).sign(&tbs);
        let signature = [vec![0], signature.to_der().as_bytes().to_vec()].concat();
        tlv(0x30, &[tbs, algorithm, tlv(0x03, &[signature])])
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der())
    }

    fn read(&self) -> Certificate {
        Certificate::from_der(&self.der()).unwrap()
    }
}

/// The key of a seed.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

/// A block of PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// The `SubjectPublicKeyInfo` of a seed's key.
pub(crate) fn public_key(seed: u8) -> Vec<u8> {
    let point = key(seed).verifying_key().to_sec1_point(false).as_bytes().to_vec();
    spki(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], point)
}

fn spki(curve: &[u8], point: Vec<u8>) -> Vec<u8> {
    let algorithm = tlv(0x30, &[oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), oid(curve)]);
    tlv(0x30, &[algorithm, tlv(0x03, &[[vec![0], point].concat()])])
}

/// A `TNAuthList` that names a provider.
pub(crate) fn providers(code: &str) -> Vec<u8> {
    tlv(0x30, &[tlv(0xa0, &[tlv(0x16, &[code.into()])])])
}

/// A `TNAuthList` of single numbers.
pub(crate) fn numbers(all: &[&str]) -> Vec<u8> {
    let entries: Vec<_> = all.iter().map(|n| tlv(0xa2, &[tlv(0x16, &[(*n).into()])])).collect();
    tlv(0x30, &entries)
}

fn name(text: &str) -> Vec<u8> {
    tlv(0x30, &[tlv(0x31, &[tlv(0x30, &[oid(&[0x55, 4, 3]), tlv(0x0c, &[text.into()])])])])
}

fn oid(octets: &[u8]) -> Vec<u8> {
    tlv(0x06, &[octets.to_vec()])
}

fn extension(id: &[u8], value: Vec<u8>) -> Vec<u8> {
    tlv(0x30, &[oid(id), tlv(0x04, &[value])])
}

fn tlv(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => [vec![0x82], u16::try_from(content.len()).unwrap().to_be_bytes().to_vec()].concat(),
    };
    [vec![tag], length, content].concat()
}

/// A second of March 2026, within the validity of [`Recipe::signer`].
const NOW: Option<i64> = Some(1_774_879_200);

#[test]
fn a_certificate_says_who_may_sign_when_and_for_what() {
    let certificate = Recipe::signer().read();
    assert_eq!((certificate.subject.as_str(), certificate.issuer.as_str()), ("CN=SHAKEN 709J", "CN=CA"));
    assert_eq!((certificate.not_before, certificate.not_after), (1_767_225_600, 1_798_761_599));
    assert_eq!(certificate.coverage("12125550101"), Some(Coverage::Provider("709J".to_owned())));
    assert!(certificate.is_valid_at(1_774_879_200) && !certificate.is_valid_at(1_798_761_600));
    assert!(!certificate.is_authority() && certificate.key == PublicKey::from_der(&public_key(1)).unwrap());
    let plain = Recipe { numbers: None, ..Recipe::signer() }.read();
    assert_eq!(plain.coverage("12125550101"), None);
}

#[test]
fn other_keys_and_broken_octets_are_refused() {
    let p384 = spki(&[0x2b, 0x81, 0x04, 0x00, 0x22], vec![4; 97]);
    assert_eq!(PublicKey::from_der(&p384), Err(Unusable::OtherKey));
    let off_curve = spki(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], [vec![4], vec![1; 64]].concat());
    assert_eq!(PublicKey::from_der(&off_curve), Err(Unusable::Malformed));
    assert_eq!(PublicKey::from_der(b""), Err(Unusable::Malformed));
    let whole = Recipe::signer().der();
    for cut in 0..whole.len() {
        assert!(Certificate::from_der(&whole[..cut]).is_err(), "{cut}");
    }
    let numbers = Some(vec![0x30, 1, 0]);
    let broken = Recipe { numbers, ..Recipe::signer() }.der();
    assert_eq!(Certificate::from_der(&broken), Err(Unusable::TnAuthList));
}

#[test]
fn chains_lead_over_authorities_to_a_root() {
    let signer = Recipe::signer().read();
    let middle = Recipe::authority(("CA", "Root"), (2, 3));
    let root = Recipe::authority(("Root", "Root"), (3, 3)).read();
    let chain =
        |middle: &Recipe, root: &Certificate| signer.chains_to(std::slice::from_ref(root), &[&middle.read()], NOW);
    assert!(chain(&middle, &root));
    assert!(signer.chains_to(&[middle.read()], &[], NOW), "a root may stand in the middle");
    assert!(signer.chains_to(std::slice::from_ref(&signer), &[], NOW), "or be the signer's own");
    for (name, middle) in [
        ("other key", Recipe { keys: (4, 3), ..middle.clone() }),
        ("other name", Recipe { names: ("CB", "Root"), ..middle.clone() }),
        ("not signed by the root", Recipe { keys: (2, 4), ..middle.clone() }),
        ("no authority", Recipe { authority: None, ..middle.clone() }),
        ("out of date", Recipe { validity: ("200101000000Z", "201231235959Z"), ..middle.clone() }),
    ] {
        assert!(!chain(&middle, &root), "{name}");
    }
    assert!(!signer.chains_to(std::slice::from_ref(&root), &[], NOW), "the middle is missing");
    let short =
        Recipe { authority: Some(Authority { below: Some(0) }), ..Recipe::authority(("Root", "Root"), (3, 3)) }.read();
    assert!(!chain(&middle, &short), "the root allows no authority below it");
}

#[test]
fn loops_of_authorities_end() {
    let signer = Recipe::signer().read();
    let loops = [Recipe::authority(("CA", "B"), (2, 3)).read(), Recipe::authority(("B", "CA"), (3, 2)).read()];
    let root = Recipe::authority(("Root", "Root"), (9, 9)).read();
    assert!(!signer.chains_to(&[root], &loops.iter().collect::<Vec<_>>(), NOW));
}

#[test]
fn no_changed_octet_goes_unnoticed() {
    let root = [Recipe::authority(("CA", "CA"), (2, 2)).read()];
    let whole = Recipe::signer().der();
    assert!(Certificate::from_der(&whole).unwrap().chains_to(&root, &[], NOW));
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let chained = Certificate::from_der(&changed).is_ok_and(|c| c.chains_to(&root, &[], NOW));
        assert!(!chained, "octet {at}");
    }
}
