//! The stages in order: frames, datagrams, messages, calls, findings, reports. The only place that knows two of them.

use std::io;
use std::net::IpAddr;

use crate::anomaly::Anomaly;
use crate::call::IcmpReport;
use crate::call::tracker::Tracker;
use crate::capture::Frame;
use crate::diagnosis::{CallReport, Engine, Evidence, Settings, Text};
use crate::limits;
use crate::net::{Datagram, Decoded, IcmpError, IpReassembly, classify, decode, failed_lookup};
use crate::provenance::{Endpoint, Flow, FrameRef, Provenance, Timestamp, Transport};
use crate::report::{CaptureFacts, Sink, Summary};
use crate::sip::{self, Framed, Message};

/// A capture that is being analysed. Frames go in, closed calls come out at the sink; memory follows the calls that are open
/// at one time.
pub struct Analysis {
    reassembly: IpReassembly,
    tracker: Tracker,
    engine: Engine,
    facts: CaptureFacts,
    summary: Summary,
    /// The capture clock: the latest time of a frame so far.
    now: Timestamp,
    /// The time of the latest frame, which lies before `now` where clocks were set back.
    latest: Timestamp,
}

/// Where a datagram was found: its frames and the time of the one that completes it.
struct Place<'a> {
    frame: FrameRef,
    other_frames: &'a [FrameRef],
    time: Timestamp,
}

impl Analysis {
    /// Begins a capture.
    pub fn new(settings: Settings) -> Self {
        Self {
            reassembly: IpReassembly::new(),
            tracker: Tracker::default(),
            engine: Engine::new(settings),
            facts: CaptureFacts::default(),
            summary: Summary::default(),
            now: Timestamp::default(),
            latest: Timestamp::default(),
        }
    }

    /// Says which capture of the run it is, counted from 0; the summary names it in what it cites.
    #[must_use]
    pub fn numbered(mut self, index: usize) -> Self {
        self.summary.capture = index;
        self
    }

    /// Says that packets are known to be missing from the capture: from here on absence proves nothing.
    pub fn set_lossy(&mut self, lossy: bool) {
        self.engine.lossy |= lossy;
    }

    /// Takes a frame; calls that are over by its time go to the sink.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) -> io::Result<()> {
        self.clock(frame.time);
        self.facts.frames += 1;
        self.facts.octets += frame.bytes.len() as u64;
        if (frame.bytes.len() as u64) < u64::from(frame.original_length) {
            self.anomaly(Anomaly::FrameCut);
        }
        for cut in self.reassembly.expire(self.now) {
            let place = Place { frame: cut.frame, other_frames: &cut.other_frames, time: cut.time };
            self.content(&cut.decode(), &place);
        }
        let place = Place { frame: frame.reference, other_frames: &[], time: frame.time };
        match decode(frame.link_type, frame.bytes, frame.original_length) {
            Decoded::Fragment(fragment) => {
                self.facts.fragments += 1;
                if let Some(whole) = self.reassembly.push(&fragment, frame.reference, frame.time) {
                    let place = Place { frame: whole.frame, other_frames: &whole.other_frames, time: whole.time };
                    self.content(&whole.decode(), &place);
                }
            }
            Decoded::Skipped(reason) => *self.facts.skipped.entry(reason).or_default() += 1,
            Decoded::Udp(datagram) => {
                self.facts.udp_frames += 1;
                self.datagram(&datagram, &place);
            }
            Decoded::Icmp(error) => {
                self.facts.icmp_errors += 1;
                self.icmp(&error, &place);
            }
        }
        for call in self.tracker.advance(frame.time) {
            let report = self.engine.diagnose(call, self.now);
            self.deliver(&report, sink)?;
        }
        self.count_tracker_anomalies();
        Ok(())
    }

    /// Ends the capture: closes what is open and delivers the facts. `complete` fills in what only the reader of the file knows.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(
        mut self,
        complete: impl FnOnce(&mut CaptureFacts),
        sink: &mut dyn Sink,
    ) -> io::Result<(CaptureFacts, Summary)> {
        for cut in self.reassembly.flush() {
            let place = Place { frame: cut.frame, other_frames: &cut.other_frames, time: cut.time };
            self.content(&cut.decode(), &place);
        }
        complete(&mut self.facts);
        self.engine.lossy |= self.facts.dropped > 0;
        for call in self.tracker.finish(self.latest) {
            let report = self.engine.diagnose(call, self.now);
            self.deliver(&report, sink)?;
        }
        for (anomaly, _) in self.reassembly.take_anomalies() {
            self.anomaly(anomaly);
        }
        self.count_tracker_anomalies();
        self.facts.duplicates = self.tracker.counts().duplicates;
        self.facts.incomplete.extend(incomplete(&self.facts));
        self.facts.incomplete.extend(self.engine.limits_hit());
        let findings = self.engine.finish(self.now);
        self.summary.capture_findings(&findings);
        sink.end_capture(&self.facts, &self.summary, &findings)?;
        Ok((self.facts, self.summary))
    }

    fn clock(&mut self, time: Timestamp) {
        if self.facts.frames == 0 {
            self.engine.capture_start = time;
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

    fn anomaly(&mut self, anomaly: Anomaly) {
        *self.facts.anomalies.entry(anomaly).or_default() += 1;
    }

    fn deliver(&mut self, report: &CallReport, sink: &mut dyn Sink) -> io::Result<()> {
        let proofs = report.call.proofs_of_loss().len();
        if proofs > 0 {
            *self.facts.anomalies.entry(Anomaly::MessageMissing).or_default() += proofs as u64;
        }
        self.summary.call(report);
        sink.call(report)
    }

    /// What a reassembled datagram holds.
    fn content(&mut self, decoded: &Decoded<'_>, place: &Place<'_>) {
        match decoded {
            Decoded::Udp(datagram) => self.datagram(datagram, place),
            Decoded::Icmp(error) => self.icmp(error, place),
            Decoded::Fragment(_) | Decoded::Skipped(_) => {}
        }
    }

    fn datagram(&mut self, datagram: &Datagram<'_>, place: &Place<'_>) {
        let messages = sip::messages(datagram.payload, datagram.cut);
        if messages.is_empty() {
            self.other_payload(datagram, place);
            return;
        }
        self.facts.sip_datagrams += 1;
        self.learn_hosts(&datagram.flow);
        for Framed { message, offset } in messages {
            let provenance = Provenance {
                frame: place.frame,
                other_frames: place.other_frames.to_vec(),
                time: place.time,
                flow: datagram.flow,
                ip_id: datagram.ip_id,
                ttl: datagram.ttl,
                offset: u32::try_from(offset).unwrap_or(u32::MAX),
            };
            self.message(message, provenance);
        }
    }

    fn message(&mut self, message: Message, provenance: Provenance) {
        self.summary.message(&message);
        for anomaly in message.anomalies() {
            *self.facts.anomalies.entry(*anomaly).or_default() += 1;
        }
        self.tracker.push(message, provenance);
    }

    fn other_payload(&mut self, datagram: &Datagram<'_>, place: &Place<'_>) {
        *self.facts.other_payloads.entry(classify(&datagram.flow, datagram.payload)).or_default() += 1;
        let Some(lookup) = failed_lookup(datagram.flow.source.port, datagram.payload) else { return };
        let known = &mut self.engine.hosts.failed_lookups;
        if known.len() >= limits::FAILED_LOOKUPS || known.contains_key(&lookup.name) {
            return;
        }
        let evidence = Evidence {
            frame: place.frame,
            time: place.time,
            source: datagram.flow.source,
            destination: datagram.flow.destination,
            what: Text::new("DNS response {code}").with("code", lookup.code),
            text: format!("{} {}: {}", lookup.name, lookup.record, lookup.code),
        };
        known.insert(lookup.name, (lookup.code, evidence));
    }

    fn icmp(&mut self, error: &IcmpError<'_>, place: &Place<'_>) {
        let Some(quoted) = error.quoted_flow else { return };
        let endpoint = |address| Endpoint { address, port: 0 };
        let flow = Flow { source: endpoint(error.from), destination: endpoint(error.to), transport: Transport::Udp };
        let provenance = Provenance {
            frame: place.frame,
            other_frames: place.other_frames.to_vec(),
            time: place.time,
            flow,
            ip_id: None,
            ttl: 0,
            offset: 0,
        };
        let report = IcmpReport { provenance, kind: error.kind, unreachable: quoted.destination };
        self.tracker.icmp(report, error.quoted_payload);
    }

    fn learn_hosts(&mut self, flow: &Flow) {
        let hosts = &mut self.engine.hosts;
        if hosts.senders.len() < limits::HOSTS {
            hosts.senders.insert(flow.source.address);
        }
        if hosts.receivers.len() < limits::HOSTS {
            hosts.receivers.insert(flow.destination.address);
        }
        hosts.documentation_traffic |=
            is_documentation(flow.source.address) || is_documentation(flow.destination.address);
    }
}

/// What makes the result incomplete, in words, beside what only the readers of the files know.
fn incomplete(facts: &CaptureFacts) -> Vec<String> {
    let count = |anomaly| facts.anomalies.get(&anomaly).copied().unwrap_or(0);
    let mut reasons = Vec::new();
    if facts.dropped > 0 {
        reasons.push(format!("the capturing program lost {}", counted(facts.dropped, "packet", "packets")));
    }
    let missing = count(Anomaly::FragmentsMissing) + count(Anomaly::FragmentLimit);
    if missing > 0 {
        reasons.push(format!("fragments of {} are missing", counted(missing, "IP datagram", "IP datagrams")));
    }
    if count(Anomaly::MessageCut) > 0 {
        reasons.push(counted(count(Anomaly::MessageCut), "SIP message is cut", "SIP messages are cut"));
    }
    if count(Anomaly::CallLimit) > 0 {
        let calls = counted(count(Anomaly::CallLimit), "call was", "calls were");
        reasons.push(format!("{calls} closed early because a limit was reached"));
    }
    reasons
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Whether the address is one of the ranges for documentation (RFC 5737, RFC 3849).
fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]),
        IpAddr::V6(v6) => matches!(v6.segments(), [0x2001, 0x0db8, ..]),
    }
}
