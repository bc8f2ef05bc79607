//! What can be told of a frame without knowing any other: decode, probe and parse. Frames can be prepared in any order, and side
//! by side.

use smallvec::SmallVec;

use crate::call::CapturedMessage;
use crate::capture::Frame;
use crate::net::hep::inflate;
use crate::net::tcp::Arrived;
use crate::net::{CarrierRef, Datagram, Decoded, PayloadKind, Segment, SkipReason, classify, failed_lookup, peel};
use crate::provenance::{Flow, FrameRef, Provenance, Timestamp};
use crate::sip::{self, Framed};

/// A frame with what it holds. One may be used again for the next frame, when its messages are taken.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) reference: FrameRef,
    pub(super) time: Timestamp,
    /// Octets that were captured.
    pub(super) octets: usize,
    /// Whether the snap length cut it.
    pub(super) cut: bool,
    /// What is around its content, where there is something to tell of it.
    pub(super) carrier: CarrierRef,
    pub(super) content: Content,
    /// The messages of [`Content::Sip`].
    pub(super) messages: Found,
}

/// The messages of a datagram, as a rule one, before it is known to what leg they belong.
pub(super) type Found = SmallVec<[CapturedMessage; 1]>;

/// What a frame holds.
#[derive(Debug)]
pub(super) enum Content {
    /// A datagram with SIP messages.
    Sip(Flow),
    /// A datagram with RTP.
    Media(Flow),
    /// A datagram with something else.
    Other(PayloadKind),
    /// Nothing for us.
    Skipped(SkipReason),
    /// A segment of a stream, which can be read only behind those before it.
    Segment(Box<HeldSegment>),
    /// What needs to be seen in order: fragments, SCTP, ICMP errors, failed lookups.
    Stateful(Stateful),
}

/// The octets of a frame that has to be decoded where state is.
#[derive(Debug)]
pub(super) struct Stateful {
    pub(super) link_type: u16,
    pub(super) original_length: u32,
    pub(super) bytes: Vec<u8>,
}

/// A segment with its octets, which the frame does not keep.
#[derive(Debug)]
pub(super) struct HeldSegment {
    head: Segment<'static>,
    payload: Box<[u8]>,
}

impl HeldSegment {
    fn new(segment: &Segment<'_>) -> Self {
        Self { head: Segment { payload: &[], ..*segment }, payload: segment.payload.into() }
    }

    pub(super) fn segment(&self) -> Segment<'_> {
        Segment { payload: &self.payload, ..self.head }
    }
}

/// Where a datagram was found: its frames and the time of the one that completes it.
pub(super) struct Place<'a> {
    pub(super) frame: FrameRef,
    pub(super) other_frames: &'a [FrameRef],
    pub(super) time: Timestamp,
    pub(super) carrier: CarrierRef,
}

impl<'a> Place<'a> {
    /// The same for reassembly.
    pub(super) fn arrived(&self) -> Arrived<'a> {
        let Self { frame, other_frames, time, ref carrier } = *self;
        Arrived { frame, other_frames, time, carrier: carrier.clone() }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Other(PayloadKind::Empty)
    }
}

/// Decodes a frame and reads the messages in it, which are put where they stay, as they are large.
pub(super) fn prepare(frame: &Frame<'_>, reader: &mut sip::Reader, prepared: &mut Prepared) {
    let peeled = peel(frame.link_type, frame.bytes, frame.original_length, frame.time);
    let time = peeled.time.unwrap_or(frame.time);
    let place = Place { frame: frame.reference, other_frames: &[], time, carrier: peeled.carrier };
    prepared.reference = frame.reference;
    prepared.time = time;
    prepared.octets = frame.bytes.len();
    prepared.cut = (frame.bytes.len() as u64) < u64::from(frame.original_length);
    prepared.messages.clear();
    prepared.content = match peeled.content {
        Decoded::Skipped(reason) => Content::Skipped(reason),
        Decoded::Udp(datagram) => {
            if peeled.kind.is_none() {
                messages(&datagram, &place, reader, &mut prepared.messages);
            }
            if !prepared.messages.is_empty() {
                Content::Sip(datagram.flow)
            } else if peeled.kind.is_none() && failed_lookup(datagram.flow.source.port, datagram.payload).is_some() {
                stateful(frame)
            } else {
                match peeled.kind.unwrap_or_else(|| classify(&datagram.flow, datagram.payload)) {
                    PayloadKind::Rtp => Content::Media(datagram.flow),
                    kind => Content::Other(kind),
                }
            }
        }
        Decoded::Tcp(segment) => Content::Segment(Box::new(HeldSegment::new(&segment))),
        Decoded::Fragment(_) | Decoded::Sctp(_) | Decoded::Icmp(_) => stateful(frame),
    };
    prepared.carrier = place.carrier;
}

fn stateful(frame: &Frame<'_>) -> Content {
    let (link_type, original_length) = (frame.link_type, frame.original_length);
    Content::Stateful(Stateful { link_type, original_length, bytes: frame.bytes.to_vec() })
}

/// Finds the messages of a datagram; none where it holds something else.
pub(super) fn messages(datagram: &Datagram<'_>, place: &Place<'_>, reader: &mut sip::Reader, found: &mut Found) {
    let captured = |Framed { message, offset }: Framed| {
        let provenance = Provenance {
            frame: place.frame,
            other_frames: place.other_frames.into(),
            time: place.time,
            flow: datagram.flow,
            ip_id: datagram.ip_id,
            ttl: datagram.ttl,
            carrier: place.carrier.clone(),
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
        };
        CapturedMessage::new(message, provenance)
    };
    let inflated =
        place.carrier.as_ref().filter(|carrier| carrier.is_compressed).and_then(|_| inflate(datagram.payload));
    let octets = inflated.as_deref().unwrap_or(datagram.payload);
    reader.each_message(octets, datagram.cut, |framed| found.push(captured(framed)));
}
