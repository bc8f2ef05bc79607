//! What the rules say about a call flow in text form, for tests.

use super::{Engine, Finding, Severity};
use crate::call::{Call, fixture};
use crate::provenance::Timestamp;
use crate::sample::Flow;

/// Everything that was found: the findings of the calls in the order of their calls, then those of the whole capture.
pub(crate) fn findings(flow_text: &str) -> Vec<Finding> {
    diagnose(flow_text, fixture::calls(flow_text))
}

/// The same with all Call-IDs of the flow taken for one call, as when a B2BUA or a redirect ties them together.
pub(crate) fn findings_of_one_call(flow_text: &str) -> Vec<Finding> {
    diagnose(flow_text, vec![fixture::call(flow_text)])
}

/// The findings with that code.
pub(crate) fn with_code(flow_text: &str, code: &str) -> Vec<Finding> {
    findings(flow_text).into_iter().filter(|f| f.code == code).collect()
}

/// Each row: a flow, and the severity of the one finding that the rule must make of it (`None`: it must be silent).
pub(crate) fn check(code: &str, rows: &[(&str, &str, Option<Severity>)]) {
    for (name, flow, expected) in rows {
        let found: Vec<_> = with_code(flow, code).iter().map(|f| f.severity).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{name}");
    }
}

fn diagnose(flow_text: &str, calls: Vec<Call>) -> Vec<Finding> {
    let flow = Flow::parse(flow_text).unwrap();
    let mut engine = Engine::default();
    let datagrams = flow.datagrams();
    for datagram in &datagrams {
        engine.hosts.senders.insert(datagram.flow.source.address);
        engine.hosts.receivers.insert(datagram.flow.destination.address);
    }
    // Flows use documentation addresses throughout.
    engine.hosts.documentation_traffic = true;
    engine.capture_start = datagrams.first().map(|d| d.time).unwrap_or_default();
    let end = datagrams.last().map(|d| d.time).unwrap_or_default();
    let mut all = Vec::new();
    for call in calls {
        all.extend(engine.diagnose(call, end).findings);
    }
    all.extend(engine.finish(end.max(Timestamp::default())));
    for finding in &all {
        // Every sentence must have its values; a missing one panics here in tests.
        let words = [&finding.message].into_iter().chain(&finding.remediation).chain(&finding.verification);
        assert!(words.map(ToString::to_string).all(|text| !text.is_empty() && !text.contains("{}")));
    }
    all
}
