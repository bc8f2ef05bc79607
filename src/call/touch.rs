//! Fetches the messages of a group that lay in memory untouched since they came, before they are looked into one after the other.
//!
//! Most calls end seconds after their last message, when none of it is in a cache of the processor. Whoever reads message after message
//! then waits for memory at every step, as the place of the next octet depends on those before it. Loads that depend on nothing
//! but the message overlap.

use std::hint::black_box;

use super::CapturedMessage;

/// As many messages are fetched ahead: those of larger groups would be gone from the cache again before they are read.
const MESSAGES: usize = 64;

/// Reads something of each cache line of the messages.
pub(super) fn touch(messages: &[CapturedMessage]) {
    let first = || messages.iter().take(MESSAGES).map(|captured| &captured.message);
    // In two steps, as the second needs what the first waits for.
    let places = first().fold(0, |sum, message| sum ^ message.touch_places());
    let octets = first().fold(0, |sum, message| sum ^ message.touch_octets());
    black_box((places, octets));
}
