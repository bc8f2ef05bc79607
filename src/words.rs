//! Looks for one of several words in a text, such as the names of products in a Server value.

/// The place in `words` of the first of them that the text holds, in any case of ASCII letters; the words are in lower case.
pub(crate) fn first_of(text: &str, words: &[&str]) -> Option<usize> {
    let begins = words.iter().filter_map(|word| word.bytes().next()).fold(0_u64, |set, first| set | bit(first));
    let octets = text.as_bytes();
    let mut best: Option<usize> = None;
    // One pass over the text, which is short, and a look at the words only where one of them may begin.
    for (at, octet) in octets.iter().enumerate().filter(|(_, octet)| begins & bit(**octet) != 0) {
        let rest = octets.get(at..).unwrap_or_default();
        let worse = best.unwrap_or(words.len());
        let candidates = words.iter().take(worse).enumerate();
        let found = candidates.filter(|(_, word)| word.as_bytes().first() == Some(&octet.to_ascii_lowercase()));
        best = found.filter(|(_, word)| begins_with(rest, word)).map(|(place, _)| place).next().or(best);
    }
    best
}

fn begins_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

/// A letter, whatever its case; all that is none falls on few places.
fn bit(octet: u8) -> u64 {
    1 << (octet.to_ascii_lowercase() & 63)
}

#[cfg(test)]
mod tests {
    use super::first_of;

    #[test]
    fn the_first_word_of_the_list_counts() {
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
