//! The connections that are open, with bounded memory and timeouts in capture time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::mem;

use super::connection::{Connection, Notes};
use super::{Arrived, End, Segment, StreamReader};
use crate::anomaly::Anomaly;
use crate::hashing::HashMap;
use crate::limits::{STREAM_OCTETS, STREAMS};
use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp};

/// What became of the segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpCounts {
    /// Segments that came in.
    pub segments: u64,
    /// Segments with octets that were captured twice.
    pub duplicates: u64,
    /// Segments with octets that were sent again.
    pub retransmissions: u64,
    /// Connections, those included that were open before the capture began.
    pub connections: u64,
}

/// The two ends of a connection, in order. VLAN tags do not count: mirrors tag the two directions differently, or show one
/// segment in two VLANs.
type Key = (Endpoint, Endpoint);

fn key(flow: &Flow) -> Key {
    (flow.source.min(flow.destination), flow.source.max(flow.destination))
}

/// Puts streams together from segments that come in capture order, and hands them to a reader for each connection.
///
/// - Octets are read once, in the order of their sequence numbers. Of overlapping segments the octets that came first are kept;
///   where they differ, that is [`Anomaly::TcpOverlap`].
/// - What is missing is waited for: shortly if the other end has acknowledged it (then the capture lacks it), longer if it has
///   not. Then the reader is told of the gap, and reading goes on behind it.
/// - A connection is forgotten when it was idle for long, soon after its end, or when there are more than [`STREAMS`]: those
///   first that never said anything, or nothing of interest.
/// - Memory for octets that wait is limited for each direction and, by [`STREAM_OCTETS`], for all: whoever waits longest is read
///   as far as possible ([`Anomaly::TcpLimit`]).
#[derive(Debug)]
pub struct TcpReassembly<R: StreamReader> {
    context: R::Context,
    connections: HashMap<Key, Connection<R>>,
    /// When connections are to be looked at, with their numbers; older entries of one are stale.
    due: BinaryHeap<Reverse<(Timestamp, u64, Key)>>,
    /// Connections that hold octets, in the order in which they began to.
    waiting: BTreeMap<u64, Key>,
    next_waiting: u64,
    /// Memory for octets that wait.
    held: usize,
    arrivals: u64,
    counts: TcpCounts,
    anomalies: Vec<(Anomaly, FrameRef)>,
}

impl<R: StreamReader> Default for TcpReassembly<R> {
    fn default() -> Self {
        Self::new(R::Context::default())
    }
}

impl<R: StreamReader> TcpReassembly<R> {
    /// Without connections; `context` is for all readers.
    pub fn new(context: R::Context) -> Self {
        Self {
            context,
            connections: HashMap::default(),
            due: BinaryHeap::new(),
            waiting: BTreeMap::new(),
            next_waiting: 0,
            held: 0,
            arrivals: 0,
            counts: TcpCounts::default(),
            anomalies: Vec::new(),
        }
    }

    /// Takes a segment, while the capture clock shows `now`. Gives what the readers make of it.
    pub fn push<'a>(
        &mut self,
        segment: &Segment<'_>,
        arrived: impl Into<Arrived<'a>>,
        now: Timestamp,
        out: &mut Vec<R::Output>,
    ) {
        self.counts.segments += 1;
        self.arrivals += 1;
        let key = key(&segment.flow);
        if self.connections.get(&key).is_some_and(|connection| connection.is_replaced_by(segment)) {
            self.close(&key, out);
        }
        // An acknowledgement or a reset of something unknown tells nothing.
        let begins = segment.flags.syn || !segment.payload.is_empty();
        if !begins && !self.connections.contains_key(&key) {
            return;
        }
        let (counts, context) = (&mut self.counts, &self.context);
        let connection = self.connections.entry(key).or_insert_with(|| {
            counts.connections += 1;
            Connection::new(counts.connections, &segment.flow, context)
        });
        let before = connection.held();
        let origin = arrived.into().origin(segment.ttl, self.arrivals);
        let mut notes = Notes { counts, anomalies: &mut self.anomalies };
        connection.segment(segment, &origin, now, &mut notes, out);
        self.settle(key, before);
        self.keep_limits(out);
    }

    /// Does what is due at `now`. Cheap if nothing is.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<R::Output>) {
        while let Some(Reverse((due, number, key))) = self.due.peek().copied() {
            if due > now {
                break;
            }
            self.due.pop();
            let Some(connection) = self.connections.get_mut(&key).filter(|c| c.number == number && c.armed == due)
            else {
                continue;
            };
            connection.armed = Timestamp(i64::MAX);
            if connection.is_over(now) {
                self.close(&key, out);
                continue;
            }
            let before = connection.held();
            connection.time_out(now, out);
            self.settle(key, before);
        }
    }

    /// Up to which moment, itself not included, [`Self::expire`] has nothing to do, if no segment comes.
    pub fn quiet_before(&self) -> Timestamp {
        self.due.peek().map_or(Timestamp(i64::MAX), |Reverse((due, ..))| *due)
    }

    /// Ends everything, at the end of the capture, in the order in which the connections began.
    pub fn flush(&mut self, out: &mut Vec<R::Output>) {
        let mut open: Vec<(u64, Key)> = self.connections.iter().map(|(key, c)| (c.number, *key)).collect();
        open.sort_unstable();
        for (_, key) in open {
            self.close(&key, out);
        }
        self.due.clear();
    }

    /// The anomalies since the last call, each with the last frame concerned.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// What became of the segments so far.
    pub fn counts(&self) -> TcpCounts {
        self.counts
    }

    /// Connections that are open, and memory for octets that wait.
    pub fn load(&self) -> (usize, usize) {
        (self.connections.len(), self.held)
    }

    /// Takes note of what a connection holds, and of when it is due, after something happened to it.
    fn settle(&mut self, key: Key, before: usize) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let held = connection.held();
        self.held = (self.held + held).saturating_sub(before);
        match (held, connection.waiting) {
            (0, Some(place)) => {
                self.waiting.remove(&place);
                connection.waiting = None;
            }
            (1.., None) => {
                self.next_waiting += 1;
                connection.waiting = Some(self.next_waiting);
                self.waiting.insert(self.next_waiting, key);
            }
            _ => {}
        }
        let due = connection.deadline();
        if due < connection.armed {
            connection.armed = due;
            self.due.push(Reverse((due, connection.number, key)));
        }
    }

    fn keep_limits(&mut self, out: &mut Vec<R::Output>) {
        while self.held > STREAM_OCTETS {
            let Some((_, key)) = self.waiting.first_key_value().map(|(place, key)| (*place, *key)) else { break };
            let Some(connection) = self.connections.get_mut(&key) else { break };
            self.anomalies.push((Anomaly::TcpLimit, connection.last_frame()));
            let before = connection.held();
            connection.flush(End::Limit, out);
            self.settle(key, before);
        }
        while self.connections.len() > STREAMS {
            let Some(Reverse((due, number, key))) = self.due.pop() else { break };
            let Some(connection) = self.connections.get_mut(&key).filter(|c| c.number == number && c.armed == due)
            else {
                continue;
            };
            let deadline = connection.deadline();
            if deadline > due {
                connection.armed = deadline;
                self.due.push(Reverse((deadline, number, key)));
                continue;
            }
            self.close(&key, out);
        }
    }

    fn close(&mut self, key: &Key, out: &mut Vec<R::Output>) {
        let Some(connection) = self.connections.remove(key) else { return };
        self.held = self.held.saturating_sub(connection.held());
        if let Some(place) = connection.waiting {
            self.waiting.remove(&place);
        }
        connection.close(out);
    }
}
