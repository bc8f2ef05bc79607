//! The form of the files: TOML with keys in a fixed order, and mistakes named with what was probably meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{ALL_OTHERS, Expectation};
use crate::anomaly::Anomaly;
use crate::call::Outcome;
use crate::diagnosis::rules::RULES;
use crate::explain;

/// Ends the names of the files.
pub(super) const ENDING: &str = ".expect.toml";

/// Keys in the order of the file.
const KEYS: [&str; 8] =
    ["calls", "other-groups", "complete", "must-find", "must-not-find", "outcomes", "final-responses", "anomalies"];

const HEADER: &str = "\
# What `sipscan check` must find in the capture beside this file; `sipscan check --write` brings it up to date, and keeps the comment
# at its beginning. What is not named here is not checked; of outcomes, final-responses and anomalies all that are not named must be 0.
# must-not-find: codes of diagnoses, or \"*\" for all that are not in must-find.
";

/// The file that belongs to a capture: the same name, without what says that it is a capture and how it is compressed.
pub(super) fn beside(capture: &Path) -> PathBuf {
    let name = capture.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let compressed = [".gz", ".zst", ".lz4", ".xz"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = compressed.unwrap_or(&name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    capture.with_file_name(format!("{stem}{ENDING}"))
}

impl Expectation {
    /// Reads the text of a file; errors name the line or key.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let given: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        known("key", given.keys(), &KEYS)?;
        let table = |name: &str| given.get(name).and_then(Value::as_table).into_iter().flat_map(Table::keys);
        let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
        known("outcome", table("outcomes"), &outcomes)?;
        let anomalies: Vec<&str> = Anomaly::ALL.iter().map(|anomaly| anomaly.code()).collect();
        known("anomaly", table("anomalies"), &anomalies)?;
        let is_status = |key: &String| key.len() == 3 && matches!(key.parse::<u16>(), Ok(200..=699));
        if let Some(other) = table("final-responses").find(|key| !is_status(key)) {
            return Err(format!("`{other}` is no status of a final response"));
        }
        let expectation: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        known("code of a diagnosis", expectation.must_find.iter().flatten(), &codes)?;
        let forbidden = expectation.must_not_find.iter().flatten();
        known("code of a diagnosis", forbidden.filter(|code| *code != ALL_OTHERS), &codes)?;
        Ok(expectation)
    }

    /// The text of a file, behind the comment that `old` begins with, or else behind one that explains it.
    pub(super) fn write(&self, old: Option<&str>) -> String {
        let comment = |text: &str| -> String {
            text.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect()
        };
        let mut text = old.map(comment).filter(|comment| !comment.is_empty()).unwrap_or_else(|| HEADER.to_owned());
        let mut line = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                text.extend([key, " = ", &value, "\n"]);
            }
        };
        line("calls", self.calls.map(|n| n.to_string()));
        line("other-groups", self.other_groups.map(|n| n.to_string()));
        line("complete", self.complete.map(|is| is.to_string()));
        line("must-find", self.must_find.as_deref().map(list));
        line("must-not-find", self.must_not_find.as_deref().map(list));
        for (name, counts) in
            [("outcomes", &self.outcomes), ("final-responses", &self.final_responses), ("anomalies", &self.anomalies)]
        {
            text.extend(counts.iter().flat_map(|counts| [format!("\n[{name}]\n"), rows(counts)]));
        }
        text
    }
}

/// One code a line, so that a change of one is a change of one line.
fn list(codes: &[String]) -> String {
    match codes {
        [] => "[]".to_owned(),
        [one] => format!("[{}]", Value::from(one.as_str())),
        _ => {
            let lines = codes.iter().flat_map(|code| {
                [
                    "    ".to_owned(),
                    Value::from(code.as_str()).to_string(),
                    ",
"
                    .to_owned(),
                ]
            });
            format!(
                "[
{}]",
                lines.collect::<String>()
            )
        }
    }
}

fn rows(counts: &BTreeMap<String, u64>) -> String {
    let lines: Vec<String> = counts.iter().map(|(name, n)| format!("{name} = {n}\n")).collect();
    lines.concat()
}

fn known<'a>(what: &str, given: impl IntoIterator<Item = &'a String>, known: &[&str]) -> Result<(), String> {
    let Some(other) = given.into_iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    Err(match explain::closest(other, known) {
        Some(close) => format!("`{other}` is no {what}; did you mean `{close}`?"),
        None if known.len() <= 20 => format!("`{other}` is no {what}; there are {}", known.join(", ")),
        None => format!("`{other}` is no {what}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_name_of_the_capture() {
        for (capture, file) in [
            ("a/b.pcap", "a/b.expect.toml"),
            ("b.pcapng.gz", "b.expect.toml"),
            ("b.c.pcap.zst", "b.c.expect.toml"),
            ("b", "b.expect.toml"),
        ] {
            assert_eq!(beside(Path::new(capture)), Path::new(file));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let whole = Expectation {
            calls: Some(3),
            other_groups: Some(0),
            complete: Some(true),
            must_find: Some(vec!["redirect-loop".to_owned(), "no-response".to_owned()]),
            must_not_find: Some(vec!["*".to_owned()]),
            outcomes: Some([("busy".to_owned(), 1)].into()),
            final_responses: Some([("486".to_owned(), 1)].into()),
            anomalies: Some(BTreeMap::new()),
        };
        for expectation in [whole, Expectation::default()] {
            let text = expectation.write(None);
            assert_eq!(Expectation::read(&text).unwrap(), expectation, "{text}");
            assert!(text.starts_with("# What"), "{text}");
            assert_eq!(expectation.write(Some("# mine\n# too\ncalls = 9\n# lost\n")).lines().next(), Some("# mine"));
        }
    }

    #[test]
    fn mistakes_are_named_with_what_was_meant() {
        for (text, error) in [
            ("call = 1", "`call` is no key; did you mean `calls`?"),
            ("[outcomes]\nbussy = 1", "`bussy` is no outcome; did you mean `busy`?"),
            (
                "must-find = [\"redirect-lop\"]",
                "`redirect-lop` is no code of a diagnosis; did you mean `redirect-loop`?",
            ),
            ("[final-responses]\n180 = 1", "`180` is no status of a final response"),
            ("must-find = [\"*\"]", "`*` is no code of a diagnosis"),
        ] {
            assert_eq!(Expectation::read(text).unwrap_err(), error);
        }
        assert!(Expectation::read("calls = \"x\"").unwrap_err().contains("calls"));
        assert!(Expectation::read("calls = ").is_err());
    }
}
