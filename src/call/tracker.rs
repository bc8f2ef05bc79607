//! Groups messages into calls in one pass, and hands a call on as soon as the capture clock says that it is over.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::hash::BuildHasher as _;
use std::{iter, mem};

use super::assemble::{Group, assemble};
use super::clock::CaptureClock;
use super::leg_index::{Beginning, LegId, LegIndex, Messages, Place};
use super::legs::Marks;
use super::open_group::OpenGroup;
use super::settled::Settled;
use super::{Call, CallNumber, CapturedMessage, IcmpReport};
use crate::anomaly::Anomaly;
use crate::hashing::{HashMap, Hashing};
use crate::limits::{ENDED_IDLE, GROUP_MESSAGES, LEGS_PER_CALL, OPEN_GROUP_OCTETS, OPEN_GROUPS};
use crate::provenance::{Flow, FrameRef, Provenance, Timestamp};
use crate::sip::{self, Message, Method, StatusCode};
use crate::transaction::match_messages;

/// What a group has in common: the Call-ID, or, in messages without one, the two ends of the flow.
#[derive(Debug, Clone)]
enum Key {
    CallId(Box<[u8]>),
    Flow(Flow),
}

/// The open legs by what they have in common.
#[derive(Debug, Default)]
struct Known {
    by_call_id: HashMap<Box<[u8]>, LegId>,
    by_flow: HashMap<Flow, LegId>,
}

impl Known {
    /// The leg of a message, and a hash of what it has in common with its others.
    fn of(&self, message: &Message, flow: Flow, hasher: &Hashing) -> (Option<LegId>, u64) {
        match message.call_id() {
            Some(id) => (self.by_call_id.get(id).copied(), hasher.hash_one(id)),
            None => (self.by_flow.get(&undirected(flow)).copied(), hasher.hash_one(undirected(flow))),
        }
    }

    fn insert(&mut self, key: Key, id: LegId) {
        match key {
            Key::CallId(call_id) => self.by_call_id.insert(call_id, id),
            Key::Flow(flow) => self.by_flow.insert(flow, id),
        };
    }

    fn remove(&mut self, key: &Key) {
        match key {
            Key::CallId(call_id) => self.by_call_id.remove(call_id),
            Key::Flow(flow) => self.by_flow.remove(flow),
        };
    }
}

type Groups = HashMap<u64, Box<(Vec<Key>, OpenGroup)>>;

impl Messages for Groups {
    fn at(&self, group: u64, index: usize) -> Option<&CapturedMessage> {
        self.get(&group)?.1.messages.get(index)
    }
}

/// What became of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackerCounts {
    /// Messages captured again: folded into the first copy.
    pub duplicates: u64,
    /// Groups that a limit closed early.
    pub closed_early: u64,
    /// Messages that came for calls which had been settled and handed on.
    pub late: u64,
}

/// How much may be open at one time.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) groups: usize,
    pub(super) octets: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { groups: OPEN_GROUPS, octets: OPEN_GROUP_OCTETS }
    }
}

/// The open groups. State is bounded by [`OPEN_GROUPS`], [`OPEN_GROUP_OCTETS`] and [`GROUP_MESSAGES`]; whoever exceeds them is
/// closed early, the group that would be over first in front, with [`Anomaly::CallLimit`].
#[derive(Debug, Default)]
pub struct Tracker {
    known: Known,
    /// Groups by number, with the keys of their legs.
    groups: Groups,
    /// Their numbers, in the order of their first messages.
    order: BTreeSet<u64>,
    legs: LegIndex,
    /// For each group a deadline at or before the real one; some are of groups that are gone.
    deadlines: BinaryHeap<Reverse<(Timestamp, u64)>>,
    pub(super) octets: usize,
    pub(super) room: Room,
    last_number: u64,
    hasher: Hashing,
    counts: TrackerCounts,
    anomalies: Vec<(Anomaly, FrameRef)>,
    clock: CaptureClock,
    /// Calls that a limit closed, until the next [`Tracker::advance`].
    early: Vec<Call>,
    settled: Settled,
    /// Whether the clocks of several captures may differ, so that nothing is settled early.
    is_patient: bool,
}

impl Tracker {
    /// Says that the messages come from several captures whose clocks may differ.
    pub fn expect_different_clocks(&mut self) {
        self.is_patient = true;
    }

    /// Takes a message in capture order.
    pub fn push(&mut self, message: Message, provenance: Provenance) {
        let marks = Marks::of_first(&message, &provenance);
        self.push_with(message, provenance, marks.as_ref());
    }

    /// As [`Self::push`], with what [`Marks::of_first`] says of the message.
    pub fn push_with(&mut self, message: Message, provenance: Provenance, marks: Option<&Marks>) {
        self.clock.forward(provenance.time);
        let (known, hash) = self.known.of(&message, provenance.flow, &self.hasher);
        if known.is_none() && self.settled.is_late(hash, &message, self.clock.reading()) {
            self.counts.late += 1;
            self.anomalies.push((Anomaly::LateMessage, provenance.frame));
            return;
        }
        let id = known.filter(|id| !self.cut_series(id.0, &message)).unwrap_or_else(|| {
            let first = marks.map(|marks| Beginning { message: &message, provenance: &provenance, marks });
            self.new_leg(key(&message, provenance.flow), message.call_id(), first)
        });
        let (number, leg) = id;
        let Some((_, group)) = self.groups.get_mut(&number).map(Box::as_mut) else { return };
        let before = group.octets;
        let ends_setup = is_final_to_invite(&message);
        if !group.push(leg, message, provenance, self.clock.reading(), &self.hasher) {
            self.counts.duplicates += 1;
            return;
        }
        match marks {
            Some(marks) => self.legs.open(id, &group.messages, marks),
            None if ends_setup => self.legs.answered(id, &group.messages),
            None => {}
        }
        self.octets += group.octets - before;
        let is_settled = group.is_settled() && !self.is_patient;
        if is_settled {
            // As a rule nothing more comes, and most open calls are such ones.
            group.messages.shrink_to_fit();
        }
        if group.messages.len() == 1 || is_settled {
            let deadline = group.deadline(self.is_patient);
            self.deadlines.push(Reverse((deadline, number)));
        }
        if group.messages.len() >= GROUP_MESSAGES {
            self.close_early(number);
        }
        self.make_room();
    }

    /// Takes an ICMP error; `quoted` is what it quotes of the SIP message, as a rule its beginning.
    pub fn icmp(&mut self, report: IcmpReport, quoted: &[u8]) {
        let framed = sip::messages(quoted, true);
        let call_id = framed.first().and_then(|f| f.message.call_id());
        let number =
            call_id.and_then(|id| self.known.by_call_id.get(id)).map(|id| id.0).or_else(|| self.sent_to(&report));
        if let Some((_, group)) = number.and_then(|n| self.groups.get_mut(&n)).map(Box::as_mut) {
            let before = group.octets;
            group.report(report);
            self.octets += group.octets - before;
        }
    }

    /// Moves the capture clock to the time of a frame and returns the calls that are over, in the order of their deadlines.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Call> {
        self.clock.tick(now);
        let now = self.clock.reading();
        self.settled.expire(now);
        let mut over = mem::take(&mut self.early);
        while let Some(Reverse((due, number))) = self.deadlines.peek().copied() {
            if due >= now {
                break;
            }
            self.deadlines.pop();
            match self.groups.get(&number).map(|open| open.1.deadline(self.is_patient)) {
                // A BYE brings the end of a call nearer, so long ones are looked at again before their time.
                Some(deadline) if deadline >= now => {
                    let again = deadline.min(now.plus(ENDED_IDLE));
                    self.deadlines.push(Reverse((again, number)));
                }
                Some(_) => over.extend(self.close_in_time(number)),
                None => {}
            }
        }
        over
    }

    /// Until when [`Self::advance`] has nothing to do but to move the clock, if no message comes and times do not fall back.
    pub fn quiet_until(&self) -> Timestamp {
        match self.deadlines.peek() {
            _ if !self.early.is_empty() => Timestamp(i64::MIN),
            Some(Reverse((due, _))) => self.clock.time_of(*due),
            None => Timestamp(i64::MAX),
        }
    }

    /// Moves the capture clock where [`Self::quiet_until`] says that nothing else is to be done.
    pub fn tick(&mut self, time: Timestamp) {
        self.clock.tick(time);
    }

    /// Closes everything, at the end of the capture, in the order of first messages: one call at a time, so that each can be
    /// freed before the next is made.
    pub fn finish(&mut self, now: Timestamp) -> impl Iterator<Item = Call> {
        self.clock.tick(now);
        let early = mem::take(&mut self.early);
        let next = || {
            let number = *self.order.first()?;
            self.close(number)
        };
        early.into_iter().chain(iter::from_fn(next))
    }

    /// What became of the messages so far.
    pub fn counts(&self) -> TrackerCounts {
        self.counts
    }

    /// Number of groups that are open now.
    pub fn open(&self) -> usize {
        self.groups.len()
    }

    /// The anomalies since the last call.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// Finds a place for a Call-ID that is not known yet: behind an open call that it is a leg of, or in a group of its own.
    fn new_leg(&mut self, key: Key, call_id: Option<&[u8]>, first: Option<Beginning<'_>>) -> LegId {
        let place = first.map_or(Place::New(Vec::new()), |first| self.legs.place(first, &self.groups));
        let (number, possible) = match place {
            Place::Join(number) if self.has_room(number) => (number, Vec::new()),
            Place::Join(_) => (self.last_number + 1, Vec::new()),
            Place::New(possible) => (self.last_number + 1, possible),
        };
        self.last_number = self.last_number.max(number);
        self.order.insert(number);
        let new = || Box::new((Vec::with_capacity(1), OpenGroup::new(CallNumber(number))));
        let (keys, group) = self.groups.entry(number).or_insert_with(new).as_mut();
        let before = group.octets;
        let leg = group.add_leg(call_id, first.is_some());
        self.octets += group.octets - before;
        keys.push(key.clone());
        for other in &possible {
            group.mention(CallNumber(*other));
        }
        for other in possible {
            if let Some((_, other)) = self.groups.get_mut(&other).map(Box::as_mut) {
                other.mention(CallNumber(number));
            }
        }
        self.known.insert(key, (number, leg));
        (number, leg)
    }

    fn has_room(&self, number: u64) -> bool {
        self.groups.get(&number).is_some_and(|open| open.1.leg_count() < LEGS_PER_CALL)
    }

    /// The latest group that sent something to the place that was unreachable: for quotations without a Call-ID. The newest
    /// groups alone are looked at.
    fn sent_to(&self, report: &IcmpReport) -> Option<u64> {
        let recent = self.order.iter().rev().take(256).filter_map(|number| self.groups.get_key_value(number));
        let receiver = report.provenance.flow.destination.address;
        recent.map(|(number, open)| (number, &open.1)).find_map(|(number, group)| {
            let sent = group.messages.iter().rev().take(8).any(|m| {
                m.provenance.flow.destination == report.unreachable && m.provenance.flow.source.address == receiver
            });
            sent.then_some(*number)
        })
    }

    /// Hands on a piece of a long series of requests under one Call-ID, so that it need not wait for the end of the capture.
    /// Returns whether that closed the group.
    fn cut_series(&mut self, number: u64, next: &Message) -> bool {
        let now = self.clock.reading();
        // Only what stands for itself is a series.
        let cut = next.is_request() && self.groups.get(&number).is_some_and(|open| open.1.pauses_before(next, now));
        if cut {
            let piece = self.close(number);
            self.early.extend(piece);
        }
        cut
    }

    /// Closes groups until the limits are kept, those first that would be over first: a flood that nobody answers gives way to the
    /// calls beside it.
    fn make_room(&mut self) {
        let latest = self.clock.reading().plus(ENDED_IDLE);
        while self.groups.len() > self.room.groups || self.octets > self.room.octets {
            let Some(Reverse((due, number))) = self.deadlines.pop() else { break };
            let deadline = self.groups.get(&number).map(|open| open.1.deadline(self.is_patient).min(latest));
            // The queue may hold the deadline that a call had before it was answered; each is put back once at most.
            match deadline.filter(|deadline| *deadline > due) {
                Some(later) => self.deadlines.push(Reverse((later, number))),
                None => self.close_early(number),
            }
        }
    }

    fn close_early(&mut self, number: u64) {
        let Some(last) = self.groups.get(&number).map(|open| open.1.last_frame()) else { return };
        self.anomalies.push((Anomaly::CallLimit, last));
        self.counts.closed_early += 1;
        let call = self.close(number);
        self.early.extend(call);
    }

    /// Closes a group whose time is over.
    fn close_in_time(&mut self, number: u64) -> Option<Call> {
        let (keys, group) = self.groups.get(&number)?.as_ref();
        if group.is_settled() && !self.is_patient {
            for key in keys {
                let hash = match key {
                    Key::CallId(id) => self.hasher.hash_one(id.as_ref()),
                    Key::Flow(flow) => self.hasher.hash_one(flow),
                };
                self.settled.add(hash, group.last());
            }
        }
        self.close(number)
    }

    fn close(&mut self, number: u64) -> Option<Call> {
        let (keys, group) = *self.groups.remove(&number)?;
        self.order.remove(&number);
        for key in &keys {
            self.known.remove(key);
        }
        self.legs.close(number, group.leg_count());
        self.octets -= group.octets;
        let transactions = match_messages(&group.messages);
        let silence = group.silence(self.clock.reading());
        let last = group.messages.iter().map(|m| m.provenance.time).max().unwrap_or_default();
        let mut call = assemble(Group {
            number: group.number,
            legs: group.legs(),
            messages: group.messages,
            transactions,
            icmp: group.icmp,
            observed_until: last.plus(silence),
        });
        call.possible_legs = group.possible;
        Some(call)
    }
}

/// Whether a message ends the setup of a leg.
fn is_final_to_invite(message: &Message) -> bool {
    message.method() == Some(&Method::Invite) && message.status().is_some_and(StatusCode::is_final)
}

fn key(message: &Message, flow: Flow) -> Key {
    match message.call_id() {
        Some(id) => Key::CallId(id.into()),
        None => Key::Flow(undirected(flow)),
    }
}

/// The same for both directions.
fn undirected(flow: Flow) -> Flow {
    if flow.source <= flow.destination { flow } else { flow.reversed() }
}
