//! The attempts of a call: its initial requests at the hop nearest the caller, and why each was made.

use smallvec::SmallVec;

use super::element::Elements;
use super::{Attempt, AttemptCause, Call, Transaction, TransactionId};
use crate::sip::{Challenge, HeaderName, Method};

/// Statuses after which a corrected request is sent again (RFC 3261 §8.1.3.5, RFC 4028, RFC 8224).
const CORRECTABLE: &[u16] = &[413, 415, 416, 420, 421, 422, 423, 428, 436, 438, 488, 491, 494];

/// Finds the attempts of a call whose redirects are known already.
pub(super) fn find(call: &Call, elements: &Elements) -> Vec<Attempt> {
    let candidates = candidates(call);
    let mut attempts: Vec<Attempt> = Vec::with_capacity(candidates.len());
    for id in candidates {
        if attempts.is_empty() {
            attempts.push(Attempt { transaction: id, because: AttemptCause::First });
        } else if belongs(call, elements, &attempts, id) {
            attempts.push(Attempt { transaction: id, because: cause(call, &attempts, id) });
        }
    }
    attempts
}

/// Transactions: as a rule few.
type Few = SmallVec<[TransactionId; 4]>;

/// Initial requests that no captured hop forwards, by time: the INVITEs, or without INVITE those of the first one's method.
fn candidates(call: &Call) -> Few {
    let begins = |t: &Transaction| t.upstream.is_none() && begins(&t.method);
    let all = call.transactions.iter().enumerate().filter(|(_, t)| begins(t)).map(|(at, _)| TransactionId(at));
    let mut initial: Few = all.filter(|id| call.is_initial(*id)).collect();
    if initial.is_empty() {
        initial = refreshes(call);
    }
    let method_of = |id: &TransactionId| call.transaction(*id).map(|t| &t.method);
    let invite = initial.iter().any(|id| method_of(id) == Some(&Method::Invite));
    let wanted = if invite { Some(&Method::Invite) } else { initial.first().and_then(method_of) };
    initial.retain(|id| method_of(id) == wanted);
    initial
}

/// The requests of a subscription that began before the capture: each stands for itself, and was answered or not.
fn refreshes(call: &Call) -> Few {
    let subscription = |t: &Transaction| matches!(t.method, Method::Subscribe | Method::Notify);
    if !call.transactions.iter().all(|t| subscription(t) && t.request.is_some()) {
        return Few::new();
    }
    let all = (0..call.transactions.len()).map(TransactionId);
    all.filter(|id| call.transaction(*id).is_some_and(|t| t.upstream.is_none())).collect()
}

/// Methods that can begin something; the others need a dialog or a transaction.
fn begins(method: &Method) -> bool {
    !matches!(method, Method::Ack | Method::Cancel | Method::Bye | Method::Prack)
}

/// Whether an initial request was sent by the caller, rather than by an element behind it that replaces the Via stack.
fn belongs(call: &Call, elements: &Elements, attempts: &[Attempt], id: TransactionId) -> bool {
    let Some(request) = call.transaction(id) else { return false };
    let earlier: Vec<_> = attempts.iter().filter_map(|a| Some((a, call.transaction(a.transaction)?))).collect();
    let same_client = earlier.iter().any(|(_, t)| elements.same(t.client, request.client));
    let Some((last, _)) = earlier.last() else { return false };
    if earlier.iter().all(|(_, t)| t.leg != request.leg) {
        return same_client && follows_attempt(call, attempts, id);
    }
    if same_client {
        return !is_spiral(call, &earlier, id);
    }
    let is_server = earlier.iter().any(|(_, t)| elements.same(t.server, request.client));
    (!is_server || relays_unseen(call, last.transaction, id))
        && call.final_time(last.transaction).is_some_and(|over| over <= request.start)
}

/// Whether a server passes on a newer request of the client of `earlier` whose own hop was not captured, or cannot be read (the
/// `IPsec` tunnel of an IMS client): the client stands in its Via stack.
fn relays_unseen(call: &Call, earlier: TransactionId, id: TransactionId) -> bool {
    let (Some(before), Some(now)) = (call.request(earlier), call.request(id)) else { return false };
    let Some(client) = before.message.top_via() else { return false };
    call.cseq_number(id) > call.cseq_number(earlier)
        && now.message.vias().iter().skip(1).any(|via| via.host == client.host)
}

/// Whether a request of another leg follows a redirect of an attempt.
fn follows_attempt(call: &Call, attempts: &[Attempt], id: TransactionId) -> bool {
    call.redirects.iter().filter(|r| r.follows.iter().any(|f| f.transaction == id)).any(|r| {
        let saw = |wanted: TransactionId| r.transaction == wanted || r.relayed.contains(&wanted);
        attempts.iter().any(|a| saw(a.transaction))
    })
}

/// Whether the call came back to the element that sent it: the same CSeq, and fewer hops left.
fn is_spiral(call: &Call, earlier: &[(&Attempt, &Transaction)], id: TransactionId) -> bool {
    let hops = |id: TransactionId| -> Option<u32> {
        call.request(id)?.message.header(HeaderName::MaxForwards)?.trim().parse().ok()
    };
    let Some(left) = hops(id) else { return false };
    earlier
        .iter()
        .any(|(a, _)| is_parallel(call, a.transaction, id) && hops(a.transaction).is_some_and(|before| left < before))
}

/// Whether `id` is sent under the CSeq of `earlier` while that one still waits for its final response.
fn is_parallel(call: &Call, earlier: TransactionId, id: TransactionId) -> bool {
    let number = |id| call.cseq_number(id);
    let Some(start) = call.transaction(id).map(|t| t.start) else { return false };
    number(earlier).is_some()
        && number(earlier) == number(id)
        && call.final_time(earlier).is_none_or(|over| over > start)
}

fn cause(call: &Call, earlier: &[Attempt], id: TransactionId) -> AttemptCause {
    let tag = |id: TransactionId| call.request(id).and_then(|m| m.message.from_tag());
    let same_tag = earlier.iter().rev().find(|a| tag(a.transaction) == tag(id));
    let Some(last) = same_tag.or_else(|| earlier.last()) else { return AttemptCause::First };
    let status = call.final_status(last.transaction);
    if status.is_some_and(crate::sip::StatusCode::is_challenge) && answers_challenge(call, last.transaction, id) {
        return AttemptCause::Challenge(last.transaction);
    }
    if let Some(index) = call.redirects.iter().rposition(|r| r.follows.iter().any(|f| f.transaction == id)) {
        return AttemptCause::Redirect(index);
    }
    if is_parallel(call, last.transaction, id) {
        let root = if let AttemptCause::Fork(root) = last.because { root } else { last.transaction };
        return AttemptCause::Fork(root);
    }
    match status {
        Some(status) if CORRECTABLE.contains(&status.0) => AttemptCause::Corrected(last.transaction),
        _ => AttemptCause::Again(last.transaction),
    }
}

/// Whether `id` carries credentials, and a higher CSeq than the challenged request (some clients reuse the number).
fn answers_challenge(call: &Call, challenged: TransactionId, id: TransactionId) -> bool {
    let number = |id| call.cseq_number(id).unwrap_or_default();
    call.transaction(id).is_some_and(|t| call.has_credentials(t)) && number(id) >= number(challenged)
}

impl Call {
    /// The CSeq number of a transaction.
    pub fn cseq_number(&self, id: TransactionId) -> Option<u32> {
        let transaction = self.transaction(id)?;
        let first = transaction.request.or_else(|| transaction.provisionals.first().copied());
        let any = first.or_else(|| transaction.finals.first().map(|f| f.message))?;
        self.message(any)?.message.cseq().map(|c| c.number)
    }

    /// Whether the request of a challenged transaction held credentials for what the 401 or 407 asks: of the right kind, and
    /// of its realm where both name one.
    pub fn answered_realm(&self, id: TransactionId) -> bool {
        let Some(challenge) = self.decisive_final(id).and_then(|f| self.message(f.message)) else { return false };
        let (asks, gives) = match challenge.message.status() {
            Some(crate::sip::StatusCode(407)) => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
            _ => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
        };
        let of = |all: Vec<Challenge>, name| all.into_iter().filter(move |c| c.header == name).collect::<Vec<_>>();
        let asked = of(challenge.message.challenges(), asks);
        let offered = self.request(id).map(|m| of(m.message.credentials(), gives)).unwrap_or_default();
        let match_one = |sent: &Challenge| {
            sent.realm().is_none()
                || asked.is_empty()
                || asked.iter().any(|c| c.realm().is_none() || c.realm() == sent.realm())
        };
        offered.iter().any(match_one)
    }
}
