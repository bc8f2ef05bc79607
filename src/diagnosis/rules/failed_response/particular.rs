//! What a failure means where the frames around it say more than its status does.

use super::fitting::gives_technical_cause;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::catalog::StatusEntry;
use crate::diagnosis::Text;
use crate::diagnosis::redirect_case::{FOLLOW_WINDOW, RedirectCase};
use crate::diagnosis::response_facts::hops_left;
use crate::lang::span;
use crate::provenance::Transport;
use crate::sip::{HeaderName, Message, Method, NameAddr, Scheme, StatusCode, Uri};

/// What to do where a request reached a server on two ways.
pub(super) const ONE_WAY: &str = "Nothing needs repair where the other copy of the request is answered. Otherwise let the element that forks \
    send the request to that server on one way only.";

/// A redirect behind which the capture ends, before anybody would have had the time to follow.
pub(super) fn open_redirect(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    let is_open = matches!(entry.code, 300..=302) && response.message.has(HeaderName::Contact);
    let after = call.observed_until.since(response.provenance.time);
    (is_open && response.message.method() == Some(&Method::Invite) && after < FOLLOW_WINDOW).then(|| {
        Text::new(
            "{meaning} The capture ends {after} later: whether anybody called the address in Contact is not in it.",
        )
        .with("meaning", meaning_of_redirect(call, response, entry))
        .with("after", span(after))
    })
}

/// What a redirect means in one sentence: that of a routing database goes by the code of a move, and is none.
fn meaning_of_redirect(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Text {
    routing_decision(call, response, entry).unwrap_or_else(|| Text::new(entry.meaning_in_short()))
}

/// The redirect that a response is.
fn redirect<'a>(call: &'a Call, response: &CapturedMessage) -> Option<RedirectCase<'a>> {
    RedirectCase::of_invites(call).find(|case| std::ptr::eq(case.response, response))
}

/// What a 301 means that has the marks of a routing database.
pub(super) fn routing_decision(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    let is_routing = entry.code == 301 && redirect(call, response).is_some_and(|case| case.is_routing_dip());
    is_routing.then(|| {
        Text::new(
            "By its marks it is the answer of a routing database, for this call alone: the called party has not moved.",
        )
    })
}

/// A redirect of which the capture lacks the end, and with it the Contact.
pub(super) fn cut_redirect(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    let is_cut = response.message.is_cut() && !response.message.has(HeaderName::Contact);
    (is_cut && matches!(entry.code, 300..=302)).then(|| {
        Text::new("{meaning} The capture lacks the end of the response, and so what its Contact names.")
            .with("meaning", meaning_of_redirect(call, response, entry))
    })
}

/// A redirect that was not seen to be followed, to Contacts of which none can be called so that any capture shows it.
pub(super) fn hidden_redirect(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    let case = redirect(call, response)?;
    let hidden = |uri: &Uri| {
        let transport = uri.params.value("transport").unwrap_or_default();
        uri.scheme == Scheme::Sips
            || ["tls", "wss", "ws", "tcp"].iter().any(|name| transport.eq_ignore_ascii_case(name))
    };
    let is_hidden = case.redirect.follows.is_empty() && case.targets().next().is_some() && case.targets().all(hidden);
    (is_hidden && matches!(entry.code, 300..=302)).then(|| {
        Text::new(
            "{meaning} Its Contact asks for a connection (TCP, TLS or WebSocket): a call to it may be encrypted, or not be in this capture.",
        )
        .with("meaning", meaning_of_redirect(call, response, entry))
    })
}

/// Whether a 380 tells an IMS client that it called for help: its body names that service (3GPP TS 24.229 §5.2.10).
pub(super) fn emergency(response: &CapturedMessage) -> bool {
    let message = &response.message;
    let says_so = || {
        let body = message.body();
        memchr::memmem::find(body, b"<ims-3gpp").is_some()
            && memchr::memmem::find(body, b"<type>emergency</type>").is_some()
    };
    message.status() == Some(StatusCode(380)) && says_so()
}

/// What it means.
pub(super) const EMERGENCY: &str =
    "The number is one for emergencies: the body asks the client to set the call up as an emergency call.";

/// What to look at first then.
pub(super) const CALL_ELSEWHERE: &str = "See whether an emergency call of the same user follows at once, to urn:service:sos or over circuit-switched access, which \
    a capture of SIP does not show: then all went as it must.";

/// Whether a decline (603) of a call gives a cause that no called party has, and nothing had rung: some exchanges answer 603 to whatever has no
/// status of its own.
pub(super) fn hides_a_cause(call: &Call, refused: &Transaction, response: &CapturedMessage) -> bool {
    let is_decline = response.message.status() == Some(StatusCode(603)) && refused.method == Method::Invite;
    let rang = || {
        let mut told = call.transactions.iter().flat_map(|t| &t.provisionals).filter_map(|id| call.message(*id));
        told.any(|m| m.message.status() == Some(StatusCode(180)))
    };
    is_decline && !refused.in_dialog && gives_technical_cause(&response.message) && !rang()
}

/// What such a decline means.
pub(super) const NO_DECLINE: &str = "603 is for a called user who declines. Nothing had rung here, and no user gives the cause in its Reason: a server, \
    or the telephone network behind it, could not put the call through.";

/// What to do about it.
pub(super) const FOLLOW_CAUSE: [&str; 2] = [
    "Follow the cause in Reason at the server that answered and behind it: the log at this second, its circuits and routes.",
    "Let that server answer with the status of the cause, such as 503 for a missing circuit (RFC 3398 §7.2.4.1): callers take a 603 for the last word \
     of a person.",
];

/// Whether a call of its own may follow it: then nobody is told to.
pub(super) fn may_be_followed(call: &Call, response: &CapturedMessage) -> bool {
    let is_redirect = response.message.status().is_some_and(StatusCode::is_redirection);
    call.may_be_followed && is_redirect && response.message.method() == Some(&Method::Invite)
}

/// What a redirect means that a call of its own may follow.
pub(super) fn perhaps_followed(call: &Call, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    may_be_followed(call, response).then(|| {
        Text::new(
            "{meaning} Right after it the client went to another server for the user of a Contact, under another Call-ID: that may be the address in \
             Contact under another name, or another route.",
        )
        .with("meaning", meaning_of_redirect(call, response, entry))
    })
}

/// The address elsewhere that a 410 names in spite of what it says, which no client calls. Many servers write their own Contact into each
/// response: one that leads back to the server is none.
fn new_address(response: &CapturedMessage, request: Option<&CapturedMessage>) -> Option<NameAddr> {
    let contact = response.message.values(HeaderName::Contact).iter().find_map(|value| NameAddr::read(value))?;
    let uri = &contact.uri;
    let asked = request.and_then(|m| m.message.request_uri());
    let leads_back = uri.ip() == Some(response.provenance.flow.source.address)
        || asked.is_some_and(|asked| asked.effectively_equals(uri))
        || (uri.is_sip() && uri.user.is_none());
    (!leads_back).then_some(contact)
}

/// What a 410 means that names such an address.
pub(super) fn gone_with_address(call: &Call, refused: &Transaction, response: &CapturedMessage) -> Option<Text> {
    let request = refused.request.and_then(|id| call.message(id));
    let is_gone = response.message.status() == Some(StatusCode(410));
    let contact = is_gone.then(|| new_address(response, request)).flatten()?;
    Some(
        Text::new(
            "The user once existed here and is gone for good. Its Contact names {contact}, and no client calls that: in a 410 a Contact has no \
             meaning.",
        )
        .with("contact", &contact.uri),
    )
}

/// What to do where a 410 names an address.
pub(super) const ANSWER_301: &str =
    "If the address in Contact is the new one, let the server answer 301 with it: clients follow that.";

/// What a 416 means to a `sips:` URI that came without TLS.
pub(super) fn sips_in_clear(call: &Call, refused: &Transaction, entry: &StatusEntry) -> Option<Text> {
    let request = call.message(refused.request?).filter(|_| entry.code == 416)?;
    let is_sips = request.message.request_uri().is_some_and(|uri| uri.scheme == Scheme::Sips);
    let transport = request.provenance.flow.transport;
    (is_sips && transport == Transport::Udp).then(|| {
        Text::new(
            "{meaning} The request for a sips: URI came over UDP, in clear: sips: asks for TLS on every hop (RFC 3261 §26.2.2), so that the fault is \
             in front of the server.",
        )
        .with("meaning", Text::new(entry.meaning))
    })
}

/// Whether a verdict is about a signature that the request, as captured, does not carry.
pub(super) fn judges_unseen_signature(call: &Call, transaction: &Transaction, status: u16) -> bool {
    let request = transaction.request.and_then(|id| call.message(id));
    matches!(status, 436..=438) && request.is_some_and(|m| !m.message.has(HeaderName::Identity) && !m.message.is_cut())
}

/// What such a verdict means.
pub(super) fn unseen_signature(entry: &StatusEntry) -> Text {
    let meaning =
        if entry.code == 438 { "The verifier found no Identity header field that validates." } else { entry.meaning };
    Text::new(
        "{meaning} The request as captured here carries no Identity header field: it was signed behind this point, or the code is out of \
         place (a missing signature is 428).",
    )
    .with("meaning", Text::new(meaning))
}

/// Whether a request came with no hop left: nothing behind the server that answered had a part in that.
pub(super) fn arrived_spent(request: &Message) -> bool {
    hops_left(request) == Some(0)
}

/// Whether that is why it was answered 483, and what that means.
pub(super) fn spent(call: &Call, transaction: &Transaction, entry: &StatusEntry) -> Option<Text> {
    let request = transaction.request.and_then(|id| call.message(id));
    let is_spent = entry.code == 483 && request.is_some_and(|m| arrived_spent(&m.message));
    is_spent.then(|| Text::new("The request came with Max-Forwards: 0: no server may pass it on any further."))
}

/// The same request, as it reached the server on another way before: of the two one is refused with 482 (RFC 3261 §8.2.2.2). One that led to
/// this one is none: then it came back.
pub(in crate::diagnosis) fn merged<'a>(
    call: &'a Call,
    refused: &Transaction,
    status: u16,
) -> Option<&'a CapturedMessage> {
    let request = call.message(refused.request?).filter(|_| status == 482)?;
    let sent = call.transactions.iter().filter(|t| t.server == refused.server && t.start <= refused.start);
    // Each step goes one hop up; more steps than transactions would be a circle.
    let way = std::iter::successors(Some(refused), |t| call.transaction(t.upstream?)).take(call.transactions.len());
    let way: Vec<_> = way.collect();
    let requests =
        sent.filter(|t| !way.iter().any(|hop| std::ptr::eq(*hop, *t))).filter_map(|t| call.message(t.request?));
    let key = |m: &'a CapturedMessage| (m.message.call_id(), m.message.cseq(), m.message.from_tag());
    requests.into_iter().find(|m| m.message.branch() != request.message.branch() && key(m) == key(request))
}

/// What a 482 means that refuses one of the two.
pub(super) fn reached_twice(call: &Call, refused: &Transaction, entry: &StatusEntry) -> Option<Text> {
    merged(call, refused, entry.code)?;
    Some(Text::new(
        "The same request (Call-ID, From tag and CSeq) had reached it on another way before, with another branch: it was forked, and the ways came \
         together again. The server answers the first one, and this is no loop.",
    ))
}

/// What 501 to INVITE means, and with a cause of the telephone network: no missing method (RFC 3398 §8.2.6.1), as every element knows INVITE
/// that takes calls. And 491 to an INVITE that begins a dialog, where no session is yet that both could change.
pub(super) fn of_no_method(refused: &Transaction, response: &CapturedMessage, entry: &StatusEntry) -> Option<Text> {
    let is_of_network = response.message.reasons().iter().any(|reason| reason.is("Q.850"));
    let is_invite = refused.method == Method::Invite;
    match entry.code {
        501 if is_of_network || (is_invite && !response.message.has(HeaderName::Allow)) => Some(Text::new(
            "The server lacks a service or a feature that the request needs, and does not say here which.",
        )),
        491 if is_invite && !refused.in_dialog => Some(Text::new(
            "491 is meant for changes of a session that cross, and this INVITE begins a dialog: only the log of the server tells what was pending there.",
        )),
        _ => None,
    }
}

/// Whether a response that asks for the same request with another value is no step any more: the client did repeat it and got the
/// same again, or had the time to.
pub(super) fn is_no_step(call: &Call, refused: &Transaction) -> bool {
    let over = refused.finals.iter().filter_map(|last| call.time(last.message)).max();
    let had_time = over.is_some_and(|over| call.observed_until.since(over) >= FOLLOW_WINDOW);
    let same = call.transactions.iter().filter(|t| t.method == refused.method && t.leg == refused.leg);
    had_time || same.count() > 1
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::reports::report;

    #[test]
    fn a_380_may_ask_for_an_emergency_call() {
        let body = |kind: &str| {
            format!(
                "380 Alternative Service\nContent-Type: application/3gpp-ims+xml\n.\n<ims-3gpp version=\"1\"><alternative-service>\
                 <type>{kind}</type></alternative-service></ims-3gpp>"
            )
        };
        for (kind, told) in [("emergency", true), ("restoration", false)] {
            let (message, advice) = said("sip:112@p.example", &body(kind));
            assert_eq!(message.contains("as an emergency call"), told, "{message}");
            assert_eq!(advice[0].starts_with("See whether an emergency call"), told, "{advice:?}");
        }
    }

    /// What is said of a response to a request with that URI, and what to do.
    fn said(uri: &str, response: &str) -> (String, Vec<String>) {
        let text = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE {uri}\n\n0.1 p > a tag=t\n{response}\n\n0.11 a > p\nACK\n\n\
             90.0 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        let report = report(&text);
        let finding = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        (finding.message.to_string(), finding.remediation.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_410_with_an_address_is_no_410_without() {
        let gone = |contact: &str| said("sip:bob@p.example", &format!("410 Gone\n{contact}"));
        let (message, fixes) = gone("Contact: <sip:bob@new.example>");
        assert!(message.contains("Its Contact names sip:bob@new.example") && !message.contains("no new address"));
        assert!(fixes[0].contains("answer 301 with it"), "{fixes:?}");
        // The server itself, the address that was called, and nobody.
        for contact in [
            "",
            "Contact: <sip:198.51.100.5:5060>",
            "Contact: <sip:bob@198.51.100.5>",
            "Contact: <sip:bob@p.example:5060>",
        ] {
            let (message, fixes) = gone(contact);
            assert!(message.contains("no new address is known") && !fixes[0].contains("301 with it"), "{contact}");
        }
    }

    #[test]
    fn a_decline_with_a_cause_that_nobody_gives_is_none() {
        let of = |cause: &str| said("sip:bob@p.example", &format!("603 Declined\nReason: Q.850;cause={cause}"));
        let (message, fixes) = of("34");
        assert!(
            message.contains("Nothing had rung here") && fixes[0].starts_with("Follow the cause"),
            "{message} {fixes:?}"
        );
        for cause in ["0", "16", "17", "19", "21", "31"] {
            assert!(!of(cause).0.contains("Nothing had rung here"), "{cause}");
        }
        let rang = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n1 p > a tag=t\n180 Ringing\n\n\
            4 p > a tag=t\n603 Declined\nReason: Q.850;cause=34\n\n4.1 a > p\nACK\n";
        let report = report(rang);
        assert!(report.findings.iter().all(|f| !f.message.to_string().contains("Nothing had rung here")));
    }

    #[test]
    fn a_480_with_a_cause_of_the_network_is_no_missing_registration() {
        let of = |cause: &str| said("sip:bob@p.example", &format!("480 Away\nReason: Q.850;cause={cause}")).1.join(" ");
        assert!(of("96").contains("Follow the cause in Reason") && !of("96").contains("Look for a registration"));
        assert!(of("20").contains("Look for a registration") && !of("20").contains("Follow the cause"));
    }

    #[test]
    fn a_sips_uri_over_udp_explains_a_416() {
        let of = |uri: &str, status: &str| said(uri, status).0;
        assert!(of("sips:bob@p.example", "416 Unsupported URI Scheme").contains("came over UDP, in clear"));
        assert!(!of("tel:+12155550113", "416 Unsupported URI Scheme").contains("came over UDP"));
        assert!(!of("sips:bob@p.example", "404 Not Found").contains("came over UDP"));
    }
}
