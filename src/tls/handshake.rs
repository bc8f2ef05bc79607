//! The messages of the handshake: what both ends agree on, and the keys that follow from it.

use tls_parser::{TlsMessageHandshake, parse_tls_handshake_msg_certificate};

use super::certificate::CertificateFacts;
use super::facts::{Place, Reading, Version};
use super::hello::Hello;
use super::opener::{Agreed, Opener};
use super::secrets::Traffic;
use super::session::Session;
use super::side::Phase;
use super::suite::{Bulk, Suite};
use crate::limits::TLS_HANDSHAKE_OCTETS;
use crate::net::tcp::Direction;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const NEW_SESSION_TICKET: u8 = 4;
const END_OF_EARLY_DATA: u8 = 5;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

/// Octets of the master secret.
const MASTER: usize = 48;

/// What the current handshake brought so far.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    pub(super) client: Option<Hello>,
    pub(super) server: Option<Hello>,
    /// All messages up to the client's key, as the extended master secret needs them; `None` where it is not needed, or too long.
    transcript: Option<Vec<u8>>,
    /// The secret of the session up to TLS 1.2, once it is known.
    master: Option<Secret>,
}

struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Handshake {
    pub(super) fn cost(&self) -> usize {
        self.transcript.as_ref().map_or(0, Vec::len)
    }

    /// Gives up what only keys need.
    pub(super) fn forget(&mut self) {
        self.transcript = None;
    }

    /// Whether the server has not chosen yet, and may choose TLS 1.3.
    pub(super) fn may_be_tls13(&self) -> bool {
        self.server.is_none() && self.client.as_ref().is_some_and(|client| client.versions.contains(&Version::Tls13))
    }
}

impl Session {
    /// Reads octets of handshake messages.
    pub(super) fn messages(&mut self, direction: Direction, octets: &[u8], at: Place) {
        for (kind, message) in self.side(direction).messages(octets) {
            let body = message.get(4..).unwrap_or_default();
            if kind == CLIENT_HELLO {
                self.client_hello(direction, body, at);
            }
            if let Some(transcript) = self.handshake.transcript.as_mut().filter(|_| kind != 0) {
                transcript.extend_from_slice(&message);
                if transcript.len() > TLS_HANDSHAKE_OCTETS {
                    self.handshake.transcript = None;
                }
            }
            self.message(direction, kind, body, at);
        }
    }

    fn message(&mut self, direction: Direction, kind: u8, body: &[u8], at: Place) {
        let is_tls13 = self.facts.version == Some(Version::Tls13);
        let is_client = self.client == Some(direction);
        match kind {
            SERVER_HELLO => self.server_hello(direction, body, at),
            ENCRYPTED_EXTENSIONS => {
                let mut chosen = Hello::default();
                chosen.extensions(body.get(2..).unwrap_or_default());
                self.facts.protocol = chosen.protocols.pop();
            }
            CERTIFICATE => self.certificate(is_client, body, at),
            CERTIFICATE_REQUEST => self.facts.asks_client_certificate = true,
            CLIENT_KEY_EXCHANGE => self.client_key_exchange(body),
            NEW_SESSION_TICKET if !is_tls13 => self.new_session_ticket(body),
            END_OF_EARLY_DATA => self.side(direction).enter(Phase::Handshake),
            FINISHED => self.finished(direction, is_tls13),
            KEY_UPDATE => {
                if let Some(suite) = self.facts.suite.and_then(Suite::of) {
                    self.side(direction).update(suite);
                }
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, direction: Direction, body: &[u8], at: Place) {
        let Some(hello) = Hello::of_client(body) else { return };
        self.set_client(direction, at);
        if self.facts.client_hello.is_none() {
            self.facts.client_hello = Some(at);
            self.facts.server_name.clone_from(&hello.server_name);
            self.facts.protocols.clone_from(&hello.protocols);
            self.facts.offered_versions.clone_from(&hello.versions);
            self.facts.offered_suites.clone_from(&hello.suites);
            self.facts.asks_for_sip |= hello.asks_for_sip();
        }
        let needs_transcript = self.keys.may_open_rsa() || self.keys.premaster(&hello.random).is_some();
        let transcript = needs_transcript.then(Vec::new);
        self.handshake = Handshake { client: Some(hello), transcript, ..Handshake::default() };
    }

    fn set_client(&mut self, direction: Direction, at: Place) {
        if self.client.is_none() {
            self.client = Some(direction);
            let flow = if Direction::of(&at.flow) == direction { at.flow } else { at.flow.reversed() };
            (self.facts.client, self.facts.server) = (flow.source, flow.destination);
        }
    }

    fn server_hello(&mut self, direction: Direction, body: &[u8], at: Place) {
        let Some(hello) = Hello::of_server(body) else { return };
        self.set_client(direction.opposite(), at);
        let version = hello.versions.first().copied();
        let suite = hello.suites.first().copied();
        let client = self.handshake.client.as_ref();
        let same_session = client.is_some_and(|client| {
            !client.session_id.is_empty() && client.session_id == hello.session_id && version != Some(Version::Tls13)
        });
        if self.facts.server_hello.is_none() {
            self.facts.server_hello = Some(at);
            (self.facts.version, self.facts.suite) = (version, suite);
            self.facts.is_resumed = same_session || (version == Some(Version::Tls13) && hello.has_psk);
            self.facts.protocol = hello.protocols.first().cloned();
        }
        self.handshake.server = Some(hello);
        if version == Some(Version::Tls13) {
            self.seal_tls13();
        }
    }

    /// Takes the secrets of TLS 1.3 for both directions.
    fn seal_tls13(&mut self) {
        let Some(suite) = self.facts.suite.and_then(Suite::of) else {
            return self.seal_without(Reading::UnsupportedSuite);
        };
        let Some(random) = self.handshake.client.as_ref().map(|hello| hello.random) else {
            return self.seal_without(Reading::NoHandshake);
        };
        let early = self.handshake.client.as_ref().is_some_and(|hello| hello.early_data);
        let early = (Traffic::ClientEarly, Phase::Early, early);
        let client =
            [early, (Traffic::ClientHandshake, Phase::Handshake, true), (Traffic::Client, Phase::Application, true)];
        let server = [(Traffic::ServerHandshake, Phase::Handshake, true), (Traffic::Server, Phase::Application, true)];
        let of_client = self.client.unwrap_or(Direction::Up);
        for (direction, parts) in [(of_client, &client[..]), (of_client.opposite(), &server[..])] {
            for (traffic, phase, _) in parts.iter().filter(|(_, _, is_used)| *is_used) {
                if let Some(secret) = self.keys.traffic(&random, *traffic) {
                    self.side(direction).add(*phase, suite, secret);
                }
            }
        }
        self.seal_without(Reading::NoSecrets);
    }

    /// From here on both directions are sealed; says why nobody can open them, if that is so.
    fn seal_without(&mut self, why: Reading) {
        let has_keys = self.sides.iter().any(super::side::Side::has_keys);
        self.sides.iter_mut().for_each(|side| side.is_sealed = true);
        if !has_keys {
            self.unread(why);
            self.miss(why);
        }
    }

    /// Remembers what would have opened it, in case that it comes later.
    fn miss(&self, why: Reading) {
        if let (Reading::NoSecrets, Some(hello)) = (why, &self.handshake.client) {
            self.keys.miss(&hello.random);
        }
    }

    fn certificate(&mut self, is_client: bool, body: &[u8], at: Place) {
        let chain = if self.facts.version == Some(Version::Tls13) { chain_tls13(body) } else { chain(body) };
        let facts = chain.first().and_then(|der| CertificateFacts::read(der, chain.len()));
        let facts = facts.map(|facts| (facts, at));
        let place = if is_client { &mut self.facts.client_certificate } else { &mut self.facts.certificate };
        if place.is_none() {
            *place = facts;
        }
    }

    /// The client's secret of RSA key exchange (RFC 5246 §7.4.7.1), or one that a key log has.
    fn client_key_exchange(&mut self, body: &[u8]) {
        let transcript = self.handshake.transcript.take();
        let (Some(client), Some(agreed)) = (&self.handshake.client, self.agreed()) else { return };
        let encrypted = body.get(2..).unwrap_or_default();
        let known = self.keys.premaster(&client.random);
        let rsa = || self.keys.decrypt(encrypted, client.legacy_version).filter(|_| agreed.suite.is_rsa);
        let Some(premaster) = known.or_else(rsa) else { return };
        let extended = self.handshake.server.as_ref().is_some_and(|server| server.extended_master_secret);
        let prf = agreed.prf();
        let master = if extended {
            let Some(transcript) = transcript else { return };
            prf.expand(&premaster, "extended master secret", &[&prf.session_hash(&transcript)], MASTER)
        } else {
            prf.expand(&premaster, "master secret", &[agreed.client_random, agreed.server_random], MASTER)
        };
        self.handshake.master = Some(Secret(master));
    }

    /// What both ends agreed on, if it is known, and if it can be read.
    fn agreed(&self) -> Option<Agreed<'_>> {
        let (client, server) = (self.handshake.client.as_ref()?, self.handshake.server.as_ref()?);
        let version = server.legacy_version;
        let suite = server.suites.first().copied().and_then(Suite::of).filter(|_| version >= 0x0301)?;
        let encrypt_then_mac = server.encrypt_then_mac;
        let (client_random, server_random) = (&client.random[..], &server.random[..]);
        Some(Agreed { suite, version, client_random, server_random, encrypt_then_mac })
    }

    /// The master secret up to TLS 1.2.
    fn master(&self) -> Option<Vec<u8>> {
        let client = self.handshake.client.as_ref()?;
        let server = self.handshake.server.as_ref()?;
        let known = self.handshake.master.as_ref().map(|secret| secret.0.clone());
        known.or_else(|| self.keys.master(&client.random)).or_else(|| {
            let is_ticket = !client.ticket.is_empty() && client.session_id == server.session_id;
            self.keys.resumed(&server.session_id).or_else(|| self.keys.resumed(&client.ticket).filter(|_| is_ticket))
        })
    }

    /// A direction is sealed from here on (`ChangeCipherSpec`).
    pub(super) fn seal(&mut self, direction: Direction) {
        let of_client = self.client == Some(direction);
        let (opener, why) = match (self.agreed(), self.master()) {
            (Some(agreed), Some(master)) => (Opener::of_master(&agreed, &master, of_client), Reading::UnsupportedSuite),
            (Some(Agreed { suite: Suite { bulk: Bulk::Null(mac), .. }, .. }), None) => {
                (Some(Opener::unsealed(mac)), Reading::NoSecrets)
            }
            (Some(_), None) => (None, Reading::NoSecrets),
            (None, _) if self.handshake.client.is_some() && self.handshake.server.is_some() => {
                (None, Reading::UnsupportedSuite)
            }
            (None, _) => (None, Reading::NoHandshake),
        };
        if opener.is_none() {
            self.unread(why);
            self.miss(why);
        }
        self.side(direction).seal(opener);
    }

    fn new_session_ticket(&mut self, body: &[u8]) {
        // Lifetime and length are in front.
        if let (Some(ticket), Some(master)) = (body.get(6..), &self.handshake.master) {
            self.keys.remember(ticket, &master.0);
        }
    }

    fn finished(&mut self, direction: Direction, is_tls13: bool) {
        self.side(direction).is_finished = true;
        if is_tls13 {
            self.side(direction).enter(Phase::Application);
            // The client's is the last.
            self.facts.is_complete |= self.client == Some(direction);
            return;
        }
        if let (Some(server), Some(master)) = (&self.handshake.server, &self.handshake.master) {
            self.keys.remember(&server.session_id, &master.0);
        }
        let [up, down] = &self.sides;
        self.facts.is_complete |= up.is_finished && down.is_finished;
    }

    /// Whether a key may turn up that opens it.
    pub(super) fn may_be_opened(&self) -> bool {
        let Some(client) = &self.handshake.client else { return false };
        let chosen = self.handshake.server.as_ref().and_then(|server| server.suites.first().copied());
        let is_rsa = chosen.is_none_or(|id| Suite::of(id).is_some_and(|suite| suite.is_rsa));
        self.keys.knows(&client.random) || (is_rsa && self.keys.may_open_rsa())
    }
}

/// The certificates of a message up to TLS 1.2, as encoded.
fn chain(body: &[u8]) -> Vec<&[u8]> {
    match parse_tls_handshake_msg_certificate(body) {
        Ok((_, TlsMessageHandshake::Certificate(certificates))) => {
            certificates.cert_chain.iter().map(|certificate| certificate.data).collect()
        }
        _ => Vec::new(),
    }
}

/// The same of TLS 1.3 (RFC 8446 §4.4.2), where extensions follow each of them; tls-parser does not know it.
fn chain_tls13(body: &[u8]) -> Vec<&[u8]> {
    fn list(body: &[u8]) -> Option<&[u8]> {
        let (context, rest) = body.split_first()?;
        rest.get(usize::from(*context)..)?.get(3..)
    }
    let mut rest = list(body).unwrap_or_default();
    let mut certificates = Vec::new();
    while let Some((&[high, middle, low], behind)) = rest.split_first_chunk::<3>() {
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
        let Some((certificate, behind)) = behind.split_at_checked(length) else { break };
        certificates.push(certificate);
        let Some((extensions, behind)) = behind.split_first_chunk::<2>() else { break };
        rest = behind.get(usize::from(u16::from_be_bytes(*extensions))..).unwrap_or_default();
    }
    certificates
}
