//! The metrics themselves: counts and delays of some of the calls, and the ratios that follow from them.

use std::time::Duration;

use super::Spread;
use super::request::{End, Request};
use crate::call::unwanted::{self, Verdict};
use crate::call::{Call, Outcome, TransactionId};
use crate::sip::{Method, StatusCode};

use super::request::TIMEOUT;

/// A share with what it is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// What counts.
    pub part: u64,
    /// Everything; with 0 the ratio is undefined.
    pub whole: u64,
}

/// What was measured on some of the calls and registrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// INVITE requests whose end is known (RFC 6076 §4.6): challenges and retransmissions belong to the request before them.
    pub requests: u64,
    /// Those that ended with a 3xx.
    pub redirected: u64,
    /// Those that ended with a 2xx.
    pub established: u64,
    /// Those that ended with 480, 486, 600 or 603, which are the doing of the called user (RFC 6076 §4.7).
    pub by_user: u64,
    /// Those that ended with a 607 that a person or their device sent.
    pub unwanted_by_user: u64,
    /// Those that ended with 408, 500, 503 or 504 (RFC 6076 §4.8).
    pub ineffective: u64,
    /// INVITE requests whose end the capture does not show; they count nowhere else.
    pub open_requests: u64,
    /// Challenges (401, 407) to INVITEs that were answered, each a step of the same request.
    pub challenges: u64,

    /// Calls whose end is known: the seizures of ITU-T E.411.
    pub calls: u64,
    /// Calls whose end the capture does not show.
    pub open_calls: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that ended with 486 or 600.
    pub busy: u64,
    /// Calls that rang and were not answered.
    pub unanswered: u64,
    /// Calls that the called user rejected: 603 that is no 603+, or 607 from a person or their device.
    pub rejected: u64,
    /// Answered calls whose BYE got a response other than 408 (RFC 6076 §4.9).
    pub completed: u64,
    /// Answered calls of which the capture shows no BYE, or not what became of it.
    pub still_up: u64,
    /// BYEs that were rejected: no disconnect to be timed (RFC 6076 §4.4).
    pub failed_disconnects: u64,

    /// REGISTER requests whose end is known.
    pub registrations: u64,
    /// Those that ended with a 4xx other than 401, 402 and 407, a 5xx, a 6xx, or not at all (RFC 6076 §4.2).
    pub ineffective_registrations: u64,
    /// REGISTER requests whose end the capture does not show.
    pub open_registrations: u64,

    /// Session request delay of calls that were answered (RFC 6076 §4.3.1).
    pub srd: Spread,
    /// The same of calls that failed (§4.3.2).
    pub srd_failed: Spread,
    /// Session disconnect delay (§4.4).
    pub sdd: Spread,
    /// Session duration time (§4.5.1).
    pub sdt: Spread,
    /// The same of calls whose BYE got no response (§4.5.2): up to timer F.
    pub sdt_failed: Spread,
    /// From the 2xx to the BYE, whatever became of it.
    pub talk: Spread,
    /// Post-dial delay: from the first INVITE to the first 18x, or else to the final response.
    pub pdd: Spread,
    /// Registration request delay (§4.1).
    pub rrd: Spread,
}

impl Metrics {
    /// Session establishment ratio (RFC 6076 §4.6).
    pub fn ser(&self) -> Ratio {
        Ratio { part: self.established, whole: self.requests - self.redirected }
    }

    /// Session establishment effectiveness ratio (§4.7).
    pub fn seer(&self) -> Ratio {
        Ratio { part: self.established + self.by_user, whole: self.requests - self.redirected }
    }

    /// The same with 607 among what is the called user's doing, where a person or their device sent it. RFC 6076 is older than 607: this
    /// is no metric of its.
    pub fn seer_with_607(&self) -> Ratio {
        Ratio { part: self.seer().part + self.unwanted_by_user, whole: self.requests - self.redirected }
    }

    /// Ineffective session attempts (§4.8).
    pub fn isa(&self) -> Ratio {
        Ratio { part: self.ineffective, whole: self.requests }
    }

    /// Session completion ratio (§4.9), without sessions whose completion the capture cannot show.
    pub fn scr(&self) -> Ratio {
        Ratio { part: self.completed, whole: self.requests.saturating_sub(self.still_up) }
    }

    /// Answer seizure ratio (ITU-T E.411).
    pub fn asr(&self) -> Ratio {
        Ratio { part: self.answered, whole: self.calls }
    }

    /// Network effectiveness ratio (ITU-T E.425).
    pub fn ner(&self) -> Ratio {
        Ratio { part: self.answered + self.busy + self.unanswered + self.rejected, whole: self.calls }
    }

    /// Ineffective registration attempts (§4.2).
    pub fn ira(&self) -> Ratio {
        Ratio { part: self.ineffective_registrations, whole: self.registrations }
    }

    /// Whether anything was measured.
    pub fn is_empty(&self) -> bool {
        self.requests + self.open_requests + self.calls + self.open_calls == 0 && !self.has_registrations()
    }

    /// Whether there are REGISTER requests.
    pub fn has_registrations(&self) -> bool {
        self.registrations + self.open_registrations > 0
    }

    /// Counts an INVITE request.
    pub(super) fn session_request(&mut self, call: &Call, request: &Request) {
        self.challenges += request.challenges;
        let status = match request.end {
            End::Unknown => return self.open_requests += 1,
            End::Timeout => return self.requests += 1,
            End::Final(status) => status,
        };
        self.requests += 1;
        match status.0 {
            200..=299 => self.established += 1,
            300..=399 => self.redirected += 1,
            480 | 486 | 600 | 603 => self.by_user += 1,
            607 if is_users_own(call, request.transaction) => self.unwanted_by_user += 1,
            408 | 500 | 503 | 504 => self.ineffective += 1,
            _ => {}
        }
    }

    /// Counts a call, and measures it.
    pub(super) fn call(&mut self, call: &Call) {
        if call.outcome == Outcome::Incomplete {
            self.open_calls += 1;
            return;
        }
        self.calls += 1;
        let status = call.decided_by.and_then(|id| call.final_status(id));
        match call.outcome {
            Outcome::Answered => {
                self.answered += 1;
                self.session(call);
            }
            Outcome::Busy => self.busy += 1,
            Outcome::Declined => self.rejected += 1,
            Outcome::UnwantedByCallee if call.decided_by.is_some_and(|id| is_users_own(call, id)) => self.rejected += 1,
            Outcome::NoAnswer => self.unanswered += 1,
            _ if rang(call) && (call.outcome == Outcome::Cancelled || is_no_answer(status)) => self.unanswered += 1,
            _ => {}
        }
        let Some(start) = call.initial_request().map(|m| m.provenance.time) else { return };
        let first = |wanted: fn(u16) -> bool| first_sign(call, wanted).map(|time| time.since(start));
        record(&mut self.pdd, first(|status| (180..190).contains(&status)));
        let request_delay = first(|status| status != 100 && status < 200);
        match status {
            Some(status) if status.is_success() => record(&mut self.srd, request_delay),
            Some(StatusCode(401 | 402 | 407 | 300..=399)) | None => {}
            Some(_) => record(&mut self.srd_failed, request_delay),
        }
    }

    /// What became of an answered call.
    fn session(&mut self, call: &Call) {
        let bye = call.bye().and_then(|id| Some((id, call.transaction(id)?)));
        let (Some((id, bye)), Some(talked)) = (bye, call.talk_time()) else {
            self.still_up += 1;
            return;
        };
        self.talk.record(talked);
        let last = call.final_status(id);
        if last.is_none() && call.observed_until < bye.start.plus(TIMEOUT) {
            self.still_up += 1;
            return self.sdt.record(talked);
        }
        if last.is_none() {
            return self.sdt_failed.record(talked + TIMEOUT);
        }
        self.sdt.record(talked);
        self.completed += u64::from(last != Some(StatusCode(408)));
        match disconnected(call, id) {
            Some(delay) => self.sdd.record(delay),
            None => self.failed_disconnects += 1,
        }
    }

    /// Counts a REGISTER request.
    pub(super) fn registration(&mut self, call: &Call, request: &Request) {
        let status = match request.end {
            End::Unknown => {
                self.open_registrations += 1;
                return;
            }
            End::Timeout => None,
            End::Final(status) => Some(status),
        };
        self.registrations += 1;
        match status {
            Some(status) if status.is_success() => {
                let delay = call.final_time(request.transaction).map(|time| time.since(request.start));
                // Of a request that was not captured the time is not known.
                let known = delay.filter(|_| call.request(request.transaction).is_some());
                record(&mut self.rrd, known);
            }
            Some(StatusCode(300..=399 | 401 | 402 | 407)) => {}
            _ => self.ineffective_registrations += 1,
        }
    }

    /// Adds what was measured on other calls.
    pub(super) fn add(&mut self, other: &Self) {
        let counts = [
            (&mut self.requests, other.requests),
            (&mut self.redirected, other.redirected),
            (&mut self.established, other.established),
            (&mut self.by_user, other.by_user),
            (&mut self.unwanted_by_user, other.unwanted_by_user),
            (&mut self.ineffective, other.ineffective),
            (&mut self.open_requests, other.open_requests),
            (&mut self.challenges, other.challenges),
            (&mut self.calls, other.calls),
            (&mut self.open_calls, other.open_calls),
            (&mut self.answered, other.answered),
            (&mut self.busy, other.busy),
            (&mut self.unanswered, other.unanswered),
            (&mut self.rejected, other.rejected),
            (&mut self.completed, other.completed),
            (&mut self.still_up, other.still_up),
            (&mut self.failed_disconnects, other.failed_disconnects),
            (&mut self.registrations, other.registrations),
            (&mut self.ineffective_registrations, other.ineffective_registrations),
            (&mut self.open_registrations, other.open_registrations),
        ];
        for (sum, n) in counts {
            *sum += n;
        }
        let spreads = [
            (&mut self.srd, &other.srd),
            (&mut self.srd_failed, &other.srd_failed),
            (&mut self.sdd, &other.sdd),
            (&mut self.sdt, &other.sdt),
            (&mut self.sdt_failed, &other.sdt_failed),
            (&mut self.talk, &other.talk),
            (&mut self.pdd, &other.pdd),
            (&mut self.rrd, &other.rrd),
        ];
        for (sum, more) in spreads {
            sum.add(more);
        }
    }
}

fn record(spread: &mut Spread, delay: Option<Duration>) {
    if let Some(delay) = delay {
        spread.record(delay);
    }
}

/// Whether a person or their device sent the 607 of a transaction, as far as the capture shows.
fn is_users_own(call: &Call, id: TransactionId) -> bool {
    // An element on the way may have made a 603 of it.
    let deepest = call.origin_of_failure(id).map_or(id, crate::call::Origin::transaction);
    unwanted::origin(call, id)
        .or_else(|| unwanted::origin(call, deepest))
        .is_some_and(|origin| matches!(origin.verdict, Verdict::Human | Verdict::Device))
}

/// Whether the called party was alerted in one of the attempts.
fn rang(call: &Call) -> bool {
    call.attempts.iter().any(|attempt| call.ringing_response(attempt.transaction).is_some())
}

fn is_no_answer(status: Option<StatusCode>) -> bool {
    matches!(status, Some(StatusCode(408 | 480 | 487)))
}

/// When the first provisional response of the wanted kind came in one of the attempts; without any, the final response that decided.
fn first_sign(call: &Call, wanted: fn(u16) -> bool) -> Option<crate::provenance::Timestamp> {
    let provisionals = call.attempts.iter().flat_map(|attempt| call.provisionals(attempt.transaction));
    let signs = provisionals.filter(|m| m.message.status().is_some_and(|status| wanted(status.0)));
    let last = || call.final_time(call.decided_by?);
    signs.map(|m| m.provenance.time).min().or_else(last)
}

/// From the first BYE to the 2xx that one of its sender's got: of a challenged or otherwise recovered one the last.
fn disconnected(call: &Call, first: TransactionId) -> Option<Duration> {
    let bye = call.transaction(first)?;
    let same = |id: &TransactionId| {
        call.transaction(*id).is_some_and(|t| {
            t.method == Method::Bye && t.leg == bye.leg && t.client == bye.client && t.start >= bye.start
        })
    };
    let mut all = (0..call.transactions.len()).map(TransactionId).filter(same);
    let done = all.find(|id| call.final_status(*id).is_some_and(StatusCode::is_success))?;
    bye.request?;
    Some(call.final_time(done)?.since(bye.start))
}
