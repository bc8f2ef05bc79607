//! Requests inside a dialog that fail because they do not go by the proxies that want to see them.

mod fault;

use std::net::IpAddr;

use self::fault::{Broken, Fault};
use super::no_response::Silence;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::{Repeated, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, response_facts,
};
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "route-set-broken",
    summary: "A request inside a dialog fails that does not go by the proxies that recorded their route, as its Route is missing or wrong.",
    severity: Severity::Error,
    references: &[
        "RFC 3261 §12.1.1",
        "RFC 3261 §12.1.2",
        "RFC 3261 §12.2.1.1",
        "RFC 3261 §16.4",
        "RFC 3261 §16.6",
        "RFC 3261 §16.12",
    ],
    explanation: Explanation {
        what_it_means: "Proxies that want to stay in the way of a call add Record-Route to its INVITE, and who answers copies that into the 2xx. From \
            then on both ends send all requests of the call along these proxies, by Route: the caller in the opposite order, the callee in the same. Here \
            a BYE, re-INVITE or other request of one end was captured where it was sent, its Route is missing or another one, and it was refused, or \
            got no response.",
        why_it_matters: "The call cannot be changed or ended by that end: it goes on at the other one, and may go on being charged. A proxy, firewall or \
            gateway that knows the call does not know who sends past the proxies.",
        likely_causes: "- The client keeps no route set, or loses it: after a transfer, a restart, a re-INVITE.\n\
            - It takes Record-Route in the wrong order: a caller has to reverse it.\n\
            - Who answered left Record-Route out of its 2xx.\n\
            - An application layer gateway or border controller changes Record-Route or Route on one way only.\n\
            - A proxy writes Record-Route without \"lr\": clients then write their requests as RFC 2543 had it, which hardly any proxy handles any more.",
        how_to_fix: "- Compare Route of the request with Record-Route of the 200 (from the last value to the first) or, at the called end, of the INVITE.\n\
            - Let who answers copy all Record-Route values of the INVITE, in their order.\n\
            - Let proxies write \"lr\" into their Record-Route, and an address or name that both sides reach.\n\
            - Switch off application layer gateways.",
        how_to_confirm: "Call again and hang up at the end whose request failed: its BYE goes to the first proxy, with Route, and gets a 200.",
        when_this_is_wrong: "- A request that goes past the proxies and is accepted does no harm here, and is not told.\n\
            - Proxies without Record-Route want nothing of later requests. Two values of one proxy with two interfaces are one route set like any other.\n\
            - A border controller or other B2BUA has a dialog of its own on each side: each is looked at by itself.\n\
            - Parameters of the values are not compared, and neither are names with addresses.\n\
            - The other end may have refused the request for another reason: what it refuses itself is told only where that is 403.",
    },
    detect: Detect::Given(Facts::FAILURE, detect),
};

/// Statuses by which a proxy or server says that it does not know what to do with a request, or whose it is.
const STATUSES: &[u16] = &[403, 404, 408, 480, 481, 482, 483, 604];

/// A request that failed, with what was wrong with its way.
struct Case<'a> {
    transaction: &'a Transaction,
    broken: Broken<'a>,
    refused: Option<Refused<'a>>,
}

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.transactions.iter().all(|t| !t.in_dialog || t.method == Method::Ack) {
        return;
    }
    let refused = Refused::by_whom(call, STATUSES).into_iter();
    let refused = refused.filter_map(|refused| {
        let broken = of_refusal(call, refused.transaction, refused.response)?;
        Some(Case { transaction: refused.transaction, broken, refused: Some(refused) })
    });
    let silent = Silence::all(call, cx).into_iter().filter_map(|silence| {
        let broken = of_silence(&silence)?;
        Some(Case { transaction: silence.transaction, broken, refused: None })
    });
    let mut cases: Vec<_> = refused.chain(silent).collect();
    cases.sort_by_key(|case| (rank(&case.transaction.method), case.transaction.start));
    let mut told: Vec<(usize, &[u8])> = Vec::new();
    for case in &cases {
        // What is wrong with the way of one request of an end is wrong with that of all.
        let end = (case.transaction.leg, case.broken.request.message.from_tag().unwrap_or_default());
        if !told.contains(&end) {
            told.push(end);
            let of_end = |other: &&Case<'_>| {
                let message = &other.broken.request.message;
                other.transaction.leg == end.0 && message.from_tag() == Some(end.1)
            };
            let others = cases.iter().filter(of_end).filter(|other| !std::ptr::eq(*other, case));
            out.push(finding(case, others));
        }
    }
}

/// Requests whose loss ends or disturbs a call come first.
fn rank(method: &Method) -> u8 {
    u8::from(!matters(method))
}

fn matters(method: &Method) -> bool {
    matches!(method, Method::Bye | Method::Invite | Method::Update)
}

/// Whether this rule tells why a request was refused.
pub(super) fn tells_of_refusal(call: &Call, transaction: &Transaction, response: &CapturedMessage) -> bool {
    of_refusal(call, transaction, response).is_some()
}

/// Whether this rule tells why there was no response.
pub(super) fn tells_of_silence(silence: &Silence<'_>) -> bool {
    of_silence(silence).is_some()
}

fn of_refusal<'a>(call: &'a Call, transaction: &Transaction, response: &CapturedMessage) -> Option<Broken<'a>> {
    let status = response.message.status()?.0;
    if !transaction.in_dialog || !STATUSES.contains(&status) {
        return None;
    }
    let broken = Broken::of(call, transaction)?;
    // Who knows strict routing, and waited in vain behind it, was not misled.
    if matches!(broken.fault, Fault::Strict { obeyed: true, .. }) && matches!(status, 408 | 480) {
        return None;
    }
    let by = response.provenance.flow.source.address;
    // Who has the dialog refuses a request for other reasons than its way, unless it takes none but from its proxy.
    let is_by_peer = is_end(call, transaction, &broken, by);
    // What a proxy passed on to the other end all the same did not fail for its way.
    let was_passed_on = chain(call, transaction).skip(1).any(|t| is_end(call, transaction, &broken, t.server.address));
    (!was_passed_on && (!is_by_peer || status == 403) && !is_told_of_ack(call, transaction, &broken)).then_some(broken)
}

fn of_silence<'a>(silence: &Silence<'a>) -> Option<Broken<'a>> {
    if !silence.transaction.in_dialog || !(silence.icmp().is_some() || silence.is_proven()) {
        return None;
    }
    let broken = Broken::of(silence.call, silence.transaction)?;
    // What went straight to the other end is not lost for want of Record-Route.
    let is_told = !matches!(broken.fault, Fault::Unrecorded(_))
        || !is_end(silence.call, silence.transaction, &broken, silence.transaction.server.address);
    (is_told && !is_told_of_ack(silence.call, silence.transaction, &broken)).then_some(broken)
}

/// A request on all its hops, as far as it did not fork.
fn chain<'a>(call: &'a Call, transaction: &'a Transaction) -> impl Iterator<Item = &'a Transaction> {
    let next = |t: &&'a Transaction| t.downstream.last().and_then(|id| call.transaction(*id));
    // More steps than transactions would be a circle.
    std::iter::successors(Some(transaction), next).take(call.transactions.len())
}

/// Whether an address is that of the other end of the dialog, as it was heard.
fn is_end(call: &Call, transaction: &Transaction, broken: &Broken<'_>, address: IpAddr) -> bool {
    let dialogs = Dialog::all(call, transaction.leg);
    let Some(dialog) = dialogs.iter().find(|d| d.holds(&broken.request.message)) else { return false };
    if !dialog.is_from_caller(&broken.request.message) {
        return dialog.beginning.client.address == address;
    }
    let is_deepest =
        |t: &&Transaction| t.leg == transaction.leg && t.method == Method::Invite && t.downstream.is_empty();
    call.transactions.iter().filter(is_deepest).any(|t| !t.in_dialog && t.server.address == address)
}

/// Whether the ACK of the caller went the wrong way as well, and that is told.
fn is_told_of_ack(call: &Call, transaction: &Transaction, broken: &Broken<'_>) -> bool {
    broken.is_told_by_response() && Repeated::in_spite_of_ack(call).iter().any(|r| r.first.leg == transaction.leg)
}

fn finding<'a>(case: &Case<'_>, others: impl Iterator<Item = &'a Case<'a>>) -> Finding {
    let Case { transaction, broken, refused } = case;
    let text = match refused {
        Some(refused) => Text::new("{client} sent {method} to {server}, and got {status} from {responder}. {fault}")
            .with("status", response_facts::status_line(refused.response))
            .with("responder", refused.response.provenance.flow.source),
        None => Text::new("{client} sent {method} to {server}, and got no response. {fault}"),
    };
    let text = text
        .with("client", transaction.client)
        .with("method", &transaction.method)
        .with("server", transaction.server)
        .with("fault", broken.sentence());
    let passed = broken.passes().map(|first| Text::new("It went past {proxy}.").with("proxy", &first.host));
    let request = Evidence::of(broken.request, "the request");
    let (primary, request) = match refused {
        Some(refused) => {
            let what = Text::new("{status} response").with("status", refused.status());
            (Evidence::of(refused.response, what), Some(request))
        }
        None => (request, None),
    };
    let severity = if matters(&transaction.method) { Severity::Error } else { Severity::Warning };
    let likewise = others.map(|other| match &other.refused {
        Some(refused) => Evidence::of(refused.response, "the same of another request of that end"),
        None => Evidence::of(other.broken.request, "the same of another request of that end"),
    });
    let finding = Finding::new(&RULE, Certainty::Strong, with_reason(text, passed), primary)
        .severity(severity)
        .evidence(request)
        .evidence(broken.evidence())
        .evidence(likewise)
        .actor(actor(case));
    fixes(finding, case).verify(
        Text::new(
            "Call again and let {client} send its {method}: it goes to the first proxy, with Route, and gets a 2xx.",
        )
        .with("client", transaction.client.address)
        .with("method", &transaction.method),
    )
}

fn actor(case: &Case<'_>) -> Actor {
    let Case { broken, .. } = case;
    match &broken.fault {
        Fault::Unrecorded(invite) => Actor::at(
            invite.provenance.flow.destination,
            "operator of the server that answered without Record-Route, or of the proxy in front of it",
        ),
        Fault::Strict { .. } => Actor::role("operator of the proxy that writes Record-Route without \"lr\""),
        _ => Actor::sender(broken.request, "operator of the end whose Route is missing or wrong"),
    }
}

fn fixes(finding: Finding, case: &Case<'_>) -> Finding {
    let Case { transaction, broken, .. } = case;
    let gateways = "Look for an application layer gateway between {client} and the proxy, and switch it off: some of them change Record-Route or Route.";
    let gateways = Text::new(gateways).with("client", transaction.client.address);
    match (&broken.fault, broken.is_told_by_response()) {
        (Fault::Unrecorded(_), _) => finding
            .fix("Let who answers copy Record-Route from the INVITE into its 2xx, all values in the same order (RFC 3261 §12.1.1)."),
        (Fault::Strict { .. }, _) => match broken.first() {
            Some(first) => finding.fix(
                Text::new("Let {proxy} write \"lr\" into its Record-Route (RFC 3261 §16.6): loose routing is what clients and proxies do today.")
                    .with("proxy", &first.host),
            ),
            None => finding,
        },
        (_, true) => finding
            .fix(
                Text::new("Let {client} send all requests of the call with the Record-Route values of the 2xx as Route, from the last to the first (RFC 3261 §12.1.2).")
                    .with("client", transaction.client.address),
            )
            .fix(gateways),
        (_, false) => finding
            .fix(
                Text::new("Let {client} send all requests of the call with the Record-Route values of the INVITE as Route, in their order (RFC 3261 §12.1.1).")
                    .with("client", transaction.client.address),
            )
            .fix(gateways),
    }
}

#[cfg(test)]
mod tests;
