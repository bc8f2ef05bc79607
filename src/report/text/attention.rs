//! The calls that need attention, grouped by cause, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::View;
use super::detail;
use super::page::{Page, Tone};
use crate::call::{CallNumber, Outcome};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Text, grouped};
use crate::limits;
use crate::provenance::Timestamp;
use crate::report::{Summary, facts};

/// What calls must have in common to be shown as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    severity: Reverse<Severity>,
    code: Option<&'static str>,
    /// A registration is no call, even if it failed like one.
    method: Option<String>,
    /// What the finding says, without its values.
    template: String,
    host: Option<IpAddr>,
    status: Option<u16>,
}

#[derive(Debug)]
struct Group {
    start: Timestamp,
    /// The first call: `Call 4`.
    name: Text,
    /// Its caller and callee.
    parties: String,
    /// Everything else about it, ready to print.
    details: String,
    /// The others, at most [`limits::GROUP_MEMBERS`].
    members: Vec<CallNumber>,
    /// How many others there are.
    others: u64,
}

/// Groups of calls, at most [`limits::DETAILED_GROUPS`].
#[derive(Debug, Default)]
pub(super) struct Attention {
    groups: BTreeMap<Key, Group>,
    calls: u64,
    /// Calls whose group was given up for a worse one, or found no room.
    crowded_out: u64,
}

impl Attention {
    /// Takes note of a call if it needs attention; says whether it is shown in detail.
    pub(super) fn call(&mut self, report: &CallReport, view: &View) -> Shown {
        let lead = lead(report);
        if lead.is_none() && !facts::is_failure(report) {
            return Shown::NoTrouble;
        }
        self.calls += 1;
        let key = key(report, lead);
        if let Some(group) = self.groups.get_mut(&key) {
            group.others += 1;
            if group.members.len() < limits::GROUP_MEMBERS {
                group.members.push(report.call.number);
            }
            return Shown::InGroup;
        }
        if self.groups.len() >= limits::DETAILED_GROUPS && !self.make_room(&key) {
            self.crowded_out += 1;
            return Shown::InGroup;
        }
        let mut page = view.page();
        detail::of_call(&mut page, view, report, lead);
        let group = Group {
            start: report.call.start,
            name: detail::name(&report.call),
            parties: detail::parties(&report.call),
            details: page.into_text(),
            members: Vec::new(),
            others: 0,
        };
        self.groups.insert(key, group);
        Shown::InDetail
    }

    /// Gives up the least severe group, the latest of them, if the new one is worse.
    fn make_room(&mut self, new: &Key) -> bool {
        let least =
            self.groups.iter().max_by_key(|(key, group)| (key.severity, group.start)).map(|(key, _)| key.clone());
        let Some(least) = least.filter(|least| new.severity < least.severity) else { return false };
        if let Some(group) = self.groups.remove(&least) {
            self.crowded_out += 1 + group.others;
        }
        true
    }

    pub(super) fn write(self, page: &mut Page, view: &View, summary: &Summary) {
        let all = summary.calls + summary.other_groups;
        if self.calls == 0 {
            if all > 0 {
                page.heading("Calls that need attention", "none");
            }
            return;
        }
        let groups = self.groups.len() as u64;
        let entries = if groups == self.calls {
            Text::default()
        } else {
            Text::count(groups, ", told in {n} entry", ", told in {n} entries")
        };
        let remark = Text::new("{n} of {all}{entries}; the worst first");
        let remark = remark.with("n", grouped(self.calls)).with("all", grouped(all)).with("entries", entries);
        page.heading("Calls that need attention", remark);
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_by_key(|(key, group)| (key.severity, group.start));
        let code = groups.iter().find_map(|(key, _)| key.code);
        for (_, group) in groups {
            group.write(page, view);
        }
        if let Some(code) = code {
            page.blank();
            let hint = "More on a code in brackets: sipscan explain {code}. Frames are numbered as in Wireshark.";
            page.paragraph(0, Tone::Quiet, Text::new(hint).with("code", code));
        }
        if self.crowded_out > 0 {
            page.blank();
            let more = Text::count(
                self.crowded_out,
                "{n} more call with another cause, which is not worse; --all lists it, JSON and CSV have everything.",
                "{n} more calls with other causes, none of them worse; --all lists them, JSON and CSV have everything.",
            );
            page.paragraph(0, Tone::Strong, more);
        }
    }
}

impl Group {
    fn write(self, page: &mut Page, view: &View) {
        page.blank();
        let title = match self.others {
            0 => Text::new("── {call}: {parties}"),
            n => Text::new("── {call} and {n} more of the same kind: {parties}").with("n", grouped(n)),
        };
        page.paragraph(0, Tone::Strong, title.with("call", self.name).with("parties", self.parties));
        page.finished(&self.details);
        if self.others > 0 {
            let shown = if view.all { self.members.len() } else { self.members.len().min(MEMBERS) };
            let list = detail::numbers(self.members.get(..shown).unwrap_or_default(), self.others);
            page.entry("Others", Tone::Plain, list);
        }
    }
}

/// Numbers of further calls of a group that are shown without `--all`.
const MEMBERS: usize = 40;

/// How a call appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// With everything.
    InDetail,
    /// Counted in a group.
    InGroup,
    /// Not at all, but for `--all`.
    NoTrouble,
}

/// The finding that comes first: the root cause, else the worst one from warning on that is no consequence.
fn lead(report: &CallReport) -> Option<&Finding> {
    let causes = report.findings.iter().filter(|f| f.consequence_of.is_none() && f.severity >= Severity::Warning);
    // `rev`, because of several equal ones `max_by_key` takes the last.
    facts::root_finding(report).or_else(|| causes.rev().max_by_key(|f| f.severity))
}

fn key(report: &CallReport, lead: Option<&Finding>) -> Key {
    let answer = facts::final_response(&report.call);
    let evidence = lead.and_then(|f| f.evidence.first());
    Key {
        severity: Reverse(weight(report, lead)),
        code: lead.map(|f| f.code),
        method: facts::method(&report.call).map(str::to_owned),
        template: lead.map_or(String::new(), |f| f.message.template().to_owned()),
        host: evidence.map(|e| e.source.address).or_else(|| answer.map(|a| a.provenance.flow.source.address)),
        status: facts::final_status(&report.call),
    }
}

/// How much a call matters beside others. Who sent a 607 is no fault in itself (the finding is info), but the call failed.
fn weight(report: &CallReport, lead: Option<&Finding>) -> Severity {
    let severity = lead.map_or(Severity::Error, |f| f.severity);
    match report.call.outcome {
        Outcome::UnwantedByCallee | Outcome::BlockedByNetwork => severity.max(Severity::Error),
        _ => severity,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::view;
    use super::*;
    use crate::report::sample::silent_with;

    #[test]
    fn the_worst_groups_stay_when_there_are_too_many() {
        let (mut attention, view) = (Attention::default(), view());
        let host = |n: usize| format!("10.0.{}.{}", n / 250, n % 250);
        for n in 0..limits::DETAILED_GROUPS {
            attention.call(&silent_with(n as u64, &host(n), Severity::Error), &view);
        }
        let new = |n, severity| silent_with(n, &host(usize::try_from(n).unwrap()), severity);
        assert_eq!(attention.call(&new(900, Severity::Error), &view), Shown::InGroup);
        assert_eq!(attention.call(&new(901, Severity::Critical), &view), Shown::InDetail);
        assert_eq!(attention.call(&new(902, Severity::Critical), &view), Shown::InDetail);
        assert_eq!((attention.groups.len(), attention.crowded_out), (limits::DETAILED_GROUPS, 3));
        let mut page = view.page();
        attention.write(&mut page, &view, &Summary { calls: 203, ..Summary::default() });
        let text = page.into_text();
        assert!(text.contains("203 of 203, told in 200 entries"), "{text}");
        assert!(text.find("Call 901").unwrap() < text.find("Call 0:").unwrap(), "the worst comes first");
        assert!(text.contains("3 more calls with other causes"), "{text}");
    }

    #[test]
    fn calls_of_one_kind_are_listed_under_the_first() {
        let (mut attention, view) = (Attention::default(), view());
        for n in 1..=limits::GROUP_MEMBERS as u64 + 2 {
            attention.call(&silent_with(n, "203.0.113.99", Severity::Error), &view);
        }
        let mut page = view.page();
        attention.write(&mut page, &view, &Summary { calls: 1002, ..Summary::default() });
        let text = page.into_text();
        assert!(text.contains("Call 1 and 1,001 more of the same kind"), "{text}");
        assert!(text.contains("1,001 calls: 2–41, …"), "{text}");
    }
}
