//! The SIP message layer: a tolerant view of messages on bytes, and strict values from it on demand.
//!
//! [`framing::messages`] finds the messages of a datagram, [`stream`] those of a stream; a [`Message`] holds its octets once and the places of its header
//! fields. Nothing that is recognisably SIP is lost because one header field is bad.

pub mod address;
mod body_length;
mod caller;
pub mod challenge;
mod exemplar;
pub mod framing;
pub mod header_name;
pub(crate) mod headers;
mod line;
pub(crate) mod lint;
mod memo;
pub mod message;
pub mod method;
pub mod number;
pub(crate) mod octets;
mod parameter;
pub mod params;
mod places;
mod plain;
pub mod probe;
#[cfg(test)]
mod properties;
pub mod reason;
pub mod sdp;
mod start_line;
pub mod status;
pub mod stream;
#[cfg(test)]
mod torture;
pub mod typed;
pub mod uri;
mod uri_view;
pub mod values;
mod via;
pub mod warning;

pub use address::NameAddr;
pub use challenge::Challenge;
pub use framing::{Framed, Reader, messages};
pub use header_name::HeaderName;
pub(crate) use message::lossy;
pub use message::{CSeq, Message, Parties};
pub use method::Method;
pub use params::Params;
pub use reason::Reason;
pub use sdp::Sdp;
pub use status::{StatusClass, StatusCode};
pub use uri::{Scheme, Uri};
pub(crate) use uri_view::UriView;
pub use via::Via;
pub use warning::Warning;
