//! Finds, in one pass, the open call that a new Call-ID belongs to: an index over the legs whose INVITE waits for its final
//! response, and over clients that were just redirected. The judgement is that of [`super::legs`].

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use super::legs::{Choice, LegSummary, Mark, choose, follows_redirect};
use super::redirect::NEXT_CONTACT;
use super::{CapturedMessage, FollowLink};
use crate::hashing::HashMap;
use crate::limits::{LEG_CANDIDATES, REDIRECTED_CLIENTS, REDIRECTS_PER_CLIENT};
use crate::provenance::Timestamp;
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
    by_mark: HashMap<u64, Sharing>,
    told: HashMap<IpAddr, Redirected>,
}

#[derive(Debug)]
struct Pending {
    summary: Box<LegSummary>,
    marks: Vec<u64>,
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
    pub(super) fn place(&mut self, summary: &LegSummary) -> Place {
        if let Some(group) = self.redirected(summary) {
            return Place::Join(group);
        }
        let mut found: Vec<LegId> = Vec::new();
        for mark in summary.marks.asked(summary.client) {
            found.extend(self.by_mark.get(&mark).into_iter().flat_map(Sharing::iter));
        }
        if found.is_empty() {
            return Place::New(Vec::new());
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
        let marks: Vec<u64> = summary.marks.offered(&summary.servers).collect();
        for mark in &marks {
            match self.by_mark.entry(*mark) {
                Entry::Occupied(known) => known.into_mut().push(id),
                Entry::Vacant(new) => {
                    new.insert(Sharing { oldest: id, later: Vec::new() });
                }
            }
        }
        self.pending.insert(id, Pending { summary, marks });
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
            self.told.retain(|_, known| known.told.back().is_some_and(|t| now.since(t.time) <= NEXT_CONTACT));
        }
        if contacts.is_empty() || self.told.len() >= REDIRECTED_CLIENTS {
            return;
        }
        let targets = contacts.iter().map(target_of).collect();
        let told = Told { group: id.0, summary, time: now, contacts, targets, followed: false };
        self.told.entry(receiver).or_default().push(told);
    }

    /// Forgets a group that is over.
    pub(super) fn close(&mut self, group: u64, legs: usize) {
        for leg in 0..legs {
            self.remove((group, leg));
        }
    }

    /// The group whose redirect the INVITE follows, the latest first.
    fn redirected(&mut self, later: &LegSummary) -> Option<u64> {
        let known = self.told.get_mut(&later.client.address)?;
        while known.told.front().is_some_and(|t| later.start.since(t.time) > NEXT_CONTACT) {
            known.forget_first();
        }
        if known.told.is_empty() {
            return None;
        }
        let user = Some(user_mark(later.parties.target.as_ref()?));
        if !known.may_lead_to(user) {
            return None;
        }
        let strong = |t: &&mut Told| {
            t.may_lead_to(user)
                && follows_redirect(&t.summary, t.time, &t.contacts, t.followed, later) == Some(FollowLink::SameParties)
        };
        let followed = known.told.iter_mut().rev().find(strong)?;
        followed.followed = true;
        Some(followed.group)
    }

    fn remove(&mut self, id: LegId) -> Option<Box<LegSummary>> {
        let pending = self.pending.remove(&id)?;
        for mark in &pending.marks {
            if let Entry::Occupied(mut known) = self.by_mark.entry(*mark)
                && known.get_mut().remove(id)
            {
                known.remove();
            }
        }
        Some(pending.summary)
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
