//! The associations that are open, direction by direction, with bounded memory and timeouts in capture time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::mem;

use super::chunk::{Chunk, Chunks};
use super::direction::{Direction, Given, Repeat};
use super::kind::SctpKind;
use super::packet::Packet;
use crate::anomaly::Anomaly;
use crate::limits::{SCTP_DIRECTION_OCTETS, SCTP_DIRECTIONS, SCTP_OCTETS, STREAM_IDLE};
use crate::net::tcp::{Arrived, Origin, Seen};
use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp};

/// What became of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SctpCounts {
    /// Packets that came in.
    pub packets: u64,
    /// Packets whose data were captured twice.
    pub duplicates: u64,
    /// Packets with data that were sent again.
    pub retransmissions: u64,
}

/// What came out of an association.
#[derive(Debug)]
pub enum SctpEvent {
    /// A user message that may be SIP.
    Message(UserMessage),
    /// A user message that is something else by its payload protocol identifier.
    Other(SctpKind),
    /// Chunks of a direction with SIP are missing from the capture.
    Gap(Flow),
}

/// A user message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMessage {
    /// Its octets.
    pub octets: Vec<u8>,
    /// Whether octets are missing at its end.
    pub cut: bool,
    /// Addresses and ports of the packet that completed it.
    pub flow: Flow,
    /// The frames that brought it.
    pub seen: Seen,
}

/// Ports of sender and receiver, and the verification tag of the receiver: what all packets of a direction have in common, whatever
/// addresses they use.
type Key = (u16, u16, u32);

#[derive(Debug)]
struct Entry {
    direction: Direction,
    /// The addresses of the latest packet with data.
    path: Option<(Endpoint, Endpoint)>,
    last: Timestamp,
    last_frame: FrameRef,
    /// Its place in the order of the latest packets.
    turn: u64,
    /// When it is to be looked at, as the table knows it.
    armed: Timestamp,
}

/// Puts user messages together from packets that come in capture order.
///
/// - A chunk is taken once, by its transmission sequence number.
/// - The messages of a stream come in their order, unordered ones when they are whole. What is missing is waited for: shortly if the
///   other end has acknowledged it (then the capture lacks it), longer if it has not.
/// - State is limited by [`SCTP_DIRECTIONS`], [`SCTP_OCTETS`] and [`SCTP_DIRECTION_OCTETS`] ([`Anomaly::SctpLimit`]).
#[derive(Debug, Default)]
pub struct SctpReassembly {
    entries: HashMap<Key, Entry>,
    /// Which direction sent data last between two addresses: what acknowledgements that go back there are about.
    paths: HashMap<(Endpoint, Endpoint), Key>,
    turns: BTreeMap<u64, Key>,
    next_turn: u64,
    /// When directions are to be looked at; entries that are not armed for that time are stale.
    due: BinaryHeap<Reverse<(Timestamp, Key)>>,
    held: usize,
    arrivals: u64,
    counts: SctpCounts,
    anomalies: Vec<(Anomaly, FrameRef)>,
}

impl SctpReassembly {
    /// Takes a packet, while the capture clock shows `now`.
    pub fn push<'a>(
        &mut self,
        packet: &Packet<'_>,
        arrived: impl Into<Arrived<'a>>,
        now: Timestamp,
        out: &mut Vec<SctpEvent>,
    ) {
        self.counts.packets += 1;
        self.arrivals += 1;
        let ports = (packet.flow.source.port, packet.flow.destination.port);
        let key = (ports.0, ports.1, packet.tag);
        let origin = arrived.into().origin(packet.ttl, self.arrivals);
        let mut repeats = [false; 2];
        for chunk in Chunks::new(packet.chunks) {
            match chunk {
                Chunk::Data(data) => {
                    let mut given = Given::default();
                    let data = super::chunk::Data { cut: data.cut && packet.cut, ..data };
                    let (entry, before) = self.entry(key, packet, &origin, now);
                    let repeat = entry.direction.data(&data, packet.flow, &origin, now, &mut given);
                    repeats[0] |= repeat == Repeat::Duplicate;
                    repeats[1] |= repeat == Repeat::Retransmission;
                    let known = SctpKind::of_protocol(data.protocol).filter(|_| repeat == Repeat::New && data.first);
                    out.extend(known.filter(|_| !data.is_interleaved()).map(SctpEvent::Other));
                    self.give(key, given, packet.flow, out);
                    self.account(key, before);
                    self.keep_limits(key, packet.flow, out);
                }
                Chunk::InitAck(tag) => {
                    self.begin((ports.1, ports.0, tag), now);
                    self.begin(key, now);
                }
                Chunk::Acknowledged(tsn) => {
                    let path = (packet.flow.destination, packet.flow.source);
                    if let Some(key) = self.paths.get(&path).copied() {
                        self.entries.entry(key).and_modify(|entry| entry.direction.acknowledge(tsn));
                        self.arm(key);
                    }
                }
                Chunk::Other => {}
            }
        }
        self.counts.duplicates += u64::from(repeats[0]);
        self.counts.retransmissions += u64::from(repeats[1] && !repeats[0]);
    }

    /// Does what is due at `now`. Cheap if nothing is.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<SctpEvent>) {
        while let Some(Reverse((due, key))) = self.due.peek().copied().filter(|Reverse((due, _))| *due <= now) {
            self.due.pop();
            let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.armed == due) else { continue };
            entry.armed = Timestamp(i64::MAX);
            if entry.last.plus(STREAM_IDLE) <= now {
                self.remove(key, out);
                continue;
            }
            let (before, mut given) = (entry.direction.cost(), Given::default());
            entry.direction.time_out(now, &mut given);
            let flow = entry.flow();
            self.give(key, given, flow, out);
            self.account(key, before);
            self.arm(key);
        }
    }

    /// Up to which moment, itself not included, [`Self::expire`] has nothing to do, if no packet comes.
    pub fn quiet_before(&self) -> Timestamp {
        self.due.peek().map_or(Timestamp(i64::MAX), |Reverse((due, _))| *due)
    }

    /// Ends everything, at the end of the capture, in the order of the latest packets.
    pub fn flush(&mut self, out: &mut Vec<SctpEvent>) {
        while let Some((_, key)) = self.turns.first_key_value().map(|(turn, key)| (*turn, *key)) {
            self.remove(key, out);
        }
        self.due.clear();
    }

    /// The anomalies since the last call, each with the last frame concerned.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// What became of the packets so far.
    pub fn counts(&self) -> SctpCounts {
        self.counts
    }

    /// Directions that are open, and memory they take.
    pub fn load(&self) -> (usize, usize) {
        (self.entries.len(), self.held)
    }

    #[cfg(test)]
    pub(super) fn paths_and_turns(&self) -> (usize, usize) {
        (self.paths.len(), self.turns.len())
    }

    /// The direction of a packet with data, and what it held before.
    fn entry(&mut self, key: Key, packet: &Packet<'_>, origin: &Origin, now: Timestamp) -> (&mut Entry, usize) {
        self.open(key, now, Direction::default);
        self.next_turn += 1;
        let path = (packet.flow.source, packet.flow.destination);
        let (turn, paths, turns) = (self.next_turn, &mut self.paths, &mut self.turns);
        let entry = self.entries.entry(key).or_insert_with(|| Entry::new(Direction::default(), turn, now));
        turns.remove(&entry.turn);
        turns.insert(turn, key);
        (entry.turn, entry.last, entry.last_frame) = (turn, now, origin.frame);
        if entry.path != Some(path) || paths.get(&path) != Some(&key) {
            if let Some(old) = entry.path.filter(|old| paths.get(old) == Some(&key)) {
                paths.remove(&old);
            }
            entry.path = Some(path);
            paths.insert(path, key);
        }
        let before = entry.direction.cost();
        (entry, before)
    }

    fn open(&mut self, key: Key, now: Timestamp, direction: fn() -> Direction) {
        if self.entries.contains_key(&key) {
            return;
        }
        self.next_turn += 1;
        self.turns.insert(self.next_turn, key);
        self.entries.insert(key, Entry::new(direction(), self.next_turn, now));
        self.arm(key);
    }

    /// A direction begins here, by the handshake.
    fn begin(&mut self, key: Key, now: Timestamp) {
        self.open(key, now, Direction::begun);
    }

    /// Hands on what a direction gave.
    fn give(&mut self, key: Key, given: Given, flow: Flow, out: &mut Vec<SctpEvent>) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        for whole in given.messages {
            if let Some(kind) = SctpKind::of_protocol(whole.head.protocol) {
                out.push(SctpEvent::Other(kind));
                continue;
            }
            entry.direction.is_sip |= SctpKind::of_octets(&whole.octets) == SctpKind::Sip;
            let (octets, cut, flow, seen) = (whole.octets, whole.cut, whole.flow, whole.seen);
            out.push(SctpEvent::Message(UserMessage { octets, cut, flow, seen }));
        }
        if given.gaps > 0 && entry.direction.is_sip {
            out.push(SctpEvent::Gap(flow));
        }
    }

    /// Takes note of what a direction holds, after something happened to it.
    fn account(&mut self, key: Key, before: usize) {
        let cost = self.entries.get(&key).map_or(0, |entry| entry.direction.cost());
        self.held = (self.held + cost).saturating_sub(before);
        self.arm(key);
    }

    fn arm(&mut self, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let due = entry.direction.deadline().into_iter().fold(entry.last.plus(STREAM_IDLE), Timestamp::min);
        if due < entry.armed {
            entry.armed = due;
            self.due.push(Reverse((due, key)));
        }
    }

    fn keep_limits(&mut self, key: Key, flow: Flow, out: &mut Vec<SctpEvent>) {
        if let Some(entry) = self.entries.get_mut(&key).filter(|e| e.direction.cost() > SCTP_DIRECTION_OCTETS) {
            let (before, mut given) = (entry.direction.cost(), Given::default());
            entry.direction.forget_all(&mut given);
            self.anomalies.push((Anomaly::SctpLimit, entry.last_frame));
            self.give(key, given, flow, out);
            self.account(key, before);
        }
        while self.entries.len() > SCTP_DIRECTIONS || self.held > SCTP_OCTETS {
            let Some((_, key)) = self.turns.first_key_value().map(|(turn, key)| (*turn, *key)) else { break };
            let Some(entry) = self.entries.get(&key) else { break };
            if self.held > SCTP_OCTETS {
                self.anomalies.push((Anomaly::SctpLimit, entry.last_frame));
            }
            self.remove(key, out);
        }
    }

    fn remove(&mut self, key: Key, out: &mut Vec<SctpEvent>) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let mut given = Given::default();
        self.held = self.held.saturating_sub(entry.direction.cost());
        entry.direction.flush(&mut given);
        let flow = entry.flow();
        self.give(key, given, flow, out);
        if let Some(entry) = self.entries.remove(&key) {
            self.turns.remove(&entry.turn);
            if let Some(path) = entry.path.filter(|path| self.paths.get(path) == Some(&key)) {
                self.paths.remove(&path);
            }
        }
    }
}

impl Entry {
    fn new(direction: Direction, turn: u64, now: Timestamp) -> Self {
        let (last, last_frame, armed) = (now, FrameRef::default(), Timestamp(i64::MAX));
        Self { direction, path: None, last, last_frame, turn, armed }
    }

    /// The flow of its latest packet with data.
    fn flow(&self) -> Flow {
        let nobody = Endpoint { address: std::net::Ipv4Addr::UNSPECIFIED.into(), port: 0 };
        let (source, destination) = self.path.unwrap_or((nobody, nobody));
        Flow { source, destination, transport: crate::provenance::Transport::Sctp }
    }
}
