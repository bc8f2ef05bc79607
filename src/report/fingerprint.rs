//! What makes two results the same in two runs: neither the number of a call, nor frames, nor times.

use std::borrow::Cow;

use crate::diagnosis::{CallReport, Finding};
use crate::report::facts;

/// The same problem: diagnosis, who called whom, final status, and the hosts that the primary evidence went between.
pub(crate) fn cause(finding: &Finding, report: Option<&CallReport>) -> String {
    hex(&of_cause(finding, report))
}

/// The same problem in the same call, by its Call-ID.
pub(crate) fn call(finding: &Finding, report: &CallReport) -> String {
    let mut parts = of_cause(finding, Some(report));
    parts.extend(report.call.legs.iter().filter_map(|leg| leg.call_id.as_deref()).take(1).flatten());
    hex(&parts)
}

fn of_cause(finding: &Finding, report: Option<&CallReport>) -> Vec<u8> {
    let call = report.map(|report| &*report.call);
    let evidence = finding.evidence.first();
    let parts = [
        Some(Cow::Borrowed(finding.code)),
        // Findings about a capture have no call; their sentence tells them apart.
        Some(finding.message.template().into()),
        call.and_then(facts::method).map(Cow::Borrowed),
        call.and_then(facts::caller),
        call.and_then(facts::callee),
        call.and_then(facts::final_status).map(|status| status.to_string().into()),
        evidence.map(|e| e.source.address.to_string().into()),
        evidence.map(|e| e.destination.address.to_string().into()),
    ];
    // A separator that no part holds, so that no two lists look alike.
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(part.unwrap_or_default().bytes().filter(|byte| *byte != 0));
        bytes.push(0);
    }
    bytes
}

/// FNV-1a of 64 bits: names a problem, protects nothing.
fn hex(bytes: &[u8]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!((hex(b""), hex(b"foobar")), ("cbf29ce484222325".to_owned(), "85944171f73967e8".to_owned()));
    }
}
