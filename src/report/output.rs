//! The files that reports are written to.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::capture;
use crate::error::{Error, shown};

/// Octets that are written at once. The kernel takes half the time for them that it takes for eight times as many pieces.
const WRITTEN_AT_ONCE: usize = 64 << 10;

/// Creates (or empties) the file of a report. Do this before the long work, so that a wrong path shows at once.
///
/// # Errors
/// [`Error::Write`] when it cannot be created.
pub fn create(path: &Path) -> Result<Box<dyn Write>, Error> {
    match File::create(path) {
        Ok(file) => Ok(Box::new(buffered(file))),
        Err(source) => Err(Error::Write { path: path.to_owned(), source }),
    }
}

/// A writer of whole pieces.
pub fn buffered<W: Write>(out: W) -> BufWriter<W> {
    BufWriter::with_capacity(WRITTEN_AT_ONCE, out)
}

/// Standard output without the standard library's own buffer, which looks for the last line end of all that it is given.
#[cfg(unix)]
pub fn standard() -> Box<dyn Write> {
    use std::os::fd::AsFd as _;

    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(descriptor) => Box::new(File::from(descriptor)),
        Err(_) => Box::new(io::stdout()),
    }
}

/// Standard output: a console takes no octets as they are.
#[cfg(not(unix))]
pub fn standard() -> Box<dyn Write> {
    Box::new(io::stdout())
}

/// The files of a run's reports: none of them is a capture of the run, and none is written twice.
pub struct Files {
    /// Found when a file is claimed: most runs write none, and directories may be large.
    captures: LazyCell<BTreeSet<PathBuf>, Box<dyn FnOnce() -> BTreeSet<PathBuf>>>,
    taken: BTreeSet<PathBuf>,
}

impl Files {
    /// Those of a run that reads these files and directories.
    pub fn beside(inputs: &[PathBuf]) -> Self {
        let inputs = inputs.to_vec();
        let captures = move || capture::inputs(&inputs).0.iter().filter_map(|input| identity(&input.path())).collect();
        Self { captures: LazyCell::new(Box::new(captures)), taken: BTreeSet::new() }
    }

    /// As [`create`], once it is clear that nothing is lost by it.
    ///
    /// # Errors
    /// [`Error::Usage`] where the file is one of the captures, or another report goes there; [`Error::Write`] when it cannot be created.
    pub fn create(&mut self, path: &Path) -> Result<Box<dyn Write>, Error> {
        self.claim(path)?;
        create(path)
    }

    /// Takes a path for a report.
    ///
    /// # Errors
    /// [`Error::Usage`] where the file is one of the captures, or another report goes there.
    pub fn claim(&mut self, path: &Path) -> Result<(), Error> {
        if path.as_os_str() == "-" {
            return Err(Error::Usage(format!(
                "--output {}: name a file; what goes to standard output is chosen by --format",
                shown(path)
            )));
        }
        let Some(file) = identity(path) else { return Ok(()) };
        if self.captures.contains(&file) {
            return Err(Error::Usage(format!("{}: this is one of the captures", shown(path))));
        }
        if !self.taken.insert(file) {
            return Err(Error::Usage(format!("{}: two reports cannot go into one file", shown(path))));
        }
        Ok(())
    }
}

/// What tells a file from others, whether it is there or not; `None` for devices and pipes, and where its directory is missing.
fn identity(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return path.is_file().then(|| path.canonicalize().ok()).flatten();
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Some(directory.canonicalize().ok()?.join(path.file_name()?))
}

/// A file that is there from the beginning, so that a wrong path shows at once, and emptied only when there is something to write.
pub struct Target {
    path: PathBuf,
    file: File,
    existed: bool,
}

impl Target {
    /// Opens the file, and leaves what is in it.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be opened for writing.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let existed = path.exists();
        match File::options().write(true).create(true).truncate(false).open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file, existed }),
            Err(source) => Err(Error::Write { path: path.to_owned(), source }),
        }
    }

    /// Empties the file, to be written from its beginning.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be emptied.
    pub fn begin(self) -> Result<Box<dyn Write>, Error> {
        // Devices and pipes have no length.
        match self.file.metadata().and_then(|about| if about.is_file() { self.file.set_len(0) } else { Ok(()) }) {
            Ok(()) => Ok(Box::new(buffered(self.file))),
            Err(source) => Err(Error::Write { path: self.path, source }),
        }
    }

    /// Leaves things as they were.
    pub fn give_up(self) {
        if !self.existed {
            drop(self.file);
            // An empty file that cannot be removed does no harm.
            drop(std::fs::remove_file(self.path));
        }
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
    fn no_report_replaces_a_capture_or_another_report() {
        let directory = tempfile::tempdir().unwrap();
        let (capture, report) = (directory.path().join("a.pcap"), directory.path().join("new.json"));
        let octets = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        std::fs::write(&capture, octets).unwrap();
        let mut files = Files::beside(&[directory.path().to_owned()]);
        let around = directory.path().join("../").join(directory.path().file_name().unwrap()).join("a.pcap");
        for path in [&capture, &around] {
            let message = files.create(path).map(drop).unwrap_err().to_string();
            assert!(message.ends_with("this is one of the captures"), "{message}");
        }
        assert_eq!(std::fs::metadata(&capture).unwrap().len(), octets.len() as u64);
        files.create(&report).unwrap();
        assert!(files.create(&report).map(drop).unwrap_err().to_string().contains("two reports"));
        assert!(files.claim(Path::new("-")).is_err());
        for _ in 0..2 {
            files.create(Path::new("/dev/null")).unwrap();
        }
    }

    #[test]
    fn a_target_is_as_it_was_until_something_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (directory.path().join("old"), directory.path().join("new"));
        std::fs::write(&old, "what was there").unwrap();
        for path in [&old, &new] {
            Target::open(path).unwrap().give_up();
        }
        assert!(!new.exists());
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "what was there");
        Target::open(&old).unwrap().begin().unwrap().write_all(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "new");
        assert!(matches!(Target::open(&directory.path().join("no/such")).map(drop), Err(Error::Write { .. })));
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
