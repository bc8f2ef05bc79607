//! 607s by which a network's analytics block calls.

use crate::diagnosis::patterns::unwanted::answerers::Answerer;
use crate::diagnosis::thresholds::Thresholds;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::provenance::Timestamp;

use super::blanket_607;

/// 25 March 2026, 00:00 UTC: from then on analytics in the United States answer with 603+ alone (47 CFR 64.1200(k)(9)).
const ONLY_603_PLUS: Timestamp = Timestamp(1_774_396_800_000_000_000);

pub(super) static RULE: Rule = Rule {
    code: "unwanted-from-analytics",
    summary: "An element uses 607 Unwanted to block calls by analytics, although a 607 is the called party's own word.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 8688 §1", "47 CFR 64.1200(k)(9)", "ATIS-1000099"],
    explanation: Explanation {
        what_it_means: "The 607s of this element do not come from the called parties: their Reason says `v=analytics`, \
            they carry a Call-Info, the Server value names a scoring service, or ten or more different callees were \
            answered without ringing and after the same time (four in five within 20 %, or 5 ms, of the median). \
            Networks have codes of their own for this: 608 Rejected (RFC 8688), and 603 Network Blocked (603+), which since \
            25 March 2026 is the only one that analytics in the United States may use.",
        why_it_matters: "Everybody who counts 607s takes them for complaints of people, so that the caller's score gets \
            worse by the block itself. And a 607 names nobody whom a wrongly blocked caller can ask.",
        likely_causes: "- The blocking service was set up when 607 was still permitted for it.\n\
            - The operator maps every verdict of its analytics to 607.",
        how_to_fix: "- At the caller: stop calling these numbers for now, and ask the blocking provider through its \
            published contact; quote Call-ID, time and both numbers.\n\
            - At the caller: if its numbers, lists or pace are at fault, mend those; other findings name them.\n\
            - At the blocking provider: answer 603 Network Blocked with redress data (United States) or 608 with a \
            Call-Info, and leave 607 to subscribers.",
        how_to_confirm: "A blocked call gets 603+ or 608 with a contact; 607 comes only from devices that ring, or from \
            lists of single subscribers.",
        when_this_is_wrong: "- A few called parties who share a server have this caller on their own lists: their 607s come \
            at once, too. Without other marks it takes ten callees to raise this finding.\n\
            - A server that holds the personal lists of many subscribers answers all of them equally fast.\n\
            - The element answers twenty and more called parties so, without any mark of analytics: it may be a default as well, and is told as \
            blanket-607.\n\
            - Outside of the United States no rule forbids 607 here; it misleads all the same.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    out.extend(patterns.unwanted.answerers.iter().filter_map(|element| finding(element, lines)));
}

/// Whether so many called parties got a 607 equally fast and without ringing that no one of them decided.
pub(in crate::diagnosis) fn is_alike(element: &Answerer, lines: &Thresholds) -> bool {
    let (_, at_once) = element.callees();
    at_once >= lines.analytics_callees && element.delays().is_some_and(|d| d.same_percent >= lines.analytics_same_delay)
}

fn finding(element: &Answerer, lines: &Thresholds) -> Option<Finding> {
    let alike = is_alike(element, lines);
    // Without a mark it may be a default as well as analytics: that is told as what it is.
    if element.marked == 0 && (!alike || blanket_607::applies(element, lines)) {
        return None;
    }
    let primary = element.mark.clone().or_else(|| element.first().cloned())?;
    let shown = primary.frame;
    let others = element.examples.iter().map(|(_, e)| e).filter(|e| e.frame != shown).cloned();
    let mut finding = Finding::new(&RULE, certainty(element, alike), message(element), primary)
        .evidence(element.histogram())
        .evidence(others)
        .actor(Actor { software: element.software.clone(), ..Actor::at(element.element, "operator of the blocking element") })
        .fix("At the caller: stop calling these numbers from this number for now.")
        .fix(
            Text::new(
                "At the caller: ask the operator of {element} through the contact for blocked callers that it publishes; \
                 quote Call-ID, time and both numbers. Faults of numbers, lists or pace that other findings name come first.",
            )
            .with("element", element.element),
        )
        .fix(if is_american(element) {
            "At the blocking provider: answer 603 Network Blocked with redress data in Reason, as the United States require \
             since 25 March 2026; leave 607 to subscribers."
        } else {
            "At the blocking provider: answer 608 with a Call-Info, or 603 Network Blocked in the United States; leave 607 \
             to subscribers."
        })
        .verify("A blocked call gets 603+ or 608 with a contact for redress, and no 607.");
    finding.calls.clone_from(&element.calls);
    finding.calls_total = element.calls_total;
    Some(finding)
}

fn message(element: &Answerer) -> Text {
    let name = element
        .software
        .as_ref()
        .map_or_else(|| element.element.to_string(), |software| format!("{} ({software})", element.element));
    let (callees, at_once) = element.callees();
    let text = match (element.marked, element.delays()) {
        (0, Some(delays)) => Text::new(
            "{element} answered 607 without ringing for {unwanted} of {callees} called parties, {same} % of them after about \
             {median}: one decision of a network, such as its analytics, and not that of so many called parties.",
        )
        .with("same", delays.same_percent)
        .with("median", span(delays.median))
        .with("unwanted", at_once)
        .with("callees", callees),
        (marked, _) => Text::count(
            marked,
            "{element} rejected {n} call with a 607 that carries marks of a network's analytics: that is not a decision of the called \
             party.",
            "{element} rejected {n} calls with 607 that carries marks of a network's analytics: that is not a decision \
             of the called parties.",
        ),
    };
    text.with("element", name)
}

/// A Reason says so; delays and names are circumstances, which the rule of the United States makes more likely.
fn certainty(element: &Answerer, alike: bool) -> Certainty {
    if element.says_analytics > 0 {
        Certainty::Certain
    } else if alike || is_american(element) {
        Certainty::Strong
    } else {
        Certainty::Weak
    }
}

/// Whether the rule of the United States seems to apply: North American numbers, and a capture from its time.
fn is_american(element: &Answerer) -> bool {
    element.north_american.is_some_and(|latest| latest >= ONLY_603_PLUS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Settings;
    use crate::diagnosis::testing::{check, findings_with, only, with_code};

    /// Calls to different numbers, each answered after `delay` ms.
    fn flow(calls: u32, delay: fn(u32) -> u32, response: &str) -> String {
        let calls = (0..calls).map(|n| {
            format!(
                "{n}.0 a > gate call=c{n}\nINVITE sip:+442079460{n:03}@gate.example\nFrom: <sip:+442079461000@a.example>\n\n\
                 +0.{:03} gate > a call=c{n} tag=t{n}\n{response}\n\n+0.001 a > gate call=c{n}\nACK\n\n",
                delay(n)
            )
        });
        format!("host a 192.0.2.80\nhost gate 203.0.113.90\n\n{}", calls.collect::<String>())
    }

    #[test]
    fn marks_or_the_same_delay_for_many_give_it_away() {
        let same = |n| 45 + n % 10;
        check(
            RULE.code,
            &[
                ("ten callees, one delay", &flow(10, same, "607 Unwanted"), Some(Severity::Warning)),
                ("twenty callees: blanket-607", &flow(20, same, "607 Unwanted"), None),
                (
                    "twenty callees and a mark",
                    &flow(20, same, "607 Unwanted\nServer: ScoreGate/2.1"),
                    Some(Severity::Warning),
                ),
                ("nine callees", &flow(9, same, "607 Unwanted"), None),
                ("all delays", &flow(10, |n| 20 + 80 * n, "607 Unwanted"), None),
                ("declined", &flow(10, same, "603 Decline"), None),
                ("608", &flow(10, same, "608 Rejected"), None),
                ("a scoring service", &flow(1, same, "607 Unwanted\nServer: ScoreGate/2.1"), Some(Severity::Warning)),
                ("a phone", &flow(1, same, "607 Unwanted\nUser-Agent: ExamplePhone/1"), None),
                (
                    "Call-Info",
                    &flow(1, same, "607 Unwanted\nCall-Info: <https://x.example/j>;purpose=jwscard"),
                    Some(Severity::Warning),
                ),
            ],
        );
    }

    #[test]
    fn certainty_follows_from_what_is_said() {
        let same = |_| 45;
        let american = |text: String| text.replace("+44207946", "+121555501").replace("{n:03}", "");
        for (text, expected) in [
            (flow(1, same, "607 Unwanted\nReason: SIP;cause=607;text=\"v=analytics1\""), Certainty::Certain),
            (flow(10, same, "607 Unwanted"), Certainty::Strong),
            (flow(1, same, "607 Unwanted\nServer: ScoreGate/2.1"), Certainty::Weak),
            (
                american(flow(1, same, "607 Unwanted\nServer: ScoreGate/2.1"))
                    .replace("+1215555010000", "+12155550100")
                    .replace("+1215555011000", "+12155550101"),
                Certainty::Strong,
            ),
        ] {
            assert_eq!(only(&text, RULE.code).certainty, expected, "{text}");
        }
    }

    #[test]
    fn the_mark_that_is_cited_is_the_one_that_speaks_of_analytics() {
        let spoken = "607 Unwanted\nServer: Proxy/1\nReason: SIP;cause=607;text=\"Analytics\"";
        let finding = only(&flow(1, |_| 45, spoken), RULE.code);
        assert_eq!(finding.evidence[0].text, "Reason: SIP;cause=607;text=\"Analytics\"");
        assert_eq!(finding.certainty, Certainty::Weak);
    }

    #[test]
    fn thirty_calls_are_one_finding_with_their_delays() {
        let found = with_code(include_str!("../../../samples/scenarios/s09.txt"), RULE.code);
        assert_eq!(found.len(), 1);
        let finding = &found[0];
        assert_eq!((finding.calls.len(), finding.calls_total, finding.certainty), (30, 30, Certainty::Strong));
        assert!(
            finding.message.to_string().starts_with("203.0.113.90:5060 (ScoreGate/2.1) rejected 30 calls with 607")
        );
        assert_eq!(finding.evidence[0].text, "Server: ScoreGate/2.1");
        assert_eq!(finding.evidence[1].text, "20–50 ms: 15, 50–100 ms: 15");
        assert!(finding.remediation[2].to_string().contains("603 Network Blocked"));
    }

    #[test]
    fn the_lines_are_those_of_the_settings() {
        let calls = flow(12, |_| 40, "607 Unwanted");
        let found = |analytics_callees| {
            let thresholds = Thresholds { analytics_callees, ..Thresholds::default() };
            let settings = Settings { thresholds, ..Settings::default() };
            findings_with(&calls, settings).iter().filter(|f| f.code == RULE.code).count()
        };
        assert_eq!((found(10), found(13)), (1, 0));
    }
}
