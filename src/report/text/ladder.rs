//! The ladder of a call: when, in which frame, from where to where, and what.

use super::View;
use super::numbers::{count, duration};
use super::page::{self, Page, Tone};
use crate::call::Call;
use crate::diagnosis::CallReport;
use crate::provenance::{Endpoint, Timestamp};
use crate::report::ladder::{self, Row};
use crate::report::{escape, facts};
use crate::wrap::{display_width, pad};

/// Rows of a ladder at its beginning and at its end that are shown when it is longer.
const LADDER_HEAD: usize = 12;
const LADDER_TAIL: usize = 5;
/// Cells of a Call-ID.
const CALL_ID: usize = 80;
/// The port that goes without saying.
const SIP_PORT: u16 = 5060;

/// The rows, with the beginning and the end of the call above them.
pub(super) fn write(page: &mut Page, view: &View, report: &CallReport) {
    let (rows, left_out) = ladder::rows(&report.call, &report.findings);
    let start = report.call.start;
    let less = match left_out {
        0 => String::new(),
        n => format!("; {} not shown", count(n as u64, "lesser message", "lesser messages")),
    };
    page.blank();
    page.paragraph(2, Tone::Quiet, &format!("{}, {}{less}", view.span(start, start), ending(&report.call)));
    if let Some(ids) = call_ids(&report.call) {
        page.paragraph(2, Tone::Quiet, &ids);
    }
    let columns = Columns::of(&rows, view);
    columns.names(page);
    let shown = if rows.len() <= LADDER_HEAD + LADDER_TAIL { rows.len() } else { LADDER_HEAD };
    rows.iter().take(shown).for_each(|row| columns.row(page, view, row, start));
    if shown < rows.len() {
        let more = (rows.len() - LADDER_HEAD - LADDER_TAIL) as u64;
        page.paragraph(2, Tone::Quiet, &format!("… {} …", count(more, "more message", "more messages")));
        rows.iter().skip(rows.len() - LADDER_TAIL).for_each(|row| columns.row(page, view, row, start));
    }
    page.blank();
}

/// `Call-ID a84b4c76e66710@192.0.2.1 and 1 more`: what to look for in other tools.
fn call_ids(call: &Call) -> Option<String> {
    let mut ids = call.legs.iter().filter_map(|leg| facts::lossy(leg.call_id.as_deref()));
    let first = ids.next()?;
    let more = match ids.count() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(format!("Call-ID {}{more}", cut(&first, CALL_ID)))
}

/// `no-response after 31.5 s`: when it was decided, or when the last message was seen.
fn ending(call: &Call) -> String {
    let detail = call.outcome_detail.map_or(String::new(), |detail| format!(" ({})", detail.name()));
    let end = facts::final_response(call).map_or(call.end, |answer| answer.provenance.time);
    format!("{}{detail} after {}", call.outcome.name(), duration(end.since(call.start)))
}

/// Widths of the columns of a ladder.
struct Columns {
    frame: usize,
    source: usize,
    destination: usize,
}

impl Columns {
    fn of(rows: &[Row], view: &View) -> Self {
        let widest = |name: &str, cells: &dyn Fn(&Row) -> String| {
            rows.iter().map(|row| display_width(&cells(row))).chain([display_width(name)]).max().unwrap_or(0)
        };
        Self {
            frame: widest("frame", &|row| view.frame_here(row.frame)),
            source: widest("from", &|row| host(row.source)),
            destination: widest("to", &|row| host(row.destination)),
        }
    }

    fn names(&self, page: &mut Page) {
        let start = format!("{:>9}  {}  {}", "seconds", pad("frame", self.frame), pad("from", self.source));
        page.line(2, &[(Tone::Quiet, &format!("{start}   {}", pad("to", self.destination)))]);
    }

    fn row(&self, page: &mut Page, view: &View, row: &Row, start: Timestamp) {
        let after = row.time.since(start);
        let time = format!("{:>9}", format!("{}.{:03}", after.as_secs(), after.subsec_millis()));
        let frame = view.frame_here(row.frame);
        let begin = format!("{time}  {}{frame}  ", " ".repeat(self.frame.saturating_sub(display_width(&frame))));
        let flow =
            format!("{} → {}  ", pad(&host(row.source), self.source), pad(&host(row.destination), self.destination));
        let again = match row.times {
            1 => String::new(),
            n => format!(" ×{n} in {}", duration(row.span)),
        };
        let what = format!("{}{again}", cut(&row.what, MESSAGE));
        let indent = 2 + display_width(&begin);
        if page.width() < indent + display_width(&flow) + NARROWEST {
            // Long addresses: the message goes below them.
            page.line(2, &[(Tone::Quiet, &begin), (Tone::Plain, &flow)]);
            page.paragraph(indent, Tone::Strong, &what);
        } else {
            page.row(2, &[(Tone::Quiet, &begin), (Tone::Plain, &flow)], Tone::Strong, &what);
        }
    }
}

/// Cells of a message beside its addresses, at least.
const NARROWEST: usize = 24;
/// Characters of a start line that are shown in a ladder.
const MESSAGE: usize = 160;

/// Cuts text that may be hostile after it was made harmless: escapes take more cells than what they stand for.
fn cut(text: &str, width: usize) -> String {
    page::cut(&escape::terminal(text), width).into_owned()
}

/// The address, with the port where it is not the usual one.
fn host(endpoint: Endpoint) -> String {
    if matches!(endpoint.port, SIP_PORT | 0) { endpoint.address.to_string() } else { endpoint.to_string() }
}
