//! The registry: one file per rule, one line here.

use super::Rule;

/// Every rule, in the order of the documentation.
pub static RULES: &[&Rule] = &[];
