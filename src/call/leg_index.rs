//! Finds, in one pass, the open call that a new Call-ID belongs to: an index over the legs whose INVITE waits for its final
//! response, and over clients that were just redirected. The judgement is that of [`super::legs`].
//!
//! Of a leg no more is kept than where its INVITE lies. What it may share with another leg is read when there is one that it could lie
//! behind or in front of: as long as all legs in setup were sent by one client, there is none.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::iter;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::legs::{Choice, LegSummary, Mark, Marks, Sent, choose, follows_redirect, may_follow, tail};
use super::open_group::{OpenGroup, place_behind};
use super::open_groups::{GroupId, LegId, OpenGroups};
use super::redirect::NEXT_CONTACT;
use super::{CapturedMessage, FollowLink};
use crate::hashing::HashMap;
use crate::limits::{LEG_CANDIDATES, RECENT_REDIRECTS, REDIRECTS_PER_CLIENT};
use crate::provenance::{Endpoint, Flow, Provenance, Timestamp};
use crate::sip::uri::{UserAtHost, effective_user};
use crate::sip::{HeaderName, Message, NameAddr, StatusCode, Uri};

/// Where a new Call-ID belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To no open group; these may be related.
    New(Vec<GroupId>),
    /// To this group.
    Join(GroupId),
}

/// The index. Legs leave it with their final response, so that it holds no more than the calls that are being set up.
#[derive(Debug, Default)]
pub(super) struct LegIndex {
    /// Legs by what they may have in common with another one; at most [`LEG_CANDIDATES`] each, the latest: as a rule one.
    by_mark: HashMap<u64, SmallVec<[LegId; 1]>>,
    /// Legs that are not there yet, with the index of their INVITE; some of them wait no longer. All were sent by `only_client`.
    unread: Vec<(LegId, u32)>,
    only_client: Option<Endpoint>,
    /// How many of them wait.
    unread_waiting: usize,
    /// Legs whose marks were read: few, where all are sent by one client.
    read: usize,
    told: HashMap<IpAddr, Redirected>,
    /// When, and who, in the order in which they came; some are forgotten already.
    told_in_order: VecDeque<(Timestamp, IpAddr)>,
}

/// What the marks of a leg take, with their places in the index, which is half empty after it grew.
const MARKS_OCTETS: usize = 1024;

/// Servers that are kept of a leg.
const SERVERS: usize = 8;

/// A leg whose INVITE waits, which its group keeps.
#[derive(Debug)]
pub(super) struct Pending {
    /// What it is found by, once that was read.
    marks: Option<Box<Marks>>,
    /// Where proxies sent the INVITE on.
    sent_on: Vec<Endpoint>,
    /// The index of its INVITE among the messages of its group.
    invite: u32,
}

/// It with its INVITE.
struct Waiting<'a> {
    pending: &'a Pending,
    invite: &'a CapturedMessage,
}

/// A message that begins a leg, before it is taken in.
#[derive(Debug)]
pub(super) struct Beginning<'a> {
    pub(super) message: &'a Message,
    pub(super) provenance: &'a Provenance,
    /// What was read of it on the way.
    pub(super) marks: Option<Box<Marks>>,
}

impl<'a> Beginning<'a> {
    /// `None` for a message that begins no leg.
    pub(super) fn of(captured: &'a CapturedMessage) -> Option<Self> {
        let CapturedMessage { message, provenance, .. } = captured;
        Marks::has(message).then_some(Self { message, provenance, marks: None })
    }
}

/// Numbers of legs that wait no longer may stand among the unread while they are no more than the others, and these.
const GONE: usize = 64;

impl Waiting<'_> {
    fn client(&self) -> Endpoint {
        self.invite.provenance.flow.source
    }

    /// Where the INVITE was sent, and where proxies sent it on.
    fn servers(&self) -> impl Iterator<Item = Endpoint> {
        iter::once(self.invite.provenance.flow.destination).chain(self.pending.sent_on.iter().copied())
    }

    /// Whether a comparison with `later` may find anything: the rules of [`super::legs::link`] as far as marks and addresses tell.
    /// Two legs that were sent by one element do not lie one behind the other (what was sent by a host that several elements share is
    /// told apart by port); nor do two that went to one element, unless the second comes from it, or `unique` says that they share
    /// what only legs of one call do.
    fn may_lead_to(&self, later: &Beginning<'_>, unique: bool) -> bool {
        let Flow { source: client, destination: server, .. } = later.provenance.flow;
        let is_local = self.servers().any(|server| server.address == self.client().address);
        let same = |a: Endpoint| a == client || (a.address == client.address && !is_local);
        let beside = || self.servers().next() == Some(server) && !self.servers().any(same);
        self.invite.provenance.time <= later.provenance.time && !same(self.client()) && (unique || !beside())
    }

    fn summary(&self) -> Option<LegSummary> {
        let mut summary = LegSummary::of(&self.invite.message, &self.invite.provenance)?;
        summary.servers = self.servers().collect();
        Some(summary)
    }
}

/// A redirect that a client got. What it says is read where its group lies, when a request comes that goes where it leads to.
#[derive(Debug)]
struct Told {
    group: GroupId,
    /// The places of the INVITE and of the response in it.
    invite: u32,
    response: u32,
    time: Timestamp,
    /// Where requests that follow it go.
    targets: Targets,
    followed: bool,
}

/// The user of a request that follows a redirect, by a hash of [`Uri::effective_user`]; `None` where a contact names none, as in
/// schemes that have no users.
type Target = Option<u64>;

/// Those of a redirect, at most [`CONTACTS`].
type Targets = SmallVec<[Target; 1]>;

/// Contacts of a redirect that are looked at.
const CONTACTS: usize = 8;

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

    /// Forgets those up to a time.
    fn forget_until(&mut self, time: Timestamp) {
        while self.told.front().is_some_and(|told| told.time <= time) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        for target in self.told.pop_front().map(|first| first.targets).unwrap_or_default() {
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

    /// Whether a request follows it for sure. One whose group is gone is followed by nobody: there is nothing to join.
    fn is_followed_by(&self, later: &Sent, groups: &OpenGroups) -> bool {
        let Some((sent, response)) = self.read(groups) else { return false };
        // Contacts are read last: many redirects may lead to one user.
        sent.may_be_behind(later)
            && follows_redirect(&sent, self.time, &contacts_of(response), self.followed, later)
                == Some(FollowLink::SameParties)
    }

    /// Whether a request may follow it.
    fn may_be_followed_by(&self, later: &Sent, groups: &OpenGroups) -> bool {
        let Some((sent, response)) = self.read(groups) else { return false };
        !self.followed && may_follow(&sent, self.time, &contacts_of(response), later)
    }

    fn read<'a>(&self, groups: &'a OpenGroups) -> Option<(Sent, &'a Message)> {
        let message = |place: u32| groups.get(self.group)?.messages.get(place as usize);
        let (invite, response) = (message(self.invite)?, message(self.response)?);
        Some((Sent::of(&invite.message, &invite.provenance), &response.message))
    }
}

fn contacts_of(response: &Message) -> Vec<Uri> {
    response.contacts().into_iter().map(|c| c.uri).take(CONTACTS).collect()
}

/// How a request is tied to a redirect.
#[derive(Debug, Clone, Copy)]
enum Behind {
    /// It follows the one of this group.
    Follows(GroupId),
    /// It may follow that one.
    Perhaps(GroupId),
}

impl LegIndex {
    /// Where the Call-ID of a first INVITE belongs. Does not take it in.
    pub(super) fn place(&mut self, new: &mut Beginning<'_>, groups: &mut OpenGroups) -> Place {
        let redirected = match self.redirected(new, groups) {
            Some(Behind::Follows(group)) => return Place::Join(group),
            Some(Behind::Perhaps(group)) => Some(group),
            None => None,
        };
        match (self.place_behind_legs(new, groups), redirected) {
            (Place::New(possible), Some(group)) => {
                if let Some(group) = groups.get_mut(group) {
                    group.note_possible_follow();
                }
                Place::New(distinct(possible.into_iter().chain([group])))
            }
            (place, _) => place,
        }
    }

    /// The same, behind a leg whose INVITE waits.
    fn place_behind_legs(&mut self, new: &mut Beginning<'_>, groups: &mut OpenGroups) -> Place {
        self.read_for(new.provenance.flow.source, groups);
        let candidates = self.candidates(new, groups);
        if candidates.is_empty() {
            return Place::New(Vec::new());
        }
        let Some(summary) = LegSummary::of(new.message, new.provenance) else { return Place::New(Vec::new()) };
        let group = |at: &usize| candidates.get(*at).map(|(group, _)| *group);
        let compared: Vec<&LegSummary> = candidates.iter().map(|(_, summary)| summary).collect();
        match choose(&compared, &summary) {
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

    /// Reads what is unread, if a leg of this client may lie behind it.
    fn read_for(&mut self, client: Endpoint, groups: &mut OpenGroups) {
        if self.only_client == Some(client) {
            if self.unread.len() > 2 * self.unread_waiting + GONE {
                self.unread.retain(|(id, invite)| waiting(groups, *id).is_some_and(|w| w.pending.is_unread(*invite)));
            }
            return;
        }
        for (id, invite) in std::mem::take(&mut self.unread) {
            let Some(group) = groups.get_mut(id.group()) else { continue };
            let is_unread = |pending: &Pending| pending.is_unread(invite);
            if !group.leg(id.leg).and_then(|leg| leg.pending.as_ref()).is_some_and(is_unread) {
                continue;
            }
            let Some(captured) = group.messages.get(invite as usize) else { continue };
            let marks = Marks::of_first(&captured.message, &captured.provenance).map(Box::new);
            let server = captured.provenance.flow.destination;
            if let Some(Some(pending)) = group.pending(id.leg) {
                self.insert(id, marks.as_deref(), server);
                pending.marks = marks;
            }
        }
        (self.only_client, self.unread_waiting) = (None, 0);
    }

    /// About what it takes beside the groups, without redirects.
    pub(super) fn octets(&self) -> usize {
        self.read * MARKS_OCTETS
    }

    fn insert(&mut self, id: LegId, marks: Option<&Marks>, server: Endpoint) {
        self.read += usize::from(marks.is_some());
        for mark in marks.iter().flat_map(|marks| marks.offered(server)) {
            let sharing = self.by_mark.entry(mark).or_default();
            if sharing.len() >= LEG_CANDIDATES {
                sharing.remove(0);
            }
            sharing.push(id);
        }
    }

    /// The groups and legs that share something with a new one and may lie in front of it, in their order.
    fn candidates(&self, new: &mut Beginning<'_>, groups: &OpenGroups) -> Vec<(GroupId, LegSummary)> {
        if self.by_mark.is_empty() {
            return Vec::new();
        }
        new.marks = Marks::of_first(new.message, new.provenance).map(Box::new);
        let Some(marks) = &new.marks else { return Vec::new() };
        let mut found: SmallVec<[(LegId, bool); 8]> = SmallVec::new();
        for (mark, unique) in marks.asked(new.provenance.flow.source) {
            found.extend(self.by_mark.get(&mark).into_iter().flatten().map(|leg| (*leg, unique)));
        }
        // What is unique comes first, and stays.
        found.sort_unstable_by_key(|(leg, unique)| (*leg, !unique));
        found.dedup_by_key(|(leg, _)| *leg);
        let waiting = found.iter().filter_map(|(id, unique)| Some((id.group(), waiting(groups, *id)?, *unique)));
        let possible = waiting.filter(|(_, waiting, unique)| waiting.may_lead_to(new, *unique));
        possible.filter_map(|(group, waiting, _)| Some((group, waiting.summary()?))).collect()
    }

    /// Takes an initial INVITE of a leg in, the last message of its group; another attempt in place of an earlier one.
    /// `marks` are what was read of it.
    pub(super) fn open(&mut self, id: LegId, group: &mut OpenGroup, marks: Option<Box<Marks>>) {
        let Some((invite, before)) = group.messages.split_last() else { return };
        let Ok(place) = u32::try_from(before.len()) else { return };
        let (server, cseq) = (invite.provenance.flow.destination, invite.message.cseq().map(|cseq| cseq.number));
        let first = group.leg(id.leg).and_then(|leg| before.get(leg.pending.as_ref()?.invite as usize));
        let is_again = first.is_some_and(|first| first.message.cseq().map(|cseq| cseq.number) == cseq);
        let nearest = first.map(|first| first.provenance.flow.destination);
        // The same request on another hop, or sent again.
        if is_again && let Some(Some(known)) = group.pending(id.leg) {
            let is_new = nearest != Some(server) && !known.sent_on.contains(&server);
            if is_new && known.sent_on.len() + 1 < SERVERS {
                known.sent_on.push(server);
            }
            return;
        }
        self.remove(id, group);
        let Some(invite) = group.messages.last() else { return };
        let client = invite.provenance.flow.source;
        let is_alone = self.by_mark.is_empty() && self.only_client.is_none_or(|only| only == client);
        let marks = if is_alone {
            self.unread.push((id, place));
            self.only_client = Some(client);
            self.unread_waiting += 1;
            None
        } else {
            let marks = marks.or_else(|| Marks::of_first(&invite.message, &invite.provenance).map(Box::new));
            self.insert(id, marks.as_deref(), server);
            marks
        };
        if let Some(pending) = group.pending(id.leg) {
            *pending = Some(Pending { marks, sent_on: Vec::new(), invite: place });
        }
    }

    /// Takes note of a final response to the INVITE of a leg, the last message of its group.
    pub(super) fn answered(&mut self, id: LegId, group: &mut OpenGroup) {
        let pending = group.leg(id.leg).and_then(|leg| leg.pending.as_ref());
        let invite = pending.and_then(|pending| group.messages.get(pending.invite as usize));
        let (Some(invite), Some(response)) = (invite, group.messages.last()) else { return };
        let (status, receiver) = (response.message.status(), response.provenance.flow.destination.address);
        if receiver != invite.provenance.flow.source.address || !status.is_some_and(StatusCode::is_final) {
            return;
        }
        let redirected = status.is_some_and(StatusCode::is_redirection);
        let Some(pending) = self.remove(id, group).filter(|_| redirected) else { return };
        self.redirect(id.group(), &pending, group);
    }

    /// Remembers the redirect that is the last message of a group.
    fn redirect(&mut self, id: GroupId, pending: &Pending, group: &OpenGroup) {
        let Some((response, before)) = group.messages.split_last() else { return };
        let (now, client) = (response.provenance.time, response.provenance.flow.destination.address);
        self.forget_redirects(now);
        let mut targets = Targets::new();
        response.message.each_value(HeaderName::Contact, |contact| {
            if targets.len() < CONTACTS {
                targets.extend(target_of(contact));
            }
        });
        if targets.is_empty() {
            return;
        }
        let (invite, response) = (pending.invite, place_behind(before));
        let told = Told { group: id, invite, response, time: now, targets, followed: false };
        self.told_in_order.push_back((now, client));
        self.told.entry(client).or_default().push(told);
    }

    /// Forgets redirects that nobody follows any more, and the oldest where there are too many.
    fn forget_redirects(&mut self, now: Timestamp) {
        while let Some((time, client)) = self.told_in_order.front().copied() {
            if self.told_in_order.len() < RECENT_REDIRECTS && now.since(time) <= NEXT_CONTACT {
                break;
            }
            self.told_in_order.pop_front();
            if let Entry::Occupied(mut known) = self.told.entry(client) {
                known.get_mut().forget_until(time);
                if known.get().told.is_empty() {
                    known.remove();
                }
            }
        }
    }

    /// Forgets a group that is over.
    pub(super) fn close(&mut self, id: GroupId, group: &mut OpenGroup) {
        for leg in (0..).take(group.leg_count()) {
            self.remove(id.leg(leg), group);
        }
    }

    /// The group whose redirect the INVITE follows, or may follow, the latest first.
    fn redirected(&mut self, later: &Beginning<'_>, groups: &OpenGroups) -> Option<Behind> {
        let Beginning { message, provenance, .. } = later;
        let known = self.told.get_mut(&provenance.flow.source.address)?;
        while known.told.front().is_some_and(|t| provenance.time.since(t.time) > NEXT_CONTACT) {
            known.forget_first();
        }
        if known.told.is_empty() {
            return None;
        }
        let user = Marks::target(message).filter(|user| known.may_lead_to(Some(*user)))?;
        let sent = Sent::of(message, provenance);
        let is_followed = |t: &&mut Told| t.may_lead_to(Some(user)) && t.is_followed_by(&sent, groups);
        if let Some(followed) = known.told.iter_mut().rev().find(is_followed) {
            followed.followed = true;
            return Some(Behind::Follows(followed.group));
        }
        let may_be = |t: &&Told| t.may_lead_to(Some(user)) && t.may_be_followed_by(&sent, groups);
        known.told.iter().rev().find(may_be).map(|told| Behind::Perhaps(told.group))
    }

    fn remove(&mut self, id: LegId, group: &mut OpenGroup) -> Option<Pending> {
        let pending = group.pending(id.leg)?.take()?;
        self.read -= usize::from(pending.marks.is_some());
        let server = group.messages.get(pending.invite as usize)?.provenance.flow.destination;
        if pending.marks.is_none() {
            self.forget_unread(id);
        }
        for mark in pending.marks.iter().flat_map(|marks| marks.offered(server)) {
            if let Entry::Occupied(mut known) = self.by_mark.entry(mark) {
                known.get_mut().retain(|other| *other != id);
                if known.get().is_empty() {
                    known.remove();
                }
            }
        }
        Some(pending)
    }

    /// A leg that is unread waits no longer; its entry goes when it is the last, as it is while one call is set up after the other.
    fn forget_unread(&mut self, id: LegId) {
        self.unread_waiting = self.unread_waiting.saturating_sub(1);
        if self.unread_waiting == 0 {
            self.unread.clear();
            self.only_client = None;
        } else if self.unread.last().is_some_and(|(last, _)| *last == id) {
            self.unread.pop();
        }
    }
}

impl Pending {
    /// Whether the INVITE at that index was not read yet.
    fn is_unread(&self, invite: u32) -> bool {
        self.marks.is_none() && self.invite == invite
    }
}

#[cfg(test)]
impl LegIndex {
    /// Redirects that are remembered, clients that got them, and legs whose marks are.
    pub(super) fn remembered(&self) -> [usize; 3] {
        [self.told_in_order.len(), self.told.len(), self.read]
    }
}

fn waiting(groups: &OpenGroups, id: LegId) -> Option<Waiting<'_>> {
    let group = groups.get(id.group())?;
    let pending = group.leg(id.leg)?.pending.as_ref()?;
    Some(Waiting { pending, invite: group.messages.get(pending.invite as usize)? })
}

/// Where a request goes that follows a contact; `None` where that cannot be read.
fn target_of(contact: &str) -> Option<Target> {
    let text = NameAddr::uri_of(contact)?;
    let uri = UserAtHost::read(text)?;
    let has_user = !uri.host.is_empty() || text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    Some((has_user && uri.user.is_some()).then(|| Mark::User(uri.user.map(effective_user).as_deref().map(tail)).hash()))
}

fn distinct(groups: impl Iterator<Item = GroupId>) -> Vec<GroupId> {
    let mut all: Vec<GroupId> = groups.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::Scheme;

    proptest! {
        #[test]
        fn where_a_contact_leads_to_is_what_its_uri_says(
            contact in r#"("A" |A )?<?(sips?|tel|TEL|mailto|x)?:?(\+?1?[0-9]{2,10}|[a-c%;]{1,4})?(@[ab.]{1,3}(:5)?)?(;[a=]{1,3})?>?(;q=1)?"#,
        ) {
            let read = |uri: Uri| match uri.scheme {
                Scheme::Other(_) => None,
                _ if uri.user.is_none() => None,
                _ => Some(Mark::User(uri.effective_user().as_deref().map(tail)).hash()),
            };
            prop_assert_eq!(target_of(&contact), NameAddr::read(&contact).map(|contact| read(contact.uri)));
        }
    }
}
