//! The registry: one file per rule, one line here.

use super::Rule;

mod failed_response;

/// Every rule, in the order of the documentation.
pub static RULES: &[&Rule] = &[
    // Redirects.

    // Unwanted calls and caller identity.

    // What no closer rule explains.
    &failed_response::RULE,
];
