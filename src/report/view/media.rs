//! RTP of a call as JSON shows it.

use serde::Serialize;

use super::{Address, Place, Time};
use crate::media::MediaStream;

/// RTP packets from one address and port to another that were captured while the call lasted. Calls that share both ends share the packets.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct MediaView {
    /// Sender.
    source: Address,
    /// Receiver.
    destination: Address,
    /// How many they are; those of a spell without pauses of five seconds that began before the call, or went on behind it, are all counted.
    packets: u64,
    /// Index of the frame's file in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// The frame of the first one, as Wireshark numbers it.
    frame: u64,
    /// The time of that frame.
    start: Time,
    /// The time of the last one.
    end: Time,
}

impl MediaView {
    pub(super) fn new(stream: &MediaStream, place: Place) -> Option<Self> {
        let (first, last) = (stream.spells.first()?, stream.spells.last()?);
        Some(Self {
            source: Address(stream.source),
            destination: Address(stream.destination),
            packets: stream.spells.iter().map(|spell| spell.packets).sum(),
            file: place.file(first.first),
            frame: first.first.number.0,
            start: Time(first.start),
            end: Time(last.end),
        })
    }
}
