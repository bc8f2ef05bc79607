//! Looks for one of several words in a text, such as the names of products in a Server value.

/// The place in `words` of the first of them that the text holds, in any case of ASCII letters; the words are in lower case.
pub(crate) fn first_of(text: &str, words: &[&str]) -> Option<usize> {
    let begins = words.iter().fold(0_u64, |set, word| set | bits(word.as_bytes()));
    let octets = text.as_bytes();
    let mut best: Option<usize> = None;
    // One pass over the text, which is short, and a look at the words only where one of them may begin.
    for at in 0..octets.len() {
        let rest = octets.get(at..).unwrap_or_default();
        if begins & bits(rest) == 0 {
            continue;
        }
        let worse = best.unwrap_or(words.len());
        let first = rest.first().map(u8::to_ascii_lowercase);
        let candidates = words.iter().take(worse).enumerate();
        let found = candidates.filter(|(_, word)| word.as_bytes().first().copied() == first);
        best = found.filter(|(_, word)| begins_with(rest, word)).map(|(place, _)| place).next().or(best);
    }
    best
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
    use super::first_of;

    #[test]
    fn the_first_word_of_the_list_counts() {
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
