//! Shares and spans of time for people, the same in all languages.

use std::time::Duration;

/// `97 %`; not 0 or 100 unless it is exactly that.
pub(in crate::report) fn percent(part: u64, whole: u64) -> String {
    let rounded = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole.max(1));
    match rounded {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        _ => format!("{rounded} %"),
    }
}

/// `12 ms`, `31.5 s`, `26 min 7 s`, `30 h 5 min`.
pub(in crate::report) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", whole_millis(span)),
        1..120 => format!("{:.1} s", span.as_secs_f64()),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The nearest number of whole milliseconds, but what took any time at all is no 0.
fn whole_millis(span: Duration) -> u128 {
    let micros = span.as_micros();
    ((micros + 500) / 1000).max(u128::from(micros > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_do_not_lie() {
        let shares: Vec<_> =
            [(0, 5), (1, 1000), (2, 3), (999, 1000), (5, 5), (0, 0)].iter().map(|(a, b)| percent(*a, *b)).collect();
        assert_eq!(shares, ["0 %", "<1 %", "67 %", ">99 %", "100 %", "0 %"]);
    }

    #[test]
    fn spans_of_time_have_a_fitting_unit() {
        let rows = [(0, "0 ms"), (1, "1 ms"), (45_000, "45 ms"), (999_999, "1000 ms"), (31_500_000, "31.5 s")];
        let longer = [(119_800_000, "119.8 s"), (1_567_000_000, "26 min 7 s"), (108_300_000_000, "30 h 5 min")];
        for (microseconds, expected) in rows.into_iter().chain(longer) {
            assert_eq!(duration(Duration::from_micros(microseconds)), expected);
        }
    }
}
