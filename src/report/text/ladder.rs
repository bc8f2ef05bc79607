//! The ladder of a call: when, in which frame, from where to where, and what.

use super::View;
use super::numbers::duration;
use super::page::{self, Page, Tone};
use crate::call::Call;
use crate::diagnosis::CallReport;
use crate::lang::Text;
use crate::provenance::Timestamp;
use crate::report::ladder::{self, Row};
use crate::report::{escape, facts, phrases};
use crate::wrap::{display_width, pad};

/// Rows of a ladder at its beginning and at its end that are shown when it is longer.
const LADDER_HEAD: usize = 12;
const LADDER_TAIL: usize = 5;
/// Cells of a Call-ID.
const CALL_ID: usize = 80;
/// The rows, with the beginning and the end of the call above them.
pub(super) fn write(page: &mut Page, view: &View, report: &CallReport) {
    let (rows, left_out) = ladder::rows(&report.call, &report.findings);
    page.blank();
    head(page, view, report, left_out);
    if let Some(ids) = call_ids(&report.call) {
        page.paragraph(2, Tone::Quiet, ids);
    }
    list_of(page, view, &rows, report.call.start, LADDER_HEAD + LADDER_TAIL);
}

/// When it was, how it ended, and how long that took.
pub(super) fn head(page: &mut Page, view: &View, report: &CallReport, left_out: usize) {
    let start = report.call.start;
    let less = match left_out {
        0 => Text::default(),
        n => Text::count(
            n as u64,
            "; {n} message of lesser interest not shown",
            "; {n} messages of lesser interest not shown",
        ),
    };
    let less = match phrases::transfer(&report.call) {
        Some(transfer) => Text::new("; {transfer}{less}").with("transfer", transfer).with("less", less),
        None => less,
    };
    let head = match facts::duration(&report.call) {
        Some(time) => Text::new("{at}, {outcome} after {duration}{less}").with("duration", duration(time)),
        None => Text::new("{at}, {outcome}{less}"),
    };
    let head = head.with("at", view.span(start, start)).with("outcome", outcome(&report.call));
    page.paragraph(2, Tone::Quiet, head.with("less", less));
}

/// All rows, one below the other.
pub(super) fn list(page: &mut Page, view: &View, rows: &[Row], start: Timestamp) {
    list_of(page, view, rows, start, usize::MAX);
}

fn list_of(page: &mut Page, view: &View, rows: &[Row], start: Timestamp, most: usize) {
    let columns = Columns::of(rows, view);
    columns.names(page);
    let shown = if rows.len() <= most { rows.len() } else { LADDER_HEAD };
    rows.iter().take(shown).for_each(|row| columns.row(page, view, row, start));
    if shown < rows.len() {
        let more = (rows.len() - LADDER_HEAD - LADDER_TAIL) as u64;
        page.paragraph(2, Tone::Quiet, Text::count(more, "… {n} more message …", "… {n} more messages …"));
        rows.iter().skip(rows.len() - LADDER_TAIL).for_each(|row| columns.row(page, view, row, start));
    }
    page.blank();
}

/// `Call-ID a84b4c76e66710@192.0.2.1 and 1 more`: what to look for in other tools.
fn call_ids(call: &Call) -> Option<Text> {
    let mut ids = call.legs.iter().filter_map(|leg| facts::lossy(leg.call_id.as_deref()));
    let first = ids.next()?;
    let text = match ids.count() {
        0 => Text::new("Call-ID {id}"),
        n => Text::new("Call-ID {id} and {n} more").with("n", n),
    };
    Some(text.with("id", cut(&first, CALL_ID)))
}

fn outcome(call: &Call) -> Text {
    let outcome = Text::new(call.outcome.name());
    match call.outcome_detail {
        None => outcome,
        Some(detail) => {
            Text::new("{outcome} ({detail})").with("outcome", outcome).with("detail", Text::new(detail.name()))
        }
    }
}

/// Widths of the columns of a ladder.
struct Columns {
    time: usize,
    frame: usize,
    source: usize,
    destination: usize,
}

impl Columns {
    fn of(rows: &[Row], view: &View) -> Self {
        let widest = |name: &'static str, cells: &dyn Fn(&Row) -> String| {
            let name = display_width(&view.say(name));
            rows.iter().map(|row| display_width(&cells(row))).chain([name]).max().unwrap_or(0)
        };
        Self {
            time: display_width(&view.say("seconds")).max(9),
            frame: widest("frame", &|row| view.frame_here(row.frame)),
            source: widest("from", &|row| view.host(row.source)),
            destination: widest("to", &|row| view.host(row.destination)),
        }
    }

    fn names(&self, page: &mut Page) {
        let (time, frame) = (right(&page.say("seconds"), self.time), pad(&page.say("frame"), self.frame));
        let (from, to) = (pad(&page.say("from"), self.source), page.say("to"));
        page.line(2, &[(Tone::Quiet, &format!("{time}  {frame}  {from}   {to}"))]);
    }

    fn row(&self, page: &mut Page, view: &View, row: &Row, start: Timestamp) {
        let after = row.time.since(start);
        let time = right(&format!("{}.{:03}", after.as_secs(), after.subsec_millis()), self.time);
        let begin = format!("{time}  {}  ", right(&view.frame_here(row.frame), self.frame));
        let flow = format!(
            "{} → {}  ",
            pad(&view.host(row.source), self.source),
            pad(&view.host(row.destination), self.destination)
        );
        let again = match row.times {
            1 => Text::default(),
            n => Text::new(" ×{n} in {span}").with("n", n).with("span", duration(row.span)),
        };
        let what = format!("{}{}", cut(&page.say(&row.what), MESSAGE), page.say(again));
        let indent = 2 + display_width(&begin);
        if page.width() < indent + display_width(&flow) + NARROWEST {
            // Long addresses: the message goes below them.
            page.line(2, &[(Tone::Quiet, &begin), (Tone::Plain, &flow)]);
            page.row(indent, &[], Tone::Strong, &what);
        } else {
            page.row(2, &[(Tone::Quiet, &begin), (Tone::Plain, &flow)], Tone::Strong, &what);
        }
    }
}

/// Pads on the left.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(display_width(text))))
}

/// Cells of a message beside its addresses, at least.
const NARROWEST: usize = 24;
/// Characters of a start line that are shown in a ladder.
const MESSAGE: usize = 160;

/// Cuts text that may be hostile after it was made harmless: escapes take more cells than what they stand for.
fn cut(text: &str, width: usize) -> String {
    page::cut(&escape::terminal(text), width).into_owned()
}
