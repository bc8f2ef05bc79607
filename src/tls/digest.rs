//! Hash functions by name, and the key derivation of TLS that is made of them.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

impl Hash {
    /// Octets of its output.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(octets).to_vec(),
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
            Self::Sha384 => Sha384::digest(octets).to_vec(),
        }
    }

    /// HMAC (RFC 2104) of parts one behind the other.
    pub(super) fn mac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        macro_rules! mac {
            ($hash:ty) => {{
                // Keys of any length are taken.
                let Ok(mut mac) = Hmac::<$hash>::new_from_slice(key) else { return Vec::new() };
                for part in parts {
                    mac.update(part);
                }
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Md5 => mac!(Md5),
            Self::Sha1 => mac!(Sha1),
            Self::Sha256 => mac!(Sha256),
            Self::Sha384 => mac!(Sha384),
        }
    }

    /// `P_hash` (RFC 5246 §5).
    fn expand(self, secret: &[u8], label: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
        let mut a = self.mac(secret, &[label, seed]);
        let mut out = Vec::with_capacity(length + self.length());
        while out.len() < length {
            out.extend(self.mac(secret, &[&a, label, seed]));
            a = self.mac(secret, &[&a]);
        }
        out.truncate(length);
        out
    }

    /// HKDF-Expand-Label (RFC 8446 §7.1) without context.
    pub(super) fn expand_label(self, secret: &[u8], label: &str, length: usize) -> Option<Vec<u8>> {
        let wanted = u16::try_from(length).ok()?;
        let name = u8::try_from(b"tls13 ".len() + label.len()).ok()?;
        let info = [&wanted.to_be_bytes()[..], &[name], b"tls13 ", label.as_bytes(), &[0]].concat();
        let mut out = vec![0; length];
        match self {
            Self::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
            _ => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?,
        }
        Some(out)
    }
}

/// The pseudo-random function of TLS up to 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    /// MD5 and SHA-1 (RFC 2246 §5), of TLS 1.0 and 1.1.
    Old,
    /// That of TLS 1.2 (RFC 5246 §5).
    Of(Hash),
}

impl Prf {
    pub(super) fn expand(self, secret: &[u8], label: &str, seed: &[&[u8]], length: usize) -> Vec<u8> {
        let (label, seed) = (label.as_bytes(), seed.concat());
        match self {
            Self::Of(hash) => hash.expand(secret, label, &seed, length),
            Self::Old => {
                let half = secret.len().div_ceil(2);
                let (first, second) = (secret.get(..half), secret.get(secret.len() - half..));
                let md5 = Hash::Md5.expand(first.unwrap_or_default(), label, &seed, length);
                let sha = Hash::Sha1.expand(second.unwrap_or_default(), label, &seed, length);
                md5.iter().zip(sha).map(|(a, b)| a ^ b).collect()
            }
        }
    }

    /// The hash of the handshake so far, for the extended master secret (RFC 7627 §3).
    pub(super) fn session_hash(self, transcript: &[u8]) -> Vec<u8> {
        match self {
            Self::Of(hash) => hash.of(transcript),
            Self::Old => [Hash::Md5.of(transcript), Hash::Sha1.of(transcript)].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn labels_expand_as_in_the_traces_of_rfc_8448() {
        // RFC 8448 §3: the write key and IV of the server's handshake.
        let secret = octets("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let key = Hash::Sha256.expand_label(&secret, "key", 16).unwrap();
        assert_eq!(key, octets("3fce516009c21727d0f2e4e86ee403bc"));
        let iv = Hash::Sha256.expand_label(&secret, "iv", 12).unwrap();
        assert_eq!(iv, octets("5d313eb2671276ee13000b30"));
        assert_eq!(Hash::Sha256.expand_label(&secret[..3], "key", 16), None);
    }

    #[test]
    fn the_function_of_tls_1_2_gives_what_others_give() {
        // The test vector of the IETF list for P_SHA256.
        let secret = octets("9bbe436ba940f017b17652849a71db35");
        let seed = octets("a0ba9f936cda311827a6f796ffd5198c");
        let out = Prf::Of(Hash::Sha256).expand(&secret, "test label", &[&seed], 100);
        assert_eq!(out[..16], octets("e3f229ba727be17b8d122620557cd453")[..]);
        assert_eq!(out.len(), 100);
    }
}
