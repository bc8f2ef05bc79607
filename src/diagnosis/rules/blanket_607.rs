//! An element that answers nearly everybody with 607.

use crate::diagnosis::patterns::unwanted::answerers::{Answerer, Delays};
use crate::diagnosis::thresholds::Thresholds;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::UNWANTED_CALLEES;

pub(super) static RULE: Rule = Rule {
    code: "blanket-607",
    summary: "One element answers nearly every called party behind it with 607, without ringing and equally fast.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 8197 §6", "RFC 8688 §1"],
    explanation: Explanation {
        what_it_means: "The element answered INVITEs for twenty or more different callees, half of them or more with 607, \
            without ringing, and after the same time (four in five within 20 %, or 5 ms, of the median). So many people \
            do not reject the same caller in the same instant: a policy of that element does.",
        why_it_matters: "The single calls look as if single called parties had rejected them (the finding on each call \
            uses what that call shows). Work on single callees is lost: one ticket at one operator settles all.",
        likely_causes: "- A blocking service or the analytics of a network rejects the caller as such.\n\
            - 607 is set as default answer on that element by mistake, for a trunk or for callers that it does not know.",
        how_to_fix: "- At the caller: stop the traffic to that element, and open a ticket with its operator; quote \
            Call-IDs, times and numbers.\n\
            - At the element: find the policy or default that answers 607, and correct it, or answer with a code that names \
            a contact (608, or 603 Network Blocked in the United States).",
        how_to_confirm: "Calls to different parties behind that element ring, or get answers of their own.",
        when_this_is_wrong: "- Fewer than twenty callees were called: some of them may share a list.\n\
            - The called numbers belong to one subscriber, who rejects the caller for all of them.\n\
            - The element is the last hop that was captured: then an element behind it may have decided.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    out.extend(patterns.unwanted.answerers.iter().filter_map(|element| finding(element, lines)));
}

/// Whether it answers so many called parties alike that a policy of its own does.
pub(super) fn applies(element: &Answerer, lines: &Thresholds) -> bool {
    let (callees, at_once) = element.callees();
    element.delays().is_some_and(|d| d.same_percent >= lines.blanket_same_delay)
        && callees >= lines.blanket_callees
        && at_once * 100 >= callees * lines.blanket_share
}

fn finding(element: &Answerer, lines: &Thresholds) -> Option<Finding> {
    if !applies(element, lines) {
        return None;
    }
    let (callees, at_once) = element.callees();
    let delays = element.delays()?;
    let message = message(element, (callees, at_once), delays);
    let others = element.examples.iter().skip(1).map(|(_, e)| e.clone());
    let mut finding = Finding::new(&RULE, Certainty::Strong, message, element.first()?.clone())
        .evidence(element.histogram())
        .evidence(others)
        .actor(Actor { software: element.software.clone(), ..Actor::at(element.element, "operator of the element that answers") })
        .fix(
            Text::new(
                "At the caller: stop the traffic to {element} for now, and open a ticket with its operator; quote Call-IDs, \
                 times and numbers.",
            )
            .with("element", element.element),
        )
        .fix("At that element: find the policy or the default that answers 607 for everybody, and correct it.")
        .fix("Where it blocks on purpose: let it answer a code that names whom to ask (608, or 603 Network Blocked in the United States).")
        .verify("Calls to different parties behind that element ring, or get answers of their own.");
    finding.calls.clone_from(&element.calls);
    finding.calls_total = element.calls_total;
    Some(finding)
}

fn message(element: &Answerer, (callees, at_once): (usize, usize), delays: Delays) -> Text {
    Text::new(if callees >= UNWANTED_CALLEES {
        "{element} answered 607 without ringing for {at_once} of the first {callees} called parties, {same} % of them after \
         about {median}: a policy of that element, not the wish of each of them."
    } else {
        "{element} answered 607 without ringing for {at_once} of {callees} called parties, {same} % of them after about \
         {median}: a policy of that element, not the wish of each of them."
    })
    .with("element", element.element)
    .with("at_once", at_once)
    .with("callees", callees)
    .with("same", delays.same_percent)
    .with("median", span(delays.median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Settings;
    use crate::diagnosis::testing::{check, findings_with, only};

    /// Calls to different users, each answered after `delay` ms; those from `other` on with 404.
    fn flow(calls: u32, other: u32, delay: fn(u32) -> u32, ringing: &str) -> String {
        let calls = (0..calls).map(|n| {
            let status = if n < other { "607 Unwanted" } else { "404 Not Found" };
            format!(
                "{n}.0 a > gate call=c{n}\nINVITE sip:user{n}@gate.example\n\n{}+0.{:03} gate > a call=c{n} tag=t{n}\n\
                 {status}\n\n+0.001 a > gate call=c{n}\nACK\n\n",
                ringing.replace("{n}", &n.to_string()),
                delay(n)
            )
        });
        format!("host a 192.0.2.80\nhost gate 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    #[test]
    fn half_of_twenty_callees_and_one_delay_make_a_policy() {
        let same = |n| 45 + n % 10;
        check(
            RULE.code,
            &[
                ("all", &flow(20, 20, same, ""), Some(Severity::Warning)),
                ("half", &flow(20, 10, same, ""), Some(Severity::Warning)),
                ("less than half", &flow(20, 9, same, ""), None),
                ("nineteen", &flow(19, 19, same, ""), None),
                ("all delays", &flow(20, 20, |n| 20 + 40 * n, ""), None),
                ("ringing", &flow(20, 20, same, "+0.01 gate > a call=c{n} tag=t{n}\n180 Ringing\n\n"), None),
            ],
        );
    }

    #[test]
    fn the_lines_are_those_of_the_settings() {
        let found = |thresholds, flow: &str| {
            let settings = Settings { thresholds, ..Settings::default() };
            findings_with(flow, settings).iter().any(|f| f.code == RULE.code)
        };
        let same = |n| 45 + n % 10;
        assert!(found(Thresholds { blanket_callees: 8, ..Thresholds::default() }, &flow(8, 8, same, "")));
        assert!(!found(Thresholds { blanket_share: 51, ..Thresholds::default() }, &flow(20, 10, same, "")));
        let delays = |n| if n < 12 { 45 } else { 400 + 40 * n % 500 };
        assert!(!found(Thresholds::default(), &flow(20, 20, delays, "")));
        assert!(found(Thresholds { blanket_same_delay: 60, ..Thresholds::default() }, &flow(20, 20, delays, "")));
    }

    #[test]
    fn the_same_callee_counts_once() {
        let again = flow(30, 30, |_| 45, "").replace("user", "bob;n=");
        let one: String = (0..30).map(|n| format!("bob;n={n}@")).fold(again, |text, user| text.replace(&user, "bob@"));
        check(RULE.code, &[("one callee", &one, None)]);
    }

    #[test]
    fn thirty_calls_are_one_finding() {
        let finding = only(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        assert_eq!((finding.calls.len(), finding.calls_total), (30, 30));
        assert!(
            finding.message.to_string().starts_with(
                "203.0.113.90:5060 answered 607 without ringing for 30 of 30 called parties, 100 % of them after about 50 ms"
            ),
            "{}",
            finding.message
        );
        assert_eq!(finding.evidence[1].text, "20–50 ms: 15, 50–100 ms: 15");
    }
}
