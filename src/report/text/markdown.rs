//! The same report as Markdown (`CommonMark`; no extension is needed to read it): headings, lists, and blocks of code for whatever
//! stands in columns. Values that may come from a capture stand in code spans, where nothing is markup, a link or a mention.

use std::borrow::Cow;

use crate::lang::{Lang, Part, Text};
use crate::report::escape;

/// A document that grows by blocks.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    text: String,
    /// Lines of the block of code that is open.
    code: Vec<String>,
    /// Indentation of what belongs to the list item that is open.
    item: Option<usize>,
}

impl Markdown {
    pub(super) fn into_text(mut self) -> String {
        self.end();
        self.text
    }

    /// `level`: how many `#` it has.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {text}", "#".repeat(level)));
    }

    /// A paragraph; behind a list item, with `deep`, a part of it.
    pub(super) fn paragraph(&mut self, text: &str, deep: bool) {
        self.end_code();
        match self.item.filter(|_| deep) {
            Some(indent) => self.text.extend([&" ".repeat(indent), "- ", &start(text), "\n"]),
            None => self.block(&start(text)),
        }
    }

    /// An item of a list, behind its label; a label such as `2.` makes it one of a numbered list.
    pub(super) fn item(&mut self, label: &str, text: &str) {
        self.end_code();
        if self.item.is_none() {
            self.gap();
        }
        let numbered = label.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        let (mark, label) = match (numbered, label.is_empty()) {
            (true, _) => (format!("{label} "), String::new()),
            (false, true) => ("- ".to_owned(), String::new()),
            (false, false) => ("- ".to_owned(), format!("**{label}** ")),
        };
        let text = if label.is_empty() { start(text) } else { Cow::Borrowed(text) };
        self.text.extend([&mark, &label, text.as_ref(), "\n"]);
        self.item = Some(mark.len());
    }

    /// A line of a block of code; lines that follow each other are one block.
    pub(super) fn code(&mut self, line: &str) {
        self.item = None;
        self.code.push(line.trim_end().to_owned());
    }

    /// A line across; what is in front of it may be in another document.
    pub(super) fn rule(&mut self) {
        self.end();
        self.text.push_str("\n---\n");
    }

    /// Adds blocks that were finished elsewhere.
    pub(super) fn finished(&mut self, blocks: &str) {
        self.end();
        self.gap();
        self.text.push_str(blocks);
    }

    /// What follows is a block of its own.
    pub(super) fn end(&mut self) {
        self.end_code();
        self.item = None;
    }

    fn block(&mut self, text: &str) {
        self.end();
        self.gap();
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// The fence is longer than any within.
    fn end_code(&mut self) {
        let lines = std::mem::take(&mut self.code);
        if lines.is_empty() {
            return;
        }
        let longest = lines.iter().map(|line| run(line)).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        self.gap();
        self.text.extend([&fence, "text\n", &lines.join("\n"), "\n", &fence, "\n"]);
    }
}

/// A text with its words as words, and its values in code where they are more than numbers and names.
pub(super) fn inline(text: &Text, lang: Lang) -> String {
    let mut line = String::new();
    text.parts(lang, |part| match part {
        Part::Words(words) => line.push_str(&escape::markdown(words)),
        Part::Value(value) => line.push_str(&self::value(value)),
    });
    line
}

/// A value as it is where no reader of Markdown can take it for anything else, else in a code span.
fn value(value: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "+-.,:/()% →…–×".contains(c);
    let odd = ["//", "www.", ". ", ") ", "%2"].iter().any(|sign| value.to_ascii_lowercase().contains(sign));
    let begins = value.starts_with(|c: char| c.is_alphanumeric() || c == '+') && !value.starts_with("+ ");
    if value.is_empty() || (begins && !odd && value.chars().all(plain) && !value.ends_with([' ', '.', ')'])) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(code(value))
}

/// A code span, which needs more backticks than are within.
pub(super) fn code(text: &str) -> String {
    let text = escape::terminal(text);
    let fence = "`".repeat(run(&text) + 1);
    // Blanks at both ends are taken away once, so that backticks may stand there (`CommonMark` §6.1).
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The longest run of backticks.
fn run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The start of a block must not look like a list, a heading or a quotation.
fn start(text: &str) -> Cow<'_, str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits).unwrap_or(("", text));
    let mark = if number.is_empty() { ['-', '+'] } else { ['.', ')'] };
    if rest.strip_prefix(mark).is_some_and(|behind| behind.is_empty() || behind.starts_with(' ')) {
        return Cow::Owned(format!("{number}\\{rest}"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_could_be_markup_are_code() {
        for (text, expected) in [
            ("203.0.113.10:5060", "203.0.113.10:5060"),
            ("31.5 s", "31.5 s"),
            ("97 %", "97 %"),
            ("王伟", "王伟"),
            ("@octocat", "`@octocat`"),
            ("#12", "`#12`"),
            ("www.evil.example", "`www.evil.example`"),
            ("https://evil.example", "`https://evil.example`"),
            ("1. x", "`1. x`"),
            ("<img src=x onerror=alert(1)>", "`<img src=x onerror=alert(1)>`"),
            ("a`b``c", "```a`b``c```"),
            ("`", "`` ` ``"),
            ("a\nb\u{202e}\x1b[2J", "`a\\x0ab\\u202e\\x1b[2J`"),
            ("sip:bob@b.example", "`sip:bob@b.example`"),
        ] {
            assert_eq!(value(text), expected);
        }
    }

    #[test]
    fn blocks_are_kept_apart() {
        let mut page = Markdown::default();
        page.heading(2, "Title");
        page.item("Who", "a");
        page.paragraph("1. b", true);
        page.item("1.", "c");
        page.code("x  ");
        page.code("```");
        page.paragraph("- d", false);
        assert_eq!(page.into_text(), "## Title\n\n- **Who** a\n  - 1\\. b\n1. c\n\n````text\nx\n```\n````\n\n\\- d\n");
    }
}
