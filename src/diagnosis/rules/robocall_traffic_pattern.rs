//! Traffic that analytics take for robocalls.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::route_advance_after_607::named;
use crate::diagnosis::patterns::traffic::{Attempt, Caller, Counts, Examples};
use crate::diagnosis::traffic_case;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text, Thresholds,
};
use crate::lang::span;
use crate::provenance::Endpoint;

pub(super) static RULE: Rule = Rule {
    code: "robocall-traffic-pattern",
    summary: "The traffic of a source or caller looks like that of robocalls: fast, to many, rarely answered, soon over.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 6076 §4"],
    explanation: Explanation {
        what_it_means: "Twenty or more calls went to ten or more different telephone numbers, and showed signs that analytics \
            score: twenty in a row at one a second or faster, fewer than 30 % answered, a mean talk time under 20 s, or half \
            of the answered calls over within 6 s. A calling number needs one of these signs, an element that sends calls of \
            several numbers at least two, as a busy trunk is fast by nature. It is a heuristic: only people can say whether the \
            calls were wanted.",
        why_it_matters: "Networks label or block callers by just these figures, whoever they are and however their calls are \
            signed.",
        likely_causes: "- A dialler with too high a pace, or with more lines than agents.\n\
            - A list with many dead numbers.\n\
            - Recorded messages that people hang up on.\n\
            - Notifications that are wanted, sent in one burst.",
        how_to_fix: "- Pace the dialler, and validate the list before calling.\n\
            - Spread legitimate traffic over numbers that you own, and over time.\n\
            - Register numbers and brand with the analytics services, and show a name that people know.",
        how_to_confirm: "In a later capture the same source has fewer than one call a second, and more than 30 % of its calls \
            are answered and last.",
        when_this_is_wrong: "- Load tests that call one number, extensions or names: only telephone numbers, and different ones, \
            count.\n\
            - The same numbers are called again and again, more than four times each on average: a test.\n\
            - Failures of servers and silence do not count as unanswered: an outage is no robocall.\n\
            - A trunk that carries the calls of many customers shows one of the signs at times; the findings about single \
            callers tell more.\n\
            - Test captures with numbers for documentation (555-0100 to 555-0199) get a notice at most.",
    },
    detect: Detect::Capture(detect),
};

/// Whose calls they are.
struct Party<'a> {
    who: String,
    client: Endpoint,
    software: Option<String>,
    counts: &'a Counts,
    examples: &'a Examples,
    attempts: Vec<Attempt>,
}

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut told: BTreeSet<IpAddr> = BTreeSet::new();
    for source in patterns.traffic.sources() {
        let (attempts, software) = (source.attempts(), source.software.clone());
        let callers: BTreeSet<_> = attempts.iter().map(|a| a.caller).collect();
        let (counts, examples) = (&source.counts, &source.examples);
        let party = Party {
            who: source.client.address.to_string(),
            client: source.client,
            software,
            counts,
            examples,
            attempts,
        };
        let needed = if callers.len() > 1 { 2 } else { 1 };
        if let Some(finding) = unless_fraud(&party, needed, cx, out) {
            told.insert(source.client.address);
            out.push(finding);
        }
    }
    // A source that is told of explains its callers.
    let is_explained = |caller: &Caller| caller.sources().all(|source| told.contains(&source));
    let calls = cx.settings.thresholds.robocall_calls;
    for (name, caller) in patterns.traffic.callers(|caller| caller.counts.calls >= calls && !is_explained(caller)) {
        let (attempts, software) = (caller.attempts(), caller.software.clone());
        let (counts, examples) = (&caller.counts, &caller.examples);
        let party = Party { who: named(name), client: caller.client, software, counts, examples, attempts };
        let found = unless_fraud(&party, 1, cx, out);
        out.extend(found);
    }
}

/// What the party's traffic shows, unless most of its calls were told to be fraud.
fn unless_fraud(party: &Party<'_>, needed: usize, cx: &Context<'_>, out: &[Finding]) -> Option<Finding> {
    let is_fraud = || super::toll_fraud_pattern::explains(out, party.client.address, party.counts.calls);
    finding(party, needed, cx).filter(|_| !is_fraud())
}

fn finding(party: &Party<'_>, needed: usize, cx: &Context<'_>) -> Option<Finding> {
    let lines = &cx.settings.thresholds;
    let callees: BTreeSet<u64> = party.attempts.iter().map(|attempt| attempt.callee).collect();
    let repeats = party.attempts.len() > callees.len() * lines.robocall_repeats;
    if party.counts.calls < lines.robocall_calls || callees.len() < lines.robocall_callees || repeats {
        return None;
    }
    let signs = signs(party, lines, cx.lossy());
    if signs.len() < needed {
        return None;
    }
    let remembered = u64::try_from(party.attempts.len()).unwrap_or(u64::MAX);
    let message = Text::new(if remembered < party.counts.calls {
        "{who} made {calls} calls, and of those that were compared {callees} went to different numbers, in a way that analytics \
         score as robocalls: {signs}. A heuristic: it does not say whether the calls were wanted."
    } else {
        "{who} called {callees} different numbers in {calls} calls, in a way that analytics score as robocalls: {signs}. A \
         heuristic: it does not say whether the calls were wanted."
    })
    .with("who", &party.who)
    .with("callees", callees.len())
    .with("calls", party.counts.calls)
    .with("signs", Text::list(", ", signs));
    let mut shown = party.examples.requests().iter().cloned();
    let mut finding = Finding::new(&RULE, Certainty::Weak, message, shown.next()?)
        .severity(traffic_case::severity(party.client, &party.attempts, cx))
        .evidence(shown)
        .actor(Actor { software: party.software.clone(), ..Actor::at(party.client, "the calling side") })
        .fix("Pace the dialler to fewer than one call a second, and take dead numbers off the list.")
        .fix("Spread legitimate traffic over numbers that you own, and register numbers and brand with the analytics services.")
        .verify("In a later capture more than 30 % of the calls are answered and last, at less than one call a second.");
    (finding.calls, finding.calls_total) = traffic_case::calls(&party.attempts, party.counts.calls);
    Some(finding)
}

/// What the traffic shows, in words.
fn signs(party: &Party<'_>, lines: &Thresholds, lossy: bool) -> Vec<Text> {
    let counts = party.counts;
    let mut signs = Vec::new();
    if let Some(run) = fastest(&party.attempts, lines.robocall_run) {
        let text = Text::new("{count} calls in a row within {span}");
        signs.push(text.with("count", lines.robocall_run).with("span", span(run)));
    }
    // Where packets are missing, answers are too.
    if lossy {
        return signs;
    }
    let answered = counts.answered_percent().filter(|_| counts.reached >= lines.robocall_calls);
    if let Some(answered) = answered.filter(|percent| *percent < lines.robocall_answered) {
        signs.push(Text::new("{percent} % answered").with("percent", answered));
    }
    if counts.talked >= lines.robocall_talked {
        if let Some(mean) = counts.mean_talk_time().filter(|mean| *mean < lines.robocall_talk) {
            signs.push(Text::new("{span} of talk on average").with("span", span(mean)));
        }
        if counts.short * 100 >= counts.talked * lines.robocall_short {
            let text = Text::new("{short} of {talked} answered calls over within 6 s");
            signs.push(text.with("short", counts.short).with("talked", counts.talked));
        }
    }
    signs
}

/// The shortest time in which so many calls in a row began, if that is one a second or faster.
fn fastest(attempts: &[Attempt], run: usize) -> Option<Duration> {
    let spans = attempts.windows(run).filter_map(|calls| Some(calls.last()?.time.since(calls.first()?.time)));
    let line = Duration::from_secs(u64::try_from(run).ok()?.checked_sub(1)?);
    spans.min().filter(|shortest| *shortest <= line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    /// Calls `gap` tenths of a second apart, from `callers` numbers to `numbers` others; the first `answered` are answered and
    /// last `talk` seconds.
    fn flow(calls: u32, gap: u32, callers: u32, numbers: u32, answered: u32, talk: u32) -> String {
        let calls = (0..calls).map(|n| {
            let at = f64::from(n * gap) / 10.0;
            let invite = format!(
                "{at} a > b call=c{n}\nINVITE sip:+121555502{:02}@b.example\nFrom: <sip:+121255501{:02}@a.example>\n\n",
                n % numbers * 7 % 100,
                n % callers
            );
            let end = if n < answered {
                format!(
                    "+0.2 b > a call=c{n} tag=t\n200 OK\n\n+0.01 a > b call=c{n}\nACK\n\n+{talk} a > b call=c{n}\nBYE\n\n\
                     +0.01 b > a call=c{n}\n200 OK\n\n"
                )
            } else {
                format!("+0.2 b > a call=c{n} tag=t\n486 Busy Here\n\n+0.01 a > b call=c{n}\nACK\n\n")
            };
            invite + &end
        });
        format!("host a 192.0.2.80\nhost b 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    #[test]
    fn one_sign_is_enough_for_a_number_and_two_for_a_trunk() {
        let warning = Some(Severity::Warning);
        check(
            RULE.code,
            &[
                ("fast", &flow(20, 9, 1, 12, 20, 60), warning),
                ("slow, answered, long", &flow(20, 40, 1, 12, 20, 60), None),
                ("rarely answered", &flow(20, 40, 1, 12, 5, 60), warning),
                ("short", &flow(20, 40, 1, 12, 20, 4), warning),
                ("nineteen calls", &flow(19, 9, 1, 12, 2, 4), None),
                ("few callees", &flow(40, 9, 1, 9, 2, 4), None),
                ("a fast trunk", &flow(20, 9, 20, 12, 20, 60), None),
                ("a trunk with two signs", &flow(20, 9, 20, 12, 2, 60), warning),
            ],
        );
    }

    #[test]
    fn outages_and_load_tests_are_none() {
        let fast = flow(30, 4, 1, 12, 0, 1);
        let outage = flow(30, 40, 1, 12, 0, 1).replace("486 Busy Here", "503 Service Unavailable");
        let names = fast.replace("sip:+12155550", "sip:user");
        let one = flow(30, 4, 1, 1, 0, 1);
        let again = flow(60, 4, 1, 12, 0, 1);
        check(
            RULE.code,
            &[
                ("outage", &outage, None),
                ("names", &names, None),
                ("one number", &one, None),
                ("twelve numbers, five times each", &again, None),
            ],
        );
        let lab = fast.replace("192.0.2.80", "10.0.0.1").replace("203.0.113.90", "10.0.0.2").replace("55502", "55501");
        check(RULE.code, &[("a laboratory", &lab, Some(Severity::Notice))]);
    }

    #[test]
    fn the_dialler_of_the_scenario_is_told_once() {
        let finding = only(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        let message = finding.message.to_string();
        assert!(message.contains("20 calls in a row within 15.2 s, 0 % answered"), "{message}");
        assert!(message.contains("heuristic") && finding.certainty == Certainty::Weak);
        assert_eq!((finding.calls.len(), finding.calls_total), (30, 30));
    }
}
