//! Whole reports of a call flow in text form, for tests of what takes a call with all its findings.

use super::testing::diagnose_with;
use super::{CallReport, Finding, Settings};

/// The reports of the calls of a flow, each observed for a minute longer than the flow.
pub(crate) fn reports(flow: &str) -> Vec<CallReport> {
    reports_after(flow, 60.0)
}

/// The report of the first call of a flow, observed for `seconds` longer than the flow.
pub(crate) fn report_after(flow: &str, seconds: f64) -> CallReport {
    reports_after(flow, seconds).remove(0)
}

/// The report of the first call of a flow.
pub(crate) fn report(flow: &str) -> CallReport {
    report_after(flow, 60.0)
}

/// The reports of the calls of a flow with other settings, each observed for a minute longer than the flow.
pub(crate) fn reports_with(flow: &str, settings: Settings) -> Vec<CallReport> {
    after(flow, 60.0, settings)
}

/// Codes with severities, in the order of the report; consequences in brackets.
pub(crate) fn codes(report: &CallReport) -> Vec<String> {
    let code = |f: &Finding| {
        let text = format!("{} {:?}", f.code, f.severity).to_lowercase();
        if f.consequence_of.is_some() { format!("({text})") } else { text }
    };
    report.findings.iter().map(code).collect()
}

fn reports_after(flow: &str, seconds: f64) -> Vec<CallReport> {
    after(flow, seconds, Settings::default())
}

/// A last datagram between other hosts carries the capture clock on.
fn after(flow: &str, seconds: f64, settings: Settings) -> Vec<CallReport> {
    let clock = "192.0.2.250 > 192.0.2.251 call=clock\nOPTIONS sip:clock.example\n";
    let mut found = diagnose_with(&format!("{flow}\n\n+{seconds} {clock}"), settings);
    let last = found.calls.pop();
    assert!(last.is_some_and(|report| report.call.messages.len() == 1));
    found.calls
}
