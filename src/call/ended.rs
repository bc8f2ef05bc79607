//! A group that is over, of which nothing is made yet: what needs the capture in order is done with it.

use std::time::Duration;

use super::assemble::{Group, assemble};
use super::referrals::{Referral, TakenOver};
use super::retries::NextAttempt;
use super::touch::touch_ahead;
use super::{Call, CallNumber, CapturedMessage, IcmpReport, Leg};
use crate::provenance::Timestamp;
use crate::transaction::match_messages;

/// A group that is over. Its messages most likely left the caches of the processor since they came.
#[derive(Debug)]
pub struct EndedGroup {
    pub(super) number: CallNumber,
    pub(super) legs: Vec<Leg>,
    pub(super) messages: Vec<CapturedMessage>,
    pub(super) icmp: Vec<IcmpReport>,
    pub(super) possible: Vec<CallNumber>,
    pub(super) may_be_followed: bool,
    pub(super) next_attempt: Option<Box<NextAttempt>>,
    pub(super) registered: Option<Timestamp>,
    pub(super) referral: Option<Box<Referral>>,
    pub(super) taken_over: Option<Box<TakenOver>>,
    /// What it took in memory, in octets.
    pub(super) octets: usize,
    /// How long it was watched behind its last message.
    pub(super) silence: Duration,
}

impl EndedGroup {
    /// Makes the call of it.
    pub fn into_call(self) -> Box<Call> {
        let Self { number, legs, messages, icmp, possible, may_be_followed, next_attempt, registered, silence, .. } =
            self;
        let (referral, taken_over) = (self.referral, self.taken_over);
        let transactions = match_messages(&messages);
        let last = messages.iter().map(|m| m.provenance.time).max().unwrap_or_default();
        let observed_until = last.plus(silence);
        let mut call = assemble(Group { number, legs, messages, transactions, icmp, observed_until });
        call.possible_legs = possible;
        call.may_be_followed = may_be_followed;
        call.next_attempt = next_attempt;
        call.registered = registered;
        call.referral = referral;
        call.taken_over = taken_over;
        call
    }
}

/// What is over: as a rule a group. Where media is known that must be looked up at once, the call that it is part of.
#[derive(Debug)]
pub(crate) enum Ended {
    Group(EndedGroup),
    Call(Box<Call>),
}

impl Ended {
    /// Its messages, in capture order.
    pub(crate) fn messages(&self) -> &[CapturedMessage] {
        match self {
            Self::Group(group) => &group.messages,
            Self::Call(call) => &call.messages,
        }
    }

    /// What it takes in memory, in octets, as far as messages do. Of a group that is known without a look at them.
    pub(crate) fn octets(&self) -> usize {
        match self {
            Self::Group(group) => group.octets,
            Self::Call(call) => call.messages.iter().map(|m| m.message.raw().len()).sum(),
        }
    }

    fn into_call(self) -> Box<Call> {
        match self {
            Self::Group(group) => group.into_call(),
            Self::Call(call) => call,
        }
    }

    /// Makes the calls of what is over, each of which is fetched into the caches while those in front of it are made.
    pub(crate) fn into_calls<T>(ended: Vec<(Self, T)>) -> Vec<(Box<Call>, T)> {
        let mut calls = Vec::with_capacity(ended.len());
        let mut rest = ended.into_iter();
        touch_ahead(rest.as_slice());
        while let Some((ended, with)) = rest.next() {
            touch_ahead(rest.as_slice());
            calls.push((ended.into_call(), with));
        }
        calls
    }
}
