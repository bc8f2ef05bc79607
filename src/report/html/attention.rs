//! The calls that need attention, grouped by cause, the worst first; of each group the first calls with everything.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};

use super::{Room, call, capture, heading, left_out};
use crate::call::CallNumber;
use crate::diagnosis::{CallReport, Finding};
use crate::lang::Text;
use crate::limits;
use crate::report::groups::{Group, Groups, Shown};
use crate::report::text::View;
use crate::report::{Summary, phrases};

/// Calls of a group with everything.
const CALLS: usize = 5;
/// Octets of what is said of further calls of all groups of a capture.
const FURTHER: usize = 4 << 20;

/// The calls of a group that are shown with everything.
#[derive(Debug)]
struct Entry {
    first: Told,
    further: Vec<Told>,
}

#[derive(Debug)]
struct Told {
    number: CallNumber,
    /// `Call 4: sip:alice@a.example → sip:bob@b.example`.
    title: String,
    markup: String,
}

/// The groups of a capture.
#[derive(Debug)]
pub(super) struct Attention {
    groups: Groups<Entry>,
    further: usize,
}

impl Default for Attention {
    fn default() -> Self {
        Self { groups: Groups::new(limits::DETAILED_GROUPS), further: FURTHER }
    }
}

impl Attention {
    /// Takes note of a call if it needs attention; says whether it is shown in detail.
    pub(super) fn call(&mut self, report: &CallReport, view: &View) -> Shown {
        let room = &mut self.further;
        let first = |lead: Option<&Finding>| Entry { first: told(report, lead, view), further: Vec::new() };
        self.groups.call_or(report, first, |entry, lead| {
            if entry.further.len() + 1 >= CALLS || *room == 0 {
                return false;
            }
            let told = told(report, lead, view);
            *room = room.saturating_sub(told.markup.len());
            entry.further.push(told);
            true
        })
    }

    /// The groups, and which calls are shown with everything.
    pub(super) fn write(self, view: &View, summary: &Summary, room: &mut Room) -> (Markup, BTreeSet<CallNumber>) {
        let all = summary.calls + summary.other_groups;
        let remark = match self.groups.calls {
            0 => view.say("none"),
            _ => view.say(self.groups.remark(summary)),
        };
        let crowded_out = self.groups.crowded_out;
        let mut shown = BTreeSet::new();
        let mut no_room = 0;
        let mut entries = Vec::new();
        for (_, group) in self.groups.ranked() {
            let octets = group.first.octets();
            if octets > room.details {
                no_room += 1 + group.others;
                continue;
            }
            room.details -= octets;
            shown.extend(group.first.told().map(|told| told.number));
            entries.push(group_of(group, view));
        }
        let markup = html! {
            @if all > 0 {
                (heading(&format!("attention-{}", capture(view)), &view.say("Calls that need attention"), &remark))
                @for entry in &entries { (entry) }
                (left_out(view, crowded_out + no_room, Text::new(
                    "Calls that need attention and are not told here, since none is worse or the file would be too large: {n}. The table has them; JSON and CSV have everything."
                )))
            }
        };
        (markup, shown)
    }
}

impl Entry {
    fn told(&self) -> impl Iterator<Item = &Told> {
        std::iter::once(&self.first).chain(&self.further)
    }

    fn octets(&self) -> usize {
        self.told().map(|told| told.markup.len()).sum()
    }
}

fn told(report: &CallReport, lead: Option<&Finding>, view: &View) -> Told {
    let title = Text::new("{call}: {parties}").with("call", phrases::name(&report.call));
    Told {
        number: report.call.number,
        title: view.say(title.with("parties", phrases::parties(&report.call))),
        markup: call::write(view, report, lead).into_string(),
    }
}

fn group_of(group: Group<Entry>, view: &View) -> Markup {
    let Group { first: Entry { first, further }, members, others, .. } = group;
    let id = |told: &Told| format!("call-{}-{}", capture(view), told.number.0);
    html! {
        article id=(id(&first)) {
            h4 { (first.title) }
            (PreEscaped(&first.markup))
            @if others > 0 {
                p.others {
                    strong { (view.say(Text::count(others, "{n} more call of the same kind", "{n} more calls of the same kind"))) }
                    " "
                    (view.say(phrases::numbers(&members, others)))
                }
            }
            @for told in &further {
                details.further id=(id(told)) {
                    summary { (told.title) }
                    (PreEscaped(&told.markup))
                }
            }
        }
    }
}
