//! The complaint list: every calling number whose calls were rejected with 607, or blocked by a network with 608 or 603 Network
//! Blocked: how many of its calls, who must not be called again, who decided, and whether the number is proven.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Files, Place, Seen};
use crate::call::CapturedMessage;
use crate::diagnosis::patterns::unwanted::answerers::Answerers;
use crate::diagnosis::patterns::unwanted::{callee, caller, observe_answerers};
use crate::diagnosis::rules::unwanted_from_analytics;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{CallReport, Settings, Thresholds};
use crate::limits::{
    COMPLAINT_ANSWERERS, COMPLAINT_CALLEES, COMPLAINT_CALLEES_PER_CALLER, COMPLAINT_CALLERS, PATTERN_NAME,
};
use crate::sip::Method;

mod evidence;
mod party;
#[cfg(test)]
mod tests;
mod verdict;

use evidence::Complaint;
pub use party::Party;
pub use verdict::{Action, Decided, Decision, Proof, Proven};

/// Callers of a run.
#[derive(Debug)]
pub struct Complaints {
    country: String,
    thresholds: Thresholds,
    files: Files,
    callers: BTreeMap<Party, Caller>,
    /// Of the current capture: who answers everybody alike is known only at its end.
    answerers: Answerers,
    /// Of the current capture: 607s without ringing, by caller and answering element.
    undecided: BTreeMap<(Party, IpAddr), Decided>,
    /// Called numbers of all rows.
    callees: usize,
    left_out: u64,
}

/// What is counted of a caller.
#[derive(Debug, Default)]
struct Caller {
    attempts: u64,
    complaints: Option<Box<Against>>,
}

/// What is known of the complaints about a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Against {
    /// Calls with a 607.
    pub unwanted: u64,
    /// Answered calls that the called side ended with a BYE whose Reason is 607.
    pub after_answer: u64,
    /// Calls with a 608.
    pub rejected: u64,
    /// Calls with a 603 Network Blocked.
    pub blocked: u64,
    /// Called parties that answered 607, before or after they answered the call.
    pub callees: BTreeSet<Party>,
    /// 607s of further ones that found no room.
    pub more_callees: u64,
    /// Who decided.
    pub decided: Decided,
    /// Whether the calling number is proven.
    pub proven: Proven,
    /// The responses and BYEs.
    pub seen: Seen,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The caller.
    pub caller: Party,
    /// All its calls.
    pub attempts: u64,
    /// What speaks against it.
    pub against: Against,
}

impl Complaints {
    /// An empty list, by the country code and the thresholds of a run.
    pub fn new(settings: &Settings) -> Self {
        Self {
            country: settings.country.clone(),
            thresholds: settings.thresholds.clone(),
            files: Files::default(),
            callers: BTreeMap::new(),
            answerers: Answerers::default(),
            undecided: BTreeMap::new(),
            callees: 0,
            left_out: 0,
        }
    }

    /// A capture of so many files begins.
    pub fn begin_capture(&mut self, files: usize) {
        self.files.begin(files);
    }

    /// Takes note of a diagnosed call.
    pub fn observe(&mut self, report: &CallReport) {
        let call = &report.call;
        let Some(request) = call.initial_request().filter(|_| call.is_invite()) else { return };
        let from = caller(&request.message, &self.country);
        let is_long = from.as_ref().is_some_and(|name| name.len() > PATTERN_NAME);
        let from = Party::calling(from.map(Cow::into_owned));
        let full = self.callers.len() >= COMPLAINT_CALLERS && !self.callers.contains_key(&from);
        if is_long || (full && !from.is_anonymous()) {
            self.left_out += 1;
            return;
        }
        self.callers.entry(from.clone()).or_default().attempts += 1;
        let cases: Vec<_> = UnwantedCase::of_requests(call)
            .filter(|c| c.nearest.method == Method::Invite && !c.was_made_of_another())
            .collect();
        if cases.iter().any(UnwantedCase::is_no_complaint) {
            return;
        }
        observe_answerers(&mut self.answerers, call, &cases, &self.country);
        let Some(complaint) = Complaint::of(report, &cases) else { return };
        self.note(&from, &complaint, report);
        if let Complaint::Unwanted(cases) = &complaint {
            for case in *cases {
                self.suppress(&from, case.request().unwrap_or(case.received));
            }
        } else if matches!(complaint, Complaint::AfterAnswer(_)) {
            self.suppress(&from, request);
        }
    }

    /// The capture is over.
    pub fn end_capture(&mut self) {
        let alike =
            self.answerers.iter().filter(|element| unwanted_from_analytics::is_alike(element, &self.thresholds));
        let alike: BTreeSet<IpAddr> = alike.map(|element| element.element.address).collect();
        for ((from, element), decided) in std::mem::take(&mut self.undecided) {
            let Some(against) = self.callers.get_mut(&from).and_then(|c| c.complaints.as_mut()) else { continue };
            against.decided.add(decided.all_by_network_if(alike.contains(&element)));
        }
        self.answerers = Answerers::default();
    }

    /// The rows: those with most complaints first, then in the order of callers.
    pub fn rows(&self) -> Vec<Row> {
        let with = |(caller, of): (&Party, &Caller)| {
            let against = of.complaints.as_deref()?.clone();
            Some(Row { caller: caller.clone(), attempts: of.attempts, against })
        };
        let mut rows: Vec<Row> = self.callers.iter().filter_map(with).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.against.unwanted, row.against.calls())));
        rows
    }

    /// How many calls of callers that found no room were not counted.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn note(&mut self, from: &Party, complaint: &Complaint<'_>, report: &CallReport) {
        let frames: Vec<(&CapturedMessage, Place)> =
            complaint.messages().into_iter().map(|m| (m, self.files.place(m.provenance.frame))).collect();
        let Some(((first, place), others)) = frames.split_first() else { return };
        let Some(entry) = self.callers.get_mut(from) else { return };
        let against = match &mut entry.complaints {
            Some(known) => {
                known.seen.again(&first.provenance, *place);
                known
            }
            none => none.insert(Box::new(Against::new(Seen::new(&first.provenance, *place)))),
        };
        for (message, place) in others {
            against.seen.again(&message.provenance, *place);
        }
        against.count(complaint);
        against.proven.add(Proof::of(report));
        let (decision, element) = complaint.decision(report);
        if let Some(element) = element {
            let key = (from.clone(), element);
            if self.undecided.len() < COMPLAINT_ANSWERERS || self.undecided.contains_key(&key) {
                self.undecided.entry(key).or_default().count(decision);
                return;
            }
            self.left_out += 1;
        }
        against.decided.count(decision);
    }

    /// Puts the called party of a request on the list of those who must not be called again.
    fn suppress(&mut self, from: &Party, request: &CapturedMessage) {
        let Some(to) = callee(&request.message, &self.country) else { return };
        let Some(against) = self.callers.get_mut(from).and_then(|c| c.complaints.as_mut()) else { return };
        let is_long = to.len() > PATTERN_NAME;
        let to = Party::called(to.into_owned());
        if against.callees.contains(&to) {
            return;
        }
        if is_long || self.callees >= COMPLAINT_CALLEES || against.callees.len() >= COMPLAINT_CALLEES_PER_CALLER {
            against.more_callees += 1;
            self.left_out += 1;
            return;
        }
        against.callees.insert(to);
        self.callees += 1;
    }
}

impl Against {
    fn new(seen: Seen) -> Self {
        Self {
            unwanted: 0,
            after_answer: 0,
            rejected: 0,
            blocked: 0,
            callees: BTreeSet::new(),
            more_callees: 0,
            decided: Decided::default(),
            proven: Proven::default(),
            seen,
        }
    }

    fn count(&mut self, complaint: &Complaint<'_>) {
        *match complaint {
            Complaint::Unwanted(_) => &mut self.unwanted,
            Complaint::AfterAnswer(_) => &mut self.after_answer,
            Complaint::Rejected(_) => &mut self.rejected,
            Complaint::Blocked(_) => &mut self.blocked,
        } += 1;
    }

    /// Calls with a complaint of any kind.
    pub fn calls(&self) -> u64 {
        self.unwanted + self.after_answer + self.rejected + self.blocked
    }
}
