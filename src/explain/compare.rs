//! Two status codes side by side.

use super::page::Page;
use super::status::{bullets, capitalised, retry, title};
use crate::catalog::{self, Lookup, StatusEntry, pairs};

pub(super) fn write(a: u16, b: u16, page: &mut Page) {
    let (Some(left), Some(right)) = (catalog::entry_or_class(a), catalog::entry_or_class(b)) else { return };
    page.title(&format!("{} and {}", name(a, left), name(b, right)));
    let (left, right) = (left.entry(), right.entry());
    if left.code == right.code {
        page.paragraph(&format!("Clients treat both as {}.", title(left)));
        return super::status::write(left.code, page);
    }
    page.heading("Description");
    page.side_by_side(&[left.code.to_string()], &[right.code.to_string()]);
    page.side_by_side(&[left.meaning.to_owned()], &[right.meaning.to_owned()]);
    page.heading("When it occurs");
    page.side_by_side(&items(left.when_it_occurs), &items(right.when_it_occurs));
    page.heading("How to fix");
    page.side_by_side(&items(left.how_to_fix), &items(right.how_to_fix));
    let written = pairs::pair(left.code, right.code);
    match written {
        Some(pair) => bullets(page, "Key differences", pair.differences),
        None => differences(left, right, page),
    }
    page.heading("When to use which");
    match written {
        Some(pair) => pair.when_to_use.iter().for_each(|text| page.bullet(text)),
        None => [left, right].iter().for_each(|entry| page.bullet(&format!("{}: {}", entry.code, situations(entry)))),
    }
    misconceptions(left, right, page);
    page.heading("Further reading");
    for entry in [left, right] {
        page.bullet(&format!("{}: {}", entry.code, entry.references.join(", ")));
    }
}

fn name(code: u16, known: Lookup) -> String {
    match known {
        Lookup::Entry(entry) => title(entry),
        Lookup::Class(entry) => format!("{code} (not registered, treated as {})", entry.code),
    }
}

fn items(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!("- {text}")).collect()
}

/// A fact of the catalogue with its name.
type Row = (&'static str, fn(&StatusEntry) -> String);

/// What sets two codes apart by the facts of the catalogue, where nobody wrote a comparison.
fn differences(left: &StatusEntry, right: &StatusEntry, page: &mut Page) {
    page.heading("Key differences");
    let rows: [Row; 5] = [
        ("Class", |e| e.class_name().to_lowercase()),
        ("Nature", |e| e.kind.name().to_owned()),
        ("A call that ends with it failed", |e| e.failure.name().to_owned()),
        ("Effect on a dialog", |e| e.dialog_effect.name().to_owned()),
        ("Who acts", |e| e.who_acts.to_owned()),
    ];
    for (what, value) in rows {
        let (a, b) = (value(left), value(right));
        if a == b {
            page.bullet(&format!("{what}: the same for both, {a}."));
        } else {
            page.bullet(&format!("{what}: {} {a}; {} {b}.", left.code, right.code));
        }
    }
    page.bullet(&format!("What the client does next: {}: {} {}: {}", left.code, retry(left), right.code, retry(right)));
    if left.code / 100 != 6 && right.code / 100 == 6 || left.code / 100 == 6 && right.code / 100 != 6 {
        page.bullet(
            "A proxy that gets the 6xx cancels all other branches and tries no new ones; after the other it may go on.",
        );
    }
}

fn situations(entry: &StatusEntry) -> String {
    entry.when_it_occurs.first().map_or_else(|| capitalised(entry.kind.name()), |text| (*text).to_owned())
}

fn misconceptions(left: &StatusEntry, right: &StatusEntry, page: &mut Page) {
    let all: Vec<String> = [left, right]
        .iter()
        .flat_map(|entry| entry.misconceptions.iter().map(|text| format!("{}: {text}", entry.code)))
        .collect();
    bullets(page, "Misconceptions", &all.iter().map(String::as_str).collect::<Vec<_>>());
}
