//! Beginnings of values that were found plain lately. The messages of a call, and of a hop, share hosts and parties, so most of them need
//! not be read again octet by octet: it is enough that they are the same octets.
//!
//! What is found is what reading would find, whatever is remembered, and how much that is does not depend on what comes: nobody gains by
//! octets that are made to meet in one place.

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Protocol and sent-by of a Via value.
    Via,
    /// A name and a URI in brackets, or a URI alone.
    Address,
    /// A URI with its parameters.
    Uri,
}

/// Places there are: what fits into the caches beside everything else.
const PLACES: usize = 256;
/// The bits of a key that tell the place.
const PLACE_SHIFT: u32 = u64::BITS - PLACES.trailing_zeros();
/// The octets of a value that its key is made of.
const KEY_OCTETS: usize = 32;
/// Longer beginnings are not remembered.
const LONGEST: usize = 114;

/// A beginning.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Of the octets that are known.
    key: u64,
    /// Half the key that missed here last: what comes once takes nobody's place.
    missed: u32,
    kind: Kind,
    length: u8,
    /// With the octet behind it, which ends it.
    octets: [u8; LONGEST],
}

const EMPTY: Place = Place { key: 0, missed: 0, kind: Kind::Via, length: 0, octets: [0; LONGEST] };

/// Beginnings of values, each in the place that its first octets tell.
#[derive(Debug)]
pub(super) struct Memo {
    /// None until the first is asked for.
    places: Vec<Place>,
    remembers: bool,
}

impl Default for Memo {
    fn default() -> Self {
        Self { places: Vec::new(), remembers: true }
    }
}

impl Memo {
    /// One that remembers nothing: for whoever reads one message.
    pub(super) fn none() -> Self {
        Self { places: Vec::new(), remembers: false }
    }

    /// What stands behind the beginning of a value, as `read` finds it: that looks at no octet behind the one that ends the beginning.
    #[inline]
    pub(super) fn behind<'v>(
        &mut self,
        kind: Kind,
        value: &'v [u8],
        read: impl Fn(&'v [u8]) -> Option<&'v [u8]>,
    ) -> Option<&'v [u8]> {
        let Some(key) = key(value) else { return read(value) };
        match self.places.get_mut(place(key)) {
            Some(place) if place.is_of(kind, key, value) => value.get(usize::from(place.length) - 1..),
            Some(place) => {
                let rest = read(value)?;
                place.miss(kind, key, value, rest);
                Some(rest)
            }
            None => {
                self.begin();
                read(value)
            }
        }
    }

    #[cold]
    fn begin(&mut self) {
        if self.remembers {
            self.places.resize(PLACES, EMPTY);
        }
    }
}

impl Place {
    #[inline]
    fn is_of(&self, kind: Kind, key: u64, value: &[u8]) -> bool {
        let known = self.octets.get(..usize::from(self.length)).unwrap_or_default();
        self.key == key && self.kind == kind && !known.is_empty() && value.starts_with(known)
    }

    /// Takes note of a beginning that is not known here; the second time it is remembered, if it ends as most do.
    #[inline]
    fn miss(&mut self, kind: Kind, key: u64, value: &[u8], rest: &[u8]) {
        let half = u32::try_from(key >> 32).unwrap_or_default();
        if self.missed == half && matches!(rest, [b';' | b'\r' | b' ', ..]) {
            self.learn(kind, key, value, rest);
        }
        self.missed = half;
    }

    fn learn(&mut self, kind: Kind, key: u64, value: &[u8], rest: &[u8]) {
        let length = value.len() - rest.len() + 1;
        let (Some(octets), Some(known), Ok(short)) =
            (self.octets.get_mut(..length), value.get(..length), u8::try_from(length))
        else {
            return;
        };
        octets.copy_from_slice(known);
        (self.key, self.kind, self.length) = (key, kind, short);
    }
}

/// The place of a key.
#[inline]
fn place(key: u64) -> usize {
    usize::try_from(key >> PLACE_SHIFT).unwrap_or_default()
}

/// What tells most beginnings apart.
#[inline]
fn key(value: &[u8]) -> Option<u64> {
    let first: &[u8; KEY_OCTETS] = value.first_chunk()?;
    let words = first.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    Some(words.fold(0, |key: u64, word| (key.rotate_left(32) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    fn host(value: &[u8]) -> Option<&[u8]> {
        let end = value.iter().position(|octet| !octet.is_ascii_alphanumeric())?;
        value.get(end..).filter(|_| end > 0)
    }

    #[test]
    fn what_comes_again_is_known() {
        let mut memo = Memo::default();
        let value = |tag: &str| format!("host;tag={tag};and-more-that-makes-it-long-enough");
        let read = Cell::new(0);
        for (round, tag) in ["a", "a", "a", "a"].iter().enumerate() {
            let value = value(tag);
            let rest = memo.behind(Kind::Via, value.as_bytes(), |value| {
                read.set(read.get() + 1);
                host(value)
            });
            assert_eq!(rest, host(value.as_bytes()));
            assert_eq!(read.get(), (round + 1).min(3));
        }
        assert_eq!(memo.behind(Kind::Address, value("a").as_bytes(), |_| None), None);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_reading_finds(
            values in prop::collection::vec("[ab]{0,40}[;\r/]{0,2}[ab;]{0,3}", 1..40),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
        ) {
            let mut memo = Memo::default();
            for index in order {
                let value = format!("{}{}", index.get(&values), "-".repeat(KEY_OCTETS));
                prop_assert_eq!(memo.behind(Kind::Via, value.as_bytes(), host), host(value.as_bytes()));
            }
        }
    }
}
