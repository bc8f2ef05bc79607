//! Connections made with openssl, and captured with their secrets: what was sent must come out, octet by octet. `tests/data/tls`
//! has them; each holds the four messages of `messages.sip`, once or several times.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::anomaly::Anomaly;
use crate::capture::Capture;
use crate::net::tcp::{Flags, Segment};
use crate::net::{Decoded, TcpReassembly, peel};
use crate::provenance::{FrameNumber, FrameRef, Provenance, Timestamp, Transport};
use crate::stream::{Messages, StreamEvent, StreamKind};

/// Name, version, whether a session is resumed, and how many times the messages are in it.
const CAPTURES: &[(&str, Version, usize)] = &[
    ("tls10-cbc", Version::Tls10, 1),
    ("tls12-cbc-encrypt-then-mac", Version::Tls12, 1),
    ("tls12-cbc-mac-then-encrypt", Version::Tls12, 1),
    ("tls12-ccm8", Version::Tls12, 1),
    ("tls12-chacha", Version::Tls12, 1),
    ("tls12-gcm", Version::Tls12, 1),
    ("tls12-renegotiated", Version::Tls12, 1),
    ("tls12-resumed", Version::Tls12, 2),
    ("tls12-rsa", Version::Tls12, 1),
    ("tls13-ccm", Version::Tls13, 1),
    ("tls13-chacha", Version::Tls13, 1),
    ("tls13-client-certificate", Version::Tls13, 1),
    ("tls13-gcm", Version::Tls13, 1),
    ("tls13-key-update", Version::Tls13, 2),
    ("tls13-retry", Version::Tls13, 1),
    ("tls13-websocket", Version::Tls13, 1),
];

struct Frame {
    head: Segment<'static>,
    payload: Vec<u8>,
    time: Timestamp,
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls")).join(name);
    fs::read(&path).unwrap()
}

/// The frames of a capture, and the secrets in it.
fn read(name: &str) -> (Vec<Frame>, Keys) {
    let octets = file(&format!("{name}.pcapng"));
    let mut capture = Capture::from_reader(PathBuf::from(name), Cursor::new(octets)).unwrap();
    capture.keep_secrets();
    let mut frames = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        let peeled = peel(frame.link_type, frame.bytes, frame.original_length, frame.time);
        let Decoded::Tcp(segment) = peeled.content else { panic!("{name}: {:?}", peeled.content) };
        let payload = segment.payload.to_vec();
        frames.push(Frame { head: Segment { payload: &[], ..segment }, payload, time: frame.time });
    }
    let keys = Keys::default();
    capture.take_secrets().iter().for_each(|secrets| keys.learn(&secrets.bytes));
    (frames, keys)
}

/// The same frames with segments of at most so many octets, every other one in front of the one before it.
fn events(frames: &[Frame], keys: &Keys, most: usize, swapped: bool) -> Vec<StreamEvent> {
    let mut table = TcpReassembly::<Messages>::new(keys.clone());
    let mut events = Vec::new();
    for (number, frame) in (1..).zip(frames) {
        let mut parts: Vec<(usize, &[u8])> =
            frame.payload.chunks(most).enumerate().map(|(n, part)| (n * most, part)).collect();
        if swapped {
            parts.chunks_mut(2).for_each(<[_]>::reverse);
        }
        let place = (FrameRef { file: 0, number: FrameNumber(number) }, &[][..], frame.time);
        table.expire(frame.time, &mut events);
        let flags = Flags { fin: frame.head.flags.fin && parts.is_empty(), ..frame.head.flags };
        if parts.is_empty() || flags.syn {
            table.push(&Segment { flags, ..frame.head }, place, frame.time, &mut events);
        }
        for (offset, payload) in parts {
            let sequence = frame.head.sequence.wrapping_add(u32::try_from(offset).unwrap());
            table.push(&Segment { sequence, flags, payload, ..frame.head }, place, frame.time, &mut events);
        }
        assert!(table.load().1 < 200_000);
    }
    table.flush(&mut events);
    assert_eq!(table.load(), (0, 0));
    events
}

fn messages(events: &[StreamEvent]) -> Vec<(Vec<u8>, &Provenance)> {
    let found = events.iter().filter_map(|event| match event {
        StreamEvent::Message(message, provenance) => Some((message.raw().to_vec(), provenance)),
        _ => None,
    });
    found.collect()
}

fn facts(events: &[StreamEvent]) -> Vec<&TlsStream> {
    let found =
        events.iter().filter_map(|event| if let StreamEvent::Tls(stream) = event { Some(&**stream) } else { None });
    found.collect()
}

fn kinds(events: &[StreamEvent]) -> Vec<StreamKind> {
    let kind = |event: &StreamEvent| if let StreamEvent::Kind(kind) = event { Some(*kind) } else { None };
    events.iter().filter_map(kind).collect()
}

/// What was sent, so many times.
fn sent(times: usize) -> Vec<u8> {
    file("messages.sip").repeat(times)
}

fn joined(events: &[StreamEvent]) -> Vec<u8> {
    messages(events).into_iter().flat_map(|(raw, _)| raw).collect()
}

#[test]
fn what_was_sent_comes_out_however_it_was_sealed_and_cut() {
    for (name, version, times) in CAPTURES {
        let (frames, keys) = read(name);
        for (most, swapped) in [(usize::MAX, false), (100, false), (7, true)] {
            let events = events(&frames, &keys, most, swapped);
            assert_eq!(
                String::from_utf8_lossy(&joined(&events)),
                String::from_utf8_lossy(&sent(*times)),
                "{name}, segments of {most}"
            );
            let secure = *name == "tls13-websocket";
            let transport = if secure { Transport::SecureWebSocket } else { Transport::Tls };
            let kind = if secure { StreamKind::SipWebSocketInTls } else { StreamKind::SipInTls };
            assert!(messages(&events).iter().all(|(_, at)| at.flow.transport == transport), "{name}");
            assert!(kinds(&events).iter().all(|found| *found == kind), "{name}");
            for stream in facts(&events) {
                assert_eq!((stream.version, stream.reading), (Some(*version), Reading::Decrypted), "{name}");
                assert!(stream.is_complete && !stream.has_failed(), "{name}: {stream:?}");
                assert_eq!(stream.server_name.as_deref(), Some("sip.example.com"), "{name}");
            }
        }
    }
}

#[test]
fn early_data_is_read() {
    let (frames, keys) = read("tls13-early-data");
    let events = events(&frames, &keys, 300, false);
    let invite = messages(&events).into_iter().next().unwrap().0;
    let expected = [sent(1), invite, sent(1)].concat();
    assert_eq!(String::from_utf8_lossy(&joined(&events)), String::from_utf8_lossy(&expected));
}

#[test]
fn the_frame_that_completes_a_record_is_that_of_its_message() {
    let (frames, keys) = read("tls13-gcm");
    let events = events(&frames, &keys, usize::MAX, false);
    let carries = |number: u64| frames[usize::try_from(number).unwrap() - 1].payload.first() == Some(&23);
    let numbers: Vec<u64> = messages(&events).iter().map(|(_, at)| at.frame.number.0).collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|number| carries(*number)), "{numbers:?}");
    assert!(messages(&events).iter().all(|(_, at)| at.other_frames.is_empty()));
}

#[test]
fn rsa_keys_open_rsa_key_exchange_and_sessions_resumed_from_it() {
    let mut secrets = Secrets::default();
    assert_eq!(secrets.add_pem(&String::from_utf8(file("rsa-key.pem")).unwrap()), 1);
    let keys = Keys::new(secrets);
    for (name, times) in [("tls10-cbc", 1), ("tls12-rsa", 1), ("tls12-resumed", 2), ("tls12-gcm", 0)] {
        let (frames, _) = read(name);
        let events = events(&frames, &keys.for_capture(), 100, false);
        assert_eq!(String::from_utf8_lossy(&joined(&events)), String::from_utf8_lossy(&sent(times)), "{name}");
    }
    let mut secrets = Secrets::default();
    assert_eq!(secrets.add_pem("-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n"), 0);
    assert!(secrets.is_empty());
}

#[test]
fn without_secrets_the_handshake_tells() {
    for (name, version, times) in CAPTURES.iter().filter(|(name, ..)| *name != "tls13-websocket") {
        let (frames, _) = read(name);
        let events = events(&frames, &Keys::default(), 100, false);
        assert!(
            messages(&events).is_empty() && kinds(&events).iter().all(|kind| *kind == StreamKind::SipTls),
            "{name}"
        );
        for (place, stream) in facts(&events).into_iter().enumerate() {
            assert_eq!((stream.version, stream.reading), (Some(*version), Reading::NoSecrets), "{name}");
            assert!(stream.is_complete && !stream.has_failed(), "{name}: {:?}", stream.alerts);
            assert_eq!(stream.is_resumed, place == 1 && *times == 2 && name.ends_with("resumed"), "{name}");
            let shown = stream.certificate.as_ref().map(|(facts, _)| (facts.subject.as_str(), facts.is_self_issued));
            let expected = (*version < Version::Tls13 && !stream.is_resumed).then_some(("CN=sip.example.com", true));
            assert_eq!(shown, expected, "{name}");
        }
    }
    // Without a name or a port that speaks of SIP it is any TLS.
    let (mut frames, _) = read("tls13-websocket");
    let name = frames.iter_mut().find_map(|frame| {
        let at = memchr::memmem::find(&frame.payload, b"sip.example.com")?;
        frame.payload.get_mut(at..at + 3)
    });
    name.unwrap().copy_from_slice(b"www");
    let events = events(&frames, &Keys::default(), 100, false);
    assert_eq!((kinds(&events), facts(&events).len()), (vec![StreamKind::Tls], 0));
}

#[test]
fn certificates_of_tls_1_3_are_seen_when_decrypted() {
    let (frames, keys) = read("tls13-client-certificate");
    let events = events(&frames, &keys, 50, false);
    let stream = facts(&events)[0];
    assert!(stream.asks_client_certificate && stream.certificate.is_some());
    let (client, place) = stream.client_certificate.as_ref().unwrap();
    assert_eq!((client.names[0].as_str(), client.chain), ("sip.example.com", 1));
    assert!(client.holds_for("SIP.example.com") && !client.holds_for("example.com"));
    assert_eq!(place.flow.source, stream.client);
}

/// Frames with data of the application, by direction.
fn data_frames(frames: &[Frame]) -> Vec<usize> {
    let carries = |frame: &Frame| frame.payload.first() == Some(&23);
    (0..frames.len()).filter(|n| carries(&frames[*n])).collect()
}

#[test]
fn behind_a_gap_reading_goes_on() {
    for name in ["tls12-gcm", "tls13-chacha", "tls12-cbc-mac-then-encrypt", "tls12-cbc-encrypt-then-mac"] {
        let (mut frames, keys) = read(name);
        // The first data of the server, behind tickets, is the provisional response.
        let server = frames[1].head.flow.source;
        let from_server =
            |n: &usize| frames[*n].head.flow.source == server && (280..400).contains(&frames[*n].payload.len());
        let of_server: Vec<usize> = data_frames(&frames).into_iter().filter(from_server).collect();
        frames.remove(of_server[of_server.len() - 2]);
        let events = events(&frames, &keys, usize::MAX, false);
        let starts: BTreeSet<String> =
            messages(&events).iter().map(|(raw, _)| String::from_utf8_lossy(&raw[..11]).into_owned()).collect();
        assert_eq!(starts, ["ACK sips:bo", "INVITE sips", "SIP/2.0 486"].map(str::to_owned).into(), "{name}");
        let gaps = events.iter().filter(|event| matches!(event, StreamEvent::Odd { anomaly: Anomaly::TcpGap, .. }));
        assert!(gaps.count() > 0, "{name}");
    }
}

#[test]
fn connections_that_were_open_before_say_so() {
    for name in ["tls12-gcm", "tls13-gcm", "tls10-cbc"] {
        let (frames, keys) = read(name);
        let data = data_frames(&frames);
        let from = data[data.len() - 3];
        let events = events(&frames[from..], &keys, 100, false);
        assert!(messages(&events).is_empty());
        let stream = facts(&events)[0];
        assert_eq!((stream.reading, stream.has_failed()), (Reading::NoHandshake, false), "{name}");
    }
}

#[test]
fn lines_of_key_logs_are_read_tolerantly() {
    let mut secrets = Secrets::default();
    let random = "ab".repeat(32);
    let log = format!(
        "# comment\r\nCLIENT_RANDOM {random} {secret}\r\nclient_random x\nEXPORTER_SECRET {random} 00\n\
         CLIENT_TRAFFIC_SECRET_0 {random} 0g\nCLIENT_RANDOM {random} {secret}\nRSA 0011223344556677 {secret}\n  \
         SERVER_TRAFFIC_SECRET_0\t{random}  {secret}\nCLIENT_RANDOM {short} {secret}",
        secret = "cd".repeat(48),
        short = "ab".repeat(31),
    );
    assert_eq!(secrets.add_lines(log.as_bytes()), 4);
    assert!(!format!("{secrets:?}").contains("cd"));
    assert!(Keys::new(secrets).knows(&[0xab; 32]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn octets_that_were_changed_or_left_out_do_no_harm(
        which in 0..CAPTURES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..6),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        most in 20..2000_usize,
    ) {
        let (name, _, times) = CAPTURES[which];
        let (mut frames, keys) = read(name);
        for (frame, at, value) in &changes {
            let place = frame.index(frames.len());
            let payload = &mut frames[place].payload;
            if !payload.is_empty() {
                let at = at.index(payload.len());
                payload[at] = *value;
            }
        }
        for place in &lost {
            frames.remove(place.index(frames.len()));
        }
        let events = events(&frames, &keys, most, false);
        // Nothing is invented: what is sealed is what was sent.
        prop_assert!(joined(&events).len() <= sent(times).len());
    }
}
