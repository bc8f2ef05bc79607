//! Finds, in one pass, the open call that a new Call-ID belongs to: an index over the legs whose INVITE waits for its final
//! response, and over clients that were just redirected. The judgement is that of [`super::legs`].
//!
//! Of a leg no more is kept than where its INVITE lies and hashes of what it may share with another; legs that share something are
//! read again.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::legs::{Choice, LegSummary, Mark, Marks, choose, follows_redirect};
use super::redirect::NEXT_CONTACT;
use super::{CapturedMessage, FollowLink};
use crate::hashing::HashMap;
use crate::limits::{LEG_CANDIDATES, REDIRECTED_CLIENTS, REDIRECTS_PER_CLIENT};
use crate::provenance::{Endpoint, Flow, Provenance, Timestamp};
use crate::sip::{Message, Scheme, StatusCode, Uri};

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
    by_mark: HashMap<u64, Sharing>,
    told: HashMap<IpAddr, Redirected>,
}

/// Servers that are kept of a leg.
const SERVERS: usize = 8;

/// A leg whose INVITE waits.
#[derive(Debug)]
struct Pending {
    /// The index of its INVITE among the messages of its group.
    invite: usize,
    start: Timestamp,
    client: Endpoint,
    /// Where the INVITE was sent, and where proxies sent it on.
    servers: SmallVec<[Endpoint; 1]>,
    cseq: Option<u32>,
    /// What it is found by.
    marks: SmallVec<[u64; 8]>,
}

/// A message that begins a leg, before it is taken in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning<'a> {
    pub(super) message: &'a Message,
    pub(super) provenance: &'a Provenance,
    pub(super) marks: &'a Marks,
}

/// Messages of open groups.
pub(super) trait Messages {
    /// The message of a group at that index.
    fn at(&self, group: u64, index: usize) -> Option<&CapturedMessage>;
}

impl Pending {
    /// Whether a comparison with `later` may find anything: the rules of [`super::legs::link`] as far as marks and addresses tell.
    /// Two legs that were sent by one element do not lie one behind the other (what was sent by a host that several elements share is
    /// told apart by port); nor do two that went to one element, unless the second comes from it, or `unique` says that they share
    /// what only legs of one call do.
    fn may_lead_to(&self, later: Beginning<'_>, unique: bool) -> bool {
        let Flow { source: client, destination: server, .. } = later.provenance.flow;
        let is_local = self.servers.iter().any(|server| server.address == self.client.address);
        let same = |a: Endpoint| a == client || (a.address == client.address && !is_local);
        let beside = || self.servers.first() == Some(&server) && !self.servers.iter().any(|server| same(*server));
        self.start <= later.provenance.time && !same(self.client) && (unique || !beside())
    }

    fn summary(&self, invite: &CapturedMessage) -> Option<LegSummary> {
        let mut summary = LegSummary::of(&invite.message, &invite.provenance)?;
        summary.servers = self.servers.to_vec();
        Some(summary)
    }
}

/// The legs of one mark, the oldest first: as a rule one.
#[derive(Debug)]
struct Sharing {
    oldest: LegId,
    later: Vec<LegId>,
}

/// A redirect that a client got.
#[derive(Debug)]
struct Told {
    group: u64,
    summary: Box<LegSummary>,
    time: Timestamp,
    contacts: Vec<Uri>,
    /// Where requests that follow it go.
    targets: Vec<Target>,
    followed: bool,
}

/// The user of a request that follows a redirect, by a hash of [`Uri::effective_user`]; `None` where a contact is of a scheme that
/// has no users.
type Target = Option<u64>;

/// The redirects of one client, the latest last, and how many of them lead to each target: most requests follow none.
#[derive(Debug, Default)]
struct Redirected {
    told: VecDeque<Told>,
    targets: HashMap<Target, u32>,
}

impl Redirected {
    fn push(&mut self, told: Told) {
        for target in &told.targets {
            *self.targets.entry(*target).or_default() += 1;
        }
        self.told.push_back(told);
        if self.told.len() > REDIRECTS_PER_CLIENT {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        for target in self.told.pop_front().into_iter().flat_map(|told| told.targets) {
            if let Some(count) = self.targets.get_mut(&target) {
                *count -= 1;
                if *count == 0 {
                    self.targets.remove(&target);
                }
            }
        }
    }

    fn may_lead_to(&self, user: Target) -> bool {
        self.targets.contains_key(&user) || self.targets.contains_key(&None)
    }
}

impl Told {
    fn may_lead_to(&self, user: Target) -> bool {
        self.targets.iter().any(|target| target.is_none() || *target == user)
    }
}

impl Sharing {
    /// Adds a leg; at most [`LEG_CANDIDATES`] stay, the latest.
    fn push(&mut self, leg: LegId) {
        self.later.push(leg);
        if self.later.len() >= LEG_CANDIDATES {
            self.oldest = self.later.remove(0);
        }
    }

    /// Removes a leg; returns whether none is left.
    fn remove(&mut self, leg: LegId) -> bool {
        self.later.retain(|other| *other != leg);
        if self.oldest != leg {
            return false;
        }
        if self.later.is_empty() {
            return true;
        }
        self.oldest = self.later.remove(0);
        false
    }

    fn iter(&self) -> impl Iterator<Item = LegId> {
        [self.oldest].into_iter().chain(self.later.iter().copied())
    }
}

impl LegIndex {
    /// Where the Call-ID of a first INVITE belongs. Does not take it in.
    pub(super) fn place(&mut self, new: Beginning<'_>, messages: &impl Messages) -> Place {
        let summary = OnceCell::new();
        let summary = || summary.get_or_init(|| LegSummary::of(new.message, new.provenance)).as_ref();
        if let Some(group) = self.redirected(new, summary) {
            return Place::Join(group);
        }
        let candidates = self.candidates(new, messages);
        let Some(summary) = (if candidates.is_empty() { None } else { summary() }) else {
            return Place::New(Vec::new());
        };
        let group = |at: &usize| candidates.get(*at).map(|(group, _)| *group);
        let compared: Vec<&LegSummary> = candidates.iter().map(|(_, summary)| summary).collect();
        match choose(&compared, summary) {
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

    /// The groups and legs that share something with a new one and may lie in front of it, in their order.
    fn candidates(&self, new: Beginning<'_>, messages: &impl Messages) -> Vec<(u64, LegSummary)> {
        let mut found: SmallVec<[(LegId, bool); 8]> = SmallVec::new();
        for (mark, unique) in new.marks.asked(new.provenance.flow.source) {
            found.extend(self.by_mark.get(&mark).into_iter().flat_map(Sharing::iter).map(|leg| (leg, unique)));
        }
        // What is unique comes first, and stays.
        found.sort_unstable_by_key(|(leg, unique)| (*leg, !unique));
        found.dedup_by_key(|(leg, _)| *leg);
        let waiting = found.iter().filter_map(|(id, unique)| Some((id.0, self.pending.get(id)?, *unique)));
        let possible = waiting.filter(|(_, pending, unique)| pending.may_lead_to(new, *unique));
        possible
            .filter_map(|(group, pending, _)| Some((group, pending.summary(messages.at(group, pending.invite)?)?)))
            .collect()
    }

    /// Takes an initial INVITE of a leg in, the last message of its group, whose messages these are; another attempt in place of an
    /// earlier one.
    pub(super) fn open(&mut self, id: LegId, messages: &[CapturedMessage], marks: &Marks) {
        let Some((invite, before)) = messages.split_last() else { return };
        let (flow, cseq) = (invite.provenance.flow, invite.message.cseq().map(|cseq| cseq.number));
        // The same request on another hop, or sent again.
        if let Some(known) = self.pending.get_mut(&id).filter(|known| known.cseq == cseq) {
            if !known.servers.contains(&flow.destination) && known.servers.len() < SERVERS {
                known.servers.push(flow.destination);
            }
            return;
        }
        self.remove(id);
        let pending = Pending {
            invite: before.len(),
            start: invite.provenance.time,
            client: flow.source,
            servers: [flow.destination].into_iter().collect(),
            cseq,
            marks: marks.offered(flow.destination).collect(),
        };
        for mark in &pending.marks {
            match self.by_mark.entry(*mark) {
                Entry::Occupied(known) => known.into_mut().push(id),
                Entry::Vacant(new) => {
                    new.insert(Sharing { oldest: id, later: Vec::new() });
                }
            }
        }
        self.pending.insert(id, pending);
    }

    /// Takes note of a final response to the INVITE of a leg, the last of the messages of its group.
    pub(super) fn answered(&mut self, id: LegId, messages: &[CapturedMessage]) {
        let (Some(pending), Some(response)) = (self.pending.get(&id), messages.last()) else { return };
        let (status, receiver) = (response.message.status(), response.provenance.flow.destination.address);
        if receiver != pending.client.address || !status.is_some_and(StatusCode::is_final) {
            return;
        }
        let redirected = status.is_some_and(StatusCode::is_redirection);
        let Some(pending) = self.remove(id).filter(|_| redirected) else { return };
        let contacts: Vec<Uri> = response.message.contacts().into_iter().map(|c| c.uri).take(8).collect();
        let now = response.provenance.time;
        if self.told.len() >= REDIRECTED_CLIENTS {
            self.told.retain(|_, known| known.told.back().is_some_and(|t| now.since(t.time) <= NEXT_CONTACT));
        }
        if contacts.is_empty() || self.told.len() >= REDIRECTED_CLIENTS {
            return;
        }
        let Some(summary) = messages.get(pending.invite).and_then(|invite| pending.summary(invite)) else { return };
        let targets = contacts.iter().map(target_of).collect();
        let told = Told { group: id.0, summary: Box::new(summary), time: now, contacts, targets, followed: false };
        self.told.entry(receiver).or_default().push(told);
    }

    /// Forgets a group that is over.
    pub(super) fn close(&mut self, group: u64, legs: usize) {
        for leg in 0..legs {
            self.remove((group, leg));
        }
    }

    /// The group whose redirect the INVITE follows, the latest first.
    fn redirected<'s>(&mut self, later: Beginning<'_>, summary: impl Fn() -> Option<&'s LegSummary>) -> Option<u64> {
        let Beginning { provenance, marks, .. } = later;
        let known = self.told.get_mut(&provenance.flow.source.address)?;
        while known.told.front().is_some_and(|t| provenance.time.since(t.time) > NEXT_CONTACT) {
            known.forget_first();
        }
        let user = marks.target.filter(|user| known.may_lead_to(Some(*user)))?;
        let summary = summary()?;
        let strong = |t: &&mut Told| {
            t.may_lead_to(Some(user))
                && follows_redirect(&t.summary, t.time, &t.contacts, t.followed, summary)
                    == Some(FollowLink::SameParties)
        };
        let followed = known.told.iter_mut().rev().find(strong)?;
        followed.followed = true;
        Some(followed.group)
    }

    fn remove(&mut self, id: LegId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        for mark in &pending.marks {
            if let Entry::Occupied(mut known) = self.by_mark.entry(*mark)
                && known.get_mut().remove(id)
            {
                known.remove();
            }
        }
        Some(pending)
    }
}

fn user_mark(uri: &Uri) -> u64 {
    Mark::User(uri.effective_user().as_deref()).hash()
}

fn target_of(contact: &Uri) -> Target {
    if matches!(contact.scheme, Scheme::Other(_)) { None } else { Some(user_mark(contact)) }
}

fn distinct(groups: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut all: Vec<u64> = groups.collect();
    all.sort_unstable();
    all.dedup();
    all
}
