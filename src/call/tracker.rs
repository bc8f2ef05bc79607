//! Groups messages into calls in one pass, and hands a call on as soon as the capture clock says that it is over.

use std::collections::VecDeque;
use std::{iter, mem};

use super::clock::CaptureClock;
use super::deadlines::Deadlines;
use super::ended::EndedGroup;
use super::known::{Hashed, Known};
use super::leg_index::{Beginning, LegIndex, Place};
use super::open_group::OpenGroup;
use super::open_groups::{GroupId, LegId, OpenGroups};
use super::referrals::{Referrals, Replaced, TakenOver, is_of_refer};
use super::registrations::Registrations;
use super::retries::{NextAttempt, Retries, is_again};
use super::settled::Settled;
use super::touch::{AHEAD, touch_open};
use super::{Call, CallNumber, CapturedMessage, IcmpReport, Waits};
use crate::anomaly::Anomaly;
use crate::limits::{CROWDED_OCTETS, ENDED_IDLE, GROUP_MESSAGES, LEGS_PER_CALL, OPEN_GROUP_OCTETS, OPEN_GROUPS};
use crate::provenance::{FrameRef, Provenance, Timestamp};
use crate::sip::{self, Message, Method, StatusCode};

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
    /// Octets of messages with which much is open.
    pub(super) crowded: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { groups: OPEN_GROUPS, octets: OPEN_GROUP_OCTETS, crowded: CROWDED_OCTETS }
    }
}

/// The open groups. State is bounded by [`OPEN_GROUPS`], [`OPEN_GROUP_OCTETS`] and [`GROUP_MESSAGES`]; whoever exceeds them is
/// closed early, the group that would be over first in front, with [`Anomaly::CallLimit`].
#[derive(Debug, Default)]
pub struct Tracker {
    known: Known,
    groups: OpenGroups,
    pub(super) legs: LegIndex,
    /// For each group a deadline at or before the real one; some are of groups that are gone.
    deadlines: Deadlines,
    pub(super) octets: usize,
    pub(super) room: Room,
    last_number: u64,
    counts: TrackerCounts,
    anomalies: Vec<(Anomaly, FrameRef)>,
    clock: CaptureClock,
    /// Groups that a limit closed, until the next [`Tracker::ended`].
    early: VecDeque<EndedGroup>,
    settled: Settled,
    retries: Retries,
    referrals: Referrals,
    registrations: Registrations,
    /// Whether the clocks of several captures may differ, so that nothing is settled early.
    is_patient: bool,
    waits: Waits,
}

impl Tracker {
    /// Says that the messages come from several captures whose clocks may differ.
    pub fn expect_different_clocks(&mut self) {
        self.is_patient = true;
    }

    /// Says how long calls are waited for.
    pub fn wait(&mut self, waits: Waits) {
        self.waits = waits;
    }

    /// Takes a message in capture order.
    pub fn push(&mut self, message: Message, provenance: Provenance) {
        self.take(CapturedMessage::new(message, provenance));
    }

    /// The same; the leg of the message is not known yet.
    pub fn take(&mut self, mut captured: CapturedMessage) {
        let CapturedMessage { message, provenance, .. } = &captured;
        self.clock.forward(provenance.time);
        let now = self.clock.reading();
        let key = self.known.key(message, provenance.flow);
        let known = self.known.leg(&key, &self.groups);
        if known.is_none() && self.settled.is_late(key.hash, message, now) {
            self.counts.late += 1;
            self.anomalies.push((Anomaly::LateMessage, provenance.frame));
            return;
        }
        let mut beginning = Beginning::of(&captured);
        let found =
            known.filter(|id| !self.cut_series(id.group(), message)).or_else(|| self.new_leg(&key, beginning.as_mut()));
        let begins = beginning.map(|beginning| beginning.marks);
        let Some(id) = found else { return };
        let Some(group) = self.groups.get_mut(id.group()) else { return };
        let before = group.octets;
        let ends_setup = is_final_to_invite(message);
        let is_of_refer = is_of_refer(message);
        self.registrations.observe(message, provenance);
        captured.leg = id.leg as usize;
        let is_crowded = self.octets > self.room.crowded;
        if !group.push(captured, now, is_crowded) {
            self.counts.duplicates += 1;
            return;
        }
        let mut refused = None;
        match begins {
            Some(marks) => {
                // One that is behind another message, or another leg, begins no call.
                refused = group.only_message().and_then(|first| self.retries.again(first));
                self.legs.open(id, group, marks);
                let referral = group.messages.last().and_then(|first| self.referrals.begin(id, first));
                if let Some(referral) = referral.filter(|_| group.only_message().is_some()) {
                    group.note_referral(referral);
                }
            }
            None if ends_setup => {
                self.legs.answered(id, group);
                self.retries.refuse(id.group(), group);
                if let Some(time) = self.registrations.before_refusal(group) {
                    group.note_registered(time);
                }
            }
            None if is_of_refer => self.referrals.refer(id, group),
            None => {}
        }
        self.octets += group.octets - before;
        let is_settled = !self.is_patient && group.is_settled();
        if is_settled {
            group.trim();
        }
        let count = group.messages.len();
        if count == 1 || is_settled {
            self.deadlines.push((group.deadline(self.waits, self.is_patient), id.group()), now);
            self.deadlines.forget_gone(&self.groups);
        }
        if let Some(refused) = refused {
            self.link(refused, id.group());
        }
        if ends_setup || is_of_refer {
            self.take_over(id);
        }
        if count >= GROUP_MESSAGES {
            self.close_early(id.group());
        }
        if !self.has_kept_the_limits() {
            self.make_room();
        }
    }

    /// Takes an ICMP error; `quoted` is what it quotes of the SIP message, as a rule its beginning.
    pub fn icmp(&mut self, report: IcmpReport, quoted: &[u8]) {
        let framed = sip::messages(quoted, true);
        let call_id = framed.first().and_then(|f| f.message.call_id());
        let leg = call_id.and_then(|id| self.known.leg(&self.known.call_id(id), &self.groups));
        let id = leg.map(LegId::group).or_else(|| self.sent_to(&report));
        if let Some(group) = id.and_then(|id| self.groups.get_mut(id)) {
            let before = group.octets;
            group.report(report);
            self.octets += group.octets - before;
        }
    }

    /// Moves the capture clock to the time of a frame and returns the calls that are over: [`Self::tick`] and [`Self::over`].
    pub fn advance(&mut self, now: Timestamp) -> Vec<Box<Call>> {
        self.tick(now);
        self.over().collect()
    }

    /// Moves the capture clock to the time of a frame.
    pub fn tick(&mut self, time: Timestamp) {
        self.clock.tick(time);
    }

    /// The calls that are over: [`Self::ended`], with the calls made of the groups.
    pub fn over(&mut self) -> impl Iterator<Item = Box<Call>> {
        self.ended().map(EndedGroup::into_call)
    }

    /// The groups that are over, in the order of their deadlines, behind those that a limit closed. What is not taken stays.
    pub fn ended(&mut self) -> impl Iterator<Item = EndedGroup> {
        iter::from_fn(|| self.early.pop_front().or_else(|| self.next_over()))
    }

    /// Whether [`Self::ended`] may have anything to give.
    pub fn is_due(&self) -> bool {
        !self.early.is_empty() || self.deadlines.first().is_some_and(|(due, _)| due < self.clock.reading())
    }

    /// Up to which time of a frame nothing is due, if no message comes and times do not fall back.
    pub fn quiet_until(&self) -> Timestamp {
        match self.deadlines.first() {
            _ if !self.early.is_empty() => Timestamp(i64::MIN),
            Some((due, _)) => self.clock.time_of(due),
            None => Timestamp(i64::MAX),
        }
    }

    /// Closes everything, at the end of the capture, in the order of first messages: one call at a time, so that each can be
    /// freed before the next is made. What is not taken stays open.
    pub fn finish(&mut self, now: Timestamp) -> impl Iterator<Item = Box<Call>> {
        self.end(now).map(EndedGroup::into_call)
    }

    /// As [`Self::finish`], before calls are made of the groups.
    pub fn end(&mut self, now: Timestamp) -> impl Iterator<Item = EndedGroup> {
        self.clock.tick(now);
        let next = || {
            self.early.pop_front().or_else(|| {
                let id = self.groups.first()?;
                self.close(id)
            })
        };
        iter::from_fn(next)
    }

    /// What became of the messages so far.
    pub fn counts(&self) -> TrackerCounts {
        self.counts
    }

    /// Number of groups that are open now.
    pub fn open(&self) -> usize {
        self.groups.len()
    }

    /// Whether more than [`CROWDED_OCTETS`] of messages are open.
    pub fn is_crowded(&self) -> bool {
        self.octets > self.room.crowded
    }

    /// Whether there were anomalies since they were taken last.
    pub fn has_anomalies(&self) -> bool {
        !self.anomalies.is_empty()
    }

    /// The anomalies since the last call.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// Finds a place for a Call-ID that is not known yet: behind an open call that it is a leg of, or in a group of its own.
    fn new_leg(&mut self, key: &Hashed<'_>, first: Option<&mut Beginning<'_>>) -> Option<LegId> {
        let place = first.map(|first| self.legs.place(first, &mut self.groups));
        let (id, possible) = match place.unwrap_or(Place::New(Vec::new())) {
            Place::Join(id) if self.has_room(id) => (id, Vec::new()),
            Place::Join(_) => (self.new_group()?, Vec::new()),
            Place::New(possible) => (self.new_group()?, possible),
        };
        let group = self.groups.get_mut(id)?;
        let before = group.octets;
        let leg = group.add_leg(key.key(), key.hash);
        self.octets += group.octets - before;
        for other in &possible {
            group.mention(CallNumber(other.number));
        }
        for other in possible {
            if let Some(other) = self.groups.get_mut(other) {
                other.mention(CallNumber(id.number));
            }
        }
        let id = id.leg(u32::try_from(leg).ok()?);
        self.known.insert(key.hash, id);
        Some(id)
    }

    /// Where one group tries again the call of another that was refused, says so to both.
    fn link(&mut self, refused: GroupId, next: GroupId) {
        let both = self.groups.get(refused).zip(self.groups.get(next));
        // The first one tells what became of it.
        if !both.is_some_and(|(refused, next)| !refused.is_tried_again() && is_again(refused, next)) {
            return;
        }
        if let Some(group) = self.groups.get_mut(refused) {
            group.is_tried_again_by(next);
        }
        if let Some(group) = self.groups.get_mut(next) {
            group.try_again(refused);
        }
    }

    /// Where the last message of a leg grants that a dialog is taken over, or refuses it, says so to the group of that dialog.
    fn take_over(&mut self, id: LegId) {
        // Hardly any request is to take over a dialog.
        if !self.referrals.awaits_answers() {
            return;
        }
        let last = self.groups.get(id.group()).and_then(|group| group.messages.last());
        let settled = last.and_then(|m| Some((self.referrals.settled(id, &m.message)?, m.provenance.time)));
        let Some((settled, since)) = settled else { return };
        let (Replaced::TakenOver(call_id) | Replaced::Left(call_id)) = &settled;
        let taken = self.known.leg(&self.known.call_id(call_id), &self.groups);
        let Some((leg, group)) = taken.and_then(|leg| Some((leg, self.groups.get_mut(leg.group())?))) else { return };
        match settled {
            Replaced::TakenOver(_) => group.note_taken_over(TakenOver { leg: leg.leg as usize, since }),
            Replaced::Left(_) => group.note_left(leg.leg as usize),
        }
    }

    fn new_group(&mut self) -> Option<GroupId> {
        self.last_number += 1;
        self.groups.insert(CallNumber(self.last_number))
    }

    fn has_room(&self, id: GroupId) -> bool {
        self.groups.get(id).is_some_and(|open| open.leg_count() < LEGS_PER_CALL)
    }

    /// The latest group that sent something to the place that was unreachable: for quotations without a Call-ID. The newest
    /// groups alone are looked at.
    fn sent_to(&mut self, report: &IcmpReport) -> Option<GroupId> {
        let receiver = report.provenance.flow.destination.address;
        self.groups.latest().take(256).find_map(|(id, group)| {
            let sent = group.messages.iter().rev().take(8).any(|m| {
                m.provenance.flow.destination == report.unreachable && m.provenance.flow.source.address == receiver
            });
            sent.then_some(id)
        })
    }

    /// Hands on a piece of a long series of requests under one Call-ID, so that it need not wait for the end of the capture.
    /// Returns whether that closed the group.
    fn cut_series(&mut self, id: GroupId, next: &Message) -> bool {
        let now = self.clock.reading();
        // Only what stands for itself is a series.
        let cut = next.is_request() && self.groups.get(id).is_some_and(|open| open.pauses_before(next, now));
        if cut {
            let piece = self.close(id);
            self.early.extend(piece);
        }
        cut
    }

    fn has_kept_the_limits(&self) -> bool {
        self.groups.len() <= self.room.groups && self.octets + self.legs.octets() <= self.room.octets
    }

    /// Closes groups until the limits are kept, those first that would be over first: a flood that nobody answers gives way to the
    /// calls beside it.
    fn make_room(&mut self) {
        let now = self.clock.reading();
        let latest = now.plus(ENDED_IDLE);
        while !self.has_kept_the_limits() {
            let Some((due, id)) = self.deadlines.pop() else { break };
            let deadline = self.groups.get(id).map(|open| open.deadline(self.waits, self.is_patient).min(latest));
            // The queue may hold the deadline that a call had before it was answered; each is put back once at most.
            match deadline.filter(|deadline| *deadline > due) {
                Some(later) => self.deadlines.push((later, id), now),
                None => self.close_early(id),
            }
        }
    }

    fn close_early(&mut self, id: GroupId) {
        let Some(last) = self.groups.get(id).map(OpenGroup::last_frame) else { return };
        self.anomalies.push((Anomaly::CallLimit, last));
        self.counts.closed_early += 1;
        let call = self.close(id);
        self.early.extend(call);
    }

    /// Closes the next group whose time is over.
    fn next_over(&mut self) -> Option<EndedGroup> {
        let now = self.clock.reading();
        while let Some((_, id)) = self.deadlines.first().filter(|(due, _)| *due < now) {
            self.deadlines.pop();
            match self.groups.get(id).map(|open| open.deadline(self.waits, self.is_patient)) {
                // A BYE brings the end of a call nearer, so long ones are looked at again before their time.
                Some(deadline) if deadline >= now => {
                    let again = deadline.min(now.plus(ENDED_IDLE));
                    self.deadlines.push((again, id), now);
                }
                Some(_) => return self.close_in_time(id, now),
                None => {}
            }
        }
        None
    }

    /// Closes a group whose time is over.
    fn close_in_time(&mut self, id: GroupId, now: Timestamp) -> Option<EndedGroup> {
        self.settled.expire(now);
        let group = self.groups.get(id)?;
        if !self.is_patient && group.is_settled() {
            for leg in group.legs() {
                self.settled.add(leg.hash, group.last());
            }
        }
        let call = self.close(id);
        self.fetch_ahead();
        call
    }

    /// Fetches the groups that will most likely be over next.
    fn fetch_ahead(&mut self) {
        let next: [_; AHEAD] = std::array::from_fn(|place| self.deadlines.near(place));
        touch_open(next.map(|id| self.groups.get(id?)));
    }

    fn close(&mut self, id: GroupId) -> Option<EndedGroup> {
        let mut group = self.groups.remove(id)?;
        for (leg, open) in (0..).zip(group.legs()) {
            self.known.remove(open.hash, id.leg(leg));
        }
        self.legs.close(id, &mut group);
        let next = group.next_answered(&self.groups);
        if let Some(before) = group.tries_again().and_then(|before| self.groups.get_mut(before)) {
            before.learn(NextAttempt::of(&group).or_else(|| next.clone()));
        }
        if let Some(time) = self.registrations.after_refusal(&group) {
            group.note_registered(time);
        }
        self.octets -= group.octets;
        Some(EndedGroup { next_attempt: next, ..group.end(self.clock.reading()) })
    }
}

/// Whether a message ends the setup of a leg.
fn is_final_to_invite(message: &Message) -> bool {
    message.status().is_some_and(StatusCode::is_final) && message.method() == Some(&Method::Invite)
}
