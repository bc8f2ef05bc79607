//! Fetches what lay in memory untouched since it came, before it is looked into.
//!
//! Most calls end seconds after their last message, when nothing of them is in a cache of the processor. Whoever reads message after
//! message then waits for memory at every step, as the place of the next octet depends on those before it. Loads that do not depend on
//! one another overlap: those of the messages of a call, and those of several calls, of which it is known in what order they end.

use std::hint::black_box;

use super::CapturedMessage;
use super::ended::Ended;
use super::open_group::OpenGroup;

/// As many messages are fetched ahead: those of larger groups would be gone from the cache again before they are read.
const MESSAGES: usize = 64;

/// How many groups are fetched while the one in front of them ends.
pub(super) const AHEAD: usize = 2;

/// Takes each of the next groups a step further, the nearest first: a step needs what the one before it waits for. Calls are not made
/// of them yet.
pub(super) fn touch_open([first, second]: [Option<&OpenGroup>; AHEAD]) {
    black_box((first.map(|group| envelopes(&group.messages)), second.map(OpenGroup::touch)));
}

/// The same for those that are over, of which calls are to be made.
pub(super) fn touch_ahead<T>(ended: &[(Ended, T)]) {
    let mut next = ended.iter().map(|(ended, _)| ended.messages());
    black_box((next.next().map(octets), next.next().map(places), next.next().map(envelopes)));
}

fn envelopes(messages: &[CapturedMessage]) -> usize {
    messages.iter().take(MESSAGES).fold(0, |sum, captured| sum ^ captured.leg ^ usize::from(captured.provenance.ttl))
}

fn places(messages: &[CapturedMessage]) -> u8 {
    messages.iter().take(MESSAGES).fold(0, |sum, captured| sum ^ captured.message.touch_places())
}

fn octets(messages: &[CapturedMessage]) -> u8 {
    messages.iter().take(MESSAGES).fold(0, |sum, captured| sum ^ captured.message.touch_octets())
}
