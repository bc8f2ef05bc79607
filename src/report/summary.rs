//! The numbers of a report: what was read, and what was found in it.

use std::collections::BTreeMap;

use super::attestation::Attestations;
use super::clusters::Clusters;
use super::codes::Codes;
use crate::anomaly::Anomaly;
use crate::baseline::Compared;
use crate::call::Outcome;
use crate::diagnosis::{CallReport, Finding};
use crate::kpi::Kpis;
use crate::lang::Text;
use crate::limits;
use crate::net::{Layers, PayloadKind, SctpKind, SkipReason};
use crate::provenance::Timestamp;
use crate::sip::{Message, StatusClass, StatusCode};
use crate::stream::StreamKind;
use crate::tls::TlsSummary;

/// What was read of one capture (or of several that were merged).
#[derive(Debug, Clone, Default)]
pub struct CaptureFacts {
    /// How the user named it; of merged captures, all names joined by `, `.
    pub path: String,
    /// Such as `pcap (microseconds, little-endian), gzip`.
    pub format: Text,
    /// LINKTYPE numbers of its interfaces with their names, ascending.
    pub link_types: Vec<(u16, String)>,
    /// Frames read.
    pub frames: u64,
    /// Octets of frames as captured.
    pub octets: u64,
    /// Frames that hold nothing for sipscan, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// UDP datagrams that are no SIP, by kind.
    pub other_payloads: BTreeMap<PayloadKind, u64>,
    /// Frames (and datagrams put together from fragments) with tunnels, tags, labels or HEP, by the way through their layers.
    pub layers: BTreeMap<Layers, u64>,
    /// Those with further ways, behind [`limits::LAYER_PATHS`].
    pub other_layers: u64,
    /// Copies of collectors (HEP), by the number of the capture agent that made them.
    pub capture_agents: BTreeMap<u32, u64>,
    /// Frames that hold a whole UDP datagram.
    pub udp_frames: u64,
    /// UDP datagrams (reassembled ones included) that hold SIP.
    pub sip_datagrams: u64,
    /// Frames that hold a whole TCP segment.
    pub tcp_frames: u64,
    /// TCP connections, by what they carry.
    pub streams: BTreeMap<StreamKind, u64>,
    /// Frames that hold a whole SCTP packet.
    pub sctp_frames: u64,
    /// User messages of SCTP, by what they are.
    pub sctp_messages: BTreeMap<SctpKind, u64>,
    /// TLS connections that carry SIP, or seem to.
    pub tls: TlsSummary,
    /// Frames that hold fragments.
    pub fragments: u64,
    /// ICMP errors about UDP datagrams.
    pub icmp_errors: u64,
    /// Datagrams or segments captured twice.
    pub duplicates: u64,
    /// Time of the earliest frame.
    pub first_time: Option<Timestamp>,
    /// Time of the latest frame.
    pub last_time: Option<Timestamp>,
    /// Whether the file ends inside its last frame.
    pub truncated: bool,
    /// Packets that the capturing program reported as lost.
    pub dropped: u64,
    /// Oddities with their counts.
    pub anomalies: BTreeMap<Anomaly, u64>,
    /// What makes the result incomplete, in words, such as `the file ends inside frame 17`; empty: complete.
    pub incomplete: Vec<Text>,
    /// The error that ended reading early, in words.
    pub error: Option<Text>,
}

/// What a filter left of the calls of a capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filtered {
    /// What was asked for, as on the command line.
    pub expression: String,
    /// Calls in the capture, selected or not.
    pub calls: u64,
    /// Other groups in the capture, selected or not.
    pub other_groups: u64,
    /// Findings about the capture as a whole that are left out because they are about none of the selected calls.
    pub findings_left_out: u64,
}

/// What was found. Messages are those of the whole capture; everything else is that of the calls that a filter selects.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Index of the capture it is about, as in [`Sink::begin_capture`](super::Sink::begin_capture); 0 in a sum.
    pub capture: usize,
    /// SIP messages, retransmissions and duplicates included.
    pub messages: u64,
    /// Those of them that were captured again almost at once, as by a second tap: copies of another one.
    pub message_copies: u64,
    /// Requests by method, retransmissions and duplicates included.
    pub requests: BTreeMap<String, u64>,
    /// Responses by status, retransmissions and duplicates included.
    pub responses: BTreeMap<u16, u64>,
    /// Distinct final responses by status.
    pub final_by_status: BTreeMap<u16, u64>,
    /// Final responses sent again.
    pub retransmitted_finals: u64,
    /// Final responses seen again between other addresses.
    pub finals_elsewhere: u64,
    /// Calls (groups that begin with an INVITE).
    pub calls: u64,
    /// Other groups: registrations, keep-alives, subscriptions, …
    pub other_groups: u64,
    /// Calls by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Findings by code, those about the capture as a whole included.
    pub findings: Codes,
    /// Failures by cause.
    pub clusters: Clusters,
    /// Final responses by attestation.
    pub attestations: Attestations,
    /// Key performance indicators; `None` unless they are wanted.
    pub kpis: Option<Box<Kpis>>,
    /// What a comparison with a baseline left out; `None` without one.
    pub baseline: Option<Box<Compared>>,
    /// Findings that the settings left out, by code.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Calls whose calling or called number got a country code that it had not, by that code.
    pub assumed_countries: BTreeMap<String, u64>,
    /// What a filter selects from; `None` without one.
    pub filtered: Option<Filtered>,
}

impl CaptureFacts {
    /// Whether everything was captured, read and analysed.
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty() && self.error.is_none()
    }

    /// What makes the result incomplete, the error that ended reading included.
    pub fn incomplete_reasons(&self) -> Vec<Text> {
        self.incomplete.iter().chain(&self.error).cloned().collect()
    }
}

/// Where requests are counted whose method came after [`limits::METHODS`] others, or is longer than any.
const OTHER_METHODS: &str = "(other)";

impl Summary {
    /// Counts a message as it was captured.
    pub fn message(&mut self, message: &Message) {
        self.messages += 1;
        if let Some(status) = message.status() {
            *self.responses.entry(status.0).or_default() += 1;
        } else if let Some(method) = message.method() {
            self.count_request(method.name(), 1);
        }
    }

    fn count_request(&mut self, method: &str, n: u64) {
        if let Some(count) = self.requests.get_mut(method) {
            *count += n;
        } else {
            let is_counted = self.requests.len() < limits::METHODS && method.len() <= limits::METHOD_OCTETS;
            let name = if is_counted { method } else { OTHER_METHODS };
            *self.requests.entry(name.to_owned()).or_default() += n;
        }
    }

    /// Counts a closed call.
    pub fn call(&mut self, report: &CallReport) {
        let again = report.call.count_finals(|status| {
            *self.final_by_status.entry(status.0).or_default() += 1;
        });
        self.retransmitted_finals += again.retransmissions;
        self.finals_elsewhere += again.elsewhere;
        if report.call.is_invite() {
            self.calls += 1;
            *self.outcomes.entry(report.call.outcome).or_default() += 1;
        } else {
            self.other_groups += 1;
        }
        self.capture_findings(&report.findings);
        self.clusters.call(report, self.capture);
        self.attestations.call(report);
        if let Some(kpis) = &mut self.kpis {
            kpis.call(&report.call);
        }
        if let Some(country) = report.origin.as_ref().and_then(|origin| origin.assumed_country.as_ref()) {
            match self.assumed_countries.get_mut(country) {
                Some(calls) => *calls += 1,
                None => drop(self.assumed_countries.insert(country.clone(), 1)),
            }
        }
    }

    /// Distinct final responses by class.
    pub fn final_by_class(&self) -> BTreeMap<StatusClass, u64> {
        let mut classes = BTreeMap::new();
        for (status, responses) in &self.final_by_status {
            if let Some(class) = StatusCode(*status).class() {
                *classes.entry(class).or_default() += responses;
            }
        }
        classes
    }

    /// Counts findings.
    pub fn capture_findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.findings.count(finding.code, 1);
        }
    }

    /// Adds the numbers of another capture.
    pub fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.message_copies += other.message_copies;
        self.retransmitted_finals += other.retransmitted_finals;
        self.finals_elsewhere += other.finals_elsewhere;
        self.calls += other.calls;
        self.other_groups += other.other_groups;
        other.requests.iter().for_each(|(method, n)| self.count_request(method, *n));
        add_counts(&mut self.responses, &other.responses);
        add_counts(&mut self.final_by_status, &other.final_by_status);
        add_counts(&mut self.outcomes, &other.outcomes);
        self.findings.add(&other.findings);
        self.clusters.add(&other.clusters);
        self.attestations.add(other.attestations);
        if let Some(theirs) = &other.kpis {
            self.kpis.get_or_insert_default().add(theirs);
        }
        match (&mut self.baseline, &other.baseline) {
            (Some(ours), Some(theirs)) => ours.add(theirs),
            (ours, theirs) => *ours = ours.take().or_else(|| theirs.clone()),
        }
        add_counts(&mut self.ignored, &other.ignored);
        add_counts(&mut self.assumed_countries, &other.assumed_countries);
        if let Some(theirs) = &other.filtered {
            let empty = || Filtered { expression: theirs.expression.clone(), ..Filtered::default() };
            let ours = self.filtered.get_or_insert_with(empty);
            ours.calls += theirs.calls;
            ours.other_groups += theirs.other_groups;
            ours.findings_left_out += theirs.findings_left_out;
        }
    }
}

fn add_counts<K: Ord + Clone>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *to.entry(key.clone()).or_default() += count;
    }
}
