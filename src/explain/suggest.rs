//! The known name that is closest to a misspelt one.

/// The closest of the names by edits, if it is close enough to be meant; a name that holds the whole wanted text counts as
/// close. Case does not matter.
pub(super) fn closest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    // A word of which most letters differ is another word.
    let length = wanted.chars().count();
    let allowed = (length / 3 + 1).min(length.saturating_sub(1) / 2);
    names
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(edits, name)| *edits <= allowed || (wanted.len() >= 4 && name.to_lowercase().contains(&wanted)))
        .min_by_key(|(edits, name)| (*edits, name.len()))
        .map(|(_, name)| name)
}

/// Levenshtein's distance: insertions, deletions and replacements of characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, from) in a.chars().enumerate() {
        let mut before = at;
        let mut left = at + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = before + usize::from(from != *to);
            before = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, edits) in
            [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("loop", "lop", 1), ("ab", "ba", 2)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (edits, edits), "{a} {b}");
        }
    }

    #[test]
    fn far_names_are_not_suggested() {
        let names = ["redirect-loop", "redirect-not-followed", "no-response", "OK"];
        for (wanted, expected) in [
            ("redirect-lop", Some("redirect-loop")),
            ("NoResponse", Some("no-response")),
            ("followed", Some("redirect-not-followed")),
            ("xyz", None),
            ("foo", None),
        ] {
            assert_eq!(closest(wanted, names.into_iter()), expected, "{wanted}");
        }
    }
}
