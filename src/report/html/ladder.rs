//! The ladder of a call as SVG: hosts as columns, one arrow a message, and below it the text of each message.

use std::collections::BTreeSet;
use std::net::IpAddr;

use maud::{Markup, PreEscaped, html};

use super::capture;
use super::chart::{Kind, shape};
use crate::call::Call;
use crate::diagnosis::CallReport;
use crate::lang::{Text, grouped, span};
use crate::provenance::{FrameRef, Timestamp};
use crate::report::ladder::{self, Row};
use crate::report::text::{View, cut};
use crate::report::{escape, phrases};
use crate::wrap::display_width;

/// Rows at the beginning and at the end that are shown when there are more.
const HEAD: usize = 30;
const TAIL: usize = 10;
/// Display cells of what stands above an arrow, and of a host's name.
const LABEL: usize = 64;
const NAME: usize = 42;
/// Characters of the text of a message, and of all messages of a call.
const MESSAGE: usize = 4000;
const MESSAGES: usize = 40_000;

/// Places in the drawing: the first host, a step to the next (at least), the first row, a step to the next, a display cell.
const LEFT: i64 = 270;
const COLUMN: i64 = 190;
const TOP: i64 = 74;
const STEP: i64 = 38;
const CELL: i64 = 7;

/// A row with what is said of it.
struct Arrow<'a> {
    row: &'a Row,
    kind: Kind,
    label: String,
    /// Name of the place where its text stands.
    target: Option<String>,
    proves: bool,
}

/// Drawing and messages.
pub(super) fn write(view: &View, report: &CallReport) -> Markup {
    let (rows, less) = ladder::rows(&report.call, &report.findings);
    let cited: BTreeSet<FrameRef> = report.findings.iter().flat_map(|f| &f.evidence).map(|e| e.frame).collect();
    let over = if rows.len() <= HEAD + TAIL { 0 } else { rows.len() - HEAD - TAIL };
    let kept = rows.iter().enumerate().filter(|(at, _)| over == 0 || *at < HEAD || *at >= rows.len() - TAIL);
    let arrows: Vec<Arrow<'_>> = kept.map(|(_, row)| arrow(view, &report.call, row, &cited)).collect();
    if arrows.is_empty() {
        return html! {};
    }
    let title = view.say(Text::new("Ladder of call {n}").with("n", report.call.number.0));
    html! {
        figure.ladder {
            figcaption {
                (title) " "
                @if over > 0 { span.less { (view.say(Text::new("{n} messages in the middle are not drawn").with("n", grouped(over as u64)))) " " } }
                @if less > 0 { span.less { (view.say(Text::count(less as u64, "{n} message of lesser interest not shown", "{n} messages of lesser interest not shown"))) } }
            }
            div.wide { (drawing(view, &report.call, &arrows, &title, None)) }
            (messages(view, report, &arrows))
        }
    }
}

/// What the style sheet of the report says of ladders, for a drawing that stands alone: light and dark as its reader likes it.
const ALONE: &str = include_str!("ladder.css");

/// The drawing alone, with every message, as a file of its own.
pub(super) fn alone(view: &View, report: &CallReport) -> Markup {
    let rows = ladder::every_row(&report.call);
    let cited: BTreeSet<FrameRef> = report.findings.iter().flat_map(|f| &f.evidence).map(|e| e.frame).collect();
    let arrows: Vec<Arrow<'_>> =
        rows.iter().map(|row| Arrow { target: None, ..arrow(view, &report.call, row, &cited) }).collect();
    let title = Text::new("{name}: {parties}").with("name", phrases::name(&report.call));
    let title = view.say(title.with("parties", phrases::parties(&report.call)));
    drawing(view, &report.call, &arrows, &escape::terminal(&title), Some(ALONE))
}

fn arrow<'a>(view: &View, call: &Call, row: &'a Row, cited: &BTreeSet<FrameRef>) -> Arrow<'a> {
    let captured = row.message.and_then(|id| call.message(id));
    let kind = captured.map_or(Kind::Icmp, |m| match m.message.status() {
        Some(status) => Kind::Response(status.class()),
        None => Kind::Request,
    });
    let again = match row.times {
        1 => Text::default(),
        n => Text::new(" ×{n} in {span}").with("n", n).with("span", span(row.span)),
    };
    let duplicates = match captured.map_or(0, |m| m.duplicates.len()) {
        0 => Text::default(),
        n => Text::new(", captured {n} times").with("n", n + 1),
    };
    let what = view.say(&row.what);
    let label = format!("{}{}{}", cut(&escape::terminal(&what), LABEL), view.say(again), view.say(duplicates));
    let target = row.message.map(|id| format!("m-{}-{}-{}", capture(view), call.number.0, id.0));
    Arrow { row, kind, label, target, proves: cited.contains(&row.frame) }
}

/// Hosts in the order in which they appear.
fn hosts(arrows: &[Arrow<'_>]) -> Vec<IpAddr> {
    let mut hosts = Vec::new();
    for address in arrows.iter().flat_map(|arrow| [arrow.row.source.address, arrow.row.destination.address]) {
        if !hosts.contains(&address) {
            hosts.push(address);
        }
    }
    hosts
}

fn length(text: &str) -> i64 {
    i64::try_from(display_width(text)).unwrap_or(0) * CELL
}

fn nth(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(0)
}

fn drawing(view: &View, call: &Call, arrows: &[Arrow<'_>], title: &str, style: Option<&str>) -> Markup {
    let hosts = hosts(arrows);
    let names: Vec<(String, String)> = hosts.iter().map(|host| name(view, *host)).collect();
    let widest = names.iter().map(|(name, address)| length(name).max(length(address)) + 24).max().unwrap_or(0);
    let column = widest.max(COLUMN);
    let longest = arrows.iter().map(|arrow| length(&arrow.label)).max().unwrap_or(0);
    let width = (LEFT + column * (nth(hosts.len()) - 1) + 110).max(LEFT + longest + 30);
    let height = TOP + STEP * nth(arrows.len()) + 10;
    let x = |host: IpAddr| LEFT + column * nth(hosts.iter().position(|known| *known == host).unwrap_or(0));
    html! {
        svg xmlns=[style.map(|_| "http://www.w3.org/2000/svg")] viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="group" aria-label=(title) {
            @if let Some(style) = style {
                title { (title) }
                style { (PreEscaped(style)) }
                rect.paper width="100%" height="100%" {}
            }
            text.axis x="96" y="44" text-anchor="end" { (view.say("seconds")) }
            text.axis x="106" y="44" { (view.say("since")) }
            text.axis x="160" y="44" { (view.say("frame")) }
            @for (host, (name, address)) in hosts.iter().zip(&names) {
                text.host x=(x(*host)) y="20" text-anchor="middle" { (name) }
                text.host x=(x(*host)) y="36" text-anchor="middle" { (address) }
                path.line d={ "M" (x(*host)) " 44V" (height - 6) } {}
            }
            @for (at, arrow) in arrows.iter().enumerate() {
                @let before = at.checked_sub(1).and_then(|at| arrows.get(at)).map_or(call.start, |before| before.row.time);
                @let ends = (x(arrow.row.source.address), x(arrow.row.destination.address));
                (drawn(view, arrow, [call.start, before], ends, TOP + STEP * nth(at), width))
            }
        }
    }
}

fn name(view: &View, host: IpAddr) -> (String, String) {
    let name = view.hosts.get(&host).map_or("", String::as_str);
    (cut(&escape::terminal(name), NAME).into_owned(), host.to_string())
}

/// `0.020`.
fn seconds(from: Timestamp, to: Timestamp) -> String {
    let after = to.since(from);
    format!("{}.{:03}", after.as_secs(), after.subsec_millis())
}

fn drawn(
    view: &View,
    arrow: &Arrow<'_>,
    [start, before]: [Timestamp; 2],
    (from, to): (i64, i64),
    y: i64,
    width: i64,
) -> Markup {
    let class = arrow.kind.class();
    let time = seconds(start, arrow.row.time);
    let frame = view.frame_here(arrow.row.frame);
    html! {
        g.m.(class).proves[arrow.proves] {
            @if arrow.proves {
                rect.band x="0" y=(y - 22) width=(width) height=(STEP - 2) {}
                text.star x="8" y=(y + 4) { title { (view.say("evidence")) } "★" }
            }
            text.time x="96" y=(y + 4) text-anchor="end" { (time) }
            text.since x="106" y=(y + 4) { "+" (seconds(before, arrow.row.time)) }
            text.frame x="160" y=(y + 4) { (cut(&frame, 12)) }
            @if from == to { (to_itself(arrow, from, y)) } @else { (between(arrow, from, to, y)) }
            (label(arrow, from, to, y, width))
        }
    }
}

/// What is sent, with a link to its text.
fn label(arrow: &Arrow<'_>, from: i64, to: i64, y: i64, width: i64) -> Markup {
    let half = length(&arrow.label) / 2;
    let middle = i64::midpoint(from, to)
        .clamp((LEFT - 50 + half).min(width - half - 8), (width - half - 8).max(LEFT - 50 + half));
    let words = html! { text.what x=(middle) y=(y - 8) text-anchor="middle" { (arrow.label) } };
    html! {
        @match &arrow.target {
            Some(target) => a href={ "#" (target) } { (words) },
            None => (words),
        }
    }
}

fn between(arrow: &Arrow<'_>, from: i64, to: i64, y: i64) -> Markup {
    let (back, sign) = if to > from { (to - 10, from + 14) } else { (to + 10, from - 14) };
    html! {
        path.shaft d={ "M" (from) " " (y) "H" (back) } {}
        path.tip d={ "M" (to) " " (y) "L" (back) " " (y - 5) "V" (y + 5) "z" } {}
        (shape(arrow.kind, sign, y))
    }
}

/// A message between two ports of one host.
fn to_itself(arrow: &Arrow<'_>, x: i64, y: i64) -> Markup {
    html! {
        path.shaft d={ "M" (x) " " (y - 3) "h40v8h-30" } {}
        path.tip d={ "M" (x) " " (y + 5) "l10 -5v10z" } {}
        (shape(arrow.kind, x + 14, y - 3))
    }
}

/// The messages, each folded; their summaries say in words what the drawing shows.
fn messages(view: &View, report: &CallReport, arrows: &[Arrow<'_>]) -> Markup {
    let mut room = MESSAGES;
    html! {
        div.messages {
            @for arrow in arrows { (message(view, report, arrow, &mut room)) }
        }
    }
}

fn message(view: &View, report: &CallReport, arrow: &Arrow<'_>, room: &mut usize) -> Markup {
    let captured = arrow.row.message.and_then(|id| report.call.message(id));
    let (Some(captured), Some(target)) = (captured, &arrow.target) else { return html! {} };
    let whole = String::from_utf8_lossy(captured.message.raw());
    let text = phrases::shortened(&whole.replace("\r\n", "\n"), MESSAGE.min(*room));
    *room = room.saturating_sub(text.len());
    let head = Text::new("Frame {frame}, {seconds} s, {source} → {destination}: {what}")
        .with("frame", view.frame_here(arrow.row.frame))
        .with("seconds", seconds(report.call.start, arrow.row.time))
        .with("source", view.endpoint(arrow.row.source))
        .with("destination", view.endpoint(arrow.row.destination))
        .with("what", arrow.label.as_str());
    html! {
        details {
            summary { @if arrow.proves { "★ " } (view.say(head)) }
            pre id=(target) { (text) }
        }
    }
}
