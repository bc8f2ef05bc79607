//! Who registers what, and how often: bindings that are registered again and again within seconds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::super::Evidence;
use super::{Texts, cited, software_of_sender};
use crate::call::{Call, CallNumber, CapturedMessage, Transaction, TransactionId};
use crate::limits::{PATTERN_NAME, REGISTRATION_BINDINGS, REGISTRATION_CALLS};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{HeaderName, Message, Method, NameAddr, StatusCode};

/// Registrations that follow one another sooner belong to one run: keep-alives by REGISTER come each half a minute, refreshes later.
const PAUSE: Duration = Duration::from_secs(10);
/// So many in a run are no restart, and no second attempt.
const RUN: u64 = 6;

/// Registrations of the whole capture.
#[derive(Debug, Default)]
pub struct Registrations {
    bindings: BTreeMap<(IpAddr, IpAddr, String), Binding>,
    texts: Texts,
    /// Those that found no room.
    forgotten: u64,
}

/// A contact that a host registers for an address of record at a server: a client may have several registrars.
#[derive(Debug, Default)]
struct Binding {
    /// The longest run so far, where it is long enough to be told.
    told: Option<Run>,
    now: Run,
}

/// Registrations one after the other.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// How many.
    pub count: u64,
    /// How many of them were accepted.
    pub accepted: u64,
    /// When the first was sent.
    pub start: Timestamp,
    /// When the last was.
    pub end: Timestamp,
    /// Who asked whom in the last one.
    pub hop: Option<(Endpoint, Endpoint)>,
    /// What the client calls itself.
    pub software: Option<String>,
    /// One of them, and the last one.
    pub evidence: Vec<Evidence>,
    /// The groups that they are in, the first ones.
    pub calls: Vec<CallNumber>,
    /// How many groups.
    pub groups: u64,
    /// The last one.
    last: Option<CallNumber>,
}

impl Registrations {
    /// Takes note of a closed group of requests.
    pub(super) fn observe(&mut self, call: &Call) {
        for (at, transaction) in call.transactions.iter().enumerate() {
            // What was corrected, or sent again with credentials, is told by what came of it.
            let counts = transaction.method == Method::Register && transaction.upstream.is_none();
            if !counts || call.is_step(TransactionId(at)) {
                continue;
            }
            let Some(request) = transaction.request.and_then(|id| call.message(id)) else { continue };
            if let Some(name) = binding(&request.message) {
                self.add(call, transaction, request, name);
            }
        }
    }

    fn add(&mut self, call: &Call, transaction: &Transaction, request: &CapturedMessage, name: String) {
        let key = (transaction.client.address, transaction.server.address, name);
        if let Some(known) = self.bindings.get_mut(&key) {
            known.add(call, transaction, request);
            return;
        }
        if self.bindings.len() >= REGISTRATION_BINDINGS || key.2.len() > PATTERN_NAME * 2 || !self.texts.has_room() {
            self.forgotten += 1;
            return;
        }
        self.texts.add(key.2.len());
        self.bindings.entry(key).or_default().add(call, transaction, request);
    }

    /// Sources with the bindings (address of record and contact) that have a run to be told, in the order of addresses.
    pub fn storms(&self) -> impl Iterator<Item = (IpAddr, Vec<(&str, &Run)>)> {
        let mut sources: BTreeMap<IpAddr, Vec<(&str, &Run)>> = BTreeMap::new();
        for ((address, _, name), binding) in &self.bindings {
            if let Some(run) = &binding.told {
                sources.entry(*address).or_default().push((name, run));
            }
        }
        sources.into_iter()
    }

    /// How many registrations found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Binding {
    fn add(&mut self, call: &Call, transaction: &Transaction, request: &CapturedMessage) {
        let (run, time) = (&mut self.now, request.provenance.time);
        // Groups are over in nearly the order in which they began.
        let follows = run.count > 0 && time.since(run.end) < PAUSE && run.start.since(time) < PAUSE;
        if !follows {
            *run = Run { start: time, end: time, ..Run::default() };
        }
        (run.start, run.end) = (run.start.min(time), run.end.max(time));
        run.count += 1;
        run.accepted += u64::from(transaction.finals.iter().any(|f| StatusCode::is_success(f.status)));
        if run.last.replace(call.number) != Some(call.number) {
            run.groups += 1;
            if run.calls.len() < REGISTRATION_CALLS {
                run.calls.push(call.number);
            }
        }
        if run.count < 2 {
            return;
        }
        run.hop = Some((transaction.client, transaction.server));
        run.evidence.truncate(1);
        run.evidence.push(cited(Evidence::of(request, "a REGISTER of this binding")));
        if run.count >= RUN && self.told.as_ref().is_none_or(|told| told.count < run.count) {
            run.software = software_of_sender(&request.message);
            self.told = Some(run.clone());
        }
    }
}

/// Address of record and contact of a request that registers one; none of one that only asks, or takes a binding away.
fn binding(request: &Message) -> Option<String> {
    let contact = request.contacts().into_iter().next()?;
    let asked = contact.params.value("expires").map(str::to_owned);
    let asked = asked.or_else(|| request.header(HeaderName::Expires).map(|value| value.trim().to_owned()));
    if asked.is_some_and(|seconds| seconds.parse() == Ok(0_u32)) {
        return None;
    }
    let record = request.header(HeaderName::To)?;
    Some(format!("{} ({})", NameAddr::uri_of(&record)?, contact.uri))
}
