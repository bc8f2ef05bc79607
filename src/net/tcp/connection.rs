//! One connection: its two directions and whoever reads it.

use super::half::{Accept, Half};
use super::reassembly::TcpCounts;
use super::recent::Repeat;
use super::{Direction, End, Gap, Origin, Segment, StreamReader};
use crate::anomaly::Anomaly;
use crate::limits::{STREAM_CLOSED_IDLE, STREAM_EARLY_HELD, STREAM_IDLE, STREAM_PENDING_OCTETS, STREAM_SILENT_IDLE};
use crate::provenance::{Flow, FrameRef, Timestamp};

/// What reading a segment brings beside the output of the reader.
pub(super) struct Notes<'a> {
    pub(super) counts: &'a mut TcpCounts,
    pub(super) anomalies: &'a mut Vec<(Anomaly, FrameRef)>,
}

/// The state of a connection.
#[derive(Debug)]
pub(super) struct Connection<R> {
    /// Place in the order of all connections.
    pub(super) number: u64,
    /// The flow of [`Direction::Up`].
    flow: Flow,
    halves: [Half; 2],
    reader: R,
    last: Timestamp,
    last_frame: FrameRef,
    /// Whether octets came in either direction.
    spoke: bool,
    closed: bool,
    /// When it is to be looked at next, as the table knows it.
    pub(super) armed: Timestamp,
    /// Its place among those that hold memory.
    pub(super) waiting: Option<u64>,
}

impl<R: StreamReader> Connection<R> {
    pub(super) fn new(number: u64, flow: &Flow, context: &R::Context) -> Self {
        let flow = if Direction::of(flow) == Direction::Up { *flow } else { flow.reversed() };
        Self {
            number,
            flow,
            halves: [Half::default(), Half::default()],
            reader: R::new(context),
            last: Timestamp::default(),
            last_frame: FrameRef::default(),
            spoke: false,
            closed: false,
            armed: Timestamp(i64::MAX),
            waiting: None,
        }
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        let [up, down] = &mut self.halves;
        if direction == Direction::Up { up } else { down }
    }

    /// Direction, flow and state of both directions, and the reader.
    fn parts(&mut self) -> ([(Flow, &mut Half); 2], &mut R) {
        let [up, down] = &mut self.halves;
        ([(self.flow, up), (self.flow.reversed(), down)], &mut self.reader)
    }

    /// Memory held, in octets.
    pub(super) fn held(&self) -> usize {
        let [up, down] = &self.halves;
        up.pending.cost() + down.pending.cost() + self.reader.held()
    }

    /// When it has to be looked at if nothing comes.
    pub(super) fn deadline(&self) -> Timestamp {
        let gaps = self.halves.iter().filter_map(Half::deadline);
        gaps.chain(self.reader.deadline()).fold(self.idle_deadline(), Timestamp::min)
    }

    /// When it can be forgotten if nothing comes.
    fn idle_deadline(&self) -> Timestamp {
        let idle = match (self.closed, self.spoke && self.reader.is_interested()) {
            (true, _) => STREAM_CLOSED_IDLE,
            (false, true) => STREAM_IDLE,
            (false, false) => STREAM_SILENT_IDLE,
        };
        self.last.plus(idle)
    }

    /// Whether a segment begins another connection between the same ports.
    pub(super) fn is_replaced_by(&self, segment: &Segment<'_>) -> bool {
        let [up, down] = &self.halves;
        let (same, other) = if Direction::of(&segment.flow) == Direction::Up { (up, down) } else { (down, up) };
        if !segment.flags.syn || same.initial == Some(segment.sequence) {
            return false;
        }
        // The answer to a SYN belongs to it; a first SYN may have been captured behind the answer.
        let fresh = same.initial.is_none() && !self.spoke && !self.closed;
        let answers = segment.acknowledged.zip(other.initial).is_some_and(|(ack, syn)| ack == syn.wrapping_add(1));
        !(fresh && (answers || other.initial.is_none() || segment.acknowledged.is_none()))
    }

    /// Takes a segment.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        origin: &Origin,
        now: Timestamp,
        notes: &mut Notes<'_>,
        out: &mut Vec<R::Output>,
    ) {
        let direction = Direction::of(&segment.flow);
        (self.last, self.last_frame) = (now, origin.frame);
        let mut sequence = segment.sequence;
        if segment.flags.syn {
            if self.half(direction).initial.is_none() {
                self.half(direction).begin(sequence);
            }
            sequence = sequence.wrapping_add(1);
        }
        if let Some(acknowledged) = segment.acknowledged {
            let half = self.half(direction.opposite());
            half.acknowledge(acknowledged);
            if half.is_acknowledged() && self.reader.is_interested() {
                self.reader.acknowledged(&segment.flow.reversed(), origin, out);
            }
        }
        if !segment.payload.is_empty() || segment.missing > 0 {
            self.spoke = true;
            if self.reader.is_interested() {
                self.octets(direction, sequence, segment, origin, now, notes, out);
            }
        }
        if segment.flags.fin {
            self.finish(direction, sequence, segment);
        }
        self.tell_ends(out);
        if !self.reader.is_interested() {
            self.halves.iter_mut().for_each(Half::forget);
        }
        if segment.flags.rst && self.half(direction).is_near(sequence) {
            self.closed = true;
            let has_ended = self.half(direction).ended;
            self.flush_with(|d| if d == direction && !has_ended { End::Reset } else { End::Broken }, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what belongs to the segment, and where the results go")]
    fn octets(
        &mut self,
        direction: Direction,
        sequence: u32,
        segment: &Segment<'_>,
        origin: &Origin,
        now: Timestamp,
        notes: &mut Notes<'_>,
        out: &mut Vec<R::Output>,
    ) {
        let (half, reader) = match (&mut self.halves, direction) {
            ([half, _], Direction::Up) | ([_, half], Direction::Down) => (half, &mut self.reader),
        };
        let begins = if R::may_begin(segment.payload) {
            half.begin_unless_begun(sequence)
        } else {
            half.begin_early_unless_begun(sequence)
        };
        if begins {
            reader.gap(&segment.flow, Gap::Start, out);
        }
        let Some(start) = half.position(sequence) else { return };
        match half.repeat(start, segment, origin.time) {
            Repeat::New => {}
            Repeat::Duplicate => notes.counts.duplicates += 1,
            Repeat::Retransmission => notes.counts.retransmissions += 1,
            Repeat::Contradiction => notes.anomalies.push((Anomaly::TcpOverlap, origin.frame)),
        }
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let mut accept = half.accept(start, length);
        while accept == Accept::Jump {
            reader.gap(&segment.flow, Gap::Jump, out);
            accept = half.accept(start, length);
        }
        match accept {
            Accept::Read(skip) => {
                let octets = segment.payload.get(skip..).unwrap_or_default();
                read(reader, &segment.flow, octets, u64::from(segment.missing), origin, out);
                half.advance(start + length);
            }
            Accept::Hold => {
                if half.hold(start, segment, origin) {
                    notes.anomalies.push((Anomaly::TcpOverlap, origin.frame));
                }
                drain(half, reader, &segment.flow, out);
                if half.is_open_ended && half.pending.cost() > STREAM_EARLY_HELD {
                    pass_over(half, reader, &segment.flow, out);
                }
                while half.pending.cost() > STREAM_PENDING_OCTETS {
                    notes.anomalies.push((Anomaly::TcpLimit, origin.frame));
                    pass_over(half, reader, &segment.flow, out);
                }
                half.wait(now);
            }
            Accept::Old | Accept::Jump => {}
        }
    }

    fn finish(&mut self, direction: Direction, sequence: u32, segment: &Segment<'_>) {
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let half = self.half(direction);
        half.begin_unless_begun(sequence);
        if let Some(at) = half.position(sequence).filter(|_| half.is_near(sequence)) {
            half.finish_at(at + length);
        }
    }

    /// Tells the reader of directions that have ended.
    fn tell_ends(&mut self, out: &mut Vec<R::Output>) {
        let (halves, reader) = self.parts();
        for (flow, half) in halves {
            if half.is_finished() {
                half.ended = true;
                reader.end(&flow, End::Finished, out);
            }
        }
        self.closed |= self.halves.iter().all(|half| half.ended);
    }

    /// Does what is due at `now`.
    pub(super) fn time_out(&mut self, now: Timestamp, out: &mut Vec<R::Output>) {
        let (mut halves, reader) = self.parts();
        // What waits longest is older.
        halves.sort_by_key(|(_, half)| half.deadline().unwrap_or(Timestamp(i64::MAX)));
        for (flow, half) in halves {
            if half.deadline().is_some_and(|due| due <= now) {
                pass_over(half, reader, &flow, out);
                half.wait(now);
            }
        }
        if self.reader.deadline().is_some_and(|due| due <= now) {
            let flow = self.flow;
            self.reader.time_out(&flow, now, out);
        }
        self.tell_ends(out);
    }

    /// Reads what can be read of what is held, and gives up the rest.
    pub(super) fn flush(&mut self, end: End, out: &mut Vec<R::Output>) {
        self.flush_with(|_| end, out);
    }

    /// The same, with an end for each direction.
    fn flush_with(&mut self, end: impl Fn(Direction) -> End, out: &mut Vec<R::Output>) {
        let (mut halves, reader) = self.parts();
        halves.sort_by_key(|(_, half)| half.deadline().unwrap_or(Timestamp(i64::MAX)));
        for (flow, half) in halves {
            while !half.pending.is_empty() {
                pass_over(half, reader, &flow, out);
            }
            reader.end(&flow, end(Direction::of(&flow)), out);
        }
    }

    /// Ends it.
    pub(super) fn close(mut self, out: &mut Vec<R::Output>) {
        self.flush(End::Broken, out);
        self.reader.close(out);
    }

    pub(super) fn last_frame(&self) -> FrameRef {
        self.last_frame
    }

    /// Whether nothing came for so long that it can be forgotten.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.idle_deadline() <= now
    }
}

/// Hands octets to the reader, and says how many behind them the snap length cut off.
fn read<R: StreamReader>(
    reader: &mut R,
    flow: &Flow,
    octets: &[u8],
    cut: u64,
    origin: &Origin,
    out: &mut Vec<R::Output>,
) {
    if !octets.is_empty() {
        reader.octets(flow, octets, origin, out);
    }
    if cut > 0 {
        reader.gap(flow, Gap::Cut(cut), out);
    }
}

/// Reads what waits and has become due.
fn drain<R: StreamReader>(half: &mut Half, reader: &mut R, flow: &Flow, out: &mut Vec<R::Output>) {
    loop {
        let jumped = half.has_jumped();
        let Some(piece) = half.ready() else { break };
        if jumped {
            reader.gap(flow, Gap::Jump, out);
        }
        let cut = piece.length.saturating_sub(piece.octets.len() as u64);
        read(reader, flow, &piece.octets, cut, &piece.origin, out);
    }
}

/// Gives up what is missing in front of what waits, and reads on.
fn pass_over<R: StreamReader>(half: &mut Half, reader: &mut R, flow: &Flow, out: &mut Vec<R::Output>) {
    if let Some(missing) = half.pass_over() {
        if missing > 0 {
            reader.gap(flow, Gap::Missing(missing), out);
        }
        drain(half, reader, flow, out);
    }
}
