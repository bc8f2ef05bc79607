//! Every text of the program has its translation, and every translation its text.
//!
//! The texts are found in the source: string literals that read like prose, and whatever stands where a text must stand.
//! `SIPSCAN_BLESS=1 cargo test --lib lang` adds what is missing to the tables, without a translation, and takes out what
//! no longer occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::call::{Outcome, OutcomeDetail};
use crate::catalog;
use crate::diagnosis::{Certainty, Severity, Signing};
use crate::lang::Lang;
use crate::report::attestation::Attestations;
use crate::sip::StatusClass;

/// Tables with the sources whose texts they translate.
const TABLES: &[(&str, &[&str])] = &[
    ("catalog", &["src/catalog"]),
    ("diagnosis", &["src/diagnosis", "src/stir", "src/net/icmp.rs", "src/call/outcome.rs"]),
    (
        "explain",
        &[
            "src/explain.rs",
            "src/explain/compare.rs",
            "src/explain/rule.rs",
            "src/explain/status.rs",
            "src/explain/view.rs",
            "src/passport.rs",
        ],
    ),
    (
        "report",
        &[
            "src/report",
            "src/baseline.rs",
            "src/expect/differ.rs",
            "src/expect/page.rs",
            "src/extract",
            "src/ladder.rs",
            "src/pipeline",
            "src/capture/info.rs",
            "src/error.rs",
            "src/main.rs",
        ],
    ),
];

/// Files that only tests use, beside those whose names end in `tests`.
const TESTS: &[&str] = &["testing", "talk_flow", "sample", "schema"];
/// Files with prose that is no text: messages about the command line are English.
const SPARSE: &[&str] = &["main"];
/// Functions whose argument is a text, however short.
const TEXTS: &[&str] = &["Text::new", "Text::list", "Text::count", "fix", "verify", "tr", "role", "say", "optional"];
/// Methods of a page of the text report whose literal arguments are texts.
const PAGE: &[&str] = &["heading", "paragraph", "entry", "hanging", "more"];
/// Functions whose literals are English in every language: columns of CSV with what they hold, which is for its documentation.
const ENGLISH: &[&str] = &["column"];
/// Fields whose value is the same in every language.
const FIELDS: &[&str] = &["code", "phrase", "aliases", "references", "required_headers", "methods"];
/// Macros whose literals are no texts.
const MACROS: &[&str] = &[
    "format",
    "write",
    "writeln",
    "assert",
    "assert_eq",
    "debug_assert",
    "panic",
    "concat",
    "env",
    "matches",
    "count_column",
    "ratio_column",
    "delay_column",
    "number_column",
];

#[derive(Default)]
struct Found {
    texts: Vec<String>,
    seen: BTreeSet<String>,
    /// Only what stands where a text must stand counts.
    sparse: bool,
}

impl Found {
    fn text(&mut self, text: &str) {
        if self.seen.insert(text.to_owned()) {
            self.texts.push(text.to_owned());
        }
    }

    /// `wanted`: every literal here is a text.
    fn tokens(&mut self, tokens: TokenStream, wanted: bool) {
        let all: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = all.get(at) {
            let before = |back: usize| at.checked_sub(back).and_then(|i| all.get(i)).map(ToString::to_string);
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => at += Self::attribute(&all, at),
                TokenTree::Group(group) => {
                    let name = before(1).unwrap_or_default();
                    let path = format!("{}::{name}", before(4).unwrap_or_default());
                    let in_macro = name == "!" && MACROS.contains(&before(2).unwrap_or_default().as_str());
                    let call = group.delimiter() == Delimiter::Parenthesis;
                    let is_text = |name: &String| TEXTS.contains(&name.as_str()) || PAGE.contains(&name.as_str());
                    let is_text = call && (is_text(&name) || is_text(&path));
                    if call && ENGLISH.contains(&name.as_str()) {
                        let behind = |t: &TokenTree| !matches!(t, TokenTree::Literal(_) | TokenTree::Punct(_));
                        self.tokens(group.stream().into_iter().skip_while(|t| !behind(t)).collect(), false);
                    } else if call && name == "with" {
                        self.tokens(group.stream().into_iter().skip(1).collect(), false);
                    } else if !in_macro {
                        self.tokens(group.stream(), is_text || (wanted && !call));
                    }
                }
                TokenTree::Ident(name) if name == "help" && before(1).is_some_and(|word| word == "fn") => {
                    // What goes to standard error is English.
                    at += all.iter().skip(at).position(is_body).unwrap_or_default();
                }
                TokenTree::Ident(name) if FIELDS.contains(&name.to_string().as_str()) && is_colon(all.get(at + 1)) => {
                    at = end_of_field(&all, at);
                }
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                        && ((!self.sparse && is_prose(&text.value())) || (wanted && has_letters(&text.value())))
                    {
                        self.text(&text.value());
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// How many tokens to pass over: an attribute, and a test module with it.
    fn attribute(all: &[TokenTree], at: usize) -> usize {
        let group = (at + 1..at + 3).find(|i| matches!(all.get(*i), Some(TokenTree::Group(_)))).unwrap_or(at);
        let is_test = all.get(group).is_some_and(|g| g.to_string().replace(' ', "") == "[cfg(test)]");
        if !is_test {
            return group - at;
        }
        let ends = |t: &TokenTree| is_body(t) || matches!(t, TokenTree::Punct(mark) if mark.as_char() == ';');
        let end = all.iter().skip(group).position(ends).unwrap_or_default();
        group + end - at
    }
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

fn end_of_field(all: &[TokenTree], at: usize) -> usize {
    let comma = |t: &TokenTree| matches!(t, TokenTree::Punct(mark) if mark.as_char() == ',');
    all.iter().skip(at).position(comma).map_or(all.len(), |end| at + end)
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Words with a blank between them, one of them in lower case.
fn is_prose(text: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    text.contains(' ') && text.split(|c: char| !c.is_alphanumeric()).any(is_word) && !VERBATIM.contains(&text)
}

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let is_source = |p: &PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "rs");
    let is_test = |p: &PathBuf| {
        p.file_stem().is_some_and(|s| {
            let name = s.to_string_lossy();
            name.ends_with("tests") || TESTS.contains(&name.as_ref())
        })
    };
    found.into_iter().filter(|p| is_source(p) && !is_test(p)).flat_map(|p| sources(&p)).collect()
}

/// The texts that a table must hold, in the order of the source.
fn texts(table: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (_, paths) = TABLES.iter().find(|(name, _)| *name == table).unwrap();
    let mut found = Found::default();
    match table {
        "catalog" => catalog_texts(&mut found),
        "report" => report_texts(&mut found),
        _ => {}
    }
    for path in paths.iter().flat_map(|path| sources(&root.join(path))) {
        let source = fs::read_to_string(&path).unwrap();
        found.sparse = path.file_stem().is_some_and(|name| SPARSE.iter().any(|sparse| name == *sparse));
        found.tokens(source.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display())), false);
    }
    found.texts
}

/// Texts that are parts of others, or single words.
fn catalog_texts(found: &mut Found) {
    for entry in catalog::entries() {
        found.text(entry.meaning_in_short());
        found.text(entry.who_acts);
        found.text(entry.class_name());
        if let Some(role) = catalog::acting(entry.who_acts) {
            found.text(role);
        }
        for name in [entry.registration.name(), entry.kind.name(), entry.failure.name(), entry.retry.name()] {
            found.text(name);
        }
        found.text(entry.dialog_effect.name());
        let in_words =
            |request: &&&'static str| request.split_whitespace().any(|w| w.bytes().all(|b| b.is_ascii_lowercase()));
        entry.methods.iter().filter(in_words).for_each(|request| found.text(request));
    }
    for cause in catalog::q850::causes() {
        found.text(cause.name);
    }
}

/// Names that reports translate where they are for people.
fn report_texts(found: &mut Found) {
    use Severity::{Critical, Error, Info, Notice, Warning};
    let severities = [Info, Notice, Warning, Error, Critical].map(Severity::name);
    let certainties = [Certainty::Certain, Certainty::Strong, Certainty::Weak].map(Certainty::name);
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.name());
    let details = [OutcomeDetail::Abandoned, OutcomeDetail::AnsweredNoAck].map(OutcomeDetail::name);
    let classes = StatusClass::ALL.iter().map(|class| class.name());
    let signings = Signing::ALL.into_iter().filter(|s| !matches!(s, Signing::Level(_) | Signing::NoLevel));
    let breakdowns = Attestations::default();
    let breakdowns = breakdowns.breakdowns().map(|(name, _)| name);
    severities.iter().chain(&certainties).chain(&details).chain(&breakdowns).for_each(|name| found.text(name));
    outcomes.chain(classes).chain(signings.map(Signing::name)).for_each(|name| found.text(name));
    // Of formats of captures.
    for name in ["modified", "nanoseconds", "big-endian"] {
        found.text(name);
    }
}

fn path(table: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang/zh-CN").join(table).with_extension("json")
}

fn read(table: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(path(table)).unwrap()).unwrap()
}

/// One pair a line, in the order of the source.
fn write(table: &str, texts: &[String], known: &BTreeMap<String, String>) {
    let mut file = String::from("{\n");
    for (at, text) in texts.iter().enumerate() {
        let chinese = known.get(text).map_or("", String::as_str);
        let comma = if at + 1 < texts.len() { "," } else { "" };
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        writeln!(file, "  {}: {}{comma}", quoted(text), quoted(chinese)).unwrap();
    }
    file.push_str("}\n");
    fs::write(path(table), file).unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests may ask the environment")]
fn every_text_has_a_translation_and_every_translation_a_text() {
    let mut missing = Vec::new();
    for (table, _) in TABLES {
        let (texts, known) = (texts(table), read(table));
        if std::env::var_os("SIPSCAN_BLESS").is_some() {
            write(table, &texts, &known);
        }
        let lacking = texts.iter().filter(|text| known.get(*text).is_none_or(String::is_empty));
        missing.extend(lacking.map(|text| format!("{table}: {text:?} has no translation")));
        let dead = known.keys().filter(|key| !texts.contains(key));
        missing.extend(dead.map(|key| format!("{table}: {key:?} occurs nowhere")));
    }
    assert!(missing.is_empty(), "SIPSCAN_BLESS=1 updates the tables:\n{}", missing.join("\n"));
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn a_text_that_is_in_several_tables_has_one_translation() {
    let mut all = BTreeMap::new();
    for (table, _) in TABLES {
        for (english, chinese) in read(table) {
            let other = all.insert(english.clone(), chinese.clone());
            assert!(other.is_none_or(|other| other == chinese), "{table}: {english:?}");
        }
    }
}

#[test]
fn translations_keep_places_lines_and_code() {
    for (english, chinese) in Lang::ZhCn.table() {
        assert_eq!(places(english), places(chinese), "{english:?}\n{chinese:?}");
        assert_eq!(english.matches('\n').count(), chinese.matches('\n').count(), "{english:?}\n{chinese:?}");
        assert_eq!(english.matches("\n- ").count(), chinese.matches("\n- ").count(), "{english:?}\n{chinese:?}");
        assert_eq!(chinese.matches('`').count() % 2, 0, "{chinese:?}");
        assert_eq!(english.starts_with("- "), chinese.starts_with("- "), "{english:?}\n{chinese:?}");
        for odd in [" ，", " 。", "， ", "。 ", " ；", "： ", " ）", "（ "] {
            assert!(!chinese.contains(odd), "{odd:?} in {chinese:?}");
        }
    }
}

/// Literals that read like prose and are the same in every language.
const VERBATIM: &[&str] = &[
    " at line ",
    "nothing to explain; give a status code, a diagnosis, or --list",
    "a span of time cannot be negative",
];
