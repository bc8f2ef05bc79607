//! A group of messages under one Call-ID, or several, while more may come: what it takes to tell when it is over.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use super::{CallNumber, CapturedMessage, IcmpReport, Leg};
use crate::limits::{
    ANSWERED_IDLE, DUPLICATE_IP_ID_SPACING, DUPLICATE_SPACING, ENDED_IDLE, POSSIBLE_LEGS, PROVISIONAL_IDLE, TRYING_IDLE,
};
use crate::provenance::{FrameRef, Provenance, Timestamp};
use crate::sip::{Message, Method, StatusCode};

/// Messages that a new one is compared with to tell whether it was captured twice.
const LOOK_BACK: usize = 64;

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
    /// Time of the latest message.
    last: Timestamp,
    legs: Vec<OpenLeg>,
}

impl OpenGroup {
    pub(super) fn new(number: CallNumber) -> Self {
        Self {
            number,
            messages: Vec::new(),
            icmp: Vec::new(),
            possible: Vec::new(),
            octets: 0,
            last: Timestamp::default(),
            legs: Vec::new(),
        }
    }

    /// Adds a Call-ID and returns its place.
    pub(super) fn add_leg(&mut self, call_id: Option<&[u8]>) -> usize {
        let leg = Leg { call_id: call_id.map(<[u8]>::to_vec) };
        self.legs.push(OpenLeg { leg, phase: Phase::Trying, open_branches: Vec::new() });
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

    /// Takes a message of a leg; returns it unless it is a duplicate of one that is there.
    pub(super) fn push(
        &mut self,
        leg: usize,
        message: Message,
        provenance: Provenance,
        hasher: &RandomState,
    ) -> Option<&CapturedMessage> {
        self.last = self.last.max(provenance.time);
        if let Some(first) = self.original_of(&message, &provenance) {
            first.duplicates.push(provenance.frame);
            return None;
        }
        if let Some(open) = self.legs.get_mut(leg) {
            open.follow(&message, hasher);
        }
        self.octets += message.raw().len();
        self.messages.push(CapturedMessage { message, provenance, leg, duplicates: Vec::new() });
        self.messages.last()
    }

    /// The message of which this is another copy on the same hop: the same octets between the same addresses within 50 ms, or, with the
    /// same IP identification, within a second (retransmissions keep T1 = 500 ms, and get an identification of their own).
    fn original_of(&mut self, message: &Message, provenance: &Provenance) -> Option<&mut CapturedMessage> {
        let is_copy = |known: &&mut CapturedMessage| {
            let (a, b) = (&known.provenance, provenance);
            let spacing = b.time.since(a.time);
            let same_packet =
                a.ip_id.is_some_and(|id| id != 0) && a.ip_id == b.ip_id && spacing < DUPLICATE_IP_ID_SPACING;
            a.flow == b.flow
                && (spacing < DUPLICATE_SPACING || same_packet)
                && a.frame != b.frame
                && known.message.raw() == message.raw()
        };
        self.messages.iter_mut().rev().take(LOOK_BACK).find(is_copy)
    }

    /// When it is over if nothing more comes.
    pub(super) fn deadline(&self) -> Timestamp {
        // While one leg goes on, the others belong to it.
        let idle = self.legs.iter().map(|open| open.phase.idle()).max().unwrap_or(TRYING_IDLE);
        self.last.plus(idle)
    }

    /// Frames of its last message, to locate a limit.
    pub(super) fn last_frame(&self) -> FrameRef {
        self.messages.last().map(|m| m.provenance.frame).unwrap_or_default()
    }
}

impl OpenLeg {
    /// Follows the course of the call.
    fn follow(&mut self, message: &Message, hasher: &RandomState) {
        let branch = message.branch().map_or(0, |b| hasher.hash_one(b));
        match (message.status(), message.method()) {
            (None, Some(Method::Invite)) if message.to_tag().is_none() => self.invite(branch),
            (None, Some(Method::Bye | Method::Cancel)) => self.phase = Phase::Ended,
            (Some(status), Some(Method::Invite)) => self.answer(status, branch),
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

    fn answer(&mut self, status: StatusCode, branch: u64) {
        if status.is_success() {
            self.open_branches.clear();
            self.phase = Phase::Answered;
        } else if status.is_provisional() {
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
