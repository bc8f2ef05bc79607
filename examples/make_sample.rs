//! Makes captures from the text form of call flows: `samples/**/NAME.txt` to `NAME.pcap` beside it (`.pcapng` when the text
//! says `format pcapng`), or only those whose paths are given. With `--check` nothing is written, and the exit code is 1
//! when a capture differs from its text.
#![expect(clippy::print_stderr, reason = "this is how an example talks")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sipscan::sample::{Flow, Format};

fn main() -> ExitCode {
    let (flags, paths): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let check = flags.iter().any(|flag| flag == "--check");
    match run(check, paths.into_iter().map(PathBuf::from).collect()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(different) => {
            eprintln!("{different} captures differ from their texts; run `cargo run --example make_sample`");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Makes or checks the captures; returns how many differ.
fn run(check: bool, mut paths: Vec<PathBuf>) -> Result<usize, Box<dyn Error>> {
    if paths.is_empty() {
        find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut paths)?;
        paths.sort();
    }
    let mut different = 0;
    for path in paths {
        let (target, bytes) = capture(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if read(&target).ok().as_ref() == Some(&bytes) {
            continue;
        }
        different += 1;
        if check {
            eprintln!("{}: differs from {}", target.display(), path.display());
        } else {
            fs::write(&target, bytes)?;
            eprintln!("{}: written", target.display());
        }
    }
    Ok(if check { different } else { 0 })
}

/// All texts below a directory.
fn find(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    Ok(())
}

/// Where the capture of that text belongs, and what is in it.
fn capture(text: &Path) -> Result<(PathBuf, Vec<u8>), Box<dyn Error>> {
    let flow = Flow::parse(&String::from_utf8(read(text)?)?)?;
    let extension = if flow.format() == Format::Pcapng { "pcapng" } else { "pcap" };
    Ok((text.with_extension(extension), flow.to_pcap()))
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; an example reads files")]
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    fs::read(path)
}
