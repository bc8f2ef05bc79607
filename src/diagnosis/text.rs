//! A sentence with named values: the template is what gets translated, the values stay as they are.

use std::borrow::Cow;
use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_values_are_not_scanned() {
        let text = Text::new("{a} told {b}.").with("a", "{b}").with("b", 7);
        assert_eq!(text.to_string(), "{b} told 7.");
    }
}
