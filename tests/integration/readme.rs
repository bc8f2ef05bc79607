//! The output that README.md shows is what the program prints. `SIPSCAN_BLESS=1 cargo test` writes it anew.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests bless files and fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// What a marker `<!-- run: ARGUMENTS | KIND: TEXT -->` asks for: the report up to the line that begins with TEXT, or the paragraph
/// about a call that mentions it.
fn shown(marker: &str) -> String {
    let (arguments, part) = marker.split_once(" | ").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (kind, wanted) = part.split_once(": ").unwrap();
    match kind {
        "until" => {
            text.lines().take_while(|l| !l.starts_with(wanted)).collect::<Vec<_>>().join("\n").trim_end().to_owned()
        }
        "block" => {
            let blocks: Vec<&str> = text.split("\n── ").skip(1).collect();
            let block = blocks.iter().find(|b| b.contains(&format!("[{wanted},"))).unwrap();
            format!("── {}", block.trim_end())
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_output_in_the_documentation_is_that_of_the_program() {
    for document in ["README.md", "docs/configuration.md"] {
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join(document));
    }
}

fn check(path: &Path) {
    let readme = fs::read_to_string(path).unwrap();
    let mut parts = readme.split("<!-- run: ");
    let mut expected = parts.next().unwrap().to_owned();
    for part in parts {
        let (marker, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (_, behind) = rest.split_once("```\n").unwrap();
        expected.extend(["<!-- run: ", marker, " -->\n```text\n", &shown(marker), "\n```\n", behind]);
    }
    if std::env::var_os("SIPSCAN_BLESS").is_some() {
        fs::write(path, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), expected, "SIPSCAN_BLESS=1 cargo test writes the output anew");
}

#[test]
fn files_named_in_the_documentation_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/ci.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let named = text.split(['`', '(', ')']).filter(|w| {
            let known = ["src/", "docs/", "samples/", "tests/", "benches/", "fuzz/", "examples/"];
            known.iter().any(|k| w.starts_with(k)) && !w.contains(['<', ' ', '*'])
        });
        for name in named {
            assert!(root.join(name).exists(), "{document} names {name}");
        }
    }
}
