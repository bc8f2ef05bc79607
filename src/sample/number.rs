//! Decimal numbers without rounding: seconds in step lines, arithmetic in loops.

/// One, in the unit of this module: times of a flow are whole nanoseconds.
pub(super) const ONE: i64 = 1_000_000_000;

/// Reads a decimal number with at most nine digits after the point, such as `0.012` or `-3`, as billionths.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    let value = whole.checked_mul(ONE)?.checked_add(fraction)?;
    Some(if negative { -value } else { value })
}

/// Reads a number of seconds, not negative, as nanoseconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    parse(text).filter(|value| *value >= 0)
}

/// Writes billionths as a decimal number without needless zeros.
pub(super) fn show(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    let (whole, fraction) = (value / ONE.unsigned_abs(), value % ONE.unsigned_abs());
    let decimal = format!("{sign}{whole}.{fraction:09}");
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{parse, show};

    #[test]
    fn decimals_are_read_and_written_exactly() {
        for (text, value) in [("0", 0), ("1.5", 1_500_000_000), ("0.000000001", 1), ("-2.25", -2_250_000_000)] {
            assert_eq!(parse(text), Some(value), "{text}");
            assert_eq!(show(value), text);
        }
        assert_eq!(parse("0.120").map(show).as_deref(), Some("0.12"));
        assert_eq!(parse("100").map(show).as_deref(), Some("100"));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".5", "1e3", "1.0000000001", "+1", "1.2.3", "x", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
