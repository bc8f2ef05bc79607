//! Ladders of calls for documents: as text, as a drawing, and in the languages of Mermaid and PlantUML. All messages are there,
//! retransmissions folded; what a finding cites is marked with its code.

use std::collections::BTreeMap;
use std::io;

use super::ladder::{Row, every_row};
use super::text::{TextOptions, View, single};
use super::{CaptureFacts, Sink, Summary, escape, html, phrases};
use crate::call::Call;
use crate::cli::LadderFormat;
use crate::diagnosis::{CallReport, Finding};
use crate::lang::{Text, span};
use crate::limits::LADDERS;
use crate::provenance::{Endpoint, FrameRef};
use crate::wrap::display_width;

mod mermaid;
mod plantuml;
#[cfg(test)]
mod tests;

/// Display cells of what a message says.
const LABEL: usize = 100;

/// Draws the calls it gets.
pub struct Ladders {
    view: View,
    format: LadderFormat,
    drawings: Vec<String>,
    calls: u64,
}

impl Ladders {
    /// Nothing is drawn yet.
    pub fn new(format: LadderFormat, options: TextOptions) -> Self {
        Self { view: View::new(options).0, format, drawings: Vec::new(), calls: 0 }
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many calls one file of the format can hold.
    pub fn most(&self) -> usize {
        match self.format {
            LadderFormat::Svg | LadderFormat::Mermaid => 1,
            LadderFormat::Text | LadderFormat::PlantUml => LADDERS,
        }
    }

    /// The drawings, one behind the other.
    pub fn into_text(self) -> String {
        self.drawings.concat()
    }

    fn draw(&self, report: &CallReport) -> String {
        let view = &self.view;
        match self.format {
            LadderFormat::Text => single::ladder(view, report),
            LadderFormat::Svg => html::standalone(view, report),
            LadderFormat::Mermaid => mermaid::draw(&Scene::of(view, report)),
            LadderFormat::PlantUml => plantuml::draw(&Scene::of(view, report)),
        }
    }
}

impl Sink for Ladders {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.view.begin_capture(index, files);
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.calls += 1;
        if self.drawings.len() < self.most() {
            self.drawings.push(self.draw(report));
        }
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// A call as both languages want it; nothing in it is safe for either of them.
struct Scene {
    title: String,
    /// Names of the hosts, in order of appearance.
    hosts: Vec<String>,
    steps: Vec<Step>,
}

/// A message.
struct Step {
    from: usize,
    to: usize,
    kind: Kind,
    what: String,
    /// Codes of the findings that cite it, and its frame.
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
    Icmp,
}

impl Scene {
    fn of(view: &View, report: &CallReport) -> Self {
        let rows = every_row(&report.call);
        let hosts = hosts(&rows);
        let codes = codes(&report.findings);
        let title = Text::new("{name}: {parties}").with("name", phrases::name(&report.call));
        let title = view.say(title.with("parties", phrases::parties(&report.call)));
        let place = |end: Endpoint| {
            hosts.iter().position(|host| *host == end || host.port == 0 && host.address == end.address).unwrap_or(0)
        };
        let step = |row: &Row| Step {
            from: place(row.source),
            to: place(row.destination),
            kind: kind(&report.call, row),
            what: what(view, &report.call, row),
            note: codes.get(&row.frame).map(|codes| {
                let text = Text::new("{codes}, frame {frame}").with("codes", codes.join(", "));
                view.say(text.with("frame", view.frame_here(row.frame)))
            }),
        };
        let steps = rows.iter().map(step).collect();
        let name = |host: &Endpoint| harmless(&view.host(*host));
        Self { title: harmless(&title), hosts: hosts.iter().map(name).collect(), steps }
    }
}

/// The ends of the arrows: hosts, or where all is on one host, its ports.
fn hosts(rows: &[Row]) -> Vec<Endpoint> {
    let ends = || rows.iter().flat_map(|row| [row.source, row.destination]);
    let one = ends().all(|end| Some(end.address) == rows.first().map(|row| row.source.address));
    let mut hosts: Vec<Endpoint> = Vec::new();
    for end in ends().map(|end| if one { end } else { Endpoint { port: 0, ..end } }) {
        if !hosts.contains(&end) {
            hosts.push(end);
        }
    }
    hosts
}

/// The findings that cite each frame.
fn codes(findings: &[Finding]) -> BTreeMap<FrameRef, Vec<&'static str>> {
    let mut codes: BTreeMap<FrameRef, Vec<&'static str>> = BTreeMap::new();
    for finding in findings {
        for evidence in &finding.evidence {
            let known = codes.entry(evidence.frame).or_default();
            if !known.contains(&finding.code) {
                known.push(finding.code);
            }
        }
    }
    codes
}

fn kind(call: &Call, row: &Row) -> Kind {
    match row.message.and_then(|id| call.message(id)) {
        None => Kind::Icmp,
        Some(captured) if captured.message.is_request() => Kind::Request,
        Some(_) => Kind::Response,
    }
}

/// `0.020 s: 301 Moved Permanently ×2 in 500 ms`.
fn what(view: &View, call: &Call, row: &Row) -> String {
    let after = row.time.since(call.start);
    let words = harmless(&view.say(&row.what));
    let words = if display_width(&words) > LABEL { super::text::cut(&words, LABEL).into_owned() } else { words };
    let again = match row.times {
        1 => Text::default(),
        n => Text::new(" ×{n} in {span}").with("n", n).with("span", span(row.span)),
    };
    let text = Text::new("{seconds} s: {what}{again}").with("what", words).with("again", again);
    view.say(text.with("seconds", format!("{}.{:03}", after.as_secs(), after.subsec_millis())))
}

fn harmless(text: &str) -> String {
    escape::terminal(text).into_owned()
}
