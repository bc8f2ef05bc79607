//! Report sinks: one pass over the captures feeds every requested output.

use std::io;

use crate::diagnosis::{CallReport, Finding};
use crate::lang::Text;

pub mod attestation;
pub mod brief;
pub mod changes;
#[cfg(test)]
mod chinese_tests;
pub mod clusters;
pub mod codes;
pub mod csv;
#[cfg(test)]
pub(crate) mod docs;
pub mod drawn;
mod encrypted;
pub mod escape;
pub(crate) mod facts;
pub(crate) mod fingerprint;
pub mod github;
mod groups;
pub mod html;
pub mod json;
mod json_text;
pub mod junit;
mod kpi;
mod ladder;
pub mod ndjson;
mod number_pattern;
pub mod output;
pub mod outputs;
pub(crate) mod phrases;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod summary;
#[cfg(test)]
mod tests;
pub mod text;
mod time;
mod view;
mod without_sip;

pub(crate) use number_pattern::number;
pub use summary::{CaptureFacts, Filtered, Summary};

/// An output. Captures come one after the other: `begin_capture`, its calls as they close, `end_capture`; then `finish`.
/// Errors are those of writing; a broken pipe is for the caller to ignore.
pub trait Sink {
    /// A capture begins; `index` counts from 0. `files` are its files as the user named them: one, or, with `--merge`, all of
    /// them in the order of [`FrameRef::file`](crate::provenance::FrameRef).
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()>;
    /// A call is over and diagnosed.
    fn call(&mut self, report: &CallReport) -> io::Result<()>;
    /// The same, for outputs that keep the report as it is.
    fn take_call(&mut self, report: CallReport) -> io::Result<()> {
        self.call(&report)
    }
    /// The capture is over: its facts, its own summary, and the findings about it as a whole.
    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()>;
    /// Everything is over. `total` is the sum over all captures.
    fn finish(&mut self, total: &Summary) -> io::Result<()>;
    /// After the end: a limit of the output itself that was hit, in words. What the captures hit is in their facts.
    fn limit_hit(&self) -> Option<Text> {
        None
    }
}
