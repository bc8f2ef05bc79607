//! What `sipscan explain` prints: status codes, comparisons of two of them, diagnoses, and lists. Builds text, prints nothing.

mod compare;
pub mod markdown;
mod page;
mod rule;
mod status;
mod suggest;

use crate::catalog::{self, StatusEntry};
use crate::diagnosis::Rule;
use crate::diagnosis::rules::RULES;
use crate::error::Error;
use page::Page;

/// What a name on the command line stands for.
#[derive(Debug, Clone, Copy)]
enum Topic {
    Status(u16),
    Class(u16),
    Rule(&'static Rule),
}

/// Explains status codes such as `301`, classes such as `4xx` and the codes of diagnoses such as `redirect-loop`. Two status
/// codes give a comparison. Lines are at most `width` cells wide. Fails for names that mean nothing, with the closest one.
pub fn explain(names: &[String], width: usize) -> Result<String, Error> {
    let topics = names.iter().map(|name| topic(name)).collect::<Result<Vec<_>, _>>()?;
    let mut page = Page::new(width);
    match topics.as_slice() {
        [] => return Err(Error::Usage("nothing to explain; give a status code, a diagnosis, or --list".to_owned())),
        [Topic::Status(a), Topic::Status(b)] if a != b => compare::write(*a, *b, &mut page),
        topics => {
            for (at, topic) in topics.iter().enumerate() {
                if at > 0 {
                    page.rule_line();
                }
                match topic {
                    Topic::Status(code) => status::write(*code, &mut page),
                    Topic::Class(class) => status::write_class(*class, &mut page),
                    Topic::Rule(rule) => rule::write(rule, &mut page),
                }
            }
        }
    }
    Ok(page.finish())
}

/// Whether a word looks like a misspelt name.
pub fn resembles(word: &str, name: &str) -> bool {
    suggest::closest(word, std::iter::once(name)).is_some()
}

/// Every diagnosis with its severity and summary, then every status code.
pub fn list(width: usize) -> String {
    let mut page = Page::new(width);
    page.title("Diagnoses");
    for rule in RULES {
        page.item(rule.code, &format!("{}: {}", rule::severity(rule.severity), rule.summary));
    }
    page.title("Status codes");
    for entry in catalog::entries() {
        page.columns(&entry.code.to_string(), 5, &status::phrase(entry));
    }
    page.finish()
}

fn topic(name: &str) -> Result<Topic, Error> {
    let wanted = name.trim().to_ascii_lowercase();
    if let Ok(code) = wanted.parse::<u16>() {
        return match catalog::entry_or_class(code) {
            Some(_) => Ok(Topic::Status(code)),
            None => Err(Error::Usage(format!("{code} is no status code: they run from 100 to 699"))),
        };
    }
    if let Some(class) = class(&wanted) {
        return Ok(Topic::Class(class));
    }
    let rule = RULES.iter().find(|rule| rule.code == wanted);
    rule.map(|rule| Topic::Rule(rule)).ok_or_else(|| Error::Usage(unknown(name, &wanted)))
}

/// `4xx`, in any case: its first digit.
fn class(name: &str) -> Option<u16> {
    let digit = name.strip_suffix("xx")?.parse().ok()?;
    (1..=6).contains(&digit).then_some(digit)
}

fn unknown(name: &str, wanted: &str) -> String {
    let phrases = catalog::entries().map(|entry| entry.phrase);
    match suggest::closest(wanted, RULES.iter().map(|rule| rule.code).chain(phrases)) {
        Some(close) => match catalog::entries().find(|entry| entry.phrase == close) {
            Some(StatusEntry { code, phrase, .. }) => {
                format!("nothing is called {name}; did you mean {code} ({phrase})?")
            }
            None => format!("nothing is called {name}; did you mean {close}?"),
        },
        None => format!("nothing is called {name}; `sipscan explain --list` shows what can be explained"),
    }
}

#[cfg(test)]
mod tests;
