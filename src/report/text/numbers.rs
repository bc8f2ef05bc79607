//! Numbers, shares and spans of time for people.

use std::time::Duration;

/// `12,345`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 call`, `12,000 calls`.
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `97 %`; not 0 or 100 unless it is exactly that.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let rounded = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole.max(1));
    match rounded {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        _ => format!("{rounded} %"),
    }
}

/// `12 ms`, `31.5 s`, `26 min 7 s`, `30 h 5 min`.
pub(super) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_micros().div_ceil(1000)),
        1..120 => format!("{:.1} s", span.as_secs_f64()),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_and_shares_do_not_lie() {
        assert_eq!((number(0), number(999), number(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!(
            (count(1, "call", "calls"), count(12_000, "call", "calls")),
            ("1 call".into(), "12,000 calls".into())
        );
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
