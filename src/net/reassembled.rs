//! One fragmented datagram: while it waits for fragments, and when it is delivered.

use super::decode::{Fragment, FragmentKey};
use super::ip::IpInfo;
use super::parts::Parts;
use super::peel::{self, Peeled};
use crate::provenance::{FrameRef, Timestamp};

/// A datagram put together from fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassembled {
    /// The frame that completed it; of an incomplete one, the last that added to it.
    pub frame: FrameRef,
    /// The other frames that hold parts of it, in ascending order.
    pub other_frames: Vec<FrameRef>,
    /// Capture time of `frame`.
    pub time: Timestamp,
    /// Whether octets are missing at the end of `payload`.
    pub cut: bool,
    key: FragmentKey,
    protocol: u8,
    ttl: u8,
    payload: Vec<u8>,
}

impl Reassembled {
    /// What the datagram holds: as a rule [`Decoded::Udp`](super::Decoded::Udp) or [`Decoded::Tcp`](super::Decoded::Tcp).
    pub fn decode(&self) -> Peeled<'_> {
        let id = u16::try_from(self.key.id).ok().filter(|_| self.key.source.is_ipv4());
        let info = IpInfo {
            source: self.key.source,
            destination: self.key.destination,
            ip_id: id,
            ttl: self.ttl,
            vlan: self.key.vlan,
            cut: self.cut,
            missing: 0,
        };
        peel::reassembled(self.protocol, &self.payload, info, self.time)
    }
}

/// A datagram that waits for fragments.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) parts: Parts,
    /// Protocol and TTL of the fragment at offset 0, until then of any.
    protocol: u8,
    ttl: u8,
    /// Frames that added something, in order of arrival.
    frames: Vec<FrameRef>,
    pub(super) first_time: Timestamp,
    pub(super) last_time: Timestamp,
    pub(super) overlapped: bool,
}

impl Waiting {
    pub(super) fn new(fragment: &Fragment<'_>, time: Timestamp) -> Self {
        Self {
            parts: Parts::default(),
            protocol: fragment.protocol,
            ttl: fragment.ttl,
            frames: Vec::new(),
            first_time: time,
            last_time: time,
            overlapped: false,
        }
    }

    /// Adds a fragment; `false` if it brought nothing new.
    pub(super) fn add(
        &mut self,
        fragment: &Fragment<'_>,
        frame: FrameRef,
        others: &[FrameRef],
        time: Timestamp,
    ) -> bool {
        if !self.parts.insert(fragment) {
            return false;
        }
        if fragment.offset == 0 {
            self.protocol = fragment.protocol;
            self.ttl = fragment.ttl;
        }
        self.frames.extend(others);
        self.frames.push(frame);
        self.last_time = time;
        true
    }

    pub(super) fn last_frame(&self) -> FrameRef {
        self.frames.last().copied().unwrap_or_default()
    }

    /// The datagram from its beginning to the first gap; `None` if the beginning is missing.
    pub(super) fn deliver(&self, key: FragmentKey) -> Option<Reassembled> {
        let (payload, whole) = self.parts.contiguous();
        if payload.is_empty() {
            return None;
        }
        let mut other_frames = self.frames.clone();
        let frame = other_frames.pop()?;
        other_frames.sort_unstable();
        other_frames.dedup();
        other_frames.retain(|other| *other != frame);
        let Self { protocol, ttl, last_time: time, .. } = *self;
        Some(Reassembled { frame, other_frames, time, cut: !whole, key, protocol, ttl, payload })
    }
}
