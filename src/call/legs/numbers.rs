//! Numbers and names of those whom a leg connects, in the spelling in which legs are compared.

use super::summary::MOST;
use crate::sip::uri::{self, UserAtHost};
use crate::sip::{HeaderName, Message, NameAddr};

/// What users are called who are not to be known.
const WITHHELD: &[&str] = &["anonymous", "unknown", "restricted", "unavailable"];

/// Numbers or names of the callee, Request-URI and To: maybe the same twice.
pub(super) fn called(message: &Message, mut take: impl FnMut(&str)) {
    let target = message.request_uri_text();
    let to = message.header(HeaderName::To);
    let to = to.as_deref().and_then(NameAddr::uri_of);
    // As a rule both are spelled alike.
    let is_alike = to.is_some() && to == target.as_deref();
    let target = target.as_deref().and_then(target_of).and_then(|uri| uri.user);
    each(target, &mut take);
    let to = to.filter(|_| !is_alike).and_then(UserAtHost::read).and_then(|uri| uri.user);
    if to != target {
        each(to, &mut take);
    }
}

/// Numbers or names of the caller, From and P-Asserted-Identity: none when it is withheld, maybe the same twice.
pub(super) fn calling(message: &Message, mut take: impl FnMut(&str)) {
    let mut add = |value: &str| {
        let uri = address(value).filter(|uri| !uri.host.eq_ignore_ascii_case("anonymous.invalid"));
        each(uri.and_then(|uri| uri.user), &mut take);
    };
    if let Some(from) = message.header(HeaderName::From) {
        add(&from);
    }
    if message.has(HeaderName::PAssertedIdentity) {
        message.values(HeaderName::PAssertedIdentity).iter().take(MOST).for_each(|value| add(value));
    }
}

/// Numbers that it was diverted from, Diversion and History-Info: maybe the same twice.
pub(super) fn diverted(message: &Message, mut take: impl FnMut(&str)) {
    if message.has(HeaderName::Diversion) || message.has(HeaderName::HistoryInfo) {
        let values = [HeaderName::Diversion, HeaderName::HistoryInfo].map(|name| message.values(name)).concat();
        for value in values.iter().take(2 * MOST) {
            each(address(value).and_then(|uri| uri.user), &mut take);
        }
    }
}

/// User and host of a Request-URI, as [`Message::request_uri`] reads it.
pub(super) fn target_of(uri: &str) -> Option<UserAtHost<'_>> {
    UserAtHost::read(uri.trim_start_matches('<').trim_end_matches('>'))
}

fn address(value: &str) -> Option<UserAtHost<'_>> {
    NameAddr::uri_of(value).and_then(UserAtHost::read)
}

/// Hands a user on, unless it says nothing.
fn each(user: Option<&str>, take: &mut impl FnMut(&str)) {
    let Some(user) = user.map(uri::effective_user).filter(|user| !user.is_empty()) else { return };
    if !WITHHELD.iter().any(|word| user.eq_ignore_ascii_case(word)) {
        take(&user);
    }
}
