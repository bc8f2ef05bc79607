//! The JSON Schema of explanations, generated from the views and their comments; the file in `docs/` must equal it.

use super::Document;
use crate::report::docs::{check, schema};

#[test]
fn the_published_schema_is_that_of_the_views() {
    check("explain.schema.json", &format!("{:#}\n", schema::<Document<'_>>()));
}
