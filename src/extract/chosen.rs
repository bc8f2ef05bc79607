//! What the first reading finds: the frames that selected calls and their findings name, and how to tell the rest of theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use super::media::{self, Window};
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::{CallReport, Finding, rests_on_media};
use crate::lang::{Lang, Text};
use crate::limits::{ENDED_IDLE, EXTRACT_COMMENTS, EXTRACT_FRAMES, EXTRACT_MEDIA};
use crate::net::tcp::Direction;
use crate::provenance::{Endpoint, Flow, FrameRef, Provenance, Timestamp, Transport};
use crate::report::{CaptureFacts, Sink, Summary, escape};

/// What a connection carries, as far as it matters for what must be kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carries {
    /// SIP as it is.
    Sip,
    /// SIP over WebSocket: how it became that has to be kept.
    WebSocket,
    /// TLS, of which nothing can be read when something is missing.
    Tls,
}

/// Both ends of a connection, the one that sorts first in front.
pub(super) type Ends = [Endpoint; 2];

/// The ends of a flow.
pub(super) fn ends(flow: &Flow) -> Ends {
    let mut ends = [flow.source, flow.destination];
    if Direction::of(flow) == Direction::Down {
        ends.reverse();
    }
    ends
}

/// The selected calls of a capture, as far as it takes to tell their frames.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) calls: u64,
    with_media: bool,
    lang: Lang,
    /// Frames of messages, their copies, and ICMP errors.
    frames: Vec<FrameRef>,
    is_full: bool,
    /// Frames that findings cite.
    cited: BTreeMap<FrameRef, Vec<String>>,
    /// Call-IDs, with the times in which they are those of selected calls.
    call_ids: BTreeMap<Vec<u8>, Vec<Window>>,
    /// Connections that carried messages.
    connections: BTreeMap<Ends, Carries>,
    /// Hosts of the messages.
    pub(super) hosts: BTreeSet<IpAddr>,
    /// Where media go, and when.
    media: BTreeMap<Endpoint, Vec<Window>>,
    media_room: usize,
    /// The first packets of the RTP of calls whose media are left out: beside the media of others, none at all would look like silence.
    tokens: Vec<FrameRef>,
    /// Everything there is to find among datagrams lies in it.
    span: Option<Window>,
}

impl Chosen {
    pub(super) fn new(with_media: bool, lang: Lang) -> Self {
        Self {
            calls: 0,
            with_media,
            lang,
            frames: Vec::new(),
            is_full: false,
            cited: BTreeMap::new(),
            call_ids: BTreeMap::new(),
            connections: BTreeMap::new(),
            hosts: BTreeSet::new(),
            media: BTreeMap::new(),
            media_room: EXTRACT_MEDIA,
            tokens: Vec::new(),
            span: None,
        }
    }

    /// Whether a limit was hit.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Ends the first reading.
    pub(super) fn seal(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        if !self.media.is_empty() {
            for frame in tokens {
                self.frame(frame);
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.frames.sort_unstable();
        self.frames.dedup();
    }

    /// How many frames the calls name.
    pub(super) fn frames(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn lists(&self, frame: FrameRef) -> bool {
        self.frames.binary_search(&frame).is_ok()
    }

    pub(super) fn cites(&self, frame: FrameRef) -> bool {
        self.cited.contains_key(&frame)
    }

    /// What is to be said at a frame.
    pub(super) fn comments(&self, frame: FrameRef) -> &[String] {
        self.cited.get(&frame).map_or(&[], Vec::as_slice)
    }

    /// What a connection carried; `None` if no message of a selected call.
    pub(super) fn connection(&self, ends: &Ends) -> Option<Carries> {
        self.connections.get(ends).copied()
    }

    /// Whether a frame that is not named may be one of theirs.
    pub(super) fn may_have(&self, time: Timestamp) -> bool {
        !self.connections.is_empty() || self.span.is_some_and(|span| span.has(time))
    }

    pub(super) fn has_call_id(&self, call_id: &[u8], time: Timestamp) -> bool {
        self.call_ids.get(call_id).is_some_and(|windows| windows.iter().any(|window| window.has(time)))
    }

    /// Whether media of a selected call go there at that time.
    pub(super) fn has_media(&self, endpoint: Endpoint, time: Timestamp) -> bool {
        self.media.get(&endpoint).is_some_and(|windows| windows.iter().any(|window| window.has(time)))
    }

    fn frame(&mut self, frame: FrameRef) {
        if self.frames.len() == EXTRACT_FRAMES {
            self.sort();
        }
        if self.frames.len() < EXTRACT_FRAMES {
            self.frames.push(frame);
        } else {
            self.is_full = true;
        }
    }

    fn place(&mut self, provenance: &Provenance) {
        self.frame(provenance.frame);
        provenance.other_frames.iter().for_each(|frame| self.frame(*frame));
    }

    fn message(&mut self, captured: &CapturedMessage) {
        self.place(&captured.provenance);
        captured.duplicates.iter().for_each(|frame| self.frame(*frame));
        let flow = &captured.provenance.flow;
        self.hosts.extend([flow.source.address, flow.destination.address]);
        let carries = match flow.transport {
            Transport::Udp => return,
            Transport::Tcp | Transport::Sctp => Carries::Sip,
            Transport::WebSocket => Carries::WebSocket,
            Transport::Tls | Transport::SecureWebSocket => Carries::Tls,
        };
        let known = self.connections.entry(ends(flow)).or_insert(carries);
        *known = carries.max(*known);
    }

    fn widen(&mut self, window: Window) {
        let span = self.span.get_or_insert(window);
        span.from = span.from.min(window.from);
        span.until = span.until.max(window.until);
    }

    fn taken(&mut self, report: &CallReport) {
        let call = &report.call;
        self.calls += 1;
        call.messages.iter().for_each(|captured| self.message(captured));
        call.icmp.iter().for_each(|report| self.place(&report.provenance));
        let window = Window { from: call.start, until: call.end.plus(ENDED_IDLE) };
        self.widen(window);
        let ids: BTreeSet<_> = call.legs.iter().filter_map(|leg| leg.call_id.clone()).collect();
        for id in ids {
            self.call_ids.entry(id).or_default().push(window);
        }
        // What a finding says of media, or why there is none, is to be seen in the copy as well.
        if !self.with_media && !rests_on_media(report) {
            let room = EXTRACT_FRAMES.saturating_sub(self.tokens.len());
            let first = call.media.iter().flat_map(|stream| &stream.spells).map(|spell| spell.first);
            self.tokens.extend(first.take(room));
            return;
        }
        let window = Window { from: call.start, until: call.observed_until };
        let elsewhere =
            call.media_elsewhere.iter().flat_map(|stream| [(stream.source, window), (stream.destination, window)]);
        for (endpoint, window) in media::places(call).into_iter().chain(elsewhere) {
            let Some(left) = self.media_room.checked_sub(1) else {
                self.is_full = true;
                return;
            };
            self.media_room = left;
            self.widen(window);
            self.media.entry(endpoint).or_default().push(window);
        }
    }

    /// Notes what a finding says at the frames that it cites.
    fn finding(&mut self, finding: &Finding, call: Option<&Call>) {
        // Not its number, which is another one in what is cut out.
        let call_id = call.and_then(|call| call.legs.first()?.call_id.as_deref());
        let text = match call_id {
            Some(id) => {
                let text = Text::new("sipscan: {code}: {message} (Call-ID {id})");
                text.with("id", String::from_utf8_lossy(id))
            }
            None => Text::new("sipscan: {code}: {message}"),
        };
        let text = text.with("code", finding.code).with("message", &finding.message).in_lang(self.lang).to_string();
        let text = escape::terminal(&text).into_owned();
        for evidence in &finding.evidence {
            let comments = self.cited.entry(evidence.frame).or_default();
            if comments.len() < EXTRACT_COMMENTS && !comments.contains(&text) {
                comments.push(text.clone());
            }
        }
    }
}

impl Sink for Chosen {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.taken(report);
        if self.cited.len() < EXTRACT_FRAMES {
            for finding in &report.findings {
                self.finding(finding, Some(&report.call));
            }
        }
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, findings: &[Finding]) -> io::Result<()> {
        for finding in findings {
            self.finding(finding, None);
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
