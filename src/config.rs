//! The environment, the only place that reads it, and small files of the command line.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::error::Error;
use crate::lang::Lang;
use crate::redact::Key;
use jiff::civil::Date;

pub mod expectations;
mod files;
pub mod project;

pub use files::{baseline, key_log, keys, token, trust};

/// What the environment says about standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns for sentences: those of the terminal, 120 at most, or 100 where there is none.
    pub width: usize,
    /// Columns for ladders: the same without that limit.
    pub columns: usize,
    /// Whether colour is welcome: standard output is a terminal that knows it, and `NO_COLOR` is not set.
    pub colour: bool,
    /// Whether links are: it is a terminal that shows them (OSC 8).
    pub links: bool,
    /// Language of text that is shown here: that of the locale on a terminal, where sipscan knows it; else English, so that files
    /// and pipes do not depend on who writes them.
    pub lang: Lang,
    /// Whether standard error is shown on a terminal together with it.
    pub shows_errors: bool,
}

/// Columns of reports that go to a file or pipe.
pub const FILE_WIDTH: usize = 100;
/// The narrowest and widest sentences: longer lines are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;
/// The widest ladders.
const WIDEST: usize = 400;

impl Terminal {
    /// The same with so many columns, if that was asked for.
    #[must_use]
    pub fn of_width(self, columns: Option<u16>) -> Self {
        let Some(columns) = columns.map(usize::from) else { return self };
        Self {
            width: columns.clamp(*WIDTHS.start(), *WIDTHS.end()),
            columns: columns.clamp(*WIDTHS.start(), WIDEST),
            ..self
        }
    }

    /// The same for a file: neither colour nor links, and 100 columns unless others were asked for.
    #[must_use]
    pub fn of_file(self, columns: Option<u16>) -> Self {
        Self { width: FILE_WIDTH, columns: FILE_WIDTH, colour: false, links: false, ..self }.of_width(columns)
    }
}

/// Looks at standard output and the environment.
pub fn terminal() -> Terminal {
    let is_terminal = std::io::stdout().is_terminal();
    let columns = variable("COLUMNS").and_then(|c| c.parse().ok());
    let columns = columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)));
    let width = if is_terminal { columns.unwrap_or(FILE_WIDTH) } else { FILE_WIDTH };
    let plain = variable("NO_COLOR").is_some_and(|v| !v.is_empty()) || variable("TERM").is_some_and(|t| t == "dumb");
    let lang = if is_terminal { language(["LC_ALL", "LC_MESSAGES", "LANG"].map(variable)) } else { Lang::En };
    // Some variables make that crate say yes of a pipe as well.
    let links = is_terminal && !plain && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    let columns = width.clamp(*WIDTHS.start(), WIDEST);
    let shows_errors = is_terminal && std::io::stderr().is_terminal();
    Terminal { width: columns.min(*WIDTHS.end()), columns, colour: is_terminal && !plain, links, lang, shows_errors }
}

/// The language of the first locale that is set (POSIX: an empty one is not).
fn language(locales: [Option<String>; 3]) -> Lang {
    let locale = locales.into_iter().flatten().find(|locale| !locale.is_empty());
    locale.and_then(|locale| Lang::of_locale(&locale)).unwrap_or_default()
}

/// The key of a redaction: `@` and a file, or the text itself; a random one where nothing is given.
///
/// # Errors
/// A file that cannot be read, and a key that is empty.
pub fn redaction_key(text: Option<&str>) -> Result<Key, Error> {
    let Some(text) = text else { return Ok(Key::random()) };
    let secret = match text.strip_prefix('@') {
        Some(path) => files::small(std::path::Path::new(path))?.trim_ascii_end().to_vec(),
        None => text.as_bytes().to_vec(),
    };
    if secret.is_empty() {
        return Err(Error::Usage(format!("--redact-key {text}: an empty key protects nothing")));
    }
    Ok(Key::of(&secret))
}

/// The day, in UTC.
pub fn today() -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()
}

/// How many threads can run at one time: the cores, or what affinity and control groups leave of them.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Where GitHub Actions wants the summary of a step.
pub fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        for (locales, lang) in [
            (["", "", "zh_CN.UTF-8"], Lang::ZhCn),
            (["C", "zh_CN.UTF-8", "zh_CN.UTF-8"], Lang::En),
            (["", "zh_CN.UTF-8", "en_US.UTF-8"], Lang::ZhCn),
            (["", "", ""], Lang::En),
        ] {
            assert_eq!(language(locales.map(|locale| Some(locale.to_owned()))), lang, "{locales:?}");
        }
        assert_eq!(language([None, None, Some("zh_CN".to_owned())]), Lang::ZhCn);
    }
}
