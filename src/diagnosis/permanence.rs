//! Whether a 301 means what it says: that the address moved for good, and that the new one is worth storing.

use std::time::Duration;

use super::redirect_case::RedirectCase;
use crate::call::CapturedMessage;
use crate::sip::{HeaderName, Scheme};

/// What holds for less than a day is not permanent.
const SHORT: Duration = Duration::from_hours(24);
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

/// The first 180 or 183 under the To tag of the redirect: the device that redirects had been ringing.
pub(super) fn rang_before<'a>(case: &RedirectCase<'a>) -> Option<&'a CapturedMessage> {
    let tag = case.response.message.to_tag()?;
    let rings = |m: &&CapturedMessage| {
        m.message.status().is_some_and(|s| matches!(s.0, 180 | 183)) && m.message.to_tag() == Some(tag)
    };
    case.call.provisionals(case.redirect.transaction).find(rings)
}

/// Whether the request asked for a sips address.
pub(super) fn asked_for_security(case: &RedirectCase<'_>) -> bool {
    case.redirect.from.as_ref().is_some_and(|uri| uri.scheme == Scheme::Sips)
}

/// Whether the new address may be worth storing: a 301 about the callee, without end, to no foreign domain and to nothing less
/// secure than what was asked for.
pub(super) fn is_lasting(case: &RedirectCase<'_>) -> bool {
    let less_secure = asked_for_security(case) && case.targets().any(|uri| uri.scheme == Scheme::Sip);
    case.redirect.status.0 == 301
        && !case.is_routing_dip()
        && !case.is_foreign()
        && !less_secure
        && Validity::short(case).is_none()
        && rang_before(case).is_none()
}
