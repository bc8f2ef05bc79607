//! The registrations of one user over time.

use std::net::IpAddr;
use std::time::Duration;

use super::super::super::Evidence;
use super::add_server;
use crate::call::{CallNumber, CapturedMessage, Transaction};
use crate::lang::Text;
use crate::provenance::{Endpoint, FrameRef, Timestamp};

/// Registrars of one user that are remembered.
pub(super) const SERVERS: usize = 4;
/// Times for which a user was registered without a break, the latest ones.
const PERIODS: usize = 3;
/// REGISTER requests that were not accepted, the latest ones.
const ATTEMPTS: usize = 2;
/// Calls that failed, the first ones.
const FAILURES: usize = 8;
/// Registrars wait a little before they take a binding away.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// A user (an address of record) with all its contacts.
#[derive(Debug, Default)]
pub struct User {
    periods: Vec<Period>,
    attempts: Vec<Attempt>,
    failures: Vec<Failure>,
    /// How many calls failed.
    failed: u64,
}

/// A time for which one contact or another was registered.
#[derive(Debug)]
pub struct Period {
    since: Timestamp,
    /// When the last binding is over.
    pub until: Timestamp,
    /// The 200 of the latest registration.
    pub last: Seen,
    /// For how long that was.
    pub granted: Duration,
    /// Who sent it.
    pub client: Endpoint,
    /// When somebody was reached by it although it was over.
    reached: Option<Timestamp>,
    /// When the client took a contact away.
    removed: Option<Timestamp>,
    /// Who accepted these registrations.
    servers: Vec<IpAddr>,
}

/// Where and when a message was captured.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    frame: FrameRef,
    /// When.
    pub time: Timestamp,
    /// By whom it was sent.
    pub source: Endpoint,
    destination: Endpoint,
}

/// A REGISTER that was not accepted.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// The request.
    pub seen: Seen,
    /// The status that it got, if any.
    pub status: Option<u16>,
    /// That response.
    pub answer: Option<Seen>,
}

/// A call that was refused at once by a server.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// The response.
    pub seen: Seen,
    /// When the call came.
    pub time: Timestamp,
    /// The status.
    pub status: u16,
    /// The call.
    pub call: CallNumber,
}

/// The registration that was over when one call failed.
#[derive(Debug, Clone, Copy)]
pub struct Expired<'a> {
    /// Of whom.
    pub user: &'a str,
    /// That registration.
    pub period: &'a Period,
    /// The latest REGISTER behind it that was not accepted.
    pub attempt: Option<&'a Attempt>,
    /// The call.
    pub failure: Failure,
}

/// Calls that failed while nobody was registered any more.
#[derive(Debug)]
pub struct Lapse<'a> {
    /// The registration that was over by then.
    pub period: &'a Period,
    /// The latest REGISTER behind it that was not accepted.
    pub attempt: Option<&'a Attempt>,
    /// The next one that was.
    pub again: Option<&'a Period>,
    /// Those calls, the first ones.
    pub failures: Vec<Failure>,
    /// How many.
    pub count: u64,
}

impl Seen {
    pub(in crate::diagnosis) fn of(message: &CapturedMessage) -> Self {
        let provenance = &message.provenance;
        let (source, destination) = (provenance.flow.source, provenance.flow.destination);
        Self { frame: provenance.frame, time: provenance.time, source, destination }
    }

    /// Whom it was sent to.
    pub fn destination(&self) -> Endpoint {
        self.destination
    }

    /// Cites it.
    pub fn evidence(&self, what: impl Into<Text>) -> Evidence {
        Evidence {
            frame: self.frame,
            time: self.time,
            source: self.source,
            destination: self.destination,
            what: what.into(),
            text: String::new().into(),
        }
    }
}

impl User {
    pub(super) fn accept(&mut self, transaction: &Transaction, last: Seen, granted: Duration) {
        let (since, until) = (transaction.start, last.time.plus(granted));
        let (client, server) = (transaction.client, transaction.server.address);
        // Groups are over in nearly the order in which they began.
        let same = self.periods.iter_mut().rev().find(|p| {
            let is_ended = p.removed.is_some_and(|removed| removed <= since);
            since <= p.until && p.since <= until && !is_ended
        });
        let Some(period) = same else {
            if self.periods.len() >= PERIODS {
                self.periods.remove(0);
            }
            self.periods.push(Period {
                since,
                until,
                last,
                granted,
                client,
                reached: None,
                removed: None,
                servers: vec![server],
            });
            self.periods.sort_by_key(|p| p.since);
            return;
        };
        add_server(&mut period.servers, server);
        period.since = period.since.min(since);
        // The hop that is nearest the client comes first.
        if period.last.time < last.time && (period.granted != granted || last.time.since(period.last.time) > GRACE) {
            (period.last, period.granted, period.client) = (last, granted, client);
        }
        period.until = period.until.max(until);
    }

    pub(super) fn remove(&mut self, time: Timestamp) {
        if let Some(period) = self.periods.iter_mut().rfind(|p| p.since <= time) {
            period.removed = Some(period.removed.map_or(time, |known| known.min(time)));
        }
    }

    /// A call to it that was answered.
    pub(super) fn reach(&mut self, time: Timestamp) {
        if let Some(period) = self.periods.iter_mut().rfind(|p| p.since <= time) {
            period.reached = Some(period.reached.map_or(time, |known| known.max(time)));
        }
    }

    /// What is registered at that time is so for as long as this.
    pub(super) fn hold(&mut self, time: Timestamp, left: Duration) {
        if let Some(period) = self.periods.iter_mut().rfind(|p| p.since <= time && p.removed.is_none()) {
            period.until = period.until.max(time.plus(left));
        }
    }

    pub(super) fn attempt(&mut self, attempt: Attempt) {
        if self.attempts.len() >= ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if self.period_before(&failure).is_none() {
            return;
        }
        self.failed += 1;
        if self.failures.len() < FAILURES {
            self.failures.push(failure);
        }
    }

    /// The registration that was over when a call failed: as it was not renewed, not because the client took it away, and at the same server.
    fn period_before(&self, failure: &Failure) -> Option<&Period> {
        let period = self.periods.iter().rfind(|p| p.since <= failure.time)?;
        let is_over = period.removed.is_none_or(|time| time > failure.seen.time)
            && period.until.plus(GRACE) < failure.time
            && period.reached.is_none_or(|time| time <= period.until.plus(GRACE))
            && period.servers.contains(&failure.seen.source.address);
        is_over.then_some(period)
    }

    /// The same, with the latest REGISTER in between that was not accepted.
    pub(super) fn over_before(&self, failure: &Failure) -> Option<(&Period, Option<&Attempt>)> {
        let period = self.period_before(failure)?;
        Some((period, self.attempt_between(period, failure.time)))
    }

    /// The latest 200 to a registration before that time.
    pub(super) fn accepted_before(&self, time: Timestamp) -> Option<Seen> {
        self.periods.iter().map(|period| period.last).filter(|last| last.time < time).max_by_key(|last| last.time)
    }

    fn attempt_between(&self, period: &Period, call: Timestamp) -> Option<&Attempt> {
        let between = |a: &&Attempt| a.seen.time > period.last.time && a.seen.time < call;
        self.attempts.iter().filter(between).max_by_key(|a| a.seen.time)
    }

    /// What is known of it in the end: a registration may have become known later than the call that failed behind it.
    pub(super) fn lapse(&self) -> Option<Lapse<'_>> {
        let period = self.failures.iter().find_map(|failure| self.period_before(failure))?;
        let of_it = |f: &&Failure| self.period_before(f).is_some_and(|p| p.since == period.since);
        let failures: Vec<_> = self.failures.iter().filter(of_it).copied().collect();
        let is_all = failures.len() == self.failures.len();
        let count = if is_all { self.failed } else { failures.len().try_into().unwrap_or(u64::MAX) };
        let first = failures.first()?.time;
        let attempt = self.attempt_between(period, first);
        let again = self.periods.iter().find(|p| p.since > period.until);
        Some(Lapse { period, attempt, again, failures, count })
    }
}

impl Period {
    /// When it began.
    pub fn first(&self) -> Timestamp {
        self.since
    }

    /// When a client should have renewed it at the latest, were it to do so in the second half.
    pub fn half(&self) -> Timestamp {
        self.last.time.plus(self.granted / 2)
    }
}
