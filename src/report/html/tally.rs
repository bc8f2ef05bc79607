//! Counts of a capture for the charts of its overview: calls over time, delays, who takes part. Bounded whatever is captured.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnosis::CallReport;
use crate::provenance::Timestamp;
use crate::report::{facts, phrases};

/// Columns of the timeline.
pub(super) const COLUMNS: i64 = 60;
/// Keys counted of each list.
const KEYS: usize = 4096;
/// Characters of a key.
const KEY: usize = 120;
/// Upper ends of the steps of the histogram, in milliseconds; the last step is open.
pub(super) const STEPS: [u64; 12] = [10, 50, 100, 200, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000];
const SECOND: i64 = 1_000_000_000;

/// Calls, and those of them that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) calls: u64,
    pub(super) failures: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) time: Timeline,
    /// Calls by the step of their delay.
    pub(super) delays: [u64; STEPS.len() + 1],
    /// Calls without any response that tells a delay.
    pub(super) without_delay: u64,
    pub(super) callers: Top,
    pub(super) callees: Top,
    pub(super) peers: Top,
    pub(super) software: Top,
}

/// Calls by the time of their beginning: columns of one width, which doubles when there would be too many of them.
#[derive(Debug)]
pub(super) struct Timeline {
    columns: BTreeMap<i64, Count>,
    /// In nanoseconds.
    width: i64,
}

/// Calls by who takes part.
#[derive(Debug, Default)]
pub(super) struct Top {
    counts: BTreeMap<String, Count>,
    /// Calls of others, which came when the list was full.
    pub(super) beyond: u64,
}

impl Tally {
    /// Counts a call, or a group of other requests.
    pub(super) fn call(&mut self, report: &CallReport) {
        let call = &report.call;
        let count = Count { calls: 1, failures: u64::from(facts::is_failure(report)) };
        self.time.add(call.start, count);
        if call.is_invite() {
            match call.setup_delay() {
                Some(delay) => {
                    if let Some(step) = self.delays.get_mut(step(delay)) {
                        *step += 1;
                    }
                }
                None => self.without_delay += 1,
            }
        }
        self.callers.add(facts::caller(call), count);
        self.callees.add(facts::callee(call), count);
        if let Some(opening) = facts::opening(call) {
            let flow = &opening.provenance.flow;
            self.peers.add(Some(format!("{} → {}", flow.source.address, flow.destination.address).into()), count);
            self.software.add(opening.message.software_in_place(), count);
        }
    }
}

/// Which step of the histogram a delay belongs to.
fn step(delay: Duration) -> usize {
    let milliseconds = delay.as_millis();
    STEPS.iter().position(|end| milliseconds < u128::from(*end)).unwrap_or(STEPS.len())
}

impl Default for Timeline {
    fn default() -> Self {
        Self { columns: BTreeMap::new(), width: SECOND }
    }
}

impl Timeline {
    fn add(&mut self, at: Timestamp, count: Count) {
        self.columns.entry(at.0.div_euclid(self.width)).or_default().add(count);
        while self.extent() > COLUMNS {
            self.width = self.width.saturating_mul(2);
            for (column, count) in std::mem::take(&mut self.columns) {
                self.columns.entry(column.div_euclid(2)).or_default().add(count);
            }
        }
    }

    /// Columns from the first to the last that holds something.
    pub(super) fn extent(&self) -> i64 {
        match (self.columns.first_key_value(), self.columns.last_key_value()) {
            (Some((first, _)), Some((last, _))) => last.saturating_sub(*first).saturating_add(1),
            _ => 0,
        }
    }

    /// The columns that hold something: their place, counted from the first, and when they begin.
    pub(super) fn columns(&self) -> impl Iterator<Item = (i64, Timestamp, Count)> + '_ {
        let first = self.columns.first_key_value().map_or(0, |(first, _)| *first);
        self.columns.iter().map(move |(column, count)| {
            (column.saturating_sub(first), Timestamp(column.saturating_mul(self.width)), *count)
        })
    }

    pub(super) fn width(&self) -> Duration {
        Duration::from_nanos(self.width.unsigned_abs())
    }
}

impl Top {
    fn add(&mut self, key: Option<Cow<'_, str>>, count: Count) {
        let Some(key) = key else { return };
        let key = phrases::shortened(&key, KEY);
        if let Some(known) = self.counts.get_mut(&key) {
            known.add(count);
        } else if self.counts.len() < KEYS {
            self.counts.insert(key, count);
        } else {
            self.beyond += count.calls;
        }
    }

    /// Those with most calls; of equal ones, with most failures.
    pub(super) fn ranked(&self) -> Vec<(&str, Count)> {
        let mut all: Vec<_> = self.counts.iter().map(|(key, count)| (key.as_str(), *count)).collect();
        all.sort_by_key(|(_, count)| (std::cmp::Reverse(count.calls), std::cmp::Reverse(count.failures)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_widens_its_columns_in_any_order() {
        let moments = [0, 5, 59, 60, 3600, -30];
        let shown = |order: &mut dyn Iterator<Item = &i64>| {
            let mut time = Timeline::default();
            order.for_each(|s| time.add(Timestamp(s * SECOND), Count { calls: 1, failures: 0 }));
            (time.width(), time.columns().map(|(column, _, count)| (column, count.calls)).collect::<Vec<_>>())
        };
        let (width, columns) = shown(&mut moments.iter());
        assert_eq!((width.as_secs(), columns.as_slice()), (64, &[(0, 1), (1, 4), (57, 1)][..]));
        assert_eq!(shown(&mut moments.iter().rev()), (width, columns));
    }

    #[test]
    fn extreme_clocks_end() {
        let mut time = Timeline::default();
        for at in [i64::MIN, 0, i64::MAX] {
            time.add(Timestamp(at), Count { calls: 1, failures: 1 });
        }
        assert!(time.extent() <= COLUMNS && time.columns().map(|(_, _, count)| count.calls).sum::<u64>() == 3);
    }

    #[test]
    fn delays_have_their_steps() {
        let steps: Vec<_> = [0, 9, 10, 999, 1000, 64_000].map(|ms| step(Duration::from_millis(ms))).to_vec();
        assert_eq!(steps, [0, 0, 1, 5, 6, 12]);
    }

    #[test]
    fn keys_beyond_the_limit_are_counted() {
        let mut top = Top::default();
        for n in 0..KEYS + 3 {
            top.add(Some(format!("{n:05}").into()), Count { calls: 1, failures: 0 });
        }
        top.add(Some("00007".into()), Count { calls: 1, failures: 1 });
        assert_eq!((top.ranked()[0].0, top.ranked().len(), top.beyond), ("00007", KEYS, 3));
    }
}
