//! Responses that come from another address or port than their request went to, and do not reach the client.

use std::net::IpAddr;

use crate::call::{Call, CapturedMessage, IcmpReport, Transaction};
use crate::diagnosis::repeated::{Repeated, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::provenance::{Endpoint, Transport};
use crate::sip::StatusCode;

mod asked_again;

pub(in crate::diagnosis) use asked_again::is_asked_on;

pub(super) static RULE: Rule = Rule {
    code: "response-from-other-address",
    summary: "A final response over UDP that came from another address or port than its request went to, and had no effect.",
    severity: Severity::Warning,
    references: &["RFC 3581 §4", "RFC 3261 §18.1.2", "RFC 4787 §5", "RFC 3261 §13.3.1.4"],
    explanation: Explanation {
        what_it_means: "The request went to one address and port, and its final response came from another one: that to an INVITE again and \
            again, to the end of its timer, without an ACK; to another request, such as REGISTER, while the client sent it again and again to the end of \
            the timer. A router with NAT or a stateful firewall lets in only what comes from where something was \
            sent to before, and some clients have their sockets connected and hear nobody else. So the response was most likely \
            dropped in front of the client.",
        why_it_matters: "The callee answered, and the caller never learns it: it goes on ringing or trying, and the call ends after 32 seconds \
            on one side. A telephone takes itself for unregistered although its server has it. Clients without NAT or firewall have no trouble, so that it looks like a fault of a few sites.",
        likely_causes: "- A server with several addresses (or a cluster behind a virtual one) answers with that of its outgoing interface.\n\
            - A distributor of load hands requests on without being on the way back of the responses.\n\
            - A proxy leaves responses to another process, which sends them from a port of its own.\n\
            - The Via of a proxy on the way was taken off, so that responses pass it by.",
        how_to_fix: "- Bind SIP at the server to the address that clients send to, and let it answer from there, port included (RFC 3581 §4).\n\
            - With a virtual address: let responses leave with it, as by translating the source, or by binding to it.\n\
            - A distributor of load either stays on the way (Via) or leaves addresses as they are and lets the server answer with its own.",
        how_to_confirm: "Call again from behind NAT: the response comes from where the INVITE went to, once, and the ACK follows. Another \
            request is sent once.",
        when_this_is_wrong: "- The capture was taken between a translation of addresses and the server, and shows the request before it and the \
            response behind it: then the client sees one address. Capture at the client.\n\
            - The client had the response, and its ACK went by a way that the capture does not show; then the repetition stops before its \
            timer, and the rule is silent.\n\
            - Responses that were acknowledged are not told, from whatever address they came: they work here.",
    },
    detect: Detect::Given(Facts::IN_VAIN, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let all = Repeated::all(call, |_| true);
    let told = all.iter().filter_map(|repeated| Some((repeated, asked(repeated, cx)?)));
    // Of several hops the one nearest the client is that on which it was lost.
    out.extend(
        told.min_by_key(|(repeated, _)| repeated.first.leg).map(|(repeated, request)| finding(repeated, request)),
    );
    out.extend(asked_again::finding(call, cx));
}

/// Whether that a response was repeated in vain is told by this rule.
pub(super) fn tells(repeated: &Repeated<'_>, cx: &Context<'_>) -> bool {
    asked(repeated, cx).is_some()
}

/// The INVITE of a response that came from elsewhere, and without effect.
fn asked<'a>(repeated: &Repeated<'a>, cx: &Context<'_>) -> Option<&'a CapturedMessage> {
    let transaction = repeated.transaction;
    let request = repeated.call.message(transaction.request?)?;
    let is_elsewhere = is_elsewhere(repeated.call, transaction, request, repeated.first);
    // Who ends the dialog with the tag of the answer had it.
    let had_it = || repeated.byes().into_iter().any(|bye| !repeated.is_from_answerer(bye));
    // Who repeats a response to the end got no ACK, whatever the capture lacks.
    let in_vain = || repeated.to_the_end(cx) && repeated.stray_ack(cx).is_none();
    (is_elsewhere && !repeated.is_answered_astray() && !had_it() && in_vain()).then_some(request)
}

/// Whether a response came to the client from another place than its request went to, and none came from there.
fn is_elsewhere(call: &Call, transaction: &Transaction, request: &CapturedMessage, response: &CapturedMessage) -> bool {
    let (asked, answered) = (request.provenance.flow, response.provenance.flow);
    let is_elsewhere = answered.transport == Transport::Udp
        && answered.source != asked.destination
        && answered.destination == asked.source
        && !is_for_many(asked.destination.address);
    // The same response as the client sees it, behind a translation of addresses, or from a server that has two.
    let responses = transaction.provisionals.iter().chain(transaction.finals.iter().map(|f| &f.message));
    let copies = transaction.finals.iter().flat_map(|f| &f.retransmissions);
    let from_there = |m: &CapturedMessage| m.provenance.flow.source == asked.destination;
    let is_seen = || responses.chain(copies).filter_map(|id| call.message(*id)).any(from_there);
    // A client that tried that address as well, with the same branch, hears it.
    let went_there = |m: &CapturedMessage| m.provenance.flow.destination == answered.source;
    let was_asked = || transaction.retransmissions.iter().filter_map(|id| call.message(*id)).any(went_there);
    is_elsewhere && !is_seen() && !was_asked()
}

/// Whether several hosts have that address: each answers from its own.
fn is_for_many(address: IpAddr) -> bool {
    address.is_multicast() || matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

fn finding(repeated: &Repeated<'_>, request: &CapturedMessage) -> Finding {
    let is_answer = repeated.first.message.status().is_some_and(StatusCode::is_success);
    let (own, other) = (request.provenance.flow.destination, repeated.first.provenance.flow.source);
    let text = Text::new(if own.address == other.address {
        "The INVITE went to {asked}, and the {status} came from another port of that host, {server}: {count} times in {took}, without an ACK \
         from {client}. NAT, firewalls and many clients take responses only from where the request went to."
    } else {
        "The INVITE went to {asked}, and the {status} came from {server}: {count} times in {took}, without an ACK from {client}. NAT, firewalls \
         and many clients take responses only from where the request went to."
    });
    let text = repeated.fill(text).with("asked", own).with("client", repeated.transaction.client);
    let copies = repeated.transaction.retransmissions.iter().rev().filter_map(|id| repeated.call.message(*id));
    // One that crossed the first copy on its way tells nothing.
    let second = repeated.copies().first().map_or(repeated.last(), |m| m.provenance.time);
    let went_on = copies.take_while(|m| m.provenance.time > second).next();
    let again =
        went_on.map(|_| Text::new("The client went on to send its INVITE meanwhile: it did not have the response."));
    let finding = Finding::new(
        &RULE,
        Certainty::Strong,
        with_reason(text, again),
        Evidence::of(repeated.first, "the first final response"),
    )
    .severity(if is_answer { Severity::Error } else { Severity::Warning })
    .evidence([Evidence::of(request, "the INVITE that it answers")])
    .evidence(repeated.quoted_copies())
    .evidence(went_on.map(|m| Evidence::of(m, "the INVITE, sent again although the response was on its way")))
    .evidence(refusal_of_the_host(repeated.call, repeated.first))
    .verify("Call again: the response comes from where the INVITE went to, and its ACK follows.");
    advised(finding, repeated.first, own)
}

/// Who is to change what, whatever the request was.
fn advised(finding: Finding, response: &CapturedMessage, asked: Endpoint) -> Finding {
    finding
        .actor(Actor::sender(response, "operator of the server that answers from another address"))
        .fix(
            Text::new(
                "Let the server answer from {asked}, where the request came to (RFC 3581 §4): bind SIP to that address, or let whatever distributes \
                 requests take the responses back as well.",
            )
            .with("asked", asked),
        )
        .fix("Capture at the client, to see whether the response arrives there, and from which address.")
}

/// An ICMP error with which the client's host refuses what comes from there: a connected socket hears nobody else.
fn refusal_of_the_host(call: &Call, response: &CapturedMessage) -> Option<Evidence> {
    let flow = response.provenance.flow;
    let refuses = |r: &&IcmpReport| {
        r.unreachable == flow.destination && r.provenance.flow.destination.address == flow.source.address
    };
    call.icmp.iter().find(refuses).map(Evidence::icmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::reports::{codes, report};
    use crate::diagnosis::testing::check;

    const HOSTS: &str =
        "host alice 192.0.2.10\nhost proxy 198.51.100.5\nhost other 198.51.100.6\nhost port 198.51.100.5:5080\n\n";
    const INVITE: &str = "0.0 alice > proxy\nINVITE sip:bob@example.net\n\n";
    const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
    const LATER: &str = "90.0 alice > proxy call=ping\nOPTIONS sip:b\n\n+0.1 proxy > alice call=ping\n200 OK\n\n";

    /// An INVITE with a final response from that host.
    fn flow(from: &str, words: &str, status: &str, rest: &str) -> String {
        format!("{HOSTS}{INVITE}2.0 {from} > alice tag=t re=INVITE {words}\n{status}\n\n{rest}{LATER}")
    }

    #[test]
    fn a_response_from_elsewhere_is_told_where_it_had_no_effect() {
        let bye =
            |from: &str, to: &str| format!("35.0 {from} > {to} tag=t\nBYE sip:x\n\n+0.1 {to} > {from}\n200 OK\n\n");
        let ringing = "1.0 proxy > alice tag=t\n180 Ringing\n\n";
        check(
            RULE.code,
            &[
                ("another address", &flow("other", ALL, "200 OK", ""), Some(Severity::Error)),
                ("another port", &flow("port", ALL, "200 OK", ""), Some(Severity::Error)),
                ("a failure", &flow("other", ALL, "486 Busy Here", ""), Some(Severity::Warning)),
                ("the right address", &flow("proxy", ALL, "200 OK", ""), None),
                (
                    "that address was asked as well",
                    &flow("other", ALL, "200 OK", "").replace(
                        INVITE,
                        &format!("{INVITE}0.5 alice > other branch=i\nINVITE sip:bob@example.net\n\n")
                            .replace("proxy\nINV", "proxy branch=i\nINV"),
                    ),
                    None,
                ),
                ("an ACK", &flow("other", "", "200 OK", "2.1 alice > other\nACK\n\n"), None),
                ("soon content", &flow("other", "repeat=0.5,1.5,3.5", "200 OK", ""), None),
                ("the caller had it", &flow("other", ALL, "200 OK", &bye("alice", "other")), None),
                (
                    "both addresses",
                    &flow("other", ALL, "200 OK", "").replace(INVITE, &format!("{INVITE}{ringing}")),
                    None,
                ),
                (
                    "over TCP",
                    &flow("other", ALL, "200 OK", "")
                        .replace("tag=t re", "tag=t tcp re")
                        .replace("proxy\nINV", "proxy tcp\nINV"),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn it_is_the_one_finding_and_says_what_the_client_did() {
        let again =
            flow("other", ALL, "200 OK", "").replace("alice > proxy\nINV", "alice > proxy repeat=0.5,1.5,3.5,7.5\nINV");
        let found = report(&again);
        assert_eq!(codes(&found), [format!("{} error", RULE.code)]);
        let goes_on =
            |report: &CallReport| report.findings[0].message.to_string().contains("went on to send its INVITE");
        assert!(goes_on(&found) && !goes_on(&report(&again.replace(",3.5,7.5\nINV", ",2.01\nINV"))));
        let failed = report(&flow("other", ALL, "486 Busy Here", ""));
        assert_eq!(codes(&failed), [format!("{} warning", RULE.code), "failed-response info".to_owned()]);
    }
}
