//! Compressed captures, whole and damaged.

use std::io::{self, Cursor, Read, Write};

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use lzma_rust2::{XzOptions, XzWriter};

use super::super::files::{File, Written, frames, pcap, pcapng};
use super::super::octets::ByteOrder::Little;
use super::super::reader::Capture;
use crate::error::Error;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn lz4_with(info: FrameInfo, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info.block_size(BlockSize::Max64KB), Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_with(FrameInfo::new(), bytes)
}

fn lz4_linked(bytes: &[u8]) -> Vec<u8> {
    lz4_with(FrameInfo::new().block_mode(BlockMode::Linked).block_checksums(true).content_checksum(true), bytes)
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

type Encode = fn(&[u8]) -> Vec<u8>;
const ENCODERS: [(&str, Encode); 5] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4), ("lz4", lz4_linked), ("xz", xz)];

/// Octets that do not compress, so that cuts are at many places of the content: a linear congruential generator.
fn noise(count: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    std::iter::successors(Some(1), next).map(|state| state.to_be_bytes()[0]).take(count).collect()
}

fn noisy_frames() -> Vec<Written> {
    let octets = noise(200);
    let noisy = |frame: Written| Written { bytes: octets[..frame.bytes.len()].to_vec(), ..frame };
    frames(12).into_iter().map(noisy).collect()
}

fn open(bytes: &[u8]) -> Result<Capture, Error> {
    Capture::from_reader("x".into(), Cursor::new(bytes.to_vec()))
}

fn read(capture: &mut Capture) -> (Vec<Vec<u8>>, Option<Error>) {
    let mut frames = Vec::new();
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => frames.push(frame.bytes.to_vec()),
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(matches!(capture.next_frame(), Ok(None)), "an error is told once");
                return (frames, Some(error));
            }
        }
    }
}

fn octets(frames: &[Written]) -> Vec<Vec<u8>> {
    frames.iter().map(|frame| frame.bytes.clone()).collect()
}

#[test]
fn compressed_captures_give_the_same_frames() {
    let written = frames(100);
    let (pcap, pcapng) = (pcap(Little, 0xa1b2_c3d4, &written), pcapng(Little, &written));
    for (name, encode) in ENCODERS {
        for (format, plain) in [("pcap", &pcap), ("pcapng", &pcapng)] {
            let (first, second) = plain.split_at(1000);
            for bytes in [encode(plain), [encode(first), encode(second)].concat()] {
                let mut capture = open(&bytes).unwrap();
                assert_eq!(capture.info().format.to_string(), format!("{format}, {name}"));
                let (read, error) = read(&mut capture);
                assert!(error.is_none() && !capture.info().truncated, "{name}: {error:?}");
                assert_eq!(read, octets(&written), "{name}");
            }
        }
    }
}

#[test]
fn several_blocks_and_nested_compression_are_read() {
    let large = Written { time: 0, bytes: noise(100_000), original_length: 100_000 };
    let written = [large.clone(), large.clone(), large];
    let plain = pcap(Little, 0xa1b2_c3d4, &written);
    for (name, encode) in ENCODERS {
        let (read, error) = read(&mut open(&encode(&plain)).unwrap());
        assert!(error.is_none() && read == octets(&written), "{name}: {error:?}");
        let twice = gzip(&encode(&plain));
        assert_eq!(open(&twice).unwrap().info().format.to_string(), format!("pcap, gzip, {name}"));
        let Err(Error::NotACapture { what, .. }) = open(&zstd(&twice)) else { panic!("three layers") };
        assert_eq!(what, "gzip data that hold data compressed several times");
    }
}

/// `tcpdump -w - | gzip | …`, where the compressing program flushes: the reader here has no more at its end, ever.
#[test]
fn a_compressed_live_capture_is_read_as_it_comes() {
    struct Live(Cursor<Vec<u8>>);
    impl Read for Live {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => panic!("waits for what is not needed yet"),
                count => Ok(count),
            }
        }
    }
    let written = noisy_frames();
    let plain = pcap(Little, 0xa1b2_c3d4, &written);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let mut lz4 = FrameEncoder::new(Vec::new());
    let writers: [&mut dyn Write; 3] = [&mut gzip, &mut zstd, &mut lz4];
    for writer in writers {
        writer.write_all(&plain).unwrap();
        writer.flush().unwrap();
    }
    for bytes in [gzip.get_ref(), zstd.get_ref(), lz4.get_ref()] {
        let mut capture = Capture::from_reader("-".into(), Live(Cursor::new(bytes.clone()))).unwrap();
        for frame in &written {
            assert_eq!(capture.next_frame().unwrap().unwrap().bytes, frame.bytes);
        }
    }
}

#[test]
fn zeros_behind_gzip_data_are_its_end_and_other_octets_are_damage() {
    let written = frames(10);
    let mut bytes = gzip(&pcap(Little, 0xa1b2_c3d4, &written));
    let whole = bytes.len();
    bytes.resize(whole + 512, 0);
    assert!(matches!(read(&mut open(&bytes).unwrap()), (frames, None) if frames.len() == 10));
    bytes[whole] = b'x';
    let (read, error) = read(&mut open(&bytes).unwrap());
    assert_eq!(read, octets(&written));
    assert!(matches!(error, Some(Error::Corrupt { frame: 10, .. })), "{error:?}");
}

#[test]
fn compressed_data_cut_anywhere_give_the_frames_before_the_cut() {
    let written = noisy_frames();
    let plain = pcap(Little, 0xa1b2_c3d4, &written);
    for (name, encode) in ENCODERS {
        let (first, second) = plain.split_at(600);
        let bytes = [encode(first), encode(second)].concat();
        let boundary = encode(first).len();
        let mut most = 0;
        for length in 0..bytes.len() {
            let Ok(mut capture) = open(&bytes[..length]) else { continue };
            let (read, error) = read(&mut capture);
            assert!(error.is_none(), "{name} {length}: {error:?}");
            assert!(capture.info().truncated || length == boundary, "{name} {length}");
            assert_eq!(read, octets(&written[..read.len()]), "{name} {length}");
            most = most.max(read.len());
        }
        assert!(most >= written.len() / 2, "{name}: {most}");
    }
}

#[test]
fn changed_octets_of_compressed_data_do_not_panic() {
    let written = noisy_frames();
    for (name, encode) in ENCODERS {
        let bytes = encode(&pcap(Little, 0xa1b2_c3d4, &written));
        let mut noticed = 0;
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            noticed += match open(&bytes) {
                Ok(mut capture) => {
                    let (read, error) = read(&mut capture);
                    usize::from(error.is_some() || capture.info().truncated || read != octets(&written))
                }
                Err(_) => 1,
            };
        }
        assert!(noticed * 2 > bytes.len(), "{name}: {noticed} of {}", bytes.len());
    }
}

#[test]
fn damage_at_the_beginning_and_other_contents_are_named() {
    let name = |bytes: &[u8]| match open(bytes) {
        Err(Error::NotACapture { what, .. }) => what,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(name(&gzip(b"hello, world")), "gzip data that hold a text file");
    assert_eq!(name(&zstd(b"")), "zstd data that hold an empty file");
    assert_eq!(name(&gzip(b"hello, world")[..12]), "the gzip data end early");
    assert!(name(b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff\xff").starts_with("the gzip data are corrupt: "));
}

/// Blocks of zeros: 96 MiB of them in a few kilobytes.
#[test]
fn expansion_has_a_limit() {
    let written = frames(1);
    let mut file = File::new(Little);
    file.section(Little).interface(1, 0, |_| {}).enhanced(0, 0, &written[0]);
    let block = {
        let mut file = File::new(Little);
        file.block(0x0999, |block| block.bytes.resize(8 << 20, 0));
        file.bytes
    };
    let bytes = [zstd(&file.bytes), zstd(&block).repeat(12)].concat();
    let (read, error) = read(&mut open(&bytes).unwrap());
    assert_eq!(read, octets(&written));
    let Some(Error::Corrupt { frame: 1, offset, what, .. }) = error else { panic!("{error:?}") };
    assert!(what.contains("expand more than 1000 times"), "{what}");
    assert!((56 << 20..72 << 20).contains(&offset), "{offset}");
}
