//! One row a calling number that was complained about.

use super::{Column, column, joined, list};
use crate::diagnosis::lists::complaints::{self, Action};
use crate::lang::{Lang, Text};

/// What a row is made of.
pub(super) enum Row<'a> {
    /// A caller.
    Caller {
        /// What is known of it.
        row: &'a complaints::Row,
        /// The files of all captures.
        files: &'a [String],
        /// The language of sentences.
        lang: Lang,
    },
    /// So many calls found no room.
    LeftOut(u64, Lang),
}

const LEFT_OUT: &str = "This list is incomplete: so many calls found no room in it.";

impl Row<'_> {
    fn of(&self, cell: impl Fn(&complaints::Row) -> String) -> String {
        match self {
            Self::Caller { row, .. } => cell(row),
            Self::LeftOut(..) => String::new(),
        }
    }

    fn with_files(&self, cell: impl Fn(&complaints::Row, &[String]) -> String) -> String {
        match self {
            Self::Caller { row, files, .. } => cell(row, files),
            Self::LeftOut(..) => String::new(),
        }
    }
}

/// `3 of 10`, which no spreadsheet takes for a date.
fn share(row: &Row<'_>) -> String {
    match row {
        Row::Caller { row, lang, .. } => {
            let text = Text::new("{part} of {whole}").with("part", row.against.unwanted);
            text.with("whole", row.attempts).in_lang(*lang).to_string()
        }
        Row::LeftOut(..) => String::new(),
    }
}

fn action(row: &complaints::Row) -> Action {
    Action::of(&row.caller, &row.against)
}

/// In percent with two decimals, cut, so that 100.00 means all.
fn percent(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or_default();
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

type Cell = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Cell>] = &[
    column(
        "calling_number",
        "The caller as URI: P-Asserted-Identity where it holds a number, else From; or anonymous.",
        |r| r.of(|c| c.caller.to_string()),
    ),
    column("attempts", "Its calls.", |r| match r {
        Row::Caller { row, .. } => row.attempts.to_string(),
        Row::LeftOut(count, _) => count.to_string(),
    }),
    column("calls_607", "Those of them that were answered with 607.", |r| r.of(|c| c.against.unwanted.to_string())),
    column("share_607", "That share as a fraction: 607s of attempts.", share),
    column("share_607_percent", "The same in percent, cut to two decimals.", |r| {
        r.of(|c| percent(c.against.unwanted, c.attempts))
    }),
    column(
        "callees_to_suppress",
        "Called parties that answered 607, as URIs separated by spaces; 1000 at most.",
        |r| r.of(|c| joined(&c.against.callees.iter().collect::<Vec<_>>(), " ")),
    ),
    column("callees", "How many are listed.", |r| r.of(|c| c.against.callees.len().to_string())),
    column("more_callees", "607s of further called parties, for which there is no room.", |r| {
        r.of(|c| c.against.more_callees.to_string())
    }),
    column("verdict", "Who decided: human, policy, network, unknown, or mixed.", |r| {
        r.of(|c| c.against.decided.name().to_owned())
    }),
    column("human", "Calls that a person rejected.", |r| r.of(|c| c.against.decided.human.to_string())),
    column("policy", "Calls that the called device, or a list or policy on the called side, rejected.", |r| {
        r.of(|c| c.against.decided.policy.to_string())
    }),
    column("network", "Calls that a network blocked.", |r| r.of(|c| c.against.decided.network.to_string())),
    column("unknown", "Rejected calls of which the capture does not show who decided.", |r| {
        r.of(|c| c.against.decided.unknown.to_string())
    }),
    column(
        "identity",
        "Whether the calling number is proven: verified, not-verified, invalid, unsigned, unknown, or mixed.",
        |r| r.of(|c| c.against.proven.name().to_owned()),
    ),
    column("verified", "Rejected calls with a signature about the caller that a supplied key verifies.", |r| {
        r.of(|c| c.against.proven.verified.to_string())
    }),
    column("not_verified", "Rejected calls whose signature nobody verified.", |r| {
        r.of(|c| c.against.proven.not_verified.to_string())
    }),
    column(
        "invalid",
        "Rejected calls whose identity is contradicted, by a signature, its claims or the callee's network.",
        |r| r.of(|c| c.against.proven.invalid.to_string()),
    ),
    column("unsigned", "Rejected calls without a signature where they were captured.", |r| {
        r.of(|c| c.against.proven.unsigned.to_string())
    }),
    column("identity_unknown", "Rejected calls whose INVITE was not captured, or in part only.", |r| {
        r.of(|c| c.against.proven.unknown.to_string())
    }),
    column("after_answer", "Calls that the called side answered and then ended with a BYE whose Reason is 607.", |r| {
        r.of(|c| c.against.after_answer.to_string())
    }),
    column("calls_608", "Calls that were answered with 608.", |r| r.of(|c| c.against.rejected.to_string())),
    column("calls_603_plus", "Calls that were answered with 603 Network Blocked.", |r| {
        r.of(|c| c.against.blocked.to_string())
    }),
    column("action_code", "What to do, for programs; the table below lists the codes.", |r| match r {
        Row::Caller { row, .. } => action(row).code().to_owned(),
        Row::LeftOut(..) => list::LIMIT.to_owned(),
    }),
    column("action", "What to do, for people.", |r| match r {
        Row::Caller { row, lang, .. } => lang.tr(action(row).text()).to_owned(),
        Row::LeftOut(_, lang) => lang.tr(LEFT_OUT).to_owned(),
    }),
    column("first_seen_utc", "Time of the first rejection, UTC, cut to milliseconds.", |r| {
        r.of(|c| list::utc(c.against.seen.first))
    }),
    column("first_seen_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        r.of(|c| list::epoch(c.against.seen.first))
    }),
    column("last_seen_utc", "Time of the last rejection, UTC, cut to milliseconds.", |r| {
        r.of(|c| list::utc(c.against.seen.last))
    }),
    column("last_seen_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        r.of(|c| list::epoch(c.against.seen.last))
    }),
    column("file", "File of the first rejection in the run.", |r| {
        r.with_files(|c, files| list::first_file(&c.against.seen, files))
    }),
    column("frame", "Its frame, as Wireshark numbers it.", |r| r.of(|c| list::first_frame(&c.against.seen))),
    column("frames", "The rejections as FILE:FRAME, separated by spaces; the first 16.", |r| {
        r.with_files(|c, files| list::frames(&c.against.seen, files))
    }),
    column("more_frames", "How many more there are.", |r| r.of(|c| c.against.seen.more().to_string())),
];
