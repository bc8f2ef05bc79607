//! Requests inside a dialog that go to the Contact of the other end, where nobody answers.

mod contact;
#[cfg(test)]
mod tests;

use self::contact::Unreachable;
use super::no_response::Silence;
use crate::call::Call;
use crate::diagnosis::address_scope::scope;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;

pub(super) static RULE: Rule = Rule {
    code: "dialog-contact-unreachable",
    summary: "A request inside a dialog that goes to the Contact of the other end and gets no answer, as that end was heard from another address.",
    severity: Severity::Error,
    references: &["RFC 3261 §12.2.1.1", "RFC 3261 §8.1.1.8", "RFC 3261 §16.6", "RFC 5626"],
    explanation: Explanation {
        what_it_means: "Requests inside a dialog go to the address in the Contact of the other end, unless a proxy has put itself into the way with \
            Record-Route. Here that end began the dialog from one address and names another one in its Contact, and nothing sent there was answered, \
            nor did anything come from there.",
        why_it_matters: "The call is set up, and can then be neither changed nor ended from the other side: the BYE of whoever hangs up is lost, and the end that \
            does not hear of it goes on, and may go on being charged; session timers and holds fail, and NOTIFYs are lost.",
        likely_causes: "- A client behind NAT writes its private address into Contact.\n\
            - A server or border controller with several interfaces writes the address of the wrong one, or a name that leads elsewhere.\n\
            - A proxy that the first request passed has no Record-Route, and the ends cannot reach one another without it.\n\
            - A firewall lets pass what the end sends, and not what is sent to the address in its Contact.",
        how_to_fix: "- Let the end write an address into Contact at which it can be reached from where the other one is (settings for the external address, STUN).\n\
            - Let the proxy or border controller in between record its route, or rewrite the Contact to where the request came from.",
        how_to_confirm: "Call again and hang up on the side whose request was lost: the BYE gets a 200.",
        when_this_is_wrong: "- The end went down after it began the dialog. Where nothing was heard of it after the request, that is a warning, and a weak one unless its \
            Contact has a private address.\n\
            - Requests with a Route go along that, and are told as no-response; so are those to an address from which SIP came elsewhere in the capture.\n\
            - An ACK that does not arrive is told as ack-misrouted or answer-not-acknowledged, with what follows from it.",
    },
    detect: Detect::of_silence(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for silence in Silence::all(call, cx) {
        out.extend(Unreachable::of(&silence, cx).map(|found| finding(&silence, &found)));
    }
}

/// Whether it says why there was no response.
pub(super) fn tells(silence: &Silence<'_>, cx: &Context<'_>) -> bool {
    Unreachable::of(silence, cx).is_some()
}

fn finding(silence: &Silence<'_>, found: &Unreachable<'_>) -> Finding {
    let (transaction, peer) = (silence.transaction, found.named.provenance.flow.source);
    let text = Text::new(
        "{client} sent {method} to {server}, as the Contact of the other end says, and got no response; the {message} with that Contact came from {peer}, and no \
         SIP message of this call came from {server}.",
    );
    let text = text
        .with("client", transaction.client)
        .with("method", &transaction.method)
        .with("server", transaction.server)
        .with("message", found.message())
        .with("peer", peer);
    let hidden = found.is_hidden.then(|| {
        Text::new("{host} is {scope}, which cannot be reached from {client}: that end is behind NAT.")
            .with("host", transaction.server.address)
            .with("scope", Text::new(scope(transaction.server.address).words()))
            .with("client", transaction.client.address)
    });
    let (severity, certainty) = match (silence.icmp(), found.sign_of_life) {
        (Some(_), _) => (Severity::Error, Certainty::Certain),
        (None, Some(_)) => (Severity::Error, Certainty::Strong),
        (None, None) => (Severity::Warning, if found.is_hidden { Certainty::Strong } else { Certainty::Weak }),
    };
    let finding = Finding::new(&RULE, certainty, with_reason(text, hidden), Evidence::of(silence.request, "the request"))
        .severity(severity)
        .evidence(silence.last.map(|m| Evidence::of(m, "its last retransmission")))
        .evidence([Evidence::header(found.named, HeaderName::Contact, "names where such requests are to be sent")])
        .evidence(silence.icmp().map(Evidence::icmp))
        .evidence(found.sign_of_life.map(|m| Evidence::of(m, "comes from that end later: it is still there")))
        .actor(Actor::sender(found.named, "operator of the end that writes this Contact, or of the proxy in front of it"))
        .fix(
            Text::new("Let the end at {peer} write an address into Contact at which {client} can reach it (its setting for the external address, STUN), or let the \
                       proxy or border controller in front of it put that right.")
                .with("peer", peer)
                .with("client", transaction.client.address),
        );
    let finding = if found.is_hidden {
        finding
    } else {
        finding.fix(
            Text::new("If {peer} is a proxy that has to stay in the way, let it add Record-Route; else see whether a firewall in front of {server} drops the request.")
                .with("peer", peer)
                .with("server", transaction.server),
        )
    };
    finding.verify(
        Text::new("Call again and let {client} send its {method}: it gets a response.")
            .with("client", transaction.client.address)
            .with("method", &transaction.method),
    )
}
