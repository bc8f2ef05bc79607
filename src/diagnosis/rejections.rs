//! Final responses of one status, each once however many hops relayed it: the copy on the deepest hop that shows it. Inside a dialog there
//! is no call left that could be rejected, and a registration is none.

use crate::call::{Call, CapturedMessage, NEARBY, Origin, TransactionId};
use crate::sip::{Method, StatusCode};

/// Final responses with that status to requests outside a dialog that reach for somebody, with their transactions.
pub(super) fn with_status(call: &Call, status: StatusCode) -> impl Iterator<Item = (TransactionId, &CapturedMessage)> {
    (0..call.transactions.len()).map(TransactionId).filter_map(move |id| {
        call.transaction(id).filter(|t| !t.in_dialog && t.method != Method::Register)?;
        let relayed = call.transaction(id).and_then(|t| t.upstream).and_then(|up| call.final_status(up));
        let nearest = call.final_status(id) == Some(status) && relayed != Some(status) && !is_copy(call, id);
        nearest.then(|| deepest(call, id, status)).flatten()
    })
}

/// Whether an earlier transaction has the same response, on the other side of a translation of addresses.
fn is_copy(call: &Call, id: TransactionId) -> bool {
    let Some(response) = call.decisive_final(id) else { return false };
    let mut earlier = call.transactions.iter().take(id.0).rev().take(NEARBY).flat_map(|t| &t.finals);
    earlier.any(|f| call.is_translated(f.message, response.message))
}

fn deepest(call: &Call, id: TransactionId, status: StatusCode) -> Option<(TransactionId, &CapturedMessage)> {
    let origin = call.origin_of_failure(id).map(Origin::transaction);
    let at = origin.filter(|deep| call.final_status(*deep) == Some(status)).unwrap_or(id);
    Some((at, call.message(call.decisive_final(at)?.message)?))
}
