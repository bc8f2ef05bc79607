//! From files and standard input to frames: the first stage of the pipeline.
//!
//! [`inputs()`] turns arguments into [`Input`]s, [`Capture`] reads one of them frame by frame, [`Merged`] several as one in
//! time order; [`Writer`] writes frames as pcapng. pcap-parser does the parsing, on the window of a buffer of our own, which bounds memory, carries on after
//! short reads, and knows where in the file an error is.

mod announced;
mod buffer;
mod compression;
mod detect;
mod drops;
#[cfg(test)]
mod files;
mod frames;
mod info;
mod interface;
mod link_type;
mod merge;
mod octets;
mod open;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod source;
#[cfg(test)]
mod tests;
mod time_unit;
mod trailer;
mod writer;

pub use announced::Announced;
pub use compression::Compression;
pub use frames::Frames;
pub use info::{CaptureInfo, Format};
pub use interface::Interface;
pub use link_type::link_type_name;
pub use merge::Merged;
pub use reader::{Capture, Frame};
pub use record::{Record, Secrets};
pub use source::{Input, inputs};
pub use trailer::announces_losses;
pub use writer::{EXTRACT, Packet, Statistics, Writer};
