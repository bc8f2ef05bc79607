//! Which of the diagnosed calls go on to the reports, and what must be said of the others.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::call::CallNumber;
use crate::diagnosis::{CallReport, Finding};
use crate::filter::Filter;
use crate::limits;
use crate::report::Filtered;

/// A filter at work on a capture; without one everything is taken.
#[derive(Debug, Default)]
pub(super) struct Selection {
    filter: Option<Arc<Filter>>,
    /// Selected calls; with more than are remembered, every finding about the capture counts as being about one of them.
    selected: BTreeSet<CallNumber>,
    filtered: Filtered,
}

impl Selection {
    pub(super) fn new(filter: Option<Arc<Filter>>) -> Self {
        let expression = filter.as_ref().map(|filter| filter.text().to_owned()).unwrap_or_default();
        Self { filter, filtered: Filtered { expression, ..Filtered::default() }, ..Self::default() }
    }

    /// Whether a call is reported.
    pub(super) fn takes(&mut self, report: &CallReport) -> bool {
        let Some(filter) = &self.filter else { return true };
        let count = if report.call.is_invite() { &mut self.filtered.calls } else { &mut self.filtered.other_groups };
        *count += 1;
        let selects = filter.selects(report);
        if selects && self.selected.len() < limits::SELECTED_CALLS {
            self.selected.insert(report.call.number);
        }
        selects
    }

    /// Of the findings about the capture as a whole those that are about a selected call.
    pub(super) fn about(&mut self, findings: Vec<Finding>) -> Vec<Finding> {
        if self.filter.is_none() || self.selected.len() == limits::SELECTED_CALLS {
            return findings;
        }
        let all = findings.len();
        let concerns = |finding: &Finding| finding.calls.iter().any(|number| self.selected.contains(number));
        let kept: Vec<Finding> = findings.into_iter().filter(concerns).collect();
        self.filtered.findings_left_out = (all - kept.len()) as u64;
        kept
    }

    /// What the reports say of the filter.
    pub(super) fn filtered(self) -> Option<Filtered> {
        self.filter.map(|_| self.filtered)
    }
}
