//! Where the octets of a text stand that are neither letters nor digits, hyphens and periods: what takes header field values apart.
//!
//! They are told 64 octets at a time by sums of words, without a branch for each octet: how long the words between them are costs
//! next to nothing.

use super::octets;

/// Octets that are looked at together.
const BLOCK: usize = 64;
/// The octets of a word.
const WORD: usize = 8;

/// The marks of a text that have not been passed, in order.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    text: &'a [u8],
    /// Where the block begins that `bits` is of.
    block: usize,
    /// One bit for each mark in the block.
    bits: u64,
}

/// A mark: its place, and the octet. At the end of the text the place is its length, and the octet is 0.
pub(super) type Mark = (usize, u8);

impl<'a> Marks<'a> {
    /// Those of a text behind its first octets.
    pub(super) fn behind(text: &'a [u8], from: usize) -> Self {
        Self { text, block: from, bits: bits(text.get(from..).unwrap_or_default()) }
    }

    /// The text.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Passes the next mark.
    #[inline]
    pub(super) fn next(&mut self) -> Mark {
        while self.bits == 0 {
            self.block += BLOCK;
            self.bits = bits(self.text.get(self.block..).unwrap_or_default());
        }
        let at = self.block + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        (at, self.text.get(at).copied().unwrap_or_default())
    }

    /// Passes marks up to the first that is not of that class.
    #[inline]
    pub(super) fn behind_class(&mut self, class: u16) -> Mark {
        loop {
            let mark = self.next();
            if !octets::is(mark.1, class) {
                return mark;
            }
        }
    }

    /// Passes a quoted string without escapes, of which the first quote has been passed; `false` if it does not end in its line.
    pub(super) fn quoted(&mut self) -> bool {
        self.behind_class(octets::QUOTED).1 == b'"'
    }
}

/// One bit for each mark in the first [`BLOCK`] octets; what is behind the end of a text is one.
fn bits(text: &[u8]) -> u64 {
    let mut padded = [0; BLOCK];
    let block = text.first_chunk().unwrap_or_else(|| {
        padded.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        &padded
    });
    let mut bits = 0;
    let (words, _) = block.as_chunks::<WORD>();
    for (at, word) in words.iter().enumerate() {
        bits |= gathered(marked(u64::from_le_bytes(*word))) << (at * WORD);
    }
    bits
}

/// Sets the highest bit of each octet that is a mark, and no other.
fn marked(word: u64) -> u64 {
    const HIGHEST: u64 = repeated(0x80);
    let low = word & !HIGHEST;
    // The sum of an octet and 0x80 - x has the highest bit if the octet is at least x.
    let least = |word: u64, octet: u8| word + repeated(0x80 - octet);
    let lower_case = low | repeated(0x20);
    let letters = least(lower_case, b'a') & !least(lower_case, b'z' + 1);
    // The slash is between the period and the digits.
    let not_slash = least(low ^ repeated(b'/'), 1);
    let digits = least(low, b'-') & !least(low, b'9' + 1) & not_slash;
    (!(letters | digits) | word) & HIGHEST
}

const fn repeated(octet: u8) -> u64 {
    octet as u64 * (u64::MAX / 255)
}

/// The highest bits of the octets of a word, side by side.
fn gathered(highest: u64) -> u64 {
    highest.wrapping_mul(0x0002_0408_1020_4081) >> 56
}

/// The number of octets in front of the first that is a control character, or not ASCII.
pub(super) fn printable(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, tail)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // What a difference borrows changes no octet in front of the one that is too small.
        let odd = (word.wrapping_sub(repeated(b' ')) | word) & repeated(0x80);
        if odd != 0 {
            return text.len() - rest.len() + odd.trailing_zeros() as usize / 8;
        }
        rest = tail;
    }
    let odd = rest.iter().position(|octet| !(b' '..0x80).contains(octet)).unwrap_or(rest.len());
    text.len() - rest.len() + odd
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_mark(octet: u8) -> bool {
        !octet.is_ascii_alphanumeric() && octet != b'-' && octet != b'.'
    }

    #[test]
    fn marks_are_told_from_words() {
        for octet in 0..=u8::MAX {
            for place in 0..WORD {
                let mut word = [b'a'; WORD];
                word[place] = octet;
                let expected = u64::from(is_mark(octet)) << place;
                assert_eq!(gathered(marked(u64::from_le_bytes(word))), expected, "{octet}");
            }
        }
    }

    proptest! {
        #[test]
        fn all_marks_are_passed_in_order(text in prop::collection::vec(any::<u8>(), 0..200), from in 0_usize..80) {
            let from = from.min(text.len());
            let mut marks = Marks::behind(&text, from);
            for (at, octet) in text.iter().enumerate().skip(from).filter(|(_, octet)| is_mark(**octet)) {
                prop_assert_eq!(marks.next(), (at, *octet));
            }
            prop_assert_eq!(marks.next(), (text.len(), 0));
        }

        #[test]
        fn what_can_be_printed_ends_where_it_does(text in prop::collection::vec(prop_oneof![Just(b' '), Just(0x7f), 0x1f_u8..0x82], 0..40)) {
            let end = text.iter().position(|octet| !(b' '..0x80).contains(octet)).unwrap_or(text.len());
            prop_assert_eq!(printable(&text), end);
        }
    }
}
