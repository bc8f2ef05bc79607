//! What `sipscan explain` says: status codes, comparisons of two of them, diagnoses, and lists. Builds text, prints nothing.

mod compare;
pub mod docs;
mod markdown;
mod page;
mod plain;
mod rule;
mod status;
mod suggest;
mod view;

use crate::catalog::{self, StatusEntry};
use crate::diagnosis::Rule;
use crate::diagnosis::rules::RULES;
use crate::error::Error;
use crate::lang::{Lang, Text};
use crate::report::escape;
use page::Page;
use view::{Class, Comparison, Diagnosis, Document, List, SCHEMA_VERSION, Status, Topic};

/// Explanations in one language, not yet in a format.
#[derive(Debug)]
pub struct Explanations {
    lang: Lang,
    topics: Vec<Topic>,
}

/// Explains status codes such as `301`, classes such as `4xx` and the codes of diagnoses such as `redirect-loop`. Two status
/// codes give a comparison.
///
/// # Errors
/// Names that mean nothing, with the closest one; and no names.
pub fn explain(names: &[String], lang: Lang) -> Result<Explanations, Error> {
    let names = names.iter().map(|name| meaning(name)).collect::<Result<Vec<_>, _>>()?;
    let topics = match names.as_slice() {
        [] => return Err(Error::Usage("nothing to explain; give a status code, a diagnosis, or --list".to_owned())),
        [Name::Status(a), Name::Status(b)] if a != b => {
            Comparison::new(*a, *b, lang).map(Box::new).map(Topic::Comparison).into_iter().collect()
        }
        names => names.iter().filter_map(|name| name.topic(lang)).collect(),
    };
    Ok(Explanations { lang, topics })
}

/// Every diagnosis with its severity and summary, then every status code.
pub fn list(lang: Lang) -> Explanations {
    Explanations { lang, topics: vec![Topic::List(List::new(lang))] }
}

impl Explanations {
    /// For a terminal: lines are at most `width` cells wide.
    pub fn plain(&self, width: usize) -> String {
        plain::plain(&self.page(), width)
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        markdown::markdown(&self.page(), 1)
    }

    /// As one JSON document, described by `docs/explain.schema.json`.
    pub fn json(&self) -> String {
        let document = Document { schema_version: SCHEMA_VERSION, lang: self.lang.tag(), topics: &self.topics };
        let mut out = Vec::new();
        // Neither the document nor a vector can fail.
        drop(escape::json(&mut out, &document));
        out.push(b'\n');
        String::from_utf8(out).unwrap_or_default()
    }

    fn page(&self) -> Page {
        let mut page = Page::new(self.lang);
        for (at, topic) in self.topics.iter().enumerate() {
            if at > 0 {
                page.rule();
            }
            match topic {
                Topic::Status(status) => status::write(status, &mut page),
                Topic::Comparison(pair) => compare::write(pair, &mut page),
                Topic::Class(class) => status::write_class(class, &mut page),
                Topic::Diagnosis(rule) => rule::write(rule, &mut page),
                Topic::List(list) => write_list(list, &mut page),
            }
        }
        page
    }
}

fn write_list(list: &List, page: &mut Page) {
    let lang = page.lang();
    page.title(lang.tr("Diagnoses"));
    for rule in &list.diagnoses {
        let severity = rule::severity_name(rule.severity, lang);
        let text = Text::new("{severity}: {summary}").with("severity", severity).with("summary", rule.summary);
        page.item(rule.code, text.in_lang(lang).to_string());
    }
    page.title(lang.tr("Status codes"));
    list.status_codes.iter().for_each(|line| page.name(line.title(lang)));
}

/// What a name on the command line stands for.
#[derive(Debug, Clone, Copy)]
enum Name {
    Status(u16),
    Class(u16),
    Rule(&'static Rule),
}

impl Name {
    fn topic(self, lang: Lang) -> Option<Topic> {
        match self {
            Self::Status(code) => Status::of(code, lang).map(Box::new).map(Topic::Status),
            Self::Class(digit) => Some(Topic::Class(Class::new(digit, lang))),
            Self::Rule(rule) => Some(Topic::Diagnosis(Diagnosis::new(rule, lang))),
        }
    }
}

/// The name that was probably meant by a misspelt one.
pub fn closest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    suggest::closest(word, names.iter().copied())
}

/// Whether a word looks like a misspelt name.
pub fn resembles(word: &str, name: &str) -> bool {
    suggest::closest(word, std::iter::once(name)).is_some()
}

fn meaning(name: &str) -> Result<Name, Error> {
    let wanted = name.trim().to_ascii_lowercase();
    if let Ok(code) = wanted.parse::<u16>() {
        return match catalog::entry_or_class(code) {
            Some(_) => Ok(Name::Status(code)),
            None => Err(Error::Usage(format!("{code} is no status code: they run from 100 to 699"))),
        };
    }
    if let Some(class) = class(&wanted) {
        return Ok(Name::Class(class));
    }
    let rule = RULES.iter().find(|rule| rule.code == wanted);
    rule.map(|rule| Name::Rule(rule)).ok_or_else(|| Error::Usage(unknown(name, &wanted)))
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
