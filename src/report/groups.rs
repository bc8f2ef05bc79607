//! Calls that need attention, grouped by cause, the worst first. Bounded: a group keeps what a format says of its first call, and
//! the numbers of some others.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Summary, facts, phrases};
use crate::call::{CallNumber, Outcome};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Text, grouped};
use crate::limits;
use crate::provenance::Timestamp;
use crate::shorten;

/// How a call appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// With everything.
    InDetail,
    /// Counted in a group.
    InGroup,
    /// Not at all, since it needs no attention.
    NoTrouble,
}

/// What calls must have in common to be shown as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// How much it matters, and what its finding says of itself.
    severity: Reverse<(Severity, Severity)>,
    pub(super) code: Option<&'static str>,
    /// A registration is no call, even if it failed like one.
    method: Option<String>,
    /// What the finding says, without its values.
    template: &'static str,
    /// What to do about it first, likewise: it is shown once for all of them.
    change: &'static str,
    host: Option<IpAddr>,
    status: Option<u16>,
}

/// Calls of one kind.
#[derive(Debug)]
pub(super) struct Group<D> {
    start: Timestamp,
    /// What is said of the first one.
    pub(super) first: D,
    /// Codes of its findings.
    codes: Vec<&'static str>,
    /// The others, at most [`limits::GROUP_MEMBERS`].
    pub(super) members: Vec<CallNumber>,
    /// How many others there are.
    pub(super) others: u64,
}

/// The groups of a capture.
#[derive(Debug)]
pub(super) struct Groups<D> {
    by_key: BTreeMap<Key, Group<D>>,
    /// How many there may be.
    most: usize,
    /// Calls that need attention.
    pub(super) calls: u64,
    /// Calls whose group was given up for a worse one, or found no room.
    pub(super) crowded_out: u64,
    /// Codes that the group of the last call says of its first one; empty if it is in none.
    pub(super) told: Vec<&'static str>,
}

impl<D> Groups<D> {
    /// Keeps at most that many groups.
    pub(super) fn new(most: usize) -> Self {
        Self { by_key: BTreeMap::new(), most, calls: 0, crowded_out: 0, told: Vec::new() }
    }

    /// Takes note of a call if it needs attention; `say` is asked for the first of a group.
    pub(super) fn call(&mut self, report: &CallReport, say: impl FnOnce(Option<&Finding>) -> D) -> Shown {
        self.call_or(report, say, |_, _| false)
    }

    /// The same; `again` may add a further call to what is said of the first, and tells whether it did.
    pub(super) fn call_or(
        &mut self,
        report: &CallReport,
        say: impl FnOnce(Option<&Finding>) -> D,
        again: impl FnOnce(&mut D, Option<&Finding>) -> bool,
    ) -> Shown {
        self.told.clear();
        let lead = lead(report);
        if lead.is_none() && !facts::is_failure(report) {
            return Shown::NoTrouble;
        }
        self.calls += 1;
        let key = key(report, lead);
        if let Some(group) = self.by_key.get_mut(&key) {
            group.others += 1;
            self.told.clone_from(&group.codes);
            if group.members.len() < limits::GROUP_MEMBERS {
                group.members.push(report.call.number);
            }
            let added = again(&mut group.first, lead);
            return if added { Shown::InDetail } else { Shown::InGroup };
        }
        if self.by_key.len() < self.most || self.make_room(&key) {
            let codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
            self.told.clone_from(&codes);
            let group = Group { start: report.call.start, first: say(lead), codes, members: Vec::new(), others: 0 };
            self.by_key.insert(key, group);
            return Shown::InDetail;
        }
        self.crowded_out += 1;
        Shown::InGroup
    }

    /// What stands beside the heading.
    pub(super) fn remark(&self, summary: &Summary) -> Text {
        let groups = self.len() as u64;
        let entries = match groups {
            _ if groups == self.calls => Text::default(),
            _ => Text::count(groups, ", in {n} entry", ", in {n} entries"),
        };
        let is_lifted = |key: &Key| key.severity.0.0 > key.severity.0.1;
        let lifted = if self.by_key.keys().any(is_lifted) {
            Text::new(" (rejected as unwanted or blocked counts as error)")
        } else {
            Text::default()
        };
        let (calls, others) = (summary.calls, summary.other_groups);
        // Where there are two counts, it is of both together.
        let remark = if calls > 0 && others > 0 {
            Text::new("{n} of {sum}: {all}{entries}; the worst first{lifted}").with("sum", grouped(calls + others))
        } else {
            Text::new("{n} of {all}{entries}; the worst first{lifted}")
        };
        let remark = remark.with("n", grouped(self.calls)).with("all", phrases::calls_and_groups(calls, others));
        remark.with("entries", entries).with("lifted", lifted)
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Gives up the least severe group, the latest of them, if the new one is worse.
    fn make_room(&mut self, new: &Key) -> bool {
        let least =
            self.by_key.iter().max_by_key(|(key, group)| (key.severity, group.start)).map(|(key, _)| key.clone());
        let Some(least) = least.filter(|least| new.severity < least.severity) else { return false };
        if let Some(group) = self.by_key.remove(&least) {
            self.crowded_out += 1 + group.others;
        }
        true
    }

    /// The groups, the worst first; of equal ones, the earliest.
    pub(super) fn ranked(self) -> Vec<(Key, Group<D>)> {
        let mut groups: Vec<_> = self.by_key.into_iter().collect();
        groups.sort_by_key(|(key, group)| (key.severity, group.start));
        groups
    }
}

/// The finding that comes first: the root cause, else the worst one from warning on that is no consequence.
pub(super) fn lead(report: &CallReport) -> Option<&Finding> {
    let causes = report.findings.iter().filter(|f| f.consequence_of.is_none() && f.severity >= Severity::Warning);
    // `rev`, because of several equal ones `max_by_key` takes the last.
    facts::root_finding(report).or_else(|| causes.rev().max_by_key(|f| f.severity))
}

fn key(report: &CallReport, lead: Option<&Finding>) -> Key {
    let answer = facts::final_response(&report.call);
    let evidence = lead.and_then(|f| f.evidence.first());
    Key {
        severity: Reverse((weight(report, lead), lead.map_or(Severity::Error, |f| f.severity))),
        code: lead.map(|f| f.code),
        method: facts::method(&report.call).map(|method| shorten::beginning(method, limits::METHOD_OCTETS).to_owned()),
        template: lead.map_or("", |f| f.message.template()),
        change: lead.and_then(|f| f.remediation.first()).map_or("", Text::template),
        host: evidence.map(|e| e.source.address).or_else(|| answer.map(|a| a.provenance.flow.source.address)),
        status: facts::final_status(&report.call),
    }
}

/// How much a call matters beside others. Who sent a 607 is no fault in itself (the finding is info), but the call failed.
pub(super) fn weight(report: &CallReport, lead: Option<&Finding>) -> Severity {
    let severity = lead.map_or(Severity::Error, |f| f.severity);
    match report.call.outcome {
        Outcome::UnwantedByCallee | Outcome::BlockedByNetwork => severity.max(Severity::Error),
        _ => severity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::silent_with;

    #[test]
    fn the_worst_groups_stay_and_the_others_are_counted() {
        let mut groups = Groups::new(2);
        for (n, severity) in
            [(1, Severity::Warning), (2, Severity::Error), (3, Severity::Error), (4, Severity::Critical)]
        {
            groups.call(&silent_with(n, &format!("10.0.0.{n}"), severity), |_| n);
        }
        groups.call(&silent_with(5, "10.0.0.4", Severity::Critical), |_| 5);
        assert_eq!((groups.calls, groups.crowded_out), (5, 2));
        let ranked = groups.ranked();
        let rows: Vec<_> = ranked.iter().map(|(_, group)| (group.first, group.others)).collect();
        assert_eq!(rows, [(4, 1), (2, 0)]);
    }

    #[test]
    fn calls_that_need_another_change_are_not_shown_as_one() {
        let mut groups = Groups::new(9);
        let mut other = silent_with(2, "10.0.0.1", Severity::Error);
        other.findings[0].remediation =
            vec![Text::new("Do not look for a missing registration: by its Reason the called party is busy.")];
        for report in
            [&silent_with(1, "10.0.0.1", Severity::Error), &other, &silent_with(3, "10.0.0.1", Severity::Error)]
        {
            groups.call(report, |_| ());
        }
        assert_eq!(groups.ranked().iter().map(|(_, group)| group.others).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn what_is_lifted_comes_behind_what_is_as_bad_by_itself() {
        let mut groups = Groups::new(9);
        let mut unwanted = silent_with(1, "10.0.0.1", Severity::Warning);
        unwanted.call.outcome = Outcome::UnwantedByCallee;
        groups.call(&unwanted, |_| ());
        let remark = |groups: &Groups<()>| {
            let summary = Summary { calls: 4, other_groups: 1, ..Summary::default() };
            groups.remark(&summary).to_string()
        };
        let all = "of 5: 4 calls and 1 group of other requests";
        let lifted = " (rejected as unwanted or blocked counts as error)";
        assert_eq!(remark(&groups), format!("1 {all}; the worst first{lifted}"));
        for (n, severity) in [(2, Severity::Error), (3, Severity::Warning), (4, Severity::Critical)] {
            groups.call(&silent_with(n, &format!("10.0.0.{n}"), severity), |_| ());
        }
        let order: Vec<_> = groups.ranked().iter().map(|(key, _)| key.severity.0.1).collect();
        assert_eq!(order, [Severity::Critical, Severity::Error, Severity::Warning, Severity::Warning]);
    }

    #[test]
    fn what_the_first_call_of_a_group_says_is_no_news_about_the_others() {
        let mut groups = Groups::new(1);
        let (first, second) =
            (silent_with(1, "10.0.0.1", Severity::Error), silent_with(2, "10.0.0.1", Severity::Error));
        let codes: Vec<_> = first.findings.iter().map(|f| f.code).collect();
        for report in [&first, &second] {
            groups.call(report, |_| ());
            assert_eq!((codes.is_empty(), &groups.told), (false, &codes));
        }
        // There is no room for its group, and nothing is said of it.
        groups.call(&silent_with(3, "10.0.0.3", Severity::Warning), |_| ());
        assert_eq!(groups.told, Vec::<&str>::new());
    }
}
