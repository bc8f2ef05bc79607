//! JOSE headers that were read lately: all tokens of one signer begin with the same octets, so that comparing is enough.

use std::cell::RefCell;
use std::sync::Arc;

use super::JoseHeader;

/// How many are remembered: calls of some signers alternate.
const HEADERS: usize = 4;
/// Longer ones are not remembered.
const LONGEST: usize = 512;

thread_local! {
    /// What this thread read. What is found there is what reading would find.
    pub(super) static LATELY: RefCell<Lately> = const { RefCell::new(Lately { headers: Vec::new(), next: 0 }) };
}

/// A header without faults.
#[derive(Debug)]
pub(super) struct Known {
    /// As the token has it.
    text: Box<str>,
    /// Decoded.
    pub(super) octets: Box<[u8]>,
    /// Read.
    pub(super) header: Arc<JoseHeader>,
}

/// Headers that were read lately.
#[derive(Debug, Default)]
pub(super) struct Lately {
    headers: Vec<Known>,
    /// Whose place the next one takes.
    next: usize,
}

impl Lately {
    /// The header with that text.
    pub(super) fn find(&self, text: &str) -> Option<&Known> {
        self.headers.iter().find(|known| *known.text == *text)
    }

    /// Takes note of a header without faults.
    pub(super) fn note(&mut self, text: &str, octets: &[u8], header: &Arc<JoseHeader>) {
        if text.len() > LONGEST {
            return;
        }
        let known = Known { text: text.into(), octets: octets.into(), header: Arc::clone(header) };
        match self.headers.get_mut(self.next) {
            Some(oldest) => *oldest = known,
            None => self.headers.push(known),
        }
        self.next = (self.next + 1) % HEADERS;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{V1, V8, V9, V10, V11};
    use super::super::{Passport, three_parts};
    use super::*;

    proptest! {
        #[test]
        fn headers_are_the_same_whatever_was_read_before(
            tokens in prop::collection::vec((prop::sample::select(vec![V1, V8, V9, V10, V11]), "[=A]{0,2}"), 0..40),
        ) {
            let mut lately = Lately::default();
            for (token, end) in tokens {
                let text = format!("{}{end}", three_parts(token).unwrap()[0]);
                let read = |lately: &mut Lately| {
                    let mut passport = Passport::read("..A");
                    passport.faults.clear();
                    passport.decode_header(&text, lately);
                    passport
                };
                prop_assert_eq!(read(&mut lately), read(&mut Lately::default()));
                prop_assert!(lately.headers.len() <= HEADERS);
            }
        }
    }

    #[test]
    fn headers_without_faults_are_remembered_and_few_of_them() {
        let mut lately = Lately::default();
        let header = Arc::default();
        let texts = ["a", "b", "c", "d", "e"];
        for (at, text) in texts.into_iter().enumerate() {
            lately.note(text, text.as_bytes(), &header);
            assert!(
                texts
                    .into_iter()
                    .enumerate()
                    .all(|(place, text)| { lately.find(text).is_some() == (place <= at && place + HEADERS > at) })
            );
        }
        lately.note(&"x".repeat(LONGEST + 1), b"", &header);
        assert_eq!(lately.find("e").map(|known| &*known.octets), Some(b"e".as_slice()));
        let [text, ..] = three_parts(V1).unwrap();
        let mut passport = Passport::read("..A");
        for (text, is_known) in [(text.to_owned(), true), (format!("{text}="), false)] {
            passport.faults.clear();
            passport.decode_header(&text, &mut lately);
            assert_eq!(lately.find(&text).is_some(), is_known, "{text}");
        }
    }
}
