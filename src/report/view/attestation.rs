//! Final responses by attestation as JSON shows them.

use std::borrow::Cow;

use serde::Serialize;

use crate::report::attestation::{Attestations, Breakdown, Cell, Tally};

/// Calls by the response that decided their outcome and by how their INVITE is signed, as captured nearest to the callee. Each
/// call is counted once in each list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AttestationView<'a> {
    /// Calls with an Identity header field, whatever it is worth.
    signed: u64,
    /// Those of them whose signature was verified with --stir-cert; of all others the level is what the PASSporT claims.
    verified: u64,
    /// All calls.
    by_response: Vec<CellView<'a>>,
    /// By calling number: that of P-Asserted-Identity, else of From, with `+` where its country code is given or assumed; user and
    /// host for callers that are no numbers.
    by_caller: Vec<CellView<'a>>,
    /// By prefix of the calling number: `+1` with area and exchange code, else `+` and the first six digits.
    by_prefix: Vec<CellView<'a>>,
    /// By address of the host that sent the INVITE, on the hop nearest to the caller.
    by_source: Vec<CellView<'a>>,
    /// Calls that are not in `by_caller`, `by_prefix`, `by_source` because a list is as long as the program lets it grow.
    beyond: BeyondView,
}

/// Calls that ended with one response and are signed in one way.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CellView<'a> {
    /// The caller, prefix, or address; null for calls that have none, and in `by_response`.
    key: Option<Cow<'a, str>>,
    /// Status of the response; null where none decided.
    final_status: Option<u16>,
    /// How the INVITE is signed: A, B, or C as claimed; no-level for a PASSporT without one of them; unsigned; invalid where no
    /// verifier may accept it; unknown where the INVITE was not captured, or not as a whole.
    attestation: &'static str,
    /// Calls.
    calls: u64,
    /// Those of them whose signature was verified.
    verified: u64,
}

/// Calls beyond the limits.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BeyondView {
    /// Not in `by_caller`.
    caller: u64,
    /// Not in `by_prefix`.
    prefix: u64,
    /// Not in `by_source`.
    source: u64,
}

impl<'a> AttestationView<'a> {
    /// `None` where the table has nothing to say.
    pub(super) fn new(all: &'a Attestations) -> Option<Self> {
        let list = |of: &'a Breakdown| of.cells().map(|(key, cell, tally)| view(key, cell, tally)).collect();
        let signed = all.signed();
        all.is_relevant().then(|| Self {
            signed: signed.calls,
            verified: signed.verified,
            by_response: all.cells().map(|(cell, tally)| view(None, cell, tally)).collect(),
            by_caller: list(&all.callers),
            by_prefix: list(&all.prefixes),
            by_source: list(&all.sources),
            beyond: BeyondView {
                caller: all.callers.beyond(),
                prefix: all.prefixes.beyond(),
                source: all.sources.beyond(),
            },
        })
    }
}

fn view(key: Option<Cow<'_, str>>, cell: Cell, tally: Tally) -> CellView<'_> {
    CellView {
        key,
        final_status: cell.status,
        attestation: cell.signing.name(),
        calls: tally.calls,
        verified: tally.verified,
    }
}
