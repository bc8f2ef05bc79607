//! A group of messages under one Call-ID, or several, while more may come: what it takes to tell when it is over.

use std::mem;
use std::time::Duration;

use smallvec::SmallVec;

use super::ended::EndedGroup;
use super::known::Key;
use super::leg_index::Pending;
use super::open_groups::{GroupId, OpenGroups};
use super::open_leg::OpenLeg;
use super::referrals::{Referral, TakenOver};
use super::retries::NextAttempt;
use super::{CallNumber, CapturedMessage, IcmpReport, Leg, Waits};
use crate::limits::{
    DUPLICATE_FRAMES, DUPLICATE_IP_ID_SPACING, DUPLICATE_SPACING, GROUP_ICMP, HUNG_UP_IDLE, POSSIBLE_LEGS,
    SERIES_MESSAGES, SERIES_PAUSE, SETTLED_IDLE, TRYING_IDLE,
};
use crate::provenance::{FrameRef, Provenance, Timestamp, Transport};
use crate::sip::{Message, Method, StatusCode};

/// Messages that a new one is compared with to tell whether it was captured twice.
const LOOK_BACK: usize = 64;

/// Messages of a call that was answered, as a rule; most else has two or four.
const ANSWERED: usize = 6;

/// Places for messages that a settled group may have left: to move the others costs more than they do.
const SPARE: usize = 2;

/// What is remembered of a leg beside its messages, with its places in the tables of the tracker, which are half empty after they grew.
const LEG_OCTETS: usize = size_of::<OpenGroup>() + 256;

/// The open group.
#[derive(Debug)]
pub(super) struct OpenGroup {
    pub(super) number: CallNumber,
    pub(super) messages: Vec<CapturedMessage>,
    /// What few groups have.
    rare: Option<Box<Rare>>,
    /// Octets of its messages.
    pub(super) octets: usize,
    /// What the clock showed at the latest message.
    last: Timestamp,
    /// The lengths of its messages, a bit each, by the last digits: what has another one is no copy of any.
    lengths: u64,
    /// How long it is waited for where nothing is left to come; none while something is.
    rest: Option<Duration>,
    /// Whether nothing was left to come before, and something came.
    was_settled: bool,
    /// Whether an INVITE was redirected, and none came since: a client may ask its user first, or look for a name in vain before.
    awaits_follow: bool,
    legs: SmallVec<[OpenLeg; 1]>,
}

/// Attempts of one caller, one behind the other, that are looked at.
const ATTEMPTS: usize = 8;

/// What few groups have.
#[derive(Debug, Default)]
struct Rare {
    icmp: Vec<IcmpReport>,
    /// Groups that may be legs of the same call.
    possible: Vec<CallNumber>,
    /// Whether a group of its own may follow its redirect.
    may_be_followed: bool,
    /// The refused call that it tries again.
    tries_again: Option<GroupId>,
    /// The call that tries it again.
    next: Option<Next>,
    /// When the user who was called was registered for the last time.
    registered: Option<Timestamp>,
    /// Whether it asks the other side to call somebody: what came of that is another call, which is to be known first.
    refers: bool,
    /// The REFER that asked for it.
    referral: Option<Box<Referral>>,
    /// That another group took over a dialog of it.
    taken_over: Option<Box<TakenOver>>,
}

/// The next call of a caller that was refused.
#[derive(Debug)]
enum Next {
    Open(GroupId),
    /// It is over; `None` where it was not answered.
    Over(Option<Box<NextAttempt>>),
}

impl OpenGroup {
    pub(super) fn new(number: CallNumber) -> Self {
        Self {
            number,
            messages: Vec::with_capacity(1),
            rare: None,
            octets: 0,
            last: Timestamp::default(),
            lengths: 0,
            rest: None,
            was_settled: false,
            awaits_follow: false,
            legs: SmallVec::new(),
        }
    }

    /// Adds a Call-ID and returns its place.
    pub(super) fn add_leg(&mut self, key: Key, hash: u64) -> usize {
        self.octets += key.octets() + LEG_OCTETS;
        self.rest = None;
        self.legs.push(OpenLeg::new(key, hash));
        self.legs.len() - 1
    }

    /// Its message, where that is the only one.
    pub(super) fn only_message(&self) -> Option<&CapturedMessage> {
        match self.messages.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// How many Call-IDs it has.
    pub(super) fn leg_count(&self) -> usize {
        self.legs.len()
    }

    /// Its legs.
    pub(super) fn legs(&self) -> &[OpenLeg] {
        &self.legs
    }

    /// The leg at that index.
    pub(super) fn leg(&self, leg: u32) -> Option<&OpenLeg> {
        self.legs.get(leg as usize)
    }

    /// The INVITE of a leg that waits for its final response.
    pub(super) fn pending(&mut self, leg: u32) -> Option<&mut Option<Pending>> {
        self.legs.get_mut(leg as usize).map(|leg| &mut leg.pending)
    }

    /// Ends it when the clock shows `now`. What is left of it is taken out of where it lies.
    pub(super) fn end(&mut self, now: Timestamp) -> EndedGroup {
        let mut legs = Vec::with_capacity(self.legs.len());
        for open in &mut self.legs {
            legs.push(Leg { call_id: open.key.take_call_id() });
        }
        let Rare { icmp, possible, may_be_followed, registered, referral, taken_over, .. } =
            self.rare.take().map(|rare| *rare).unwrap_or_default();
        EndedGroup {
            number: self.number,
            legs,
            messages: mem::take(&mut self.messages),
            icmp,
            possible,
            may_be_followed,
            next_attempt: None,
            registered,
            referral,
            taken_over,
            octets: self.octets,
            silence: self.silence(now),
        }
    }

    /// Takes note of another group that may follow its redirect.
    pub(super) fn note_possible_follow(&mut self) {
        self.rare.get_or_insert_default().may_be_followed = true;
    }

    /// Mentions a group that may belong to the same call.
    pub(super) fn mention(&mut self, other: CallNumber) {
        let possible = &mut self.rare.get_or_insert_default().possible;
        if possible.len() < POSSIBLE_LEGS && !possible.contains(&other) {
            possible.push(other);
        }
    }

    /// Keeps when the user who was called was registered for the last time.
    pub(super) fn note_registered(&mut self, time: Timestamp) {
        self.rare.get_or_insert_default().registered.replace(time);
    }

    /// Keeps the REFER that asked for it.
    pub(super) fn note_referral(&mut self, referral: Referral) {
        self.rare.get_or_insert_default().referral = Some(Box::new(referral));
    }

    /// Keeps that another group took over a dialog of it; the first one did.
    pub(super) fn note_taken_over(&mut self, taken_over: TakenOver) {
        self.rare.get_or_insert_default().taken_over.get_or_insert_with(|| Box::new(taken_over));
    }

    /// Takes that back.
    pub(super) fn note_left(&mut self, leg: usize) {
        if let Some(rare) = self.rare.as_mut() {
            rare.taken_over.take_if(|taken| taken.leg == leg);
        }
    }

    /// Says that it tries again what was refused.
    pub(super) fn try_again(&mut self, refused: GroupId) {
        self.rare.get_or_insert_default().tries_again = Some(refused);
    }

    /// The refused call that it tries again.
    pub(super) fn tries_again(&self) -> Option<GroupId> {
        self.rare.as_ref()?.tries_again
    }

    /// Says that another group tries it again. It is not waited for: calls that fail for good would be over in another order than they came.
    pub(super) fn is_tried_again_by(&mut self, next: GroupId) {
        self.rare.get_or_insert_default().next = Some(Next::Open(next));
    }

    /// Keeps what came of that group.
    pub(super) fn learn(&mut self, next: Option<Box<NextAttempt>>) {
        self.rare.get_or_insert_default().next = Some(Next::Over(next));
    }

    /// Whether another group tries it again.
    pub(super) fn is_tried_again(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.next.is_some())
    }

    /// The next attempt of its caller that was answered, where the ones in between were refused as well.
    pub(super) fn next_answered(&self, groups: &OpenGroups) -> Option<Box<NextAttempt>> {
        let mut next = self.rare.as_ref()?.next.as_ref()?;
        for _ in 0..ATTEMPTS {
            let group = match next {
                Next::Over(next) => return next.clone(),
                Next::Open(id) => groups.get(*id)?,
            };
            if let Some(answered) = NextAttempt::of(group) {
                return Some(answered);
            }
            next = group.rare.as_ref()?.next.as_ref()?;
        }
        None
    }

    /// Keeps an ICMP error about one of its messages.
    pub(super) fn report(&mut self, report: IcmpReport) {
        let icmp = &mut self.rare.get_or_insert_default().icmp;
        if icmp.len() < GROUP_ICMP {
            self.octets += size_of::<IcmpReport>();
            icmp.push(report);
        }
        self.rest = None;
    }

    /// Whether `next` begins another piece of a long series of requests that are no calls.
    pub(super) fn pauses_before(&self, next: &Message, now: Timestamp) -> bool {
        let answered = |last: &CapturedMessage| last.message.status().is_some_and(StatusCode::is_final);
        self.messages.len() >= SERIES_MESSAGES
            && next.is_request()
            && now.since(self.last) >= SERIES_PAUSE
            && self.messages.last().is_some_and(answered)
            && !self.legs.iter().any(|open| open.has_invite)
    }

    /// Time since its latest message.
    pub(super) fn silence(&self, now: Timestamp) -> Duration {
        now.since(self.last)
    }

    /// Takes a message of one of its legs while the clock shows `now`, and whether much is open; `false` if it is a duplicate of one
    /// that is there.
    pub(super) fn push(&mut self, captured: CapturedMessage, now: Timestamp, is_crowded: bool) -> bool {
        let length = 1 << (captured.message.raw().len() % 64);
        if self.lengths & length != 0
            && let Some(first) = self.original_of(&captured)
        {
            if first.duplicates.len() < DUPLICATE_FRAMES {
                first.duplicates.push(captured.provenance.frame);
            }
            return false;
        }
        self.last = now;
        self.lengths |= length;
        if let Some(open) = self.legs.get_mut(captured.leg) {
            open.follow(&captured.message, &self.messages);
            match (captured.message.status(), captured.message.method()) {
                (Some(status), Some(Method::Invite)) => self.awaits_follow |= status.is_redirection(),
                (None, Some(Method::Invite)) => self.awaits_follow = false,
                (None, Some(Method::Refer)) => self.rare.get_or_insert_default().refers = true,
                _ => {}
            }
        }

        let carrier = captured.provenance.carrier.as_ref().map_or(0, |carrier| carrier.cost());
        self.octets += captured.message.cost() + size_of::<CapturedMessage>() + carrier;
        if self.messages.len() == self.messages.capacity() {
            self.grow();
        }
        self.messages.push(captured);
        self.was_settled |= self.rest.is_some();
        self.rest = self.settles(is_crowded).then(|| self.rest_of_settled(is_crowded));
        true
    }

    /// Makes room for what usually comes. What a call has so far left the caches when its BYE comes, and is not moved then.
    fn grow(&mut self) {
        let has_invite = self.legs.iter().any(|open| open.has_invite);
        let more = match self.messages.len() {
            1 if has_invite => ANSWERED - 1,
            0 | 1 => 1,
            2..6 => 2,
            many => many / 2,
        };
        self.messages.reserve_exact(more);
    }

    /// Gives back most of the room for messages that are not likely to come: most open calls are settled.
    pub(super) fn trim(&mut self) {
        if self.messages.capacity() - self.messages.len() > SPARE {
            self.messages.shrink_to_fit();
        }
    }

    /// The message of which this is another copy on the same hop: the same octets between the same addresses within 50 ms, or, with the
    /// same IP identification, within a second (retransmissions keep T1 = 500 ms, and get an identification of their own). What was
    /// sent as another packet is no copy, however soon. In a stream every octet is read once, so that nothing is a copy there but
    /// what collectors got (HEP).
    fn original_of(&mut self, captured: &CapturedMessage) -> Option<&mut CapturedMessage> {
        let CapturedMessage { message, provenance, .. } = captured;
        let is_copy = |known: &&mut CapturedMessage| {
            if known.message.raw().len() != message.raw().len() {
                return false;
            }
            let (a, b) = (&known.provenance, provenance);
            // One of the two is zero; the times of two taps may be out of order.
            let spacing = b.time.since(a.time).max(a.time.since(b.time));
            let same_packet =
                a.ip_id.is_some_and(|id| id != 0) && a.ip_id == b.ip_id && spacing < DUPLICATE_IP_ID_SPACING;
            a.flow == b.flow
                && (a.flow.transport == Transport::Udp || a.is_copied() || b.is_copied())
                && (spacing < DUPLICATE_SPACING || same_packet)
                && a.frame != b.frame
                && !is_another_packet(a, b)
                && known.message.raw() == message.raw()
        };
        self.messages.iter_mut().rev().take(LOOK_BACK).find(is_copy)
    }

    /// When it is over if nothing more comes; who `is_patient` waits longer for calls that are settled.
    pub(super) fn deadline(&self, waits: Waits, is_patient: bool) -> Timestamp {
        // While one leg goes on, the others belong to it.
        let idle = self.legs.iter().map(|leg| leg.idle(waits)).max().unwrap_or(TRYING_IDLE);
        self.last.plus(self.rest.filter(|_| !is_patient).unwrap_or(idle))
    }

    /// Whether it is a call that is over with nothing left to come: every request has its final response, every final response to an
    /// INVITE its ACK, every dialog its BYE. What may be tried again waits, and so does a redirect that nobody followed yet while little is open, or
    /// whose next Contact may have its turn.
    pub(super) fn is_settled(&self) -> bool {
        self.rest.is_some()
    }

    /// How long it is waited for now that nothing is left to come: less where a BYE ended it while much is open, if nothing speaks for a
    /// network that loses what is sent, and all was seen in one place, of which one clock told the time.
    fn rest_of_settled(&self, is_crowded: bool) -> Duration {
        let is_plain = || !self.was_settled && self.legs.iter().all(OpenLeg::was_plain) && self.is_of_one_hop();
        if is_crowded && is_plain() { HUNG_UP_IDLE } else { SETTLED_IDLE }
    }

    /// Whether its messages went between two hosts, and were captured once.
    fn is_of_one_hop(&self) -> bool {
        let ends = |captured: &CapturedMessage| {
            let flow = captured.provenance.flow;
            (flow.source.address, flow.destination.address)
        };
        let Some((a, b)) = self.messages.first().map(ends) else { return true };
        self.messages.iter().all(|captured| {
            let (source, destination) = ends(captured);
            captured.duplicates.is_empty() && (source == a && destination == b || source == b && destination == a)
        })
    }

    /// Whether nothing is left to come. Who follows a redirect late is waited for unless much is open: every redirect of a busy server would
    /// be kept for as long.
    fn settles(&self, is_crowded: bool) -> bool {
        let has_icmp = || self.rare.as_ref().is_some_and(|rare| !rare.icmp.is_empty());
        let is_redirected = || self.legs.iter().any(|open| open.due.troubles.is_redirected);
        let has_failed = || self.legs.iter().any(|open| open.due.troubles.has_failed);
        let refers = || self.rare.as_ref().is_some_and(|rare| rare.refers);
        let awaits_follow = self.awaits_follow && !is_crowded;
        let is_open = || awaits_follow || has_icmp() || refers() || (is_redirected() && has_failed());
        self.legs.iter().all(OpenLeg::is_settled) && !is_open()
    }

    /// Reads something of the cache lines of what lies in it.
    pub(super) fn touch(&self) -> u64 {
        let of = |leg: &OpenLeg| leg.hash ^ u64::from(leg.pending.is_some()) ^ u64::from(leg.challenged);
        self.legs.iter().fold(self.number.0 ^ u64::from(self.rest.is_some()), |sum, leg| sum ^ of(leg))
    }

    /// What the clock showed at its latest message.
    pub(super) fn last(&self) -> Timestamp {
        self.last
    }

    /// Frames of its last message, to locate a limit.
    pub(super) fn last_frame(&self) -> FrameRef {
        self.messages.last().map(|m| m.provenance.frame).unwrap_or_default()
    }
}

/// Whether the identifications of two packets show that their sender sent both: a tap changes nothing. Zero identifies nothing (RFC
/// 6864). Where the TTL or the way through tunnels and tags differs, an element between two taps may have given it another.
fn is_another_packet(a: &Provenance, b: &Provenance) -> bool {
    let ids = a.ip_id.zip(b.ip_id).filter(|(a, b)| *a != 0 && *b != 0);
    ids.is_some_and(|(a, b)| a != b) && a.ttl == b.ttl && a.carrier == b.carrier
}

/// The place of the next message.
pub(super) fn place_behind(messages: &[CapturedMessage]) -> u32 {
    // There are fewer: see [`crate::limits::GROUP_MESSAGES`].
    u32::try_from(messages.len()).unwrap_or(u32::MAX)
}
