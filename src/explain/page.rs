//! A page of explanations: titles, headings, paragraphs and lists, whatever they are shown as later.

use crate::lang::Lang;

/// What stands on a page, in order. Texts are in the language of the page.
#[derive(Debug)]
pub(super) enum Block {
    Title(String),
    Heading(&'static str),
    Paragraph(String),
    Bullet(String),
    /// An item of a numbered list.
    Step(usize, String),
    /// A name on a line of its own.
    Name(String),
    /// A name with its description.
    Item(String, String),
    /// Two lists side by side.
    Columns([Column; 2]),
    /// A line between two topics.
    Rule,
}

/// One of two lists side by side.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) head: String,
    pub(super) texts: Vec<String>,
    /// Whether the texts are items; else they are paragraphs.
    pub(super) bullets: bool,
}

/// A page under construction.
#[derive(Debug)]
pub(super) struct Page {
    lang: Lang,
    blocks: Vec<Block>,
}

impl Page {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang, blocks: Vec::new() }
    }

    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(super) fn title(&mut self, title: impl Into<String>) {
        self.blocks.push(Block::Title(title.into()));
    }

    /// A heading, given in the language of the page.
    pub(super) fn heading(&mut self, heading: &'static str) {
        self.blocks.push(Block::Heading(heading));
    }

    pub(super) fn paragraph(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Paragraph(text.into()));
    }

    pub(super) fn bullet(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Bullet(text.into()));
    }

    pub(super) fn item(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.blocks.push(Block::Item(name.into(), text.into()));
    }

    pub(super) fn name(&mut self, name: impl Into<String>) {
        self.blocks.push(Block::Name(name.into()));
    }

    pub(super) fn columns(&mut self, left: Column, right: Column) {
        self.blocks.push(Block::Columns([left, right]));
    }

    pub(super) fn rule(&mut self) {
        self.blocks.push(Block::Rule);
    }

    /// A heading with a list; nothing if the list is empty.
    pub(super) fn bullets<T: Into<String>>(&mut self, heading: &'static str, items: impl IntoIterator<Item = T>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.heading(heading);
            items.for_each(|item| self.bullet(item));
        }
    }

    /// A heading with a numbered list; nothing if the list is empty.
    pub(super) fn steps(&mut self, heading: &'static str, steps: &[&str]) {
        if !steps.is_empty() {
            self.heading(heading);
        }
        self.blocks.extend(steps.iter().zip(1..).map(|(step, number)| Block::Step(number, (*step).to_owned())));
    }

    /// A heading with paragraphs and lists whose items begin with `- `, as explanations of diagnoses hold them.
    pub(super) fn prose(&mut self, heading: &'static str, text: &str) {
        self.heading(heading);
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            match line.strip_prefix("- ") {
                Some(item) => self.bullet(item),
                None => self.paragraph(line),
            }
        }
    }
}
