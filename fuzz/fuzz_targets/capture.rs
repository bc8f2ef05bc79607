//! Any octets as a capture: no panic, frames and time within what the octets can hold, an error told once, and the same
//! frames however the octets arrive.
//!
//! Input: one octet that chooses the size of the pieces, then the capture.

#![no_main]

use std::io::{Cursor, Read};

use libfuzzer_sys::fuzz_target;
use sipscan::capture::{Capture, CaptureInfo};
use sipscan::error::Error;

/// Gives at most so many octets at a time.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let size = self.1.min(out.len());
        self.0.read(&mut out[..size])
    }
}

/// Number of frames, a sum over all of them, the error, and the facts.
fn read(input: &[u8], piece: usize) -> Option<(u64, u64, Option<String>, CaptureInfo)> {
    let mut capture = Capture::from_reader("x".into(), Pieces(Cursor::new(input.to_vec()), piece)).ok()?;
    let (mut count, mut sum) = (0_u64, 0_u64);
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => {
                count += 1;
                assert!(frame.reference.number.0 >= count);
                assert!(frame.bytes.len() <= 16 << 20);
                let octets =
                    frame.bytes.iter().fold(0_u64, |sum, octet| sum.wrapping_mul(31).wrapping_add(u64::from(*octet)));
                sum = sum.wrapping_mul(31).wrapping_add(octets).wrapping_add(frame.time.0.cast_unsigned());
            }
            Ok(None) => return Some((count, sum, None, capture.info().clone())),
            Err(error) => {
                assert!(matches!(capture.next_frame(), Ok(None)));
                assert!(!matches!(error, Error::Read { .. }));
                return Some((count, sum, Some(error.to_string()), capture.info().clone()));
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [piece, input @ ..] = input else { return };
    let whole = read(input, usize::MAX);
    if let Some((count, _, _, info)) = &whole {
        assert_eq!(*count, info.frames);
        assert!(info.first_time <= info.last_time);
        assert!(info.format.compression.len() <= 2);
        let least = if info.format.compression.is_empty() { 16 } else { 0 };
        assert!(count.saturating_mul(least) <= input.len() as u64);
    }
    let pieces = read(input, usize::from(*piece) % 16 + 1);
    // A decompressor that meets damage may have given more or fewer octets before, by how it was asked.
    let compressed = |(_, _, _, info): &(_, _, _, CaptureInfo)| !info.format.compression.is_empty();
    if !whole.iter().chain(&pieces).any(compressed) {
        assert_eq!(whole, pieces);
    }
});
