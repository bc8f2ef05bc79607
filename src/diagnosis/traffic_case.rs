//! What the rules about many calls have in common.

use super::address_scope::{Scope, scope};
use super::patterns::traffic::Attempt;
use super::{Context, Severity};
use crate::call::CallNumber;
use crate::limits::UNWANTED_CALLS;
use crate::provenance::Endpoint;
use crate::stir::TelephoneNumber;

/// Numbers and addresses for documentation belong to nobody, and who sends from a loopback address tests: in a laboratory
/// such traffic is a notice. A capture that holds nothing
/// else is an example of real traffic and is told like it.
pub(super) fn severity(client: Endpoint, attempts: &[Attempt], cx: &Context<'_>) -> Severity {
    let callees: Vec<String> = attempts.iter().map(|attempt| attempt.callee.to_string()).collect();
    severity_of(client, callees.iter().map(String::as_str), cx)
}

/// The same of called parties.
pub(super) fn severity_of<'a>(
    client: Endpoint,
    mut callees: impl ExactSizeIterator<Item = &'a str>,
    cx: &Context<'_>,
) -> Severity {
    let fictional = |number: &str| TelephoneNumber::of_claim(number).is_some_and(|n| n.is_fictional());
    let place = matches!(scope(client.address), Scope::Documentation | Scope::Loopback);
    let unreal = place || (callees.len() > 0 && callees.all(fictional));
    if unreal && !cx.hosts.documentation_traffic { Severity::Notice } else { Severity::Warning }
}

/// The calls that a finding lists, in order, and how many there are.
pub(super) fn calls(attempts: &[Attempt], total: u64) -> (Vec<CallNumber>, u64) {
    let mut calls: Vec<CallNumber> = attempts.iter().map(|attempt| attempt.call).collect();
    calls.sort_unstable();
    calls.dedup();
    calls.truncate(UNWANTED_CALLS);
    (calls, total)
}
