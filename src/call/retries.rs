//! Callers that are refused and call the same party again at once, under another Call-ID: most clients that try another way, or leave
//! something out, do so.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::open_group::OpenGroup;
use super::open_groups::GroupId;
use super::{CallNumber, CapturedMessage};
use crate::hashing::HashMap;
use crate::limits::{REFUSED_LATELY, VALUE_OCTETS};
use crate::provenance::{Provenance, Timestamp};
use crate::shorten;
use crate::sip::{HeaderName, Method, StatusCode};

/// People who dial again take longer.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Digits of numbers that are no extensions.
const WHOLE_NUMBER: usize = 7;

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

/// Calls that were refused lately, by who called whom at a glance.
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
        let is_refused = response.message.status().is_some_and(may_be_tried_again);
        let (asked, answered) = (invite.provenance.flow, response.provenance.flow);
        if !is_refused || response.leg != 0 || answered.destination.address != asked.source.address {
            return;
        }
        let key = glance(invite);
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

    /// The group of a refused call that the INVITE of a new group may try again, as far as a glance tells; [`is_again`] knows.
    pub(super) fn again(&mut self, invite: &CapturedMessage) -> Option<GroupId> {
        // As a rule nobody was refused lately.
        if self.refused.is_empty() {
            return None;
        }
        let (id, time) = *self.refused.get(&glance(invite))?;
        let now = invite.provenance.time;
        (now >= time && !is_long_ago(time, now)).then_some(id)
    }
}

/// Whether whoever calls again at once may get through: not where the called party is busy or does not want the call.
fn may_be_tried_again(status: StatusCode) -> bool {
    status.0 >= 400 && !status.is_challenge() && !matches!(status.0, 480 | 486 | 487 | 600 | 603 | 604 | 607 | 608)
}

fn is_long_ago(time: Timestamp, now: Timestamp) -> bool {
    now.since(time) > AT_ONCE
}

/// Whether two groups begin with INVITEs of one client, by which the same caller calls the same party.
pub(super) fn is_again(refused: &OpenGroup, next: &OpenGroup) -> bool {
    let first = |group: &OpenGroup| group.messages.first().map(|m| m.provenance.flow.source.address);
    let both = refused.messages.first().and_then(parties).zip(next.messages.first().and_then(parties));
    first(refused) == first(next) && both.is_some_and(|(one, other)| one == other)
}

/// Who calls whom in an INVITE that begins a dialog, by their users, and the domain of a caller who is one of several of that name.
fn parties(invite: &CapturedMessage) -> Option<[String; 3]> {
    let message = &invite.message;
    if !message.is_request() || message.method() != Some(&Method::Invite) || message.to_tag().is_some() {
        return None;
    }
    let user = |name| Some(message.party(name)?.user_name()?.to_owned()).filter(|user| !user.is_empty());
    let (caller, party) = (user(HeaderName::From)?, user(HeaderName::To)?);
    // Exchanges that serve several customers have one user of that name for each.
    let is_known = is_whole_number(&caller);
    let domain = if is_known { String::new() } else { message.party(HeaderName::From)?.lower_host().into_owned() };
    // Anybody may be behind that.
    (!caller.eq_ignore_ascii_case("anonymous")).then_some([caller, domain, party])
}

/// Whether a user is a number that is so long that there is none like it elsewhere.
fn is_whole_number(user: &str) -> bool {
    let digits = user.strip_prefix('+').unwrap_or(user);
    digits.len() >= WHOLE_NUMBER && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A number that INVITEs of one client share by which one caller calls one party, and hardly any others: every INVITE is looked at.
fn glance(invite: &CapturedMessage) -> u64 {
    let end = |name| invite.message.first_value(name).map_or(0, end_of_user);
    let client = match invite.provenance.flow.source.address {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.segments().iter().fold(0, |sum: u64, part| sum.rotate_left(16) ^ u64::from(*part)),
    };
    end(HeaderName::To).rotate_left(21) ^ end(HeaderName::From) ^ client.rotate_left(42)
}

/// The last octets in front of the first `@`.
fn end_of_user(value: &[u8]) -> u64 {
    let user = memchr::memchr(b'@', value).and_then(|at| value.get(..at)).unwrap_or(value);
    user.last_chunk().map_or(0, |octets| u64::from_le_bytes(*octets))
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
