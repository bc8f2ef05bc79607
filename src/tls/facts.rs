//! What a handshake shows of a connection, with the frames that prove it.

use std::fmt;

use super::certificate::CertificateFacts;
use super::suite;
use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp};

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// SSL 3.0.
    Ssl3,
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// The version of its number on the wire.
    pub(super) fn of(number: u16) -> Option<Self> {
        match number {
            0x0300 => Some(Self::Ssl3),
            0x0301 => Some(Self::Tls10),
            0x0302 => Some(Self::Tls11),
            0x0303 => Some(Self::Tls12),
            // What drafts of it called themselves.
            0x0304 | 0x7f12..=0x7f1c => Some(Self::Tls13),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssl3 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where something was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The frame that completes it.
    pub frame: FrameRef,
    /// Its time.
    pub time: Timestamp,
    /// From whom to whom.
    pub flow: Flow,
}

/// An alert (RFC 8446 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// The description; `None` where it is encrypted and cannot be read.
    pub code: Option<u8>,
    /// Whether the sender ends the connection with it.
    pub is_fatal: bool,
    /// Whether it came before both ends had finished the handshake.
    pub in_handshake: bool,
    /// Where.
    pub place: Place,
}

impl Alert {
    /// Whether it says nothing but that the sender has said everything.
    pub fn is_close(&self) -> bool {
        self.code == Some(0)
    }

    /// Its name in the RFCs; `encrypted` where it cannot be read.
    pub fn name(&self) -> String {
        self.code.map_or_else(|| "encrypted".to_owned(), alert_name)
    }
}

/// The name of an alert in RFC 8446 §6, RFC 5246 §7.2, and RFC 7301 §3.2.
pub fn alert_name(code: u8) -> String {
    let name = match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// How far the content of a connection could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reading {
    /// There was nothing encrypted.
    #[default]
    Nothing,
    /// It was decrypted.
    Decrypted,
    /// No key log and no RSA key has its secrets.
    NoSecrets,
    /// The handshake was not captured, without which secrets are of no use.
    NoHandshake,
    /// The cipher suite is not read.
    UnsupportedSuite,
    /// There are secrets, but they do not open it.
    Failed,
}

impl Reading {
    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing-encrypted",
            Self::Decrypted => "decrypted",
            Self::NoSecrets => "no-secrets",
            Self::NoHandshake => "handshake-not-captured",
            Self::UnsupportedSuite => "cipher-suite-not-read",
            Self::Failed => "secrets-do-not-fit",
        }
    }
}

/// How a connection ended, as far as it matters to a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The sender said that it has said everything (FIN).
    Finished(Endpoint),
    /// The sender broke it off (RST).
    Reset(Endpoint),
}

/// What is known of one TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct TlsStream {
    /// Who opened it.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// Where its first octets were captured.
    pub first: Place,
    /// Where its last octets were captured.
    pub last: Place,
    /// Where the client's hello was captured.
    pub client_hello: Option<Place>,
    /// Where the server's hello was captured.
    pub server_hello: Option<Place>,
    /// The name of the server that the client asked for (SNI).
    pub server_name: Option<String>,
    /// Application protocols that the client offered (ALPN).
    pub protocols: Vec<String>,
    /// The one that the server chose.
    pub protocol: Option<String>,
    /// Versions that the client offered, its favourite first.
    pub offered_versions: Vec<Version>,
    /// Cipher suites that the client offered, its favourite first.
    pub offered_suites: Vec<u16>,
    /// The version that the server chose.
    pub version: Option<Version>,
    /// The cipher suite that the server chose.
    pub suite: Option<u16>,
    /// Whether an earlier session was resumed, without certificates.
    pub is_resumed: bool,
    /// The certificate of the server, and where it was captured; on the wire up to TLS 1.2, in TLS 1.3 only when decrypted.
    pub certificate: Option<(CertificateFacts, Place)>,
    /// Whether the server asked for a certificate of the client.
    pub asks_client_certificate: bool,
    /// The certificate of the client.
    pub client_certificate: Option<(CertificateFacts, Place)>,
    /// Alerts, the first ones.
    pub alerts: Vec<Alert>,
    /// Whether both ends finished the handshake, or data was exchanged.
    pub is_complete: bool,
    /// Where the server answered with something else than TLS.
    pub not_tls: Option<Place>,
    /// How the connection ended first.
    pub ended: Option<(Ended, Place)>,
    /// Whether the client asks for SIP, by port, protocol, or name.
    pub asks_for_sip: bool,
    /// How far it could be read.
    pub reading: Reading,
}

impl TlsStream {
    /// A connection of which nothing is known but its ends.
    pub fn new(client: Endpoint, server: Endpoint, first: Place) -> Self {
        Self {
            client,
            server,
            first,
            last: first,
            client_hello: None,
            server_hello: None,
            server_name: None,
            protocols: Vec::new(),
            protocol: None,
            offered_versions: Vec::new(),
            offered_suites: Vec::new(),
            version: None,
            suite: None,
            is_resumed: false,
            certificate: None,
            asks_client_certificate: false,
            client_certificate: None,
            alerts: Vec::new(),
            is_complete: false,
            not_tls: None,
            ended: None,
            asks_for_sip: false,
            reading: Reading::default(),
        }
    }

    /// The IANA name of the cipher suite, or its number.
    pub fn suite_name(&self) -> Option<String> {
        self.suite.map(suite::name)
    }

    /// The IANA name of any suite, or its number.
    pub fn name_of_suite(id: u16) -> String {
        suite::name(id)
    }

    /// The alert that broke the handshake off. In TLS 1.3 a server rejects the certificate of the client behind it.
    pub fn fatal_alert(&self) -> Option<&Alert> {
        let rejects = |alert: &Alert| alert.in_handshake || matches!(alert.code, Some(41..=49 | 51 | 116));
        self.alerts.iter().find(|alert| alert.is_fatal && !alert.is_close() && rejects(alert))
    }

    /// Whether the handshake failed for sure: by an alert, because one end closed the connection before it was over, or because the
    /// server does not speak TLS.
    pub fn has_failed(&self) -> bool {
        self.fatal_alert().is_some()
            || self.not_tls.is_some()
            || (self.client_hello.is_some() && !self.is_complete && self.ended.is_some())
    }
}
