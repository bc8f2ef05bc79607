//! A caller, or an element that sends calls, many of whose calls are rejected with 607.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::route_advance_after_607::named;
use crate::call::CallNumber;
use crate::diagnosis::patterns::traffic::{Attempt, Caller, Counts, Examples};
use crate::diagnosis::traffic_case;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::limits::UNWANTED_CALLS;
use crate::provenance::Endpoint;

pub(super) static RULE: Rule = Rule {
    code: "high-complaint-rate",
    summary: "A notable share of the calls of one source or one caller is rejected as unwanted with 607.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 8197 §6"],
    explanation: Explanation {
        what_it_means: "Of the calls that one element sent, 1 % or more ended with 607; or of those of one caller 2 % or more, \
            of at least 50 calls, from several called parties; or five different called parties answered 607. Each 607 is a complaint about the caller. \
            Calls that withhold their caller are not counted, as nobody can be blamed for them. The lines are heuristic: no \
            standard draws them.",
        why_it_matters: "Providers and analytics count exactly this: the share of called parties that flag a number, and how \
            recently (RFC 8197 §6). Above some share calls are labelled or blocked for everybody.",
        likely_causes: "- The calling list holds people who never agreed to be called, or who withdrew their consent.\n\
            - The number was used by somebody else before, or is spoofed by somebody else.\n\
            - One element in front of many callees answers 607 for all of them (blanket-607).",
        how_to_fix: "- Pause the campaign, take out everybody who answered 607, and check the source of the list.\n\
            - Look at the share of complaints of each number and campaign, not at their count.\n\
            - At the provider: talk to the customer before analytics do.",
        how_to_confirm: "In a later capture fewer than 1 % of the calls of this source end with 607.",
        when_this_is_wrong: "- Few calls, or one called party that rejects all calls: then the finding on those calls says all.\n\
            - The caller withholds its number: such 607s are not to be tallied.\n\
            - All 607s come from one element that blocks as such: see blanket-607.",
    },
    detect: Detect::Capture(detect),
};

/// Whose calls they are.
struct Party<'a> {
    who: Text,
    client: Endpoint,
    software: Option<String>,
    counts: &'a Counts,
    examples: &'a Examples,
    attempts: Vec<Attempt>,
}

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    let exceeds = |counts: &Counts, share: u64| {
        let enough = counts.named >= lines.complaint_calls && counts.unwanted * 100 >= counts.named * share;
        // One called party is no rate, however often it is called.
        (enough && counts.unwanted_callees() > 1) || counts.unwanted_callees() >= lines.complaint_callees
    };
    let mut told: BTreeSet<IpAddr> = BTreeSet::new();
    for source in patterns.traffic.sources() {
        if exceeds(&source.counts, lines.complaint_share_of_source) {
            told.insert(source.client.address);
            let who = Text::new("{client}").with("client", source.client.address);
            let (software, examples) = (source.software.clone(), &source.examples);
            let (counts, attempts) = (&source.counts, source.attempts());
            out.extend(finding(&Party { who, client: source.client, software, counts, examples, attempts }, cx));
        }
    }
    // A source that is told of explains its callers.
    let is_explained = |caller: &Caller| caller.sources().all(|source| told.contains(&source));
    let is_told = |caller: &Caller| exceeds(&caller.counts, lines.complaint_share_of_caller) && !is_explained(caller);
    for (name, caller) in patterns.traffic.callers(is_told) {
        let who = Text::new("{caller}").with("caller", named(name));
        let (software, examples) = (caller.software.clone(), &caller.examples);
        let (counts, attempts) = (&caller.counts, caller.attempts());
        out.extend(finding(&Party { who, client: caller.client, software, counts, examples, attempts }, cx));
    }
}

fn finding(party: &Party<'_>, cx: &Context<'_>) -> Option<Finding> {
    let counts = party.counts;
    let mut shown = party.examples.rejections().iter().cloned();
    let message = Text::new(
        "{unwanted} of {calls} calls of {who} that name their caller ended with 607 ({share}), from {callees} different called \
         parties: a heuristic, but analytics count the same.",
    )
    .with("unwanted", counts.unwanted)
    .with("calls", counts.named)
    .with("who", &party.who)
    .with("share", percent(counts.unwanted, counts.named))
    .with("callees", counts.unwanted_callees());
    let role = "the calling side";
    let mut finding = Finding::new(&RULE, Certainty::Strong, message, shown.next()?)
        .severity(traffic_case::severity(party.client, &party.attempts, cx))
        .evidence(shown)
        .actor(Actor { software: party.software.clone(), ..Actor::at(party.client, role) })
        .fix("Pause the campaign, take everybody who answered 607 off the list, and check where the list comes from.")
        .fix("Watch the share of 607 of each calling number, and call only with consent.")
        .verify("In a later capture fewer than 1 % of the calls of this source end with 607.");
    finding.calls = listed(&counts.unwanted_calls);
    finding.calls_total = counts.unwanted;
    Some(finding)
}

fn listed(calls: &[CallNumber]) -> Vec<CallNumber> {
    let mut calls = calls.to_vec();
    calls.sort_unstable();
    calls.truncate(UNWANTED_CALLS);
    calls
}

/// A share with one decimal below ten.
fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or_default();
    if tenths >= 100 { format!("{} %", tenths / 10) } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    /// `unwanted` of `calls` calls are answered with 607; `callees` different parties are called.
    fn flow(calls: u32, unwanted: u32, callees: u32, from: &str) -> String {
        let calls = (0..calls).map(|n| {
            let status = if n < unwanted { "607 Unwanted" } else { "486 Busy Here" };
            format!(
                "{}.0 a > b call=c{n}\nINVITE sip:user{}@b.example\nFrom: <sip:{from}@a.example>\n\n+0.3 b > a call=c{n} tag=t\n\
                 180 Ringing\n\n+3 b > a call=c{n} tag=t\n{status}\n\n+0.001 a > b call=c{n}\nACK\n\n",
                n * 7,
                n % callees
            )
        });
        format!("host a 192.0.2.80\nhost b 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    #[test]
    fn shares_and_different_callees_count() {
        let number = "+12125550101";
        let warning = Some(Severity::Warning);
        check(
            RULE.code,
            &[
                ("2 of 60", &flow(60, 2, 60, number), warning),
                ("1 of 49", &flow(49, 1, 49, number), None),
                ("1 of 101", &flow(101, 1, 101, number), None),
                ("five parties", &flow(12, 5, 12, number), warning),
                ("four parties", &flow(12, 4, 12, number), None),
                ("one party, five times", &flow(12, 5, 1, number), None),
                ("withheld", &flow(60, 20, 60, "anonymous"), None),
                ("one party of a load test", &flow(60, 60, 1, number), None),
                ("none", &flow(60, 0, 60, number), None),
            ],
        );
    }

    #[test]
    fn a_source_is_told_once_with_its_share() {
        let finding = only(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        assert_eq!((finding.calls.len(), finding.calls_total, finding.evidence.len()), (30, 30, 6));
        assert!(
            finding.message.to_string().starts_with(
                "30 of 30 calls of 192.0.2.80 that name their caller ended with 607 (100 %), from 30 different"
            ),
            "{}",
            finding.message
        );
    }

    #[test]
    fn shares_are_exact_enough() {
        for (part, whole, expected) in [(1, 3, "33 %"), (1, 70, "1.4 %"), (7, 7, "100 %"), (0, 0, "0.0 %")] {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
