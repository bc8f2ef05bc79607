//! Files in `docs/` that say what the program does, compared with it by tests.

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// Compares a file in `docs/` with what it must be; `SIPSCAN_BLESS=1` writes it.
pub(crate) fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    if std::env::var_os("SIPSCAN_BLESS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/{name} is not what the program does; SIPSCAN_BLESS=1 cargo test --lib writes it");
}

/// The schema of a type that is written, closed.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(close).transform(&mut schema);
    schema.to_value()
}

/// Nothing beside the documented fields.
fn close(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}
