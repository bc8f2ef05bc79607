//! What was read lately of texts that come again and again: all tokens of one signer begin with the same octets and end with the same
//! parameters, so that comparing is enough.

/// How many are remembered: calls of some signers alternate.
const ROOM: usize = 4;
/// Longer ones are not remembered.
const LONGEST: usize = 512;

/// Texts with what was read of them.
#[derive(Debug)]
pub(super) struct Lately<T> {
    known: Vec<(Box<str>, T)>,
    /// Whose place the next one takes.
    next: usize,
}

impl<T> Lately<T> {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self { known: Vec::new(), next: 0 }
    }

    /// What was read of that text.
    pub(super) fn find(&self, text: &str) -> Option<&T> {
        self.known.iter().find(|(known, _)| **known == *text).map(|(_, read)| read)
    }

    /// Takes note of what was read of a text.
    pub(super) fn note(&mut self, text: &str, read: T) {
        if text.len() > LONGEST {
            return;
        }
        match self.known.get_mut(self.next) {
            Some(oldest) => *oldest = (text.into(), read),
            None => self.known.push((text.into(), read)),
        }
        self.next = (self.next + 1) % ROOM;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_remembered_and_no_long_ones() {
        let mut lately = Lately::new();
        let texts = ["a", "b", "c", "d", "e"];
        for (at, text) in texts.into_iter().enumerate() {
            lately.note(text, at);
            for (place, text) in texts.into_iter().enumerate() {
                let is_known = place <= at && place + ROOM > at;
                assert_eq!(lately.find(text), Some(&place).filter(|_| is_known), "{text} after {at}");
            }
        }
        lately.note(&"x".repeat(LONGEST + 1), 7);
        assert_eq!((lately.find("e"), lately.known.len()), (Some(&4), ROOM));
    }
}
