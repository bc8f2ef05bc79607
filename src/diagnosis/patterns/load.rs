//! Servers that refuse requests with 503, and clients that go on before the time of its Retry-After is over.

use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::super::Evidence;
use super::super::response_facts::time_to_wait;
use super::unwanted::Invite;
use super::{add, cited, software_of_sender};
use crate::call::{Call, CallNumber, CapturedMessage, Origin, Outcome, Transaction, TransactionId};
use crate::hashing;
use crate::lang::Text;
use crate::limits::{OVERLOAD_CALLS, OVERLOAD_PAIRS, OVERLOAD_SENT, OVERLOAD_SERVERS, OVERLOAD_WAITS};
use crate::provenance::{Endpoint, FrameRef, Timestamp};
use crate::sip::{Method, UriView};

/// What is on its way when a 503 comes was sent before the client knew of it.
const ON_ITS_WAY: Duration = Duration::from_millis(500);
/// A client that was refused calls the next server within this time.
const FAIL_OVER: Duration = Duration::from_secs(5);
/// Whoever asks for more time is not waited for.
const LONGEST: Duration = Duration::from_hours(1);

/// Requests outside of dialogs that were refused, by server.
#[derive(Debug, Default)]
pub struct Load {
    servers: BTreeMap<Endpoint, Server>,
    /// By client and server.
    pairs: BTreeMap<(IpAddr, Endpoint), Pair>,
    /// The latest requests: which of them should have waited shows when the call that was refused is over.
    latest: VecDeque<Sent>,
    /// The latest INVITEs that got 503, in calls that were not answered: the client may have begun another one.
    refused: VecDeque<Refused>,
    /// Calls that found no room.
    forgotten: u64,
}

/// A server that refuses INVITEs.
#[derive(Debug, Default)]
pub struct Server {
    /// Its failure responses to INVITEs, challenges left out.
    pub failures: u64,
    /// Those that are 503.
    pub refused: u64,
    /// Those of them whose call was answered all the same.
    pub taken_elsewhere: u64,
    /// When the first and the last of them came.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The first and the last of them.
    pub shown: Vec<Evidence>,
    /// What it calls itself.
    pub software: Option<String>,
    /// Calls that were refused, the first ones.
    pub calls: Vec<CallNumber>,
}

/// A client that is to wait for a server.
#[derive(Debug)]
pub struct Pair {
    /// From when to when, the latest ones.
    waits: VecDeque<(Timestamp, Timestamp)>,
    /// How many requests it sent meanwhile.
    pub requests: u64,
    /// For how long the first of these 503s asked it to wait.
    pub asked: Duration,
    /// That 503.
    pub asking: Evidence,
    /// What it is a response to was sent from there.
    pub client: Endpoint,
    /// The first and the last request that it sent meanwhile.
    pub sent: Vec<Evidence>,
    /// The calls of these, the first ones.
    pub calls: Vec<CallNumber>,
}

/// A request outside of dialogs.
#[derive(Debug, Clone, Copy)]
struct Sent {
    client: Endpoint,
    server: Endpoint,
    time: Timestamp,
    frame: FrameRef,
    call: CallNumber,
    /// Whether it is counted against its client.
    counts: bool,
    /// Whom an INVITE calls that was answered.
    answered: Option<u64>,
}

/// An INVITE that got 503.
#[derive(Debug, Clone, Copy)]
struct Refused {
    client: IpAddr,
    server: Endpoint,
    /// When the 503 came.
    time: Timestamp,
    called: u64,
}

impl Refused {
    /// Whether the same client called the same party at another server then, and was answered.
    fn is_taken_by(&self, sent: &Sent) -> bool {
        sent.answered == Some(self.called)
            && sent.client.address == self.client
            && sent.server != self.server
            && sent.time >= self.time
            && sent.time.since(self.time) <= FAIL_OVER
    }
}

impl Load {
    /// Takes note of a call that is over, in which a request failed or not.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>], fails: bool) {
        for (at, transaction) in call.transactions.iter().enumerate() {
            let is_new = !matches!(transaction.method, Method::Ack | Method::Cancel | Method::Bye | Method::Options);
            if !is_new || transaction.in_dialog {
                continue;
            }
            self.note_sent(call, transaction, invites.iter().find(|invite| invite.id == TransactionId(at)));
            // What came from behind is another server's, be that behind a proxy or on another leg.
            if fails && transaction.downstream.is_empty() && is_origin(call, TransactionId(at)) {
                self.note_failure(call, transaction);
            }
        }
    }

    /// `invite`: that request, where it is an initial INVITE.
    fn note_sent(&mut self, call: &Call, transaction: &Transaction, invite: Option<&Invite<'_>>) {
        let Some(request) = transaction.request.and_then(|id| call.message(id)) else { return };
        // What a challenge makes the client send again is one request.
        if transaction.failed_final().is_some_and(|last| last.status.is_challenge()) {
            return;
        }
        let (client, server, frame) = (transaction.client, transaction.server, request.provenance.frame);
        let is_answered = || transaction.finals.iter().any(|last| last.status.is_success());
        let answered = invite.filter(|_| is_answered()).and_then(|invite| called(invite.names.target.as_ref()?));
        let mut sent =
            Sent { client, server, time: transaction.start, frame, call: call.number, counts: false, answered };
        if answered.is_some() && !self.refused.is_empty() {
            self.take(&sent);
        }
        if !self.pairs.is_empty()
            && let Some(pair) = self.pairs.get_mut(&(client.address, server))
        {
            pair.count(&mut sent);
        }
        if self.latest.len() >= OVERLOAD_SENT {
            self.latest.pop_front();
        }
        self.latest.push_back(sent);
    }

    /// Takes note that another server answered a call that was refused before.
    fn take(&mut self, sent: &Sent) {
        let servers = &mut self.servers;
        self.refused.retain(|refused| {
            let is_taken = refused.is_taken_by(sent);
            if is_taken && let Some(server) = servers.get_mut(&refused.server) {
                server.taken_elsewhere += 1;
            }
            !is_taken
        });
    }

    /// Whether another server took a call that was not answered itself: if not, that may still come.
    fn is_taken(&mut self, transaction: &Transaction, request: Option<&CapturedMessage>, time: Timestamp) -> bool {
        let Some(called) = request.and_then(|m| called(&m.message.target()?)) else { return false };
        let refused = Refused { client: transaction.client.address, server: transaction.server, time, called };
        if self.latest.iter().any(|sent| refused.is_taken_by(sent)) {
            return true;
        }
        if self.refused.len() >= OVERLOAD_SENT {
            self.refused.pop_front();
        }
        self.refused.push_back(refused);
        false
    }

    fn note_failure(&mut self, call: &Call, transaction: &Transaction) {
        let Some(last) = transaction.failed_final().filter(|f| !f.status.is_challenge() && f.status.0 >= 400) else {
            return;
        };
        let Some(response) = call.message(last.message) else { return };
        let is_refused = last.status.0 == 503;
        if transaction.method == Method::Invite {
            let request = transaction.request.and_then(|id| call.message(id));
            let is_taken = is_refused
                && (call.outcome == Outcome::Answered || self.is_taken(transaction, request, response.provenance.time));
            let has_room = self.servers.len() < OVERLOAD_SERVERS;
            match self.servers.get_mut(&transaction.server) {
                Some(known) => known.add(call, response, is_refused, is_taken),
                None if has_room => {
                    self.servers.entry(transaction.server).or_default().add(call, response, is_refused, is_taken);
                }
                None => self.forgotten += 1,
            }
        }
        if let Some(asked) = time_to_wait(&response.message).filter(|_| is_refused) {
            self.ask(transaction, response, asked);
        }
    }

    /// Takes note that a 503 asked its client to wait.
    fn ask(&mut self, transaction: &Transaction, response: &CapturedMessage, asked: Duration) {
        let key = (transaction.client.address, transaction.server);
        if self.pairs.len() >= OVERLOAD_PAIRS && !self.pairs.contains_key(&key) {
            self.forgotten += 1;
            return;
        }
        let new = || Pair {
            waits: VecDeque::new(),
            requests: 0,
            asked,
            asking: cited(Evidence::of(response, "the 503 that asks the client to wait")),
            client: transaction.client,
            sent: Vec::new(),
            calls: Vec::new(),
        };
        let pair = self.pairs.entry(key).or_insert_with(new);
        if pair.waits.len() >= OVERLOAD_WAITS {
            pair.waits.pop_front();
        }
        let time = response.provenance.time;
        pair.waits.push_back((time.plus(ON_ITS_WAY), time.plus(asked.min(LONGEST))));
        // A call that was refused is waited for longer than one that was accepted and ended.
        let of_pair = |sent: &&mut Sent| (sent.client.address, sent.server) == key;
        self.latest.iter_mut().filter(of_pair).for_each(|sent| pair.count(sent));
    }

    /// Servers that refused INVITEs, in the order of addresses.
    pub fn servers(&self) -> impl Iterator<Item = (Endpoint, &Server)> {
        self.servers.iter().map(|(address, server)| (*address, server))
    }

    /// Clients that sent requests while they were to wait, with their servers, in the order of addresses.
    pub fn insistent(&self) -> impl Iterator<Item = (Endpoint, &Pair)> {
        self.pairs.iter().filter(|(_, pair)| pair.requests > 0).map(|((_, server), pair)| (*server, pair))
    }

    /// How many calls found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Pair {
    /// Counts a request that was sent while the client was to wait, once.
    fn count(&mut self, sent: &mut Sent) {
        if sent.counts || !self.waits.iter().any(|(from, until)| (*from..*until).contains(&sent.time)) {
            return;
        }
        sent.counts = true;
        self.requests += 1;
        let evidence = Evidence {
            frame: sent.frame,
            time: sent.time,
            source: sent.client,
            destination: sent.server,
            what: Text::new("a request that did not wait"),
            text: String::new().into(),
        };
        self.sent.push(evidence);
        self.sent.sort_by_key(|sent| (sent.time, sent.frame));
        // The first and the last of them.
        if self.sent.len() > 2 {
            self.sent.remove(1);
        }
        if self.calls.len() < OVERLOAD_CALLS && !self.calls.contains(&sent.call) {
            add(&mut self.calls, sent.call);
        }
    }
}

impl Server {
    fn add(&mut self, call: &Call, response: &CapturedMessage, is_refused: bool, is_taken: bool) {
        self.failures += 1;
        if !is_refused {
            return;
        }
        self.refused += 1;
        self.taken_elsewhere += u64::from(is_taken);
        let time = response.provenance.time;
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        self.shown.truncate(1);
        self.shown.push(cited(Evidence::of(response, "a 503 of this server")));
        if self.software.is_none() {
            self.software = software_of_sender(&response.message);
        }
        if self.calls.len() < OVERLOAD_CALLS && self.calls.last() != Some(&call.number) {
            add(&mut self.calls, call.number);
        }
    }
}

/// Whom a request calls, by the user of its Request-URI.
fn called(target: &UriView<'_>) -> Option<u64> {
    Some(hashing::shared().hash_one(target.user_name()?))
}

/// Whether a failure began at that hop, as far as the capture shows.
fn is_origin(call: &Call, id: TransactionId) -> bool {
    match call.origin_of_failure(id) {
        Some(Origin::Response(deepest, _)) => deepest == id,
        _ => true,
    }
}
