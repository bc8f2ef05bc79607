//! Lines and columns by display width: Chinese characters and emoji take two cells, combining marks none.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The number of terminal cells that a text takes.
pub fn display_width(text: &str) -> usize {
    if is_printable_ascii(text) { text.len() } else { text.width() }
}

/// Whether it holds nothing but printable ASCII, as most texts do. All octets are looked at, which takes several at a time.
pub fn is_printable_ascii(text: &str) -> bool {
    text.bytes().fold(true, |plain, octet| plain & matches!(octet, b' '..=b'~'))
}

/// Appends spaces until the text takes `width` cells; longer texts stay as they are.
pub fn pad(text: &str, width: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(' ', width.saturating_sub(display_width(text))));
    padded
}

/// Breaks a text into lines of at most `width` cells: at spaces, between wide characters, and, where a word alone is too
/// long, inside it. A single character that is wider than `width` gets a line of its own. Never returns an empty list.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Lines { width: width.max(1), done: Vec::new(), line: String::new(), cells: 0 };
    if is_printable_ascii(text) {
        lines.plain(text);
    } else {
        text.split_whitespace().for_each(|word| lines.word(word));
    }
    lines.finish()
}

struct Lines {
    width: usize,
    done: Vec<String>,
    line: String,
    cells: usize,
}

impl Lines {
    /// Takes a text of which each octet takes one cell, as most do: what fits is copied, and the room for it is known.
    fn plain(&mut self, text: &str) {
        let mut left = text.len();
        for word in text.split_ascii_whitespace() {
            let glue = usize::from(self.cells > 0);
            if glue > 0 && self.cells + glue + word.len() > self.width {
                self.flush();
            }
            if self.cells == 0 {
                self.line.reserve_exact(self.width.min(left));
            } else {
                self.line.push(' ');
                self.cells += 1;
            }
            left -= word.len();
            if self.cells + word.len() > self.width {
                self.piece(word);
            } else {
                self.line.push_str(word);
                self.cells += word.len();
            }
        }
    }

    fn word(&mut self, word: &str) {
        let mut glue = usize::from(self.cells > 0);
        for piece in pieces(word) {
            let cells = display_width(piece);
            if self.cells > 0 && self.cells + glue + cells > self.width {
                self.flush();
                glue = 0;
            }
            if glue > 0 {
                self.line.push(' ');
                self.cells += 1;
                glue = 0;
            }
            self.piece(piece);
        }
    }

    /// Adds a piece that fits, or is longer than a whole line.
    fn piece(&mut self, piece: &str) {
        if self.cells + piece.len() <= self.width && is_printable_ascii(piece) {
            self.line.push_str(piece);
            self.cells += piece.len();
            return;
        }
        for c in piece.chars() {
            let cells = c.width().unwrap_or(0);
            if self.cells > 0 && self.cells + cells > self.width {
                self.flush();
            }
            self.line.push(c);
            self.cells += cells;
        }
    }

    fn flush(&mut self) {
        self.done.push(std::mem::take(&mut self.line));
        self.cells = 0;
    }

    fn finish(mut self) -> Vec<String> {
        if !self.line.is_empty() || self.done.is_empty() {
            self.flush();
        }
        self.done
    }
}

/// Cuts a word where a line may end: in front of and behind each wide character, with the closing punctuation that follows it, and
/// not behind opening punctuation.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at_checked(piece_length(rest)).unwrap_or((rest, ""));
        rest = tail;
        Some(piece)
    })
}

fn piece_length(word: &str) -> usize {
    if is_printable_ascii(word) {
        return word.len();
    }
    let mut chars = word.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let next = chars.peek().copied();
        let Some((at, following)) = next else { break };
        let joins = following.width() == Some(0) || CLOSING.contains(&following);
        let joins = joins || OPENING.contains(&c) || c == '\u{200d}';
        if !joins && (is_wide(c) || is_wide(following)) {
            return at;
        }
    }
    word.len()
}

/// Characters that must not begin a line.
const CLOSING: &[char] = &[
    '，', '。', '、', '；', '：', '！', '？', '）', '】', '］', '」', '』', '》', '〉', '”', '’', '…', '％', ',', '.',
    ';', ':', '!', '?', ')', ']', '}', '%',
];

/// Characters that must not end a line.
const OPENING: &[char] = &['（', '【', '［', '「', '『', '《', '〈', '“', '‘', '(', '[', '{'];

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_at_spaces_and_keep_within_the_width() {
        let rows: &[(&str, usize, &[&str])] = &[
            ("one two three", 7, &["one two", "three"]),
            ("  one \n two ", 80, &["one two"]),
            ("", 10, &[""]),
            ("abcdefgh ij", 4, &["abcd", "efgh", "ij"]),
            ("a abcdefgh", 4, &["a", "abcd", "efgh"]),
            ("被叫已永久迁移。", 6, &["被叫已", "永久迁", "移。"]),
            ("状态 301 表示", 8, &["状态 301", "表示"]),
            ("文", 1, &["文"]),
        ];
        for (text, width, expected) in rows {
            assert_eq!(&wrap(text, *width), expected, "{text:?} in {width}");
        }
    }

    #[test]
    fn punctuation_stays_with_what_it_encloses() {
        assert_eq!(wrap("永久迁移。", 8), ["永久迁", "移。"]);
        assert_eq!(wrap("原因（未知）", 6), ["原因", "（未", "知）"]);
        assert_eq!(wrap("显示“忙”", 5), ["显示", "“忙”"]);
    }

    #[test]
    fn opening_punctuation_does_not_end_a_line() {
        assert_eq!(wrap("被叫（迁移）到“新址”", 6), ["被叫", "（迁", "移）到", "“新址”"]);
        assert_eq!(wrap("地址《（新》", 8), ["地址", "《（新》"]);
    }

    proptest! {
        #[test]
        fn plain_texts_are_wrapped_as_all_are(text in "([ -~]{0,9} {0,2}){0,20}", width in 0..40_usize) {
            let mut lines = Lines { width: width.max(1), done: Vec::new(), line: String::new(), cells: 0 };
            text.split_whitespace().for_each(|word| lines.word(word));
            prop_assert_eq!(wrap(&text, width), lines.finish());
        }

        #[test]
        fn punctuation_stays_with_what_it_belongs_to(
            text in "((中|文|ab|12|（文中）|“ab”|《中》|\\[ab, 文\\])(，|。)? ?){0,40}",
            width in 24..60usize,
        ) {
            for line in wrap(&text, width) {
                prop_assert!(display_width(&line) <= width, "{line:?}");
                prop_assert!(!line.starts_with(CLOSING) && !line.ends_with(OPENING), "{line:?}");
            }
        }
    }

    #[test]
    fn padding_counts_cells() {
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(pad("文", 4), "文  ");
        assert_eq!(pad("abcdef", 4), "abcdef");
    }
}
