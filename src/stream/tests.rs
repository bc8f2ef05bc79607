//! Streams whole and in pieces: reassembly and reading together, as the pipeline has them.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::limits::{
    STREAM_CLOSED_IDLE, STREAM_GAP_ACKNOWLEDGED, STREAM_GAP_SILENT, STREAM_OCTETS, STREAM_PENDING_OCTETS, STREAMS,
};
use crate::net::TcpReassembly;
use crate::net::tcp::{Flags, Segment};
use crate::net::vlan::Vlans;
use crate::provenance::{Endpoint, FrameNumber, Transport};

mod hep;
mod websocket;

/// Sequence number of the client's SYN: the stream passes the end of the numbers soon.
const CLIENT: u32 = u32::MAX - 700;
const SERVER: u32 = 77;

fn flow() -> Flow {
    let endpoint = |address, port| Endpoint { address: std::net::IpAddr::from(address), port };
    Flow {
        source: endpoint([192, 0, 2, 10], 40_000),
        destination: endpoint([198, 51, 100, 30], 5060),
        transport: Transport::Tcp,
    }
}

fn segment(flow: Flow, sequence: u32, payload: &[u8]) -> Segment<'_> {
    Segment {
        flow,
        sequence,
        acknowledged: None,
        flags: Flags::default(),
        payload,
        missing: 0,
        ip_id: None,
        ttl: 64,
        vlan: Vlans::default(),
    }
}

/// A place to capture at: frames are numbered from 1.
#[derive(Default)]
struct Tap {
    table: TcpReassembly<Messages>,
    frames: u64,
    now: Timestamp,
    events: Vec<StreamEvent>,
}

impl Tap {
    /// Behind the handshake.
    fn connected() -> Self {
        let mut tap = Self::default();
        tap.syn(flow(), CLIENT);
        tap.push(&Segment {
            acknowledged: Some(CLIENT.wrapping_add(1)),
            flags: Flags { syn: true, ..Flags::default() },
            ..segment(flow().reversed(), SERVER, b"")
        });
        tap
    }

    fn syn(&mut self, flow: Flow, sequence: u32) {
        self.push(&Segment { flags: Flags { syn: true, ..Flags::default() }, ..segment(flow, sequence, b"") });
    }

    fn push(&mut self, segment: &Segment<'_>) {
        self.frames += 1;
        let frame = FrameRef { file: 0, number: FrameNumber(self.frames) };
        self.table.expire(self.now, &mut self.events);
        self.table.push(segment, (frame, &[], self.now), self.now, &mut self.events);
        self.now = self.now.plus(Duration::from_micros(100));
    }

    /// Octets of the client at an offset of its stream.
    fn client(&mut self, offset: usize, octets: &[u8]) {
        self.push(&segment(flow(), at(CLIENT, offset), octets));
    }

    fn server(&mut self, offset: usize, octets: &[u8]) {
        self.push(&segment(flow().reversed(), at(SERVER, offset), octets));
    }

    /// The server says that it has everything of the client up to an offset.
    fn acknowledge(&mut self, offset: usize) {
        let acknowledged = Some(at(CLIENT, offset));
        self.push(&Segment { acknowledged, ..segment(flow().reversed(), at(SERVER, 0), b"") });
    }

    fn finish(&mut self, offset: usize) {
        self.push(&Segment {
            flags: Flags { fin: true, ..Flags::default() },
            ..segment(flow(), at(CLIENT, offset), b"")
        });
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.table.expire(self.now, &mut self.events);
    }

    /// The octets of all messages so far, and where each was captured.
    fn messages(&self) -> Vec<(&[u8], &Provenance)> {
        let messages = self.events.iter().filter_map(|event| match event {
            StreamEvent::Message(message, provenance) => Some((message.raw(), provenance)),
            _ => None,
        });
        messages.collect()
    }

    fn raws(&self) -> Vec<String> {
        self.messages().into_iter().map(|(raw, _)| String::from_utf8_lossy(raw).into_owned()).collect()
    }

    /// Numbers of the frames of each message, the completing one first.
    fn places(&self) -> Vec<Vec<u64>> {
        let numbers = |p: &Provenance| [p.frame].iter().chain(p.other_frames.iter()).map(|f| f.number.0).collect();
        self.messages().into_iter().map(|(_, provenance)| numbers(provenance)).collect()
    }

    /// Every oddity: of the table, of streams, and of messages.
    fn anomalies(&mut self) -> Vec<Anomaly> {
        let mut all: Vec<_> = self.table.take_anomalies().into_iter().map(|(anomaly, _)| anomaly).collect();
        for event in &self.events {
            match event {
                StreamEvent::Odd { anomaly, .. } => all.push(*anomaly),
                StreamEvent::Message(message, _) => all.extend(message.anomalies()),
                StreamEvent::Kind(_)
                | StreamEvent::Other(..)
                | StreamEvent::Acknowledged { .. }
                | StreamEvent::Tls(_) => {}
            }
        }
        all.sort_unstable();
        all
    }

    /// Frames that show that the server has all requests so far.
    fn acknowledgements(&self) -> Vec<u64> {
        let frame = |event: &StreamEvent| match event {
            StreamEvent::Acknowledged { frame, flow: way, .. } if *way == flow() => Some(frame.number.0),
            _ => None,
        };
        self.events.iter().filter_map(frame).collect()
    }

    /// What the streams were, once all are forgotten.
    fn kinds(mut self) -> Vec<StreamKind> {
        self.table.flush(&mut self.events);
        assert_eq!(self.table.load(), (0, 0));
        let kind = |event: &StreamEvent| if let StreamEvent::Kind(kind) = event { Some(*kind) } else { None };
        self.events.iter().filter_map(kind).collect()
    }
}

fn upto(text: &str, octets: usize) -> &str {
    text.get(..octets).unwrap()
}

/// The sequence number of an offset behind a SYN.
fn at(initial: u32, offset: usize) -> u32 {
    initial.wrapping_add(1).wrapping_add(u32::try_from(offset).unwrap())
}

fn request(number: usize, body: &str) -> String {
    format!(
        "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10:40000;branch=z9hG4bK{number}\r\n\
         From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: {number}@192.0.2.10\r\n\
         CSeq: {number} MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A header block with a line in place of Content-Length, and a body of SDP.
fn invite(length: &str, body: &str) -> String {
    format!(
        "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10:40000;branch=z9hG4bKi\r\n\
         From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: i@192.0.2.10\r\n\
         CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n{length}\r\n{body}"
    )
}

/// Messages with blank lines between them, and a body that looks like a start line.
fn conversation() -> Vec<String> {
    vec![
        request(1, ""),
        request(2, "Hello"),
        request(3, "SIP/2.0 200 OK\r\n\r\n"),
        request(4, &"x".repeat(900)),
        request(5, "INVITE sip:bob@example.com SIP/2.0\r\n"),
        request(6, "\r\n"),
    ]
}

/// Cuts at which a stream of that length falls into segments, and the order in which they come, some of them again.
fn cuts_and_order(length: usize) -> impl Strategy<Value = (Vec<(usize, usize)>, Vec<usize>)> {
    prop::collection::vec(0..length, 0..24).prop_flat_map(move |mut cuts| {
        cuts.extend([0, length]);
        cuts.sort_unstable();
        cuts.dedup();
        let segments: Vec<_> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let count = segments.len();
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        let again = prop::collection::vec(0..count, 0..8);
        (Just(segments), order, again).prop_map(|(segments, mut order, again)| {
            for (place, index) in again.into_iter().enumerate() {
                order.insert((place * 7) % (order.len() + 1), index);
            }
            (segments, order)
        })
    })
}

fn joined(blank: &str) -> String {
    conversation().join(blank)
}

#[test]
fn who_has_all_octets_of_a_request_is_told_and_who_has_some_is_not() {
    let text = request(1, "Hello");
    let (whole, half) = (text.len(), text.len() / 2);
    let mut tap = Tap::connected();
    tap.client(0, text.as_bytes().get(..half).unwrap());
    // Half a request is none.
    tap.acknowledge(half);
    tap.client(half, text.as_bytes().get(half..).unwrap());
    tap.acknowledge(half);
    assert!(tap.acknowledgements().is_empty());
    tap.acknowledge(whole);
    tap.acknowledge(whole);
    assert_eq!(tap.acknowledgements(), [7], "once");
    // Line ends and responses ask for nothing.
    tap.client(whole, b"\r\n\r\n");
    tap.acknowledge(whole + 4);
    assert_eq!(tap.acknowledgements(), [7]);
    tap.client(whole + 4, request(2, "").as_bytes());
    tap.acknowledge(whole + 4 + request(2, "").len());
    assert_eq!(tap.acknowledgements(), [7, 12]);
}

proptest! {
    #[test]
    fn any_split_order_and_duplication_gives_the_same_messages(
        (segments, order) in cuts_and_order(joined("\r\n\r\n").len()),
    ) {
        let stream = joined("\r\n\r\n");
        let mut tap = Tap::connected();
        for index in &order {
            let (from, to) = segments[*index];
            tap.client(from, &stream.as_bytes()[from..to]);
        }
        prop_assert_eq!(tap.raws(), conversation());
        prop_assert_eq!(tap.anomalies(), []);
        prop_assert_eq!(tap.table.load(), (1, 0));
        // The frames of a message are those that brought its octets first, the last of them in front.
        let mut start = 0;
        for (message, place) in conversation().iter().zip(tap.places()) {
            let of_frame = |number: u64| segments[order[usize::try_from(number).unwrap() - 3]];
            let overlaps = |number: &u64| {
                let (from, to) = of_frame(*number);
                from < start + message.len() && to > start
            };
            prop_assert!(place.iter().all(overlaps), "{:?}", place);
            prop_assert_eq!(place.iter().max(), place.first());
            let held: usize = place.iter().map(|number| {
                let (from, to) = of_frame(*number);
                to.min(start + message.len()) - from.max(start)
            }).sum();
            prop_assert_eq!(held, message.len());
            start += message.len() + 4;
        }
    }

    #[test]
    fn overlapping_segments_with_the_same_octets_change_nothing(
        starts in prop::collection::vec((0..2000_usize, 1..700_usize), 0..30),
    ) {
        let stream = joined("");
        let mut tap = Tap::connected();
        let whole = (0..stream.len()).step_by(300).map(|from| (from, 300));
        for (from, length) in starts.into_iter().chain(whole) {
            let to = (from + length).min(stream.len());
            tap.client(from.min(to), &stream.as_bytes()[from.min(to)..to]);
        }
        prop_assert_eq!(tap.raws(), conversation());
        prop_assert_eq!(tap.anomalies(), []);
    }

    #[test]
    fn nothing_panics_and_memory_is_accounted_for(
        steps in prop::collection::vec(
            (0..3_usize, 0..4000_u32, prop::collection::vec(prop::sample::select(b"INVITE sip:a SIP/2.0\r\nl:9 ".to_vec()), 0..60), 0..32_u8, 0..40_u64),
            0..60,
        ),
    ) {
        let mut tap = Tap::default();
        for (who, sequence, payload, bits, seconds) in steps {
            let flow = if who == 0 { flow() } else { flow().reversed() };
            tap.push(&Segment {
                flags: Flags { syn: bits & 0b11 == 0b11, fin: bits & 0b1100 == 0b1100, rst: bits == 16 },
                acknowledged: (bits & 1 == 0).then_some(sequence + 500),
                missing: u16::from(bits & 0b110 == 0b110) * 30,
                ..segment(flow, sequence, &payload)
            });
            if bits & 0b11000 == 0b11000 {
                tap.wait(Duration::from_secs(seconds));
            }
        }
        tap.kinds();
    }
}

#[test]
fn the_frame_that_completes_a_message_is_its_frame() {
    let stream = request(1, "0123456789");
    let octets = stream.as_bytes();
    let (a, b, c) = (&octets[..50], &octets[50..200], &octets[200..]);
    let mut tap = Tap::connected();
    tap.client(0, a);
    tap.client(200, c);
    assert!(tap.messages().is_empty());
    tap.client(50, b);
    assert_eq!(tap.places(), [[5, 3, 4]]);
    // Two messages in one segment have one frame; the second says where it begins.
    let two = request(2, "") + &request(3, "");
    tap.client(stream.len(), two.as_bytes());
    assert_eq!(tap.places()[1..], [[6], [6]]);
    let offsets: Vec<_> = tap.messages().iter().map(|(_, p)| p.offset as usize).collect();
    assert_eq!(offsets, [0, 0, request(2, "").len()]);
}

#[test]
fn both_directions_are_read_and_the_first_octets_win() {
    let mut tap = Tap::connected();
    let answer = "SIP/2.0 200 OK\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n";
    let stream = request(1, "abcdefghij");
    let from = stream.len() - 10;
    tap.client(from, b"abcde");
    tap.client(from, b"XXXXXXXXXX");
    assert_eq!(tap.anomalies(), [Anomaly::TcpOverlap]);
    tap.server(0, answer.as_bytes());
    tap.client(0, &stream.as_bytes()[..from]);
    assert_eq!(tap.raws(), [answer.to_owned(), stream.replace("abcdefghij", "abcdeXXXXX")]);
    // What was read already is not read again; other octets in its place are told of.
    let again = stream.replace("MESSAGE sip", "message SIP");
    tap.client(0, &again.as_bytes()[..from]);
    assert_eq!((tap.raws().len(), tap.table.take_anomalies()[0].0), (2, Anomaly::TcpOverlap));
}

#[test]
fn a_segment_captured_twice_is_a_duplicate_and_one_sent_twice_is_none() {
    let stream = request(1, "");
    let mut tap = Tap::connected();
    let with_id = |id| Segment { ip_id: Some(id), ..segment(flow(), at(CLIENT, 0), stream.as_bytes()) };
    for id in [7, 7, 8] {
        tap.push(&with_id(id));
    }
    let counts = tap.table.counts();
    assert_eq!((tap.raws().len(), counts.duplicates, counts.retransmissions), (1, 1, 1));
}

#[test]
fn what_the_capture_lacks_is_passed_over() {
    for (acknowledged, wait) in [(true, STREAM_GAP_ACKNOWLEDGED), (false, STREAM_GAP_SILENT)] {
        let parts = [request(1, ""), request(2, "body"), request(3, "")];
        let stream = parts.concat();
        let lost = parts[0].len() + 20..parts[0].len() + 100;
        let mut tap = Tap::connected();
        tap.client(0, &stream.as_bytes()[..lost.start]);
        tap.client(lost.end, &stream.as_bytes()[lost.end..]);
        if acknowledged {
            tap.acknowledge(stream.len());
        }
        tap.wait(wait.saturating_sub(Duration::from_millis(10)));
        assert_eq!(tap.raws().len(), 1);
        tap.wait(Duration::from_millis(20));
        assert_eq!(tap.raws(), [parts[0].as_str(), &parts[2]], "the first line of the second is incomplete");
        assert_eq!(tap.anomalies(), [Anomaly::TcpGap]);
        // What was missing comes after all, and then the stream goes on.
        tap.client(lost.start, &stream.as_bytes()[lost.clone()]);
        tap.client(stream.len(), request(4, "").as_bytes());
        assert_eq!(tap.raws().len(), 3);
        assert_eq!(tap.raws()[2], request(4, ""));
    }
}

#[test]
fn a_gap_in_a_body_costs_that_body_alone() {
    for lost in [300..400, 300..1000] {
        let parts = [request(1, &"x".repeat(900)), request(2, ""), request(3, "")];
        let stream = parts.concat();
        let mut tap = Tap::connected();
        tap.client(0, &stream.as_bytes()[..lost.start]);
        tap.client(lost.end, &stream.as_bytes()[lost.end..]);
        tap.wait(STREAM_GAP_SILENT + Duration::from_secs(1));
        assert_eq!(tap.raws(), [upto(&stream, 300), &parts[1], &parts[2]]);
        assert_eq!(tap.anomalies(), [Anomaly::TcpGap, Anomaly::MessageCut]);
    }
}

#[test]
fn frames_cut_by_the_snap_length_are_read_as_far_as_they_go() {
    let parts = [request(1, &"x".repeat(100)), request(2, "")];
    let mut tap = Tap::connected();
    let first = parts[0].as_bytes();
    let missing = u16::try_from(first.len() - 250).unwrap();
    tap.push(&Segment { missing, ..segment(flow(), at(CLIENT, 0), &first[..250]) });
    tap.client(first.len(), parts[1].as_bytes());
    assert_eq!(tap.raws(), [upto(&parts[0], 250), &parts[1]]);
    assert!(!tap.anomalies().contains(&Anomaly::TcpGap));
}

#[test]
fn streams_that_were_open_before_are_taken_up_at_the_next_message() {
    let stream = request(1, "some text\r\nmore text\r\n") + &request(2, "");
    for from in [0, 30, 250] {
        let mut tap = Tap::default();
        for at in (from..stream.len()).step_by(64) {
            let to = (at + 64).min(stream.len());
            tap.client(at, &stream.as_bytes()[at..to]);
        }
        tap.wait(Duration::from_millis(200));
        let expected = if from == 0 {
            vec![request(1, "some text\r\nmore text\r\n"), request(2, "")]
        } else {
            vec![request(2, "")]
        };
        assert_eq!(tap.raws(), expected, "{from}");
        assert_eq!(tap.kinds(), [StreamKind::Sip]);
    }
}

#[test]
fn octets_that_were_overtaken_at_an_open_beginning_are_waited_for() {
    let stream = request(1, "text") + &request(2, "");
    for (first, size) in [(1, 1), (3, 2), (7, 5), (40, 40), (200, 90)] {
        let mut tap = Tap::default();
        let starts: Vec<usize> = (first..stream.len()).step_by(size).collect();
        let piece = |at: usize| &stream.as_bytes()[at..(at + size).min(stream.len())];
        // What comes first stands behind the beginning.
        tap.client(first, piece(first));
        tap.client(0, &stream.as_bytes()[..first]);
        for at in &starts[1..] {
            tap.client(*at, piece(*at));
        }
        tap.wait(Duration::from_millis(200));
        assert_eq!(tap.raws(), [request(1, "text"), request(2, "")], "{first} {size}");
        assert_eq!(tap.anomalies(), [], "{first} {size}");
    }
}

#[test]
fn a_missing_or_wrong_content_length_is_told_of_and_the_stream_recovers() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n";
    let next = request(2, "");
    let length = |n: usize| format!("Content-Length: {n}\r\n");
    for (name, line, anomalies) in [
        ("missing", String::new(), &[Anomaly::ContentLengthMissing][..]),
        ("right", length(sdp.len()), &[]),
        ("too long, within the next", length(sdp.len() + 20), &[Anomaly::ContentLengthTooLong]),
        ("too long, behind the next", length(sdp.len() + 2000), &[Anomaly::ContentLengthTooLong]),
        ("absurd", length(1 << 40), &[Anomaly::ContentLengthTooLong]),
        ("no number", "Content-Length: many\r\n".into(), &[Anomaly::ContentLengthInvalid]),
    ] {
        let first = invite(&line, sdp);
        let mut tap = Tap::connected();
        tap.client(0, format!("{first}{next}").as_bytes());
        assert_eq!(tap.raws(), [first.as_str(), &next], "{name}");
        assert_eq!(tap.anomalies(), anomalies, "{name}");
    }
    let first = invite(&length(sdp.len() - 9), sdp);
    let mut tap = Tap::connected();
    tap.client(0, format!("{first}{next}").as_bytes());
    assert_eq!(tap.raws(), [upto(&first, first.len() - 9), &next]);
    assert_eq!(tap.anomalies(), [Anomaly::ContentLengthTooShort]);
}

#[test]
fn the_rest_of_a_message_is_not_waited_for_without_end() {
    let first = invite("Content-Length: 500\r\n", "v=0\r\n");
    let mut tap = Tap::connected();
    tap.client(0, first.as_bytes());
    tap.wait(Duration::from_secs(31));
    assert!(tap.raws().is_empty());
    tap.wait(Duration::from_secs(2));
    assert_eq!(tap.raws(), std::slice::from_ref(&first));
    assert_eq!(tap.anomalies(), [Anomaly::ContentLengthTooLong]);
    tap.client(first.len(), request(2, "").as_bytes());
    assert_eq!(tap.raws().len(), 2);
    // A sender that has said everything will not say the rest.
    let mut tap = Tap::connected();
    tap.client(0, first.as_bytes());
    tap.finish(first.len());
    assert_eq!((tap.raws(), tap.anomalies()), (vec![first], vec![Anomaly::ContentLengthTooLong]));
}

#[test]
fn keep_alives_between_messages_are_nothing_odd() {
    let mut tap = Tap::connected();
    let mut offset = 0;
    for part in ["\r\n\r\n", &request(1, ""), "\r", "\n\r\n", "\r\n\r\n", &request(2, "x"), "\r\n"] {
        tap.client(offset, part.as_bytes());
        offset += part.len();
    }
    tap.server(0, b"\r\n");
    // Probes of TCP itself repeat the last octet, or bring another.
    tap.client(offset - 1, b"");
    tap.client(offset - 1, b"\0");
    assert_eq!((tap.raws().len(), tap.anomalies()), (2, vec![]));
    let mut pings = Tap::connected();
    pings.client(0, b"\r\n\r\n");
    pings.server(0, b"\r\n");
    assert_eq!(pings.kinds(), [StreamKind::KeepAlive]);
}

#[test]
fn ports_are_used_again() {
    let mut tap = Tap::connected();
    tap.client(0, request(1, "").as_bytes());
    tap.finish(request(1, "").len());
    tap.syn(flow(), CLIENT.wrapping_add(100));
    tap.push(&segment(flow(), CLIENT.wrapping_add(101), request(2, "").as_bytes()));
    // Without the handshake, too, when the numbers are others.
    tap.push(&segment(flow(), CLIENT.wrapping_sub(50_000_000), request(3, "").as_bytes()));
    assert_eq!(tap.raws(), [request(1, ""), request(2, ""), request(3, "")]);
    assert_eq!(tap.kinds(), [StreamKind::Sip; 2]);
}

#[test]
fn a_reset_ends_what_was_begun_and_a_forged_one_does_not() {
    let first = request(1, "unfinished");
    let mut tap = Tap::connected();
    tap.client(0, &first.as_bytes()[..first.len() - 3]);
    let reset = |offset: u32| Segment {
        flags: Flags { rst: true, ..Flags::default() },
        ..segment(flow(), at(CLIENT, first.len()).wrapping_add(offset), b"")
    };
    tap.push(&reset(1 << 30));
    assert!(tap.raws().is_empty());
    tap.push(&reset(0));
    assert_eq!((tap.raws().len(), tap.anomalies()), (1, vec![Anomaly::MessageCut]));
    tap.wait(STREAM_CLOSED_IDLE + Duration::from_secs(1));
    assert_eq!(tap.table.load(), (0, 0));
}

#[test]
fn other_streams_are_given_up_by_their_first_octets() {
    let hello = [&[0x16, 3, 1, 0, 50, 1][..], &[0; 60]].concat();
    for (octets, port, expected) in [
        (&b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"[..], 5060, StreamKind::Http),
        (b"HTTP/1.1 200 OK\r\n\r\n", 5060, StreamKind::Http),
        (b"SSH-2.0-OpenSSH_9.9\r\n", 22, StreamKind::Ssh),
        (b"OPTIONS rtsp://192.0.2.1/ RTSP/1.0\r\n", 554, StreamKind::Rtsp),
        (b"MSRP a786hjs2 SEND\r\n", 2855, StreamKind::Msrp),
        (b"EHLO example.com\r\nINVITE sip:a SIP/2.0\r\n\r\n", 25, StreamKind::OtherTcp),
        (b"\x01\x00\x00\x14INVITE sip:a SIP/2.0\r\n\r\n", 3868, StreamKind::OtherTcp),
        (&hello, 443, StreamKind::Tls),
        (&hello, 5061, StreamKind::SipTls),
        (b"\x17\x03\x03", 5061, StreamKind::SipTls),
        (b"PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n\r\n", 5060, StreamKind::Http),
        (b"", 5060, StreamKind::NoData),
    ] {
        let mut with_port = flow();
        with_port.destination.port = port;
        let mut tap = Tap::default();
        tap.syn(with_port, CLIENT);
        for n in 0..40 {
            tap.push(&segment(with_port, at(CLIENT, n * octets.len()), octets));
        }
        // What may be a record of TLS with SIP in it is waited for.
        let most = if expected == StreamKind::SipTls { 16 << 10 } else { 0 };
        assert!(tap.table.load().1 <= most, "{expected}: {:?}", tap.table.load());
        assert!(tap.raws().is_empty());
        assert_eq!((tap.anomalies(), tap.kinds()), (vec![], vec![expected]));
    }
}

#[test]
fn what_waited_behind_the_octets_that_told_is_not_a_beginning() {
    let first = "neither SIP nor anything else\r\n";
    let mut tap = Tap::connected();
    tap.client(first.len(), request(1, "").as_bytes());
    tap.client(0, first.as_bytes());
    assert!(tap.raws().is_empty());
    assert_eq!(tap.kinds(), [StreamKind::OtherTcp]);
}

#[test]
fn what_a_load_balancer_puts_in_front_is_passed_over() {
    let binary = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[7; 12]].concat();
    for header in [&b"PROXY TCP4 192.0.2.10 198.51.100.30 40000 5060\r\n"[..], &binary] {
        for size in [1, 5, 1000] {
            let mut tap = Tap::connected();
            let stream = [header, request(1, "").as_bytes()].concat();
            for from in (0..stream.len()).step_by(size) {
                tap.client(from, &stream[from..stream.len().min(from + size)]);
            }
            assert_eq!((tap.raws(), tap.anomalies()), (vec![request(1, "")], vec![]));
        }
    }
}

#[test]
fn a_flood_of_connections_is_bounded_and_leaves_those_with_sip() {
    let mut tap = Tap::connected();
    tap.client(0, request(1, "").as_bytes());
    for n in 0..u32::try_from(STREAMS + 500).unwrap() {
        let mut other = flow();
        other.source.address = std::net::IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        tap.syn(other, n);
        assert!(tap.table.load().0 <= STREAMS);
    }
    tap.client(request(1, "").len(), request(2, "").as_bytes());
    assert_eq!(tap.raws().len(), 2);
}

#[test]
fn tiny_segments_and_far_ones_are_bounded() {
    // One octet at a time, without an end of the header.
    let mut tap = Tap::connected();
    let endless = format!("INVITE sip:a SIP/2.0\r\nX: {}", "y".repeat(60_000));
    for (at, octet) in endless.bytes().enumerate() {
        tap.client(at, &[octet]);
    }
    let (_, held) = tap.table.load();
    assert!(held < endless.len() + 200_000, "{held}");
    // Octets at the edge of what the window allows, each with a hole in front of it.
    let mut tap = Tap::connected();
    for n in 1..60_000 {
        tap.client(n * 17_000, b"z");
        assert!(tap.table.load().1 <= STREAM_PENDING_OCTETS + 1000);
    }
    assert!(tap.anomalies().contains(&Anomaly::TcpLimit));
}

#[test]
fn memory_for_all_connections_is_bounded() {
    let mut tap = Tap::default();
    let half = invite("Content-Length: 900000\r\n", &format!("a={}", "x".repeat(60_000)));
    for n in 0..1500_u32 {
        let mut other = flow();
        other.source.address = std::net::IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        tap.push(&segment(other, n, half.as_bytes()));
        assert!(tap.table.load().1 <= STREAM_OCTETS);
    }
    // Those that had to go were read as far as they went.
    let read = tap.raws().len();
    assert!(read > 300 && tap.anomalies().contains(&Anomaly::TcpLimit), "{read}");
}
