//! What called numbers have in common.

/// How a number is written; numbers written differently take different ways through a dial plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// No number: a name, or nothing.
    Name,
    /// At most six digits: an extension or a service.
    Short,
    /// `+` and a country code.
    International,
    /// `00` or `011`: an international prefix as dialled.
    InternationalPrefix,
    /// A `0` in front: a national prefix.
    NationalPrefix,
    /// Digits without any prefix.
    Plain,
}

impl Shape {
    pub(super) fn of(number: Option<&str>) -> Self {
        match number {
            None => Self::Name,
            Some(number) if number.starts_with('+') => Self::International,
            Some(number) if number.len() <= 6 => Self::Short,
            Some(number) if number.starts_with("00") || number.starts_with("011") => Self::InternationalPrefix,
            Some(number) if number.starts_with('0') => Self::NationalPrefix,
            Some(_) => Self::Plain,
        }
    }
}

/// The common prefix and the lengths of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    prefix: Option<String>,
    shortest: usize,
    longest: usize,
}

/// Placeholders printed at most; numbers have 15 digits (E.164), attackers more.
const PLACEHOLDERS: usize = 20;

impl Numbers {
    pub(super) fn new(number: Option<&str>) -> Self {
        let length = number.map_or(0, str::len);
        Self { prefix: number.map(str::to_owned), shortest: length, longest: length }
    }

    /// Adds one more.
    pub(super) fn add_number(&mut self, number: Option<&str>) {
        let length = number.map_or(0, str::len);
        self.join(number, length, length);
    }

    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        self.join(other.prefix.as_deref(), other.shortest, other.longest);
    }

    fn join(&mut self, prefix: Option<&str>, shortest: usize, longest: usize) {
        let (Some(ours), Some(theirs)) = (&mut self.prefix, prefix) else {
            self.prefix = None;
            return;
        };
        // Numbers are ASCII, so octets are characters.
        let common = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
        ours.truncate(common);
        self.shortest = self.shortest.min(shortest);
        self.longest = self.longest.max(longest);
    }

    /// `+1215555xxxx`, or `+49…` when the lengths differ.
    pub(super) fn pattern(&self) -> Option<String> {
        let prefix = self.prefix.as_deref()?;
        let open = self.longest - prefix.len().min(self.longest);
        Some(match (self.shortest == self.longest, open) {
            (true, 0..=PLACEHOLDERS) => format!("{prefix}{}", "x".repeat(open)),
            _ => format!("{prefix}…"),
        })
    }
}

/// The number in a user part: `+` and digits, visual separators removed (RFC 3966 §3); `None` for anything else.
pub(crate) fn number(user: &str) -> Option<String> {
    let is_separator = |c: char| matches!(c, '-' | '.' | '(' | ')');
    let number = if user.contains(is_separator) { user.replace(is_separator, "") } else { user.to_owned() };
    let digits = number.strip_prefix('+').unwrap_or(&number);
    (!digits.is_empty() && digits.len() <= 40 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_prefix_and_length_are_the_pattern() {
        let rows: &[(&[&str], &str)] = &[
            (&["+12155550100"], "+12155550100"),
            (&["+12155550100", "+12155550129"], "+121555501xx"),
            (&["+12155550100", "+13105550129"], "+1xxxxxxxxxx"),
            (&["+49301234", "+4930123456"], "+49301234…"),
            (&["1001", "2001"], "xxxx"),
        ];
        for (numbers, expected) in rows {
            let mut all = Numbers::new(Some(numbers[0]));
            numbers.iter().for_each(|n| all.add(&Numbers::new(Some(n))));
            assert_eq!(all.pattern().as_deref(), Some(*expected), "{numbers:?}");
        }
        assert_eq!(Numbers::new(None).pattern(), None);
    }

    #[test]
    fn numbers_are_told_from_names_and_by_their_prefix() {
        let rows = [
            ("+1-215-555-0100", Shape::International),
            ("0012155550100", Shape::InternationalPrefix),
            ("01112155550100", Shape::InternationalPrefix),
            ("0301234567", Shape::NationalPrefix),
            ("2155550100", Shape::Plain),
            ("1001", Shape::Short),
            ("alice", Shape::Name),
            ("+", Shape::Name),
            ("*67", Shape::Name),
            ("١٢٣", Shape::Name),
        ];
        for (user, shape) in rows {
            assert_eq!(Shape::of(number(user).as_deref()), shape, "{user}");
        }
    }
}
