//! Cipher suites: what sipscan has to know of one to decrypt it, from the table of tls-parser.

use tls_parser::{TlsCipherEnc, TlsCipherEncMode, TlsCipherKx, TlsCipherMac, TlsCipherSuite};

use super::digest::Hash;

/// How records are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    /// AES-GCM with a key of so many octets.
    Gcm(usize),
    /// AES-CCM with a key and a tag of so many octets.
    Ccm(usize, usize),
    ChaCha,
    /// AES-CBC with a key of so many octets, and an HMAC.
    Cbc(usize, Hash),
    /// No encryption, an HMAC alone.
    Null(Hash),
}

/// A cipher suite that can be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) bulk: Bulk,
    /// The hash of key derivation in TLS 1.2 and 1.3.
    pub(super) hash: Hash,
    /// Whether the client sends a secret that the RSA key of the server decrypts.
    pub(super) is_rsa: bool,
}

impl Suite {
    /// Looks a suite up; `None` if it is not known, or uses what is not read (3DES, RC4, Camellia, ARIA, …).
    pub(super) fn of(id: u16) -> Option<Self> {
        let suite = TlsCipherSuite::from_id(id)?;
        let key = usize::from(suite.enc_size / 8);
        let mac = match suite.mac {
            TlsCipherMac::HmacMd5 => Some(Hash::Md5),
            TlsCipherMac::HmacSha1 => Some(Hash::Sha1),
            TlsCipherMac::HmacSha256 => Some(Hash::Sha256),
            TlsCipherMac::HmacSha384 => Some(Hash::Sha384),
            _ => None,
        };
        let tag = if suite.name.ends_with("_8") || suite.name.contains("CCM_8_") { 8 } else { 16 };
        let bulk = match (suite.enc, suite.enc_mode, mac) {
            (TlsCipherEnc::Aes, TlsCipherEncMode::Gcm, _) => Bulk::Gcm(key),
            (TlsCipherEnc::Aes, TlsCipherEncMode::Ccm, _) => Bulk::Ccm(key, tag),
            (TlsCipherEnc::Aes, TlsCipherEncMode::Cbc, Some(mac)) => Bulk::Cbc(key, mac),
            (TlsCipherEnc::Chacha20_Poly1305, ..) => Bulk::ChaCha,
            (TlsCipherEnc::Null, _, Some(mac)) => Bulk::Null(mac),
            _ => return None,
        };
        let hash = if suite.name.ends_with("SHA384") { Hash::Sha384 } else { Hash::Sha256 };
        Some(Self { bulk, hash, is_rsa: suite.kx == TlsCipherKx::Rsa })
    }
}

/// The name that IANA gives to a suite, or its number.
pub(super) fn name(id: u16) -> String {
    TlsCipherSuite::from_id(id).map_or_else(|| format!("0x{id:04x}"), |suite| suite.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_that_sip_devices_use_are_known() {
        for (id, bulk, hash, is_rsa) in [
            (0x1301, Bulk::Gcm(16), Hash::Sha256, false),
            (0x1302, Bulk::Gcm(32), Hash::Sha384, false),
            (0x1303, Bulk::ChaCha, Hash::Sha256, false),
            (0x1304, Bulk::Ccm(16, 16), Hash::Sha256, false),
            (0x1305, Bulk::Ccm(16, 8), Hash::Sha256, false),
            (0x002f, Bulk::Cbc(16, Hash::Sha1), Hash::Sha256, true),
            (0x0035, Bulk::Cbc(32, Hash::Sha1), Hash::Sha256, true),
            (0x003d, Bulk::Cbc(32, Hash::Sha256), Hash::Sha256, true),
            (0xc028, Bulk::Cbc(32, Hash::Sha384), Hash::Sha384, false),
            (0xc02f, Bulk::Gcm(16), Hash::Sha256, false),
            (0xc030, Bulk::Gcm(32), Hash::Sha384, false),
            (0xc0ac, Bulk::Ccm(16, 16), Hash::Sha256, false),
            (0xc0af, Bulk::Ccm(32, 8), Hash::Sha256, false),
            (0xcca8, Bulk::ChaCha, Hash::Sha256, false),
            (0x0002, Bulk::Null(Hash::Sha1), Hash::Sha256, true),
        ] {
            assert_eq!(Suite::of(id), Some(Suite { bulk, hash, is_rsa }), "{id:04x} {}", name(id));
        }
        for other in [0x0005, 0x000a, 0xc086, 0x0a0a] {
            assert_eq!(Suite::of(other), None, "{}", name(other));
        }
        assert_eq!((name(0x0a0a), name(0x1301)), ("0x0a0a".to_owned(), "TLS_AES_128_GCM_SHA256".to_owned()));
    }
}
