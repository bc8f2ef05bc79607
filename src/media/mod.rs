//! RTP beside the calls: which streams a capture holds, and when packets of them came. Packets are counted where they pass; nothing of
//! them is kept. What a call has to do with them is told by the addresses in its session descriptions.

mod announced;
mod heard;
mod meter;

use std::net::IpAddr;

pub(crate) use heard::Heard;
pub(crate) use meter::Meter;

use crate::provenance::{Endpoint, FrameRef, Timestamp};

/// RTP packets from one address and port to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaStream {
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// When packets came, in order of time, without long pauses; of more than [`crate::limits::MEDIA_SPELLS`] the latest.
    pub spells: Vec<Spell>,
}

impl MediaStream {
    /// The host at its other end.
    pub(crate) fn other_than(&self, host: IpAddr) -> IpAddr {
        if self.source.address == host { self.destination.address } else { self.source.address }
    }

    /// Whether it begins or ends at that host.
    pub(crate) fn is_of(&self, host: IpAddr) -> bool {
        self.source.address == host || self.destination.address == host
    }
}

/// Packets of a stream with no pause of [`crate::limits::MEDIA_PAUSE`] between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// The frame of the first one.
    pub first: FrameRef,
    /// Its time.
    pub start: Timestamp,
    /// The time of the last one.
    pub end: Timestamp,
    /// How many they are.
    pub packets: u64,
}

impl Spell {
    /// Whether packets of it may have come between these moments.
    pub fn meets(&self, from: Timestamp, until: Timestamp) -> bool {
        self.start <= until && self.end >= from
    }
}
