//! Frames to a pcapng file, block by block, so that they can be cut out of a capture, or altered, and stay what they were:
//! interfaces, times, lengths and flags are kept, comments can be added.
//!
//! pcap-parser can write blocks too, but with another dependency and several allocations a frame; what is needed is this page.

use std::io::{self, Write};

use super::interface::Interface;
use crate::limits::FRAME_OCTETS_USUAL;
use crate::provenance::Timestamp;

/// How the application begins of files that hold all of some calls and nothing of others; see
/// [`Announced::is_extract`](super::Announced::is_extract).
pub const EXTRACT: &str = "sipscan extract";
/// The longest value of an option.
const OPTION_OCTETS: usize = 65_535;
/// Longer comments are cut: who reads them has a screen.
const COMMENT_OCTETS: usize = 4096;

/// A frame to write.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The number that [`Writer::interface`] gave.
    pub interface: u32,
    /// Capture time, as UTC.
    pub time: Timestamp,
    /// Octets on the wire.
    pub original_length: u32,
    /// Octets that were captured. What lies behind [`FRAME_OCTETS_USUAL`] is cut, as by a snap length: readers take no more.
    pub bytes: &'a [u8],
    /// See [`Record::flags`](super::Record::flags).
    pub flags: Option<u32>,
    /// What readers show at the frame; UTF-8, but from a capture it may be anything.
    pub comments: &'a [&'a [u8]],
}

/// What is known of the capturing at an interface.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statistics {
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Packets that were lost.
    pub dropped: Option<u64>,
}

/// Writes one section of pcapng in little-endian order to any output, without holding anything back.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    clocks: Vec<Clock>,
    /// The block at hand; kept for its memory.
    block: Vec<u8>,
}

/// How an interface counts time.
#[derive(Debug, Clone, Copy)]
struct Clock {
    resolution: u8,
    offset: i64,
}

impl Clock {
    /// A resolution in decimal down to nanoseconds stays; others become nanoseconds.
    fn of(interface: &Interface) -> Self {
        let resolution = if interface.resolution <= 9 { interface.resolution } else { 9 };
        Self { resolution, offset: interface.offset }
    }

    /// The timestamp in two halves, the higher one first; 0 for times before its epoch.
    fn halves(self, time: Timestamp) -> [u32; 2] {
        let nanoseconds = i128::from(time.0) - i128::from(self.offset) * 1_000_000_000;
        let units = nanoseconds / 10_i128.pow(u32::from(9 - self.resolution.min(9)));
        let units = u64::try_from(units.max(0)).unwrap_or(u64::MAX);
        [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(u32::MAX))
    }
}

impl<W: Write> Writer<W> {
    /// Begins a file; `application` is who writes it, `comments` say what about.
    ///
    /// # Errors
    /// Those of `out`, as of all that follow.
    pub fn new(out: W, application: &str, comments: &[&str]) -> io::Result<Self> {
        let mut writer = Self { out, clocks: Vec::new(), block: Vec::new() };
        writer.u32(0x1a2b_3c4d);
        writer.u16(1);
        writer.u16(0);
        writer.u64(u64::MAX);
        for comment in comments {
            writer.comment(comment.as_bytes());
        }
        writer.option(4, application.as_bytes());
        writer.end_of_options();
        writer.finish_block(0x0a0d_0d0a)?;
        Ok(writer)
    }

    /// Describes an interface; returns its number.
    ///
    /// # Errors
    /// Those of the output.
    pub fn interface(&mut self, interface: &Interface) -> io::Result<u32> {
        let clock = Clock::of(interface);
        self.u16(interface.link_type);
        self.u16(0);
        self.u32(interface.snap_length);
        for (code, value) in &interface.options {
            self.option(*code, value);
        }
        self.option(9, &[clock.resolution]);
        if clock.offset != 0 {
            self.option(14, &clock.offset.to_le_bytes());
        }
        self.end_of_options();
        self.finish_block(1)?;
        self.clocks.push(clock);
        Ok(u32::try_from(self.clocks.len() - 1).unwrap_or(u32::MAX))
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// Those of the output; [`io::ErrorKind::InvalidInput`] for an interface that was not described.
    pub fn packet(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let longest = usize::try_from(FRAME_OCTETS_USUAL).unwrap_or(usize::MAX);
        let bytes = packet.bytes.get(..longest).unwrap_or(packet.bytes);
        self.head(packet.interface, packet.time)?;
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.u32(packet.original_length);
        self.padded(bytes);
        if let Some(flags) = packet.flags {
            self.option(2, &flags.to_le_bytes());
        }
        for comment in packet.comments {
            self.comment(comment);
        }
        if packet.flags.is_some() || !packet.comments.is_empty() {
            self.end_of_options();
        }
        self.finish_block(6)
    }

    /// Writes what is known of an interface; the time of it is `time`.
    ///
    /// # Errors
    /// As of [`Self::packet`].
    pub fn statistics(&mut self, interface: u32, time: Timestamp, statistics: Statistics) -> io::Result<()> {
        self.head(interface, time)?;
        for (code, moment) in [(2, statistics.start), (3, statistics.end)] {
            if let Some(moment) = moment {
                let halves = self.clock(interface)?.halves(moment).map(u32::to_le_bytes);
                self.option(code, halves.as_flattened());
            }
        }
        if let Some(dropped) = statistics.dropped {
            self.option(5, &dropped.to_le_bytes());
        }
        self.end_of_options();
        self.finish_block(5)
    }

    /// Writes secrets for the decryption of the frames behind them.
    ///
    /// # Errors
    /// Those of the output.
    pub fn secrets(&mut self, kind: u32, bytes: &[u8]) -> io::Result<()> {
        self.u32(kind);
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.padded(bytes);
        self.finish_block(10)
    }

    /// Ends the file; returns the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn clock(&self, interface: u32) -> io::Result<Clock> {
        let index = usize::try_from(interface).unwrap_or(usize::MAX);
        self.clocks.get(index).copied().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// What packets and statistics begin with.
    fn head(&mut self, interface: u32, time: Timestamp) -> io::Result<()> {
        let [high, low] = self.clock(interface)?.halves(time);
        for field in [interface, high, low] {
            self.u32(field);
        }
        Ok(())
    }

    fn u16(&mut self, number: u16) {
        self.block.extend(number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.block.extend(number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.block.extend(number.to_le_bytes());
    }

    /// Octets up to the next boundary of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend(bytes);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..OPTION_OCTETS).unwrap_or(value);
        self.u16(code);
        self.u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.padded(value);
    }

    fn comment(&mut self, text: &[u8]) {
        let cut = text.get(..COMMENT_OCTETS).map_or(text, |cut| match std::str::from_utf8(cut) {
            // Cut inside a character.
            Err(error) if error.error_len().is_none() => cut.get(..error.valid_up_to()).unwrap_or(cut),
            _ => cut,
        });
        self.option(1, cut);
    }

    fn end_of_options(&mut self) {
        self.u32(0);
    }

    /// Writes the block that was put together.
    fn finish_block(&mut self, kind: u32) -> io::Result<()> {
        let length = u32::try_from(self.block.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
        self.out.write_all([kind.to_le_bytes(), length].as_flattened())?;
        self.out.write_all(&self.block)?;
        self.out.write_all(&length)?;
        self.block.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::files::{File, START, Written, variants};
    use super::super::octets::ByteOrder;
    use super::super::{Capture, Secrets};
    use super::*;

    /// What a capture holds: of every frame all that is kept.
    type Seen = Vec<(usize, Interface, Timestamp, u32, Vec<u8>, Option<u32>, Vec<Vec<u8>>)>;

    fn read(bytes: &[u8]) -> (Seen, Vec<Secrets>, u64) {
        let mut capture = Capture::from_reader("x".into(), Cursor::new(bytes.to_vec())).unwrap();
        capture.keep_secrets();
        let mut seen = Seen::new();
        while let Some(frame) = capture.next_frame().unwrap() {
            let (time, length, bytes) = (frame.time, frame.original_length, frame.bytes.to_vec());
            let record = capture.record().unwrap();
            let comments = record.comments.iter().map(|comment| comment.to_vec()).collect();
            seen.push((record.interface_number, record.interface.clone(), time, length, bytes, record.flags, comments));
        }
        assert!(!capture.info().truncated && !capture.info().corrupt);
        let secrets = capture.take_secrets();
        (seen, secrets, capture.info().dropped)
    }

    /// Writes what was read, one interface for each.
    fn write(seen: &Seen, secrets: &[Secrets]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), "sipscan", &["a test"]).unwrap();
        let mut numbers = Vec::new();
        for secrets in secrets {
            writer.secrets(secrets.kind, &secrets.bytes).unwrap();
        }
        for (number, interface, time, original_length, bytes, flags, comments) in seen {
            if *number == numbers.len() {
                numbers.push(writer.interface(interface).unwrap());
            }
            let comments: Vec<&[u8]> = comments.iter().map(Vec::as_slice).collect();
            let (time, original_length, flags) = (*time, *original_length, *flags);
            let interface = numbers[*number];
            writer.packet(&Packet { interface, time, original_length, bytes, flags, comments: &comments }).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn every_format_comes_back_as_it_was() {
        for (name, bytes) in variants(&super::super::files::frames(9)) {
            let (seen, ..) = read(&bytes);
            assert_eq!(seen.len(), 9, "{name}");
            assert_eq!(read(&write(&seen, &[])).0, seen, "{name}");
        }
    }

    /// Two sections, four interfaces of different clocks, options in both byte orders.
    fn mixed() -> Vec<u8> {
        let mut file = File::new(ByteOrder::Big);
        let frame = |length| Written { time: 0, bytes: vec![7; length], original_length: 1500 };
        for order in [ByteOrder::Big, ByteOrder::Little] {
            file.section(order);
            file.interface(1, 96, |options| {
                options.option(2, |value| value.bytes.extend(b"eth0"));
                options.option(9, |value| value.bytes.push(3));
                options.option(14, |value| {
                    value.u64(3600);
                });
            });
            file.interface(101, 0, |options| {
                options.option(11, |value| value.bytes.extend(b"\0udp"));
                options.option(9, |value| value.bytes.push(9));
                options.option(8, |value| {
                    value.u64(1_000_000_000);
                });
            });
            file.block(10, |block| {
                block.u32(0x544c_534b).u32(5);
                block.bytes.extend(b"keys\n");
            });
            file.enhanced(0, START as u64 / 1_000_000, &frame(13));
            file.enhanced_with(1, START as u64 + 123_456_789, &frame(16), |block| {
                block.option(2, |value| {
                    value.u32(0x0102_0001);
                });
                block.option(1, |value| value.bytes.extend("first, \u{fffd}".as_bytes()));
                block.option(1, |value| value.bytes.extend(b"second \xff"));
                block.u32(0);
            });
        }
        file.bytes
    }

    #[test]
    fn interfaces_clocks_flags_comments_and_secrets_are_kept() {
        let (seen, secrets, _) = read(&mixed());
        assert_eq!(seen.iter().map(|frame| frame.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(seen[0].2, Timestamp(START + 3600 * 1_000_000_000));
        assert_eq!((seen[3].2, seen[3].5), (Timestamp(START + 123_456_789), Some(0x0102_0001)));
        assert_eq!(seen[1].6, [b"first, \xef\xbf\xbd".to_vec(), b"second \xff".to_vec()]);
        assert_eq!(secrets, vec![Secrets { kind: 0x544c_534b, bytes: b"keys\n".to_vec() }; 2]);
        let written = write(&seen, &secrets);
        assert_eq!(written.len() % 4, 0);
        let again = read(&written);
        assert_eq!((again.0, again.1), (seen, secrets));
    }

    #[test]
    fn clocks_that_count_otherwise_become_nanoseconds() {
        for (resolution, time, expected) in
            [(0x8a, 1_500_000_000, 1_500_000_000), (12, 7, 7), (6, 1_999, 1_000), (0, -5, 0), (9, i64::MAX, i64::MAX)]
        {
            let interface = Interface { link_type: 1, snap_length: 0, resolution, offset: 0, options: Vec::new() };
            let frame = (0, interface, Timestamp(time), 0, Vec::new(), None, Vec::new());
            assert_eq!(read(&write(&vec![frame], &[])).0[0].2, Timestamp(expected), "{resolution} {time}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_stays_readable() {
        let interface = Interface { link_type: 1, snap_length: 0, resolution: 9, offset: 0, options: Vec::new() };
        let comment = "\u{4e2d}".repeat(2000).into_bytes();
        let frame = (0, interface, Timestamp(0), 300_000, vec![1; 300_000], None, vec![comment]);
        let (seen, ..) = read(&write(&vec![frame], &[]));
        assert_eq!((seen[0].3, seen[0].4.len()), (300_000, 262_144));
        assert_eq!(String::from_utf8(seen[0].6[0].clone()).unwrap(), "\u{4e2d}".repeat(1365));
    }

    #[test]
    fn losses_are_told_and_unknown_interfaces_refused() {
        let mut writer = Writer::new(Vec::new(), "sipscan", &[]).unwrap();
        let packet =
            Packet { interface: 0, time: Timestamp(1), original_length: 0, bytes: &[], flags: None, comments: &[] };
        assert_eq!(writer.packet(&packet).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let interface = Interface { link_type: 1, snap_length: 0, resolution: 6, offset: 0, options: Vec::new() };
        let number = writer.interface(&interface).unwrap();
        writer.packet(&packet).unwrap();
        let statistics = Statistics { start: Some(Timestamp(0)), end: Some(Timestamp(5_000)), dropped: Some(3) };
        writer.statistics(number, Timestamp(5_000), statistics).unwrap();
        let (seen, _, dropped) = read(&writer.finish().unwrap());
        assert_eq!((seen.len(), dropped), (1, 3));
    }
}
