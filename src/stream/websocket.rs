//! SIP over WebSocket (RFC 7118): the upgrade of HTTP, frames (RFC 6455 §5), and their compression (RFC 7692).

use flate2::{Decompress, FlushDecompress, Status};

use crate::limits::{STREAM_MESSAGE_OCTETS, STREAM_PROBE};
use crate::sip::stream;

/// What an HTTP request or response says of an upgrade to WebSocket with SIP in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// The header block is not complete.
    Incomplete,
    /// Something else.
    Other,
    /// It asks for, or agrees to, SIP; the header block has so many octets.
    Sip {
        /// Octets up to the blank line, included.
        length: usize,
        /// Whether it is the response, which says what holds.
        agreed: bool,
        /// Whether messages may be compressed.
        deflate: bool,
    },
}

/// Reads the header block of an HTTP message. Others than a GET, and 101, are not waited for.
pub(super) fn upgrade(bytes: &[u8]) -> Upgrade {
    let agreed = bytes.starts_with(b"HTTP/1.1 101");
    if !agreed && !bytes.starts_with(b"GET ") {
        return Upgrade::Other;
    }
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Upgrade::Incomplete };
    let head = bytes.get(..end).unwrap_or_default().to_ascii_lowercase();
    let value = |name: &[u8]| head.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(name));
    let upgrades = value(b"upgrade:").is_some_and(|v| holds(v, b"websocket"));
    let sip = value(b"sec-websocket-protocol:").is_some_and(|v| holds(v, b"sip"));
    let extensions = value(b"sec-websocket-extensions:").unwrap_or_default();
    let deflate = memchr::memmem::find(extensions, b"permessage-deflate").is_some();
    if upgrades && sip { Upgrade::Sip { length: end + 4, agreed, deflate } } else { Upgrade::Other }
}

/// Whether a comma-separated list holds a word.
fn holds(list: &[u8], word: &[u8]) -> bool {
    list.split(|b| *b == b',').any(|value| value.trim_ascii() == word)
}

/// Whether octets begin with the frame of a SIP message; `None` while more are needed. It tells WebSocket where the upgrade was not
/// captured, and where frames begin again behind a gap. Compressed ones are not told: their window is lost.
pub(super) fn begins_with_sip(bytes: &[u8]) -> Option<bool> {
    let (Some(0x01 | 0x02 | 0x81 | 0x82), Ok(header)) = (bytes.first(), header(bytes)) else { return Some(false) };
    let header = header?;
    let wanted = header.payload.min(STREAM_PROBE);
    let octets = bytes.get(header.length..).unwrap_or_default();
    let begin = header.unmasked(octets.get(..wanted).unwrap_or(octets)).collect::<Vec<_>>();
    if begin.len() == wanted || begin.contains(&b'\n') {
        return Some(stream::is_start(&begin));
    }
    if stream::may_begin(&begin) { None } else { Some(false) }
}

/// What stands at a place of a stream of frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More octets are needed.
    More,
    /// A whole message: its octets, and how many octets of the stream its frames take.
    Message(Vec<u8>, usize),
    /// Control frames or nothing of interest, so many octets of them.
    Nothing(usize),
    /// No frame, or more than is allowed.
    Broken,
}

/// Reads the messages of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Octets of the stream whose frames were read, of the message that is not whole.
    read: usize,
    /// Its payload so far, unmasked.
    payload: Vec<u8>,
    is_compressed: bool,
    inflate: Option<Inflate>,
}

/// Undoes compression, with the window of the messages before.
#[derive(Debug)]
struct Inflate(Box<Decompress>);

/// The header of a frame.
struct Header {
    length: usize,
    payload: usize,
    mask: Option<[u8; 4]>,
    is_last: bool,
    is_compressed: bool,
    opcode: u8,
}

impl Frames {
    /// Memory held beside the octets of the stream.
    pub(super) fn cost(&self) -> usize {
        self.payload.len()
    }

    /// Reads on in octets that begin where the last message ended.
    pub(super) fn next(&mut self, bytes: &[u8], deflate: bool) -> Next {
        loop {
            let rest = bytes.get(self.read..).unwrap_or_default();
            let header = match header(rest) {
                Ok(Some(header)) => header,
                Ok(None) => return Next::More,
                Err(Broken) => return Next::Broken,
            };
            let end = header.length + header.payload;
            let Some(octets) = rest.get(header.length..end) else { return Next::More };
            self.read += end;
            if header.opcode < 8 {
                self.take(&header, octets);
                if self.payload.len() > STREAM_MESSAGE_OCTETS {
                    return Next::Broken;
                }
                if header.is_last {
                    return self.whole(deflate);
                }
            } else if self.payload.is_empty() {
                return Next::Nothing(std::mem::take(&mut self.read));
            }
        }
    }

    fn take(&mut self, header: &Header, octets: &[u8]) {
        if header.opcode != 0 {
            self.is_compressed = header.is_compressed;
            self.payload.clear();
        }
        self.payload.extend(header.unmasked(octets));
    }

    fn whole(&mut self, deflate: bool) -> Next {
        let length = std::mem::take(&mut self.read);
        let payload = std::mem::take(&mut self.payload);
        if !self.is_compressed {
            return Next::Message(payload, length);
        }
        if !deflate {
            return Next::Broken;
        }
        let inflate = self.inflate.get_or_insert_with(|| Inflate(Box::new(Decompress::new(false))));
        inflate.message(payload).map_or(Next::Broken, |message| Next::Message(message, length))
    }
}

impl Inflate {
    /// Undoes the compression of one message (RFC 7692 §7.2.2); the window of the messages before is kept, as a sender may refer to
    /// it, and one that may not simply does not.
    fn message(&mut self, mut payload: Vec<u8>) -> Option<Vec<u8>> {
        payload.extend([0, 0, 0xff, 0xff]);
        let mut out = Vec::with_capacity(payload.len() * 4);
        let mut rest = payload.as_slice();
        loop {
            let before = (self.0.total_in(), out.len());
            let status = self.0.decompress_vec(rest, &mut out, FlushDecompress::Sync).ok()?;
            let used = usize::try_from(self.0.total_in() - before.0).ok()?;
            rest = rest.get(used..)?;
            if out.len() > STREAM_MESSAGE_OCTETS {
                return None;
            }
            if status == Status::StreamEnd {
                self.0.reset(false);
                return Some(out);
            }
            if rest.is_empty() && out.len() < out.capacity() {
                return Some(out);
            }
            if used == 0 && out.len() == before.1 && out.len() < out.capacity() {
                return None;
            }
            out.reserve(out.len().max(4096));
        }
    }
}

impl Header {
    /// Octets of the payload without the mask.
    fn unmasked<'a>(&self, octets: &'a [u8]) -> impl Iterator<Item = u8> + use<'a> {
        octets.iter().zip(self.mask.unwrap_or_default().into_iter().cycle()).map(|(octet, key)| octet ^ key)
    }
}

struct Broken;

/// Reads the header of a frame; `None` while it is not complete.
fn header(bytes: &[u8]) -> Result<Option<Header>, Broken> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let opcode = first & 0x0f;
    if first & 0x30 != 0 || !matches!(opcode, 0..=2 | 8..=10) {
        return Err(Broken);
    }
    let (payload, behind) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (u64::from_be_bytes(*length), 8),
            None => return Ok(None),
        },
        length => (u64::from(length), 0),
    };
    let payload = usize::try_from(payload).ok().filter(|length| *length <= STREAM_MESSAGE_OCTETS).ok_or(Broken)?;
    let (mask, length) = if second & 0x80 == 0 {
        (None, 2 + behind)
    } else {
        match rest.get(behind..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(mask) => (Some(*mask), 2 + behind + 4),
            None => return Ok(None),
        }
    };
    let is_last = first & 0x80 != 0;
    Ok(Some(Header { length, payload, mask, is_last, is_compressed: first & 0x40 != 0, opcode }))
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        let masked: u8 = if mask.is_some() { 0x80 } else { 0 };
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(masked | length),
            _ => {
                frame.push(masked + 126);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend(mask.unwrap_or_default().iter().filter(|_| mask.is_some()));
        let key = mask.unwrap_or_default();
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
        frame
    }

    /// All messages, from octets that come a few at a time.
    fn messages(stream: &[u8], size: usize, deflate: bool) -> Option<Vec<Vec<u8>>> {
        let mut frames = Frames::default();
        let (mut found, mut from) = (Vec::new(), 0);
        for to in (0..stream.len()).step_by(size).map(|at| (at + size).min(stream.len())) {
            loop {
                match frames.next(&stream[from..to], deflate) {
                    Next::More => break,
                    Next::Message(message, length) => {
                        found.push(message);
                        from += length;
                    }
                    Next::Nothing(length) => from += length,
                    Next::Broken => return None,
                }
            }
        }
        Some(found)
    }

    #[test]
    fn masks_fragments_and_control_frames() {
        let long = [b'x'; 300];
        let mask = Some([1, 2, 3, 4]);
        let stream = [
            frame(0x89, mask, b"ping"),
            frame(0x81, mask, b"first"),
            frame(0x01, None, b"in "),
            frame(0x8a, None, b""),
            frame(0x00, mask, b"three "),
            frame(0x80, None, b"parts"),
            frame(0x82, mask, &long),
            frame(0x88, None, b"\x03\xe8"),
        ]
        .concat();
        for size in [1, 2, 7, 1000] {
            let expected = [&b"first"[..], b"in three parts", &long];
            assert_eq!(messages(&stream, size, false).unwrap(), expected, "{size}");
        }
        for broken in [&[0xb1, 0][..], &[0x83, 0], &[0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0], &[0xc1, 1, 0]] {
            assert_eq!(messages(broken, 100, false), None, "{broken:x?}");
        }
    }

    #[test]
    fn compressed_messages_may_refer_to_those_before() {
        let mut compress = Compress::new(Compression::default(), false);
        let text = "INVITE sip:bob@example.com SIP/2.0\r\n".repeat(200);
        let mut stream = Vec::new();
        for _ in 0..3 {
            let mut out = Vec::with_capacity(10_000);
            compress.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
            out.truncate(out.len() - 4);
            stream.extend(frame(0xc1, Some([9, 8, 7, 6]), &out));
        }
        for size in [1, 50, 10_000] {
            assert_eq!(messages(&stream, size, true).unwrap(), vec![text.clone().into_bytes(); 3]);
        }
        // A bomb is not blown up.
        let mut out = Vec::with_capacity(100_000);
        compress.compress_vec(&vec![0; 8 << 20], &mut out, FlushCompress::Sync).unwrap();
        assert_eq!(messages(&frame(0xc1, None, &out), 100_000, true), None);
    }

    #[test]
    fn an_upgrade_to_sip_is_told_from_others() {
        let request = "GET /ws HTTP/1.1\r\nHost: example.com\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Protocol: xmpp, sip\r\n\r\n";
        let expected = Upgrade::Sip { length: request.len(), agreed: false, deflate: false };
        assert_eq!(upgrade(request.as_bytes()), expected);
        let response = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\
                        Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
        assert!(matches!(upgrade(response.as_bytes()), Upgrade::Sip { agreed: true, deflate: true, .. }));
        assert_eq!(upgrade(&request.as_bytes()[..40]), Upgrade::Incomplete);
        assert_eq!(upgrade(request.replace("sip", "mqtt").as_bytes()), Upgrade::Other);
        assert_eq!(upgrade(b"POST / HTTP/1.1\r\n"), Upgrade::Other);
    }
}
