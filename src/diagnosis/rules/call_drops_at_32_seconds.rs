//! Calls that end 32 seconds after the answer, as those do whose ACK is lost, though the capture holds an ACK.

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::drops::{Server, WAIT};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "call-drops-at-32-seconds",
    summary: "Whoever answered ended the call 32 seconds later, as without ACK, though the capture holds an ACK.",
    severity: Severity::Error,
    references: &["RFC 3261 §13.3.1.4", "RFC 3261 §13.2.2.4"],
    explanation: Explanation {
        what_it_means: "Who answers a call and gets no ACK of its 200 ends it after 64 times T1, which is 32 seconds. Here calls ended just so, with a BYE from the side that \
            answered, and the capture holds the ACK of each of them, sent once. So the ACK was sent, and most likely was lost behind the element that the BYE came from: on \
            another leg of a B2BUA, border controller or gateway, which the capture does not show. Counted over the whole capture, beside the calls that the same element answered \
            and that lasted longer.",
        why_it_matters: "People talk, and are cut off after half a minute, each time. On the leg that was captured nothing looks wrong, so that the fault is sought on the wrong \
            side.",
        likely_causes: "- Behind a B2BUA or border controller the ACK goes to an address that cannot be reached: Contact or Record-Route of the 200 on that leg names an inside \
            address, or another interface.\n\
            - A proxy on that leg has no route for requests inside a dialog.\n\
            - An application layer gateway (SIP ALG) on that leg rewrote Contact, or dropped the ACK.\n\
            - The element answered by itself, and gives up when another side does not confirm.",
        how_to_fix: "- Capture on the far side of the element that sends the BYE: there the 200 is repeated, and no ACK comes.\n\
            - Compare Record-Route (from the last value to the first) and Contact of that 200 with the addresses that the element can reach.\n\
            - Set the advertised address of proxies behind NAT or with several interfaces; switch off application layer gateways.",
        how_to_confirm: "Acknowledged calls outlive 33 seconds.",
        when_this_is_wrong: "- One or two calls last 32 seconds by chance: they are not told. Where more calls lasted longer than so, it is a weak warning. Calls of test tools do so on purpose.\n\
            - An answer that is repeated in the capture is answer-not-acknowledged or ack-misrouted, and is not counted here.\n\
            - Announcements, and calls that are limited to half a minute, end like this from the side that answered; where all calls went to one called party, it is a guess.\n\
            - Where the BYE came from another captured leg, whoever sent it there is meant.",
    },
    detect: Detect::Capture(detect),
};

/// So many are no chance,
const MANY: u64 = 3;
/// unless so many times as many lasted longer.
const SHARE: u64 = 4;

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(patterns.drops.servers().filter_map(|server| finding(server, cx)));
}

/// How bad, and how sure; `None` where it is no more than chance.
fn weight(server: &Server) -> Option<(Severity, Certainty)> {
    match (server.dropped, server.outlived) {
        // Calls last as long by chance: in captures of a few calls one in a hundred does.
        (n, _) if n < MANY => None,
        (n, outlived) if is_like_an_announcement(server) && outlived <= n * SHARE => {
            Some((Severity::Warning, Certainty::Weak))
        }
        (n, outlived) if outlived < n => Some((Severity::Error, Certainty::Strong)),
        (n, outlived) if outlived <= n * SHARE => Some((Severity::Warning, Certainty::Weak)),
        _ => None,
    }
}

/// Whether an announcement of that length would look the same.
fn is_like_an_announcement(server: &Server) -> bool {
    server.dropped >= MANY && server.has_one_callee
}

fn finding(server: &Server, cx: &Context<'_>) -> Option<Finding> {
    let (severity, certainty) = weight(server)?;
    let ((shortest, longest), endpoint) = server.took.zip(server.endpoint)?;
    let text = if span(shortest).to_string() == span(longest).to_string() {
        Text::new(
            "{server} ended {n} calls by BYE {shortest} after it had answered, though an ACK of each answer was captured.",
        )
        .with("n", server.dropped)
    } else {
        Text::new(
            "{server} ended {n} calls by BYE {shortest} to {longest} after it had answered, though an ACK of each answer was captured.",
        )
        .with("n", server.dropped)
        .with("longest", span(longest))
    };
    let text = text.with("server", endpoint).with("shortest", span(shortest));
    let text = with_reason(
        text,
        Some(
            Text::new(
                "That is how long an answer waits for its ACK ({limit}): most likely the ACK is lost behind {server}, on a leg that was not captured.",
            )
            .with("limit", span(cx.settings.t1 * WAIT))
            .with("server", endpoint.address),
        ),
    );
    let text = with_reason(
        text,
        Some(match server.outlived {
            0 => Text::new("No acknowledged call that it answered lasted longer."),
            n => Text::count(
                n,
                "{n} acknowledged call that it answered lasted longer.",
                "{n} acknowledged calls that it answered lasted longer.",
            ),
        }),
    );
    let alike = is_like_an_announcement(server).then(|| {
        Text::new("All of these calls went to one called party: an announcement of that length ends its calls alike.")
    });
    let text = with_reason(text, alike);
    // On one machine calls last as long as somebody made them.
    let unreal = scope(endpoint.address) == Scope::Loopback;
    let mut evidence = server.shown.iter().cloned();
    let mut finding = Finding::new(&RULE, certainty, text, evidence.next()?)
        .severity(if unreal { severity.min(Severity::Notice) } else { severity })
        .evidence(evidence)
        .actor(Actor {
            software: server.software.clone(),
            ..Actor::at(endpoint, "operator of the element that ends the calls")
        })
        .fix(
            Text::new("Capture on the other side of {server}: whether the answer is repeated there, and where its ACK goes.")
                .with("server", endpoint.address),
        )
        .fix("There, compare Record-Route and Contact of the 200 with the addresses that the element can reach; set the advertised address of proxies, and switch off application layer gateways.")
        .fix("If the ACK does arrive at whoever answered, read its log: an ACK with another tag or CSeq number than the 200 counts for nothing.")
        .verify("Acknowledged calls outlive 33 seconds.");
    finding.calls.clone_from(&server.calls);
    finding.calls_total = server.dropped;
    Some(finding)
}

#[cfg(test)]
mod tests;
