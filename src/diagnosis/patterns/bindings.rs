//! Clients behind NAT that come to their registrar from another port than before, and requests that went to the port before.

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::str;
use std::time::Duration;

use super::Texts;
use super::registered::{Seen, Wanted, record};
use crate::call::{Call, CallNumber, CapturedMessage, Transaction};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::hashing::{self, HashMap};
use crate::limits::{NAT_CHANGES, NAT_CLIENTS, NAT_SILENT, PATTERN_NAME};
use crate::provenance::{Endpoint, Timestamp, Transport};
use crate::sip::{HeaderName, Method, StatusCode};

/// Whoever registers from one port for so long sends from a socket that stays, and not from a new one each time.
const STAYS: Duration = Duration::from_secs(10);
/// Copies of a request from which its silence says anything.
const COPIES: usize = 2;

/// Those clients, and what they did not answer.
#[derive(Debug, Default)]
pub struct Bindings {
    /// By Call-ID and user: a client keeps both for all its registrations (RFC 3261 §10.2.4).
    clients: HashMap<u64, Client>,
    /// The ports that clients registered from, by the server and the port.
    ports: HashMap<(Endpoint, Endpoint), Port>,
    changes: Vec<Change>,
    silent: Vec<Silent>,
    texts: Texts,
    /// Registrations that found no room.
    forgotten: u64,
    /// And requests.
    more: u64,
}

/// A client whose registrations come from another address than its Via names.
#[derive(Debug, Clone, Copy)]
struct Client {
    /// Where it is inside of its network.
    inside: (IpAddr, u16),
    /// When the port was seen first.
    since: Timestamp,
    /// The number in CSeq of its last REGISTER.
    number: u32,
    /// That one.
    last: Seen,
    /// Whether it left the client registered.
    is_registered: bool,
}

/// A port of a NAT that a client registered from.
#[derive(Debug, Clone, Copy)]
struct Port {
    /// When a request to it was answered for the last time, or else the first REGISTER from it.
    answered: Timestamp,
    /// When a request or an answer came from there for the last time, as far as that is over.
    heard: Timestamp,
    /// The last REGISTER from it that was accepted.
    last: Seen,
    /// The next one of the client, where that came from another port.
    next: Option<Seen>,
    /// Where the client is inside of its network.
    inside: (IpAddr, u16),
    /// Whether that REGISTER left the client registered.
    is_registered: bool,
}

/// The port of a NAT that a request went to, and the client that had registered from there.
#[derive(Debug, Clone, Copy)]
pub struct Behind {
    /// Where the client is inside of its network.
    pub inside: (IpAddr, u16),
    /// Its last REGISTER from there.
    pub last: Seen,
    /// For how long no SIP is known from there when the request was sent.
    pub quiet: Duration,
    /// Its next REGISTER, where one has come by now, and from another port.
    pub next: Option<Seen>,
}

/// That a client registered from another port than before.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whom it registers.
    pub user: String,
    /// Where it is inside of its network, before and after.
    pub inside: (IpAddr, u16),
    /// When it registered from the port before for the first time.
    since: Timestamp,
    /// Its last REGISTER from there, which was accepted.
    pub before: Seen,
    /// The next one.
    pub after: Seen,
}

/// A request that got no answer at all.
#[derive(Debug, Clone)]
pub struct Silent {
    /// Its call.
    pub call: CallNumber,
    /// Its method.
    pub method: Method,
    /// Where and when it was sent first.
    pub sent: Seen,
    /// And last.
    pub last: Seen,
}

/// Such a request to a port that a client had before.
#[derive(Debug, Clone, Copy)]
pub struct Lost<'a> {
    /// The client.
    pub change: &'a Change,
    /// The request.
    pub silent: &'a Silent,
    /// Whether it answers at the port that it registers from: requests were answered there, or it registered from there for a while.
    pub listens: bool,
}

impl Bindings {
    /// Takes note of registrations in a group that is over, and of what their clients answered.
    pub(in crate::diagnosis) fn observe(&mut self, call: &Call) {
        if !self.clients.is_empty() {
            for transaction in &call.transactions {
                self.hear(transaction);
            }
        }
        if call.is_invite() {
            return;
        }
        let registers = call.transactions.iter().filter(|t| t.method == Method::Register && t.upstream.is_none());
        for transaction in registers.filter(|t| t.finals.iter().any(|f| StatusCode::is_success(f.status))) {
            let request = transaction.request.and_then(|id| call.message(id));
            if let Some((request, inside)) = request.and_then(|request| Some((request, inside(request)?))) {
                self.register(call, transaction, request, inside);
            }
        }
    }

    /// Takes note of requests without any response.
    pub(in crate::diagnosis) fn observe_silent(&mut self, call: &Call) {
        for transaction in &call.transactions {
            let is_silent = transaction.finals.is_empty() && transaction.provisionals.is_empty();
            let Some(silent) = is_silent.then(|| silent(call, transaction)).flatten() else { continue };
            if self.silent.len() < NAT_SILENT {
                self.silent.push(silent);
            } else {
                self.more += 1;
            }
        }
    }

    /// Takes note of what a client answered, or sent: some send NOTIFY or OPTIONS as keep-alives, which servers do not answer.
    fn hear(&mut self, transaction: &Transaction) {
        let way = (transaction.client, transaction.server);
        if let Some(port) = self.ports.get_mut(&way) {
            if !transaction.finals.is_empty() {
                port.answered = port.answered.max(transaction.start);
            }
            if !transaction.finals.is_empty() || !transaction.provisionals.is_empty() {
                port.heard = port.heard.max(transaction.start);
            }
        } else if let Some(port) = self.ports.get_mut(&(transaction.server, transaction.client)) {
            port.heard = port.heard.max(transaction.start);
        }
    }

    fn register(&mut self, call: &Call, transaction: &Transaction, request: &CapturedMessage, inside: (IpAddr, u16)) {
        let leg = call.legs.get(transaction.leg).and_then(|leg| leg.call_id.as_deref());
        let to = request.message.party(HeaderName::To);
        let Some(((call_id, to), cseq)) = leg.zip(to).zip(request.message.cseq()) else { return };
        let Some(user) = to.user_name().filter(|user| !user.is_empty()) else { return };
        let key = hashing::shared().hash_one((call_id, user));
        let seen = Seen::of(request);
        let is_registered = Wanted::of(&request.message) != Some(Wanted::Removal);
        self.note_port(Port { answered: seen.time, heard: seen.time, last: seen, next: None, inside, is_registered });
        let new = Client { inside, since: seen.time, number: cseq.number, last: seen, is_registered };
        let Some(known) = self.clients.get_mut(&key) else {
            if self.clients.len() < NAT_CLIENTS {
                self.clients.insert(key, new);
            } else {
                self.forgotten += 1;
            }
            return;
        };
        let before = *known;
        // Another order than that of the client: it began anew, or groups were over in another one.
        if new.number <= before.number || seen.time < before.last.time || !before.is_of_same(&new) {
            *known = new;
            return;
        }
        let is_moved = before.last.source != seen.source;
        *known = if is_moved { new } else { Client { since: before.since, ..new } };
        // Whoever is not registered is not to be reached.
        if !is_moved || !before.is_registered {
            return;
        }
        if let Some(port) = self.ports.get_mut(&(before.last.destination(), before.last.source)) {
            port.next = Some(seen);
        }
        let Some(name) = record(&to) else { return };
        if self.changes.len() >= NAT_CHANGES || name.len() > PATTERN_NAME || !self.texts.has_room() {
            self.forgotten += 1;
            return;
        }
        self.texts.add(name.len());
        self.changes.push(Change { user: name, inside, since: before.since, before: before.last, after: seen });
    }

    fn note_port(&mut self, new: Port) {
        let way = (new.last.destination(), new.last.source);
        if let Some(known) = self.ports.get_mut(&way) {
            // Groups are over in another order than they begin.
            if known.last.time <= new.last.time {
                *known = Port { answered: known.answered, heard: known.heard.max(new.heard), ..new };
            }
        } else if self.ports.len() < NAT_CLIENTS {
            self.ports.insert(way, new);
        }
    }

    /// The client behind NAT that had registered from the port that a request was sent to, as far as it is known by now.
    pub fn behind(&self, request: &CapturedMessage) -> Option<Behind> {
        let flow = request.provenance.flow;
        let port = self.ports.get(&(flow.source, flow.destination)).filter(|port| port.is_registered)?;
        let sent = request.provenance.time;
        // What comes from there later shows that the port is still that of the client; and who has another one is not asked there.
        let is_there = port.heard >= sent || port.next.is_some_and(|next| next.time <= sent);
        let Port { inside, last, next, .. } = *port;
        (!is_there).then(|| Behind { inside, last, quiet: sent.since(port.heard), next })
    }

    /// Requests that a server sent to the port that a client had registered from, after its last REGISTER from there and before the next
    /// one, which came from another port; in order of time.
    pub fn lost(&self) -> Vec<Lost<'_>> {
        let mut by_port: HashMap<(Endpoint, Endpoint), Vec<&Change>> = HashMap::default();
        for change in &self.changes {
            by_port.entry((change.before.destination(), change.before.source)).or_default().push(change);
        }
        let mut all: Vec<_> = self.silent.iter().filter_map(|silent| self.lost_by(silent, &by_port)).collect();
        all.sort_by_key(|lost| (lost.silent.sent.time, lost.silent.call));
        all
    }

    fn lost_by<'a>(
        &self,
        silent: &'a Silent,
        by_port: &HashMap<(Endpoint, Endpoint), Vec<&'a Change>>,
    ) -> Option<Lost<'a>> {
        let sent = silent.sent;
        let answered = |client: Endpoint| self.ports.get(&(sent.source, client)).map(|port| port.answered);
        let before = answered(sent.destination());
        let heard = self.ports.get(&(sent.source, sent.destination())).map(|port| port.heard);
        let is_this = |change: &&Change| {
            // Where the client answered there since, whenever that was, or sent requests from there, the port was still its own.
            let is_alive = heard.is_some_and(|time| time >= sent.time);
            change.before.time < sent.time && silent.last.time < change.after.time && !is_alive
        };
        let change = by_port.get(&(sent.source, sent.destination()))?.iter().copied().find(is_this)?;
        let listens = change.before.time.since(change.since) >= STAYS
            || before.is_some_and(|time| time > change.since && time < sent.time)
            || answered(change.after.source).is_some_and(|time| time > change.after.time);
        Some(Lost { change, silent, listens })
    }

    /// How many registrations and requests found no room.
    pub fn forgotten(&self) -> u64 {
        // Without a client behind NAT nothing is compared.
        if self.clients.is_empty() { 0 } else { self.forgotten + self.more }
    }
}

impl Client {
    /// Whether the two are one client at one server, behind one NAT, with one socket.
    fn is_of_same(&self, next: &Self) -> bool {
        self.inside == next.inside
            && self.last.source.address == next.last.source.address
            && self.last.destination() == next.last.destination()
    }
}

/// Where a client is by its Via, where that is another address than the one that its REGISTER came from.
fn inside(request: &CapturedMessage) -> Option<(IpAddr, u16)> {
    let flow = request.provenance.flow;
    if flow.transport != Transport::Udp {
        return None;
    }
    let (host, port) = request.message.sent_by()?;
    let address: IpAddr = str::from_utf8(&host).ok()?.trim_matches(['[', ']']).parse().ok()?;
    // Who is told to write the outer address of its NAT into Via is captured inside of it.
    let is_outer = scope(address) == Scope::Public && scope(flow.source.address) != Scope::Public;
    (address != flow.source.address && !is_outer).then_some((address, port))
}

/// A request that was sent again and again, or of which ICMP says that it did not arrive.
fn silent(call: &Call, transaction: &Transaction) -> Option<Silent> {
    let request = call.message(transaction.request?)?;
    let is_certain = transaction.retransmissions.len() >= COPIES
        || call.icmp.iter().any(|report| report.unreachable == transaction.server);
    if !is_certain || request.provenance.flow.transport != Transport::Udp || call.clock_was_set_back() {
        return None;
    }
    let last = transaction.retransmissions.last().and_then(|id| call.message(*id)).unwrap_or(request);
    Some(Silent {
        call: call.number,
        method: transaction.method.clone(),
        sent: Seen::of(request),
        last: Seen::of(last),
    })
}
