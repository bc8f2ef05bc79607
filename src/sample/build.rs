//! Steps to datagrams: messages filled in and joined, sent and sent again, quoted by ICMP errors, captured once or twice.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::provenance::{Endpoint, Timestamp};

use super::FlowError;
use super::fill::Filler;
use super::frames::{self, Header};
use super::step::{Content, Link, Script, Shape, Step, Unreachable};
use super::streams::Streams;

/// Longest UDP payload in IPv4 and IPv6 alike.
const MAX_PAYLOAD: usize = 65_507;
const DEFAULT_TTL: u8 = 64;

/// One frame, or the fragments of one datagram.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    pub(super) time: Timestamp,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) header: Header,
    pub(super) protocol: u8,
    /// From the UDP or ICMP header on.
    pub(super) ip_payload: Vec<u8>,
    pub(super) is_udp: bool,
    pub(super) shape: Shape,
}

/// A step with its octets.
struct Built {
    /// Place of the step.
    step: usize,
    payload: Payload,
}

enum Payload {
    Udp(Vec<u8>),
    /// Quotes the built step at that place.
    Icmp(Unreachable, usize),
}

/// One sending of a step.
struct Sending {
    time: i64,
    built: usize,
}

/// All datagrams of a script, in the order of their times.
pub(super) fn captured(script: &Script) -> Result<Vec<Captured>, FlowError> {
    check_links(script)?;
    let built = build(script)?;
    let mut sendings = Vec::new();
    for (place, one) in built.iter().enumerate() {
        let Some(step) = script.steps.get(one.step) else { continue };
        for offset in [0].iter().chain(&step.words.repeat) {
            sendings.push(Sending { time: step.time.saturating_add(*offset), built: place });
        }
    }
    sendings.sort_by_key(|sending| sending.time);
    Ok(capture(script, &built, &sendings))
}

/// Fills in all messages, in the order of the text, and joins those of one datagram.
fn build(script: &Script) -> Result<Vec<Built>, FlowError> {
    let mut filler = Filler::default();
    let mut built: Vec<Built> = Vec::new();
    for (place, step) in script.steps.iter().enumerate() {
        let octets = match &step.content {
            Content::Message(written) => filler.message(step, written)?,
            Content::Raw(octets) => {
                filler.note_raw(step, octets);
                octets.clone()
            }
            Content::Octets(octets) => octets.clone(),
            Content::Icmp(what, quoted) => {
                let quoted = quoted_step(script, &built, step, *quoted)?;
                built.push(Built { step: place, payload: Payload::Icmp(*what, quoted) });
                continue;
            }
        };
        if step.words.same_datagram {
            match built.last_mut() {
                Some(Built { payload: Payload::Udp(before), .. }) => before.extend(octets),
                _ => return Err(FlowError::new(step.line, "there is no datagram to append to")),
            }
        } else {
            built.push(Built { step: place, payload: Payload::Udp(octets) });
        }
        if let Some(Built { payload: Payload::Udp(payload), .. }) = built.last()
            && payload.len() > MAX_PAYLOAD
            && step.words.tcp.is_none()
        {
            return Err(FlowError::new(step.line, format!("more than {MAX_PAYLOAD} octets in a datagram")));
        }
    }
    Ok(built)
}

/// The place in `built` of the step that an ICMP error quotes.
fn quoted_step(script: &Script, built: &[Built], step: &Step, number: usize) -> Result<usize, FlowError> {
    let place = number - 1;
    let found = built.iter().position(|one| one.step == place && matches!(one.payload, Payload::Udp(_)));
    let same_family = |quoted: &&Step| quoted.source.address.is_ipv4() == step.source.address.is_ipv4();
    found
        .filter(|_| script.steps.get(place).as_ref().is_some_and(same_family))
        .ok_or_else(|| FlowError::new(step.line, format!("step {number} is no earlier datagram to quote")))
}

fn check_links(script: &Script) -> Result<(), FlowError> {
    let tagged = script.steps.iter().find(|step| !step.words.shape.vlan.is_empty());
    match (script.link, tagged) {
        (Link::Raw | Link::Null | Link::Sll2, Some(step)) => {
            Err(FlowError::new(step.line, "this link type has no VLAN tags"))
        }
        _ => Ok(()),
    }
}

/// Gives every sending its IP identification and adds the duplicates.
fn capture(script: &Script, built: &[Built], sendings: &[Sending]) -> Vec<Captured> {
    let mut identifications: BTreeMap<IpAddr, u16> = BTreeMap::new();
    let mut first_headers: BTreeMap<usize, Header> = BTreeMap::new();
    let mut captured = Vec::new();
    let mut streams = Streams::default();
    for sending in sendings {
        let Some((one, step)) = built.get(sending.built).and_then(|one| Some((one, script.steps.get(one.step)?)))
        else {
            continue;
        };
        if let (Some(tcp), Payload::Udp(payload)) = (&step.words.tcp, &one.payload) {
            for segment in streams.send((step.source, step.destination), tcp, payload) {
                let (source, destination) =
                    if segment.is_back { (step.destination, step.source) } else { (step.source, step.destination) };
                let time = script.start.0.saturating_add(sending.time).saturating_add(segment.offset);
                let header = header(step, (source, destination), &mut identifications);
                let (protocol, ip_payload) = frames::tcp(source, destination, &segment);
                let shape = step.words.shape.clone();
                let time = Timestamp(time);
                captured.extend(with_duplicates(
                    step,
                    Captured { time, source, destination, header, protocol, ip_payload, is_udp: false, shape },
                ));
            }
            continue;
        }
        let header = header(step, (step.source, step.destination), &mut identifications);
        first_headers.entry(sending.built).or_insert(header);
        let content = match &one.payload {
            Payload::Udp(payload) => Some(frames::udp(step.source, step.destination, payload)),
            Payload::Icmp(what, place) => first_headers
                .get(place)
                .zip(built.get(*place))
                .and_then(|(of, quoted)| icmp(script, header, *what, *of, quoted)),
        };
        let Some((protocol, ip_payload)) = content else { continue };
        let time = script.start.0.saturating_add(sending.time);
        let is_udp = matches!(one.payload, Payload::Udp(_));
        captured.extend(with_duplicates(
            step,
            Captured {
                time: Timestamp(time),
                source: step.source,
                destination: step.destination,
                header,
                protocol,
                ip_payload,
                is_udp,
                shape: step.words.shape.clone(),
            },
        ));
    }
    captured.sort_by_key(|one| one.time);
    captured
}

fn header(
    step: &Step,
    (source, destination): (Endpoint, Endpoint),
    identifications: &mut BTreeMap<IpAddr, u16>,
) -> Header {
    let id = next_id(identifications, source.address);
    let ttl = step.words.ttl.unwrap_or(DEFAULT_TTL);
    Header { source: source.address, destination: destination.address, id, ttl }
}

/// The ICMP error about a datagram that was sent with the header `of`.
fn icmp(script: &Script, header: Header, what: Unreachable, of: Header, quoted: &Built) -> Option<(u8, Vec<u8>)> {
    let Payload::Udp(payload) = &quoted.payload else { return None };
    let step = script.steps.get(quoted.step)?;
    let (protocol, payload) = frames::udp(step.source, step.destination, payload);
    Some(frames::icmp(header, what, of, protocol, &payload))
}

/// A datagram and its duplicates, each one hop further.
fn with_duplicates(step: &Step, first: Captured) -> Vec<Captured> {
    let later = step.words.duplicate.iter().enumerate().map(|(index, offset)| {
        let hops = u8::try_from(index + 1).unwrap_or(u8::MAX);
        let header = Header { ttl: first.header.ttl.saturating_sub(hops), ..first.header };
        Captured { time: Timestamp(first.time.0.saturating_add(*offset)), header, ..first.clone() }
    });
    let mut all: Vec<Captured> = later.collect();
    all.insert(0, first);
    all
}

/// The next identification of that sender: a counter that starts somewhere else for every address.
fn next_id(identifications: &mut BTreeMap<IpAddr, u16>, address: IpAddr) -> u16 {
    let start = || match address {
        IpAddr::V4(address) => u16::from(address.octets()[3]).wrapping_mul(257),
        IpAddr::V6(address) => address.segments()[7].wrapping_mul(257),
    };
    let id = identifications.entry(address).or_insert_with(start);
    *id = id.wrapping_add(1);
    *id
}
