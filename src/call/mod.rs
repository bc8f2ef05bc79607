//! Calls: the messages of one user intention, grouped into legs, transactions, attempts and redirects, with an outcome.
//!
//! A [`Call`] is everything under one Call-ID, together with the Call-IDs that a redirect or a B2BUA ties to it. It owns
//! its messages; all other parts point into them by index.

use smallvec::SmallVec;

use crate::media::MediaStream;
use crate::provenance::{Endpoint, Frames, Provenance, Timestamp};
use crate::sip::{Message, Method, NameAddr, StatusCode, Uri};

pub mod assemble;
mod attempt;
mod clock;
mod deadlines;
mod dialog;
mod due;
mod element;
mod ended;
mod finals;
mod known;
mod leg_index;
pub mod legs;
mod metrics;
mod missing;
pub mod network_block;
mod open_group;
mod open_groups;
mod open_leg;
pub mod outcome;
mod outcome_of;
mod path;
mod redirect;
pub mod redress;
mod referrals;
pub(crate) mod referred;
mod registrations;
mod repeats;
mod retries;
mod settled;
mod step;
mod touch;
pub mod tracker;
pub mod unwanted;
mod waits;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod joining_tests;
#[cfg(test)]
mod redirect_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tracker_tests;

pub(crate) use ended::Ended;
pub use ended::EndedGroup;
pub use finals::CountedFinal;
pub use outcome::{Outcome, OutcomeDetail};
pub(crate) use outcome_of::{COPIES_IN_VAIN, branch_rank};
pub(crate) use path::NEARBY;
pub use path::Origin;
pub use referrals::{Referral, TakenOver};
pub use retries::NextAttempt;
pub use waits::Waits;

/// Number of a call in its capture, from 1, in the order of first messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNumber(pub u64);

/// Index of a message in [`Call::messages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub usize);

/// Index of a transaction in [`Call::transactions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub usize);

/// A message with the place where it was captured.
#[derive(Debug, Clone)]
pub struct CapturedMessage {
    /// The message.
    pub message: Message,
    /// Where and when.
    pub provenance: Provenance,
    /// Index of its leg in [`Call::legs`].
    pub leg: usize,
    /// Frames in which the same datagram was captured again (another tap, `-i any`): no retransmissions.
    pub duplicates: Frames,
}

impl CapturedMessage {
    /// One whose leg is not known yet.
    pub fn new(message: Message, provenance: Provenance) -> Self {
        Self { message, provenance, leg: 0, duplicates: Frames::new() }
    }
}

/// Everything under one Call-ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The Call-ID as captured; `None` for messages without one.
    pub call_id: Option<Vec<u8>>,
}

/// Messages of one kind in a transaction: as a rule at most two.
pub type MessageIds = SmallVec<[MessageId; 2]>;

/// Its final responses: as a rule one.
pub type Finals = SmallVec<[FinalResponse; 1]>;

/// A request with its retransmissions, provisional and final responses, and the ACK to a non-2xx (RFC 3261 §17).
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Index of its leg.
    pub leg: usize,
    /// Method; of a transaction without captured request, that of CSeq.
    pub method: Method,
    /// Sender of the request.
    pub client: Endpoint,
    /// Where the request was sent.
    pub server: Endpoint,
    /// The request; `None` when it was not captured.
    pub request: Option<MessageId>,
    /// The same request sent again.
    pub retransmissions: MessageIds,
    /// Provisional responses in order, retransmitted ones included.
    pub provisionals: MessageIds,
    /// Distinct final responses in order; more than one is possible (several 2xx, or 600 then 500).
    pub finals: Finals,
    /// ACKs: to a non-2xx those of this transaction, to a 2xx the end-to-end ones that match it.
    pub acks: MessageIds,
    /// The CANCEL transaction that aims at this INVITE on the same hop.
    pub cancelled_by: Option<TransactionId>,
    /// The transaction on the upstream hop that this one forwards (its top branch stands deeper in this Via stack).
    pub upstream: Option<TransactionId>,
    /// Transactions on downstream hops that forward this one; more than one: a fork.
    pub downstream: Vec<TransactionId>,
    /// Whether the request had a To tag, that is, was sent inside a dialog.
    pub in_dialog: bool,
    /// Time of its first message.
    pub start: Timestamp,
}

/// One final response with the times it was sent again.
#[derive(Debug, Clone)]
pub struct FinalResponse {
    /// The first copy.
    pub message: MessageId,
    /// Its status.
    pub status: StatusCode,
    /// Later copies sent by the same server.
    pub retransmissions: MessageIds,
    /// Whether its ACK was captured: on its own hop, or, for a 2xx, on any hop of its leg.
    pub acknowledged: bool,
}

/// An initial INVITE (or, in a group without INVITE, the first request) at the hop nearest the caller.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its transaction.
    pub transaction: TransactionId,
    /// What made the client send it.
    pub because: AttemptCause,
}

/// Why an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptCause {
    /// The first one.
    First,
    /// A challenge (401, 407) was answered with credentials.
    Challenge(TransactionId),
    /// A redirect was followed: index in [`Call::redirects`].
    Redirect(usize),
    /// The request was changed after 413, 415, 416, 420, 421, 422, 423, 428, 436, 438, 488, 491, 494 (RFC 3261 §8.1.3.5).
    Corrected(TransactionId),
    /// Another branch of the same request: a proxy forked it, and the hop in front of the proxy was not captured.
    Fork(TransactionId),
    /// Tried again for no reason that the capture shows.
    Again(TransactionId),
}

/// A 3xx response and what became of it (diagnosis §B3). One entry per redirect, however many hops relayed it.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// The transaction on the deepest hop, the one the redirecting element itself answered.
    pub transaction: TransactionId,
    /// Transactions on upstream hops to which the same response was relayed, nearest first.
    pub relayed: Vec<TransactionId>,
    /// The 3xx.
    pub response: MessageId,
    /// Its status.
    pub status: StatusCode,
    /// The Request-URI that was redirected.
    pub from: Option<Uri>,
    /// Its Contact values in order of appearance.
    pub contacts: Vec<RedirectContact>,
    /// The requests that followed it, in order of time.
    pub follows: Vec<Follow>,
}

impl Redirect {
    /// Whether its Contact is a proxy, through which the same Request-URI is to be asked for (305, RFC 3261 §21.3.4).
    pub fn names_a_proxy(&self) -> bool {
        self.status.0 == 305
    }
}

/// One Contact value of a redirect.
#[derive(Debug, Clone)]
pub struct RedirectContact {
    /// The value as captured.
    pub raw: String,
    /// Read as name-addr or addr-spec; `None` when it cannot be.
    pub address: Option<NameAddr>,
}

/// A request that follows a redirect.
#[derive(Debug, Clone)]
pub struct Follow {
    /// The request's transaction.
    pub transaction: TransactionId,
    /// Which contact it goes to.
    pub contact: usize,
    /// How the two are tied together.
    pub link: FollowLink,
}

/// What ties a follow-up to its redirect (diagnosis §B3, condition 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FollowLink {
    /// Addresses and time alone.
    AddressAndTime,
    /// Another Call-ID with the same From and To.
    SameParties,
    /// The same Call-ID and From tag.
    SameCallId,
}

/// An ICMP error that quotes one of the call's datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcmpReport {
    /// Where it was captured; source is the reporting router or host (port 0).
    pub provenance: Provenance,
    /// Such as `port unreachable` or `host unreachable`.
    pub kind: &'static str,
    /// Where the quoted datagram was sent.
    pub unreachable: Endpoint,
}

/// What happened in one call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number.
    pub number: CallNumber,
    /// Legs, nearest the caller first.
    pub legs: Vec<Leg>,
    /// Messages of all legs in capture order, duplicates folded, retransmissions kept.
    pub messages: Vec<CapturedMessage>,
    /// Transactions of all legs by time of their first message.
    pub transactions: Vec<Transaction>,
    /// Attempts nearest the caller in order.
    pub attempts: Vec<Attempt>,
    /// Redirects in order.
    pub redirects: Vec<Redirect>,
    /// ICMP errors about its datagrams.
    pub icmp: Vec<IcmpReport>,
    /// How it ended.
    pub outcome: Outcome,
    /// A closer word on it.
    pub outcome_detail: Option<OutcomeDetail>,
    /// The transaction whose final response decided the outcome, at the hop nearest the caller.
    pub decided_by: Option<TransactionId>,
    /// The response that decided it.
    pub final_response: Option<MessageId>,
    /// Time of the first message.
    pub start: Timestamp,
    /// Time of the last message.
    pub end: Timestamp,
    /// The capture clock when it was closed: what had not happened by then was not seen.
    pub observed_until: Timestamp,
    /// Streams of RTP from or to the places that its session descriptions name, in order of their first packets; none where the capture holds none, or too many to know all.
    pub media: Vec<MediaStream>,
    /// Where it has none: streams of the hosts that its session descriptions name with others meanwhile, at most two a host.
    pub media_elsewhere: Vec<MediaStream>,
    /// Other legs that may belong to it, though the evidence is ambiguous (diagnosis §D7).
    pub possible_legs: Vec<CallNumber>,
    /// Whether a call of its own may follow a redirect of this one: the client that was redirected went to another server for the user of a Contact.
    pub may_be_followed: bool,
    /// Where it was refused, and its caller called the same party again at once under another Call-ID, and was answered: that call.
    pub next_attempt: Option<Box<NextAttempt>>,
    /// Where it was refused as if nobody were registered: when a registration of the called user was accepted for the last time by then.
    /// Where it ended with a refused REGISTER: when one of the same client for the same user was accepted later, under another Call-ID.
    pub registered: Option<Timestamp>,
    /// The REFER inside another call that asked for it.
    pub referral: Option<Box<Referral>>,
    /// That another call took over a dialog of it.
    pub taken_over: Option<Box<TakenOver>>,
}

impl Call {
    /// Whether it is a call in the narrow sense: its first request is an INVITE outside of a dialog, or it has one later.
    pub fn is_invite(&self) -> bool {
        self.transactions.iter().any(|t| t.method == Method::Invite)
    }

    /// A message by its index.
    pub fn message(&self, id: MessageId) -> Option<&CapturedMessage> {
        self.messages.get(id.0)
    }

    /// A transaction by its index.
    pub fn transaction(&self, id: TransactionId) -> Option<&Transaction> {
        self.transactions.get(id.0)
    }

    /// The request of a transaction, if it was captured.
    pub fn request(&self, id: TransactionId) -> Option<&CapturedMessage> {
        self.message(self.transaction(id)?.request?)
    }
}
