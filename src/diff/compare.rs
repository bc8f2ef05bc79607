//! Two sides beside one another: each number with what became of it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Serialize;

use super::chance;
use super::side::{Found, Side};
use crate::call::Outcome;
use crate::diagnosis::Severity;
use crate::kpi::{Metrics, Ratio, Spread};

/// What became of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// There was none, and is now.
    New,
    /// A greater share, or longer, by more than chance does.
    Higher,
    /// A smaller share, or shorter, by more than chance does.
    Lower,
    /// There was some, and is none now.
    Gone,
    /// As before, or not different enough to say.
    Same,
}

impl Change {
    fn of(order: Option<Ordering>) -> Self {
        match order {
            Some(Ordering::Greater) => Self::Higher,
            Some(Ordering::Less) => Self::Lower,
            _ => Self::Same,
        }
    }

    /// Of a share of calls that may have been none.
    fn of_shares(old: Ratio, new: Ratio) -> Self {
        match (old.part, new.part) {
            (0, 1..) => Self::New,
            (1.., 0) => Self::Gone,
            _ => Self::of(chance::shares(old, new)),
        }
    }

    /// Whether there is more than before.
    pub fn is_more(self) -> bool {
        matches!(self, Self::New | Self::Higher)
    }
}

/// A share on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<K> {
    /// What it is the share of.
    pub key: K,
    /// Before.
    pub old: Ratio,
    /// After.
    pub new: Ratio,
    /// What became of it.
    pub change: Change,
    /// Whether a difference like this comes about by chance too: what is new or gone may not stay so.
    pub may_be_chance: bool,
}

impl<K> Row<K> {
    fn of(key: K, old: Ratio, new: Ratio) -> Self {
        let (change, clear) = (Change::of_shares(old, new), chance::shares(old, new).is_some());
        Self { key, old, new, change, may_be_chance: change != Change::Same && !clear }
    }
}

/// A diagnosis on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code<'a> {
    /// Its code, with calls and other groups that have it, of all of them.
    pub row: Row<&'static str>,
    /// The worst severity on the newer side that has it.
    pub severity: Severity,
    /// Before.
    pub old: Option<&'a Found>,
    /// After.
    pub new: Option<&'a Found>,
    /// Problems that are new: of other parties or hosts than before.
    pub problems_new: u64,
    /// Problems of before that are there no more.
    pub problems_gone: u64,
    /// Problems of both sides.
    pub problems_same: u64,
}

/// Delays on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays<'a> {
    /// Before.
    pub old: &'a Spread,
    /// After.
    pub new: &'a Spread,
    /// What became of them.
    pub change: Change,
}

impl<'a> Delays<'a> {
    /// Compares them.
    pub fn of(old: &'a Spread, new: &'a Spread) -> Self {
        Self { old, new, change: Change::of(chance::delays(old, new)) }
    }
}

/// Compares a ratio of key figures.
pub fn ratio(old: Ratio, new: Ratio) -> Change {
    Change::of(chance::shares(old, new))
}

/// Diagnoses of both sides: new ones first, then more frequent ones, and so on; within that the worst, and the most frequent.
pub fn codes<'a>(old: &'a Side, new: &'a Side) -> Vec<Code<'a>> {
    let names: BTreeSet<&'static str> = old.codes.keys().chain(new.codes.keys()).copied().collect();
    let mut all: Vec<Code<'_>> = names.into_iter().filter_map(|code| code_of(code, old, new)).collect();
    all.sort_by_key(|code| {
        let most = code.row.old.part.max(code.row.new.part);
        (code.row.change, std::cmp::Reverse((code.severity, most)), code.row.key)
    });
    all
}

fn code_of<'a>(code: &'static str, old: &'a Side, new: &'a Side) -> Option<Code<'a>> {
    let (before, behind) = (old.codes.get(code), new.codes.get(code));
    let severity = behind.or(before)?.severity;
    let share =
        |found: Option<&Found>, side: &Side| Ratio { part: found.map_or(0, |f| f.groups), whole: side.groups() };
    let mut row = Row::of(code, share(before, old), share(behind, new));
    // Of findings about a capture as a whole it can only be said whether there are any.
    match (before, behind) {
        (None, Some(_)) => row.change = Change::New,
        (Some(_), None) => row.change = Change::Gone,
        _ if matches!(row.change, Change::New | Change::Gone) => row.change = Change::Same,
        _ => {}
    }
    let none = BTreeSet::new();
    let (was, is) = (before.map_or(&none, |f| &f.problems), behind.map_or(&none, |f| &f.problems));
    Some(Code {
        row,
        severity,
        old: before,
        new: behind,
        problems_new: is.difference(was).count() as u64,
        problems_gone: was.difference(is).count() as u64,
        problems_same: is.intersection(was).count() as u64,
    })
}

/// Outcomes that there are on either side, in the order of reports, as shares of calls.
pub fn outcomes(old: &Side, new: &Side) -> Vec<Row<Outcome>> {
    let count = |side: &Side, outcome| side.summary.outcomes.get(&outcome).copied().unwrap_or(0);
    let ratio = |side: &Side, outcome| Ratio { part: count(side, outcome), whole: side.summary.calls };
    let rows = Outcome::ALL.iter().map(|outcome| Row::of(*outcome, ratio(old, *outcome), ratio(new, *outcome)));
    rows.filter(|row| row.old.part + row.new.part > 0).collect()
}

/// Final responses by status, as shares of all final responses.
pub fn final_responses(old: &Side, new: &Side) -> Vec<Row<u16>> {
    let statuses: BTreeSet<u16> =
        [old, new].iter().flat_map(|side| side.summary.final_by_status.keys()).copied().collect();
    let ratio = |side: &Side, status| {
        let all = &side.summary.final_by_status;
        Ratio { part: all.get(&status).copied().unwrap_or(0), whole: all.values().sum() }
    };
    statuses.into_iter().map(|status| Row::of(status, ratio(old, status), ratio(new, status))).collect()
}

/// The key figures of a side.
pub fn metrics(side: &Side) -> Metrics {
    side.summary.kpis.as_ref().map(|kpis| kpis.total.clone()).unwrap_or_default()
}
