//! Hash tables whose order nobody sees: a fast hash under a key of its own in every run, so that nobody can write a capture whose
//! Call-IDs all fall into one place.
//!
//! Nothing may be told from the order of these tables: iterate over something else (the lint `iter_over_hash_type` watches).

use std::sync::LazyLock;

/// What hashes.
pub(crate) type Hashing = foldhash::quality::RandomState;

/// The hashing of values that several stages compare: the same everywhere in one run.
pub(crate) fn shared() -> &'static Hashing {
    static SHARED: LazyLock<Hashing> = LazyLock::new(Hashing::default);
    &SHARED
}

/// A table.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, Hashing>;
/// A set.
pub(crate) type HashSet<T> = std::collections::HashSet<T, Hashing>;
