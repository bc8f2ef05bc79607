//! Lines of the text report: indentation, wrapping by display width, and colour. Everything that is put on a page is made
//! harmless here, so no other part of the text report needs to think of it.

use std::borrow::Cow;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::diagnosis::Severity;
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
pub(super) struct Paper {
    /// Display cells in a line.
    pub(super) width: usize,
    /// Whether to write escape sequences for colour.
    pub(super) colour: bool,
}

/// Finished lines.
#[derive(Debug)]
pub(super) struct Page {
    paper: Paper,
    text: String,
}

impl Page {
    pub(super) fn new(paper: Paper) -> Self {
        Self { paper, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn width(&self) -> usize {
        self.paper.width
    }

    /// Adds lines that were finished elsewhere.
    pub(super) fn finished(&mut self, lines: &str) {
        self.text.push_str(lines);
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A heading, in capitals so that it stands out without colour, with a remark behind it and a blank line in front.
    pub(super) fn heading(&mut self, text: &str, remark: &str) {
        self.blank();
        let text = text.to_uppercase();
        if remark.is_empty() {
            self.paragraph(0, Tone::Strong, &text);
        } else {
            let indent = display_width(&text) + 2;
            self.hanging(&text, indent, Tone::Plain, remark);
        }
    }

    /// A line from edge to edge.
    pub(super) fn rule(&mut self) {
        self.blank();
        self.line(0, &[(Tone::Quiet, &"─".repeat(self.paper.width))]);
    }

    /// Wrapped text, every line of it indented.
    pub(super) fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        self.hanging("", indent, tone, text);
    }

    /// Wrapped text behind a label; further lines begin below the text. The label stands in the first `indent` cells.
    pub(super) fn hanging(&mut self, label: &str, indent: usize, tone: Tone, text: &str) {
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

    /// One line of pieces that are not wrapped; what does not fit is cut, and blanks at its end are left out.
    pub(super) fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
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
        if display_width(first) + display_width(&escape::terminal(second)) <= self.paper.width {
            self.row(0, &[(Tone::Quiet, first)], Tone::Plain, second);
        } else {
            self.line(0, &[(Tone::Quiet, first)]);
            self.paragraph(indent, Tone::Plain, second);
        }
    }

    fn put(&mut self, tone: Tone, text: &str) {
        let style = tone.style();
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
pub(super) fn cut(text: &str, width: usize) -> Cow<'_, str> {
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

/// `12,345`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 call`, `12,000 calls`.
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `97 %`; not 0 or 100 unless it is exactly that.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let rounded = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole.max(1));
    match rounded {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        _ => format!("{rounded} %"),
    }
}

/// `12 ms`, `31.5 s`, `26 min 7 s`, `30 h 5 min`.
pub(super) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_micros().div_ceil(1000)),
        1..120 => format!("{:.1} s", span.as_secs_f64()),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
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
    fn numbers_are_readable_and_shares_do_not_lie() {
        assert_eq!((number(0), number(999), number(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!(
            (count(1, "call", "calls"), count(12_000, "call", "calls")),
            ("1 call".into(), "12,000 calls".into())
        );
        let shares: Vec<_> =
            [(0, 5), (1, 1000), (2, 3), (999, 1000), (5, 5), (0, 0)].iter().map(|(a, b)| percent(*a, *b)).collect();
        assert_eq!(shares, ["0 %", "<1 %", "67 %", ">99 %", "100 %", "0 %"]);
    }

    #[test]
    fn spans_of_time_have_a_fitting_unit() {
        let rows = [(0, "0 ms"), (1, "1 ms"), (45_000, "45 ms"), (999_999, "1000 ms"), (31_500_000, "31.5 s")];
        let longer = [(119_800_000, "119.8 s"), (1_567_000_000, "26 min 7 s"), (108_300_000_000, "30 h 5 min")];
        for (microseconds, expected) in rows.into_iter().chain(longer) {
            assert_eq!(duration(Duration::from_micros(microseconds)), expected);
        }
    }

    #[test]
    fn whatever_is_put_on_a_page_is_harmless() {
        let mut page = Page::new(Paper { width: 80, colour: false });
        page.hanging("\x1b[1m", 10, Tone::Plain, "\u{9b}2J");
        page.line(2, &[(Tone::Strong, "\u{202e}x"), (Tone::Plain, "\r\n")]);
        page.heading("\x07", "\x08");
        assert!(page.into_text().chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')));
    }
}
