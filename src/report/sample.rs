//! One constructed report, with hostile text in it, that the tests of all formats share.

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::{CaptureFacts, Sink, Summary};
use crate::anomaly::Anomaly;
use crate::call::{
    Attempt, AttemptCause, Call, CallNumber, CapturedMessage, FinalResponse, IcmpReport, Leg, MessageId, MessageIds,
    Outcome, Transaction, TransactionId,
};
use crate::diagnosis::{Actor, CallOrigin, CallReport, Certainty, Details, Evidence, Finding, Severity, Signing, Text};
use crate::lang::Fill as _;
use crate::net::{PayloadKind, SkipReason};
use crate::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Frames, Provenance, Timestamp, Transport};
use crate::sip::Message;
use crate::stream::StreamKind;

/// 2026-03-30T14:00:00Z.
const START: i64 = 1_774_879_200_000_000_000;

const PBX: &str = "203.0.113.10";
const REDIRECTOR: &str = "198.51.100.30";
const PHONE: &str = "203.0.113.50";

/// Everything that is written can be read again after the sink is gone.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Feeds the sample report to a sink.
pub(crate) fn play(sink: &mut dyn Sink) {
    play_into(Summary::default(), sink);
}

/// The same with key performance indicators.
pub(super) fn play_measured(sink: &mut dyn Sink) {
    play_into(Summary { kpis: Some(Box::default()), ..Summary::default() }, sink);
}

fn play_into(mut summary: Summary, sink: &mut dyn Sink) {
    sink.begin_capture(0, &["mixed.pcap".to_owned()]).unwrap();
    for report in calls() {
        report.call.messages.iter().for_each(|m| summary.message(&m.message));
        summary.call(&report);
        sink.call(&report).unwrap();
    }
    let findings = capture_findings();
    summary.capture_findings(&findings);
    sink.end_capture(&facts(), &summary, &findings).unwrap();
    let mut total = Summary::default();
    total.add(summary.clone());
    sink.finish(&total).unwrap();
}

/// The calls of the sample report.
pub(crate) fn calls() -> Vec<CallReport> {
    vec![
        answered(1, 0.0, 1),
        unroutable(2, 2.0, 11),
        unwanted(3, 20.0, 30),
        unroutable(4, 40.0, 41),
        keep_alive(5, 50.0, 60),
    ]
}

/// Builds calls message by message.
pub(super) struct Builder {
    call: Call,
    start: f64,
    frame: u64,
    id: String,
}

impl Builder {
    pub(super) fn new(number: u64, start: f64, frame: u64) -> Self {
        let id = format!("c{number}@{PBX}");
        let call = Call {
            number: CallNumber(number),
            legs: vec![Leg { call_id: Some(id.clone().into_bytes()) }],
            messages: Vec::new(),
            transactions: Vec::new(),
            attempts: Vec::new(),
            redirects: Vec::new(),
            icmp: Vec::new(),
            outcome: Outcome::Incomplete,
            outcome_detail: None,
            decided_by: None,
            final_response: None,
            start: at(start),
            end: at(start),
            observed_until: at(start + 60.0),
            media: Vec::new(),
            media_elsewhere: Vec::new(),
            possible_legs: Vec::new(),
            may_be_followed: false,
            next_attempt: None,
            registered: None,
            referral: None,
            taken_over: None,
        };
        Self { call, start, frame, id }
    }

    /// A message at a moment after the start of the call; `lines` are its start line and the header fields that matter.
    pub(super) fn message(&mut self, after: f64, from: &str, to: &str, cseq: &str, lines: &[&str]) -> MessageId {
        let (frame, id) = (self.frame, &self.id);
        let common = format!("Via: SIP/2.0/UDP {PBX};branch=z9hG4bK{frame}\r\nCall-ID: {id}\r\nCSeq: {cseq}");
        let text = [&lines[..1], &[common.as_str()], &lines[1..], &["", ""]].concat().join("\r\n");
        let (message, _) = Message::read(text.as_bytes(), false).unwrap();
        let provenance = provenance(self.frame, at(self.start + after), from, to);
        self.frame += 1;
        self.call.end = self.call.end.max(provenance.time);
        self.call.messages.push(CapturedMessage::new(message, provenance));
        MessageId(self.call.messages.len() - 1)
    }

    /// A transaction of the messages given.
    pub(super) fn transaction(
        &mut self,
        request: MessageId,
        again: &[MessageId],
        provisionals: &[MessageId],
        last: Option<MessageId>,
    ) {
        let sent = &self.call.messages[request.0];
        let transaction = Transaction {
            leg: 0,
            method: sent.message.method().unwrap().clone(),
            client: sent.provenance.flow.source,
            server: sent.provenance.flow.destination,
            request: Some(request),
            retransmissions: again.into(),
            provisionals: provisionals.into(),
            finals: last.iter().map(|message| self.answer(*message)).collect(),
            acks: MessageIds::new(),
            cancelled_by: None,
            upstream: None,
            downstream: Vec::new(),
            in_dialog: false,
            start: sent.provenance.time,
        };
        self.call
            .attempts
            .push(Attempt { transaction: TransactionId(self.call.transactions.len()), because: AttemptCause::First });
        self.call.transactions.push(transaction);
    }

    fn answer(&self, message: MessageId) -> FinalResponse {
        let status = self.call.messages[message.0].message.status().unwrap();
        FinalResponse { message, status, retransmissions: MessageIds::new(), acknowledged: false }
    }

    pub(super) fn end(mut self, outcome: Outcome, decided: Option<MessageId>, findings: Vec<Finding>) -> CallReport {
        self.call.outcome = outcome;
        self.call.final_response = decided;
        let root_cause = outcome.is_failure().then(|| findings.first().map(|f| f.code)).flatten();
        let call = self.call;
        let origin = call.is_invite().then(|| CallOrigin::of_call(&call));
        CallReport { call: Box::new(call), findings, root_cause, identities: Vec::new(), is_excused: false, origin }
    }

    /// A message as evidence.
    pub(super) fn evidence(&self, id: MessageId, what: &'static str, text: &str) -> Evidence {
        let p = &self.call.messages[id.0].provenance;
        Evidence {
            frame: p.frame,
            time: p.time,
            source: p.flow.source,
            destination: p.flow.destination,
            what: Text::new(what),
            text: text.to_owned().into(),
        }
    }
}

pub(super) fn finding(code: &'static str, severity: Severity, message: &'static str, primary: Evidence) -> Finding {
    Finding::from(Details {
        code,
        severity,
        certainty: Certainty::Certain,
        message: Text::new(message),
        evidence: vec![primary],
        actor: None,
        remediation: Vec::new(),
        verification: None,
        consequence_of: None,
        calls: Vec::new(),
        calls_total: 0,
    })
}

fn answered(number: u64, start: f64, frame: u64) -> CallReport {
    let mut b = Builder::new(number, start, frame);
    let parties = ["From: \"王伟\" <sip:+8613800000000@corp.example>;tag=a1", "To: <sip:李娜@分机.example>"];
    let with = |line| [&[line][..], &parties].concat();
    let invite = b.message(0.0, PBX, PHONE, "1 INVITE", &with("INVITE sip:李娜@分机.example SIP/2.0"));
    let ringing = b.message(0.8, PHONE, PBX, "1 INVITE", &with("SIP/2.0 180 振铃中"));
    let ok = b.message(4.2, PHONE, PBX, "1 INVITE", &with("SIP/2.0 200 OK"));
    b.transaction(invite, &[], &[ringing], Some(ok));
    let bye = b.message(9.0, PBX, PHONE, "2 BYE", &with("BYE sip:李娜@分机.example SIP/2.0"));
    let bye_ok = b.message(9.01, PHONE, PBX, "2 BYE", &with("SIP/2.0 200 OK"));
    b.transaction(bye, &[], &[], Some(bye_ok));
    let note = finding(
        "lint-missing-header",
        Severity::Notice,
        "The 200 carries no Contact.",
        b.evidence(ok, "200 response", ""),
    );
    b.end(Outcome::Answered, Some(ok), vec![note])
}

fn unroutable(number: u64, start: f64, frame: u64) -> CallReport {
    let mut b = Builder::new(number, start, frame);
    let parties = ["From: <sip:alice@corp.example>;tag=a1", "To: <sip:+12155550100@pbx.corp.example>"];
    let with = |line, more: &[&'static str]| [&[line][..], &parties, more].concat();
    let invite =
        b.message(0.0, PBX, REDIRECTOR, "1 INVITE", &with("INVITE sip:+12155550100@pbx.corp.example SIP/2.0", &[]));
    let contact = "Contact: <sip:1001@10.20.30.40:5060>";
    let moved = b.message(
        0.015,
        REDIRECTOR,
        PBX,
        "1 INVITE",
        &with("SIP/2.0 301 Moved Permanently", &[contact, "Server: ExampleRedirect/1.0"]),
    );
    b.message(0.016, PBX, REDIRECTOR, "1 ACK", &with("ACK sip:+12155550100@pbx.corp.example SIP/2.0", &[]));
    b.transaction(invite, &[], &[], Some(moved));
    let sent: Vec<_> = [0.02, 0.52, 1.52, 3.52, 7.52, 15.52, 31.52]
        .iter()
        .map(|t| b.message(*t, PBX, "10.20.30.40", "2 INVITE", &with("INVITE sip:1001@10.20.30.40:5060 SIP/2.0", &[])))
        .collect();
    b.transaction(sent[0], &sent[1..], &[], None);
    b.call.icmp.push(IcmpReport {
        provenance: provenance(b.frame, at(start + 0.03), "203.0.113.1", PBX),
        kind: "host unreachable",
        unreachable: endpoint("10.20.30.40"),
    });
    let actor = Actor {
        role: Text::new("operator of the redirect server"),
        address: Some(endpoint(REDIRECTOR)),
        software: Some("ExampleRedirect/1.0".to_owned()),
    };
    let root = finding(
        "redirect-contact-not-routable",
        Severity::Error,
        "The redirect leads to the private address 10.20.30.40, which the public caller 203.0.113.10 cannot reach.",
        b.evidence(moved, "301 response", contact),
    )
    .evidence([b.evidence(sent[0], "INVITE sent there 7 times in 31.5 s", "INVITE sip:1001@10.20.30.40:5060 SIP/2.0")])
    .actor(actor)
    .fix("Publish the public address of the SBC in the Contact of redirects, or relay the call.")
    .fix("Do not store 10.20.30.40 in any phone book.")
    .verify("Repeat the call: the Contact carries a public host, and the second INVITE gets a response within 0.5 s.");
    let mut silent = finding(
        "no-response",
        Severity::Error,
        "The INVITE was sent 7 times; nothing came back.",
        b.evidence(sent[0], "INVITE", ""),
    );
    silent.consequence_of = Some("redirect-contact-not-routable");
    b.end(Outcome::NoResponse, None, vec![root, silent])
}

/// A rejected call whose texts attack terminals and spreadsheets.
fn unwanted(number: u64, start: f64, frame: u64) -> CallReport {
    let mut b = Builder::new(number, start, frame);
    let parties =
        ["From: <sip:+12125550101@corp.example>;tag=\x1b[2J", "To: =HYPERLINK(\"http://evil.example\",\"x\")"];
    let with = |line, more: &[&'static str]| [&[line][..], &parties, more].concat();
    let invite = b.message(0.0, PBX, PHONE, "1 INVITE", &with("INVITE sip:+12155550113@203.0.113.50 SIP/2.0", &[]));
    let ringing = b.message(0.9, PHONE, PBX, "1 INVITE", &with("SIP/2.0 180 Ringing", &[]));
    let phrase = "SIP/2.0 607 \x1b[31m\u{202e}detnawnU\u{9b}1m,\"x\"";
    let server = "Server: @SUM(1+1)*cmd|' /C calc'!A0";
    let no = b.message(7.4, PHONE, PBX, "1 INVITE", &with(phrase, &[server, "Reason: Q.850;cause=21;text=\"-1+1\""]));
    b.transaction(invite, &[], &[ringing], Some(no));
    let actor = Actor { role: Text::new("the calling side"), address: None, software: Some("=1+1".to_owned()) };
    let mut root = finding(
        "unwanted-by-callee",
        Severity::Error,
        "+12155550113 rejected this caller as unwanted after 6.5 s of ringing.",
        b.evidence(no, "607 response", phrase),
    )
    .actor(actor)
    .fix("Remove +12155550113 from the calling list, or obtain consent.");
    root.certainty = Certainty::Strong;
    b.end(Outcome::UnwantedByCallee, Some(no), vec![root])
}

fn keep_alive(number: u64, start: f64, frame: u64) -> CallReport {
    let mut b = Builder::new(number, start, frame);
    let parties = ["From: <sip:ping@corp.example>;tag=a1", "To: <sip:198.51.100.30>"];
    let with = |line| [&[line][..], &parties].concat();
    let options = b.message(0.0, PBX, REDIRECTOR, "1 OPTIONS", &with("OPTIONS sip:198.51.100.30 SIP/2.0"));
    let ok = b.message(0.01, REDIRECTOR, PBX, "1 OPTIONS", &with("SIP/2.0 200 OK"));
    b.transaction(options, &[], &[], Some(ok));
    b.end(Outcome::Answered, Some(ok), Vec::new())
}

fn capture_findings() -> Vec<Finding> {
    let evidence = Evidence {
        frame: FrameRef { file: 0, number: FrameNumber(12) },
        time: at(2.015),
        source: endpoint(REDIRECTOR),
        destination: endpoint(PBX),
        what: Text::new("first 301"),
        text: "Contact: <sip:1001@10.20.30.40:5060>".to_owned().into(),
    };
    let mut found =
        finding("old-address-still-used", Severity::Warning, "203.0.113.10 still calls the moved address.", evidence)
            .fix("Update the address in the directory of 203.0.113.10.");
    found.calls = vec![CallNumber(2), CallNumber(4)];
    found.calls_total = 2;
    vec![found]
}

/// What was read of the sample capture.
pub(super) fn facts() -> CaptureFacts {
    CaptureFacts {
        path: "mixed.pcap".to_owned(),
        format: Text::list(", ", ["pcap".fill(), Text::new("big-endian").fill()]),
        link_types: vec![(1, "Ethernet".to_owned())],
        frames: 1234,
        octets: 345_678,
        skipped: [(SkipReason::Arp, 4), (SkipReason::Igmp, 1100)].into(),
        udp_frames: 120,
        sip_datagrams: 30,
        tcp_frames: 60,
        streams: [(StreamKind::Sip, 2), (StreamKind::SipTls, 1), (StreamKind::Http, 3)].into(),
        other_payloads: [(PayloadKind::Rtp, 90), (PayloadKind::KeepAlive, 2)].into(),
        duplicates: 1,
        icmp_errors: 2,
        first_time: Some(at(0.0)),
        last_time: Some(at(123.5)),
        truncated: true,
        anomalies: [(Anomaly::CaptureTruncated, 1), (Anomaly::BareLineFeed, 3)].into(),
        incomplete: vec![
            Text::new("{file} ends inside a frame, after frame {frame}")
                .with("file", Text::new("the file"))
                .with("frame", 1234),
        ],
        ..CaptureFacts::default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the sample spans minutes")]
fn at(seconds: f64) -> Timestamp {
    Timestamp(START + (seconds * 1e6).round() as i64 * 1000)
}

fn endpoint(address: &str) -> Endpoint {
    Endpoint { address: address.parse::<IpAddr>().unwrap(), port: 5060 }
}

fn provenance(frame: u64, time: Timestamp, from: &str, to: &str) -> Provenance {
    Provenance {
        frame: FrameRef { file: 0, number: FrameNumber(frame) },
        other_frames: Frames::new(),
        time,
        flow: Flow { source: endpoint(from), destination: endpoint(to), transport: Transport::Udp },
        ip_id: None,
        carrier: None,
        ttl: 64,
        offset: 0,
    }
}

/// A call that nobody answered and no rule explains.
pub(super) fn silent(number: u64, host: &str) -> CallReport {
    unanswered("INVITE", number, host)
}

/// The same of any method.
pub(super) fn unanswered(method: &str, number: u64, host: &str) -> CallReport {
    let mut b = Builder::new(number, 0.0, 1);
    let start = format!("{method} sip:bob@b.example SIP/2.0");
    let lines = [start.as_str(), "From: <sip:a@a.example>;tag=1", "To: <sip:bob@b.example>"];
    let request = b.message(0.0, PBX, host, &format!("1 {method}"), &lines);
    b.transaction(request, &[], &[], None);
    b.end(Outcome::NoResponse, None, Vec::new())
}

/// The same with a finding of that severity.
pub(super) fn silent_with(number: u64, host: &str, severity: Severity) -> CallReport {
    let mut report = silent(number, host);
    let provenance = &report.call.messages[0].provenance;
    let evidence = Evidence {
        frame: provenance.frame,
        time: provenance.time,
        source: provenance.flow.destination,
        destination: provenance.flow.source,
        what: Text::new("request"),
        text: String::new().into(),
    };
    report.findings.push(finding("no-response", severity, "Nothing came back.", evidence));
    report.root_cause = Some("no-response");
    report
}

/// A call that is rejected by a host which writes a text of its own wherever it can.
pub(super) fn hostile(text: &str) -> CallReport {
    let mut b = Builder::new(1, 0.0, 1);
    let (from, to) = (format!("From: {text}"), format!("To: <sip:{text}@b.example>;tag={text}"));
    let request = format!("INVITE sip:{text}@b.example SIP/2.0");
    let invite = b.message(0.0, PBX, PHONE, "1 INVITE", &[&request, &from, &to]);
    let (response, reason) = (format!("SIP/2.0 603 {text}"), format!("Reason: {text};cause=1;text=\"{text}\""));
    let server = format!("Server: {text}");
    let no = b.message(0.1, PHONE, PBX, "1 INVITE", &[&response, &from, &to, &reason, &server]);
    b.transaction(invite, &[], &[], Some(no));
    let mut found = finding("hostile", Severity::Error, "{text} says {text}.", b.evidence(no, "response", text));
    found.message = Text::new("{text} says {text}.").with("text", text);
    found.actor =
        Some(Actor { role: Text::new("{text}").with("text", text), address: None, software: Some(text.to_owned()) });
    found.remediation = vec![Text::new("{text}").with("text", text)];
    let mut report = b.end(Outcome::Rejected, Some(no), vec![found]);
    report.origin.as_mut().unwrap().signing = Signing::Invalid;
    report
}
