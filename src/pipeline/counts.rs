//! How many messages came, by method and status. Nearly all are of a few kinds, which are found without a look into the tables of the
//! [`Summary`].

use crate::report::Summary;
use crate::sip::{Message, Method, StatusCode};

/// Kinds that are counted apart.
const USUAL: usize = 8;

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Request(Method),
    Response(StatusCode),
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The kinds that came first, and how often each came again, with a message of it.
    usual: Vec<(Kind, u64)>,
    /// The first message of each of them, and all others.
    summary: Summary,
}

impl Counts {
    /// Counts a message.
    pub(super) fn message(&mut self, message: &Message) {
        let status = message.status();
        let is_it = |kind: &Kind| match kind {
            Kind::Request(method) => status.is_none() && message.method() == Some(method),
            Kind::Response(known) => status == Some(*known),
        };
        if let Some((_, again)) = self.usual.iter_mut().find(|(kind, _)| is_it(kind)) {
            *again += 1;
            return;
        }
        self.summary.message(message);
        let kind = status.map(Kind::Response).or_else(|| message.method().cloned().map(Kind::Request));
        // Names of other methods may be of any length.
        let is_short = !matches!(kind, Some(Kind::Request(Method::Other(_))));
        self.usual.extend(kind.filter(|_| is_short && self.usual.len() < USUAL).map(|kind| (kind, 0)));
    }

    /// Gives them to the summary of a run.
    pub(super) fn tell(self, whole: &mut Summary) {
        let Summary { messages, requests, responses, .. } = self.summary;
        (whole.messages, whole.requests, whole.responses) = (messages, requests, responses);
        for (kind, again) in self.usual {
            whole.messages += again;
            match kind {
                Kind::Request(method) => *whole.requests.entry(method.name().to_owned()).or_default() += again,
                Kind::Response(status) => *whole.responses.entry(status.0).or_default() += again,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_of_the_summary(lines in prop::collection::vec("(INVITE|BYE|OPTIONS|INFO|X[a-c]) sip:a SIP/2\\.0|SIP/2\\.0 [1-6]0[0-9] b|SIP/2\\.0 200 OK", 0..40)) {
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
