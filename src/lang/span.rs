//! Spans of time in sentences.

use std::fmt;
use std::time::Duration;

/// A span of time. It is written when somebody reads the text: of most findings nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Rounded, in the largest units: `12 ms`, `31.5 s`, `3 min 32 s`, `2 d 3 h`.
    Rounded(Duration),
    /// In seconds, however many: `900 s`.
    Seconds(u64),
}

/// A span of time as sentences give it: `12 ms`, `31.5 s`, `3 min 32 s`, `2 d 3 h`.
pub fn span(span: Duration) -> Span {
    Span::Rounded(span)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rounded(span) => rounded(*span, f),
            Self::Seconds(seconds) => write!(f, "{seconds} s"),
        }
    }
}

fn rounded(span: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match span.as_millis() {
        millis @ 0..1000 => write!(f, "{millis} ms"),
        millis @ 1000..120_000 => {
            let tenths = (millis + 50) / 100;
            if tenths % 10 == 0 {
                write!(f, "{} s", tenths / 10)
            } else {
                write!(f, "{}.{} s", tenths / 10, tenths % 10)
            }
        }
        _ => {
            let seconds = span.as_secs();
            let parts =
                [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
            // Who reads days does not care for seconds.
            let parts = parts.iter().skip_while(|(n, _)| *n == 0).take(2).filter(|(n, _)| *n > 0);
            let parts: Vec<_> = parts.map(|(n, unit)| format!("{n} {unit}")).collect();
            f.write_str(&parts.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short_and_exact_enough() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (31_549, "31.5 s"),
            (119_960, "120 s"),
            (212_000, "3 min 32 s"),
            (3_600_000, "1 h"),
            (7_325_000, "2 h 2 min"),
            (20_755_296_000, "240 d 5 h"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)).to_string(), text);
        }
        assert_eq!(Span::Seconds(900).to_string(), "900 s");
    }
}
