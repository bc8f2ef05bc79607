//! What the capture shows of addresses that moved: who was told so and calls the old address all the same, and whose
//! permanent redirects change.

mod moved;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::super::Evidence;
use super::super::names::Names;
use super::super::permanence::is_lasting;
use super::super::redirect_case::RedirectCase;
use super::super::rules::redirect_loop;
use super::recent::{Mark, Place, Recent};
use super::unwanted::{Invite, initial_invites};
use super::{Texts, cited, line_cited, line_to_cite, software, software_of_sender, sorted};
use crate::call::{AttemptCause, Call, CallNumber, CapturedMessage, Redirect, Transaction, TransactionId};
use crate::hashing::{HashMap, HashSet};
use crate::limits::{MOVED_ADDRESSES, PATTERN_ADDRESS, RECENT_ANSWERS, RECENT_DIALS, REDIRECT_VARIANTS};
use crate::provenance::{Endpoint, Timestamp};
use crate::shorten;
use crate::sip::{Method, Scheme, StatusCode, Uri, UriView};
use moved::{Dialled, OLD_ADDRESS, Told, dialled_before};
pub use moved::{MovedAddress, Use};

/// A party, and an address as [`key`] writes it.
type Pair = (IpAddr, Arc<str>);

/// Redirects of the whole capture.
#[derive(Debug)]
pub struct Redirects {
    clients: HashMap<Pair, MovedAddress>,
    servers: HashMap<Pair, Answers>,
    /// Answers of servers about addresses that no 301 is known for yet: a call with a 301 may close after one that came later.
    recent: Recent<Answered, 1, 2>,
    /// Redirected calls to addresses that their client was not told of yet: it may be told in a call that closes later.
    dialled: Recent<Dialled, 1, 2>,
    /// Marks of the pairs in `clients` and `servers`: that a pair is in neither is seen without its text.
    known: HashSet<Mark>,
    /// The key of the address in question: a place to write it, over and over.
    key: String,
    texts: Texts,
    /// Pairs that found no room, or whose address finds none.
    forgotten: u64,
}

impl Default for Redirects {
    fn default() -> Self {
        let (recent, dialled) = (Recent::with_room(RECENT_ANSWERS), Recent::with_room(RECENT_DIALS));
        let (clients, servers, known) = (HashMap::default(), HashMap::default(), HashSet::default());
        Self { clients, servers, recent, dialled, known, key: String::new(), texts: Texts::default(), forgotten: 0 }
    }
}

/// An answer that says that an address is in use: its call, time and message.
type Alive = (CallNumber, Timestamp, Evidence);

/// The same as it is noted, with the party; its texts are the key of the address and the start line.
#[derive(Debug, Clone, Copy)]
struct Answered {
    server: IpAddr,
    call: CallNumber,
    place: Place,
}

/// All Contacts of a 301 may be so many times as long as one address.
const CONTACTS: usize = 4;

/// What such an answer is called.
const IN_USE: &str = "another answer of the same server about the same address";

/// What one server answered about one address.
#[derive(Debug)]
pub struct Answers {
    /// The address.
    pub address: Uri,
    /// The server.
    pub server: Endpoint,
    /// Its Server value.
    pub software: Option<String>,
    /// Different sets of Contacts in its 301s, in the order in which they were seen.
    pub variants: Vec<Variant>,
    /// An answer after a 301 that says that the address is still in use.
    pub alive: Option<Alive>,
    /// 301s in all.
    pub total: u64,
}

/// What contradicts a 301.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Other 301s for the same address had other Contacts.
    Targets,
    /// The same server treated the address as one in use.
    InUse,
}

/// One set of Contacts.
#[derive(Debug)]
pub struct Variant {
    contacts: Vec<String>,
    /// The first call in which it came.
    pub call: CallNumber,
    /// When.
    pub time: Timestamp,
    /// The response.
    pub evidence: Evidence,
}

impl Redirects {
    /// Takes note of a closed call. Calls close in another order than they begin, so nothing is decided yet.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>]) {
        if !call.redirects.is_empty() {
            self.observe_redirects(call);
        }
        let mut key = std::mem::take(&mut self.key);
        self.client_dialled(call, invites, &mut key);
        self.server_answered(call, invites, &mut key);
        self.key = key;
    }

    /// The same of a call whose INVITEs nobody has read yet.
    pub(in crate::diagnosis) fn observe_call(&mut self, call: &Call) {
        // Where an INVITE goes does not depend on any country.
        let invites = initial_invites(call, "");
        self.observe(call, &invites);
    }

    fn observe_redirects(&mut self, call: &Call) {
        for chain in RedirectCase::chains(call).iter().filter(|chain| !redirect_loop::is_loop(chain)) {
            // Only the address that the client dialled itself can be stored in its directory.
            if let Some(first) = chain.first().filter(|case| is_permanent(case)) {
                self.client_was_told(first);
            }
        }
        for case in RedirectCase::of_invites(call).filter(is_permanent) {
            self.server_said(&case);
        }
    }

    /// Clients and addresses for which a later request is known, in a fixed order.
    pub fn moved(&self) -> impl Iterator<Item = &MovedAddress> {
        sorted(&self.clients).into_iter().map(|(_, moved)| moved)
    }

    /// Whether a server gave different answers about the address, so that nobody should store any of them.
    pub fn is_changing(&self, moved: &MovedAddress) -> bool {
        let address = key(&moved.address);
        let same = self.servers.iter().filter(|((_, other), _)| **other == *address);
        same.map(|(_, answers)| answers).any(|answers| answers.change().is_some())
    }

    /// For every address that a server answered 301 for (as [`key`] writes it): what contradicts that it moved for good.
    pub(in crate::diagnosis) fn changes(&self) -> BTreeMap<&str, Option<Change>> {
        let mut changes: BTreeMap<&str, Option<Change>> = BTreeMap::new();
        for ((_, address), answers) in sorted(&self.servers) {
            let change = changes.entry(address).or_default();
            *change = answers.change().or(*change);
        }
        changes
    }

    /// Servers and addresses, in a fixed order.
    pub fn answers(&self) -> impl Iterator<Item = &Answers> {
        sorted(&self.servers).into_iter().map(|(_, answers)| answers)
    }

    /// How many pairs of party and address found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn client_was_told(&mut self, case: &RedirectCase<'_>) {
        // Only an address that was reached and is there to stay is worth storing; that nobody went there is seen at a glance.
        if case.reached().is_none() || !is_lasting(case) {
            return;
        }
        let told_at = case.nearest();
        let (Some(request), Some(contact)) = (case.nearest_request(), case.targets().next()) else { return };
        let Some(address) = request.message.request_uri() else { return };
        let key = (told_at.client.address, key(&address).into());
        let told = Told {
            call: case.call.number,
            time: case.response.provenance.time,
            evidence: cited(case.evidence()),
            contact: shorten::kept(contact.to_string(), PATTERN_ADDRESS),
        };
        let Some(entry) = self.clients.get_mut(&key) else {
            if self.clients.len() >= MOVED_ADDRESSES || is_long(&address) || !self.texts.has_room() {
                self.forgotten += 1;
                return;
            }
            let software = software_of_sender(&request.message);
            let client = told_at.client;
            self.texts.add(told.octets() + octets(&address, software.as_deref()));
            let mut entry =
                MovedAddress { address, client, software, told, uses: Vec::new(), total: 0, last_call: None };
            for (call, used) in dialled_before(&self.dialled, &key) {
                entry.dialled(call, &mut self.texts, || used);
            }
            self.known.insert(mark(key.0, &key.1));
            self.clients.insert(key, entry);
            return;
        };
        // A call that began earlier may close later: then its redirect was the first.
        if told.time < entry.told.time {
            self.texts.remove(entry.told.octets());
            self.texts.add(told.octets());
            entry.told = told;
        }
    }

    fn client_dialled(&mut self, call: &Call, invites: &[Invite<'_>], key: &mut String) {
        let is_redirected = !call.redirects.is_empty();
        if self.clients.is_empty() && !is_redirected {
            return;
        }
        let Some(first) = call.attempts.iter().find(|a| a.because == AttemptCause::First) else { return };
        let Some((transaction, request)) =
            call.transaction(first.transaction).and_then(|t| Some((t, call.message(t.request?)?)))
        else {
            return;
        };
        match invites.iter().find(|invite| std::ptr::eq(invite.request, request)) {
            Some(invite) => write_target(&invite.names, key),
            None => write_whole(request.message.target().as_ref(), key),
        }
        if key.is_empty() {
            return;
        }
        let mark = mark(transaction.client.address, key);
        let entry = if self.known.contains(&mark) {
            self.clients.get_mut(&(transaction.client.address, Arc::from(&**key)))
        } else {
            None
        };
        let Some(entry) = entry else {
            if is_redirected && key.len() <= PATTERN_ADDRESS {
                let place = Place::of(&request.provenance);
                let dialled = Dialled { call: call.number, place, lost: lost(call, transaction, request) };
                self.dialled.push([mark], dialled, [key.as_bytes(), line_to_cite(&request.message)]);
            }
            return;
        };
        entry.dialled(call.number, &mut self.texts, || {
            let evidence = cited(Evidence::of(request, OLD_ADDRESS));
            let lost = lost(call, transaction, request);
            Use { call: call.number, time: request.provenance.time, evidence, lost }
        });
    }

    fn server_said(&mut self, case: &RedirectCase<'_>) {
        let Some(address) = &case.redirect.from else { return };
        let mut contacts: Vec<_> = case.addresses().map(|a| key(&a.uri)).collect();
        contacts.sort_unstable();
        contacts.dedup();
        if contacts.is_empty() {
            return;
        }
        let pair = (case.redirector().address, Arc::from(key(address)));
        let is_known = self.servers.contains_key(&pair);
        let of_contacts: usize = contacts.iter().map(String::len).sum();
        let is_long = is_long(address) || of_contacts > CONTACTS * PATTERN_ADDRESS;
        if (!is_known && self.servers.len() >= MOVED_ADDRESSES) || is_long || !self.texts.has_room() {
            self.forgotten += 1;
            return;
        }
        let told = case.response.provenance.time;
        let recent = if is_known { None } else { self.recent_use(&pair, told) };
        if !is_known {
            self.texts.add(octets(address, None) + recent.as_ref().map_or(0, |(.., cited)| cited.text.len()));
        }
        if !is_known {
            self.known.insert(mark(pair.0, &pair.1));
        }
        let entry = self.servers.entry(pair).or_insert_with(|| Answers {
            address: address.clone(),
            server: case.redirector(),
            software: software(&case.response.message),
            variants: Vec::new(),
            alive: recent,
            total: 0,
        });
        entry.total += 1;
        if entry.variants.len() < REDIRECT_VARIANTS && entry.variants.iter().all(|v| v.contacts != contacts) {
            let (call, time) = (case.call.number, case.response.provenance.time);
            let evidence = cited(case.evidence());
            self.texts.add(of_contacts + evidence.text.len());
            super::add(&mut entry.variants, Variant { contacts, call, time, evidence });
            entry.variants.sort_by_key(|v| (v.time, v.call));
        }
    }

    /// Looks for answers that contradict an earlier 301: the address rings, answers, or has moved for a while only.
    fn server_answered(&mut self, call: &Call, invites: &[Invite<'_>], key: &mut String) {
        // An INVITE outside of a dialog is an initial one.
        for invite in invites {
            let Some(transaction) = call.transaction(invite.id).filter(|t| !t.in_dialog) else { continue };
            if invite.names.target.is_none() || is_steered(call, invite.id) {
                continue;
            }
            let server = transaction.server.address;
            write_target(&invite.names, key);
            let mark = mark(server, key);
            let is_known = self.known.contains(&mark);
            let entry = if is_known { self.servers.get_mut(&(server, Arc::from(&**key))) } else { None };
            if let Some(entry) = entry {
                if entry.alive.is_none() {
                    let told = entry.variants.first().map(|v| v.time);
                    let alive = |m: &CapturedMessage| (call.number, m.provenance.time, cited(Evidence::of(m, IN_USE)));
                    entry.alive = answer_in_use(call, transaction, told).map(alive);
                }
            } else if let Some(m) = answer_in_use(call, transaction, None).filter(|_| key.len() <= PATTERN_ADDRESS) {
                let answered = Answered { server, call: call.number, place: Place::of(&m.provenance) };
                self.recent.push([mark], answered, [key.as_bytes(), line_to_cite(&m.message)]);
            }
        }
    }

    /// The first answer after that time among those that came before a 301 was known.
    fn recent_use(&self, pair: &Pair, told: Timestamp) -> Option<Alive> {
        let (server, key) = pair;
        let answers = self.recent.with_mark(0, mark(*server, key));
        let same = answers.filter(|noted| noted.item().server == *server && noted.is(0, key));
        let later = same.filter(|noted| noted.item().place.time > told);
        let first = later.min_by_key(|noted| (noted.item().place.time, noted.item().call))?;
        let Answered { call, place, .. } = first.item();
        Some((call, place.time, place.evidence(IN_USE, line_cited(first.text(1)))))
    }
}

#[cfg(test)]
impl Redirects {
    pub(super) fn octets(&self) -> usize {
        self.texts.octets
    }

    /// Leaves no room for anything.
    pub(super) fn fill(&mut self) {
        self.texts.add(crate::limits::PATTERN_OCTETS);
    }
}

impl Answers {
    /// What contradicts that the address moved for good.
    pub fn change(&self) -> Option<Change> {
        let in_use = || self.alive.as_ref().map(|_| Change::InUse);
        if self.variants.len() > 1 { Some(Change::Targets) } else { in_use() }
    }
}

impl Variant {
    /// Its addresses, without what does not matter for where they lead.
    pub fn contacts(&self) -> String {
        self.contacts.join(", ")
    }
}

fn is_permanent(case: &RedirectCase<'_>) -> bool {
    case.redirect.status == StatusCode(301) && case.transaction.method == Method::Invite
}

/// Whether a request followed a redirect of the server that it went to: to another transport or port of the same address.
fn is_steered(call: &Call, invite: TransactionId) -> bool {
    let server = |id: TransactionId| call.transaction(id).map(|t| t.server.address);
    let followed = |redirect: &&Redirect| redirect.follows.iter().any(|follow| follow.transaction == invite);
    call.redirects.iter().filter(followed).any(|redirect| server(redirect.transaction) == server(invite))
}

/// An answer to an INVITE, after `told` if there is that time, which says that the address is in use.
fn answer_in_use<'a>(
    call: &'a Call,
    transaction: &Transaction,
    told: Option<Timestamp>,
) -> Option<&'a CapturedMessage> {
    let says_in_use = |m: &&CapturedMessage| {
        told.is_none_or(|told| m.provenance.time > told)
            && m.provenance.flow.source.address == transaction.server.address
            && m.message.status().is_some_and(|s| s.0 == 180 || s.is_success() || s.0 == 302)
    };
    let finals = transaction.finals.iter().map(|f| f.message);
    let mut answers = transaction.provisionals.iter().copied().chain(finals).filter_map(|id| call.message(id));
    answers.find(says_in_use)
}

/// Whether an address is too long to be kept.
fn is_long(address: &Uri) -> bool {
    address.raw().len() > PATTERN_ADDRESS
}

/// Octets of what is kept of an address (its text, its parts and its key) and the software that goes with it.
fn octets(address: &Uri, software: Option<&str>) -> usize {
    3 * address.raw().len() + software.map_or(0, str::len)
}

/// The mark of a [`Pair`].
fn mark(party: IpAddr, key: &str) -> Mark {
    Mark::of(&(party, key))
}

/// Where a URI leads: what is equal in effect has the same text.
pub(in crate::diagnosis) fn key(uri: &Uri) -> String {
    let mut key = String::new();
    if uri.is_sip() {
        write_key_of_sip(&uri.effective_user().unwrap_or_default(), &uri.host, uri.port_or_default(), &mut key);
    } else {
        write_whole(UriView::read(uri.raw()).as_ref(), &mut key);
    }
    key
}

/// Writes the [`key`] of a URI in place of what was there; nothing where there is none.
fn write_whole(uri: Option<&UriView<'_>>, key: &mut String) {
    key.clear();
    if let Some(uri) = uri {
        write_key(uri, &uri.effective_user().unwrap_or_default(), key);
    }
}

/// The same of the Request-URI of an INVITE.
fn write_target(names: &Names<'_>, key: &mut String) {
    key.clear();
    if let Some(target) = &names.target {
        write_key(target, names.target_user.as_deref().unwrap_or_default(), key);
    }
}

/// Writes the [`key`] of a URI with that [`UriView::effective_user`].
fn write_key(uri: &UriView<'_>, user: &str, key: &mut String) {
    if uri.is_sip() {
        write_key_of_sip(user, &uri.lower_host(), uri.port_or_default(), key);
        return;
    }
    if uri.scheme != Scheme::Tel {
        key.push_str(&uri.raw.to_ascii_lowercase());
        return;
    }
    key.extend(["tel:", user]);
    if let Some(context) = uri.param("phone-context") {
        key.extend([";phone-context=", &context.to_ascii_lowercase()]);
    }
}

fn write_key_of_sip(user: &str, host: &str, port: u16, key: &mut String) {
    // Room for user, host and the two separators, and for any port.
    key.reserve(user.len() + host.len() + 7);
    key.push_str(user);
    key.push('@');
    key.push_str(host);
    key.push(':');
    match port {
        5060 => key.push_str("5060"),
        other => key.push_str(&other.to_string()),
    }
}

/// The time until the client was redirected again.
fn lost(call: &Call, transaction: &Transaction, request: &CapturedMessage) -> Option<Duration> {
    let redirected = transaction.finals.iter().find(|f| f.status == StatusCode(301))?;
    Some(call.message(redirected.message)?.provenance.time.since(request.provenance.time))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::patterns::Patterns;
    use crate::diagnosis::testing::diagnose;

    #[test]
    fn the_tables_stay_within_their_limits_and_say_so() {
        let mut flow = "host pbx 192.0.2.10\nhost old 198.51.100.30\n\n".to_owned();
        for n in 0..20 {
            let _ = write!(
                flow,
                "{n}.0 pbx > old call=c{n}\nINVITE sip:u{n}@corp.example\n\n+0.1 old > pbx call=c{n}\n301 Moved\n\
                 Contact: <sip:u{n}@pbx.corp.example>\n\n+0.001 pbx > old call=c{n}\nACK\n\n"
            );
        }
        let calls = diagnose(&flow).calls;
        let mut patterns = Patterns::default();
        for report in &calls {
            patterns.observe_call(&report.call);
        }
        assert_eq!(patterns.redirects.answers().count(), 20);
        assert_eq!(patterns.limits_hit(), []);
        for n in 0..MOVED_ADDRESSES {
            let server = (IpAddr::from([198, 51, 100, 31]), format!("filler {n}").into());
            let filler = Answers {
                address: Uri::read("sip:filler@corp.example").unwrap(),
                server: calls[0].call.transactions[0].server,
                software: None,
                variants: Vec::new(),
                alive: None,
                total: 0,
            };
            patterns.redirects.servers.insert(server, filler);
        }
        let size = patterns.redirects.servers.len();
        let late = diagnose(&flow.replace("sip:u", "sip:late")).calls;
        for report in &late {
            patterns.observe_call(&report.call);
        }
        assert_eq!(patterns.redirects.servers.len(), size);
        assert_eq!(patterns.limits_hit().len(), 1);
    }
}
