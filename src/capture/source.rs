//! Where captures come from: the only place that opens input.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::open::open;
use crate::error::Error;

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// What reports and errors call it; `-` is standard input.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Stdin => PathBuf::from("-"),
            Self::File(path) => path.clone(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where input is opened")]
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// Turns arguments into inputs, in their order. `-` is standard input (once), a directory stands for all captures in it and
/// its subdirectories, by content and in the order of their names; anything else is taken for a file, whatever it holds.
///
/// The errors are of directories: unreadable ones, and arguments that hold no capture.
pub fn inputs(arguments: &[PathBuf]) -> (Vec<Input>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for argument in arguments {
        if argument.as_os_str() == "-" {
            if !found.contains(&Input::Stdin) {
                found.push(Input::Stdin);
            }
        } else if argument.is_dir() {
            let mut walk = Walk::default();
            walk.directory(argument);
            if walk.captures.is_empty() && walk.errors.is_empty() {
                walk.errors.push(Error::EmptyDirectory { path: argument.clone() });
            }
            found.extend(walk.captures.into_iter().map(Input::File));
            errors.append(&mut walk.errors);
        } else {
            found.push(Input::File(argument.clone()));
        }
    }
    (found, errors)
}

/// A walk through a directory.
#[derive(Default)]
struct Walk {
    captures: Vec<PathBuf>,
    errors: Vec<Error>,
    /// Directories and files under their real names, so that symbolic links neither loop nor count twice.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn directory(&mut self, directory: &Path) {
        // Depth first; a stack and not recursion, since depth is up to whoever made the directories.
        let mut stack = vec![directory.to_path_buf()];
        while let Some(path) = stack.pop() {
            let Ok(real) = fs::canonicalize(&path) else { continue };
            if !self.seen.insert(real) {
                continue;
            }
            if path.is_dir() {
                match entries(&path) {
                    Ok(entries) => stack.extend(entries.into_iter().rev()),
                    Err(source) => self.errors.push(Error::Read { path, source }),
                }
            } else if path.is_file() {
                self.file(path);
            }
        }
    }

    /// Keeps a file that is a capture. Other files are what directories are full of, and no error.
    fn file(&mut self, path: PathBuf) {
        let input = Input::File(path.clone());
        match input.reader().map_err(|source| Error::Read { path: path.clone(), source }) {
            Ok(reader) => match open(path.clone(), reader) {
                Ok(_) => self.captures.push(path),
                Err(Error::Read { path, source }) => self.errors.push(Error::Read { path, source }),
                Err(_) => {}
            },
            Err(error) => self.errors.push(error),
        }
    }
}

/// The entries of a directory, in the order of their names.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}
