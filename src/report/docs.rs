//! Files in `docs/` that say what the program does, compared with it by tests.

use std::path::Path;

/// Compares a file in `docs/` with what it must be; `SIPSCAN_BLESS=1` writes it.
pub(super) fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    if std::env::var_os("SIPSCAN_BLESS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{name} is not what the program does; SIPSCAN_BLESS=1 cargo test --lib report writes it"
    );
}
