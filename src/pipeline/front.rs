//! What needs frames in order: reassembly and the tracker. Knows nothing of diagnosis; hands on steps.

mod arrivals;
mod associations;

use std::net::IpAddr;
use std::ops::Range;

use super::counts::Counts;
use super::prepare::{Content, Found, Place, Prepared};
use super::redaction::Redaction;
use crate::anomaly::Anomaly;
use crate::call::{CapturedMessage, Ended, EndedGroup, Waits, tracker::Tracker};
use crate::capture::Announced;
use crate::capture::Secrets;
use crate::diagnosis::{Acknowledgement, Evidence};
use crate::hashing::HashSet;
use crate::limits;
use crate::media::{Heard, Meter};
use crate::net::{Carrier, IpReassembly, PayloadKind, SctpReassembly, TcpReassembly};
use crate::provenance::{Endpoint, Flow, Timestamp};
use crate::report::CaptureFacts;
use crate::sip::Reader;
use crate::stream::Messages;
use crate::tls::{Keys, TlsStream};

/// The type of a block of secrets that holds the lines of a key log: `TLSK`.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// What diagnosis has to know, in order.
#[derive(Debug)]
pub(super) enum Step {
    /// The time of the first frame.
    Start(Timestamp),
    /// Packets are known to be missing from the capture.
    Lossy,
    /// SIP went this way; said at least once of every pair of addresses.
    Hosts(Flow),
    /// Octets of a stream with SIP to that address are missing from the capture.
    Gap(IpAddr),
    /// The TCP of the destination has the requests that were sent this way.
    Acknowledged(Flow, Acknowledgement),
    /// A name could not be resolved.
    Lookup { name: String, code: &'static str, evidence: Box<Evidence> },
    /// A TLS connection with SIP is over.
    Tls(Box<TlsStream>),
    /// A call is over; the time is that of the capture clock.
    Over(Ended, Timestamp),
    /// The calls that are open at the end of the capture, all of them.
    Last(Vec<(Ended, Timestamp)>),
}

/// The stages with state, up to the calls that are over.
#[derive(Debug)]
pub(super) struct Front {
    reassembly: IpReassembly,
    streams: TcpReassembly<Messages>,
    keys: Keys,
    associations: SctpReassembly,
    pub(super) reader: Reader,
    pub(super) tracker: Tracker,
    media: Meter,
    pub(super) redaction: Redaction,
    pub(super) facts: CaptureFacts,
    pub(super) counts: Counts,
    /// Copies of messages.
    pub(super) copies: u64,
    /// Pairs of addresses that a step told of.
    told: HashSet<(IpAddr, IpAddr)>,
    /// The latest of them, as captured.
    speakers: [Option<(IpAddr, IpAddr)>; 4],
    /// The capture clock: the latest time of a frame so far.
    pub(super) now: Timestamp,
    /// The time of the latest frame, which lies before `now` where clocks were set back.
    latest: Timestamp,
    /// What the capture said before its first frame.
    pub(super) announced: Announced,
    /// Up to here nothing is due unless frames with content come: frames without move the clock and no more.
    quiet_until: Timestamp,
    /// The same without the tracker: fragments and streams give up nothing up to here.
    holding_until: Timestamp,
    /// Whether much was open when the capture ended.
    ends_crowded: Option<bool>,
}

impl Front {
    pub(super) fn new(keys: Keys, waits: Waits) -> Self {
        let mut tracker = Tracker::default();
        tracker.wait(waits);
        Self {
            reassembly: IpReassembly::new(),
            streams: TcpReassembly::new(keys.clone()),
            keys,
            associations: SctpReassembly::default(),
            reader: Reader::default(),
            tracker,
            media: Meter::default(),
            redaction: Redaction::default(),
            facts: CaptureFacts::default(),
            counts: Counts::default(),
            copies: 0,
            told: HashSet::default(),
            speakers: [None; 4],
            now: Timestamp::default(),
            latest: Timestamp::default(),
            announced: Announced::default(),
            quiet_until: Timestamp(i64::MIN),
            holding_until: Timestamp(i64::MIN),
            ends_crowded: None,
        }
    }

    /// Says that the frames come from several captures.
    pub(super) fn expect_different_clocks(&mut self) {
        self.tracker.expect_different_clocks();
    }

    /// Takes note of secrets that the capture holds.
    pub(super) fn learn(&mut self, secrets: &[Secrets]) {
        for secrets in secrets.iter().filter(|secrets| secrets.kind == TLS_KEY_LOG) {
            self.keys.learn(&secrets.bytes);
        }
    }

    /// Takes the next frame.
    pub(super) fn frame(&mut self, frame: &mut Prepared, steps: &mut Vec<Step>) {
        self.clock(frame.time, steps);
        self.facts.frames += 1;
        self.facts.octets += frame.octets as u64;
        self.layers(frame.carrier.as_deref());
        if frame.cut {
            self.anomaly(Anomaly::FrameCut);
        }
        if self.now >= self.holding_until {
            self.expire(steps);
        }
        if frame.time >= self.quiet_until {
            // What is over ends before this frame is looked at, which may bring the same Call-ID again.
            self.advance(frame.time, steps);
        }
        let is_held = matches!(frame.content, Content::Segment(_) | Content::Stateful(_));
        match frame.content {
            Content::Sip(ref flow) => {
                self.facts.udp_frames += 1;
                self.sip(flow, &mut frame.messages, steps);
            }
            Content::Media(ref flow) => {
                self.facts.udp_frames += 1;
                *self.facts.other_payloads.entry(PayloadKind::Rtp).or_default() += 1;
                self.redaction.media(flow, frame.time);
                self.media.one(flow, frame.time, frame.reference, |flow| self.redaction.flow(flow));
            }
            Content::Other(kind) => {
                self.facts.udp_frames += 1;
                *self.facts.other_payloads.entry(kind).or_default() += 1;
            }
            Content::Segment(ref held) => {
                self.facts.tcp_frames += 1;
                let place = Place {
                    frame: frame.reference,
                    other_frames: &[],
                    time: frame.time,
                    carrier: frame.carrier.clone(),
                };
                self.segment(&held.segment(), &place, steps);
            }
            Content::Skipped(reason) => *self.facts.skipped.entry(reason).or_default() += 1,
            Content::Stateful(ref held) => self.stateful(held, frame, steps),
        }
        if is_held {
            // The place of the frame may be used again late.
            frame.content = Content::default();
            self.hold();
        }
        self.advance(frame.time, steps);
    }

    /// Takes frames that hold nothing, of all the times of such frames those that come before the next frame, with the RTP in them.
    pub(super) fn skipped(
        &mut self,
        times: &[Timestamp],
        which: Range<usize>,
        media: &mut Heard,
        steps: &mut Vec<Step>,
    ) {
        for (at, time) in times.iter().copied().enumerate().take(which.end).skip(which.start) {
            if self.facts.frames > 0 && time >= self.now && time < self.quiet_until {
                (self.now, self.latest) = (time, time);
                self.tracker.tick(time);
            } else {
                // A call that is over now has had the media in front of this frame.
                self.hear(media, times, at);
                self.clock(time, steps);
                if self.now >= self.holding_until {
                    self.expire(steps);
                }
                self.advance(time, steps);
            }
            self.facts.frames += 1;
        }
        self.hear(media, times, which.end);
    }

    /// Takes the RTP in front of that place.
    #[inline]
    fn hear(&mut self, media: &mut Heard, times: &[Timestamp], until: usize) {
        let redaction = &self.redaction;
        self.media.hear(media, times, until, |flow| redaction.flow(flow));
    }

    /// Counts octets and kinds of frames that were skipped.
    pub(super) fn count_skipped(&mut self, octets: u64, kinds: impl Iterator<Item = (PayloadKind, u64)>) {
        self.facts.octets += octets;
        for (kind, count) in kinds {
            self.facts.udp_frames += count;
            *self.facts.other_payloads.entry(kind).or_default() += count;
        }
    }

    /// Gives up fragments and streams that have waited too long, which none has before `holding_until`.
    fn expire(&mut self, steps: &mut Vec<Step>) {
        for cut in self.reassembly.expire(self.now) {
            self.reassembled(cut, steps);
        }
        let mut events = Vec::new();
        self.streams.expire(self.now, &mut events);
        self.events(events, steps);
        self.expire_associations(steps);
        self.hold();
    }

    /// Takes note of how long fragments, streams and associations wait.
    fn hold(&mut self) {
        // Streams and associations are due at a moment, the others behind it.
        let streams = self.streams.quiet_before().min(self.associations.quiet_before());
        self.holding_until = self.reassembly.quiet_until().min(streams);
    }

    /// Closes what is over by the time of a frame.
    fn advance(&mut self, time: Timestamp, steps: &mut Vec<Step>) {
        self.tracker.tick(time);
        if self.tracker.is_due() {
            let now = self.now;
            let media = &self.media;
            steps.extend(self.tracker.ended().map(|group| Step::Over(with_media(group, media), now)));
        }
        if self.tracker.has_anomalies() {
            self.count_tracker_anomalies();
        }
        self.quiet_until = self.holding_until.min(self.tracker.quiet_until());
    }

    /// Takes what is left of fragments and streams, at the end of the capture.
    pub(super) fn flush(&mut self, steps: &mut Vec<Step>) {
        for cut in self.reassembly.flush() {
            self.reassembled(cut, steps);
        }
        // What was in tunnels in fragments may be fragments again.
        for cut in self.reassembly.flush() {
            self.reassembled(cut, steps);
        }
        let mut events = Vec::new();
        self.streams.flush(&mut events);
        self.events(events, steps);
        self.flush_associations(steps);
        if let Some(end) = self.announced.end.filter(|end| *end > self.now && self.facts.frames > 0) {
            (self.now, self.latest) = (end, end);
            self.advance(end, steps);
        }
    }

    /// Closes the calls that are open: one at a time where they have much to hold, else all at once. What is not taken stays open.
    pub(super) fn close(&mut self) -> impl Iterator<Item = Step> {
        let now = self.now;
        let media = &self.media;
        let is_crowded = *self.ends_crowded.get_or_insert_with(|| self.tracker.is_crowded());
        let mut over = self.tracker.end(self.latest).map(move |group| (with_media(group, media), now));
        let last = if is_crowded { Vec::new() } else { over.by_ref().collect() };
        let last = (!last.is_empty()).then_some(Step::Last(last));
        last.into_iter().chain(over.map(|(ended, now)| Step::Over(ended, now)))
    }

    /// Counts what is left to be counted, behind [`Self::close`].
    pub(super) fn count(&mut self) {
        for (anomaly, _) in self.reassembly.take_anomalies() {
            self.anomaly(anomaly);
        }
        for (anomaly, _) in self.streams.take_anomalies() {
            self.anomaly(anomaly);
        }
        for (anomaly, _) in self.associations.take_anomalies() {
            self.anomaly(anomaly);
        }
        self.count_tracker_anomalies();
        self.facts.tls.late_secrets = self.keys.late();
        let below = self.streams.counts().duplicates + self.associations.counts().duplicates;
        self.copies = self.tracker.counts().duplicates;
        self.facts.duplicates = self.copies + below;
    }

    /// Counts the way through layers that are worth telling of.
    fn layers(&mut self, carrier: Option<&Carrier>) {
        let Some(Carrier { layers, agent, .. }) = carrier else { return };
        self.agent(*agent);
        if let Some(count) = self.facts.layers.get_mut(layers) {
            *count += 1;
        } else if self.facts.layers.len() < limits::LAYER_PATHS {
            self.facts.layers.insert(layers.clone(), 1);
        } else {
            self.facts.other_layers += 1;
        }
    }

    /// Counts copies by the agent that made them.
    pub(super) fn agent(&mut self, agent: Option<u32>) {
        let Some(agent) = agent else { return };
        if self.facts.capture_agents.len() < limits::CAPTURE_AGENTS || self.facts.capture_agents.contains_key(&agent) {
            *self.facts.capture_agents.entry(agent).or_default() += 1;
        }
    }

    fn clock(&mut self, time: Timestamp, steps: &mut Vec<Step>) {
        if self.facts.frames == 0 {
            steps.push(Step::Start(self.announced.start.map_or(time, |start| start.min(time))));
            self.now = time;
        }
        self.now = self.now.max(time);
        self.latest = time;
    }

    fn count_tracker_anomalies(&mut self) {
        for (anomaly, _) in self.tracker.take_anomalies() {
            self.anomaly(anomaly);
        }
    }

    pub(super) fn anomaly(&mut self, anomaly: Anomaly) {
        *self.facts.anomalies.entry(anomaly).or_default() += 1;
    }

    /// Takes messages out of where they lie.
    fn sip(&mut self, flow: &Flow, messages: &mut Found, steps: &mut Vec<Step>) {
        self.facts.sip_datagrams += 1;
        self.hosts(flow, steps);
        for captured in messages.drain(..) {
            self.message(captured);
        }
    }

    pub(super) fn message(&mut self, mut captured: CapturedMessage) {
        if !self.redaction.message(&mut captured) {
            return;
        }
        self.counts.message(&captured.message);
        for anomaly in captured.message.anomalies() {
            *self.facts.anomalies.entry(*anomaly).or_default() += 1;
        }
        self.tracker.take(captured);
    }

    /// Tells of the ends of a flow. As a rule one of those that spoke last speaks again.
    #[inline]
    pub(super) fn hosts(&mut self, flow: &Flow, steps: &mut Vec<Step>) {
        let Flow { source: Endpoint { address: from, .. }, destination: Endpoint { address: to, .. }, .. } = flow;
        if !self.speakers.iter().flatten().any(|(source, destination)| source == from && destination == to) {
            self.other_hosts(flow, steps);
        }
    }

    fn other_hosts(&mut self, flow: &Flow, steps: &mut Vec<Step>) {
        self.speakers.rotate_right(1);
        if let Some(last) = self.speakers.first_mut() {
            *last = Some((flow.source.address, flow.destination.address));
        }
        // What stands for one address is always the same.
        let flow = self.redaction.flow(*flow);
        let pair = (flow.source.address, flow.destination.address);
        if self.told.contains(&pair) {
            return;
        }
        steps.push(Step::Hosts(flow));
        if self.told.len() < limits::HOSTS {
            self.told.insert(pair);
        }
    }
}

/// What is over, with its media as it is known by now: packets that come later are of no call, or of another.
fn with_media(group: EndedGroup, media: &Meter) -> Ended {
    if media.is_empty() {
        return Ended::Group(group);
    }
    let mut call = group.into_call();
    media.attach(&mut call);
    Ended::Call(call)
}
