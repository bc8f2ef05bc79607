//! Takes out of captures and reports what tells who called whom from where, so that they can be shown to others: numbers, users,
//! names, addresses, domains, identifiers, credentials, tokens. Whatever the diagnosis goes by stays.
//!
//! A [`Redactor`] is a function of a key: the same value gets the same replacement everywhere, in any order, on any thread. Messages
//! are rewritten between reading and tracking, so whatever comes behind has never seen the original. What is not known to be
//! harmless is replaced; nothing is kept because nobody thought of it. `docs/redaction.md` says what stays and what can be learnt from it.

mod address;
mod body;
mod credentials;
mod field;
mod free;
mod host;
mod identity;
mod key;
mod message;
mod number;
mod packet;
mod paper;
mod params;
mod party;
mod scan;
mod sdp;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod uri;
mod vocabulary;
mod word;

pub use key::Key;
pub use paper::{Paper, Written};

use crate::diagnosis::Settings;

/// Replaces values, each always by the same.
#[derive(Debug, Clone)]
pub struct Redactor {
    key: Key,
    /// Country code of numbers that are written without one.
    country: String,
}

impl Redactor {
    /// A redactor with a key; `country` as in [`Settings`].
    pub fn new(key: Key, country: &str) -> Self {
        Self { key, country: country.to_owned() }
    }

    /// Replaces a host name.
    pub fn host_name(&self, name: &str) -> String {
        lossy(self.host(name.as_bytes()))
    }

    /// Replaces a number, user or URI that somebody asks for.
    pub fn party_name(&self, name: &str) -> String {
        let is_uri = ["sip:", "sips:", "tel:"].iter().any(|scheme| name.starts_with(scheme));
        lossy(if is_uri { self.uri(name.as_bytes()) } else { self.user(name.as_bytes()) })
    }

    /// Replaces the number, user, URI or Call-ID that a call is asked for by; the number of a call in the report stays.
    pub fn call_name(&self, name: &str) -> String {
        let is_call = name.len() < 7 && name.bytes().all(|byte| byte.is_ascii_digit());
        if is_call {
            return name.to_owned();
        }
        let is_party = ["sip:", "sips:", "tel:"].iter().any(|scheme| name.starts_with(scheme)) || name.starts_with('+');
        let is_number = self.number(name.as_bytes()).is_some();
        if is_party || is_number { self.party_name(name) } else { lossy(self.identifier_at_host(name.as_bytes())) }
    }

    /// Settings that mean the same after redaction: domains, hosts and whole numbers in them are replaced. Returns those of their
    /// exceptions that cannot be carried over, because they name the beginning of numbers.
    pub fn settings(&self, settings: &mut Settings) -> Vec<String> {
        for domain in &mut settings.trusted_redirect_domains {
            *domain = lossy(self.host(domain.as_bytes()));
        }
        let mut left_out = Vec::new();
        settings.exceptions.retain_mut(|exception| {
            exception.host = exception.host.map(|host| self.address(host));
            let Some(number) = &mut exception.number else { return true };
            if number.ends_with('*') {
                left_out.push(format!("{} for {number}", exception.code));
                return false;
            }
            *number = lossy(self.user(number.as_bytes()));
            true
        });
        left_out
    }

    /// What stands for a file in reports: its number, and what kind of file it is.
    pub fn file(index: usize, path: &str) -> String {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let known = |part: &&str| {
            ["pcap", "pcapng", "cap", "gz", "zst", "lz4", "xz"].iter().any(|known| part.eq_ignore_ascii_case(known))
        };
        let mut extensions: Vec<&str> = name.split('.').skip(1).collect();
        extensions.retain(known);
        let extension = extensions.iter().flat_map(|part| [".", part]).collect::<String>();
        format!("capture-{}{extension}", index + 1)
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
