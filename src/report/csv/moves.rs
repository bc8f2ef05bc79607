//! One row an old address and its new one.

use super::{Column, column, list, sentences};
use crate::diagnosis::lists::moves::Move;
use crate::lang::{Lang, Text};

/// What a row is made of.
pub(super) enum Row<'a> {
    /// A move.
    Move {
        /// The move.
        row: &'a Move,
        /// The files of all captures.
        files: &'a [String],
        /// The language of sentences.
        lang: Lang,
    },
    /// So many 301s found no room.
    LeftOut(u64, Lang),
}

const LEFT_OUT: &str = "This list is incomplete: so many calls with a 301 found no room in it.";
const SEVERAL: &str = "Of several Contacts this is the one with the best q.";

impl Row<'_> {
    fn of(&self, cell: impl Fn(&Move) -> String) -> String {
        match self {
            Self::Move { row, .. } => cell(row),
            Self::LeftOut(..) => String::new(),
        }
    }

    fn with_files(&self, cell: impl Fn(&Move, &[String]) -> String) -> String {
        match self {
            Self::Move { row, files, .. } => cell(row, files),
            Self::LeftOut(..) => String::new(),
        }
    }
}

fn reason(row: &Move, lang: Lang) -> String {
    let reason = Text::new(row.reason.text());
    let several = (row.contacts > 1 && row.new.is_some()).then_some(Text::new(SEVERAL));
    let all: Vec<Text> = std::iter::once(reason).chain(several).collect();
    sentences(&all, lang)
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

type Cell = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Cell>] = &[
    column(
        "old_address",
        "The address that answered 301, as address of record: what was called, without parameters.",
        |r| r.of(|m| m.old.clone()),
    ),
    column(
        "new_address",
        "The Contact of the 301, of several the usable one with the best q; empty where there is none.",
        |r| r.of(|m| m.new.clone().unwrap_or_default()),
    ),
    column("adopt", "yes: the new address may replace the old one in directories and routes; else no.", |r| match r {
        Row::Move { row, .. } => yes_or_no(row.reason.adopts()),
        Row::LeftOut(..) => yes_or_no(false),
    }),
    column("reason_code", "Why, for programs; the table below lists them.", |r| match r {
        Row::Move { row, .. } => row.reason.code().to_owned(),
        Row::LeftOut(..) => list::LIMIT.to_owned(),
    }),
    column("reason", "Why, for people.", |r| match r {
        Row::Move { row, lang, .. } => reason(row, *lang),
        Row::LeftOut(_, lang) => lang.tr(LEFT_OUT).to_owned(),
    }),
    column("calls", "Calls that got such a 301.", |r| match r {
        Row::Move { row, .. } => row.calls.to_string(),
        Row::LeftOut(count, _) => count.to_string(),
    }),
    column("answered", "yes: the new address answered at least one of them; else no.", |r| {
        r.of(|m| yes_or_no(m.answered > 0))
    }),
    column("answered_calls", "How many of them the new address answered.", |r| r.of(|m| m.answered.to_string())),
    column("first_seen_utc", "Time of the first such 301, UTC, cut to milliseconds.", |r| {
        r.of(|m| list::utc(m.seen.first))
    }),
    column("first_seen_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        r.of(|m| list::epoch(m.seen.first))
    }),
    column("last_seen_utc", "Time of the last such 301, UTC, cut to milliseconds.", |r| {
        r.of(|m| list::utc(m.seen.last))
    }),
    column("last_seen_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        r.of(|m| list::epoch(m.seen.last))
    }),
    column("server", "Address and port of the server that sent the first one.", |r| r.of(|m| m.server.to_string())),
    column("contacts", "How many Contacts the 301 has (the most, where they differ).", |r| {
        r.of(|m| m.contacts.to_string())
    }),
    column("file", "File of the first 301 in the run.", |r| r.with_files(|m, files| list::first_file(&m.seen, files))),
    column("frame", "Its frame, as Wireshark numbers it.", |r| r.of(|m| list::first_frame(&m.seen))),
    column("frames", "The 301s as FILE:FRAME, separated by spaces; the first 16.", |r| {
        r.with_files(|m, files| list::frames(&m.seen, files))
    }),
    column("more_frames", "How many more there are.", |r| r.of(|m| m.seen.more().to_string())),
];
