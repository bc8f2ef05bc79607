//! A request that something between two captured places rewrote, although it is no hop of SIP: an application layer gateway.

use std::net::IpAddr;
use std::time::Duration;

use crate::anomaly::Anomaly;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::grouped;
use crate::sip::sdp::Sdp;
use crate::sip::{HeaderName, Message, Method};

pub(super) static RULE: Rule = Rule {
    code: "sip-alg-damage",
    summary: "A router rewrote a request on its way (SIP ALG), and left it broken or only half rewritten.",
    severity: Severity::Error,
    references: &["RFC 3261 §16.6", "RFC 3261 §20.14", "RFC 3581"],
    explanation: Explanation {
        what_it_means: "The capture shows one request on both sides of a translation of addresses (NAT). Each hop of SIP adds a Via of its own and lowers Max-Forwards; here both are \
            the same on both sides, and so is the branch, so that no proxy and no border controller was in between. NAT alone changes addresses and ports of the packet, and \
            nothing inside. Here Contact, Via or the session description has other addresses behind it: an application layer gateway (SIP ALG, SIP helper, fixup, inspection) \
            of the router rewrote them. The finding names what it changed, and what it broke: a Content-Length that does not fit the body any more, a \
            session description without its end, a Contact that is there twice, or inside addresses that it left beside those that it replaced.",
        why_it_matters: "Servers refuse a request whose length is wrong, or drop it. Where only a part was rewritten, calls are set up without audio, or the BYE and the next call go \
            to an address that nobody can reach. It looks like a fault of the telephone, and comes and goes with the router.",
        likely_causes: "- The gateway is switched on as the router was delivered, and knows SIP of twenty years ago: no folding, no compact forms, no second Contact, no ICE.\n\
            - A request larger than one packet was rewritten in its first fragment only.\n\
            - Two such gateways in a row.",
        how_to_fix: "- Switch the gateway off in the router: SIP ALG, SIP helper (FortiGate: session-helper), `no ip nat service sip udp port 5060` (Cisco IOS), the modules nf_nat_sip and \
            nf_conntrack_sip (Linux), SIP transformations (SonicWall).\n\
            - Let the client use rport and keep-alives, and the server answer to where requests come from: neither needs a gateway.\n\
            - Where the router cannot be changed: SIP over TLS, which a gateway cannot read, or another port than 5060.",
        how_to_confirm: "A capture on both sides of the router shows the same octets of a request on both.",
        when_this_is_wrong: "- Load balancers that rewrite SIP without a Via of their own look the same; they are as little a hop, and what is broken is broken.\n\
            - What was rewritten throughout, and fits, is a notice: it works as long as the gateway understands what is sent.\n\
            - One side alone does not show it: then the rule is silent.\n\
            - A client that goes on from another address of its own, or to another one of the server, with the branch that it had is no gateway: where only one of the two requests was \
            answered, the server has another address, or the second came 0.4 s later, nothing is said.",
    },
    detect: Detect::Given(Facts::FURTHER, detect),
};

/// What a router takes to pass on a packet; a client sends its request again after half a second, and perhaps from another address.
const PASSED_ON: Duration = Duration::from_millis(400);

/// Transactions behind one, in order of time, that are looked at for the same request outside: a flood has thousands under one Call-ID.
const LOOK_AHEAD: usize = 16;

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let mut begun = call.transactions.iter().filter(|t| matches!(t.method, Method::Invite | Method::Register));
    // Most calls have one.
    let Some(first) = begun.next().filter(|_| begun.clone().next().is_some()) else { return };
    let all: Vec<&Transaction> = std::iter::once(first).chain(begun).collect();
    let behind = |at: usize| all.iter().skip(at + 1).take(LOOK_AHEAD);
    let pairs = all.iter().enumerate().flat_map(|(at, one)| behind(at).map(move |other| (*one, *other)));
    let rewritten = pairs.filter_map(|(one, other)| Rewritten::of(call, one, other));
    out.extend(rewritten.max_by_key(Rewritten::severity).map(|rewritten| rewritten.finding()));
}

/// A request on both sides of whatever rewrote it.
struct Rewritten<'a> {
    inside: &'a CapturedMessage,
    outside: &'a CapturedMessage,
    changed: Vec<&'static str>,
    damage: Vec<Damage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    /// The body is shorter than Content-Length says.
    TooLong,
    /// It is longer: its end is lost.
    TooShort,
    /// There are more contacts than before.
    SecondContact,
    /// The session description still names the inside address, and Contact another.
    MediaLeft,
    /// The other way round.
    ContactLeft,
}

impl<'a> Rewritten<'a> {
    fn of(call: &'a Call, one: &Transaction, other: &Transaction) -> Option<Self> {
        let is_pair = one.leg == other.leg
            && one.method == other.method
            && one.client.address != other.client.address
            // Who tries another address of the server, or its own, with what it had begun passes nothing on: the first one gets no answer.
            && one.server.address == other.server.address
            && has_response(one) == has_response(other)
            && one.upstream.is_none();
        let (inside, outside) = (call.message(one.request?)?, call.message(other.request?)?);
        let after = outside.provenance.time.since(inside.provenance.time);
        if !is_pair || outside.provenance.time < inside.provenance.time || after > PASSED_ON {
            return None;
        }
        let (from, to) = (&inside.message, &outside.message);
        let is_no_hop = from.branch().is_some_and(|branch| branch.len() > COOKIE && to.branch() == Some(branch))
            && from.cseq() == to.cseq()
            && header(from, HeaderName::MaxForwards) == header(to, HeaderName::MaxForwards)
            && from.vias().len() == to.vias().len();
        if !is_no_hop {
            return None;
        }
        let own = inside.provenance.flow.source.address;
        let (contacts, new_contacts) = (contacts(from), contacts(to));
        let (media, new_media) = (media(from), media(to));
        let mut changed = Vec::new();
        if from.top_via().map(|via| via.host) != to.top_via().map(|via| via.host) {
            changed.push("Via");
        }
        if contacts != new_contacts {
            changed.push("Contact");
        }
        if from.body() != to.body() && !from.body().is_empty() {
            changed.push("SDP");
        }
        if changed.is_empty() {
            return None;
        }
        let is_broken = |kind| to.anomalies().contains(&kind) && !from.anomalies().contains(&kind);
        let has_own = |all: &[IpAddr]| all.contains(&own);
        let is_replaced = |before: &[IpAddr], after: &[IpAddr]| has_own(before) && !after.is_empty() && !has_own(after);
        let mut damage = Vec::new();
        let mut note = |is_there: bool, one: Damage| damage.extend(is_there.then_some(one));
        note(is_broken(Anomaly::ContentLengthTooLong), Damage::TooLong);
        note(is_broken(Anomaly::ContentLengthTooShort), Damage::TooShort);
        note(to.contacts().len() > from.contacts().len(), Damage::SecondContact);
        note(is_replaced(&contacts, &new_contacts) && has_own(&media) && media == new_media, Damage::MediaLeft);
        note(is_replaced(&media, &new_media) && has_own(&contacts) && contacts == new_contacts, Damage::ContactLeft);
        Some(Self { inside, outside, changed, damage })
    }

    fn severity(&self) -> Severity {
        let is_broken = |one: &Damage| !matches!(one, Damage::ContactLeft | Damage::MediaLeft);
        match () {
            () if self.damage.iter().any(is_broken) => Severity::Error,
            () if !self.damage.is_empty() => Severity::Warning,
            () => Severity::Notice,
        }
    }

    fn finding(&self) -> Finding {
        let (inner, outer) = (self.inside.provenance.flow.source, self.outside.provenance.flow.source);
        let text = Text::new(
            "Something between {inner} and {outer} rewrote {what} of the {method}, and is no hop of SIP: Via and Max-Forwards count none, and the branch is the same.",
        )
        .with("inner", inner)
        .with("outer", outer)
        .with("what", Text::list(", ", self.changed.iter().copied()))
        .with("method", self.inside.message.method().map_or("request", Method::name));
        let text =
            with_reason(text, Some(Text::new("An application layer gateway (SIP ALG) of the router does that.")));
        let text = self.damage.iter().fold(text, |text, damage| with_reason(text, Some(self.sentence(*damage))));
        let text = if self.damage.is_empty() {
            with_reason(text, Some(Text::new("What it changed fits together here.")))
        } else {
            text
        };
        let places = [
            self.changed.contains(&"Contact").then_some(HeaderName::Contact),
            self.changed.contains(&"Via").then_some(HeaderName::Via),
            self.is_of_length().then_some(HeaderName::ContentLength),
        ];
        let cited = places.into_iter().flatten().flat_map(|name| {
            [Evidence::header(self.inside, name, "before"), Evidence::header(self.outside, name, "behind it")]
        });
        let finding =
            Finding::new(&RULE, Certainty::Certain, text, Evidence::of(self.outside, "the request as it came out"))
                .severity(self.severity())
                .evidence([Evidence::of(self.inside, "the request as it was sent")])
                .evidence(cited)
                .actor(Actor::at(outer, "operator of the router with that address"));
        if self.damage.is_empty() {
            return finding
                .fix("Where calls lack audio or cannot be ended, switch the gateway off first: SIP ALG, SIP helper or inspection in the settings of the router.")
                .verify("A capture on both sides of the router shows the same octets of a request on both.");
        }
        finding
            .fix("Switch the gateway off in the router: SIP ALG, SIP helper, session-helper, fixup or inspection; on Linux the modules nf_nat_sip and nf_conntrack_sip.")
            .fix("Let the client use rport and keep-alives, and the server answer to where requests come from.")
            .fix("Where the router cannot be changed, use SIP over TLS, or another port than 5060.")
            .verify("A capture on both sides of the router shows the same octets of a request on both.")
    }

    fn is_of_length(&self) -> bool {
        self.damage.iter().any(|one| matches!(one, Damage::TooLong | Damage::TooShort))
    }

    fn sentence(&self, damage: Damage) -> Text {
        let own = self.inside.provenance.flow.source.address;
        let claimed = header(&self.outside.message, HeaderName::ContentLength).unwrap_or_default();
        match damage {
            Damage::TooLong => Text::new("Behind it Content-Length says {claimed}, and the body has {length} octets.")
                .with("claimed", claimed)
                .with("length", grouped(self.outside.message.body().len() as u64)),
            Damage::TooShort => {
                Text::new("Behind it Content-Length says {claimed}, and the body goes on: its end is not read.")
                    .with("claimed", claimed)
            }
            Damage::SecondContact => Text::new("Behind it there is a Contact more than before."),
            Damage::MediaLeft => Text::new(
                "The session description still asks for media at {address}: behind the router nobody can send there.",
            )
            .with("address", own),
            Damage::ContactLeft => {
                Text::new("Contact still names {address}: behind the router requests cannot be sent there.")
                    .with("address", own)
            }
        }
    }
}

fn has_response(transaction: &Transaction) -> bool {
    !(transaction.finals.is_empty() && transaction.provisionals.is_empty())
}

/// What each branch begins with says nothing (RFC 3261 §8.1.1.7).
const COOKIE: usize = "z9hG4bK".len();

fn header(message: &Message, name: HeaderName) -> Option<String> {
    message.header(name).map(|value| value.trim().to_owned())
}

/// Addresses in Contact.
fn contacts(message: &Message) -> Vec<IpAddr> {
    message.contacts().iter().filter_map(|contact| address(&contact.uri.host)).collect()
}

/// Addresses at which media are asked for.
fn media(message: &Message) -> Vec<IpAddr> {
    let Some(sdp) = Sdp::read(message.body()) else { return Vec::new() };
    sdp.media.iter().filter_map(|media| address(sdp.address_of(media)?)).collect()
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

#[cfg(test)]
mod tests;
