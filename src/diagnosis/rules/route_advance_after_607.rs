//! An element that tries another route after a 607.

use crate::diagnosis::patterns::unwanted::again::After;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text,
};
use crate::lang::span;
use crate::limits::{UNWANTED_CALLS, UNWANTED_EXAMPLES};

pub(super) static RULE: Rule = Rule {
    code: "route-advance-after-607",
    summary: "After a 607 an element sends the same call to another next hop.",
    severity: Severity::Error,
    references: &["RFC 3261 §16.7 step 5", "RFC 3261 §21.6", "RFC 8197 §4"],
    explanation: Explanation {
        what_it_means: "The element received 607 for a caller and a callee, and within 32 seconds it sent an INVITE for the \
            same two to another next hop. A 6xx holds for every route: a proxy that receives one opens no further branches \
            (RFC 3261 §16.7), and a session controller or least-cost router has no better reason to.",
        why_it_matters: "The called party is bothered again by a call that it has just rejected, over a carrier that then \
            also carries the complaint. Analytics count the second attempt as evasion. The failure of the second route hides \
            the true answer from the caller.",
        likely_causes: "- The list of codes after which the element stops hunting does not name 607 (nor, often, 603 and \
            608): an unknown 6xx is treated like a failed route.\n\
            - The dialler has a fallback carrier for every failed call.",
        how_to_fix: "- At the element: add 603, 607 and 608 to the codes after which no other route is tried, best all of \
            6xx, and return the code to the caller unaltered.\n\
            - At the caller: take the called party off the list.",
        how_to_confirm: "After the next 607 that element sends no other INVITE for that caller and callee, and the 607 \
            reaches the caller.",
        when_this_is_wrong: "- The branches were opened before the 607 came: a parallel fork.\n\
            - The caller itself called again, and the element sent that new call another way (caller-retries-after-607). \
            Where the hop in front of the element is not in the capture, the two look alike: after more than 3 s it is a guess, and a warning.\n\
            - The called side diverts rejected calls, such as to its voicemail: the rule is silent where Diversion, a `cause` in the \
            Request-URI, or another user in History-Info says so.\n\
            - The first route answered with another code, such as 603 or 503, after which other rules hold.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    out.extend(patterns.unwanted.again.advances(lines).values().filter_map(|after| finding(after)));
}

fn finding(after: &[After<'_>]) -> Option<Finding> {
    let first = after.first()?;
    let client = first.sent.client;
    let role = "operator of the element that tried another route";
    let shown = after.iter().take(UNWANTED_EXAMPLES).flat_map(pair).skip(1);
    // Where one of several was sent at once, the element does so.
    let is_guess = after.iter().all(|after| after.may_be_a_new_call());
    let (severity, certainty) =
        if is_guess { (Severity::Warning, Certainty::Weak) } else { (Severity::Error, Certainty::Strong) };
    let doubt = is_guess.then(|| {
        Text::new("Where the caller itself called again meanwhile, which this capture does not show, the element only sent that call on another way.")
    });
    let message = with_reason(message(first, after.len()), doubt);
    let mut finding = Finding::new(&RULE, certainty, message, first.sent.evidence.clone())
        .severity(severity)
        .evidence(shown)
        .actor(Actor { software: first.sent.software.clone(), ..Actor::at(client, role) })
        .fix(
            Text::new(
                "At {client}: add 603, 607 and 608 to the codes after which no other route is tried, and return them to the \
                 caller unaltered.",
            )
            .with("client", client),
        )
        .fix(Text::new("At the caller: take {callee} off the calling list.").with("callee", named(first.callee)))
        .verify(
            Text::new("After the next 607, {client} sends no other INVITE for the same caller and callee.")
                .with("client", client),
        );
    (finding.calls, finding.calls_total) = calls(after);
    Some(finding)
}

fn message(first: &After<'_>, count: usize) -> Text {
    let text = if count == 1 {
        Text::new(
            "{client} received 607 from {server} for the call from {caller} to {callee}, and {gap} later sent it to {other} \
             instead: a 607 holds for every route.",
        )
    } else {
        Text::new(
            "{client} received 607 from {server} for the call from {caller} to {callee}, and {gap} later sent it to {other} \
             instead, and did so for {count} calls in all: a 607 holds for every route.",
        )
        .with("count", count)
    };
    text.with("client", first.sent.client)
        .with("server", first.rejection.server)
        .with("caller", named(first.caller))
        .with("callee", named(first.callee))
        .with("gap", span(first.gap()))
        .with("other", first.sent.server)
}

/// The INVITE and the 607 before it.
pub(super) fn pair(after: &After<'_>) -> [Evidence; 2] {
    [after.sent.evidence.clone(), after.rejection.evidence.clone()]
}

/// All calls of such pairs in order, and how many there are.
pub(super) fn calls(after: &[After<'_>]) -> (Vec<crate::call::CallNumber>, u64) {
    let mut calls: Vec<_> = after.iter().flat_map(|a| [a.rejection.call, a.sent.call]).collect();
    calls.sort_unstable();
    calls.dedup();
    let total = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    calls.truncate(UNWANTED_CALLS);
    (calls, total)
}

/// A party as sentences name it.
pub(super) fn named(party: &str) -> String {
    if party.bytes().all(|b| b.is_ascii_digit()) { format!("+{party}") } else { party.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Settings;
    use crate::diagnosis::testing::{check, findings_with, only};

    const HOSTS: &str = "host a 192.0.2.10\nhost sbc 198.51.100.20\nhost x 203.0.113.50\nhost y 203.0.113.55\n\n";
    const NUMBERS: &str = "From: <sip:+12125550101@a.example>\nTo: <sip:+12155550113@a.example>";

    fn call(at: &str, name: &str, to: &str, numbers: &str, status: &str) -> String {
        format!(
            "{at} sbc > {to} call={name}\nINVITE sip:+12155550113@203.0.113.50\n{numbers}\n\n+0.5 {to} > sbc call={name}\n\
             {status}\n\n+0.001 sbc > {to} call={name}\nACK\n\n"
        )
    }

    #[test]
    fn how_soon_is_an_advance_is_a_setting() {
        let flow = format!(
            "{HOSTS}{}{}",
            call("0", "c1", "x", NUMBERS, "607 Unwanted"),
            call("40", "c2", "y", NUMBERS, "603 Decline")
        );
        let found = |seconds| {
            let mut settings = Settings::default();
            settings.thresholds.advance_window = std::time::Duration::from_secs(seconds);
            findings_with(&flow, settings).iter().any(|f| f.code == RULE.code)
        };
        assert_eq!((found(32), found(60)), (false, true));
    }

    #[test]
    fn the_voicemail_of_the_called_party_is_no_other_route() {
        let flow = |rejected: &str, later: &str| {
            format!(
                "{HOSTS}0 a > sbc call=1\nINVITE sip:+12155550113@198.51.100.20\n{NUMBERS}{rejected}\n\n\
                 0.01 sbc > x call=1 forward branch=k1\nINVITE sip:+12155550113@203.0.113.50\n\n2 x > sbc call=1 branch=k1 tag=t\n607 Unwanted\n\n\
                 2.01 sbc > x call=1 branch=k1\nACK\n\n2.02 sbc > y call=1 forward branch=k2\nINVITE sip:{later}\n\n\
                 2.5 y > sbc call=1 branch=k2 tag=u\n200 OK\n\n2.51 sbc > a call=1 tag=u re=INVITE\n200 OK\n\n2.6 a > y call=1\nACK\n"
            )
        };
        let diversion = "\nDiversion: <sip:+12155550113@a.example>;reason=deflection";
        let voicemail = "vm@203.0.113.55";
        let history =
            |to: &str| format!("\nHistory-Info: <sip:+12155550113@198.51.100.20>;index=1, <sip:{to}>;index=1.1");
        check(
            RULE.code,
            &[
                ("another route", &flow("", "+12155550113@203.0.113.55"), Some(Severity::Error)),
                ("diverted", &flow("", &format!("{voicemail}{diversion}")), None),
                ("a voicemail", &flow("", &format!("{voicemail};cause=603")), None),
                (
                    "its history names another user",
                    &flow("", &format!("{voicemail}{}", history("vm@203.0.113.55"))),
                    None,
                ),
                (
                    "its history names another host",
                    &flow("", &format!("+12155550113@203.0.113.55{}", history("+12155550113@203.0.113.55"))),
                    Some(Severity::Error),
                ),
                ("it came diverted", &flow(diversion, "+12155550113@203.0.113.55"), Some(Severity::Error)),
            ],
        );
    }

    #[test]
    fn another_next_hop_within_half_a_minute_is_an_advance() {
        let other = NUMBERS.replace("0113", "0114");
        let flow = |status: &str, at: &str, to: &str, numbers: &str| {
            format!("{HOSTS}{}{}", call("0", "c1", "x", NUMBERS, status), call(at, "c2", to, numbers, "603 Decline"))
        };
        check(
            RULE.code,
            &[
                ("at once", &flow("607 Unwanted", "0.8", "y", NUMBERS), Some(Severity::Error)),
                (
                    "the same call",
                    &flow("607 Unwanted", "0.8", "y", NUMBERS).replace("c2", "c1"),
                    Some(Severity::Error),
                ),
                ("half a minute later", &flow("607 Unwanted", "32", "y", NUMBERS), Some(Severity::Warning)),
                ("later", &flow("607 Unwanted", "33", "y", NUMBERS), None),
                ("the same next hop", &flow("607 Unwanted", "0.8", "x", NUMBERS), None),
                ("another callee", &flow("607 Unwanted", "0.8", "y", &other), None),
                ("declined", &flow("603 Decline", "0.8", "y", NUMBERS), None),
                ("sent before", &flow("607 Unwanted", "0.3", "y", NUMBERS), None),
            ],
        );
    }

    #[test]
    fn a_new_call_of_the_caller_may_take_another_way() {
        let again = "1 a > sbc call=c9\nINVITE sip:+12155550113@198.51.100.20\nFrom: <sip:+12125550101@a.example>\n\n\
            1.01 sbc > y call=c9 forward\nINVITE sip:+12155550113@203.0.113.55\n\n1.5 y > sbc call=c9\n603 Decline\n\n\
            1.51 sbc > a call=c9 forward\n603 Decline\n\n";
        let flow = format!("{HOSTS}{}{again}", call("0", "c1", "x", NUMBERS, "607 Unwanted"));
        check(RULE.code, &[("forwarded", &flow, None)]);
    }

    #[test]
    fn what_comes_late_may_be_a_new_call_of_the_caller() {
        let of = |at: &str| {
            let flow = format!(
                "{HOSTS}{}{}",
                call("0", "c1", "x", NUMBERS, "607 Unwanted"),
                call(at, "c2", "y", NUMBERS, "603 Decline")
            );
            let finding = only(&flow, RULE.code);
            (finding.certainty, finding.message.to_string().ends_with("sent that call on another way."))
        };
        assert_eq!(of("20"), (Certainty::Weak, true));
        assert_eq!(of("2"), (Certainty::Strong, false));
    }

    #[test]
    fn the_element_is_named_and_its_calls_are_grouped() {
        let flow: String = (0..9)
            .map(|n| {
                let numbers = NUMBERS.replace("0113", &format!("01{:02}", 20 + n));
                [
                    call(&format!("{n}"), &format!("a{n}"), "x", &numbers, "607 Unwanted"),
                    call(&format!("{n}.6"), &format!("b{n}"), "y", &numbers, "603 Decline"),
                ]
                .concat()
            })
            .collect();
        let finding = only(&format!("{HOSTS}{flow}"), RULE.code);
        assert_eq!((finding.calls_total, finding.calls.len(), finding.evidence.len()), (18, 18, 12));
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.20:5060 received 607 from 203.0.113.50:5060 for the call from +12125550101 to +12155550120, and 100 ms \
             later sent it to 203.0.113.55:5060 instead, and did so for 9 calls in all: a 607 holds for every route."
        );
    }
}
