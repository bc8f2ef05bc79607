//! The files that reports are written to.

use std::fs::File;
use std::io::{self, BufWriter, Write};
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

/// Opens a file of Markdown that others write to as well, at its end, behind an empty line. Of what is written, only whole pieces are taken, until the file has
/// `most` octets; if there were more, `note` ends it.
///
/// # Errors
/// [`Error::Write`] when it cannot be opened.
pub fn append(path: &Path, most: u64, note: String) -> Result<Box<dyn Write>, Error> {
    let open = || {
        let file = File::options().append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        let mut out = BufWriter::new(file);
        if length > 0 {
            out.write_all(b"\n\n")?;
        }
        let room = most.saturating_sub(length + 2);
        Ok(Box::new(Bounded { out, room, note: Some(note), full: false }) as Box<dyn Write>)
    };
    open().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Takes pieces while they fit.
struct Bounded<W: Write> {
    out: W,
    room: u64,
    note: Option<String>,
    full: bool,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let length = piece.len() as u64;
        if length > self.room {
            self.full = true;
        } else {
            self.room -= length;
            self.out.write_all(piece)?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(note) = self.note.take_if(|_| self.full) {
            self.out.write_all(note.as_bytes())?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("summary.md");
        std::fs::write(&path, "before\n").unwrap();
        let mut out = append(&path, 22, "(more)\n".to_owned()).unwrap();
        for piece in ["12345678\n", "too long for it\n", "ok\n"] {
            out.write_all(piece.as_bytes()).unwrap();
            out.flush().unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\n\n\n12345678\n(more)\nok\n");
    }

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
