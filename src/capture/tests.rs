//! Whole captures through [`Capture`].

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use pcap_parser::{Block, parse_block_be, parse_block_le};
use proptest::prelude::*;

use super::files::{File, START, Written, frames, pcap, pcapng, variants};
use super::octets::ByteOrder::{Big, Little};
use super::*;
use crate::anomaly::Anomaly;
use crate::error::Error;
use crate::provenance::{FrameNumber, Timestamp};

/// Gives its octets in pieces of these lengths, over and over.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    lengths: Vec<usize>,
    turn: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        let length = self.lengths[self.turn % self.lengths.len()].min(out.len());
        self.bytes.read(&mut out[..length])
    }
}

fn in_pieces(bytes: &[u8], lengths: &[usize]) -> Result<Capture, Error> {
    Capture::from_reader("x".into(), Pieces { bytes: Cursor::new(bytes.to_vec()), lengths: lengths.to_vec(), turn: 0 })
}

fn capture(bytes: &[u8]) -> Result<Capture, Error> {
    in_pieces(bytes, &[usize::MAX])
}

/// All frames of a capture, with their link types, and the error it ended with.
fn read(capture: &mut Capture) -> (Vec<(u16, Written)>, Option<Error>) {
    let (frames, numbers, error) = read_numbered(capture);
    assert!(numbers.into_iter().eq((1..).take(frames.len()).map(FrameNumber)));
    (frames, error)
}

/// The same with the numbers of the frames, which leave out those of blocks without a frame that Wireshark counts.
fn read_numbered(capture: &mut Capture) -> (Vec<(u16, Written)>, Vec<FrameNumber>, Option<Error>) {
    let (mut frames, mut numbers) = (Vec::new(), Vec::new());
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => {
                numbers.push(frame.reference.number);
                let bytes = frame.bytes.to_vec();
                frames.push((
                    frame.link_type,
                    Written { time: frame.time.0, bytes, original_length: frame.original_length },
                ));
            }
            Ok(None) => return (frames, numbers, None),
            Err(error) => {
                assert!(matches!(capture.next_frame(), Ok(None)), "an error is told once");
                return (frames, numbers, Some(error));
            }
        }
    }
}

/// The frames of a capture that must have no fault.
fn all(bytes: &[u8]) -> Vec<(u16, Written)> {
    let mut capture = capture(bytes).unwrap();
    let (frames, error) = read(&mut capture);
    assert!(error.is_none() && !capture.info().truncated && !capture.info().corrupt, "{error:?}");
    frames
}

fn ethernet(frames: &[Written]) -> Vec<(u16, Written)> {
    frames.iter().map(|frame| (1, frame.clone())).collect()
}

fn one(bytes: &[u8]) -> Written {
    Written { time: START, bytes: bytes.to_vec(), original_length: u32::try_from(bytes.len()).unwrap() }
}

const NOW: u64 = START as u64 / 1000;

#[test]
fn every_variant_gives_the_same_frames() {
    let written = frames(20);
    for (name, bytes) in variants(&written) {
        let mut capture = capture(&bytes).unwrap();
        assert_eq!(capture.info().format.to_string(), name);
        let (read, error) = read(&mut capture);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(read, ethernet(&written), "{name}");
        let info = capture.info();
        assert_eq!((info.frames, info.truncated, info.corrupt), (20, false, false), "{name}");
        assert_eq!(info.first_time, Some(Timestamp(START)), "{name}");
        assert_eq!(info.last_time, Some(Timestamp(START + 19_000_000)), "{name}");
        assert_eq!(info.dropped, if name == "pcapng" { 4 } else { 0 }, "{name}");
        assert_eq!(info.link_types.iter().copied().collect::<Vec<_>>(), [1], "{name}");
    }
}

#[test]
fn a_capture_cut_anywhere_gives_the_frames_before_the_cut() {
    let written = frames(8);
    for (name, bytes) in variants(&written) {
        let mut last = 0;
        for length in 0..bytes.len() {
            match capture(&bytes[..length]) {
                Ok(mut capture) => {
                    let (read, error) = read(&mut capture);
                    assert!(error.is_none(), "{name} {length}: {error:?}");
                    assert_eq!(read, ethernet(&written)[..read.len()], "{name} {length}");
                    assert!(read.len() >= last, "{name} {length}");
                    let grew = read.len() > last || length <= 24;
                    assert!(capture.info().truncated || grew || name == "pcapng", "{name} {length}");
                    last = read.len();
                }
                Err(error) => {
                    assert!(matches!(error, Error::NotACapture { .. }), "{name} {length}");
                    assert!(length < 24, "{name} {length}");
                }
            }
        }
        assert_eq!(last, if name == "pcapng" { 8 } else { 7 }, "{name}");
    }
}

#[test]
fn sections_change_byte_order_and_interfaces() {
    let written = frames(6);
    let mut file = File::new(Little);
    file.section(Little).interface(113, 0, |_| {}).interface(1, 0, |options| {
        options.option(9, |value| value.bytes.push(9)).option(14, |value| {
            value.u64(3600);
        });
    });
    file.enhanced(1, START as u64 - 3_600_000_000_000, &written[0]);
    file.enhanced(0, NOW + 1000, &written[1]);
    file.section(Big).interface(101, 0, |options| {
        options.option(14, |value| {
            value.u64((-7200_i64).cast_unsigned());
        });
    });
    file.block(0x8000_0001, |block| block.bytes.extend([1; 3]));
    file.block(4, |_| {}).block(0x0999, |block| block.bytes.extend([2; 100]));
    file.enhanced_with(0, NOW + 7_200_002_000, &written[2], |options| {
        options.option(2, |value| {
            value.u32(1);
        });
        options.option(4, |value| {
            value.u64(3);
        });
    });
    let expected: Vec<_> = [1, 113, 101].into_iter().zip(written.iter().cloned()).collect();
    assert_eq!(all(&file.bytes), expected);
    let mut capture = capture(&file.bytes).unwrap();
    read(&mut capture);
    assert_eq!(capture.info().dropped, 3);
    assert_eq!(capture.info().link_types.iter().copied().collect::<Vec<_>>(), [1, 101, 113]);
    assert_eq!(capture.info().anomalies().collect::<Vec<_>>(), [(Anomaly::PacketsDropped, 3)]);
}

#[test]
fn simple_and_obsolete_packets_are_frames() {
    for order in [Little, Big] {
        let mut file = File::new(order);
        file.section(order).interface(1, 10, |_| {});
        file.enhanced(0, NOW, &one(b"first"));
        file.block(3, |block| {
            block.u32(7).bytes.extend(b"simple!");
        });
        file.block(3, |block| {
            block.u32(300).bytes.extend(b"0123456789");
        });
        file.block(2, |block| {
            let [high, low] = [(NOW + 1) >> 32, (NOW + 1) & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
            block.u16(0).u16(5).u32(high).u32(low).u32(3).u32(9).bytes.extend(b"old");
        });
        let read = all(&file.bytes);
        let expected = [
            one(b"first"),
            one(b"simple!"),
            Written { original_length: 300, ..one(b"0123456789") },
            Written { original_length: 9, time: START + 1000, ..one(b"old") },
        ];
        assert_eq!(read, ethernet(&expected));
    }
}

#[test]
fn frames_without_a_time_make_the_result_incomplete() {
    let mut file = File::new(Little);
    file.section(Little).interface(1, 10, |_| {});
    file.block(3, |block| {
        block.u32(7).bytes.extend(b"simple!");
    });
    let mut capture = capture(&file.bytes).unwrap();
    assert_eq!(read(&mut capture).0.len(), 1);
    let reasons: Vec<_> = capture.info().incomplete(false).iter().map(ToString::to_string).collect();
    assert_eq!(reasons, ["the file has 1 frame without a usable time: nothing that is said of durations is proven"]);
}

/// As tshark 4.0.17 numbers them.
#[test]
fn blocks_that_wireshark_numbers_are_counted_in_frame_numbers() {
    let mut file = File::new(Big);
    file.section(Big).interface(1, 0, |_| {});
    for kind in [9, 0x0bad, 0x4000_0bad, 0x204, 0x999, 10, 4, 0x8000_0001] {
        file.enhanced(0, NOW, &one(b"frame")).block(kind, |block| {
            block.u32(1).u32(2);
        });
    }
    let mut capture = capture(&file.bytes).unwrap();
    let mut numbers = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        numbers.push(frame.reference.number.0);
    }
    assert_eq!(numbers, [1, 3, 5, 7, 9, 10, 11, 12]);
    assert_eq!(capture.info().frames, 8);
}

#[test]
fn odd_headers_and_times_of_classic_pcap_are_read() {
    let mut bytes = pcap(Little, 0xa1b2_c3d4, &[one(b"frame")]);
    // Frame check sequence of four octets announced in the upper bits of the link type.
    bytes[20..24].copy_from_slice(&0x4400_0001_u32.to_le_bytes());
    // A million microseconds and more.
    bytes[28..32].copy_from_slice(&1_500_000_u32.to_le_bytes());
    assert_eq!(all(&bytes), [(1, Written { time: START + 1_500_000_000, ..one(b"frame") })]);
    // Version 2.2: the original length comes first.
    let cut = Written { original_length: 5000, ..one(b"frame") };
    let mut bytes = pcap(Big, 0xa1b2_c3d4, std::slice::from_ref(&cut));
    bytes[32..40].rotate_left(4);
    for version in [2, 3] {
        bytes[7] = version;
        assert_eq!(all(&bytes), [(1, cut.clone())]);
    }
    bytes[7] = 4;
    assert!(capture(&bytes).unwrap().next_frame().is_ok_and(|frame| frame.is_none()), "5000 octets are not there");
    bytes[5] = 9;
    assert!(matches!(capture(&bytes), Err(Error::NotACapture { what, .. }) if what.contains("version")));
}

#[test]
fn a_corrupt_length_is_an_error_with_its_place() {
    let written = frames(5);
    let whole = pcap(Big, 0xa1b2_c3d4, &written);
    let at = 24 + 16 + 16 + written[1].bytes.len();
    for length in [262_145_u32, 0x7fff_ffff, u32::MAX] {
        let mut bytes = whole.clone();
        bytes[at + 8..at + 12].copy_from_slice(&length.to_be_bytes());
        let (read, error) = read(&mut capture(&bytes).unwrap());
        assert_eq!(read, ethernet(&written[..2]));
        let Some(Error::Corrupt { frame, offset, path, .. }) = error else { panic!("{error:?}") };
        assert_eq!((frame, usize::try_from(offset).unwrap(), path), (2, at, PathBuf::from("x")));
    }
}

#[test]
fn a_corrupt_block_is_an_error_with_its_place() {
    let written = frames(5);
    let whole = pcapng(Little, &written);
    let at = 28 + 20 + 32 + 32 + 8;
    assert_eq!(whole[at..at + 4], [6, 0, 0, 0]);
    for (field, value, why) in [
        (4, 0_u32, "impossible length of 0"),
        (4, 11, "impossible length of 11"),
        (4, 0x0100_0004, "impossible length"),
        (4, u32::MAX, "impossible length"),
        (4, 16, "two lengths differ"),
        (8, 1, "interface 1, which is not described"),
        (8, u32::MAX, "not described"),
        (20, 0x0100_0000, "contradicts its length"),
        (20, u32::MAX, "contradicts its length"),
    ] {
        let mut bytes = whole.clone();
        bytes[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
        let mut capture = capture(&bytes).unwrap();
        let (read, error) = read(&mut capture);
        assert_eq!(read, ethernet(&written[..2]), "{field} {value}");
        let Some(Error::Corrupt { frame: 2, offset, what, .. }) = error else { panic!("{field} {value} {error:?}") };
        assert_eq!(usize::try_from(offset).unwrap(), at);
        assert!(what.contains(why), "{what}");
        assert!(capture.info().corrupt && !capture.info().truncated);
    }
}

#[test]
fn impossible_blocks_are_errors() {
    let corrupt = |file: &File| {
        let mut capture = capture(&file.bytes).unwrap();
        let (_, error) = read(&mut capture);
        matches!(error, Some(Error::Corrupt { .. }))
    };
    let mut start = File::new(Little);
    start.section(Little);
    // A process information block of four octets, which pcap-parser 0.17 reads past; packets without any interface.
    assert!(corrupt(start.clone().u32(0x8000_0001).u32(4).u32(4)));
    assert!(corrupt(start.clone().block(3, |block| {
        block.u32(0);
    })));
    assert!(corrupt(start.clone().block(2, |block| {
        block.u32(0);
    })));
    assert!(corrupt(start.clone().block(1, |_| {})));
    assert!(corrupt(start.clone().block(0x0a0d_0d0a, |block| {
        block.u32(0x1a2b_3c4e).u16(1).u16(0).u64(0);
    })));
    assert!(corrupt(start.clone().block(0x0a0d_0d0a, |block| {
        block.u32(0x1a2b_3c4d).u16(2).u16(0).u64(0);
    })));
    assert!(!corrupt(&start));
}

#[test]
fn time_that_goes_back_is_counted() {
    let second = 1_000_000_000;
    let at = |time| Written { time: START + time, ..one(b"x") };
    let bytes = pcap(Little, 0xa1b2_c3d4, &[at(5 * second), at(4 * second), at(0), at(3 * second), at(second)]);
    let mut capture = capture(&bytes).unwrap();
    read(&mut capture);
    assert_eq!(capture.info().anomalies().collect::<Vec<_>>(), [(Anomaly::TimeWentBackwards, 2)]);
    assert_eq!(capture.info().first_time, Some(Timestamp(START)));
    assert_eq!(capture.info().last_time, Some(Timestamp(START + 5 * second)));
}

/// A live capture: the reader would block (here: fails) at the end of what was written.
#[test]
fn a_frame_is_given_as_soon_as_it_is_complete() {
    struct Live(Cursor<Vec<u8>>);
    impl Read for Live {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => panic!("waits for what is not needed yet"),
                count => Ok(count),
            }
        }
    }
    let written = frames(8);
    for (name, mut bytes) in variants(&written) {
        bytes.truncate(if name == "pcapng" { bytes.len() - 36 } else { bytes.len() });
        let mut capture = Capture::from_reader("-".into(), Live(Cursor::new(bytes))).unwrap();
        for frame in &written {
            assert_eq!(capture.next_frame().unwrap().unwrap().bytes, frame.bytes, "{name}");
        }
    }
}

#[test]
fn a_failing_reader_is_an_error_after_the_frames() {
    struct Failing(Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(io::Error::other("the disk is on fire")),
                count => Ok(count),
            }
        }
    }
    let written = frames(4);
    for (name, bytes) in variants(&written) {
        let mut capture = Capture::from_reader("x".into(), Failing(Cursor::new(bytes))).unwrap();
        let (read, error) = read(&mut capture);
        assert_eq!(read, ethernet(&written), "{name}");
        assert!(matches!(error, Some(Error::Read { .. })), "{name}: {error:?}");
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(lengths in prop::collection::vec(1_usize..200, 1..20), which in 0_usize..8) {
        let written = frames(20);
        let (_, bytes) = variants(&written).swap_remove(which);
        let (read, error) = read(&mut in_pieces(&bytes, &lengths).unwrap());
        prop_assert!(error.is_none());
        prop_assert_eq!(read, ethernet(&written));
    }

    /// Enhanced packets are read by hand; pcap-parser is the measure.
    #[test]
    fn enhanced_packets_are_read_as_pcap_parser_does(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        more in 0_u32..9,
        options in prop::collection::vec((1_u16..7, prop::collection::vec(any::<u8>(), 0..10)), 0..5),
        changed in prop::option::of((8_usize..60, any::<u8>())),
        lost in any::<u32>(),
        big in any::<bool>(),
    ) {
        let order = if big { Big } else { Little };
        let frame = Written { original_length: u32::try_from(bytes.len()).unwrap() + more, time: START, bytes };
        let mut block = File::new(order);
        block.enhanced_with(0, NOW, &frame, |block| {
            for (code, value) in &options {
                block.option(*code, |file| file.bytes.extend(value));
            }
            block.option(4, |file| {
                file.u64(lost.into());
            });
        });
        let end = block.bytes.len() - 4;
        if let Some((at, value)) = changed.filter(|(at, _)| *at < end) {
            block.bytes[at] = value;
        }
        let mut file = File::new(order);
        file.section(order).interface(1, 0, |_| {}).bytes.extend(&block.bytes);
        let mut capture = capture(&file.bytes).unwrap();
        let (read, error) = read(&mut capture);
        let parsed = if big { parse_block_be(&block.bytes) } else { parse_block_le(&block.bytes) };
        match parsed {
            Ok((_, Block::EnhancedPacket(packet))) if packet.if_id == 0 => {
                let (length, original_length) = (usize::try_from(packet.caplen).unwrap(), packet.origlen.max(packet.caplen));
                let microseconds = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                // A time that cannot be is none, and the first frame has none before it.
                let time = i64::try_from(microseconds).ok().and_then(|units| units.checked_mul(1000)).unwrap_or_default();
                let bytes = packet.data[..length].to_vec();
                prop_assert_eq!(read, [(1, Written { time, bytes, original_length })]);
                let count = packet.options.iter().take_while(|option| option.code.0 != 0).find(|option| option.code.0 == 4).and_then(|option| order.u64(option.as_bytes().ok()?));
                prop_assert_eq!(capture.info().dropped, count.filter(|count| *count != u64::MAX).unwrap_or(0));
            }
            _ => prop_assert!(error.is_some() && read.is_empty()),
        }
    }

    #[test]
    fn no_change_of_octets_panics(
        which in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (_, mut bytes) = variants(&frames(10)).swap_remove(which);
        for (index, value) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *value;
        }
        if let Ok(mut capture) = capture(&bytes) {
            let (frames, numbers, _) = read_numbered(&mut capture);
            prop_assert!(frames.len() <= bytes.len() / 16 && numbers.is_sorted_by(|a, b| a < b));
        }
    }
}

/// The captures of other projects: every one opens, and has as many frames as tshark reads.
#[test]
fn real_captures_have_the_frames_that_tshark_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures");
    let Ok(index) = std::fs::read_to_string(root.join("index.tsv")) else { return };
    let mut missing = Vec::new();
    for line in index.lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let (name, expected, kind) = (fields[0], fields[6], fields[7]);
        let places = ["udp", "more", "negative", "torture"].map(|folder| root.join(folder).join(name));
        let Some(path) = places.into_iter().find(|path| path.exists()) else {
            missing.push(name);
            continue;
        };
        let mut capture = match Capture::open(&Input::File(path)) {
            Ok(capture) => capture,
            Err(error) => {
                assert_eq!(kind, "netmon", "{error}");
                assert!(error.to_string().ends_with("not a capture: a Microsoft Network Monitor 2 capture"), "{error}");
                continue;
            }
        };
        let (_, error) = read(&mut capture);
        assert_eq!(capture.info().frames.to_string(), expected, "{name}: {error:?}");
        assert_eq!(capture.info().format.name == "pcapng", kind.starts_with("pcapng"), "{name}");
    }
    assert!(missing.is_empty(), "{missing:?}");
}
