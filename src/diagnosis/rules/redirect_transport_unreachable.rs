//! A redirect to a transport or port at which nobody answers.

use crate::call::{Call, CapturedMessage, IcmpReport, Outcome, Transaction};
use crate::diagnosis::redirect_case::{End, RedirectCase, end_of, is_visible_on_udp, times_sent};
use crate::diagnosis::{
    Actor, Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::provenance::Transport;
use crate::sip::{HeaderName, Message, Scheme, Uri};

use super::{redirect_contact_not_routable, redirect_not_followed};

pub(super) static RULE: Rule = Rule {
    code: "redirect-transport-unreachable",
    summary: "A redirect to a transport or port at which the target does not answer.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §18.1.1", "RFC 3263 §4", "RFC 792"],
    explanation: Explanation {
        what_it_means: "The Contact asks for another transport (TCP, TLS, WebSocket, SCTP) or names another port, and the \
            client does not get through there: an ICMP error says that nothing listens or that a filter is in the way, the \
            host answers elsewhere but not on this port, or the client sent UDP, TCP or the like to a place that asks for something else. \
            Where only the absence of a follow-up speaks for it, the finding says so: an attempt over TLS, or over TCP past a \
            capture of UDP alone, would not be seen.",
        why_it_matters: "The target is up and the address is right, so a ping or a look at the registration shows no fault, \
            and still no redirected call gets through.",
        likely_causes: "- The listener for that transport or port is off, or a firewall lets only the old one through.\n\
            - The location service stored the transport of a registration that the client cannot use.\n\
            - The client speaks UDP only, or ignores the `transport` parameter.",
        how_to_fix: "- At the target: open listener and firewall for the transport and port that the redirect names.\n\
            - Or at the redirecting server: return a transport and port that its clients can use, or several Contacts.",
        how_to_confirm: "From the client's network, connect to the port with the transport of the Contact; then call again: \
            the target answers at once.",
        when_this_is_wrong: "- The client speaks the other transport, as its own Contact or Via shows: it may have followed \
            where the capture does not look, and the rule is silent.\n\
            - The address itself cannot be reached: that is redirect-contact-not-routable.\n\
            - The host is down altogether: then nothing speaks of its port in particular.",
    },
    detect: Detect::Compared(Facts::REDIRECT, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter_map(|case| Some(finding(&case, &fault(&case, cx)?))));
}

/// How the capture shows it.
#[derive(Debug)]
enum Proof<'a> {
    /// A router or the host itself said so.
    Icmp(&'a IcmpReport),
    /// It was sent over this one to a place that asks for another.
    SentOver(Transport),
    /// The host sends SIP in this capture, though not from here.
    SilentPort,
    /// Nothing followed, as far as UDP shows.
    NothingSeen,
}

#[derive(Debug)]
struct Fault<'a> {
    contact: &'a Uri,
    follow: Option<&'a Transaction>,
    proof: Proof<'a>,
}

/// Whether it explains why the target failed.
pub(super) fn explains(case: &RedirectCase<'_>, cx: &Compared<'_>) -> bool {
    fault(case, cx).is_some()
}

fn fault<'a>(case: &RedirectCase<'a>, cx: &Compared<'_>) -> Option<Fault<'a>> {
    if case.reached().is_some() || redirect_contact_not_routable::explains(case, cx) {
        return None;
    }
    if case.redirect.follows.is_empty() {
        return nothing_seen(case, cx);
    }
    case.redirect.follows.iter().find_map(|follow| {
        let silent = matches!(end_of(case.call, follow.transaction, cx), End::Silence);
        let transaction = case.call.transaction(follow.transaction).filter(|_| silent)?;
        let contact = case.target_of(follow)?;
        let proof = proof(case, contact, transaction, cx)?;
        Some(Fault { contact, follow: Some(transaction), proof })
    })
}

fn proof<'a>(case: &RedirectCase<'a>, contact: &Uri, sent: &Transaction, cx: &Context<'_>) -> Option<Proof<'a>> {
    let request = sent.request.and_then(|id| case.call.message(id));
    if let Some(over) = request.and_then(|request| sent_over(case, contact, request)) {
        return Some(Proof::SentOver(over));
    }
    let this = |icmp: &&IcmpReport| icmp.unreachable == sent.server && about_port(icmp.kind);
    if let Some(icmp) = case.call.icmp.iter().find(this) {
        return Some(Proof::Icmp(icmp));
    }
    let other_port = sent.server.port != case.transaction.server.port;
    (other_port && cx.hosts.senders.contains(&sent.server.address)).then_some(Proof::SilentPort)
}

/// The transport of a follow-up to the target itself, where the contact asks for another.
fn sent_over(case: &RedirectCase<'_>, contact: &Uri, request: &CapturedMessage) -> Option<Transport> {
    let flow = request.provenance.flow;
    // What goes to a proxy goes there as that wants it.
    let is_by_proxy = request.message.has(HeaderName::Route)
        || match contact.ip() {
            Some(target) => target != flow.destination.address,
            None => flow.destination.address == case.nearest().server.address,
        };
    // Copies of a server, and what was captured behind an end of TLS, are in clear: Via says how it was sent.
    let via = || request.message.top_via().and_then(|via| transport_of(&via.transport));
    let is_other = contact.is_sip() && !is_by_proxy && !takes(contact, flow.transport);
    (is_other && !via().is_some_and(|via| takes(contact, via))).then_some(flow.transport)
}

/// The transport that Via names.
fn transport_of(name: &str) -> Option<Transport> {
    use Transport::{Sctp, SecureWebSocket, Tcp, Tls, Udp, WebSocket};
    [Udp, Tcp, Tls, WebSocket, SecureWebSocket, Sctp].into_iter().find(|transport| name_of(*transport) == name)
}

/// Whether a request over a transport is what a URI asks for; more security than that does no harm.
fn takes(uri: &Uri, over: Transport) -> bool {
    let asked = uri.params.value("transport").map(str::to_ascii_lowercase);
    match (&uri.scheme, asked.as_deref()) {
        (Scheme::Sips, _) | (_, Some("tls")) => matches!(over, Transport::Tls | Transport::SecureWebSocket),
        // Large requests go over TCP wherever they are sent to (RFC 3261 §18.1.1).
        (_, None | Some("udp")) => true,
        (_, Some("tcp")) => matches!(over, Transport::Tcp | Transport::Tls),
        (_, Some("ws")) => matches!(over, Transport::WebSocket | Transport::SecureWebSocket),
        (_, Some("wss")) => over == Transport::SecureWebSocket,
        (_, Some("sctp")) => over == Transport::Sctp,
        (_, Some(_)) => over != Transport::Udp,
    }
}

/// How sentences name a transport.
fn name_of(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::WebSocket => "WS",
        Transport::SecureWebSocket => "WSS",
        Transport::Sctp => "SCTP",
    }
}

/// Whether an ICMP error speaks of the port or of a filter, rather than of a missing way to the host.
fn about_port(kind: &str) -> bool {
    matches!(kind, "port unreachable" | "protocol unreachable") || kind.contains("administratively prohibited")
}

/// Every target asks for a transport that the client shows no sign of speaking, and nothing else came.
fn nothing_seen<'a>(case: &RedirectCase<'a>, cx: &Compared<'_>) -> Option<Fault<'a>> {
    let contact = case.targets().next()?;
    let ended_here = case.call.outcome == Outcome::RedirectedUnfollowed && case.offers_contacts();
    let unseen = case.targets().all(|uri| !is_visible_on_udp(uri));
    let plain = case.redirect.from.as_ref().is_some_and(|uri| uri.scheme == Scheme::Sip);
    let speaks_udp_only = || case.nearest_request().is_some_and(|m| names_udp_only(&m.message));
    if !ended_here || !unseen || !plain || !speaks_udp_only() || redirect_not_followed::needs_no_following(case, cx) {
        return None;
    }
    case.not_followed(cx).filter(|certainty| *certainty == Certainty::Strong)?;
    Some(Fault { contact, follow: None, proof: Proof::NothingSeen })
}

/// Whether a request names no transport but UDP for the client itself.
fn names_udp_only(message: &Message) -> bool {
    let via = message.top_via().is_none_or(|via| via.transport == "UDP");
    via && message.contacts().iter().all(|contact| is_visible_on_udp(&contact.uri))
}

fn finding(case: &RedirectCase<'_>, fault: &Fault<'_>) -> Finding {
    let (severity, certainty) = match fault.proof {
        Proof::Icmp(_) => (case.severity(), Certainty::Certain),
        Proof::SentOver(_) | Proof::SilentPort => (case.severity(), Certainty::Strong),
        Proof::NothingSeen => (Severity::Warning, Certainty::Weak),
    };
    let icmp = case.call.icmp.iter().filter(|icmp| fault.follow.is_some_and(|sent| sent.server == icmp.unreachable));
    let actor = match fault.follow {
        Some(_) if matches!(fault.proof, Proof::SentOver(_)) => case.client_operator(),
        Some(sent) => Actor::at(sent.server, "operator of the redirect target"),
        None => case.operator(),
    };
    let finding = Finding::new(&RULE, certainty, message(case, fault), case.evidence())
        .severity(severity)
        .evidence(case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f)))
        .evidence(icmp.map(Evidence::icmp))
        .evidence(case.request_evidence())
        .actor(actor);
    with_remedies(finding, case, fault)
}

fn with_remedies(finding: Finding, case: &RedirectCase<'_>, fault: &Fault<'_>) -> Finding {
    let transport = transport(fault.contact);
    let finding = match fault.proof {
        Proof::Icmp(_) | Proof::SilentPort => {
            finding.fix("Open listener and firewall at the target for the transport and port that the redirect names.")
        }
        Proof::SentOver(_) => {
            finding.fix(Text::new("At the client: use {transport} where the Contact asks for it.").with("transport", transport))
        }
        Proof::NothingSeen => finding
            .fix("Look into the client's log, or capture TCP too, to see whether it tried; switch the transport on there.")
            .fix(
                Text::new("Open listener and firewall at the target for {transport}.").with("transport", transport),
            ),
    };
    finding
        .fix(
            Text::new("Or at {server}: return a transport and port that its clients can use.")
                .with("server", case.redirector()),
        )
        .verify(case.verification(
            "Connect to the port with that transport from the client's network, then call again: the target answers.",
        ))
}

/// The transport that a Contact asks for.
fn transport(contact: &Uri) -> String {
    match contact.params.value("transport") {
        _ if contact.scheme == Scheme::Sips => "TLS".to_owned(),
        Some(transport) => transport.to_ascii_uppercase(),
        None => "UDP".to_owned(),
    }
}

fn message(case: &RedirectCase<'_>, fault: &Fault<'_>) -> Text {
    let template = match fault.proof {
        Proof::Icmp(_) => {
            "{server} redirected the client at {client} to {contact}; nothing takes {transport} at {endpoint}: {report}."
        }
        Proof::SentOver(_) => {
            "{server} redirected the client at {client} to {contact}, which asks for {transport}; the client sent {sent} to \
             {endpoint} {times} and got no answer."
        }
        Proof::SilentPort => {
            "{server} redirected the client at {client} to {contact}; the client sent its request over {transport} to \
             {endpoint} {times} and got no answer, although that host sends SIP elsewhere in this capture."
        }
        Proof::NothingSeen => {
            "{server} redirected the client at {client} to {contact}, which asks for {transport}, and no request followed \
             that can be read. The client may not speak {transport}, or nothing may answer there; an attempt that is \
             encrypted, or that the capture leaves out, would not be seen."
        }
    };
    let text = Text::new(template)
        .with("server", case.redirector())
        .with("client", case.client().address)
        .with("contact", fault.contact)
        .with("transport", transport(fault.contact));
    let Some(sent) = fault.follow else { return text };
    let text = text.with("endpoint", sent.server);
    match fault.proof {
        Proof::Icmp(report) => {
            let said = Text::new("{host} said {kind}")
                .with("host", report.provenance.flow.source.address)
                .with("kind", Text::new(report.kind));
            text.with("report", said)
        }
        Proof::SentOver(transport) => text.with("sent", name_of(transport)).with("times", times_sent(case.call, sent)),
        _ => text.with("times", times_sent(case.call, sent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, diagnose, followed, only, redirected, with_code};

    fn to(contact: &str, rest: &str) -> String {
        redirected(&format!("302 Moved\nContact: <{contact}>"), rest)
    }

    /// A request to another port, with what else happens.
    fn sent(what: &str) -> String {
        to(
            "sip:bob@203.0.113.40:5070",
            &format!("0.03 pbx > 203.0.113.40:5070\nINVITE sip:bob@203.0.113.40:5070\n\n{what}{LATER}"),
        )
    }

    const ALIVE: &str = "2.0 new > pbx call=other\nOPTIONS sip:192.0.2.10\n\n+0.01 pbx > new call=other\n200 OK\n\n";

    #[test]
    fn ports_and_transports_without_an_answer_count() {
        let icmp = |kind: &str| sent(&format!("0.04 203.0.113.40 > pbx icmp={kind} quote=4\n\n"));
        let tcp = "sip:bob@pbx.corp.example;transport=tcp";
        let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
        let udp = format!("0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n{LATER}");
        let over_tcp = udp.replace("> new\n", "> new tcp\n");
        let with = |flow: &str, field: &str| flow.replacen("example\n", &format!("example\n{field}\n"), 1);
        let to_host = |host: &str| {
            to(
                &format!("sip:bob@{host};transport=tcp"),
                &udp.replace("pbx.corp.example", &format!("{host};transport=tcp")),
            )
        };
        let tls = "Via: SIP/2.0/TLS 192.0.2.10;branch=z9hG4bKt";
        check(
            RULE.code,
            &[
                ("port unreachable", &icmp("port-unreachable"), error),
                ("filtered", &icmp("admin-prohibited"), error),
                ("host unreachable", &icmp("host-unreachable"), None),
                ("silent, and the host is alive", &sent(ALIVE), error),
                ("silent, and nothing of the host is seen", &sent(""), None),
                ("UDP sent where TCP is asked for", &to(tcp, &udp), error),
                ("UDP sent to the own proxy", &to(tcp, &udp.replace("> new", "> old")), None),
                ("UDP sent along a route", &to(tcp, &with(&udp, "Route: <sip:203.0.113.40;lr>")), None),
                ("UDP sent to another proxy", &to_host("203.0.113.77"), None),
                ("UDP sent to the host itself", &to_host("203.0.113.40"), error),
                ("in clear behind an end of TLS", &to(&tcp.replace("=tcp", "=tls"), &with(&over_tcp, tls)), None),
                ("TCP sent where TLS is asked for", &to(&tcp.replace("=tcp", "=tls"), &over_tcp), error),
                ("TCP sent to a sips address", &to("sips:bob@pbx.corp.example", &over_tcp), error),
                ("TCP sent where WebSocket is asked for", &to(&tcp.replace("=tcp", "=ws"), &over_tcp), error),
                ("TCP sent where nothing is asked for", &to("sip:bob@pbx.corp.example", &over_tcp), None),
                ("TCP sent where TCP is asked for", &to(tcp, &udp.replace("> new\n", "> new tcp\n")), None),
                ("answered there", &to(tcp, &followed("sip:bob@pbx.corp.example", "200 OK")), None),
                ("nothing follows", &to(tcp, LATER), warning),
                ("nothing follows, the capture ends", &to(tcp, ""), None),
                (
                    "nothing follows, but a target on UDP is there",
                    &to(&format!("{tcp}>, <sip:bob@x.example"), LATER),
                    None,
                ),
                (
                    "the client speaks TCP",
                    &to(tcp, LATER).replace(
                        "INVITE sip:bob@corp.example\n",
                        "INVITE sip:bob@corp.example\nContact: <sip:alice@192.0.2.10;transport=tcp>\n",
                    ),
                    None,
                ),
                (
                    "to TLS from a sips call",
                    &to("sips:bob@x.corp.example", LATER).replace("sip:bob@corp", "sips:bob@corp"),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn proof_makes_the_failure_a_consequence_and_absence_is_worded_as_such() {
        let flow = sent("0.04 203.0.113.40 > pbx icmp=port-unreachable quote=4\n\n");
        assert_eq!(only(&flow, "redirect-target-failed").consequence_of, Some(RULE.code));
        assert_eq!(diagnose(&flow).calls[0].root_cause, Some(RULE.code));
        let unseen = to("sip:bob@pbx.corp.example;transport=tls", LATER);
        let finding = only(&unseen, RULE.code);
        assert!(
            finding
                .message
                .to_string()
                .contains("an attempt that is encrypted, or that the capture leaves out, would not be seen"),
            "{}",
            finding.message
        );
        assert_eq!(finding.certainty, Certainty::Weak);
        assert_eq!(diagnose(&unseen).calls[0].root_cause, Some(RULE.code));
        assert!(with_code(&unseen, "redirect-not-followed").is_empty());
    }

    #[test]
    fn each_transport_takes_its_own_and_what_is_more_secure() {
        use Transport::{Sctp, SecureWebSocket, Tcp, Tls, Udp, WebSocket};
        let all = [Udp, Tcp, Tls, WebSocket, SecureWebSocket, Sctp];
        for (uri, expected) in [
            ("sip:b@x.example", &all[..]),
            ("sip:b@x.example;transport=UDP", &all),
            ("sip:b@x.example;transport=tcp", &[Tcp, Tls]),
            ("sip:b@x.example;transport=TLS", &[Tls, SecureWebSocket]),
            ("sips:b@x.example", &[Tls, SecureWebSocket]),
            ("sip:b@x.example;transport=ws", &[WebSocket, SecureWebSocket]),
            ("sip:b@x.example;transport=wss", &[SecureWebSocket]),
            ("sip:b@x.example;transport=sctp", &[Sctp]),
        ] {
            let uri = Uri::read(uri).unwrap();
            let taken: Vec<_> = all.into_iter().filter(|over| takes(&uri, *over)).collect();
            assert_eq!(taken, expected, "{uri}");
        }
    }
}
