//! Capped aggregates over all calls of a capture: what the capture-wide rules look at. One file per topic.

pub mod redirects;

use crate::call::Call;

/// What is remembered of calls that are over. Every table has a limit in [`crate::limits`].
#[derive(Debug, Default)]
pub struct Patterns {
    /// Addresses that moved.
    pub redirects: redirects::Redirects,
}

impl Patterns {
    /// Takes note of a closed call.
    pub fn observe(&mut self, call: &Call) {
        self.redirects.observe(call);
    }

    /// Limits that were hit, in words.
    pub fn limits_hit(&self) -> Vec<String> {
        let forgotten = self.redirects.forgotten();
        let words = (forgotten > 0).then(|| {
            format!("{forgotten} redirects were left out of the comparison over all calls: too many addresses")
        });
        words.into_iter().collect()
    }
}
