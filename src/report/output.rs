//! The files that reports are written to.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::error::Error;

/// Creates (or empties) the file of a report. Do this before the long work, so that a wrong path shows at once.
///
/// # Errors
/// [`Error::Write`] when it cannot be created.
pub fn create(path: &Path) -> Result<Box<dyn Write>, Error> {
    match File::create(path) {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(source) => Err(Error::Write { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_cannot_be_written_is_named_in_the_error() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("no/such/report.json");
        let message = create(&missing).map(drop).unwrap_err().to_string();
        assert!(message.starts_with(&missing.display().to_string()) && message.contains("cannot write"), "{message}");
        let mut out = create(&directory.path().join("report.json")).unwrap();
        out.write_all(b"{}").unwrap();
        out.flush().unwrap();
    }
}
