//! Looks for one of several words in a text, such as the names of products in a Server value.

/// Words to look for.
#[derive(Debug)]
pub(crate) struct Words<'w> {
    /// In lower case.
    list: Vec<&'w str>,
    /// The sum of the [`bits`] of their beginnings.
    begins: u64,
    /// Whether one of them begins with an octet: most octets of a text are told by that alone.
    first: [bool; 256],
}

impl<'w> Words<'w> {
    /// Words in lower case.
    pub(crate) fn new(list: impl IntoIterator<Item = &'w str>) -> Self {
        let list: Vec<_> = list.into_iter().collect();
        let begins = list.iter().fold(0, |set, word| set | bits(word.as_bytes()));
        let mut first = [false; 256];
        for octet in list.iter().filter_map(|word| word.as_bytes().first()) {
            for same in [octet.to_ascii_lowercase(), octet.to_ascii_uppercase()] {
                if let Some(begins) = first.get_mut(usize::from(same)) {
                    *begins = true;
                }
            }
        }
        Self { list, begins, first }
    }

    /// The place among them of the first one that the text holds, in any case of ASCII letters.
    pub(crate) fn first_in(&self, text: &str) -> Option<usize> {
        let octets = text.as_bytes();
        let mut best = None;
        // One pass over the text, and a look at the words only where one of them may begin.
        for (at, pair) in octets.windows(2).enumerate() {
            if self.is_first(pair) && self.begins & bits(pair) != 0 {
                best = self.better(octets.get(at..).unwrap_or_default(), best);
            }
        }
        // At the last octet a word of one octet may begin, of which all bits are set.
        let last = octets.last().filter(|_| self.begins == u64::MAX);
        last.map_or(best, |last| self.better(std::slice::from_ref(last), best))
    }

    /// Whether the text holds any of them.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.first_in(text).is_some()
    }

    fn is_first(&self, text: &[u8]) -> bool {
        text.first().and_then(|first| self.first.get(usize::from(*first))).copied().unwrap_or_default()
    }

    /// The place of a word in front of `best` with which the text begins, or else `best`.
    fn better(&self, text: &[u8], best: Option<usize>) -> Option<usize> {
        let in_front = self.list.iter().take(best.unwrap_or(self.list.len()));
        in_front.enumerate().find(|(_, word)| begins_with(text, word)).map(|(place, _)| place).or(best)
    }
}

fn begins_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

/// One of 64 for the first two octets of a text, whatever the case of letters; all of them for a single octet.
fn bits(text: &[u8]) -> u64 {
    match text {
        [first, second, ..] => 1 << ((first | 0x20).wrapping_mul(11).wrapping_add(second | 0x20) & 63),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn the_first_word_of_the_list_counts() {
        let first_of = |text: &str, words: &[&str]| Words::new(words.iter().copied()).first_in(text);
        assert_eq!((first_of("a\\", &["b", "\\"]), first_of("a", &["b", "ab"])), (Some(1), None));
        let words = ["spam", "call guard", "x-lite", "phone"];
        for (text, place) in [
            ("ExamplePhone/4.2", Some(3)),
            ("a phone with SPAM", Some(0)),
            ("Call  Guard", None),
            ("myCall Guard", Some(1)),
            ("X-Lite release", Some(2)),
            ("spa", None),
            ("\u{e9}phone", Some(3)),
            ("", None),
        ] {
            assert_eq!(first_of(text, &words), place, "{text}");
        }
    }
}
