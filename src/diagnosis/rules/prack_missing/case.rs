//! Reliable provisional responses that were repeated in vain, and what is known of why.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, MessageId, Origin, Outcome, Transaction, TransactionId};
use crate::diagnosis::{Context, Evidence, Text};
use crate::provenance::Timestamp;
use crate::sip::{HeaderName, Message, Method, NameAddr, StatusCode, Uri};

/// With so many repetitions no PRACK came in seven times T1: that is no long way any more.
const COPIES: usize = 3;

/// How the repetition came to its end.
#[derive(Debug)]
pub(super) enum End<'a> {
    /// The server refused the INVITE.
    Refused(&'a CapturedMessage),
    /// It answered it.
    Answered(&'a CapturedMessage),
    /// The caller gave up.
    Cancelled(&'a CapturedMessage),
    /// The timer ran out, and nothing came then.
    Timer,
    /// The capture ends.
    Unseen,
}

/// What the capture shows of why no PRACK came.
#[derive(Debug)]
pub(super) enum Fault<'a> {
    /// The INVITE does not offer the extension.
    NotOffered,
    /// A PRACK came, and its RAck, as written, is not that of the response.
    Mismatch(&'a CapturedMessage, String),
    /// The client still repeats the INVITE.
    NotReceived(&'a CapturedMessage),
    /// There is no address to send it to.
    NowhereToSend,
    /// The hop above, which was captured, has no such response.
    NotPassedOn,
    Unknown,
}

/// A reliable response without PRACK, on the hop nearest its server.
#[derive(Debug)]
pub(super) struct Case<'a> {
    call: &'a Call,
    pub(super) transaction: &'a Transaction,
    /// The INVITE of the hop nearest the caller on which the response was captured.
    pub(super) near: &'a Transaction,
    pub(super) request: Option<&'a CapturedMessage>,
    pub(super) first: &'a CapturedMessage,
    pub(super) rseq: u32,
    /// The copies that a timer sent.
    pub(super) copies: Vec<&'a CapturedMessage>,
    pub(super) end: End<'a>,
    pub(super) fault: Fault<'a>,
    pub(super) doubt: Option<Text>,
}

/// A reliable response with its copies.
struct Reliable<'a> {
    id: TransactionId,
    transaction: &'a Transaction,
    first: &'a CapturedMessage,
    copies: Vec<&'a CapturedMessage>,
    rseq: u32,
}

impl<'a> Case<'a> {
    /// Those of a call; none where the clock was set back, as times then tell nothing.
    pub(super) fn all(call: &'a Call, cx: &Context<'_>) -> Vec<Self> {
        if call.clock_was_set_back() {
            return Vec::new();
        }
        let invites = call.transactions.iter().enumerate().filter(|(_, t)| t.method == Method::Invite);
        let all: Vec<Reliable<'a>> = invites.flat_map(|(at, t)| Reliable::all(call, TransactionId(at), t)).collect();
        let in_vain = |r: &&Reliable<'a>| r.copies.len() >= COPIES && r.took() >= cx.settings.t1 * 6;
        // Each hop of a proxy has the copies: the deepest shows what its server did.
        let deepest = |r: &&Reliable<'a>| {
            !all.iter().any(|o| o.is_same(r) && o.copies.len() >= COPIES && call.depth(o.id) > call.depth(r.id))
        };
        all.iter().filter(in_vain).filter(deepest).filter_map(|r| Self::of(call, r, &all, cx)).collect()
    }

    fn of(call: &'a Call, this: &Reliable<'a>, all: &[Reliable<'a>], cx: &Context<'_>) -> Option<Self> {
        let (transaction, first) = (this.transaction, this.first);
        let pracks = || call.transactions.iter().filter(|t| t.method == Method::Prack && t.leg == transaction.leg);
        let of_tag = |m: &CapturedMessage, r: &Reliable<'_>| m.message.to_tag() == r.first.message.to_tag();
        let mut stray = None;
        for prack in pracks() {
            let request = prack.request.and_then(|id| call.message(id))?;
            let rack = request.message.header(HeaderName::RAck).map_or_else(String::new, |v| v.trim().to_owned());
            let has_numbers = |r: &Reliable<'_>| numbers(&rack) == Some([r.rseq, cseq(r.first)]);
            let is_for = |r: &Reliable<'_>| has_numbers(r) && of_tag(request, r);
            // What was refused is told as that; what nobody answers as well.
            if is_for(this)
                || (prack.start >= first.provenance.time && !prack.finals.is_empty() && of_tag(request, this))
            {
                return None;
            }
            // Its numbers may be right, and it is of another branch.
            if prack.start >= first.provenance.time && !has_numbers(this) && !all.iter().any(is_for) {
                stray = stray.or(Some((request, rack)));
            }
        }
        let end = this.end(call, cx)?;
        let request = call.message(transaction.request?);
        let same = |o: &&Reliable<'a>| o.is_same(this);
        let near = all.iter().filter(same).min_by_key(|o| call.depth(o.id)).map_or(transaction, |o| o.transaction);
        let doubt = this.doubt(&end, cx);
        let mut case = Self {
            call,
            transaction,
            near,
            request,
            first,
            rseq: this.rseq,
            copies: this.copies.clone(),
            end,
            fault: Fault::Unknown,
            doubt,
        };
        case.fault = case.fault(stray, cx);
        Some(case)
    }

    fn fault(&self, stray: Option<(&'a CapturedMessage, String)>, cx: &Context<'_>) -> Fault<'a> {
        let offers = |m: &CapturedMessage| {
            m.message.is_cut()
                || [HeaderName::Supported, HeaderName::Require].iter().any(|name| lists(&m.message, *name))
        };
        if let Some((prack, rack)) = stray {
            return Fault::Mismatch(prack, rack);
        }
        if self.request.is_some_and(|request| !offers(request)) {
            return Fault::NotOffered;
        }
        if self.way().is_none() && !self.first.message.is_cut() && !self.transaction.in_dialog {
            return Fault::NowhereToSend;
        }
        let late = self.first.provenance.time.plus(cx.settings.t1);
        let again = self.near.retransmissions.iter().rev().find_map(|id| self.call.message(*id));
        if let Some(again) = again.filter(|m| m.provenance.time > late) {
            return Fault::NotReceived(again);
        }
        let above = self.near.upstream.and_then(|id| self.call.request(id));
        if above.is_some() && self.doubt.is_none() { Fault::NotPassedOn } else { Fault::Unknown }
    }

    pub(super) fn status(&self) -> u16 {
        self.first.message.status().map_or(0, |s| s.0)
    }

    /// Time from the first to the last copy.
    pub(super) fn took(&self) -> Duration {
        took(self.first, &self.copies)
    }

    /// The INVITE as the client nearest the caller sent it.
    pub(super) fn near_request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.near.request?)
    }

    /// Where the PRACK has to go first: a route set begins with the last Record-Route (RFC 3261 §12.1.2).
    pub(super) fn way(&self) -> Option<(HeaderName, Uri)> {
        let message = &self.first.message;
        match message.values(HeaderName::RecordRoute).pop() {
            Some(value) => Some((HeaderName::RecordRoute, NameAddr::read(&value)?.uri)),
            None => Some((HeaderName::Contact, message.contacts().into_iter().next()?.uri)),
        }
    }

    /// What RAck of its PRACK has to be.
    pub(super) fn expected_rack(&self) -> String {
        format!("{} {} INVITE", self.rseq, cseq(self.first))
    }

    pub(super) fn evidence_of_fault(&self) -> Option<Evidence> {
        match &self.fault {
            Fault::Mismatch(prack, _) => {
                Some(Evidence::header(prack, HeaderName::RAck, "RAck of a PRACK that does not match"))
            }
            Fault::NotReceived(again) => Some(Evidence::of(again, "the INVITE again")),
            _ => None,
        }
    }

    /// What came in the end, at its server and at the caller.
    pub(super) fn evidence_of_end(&self) -> Vec<Evidence> {
        match self.end {
            End::Refused(end) => {
                let received = self.call.final_response.filter(|_| self.decides()).and_then(|id| self.call.message(id));
                let received = received.filter(|m| m.provenance.frame != end.provenance.frame);
                let refusal = Evidence::of(end, "the refusal");
                [refusal].into_iter().chain(received.map(|m| Evidence::of(m, "what the caller received"))).collect()
            }
            End::Answered(end) => vec![Evidence::of(end, "the answer")],
            End::Cancelled(end) => vec![Evidence::of(end, "the CANCEL")],
            End::Timer | End::Unseen => Vec::new(),
        }
    }

    /// Whether what became of this INVITE decided the call.
    fn decides(&self) -> bool {
        let origin = self.call.decided_by.and_then(|id| self.call.origin_of_failure(id));
        let of = |id| self.call.transaction(id).is_some_and(|t| std::ptr::eq(t, self.transaction));
        origin.map(Origin::transaction).is_some_and(of)
    }

    /// A server that gives up says so with a 5xx (RFC 3262 §3), some with 408; sooner than its timer runs out it may have another reason.
    pub(super) fn is_why_the_call_failed(&self, cx: &Context<'_>) -> bool {
        match self.end {
            End::Refused(end) => {
                let gives_up = end.message.status().is_some_and(|s| s.0 == 408 || (500..600).contains(&s.0));
                let waited = end.provenance.time.since(self.first.provenance.time);
                gives_up && waited >= to_the_end(cx) && self.decides() && self.call.outcome.is_failure()
            }
            End::Timer => self.call.outcome == Outcome::Stalled,
            _ => false,
        }
    }
}

impl<'a> Reliable<'a> {
    fn all(call: &'a Call, id: TransactionId, transaction: &'a Transaction) -> Vec<Self> {
        let mut known: Vec<(MessageId, Self, Vec<MessageId>)> = Vec::new();
        for at in &transaction.provisionals {
            let Some(first) = call.message(*at) else { continue };
            let Some(rseq) = rseq(&first.message) else { continue };
            let this = Self { id, transaction, first, copies: Vec::new(), rseq };
            match known.iter_mut().find(|(_, other, _)| other.is_same(&this)) {
                Some((_, _, again)) => again.push(*at),
                None => known.push((*at, this, Vec::new())),
            }
        }
        let with_copies = |(first, this, again): (MessageId, Self, Vec<MessageId>)| {
            let copies = call.timed_repeats(first, &again).collect();
            Self { copies, ..this }
        };
        known.into_iter().map(with_copies).collect()
    }

    /// Whether another hop has the same response.
    fn is_same(&self, other: &Self) -> bool {
        self.transaction.leg == other.transaction.leg
            && self.rseq == other.rseq
            && cseq(self.first) == cseq(other.first)
            && self.first.message.to_tag() == other.first.message.to_tag()
    }

    fn took(&self) -> Duration {
        took(self.first, &self.copies)
    }

    fn last(&self) -> Timestamp {
        self.copies.last().unwrap_or(&self.first).provenance.time
    }

    /// When the next copy would be there at the latest: pauses double.
    fn next_due(&self, cx: &Context<'_>) -> Timestamp {
        let before = self.copies.iter().rev().nth(1).unwrap_or(&self.first).provenance.time;
        let t1 = cx.settings.t1;
        self.last().plus((self.last().since(before) * 2).clamp(t1, t1 * 64) + t1)
    }

    /// How the repetition ended; none where it stopped by itself, as a PRACK came by a way that the capture does not show.
    fn end(&self, call: &'a Call, cx: &Context<'_>) -> Option<End<'a>> {
        let due = self.next_due(cx);
        let cancel = self.transaction.cancelled_by.and_then(|id| call.request(id));
        let cancel = cancel.filter(|m| (self.first.provenance.time..due).contains(&m.provenance.time));
        let finals = self.transaction.finals.iter().filter_map(|f| call.message(f.message));
        let last = finals.min_by_key(|m| m.provenance.time).filter(|m| m.provenance.time < due);
        Some(match (cancel, last) {
            (Some(cancel), last) if last.is_none_or(|m| cancel.provenance.time < m.provenance.time) => {
                End::Cancelled(cancel)
            }
            (_, Some(last)) if last.message.status().is_some_and(StatusCode::is_success) => End::Answered(last),
            (_, Some(last)) => End::Refused(last),
            _ if self.took() >= to_the_end(cx) => End::Timer,
            _ if cx.now < due => End::Unseen,
            _ => return None,
        })
    }

    /// Why a PRACK may have come all the same. Who repeats a response to the end had none, so that lost packets do not count then.
    fn doubt(&self, end: &End<'_>, cx: &Context<'_>) -> Option<Text> {
        let server = self.first.provenance.flow.source.address;
        let within = match end {
            End::Unseen => self.next_due(cx).since(self.first.provenance.time),
            _ if self.took() >= to_the_end(cx) && cx.hosts.receives(server) => return None,
            _ => self.took(),
        };
        cx.doubt(server, self.first.provenance.time, within)
    }
}

/// How long a response is repeated at least whose timer, 64 times T1, runs out: the last copy is due half a T1 before that.
fn to_the_end(cx: &Context<'_>) -> Duration {
    cx.settings.t1 * 56
}

fn took(first: &CapturedMessage, copies: &[&CapturedMessage]) -> Duration {
    copies.last().map_or(Duration::ZERO, |last| last.provenance.time.since(first.provenance.time))
}

/// The RSeq of a response that asks for PRACK.
fn rseq(message: &Message) -> Option<u32> {
    message.status().filter(|s| (101..200).contains(&s.0))?;
    lists(message, HeaderName::Require).then_some(())?;
    message.header(HeaderName::RSeq)?.trim().parse().ok()
}

/// Whether a header field lists the option tag.
pub(super) fn lists(message: &Message, name: HeaderName) -> bool {
    message.values(name).iter().any(|tag| tag.trim().eq_ignore_ascii_case("100rel"))
}

fn cseq(captured: &CapturedMessage) -> u32 {
    captured.message.cseq().map_or(0, |c| c.number)
}

/// The two numbers of a RAck: RSeq and CSeq.
fn numbers(rack: &str) -> Option<[u32; 2]> {
    let mut parts = rack.split_ascii_whitespace();
    Some([parts.next()?.parse().ok()?, parts.next()?.parse().ok()?])
}
