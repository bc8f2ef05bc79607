//! Called numbers that follow each other.

use std::collections::BTreeSet;

use crate::diagnosis::patterns::traffic::{Attempt, Source};
use crate::diagnosis::traffic_case;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text, Thresholds,
};

/// Called numbers that the finding prints.
const SHOWN: usize = 12;

pub(super) static RULE: Rule = Rule {
    code: "sequential-dialling",
    summary: "A source calls telephone numbers in their numerical order.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "47 CFR 64.1200(a)(6)"],
    explanation: Explanation {
        what_it_means: "Of ten or more calls to ten or more different telephone numbers from one element (or of one caller \
            there), in order of time, 60 % or more of the steps from one called number to the next are 1 to 3 in the same \
            direction. Nobody's list of customers looks like that. It is a heuristic.",
        why_it_matters: "Who dials a range number by number looks for numbers that answer (war-dialling): before robocalls, \
            fraud, or an attack on an exchange. Analytics and law treat it so.",
        likely_causes: "- A dialler that generates its numbers, or a list that was sorted by number.\n\
            - A scan for open lines behind an exchange.\n\
            - A test that walks through a block of numbers of its own.",
        how_to_fix: "- Stop the campaign, and call from a list of people who agreed to it.\n\
            - If it is no campaign of yours: lock the account or trunk, and change its credentials.\n\
            - If it is a test of your own numbers: nothing.",
        how_to_confirm: "In a later capture the called numbers of this source have no order.",
        when_this_is_wrong: "- The same numbers are called in turn, again and again, as load tests do: at least ten different \
            ones must be there, and 60 % of the calls must go to a number for the first time.\n\
            - Extensions and names: only telephone numbers of seven digits and more count.\n\
            - A company that calls its own block of numbers, or a test of a new block.\n\
            - Numbers for documentation (555-0100 to 555-0199) in a laboratory are a notice.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for source in patterns.traffic.sources() {
        let found = finding(source, cx);
        let is_new = |f: &Finding| !super::toll_fraud_pattern::explains(out, source.client.address, f.calls_total);
        let found = found.filter(is_new);
        out.extend(found);
    }
}

fn finding(source: &Source, cx: &Context<'_>) -> Option<Finding> {
    let lines = &cx.settings.thresholds;
    let all = source.attempts();
    let run = Some(all.clone()).filter(|all| percent_in_order(all, lines).is_some());
    let run = run.or_else(|| of_a_caller(all, lines))?;
    let percent = percent_in_order(&run, lines)?;
    let (first, last) = (run.first()?, run.last()?);
    let message = Text::new(
        "{client} called {count} telephone numbers in order, from +{first} to +{last}: {percent} % of the steps are 1 to {step} \
         in one direction. A heuristic: people are not called in the order of their numbers, blocks of numbers are.",
    )
    .with("client", source.client.address)
    .with("count", run.iter().map(|a| a.callee).collect::<BTreeSet<_>>().len())
    .with("first", first.callee)
    .with("last", last.callee)
    .with("percent", percent)
    .with("step", lines.sequence_step);
    let mut shown = source.examples.requests().iter().cloned();
    let primary = shown.next()?;
    let order = Evidence {
        what: Text::new("the called numbers in order of time"),
        text: numbers(&run).into(),
        ..primary.clone()
    };
    let mut finding = Finding::new(&RULE, Certainty::Weak, message, primary)
        .severity(traffic_case::severity(source.client, &run, cx))
        .evidence([order])
        .evidence(shown)
        .actor(Actor { software: source.software.clone(), ..Actor::at(source.client, "the calling side") })
        .fix("Stop the campaign, and call from a list of people who agreed to it.")
        .fix("If nobody here ordered these calls: lock the account or trunk, and change its credentials.")
        .verify("In a later capture the called numbers of this source have no order.");
    let total = u64::try_from(run.len()).unwrap_or(u64::MAX);
    (finding.calls, finding.calls_total) = traffic_case::calls(&run, total);
    Some(finding)
}

/// The calls of the first caller whose calls are in order, of several that one source sends.
fn of_a_caller(mut all: Vec<Attempt>, lines: &Thresholds) -> Option<Vec<Attempt>> {
    all.retain(|attempt| attempt.caller.is_some());
    // Those of one caller stay in order of time.
    all.sort_by_key(|attempt| attempt.caller);
    let mut callers = all.chunk_by(|one, next| one.caller == next.caller);
    callers.find(|calls| percent_in_order(calls, lines).is_some()).map(<[Attempt]>::to_vec)
}

/// The share of small steps in the direction that has more of them, if that and the number of calls are enough.
fn percent_in_order(attempts: &[Attempt], lines: &Thresholds) -> Option<usize> {
    if attempts.len() < lines.sequence_calls {
        return None;
    }
    let different: BTreeSet<u64> = attempts.iter().map(|attempt| attempt.callee).collect();
    let new_percent = (different.len() * 100).checked_div(attempts.len())?;
    if different.len() < lines.sequence_calls || new_percent < lines.sequence_share {
        return None;
    }
    let steps = attempts.windows(2).filter_map(|pair| Some((pair.first()?.callee, pair.last()?.callee)));
    let small = |from: u64, to: u64| to.checked_sub(from).is_some_and(|step| (1..=lines.sequence_step).contains(&step));
    let up = steps.clone().filter(|(from, to)| small(*from, *to)).count();
    let down = steps.clone().filter(|(from, to)| small(*to, *from)).count();
    let percent = (up.max(down) * 100).checked_div(attempts.len().checked_sub(1)?)?;
    (percent >= lines.sequence_share).then_some(percent)
}

fn numbers(run: &[Attempt]) -> String {
    let mut text: Vec<String> = run.iter().take(SHOWN).map(|attempt| format!("+{}", attempt.callee)).collect();
    if run.len() > SHOWN {
        text.push(format!("and {} more", run.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    fn flow(callees: impl IntoIterator<Item = u32>, prefix: &str) -> String {
        let calls = callees.into_iter().enumerate().map(|(n, callee)| {
            format!(
                "{} a > b call=c{n}\nINVITE sip:{prefix}{callee:02}@b.example\nFrom: <sip:+12125550101@a.example>\n\n\
                 +0.2 b > a call=c{n} tag=t\n486 Busy Here\n\n+0.01 a > b call=c{n}\nACK\n\n",
                n * 30
            )
        });
        format!("host a 192.0.2.80\nhost b 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    #[test]
    fn small_steps_in_one_direction_count() {
        let (number, warning) = ("+121555501", Some(Severity::Warning));
        check(
            RULE.code,
            &[
                ("upwards", &flow(0..10, number), warning),
                ("downwards, by threes", &flow((0..10).map(|n| 90 - 3 * n), number), warning),
                ("nine", &flow(0..9, number), None),
                ("by fours", &flow((0..12).map(|n| 4 * n), number), None),
                ("to and fro", &flow((0..12).map(|n| if n % 2 == 0 { n } else { 90 - n }), number), None),
                ("twenty numbers, twice each", &flow((0..40).map(|n| n % 20), number), None),
                ("ten of four numbers", &flow((0..40).map(|n| n % 4), number), None),
                ("six of ten steps", &flow([0, 1, 2, 3, 4, 5, 6, 50, 20, 70, 90], number), warning),
                ("five of ten steps", &flow([0, 1, 2, 3, 4, 5, 50, 20, 70, 90, 40], number), None),
                ("extensions", &flow(0..30, "10"), None),
                ("names", &flow(0..30, "user"), None),
                ("one number", &flow([7; 30], number), None),
            ],
        );
    }

    #[test]
    fn laboratories_are_a_notice() {
        let lab = flow(0..30, "+121555501").replace("192.0.2.80", "10.0.0.1").replace("203.0.113.90", "10.0.0.2");
        let real = lab.replace("+121555501", "+121555502");
        check(RULE.code, &[("fictional", &lab, Some(Severity::Notice)), ("others", &real, Some(Severity::Warning))]);
    }

    #[test]
    fn one_caller_of_a_trunk_is_found_among_others() {
        let others = (0..12).map(|n| {
            format!(
                "{}.5 a > b call=d{n}\nINVITE sip:+121555503{n:02}@b.example\nFrom: <sip:+12125550177@a.example>\n\n\
                 +0.2 b > a call=d{n} tag=t\n486 Busy Here\n\n+0.01 a > b call=d{n}\nACK\n\n",
                n * 30
            )
        });
        let text = flow((0..12).map(|n| n * 8), "+121555501") + &others.collect::<String>();
        let finding = only(&text, RULE.code);
        assert_eq!(finding.calls_total, 12);
        assert!(finding.evidence[1].text.starts_with("+12155550300, +12155550301"), "{}", finding.evidence[1].text);
    }

    #[test]
    fn the_dialler_of_the_scenario_is_told_once() {
        let finding = only(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        assert!(
            finding
                .message
                .to_string()
                .contains("30 telephone numbers in order, from +12155550100 to +12155550129: 100 %"),
            "{}",
            finding.message
        );
    }
}
