//! One row a cell of the table of final responses by attestation.

use std::borrow::Cow;

use super::{Column, column, optional};
use crate::catalog;
use crate::report::attestation::{Attestations, Cell, Tally};

/// What a row is made of.
pub(super) struct Row<'a> {
    file: &'a str,
    by: &'static str,
    key: Option<Cow<'a, str>>,
    /// `None` in the row of calls beyond the limit.
    cell: Option<Cell>,
    tally: Tally,
}

/// The cells of all calls together, then those of each breakdown, each with a last row for what found no room in it.
pub(super) fn rows<'a>(file: &'a str, all: &'a Attestations) -> Vec<Row<'a>> {
    let mut rows: Vec<_> =
        all.cells().map(|(cell, tally)| Row { file, by: "all", key: None, cell: Some(cell), tally }).collect();
    for (by, breakdown) in all.breakdowns() {
        rows.extend(breakdown.cells().map(|(key, cell, tally)| Row { file, by, key, cell: Some(cell), tally }));
        let beyond = Tally { calls: breakdown.beyond(), verified: 0 };
        rows.extend((beyond.calls > 0).then_some(Row {
            file,
            by,
            key: Some("(others)".into()),
            cell: None,
            tally: beyond,
        }));
    }
    rows
}

type Value = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Value>] = &[
    column("file", "The capture; with `--merge`, all its files.", |r| r.file.to_owned()),
    column(
        "by",
        "What the row is about: `all` calls of the capture, or those of one `caller`, `prefix` or `source`; each call is counted \
         once in each of the four.",
        |r| r.by.to_owned(),
    ),
    column(
        "key",
        "Of a `caller` the number of P-Asserted-Identity, else of From, in the INVITE nearest to the callee, with `+` where its \
         country code is given or assumed (`--country`), else user and host. Of a `prefix` `+1` with area and exchange code, else \
         `+` and the first six digits. Of a `source` the address that sent the INVITE on the hop nearest to the caller. Empty for \
         calls that have none; `(others)` for those beyond the limit on rows.",
        |r| optional(r.key.as_deref()),
    ),
    column("final_status", "Status of the response that decided the outcome; empty where none did.", |r| {
        optional(r.cell.and_then(|cell| cell.status))
    }),
    column("meaning", "Its registered phrase.", |r| {
        let entry = r.cell.and_then(|cell| cell.status).and_then(catalog::lookup);
        optional(entry.map(|entry| entry.phrase))
    }),
    column(
        "attestation",
        "How the INVITE nearest to the callee is signed: `A`, `B`, `C` as its PASSporT claims (of several the one of SHAKEN, and of \
         several such one that holds); `no-level` for a PASSporT without one; `unsigned`; `invalid` where no verifier may accept it: \
         it cannot be read or lacks what it must have, has the form of RFC 4474, names another caller or another called number, lies \
         more than a minute from Date and from the clock of the capture, or its signature was checked and is wrong; `unknown` where the INVITE \
         was not captured, or not as a whole.",
        |r| optional(r.cell.map(|cell| cell.signing.name())),
    ),
    column("calls", "Calls (INVITE).", |r| r.tally.calls.to_string()),
    column(
        "verified_calls",
        "Those whose signature was verified with `--stir-cert`; of the others the level is a claim.",
        |r| r.tally.verified.to_string(),
    ),
];
