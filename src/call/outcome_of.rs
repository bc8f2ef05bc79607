//! Decides how a call ended: the table of diagnosis §D6, whose first matching row wins.

use std::time::Duration;

use super::network_block::NetworkBlock;
use super::{
    AttemptCause, Call, CapturedMessage, FinalResponse, MessageId, Origin, Outcome, OutcomeDetail, Transaction,
    TransactionId, unwanted,
};
use crate::provenance::Timestamp;
use crate::sip::{Method, StatusClass, StatusCode};

/// Timer B, F and H: 64*T1 (RFC 3261 §17.1.1.2).
const TIMER_B: Duration = Duration::from_secs(32);
/// Timer C, when a proxy gives up an INVITE that had provisional responses (RFC 3261 §16.6).
const TIMER_C: Duration = Duration::from_mins(3);
/// Ringing as long as this and then nothing is an unanswered call.
const LONG_RINGING: Duration = Duration::from_secs(10);
/// Frames of several interfaces or captures are written out of order by less than this.
const CLOCK_JITTER: Duration = Duration::from_secs(1);
/// Copies of a 2xx beside the first that make it more than one lost packet: they come 0.5, 1.5 and 3.5 s after it.
pub(crate) const COPIES_IN_VAIN: usize = 3;
/// From the first to the last copy of a 2xx that is repeated to the end: 64*T1 but for the last pause, T2 (RFC 3261 §13.3.1.4).
const TIMER_H_BUT_T2: Duration = Duration::from_secs(28);
/// Until the next copy of it is there at the latest: T2 and T1.
const LONGEST_PAUSE: Duration = Duration::from_millis(4500);
/// Sendings after the first until timer B (RFC 3261 §17.1.1.2) or F (§17.1.2.2) fires.
const ALL_INVITES: usize = 6;
const ALL_OTHERS: usize = 10;

/// How a call ended and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) detail: Option<OutcomeDetail>,
    pub(super) decided_by: Option<TransactionId>,
    pub(super) final_response: Option<MessageId>,
}

impl Verdict {
    fn plain(outcome: Outcome, decided_by: Option<TransactionId>) -> Self {
        Self { outcome, detail: None, decided_by, final_response: None }
    }
}

/// Decides from the attempts nearest the caller.
pub(super) fn decide(call: &Call) -> Verdict {
    let Some(id) = deciding_attempt(call) else { return Verdict::plain(Outcome::Incomplete, None) };
    let Some(transaction) = call.transaction(id) else { return Verdict::plain(Outcome::Incomplete, None) };
    let Some(last) = call.decisive_final(id) else { return without_final(call, id, transaction) };
    let Some(response) = call.message(last.message) else { return Verdict::plain(Outcome::Incomplete, Some(id)) };
    let (outcome, detail) = with_final(call, id, response, last.status);
    Verdict { outcome, detail, decided_by: Some(id), final_response: Some(last.message) }
}

/// An answered INVITE, or else the last attempt; of the branches of a fork the one that a proxy would pass on.
fn deciding_attempt(call: &Call) -> Option<TransactionId> {
    let last = call.attempts.last()?;
    let invite = call.transaction(last.transaction).is_some_and(|t| t.method == Method::Invite);
    if let Some(answered) = call.answered_transaction().filter(|_| invite) {
        return Some(answered);
    }
    let root = if let AttemptCause::Fork(root) = last.because { root } else { last.transaction };
    let branches = call.attempts.iter().filter(|a| a.transaction == root || a.because == AttemptCause::Fork(root));
    branches.map(|a| a.transaction).min_by_key(|id| (branch_rank(call.final_status(*id)), *id))
}

/// The order in which a proxy picks the best of several final responses (RFC 3261 §16.7 step 6); 487 tells nothing.
pub(crate) fn branch_rank(status: Option<StatusCode>) -> u8 {
    match status {
        None => 7,
        Some(StatusCode(487)) => 6,
        Some(status) => match status.class() {
            Some(StatusClass::Success) => 0,
            Some(StatusClass::GlobalFailure) => 1,
            Some(StatusClass::Redirection) => 2,
            Some(StatusClass::ClientError) => 3,
            _ => 4,
        },
    }
}

fn with_final(
    call: &Call,
    id: TransactionId,
    response: &CapturedMessage,
    status: StatusCode,
) -> (Outcome, Option<OutcomeDetail>) {
    let over = response.provenance.time;
    if status.is_success() {
        return (Outcome::Answered, unacknowledged(call, id).then_some(OutcomeDetail::AnsweredNoAck));
    }
    if status.0 == 487 && given_up(call, id, over).is_some() {
        return cancelled(call, id);
    }
    // A redirect that crossed the CANCEL: whoever hung up follows nothing.
    if status.is_redirection() && call.cancel_time(id).is_some_and(|cancel| cancel <= over) {
        return cancelled(call, id);
    }
    let (id, response, status) = said_behind(call, id, status).unwrap_or((id, response, status));
    let outcome = match status.0 {
        300..=399 => Outcome::RedirectedUnfollowed,
        401 | 407 if call.answered_realm(id) => Outcome::AuthFailed,
        401 | 407 => Outcome::ChallengeUnanswered,
        486 | 600 => Outcome::Busy,
        _ if nobody_answered(call, id, response, status) => Outcome::NoAnswer,
        _ => of_status(call, id, response, status),
    };
    (outcome, None)
}

/// The rows that need no more than the response itself.
fn of_status(call: &Call, id: TransactionId, response: &CapturedMessage, status: StatusCode) -> Outcome {
    let phrase = response.message.reason_phrase();
    match status.0 {
        603 if NetworkBlock::of(&response.message).is_some() => Outcome::BlockedByNetwork,
        603 => Outcome::Declined,
        // No caller, and no callee.
        607 if call.transaction(id).is_some_and(|t| t.method == Method::Register) => Outcome::Rejected,
        607 if unwanted::is_word_of_analytics(call, id) => Outcome::BlockedByNetwork,
        607 => Outcome::UnwantedByCallee,
        608 => Outcome::BlockedByNetwork,
        428 | 436 | 437 | 438 => Outcome::IdentityRejected,
        403 if phrase.is_some_and(|p| p.trim().eq_ignore_ascii_case("Stale Date")) => Outcome::IdentityRejected,
        // What a verifier found, with its status in Reason (RFC 9410).
        403 if response.message.reasons().iter().any(|reason| reason.is("STIR")) => Outcome::IdentityRejected,
        503 => Outcome::Overload,
        500..=599 => Outcome::ServerFailure,
        _ => Outcome::Rejected,
    }
}

/// What was said on a hop behind, where an element made another 6xx of it: each says something else of the caller, and who passes one on has
/// heard nothing more.
fn said_behind(
    call: &Call,
    id: TransactionId,
    status: StatusCode,
) -> Option<(TransactionId, &CapturedMessage, StatusCode)> {
    let is_register = call.transaction(id)?.method == Method::Register;
    if status.class() != Some(StatusClass::GlobalFailure) || is_register {
        return None;
    }
    let Origin::Response(deepest, message) = call.origin_of_failure(id)? else { return None };
    let response = call.message(message)?;
    let said = response.message.status()?;
    let is_restored = || status.0 == 607 && unwanted::says_that_it_was_one(&response.message);
    let is_another = said.class() == Some(StatusClass::GlobalFailure) && said != status && !is_restored();
    // The data of a 603+ are what marks it, and an element may drop them.
    let lost_its_marks = || said == status && said.0 == 603 && NetworkBlock::of(&response.message).is_some();
    (is_another || lost_its_marks()).then_some((deepest, response, said))
}

/// Rang long and then timed out, or the network says that nobody answered (Q.850 cause 19).
fn nobody_answered(call: &Call, id: TransactionId, response: &CapturedMessage, status: StatusCode) -> bool {
    let long = call.ringing(id).is_some_and(|ringing| ringing >= LONG_RINGING);
    (matches!(status.0, 408 | 480) && long)
        || response.message.reasons().iter().any(|r| r.is("Q.850") && r.cause == Some(19))
}

/// A 2xx that was sent again and again, to the end of its timer or until one of the two ended the call, and never acknowledged.
/// Had its sender been content before, the ACK went past this capture.
fn unacknowledged(call: &Call, id: TransactionId) -> bool {
    let (Some(transaction), Some(last)) = (call.transaction(id), call.decisive_final(id)) else { return false };
    let copies = last.retransmissions.iter().filter_map(|id| call.time(*id));
    let Some((first, latest)) = call.time(last.message).zip(copies.max()) else { return false };
    transaction.method == Method::Invite
        && !last.acknowledged
        && call.timed_repeats(last.message, &last.retransmissions).count() >= COPIES_IN_VAIN
        && !call.clock_was_set_back()
        && (latest.since(first) >= TIMER_H_BUT_T2 || is_ended_by(call, last, latest.plus(LONGEST_PAUSE)))
}

/// Whether a BYE of the dialog of an answer came before the next copy of it was due.
fn is_ended_by(call: &Call, answer: &FinalResponse, due: Timestamp) -> bool {
    let Some(answer) = call.message(answer.message) else { return false };
    let meanwhile = answer.provenance.time..due;
    call.transactions.iter().filter(|t| t.method == Method::Bye && t.leg == answer.leg).any(|t| {
        let tags = t.request.and_then(|id| call.message(id)).map(|m| [m.message.from_tag(), m.message.to_tag()]);
        meanwhile.contains(&t.start) && tags.is_some_and(|tags| tags.contains(&answer.message.to_tag()))
    })
}

/// When the caller gave the attempt up before `over`: by CANCEL, seen on this hop or on another of the same leg, or by BYE.
fn given_up(call: &Call, id: TransactionId, over: Timestamp) -> Option<Timestamp> {
    let attempt = call.transaction(id)?;
    let own = call.cancel_time(id);
    let others = call.transactions.iter().filter(|t| {
        let cancel = t.method == Method::Cancel;
        let bye = t.method == Method::Bye && t.client.address == attempt.client.address;
        // Of a request that was not captured only its responses tell the time: it was sent before.
        let later = attempt.request.is_none() || t.start >= attempt.start;
        t.leg == attempt.leg && later && (cancel || bye)
    });
    own.or_else(|| others.map(|t| t.start).min()).filter(|time| *time <= over)
}

fn cancelled(call: &Call, id: TransactionId) -> (Outcome, Option<OutcomeDetail>) {
    let given_up = given_up(call, id, call.observed_until);
    let ringing = call.ringing_since(id).zip(given_up).map(|(since, until)| until.since(since));
    let abandoned = ringing.is_some_and(|ringing| ringing >= LONG_RINGING);
    (Outcome::Cancelled, abandoned.then_some(OutcomeDetail::Abandoned))
}

fn without_final(call: &Call, id: TransactionId, transaction: &Transaction) -> Verdict {
    let passed = |since: Timestamp, span| call.observed_until >= since.plus(span);
    let incomplete = Verdict::plain(Outcome::Incomplete, Some(id));
    if transaction.request.is_none() || was_answered_unseen(call, transaction) || call.clock_was_set_back() {
        return incomplete;
    }
    let heard = transaction.provisionals.iter().filter_map(|id| call.time(*id)).max();
    let silent = heard.unwrap_or(transaction.start);
    if let Some(cancel) = call.cancel_time(id) {
        // Timer B or C had fired: not the caller's will, but the silence, ended it.
        let waited = cancel.since(silent);
        return match heard {
            None if waited >= TIMER_B || sent_to_the_end(call, transaction) => {
                Verdict::plain(Outcome::NoResponse, Some(id))
            }
            Some(_) if waited >= TIMER_C => Verdict::plain(Outcome::Stalled, Some(id)),
            _ if passed(cancel, TIMER_B) => {
                let (outcome, detail) = cancelled(call, id);
                Verdict { detail, ..Verdict::plain(outcome, Some(id)) }
            }
            _ => incomplete,
        };
    }
    let patience = if transaction.method == Method::Invite { TIMER_C } else { TIMER_B };
    match heard {
        Some(heard) if passed(heard, patience) => Verdict::plain(Outcome::Stalled, Some(id)),
        None if passed(silent, TIMER_B) || sent_to_the_end(call, transaction) || is_unreachable(call, transaction) => {
            Verdict::plain(Outcome::NoResponse, Some(id))
        }
        _ => incomplete,
    }
}

fn sent_to_the_end(call: &Call, transaction: &Transaction) -> bool {
    let all = if transaction.method == Method::Invite { ALL_INVITES } else { ALL_OTHERS };
    call.requests_again(transaction).count() >= all
}

fn is_unreachable(call: &Call, transaction: &Transaction) -> bool {
    call.icmp
        .iter()
        .any(|report| report.unreachable == transaction.server && report.provenance.time >= transaction.start)
}

/// Whether the client acknowledged a response, or went on inside a dialog: then responses travelled where the capture does
/// not see them, and their absence proves nothing (diagnosis §D9).
fn was_answered_unseen(call: &Call, transaction: &Transaction) -> bool {
    let later = |t: &&Transaction| t.leg == transaction.leg && t.in_dialog && t.start > transaction.start;
    !transaction.acks.is_empty()
        || call.transactions.iter().any(|t| later(&t) && t.method != Method::Cancel)
        || call.messages.iter().any(|m| {
            m.leg == transaction.leg
                && m.message.is_request()
                && m.message.method() == Some(&Method::Ack)
                && m.provenance.time > transaction.start
                && m.message.cseq().map(|c| c.number) == request_number(call, transaction)
        })
}

impl Call {
    /// Whether the capture clock went back within the call: how long it was silent is then unknown.
    pub fn clock_was_set_back(&self) -> bool {
        self.messages.windows(2).any(
            |pair| matches!(pair, [earlier, later] if later.provenance.time.plus(CLOCK_JITTER) < earlier.provenance.time),
        )
    }
}

fn request_number(call: &Call, transaction: &Transaction) -> Option<u32> {
    call.message(transaction.request?)?.message.cseq().map(|c| c.number)
}
