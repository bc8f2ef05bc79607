//! General advice fitted to one response: what it gives no ground for is left out, or said otherwise; and the parts of a request that were
//! refused.

use super::meaning::was_ended;
use super::other_methods::speaks_of_dns;
use super::particular::{self, is_no_step};
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::next_attempt::GotThrough;
use crate::diagnosis::own_words::OwnWords;
use crate::diagnosis::response_facts::{asks_to_wait, says_unwanted};
use crate::diagnosis::{Evidence, Text};
use crate::sip::sdp::Media;
use crate::sip::{HeaderName, Message, Method, Scheme, StatusCode, UriView, Warning};

/// Media sections that are quoted.
const SECTIONS: usize = 4;

const OF_A_GATEWAY: &str = "The cause in its Reason is one of the telephone network (Q.850): where a gateway is behind the server, ask there why it \
    gave that cause.";
const ALLOW: &str = "Use only the methods that Allow lists, or switch the feature off towards this peer.";
const REGISTRAR: &str = "For REGISTER, point the client at the registrar.";
const REASON: &str =
    "Look at a Reason header field: Q.850 cause 1, 2 or 3 comes from the telephone network behind the server.";
const OFFER: &str = "Compare the offer with the SDP or the Warning in the response and agree on a common codec.";
const EVENTS: &str = "Use a package that Allow-Events lists, or switch the subscription off towards this server.";
const REFUSED: &str = "Read the reason phrase: many registrars name wrong credentials here, after a challenge (401 or 407) that was answered. Then \
    enter user name and password again at both ends.";
const ROUTED: &str = "Read the reason phrase. If it speaks of DNS or routing, the server took the REGISTER for a request to pass on: it does not \
    serve that domain, and cannot find who does.";

const OVERLOAD: &str = "Clients: use the next server, and leave this one alone for the time that Retry-After gives.";
const AVOID: &str = "Route to the next server; do not send to this one during Retry-After.";
const LOOP: &str = "Read the Via header fields in the last copy of the request: a host that appears repeatedly is part of the loop. Correct its route.";
const REGISTERED: &str = "Look for a registration of the called party at that server at the time of the call.";
const CAUSES: &str = "Read Reason and Warning: Q.850 cause 18, 19, 20 or 31 points to the telephone network; Warning 380 or 381 to a mismatch of \
    sip and sips.";
const RANG: &str = "If the call rang before, it simply was not answered; nothing is broken.";
const STALE: &str = "For `Stale Date`: set the clock of the signing server by NTP and sign immediately before sending.";
const TIMEOUT: &str = "Find out which dependency the answering server was waiting for and mend that; the time between request and response \
    equals its timeout.";
const NUMBER: &str = "Compare the Request-URI with what the peer expects: E.164 with +, prefix digits, domain.";
const PROVISION: &str = "If the form is right, have the number provisioned where the call arrives.";
const SOURCE: &str = "Source address and port of the request against the addresses agreed for the trunk (a changed public address or NAT is the \
    usual reason).";
const SRTP: &str = "Align SRTP: both sides must offer the same profile (RTP/AVP or RTP/SAVP) and keying.";
const LATE: &str =
    "If the phone rang, the timer was shorter than the ringing time: align no-answer timers along the path.";
const ANY_OFFER: &str = "As for 488: compare the offer with Warning and SDP of the response, and offer what they list.";
const ORDER: &str =
    "Inside a dialog compare the CSeq with the requests before it: a lower number is the client's fault.";
const CODEC: &str = "The 200 carries an SDP answer with a codec from the offer.";
const RINGS: &str = "The called device is registered and the next call rings.";
const REDRESS: &str = "For 603+ use the url, tel or email in the Reason header field to ask the blocking provider for redress, and quote its id.";
const UNALTERED: &str = "Providers on the way must keep phrase and Reason unchanged, and must not try another route.";
const DECLINED: &str = "A plain decline: none needed. 603+: after redress the call rings, and the 603+ reaches the caller unaltered until then.";
const BACK_OFF: &str = "the vendor of the client that does not back off";
const INVITED: &str =
    "Compare Call-ID and both tags with those of the answered INVITE: a difference shows which element changed them.";
const LOST: &str = "If they agree, the peer lost its state: check restarts and the replication of its cluster.";
const FEATURE: &str = "If nobody needs the feature (presence, message waiting), switch it off at the client.";
const OVER: &str = "For a BYE or CANCEL nothing needs repair; treat the call as over.";

const NO_CONTACT: &str = "No Contact, or one that nobody can use (malformed, not a SIP URI, private address, unknown host, closed port): the \
    operator of the redirect server must supply one that the callers can reach. If no new address is known, 410 is the honest answer.";
const POINTS_BACK: &str = "The Contact names the requested address again, or the chain of redirects returns to it: the operator of the redirect \
    server must correct the entry that points back. Nothing may be stored meanwhile.";
const WAS_CALLED: &str =
    "The Contact was called and failed: its own final response, or its silence, is the cause to pursue.";
const NEW_TARGET: &str = "If the call is signed (Identity), the new request needs a signature for the new destination, unless the 301 brought a \
    diverted-call token (div) along; the old one alone does not fit any more.";
const SIGN_ANEW: &str = "Sign anew after following a redirect (or pass on the diverted-call token that the redirecting element supplied, RFC 8946).";
const TO_SIP: &str =
    "Rewrite tel: numbers to `sip:number@domain;user=phone` with a domain that serves them, before the request leaves.";
const OVER_TLS: &str = "Send requests for sips: over TLS, to a server that serves it: sips: asks for TLS on every hop up to the called domain (RFC 3261 §26.2.2). \
            Else call a sip: URI.";
const COMPACT: &str = "If the compact form was sent, try once with the full form.";
const LONGER_SESSION: &str =
    "Nothing needs repair when a request with a larger Session-Expires follows and is accepted.";
const RAISE_SESSION: &str =
    "Otherwise raise Session-Expires at the client to at least Min-SE of the response; 1800 seconds is customary.";
const LONGER_EXPIRY: &str = "Nothing needs repair when a request with a larger Expires follows and is accepted.";
const RAISE_EXPIRY: &str = "Otherwise raise the registration or subscription interval to at least Min-Expires; keep NAT bindings open with \
    keep-alives instead of short registrations.";
const MECHANISM: &str = "Nothing needs repair when the client picks a mechanism and repeats the request.";
const CANCEL_SEEN: &str = "Nothing needs repair when the CANCEL is visible.";
const NO_CANCEL: &str = "Without one, look upstream for what cancelled the call: a proxy timer, a 6xx on another branch, or a part of the path \
    that was not captured.";
const ENABLE: &str = "Otherwise enable one of the mechanisms in Security-Server at the client.";

/// Causes of the telephone network for a number that is not in use (404), and for a called party that cannot be had (480).
const NOBODY: [u32; 3] = [1, 2, 3];
const ABSENT: [u32; 4] = [18, 19, 20, 31];
/// Cause of the telephone network, and statuses, for a called party that is busy, and for one that rejects the call.
const BUSY: (u32, [u32; 2]) = (17, [486, 600]);
const REJECTED: (u32, [u32; 2]) = (21, [603, 607]);

/// What to say in place of a piece of advice for this response; `None` where it has no ground.
pub(super) fn fitted(advice: &'static str, transaction: &Transaction, response: &Message, call: &Call) -> Option<Text> {
    let unseen =
        (advice == LOOP && transaction.downstream.is_empty()).then(|| unseen_loop(transaction, call)).flatten();
    unseen.or_else(|| words(advice, transaction, response, call).map(Text::new))
}

/// A loop of which the capture shows no further hop.
fn unseen_loop(transaction: &Transaction, call: &Call) -> Option<Text> {
    let request = request(transaction, call)?;
    if particular::arrived_spent(request) {
        let text = Text::new(
            "Look at {client} and in front of it: for hops that used Max-Forwards up, or for a client that begins with 0.",
        );
        return Some(text.with("client", transaction.client));
    }
    // With more hops left than anybody needs, routing-loop says more.
    let text = Text::new(
        "If the request goes round, it does so in or behind {server}, and not in this capture. See whether that server takes {host} for a name of \
         its own: one that does not, and finds itself under that name, passes the request to itself.",
    );
    Some(text.with("server", transaction.server).with("host", request.request_uri()?.host))
}

/// How to verify it; `None` where the response speaks against the words of the catalogue.
pub(super) fn verification(
    verify: &'static str,
    transaction: &Transaction,
    response: &Message,
    call: &Call,
) -> Option<&'static str> {
    match verify {
        "" | DECLINED => None,
        RINGS if was_reached(response).is_some() || rang(transaction, call) == Some(180) => None,
        CODEC if offers_fax(transaction, call) => Some("The next fax arrives, over T.38 or over audio."),
        _ => Some(verify),
    }
}

/// Whether a client can do without such requests altogether.
pub(in super::super) fn is_dispensable(method: &Method) -> bool {
    !matches!(method, Method::Register | Method::Bye | Method::Cancel | Method::Prack)
}

/// Whether whoever has that role must act: nobody where nothing shows that anybody does wrong.
pub(super) fn is_to_act(role: &str, transaction: &Transaction, call: &Call) -> bool {
    role != BACK_OFF || is_refused_again(transaction, call)
}

/// Whether the client got 491 to another such request as well.
fn is_refused_again(refused: &Transaction, call: &Call) -> bool {
    let others = call.transactions.iter().filter(|t| !std::ptr::eq(*t, refused) && t.leg == refused.leg);
    let mut own = others.filter(|t| t.client.address == refused.client.address);
    own.any(|t| t.finals.iter().any(|last| last.status == StatusCode(491)))
}

fn words(advice: &'static str, transaction: &Transaction, response: &Message, call: &Call) -> Option<&'static str> {
    let has = |name| response.has(name);
    let (method, same) = (&transaction.method, Some(advice));
    match advice {
        REGISTERED if was_reached(response).is_some() => was_reached(response),
        REGISTERED if gives_technical_cause(response) => Some(
            "Follow the cause in Reason, not a missing registration: exchanges and gateways answer 480 to causes of the telephone network that have no \
             status of their own.",
        ),
        RANG if was_reached(response).is_some() => None,
        // Whoever may not call at all is refused before anything rings.
        SOURCE => same.filter(|_| rang(transaction, call) != Some(180) && !took_the_next(transaction, call)),
        NUMBER if dials_a_name(transaction, call) => {
            Some("Compare user and domain of the Request-URI with what the server knows.")
        }
        PROVISION if dials_a_name(transaction, call) => {
            Some("If they are right, create the user where the call arrives.")
        }
        OFFER if offers_fax(transaction, call) && transaction.in_dialog => Some(
            "The peer takes no T.38 here. The session goes on as it was (RFC 3261 §14.1), so that the fax has to run over audio (T.30 over \
             G.711) or ends; for T.38, switch it on at the peer.",
        ),
        SRTP if offers_fax(transaction, call) => None,
        LATE => same.filter(|_| rang(transaction, call).is_some()),
        // Inside a dialog there is no next server.
        OVERLOAD if transaction.in_dialog => None,
        // What the capture shows of the numbers is said instead.
        ORDER => same.filter(|_| transaction.in_dialog && !has_earlier(transaction, call)),
        ALLOW if !has(HeaderName::Allow) => {
            Some("Switch the feature off towards this peer: the response does not say which methods it accepts.")
        }
        // That Allow lists the method is said already.
        ALLOW => same.filter(|_| !response.values(HeaderName::Allow).iter().any(|name| name.trim() == method.name())),
        REGISTRAR => same.filter(|_| *method == Method::Register),
        // What Reason and Warning say is told already.
        REASON => gives_cause(response, &NOBODY).then_some(OF_A_GATEWAY),
        CAUSES if speaks_of_sips(response) => Some(
            "By its Warning sip and sips do not fit: see with which of the two the called party's device is registered.",
        ),
        CAUSES => gives_cause(response, &ABSENT).then_some(OF_A_GATEWAY),
        STALE | NEW_TARGET => same.filter(|_| request(transaction, call).is_some_and(is_signed)),
        SIGN_ANEW => same.filter(|_| !call.redirects.is_empty()),
        TO_SIP => same.filter(|_| !asks_for(transaction, call, &Scheme::Sips)),
        OVER_TLS => same.filter(|_| !asks_for(transaction, call, &Scheme::Tel)),
        COMPACT => same.filter(|_| request(transaction, call).is_some_and(has_compact_form)),
        CANCEL_SEEN => same.filter(|_| was_ended(call, transaction)),
        NO_CANCEL if !was_ended(call, transaction) => Some(
            "Look upstream for what cancelled the call: a proxy timer, a 6xx on another branch, or a part of the path that was not captured.",
        ),
        // Where that is so, closer rules say it; of 603+ there are words of its own.
        POINTS_BACK | WAS_CALLED | REDRESS | UNALTERED => None,
        NO_CONTACT => same.filter(|_| !has(HeaderName::Contact) && !response.is_cut()),
        LONGER_SESSION | LONGER_EXPIRY | MECHANISM => same.filter(|_| !is_no_step(call, transaction)),
        RAISE_SESSION if is_no_step(call, transaction) => {
            Some("Raise Session-Expires at the client to at least Min-SE of the response; 1800 seconds is customary.")
        }
        RAISE_EXPIRY if is_no_step(call, transaction) => Some(
            "Raise the registration or subscription interval to at least Min-Expires; keep NAT bindings open with keep-alives instead of \
             short registrations.",
        ),
        ENABLE if is_no_step(call, transaction) => {
            Some("Enable one of the mechanisms in Security-Server at the client.")
        }
        TIMEOUT if transaction.request.is_none() => {
            Some("Find out which dependency the answering server was waiting for, and mend that.")
        }
        INVITED if matches!(method, Method::Notify | Method::Subscribe) => Some(
            "Compare Call-ID and both tags with those of the SUBSCRIBE or REFER that began the dialog: a difference shows which element changed them.",
        ),
        LOST if *method == Method::Notify => Some(
            "If they agree, whoever subscribed has ended that or was restarted: by the 481 the sender of NOTIFY has to take the subscription for over \
             (RFC 6665 §4.2.2).",
        ),
        // A message is written by somebody.
        FEATURE => same.filter(|_| *method != Method::Message),
        OVER => same.filter(|_| matches!(method, Method::Bye | Method::Cancel)),
        REGISTERED => same.filter(|_| rang(transaction, call) != Some(180)),
        RANG if rang(transaction, call) == Some(180) => Some(
            "The call rang before: it simply was not answered, or the called party declined it; nothing is broken.",
        ),
        RANG => same.filter(|_| transaction.request.is_none() || rang(transaction, call).is_some()),
        OFFER | ANY_OFFER if !has(HeaderName::Warning) && response.sdp().is_none() => Some(
            "Compare the offer with what the answering side is configured for, codecs first: the response does not say what it would accept.",
        ),
        EVENTS if !has(HeaderName::AllowEvents) => {
            Some("Switch the feature off towards this server: its response names no package that it accepts.")
        }
        EVENTS if *method == Method::Publish => {
            Some("Use a package that Allow-Events lists, or let the client publish nothing to this server.")
        }
        REFUSED if call.has_credentials(transaction) => Some(
            "Enter user name and password again at both ends: the request carried credentials, and many registrars answer wrong ones with 403.",
        ),
        REFUSED => Some("Do not look for a wrong password: the request that was refused carried no credentials."),
        OVERLOAD if !asks_to_wait(response) => {
            Some("Clients: use the next server, and leave this one alone for a while.")
        }
        // So it did.
        AVOID if GotThrough::of(call).is_some_and(GotThrough::is_next_route) => None,
        AVOID if !asks_to_wait(response) => Some("Route to the next server."),
        ROUTED if speaks_of_dns(response) => Some(
            "By its own words the server took the REGISTER for a request to pass on, and found no address for its domain in DNS: it does not \
             serve that domain, or does not know that it does.",
        ),
        _ => same,
    }
}

fn request<'c>(transaction: &Transaction, call: &'c Call) -> Option<&'c Message> {
    Some(&call.message(transaction.request?)?.message)
}

/// Whether one of these causes of Q.850 stands in Reason.
fn gives_cause(response: &Message, causes: &[u32]) -> bool {
    response.reasons().iter().any(|r| r.is("Q.850") && r.cause.is_some_and(|cause| causes.contains(&cause)))
}

/// Whether Reason has a cause of Q.850 that no called party and no absent one gives, such as a missing circuit or a protocol error.
pub(super) fn gives_technical_cause(response: &Message) -> bool {
    let of_a_party = |cause: u32| cause == 0 || (16..=21).contains(&cause) || cause == 31;
    response.reasons().iter().any(|r| r.is("Q.850") && r.cause.is_some_and(|cause| !of_a_party(cause)))
}

/// Whether the capture has an earlier request of the same client in the dialog, whose CSeq can be compared.
fn has_earlier(transaction: &Transaction, call: &Call) -> bool {
    call.transactions.iter().any(|t| {
        t.leg == transaction.leg
            && t.client.address == transaction.client.address
            && t.start < transaction.start
            && t.request.is_some()
    })
}

/// Whether a Warning says that sips was used where it is not allowed, or not used where it must be (RFC 5630 §6.2, §6.3).
fn speaks_of_sips(response: &Message) -> bool {
    let warnings = response.values(HeaderName::Warning);
    warnings.iter().filter_map(|value| Warning::read(value)).any(|warning| matches!(warning.code, 380 | 381))
}

/// What to say instead of a missing registration where Reason, or words for people, show that the called party was reached, or that somebody
/// rejected the call.
fn was_reached(response: &Message) -> Option<&'static str> {
    let reasons = response.reasons();
    let has = |(cause, statuses): (u32, [u32; 2])| {
        reasons.iter().any(|reason| {
            let is_among = |causes: &[u32]| reason.cause.is_some_and(|cause| causes.contains(&cause));
            reason.is("Q.850") && is_among(&[cause]) || reason.is("SIP") && is_among(&statuses)
        })
    };
    if has(REJECTED) || reasons.iter().any(says_unwanted) {
        Some(
            "Do not look for a missing registration: by its Reason the call was rejected, by the called party or by a network in front of it.",
        )
    } else if has(BUSY) {
        Some("Do not look for a missing registration: by its Reason the called party is busy.")
    } else {
        OwnWords::of(response).map(|words| match words {
            OwnWords::DoNotDisturb => {
                "Do not look for a missing registration: by its own words the called party, or its device, wants no calls at the moment (do not disturb)."
            }
            OwnWords::Busy => "Do not look for a missing registration: by its own words the called party is busy.",
        })
    }
}

/// Whether the server took the next call of the same client.
fn took_the_next(transaction: &Transaction, call: &Call) -> bool {
    GotThrough::of(call).is_some_and(|through| through.is_at(transaction.server.address))
}

/// Whether the called user is a name, such as `telephone1`, and no number of any form.
fn dials_a_name(transaction: &Transaction, call: &Call) -> bool {
    let target = request(transaction, call).and_then(Message::target);
    let user = target.as_ref().and_then(UriView::user_name);
    user.is_some_and(|user| {
        user.bytes().any(|octet| octet.is_ascii_alphabetic()) || !user.bytes().any(|octet| octet.is_ascii_digit())
    })
}

/// Whether the request offers T.38.
fn offers_fax(transaction: &Transaction, call: &Call) -> bool {
    let sdp = request(transaction, call).and_then(Message::sdp);
    let is_fax = |media: &Media| media.kind == "image" && media.formats.iter().any(|f| f.eq_ignore_ascii_case("t38"));
    sdp.is_some_and(|sdp| sdp.media.iter().any(is_fax))
}

/// Whether the Request-URI is known to have that scheme.
fn asks_for(transaction: &Transaction, call: &Call, scheme: &Scheme) -> bool {
    request(transaction, call).and_then(Message::request_uri).is_some_and(|uri| uri.scheme == *scheme)
}

fn is_signed(request: &Message) -> bool {
    request.has(HeaderName::Identity)
}

/// Whether a signature has neither header nor payload, which the verifier has to rebuild (RFC 8224 §4.1.3).
fn has_compact_form(request: &Message) -> bool {
    request.values(HeaderName::Identity).iter().any(|value| value.trim_start().starts_with(".."))
}

/// The status that says that it rang, or may have: 180 does, an announcement (183) may have been of ringing.
fn rang(transaction: &Transaction, call: &Call) -> Option<u16> {
    let statuses = || transaction.provisionals.iter().filter_map(|id| Some(call.message(*id)?.message.status()?.0));
    statuses().find(|status| *status == 180).or_else(|| statuses().find(|status| *status == 183))
}

/// What a response refuses of its request, by the status.
pub(in crate::diagnosis) fn refused(request: &CapturedMessage, status: u16) -> Vec<Evidence> {
    let name = match status {
        406 => HeaderName::Accept,
        415 => HeaderName::ContentType,
        420 => HeaderName::Require,
        422 => HeaderName::SessionExpires,
        423 => HeaderName::Expires,
        489 => HeaderName::Event,
        488 | 606 => return offer(request).into_iter().collect(),
        _ => return Vec::new(),
    };
    let is_there = request.message.has(name);
    is_there.then(|| Evidence::header(request, name, "what was asked for")).into_iter().collect()
}

/// The media sections of the offer.
fn offer(request: &CapturedMessage) -> Option<Evidence> {
    let sdp = request.message.sdp()?;
    let section = |media: &Media| {
        let formats: Vec<_> = media.formats.iter().map(|format| media.codec(format)).collect();
        format!("{} {} {}", media.kind, media.protocol, formats.join(" "))
    };
    let sections: Vec<_> = sdp.media.iter().take(SECTIONS).map(section).collect();
    (!sections.is_empty())
        .then(|| Evidence::at(&request.provenance, Text::new("what was offered"), sections.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::other_methods;
    use super::*;
    use crate::diagnosis::reports::report;
    use crate::{catalog, diagnosis::Finding};

    /// A request with a signature of which header and payload are left out.
    const COMPACT_TOKEN: &str = "INVITE sip:p\nDate: Mon, 30 Mar 2026 14:00:00 GMT\nIdentity: \
        ..bD6RN89cIJmWg_T6gbSWto-3oCD1ejfIh_EAcat7mtYapYbwdu3fq0qD2r1naThSISUo4jokXDmRHqGRXMphwg;info=<https://a.example/c>";

    /// The failure of a request with these lines, after such a response.
    fn failed(request: &str, response: &str) -> Finding {
        let text = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\n{request}\n\n0.1 p > a\n{response}\n\n\
             90.0 a > p call=ping\nOPTIONS sip:p\n\n90.1 p > a call=ping\n200 OK\n"
        );
        let report = report(&text);
        let found = report.findings.iter().find(|f| ["failed-response", "extension-unsupported"].contains(&f.code));
        found.cloned().unwrap_or_else(|| panic!("{request} {response}: {:?}", report.findings))
    }

    #[test]
    fn advice_that_is_fitted_is_there_to_be_given() {
        let of_catalogue = (300..700).filter_map(catalog::lookup).flat_map(|entry| entry.how_to_fix);
        let given: Vec<_> = of_catalogue.copied().chain(other_methods::fixes()).collect();
        for advice in [
            ALLOW,
            REGISTRAR,
            REASON,
            OFFER,
            EVENTS,
            REFUSED,
            ROUTED,
            LOOP,
            OVERLOAD,
            AVOID,
            REGISTERED,
            CAUSES,
            RANG,
            STALE,
            OVER,
            TIMEOUT,
            NUMBER,
            PROVISION,
            SOURCE,
            SRTP,
            ORDER,
            LATE,
            ANY_OFFER,
            NO_CONTACT,
            POINTS_BACK,
            WAS_CALLED,
            NEW_TARGET,
            SIGN_ANEW,
            TO_SIP,
            OVER_TLS,
            COMPACT,
            LONGER_SESSION,
            RAISE_SESSION,
            LONGER_EXPIRY,
            RAISE_EXPIRY,
            MECHANISM,
            ENABLE,
            CANCEL_SEEN,
            NO_CANCEL,
        ] {
            assert!(given.contains(&advice), "{advice}");
        }
        let entries: Vec<_> = (300..700).filter_map(catalog::lookup).collect();
        assert!([RINGS, CODEC].iter().all(|verify| entries.iter().any(|entry| entry.verify == *verify)));
        assert!(entries.iter().any(|entry| catalog::acting(entry.who_acts) == Some(BACK_OFF)));
    }

    #[test]
    fn advice_has_its_ground_in_the_response() {
        let credentials = "REGISTER sip:p\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"";
        for (request, response, expected, absent) in [
            ("REFER sip:p", "405 No\nAllow: INVITE", "Use only the methods that Allow lists", "For REGISTER"),
            ("REFER sip:p", "405 No\nAllow: INVITE, REFER", "Allow lists REFER all the same", "Use only"),
            ("REFER sip:p", "405 No", "does not say which methods", "Allow lists"),
            ("REGISTER sip:p", "405 No", "For REGISTER, point the client", "Allow lists"),
            ("INVITE sip:p", "404 Not Found", "have the number provisioned", "Reason"),
            ("INVITE sip:1001@p", "404 Not Found", "E.164", "create the user"),
            ("INVITE sip:bob@p", "404 Not Found", "Compare user and domain", "E.164"),
            ("INVITE sip:bob@p", "404 Not Found", "create the user", "have the number"),
            ("INVITE sip:p", "404 Not Found\nReason: Q.850;cause=1", "where a gateway is", "Look at a Reason"),
            ("INVITE sip:p", "488 Not Acceptable Here", "does not say what it would accept", "the Warning in"),
            ("INVITE sip:p", "488 Not\nWarning: 305 p \"no\"", "the Warning in", "does not say"),
            ("SUBSCRIBE sip:p", "489 Bad Event", "names no package", "Allow-Events"),
            ("SUBSCRIBE sip:p", "489 Bad Event\nAllow-Events: presence", "that Allow-Events lists", "names no"),
            ("PUBLISH sip:p", "489 Bad Event\nAllow-Events: presence", "publish nothing", "subscription"),
            (
                "REGISTER sip:p.example\nMax-Forwards: 9",
                "483 Too Many Hops",
                "takes p.example for a name of its own",
                "Read the Via",
            ),
            ("REGISTER sip:p", "503 Service Unavailable", "leave this one alone for a while", "Retry-After"),
            ("REGISTER sip:p", "503 Busy\nRetry-After: 9", "the time that Retry-After gives", "for a while"),
            ("REGISTER sip:p", "503 Busy\nRetry-After: 0", "leave this one alone for a while", "Retry-After"),
            ("INVITE sip:p", "503 Service Unavailable", "Route to the next server.", "Retry-After"),
            ("REGISTER sip:p", "403 Forbidden", "carried no credentials", "Enter user name"),
            (credentials, "403 Forbidden", "Enter user name and password again", "carried no"),
            ("INVITE sip:p", "404 No\nReason: Q.850;cause=28", "have the number provisioned", "cause 1, 2"),
            ("INVITE sip:p", "403 Wrong password", "Ask the refusing operator", "Stale"),
            (
                "INVITE sip:p\nIdentity: a.b.c;info=<https://a.example/c>",
                "403 Forbidden",
                "For `Stale Date`",
                "carried no",
            ),
            ("INVITE sip:p", "403 Stale Date", "Set the clock of the signing server", "Source address"),
            ("INVITE tel:+12155550100", "416 No", "Rewrite tel: numbers", "sips:"),
            ("INVITE sips:bob@p", "416 No", "Send requests for sips: over TLS", "tel:"),
            ("INVITE sip:p", "438 No", "Capture behind the element that signs", "compact form"),
            (COMPACT_TOKEN, "438 No", "compact form", "Capture behind"),
            ("INVITE sip:p", "422 No\nMin-SE: 1800", "Raise Session-Expires", "Nothing needs repair"),
            ("REGISTER sip:p", "423 No\nMin-Expires: 300", "Raise the registration", "Otherwise"),
            ("INVITE sip:p", "494 No\nSecurity-Server: tls", "Enable one of the mechanisms", "Nothing needs repair"),
            ("INVITE sip:p", "487 Request Terminated", "Look upstream for what", "when the CANCEL is visible"),
            ("INVITE sip:p", "699 Odd", "what the code means there", "answer 486"),
            ("INVITE sip:p\nMax-Forwards: 6", "483 Too Many Hops", "raise Max-Forwards", "The loop is in"),
            ("INVITE sip:p\nMax-Forwards: 6", "483 Too Many Hops", "If the request goes round", "Read the Via"),
            ("INVITE sip:p\nMax-Forwards: 0", "483 Too Many Hops", "for hops that used Max-Forwards up", "goes round"),
            ("INVITE sip:p\nMax-Forwards: 0", "483 Too Many Hops", "raise Max-Forwards", "in or behind"),
            ("MESSAGE sip:p", "481 No", "Compare Call-ID and both tags", "For a BYE"),
            ("BYE sip:p", "481 No", "For a BYE or CANCEL nothing", "Reason"),
            ("INVITE sip:p", "480 No\nReason: Q.850;cause=21", "the call was rejected", "Look for a registration"),
            ("INVITE sip:p", "480 No\nReason: SIP;cause=603", "the call was rejected", "Look for a registration"),
            ("INVITE sip:p", "480 No\nReason: FreeSWITCH;cause=819", "Take it for the 607", "registration"),
            ("INVITE sip:p", "480 No\nReason: Q.850;cause=17", "the called party is busy", "Look for a registration"),
            ("INVITE sip:p", "480 Do Not Disturb", "wants no calls at the moment", "Look for a registration"),
            (
                "INVITE sip:p",
                "480 No\nWarning: 399 p \"User busy\"",
                "the called party is busy",
                "Look for a registration",
            ),
            ("INVITE sip:p", "480 Server busy", "Look for a registration", "Do not look"),
            ("INVITE sip:p", "480 No\nReason: Q.850;cause=16", "Look for a registration", "Do not look"),
            ("INVITE sip:p", "480 No\nReason: SIP;cause=21", "Look for a registration", "Do not look"),
            ("INVITE sip:p", "183 In band\n\n9 p > a\n480 No\nReason: Q.850;cause=21", "Do not look", "rang before"),
            ("INVITE sip:p", "606 No", "does not say what it would accept", "Warning"),
            ("INVITE sip:p", "606 No\nWarning: 305 p \"no\"", "the offer with Warning", "does not say"),
            ("REFER sip:p\nTo: <sip:p>;tag=x", "503 No", "Look at the load", "next server"),
            ("INVITE sip:p", "500 No", "Look into the log", "compare the CSeq"),
            ("INFO sip:p\nTo: <sip:p>;tag=x", "500 No", "compare the CSeq", "Stale"),
            ("INVITE sip:p", "403 No", "Source address and port", "Stale"),
            ("INVITE sip:p", "180 Ringing\n\n9 p > a\n403 No", "From and P-Asserted-Identity", "Source address"),
            ("INVITE sip:p", "480 Unavailable", "Look for a registration", "rang before"),
            ("INVITE sip:p", "480 Unavailable", "Look for a registration", "Read "),
            ("INVITE sip:p", "480 No\nReason: Q.850;cause=20", "where a gateway is behind", "Warning"),
            ("INVITE sip:p", "480 No\nWarning: 381 p \"sips\"", "By its Warning sip and sips", "Reason"),
            ("INVITE sip:p", "480 No\nReason: Q.850;cause=20\nWarning: 399 p \"x\"", "where a gateway is", "Warning"),
            ("INVITE sip:p", "480 No\nWarning: 399 p \"x\"", "Look for a registration", "Warning"),
            ("INVITE sip:p", "180 Ringing\n\n9 p > a\n480 No", "The call rang before: it", "Look for a registration"),
            ("INVITE sip:p", "183 Progress\n\n9 p > a\n480 No", "If the call rang before", "The call rang"),
            ("INVITE sip:p", "183 Progress\n\n9 p > a\n480 No", "Look for a registration", "Read "),
            ("REGISTER sip:p", "480 No DNS results", "By its own words", "If it speaks"),
            ("REGISTER sip:p", "480 Temporarily Unavailable", "If it speaks of DNS", "By its own words"),
        ] {
            let advice: Vec<_> = failed(request, response).remediation.iter().map(ToString::to_string).collect();
            let has = |words: &str| advice.iter().any(|fix| fix.contains(words));
            assert_eq!((has(expected), has(absent)), (true, false), "{request}, {response}: {advice:#?}");
        }
    }

    #[test]
    fn a_call_that_was_rejected_says_nothing_of_registrations() {
        for (response, told) in [
            ("480 No", true),
            ("480 DND", false),
            ("480 No\nReason: Q.850;cause=21", false),
            ("180 Ringing\n\n5 p > a\n480 No", false),
        ] {
            let verification = failed("INVITE sip:p", response).verification.as_ref().map(ToString::to_string);
            assert_eq!(verification.is_some_and(|text| text.contains("registered")), told, "{response}");
        }
    }

    #[test]
    fn nobody_is_told_to_do_without_what_is_needed() {
        for (method, dispensable) in [("SUBSCRIBE", true), ("REGISTER", false), ("BYE", false)] {
            let verification =
                failed(&format!("{method} sip:p"), "404 Not Found").verification.clone().unwrap().to_string();
            assert!(verification.starts_with(&format!("The next {method} is accepted")), "{verification}");
            assert_eq!(verification.contains("no longer sent"), dispensable, "{verification}");
        }
    }

    #[test]
    fn what_was_refused_is_quoted() {
        let offer = "INVITE sip:p\nContent-Type: application/sdp\n.\nv=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n\
            m=audio 4000 RTP/AVP 8 96\na=rtpmap:96 opus/48000/2";
        for (request, response, quoted) in [
            ("SUBSCRIBE sip:p\nEvent: presence", "489 Bad Event", Some("Event: presence")),
            ("SUBSCRIBE sip:p", "489 Bad Event", None),
            ("INVITE sip:p\nRequire: 100rel", "420 Bad Extension\nUnsupported: 100rel", Some("Require: 100rel")),
            (offer, "488 Not Acceptable Here", Some("audio RTP/AVP PCMA/8000 opus/48000/2")),
            (offer, "486 Busy Here", None),
        ] {
            let finding = failed(request, response);
            let asked = ["what was asked for", "what was offered"];
            let found = finding.evidence.iter().find(|e| asked.contains(&e.what.to_string().as_str()));
            assert_eq!(found.map(|e| &*e.text), quoted, "{request}, {response}");
        }
    }
}
