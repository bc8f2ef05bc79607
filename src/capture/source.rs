//! Where captures come from: the only place that opens input.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry, File, FileType};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::open::probe;
use crate::error::Error;
use crate::tally::Tally;

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

    /// Whether its contents are still there after reading; not so for a pipe.
    pub fn can_be_read_again(&self) -> bool {
        matches!(self, Self::File(path) if path.is_file())
    }

    #[expect(clippy::disallowed_methods, reason = "this is where input is opened")]
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// A reader whose octets are counted.
pub(super) struct Counted {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) tally: Arc<Tally>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(out)?;
        self.tally.read(count);
        Ok(count)
    }
}

impl Input {
    /// How long it is; `None` where that is not known before its end.
    pub fn octets(&self) -> Option<u64> {
        let Self::File(path) = self else { return None };
        path.metadata().ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
    }
}

impl Input {
    /// The first twelve octets and the last ones, at most `window`; `None` where only reading on is possible, and where the first are not
    /// `wanted`.
    #[expect(clippy::disallowed_methods, reason = "this is where input is opened")]
    pub(super) fn ends(
        &self,
        window: usize,
        wanted: impl FnOnce(&[u8]) -> bool,
    ) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let Self::File(path) = self else { return Ok(None) };
        if !path.is_file() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(12).read_to_end(&mut head)?;
        if !wanted(&head) {
            return Ok(None);
        }
        let (mut tail, window) = (Vec::with_capacity(window), window as u64);
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(window)))?;
        file.take(window).read_to_end(&mut tail)?;
        Ok(Some((head, tail)))
    }
}

/// Turns arguments into inputs, in their order. `-` is standard input (once), a directory stands for all captures in it and
/// its subdirectories, by content or name and in the order of their names; anything else is taken for a file, whatever it holds.
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

/// Something in a directory.
struct Entry {
    path: PathBuf,
    /// Its real name, which of most is that of the directory with its own: asking for it costs as much as opening the file.
    real: PathBuf,
    kind: FileType,
}

impl Entry {
    /// `None` for what is not there, a symbolic link to nothing among it.
    fn of(path: PathBuf) -> Option<Self> {
        Some(Self { real: fs::canonicalize(&path).ok()?, kind: path.metadata().ok()?.file_type(), path })
    }

    /// What a directory of that real name lists.
    fn listed(entry: &DirEntry, directory: &Path) -> Option<Self> {
        match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => {
                Some(Self { path: entry.path(), real: directory.join(entry.file_name()), kind })
            }
            _ => Self::of(entry.path()),
        }
    }
}

impl Walk {
    fn directory(&mut self, directory: &Path) {
        // Depth first; a stack and not recursion, since depth is up to whoever made the directories.
        let mut stack: Vec<_> = Entry::of(directory.to_path_buf()).into_iter().collect();
        while let Some(Entry { path, real, kind }) = stack.pop() {
            if self.seen.contains(&real) {
                continue;
            }
            if kind.is_dir() {
                match entries(&path, &real) {
                    Ok(entries) => stack.extend(entries.into_iter().rev()),
                    Err(source) => self.errors.push(Error::Read { path, source }),
                }
            } else if kind.is_file() {
                self.file(path);
            }
            self.seen.insert(real);
        }
    }

    /// Keeps a file that is a capture, or is called one: if it is empty or damaged, whoever opens it says so. Other files are what
    /// directories are full of, and no error.
    fn file(&mut self, path: PathBuf) {
        if is_called_capture(&path) {
            return self.captures.push(path);
        }
        let input = Input::File(path.clone());
        match input.reader().map_err(|source| Error::Read { path: path.clone(), source }) {
            Ok(reader) => match probe(path.clone(), reader) {
                Ok(()) => self.captures.push(path),
                Err(Error::Read { path, source }) => self.errors.push(Error::Read { path, source }),
                Err(_) => {}
            },
            Err(error) => self.errors.push(error),
        }
    }
}

/// Whether a file has the name of a capture, perhaps of a compressed one or of a piece of a rotation (`trace.pcap1.gz`).
fn is_called_capture(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let bare = ["gz", "zst", "lz4", "xz"].iter().find_map(|kind| name.strip_suffix(kind)?.strip_suffix('.'));
    let bare = bare.unwrap_or(&name).trim_end_matches(|c: char| c.is_ascii_digit());
    ["pcap", "pcapng", "cap"].iter().any(|kind| bare.strip_suffix(kind).is_some_and(|stem| stem.ends_with('.')))
}

/// The entries of a directory of that real name, in the order of their names.
fn entries(directory: &Path, real: &Path) -> io::Result<Vec<Entry>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let mut entries: Vec<_> = entries.iter().filter_map(|entry| Entry::listed(entry, real)).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::files::{frames, pcap};
    use super::super::octets::ByteOrder::Little;
    use super::super::reader::Capture;
    use super::*;

    fn names(inputs: &[Input], folder: &Path) -> Vec<String> {
        let name = |input: &Input| input.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        inputs.iter().map(name).collect()
    }

    #[test]
    fn directories_are_searched_for_captures_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        let capture = pcap(Little, 0xa1b2_c3d4, &frames(3));
        fs::write(root.join("z.txt"), &capture).unwrap();
        fs::write(root.join("b/deep/10"), zstd::encode_all(&capture[..], 1).unwrap()).unwrap();
        fs::write(root.join("b/deep/9.pcap"), &capture[..30]).unwrap();
        fs::write(root.join("b/notes.pcap"), "no capture").unwrap();
        fs::write(root.join("b/nothing.pcap"), "").unwrap();
        fs::write(root.join("b/notes.txt"), "no capture").unwrap();
        let (found, errors) = inputs(&[root.to_path_buf()]);
        assert!(errors.is_empty(), "{errors:?}");
        // What is called a capture and is none is told by whoever opens it.
        let expected = ["b/deep/10", "b/deep/9.pcap", "b/notes.pcap", "b/nothing.pcap", "z.txt"];
        assert_eq!(names(&found, root), expected);
        let (found, errors) = inputs(&[root.join("empty"), root.join("z.txt")]);
        assert_eq!(names(&found, root), ["z.txt"]);
        assert!(matches!(&errors[..], [Error::EmptyDirectory { path }] if *path == root.join("empty")));
    }

    #[test]
    fn captures_are_known_by_name() {
        for name in ["a.pcap", "a.PCAPNG", "a.cap.gz", "trace.pcap12", "t.pcap3.zst", ".pcap"] {
            assert!(is_called_capture(Path::new(name)), "{name}");
        }
        for name in ["pcap", "a.pcap.txt", "a.gz", "mishap", "a.pcap.sha256", "recap", "a.csv"] {
            assert!(!is_called_capture(Path::new(name)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_neither_loop_nor_count_twice() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        let capture = pcap(Little, 0xa1b2_c3d4, &frames(3));
        fs::create_dir(root.join("a")).unwrap();
        fs::write(root.join("a/1.pcap"), &capture).unwrap();
        fs::write(other.path().join("2.pcap"), &capture).unwrap();
        symlink(root, root.join("a/loop")).unwrap();
        symlink(root.join("a/1.pcap"), root.join("latest.pcap")).unwrap();
        symlink(other.path(), root.join("other")).unwrap();
        symlink(root.join("absent"), root.join("dangling")).unwrap();
        let (found, errors) = inputs(&[root.to_path_buf()]);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(names(&found, root), ["a/1.pcap", "other/2.pcap"]);
    }

    #[test]
    fn arguments_keep_their_order_and_standard_input_is_read_once() {
        let arguments = ["b.pcap", "-", "a.pcap", "-"].map(PathBuf::from);
        let (found, errors) = inputs(&arguments);
        let file = |name| Input::File(PathBuf::from(name));
        assert_eq!(found, [file("b.pcap"), Input::Stdin, file("a.pcap")]);
        assert!(errors.is_empty());
        assert!(matches!(Capture::open(&file("absent.pcap")), Err(Error::Read { .. })));
    }
}
