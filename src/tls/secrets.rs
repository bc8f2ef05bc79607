//! What the user knows of the secrets of connections: lines of `SSLKEYLOGFILE`, and RSA private keys.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;

use crate::limits::{TLS_SECRETS, TLS_SESSIONS};

/// The random value of a `ClientHello`, by which secrets are known.
pub(super) type Random = [u8; 32];

/// A secret of TLS 1.3 that `SSLKEYLOGFILE` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Traffic {
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    Client,
    Server,
}

/// What is known of one handshake.
#[derive(Clone, Default)]
struct Known {
    master: Option<Box<[u8]>>,
    premaster: Option<Box<[u8]>>,
    traffic: Vec<(Traffic, Box<[u8]>)>,
}

/// Secrets by the handshake that they belong to.
#[derive(Clone, Default)]
pub struct Secrets {
    known: HashMap<Random, Known>,
    /// Secrets of RSA key exchange, by the first octets of what the client sent encrypted.
    premasters: HashMap<[u8; 8], Box<[u8]>>,
    rsa: Vec<Arc<PrivateKey>>,
    /// Lines behind the limit.
    left_out: u64,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secrets themselves are nobody's business.
        let (handshakes, rsa_keys) = (self.known.len(), self.rsa.len());
        f.debug_struct("Secrets").field("handshakes", &handshakes).field("rsa_keys", &rsa_keys).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Takes the lines of a key log: label, random, secret, in hexadecimal digits. Other lines and comments are passed over. Gives
    /// how many were of use.
    pub fn add_lines(&mut self, text: &[u8]) -> usize {
        text.split(|octet| matches!(octet, b'\n' | b'\r')).filter(|line| self.add_line(line).is_some()).count()
    }

    fn add_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (label, of, secret) = (words.next()?, octets(words.next()?)?, octets(words.next()?)?.into_boxed_slice());
        if self.known.len() + self.premasters.len() >= TLS_SECRETS {
            self.left_out += 1;
            return None;
        }
        let traffic = match label {
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Traffic::ClientEarly,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Traffic::ClientHandshake,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Traffic::ServerHandshake,
            b"CLIENT_TRAFFIC_SECRET_0" => Traffic::Client,
            b"SERVER_TRAFFIC_SECRET_0" => Traffic::Server,
            b"CLIENT_RANDOM" => {
                self.known.entry(of.try_into().ok()?).or_default().master = Some(secret);
                return Some(());
            }
            b"PMS_CLIENT_RANDOM" => {
                self.known.entry(of.try_into().ok()?).or_default().premaster = Some(secret);
                return Some(());
            }
            b"RSA" => {
                self.premasters.insert(of.first_chunk().copied()?, secret);
                return Some(());
            }
            _ => return None,
        };
        let known = self.known.entry(of.try_into().ok()?).or_default();
        known.traffic.retain(|(kind, _)| *kind != traffic);
        known.traffic.push((traffic, secret));
        Some(())
    }

    /// Takes the RSA private keys of a PEM file (PKCS#1 or PKCS#8, not encrypted). Gives how many there were.
    pub fn add_pem(&mut self, text: &str) -> usize {
        let before = self.rsa.len();
        for block in text.split("-----END").filter_map(|part| Some(part.split_once("-----BEGIN ")?.1)) {
            let Some((label, base64)) = block.split_once("-----") else { continue };
            let pem = format!("-----BEGIN {label}-----{base64}-----END {label}-----\n");
            let key = match label {
                "RSA PRIVATE KEY" => PrivateKey::from_pkcs1_pem(&pem).ok(),
                "PRIVATE KEY" => PrivateKey::from_pkcs8_pem(&pem).ok(),
                _ => None,
            };
            self.rsa.extend(key.map(Arc::new));
        }
        self.rsa.len() - before
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.premasters.is_empty() && self.rsa.is_empty()
    }
}

/// The secrets of a run, and those that a capture brings itself.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    given: Arc<Secrets>,
    /// Of the capture: from its blocks of secrets, and of sessions that may be resumed.
    of_capture: Arc<RwLock<Capture>>,
}

#[derive(Debug, Default)]
struct Capture {
    secrets: Secrets,
    sessions: HashMap<Vec<u8>, Master>,
    /// Handshakes of which nothing was known when their connections were sealed.
    missed: HashSet<Random>,
    /// Those of them of which something became known later.
    late: u64,
}

#[derive(Clone)]
struct Master(Box<[u8]>);

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Master")
    }
}

impl Keys {
    /// The secrets of the command line.
    pub fn new(given: Secrets) -> Self {
        Self { given: Arc::new(given), of_capture: Arc::default() }
    }

    /// The same for another capture, which may bring secrets of its own.
    #[must_use]
    pub fn for_capture(&self) -> Self {
        Self { given: self.given.clone(), of_capture: Arc::default() }
    }

    /// Takes the lines of a key log that a capture holds.
    pub fn learn(&self, lines: &[u8]) {
        let mut capture = self.of_capture.write().unwrap_or_else(PoisonError::into_inner);
        capture.secrets.add_lines(lines);
        let Capture { secrets, missed, late, .. } = &mut *capture;
        let before = missed.len();
        missed.retain(|random| !secrets.known.contains_key(random));
        *late += (before - missed.len()) as u64;
    }

    /// Notes that a connection is sealed from here on, and nothing is known of its handshake.
    pub(super) fn miss(&self, random: &Random) {
        let mut capture = self.of_capture.write().unwrap_or_else(PoisonError::into_inner);
        if capture.missed.len() < TLS_SECRETS {
            capture.missed.insert(*random);
        }
    }

    /// Connections that stayed unread although the capture has their secrets: they stand behind the frames in it.
    pub fn late(&self) -> u64 {
        self.of_capture.read().unwrap_or_else(PoisonError::into_inner).late
    }

    /// Lines of key logs that were left out because there are too many.
    pub fn left_out(&self) -> u64 {
        self.given.left_out + self.of_capture.read().unwrap_or_else(PoisonError::into_inner).secrets.left_out
    }

    fn find<T>(&self, look: impl Fn(&Secrets) -> Option<T>) -> Option<T> {
        look(&self.given).or_else(|| look(&self.of_capture.read().unwrap_or_else(PoisonError::into_inner).secrets))
    }

    /// Whether anything is known of a handshake.
    pub(super) fn knows(&self, random: &Random) -> bool {
        self.find(|secrets| secrets.known.contains_key(random).then_some(())).is_some()
    }

    /// Whether there are keys that may open any connection with RSA key exchange.
    pub(super) fn may_open_rsa(&self) -> bool {
        self.find(|secrets| (!secrets.rsa.is_empty() || !secrets.premasters.is_empty()).then_some(())).is_some()
    }

    pub(super) fn master(&self, random: &Random) -> Option<Vec<u8>> {
        self.find(|secrets| Some(secrets.known.get(random)?.master.as_ref()?.to_vec()))
    }

    pub(super) fn premaster(&self, random: &Random) -> Option<Vec<u8>> {
        self.find(|secrets| Some(secrets.known.get(random)?.premaster.as_ref()?.to_vec()))
    }

    pub(super) fn traffic(&self, random: &Random, traffic: Traffic) -> Option<Vec<u8>> {
        self.find(|secrets| {
            let known = secrets.known.get(random)?;
            known.traffic.iter().find(|(kind, _)| *kind == traffic).map(|(_, secret)| secret.to_vec())
        })
    }

    /// The secret that a client sent encrypted for the RSA key of the server; `version` is the one that the client asked for, which
    /// stands in front of it.
    pub(super) fn decrypt(&self, encrypted: &[u8], version: u16) -> Option<Vec<u8>> {
        let head = encrypted.first_chunk::<8>()?;
        if let Some(known) = self.find(|secrets| secrets.premasters.get(head).map(|secret| secret.to_vec())) {
            return Some(known);
        }
        let keys = self.find(|secrets| (!secrets.rsa.is_empty()).then(|| secrets.rsa.clone()))?;
        // A wrong key gives an error, or octets by chance.
        let fits = |secret: &Vec<u8>| secret.len() == 48 && secret.starts_with(&version.to_be_bytes());
        keys.iter().filter_map(|key| key.pkcs1v15_decrypt(encrypted).ok()).find(fits)
    }

    /// Remembers the secret of a session under its ID or ticket.
    pub(super) fn remember(&self, session: &[u8], master: &[u8]) {
        let mut capture = self.of_capture.write().unwrap_or_else(PoisonError::into_inner);
        if !session.is_empty() && capture.sessions.len() < TLS_SESSIONS {
            capture.sessions.insert(session.to_vec(), Master(master.into()));
        }
    }

    /// The secret of a session that is resumed.
    pub(super) fn resumed(&self, session: &[u8]) -> Option<Vec<u8>> {
        let capture = self.of_capture.read().unwrap_or_else(PoisonError::into_inner);
        capture.sessions.get(session).map(|master| master.0.to_vec())
    }
}

/// Octets of hexadecimal digits.
pub(crate) fn octets(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    let all = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<Vec<u8>>>();
    all.filter(|all| rest.is_empty() && !all.is_empty())
}
