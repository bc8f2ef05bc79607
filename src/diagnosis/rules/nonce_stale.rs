//! Nonces that a server refuses as stale as soon as it issued them, again and again.

use std::time::Duration;

use crate::diagnosis::patterns::nonces::Server;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::provenance::Endpoint;

pub(super) static RULE: Rule = Rule {
    code: "nonce-stale",
    summary: "A server calls nonces stale again and again that it issued a moment before, so that requests have to be sent once more.",
    severity: Severity::Notice,
    references: &["RFC 7616 §3.3", "RFC 7616 §5.4", "RFC 3261 §22.4", "RFC 8760"],
    explanation: Explanation {
        what_it_means: "A nonce is what a client computes its credentials with. The server issues it with a challenge (401 or 407) and decides for how \
            long it is good. With stale=true it says that the password was right, and only the nonce is not good any more: the client sends its request \
            once more with the next one. Here that happened again and again to nonces that the same server had issued less than half a minute before, and \
            the requests were accepted behind it. Counted over the whole capture; three of one client are told, or ten of all.",
        why_it_matters: "Each of these requests takes a round trip more, calls take longer to set up, and the server reads twice as many requests. Clients that give up \
            behind the second challenge cannot call at all.",
        likely_causes: "- Several servers behind one address do not share the secret, or the table, of their nonces: the one refuses what the other issued.\n\
            - The lifetime of nonces is a few seconds, or each is taken once only.\n\
            - The client sends a further request with the same nonce count (nc), which looks like a replay.\n\
            - The clock of a server jumps, as some nonces are made of the time.",
        how_to_fix: "- Let all servers behind that address share the secret of their nonces, or keep a client on one of them.\n\
            - Let nonces live for minutes: longer than a client needs to answer, and than a call takes to set up.\n\
            - Let the client count up nc for each request with one nonce.",
        how_to_confirm: "In a later capture requests with credentials are accepted the first time; stale=true comes only behind minutes.",
        when_this_is_wrong: "- One challenge with stale=true for each registration is ordinary: the nonce of the last one had its time. Older nonces than half a minute are \
            not counted, and neither are those whose challenge was not captured in the same call.\n\
            - Servers that take each nonce once on purpose do so against replays: it costs the round trip all the same.\n\
            - stale=true behind which the client gives up, or fails, is told as authentication-loop or credentials-withheld.",
    },
    detect: Detect::Capture(detect),
};

/// So many of one client are no accident.
const OF_ONE_CLIENT: u64 = 3;
/// So many of all clients of a server.
const OF_ALL: u64 = 10;

fn detect(patterns: &Patterns, _: &Context<'_>, out: &mut Vec<Finding>) {
    let told = patterns
        .nonces
        .servers()
        .filter(|(_, _, server)| server.clients().1 >= OF_ONE_CLIENT || server.count >= OF_ALL);
    out.extend(told.filter_map(|(endpoint, realm, server)| finding(endpoint, realm, server)));
}

fn finding(endpoint: Endpoint, realm: &str, server: &Server) -> Option<Finding> {
    let clients = u64::try_from(server.clients().0).unwrap_or(u64::MAX);
    let text = Text::count(
        clients,
        "{server} refused {times} nonces of realm \"{realm}\" as stale that it had issued less than {oldest} before, all of {n} client, and accepted the same requests with the next nonce.",
        "{server} refused {times} nonces of realm \"{realm}\" as stale that it had issued less than {oldest} before, of {n} clients, and accepted the same requests with the next nonce.",
    );
    let text = text
        .with("server", endpoint)
        .with("times", server.count)
        .with("realm", realm)
        .with("oldest", span(server.oldest.max(SECOND)));
    let (why, fixes): (&'static str, &[&'static str]) = if server.repeated * 2 > server.count {
        (
            "It had accepted most of them before, with the same nonce count (nc): the second request looks like a replay of the first.",
            &["Let the client count up nc for each further request with one nonce (RFC 7616 §3.4)."],
        )
    } else if server.unused * 2 > server.count {
        (
            "It had not accepted most of them before: several servers behind that address that do not share the secret of their nonces look like this, or nonces that live for a \
             moment only.",
            &[
                "Let all servers behind that address share the secret of their nonces, or keep a client on one of them.",
                "Let nonces live for minutes.",
            ],
        )
    } else {
        (
            "It had accepted most of them once before: it takes each nonce once only, or lets it live for a few seconds.",
            &[
                "Let nonces live for minutes, and for more than one request: nc tells further requests from replays (RFC 7616 §3.4).",
            ],
        )
    };
    let mut evidence = server.shown.iter().cloned();
    let finding = Finding::new(&RULE, Certainty::Strong, with_reason(text, Some(Text::new(why))), evidence.next()?)
        .evidence(evidence)
        .actor(Actor {
            software: server.software.clone(),
            ..Actor::at(endpoint, "operator of the server that challenges")
        })
        .verify("In a later capture requests with credentials are accepted the first time.");
    let mut finding = fixes.iter().copied().fold(finding, Finding::fix);
    finding.calls.clone_from(&server.calls);
    finding.calls_total = server.count;
    Some(finding)
}

/// What sentences say of ages below it.
const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
