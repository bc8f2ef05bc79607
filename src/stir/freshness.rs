//! Whether a PASSporT was made when the call was.

use std::time::Duration;

use crate::lang::{Span, Text, phrase};

/// A verifier accepts no larger difference (RFC 8224 §4.1 and §6.2.2 recommend sixty seconds).
pub const WINDOW: Duration = Duration::from_mins(1);

/// The time of signing against another clock. Both directions count: a token from the future is no fresher than an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// `iat` minus the other clock, in seconds: negative when the token is older.
    pub seconds: i64,
}

impl Freshness {
    /// Compares `iat` with a moment, both in seconds since the Unix epoch.
    pub fn of(issued_at: i64, moment: i64) -> Self {
        Self { seconds: issued_at.saturating_sub(moment) }
    }

    /// Whether the difference is within [`WINDOW`].
    pub fn is_fresh(self) -> bool {
        self.seconds.unsigned_abs() <= WINDOW.as_secs()
    }
}

impl Freshness {
    /// In words: `900 s before`.
    pub fn text(&self) -> Text {
        match self.seconds {
            0 => Text::new("at the same second"),
            n if n < 0 => Text::new("{span} before").with("span", long(n)),
            n => Text::new("{span} after").with("span", long(n)),
        }
    }
}

/// Seconds up to two hours, which is how tokens are judged; then larger units.
fn long(seconds: i64) -> Span {
    match seconds.unsigned_abs() {
        seconds @ 0..=7200 => Span::Seconds(seconds),
        seconds => Span::Rounded(Duration::from_secs(seconds)),
    }
}

phrase!(Freshness);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_seconds_either_way_are_fresh() {
        for (iat, fresh) in [(1000, true), (940, true), (939, false), (1060, true), (1061, false), (i64::MIN, false)] {
            assert_eq!(Freshness::of(iat, 1000).is_fresh(), fresh, "{iat}");
        }
    }

    #[test]
    fn differences_read_as_directions() {
        assert_eq!(Freshness::of(100, 1000).to_string(), "900 s before");
        assert_eq!(Freshness::of(1300, 1000).to_string(), "300 s after");
        assert_eq!(Freshness::of(20_756_296, 1000).to_string(), "240 d 5 h after");
    }
}
