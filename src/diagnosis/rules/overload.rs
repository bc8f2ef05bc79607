//! Servers that refuse many calls with 503, and clients that do not wait as it asks.

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::load::{Pair, Server};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::provenance::Endpoint;

pub(super) static RULE: Rule = Rule {
    code: "overload",
    summary: "A server refuses a share of all calls with 503, or a client does not wait as its Retry-After asks.",
    severity: Severity::Error,
    references: &["RFC 3261 §21.5.4", "RFC 3261 §20.33", "RFC 5390", "RFC 6357", "RFC 7339"],
    explanation: Explanation {
        what_it_means: "With 503 a server says that it cannot take requests for now: it is overloaded, in maintenance, or has no free channel or \
            working gateway behind it. Retry-After says for how long, and a client then sends it no further requests in that time. The finding \
            counts over the whole capture: servers that answered at least 20 INVITEs and more than one in twenty with 503, and clients that sent \
            two or more new requests to a server while they were to wait.",
        why_it_matters: "Each of these calls fails or takes another way. Clients that go on at once keep the server busy with refusals: load that is let in \
            again too early brings it down again.",
        likely_causes: "- More calls in a second, or at one time, than the server or the licence of its channels carries.\n\
            - One gateway, database or trunk behind it is down, and calls that need it are refused.\n\
            - The server is being shut down or restarted.\n\
            - The client does not read Retry-After, or has no second server to go to.",
        how_to_fix: "- Compare calls in a second and at one time with the limits of the server and of its licence, and spread or limit them in front of it.\n\
            - Read its log at the time of the 503s, and Reason and Warning in them: they tell missing channels from a missing gateway.\n\
            - Let clients obey Retry-After, and take another server meanwhile (RFC 3263 §4.3).\n\
            - Where both ends know it, use overload control (RFC 7339).",
        how_to_confirm: "Under the same load no more than one call in a hundred gets 503, and after one with Retry-After its client pauses.",
        when_this_is_wrong: "- A 503 after which another server took the call is what several servers are for: single ones are not told.\n\
            - Where another server answered each of them, be that within five seconds under a new Call-ID, that is a warning.\n\
            - Some servers answer 503 for one destination that cannot be reached, and take all others.\n\
            - Some proxies pass on a 503 from behind, against RFC 3261 §16.7: capture behind them.\n\
            - OPTIONS that looks whether the server is back, requests inside dialogs, and what was on its way are not counted against a client.",
    },
    detect: Detect::Capture(detect),
};

/// Final responses from which a share says anything.
const ENOUGH: u64 = 20;
/// Percent of them above which a server is told.
const SHARE: u64 = 5;
/// 503s below which it was an incident.
const LEAST: u64 = 3;
/// Requests of a client that did not wait, from which it is told: one may be another user's.
const REQUESTS: u64 = 2;

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for (endpoint, server) in patterns.load.servers() {
        let Some(answered) = patterns.earlier.accepted.answered(endpoint) else { continue };
        let all = server.failures + answered;
        let is_told = server.refused >= LEAST && all >= ENOUGH && server.refused * 100 > all * SHARE;
        out.extend(is_told.then(|| refusing(endpoint, server, all, cx)).flatten());
    }
    let insistent = patterns.load.insistent().filter(|(_, pair)| pair.requests >= REQUESTS);
    out.extend(insistent.map(|(server, pair)| going_on(server, pair, cx)));
}

/// Addresses that belong to nobody: in a laboratory such traffic is a notice.
fn weighed(severity: Severity, endpoint: Endpoint, cx: &Context<'_>) -> Severity {
    let unreal = matches!(scope(endpoint.address), Scope::Documentation | Scope::Loopback);
    if unreal && !cx.hosts.documentation_traffic { Severity::Notice } else { severity }
}

fn refusing(endpoint: Endpoint, server: &Server, all: u64, cx: &Context<'_>) -> Option<Finding> {
    let (first, last) = server.span?;
    let text = Text::new("{server} answered {n} of {all} INVITEs with 503 ({percent} %), within {took}.")
        .with("server", endpoint)
        .with("n", server.refused)
        .with("all", all)
        .with("percent", (server.refused * 100 + all / 2) / all)
        .with("took", span(last.since(first)));
    let meaning = "503 says that it cannot take requests for now: it is overloaded or in maintenance, or lacks a channel or gateway behind it.";
    let text = with_reason(text, Some(Text::new(meaning)));
    let is_taken = server.taken_elsewhere == server.refused;
    let text = with_reason(text, is_taken.then(|| Text::new("Each of these calls was answered by another server.")));
    // Fail-over worked: nobody noticed but that one server.
    let severity = if is_taken { Severity::Warning } else { Severity::Error };
    let mut evidence = server.shown.iter().cloned();
    let mut finding = Finding::new(&RULE, Certainty::Strong, text, evidence.next()?)
        .severity(weighed(severity, endpoint, cx))
        .evidence(evidence)
        .actor(Actor {
            software: server.software.clone(),
            ..Actor::at(endpoint, "operator of the server that refuses calls with 503")
        })
        .fix(
            Text::new("Look into the log of {server} at the time of these responses: was it overloaded, in maintenance, or was something behind it missing?")
                .with("server", endpoint),
        )
        .fix("Compare calls in a second and at one time with its limits and with its licence, and spread or limit them in front of it.")
        .verify("Under the same load no more than one call in a hundred gets 503.");
    if !is_taken {
        finding = finding.fix("Give clients a second server, to which they go on after 503 (RFC 3263 §4.3).");
    }
    finding.calls.clone_from(&server.calls);
    finding.calls_total = server.refused;
    Some(finding)
}

fn going_on(server: Endpoint, pair: &Pair, cx: &Context<'_>) -> Finding {
    let text = Text::new("{client} sent {n} new requests to {server} in the time for which 503 asked it to wait (Retry-After of {asked}).")
        .with("client", pair.client.address)
        .with("n", pair.requests)
        .with("server", server)
        .with("asked", span(pair.asked));
    let mut finding = Finding::new(&RULE, Certainty::Certain, text, pair.asking.clone())
        .severity(weighed(Severity::Warning, server, cx))
        .evidence(pair.sent.iter().cloned())
        .actor(Actor::at(pair.client, "operator of the client that does not wait"))
        .fix("Let the client send that server no new requests until Retry-After is over (RFC 3261 §21.5.4), and take another server meanwhile.")
        .fix("Where the client cannot do that, let the element in front of it remember which server asked for a pause.")
        .verify("After a 503 with Retry-After the client sends that server nothing but OPTIONS and requests inside dialogs until the time is over.");
    finding.calls.clone_from(&pair.calls);
    finding.calls.sort_unstable();
    finding.calls_total = pair.requests;
    finding
}

#[cfg(test)]
mod tests;
