//! How long calls are waited for in which nothing happens: the part of it that depends on the network and not on RFC 3261.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{ANSWERED_IDLE, ENDED_IDLE, PROVISIONAL_IDLE};

/// Silence after which a call is over, in capture time. Messages that come later are a group of their own. What has its final responses,
/// or no response at all, is over by the timers of RFC 3261 §17, whatever is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Waits {
    /// While it rings.
    #[serde(with = "crate::span_text")]
    pub ringing_idle: Duration,
    /// While people talk.
    #[serde(with = "crate::span_text")]
    pub answered_idle: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { ringing_idle: PROVISIONAL_IDLE, answered_idle: ANSWERED_IDLE }
    }
}

impl Waits {
    /// Fails for a time within which retransmissions may come.
    ///
    /// # Errors
    /// The key that is wrong, with what is wanted.
    pub fn check(&self) -> Result<(), String> {
        let all = [("ringing-idle", self.ringing_idle), ("answered-idle", self.answered_idle)];
        match all.iter().find(|(_, wait)| *wait < ENDED_IDLE) {
            Some((key, _)) => Err(format!("{key} must be at least {} s", ENDED_IDLE.as_secs())),
            None => Ok(()),
        }
    }
}
