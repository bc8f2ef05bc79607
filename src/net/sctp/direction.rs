//! One direction of an association: what came, what comes again, and what has to wait.

use std::collections::BTreeMap;

use super::assembly::{Assembly, Head, Number, Piece, Row, Whole};
use super::chunk::{Data, Order};
use super::kind::SctpKind;
use crate::limits::{
    DUPLICATE_SPACING, SCTP_REMEMBERED, STREAM_GAP_ACKNOWLEDGED, STREAM_GAP_SILENT, STREAM_MESSAGE_WAIT, STREAM_OLD,
};
use crate::net::tcp::Origin;
use crate::provenance::{Flow, Timestamp};

/// Where numbers begin: they count on where they wrap, and may fall back a little.
const FIRST: u64 = 1 << 40;
/// Rough cost of a number that is remembered, and of a stream.
const NUMBER_COST: usize = 48;
const STREAM_COST: usize = 64;

/// What a chunk with data is in the light of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    New,
    /// Captured twice.
    Duplicate,
    /// Sent again.
    Retransmission,
}

/// What a direction gives: messages to be read, and whether chunks in front of them are missing.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) messages: Vec<Whole>,
    /// Gaps that were passed over.
    pub(super) gaps: u64,
}

/// A stream, whose ordered messages wait for those before them.
#[derive(Debug)]
struct Stream {
    /// Unwrapped number of the next message; unknown in an association that was open before the capture began.
    next: Option<u64>,
    held: BTreeMap<u64, Whole>,
}

/// The state of a direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// The latest TSN with its unwrapped value.
    latest: Option<(u32, u64)>,
    /// TSNs that came, with the time; those below `settled` only as long as copies of them are likely.
    came: BTreeMap<u64, Timestamp>,
    /// Everything below it came, or is not waited for any more.
    settled: u64,
    /// Everything below it has come at the other end.
    acknowledged: u64,
    /// Whether the handshake was captured, so that numbers of messages begin at 0.
    begun: bool,
    /// By number, those of DATA and of I-DATA apart.
    streams: BTreeMap<(u16, bool), Stream>,
    assembly: Assembly,
    /// Memory taken by messages that wait for others.
    held: usize,
    /// When the first of them began to wait.
    waits_since: Option<Timestamp>,
    /// Whether it carries SIP.
    pub(super) is_sip: bool,
}

impl Direction {
    /// A direction whose beginning was captured.
    pub(super) fn begun() -> Self {
        Self { begun: true, ..Self::default() }
    }

    /// Memory taken, in octets.
    pub(super) fn cost(&self) -> usize {
        self.held + self.assembly.cost() + self.came.len() * NUMBER_COST + self.streams.len() * STREAM_COST
    }

    /// Takes note of an acknowledgement of the other end, of everything up to a TSN.
    pub(super) fn acknowledge(&mut self, tsn: u32) {
        if let Some(at) = self.position(tsn).filter(|at| at.abs_diff(self.settled) <= STREAM_OLD) {
            self.acknowledged = self.acknowledged.max(at + 1);
        }
    }

    /// The unwrapped value of a TSN: the one that is nearest to the latest.
    fn position(&self, tsn: u32) -> Option<u64> {
        let (latest, at) = self.latest?;
        Some(at.saturating_add_signed(i64::from(tsn.wrapping_sub(latest).cast_signed())))
    }

    /// Takes a chunk with data.
    pub(super) fn data(
        &mut self,
        data: &Data<'_>,
        flow: Flow,
        origin: &Origin,
        now: Timestamp,
        given: &mut Given,
    ) -> Repeat {
        let tsn = match self.position(data.tsn) {
            Some(at) if at.abs_diff(self.settled) <= STREAM_OLD => at,
            // Numbers that have nothing to do with those before: another association under the same tag.
            Some(_) => {
                self.flush(given);
                *self = Self { is_sip: self.is_sip, ..Self::default() };
                self.start(data.tsn)
            }
            None => self.start(data.tsn),
        };
        let repeat = self.note(tsn, origin.time);
        if repeat != Repeat::New {
            return repeat;
        }
        if self.latest.is_none_or(|(_, latest)| tsn > latest) {
            self.latest = Some((data.tsn, tsn));
        }
        // Of I-DATA only the first fragment says what it is.
        if data.is_interleaved() || SctpKind::of_protocol(data.protocol).is_none() {
            let (row, at) = place(data, tsn);
            if let Some(whole) = self.assembly.insert(row, at, piece(data, tsn, flow, origin), now) {
                self.ordered(whole, given);
            }
        }
        if self.held == 0 {
            self.waits_since = None;
        } else {
            self.waits_since.get_or_insert(now);
        }
        self.settle();
        self.forget();
        Repeat::New
    }

    fn start(&mut self, tsn: u32) -> u64 {
        self.latest = Some((tsn, FIRST));
        // What came a little earlier than the first may still come out of order.
        (self.settled, self.acknowledged) = (FIRST, 0);
        FIRST
    }

    /// Remembers a TSN; says whether it is known.
    fn note(&mut self, tsn: u64, time: Timestamp) -> Repeat {
        match self.came.get(&tsn) {
            // One of the two is zero; the times of two taps may be out of order.
            Some(known) if time.since(*known).max(known.since(time)) < DUPLICATE_SPACING => Repeat::Duplicate,
            Some(_) => Repeat::Retransmission,
            // Older than all that is remembered.
            None if self.came.len() >= SCTP_REMEMBERED
                && self.came.first_key_value().is_some_and(|(a, _)| tsn < *a) =>
            {
                Repeat::Retransmission
            }
            None => {
                self.came.insert(tsn, time);
                Repeat::New
            }
        }
    }

    /// Moves on over what has come.
    fn settle(&mut self) {
        while self.came.contains_key(&self.settled) {
            self.settled += 1;
        }
    }

    /// Forgets TSNs that were settled long ago.
    fn forget(&mut self) {
        while self.came.len() > SCTP_REMEMBERED && self.came.first_key_value().is_some_and(|(at, _)| *at < self.settled)
        {
            self.came.pop_first();
        }
    }

    /// The first TSN behind what is missing, and when it came.
    fn behind_gap(&self) -> Option<(u64, Timestamp)> {
        self.came.range(self.settled..).next().map(|(at, time)| (*at, *time))
    }

    /// When it has to be looked at if nothing comes.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let gap = self.behind_gap().map(|(at, since)| self.gap_deadline(at, since));
        let rest = self.assembly.oldest().map(|since| since.plus(STREAM_MESSAGE_WAIT));
        gap.into_iter().chain(rest).chain(self.order_deadline()).min()
    }

    /// When messages do not wait any longer for one before them of which no chunk is missing: it came before the capture began.
    fn order_deadline(&self) -> Option<Timestamp> {
        self.waits_since.filter(|_| self.held > 0).map(|since| since.plus(STREAM_GAP_SILENT))
    }

    /// When what is missing in front of a TSN is given up. The other end acknowledged it: the capture lacks it for sure. Otherwise it is
    /// being sent again.
    fn gap_deadline(&self, behind: u64, since: Timestamp) -> Timestamp {
        since.plus(if self.acknowledged >= behind { STREAM_GAP_ACKNOWLEDGED } else { STREAM_GAP_SILENT })
    }

    /// Does what is due at `now`.
    pub(super) fn time_out(&mut self, now: Timestamp, given: &mut Given) {
        while let Some((at, _)) = self.behind_gap().filter(|(at, since)| self.gap_deadline(*at, *since) <= now) {
            self.pass_over(at, given);
        }
        if self.behind_gap().is_none() && self.order_deadline().is_some_and(|due| due <= now) {
            given.gaps += 1;
        }
        let wait = i64::try_from(STREAM_MESSAGE_WAIT.as_nanos()).unwrap_or(i64::MAX);
        self.give_up(Timestamp(now.0.saturating_sub(wait)), given);
        self.waits_since = if self.held > 0 { Some(now) } else { None };
        self.forget();
    }

    /// Gives up everything that is waited for.
    pub(super) fn flush(&mut self, given: &mut Given) {
        while let Some((at, _)) = self.behind_gap() {
            self.pass_over(at, given);
        }
        self.give_up(Timestamp(i64::MAX), given);
        self.forget();
    }

    /// Forgets what only serves to tell copies and order, where memory is short.
    pub(super) fn forget_all(&mut self, given: &mut Given) {
        self.flush(given);
        self.came.clear();
        self.streams.clear();
        self.begun = false;
    }

    fn pass_over(&mut self, to: u64, given: &mut Given) {
        given.gaps += 1;
        self.settled = to;
        self.settle();
    }

    /// Hands on what waits for what is not going to come.
    fn give_up(&mut self, since: Timestamp, given: &mut Given) {
        let whole = self.assembly.give_up(self.settled, since);
        for whole in whole {
            self.ordered(whole, given);
        }
        if self.held == 0 {
            return;
        }
        // All messages in front of one whose chunks are settled have come, or are not going to.
        let settled = self.settled;
        for stream in self.streams.values_mut() {
            let last = stream.held.iter().filter(|(_, whole)| whole.tsn < settled).map(|(at, _)| *at).max();
            let Some(last) = last else { continue };
            let rest = stream.held.split_off(&(last + 1));
            let ready = std::mem::replace(&mut stream.held, rest);
            stream.next = Some(last + 1);
            self.held -= ready.values().map(Whole::cost).sum::<usize>();
            given.messages.extend(ready.into_values());
        }
    }

    /// Hands a message on, with those that waited for it, or lets it wait for those before it.
    fn ordered(&mut self, whole: Whole, given: &mut Given) {
        if whole.head.unordered {
            given.messages.push(whole);
            return;
        }
        let is_long = matches!(whole.head.number, Number::Long(_));
        let begun = self.begun.then_some(FIRST);
        let stream = self
            .streams
            .entry((whole.head.stream, is_long))
            .or_insert_with(|| Stream { next: begun, held: BTreeMap::new() });
        let at = unwrap(whole.head.number, stream.next);
        // Late rather than never: what was given up may come after all.
        let next = stream.next.unwrap_or(at);
        if at > next {
            self.held += whole.cost();
            if let Some(before) = stream.held.insert(at, whole) {
                self.held -= before.cost();
            }
            return;
        }
        given.messages.push(whole);
        let mut next = next.max(at + 1);
        while let Some(ready) = stream.held.remove(&next) {
            self.held -= ready.cost();
            given.messages.push(ready);
            next += 1;
        }
        stream.next = Some(next);
    }
}

/// The row of a fragment, and its place in it.
fn place(data: &Data<'_>, tsn: u64) -> (Row, u64) {
    match data.order {
        Order::Sequence(_) => (Row::All, tsn),
        Order::Message(message, fragment) => {
            (Row::Message { stream: data.stream, unordered: data.unordered, message }, fragment.into())
        }
    }
}

fn piece(data: &Data<'_>, tsn: u64, flow: Flow, origin: &Origin) -> Piece {
    let number = match data.order {
        Order::Sequence(number) => Number::Short(number),
        Order::Message(number, _) => Number::Long(number),
    };
    let head = Head { stream: data.stream, unordered: data.unordered, number, protocol: data.protocol };
    Piece {
        head,
        tsn,
        first: data.first,
        last: data.last,
        octets: data.payload.to_vec(),
        cut: data.cut,
        flow,
        origin: origin.clone(),
    }
}

/// The unwrapped number of a message: the one that is nearest to the next. The first number counts as itself where it may be the
/// beginning of the stream, and it is where reading begins in any case.
fn unwrap(number: Number, next: Option<u64>) -> u64 {
    match number {
        Number::Short(number) => {
            let next = next.unwrap_or(FIRST + u64::from(number));
            let [.., high, low] = next.to_be_bytes();
            let distance = number.wrapping_sub(u16::from_be_bytes([high, low])).cast_signed();
            next.saturating_add_signed(distance.into())
        }
        Number::Long(number) => {
            let next = next.unwrap_or(FIRST + u64::from(number));
            let [.., a, b, c, d] = next.to_be_bytes();
            let distance = number.wrapping_sub(u32::from_be_bytes([a, b, c, d])).cast_signed();
            next.saturating_add_signed(distance.into())
        }
    }
}
