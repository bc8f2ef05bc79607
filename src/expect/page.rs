//! What `sipscan check` prints: for people, as annotations, as JUnit XML.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Checked, Difference, State, Writing};
use crate::lang::{Lang, Text, grouped};
use crate::report::escape;

/// Results to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The captures.
    pub all: &'a [Checked],
    /// The language of everything but values.
    pub lang: Lang,
    /// Whether to write escape sequences for colour; the words say the same.
    pub colour: bool,
}

impl Page<'_> {
    fn say(self, text: &Text) -> String {
        escape::terminal(&text.in_lang(self.lang).to_string()).into_owned()
    }

    fn toned(self, colour: AnsiColor, line: &str) -> String {
        let style = Style::new().fg_color(Some(colour.into()));
        if self.colour { format!("{}{line}{}", style.render(), style.render_reset()) } else { line.to_owned() }
    }

    /// For people: what differs, line by line, and a count of everything.
    ///
    /// # Errors
    /// Those of writing.
    pub fn text(self, out: &mut dyn Write) -> io::Result<()> {
        let mut without = 0;
        for checked in self.all {
            let Some(head) = headline(checked) else { continue };
            without += usize::from(checked.state == State::Without);
            // Of a folder without expectations the count at the end says enough.
            if checked.state == State::Without && without > NAMED {
                continue;
            }
            writeln!(out, "{}", self.say(&head))?;
            for difference in differences(&checked.state) {
                writeln!(out, "  {}", self.say(&difference.key))?;
                let expected = Text::new("- expected {what}").with("what", &difference.expected);
                writeln!(out, "    {}", self.toned(AnsiColor::Red, &self.say(&expected)))?;
                let found = Text::new("+ found    {what}").with("what", &difference.found);
                writeln!(out, "    {}", self.toned(AnsiColor::Green, &self.say(&found)))?;
            }
        }
        for text in self.tally() {
            writeln!(out, "{}", self.say(&text))?;
        }
        out.flush()
    }

    /// Annotations for GitHub Actions, then the count.
    ///
    /// # Errors
    /// Those of writing.
    pub fn github(self, out: &mut dyn Write) -> io::Result<()> {
        for checked in self.all.iter().filter(|checked| checked.state.differs()) {
            let Some(head) = headline(checked) else { continue };
            let mut lines = vec![self.say(&head)];
            lines.extend(differences(&checked.state).iter().map(|difference| self.say(&whole(difference))));
            let file = escape::workflow_property(&checked.file.display().to_string());
            writeln!(out, "::error file={file}::{}", escape::workflow_data(&lines.join("\n")))?;
        }
        for text in self.tally() {
            writeln!(out, "{}", escape::workflow_line(&self.say(&text)))?;
        }
        out.flush()
    }

    /// A suite with a case a capture.
    ///
    /// # Errors
    /// Those of writing.
    pub fn junit(self, out: &mut dyn Write) -> io::Result<()> {
        let mut suite = TestSuite::new("sipscan-check");
        suite.add_test_cases(self.all.iter().map(|checked| self.case(checked)));
        let mut report = Report::new("sipscan-check");
        report.add_test_suite(suite);
        let text = report.to_string().map_err(io::Error::other)?;
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    fn case(self, checked: &Checked) -> TestCase {
        let xml = |text: &Text| escape::xml(&text.in_lang(self.lang).to_string()).into_owned();
        let mut status = match &checked.state {
            state if state.differs() => TestCaseStatus::non_success(NonSuccessKind::Failure),
            State::Failed => TestCaseStatus::non_success(NonSuccessKind::Error),
            State::Without => TestCaseStatus::skipped(),
            _ => TestCaseStatus::success(),
        };
        let texts: Vec<String> = differences(&checked.state).iter().map(|difference| xml(&whole(difference))).collect();
        if let Some(head) = headline(checked) {
            status.set_message(xml(&head));
            status.set_description(texts.join("\n"));
        }
        let mut case = TestCase::new(escape::xml(&checked.capture).into_owned(), status);
        case.set_classname("sipscan.check");
        case
    }

    /// How many captures there are of each kind.
    fn tally(self) -> Vec<Text> {
        let count = |wanted: fn(&State) -> bool| self.all.iter().filter(|c| wanted(&c.state)).count() as u64;
        let compared = count(|state| matches!(state, State::Compared(_)));
        let mut texts = Vec::new();
        if compared > 0 {
            let text = Text::count(
                compared,
                "{n} capture compared with its expectation: {good} as expected, {bad} not",
                "{n} captures compared with their expectations: {good} as expected, {bad} not",
            );
            let bad = count(|state| matches!(state, State::Compared(differences) if !differences.is_empty()));
            texts.push(text.with("good", grouped(compared - bad)).with("bad", grouped(bad)));
        }
        let written = count(|state| matches!(state, State::Written(..)));
        if written > 0 {
            texts.push(Text::count(written, "{n} expectation written", "{n} expectations written"));
        }
        let failed = count(|state| *state == State::Failed);
        if failed > 0 {
            let (one, many) = ("{n} capture could not be checked", "{n} captures could not be checked");
            texts.push(Text::count(failed, one, many));
        }
        let without = count(|state| *state == State::Without);
        if without > 0 {
            texts.push(Text::count(
                without,
                "{n} capture has no expectation, and was not checked (--write makes one)",
                "{n} captures have no expectation, and were not checked (--write makes them)",
            ));
        }
        texts
    }
}

/// Captures without expectation that are named.
const NAMED: usize = 10;

/// A line about a capture that there is something to say of.
fn headline(checked: &Checked) -> Option<Text> {
    let file = checked.file.display().to_string();
    let text = match &checked.state {
        State::Compared(differences) | State::Written(differences, _) if !differences.is_empty() => Text::count(
            differences.len() as u64,
            "{capture}: {n} difference from {file}",
            "{capture}: {n} differences from {file}",
        ),
        State::Orphan => return Some(Text::new("{file}: there is no capture of this name").with("file", file)),
        State::Without => return Some(Text::new("{capture}: no expectation").with("capture", &checked.capture)),
        State::Failed => return Some(Text::new("{capture}: could not be checked").with("capture", &checked.capture)),
        State::Written(_, Writing::Made) => Text::new("{capture}: {file} was made"),
        State::Written(_, Writing::Changed) => Text::new("{capture}: {file} was brought up to date"),
        State::Written(_, Writing::Unchanged) => Text::new("{capture}: {file} is up to date"),
        State::Compared(_) => return None,
    };
    Some(text.with("capture", &checked.capture).with("file", file))
}

fn differences(state: &State) -> &[Difference] {
    match state {
        State::Compared(differences) | State::Written(differences, _) => differences,
        _ => &[],
    }
}

/// A difference in one line.
fn whole(difference: &Difference) -> Text {
    let text = Text::new("{key}: expected {expected}; found {found}").with("key", &difference.key);
    text.with("expected", &difference.expected).with("found", &difference.found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Checked> {
        let difference = Difference {
            key: Text::verbatim("calls"),
            expected: Text::verbatim(3),
            found: Text::verbatim("2\u{1b}[m"),
        };
        let of = |capture: &str, state| Checked { capture: capture.to_owned(), file: "x.expect.toml".into(), state };
        vec![
            of("good.pcap", State::Compared(Vec::new())),
            of("bad.pcap", State::Compared(vec![difference])),
            of("new.pcap", State::Without),
            of("broken.pcap", State::Failed),
            of("gone", State::Orphan),
            of("made.pcap", State::Written(Vec::new(), Writing::Made)),
        ]
    }

    fn shown(colour: bool, write: impl Fn(Page<'_>, &mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(Page { all: &all(), lang: Lang::En, colour }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_person_reads_what_differs() {
        insta::assert_snapshot!(shown(false, |page, out| page.text(out)));
        assert!(shown(true, |page, out| page.text(out)).contains("\u{1b}[31m- expected 3\u{1b}[0m"));
    }

    #[test]
    fn servers_get_annotations_and_cases() {
        let text = shown(false, |page, out| page.github(out));
        assert!(
            text.starts_with(
                "::error file=x.expect.toml::bad.pcap: 1 difference from x.expect.toml%0Acalls: expected 3"
            ),
            "{text}"
        );
        let report = Report::deserialize_from_str(&shown(false, |page, out| page.junit(out))).unwrap();
        assert_eq!((report.tests, report.failures, report.errors), (6, 2, 1));
    }
}
