//! How many messages came, by method and status. Nearly all are of a few methods, or have a status of three digits: those are counted
//! without a look into the tables of the [`Summary`].

use crate::report::Summary;
use crate::sip::{Message, Method};

/// Methods that are counted apart.
const USUAL: usize = 8;
/// The highest status there is (RFC 3261 §7.2).
const HIGHEST: usize = 699;

/// The counts.
#[derive(Debug)]
pub(super) struct Counts {
    /// Responses by their status.
    responses: Box<[u64]>,
    /// The methods that came first, and how often each came again.
    usual: Vec<(Method, u64)>,
    /// The first request of each of them, and all other messages.
    summary: Summary,
}

impl Default for Counts {
    fn default() -> Self {
        Self { responses: vec![0; HIGHEST + 1].into(), usual: Vec::new(), summary: Summary::default() }
    }
}

impl Counts {
    /// Counts a message.
    pub(super) fn message(&mut self, message: &Message) {
        let Some(status) = message.status() else { return self.request(message) };
        match self.responses.get_mut(usize::from(status.0)) {
            Some(count) => *count += 1,
            None => self.summary.message(message),
        }
    }

    fn request(&mut self, request: &Message) {
        let method = request.method();
        if let Some((_, again)) = self.usual.iter_mut().find(|(known, _)| method == Some(known)) {
            *again += 1;
            return;
        }
        self.summary.message(request);
        // Names of other methods may be of any length.
        let usual = method.filter(|method| !matches!(method, Method::Other(_)) && self.usual.len() < USUAL);
        self.usual.extend(usual.map(|method| (method.clone(), 0)));
    }

    /// Gives them to the summary of a run.
    pub(super) fn tell(self, whole: &mut Summary) {
        let Summary { messages, requests, responses, .. } = self.summary;
        (whole.messages, whole.requests, whole.responses) = (messages, requests, responses);
        for (method, again) in self.usual {
            whole.messages += again;
            *whole.requests.entry(method.name().to_owned()).or_default() += again;
        }
        for (status, count) in (0..).zip(self.responses).filter(|(_, count)| *count > 0) {
            whole.messages += count;
            *whole.responses.entry(status).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_of_the_summary(lines in prop::collection::vec("(INVITE|BYE|OPTIONS|INFO|X[a-c]) sip:a SIP/2\\.0|SIP/2\\.0 [1-9]0[0-9] b|SIP/2\\.0 200 OK", 0..40)) {
            let (mut counts, mut all, mut told) = (Counts::default(), Summary::default(), Summary::default());
            for line in &lines {
                let (message, _) = Message::read(format!("{line}\r\nCSeq: 1 INVITE\r\n\r\n").as_bytes(), false).unwrap();
                counts.message(&message);
                all.message(&message);
            }
            counts.tell(&mut told);
            prop_assert_eq!((told.messages, told.requests, told.responses), (all.messages, all.requests, all.responses));
        }
    }
}
