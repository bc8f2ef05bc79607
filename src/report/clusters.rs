//! Failures grouped by cause: "3 causes explain 97 % of 12,000 failures". Part of the [`Summary`](super::Summary), and as
//! bounded as that.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use super::facts;
use super::number_pattern::{Numbers, Shape};
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::{CallReport, Certainty, Evidence};
use crate::lang::Text;
use crate::limits;
use crate::provenance::{FrameRef, Timestamp};
use crate::shorten;
use crate::sip::StatusCode;

/// What failures must have in common to be one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// Code of the root cause; `None` where no rule names one.
    pub code: Option<&'static str>,
    /// Method of the first request; `None` where no message says it. What a status means depends on it.
    pub method: Option<String>,
    /// Status of the response that shows it; `None` where nothing was answered.
    pub status: Option<u16>,
    /// Protocol and cause of its Reason header field, such as `Q.850;cause=22`.
    pub reason: Option<String>,
    /// The host that answered, or the one that did not.
    pub host: Option<IpAddr>,
    /// Its Server or User-Agent value, cut to [`limits::CLUSTER_SOFTWARE`] octets.
    pub software: Option<String>,
    shape: Shape,
}

/// A frame to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Index of its capture.
    pub capture: usize,
    /// The frame.
    pub frame: FrameRef,
}

#[derive(Debug, Clone)]
struct Members {
    calls: u64,
    first_time: Timestamp,
    last_time: Timestamp,
    examples: Vec<Example>,
    numbers: Numbers,
    remedy: Option<Text>,
    /// Whether of none of them the cause is more than a guess.
    is_guess: bool,
}

/// One cause with what is known of the failures it explains.
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    /// The cause.
    pub cause: &'a Cause,
    members: &'a Members,
}

/// All causes of a capture, at most [`limits::CLUSTERS`].
#[derive(Debug, Clone, Default)]
pub struct Clusters {
    by_cause: BTreeMap<Cause, Members>,
    failures: u64,
    unclustered: u64,
}

/// Example frames of each cluster.
const EXAMPLES: usize = 3;

impl Clusters {
    /// Takes note of a call, if it failed.
    pub fn call(&mut self, report: &CallReport, capture: usize) {
        if !facts::is_failure(report) {
            return;
        }
        self.failures += 1;
        let Some(sight) = Sight::of(report) else {
            self.unclustered += 1;
            return;
        };
        let number = facts::called_number(&report.call);
        // That a response came is no guess.
        let is_guess =
            sight.status.is_none() && facts::root_finding(report).is_some_and(|f| f.certainty == Certainty::Weak);
        let cause = Cause {
            code: report.root_cause,
            method: facts::method(&report.call).map(shortened),
            status: sight.status,
            reason: sight.reason,
            host: Some(sight.host),
            software: sight.software,
            shape: Shape::of(number.as_deref()),
        };
        let begin = || Members {
            calls: 0,
            first_time: sight.time,
            last_time: sight.time,
            examples: Vec::new(),
            numbers: Numbers::new(number.as_deref()),
            remedy: None,
            is_guess,
        };
        let Some(members) = self.members(cause, begin) else {
            self.unclustered += 1;
            return;
        };
        members.count(sight.time, number.as_deref());
        members.is_guess &= is_guess;
        if members.examples.len() < EXAMPLES {
            members.examples.push(Example { capture, frame: sight.frame });
        }
        if members.remedy.is_none() {
            members.remedy = facts::root_finding(report).and_then(|f| f.remediation.first()).cloned();
        }
    }

    /// Those of a cause, which `begin` if it is new; `None` where there is no room for it.
    fn members(&mut self, cause: Cause, begin: impl FnOnce() -> Members) -> Option<&mut Members> {
        let full = self.by_cause.len() >= limits::CLUSTERS;
        match self.by_cause.entry(cause) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(_) if full => None,
            Entry::Vacant(place) => Some(place.insert(begin())),
        }
    }

    /// Adds the failures of another capture.
    pub fn add(&mut self, other: &Self) {
        self.failures += other.failures;
        self.unclustered += other.unclustered;
        for (cause, members) in &other.by_cause {
            let begin = || Members { calls: 0, examples: Vec::new(), ..members.clone() };
            match self.members(cause.clone(), begin) {
                Some(known) => known.add(members),
                None => self.unclustered += members.calls,
            }
        }
    }

    /// Failed calls and groups.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Failures that are in no cluster because the limit was reached.
    pub fn unclustered(&self) -> u64 {
        self.unclustered
    }

    /// The clusters, the largest first; of equal ones, the earliest.
    pub fn ranked(&self) -> Vec<Cluster<'_>> {
        let mut all: Vec<_> = self.by_cause.iter().map(|(cause, members)| Cluster { cause, members }).collect();
        all.sort_by_key(|c| (std::cmp::Reverse(c.calls()), c.first_time()));
        all
    }
}

impl Members {
    /// Counts one more.
    fn count(&mut self, time: Timestamp, number: Option<&str>) {
        self.calls += 1;
        self.first_time = self.first_time.min(time);
        self.last_time = self.last_time.max(time);
        self.numbers.add_number(number);
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.first_time = self.first_time.min(other.first_time);
        self.last_time = self.last_time.max(other.last_time);
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room));
        self.numbers.add(&other.numbers);
        if self.remedy.is_none() {
            self.remedy.clone_from(&other.remedy);
        }
        self.is_guess &= other.is_guess;
    }
}

impl<'a> Cluster<'a> {
    /// Failed calls and groups.
    pub fn calls(&self) -> u64 {
        self.members.calls
    }

    /// Time of the primary evidence of the earliest one.
    pub fn first_time(&self) -> Timestamp {
        self.members.first_time
    }

    /// Time of the primary evidence of the latest one.
    pub fn last_time(&self) -> Timestamp {
        self.members.last_time
    }

    /// Primary evidence of the first ones, at most three.
    pub fn examples(&self) -> &'a [Example] {
        &self.members.examples
    }

    /// What the called numbers have in common, such as `+1215555xxxx`; `None` where they are no numbers.
    pub fn number_pattern(&self) -> Option<String> {
        self.members.numbers.pattern()
    }

    /// Whether of none of them the cause is more than a guess.
    pub fn is_guess(&self) -> bool {
        self.members.is_guess
    }

    /// What to change, from the first of them that says so.
    pub fn remedy(&self) -> Option<&'a Text> {
        self.members.remedy.as_ref()
    }
}

/// The place where a failure shows: the response that proves it, or the request that was not answered.
struct Sight {
    frame: FrameRef,
    time: Timestamp,
    host: IpAddr,
    status: Option<u16>,
    reason: Option<String>,
    software: Option<String>,
}

impl Sight {
    fn of(report: &CallReport) -> Option<Self> {
        let call = &report.call;
        let evidence = facts::root_finding(report).map_or(&[][..], |f| &f.evidence);
        let shown = evidence.iter().find_map(|e| final_response_in(call, e)).or_else(|| facts::final_response(call));
        let primary = evidence.first().map(|e| (e.frame, e.time));
        if let Some(answer) = shown {
            return Some(Self::answered(answer, primary));
        }
        let silent = evidence.first().map(|e| (e.frame, e.time, e.destination.address)).or_else(|| {
            let request = &facts::opening(call)?.provenance;
            Some((request.frame, request.time, request.flow.destination.address))
        });
        silent.map(|(frame, time, host)| Self { frame, time, host, status: None, reason: None, software: None })
    }

    fn answered(answer: &CapturedMessage, primary: Option<(FrameRef, Timestamp)>) -> Self {
        let (frame, time) = primary.unwrap_or((answer.provenance.frame, answer.provenance.time));
        let reason = answer.message.reasons().into_iter().next();
        Self {
            frame,
            time,
            host: answer.provenance.flow.source.address,
            status: answer.message.status().map(|status| status.0),
            reason: reason.map(|r| {
                let protocol = shortened(r.protocol);
                r.cause.map_or(protocol.clone(), |cause| format!("{protocol};cause={cause}"))
            }),
            software: answer.message.software_in_place().map(shortened),
        }
    }
}

/// A text of a message, cut to [`limits::CLUSTER_SOFTWARE`].
fn shortened(text: impl AsRef<str>) -> String {
    shorten::beginning(text.as_ref(), limits::CLUSTER_SOFTWARE).to_owned()
}

/// The final response that a piece of evidence shows.
fn final_response_in<'a>(call: &'a Call, evidence: &Evidence) -> Option<&'a CapturedMessage> {
    call.messages.iter().find(|m| {
        m.provenance.frame == evidence.frame
            && m.provenance.flow.source == evidence.source
            && m.message.status().is_some_and(StatusCode::is_final)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{calls, silent, unanswered};

    #[test]
    fn failures_with_one_cause_are_one_cluster() {
        let mut clusters = Clusters::default();
        for report in &calls() {
            clusters.call(report, 0);
        }
        assert_eq!(clusters.failures(), 3);
        let ranked = clusters.ranked();
        let rows: Vec<_> = ranked.iter().map(|c| (c.cause.code, c.cause.status, c.calls())).collect();
        assert_eq!(
            rows,
            [(Some("redirect-contact-not-routable"), Some(301), 2), (Some("unwanted-by-callee"), Some(607), 1)]
        );
        let largest = ranked[0];
        assert_eq!(largest.cause.host.map(|h| h.to_string()).as_deref(), Some("198.51.100.30"));
        assert_eq!(largest.cause.software.as_deref(), Some("ExampleRedirect/1.0"));
        assert_eq!(largest.examples().iter().map(|e| e.frame.number.0).collect::<Vec<_>>(), [12, 42]);
        assert_eq!(ranked[1].cause.reason.as_deref(), Some("Q.850;cause=21"));
    }

    #[test]
    fn without_an_answer_the_host_is_the_silent_one() {
        let mut clusters = Clusters::default();
        clusters.call(&silent(1, "203.0.113.99"), 0);
        let ranked = clusters.ranked();
        assert_eq!((ranked[0].cause.status, ranked[0].cause.code), (None, None));
        assert_eq!(ranked[0].cause.host.map(|h| h.to_string()).as_deref(), Some("203.0.113.99"));
    }

    #[test]
    fn failures_of_other_methods_are_other_causes() {
        let mut clusters = Clusters::default();
        for (number, method) in ["INVITE", "REGISTER", "INVITE"].into_iter().enumerate() {
            clusters.call(&unanswered(method, number as u64, "203.0.113.99"), 0);
        }
        let ranked = clusters.ranked();
        let rows: Vec<_> = ranked.iter().map(|c| (c.cause.method.as_deref(), c.calls())).collect();
        assert_eq!(rows, [(Some("INVITE"), 2), (Some("REGISTER"), 1)]);
    }

    #[test]
    fn causes_beyond_the_limit_are_counted() {
        let mut clusters = Clusters::default();
        for n in 0..limits::CLUSTERS as u64 + 5 {
            clusters.call(&silent(n, &format!("10.0.{}.{}", n / 250, n % 250)), 0);
        }
        clusters.call(&silent(1, "10.0.0.0"), 0);
        assert_eq!((clusters.ranked().len(), clusters.unclustered()), (limits::CLUSTERS, 5));
        assert_eq!((clusters.failures(), clusters.ranked()[0].calls()), (limits::CLUSTERS as u64 + 6, 2));
    }

    #[test]
    fn captures_are_added_with_their_examples() {
        let (mut first, mut second) = (Clusters::default(), Clusters::default());
        first.call(&silent(1, "203.0.113.99"), 0);
        second.call(&silent(1, "203.0.113.99"), 1);
        first.add(&second);
        let ranked = first.ranked();
        assert_eq!((first.failures(), ranked[0].calls()), (2, 2));
        assert_eq!(ranked[0].examples().iter().map(|e| e.capture).collect::<Vec<_>>(), [0, 1]);
    }
}
