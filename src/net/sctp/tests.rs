use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::anomaly::Anomaly;
use crate::limits::{SCTP_DIRECTION_OCTETS, SCTP_DIRECTIONS, SCTP_OCTETS};
use crate::provenance::{Endpoint, Flow, FrameNumber, FrameRef, Timestamp, Transport};

const TAG: u32 = 0xfeed_0001;

/// The flow of all packets, whose sender and receiver have an address for each path.
fn flow(path: u8) -> Flow {
    let end = |last: u8, port| Endpoint { address: Ipv4Addr::new(192, 0, 2, last + 10 * path).into(), port };
    Flow { source: end(1, 5060), destination: end(2, 5070), transport: Transport::Sctp }
}

/// How a message is chunked.
#[derive(Debug, Clone, Copy)]
struct Chunking {
    stream: u16,
    unordered: bool,
    interleaved: bool,
    size: usize,
}

const PLAIN: Chunking = Chunking { stream: 0, unordered: false, interleaved: false, size: 1000 };

fn padded(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap().to_be_bytes();
    let mut chunk = [&[kind, flags][..], &length, value].concat();
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// The chunks of a message, the first with that TSN and the message with that number in its stream.
fn chunks(message: &[u8], tsn: u32, number: u32, how: Chunking, protocol: u32) -> Vec<Vec<u8>> {
    let parts: Vec<&[u8]> = message.chunks(how.size).collect();
    let last = parts.len() - 1;
    let chunk = |(at, part): (usize, &&[u8])| {
        let index = u32::try_from(at).unwrap();
        let flags = u8::from(how.unordered) << 2 | u8::from(at == 0) << 1 | u8::from(at == last);
        let start = [&tsn.wrapping_add(index).to_be_bytes()[..], &how.stream.to_be_bytes()].concat();
        if how.interleaved {
            let field = if at == 0 { protocol } else { index };
            padded(64, flags, &[&start[..], &[0, 0], &number.to_be_bytes(), &field.to_be_bytes(), part].concat())
        } else {
            let number = u16::try_from(number & 0xffff).unwrap().to_be_bytes();
            padded(0, flags, &[&start[..], &number, &protocol.to_be_bytes(), part].concat())
        }
    };
    parts.iter().enumerate().map(chunk).collect()
}

fn message(number: usize, length: usize) -> Vec<u8> {
    let mut message = format!("OPTIONS sip:{number}@b.example SIP/2.0\r\n").into_bytes();
    message.resize(message.len().max(length), b'x');
    message
}

#[derive(Default)]
struct Tap {
    table: SctpReassembly,
    events: Vec<SctpEvent>,
    frames: u64,
    now: Timestamp,
}

impl Tap {
    fn push_on(&mut self, flow: Flow, tag: u32, chunks: &[u8], cut: bool) {
        self.frames += 1;
        let frame = FrameRef { file: 0, number: FrameNumber(self.frames) };
        let packet = Packet { flow, tag, chunks, cut, ip_id: None, ttl: 64 };
        self.table.push(&packet, (frame, &[], self.now), self.now, &mut self.events);
        let (directions, held) = self.table.load();
        assert!(directions <= SCTP_DIRECTIONS && held <= SCTP_OCTETS);
    }

    fn push(&mut self, chunks: &[u8]) {
        self.push_on(flow(0), TAG, chunks, false);
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.table.expire(self.now, &mut self.events);
    }

    /// The handshake: the receiver accepts with the tag that all packets carry.
    fn handshake(&mut self) {
        let value = [&TAG.to_be_bytes()[..], &[0; 12]].concat();
        self.push_on(flow(0).reversed(), 0xbeef, &padded(2, 0, &value), false);
    }

    fn messages(&self) -> Vec<&UserMessage> {
        let mut messages = Vec::new();
        for event in &self.events {
            if let SctpEvent::Message(message) = event {
                messages.push(message);
            }
        }
        messages
    }

    fn octets(&self) -> Vec<Vec<u8>> {
        self.messages().into_iter().map(|message| message.octets.clone()).collect()
    }

    fn gaps(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, SctpEvent::Gap(_))).count()
    }

    fn finish(&mut self) {
        self.table.flush(&mut self.events);
        assert_eq!(self.table.load(), (0, 0));
        assert!(self.table.paths_and_turns() == (0, 0));
    }
}

/// A message, how it is chunked, and its chunks.
type Sent = (Vec<u8>, Chunking, Vec<Vec<u8>>);

/// Messages of several streams with their chunks, in the order of sending.
fn sent(initial: u32, kinds: &[(u16, bool, bool, usize, usize)]) -> Vec<Sent> {
    let (mut tsn, mut numbers) = (initial, std::collections::BTreeMap::new());
    let mut all = Vec::new();
    for (at, (stream, unordered, interleaved, length, size)) in kinds.iter().copied().enumerate() {
        let how = Chunking { stream, unordered, interleaved, size };
        let number = numbers.entry((stream, unordered, interleaved)).or_insert(0_u32);
        let message = message(at, length);
        let parts = chunks(&message, tsn, *number, how, 0);
        *number += 1;
        tsn = tsn.wrapping_add(u32::try_from(parts.len()).unwrap());
        all.push((message, how, parts));
    }
    all
}

fn of_stream(messages: &[Sent], stream: u16, interleaved: bool) -> Vec<Vec<u8>> {
    let is_of = |how: &Chunking| (how.stream, how.interleaved, how.unordered) == (stream, interleaved, false);
    messages.iter().filter(|(_, how, _)| is_of(how)).map(|(message, ..)| message.clone()).collect()
}

proptest! {
    #[test]
    fn any_split_order_and_duplication_gives_the_same_messages(
        kinds in prop::collection::vec((0..3_u16, any::<bool>(), any::<bool>(), 30..300_usize, 20..200_usize), 1..8),
        initial: u32,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        bundle in 1..4_usize,
        shuffle: u64,
    ) {
        let messages = sent(initial, &kinds);
        let mut parts: Vec<Vec<u8>> = messages.iter().flat_map(|(_, _, parts)| parts.clone()).collect();
        parts.extend(order.iter().map(|index| index.get(&parts).clone()).collect::<Vec<_>>());
        let mut state = shuffle;
        for at in (1..parts.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            parts.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        let mut tap = Tap::default();
        tap.handshake();
        for (at, bundle) in parts.chunks(bundle).enumerate() {
            // An association uses all addresses of its ends.
            tap.push_on(flow(u8::try_from(at % 3).unwrap()), TAG, &bundle.concat(), false);
        }
        let before = tap.octets().len();
        prop_assert_eq!(before, messages.len());
        tap.finish();
        prop_assert_eq!(tap.octets().len(), before);
        prop_assert_eq!(tap.gaps(), 0);
        let mut found = tap.octets();
        for stream in 0..3 {
            for interleaved in [false, true] {
                let expected = of_stream(&messages, stream, interleaved);
                let got: Vec<_> = found.iter().filter(|octets| expected.contains(octets)).cloned().collect();
                prop_assert_eq!(got, expected);
            }
        }
        let mut expected: Vec<_> = messages.into_iter().map(|(message, ..)| message).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_chunks_panic_and_memory_is_given_back(
        packets in prop::collection::vec((0..3_u32, prop::collection::vec(any::<u8>(), 0..80), any::<bool>()), 0..30),
        parts in prop::collection::vec((0..40_u32, 0..5_u32, 0..8_u8, any::<bool>(), 0..20_usize), 0..60),
    ) {
        let mut tap = Tap::default();
        for (tag, octets, cut) in &packets {
            tap.push_on(flow(0), *tag, octets, *cut);
            tap.wait(Duration::from_millis(400));
        }
        for (tsn, number, flags, interleaved, length) in parts {
            let start = [&tsn.to_be_bytes()[..], &[0, 1, 0, 0]].concat();
            let value = [&start[..], &number.to_be_bytes(), &tsn.to_be_bytes()[..4], &vec![b'x'; length]].concat();
            tap.push(&padded(if interleaved { 64 } else { 0 }, flags, &value));
            tap.wait(Duration::from_millis(300));
        }
        tap.finish();
    }
}

#[test]
fn the_completing_frame_is_named_and_all_others() {
    let text = message(1, 90);
    let parts = chunks(&text, 7, 0, Chunking { size: 30, ..PLAIN }, 0);
    let mut tap = Tap::default();
    for index in [2, 0, 0] {
        tap.push(&parts[index]);
        assert!(tap.messages().is_empty());
    }
    tap.now = Timestamp(5);
    tap.push_on(flow(1), TAG, &parts[1], false);
    let [message] = tap.messages()[..] else { panic!() };
    assert_eq!((&message.octets, message.cut, message.flow), (&text, false, flow(1)));
    assert_eq!((message.seen.frame.number.0, message.seen.time), (4, Timestamp(5)));
    assert_eq!(message.seen.other_frames.iter().map(|f| f.number.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((tap.table.counts().packets, tap.table.counts().duplicates), (4, 1));
}

#[test]
fn a_message_waits_for_those_before_it_as_long_as_they_may_come() {
    let one =
        |number: u32| chunks(&message(usize::try_from(number).unwrap(), 40), 10 + number, number, PLAIN, 0).concat();
    let acknowledgement = padded(3, 0, &[&14_u32.to_be_bytes()[..], &[0; 8]].concat());
    for (acknowledged, wait) in [(false, 10_000), (true, 250)] {
        let mut tap = Tap::default();
        tap.push(&one(0));
        tap.push(&one(2));
        tap.push(&chunks(&message(9, 40), 13, 0, Chunking { unordered: true, ..PLAIN }, 0).concat());
        assert_eq!(tap.octets(), [message(0, 40), message(9, 40)], "what is not ordered does not wait");
        if acknowledged {
            tap.push_on(flow(0).reversed(), 0xbeef, &acknowledgement, false);
        }
        tap.wait(Duration::from_millis(wait - 1));
        assert_eq!((tap.octets().len(), tap.gaps()), (2, 0));
        tap.wait(Duration::from_millis(1));
        assert_eq!((tap.octets().len(), tap.gaps()), (3, 1));
        // Late rather than never.
        tap.push(&one(1));
        assert_eq!(tap.octets()[2..], [message(2, 40), message(1, 40)]);
        tap.push(&one(3 + 1));
        assert_eq!(tap.octets().len(), 4);
        tap.finish();
        assert_eq!(tap.octets().len(), 5);
    }
}

#[test]
fn what_lacks_its_end_is_read_as_far_as_it_goes() {
    let parts = chunks(&message(1, 90), 7, 0, Chunking { size: 30, ..PLAIN }, 0);
    let mut tap = Tap::default();
    tap.push(&parts[0]);
    tap.push(&parts[1]);
    tap.wait(Duration::from_secs(32));
    assert_eq!((tap.octets(), tap.messages()[0].cut), (vec![message(1, 90)[..60].to_vec()], true));
    // Without its beginning there is nothing to be read.
    let mut tap = Tap::default();
    tap.push(&parts[1]);
    tap.push(&parts[2]);
    tap.finish();
    assert!(tap.messages().is_empty());
    // Cut by the snap length.
    let mut tap = Tap::default();
    let whole = chunks(&message(1, 90), 7, 0, PLAIN, 0).concat();
    tap.push_on(flow(0), TAG, &whole[..60], true);
    assert_eq!((tap.octets(), tap.messages()[0].cut), (vec![message(1, 90)[..44].to_vec()], true));
}

#[test]
fn others_are_counted_by_name_and_take_no_memory() {
    let mut tap = Tap::default();
    for part in chunks(&[1; 3000], 1, 0, PLAIN, 46) {
        tap.push(&part);
    }
    for part in chunks(&[1; 3000], 9, 1, Chunking { interleaved: true, ..PLAIN }, 3) {
        tap.push(&part);
    }
    let kind = |event: &SctpEvent| match event {
        SctpEvent::Other(kind) => *kind,
        other => panic!("{other:?}"),
    };
    let kinds: Vec<_> = tap.events.iter().map(kind).collect();
    assert_eq!(kinds, [SctpKind::Diameter, SctpKind::Sigtran]);
    assert!(tap.table.load().1 < 1000);
}

#[test]
fn associations_are_told_by_their_tags() {
    let mut tap = Tap::default();
    for (tag, text) in [(1, message(1, 60)), (2, message(2, 60))] {
        tap.push_on(flow(0), tag, &chunks(&text, 7, 0, Chunking { size: 30, ..PLAIN }, 0)[0], false);
    }
    for (tag, text) in [(2, message(2, 60)), (1, message(1, 60))] {
        tap.push_on(flow(1), tag, &chunks(&text, 7, 0, Chunking { size: 30, ..PLAIN }, 0)[1], false);
    }
    assert_eq!(tap.octets(), [message(2, 60), message(1, 60)]);
}

#[test]
fn floods_stay_within_the_limits() {
    // Fragments that never become whole, of one direction and of many, and directions without end.
    let fragment =
        |tsn: u32, length: usize| padded(0, 0, &[&tsn.to_be_bytes()[..], &[0; 8], &vec![b'x'; length]].concat());
    let mut tap = Tap::default();
    for tsn in 0..40_000 {
        tap.push(&fragment(2 * tsn, 1));
        assert!(tap.table.load().1 <= SCTP_DIRECTION_OCTETS);
    }
    assert!(tap.table.take_anomalies().iter().all(|(anomaly, _)| *anomaly == Anomaly::SctpLimit));
    tap.finish();
    let mut tap = Tap::default();
    for tag in 0..3000 {
        tap.push_on(flow(0), tag, &fragment(1, 60_000), false);
    }
    assert!(!tap.table.take_anomalies().is_empty());
    tap.finish();
    let mut tap = Tap::default();
    for tag in 0..70_000 {
        tap.push_on(flow(0), tag, &chunks(b"x", 1, 0, PLAIN, 0)[0], false);
    }
    assert_eq!(tap.table.load().0, SCTP_DIRECTIONS);
    // Streams and messages that wait in each of them.
    let mut tap = Tap::default();
    tap.handshake();
    for tsn in 0..60_000_u32 {
        let stream = u16::try_from(tsn).unwrap();
        tap.push(&chunks(b"x", tsn, 1 + (tsn & 1), Chunking { stream, ..PLAIN }, 0)[0]);
        assert!(tap.table.load().1 <= SCTP_DIRECTION_OCTETS);
    }
    tap.finish();
    assert_eq!(tap.octets().len(), 60_000);
}

#[test]
fn an_idle_direction_is_forgotten() {
    let mut tap = Tap::default();
    tap.push(&chunks(b"x", 1, 0, PLAIN, 0)[0]);
    tap.wait(Duration::from_hours(1));
    assert_eq!(tap.table.load().0, 1);
    tap.wait(Duration::from_hours(1));
    assert_eq!(tap.table.load(), (0, 0));
}
