//! What reports for people say of TLS: how much was read, what handshakes show of the rest, and how to read it.

use std::collections::BTreeMap;

use super::CaptureFacts;
use crate::lang::Text;
use crate::tls::{Reading, TlsStream, Version};

/// Groups of connections that are described.
const SHOWN: usize = 5;

/// All sentences, the most important first; none where there is no TLS with SIP.
pub(super) fn sentences(facts: &CaptureFacts) -> Vec<Text> {
    let tls = &facts.tls;
    let mut texts = Vec::new();
    let unread = tls.unread();
    if unread > 0 {
        texts.push(Text::count(
            unread,
            "{n} TCP connection carries SIP over TLS by all appearance: encrypted, and not read.",
            "{n} TCP connections carry SIP over TLS by all appearance: encrypted, and not read.",
        ));
        texts.extend(groups(tls.unread_streams()));
        texts.extend(hints(&tls.readings));
    }
    if tls.late_secrets > 0 {
        texts.push(Text::count(
            tls.late_secrets,
            "The secrets of {n} connection stand in the capture, but behind its frames: too late. Write them to a file (editcap \
             --extract-secrets, Wireshark 4.4) and give it with --keylog FILE.",
            "The secrets of {n} connections stand in the capture, but behind their frames: too late. Write them to a file (editcap \
             --extract-secrets, Wireshark 4.4) and give it with --keylog FILE.",
        ));
    }
    if tls.failed > 0 {
        texts.push(Text::count(
            tls.failed,
            "{n} TLS connection for SIP failed: see the findings.",
            "{n} TLS connections for SIP failed: see the findings.",
        ));
    }
    if let Some(read) = tls.readings.get(&Reading::Decrypted) {
        texts.push(Text::count(*read, "{n} TLS connection was decrypted.", "{n} TLS connections were decrypted."));
    }
    texts
}

/// What the handshakes show, those together of which the same is to be said.
fn groups<'a>(streams: impl Iterator<Item = &'a TlsStream>) -> Vec<Text> {
    let mut groups: BTreeMap<String, (Text, u64)> = BTreeMap::new();
    for stream in streams {
        let text = described(stream);
        groups.entry(text.to_string()).or_insert((text, 0)).1 += 1;
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let shown = groups.into_iter().take(SHOWN);
    shown
        .map(|(text, n)| Text::count(n, "{what} ({n} connection)", "{what} ({n} connections)").with("what", text))
        .collect()
}

fn described(stream: &TlsStream) -> Text {
    let mut facts: Vec<Text> = stream.version.map(version).into_iter().collect();
    facts.extend(stream.suite_name().map(Text::verbatim));
    facts.extend(stream.server_name.as_ref().map(|name| Text::new("server name {name}").with("name", name)));
    facts.extend(stream.protocol.as_ref().map(|name| Text::new("protocol {name}").with("name", name)));
    if let Some((certificate, _)) = &stream.certificate {
        let text = Text::new("certificate of {subject}, issued by {issuer}, valid until {date}");
        facts.push(
            text.with("subject", &certificate.subject)
                .with("issuer", &certificate.issuer)
                .with("date", certificate.last_day()),
        );
    }
    facts.push(Text::new(match stream.reading {
        Reading::NoHandshake if stream.client_hello.is_some() => {
            "its handshake was captured in part, or is of a version that is not read"
        }
        reading => reason(reading),
    }));
    Text::new("Server {server}: {facts}").with("server", stream.server).with("facts", Text::list(", ", facts))
}

fn version(version: Version) -> Text {
    match version {
        Version::Tls10 | Version::Tls11 => {
            Text::new("{version}, which must not be used any more (RFC 8996)").with("version", version.name())
        }
        Version::Ssl3 | Version::Tls12 | Version::Tls13 => Text::verbatim(version),
    }
}

/// Why it was not read.
fn reason(reading: Reading) -> &'static str {
    match reading {
        Reading::Nothing | Reading::Decrypted => "nothing encrypted",
        Reading::NoSecrets => "its secrets are not known",
        Reading::NoHandshake => "its handshake was not captured",
        Reading::UnsupportedSuite => "its cipher suite is not read",
        Reading::Failed => "the secrets do not fit",
    }
}

/// What to do to read them.
fn hints(readings: &BTreeMap<Reading, u64>) -> Vec<Text> {
    let hints = [
        (
            Reading::NoSecrets,
            "To read them, give their secrets with --keylog FILE: one of the ends writes them to the file that SSLKEYLOGFILE names, while \
             the capture is made. Where the key exchange is RSA, --tls-key FILE with the key of the server does.",
        ),
        (
            Reading::NoHandshake,
            "Connections whose beginning was not captured cannot be read even with their secrets: begin to capture, then let the client \
             connect anew.",
        ),
    ];
    hints.into_iter().filter(|(reading, _)| readings.contains_key(reading)).map(|(_, hint)| Text::new(hint)).collect()
}
