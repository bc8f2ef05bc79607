//! Links of terminals (OSC 8) from codes of diagnoses to where they are explained. They take no cells, and are put into lines that
//! are finished.

use std::borrow::Cow;

use crate::diagnosis::rules::RULES;
use crate::manual;

/// A line with its `[code, …]` as links. What a capture says may look like that as well, and then leads to the same place.
pub(super) fn linked(line: &str) -> Cow<'_, str> {
    let mut pieces = line.split('[');
    let Some(first) = pieces.next() else { return Cow::Borrowed(line) };
    let mut out = first.to_owned();
    let mut any = false;
    for piece in pieces {
        out.push('[');
        let code = piece.split([',', ']']).next().unwrap_or_default();
        match RULES.iter().find(|rule| rule.code == code) {
            Some(rule) => {
                any = true;
                let rest = piece.strip_prefix(code).unwrap_or_default();
                out.extend(["\u{1b}]8;;", &manual::address(rule.code), "\u{1b}\\", code, "\u{1b}]8;;\u{1b}\\", rest]);
            }
            None => out.push_str(piece),
        }
    }
    if any { Cow::Owned(out) } else { Cow::Borrowed(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_diagnoses_are_links_and_nothing_else_is() {
        let link = |code: &str| format!("\u{1b}]8;;{}\u{1b}\\{code}\u{1b}]8;;\u{1b}\\", manual::address(code));
        for (line, expected) in [
            (
                "It loops. [redirect-loop, error, certain]",
                format!("It loops. [{}, error, certain]", link("redirect-loop")),
            ),
            (
                "[failed-response] and [no-response,",
                format!("[{}] and [{},", link("failed-response"), link("no-response")),
            ),
            (
                "host [192.0.2.1] [nothing, x] redirect-loop [",
                "host [192.0.2.1] [nothing, x] redirect-loop [".to_owned(),
            ),
            ("", String::new()),
        ] {
            assert_eq!(linked(line), expected);
        }
    }

    #[test]
    fn every_diagnosis_has_its_place_on_the_page() {
        let page = include_str!("../../../docs/diagnoses.md");
        for rule in RULES {
            assert!(page.lines().any(|line| line == format!("## {}", rule.code)), "{}", rule.code);
            assert!(manual::address(rule.code).ends_with(&format!("/manual/diagnoses/index.html#{}", rule.code)));
        }
    }
}
