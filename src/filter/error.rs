//! What is wrong with an expression, shown at its place.

use crate::error::Error;
use crate::wrap::display_width;

/// Octets of an expression, from `start` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A mistake in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) place: Place,
    pub(super) message: String,
}

/// Characters shown on either side of the place.
const AROUND: usize = 60;

impl Mistake {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }

    /// The error of an option: the message with its column, the expression, and a line of carets below the place.
    pub(super) fn into_error(self, option: &str, text: &str) -> Error {
        let Self { place, message } = self;
        let shown = |part: &str| part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        let before: Vec<char> = shown(text.get(..place.start).unwrap_or(text)).chars().collect();
        let at = shown(text.get(place.start..place.end).unwrap_or_default());
        let behind: Vec<char> = shown(text.get(place.end..).unwrap_or_default()).chars().collect();
        let column = before.len() + 1;
        let (begun, before) = match before.len().checked_sub(AROUND) {
            Some(skipped) if skipped > 0 => ("…", before.iter().skip(skipped).collect::<String>()),
            _ => ("", before.iter().collect()),
        };
        let ended = if behind.len() > AROUND { "…" } else { "" };
        let behind: String = behind.iter().take(AROUND).collect();
        let blank = " ".repeat(display_width(begun) + display_width(&before));
        let carets = "^".repeat(display_width(&at).clamp(1, 2 * AROUND));
        Error::Usage(format!(
            "{option}: column {column}: {message}\n  {begun}{before}{at}{behind}{ended}\n  {blank}{carets}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_place() {
        for (text, start, end, expected) in [
            ("status == 60x", 10, 13, "--where: column 11: no\n  status == 60x\n            ^^^"),
            ("名 == x", 7, 8, "--where: column 6: no\n  名 == x\n        ^"),
            ("a ==", 4, 4, "--where: column 5: no\n  a ==\n      ^"),
        ] {
            let error = Mistake::new(Place { start, end }, "no").into_error("--where", text);
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn of_long_expressions_the_surroundings_are_shown() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let error = Mistake::new(Place { start: 500, end: 501 }, "no").into_error("--where", &text).to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines[0], "--where: column 501: no");
        assert!(lines[1].len() < 150 && lines[1].starts_with("  …a") && lines[1].ends_with("b…"), "{error}");
        assert_eq!(lines[1].chars().position(|c| c == 'X'), lines[2].chars().position(|c| c == '^'));
    }
}
