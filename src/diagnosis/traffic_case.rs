//! What the rules about many calls have in common.

use super::address_scope::{Scope, scope};
use super::patterns::traffic::Attempt;
use super::{Context, Severity};
use crate::call::CallNumber;
use crate::limits::UNWANTED_CALLS;
use crate::provenance::Endpoint;
use crate::stir::TelephoneNumber;

/// Numbers and addresses for documentation belong to nobody: in a laboratory they are a notice. A capture that holds nothing
/// else is an example of real traffic and is told like it.
pub(super) fn severity(client: Endpoint, attempts: &[Attempt], cx: &Context<'_>) -> Severity {
    let fictional = |number: u64| TelephoneNumber::of_claim(&number.to_string()).is_some_and(|n| n.is_fictional());
    let unreal = scope(client.address) == Scope::Documentation || attempts.iter().all(|a| fictional(a.callee));
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
