//! Charts as inline SVG. Colours come from the style sheet, and never tell anything alone: classes of messages have shapes as
//! well.

use maud::{Markup, html};

use super::tally::{COLUMNS, Count, Timeline};
use crate::lang::{Text, grouped, span};
use crate::report::text::View;
use crate::report::text::numbers::percent;
use crate::sip::StatusClass;

/// What an arrow or a bar is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response(Option<StatusClass>),
    Icmp,
}

impl Kind {
    /// The class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Request => "k-request",
            Self::Icmp => "k-icmp",
            Self::Response(None) => "k-odd",
            Self::Response(Some(class)) => match class {
                StatusClass::Provisional => "k-1",
                StatusClass::Success => "k-2",
                StatusClass::Redirection => "k-3",
                StatusClass::ClientError => "k-4",
                StatusClass::ServerError => "k-5",
                StatusClass::GlobalFailure => "k-6",
            },
        }
    }
}

/// The shape of a kind, six units around a place.
pub(super) fn shape(kind: Kind, x: i64, y: i64) -> Markup {
    let path = match kind {
        Kind::Request => format!("M{} {y}h12M{x} {}v12", x - 6, y - 6),
        Kind::Icmp => format!("M{} {}l12 12M{} {}l-12 12M{} {y}h12", x - 6, y - 6, x + 6, y - 6, x - 6),
        Kind::Response(class) => match class {
            Some(StatusClass::Provisional) => return html! { circle.shape.open cx=(x) cy=(y) r="5" {} },
            Some(StatusClass::Success) => return html! { circle.shape cx=(x) cy=(y) r="6" {} },
            Some(StatusClass::Redirection) => format!("M{} {y}l7 -7l7 7l-7 7z", x - 7),
            Some(StatusClass::ClientError) => format!("M{x} {}l7 12h-14z", y - 7),
            Some(StatusClass::ServerError) => format!("M{} {}h12v12h-12z", x - 6, y - 6),
            Some(StatusClass::GlobalFailure) => format!("M{} {}l12 12M{} {}l-12 12", x - 6, y - 6, x + 6, y - 6),
            None => format!("M{} {}h12l-6 12z", x - 6, y - 6),
        },
    };
    html! { path.shape d=(path) {} }
}

/// A shape on its own, for legends and tables.
pub(super) fn sign(kind: Kind) -> Markup {
    html! { svg.sign.(kind.class()) viewBox="-9 -9 18 18" width="14" height="14" aria-hidden="true" { (shape(kind, 0, 0)) } }
}

/// A row of a table with bars.
pub(super) struct Bar {
    pub(super) sign: Option<Kind>,
    pub(super) label: String,
    /// The class of the style sheet.
    pub(super) class: &'static str,
    pub(super) n: u64,
    pub(super) failures: Option<u64>,
}

/// A table with a bar a row.
pub(super) fn bars(view: &View, caption: &str, rows: &[Bar]) -> Markup {
    let most = rows.iter().map(|row| row.n).max().unwrap_or(1);
    let all: u64 = rows.iter().map(|row| row.n).sum();
    let with_failures = rows.iter().any(|row| row.failures.is_some());
    html! {
        table.bars {
            caption { (caption) }
            @if with_failures {
                thead { tr { td {} th.n scope="col" { (view.say("calls")) } th.n scope="col" { (view.say("failed")) } td {} } }
            }
            tbody {
                @for row in rows {
                    tr.(row.class) {
                        th scope="row" { @if let Some(kind) = row.sign { (sign(kind)) " " } (row.label) }
                        td.n { (grouped(row.n)) }
                        @if with_failures {
                            td.n { (row.failures.map_or_else(String::new, grouped)) }
                        } @else {
                            td.n { (percent(row.n, all)) }
                        }
                        td.bar { (bar(row, most)) }
                    }
                }
            }
        }
    }
}

fn bar(row: &Bar, most: u64) -> Markup {
    let width = scaled(row.n, most, 1000);
    let failed = scaled(row.failures.unwrap_or(0), most, 1000);
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.all width=(width) height="10" {}
            @if failed > 0 { rect.failed y="5" width=(failed) height="5" {} }
        }
    }
}

/// At least one unit for anything above zero.
fn scaled(n: u64, most: u64, length: u64) -> u64 {
    let part = u128::from(n) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(length).max(u64::from(n > 0))
}

/// Width of a column of the timeline, and height of the highest one.
const COLUMN: i64 = 12;
const HEIGHT: u64 = 110;

/// Calls and failures over the capture, and the same as a table.
pub(super) fn timeline(view: &View, time: &Timeline) -> Markup {
    let columns: Vec<_> = time.columns().collect();
    let (Some((_, first, _)), Some((_, last, _))) = (columns.first(), columns.last()) else { return html! {} };
    let most = columns.iter().map(|(_, _, count)| count.calls).max().unwrap_or(1);
    let title = Text::new("Calls over time, by their beginning; a column is {width}").with("width", span(time.width()));
    let title = view.say(title);
    html! {
        figure.timeline {
            figcaption {
                (title) " "
                span.key.all { (view.say("all")) } " " span.key.failed { (view.say("failed")) }
            }
            svg viewBox={ "0 0 " (COLUMNS * COLUMN + 50) " 140" } role="img" aria-label=(title) {
                text.axis x="44" y="14" text-anchor="end" { (grouped(most)) }
                text.axis x="44" y="122" text-anchor="end" { "0" }
                path.axis d={ "M50 4v116h" (COLUMNS * COLUMN) } {}
                @for (column, at, count) in &columns { (column_of(view, *column, &view.moment(*at, *first), *count, most)) }
                text.axis x="50" y="136" { (view.moment(*first, *first)) }
                @if first != last {
                    text.axis x=(50 + COLUMNS * COLUMN) y="136" text-anchor="end" { (view.moment(*last, *first)) }
                }
            }
            (timeline_table(view, &columns, *first))
        }
    }
}

fn column_of(view: &View, column: i64, at: &str, count: Count, most: u64) -> Markup {
    let (all, failed) = (scaled(count.calls, most, HEIGHT), scaled(count.failures, most, HEIGHT));
    let x = 51 + column.clamp(0, COLUMNS) * COLUMN;
    let words = view.say(said(at, count));
    html! {
        g {
            title { (words) }
            rect.all x=(x) y=(119 - all) width=(COLUMN - 2) height=(all) {}
            @if failed > 0 { rect.failed x=(x + 2) y=(119 - failed) width=(COLUMN - 6) height=(failed) {} }
        }
    }
}

fn said(at: &str, count: Count) -> Text {
    Text::new("{at}: {calls}, {failures} failed")
        .with("at", at)
        .with("calls", Text::count(count.calls, "{n} call", "{n} calls"))
        .with("failures", grouped(count.failures))
}

fn timeline_table(
    view: &View,
    columns: &[(i64, crate::provenance::Timestamp, Count)],
    first: crate::provenance::Timestamp,
) -> Markup {
    html! {
        details {
            summary { (view.say("as a table")) }
            table {
                thead { tr {
                    th scope="col" { (view.say("from")) }
                    th.n scope="col" { (view.say("calls")) }
                    th.n scope="col" { (view.say("failed")) }
                } }
                tbody {
                    @for (_, at, count) in columns {
                        tr { td { (view.moment(*at, first)) } td.n { (grouped(count.calls)) } td.n { (grouped(count.failures)) } }
                    }
                }
            }
        }
    }
}
