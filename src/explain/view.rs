//! What an explanation holds, in one language: the same data for a page of text, for Markdown and for JSON.
//!
//! `docs/explain.schema.json` is generated from these types and their comments by a test.

use serde::Serialize;

use crate::catalog::{self, DialogEffect, Failure, Kind, Lookup, Registration, Retry, StatusEntry, pairs, q850};
use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Detect, Rule, Severity};
use crate::lang::Lang;

use super::compare;

/// The version of the format; it grows when a field goes or changes its meaning, not when one is added.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// What `sipscan explain` says of the names it was given, in their order. Texts are in the language of `lang`: sentences without
/// line ends, unless said otherwise; a part between backticks is to be shown as code. Codes, phrases and names of header fields are
/// the same in every language.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "sipscan explain"))]
pub(super) struct Document<'a> {
    /// Version of the format: 1.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub(super) schema_version: u32,
    /// Language of the texts, as a tag of BCP 47: `en` or `zh-CN`.
    pub(super) lang: &'static str,
    /// One for each name, or one comparison of two status codes, or one list of everything.
    pub(super) topics: &'a [Topic],
}

/// What is explained; `type` tells which it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum Topic {
    /// A status code.
    Status(Box<Status>),
    /// Two status codes side by side.
    Comparison(Box<Comparison>),
    /// A class of status codes.
    Class(Class),
    /// A diagnosis.
    Diagnosis(Diagnosis),
    /// Everything that can be explained.
    List(List),
}

/// A status code.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Status {
    /// Tells that this is a status code.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("const" = "status")))]
    pub(super) kind_of_topic: &'static str,
    /// The code that was asked for, 100 to 699.
    pub(super) asked: u16,
    /// The code that is explained: another one where the catalogue lacks `asked`, because clients treat it as this one (RFC 3261
    /// §8.1.3.2).
    pub(super) code: u16,
    /// Reason phrase of the registry; of unregistered codes the usual one.
    pub(super) phrase: &'static str,
    /// Other reason phrases in use.
    pub(super) aliases: &'static [&'static str],
    /// Where the code stands.
    pub(super) registration: Registration,
    /// Its class.
    pub(super) class: &'static str,
    /// What sort of answer it is.
    pub(super) kind: Kind,
    /// `kind` in words.
    pub(super) nature: &'static str,
    /// What it means, in paragraphs.
    pub(super) description: Vec<&'static str>,
    /// Situations in which it occurs.
    pub(super) when_it_occurs: Vec<&'static str>,
    /// Steps, in order.
    pub(super) how_to_fix: Vec<&'static str>,
    /// How to see that it worked.
    pub(super) how_to_confirm: Option<&'static str>,
    /// Who must act.
    pub(super) who_acts: &'static str,
    /// What a correct client does next.
    pub(super) retry: Retry,
    /// The same as a sentence.
    pub(super) retry_rule: String,
    /// Header fields that the response must have: of each inner list, at least one.
    pub(super) required_header_fields: &'static [&'static [&'static str]],
    /// Other header fields that help, with a remark where needed.
    pub(super) useful_header_fields: Vec<&'static str>,
    /// What it answers: methods, or requests in words; empty: any.
    pub(super) requests: Vec<&'static str>,
    /// Whether a call that ends with it failed.
    pub(super) failure: Failure,
    /// The same in words.
    pub(super) failed: &'static str,
    /// What it does to the dialog in which it is received (RFC 5057 §5).
    pub(super) dialog_effect: DialogEffect,
    /// The same in words.
    pub(super) effect_on_dialog: &'static str,
    /// The cause that a gateway to the telephone network makes of it; null where none is sent.
    pub(super) q850: Option<Cause>,
    /// What is often believed about it, and is wrong, with the correction.
    pub(super) misconceptions: Vec<&'static str>,
    /// The defining section first, then others worth reading.
    pub(super) references: &'static [&'static str],
    /// Codes with which people confuse it, and for which there is a written comparison.
    pub(super) compared_with: Vec<u16>,
}

/// A cause of Q.850.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Cause {
    /// Its value, 1 to 127.
    pub(super) value: u8,
    /// Its name.
    pub(super) name: &'static str,
    /// Where the mapping comes from; empty where nothing needs to be said.
    pub(super) note: &'static str,
}

/// Two status codes side by side.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Comparison {
    /// Tells that this is a comparison.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("const" = "comparison")))]
    pub(super) kind_of_topic: &'static str,
    /// The code that was named first.
    pub(super) left: Status,
    /// The other one.
    pub(super) right: Status,
    /// Whether the comparison was written for these two; else it is derived from what the catalogue says of each.
    pub(super) written: bool,
    /// What tells them apart.
    pub(super) key_differences: Vec<String>,
    /// Which of them fits when; each begins with the code.
    pub(super) when_to_use_which: Vec<String>,
}

/// A class of status codes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Class {
    /// Tells that this is a class.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("const" = "class")))]
    pub(super) kind_of_topic: &'static str,
    /// First digit of its codes, 1 to 6.
    pub(super) digit: u16,
    /// Its name.
    pub(super) name: &'static str,
    /// Its codes.
    pub(super) status_codes: Vec<Line>,
}

/// A status code in one line.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Line {
    /// The code.
    pub(super) code: u16,
    /// Its reason phrase.
    pub(super) phrase: &'static str,
    /// Where it stands.
    pub(super) registration: Registration,
    /// What it means, in one sentence.
    pub(super) meaning: &'static str,
}

/// A diagnosis.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Diagnosis {
    /// Tells that this is a diagnosis.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("const" = "diagnosis")))]
    pub(super) kind_of_topic: &'static str,
    /// Its code.
    pub(super) code: &'static str,
    /// How bad it is, where the finding does not say otherwise.
    pub(super) severity: Severity,
    /// What it looks at.
    pub(super) scope: Scope,
    /// What it finds, in one sentence.
    pub(super) summary: &'static str,
    /// What it means. This and the following texts may have lines: a blank line between paragraphs, `- ` before items of lists.
    pub(super) what_it_means: &'static str,
    /// Why one should care.
    pub(super) why_it_matters: &'static str,
    /// What usually causes it.
    pub(super) likely_causes: &'static str,
    /// What to change, and who.
    pub(super) how_to_fix: &'static str,
    /// How to see in a capture that it is so, and that it is gone.
    pub(super) how_to_confirm: &'static str,
    /// When the diagnosis does not apply although it looks like it.
    pub(super) when_this_is_wrong: &'static str,
    /// Documents that it rests on.
    pub(super) references: &'static [&'static str],
}

/// What a diagnosis looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scope {
    /// Each call.
    Call,
    /// The capture as a whole.
    Capture,
}

/// Everything that can be explained.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct List {
    /// Tells that this is the list.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("const" = "list")))]
    pub(super) kind_of_topic: &'static str,
    /// Every diagnosis.
    pub(super) diagnoses: Vec<DiagnosisLine>,
    /// Every status code of the catalogue.
    pub(super) status_codes: Vec<Line>,
}

/// A diagnosis in one line.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DiagnosisLine {
    /// Its code.
    pub(super) code: &'static str,
    /// How bad it is, where the finding does not say otherwise.
    pub(super) severity: Severity,
    /// What it finds, in one sentence.
    pub(super) summary: &'static str,
}

impl Status {
    /// `None` outside 100 to 699.
    pub(super) fn of(code: u16, lang: Lang) -> Option<Self> {
        Some(match catalog::entry_or_class(code)? {
            Lookup::Entry(entry) | Lookup::Class(entry) => Self { asked: code, ..Self::new(entry, lang) },
        })
    }

    pub(super) fn new(entry: &'static StatusEntry, lang: Lang) -> Self {
        let all = |texts: &'static [&'static str]| texts.iter().map(|text| lang.tr(text)).collect();
        let pairs = pairs::pairs().iter().filter_map(|pair| match (pair.low, pair.high) {
            (low, other) | (other, low) if low == entry.code => Some(other),
            _ => None,
        });
        Self {
            kind_of_topic: "status",
            asked: entry.code,
            code: entry.code,
            phrase: entry.phrase,
            aliases: entry.aliases,
            registration: entry.registration,
            class: lang.tr(entry.class_name()),
            kind: entry.kind,
            nature: lang.tr(entry.kind.name()),
            description: std::iter::once(entry.meaning)
                .chain(entry.details.iter().copied())
                .map(|t| lang.tr(t))
                .collect(),
            when_it_occurs: all(entry.when_it_occurs),
            how_to_fix: all(entry.how_to_fix),
            how_to_confirm: Some(entry.verify).filter(|text| !text.is_empty()).map(|text| lang.tr(text)),
            who_acts: lang.tr(entry.who_acts),
            retry: entry.retry,
            retry_rule: retry_rule(entry, lang),
            required_header_fields: entry.required_headers,
            useful_header_fields: all(entry.useful_headers),
            requests: all(entry.methods),
            failure: entry.failure,
            failed: lang.tr(entry.failure.name()),
            dialog_effect: entry.dialog_effect,
            effect_on_dialog: lang.tr(entry.dialog_effect.name()),
            q850: Cause::of(entry, lang),
            misconceptions: all(entry.misconceptions),
            references: entry.references,
            compared_with: pairs.collect(),
        }
    }
}

/// What a client does next, as a sentence.
fn retry_rule(entry: &StatusEntry, lang: Lang) -> String {
    let sentence = |words: &str| match lang {
        Lang::En => capitalised(words) + ".",
        Lang::ZhCn => format!("{words}。"),
    };
    if entry.retry_note.is_empty() {
        sentence(lang.tr(entry.retry.name()))
    } else {
        lang.tr(entry.retry_note).to_owned()
    }
}

/// With a capital first letter.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl Cause {
    fn of(entry: &StatusEntry, lang: Lang) -> Option<Self> {
        let cause = q850::cause(entry.q850?.into())?;
        let note = if entry.q850_note.is_empty() { "" } else { lang.tr(entry.q850_note) };
        Some(Self { value: cause.value, name: lang.tr(cause.name), note })
    }
}

impl Comparison {
    /// `None` outside 100 to 699.
    pub(super) fn new(left: u16, right: u16, lang: Lang) -> Option<Self> {
        let (left, right) = (Status::of(left, lang)?, Status::of(right, lang)?);
        let pair = pairs::pair(left.code, right.code);
        let all = |texts: &[&'static str]| texts.iter().map(|text| lang.tr(text).to_owned()).collect();
        Some(Self {
            kind_of_topic: "comparison",
            written: pair.is_some(),
            key_differences: pair.map_or_else(|| compare::differences(&left, &right, lang), |p| all(p.differences)),
            when_to_use_which: pair.map_or_else(|| compare::situations(&left, &right, lang), |p| all(p.when_to_use)),
            left,
            right,
        })
    }
}

impl Class {
    pub(super) fn new(digit: u16, lang: Lang) -> Self {
        Self {
            kind_of_topic: "class",
            digit,
            name: catalog::class_name(digit * 100).map_or("", |name| lang.tr(name)),
            status_codes: Line::all(lang).filter(|line| line.code / 100 == digit).collect(),
        }
    }
}

impl Line {
    /// Every code.
    pub(super) fn all(lang: Lang) -> impl Iterator<Item = Self> {
        catalog::entries().map(move |entry| Self {
            code: entry.code,
            phrase: entry.phrase,
            registration: entry.registration,
            meaning: lang.tr(entry.meaning_in_short()),
        })
    }
}

impl Diagnosis {
    pub(super) fn new(rule: &'static Rule, lang: Lang) -> Self {
        let why = &rule.explanation;
        Self {
            kind_of_topic: "diagnosis",
            code: rule.code,
            severity: rule.severity,
            scope: match rule.detect {
                Detect::Call(_) | Detect::Given(..) | Detect::Compared(..) | Detect::Last(..) => Scope::Call,
                Detect::Capture(_) => Scope::Capture,
            },
            summary: lang.tr(rule.summary),
            what_it_means: lang.tr(why.what_it_means),
            why_it_matters: lang.tr(why.why_it_matters),
            likely_causes: lang.tr(why.likely_causes),
            how_to_fix: lang.tr(why.how_to_fix),
            how_to_confirm: lang.tr(why.how_to_confirm),
            when_this_is_wrong: lang.tr(why.when_this_is_wrong),
            references: rule.references,
        }
    }
}

impl List {
    pub(super) fn new(lang: Lang) -> Self {
        let diagnoses = RULES.iter().map(|rule| DiagnosisLine {
            code: rule.code,
            severity: rule.severity,
            summary: lang.tr(rule.summary),
        });
        Self { kind_of_topic: "list", diagnoses: diagnoses.collect(), status_codes: Line::all(lang).collect() }
    }
}

#[cfg(test)]
mod schema;
