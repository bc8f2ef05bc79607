//! What the rules about TLS have in common: evidence, names, dates.

use super::patterns::tls::Side;
use super::{Actor, Evidence, Text};
use crate::provenance::{Endpoint, Timestamp};
use crate::tls::{CertificateFacts, Place, TlsStream};

/// A place of a connection as evidence.
pub(super) fn evidence(place: &Place, what: impl Into<Text>, text: String) -> Evidence {
    Evidence {
        frame: place.frame,
        time: place.time,
        source: place.flow.source,
        destination: place.flow.destination,
        what: what.into(),
        text: text.into(),
    }
}

/// A certificate as evidence.
pub(super) fn certificate(facts: &CertificateFacts, place: &Place) -> Evidence {
    let text = format!("{}; {}; {} .. {}", facts.subject, facts.issuer, facts.first_day(), facts.last_day());
    evidence(place, "certificate: holder, issuer, validity", text)
}

/// The hello of the client.
pub(super) fn client_hello(stream: &TlsStream) -> Option<Evidence> {
    let place = stream.client_hello.as_ref()?;
    Some(evidence(place, "first message of the client (ClientHello)", stream.server_name.clone().unwrap_or_default()))
}

/// The hello of the server.
pub(super) fn server_hello(stream: &TlsStream) -> Option<Evidence> {
    let place = stream.server_hello.as_ref()?;
    let version = stream.version.map(|version| version.name().to_owned());
    let text: Vec<String> = version.into_iter().chain(stream.suite_name()).collect();
    Some(evidence(place, "first message of the server (ServerHello)", text.join(", ")))
}

/// Who runs an end.
pub(super) fn operator(side: Side, endpoint: Endpoint) -> Actor {
    match side {
        // The port of a client is that of one connection.
        Side::Client => Actor::at(Endpoint { port: 0, ..endpoint }, "operator of the TLS client"),
        Side::Server => Actor::at(endpoint, "operator of the TLS server"),
    }
}

/// What is wrong with the validity of a certificate at a moment of the capture.
pub(super) fn invalidity(facts: &CertificateFacts, at: Timestamp) -> Option<Text> {
    let second = at.epoch_seconds();
    if second > facts.not_after {
        Some(Text::new("it expired on {date}").with("date", facts.last_day()))
    } else if second < facts.not_before {
        Some(Text::new("it is valid from {date} on only").with("date", facts.first_day()))
    } else {
        None
    }
}
