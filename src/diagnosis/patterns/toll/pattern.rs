//! What tells fraud from people who call abroad: guesses how an exchange dials, and many numbers of one block that costs much.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::{Attempt, Fate, WINDOW, dialled};

/// Attempts within the time without which nothing is said.
const ATTEMPTS: usize = 10;
/// Ways in which one number is dialled at one server, more where all call abroad in the same way: an exchange may put a code of the carrier in
/// front. And those among them that nobody writes who knows the way out.
const PREFIXES: usize = 5;
const PREFIXES_OF_ONE_KIND: usize = 8;
const WAYS_OUT: usize = 2;
/// Those of them that were turned away.
const TURNED_AWAY: usize = 4;
/// Different numbers of one block, which has a thousand.
const NUMBERS: usize = 6;
const BLOCK_DIGITS: usize = 3;
/// One in so many calls that is neither answered nor turned away shows that people are called.
const PEOPLE: usize = 5;
/// How often a test calls each number of its list at least.
const ROUNDS: usize = 2;
/// Intervals between the calls of a clockwork differ by no more than this.
const EVEN: Duration = Duration::from_millis(20);
/// Digits at the end of what is dialled that are compared before anything else is.
const TAIL: usize = 8;
/// Digits of the longest prefix.
const LONGEST_PREFIX: usize = 8;

/// Attempts in which fraud shows.
#[derive(Debug)]
pub struct Pattern<'a> {
    /// What shows it.
    pub mark: Mark<'a>,
    /// The attempts of that time which go abroad or to premium rates, in order of time.
    pub attempts: Vec<&'a Attempt>,
    /// Those of the mark itself.
    pub marked: Vec<&'a Attempt>,
}

/// What shows it.
#[derive(Debug)]
pub enum Mark<'a> {
    /// One number is tried in many ways.
    Prefixes {
        /// The number with country code.
        number: &'a str,
        /// What was put in front of it, in the order of attempts; empty for nothing.
        prefixes: Vec<&'a str>,
    },
    /// Many numbers of one block are called.
    Block {
        /// The first digits of them all, with country code.
        block: &'a str,
        /// The numbers in the order of attempts.
        numbers: Vec<&'a str>,
        /// Whether most of them follow each other.
        is_run: bool,
    },
}

/// What tells calls of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// All bear the marks of SIPp.
    Sipp,
    /// They begin at even intervals, and go round the same numbers.
    Even,
}

impl<'a> Pattern<'a> {
    /// The strongest pattern in attempts in order of time. Blocks tell something of one caller only: those of a trunk call in all directions.
    pub(super) fn of(attempts: &'a [Attempt], home: &str, of_one_caller: bool) -> Option<Self> {
        if attempts.len() < ATTEMPTS {
            return None;
        }
        let guesses = guesses(attempts, home);
        let blocks = if of_one_caller { blocks(attempts) } else { Vec::new() };
        let all = guesses.into_iter().chain(blocks);
        // The first of those with most attempts.
        all.rev().max_by_key(|pattern| pattern.attempts.len())
    }

    /// With the other attempts of that time; `None` where there are too few.
    fn with_others(mark: Mark<'a>, marked: Vec<&'a Attempt>, all: &'a [Attempt]) -> Option<Self> {
        let start = marked.first()?.time;
        // What is dialled in another way to a number that is known from elsewhere goes there too.
        let abroad = all.iter().filter(|attempt| attempt.number().is_some());
        let tails: BTreeSet<&str> = abroad.chain(marked.iter().copied()).filter_map(tail).collect();
        // Behind one address there may be others, who are none of it.
        let callers: BTreeSet<u64> = marked.iter().map(|attempt| attempt.caller).collect();
        let belongs = |attempt: &&Attempt| {
            let is_abroad = tail(attempt).is_some_and(|tail| tails.contains(tail));
            let is_of_these = callers.contains(&attempt.caller);
            is_of_these && is_abroad && attempt.time >= start && attempt.time.since(start) <= WINDOW
        };
        let attempts: Vec<_> = all.iter().filter(belongs).collect();
        (attempts.len() >= ATTEMPTS).then_some(Self { mark, attempts, marked })
    }

    /// Attempts that were answered.
    pub fn answered(&self) -> impl Iterator<Item = &'a Attempt> {
        self.attempts.iter().copied().filter(|attempt| matches!(attempt.fate, Fate::Answered(_)))
    }

    /// What speaks for a test of the network rather than for fraud.
    pub fn test(&self) -> Option<Test> {
        if self.marked.iter().all(|attempt| attempt.is_of_sipp) {
            return Some(Test::Sipp);
        }
        let Mark::Block { numbers, .. } = &self.mark else { return None };
        // Whoever earns by the call has many numbers called; a test goes round those of its list.
        let goes_round = self.marked.len() >= ROUNDS * numbers.len();
        (goes_round && is_even(&self.marked)).then_some(Test::Even)
    }

    /// How many were turned away.
    pub fn turned_away(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.fate == Fate::TurnedAway).count()
    }
}

/// Whether attempts in order of time begin at even intervals.
fn is_even(attempts: &[&Attempt]) -> bool {
    let gaps = || attempts.windows(2).filter_map(|pair| Some(pair.last()?.time.since(pair.first()?.time)));
    gaps()
        .max()
        .zip(gaps().min())
        .is_some_and(|(longest, shortest)| shortest > EVEN && longest.abs_diff(shortest) <= EVEN)
}

fn tail(attempt: &Attempt) -> Option<&str> {
    attempt.dialled.len().checked_sub(TAIL).and_then(|at| attempt.dialled.get(at..))
}

/// Attempts with something in common, of which there are enough.
fn grouped<'a, K: Ord>(
    attempts: &'a [Attempt],
    key: impl Fn(&'a Attempt) -> Option<K>,
    least: usize,
) -> impl DoubleEndedIterator<Item = (K, Vec<&'a Attempt>)> {
    let mut groups: BTreeMap<K, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts {
        if let Some(key) = key(attempt) {
            groups.entry(key).or_default().push(attempt);
        }
    }
    groups.into_iter().filter(move |(_, group)| group.len() >= least)
}

/// The longest part of attempts in order of time that lies within the time and shows a mark.
fn within<'a, M>(group: &[&'a Attempt], mark: impl Fn(&[&'a Attempt]) -> Option<M>) -> Option<(M, Vec<&'a Attempt>)> {
    let parts = (0..group.len()).filter_map(|at| {
        let rest = group.get(at..)?;
        let start = rest.first()?.time;
        rest.get(..rest.partition_point(|attempt| attempt.time.since(start) <= WINDOW))
    });
    let marked = parts.filter_map(|part| Some((mark(part)?, part.to_vec())));
    marked.rev().max_by_key(|(_, part)| part.len())
}

fn guesses<'a>(attempts: &'a [Attempt], home: &str) -> Vec<Pattern<'a>> {
    let of_number = |(_, group): ((IpAddr, &'a str), Vec<&'a Attempt>)| {
        let numbers: BTreeSet<&'a str> = group
            .iter()
            .filter_map(|attempt| attempt.number().or_else(|| dialled::behind_an_outside_line(&attempt.dialled, home)))
            .collect();
        let marks = numbers.into_iter().filter_map(|number| {
            let (prefixes, part) = within(&group, |part| prefixes(part, number))?;
            Pattern::with_others(Mark::Prefixes { number, prefixes }, part, attempts)
        });
        marks.max_by_key(|pattern| match &pattern.mark {
            Mark::Prefixes { prefixes, .. } => prefixes.len(),
            Mark::Block { .. } => 0,
        })
    };
    let key = |attempt: &'a Attempt| Some((attempt.server.address, tail(attempt)?));
    grouped(attempts, key, PREFIXES).filter_map(of_number).collect()
}

/// What was put in front of a number, where it looks like guesses: most are turned away, and at most one of them leads anywhere.
fn prefixes<'a>(part: &[&'a Attempt], number: &str) -> Option<Vec<&'a str>> {
    let mut all = Vec::new();
    let (mut turned_away, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for attempt in part {
        let Some(prefix) = attempt.dialled.strip_suffix(number).filter(|prefix| prefix.len() <= LONGEST_PREFIX) else {
            continue;
        };
        if !all.contains(&prefix) {
            all.push(prefix);
        }
        match attempt.fate {
            Fate::Answered(_) => answered.insert(prefix),
            Fate::TurnedAway => turned_away.insert(prefix),
            Fate::Other => false,
        };
    }
    // Whoever has several carriers for a call goes through their codes in turn, and again when the user dials again.
    let times = |prefix: &str| part.iter().filter(|a| a.dialled.strip_suffix(number) == Some(prefix)).count();
    let goes_round = all.len() < PREFIXES_OF_ONE_KIND && all.iter().all(|prefix| times(prefix) > 1);
    let marked = all.iter().map(|prefix| times(prefix)).sum::<usize>();
    if marked < ATTEMPTS || goes_round {
        return None;
    }
    let ways_out = all.iter().filter(|prefix| dialled::is_a_way_out(prefix)).count();
    let kinds: BTreeSet<_> = all.iter().map(|prefix| dialled::way_abroad(prefix)).collect();
    let least = if kinds.len() > 1 { PREFIXES } else { PREFIXES_OF_ONE_KIND };
    let are_guesses = turned_away.len() >= TURNED_AWAY && answered.len() <= 1;
    (all.len() >= least && ways_out >= WAYS_OUT && are_guesses).then_some(all)
}

fn blocks(attempts: &[Attempt]) -> Vec<Pattern<'_>> {
    let groups = grouped(attempts, block, ATTEMPTS);
    let patterns = groups.filter_map(|(block, group)| {
        let (numbers, part) = within(&group, numbers)?;
        // People are busy, or do not answer; numbers that are there to earn money do.
        let people = part.iter().filter(|attempt| attempt.fate == Fate::Other).count();
        if people * PEOPLE > part.len() {
            return None;
        }
        let is_run = follow_each_other(&numbers);
        Pattern::with_others(Mark::Block { block, numbers, is_run }, part, attempts)
    });
    patterns.collect()
}

/// The first digits of a number whose block of a thousand costs much.
fn block(attempt: &Attempt) -> Option<&str> {
    let number = attempt.number().filter(|number| dialled::is_costly(number))?;
    number.get(..number.len().checked_sub(BLOCK_DIGITS)?)
}

/// The numbers that were called, where they are many.
fn numbers<'a>(part: &[&'a Attempt]) -> Option<Vec<&'a str>> {
    let mut all: Vec<&str> = Vec::new();
    for number in part.iter().filter_map(|attempt| attempt.number()) {
        if !all.contains(&number) {
            all.push(number);
        }
    }
    (part.len() >= ATTEMPTS && all.len() >= NUMBERS).then_some(all)
}

/// Whether more than half of the numbers have one of them as the next.
fn follow_each_other(numbers: &[&str]) -> bool {
    let values: BTreeSet<u64> = numbers.iter().filter_map(|number| number.parse().ok()).collect();
    let followed = values.iter().filter(|value| values.contains(&(*value + 1))).count();
    followed * 2 > values.len()
}
