//! Elements that answer INVITEs, and how many of the called parties behind them are answered with 607, and how fast.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::super::super::unwanted_case::UnwantedCase;
use super::super::super::{Evidence, Text};
use super::super::{cited, of_software};
use super::Invite;
use crate::call::network_block;
use crate::call::unwanted::Verdict;
use crate::call::{Call, CallNumber};
use crate::hashing::{self, HashMap};
use crate::limits::{UNWANTED_ANSWERERS, UNWANTED_CALLEES, UNWANTED_CALLS, UNWANTED_EXAMPLES};
use crate::provenance::{Endpoint, Timestamp};

/// Delays this near to the median are the same for a machine.
const SAME_PERCENT: u32 = 20;
/// And so are those that differ by less than what a network adds.
const JITTER: Duration = Duration::from_millis(5);
/// Upper ends of the classes of the histogram, in milliseconds; a last class holds the rest.
const CLASSES: [u64; 11] = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// Elements that answered INVITEs.
#[derive(Debug, Default)]
pub struct Answerers {
    elements: BTreeMap<IpAddr, Answerer>,
    /// 607s of elements that found no room.
    forgotten: u64,
}

/// One element that answers INVITEs.
#[derive(Debug)]
pub struct Answerer {
    /// Where it is.
    pub element: Endpoint,
    /// The Server or User-Agent value of its first 607.
    pub software: Option<String>,
    /// Hashes of called parties (the first ones), and whether it answered 607 for them without ringing.
    callees: HashMap<u64, bool>,
    /// 607s with the marks of analytics.
    pub marked: u64,
    /// 607s whose Reason says that analytics decided.
    pub says_analytics: u64,
    /// The latest 607 without ringing, or with marks, about two numbers of the North American plan.
    pub north_american: Option<Timestamp>,
    /// Delays of 607s without ringing (the first ones).
    delays: Vec<Duration>,
    histogram: [u64; CLASSES.len() + 1],
    /// The first 607s without ringing or with marks.
    pub examples: Vec<(Timestamp, Evidence)>,
    /// A 607 that carries a mark, with the header field.
    pub mark: Option<Evidence>,
    /// Their calls (the first ones).
    pub calls: Vec<CallNumber>,
    /// All their calls.
    pub calls_total: u64,
}

/// How alike the delays of an element are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The middle one.
    pub median: Duration,
    /// How many lie near it, in percent.
    pub same_percent: usize,
}

impl Answerers {
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>], unwanted: &[&UnwantedCase<'_>]) {
        for Invite { id, names, .. } in invites {
            let id = *id;
            let Some(last) = call.decisive_final(id).filter(|last| !last.status.is_challenge()) else { continue };
            let Some(response) = call.message(last.message) else { continue };
            let element = response.provenance.flow.source;
            let case = unwanted.iter().find(|case| case.origin.transaction == id);
            let Some(entry) = self.entry(element) else {
                self.forgotten += u64::from(case.is_some());
                continue;
            };
            let at_once = case.is_some_and(|case| case.origin.ringing.is_none());
            if let Some(callee) = &names.callee {
                entry.callee(callee, at_once);
            }
            if let Some(case) = case {
                entry.unwanted(case, at_once, names.are_north_american());
            }
        }
    }

    /// Elements in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Answerer> {
        self.elements.values()
    }

    /// How many 607s of elements that found no room were not looked at.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn entry(&mut self, element: Endpoint) -> Option<&mut Answerer> {
        let has_room = self.elements.len() < UNWANTED_ANSWERERS;
        match self.elements.entry(element.address) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => has_room.then(|| place.insert(Answerer::new(element))),
        }
    }
}

impl Answerer {
    fn new(element: Endpoint) -> Self {
        Self {
            element,
            software: None,
            callees: HashMap::default(),
            marked: 0,
            says_analytics: 0,
            north_american: None,
            delays: Vec::new(),
            histogram: [0; CLASSES.len() + 1],
            examples: Vec::new(),
            mark: None,
            calls: Vec::new(),
            calls_total: 0,
        }
    }

    fn callee(&mut self, callee: &str, at_once: bool) {
        let callee = hashing::shared().hash_one(callee);
        let room = self.callees.len() < UNWANTED_CALLEES;
        match self.callees.get_mut(&callee) {
            Some(known) => *known |= at_once,
            None if room => {
                self.callees.insert(callee, at_once);
            }
            None => {}
        }
    }

    fn unwanted(&mut self, case: &UnwantedCase<'_>, at_once: bool, is_north_american: bool) {
        self.software = self.software.take().or_else(|| case.origin.software.clone().map(of_software));
        let marked = case.origin.analytics_marks && case.origin.verdict == Verdict::NetworkAnalytics;
        self.marked += u64::from(marked);
        self.says_analytics += u64::from(network_block::says_analytics(&case.response.message));
        if marked && self.mark.is_none() {
            self.mark = Some(cited(case.mark()));
        }
        if !at_once && !marked {
            return;
        }
        let time = case.response.provenance.time;
        if is_north_american {
            self.north_american = self.north_american.max(Some(time));
        }
        if let Some(delay) = case.origin.delay.filter(|_| at_once) {
            self.delay(delay);
        }
        self.calls_total += 1;
        if self.calls.len() < UNWANTED_CALLS && self.calls.last() != Some(&case.call.number) {
            self.calls.push(case.call.number);
        }
        // Calls close in another order than they begin.
        let place = (time, case.response.provenance.frame);
        let is_later = |(time, last): &(Timestamp, Evidence)| (*time, last.frame) <= place;
        if self.examples.len() >= UNWANTED_EXAMPLES && self.examples.last().is_some_and(is_later) {
            return;
        }
        self.examples.push((time, cited(case.evidence())));
        self.examples.sort_by_key(|(time, evidence)| (*time, evidence.frame));
        self.examples.truncate(UNWANTED_EXAMPLES);
    }

    fn delay(&mut self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let class = CLASSES.iter().position(|end| millis < *end).unwrap_or(CLASSES.len());
        if let Some(count) = self.histogram.get_mut(class) {
            *count += 1;
        }
        if self.delays.len() < UNWANTED_CALLEES {
            self.delays.push(delay);
        }
    }

    /// Called parties (of those that were remembered), and how many of them got a 607 without ringing.
    pub fn callees(&self) -> (usize, usize) {
        (self.callees.len(), self.callees.values().filter(|at_once| **at_once).count())
    }

    /// How alike the delays of its 607s without ringing are; `None` where there are none.
    pub fn delays(&self) -> Option<Delays> {
        let mut sorted = self.delays.clone();
        sorted.sort_unstable();
        let median = *sorted.get(sorted.len() / 2)?;
        let tolerance = (median * SAME_PERCENT / 100).max(JITTER);
        let near = sorted.iter().filter(|d| d.abs_diff(median) <= tolerance).count();
        Some(Delays { median, same_percent: near * 100 / sorted.len() })
    }

    /// The first example.
    pub fn first(&self) -> Option<&Evidence> {
        self.examples.first().map(|(_, evidence)| evidence)
    }

    /// How long its 607s took, as evidence at the first of them.
    pub fn histogram(&self) -> Option<Evidence> {
        let mut text = String::new();
        let mut from = 0;
        for (class, count) in self.histogram.iter().enumerate() {
            let end = CLASSES.get(class);
            if *count > 0 {
                let comma = if text.is_empty() { "" } else { ", " };
                // Writing to a string never fails.
                let _ = match end {
                    Some(end) => write!(text, "{comma}{from}–{end} ms: {count}"),
                    None => write!(text, "{comma}≥ {from} ms: {count}"),
                };
            }
            from = end.copied().unwrap_or(from);
        }
        let what = Text::new("how long its 607s without ringing took");
        self.first().filter(|_| !text.is_empty()).map(|first| Evidence { what, text: text.into(), ..first.clone() })
    }
}
