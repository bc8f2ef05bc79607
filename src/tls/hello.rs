//! The first messages of both ends (RFC 8446 §4.1, RFC 5246 §7.4.1), parsed by tls-parser.

use tls_parser::{
    SNIType, TlsExtension, parse_tls_client_hello_extension, parse_tls_handshake_client_hello,
    parse_tls_handshake_server_hello,
};

use super::facts::Version;
use super::secrets::Random;
use crate::limits::TLS_NAME;

/// Names of protocols that are kept of one hello.
const PROTOCOLS: usize = 8;
/// Cipher suites that are kept of one hello.
const SUITES: usize = 256;
/// The random value of a `ServerHello` that asks for another `ClientHello` (RFC 8446 §4.1.3).
const RETRY: Random = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What matters of a hello, be it the client's or the server's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for an extension")]
pub(super) struct Hello {
    pub(super) random: Random,
    /// The version field; for RSA key exchange that of the client is part of the secret.
    pub(super) legacy_version: u16,
    /// The versions of the client, or the one that the server chose.
    pub(super) versions: Vec<Version>,
    /// The suites of the client, or the one that the server chose.
    pub(super) suites: Vec<u16>,
    pub(super) session_id: Vec<u8>,
    pub(super) ticket: Vec<u8>,
    pub(super) server_name: Option<String>,
    pub(super) protocols: Vec<String>,
    pub(super) encrypt_then_mac: bool,
    pub(super) extended_master_secret: bool,
    pub(super) early_data: bool,
    /// Whether a session of TLS 1.3 is resumed, or shall be.
    pub(super) has_psk: bool,
}

impl Hello {
    /// Reads the body of a `ClientHello`.
    pub(super) fn of_client(body: &[u8]) -> Option<Self> {
        let (_, hello) = parse_tls_handshake_client_hello(body).ok()?;
        let mut read = Self {
            random: hello.random.try_into().ok()?,
            legacy_version: hello.version.0,
            suites: hello.ciphers.iter().take(SUITES).map(|suite| suite.0).filter(|id| !is_grease(*id)).collect(),
            session_id: hello.session_id.unwrap_or_default().to_vec(),
            ..Self::default()
        };
        read.extensions(hello.ext.unwrap_or_default());
        if read.versions.is_empty() {
            read.versions.extend(Version::of(hello.version.0));
        }
        Some(read)
    }

    /// Reads the body of a `ServerHello`; `None` also for one that asks for another `ClientHello`.
    pub(super) fn of_server(body: &[u8]) -> Option<Self> {
        let (_, hello) = parse_tls_handshake_server_hello(body).ok()?;
        let random = hello.random.try_into().ok().filter(|random| *random != RETRY)?;
        let mut read = Self {
            random,
            legacy_version: hello.version.0,
            suites: vec![hello.cipher.0],
            session_id: hello.session_id.unwrap_or_default().to_vec(),
            ..Self::default()
        };
        read.extensions(hello.ext.unwrap_or_default());
        if read.versions.is_empty() {
            read.versions.extend(Version::of(hello.version.0));
        }
        Some(read)
    }

    /// Reads extensions one by one: one that is malformed does not hide those behind it.
    pub(super) fn extensions(&mut self, mut rest: &[u8]) {
        while let Some(&[_, _, high, low]) = rest.first_chunk::<4>() {
            let length = 4 + usize::from(u16::from_be_bytes([high, low]));
            let Some((one, behind)) = rest.split_at_checked(length) else { return };
            if let Ok((_, extension)) = parse_tls_client_hello_extension(one) {
                self.extension(extension);
            }
            rest = behind;
        }
    }

    fn extension(&mut self, extension: TlsExtension<'_>) {
        match extension {
            TlsExtension::SNI(names) => {
                let host = names.iter().find(|(kind, _)| *kind == SNIType::HostName);
                self.server_name = host.map(|(_, name)| text(name));
            }
            TlsExtension::ALPN(names) => self.protocols = names.iter().take(PROTOCOLS).map(|name| text(name)).collect(),
            TlsExtension::SupportedVersions(versions) => {
                self.versions = versions.iter().filter_map(|version| Version::of(version.0)).collect();
            }
            TlsExtension::SessionTicket(ticket) => self.ticket = ticket.to_vec(),
            TlsExtension::EncryptThenMac => self.encrypt_then_mac = true,
            TlsExtension::ExtendedMasterSecret => self.extended_master_secret = true,
            TlsExtension::EarlyData(_) => self.early_data = true,
            TlsExtension::PreSharedKey(_) => self.has_psk = true,
            _ => {}
        }
    }

    /// Whether it asks for SIP: by application protocol (ALPN) or by a server name (SNI) whose first label begins with `sip`.
    pub(super) fn asks_for_sip(&self) -> bool {
        let begins =
            |text: &str, with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
        self.protocols.iter().any(|name| name.eq_ignore_ascii_case("sip") || begins(name, "sip/"))
            || self.server_name.as_deref().is_some_and(|name| begins(name, "sip"))
    }
}

/// Values that mean nothing, which keep servers tolerant (RFC 8701).
fn is_grease(id: u16) -> bool {
    let [high, low] = id.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// A name of bounded length.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.get(..TLS_NAME).unwrap_or(octets)).into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The body of a `ClientHello` with one suite.
    pub(in crate::tls) fn client_hello(extensions: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 0x01, 1, 0], &length, extensions].concat()
    }

    fn sni(name: &str) -> Vec<u8> {
        let n = u8::try_from(name.len()).unwrap();
        [&[0, 0, 0, n + 5, 0, n + 3, 0, 0, n][..], name.as_bytes()].concat()
    }

    fn alpn(name: &str) -> Vec<u8> {
        let n = u8::try_from(name.len()).unwrap();
        [&[0, 16, 0, n + 3, 0, n + 1, n][..], name.as_bytes()].concat()
    }

    #[test]
    fn names_and_protocols_tell() {
        let broken = [0, 0, 0, 1, 9];
        for (extensions, expected) in [
            (sni("sip.example.com"), true),
            (sni("SIPS1.example.com"), true),
            (sni("www.example.com"), false),
            (alpn("sip/2"), true),
            (alpn("h2"), false),
            ([sni("www.example.com"), alpn("sip")].concat(), true),
            ([&broken[..], &alpn("sip/2")].concat(), true),
            (vec![], false),
        ] {
            let hello = Hello::of_client(&client_hello(&extensions)).unwrap();
            assert_eq!(hello.asks_for_sip(), expected, "{extensions:?}");
            assert_eq!((hello.suites, hello.versions), (vec![0x1301], vec![Version::Tls12]));
        }
        assert_eq!(Hello::of_client(&client_hello(&[])[..30]), None);
    }

    #[test]
    fn the_version_of_a_server_is_the_one_in_its_extension() {
        let body = |random: &[u8; 32], extensions: &[u8]| {
            let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
            [&[3, 3][..], random, &[0, 0x13, 0x02, 0], &length, extensions].concat()
        };
        let hello = Hello::of_server(&body(&[1; 32], &[0, 43, 0, 2, 3, 4, 0, 22, 0, 0])).unwrap();
        assert_eq!((hello.versions, hello.suites), (vec![Version::Tls13], vec![0x1302]));
        assert!(hello.encrypt_then_mac && !hello.extended_master_secret);
        assert_eq!(Hello::of_server(&body(&[1; 32], &[])).unwrap().versions, [Version::Tls12]);
        assert_eq!(Hello::of_server(&body(&RETRY, &[0, 43, 0, 2, 3, 4])), None);
    }
}
