//! What the calls have in common that a server accepted: where they came from, from whom, and how their numbers were written. A call that
//! it refuses is compared with them.

use std::net::IpAddr;

use self::form::{Form, Place};
use super::Evidence;
use super::names::Names;
use super::patterns::cited;
use super::patterns::unwanted::Invite;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::hashing::HashMap;
use crate::limits::{ACCEPTED_DOMAIN, ACCEPTED_KINDS, ACCEPTED_SERVERS, ACCEPTED_USER};
use crate::provenance::{Endpoint, Timestamp};
use crate::shorten;
use crate::sip::{HeaderName, Message, StatusCode};

pub(super) mod form;

/// The calls that were accepted in calls that are over, by the server that accepted them.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    servers: HashMap<Endpoint, Server>,
    /// Whether those that are not diagnosed yet are among them.
    are_all: bool,
}

/// The calls that one server accepted.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// How many.
    pub(super) calls: u64,
    /// When the latest of those that have been diagnosed was sent.
    latest: Timestamp,
    /// How they looked, each kind once.
    kinds: Vec<Kind>,
    /// Whether there were more kinds than there is room for: then nothing can be said of all of them.
    is_crowded: bool,
    caller: Caller,
}

/// The user of From in all of them.
#[derive(Debug, Default)]
enum Caller {
    #[default]
    None,
    One(Box<str>),
    Several,
}

/// What rules compare of an INVITE.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// Where it came from.
    pub(super) client: IpAddr,
    /// The host of From; empty where that is the address that the request came from, and none where From has no host, as in tel: URIs.
    pub(super) domain: Option<&'a str>,
    /// The user of From.
    pub(super) caller: &'a str,
    /// How that is written.
    pub(super) caller_form: Form,
    /// The user of the Request-URI.
    pub(super) called: &'a str,
    /// How that is written.
    pub(super) called_form: Form,
    /// Where it goes.
    pub(super) place: Place,
    /// Whether it has P-Asserted-Identity.
    pub(super) is_asserted: bool,
}

/// Calls that look alike.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) client: IpAddr,
    /// In lower case.
    pub(super) domain: Option<Box<str>>,
    pub(super) caller_form: Form,
    pub(super) called_form: Form,
    pub(super) place: Place,
    pub(super) is_asserted: bool,
    /// How many.
    pub(super) calls: u64,
    /// The called user of the first of them.
    pub(super) called: Box<str>,
    /// That INVITE.
    pub(super) example: Evidence,
}

impl<'a> Look<'a> {
    /// Reads it; `None` without a From or a Request-URI that can be read.
    pub(super) fn of(client: IpAddr, message: &Message, names: &'a Names<'_>) -> Option<Self> {
        let (from, target) = (names.from.as_ref()?, names.target.as_ref()?);
        let is_own = from.host.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || *b == b'[')
            && crate::sip::uri::address_of(from.host) == Some(client);
        let caller = from.user_name().unwrap_or_default();
        let user = target.user_name().unwrap_or_default();
        let called_form = Form::of(user);
        Some(Self {
            client,
            domain: (!from.host.is_empty()).then_some(if is_own { "" } else { from.host }),
            caller,
            caller_form: Form::of(caller),
            called: user,
            called_form,
            place: Place::of(called_form, names.dialled.as_ref()),
            is_asserted: message.has(HeaderName::PAssertedIdentity),
        })
    }
}

impl Accepted {
    /// Takes note of an answered call that has been diagnosed.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>]) {
        let is_compared = !self.are_all;
        self.add(call, invites, |server, invite, transaction| {
            server.latest = server.latest.max(transaction.start);
            if is_compared {
                server.compare(invite, transaction);
            }
        });
    }

    /// Takes note of the answered calls that are still to be diagnosed, of which none but these is left: all calls of the capture are
    /// compared then, whichever ended first.
    pub(super) fn foresee<'c>(&mut self, calls: impl Iterator<Item = (&'c Call, &'c [Invite<'c>])>) {
        for (call, invites) in calls {
            self.add(call, invites, Server::compare);
        }
        self.are_all = true;
    }

    /// Whether all calls of the capture are among them.
    pub(super) fn are_all(&self) -> bool {
        self.are_all
    }

    fn add(&mut self, call: &Call, invites: &[Invite<'_>], note: impl Fn(&mut Server, &Invite<'_>, &Transaction)) {
        for invite in invites {
            let Some(transaction) = call.transaction(invite.id) else { continue };
            if !transaction.finals.iter().any(|f| StatusCode::is_success(f.status)) {
                continue;
            }
            let has_room = self.servers.len() < ACCEPTED_SERVERS;
            let known = match self.servers.get_mut(&transaction.server) {
                Some(known) => known,
                None if has_room => self.servers.entry(transaction.server).or_default(),
                None => continue,
            };
            note(known, invite, transaction);
        }
    }

    /// How many calls a server accepted; `None` where there was no room to count them.
    pub(super) fn answered(&self, server: Endpoint) -> Option<u64> {
        let known = self.servers.get(&server).map(|known| known.calls);
        known.or_else(|| (self.servers.len() < ACCEPTED_SERVERS).then_some(0))
    }

    /// When the latest call that a server accepted, of those that have been diagnosed, was sent to it.
    pub(super) fn latest(&self, server: Endpoint) -> Option<Timestamp> {
        self.servers.get(&server).map(|known| known.latest)
    }

    /// The calls that a server accepted; `None` where there are none, or where they have nothing in common any more.
    pub(super) fn by(&self, server: Endpoint) -> Option<&Server> {
        self.servers.get(&server).filter(|known| known.calls > 0 && !known.is_crowded)
    }
}

impl Server {
    /// Counts a call, and what it looks like.
    fn compare(&mut self, invite: &Invite<'_>, transaction: &Transaction) {
        self.calls += 1;
        // Of such a one nothing is said any more.
        if self.is_crowded {
            return;
        }
        match Look::of(transaction.client.address, &invite.request.message, &invite.names) {
            Some(look) => self.add(&look, invite.request),
            None => self.give_up(),
        }
    }

    fn add(&mut self, look: &Look<'_>, request: &CapturedMessage) {
        self.caller.add(look.caller);
        if let Some(known) = self.kinds.iter_mut().find(|kind| kind.is(look)) {
            known.calls += 1;
            return;
        }
        if self.kinds.len() >= ACCEPTED_KINDS || look.domain.is_some_and(|domain| domain.len() > ACCEPTED_DOMAIN) {
            self.give_up();
            return;
        }
        self.kinds.push(Kind::new(look, request));
    }

    /// Nothing can be said any more of all calls but how many they are.
    fn give_up(&mut self) {
        *self = Self { calls: self.calls, latest: self.latest, is_crowded: true, ..Self::default() };
    }

    /// How the calls looked, each kind once.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The user of From that all of them have.
    pub(super) fn only_caller(&self) -> Option<&str> {
        match &self.caller {
            Caller::One(user) => Some(user),
            Caller::None | Caller::Several => None,
        }
    }
}

impl Caller {
    fn add(&mut self, user: &str) {
        match self {
            Self::None if user.len() <= ACCEPTED_USER => *self = Self::One(user.into()),
            Self::One(known) if &**known == user => {}
            Self::None | Self::One(_) => *self = Self::Several,
            Self::Several => {}
        }
    }
}

impl Kind {
    fn new(look: &Look<'_>, request: &CapturedMessage) -> Self {
        Self {
            client: look.client,
            domain: look.domain.map(|domain| domain.to_ascii_lowercase().into()),
            caller_form: look.caller_form,
            called_form: look.called_form,
            place: look.place,
            is_asserted: look.is_asserted,
            calls: 1,
            called: shorten::to_octets(look.called, ACCEPTED_USER).into(),
            example: cited(Evidence::of(request, "an INVITE that this server accepted")),
        }
    }

    fn is(&self, look: &Look<'_>) -> bool {
        self.client == look.client
            && self.called_form == look.called_form
            && self.caller_form == look.caller_form
            && self.place == look.place
            && self.is_asserted == look.is_asserted
            && self.domain.is_some() == look.domain.is_some()
            && self.may_have_domain(look.domain)
    }

    /// Whether its domain is this one, as far as both have one.
    pub(super) fn may_have_domain(&self, domain: Option<&str>) -> bool {
        self.domain.as_deref().zip(domain).is_none_or(|(own, other)| own.eq_ignore_ascii_case(other))
    }
}

#[cfg(test)]
mod tests;
