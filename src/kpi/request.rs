//! The requests that metrics count: INVITEs that set up a session, and REGISTERs, at the hop nearest the caller.

use std::time::Duration;

use crate::call::{Attempt, AttemptCause, Call, Outcome, TransactionId, branch_rank};
use crate::provenance::Timestamp;
use crate::sip::StatusCode;

/// Timer B and F: after 64*T1 a request without response has failed (RFC 3261 §17.1.1.2, §17.1.2.2).
pub(super) const TIMEOUT: Duration = Duration::from_secs(32);

/// One request as RFC 6076 counts it: its retransmissions, the same request with the credentials that a 401 or 407 asked for,
/// and the branches of a fork belong to it. What follows a 3xx, and what was sent again after another response, is a request of
/// its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// The transaction that ended it.
    pub(super) transaction: TransactionId,
    /// When it was first sent.
    pub(super) start: Timestamp,
    /// How it ended.
    pub(super) end: End,
    /// Challenges that were answered on the way.
    pub(super) challenges: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With a final response.
    Final(StatusCode),
    /// Without one, and the capture goes on for long enough to tell.
    Timeout,
    /// The capture does not tell.
    Unknown,
}

/// The requests of a call, in order.
pub(super) fn requests(call: &Call) -> Vec<Request> {
    let mut chains: Vec<Chain> = Vec::new();
    let method = |attempt: &Attempt| call.transaction(attempt.transaction).map(|t| &t.method);
    let first = call.attempts.first().and_then(method);
    for attempt in call.attempts.iter().filter(|attempt| method(attempt) == first) {
        let id = attempt.transaction;
        let before = match attempt.because {
            AttemptCause::Challenge(before) | AttemptCause::Fork(before) => Some(before),
            _ => None,
        };
        let known = before.and_then(|before| chains.iter_mut().find(|chain| chain.all.contains(&before)));
        match known {
            Some(chain) => {
                chain.all.push(id);
                if let AttemptCause::Challenge(challenged) = attempt.because {
                    chain.last.retain(|branch| *branch != challenged);
                    chain.challenges += 1;
                }
                chain.last.push(id);
            }
            None => chains.push(Chain { all: vec![id], last: vec![id], challenges: 0 }),
        }
    }
    chains.iter().filter_map(|chain| chain.request(call)).collect()
}

/// The transactions of one request.
struct Chain {
    all: Vec<TransactionId>,
    /// Those that no answered challenge superseded: one, or the branches of a fork.
    last: Vec<TransactionId>,
    challenges: u64,
}

impl Chain {
    fn request(&self, call: &Call) -> Option<Request> {
        let best = self.last.iter().copied().min_by_key(|id| (branch_rank(call.final_status(*id)), *id))?;
        let start = call.transaction(*self.all.first()?)?.start;
        let latest = call.transaction(best)?.start;
        let unknown = || call.outcome == Outcome::Incomplete && call.decided_by.is_none_or(|id| self.all.contains(&id));
        let end = match call.final_status(best) {
            Some(status) => End::Final(status),
            None if unknown() || call.observed_until < latest.plus(TIMEOUT) => End::Unknown,
            None => End::Timeout,
        };
        Some(Request { transaction: best, start, end, challenges: self.challenges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::fixture::call;

    const HOSTS: &str = "host pbx 192.0.2.10\nhost a 198.51.100.30\nhost b 203.0.113.40\n\n";

    fn ends(flow: &str) -> Vec<(Option<u16>, u64)> {
        let found = requests(&call(&format!("{HOSTS}{flow}")));
        found
            .iter()
            .map(|r| {
                let status = if let End::Final(status) = r.end { Some(status.0) } else { None };
                (status, r.challenges)
            })
            .collect()
    }

    #[test]
    fn a_challenge_is_a_step_of_the_same_request_and_a_redirect_is_not() {
        let challenged = "0.0 pbx > a\nINVITE sip:bob@corp.example\n\n+0.01 a > pbx tag=1\n407\nProxy-Authenticate: Digest realm=\"x\", nonce=\"y\"\n\n\
             +0.01 pbx > a\nACK\n\n+0.01 pbx > a\nINVITE sip:bob@corp.example\nProxy-Authorization: Digest username=\"u\", realm=\"x\", nonce=\"y\", uri=\"sip:x\", response=\"z\"\n\n";
        let answered = format!("{challenged}+1 a > pbx tag=2\n200\n\n+0.01 pbx > a\nACK\n");
        assert_eq!(ends(&answered), [(Some(200), 1)]);
        let redirected = format!(
            "{challenged}+1 a > pbx tag=2\n302\nContact: <sip:bob@203.0.113.40>\n\n+0.01 pbx > a\nACK\n\n\
             +0.01 pbx > b\nINVITE sip:bob@203.0.113.40\n\n+0.5 b > pbx tag=3\n486\n\n+0.01 pbx > b\nACK\n"
        );
        assert_eq!(ends(&redirected), [(Some(302), 1), (Some(486), 0)]);
    }

    #[test]
    fn retransmissions_are_one_request_that_may_time_out() {
        let all = "0.0 pbx > a repeat=0.5,1.5,3.5,7.5,15.5,31.5
INVITE sip:bob@corp.example
";
        assert_eq!(call(&format!("{HOSTS}{all}")).messages.len(), 7);
        assert_eq!(ends(all), [(None, 0)]);
        let found = requests(&call(&format!("{HOSTS}{all}")));
        assert_eq!(found[0].end, End::Timeout);
    }
}
