//! The table of calls, for sorting and filtering: first those that need attention, then the others, as many as there is room for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Room, capture, heading, left_out};
use crate::call::CallNumber;
use crate::diagnosis::{CallReport, Severity};
use crate::lang::{Text, grouped};
use crate::report::groups::{self, Shown};
use crate::report::text::View;
use crate::report::{facts, phrases, time};

/// Characters of a caller or callee, and codes of a row.
const PARTY: usize = 80;
const CODES: usize = 6;

/// Rows of one capture.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Calls that need attention.
    first: Kept,
    others: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    rows: Vec<Row>,
    not_kept: u64,
}

#[derive(Debug)]
struct Row {
    number: CallNumber,
    /// How bad it is; `None` without trouble.
    weight: Option<Severity>,
    /// All cells but the first.
    cells: String,
}

impl Rows {
    pub(super) fn call(&mut self, report: &CallReport, shown: Shown, view: &View) {
        let trouble = shown != Shown::NoTrouble;
        let [most, others] = super::ROWS;
        let (kept, most) = if trouble { (&mut self.first, most) } else { (&mut self.others, others) };
        if kept.rows.len() >= most {
            kept.not_kept += 1;
            return;
        }
        let weight = trouble.then(|| groups::weight(report, groups::lead(report)));
        kept.rows.push(Row { number: report.call.number, weight, cells: cells(report, weight, view).into_string() });
    }

    pub(super) fn write(mut self, view: &View, shown: &BTreeSet<CallNumber>, room: &mut Room) -> Markup {
        let [first, others] = &mut room.rows;
        self.first.cut(first);
        self.others.cut(others);
        if self.first.rows.is_empty() && self.others.rows.is_empty() {
            return html! {};
        }
        let mut rows: Vec<&Row> = self.first.rows.iter().chain(&self.others.rows).collect();
        rows.sort_by_key(|row| row.number);
        let id = format!("calls-{}", capture(view));
        html! {
            (heading(&id, &view.say("All calls"), &grouped(rows.len() as u64)))
            (left_out(view, self.first.not_kept, Text::new(
                "Calls that need attention and are not in this table, which would be too large: {n}. CSV has all: -o calls.csv"
            )))
            (left_out(view, self.others.not_kept, Text::new(
                "Calls that need no attention and are not in this table: {n}. CSV has all: -o calls.csv"
            )))
            (filter(view, &id))
            div.wide.far {
                table.calls id={ (id) "-table" } {
                    (columns(view))
                    tbody { @for row in rows { (row.write(view, shown)) } }
                }
            }
        }
    }
}

impl Kept {
    /// Keeps what there is room for in the file.
    fn cut(&mut self, room: &mut usize) {
        // Calls come as they end.
        self.rows.sort_by_key(|row| row.number);
        let over = self.rows.len().saturating_sub(*room);
        self.rows.truncate(*room);
        self.not_kept += over as u64;
        *room -= self.rows.len();
    }
}

impl Row {
    fn write(&self, view: &View, shown: &BTreeSet<CallNumber>) -> Markup {
        html! {
            tr.bad[self.weight.is_some()] {
                td.n {
                    @if shown.contains(&self.number) {
                        a href={ "#call-" (capture(view)) "-" (self.number.0) } { (self.number.0) }
                    } @else { (self.number.0) }
                }
                (maud::PreEscaped(&self.cells))
            }
        }
    }
}

fn filter(view: &View, id: &str) -> Markup {
    html! {
        div.controls.filter hidden data-table={ (id) "-table" } {
            label { (view.say("Filter")) " " input type="search" autocomplete="off" spellcheck="false"; }
            " "
            label { input type="checkbox"; " " (view.say("only those that need attention")) }
            " "
            output aria-live="polite" {}
        }
    }
}

fn columns(view: &View) -> Markup {
    let call = [view.say("No."), view.say("Begin"), view.say("Caller"), view.say("Callee")];
    let result = [view.say("Outcome"), view.say("Status"), view.say("Severity"), view.say("Findings")];
    let names = call.into_iter().chain(result);
    html! { thead { tr { @for name in names { th scope="col" { (name) } } } } }
}

fn cells(report: &CallReport, weight: Option<Severity>, view: &View) -> Markup {
    let call = &report.call;
    let party = |uri: Option<Cow<'_, str>>| uri.map_or_else(|| "?".to_owned(), |uri| phrases::shortened(&uri, PARTY));
    let method = facts::method(call).filter(|_| !call.is_invite());
    let status = facts::final_status(call).map_or_else(|| "–".to_owned(), |status| format!("{status:03}"));
    let mut codes: Vec<_> = report.findings.iter().filter(|f| f.consequence_of.is_none()).map(|f| f.code).collect();
    codes.dedup();
    let more = codes.len() > CODES;
    codes.truncate(CODES);
    html! {
        td { (time::date_and_time(call.start, &view.zone)) }
        td { @if let Some(method) = method { b { (phrases::shortened(method, PARTY)) } " " } (party(facts::caller(call))) }
        td { (party(facts::callee(call))) }
        td { (view.say(call.outcome.name())) }
        td.n { (status) }
        td data-v=[weight.map(|weight| weight as u8)] { @if let Some(weight) = weight { (view.say(weight.name())) } }
        td { (codes.join(" ")) @if more { " …" } }
    }
}
