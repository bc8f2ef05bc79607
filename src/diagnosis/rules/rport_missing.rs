//! Responses that go to the port in Via, while the client sends from another one and never gets them.

use std::time::Duration;

use crate::call::{COPIES_IN_VAIN, Call, CapturedMessage, MessageId, Transaction};
use crate::diagnosis::repeated::{Repeated, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::provenance::{Endpoint, Transport};
use crate::sip::{HeaderName, Method, Via};

pub(super) static RULE: Rule = Rule {
    code: "rport-missing",
    summary: "Responses go to the port in Via, as it has no rport; the request came from another port, and its client never gets them.",
    severity: Severity::Warning,
    references: &["RFC 3581 §3", "RFC 3581 §4", "RFC 3261 §18.2.2"],
    explanation: Explanation {
        what_it_means: "Over UDP a server sends its responses to the port in Via, unless Via has `rport`: then they go to the port that the request came from \
            (RFC 3581). Here Via has none and names another port than the request came from, all responses went to that port, and the client sent its \
            request again and again until its timer ran out: it did not get them.",
        why_it_matters: "The server did what was asked and the client does not know: telephones take themselves for unregistered, calls ring for half a minute and fail. \
            Clients without NAT in front of them have no trouble, so that it looks like a fault of single sites.",
        likely_causes: "- A client behind NAT that does not write rport: NAT changes the port and lets responses in on that port only.\n\
            - A client that sends from one port, names another in Via, and does not listen there: two sockets, or a setting for the local port that is only half used.\n\
            - A proxy or border element between the two that takes rport off.",
        how_to_fix: "- Let the client write rport into Via (symmetric response routing).\n\
            - Or let the server answer to where requests come from, whether rport is there or not: `force_rport` of Asterisk, `force_rport()` of Kamailio and \
            OpenSIPS, `NDLB-force-rport` of FreeSWITCH.\n\
            - Without NAT: let the client listen at the port that it names, or name the one that it sends from.",
        how_to_confirm: "The next request is sent once, and its response goes to the port that it came from.",
        when_this_is_wrong: "- A client or proxy that sends from one port and listens at another one on purpose stops repeating its request when the response comes: then the \
            rule is silent, as it is where an ACK comes.\n\
            - A client that has several addresses may name another of its own in Via: then there is no NAT, and the advice for its port holds.\n\
            - The responses may have been lost for another reason, such as a firewall: the port is what is seen to be wrong.\n\
            - The capture was taken in front of a translation of addresses and sees the requests before it and the responses behind it.",
    },
    detect: Detect::Given(Facts::ASKED_AGAIN, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    // On the hop nearest the caller: what is behind it goes on. Each further request fails for the same reason.
    let mut nearest = call.transactions.iter().filter(|t| t.upstream.is_none());
    out.extend(nearest.find_map(|t| Missed::of(call, t, cx)).map(|missed| finding(&missed)));
}

/// Whether it says why the responses to a request had no effect.
pub(super) fn tells(call: &Call, transaction: &Transaction, cx: &Context<'_>) -> bool {
    Missed::of(call, transaction, cx).is_some()
}

/// The same of a response that was repeated in vain.
pub(super) fn tells_of(repeated: &Repeated<'_>, cx: &Context<'_>) -> bool {
    tells(repeated.call, repeated.transaction, cx)
}

/// A request whose client did not get the responses.
struct Missed<'a> {
    transaction: &'a Transaction,
    request: &'a CapturedMessage,
    via: Via,
    /// The first of them, and the one that is told.
    first: &'a CapturedMessage,
    response: &'a CapturedMessage,
    /// The request, sent for the last time.
    last: &'a CapturedMessage,
    /// How often it was sent.
    count: usize,
}

impl<'a> Missed<'a> {
    fn of(call: &'a Call, transaction: &'a Transaction, cx: &Context<'_>) -> Option<Self> {
        if transaction.retransmissions.len() < COPIES_IN_VAIN || call.clock_was_set_back() {
            return None;
        }
        let request = call.message(transaction.request?)?;
        let flow = request.provenance.flow;
        let via = request.message.top_via()?;
        let port = via.port_or_default();
        if flow.transport != Transport::Udp || via.params.has("rport") || port == flow.source.port {
            return None;
        }
        let went = |m: &CapturedMessage| (m.provenance.flow.source, m.provenance.flow.destination);
        let expected = (flow.destination, Endpoint { port, ..flow.source });
        let all: Vec<_> = responses(transaction).filter_map(|id| call.message(id)).collect();
        let first = all.iter().copied().min_by_key(|m| m.provenance.time)?;
        let copies = call.requests_again(transaction);
        let behind = copies.filter(|m| m.provenance.time > first.provenance.time).count();
        let last = call.requests_again(transaction).last()?;
        // 64 times T1 but for the last pause (timers A, B, E and F): who stops before may have had a response, and who begins later does
        // not go by these timers, as keep-alives that are all alike.
        let sent = |m: &CapturedMessage| m.provenance.time.since(request.provenance.time);
        let again = call.requests_again(transaction).next().map(sent)?;
        let to_the_end = sent(last) >= cx.settings.t1 * 56 && again <= cx.settings.t1 * 4;
        let had_it = !transaction.acks.is_empty() || transaction.finals.iter().any(|f| f.acknowledged);
        let is_redirect = || transaction.finals.iter().any(|f| (300..400).contains(&f.status.0));
        let is_missed = all.iter().all(|m| went(m) == expected)
            && behind >= COPIES_IN_VAIN
            && to_the_end
            && !had_it
            && !is_redirect();
        let response = transaction.finals.first().and_then(|f| call.message(f.message)).unwrap_or(first);
        let count = 1 + call.requests_again(transaction).count();
        is_missed.then_some(Self { transaction, request, via, first, response, last, count })
    }

    fn took(&self) -> Duration {
        self.last.provenance.time.since(self.request.provenance.time)
    }

    /// Where Via says that the client is, if that is not where the request came from.
    fn inside(&self) -> Option<&str> {
        let host = self.via.host.trim_matches(['[', ']']);
        let ip = host.parse::<std::net::IpAddr>().ok()?;
        (ip != self.request.provenance.flow.source.address).then_some(host)
    }
}

/// All that came to a request, copies included.
fn responses(transaction: &Transaction) -> impl Iterator<Item = MessageId> {
    let finals =
        transaction.finals.iter().flat_map(|f| std::iter::once(f.message).chain(f.retransmissions.iter().copied()));
    transaction.provisionals.iter().copied().chain(finals)
}

fn finding(missed: &Missed<'_>) -> Finding {
    let Missed { transaction, request, first, response, last, .. } = *missed;
    let flow = request.provenance.flow;
    let status = response.message.status();
    let text = Text::new(
        "{client} sent {method} with port {port} in Via and no rport, so that {server} sent its responses ({status}) to port {port}. The client went on \
         to send the request, {count} times in {took}: it did not get them.",
    )
    .with("client", flow.source)
    .with("method", &transaction.method)
    .with("port", missed.via.port_or_default())
    .with("server", flow.destination)
    .with("status", status.map_or(0, |s| s.0))
    .with("count", missed.count)
    .with("took", span(missed.took()));
    let nat = missed.inside().map(|host| {
        Text::new(
            "Via names {host}, and the request came from another address: most likely there is NAT in between, which lets responses in at the port that \
             the request came from, {own}.",
        )
            .with("host", host)
            .with("own", flow.source.port)
    });
    let is_lost = match transaction.method {
        Method::Invite => transaction.finals.is_empty() || status.is_some_and(crate::sip::StatusCode::is_success),
        Method::Register => true,
        _ => false,
    };
    let finding = Finding::new(&RULE, Certainty::Strong, with_reason(text, nat), Evidence::of(response, "a response that went to the port in Via"))
        .severity(if is_lost { Severity::Error } else { Severity::Warning })
        .evidence([Evidence::header(request, HeaderName::Via, "has no rport, and another port than the request came from")])
        .evidence((first.provenance.frame != response.provenance.frame).then(|| Evidence::of(first, "the first response")))
        .evidence([Evidence::of(last, "the request, sent for the last time")])
        .actor(Actor::sender(
            request,
            if missed.inside().is_some() {
                "operator of the client that writes this Via, and of the NAT in front of it"
            } else {
                "operator of the client that writes this Via"
            },
        ))
        .fix("Let the client write rport into Via (RFC 3581).")
        .fix(
            Text::new("Where clients cannot be changed, let {server} answer to where requests come from (`force_rport` of Asterisk, Kamailio and OpenSIPS, `NDLB-force-rport` of FreeSWITCH).")
                .with("server", flow.destination),
        );
    let finding = if missed.inside().is_some() {
        finding
    } else {
        finding.fix(
            Text::new("Without NAT in between: let the client listen at port {port}, or name in Via the port that it sends from.")
                .with("port", missed.via.port_or_default()),
        )
    };
    finding.verify("The next request is sent once, and its response goes to the port that it came from.")
}

#[cfg(test)]
mod tests;
