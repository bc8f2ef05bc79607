//! Hashes of what two legs of one call may share: by them the tracker finds the legs that are worth comparing. Made where messages are
//! read, side by side, since every call needs them.

use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;

use super::score::COMMON_DIGITS;
use crate::hashing;
use crate::provenance::Endpoint;

/// What two legs may share.
#[derive(Debug, Hash)]
pub(in crate::call) enum Mark<'a> {
    Session(&'a str),
    Name(&'a [u8]),
    Token(&'a str),
    Media(&'a str),
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
}

/// The hashes of one leg.
#[derive(Debug, Clone, Default)]
pub(in crate::call) struct Marks {
    /// What is asked for and offered.
    pub(super) common: Vec<u64>,
    /// Numbers that it was diverted from are asked for, but a leg is not found by them.
    pub(super) diverted: Vec<u64>,
    /// Its callers: a B2BUA may translate everything but that.
    pub(super) callers: Vec<u64>,
}

impl Marks {
    /// What another leg must have one of to be worth a comparison with this one, which `client` sent.
    pub(in crate::call) fn asked(&self, client: Endpoint) -> impl Iterator<Item = u64> {
        let callers = self.callers.iter().map(move |caller| at(*caller, client));
        self.common.iter().chain(&self.diverted).copied().chain(callers)
    }

    /// What a leg that went to these servers is found by.
    pub(in crate::call) fn offered(&self, servers: &[Endpoint]) -> impl Iterator<Item = u64> {
        let callers = servers.iter().flat_map(|server| self.callers.iter().map(|caller| at(*caller, *server)));
        self.common.iter().copied().chain(callers)
    }
}

fn at(caller: u64, element: Endpoint) -> u64 {
    Mark::CallerAt(caller, element.address).hash()
}

/// The mark of a number: numbers are compared by their last digits, as one leg may carry a prefix.
pub(super) fn number(user: &str) -> u64 {
    Mark::Number(tail(user)).hash()
}

/// The mark of a caller.
pub(super) fn caller(user: &str) -> u64 {
    Mark::Caller(tail(user)).hash()
}

fn tail(user: &str) -> &str {
    let digits = user.bytes().all(|b| b.is_ascii_digit());
    user.len().checked_sub(COMMON_DIGITS).filter(|_| digits).and_then(|at| user.get(at..)).unwrap_or(user)
}
