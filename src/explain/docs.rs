//! The documentation that is generated from the registry of rules and from the catalogue of status codes.

use std::fmt::Write as _;

use super::markdown::{cell, markdown};
use super::page::Page;
use super::view::{Diagnosis, Line, Status};
use super::{rule, status};
use crate::catalog;
use crate::diagnosis::rules::RULES;
use crate::lang::Lang;
use crate::sip::StatusClass;

/// The language of the documentation.
const LANG: Lang = Lang::En;

/// `docs/diagnoses.md`: every diagnosis with its explanation.
pub fn diagnoses() -> String {
    let mut out = String::from(
        "# Diagnoses\n\n\
         What sipscan can find, in the words of `sipscan explain CODE`. This page is generated from the rules in \
         `src/diagnosis/rules/`; `SIPSCAN_BLESS=1 cargo test` writes it anew.\n\n\
         | code | severity | what it finds |\n| --- | --- | --- |\n",
    );
    for rule in RULES {
        let severity = rule::severity_name(rule.severity, LANG);
        push(&mut out, format_args!("| [`{0}`](#{0}) | {severity} | {1} |\n", rule.code, cell(rule.summary)));
    }
    for rule in RULES {
        let mut page = Page::new(LANG);
        rule::text(&Diagnosis::new(rule, LANG), &mut page);
        push(&mut out, format_args!("\n{}", markdown(&page, 2)));
        push(
            &mut out,
            format_args!(
                "\n### Samples\n\n[`capture.pcap`](../samples/{0}/capture.pcap) ([text](../samples/{0}/capture.txt)) shows it; [`near-miss.pcap`](../samples/{0}/near-miss.pcap) ([text](../samples/{0}/near-miss.txt)) looks alike and is none.\n",
                rule.code
            ),
        );
    }
    out
}

/// `docs/codes.md`: every status code of the catalogue.
pub fn codes() -> String {
    let mut out = String::from(
        "# Status codes\n\n\
         The status codes that sipscan knows, in the words of `sipscan explain CODE`. This page is generated from the \
         catalogue in `src/catalog/`; `SIPSCAN_BLESS=1 cargo test` writes it anew.\n",
    );
    for (digit, class) in (1..).zip(StatusClass::ALL) {
        push(&mut out, format_args!("\n## {}: {}\n\n", class.digits(), class.name()));
        out.push_str("| code | phrase | meaning |\n| --- | --- | --- |\n");
        for line in Line::all(LANG).filter(|line| line.code / 100 == digit) {
            let title = line.title(LANG);
            let phrase = title.split_once(' ').map_or("", |(_, phrase)| phrase);
            push(&mut out, format_args!("| {} | {} | {} |\n", line.code, cell(phrase), cell(line.meaning)));
        }
        for entry in catalog::entries().filter(|entry| entry.code / 100 == digit) {
            let mut page = Page::new(LANG);
            status::write_known(&Status::new(entry, LANG), &mut page);
            push(&mut out, format_args!("\n{}", markdown(&page, 3)));
        }
    }
    out
}

fn push(page: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = page.write_fmt(words);
}
