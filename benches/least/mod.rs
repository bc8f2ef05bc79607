//! The least that a program does which keeps SIP messages and groups them into calls, written for nothing else: what no amount of work
//! on the real stages comes below. Nothing is checked, told from anything else, or said; messages are taken to be complete.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use memchr::memchr_iter;

/// Header fields that every tracker needs, by their usual names.
const NEEDED: [&[u8]; 5] = [b"Via", b"From", b"To", b"CSeq", b"Content-Length"];

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
    /// Keeps a message under its Call-ID; a call of so many messages is over, and freed. Returns something that depends on all of it.
    pub(crate) fn push(&mut self, message: &[u8], whole: usize) -> usize {
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
        if call.len() < whole {
            return 0;
        }
        let over = self.0.remove(call_id).unwrap_or_default();
        over.iter().map(|kept| kept.octets.len() + kept.places.iter().filter(|place| **place > 0).count()).sum()
    }
}
