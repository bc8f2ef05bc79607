//! The samples: every capture is what its text says, and the texts mean what the documentation says they mean.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use sipscan::anomaly::Anomaly;
use sipscan::capture::Capture;
use sipscan::net::{Decoded, IpReassembly, decode};
use sipscan::provenance::{FrameNumber, FrameRef};
use sipscan::sample::{Flow, Format, SampleDatagram};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(path: &Path) -> String {
    String::from_utf8(read(path)).unwrap_or_else(|_| panic!("{}: not UTF-8", path.display()))
}

/// All files below a directory, in order.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

fn texts() -> Vec<PathBuf> {
    let found: Vec<_> =
        files(&samples()).into_iter().filter(|path| path.extension().is_some_and(|e| e == "txt")).collect();
    assert!(found.len() > 30, "{found:?}");
    found
}

fn parse(path: &Path) -> Flow {
    Flow::parse(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same datagrams, by way of frames, decoding and reassembly.
fn through_the_net(flow: &Flow) -> Vec<SampleDatagram> {
    let mut reassembly = IpReassembly::new();
    let mut found = Vec::new();
    for (number, frame) in (1..).zip(flow.frames()) {
        let place = FrameRef { file: 0, number: FrameNumber(number) };
        match decode(flow.link_type(), &frame.bytes, frame.original_length) {
            Decoded::Udp(datagram) => found.push(SampleDatagram {
                time: frame.time,
                flow: datagram.flow,
                ip_id: datagram.ip_id,
                ttl: datagram.ttl,
                payload: datagram.payload.to_vec(),
                wire_length: 0,
                frame: place.number,
                other_frames: Vec::new(),
            }),
            Decoded::Fragment(fragment) => {
                let Some(whole) = reassembly.push(&fragment, place, frame.time) else { continue };
                let Decoded::Udp(datagram) = whole.decode().content else { continue };
                found.push(SampleDatagram {
                    time: whole.time,
                    flow: datagram.flow,
                    ip_id: datagram.ip_id,
                    ttl: datagram.ttl,
                    payload: datagram.payload.to_vec(),
                    wire_length: 0,
                    frame: whole.frame.number,
                    other_frames: whole.other_frames.iter().map(|other| other.number).collect(),
                });
            }
            Decoded::Icmp(_) | Decoded::Tcp(_) | Decoded::Sctp(_) => {}
            Decoded::Skipped(reason) => panic!("frame {number}: {reason:?}"),
        }
    }
    found
}

fn datagrams(flow: &Flow) -> Vec<SampleDatagram> {
    flow.datagrams().into_iter().map(|datagram| SampleDatagram { wire_length: 0, ..datagram }).collect()
}

#[test]
fn every_capture_is_what_its_text_says() {
    for path in texts() {
        let flow = parse(&path);
        let target = path.with_extension(if flow.format() == Format::Pcapng { "pcapng" } else { "pcap" });
        assert!(read(&target) == flow.to_pcap(), "{} differs; run `cargo run --example make_sample`", target.display());
    }
}

#[test]
fn every_capture_has_a_text() {
    let all = files(&samples());
    for path in all.iter().filter(|path| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng")) {
        assert!(all.contains(&path.with_extension("txt")), "{} has no text", path.display());
    }
}

#[test]
fn every_text_begins_with_what_it_is_about() {
    for path in texts() {
        assert!(text(&path).starts_with("# "), "{} does not begin with a comment", path.display());
    }
}

#[test]
fn datagrams_are_those_of_the_frames() {
    for path in texts() {
        let flow = parse(&path);
        assert_eq!(datagrams(&flow), through_the_net(&flow), "{}", path.display());
    }
}

#[test]
fn datagrams_are_those_of_the_frames_in_any_shape() {
    let steps = "host a 192.0.2.1\nhost b 192.0.2.2:5070\nhost c 2001:db8::1\nhost d [2001:db8::2]:5070\n\n\
                 0 a > b fragment=200\nINVITE sip:x@example.com\n\n\
                 0.1 b > a fragment=64 lose-fragment=2\n100 Trying\n\n0.2 b > a cut=150\n180 Ringing\n\n\
                 0.3 c > d call=2 fragment=100 repeat=0.5\nINVITE sip:y@example.com\n\n0.4 d > c call=2 cut=90\n486 Busy Here\n\n\
                 1 a > b ttl=3 dup=0.0005\nhex 00\n";
    for link in ["ethernet", "sll", "sll2", "raw", "null"] {
        let flow = Flow::parse(&format!("link {link}\n{steps}")).unwrap();
        let direct = datagrams(&flow);
        assert_eq!(direct.len(), 7, "{link}");
        assert_eq!(direct, through_the_net(&flow), "{link}");
    }
    let tagged = Flow::parse(&steps.replace(" fragment=", " vlan=7,42 fragment=")).unwrap();
    assert_eq!(datagrams(&tagged), through_the_net(&tagged));
}

#[test]
fn captures_are_read_as_they_were_written() {
    for format in ["pcap", "pcap-ns", "pcapng"] {
        let flow = Flow::parse(&format!(
            "format {format}\nlink sll\n\n0.000123 192.0.2.1 > 192.0.2.2\nhex 01 02 03\n\n1 192.0.2.2 > 192.0.2.1 cut=50\nOPTIONS sip:x\n"
        ))
        .unwrap();
        let mut capture = Capture::from_reader(format.into(), Cursor::new(flow.to_pcap())).unwrap();
        for (number, wanted) in (1..).zip(flow.frames()) {
            let frame = capture.next_frame().unwrap().unwrap();
            assert_eq!(frame.reference.number, FrameNumber(number), "{format}");
            assert_eq!((frame.time, frame.link_type), (wanted.time, flow.link_type()), "{format}");
            assert_eq!((frame.bytes, frame.original_length), (&wanted.bytes[..], wanted.original_length), "{format}");
        }
        assert!(capture.next_frame().unwrap().is_none(), "{format}");
    }
}

/// The anomalies of all messages of a sample.
fn anomalies(path: &Path) -> BTreeSet<Anomaly> {
    let datagrams = parse(path).datagrams();
    let framed = datagrams.iter().flat_map(|datagram| sipscan::sip::messages(&datagram.payload, false));
    framed.flat_map(|framed| framed.message.anomalies().to_vec()).collect()
}

#[test]
fn malformed_samples_are_malformed_as_their_names_say() {
    for (name, wanted) in [
        ("bare-lf", Some(Anomaly::BareLineFeed)),
        ("folded", None),
        ("no-end-of-header", Some(Anomaly::HeadersUnterminated)),
        ("non-utf8", Some(Anomaly::NotUtf8)),
        ("two-messages", Some(Anomaly::SeveralMessagesInDatagram)),
    ] {
        let found = anomalies(&samples().join("malformed").join(name).with_extension("txt"));
        assert_eq!(found, wanted.into_iter().collect(), "{name}");
    }
    let found = anomalies(&samples().join("malformed/wrong-content-length.txt"));
    assert_eq!(found, BTreeSet::from([Anomaly::ContentLengthTooLong, Anomaly::ContentLengthTooShort]));
}

#[test]
fn other_samples_are_well_formed() {
    for path in texts() {
        let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        if matches!(folder.as_str(), "clean" | "scenarios" | "samples") {
            assert_eq!(anomalies(&path), BTreeSet::new(), "{}", path.display());
        }
    }
}

#[test]
fn the_documented_example_is_a_flow() {
    let readme = text(&samples().join("README.md"));
    let (_, after) = readme.split_once("```text\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let messages: Vec<_> = Flow::parse(example).unwrap().datagrams();
    assert_eq!(messages.len(), 6);
    let last = String::from_utf8(messages[5].payload.clone()).unwrap();
    assert!(last.starts_with("ACK sip:bob@new.corp.example:5070 SIP/2.0\r\n"), "{last}");
}

#[test]
fn every_word_is_documented() {
    let readme = text(&samples().join("README.md"));
    let source = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sample/words.rs"));
    let (code, _) = source.split_once("#[cfg(test)]").unwrap();
    let mut words = 0;
    for line in code.lines() {
        let Some((names, _)) = line.trim().strip_prefix('"').and_then(|rest| rest.split_once("\" =>")) else {
            continue;
        };
        for name in names.split("\" | \"") {
            let documented = readme.contains(&format!("{name}=")) || readme.contains(&format!("`{name}`"));
            assert!(documented, "{name} is not documented");
            words += 1;
        }
    }
    assert!(words >= 22, "{words}");
}
