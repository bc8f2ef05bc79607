//! Which rules may have something to say of a call, by the facts that hold of it.

use super::Facts;
use super::rule::{Detect, DetectInCall, Rule};
use super::rules::RULES;
use crate::hashing::HashMap;

/// The rules for each set of facts, listed when the set first occurs: of all sets there could be, a capture has few.
#[derive(Debug, Default)]
pub(super) struct InQuestion {
    lists: HashMap<Facts, Lists>,
}

/// The rules that may have something to say where a set of facts holds, in their order.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) first: Vec<DetectInCall>,
    /// Those that come after all others.
    pub(super) last: Vec<DetectInCall>,
}

/// Whether the diagnosis of that code needs to see the media of a call.
pub(crate) fn rests_on_media(code: &str) -> bool {
    let needs = |rule: &Rule| match rule.detect {
        Detect::Given(needed, _) | Detect::Last(needed, _) => needed.hold(Facts::MEDIA),
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
        static NONE: Lists = Lists { first: Vec::new(), last: Vec::new() };
        self.lists.get(&facts).unwrap_or(&NONE)
    }
}

impl Lists {
    fn of(facts: Facts) -> Self {
        let first = |rule: &&Rule| match rule.detect {
            Detect::Call(detect) => Some(detect),
            Detect::Given(needed, detect) => facts.hold(needed).then_some(detect),
            Detect::Last(..) | Detect::Capture(_) => None,
        };
        let last = |rule: &&Rule| match rule.detect {
            Detect::Last(needed, detect) => facts.hold(needed).then_some(detect),
            Detect::Call(_) | Detect::Given(..) | Detect::Capture(_) => None,
        };
        Self { first: RULES.iter().filter_map(first).collect(), last: RULES.iter().filter_map(last).collect() }
    }
}
