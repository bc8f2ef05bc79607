//! What a text says before anything is filled in: hosts are resolved, words and lines taken apart.

use crate::provenance::{Endpoint, Timestamp};

use super::fields::Field;

/// A parsed text.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) start: Timestamp,
    pub(super) format: Format,
    pub(super) link: Link,
    pub(super) steps: Vec<Step>,
}

/// The file format of the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Classic pcap with microseconds.
    #[default]
    Pcap,
    /// Classic pcap with nanoseconds.
    PcapNanoseconds,
    /// pcapng with one section and one interface.
    Pcapng,
}

/// The link layer of the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Link {
    #[default]
    Ethernet,
    Sll,
    Sll2,
    Raw,
    Null,
}

/// One step: something sent once, or several times with the words `repeat` and `dup`.
#[derive(Debug)]
pub(super) struct Step {
    /// Line of the step line.
    pub(super) line: usize,
    /// Nanoseconds from the start.
    pub(super) time: i64,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) words: Words,
    pub(super) content: Content,
}

/// What a step sends.
#[derive(Debug)]
pub(super) enum Content {
    /// A SIP message whose missing header fields are filled in.
    Message(Written),
    /// A SIP message as it is (word `raw`).
    Raw(Vec<u8>),
    /// A datagram that is not SIP.
    Octets(Vec<u8>),
    /// An ICMP error that quotes the step of that number, from 1.
    Icmp(Unreachable, usize),
}

/// The ICMP errors (RFC 792, RFC 4443).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreachable {
    Net,
    Host,
    Port,
    AdminProhibited,
}

/// A SIP message as far as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) start: StartLine,
    pub(super) fields: Vec<Field>,
    pub(super) body: Option<String>,
}

/// The start line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StartLine {
    /// `uri` is absent in an ACK or CANCEL that takes that of its INVITE.
    Request { method: String, uri: Option<String> },
    /// `status` as written: it may be one that RFC 3261 does not allow.
    Response { status: String, phrase: String },
}

/// The words of a step line.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) call: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) from_tag: Option<String>,
    pub(super) to_tag: Option<String>,
    pub(super) cseq: Option<u32>,
    /// `re=METHOD`: the method of the request that is answered.
    pub(super) answers: Option<String>,
    /// Header fields that are not filled in.
    pub(super) omit: Vec<String>,
    pub(super) forward: bool,
    pub(super) raw: bool,
    pub(super) same_datagram: bool,
    /// Offsets of retransmissions, in nanoseconds.
    pub(super) repeat: Vec<i64>,
    /// Offsets of duplicates, in nanoseconds.
    pub(super) duplicate: Vec<i64>,
    pub(super) ttl: Option<u8>,
    pub(super) shape: Shape,
    pub(super) icmp: Option<Unreachable>,
    pub(super) quote: Option<usize>,
    /// Over TCP, and how.
    pub(super) tcp: Option<Tcp>,
}

/// How octets lie in the segments of a TCP connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Tcp {
    /// The connection was open when the capture began: it has no handshake.
    pub(super) open: bool,
    /// The sender closes the connection behind this step.
    pub(super) close: bool,
    /// Longest payload of a segment.
    pub(super) segments: Option<usize>,
    /// Numbers of the segments, from 1, in the order in which they were captured.
    pub(super) order: Vec<usize>,
    /// Segments that were not captured, from 1.
    pub(super) lost: Vec<usize>,
    /// Segments that were sent again, from 1.
    pub(super) resent: Vec<usize>,
}

/// How a datagram lies in frames.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// VLAN identifiers, outermost first.
    pub(super) vlan: Vec<u16>,
    /// Captured length of every frame.
    pub(super) cut: Option<usize>,
    /// Longest payload of an IP fragment.
    pub(super) fragment: Option<usize>,
    /// Fragments that were not captured, from 1.
    pub(super) lost_fragments: Vec<usize>,
}
