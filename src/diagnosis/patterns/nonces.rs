//! Nonces that their own server calls stale soon after it issued them.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::super::Evidence;
use super::{Texts, cited, software_of_sender};
use crate::call::{Call, CallNumber, CapturedMessage, Transaction, TransactionId};
use crate::hashing;
use crate::limits::{NONCE_CALLS, NONCE_CLIENTS, NONCE_SERVERS, PATTERN_NAME};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{Challenge, HeaderName};

/// A nonce that is older may have had its time.
const YOUNG: Duration = Duration::from_secs(30);

/// Servers that call their nonces stale.
#[derive(Debug, Default)]
pub struct Nonces {
    servers: BTreeMap<(Endpoint, String), Server>,
    texts: Texts,
    /// Those that found no room.
    forgotten: u64,
}

/// A server with a realm.
#[derive(Debug, Default)]
pub struct Server {
    /// Nonces that were refused as stale within half a minute.
    pub count: u64,
    /// Those of them that the server had not accepted before.
    pub unused: u64,
    /// Those that it had accepted before with the same nonce count.
    pub repeated: u64,
    /// The age of the oldest of them when it was refused.
    pub oldest: Duration,
    /// By client: its address and the user name of its credentials, as a hash. Behind one address there may be many.
    clients: BTreeMap<(IpAddr, u64), u64>,
    /// What it calls itself.
    pub software: Option<String>,
    /// Of the first of them: the challenge that issued the nonce, and that which calls it stale; the latter of the last one.
    pub shown: Vec<Evidence>,
    /// The calls, the first ones.
    pub calls: Vec<CallNumber>,
}

/// A nonce that was refused as stale.
struct Stale<'a> {
    realm: &'a str,
    /// The user, as a hash.
    user: u64,
    issued: &'a CapturedMessage,
    age: Duration,
    use_before: Use,
}

/// What came of the same nonce before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    None,
    /// It was accepted.
    Accepted,
    /// It was accepted with the same nonce count.
    SameCount,
}

impl Nonces {
    /// Takes note of a call or group of requests that is over, in which a request failed.
    pub(super) fn observe(&mut self, call: &Call) {
        // Usually there is one challenge; a nonce that is issued and refused takes two.
        let is_asked = |t: &&Transaction| t.upstream.is_none() && t.finals.iter().any(|f| f.status.is_challenge());
        if call.transactions.iter().filter(is_asked).count() < 2 {
            return;
        }
        for (at, transaction) in call.transactions.iter().enumerate() {
            if transaction.upstream.is_some() || !call.is_step(TransactionId(at)) {
                continue;
            }
            let last = transaction.failed_final().filter(|f| f.status.is_challenge());
            let Some(response) = last.and_then(|f| call.message(f.message)) else { continue };
            let Some(request) = transaction.request.and_then(|id| call.message(id)) else { continue };
            let (challenges, sent) = (response.message.challenges(), request.message.credentials());
            let stale = challenges.iter().filter(|challenge| challenge.is_stale());
            for (challenge, credentials) in stale.filter_map(|c| Some((c, sent.iter().find(|sent| sent.answers(c))?))) {
                if let Some(stale) = Stale::of(call, transaction, challenge, credentials) {
                    self.add(call, transaction, issuer(call, transaction, challenge).server, response, &stale);
                }
            }
        }
    }

    fn add(
        &mut self,
        call: &Call,
        sent: &Transaction,
        server: Endpoint,
        response: &CapturedMessage,
        stale: &Stale<'_>,
    ) {
        let key = (server, stale.realm.to_owned());
        if !self.servers.contains_key(&key) {
            if self.servers.len() >= NONCE_SERVERS || key.1.len() > PATTERN_NAME || !self.texts.has_room() {
                self.forgotten += 1;
                return;
            }
            self.texts.add(key.1.len());
        }
        let server = self.servers.entry(key).or_default();
        server.count += 1;
        server.unused += u64::from(stale.use_before == Use::None);
        server.repeated += u64::from(stale.use_before == Use::SameCount);
        server.oldest = server.oldest.max(stale.age);
        let client = (sent.client.address, stale.user);
        if server.clients.len() < NONCE_CLIENTS || server.clients.contains_key(&client) {
            *server.clients.entry(client).or_default() += 1;
        }
        if server.software.is_none() {
            server.software = software_of_sender(&response.message);
        }
        if server.shown.is_empty() {
            server.shown.push(cited(Evidence::of(stale.issued, "the challenge that issues a nonce")));
        }
        server.shown.truncate(2);
        server.shown.push(cited(Evidence::header(response, header(response), "the challenge that calls it stale")));
        if server.calls.len() < NONCE_CALLS && server.calls.last() != Some(&call.number) {
            server.calls.push(call.number);
        }
    }

    /// The servers with their realms, in the order of addresses.
    pub fn servers(&self) -> impl Iterator<Item = (Endpoint, &str, &Server)> {
        self.servers.iter().map(|((endpoint, realm), server)| (*endpoint, realm.as_str(), server))
    }

    /// How many found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Server {
    /// How many clients it happened to, and how often to the one that it happened to most.
    pub fn clients(&self) -> (usize, u64) {
        (self.clients.len(), self.clients.values().copied().max().unwrap_or_default())
    }
}

impl<'a> Stale<'a> {
    /// `None` where the same server did not issue that nonce in this call shortly before, and where nothing was accepted behind it.
    fn of(call: &'a Call, this: &Transaction, challenge: &'a Challenge, credentials: &Challenge) -> Option<Self> {
        let (realm, nonce) = (challenge.realm()?, credentials.params.value("nonce")?);
        let client = hashing::shared().hash_one(credentials.params.value("username"));
        let sent: Timestamp = this.start;
        let of_pair = |t: &&Transaction| {
            t.upstream.is_none() && t.client.address == this.client.address && t.server == this.server
        };
        let mut before = call.transactions.iter().filter(of_pair).filter(|t| t.start < sent);
        let has_it = |m: &CapturedMessage| {
            m.message.challenges().iter().any(|c| c.realm() == Some(realm) && c.params.value("nonce") == Some(nonce))
        };
        let answers = before.clone().flat_map(|t| &t.finals).filter(|f| f.status.is_challenge());
        let issued = answers.filter_map(|f| call.message(f.message)).find(|m| has_it(m))?;
        let age = sent.since(issued.provenance.time);
        // 403 may refuse the credentials, and an outage says nothing of them.
        let is_accepted = |t: &Transaction| {
            t.finals.iter().any(|f| !f.status.is_challenge() && f.status.0 != 403 && !(500..600).contains(&f.status.0))
        };
        let behind = call.transactions.iter().filter(of_pair).find(|t| t.start > sent && t.method == this.method)?;
        let used = |t: &Transaction| {
            let request = call.message(t.request?)?;
            let all = request.message.credentials();
            let same = all.into_iter().find(|c| c.params.value("nonce") == Some(nonce))?;
            let count = same.params.value("nc").map(str::to_owned);
            Some(if count.is_some() && count.as_deref() == credentials.params.value("nc") {
                Use::SameCount
            } else {
                Use::Accepted
            })
        };
        let use_before = before.find(|t| is_accepted(t) && used(t).is_some()).and_then(used).unwrap_or(Use::None);
        let next = behind.request.and_then(|id| call.message(id))?.message.credentials();
        let is_renewed = next.iter().any(|c| c.answers(challenge) && c.params.value("nonce") != Some(nonce));
        (age < YOUNG && is_renewed && is_accepted(behind)).then_some(Self {
            realm,
            user: client,
            issued,
            age,
            use_before,
        })
    }
}

/// The hop to whoever made a challenge, as far as it was captured: proxies pass on those of servers behind them.
fn issuer<'a>(call: &'a Call, transaction: &'a Transaction, challenge: &Challenge) -> &'a Transaction {
    let nonce = challenge.params.value("nonce");
    let has_it = |t: &&'a Transaction| {
        let mut answers = t.finals.iter().filter(|f| f.status.is_challenge()).filter_map(|f| call.message(f.message));
        answers.any(|m| m.message.challenges().iter().any(|c| c.params.value("nonce") == nonce))
    };
    let behind = |t: &&'a Transaction| t.downstream.iter().filter_map(|id| call.transaction(*id)).find(has_it);
    // More steps than transactions would be a circle.
    let hops = std::iter::successors(Some(transaction), behind).take(call.transactions.len());
    hops.last().unwrap_or(transaction)
}

/// The header field that carries a challenge.
fn header(response: &CapturedMessage) -> HeaderName {
    let names = [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate];
    names.into_iter().find(|name| response.message.has(*name)).unwrap_or(HeaderName::WwwAuthenticate)
}
