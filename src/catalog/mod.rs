//! The catalogue of status codes: what each means, when it occurs, how to fix it, and who must act; with the names of
//! the numbers that travel in Reason and Warning header fields.

mod client_error_400;
mod client_error_420;
mod client_error_480;
pub mod entry;
mod global_failure;
pub mod internal_codes;
pub mod pairs;
mod provisional;
pub mod q850;
pub mod reason;
mod redirection;
mod server_error;
mod success;
pub mod warning;

pub use entry::{DialogEffect, Failure, Kind, Registration, Retry, StatusEntry};

/// The tables by ascending code.
static TABLES: &[&[StatusEntry]] = &[
    provisional::ENTRIES,
    success::ENTRIES,
    redirection::ENTRIES,
    client_error_400::ENTRIES,
    client_error_420::ENTRIES,
    client_error_480::ENTRIES,
    server_error::ENTRIES,
    global_failure::ENTRIES,
];

/// What the catalogue says of a code that may be unknown to it.
#[derive(Debug, Clone, Copy)]
pub enum Lookup {
    /// The code has an entry.
    Entry(&'static StatusEntry),
    /// It has none: clients treat it as this one of its class (RFC 3261 §8.1.3.2).
    Class(&'static StatusEntry),
}

impl Lookup {
    /// The entry to go by, its own or that of its class.
    pub fn entry(self) -> &'static StatusEntry {
        match self {
            Self::Entry(entry) | Self::Class(entry) => entry,
        }
    }
}

/// Every entry by ascending code.
pub fn entries() -> impl Iterator<Item = &'static StatusEntry> {
    TABLES.iter().copied().flatten()
}

/// The entry of a code.
pub fn lookup(code: u16) -> Option<&'static StatusEntry> {
    let table = TABLES.iter().find(|table| table.last().is_some_and(|last| code <= last.code))?;
    table.binary_search_by_key(&code, |entry| entry.code).ok().and_then(|at| table.get(at))
}

/// The entry of a code, or that of the code it is treated as: unknown 1xx as 183, others as x00 (RFC 3261 §8.1.3.2).
/// `None` outside 100 to 699.
pub fn entry_or_class(code: u16) -> Option<Lookup> {
    if let Some(entry) = lookup(code) {
        return Some(Lookup::Entry(entry));
    }
    let general = match code {
        100..=199 => 183,
        200..=699 => code / 100 * 100,
        _ => return None,
    };
    lookup(general).map(Lookup::Class)
}

/// The name of the class of a code, as RFC 3261 §7.2 has it; `None` outside 100 to 699.
pub fn class_name(code: u16) -> Option<&'static str> {
    match code / 100 {
        1 => Some("Provisional"),
        2 => Some("Success"),
        3 => Some("Redirection"),
        4 => Some("Client error"),
        5 => Some("Server error"),
        6 => Some("Global failure"),
        _ => None,
    }
}

/// Who must act where nothing was repeated, of a role such as `nobody while a retry follows; otherwise the caller`. `None` for
/// nobody.
pub fn acting(role: &'static str) -> Option<&'static str> {
    match role.strip_prefix("nobody") {
        Some(rest) => rest.split_once("otherwise ").map(|(_, role)| role),
        None => Some(role.split_once("; nobody").map_or(role, |(role, _)| role)),
    }
}

impl StatusEntry {
    /// Its meaning in one sentence: the first one.
    pub fn meaning_in_short(&self) -> &'static str {
        self.meaning.find(". ").and_then(|end| self.meaning.get(..=end)).unwrap_or(self.meaning)
    }

    /// The name of its class, as RFC 3261 §7.2 has it.
    pub fn class_name(&self) -> &'static str {
        class_name(self.code).unwrap_or("Unknown")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_without_duplicates() {
        let codes: Vec<u16> = entries().map(|e| e.code).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
        assert_eq!(entries().filter(|e| e.registration == Registration::Iana).count(), 75);
        for code in 0..1000 {
            assert_eq!(lookup(code).map(|e| e.code), codes.contains(&code).then_some(code));
        }
    }

    #[test]
    fn unknown_codes_are_treated_as_their_class() {
        for (code, general) in [(104, 183), (299, 200), (399, 300), (418, 400), (599, 500), (699, 600)] {
            assert!(matches!(entry_or_class(code), Some(Lookup::Class(e)) if e.code == general), "{code}");
        }
        assert!(matches!(entry_or_class(607), Some(Lookup::Entry(e)) if e.phrase == "Unwanted"));
        for code in [0, 99, 700, 819] {
            assert!(entry_or_class(code).is_none(), "{code}");
        }
    }
}
