//! Text from captures is hostile: one function per format, each with its table of attacks.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use super::json_text::JsonText;
use crate::wrap::is_printable_ascii;
use serde::Serialize;

/// Makes text harmless on a terminal: control characters (C0, DEL, C1), line ends among them, and what turns the direction
/// of writing or is invisible come out as `\x1b` or `\u202e`.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) || !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match u32::from(c) {
            // Writing to a String cannot fail.
            code @ 0..=0xff if is_dangerous(c) => drop(write!(safe, "\\x{code:02x}")),
            code if is_dangerous(c) => drop(write!(safe, "\\u{code:04x}")),
            _ => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Makes a cell harmless in a spreadsheet, and the file on a terminal: first as [`terminal`] does, then with an apostrophe in
/// front of what would be taken for a formula (`=`, `@`, `+`, `-` and their full-width forms, also behind blanks and quotes).
/// Plain telephone numbers (`+12155550100`) and plain negative numbers stay as they are. Quoting (RFC 4180) is for the writer.
pub fn csv(cell: &str) -> Cow<'_, str> {
    let safe = terminal(cell);
    if safe.is_empty() || safe.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return safe;
    }
    let begins = safe.trim_start_matches([' ', '\u{a0}', '"', '\'']);
    let formula = begins.starts_with(['=', '@', '+', '-', '\u{ff1d}', '\u{ff20}', '\u{ff0b}', '\u{ff0d}']);
    if !formula || is_plain_number(&safe) { safe } else { Cow::Owned(format!("'{safe}")) }
}

/// Writes a value as JSON whose text is harmless on a terminal, too: what [`terminal`] escapes is written as `\u001b`, which
/// readers of JSON turn back into the same text.
///
/// # Errors
/// Those of writing.
pub fn json<T: Serialize>(out: &mut dyn io::Write, value: &T) -> io::Result<()> {
    JsonBuffer::default().write(out, value)
}

/// Memory in which one value after the other becomes JSON, as [`json`] writes it. To call a writer that nobody knows for every word
/// takes longer than to write it, and so does getting memory for every value.
#[derive(Debug, Default)]
pub struct JsonBuffer(Vec<u8>);

impl JsonBuffer {
    /// Writes a value.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write<T: Serialize>(&mut self, out: &mut dyn io::Write, value: &T) -> io::Result<()> {
        self.0.clear();
        self.0.shrink_to(KEPT_OCTETS);
        value.serialize(&mut JsonText::new(&mut self.0))?;
        out.write_all(&self.0)
    }
}

/// Nearly all calls need no more.
const KEPT_OCTETS: usize = 64 << 10;

/// Makes text harmless in XML and for whoever shows it: as [`terminal`] does, and without the code points that XML 1.0 forbids
/// (§2.2). Quoting is for the writer.
pub fn xml(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    if !safe.contains(NONCHARACTERS) {
        return safe;
    }
    Cow::Owned(safe.replace(NONCHARACTERS, "\u{fffd}"))
}

const NONCHARACTERS: [char; 2] = ['\u{fffe}', '\u{ffff}'];

/// Makes words harmless in Markdown: what could begin markup or HTML is escaped with a backslash. For text of a capture that is
/// not enough, since hosts turn addresses and names into links and mentions; it belongs into code.
pub fn markdown(words: &str) -> String {
    let safe = terminal(words);
    let mut escaped = String::with_capacity(safe.len());
    for c in safe.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The message of a workflow command of GitHub Actions; lines stay, what else a terminal obeys does not.
pub fn workflow_data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| terminal(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The same of a property such as `title`, in which colons and commas separate.
pub fn workflow_property(text: &str) -> String {
    terminal(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// A line for the log of a workflow: runners take `::` at its beginning (behind blanks) and `##[` anywhere for a command.
pub fn workflow_line(line: &str) -> Cow<'_, str> {
    let safe = terminal(line);
    let command = safe.trim_start().starts_with("::");
    if !command && !safe.contains("##[") {
        return safe;
    }
    let text = safe.replace("##[", "# #[");
    Cow::Owned(if command { format!("\u{b7} {text}") } else { text })
}

/// Whether a character can change what a terminal shows beside itself.
pub(super) fn is_dangerous(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `+` or `-` and nothing but digits, with at most one point behind `-`.
fn is_plain_number(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit());
    match (cell.strip_prefix('+'), cell.strip_prefix('-')) {
        (Some(number), _) => digits(number),
        (_, Some(number)) => number.split_once('.').map_or(digits(number), |(a, b)| digits(a) && digits(b)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_on_terminals() {
        let rows = [
            ("plain", "plain"),
            ("王伟 📞", "王伟 📞"),
            ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
            ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
            ("\u{9b}31m\u{7f}", "\\x9b31m\\x7f"),
            ("\u{202e}fdp.exe\u{2066}", "\\u202efdp.exe\\u2066"),
            ("\u{2028}\u{feff}\u{200b}", "\\u2028\\ufeff\\u200b"),
            ("\u{e0041}", "\\ue0041"),
        ];
        for (text, expected) in rows {
            assert_eq!(terminal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn attacks_on_spreadsheets() {
        let rows = [
            ("=1+1", "'=1+1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("\t=1", "\\x09=1"),
            ("\r\n=1", "\\x0d\\x0a=1"),
            ("\0=1", "\\x00=1"),
            ("\u{feff}=1", "\\ufeff=1"),
            ("a\x1b[2J", "a\\x1b[2J"),
            (" =1", "' =1"),
            ("\"=1", "'\"=1"),
            ("\u{ff1d}1+1", "'\u{ff1d}1+1"),
            ("+12155550100", "+12155550100"),
            ("+1 215", "'+1 215"),
            ("-5", "-5"),
            ("-1.5", "-1.5"),
            ("sip:+12155550100@corp.example", "sip:+12155550100@corp.example"),
            ("2026-03-30 14:00:00.012", "2026-03-30 14:00:00.012"),
            ("a=1", "a=1"),
            ("", ""),
        ];
        for (cell, expected) in rows {
            assert_eq!(csv(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn attacks_on_xml() {
        for (text, expected) in
            [("a]]>b", "a]]>b"), ("\u{fffe}\u{ffff}x", "\u{fffd}\u{fffd}x"), ("\0\x1b[0m\n", "\\x00\\x1b[0m\\x0a")]
        {
            assert_eq!(xml(text), expected, "{text:?}");
        }
    }

    #[test]
    fn attacks_on_markdown() {
        assert_eq!(markdown("[a](b) <i>*x*_y_ `z` &lt; \\"), "\\[a\\](b) \\<i\\>\\*x\\*\\_y\\_ \\`z\\` \\&lt; \\\\");
        assert_eq!(markdown("a\n# b"), "a\\\\x0a\\# b");
    }

    #[test]
    fn attacks_on_workflow_commands() {
        assert_eq!(workflow_data("50 %\n::error::x\r\u{202e}"), "50 %25%0A::error::x\\x0d\\u202e");
        assert_eq!(workflow_property("a,file=b::c%\n"), "a%2Cfile=b%3A%3Ac%25\\x0a");
        for (line, expected) in [
            ("  ::stop-commands::x", "\u{b7}   ::stop-commands::x"),
            ("x ##[group]y", "x # #[group]y"),
            ("sip:a::b", "sip:a::b"),
            ("\n::error::", "\\x0a::error::"),
        ] {
            assert_eq!(workflow_line(line), expected, "{line:?}");
        }
    }

    #[test]
    fn json_reads_back_as_it_was_and_holds_no_control_characters() {
        for text in ["\x1b[2J", "\u{9b}1m", "\u{202e}x\u{2028}", "\"\\\n\u{0}\u{7f}", "\u{e0041}", "王伟 📞"] {
            let mut out = Vec::new();
            json(&mut out, &text).unwrap();
            let written = String::from_utf8(out).unwrap();
            assert!(!written.contains(is_dangerous), "{written:?}");
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
