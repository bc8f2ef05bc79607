//! A call that was answered, and dies after 32 seconds because the ACK does not arrive.

use std::net::IpAddr;

use super::{ack_misrouted, response_from_other_address, rport_missing};
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::caller_hop::{CLIENT, CallerHop};
use crate::diagnosis::repeated::{Repeated, nearest_the_server, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::{HeaderName, Method, NameAddr, Uri};

pub(super) static RULE: Rule = Rule {
    code: "answer-not-acknowledged",
    summary: "A 2xx response to INVITE that was sent again and again because no ACK of it came.",
    severity: Severity::Error,
    references: &["RFC 3261 §13.3.1.4", "RFC 3261 §13.2.2.4", "RFC 3261 §12.1.2", "RFC 3261 §12.2.1.1"],
    explanation: Explanation {
        what_it_means: "Who answers a call repeats the 200 until the ACK of the caller comes, over every transport: 0.5, \
            1.5, 3.5, 7.5, 11.5 … seconds after the first. After 32 seconds (64 times T1) without ACK the call is to be \
            ended with BYE. The ACK is a request of its own: it does not follow the INVITE, but goes along the \
            Record-Route of the 200 to the Contact in it; inside a dialog, by the Route header fields of its other requests.",
        why_it_matters: "Both talk, and the call drops after half a minute, each time. Many devices connect the audio \
            only when the ACK comes: then there is silence from the start. Statistics count the call as answered.",
        likely_causes: "- Record-Route or Contact of the 200 holds an address that the caller cannot reach: an inside \
            address, or that of another interface of the proxy.\n\
            - An application layer gateway or border controller rewrote Contact or Record-Route, or left out one of them.\n\
            - The 200 does not reach the caller, so that it has nothing to acknowledge.\n\
            - A proxy on the way, or the one who sends it, has the wrong route for requests inside a dialog.\n\
            - The ACK has another To tag or CSeq number than the 200.\n\
            - The caller had cancelled the call, or got several answers of a fork, and does not acknowledge the one that it \
            does not want. It has to acknowledge each, and to end with BYE what it does not want.",
        how_to_fix: "- Read Record-Route (from the last value to the first) and Contact of the 200: the ACK goes to the \
            first of these that there is. The caller must be able to reach that address.\n\
            - On proxies with several interfaces or behind NAT set the address that they write into Record-Route.\n\
            - On devices behind NAT set the external address, or let the border controller write the Contact.\n\
            - Switch off application layer gateways of routers.\n\
            - Capture at the caller: whether the 200 arrives, and where its ACK goes.",
        how_to_confirm: "Call again: one 200, its ACK within a round trip, and the call outlives 32 seconds.",
        when_this_is_wrong: "- The ACK went by a way that the capture does not show, as it may where no proxy asks for it by \
            Record-Route: then the repetition stops before its timer, and the rule is silent.\n\
            - The capture begins or ends inside: then the finding is a notice, and says so.\n\
            - The ACK was captured and the 200 is repeated all the same: that is \
            ack-misrouted.\n\
            - The caller hung up while the 200 was still being repeated, or took another one of several answers: then it is a \
            warning.",
    },
    detect: Detect::Given(Facts::IN_VAIN, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let all = Repeated::all(call, |response| response.status.is_success());
    let is_told = |r: &Repeated<'_>| response_from_other_address::tells(r, cx) || rport_missing::tells_of(r, cx);
    if all.iter().any(is_told) {
        return;
    }
    let all = nearest_the_server(all);
    // Behind a leg whose ACK is missing, or lost, a B2BUA has nothing to acknowledge either.
    let initial = |r: &Repeated<'_>| !r.transaction.in_dialog;
    let nearest = all.iter().filter(|r| initial(r)).map(|r| r.first.leg).min();
    let nearest = nearest.filter(|leg| *leg == 0 || !ack_misrouted::is_in_front_of(*leg, call, cx));
    let told: Vec<_> = all.iter().filter(|r| !initial(r) || Some(r.first.leg) == nearest).collect();
    let invite = |r: &Repeated<'_>| (r.first.leg, r.first.message.cseq().map(|c| c.number));
    let beside = |r: &Repeated<'_>| told.iter().filter(|other| invite(other) == invite(r)).count();
    out.extend(told.iter().filter_map(|repeated| Case::of(repeated, beside(repeated), cx)?.finding(cx)));
}

/// How the repetition came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its timer ran out.
    Timer,
    /// Who answered ended the call.
    GivenUp,
    /// The caller ended the call.
    HungUp,
    /// The capture ends.
    Unseen,
}

/// Where the ACK has to go first.
#[derive(Debug)]
struct Way {
    uri: Uri,
    header: HeaderName,
    /// The range of its address where that keeps the caller from there.
    barrier: Option<Scope>,
}

#[derive(Debug)]
struct Case<'a> {
    repeated: &'a Repeated<'a>,
    /// How many answers to that INVITE were repeated in vain, this one included.
    beside: usize,
    end: End,
    bye: Option<&'a CapturedMessage>,
    /// A BYE long after the timer: the call outlived it.
    late_bye: Option<&'a CapturedMessage>,
    near: CallerHop<'a>,
    way: Option<Way>,
    stray: Option<&'a CapturedMessage>,
    /// An answer of another branch of the fork, which was acknowledged.
    rival: Option<&'a CapturedMessage>,
    /// The CANCEL that was sent before the answer came.
    cancel: Option<&'a CapturedMessage>,
    doubt: Option<Text>,
}

impl<'a> Case<'a> {
    fn of(repeated: &'a Repeated<'a>, beside: usize, cx: &Context<'_>) -> Option<Self> {
        let due = repeated.next_due(cx);
        // Those that came before the next copy was due ended the repetition.
        let (byes, later): (Vec<_>, Vec<_>) = repeated.byes().into_iter().partition(|bye| bye.provenance.time < due);
        let given_up = byes.iter().copied().find(|bye| repeated.is_from_answerer(bye));
        let bye = given_up.or_else(|| byes.first().copied());
        let end = match bye {
            Some(_) if given_up.is_some() => End::GivenUp,
            _ if repeated.to_the_end(cx) => End::Timer,
            Some(_) => End::HungUp,
            None if cx.now < repeated.next_due(cx) => End::Unseen,
            // It stopped in time: an ACK came by a way that the capture does not show.
            None => return None,
        };
        let late_bye = later.first().copied().filter(|_| end == End::Timer && bye.is_none());
        let deadline = if bye.is_some() { repeated.took() } else { cx.settings.t1 * 64 };
        let near = CallerHop::of(repeated);
        let way = way(&near, cx);
        let (stray, doubt) = (repeated.stray_ack(cx), repeated.doubt(cx, deadline));
        let (rival, cancel) = (rival(repeated), cancel(repeated));
        Some(Self { repeated, beside, end, bye, late_bye, near, way, stray, rival, cancel, doubt })
    }

    fn finding(&self, cx: &Context<'_>) -> Option<Finding> {
        let (severity, certainty) = match self.end {
            _ if self.doubt.is_some() => (Severity::Notice, Certainty::Weak),
            End::HungUp => (Severity::Warning, Certainty::Strong),
            _ if self.rival.is_some() && self.end != End::Unseen => (Severity::Warning, Certainty::Strong),
            End::Unseen => return None,
            End::Timer | End::GivenUp => (Severity::Error, Certainty::Strong),
        };
        let first = Evidence::of(self.repeated.first, "the first 2xx response");
        let finding = Finding::new(&RULE, certainty, self.message(cx), first)
            .severity(severity)
            .evidence(self.repeated.quoted_copies())
            .evidence(self.near.way_evidence())
            .evidence(self.stray.map(|m| Evidence::of(m, "an ACK that does not match")))
            .evidence(self.rival.map(|m| Evidence::of(m, "another answer to the INVITE, which was acknowledged")))
            .evidence(self.cancel.map(|m| Evidence::of(m, "the CANCEL that came too late")))
            .evidence(self.bye.map(|m| Evidence::of(m, "the BYE that ended the call")))
            .evidence(self.late_bye.map(|m| Evidence::of(m, "the BYE, after the timer")))
            .evidence(self.near.request().map(|m| Evidence::of(m, "the request")))
            .actor(self.actor())
            .verify("Call again: one 200, its ACK within a round trip, and the call outlives 32 seconds.");
        Some(self.fixes().into_iter().fold(finding, Finding::fix))
    }

    fn message(&self, cx: &Context<'_>) -> Text {
        let text = Text::new(match (&self.doubt, self.end) {
            (Some(_), _) => {
                "{server} sent its {status} to INVITE {count} times in {took}, and no ACK is visible. Whether one came is \
                 unknown: {doubt}."
            }
            (None, End::GivenUp) => {
                "{server} sent its {status} to INVITE {count} times in {took} and got no ACK; {after} after the first it \
                 ended the call."
            }
            (None, End::HungUp) => {
                "{server} sent its {status} to INVITE {count} times in {took} and got no ACK; then the caller hung up."
            }
            (None, _) if self.late_bye.is_some() => {
                "{server} sent its {status} to INVITE {count} times in {took}, to the end of its timer, and got no ACK. It did \
                 not end the call then, as it should after {limit}: a BYE came {after} after the first."
            }
            (None, _) => {
                "{server} sent its {status} to INVITE {count} times in {took}, to the end of its timer, and got no ACK: \
                 such a call is ended after {limit}."
            }
        });
        let after = |bye: &CapturedMessage| span(bye.provenance.time.since(self.repeated.first.provenance.time));
        let text = match (&self.doubt, self.end, self.bye, self.late_bye) {
            (Some(doubt), ..) => text.with("doubt", doubt.clone()),
            (None, End::GivenUp, Some(bye), _) => text.with("after", after(bye)),
            (None, End::HungUp, ..) => text,
            (None, _, _, Some(bye)) => text.with("limit", span(cx.settings.t1 * 64)).with("after", after(bye)),
            _ => text.with("limit", span(cx.settings.t1 * 64)),
        };
        let text = self.repeated.fill(text);
        with_reason(with_reason(text, self.which()), self.reason())
    }

    /// Which answer it is, where several of one INVITE have the same story.
    fn which(&self) -> Option<Text> {
        let tag = self.repeated.first.message.to_tag().filter(|_| self.beside > 1)?;
        let text = Text::new("It is the one with To tag {tag}, of {n} answers to that INVITE without ACK.");
        Some(text.with("tag", String::from_utf8_lossy(tag)).with("n", self.beside))
    }

    /// Why it did not come, where the capture shows it.
    fn reason(&self) -> Option<Text> {
        if let Some(ack) = self.stray {
            return Some(self.repeated.mismatch_text(ack));
        }
        if let Some(rival) = self.rival {
            let text = "Another answer to the same INVITE, with the To tag {tag}, was acknowledged: that call is not affected.";
            let tag = String::from_utf8_lossy(rival.message.to_tag().unwrap_or_default()).into_owned();
            return Some(Text::new(text).with("tag", tag));
        }
        if self.cancel.is_some() {
            let text = "The caller had cancelled the call before this answer: it has to acknowledge it all the same, and then to send BYE.";
            return Some(Text::new(text));
        }
        let Some(way) = &self.way else {
            let text = "It has neither Contact nor Record-Route, so nobody knows where to send the ACK.";
            let told = [HeaderName::Contact, HeaderName::RecordRoute].map(|name| self.near.received.message.has(name));
            return (told == [false; 2] && !self.near.hop.in_dialog).then(|| Text::new(text));
        };
        let text = "By {header} the ACK has to go to {host}, {scope}, and the caller is at {client}.";
        Some(
            Text::new(text)
                .with("header", way.header.name())
                .with("host", &way.uri.host)
                .with("scope", Text::new(way.barrier?.words()))
                .with("client", self.near.hop.client.address),
        )
    }

    fn actor(&self) -> Actor {
        let writer = self.way.as_ref().filter(|way| !self.is_the_clients() && way.barrier.is_some());
        match (writer.map(|way| way.header), self.near.request()) {
            (Some(HeaderName::Route), _) => {
                Actor::role("operator of the proxy that wrote this Record-Route when the call began")
            }
            (Some(HeaderName::RecordRoute), request) => {
                let role = "operator of the proxy that writes this Record-Route";
                // Only where the request is seen before and behind the proxy it is known which one.
                let before = request.is_some_and(|m| !m.message.has(HeaderName::RecordRoute));
                let behind = self.near.hop.downstream.iter().filter_map(|id| self.repeated.call.request(*id));
                let is_proven = before && behind.into_iter().any(|m| m.message.has(HeaderName::RecordRoute));
                if is_proven { Actor::at(self.near.hop.server, role) } else { Actor::role(role) }
            }
            (Some(_), _) => Actor::sender(self.repeated.first, "operator of the server that writes this Contact"),
            (None, Some(request)) => Actor::sender(request, CLIENT),
            (None, None) => Actor::at(self.near.hop.client, CLIENT),
        }
    }

    /// Whether what is known speaks of a mistake of the client.
    fn is_the_clients(&self) -> bool {
        self.stray.is_some() || self.rival.is_some() || self.cancel.is_some()
    }

    fn fixes(&self) -> Vec<Text> {
        let mut fixes = Vec::new();
        match &self.way {
            _ if self.stray.is_some() => fixes.push(Text::new(
                "Let the client take To, From and CSeq number of the ACK from the response and the INVITE (RFC 3261 §13.2.2.4).",
            )),
            _ if self.is_the_clients() => fixes.push(Text::new(
                "Let the client acknowledge each 2xx, of each To tag, and end with BYE the dialogs that it does not want (RFC 3261 \
                 §13.2.2.4).",
            )),
            Some(way) if way.barrier.is_some() && way.header == HeaderName::Route => fixes.push(
                Text::new("Set the address that it writes into Record-Route: one that callers can reach, in place of {host}.")
                    .with("host", &way.uri.host),
            ),
            Some(way) if way.barrier.is_some() => fixes.push(
                Text::new("Set the address that it writes into {header}: one that callers can reach, in place of {host}.")
                    .with("header", way.header.name())
                    .with("host", &way.uri.host),
            ),
            Some(way) if way.header == HeaderName::Route => fixes.push(
                Text::new("Find out where the client sends its ACK: by Route of the INVITE it has to go to {uri}.")
                    .with("uri", &way.uri),
            ),
            Some(way) => fixes.push(
                Text::new("Find out where the caller sends its ACK: by {header} of the response it has to go to {uri}.")
                    .with("header", way.header.name())
                    .with("uri", &way.uri),
            ),
            None => {}
        }
        fixes.push(Text::new(
            "Capture at the caller: whether the response arrives there (Via, `rport`, NAT, firewalls), and whether an ACK leaves.",
        ));
        fixes
    }
}

/// An answer of the same INVITE with another To tag, which was acknowledged.
fn rival<'a>(repeated: &Repeated<'a>) -> Option<&'a CapturedMessage> {
    let call = repeated.call;
    let own = &repeated.first.message;
    let invites = call.transactions.iter().filter(|t| t.method == Method::Invite && t.leg == repeated.first.leg);
    let answers = invites.flat_map(|t| &t.finals).filter(|f| f.acknowledged && f.status.is_success());
    answers.filter_map(|f| call.message(f.message)).find(|m| {
        m.message.cseq().map(|c| c.number) == own.cseq().map(|c| c.number) && m.message.to_tag() != own.to_tag()
    })
}

/// The CANCEL of the INVITE, where it was sent before the answer.
fn cancel<'a>(repeated: &Repeated<'a>) -> Option<&'a CapturedMessage> {
    let call = repeated.call;
    let cancel = call.request(repeated.transaction.cancelled_by?)?;
    (cancel.provenance.time <= repeated.first.provenance.time).then_some(cancel)
}

/// Where the client on the hop nearest the caller has to send its ACK first (RFC 3261 §12.1.2, §12.2.1.1): inside a dialog by the Route of its
/// INVITE, as a route set does not change. Whether it can is told only of the caller itself: that of a proxy may be a host in both
/// worlds.
fn way(near: &CallerHop<'_>, cx: &Context<'_>) -> Option<Way> {
    let message = &near.received.message;
    let (name, value) = if near.hop.in_dialog {
        (HeaderName::Route, near.request()?.message.values(HeaderName::Route).into_iter().next())
    } else {
        (HeaderName::RecordRoute, message.values(HeaderName::RecordRoute).pop())
    };
    let (header, uri) = match value {
        Some(value) => (name, NameAddr::read(&value)?.uri),
        None => (HeaderName::Contact, message.contacts().into_iter().next()?.uri),
    };
    let barrier = uri.ip().filter(|_| !message.has_several_vias()).and_then(|host| {
        // Behind a translation of addresses a client may reach what is private there.
        let inside = message.top_via().and_then(|via| via.host.trim_matches(['[', ']']).parse().ok());
        let clients = [Some(near.hop.client.address), inside];
        clients.into_iter().flatten().map(|client| barrier(host, client, cx)).reduce(Option::and)?
    });
    Some(Way { uri, header, barrier })
}

fn barrier(host: IpAddr, client: IpAddr, cx: &Context<'_>) -> Option<Scope> {
    let there = scope(host);
    let is_known = cx.hosts.receives(host) || cx.hosts.senders.contains(&host) || host == client;
    (!is_known && there != Scope::Documentation && !there.is_reachable_from(scope(client))).then_some(there)
}

#[cfg(test)]
mod tests;
