//! SCTP (RFC 9260): packets to the user messages of associations, each with the frames that brought it.
//!
//! `read` takes the common header apart, without state. [`SctpReassembly`] holds the directions of the associations that are open: it
//! puts fragmented messages together, tells chunks that come again from new ones, and hands the ordered messages of a stream on in
//! their order. A user message is one SIP message (RFC 4168 §5), so nothing is framed by Content-Length here.

mod assembly;
mod chunk;
mod direction;
mod kind;
mod packet;
mod reassembly;
#[cfg(test)]
mod tests;

pub use kind::SctpKind;
pub use packet::Packet;
pub(super) use packet::{is_plausible, read};
pub use reassembly::{SctpCounts, SctpEvent, SctpReassembly, UserMessage};
