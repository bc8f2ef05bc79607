//! Lines of the text report: indentation, wrapping by display width, and colour. Everything that is put on a page is made
//! harmless and put into the language of the report here, so no other part of the text report needs to think of it.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use super::Markup;
use super::links;
use super::markdown::{self, Markdown};
use super::overview::LABEL;
use crate::diagnosis::Severity;
use crate::lang::{Lang, Text};
use crate::report::escape;
use crate::wrap::{display_width, wrap};

/// How a piece of text is meant; colour only repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Quiet,
    Quote,
    Level(Severity),
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Quote => colour(AnsiColor::Cyan),
            Self::Level(Severity::Info) => colour(AnsiColor::Green),
            Self::Level(Severity::Notice) => colour(AnsiColor::Blue),
            Self::Level(Severity::Warning) => colour(AnsiColor::Yellow).bold(),
            Self::Level(Severity::Error | Severity::Critical) => colour(AnsiColor::Red).bold(),
        }
    }
}

/// What lines are made for.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Paper {
    /// Display cells in a line.
    pub(in crate::report) width: usize,
    /// Display cells in a line of a ladder, no fewer.
    pub(in crate::report) columns: usize,
    /// Whether to write escape sequences for colour.
    pub(in crate::report) colour: bool,
    /// Whether codes of diagnoses lead to their explanations (OSC 8).
    pub(in crate::report) links: bool,
    /// The language of everything but values.
    pub(in crate::report) lang: Lang,
    /// How headings, lists and columns are marked.
    pub(in crate::report) markup: Markup,
}

impl Paper {
    /// A text in the language of the report.
    pub(in crate::report) fn say(self, text: impl Into<Text>) -> String {
        text.into().in_lang(self.lang).to_string()
    }
}

/// Finished lines.
#[derive(Debug)]
pub(super) struct Page {
    paper: Paper,
    text: String,
    /// In place of `text`, if that is what is wanted.
    markdown: Option<Markdown>,
}

impl Page {
    pub(super) fn new(paper: Paper) -> Self {
        let markdown = (paper.markup == Markup::Markdown).then(Markdown::default);
        Self { paper, text: String::new(), markdown }
    }

    pub(super) fn into_text(self) -> String {
        self.markdown.map_or(self.text, Markdown::into_text)
    }

    pub(super) fn width(&self) -> usize {
        self.paper.width
    }

    /// Writes what may use all columns that there are.
    pub(super) fn across(&mut self, write: impl FnOnce(&mut Self)) {
        let width = std::mem::replace(&mut self.paper.width, self.paper.columns);
        write(self);
        self.paper.width = width;
    }

    /// A text in the language of the report, for a piece of a line.
    pub(super) fn say(&self, text: impl Into<Text>) -> String {
        self.paper.say(text)
    }

    /// Adds lines that were finished elsewhere.
    pub(super) fn finished(&mut self, lines: &str) {
        if let Some(page) = &mut self.markdown {
            return page.finished(lines);
        }
        self.text.push_str(lines);
    }

    pub(super) fn blank(&mut self) {
        if let Some(page) = &mut self.markdown {
            return page.end();
        }
        self.text.push('\n');
    }

    /// A heading, in capitals (in Chinese, in brackets) so that it stands out without colour, with a remark behind it and a
    /// blank line in front.
    pub(super) fn heading(&mut self, text: &'static str, remark: impl Into<Text>) {
        if let Some(page) = &mut self.markdown {
            let lang = self.paper.lang;
            let (text, remark) = (escape::markdown(lang.tr(text)), markdown::inline(&remark.into(), lang));
            let line = if remark.is_empty() { text } else { format!("{text} — {remark}") };
            return page.heading(2, &line);
        }
        self.blank();
        let text = self.say(text);
        let text = match self.paper.lang {
            Lang::En => text.to_uppercase(),
            Lang::ZhCn => format!("【{text}】"),
        };
        let remark = self.say(remark);
        if remark.is_empty() {
            self.put_wrapped("", 0, Tone::Strong, &text);
        } else {
            let indent = display_width(&text) + if self.paper.lang == Lang::ZhCn { 0 } else { 2 };
            self.put_wrapped(&text, indent, Tone::Plain, &remark);
        }
    }

    /// The title of an entry with everything about it, with a blank line in front.
    pub(super) fn title(&mut self, text: impl Into<Text>) {
        if let Some(page) = &mut self.markdown {
            return page.heading(3, &markdown::inline(&text.into(), self.paper.lang));
        }
        self.blank();
        let text = format!("── {}", self.say(text));
        self.put_wrapped("", 0, Tone::Strong, &text);
    }

    /// The title of a document, where the format has one.
    pub(super) fn document(&mut self, text: impl Into<Text>) {
        if let Some(page) = &mut self.markdown {
            page.heading(1, &markdown::inline(&text.into(), self.paper.lang));
        }
    }

    /// A line from edge to edge.
    pub(super) fn rule(&mut self) {
        if let Some(page) = &mut self.markdown {
            return page.rule();
        }
        self.blank();
        self.line(0, &[(Tone::Quiet, &"─".repeat(self.paper.width))]);
    }

    /// Wrapped text, every line of it indented.
    pub(super) fn paragraph(&mut self, indent: usize, tone: Tone, text: impl Into<Text>) {
        if let Some(page) = &mut self.markdown {
            let (text, lang) = (text.into(), self.paper.lang);
            let text = match tone {
                Tone::Quote => markdown::code(&text.in_lang(lang).to_string()),
                Tone::Strong => format!("**{}**", markdown::inline(&text, lang)),
                _ => markdown::inline(&text, lang),
            };
            return page.paragraph(&text, indent > 2);
        }
        self.hanging("", indent, tone, text);
    }

    /// A paragraph of an entry, behind a label in the column of labels; without one, below the paragraph in front.
    pub(super) fn entry(&mut self, label: impl Into<Text>, tone: Tone, text: impl Into<Text>) {
        if self.markdown.is_some() {
            return self.hanging(label, 2 + LABEL, tone, text);
        }
        let label = format!("  {}", self.say(label));
        self.hanging(Text::verbatim(label), 2 + LABEL, tone, text);
    }

    /// Wrapped text behind a label; further lines begin below the text. The label stands in the first `indent` cells.
    pub(super) fn hanging(&mut self, label: impl Into<Text>, indent: usize, tone: Tone, text: impl Into<Text>) {
        if let Some(page) = &mut self.markdown {
            let (text, lang) = (text.into(), self.paper.lang);
            let label = escape::markdown(label.into().in_lang(lang).to_string().trim());
            let text = match tone {
                Tone::Quote => markdown::code(&text.in_lang(lang).to_string()),
                _ => markdown::inline(&text, lang),
            };
            return page.item(&label, &text);
        }
        let (label, text) = (self.say(label), self.say(text));
        self.put_wrapped(&label, indent, tone, &text);
    }

    fn put_wrapped(&mut self, label: &str, indent: usize, tone: Tone, text: &str) {
        let text = escape::terminal(text);
        let label = escape::terminal(label);
        for (at, line) in wrap(&text, self.paper.width.saturating_sub(indent)).iter().enumerate() {
            let label = if at == 0 { label.as_ref() } else { "" };
            self.put(Tone::Strong, label);
            self.spaces(indent.saturating_sub(display_width(label)));
            self.put(tone, line);
            self.blank();
        }
    }

    /// A text that is there to be copied, on a line of its own, however long: a line end within would spoil it.
    pub(super) fn whole(&mut self, tone: Tone, text: &str) {
        if let Some(page) = &mut self.markdown {
            return page.code(&escape::terminal(text));
        }
        self.put(tone, &escape::terminal(text));
        self.blank();
    }

    /// Says how many of `all` were not shown, if any; JSON has them.
    pub(super) fn more(&mut self, indent: usize, all: usize, shown: usize, one: &'static str, many: &'static str) {
        if all > shown {
            let rest = Text::count((all - shown) as u64, one, many);
            self.paragraph(indent, Tone::Quiet, Text::new("… and {rest} (JSON has them)").with("rest", rest));
        }
    }

    /// One line of pieces that are not wrapped; what does not fit is cut, and blanks at its end are left out.
    pub(super) fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
        if let Some(page) = &mut self.markdown {
            return page.code(&pieces.iter().map(|(_, piece)| escape::terminal(piece)).collect::<String>());
        }
        let mut room = self.paper.width.saturating_sub(indent);
        let mut fitting: Vec<(Tone, String)> = Vec::with_capacity(pieces.len());
        for (tone, piece) in pieces {
            let piece = cut(&escape::terminal(piece), room).into_owned();
            room -= display_width(&piece).min(room);
            fitting.push((*tone, piece));
        }
        while fitting.last().is_some_and(|(_, piece)| piece.trim_end().is_empty()) {
            fitting.pop();
        }
        if let Some((_, last)) = fitting.last_mut() {
            last.truncate(last.trim_end().len());
        }
        self.spaces(if fitting.is_empty() { 0 } else { indent });
        for (tone, piece) in &fitting {
            self.put(*tone, piece);
        }
        self.blank();
    }

    /// Pieces that are not wrapped, then text that is, in the room to their right.
    pub(super) fn row(&mut self, indent: usize, pieces: &[(Tone, &str)], tone: Tone, text: &str) {
        if self.markdown.is_some() {
            let pieces: Vec<_> = pieces.iter().copied().chain([(tone, text)]).collect();
            return self.line(indent, &pieces);
        }
        self.spaces(indent);
        let mut used = indent;
        for (tone, piece) in pieces {
            let piece = escape::terminal(piece);
            used += display_width(&piece);
            self.put(*tone, &piece);
        }
        let text = escape::terminal(text);
        for (at, line) in wrap(&text, self.paper.width.saturating_sub(used)).iter().enumerate() {
            self.spaces(if at == 0 { 0 } else { used });
            self.put(tone, line);
            self.blank();
        }
    }

    /// Both texts in one line where they fit; else the second one below, indented.
    pub(super) fn line_or_two(&mut self, first: &str, indent: usize, second: &str) {
        if self.markdown.is_some()
            || display_width(first) + display_width(&escape::terminal(second)) <= self.paper.width
        {
            self.row(0, &[(Tone::Quiet, first)], Tone::Plain, second);
        } else {
            self.line(0, &[(Tone::Quiet, first)]);
            self.put_wrapped("", indent, Tone::Plain, second);
        }
    }

    fn put(&mut self, tone: Tone, text: &str) {
        let style = tone.style();
        let text = if self.paper.links { links::linked(text) } else { Cow::Borrowed(text) };
        let text = text.as_ref();
        if !self.paper.colour || text.trim().is_empty() || style.is_plain() {
            self.text.push_str(text);
            return;
        }
        let styled = format!("{}{text}{}", style.render(), style.render_reset());
        self.text.push_str(&styled);
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }
}

/// Cuts a text to at most `width` cells; a cut one ends in `…`.
pub(in crate::report) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if display_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if display_width(&kept) >= width {
            kept.pop();
            break;
        }
    }
    if width > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_display_width() {
        let rows =
            [("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("被叫号码", 5, "被叫…"), ("ab", 0, ""), ("被叫", 1, "…")];
        for (text, width, expected) in rows {
            assert_eq!(cut(text, width), expected, "{text:?} in {width}");
            assert!(display_width(&cut(text, width)) <= width);
        }
    }

    #[test]
    fn whatever_is_put_on_a_page_is_harmless() {
        let mut page = Page::new(Paper {
            width: 80,
            columns: 80,
            colour: false,
            links: false,
            lang: Lang::En,
            markup: Markup::Plain,
        });
        page.hanging("\x1b[1m", 10, Tone::Plain, "\u{9b}2J");
        page.line(2, &[(Tone::Strong, "\u{202e}x"), (Tone::Plain, "\r\n")]);
        page.heading("\x07", "\x08");
        assert!(page.into_text().chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')));
    }
}
