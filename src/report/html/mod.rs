//! The report as one HTML file: to look at, to sort and to fold, to attach to a ticket. It loads nothing, and its policy
//! (CSP) allows no style and no script but its own; without scripts everything can still be read.
//!
//! One part per capture, written when it is over. What is kept of calls until then is bounded: details of the worst
//! groups of calls, rows of a table, and counts. What does not fit is counted and said.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::text::page::Paper;
use super::text::{self, View};
use super::{CaptureFacts, Sink, Summary, escape};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::{Lang, Text, grouped};

mod attention;
mod call;
mod chart;
mod findings;
mod kpi;
mod ladder;
mod overview;
mod passport;
mod redirects;
mod rows;
mod tally;

use attention::Attention;
use findings::Findings;
use rows::Rows;
use tally::Tally;

const STYLE: &str = include_str!("look.css");
const SCRIPT: &str = include_str!("look.js");

/// The ladder of a call as an SVG file.
pub(super) fn standalone(view: &View, report: &CallReport) -> String {
    // XML has no place for these two.
    let drawing = ladder::alone(view, report).into_string().replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{drawing}\n")
}

/// How the report is to look.
#[derive(Debug, Clone, Default)]
pub struct HtmlOptions {
    /// Zone of all times.
    pub time_zone: Option<TimeZone>,
    /// Names that stand beside addresses.
    pub hosts: BTreeMap<IpAddr, String>,
    /// Language of everything but values.
    pub lang: Lang,
}

/// Writes the HTML report.
pub struct HtmlSink {
    out: Box<dyn Write>,
    view: View,
    begun: bool,
    part: Part,
    room: Room,
}

/// What is known of the capture at hand.
#[derive(Default)]
struct Part {
    attention: Attention,
    findings: Findings,
    rows: Rows,
    tally: Tally,
}

/// What the file has left, over all captures.
#[derive(Debug)]
struct Room {
    /// Octets for details of calls.
    details: usize,
    /// Rows of tables: calls that need attention, and others.
    rows: [usize; 2],
}

/// Octets of details of calls.
const DETAILS: usize = 12 << 20;
/// Rows of calls that need attention, and of others.
const ROWS: [usize; 2] = [10_000, 2_000];

impl HtmlSink {
    /// Makes a sink; nothing is written yet.
    pub fn new(out: Box<dyn Write>, options: HtmlOptions) -> Self {
        let HtmlOptions { time_zone, hosts, lang } = options;
        let paper = Paper { width: 100, columns: 100, colour: false, links: false, lang, markup: text::Markup::Plain };
        let zone = time_zone.unwrap_or(TimeZone::UTC);
        let view = View {
            paper,
            zone,
            all: false,
            counters: false,
            errors_are_told: false,
            files: Vec::new(),
            name_captures: false,
            hosts,
        };
        Self { out, view, begun: false, part: Part::default(), room: Room { details: DETAILS, rows: ROWS } }
    }

    fn put(&mut self, markup: &str) -> io::Result<()> {
        self.out.write_all(harmless(markup).as_bytes())
    }

    /// Everything before the first capture.
    fn begin(&mut self, name: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let view = &self.view;
        let title = view.say(Text::new("SIP report: {path}").with("path", view.short(name)));
        let head = head(&title).into_string();
        // The page goes on behind its head.
        let open = format!("{}<html lang=\"{}\">{head}<body>", DOCTYPE.into_string(), view.paper.lang.tag());
        let top = html! {
            header.top {
                h1 { (title) }
                (controls(view))
            }
        };
        self.put(&open)?;
        self.put(&top.into_string())?;
        self.put("<main>\n")
    }
}

/// Makes text of the capture harmless that markup alone does not: control characters, what turns the direction of writing, what
/// is invisible. Line ends stay.
fn harmless(markup: &str) -> String {
    let lines: Vec<_> = markup.split('\n').map(escape::xml).collect();
    lines.join("\n")
}

fn head(title: &str) -> Markup {
    let digest = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content=(concat!("width=device-width", ", initial-scale=1"));
            meta name="referrer" content="no-referrer";
            meta name="generator" content="sipscan";
            title { (title) }
            style { (PreEscaped(STYLE)) }
            script { (PreEscaped(SCRIPT)) }
        }
    }
}

/// Shown by the script: without it they could do nothing.
fn controls(view: &View) -> Markup {
    html! {
        div.controls hidden {
            button type="button" data-fold="open" { (view.say("Unfold all")) }
            " "
            button type="button" data-fold="close" { (view.say("Fold all")) }
        }
    }
}

impl Sink for HtmlSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.view.files.resize_with(index, Vec::new);
        self.view.files.push(files.to_vec());
        self.begin(files.first().map_or("", String::as_str))
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let part = &mut self.part;
        let shown = part.attention.call(report, &self.view);
        part.findings.call(report);
        part.rows.call(report, shown, &self.view);
        part.tally.call(report);
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        let Part { attention, findings: found, rows, tally } = std::mem::take(&mut self.part);
        let view = &self.view;
        let id = view.files.len().saturating_sub(1);
        let (attention, shown) = attention.write(view, summary, &mut self.room);
        let markup = html! {
            section.capture id={ "capture-" (id) } {
                h2 { (facts.path) }
                @if summary.messages > 0 { (contents(view, id)) }
                (overview::write(view, facts, summary, &tally))
                (found.write(view, findings, &shown))
                (attention)
                (rows.write(view, &shown, &mut self.room))
                (overview::passed_over(view, facts))
            }
        };
        self.put(&markup.into_string())?;
        self.put("\n")?;
        self.out.flush()
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        self.begin("")?;
        if self.view.files.len() > 1 {
            self.view.name_captures = true;
            let markup = overview::total(&self.view, total).into_string();
            self.put(&markup)?;
        }
        let foot =
            Text::new("Made by sipscan {version}. Frames are numbered as in Wireshark; more on a code: {command}");
        let foot = foot.with("version", env!("CARGO_PKG_VERSION")).with("command", concat!("sipscan explain", " CODE"));
        let foot = html! { footer { (self.view.say(foot)) } }.into_string();
        self.put("</main>\n")?;
        self.put(&foot)?;
        self.put("</body></html>\n")?;
        self.out.flush()
    }
}

/// The parts of a capture.
fn contents(view: &View, capture: usize) -> Markup {
    let parts = [
        ("overview", view.say("Overview")),
        ("findings", view.say("Findings")),
        ("attention", view.say("Calls that need attention")),
        ("calls", view.say("All calls")),
    ];
    html! {
        nav aria-label=(view.say("Parts of this report")) {
            @for (part, name) in parts { a href={ "#" (part) "-" (capture) } { (name) } " " }
        }
    }
}

/// Index of the capture at hand, which is part of the names of places.
fn capture(view: &View) -> usize {
    view.files.len().saturating_sub(1)
}

/// A heading with what is said behind it.
fn heading(id: &str, name: &str, remark: &str) -> Markup {
    html! { h3 id=(id) { (name) @if !remark.is_empty() { " " small { (remark) } } } }
}

/// That something is left out.
fn left_out(view: &View, n: u64, text: Text) -> Markup {
    html! { @if n > 0 { p.less { (view.say(text.with("n", grouped(n)))) } } }
}

#[cfg(test)]
pub(super) mod tests;
