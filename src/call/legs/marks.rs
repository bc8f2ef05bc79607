//! Hashes of what two legs of one call may share: by them the tracker finds the legs that are worth comparing.

use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;

use smallvec::SmallVec;

use super::score::{COMMON_CALL_ID, COMMON_DIGITS};
use super::{numbers, summary};
use crate::hashing;
use crate::provenance::{Endpoint, Provenance};
use crate::sip::uri::effective_user;
use crate::sip::{Message, Method};

/// What two legs may share.
#[derive(Debug, Hash)]
pub(in crate::call) enum Mark<'a> {
    Session(&'a str),
    Name(&'a [u8]),
    Token(&'a str),
    Media([&'a [u8]; 2]),
    /// The end of a number, or a whole name.
    Number(&'a str),
    CallIdStart(&'a [u8]),
    /// A caller.
    Caller(&'a str),
    /// A caller, at the element that takes or sends the call.
    CallerAt(u64, IpAddr),
    /// The user of a URI.
    User(Option<&'a str>),
}

impl Mark<'_> {
    pub(in crate::call) fn hash(&self) -> u64 {
        hashing::shared().hash_one(self)
    }

    /// The hash of what only legs of one call have in common; the last bit says so.
    fn unique(&self) -> u64 {
        self.hash() | UNIQUE
    }

    /// The hash of what other calls have as well.
    fn usual(&self) -> u64 {
        self.hash() & !UNIQUE
    }
}

/// The bit of a hash that says that only legs of one call have it in common.
const UNIQUE: u64 = 1;

/// What the tracker asks of a message that begins a leg: hashes of what another leg of the same call has as well. Two legs without a
/// common one need not be compared, and then nothing else is read of them.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// What is asked for and offered.
    common: SmallVec<[u64; 8]>,
    /// Numbers that it was diverted from are asked for, but a leg is not found by them.
    diverted: SmallVec<[u64; 1]>,
    /// Its callers: a B2BUA may translate everything but that.
    callers: SmallVec<[u64; 1]>,
}

impl Marks {
    /// Whether a message begins a leg: an INVITE outside of a dialog, which has a Call-ID.
    pub(in crate::call) fn has(message: &Message) -> bool {
        message.is_request()
            && message.method() == Some(&Method::Invite)
            && message.to_tag().is_none()
            && message.call_id().is_some()
    }

    /// Those of a message that begins a leg; `None` for all others.
    pub fn of_first(message: &Message, provenance: &Provenance) -> Option<Self> {
        if !Self::has(message) {
            return None;
        }
        let mut marks = Self { common: common(message, provenance, message.call_id()?), ..Self::default() };
        numbers::diverted(message, |user| add(&mut marks.diverted, number(user)));
        numbers::calling(message, |user| add(&mut marks.callers, Mark::Caller(tail(user)).hash()));
        Some(marks)
    }

    /// The mark of the user of its Request-URI, if that can be read: what may follow a redirect is told by it.
    pub(in crate::call) fn target(message: &Message) -> Option<u64> {
        let target = message.request_uri_text();
        let target = target.as_deref().and_then(numbers::target_of);
        target.map(|uri| Mark::User(uri.user.map(effective_user).as_deref().map(tail)).hash())
    }

    /// What another leg must have one of to be worth a comparison with this one, which `client` sent, and whether only another leg of
    /// the same call has it.
    pub(in crate::call) fn asked(&self, client: Endpoint) -> impl Iterator<Item = (u64, bool)> {
        let common = self.common.iter().map(|mark| (*mark, mark & UNIQUE != 0));
        let callers = self.callers.iter().map(move |caller| (at(*caller, client), false));
        common.chain(self.diverted.iter().map(|mark| (*mark, true))).chain(callers)
    }

    /// What a leg that went to this server is found by.
    pub(in crate::call) fn offered(&self, server: Endpoint) -> impl Iterator<Item = u64> {
        self.common.iter().copied().chain(self.callers.iter().map(move |caller| at(*caller, server)))
    }
}

fn common(message: &Message, provenance: &Provenance, call_id: &[u8]) -> SmallVec<[u64; 8]> {
    let mut common = SmallVec::new();
    numbers::called(message, |user| add(&mut common, number(user)));
    common.extend(message.session_id().iter().map(|session| Mark::Session(session).unique()));
    common.extend(summary::links(message, provenance).iter().map(|link| Mark::Name(link.as_bytes()).unique()));
    common.push(Mark::Name(call_id).unique());
    common.extend(summary::tokens(message).iter().map(|token| Mark::Token(token).unique()));
    common.extend(summary::media(message.body()).map(|media| Mark::Media(media).unique()));
    common.extend(call_id.get(..COMMON_CALL_ID).map(|start| Mark::CallIdStart(start).unique()));
    common.sort_unstable();
    common.dedup();
    common
}

/// Adds a hash once; as many as a summary has users.
fn add<const N: usize>(hashes: &mut SmallVec<[u64; N]>, hash: u64)
where
    [u64; N]: smallvec::Array<Item = u64>,
{
    if hashes.len() < summary::MOST && !hashes.contains(&hash) {
        hashes.push(hash);
    }
}

fn at(caller: u64, element: Endpoint) -> u64 {
    Mark::CallerAt(caller, element.address).usual()
}

/// The mark of a number: numbers are compared by their last digits, as one leg may carry a prefix.
fn number(user: &str) -> u64 {
    Mark::Number(tail(user)).usual()
}

/// The last digits of a number, by which it is told however it is spelled; another user as it is.
pub(in crate::call) fn tail(user: &str) -> &str {
    let digits = user.bytes().all(|b| b.is_ascii_digit());
    user.len().checked_sub(COMMON_DIGITS).filter(|_| digits).and_then(|at| user.get(at..)).unwrap_or(user)
}
