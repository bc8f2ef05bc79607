//! The second reading, frame by frame: those that the calls name, and what belongs to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chosen::{Carries, Chosen, ends};
use super::key_log::KeyLog;
use crate::capture::Frame;
use crate::limits::{EXTRACT_FRAGMENTED, EXTRACT_SEGMENTS, FRAGMENT_ID_REUSE, STREAM_PROBE};
use crate::net::sctp::Packet;
use crate::net::{Datagram, Decoded, Fragment, FragmentKey, IcmpError, Segment, peel};
use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp};
use crate::sip::{self, probe::is_sip};

/// Decides of each frame whether it is written.
pub(super) struct Follower<'c> {
    chosen: &'c Chosen,
    found: usize,
    /// Fragmented datagrams that were taken, with the time of their last fragment.
    fragmented: BTreeMap<FragmentKey, Timestamp>,
    streams: BTreeMap<Flow, Stream>,
    /// Who has to confirm an answered SYN.
    confirming: BTreeSet<Flow>,
    key_log: KeyLog<'c>,
    /// Lines of it that belong to the latest frame.
    secrets: Vec<u8>,
}

/// A direction of a connection since its SYN.
#[derive(Debug, Default)]
struct Stream {
    /// The latest segments that were taken: sequence number and length.
    taken: VecDeque<(u32, u32)>,
    /// Whether some of the chunks that were taken are not acknowledged.
    waits: bool,
    /// Octets in which the upgrade to WebSocket may still stand.
    opening: usize,
}

impl Stream {
    /// Whether some of the octets were taken before.
    fn overlaps(&self, start: u32, length: u32) -> bool {
        let behind = |from: u32, to: u32, length: u32| to.wrapping_sub(from) < length;
        self.taken.iter().any(|(at, octets)| behind(*at, start, *octets) || behind(start, *at, length))
    }

    fn take(&mut self, start: u32, length: u32) {
        if length > 0 {
            if self.taken.len() == EXTRACT_SEGMENTS {
                self.taken.pop_front();
            }
            self.taken.push_back((start, length));
        }
    }
}

impl<'c> Follower<'c> {
    pub(super) fn new(chosen: &'c Chosen, key_log: &'c [u8]) -> Self {
        Self {
            chosen,
            found: 0,
            fragmented: BTreeMap::new(),
            streams: BTreeMap::new(),
            confirming: BTreeSet::new(),
            key_log: KeyLog::new(key_log),
            secrets: Vec::new(),
        }
    }

    /// What findings say of a frame.
    pub(super) fn comments(&self, frame: FrameRef) -> &'c [String] {
        self.chosen.comments(frame)
    }

    /// Lines of the key log that have to stand in front of the frame that was looked at last.
    pub(super) fn take_secrets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.secrets)
    }

    /// How many of the frames that calls name were seen.
    pub(super) fn found(&self) -> usize {
        self.found
    }

    /// Whether the next frame is one of those wanted.
    pub(super) fn takes(&mut self, frame: &Frame<'_>) -> bool {
        let is_listed = self.chosen.lists(frame.reference);
        self.found += usize::from(is_listed);
        let is_cited = self.chosen.cites(frame.reference);
        if !is_listed && !is_cited && !self.chosen.may_have(frame.time) {
            return false;
        }
        let peeled = peel(frame.link_type, frame.bytes, frame.original_length, frame.time);
        let time = peeled.time.unwrap_or(frame.time);
        match &peeled.content {
            Decoded::Fragment(fragment) => self.fragment(fragment, is_listed, frame.time),
            Decoded::Tcp(segment) => self.segment(segment, is_listed) || is_cited && segment.payload.is_empty(),
            Decoded::Sctp(packet) => self.packet(packet, is_listed),
            // What a finding cites of another call stays there.
            Decoded::Udp(datagram) => {
                is_listed || self.datagram(datagram, time) || is_cited && !is_sip(datagram.payload)
            }
            Decoded::Icmp(error) => is_listed || is_cited || self.icmp(error, time),
            Decoded::Skipped(_) => is_listed || is_cited,
        }
    }

    /// Copies of fragments come soon; later the identification is that of another datagram.
    fn fragment(&mut self, fragment: &Fragment<'_>, is_listed: bool, time: Timestamp) -> bool {
        let known = self.fragmented.get(&fragment.key).is_some_and(|last| time.since(*last) < FRAGMENT_ID_REUSE);
        let wanted = is_listed || known || self.begins_media(fragment, time);
        if wanted {
            if self.fragmented.len() == EXTRACT_FRAGMENTED {
                self.fragmented.retain(|_, last| time.since(*last) < FRAGMENT_ID_REUSE);
            }
            if self.fragmented.len() < EXTRACT_FRAGMENTED {
                self.fragmented.insert(fragment.key, time);
            }
        }
        wanted
    }

    /// Whether it is the first fragment of a datagram with media.
    fn begins_media(&self, fragment: &Fragment<'_>, time: Timestamp) -> bool {
        let Some([a, b, c, d]) = fragment.payload.first_chunk().filter(|_| fragment.offset == 0) else { return false };
        let ports = [u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])];
        let hosts = [fragment.key.source, fragment.key.destination];
        hosts.into_iter().zip(ports).any(|(address, port)| self.chosen.has_media(Endpoint { address, port }, time))
    }

    fn datagram(&self, datagram: &Datagram<'_>, time: Timestamp) -> bool {
        let Flow { source, destination, .. } = datagram.flow;
        if self.chosen.has_media(source, time) || self.chosen.has_media(destination, time) {
            return true;
        }
        // Copies beyond those that the analysis remembers, and what came late.
        is_sip(datagram.payload)
            && sip::messages(datagram.payload, datagram.cut)
                .iter()
                .filter_map(|framed| framed.message.call_id())
                .any(|id| self.chosen.has_call_id(id, time))
    }

    /// Errors about media.
    fn icmp(&self, error: &IcmpError<'_>, time: Timestamp) -> bool {
        error.quoted_flow.is_some_and(|flow| {
            self.chosen.has_media(flow.source, time) || self.chosen.has_media(flow.destination, time)
        })
    }

    /// Segments that carry a message, those that repeat some of them, and how the connection begins and ends. Keep-alives in front of
    /// the first message tell where a stream stood that was open when the capture began.
    fn segment(&mut self, segment: &Segment<'_>, is_listed: bool) -> bool {
        let flow = segment.flow;
        let Some(carries) = self.chosen.connection(&ends(&flow)) else { return is_listed };
        if carries == Carries::Tls {
            self.secrets = self.key_log.take(segment.payload);
            return true;
        }
        let confirms = self.confirming.remove(&flow);
        let stream = self.streams.entry(flow).or_default();
        let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX).saturating_add(segment.missing.into());
        if segment.flags.syn {
            *stream =
                Stream { opening: if carries == Carries::WebSocket { STREAM_PROBE } else { 0 }, ..Stream::default() };
            if segment.acknowledged.is_some() {
                self.confirming.insert(flow.reversed());
            }
            return true;
        }
        let opens = length > 0 && stream.opening > 0;
        if opens {
            let is_over = memchr::memmem::find(segment.payload, b"\r\n\r\n").is_some();
            stream.opening = if is_over { 0 } else { stream.opening.saturating_sub(segment.payload.len()) };
        }
        let again = length > 0 && stream.overlaps(segment.sequence, length);
        let stood = length > 0 && stream.taken.is_empty() && segment.payload.iter().all(|b| b"\r\n".contains(b));
        let wanted = is_listed || opens || again || stood;
        if wanted {
            stream.take(segment.sequence, length);
        }
        wanted || segment.flags.fin || segment.flags.rst || confirms && length == 0
    }

    /// The same of SCTP, whose chunks are numbered.
    fn packet(&mut self, packet: &Packet<'_>, is_listed: bool) -> bool {
        if self.chosen.connection(&ends(&packet.flow)).is_none() {
            return is_listed;
        }
        let stream = self.streams.entry(packet.flow).or_default();
        let wanted = is_listed || packet.numbers().any(|number| stream.overlaps(number, 1));
        if wanted {
            packet.numbers().for_each(|number| stream.take(number, 1));
            stream.waits |= packet.numbers().next().is_some();
        }
        self.acknowledges(packet) || wanted || packet.begins_or_ends() || packet.reports_error()
    }

    /// Whether a packet tells how far chunks came that were taken: those up to the first that says that all of them did.
    fn acknowledges(&mut self, packet: &Packet<'_>) -> bool {
        let Some(number) = packet.acknowledged() else { return false };
        let Some(stream) = self.streams.get_mut(&packet.flow.reversed()).filter(|stream| stream.waits) else {
            return false;
        };
        let is_behind = |taken: u32| number.wrapping_sub(taken) < 1 << 31;
        stream.waits = !stream.taken.iter().all(|(taken, _)| is_behind(*taken));
        true
    }
}
