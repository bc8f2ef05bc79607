//! The comparison for programs: one document, stable names, times in UTC, shares with what they are shares of.

use serde::Serialize;

use super::Changes;
use crate::diff::compare::{Change, Delays, Row};
use crate::diff::{Found, Place, Side};
use crate::error::Error;
use crate::report::escape;
use crate::report::view::Time;
use crate::report::view::kpi::{RatioView, SpreadView};

/// The version of the document.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    sipscan_diff: u32,
    old: SideView<'a>,
    new: SideView<'a>,
    findings: Vec<CodeView<'a>>,
    outcomes: Vec<RowView<&'static str>>,
    final_responses: Vec<RowView<u16>>,
    rates: Vec<RowView<&'static str>>,
    delays: Vec<DelayView>,
}

#[derive(Serialize)]
struct SideView<'a> {
    captures: Vec<&'a str>,
    incomplete_captures: u64,
    first_time: Option<Time>,
    last_time: Option<Time>,
    messages: u64,
    calls: u64,
    other_groups: u64,
    problems_not_compared: u64,
}

#[derive(Serialize)]
struct RowView<K> {
    key: K,
    change: Change,
    may_be_chance: bool,
    old: RatioView,
    new: RatioView,
}

#[derive(Serialize)]
struct CodeView<'a> {
    code: &'static str,
    severity: &'static str,
    change: Change,
    may_be_chance: bool,
    old: FoundView<'a>,
    new: FoundView<'a>,
    problems: Problems,
}

/// What was found of a code on one side; `groups` of `of_groups` calls and other groups of requests have it.
#[derive(Serialize)]
struct FoundView<'a> {
    findings: u64,
    groups: u64,
    of_groups: u64,
    first: Option<PlaceView<'a>>,
}

#[derive(Serialize)]
struct Problems {
    new: u64,
    gone: u64,
    same: u64,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    capture: &'a str,
    call: Option<u64>,
    frame: Option<u64>,
}

#[derive(Serialize)]
struct DelayView {
    key: &'static str,
    change: Change,
    old: SpreadView,
    new: SpreadView,
}

pub(super) fn document(changes: &Changes<'_>) -> Result<String, Error> {
    let Changes { old, new, .. } = changes;
    let document = Document {
        sipscan_diff: VERSION,
        old: SideView::new(old),
        new: SideView::new(new),
        findings: changes.codes.iter().map(|code| CodeView::new(code, old, new)).collect(),
        outcomes: changes.outcomes.iter().map(|row| RowView::new(row.key.name(), row)).collect(),
        final_responses: changes.final_responses.iter().map(|row| RowView::new(row.key, row)).collect(),
        rates: changes
            .rates()
            .map(|rate| RowView {
                key: rate.name,
                change: rate.change,
                may_be_chance: false,
                old: rate.old.into(),
                new: rate.new.into(),
            })
            .collect(),
        delays: changes.delays().map(|(row, delays)| DelayView::new(row.name, delays)).collect(),
    };
    let mut out = Vec::new();
    let written = escape::json(&mut out, &document);
    written.map_err(|source| Error::Write { path: "standard output".into(), source })?;
    out.push(b'\n');
    Ok(String::from_utf8_lossy(&out).into_owned())
}

impl<'a> SideView<'a> {
    fn new(side: &'a Side) -> Self {
        Self {
            captures: side.captures.iter().flatten().map(String::as_str).collect(),
            incomplete_captures: side.incomplete,
            first_time: side.first_time.map(Time),
            last_time: side.last_time.map(Time),
            messages: side.summary.messages,
            calls: side.summary.calls,
            other_groups: side.summary.other_groups,
            problems_not_compared: side.problems_beyond,
        }
    }
}

impl<K> RowView<K> {
    fn new<T>(key: K, row: &Row<T>) -> Self {
        Self { key, change: row.change, may_be_chance: row.may_be_chance, old: row.old.into(), new: row.new.into() }
    }
}

impl<'a> CodeView<'a> {
    fn new(code: &super::Code<'a>, old: &'a Side, new: &'a Side) -> Self {
        Self {
            code: code.row.key,
            severity: code.severity.name(),
            change: code.row.change,
            may_be_chance: code.row.may_be_chance,
            old: FoundView::new(code.old, old),
            new: FoundView::new(code.new, new),
            problems: Problems { new: code.problems_new, gone: code.problems_gone, same: code.problems_same },
        }
    }
}

impl<'a> FoundView<'a> {
    fn new(found: Option<&Found>, side: &'a Side) -> Self {
        Self {
            findings: found.map_or(0, |found| found.findings),
            groups: found.map_or(0, |found| found.groups),
            of_groups: side.groups(),
            first: found.map(|found| PlaceView::new(&found.first, side)),
        }
    }
}

impl<'a> PlaceView<'a> {
    fn new(place: &Place, side: &'a Side) -> Self {
        let files = side.captures.get(place.capture).map(Vec::as_slice).unwrap_or_default();
        let file = place.frame.map_or(0, |frame| usize::from(frame.file));
        Self {
            capture: files.get(file).map_or("", String::as_str),
            call: place.call,
            frame: place.frame.map(|frame| frame.number.0),
        }
    }
}

impl DelayView {
    fn new(key: &'static str, delays: Delays<'_>) -> Self {
        Self { key, change: delays.change, old: delays.old.into(), new: delays.new.into() }
    }
}
