//! Who sent a 607 (diagnosis §C3): a person, their device, their network, or the analytics of some network in between.
//!
//! Looks at one call alone. A whole capture may show more, such as the same latency for every callee.

use std::sync::LazyLock;
use std::time::Duration;

use super::{Call, CapturedMessage, MessageId, Transaction, TransactionId, network_block};
use crate::diagnosis::Certainty;
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Message, Method, StatusCode};
use crate::words::Words;

/// Nobody sees a call, decides and presses a key in less.
pub(crate) const HUMAN: Duration = Duration::from_millis(1500);
/// A list is consulted within this.
const LOOKUP: Duration = Duration::from_secs(1);
/// Words in Server and User-Agent values by which phones and softphones name themselves, in lower case.
static DEVICES: LazyLock<Words<'_>> = LazyLock::new(|| {
    Words::new([
        "phone",
        "yealink",
        "polycom",
        "snom",
        "grandstream",
        "fanvil",
        "gigaset",
        "htek",
        "cisco-cp",
        "cisco/spa",
        "aastra",
        "mitel",
        "zoiper",
        "microsip",
        "bria",
        "x-lite",
        "jitsi",
        "groundwire",
        "acrobits",
        "baresip",
        "twinkle",
        "blink",
        "obihai",
        "handset",
    ])
});
/// Words by which telephone exchanges and servers do whose names hold one of those above, such as 3CXPhoneSystem or Mitel-3300-ICP.
static SERVERS: LazyLock<Words<'_>> = LazyLock::new(|| {
    Words::new([
        "phonesystem",
        "phone system",
        "phone-system",
        "pbx",
        "3300",
        "mivoice",
        "mx-one",
        "ucm6",
        "gxw",
        "hybird",
        "gateway",
        "server",
        "proxy",
        "sbc",
    ])
});
/// Words by which services that score or block calls name themselves, in lower case.
static ANALYTICS: LazyLock<Words<'_>> = LazyLock::new(|| {
    Words::new([
        "score",
        "analytic",
        "spam",
        "robocall",
        "reputation",
        "fraud",
        "callguard",
        "call guard",
        "nomorobo",
        "block",
    ])
});

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A person at the callee's device.
    Human,
    /// The callee's device or app, without asking.
    Device,
    /// A personal list or a policy in the callee's network.
    PersonalList,
    /// Analytics of a network, which should have said 603+ or 608.
    NetworkAnalytics,
    /// A proxy that answers for the branches of a fork.
    ForkingProxy,
    /// The capture does not show it.
    Unknown,
}

/// The verdict and what it rests on.
#[expect(clippy::struct_excessive_bools, reason = "a table of independent features, to be printed as such")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub verdict: Verdict,
    /// How sure.
    pub certainty: Certainty,
    /// The transaction of the deepest hop with this 607.
    pub transaction: TransactionId,
    /// The 607 there.
    pub response: MessageId,
    /// The element that sent it, as far as the capture goes.
    pub sender: Endpoint,
    /// Its Server or User-Agent.
    pub software: Option<String>,
    /// From the request to the 607.
    pub delay: Option<Duration>,
    /// From the first 180 with the To tag of the 607, else 183, to the 607; where none has it, from the first with any tag.
    pub ringing: Option<Duration>,
    /// From the request to the first response of any kind but the 607.
    pub round_trip: Option<Duration>,
    /// Whether the To tag is that of an earlier 18x: the same device rang and declined.
    pub same_tag: bool,
    /// Whether the response carries the marks of analytics.
    pub analytics_marks: bool,
    /// Whether the element sent the request on (and was not merely passing on the answer).
    pub forwarded: bool,
    /// Whether several hops show that the response came from deeper than the caller's next hop.
    pub seen_downstream: bool,
}

/// The origin of the 607 to a transaction; `None` when its final response is another.
pub fn origin(call: &Call, id: TransactionId) -> Option<Origin> {
    let deepest = deepest(call, id)?;
    let transaction = call.transaction(deepest)?;
    let last = call.decisive_final(deepest)?;
    let response = call.message(last.message)?;
    let over = response.provenance.time;
    let sent = call.request(deepest).map(|m| m.provenance.time);
    let rang = tagged_ringing(call, deepest, response);
    let first = call.provisionals(deepest).map(|m| m.provenance.time).next();
    let software = response.message.software();
    let mut origin = Origin {
        verdict: Verdict::Unknown,
        certainty: Certainty::Weak,
        transaction: deepest,
        response: last.message,
        sender: response.provenance.flow.source,
        delay: sent.map(|sent| over.since(sent)),
        ringing: rang.map(|m| over.since(m.provenance.time)),
        round_trip: sent.zip(first).map(|(sent, first)| first.since(sent)),
        same_tag: shares_tag(call, deepest, response),
        analytics_marks: has_marks(response, software.as_deref()),
        forwarded: !transaction.downstream.is_empty(),
        seen_downstream: deepest != id,
        software,
    };
    if call.start == call.end && call.messages.len() > 1 {
        // Frames without times (simple packets of pcapng): nothing can be said of how long anything took.
        (origin.delay, origin.ringing, origin.round_trip) = (None, None, None);
        if !network_block::says_analytics(&response.message) {
            return Some(origin);
        }
    }
    (origin.verdict, origin.certainty) = judge(call, &origin, transaction);
    Some(origin)
}

/// Whether [`Verdict::NetworkAnalytics`] is the verdict on the 607 to a transaction.
pub(super) fn is_word_of_analytics(call: &Call, id: TransactionId) -> bool {
    // Without its marks it is none.
    let response = deepest(call, id).and_then(|deepest| call.message(call.decisive_final(deepest)?.message));
    response.is_some_and(|response| has_marks(response, response.message.software_in_place().as_deref()))
        && origin(call, id).is_some_and(|origin| origin.verdict == Verdict::NetworkAnalytics)
}

fn has_marks(response: &CapturedMessage, software: Option<&str>) -> bool {
    network_block::has_analytics_marks(&response.message) || names(software, &ANALYTICS)
}

/// Follows a 607 from hop to hop to where it first appears.
fn deepest(call: &Call, id: TransactionId) -> Option<TransactionId> {
    let unwanted = |id: &TransactionId| call.final_status(*id) == Some(StatusCode(607));
    let mut at = Some(id).filter(unwanted)?;
    // As many steps as there are transactions: links never form a circle, and if they did, this would end.
    for _ in &call.transactions {
        let tag = |id| Some(call.message(call.decisive_final(id)?.message)?.message.to_tag());
        let below = &call.transaction(at)?.downstream;
        let next = below.iter().copied().filter(|id| unwanted(id));
        match next.clone().find(|id| tag(*id) == tag(at)).or_else(|| next.clone().next()) {
            Some(next) => at = next,
            None => break,
        }
    }
    Some(at)
}

/// What shows that the element rang which answered, 180 before 183; else that any did, as far as it has a tag.
fn tagged_ringing<'a>(call: &'a Call, id: TransactionId, response: &CapturedMessage) -> Option<&'a CapturedMessage> {
    let tag = response.message.to_tag();
    let is = |m: &CapturedMessage, status: u16| m.message.status() == Some(StatusCode(status));
    let tagged = || call.provisionals(id).filter(|m| m.message.to_tag().is_some() && (is(m, 180) || is(m, 183)));
    let mut own = tagged().filter(|m| m.message.to_tag() == tag);
    let first = own.next();
    first.filter(|m| is(m, 180)).or_else(|| own.find(|m| is(m, 180))).or(first).or_else(|| tagged().next())
}

fn shares_tag(call: &Call, id: TransactionId, response: &CapturedMessage) -> bool {
    let tag = response.message.to_tag();
    tag.is_some() && call.provisionals(id).any(|m| m.message.to_tag() == tag)
}

fn names(software: Option<&str>, words: &Words<'_>) -> bool {
    words.are_in(software.unwrap_or_default())
}

/// Whether software names itself like a phone, and not like an exchange that has phones.
fn is_device(software: Option<&str>) -> bool {
    names(software, &DEVICES) && !names(software, &SERVERS)
}

/// Whether a response of another status says in Reason that it was a 607 before.
pub fn says_that_it_was_one(message: &Message) -> bool {
    message.has(HeaderName::Reason)
        && message.reasons().iter().any(|reason| reason.is("SIP") && reason.cause == Some(607))
}

/// The table of diagnosis §C3 in order; a Reason that says "analytics" stands above it, as it is no circumstance but a word.
fn judge(call: &Call, origin: &Origin, transaction: &Transaction) -> (Verdict, Certainty) {
    let rang = origin.ringing.is_some();
    let at_once = origin.delay.is_some_and(|delay| {
        delay < LOOKUP || origin.round_trip.is_some_and(|round_trip| delay < round_trip.saturating_mul(3))
    });
    let reason = call.message(origin.response).is_some_and(|m| network_block::says_analytics(&m.message));
    let mentions = || call.message(origin.response).is_some_and(|m| network_block::mentions_analytics(&m.message));
    if reason {
        (Verdict::NetworkAnalytics, Certainty::Strong)
    } else if origin.same_tag && rang && mentions() {
        // What was heard, or rang, counts less than what the response says.
        (Verdict::NetworkAnalytics, Certainty::Weak)
    } else if origin.same_tag && origin.ringing.is_some_and(|ringing| ringing >= HUMAN) {
        (Verdict::Human, Certainty::Strong)
    } else if origin.same_tag && rang {
        (Verdict::Device, Certainty::Strong)
    } else if !rang && is_device(origin.software.as_deref()) {
        (Verdict::Device, Certainty::Weak)
    } else if !rang && at_once && !origin.analytics_marks {
        (Verdict::PersonalList, Certainty::Weak)
    } else if origin.analytics_marks {
        (Verdict::NetworkAnalytics, Certainty::Strong)
    } else if rang && cancels_branches(call, transaction) {
        (Verdict::ForkingProxy, Certainty::Strong)
    } else {
        (Verdict::Unknown, Certainty::Weak)
    }
}

/// Whether the element that answered sent CANCELs for a 607.
fn cancels_branches(call: &Call, transaction: &Transaction) -> bool {
    call.transactions
        .iter()
        .filter(|t| t.method == Method::Cancel && t.client.address == transaction.server.address)
        .any(|t| {
            let cancel = t.request.and_then(|id| call.message(id));
            cancel.is_some_and(|m| m.message.reasons().iter().any(|r| r.is("SIP") && r.cause == Some(607)))
        })
}

#[cfg(test)]
mod tests;
