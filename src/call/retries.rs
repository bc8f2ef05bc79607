//! Callers that are refused and call the same party again at once, under another Call-ID: most clients that try another way, or leave
//! something out, do so.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::time::Duration;

use super::open_group::OpenGroup;
use super::open_groups::GroupId;
use super::{CallNumber, CapturedMessage};
use crate::hashing::{self, HashMap};
use crate::limits::{REFUSED_LATELY, VALUE_OCTETS};
use crate::provenance::{Provenance, Timestamp};
use crate::shorten;
use crate::sip::{HeaderName, Method, StatusCode};

/// People who dial again take longer.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A later call of the same caller to the same party that was answered.
#[derive(Debug, Clone)]
pub struct NextAttempt {
    /// Its number.
    pub call: CallNumber,
    /// When and where it was sent.
    pub sent: Provenance,
    /// When and where it was answered.
    pub answered: Provenance,
    /// The status line of that.
    pub line: String,
}

/// Calls that were refused lately, by who called whom.
#[derive(Debug, Default)]
pub(super) struct Retries {
    refused: HashMap<u64, (GroupId, Timestamp)>,
    /// In the order in which they came; some were called again, or refused again, since.
    in_order: VecDeque<(u64, Timestamp)>,
}

impl Retries {
    /// Takes note of a group whose last message ends an INVITE, where it refuses the one that the group began with.
    pub(super) fn refuse(&mut self, id: GroupId, group: &OpenGroup) {
        let (Some(invite), Some(response)) = (group.messages.first(), group.messages.last()) else { return };
        let is_refused = response.message.status().is_some_and(|s| s.0 >= 400 && !s.is_challenge());
        let (asked, answered) = (invite.provenance.flow, response.provenance.flow);
        if !is_refused || response.leg != 0 || answered.destination.address != asked.source.address {
            return;
        }
        let Some(key) = key(invite) else { return };
        let now = response.provenance.time;
        while self
            .in_order
            .front()
            .is_some_and(|(_, time)| self.in_order.len() >= REFUSED_LATELY || is_long_ago(*time, now))
        {
            let Some((old, time)) = self.in_order.pop_front() else { break };
            if self.refused.get(&old).is_some_and(|(_, known)| *known == time) {
                self.refused.remove(&old);
            }
        }
        self.refused.insert(key, (id, now));
        self.in_order.push_back((key, now));
    }

    /// The group of the refused call that the INVITE of a new group tries again.
    pub(super) fn again(&mut self, invite: &CapturedMessage) -> Option<GroupId> {
        // As a rule nobody was refused lately.
        if self.refused.is_empty() {
            return None;
        }
        let (id, time) = self.refused.remove(&key(invite)?)?;
        let now = invite.provenance.time;
        (now >= time && !is_long_ago(time, now)).then_some(id)
    }
}

fn is_long_ago(time: Timestamp, now: Timestamp) -> bool {
    now.since(time) > AT_ONCE
}

/// Who calls whom in an INVITE that begins a dialog.
fn key(invite: &CapturedMessage) -> Option<u64> {
    let message = &invite.message;
    if !message.is_request() || message.method() != Some(&Method::Invite) || message.to_tag().is_some() {
        return None;
    }
    let (from, to) = (message.party(HeaderName::From)?, message.party(HeaderName::To)?);
    let (caller, party) = (from.user_name()?, to.user_name()?);
    let is_known = !caller.is_empty() && !party.is_empty() && !caller.eq_ignore_ascii_case("anonymous");
    is_known.then(|| hashing::shared().hash_one((invite.provenance.flow.source.address, caller, party)))
}

impl NextAttempt {
    /// The first answer to the INVITE that a group began with.
    pub(super) fn of(group: &OpenGroup) -> Option<Box<Self>> {
        let invite = group.messages.first()?;
        let client = invite.provenance.flow.source.address;
        let answers = |m: &&CapturedMessage| {
            m.leg == 0
                && m.message.status().is_some_and(StatusCode::is_success)
                && m.message.method() == Some(&Method::Invite)
                && m.provenance.flow.destination.address == client
        };
        let answer = group.messages.iter().find(answers)?;
        Some(Box::new(Self {
            call: group.number,
            sent: invite.provenance.clone(),
            answered: answer.provenance.clone(),
            line: shorten::to_octets(answer.message.start_line(), VALUE_OCTETS).into_owned(),
        }))
    }
}
