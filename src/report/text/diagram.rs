//! The messages of a call as arrows between its hosts, one column a host.

use std::collections::BTreeSet;

use super::View;
use super::ladder::{self, right};
use super::numbers::duration;
use super::page::{Page, Tone, cut};
use crate::call::Call;
use crate::diagnosis::Severity;
use crate::lang::Text;
use crate::provenance::{Endpoint, FrameRef, Timestamp};
use crate::report::escape;
use crate::report::ladder::{Row, every_row};
use crate::wrap::{display_width, pad};

/// Cells from one host to the next, at least: with less no arrow can be labelled.
const NARROWEST: usize = 12;
/// And at most, unless labels are longer.
const WIDEST: usize = 36;
/// And at most in any case.
const LONGEST: usize = 90;

/// A call's messages with the hosts between which they went.
pub(super) struct Diagram<'a> {
    view: &'a View,
    rows: Vec<Row>,
    cited: &'a BTreeSet<FrameRef>,
    hosts: Vec<Endpoint>,
    start: Timestamp,
}

impl<'a> Diagram<'a> {
    /// `cited`: frames that are evidence of a finding.
    pub(super) fn new(view: &'a View, call: &Call, cited: &'a BTreeSet<FrameRef>) -> Self {
        let rows = every_row(call);
        let ends = || rows.iter().flat_map(|row| [row.source, row.destination]);
        let addresses: BTreeSet<_> = ends().map(|end| end.address).collect();
        // On one machine ports tell the parties apart.
        let whole = |end: Endpoint| if addresses.len() > 1 { Endpoint { port: 0, ..end } } else { end };
        let mut hosts: Vec<Endpoint> = Vec::new();
        for end in ends().map(whole) {
            if !hosts.contains(&end) {
                hosts.push(end);
            }
        }
        Self { view, rows, cited, hosts, start: call.start }
    }

    /// Cells from one host to the next with which no label is cut.
    fn wanted(&self, page: &Page) -> usize {
        let wanted = |row: &Row| {
            let hops = self.column(row.source).abs_diff(self.column(row.destination)).max(1);
            let label = display_width(&escape::terminal(&page.say(&row.what))) + display_width(&again(page, row));
            (label + 4).div_ceil(hops)
        };
        self.rows.iter().map(wanted).max().unwrap_or(0).clamp(WIDEST, LONGEST)
    }

    /// Writes it; with more hosts than fit side by side, as a list.
    pub(super) fn write(&self, page: &mut Page) {
        let frame = self.rows.iter().map(|row| display_width(&self.frame(row))).max().unwrap_or(0);
        let frame = frame.max(display_width(&page.say("frame")));
        let before = 2 + 9 + 2 + frame + 3;
        let gap = (page.width().saturating_sub(before) / self.hosts.len().max(1)).min(self.wanted(page));
        if gap < NARROWEST || self.hosts.len() < 2 {
            ladder::list(page, self.view, &self.rows, self.start);
            return;
        }
        self.names(page, before, frame, gap);
        for row in &self.rows {
            let after = row.time.since(self.start);
            let time = right(&format!("{}.{:03}", after.as_secs(), after.subsec_millis()), 9);
            let begin = format!("{time}  {}   ", pad(&right(&self.frame(row), frame), frame));
            page.line(2, &[(Tone::Quiet, &begin), (tone(row), &self.arrow(page, row, gap))]);
        }
        if self.rows.iter().any(|row| self.cited.contains(&row.frame)) {
            page.paragraph(2, Tone::Quiet, "*: evidence of a finding");
        }
        page.blank();
    }

    /// `105`, or `105*` where a finding cites it.
    fn frame(&self, row: &Row) -> String {
        let mark = if self.cited.contains(&row.frame) { "*" } else { " " };
        format!("{}{mark}", self.view.frame_here(row.frame))
    }

    /// The names above the columns; where they do not fit, letters, which are explained first.
    fn names(&self, page: &mut Page, before: usize, frame: usize, gap: usize) {
        let mut names: Vec<String> = self.hosts.iter().map(|host| self.view.host(*host)).collect();
        if names.iter().any(|name| display_width(name) >= gap) {
            for (letter, name) in ('A'..).zip(&mut names) {
                page.paragraph(2, Tone::Plain, Text::verbatim(format!("{letter}  {name}")));
                *name = letter.to_string();
            }
        }
        let head = format!("{}  {}", right(&page.say("seconds"), 9), right(&page.say("frame"), frame));
        let names: String = names.iter().map(|name| pad(name, gap)).collect();
        page.line(2, &[(Tone::Quiet, &pad(&head, before - 2)), (Tone::Strong, names.trim_end())]);
    }

    fn column(&self, end: Endpoint) -> usize {
        self.hosts.iter().position(|h| *h == end || (h.port == 0 && h.address == end.address)).unwrap_or_default()
    }

    /// `│─INVITE sip:bob@b.example──→│`.
    fn arrow(&self, page: &Page, row: &Row, gap: usize) -> String {
        let (from, to) = (self.column(row.source), self.column(row.destination));
        let again = again(page, row);
        let (first, last) = (from.min(to), from.max(to));
        let post = |name: &str| pad(name, gap);
        let mut line: String = (0..first).map(|_| post("│")).collect();
        let inner = if from == to { gap.saturating_sub(1) } else { ((last - first) * gap).saturating_sub(1) };
        let room = inner.saturating_sub(2 + display_width(&again));
        let what = escape::terminal(&page.say(&row.what)).into_owned();
        let label = format!("{}{again}", cut(&what, room));
        let fill = "─".repeat(inner.saturating_sub(2 + display_width(&label)));
        let rest = self.hosts.len().saturating_sub(last + 1);
        match from.cmp(&to) {
            std::cmp::Ordering::Less => line.extend(["│─", &label, &fill, "→"]),
            std::cmp::Ordering::Greater => line.extend(["│←", &label, &fill, "─"]),
            std::cmp::Ordering::Equal => line.push_str(&pad(&format!("│↺ {label}"), gap)),
        }
        if from != to {
            line.push_str(&post("│"));
        }
        line.extend((0..rest).map(|_| post("│")));
        line.truncate(line.trim_end().len());
        line
    }
}

/// How often it was sent again, and in which time.
fn again(page: &Page, row: &Row) -> String {
    match row.times {
        1 => String::new(),
        n => page.say(Text::new(" ×{n} in {span}").with("n", n).with("span", duration(row.span))),
    }
}

fn tone(row: &Row) -> Tone {
    match row.what.to_string().bytes().next() {
        Some(b'2') => Tone::Level(Severity::Info),
        Some(b'3') => Tone::Level(Severity::Warning),
        Some(b'4'..=b'6') => Tone::Level(Severity::Error),
        _ => Tone::Plain,
    }
}
