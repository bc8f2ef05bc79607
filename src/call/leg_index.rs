//! Finds, in one pass, the open call that a new Call-ID belongs to: an index over the legs whose INVITE waits for its final
//! response, and over clients that were just redirected. The judgement is that of [`super::legs`].

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use super::legs::{Choice, LegSummary, choose, follows_redirect};
use super::redirect::NEXT_CONTACT;
use super::{CapturedMessage, FollowLink};
use crate::hashing::{HashMap, Hashing};
use crate::limits::{LEG_CANDIDATES, REDIRECTED_CLIENTS, REDIRECTS_PER_CLIENT};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{Scheme, StatusCode, Uri};

/// A leg: number of its group, index in the group.
pub(super) type LegId = (u64, usize);

/// Where a new Call-ID belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To no open group; these may be related.
    New(Vec<u64>),
    /// To this group.
    Join(u64),
}

/// The index. Legs leave it with their final response, so that it holds no more than the calls that are being set up.
#[derive(Debug, Default)]
pub(super) struct LegIndex {
    pending: HashMap<LegId, Pending>,
    /// Legs by what they may have in common with another one; at most [`LEG_CANDIDATES`] each, the latest.
    by_trait: HashMap<u64, VecDeque<LegId>>,
    told: HashMap<IpAddr, VecDeque<Told>>,
    hasher: Hashing,
}

#[derive(Debug)]
struct Pending {
    summary: Box<LegSummary>,
    traits: Vec<u64>,
}

/// A redirect that a client got.
#[derive(Debug)]
struct Told {
    group: u64,
    summary: Box<LegSummary>,
    time: Timestamp,
    contacts: Vec<Uri>,
    /// Users of the contacts, as [`Uri::effective_user`] has them.
    users: Vec<Option<String>>,
    followed: bool,
}

impl Told {
    /// Whether a contact can be the place where a request for that user goes: most redirects are told apart by it at once.
    fn may_lead_to(&self, user: Option<&str>) -> bool {
        let fits = |(contact, known): (&Uri, &Option<String>)| {
            known.as_deref() == user || matches!(contact.scheme, Scheme::Other(_))
        };
        self.contacts.iter().zip(&self.users).any(fits)
    }
}

/// What two legs of one call may share.
#[derive(Debug, Hash)]
enum Trait<'a> {
    Session(&'a str),
    Name(&'a [u8]),
    Token(&'a str),
    Media(&'a str),
    /// The end of a number, or a whole name.
    Number(&'a str),
    CallIdStart(&'a [u8]),
    /// A caller, at the element that takes or sends the call.
    Caller(IpAddr, &'a str),
}

impl LegIndex {
    /// Where the Call-ID of a first INVITE belongs. Does not take it in.
    pub(super) fn place(&mut self, summary: &LegSummary) -> Place {
        if let Some(group) = self.redirected(summary) {
            return Place::Join(group);
        }
        let mut found: Vec<LegId> = Vec::new();
        for mark in self.traits(summary, true).into_iter().chain(self.callers(summary, [summary.client])) {
            found.extend(self.by_trait.get(&mark).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        let pending: Vec<_> =
            found.iter().filter_map(|id| Some((id.0, self.pending.get(id)?.summary.as_ref()))).collect();
        let candidates: Vec<&LegSummary> = pending.iter().map(|(_, summary)| *summary).collect();
        let group = |at: &usize| pending.get(*at).map(|(group, _)| *group);
        match choose(&candidates, summary) {
            Choice::None => Place::New(Vec::new()),
            Choice::One(at) => group(&at).map_or(Place::New(Vec::new()), Place::Join),
            Choice::Possible(all) => Place::New(distinct(all.iter().filter_map(group))),
            Choice::Ambiguous(all) => match distinct(all.iter().filter_map(group)).as_slice() {
                // Several legs of one call fit equally well: it is that call all the same.
                [one] => Place::Join(*one),
                several => Place::New(several.to_vec()),
            },
        }
    }

    /// Takes an initial INVITE of a leg in; another attempt in place of an earlier one.
    pub(super) fn open(&mut self, id: LegId, summary: Box<LegSummary>) {
        if self.pending.get_mut(&id).is_some_and(|known| known.summary.extend(&summary)) {
            return;
        }
        self.remove(id);
        let mut traits = self.traits(&summary, false);
        traits.extend(self.callers(&summary, summary.servers.iter().copied()));
        for mark in &traits {
            let legs = self.by_trait.entry(*mark).or_default();
            legs.push_back(id);
            if legs.len() > LEG_CANDIDATES {
                legs.pop_front();
            }
        }
        self.pending.insert(id, Pending { summary, traits });
    }

    /// Takes note of a final response to the INVITE of a leg.
    pub(super) fn answered(&mut self, id: LegId, response: &CapturedMessage) {
        let Some(pending) = self.pending.get(&id) else { return };
        let (status, receiver) = (response.message.status(), response.provenance.flow.destination.address);
        if receiver != pending.summary.client.address || !status.is_some_and(StatusCode::is_final) {
            return;
        }
        let redirected = status.is_some_and(StatusCode::is_redirection);
        let Some(summary) = self.remove(id).filter(|_| redirected) else { return };
        let contacts: Vec<Uri> = response.message.contacts().into_iter().map(|c| c.uri).take(8).collect();
        let now = response.provenance.time;
        if self.told.len() >= REDIRECTED_CLIENTS {
            self.told.retain(|_, told| told.back().is_some_and(|t| now.since(t.time) <= NEXT_CONTACT));
        }
        if contacts.is_empty() || self.told.len() >= REDIRECTED_CLIENTS {
            return;
        }
        let told = self.told.entry(receiver).or_default();
        let users = contacts.iter().map(Uri::effective_user).collect();
        told.push_back(Told { group: id.0, summary, time: now, contacts, users, followed: false });
        if told.len() > REDIRECTS_PER_CLIENT {
            told.pop_front();
        }
    }

    /// Forgets a group that is over.
    pub(super) fn close(&mut self, group: u64, legs: usize) {
        for leg in 0..legs {
            self.remove((group, leg));
        }
    }

    /// The group whose redirect the INVITE follows, the latest first.
    fn redirected(&mut self, later: &LegSummary) -> Option<u64> {
        let told = self.told.get_mut(&later.client.address)?;
        while told.front().is_some_and(|t| later.start.since(t.time) > NEXT_CONTACT) {
            told.pop_front();
        }
        if told.is_empty() {
            return None;
        }
        let user = later.parties.target.as_ref()?.effective_user();
        let strong = |t: &&mut Told| {
            t.may_lead_to(user.as_deref())
                && follows_redirect(&t.summary, t.time, &t.contacts, t.followed, later) == Some(FollowLink::SameParties)
        };
        let followed = told.iter_mut().rev().find(strong)?;
        followed.followed = true;
        Some(followed.group)
    }

    fn remove(&mut self, id: LegId) -> Option<Box<LegSummary>> {
        let pending = self.pending.remove(&id)?;
        for mark in &pending.traits {
            if let Some(legs) = self.by_trait.get_mut(mark) {
                legs.retain(|leg| *leg != id);
                if legs.is_empty() {
                    self.by_trait.remove(mark);
                }
            }
        }
        Some(pending.summary)
    }

    /// What a leg may share; `diverted` numbers are asked for, but a leg is not found by them.
    fn traits(&self, leg: &LegSummary, diverted: bool) -> Vec<u64> {
        let number = |n: &String| self.mark(&Trait::Number(tail(n)));
        let mut marks: Vec<u64> = leg.called.iter().map(number).collect();
        marks.extend(leg.diverted.iter().filter(|_| diverted).map(number));
        marks.extend(leg.session_id.iter().map(|s| self.mark(&Trait::Session(s))));
        marks.extend(leg.links.iter().map(|l| self.mark(&Trait::Name(l.as_bytes()))));
        marks.push(self.mark(&Trait::Name(&leg.call_id)));
        marks.extend(leg.tokens.iter().map(|t| self.mark(&Trait::Token(t))));
        marks.extend(leg.media.iter().map(|m| self.mark(&Trait::Media(m))));
        marks.extend(leg.call_id.get(..16).map(|start| self.mark(&Trait::CallIdStart(start))));
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// The caller of a leg at these elements: a B2BUA may translate everything but that.
    fn callers(&self, leg: &LegSummary, at: impl IntoIterator<Item = Endpoint>) -> Vec<u64> {
        let first = |at: Endpoint| leg.calling.iter().map(move |caller| (at, tail(caller)));
        at.into_iter().flat_map(first).map(|(at, caller)| self.mark(&Trait::Caller(at.address, caller))).collect()
    }

    fn mark(&self, value: &Trait<'_>) -> u64 {
        self.hasher.hash_one(value)
    }
}

/// Numbers are compared by their last digits, as one leg may carry a prefix.
fn tail(user: &str) -> &str {
    let digits = user.bytes().all(|b| b.is_ascii_digit());
    user.len().checked_sub(super::legs::COMMON_DIGITS).filter(|_| digits).and_then(|at| user.get(at..)).unwrap_or(user)
}

fn distinct(groups: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut all: Vec<u64> = groups.collect();
    all.sort_unstable();
    all.dedup();
    all
}
