//! A sentence with named values: the template is what gets translated, the values stay as they are.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A template such as `"{server} answered {status}"` with its values. `Display` gives the English sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    template: Cow<'static, str>,
    values: Vec<(&'static str, String)>,
}

impl Text {
    /// Starts a sentence; bind its placeholders with [`Text::with`].
    pub fn new(template: &'static str) -> Self {
        Self { template: Cow::Borrowed(template), values: Vec::new() }
    }

    /// Binds `{name}` to a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        debug_assert!(self.template.contains(&format!("{{{name}}}")), "no {{{name}}} in {:?}", self.template);
        self.values.push((name, value.to_string()));
        self
    }

    /// The template, which is the key of translations.
    pub fn template(&self) -> &str {
        &self.template
    }
}

impl From<&'static str> for Text {
    fn from(template: &'static str) -> Self {
        Self::new(template)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest: &str = &self.template;
        while let Some((before, after)) = rest.split_once('{') {
            f.write_str(before)?;
            let Some((name, tail)) = after.split_once('}') else {
                f.write_str("{")?;
                rest = after;
                continue;
            };
            if let Some((_, value)) = self.values.iter().find(|(n, _)| *n == name) {
                f.write_str(value)?;
            } else {
                debug_assert!(false, "{{{name}}} is not bound in {:?}", self.template);
                write!(f, "{{{name}}}")?;
            }
            rest = tail;
        }
        f.write_str(rest)
    }
}

/// A span of time as sentences give it: `12 ms`, `31.5 s`, `3 min 32 s`.
pub fn span(span: Duration) -> String {
    match span.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis @ 1000..120_000 => {
            let tenths = (millis + 50) / 100;
            if tenths % 10 == 0 { format!("{} s", tenths / 10) } else { format!("{}.{} s", tenths / 10, tenths % 10) }
        }
        _ => {
            let seconds = span.as_secs();
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let parts = [(hours, "h"), (minutes, "min"), (seconds, "s")];
            let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
            parts.join(" ")
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
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn placeholders_are_replaced_and_values_are_not_scanned() {
        let text = Text::new("{a} told {b}.").with("a", "{b}").with("b", 7);
        assert_eq!(text.to_string(), "{b} told 7.");
    }
}
