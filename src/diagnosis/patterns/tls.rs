//! TLS connections with SIP, or what seems to be SIP, in the whole capture: handshakes that failed, and certificates.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits::TLS_GROUPS;
use crate::provenance::Endpoint;
use crate::tls::{CertificateFacts, Ended, Place, TlsStream};

/// Connections that are told of together: the same client and server, and the same fault.
#[derive(Debug)]
pub struct Group {
    /// The first of them.
    pub first: TlsStream,
    /// How many they are.
    pub count: u64,
}

/// What broke a handshake off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The client, or the server, sent an alert; `None` where it is encrypted.
    Alert(Side, Option<u8>),
    /// The server does not speak TLS.
    NotTls,
    /// One end closed the connection.
    Closed(Side),
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Who opened it.
    Client,
    /// The other one.
    Server,
}

/// What is remembered of TLS.
#[derive(Debug, Default)]
pub struct Tls {
    failures: BTreeMap<(Endpoint, IpAddr, Failure), Group>,
    certificates: BTreeMap<(Endpoint, Side, String, i64), Group>,
    /// Connections that found no room.
    forgotten: u64,
}

impl Failure {
    /// What broke the handshake of a connection off, if anything did.
    pub fn of(stream: &TlsStream) -> Option<Self> {
        if let Some(alert) = stream.fatal_alert() {
            return Some(Self::Alert(side(stream, alert.place.flow.source), alert.code));
        }
        if stream.not_tls.is_some() {
            return Some(Self::NotTls);
        }
        let (Ended::Finished(end) | Ended::Reset(end), _) = stream.ended?;
        stream.has_failed().then(|| Self::Closed(side(stream, end)))
    }
}

fn side(stream: &TlsStream, end: Endpoint) -> Side {
    if end == stream.client { Side::Client } else { Side::Server }
}

impl Side {
    /// The certificate that this end showed.
    pub fn certificate(self, stream: &TlsStream) -> Option<&(CertificateFacts, Place)> {
        match self {
            Self::Client => stream.client_certificate.as_ref(),
            Self::Server => stream.certificate.as_ref(),
        }
    }

    /// Its address.
    pub fn endpoint(self, stream: &TlsStream) -> Endpoint {
        match self {
            Self::Client => stream.client,
            Self::Server => stream.server,
        }
    }
}

impl Tls {
    /// Takes note of a connection that is over.
    pub fn observe(&mut self, stream: &TlsStream) {
        if let Some(failure) = Failure::of(stream) {
            let key = (stream.server, stream.client.address, failure);
            self.forgotten += count(&mut self.failures, key, stream);
        }
        for side in [Side::Server, Side::Client] {
            let Some((certificate, _)) = side.certificate(stream) else { continue };
            // Ports of clients change with every connection.
            let port = if side == Side::Client { 0 } else { stream.server.port };
            let end = Endpoint { port, ..side.endpoint(stream) };
            let key = (end, side, certificate.subject.clone(), certificate.not_after);
            self.forgotten += count(&mut self.certificates, key, stream);
        }
    }

    /// Handshakes that failed, with what broke them off, in the order of servers.
    pub fn failures(&self) -> impl Iterator<Item = (Failure, &Group)> {
        self.failures.iter().map(|((_, _, failure), group)| (*failure, group))
    }

    /// Certificates, each with who showed it and the connections in which it was shown.
    pub fn certificates(&self) -> impl Iterator<Item = (Side, &CertificateFacts, Place, &Group)> {
        self.certificates.iter().filter_map(|((_, side, ..), group)| {
            let (certificate, place) = side.certificate(&group.first)?;
            Some((*side, certificate, *place, group))
        })
    }

    /// Connections that found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// Counts a connection under a key; gives how many found no room.
fn count<K: Ord>(groups: &mut BTreeMap<K, Group>, key: K, stream: &TlsStream) -> u64 {
    if groups.len() >= TLS_GROUPS && !groups.contains_key(&key) {
        return 1;
    }
    groups.entry(key).or_insert_with(|| Group { first: stream.clone(), count: 0 }).count += 1;
    0
}
