//! What the user supplied to verify signatures with. Without it nothing is ever called verified.

use std::collections::BTreeMap;

use super::certificate::{Certificate, PublicKey, Unusable};
use super::pem;

/// Keys and certificates of signers, with the URLs under which they are published, and roots.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    files: Vec<TrustFile>,
    /// Indices of files by the URL of `x5u` and `info`.
    urls: BTreeMap<String, Vec<usize>>,
    roots: Vec<Certificate>,
}

/// One file.
#[derive(Debug, Clone)]
struct TrustFile {
    name: String,
    signers: Vec<Signer>,
}

/// Who may have signed.
#[derive(Debug, Clone)]
pub(super) enum Signer {
    /// A bare key: nothing is known of its holder.
    Key(PublicKey),
    /// A certificate.
    Certificate(Certificate),
}

impl Signer {
    pub(super) fn key(&self) -> &PublicKey {
        match self {
            Self::Key(key) => key,
            Self::Certificate(certificate) => &certificate.key,
        }
    }
}

/// The signers that come into question for one token.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    /// With the names of their files.
    pub(super) signers: Vec<(&'a str, &'a Signer)>,
    /// Whether they were chosen by the URL; else they are all that there are.
    pub(super) by_url: bool,
}

impl TrustStore {
    /// Adds a file of certificates or public keys in PEM: the signer's and, for chains, those of its issuers. `name` is what
    /// reports call it.
    ///
    /// # Errors
    ///
    /// The file holds nothing of use, or something that cannot be used.
    pub fn add_file(&mut self, name: &str, text: &[u8]) -> Result<(), Unusable> {
        let signers = signers(text)?;
        if signers.is_empty() {
            return Err(Unusable::Nothing);
        }
        self.files.push(TrustFile { name: name.to_owned(), signers });
        Ok(())
    }

    /// Notes that the file of that name is what is published under `url`; `false` where there is no such file.
    pub fn map_url(&mut self, url: &str, name: &str) -> bool {
        let Some(index) = self.files.iter().position(|file| file.name == name) else { return false };
        self.urls.entry(url.to_owned()).or_default().push(index);
        true
    }

    /// Adds the certificates of a file as roots.
    ///
    /// # Errors
    ///
    /// The file holds no certificate, or something that cannot be used.
    pub fn add_roots(&mut self, text: &[u8]) -> Result<(), Unusable> {
        let before = self.roots.len();
        for signer in signers(text)? {
            if let Signer::Certificate(certificate) = signer {
                self.roots.push(certificate);
            }
        }
        if self.roots.len() == before { Err(Unusable::NoCertificate) } else { Ok(()) }
    }

    /// Whether nothing was supplied that could verify a signature.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a file belongs to that URL.
    pub fn knows(&self, url: &str) -> bool {
        self.urls.contains_key(url)
    }

    pub(super) fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// Every certificate of every file: a chain may pass over any of them.
    pub(super) fn certificates(&self) -> Vec<&Certificate> {
        let signers = self.files.iter().flat_map(|file| &file.signers);
        signers
            .filter_map(|signer| match signer {
                Signer::Certificate(certificate) => Some(certificate),
                Signer::Key(_) => None,
            })
            .collect()
    }

    /// The signers in the files of that URL, or else in all files.
    pub(super) fn candidates(&self, url: Option<&str>) -> Candidates<'_> {
        let indices = url.and_then(|url| self.urls.get(url));
        let files: Vec<&TrustFile> = match indices {
            Some(indices) => indices.iter().filter_map(|index| self.files.get(*index)).collect(),
            None => self.files.iter().collect(),
        };
        // The certificates of authorities come along for the chain; they sign no tokens, unless there is nothing else.
        let all = || files.iter().flat_map(|file| file.signers.iter().map(|signer| (file.name.as_str(), signer)));
        let is_end = |signer: &Signer| !matches!(signer, Signer::Certificate(c) if c.is_authority());
        let mut signers: Vec<_> = all().filter(|(_, signer)| is_end(signer)).collect();
        if signers.is_empty() {
            signers = all().collect();
        }
        Candidates { signers, by_url: indices.is_some() }
    }
}

/// The certificates and public keys in a text. Other blocks, such as private keys, are none of our business.
fn signers(text: &[u8]) -> Result<Vec<Signer>, Unusable> {
    let mut found = Vec::new();
    for block in pem::blocks(text) {
        let der = block.der.as_deref().ok_or(Unusable::Base64);
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                found.push(Signer::Certificate(Certificate::from_der(der?)?));
            }
            "PUBLIC KEY" => found.push(Signer::Key(PublicKey::from_der(der?)?)),
            _ => {}
        }
    }
    Ok(found)
}
