//! The report for people: what makes it incomplete, what was read, numbers, causes, the calls that need attention with
//! everything needed to act on them, and what was not looked at. One part per capture, written when it is over.
//!
//! The same report as Markdown is for tickets and wikis.
//!
//! What is shown of calls is written down as they close and bounded: groups of calls with one cause keep the details of
//! their first call, the worst groups stay.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;

use jiff::tz::TimeZone;

use super::{CaptureFacts, Sink, Summary, time};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::{Lang, Text};
use crate::limits;
use crate::provenance::{Endpoint, FrameRef, Timestamp};

mod attention;
mod attestation;
pub(super) mod causes;
mod changes;
mod counters;
mod detail;
mod diagram;
pub(super) mod identity;
mod kpi;
mod ladder;
mod links;
mod markdown;
pub(super) mod numbers;
pub(super) mod overview;
pub(super) mod page;
mod rest;
pub(super) mod single;

use attention::Attention;
pub(super) use changes::changes;
pub(super) use page::cut;
use page::{Page, Paper};
use rest::Rest;
pub use single::CallSink;

const SIP_PORT: u16 = 5060;

/// How the text report is to look.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct TextOptions {
    /// Display cells in a line; taken as 80 to 120.
    pub width: usize,
    /// Display cells of a ladder, if they are more; at most 400.
    pub columns: usize,
    /// Whether to use colour.
    pub colour: bool,
    /// Whether codes of diagnoses are links to their explanations, for terminals that know them.
    pub links: bool,
    /// Whether to list the calls that need no attention.
    pub all: bool,
    /// Whether to list every counter of each capture.
    pub counters: bool,
    /// Zone of all times.
    pub time_zone: TimeZone,
    /// Names that stand beside addresses.
    pub hosts: BTreeMap<IpAddr, String>,
    /// Language of everything but values.
    pub lang: Lang,
    /// How headings, lists and columns are marked.
    pub markup: Markup,
    /// Groups of calls that are shown in detail; the worst stay.
    pub groups: usize,
    /// Whether whoever reads this was told of every error already, on the same terminal: captures of which nothing could be read are
    /// left out.
    pub errors_are_told: bool,
}

/// How the parts of a report are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// By indentation and capitals, for terminals and files.
    Plain,
    /// As Markdown, for tickets and wikis; width and colour do not matter.
    Markdown,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            width: 100,
            columns: 100,
            colour: false,
            links: false,
            all: false,
            counters: false,
            time_zone: TimeZone::UTC,
            lang: Lang::En,
            hosts: BTreeMap::new(),
            markup: Markup::Plain,
            groups: limits::DETAILED_GROUPS,
            errors_are_told: false,
        }
    }
}

/// Writes the text report.
pub struct TextSink {
    out: Box<dyn Write>,
    view: View,
    captures: usize,
    attention: Attention,
    groups: usize,
    rest: Rest,
}

/// What every part of a report for people needs to know of how to show things.
#[expect(clippy::struct_excessive_bools, reason = "none follows from another")]
pub(super) struct View {
    pub(super) paper: Paper,
    pub(super) zone: TimeZone,
    pub(super) all: bool,
    pub(super) counters: bool,
    pub(super) errors_are_told: bool,
    /// Names of the captures so far, for each those of its files.
    pub(super) files: Vec<Vec<String>>,
    /// Whether frames are named with their capture: in what is said of all captures together.
    pub(super) name_captures: bool,
    pub(super) hosts: BTreeMap<IpAddr, String>,
}

impl TextSink {
    /// Makes a sink; nothing is written yet.
    pub fn new(out: Box<dyn Write>, options: TextOptions) -> Self {
        let (view, groups) = View::new(options);
        Self { out, view, captures: 0, attention: Attention::new(groups), groups, rest: Rest::default() }
    }
}

impl View {
    /// What options say of it, and the number of groups.
    pub(super) fn new(options: TextOptions) -> (Self, usize) {
        let TextOptions { width, columns, colour, links, lang, markup, groups, .. } = options;
        let TextOptions { time_zone: zone, all, counters, hosts, errors_are_told, .. } = options;
        let width = width.clamp(80, 120);
        let paper = Paper { width, columns: columns.clamp(width, 400), colour, links, lang, markup };
        (Self { paper, zone, all, counters, errors_are_told, files: Vec::new(), name_captures: false, hosts }, groups)
    }

    /// Whether nothing is to be said of a capture that could not be read.
    pub(super) fn is_told(&self, facts: &CaptureFacts) -> bool {
        self.errors_are_told && overview::is_unread(facts)
    }

    pub(super) fn begin_capture(&mut self, index: usize, files: &[String]) {
        self.files.resize_with(index, Vec::new);
        self.files.push(files.to_vec());
    }

    /// The address, without the port where it is the usual one, behind the name of the host where it has one.
    pub(super) fn host(&self, endpoint: Endpoint) -> String {
        let place =
            if matches!(endpoint.port, SIP_PORT | 0) { endpoint.address.to_string() } else { endpoint.to_string() };
        self.named(endpoint, place)
    }

    /// The same with the port in any case.
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> String {
        self.named(endpoint, endpoint.to_string())
    }

    fn named(&self, endpoint: Endpoint, place: String) -> String {
        match self.hosts.get(&endpoint.address) {
            Some(name) => format!("{name} [{place}]"),
            None => place,
        }
    }

    fn page(&self) -> Page {
        Page::new(self.paper)
    }

    pub(super) fn say(&self, text: impl Into<Text>) -> String {
        self.paper.say(text)
    }

    /// `12`, or `12 of b.pcap` where the number alone is ambiguous.
    pub(super) fn frame(&self, capture: usize, frame: FrameRef) -> String {
        let files = self.files.get(capture).map_or(&[][..], Vec::as_slice);
        match files.get(usize::from(frame.file)) {
            Some(file) if files.len() > 1 || self.name_captures => {
                let text = Text::new("{frame} of {file}").with("frame", frame.number);
                self.say(text.with("file", self.short(file)))
            }
            _ => frame.number.to_string(),
        }
    }

    /// The last part of a path, where no other file has the same.
    pub(super) fn short<'a>(&self, path: &'a str) -> &'a str {
        let last = |path: &'a str| Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or(path);
        let name = last(path);
        let same = |other: &&String| Path::new(other.as_str()).file_name() == Some(OsStr::new(name));
        let unique = self.files.iter().flatten().filter(same).take(2).count() < 2;
        if unique { name } else { path }
    }

    /// `14:00:00.012 UTC`, with the date where it is not that of `day`.
    pub(super) fn moment(&self, at: Timestamp, day: Timestamp) -> String {
        let text = if time::is_same_day(at, day, &self.zone) {
            time::clock(at, &self.zone)
        } else {
            time::date_and_time(at, &self.zone)
        };
        format!("{text} {}", time::zone_name(at, &self.zone))
    }

    /// `2026-03-30 14:00:00.000 to 14:02:03.500 UTC`; one moment where both are the same.
    pub(super) fn span(&self, first: Timestamp, last: Timestamp) -> String {
        let begin = time::date_and_time(first, &self.zone);
        let (from, to) = (time::zone_name(first, &self.zone), time::zone_name(last, &self.zone));
        if first == last {
            return format!("{begin} {from}");
        }
        let from = if from == to { String::new() } else { format!(" {from}") };
        let text = Text::new("{from} to {to}").with("from", format!("{begin}{from}"));
        self.say(text.with("to", self.moment(last, first)))
    }

    /// `UTC`, or `CST (Asia/Shanghai)`: abbreviations alone are ambiguous.
    pub(super) fn zone(&self, at: Timestamp) -> String {
        let short = time::zone_name(at, &self.zone);
        match self.zone.iana_name() {
            Some(name) if name != short => format!("{short} ({name})"),
            _ => short,
        }
    }

    /// The frame of a call or finding of the capture at hand.
    pub(super) fn frame_here(&self, frame: FrameRef) -> String {
        self.frame(self.files.len().saturating_sub(1), frame)
    }
}

impl Sink for TextSink {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.captures = self.captures.max(index + 1);
        self.view.begin_capture(index, files);
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let detailed = self.attention.call(report, &self.view);
        self.rest.call(report, detailed, self.attention.told(), &self.view);
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        let view = &self.view;
        if view.is_told(facts) {
            return Ok(());
        }
        let mut page = view.page();
        if self.captures > 1 {
            page.rule();
        }
        page.document(Text::new("SIP report: {path}").with("path", &facts.path));
        overview::write(&mut page, view, facts, summary);
        causes::write(&mut page, view, &summary.clusters);
        attestation::write(&mut page, &summary.attestations);
        kpi::write(&mut page, view, summary);
        detail::about_capture(&mut page, view, findings);
        std::mem::replace(&mut self.attention, Attention::new(self.groups)).write(&mut page, view, summary);
        std::mem::take(&mut self.rest).write(&mut page, view);
        overview::not_looked_at(&mut page, facts);
        if view.counters {
            counters::write(&mut page, facts);
        }
        self.out.write_all(page.into_text().as_bytes())?;
        self.out.flush()
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        if self.captures > 1 {
            self.view.name_captures = true;
            let mut page = self.view.page();
            page.rule();
            overview::total(&mut page, self.captures, total);
            causes::write(&mut page, &self.view, &total.clusters);
            attestation::write(&mut page, &total.attestations);
            kpi::write(&mut page, &self.view, total);
            self.out.write_all(page.into_text().as_bytes())?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
