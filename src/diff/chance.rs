//! Whether two counts, or two sets of delays, differ by more than chance.
//!
//! Two captures of the same service never have the same shares. Only what would come about by chance in fewer than one of a hundred such
//! comparisons is called a change; for everything else both values are given and nothing is claimed. The tests take calls as independent
//! of one another, which callers who try again are not.

use std::cmp::Ordering;

use crate::kpi::{Ratio, Spread};

/// A change is what has a smaller probability of coming about by chance.
const LEVEL: f64 = 0.01;
/// The same in standard deviations of a normal distribution, on both sides.
const DEVIATIONS: f64 = 2.576;
/// Below this many expected in one of the four cells, the exact test is needed (and cheap).
const FEW: f64 = 5.0;
/// Delays on each side from which their ranks can be compared.
const DELAYS: u64 = 8;

/// How the share of `new` differs from that of `old`; `None` where chance alone may do it.
pub(super) fn shares(old: Ratio, new: Ratio) -> Option<Ordering> {
    if old.whole == 0 || new.whole == 0 || old.part > old.whole || new.part > new.whole {
        return None;
    }
    let order = (u128::from(new.part) * u128::from(old.whole)).cmp(&(u128::from(old.part) * u128::from(new.whole)));
    let cells = [old.part, old.whole - old.part, new.part, new.whole - new.part].map(float);
    let [a, b, c, d] = cells;
    let all = a + b + c + d;
    let expected = [(a + b) * (a + c), (a + b) * (b + d), (c + d) * (a + c), (c + d) * (b + d)];
    let least = expected.iter().fold(f64::INFINITY, |least, cell| least.min(cell / all));
    let clear = if least < FEW { exact(cells) < LEVEL } else { deviations(cells) > DEVIATIONS };
    (clear && order != Ordering::Equal).then_some(order)
}

/// The distance of two shares in standard deviations, with Yates' correction for continuity.
fn deviations([a, b, c, d]: [f64; 4]) -> f64 {
    let all = a + b + c + d;
    let distance = ((a * d - b * c).abs() - all / 2.0).max(0.0);
    distance * all.sqrt() / ((a + b) * (c + d) * (a + c) * (b + d)).sqrt()
}

/// Fisher's exact test, both sides: the probability of all tables with these margins that are as unlikely as this one. Only called with a
/// small expected cell: the smaller margins, and with them the steps, are then at most about the root of five times the sum.
fn exact([a, b, c, d]: [f64; 4]) -> f64 {
    let (rows, columns, all) = ((a + b, c + d), (a + c, b + d), a + b + c + d);
    let fixed = [rows.0, rows.1, columns.0, columns.1].map(log_factorial).iter().sum::<f64>() - log_factorial(all);
    let log = |first: f64| {
        let cells = [first, rows.0 - first, columns.0 - first, all - rows.0 - columns.0 + first];
        fixed - cells.map(log_factorial).iter().sum::<f64>()
    };
    let observed = log(a);
    let (mut at, last) = ((rows.0 + columns.0 - all).max(0.0), rows.0.min(columns.0));
    let mut probability = 0.0;
    while at <= last {
        let here = log(at);
        // Equal but for rounding is as unlikely.
        if here <= observed + 1e-7 {
            probability += here.exp();
        }
        at += 1.0;
    }
    probability
}

/// The natural logarithm of `n!`: Stirling's series, which is exact to ten digits from 10 on.
fn log_factorial(n: f64) -> f64 {
    if n < 10.0 {
        let mut product = 1.0;
        let mut factor = 2.0;
        while factor <= n {
            product *= factor;
            factor += 1.0;
        }
        return f64::ln(product);
    }
    let inverse = 1.0 / n;
    let series = inverse / 12.0 - inverse.powi(3) / 360.0 + inverse.powi(5) / 1260.0;
    n.mul_add(n.ln(), -n) + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + series
}

/// How the delays of `new` differ from those of `old` (Mann and Whitney's test of ranks); `None` where chance alone may do it, and where
/// their medians are closer than the precision of percentiles.
pub(super) fn delays(old: &Spread, new: &Spread) -> Option<Ordering> {
    if old.count() < DELAYS || new.count() < DELAYS {
        return None;
    }
    let (before, behind) = (old.percentile(50)?, new.percentile(50)?);
    if before.abs_diff(behind) * 100 <= before.max(behind) {
        return None;
    }
    let score = ranks(old, new);
    let order = behind.cmp(&before);
    // Medians may differ one way and ranks the other: then nothing clear can be said.
    let agrees = (order == Ordering::Greater) == (score > 0.0);
    (score.abs() > DEVIATIONS && agrees).then_some(order)
}

/// How far the ranks of `new` lie above those expected, in standard deviations. Delays of one bucket share their rank.
fn ranks(old: &Spread, new: &Spread) -> f64 {
    let (first, second) = (float(old.count()), float(new.count()));
    let all = first + second;
    let mut before = old.buckets().peekable();
    let mut behind = new.buckets().peekable();
    let (mut below, mut sum, mut ties) = (0.0, 0.0, 0.0);
    while let Some(bucket) = [before.peek(), behind.peek()].into_iter().flatten().map(|(at, _)| *at).min() {
        let here = before.next_if(|(at, _)| *at == bucket).map_or(0.0, |(_, n)| float(n));
        let there = behind.next_if(|(at, _)| *at == bucket).map_or(0.0, |(_, n)| float(n));
        let together: f64 = here + there;
        sum += there * (below + f64::midpoint(together, 1.0));
        ties += together.powi(3) - together;
        below += together;
    }
    let expected = second * (all + 1.0) / 2.0;
    let variance = first * second / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    if variance > 0.0 { (sum - expected) / variance.sqrt() } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 calls the last digits do not decide a test")]
fn float(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ratio(part: u64, whole: u64) -> Ratio {
        Ratio { part, whole }
    }

    #[test]
    fn only_what_chance_does_not_do_is_a_change() {
        for (old, new, expected) in [
            // All of five became none of five: 2 of 252 tables.
            ((5, 5), (0, 5), Some(Ordering::Less)),
            ((4, 4), (0, 4), None),
            ((2, 10), (3, 12), None),
            ((0, 0), (5, 5), None),
            ((5, 5), (0, 0), None),
            ((50, 100), (50, 100), None),
            ((500, 1000), (600, 1000), Some(Ordering::Greater)),
            ((500, 1000), (520, 1000), None),
            ((0, 1_000_000), (3, 1_000_000), None),
            ((0, 1_000_000), (20, 1_000_000), Some(Ordering::Greater)),
            ((0, 10), (900_000, 1_000_000), Some(Ordering::Greater)),
            ((0, u64::MAX), (0, u64::MAX), None),
        ] {
            assert_eq!(shares(ratio(old.0, old.1), ratio(new.0, new.1)), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn the_exact_test_gives_the_figures_of_the_books() {
        // Fisher's tea: 3 of 4 right; and all 4 right.
        assert!((exact([3.0, 1.0, 1.0, 3.0]) - 0.485_714).abs() < 1e-6);
        assert!((exact([4.0, 0.0, 0.0, 4.0]) - 0.028_571).abs() < 1e-6);
        assert!((exact([1.0, 9.0, 11.0, 3.0]) - 0.002_759).abs() < 1e-6);
        assert!((log_factorial(170.0) - 706.573_062_2).abs() < 1e-6);
    }

    fn spread(delays: impl IntoIterator<Item = u64>) -> Spread {
        let mut spread = Spread::default();
        delays.into_iter().for_each(|millis| spread.record(Duration::from_millis(millis)));
        spread
    }

    #[test]
    fn delays_are_compared_by_rank() {
        let quick = || spread((0..40).map(|n| 100 + n));
        let slow = || spread((0..40).map(|n| 300 + n));
        assert_eq!(delays(&quick(), &slow()), Some(Ordering::Greater));
        assert_eq!(delays(&slow(), &quick()), Some(Ordering::Less));
        assert_eq!(delays(&quick(), &quick()), None);
        assert_eq!(delays(&spread([100; 7]), &slow()), None, "seven are too few");
        // One outlier moves the mean, not the ranks.
        assert_eq!(delays(&quick(), &spread((0..39).map(|n| 100 + n).chain([90_000]))), None);
        // A difference that is certain and of no weight.
        assert_eq!(delays(&spread([1000; 500]), &spread([1004; 500])), None);
    }

    #[test]
    fn ranks_match_a_table() {
        // U = 0 of two times ten without ties: z = -3.78.
        let (low, high) = (spread(1..=10), spread(11..=20));
        assert!((ranks(&low, &high) - 3.779_6).abs() < 1e-3);
    }
}
