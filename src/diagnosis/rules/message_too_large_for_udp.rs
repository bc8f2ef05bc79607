//! A request over UDP that nobody answered, and that is larger than those that were answered.

use std::time::Duration;

use super::no_response::{Silence, times};
use crate::call::Call;
use crate::diagnosis::datagrams::{Answered, LARGE, is_fragmented};
use crate::diagnosis::{
    Actor, Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::provenance::Transport;
use crate::sip::HeaderName;

/// A request that is larger by less than this is as large: no limit lies just in between.
const MARGIN: usize = 100;

/// How long before a server that answers is taken to be up still.
const LATELY: Duration = Duration::from_mins(2);

/// How long before it is not taken to have gone meanwhile. A pair that answers all the time is noted every ten seconds.
const JUST_NOW: Duration = Duration::from_secs(20);

/// From this size on a session description is worth being made smaller.
const LONG_BODY: usize = 600;

pub(super) static RULE: Rule = Rule {
    code: "message-too-large-for-udp",
    summary: "A large request over UDP got no response, while smaller ones of the same client to the same server did.",
    severity: Severity::Warning,
    references: &["RFC 3261 §18.1.1", "RFC 3261 §18.1.2", "RFC 8085 §3.2", "RFC 4963"],
    explanation: Explanation {
        what_it_means: "The request is larger than the 1300 octets from which RFC 3261 asks for TCP or another transport with congestion control, or \
            it takes several IP fragments. It was repeated until its timer ran out, and nothing came back. The same client got responses of the same \
            server to smaller requests, and to none that is as large or takes fragments: the way works, and not for this size.",
        why_it_matters: "It fails for some calls and not for others: those with credentials, with a signature (Identity), with many codecs, video or ICE \
            candidates, or with many hops (Via, Record-Route). Such faults are looked for in numbers, accounts and routes, where they are not.",
        likely_causes: "- A firewall, NAT or border controller drops IP fragments, or forwards the first one only.\n\
            - A tunnel or an access line (VPN, PPPoE) has a smaller MTU, and the packets are lost there without a word.\n\
            - The receiver has a buffer of fixed length, and drops what does not fit.\n\
            - Requests grew: a PASSporT, further codecs, WebRTC offers, credentials with long nonces.",
        how_to_fix: "- Use TCP or TLS between the two, at least for large requests (RFC 3261 §18.1.1).\n\
            - Make requests smaller: fewer codecs and candidates, no header fields that nobody reads, compact forms.\n\
            - Let firewalls reassemble or pass IP fragments; look for a smaller MTU on the way.",
        how_to_confirm: "A request of that size gets 100 or another response within half a second. A capture at the server shows whether all fragments \
            arrive.",
        when_this_is_wrong: "- A large request that was answered is no finding: that is common, and works where fragments get through.\n\
            - Nor is one of about the size of another that was answered.\n\
            - The server may drop this request for another reason, such as its method or its sender, and answer others: where the request takes no \
            fragments, the finding is a weak one.\n\
            - Where no smaller request was answered, or none since two minutes before, nothing shows that the way works (no-response).\n\
            - Where the last answer came more than 20 seconds before, the server may have gone down meanwhile: then the finding is a weak one.\n\
            - Where the capture may lack the response, nothing is said of size.",
    },
    detect: Detect::Compared(Facts::SILENT, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    for silence in Silence::all(call, cx) {
        out.extend(answered(&silence, cx).map(|answered| finding(&silence, &answered)));
    }
}

/// Whether it says why there was no response.
pub(super) fn tells(silence: &Silence<'_>, cx: &Compared<'_>) -> bool {
    answered(silence, cx).is_some()
}

/// The smaller requests that were answered, where nothing as large was.
fn answered(silence: &Silence<'_>, cx: &Compared<'_>) -> Option<Answered> {
    let request = silence.request;
    let octets = request.message.raw().len();
    let is_large = octets > LARGE || is_fragmented(request);
    if !is_large
        || request.provenance.flow.transport != Transport::Udp
        || request.message.is_cut()
        || !silence.is_proven()
    {
        return None;
    }
    let (client, server) = (silence.transaction.client.address, silence.transaction.server);
    let own = Answered::in_call(silence.call, client, server);
    let all = [own, cx.earlier.datagrams.of(client, server).cloned()].into_iter().flatten().reduce(Answered::with)?;
    // What was answered long before says nothing: the server may have gone since.
    let is_up = all.response.time.plus(LATELY) >= silence.transaction.start;
    (is_up && all.most + MARGIN < octets && !all.in_fragments).then_some(all)
}

fn finding(silence: &Silence<'_>, answered: &Answered) -> Finding {
    let Silence { transaction, request, .. } = *silence;
    let octets = request.message.raw().len();
    let in_fragments = is_fragmented(request);
    let may_be_down = in_fragments && answered.response.time.plus(JUST_NOW) < transaction.start;
    let text = Text::new(if may_be_down {
        "{client} sent {method} with {octets} octets, which takes IP fragments, to {server} {times} and got no response, though a request with {least} octets \
         was answered {ago} before: perhaps the fragments do not get through. Nothing shows that the server is still up: no later request was answered \
         before the client gave up."
    } else if in_fragments {
        "{client} sent {method} with {octets} octets, which takes IP fragments, to {server} {times} and got no response, though a request with {least} octets \
         was answered: most likely the fragments do not get through."
    } else {
        "{client} sent {method} with {octets} octets to {server} {times} and got no response, though a request with {least} octets was answered, and none as \
         large. It may be too large for the way, or for the server (RFC 3261 §18.1.1); the capture does not show that it was fragmented."
    });
    let text = text
        .with("client", transaction.client)
        .with("method", &transaction.method)
        .with("octets", octets)
        .with("server", transaction.server)
        .with("times", times(silence))
        .with("least", answered.octets);
    let text = if may_be_down { text.with("ago", span(transaction.start.since(answered.response.time))) } else { text };
    let certainty = if in_fragments && !may_be_down { Certainty::Strong } else { Certainty::Weak };
    let mut finding = Finding::new(&RULE, certainty, text, Evidence::of(request, "the request"))
        .severity(silence.severity)
        .evidence(silence.last.map(|m| Evidence::of(m, "its last retransmission")))
        .evidence([answered.response.clone()])
        .actor(Actor::at(
            transaction.client,
            "the operator of the client, and of the firewalls and routers on the way to the server",
        ))
        .fix(
            Text::new("Let {client} use TCP or TLS towards {server}, at least for requests above 1300 octets.")
                .with("client", transaction.client)
                .with("server", transaction.server),
        );
    for fix in smaller(silence) {
        finding = finding.fix(fix);
    }
    finding
        .fix(
            Text::new("Capture in front of {server}: where a fragment is missing there, look at the firewalls, NAT and tunnels in between; where all arrive, at the server.")
                .with("server", transaction.server),
        )
        .verify("The next request of that size gets 100 or another response within half a second.")
}

/// What there is to leave out.
fn smaller(silence: &Silence<'_>) -> Vec<Text> {
    let message = &silence.request.message;
    let body = message.body().len();
    let mut fixes = Vec::new();
    if body > LONG_BODY {
        let text = "Make its body smaller, which has {octets} octets: fewer codecs, media and candidates in the session description.";
        fixes.push(Text::new(text).with("octets", body));
    }
    if message.has(HeaderName::Identity) {
        fixes.push(Text::new(
            "It carries a signature (Identity), which alone takes several hundred octets: signed calls need TCP or TLS between the two.",
        ));
    }
    fixes
}

#[cfg(test)]
mod tests;
