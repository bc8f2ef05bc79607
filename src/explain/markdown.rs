//! The documentation that is generated from the registry of rules and from the catalogue of status codes.

use std::fmt::Write as _;

use super::rule::{headings, severity};
use super::status::{phrase, retry};
use crate::catalog::{self, StatusEntry, q850};
use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Detect, Rule};
use crate::sip::StatusClass;

/// `docs/diagnoses.md`: every diagnosis with its explanation.
pub fn diagnoses() -> String {
    let mut page = String::from(
        "# Diagnoses\n\n\
         What sipscan can find, in the words of `sipscan explain CODE`. This page is generated from the rules in \
         `src/diagnosis/rules/`; `SIPSCAN_BLESS=1 cargo test` writes it anew.\n\n\
         | code | severity | what it finds |\n| --- | --- | --- |\n",
    );
    for rule in RULES {
        push(
            &mut page,
            format_args!("| [`{0}`](#{0}) | {1} | {2} |\n", rule.code, severity(rule.severity), cell(rule.summary)),
        );
    }
    for rule in RULES {
        diagnosis(rule, &mut page);
    }
    page
}

fn diagnosis(rule: &Rule, page: &mut String) {
    let scope = match rule.detect {
        Detect::Call(_) => "each call",
        Detect::Capture(_) => "the whole capture",
    };
    push(page, format_args!("\n## {}\n\n{}\n\n", rule.code, text(rule.summary)));
    push(page, format_args!("Severity: {}. Looks at {scope}.\n", severity(rule.severity)));
    for (heading, words) in headings(&rule.explanation) {
        push(page, format_args!("\n### {heading}\n\n{}\n", prose(words)));
    }
    push(page, format_args!("\n### References\n\n{}\n", rule.references.join(", ")));
    push(
        page,
        format_args!(
            "\nSamples: [`capture.pcap`](../samples/{0}/capture.pcap) ([text](../samples/{0}/capture.txt)) shows it; [`near-miss.pcap`](../samples/{0}/near-miss.pcap) ([text](../samples/{0}/near-miss.txt)) looks alike and is none.\n",
            rule.code
        ),
    );
}

/// `docs/responses.md`: every status code of the catalogue.
pub fn responses() -> String {
    let mut page = String::from(
        "# Responses\n\n\
         The status codes that sipscan knows, in the words of `sipscan explain CODE`. This page is generated from the \
         catalogue in `src/catalog/`; `SIPSCAN_BLESS=1 cargo test` writes it anew.\n",
    );
    for (digit, class) in (1..).zip(StatusClass::ALL) {
        push(&mut page, format_args!("\n## {}: {}\n\n", class.digits(), class.name()));
        page.push_str("| code | phrase | meaning |\n| --- | --- | --- |\n");
        let entries = || catalog::entries().filter(|entry| entry.code / 100 == digit);
        for entry in entries() {
            let meaning = entry.meaning_in_short();
            push(&mut page, format_args!("| {} | {} | {} |\n", entry.code, cell(&phrase(entry)), cell(meaning)));
        }
        entries().for_each(|entry| response(entry, &mut page));
    }
    page
}

fn response(entry: &StatusEntry, page: &mut String) {
    push(page, format_args!("\n### {} {}\n\n{}\n", entry.code, phrase(entry), text(entry.meaning)));
    for paragraph in entry.details {
        push(page, format_args!("\n{}\n", text(paragraph)));
    }
    list(page, "When it occurs", "- ", entry.when_it_occurs);
    list(page, "How to fix", "1. ", entry.how_to_fix);
    push(page, format_args!("\nWho acts: {}.\n\nRetry: {}\n", text(entry.who_acts), text(&retry(entry))));
    let required: Vec<String> = entry.required_headers.iter().map(|any| any.join(" or ")).collect();
    if !required.is_empty() {
        push(page, format_args!("\nRequired header fields: {}.\n", required.join(", ")));
    }
    if let Some(cause) = entry.q850.and_then(|value| q850::cause(value.into())) {
        push(page, format_args!("\nTelephone network: Q.850 cause {}, {}.\n", cause.value, cause.name));
    }
    list(page, "Misconceptions", "- ", entry.misconceptions);
    push(page, format_args!("\nSources: {}.\n", entry.references.join(", ")));
}

fn list(page: &mut String, heading: &str, mark: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    push(page, format_args!("\n{heading}:\n\n"));
    for item in items {
        push(page, format_args!("{mark}{}\n", text(item)));
    }
}

/// An explanation as Markdown: a blank line between a paragraph and the list behind it.
fn prose(words: &str) -> String {
    let mut page = String::new();
    let mut in_list = false;
    for line in words.split('\n').filter(|line| !line.is_empty()) {
        let item = line.starts_with("- ");
        if !page.is_empty() {
            page.push_str(if item && in_list { "\n" } else { "\n\n" });
        }
        page.push_str(&text(line));
        in_list = item;
    }
    page
}

/// Outside of code spans, `<`, `*`, `_` and `|` mean something to Markdown.
fn text(words: &str) -> String {
    let mut page = String::with_capacity(words.len());
    for (at, part) in words.split('`').enumerate() {
        if at > 0 {
            page.push('`');
        }
        if at % 2 == 1 {
            page.push_str(part);
            continue;
        }
        for c in part.chars() {
            if matches!(c, '<' | '*' | '_' | '|') {
                page.push('\\');
            }
            page.push(c);
        }
    }
    page
}

/// The same in a cell of a table, where a bar ends the cell even in code.
fn cell(words: &str) -> String {
    text(words).replace("\\|", "|").replace('|', "\\|")
}

fn push(page: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = page.write_fmt(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_sees_only_what_is_meant_for_it() {
        assert_eq!(text("a *b* `c *d* <e>` <f> g_h"), "a \\*b\\* `c *d* <e>` \\<f> g\\_h");
        assert_eq!(cell("a|b `c|d`"), "a\\|b `c\\|d`");
        assert_eq!(prose("One.\n- a\n- b\n\nTwo."), "One.\n\n- a\n- b\n\nTwo.");
    }
}
