//! The chunks of a packet (RFC 9260 §3.2) that matter here: DATA, I-DATA (RFC 8260 §2.1), what acknowledges them, and the handshake.

use super::super::bytes::{be16, be32};

/// Length of a chunk's header, in octets.
const HEADER: usize = 4;

/// A chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk<'a> {
    /// A user message, or a fragment of one.
    Data(Data<'a>),
    /// The association is accepted: the tag that packets of the other direction carry from here on.
    InitAck(u32),
    /// Everything up to this transmission sequence number has come, or is not going to come (RFC 3758).
    Acknowledged(u32),
    /// Anything else.
    Other,
}

/// A DATA or I-DATA chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "three of them are bits of the chunk")]
pub(super) struct Data<'a> {
    /// Transmission sequence number, of all chunks of a direction.
    pub(super) tsn: u32,
    pub(super) stream: u16,
    pub(super) unordered: bool,
    /// Place of the message in its stream.
    pub(super) order: Order,
    /// Payload protocol identifier; 0 where nothing is said, as in all fragments of I-DATA but the first.
    pub(super) protocol: u32,
    /// Whether the message begins here.
    pub(super) first: bool,
    /// Whether it ends here.
    pub(super) last: bool,
    pub(super) payload: &'a [u8],
    /// Whether octets behind them are missing.
    pub(super) cut: bool,
}

impl Data<'_> {
    /// Whether it is I-DATA.
    pub(super) fn is_interleaved(&self) -> bool {
        matches!(self.order, Order::Message(..))
    }
}

/// The place of a message in its stream, in as many bits as the chunk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Stream sequence number of DATA: fragments follow one another in the row of all chunks.
    Sequence(u16),
    /// Message identifier and fragment sequence number of I-DATA: fragments of several messages may alternate.
    Message(u32, u32),
}

/// Goes through the chunks of a packet.
pub(super) struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    pub(super) fn new(chunks: &'a [u8]) -> Self {
        Self { rest: chunks }
    }

    /// Whether the chunks filled the packet.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (kind, flags) = (*self.rest.first()?, *self.rest.get(1)?);
        let length = usize::from(be16(self.rest, 2)?);
        if length < HEADER {
            return None;
        }
        let cut = length > self.rest.len();
        let value = self.rest.get(HEADER..length).or_else(|| self.rest.get(HEADER..))?;
        // The padding of the last chunk may have been left out.
        self.rest = self.rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(read(kind, flags, value, cut))
    }
}

fn read(kind: u8, flags: u8, value: &[u8], cut: bool) -> Chunk<'_> {
    let chunk = match kind {
        0 => data(flags, value, cut),
        2 => be32(value, 0).map(Chunk::InitAck),
        3 | 192 | 194 => be32(value, 0).map(Chunk::Acknowledged),
        64 => interleaved(flags, value, cut),
        _ => None,
    };
    chunk.unwrap_or(Chunk::Other)
}

fn data(flags: u8, value: &[u8], cut: bool) -> Option<Chunk<'_>> {
    let order = Order::Sequence(be16(value, 6)?);
    Some(Chunk::Data(common(flags, value, order, be32(value, 8)?, value.get(12..)?, cut)?))
}

fn interleaved(flags: u8, value: &[u8], cut: bool) -> Option<Chunk<'_>> {
    // One field holds the protocol in the first fragment, and the number of the fragment in the others.
    let (message, field) = (be32(value, 8)?, be32(value, 12)?);
    let (protocol, fragment) = if flags & 2 == 0 { (0, field) } else { (field, 0) };
    let order = Order::Message(message, fragment);
    Some(Chunk::Data(common(flags, value, order, protocol, value.get(16..)?, cut)?))
}

fn common<'a>(flags: u8, value: &[u8], order: Order, protocol: u32, payload: &'a [u8], cut: bool) -> Option<Data<'a>> {
    Some(Data {
        tsn: be32(value, 0)?,
        stream: be16(value, 4)?,
        unordered: flags & 4 != 0,
        order,
        protocol,
        first: flags & 2 != 0,
        last: flags & 1 != 0,
        payload,
        cut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_up_to_where_the_frame_was_cut() {
        let mut bytes = vec![3, 0, 0, 16, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0];
        bytes.extend([0, 7, 0, 18, 0, 0, 0, 5, 0, 1, 0, 2, 0, 0, 0, 46, b'h', b'i', 0, 0]);
        bytes.extend([64, 1, 0, 22, 0, 0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 3, b'y', b'o']);
        let expected = [
            Chunk::Acknowledged(9),
            Chunk::Data(Data {
                tsn: 5,
                stream: 1,
                unordered: true,
                order: Order::Sequence(2),
                protocol: 46,
                first: true,
                last: true,
                payload: b"hi",
                cut: false,
            }),
            Chunk::Data(Data {
                tsn: 6,
                stream: 1,
                unordered: false,
                order: Order::Message(8, 3),
                protocol: 0,
                first: false,
                last: true,
                payload: b"yo",
                cut: false,
            }),
        ];
        let mut chunks = Chunks::new(&bytes);
        assert_eq!(chunks.by_ref().collect::<Vec<_>>(), expected);
        assert!(chunks.is_at_end());
        for length in 0..bytes.len() {
            let found: Vec<_> = Chunks::new(&bytes[..length]).collect();
            assert!(found.len() <= 3);
            for (chunk, whole) in found.iter().zip(&expected) {
                match (chunk, whole) {
                    (Chunk::Data(cut), Chunk::Data(whole)) => {
                        assert!(whole.payload.starts_with(cut.payload) && cut.cut == (cut.payload != whole.payload));
                    }
                    (Chunk::Other, _) => {}
                    (chunk, whole) => assert_eq!(chunk, whole),
                }
            }
        }
        assert_eq!(Chunks::new(&[0, 3, 0, 3, 1, 1, 1, 1]).next(), None);
    }
}
