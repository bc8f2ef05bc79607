//! Compares what was found in captures with the files beside them, or writes these.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::file::{ENDING, beside};
use super::{Difference, Expectation, Seen};
use crate::config::expectations;
use crate::error::{Error, shown};

/// A capture, or a file without one, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The capture.
    pub capture: String,
    /// The file of its expectation.
    pub file: PathBuf,
    /// What became of it.
    pub state: State,
}

/// What became of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is as expected, or not.
    Compared(Vec<Difference>),
    /// There is no expectation.
    Without,
    /// It could not be read, or its expectation could not; the user was told.
    Failed,
    /// Its expectation was written, or brought up to date; what it still forbids is among the differences.
    Written(Vec<Difference>, Writing),
    /// There is an expectation, and no capture of its name.
    Orphan,
}

/// What writing an expectation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// There was none.
    Made,
    /// There was another one.
    Changed,
    /// It was as it is.
    Unchanged,
}

impl State {
    /// Whether something is not as expected.
    pub fn differs(&self) -> bool {
        match self {
            Self::Compared(differences) | Self::Written(differences, _) => !differences.is_empty(),
            Self::Orphan => true,
            Self::Without | Self::Failed => false,
        }
    }
}

/// Checks all captures of a run; with `write`, makes and updates the files. `arguments` are those of the command line: in directories,
/// expectations without capture are found as well. Errors go to `tell`.
pub fn check(all: &[Seen], arguments: &[PathBuf], write: bool, mut tell: impl FnMut(&Error)) -> Vec<Checked> {
    let mut checked: Vec<Checked> = all.iter().map(|seen| one(seen, write, &mut tell)).collect();
    let known: BTreeSet<PathBuf> = checked.iter().map(|checked| checked.file.clone()).collect();
    for directory in arguments.iter().filter(|path| path.is_dir()) {
        match expectations::below(directory, ENDING) {
            Ok(files) => checked.extend(files.into_iter().filter(|file| !known.contains(file)).map(orphan)),
            Err(error) => tell(&error),
        }
    }
    checked
}

fn orphan(file: PathBuf) -> Checked {
    let name = file.display().to_string();
    Checked { capture: name.trim_end_matches(ENDING).to_owned(), file, state: State::Orphan }
}

fn one(seen: &Seen, write: bool, tell: &mut dyn FnMut(&Error)) -> Checked {
    let file = beside(Path::new(&seen.path));
    let state = compared(seen, &file, write).unwrap_or_else(|error| {
        tell(&error);
        State::Failed
    });
    Checked { capture: seen.path.clone(), file, state }
}

fn compared(seen: &Seen, file: &Path, write: bool) -> Result<State, Error> {
    if seen.failed {
        return Ok(State::Failed);
    }
    let text = expectations::read(file)?;
    let read = |text: &String| Expectation::read(text).map_err(|what| Error::Usage(format!("{}: {what}", shown(file))));
    let expectation = text.as_ref().map(read).transpose()?;
    if write {
        let new = expectation.map_or_else(|| Expectation::of(seen), |old| old.updated(seen));
        let written = new.write(text.as_deref());
        let writing = match &text {
            None => Writing::Made,
            Some(old) if *old == written => Writing::Unchanged,
            Some(_) => Writing::Changed,
        };
        expectations::write(file, &written)?;
        return Ok(State::Written(new.differences(seen), writing));
    }
    Ok(expectation.map_or(State::Without, |expectation| State::Compared(expectation.differences(seen))))
}
