//! A TLS connection as JSON shows it.

use serde::Serialize;

use super::{Address, Place, Time};
use crate::tls::{CertificateFacts, TlsStream};

/// A TLS connection that carries SIP, or seems to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct TlsView {
    /// Who opened it.
    client: Address,
    /// The other end.
    server: Address,
    /// Index of the file of its frames in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// The frame of its first octets.
    first_frame: u64,
    /// Time of that frame.
    first_time: Time,
    /// The server that the client asked for (SNI).
    server_name: Option<String>,
    /// The application protocol that the server chose (ALPN).
    protocol: Option<String>,
    /// The version that the server chose, such as `TLS 1.3`.
    version: Option<&'static str>,
    /// The IANA name of the cipher suite, or its number.
    cipher_suite: Option<String>,
    /// Whether an earlier session was resumed.
    resumed: bool,
    /// The certificate of the server; on the wire up to TLS 1.2, in TLS 1.3 only when decrypted.
    certificate: Option<CertificateView>,
    /// The certificate of the client.
    client_certificate: Option<CertificateView>,
    /// Alerts, the first ones.
    alerts: Vec<AlertView>,
    /// Whether both ends finished the handshake, or data was exchanged.
    complete: bool,
    /// Whether the handshake failed for sure.
    failed: bool,
    /// How far it could be read: `decrypted`, `no-secrets`, `handshake-not-captured`, `cipher-suite-not-read`, `secrets-do-not-fit`, or
    /// `nothing-encrypted`.
    reading: &'static str,
}

/// What is told of a certificate; its signature is not checked.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CertificateView {
    /// The holder.
    subject: String,
    /// Who issued it.
    issuer: String,
    /// The names that it holds for.
    names: Vec<String>,
    /// First day of its validity, in UTC.
    valid_from: String,
    /// Last day of its validity, in UTC.
    valid_until: String,
    /// Whether the holder is the issuer.
    self_signed: bool,
    /// The frame that completes it.
    frame: u64,
}

/// An alert.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AlertView {
    /// Who sent it.
    source: Address,
    /// Its name in the RFCs, or its number; `encrypted` where it cannot be read.
    name: String,
    /// Whether it ends the connection as a failure.
    fatal: bool,
    /// Its frame.
    frame: u64,
}

impl TlsView {
    pub(in crate::report) fn new(stream: &TlsStream, place: Place) -> Self {
        let certificate = |shown: &Option<(CertificateFacts, crate::tls::Place)>| {
            shown.as_ref().map(|(facts, at)| CertificateView::new(facts, at.frame.number.0))
        };
        Self {
            client: Address(stream.client),
            server: Address(stream.server),
            file: place.file(stream.first.frame),
            first_frame: stream.first.frame.number.0,
            first_time: Time(stream.first.time),
            server_name: stream.server_name.clone(),
            protocol: stream.protocol.clone(),
            version: stream.version.map(crate::tls::Version::name),
            cipher_suite: stream.suite_name(),
            resumed: stream.is_resumed,
            certificate: certificate(&stream.certificate),
            client_certificate: certificate(&stream.client_certificate),
            alerts: stream
                .alerts
                .iter()
                .map(|alert| AlertView {
                    source: Address(alert.place.flow.source),
                    name: alert.name(),
                    fatal: alert.is_fatal,
                    frame: alert.place.frame.number.0,
                })
                .collect(),
            complete: stream.is_complete,
            failed: stream.has_failed(),
            reading: stream.reading.code(),
        }
    }
}

impl CertificateView {
    fn new(facts: &CertificateFacts, frame: u64) -> Self {
        Self {
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            names: facts.names.clone(),
            valid_from: facts.first_day(),
            valid_until: facts.last_day(),
            self_signed: facts.is_self_issued,
            frame,
        }
    }
}
