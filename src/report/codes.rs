//! How often findings came, by code.

use std::collections::BTreeMap;
use std::fmt;

/// Counts by code. Codes are few and come from the rules, each from one place, so that the same one is found by where it stands.
#[derive(Clone, Default)]
pub struct Codes {
    /// In no order: nobody asks for it until the end.
    counts: Vec<(&'static str, u64)>,
}

impl Codes {
    /// Counts a code so many times.
    pub(super) fn count(&mut self, code: &'static str, n: u64) {
        let place = self.counts.iter().position(|(known, _)| std::ptr::eq(*known, code));
        // Who else writes the same code has a text of its own.
        let place = place.or_else(|| self.counts.iter().position(|(known, _)| *known == code));
        match place.and_then(|place| self.counts.get_mut(place)) {
            Some((_, count)) => *count += n,
            None => self.counts.push((code, n)),
        }
    }

    /// Adds the counts of another capture.
    pub(super) fn add(&mut self, other: &Self) {
        other.counts.iter().for_each(|(code, n)| self.count(code, *n));
    }

    /// The counts in order of their codes.
    pub fn in_order(&self) -> BTreeMap<&'static str, u64> {
        self.counts.iter().copied().collect()
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_order().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_is_counted_together_wherever_it_stands() {
        let elsewhere: &'static str = Box::leak("b-code".to_owned().into_boxed_str());
        let mut codes = Codes::default();
        for (code, n) in [("b-code", 1), ("a-code", 2), (elsewhere, 3), ("b-code", 4), ("b", 5)] {
            codes.count(code, n);
        }
        let mut twice = codes.clone();
        twice.add(&codes);
        assert_eq!(codes.in_order(), BTreeMap::from([("a-code", 2), ("b", 5), ("b-code", 8)]));
        assert_eq!(format!("{twice:?}"), r#"{"a-code": 4, "b": 10, "b-code": 16}"#);
    }
}
