//! Headings, paragraphs and lists, wrapped by display width.

use crate::wrap::{display_width, pad, wrap};

/// The narrowest page: below it, wrapping does more harm than long lines.
const LEAST_WIDTH: usize = 40;
/// Longer lines are hard to read, however wide the terminal is.
const MOST_WIDTH: usize = 100;

/// A text under construction.
#[derive(Debug)]
pub(super) struct Page {
    width: usize,
    text: String,
}

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Self { width: width.clamp(LEAST_WIDTH, MOST_WIDTH), text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A title, underlined.
    pub(super) fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let lines = wrap(title, self.width);
        let length = lines.iter().map(|line| display_width(line)).max().unwrap_or_default();
        for line in lines {
            self.line(&line);
        }
        self.line(&"=".repeat(length));
    }

    /// A heading, after a blank line.
    pub(super) fn heading(&mut self, heading: &str) {
        self.text.push('\n');
        self.line(heading);
    }

    /// A paragraph under a heading.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.hanging("  ", "  ", text);
    }

    /// An item of a list.
    pub(super) fn bullet(&mut self, text: &str) {
        self.hanging("  - ", "    ", text);
    }

    /// A step of a numbered list.
    pub(super) fn step(&mut self, number: usize, text: &str) {
        let first = format!("  {number}. ");
        self.hanging(&first, &" ".repeat(first.len()), text);
    }

    /// A name on a line of its own, with its description below.
    pub(super) fn item(&mut self, name: &str, text: &str) {
        self.line(name);
        self.paragraph(text);
    }

    /// A short name and its description beside it.
    pub(super) fn columns(&mut self, name: &str, column: usize, text: &str) {
        self.hanging(&pad(name, column), &" ".repeat(column), text);
    }

    /// Two columns of equal width.
    pub(super) fn side_by_side(&mut self, left: &[String], right: &[String]) {
        let column = self.column();
        let lines =
            |texts: &[String]| -> Vec<String> { texts.iter().flat_map(|text| bulleted(text, column)).collect() };
        let (left, right) = (lines(left), lines(right));
        for at in 0..left.len().max(right.len()) {
            let cell = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            let line = format!("  {} | {}", pad(&cell(&left), column), cell(&right));
            self.line(line.trim_end());
        }
    }

    /// Paragraphs separated by blank lines, and lists whose items begin with `- `, as explanations hold them.
    pub(super) fn prose(&mut self, text: &str) {
        for (at, paragraph) in text.split("\n\n").enumerate() {
            if at > 0 {
                self.text.push('\n');
            }
            for line in paragraph.split('\n') {
                match line.strip_prefix("- ") {
                    Some(item) => self.bullet(item),
                    None => self.paragraph(line),
                }
            }
        }
    }

    /// A line between two topics.
    pub(super) fn rule_line(&mut self) {
        let line = "-".repeat(self.width);
        self.text.push('\n');
        self.line(&line);
    }

    /// Cells of one of two columns with their margin and separator.
    fn column(&self) -> usize {
        (self.width - 5) / 2
    }

    fn hanging(&mut self, first: &str, others: &str, text: &str) {
        for (at, line) in wrap(text, self.width.saturating_sub(display_width(first))).iter().enumerate() {
            let margin = if at == 0 { first } else { others };
            self.line(&format!("{margin}{line}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// An item of a list within a column; a text that begins with `- ` is one.
fn bulleted(text: &str, column: usize) -> Vec<String> {
    let Some(item) = text.strip_prefix("- ") else { return wrap(text, column) };
    let margin = |at| if at == 0 { "- " } else { "  " };
    wrap(item, column - 2).iter().enumerate().map(|(at, line)| format!("{}{line}", margin(at))).collect()
}
