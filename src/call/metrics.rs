//! Times of a call as RFC 6076 measures them, and who took part.

use std::borrow::Cow;
use std::time::Duration;

use super::{Call, CapturedMessage};
use crate::provenance::Endpoint;

impl Call {
    /// The first request of the first attempt at the hop nearest the caller, where it was captured.
    pub fn initial_request(&self) -> Option<&CapturedMessage> {
        self.request(self.attempts.first()?.transaction)
    }

    /// The session request delay of RFC 6076 §4.3: from the first attempt, challenges and redirects included, to the first response
    /// other than 100 that is no step on the way.
    pub fn setup_delay(&self) -> Option<Duration> {
        let first = self.initial_request()?.provenance.time;
        let last = self.decided_by?;
        let progress = self.provisionals(last).find(|m| m.message.status().is_some_and(|s| s.0 != 100));
        let answer = || self.message(self.decisive_final(last)?.message);
        Some(progress.or_else(answer)?.provenance.time.since(first))
    }

    /// What an element calls itself, in the first of its messages that says so.
    pub fn software_of(&self, element: Endpoint) -> Option<String> {
        self.messages
            .iter()
            .filter(|m| m.provenance.flow.source == element)
            .find_map(|m| m.message.software_of_sender().map(Cow::into_owned))
    }
}
