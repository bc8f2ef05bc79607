//! A server that cannot send a request on: the next hop has no address, or cannot be reached from it.

use self::fault::{Fault, Hop};
use crate::call::Call;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, response_facts,
};
use crate::sip::Method;

mod fault;

pub(super) static RULE: Rule = Rule {
    code: "next-hop-unresolvable",
    summary: "A server refuses a request because it cannot find or reach the next hop.",
    severity: Severity::Error,
    references: &["RFC 3263 §4", "RFC 3261 §16.6", "Kamailio src/core/error.h", "OpenSIPS error.h"],
    explanation: Explanation {
        what_it_means: "A proxy that is to pass a request on looks up where to: the topmost Route header field, else the Request-URI, or what its own \
            routing or a registration puts there. Here it says that this failed: by 473 to 479, which Kamailio and OpenSIPS use with different \
            meanings, by their error number at the end of a reason phrase such as (478/TM), or by words about DNS in phrase, Reason or Warning. The \
            finding says what failed, which host the request names, and the failed lookup where the capture holds it.",
        why_it_matters: "The called user has nothing to do with it, and neither has the caller: the request never left this server.",
        likely_causes: "- A host name in a route, trunk or contact is misspelt, was taken out of DNS, or exists in another network only.\n\
            - The name server of the proxy does not answer.\n\
            - The TCP, TLS or WebSocket connection of a registered device is gone, and its registration is not.\n\
            - The proxy does not listen on the transport or address family that the next hop needs.\n\
            - Failures before put the next hop on the list of blocked destinations.\n\
            - A tel: URI arrived, and the routing set no destination.",
        how_to_fix: "- Look up the name on the host of the proxy as it does itself: NAPTR, SRV, A, AAAA.\n\
            - See which destination its routing chose: its log at this second names it.\n\
            - Let registrations end with the connection that they depend on.\n\
            - Add a socket for the transport, or another route.",
        how_to_confirm: "The request appears on the wire behind the proxy.",
        when_this_is_wrong: "- Where the host of the Request-URI is a domain of the server itself, the next hop is what it found for the user, such as a \
            registered contact: the capture does not show that.\n\
            - Error numbers of the proxy itself, such as a bug or no memory, are none of this.\n\
            - A REGISTER that a server took for a request to pass on is told by failed-response.\n\
            - After fail-over to another next hop the finding is no more than a warning.",
    },
    detect: Detect::of_refusals(detect),
};

/// Statuses that servers use for it, by themselves or with words of that kind.
const STATUSES: &[u16] = &[404, 473, 474, 475, 476, 477, 478, 479, 480, 500, 502, 503, 504];

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    // What a REGISTER that got lost means is told by other words.
    let all = Refused::by_whom(call, STATUSES).into_iter().filter(|r| r.transaction.method != Method::Register);
    out.extend(all.filter_map(|refused| Some(finding(&refused, Fault::of(&refused.response.message)?, cx))));
}

fn finding(refused: &Refused<'_>, fault: Fault, cx: &Context<'_>) -> Finding {
    let server = refused.response.provenance.flow.source;
    let hop = refused.request().map_or(Hop::Unknown, |request| Hop::of(&request.message, server.address, fault));
    let lookup = hop.host().and_then(|host| cx.hosts.failed_lookups.get(host.trim_end_matches('.')));
    let meaning = match (&lookup, hop.host()) {
        (Some((code, _)), Some(host)) => Text::new("{what} {host}: its lookup failed in this capture ({code}).")
            .with("what", fault.words())
            .with("host", host)
            .with("code", *code),
        _ => hop.sentence(fault),
    };
    let certainty = if lookup.is_some() { Certainty::Certain } else { Certainty::Strong };
    let mut finding = refused
        .finding(&RULE, certainty, refused.text(meaning))
        .evidence(refused.passed_on())
        .evidence(lookup.map(|(_, evidence)| Evidence { what: Text::new("the failed lookup"), ..evidence.clone() }));
    if refused.severity() == Severity::Info {
        return finding;
    }
    for advice in response_facts::advice(refused.response).into_iter().chain(fault.fixes(server)) {
        finding = finding.fix(advice);
    }
    finding
        .verify(Text::new("The same request appears on the wire behind {server}.").with("server", server))
        .actor(Actor::sender(refused.response, "operator of the server that cannot send the request on"))
}

#[cfg(test)]
mod tests;
