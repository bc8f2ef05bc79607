//! A caller that calls again after a 607.

use super::route_advance_after_607::{calls, named, pair};
use crate::diagnosis::patterns::unwanted::again::After;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::thresholds::Thresholds;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::UNWANTED_EXAMPLES;

pub(super) static RULE: Rule = Rule {
    code: "caller-retries-after-607",
    summary: "A caller calls a party again that rejected it with 607.",
    severity: Severity::Error,
    references: &["RFC 8197 §4", "RFC 8197 §6", "RFC 3261 §21.6"],
    explanation: Explanation {
        what_it_means: "The same caller number called the same callee again after a 607: within a minute (error), or within a \
            day (warning); where the later call was answered, a warning or a notice that says so. 607 says that further attempts will most likely fare the same, and the Reason of the BYE by which \
            the callee ended a call says it as well. No protocol rule forbids a new call, but nothing has changed, either.",
        why_it_matters: "The retry confirms the complaint: analytics look at repeated attempts after a rejection, and the \
            called party's next step is a report to its carrier or regulator.",
        likely_causes: "- The dialler treats 607 like busy or no answer, and puts the number back into its queue.\n\
            - A client that does not know 607 treats it as 600 (RFC 3261 §8.1.3.2) and tries again later.\n\
            - A switch retries failed calls by itself.",
        how_to_fix: "- Put the callee on the suppression list of the dialler as soon as a 607 comes, for all campaigns.\n\
            - Map 607 to \"do not call\" in place of \"busy\".\n\
            - Reach the callee another way if there is a relationship; only the callee can lift the block.",
        how_to_confirm: "After the next 607 no other INVITE goes from this caller to this callee within a day.",
        when_this_is_wrong: "- Another party is called, or another caller number is shown.\n\
            - The callee has lifted the block in between, on another channel, and expects the call: an answer speaks for that, and proves it not, as a \
            voicemail answers as well.\n\
            - More than a day has passed.\n\
            - The second INVITE goes to another next hop within half a minute: then an element on the way tries another \
            route (route-advance-after-607).",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    out.extend(patterns.unwanted.again.retries(lines).values().filter_map(|after| finding(after, lines)));
}

fn finding(after: &[After<'_>], lines: &Thresholds) -> Option<Finding> {
    let answered = after.iter().filter(|a| a.sent.answered).count();
    let all_answered = answered == after.len();
    // Those that the called party did not take are what matters.
    let soonest = after.iter().min_by_key(|a| (a.sent.answered, a.gap(), a.sent.time))?;
    let severity = match (soonest.gap() <= lines.retry_at_once, all_answered) {
        (true, false) => Severity::Error,
        (false, true) => Severity::Notice,
        _ => Severity::Warning,
    };
    let others = after.iter().filter(|a| a.sent.evidence.frame != soonest.sent.evidence.frame);
    let shown = [soonest].into_iter().chain(others).take(UNWANTED_EXAMPLES).flat_map(pair).skip(1);
    let client = soonest.sent.client;
    let mut finding =
        Finding::new(&RULE, Certainty::Certain, message(soonest, after, answered), soonest.sent.evidence.clone())
            .severity(severity)
            .evidence(shown)
            .actor(Actor { software: soonest.sent.software.clone(), ..Actor::at(client, "the calling side") });
    if all_answered {
        finding = finding.fix(
            "See first whether the called party agreed to the later call, or took it by itself: then nothing needs repair but a block that is lifted late.",
        );
    }
    finding = finding
        .fix(
            Text::new(
                "Suppress {callee} in the dialler at {client} after a 607, for all campaigns, and stop its retries.",
            )
            .with("callee", named(soonest.callee))
            .with("client", client),
        )
        .fix("Use another channel where there is a relationship; only the called party can lift the block.")
        .fix("Map 607 to \"do not call\", not to \"busy\" or \"no answer\".")
        .verify("After the next 607 no INVITE goes from the same caller to the same callee within a day.");
    (finding.calls, finding.calls_total) = calls(after);
    Some(finding)
}

fn message(soonest: &After<'_>, after: &[After<'_>], answered: usize) -> Text {
    let text = if after.len() == 1 && soonest.rejection.after_answer {
        Text::new(
            "{caller} called {callee} again from {client}, {gap} after {callee} had ended its call with a BYE whose Reason is 607.",
        )
    } else if after.len() == 1 {
        Text::new("{caller} called {callee} again from {client}, {gap} after {callee} had rejected it with 607.")
    } else {
        Text::new(
            "Callers at {client} called again after a 607, {count} times in all; the soonest was {caller}, which called \
             {callee} {gap} after the rejection.",
        )
        .with("count", after.len())
    };
    let text = text
        .with("caller", named(soonest.caller))
        .with("callee", named(soonest.callee))
        .with("client", soonest.sent.client)
        .with("gap", span(soonest.gap()));
    with_reason(text, end(answered, after.len()))
}

/// What became of the later calls, where some were answered.
fn end(answered: usize, all: usize) -> Option<Text> {
    Some(match answered {
        0 => return None,
        1 if all == 1 => {
            Text::new("That call was answered: the called party took it, or a voicemail or announcement in its place.")
        }
        _ if answered == all => Text::new(
            "All of these calls were answered: the called parties took them, or voicemails or announcements in their place.",
        ),
        _ => Text::count(
            answered.try_into().unwrap_or(u64::MAX),
            "{n} of these calls was answered.",
            "{n} of these calls were answered.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnosis::Settings;
    use crate::diagnosis::testing::{check, findings_with, only};

    const HOSTS: &str = "host a 192.0.2.10\nhost x 203.0.113.50\n\n";

    fn call(at: u32, from: &str, to: &str, status: &str) -> String {
        format!(
            "{at} a > x call=c{at}\nINVITE sip:{to}@203.0.113.50\nFrom: <sip:{from}@a.example>\nUser-Agent: ExampleDialler/6\n\n\
             +0.5 x > a call=c{at}\n{status}\n\n+0.001 a > x call=c{at}\nACK\n\n"
        )
    }

    #[test]
    fn the_same_two_parties_within_a_day_count() {
        let (alice, bob) = ("+12125550101", "+12155550113");
        let flow = |status: &str, at: u32, from: &str, to: &str| {
            format!("{HOSTS}{}{}", call(0, alice, bob, status), call(at, from, to, "607 Unwanted"))
        };
        check(
            RULE.code,
            &[
                ("half a minute", &flow("607 Unwanted", 30, alice, bob), Some(Severity::Error)),
                ("an hour", &flow("607 Unwanted", 3600, alice, bob), Some(Severity::Warning)),
                (
                    "the same number written otherwise",
                    &flow("607 Unwanted", 30, "12125550101", "2155550113"),
                    Some(Severity::Error),
                ),
                ("two days", &flow("607 Unwanted", 172_800, alice, bob), None),
                ("another callee", &flow("607 Unwanted", 30, alice, "+12155550114"), None),
                ("another caller", &flow("607 Unwanted", 30, "+12125550102", bob), None),
                ("declined", &flow("603 Decline", 30, alice, bob), None),
                ("withheld", &flow("607 Unwanted", 30, "anonymous", bob).replace(alice, "anonymous"), None),
            ],
        );
    }

    #[test]
    fn the_reason_of_a_bye_counts_as_a_607() {
        let flow = |who: &str, reason: &str| {
            format!(
                "{HOSTS}host y 203.0.113.55\n\n0 a > x call=c0\nINVITE sip:+12155550113@203.0.113.50\n\
                 From: <sip:+12125550101@a.example>\n\n1 x > a call=c0 tag=t\n200 OK\nContact: <sip:b@203.0.113.50>\n\n1.1 a > x call=c0\n\
                 ACK\n\n9 {who} call=c0\nBYE sip:c@d.example\nReason: {reason}\n\n{}",
                call(30, "+12125550101", "+12155550113", "486 Busy Here")
            )
        };
        let (called, calling) = ("x > a", "a > x");
        let unwanted = "SIP;cause=607;text=\"Unwanted\"";
        check(
            RULE.code,
            &[
                ("the callee complained", &flow(called, unwanted), Some(Severity::Error)),
                ("the callee hung up", &flow(called, "Q.850;cause=16"), None),
                ("the caller hung up", &flow(calling, unwanted), None),
            ],
        );
        let elsewhere =
            flow(called, unwanted).replace("30 a > x", "30 a > y").replace("x > a call=c30", "y > a call=c30");
        let found = only(&elsewhere, RULE.code);
        assert_eq!(
            found.message.to_string(),
            "+12125550101 called +12155550113 again from 192.0.2.10:5060, 21 s after +12155550113 had ended its call with a BYE whose \
             Reason is 607."
        );
        assert!(findings_with(&elsewhere, Settings::default()).iter().all(|f| f.code != "route-advance-after-607"));
    }

    #[test]
    fn the_lines_are_those_of_the_settings() {
        let flow = |at: u32| {
            let rejected = |at| call(at, "+12125550101", "+12155550113", "607 Unwanted");
            format!("{HOSTS}{}{}", rejected(0), rejected(at))
        };
        let severity = |thresholds, at| {
            let found = findings_with(&flow(at), Settings { thresholds, ..Settings::default() });
            found.iter().find(|f| f.code == RULE.code).map(|f| f.severity)
        };
        let lines = || Thresholds { retry_window: Duration::from_mins(30), ..Thresholds::default() };
        assert_eq!((severity(lines(), 600), severity(lines(), 3600)), (Some(Severity::Warning), None));
        let lines = Thresholds { retry_at_once: Duration::from_mins(15), ..Thresholds::default() };
        assert_eq!(severity(lines, 600), Some(Severity::Error));
    }

    #[test]
    fn a_later_call_that_was_answered_is_less_bad() {
        let (alice, bob, carol) = ("+12125550101", "+12155550113", "+12155550114");
        let answered = |at: u32, to: &str, reason: &str| {
            format!(
                "{}+5 x > a call=c{at}\nBYE\n{reason}\n+0.01 a > x call=c{at}\n200 OK\n\n",
                call(at, alice, to, "200 OK\nContact: <sip:b@203.0.113.50>")
            )
        };
        let flow = |later: &str| format!("{HOSTS}{}{later}", call(0, alice, bob, "607 Unwanted"));
        let of = |later: &str| {
            let finding = only(&flow(later), RULE.code);
            (finding.severity, finding.message.to_string(), finding.remediation.len())
        };
        let (severity, text, fixes) = of(&answered(30, bob, ""));
        assert_eq!((severity, fixes), (Severity::Warning, 4));
        assert!(text.contains("That call was answered: the called party took it"), "{text}");
        assert_eq!(of(&answered(3600, bob, "")).0, Severity::Notice);
        // Who complains when he has heard who calls took nothing back.
        let (severity, text, fixes) = of(&answered(30, bob, "Reason: SIP;cause=607;text=\"Unwanted\"\n"));
        assert!(severity == Severity::Error && !text.contains("was answered") && fixes == 3, "{text}");
        // Another called party did not take it.
        let two =
            [call(1, alice, carol, "607 Unwanted"), answered(30, bob, ""), call(40, alice, carol, "607 Unwanted")];
        let (severity, text, _) = of(&two.concat());
        assert!(severity == Severity::Error && text.contains("1 of these calls was answered."), "{text}");
    }

    #[test]
    fn credentials_and_retransmissions_are_no_new_call() {
        let flow = format!(
            "{HOSTS}0 a > x repeat=0.5\nINVITE sip:bob@x.example\n\n0.7 x > a\n407 Proxy Authentication Required\n\
             Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\n\n0.71 a > x\nACK\n\n0.8 a > x\nINVITE sip:bob@x.example\n\
             Proxy-Authorization: Digest realm=\"x\", nonce=\"n\", username=\"a\", uri=\"sip:x\", response=\"0\"\n\n\
             1.0 x > a\n607 Unwanted\n\n1.1 a > x\nACK\n\n"
        );
        check(RULE.code, &[("challenged", &flow, None)]);
    }

    #[test]
    fn a_dialler_gets_one_finding() {
        let flow: String =
            (0..12).map(|n| call(n * 5, "+12125550101", &format!("+121555501{:02}", n % 4), "607 Unwanted")).collect();
        let finding = only(&format!("{HOSTS}{flow}"), RULE.code);
        assert_eq!((finding.calls_total, finding.calls.len(), finding.evidence.len()), (12, 12, 12));
        let message = finding.message.to_string();
        assert!(
            message.starts_with("Callers at 192.0.2.10:5060 called again after a 607, 8 times in all"),
            "{message}"
        );
        assert_eq!(finding.actor.as_ref().unwrap().software.as_deref(), Some("ExampleDialler/6"));
    }
}
