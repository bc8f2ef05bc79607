//! What is known of the streams of RTP in a capture, up to the frame that is looked at.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::heard::{Heard, PackedV4, ends_v4, ends_v6};
use super::{MediaStream, Spell, announced};
use crate::call::Call;
use crate::hashing::HashMap;
use crate::limits::{MEDIA_OF_CALL, MEDIA_OF_HOST, MEDIA_PAUSE, MEDIA_SPELLS, MEDIA_STREAMS};
use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp, Transport};

/// Streams in order of their first packets, bounded; those that have been silent for longest give way.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    streams: Vec<MediaStream>,
    /// By source and destination, as they stand in packets.
    known: HashMap<(Endpoint, Endpoint), usize>,
    /// Streams of IPv4 that came lately, by their packed ends: most packets are of one of them.
    lately: Vec<(PackedV4, usize)>,
    /// Those that begin or end somewhere; of more than a call may have no further ones.
    at: HashMap<Endpoint, SmallVec<[usize; 2]>>,
    /// Those that begin or end at a host; of more than [`MEDIA_OF_HOST`] those that were heard latest.
    of_host: HashMap<IpAddr, SmallVec<[usize; 4]>>,
    /// Up to here streams that were silent since were forgotten.
    forgotten: Option<Timestamp>,
}

/// Places for streams that came lately.
const LATELY: usize = 1024;

impl Meter {
    /// Takes the packets that were heard in front of that place. `times` are those of all places; `shown` gives the flow under which reports know
    /// another.
    pub(crate) fn hear(&mut self, heard: &mut Heard, times: &[Timestamp], until: usize, shown: impl Fn(Flow) -> Flow) {
        while let Some((at, packed)) = heard.next_v4(until) {
            let time = times.get(at).copied().unwrap_or_default();
            let stream = self.stream_v4(packed, &shown);
            self.packet(stream, time, || heard.frame(at));
        }
        while let Some((at, packed)) = heard.next_v6(until) {
            let time = times.get(at).copied().unwrap_or_default();
            let stream = self.stream(ends_v6(packed), &shown);
            self.packet(stream, time, || heard.frame(at));
        }
    }

    /// Takes one packet.
    pub(crate) fn one(&mut self, flow: &Flow, time: Timestamp, frame: FrameRef, shown: impl Fn(Flow) -> Flow) {
        let stream = self.stream((flow.source, flow.destination), &shown);
        self.packet(stream, time, || frame);
    }

    #[inline]
    fn stream_v4(&mut self, packed: PackedV4, shown: &impl Fn(Flow) -> Flow) -> usize {
        let place = place(packed);
        match self.lately.get(place) {
            Some((known, stream)) if *known == packed => return *stream,
            Some(_) => {}
            None => self.lately.resize(LATELY, ([0; 12], usize::MAX)),
        }
        let stream = self.stream(ends_v4(packed), shown);
        if let Some(known) = self.lately.get_mut(place) {
            *known = (packed, stream);
        }
        stream
    }

    fn stream(&mut self, ends: (Endpoint, Endpoint), shown: &impl Fn(Flow) -> Flow) -> usize {
        if let Some(stream) = self.known.get(&ends) {
            return *stream;
        }
        if self.streams.len() >= MEDIA_STREAMS {
            self.forget();
        }
        let stream = self.streams.len();
        let Flow { source, destination, .. } =
            shown(Flow { source: ends.0, destination: ends.1, transport: Transport::Udp });
        self.streams.push(MediaStream { source, destination, spells: Vec::with_capacity(1) });
        self.known.insert(ends, stream);
        self.note(source, stream);
        self.note_host(source.address, stream);
        if destination != source {
            self.note(destination, stream);
            self.note_host(destination.address, stream);
        }
        stream
    }

    fn note_host(&mut self, host: IpAddr, stream: usize) {
        let Self { streams, of_host, .. } = self;
        let known = of_host.entry(host).or_default();
        if known.len() >= MEDIA_OF_HOST {
            let end = |at: &usize| streams.get(*at).and_then(|stream| stream.spells.last()).map(|spell| spell.end);
            let oldest = (0..known.len()).min_by_key(|place| known.get(*place).and_then(end));
            if let Some(place) = oldest {
                known.remove(place);
            }
        }
        known.push(stream);
    }

    fn note(&mut self, place: Endpoint, stream: usize) {
        let streams = self.at.entry(place).or_default();
        if streams.len() <= MEDIA_OF_CALL {
            streams.push(stream);
        }
    }

    #[inline]
    fn packet(&mut self, stream: usize, time: Timestamp, frame: impl Fn() -> FrameRef) {
        let Some(stream) = self.streams.get_mut(stream) else { return };
        match stream.spells.last_mut() {
            // Clocks may be set back: that is no pause.
            Some(last) if time.since(last.end) < MEDIA_PAUSE => {
                last.packets += 1;
                last.end = last.end.max(time);
            }
            _ => {
                if stream.spells.len() >= MEDIA_SPELLS {
                    stream.spells.remove(0);
                }
                stream.spells.push(Spell { first: frame(), start: time, end: time, packets: 1 });
            }
        }
    }

    /// Forgets the half of the streams that has been silent for longer than the other.
    fn forget(&mut self) {
        let end = |stream: &MediaStream| stream.spells.last().map(|spell| spell.end);
        let mut ends: Vec<_> = self.streams.iter().map(end).collect();
        let middle = ends.len() / 2;
        let (_, &mut median, _) = ends.select_nth_unstable(middle);
        self.forgotten = self.forgotten.max(median);
        // Where many ended at one moment, those that began later stay.
        let mut room = middle;
        let mut stays = |stream: &MediaStream| {
            let stays = end(stream) >= median && room > 0;
            room -= usize::from(stays);
            stays
        };
        let mut kept: Vec<_> = self.streams.iter().rev().map(|stream| stays(stream).then_some(0)).collect();
        kept.reverse();
        for (now, place) in kept.iter_mut().flatten().enumerate() {
            *place = now;
        }
        let now = |stream: usize| kept.get(stream).copied().flatten();
        let mut index = 0..;
        self.streams.retain(|_| index.next().is_some_and(|stream| now(stream).is_some()));
        self.known.retain(|_, stream| {
            now(*stream).is_some_and(|at| {
                *stream = at;
                true
            })
        });
        self.at.retain(|_, streams| {
            *streams = streams.iter().filter_map(|stream| now(*stream)).collect();
            !streams.is_empty()
        });
        self.of_host.retain(|_, streams| {
            *streams = streams.iter().filter_map(|stream| now(*stream)).collect();
            !streams.is_empty()
        });
        self.lately.clear();
    }

    /// Whether no media was heard, or all of it is forgotten.
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Gives a call that is over the streams that come from where its session descriptions say that media are received, or go there; and
    /// those that go where one of them comes from, as behind a translation of addresses. None if some of them may be forgotten, or they
    /// are more than a call has. Where there are none, it gets streams of the hosts that it names with others.
    pub(crate) fn attach(&self, call: &mut Call) {
        if self.streams.is_empty() || self.forgotten.is_some_and(|until| until >= call.start) || !call.is_invite() {
            return;
        }
        let Some(announced) = announced::places(call) else { return };
        let at = |place: &Endpoint| self.at.get(place).map(SmallVec::as_slice).unwrap_or_default();
        let mut indexes: Vec<usize> = announced.iter().flat_map(at).copied().collect();
        let sources = indexes.iter().filter_map(|index| self.streams.get(*index)).map(|stream| stream.source);
        let back: Vec<usize> = sources.take(MEDIA_OF_CALL).flat_map(|source| at(&source)).copied().collect();
        indexes.extend(back);
        indexes.sort_unstable();
        indexes.dedup();
        if indexes.len() > MEDIA_OF_CALL {
            return;
        }
        call.media = self.within(call, &indexes).collect();
        if call.media.is_empty() {
            call.media_elsewhere = self.elsewhere(call, &announced);
        }
    }

    /// What of some streams came during a call.
    fn within<'m>(&'m self, call: &Call, indexes: &'m [usize]) -> impl Iterator<Item = MediaStream> + 'm {
        let (start, end) = (call.start, call.observed_until);
        indexes.iter().filter_map(|index| self.streams.get(*index)).filter_map(move |stream| {
            let spells: Vec<_> = stream.spells.iter().filter(|spell| spell.meets(start, end)).copied().collect();
            (!spells.is_empty()).then(|| MediaStream { spells, ..stream.clone() })
        })
    }

    /// Streams of the hosts of these places, one with each of two other hosts.
    fn elsewhere(&self, call: &Call, announced: &[Endpoint]) -> Vec<MediaStream> {
        let mut hosts: Vec<IpAddr> = announced.iter().map(|place| place.address).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let mut found = Vec::new();
        for host in hosts {
            let Some(known) = self.of_host.get(&host) else { continue };
            let first = found.len();
            let mut streams: Vec<_> = self.within(call, known).collect();
            // What passes between the two tells most.
            streams.sort_by_key(|stream| !announced.iter().any(|place| place.address == stream.other_than(host)));
            for stream in streams {
                let is_new = |own: &MediaStream| own.other_than(host) != stream.other_than(host);
                if found.len() < first + 2 && found.iter().skip(first).all(is_new) {
                    found.push(stream);
                }
            }
        }
        found
    }
}

/// Where a stream is among those that came lately. Whoever makes streams fall into one place makes nothing but a look into the table necessary.
fn place(packed: PackedV4) -> usize {
    let mixed = u128::from_le_bytes({
        let mut octets = [0; 16];
        octets.iter_mut().zip(packed).for_each(|(to, from)| *to = from);
        octets
    });
    let [low, high] = [mixed & u128::from(u64::MAX), mixed >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    let mixed = (low ^ high.rotate_left(21)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 54).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::MediaEnds;
    use crate::provenance::FrameNumber;

    /// Tenths of a second.
    fn tenths(tenths: usize) -> Timestamp {
        Timestamp(i64::try_from(tenths).unwrap() * 100_000_000)
    }

    fn frame(number: usize) -> FrameRef {
        FrameRef { file: 0, number: FrameNumber(number as u64 + 1) }
    }

    fn flow(port: u16) -> Flow {
        let endpoint = |last| Endpoint { address: [192, 0, 2, last].into(), port };
        Flow { source: endpoint(1), destination: endpoint(2), transport: Transport::Udp }
    }

    fn packed(port: u16) -> MediaEnds {
        let [high, low] = port.to_be_bytes();
        MediaEnds::V4([192, 0, 2, 1, 192, 0, 2, 2, high, low, high, low])
    }

    #[test]
    fn a_pause_begins_a_spell_anew() {
        let mut meter = Meter::default();
        for (number, time) in [0, 49, 98, 90, 148, 300].into_iter().enumerate() {
            meter.one(&flow(4000), tenths(time), frame(number), |flow| flow);
        }
        let spells: Vec<_> = meter.streams[0].spells.iter().map(|s| (s.first.number.0, s.packets, s.end)).collect();
        assert_eq!(spells, [(1, 4, tenths(98)), (5, 1, tenths(148)), (6, 1, tenths(300))]);
        for number in 0..2 * MEDIA_SPELLS {
            meter.one(&flow(4000), tenths(1000 + 100 * number), frame(number), |flow| flow);
        }
        let spells = &meter.streams[0].spells;
        assert_eq!((spells.len(), spells[0].first), (MEDIA_SPELLS, frame(MEDIA_SPELLS)));
    }

    #[test]
    fn those_that_were_silent_for_longest_are_forgotten() {
        let mut meter = Meter::default();
        let port = |number: usize| u16::try_from(number % 60_000).unwrap() + 1;
        let flow_of = |number: usize| Flow {
            source: Endpoint { port: u16::try_from(number / 60_000).unwrap(), ..flow(1).source },
            ..flow(port(number))
        };
        for number in 0..MEDIA_STREAMS + 10 {
            meter.one(&flow_of(number), tenths(10 * number), frame(number), |flow| flow);
        }
        assert_eq!(meter.streams.len(), MEDIA_STREAMS / 2 + 10);
        assert_eq!(meter.known.len(), meter.streams.len());
        assert_eq!(meter.forgotten, Some(tenths(10 * (MEDIA_STREAMS / 2))));
        // The last of all is found again, under its number.
        let last = flow_of(MEDIA_STREAMS + 9);
        meter.one(&last, tenths(10 * (MEDIA_STREAMS + 10)), frame(0), |flow| flow);
        let stream = &meter.streams[meter.known[&(last.source, last.destination)]];
        assert_eq!((stream.destination, stream.spells[0].packets), (last.destination, 2));
    }

    proptest! {
        /// Wherever a batch ends, and whichever way a packet comes.
        #[test]
        fn batches_make_no_difference(
            packets in prop::collection::vec((0..4_u16, 0..9_usize, any::<bool>()), 0..60),
            ends in prop::collection::vec(0..20_usize, 0..6),
        ) {
            let mut now = 0;
            let times: Vec<_> = packets.iter().map(|(_, pause, _)| { now += pause; tenths(10 * now) }).collect();
            let mut one_by_one = Meter::default();
            for (number, ((port, ..), time)) in packets.iter().zip(&times).enumerate() {
                one_by_one.one(&flow(4000 + port), *time, frame(number), |flow| flow);
            }
            let mut batched = Meter::default();
            let mut rest: Vec<_> = packets.iter().zip(&times).enumerate().collect();
            for end in ends.into_iter().chain([usize::MAX]) {
                let behind = rest.split_off(end.min(rest.len()));
                let (mut heard, mut at) = (Heard::default(), Vec::new());
                for (number, ((port, _, alone), time)) in rest {
                    if *alone {
                        // As one in a tunnel: what stands in front of it is heard first.
                        batched.hear(&mut heard, &at, at.len(), |flow| flow);
                        batched.one(&flow(4000 + port), *time, frame(number), |flow| flow);
                    } else {
                        heard.add(at.len(), frame(number), packed(4000 + port));
                        at.push(*time);
                    }
                }
                batched.hear(&mut heard, &at, at.len(), |flow| flow);
                rest = behind;
            }
            prop_assert_eq!(one_by_one.streams, batched.streams);
        }
    }
}
