//! Asks the rules about calls that were diagnosed together: one rule about all of them before the next, as the code of all rules is more
//! than the first cache of a processor holds, and would have to be fetched again for every call that failed.

use smallvec::SmallVec;

use super::context::Context;
use super::earlier::{Compared, Earlier};
use super::engine::Studied;
use super::in_question::{InQuestion, Lists, Place};
use super::pings::Pings;
use super::rule::{Detect, DetectByComparison, Rule};
use super::rules::RULES;
use super::{Evidence, Facts, Finding, root_cause};
use crate::call::Call;
use crate::lang::Text;

/// A call with what the rules said of it so far.
pub(super) struct Asked<'a, 'c> {
    studied: &'a Studied<'c>,
    context: Context<'a>,
    findings: Vec<Finding>,
    /// For each of them the place of the rule that said it.
    places: SmallVec<[Place; FAILURE_FINDINGS]>,
}

/// Findings that there is room for at once in a call that failed: it has some as a rule.
const FAILURE_FINDINGS: usize = 12;

impl<'a, 'c> Asked<'a, 'c> {
    pub(super) fn new(studied: &'a Studied<'c>, context: Context<'a>) -> Self {
        let room = if studied.facts.hold(Facts::FAILURE) { FAILURE_FINDINGS } else { 0 };
        Self { studied, context, findings: Vec::with_capacity(room), places: SmallVec::new() }
    }

    /// Asks a rule.
    fn ask(&mut self, place: Place, detect: impl FnOnce(&Call, &Context<'_>, &mut Vec<Finding>)) {
        detect(self.studied.call, &self.context, &mut self.findings);
        // Most rules say nothing.
        if self.places.len() < self.findings.len() {
            self.places.resize(self.findings.len(), place);
        }
    }

    /// Puts what was said in the order of the rules, each thing once, with the severities that `weigh` gives.
    fn sum_up(&mut self, weigh: impl Fn(&mut [Finding])) {
        if !self.places.is_sorted() {
            let mut said: Vec<_> = self.places.iter().zip(std::mem::take(&mut self.findings)).collect();
            said.sort_by_key(|(place, _)| **place);
            self.findings = said.into_iter().map(|(_, finding)| finding).collect();
        }
        finish(&mut self.findings, 0, weigh);
    }

    /// Asks the rules that come last: they are told what the others explain. Of nearly every failure one of them knows better than the
    /// catalogue, whose words would be dropped.
    fn ask_last(&mut self, last: &[(Place, DetectByComparison)], earlier: &Earlier, weigh: impl Fn(&mut [Finding])) {
        if last.is_empty() {
            return;
        }
        let Self { studied, context, findings, .. } = self;
        let explained = root_cause::explained(studied.call, findings);
        let before = findings.len();
        let is_call_lossy = context.is_call_lossy.clone();
        let context = &Context { explained: &explained, is_call_lossy, ..*context };
        for (_, detect) in last {
            detect(studied.call, &Compared { context, earlier }, findings);
        }
        finish(findings, before, weigh);
    }

    /// What was said.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Asks the rules that look at a call alone.
pub(super) fn ask_alone(rules: &InQuestion, calls: &mut [Asked<'_, '_>]) {
    // The calls by the facts that hold of them, which are few kinds: the same rules are in question for those of one kind.
    let mut kinds: Vec<(Facts, Vec<&mut Asked<'_, '_>>)> = Vec::new();
    for call in calls {
        let facts = call.studied.facts;
        match kinds.iter_mut().find(|(known, _)| *known == facts) {
            Some((_, alike)) => alike.push(call),
            None => kinds.push((facts, vec![call])),
        }
    }
    for (facts, alike) in &mut kinds {
        for (place, detect) in &rules.of(*facts).alone {
            for call in alike.iter_mut() {
                call.ask(*place, detect);
            }
        }
    }
}

/// Asks the other rules, which compare calls with those before them, one call after the other: each is known to the next. `weigh` gives
/// the severities of the settings.
pub(super) fn compare(
    rules: &InQuestion,
    calls: &mut [Asked<'_, '_>],
    earlier: &mut Earlier,
    weigh: impl Fn(&mut [Finding]) + Copy,
) {
    for asked in calls {
        let &mut Asked { studied, ref context, .. } = asked;
        earlier.expect(studied);
        // Debug builds, and with them all tests over all samples, see that no finding is lost.
        debug_assert_eq!(overlooked(studied, &Compared { context, earlier }), None);
        let pings =
            studied.facts.hold(Facts::OPTIONS).then(|| Pings::after(studied.call, &Compared { context, earlier }));
        let Lists { compared, last, .. } = rules.of(studied.facts);
        for (place, detect) in compared {
            asked.ask(*place, |call, context, out| detect(call, &Compared { context, earlier }, out));
        }
        asked.sum_up(weigh);
        asked.ask_last(last, earlier, weigh);
        if let Some(pings) = pings {
            earlier.pings.keep(pings);
        }
        earlier.observe(studied, asked.context.identity);
    }
}

/// Ends a list of what was said: from there on each thing is said once, and in not too many words.
fn finish(findings: &mut Vec<Finding>, before: usize, weigh: impl Fn(&mut [Finding])) {
    say_once(findings, before);
    let new = findings.get_mut(before..).unwrap_or_default();
    new.iter_mut().for_each(Finding::shorten);
    weigh(new);
}

/// Earlier findings of a rule that one is compared with: two or three servers take turns in a loop.
const COMPARED: usize = 4;

/// What a rule says of a call several times in the same words is one finding, with the frame it was said of last. A loop of redirects
/// has dozens.
fn say_once(findings: &mut Vec<Finding>, before: usize) {
    let is_of_one_rule = |pair: &[Finding]| matches!(pair, [one, other] if one.code == other.code);
    if !findings.get(before..).is_some_and(|new| new.windows(2).any(is_of_one_rule)) {
        return;
    }
    let mut again: Vec<(u64, Option<Evidence>)> = Vec::new();
    for mut finding in findings.split_off(before) {
        let known = findings.iter().enumerate().skip(before).rev().take(COMPARED);
        let same = known
            .take_while(|(_, known)| known.code == finding.code)
            .find(|(_, known)| known.message == finding.message && known.actor == finding.actor);
        if let Some((count, last)) = same.and_then(|(at, _)| again.get_mut(at - before)) {
            *count += 1;
            *last = (!finding.evidence.is_empty()).then(|| finding.evidence.swap_remove(0));
        } else {
            findings.push(finding);
            again.push((1, None));
        }
    }
    for (finding, (count, last)) in findings.iter_mut().skip(before).zip(again) {
        let what = Text::new("the last of {n} times that this happened").with("n", count);
        finding.evidence.extend(last.map(|last| Evidence { what, ..last }));
    }
}

/// A rule that would say something of a call though not all facts hold that it needs.
fn overlooked(studied: &Studied<'_>, cx: &Compared<'_>) -> Option<&'static str> {
    let &Studied { call, facts, .. } = studied;
    let mut findings = Vec::new();
    let mut says = |rule: &Rule| {
        match rule.detect {
            Detect::Given(needed, detect) if !facts.hold(needed) => detect(call, cx, &mut findings),
            Detect::Compared(needed, detect) | Detect::Last(needed, detect) if !facts.hold(needed) => {
                detect(call, cx, &mut findings);
            }
            _ => {}
        }
        !findings.is_empty()
    };
    RULES.iter().find(|rule| says(rule)).map(|rule| rule.code)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::call::fixture::calls;
    use crate::diagnosis::{Engine, Finding, Over, Settings};

    /// What is said of these calls, so many of them at a time, and of all of them.
    fn said(over: &[Over], at_once: usize) -> Vec<Vec<Finding>> {
        let mut engine = Engine::new(Settings::default());
        let mut found: Vec<_> = over
            .chunks(at_once)
            .flat_map(|some| engine.diagnose(some.to_vec()).map(|report| report.findings).collect::<Vec<_>>())
            .collect();
        found.push(engine.finish(over.last().unwrap().1));
        found
    }

    #[test]
    fn what_is_said_does_not_depend_on_how_many_calls_are_diagnosed_together() {
        let (mut findings, mut together) = (0, 0);
        for folder in fs::read_dir("samples").unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            for file in ["capture.txt", "near-miss.txt"] {
                let Ok(text) = fs::read_to_string(folder.join(file)) else { continue };
                let over: Vec<Over> = (calls(&text).into_iter())
                    .map(|call| {
                        let until = call.observed_until;
                        (Box::new(call), until)
                    })
                    .collect();
                if over.is_empty() {
                    continue;
                }
                let all = said(&over, over.len());
                findings += all.iter().map(Vec::len).sum::<usize>();
                together += usize::from(over.len() > 1);
                for some in [1, 3] {
                    assert_eq!(said(&over, some), all, "{some} of {}", folder.display());
                }
            }
        }
        assert!(findings > 100 && together > 50, "{findings} findings, {together} flows of several calls");
    }
}
