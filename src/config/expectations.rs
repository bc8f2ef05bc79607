//! Files of expectations, beside captures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use crate::error::{Error, shown};

/// The text of a file; `None` where there is none.
///
/// # Errors
/// A file that cannot be read, is too large, or is no text.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let text = String::from_utf8(files::small(path)?);
    text.map(Some).map_err(|_| Error::Usage(format!("{}: not a text in UTF-8", shown(path))))
}

/// Writes a file, if that changes it.
///
/// # Errors
/// [`Error::Write`].
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    if read(path)?.as_deref() == Some(text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// The files in a directory, and in those below it, whose names end so, in order.
///
/// # Errors
/// A directory that cannot be read.
pub fn below(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: directory.to_owned(), source };
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut entries = entries.collect::<io::Result<Vec<_>>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        // Links to directories could lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&entry.path(), ending)?);
        } else if entry.file_name().to_string_lossy().ends_with(ending) {
            found.push(entry.path());
        }
    }
    Ok(found)
}
