//! A table by fragment key that also knows the order in which its entries came.

use std::collections::BTreeMap;

use super::decode::FragmentKey;
use crate::hashing::HashMap;

/// Entries by key, with the oldest at hand. The hash order is never seen from outside.
#[derive(Debug)]
pub(super) struct Aged<V> {
    entries: HashMap<FragmentKey, (u64, V)>,
    by_age: BTreeMap<u64, FragmentKey>,
    next: u64,
}

impl<V> Aged<V> {
    pub(super) fn new() -> Self {
        Self { entries: HashMap::default(), by_age: BTreeMap::new(), next: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &FragmentKey) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry of `key`, made by `new` if there is none.
    pub(super) fn entry(&mut self, key: FragmentKey, new: impl FnOnce() -> V) -> &mut V {
        let (_, value) = self.entries.entry(key).or_insert_with(|| {
            let age = self.next;
            self.next += 1;
            self.by_age.insert(age, key);
            (age, new())
        });
        value
    }

    pub(super) fn remove(&mut self, key: &FragmentKey) -> Option<V> {
        let (age, value) = self.entries.remove(key)?;
        self.by_age.remove(&age);
        Some(value)
    }

    /// The oldest entry.
    pub(super) fn oldest(&self) -> Option<&V> {
        self.get(self.by_age.first_key_value()?.1)
    }

    /// Removes the oldest entry if `condition` holds of it.
    pub(super) fn pop_oldest_if(&mut self, condition: impl FnOnce(&V) -> bool) -> Option<(FragmentKey, V)> {
        let (_, key) = self.by_age.first_key_value()?;
        let key = *key;
        if !condition(self.get(&key)?) {
            return None;
        }
        Some((key, self.remove(&key)?))
    }
}
