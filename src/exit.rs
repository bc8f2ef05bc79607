//! Exit codes.

use std::process::ExitCode;

/// How a run ended. When several hold, the first of: failed, incomplete, found, clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Analysed, and nothing at or above `--fail-on`.
    Clean,
    /// Something at or above `--fail-on`.
    Found,
    /// sipscan failed, wholly or in part.
    Failed,
    /// `--strict`, and a result is incomplete.
    Incomplete,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Clean => 0,
            ExitStatus::Found => 1,
            ExitStatus::Failed => 2,
            ExitStatus::Incomplete => 3,
        })
    }
}
