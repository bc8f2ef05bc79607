//! A source that calls on under another number after a 607.

use std::collections::BTreeSet;

use super::route_advance_after_607::named;
use crate::call::CallNumber;
use crate::diagnosis::patterns::unwanted::again::Rotation;
use crate::diagnosis::traffic_case;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text,
};
use crate::lang::span;
use crate::limits::{UNWANTED_CALLS, UNWANTED_EXAMPLES};

/// Other numbers by which, or called parties at which, one coincidence becomes a habit.
const HABIT: usize = 2;

pub(super) static RULE: Rule = Rule {
    code: "caller-id-rotation-after-607",
    summary: "After a 607 the same source calls the same callee under another calling number.",
    severity: Severity::Critical,
    references: &["RFC 8197 §4", "RFC 8197 §6", "47 CFR 64.1604"],
    explanation: Explanation {
        what_it_means: "A called party rejected a calling number with 607, and within ten minutes the same element sent it a call \
            from another number. Where this happens with several numbers or to several called parties it is how callers \
            evade personal block lists. That both numbers belong to one caller is a conclusion from their common source: a \
            heuristic.",
        why_it_matters: "The called party has said that it does not want the calls. Going around that is what regulators \
            prosecute as spoofing, and what tracebacks look for.",
        likely_causes: "- The dialler picks a fresh calling number for each attempt, and takes 607 for \"busy\".\n\
            - Evasion on purpose.\n\
            - Two customers of one trunk happen to call the same party.",
        how_to_fix: "- At the dialler: after a 607 suppress the called party for all numbers and campaigns.\n\
            - At the provider: find out whose calls these are, and start a traceback; stop the traffic until it is clear.",
        how_to_confirm: "After the next 607 no call goes from this source to the same callee, whatever number it shows.",
        when_this_is_wrong: "- A trunk of many customers: another one of them may call the same party by chance. A single case \
            is a warning only, and weak.\n\
            - The same number again: see caller-retries-after-607.\n\
            - A hotline or test number that twelve or more different callers call.\n\
            - Numbers for documentation, and one host that tests itself, are a notice at most.\n\
            - More than ten minutes have passed.\n\
            - Callers that are names or withheld cannot be told apart, and are left out.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    let rotations = patterns.unwanted.again.rotations(lines.rotation_window, lines.rotation_crowd);
    out.extend(rotations.values().filter_map(|rotations| finding(rotations, cx)));
}

fn finding(rotations: &[Rotation<'_>], cx: &Context<'_>) -> Option<Finding> {
    let first = rotations.first()?;
    let numbers: BTreeSet<&str> = rotations.iter().map(|r| r.after.caller).collect();
    let callees: BTreeSet<&str> = rotations.iter().map(|r| r.after.callee).collect();
    let habit = numbers.len() >= HABIT || callees.len() >= HABIT;
    let (severity, certainty) =
        if habit { (Severity::Critical, Certainty::Strong) } else { (Severity::Warning, Certainty::Weak) };
    let severity = severity.min(most(rotations, cx));
    let shown = rotations.iter().take(UNWANTED_EXAMPLES).flat_map(pair).skip(1);
    let client = first.after.sent.client;
    let software = first.after.sent.software.clone();
    let primary = first.after.sent.evidence.clone();
    let mut finding = Finding::new(&RULE, certainty, message(first, rotations, callees.len(), habit), primary)
        .severity(severity)
        .evidence(shown)
        .actor(Actor {
            software,
            ..Actor::at(client, "the calling organisation, and the provider that carries its calls")
        })
        .fix(
            Text::new("At {client}: after a 607 suppress the called party for all calling numbers and campaigns.")
                .with("client", client),
        )
        .fix("At the provider: find out whose calls these are, and start a traceback.")
        .verify("After the next 607 no call goes from this source to the same callee, whatever number it shows.");
    (finding.calls, finding.calls_total) = calls(rotations);
    Some(finding)
}

/// A notice for traffic of laboratories.
fn most(rotations: &[Rotation<'_>], cx: &Context<'_>) -> Severity {
    let callees = rotations.iter().map(|r| r.after.callee);
    rotations.first().map_or(Severity::Notice, |first| {
        match traffic_case::severity_of(first.after.sent.client, callees, cx) {
            Severity::Notice => Severity::Notice,
            _ => Severity::Critical,
        }
    })
}

fn message(first: &Rotation<'_>, rotations: &[Rotation<'_>], callees: usize, habit: bool) -> Text {
    let text = if habit {
        Text::new(
            "{client} goes around 607s under other calling numbers, {count} times to {callees}: {gap} after \
             {callee} had rejected {former} it called from {caller}. That all these numbers belong to one caller is concluded \
             from their source.",
        )
        .with("count", rotations.len())
        .with("callees", Text::count(callees as u64, "{n} called party", "{n} called parties"))
    } else {
        Text::new(
            "{client} called {callee} from {caller} {gap} after {callee} had rejected {former} with 607. Perhaps the same caller \
             under another number, perhaps another one on the same trunk.",
        )
    };
    text.with("client", first.after.sent.client)
        .with("callee", named(first.after.callee))
        .with("former", named(first.former))
        .with("caller", named(first.after.caller))
        .with("gap", span(first.after.gap()))
}

/// The INVITE and the 607 before it.
fn pair(rotation: &Rotation<'_>) -> [Evidence; 2] {
    [rotation.after.sent.evidence.clone(), rotation.after.rejection.evidence.clone()]
}

fn calls(rotations: &[Rotation<'_>]) -> (Vec<CallNumber>, u64) {
    let both = |r: &Rotation<'_>| [r.after.rejection.call, r.after.sent.call];
    let calls: BTreeSet<CallNumber> = rotations.iter().flat_map(both).collect();
    let total = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    (calls.into_iter().take(UNWANTED_CALLS).collect(), total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    /// Calls from `a`: when, from which number, to which number, and how it ends.
    fn flow(calls: &[(u32, &str, &str, &str)]) -> String {
        let step = |(n, (at, from, to, status)): (usize, &(u32, &str, &str, &str))| {
            format!(
                "{at} a > x call=c{n}\nINVITE sip:{to}@203.0.113.50\nFrom: <sip:{from}@a.example>\n\n\
                 +0.5 x > a call=c{n}\n{status}\n\n+0.001 a > x call=c{n}\nACK\n\n"
            )
        };
        let steps: String = calls.iter().enumerate().map(step).collect();
        format!("host a 192.0.2.10\nhost x 203.0.113.50\n\n{steps}")
    }

    const A: &str = "+12125550101";
    const B: &str = "+12125550102";
    const C: &str = "+12125550103";
    const TO: &str = "+12155550113";
    const NO: &str = "607 Unwanted";

    #[test]
    fn one_case_is_a_warning_and_a_habit_is_critical() {
        let (warning, critical) = (Some(Severity::Warning), Some(Severity::Critical));
        check(
            RULE.code,
            &[
                ("once", &flow(&[(0, A, TO, NO), (60, B, TO, NO)]), warning),
                ("two numbers", &flow(&[(0, A, TO, NO), (60, B, TO, NO), (120, C, TO, NO)]), critical),
                (
                    "two callees",
                    &flow(&[(0, A, TO, NO), (60, B, TO, NO), (70, A, "+12155550114", NO), (90, B, "+12155550114", NO)]),
                    critical,
                ),
                ("the same number", &flow(&[(0, A, TO, NO), (60, A, TO, NO)]), None),
                ("another callee", &flow(&[(0, A, TO, NO), (60, B, "+12155550114", NO)]), None),
                ("eleven minutes", &flow(&[(0, A, TO, NO), (660, B, TO, NO)]), None),
                ("before", &flow(&[(0, B, TO, "486 Busy Here"), (60, A, TO, NO)]), None),
                ("declined", &flow(&[(0, A, TO, "603 Decline"), (60, B, TO, NO)]), None),
                ("withheld", &flow(&[(0, A, TO, NO), (60, "anonymous", TO, NO)]), None),
                ("names", &flow(&[(0, "alice", TO, NO), (60, "carol", TO, NO)]), None),
            ],
        );
    }

    #[test]
    fn crowds_and_laboratories_are_no_evasion() {
        let crowd: Vec<String> = (0..14).map(|n| format!("+121255502{n:02}")).collect();
        let calls: Vec<_> = (0..).zip(&crowd).map(|(n, from)| (n * 10, from.as_str(), TO, NO)).collect();
        let lab = flow(&[(0, A, TO, NO), (60, B, TO, NO), (120, C, TO, NO)]).replace("192.0.2.10", "10.0.0.1");
        let lab = lab.replace("203.0.113.50", "10.0.0.2");
        check(RULE.code, &[("a crowd", &flow(&calls), None), ("a laboratory", &lab, Some(Severity::Notice))]);
        check(RULE.code, &[("a few of them", &flow(&calls[..8]), Some(Severity::Critical))]);
    }

    #[test]
    fn a_habit_names_both_numbers_and_every_call() {
        let finding = only(&flow(&[(0, A, TO, NO), (60, B, TO, NO), (120, C, TO, NO)]), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "192.0.2.10:5060 goes around 607s under other calling numbers, 2 times to 1 called party: 59.5 s after \
             +12155550113 had rejected +12125550101 it called from +12125550102. That all these numbers belong to one caller is \
             concluded from their source."
        );
        assert_eq!((finding.calls_total, finding.evidence.len(), finding.certainty), (3, 4, Certainty::Strong));
    }
}
