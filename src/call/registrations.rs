//! Who was registered lately, in the order of the capture: the group of a client that renews its registration again and again is over
//! only when it stops, long after calls that the registration served.

use std::hash::BuildHasher as _;
use std::net::IpAddr;

use super::CapturedMessage;
use super::open_group::OpenGroup;
use crate::hashing::{self, HashMap};
use crate::limits::REGISTERED_USERS;
use crate::provenance::{Provenance, Timestamp};
use crate::sip::{HeaderName, Message, Method, StatusCode, UriView};

/// When a REGISTER for a user was accepted for the last time, and at which address its client had the answer, by a hash of the user and
/// its domain.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    accepted: HashMap<u64, (Timestamp, IpAddr)>,
    /// Whether some found no room.
    lacks_some: bool,
}

impl Registrations {
    /// Takes note of a message, where it accepts a REGISTER.
    pub(super) fn observe(&mut self, message: &Message, provenance: &Provenance) {
        if !message.status().is_some_and(StatusCode::is_success) || message.method() != Some(&Method::Register) {
            return;
        }
        let Some(user) = message.party(HeaderName::To).and_then(|to| key(&to)) else { return };
        if self.accepted.len() >= REGISTERED_USERS && !self.accepted.contains_key(&user) {
            self.lacks_some = true;
            return;
        }
        self.accepted.insert(user, (provenance.time, provenance.flow.destination.address));
    }

    /// When the user was registered for the last time whom the INVITE asked for that the last message of a group refuses, where that may
    /// mean that nobody is registered. Of users that found no room it is taken to be now: nothing is known of them.
    pub(super) fn before_refusal(&self, group: &OpenGroup) -> Option<Timestamp> {
        let refused = group.messages.last()?;
        if self.accepted.is_empty() || !matches!(refused.message.status()?.0, 404 | 410 | 480) {
            return None;
        }
        let branch = refused.message.branch()?;
        let asked = |m: &&CapturedMessage| {
            m.message.is_request() && m.message.method() == Some(&Method::Invite) && m.message.branch() == Some(branch)
        };
        let target = group.messages.iter().rev().find(asked)?.message.target()?;
        let known = self.accepted.get(&key(&target)?).map(|(time, _)| *time);
        known.or_else(|| self.lacks_some.then_some(refused.provenance.time))
    }

    /// When the same client registered the user under another Call-ID whom it had not registered when a group ended: by then that group had
    /// been silent for a while.
    pub(super) fn after_refusal(&self, group: &OpenGroup) -> Option<Timestamp> {
        let refused = group.messages.last()?;
        // Hardly any group ends like that.
        if refused.message.status().is_none_or(|status| status.0 < 300)
            || refused.message.method() != Some(&Method::Register)
        {
            return None;
        }
        let (time, client) = self.accepted.get(&key(&refused.message.party(HeaderName::To)?)?)?;
        let is_later = *time > refused.provenance.time && *client == refused.provenance.flow.destination.address;
        is_later.then_some(*time)
    }
}

fn key(uri: &UriView<'_>) -> Option<u64> {
    let user = uri.user_name().filter(|user| !user.is_empty() && !uri.host.is_empty())?;
    Some(hashing::shared().hash_one((user, uri.lower_host())))
}
