//! Callers that share area and exchange code with whoever they call.

use std::collections::BTreeSet;

use crate::diagnosis::patterns::traffic::{Attempt, Source};
use crate::diagnosis::traffic_case;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text,
};

/// Numbers of the North American plan with their country code, as numbers.
const NANP: std::ops::Range<u64> = 12_000_000_000..20_000_000_000;
/// What follows area and exchange code.
const LINES: u64 = 10_000;
/// Pairs that the finding prints.
const SHOWN: usize = 8;

pub(super) static RULE: Rule = Rule {
    code: "neighbour-spoofing-pattern",
    summary: "One source shows calling numbers that share area and exchange code with the numbers that it calls.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "47 CFR 64.1604"],
    explanation: Explanation {
        what_it_means: "Ten or more calls of one element show five or more different calling numbers, and in 60 % or more of \
            them calling and called number begin with the same area and exchange code (North American plan). Calling numbers \
            that are themselves called in the capture are left out: they exist. It is a heuristic.",
        why_it_matters: "People answer numbers that look like those of their neighbours, so robocallers show such numbers \
            (neighbour spoofing). Analytics know the pattern; and the owners of these numbers get the angry calls back.",
        likely_causes: "- A dialler chooses its calling numbers by the called one (\"local presence\"), with or without the \
            right to them.\n\
            - Spoofed numbers.\n\
            - A local exchange, whose subscribers really are neighbours.",
        how_to_fix: "- Show only numbers that are assigned to you, and a fixed one for each campaign.\n\
            - Have your provider sign them with full attestation: that it can do only for numbers that are yours.\n\
            - At the provider: check the customer's right to these numbers (a letter of authorization).",
        how_to_confirm: "In a later capture the calls of this source show few calling numbers, which do not follow the called \
            ones.",
        when_this_is_wrong: "- A local exchange or a company whose people call each other: there the calling numbers are called, too, \
            and are left out. If the capture shows one direction only, the two look alike.\n\
            - Fewer than five calling numbers, or numbers outside of North America.\n\
            - Numbers for documentation (555-0100 to 555-0199) in a laboratory are a notice.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let called = patterns.traffic.called();
    out.extend(patterns.traffic.sources().filter_map(|source| finding(source, &called, cx)));
}

fn finding(source: &Source, called: &BTreeSet<u64>, cx: &Context<'_>) -> Option<Finding> {
    let lines = &cx.settings.thresholds;
    let unknown = |caller: u64| NANP.contains(&caller) && !called.contains(&caller);
    let attempts: Vec<Attempt> =
        source.attempts().into_iter().filter(|a| NANP.contains(&a.callee) && a.caller.is_some_and(unknown)).collect();
    let near: Vec<Attempt> = attempts.iter().filter(|a| are_neighbours(a)).copied().collect();
    let callers: BTreeSet<_> = near.iter().map(|a| a.caller).collect();
    if attempts.len() < lines.neighbour_calls
        || callers.len() < lines.neighbour_callers
        || near.len() * 100 < attempts.len() * lines.neighbour_share
    {
        return None;
    }
    let message = Text::new(
        "In {near} of {calls} calls of {client} calling and called number have area and exchange code in common, with {callers} \
         different calling numbers. A heuristic: spoofed neighbours look like this, and so does a local exchange.",
    )
    .with("near", near.len())
    .with("calls", attempts.len())
    .with("client", source.client.address)
    .with("callers", callers.len());
    let mut shown = source.examples.requests().iter().cloned();
    let primary = shown.next()?;
    let list = Evidence { what: Text::new("calling and called numbers"), text: pairs(&near).into(), ..primary.clone() };
    let mut finding = Finding::new(&RULE, Certainty::Weak, message, primary)
        .severity(traffic_case::severity(source.client, &near, cx))
        .evidence([list])
        .evidence(shown)
        .actor(Actor { software: source.software.clone(), ..Actor::at(source.client, "the calling side") })
        .fix("Show only numbers that are assigned to you, whoever is called.")
        .fix("At the provider: check the customer's right to these numbers before signing them; numbers of its own it can sign with attestation A.")
        .verify("In a later capture the calling numbers of this source do not follow the called ones.");
    let total = u64::try_from(near.len()).unwrap_or(u64::MAX);
    (finding.calls, finding.calls_total) = traffic_case::calls(&near, total);
    Some(finding)
}

fn are_neighbours(attempt: &Attempt) -> bool {
    attempt.caller.is_some_and(|caller| caller / LINES == attempt.callee / LINES && caller != attempt.callee)
}

fn pairs(near: &[Attempt]) -> String {
    let pair = |a: &Attempt| format!("+{} to +{}", a.caller.unwrap_or_default(), a.callee);
    near.iter().take(SHOWN).map(pair).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    /// Calls from `a` with the calling and called numbers that the function gives.
    fn flow(calls: u32, numbers: fn(u32) -> (String, String)) -> String {
        let calls = (0..calls).map(|n| {
            let (from, to) = numbers(n);
            format!(
                "{} a > b call=c{n}\nINVITE sip:{to}@b.example\nFrom: <sip:{from}@a.example>\n\n\
                 +0.2 b > a call=c{n} tag=t\n486 Busy Here\n\n+0.01 a > b call=c{n}\nACK\n\n",
                n * 30
            )
        });
        format!("host a 192.0.2.80\nhost b 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    /// A neighbour of each called number, in areas of their own.
    fn neighbours(n: u32) -> (String, String) {
        (format!("+121{}555{:04}", n % 9, 150 + n), format!("+121{}555{:04}", n % 9, 100 + n))
    }

    #[test]
    fn many_callers_that_follow_the_callees_count() {
        let warning = Some(Severity::Warning);
        check(
            RULE.code,
            &[
                ("all", &flow(10, neighbours), warning),
                ("nine", &flow(9, neighbours), None),
                (
                    "four callers",
                    &flow(12, |n| (format!("+1215555{:04}", 150 + n % 4), format!("+1215555{:04}", 100 + n))),
                    None,
                ),
                (
                    "elsewhere",
                    &flow(12, |n| (format!("+1212555{:04}", 150 + n), format!("+1215555{:04}", 100 + n))),
                    None,
                ),
                (
                    "not in North America",
                    &flow(12, |n| (format!("+4420794601{n:02}"), format!("+4420794601{:02}", 50 + n))),
                    None,
                ),
                (
                    "half of them",
                    &flow(
                        12,
                        |n| if n % 2 == 0 { neighbours(n) } else { ("+13125550199".to_owned(), neighbours(n).1) },
                    ),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn who_is_called_exists() {
        let company = flow(20, |n| (format!("+12155550{}", 100 + n), format!("+12155550{}", 100 + (n + 7) % 20)));
        check(RULE.code, &[("a company", &company, None)]);
    }

    #[test]
    fn the_dialler_of_the_scenario_is_told_once() {
        let finding = only(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        assert!(finding.message.to_string().contains("with 10 different calling numbers"), "{}", finding.message);
        assert!(finding.message.to_string().contains("heuristic"));
    }
}
