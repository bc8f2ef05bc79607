//! The key, and pseudo-random values along what was read so far: from the same beginning always the same.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use sha2::{Digest as _, Sha256};
use siphasher::sip::SipHasher24;

/// What decides which replacement a value gets. Whoever has it can undo the replacements of everything that can be guessed.
#[derive(Clone)]
pub struct Key {
    first: u64,
    second: u64,
}

/// What a value is; the same text is replaced differently as another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Identifier,
    Name,
    Number,
    V4,
    V6,
    Secret,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key that a secret of any length makes. A short one can be guessed.
    pub fn of(secret: &[u8]) -> Self {
        let hash = Sha256::digest([b"sipscan redact\0", secret].concat());
        let mut halves = hash.chunks_exact(8).filter_map(|half| half.first_chunk::<8>());
        let mut half = || halves.next().map_or(0, |half| u64::from_le_bytes(*half));
        Self { first: half(), second: half() }
    }

    /// A key that nobody knows, from the random numbers of the operating system that seed hash tables.
    pub fn random() -> Self {
        let secret: Vec<u8> = (0..4_u64).flat_map(|n| RandomState::new().hash_one(n).to_le_bytes()).collect();
        Self::of(&secret)
    }

    /// The beginning of values of that kind.
    pub(super) fn start(&self, kind: Kind) -> Path {
        let mut hasher = SipHasher24::new_with_keys(self.first, self.second);
        hasher.write_u8(kind as u8);
        Path(hasher)
    }
}

/// What was read of a value so far.
#[derive(Clone)]
pub(super) struct Path(SipHasher24);

impl Path {
    /// Goes on by a symbol.
    pub(super) fn push(&mut self, symbol: u8) {
        self.0.write_u8(symbol);
    }

    /// A pseudo-random number that belongs to this place; another one for each `label`.
    pub(super) fn value(&self, label: u8) -> u64 {
        let mut hasher = self.0;
        // Symbols and labels are told apart by the octet in front.
        hasher.write(&[0xff, label]);
        hasher.finish()
    }

    /// Replaces one of `size` symbols of a class by another one of it; the path is what stands in front. Never by itself, where there
    /// is another one. Different symbols get different replacements.
    pub(super) fn turn(&self, class: u8, index: u64, size: u64) -> u64 {
        match size {
            0 | 1 => index,
            _ => (index + 1 + self.value(class) % (size - 1)) % size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secret_is_the_same_key_and_random_ones_differ() {
        let value = |key: &Key| key.start(Kind::Name).value(0);
        assert_eq!(value(&Key::of(b"a")), value(&Key::of(b"a")));
        assert_ne!(value(&Key::of(b"a")), value(&Key::of(b"b")));
        assert_ne!(value(&Key::random()), value(&Key::random()));
        assert_ne!(Key::of(b"a").start(Kind::Name).value(0), Key::of(b"a").start(Kind::Number).value(0));
        assert_eq!(format!("{:?}", Key::of(b"a")), "Key(…)");
    }

    #[test]
    fn turns_are_permutations_without_fixed_points() {
        let mut path = Key::of(b"k").start(Kind::Name);
        for size in 2..40 {
            path.push(1);
            let mut all: Vec<u64> = (0..size).map(|index| path.turn(1, index, size)).collect();
            assert!(all.iter().zip(0..).all(|(to, from)| *to != from), "{size}");
            all.sort_unstable();
            assert_eq!(all, (0..size).collect::<Vec<_>>());
        }
        assert_eq!(path.turn(1, 0, 1), 0);
    }
}
