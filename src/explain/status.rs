//! The page of one status code, and of a class of codes.

use super::page::Page;
use crate::catalog::{self, Kind, Lookup, Registration, StatusEntry, q850};

/// Code and phrase, such as `301 Moved Permanently`.
pub(super) fn title(entry: &StatusEntry) -> String {
    format!("{} {}", entry.code, phrase(entry))
}

/// The phrase, with a remark if IANA does not know the code.
pub(super) fn phrase(entry: &StatusEntry) -> String {
    match entry.registration {
        Registration::Iana => entry.phrase.to_owned(),
        Registration::Obsolete => format!("{} (obsolete, RFC 2543)", entry.phrase),
        Registration::Unregistered => format!("{} (not registered)", entry.phrase),
    }
}

pub(super) fn write(code: u16, page: &mut Page) {
    match catalog::entry_or_class(code) {
        Some(Lookup::Entry(entry)) => write_entry(entry, page),
        Some(Lookup::Class(entry)) => {
            page.title(&format!("{code} (not registered)"));
            page.paragraph(&format!(
                "The code is in no registry. Clients treat it as {} {} (RFC 3261 §8.1.3.2), which follows.",
                entry.code, entry.phrase
            ));
            write_entry(entry, page);
        }
        None => {}
    }
}

/// Every code of a class, with the first sentence of its meaning.
pub(super) fn write_class(digit: u16, page: &mut Page) {
    let name = catalog::class_name(digit * 100).unwrap_or_default();
    page.title(&format!("{digit}xx: {name}"));
    for entry in catalog::entries().filter(|entry| entry.code / 100 == digit) {
        page.item(&title(entry), entry.meaning_in_short());
    }
    page.heading("More");
    page.paragraph(&format!(
        "`sipscan explain CODE` says when a code occurs and what to do, such as `sipscan explain {}`.",
        digit * 100
    ));
}

fn write_entry(entry: &'static StatusEntry, page: &mut Page) {
    page.title(&title(entry));
    page.paragraph(&nature(entry));
    page.heading("Description");
    page.paragraph(entry.meaning);
    for paragraph in entry.details {
        page.paragraph("");
        page.paragraph(paragraph);
    }
    bullets(page, "When it occurs", entry.when_it_occurs);
    if !entry.how_to_fix.is_empty() {
        page.heading("How to fix");
        for (at, step) in entry.how_to_fix.iter().enumerate() {
            page.step(at + 1, step);
        }
    }
    facts(entry, page);
    if !entry.verify.is_empty() {
        page.heading("How to confirm");
        page.paragraph(entry.verify);
    }
    bullets(page, "Misconceptions", entry.misconceptions);
    reading(entry, page);
}

/// Class and kind, without saying the same twice.
fn nature(entry: &StatusEntry) -> String {
    let class = entry.class_name();
    match entry.kind {
        Kind::Provisional | Kind::Success | Kind::Redirect => format!("Class: {}.", class.to_lowercase()),
        kind => format!("Class: {}. Nature: {}.", class.to_lowercase(), kind.name()),
    }
}

fn facts(entry: &StatusEntry, page: &mut Page) {
    page.heading("Who acts");
    page.paragraph(&capitalised(entry.who_acts));
    page.heading("Retry");
    page.paragraph(&retry(entry));
    let required: Vec<String> = entry.required_headers.iter().map(|any| any.join(" or ")).collect();
    if !required.is_empty() || !entry.useful_headers.is_empty() {
        page.heading("Header fields");
        if !required.is_empty() {
            page.bullet(&format!("required: {}", required.join(", ")));
        }
        if !entry.useful_headers.is_empty() {
            page.bullet(&format!("useful: {}", entry.useful_headers.join(", ")));
        }
    }
    page.heading("In calls and networks");
    page.bullet(&format!("a call that ends with it failed: {}", entry.failure.name()));
    if !entry.methods.is_empty() {
        page.bullet(&format!("answers: {}", entry.methods.join(", ")));
    }
    page.bullet(&format!("effect on a dialog: {}", entry.dialog_effect.name()));
    if let Some(cause) = entry.q850.and_then(|value| q850::cause(value.into())) {
        let note = if entry.q850_note.is_empty() { String::new() } else { format!(" ({})", entry.q850_note) };
        page.bullet(&format!("telephone network: Q.850 cause {}, {}{note}", cause.value, cause.name));
    }
}

/// Where to read on: the sources, and the comparisons that were written for it.
fn reading(entry: &StatusEntry, page: &mut Page) {
    page.heading("Further reading");
    page.bullet(&entry.references.join(", "));
    let others: Vec<String> = catalog::pairs::pairs()
        .iter()
        .filter(|pair| pair.low == entry.code || pair.high == entry.code)
        .map(|pair| format!("`sipscan explain {} {}`", pair.low, pair.high))
        .collect();
    if !others.is_empty() {
        page.bullet(&format!("compared with others: {}", others.join(", ")));
    }
}

/// What a client does next, as a sentence.
pub(super) fn retry(entry: &StatusEntry) -> String {
    if entry.retry_note.is_empty() { capitalised(entry.retry.name()) + "." } else { entry.retry_note.to_owned() }
}

pub(super) fn bullets(page: &mut Page, heading: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    page.heading(heading);
    for item in items {
        page.bullet(item);
    }
}

/// With a capital first letter.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
