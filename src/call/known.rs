//! The open legs by what their messages have in common. Each message is looked up here, so its key is hashed once.

use std::hash::BuildHasher as _;
use std::mem;

use hashbrown::HashTable;

use super::open_groups::{LegId, OpenGroups};
use crate::hashing::Hashing;
use crate::provenance::Flow;
use crate::sip::Message;

/// What the messages of a leg have in common: the Call-ID, or, in messages without one, the two ends of the flow and the branch of
/// the transaction. The ends alone would make one call of all that a capture with short frames has of two servers.
#[derive(Debug)]
pub(super) enum Key {
    CallId(Box<[u8]>),
    Transaction(Box<Flow>, Option<Box<[u8]>>),
}

impl Key {
    /// Takes the Call-ID out of it.
    pub(super) fn take_call_id(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::CallId(call_id) => Some(mem::take(call_id).into_vec()),
            Self::Transaction(..) => None,
        }
    }

    /// Octets that it takes outside of itself.
    pub(super) fn octets(&self) -> usize {
        match self {
            Self::CallId(call_id) => call_id.len(),
            Self::Transaction(_, branch) => size_of::<Flow>() + branch.as_ref().map_or(0, |branch| branch.len()),
        }
    }
}

/// The same where it stands in a message.
#[derive(Debug, Clone, Copy)]
enum KeyOf<'m> {
    CallId(&'m [u8]),
    Transaction(Flow, Option<&'m [u8]>),
}

/// It with its hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed<'m> {
    key: KeyOf<'m>,
    pub(super) hash: u64,
}

impl Hashed<'_> {
    /// The key for keeps.
    pub(super) fn key(&self) -> Key {
        match self.key {
            KeyOf::CallId(call_id) => Key::CallId(call_id.into()),
            KeyOf::Transaction(flow, branch) => Key::Transaction(Box::new(flow), branch.map(Into::into)),
        }
    }

    fn is(&self, key: &Key) -> bool {
        match (self.key, key) {
            (KeyOf::CallId(id), Key::CallId(known)) => *id == **known,
            (KeyOf::Transaction(flow, branch), Key::Transaction(known, other)) => {
                flow == **known && branch == other.as_deref()
            }
            _ => false,
        }
    }
}

/// An entry: where the leg lies.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    slot: u32,
    leg: u32,
}

/// The table. It holds the legs of open groups and no others.
#[derive(Debug, Default)]
pub(super) struct Known {
    legs: HashTable<Entry>,
    hasher: Hashing,
}

impl Known {
    /// The key of a message.
    pub(super) fn key<'m>(&self, message: &'m Message, flow: Flow) -> Hashed<'m> {
        if let Some(call_id) = message.call_id() {
            return self.call_id(call_id);
        }
        let (flow, branch) = (undirected(flow), message.branch());
        Hashed { key: KeyOf::Transaction(flow, branch), hash: self.hasher.hash_one((flow, branch)) }
    }

    pub(super) fn call_id<'m>(&self, call_id: &'m [u8]) -> Hashed<'m> {
        Hashed { key: KeyOf::CallId(call_id), hash: self.hasher.hash_one(call_id) }
    }

    /// The open leg with that key.
    pub(super) fn leg(&self, key: &Hashed<'_>, groups: &OpenGroups) -> Option<LegId> {
        let mut found = None;
        let is_it = |entry: &Entry| {
            entry.hash == key.hash
                && groups.leg(entry.slot, entry.leg).is_some_and(|(id, leg)| {
                    found = Some(id);
                    key.is(&leg.key)
                })
        };
        self.legs.find(key.hash, is_it)?;
        found
    }

    /// Takes an open leg in, under the hash of its key.
    pub(super) fn insert(&mut self, hash: u64, id: LegId) {
        self.legs.insert_unique(hash, Entry { hash, slot: id.slot, leg: id.leg }, |entry| entry.hash);
    }

    pub(super) fn remove(&mut self, hash: u64, id: LegId) {
        if let Ok(entry) = self.legs.find_entry(hash, |entry| (entry.slot, entry.leg) == (id.slot, id.leg)) {
            entry.remove();
        }
    }
}

/// The same for both directions.
fn undirected(flow: Flow) -> Flow {
    if flow.source <= flow.destination { flow } else { flow.reversed() }
}
