//! Expectations: what a capture must show, in a file `NAME.expect.toml` beside it, and where it does not.
//!
//! Behind the reports: a sink notes what was found in each capture, and that is compared with the file. What a file does not name
//! is not checked.

use std::collections::BTreeMap;

use crate::lang::Text;

mod check;
mod differ;
mod file;
mod page;
mod seen;

pub use check::{Checked, State, Writing, check};
pub use page::Page;
pub use seen::{Seen, SeenSink};

/// What stands for every code that is not among those that must be found.
pub const ALL_OTHERS: &str = "*";

/// The contents of a file; what is `None` is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Expectation {
    /// Calls.
    pub calls: Option<u64>,
    /// Groups of other requests.
    pub other_groups: Option<u64>,
    /// Whether the capture is complete.
    pub complete: Option<bool>,
    /// Codes of diagnoses that must be there, once or more often.
    pub must_find: Option<Vec<String>>,
    /// Codes of diagnoses that must not be there; [`ALL_OTHERS`] for all that are not in `must_find`.
    pub must_not_find: Option<Vec<String>>,
    /// Calls by outcome; what is not named must be 0.
    pub outcomes: Option<BTreeMap<String, u64>>,
    /// Distinct final responses by status; what is not named must be 0.
    pub final_responses: Option<BTreeMap<String, u64>>,
    /// Anomalies by code; what is not named must be 0.
    pub anomalies: Option<BTreeMap<String, u64>>,
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key of the file.
    pub key: Text,
    /// What it says.
    pub expected: Text,
    /// What is the case.
    pub found: Text,
}
