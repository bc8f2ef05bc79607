//! The calls that need attention, grouped by cause, the worst first.

use super::View;
use super::detail;
use super::page::{Page, Tone};
use crate::diagnosis::CallReport;
use crate::lang::{Text, grouped};
use crate::report::Summary;
use crate::report::groups::{Group, Groups, Shown};
use crate::report::phrases;

/// What is shown of the first call of a group.
#[derive(Debug)]
struct Entry {
    /// `Call 4`.
    name: Text,
    /// Its caller and callee.
    parties: Text,
    /// Everything else about it, ready to print.
    details: String,
}

/// The groups, as many as the report may show in detail.
#[derive(Debug)]
pub(super) struct Attention {
    groups: Groups<Entry>,
}

impl Attention {
    pub(super) fn new(most: usize) -> Self {
        Self { groups: Groups::new(most) }
    }

    /// Takes note of a call if it needs attention; says whether it is shown in detail.
    pub(super) fn call(&mut self, report: &CallReport, view: &View) -> Shown {
        self.groups.call(report, |lead| {
            let mut page = view.page();
            detail::of_call(&mut page, view, report, lead);
            let (name, parties) = (phrases::name(&report.call), phrases::parties(&report.call));
            Entry { name, parties, details: page.into_text() }
        })
    }

    /// Codes that the entry of the last call says, or that of the first of its kind: no news about that call any more.
    pub(super) fn told(&self) -> &[&'static str] {
        &self.groups.told
    }

    pub(super) fn write(self, page: &mut Page, view: &View, summary: &Summary) {
        if self.groups.calls == 0 {
            if summary.calls + summary.other_groups > 0 {
                page.heading("Calls that need attention", "none");
            }
            return;
        }
        let crowded_out = self.groups.crowded_out;
        let remark = self.groups.remark(summary);
        page.heading("Calls that need attention", remark);
        let groups = self.groups.ranked();
        let code = groups.iter().find_map(|(key, _)| key.code);
        for (_, group) in groups {
            write(group, page, view);
        }
        if let Some(code) = code {
            page.blank();
            let hint = "In brackets: code, severity, and how sure it is: certain if frames prove it, strong if one reasonable assumption \
                        was made, weak if it is a guess. More on a code: sipscan explain {code}. Frames are numbered as in Wireshark.";
            page.paragraph(0, Tone::Quiet, Text::new(hint).with("code", code));
        }
        if crowded_out > 0 {
            page.blank();
            let more = Text::count(
                crowded_out,
                "{n} more call with another cause, which is not worse; --all lists it, JSON and CSV have everything.",
                "{n} more calls with other causes, none of them worse; --all lists them, JSON and CSV have everything.",
            );
            page.paragraph(0, Tone::Strong, more);
        }
    }
}

fn write(group: Group<Entry>, page: &mut Page, view: &View) {
    let Entry { name, parties, details } = group.first;
    let title = match group.others {
        0 => Text::new("{call}: {parties}"),
        n => Text::new("{call} and {n} more of the same kind: {parties}").with("n", grouped(n)),
    };
    page.title(title.with("call", name).with("parties", parties));
    page.finished(&details);
    if group.others > 0 {
        let shown = if view.all { group.members.len() } else { group.members.len().min(MEMBERS) };
        let list = phrases::more_numbers(group.members.get(..shown).unwrap_or_default(), group.others);
        page.entry("Others", Tone::Plain, list);
    }
}

/// Numbers of further calls of a group that are shown without `--all`.
const MEMBERS: usize = 40;

#[cfg(test)]
mod tests {
    use super::super::tests::view;
    use super::*;
    use crate::diagnosis::Severity;
    use crate::limits;
    use crate::report::sample::silent_with;

    #[test]
    fn the_worst_groups_stay_when_there_are_too_many() {
        let (mut attention, view) = (Attention::new(limits::DETAILED_GROUPS), view());
        let host = |n: usize| format!("10.0.{}.{}", n / 250, n % 250);
        for n in 0..limits::DETAILED_GROUPS {
            attention.call(&silent_with(n as u64, &host(n), Severity::Error), &view);
        }
        let new = |n, severity| silent_with(n, &host(usize::try_from(n).unwrap()), severity);
        assert_eq!(attention.call(&new(900, Severity::Error), &view), Shown::InGroup);
        assert_eq!(attention.call(&new(901, Severity::Critical), &view), Shown::InDetail);
        assert_eq!(attention.call(&new(902, Severity::Critical), &view), Shown::InDetail);
        assert_eq!((attention.groups.len(), attention.groups.crowded_out), (limits::DETAILED_GROUPS, 3));
        let mut page = view.page();
        attention.write(&mut page, &view, &Summary { calls: 203, ..Summary::default() });
        let text = page.into_text();
        assert!(text.contains("203 of 203 calls, in 200 entries"), "{text}");
        assert!(text.find("Call 901").unwrap() < text.find("Call 0:").unwrap(), "the worst comes first");
        assert!(text.contains("3 more calls with other causes"), "{text}");
    }

    #[test]
    fn calls_of_one_kind_are_listed_under_the_first() {
        let (mut attention, view) = (Attention::new(limits::DETAILED_GROUPS), view());
        for n in 1..=limits::GROUP_MEMBERS as u64 + 2 {
            attention.call(&silent_with(n, "203.0.113.99", Severity::Error), &view);
        }
        let mut page = view.page();
        attention.write(&mut page, &view, &Summary { calls: 1002, ..Summary::default() });
        let text = page.into_text();
        assert!(text.contains("Call 1 and 1,001 more of the same kind"), "{text}");
        assert!(text.contains("1,001 more: 2–41, …"), "{text}");
    }
}
