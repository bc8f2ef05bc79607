//! Decimal numbers in header fields.

/// Reads the digits at the beginning of a text; `None` if there are none, or if they exceed the range of `u64`.
pub fn leading(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at_checked(end)?;
    let append = |number: u64, digit: &u8| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    let value = digits.iter().try_fold(0, append).filter(|_| !digits.is_empty())?;
    Some((value, rest))
}

/// Reads a text that is a number and nothing else, but for white space around it.
pub fn whole(bytes: &[u8]) -> Option<u64> {
    leading(bytes.trim_ascii()).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}
