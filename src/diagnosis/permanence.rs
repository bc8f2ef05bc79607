//! Whether a 301 means what it says: that the address moved for good, and that the new one is worth storing.

use std::time::Duration;

use super::redirect_case::RedirectCase;
use crate::call::{CapturedMessage, Redirect};
use crate::sip::{HeaderName, Scheme};

/// What holds for less than a day is not permanent.
const SHORT: Duration = Duration::from_hours(24);
/// A border controller passes a redirect on at once.
const PASSED_ON: Duration = Duration::from_secs(1);
/// What an unreadable validity counts as (RFC 3261 §20.10).
const UNREADABLE: Duration = Duration::from_hours(1);

/// A limit of validity as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) text: String,
    /// What it counts as.
    pub(super) time: Duration,
    /// Whether it is a number of seconds.
    pub(super) readable: bool,
    /// The header field that it stands in.
    pub(super) header: HeaderName,
}

impl Validity {
    fn read(text: &str, header: HeaderName) -> Self {
        let seconds = text.trim().parse().ok().map(Duration::from_secs);
        Self { text: text.trim().to_owned(), time: seconds.unwrap_or(UNREADABLE), readable: seconds.is_some(), header }
    }

    /// The shortest validity of a redirect, if it is below a day.
    pub(super) fn short(case: &RedirectCase<'_>) -> Option<Self> {
        let contacts = case.addresses().filter_map(|a| a.params.value("expires"));
        let contacts = contacts.map(|text| Self::read(text, HeaderName::Contact));
        let header = case.response.message.header(HeaderName::Expires);
        let all = contacts.chain(header.map(|text| Self::read(&text, HeaderName::Expires)));
        all.min_by_key(|validity| validity.time).filter(|validity| validity.time < SHORT)
    }
}

/// The first 180, else 183, under the To tag of the redirect: the device that redirects had been ringing, or told of progress. Where it
/// says that the number was changed, that was an announcement.
pub(super) fn rang_before<'a>(case: &RedirectCase<'a>) -> Option<&'a CapturedMessage> {
    if says_that_the_number_was_changed(case) {
        return None;
    }
    let tag = case.response.message.to_tag()?;
    let first = |status: u16| {
        let mut all = case.call.provisionals(case.redirect.transaction);
        all.find(|m| m.message.status().is_some_and(|s| s.0 == status) && m.message.to_tag() == Some(tag))
    };
    first(180).or_else(|| first(183))
}

/// Whether the cause of a redirect is 22, number changed: it comes from a telephone network, whose word on a move it is.
fn says_that_the_number_was_changed(case: &RedirectCase<'_>) -> bool {
    case.response.message.reasons().iter().any(|reason| reason.is("Q.850") && reason.cause == Some(22))
}

/// Whether the server made it of another redirect that it got from behind, and put an address of its own in place of the Contact: to hide
/// its network, as a rule, and for that call.
fn is_rewritten(case: &RedirectCase<'_>) -> bool {
    let server = case.redirector().address;
    let names_itself = || case.targets().next().is_some() && case.targets().all(|uri| uri.ip() == Some(server));
    let (own, told) = (case.transaction, case.response.provenance.time);
    let made_of = |other: &Redirect| {
        let behind = case.call.transaction(other.transaction);
        let response = case.call.message(other.response).map(|m| m.provenance.time);
        other.status == case.redirect.status
            && behind.is_some_and(|t| t.leg > own.leg && t.start >= own.start && t.server.address != server)
            && response.is_some_and(|time| time <= told && told.since(time) <= PASSED_ON)
    };
    names_itself() && case.call.redirects.iter().any(made_of)
}

/// Whether a redirect names who diverts the call (RFC 5806), or a Contact the cause of a call to a voicemail or another service (RFC 4458).
fn says_that_it_forwards(case: &RedirectCase<'_>) -> bool {
    case.response.message.has(HeaderName::Diversion) || case.targets().any(|uri| uri.params.has("cause"))
}

/// Whether the request asked for a sips address.
pub(super) fn asked_for_security(case: &RedirectCase<'_>) -> bool {
    case.redirect.from.as_ref().is_some_and(|uri| uri.scheme == Scheme::Sips)
}

/// What speaks against storing the new address of a 301.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Obstacle {
    /// It belongs to a foreign domain.
    Foreign,
    /// It is less secure than what was asked for.
    LessSecure,
    /// It is the answer of a routing database about one call.
    RoutingDip,
    /// The server put its own address in place of one that it got.
    Rewritten,
    /// It is valid for less than a day.
    ShortValidity,
    /// The redirect says itself that it forwards the call.
    Forwarded,
    /// The device that redirects had been ringing: a forwarded call.
    AfterRinging,
}

impl Obstacle {
    /// The first one, if there is any.
    pub(super) fn of(case: &RedirectCase<'_>) -> Option<Self> {
        let less_secure = asked_for_security(case) && case.targets().any(|uri| uri.scheme == Scheme::Sip);
        if case.is_foreign() {
            Some(Self::Foreign)
        } else if less_secure {
            Some(Self::LessSecure)
        } else if case.is_routing_dip() {
            Some(Self::RoutingDip)
        } else if is_rewritten(case) {
            Some(Self::Rewritten)
        } else if Validity::short(case).is_some() {
            Some(Self::ShortValidity)
        } else if says_that_it_forwards(case) {
            Some(Self::Forwarded)
        } else {
            rang_before(case).map(|_| Self::AfterRinging)
        }
    }
}

/// Whether the new address may be worth storing: a 301 about the callee, without end, to no foreign domain and to nothing less
/// secure than what was asked for.
pub(super) fn is_lasting(case: &RedirectCase<'_>) -> bool {
    case.redirect.status.0 == 301 && Obstacle::of(case).is_none()
}
