//! The environment, the only place that reads it, and small files of the command line.

use std::io::IsTerminal as _;

mod files;

pub use files::{token, trust};

/// What the environment says about standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns: those of the terminal, or 100 where there is none.
    pub width: usize,
    /// Whether colour is welcome: standard output is a terminal that knows it, and `NO_COLOR` is not set.
    pub colour: bool,
}

/// Columns of reports that go to a file or pipe.
pub const FILE_WIDTH: usize = 100;
/// The narrowest and widest text reports.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// Looks at standard output and the environment.
pub fn terminal() -> Terminal {
    let is_terminal = std::io::stdout().is_terminal();
    let columns = variable("COLUMNS").and_then(|c| c.parse().ok());
    let columns = columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)));
    let width = if is_terminal { columns.unwrap_or(FILE_WIDTH) } else { FILE_WIDTH };
    let plain = variable("NO_COLOR").is_some_and(|v| !v.is_empty()) || variable("TERM").is_some_and(|t| t == "dumb");
    Terminal { width: width.clamp(*WIDTHS.start(), *WIDTHS.end()), colour: is_terminal && !plain }
}

/// How many threads can run at one time: the cores, or what affinity and control groups leave of them.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
