//! Where a value comes from: capture, frame, capture time, and the addresses it travelled between.
//!
//! Every stage passes these on, so that any sentence of a report can be checked in Wireshark by frame number.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::time::Duration;

use crate::address_text::AddressText;
use crate::net::CarrierRef;

/// A moment of capture time, in nanoseconds since the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the time from `earlier` to `self`, zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the moment `span` later, saturating at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Seconds since the epoch, rounded down.
    pub fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }
}

/// The number of a frame in its capture file, from 1, as Wireshark shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FrameNumber(pub u64);

impl fmt::Display for FrameNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A frame of one of the files that are analysed together; `file` counts from 0 and is above 0 only with `--merge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FrameRef {
    /// Index of the file within its capture.
    pub file: u16,
    /// Number of the frame within the file.
    pub number: FrameNumber,
}

/// A list of frames that is nearly always empty, so that it takes no more than a pointer.
#[expect(clippy::box_collection, reason = "most have none, and those of all open calls are held at one time")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frames(Option<Box<Vec<FrameRef>>>);

impl Frames {
    /// None.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Appends one.
    pub fn push(&mut self, frame: FrameRef) {
        self.0.get_or_insert_default().push(frame);
    }
}

impl Deref for Frames {
    type Target = [FrameRef];

    fn deref(&self) -> &[FrameRef] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl From<&[FrameRef]> for Frames {
    #[inline]
    fn from(frames: &[FrameRef]) -> Self {
        Self((!frames.is_empty()).then(|| Box::new(frames.to_vec())))
    }
}

impl From<Vec<FrameRef>> for Frames {
    fn from(frames: Vec<FrameRef>) -> Self {
        Self((!frames.is_empty()).then(|| Box::new(frames)))
    }
}

impl FromIterator<FrameRef> for Frames {
    fn from_iter<I: IntoIterator<Item = FrameRef>>(frames: I) -> Self {
        Self::from(Vec::from_iter(frames))
    }
}

/// An IP address and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The UDP or TCP port; 0 where there is none (ICMP).
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            // ICMP has no ports.
            address if self.port == 0 => address.fmt(f),
            IpAddr::V4(a) => f.write_str(AddressText::with_port(a, self.port).as_str()),
            IpAddr::V6(a) => write!(f, "[{a}]:{}", self.port),
        }
    }
}

/// The transport that carried a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// UDP, where requests are retransmitted (RFC 3261 §17.1.1.1).
    Udp,
    /// TCP, where they are not: what is lost is sent again below SIP.
    Tcp,
    /// TLS over TCP, decrypted.
    Tls,
    /// WebSocket over TCP (RFC 7118).
    WebSocket,
    /// WebSocket over TLS, decrypted.
    SecureWebSocket,
    /// SCTP (RFC 4168), reliable as well.
    Sctp,
}

/// Source and destination of a datagram or segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// Transport.
    pub transport: Transport,
}

impl Flow {
    /// Returns the flow of the opposite direction.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source, transport: self.transport }
    }
}

impl Provenance {
    /// Whether it is a copy that an agent sent to a collector, which may be there beside the message itself.
    pub fn is_copied(&self) -> bool {
        self.carrier.as_ref().is_some_and(|carrier| carrier.is_copy)
    }
}

/// Where one message was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The frame that completes the message: of a fragmented one, or one that is spread over several segments of a stream, the
    /// frame of the last part to arrive.
    pub frame: FrameRef,
    /// The other frames that carry parts of it, in ascending order; empty when `frame` is the only one.
    pub other_frames: Frames,
    /// Capture time of `frame`.
    pub time: Timestamp,
    /// Addresses.
    pub flow: Flow,
    /// IPv4 identification of a datagram, where there is one; tells duplicates from retransmissions. None in streams, where
    /// copies are told apart before messages are read.
    pub ip_id: Option<u16>,
    /// IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
    /// The tunnels, tags, and copies of collectors that it came in; `None` where there is nothing but link layer, IP and transport.
    pub carrier: CarrierRef,
    /// Byte offset of the message in the datagram, or in the segment in which it begins: above 0 only behind something else.
    pub offset: u32,
}
