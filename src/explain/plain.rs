//! A page as text for a terminal, wrapped by display width.

use super::page::{Block, Column, Page};
use crate::wrap::{display_width, pad, wrap};

/// The narrowest page: below it, wrapping does more harm than long lines.
const LEAST_WIDTH: usize = 40;
/// Longer lines are hard to read, however wide the terminal is.
const MOST_WIDTH: usize = 100;

/// Lines of at most `width` cells.
pub(super) fn plain(page: &Page, width: usize) -> String {
    let mut text = Plain { width: width.clamp(LEAST_WIDTH, MOST_WIDTH), text: String::new() };
    let mut before: Option<&Block> = None;
    for block in page.blocks() {
        // Two paragraphs are two, not one with a short line.
        if matches!((before, block), (Some(Block::Paragraph(_)), Block::Paragraph(_))) {
            text.line("");
        }
        text.block(block);
        before = Some(block);
    }
    text.text
}

struct Plain {
    width: usize,
    text: String,
}

impl Plain {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(title) => self.title(title),
            Block::Heading(heading) => {
                self.line("");
                self.line(heading);
            }
            Block::Paragraph(text) => self.hanging("  ", "  ", text),
            Block::Bullet(text) => self.hanging("  - ", "    ", text),
            Block::Step(number, text) => {
                let first = format!("  {number}. ");
                self.hanging(&first, &" ".repeat(first.len()), text);
            }
            Block::Name(name) => self.hanging("", "    ", name),
            Block::Item(name, text) => {
                self.line(name);
                self.hanging("  ", "  ", text);
            }
            Block::Columns(columns) => self.columns(columns),
            Block::Rule => {
                self.line("");
                self.line(&"-".repeat(self.width));
            }
        }
    }

    /// A title, underlined.
    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.line("");
        }
        let lines = wrap(title, self.width);
        let length = lines.iter().map(|line| display_width(line)).max().unwrap_or_default();
        for line in lines {
            self.line(&line);
        }
        self.line(&"=".repeat(length));
    }

    /// Two columns of equal width.
    fn columns(&mut self, columns: &[Column; 2]) {
        // Margin and separator take five cells.
        let width = (self.width - 5) / 2;
        let [left, right] = columns.each_ref().map(|column| cells(column, width));
        for at in 0..left.len().max(right.len()) {
            let cell = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            self.line(&format!("  {} | {}", pad(&cell(&left), width), cell(&right)));
        }
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

/// The lines of a column.
fn cells(column: &Column, width: usize) -> Vec<String> {
    let mut lines = vec![column.head.clone()];
    for (at, text) in column.texts.iter().enumerate() {
        if column.bullets {
            let margin = |line| if line == 0 { "- " } else { "  " };
            let wrapped = wrap(text, width - 2);
            lines.extend(wrapped.iter().enumerate().map(|(line, text)| format!("{}{text}", margin(line))));
        } else {
            lines.extend((at > 0).then(String::new));
            lines.extend(wrap(text, width));
        }
    }
    lines
}
