//! What the rules say about a call flow in text form, for tests: the flow goes through the whole pipeline, from frames on.

use std::io;

use super::{CallReport, Finding, Settings, Severity};
use crate::capture::Frame;
use crate::pipeline::Analysis;
use crate::provenance::{FrameNumber, FrameRef};
use crate::report::{CaptureFacts, Sink, Summary};
use crate::sample::Flow;

/// The parties of [`redirected`]: a client, the server that redirects, and where it redirects to.
pub(crate) const HOSTS: &str = "host pbx 192.0.2.10\nhost old 198.51.100.30\nhost new 203.0.113.40\n\n";
/// Traffic long after a redirect, so that what did not happen by then did not happen, and past the server that redirects.
pub(crate) const LATER: &str = "3.0 pbx > 203.0.113.99 call=beside\nOPTIONS sip:203.0.113.99\n\n+0.01 203.0.113.99 > pbx call=beside\n200 OK\n\n\
     50.0 pbx > old call=ping\nOPTIONS sip:198.51.100.30\n\n+0.01 old > pbx call=ping\n200 OK\n\n";

/// A call for `sip:bob@corp.example` that is redirected after 15 ms; `response` is the status line with header fields,
/// `rest` the steps that follow the ACK.
pub(crate) fn redirected(response: &str, rest: &str) -> String {
    format!(
        "{HOSTS}0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.015 old > pbx tag=r1\n{response}\n\n\
         0.016 pbx > old\nACK\n\n{rest}"
    )
}

/// A follow-up to `new` with its final response and ACK.
pub(crate) fn followed(uri: &str, status_line: &str) -> String {
    format!("0.03 pbx > new\nINVITE {uri}\n\n+0.1 new > pbx\n{status_line}\n\n+0.001 pbx > new\nACK\n\n")
}

/// A session description with these lines of media.
pub(crate) fn sdp(media: &str) -> String {
    format!(
        "Content-Type: application/sdp\n.\nv=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n{media}\n"
    )
}

/// An offer of these lines of media that `p` refuses with 488; `response` is what else that has.
pub(crate) fn offer_refused(offer: &str, response: &str) -> String {
    let offer = sdp(offer);
    format!(
        "{OFFER_HOSTS}0.0 a > p\nINVITE sip:bob@p\n{offer}\n0.1 p > a\n488 Not Acceptable Here\n{response}\n0.2 a > p\nACK\n\n"
    )
}

/// The parties of [`offer_refused`].
pub(crate) const OFFER_HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n";

/// What came out of the pipeline.
#[derive(Debug, Default)]
pub(crate) struct Diagnosed {
    /// The calls by their numbers.
    pub(crate) calls: Vec<CallReport>,
    /// Findings about the whole capture.
    pub(crate) capture: Vec<Finding>,
}

/// Diagnoses a flow.
pub(crate) fn diagnose(flow_text: &str) -> Diagnosed {
    diagnose_with(flow_text, Settings::default())
}

pub(crate) fn diagnose_with(flow_text: &str, settings: Settings) -> Diagnosed {
    diagnose_files(flow_text, settings, |_| 0)
}

/// The same, with the frames in several files.
pub(crate) fn diagnose_files(flow_text: &str, settings: Settings, file: impl Fn(&[u8]) -> u16) -> Diagnosed {
    let flow = Flow::parse(flow_text).unwrap();
    let mut analysis = Analysis::new(settings);
    let mut found = Diagnosed::default();
    for (number, frame) in (1..).zip(flow.frames()) {
        let frame = Frame {
            reference: FrameRef { file: file(&frame.bytes), number: FrameNumber(number) },
            time: frame.time,
            link_type: flow.link_type(),
            original_length: frame.original_length,
            bytes: &frame.bytes,
        };
        analysis.frame(&frame, &mut found).unwrap();
    }
    analysis.finish(|_| {}, &mut found).unwrap();
    found.calls.sort_by_key(|report| report.call.number);
    found
}

/// Everything that was found: the findings of the calls in the order of their calls, then those of the whole capture.
pub(crate) fn findings(flow_text: &str) -> Vec<Finding> {
    findings_with(flow_text, Settings::default())
}

/// The same with other settings.
pub(crate) fn findings_with(flow_text: &str, settings: Settings) -> Vec<Finding> {
    let found = diagnose_with(flow_text, settings);
    let all: Vec<_> = found.calls.into_iter().flat_map(|report| report.findings).chain(found.capture).collect();
    for finding in &all {
        // A placeholder without its value panics here.
        let sentences = [&finding.message].into_iter().chain(&finding.remediation).chain(&finding.verification);
        let roles = finding.actor.iter().map(|actor| &actor.role).chain(finding.evidence.iter().map(|e| &e.what));
        assert!(sentences.chain(roles).map(ToString::to_string).all(|text| !text.is_empty()), "{finding:?}");
    }
    all
}

/// The findings with that code.
pub(crate) fn with_code(flow_text: &str, code: &str) -> Vec<Finding> {
    findings(flow_text).into_iter().filter(|f| f.code == code).collect()
}

/// The only finding with that code.
pub(crate) fn only(flow_text: &str, code: &str) -> Finding {
    let mut found = with_code(flow_text, code);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// Each row: what it shows, a flow, and the severity of the one finding that the rule must make of it (`None`: none).
pub(crate) fn check(code: &str, rows: &[(&str, &str, Option<Severity>)]) {
    for (name, flow, expected) in rows {
        let found: Vec<_> = with_code(flow, code).iter().map(|f| f.severity).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{name}");
    }
}

impl Sink for Diagnosed {
    fn begin_capture(&mut self, _index: usize, _files: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.calls.push(report.clone());
        Ok(())
    }

    fn end_capture(&mut self, _facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.capture.extend_from_slice(findings);
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// A call of a flow by its number, from `client>server`: the INVITE with what follows its start line, and what it gets. One that is accepted ends
/// at once.
pub(crate) fn call(at: f64, n: usize, way: &str, invite: &str, got: &str) -> String {
    let (client, server) = way.split_once('>').unwrap();
    let set_up = format!(
        "{at} {client} > {server} call=c{n}\nINVITE {invite}\n\n+0.05 {server} > {client} call=c{n}\n{got}\n\n\
         +0.01 {client} > {server} call=c{n}\nACK\n\n"
    );
    if !got.starts_with('2') {
        return set_up;
    }
    format!("{set_up}+0.1 {client} > {server} call=c{n}\nBYE\n\n+0.01 {server} > {client} call=c{n}\n200 OK\n\n")
}
