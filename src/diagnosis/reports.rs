//! The reports of a call flow in text form, for tests of what takes a whole call with all its findings.

use super::{CallReport, Engine, Finding};
use crate::call::{Call, fixture};
use crate::sample::Flow;

/// The reports of the calls of a flow, each observed for a minute longer than the flow.
pub(crate) fn reports(flow: &str) -> Vec<CallReport> {
    diagnose(flow, fixture::calls(flow))
}

/// The report of a flow whose Call-IDs all belong to one call, observed for `seconds` longer than the flow.
pub(crate) fn report_after(flow: &str, seconds: f64) -> CallReport {
    diagnose(flow, vec![fixture::joined(flow, seconds)]).remove(0)
}

/// The report of a flow whose Call-IDs all belong to one call.
pub(crate) fn report(flow: &str) -> CallReport {
    report_after(flow, 60.0)
}

/// Codes with severities, in the order of the report; consequences in brackets.
pub(crate) fn codes(report: &CallReport) -> Vec<String> {
    let code = |f: &Finding| {
        let text = format!("{} {:?}", f.code, f.severity).to_lowercase();
        if f.consequence_of.is_some() { format!("({text})") } else { text }
    };
    report.findings.iter().map(code).collect()
}

fn diagnose(flow: &str, calls: Vec<Call>) -> Vec<CallReport> {
    let mut engine = Engine::default();
    for datagram in Flow::parse(flow).unwrap().datagrams() {
        engine.hosts.senders.insert(datagram.flow.source.address);
        engine.hosts.receivers.insert(datagram.flow.destination.address);
    }
    engine.hosts.documentation_traffic = true;
    let until = |call: &Call| call.observed_until;
    calls.into_iter().map(|call| (until(&call), call)).map(|(now, call)| engine.diagnose(call, now)).collect()
}
