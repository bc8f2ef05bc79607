//! A capture as JSON shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tls::TlsView;
use super::{Place, Time};
use crate::report::CaptureFacts;

/// What was read of one capture, or of several files that were merged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct CaptureView {
    /// Index of the capture, from 0.
    index: usize,
    /// How the user named it; of merged captures all names, joined by `, `.
    path: String,
    /// The files of a merged capture in the order of `file` indexes; only there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    /// Such as `pcap (microseconds, little-endian), gzip`.
    format: String,
    /// Link types of its interfaces, ascending.
    link_types: Vec<LinkTypeView>,
    /// Frames read.
    frames: u64,
    /// Octets of frames as captured.
    octets: u64,
    /// Frames that hold nothing to analyse, by reason.
    frames_skipped: BTreeMap<&'static str, u64>,
    /// Frames with tunnels, VLAN tags, labels or HEP, by the way through their layers, such as `Ethernet > VLAN 42 > IPv4 > GRE > IPv4`.
    layers: BTreeMap<String, u64>,
    /// Frames with further ways through layers, behind the limit on those told apart.
    other_layers: u64,
    /// Copies of collectors (HEP), by the number of the capture agent that made them.
    capture_agents: BTreeMap<String, u64>,
    /// Frames that hold a whole UDP datagram.
    udp_frames: u64,
    /// UDP datagrams, reassembled ones included, that hold SIP.
    sip_datagrams: u64,
    /// UDP datagrams that are no SIP, by kind.
    other_payloads: BTreeMap<&'static str, u64>,
    /// Frames that hold a whole TCP segment.
    tcp_frames: u64,
    /// TCP connections, by what they carry: `sip`, `sip-over-tls-decrypted`, `sip-over-tls` (encrypted), `tls`, `http`, …
    streams: BTreeMap<&'static str, u64>,
    /// Frames that hold a whole SCTP packet.
    sctp_frames: u64,
    /// User messages of SCTP, by what they are: `sip`, `diameter`, `sigtran`, …
    sctp_messages: BTreeMap<&'static str, u64>,
    /// TLS connections that carry SIP, or seem to; `tls` has the first ones of them.
    tls_connections: u64,
    /// TLS connections that were not read although the capture has their secrets, because these stand behind the frames.
    tls_late_secrets: u64,
    /// What their handshakes show, in the order in which they ended.
    tls: Vec<TlsView>,
    /// Frames that hold IP fragments.
    fragments: u64,
    /// ICMP errors about UDP datagrams.
    icmp_errors: u64,
    /// Datagrams or segments captured twice.
    duplicates: u64,
    /// Time of the earliest frame; null without frames.
    first_time: Option<Time>,
    /// Time of the latest frame; null without frames.
    last_time: Option<Time>,
    /// Whether the file ends inside its last frame.
    truncated: bool,
    /// Packets that the capturing program reported as lost.
    dropped: u64,
    /// Oddities of the traffic, by code.
    anomalies: BTreeMap<&'static str, u64>,
    /// Whether everything was captured, read, and analysed.
    complete: bool,
    /// What makes the result incomplete, in words; empty when it is complete.
    incomplete: Vec<String>,
    /// The error that ended reading early; null when there was none.
    error: Option<String>,
}

/// The link type of an interface.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LinkTypeView {
    /// LINKTYPE number, such as 1.
    number: u16,
    /// Its name, such as `Ethernet`.
    name: String,
}

/// A reason why the whole report is incomplete.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Incomplete {
    /// Index of the capture in `captures`.
    capture: usize,
    /// What is missing, in words.
    reason: String,
}

impl CaptureView {
    pub(in crate::report) fn new(facts: &CaptureFacts, place: Place, files: &[String]) -> Self {
        Self {
            index: place.capture,
            path: facts.path.clone(),
            files: if place.merged { files.to_vec() } else { Vec::new() },
            format: facts.format.to_string(),
            link_types: facts
                .link_types
                .iter()
                .map(|(number, name)| LinkTypeView { number: *number, name: name.clone() })
                .collect(),
            frames: facts.frames,
            octets: facts.octets,
            frames_skipped: facts.skipped.iter().map(|(reason, n)| (reason.code(), *n)).collect(),
            layers: facts.layers.iter().map(|(layers, n)| (layers.to_string(), *n)).collect(),
            other_layers: facts.other_layers,
            capture_agents: facts.capture_agents.iter().map(|(agent, n)| (agent.to_string(), *n)).collect(),
            udp_frames: facts.udp_frames,
            sip_datagrams: facts.sip_datagrams,
            other_payloads: facts.other_payloads.iter().map(|(kind, n)| (kind.code(), *n)).collect(),
            tcp_frames: facts.tcp_frames,
            streams: facts.streams.iter().map(|(kind, n)| (kind.code(), *n)).collect(),
            sctp_frames: facts.sctp_frames,
            sctp_messages: facts.sctp_messages.iter().map(|(kind, n)| (kind.code(), *n)).collect(),
            tls_connections: facts.tls.connections,
            tls_late_secrets: facts.tls.late_secrets,
            tls: facts.tls.streams.iter().map(|stream| TlsView::new(stream, place)).collect(),
            fragments: facts.fragments,
            icmp_errors: facts.icmp_errors,
            duplicates: facts.duplicates,
            first_time: facts.first_time.map(Time),
            last_time: facts.last_time.map(Time),
            truncated: facts.truncated,
            dropped: facts.dropped,
            anomalies: facts.anomalies.iter().map(|(anomaly, n)| (anomaly.code(), *n)).collect(),
            complete: facts.is_complete(),
            incomplete: facts
                .incomplete_reasons()
                .iter()
                .map(|reason| reason.in_lang(place.lang).to_string())
                .collect(),
            error: facts.error.as_ref().map(|error| error.in_lang(place.lang).to_string()),
        }
    }

    /// The reasons of a capture for the list of the whole report.
    pub(in crate::report) fn reasons(&self) -> impl Iterator<Item = Incomplete> {
        let capture = self.index;
        self.incomplete.iter().map(move |reason| Incomplete { capture, reason: reason.clone() })
    }
}
