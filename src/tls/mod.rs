//! TLS 1.0 to 1.3, between the octets of a TCP connection and the SIP in it: what handshakes show, and, where the user has the
//! secrets, the octets of the application.
//!
//! A `Session` takes the octets of both directions, cuts them into records, and reads the handshake (tls-parser does the parsing).
//! Secrets come from key logs, from the capture itself, or out of RSA keys ([`Keys`]); records are opened with the ciphers of
//! `RustCrypto`. Every octet that comes out knows the frame that completed its record, and all other frames of the record.
//! [`TlsStream`] is what is told of a connection that could not be read, or whose handshake failed.

mod certificate;
mod digest;
mod facts;
mod handshake;
mod hello;
mod opener;
mod secrets;
mod session;
mod side;
mod suite;
mod summary;
#[cfg(test)]
mod tests;

pub use certificate::CertificateFacts;
pub use facts::{Alert, Ended, Place, Reading, TlsStream, Version, alert_name};
pub(crate) use secrets::octets;
pub use secrets::{Keys, Secrets};
pub(crate) use session::{Plain, Session};
pub use summary::TlsSummary;
