//! An element that tries another route, or at once the same one, after a network has blocked the call.

use super::route_advance_after_607::{calls, named, pair};
use crate::diagnosis::patterns::unwanted::again::After;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::UNWANTED_EXAMPLES;

pub(super) static RULE: Rule = Rule {
    code: "route-advance-after-network-block",
    summary: "After a 603 Network Blocked (603+) an element sends the same call again, or over another route.",
    severity: Severity::Error,
    references: &["RFC 3261 §16.7 step 5", "RFC 3261 §21.6", "ATIS-1000099", "47 CFR 64.1200(k)(9)"],
    explanation: Explanation {
        what_it_means: "A network's analytics blocked the call, and said so with 603 and the data for redress. Within 32 seconds \
            the element that received it sent the same call to another next hop, or within a minute to the same one again. A \
            6xx holds for every route, and carriers that send 603+ announce that it must not be retried.",
        why_it_matters: "Each further attempt is blocked as well, is counted as evasion, and makes the caller's score worse. \
            The caller does not get to see the contact for redress, as the answer of the last route hides it.",
        likely_causes: "- The list of codes after which the element stops hunting lacks 603.\n\
            - 603 is taken for \"busy\" by a dialler that tries again.\n\
            - The element does not tell 603 Network Blocked from a failure of the route.",
        how_to_fix: "- At the element: add 603 (best all of 6xx) to the codes after which no other route is tried, and return \
            it to the caller with phrase and Reason unaltered.\n\
            - At the caller: ask for redress at the contact in the Reason header field instead of trying again.",
        how_to_confirm: "After the next 603 Network Blocked that element sends no other INVITE for the same two parties, and the \
            caller receives it.",
        when_this_is_wrong: "- A person's 603 Decline: trying again later is a matter of manners.\n\
            - The branches were opened before the block came: a parallel fork.\n\
            - Another caller or another callee, or a call that a person makes a minute later.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let lines = &cx.settings.thresholds;
    out.extend(patterns.unwanted.again.after_blocks(lines).values().filter_map(|after| finding(after)));
}

fn finding(after: &[After<'_>]) -> Option<Finding> {
    let first = after.first()?;
    let client = first.sent.client;
    let role = "operator of the element that tried again";
    let shown = after.iter().take(UNWANTED_EXAMPLES).flat_map(pair).skip(1);
    let mut finding = Finding::new(&RULE, Certainty::Strong, message(first, after.len()), first.sent.evidence.clone())
        .evidence(shown)
        .actor(Actor { software: first.sent.software.clone(), ..Actor::at(client, role) })
        .fix(
            Text::new(
                "At {client}: add 603, 607 and 608 to the codes after which neither another route nor the same one is tried, \
                 and return them to the caller unaltered.",
            )
            .with("client", client),
        )
        .fix("At the caller: ask for redress at the contact that the 603 names, rather than calling again.")
        .verify(
            Text::new("After the next 603 Network Blocked, {client} sends no other INVITE for the same caller and callee.")
                .with("client", client),
        );
    (finding.calls, finding.calls_total) = calls(after);
    Some(finding)
}

fn message(first: &After<'_>, count: usize) -> Text {
    let again = first.sent.server == first.rejection.server;
    let text = match (again, count) {
        (false, 1) => Text::new(
            "{client} was told by {server} that a network blocks the call from {caller} to {callee}, and {gap} later sent it to \
             {other} instead: the block holds for every route.",
        )
        .with("other", first.sent.server),
        (false, _) => Text::new(
            "{client} was told by {server} that a network blocks the call from {caller} to {callee}, and {gap} later sent it to \
             {other} instead; {count} INVITEs followed such blocks: a block holds for every route.",
        )
        .with("other", first.sent.server)
        .with("count", count),
        (true, 1) => Text::new(
            "{client} was told by {server} that a network blocks the call from {caller} to {callee}, and sent it again {gap} \
             later: the block holds until it is lifted.",
        ),
        (true, _) => Text::new(
            "{client} was told by {server} that a network blocks the call from {caller} to {callee}, and sent it again {gap} \
             later; {count} INVITEs followed such blocks: a block holds until it is lifted.",
        )
        .with("count", count),
    };
    text.with("client", first.sent.client)
        .with("server", first.rejection.server)
        .with("caller", named(first.caller))
        .with("callee", named(first.callee))
        .with("gap", span(first.gap()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    const HOSTS: &str = "host sbc 198.51.100.20\nhost x 203.0.113.50\nhost y 203.0.113.55\n\n";
    const BLOCKED: &str =
        "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://r.example.com/x\";location=LN";

    fn call(at: &str, name: &str, to: &str, callee: &str, status: &str) -> String {
        format!(
            "{at} sbc > {to} call={name}\nINVITE sip:{callee}@203.0.113.50\nFrom: <sip:+12125550101@a.example>\n\
             To: <sip:{callee}@a.example>\n\n+0.5 {to} > sbc call={name}\n{status}\n\n+0.001 sbc > {to} call={name}\nACK\n\n"
        )
    }

    fn flow(status: &str, at: &str, to: &str, callee: &str) -> String {
        format!(
            "{HOSTS}{}{}",
            call("0", "c1", "x", "+12155550113", status),
            call(at, "c2", to, callee, "486 Busy Here")
        )
    }

    #[test]
    fn other_routes_and_quick_retries_count() {
        let (callee, error) = ("+12155550113", Some(Severity::Error));
        check(
            RULE.code,
            &[
                ("another route", &flow(BLOCKED, "0.8", "y", callee), error),
                ("phrase alone", &flow("603 Network Blocked", "0.8", "y", callee), error),
                ("the same again", &flow(BLOCKED, "30", "x", callee), error),
                ("the same, later", &flow(BLOCKED, "90", "x", callee), None),
                ("another route, later", &flow(BLOCKED, "90", "y", callee), None),
                ("another callee", &flow(BLOCKED, "0.8", "y", "+12155550114"), None),
                ("a person", &flow("603 Decline", "0.8", "y", callee), None),
                ("another code", &flow("607 Unwanted", "0.8", "y", callee), None),
            ],
        );
    }

    #[test]
    fn the_route_is_named() {
        let finding = only(&flow(BLOCKED, "0.8", "y", "+12155550113"), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.20:5060 was told by 203.0.113.50:5060 that a network blocks the call from +12125550101 to \
             +12155550113, and 300 ms later sent it to 203.0.113.55:5060 instead: the block holds for every route."
        );
        assert_eq!((finding.calls_total, finding.evidence.len()), (2, 2));
    }
}
