//! TCP: segments to the octets of streams, in order, each octet with the frame that brought it.
//!
//! `read` takes a header apart, without state. [`TcpReassembly`] holds the connections that are open; whoever wants their
//! octets is a [`StreamReader`], of which each connection has one, so that this layer knows nothing of what it carries. A
//! reader that has seen enough says so, and the connection costs next to nothing from there on.

mod connection;
mod half;
mod marked;
mod pending;
mod reassembly;
mod recent;
mod segment;

pub use marked::{Arrived, Marked, Origin, Seen};
pub use reassembly::{TcpCounts, TcpReassembly};
pub(super) use segment::read;
pub use segment::{Flags, Segment};

use crate::provenance::{Flow, Timestamp};

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end that sorts first (by address, then port).
    Up,
    /// Towards it.
    Down,
}

impl Direction {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    /// The direction of a flow; connections are told by their ends, whichever of them is the client.
    pub fn of(flow: &Flow) -> Self {
        if flow.source <= flow.destination { Self::Up } else { Self::Down }
    }

    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// Why octets do not follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The stream was open when the capture began, or its beginning was not captured.
    Start,
    /// So many octets were not captured.
    Missing(u64),
    /// So many octets were cut off by the snap length.
    Cut(u64),
    /// What follows belongs elsewhere: the stream goes on at an earlier place, or at one that has nothing to do with it.
    Jump,
}

/// Why nothing more comes in a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The sender said so (FIN): what came is all there was.
    Finished,
    /// The sender reset the connection.
    Reset,
    /// The other end reset the connection, it went on as another one, was idle for too long, or the capture ended.
    Broken,
    /// A limit on memory was reached.
    Limit,
}

/// What takes the octets of one connection.
pub trait StreamReader {
    /// What it makes of them.
    type Output;
    /// What all readers have in common.
    type Context: Default;

    /// The reader of a new connection.
    fn new(context: &Self::Context) -> Self;

    /// Whether octets look like the beginning of what it reads: where the beginning of a stream was not captured, others may have
    /// overtaken what stands in front of them.
    fn may_begin(octets: &[u8]) -> bool;

    /// The next octets of a direction.
    fn octets(&mut self, flow: &Flow, octets: &[u8], origin: &Origin, out: &mut Vec<Self::Output>);

    /// The other end has all octets of a direction so far, as a frame shows.
    fn acknowledged(&mut self, flow: &Flow, origin: &Origin, out: &mut Vec<Self::Output>);

    /// Octets are missing between what came and what comes.
    fn gap(&mut self, flow: &Flow, gap: Gap, out: &mut Vec<Self::Output>);

    /// Nothing more comes in a direction, or what is held of it is to be given up.
    fn end(&mut self, flow: &Flow, end: End, out: &mut Vec<Self::Output>);

    /// The connection is forgotten; each direction had its end.
    fn close(&mut self, out: &mut Vec<Self::Output>);

    /// Whether it wants more octets at all.
    fn is_interested(&self) -> bool;

    /// Memory held for octets that wait, in octets.
    fn held(&self) -> usize;

    /// When it wants to be asked again if nothing comes.
    fn deadline(&self) -> Option<Timestamp>;

    /// That moment has come.
    fn time_out(&mut self, flow: &Flow, now: Timestamp, out: &mut Vec<Self::Output>);
}
