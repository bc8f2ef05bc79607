//! Requests to a client behind NAT at a port that the NAT had given up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::bindings::Lost;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::REGISTRATION_CALLS;
use crate::provenance::Endpoint;

mod of_call;

pub(super) use of_call::OfCall;

pub(super) static RULE: Rule = Rule {
    code: "nat-binding-lost",
    summary: "A request to a registered client behind NAT gets no answer, and the client then registers from another port: the NAT had forgotten the one before.",
    severity: Severity::Error,
    references: &["RFC 5626 §4.4", "RFC 4787 §4.3", "RFC 6223", "RFC 3581"],
    explanation: Explanation {
        what_it_means: "A client behind NAT is reached at the address and port that its REGISTER came from, as long as the NAT keeps the mapping of that port. \
            Here a server sent a request there and got no answer at all; the next REGISTER of the same client (Call-ID, user, and address in Via are \
            the same) came from another port of the NAT. A mapping that is still there is used again, so that it was gone.",
        why_it_matters: "Calls to that client fail, or go to its voicemail, from the time at which the NAT forgets the mapping until it registers again, although \
            it is registered and can call out. Users tell of telephones that ring only now and then.",
        likely_causes: "- Nothing passed for longer than the NAT keeps a mapping of UDP: half a minute for many of them, two minutes by RFC 4787.\n\
            - The client registers less often than that, and neither end sends keep-alives, or only the server does, which many NATs do not count.\n\
            - The NAT was restarted, or ran out of mappings.",
        how_to_fix: "- Let the client send keep-alives each 15 to 25 s (CRLF, RFC 5626 §4.4.1, or an empty datagram), or let it register as often.\n\
            - Or let the server send OPTIONS to all clients behind NAT that often; the answers keep the mapping.\n\
            - Or use TCP or TLS, for which NATs keep mappings for an hour or longer.\n\
            - At the NAT: raise the timeout of UDP to two minutes or more.",
        how_to_confirm: "In a later capture the REGISTER requests of the client all come from one port, and calls to it ring at any time.",
        when_this_is_wrong: "- The client was without network for a while, and its mapping ended meanwhile: the request would not have reached it with the mapping, \
            either.\n\
            - The client sends each REGISTER from a new port of its own, and listens elsewhere: where it neither registered twice from the port in \
            question nor answered a request at such a port, this is a warning and a guess.\n\
            - A client that restarts begins with another Call-ID, or a lower CSeq, and one that moves comes from another address: of both nothing is said.\n\
            - The request came less than 20 s after the registration: no NAT forgets that fast, and nothing is said.",
    },
    detect: Detect::Capture(detect),
};

/// What a client can do.
const KEEP_ALIVE: &str = "Let the client send keep-alives each 15 to 25 s (CRLF, RFC 5626 §4.4.1, or an empty datagram), or register as often.";

/// No NAT gives up a mapping sooner.
const IDLE: Duration = Duration::from_secs(20);

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if cx.lossy() {
        return;
    }
    let mut servers: BTreeMap<(Endpoint, bool), Vec<Lost<'_>>> = BTreeMap::new();
    for lost in patterns.earlier.bindings.lost().into_iter().filter(|lost| gap(lost) >= IDLE) {
        servers.entry((lost.silent.sent.source, !lost.listens)).or_default().push(lost);
    }
    out.extend(servers.values().filter_map(|lost| finding(lost, cx)));
}

/// From the last REGISTER from the port to the request to it.
fn gap(lost: &Lost<'_>) -> Duration {
    lost.silent.sent.time.since(lost.change.before.time)
}

fn finding(all: &[Lost<'_>], cx: &Context<'_>) -> Option<Finding> {
    let lost = all.first()?;
    let Lost { change, silent, .. } = lost;
    let server = silent.sent.source;
    let is_unreal = matches!(scope(server.address), Scope::Documentation | Scope::Loopback);
    let (severity, certainty) = match lost.listens {
        _ if is_unreal && !cx.hosts.documentation_traffic => (Severity::Notice, Certainty::Weak),
        true => (Severity::Error, Certainty::Strong),
        false => (Severity::Warning, Certainty::Weak),
    };
    let doubt = (!lost.listens).then(|| {
        Text::new("It had registered only once from that port: a client that takes a new port for each REGISTER looks the same.")
    });
    let text = with_reason(with_reason(message(lost), doubt), others(all));
    let mut finding = Finding::new(&RULE, certainty, text, silent.sent.evidence("the request that got no answer"))
        .severity(severity)
        .evidence((silent.last.time > silent.sent.time).then(|| silent.last.evidence("its last retransmission")))
        .evidence([change.before.evidence("the last REGISTER from that port")])
        .evidence([change.after.evidence("the next one, from another port")])
        .actor(Actor::at(change.after.source, "operator of the client, and of the NAT in front of it"))
        .fix(KEEP_ALIVE)
        .fix(
            Text::new("Or let {server} send OPTIONS to clients behind NAT that often; or use TCP or TLS.")
                .with("server", server),
        )
        .fix(
            Text::new("At the NAT ({address}): keep mappings of UDP for two minutes or more (RFC 4787 §4.3), and see whether it was restarted.")
                .with("address", change.after.source.address),
        )
        .verify("In a later capture all REGISTER requests of that client come from one port, and calls to it ring at any time.");
    let mut calls: Vec<_> = all.iter().map(|lost| lost.silent.call).collect();
    calls.sort_unstable();
    calls.dedup();
    finding.calls_total = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    calls.truncate(REGISTRATION_CALLS);
    finding.calls = calls;
    Some(finding)
}

fn message(lost: &Lost<'_>) -> Text {
    let Lost { change, silent, .. } = lost;
    let (inside, port) = change.inside;
    Text::new(
        "{server} sent {method} to {client}, where {user} had registered from {gap} before, and got no response; {after} later the same client, which is \
         {inside} behind the NAT, registered from port {port}: the NAT had given up port {old}.",
    )
    .with("server", silent.sent.source)
    .with("method", &silent.method)
    .with("client", change.before.source)
    .with("user", &change.user)
    .with("gap", span(gap(lost)))
    .with("after", span(change.after.time.since(silent.sent.time)))
    .with("inside", Endpoint { address: inside, port })
    .with("port", change.after.source.port)
    .with("old", change.before.source.port)
}

/// What else that server sent in vain.
fn others(all: &[Lost<'_>]) -> Option<Text> {
    let more = u64::try_from(all.len().saturating_sub(1)).unwrap_or(u64::MAX);
    let text = || {
        Text::count(
            more,
            "The same happened to {n} more request of that server.",
            "The same happened to {n} more requests of that server.",
        )
    };
    (more > 0).then(text)
}

#[cfg(test)]
mod tests;
