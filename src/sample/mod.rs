//! The text form of a call flow: who sends which SIP message to whom, and when. `examples/make_sample.rs` turns it into the
//! captures of `samples/`; unit tests of rules take datagrams or frames from it; consistency tests compare both.
//!
//! The text says what matters and no more; `fill.rs` adds the header fields that a real stack would send. `samples/README.md`
//! describes the form. The same text always gives the same bytes.
//!
//! ```
//! let flow = sipscan::sample::Flow::parse(
//!     "host a 192.0.2.10\nhost b 198.51.100.30\n\n\
//!      0.000 a > b\nINVITE sip:bob@example.com\n\n\
//!      0.020 b > a\n486 Busy Here\n\n\
//!      0.021 a > b\nACK\n",
//! )?;
//! assert_eq!(flow.datagrams().len(), 3);
//! # Ok::<(), sipscan::sample::FlowError>(())
//! ```

mod build;
mod checksum;
mod content;
mod fields;
mod fill;
mod flow;
mod frames;
mod loops;
mod merge;
mod number;
mod parse;
mod pcap;
mod recall;
mod step;
mod streams;
mod words;

pub use flow::{Flow, SampleDatagram};
pub use frames::SampleFrame;
pub use step::Format;

/// A text that is not a call flow, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct FlowError {
    /// Line of the text, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl FlowError {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}
