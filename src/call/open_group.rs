//! A group of messages under one Call-ID, or several, while more may come: what it takes to tell when it is over.

use std::hash::BuildHasher as _;
use std::time::Duration;

use super::due::Due;
use super::{CallNumber, CapturedMessage, IcmpReport, Leg};
use crate::hashing::Hashing;
use crate::limits::{
    ANSWERED_IDLE, CHALLENGED_IDLE, DUPLICATE_FRAMES, DUPLICATE_IP_ID_SPACING, DUPLICATE_SPACING, ENDED_IDLE,
    GROUP_ICMP, LEG_DIALOGS, POSSIBLE_LEGS, PROVISIONAL_IDLE, SERIES_MESSAGES, SERIES_PAUSE, SETTLED_IDLE, TRYING_IDLE,
};
use crate::provenance::{FrameRef, Frames, Provenance, Timestamp, Transport};
use crate::sip::{Message, Method, StatusCode};

/// Messages that a new one is compared with to tell whether it was captured twice.
const LOOK_BACK: usize = 64;

/// What is remembered of a leg beside its messages, with its places in the tables of the tracker, which are half empty after they grew.
const LEG_OCTETS: usize = size_of::<OpenGroup>() + size_of::<OpenLeg>() + 512;

/// What its first INVITE is found by.
const MARKS_OCTETS: usize = 1024;

/// Where the INVITE of a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests without a provisional or final response so far, or no INVITE at all.
    Trying,
    /// Provisional responses on a branch that has no final one.
    Proceeding,
    /// A 2xx to an INVITE, and no BYE.
    Answered,
    /// Final responses everywhere, a CANCEL, or a BYE.
    Ended,
}

/// One Call-ID of a group and where it stands.
#[derive(Debug)]
struct OpenLeg {
    leg: Leg,
    phase: Phase,
    /// Hashes of the branches of INVITEs without final response.
    open_branches: Vec<u64>,
    /// Whether it has, or answers, an INVITE.
    has_invite: bool,
    /// Whether the latest word was a challenge: credentials may come when the user has typed them.
    challenged: bool,
    /// Hashes of the To tags of 2xx, and whether their dialog had its BYE.
    dialogs: Vec<(u64, bool)>,
    /// What must still come.
    due: Due,
}

/// The open group.
#[derive(Debug)]
pub(super) struct OpenGroup {
    pub(super) number: CallNumber,
    pub(super) messages: Vec<CapturedMessage>,
    pub(super) icmp: Vec<IcmpReport>,
    /// Groups that may be legs of the same call.
    pub(super) possible: Vec<CallNumber>,
    /// Octets of its messages.
    pub(super) octets: usize,
    /// What the clock showed at the latest message.
    last: Timestamp,
    legs: Vec<OpenLeg>,
}

impl OpenGroup {
    pub(super) fn new(number: CallNumber) -> Self {
        Self {
            number,
            messages: Vec::with_capacity(1),
            icmp: Vec::new(),
            possible: Vec::new(),
            octets: 0,
            last: Timestamp::default(),
            legs: Vec::with_capacity(1),
        }
    }

    /// Adds a Call-ID, which may begin with an INVITE, and returns its place.
    pub(super) fn add_leg(&mut self, call_id: Option<&[u8]>, is_invite: bool) -> usize {
        let leg = Leg { call_id: call_id.map(<[u8]>::to_vec) };
        // The Call-ID stands in the table of legs, in the group and in what is remembered of a leg in setup.
        self.octets += 3 * call_id.map_or(0, <[u8]>::len) + LEG_OCTETS;
        self.octets += if is_invite { MARKS_OCTETS } else { 0 };
        self.legs.push(OpenLeg {
            leg,
            phase: Phase::Trying,
            open_branches: Vec::new(),
            has_invite: false,
            challenged: false,
            dialogs: Vec::new(),
            due: Due::default(),
        });
        self.legs.len() - 1
    }

    /// How many Call-IDs it has.
    pub(super) fn leg_count(&self) -> usize {
        self.legs.len()
    }

    /// The Call-IDs.
    pub(super) fn legs(&self) -> Vec<Leg> {
        self.legs.iter().map(|open| open.leg.clone()).collect()
    }

    /// Mentions a group that may belong to the same call.
    pub(super) fn mention(&mut self, other: CallNumber) {
        if self.possible.len() < POSSIBLE_LEGS && !self.possible.contains(&other) {
            self.possible.push(other);
        }
    }

    /// Keeps an ICMP error about one of its messages.
    pub(super) fn report(&mut self, report: IcmpReport) {
        if self.icmp.len() < GROUP_ICMP {
            self.octets += size_of::<IcmpReport>();
            self.icmp.push(report);
        }
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

    /// Takes a message of a leg while the clock shows `now`; `false` if it is a duplicate of one that is there.
    pub(super) fn push(
        &mut self,
        leg: usize,
        message: Message,
        provenance: Provenance,
        now: Timestamp,
        hasher: &Hashing,
    ) -> bool {
        if let Some(first) = self.original_of(&message, &provenance) {
            if first.duplicates.len() < DUPLICATE_FRAMES {
                first.duplicates.push(provenance.frame);
            }
            return false;
        }
        self.last = now;
        if let Some(open) = self.legs.get_mut(leg) {
            open.follow(&message, hasher);
        }
        let carrier = provenance.carrier.as_ref().map_or(0, |carrier| carrier.cost());
        self.octets += message.cost() + size_of::<CapturedMessage>() + carrier;
        self.messages.push(CapturedMessage { message, provenance, leg, duplicates: Frames::new() });
        true
    }

    /// The message of which this is another copy on the same hop: the same octets between the same addresses within 50 ms, or, with the
    /// same IP identification, within a second (retransmissions keep T1 = 500 ms, and get an identification of their own). In a
    /// stream every octet is read once, so that nothing is a copy there but what collectors got (HEP).
    fn original_of(&mut self, message: &Message, provenance: &Provenance) -> Option<&mut CapturedMessage> {
        let is_copy = |known: &&mut CapturedMessage| {
            // Most differ in length, which costs least to tell.
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
                && known.message.raw() == message.raw()
        };
        self.messages.iter_mut().rev().take(LOOK_BACK).find(is_copy)
    }

    /// When it is over if nothing more comes; who `is_patient` waits longer for calls that are settled.
    pub(super) fn deadline(&self, is_patient: bool) -> Timestamp {
        // While one leg goes on, the others belong to it.
        let idle = self.legs.iter().map(OpenLeg::idle).max().unwrap_or(TRYING_IDLE);
        self.last.plus(if !is_patient && self.is_settled() { SETTLED_IDLE } else { idle })
    }

    /// Whether it is a call that is over with nothing left to come: every request has its final response, every final response to an
    /// INVITE its ACK, every dialog its BYE. What may be tried again waits, and so does a redirect whose next Contact may have its turn.
    pub(super) fn is_settled(&self) -> bool {
        let settled = |open: &OpenLeg| {
            open.phase == Phase::Ended
                && !open.challenged
                && open.dialogs.iter().all(|(_, over)| *over)
                && open.due.is_nothing()
        };
        let is_redirected = self.legs.iter().any(|open| open.due.is_redirected);
        let has_failed = self.legs.iter().any(|open| open.due.has_failed);
        self.icmp.is_empty() && self.legs.iter().all(settled) && !(is_redirected && has_failed)
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

impl OpenLeg {
    fn idle(&self) -> Duration {
        if self.challenged { self.phase.idle().max(CHALLENGED_IDLE) } else { self.phase.idle() }
    }

    /// Follows the course of the call.
    fn follow(&mut self, message: &Message, hasher: &Hashing) {
        let branch = || message.branch().map_or(0, |b| hasher.hash_one(b));
        match (message.status(), message.method()) {
            (Some(status), _) => self.challenged = status.is_challenge(),
            (None, Some(Method::Ack)) => {}
            (None, _) => self.challenged = false,
        }
        self.due.follow(message, hasher);
        self.has_invite |= message.method() == Some(&Method::Invite);
        match (message.status(), message.method()) {
            (None, Some(Method::Invite)) if message.to_tag().is_none() => self.invite(branch()),
            (None, Some(Method::Bye)) => self.bye(message, hasher),
            (None, Some(Method::Cancel)) if self.phase != Phase::Answered => self.phase = Phase::Ended,
            (Some(status), Some(Method::Invite)) if status.is_success() => {
                self.success(hasher.hash_one(message.to_tag()));
            }
            (Some(status), Some(Method::Invite)) => self.answer(status, branch()),
            _ => {}
        }
    }

    fn invite(&mut self, branch: u64) {
        if !self.open_branches.contains(&branch) && self.open_branches.len() < LOOK_BACK {
            self.open_branches.push(branch);
        }
        if self.phase == Phase::Ended {
            self.phase = Phase::Trying;
        }
    }

    /// A 2xx opens a dialog, unless it is a late copy of one that had its BYE.
    fn success(&mut self, tag: u64) {
        self.open_branches.clear();
        if !self.dialogs.iter().any(|(known, _)| *known == tag) && self.dialogs.len() < LEG_DIALOGS {
            self.dialogs.push((tag, false));
        }
        self.phase = if self.dialogs.iter().all(|(_, over)| *over) { Phase::Ended } else { Phase::Answered };
    }

    /// A BYE ends the dialog of its tags; of several (a fork) the others go on.
    fn bye(&mut self, message: &Message, hasher: &Hashing) {
        let tags = [hasher.hash_one(message.to_tag()), hasher.hash_one(message.from_tag())];
        let mut known = false;
        for (tag, over) in &mut self.dialogs {
            if tags.contains(tag) {
                (*over, known) = (true, true);
            }
        }
        if !known || self.dialogs.iter().all(|(_, over)| *over) {
            self.phase = Phase::Ended;
        }
    }

    fn answer(&mut self, status: StatusCode, branch: u64) {
        if status.is_provisional() {
            if self.phase == Phase::Trying {
                self.phase = Phase::Proceeding;
            }
        } else if self.phase != Phase::Answered {
            self.open_branches.retain(|open| *open != branch);
            if self.open_branches.is_empty() {
                self.phase = Phase::Ended;
            }
        }
    }
}

impl Phase {
    /// How long nothing may come until it is over.
    fn idle(self) -> Duration {
        match self {
            Self::Trying => TRYING_IDLE,
            Self::Proceeding => PROVISIONAL_IDLE,
            Self::Answered => ANSWERED_IDLE,
            Self::Ended => ENDED_IDLE,
        }
    }
}
