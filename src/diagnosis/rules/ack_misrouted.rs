//! A call that was answered and acknowledged, and dies after 32 seconds because the ACK does not arrive where it should.

mod way;

use std::time::Duration;

use self::way::{Fault, Way};
use crate::call::{COPIES_IN_VAIN, Call, CapturedMessage};
use crate::diagnosis::caller_hop::{CLIENT, CallerHop};
use crate::diagnosis::repeated::{Repeated, nearest_the_server, with_reason};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::provenance::Timestamp;
use crate::sip::{HeaderName, Method};

pub(super) static RULE: Rule = Rule {
    code: "ack-misrouted",
    summary: "A 2xx response to INVITE that was sent again and again although an ACK of it was sent: the ACK did not reach who answered.",
    severity: Severity::Error,
    references: &[
        "RFC 3261 §12.1.1",
        "RFC 3261 §12.1.2",
        "RFC 3261 §12.2.1.1",
        "RFC 3261 §13.2.2.4",
        "RFC 3261 §16.12",
    ],
    explanation: Explanation {
        what_it_means: "The ACK of a 2xx is a request of its own. Its Request-URI is the Contact of the 2xx, its Route header \
            fields are the Record-Route values of the 2xx in reverse order, and it is sent to the first of these that there is. Here \
            an ACK was captured, and the 2xx was repeated by its timer all the same, long after a round trip: the ACK did not reach \
            who answered. The diagnosis compares the ACK with the 2xx, and follows it as far as the capture shows it.",
        why_it_matters: "Both talk, and the call drops after half a minute, each time. Many devices connect the audio only when \
            the ACK comes. Other requests of the caller inside the call, BYE above all, go the same way and are lost as well, so that \
            calls stay open at the far end.",
        likely_causes: "- Who answered left Record-Route out of its 2xx, so that the caller knows nothing of the proxies in between.\n\
            - The client does not send the ACK by Record-Route and Contact, but to where the INVITE went, without Route.\n\
            - An application layer gateway, or a setting for NAT, rewrote the Contact on its way, or the Request-URI of the ACK.\n\
            - A proxy gets the ACK and does not pass it on: its routing has no branch for requests inside a dialog, or drops an ACK that \
            fits none of its transactions.\n\
            - The Contact holds an address that is not reachable from where the ACK has to go there.\n\
            - A firewall or NAT between the place of capture and who answered lets the ACK go astray.",
        how_to_fix: "- Compare the ACK with the 2xx: Request-URI with Contact, Route with Record-Route from the last value to the first.\n\
            - Let who answers copy Record-Route from the INVITE into its 2xx, unchanged and in the same order.\n\
            - On proxies, route requests inside a dialog by Route (loose routing), and those without Route by their Request-URI, ACK \
            included.\n\
            - Switch off application layer gateways of routers.\n\
            - Where the ACK leaves rightly, capture nearer to who answered.",
        how_to_confirm: "Call again: one 200, its ACK within a round trip, and the call outlives 32 seconds.",
        when_this_is_wrong: "- The ACK came late, or one was lost: the repetition stops when the next one comes, and the rule is silent.\n\
            - Copies that were sent while the ACK was on its way do not count.\n\
            - The capture ends inside, or lacks packets: then the finding is a notice, and says so.\n\
            - One of the two hung up while the answer was still being repeated: then it is a warning.\n\
            - No ACK was captured at all: that is answer-not-acknowledged.\n\
            - Who answered gets the ACK and does not recognise it: a capture in front of it cannot tell this from a loss behind it.",
    },
    detect: Detect::Given(Facts::IN_SPITE_OF_ACK, detect),
};

/// A server that counts its copies may stop one of them before the timer of the standard: after 24 seconds with the usual T1.
const NEARLY_TO_THE_END: u32 = 48;
/// Failures of BYEs that are quoted.
const QUOTED: usize = 4;

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let all = nearest_the_server(Repeated::in_spite_of_ack(call));
    out.extend(all.iter().filter_map(|repeated| Case::of(repeated, cx)?.finding(cx)));
}

/// Whether an answer on a leg in front of that one is told of. Until its ACK comes, a B2BUA in between has nothing to acknowledge.
pub(super) fn is_in_front_of(leg: usize, call: &Call, cx: &Context<'_>) -> bool {
    let all = nearest_the_server(Repeated::in_spite_of_ack(call));
    all.iter().any(|repeated| repeated.first.leg < leg && Case::of(repeated, cx).is_some())
}

/// How the repetition came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its timer ran out.
    Timer,
    /// Who answered ended the call, as no ACK came.
    GivenUp,
    /// Who answered ended the call; an ACK may have come at last.
    Ended,
    /// The caller ended the call.
    HungUp,
    /// The capture ends.
    Unseen,
}

#[derive(Debug)]
struct Case<'a> {
    repeated: &'a Repeated<'a>,
    /// The first ACK.
    ack: &'a CapturedMessage,
    /// The copies that were sent when that ACK should have been there.
    copies: Vec<&'a CapturedMessage>,
    end: End,
    bye: Option<&'a CapturedMessage>,
    /// A BYE long after the timer: the call outlived it.
    late_bye: Option<&'a CapturedMessage>,
    near: CallerHop<'a>,
    way: Way<'a>,
    /// Failures of BYEs that the caller sent.
    failed: Vec<&'a CapturedMessage>,
    doubt: Option<Text>,
}

impl<'a> Case<'a> {
    fn of(repeated: &'a Repeated<'a>, cx: &Context<'_>) -> Option<Self> {
        let acks = acks_of(repeated);
        // Clocks of several files may differ.
        let comparable = |m: &CapturedMessage| m.provenance.frame.file == repeated.first.provenance.frame.file;
        let ack = acks.iter().copied().filter(|m| comparable(m)).min_by_key(|m| m.provenance.time)?;
        // T1 is the estimate of a round trip (RFC 3261 §17.1.1.1).
        let arrived = ack.provenance.time.plus(cx.settings.t1);
        let later = |m: &&CapturedMessage| comparable(m) && m.provenance.time > arrived;
        let copies: Vec<_> = repeated.copies().iter().copied().filter(later).collect();
        if copies.len() < COPIES_IN_VAIN {
            return None;
        }
        let (end, bye) = end_of(repeated, &acks, cx)?;
        let due = repeated.next_due(cx);
        let outlived = || repeated.byes().into_iter().find(|bye| bye.provenance.time >= due);
        let late_bye = if end == End::Timer && bye.is_none() { outlived() } else { None };
        let deadline = if bye.is_some() { repeated.took() } else { cx.settings.t1 * 64 };
        let near = CallerHop::of(repeated);
        let way = Way::of(repeated, &near, &acks, cx)?;
        let (failed, doubt) = (failed_byes(repeated), repeated.doubt(cx, deadline));
        if end == End::Unseen && doubt.is_none() {
            return None;
        }
        Some(Self { repeated, ack, copies, end, bye, late_bye, near, way, failed, doubt })
    }

    fn finding(&self, cx: &Context<'_>) -> Option<Finding> {
        let severity = match self.end {
            _ if self.doubt.is_some() => Severity::Notice,
            End::Ended | End::HungUp => Severity::Warning,
            End::Timer | End::GivenUp => Severity::Error,
            End::Unseen => return None,
        };
        let certainty =
            if self.doubt.is_none() && self.way.is_explained() { Certainty::Strong } else { Certainty::Weak };
        let last = self.copies.last().copied();
        let finding = Finding::new(
            &RULE,
            certainty,
            self.message(cx),
            Evidence::of(self.repeated.first, "the first 2xx response"),
        )
        .severity(severity)
        .evidence([Evidence::of(self.ack, "its ACK")])
        .evidence(self.copies.first().map(|m| Evidence::of(m, "the same response again, after the ACK")))
        .evidence(last.map(|m| Evidence::of(m, "the last copy of the response")))
        .evidence(self.near.way_evidence())
        .evidence(self.way.evidence())
        .evidence(self.icmp())
        .evidence(self.bye.map(|m| Evidence::of(m, "the BYE that ended the call")))
        .evidence(self.late_bye.map(|m| Evidence::of(m, "the BYE, after the timer")))
        .evidence(self.failed.iter().map(|m| Evidence::of(m, "a BYE of the caller failed as well")))
        .actor(self.actor())
        .verify("Call again: one 200, its ACK within a round trip, and the call outlives 32 seconds.");
        Some(self.fixes().into_iter().fold(finding, Finding::fix))
    }

    fn message(&self, cx: &Context<'_>) -> Text {
        let text = Text::new(match (&self.doubt, self.end) {
            (Some(_), _) => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first. Whether an ACK reached who answered in the end is unknown: {doubt}."
            }
            (None, End::GivenUp) => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first: the ACK did not reach who answered, and {after} after the first the call was ended from there."
            }
            (None, End::Ended) => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first: until then no ACK had reached who answered. Then the call was ended from there."
            }
            (None, End::HungUp) => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first: until then no ACK had reached who answered. Then the caller hung up."
            }
            (None, _) if self.late_bye.is_some() => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first: the ACK did not reach who answered. Nor was the call ended after {limit}, as it should have been: a BYE came \
                 {after} after the first."
            }
            (None, _) => {
                "The {status} to INVITE came {count} times in {took} from {server}, although {client} acknowledged it {delay} after \
                 the first: the ACK did not reach who answered, and such a call is ended after {limit}."
            }
        });
        let text = self.repeated.fill(text);
        let text =
            text.with("client", self.ack.provenance.flow.source).with("delay", span(self.after_the_first(self.ack)));
        let limit = span(cx.settings.t1 * 64);
        let text = match (&self.doubt, self.end, self.bye, self.late_bye) {
            (Some(doubt), ..) => text.with("doubt", doubt.clone()),
            (None, End::GivenUp, Some(bye), _) => text.with("after", span(self.after_the_first(bye))),
            (None, End::Ended | End::HungUp, ..) => text,
            (None, _, _, Some(bye)) => text.with("limit", limit).with("after", span(self.after_the_first(bye))),
            _ => text.with("limit", limit),
        };
        self.way.sentences().into_iter().fold(text, |all, next| with_reason(all, Some(next)))
    }

    fn after_the_first(&self, message: &CapturedMessage) -> Duration {
        message.provenance.time.since(self.repeated.first.provenance.time)
    }

    /// That the host that the ACK was sent to cannot be reached.
    fn icmp(&self) -> Option<Evidence> {
        let sent = &self.way.furthest.provenance;
        let about =
            |r: &&crate::call::IcmpReport| r.unreachable == sent.flow.destination && r.provenance.time >= sent.time;
        self.repeated.call.icmp.iter().find(about).map(Evidence::icmp)
    }

    fn actor(&self) -> Actor {
        match (self.way.plain_fault(), self.way.stuck) {
            (Some(Fault::Unrecorded { .. }), _) => {
                Actor::sender(self.repeated.first, "operator of the server that leaves out Record-Route")
            }
            (Some(_), _) => Actor::sender(self.way.sent, CLIENT),
            (None, Some(stuck)) => Actor::at(stuck.proxy, "operator of the proxy that does not pass on the ACK"),
            (None, None) => Actor::at(
                self.way.furthest.provenance.flow.destination,
                "operator of the host that the ACK was sent to, with the network in front of it",
            ),
        }
    }

    fn fixes(&self) -> Vec<Text> {
        let mut fixes = self.way.fixes();
        if self.way.is_explained() {
            return fixes;
        }
        fixes.push(Text::new("Capture nearer to who answered: whether the ACK arrives, and what becomes of it."));
        fixes.push(Text::new(
            "Check firewalls, NAT and application layer gateways on the way, and whether the Contact of the response is reachable from \
             there.",
        ));
        fixes
    }
}

/// The ACKs of an answer, on any hop of its leg, in the order of the capture.
fn acks_of<'a>(repeated: &Repeated<'a>) -> Vec<&'a CapturedMessage> {
    let answer = &repeated.first.message;
    let number = answer.cseq().map(|c| c.number);
    let own = |m: &&CapturedMessage| {
        m.message.is_ack()
            && m.leg == repeated.first.leg
            && m.message.to_tag() == answer.to_tag()
            && m.message.from_tag() == answer.from_tag()
            && m.message.cseq().map(|c| c.number) == number
    };
    // Without a tag nobody knows which of several answers an ACK is for.
    repeated.call.messages.iter().filter(|_| answer.to_tag().is_some()).filter(own).collect()
}

/// How the repetition ended, with the BYE that ended it; `None` where an ACK came at last.
fn end_of<'a>(
    repeated: &Repeated<'a>,
    acks: &[&CapturedMessage],
    cx: &Context<'_>,
) -> Option<(End, Option<&'a CapturedMessage>)> {
    let t1 = cx.settings.t1;
    let due = repeated.next_due(cx);
    // Whatever was sent a round trip before the last copy did not stop it.
    let may_stop_it = |time: Timestamp| time.plus(t1) > repeated.last() && time < due;
    let byes: Vec<_> = repeated.byes().into_iter().filter(|bye| may_stop_it(bye.provenance.time)).collect();
    let given_up = byes.iter().copied().find(|bye| repeated.is_from_answerer(bye));
    let bye = given_up.or_else(|| byes.first().copied());
    let is_acked_lately = acks.iter().any(|ack| may_stop_it(ack.provenance.time));
    let waited = |bye: &CapturedMessage| bye.provenance.time.since(repeated.first.provenance.time) >= t1 * 56;
    let end = match given_up {
        Some(bye) if waited(bye) || !is_acked_lately => End::GivenUp,
        _ if repeated.to_the_end(cx) || (!is_acked_lately && repeated.took() >= t1 * NEARLY_TO_THE_END) => End::Timer,
        Some(_) => End::Ended,
        None if bye.is_some() => End::HungUp,
        None if cx.now < due => End::Unseen,
        None => return None,
    };
    Some((end, bye))
}

/// Failures of the BYEs of the caller that tell that they did not reach the dialog either.
fn failed_byes<'a>(repeated: &Repeated<'a>) -> Vec<&'a CapturedMessage> {
    let call = repeated.call;
    let since = repeated.first.provenance.time;
    let own = |m: &CapturedMessage| {
        m.message.to_tag() == repeated.first.message.to_tag()
            && m.message.from_tag() == repeated.first.message.from_tag()
    };
    let byes = call.transactions.iter().filter(|t| t.method == Method::Bye && t.leg == repeated.first.leg);
    byes.filter(|t| t.request.and_then(|id| call.message(id)).is_some_and(own) && t.start >= since)
        .flat_map(|t| t.finals.iter().filter(|f| matches!(f.status.0, 403 | 404 | 408 | 481)))
        .filter_map(|f| call.message(f.message))
        .take(QUOTED)
        .collect()
}

#[cfg(test)]
mod tests;
