//! The calls without trouble, and small findings about them.

use std::collections::BTreeMap;

use super::View;
use super::page::{Page, Tone};
use crate::call::{CallNumber, CapturedMessage};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Text, grouped};
use crate::limits;
use crate::report::groups::Shown;
use crate::report::{facts, phrases, time};
use crate::shorten::beginning;
use crate::wrap::pad;

/// The code whose findings say different things of different statuses.
const ANY_STATUS: &str = "failed-response";

/// The status that a finding is about, which need not be that of the call (a 415 to INFO within it).
fn status(report: &CallReport, finding: &Finding) -> Option<u16> {
    let frame = finding.evidence.first()?.frame;
    let statuses = |m: &CapturedMessage| m.message.status().filter(|_| m.provenance.frame == frame);
    report.call.messages.iter().find_map(statuses).map(|status| status.0)
}

/// What is said of calls that are not shown in detail.
#[derive(Debug, Default)]
pub(super) struct Rest {
    calls: u64,
    groups: u64,
    lines: Vec<(CallNumber, [String; 2])>,
    /// Octets of them.
    octets: usize,
    not_kept: u64,
    /// By code, and for those that hold for any status by that.
    notes: BTreeMap<(&'static str, Option<u16>), Note>,
    uncounted_notes: u64,
}

/// A finding below warning.
#[derive(Debug)]
struct Note {
    severity: Severity,
    count: u64,
    first: CallNumber,
    /// What the first one says.
    message: Text,
}

impl Rest {
    /// `told` are the codes of findings that an entry says already.
    pub(super) fn call(&mut self, report: &CallReport, shown: Shown, told: &[&str], view: &View) {
        if shown == Shown::NoTrouble {
            *(if report.call.is_invite() { &mut self.calls } else { &mut self.groups }) += 1;
        }
        self.note(report, told);
        if shown == Shown::InDetail || !view.all {
            return;
        }
        if self.lines.len() < limits::CALL_LINES && self.octets < limits::CALL_LINE_OCTETS {
            let line = line(report, view);
            self.octets += line.iter().map(String::len).sum::<usize>();
            self.lines.push((report.call.number, line));
        } else {
            self.not_kept += 1;
        }
    }

    fn note(&mut self, report: &CallReport, told: &[&str]) {
        let small =
            |f: &&Finding| f.consequence_of.is_none() && f.severity < Severity::Warning && !told.contains(&f.code);
        for finding in report.findings.iter().filter(small) {
            let status = (finding.code == ANY_STATUS).then(|| status(report, finding)).flatten();
            let kind = (finding.code, status);
            if self.notes.len() >= limits::NOTE_CODES && !self.notes.contains_key(&kind) {
                self.uncounted_notes += 1;
                continue;
            }
            let new = || Note {
                severity: finding.severity,
                count: 0,
                first: report.call.number,
                message: finding.message.clone(),
            };
            self.notes.entry(kind).or_insert_with(new).count += 1;
        }
    }

    pub(super) fn write(mut self, page: &mut Page, view: &View) {
        self.write_notes(page);
        if view.all && !self.lines.is_empty() {
            page.heading("All other calls", "");
            self.lines.sort_by_key(|(call, _)| *call);
            for (_, [facts, parties]) in &self.lines {
                page.line_or_two(facts, ENTRY, parties);
            }
            if self.not_kept > 0 {
                let more = Text::count(
                    self.not_kept,
                    "{n} more call is not listed (limit reached); CSV has all: -o calls.csv",
                    "{n} more calls are not listed (limit reached); CSV has all: -o calls.csv",
                );
                page.paragraph(2, Tone::Strong, more);
            }
        }
        if !view.all && self.calls + self.groups > 0 {
            page.blank();
            page.paragraph(0, Tone::Plain, self.unlisted());
        }
    }

    fn unlisted(&self) -> Text {
        let text = if self.calls + self.groups == 1 {
            Text::new("{calls} needs no attention; --all lists it.")
        } else {
            Text::new("{calls} need no attention; --all lists them.")
        };
        text.with("calls", phrases::calls_and_groups(self.calls, self.groups))
    }

    fn write_notes(&self, page: &mut Page) {
        if self.notes.is_empty() {
            return;
        }
        page.heading("Also noticed", "");
        let mut notes: Vec<_> = self.notes.iter().collect();
        notes.sort_by_key(|(kind, note)| (std::cmp::Reverse(note.severity), std::cmp::Reverse(note.count), **kind));
        for ((code, _), note) in notes {
            let text = if note.count == 1 {
                Text::new("{message} [{code}, {severity}] Call {n}.")
            } else {
                Text::new("First in call {n}: {message} [{code}, {severity}]")
            };
            let text = text.with("message", &note.message).with("code", *code);
            let text = text.with("severity", Text::new(note.severity.name())).with("n", note.first.0);
            page.hanging(Text::verbatim(format!("{:>7} ×", grouped(note.count))), 10, Tone::Plain, text);
        }
        if self.uncounted_notes > 0 {
            let more = Text::new("{n} more of further kinds").with("n", grouped(self.uncounted_notes));
            page.paragraph(2, Tone::Quiet, more);
        }
    }
}

/// `     7  14:00:00.000  answered  200  ` and `sip:alice@a.example → sip:bob@b.example [redirect-followed]`.
fn line(report: &CallReport, view: &View) -> [String; 2] {
    let call = &report.call;
    let status = facts::final_status(call).map_or_else(|| "-".to_owned(), |status| format!("{status:03}"));
    let kind = if call.is_invite() {
        String::new()
    } else {
        format!("{} ", beginning(facts::method(call).unwrap_or("?"), limits::METHOD_OCTETS))
    };
    let codes: Vec<_> = report.findings.iter().filter(|f| f.consequence_of.is_none()).map(|f| f.code).collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" [{}]", codes.join(", ")) };
    let transfer = phrases::transfer(call).map_or_else(String::new, |transfer| format!("; {}", view.say(transfer)));
    let begin = time::clock(call.start, &view.zone);
    let outcome = pad(&view.say(call.outcome.name()), OUTCOME);
    [
        format!("{:>6}  {begin}  {outcome}  {}  ", call.number.0, pad(&status, 3)),
        format!("{kind}{}{transfer}{codes}", phrases::parties(call)),
    ]
}

/// Cells in front of what goes on a second line.
const ENTRY: usize = 8;
/// Cells of the longest name of an outcome.
const OUTCOME: usize = 21;
