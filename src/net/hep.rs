//! HEP, the Homer encapsulation protocol, versions 1 to 3: a collector's copy of a message, with the addresses and the time that
//! the message had. Told by its magic and by lengths that agree, on any port.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::bytes::{be16, be32};
use super::carrier::Carrier;
use super::classify::PayloadKind;
use super::decode::Datagram;
use super::vlan::Vlans;
use crate::limits::{HEP_AHEAD, STREAM_MESSAGE_OCTETS};
use crate::provenance::{Endpoint, Flow, Timestamp, Transport};

/// Header of a packet of version 3, and of a chunk in it, in octets.
pub(crate) const HEADER_V3: usize = 6;
/// The first octets of version 3.
pub(crate) const MAGIC: &[u8] = b"HEP3";
/// Protocol type of SIP, as registered for version 3 (versions 1 and 2 know nothing else).
const SIP: u8 = 1;

/// A message in HEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hep<'a> {
    /// 1 to 3.
    pub(crate) version: u8,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) transport: Transport,
    /// When the sender of the copy saw it.
    pub(crate) time: Option<Timestamp>,
    /// What the payload is; 1 is SIP.
    pub(crate) kind: u8,
    pub(crate) payload: &'a [u8],
    /// Whether octets of the payload are missing.
    pub(crate) cut: bool,
    /// Whether the payload is compressed with zlib or gzip.
    is_compressed: bool,
    /// What belongs together, as the agent says.
    correlation: Option<&'a [u8]>,
    /// The capture agent.
    pub(crate) agent: Option<u32>,
}

impl<'a> Hep<'a> {
    pub(crate) fn name(&self) -> &'static str {
        match self.version {
            1 => "HEPv1",
            2 => "HEPv2",
            _ => "HEPv3",
        }
    }

    /// What it holds instead of SIP.
    pub(crate) fn other_kind(&self) -> Option<PayloadKind> {
        match self.kind {
            SIP => None,
            4 | 34 => Some(PayloadKind::HepRtp),
            5 => Some(PayloadKind::HepRtcp),
            6 | 7 => Some(PayloadKind::HepMediaControl),
            53 => Some(PayloadKind::HepDns),
            100 => Some(PayloadKind::HepLog),
            _ => Some(PayloadKind::HepOther),
        }
    }

    /// The addresses of its own way.
    pub(crate) fn flow(&self) -> Flow {
        Flow { source: self.source, destination: self.destination, transport: self.transport }
    }

    /// The datagram as it was on its own way.
    pub(crate) fn datagram(&self) -> Datagram<'a> {
        Datagram {
            flow: self.flow(),
            payload: self.payload,
            cut: self.cut,
            ip_id: None,
            ttl: 0,
            vlan: Vlans::default(),
        }
    }

    /// Notes what it says of the message beside addresses and time.
    pub(crate) fn describe(&self, carrier: &mut Carrier) {
        (carrier.is_copy, carrier.is_compressed) = (true, self.is_compressed);
        carrier.agent = self.agent;
        if let Some(value) = self.correlation {
            carrier.correlate(value);
        }
    }

    /// Its own time, if that may be: the copy was captured at `captured`, so that a time far behind that is a clock gone wrong.
    pub(crate) fn time_before(&self, captured: Timestamp) -> Option<Timestamp> {
        self.time.filter(|time| *time <= captured.plus(HEP_AHEAD))
    }
}

/// Whether a payload may be HEP, by its first octets; cheap, for every datagram.
pub(super) fn may_be(payload: &[u8]) -> bool {
    matches!(
        payload,
        [b'H', b'E', b'P', b'3', ..]
            | [1, 16 | 40, 2 | 10 | 23 | 24 | 28 | 30, ..]
            | [2, 16 | 28 | 40 | 52, 2 | 10 | 23 | 24 | 28 | 30, ..]
    )
}

/// Reads a HEP packet; `None` where the payload is none.
pub(crate) fn read(payload: &[u8], cut: bool) -> Option<Hep<'_>> {
    match payload.first()? {
        b'H' => version_3(payload, cut),
        version @ (1 | 2) => binary(payload, *version, cut),
        _ => None,
    }
}

/// Whether octets are, or may become, the beginning of version 3.
pub(crate) fn is_magic(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().zip(MAGIC).all(|(a, b)| a == b)
}

/// How many octets the packet of version 3 takes that begins here; `None` if none does. For streams, where packets follow one another.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let total = usize::from(be16(bytes, 4)?);
    (bytes.starts_with(MAGIC) && total >= HEADER_V3).then_some(total)
}

/// Undoes the compression of a payload; `None` where it is none that is known, or grows beyond what a message may be.
pub(crate) fn inflate(payload: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let limit = u64::try_from(STREAM_MESSAGE_OCTETS).ok()?;
    let read = match payload {
        [0x1f, 0x8b, ..] => flate2::read::GzDecoder::new(payload).take(limit).read_to_end(&mut octets),
        _ => flate2::read::ZlibDecoder::new(payload).take(limit).read_to_end(&mut octets),
    };
    // What was cut is read as far as it goes.
    (read.is_ok() || !octets.is_empty()).then_some(octets)
}

/// Versions 1 and 2: a fixed header, the addresses, and in version 2 the time in the byte order of the sender.
fn binary(payload: &[u8], version: u8, cut: bool) -> Option<Hep<'_>> {
    let is_v4 = *payload.get(2)? == 2;
    let transport = transport(*payload.get(3)?)?;
    let ports = (be16(payload, 4)?, be16(payload, 6)?);
    let (source, destination, behind): (IpAddr, IpAddr, usize) =
        if is_v4 { (v4(payload, 8)?, v4(payload, 12)?, 16) } else { (v6(payload, 8)?, v6(payload, 24)?, 40) };
    // Some count the time of version 2 as part of the header, some do not.
    let announced = usize::from(*payload.get(1)?);
    let (time, start) = match version {
        2 if announced == behind || announced == behind + 12 => (native_time(payload, behind), behind + 12),
        1 if announced == behind => (None, behind),
        _ => return None,
    };
    Some(Hep {
        version,
        source: Endpoint { address: source, port: ports.0 },
        destination: Endpoint { address: destination, port: ports.1 },
        transport,
        time,
        kind: SIP,
        payload: payload.get(start..)?,
        cut,
        is_compressed: false,
        correlation: None,
        agent: None,
    })
}

/// Seconds and microseconds in the byte order of the sender: that in which the microseconds are below a million.
fn native_time(payload: &[u8], at: usize) -> Option<Timestamp> {
    let seconds: [u8; 4] = *payload.get(at..)?.first_chunk()?;
    let micros: [u8; 4] = *payload.get(at + 4..)?.first_chunk()?;
    time(u32::from_le_bytes(seconds), u32::from_le_bytes(micros))
        .or_else(|| time(u32::from_be_bytes(seconds), u32::from_be_bytes(micros)))
}

fn time(seconds: u32, micros: u32) -> Option<Timestamp> {
    let span = Duration::new(seconds.into(), 0) + Duration::from_micros(micros.into());
    (seconds > 0 && micros < 1_000_000).then(|| Timestamp::default().plus(span))
}

fn transport(protocol: u8) -> Option<Transport> {
    match protocol {
        17 => Some(Transport::Udp),
        6 => Some(Transport::Tcp),
        _ => None,
    }
}

fn v4(bytes: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv4Addr::from(*bytes.get(at..)?.first_chunk::<4>()?).into())
}

fn v6(bytes: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv6Addr::from(*bytes.get(at..)?.first_chunk::<16>()?).into())
}

/// The chunks of version 3 that matter, as they come.
#[derive(Default)]
struct Chunks<'a> {
    protocol: Option<u8>,
    addresses: [Option<IpAddr>; 2],
    ports: [u16; 2],
    seconds: u32,
    micros: u32,
    kind: Option<u8>,
    payload: Option<(&'a [u8], bool)>,
    is_compressed: bool,
    correlation: Option<&'a [u8]>,
    agent: Option<u32>,
}

impl<'a> Chunks<'a> {
    /// Takes a chunk of the generic vendor; the others are private.
    fn take(&mut self, kind: u16, value: &'a [u8], cut: bool) {
        let [source, destination] = &mut self.addresses;
        let [source_port, destination_port] = &mut self.ports;
        match kind {
            2 => self.protocol = value.first().copied(),
            3 => *source = v4(value, 0),
            4 => *destination = v4(value, 0),
            5 => *source = v6(value, 0),
            6 => *destination = v6(value, 0),
            7 => *source_port = be16(value, 0).unwrap_or(0),
            8 => *destination_port = be16(value, 0).unwrap_or(0),
            9 => self.seconds = be32(value, 0).unwrap_or(0),
            10 => self.micros = be32(value, 0).unwrap_or(0),
            11 => self.kind = value.first().copied(),
            12 => self.agent = be32(value, 0),
            15 | 16 => (self.payload, self.is_compressed) = (Some((value, cut)), kind == 16),
            17 => self.correlation = Some(value),
            _ => {}
        }
    }
}

/// Version 3: chunks with vendor, type and length.
fn version_3(payload: &[u8], frame_cut: bool) -> Option<Hep<'_>> {
    if payload.first_chunk() != Some(b"HEP3") {
        return None;
    }
    let total = usize::from(be16(payload, 4)?);
    if total < HEADER_V3 || (total > payload.len() && !frame_cut) {
        return None;
    }
    let mut rest = payload.get(HEADER_V3..total).or_else(|| payload.get(HEADER_V3..))?;
    let mut chunks = Chunks::default();
    while let (Some(vendor), Some(kind), Some(length)) = (be16(rest, 0), be16(rest, 2), be16(rest, 4)) {
        let length = usize::from(length);
        if length < HEADER_V3 || (length > rest.len() && !frame_cut) {
            return None;
        }
        let is_cut = length > rest.len();
        let (chunk, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if vendor == 0 {
            chunks.take(kind, chunk.get(HEADER_V3..)?, is_cut);
        }
        rest = behind;
    }
    let [source, destination] = chunks.addresses;
    let [source_port, destination_port] = chunks.ports;
    let (payload, cut) = chunks.payload.unwrap_or((&[], frame_cut));
    Some(Hep {
        version: 3,
        source: Endpoint { address: source?, port: source_port },
        destination: Endpoint { address: destination?, port: destination_port },
        // SCTP and others carry messages as TCP does: reliably.
        transport: if chunks.protocol == Some(17) { Transport::Udp } else { Transport::Tcp },
        time: time(chunks.seconds, chunks.micros),
        kind: chunks.kind?,
        payload,
        cut,
        is_compressed: chunks.is_compressed,
        correlation: chunks.correlation,
        agent: chunks.agent,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(in crate::net) fn chunk(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len() + HEADER_V3).unwrap();
        [&[0, 0][..], &kind.to_be_bytes(), &length.to_be_bytes(), value].concat()
    }

    pub(crate) fn packet_v3(kind: u8, payload: &[u8]) -> Vec<u8> {
        let chunks = [
            chunk(1, &[2]),
            chunk(2, &[17]),
            chunk(3, &[192, 0, 2, 10]),
            chunk(4, &[198, 51, 100, 30]),
            chunk(7, &5060_u16.to_be_bytes()),
            chunk(8, &5080_u16.to_be_bytes()),
            chunk(9, &1_700_000_000_u32.to_be_bytes()),
            chunk(10, &250_000_u32.to_be_bytes()),
            chunk(11, &[kind]),
            [&[0, 9][..], &chunk(15, b"private")[2..]].concat(),
            chunk(17, b"abc@pbx.example"),
            chunk(15, payload),
        ]
        .concat();
        let total = u16::try_from(chunks.len() + HEADER_V3).unwrap();
        [&b"HEP3"[..], &total.to_be_bytes(), &chunks].concat()
    }

    fn packet_v2(length: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![2, length, 2, 17, 0x13, 0xc4, 0x13, 0xd8, 192, 0, 2, 10, 198, 51, 100, 30];
        packet.extend(1_700_000_000_u32.to_le_bytes());
        packet.extend(250_000_u32.to_le_bytes());
        packet.extend([7, 0, 0, 0]);
        packet.extend(payload);
        packet
    }

    #[test]
    fn every_version_has_the_inner_addresses_and_version_2_and_3_the_time() {
        let mut v1 = packet_v2(16, b"SIP");
        v1[0] = 1;
        v1.drain(16..28);
        let v1_v6 = [&[1, 40, 10, 17, 0x13, 0xc4, 0x13, 0xd8][..], &[0x20; 16], &[0x21; 16], b"SIP"].concat();
        for (packet, version) in
            [(v1, 1), (v1_v6, 1), (packet_v2(16, b"SIP"), 2), (packet_v2(28, b"SIP"), 2), (packet_v3(1, b"SIP"), 3)]
        {
            assert!(may_be(&packet));
            let hep = read(&packet, false).unwrap();
            assert_eq!((hep.version, hep.payload, hep.other_kind(), hep.cut), (version, &b"SIP"[..], None, false));
            assert_eq!((hep.source.port, hep.destination.port, hep.transport), (5060, 5080, Transport::Udp));
            assert_eq!(hep.time, (version > 1).then_some(Timestamp(1_700_000_000_250_000_000)));
        }
        for (kind, expected) in [
            (5, PayloadKind::HepRtcp),
            (100, PayloadKind::HepLog),
            (34, PayloadKind::HepRtp),
            (2, PayloadKind::HepOther),
        ] {
            assert_eq!(read(&packet_v3(kind, b"{}"), false).unwrap().other_kind(), Some(expected));
        }
    }

    #[test]
    fn what_only_begins_like_it_is_none() {
        let whole = packet_v3(1, b"OPTIONS sip:a SIP/2.0\r\n\r\n");
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length], false), None, "{length}");
        }
        // Cut by the snap length, the payload that is left is read.
        let cut = read(&whole[..whole.len() - 4], true).unwrap();
        assert!(cut.cut && cut.payload.ends_with(b"2.0"));
        assert_eq!(read(&packet_v2(20, b"SIP"), false), None);
        assert!(!may_be(b"INVITE sip:a@b SIP/2.0") && !may_be(b"HEP sip:a SIP/2.0"));
    }

    #[test]
    fn a_time_behind_that_of_the_capture_is_not_believed() {
        let packet = packet_v3(1, b"");
        let hep = read(&packet, false).unwrap();
        assert_eq!(hep.time_before(Timestamp(1_700_000_001_000_000_000)), hep.time);
        assert_eq!(hep.time_before(Timestamp(1_600_000_000_000_000_000)), None);
    }
}
