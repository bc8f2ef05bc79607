//! Beginnings of texts that came lately, with what was read there. The messages of a call, and of a hop, share most of their lines, so
//! these need not be read again octet by octet: it is enough that they are the same octets.
//!
//! What is found is what reading would find, whatever is remembered, and how much that is does not depend on what comes: nobody gains by
//! octets that are made to meet in one place.

/// Places there are: what fits into the caches beside everything else.
const PLACES: usize = 256;
/// The bits of a key that tell the place.
const PLACE_SHIFT: u32 = u64::BITS - PLACES.trailing_zeros();
/// The octets of a text that its key is made of.
const KEY_OCTETS: usize = 32;
/// Shorter beginnings are not remembered: they are compared by words.
const SHORTEST: usize = WORD;
const WORD: usize = size_of::<u64>();
/// Longer beginnings are not remembered.
const LONGEST: usize = 110;

/// A beginning.
#[derive(Debug, Clone)]
struct Place<R> {
    /// What was read there; nothing if there is no beginning here.
    read: Option<R>,
    /// Half the key that missed here last: what comes once takes nobody's place.
    missed: u32,
    length: u8,
    octets: [u8; LONGEST],
}

/// Beginnings of texts, each in one of the two places that its first octets tell, with what was read there.
#[derive(Debug)]
pub(super) struct Memo<R> {
    /// None until the first is to be remembered.
    places: Vec<Place<R>>,
    remembers: bool,
}

impl<R> Default for Memo<R> {
    fn default() -> Self {
        Self { remembers: true, ..Self::none() }
    }
}

impl<R> Memo<R> {
    /// One that remembers nothing: for whoever reads one message.
    pub(super) const fn none() -> Self {
        Self { places: Vec::new(), remembers: false }
    }
}

impl<R: Clone> Memo<R> {
    /// What was read at the beginning of a text, and what stands behind that beginning.
    #[inline]
    pub(super) fn find<'t>(&self, text: &'t [u8]) -> Option<(&R, &'t [u8])> {
        let place = usize::from(place(text));
        let at = |place: usize| self.places.get(place)?.at_beginning_of(text);
        at(place).or_else(|| at(place ^ 1))
    }

    /// Takes note of what was read in the first octets of a text. The second time it is remembered.
    pub(super) fn note(&mut self, text: &[u8], length: usize, read: R) {
        let Some(beginning) = text.get(..length) else { return };
        if !self.remembers || !(SHORTEST..=LONGEST).contains(&length) {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Place { read: None, missed: 0, length: 0, octets: [0; LONGEST] });
        }
        // Of the two places that it may have, one that is free, or else the first of them.
        let place = usize::from(place(text));
        let is_free = |place: usize| self.places.get(place).is_some_and(|place| place.read.is_none());
        let place = if !is_free(place) && is_free(place ^ 1) { place ^ 1 } else { place };
        if let Some(place) = self.places.get_mut(place) {
            place.note(key(text), beginning, read);
        }
    }
}

impl<R> Place<R> {
    #[inline]
    fn at_beginning_of<'t>(&self, text: &'t [u8]) -> Option<(&R, &'t [u8])> {
        let length = usize::from(self.length);
        let (known, read) = (self.octets.get(..length)?, self.read.as_ref()?);
        let (beginning, rest) = text.split_at_checked(length)?;
        is_same(beginning, known).then_some((read, rest))
    }

    fn note(&mut self, key: u64, beginning: &[u8], read: R) {
        let half = u32::try_from(key >> 32).unwrap_or_default();
        if self.missed == half
            && let (Some(octets), Ok(length)) = (self.octets.get_mut(..beginning.len()), u8::try_from(beginning.len()))
        {
            octets.copy_from_slice(beginning);
            (self.length, self.read) = (length, Some(read));
        }
        self.missed = half;
    }
}

/// Whether two texts of one length, of at least a word, are the same: mostly a few words.
#[inline]
pub(super) fn is_same(text: &[u8], other: &[u8]) -> bool {
    let ((words, _), (others, _)) = (text.as_chunks::<WORD>(), other.as_chunks::<WORD>());
    let mut pairs = words.iter().zip(others);
    let (Some(last), Some(other_last)) = (text.last_chunk::<WORD>(), other.last_chunk::<WORD>()) else { return false };
    pairs.all(|(word, other)| u64::from_ne_bytes(*word) == u64::from_ne_bytes(*other)) && last == other_last
}

/// The first of the two places of a text; the other is next to it.
#[inline]
fn place(text: &[u8]) -> u8 {
    u8::try_from(key(text) >> PLACE_SHIFT).unwrap_or_default()
}

/// What tells most texts apart.
#[inline]
fn key(text: &[u8]) -> u64 {
    let Some(first) = text.first_chunk() else { return key_of_few(text) };
    key_of(first)
}

/// That of a text with fewer octets than a key is made of.
#[cold]
fn key_of_few(text: &[u8]) -> u64 {
    let mut first = [0; KEY_OCTETS];
    first.iter_mut().zip(text).for_each(|(place, octet)| *place = *octet);
    key_of(&first)
}

#[inline]
fn key_of(first: &[u8; KEY_OCTETS]) -> u64 {
    let words = first.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    words.fold(0, |key: u64, word| (key.rotate_left(32) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_again_is_known_the_third_time() {
        let mut memo = Memo::default();
        let text = b"the beginning, and what differs each time";
        for round in 0..4 {
            assert_eq!(memo.find(text), (round >= 2).then_some((&7, &text[14..])));
            memo.note(text, 14, 7);
        }
        assert_eq!((memo.find(&text[..14]), memo.find(&text[..13])), (None, None));
        assert_eq!((memo.find(&text[1..]), memo.find(b"other")), (None, None));
        let mut none = Memo::none();
        (0..3).for_each(|_| none.note(text, 14, 7));
        assert_eq!(none.find(text), None);
    }

    proptest! {
        #[test]
        fn what_is_found_was_read_there(
            texts in prop::collection::vec("[ab]{0,40}[;\r/]{0,2}[ab;]{0,3}", 1..40),
            order in prop::collection::vec((any::<prop::sample::Index>(), 0..50_usize), 0..200),
        ) {
            let mut memo = Memo::default();
            for (index, length) in order {
                let text = index.get(&texts);
                if let Some((read, rest)) = memo.find(text.as_bytes()) {
                    prop_assert_eq!(read, &text.as_bytes()[..text.len() - rest.len()]);
                }
                let length = length.min(text.len());
                memo.note(text.as_bytes(), length, text.as_bytes()[..length].to_owned());
            }
        }
    }
}
