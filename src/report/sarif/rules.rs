//! Each diagnosis as a SARIF rule with its explanation as help.

use serde_json::{Value, json};

use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Explanation, Rule, Severity};
use crate::lang::Lang;

/// The tool with all its rules.
pub(super) fn driver(lang: Lang) -> Value {
    json!({
        "name": "sipscan",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": RULES.iter().map(|rule| descriptor(rule, lang)).collect::<Vec<_>>(),
    })
}

/// The place of a rule in the list above.
pub(super) fn index(code: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.code == code)
}

/// SARIF knows four levels, of which hosts show three.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Notice => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

fn descriptor(rule: &Rule, lang: Lang) -> Value {
    let (text, markdown) = help(rule, lang);
    json!({
        "id": rule.code,
        "shortDescription": { "text": plain(lang.tr(rule.summary)) },
        "fullDescription": { "text": plain(lang.tr(rule.explanation.what_it_means)) },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": ["sip"], "severity": rule.severity.name(), "references": rule.references },
    })
}

/// The explanation, plain and as Markdown.
fn help(rule: &Rule, lang: Lang) -> (String, String) {
    let (mut text, mut markdown) = (Vec::new(), Vec::new());
    for (heading, words) in headings(&rule.explanation) {
        let (heading, words) = (lang.tr(heading), lang.tr(words));
        text.push(format!("{heading}\n{}", plain(words)));
        markdown.push(format!("## {heading}\n\n{}", prose(words)));
    }
    let references = rule.references.join(", ");
    text.push(references.clone());
    markdown.push(references);
    (text.join("\n\n"), markdown.join("\n\n"))
}

fn headings(explanation: &Explanation) -> [(&'static str, &'static str); 6] {
    [
        ("What it means", explanation.what_it_means),
        ("Why it matters", explanation.why_it_matters),
        ("Likely causes", explanation.likely_causes),
        ("How to fix", explanation.how_to_fix),
        ("How to confirm", explanation.how_to_confirm),
        ("When this is wrong", explanation.when_this_is_wrong),
    ]
}

/// Code is marked in explanations; plain text has no marks.
fn plain(words: &str) -> String {
    super::result::unlinked(&words.replace('`', ""))
}

/// Markdown wants a blank line between a paragraph and the list behind it; angle brackets outside of code are no HTML.
fn prose(words: &str) -> String {
    let mut page = String::new();
    let mut in_list = false;
    for line in words.split('\n').filter(|line| !line.is_empty()) {
        let item = line.starts_with("- ");
        if !page.is_empty() {
            page.push_str(if item && in_list { "\n" } else { "\n\n" });
        }
        for (at, part) in line.split('`').enumerate() {
            let code = at % 2 == 1;
            let escaped = |part: &str| part.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_");
            let mark = if code { "`" } else { "" };
            let text = if code { part.to_owned() } else { escaped(part) };
            page.extend([mark, &text, mark]);
        }
        in_list = item;
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_become_markdown() {
        assert_eq!(prose("A <b> `<c>`.\n- x_y\n- z\nB."), "A &lt;b> `<c>`.\n\n- x\\_y\n- z\n\nB.");
    }

    #[test]
    fn every_rule_has_help_in_both_forms() {
        for rule in RULES {
            let (text, markdown) = help(rule, Lang::En);
            assert!(!text.contains('`') && markdown.contains("## How to fix\n\n"), "{}", rule.code);
        }
    }
}
