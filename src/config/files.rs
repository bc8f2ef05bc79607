//! Small files that the command line names beside captures: certificates, keys, and tokens. The library gets their contents.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::{Secrets as SecretFiles, Trust};
use crate::error::{Error, shown};
use crate::limits::{BASELINE_OCTETS, KEY_LOG_OCTETS, SMALL_FILE_OCTETS};
use crate::stir::TrustStore;
use crate::stir::certificate::Unusable;
use crate::tls::{Keys, Secrets};

/// The file that maps URLs to the files beside it.
const URLS: &str = "urls.tsv";

/// Reads what `--stir-cert` and `--stir-root` name.
///
/// # Errors
///
/// A file that cannot be read or holds nothing of use, a directory without anything of use, roots without anything to verify,
/// or a line of `urls.tsv` that names no file.
pub fn trust(arguments: &Trust) -> Result<TrustStore, Error> {
    let mut trust = TrustStore::default();
    for path in &arguments.stir_cert {
        if path.is_dir() {
            directory(path, &mut trust)?;
        } else {
            let text = small(path)?;
            let name = name(path);
            trust.add_file(&name, &text).map_err(|why| unusable("--stir-cert", path, why))?;
            map_urls(path.parent().unwrap_or(Path::new("")), Some(path), &mut trust)?;
        }
    }
    for path in &arguments.stir_root {
        trust.add_roots(&small(path)?).map_err(|why| unusable("--stir-root", path, why))?;
    }
    if trust.is_empty() && !arguments.stir_root.is_empty() {
        return Err(Error::Usage("--stir-root verifies nothing without --stir-cert".to_owned()));
    }
    Ok(trust)
}

/// Reads what `--keylog` and `--tls-key` name.
///
/// # Errors
///
/// A file that cannot be read, or holds nothing of use.
pub fn keys(arguments: &SecretFiles) -> Result<Keys, Error> {
    let mut secrets = Secrets::default();
    let nothing = |option: &str, path: &Path, what: &str| Error::Usage(format!("{option} {}: {what}", shown(path)));
    for path in &arguments.keylog {
        let text = opened(path, KEY_LOG_OCTETS)?;
        // A log may be empty as yet: nothing was opened while it was written.
        if secrets.add_lines(&text) == 0 && !text.is_empty() {
            return Err(nothing("--keylog", path, "no line of a key log, such as `CLIENT_RANDOM …`"));
        }
    }
    for path in &arguments.tls_key {
        let text = small(path)?;
        if secrets.add_pem(&String::from_utf8_lossy(&text)) == 0 {
            return Err(nothing("--tls-key", path, "no RSA private key in PEM without a password"));
        }
    }
    Ok(Keys::new(secrets))
}

/// The text of what `--keylog` names, one after the other.
///
/// # Errors
///
/// A file that cannot be read.
pub fn key_log(arguments: &SecretFiles) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    for path in &arguments.keylog {
        all.extend(opened(path, KEY_LOG_OCTETS)?);
        all.push(b'\n');
    }
    Ok(all)
}

/// The text of what `--baseline` names.
///
/// # Errors
///
/// A file that cannot be read.
pub fn baseline(path: &Path) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&opened(path, BASELINE_OCTETS)?).into_owned())
}

/// The text of a token: standard input for `-`, the contents of a file, or the argument itself.
///
/// # Errors
///
/// A file that cannot be read, or an argument that is neither a file nor a token.
pub fn token(argument: &str) -> Result<String, Error> {
    let path = Path::new(argument);
    let octets = if argument == "-" {
        limited(io::stdin().lock(), path, SMALL_FILE_OCTETS)?
    } else if path.is_file() {
        small(path)?
    } else if argument.matches('.').count() >= 2 {
        return Ok(argument.to_owned());
    } else {
        return Err(Error::Usage(format!("{argument}: neither a file nor a token")));
    };
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Takes what is of use in a directory, in the order of names; other files are no error. Directories in it are not looked at.
fn directory(directory: &Path, trust: &mut TrustStore) -> Result<(), Error> {
    let failed = |source| Error::Read { path: directory.to_owned(), source };
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>().map_err(failed)?;
    paths.sort();
    let mut found = false;
    for path in paths.iter().filter(|path| path.is_file()) {
        match small(path).map(|text| trust.add_file(&name(path), &text)) {
            Ok(Ok(())) => found = true,
            Ok(Err(Unusable::Nothing)) | Err(Error::Usage(_)) => {}
            Ok(Err(why)) => return Err(unusable("--stir-cert", path, why)),
            Err(error) => return Err(error),
        }
    }
    if !found {
        let what = "no certificate or public key in this directory";
        return Err(Error::Usage(format!("--stir-cert {}: {what}", shown(directory))));
    }
    map_urls(directory, None, trust)
}

/// Reads `urls.tsv` in a directory, if there is one: URL, tabulator, file. With `only`, lines about other files are for another
/// time.
fn map_urls(directory: &Path, only: Option<&Path>, trust: &mut TrustStore) -> Result<(), Error> {
    let path = directory.join(URLS);
    if !path.is_file() {
        return Ok(());
    }
    let text = small(&path)?;
    for (number, line) in (1..).zip(String::from_utf8_lossy(&text).lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| Error::Usage(format!("{}, line {number}: {what}", shown(&path)));
        let (url, file) = line.split_once('\t').ok_or_else(|| wrong("URL and file, separated by a tabulator"))?;
        let file = directory.join(file.trim());
        if only.is_some_and(|only| only != file) {
            continue;
        }
        if !trust.map_url(url.trim(), &name(&file)) {
            return Err(wrong(&format!("{} holds no certificate and no key, or is not there", shown(&file))));
        }
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn unusable(option: &str, path: &Path, why: Unusable) -> Error {
    Error::Usage(format!("{option} {}: {why}", shown(path)))
}

pub(super) fn small(path: &Path) -> Result<Vec<u8>, Error> {
    opened(path, SMALL_FILE_OCTETS)
}

#[expect(clippy::disallowed_methods, reason = "files of the command line that are no captures are opened here")]
fn opened(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    limited(File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?, path, most)
}

fn limited(reader: impl Read, path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    let read = reader.take(most + 1).read_to_end(&mut octets);
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if octets.len() as u64 > most {
        return Err(Error::Usage(format!("{}: larger than {most} octets", shown(path))));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stir::certificate::tests::{Recipe, pem};
    use crate::stir::verify::tests::KEY;

    fn arguments(certs: &[&Path], roots: &[&Path]) -> Trust {
        let owned = |paths: &[&Path]| paths.iter().map(|path| path.to_path_buf()).collect();
        Trust { stir_cert: owned(certs), stir_root: owned(roots) }
    }

    fn refused(certs: &[&Path], roots: &[&Path]) -> String {
        trust(&arguments(certs, roots)).unwrap_err().to_string()
    }

    #[test]
    fn files_and_directories_are_read_with_their_urls() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let key = file("key.pem", KEY);
        let root = file("root.pem", &Recipe::authority(("CA", "CA"), (2, 2)).pem());
        file("notes.txt", "nothing of use");
        let private = file("private.pem", &pem("PRIVATE KEY", b"\x30\x00"));
        let urls = file("urls.tsv", "# URL\tfile\n\nhttps://c.example/k.pem\tkey.pem\n");

        let by_directory = trust(&arguments(&[folder.path()], &[&root])).unwrap();
        assert!(by_directory.knows("https://c.example/k.pem") && !by_directory.knows("https://c.example/x.pem"));
        assert!(trust(&arguments(&[&key], &[])).unwrap().knows("https://c.example/k.pem"));
        assert!(!trust(&arguments(&[&root], &[])).unwrap().knows("https://c.example/k.pem"), "another file's line");
        assert!(trust(&arguments(&[], &[])).unwrap().is_empty());

        assert!(refused(&[&private], &[]).ends_with("no certificate or public key in PEM"));
        assert!(refused(&[&key], &[&key]).ends_with("no certificate in PEM"));
        assert!(refused(&[], &[&root]).contains("nothing without --stir-cert"));
        assert!(matches!(trust(&arguments(&[Path::new("absent.pem")], &[])), Err(Error::Read { .. })));
        fs::write(&urls, "https://c.example/k.pem\tother.pem\n").unwrap();
        assert!(refused(&[folder.path()], &[]).contains("urls.tsv, line 1"));
        fs::write(&urls, "https://c.example/k.pem key.pem\n").unwrap();
        assert!(refused(&[folder.path()], &[]).contains("separated by a tabulator"));
        file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n");
        assert!(refused(&[folder.path()], &[]).contains("broken.pem: a PEM block is not what its label says"));
    }

    #[test]
    fn a_directory_without_anything_of_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "nothing").unwrap();
        assert!(refused(&[folder.path()], &[]).ends_with("no certificate or public key in this directory"));
        fs::write(folder.path().join("large.pem"), vec![b'a'; 2 << 20]).unwrap();
        assert!(refused(&[&folder.path().join("large.pem")], &[]).ends_with("larger than 1048576 octets"));
    }

    #[test]
    fn tokens_come_from_arguments_and_files() {
        assert_eq!(token("a.b.c").unwrap(), "a.b.c");
        assert!(token("nothing").is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "x.y.z\n").unwrap();
        assert_eq!(token(file.path().to_str().unwrap()).unwrap(), "x.y.z\n");
    }
}
