//! From frames to datagrams and streams: link, IP, UDP, TCP and SCTP headers, reassembly, and what ICMP and DNS tell beside SIP.
//!
//! [`decode()`] is stateless, so frames can be decoded in any order; [`IpReassembly`], [`TcpReassembly`] and [`SctpReassembly`]
//! hold state and want them in capture order. Every frame ends as exactly one [`Decoded`], so frames in = datagrams + segments + packets
//! of SCTP + fragments + ICMP errors + skipped.

mod aged;
mod bytes;
pub mod carrier;
pub mod classify;
pub mod decode;
pub mod dns;
mod esp;
mod ether;
mod exported;
mod fast_path;
#[cfg(test)]
mod frames;
mod gre;
pub(crate) mod hep;
pub mod icmp;
mod ip;
pub mod ip_reassembly;
mod l2tp;
pub mod layers;
mod link;
mod media;
mod parts;
mod peel;
mod pieces;
pub mod reassembled;
pub mod sctp;
pub mod skip;
pub mod tcp;
mod udp_tunnel;
pub mod vlan;
mod wlan;

pub use carrier::{Carrier, CarrierRef};
pub use classify::{PayloadKind, classify};
pub use decode::{Datagram, Decoded, Fragment, FragmentKey, decode};
pub use dns::{FailedLookup, failed_lookup};
pub use icmp::IcmpError;
pub use ip_reassembly::{FragmentCounts, IpReassembly};
pub use layers::{Layer, Layers};
pub use media::without_sip;
pub(crate) use media::{MediaEnds, media_ends};
pub use peel::{Peeled, peel};
pub use reassembled::Reassembled;
pub use sctp::{SctpKind, SctpReassembly};
pub use skip::SkipReason;
pub use tcp::{Segment, TcpReassembly};
pub use vlan::Vlans;
