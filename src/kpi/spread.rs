//! How delays are spread, in a bounded space: counts of logarithmic buckets.

use std::collections::BTreeMap;
use std::time::Duration;

/// Buckets of each doubling: the middle of one is off by at most 1/128 of what fell into it.
const STEPS: u64 = 64;

/// Delays by size. Percentiles are off by less than 0.8 %; number, sum, least and greatest are exact (in microseconds).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    /// At most some 3,700: 64 for each of the doublings that 64 bits have.
    buckets: BTreeMap<u16, u64>,
    count: u64,
    sum: u128,
    least: u64,
    greatest: u64,
}

impl Spread {
    /// Takes note of a delay.
    pub fn record(&mut self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        *self.buckets.entry(bucket(micros)).or_default() += 1;
        self.least = if self.count == 0 { micros } else { self.least.min(micros) };
        self.greatest = self.greatest.max(micros);
        self.count += 1;
        self.sum += u128::from(micros);
    }

    /// Adds the delays of another one.
    pub fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        for (at, n) in &other.buckets {
            *self.buckets.entry(*at).or_default() += n;
        }
        self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
        self.greatest = self.greatest.max(other.greatest);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; `None` without any.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count))?;
        Some(Duration::from_micros(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The greatest; `None` without any.
    pub fn greatest(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.greatest))
    }

    /// Numbers of delays by bucket, in the order of delays; buckets of two spreads are the same.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u16, u64)> {
        self.buckets.iter().map(|(at, n)| (*at, *n))
    }

    /// The delay that so many percent do not exceed (nearest rank); `None` without any.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        if rank >= u128::from(self.count) {
            return self.greatest();
        }
        let mut seen = 0;
        let at = self.buckets.iter().find_map(|(at, n)| {
            seen += u128::from(*n);
            (seen >= rank).then_some(*at)
        })?;
        Some(Duration::from_micros(middle(at).clamp(self.least, self.greatest)))
    }
}

/// Up to 127 each number has its own; from there on each doubling has [`STEPS`].
fn bucket(micros: u64) -> u16 {
    let shift = u64::from(micros.max(1).ilog2().saturating_sub(STEPS.ilog2()));
    u16::try_from(shift * STEPS + (micros >> shift)).unwrap_or(u16::MAX)
}

fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let shift = (bucket / STEPS).saturating_sub(1);
    let low = (bucket - shift * STEPS) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Spread {
        let mut spread = Spread::default();
        micros.into_iter().for_each(|n| spread.record(Duration::from_micros(n)));
        spread
    }

    #[test]
    fn without_delays_there_is_nothing_to_say() {
        let none = Spread::default();
        assert_eq!((none.mean(), none.percentile(50), none.greatest(), none.count()), (None, None, None, 0));
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let small = of(1..=100);
        for (percent, micros) in [(1, 1), (50, 50), (90, 90), (95, 95), (99, 99), (100, 100)] {
            assert_eq!(small.percentile(percent), Some(Duration::from_micros(micros)), "{percent}");
        }
        assert_eq!(of([7]).percentile(1), Some(Duration::from_micros(7)));
        assert_eq!(of([1, 2]).percentile(51), Some(Duration::from_micros(2)));
        assert_eq!(small.mean(), Some(Duration::from_micros(50)), "50.5, rounded down");
    }

    #[test]
    fn no_percentile_is_off_by_more_than_is_said() {
        for exponent in 0..64_u32 {
            for offset in [0, 1, 3, 77, 12_345] {
                let micros = (1_u64 << exponent).saturating_add(offset);
                let found = middle(bucket(micros));
                assert!(found.abs_diff(micros) <= micros / 128, "{micros}: {found}");
            }
        }
        assert!(middle(bucket(u64::MAX)) > u64::MAX / 128 * 127);
        let spread = of((0..10_000).map(|n| n * n));
        let median = u64::try_from(spread.percentile(50).unwrap().as_micros()).unwrap();
        assert!(median.abs_diff(4999 * 4999) <= 4999 * 4999 / 128, "{median}");
    }

    #[test]
    fn two_together_are_as_if_all_had_been_recorded_in_one() {
        let mut both = of([5, 900, 70_000]);
        both.add(&of([1, 1_000_000]));
        both.add(&Spread::default());
        assert_eq!(both, of([5, 900, 70_000, 1, 1_000_000]));
        let mut empty = Spread::default();
        empty.add(&both);
        assert_eq!(empty, both);
    }
}
