//! The move list: every address that a 301 says has moved, where to, and whether it is safe to change directories and routes.
//!
//! Judged as the rules judge: what they call a loop, a routing dip, a foreign domain or a changing target is never adopted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Files, Place, Seen};
use crate::call::CallNumber;
use crate::diagnosis::CallReport;
use crate::diagnosis::patterns::redirects::{Change, Redirects, key};
use crate::diagnosis::redirect_case::{ContactEnd, RedirectCase};
use crate::limits::{MOVE_TARGETS, MOVED_ADDRESSES, MOVES_OCTETS, PATTERN_ADDRESS};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{Scheme, StatusCode, Uri};
use crate::stir::TelephoneNumber;

mod judge;
mod reason;
mod settle;
#[cfg(test)]
mod tests;

use judge::Judged;
pub use reason::Reason;

/// The 301s of a run.
#[derive(Debug, Default)]
pub struct Moves {
    files: Files,
    /// By the key of the old address.
    addresses: BTreeMap<String, Address>,
    /// What the same rules see of all captures together.
    redirects: Redirects,
    /// Octets of its addresses.
    octets: usize,
    /// 301s that found no room.
    left_out: u64,
}

/// An old address.
#[derive(Debug)]
struct Address {
    old: String,
    /// Keys under which servers were asked for it: more than one where a proxy rewrites it.
    asked: BTreeSet<String>,
    targets: Vec<Target>,
}

/// A new address of an old one.
#[derive(Debug)]
struct Target {
    /// Its key; empty where the 301 names none.
    key: String,
    new: Option<String>,
    server: Endpoint,
    seen: Seen,
    calls: u64,
    last_call: (usize, CallNumber),
    contacts: usize,
    answered: u64,
    last_answered: Option<Timestamp>,
    last_failed: Option<Timestamp>,
    ends: BTreeSet<Option<ContactEnd>>,
    other_answered: bool,
    objection: Option<Reason>,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The old address as address of record.
    pub old: String,
    /// The new address as captured, without embedded header fields; `None` where there is none.
    pub new: Option<String>,
    /// The server that said so first.
    pub server: Endpoint,
    /// The 301s.
    pub seen: Seen,
    /// Calls with such a 301.
    pub calls: u64,
    /// Those that were answered at the new address.
    pub answered: u64,
    /// Contacts of a 301 (the most that one had).
    pub contacts: usize,
    /// Why it should be adopted, or why not.
    pub reason: Reason,
}

impl Moves {
    /// A capture of so many files begins.
    pub fn begin_capture(&mut self, files: usize) {
        self.files.begin(files);
    }

    /// Takes note of a diagnosed call.
    pub fn observe(&mut self, report: &CallReport) {
        self.redirects.observe_call(&report.call);
        for case in RedirectCase::of_invites(&report.call).filter(|case| case.redirect.status == StatusCode(301)) {
            self.note(&case, report);
        }
    }

    /// The rows in the order of old addresses, those of one address in the order of time.
    pub fn rows(&self) -> Vec<Move> {
        settle::rows(self)
    }

    /// How many 301s found no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn note(&mut self, case: &RedirectCase<'_>, report: &CallReport) {
        let dialled = case.nearest_request().and_then(|m| m.message.request_uri());
        let Some(old) = dialled.or_else(|| case.redirect.from.clone()) else { return };
        let judged = Judged::of(case, report);
        let (old_key, new_key) = (key(&old), judged.contact.map(key).unwrap_or_default());
        let known = self.addresses.get(&old_key);
        let full = self.addresses.len() >= MOVED_ADDRESSES && known.is_none();
        let targets = known.map(|a| a.targets.as_slice()).unwrap_or_default();
        let is_new = targets.iter().all(|t| t.key != new_key);
        let longest = judged.contact.map_or(0, |contact| contact.raw().len()).max(old.raw().len());
        let no_room = longest > PATTERN_ADDRESS || self.octets >= MOVES_OCTETS || targets.len() >= MOVE_TARGETS;
        if full || (is_new && no_room) {
            self.left_out += 1;
            return;
        }
        if is_new {
            self.octets += old.raw().len() + 2 * longest;
        }
        let place = self.files.place(case.response.provenance.frame);
        let address = self.addresses.entry(old_key).or_insert_with(|| Address {
            old: of_record(&old),
            asked: BTreeSet::new(),
            targets: Vec::new(),
        });
        let asked = case.redirect.from.as_ref().filter(|from| from.raw().len() <= PATTERN_ADDRESS);
        if let Some(from) = asked.filter(|_| address.asked.len() < MOVE_TARGETS) {
            address.asked.insert(key(from));
        }
        let call = (self.files.before, case.call.number);
        if let Some(known) = address.targets.iter_mut().find(|t| t.key == new_key) {
            known.seen.again(&case.response.provenance, place);
            known.note(case, &judged, call);
        } else {
            let mut target = Target::new(new_key, case, &judged, place, call);
            target.note(case, &judged, call);
            address.targets.push(target);
        }
    }
}

impl Target {
    fn new(key: String, case: &RedirectCase<'_>, judged: &Judged<'_>, place: Place, call: (usize, CallNumber)) -> Self {
        Self {
            key,
            new: judged.contact.map(to_store),
            server: case.redirector(),
            seen: Seen::new(&case.response.provenance, place),
            calls: 0,
            last_call: (call.0, CallNumber(0)),
            contacts: 0,
            answered: 0,
            last_answered: None,
            last_failed: None,
            ends: BTreeSet::new(),
            other_answered: false,
            objection: None,
        }
    }

    fn note(&mut self, case: &RedirectCase<'_>, judged: &Judged<'_>, call: (usize, CallNumber)) {
        let time = case.response.provenance.time;
        let is_answered = judged.end == Some(ContactEnd::Answered);
        if self.last_call != call {
            self.last_call = call;
            self.calls += 1;
            self.answered += u64::from(is_answered);
        }
        if is_answered {
            self.last_answered = self.last_answered.max(Some(time));
        }
        if judged.end == Some(ContactEnd::Failed) {
            self.last_failed = self.last_failed.max(Some(time));
        }
        self.ends.insert(judged.end);
        self.other_answered |= judged.other_answered;
        self.contacts = self.contacts.max(case.redirect.contacts.len());
        self.objection = [self.objection, judged.objection].into_iter().flatten().min();
    }
}

/// An address of record: scheme, user and host, with the port where it is not the usual one. Telephone numbers without visual
/// separators, with country code where they look complete.
fn of_record(uri: &Uri) -> String {
    let user = uri.user_name().map(|name| match TelephoneNumber::read(name, "1") {
        Some(number) if number.is_international() || number.is_nanp() => format!("+{}", number.digits()),
        Some(number) if number.digits().len() >= 3 => number.digits().to_owned(),
        _ => name.to_owned(),
    });
    match (&uri.scheme, user) {
        (Scheme::Sip | Scheme::Sips, user) => {
            let scheme = if uri.scheme == Scheme::Sips { "sips" } else { "sip" };
            let at = user.map(|user| format!("{user}@")).unwrap_or_default();
            let usual = if uri.scheme == Scheme::Sips { 5061 } else { 5060 };
            let port = uri.port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
            format!("{scheme}:{at}{}{port}", uri.host)
        }
        (Scheme::Tel, Some(user)) => match uri.params.value("phone-context") {
            Some(context) if !user.starts_with('+') => format!("tel:{user};phone-context={context}"),
            _ => format!("tel:{user}"),
        },
        _ => uri.raw().to_owned(),
    }
}

/// A Contact as it can be stored: as captured, without header fields for the next request.
fn to_store(uri: &Uri) -> String {
    let headers = uri.headers.as_ref().map(|headers| format!("?{headers}"));
    let raw = uri.raw();
    headers.and_then(|headers| raw.strip_suffix(&headers)).unwrap_or(raw).to_owned()
}
