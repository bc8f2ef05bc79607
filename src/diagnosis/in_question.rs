//! Which rules may have something to say of a call, by the facts that hold of it.

use super::rule::{Detect, DetectByComparison, DetectInCall, Rule};
use super::rules::RULES;
use super::rules::names_an_odd_address;
use super::{CallReport, Facts};
use crate::hashing::HashMap;

/// The rules for each set of facts, listed when the set first occurs: of all sets there could be, a capture has few.
#[derive(Debug, Default)]
pub(super) struct InQuestion {
    lists: HashMap<Facts, Lists>,
}

/// The rules that may have something to say where a set of facts holds, in their order, each with its place among all.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) alone: Vec<(Place, DetectInCall)>,
    /// Those that compare a call with the ones before it.
    pub(super) compared: Vec<(Place, DetectByComparison)>,
    /// Those that come after all others.
    pub(super) last: Vec<(Place, DetectByComparison)>,
}

/// The place of a rule among all of them.
pub(super) type Place = u16;

/// Whether the diagnosis of a call needs to see its media: that something is said of it, or that nothing is.
pub(crate) fn rests_on_media(report: &CallReport) -> bool {
    let is_cleared = || !report.call.media.is_empty() && names_an_odd_address(&report.call);
    report.findings.iter().any(|finding| looks_at_media(finding.code)) || is_cleared()
}

/// Whether the rule of that code looks at media.
fn looks_at_media(code: &str) -> bool {
    let needs = |rule: &Rule| match rule.detect {
        Detect::Given(needed, _) | Detect::Compared(needed, _) | Detect::Last(needed, _) => {
            needed.hold(Facts::MEDIA) || needed.hold(Facts::MEDIA_ADDRESS)
        }
        Detect::Call(_) | Detect::Capture(_) => false,
    };
    RULES.iter().any(|rule| rule.code == code && needs(rule))
}

impl InQuestion {
    /// Lists the rules for these facts, so that [`Self::of`] knows them.
    pub(super) fn note(&mut self, facts: Facts) {
        self.lists.entry(facts).or_insert_with(|| Lists::of(facts));
    }

    /// The rules for facts that were noted.
    pub(super) fn of(&self, facts: Facts) -> &Lists {
        static NONE: Lists = Lists { alone: Vec::new(), compared: Vec::new(), last: Vec::new() };
        self.lists.get(&facts).unwrap_or(&NONE)
    }
}

impl Lists {
    fn of(facts: Facts) -> Self {
        let mut lists = Self::default();
        for (place, rule) in (0..).zip(RULES) {
            match rule.detect {
                Detect::Call(detect) => lists.alone.push((place, detect)),
                Detect::Given(needed, detect) if facts.hold(needed) => lists.alone.push((place, detect)),
                Detect::Compared(needed, detect) if facts.hold(needed) => lists.compared.push((place, detect)),
                Detect::Last(needed, detect) if facts.hold(needed) => lists.last.push((place, detect)),
                Detect::Given(..) | Detect::Compared(..) | Detect::Last(..) | Detect::Capture(_) => {}
            }
        }
        lists
    }
}
