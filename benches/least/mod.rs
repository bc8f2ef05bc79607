//! The least that a program does which keeps SIP messages and groups them into calls, written for nothing else: a mark to measure the
//! real stages by. Nothing is checked, told from anything else, or said; frames are taken to be Ethernet with IPv4 and UDP, and messages
//! to be complete.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use memchr::memchr_iter;

/// Header fields that every tracker needs, by their usual names.
const NEEDED: [&[u8]; 5] = [b"Via", b"From", b"To", b"CSeq", b"Content-Length"];

/// Octets of the header of a pcap file, of that of a record in it, and of the headers of Ethernet, IPv4 without options, and UDP.
const FILE: usize = 24;
const RECORD: usize = 16;
const HEADERS: usize = 14 + 20 + 8;

/// What UDP carries in the frames of a little-endian pcap file.
pub(crate) fn payloads(capture: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = capture.get(FILE..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (record, behind) = rest.split_at_checked(RECORD)?;
        let length = u32::from_le_bytes(*record.get(8..)?.first_chunk()?);
        let (frame, behind) = behind.split_at_checked(length as usize)?;
        rest = behind;
        Some(frame.get(HEADERS..).unwrap_or_default())
    })
}

/// Looks at every octet once, as whoever tells of what is odd in messages must. All are looked at, which takes many at a time.
pub(crate) fn is_usual(octets: &[u8]) -> bool {
    octets.iter().fold(true, |usual, octet| usual & matches!(octet, b' '..=b'~' | b'\r' | b'\n'))
}

/// Where the lines of a message's header begin.
pub(crate) fn lines(octets: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    memchr_iter(b'\n', octets).map_while(move |end| {
        let line = octets.get(start..end)?;
        let at = std::mem::replace(&mut start, end + 1);
        (line.len() > 1).then_some((at, line))
    })
}

/// A message with the places of what is needed of it.
struct Kept {
    octets: Box<[u8]>,
    places: [u32; NEEDED.len()],
}

/// Calls that are open.
#[derive(Default)]
pub(crate) struct Calls(HashMap<Box<[u8]>, Vec<Kept>, RandomState>);

impl Calls {
    /// Keeps a message under its Call-ID; a call that ends with it is freed. Returns something that depends on all of it.
    pub(crate) fn push(&mut self, message: &[u8]) -> usize {
        let mut places = [0; NEEDED.len()];
        let mut call_id: &[u8] = &[];
        for (at, line) in lines(message) {
            let name = memchr::memchr(b':', line).unwrap_or_default();
            let (name, value) = line.split_at(name);
            if name == b"Call-ID" {
                call_id = value;
            } else if let Some((_, place)) = NEEDED.iter().zip(&mut places).find(|(needed, _)| **needed == name) {
                *place = u32::try_from(at).unwrap_or_default();
            }
        }
        let kept = Kept { octets: message.into(), places };
        let call = match self.0.get_mut(call_id) {
            Some(call) => call,
            None => self.0.entry(call_id.into()).or_default(),
        };
        call.push(kept);
        if !ends(call) {
            return 0;
        }
        let over = self.0.remove(call_id).unwrap_or_default();
        over.iter().map(|kept| kept.octets.len() + kept.places.iter().filter(|place| **place > 0).count()).sum()
    }
}

/// Whether the last message is an ACK that follows a failure, or answers a BYE.
fn ends(call: &[Kept]) -> bool {
    let [.., before, last] = call else { return false };
    let has_failed = before.octets.starts_with(b"SIP/2.0 ") && !before.octets.starts_with(b"SIP/2.0 2");
    last.octets.starts_with(b"ACK ") && has_failed
        || last.octets.starts_with(b"SIP/2.0 ") && before.octets.starts_with(b"BYE ")
}
