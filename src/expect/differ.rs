//! Where a capture is not as expected.

use std::collections::BTreeMap;

use super::{ALL_OTHERS, Difference, Expectation, Seen};
use crate::lang::{Fill as _, Text};

impl Expectation {
    /// What a capture must show to be as it is; everything that can be checked.
    pub fn of(seen: &Seen) -> Self {
        Self {
            calls: Some(seen.calls),
            other_groups: Some(seen.other_groups),
            complete: Some(seen.complete),
            must_find: Some(seen.findings.keys().map(|code| (*code).to_owned()).collect()),
            must_not_find: Some(vec![ALL_OTHERS.to_owned()]),
            outcomes: Some(seen.outcomes.clone()),
            final_responses: Some(seen.final_responses.clone()),
            anomalies: Some(seen.anomalies.clone()),
        }
    }

    /// The same where the file speaks of it; what must not be found stays what it is.
    #[must_use]
    pub fn updated(&self, seen: &Seen) -> Self {
        let new = Self::of(seen);
        Self {
            calls: self.calls.and(new.calls),
            other_groups: self.other_groups.and(new.other_groups),
            complete: self.complete.and(new.complete),
            must_find: self.must_find.as_ref().and(new.must_find),
            must_not_find: self.must_not_find.clone(),
            outcomes: self.outcomes.as_ref().and(new.outcomes),
            final_responses: self.final_responses.as_ref().and(new.final_responses),
            anomalies: self.anomalies.as_ref().and(new.anomalies),
        }
    }

    /// What is not as expected, in the order of the file.
    pub fn differences(&self, seen: &Seen) -> Vec<Difference> {
        let mut all = Vec::new();
        compare(&mut all, "calls", self.calls, seen.calls);
        compare(&mut all, "other-groups", self.other_groups, seen.other_groups);
        compare(&mut all, "complete", self.complete, seen.complete);
        self.findings(&mut all, seen);
        counts(&mut all, "outcomes", self.outcomes.as_ref(), &seen.outcomes);
        counts(&mut all, "final-responses", self.final_responses.as_ref(), &seen.final_responses);
        counts(&mut all, "anomalies", self.anomalies.as_ref(), &seen.anomalies);
        all
    }

    fn findings(&self, all: &mut Vec<Difference>, seen: &Seen) {
        let wanted = self.must_find.as_deref().unwrap_or_default();
        for code in wanted.iter().filter(|code| !seen.findings.contains_key(code.as_str())) {
            all.push(Difference {
                key: Text::verbatim("must-find"),
                expected: Text::verbatim(code),
                found: Text::new("it is not found"),
            });
        }
        let unwanted = self.must_not_find.as_deref().unwrap_or_default();
        let others = unwanted.iter().any(|code| code == ALL_OTHERS);
        for (code, (count, frame)) in &seen.findings {
            let named = unwanted.iter().any(|unwanted| unwanted == code);
            let unforeseen = others && !wanted.iter().any(|wanted| wanted == code);
            if !named && !unforeseen {
                continue;
            }
            let expected =
                if named { Text::new("no {code}") } else { Text::new("nothing beside must-find, no {code}") };
            let times = Text::count(*count, "{code}, {n} time{frame}", "{code}, {n} times{frame}").with("code", *code);
            let frame = frame
                .map_or_else(Text::default, |frame| Text::new(", first at frame {frame}").with("frame", frame.number));
            let found = times.with("frame", frame);
            all.push(Difference {
                key: Text::verbatim("must-not-find"),
                expected: expected.with("code", *code),
                found,
            });
        }
    }
}

fn compare<T: PartialEq + Copy + ToString>(
    all: &mut Vec<Difference>,
    key: &'static str,
    expected: Option<T>,
    found: T,
) {
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        let (expected, found) = (Text::verbatim(expected.to_string()), Text::verbatim(found.to_string()));
        all.push(Difference { key: Text::verbatim(key), expected, found });
    }
}

fn counts(
    all: &mut Vec<Difference>,
    key: &'static str,
    expected: Option<&BTreeMap<String, u64>>,
    found: &BTreeMap<String, u64>,
) {
    let Some(expected) = expected else { return };
    let names: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let of = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or(0);
        if of(expected) != of(found) {
            let key = Text::new("{table}, {name}").with("table", key).with("name", name.fill());
            let (expected, found) = (Text::verbatim(of(expected)), Text::verbatim(of(found)));
            all.push(Difference { key, expected, found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::{FrameNumber, FrameRef};

    fn seen() -> Seen {
        let frame = Some(FrameRef { file: 0, number: FrameNumber(7) });
        Seen {
            calls: 2,
            complete: true,
            findings: [("redirect-loop", (2, frame)), ("failed-response", (1, None))].into(),
            outcomes: [("answered".to_owned(), 1), ("busy".to_owned(), 1)].into(),
            final_responses: [("486".to_owned(), 1)].into(),
            ..Seen::default()
        }
    }

    fn told(expectation: &Expectation) -> Vec<String> {
        let line = |d: &Difference| format!("{}: {} / {}", d.key, d.expected, d.found);
        expectation.differences(&seen()).iter().map(line).collect()
    }

    #[test]
    fn a_capture_is_as_it_is() {
        assert_eq!(told(&Expectation::of(&seen())), [""; 0]);
        assert_eq!(told(&Expectation::default()), [""; 0], "what is not named is not checked");
    }

    #[test]
    fn each_difference_says_what_was_expected_and_what_was_found() {
        let mut other = Expectation::of(&seen());
        other.calls = Some(3);
        other.complete = Some(false);
        other.must_find = Some(vec!["redirect-not-followed".to_owned(), "failed-response".to_owned()]);
        other.outcomes = Some([("answered".to_owned(), 2)].into());
        other.final_responses = Some([("486".to_owned(), 1), ("404".to_owned(), 1)].into());
        assert_eq!(
            told(&other),
            [
                "calls: 3 / 2",
                "complete: false / true",
                "must-find: redirect-not-followed / it is not found",
                "must-not-find: nothing beside must-find, no redirect-loop / redirect-loop, 2 times, first at frame 7",
                "outcomes, answered: 2 / 1",
                "outcomes, busy: 0 / 1",
                "final-responses, 404: 1 / 0",
            ]
        );
        other = Expectation { must_not_find: Some(vec!["failed-response".to_owned()]), ..Expectation::default() };
        assert_eq!(told(&other), ["must-not-find: no failed-response / failed-response, 1 time"]);
    }

    #[test]
    fn an_update_leaves_out_what_the_file_leaves_out_and_forbids_what_it_forbids() {
        let old = Expectation {
            calls: Some(9),
            must_find: Some(vec!["gone".to_owned()]),
            must_not_find: Some(vec!["redirect-loop".to_owned()]),
            ..Expectation::default()
        };
        let new = old.updated(&seen());
        assert_eq!((new.calls, new.outcomes.clone(), new.complete), (Some(2), None, None));
        assert_eq!(told(&new).len(), 1, "the loop is still forbidden");
    }
}
