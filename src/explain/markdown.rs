//! A page as Markdown, with tables as GitHub reads them.

use super::page::{Block, Column, Page};

/// `level`: how many `#` a title has; headings have one more.
pub(super) fn markdown(page: &Page, level: usize) -> String {
    let mut out = String::new();
    let mut before: Option<&Block> = None;
    for block in page.blocks() {
        if !(out.is_empty() || continues(before, block)) {
            out.push('\n');
        }
        write(block, level, before, &mut out);
        before = Some(block);
    }
    out
}

/// Whether a block belongs to the list or table that the one before it is in.
fn continues(before: Option<&Block>, block: &Block) -> bool {
    matches!(
        (before, block),
        (Some(Block::Bullet(_)), Block::Bullet(_))
            | (Some(Block::Name(_)), Block::Name(_))
            | (Some(Block::Step(..)), Block::Step(..))
            | (Some(Block::Item(..)), Block::Item(..))
    )
}

fn write(block: &Block, level: usize, before: Option<&Block>, out: &mut String) {
    match block {
        Block::Title(title) => out.extend([&"#".repeat(level), " ", &text(title)]),
        Block::Heading(heading) => out.extend([&"#".repeat(level + 1), " ", &text(heading)]),
        Block::Paragraph(words) => out.push_str(&text(words)),
        Block::Name(words) | Block::Bullet(words) => out.extend(["- ", &text(words)]),
        Block::Step(number, words) => out.extend([&number.to_string(), ". ", &text(words)]),
        Block::Item(name, words) => {
            if !continues(before, block) {
                out.push_str("| | |\n| --- | --- |\n");
            }
            out.extend(["| ", &cell(name), " | ", &cell(words), " |"]);
        }
        Block::Columns([left, right]) => columns(left, right, out),
        Block::Rule => out.push_str("---"),
    }
    if !matches!(block, Block::Columns(_)) {
        out.push('\n');
    }
}

/// A table, one text of each column in a row.
fn columns(left: &Column, right: &Column, out: &mut String) {
    let mut row = |left: &str, right: &str| out.extend(["| ", &cell(left), " | ", &cell(right), " |\n"]);
    row(&left.head, &right.head);
    row("---", "---");
    for at in 0..left.texts.len().max(right.texts.len()) {
        let text = |column: &Column| column.texts.get(at).cloned().unwrap_or_default();
        row(&text(left), &text(right));
    }
}

/// Outside of code spans, `<`, `*`, `_` and `|` mean something to Markdown.
pub(super) fn text(words: &str) -> String {
    let mut page = String::with_capacity(words.len());
    for (at, part) in words.split('`').enumerate() {
        if at > 0 {
            page.push('`');
        }
        if at % 2 == 1 {
            page.push_str(part);
            continue;
        }
        for c in part.chars() {
            if matches!(c, '<' | '*' | '_' | '|') {
                page.push('\\');
            }
            page.push(c);
        }
    }
    page
}

/// The same in a cell of a table, where a bar ends the cell even in code.
pub(super) fn cell(words: &str) -> String {
    text(words).replace("\\|", "|").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn markdown_sees_only_what_is_meant_for_it() {
        assert_eq!(text("a *b* `c *d* <e>` <f> g_h"), "a \\*b\\* `c *d* <e>` \\<f> g\\_h");
        assert_eq!(cell("a|b `c|d`"), "a\\|b `c\\|d`");
    }

    #[test]
    fn blank_lines_stand_between_blocks_and_not_in_lists() {
        let mut page = Page::new(Lang::En);
        page.title("T");
        page.prose("H", "One.\n- a\n- b\n\nTwo.");
        page.steps("S", &["x", "y"]);
        page.item("n", "m");
        page.item("o|", "p");
        let column = |head: &str, texts: &[&str]| Column {
            head: head.to_owned(),
            texts: texts.iter().map(ToString::to_string).collect(),
            bullets: true,
        };
        page.columns(column("L", &["1", "2"]), column("R", &["3"]));
        page.rule();
        assert_eq!(
            markdown(&page, 1),
            "# T\n\n## H\n\nOne.\n\n- a\n- b\n\nTwo.\n\n## S\n\n1. x\n2. y\n\n\
             | | |\n| --- | --- |\n| n | m |\n| o\\| | p |\n\n| L | R |\n| --- | --- |\n| 1 | 3 |\n| 2 |  |\n\n---\n"
        );
    }
}
