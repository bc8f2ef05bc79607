//! Whether two Call-IDs belong to one call: the legs of a B2BUA (diagnosis §D7), or a redirect followed under a new Call-ID
//! (§B3).
//!
//! The tracker keeps the [`Marks`] of each open Call-ID, and asks here where two legs share one, with a [`LegSummary`] of each;
//! nothing in this file looks for candidates.

mod marks;
mod numbers;
mod score;
mod summary;

pub use marks::Marks;
pub(super) use marks::{Mark, tail};
use score::same_number;
pub use score::{Choice, Link, choose, link};
pub use summary::LegSummary;

use std::sync::Arc;
use std::time::Duration;

use super::FollowLink;
use super::redirect::{FIRST_CONTACT, NEXT_CONTACT, same_uri};
use crate::provenance::{Flow, Provenance, Timestamp};
use crate::sip::{Message, Parties, Uri};

/// An INVITE that begins a leg, as far as it tells whether it follows a redirect, or one that was redirected.
#[derive(Debug)]
pub struct Sent {
    /// Its time.
    start: Timestamp,
    flow: Flow,
    parties: Arc<Parties>,
}

impl Sent {
    /// That of a message.
    pub fn of(message: &Message, provenance: &Provenance) -> Self {
        Self { start: provenance.time, flow: provenance.flow, parties: message.parties().clone() }
    }

    /// Whether both have one caller.
    pub(super) fn has_caller_of(&self, other: &Self) -> bool {
        same_uri(self.parties.from.as_ref(), other.parties.from.as_ref())
    }

    /// Whether the one who was called with this calls on with the other: who forwards a call is often its caller (From).
    fn is_forwarded_by(&self, other: &Self) -> bool {
        let (to, from) = (self.parties.to.as_ref(), other.parties.from.as_ref());
        to.zip(from).is_some_and(|(to, from)| same_user(&to.uri, &from.uri))
    }

    /// Whether the other may follow a redirect of this for sure, as far as their callers tell.
    pub(super) fn may_be_behind(&self, other: &Self) -> bool {
        self.has_caller_of(other) || self.is_forwarded_by(other)
    }

    /// Whether both were sent by one element. Behind an address that talks to itself, the port counts as well.
    fn same_client(&self, other: &Self) -> bool {
        let Flow { source, destination, .. } = self.flow;
        source == other.flow.source
            || (source.address == other.flow.source.address && source.address != destination.address)
    }
}

/// Whether an initial request under a new Call-ID follows a redirect, and how the two are tied together: sent by
/// the redirected client soon after, to one of the contacts, or to its user where that client knows him to be. Only [`FollowLink::SameParties`] is strong enough to join the
/// two; `after_failure` says that another contact was tried and failed since.
pub fn follows_redirect(
    redirected: &Sent,
    told: Timestamp,
    contacts: &[Uri],
    after_failure: bool,
    later: &Sent,
) -> Option<FollowLink> {
    let waited = later.start.since(told);
    let window = if after_failure { NEXT_CONTACT } else { FIRST_CONTACT };
    if later.start <= told || waited > window || !later.same_client(redirected) {
        return None;
    }
    let target = later.parties.target.as_ref()?;
    let exact = contacts.iter().find(|uri| uri.effectively_equals(target));
    let located = || contacts.iter().find(|uri| is_located(redirected, uri, target));
    let contact = exact.or_else(located)?;
    let (before, after) = (redirected.parties.to.as_ref(), later.parties.to.as_ref());
    let to_contact = after
        .is_some_and(|to| to.uri.effectively_equals(contact) || (exact.is_none() && to.uri.effectively_equals(target)));
    if redirected.may_be_behind(later) && (to_contact || same_uri(before, after)) {
        return Some(FollowLink::SameParties);
    }
    (waited <= Duration::from_secs(2)).then_some(FollowLink::AddressAndTime)
}

/// Whether it may follow all the same, whoever it says is the caller: the client went to another server for the user of a contact, soon
/// after it had been redirected. Many clients write an address into the Request-URI in place of the name in the contact; as many try their
/// next route.
pub(super) fn may_follow(redirected: &Sent, told: Timestamp, contacts: &[Uri], later: &Sent) -> bool {
    let Some(target) = later.parties.target.as_ref() else { return false };
    // A contact without a user leaves clients with the one whom they called, and anybody may be called next.
    let is_for_the_same = |contact: &Uri| {
        let before = redirected.parties.target.as_ref().filter(|_| contact.is_sip() && contact.user.is_none());
        before.is_some_and(|before| same_user(before, target))
    };
    later.start > told
        && later.start.since(told) <= FIRST_CONTACT
        && later.same_client(redirected)
        && later.flow.destination != redirected.flow.destination
        && contacts.iter().any(|contact| same_user(contact, target) || is_for_the_same(contact))
}

/// Whether a Request-URI names the user of a contact at another host, and not the user that was called before: an exchange that is
/// home to the contact knows where its user is.
fn is_located(redirected: &Sent, contact: &Uri, target: &Uri) -> bool {
    redirected.parties.target.as_ref().is_some_and(|before| is_user_elsewhere(before, contact, target))
}

/// Whether a Request-URI names the user of a contact, who is not the user that was called before; a number may be spelled in another way.
/// The number that was called before counts where it carries the routing data of the contact, which only the redirect can have told.
pub(super) fn is_user_elsewhere(before: &Uri, contact: &Uri, target: &Uri) -> bool {
    let is_sip = contact.is_sip() && target.is_sip();
    let is_other = || !same_user(before, target) || is_routed_as(before, contact, target);
    is_sip && same_user(contact, target) && before.user.is_some() && is_other()
}

/// Whether a Request-URI has the routing data that a contact added to the number (RFC 4694).
fn is_routed_as(before: &Uri, contact: &Uri, target: &Uri) -> bool {
    let told = Routing::of(contact);
    told != Routing::default() && told == Routing::of(target) && told != Routing::of(before)
}

/// What a database of ported numbers says about one: where to route it, and that nobody need ask again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Routing {
    number: Option<String>,
    was_asked: bool,
}

impl Routing {
    /// As part of the number, or behind the host, where some put it.
    fn of(uri: &Uri) -> Self {
        let of_user = uri.user_params();
        let number = of_user.value("rn").or_else(|| uri.params.value("rn"));
        let digits = |number: &str| number.chars().filter(char::is_ascii_hexdigit).collect();
        Self { number: number.map(digits), was_asked: of_user.has("npdi") || uri.params.has("npdi") }
    }
}

/// Whether both name one user; a number may be spelled in another way.
pub(super) fn same_user(a: &Uri, b: &Uri) -> bool {
    match (a.effective_user(), b.effective_user()) {
        (Some(a), Some(b)) => !a.is_empty() && (a == b || same_number(&a, &b)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
