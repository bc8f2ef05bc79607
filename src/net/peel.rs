//! One frame through all its layers to what it holds, whatever tunnels and copies of collectors it travelled in.

use super::classify::PayloadKind;
use super::decode::{Datagram, Decoded};
use super::layers::Layers;
use super::{fast_path, hep, ip, link};
use crate::provenance::Timestamp;

/// What a frame holds, and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeled<'a> {
    /// The innermost thing.
    pub content: Decoded<'a>,
    /// The layers around it; `None` where there is nothing to tell: a link layer, IP, and the transport.
    pub layers: Option<Box<Layers>>,
    /// When the message was captured, if what carries it says so and that may be.
    pub time: Option<Timestamp>,
    /// What the payload is, if what carries it says that it is no SIP.
    pub kind: Option<PayloadKind>,
}

impl<'a> From<Decoded<'a>> for Peeled<'a> {
    fn from(content: Decoded<'a>) -> Self {
        Self { content, layers: None, time: None, kind: None }
    }
}

/// Peels a frame that was captured at `time`. `link_type` is a number of the LINKTYPE registry; `original_length` is the length of
/// the frame on the wire, in octets: more than `bytes` when the snap length cut it.
pub fn peel(link_type: u16, bytes: &[u8], original_length: u32, time: Timestamp) -> Peeled<'_> {
    let frame_cut = u32::try_from(bytes.len()).is_ok_and(|captured| captured < original_length);
    match link::ip_packet(link_type, bytes) {
        Ok((packet, vlan)) => {
            let fast = fast_path::fast_udp(packet, vlan).map(Decoded::Udp);
            inside(fast.unwrap_or_else(|| ip::decode(packet, vlan, frame_cut)), time)
        }
        Err(reason) => Decoded::Skipped(reason).into(),
    }
}

/// Looks into a datagram for what it may carry for others.
pub(super) fn inside(content: Decoded<'_>, time: Timestamp) -> Peeled<'_> {
    match content {
        Decoded::Udp(datagram) if hep::may_be(datagram.payload) => {
            mirrored(&datagram, time).unwrap_or_else(|| content.into())
        }
        _ => content.into(),
    }
}

/// A datagram that a capture agent sent to its collector.
fn mirrored<'a>(datagram: &Datagram<'a>, time: Timestamp) -> Option<Peeled<'a>> {
    let hep = hep::read(datagram.payload, datagram.cut)?;
    let mut layers = Layers::default();
    layers.push(if datagram.flow.source.address.is_ipv4() { "IPv4" } else { "IPv6" }, None);
    layers.push("UDP", None);
    layers.push(hep.name(), None);
    Some(Peeled {
        content: Decoded::Udp(hep.datagram()),
        layers: Some(Box::new(layers)),
        time: hep.time_before(time),
        kind: hep.other_kind(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::frames::{SOURCE_V4, ethernet, flow, ipv4, udp};
    use super::super::hep::tests::packet_v3;
    use super::*;

    #[test]
    fn a_mirrored_message_has_its_own_addresses_and_time() {
        let (now, then) = (Timestamp(1_700_000_005_000_000_000), Timestamp(1_700_000_000_250_000_000));
        let wrap = |kind, payload: &[u8]| {
            let mut packet = ipv4(17, &udp(&packet_v3(kind, payload)));
            packet[12..16].copy_from_slice(&[203, 0, 113, 7]);
            ethernet(&[], 0x0800, &packet)
        };
        let frame = wrap(1, b"OPTIONS sip:pbx.example SIP/2.0\r\n\r\n");
        let peeled = peel(1, &frame, u32::try_from(frame.len()).unwrap(), now);
        let Decoded::Udp(datagram) = peeled.content else { panic!("{peeled:?}") };
        assert_eq!((datagram.flow, datagram.flow.source.address), (flow(false), SOURCE_V4.into()));
        assert!(datagram.payload.starts_with(b"OPTIONS") && !datagram.cut);
        assert_eq!((peeled.time, peeled.kind), (Some(then), None));
        assert!(peeled.layers.unwrap().to_string().ends_with("IPv4 > UDP > HEPv3"));

        let frame = wrap(5, b"{}");
        let peeled = peel(1, &frame, u32::try_from(frame.len()).unwrap(), then);
        assert_eq!((peeled.time, peeled.kind), (Some(then), Some(PayloadKind::HepRtcp)));
    }
}
