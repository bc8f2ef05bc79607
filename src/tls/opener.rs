//! Opens sealed records of one direction: decryption, and the check that makes sure of it.

use std::fmt;

use aes::{Aes128, Aes256};
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{Aead, AeadCore, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;

use super::digest::{Hash, Prf};
use super::suite::{Bulk, Suite};
use crate::limits::TLS_LOST_RECORDS;

const BLOCK: usize = 16;

/// The type of a record that holds data of the application.
pub(super) const APPLICATION_DATA: u8 = 23;

enum Cipher {
    Gcm128(Box<Aes128Gcm>),
    Gcm256(Box<Aes256Gcm>),
    Ccm128(Box<Ccm<Aes128, U16, U12>>),
    Ccm256(Box<Ccm<Aes256, U16, U12>>),
    ShortCcm128(Box<Ccm<Aes128, U8, U12>>),
    ShortCcm256(Box<Ccm<Aes256, U8, U12>>),
    ChaCha(Box<ChaCha20Poly1305>),
    Cbc(Box<Cbc>),
    /// Without a key the code is not checked.
    Null {
        mac: Hash,
        mac_key: Option<Vec<u8>>,
    },
}

struct Cbc {
    key: Vec<u8>,
    mac: Hash,
    mac_key: Vec<u8>,
    /// The vector of the next record in TLS 1.0, where none is in the record.
    iv: Option<[u8; BLOCK]>,
    /// Encrypt-then-MAC (RFC 7366).
    is_mac_outside: bool,
}

/// What the records of one direction are opened with.
pub(super) struct Opener {
    cipher: Cipher,
    /// The part of the nonce that is no secret to either end: 4 octets in front, or 12 to add the number to.
    iv: Vec<u8>,
    is_tls13: bool,
    number: u64,
    /// Whether records may have been lost in front of the next one.
    after_gap: bool,
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are nobody's business.
        f.debug_struct("Opener").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What both ends of a connection up to TLS 1.2 agreed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed<'a> {
    pub(super) suite: Suite,
    /// Such as 0x0303.
    pub(super) version: u16,
    pub(super) client_random: &'a [u8],
    pub(super) server_random: &'a [u8],
    pub(super) encrypt_then_mac: bool,
}

impl Agreed<'_> {
    pub(super) fn prf(&self) -> Prf {
        if self.version >= 0x0303 { Prf::Of(self.suite.hash) } else { Prf::Old }
    }
}

impl Opener {
    /// The opener of TLS 1.0 to 1.2 (RFC 5246 §6.3) for what the client, or the server, sends.
    pub(super) fn of_master(agreed: &Agreed<'_>, master: &[u8], of_client: bool) -> Option<Self> {
        let (mac, key, iv) = match agreed.suite.bulk {
            Bulk::Gcm(key) | Bulk::Ccm(key, _) => (0, key, 4),
            Bulk::ChaCha => (0, 32, 12),
            Bulk::Cbc(key, mac) => (mac.length(), key, if agreed.version <= 0x0301 { BLOCK } else { 0 }),
            Bulk::Null(mac) => (mac.length(), 0, 0),
        };
        let seed = [agreed.server_random, agreed.client_random];
        let block = agreed.prf().expand(master, "key expansion", &seed, 2 * (mac + key + iv));
        let part = |at: usize, length: usize| {
            let at = at + if of_client { 0 } else { length };
            block.get(at..at + length)
        };
        let (mac_key, key, iv) = (part(0, mac)?, part(2 * mac, key)?, part(2 * (mac + key), iv)?);
        let cipher = match agreed.suite.bulk {
            Bulk::Cbc(_, mac) => Cipher::Cbc(Box::new(Cbc {
                key: key.to_vec(),
                mac,
                mac_key: mac_key.to_vec(),
                iv: iv.try_into().ok(),
                is_mac_outside: agreed.encrypt_then_mac,
            })),
            Bulk::Null(mac) => Cipher::Null { mac, mac_key: Some(mac_key.to_vec()) },
            bulk => Cipher::aead(bulk, key)?,
        };
        Some(Self { cipher, iv: iv.to_vec(), is_tls13: false, number: 0, after_gap: false })
    }

    /// The opener of suites without encryption, where the secret is not known.
    pub(super) fn unsealed(mac: Hash) -> Self {
        let cipher = Cipher::Null { mac, mac_key: None };
        Self { cipher, iv: Vec::new(), is_tls13: false, number: 0, after_gap: false }
    }

    /// The opener of TLS 1.3 for a traffic secret (RFC 8446 §7.3).
    pub(super) fn of_secret(suite: Suite, secret: &[u8]) -> Option<Self> {
        let length = match suite.bulk {
            Bulk::Gcm(key) | Bulk::Ccm(key, _) => key,
            Bulk::ChaCha => 32,
            Bulk::Cbc(..) | Bulk::Null(_) => return None,
        };
        let cipher = Cipher::aead(suite.bulk, &suite.hash.expand_label(secret, "key", length)?)?;
        let iv = suite.hash.expand_label(secret, "iv", 12)?;
        Some(Self { cipher, iv, is_tls13: true, number: 0, after_gap: false })
    }

    /// Says that records may be missing from here on.
    pub(super) fn expect_gap(&mut self) {
        self.after_gap = true;
    }

    /// Opens a record; gives its content with the type of it. `None` if it is not sealed with these keys.
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<(u8, Vec<u8>)> {
        let tries = if self.after_gap { TLS_LOST_RECORDS } else { 1 };
        let opened =
            (self.number..self.number.saturating_add(tries)).find_map(|n| Some((n, self.try_open(n, header, body)?)));
        if let Cipher::Cbc(cbc) = &mut self.cipher {
            cbc.remember(body);
        }
        let (number, opened) = opened?;
        self.number = number + 1;
        self.after_gap = false;
        if self.is_tls13 { inner(opened) } else { Some((header[0], opened)) }
    }

    fn try_open(&self, number: u64, header: [u8; 5], body: &[u8]) -> Option<Vec<u8>> {
        match &self.cipher {
            Cipher::Gcm128(cipher) => self.aead(&**cipher, 16, number, header, body),
            Cipher::Gcm256(cipher) => self.aead(&**cipher, 16, number, header, body),
            Cipher::Ccm128(cipher) => self.aead(&**cipher, 16, number, header, body),
            Cipher::Ccm256(cipher) => self.aead(&**cipher, 16, number, header, body),
            Cipher::ShortCcm128(cipher) => self.aead(&**cipher, 8, number, header, body),
            Cipher::ShortCcm256(cipher) => self.aead(&**cipher, 8, number, header, body),
            Cipher::ChaCha(cipher) => self.aead(&**cipher, 16, number, header, body),
            Cipher::Cbc(cbc) => cbc.open(number, header, body),
            Cipher::Null { mac, mac_key } => {
                let (content, code) = body.split_at_checked(body.len().checked_sub(mac.length())?)?;
                let is_right =
                    |key: &Vec<u8>| authentication(*mac, key, number, header, content).is_some_and(|c| c == code);
                mac_key.as_ref().is_none_or(is_right).then(|| content.to_vec())
            }
        }
    }

    fn aead<A: Aead + AeadCore<NonceSize = U12>>(
        &self,
        cipher: &A,
        tag: usize,
        number: u64,
        header: [u8; 5],
        body: &[u8],
    ) -> Option<Vec<u8>> {
        let number_octets = number.to_be_bytes();
        let (nonce, msg): (Vec<u8>, &[u8]) = if self.iv.len() == 12 {
            let padded = [&[0; 4][..], &number_octets].concat();
            (self.iv.iter().zip(padded).map(|(a, b)| a ^ b).collect(), body)
        } else {
            let (explicit, rest) = body.split_at_checked(8)?;
            ([&self.iv, explicit].concat(), rest)
        };
        let nonce: [u8; 12] = nonce.try_into().ok()?;
        let length = u16::try_from(msg.len().checked_sub(tag)?).ok()?.to_be_bytes();
        let aad = if self.is_tls13 {
            header.to_vec()
        } else {
            let [kind, major, minor, ..] = header;
            [&number_octets[..], &[kind, major, minor], &length].concat()
        };
        cipher.decrypt(&Array::from(nonce), Payload { msg, aad: &aad }).ok()
    }
}

impl Cipher {
    fn aead(bulk: Bulk, key: &[u8]) -> Option<Self> {
        fn made<C: KeyInit>(key: &[u8]) -> Option<Box<C>> {
            C::new_from_slice(key).ok().map(Box::new)
        }
        Some(match bulk {
            Bulk::Gcm(16) => Self::Gcm128(made(key)?),
            Bulk::Gcm(_) => Self::Gcm256(made(key)?),
            Bulk::Ccm(16, 16) => Self::Ccm128(made(key)?),
            Bulk::Ccm(16, _) => Self::ShortCcm128(made(key)?),
            Bulk::Ccm(_, 16) => Self::Ccm256(made(key)?),
            Bulk::Ccm(..) => Self::ShortCcm256(made(key)?),
            Bulk::ChaCha => Self::ChaCha(made(key)?),
            Bulk::Cbc(..) | Bulk::Null(_) => return None,
        })
    }
}

impl Cbc {
    fn open(&self, number: u64, header: [u8; 5], body: &[u8]) -> Option<Vec<u8>> {
        let sealed = if self.is_mac_outside {
            let (sealed, code) = body.split_at_checked(body.len().checked_sub(self.mac.length())?)?;
            if authentication(self.mac, &self.mac_key, number, header, sealed)? != code {
                return None;
            }
            sealed
        } else {
            body
        };
        let (iv, sealed) = match &self.iv {
            Some(iv) => (&iv[..], sealed),
            None => sealed.split_at_checked(BLOCK)?,
        };
        let mut content = self.decrypt(iv, sealed)?;
        let padding = usize::from(*content.last()?);
        let length = content.len().checked_sub(padding + 1)?;
        if content.get(length..)?.iter().any(|octet| usize::from(*octet) != padding) {
            return None;
        }
        content.truncate(length);
        if !self.is_mac_outside {
            let code = content.split_off(length.checked_sub(self.mac.length())?);
            if authentication(self.mac, &self.mac_key, number, header, &content)? != code {
                return None;
            }
        }
        Some(content)
    }

    fn decrypt(&self, iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut octets = sealed.to_vec();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut octets);
        if !rest.is_empty() {
            return None;
        }
        if self.key.len() == 16 {
            cbc::Decryptor::<Aes128>::new_from_slices(&self.key, iv).ok()?.decrypt_blocks(blocks);
        } else {
            cbc::Decryptor::<Aes256>::new_from_slices(&self.key, iv).ok()?.decrypt_blocks(blocks);
        }
        Some(octets)
    }

    /// In TLS 1.0 the last block of a record is the vector of the next one, whether it could be opened or not.
    fn remember(&mut self, body: &[u8]) {
        let code = if self.is_mac_outside { self.mac.length() } else { 0 };
        let sealed = body.get(..body.len().saturating_sub(code)).unwrap_or_default();
        if let (Some(iv), Some(last)) = (&mut self.iv, sealed.last_chunk::<BLOCK>()) {
            *iv = *last;
        }
    }
}

/// The code of RFC 5246 §6.2.3.1.
fn authentication(mac: Hash, key: &[u8], number: u64, header: [u8; 5], content: &[u8]) -> Option<Vec<u8>> {
    let [kind, major, minor, ..] = header;
    let length = u16::try_from(content.len()).ok()?.to_be_bytes();
    Some(mac.mac(key, &[&number.to_be_bytes(), &[kind, major, minor], &length, content]))
}

/// Takes the padding of TLS 1.3 away, in front of which is the type of the content (RFC 8446 §5.2).
fn inner(mut content: Vec<u8>) -> Option<(u8, Vec<u8>)> {
    while content.last() == Some(&0) {
        content.pop();
    }
    let kind = content.pop()?;
    Some((kind, content))
}
