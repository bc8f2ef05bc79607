//! JOSE headers that were read lately.

use std::cell::RefCell;
use std::sync::Arc;

use super::super::lately::Lately;
use super::JoseHeader;

thread_local! {
    /// What this thread read, by the text in the token. What is found there is what reading would find.
    pub(super) static LATELY: RefCell<Lately<Known>> = const { RefCell::new(Lately::new()) };
}

/// A header without faults.
#[derive(Debug)]
pub(super) struct Known {
    /// Decoded.
    pub(super) octets: Box<[u8]>,
    /// Read.
    pub(super) header: Arc<JoseHeader>,
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
            let mut lately = Lately::new();
            for (token, end) in tokens {
                let text = format!("{}{end}", three_parts(token).unwrap()[0]);
                let read = |lately: &mut Lately<Known>| {
                    let mut passport = Passport::read("..A");
                    passport.faults.clear();
                    passport.decode_header(&text, lately);
                    passport
                };
                prop_assert_eq!(read(&mut lately), read(&mut Lately::new()));
            }
        }
    }

    #[test]
    fn headers_without_faults_are_remembered() {
        let mut lately = Lately::new();
        let [text, ..] = three_parts(V1).unwrap();
        let mut passport = Passport::read("..A");
        for (text, is_known) in [(text.to_owned(), true), (format!("{text}="), false)] {
            passport.faults.clear();
            passport.decode_header(&text, &mut lately);
            assert_eq!(lately.find(&text).is_some(), is_known, "{text}");
        }
    }
}
