//! What the tests of this module share.

use super::{Key, Redactor};

pub(super) fn redactor() -> Redactor {
    Redactor::new(Key::of(b"a key for tests"), "1")
}

/// Redactors with other keys: what all of them leave as it is was not replaced at all.
pub(super) fn redactors() -> Vec<Redactor> {
    (0..4).map(|n| Redactor::new(Key::of(format!("key {n}").as_bytes()), "1")).collect()
}
